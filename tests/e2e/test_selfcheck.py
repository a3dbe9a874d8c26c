# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The self-check reports the answers of a host to the questions that only Windows can answer, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import Run, cached_across_workers, run

from project import MAIN
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

Checked = tuple[Run, dict[str, Any], str]

TERMINAL_SERVER = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server'
CLIENT = {'name': 'PC-17', 'address': '10.20.30.40'}
ACTIVE = {'id': 2, 'user': 'CORP\\alice', 'idle': '1m', 'logged_on': '3h', 'connected': '2h', 'client': CLIENT}
DISCONNECTED = {'id': 3, 'user': 'CORP\\bob', 'disconnected': '2h', 'client': CLIENT}

#: Hosts, and what the self-check has to report about them: result and a part of the answer, by check.
HOSTS: dict[str, tuple[dict[str, Any], dict[str, tuple[str, str]]]] = {
    'expected': (
        {'sessions': [ACTIVE, DISCONNECTED], 'registry': {TERMINAL_SERVER: {'TSAppCompat': 1}}},
        {
            'session_list': ('ok', '2 with a user'),
            'quser': ('ok', 'same 2 sessions'),
            'idle_times': ('ok', '1 session'),
            'value_types': ('ok', 'Checked'),
            'session_facts': ('ok', 'Class 25'),
            'unknown_id': ('ok', '2 (class 9)'),
            'bitness': ('ok', 'rwinsta.exe exists'),
            'account_name': ('ok', 'domain1\\user'),
            'reconnect': ('ok', 'not older'),
            'disconnected': ('ok', 'disconnect_time: 1 of 1, last_input_time: 1 of 1, client_name: 1 of 1'),
            'lock_state': ('ok', '1 of 1'),
            'clients': ('ok', '1 of 1'),
            'drain': ('ok', 'is installed'),
            'logon_mode': ('ok', 'not set'),
        },
    ),
    'unexpected': (
        {
            'sessions': [{**ACTIVE, 'connected': '30s', 'idle': '2h'}, DISCONNECTED],
            'registry': {TERMINAL_SERVER: {'TSServerDrainMode': 1}},
            'windows': {
                'connection_account': 'dns',
                'unknown_id': 'invalid_parameter',
                'rwinsta': 'missing',
                'disconnect_time': 'unknown',
                'disconnected_input': 'unknown',
                'disconnected_client': 'empty',
                'disconnected_protocol': 'console',
                'lock_flag': 'unknown',
                'terminal_service': 'no_client_data',
            },
        },
        {
            'session_list': ('ok', '2 with a user'),
            'unknown_id': ('attention', '87 (class 9)'),
            'bitness': ('attention', 'does not exist'),
            'account_name': ('attention', 'its domain in the session list is domain2'),
            'reconnect': ('attention', 'session 2 the last input is older'),
            'disconnected': ('attention', 'disconnect_time: 0 of 1, last_input_time: 0 of 1, client_name: 0 of 1'),
            'lock_state': ('attention', '0 of 1'),
            'clients': ('attention', '0 of 1'),
            'drain': ('attention', 'is not installed'),
            'logon_mode': ('attention', 'TSServerDrainMode: 1'),
        },
    ),
    'older': (
        {'sessions': [ACTIVE], 'windows': {'session_info_ex': 'refused', 'connection_account': 'none_mapped'}},
        {
            'session_facts': ('attention', 'class 24 is answered'),
            'account_name': ('problem', 'unknown: GetUserNameExW failed with Win32 error 1332'),
            'quser': ('ok', 'same 1 session'),
        },
    ),
    'unprivileged': (
        {
            'accounts': {'CORP\\ansible': {'rights': 'blind'}},
            'sessions': [{'id': 2, 'user': '<script>alert(1)</script>'}],
        },
        {'session_list': ('problem', ''), 'session_facts': ('problem', ''), 'quser': ('unknown', 'did not list')},
    ),
    'hostile': (
        {'sessions': [{'id': 2, 'user': 'ok'}, {'id': 3, 'user': '<script>alert(1)</script>'}]},
        {'quser': ('ok', 'same 2 sessions'), 'session_list': ('ok', '2 with a user')},
    ),
}


def _check(folder: Path) -> Checked:
    with Fleet({'hosts': {**{name: spec for name, (spec, _expected) in HOSTS.items()}, 'gone': {}}}) as fleet:
        fleet['gone'].stop()
        done = run(MAIN, fleet, folder, 'selfcheck')
    files = folder / 'selfcheck'
    return done, json.loads((files / 'selfcheck.json').read_text()), (files / 'selfcheck.html').read_text()


@pytest.fixture(scope='module')
def checked(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """A run of the playbook on all hosts, and its two files."""
    return cached_across_workers(shared, 'selfcheck', lambda: _check(tmp_path_factory.mktemp('selfcheck')))


@pytest.mark.parametrize('name', HOSTS)
def test_reports_which_answer_the_host_gave(checked: Checked, name: str) -> None:
    # Names of hosts are replaced by their position in the play.
    position = [*HOSTS, 'gone'].index(name)
    host = checked[1]['hosts'][position]
    found = {one['name']: (one['result'], one['answer']) for one in host['checks']}
    for check, (result, part) in HOSTS[name][1].items():
        assert found[check][0] == result, (check, found[check])
        assert part in found[check][1], (check, found[check])


def test_changes_nothing(checked: Checked) -> None:
    assert {name: host.acts for name, host in checked[0].hosts.items() if host.acts} == {}
    assert all(numbers['changed'] == 0 for numbers in checked[0].recap.values())


def test_fails_for_hosts_with_a_problem_and_without_an_answer(checked: Checked) -> None:
    failed = sorted(name for name, numbers in checked[0].recap.items() if numbers['failed'])
    assert failed == ['gone', 'older', 'unprivileged']
    assert checked[0].status == 2
    gone = checked[1]['hosts'][len(HOSTS)]
    assert not gone['checked']
    assert 'Connection refused' in gone['message']


def test_replaces_names_and_escapes_the_page(checked: Checked) -> None:
    _run, data, page = checked
    text = json.dumps(data)
    for name in ('alice', 'bob', 'CORP', 'PC-17', '10.20.30.40', 'unexpected'):
        assert name not in text, name
        assert name not in page, name
    assert '<script' not in page
    # A user named "ok" changes neither results nor states.
    assert {one['result'] for one in data['hosts'][4]['checks']} <= {'ok', 'attention', 'problem', 'manual', 'unknown'}
