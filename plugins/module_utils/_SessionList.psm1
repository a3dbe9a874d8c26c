# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The functions in this file are meant for use within this collection and
# may change or be removed in any release without notice.

# Reads the sessions that a module is about: all that are listed, and all that an action chooses from.

#AnsibleRequires -CSharpUtil ansible_collections.winops.sessions.plugins.module_utils._Wts
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._UserSession
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Selection

Function Invoke-WithSessionServer {
    <#
    .SYNOPSIS
    Runs a module's work on the sessions of a host, and turns what goes wrong on the way into the module's failure.

    .PARAMETER Module
    The Ansible module.

    .PARAMETER Work
    The work, given the server. What it returns is why the module fails, nothing where it does not.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [object]
        $Module,

        [Parameter(Mandatory)]
        [scriptblock]
        $Work
    )

    $server = $null
    $failure = $null
    $problem = $null
    try {
        $server = Open-SessionServer -Name $Module.Params.server
        $problem = & $Work $server
    }
    catch {
        $failure = $_
    }
    finally {
        if ($server) {
            $server.Api.Dispose()
        }
    }
    if ($failure) {
        $where = 'the sessions of this host'
        if ($Module.Params.server) {
            $where = "the sessions of server '$($Module.Params.server)'"
        }
        $text = Format-WtsError -ErrorRecord $failure -ServerName $Module.Params.server
        $code = Get-WtsErrorCode -ErrorRecord $failure
        if ($null -ne $code) {
            $Module.Result.error_code = $code
            $text = "Reading $where failed. $text"
        }
        $Module.FailJson($text, $failure)
    }
    if ($problem) {
        $Module.FailJson($problem)
    }
}

Function Get-SessionEntryList {
    <#
    .SYNOPSIS
    Reads every session that the criteria may mean.

    .PARAMETER Module
    The Ansible module, for warnings.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Criteria
    What Get-SessionCriteria returned.

    .PARAMETER WithClient
    Whether the clients are asked, too.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [object]
        $Module,

        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [hashtable]
        $Criteria,

        [switch]
        $WithClient
    )

    foreach ($row in Get-SessionRow -Server $Server) {
        $quick = ConvertTo-SessionRecord -Server $Server -Row $row
        if (Test-SessionCandidate -Server $Server -Record $quick -Criteria $Criteria) {
            $entry = Get-SessionEntry -Server $Server -Row $row -WithClient:$WithClient
            if ($entry) {
                if ($null -eq $entry.Facts -and $entry.Record.user) {
                    $Module.Warn("The times of $(Format-SessionName -Record $entry.Record) could not be read: $($entry.Text)")
                }
                $entry
            }
        }
    }
}

Function Invoke-SessionList {
    <#
    .SYNOPSIS
    Lists the selected sessions as the module's result.

    .PARAMETER Module
    The Ansible module.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [object]
        $Module
    )

    Invoke-WithSessionServer -Module $Module -Work {
        param ($server)

        $params = $Module.Params
        $criteria = Get-SessionCriteria -Params $params
        $withClient = $params.gather -contains 'client' -or $null -ne $params.client_names
        $entries = @(Get-SessionEntryList -Module $Module -Server $server -Criteria $criteria -WithClient:$withClient)

        $processes = $null
        if ($params.gather -contains 'processes') {
            $processes = Get-SessionProcess -Server $server
        }
        $sessions = @(
            foreach ($entry in $entries) {
                $record = $entry.Record
                if (Get-SessionSelection -Server $server -Record $record -Criteria $criteria) {
                    if ($params.gather -contains 'sid') {
                        Add-SessionSid -Server $server -Record $record
                    }
                    if ($null -ne $processes) {
                        $record.processes = @($processes[$record.id] | Where-Object { $_ })
                    }
                    $record
                }
            }
        )

        $Module.Result.sessions = $sessions
        $Module.Result.session_count = $sessions.Count
        $Module.Result.host_time = Get-HostTime -Entries $entries
        $Module.Result.msg = "$($sessions.Count) sessions"
    }
}

Export-ModuleMember -Function 'Get-SessionEntryList', 'Invoke-SessionList', 'Invoke-WithSessionServer'
