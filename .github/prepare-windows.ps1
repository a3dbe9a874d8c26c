# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Opens a Windows runner for Ansible in WSL: OpenSSH Server, an administrator with a random password, and its inventory.
# Has never run.
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [ValidateSet('5.1', '7')]
    [string]$PowerShell
)

$ErrorActionPreference = 'Stop'

Add-WindowsCapability -Online -Name OpenSSH.Server~~~~0.0.1.0 | Out-Null
$shell = if ($PowerShell -eq '7') { (Get-Command pwsh).Source } else { (Get-Command powershell).Source }
New-Item -Path HKLM:\SOFTWARE\OpenSSH -Force | Out-Null
New-ItemProperty -Path HKLM:\SOFTWARE\OpenSSH -Name DefaultShell -Value $shell -PropertyType String -Force | Out-Null
Start-Service -Name sshd
New-NetFirewallRule -DisplayName 'SSH from WSL' -Direction Inbound -Protocol TCP -LocalPort 22 -Action Allow | Out-Null

# The key of administrators is read from ProgramData, and sshd refuses a file that others may write to.
wsl-bash -c 'mkdir -p ~/.ssh && ssh-keygen -q -t ed25519 -N "" -f ~/.ssh/id_ed25519'
$keys = "$env:ProgramData\ssh\administrators_authorized_keys"
wsl-bash -c 'cat ~/.ssh/id_ed25519.pub' | Set-Content -Path $keys -Encoding Ascii
icacls $keys /inheritance:r /grant 'Administrators:F' /grant 'SYSTEM:F' | Out-Null

$address = wsl-bash -c "ip route show default | cut -d' ' -f3"
# ansible-test takes this file as tests/integration/inventory.winrm, which has to be in INI format.
@"
[windows]
runner ansible_host=$($address.Trim())

[windows:vars]
ansible_connection=ssh
ansible_shell_type=powershell
ansible_pwsh_interpreter=$(@{ '5.1' = 'powershell'; '7' = 'pwsh' }[$PowerShell])
ansible_user=$env:USERNAME
ansible_ssh_common_args=-o StrictHostKeyChecking=accept-new
"@ | Set-Content -Path .github\inventory.ini -Encoding Ascii
