# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The functions in this file are meant for use within this collection and
# may change or be removed in any release without notice.

# Remembers on the host whom a notice was given, so that a later run may act and nobody has to wait for it.
#
# One value per token in a volatile key: 1|<notified>|<due>|<nonce>|<server>|<selection>, the moments as FILETIMEs of the host's own clock.
#   The nonce tells which of several controllers that came at the same moment wrote last, and that one sends the message.
#   The server and the selection tell whose record it is: a task takes back only what a task with the same selection gave, so that two
#   tasks for different users of one host do not make each other begin anew for ever.

#AnsibleRequires -CSharpUtil ansible_collections.winops.sessions.plugins.module_utils._Wts
#AnsibleRequires -CSharpUtil ansible_collections.winops.sessions.plugins.module_utils._Registry
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._UserSession
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Selection
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Target
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Message

$script:noticeKey = 'SOFTWARE\winops\sessions\notices'
$script:noticePattern = '\A1\|([0-9]{1,18})\|([0-9]{1,18})\|([0-9a-f-]{36})\|([0-9a-f]{16})\|([0-9a-f]{16})\z'
$script:tokenPattern = '\A[0-9]{1,5}:[0-9]{1,19}:'
$script:ticksPerSecond = [TimeSpan]::TicksPerSecond

# A clock that was set back a little does not make a record worthless; a record from the far future is no record.
$script:tolerance = 300 * $script:ticksPerSecond
$script:longestGrace = 3650L * 86400 * $script:ticksPerSecond

# What another task told a user counts for a day. Nobody saw since whether the session still matched.
$script:longestBorrowed = 86400 * $script:ticksPerSecond

# How long a controller lets others that came at the same moment write, before it looks who was last. Between its own look and its own
# writing there are two calls of the registry.
$script:settleMilliseconds = 200

# What makes two tasks the same selection.
$script:selectionOptions = @(
    'users', 'exclude_users', 'session_ids', 'tokens', 'states', 'client_names', 'max_idle', 'max_disconnected', 'max_logged_on', 'ghosts'
)

# After these a session is still there and waits for its end.
$script:keptOutcomes = @('notified', 'in_grace', 'failed', 'still_present')

