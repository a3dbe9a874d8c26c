# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The functions in this file are meant for use within this collection and
# may change or be removed in any release without notice.

# A target: a selected session on its way to the wanted state, and what becomes of it.
#   Phase ready -> (notice | wait | retry) -> done, with Step the act that is under way and Outcome how it ended.

#AnsibleRequires -CSharpUtil ansible_collections.winops.sessions.plugins.module_utils._Wts
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._UserSession
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Selection

# Errors of the API that say what became of a session: it is gone, or it is being closed.
$script:goneCodes = @(2, 7022)
$script:closingCode = 7007

# WTSDisconnected, WTSReset, WTSDown: what a session without a user is in while, or after, it is torn down.
$script:leftOverStates = @(4, 7, 8)
$script:disconnectedState = 4

# How a session is called that an accepted step has ended.
$script:stepOutcomes = @{ disconnect = 'disconnected'; logoff = 'logged_off'; reset = 'reset' }

Function Get-StepOutcome {
    <#
    .SYNOPSIS
    The outcome of a session that a step has brought where it shall be.

    .PARAMETER Step
    disconnect, logoff or reset.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [string]
        $Step
    )

    $script:stepOutcomes[$Step]
}

Function New-SessionTarget {
    <#
    .SYNOPSIS
    A selected session on its way to the wanted state.

    .PARAMETER Entry
    What was read of it.

    .PARAMETER Selection
    Why it is selected.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Entry,

        [Parameter(Mandatory)]
        [hashtable]
        $Selection
    )

    @{
        Entry = $Entry
        Record = $Entry.Record
        Selection = $Selection
        Phase = 'ready'
        Step = $null
        Deadline = 0.0
        NextTry = 0.0
        Delay = 0.0
        # The last step that Windows accepted: from then on something was done, whatever comes of it.
        Accepted = $null
        AcceptedBefore = $null
        # The command that does the step, where it is one.
        Command = $null
        LastCode = $null
        LastText = $null
        Started = 0.0
        Action = 'none'
        Outcome = $null
        Detail = $null
        ErrorCode = $null
        Seconds = 0.0
        DueInSeconds = $null
        # The notice that this run gives, and what was read right before it; and whether one was given so long ago that its grace is over.
        Notice = $null
        NoticeFacts = $null
        Told = $false
    }
}

Function Complete-Target {
    <#
    .SYNOPSIS
    Writes down how it ended with a session.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The target.

    .PARAMETER Outcome
    The outcome.

    .PARAMETER Detail
    The same for a person to read.

    .PARAMETER ErrorCode
    The Win32 error behind it.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Target,

        [Parameter(Mandatory)]
        [string]
        $Outcome,

        [Parameter(Mandatory)]
        [string]
        $Detail,

        [AllowNull()]
        [object]
        $ErrorCode
    )

    if ($Target.Command) {
        $Target.Command.Dispose()
    }
    $Target.Phase = 'done'
    $Target.Outcome = $Outcome
    if ($Target.Detail) {
        $Detail = "$($Target.Detail); $Detail"
    }
    $Target.Detail = $Detail
    $Target.ErrorCode = $ErrorCode
    $Target.Seconds = [Math]::Round($Run.Clock.Elapsed.TotalSeconds - $Target.Started, 1)
}

Function Test-SameSession {
    <#
    .SYNOPSIS
    Whether facts read now are of the session that was selected: same id, same logon, same account.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The target.

    .PARAMETER Facts
    The facts.

    .PARAMETER Row
    The row of the session's id in a fresh enumeration; left out: asked for where it is needed.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Target,

        [Parameter(Mandatory)]
        [object]
        $Facts,

        [AllowNull()]
        [object]
        $Row
    )

    $before = $Target.Entry.Facts
    if ($null -eq $before) {
        # It could not be read before, as a ghost that is being closed cannot: then there is nobody whose work could be lost.
        if (-not $Target.Record.user) {
            return -not $Facts.User -and $script:leftOverStates -contains $Facts.State
        }
        return Test-SameAccount -Row $Target.Entry.Row -Facts $Facts
    }
    if (-not $Target.Record.user) {
        return -not $Facts.User -and $Facts.ConnectTime -eq $before.ConnectTime
    }
    $same = $Facts.LogonTime -eq $before.LogonTime -and
    (Test-SameText -A $Facts.User -B $before.User) -and
    (Test-SameText -A $Facts.Domain -B $before.Domain)
    if ($same -and -not (Test-WholeAccount -Facts $Facts)) {
        # Only the enumeration tells the rest of the names.
        if ($null -eq $Row) {
            $Row = Get-SessionRow -Server $Run.Server | Where-Object { $_.Id -eq $Target.Record.id }
        }
        $same = Test-SameRow -A $Target.Entry.Row -B $Row
    }
    [bool]$same
}

