# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The text of a module travels with every call, so its size is limited."""

from __future__ import annotations

import re

import pytest

from project import ROOT

UTILS = ROOT / 'plugins' / 'module_utils'
REQUIRED = re.compile(r'^(?:#AnsibleRequires .*|using ansible_collections.*)module_utils\.(_\w+);?\s*$', re.MULTILINE)


def shipped(name: str) -> int:
    """The bytes of a module and of what it requires from this collection."""
    texts = {name: (ROOT / 'plugins' / 'modules' / f'{name}.ps1').read_text(encoding='utf-8')}
    wanted = [util for text in texts.values() for util in REQUIRED.findall(text)]
    while wanted:
        util = wanted.pop()
        if util not in texts:
            (path,) = UTILS.glob(f'{util}.*')
            texts[util] = path.read_text(encoding='utf-8')
            wanted += REQUIRED.findall(texts[util])
    assert len(texts) > 1
    return sum(len(text.encode()) for text in texts.values())


@pytest.mark.parametrize(
    ('name', 'limit'), [('win_user_session', 140_000), ('win_user_session_info', 80_000), ('win_logon_mode', 20_000)]
)
def test_a_module_ships_at_most_this_much_of_its_own(name, limit):
    size = shipped(name)

    assert size <= limit, f'{name} ships {size:,} bytes'


def test_help_and_parameters_are_at_most_a_fifth_of_the_powershell():
    files = [*UTILS.glob('*.psm1'), *(ROOT / 'plugins' / 'modules').glob('*.ps1')]
    lines = [line for file in files for line in file.read_text(encoding='utf-8').splitlines()]
    ceremony = [line for line in lines if re.match(r'\s*(# (\.[A-Z]+|The argument|Ends a module)|param \()', line)]

    assert len(ceremony) <= len(lines) / 5
