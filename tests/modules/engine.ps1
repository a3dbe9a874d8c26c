# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Runs the collection's modules as they are, one after another in this one process: a line of JSON in for each call, one out.
# The utils are compiled and imported once, as Ansible's own wrapper does it for each call.

param (
    [Parameter(Mandatory)]
    [string]
    $AnsibleUtils,

    [Parameter(Mandatory)]
    [string]
    $Plugins
)

$ErrorActionPreference = 'Stop'

Import-Module -Name ([System.IO.Path]::Combine($AnsibleUtils, 'powershell', 'Ansible.ModuleUtils.AddType.psm1'))
$sources = @([System.IO.File]::ReadAllText([System.IO.Path]::Combine($AnsibleUtils, 'csharp', 'Ansible.Basic.cs')))
$utils = [System.IO.Path]::Combine($Plugins, 'module_utils')
$sources += @([System.IO.Directory]::GetFiles($utils, '*.cs') | ForEach-Object { [System.IO.File]::ReadAllText($_) })
Add-CSharpType -References $sources

foreach ($file in [System.IO.Directory]::GetFiles($utils, '*.psm1')) {
    $block = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref]$null, [ref]$null).GetScriptBlock()
    New-Module -Name ([System.IO.Path]::GetFileNameWithoutExtension($file)) -ScriptBlock $block | Import-Module -Scope Global -WarningAction SilentlyContinue
}

# A module ends its process: here it ends its script.
$global:moduleOutput = $null
[Ansible.Basic.AnsibleModule]::WriteLine = { param ($line) $global:moduleOutput = $line }
[Ansible.Basic.AnsibleModule]::Exit = { param ($code) throw "module exit $code" }

Function Find-Nothing {
    <#
    .SYNOPSIS
    Finds AutomationNull in a result: PowerShell 5.1 serializes it as {} instead of null.
    #>
    param ($Value, $Path)

    if ($Value -is [System.Collections.IDictionary]) {
        foreach ($key in $Value.Keys) { Find-Nothing -Value $Value[$key] -Path "$Path.$key" }
    }
    elseif ($Value -is [System.Collections.IList]) {
        for ($i = 0; $i -lt $Value.Count; $i++) { Find-Nothing -Value $Value[$i] -Path "$Path[$i]" }
    }
    elseif ($null -eq $Value -and $null -ne ([psobject]$Value) -and @($Value).Count -eq 0) {
        $Path
    }
}

Function Invoke-Module {
    <#
    .SYNOPSIS
    Runs a module and returns what it printed.
    #>
    param ($Script, $Arguments)

    $global:moduleOutput = $null
    $global:complex_args = $Arguments
    $module = $null
    try {
        . $Script
    }
    catch {
        if ("$_" -notlike '*module exit *') {
            return (@{ failed = $true; msg = "Unhandled exception: $_"; exception = "$($_.ScriptStackTrace)"; unhandled = $true } | ConvertTo-Json -Compress)
        }
    }
    if ($null -ne $module) {
        $nothing = @(foreach ($key in $module.Result.Keys) { Find-Nothing -Value $module.Result[$key] -Path $key })
        if ($nothing) {
            return (@{ failed = $true; msg = "not null but nothing: $nothing"; unhandled = $true } | ConvertTo-Json -Compress)
        }
    }
    $global:moduleOutput
}

$scripts = @{}
[Console]::Out.WriteLine('ready')
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $call = $line | ConvertFrom-Json -AsHashtable
    if (-not $scripts.ContainsKey($call.module)) {
        $path = [System.IO.Path]::Combine($Plugins, 'modules', "$($call.module).ps1")
        $scripts[$call.module] = [System.Management.Automation.Language.Parser]::ParseFile($path, [ref]$null, [ref]$null).GetScriptBlock()
    }
    [Console]::Out.WriteLine((Invoke-Module -Script $scripts[$call.module] -Arguments $call.arguments))
}
