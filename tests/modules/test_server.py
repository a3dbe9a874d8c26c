# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sessions of another host, through the API's own remoting."""

from __future__ import annotations

import pytest
from modules.results import calls, ended, ids, of

HERE = [{'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'bob'}]
THERE = [{'id': 2, 'user': 'carol', 'idle': '3h'}, {'id': 3, 'user': 'ansible'}, {'id': 4, 'user': 'alice'}]


def test_sends_every_query_to_the_server_and_none_to_this_host(host, info):
    there = host(sessions=HERE, servers={'RDS02.corp.example': {'sessions': THERE}})

    result = info(server='rds02.corp.example', gather=['client', 'processes'])

    assert of(result, 'user') == {2: 'carol', 3: 'ansible', 4: 'alice'}
    asked = {
        call.arguments['server'] for call in there.calls if call.api.startswith('WTS') and 'server' in call.arguments
    }
    assert asked == {'rds02.corp.example'}
    assert [call.api for call in there.calls if 'Server' in call.api] == ['WTSOpenServerExW', 'WTSCloseServer']
    assert there.handles.live == {}


def test_sessions_of_the_server_are_ended_and_those_of_this_host_are_not(host, act):
    there = host(sessions=HERE, servers={'rds02': {'sessions': THERE}})

    result = act(server='rds02', all_sessions=True)

    assert [(call.arguments['server'], call.arguments['session']) for call in there.acts] == [
        ('rds02', 2),
        ('rds02', 4),
    ]
    assert there.sessions.users == {2: 'CORP\\alice', 3: 'CORP\\bob'}
    assert of(result, 'reason', 'protected') == {3: 'connection_user'}
    assert ids(result['remaining']) == [3]


def test_no_session_of_the_server_is_the_own_one(host, info, act):
    there = host(sessions=HERE, servers={'rds02': {'sessions': THERE}}, own_session=2)

    assert of(info(server='rds02'), 'own') == {2: False, 3: False, 4: False}
    act(server='rds02', session_ids=[2])

    assert ended(there) == [2]


def test_the_server_has_a_console_of_its_own(host, info):
    remote = {'console': 4, 'sessions': THERE}
    host(console=2, sessions=HERE, servers={'rds02': remote})

    assert of(info(server='rds02'), 'console') == {2: False, 3: False, 4: True}


def test_the_host_time_is_that_of_the_server_even_without_users(host, info):
    host(clock={'fixed': '2026-11-21T12:00:00Z'}, servers={'rds02': {}})

    assert info(server='rds02')['host_time'] == '2026-11-21T12:00:00Z'


@pytest.mark.parametrize('code', [5, 1722, 1753, 6])
def test_a_server_that_does_not_answer_fails(host, info, act, code):
    there = host(sessions=HERE, servers={'rds02': {'error': code}})

    for result in (info(server='rds02'), act(server='rds02', all_sessions=True)):
        assert result['failed']
        assert result['error_code'] == code
        assert "server 'rds02'" in result['msg']
        assert f'Win32 error {code}' in result['msg']
    assert there.acts == []
    assert there.handles.live == {}


def test_an_unknown_server_is_never_this_host(host, act):
    there = host(sessions=HERE)

    result = act(server='nowhere', all_sessions=True)

    assert (result['failed'], result['error_code']) == (True, 1722)
    assert there.acts == []


@pytest.mark.parametrize('error', [5, 1722])
def test_a_handle_that_is_none_is_never_this_host(host, act, info, error):
    """A zero handle means this host to every function of the API."""
    there = host(sessions=HERE, api=[{'api': 'WTSOpenServerExW', 'error': error}])

    for result in (info(server='rds02'), act(server='rds02', all_sessions=True)):
        assert result['failed']
    assert calls(there, 'WTSEnumerateSessionsExW') == []
    assert there.acts == []


def test_an_error_of_this_host_does_not_mention_a_second_hop(host, info):
    host(api=[{'api': 'WTSEnumerateSessionsExW', 'error': 5}])

    assert 'second hop' not in info()['msg']


def test_a_server_that_goes_away_while_waiting_is_not_empty(host, act):
    there = host(servers={'rds02': {'sessions': [{'id': 2, 'user': 'carol', 'on_logoff': {'hangs': True}}]}})
    there.on('WTSLogoffSession', do=lambda host: host.fault('WTSEnumerateSessionsExW', error=1722))

    result = act(server='rds02', all_sessions=True, timeout='0')

    assert of(result, 'outcome') == {2: 'still_present'}
    assert 'Win32 error 1722' in result['sessions'][0]['detail']
    assert ids(result['remaining']) == [2]
