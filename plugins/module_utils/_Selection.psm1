# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The functions in this file are meant for use within this collection and
# may change or be removed in any release without notice.

# Decides which sessions are meant. Nothing here asks Windows, but for a SID where a name is given as one.

#AnsibleRequires -CSharpUtil ansible_collections.winops.sessions.plugins.module_utils._Wts
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._UserSession

$script:firstUserSession = 1
$script:lastUserSession = 65535

# The limits in the order in which they are named as the reason.
$script:limits = @(
    @{ Option = 'max_disconnected'; Key = 'disconnected_seconds' }
    @{ Option = 'max_idle'; Key = 'idle_seconds' }
    @{ Option = 'max_logged_on'; Key = 'logged_on_seconds' }
)

Function Get-SessionSelectionSpec {
    <#
    .SYNOPSIS
    The argument spec of the options that select sessions, the same in every module.
    #>
    [CmdletBinding()]
    param ()

    $states = @('active', 'connected', 'connect_query', 'shadow', 'disconnected', 'idle', 'listen', 'reset', 'down', 'init')
    @{
        options = @{
            client_names = @{ type = 'list'; elements = 'str' }
            exclude_users = @{ type = 'list'; elements = 'str' }
            ghosts = @{ type = 'bool'; default = $false }
            max_disconnected = @{ type = 'str' }
            max_idle = @{ type = 'str' }
            max_logged_on = @{ type = 'str' }
            server = @{ type = 'str' }
            session_ids = @{ type = 'list'; elements = 'int' }
            states = @{ type = 'list'; elements = 'str'; choices = $states }
            tokens = @{ type = 'list'; elements = 'str'; no_log = $false }
            users = @{ type = 'list'; elements = 'str' }
        }
    }
}

Function ConvertTo-Second {
    <#
    .SYNOPSIS
    Reads a duration as the action plugin hands it over: in seconds.

    .PARAMETER Value
    Seconds, as 90, 1.5 or 60s.

    .PARAMETER Option
    The option's name.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [AllowEmptyString()]
        [string]
        $Value,

        [Parameter(Mandatory)]
        [string]
        $Option
    )

    if ($Value -notmatch '\A[0-9]{1,12}(\.[0-9]+)?s?\z') {
        throw "${Option}: '$Value' is not a number of seconds, such as 5400. Durations such as 1h30m are read on the controller, by the action plugin"
    }
    [double]::Parse($Value.TrimEnd('s'), [System.Globalization.CultureInfo]::InvariantCulture)
}

Function Get-SessionCriteria {
    <#
    .SYNOPSIS
    Makes the criteria of the module's selection options.

    .PARAMETER Params
    The module's parameters.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Params
    )

    $criteria = @{
        Users = $Params.users
        ExcludeUsers = $Params.exclude_users
        SessionIds = $Params.session_ids
        Tokens = $Params.tokens
        States = $Params.states
        ClientNames = $Params.client_names
        Ghosts = $Params.ghosts
        Limits = @{}
        # Only the module that lists sessions can be asked for those that are nobody's.
        All = [bool]$Params.include_all
    }
    foreach ($limit in $script:limits) {
        # An empty text is not "no limit", which would mean everybody.
        if ($null -ne $Params[$limit.Option]) {
            $criteria.Limits[$limit.Option] = ConvertTo-Second -Value $Params[$limit.Option] -Option $limit.Option
        }
    }
    $bad = @($criteria.SessionIds | Where-Object { $null -ne $_ -and ($_ -lt $script:firstUserSession -or $_ -gt $script:lastUserSession) })
    if ($bad.Count -gt 0) {
        throw "session_ids: $($bad[0]) is not the id of a user session; an id is a number from 1 to 65535, such as 3"
    }
    $criteria
}

Function Test-AnyWildcard {
    <#
    .SYNOPSIS
    Whether a text matches one of several patterns.

    .PARAMETER Patterns
    Patterns with * and ?.

    .PARAMETER Text
    The text; nothing matches no pattern.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]
        [AllowEmptyCollection()]
        [object[]]
        $Patterns,

        [AllowNull()]
        [string]
        $Text
    )

    if ($Text) {
        foreach ($pattern in $Patterns) {
            if ([Winops.Wildcard]::IsMatch($pattern, $Text)) {
                return $true
            }
        }
    }
    $false
}

Function Test-SidPattern {
    <#
    .SYNOPSIS
    Whether a user is given as a SID.

    .PARAMETER Pattern
    A value of an option that names users.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [string]
        $Pattern
    )

    $Pattern -match '\AS-1-[0-9*?-]+\z'
}

Function Test-SessionUser {
    <#
    .SYNOPSIS
    Whether a session's user is one of those named.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Record
    The session record. A SID is resolved into it where one is needed.

    .PARAMETER Patterns
    alice, CORP\alice, alice@CORP, a SID, or with wildcards.

    .PARAMETER Unless
    Whether the users named are to be spared: then whoever may be one of them is one, as where a SID is given and that of the session's user
    cannot be found out, or a domain and that of the session's user is not known.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Record,

        [AllowNull()]
        [AllowEmptyCollection()]
        [object[]]
        $Patterns,

        [switch]
        $Unless
    )

    if (-not $Record.user) {
        return $false
    }
    foreach ($pattern in $Patterns) {
        $texts = @($Record.user)
        if (Test-SidPattern -Pattern $pattern) {
            Add-SessionSid -Server $Server -Record $Record
            if (-not $Record.sid) {
                if ($Unless) {
                    return $true
                }
                continue
            }
            $texts = @($Record.sid)
        }
        elseif ($Unless -and -not $Record.domain -and $pattern -match '\A(?:[^\\]+\\(.+)|(.+)@[^@]+)\z') {
            $pattern = "$($Matches[1])$($Matches[2])"
        }
        elseif ($pattern.Contains('\')) {
            $texts = @($Record.account)
        }
        elseif ($pattern.Contains('@')) {
            # Accounts of Entra ID have the sign in the name itself.
            $texts = @($Record.user, "$($Record.user)@$($Record.domain)")
        }
        foreach ($text in $texts) {
            if ([Winops.Wildcard]::IsMatch($pattern, $text)) {
                return $true
            }
        }
    }
    $false
}

