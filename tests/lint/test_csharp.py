# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The C# sources compile without a warning as C# 5 for .NET Framework 4.6.2, as Windows PowerShell 5.1 compiles them.

Windows PowerShell uses the compiler of .NET Framework, which supports C# 5, and Ansible treats a warning as an error.
The compiler in pwsh checks the language version. Mono's has the reference assemblies of .NET Framework 4.6.2 as well,
so it also finds calls of newer members.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from project import ROOT
from winhost import pwsh

SOURCES = sorted((ROOT / 'plugins' / 'module_utils').glob('*.cs'))

# "Dynamic-link library search order": Windows loads its known DLLs from the system folder, wherever a program looks.
KNOWN_DLLS = {'advapi32.dll', 'kernel32.dll'}
# It concerns the whole assembly, which all sources of a module form, and may occur in it only once.
SYSTEM32 = '[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]\n'

CSHARP_6 = 'public class Newer { public int Number => 1; }'
UNUSED_FIELD = 'public class Unused { private int field; }'
# HashSet.TryGetValue came with .NET Framework 4.7.2.
FRAMEWORK_4_7_2 = """
using System.Collections.Generic;
public class Newest { public bool Has(HashSet<string> all, out string one) { return all.TryGetValue("", out one); } }
"""

# Ansible compiles a module's utilities together, and they may use each other.
ADD_TYPE = """
$paths = [Console]::In.ReadToEnd() | ConvertFrom-Json
try {
    Add-Type -LiteralPath $paths -CompilerOptions '-langversion:5' -WarningVariable warnings -ErrorAction Stop
    $warnings | ForEach-Object { $_.Message }
}
catch {
    $_.ToString()
}
"""


def compile_in_pwsh(paths: list[Path]) -> str:
    """The errors and warnings of the files, compiled together as C# 5 in pwsh."""
    return subprocess.run(
        [str(pwsh.find()), '-NoProfile', '-NonInteractive', '-Command', ADD_TYPE],
        input=json.dumps([str(path) for path in paths]),
        env={**os.environ, **pwsh.environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    ).stdout.strip()


def compile_in_mono(paths: list[Path], library: Path) -> str:
    """The errors and warnings of the files, compiled together against .NET Framework 4.6.2."""
    done = subprocess.run(
        ['mcs', '-langversion:5', '-sdk:4.6.2', '-warnaserror', '-target:library', f'-out:{library}', *map(str, paths)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.strip() or ('' if done.returncode == 0 else f'mcs ended with {done.returncode}')


def written(folder: Path, text: str) -> list[Path]:
    """A source file with this text."""
    path = folder / 'Example.cs'
    path.write_text(text)
    return [path]


needs_mono = pytest.mark.skipif(not shutil.which('mcs'), reason='no mcs here (apt-get install mono-devel)')


def test_the_sources_are_c_sharp_5_without_a_warning() -> None:
    assert SOURCES
    assert compile_in_pwsh(SOURCES) == ''


@pytest.mark.parametrize(
    ('text', 'problem'), [(CSHARP_6, 'CS8026'), (UNUSED_FIELD, 'CS0169')], ids=['newer language', 'warning']
)
def test_finds_syntax_of_a_later_c_sharp(text: str, problem: str, tmp_path: Path) -> None:
    assert problem in compile_in_pwsh(written(tmp_path, text))


@needs_mono
def test_the_sources_need_nothing_newer_than_net_framework_4_6_2(tmp_path: Path) -> None:
    assert SOURCES
    assert compile_in_mono(SOURCES, tmp_path / 'all.dll') == ''


@needs_mono
@pytest.mark.parametrize(
    ('text', 'problem'),
    [(CSHARP_6, 'CS1644'), (UNUSED_FIELD, 'CS0169'), (FRAMEWORK_4_7_2, 'CS1061')],
    ids=['newer language', 'warning', 'newer framework'],
)
def test_finds_calls_of_a_later_framework(text: str, problem: str, tmp_path: Path) -> None:
    assert problem in compile_in_mono(written(tmp_path, text), tmp_path / 'example.dll')


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: path.name)
def test_loads_libraries_of_windows_from_system32_only(path: Path) -> None:
    text = path.read_text(encoding='utf-8')
    libraries = set(re.findall(r'\bDllImport\("(.*?)"', text))

    assert libraries <= KNOWN_DLLS or SYSTEM32 in text