Function Test-LeftOver {
    <#
    .SYNOPSIS
    Whether facts read now are of what is left of the selected session when its user is out already.

    .PARAMETER Target
    The target.

    .PARAMETER Facts
    The facts.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Target,

        [Parameter(Mandatory)]
        [object]
        $Facts
    )

    $before = $Target.Entry.Facts
    $sameConnection = $Facts.ConnectTime -eq 0 -or $null -eq $before -or $Facts.ConnectTime -eq $before.ConnectTime
    -not $Facts.User -and $script:leftOverStates -contains $Facts.State -and $sameConnection
}

Function Get-ListedStatus {
    <#
    .SYNOPSIS
    What the enumeration alone tells of a selected session: same, gone or changed, by its id, its account and, where it has none, its state.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The target.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Target
    )

    $record = $Target.Record
    $row = Get-SessionRow -Server $Run.Server | Where-Object { $_.Id -eq $record.id }
    if (-not $row) { 'gone' }
    elseif (-not (Test-SameRow -A $Target.Entry.Row -B $row)) { 'changed' }
    elseif (-not $record.user -and $script:leftOverStates -notcontains $row.State) { 'changed' }
    else { 'same' }
}

Function Get-TargetStatus {
    <#
    .SYNOPSIS
    Reads a selected session again, right before something is done to it.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The target.

    .OUTPUTS
    A hashtable: Status is same, gone, changed, no_longer_matches, closing or unreadable; with Facts, Code and Text.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Target
    )

    $record = $Target.Record
    $read = Get-SessionFact -Server $Run.Server -Id $record.id
    $status = @{ Status = 'unreadable'; Facts = $read.Facts; Code = $read.Code; Text = $read.Text }

    if ($script:goneCodes -contains $read.Code) {
        # 7022 is "not found" as well as "not allowed to find": gone is what is not in the list either.
        $listed = Get-ListedStatus -Run $Run -Target $Target
        if ($listed -ne 'same') {
            $status.Status = $listed
        }
        return $status
    }
    if ($read.Code -eq $script:closingCode) {
        # A session that is being closed cannot be read, but nobody else can have its id before it is gone.
        $status.Status = 'closing'
        if (-not $record.user -or $Target.Step -eq 'reset') {
            $status.Status = Get-ListedStatus -Run $Run -Target $Target
        }
        return $status
    }
    if ($null -eq $read.Facts) {
        return $status
    }
    if ($null -eq $Target.Entry.Facts -and $record.user) {
        $status.Text = 'Its times could not be read when it was selected, so nothing tells whether it still is the same session'
        return $status
    }

    if (-not (Test-SameSession -Run $Run -Target $Target -Facts $read.Facts)) {
        $status.Status = 'changed'
        if ($Target.Accepted -and (Test-LeftOver -Target $Target -Facts $read.Facts)) {
            $status.Status = 'same'
        }
        return $status
    }

    $status.Status = 'same'
    # Once Windows has accepted the end of a session there is no way back for it, and what it looks like meanwhile does not matter.
    if (-not $Target.Accepted) {
        $client = $Target.Entry.Client
        if ($null -ne $Run.Criteria.ClientNames) {
            # Its user may have come back from another computer.
            $client = $Run.Server.Api.QueryClient($record.id)
        }
        $now = ConvertTo-SessionRecord -Server $Run.Server -Row $Target.Entry.Row -Facts $read.Facts -Client $client
        $selection = Get-SessionSelection -Server $Run.Server -Record $now -Criteria $Run.Criteria
        $protection = $null
        if ($selection) {
            $processes = $null
            if ($Run.Params.protect_processes) {
                $processes = Get-SessionProcess -Server $Run.Server -Id $record.id
            }
            $protection = Get-SessionProtection -Server $Run.Server -Record $now -Selection $selection -Params $Run.Params `
                -ConnectionUser $Run.ConnectionUser -Processes $processes
        }
        if (-not $selection) {
            $status.Status = 'no_longer_matches'
            $idle = 'unknown'
            if ($null -ne $now.idle_seconds) {
                $idle = "$($now.idle_seconds) s"
            }
            $status.Text = "it no longer matches: it is now $($now.state), its idle time $idle"
        }
        elseif ($protection) {
            $status.Status = 'no_longer_matches'
            $status.Text = "it is protected now: $protection"
        }
        elseif ($Run.Params.notice -and $Target.Step -and -not $Target.Told -and $now.user -and $now.state -ne 'disconnected') {
            # It had no reader when it was read first, so it got no notice.
            $status.Status = 'no_longer_matches'
            $status.Text = "its user came back and has not been told: it is now $($now.state)"
        }
    }
    $status
}

Function Read-Target {
    <#
    .SYNOPSIS
    As Get-TargetStatus, but a reading that fails is a status: unreadable.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The target.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Target
    )

    try {
        Get-TargetStatus -Run $Run -Target $Target
    }
    catch {
        $text = Format-WtsError -ErrorRecord $_ -ServerName $Run.Server.Name
        @{ Status = 'unreadable'; Facts = $null; Code = Get-WtsErrorCode -ErrorRecord $_; Text = $text }
    }
}

Function Complete-Departed {
    <#
    .SYNOPSIS
    Ends the way of a target that is not, or not any more, to be acted on.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The target.

    .PARAMETER Status
    What Get-TargetStatus returned.

    .OUTPUTS
    Whether it was one.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Target,

        [Parameter(Mandatory)]
        [hashtable]
        $Status
    )

    $name = Format-SessionName -Record $Target.Record
    $end = switch ($Status.Status) {
        'gone' { @('already_gone', "$name left by itself") }
        'changed' { @('session_changed', "$name is not there any more, its id belongs to another one now") }
        'no_longer_matches' { @('no_longer_matches', "$name was left alone, $($Status.Text)") }
        default { return $false }
    }
    if ($Target.Accepted -and $Status.Status -ne 'no_longer_matches') {
        $end = @((Get-StepOutcome -Step $Target.Accepted), "$name has ended")
    }
    Complete-Target -Run $Run -Target $Target -Outcome $end[0] -Detail $end[1]
    $true
}

Function Test-StepDone {
    <#
    .SYNOPSIS
    Whether a session that was acted on has got where it shall be.

    .DESCRIPTION
    It has ended when its row is gone, or its id belongs to another session. A row without a user that is being torn down, with the connection
    time of the session that was acted on, is what is left of it: not yet an end.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The target.

    .PARAMETER Row
    The row of its id in a fresh enumeration, $null where there is none.

    .OUTPUTS
    no, yes, or ended where it shall be disconnected but ended altogether.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Target,

        [AllowNull()]
        [object]
        $Row
    )

    $record = $Target.Record
    $ended = $null -eq $Row
    $state = $null
    if (-not $ended -and $Row.User) {
        $ended = -not (Test-SameRow -A $Target.Entry.Row -B $Row)
    }
    if (-not $ended) {
        $state = $Row.State
        $read = Get-SessionFact -Server $Run.Server -Id $record.id
        if ($null -ne $read.Facts) {
            $state = $read.Facts.State
            # A logon time that Windows does not tell any more is no other logon.
            $tells = -not $read.Facts.User -or [Winops.FileTime]::IsKnown($read.Facts.LogonTime)
            $ended = $tells -and -not (Test-SameSession -Run $Run -Target $Target -Facts $read.Facts -Row $Row) -and
            -not (Test-LeftOver -Target $Target -Facts $read.Facts)
        }
        elseif (-not $Row.User) {
            $ended = $script:leftOverStates -notcontains $Row.State
        }
    }

    if ($Target.Step -ne 'disconnect') {
        if ($ended) { 'yes' } else { 'no' }
    }
    elseif ($ended) { 'ended' }
    elseif ($state -eq $script:disconnectedState) { 'yes' }
    else { 'no' }
}

Export-ModuleMember -Function @(
    'Complete-Departed', 'Complete-Target', 'Get-StepOutcome', 'Get-TargetStatus', 'New-SessionTarget', 'Read-Target', 'Test-StepDone'
)