Function Test-SessionCandidate {
    <#
    .SYNOPSIS
    Whether a session can be meant at all, by what the enumeration alone tells: so that the others need not be read.

    .DESCRIPTION
    Of use are sessions of users, and ghosts where they are asked for. Session 0 runs the services; ids from 65536 are listeners, and to reset
    one ends every session that came through it.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Record
    The session record.

    .PARAMETER Criteria
    What Get-SessionCriteria returned.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Record,

        [Parameter(Mandatory)]
        [hashtable]
        $Criteria
    )

    if (-not $Criteria.All) {
        $inRange = $Record.id -ge $script:firstUserSession -and $Record.id -le $script:lastUserSession -and $Record.state -ne 'listen'
        if (-not $inRange -or -not ($Record.user -or ($Criteria.Ghosts -and $Record.ghost))) {
            return $false
        }
    }
    if ($null -ne $Criteria.SessionIds -and $Criteria.SessionIds -notcontains $Record.id) {
        return $false
    }
    if ($null -ne $Criteria.Users -and -not (Test-SessionUser -Server $Server -Record $Record -Patterns $Criteria.Users)) {
        return $false
    }
    -not (Test-SessionUser -Server $Server -Record $Record -Patterns $Criteria.ExcludeUsers -Unless)
}

Function Get-SessionSelection {
    <#
    .SYNOPSIS
    Whether a session is selected, and by which limit.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Record
    The session record.

    .PARAMETER Criteria
    What Get-SessionCriteria returned.

    .OUTPUTS
    A hashtable for a selected session: Reason, the first limit that was reached or $null, and Reached, all of them. Nothing for another session.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Record,

        [Parameter(Mandatory)]
        [hashtable]
        $Criteria
    )

    if (-not (Test-SessionCandidate -Server $Server -Record $Record -Criteria $Criteria)) {
        return
    }
    if ($null -ne $Criteria.Tokens -and -not ($Criteria.Tokens | Where-Object { Test-SameText -A $_ -B $Record.token })) {
        return
    }
    if ($null -ne $Criteria.States -and $Criteria.States -notcontains $Record.state) {
        return
    }
    if ($null -ne $Criteria.ClientNames -and -not (Test-AnyWildcard -Patterns $Criteria.ClientNames -Text $Record.client_name)) {
        return
    }

    $reached = @(
        foreach ($limit in $script:limits) {
            # Nobody is idle or logged on in a ghost.
            $applies = $Record.user -or $limit.Option -eq 'max_disconnected'
            $seconds = $Record[$limit.Key]
            if ($applies -and $Criteria.Limits.ContainsKey($limit.Option) -and $null -ne $seconds -and $seconds -ge $Criteria.Limits[$limit.Option]) {
                $limit.Option
            }
        }
    )
    if ($Criteria.Limits.Count -gt 0 -and $reached.Count -eq 0) {
        return
    }
    $selection = @{ Reason = $null; Reached = $reached }
    if ($reached) {
        $selection.Reason = $reached[0]
    }
    $selection
}

Function Get-SessionProtection {
    <#
    .SYNOPSIS
    Why a selected session is left alone; nothing where it is not.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Record
    The session record.

    .PARAMETER Selection
    What Get-SessionSelection returned.

    .PARAMETER Params
    The module's parameters.

    .PARAMETER ConnectionUser
    The account that Ansible is connected with.

    .PARAMETER Processes
    The processes by session id.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Record,

        [Parameter(Mandatory)]
        [hashtable]
        $Selection,

        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Params,

        [AllowNull()]
        [string]
        $ConnectionUser,

        [AllowNull()]
        [hashtable]
        $Processes
    )

    if ($Record.own) {
        return 'own_session'
    }
    if ($ConnectionUser -and $Record.account -and (Test-SameText -A $ConnectionUser -B $Record.account)) {
        return 'connection_user'
    }
    if (Test-SessionUser -Server $Server -Record $Record -Patterns $Params.protect_users -Unless) {
        return 'protected_user'
    }
    if ($Params.protect_processes -and $Processes -and $Processes.ContainsKey($Record.id)) {
        foreach ($process in $Processes[$Record.id]) {
            if (Test-AnyWildcard -Patterns $Params.protect_processes -Text $process.name) {
                return 'protected_process'
            }
        }
    }
    # Windows does not keep the console's input time truthfully: it says nothing about whether somebody sits there.
    if ($Params.protect_console_idle -and $Record.console -and $Selection.Reached.Count -eq 1 -and $Selection.Reason -eq 'max_idle') {
        return 'console_idle'
    }
}

Export-ModuleMember -Function @(
    'ConvertTo-Second', 'Get-SessionCriteria', 'Get-SessionProtection', 'Get-SessionSelection', 'Get-SessionSelectionSpec', 'Test-SessionCandidate'
)
