# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The functions in this file are meant for use within this collection and
# may change or be removed in any release without notice.

# Reads what is there: a host's sessions as session records.

#AnsibleRequires -CSharpUtil ansible_collections.winops.sessions.plugins.module_utils._Wts

# WTS_CONNECTSTATE_CLASS, by its numbers.
$script:stateNames = @('active', 'connected', 'connect_query', 'shadow', 'disconnected', 'idle', 'listen', 'reset', 'down', 'init')

# "WTSINFOEX_LEVEL1_W structure" and "WTSINFOW structure" hold no longer names than these: the shorter of the two.
$script:cutUser = 20
$script:cutDomain = 16

# What a Win32 error means here, and what an administrator does about it.
$script:errorTexts = @{
    2 = 'ERROR_FILE_NOT_FOUND, there is no such session'
    5 = 'ERROR_ACCESS_DENIED, access is denied: connect with a member of the local Administrators group (a local account also needs ' +
    'LocalAccountTokenFilterPolicy=1); a left-over without a user may need method=logoff_then_reset'
    6 = 'ERROR_INVALID_HANDLE, the server could not be reached: check its name and that SMB (port 445) is open to it'
    13 = 'ERROR_INVALID_DATA, Windows answered with something that is not about this session'
    50 = 'ERROR_NOT_SUPPORTED, this Windows does not support the request'
    87 = 'ERROR_INVALID_PARAMETER, Windows did not accept the request'
    1702 = 'RPC_S_INVALID_BINDING, Remote Desktop Services is not ready: try again when the host has started'
    1722 = 'RPC_S_SERVER_UNAVAILABLE, the RPC server is unavailable: check the name, that the host is up and that SMB (port 445) is open to it'
    1726 = 'RPC_S_CALL_FAILED, the remote procedure call failed: try again, and check the Remote Desktop Services service'
    1753 = 'EPT_S_NOT_REGISTERED, the service does not answer: check the Remote Desktop Services service of that host'
    7007 = 'ERROR_CTX_CLOSE_PENDING, the session is being closed already: wait, or use method=logoff_then_reset'
    7022 = 'ERROR_CTX_WINSTATION_NOT_FOUND, there is no such session, or the account may not see it'
    7024 = 'ERROR_CTX_WINSTATION_BUSY, Remote Desktop Services is busy with the session, typical of a stuck one: use method=logoff_then_reset'
    7041 = 'ERROR_CTX_CONSOLE_DISCONNECT, Windows does not disconnect the console session: log it off, or have its user lock it'
    7045 = 'ERROR_CTX_WINSTATION_ACCESS_DENIED, the account lacks the right to do this to the session: connect with a local administrator'
    7060 = 'ERROR_CTX_WINSTATIONS_DISABLED, remote logons are disabled on the host'
}

# Through /server the API leaves the host: these are the usual reasons why it does not arrive.
$script:serverAdvice = 'The server option is a second hop: it needs credentials that can travel on (CredSSP, Kerberos delegation or become), SMB open ' +
'to the server and, on a client Windows, AllowRemoteRPC=1. Make the server a host of the inventory instead where that is possible'

Function Get-WtsErrorCode {
    <#
    .SYNOPSIS
    The Win32 code of a failed call of the session API, or $null where the error is another one.

    .PARAMETER ErrorRecord
    The error that was caught.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [System.Management.Automation.ErrorRecord]
        $ErrorRecord
    )

    # A property getter's exception is wrapped twice, a method's once.
    for ($e = $ErrorRecord.Exception; $null -ne $e; $e = $e.InnerException) {
        if ($e -is [Winops.WtsException]) {
            return $e.NativeErrorCode
        }
    }
}

Function Format-WtsError {
    <#
    .SYNOPSIS
    Says what an error means: the Win32 code, its meaning and what to do about it.

    .PARAMETER ErrorRecord
    The error that was caught.

    .PARAMETER ServerName
    The value of the server option.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [System.Management.Automation.ErrorRecord]
        $ErrorRecord,

        [AllowNull()]
        [string]
        $ServerName
    )

    $code = Get-WtsErrorCode -ErrorRecord $ErrorRecord
    if ($null -eq $code) {
        return $ErrorRecord.Exception.GetBaseException().Message
    }
    $meaning = $script:errorTexts[$code]
    if (-not $meaning) {
        $meaning = "run 'net helpmsg $code' on a Windows host for its meaning"
    }
    $text = "Win32 error ${code}: $meaning"
    if ($ServerName -and $code -in @(5, 6, 1702, 1722, 1726, 1753)) {
        $text = "$text. $script:serverAdvice"
    }
    $text
}

