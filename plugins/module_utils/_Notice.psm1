# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The functions in this file are meant for use within this collection and
# may change or be removed in any release without notice.

# Remembers on the host whom a notice was given, so that a later run may act and nobody has to wait for it.
#
# One value per token in a volatile key: 1|<notified>|<due>|<nonce>, the moments as FILETIMEs of the host's own clock. The nonce tells
# which of several controllers that came at the same moment wrote last, and that one sends the message.

#AnsibleRequires -CSharpUtil ansible_collections.winops.sessions.plugins.module_utils._Wts
#AnsibleRequires -CSharpUtil ansible_collections.winops.sessions.plugins.module_utils._Registry
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._UserSession
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Selection
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Target
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Message

$script:noticeKey = 'SOFTWARE\winops\sessions\notices'
$script:noticePattern = '\A1\|([0-9]{1,18})\|([0-9]{1,18})\|([0-9a-f-]{36})\z'
$script:tokenPattern = '\A[0-9]{1,5}:[0-9]{1,19}:'
$script:ticksPerSecond = [TimeSpan]::TicksPerSecond

# A clock that was set back a little does not make a record worthless; a record from the far future is no record.
$script:tolerance = 300 * $script:ticksPerSecond
$script:longestGrace = 3650L * 86400 * $script:ticksPerSecond

# How long a controller lets others that came at the same moment write, before it looks who was last.
$script:settleMilliseconds = 500

