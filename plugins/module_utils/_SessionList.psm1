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

    .DESCRIPTION
    The enumeration tells whole names and the reading of each session its times. Where the two do not fit together, or a session cannot be found
    any more, its id has changed hands in between: those few are enumerated and read once more, so that nobody's name stands beside another
    one's times, and a session that is still listed is not taken for one that has left.

    .PARAMETER Module
    The Ansible module, for warnings; left out: none.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Criteria
    What Get-SessionCriteria returned.

    .PARAMETER WithClient
    Whether the clients are asked, too.

    .PARAMETER Known
    Entries by id that need not be read again as long as their rows are the same.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]
        [object]
        $Module,

        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [hashtable]
        $Criteria,

        [switch]
        $WithClient,

        [hashtable]
        $Known = @{}
    )

    $arguments = @{ Server = $Server; Criteria = $Criteria; WithClient = $WithClient; Known = $Known }
    $entries = @(Get-SessionRow -Server $Server | Get-CandidateEntry @arguments)
    if ($entries | Where-Object { $_.Doubtful }) {
        $rows = @{}
        foreach ($row in Get-SessionRow -Server $Server) {
            $rows[$row.Id] = $row
        }
        $entries = @(
            foreach ($entry in $entries) {
                if (-not $entry.Doubtful) {
                    $entry
                }
                elseif ($rows.ContainsKey($entry.Row.Id)) {
                    $rows[$entry.Row.Id] | Get-CandidateEntry @arguments
                }
            }
        )
    }
    foreach ($entry in $entries) {
        if ($Module -and $null -eq $entry.Facts -and $entry.Record.user) {
            $Module.Warn("The times of $(Format-SessionName -Record $entry.Record) could not be read: $($entry.Text)")
        }
        $entry
    }
}

Function Get-CandidateEntry {
    <#
    .SYNOPSIS
    Reads the sessions of those rows that the criteria may mean.

    .PARAMETER Row
    A row of the enumeration.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Criteria
    What Get-SessionCriteria returned.

    .PARAMETER WithClient
    Whether the clients are asked, too.

    .PARAMETER Known
    Entries by id that need not be read again as long as their rows are the same.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory, ValueFromPipeline)]
        [object]
        $Row,

        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [hashtable]
        $Criteria,

        [switch]
        $WithClient,

        [Parameter(Mandatory)]
        [hashtable]
        $Known
    )

    process {
        $quick = ConvertTo-SessionRecord -Server $Server -Row $Row
        if (-not (Test-SessionCandidate -Server $Server -Record $quick -Criteria $Criteria)) {
            return
        }
        $entry = $Known[$Row.Id]
        if (-not $entry -or $entry.Row.State -ne $Row.State -or -not (Test-SameRow -A $entry.Row -B $Row)) {
            $entry = Get-SessionEntry -Server $Server -Row $Row -WithClient:$WithClient
        }
        $entry
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
        $Module.Result.host_time = Get-HostTime -Server $server -Entries $entries
        $Module.Result.msg = "$($sessions.Count) sessions"
    }
}

Export-ModuleMember -Function 'Get-SessionEntryList', 'Invoke-SessionList', 'Invoke-WithSessionServer'
