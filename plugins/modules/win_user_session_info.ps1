#!powershell

# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils._SessionList
#AnsibleRequires -PowerShell ..module_utils._Sessions

$spec = @{
    options = @{
        gather = @{ type = 'list'; elements = 'str'; choices = 'client', 'processes', 'sid'; default = @('client') }
        include_all = @{ type = 'bool'; default = $false }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec, @(Get-SessionSelectionSpec))

$answer = [Winops.SessionList]::Run($module.Params)

Complete-SessionModule -Module $module -Answer $answer -Key 'sessions', 'session_count', 'host_time', 'unresolved'
