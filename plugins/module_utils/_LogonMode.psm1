# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The functions in this file are meant for use within this collection and
# may change or be removed in any release without notice.

# Reads and sets whether a host takes new logons, as "change logon" does.

#AnsibleRequires -CSharpUtil ansible_collections.winops.sessions.plugins.module_utils._Registry

$script:drainKey = 'SYSTEM\CurrentControlSet\Control\Terminal Server'
$script:drainValue = 'TSServerDrainMode'
$script:disabledKey = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'
$script:disabledValue = 'WinStationsDisabled'

# What the two values are in each mode. A host that is disabled is so whatever its drain mode says, which is then left as it is.
$script:modes = [ordered]@{
    enabled = @{ Drain = 0; Disabled = $false }
    drain = @{ Drain = 2; Disabled = $false }
    drain_until_restart = @{ Drain = 1; Disabled = $false }
    disabled = @{ Drain = $null; Disabled = $true }
}

Function Read-RegistryValue {
    <#
    .SYNOPSIS
    Reads one value below HKEY_LOCAL_MACHINE.

    .PARAMETER Path
    The key.

    .PARAMETER Read
    Reads the value of the opened key.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [string]
        $Path,

        [Parameter(Mandatory)]
        [scriptblock]
        $Read
    )

    $key = [Winops.RegistryKey]::OpenRead($Path)
    if ($null -eq $key) {
        return
    }
    try {
        & $Read $key
    }
    finally {
        $key.Dispose()
    }
}

Function Get-LogonMode {
    <#
    .SYNOPSIS
    The mode that the host is in; an absent value counts as 0, "open". Nothing for a value that no mode has.

    .OUTPUTS
    A hashtable: Mode, Drain and Disabled.
    #>
    [CmdletBinding()]
    param ()

    $disabled = (Read-RegistryValue -Path $script:disabledKey -Read { param ($key) $key.GetText($script:disabledValue) }) -eq '1'
    $drain = Read-RegistryValue -Path $script:drainKey -Read {
        param ($key)

        if ($key.Has($script:drainValue)) {
            $number = $key.GetNumber($script:drainValue)
            if ($null -eq $number) { 'no number' } else { $number }
        }
    }
    if ($null -eq $drain) {
        $drain = 0
    }

    $current = @{ Mode = $null; Drain = $drain; Disabled = $disabled }
    foreach ($mode in $script:modes.Keys) {
        $values = $script:modes[$mode]
        if ($disabled -eq $values.Disabled -and ($disabled -or $drain -eq $values.Drain)) {
            $current.Mode = $mode
        }
    }
    $current
}

Function Set-LogonMode {
    <#
    .SYNOPSIS
    Puts the host into a mode; only what differs is written.

    .PARAMETER Mode
    The mode.

    .PARAMETER Current
    What Get-LogonMode returned.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [string]
        $Mode,

        [Parameter(Mandatory)]
        [hashtable]
        $Current
    )

    $values = $script:modes[$Mode]
    # The drain mode comes first: a host that goes from disabled to drained is never open in between.
    if ($null -ne $values.Drain -and $values.Drain -ne $Current.Drain) {
        $key = [Winops.RegistryKey]::OpenWrite($script:drainKey, $false)
        try {
            $key.SetNumber($script:drainValue, $values.Drain)
        }
        finally {
            $key.Dispose()
        }
    }
    if ($values.Disabled -ne $Current.Disabled) {
        $key = [Winops.RegistryKey]::OpenWrite($script:disabledKey, $false)
        try {
            $key.SetText($script:disabledValue, [string][int]$values.Disabled)
        }
        finally {
            $key.Dispose()
        }
    }
}

Function Invoke-LogonMode {
    <#
    .SYNOPSIS
    Reads or sets the host's mode, as the module's result.

    .PARAMETER Module
    The Ansible module.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [object]
        $Module
    )

    $failure = $null
    try {
        $current = Get-LogonMode
        $wanted = $Module.Params.mode
        if (-not $wanted -and -not $current.Mode) {
            throw "HKLM\$script:drainKey\$script:drainValue is $($current.Drain), which is no mode of Windows (0, 1 or 2). Set one, such as mode=enabled"
        }
        $mode = $current.Mode
        if ($wanted) {
            $mode = $wanted
        }
        if ($mode -ne $current.Mode -and -not $Module.CheckMode) {
            Set-LogonMode -Mode $wanted -Current $current
        }
        # Only what was done is told: a failure on the way here leaves a result that claims nothing.
        $result = $Module.Result
        $result.previous_mode = $current.Mode
        $result.mode = $mode
        $result.changed = $mode -ne $current.Mode
        $result.msg = "new logons: $mode"
        if ($Module.DiffMode) {
            $Module.Diff.before = @{ mode = $current.Mode }
            $Module.Diff.after = @{ mode = $mode }
        }
    }
    catch {
        $failure = $_
    }
    if ($failure) {
        $Module.FailJson("The logon mode could not be read or set. $($failure.Exception.GetBaseException().Message)", $failure)
    }
}

Export-ModuleMember -Function 'Invoke-LogonMode'
