# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ways to call the modules: defaults for the group, texts from a form, a scheduler, by hand, many hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import TO_THE_END, Run, ad_hoc, cached_across_workers, patient_fleet, run

from project import MAIN, Core

pytestmark = pytest.mark.e2e

IDLE = {'idle': '3h', 'logged_on': '9h'}
NOTICE = {'text': 'Please save your work', 'grace': '15m'}
SCHEDULED = {'state': 'logged_off', 'max_idle': '2h', 'notice': NOTICE}

SPEC: dict[str, Any] = {
    'defaults': {
        'sessions': [{'id': 2, 'user': 'alice'}],
        'servers': {'rds02': {'sessions': [{'id': 7, 'user': 'bob'}]}},
    },
    'form': {
        'sessions': [
            {'id': 2, 'user': 'alice', **IDLE},
            {'id': 3, 'user': 'bob', **IDLE},
            {'id': 4, 'user': 'carol', **IDLE},
            {'id': 5, 'user': None, 'disconnected': '5h', 'on_logoff': {'error': 7024}},
        ]
    },
    # Each query of the logon mode advances the clock by 15 minutes.
    'scheduled': {
        'sessions': [{'id': 2, 'user': 'alice', **IDLE}],
        'events': [{'after': {'api': 'RegQueryValueExW', 'name': 'WinStationsDisabled'}, 'do': {'advance': '15m'}}],
        'registry': {'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon': {'WinStationsDisabled': '0'}},
    },
    'asked': {
        'sessions': [
            {'id': 2, 'user': 'alice', 'on_message': {'answer': 'yes'}},
            {'id': 3, 'user': 'bob', 'on_message': {'never': True}},
            {'id': 4, 'user': 'carol', 'disconnected': '1h'},
        ]
    },
    'by_hand': {'sessions': [{'id': 2, 'user': 'alice', **IDLE}, {'id': 3, 'user': 'bob', 'disconnected': '2h'}]},
}