Function Format-SessionName {
    <#
    .SYNOPSIS
    Names a session for a person: 3 (CORP\alice).

    .PARAMETER Record
    The session record.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Record
    )

    $who = if ($Record.account) { $Record.account } else { 'no user' }
    "session $($Record.id) ($who)"
}

Function Open-SessionServer {
    <#
    .SYNOPSIS
    Opens this host's sessions, or those of another host.

    .PARAMETER Name
    The other host's name.

    .OUTPUTS
    A hashtable of what does not change while a module runs. Its Api is to be disposed of.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]
        [object]
        $Name
    )

    # The name becomes a part of a command line, too.
    if ($null -ne $Name -and $Name -notmatch '\A[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}._-]*\z') {
        throw "server: '$Name' is not the name of a host; a good one is rds02 or rds02.corp.example"
    }
    @{
        Api = New-Object -TypeName Winops.SessionServer -ArgumentList "$Name"
        Name = $Name
        # The own session and the console are facts about this host. Another host's console is known by its name alone.
        OwnId = if ($Name) { -1 } else { [Winops.SessionServer]::OwnSessionId }
        ConsoleId = if ($Name) { -1 } else { [Winops.SessionServer]::ConsoleSessionId }
        Sids = @{}
    }
}

Function Get-SessionRow {
    <#
    .SYNOPSIS
    Enumerates the sessions, and fails where they cannot be seen.

    .DESCRIPTION
    Session 0, in which the services run, exists on every Windows since Vista and is shown to whoever may see sessions. A list without it is not a
    host without users but one that hides them: a network logon without the right to query gets such lists, and no error.

    .PARAMETER Server
    What Open-SessionServer returned.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server
    )

    $rows = $Server.Api.Enumerate()
    if (@($rows | ForEach-Object { $_.Id }) -notcontains 0) {
        $where = if ($Server.Name) { "server '$($Server.Name)'" } else { 'this host' }
        throw "The sessions of $where cannot be seen: session 0, which is always there, is missing from the list of $($rows.Count) that Windows " +
        'returned. The account lacks the right to see sessions, so nothing is known about who is logged on. Connect with a member of the local ' +
        'Administrators group (a local account other than the built-in Administrator also needs LocalAccountTokenFilterPolicy=1)'
    }
    $rows
}

Function Get-SessionFact {
    <#
    .SYNOPSIS
    Reads one session's facts.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Id
    The session id.

    .OUTPUTS
    A hashtable: Facts, or $null with Code and Text of the error.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [long]
        $Id
    )

    try {
        @{ Facts = $Server.Api.Query($Id); Code = $null; Text = $null }
    }
    catch {
        @{ Facts = $null; Code = Get-WtsErrorCode -ErrorRecord $_; Text = Format-WtsError -ErrorRecord $_ -ServerName $Server.Name }
    }
}

Function Test-SameText {
    <#
    .SYNOPSIS
    Whether two names are equal as Windows compares names: without case, and nothing is nothing.

    .PARAMETER A
    A name.

    .PARAMETER B
    Another name.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]
        [string]
        $A,

        [AllowNull()]
        [string]
        $B
    )

    [string]::Equals("$A", "$B", [StringComparison]::OrdinalIgnoreCase)
}

