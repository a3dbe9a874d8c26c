# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The functions in this file are meant for use within this collection and
# may change or be removed in any release without notice.

# Shows message boxes in sessions and brings back the answers.

#AnsibleRequires -CSharpUtil ansible_collections.winops.sessions.plugins.module_utils._Wts
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._UserSession
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._Selection
#AnsibleRequires -PowerShell ansible_collections.winops.sessions.plugins.module_utils._SessionList

# "MessageBoxW function": MB_ICON*, MB_OK*, MB_SETFOREGROUND and MB_TOPMOST.
$script:iconStyles = @{ none = 0; error = 0x10; warning = 0x30; information = 0x40 }
$script:buttonStyles = @{ ok = 0; ok_cancel = 1; yes_no = 4 }
$script:topmost = 0x10000 -bor 0x40000
$script:answers = @{ 1 = 'ok'; 2 = 'cancel'; 6 = 'yes'; 7 = 'no' }

# A box without a title is shown as "Error" by some versions of Windows.
$script:defaultTitle = 'Message from the administrator'

# The RPC that carries a message takes 1,024 bytes of each text.
$script:longestText = 512

# Errors of the API that say that there is no such session.
$script:goneCodes = @(2, 7022)

Function Send-SessionMessage {
    <#
    .SYNOPSIS
    Shows a message box in a session.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Id
    The session.

    .PARAMETER Message
    A dictionary of text, title and icon.

    .PARAMETER Buttons
    ok, ok_cancel or yes_no.

    .PARAMETER DisplaySeconds
    When the box closes by itself; 0: never.

    .PARAMETER Wait
    Whether an answer is wanted.

    .OUTPUTS
    The message box, to be asked for the answer.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [long]
        $Id,

        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Message,

        [string]
        $Buttons = 'ok',

        [double]
        $DisplaySeconds = 0,

        [switch]
        $Wait
    )

    $title = $Message.title
    if (-not $title) {
        $title = $script:defaultTitle
    }
    $style = $script:iconStyles[$Message.icon] -bor $script:buttonStyles[$Buttons] -bor $script:topmost
    $seconds = [long][Math]::Min([Math]::Ceiling($DisplaySeconds), [int]::MaxValue)
    $Server.Api.Send($Id, $title, $Message.text, $style, $seconds, $Wait)
}

Function Assert-MessageText {
    <#
    .SYNOPSIS
    Fails for a text that the API would cut or refuse.

    .PARAMETER Message
    A dictionary of text and title.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Message
    )

    foreach ($option in 'text', 'title') {
        $length = "$($Message[$option])".Length
        if ($length -gt $script:longestText) {
            throw "${option}: $length UTF-16 units are too long for a message box, it takes $script:longestText"
        }
    }
}

Function Invoke-SessionMessage {
    <#
    .SYNOPSIS
    Sends a message to the selected sessions, as the module's result.

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
        Assert-MessageText -Message $params
        $wait = ConvertTo-Second -Value $params.wait -Option 'wait'
        # A box whose answer nobody waits for any more is not left standing.
        $display = $wait
        if ($null -ne $params.display_for) {
            $display = ConvertTo-Second -Value $params.display_for -Option 'display_for'
        }
        $criteria = Get-SessionCriteria -Params $params
        $entries = @(Get-SessionEntryList -Module $Module -Server $server -Criteria $criteria -WithClient)

        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        $sent = @(
            foreach ($entry in $entries) {
                if (Get-SessionSelection -Server $server -Record $entry.Record -Criteria $criteria) {
                    $item = @{ Entry = $entry; Outcome = $null; Answer = $null; Detail = $null; ErrorCode = $null; Box = $null; Deadline = 0.0 }
                    Send-ToEntry -Module $Module -Server $server -Item $item -Wait $wait -Display $display -Clock $clock
                    $item
                }
            }
        )
        foreach ($item in $sent) {
            if ($item.Box) {
                Receive-Answer -Server $server -Item $item -Clock $clock
            }
        }

        $result = $Module.Result
        $result.sessions = @(
            foreach ($item in $sent) {
                $record = $item.Entry.Record
                $record.outcome = $item.Outcome
                $record.answer = $item.Answer
                $record.detail = $item.Detail
                $record.error_code = $item.ErrorCode
                $record
            }
        )
        $told = @($sent | Where-Object { $_.Outcome -in @('sent', 'answered', 'timed_out', 'planned') })
        $result.changed = $told.Count -gt 0
        $result.host_time = Get-HostTime -Server $server -Entries $entries
        $counts = @($sent | Group-Object -Property { $_.Outcome } | ForEach-Object { "$($_.Count) $($_.Name)" })
        $result.msg = (@("$($sent.Count) selected") + $counts) -join ', '
        if ($Module.DiffMode) {
            $text = $params.text -replace '\s+', ' '
            $lines = @($told | ForEach-Object { "told $(Format-SessionName -Record $_.Entry.Record): $text`n" })
            $Module.Diff.before = ''
            $Module.Diff.after = $lines -join ''
        }

        $bad = @($sent | Where-Object { $_.Outcome -eq 'failed' })
        if ($bad) {
            "$($bad.Count) of $($sent.Count) sessions: $(@($bad | ForEach-Object { $_.Detail }) -join '; ')"
        }
    }
}

