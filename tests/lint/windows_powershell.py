# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cmdlets of Windows PowerShell 5.1 that need no module but those every session has, and what is newer of them.

Source: the "Microsoft.PowerShell.Core", "... .Utility", "... .Management" and "... .Security" reference pages for
PowerShell 5.1 and 7.x. Cmdlets that PowerShell 7 lost (``Get-WmiObject``) are left out: the collection runs on both.
"""

from __future__ import annotations

# Text rather than a list: it is read and compared by people, and split once.
_COMMANDS = """
    Add-Content Add-Member Add-Type Clear-Content Clear-History Clear-Item Clear-ItemProperty Clear-Variable
    Compare-Object Convert-Path ConvertFrom-Csv ConvertFrom-Json ConvertFrom-SecureString ConvertFrom-StringData
    ConvertTo-Csv ConvertTo-Html ConvertTo-Json ConvertTo-SecureString ConvertTo-Xml Copy-Item Copy-ItemProperty
    Disable-PSRemoting Enter-PSSession Export-Alias Export-Clixml Export-Csv Export-ModuleMember ForEach-Object
    Format-List Format-Table Get-Acl Get-Alias Get-ChildItem Get-Command Get-Content Get-Credential Get-Culture
    Get-Date Get-Event Get-ExecutionPolicy Get-FileHash Get-Help Get-History Get-Host Get-Item Get-ItemProperty
    Get-ItemPropertyValue Get-Job Get-Location Get-Member Get-Module Get-PSDrive Get-PSProvider Get-PSSession
    Get-Process Get-Random Get-Runspace Get-Service Get-TimeZone Get-UICulture Get-Unique Get-Variable Group-Object
    Import-Clixml Import-Csv Import-LocalizedData Import-Module Import-PowerShellDataFile Invoke-Command
    Invoke-Expression Invoke-Item Invoke-RestMethod Invoke-WebRequest Join-Path Measure-Command Measure-Object
    Move-Item Move-ItemProperty New-Alias New-Event New-Guid New-Item New-ItemProperty New-Module New-ModuleManifest
    New-Object New-PSDrive New-PSSession New-TemporaryFile New-TimeSpan New-Variable Out-Default Out-File Out-Host
    Out-Null Out-String Pop-Location Push-Location Read-Host Receive-Job Register-EngineEvent Register-ObjectEvent
    Remove-Event Remove-Item Remove-ItemProperty Remove-Job Remove-Module Remove-PSDrive Remove-PSSession
    Remove-Variable Rename-Item Rename-ItemProperty Resolve-Path Restart-Service Select-Object Select-String
    Select-Xml Set-Acl Set-Alias Set-Content Set-Date Set-Item Set-ItemProperty Set-Location Set-PSDebug Set-Service
    Set-StrictMode Set-Variable Sort-Object Split-Path Start-Job Start-Process Start-Service Start-Sleep Stop-Job
    Stop-Process Stop-Service Tee-Object Test-Path Trace-Command Unblock-File Unregister-Event Update-FormatData
    Update-TypeData Wait-Event Wait-Job Wait-Process Where-Object Write-Debug Write-Error Write-Host
    Write-Information Write-Output Write-Progress Write-Verbose Write-Warning
"""

NEWER_PARAMETERS: dict[str, tuple[str, ...]] = {
    'Add-Content': ('AsByteStream',),
    'ConvertFrom-Json': ('AsHashtable', 'Depth', 'DateKind', 'NoEnumerate'),
    'ConvertTo-Csv': ('IncludeTypeInformation', 'NoHeader', 'QuoteFields', 'UseQuotes'),
    'ConvertTo-Json': ('AsArray', 'EnumsAsStrings', 'EscapeHandling'),
    'Export-Csv': ('IncludeTypeInformation', 'NoHeader', 'QuoteFields', 'UseQuotes'),
    'ForEach-Object': ('AsJob', 'Parallel', 'ThrottleLimit', 'TimeoutSeconds', 'UseNewRunspace'),
    'Format-Table': ('RepeatHeader',),
    'Get-ChildItem': ('FollowSymlink',),
    'Get-Command': ('ExcludeModule', 'FuzzyMinimumDistance', 'UseAbbreviationExpansion', 'UseFuzzyMatching'),
    'Get-Content': ('AsByteStream',),
    'Get-Culture': ('ListAvailable', 'Name', 'NoUserOverrides'),
    'Get-Date': ('AsUTC', 'UnixTimeSeconds'),
    'Get-Random': ('Shuffle',),
    'Import-Module': ('SkipEditionCheck', 'UseWindowsPowerShell'),
    'Invoke-RestMethod': ('Authentication', 'Form', 'SkipCertificateCheck', 'SkipHttpErrorCheck', 'StatusCodeVariable'),
    'Invoke-WebRequest': ('Authentication', 'Form', 'SkipCertificateCheck', 'SkipHttpErrorCheck', 'SslProtocol'),
    'Join-Path': ('AdditionalChildPath', 'Extension'),
    'Measure-Object': ('AllStats', 'StandardDeviation'),
    'New-PSSession': ('UseWindowsPowerShell',),
    'New-TimeSpan': ('Milliseconds',),
    'Read-Host': ('MaskInput',),
    'Resolve-Path': ('Force', 'RelativeBasePath'),
    'Select-Object': ('CaseInsensitive', 'SkipIndex'),
    'Select-String': ('Culture', 'NoEmphasis', 'Raw'),
    'Set-Content': ('AsByteStream',),
    'Set-Service': ('SecurityDescriptorSddl',),
    'Sort-Object': ('Bottom', 'Stable', 'Top'),
    'Split-Path': ('Extension', 'LeafBase'),
    'Start-Process': ('Environment',),
    'Start-Sleep': ('Duration',),
    'Tee-Object': ('Encoding',),
}

# Of the modules CimCmdlets and NetTCPIP. The self-check reports where they are missing.
_OPTIONAL = 'Get-CimInstance Get-NetTCPConnection'

TABLE: dict[str, tuple[str, ...]] = {name: NEWER_PARAMETERS.get(name, ()) for name in (_COMMANDS + _OPTIONAL).split()}