Function ConvertTo-SessionRecord {
    <#
    .SYNOPSIS
    Makes the session record of a row of the enumeration, the facts of the session and what its client says.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Row
    A row of the enumeration: id, state, and names that are never cut.

    .PARAMETER Facts
    The session's facts, $null where they could not be read.

    .PARAMETER Client
    What the client says, $null where it was not asked.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [object]
        $Row,

        [AllowNull()]
        [object]
        $Facts,

        [AllowNull()]
        [object]
        $Client
    )

    if ($null -eq $Facts) {
        # Nothing is known but what the enumeration told: every time is the API's own "not available".
        $Facts = @{ State = $Row.State; User = $null; Domain = $null; Locked = $null }
        foreach ($time in 'LogonTime', 'ConnectTime', 'DisconnectTime', 'LastInputTime', 'CurrentTime') {
            $Facts[$time] = 0
        }
    }
    if ($null -eq $Client) {
        $Client = @{ Name = $null; Address = $null; Build = $null; Protocol = $null }
    }

    # The facts' names are cut, so the row's are taken, unless the id has changed hands since the enumeration.
    $user = $Row.User
    $domain = $Row.Domain
    if ($Facts.User) {
        if (-not (Test-SameAccount -Row $Row -Facts $Facts)) {
            $user = $Facts.User
            $domain = $Facts.Domain
        }
        elseif (-not $domain) {
            $domain = $Facts.Domain
        }
    }
    $account = $user
    if (-not $user) {
        $domain = $null
    }
    elseif ($domain) {
        $account = "$domain\$user"
    }

    $state = $null
    if ($Facts.State -ge 0 -and $Facts.State -lt $script:stateNames.Count) {
        $state = $script:stateNames[$Facts.State]
    }
    $console = $Row.Id -eq $Server.ConsoleId
    if ($Server.ConsoleId -lt 0) {
        $console = Test-SameText -A $Row.SessionName -B 'Console'
    }

    $disconnectTime = $null
    $disconnectedSeconds = $null
    $locked = $Facts.Locked
    if ($state -eq 'disconnected') {
        # "WTSINFOEX_LEVEL1_W structure": DisconnectTime stays set from an earlier disconnect when the user has come back.
        $disconnectTime = [Winops.FileTime]::ToText($Facts.DisconnectTime)
        $disconnectedSeconds = [Winops.FileTime]::SecondsBetween($Facts.DisconnectTime, $Facts.CurrentTime)
        $locked = $null
    }

    $idleSeconds = $disconnectedSeconds
    $idleSource = 'disconnect'
    if ($null -eq $idleSeconds) {
        $idleSeconds = [Winops.FileTime]::SecondsBetween($Facts.LastInputTime, $Facts.CurrentTime)
        $idleSource = 'input'
    }
    if ($null -eq $idleSeconds) {
        $idleSource = $null
    }

    $tokenTime = $Facts.LogonTime
    if (-not $user) {
        $tokenTime = $Facts.ConnectTime
    }

    # ConvertTo-Json of PowerShell 5.1 writes {} for the nothing that an "if" without a value leaves: only real values and $null here.
    [ordered]@{
        id = $Row.Id
        session_name = $Row.SessionName
        state = $state
        user = $user
        domain = $domain
        account = $account
        sid = $null
        logon_time = [Winops.FileTime]::ToText($Facts.LogonTime)
        connect_time = [Winops.FileTime]::ToText($Facts.ConnectTime)
        disconnect_time = $disconnectTime
        last_input_time = [Winops.FileTime]::ToText($Facts.LastInputTime)
        logged_on_seconds = [Winops.FileTime]::SecondsBetween($Facts.LogonTime, $Facts.CurrentTime)
        disconnected_seconds = $disconnectedSeconds
        idle_seconds = $idleSeconds
        idle_source = $idleSource
        idle_reliable = $null -ne $idleSeconds -and -not $console
        locked = $locked
        console = $console
        protocol = Get-ProtocolName -Number $Client.Protocol -Console $console -State $state
        client_name = $Client.Name
        client_address = $Client.Address
        client_build = $Client.Build
        ghost = -not $user -and $state -in @('disconnected', 'down') -and $Row.Id -ne 0 -and -not $console
        own = $Row.Id -eq $Server.OwnId
        token = "$($Row.Id):${tokenTime}:$account"
    }
}

Function Get-ProtocolName {
    <#
    .SYNOPSIS
    Names the protocol of a session.

    .PARAMETER Number
    WTSClientProtocolType, $null where it is not known.

    .PARAMETER Console
    Whether it is the physical console's session.

    .PARAMETER State
    The session's state.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]
        [object]
        $Number,

        [Parameter(Mandatory)]
        [bool]
        $Console,

        [AllowNull()]
        [string]
        $State
    )

    # A disconnected session has no terminal and may say 0, the console's number.
    if ($Console) { 'console' }
    elseif ($null -eq $Number -or ($Number -eq 0 -and $State -eq 'disconnected')) { $null }
    elseif ($Number -eq 0) { 'console' }
    elseif ($Number -eq 2) { 'rdp' }
    else { 'other' }
}

Function Test-CutName {
    <#
    .SYNOPSIS
    Whether a name from a structure of fixed length can be the given whole name.

    .PARAMETER Whole
    The whole name.

    .PARAMETER Cut
    The name from the structure.

    .PARAMETER Limit
    The length of the structure's field.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]
        [string]
        $Whole,

        [AllowNull()]
        [string]
        $Cut,

        [Parameter(Mandatory)]
        [int]
        $Limit
    )

    if ($Cut.Length -lt $Limit) {
        return Test-SameText -A $Whole -B $Cut
    }
    $Whole.StartsWith($Cut, [StringComparison]::OrdinalIgnoreCase)
}

Function Test-SameAccount {
    <#
    .SYNOPSIS
    Whether the whole names of a row and the cut names of facts can be those of one account, nobody being an account, too.

    .PARAMETER Row
    A row of the enumeration.

    .PARAMETER Facts
    The session's facts.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [object]
        $Row,

        [Parameter(Mandatory)]
        [object]
        $Facts
    )

    (Test-CutName -Whole $Row.User -Cut $Facts.User -Limit $script:cutUser) -and
    (-not $Row.Domain -or -not $Facts.Domain -or (Test-CutName -Whole $Row.Domain -Cut $Facts.Domain -Limit $script:cutDomain))
}

