# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page "Getting started in five minutes" works as written, from a checkout and an empty home directory."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from project import MAIN, ROOT, environment, files
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

PAGE = ROOT / 'docs' / 'docsite' / 'rst' / 'guide_getting_started.rst'
BLOCK = re.compile(r'^( *)\.\. code-block:: (\w+)\n\n((?:\1    .*\n|\n)+)', re.MULTILINE)
LONGEST_RUN = 300  # seconds; a command that takes longer hangs
HOSTS = ('rds01.corp.example.com', 'rds02.corp.example.com')
SESSIONS = [{'id': 2, 'user': 'CORP\\alice', 'idle': '5m'}, {'id': 3, 'user': 'CORP\\bob', 'disconnected': '3h'}]


def blocks(language: str) -> list[str]:
    """The code blocks of the page in a language."""
    return [
        textwrap.dedent(text).strip() + '\n'
        for _indent, found, text in BLOCK.findall(PAGE.read_text(encoding='utf-8'))
        if found == language
    ]


INVENTORIES = {yaml.safe_load(text)['windows']['vars']['ansible_connection']: text for text in blocks('yaml')}
COMMANDS = [line for text in blocks('sh') for line in text.splitlines()]
# These need the internet or a terminal: the environment of the tests stands in for the one that they make.
PREPARED = ('git clone', 'cd ', 'python3 -m venv', '. ~/', 'python -m pip', 'read -rs')


@pytest.fixture(scope='module')
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home directory and a clone beside it, with tracked files only."""
    folder = tmp_path_factory.mktemp('start')
    (folder / 'home').mkdir()
    for path in files():
        target = folder / 'clone' / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path) if path.suffix == '.xz' else target.write_bytes(path.read_bytes())
    return folder


def execute(line: str, home: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the page in a shell of a user who has no configuration."""
    env = {name: value for name, value in environment().items() if not name.startswith(('ANSIBLE_', 'PYTHON'))}
    env |= {'HOME': str(home / 'home'), 'WINDOWS_PASSWORD': 'secret', 'PATH': f'{MAIN.bin}{os.pathsep}{env["PATH"]}'}
    return subprocess.run(
        ['sh', '-c', line],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_RUN,
    )


@pytest.fixture(scope='module')
def installed(home: Path) -> Path:
    """The home directory after the commands that build and install the collection."""
    lines = [line for line in COMMANDS if line.startswith('ansible-galaxy')]
    assert len(lines) == 2
    for line in lines:
        done = execute(line, home, home / 'clone')
        assert done.returncode == 0, done.stdout + done.stderr
    assert (home / 'home' / '.ansible' / 'collections' / 'ansible_collections' / 'winops' / 'sessions').is_dir()
    return home


def prepare(fleet: Fleet, folder: Path, connection: str) -> None:
    """Save a sample of the page, and give the hosts of the sample the addresses of simulated ones."""
    folder.mkdir()
    (folder / 'inventory.yml').write_text(INVENTORIES[connection], encoding='utf-8')
    simulated = fleet.inventory(connection, scheme='https')['all']
    for host in HOSTS:
        variables: dict[str, Any] = {
            # Simulated hosts have no Kerberos and no NTLM.
            **{name: value for name, value in simulated['vars'].items() if not name.endswith('cert_validation')},
            'ansible_port': simulated['hosts'][host]['ansible_port'],
        }
        path = folder / 'host_vars' / f'{host}.yml'
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(variables), encoding='utf-8')


def test_every_command_of_the_page_is_run_or_prepared_by_these_tests() -> None:
    first = {shlex.split(line)[0] for line in COMMANDS if not line.startswith(PREPARED)}
    assert first == {'ansible', 'ansible-galaxy', 'ansible-playbook'}
    assert sorted(INVENTORIES) == ['psrp', 'ssh', 'winrm']


@pytest.mark.parametrize('connection', INVENTORIES)
def test_lists_the_sessions_over_each_connection(installed: Path, tmp_path: Path, connection: str) -> None:
    (line,) = [line for line in COMMANDS if line.startswith('ansible ')]
    with Fleet({'hosts': {host: {'sessions': SESSIONS} for host in HOSTS}}) as fleet:
        prepare(fleet, tmp_path / 'work', connection)
        done = execute(line, installed, tmp_path / 'work')
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count('CORP\\\\alice') >= len(HOSTS)


def test_runs_the_playbooks_as_written(installed: Path, tmp_path: Path) -> None:
    lines = [line for line in COMMANDS if line.startswith('ansible-playbook')]
    with Fleet({'hosts': {host: {'sessions': SESSIONS} for host in HOSTS}}) as fleet:
        prepare(fleet, tmp_path / 'work', 'winrm')
        for line in lines:
            done = execute(line, installed, tmp_path / 'work')
            assert done.returncode == 0, done.stdout + done.stderr
        assert [host.acts for host in fleet.values() if host.acts] == []
    work = tmp_path / 'work'
    assert (work / 'user-sessions' / 'report.html').is_file()
    assert (work / 'selfcheck' / 'selfcheck.html').is_file()
    rows = json.loads((work / 'user-sessions' / 'report.json').read_text(encoding='utf-8'))['rows']
    assert {(row['host'], row['user']) for row in rows} == {(host, user) for host in HOSTS for user in ('alice', 'bob')}
