#!powershell

# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils._Wts
#AnsibleRequires -CSharpUtil ..module_utils._Registry
#AnsibleRequires -PowerShell ..module_utils._UserSession
#AnsibleRequires -PowerShell ..module_utils._Selection
#AnsibleRequires -PowerShell ..module_utils._SessionList
#AnsibleRequires -PowerShell ..module_utils._Target
#AnsibleRequires -PowerShell ..module_utils._Message
#AnsibleRequires -PowerShell ..module_utils._Notice
#AnsibleRequires -PowerShell ..module_utils._SessionState

$spec = @{
    options = @{
        all_sessions = @{ type = 'bool'; default = $false }
        max_sessions = @{ type = 'int' }
        method = @{ type = 'str'; choices = 'logoff', 'reset', 'logoff_then_reset'; default = 'logoff' }
        notice = @{
            type = 'dict'
            options = @{
                grace = @{ type = 'str'; required = $true }
                icon = @{ type = 'str'; choices = 'none', 'information', 'warning', 'error'; default = 'warning' }
                text = @{ type = 'str'; required = $true }
                title = @{ type = 'str' }
            }
        }
        protect_connection_user = @{ type = 'bool'; default = $true }
        protect_console_idle = @{ type = 'bool'; default = $true }
        protect_processes = @{ type = 'list'; elements = 'str' }
        protect_users = @{ type = 'list'; elements = 'str' }
        state = @{ type = 'str'; choices = 'logged_off', 'disconnected'; required = $true }
        timeout = @{ type = 'str'; default = '60s' }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec, @(Get-SessionSelectionSpec))

Invoke-SessionState -Module $module

$module.ExitJson()
