# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PowerShell sources have the layout that pslint requires, as far as it can be checked without PSScriptAnalyzer."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from lint.pslint import Token, problems

from project import ROOT, files
from winhost import pwsh

SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in files()
    if path.suffix in {'.ps1', '.psm1'} and path.parent != ROOT / 'tests' / 'powershell'
)

WRONG = {
    'if ($a)\n{\n    $b\n}\n': 'PlaceOpenBrace: not on the line of its statement',
    'if ($a) { $b\n}\n': 'PlaceOpenBrace: no new line after it',
    'if ($a) {\n    $b }\n': 'PlaceCloseBrace: no new line before it',
    'if ($a) {\n    $b\n} else {\n    $c\n}\n': 'PlaceCloseBrace: no new line before else',
    '$a = 1;\n': 'AvoidSemicolonsAsLineTerminators',
    '$a = 1 \n': 'AvoidTrailingWhitespace',
    'if ($a) {\n  $b\n}\n': 'UseConsistentIndentation: 2 columns',
    'if ($a) {\n\t$b\n}\n': 'UseConsistentIndentation',
    '$a=1\n': 'no space around =',
    '$a = $b+2\n': 'no space around +',
    '$a = 1,2\n': 'no space after a comma',
    'Get-Item|Out-Null\n': 'no space around |',
    'if ($a){\n    $b\n}\n': 'no space before an opening brace',
    'if ($a) {$b }\n': 'no space within a brace',
    'if($a) {\n    $b\n}\n': 'no space after if',
    f'# {"x" * 160}\n': 'AvoidLongLines',
}
RIGHT = (
    'if ($a) {\n    $b\n}\nelse {\n    $c\n}\n',
    '$a = @{ b = 1 }\n$a | ForEach-Object { $_ }\n',
    '$a = @(1, 2)[0..1]\n$b = -1\n$c = -not $a\n$i++\n',
    "$a = @'\n  any text;\n'@\n",
    'for ($i = 0; $i -lt 3; $i++) {\n    $i\n}\n',
    '. { $a }\n& { $b }\n',
)


@pytest.fixture(scope='module')
def found() -> dict[str, list[str]]:
    """The problems of each source and example; all of them are parsed in one PowerShell."""
    sources = {name: (ROOT / name).read_text(encoding='utf-8') for name in SOURCES} | {
        text: text for text in (*WRONG, *RIGHT)
    }
    done = subprocess.run(
        [
            str(pwsh.find()),
            '-NoProfile',
            '-NonInteractive',
            '-File',
            str(Path(__file__).with_name('powershell_tokens.ps1')),
        ],
        input=json.dumps(sources),
        env={**os.environ, **pwsh.environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    tokens = json.loads(done.stdout)
    return {name: problems(text, [Token(*one) for one in tokens[name]]) for name, text in sources.items()}


@pytest.mark.parametrize('name', SOURCES)
def test_a_source_has_the_layout_of_pslint(name: str, found: dict[str, list[str]]) -> None:
    assert found[name] == []


@pytest.mark.parametrize('text', WRONG)
def test_finds_a_wrong_layout(text: str, found: dict[str, list[str]]) -> None:
    assert any(WRONG[text] in problem for problem in found[text]), found[text]


@pytest.mark.parametrize('text', RIGHT)
def test_accepts_a_right_layout(text: str, found: dict[str, list[str]]) -> None:
    assert found[text] == []
