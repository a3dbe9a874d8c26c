# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The guide from quser and qwinsta: both languages have the same examples, and the modules accept each of them."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml
from ansible.parsing.splitter import parse_kv

ROOT = Path(__file__).parents[2]
GUIDES = {
    language: (ROOT / f'docs/docsite/rst/{name}.rst').read_text(encoding='utf-8')
    for language, name in (('en', 'guide_from_quser'), ('fr', 'guide_from_quser_fr'))
}
MANUAL = ['query user', 'logoff 2', 'qwinsta', 'qwinsta /server:X', 'rwinsta 3', 'rwinsta 3 /server:X', 'query user']
LINE = re.compile(r'ansible RDS01 -m winops\.sessions\.(\w+)(?: -a "([^"]*)")?(?: --check)?')
LINES = [match.groups() for guide in GUIDES.values() for match in LINE.finditer(guide)]


def options(module: str) -> set[str]:
    documentation = yaml.safe_load((ROOT / f'plugins/modules/{module}.yml').read_text(encoding='utf-8'))[
        'DOCUMENTATION'
    ]
    names = set(documentation['options'])
    for fragment in documentation['extends_documentation_fragment']:
        if fragment.startswith('winops.sessions.'):
            name = fragment.removeprefix('winops.sessions.')
            plugin = importlib.import_module(f'ansible_collections.winops.sessions.plugins.doc_fragments.{name}')
            names |= set(yaml.safe_load(plugin.ModuleDocFragment.DOCUMENTATION).get('options', {}))
    return names


def code(guide: str) -> list[str]:
    """The commands of a guide, and its playbooks without the words of its language."""
    blocks = re.findall(r'\.\. code-block:: \S+\n\n((?:    .*\n|\n)+)', guide)
    return [re.sub(r'- name: .*|#.*', '', block).rstrip() for block in blocks]


@pytest.mark.parametrize('language', sorted(GUIDES))
def test_each_command_of_the_manual_procedure_has_its_line(language: str) -> None:
    rows = re.findall(r'^   \* - ``([^`]+)``.*\n     - (.*(?:\n       .*)*)', GUIDES[language], flags=re.M)
    assert [command for command, _unused in rows] == MANUAL
    assert all(LINE.search(line) for _unused, line in rows)


def test_both_languages_have_the_same_lines() -> None:
    assert LINE.findall(GUIDES['en']) == LINE.findall(GUIDES['fr'])
    assert code(GUIDES['en']) == code(GUIDES['fr'])


@pytest.mark.parametrize(('module', 'arguments'), sorted(set(LINES), key=str))
def test_a_line_uses_options_that_its_module_has(module: str, arguments: str | None) -> None:
    assert set(parse_kv(arguments or '')) <= options(module)
