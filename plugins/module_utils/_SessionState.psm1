# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The functions in this file are meant for use within this collection and
# may change or be removed in any release without notice.

# Brings sessions to a state: plan, act, wait, tell.

#AnsibleRequires -CSharpUtil ansible_collections.winops.sessions.plugins.module_utils._Wts
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._UserSession
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Selection
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._SessionList
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Target
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Notice

$script:doing = @{ disconnect = 'disconnecting'; logoff = 'logging off'; reset = 'resetting' }

# Errors of the API, by what follows from them.
$script:goneCodes = @(2, 7022)
$script:closingCode = 7007
$script:transientCodes = @(1702, 1726, 7024)

$script:disconnectedState = 4

$script:shortestReset = 10.0
$script:firstPollSeconds = 0.1
$script:longestPollSeconds = 1.0

Function Invoke-TargetStep {
    <#
    .SYNOPSIS
    Confirms that a target still is the session that was selected, and does its step.

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

    $name = Format-SessionName -Record $Target.Record
    $doing = $script:doing[$Target.Step]
    $status = Read-Target -Run $Run -Target $Target
    if (Complete-Departed -Run $Run -Target $Target -Status $status) {
        return
    }
    if ($status.Status -eq 'unreadable') {
        Stop-TargetStep -Run $Run -Target $Target -Code $status.Code -Text "reading $name again before $doing it failed. $($status.Text)"
        return
    }

    $state = $Target.Entry.Row.State
    if ($status.Facts) {
        $state = $status.Facts.State
    }
    if ($Target.Step -eq 'disconnect' -and $state -eq $script:disconnectedState) {
        Complete-Target -Run $Run -Target $Target -Outcome 'already_disconnected' -Detail "$name is disconnected already"
        return
    }
    if ($status.Status -eq 'closing' -and -not $Run.CheckMode) {
        $Target.Phase = 'wait'
        return
    }
    $Target.Action = $Target.Step
    if ($Run.CheckMode) {
        Complete-Target -Run $Run -Target $Target -Outcome 'planned' -Detail "would be $((Get-StepOutcome -Step $Target.Step) -replace '_', ' ')"
        return
    }

    try {
        switch ($Target.Step) {
            'disconnect' { $Run.Server.Api.Disconnect($Target.Record.id) }
            'logoff' { $Run.Server.Api.Logoff($Target.Record.id) }
            'reset' { Invoke-SessionReset -Run $Run -Target $Target }
        }
        $Target.AcceptedBefore = $Target.Accepted
        $Target.Accepted = $Target.Step
        $Target.Phase = 'wait'
    }
    catch {
        $code = Get-WtsErrorCode -ErrorRecord $_
        $text = "$doing $name failed. $(Format-WtsError -ErrorRecord $_ -ServerName $Run.Server.Name)"
        $Target.LastCode = $code
        $Target.LastText = $text
        if ($code -eq $script:closingCode) {
            $Target.Phase = 'wait'
        }
        elseif ($script:goneCodes -contains $code -and (Complete-Departed -Run $Run -Target $Target -Status (Read-Target -Run $Run -Target $Target))) {
            # It left at the very moment.
            return
        }
        elseif ($script:goneCodes -contains $code -or $script:transientCodes -contains $code) {
            $Target.Phase = 'retry'
            $Target.Delay = [Math]::Min([Math]::Max($Target.Delay * 2, 0.25), 4)
            $Target.NextTry = $Run.Clock.Elapsed.TotalSeconds + $Target.Delay
        }
        else {
            Stop-TargetStep -Run $Run -Target $Target -Code $code -Text $text
        }
    }
}

Function Invoke-SessionReset {
    <#
    .SYNOPSIS
    Begins to reset a session as an administrator does by hand, with rwinsta. Nothing waits for the command: it has been seen to hang.

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

    $path = [System.IO.Path]::Combine("$env:SystemRoot", 'System32', 'rwinsta.exe')
    $arguments = "$($Target.Record.id)"
    if ($Run.Server.Name) {
        $arguments = "$arguments /SERVER:$($Run.Server.Name)"
    }
    $Target.Command = [Winops.InboxCommand]::Start($path, $arguments)
    # The command is ended with its step: a short timeout must not end it before it could do anything.
    $Target.Deadline = [Math]::Max($Target.Deadline, $Run.Clock.Elapsed.TotalSeconds + $script:shortestReset)
}

