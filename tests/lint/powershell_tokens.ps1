# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Reads {name: source} as JSON from standard input.
# Writes {name: [[kind, flags, text, line, column, end line, end column], ...]}.

using namespace System.Management.Automation.Language

$sources = [Console]::In.ReadToEnd() | ConvertFrom-Json -AsHashtable
$found = @{}
foreach ($name in $sources.Keys) {
    $tokens = $errors = $null
    [void][Parser]::ParseInput($sources[$name], [ref]$tokens, [ref]$errors)
    $found[$name] = @(foreach ($token in $tokens) {
            $extent = $token.Extent
            , @(
                "$($token.Kind)", "$($token.TokenFlags)", $token.Text,
                $extent.StartLineNumber, $extent.StartColumnNumber, $extent.EndLineNumber, $extent.EndColumnNumber
            )
        })
}
ConvertTo-Json -InputObject $found -Depth 4 -Compress
