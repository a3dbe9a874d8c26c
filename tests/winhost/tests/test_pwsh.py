# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which PowerShell the simulated hosts run."""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from winhost import pwsh

CARRIED = Path(__file__).resolve().parents[2] / 'powershell'


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without PowerShell: an empty folder is all of its PATH."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    monkeypatch.delenv('PWSH', raising=False)
    monkeypatch.setenv('PATH', str(folder))
    return folder


def executable(path: Path) -> Path:
    path.touch(0o755)
    return path


def test_the_pwsh_variable_has_precedence(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(bare / 'pwsh')
    mine = executable(tmp_path / 'mine')
    monkeypatch.setenv('PWSH', str(mine))
    assert pwsh.find() == mine


def test_refuses_a_pwsh_variable_without_a_program(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(bare / 'pwsh')
    monkeypatch.setenv('PWSH', '/nowhere/pwsh')
    with pytest.raises(FileNotFoundError, match=r"PWSH='/nowhere/pwsh' .* Example:"):
        pwsh.find()


def test_a_pwsh_on_path_comes_second(bare: Path) -> None:
    there = executable(bare / 'pwsh')
    assert pwsh.find() == there


def test_the_archive_is_used_last(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = tmp_path / 'unpacked'
    monkeypatch.setattr(pwsh, 'unpack', lambda folder: unpacked / folder.name)
    assert pwsh.find() == unpacked / 'pwsh'


@pytest.mark.slow
def test_two_that_unpack_at_once_without_xz_have_one_working_powershell(bare: Path, tmp_path: Path) -> None:
    for tool in ('dirname', 'mkdir', 'mktemp', 'mv', 'rm'):
        (bare / tool).symlink_to(shutil.which(tool, path=os.defpath) or tool)
    folder = tmp_path / 'a folder'
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(pwsh.unpack, [folder, folder])
    assert first == second
    assert [path.name for path in folder.iterdir()] == [first.parent.name]
    assert pwsh.unpack(folder) == first
    environment = {'DOTNET_SYSTEM_GLOBALIZATION_INVARIANT': '1', 'HOME': str(tmp_path)}
    done = subprocess.run(
        [first, '-NoProfile', '-Command', '"$([cultureinfo]::CurrentCulture.LCID) $(6 * 7)"'],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == '127 42\n'  # 127: the invariant culture


def test_the_output_of_an_installer_that_fails_is_reported(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(RuntimeError, match=f'into {tmp_path}/file: .*file'):
        pwsh.unpack(tmp_path / 'file')


def test_a_machine_without_libicu_gets_invariant_globalization(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('ctypes.util.find_library', lambda name: None)
    assert pwsh.environment() == {'DOTNET_SYSTEM_GLOBALIZATION_INVARIANT': '1'}
    monkeypatch.setattr('ctypes.util.find_library', lambda name: f'lib{name}.so.72')
    assert pwsh.environment() == {}


def test_the_module_prints_the_path(tmp_path: Path) -> None:
    mine = executable(tmp_path / 'mine')
    environment = {**os.environ, 'PWSH': str(mine), 'PYTHONPATH': str(CARRIED.parent)}
    done = subprocess.run(
        [sys.executable, '-m', 'winhost.pwsh'], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == f'{mine}\n'


def test_the_archive_of_the_sources_contains_their_licences() -> None:
    with lzma.open(CARRIED / 'src.tar.xz') as packed, tarfile.open(fileobj=packed) as archive:
        names = set(archive.getnames())
    assert {'src/LICENSES/MIT.txt', 'src/LICENSES/NOTICE.txt', 'src/pack.sh', 'conformance/compare.py'} <= names
