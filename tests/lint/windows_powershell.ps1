# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Lists the parts of PowerShell sources that Windows PowerShell 5.1 does not support. Reads JSON from standard input,
#   {"commands": {name: null, or its newer parameters}, "sources": {name: text}}
# and writes {name: ["LINE: what", ...]} for all sources. Every source may call the functions of all the others.

using namespace System.Management.Automation.Language

$request = [Console]::In.ReadToEnd() | ConvertFrom-Json -AsHashtable

# about_Automatic_Variables: those that came after 5.1.
$newVariables = @(
    'IsCoreCLR', 'IsLinux', 'IsMacOS', 'IsWindows', 'EnabledExperimentalFeatures', 'PSStyle'
    'PSNativeCommandArgumentPassing', 'PSNativeCommandUseErrorActionPreference'
)
# Members of .NET that .NET Framework 4.x does not have.
$newMembers = @(
    'Clamp', 'UnixEpoch', 'ToHexString', 'FromHexString', 'ReplaceLineEndings', 'GetRelativePath', 'AsSpan'
    'WaitForExitAsync', 'ArgumentList', 'TotalMicroseconds'
)

function Get-NewSyntax {
    param([Ast] $Ast)

    foreach ($node in $Ast.FindAll({ $true }, $true)) {
        $what = switch ($node) {
            { $_ -is [TernaryExpressionAst] } { 'the ternary operator' }
            { $_ -is [PipelineChainAst] } { 'a pipeline chain' }
            { $_ -is [PipelineAst] -and $_.Background } { 'a background operator' }
            { $_ -is [BinaryExpressionAst] -and $_.Operator -eq 'QuestionQuestion' } { 'the operator ??' }
            { $_ -is [AssignmentStatementAst] -and $_.Operator -eq 'QuestionQuestionEquals' } { 'the operator ??=' }
            { $_ -is [MemberExpressionAst] -and $_.NullConditional } { 'the operator ?.' }
            { $_ -is [IndexExpressionAst] -and $_.NullConditional } { 'the operator ?[' }
            { $_ -is [InvokeMemberExpressionAst] -and $_.GenericTypeArguments.Count } { 'a generic method call' }
            { $_ -is [ScriptBlockAst] -and $null -ne $_.CleanBlock } { 'a clean block' }
            { $_ -is [VariableExpressionAst] -and $_.VariablePath.UserPath -in $newVariables } { "the variable `$$($node.VariablePath.UserPath)" }
            { $_ -is [MemberExpressionAst] -and $_.Member -is [StringConstantExpressionAst] -and $_.Member.Value -in $newMembers } {
                "the member $($node.Member.Value)"
            }
            # Windows PowerShell supports only suffixes such as 1l, 1d and 1kb.
            { $_ -is [ConstantExpressionAst] -and $_ -isnot [StringConstantExpressionAst] -and $_.Extent.Text -match '^[+-]?(0b|[\d.].*[uysn]l?$)' } {
                "the number $($node.Extent.Text)"
            }
            # A string with `u{263a} or `e in it; doubled backticks are plain ones.
            { $_ -is [StringConstantExpressionAst] -or $_ -is [ExpandableStringExpressionAst] } {
                $isExpandable = $node.StringConstantType -in 'DoubleQuoted', 'DoubleQuotedHereString', 'BareWord'
                if ($isExpandable -and ($node.Extent.Text -replace '``') -cmatch '`(u\{|e)') {
                    'an escape of PowerShell 7 in a string'
                }
            }
        }
        foreach ($item in $what) { '{0}: {1}' -f $node.Extent.StartLineNumber, $item }
    }
}

function Get-NewCommand {
    param([Ast] $Ast, [hashtable] $Known)

    foreach ($command in $Ast.FindAll({ $args[0] -is [CommandAst] }, $true)) {
        $name = $command.GetCommandName()
        if (-not $name) { continue }
        $line = $command.Extent.StartLineNumber
        if (-not $Known.ContainsKey($name)) {
            '{0}: the command {1}' -f $line, $name
            continue
        }
        foreach ($element in $command.CommandElements) {
            if ($element -isnot [CommandParameterAst] -or -not $element.ParameterName) { continue }
            # A parameter may be cut to what is unambiguous; what could be a newer one is named in full or not used.
            $newer = @($Known[$name]) | Where-Object { $_ -and $_.StartsWith($element.ParameterName, 'OrdinalIgnoreCase') }
            foreach ($parameter in $newer) { '{0}: {1} -{2}' -f $line, $name, $parameter }
        }
    }
}

$trees = @{}
$problems = @{}
$known = @{}
foreach ($name in $request.commands.Keys) { $known[$name] = $request.commands[$name] }
foreach ($name in $request.sources.Keys) {
    $tokens = $errors = $null
    $trees[$name] = [Parser]::ParseInput($request.sources[$name], [ref] $tokens, [ref] $errors)
    $problems[$name] = @(foreach ($problem in $errors) { '{0}: {1}' -f $problem.Extent.StartLineNumber, $problem.Message })
    foreach ($function in $trees[$name].FindAll({ $args[0] -is [FunctionDefinitionAst] }, $true)) { $known[$function.Name] = $null }
}
foreach ($name in $request.sources.Keys) {
    $problems[$name] += @(Get-NewSyntax -Ast $trees[$name]) + @(Get-NewCommand -Ast $trees[$name] -Known $known)
}
ConvertTo-Json -InputObject $problems -Depth 3 -Compress
