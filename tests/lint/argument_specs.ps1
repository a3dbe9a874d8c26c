# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Prints the argument specs of PowerShell modules as JSON, by module: each script is run up to its call of
# [Ansible.Basic.AnsibleModule]::Create, which hands out the spec instead of going on, as it does for ansible-test.
# Reads from its input {"add_type": PATH, "basic": PATH, "modules": {NAME: {"script": PATH, "utils": [PATH, ...]}}}.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$wanted = $input | Out-String | ConvertFrom-Json -AsHashtable
New-Module -Name AddType -ScriptBlock ([ScriptBlock]::Create((Get-Content -LiteralPath $wanted.add_type -Raw))) | Import-Module
Add-CSharpType -References @(Get-Content -LiteralPath $wanted.basic -Raw)

[Ansible.Basic.AnsibleModule]::_DebugArgSpec = $true
# Create writes the spec and ends the process. Here it stops the script only.
[Ansible.Basic.AnsibleModule]::WriteLine = { param ($line) }
[Ansible.Basic.AnsibleModule]::Exit = { param ($code) throw 'the spec is known' }

$specs = @{}
foreach ($name in $wanted.modules.Keys) {
    $module = $wanted.modules[$name]
    $shell = [PowerShell]::Create()
    foreach ($util in $module.utils) {
        $code = [ScriptBlock]::Create((Get-Content -LiteralPath $util -Raw))
        $null = $shell.AddCommand('New-Module').AddParameters(@{ Name = [IO.Path]::GetFileNameWithoutExtension($util); ScriptBlock = $code })
        $null = $shell.AddCommand('Import-Module').AddParameter('WarningAction', 'SilentlyContinue').AddStatement()
    }
    $null = $shell.AddScript((Get-Content -LiteralPath $module.script -Raw))
    $problem = $null
    try {
        $null = $shell.Invoke()
    }
    catch {
        $problem = "$_"
    }
    $spec = $shell.Runspace.SessionStateProxy.GetVariable('ansibleTestArgSpec')
    if ($null -eq $spec) {
        throw "${name}: the script did not get as far as its spec: $problem $($shell.Streams.Error)"
    }
    $specs[$name] = $spec
    $shell.Dispose()
}
ConvertTo-Json -InputObject $specs -Depth 20 -Compress