Function Test-WholeAccount {
    <#
    .SYNOPSIS
    Whether the names of facts tell an account by themselves: they are there, and so short that nothing can have been cut off.

    .PARAMETER Facts
    The session's facts.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [object]
        $Facts
    )

    $Facts.User -and $Facts.User.Length -lt $script:cutUser -and "$($Facts.Domain)".Length -lt $script:cutDomain
}

Function Test-SameRow {
    <#
    .SYNOPSIS
    Whether two rows of one id name the same account.

    .PARAMETER A
    A row of an enumeration.

    .PARAMETER B
    A row of another one, $null where it has none of this id.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [object]
        $A,

        [AllowNull()]
        [object]
        $B
    )

    $null -ne $B -and (Test-SameText -A $A.User -B $B.User) -and (Test-SameText -A $A.Domain -B $B.Domain)
}

Function Get-SessionEntry {
    <#
    .SYNOPSIS
    Reads one session into an entry: its record and what it was made of.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Row
    The session's row of the enumeration.

    .PARAMETER WithClient
    Whether the client is asked, too.

    .OUTPUTS
    A hashtable: Record, Row, Facts, Client, Code and Text, and Doubtful where the row may be of another session, or of none any more.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [object]
        $Row,

        [switch]
        $WithClient
    )

    $read = Get-SessionFact -Server $Server -Id $Row.Id
    $client = if ($WithClient) { $Server.Api.QueryClient($Row.Id) }
    @{
        Record = ConvertTo-SessionRecord -Server $Server -Row $Row -Facts $read.Facts -Client $client
        Row = $Row
        Facts = $read.Facts
        Client = $client
        Code = $read.Code
        Text = $read.Text
        Doubtful = $read.Code -in @(2, 7022) -or ($null -ne $read.Facts -and -not (Test-SameAccount -Row $Row -Facts $read.Facts))
    }
}

Function Add-SessionSid {
    <#
    .SYNOPSIS
    Resolves the SID of a record's account, once per account.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Record
    The session record.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Record
    )

    if ($Record.account -and $null -eq $Record.sid) {
        if (-not $Server.Sids.ContainsKey($Record.account)) {
            $Server.Sids[$Record.account] = [Winops.SessionServer]::LookupSid($Server.Name, $Record.account)
        }
        $Record.sid = $Server.Sids[$Record.account]
    }
}

Function Get-SessionProcess {
    <#
    .SYNOPSIS
    The processes of all sessions, or of one, by session id.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Id
    The session; left out: all of them in one call.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [long]
        $Id = -1
    )

    $bySession = @{}
    foreach ($process in $Server.Api.Processes($Id)) {
        if (-not $bySession.ContainsKey($process.SessionId)) {
            $bySession[$process.SessionId] = New-Object -TypeName System.Collections.Generic.List[object]
        }
        $bySession[$process.SessionId].Add([ordered]@{ pid = $process.Id; name = $process.Name; sid = $process.Sid })
    }
    $bySession
}

Function Get-HostTime {
    <#
    .SYNOPSIS
    The host's own clock as UTC text: that of the youngest reading, or of this process where nothing can be read.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Entries
    The entries that were read.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]
        [hashtable]
        $Server,

        [AllowEmptyCollection()]
        [object[]]
        $Entries
    )

    $now = 0L
    foreach ($entry in $Entries) {
        if ($entry.Facts -and [Winops.FileTime]::IsKnown($entry.Facts.CurrentTime)) {
            $now = [Math]::Max($now, $entry.Facts.CurrentTime)
        }
    }
    if ($now -eq 0 -and $Server) {
        # Nobody is logged on: the services' session knows the time, too, even that of another host.
        $read = Get-SessionFact -Server $Server -Id 0
        if ($read.Facts) {
            $now = $read.Facts.CurrentTime
        }
    }
    if (-not [Winops.FileTime]::IsKnown($now)) {
        $now = [DateTime]::UtcNow.ToFileTimeUtc()
    }
    [Winops.FileTime]::ToText($now)
}

Export-ModuleMember -Function @(
    'Add-SessionSid', 'ConvertTo-SessionRecord', 'Format-SessionName', 'Format-WtsError', 'Get-HostTime', 'Get-SessionEntry', 'Get-SessionFact',
    'Get-SessionProcess', 'Get-SessionRow', 'Get-WtsErrorCode', 'Open-SessionServer', 'Test-SameAccount',
    'Test-SameRow', 'Test-SameText', 'Test-WholeAccount'
)
