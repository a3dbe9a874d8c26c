# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Selected sessions that are protected, and the reason."""

from __future__ import annotations

from typing import Any

import pytest
from modules.results import ended, of


def reasons(result):
    return of(result, 'reason', 'protected')


def test_protects_sessions_of_the_connection_account(host, act):
    there = host(
        sessions=[{'id': 2, 'user': 'Ansible'}, {'id': 3, 'user': 'alice'}, {'id': 4, 'user': 'OTHER\\ansible'}]
    )

    result = act(all_sessions=True)

    assert ended(there) == [3, 4]
    assert reasons(result) == {2: 'connection_user'}
    assert [record['id'] for record in result['remaining']] == [2]


def test_the_connecting_account_is_not_protected_when_that_is_not_wanted(host, act):
    there = host(sessions=[{'id': 2, 'user': 'ansible'}])

    result = act(all_sessions=True, protect_connection_user=False)

    assert ended(there) == [2]
    assert result['protected'] == []


def test_nothing_is_done_when_the_connecting_account_cannot_be_found_out(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}], api=[{'api': 'GetUserNameExW', 'error': 1332}])

    result = act(all_sessions=True)

    assert result['failed']
    assert result['error_code'] == 1332
    assert there.acts == []


def test_protected_users_are_reported_and_excluded_ones_are_not(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'bob'}, {'id': 4, 'user': 'carol'}])

    result = act(all_sessions=True, protect_users=['corp\\ALICE'], exclude_users=['bob'])

    assert ended(there) == [4]
    assert reasons(result) == {2: 'protected_user'}
    assert [record['id'] for record in result['sessions']] == [4]
    assert [record['id'] for record in result['remaining']] == [2, 3]


def test_a_sid_that_cannot_be_resolved_protects_and_excludes_rather_than_selects(host, act):
    sessions = [{'id': 2, 'user': 'nobody', 'sid': None}, {'id': 3, 'user': 'carol'}]
    there = host(sessions=sessions)
    sid = 'S-1-5-21-1-2-3-1001'

    assert act(users=[sid])['sessions'] == []
    assert reasons(act(session_ids=[2], protect_users=[sid])) == {2: 'protected_user'}
    assert act(session_ids=[2], exclude_users=[sid])['sessions'] == []
    assert there.acts == []


def test_a_user_is_protected_by_his_sid(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'sid': 'S-1-5-21-1-2-3-1001'}, {'id': 3, 'user': 'bob'}])

    result = act(all_sessions=True, protect_users=['s-1-5-21-1-2-3-1001'])

    assert ended(there) == [3]
    assert result['protected'][0]['sid'] == 'S-1-5-21-1-2-3-1001'


def test_a_user_whose_domain_is_not_known_is_protected_by_the_name_alone(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])
    there.sessions[2].domain = None

    assert reasons(act(all_sessions=True, protect_users=['CORP\\alice'])) == {2: 'protected_user'}
    assert act(users=['CORP\\alice'])['sessions'] == []
    assert act(all_sessions=True, exclude_users=['alice@CORP'])['sessions'] == []
    assert there.acts == []


@pytest.mark.parametrize('pattern', ['winword.exe', 'WINWORD.*', '*word*', 'win????.exe'])
def test_protects_a_session_that_runs_a_protected_process(host, act, pattern):
    sessions = [{'id': 2, 'user': 'alice', 'processes': ['explorer.exe', 'WINWORD.EXE']}, {'id': 3, 'user': 'bob'}]
    there = host(sessions=sessions)

    result = act(all_sessions=True, protect_processes=['other.exe', pattern])

    assert ended(there) == [3]
    assert reasons(result) == {2: 'protected_process'}


def test_a_protected_process_that_starts_before_the_act_keeps_the_session(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'bob'}])
    there.on(
        'WTSEnumerateProcessesExW',
        session=3,
        when='before',
        do=lambda host: host.change({'update': {'id': 3, 'processes': ['setup.exe']}}),
    )

    result = act(all_sessions=True, protect_processes=['setup*'])

    assert ended(there) == [2]
    assert [record['outcome'] for record in result['sessions']] == ['logged_off', 'no_longer_matches']
    assert 'protected_process' in result['sessions'][1]['detail']


