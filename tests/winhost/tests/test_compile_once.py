# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The PowerShell of the simulated hosts keeps the C# that Ansible compiles in it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import ansible
import pytest

from project import CORES
from winhost import compile_once, pwsh

ADD_TYPE = Path('module_utils', 'powershell', 'Ansible.ModuleUtils.AddType.psm1')
ANSIBLE = Path(ansible.__file__).parent
ONE = 'public static class One { public static string Name { get { return "one"; } } }'
TWO = 'public static class Two { public static string Name { get { return "two" + One.Name; } } }'


@pytest.fixture(scope='module')
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(compile_once.FOLDER, str(tmp_path_factory.mktemp('compiled')))
        yield compile_once.environment()


def run(variables: dict[str, str], script: str, core: Path = ANSIBLE) -> str:
    """What the script prints, in a PowerShell that has Add-CSharpType."""
    done = subprocess.run(
        [
            pwsh.find(),
            '-NoProfile',
            '-NonInteractive',
            '-Command',
            f"Import-Module '{core / ADD_TYPE}' 3> $null\n{script}",
        ],
        env=pwsh.environment() | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout


def compiled(variables: dict[str, str]) -> dict[str, int]:
    """The kept files and their moments, in nanoseconds."""
    folder = Path(variables['DOTNET_STARTUP_HOOKS']).parent
    return {str(path): path.stat().st_mtime_ns for path in folder.glob('*/*')}


def test_the_same_sources_are_compiled_once_in_any_order(variables: dict[str, str]) -> None:
    before = compiled(variables)
    assert run(variables, f"Add-CSharpType -References '{ONE}', '{TWO}'; [Two]::Name") == 'twoone\n'
    kept = compiled(variables)
    assert len(kept) == len(before) + 2  # the code and its symbols
    assert run(variables, f"Add-CSharpType -References '{TWO}', '{ONE}'; [Two]::Name") == 'twoone\n'
    assert compiled(variables) == kept


@pytest.mark.skipif(not CORES['2.21'].present, reason=CORES['2.21'].missing)
def test_the_code_is_kept_without_symbols_if_ansible_asks_for_none(variables: dict[str, str]) -> None:
    (core,) = CORES['2.21'].venv.glob('lib/*/site-packages/ansible')
    script = f"Add-CSharpType -References '{ONE.replace('One', 'Other')}'; [Other]::Name"
    before = compiled(variables)
    assert run(variables, script, core) == 'one\n'
    kept = compiled(variables)
    assert len(kept) == len(before) + 1
    assert run(variables, script, core) == 'one\n'
    assert compiled(variables) == kept


def test_other_sources_and_other_symbols_are_other_assemblies(variables: dict[str, str]) -> None:
    source = ONE.replace('"one"', '\n#if NEW\n"new"\n#else\n"old"\n#endif\n')
    assert run(variables, f"Add-CSharpType -References '{source}'; [One]::Name") == 'old\n'
    assert run(variables, f"Add-CSharpType -References '{source}' -CompileSymbols NEW; [One]::Name") == 'new\n'
    assert run(variables, f"Add-CSharpType -References '{source.replace('old', 'older')}'; [One]::Name") == 'older\n'


def test_compiles_if_nothing_can_be_kept(variables: dict[str, str], tmp_path: Path) -> None:
    moved = tmp_path / 'moved'
    shutil.copytree(Path(variables['DOTNET_STARTUP_HOOKS']).parent, moved)
    script = f"Remove-Item -Recurse '{moved}'; 1 > '{moved}'; Add-CSharpType -References '{ONE}'; [One]::Name"
    assert run({'DOTNET_STARTUP_HOOKS': str(moved / 'hook.dll')}, script) == 'one\n'
    assert moved.is_file()  # not a folder


def test_one_process_compiles_the_same_sources_again(variables: dict[str, str]) -> None:
    assert run(variables, f"1..3 | % {{ Add-CSharpType -References '{ONE}' }}; [One]::Name") == 'one\n'


def test_an_error_is_that_of_the_compiler_and_is_not_kept(variables: dict[str, str]) -> None:
    before = compiled(variables)
    script = 'try { Add-CSharpType -References \'public class Bad { int x = y; }\' } catch { "$_" }'
    first = run(variables, script)
    assert 'error CS0103' in first
    assert run(variables, script) == first
    assert compiled(variables) == before


def test_compiles_in_each_call_unless_it_is_asked_to_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(compile_once.FOLDER)
    assert compile_once.environment() == {}


def test_compiles_in_each_call_if_the_hook_cannot_be_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / 'pwsh'
    other.write_text('#!/bin/sh\necho no such parameter; exit 1\n')
    other.chmod(0o755)
    monkeypatch.setenv('PWSH', str(other))
    monkeypatch.setenv(compile_once.FOLDER, str(tmp_path / 'compiled'))
    with pytest.warns(UserWarning, match='compiles all C# in each call.*: no such parameter'):
        assert compile_once.environment() == {}
    assert list((tmp_path / 'compiled').iterdir()) == []