Function Start-TargetStep {
    <#
    .SYNOPSIS
    Begins a step, which has the whole timeout for itself.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The target.

    .PARAMETER Step
    disconnect, logoff or reset.
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
        $Step
    )

    if (-not $Target.Step) {
        $Target.Started = $Run.Clock.Elapsed.TotalSeconds
    }
    $Target.Step = $Step
    $Target.Delay = 0.0
    $Target.LastCode = $null
    $Target.LastText = $null
    $Target.Deadline = $Run.Clock.Elapsed.TotalSeconds + $Run.Timeout
    Invoke-TargetStep -Run $Run -Target $Target
}

Function Stop-TargetStep {
    <#
    .SYNOPSIS
    Ends a step that did not work: with the next one where the method has one, else as failed.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The target.

    .PARAMETER Code
    The Win32 error.

    .PARAMETER Text
    What failed and why.

    .PARAMETER Outcome
    How it ends without a next step.
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
        $Code,

        [Parameter(Mandatory)]
        [string]
        $Text,

        [string]
        $Outcome = 'failed'
    )

    if ($Target.Step -eq 'logoff' -and $Run.Params.method -eq 'logoff_then_reset') {
        $Target.Detail = $Text
        Start-TargetStep -Run $Run -Target $Target -Step 'reset'
        return
    }
    Complete-Target -Run $Run -Target $Target -Outcome $Outcome -Detail $Text -ErrorCode $Code
}

Function Update-Target {
    <#
    .SYNOPSIS
    Looks after a target that is under way: has it arrived, is it time to try again, is its time over?

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The target.

    .PARAMETER Rows
    A fresh enumeration by id; $null where it failed.

    .PARAMETER LookProblem
    Why it failed.
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
        [hashtable]
        $Rows,

        [AllowNull()]
        [string]
        $LookProblem
    )

    if (-not $Target.Accepted) {
        Update-WaitingTarget -Run $Run -Target $Target
        return
    }

    $name = Format-SessionName -Record $Target.Record
    $done = 'no'
    if ($null -ne $Rows) {
        $done = Test-StepDone -Run $Run -Target $Target -Row $Rows[$Target.Record.id]
    }
    if ($done -eq 'ended') {
        Complete-Target -Run $Run -Target $Target -Outcome 'already_gone' -Detail "$name left by itself"
    }
    elseif ($done -eq 'yes') {
        $outcome = Get-StepOutcome -Step $Target.Step
        Complete-Target -Run $Run -Target $Target -Outcome $outcome -Detail "$name is $($outcome -replace '_', ' ')"
    }
    elseif ($Target.Command -and $Target.Command.HasFailed) {
        $Target.Accepted = $Target.AcceptedBefore
        $text = "resetting $name failed. $($Target.Command.Problem)"
        # It fails, too, where the session left before the command came to it.
        $status = Read-Target -Run $Run -Target $Target
        if ($status.Status -notin @('gone', 'changed') -or -not (Complete-Departed -Run $Run -Target $Target -Status $status)) {
            Complete-Target -Run $Run -Target $Target -Outcome 'failed' -Detail $text
        }
    }
    elseif ($Run.Clock.Elapsed.TotalSeconds -ge $Target.Deadline) {
        Stop-WaitingForTarget -Run $Run -Target $Target -LookProblem $LookProblem
    }
}

Function Update-WaitingTarget {
    <#
    .SYNOPSIS
    Looks after a target whose step Windows has not accepted: it is busy with the session, or somebody else is ending it.

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

    $now = $Run.Clock.Elapsed.TotalSeconds
    if ($now -lt $Target.Deadline -and $Target.Phase -eq 'retry') {
        if ($now -ge $Target.NextTry) {
            Invoke-TargetStep -Run $Run -Target $Target
        }
        return
    }
    $status = Read-Target -Run $Run -Target $Target
    if ((Complete-Departed -Run $Run -Target $Target -Status $status) -or $now -lt $Target.Deadline) {
        return
    }
    if ($Target.Phase -eq 'retry') {
        Stop-TargetStep -Run $Run -Target $Target -Code $Target.LastCode -Text $Target.LastText
    }
    else {
        $problem = $null
        if ($status.Status -eq 'unreadable') {
            $problem = $status.Text
        }
        Stop-WaitingForTarget -Run $Run -Target $Target -LookProblem $problem
    }
}

