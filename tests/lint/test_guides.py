# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guides describe what exists: playbooks and their variables, checks, tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.winops.sessions.plugins.plugin_utils._selfcheck.checks import CHECKS
from project import ROOT

GUIDES = ROOT / 'docs' / 'docsite' / 'rst'
PLAYBOOKS = {path.stem: path for path in sorted((ROOT / 'playbooks').glob('*.yml'))}
SECTION = re.compile(r'^(\w+)\n-+\n(.*?)(?=^\w+\n-+\n|\Z)', re.MULTILINE | re.DOTALL)
ROW = re.compile(r'^``(\w+)``  *', re.MULTILINE)
# In the comment at the top of a playbook: a name, at least two spaces, a description.
COMMENT = re.compile(r'^# ([a-z_]+)  +\S', re.MULTILINE)
ROLE = 'winops.sessions.'
# Characters that the theme shows without a break in a window of 1,100 pixels.
LONGEST_LINE = 84
TEST = re.compile(r'``(tests/[\w/]+\.py)``\n +``(\w+)``')


def load(path: Path) -> Any:
    """The content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding='utf-8'))


def sections() -> dict[str, str]:
    """The sections of the guide about playbooks, by heading."""
    return dict(SECTION.findall((GUIDES / 'guide_playbooks.rst').read_text(encoding='utf-8')))


def test_every_playbook_has_a_section() -> None:
    assert [name for name in PLAYBOOKS if name not in sections()] == []


def own_variables(play: dict[str, Any]) -> list[str]:
    """The variables that a play takes from the command line: those that it sets to null."""
    return sorted(name for name, value in play['vars'].items() if value is None)


def role_variables(play: dict[str, Any]) -> list[str]:
    """The variables of a public role that a play takes: those that it does not set itself."""
    calls = [(one['role'], 'main', one['vars']) for one in play.get('roles', [])]
    for task in play.get('tasks', []):
        include = task.get('ansible.builtin.include_role', {'name': ''})
        calls.append((include['name'], include.get('tasks_from', 'main'), task.get('vars', {})))
    found: set[str] = set()
    for name, entry, variables in calls:
        specs = ROOT / 'roles' / name.removeprefix(ROLE) / 'meta' / 'argument_specs.yml'
        if name.startswith(ROLE) and specs.is_file():
            found |= set(load(specs)['argument_specs'][entry]['options']) - set(variables)
    return sorted(found)


@pytest.mark.parametrize('name', PLAYBOOKS)
def test_a_table_lists_every_variable_of_the_playbook(name: str) -> None:
    (play,) = load(PLAYBOOKS[name])
    assert sorted(ROW.findall(sections()[name])) == sorted(own_variables(play) + role_variables(play))


@pytest.mark.parametrize('name', PLAYBOOKS)
def test_the_comment_of_a_playbook_lists_its_own_variables(name: str) -> None:
    text = PLAYBOOKS[name].read_text(encoding='utf-8')
    assert sorted(COMMENT.findall(text.partition('\n- name:')[0])) == own_variables(yaml.safe_load(text)[0])


def test_the_readme_has_the_inventory_of_the_guide() -> None:
    readme = re.findall(r'^```yaml\n(windows:\n.*?)^```', (ROOT / 'README.md').read_text(encoding='utf-8'), re.M | re.S)
    guide = (GUIDES / 'guide_getting_started.rst').read_text(encoding='utf-8')
    assert len(readme) == 1
    assert readme[0] in re.sub(r'^ {8}', '', guide, flags=re.MULTILINE)


@pytest.mark.parametrize('path', sorted(GUIDES.glob('*.rst')), ids=lambda path: path.stem)
def test_commands_name_playbooks_that_exist(path: Path) -> None:
    named = re.findall(r'ansible-playbook [^\n]*winops\.sessions\.(\w+)', path.read_text(encoding='utf-8'))
    assert [name for name in named if name not in PLAYBOOKS] == []


@pytest.mark.parametrize('path', sorted(GUIDES.glob('*.rst')), ids=lambda path: path.stem)
def test_diagrams_fit_into_a_page(path: Path) -> None:
    diagrams = [line[4:] for line in path.read_text(encoding='utf-8').splitlines() if re.match(' {4}.*[│─▼]', line)]
    assert [line for line in diagrams if len(line) > LONGEST_LINE] == []


def test_the_guide_lists_every_check_of_the_self_check() -> None:
    text = (GUIDES / 'guide_selfcheck.rst').read_text(encoding='utf-8')
    assert ROW.findall(text.partition('Checks\n------')[2]) == [check.name for check in CHECKS]


def test_the_threat_table_names_tests_that_exist() -> None:
    named = TEST.findall((GUIDES / 'guide_security.rst').read_text(encoding='utf-8'))
    assert named
    missing = [
        f'{path}::{test}' for path, test in named if f'def {test}(' not in (ROOT / path).read_text(encoding='utf-8')
    ]
    assert missing == []