Function Open-NoticeBoard {
    <#
    .SYNOPSIS
    Reads whom a notice was given.

    .PARAMETER Run
    The run.

    .OUTPUTS
    A hashtable: Records by token, Grace in ticks, and the Server and Selection that this run's own records carry.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run
    )

    Assert-MessageText -Message $Run.Params.notice
    $selection = @($script:selectionOptions | ForEach-Object { "$_=$($Run.Params[$_] -join "`n")" }) -join "`n`n"
    $board = @{
        Records = New-Object -TypeName 'System.Collections.Generic.Dictionary[string,object]' -ArgumentList ([StringComparer]::OrdinalIgnoreCase)
        Grace = [long]((ConvertTo-Second -Value $Run.Params.notice.grace -Option 'notice.grace') * $script:ticksPerSecond)
        Server = [Winops.Fingerprint]::Of("$($Run.Server.Name)")
        Selection = [Winops.Fingerprint]::Of($selection)
    }
    $key = [Winops.RegistryKey]::OpenRead($script:noticeKey)
    if ($null -eq $key) {
        return $board
    }
    try {
        foreach ($name in $key.ValueNames()) {
            $record = ConvertTo-NoticeRecord -Text $key.GetText($name)
            if ($name -match $script:tokenPattern -and $record) {
                $board.Records[$name] = $record
            }
            else {
                $Run.Module.Warn("The value '$(Limit-Text -Text $name)' of HKLM\$script:noticeKey is not a notice that this module wrote and is ignored")
            }
        }
    }
    finally {
        $key.Dispose()
    }
    $board
}

Function Limit-Text {
    <#
    .SYNOPSIS
    The beginning of a text, for a message.

    .PARAMETER Text
    The text.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]
        [string]
        $Text
    )

    if ($Text.Length -le 80) {
        return $Text
    }
    "$($Text.Substring(0, 80))..."
}

Function ConvertTo-NoticeRecord {
    <#
    .SYNOPSIS
    Reads a record of a notice; nothing for what is none.

    .PARAMETER Text
    The value's data.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]
        [string]
        $Text
    )

    if ($Text -cmatch $script:noticePattern) {
        $record = @{ Notified = [long]$Matches[1]; Due = [long]$Matches[2]; Nonce = $Matches[3]; Server = $Matches[4]; Selection = $Matches[5] }
        if ($record.Due -ge $record.Notified -and $record.Due - $record.Notified -le $script:longestGrace) {
            $record
        }
    }
}

Function ConvertFrom-NoticeRecord {
    <#
    .SYNOPSIS
    Writes a record of a notice as a value's data.

    .PARAMETER Record
    The record.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Record
    )

    @('1', $Record.Notified, $Record.Due, $Record.Nonce, $Record.Server, $Record.Selection) -join '|'
}

Function Get-TargetTime {
    <#
    .SYNOPSIS
    The host's clock as a FILETIME, from the reading of a session.

    .PARAMETER Facts
    The session's facts.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]
        [object]
        $Facts
    )

    if ($Facts -and [Winops.FileTime]::IsKnown($Facts.CurrentTime)) {
        return $Facts.CurrentTime
    }
    [DateTime]::UtcNow.ToFileTimeUtc()
}

Function Test-ValidNotice {
    <#
    .SYNOPSIS
    Whether the notice that was given to a session counts.

    .PARAMETER Run
    The run.

    .PARAMETER Board
    What Open-NoticeBoard returned.

    .PARAMETER Target
    The session.

    .PARAMETER Record
    The notice.

    .PARAMETER Facts
    The session's facts.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Board,

        [Parameter(Mandatory)]
        [hashtable]
        $Target,

        [Parameter(Mandatory)]
        [hashtable]
        $Record,

        [AllowNull()]
        [object]
        $Facts
    )

    $now = Get-TargetTime -Facts $Facts
    $beforeLogon = $Facts -and $Record.Notified + $script:tolerance -lt $Facts.LogonTime
    if ($beforeLogon -or $Record.Notified -gt $now + $script:tolerance) {
        $Run.Module.Warn("The notice of $(Format-SessionName -Record $Target.Record) is from a time when it can not have been given and is ignored")
        return $false
    }
    if ($Record.Selection -ne $Board.Selection -and $now -gt $Record.Due + $script:longestBorrowed) {
        return $false
    }
    # Whoever has come back since had no idle session then, even if no run came by to see it: idle again, it is a first time again.
    $onlyIdle = $Target.Selection.Reached.Count -eq 1 -and $Target.Selection.Reason -eq 'max_idle'
    if ($onlyIdle -and $Facts -and $Run.Criteria.Limits.max_idle -gt 0) {
        return [Math]::Max($Facts.LastInputTime, $Facts.ConnectTime) -le $Record.Notified
    }
    $true
}

Function Test-NoticeOver {
    <#
    .SYNOPSIS
    Whether a selected session may be ended now. One that may not is put in grace, or in line for a notice.

    .PARAMETER Run
    The run.

    .PARAMETER Board
    What Open-NoticeBoard returned.

    .PARAMETER Target
    The session.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Board,

        [Parameter(Mandatory)]
        [hashtable]
        $Target
    )

    # Nobody would read it.
    if (-not $Target.Record.user -or $Target.Record.state -eq 'disconnected') {
        return $true
    }
    $facts = $Target.Entry.Facts
    $record = $null
    $found = $Board.Records.TryGetValue($Target.Record.token, [ref]$record)
    if (-not $found -or -not (Test-ValidNotice -Run $Run -Board $Board -Target $Target -Record $record -Facts $facts)) {
        $Target.Phase = 'notice'
        return $false
    }
    $now = Get-TargetTime -Facts $facts
    if ($now -ge (Get-DueTime -Board $Board -Record $record)) {
        $Target.Told = $true
        return $true
    }
    Complete-InGrace -Run $Run -Board $Board -Target $Target -Record $record -Now $now
    $false
}

Function Get-DueTime {
    <#
    .SYNOPSIS
    When a session may be ended: never earlier than what its user was told, nor than what is asked for now.

    .PARAMETER Board
    What Open-NoticeBoard returned.

    .PARAMETER Record
    The notice.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Board,

        [Parameter(Mandatory)]
        [hashtable]
        $Record
    )

    [Math]::Max($Record.Due, $Record.Notified + $Board.Grace)
}

Function Complete-InGrace {
    <#
    .SYNOPSIS
    Writes down that a session's grace still runs.

    .PARAMETER Run
    The run.

    .PARAMETER Board
    What Open-NoticeBoard returned.

    .PARAMETER Target
    The session.

    .PARAMETER Record
    The notice.

    .PARAMETER Now
    The host's clock.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Board,

        [Parameter(Mandatory)]
        [hashtable]
        $Target,

        [Parameter(Mandatory)]
        [hashtable]
        $Record,

        [Parameter(Mandatory)]
        [long]
        $Now
    )

    $left = (Get-DueTime -Board $Board -Record $Record) - $Now
    $Target.Started = $Run.Clock.Elapsed.TotalSeconds
    $Target.Action = 'none'
    $Target.DueInSeconds = [long][Math]::Max(0, [Math]::Ceiling($left / $script:ticksPerSecond))
    $detail = "$(Format-SessionName -Record $Target.Record) was told at $([Winops.FileTime]::ToText($Record.Notified)), " +
    "its grace ends in $($Target.DueInSeconds) s"
    Complete-Target -Run $Run -Target $Target -Outcome 'in_grace' -Detail $detail
}

Function Send-Notice {
    <#
    .SYNOPSIS
    Gives notice to the sessions in line for it: writes it down first, and sends the message then.

    .PARAMETER Run
    The run.

    .PARAMETER Board
    What Open-NoticeBoard returned.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Board
    )

    foreach ($target in @($Run.Targets | Where-Object { $_.Phase -eq 'notice' })) {
        $target.Started = $Run.Clock.Elapsed.TotalSeconds
        try {
            Confirm-Notice -Run $Run -Target $target
        }
        catch {
            Complete-Target -Run $Run -Target $target -Outcome 'failed' -Detail (Format-WtsError -ErrorRecord $_) -ErrorCode (Get-WtsErrorCode -ErrorRecord $_)
        }
    }
    $inLine = @($Run.Targets | Where-Object { $_.Phase -eq 'notice' })
    if (-not $inLine) {
        return
    }

    $key = $null
    try {
        $key = [Winops.RegistryKey]::OpenWrite($script:noticeKey, $true)
        foreach ($target in $inLine) {
            try {
                Write-Notice -Run $Run -Board $Board -Target $target -Key $key
            }
            catch {
                Complete-Untold -Run $Run -Target $target -ErrorRecord $_
            }
        }
        $written = @($inLine | Where-Object { $_.Phase -eq 'notice' })
        if ($written) {
            Start-Sleep -Milliseconds $script:settleMilliseconds
        }
        foreach ($target in $written) {
            try {
                Complete-Notice -Run $Run -Board $Board -Target $target -Key $key
            }
            catch {
                Complete-Untold -Run $Run -Target $target -ErrorRecord $_
            }
        }
    }
    catch {
        foreach ($target in @($inLine | Where-Object { $_.Phase -eq 'notice' })) {
            Complete-Untold -Run $Run -Target $target -ErrorRecord $_
        }
    }
    finally {
        if ($key) {
            $key.Dispose()
        }
    }
}

Function Complete-Untold {
    <#
    .SYNOPSIS
    Ends the way of a session whose notice could not be written down. Without its record it would be given again and again, so it is not given.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The session.

    .PARAMETER ErrorRecord
    Why.
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
        [System.Management.Automation.ErrorRecord]
        $ErrorRecord
    )

    $exception = $ErrorRecord.Exception.GetBaseException()
    $code = $null
    if ($exception -is [System.ComponentModel.Win32Exception]) {
        $code = $exception.NativeErrorCode
    }
    $detail = "$(Format-SessionName -Record $Target.Record) was not told: $($exception.Message)"
    Complete-Target -Run $Run -Target $Target -Outcome 'failed' -Detail $detail -ErrorCode $code
}

Function Write-Notice {
    <#
    .SYNOPSIS
    Writes a notice down, unless another controller was faster.

    .PARAMETER Run
    The run.

    .PARAMETER Board
    What Open-NoticeBoard returned.

    .PARAMETER Target
    The session.

    .PARAMETER Key
    The registry key.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Board,

        [Parameter(Mandatory)]
        [hashtable]
        $Target,

        [Parameter(Mandatory)]
        [object]
        $Key
    )

    $token = $Target.Record.token
    $now = Get-TargetTime -Facts $Target.NoticeFacts
    $before = $null
    $null = $Board.Records.TryGetValue($token, [ref]$before)
    $there = ConvertTo-NoticeRecord -Text $Key.GetText($token)
    $isNew = $there -and ($null -eq $before -or $there.Nonce -ne $before.Nonce)
    if ($isNew -and (Test-ValidNotice -Run $Run -Board $Board -Target $Target -Record $there -Facts $Target.NoticeFacts)) {
        Complete-InGrace -Run $Run -Board $Board -Target $Target -Record $there -Now $now
        return
    }
    $Target.Notice = @{
        Notified = $now
        Due = $now + $Board.Grace
        Nonce = [Guid]::NewGuid().ToString()
        Server = $Board.Server
        Selection = $Board.Selection
    }
    $Key.SetText($token, (ConvertFrom-NoticeRecord -Record $Target.Notice))
}

Function Complete-Notice {
    <#
    .SYNOPSIS
    Sends the message of a notice that was written down, unless another controller wrote later and sends its own.

    .PARAMETER Run
    The run.

    .PARAMETER Board
    What Open-NoticeBoard returned.

    .PARAMETER Target
    The session.

    .PARAMETER Key
    The registry key.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Board,

        [Parameter(Mandatory)]
        [hashtable]
        $Target,

        [Parameter(Mandatory)]
        [object]
        $Key
    )

    try {
        $there = ConvertTo-NoticeRecord -Text $Key.GetText($Target.Record.token)
        if (-not $there) {
            throw "its record in HKLM\$script:noticeKey was gone or spoilt right after it had been written"
        }
    }
    catch {
        # A record of a notice that nobody got would end the session without one.
        $Key.Remove($Target.Record.token)
        throw
    }
    if ($there.Nonce -eq $Target.Notice.Nonce) {
        Send-NoticeMessage -Run $Run -Board $Board -Target $Target
    }
    else {
        Complete-InGrace -Run $Run -Board $Board -Target $Target -Record $there -Now $Target.Notice.Notified
    }
}

Function Confirm-Notice {
    <#
    .SYNOPSIS
    Reads a session again right before its user is told.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The session.
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

    $status = Get-TargetStatus -Run $Run -Target $Target
    if (Complete-Departed -Run $Run -Target $Target -Status $status) {
        return
    }
    $name = Format-SessionName -Record $Target.Record
    if ($status.Status -ne 'same' -or $null -eq $status.Facts) {
        Complete-Target -Run $Run -Target $Target -Outcome 'failed' -Detail "reading $name again before telling it failed. $($status.Text)" -ErrorCode $status.Code
        return
    }
    $Target.Action = 'notify'
    $Target.NoticeFacts = $status.Facts
    if ($Run.CheckMode) {
        Complete-Target -Run $Run -Target $Target -Outcome 'planned' -Detail "$name would be told"
    }
}

Function Send-NoticeMessage {
    <#
    .SYNOPSIS
    Shows the notice in a session. Where that fails its grace runs all the same.

    .PARAMETER Run
    The run.

    .PARAMETER Board
    What Open-NoticeBoard returned.

    .PARAMETER Target
    The session.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Board,

        [Parameter(Mandatory)]
        [hashtable]
        $Target
    )

    $name = Format-SessionName -Record $Target.Record
    $grace = [Math]::Ceiling($Board.Grace / $script:ticksPerSecond)
    $Target.DueInSeconds = [long]$grace
    $detail = "$name was told, its grace ends in $grace s"
    $code = $null
    # WTSActive: in any other state there is no screen that shows it.
    if ($Target.NoticeFacts.State -ne 0) {
        $detail = "$name could not be told, it has no screen; its grace ends in $grace s"
    }
    else {
        try {
            $box = Send-SessionMessage -Server $Run.Server -Id $Target.Record.id -Message $Run.Params.notice -DisplaySeconds $grace
            $null = $box.WaitForAnswer(0)
            if ($Target.NoticeFacts.Locked) {
                $detail = "$name is locked: its user sees the notice when coming back; its grace ends in $grace s"
            }
        }
        catch {
            $code = Get-WtsErrorCode -ErrorRecord $_
            $detail = "$name could not be told, its grace ends in $grace s all the same. $(Format-WtsError -ErrorRecord $_)"
        }
    }
    Complete-Target -Run $Run -Target $Target -Outcome 'notified' -Detail $detail -ErrorCode $code
}

Function Close-NoticeBoard {
    <#
    .SYNOPSIS
    Removes the notices of sessions that have ended, or that this selection gave and does not select any more: for them the next time is a
    first time again.

    .PARAMETER Run
    The run.

    .PARAMETER Board
    What Open-NoticeBoard returned.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run,

        [Parameter(Mandatory)]
        [hashtable]
        $Board
    )

    if ($Run.CheckMode) {
        return
    }
    # Every session that is there, by token, and what this run has to do with it.
    $present = @{}
    foreach ($entry in $Run.Entries) {
        $present[$entry.Record.token] = 'not selected'
    }
    foreach ($target in $Run.Targets) {
        $present[$target.Record.token] = $target.Outcome
    }
    $old = @(
        foreach ($token in $Board.Records.Keys) {
            $record = $Board.Records[$token]
            $othersTask = $present[$token] -eq 'not selected' -and $record.Selection -ne $Board.Selection
            if ($record.Server -eq $Board.Server -and -not $othersTask -and $script:keptOutcomes -notcontains $present[$token]) {
                $token
            }
        }
    )
    if (-not $old) {
        return
    }
    $key = $null
    try {
        $key = [Winops.RegistryKey]::OpenWrite($script:noticeKey, $true)
        foreach ($token in $old) {
            # Only what was there at the start: another controller may have written since.
            $there = ConvertTo-NoticeRecord -Text $key.GetText($token)
            if ($there -and $there.Nonce -eq $Board.Records[$token].Nonce) {
                $key.Remove($token)
            }
        }
    }
    catch {
        $Run.Module.Warn("Old notices could not be removed: $($_.Exception.GetBaseException().Message)")
    }
    finally {
        if ($key) {
            $key.Dispose()
        }
    }
}

Export-ModuleMember -Function 'Close-NoticeBoard', 'Open-NoticeBoard', 'Send-Notice', 'Test-NoticeOver'
