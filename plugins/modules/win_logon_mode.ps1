#!powershell

# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils._Registry
#AnsibleRequires -PowerShell ..module_utils._LogonMode

$spec = @{
    options = @{
        mode = @{ type = 'str'; choices = 'enabled', 'drain', 'drain_until_restart', 'disabled' }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

Invoke-LogonMode -Module $module

$module.ExitJson()