Function Send-ToEntry {
    <#
    .SYNOPSIS
    Sends the module's message to one session, after a last look at whose it is.

    .PARAMETER Module
    The Ansible module.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Item
    The session and what becomes of its message.

    .PARAMETER Wait
    How many seconds to wait for an answer.

    .PARAMETER Display
    After how many seconds the box closes by itself.

    .PARAMETER Clock
    The clock that deadlines are measured with.
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
        $Item,

        [double]
        $Wait,

        [double]
        $Display,

        [Parameter(Mandatory)]
        [System.Diagnostics.Stopwatch]
        $Clock
    )

    $record = $Item.Entry.Record
    $name = Format-SessionName -Record $record
    if ($record.state -ne 'active') {
        $Item.Outcome = 'not_active'
        $Item.Detail = "$name is $($record.state): nobody would see the message"
        return
    }
    try {
        $read = Get-SessionFact -Server $Server -Id $record.id
        $now = $null
        if ($null -ne $read.Facts) {
            $now = ConvertTo-SessionRecord -Server $Server -Row $Item.Entry.Row -Facts $read.Facts
        }
        if ($script:goneCodes -contains $read.Code -or ($now -and -not (Test-SameText -A $now.token -B $record.token))) {
            $Item.Outcome = 'session_changed'
            $Item.Detail = "$name is not there any more"
            return
        }
        if ($null -eq $now) {
            $Item.Outcome = 'failed'
            $Item.ErrorCode = $read.Code
            $Item.Detail = "reading $name again before sending failed. $($read.Text)"
            return
        }
        if ($now.state -ne 'active') {
            $Item.Outcome = 'not_active'
            $Item.Detail = "$name is $($now.state) by now: nobody would see the message"
            return
        }
        if ($Module.CheckMode) {
            $Item.Outcome = 'planned'
            $Item.Detail = "$name would be told"
            return
        }

        # Nobody sits before a locked screen: the message is there when the user comes back, and is not waited for.
        $asks = $Wait -gt 0 -and -not $now.locked
        $box = Send-SessionMessage -Server $Server -Id $record.id -Message $Module.Params -Buttons $Module.Params.buttons -DisplaySeconds $Display -Wait:$asks
        if ($asks) {
            $Item.Box = $box
            $Item.Deadline = $Clock.Elapsed.TotalSeconds + $Wait
        }
        else {
            $null = $box.WaitForAnswer(0)
            $Item.Outcome = 'sent'
            $Item.Detail = "$name was told"
            if ($now.locked) {
                $Item.Detail = "$name is locked: its user sees the message when coming back"
                if ($Display -gt 0) {
                    $Item.Detail = "$($Item.Detail) in the next $Display s"
                }
            }
        }
    }
    catch {
        Stop-Message -Server $Server -Item $Item -ErrorRecord $_
    }
}

Function Stop-Message {
    <#
    .SYNOPSIS
    Writes down that a message did not arrive, or was not answered because its session ended.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Item
    The session and what becomes of its message.

    .PARAMETER ErrorRecord
    The error that was caught.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [hashtable]
        $Item,

        [Parameter(Mandatory)]
        [System.Management.Automation.ErrorRecord]
        $ErrorRecord
    )

    $name = Format-SessionName -Record $Item.Entry.Record
    $Item.ErrorCode = Get-WtsErrorCode -ErrorRecord $ErrorRecord
    if ($script:goneCodes -contains $Item.ErrorCode) {
        $Item.Outcome = 'session_changed'
        $Item.Detail = "$name left before it had read the message or answered"
        return
    }
    $Item.Outcome = 'failed'
    $Item.Detail = "sending to $name failed. $(Format-WtsError -ErrorRecord $ErrorRecord -ServerName $Server.Name)"
}

Function Receive-Answer {
    <#
    .SYNOPSIS
    Waits for the answer to one message, until its deadline.

    .PARAMETER Server
    What Open-SessionServer returned.

    .PARAMETER Item
    The session and what becomes of its message.

    .PARAMETER Clock
    The clock that deadlines are measured with.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]
        [hashtable]
        $Server,

        [Parameter(Mandatory)]
        [hashtable]
        $Item,

        [Parameter(Mandatory)]
        [System.Diagnostics.Stopwatch]
        $Clock
    )

    $name = Format-SessionName -Record $Item.Entry.Record
    try {
        $left = [Math]::Max(0, [Math]::Ceiling(($Item.Deadline - $Clock.Elapsed.TotalSeconds) * 1000))
        $response = $Item.Box.WaitForAnswer([int][Math]::Min($left, [int]::MaxValue))
        $Item.Answer = $script:answers[$response]
        if ($Item.Answer) {
            $Item.Outcome = 'answered'
            $Item.Detail = "$name answered $($Item.Answer)"
        }
        else {
            $Item.Outcome = 'timed_out'
            $Item.Detail = "$name was told and did not answer in time"
        }
    }
    catch {
        Stop-Message -Server $Server -Item $Item -ErrorRecord $_
    }
}

Export-ModuleMember -Function 'Assert-MessageText', 'Invoke-SessionMessage', 'Send-SessionMessage'
