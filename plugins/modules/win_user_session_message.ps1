#!powershell

# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils._SessionMessage
#AnsibleRequires -PowerShell ..module_utils._Sessions

$spec = @{
    options = @{
        buttons = @{ type = 'str'; choices = 'ok', 'ok_cancel', 'yes_no'; default = 'ok' }
        display_for = @{ type = 'str' }
        icon = @{ type = 'str'; choices = 'none', 'information', 'warning', 'error'; default = 'information' }
        text = @{ type = 'str'; required = $true }
        title = @{ type = 'str' }
        wait = @{ type = 'str'; default = '0s' }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec, @(Get-SessionSelectionSpec))

$answer = [Winops.SessionMessage]::Run($module.Params, $module.CheckMode)

Complete-SessionModule -Module $module -Answer $answer -Key 'changed', 'sessions', 'host_time', 'unresolved'
