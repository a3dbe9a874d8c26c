#!powershell

# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils._LogonMode

$spec = @{
    options = @{
        mode = @{ type = 'str'; choices = 'enabled', 'drain', 'drain_until_restart', 'disabled' }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$failure = $null
try {
    $current = [Winops.LogonMode]::Read()
    $mode = $module.Params.mode
    if (-not $mode) {
        $mode = $current.Name
    }
    if (-not $mode) {
        throw $current.Problem
    }
    $changed = $mode -ne $current.Name
    if ($changed -and -not $module.CheckMode) {
        $current.Set($mode)
    }
    $module.Result.previous_mode = $current.Name
    $module.Result.mode = $mode
    $module.Result.changed = $changed
    if ($module.DiffMode) {
        $module.Diff.before = @{ mode = $current.Name }
        $module.Diff.after = @{ mode = $mode }
    }
    if ($mode -in 'drain', 'drain_until_restart' -and -not $current.IsApplicationServer) {
        $module.Warn('The RD Session Host role was not found on this host. Windows may ignore the drain mode')
    }
}
catch {
    $failure = $_
}
if ($failure) {
    $exception = $failure.Exception.GetBaseException()
    if ($exception -is [System.ComponentModel.Win32Exception]) {
        $module.Result.error_code = $exception.NativeErrorCode
    }
    $module.FailJson("The logon mode could not be read or set: $($exception.Message)", $failure)
}

$module.ExitJson()
