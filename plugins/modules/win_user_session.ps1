#!powershell

# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils._SessionState
#AnsibleRequires -PowerShell ..module_utils._Sessions

$spec = @{
    options = @{
        all_sessions = @{ type = 'bool'; default = $false }
        idle_action = @{ type = 'str'; choices = 'logoff', 'disconnect'; default = 'logoff' }
        max_sessions = @{ type = 'int' }
        method = @{ type = 'str'; choices = 'logoff', 'reset', 'logoff_then_reset'; default = 'logoff' }
        notice = @{
            type = 'dict'
            options = @{
                at = @{ type = 'str' }
                grace = @{ type = 'str' }
                icon = @{ type = 'str'; choices = 'none', 'information', 'warning', 'error'; default = 'warning' }
                remind = @{ type = 'str' }
                renew = @{ type = 'bool'; default = $false }
                text = @{ type = 'str'; required = $true }
                title = @{ type = 'str' }
                valid = @{ type = 'str'; default = '3600s' }
            }
            mutually_exclusive = @(, @('grace', 'at'))
            required_one_of = @(, @('grace', 'at'))
        }
        protect_connection_user = @{ type = 'bool'; default = $true }
        protect_console_idle = @{ type = 'bool'; default = $true }
        protect_groups = @{ type = 'list'; elements = 'str' }
        protect_processes = @{ type = 'list'; elements = 'str' }
        protect_users = @{ type = 'list'; elements = 'str' }
        state = @{ type = 'str'; choices = 'logged_off', 'disconnected'; required = $true }
        timeout = @{ type = 'str'; default = '60s' }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec, @(Get-SessionSelectionSpec))

$answer = [Winops.SessionState]::Run($module.Params, $module.CheckMode)

Complete-SessionModule -Module $module -Answer $answer -Key 'changed', 'sessions', 'protected', 'remaining', 'host_time', 'unresolved'