Function Stop-WaitingForTarget {
    <#
    .SYNOPSIS
    Ends a step whose time is over.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The target.

    .PARAMETER LookProblem
    Why the last look at the session failed.
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
        [string]
        $LookProblem
    )

    $text = "$(Format-SessionName -Record $Target.Record) was still there $($Run.Timeout) s after $($script:doing[$Target.Step]) it began"
    if ($LookProblem) {
        $text = "$text as far as can be told, the last look failed: $LookProblem"
    }
    $text = "$text$(Format-WhatRuns -Run $Run -Target $Target)"
    Stop-TargetStep -Run $Run -Target $Target -Code $Target.LastCode -Text $text -Outcome 'still_present'
}

Function Format-WhatRuns {
    <#
    .SYNOPSIS
    Names the processes that still run in a session: the usual reason why it does not end.

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
        $processes = Get-SessionProcess -Server $Run.Server -Id $Target.Record.id
        $names = @($processes[$Target.Record.id] | Where-Object { $_ } | Select-Object -First 10 | ForEach-Object { "$($_.name) ($($_.pid))" })
        if ($names) {
            ", with these processes in it: $($names -join ', ')"
        }
    }
    catch {
        ", and its processes could not be read: $(Format-WtsError -ErrorRecord $_ -ServerName $Run.Server.Name)"
    }
}

Function Wait-Target {
    <#
    .SYNOPSIS
    Polls all targets that are under way together until each has arrived or its time is over.

    .PARAMETER Run
    The run.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run
    )

    $pause = $script:firstPollSeconds
    while ($true) {
        $pending = @($Run.Targets | Where-Object { $_.Phase -in @('wait', 'retry') })
        if (-not $pending) {
            return
        }
        $rows = @{}
        $lookProblem = $null
        try {
            foreach ($row in Get-SessionRow -Server $Run.Server) {
                $rows[$row.Id] = $row
            }
        }
        catch {
            # What cannot be seen has not ended.
            $rows = $null
            $lookProblem = Format-WtsError -ErrorRecord $_ -ServerName $Run.Server.Name
        }
        foreach ($target in $pending) {
            try {
                Update-Target -Run $Run -Target $target -Rows $rows -LookProblem $lookProblem
            }
            catch {
                # Whatever happens to one session, the others' results are not lost.
                $code = Get-WtsErrorCode -ErrorRecord $_
                Complete-Target -Run $Run -Target $target -Outcome 'failed' -Detail (Format-WtsError -ErrorRecord $_) -ErrorCode $code
            }
        }

        $next = $Run.Clock.Elapsed.TotalSeconds + $pause
        $waiting = $false
        foreach ($target in $pending) {
            if ($target.Phase -in @('wait', 'retry')) {
                $waiting = $true
                $next = [Math]::Min($next, $target.Deadline)
                if ($target.Phase -eq 'retry') {
                    $next = [Math]::Min($next, $target.NextTry)
                }
            }
        }
        if ($waiting) {
            $seconds = $next - $Run.Clock.Elapsed.TotalSeconds
            if ($seconds -gt 0) {
                Start-Sleep -Milliseconds ([Math]::Ceiling($seconds * 1000))
            }
            $pause = [Math]::Min($pause * 2, $script:longestPollSeconds)
        }
    }
}

Function Get-RemainingEntry {
    <#
    .SYNOPSIS
    The sessions that are left. Only what is new or was acted on is read again.

    .PARAMETER Run
    The run.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run
    )

    $unread = @{}
    foreach ($entry in $Run.Entries) {
        $unread[$entry.Record.id] = $entry
    }
    # What is only planned has not changed; what was left alone for a reason found on the way has.
    $stale = @($Run.Targets | Where-Object { $_.Step -and $_.Outcome -ne 'planned' })
    foreach ($target in $stale) {
        $unread.Remove($target.Record.id)
    }
    $entries = $Run.Entries
    if ($stale) {
        $entries = Get-SessionEntryList -Server $Run.Server -Criteria $Run.EverySession -WithClient -Known $unread
    }
    Select-ExpectedEntry -Run $Run -Entries $entries -Outcomes 'planned'
}

