# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every part of the collection has its counterparts: modules, actions, documentation, groups, roles, translations."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from project import ROOT, environment, files

PLUGINS = ROOT / 'plugins'
MODULES = sorted(path.stem for path in (PLUGINS / 'modules').glob('*.ps1'))
DOCUMENTED = sorted(path.stem for path in (PLUGINS / 'modules').glob('*.yml'))
FILTERS = sorted((PLUGINS / 'filter').glob('*.yml'))
ROLES = sorted(path.name for path in (ROOT / 'roles').glob('*') if path.is_dir())
INTERNAL_ROLE = 'internal'  # has no variables of a user
CODE = sorted(
    path for path in files() if path.is_relative_to(PLUGINS) and path.suffix in {'.cs', '.ps1', '.psm1', '.py'}
)

# Directories of a single machine.
MACHINE_PATH = re.compile(r'(?<![\w.$}])/(?:work|farm|root|home/[a-z]+)/')


def load(path: Path) -> Any:
    """The content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding='utf-8'))


def relative(path: Path) -> str:
    """The name of a test for a file."""
    return path.relative_to(ROOT).as_posix()


def test_there_are_the_five_modules() -> None:
    assert MODULES == [
        'win_logon_mode',
        'win_session_selfcheck',
        'win_user_session',
        'win_user_session_info',
        'win_user_session_message',
    ]


@pytest.mark.parametrize('name', MODULES)
def test_a_module_has_its_documentation_and_its_action_plugin(name: str) -> None:
    assert (PLUGINS / 'modules' / f'{name}.yml').is_file()
    assert (PLUGINS / 'action' / f'{name}.py').is_file()


def test_every_action_plugin_has_a_module() -> None:
    assert sorted(path.stem for path in (PLUGINS / 'action').glob('*.py') if path.stem not in DOCUMENTED) == []


def test_the_action_group_holds_every_module() -> None:
    assert load(ROOT / 'meta' / 'runtime.yml')['action_groups']['sessions'] == MODULES


@pytest.fixture(scope='module')
def documentation() -> dict[str, Any]:
    """The documentation of each module with its fragments, as ansible-doc prints it."""
    names = [f'winops.sessions.{name}' for name in DOCUMENTED]
    printed = subprocess.run(
        ['ansible-doc', '--json', '--type', 'module', *names],
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    return {name.rpartition('.')[2]: module['doc'] for name, module in json.loads(printed.stdout).items()}


@pytest.mark.parametrize('name', DOCUMENTED)
def test_a_module_has_version_added_and_authors(name: str, documentation: dict[str, Any]) -> None:
    documentation = documentation[name]
    assert documentation['module'] == name
    assert documentation['author'] == ['winops.sessions authors (@winops)']
    assert documentation['version_added'] == load(ROOT / 'galaxy.yml')['version']
    assert not documentation['short_description'].endswith('.')


@pytest.mark.parametrize('path', FILTERS, ids=relative)
def test_a_filter_has_its_name_and_authors(path: Path) -> None:
    documentation = load(path)['DOCUMENTATION']
    assert documentation['name'] == path.stem
    assert documentation['author'] == ['winops.sessions authors (@winops)']


@pytest.mark.parametrize('path', CODE, ids=relative)
def test_a_source_names_its_licence(path: Path) -> None:
    head = path.read_text(encoding='utf-8')[:400]
    assert 'Copyright: (c) 2026, the winops.sessions authors' in head
    assert 'GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)' in head


@pytest.mark.parametrize('role', [role for role in ROLES if role != INTERNAL_ROLE])
def test_a_role_documents_every_variable_that_it_sets_a_default_for(role: str) -> None:
    documented = load(ROOT / 'roles' / role / 'meta' / 'argument_specs.yml')['argument_specs']['main']['options']
    defaults = load(ROOT / 'roles' / role / 'defaults' / 'main.yml') or {}
    assert {name: option.get('default') for name, option in documented.items() if 'default' in option} == defaults
    assert [name for name in documented if not name.startswith(f'{role}_')] == []


@pytest.mark.parametrize('role', ROLES)
def test_a_role_has_a_readme(role: str) -> None:
    assert (ROOT / 'roles' / role / 'README.md').is_file()


def test_every_guide_is_in_the_table_of_the_documentation_site() -> None:
    table = load(ROOT / 'docs' / 'docsite' / 'extra-docs.yml')['sections']
    listed = [name for section in table for name in section['toctree']]
    assert sorted(listed) == sorted(path.stem for path in (ROOT / 'docs' / 'docsite' / 'rst').glob('*.rst'))


def test_galaxy_accepts_the_metadata() -> None:
    metadata = load(ROOT / 'galaxy.yml')
    assert len(metadata['tags']) <= 20
    assert metadata['license'] == ['GPL-3.0-or-later']
    assert metadata['dependencies'] == {}


def test_no_file_contains_a_path_of_one_machine() -> None:
    found = []
    for path in files():
        try:
            text = path.read_text(encoding='utf-8')
        except UnicodeDecodeError:
            continue  # an archive or a picture, or a capture in another encoding
        found += [f'{relative(path)}: {match[0]}' for match in MACHINE_PATH.finditer(text)]
    assert found == []