Function Open-NoticeBoard {
    <#
    .SYNOPSIS
    Reads whom a notice was given.

    .PARAMETER Run
    The run.

    .OUTPUTS
    A hashtable: Records by token, Names of all values, Grace in ticks.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Run
    )

    Assert-MessageText -Message $Run.Params.notice
    $board = @{
        Records = New-Object -TypeName 'System.Collections.Generic.Dictionary[string,object]' -ArgumentList ([StringComparer]::OrdinalIgnoreCase)
        Names = @()
        Grace = [long]((ConvertTo-Second -Value $Run.Params.notice.grace -Option 'notice.grace') * $script:ticksPerSecond)
    }
    $key = [Winops.RegistryKey]::OpenRead($script:noticeKey)
    if ($null -eq $key) {
        return $board
    }
    try {
        $board.Names = @($key.ValueNames())
        foreach ($name in $board.Names) {
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

    if ($Text -match $script:noticePattern) {
        $record = @{ Notified = [long]$Matches[1]; Due = [long]$Matches[2]; Nonce = $Matches[3] }
        if ($record.Due -ge $record.Notified -and $record.Due - $record.Notified -le $script:longestGrace) {
            $record
        }
    }
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

Function Get-ValidNotice {
    <#
    .SYNOPSIS
    The notice that was given to a session, where it counts.

    .PARAMETER Board
    What Open-NoticeBoard returned.

    .PARAMETER Target
    The session.

    .PARAMETER Now
    The host's clock.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Board,

        [Parameter(Mandatory)]
        [hashtable]
        $Target,

        [Parameter(Mandatory)]
        [long]
        $Now
    )

    $record = $null
    if (-not $Board.Records.TryGetValue($Target.Record.token, [ref]$record)) {
        return
    }
    if ($record.Notified -gt $Now + $script:tolerance) {
        return
    }
    # Whoever has touched the keyboard since was back, even if no run came by to see it: for a user who is idle again it is a first time again.
    $cameBack = $Target.Entry.Facts -and $Target.Entry.Facts.LastInputTime -gt $record.Notified
    if ($cameBack -and $Target.Selection.Reached.Count -eq 1 -and $Target.Selection.Reason -eq 'max_idle') {
        return
    }
    $record
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
    $now = Get-TargetTime -Facts $Target.Entry.Facts
    $record = Get-ValidNotice -Board $Board -Target $Target -Now $now
    if (-not $record) {
        $Target.Phase = 'notice'
        return $false
    }
    # Never earlier than what the user was told, nor than what is asked for now.
    $due = [Math]::Max($record.Due, $record.Notified + $Board.Grace)
    if ($now -ge $due) {
        return $true
    }
    Complete-InGrace -Run $Run -Target $Target -Record $record -Due $due -Now $now
    $false
}

Function Complete-InGrace {
    <#
    .SYNOPSIS
    Writes down that a session's grace still runs.

    .PARAMETER Run
    The run.

    .PARAMETER Target
    The session.

    .PARAMETER Record
    The notice.

    .PARAMETER Due
    When its grace ends.

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
        $Target,

        [Parameter(Mandatory)]
        [hashtable]
        $Record,

        [Parameter(Mandatory)]
        [long]
        $Due,

        [Parameter(Mandatory)]
        [long]
        $Now
    )

    $Target.Started = $Run.Clock.Elapsed.TotalSeconds
    $Target.DueInSeconds = [long][Math]::Ceiling(($Due - $Now) / $script:ticksPerSecond)
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

    $inLine = @($Run.Targets | Where-Object { $_.Phase -eq 'notice' })
    foreach ($target in $inLine) {
        $target.Started = $Run.Clock.Elapsed.TotalSeconds
        try {
            Confirm-Notice -Run $Run -Target $target
        }
        catch {
            Complete-Target -Run $Run -Target $target -Outcome 'failed' -Detail (Format-WtsError -ErrorRecord $_) -ErrorCode (Get-WtsErrorCode -ErrorRecord $_)
        }
    }
    $inLine = @($inLine | Where-Object { $_.Phase -eq 'notice' })
    if (-not $inLine) {
        return
    }

    $key = $null
    try {
        $key = [Winops.RegistryKey]::OpenWrite($script:noticeKey, $true)
        $written = @{}
        foreach ($target in $inLine) {
            $now = Get-TargetTime -Facts $target.NoticeFacts
            $record = @{ Notified = $now; Due = $now + $Board.Grace; Nonce = [Guid]::NewGuid().ToString() }
            $key.SetText($target.Record.token, "1|$($record.Notified)|$($record.Due)|$($record.Nonce)")
            $written[$target.Record.token] = $record
        }
        Start-Sleep -Milliseconds $script:settleMilliseconds
        foreach ($target in $inLine) {
            $mine = $written[$target.Record.token]
            $there = ConvertTo-NoticeRecord -Text $key.GetText($target.Record.token)
            if ($there -and $there.Nonce -ne $mine.Nonce) {
                Complete-InGrace -Run $Run -Target $target -Record $there -Due $there.Due -Now $mine.Notified
            }
            else {
                Send-NoticeMessage -Run $Run -Board $Board -Target $target
            }
        }
    }
    catch {
        # Without its record a notice would be given again and again, so none is given.
        foreach ($target in @($inLine | Where-Object { $_.Phase -eq 'notice' })) {
            $detail = "$(Format-SessionName -Record $target.Record) was not told: $($_.Exception.GetBaseException().Message)"
            Complete-Target -Run $Run -Target $target -Outcome 'failed' -Detail $detail -ErrorCode (Get-NoticeErrorCode -ErrorRecord $_)
        }
    }
    finally {
        if ($key) {
            $key.Dispose()
        }
    }
}

Function Get-NoticeErrorCode {
    <#
    .SYNOPSIS
    The Win32 code of a failure of the registry.

    .PARAMETER ErrorRecord
    The error that was caught.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [System.Management.Automation.ErrorRecord]
        $ErrorRecord
    )

    $exception = $ErrorRecord.Exception.GetBaseException()
    if ($exception -is [System.ComponentModel.Win32Exception]) {
        return $exception.NativeErrorCode
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
    Removes the notices of sessions that have ended or are not selected any more: for them the next time is a first time again.

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
    $keep = @(
        foreach ($target in $Run.Targets) {
            if ($target.Outcome -in @('notified', 'in_grace', 'failed', 'still_present')) {
                $target.Record.token
            }
        }
    )
    # Only what was there at the start: another controller may have written since.
    $old = @($Board.Names | Where-Object { $_ -match $script:tokenPattern -and $keep -notcontains $_ })
    if (-not $old) {
        return
    }
    $key = $null
    try {
        $key = [Winops.RegistryKey]::OpenWrite($script:noticeKey, $true)
        foreach ($name in $old) {
            $key.Remove($name)
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
