# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every shell line and every YAML example of the documentation works as written, on simulated hosts."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from documentation.examples import Example, shell_lines, yaml_examples
from e2e.playbook import LONGEST_RUN

from project import MAIN, environment
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

# What cannot run here, and why.
NOT_RUN: dict[str, str] = {
    r'^(git clone|cd |python3? -m |\. ~/)': 'installs Python packages or changes the shell that a person works in',
    r'^ansible-galaxy collection ': 'tests/lint/test_artifact.py builds and installs the artifact',
    r'^make ': 'runs the tests, or the demonstration, which has its own test',
    r'^(ansible-builder |export CONTROLLER)|configure\.yml|awx\.awx': 'needs AWX; tests/awx runs these files',
    r'^read -rs ': 'reads a password from a terminal',
}
NOT_RUN_YAML: dict[str, str] = {
    r'community\.general\.|ansible\.windows\.': 'uses another collection, which is not installed',
    r'awx\.awx|sessions_organization': 'settings of AWX; tests/awx reads them',
    r'^(\w+:\n  hosts:|ansible_connection: )': 'an inventory; tests/e2e/test_ways_in.py connects in these ways',
}

SESSIONS: list[dict[str, Any]] = [
    {'id': 2, 'user': 'alice', 'disconnected': '3h', 'logged_on': '5h', 'groups': ['CORP\\VIP']},
    {'id': 3, 'user': 'bob', 'idle': '5m', 'on_message': {'answer': 'yes'}},
    {'id': 4, 'user': 'carol', 'disconnected': '5h', 'logged_on': '9h'},
]
# The files that examples combine.
REPORTS: dict[str, Any] = {
    'name': 'Write the reports of two sites',
    'hosts': 'rds01',
    'gather_facts': False,
    'tasks': [
        {
            'winops.sessions.session_report': {'registered': 'earlier', 'hosts': ['rds01'], 'dest': '{{ item }}'},
            'loop': ['paris', 'tokyo'],
        }
    ],
}
CHANGING = re.compile(r'state=logged_off|logoff_|message|drain')


@pytest.fixture(scope='module')
def fleet() -> Iterator[Fleet]:
    """The hosts of the documentation."""
    others = {'X': {'sessions': SESSIONS}, 'rds02': {'sessions': SESSIONS}}
    directory = {'accounts': {'CORP\\VIP': {'type': 'group'}}}
    hosts = {'rds01': {'servers': others, 'directory': directory}, 'web01': {'directory': directory}}
    with Fleet({'hosts': hosts}) as running:
        yield running


@pytest.fixture
def hosts() -> list[str]:
    """The hosts of the group ``windows``. One costs half as much as two."""
    return ['rds01']


@pytest.fixture
def folder(fleet: Fleet, hosts: list[str], tmp_path: Path) -> Path:
    """A working directory with the inventory of the documentation."""
    inventory = fleet.inventory()['all']
    # The speed of this machine must not matter.
    inventory['vars'] |= {'ansible_winrm_operation_timeout_sec': 300, 'ansible_winrm_read_timeout_sec': 330}
    windows = {name: settings for name, settings in inventory.pop('hosts').items() if name in hosts}
    names = {'windows': windows, 'terminal_servers': {'rds01': None}, 'other_names': {'RDS01': windows['rds01']}}
    groups = {name: {'hosts': members} for name, members in names.items()}
    text = yaml.safe_dump({'all': {**inventory, 'children': groups}}, sort_keys=False)
    (tmp_path / 'inventory.yml').write_text(text, encoding='utf-8')
    (tmp_path / 'inventory').write_text(text, encoding='utf-8')
    return tmp_path


def populate(fleet: Fleet, sessions: list[dict[str, Any]]) -> None:
    """Log off everybody, and log on these users to the first host."""
    for host in fleet.values():
        for session_id in list(host.sessions.users):
            host.change({'leave': session_id})
    for session in sessions:
        fleet['rds01'].change({'logon': session})


