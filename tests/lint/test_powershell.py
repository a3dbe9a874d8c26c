# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The syntax trees of the PowerShell sources contain nothing that Windows PowerShell 5.1 lacks."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from lint import windows_powershell

from project import ROOT
from winhost import pwsh

SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ('plugins', 'roles', 'playbooks')
    for pattern in ('*.ps1', '*.psm1')
    for path in (ROOT / folder).rglob(pattern)
)

# What Windows PowerShell 5.1 does not support, and how it is reported.
TOO_NEW = {
    '$a ? 1 : 2': 'the ternary operator',
    '$a ?? 1': 'the operator ??',
    '$a ??= 1': 'the operator ??=',
    '${a}?.Length': 'the operator ?.',
    '${a}?[0]': 'the operator ?[',
    'Get-Item . && Get-Item .': 'a pipeline chain',
    'Get-Item . || Get-Item .': 'a pipeline chain',
    'Get-Process &': 'a background operator',
    'function f { process { } clean { } }': 'a clean block',
    '[Array]::Empty[int]()': 'a generic method call',
    'if ($IsWindows) { }': 'the variable $IsWindows',
    '[Math]::Clamp(1, 2, 3)': 'the member Clamp',
    '0b1010': 'the number 0b1010',
    '12uy': 'the number 12uy',
    '1n': 'the number 1n',
    r'"`u{263a}"': 'an escape of PowerShell 7 in a string',
    '"$a `e[1m"': 'an escape of PowerShell 7 in a string',
    '1..3 | ForEach-Object -Parallel { $_ }': 'ForEach-Object -Parallel',
    "ConvertFrom-Json -InputObject '{}' -AsHash": 'ConvertFrom-Json -AsHashtable',
    'Get-Error': 'the command Get-Error',
    'gci': 'the command gci',
    'if ($a) {': "Missing closing '}' in statement block or type definition.",
}

# What Windows PowerShell 5.1 supports although it resembles the above.
OLD_ENOUGH = (
    '0xffe -eq 0x10',
    '10l + 1.5d + 4kb',
    'function Get-This { param($A) $A }; Get-This -A 1',
    '$x = if ($a) { 1 } else { 2 }; & $block; . $block',
    '"a ``u{ `"quoted`" $($b.Length)"',
    "'`e `u{1}'",
    '[string]::Join(", ", @(1, 2)); @($a)[0].Name',
    '1..3 | Where-Object { $_ -gt 1 } | ForEach-Object -Process { $_ }',
)


@pytest.fixture(scope='module')
def problems() -> dict[str, list[str]]:
    """What is wrong with each source, and with each of the examples; all of them in one PowerShell."""
    sources = {name: (ROOT / name).read_text(encoding='utf-8') for name in SOURCES}
    request = {
        'commands': windows_powershell.TABLE,
        'sources': sources | {text: text for text in (*TOO_NEW, *OLD_ENOUGH)},
    }
    done = subprocess.run(
        [
            str(pwsh.find()),
            '-NoProfile',
            '-NonInteractive',
            '-File',
            str(Path(__file__).with_name('windows_powershell.ps1')),
        ],
        input=json.dumps(request),
        env={**os.environ, **pwsh.environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name: list(found) for name, found in json.loads(done.stdout).items()}


@pytest.mark.parametrize('name', SOURCES)
def test_a_source_uses_nothing_that_windows_powershell_5_1_lacks(name: str, problems: dict[str, list[str]]) -> None:
    assert problems[name] == []


@pytest.mark.parametrize(('text', 'problem'), TOO_NEW.items())
def test_finds_syntax_that_is_too_new(text: str, problem: str, problems: dict[str, list[str]]) -> None:
    assert f'1: {problem}' in problems[text]


@pytest.mark.parametrize('text', OLD_ENOUGH)
def test_accepts_syntax_of_5_1(text: str, problems: dict[str, list[str]]) -> None:
    assert problems[text] == []


@pytest.mark.parametrize('name', SOURCES)
def test_a_source_is_utf_8_without_mark_and_with_unix_lines(name: str) -> None:
    content = (ROOT / name).read_bytes()
    content.decode('utf-8')
    assert not content.startswith(b'\xef\xbb\xbf')
    assert b'\r' not in content
    assert content.endswith(b'\n')
