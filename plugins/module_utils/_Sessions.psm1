# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

Function Get-SessionSelectionSpec {
    # .SYNOPSIS
    # The argument spec of the options that select sessions.
    param ()

    $states = @('active', 'connected', 'connect_query', 'shadow', 'disconnected', 'idle', 'listen', 'reset', 'down', 'init')
    @{
        options = @{
            client_names = @{ type = 'list'; elements = 'str' }
            exclude_users = @{ type = 'list'; elements = 'str' }
            ghosts = @{ type = 'bool'; default = $false }
            groups = @{ type = 'list'; elements = 'str' }
            locked = @{ type = 'bool' }
            max_disconnected = @{ type = 'str' }
            max_idle = @{ type = 'str' }
            max_logged_on = @{ type = 'str' }
            processes = @{ type = 'list'; elements = 'str' }
            server = @{ type = 'str' }
            session_ids = @{ type = 'list'; elements = 'int' }
            states = @{ type = 'list'; elements = 'str'; choices = $states }
            tokens = @{ type = 'list'; elements = 'str'; no_log = $false }
            users = @{ type = 'list'; elements = 'str' }
        }
    }
}

Function Complete-SessionModule {
    # .SYNOPSIS
    # Ends a module with the answer of the engine, of which it returns the given keys.
    param ($Module, $Answer, [string[]]$Key)

    foreach ($name in @($Key) + 'error_code') {
        if ($Answer.Result.Contains($name)) {
            $Module.Result[$name] = $Answer.Result[$name]
        }
    }
    foreach ($text in $Answer.Warnings) {
        $Module.Warn($text)
    }
    foreach ($text in $Answer.Events) {
        $Module.LogEvent($text)
    }
    if ($Module.DiffMode -and $null -ne $Answer.Before) {
        $Module.Diff.before = $Answer.Before
        $Module.Diff.after = $Answer.After
    }
    if ($null -ne $Answer.Failure) {
        $Module.FailJson($Answer.Failure)
    }
    $Module.ExitJson()
}

Export-ModuleMember -Function 'Complete-SessionModule', 'Get-SessionSelectionSpec'