@pytest.mark.parametrize('fault', [{'error': 5}, {'result': 'empty'}])
def test_nothing_is_done_when_the_processes_that_protect_cannot_be_seen(host, act, fault):
    there = host(sessions=[{'id': 2, 'user': 'alice'}], api=[{'api': 'WTSEnumerateProcessesExW', **fault}])

    result = act(all_sessions=True, protect_processes=['setup*'])

    assert result['failed']
    assert 'process' in result['msg'].lower() or result['error_code'] == 5
    assert there.acts == []


def test_an_account_that_sees_only_its_own_processes_ends_nothing_that_they_protect(host, act):
    accounts = {'CORP\\ansible': {'rights': 'user'}}
    there = host(sessions=[{'id': 2, 'user': 'alice', 'processes': ['setup.exe']}], accounts=accounts)

    result = act(all_sessions=True, protect_processes=['setup*'])

    assert result['failed']
    assert 'processes' in result['msg']
    assert there.acts == []


def test_protects_a_console_session_that_is_only_idle(host, act):
    sessions = [{'id': 1, 'user': 'alice', 'idle': '3h', 'logged_on': '5h'}, {'id': 2, 'user': 'bob', 'idle': '3h'}]
    there = host(sessions=sessions)

    result = act(max_idle='3600', max_logged_on='86400')

    assert ended(there) == [2]
    assert reasons(result) == {1: 'console_idle'}


def test_protects_an_idle_console_that_the_list_does_not_name(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'idle': '3h', 'session_name': 'RDP-Tcp#1'}])
    there.sessions.console = 2

    result = act(max_idle='3600')

    assert ended(there) == []
    assert reasons(result) == {2: 'console_idle'}


def test_protects_an_idle_console_whose_id_was_read_before_it_changed(host, act):
    there = host(sessions=[{'id': 1, 'user': 'alice', 'idle': '3h'}, {'id': 2, 'user': 'bob'}])
    there.sessions.console = 2

    result = act(max_idle='3600')

    assert ended(there) == []
    assert reasons(result) == {1: 'console_idle'}


@pytest.mark.parametrize(
    'options',
    [
        {'max_idle': '3600', 'max_logged_on': '3600'},
        {'max_logged_on': '3600'},
        {'session_ids': [1]},
        {'max_idle': '3600', 'protect_console_idle': False},
    ],
)
def test_a_console_is_ended_for_any_other_reason(host, act, options):
    there = host(sessions=[{'id': 1, 'user': 'alice', 'idle': '3h', 'logged_on': '5h'}])

    result = act(**options)

    assert ended(there) == [1]
    assert result['protected'] == []


def test_the_module_never_ends_the_session_that_it_runs_in(host, act):
    there = host(sessions=[{'id': 2, 'user': 'ansible'}, {'id': 3, 'user': 'ansible'}], own_session=3)

    result = act(all_sessions=True, protect_connection_user=False)

    assert ended(there) == [2]
    assert reasons(result) == {3: 'own_session'}
    assert result['protected'][0]['own'] is True


def test_the_first_of_several_protections_is_named(host, act):
    session = {'id': 1, 'user': 'ansible', 'idle': '3h', 'processes': ['setup.exe']}
    options: dict[str, Any] = {'max_idle': '60', 'protect_users': ['ansible'], 'protect_processes': ['setup*']}
    host(sessions=[session], own_session=1)

    found = []
    # Each protection that is taken away lets the next one be seen; the module's own session is recognized by its host.
    found.append(reasons(act(**options))[1])
    options['server'] = 'web01'  # on another host no session is the own one, and the console is recognized by its name
    for drop in (None, 'protect_connection_user', 'protect_users', 'protect_processes'):
        if drop == 'protect_connection_user':
            options[drop] = False
        elif drop:
            del options[drop]
        found.append(reasons(act(**options))[1])

    assert found == ['own_session', 'connection_user', 'protected_user', 'protected_process', 'console_idle']


def test_protected_records_have_all_keys_of_a_record_and_the_reason(host, act, info):
    host(sessions=[{'id': 2, 'user': 'ansible'}])

    (listed,) = info()['sessions']
    (protected,) = act(all_sessions=True)['protected']

    assert protected.keys() == listed.keys() | {'reason'}
