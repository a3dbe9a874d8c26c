#!powershell

# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils._SelfCheck

$spec = @{
    options = @{
        names = @{ type = 'bool'; default = $false }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$windows = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
$terminalServer = 'SYSTEM\CurrentControlSet\Control\Terminal Server'

# A 32-bit process sees the commands of 64-bit Windows in Sysnative (File System Redirector).
$is64BitProcess = [System.Environment]::Is64BitProcess
$is64BitSystem = [System.Environment]::Is64BitOperatingSystem
$folder = if ($is64BitSystem -and -not $is64BitProcess) { 'Sysnative' } else { 'System32' }
$system = [System.IO.Path]::Combine("$env:SystemRoot", $folder)

# Each fact is read on its own: one that cannot be read is null, with its reason in `errors`.
$reads = [ordered]@{
    os_name = { [Winops.Probe]::RegistryValue($windows, 'ProductName') }
    os_build = { [Winops.Probe]::RegistryValue($windows, 'CurrentBuildNumber') }
    os_type = { [Winops.Probe]::RegistryValue($windows, 'InstallationType') }
    dotnet_release = { [Winops.Probe]::RegistryValue('SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full', 'Release') }
    powershell_version = { "$($PSVersionTable.PSVersion)" }
    powershell_edition = { "$($PSVersionTable.PSEdition)" }
    language_mode = { "$($ExecutionContext.SessionState.LanguageMode)" }
    process_64bit = { $is64BitProcess }
    system_64bit = { $is64BitSystem }
    ui_culture = { [System.Globalization.CultureInfo]::InstalledUICulture.Name }
    oem_code_page = { [System.Globalization.CultureInfo]::CurrentCulture.TextInfo.OEMCodePage }
    time_zone = { [System.TimeZoneInfo]::Local.Id }
    computer_name = { "$env:COMPUTERNAME" }
    account = { [Winops.Probe]::AccountName() }
    account_domain = { [Winops.Probe]::DomainOf([Winops.Probe]::AccountName()) }
    administrator = {
        $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
        $principal = [System.Security.Principal.WindowsPrincipal]$identity
        $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
    }
    listener_permissions = {
        $listed = @{ Namespace = 'root/cimv2/TerminalServices'; ClassName = 'Win32_TSAccount'; ErrorAction = 'Stop' }
        , @(Get-CimInstance @listed | ForEach-Object {
                @{ listener = "$($_.TerminalName)"; account = "$($_.AccountName)"; allowed = [long]$_.PermissionsAllowed }
            })
    }
    term_service = { "$((Get-Service -Name TermService -ErrorAction Stop).Status)" }
    rdp_addresses = {
        , @(Get-NetTCPConnection -LocalPort 3389 -State Established -ErrorAction Stop | ForEach-Object { "$($_.RemoteAddress)" })
    }
    session_host_role = { [Winops.Probe]::RegistryValue($terminalServer, 'TSAppCompat') }
    drain_mode = { [Winops.Probe]::RegistryValue($terminalServer, 'TSServerDrainMode') }
    logons_disabled = { [Winops.Probe]::RegistryValue("$windows\Winlogon", 'WinStationsDisabled') }
    notices_key = { [Winops.Probe]::RegistryKeyExists('SOFTWARE\winops\sessions\notices') }
    rwinsta_exists = { [System.IO.File]::Exists([System.IO.Path]::Combine($system, 'rwinsta.exe')) }
    quser = {
        $command = [System.IO.Path]::Combine($system, 'quser.exe')
        if (-not [System.IO.File]::Exists($command)) {
            throw "$command does not exist"
        }
        $printed = [Winops.CommandOutput]::Of($command, 30000)
        if ($null -eq $printed.ExitCode) {
            throw 'quser did not end within 30 s'
        }
        @{ rc = $printed.ExitCode; stdout = $printed.Output; stderr = $printed.Error }
    }
    # Session IDs are assigned from the lowest free one: no host has a session 60000.
    unknown_id_errors = {
        $found = @{}
        foreach ($class in 9, 10, 14, 16, 24, 25) {
            $found["$class"] = [Winops.Probe]::QueryError(60000, $class)
        }
        $found
    }
    session0_errors = {
        $found = @{}
        foreach ($class in 24, 25) {
            $found["$class"] = [Winops.Probe]::QueryError(0, $class)
        }
        $found
    }
}

$facts = [ordered]@{}
$errors = @{}
foreach ($name in $reads.Keys) {
    $facts[$name] = $null
    try {
        $facts[$name] = & $reads[$name]
    }
    catch {
        # PowerShell wraps the exception of a method: Exception calling "AccountName" with "0" argument(s).
        $errors[$name] = $_.Exception.GetBaseException().Message
    }
}
$module.Result.facts = $facts
$module.Result.errors = $errors

$module.ExitJson()