def task(name: str, module: str, options: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {'name': name, f'winops.sessions.{module}': options, **keywords}


PLAYS: list[dict[str, Any]] = [
    {
        'hosts': 'defaults',
        'module_defaults': {'group/winops.sessions.sessions': {'server': 'rds02'}},
        'tasks': [
            task('list with defaults', 'win_user_session_info', {}),
            task('act with defaults', 'win_user_session', {'state': 'disconnected', 'users': ['bob']}),
        ],
    },
    {
        'hosts': 'form',
        'vars': {'ids': '2,3', 'limit': '90', 'ghosts': 'true', 'safety_limit': '2', 'who': 'alice, CORP\\bob'},
        'tasks': [
            task(
                'from a form',
                'win_user_session',
                {
                    'state': 'logged_off',
                    'session_ids': '{{ ids }}',
                    'max_idle': '{{ limit }}',
                    'users': '{{ who }}',
                    'max_sessions': '{{ safety_limit }}',
                    'protect_connection_user': 'no',
                },
            ),
            task(
                'ghosts from a form',
                'win_user_session',
                {
                    'state': 'logged_off',
                    'session_ids': '5',
                    'ghosts': '{{ ghosts }}',
                    'method': 'logoff_then_reset',
                    'timeout': '0.5',
                },
            ),
        ],
    },
    {
        'hosts': 'scheduled',
        'tasks': [
            task('first run', 'win_user_session', SCHEDULED),
            task('run in the grace', 'win_user_session', SCHEDULED),
            task('a quarter of an hour goes by', 'win_logon_mode', {}),
            task('run after the grace', 'win_user_session', SCHEDULED),
        ],
    },
    {
        'hosts': 'asked',
        'tasks': [
            task(
                'ask',
                'win_user_session_message',
                {'text': 'May we?', 'title': 'Maintenance', 'buttons': 'yes_no', 'wait': '1s'},
            )
        ],
    },
    {
        'hosts': 'by_hand',
        'tasks': [
            {'name': 'quser', 'ansible.builtin.raw': 'quser'},
            task('list by module', 'win_user_session_info', {}),
            {'name': 'logoff', 'ansible.builtin.raw': 'logoff 2'},
            task('end by module', 'win_user_session', {'state': 'logged_off', 'session_ids': [3]}),
            {'name': 'quser at the end', 'ansible.builtin.raw': 'quser'},
            task('list by module at the end', 'win_user_session_info', {}),
        ],
    },
]


@pytest.fixture(scope='session')
def ways(core: Core, shared: Path) -> Run:
    def play() -> Run:
        with patient_fleet(SPEC) as running:
            plays = [{**one, **TO_THE_END} for one in PLAYS]
            return run(core, running, shared / f'ways-{core.version}', plays)

    return cached_across_workers(shared, f'ways-{core.version}', play)


def by_user(result: dict[str, Any], key: str = 'outcome') -> dict[str | None, Any]:
    return {session['user']: session[key] for session in result['sessions']}


def test_module_defaults_of_the_group_reach_every_module(ways: Run) -> None:
    assert list(by_user(ways['list with defaults']['defaults'], 'id')) == ['bob']
    assert by_user(ways['act with defaults']['defaults']) == {'bob': 'disconnected'}
    assert ways.hosts['defaults'].acts == [('WTSDisconnectSession', 7, 'CORP\\bob')]


def test_texts_of_a_survey_are_converted_to_the_values_they_state(ways: Run) -> None:
    result = ways['from a form']['form']
    assert by_user(result) == {'alice': 'logged_off', 'bob': 'logged_off'}
    assert by_user(ways['ghosts from a form']['form']) == {None: 'reset'}
    assert ways.hosts['form'].users == {4: 'CORP\\carol'}


def test_a_scheduled_task_warns_first_and_acts_after_the_grace(ways: Run) -> None:
    first, second, third = (
        ways[name]['scheduled'] for name in ('first run', 'run in the grace', 'run after the grace')
    )
    assert (by_user(first), first['changed']) == ({'alice': 'notified'}, True)
    assert (by_user(second), second['changed']) == ({'alice': 'in_grace'}, False)
    assert 0 < second['sessions'][0]['due_in_seconds'] <= 900
    assert (by_user(third), third['changed']) == ({'alice': 'logged_off'}, True)
    host = ways.hosts['scheduled']
    assert host.boxes == [(2, 'Please save your work')]
    assert host.users == {}
    assert not any('notices' in path for path in host.registry)
    assert '1 warned (2 CORP\\alice: ' in first['msg']
    assert 'in the grace period (2 CORP\\alice: ' in second['msg']


def test_returns_the_answers_of_the_users(ways: Run) -> None:
    result = ways['ask']['asked']
    assert result['status'] == 'ok'
    assert by_user(result) == {'alice': 'answered', 'bob': 'timed_out', 'carol': 'not_active'}
    assert by_user(result, 'answer') == {'alice': 'yes', 'bob': None, 'carol': None}
    assert 'answered yes (2 CORP\\alice)' in result['msg']


def test_the_modules_see_and_do_what_the_commands_of_windows_do(ways: Run) -> None:
    lines = ways['quser']['by_hand']['stdout'].splitlines()[1:]
    # The session name is blank for a disconnected session, so the id is the first number after the user's name.
    seen = {
        next(int(word) for word in line.split()[1:] if word.isdigit()): line.split()[0].lstrip('>') for line in lines
    }
    assert seen == {session['id']: session['user'] for session in ways['list by module']['by_hand']['sessions']}
    assert seen == {2: 'alice', 3: 'bob'}
    assert by_user(ways['end by module']['by_hand']) == {'bob': 'logged_off'}
    ended = [act for act in ways.hosts['by_hand'].acts if act[0] == 'WTSLogoffSession']
    assert ended == [('WTSLogoffSession', 2, 'CORP\\alice'), ('WTSLogoffSession', 3, 'CORP\\bob')]
    # If no user is logged on, quser ends with an error and the module with an empty list.
    assert (
        'No User exists'
        in ways['quser at the end']['by_hand']['stderr'] + ways['quser at the end']['by_hand']['stdout']
    )
    assert ways['list by module at the end']['by_hand']['sessions'] == []
    assert ways['list by module at the end']['by_hand']['status'] == 'ok'


def test_the_command_line_prints_the_sessions(core: Core, tmp_path: Path) -> None:
    with patient_fleet({'web01': {'sessions': [{'id': 2, 'user': 'alice', 'idle': '3m'}]}}) as running:
        output = ad_hoc(core, running, tmp_path, 'win_user_session_info', {})
    assert 'web01 | SUCCESS' in output
    assert '"msg": "1 session: 2 CORP\\\\alice (active, idle 3 min' in output


@pytest.mark.slow
def test_twenty_hosts_at_once_each_answer_for_themselves(tmp_path: Path) -> None:
    if not MAIN.present:
        pytest.skip(MAIN.missing)
    names = [f'rds{n:02}' for n in range(20)]
    spec = {name: {'sessions': [{'id': 2, 'user': f'user-of-{name}', **IDLE}]} for name in names}
    tasks = [task('act', 'win_user_session', {'state': 'logged_off', 'max_idle': '2h'})]
    with patient_fleet(spec) as running:
        played = run(MAIN, running, tmp_path, [{'tasks': tasks, **TO_THE_END}])
    assert set(played['act']) == set(names)
    for name, result in played['act'].items():
        assert by_user(result) == {f'user-of-{name}': 'logged_off'}
        assert played.hosts[name].users == {}
        assert len(played.hosts[name].modules) == 1
        assert len(played.hosts[name].modules[0]) <= 7
