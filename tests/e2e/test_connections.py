# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same tasks over winrm, psrp and ssh: every module, changed, unchanged and failed, in one ansible-playbook."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import TO_THE_END, Result, Run, cached_across_workers, patient_fleet, run

from project import MAIN, Core

pytestmark = pytest.mark.e2e

CONNECTIONS = ('winrm', 'psrp', 'ssh')
HOSTILE = ['Zoë von Grün', '田中 太郎', '🙂🙂', "o'brien", "a'b `c` $(d) %TEMP% {e}", 'x' * 60]
LOGON = datetime.datetime(2026, 11, 21, 5, 34, 47, tzinfo=datetime.UTC)
FILETIME = (int(LOGON.timestamp()) + 11_644_473_600) * 10_000_000
# Two hundred, of which six exist.
TOKENS = [f'{10 + n}:{FILETIME}:CORP\\{name}' for n, name in enumerate([*HOSTILE, *map(str, range(194))])]
NOTICE = {'text': 'Bitte speichern 🙂\n"$HOME" `$(Get-Date)`', 'grace': '15m'}

# At the same moment on every host, so that the results of two connections are equal.
HOST: dict[str, Any] = {
    'computer': 'WEB01',
    'clock': {'fixed': '2026-11-21T14:34:47Z'},
    'registry': {'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server': {'TSServerDrainMode': 0}},
    'sessions': [
        {'id': 2, 'user': 'alice', 'idle': '3h', 'logged_on': '9h'},
        {'id': 3, 'user': 'bob', 'disconnected': '5h', 'logged_on': '9h', 'on_logoff': {'error': 7045}},
        *({'id': 10 + n, 'user': name, 'idle': '3h', 'logged_on': '9h'} for n, name in enumerate(HOSTILE)),
    ],
}


def task(name: str, module: str, options: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {'name': name, f'winops.sessions.{module}': options, **keywords}


ACT = {'state': 'logged_off', 'users': [*HOSTILE, 'bob'], 'timeout': '5s'}
TASKS = [
    task('list', 'win_user_session_info', {'tokens': TOKENS, 'gather': ['client', 'sid', 'processes']}),
    task('plan', 'win_user_session', ACT, check_mode=True, diff=True),
    task('warn', 'win_user_session', {'state': 'logged_off', 'users': ['alice'], 'notice': NOTICE}),
    task('act', 'win_user_session', ACT, diff=True),
    task('act again', 'win_user_session', {**ACT, 'users': HOSTILE}, diff=True),
    task(
        'message',
        'win_user_session_message',
        {'text': '{{ item }}: "Guten Tag" 🙂', 'users': ['alice']},
        loop=['one', 'two'],
    ),
    task('drain', 'win_logon_mode', {'mode': 'drain'}, diff=True),
    task('drain again', 'win_logon_mode', {'mode': 'drain'}, diff=True),
]
CHANGED = {'warn', 'act', 'plan', 'message', 'drain'}


def variables(fleet: Any, connection: str) -> dict[str, Any]:
    """The variables of a host in an inventory of one connection."""
    inventory = fleet.inventory(connection)['all']
    return {**inventory['vars'], **inventory['hosts'][connection]}


@pytest.fixture(scope='session')
def story(core: Core, shared: Path) -> Run:
    def play() -> Run:
        with patient_fleet(dict.fromkeys(CONNECTIONS, HOST)) as running:
            hosts = {connection: variables(running, connection) for connection in CONNECTIONS}
            folder = shared / f'connections-{core.version}'
            return run(core, running, folder, [{'tasks': TASKS, **TO_THE_END}], hosts=hosts)

    return cached_across_workers(shared, f'connections-{core.version}', play)


def by_user(result: Result, key: str = 'outcome') -> dict[str, Any]:
    return {session['user']: session[key] for session in result['sessions']}


# ---- Over winrm the results are those that the other tests expect ----


def test_the_story_changes_fails_and_repeats(story: Run) -> None:
    results = {name: story[name]['winrm'] for name in (task['name'] for task in TASKS)}
    assert {name for name, result in results.items() if result.get('changed')} == CHANGED
    assert {name for name, result in results.items() if result['status'] == 'failed'} == {'act'}
    assert by_user(results['list'], 'state') == dict.fromkeys(HOSTILE, 'active')
    assert by_user(results['act']) == {**dict.fromkeys(HOSTILE, 'logged_off'), 'bob': 'failed'}
    assert results['act again']['sessions'] == []
    host = story.hosts['winrm']
    assert host.users == {2: 'CORP\\alice', 3: 'CORP\\bob'}
    assert host.boxes[0] == (2, NOTICE['text'])
    assert [text for _session, text in host.boxes[1:]] == [f'{word}: "Guten Tag" 🙂' for word in ('one', 'two')]


# ---- Over the others they are equal ----


@pytest.mark.parametrize('connection', ['psrp', 'ssh'])
@pytest.mark.parametrize('name', [task['name'] for task in TASKS])
def test_a_task_returns_the_same_over_every_connection(story: Run, name: str, connection: str) -> None:
    def comparable(host: str) -> Any:
        # How long a call took is no property of the connection.
        return without(json.loads(re.sub(rf'\b{host}\b', 'HOST', json.dumps(story[name][host]))), 'seconds')

    assert comparable(connection) == comparable('winrm')


@pytest.mark.parametrize('connection', ['psrp', 'ssh'])
def test_the_same_happens_on_the_host_over_every_connection(story: Run, connection: str) -> None:
    one, other = story.hosts[connection], story.hosts['winrm']
    assert (one.acts, one.boxes, one.users) == (other.acts, other.boxes, other.users)
    assert one.registry.keys() == other.registry.keys()


def without(data: Any, key: str) -> Any:
    """Data without the values of a key, at any depth."""
    if isinstance(data, dict):
        return {name: without(value, key) for name, value in data.items() if name != key}
    if isinstance(data, list):
        return [without(value, key) for value in data]
    return data


# ---- In few messages ----


@pytest.mark.parametrize(('connection', 'first', 'next_one'), [('winrm', 7, 5), ('psrp', 10, 6)])
def test_a_call_is_few_messages_and_a_loop_shares_the_shell(
    story: Run, connection: str, first: int, next_one: int
) -> None:
    shells = story.hosts[connection].modules
    assert sorted(messages.count('Command') for messages in shells) == [1] * (len(TASKS) - 1) + [2]
    for messages in shells:
        assert len(messages) <= first + (messages.count('Command') - 1) * next_one, messages


def test_a_call_is_one_command_over_ssh(story: Run) -> None:
    assert [message for call in story.hosts['ssh'].modules for message in call] == ['Exec'] * (len(TASKS) + 1)


def test_over_ssh_without_pipelining_the_module_is_a_file(tmp_path: Path) -> None:
    with patient_fleet({'ssh': HOST}) as running:
        hosts = {'ssh': variables(running, 'ssh')}
        keep = {'ANSIBLE_KEEP_REMOTE_FILES': '1'}
        played = run(MAIN, running, tmp_path, [{'tasks': TASKS[:1]}], hosts=hosts, settings=keep)
        assert running['ssh'].messages == ['Exec', 'Sftp', 'Exec']
    assert by_user(played['list']['ssh'], 'state') == dict.fromkeys(HOSTILE, 'active')