def execute(folder: Path, line: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell."""
    return subprocess.run(
        ['bash', '-o', 'pipefail', '-c', line],
        cwd=folder,
        env=environment(MAIN) | {'ANSIBLE_INVENTORY': 'inventory.yml', 'ANSIBLE_HOME': str(folder)} | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=LONGEST_RUN,
    )


def runs_here(example: Example, skipped: dict[str, str]) -> bool:
    return not any(re.search(pattern, example.text, re.MULTILINE) for pattern in skipped)


LINES = [example for example in shell_lines() if runs_here(example, NOT_RUN)]


def test_every_reason_for_not_running_an_example_is_needed() -> None:
    for skipped, examples in ((NOT_RUN, shell_lines()), (NOT_RUN_YAML, yaml_examples())):
        unused = [p for p in skipped if not any(re.search(p, one.text, re.MULTILINE) for one in examples)]
        assert unused == []


@pytest.mark.parametrize('example', LINES, ids=lambda example: f'{Path(example.source).stem}: {example.text[:90]}')
def test_a_shell_line_works_as_written(fleet: Fleet, folder: Path, example: Example) -> None:
    line = example.text
    draining = 'sessions.drain' in line
    populate(fleet, [] if draining else SESSIONS)
    before = {name: (len(host.acts), len(host.boxes)) for name, host in fleet.items()}
    done = execute(folder, line)
    assert done.returncode == 0, f'{line}\n{done.stdout}'
    acts = [act for name, host in fleet.items() for act in host.acts[before[name][0] :]]
    boxes = [box.text for name, host in fleet.items() for box in host.boxes[before[name][1] :]]
    if 'awk' in line:
        assert re.fullmatch(r'(?m)(?:^(?:rds01|RDS01): "3 sessions: .*\n)+', done.stdout), done.stdout
    if '--check' in line or not CHANGING.search(line):
        assert acts == []
    elif draining:
        assert {act.api for act in acts} <= {'RegSetValueExW'}
    elif 'message' in line:
        assert [
            text
            for text in boxes
            if not re.fullmatch(r'The file server restarts at 18:00\.?|Please save your work', text)
        ] == []
        assert boxes != []  # RDS01 is another name of rds01
    else:
        ended = {act.account_of_session for act in acts}
        wanted = re.search(r'session_ids=(\d)', line)
        idle = {'CORP\\alice', 'CORP\\carol'}
        one = {'2': {'CORP\\alice'}, '3': {'CORP\\bob'}}[wanted[1]] if wanted else {'CORP\\alice'}
        assert ended == (idle if 'logoff_idle' in line else one)


def plays_of(example: Example) -> list[dict[str, Any]]:
    """The plays of an example; tasks without a play get one."""
    plays: list[dict[str, Any]] = []
    for entry in yaml.safe_load(example.text):
        if 'hosts' in entry or 'ansible.builtin.import_playbook' in entry:
            plays.append(entry)
            continue
        if not plays or plays[-1].get('name') != example.source:
            plays.append({'name': example.source, 'hosts': 'rds01', 'gather_facts': False, 'tasks': []})
        plays[-1]['tasks'].append(entry)
    return plays


class Webhook(BaseHTTPRequestHandler):
    """Records what is posted to it."""

    posted: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        """Record the body."""
        self.posted.append(json.loads(self.rfile.read(int(self.headers['Content-Length']))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope='module')
def webhook() -> Iterator[str]:
    """The address of a local web server that takes posts."""
    with ThreadingHTTPServer(('127.0.0.1', 0), Webhook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f'http://127.0.0.1:{server.server_port}/'
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ('gate', 'hosts'), [(False, ['rds01']), (True, ['rds01', 'web01'])], ids=['tasks', 'host_gates']
)
def test_the_yaml_examples_work_as_written(fleet: Fleet, folder: Path, webhook: str, gate: bool) -> None:
    """All in two runs: a host gate waits for users, so its hosts have none. It has two, which are served in turn."""
    populate(fleet, [] if gate else SESSIONS)
    examples = [example for example in yaml_examples() if runs_here(example, NOT_RUN_YAML)]
    examples = [example for example in examples if ('winops.sessions.drain' in example.text) == gate]
    plays = [REPORTS, *(play for example in examples for play in plays_of(example))]
    text = yaml.safe_dump(plays, sort_keys=False, allow_unicode=True, width=1000)
    (folder / 'examples.yml').write_text(text, encoding='utf-8')
    (folder / 'patch.yml').write_text('[{name: Patch, ansible.builtin.debug: {msg: patched}}]', encoding='utf-8')
    variables = {'webhook_url': webhook, 'report_dir': 'reports', 'survey_max_idle': '2h', 'survey_users': 'alice'}
    done = execute(folder, f"ansible-playbook examples.yml -e '{json.dumps(variables)}'")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count('PLAY [') >= len(plays)
    # Ansible skips a play whose group is not in the inventory, with success.
    assert 'no hosts matched' not in done.stdout
    if gate:
        assert 'patched' in done.stdout
    else:
        assert 'User sessions' in Webhook.posted[-1]['text']