Function Select-ExpectedEntry {
    <#
    .SYNOPSIS
    Those of the entries that are left when the targets of the given outcomes are gone.

    .PARAMETER Run
    The run.

    .PARAMETER Entries
    The entries.

    .PARAMETER Outcomes
    The outcomes.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [AllowNull()]
        [AllowEmptyCollection()]
        [object[]]
        $Entries,

        [Parameter(Mandatory)]
        [string[]]
        $Outcomes
    )

    $gone = @{}
    foreach ($target in $Run.Targets) {
        # A planned disconnect or notice ends nothing.
        if ($Outcomes -contains $target.Outcome -and ($target.Outcome -ne 'planned' -or $target.Action -in @('logoff', 'reset'))) {
            $gone[$target.Record.token] = $true
        }
    }
    $Entries | Where-Object { $_ -and -not $gone.ContainsKey($_.Record.token) }
}

Function New-SessionPlan {
    <#
    .SYNOPSIS
    Reads the sessions and decides which are to be acted on, and which are selected but protected.

    .PARAMETER Module
    The Ansible module.

    .PARAMETER Server
    What Open-SessionServer returned.

    .OUTPUTS
    The run: a hashtable of everything that the other functions work on.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [object]
        $Module,

        [Parameter(Mandatory)]
        [hashtable]
        $Server
    )

    $params = $Module.Params
    $criteria = @('users', 'session_ids', 'tokens', 'states', 'client_names', 'max_idle', 'max_disconnected', 'max_logged_on')
    if (-not $params.all_sessions -and -not ($criteria | Where-Object { $null -ne $params[$_] })) {
        throw 'No session is selected: give at least one criterion, such as max_idle=2h, or all_sessions=true'
    }
    $run = @{
        Module = $Module
        Params = $params
        CheckMode = $Module.CheckMode
        Server = $Server
        Criteria = Get-SessionCriteria -Params $params
        EverySession = @{ Ghosts = $params.ghosts; All = $false; Limits = @{} }
        Timeout = ConvertTo-Second -Value $params.timeout -Option 'timeout'
        Clock = [System.Diagnostics.Stopwatch]::StartNew()
        ConnectionUser = $null
        Targets = @()
        Protected = @()
    }
    $run.Entries = @(Get-SessionEntryList -Module $Module -Server $Server -Criteria $run.EverySession -WithClient)

    $selected = @(
        foreach ($entry in $run.Entries) {
            $selection = Get-SessionSelection -Server $Server -Record $entry.Record -Criteria $run.Criteria
            if ($selection) {
                New-SessionTarget -Entry $entry -Selection $selection
            }
        }
    )
    if (-not $selected) {
        return $run
    }

    # What protects must be known: where it cannot be found out nothing is done at all.
    if ($params.protect_connection_user) {
        $run.ConnectionUser = [Winops.SessionServer]::CallerAccount
    }
    $processes = $null
    if ($params.protect_processes) {
        $processes = Get-SessionProcess -Server $Server
        # "WTSEnumerateProcessesExW function": who is no administrator is shown none of the others' processes, and each session has some.
        if (-not ($processes.Keys | Where-Object { $_ -ne 0 })) {
            throw 'protect_processes: the processes of the sessions cannot be seen, so nothing is known about which to protect. Connect with a ' +
            'member of the local Administrators group'
        }
    }
    foreach ($target in $selected) {
        $protection = Get-SessionProtection -Server $Server -Record $target.Record -Selection $target.Selection -Params $params `
            -ConnectionUser $run.ConnectionUser -Processes $processes
        if ($protection) {
            $run.Protected += Copy-Record -Record $target.Record -With ([ordered]@{ reason = $protection })
        }
        else {
            $run.Targets += $target
        }
    }
    $run
}

Function Copy-Record {
    <#
    .SYNOPSIS
    A session record with further keys.

    .PARAMETER Record
    The session record.

    .PARAMETER With
    The further keys.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Record,

        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $With
    )

    $copy = [ordered]@{}
    foreach ($part in @($Record, $With)) {
        foreach ($key in $part.Keys) {
            $copy[$key] = $part[$key]
        }
    }
    $copy
}

Function Set-SessionResult {
    <#
    .SYNOPSIS
    Writes the module's result from what the run has come to.

    .PARAMETER Run
    The run.

    .PARAMETER Remaining
    The entries of the sessions that are left.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [AllowEmptyCollection()]
        [object[]]
        $Remaining
    )

    $result = $Run.Module.Result
    $result.sessions = @(
        foreach ($target in $Run.Targets) {
            $keys = [ordered]@{
                action = $target.Action
                outcome = $target.Outcome
                reason = $target.Selection.Reason
                detail = $target.Detail
                error_code = $target.ErrorCode
                seconds = $target.Seconds
            }
            if ($Run.Params.notice) {
                $keys.due_in_seconds = $target.DueInSeconds
            }
            Copy-Record -Record $target.Record -With $keys
        }
    )
    $done = @('logged_off', 'disconnected', 'reset', 'notified', 'planned')
    $result.changed = [bool]($Run.Targets | Where-Object { $_.Accepted -or $done -contains $_.Outcome })
    $result.protected = $Run.Protected
    $result.remaining = @($Remaining | ForEach-Object { $_.Record })
    $result.host_time = Get-HostTime -Server $Run.Server -Entries (@($Run.Entries) + @($Remaining))
    $counts = $Run.Targets | Group-Object -Property { $_.Outcome } | ForEach-Object { "$($_.Count) $($_.Name)" }
    $result.msg = (@("$($Run.Targets.Count) selected", "$($Run.Protected.Count) protected") + @($counts)) -join ', '

    if ($Run.Module.DiffMode) {
        $Run.Module.Diff.before = @($Run.Entries | ForEach-Object { $_.Record })
        $Run.Module.Diff.after = $result.remaining
    }
}

Function Invoke-SessionState {
    <#
    .SYNOPSIS
    Brings the selected sessions to the wanted state, as the module's result.

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

        $run = New-SessionPlan -Module $Module -Server $server
        $params = $run.Params
        $firstStep = 'logoff'
        if ($params.state -eq 'disconnected') {
            $firstStep = 'disconnect'
        }
        elseif ($params.method -eq 'reset') {
            $firstStep = 'reset'
        }

        if ($null -ne $params.max_sessions -and $run.Targets.Count -gt $params.max_sessions) {
            foreach ($target in $run.Targets) {
                $target.Action = $firstStep
                Complete-Target -Run $run -Target $target -Outcome 'planned' -Detail 'not done: more sessions match than max_sessions allows'
            }
            Set-SessionResult -Run $run -Remaining $run.Entries
            $Module.Result.changed = $false
            return "$($run.Targets.Count) sessions match and max_sessions allows $($params.max_sessions): nothing was done. " +
            'Narrow the selection, or raise max_sessions'
        }

        $notices = $null
        if ($params.notice) {
            $notices = Open-NoticeBoard -Run $run
        }
        foreach ($target in $run.Targets) {
            if ($notices -and -not (Test-NoticeOver -Run $run -Board $notices -Target $target)) {
                continue
            }
            try {
                Start-TargetStep -Run $run -Target $target -Step $firstStep
            }
            catch {
                $code = Get-WtsErrorCode -ErrorRecord $_
                Complete-Target -Run $run -Target $target -Outcome 'failed' -Detail (Format-WtsError -ErrorRecord $_) -ErrorCode $code
            }
        }
        if ($notices) {
            Send-Notice -Run $run -Board $notices
        }
        Wait-Target -Run $run

        try {
            $remaining = @(Get-RemainingEntry -Run $run)
        }
        catch {
            # What was done is told in any case, and a host that cannot be seen is not an empty one.
            $gone = @('already_gone', 'logged_off', 'reset', 'session_changed')
            $remaining = @(Select-ExpectedEntry -Run $run -Entries $run.Entries -Outcomes $gone)
            $text = Format-WtsError -ErrorRecord $_ -ServerName $server.Name
            $Module.Warn("The sessions that are left could not be read, those last seen are returned: $text")
        }
        if ($notices) {
            Close-NoticeBoard -Run $run -Board $notices
        }
        Set-SessionResult -Run $run -Remaining $remaining

        $bad = @($run.Targets | Where-Object { $_.Outcome -in @('failed', 'still_present') })
        if ($bad) {
            "$($bad.Count) of $($run.Targets.Count) sessions: $(@($bad | ForEach-Object { $_.Detail }) -join '; ')"
        }
    }
}

Export-ModuleMember -Function 'Invoke-SessionState'
