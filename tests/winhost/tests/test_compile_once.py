# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The PowerShell of the simulated hosts keeps the C# that Ansible compiles in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import ansible
import pytest

from winhost import compile_once, pwsh

ADD_TYPE = Path(ansible.__file__).parent / 'module_utils' / 'powershell' / 'Ansible.ModuleUtils.AddType.psm1'
ONE = 'public static class One { public static string Name { get { return "one"; } } }'
TWO = 'public static class Two { public static string Name { get { return "two" + One.Name; } } }'


@pytest.fixture(scope='module')
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_once.environment(pwsh.find(), tmp_path_factory.mktemp('compiled'), HOME='/')


def run(variables: dict[str, str], script: str) -> str:
    """What the script prints, in a PowerShell that has Add-CSharpType."""
    done = subprocess.run(
        [pwsh.find(), '-NoProfile', '-NonInteractive', '-Command', f"Import-Module '{ADD_TYPE}' 3> $null\n{script}"],
        env=pwsh.environment() | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout


def compiled(variables: dict[str, str]) -> dict[str, int]:
    """The kept assemblies and the moments of their files, in nanoseconds."""
    folder = Path(variables['DOTNET_STARTUP_HOOKS']).parent
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != 'hook.dll'}


def test_the_same_sources_are_compiled_once_in_any_order(variables: dict[str, str]) -> None:
    before = compiled(variables)
    assert run(variables, f"Add-CSharpType -References '{ONE}', '{TWO}'; [Two]::Name") == 'twoone\n'
    kept = compiled(variables)
    assert len(kept) == len(before) + 2  # the code and its symbols
    assert run(variables, f"Add-CSharpType -References '{TWO}', '{ONE}'; [Two]::Name") == 'twoone\n'
    assert compiled(variables) == kept


def test_other_sources_and_other_symbols_are_other_assemblies(variables: dict[str, str]) -> None:
    source = ONE.replace('"one"', '\n#if NEW\n"new"\n#else\n"old"\n#endif\n')
    assert run(variables, f"Add-CSharpType -References '{source}'; [One]::Name") == 'old\n'
    assert run(variables, f"Add-CSharpType -References '{source}' -CompileSymbols NEW; [One]::Name") == 'new\n'
    assert run(variables, f"Add-CSharpType -References '{source.replace('old', 'older')}'; [One]::Name") == 'older\n'


def test_one_process_compiles_the_same_sources_again(variables: dict[str, str]) -> None:
    assert run(variables, f"1..3 | % {{ Add-CSharpType -References '{ONE}' }}; [One]::Name") == 'one\n'


def test_an_error_is_that_of_the_compiler_and_is_not_kept(variables: dict[str, str]) -> None:
    before = compiled(variables)
    script = 'try { Add-CSharpType -References \'public class Bad { int x = y; }\' } catch { "$_" }'
    first = run(variables, script)
    assert 'error CS0103' in first
    assert run(variables, script) == first
    assert compiled(variables) == before


def test_a_powershell_that_cannot_keep_anything_is_used_as_it_is(tmp_path: Path) -> None:
    other = tmp_path / 'pwsh'
    other.write_text('#!/bin/sh\necho no such parameter; exit 1\n')
    other.chmod(0o755)
    with pytest.warns(UserWarning, match='compiles all C# in each call.*: no such parameter'):
        assert compile_once.environment(other, tmp_path / 'compiled') == {}
    assert list((tmp_path / 'compiled').iterdir()) == []
