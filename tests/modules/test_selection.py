# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Limits, states, tokens, clients, ghosts, empty lists, and what can never be selected."""

from __future__ import annotations

from typing import Any

import pytest
from modules.results import ended, ids, of

LIMITS: dict[int, dict[str, Any]] = {
    2: {'user': 'fresh', 'idle': 0, 'logged_on': '10m'},
    3: {'user': 'idle', 'idle': '2h', 'logged_on': '3h'},
    4: {'user': 'gone', 'disconnected': '2h', 'idle': '4h', 'logged_on': '5h'},
    5: {'user': 'long', 'idle': 0, 'logged_on': '9h'},
    6: {'user': 'unknown', 'idle': None, 'logged_on': None},
}


@pytest.mark.parametrize(
    ('options', 'reasons'),
    [
        ({'max_idle': '3600'}, {3: 'max_idle', 4: 'max_idle'}),
        ({'max_disconnected': '3600'}, {4: 'max_disconnected'}),
        ({'max_logged_on': '14400'}, {4: 'max_logged_on', 5: 'max_logged_on'}),
        ({'max_idle': '3600', 'max_disconnected': '3600'}, {3: 'max_idle', 4: 'max_disconnected'}),
        ({'max_idle': '3600', 'max_logged_on': '3600'}, {3: 'max_idle', 4: 'max_idle', 5: 'max_logged_on'}),
        ({'max_disconnected': '86400', 'max_logged_on': '18000'}, {4: 'max_logged_on', 5: 'max_logged_on'}),
        (
            {'max_idle': '7200', 'max_disconnected': '7200', 'max_logged_on': '32400'},
            {3: 'max_idle', 4: 'max_disconnected', 5: 'max_logged_on'},
        ),
        ({'max_idle': '7201', 'max_disconnected': '7201', 'max_logged_on': '32401'}, {}),
        ({'max_idle': '0'}, {2: 'max_idle', 3: 'max_idle', 4: 'max_idle', 5: 'max_idle'}),
        ({'max_disconnected': '0'}, {4: 'max_disconnected'}),
        ({'max_logged_on': '0'}, dict.fromkeys([2, 3, 4, 5], 'max_logged_on')),
        ({'max_idle': '3600', 'users': ['long']}, {}),
        ({'max_idle': '3600', 'states': ['disconnected']}, {4: 'max_idle'}),
        ({'max_idle': '3600s'}, {3: 'max_idle', 4: 'max_idle'}),
        ({'max_idle': '7199.5'}, {3: 'max_idle', 4: 'max_idle'}),
    ],
)
def test_limits_alone_and_together(host, act, options, reasons):
    there = host(
        clock={'fixed': '2026-11-21T12:00:00Z'}, console=None, sessions=[{'id': n, **row} for n, row in LIMITS.items()]
    )

    result = act(**options)

    assert of(result, 'reason') == reasons
    assert ended(there) == list(reasons)


def test_without_a_limit_there_is_no_reason(host, act):
    host(sessions=[{'id': 2, 'user': 'alice'}])

    assert of(act(session_ids=[2]), 'reason') == {2: None}


@pytest.mark.parametrize('option', ['max_idle', 'max_disconnected', 'max_logged_on', 'timeout'])
@pytest.mark.parametrize('value', ['', ' ', '-1', '1h', '1e3', 'NaN', '-Infinity', '9' * 13, '٣', '5\n'])
def test_refuses_a_text_that_is_not_a_number_of_seconds(host, act, option, value):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'idle': '9h', 'disconnected': '9h'}])

    result = act(**{'users': ['alice'], option: value})

    assert result['failed']
    assert option in result['msg']
    assert '5400' in result['msg']
    assert there.acts == []


def test_an_empty_limit_alone_is_refused(host, act, info):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])

    assert act(max_idle='')['failed']
    assert info(max_idle='')['failed']
    assert there.acts == []


@pytest.mark.parametrize(
    'options', [{}, {'exclude_users': ['bob']}, {'ghosts': True}, {'protect_users': ['bob']}, {'server': 'web01'}]
)
def test_without_a_criterion_the_module_itself_refuses(host, act, options):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])

    result = act(**options)

    assert result['failed']
    assert 'no sessions selected' in result['msg']
    assert 'all_sessions' in result['msg']
    assert there.acts == []


@pytest.mark.parametrize('option', ['users', 'session_ids', 'tokens', 'states', 'client_names'])
def test_an_empty_list_selects_nothing(host, act, info, option):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])

    result = act(**{option: []})

    assert (result['sessions'], result['changed'], result.get('failed')) == ([], False, None)
    assert info(**{option: []})['sessions'] == []
    assert ids(act(exclude_users=[], protect_users=[], **{option: []})['remaining']) == [2]
    assert there.acts == []


def test_empty_lists_of_protections_protect_no_session(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])

    act(all_sessions=True, exclude_users=[], protect_users=[], protect_processes=[])

    assert ended(there) == [2]


@pytest.mark.parametrize(
    'state', ['active', 'connected', 'connect_query', 'shadow', 'disconnected', 'idle', 'reset', 'down', 'init']
)
def test_each_state_selects_its_own(host, info, state):
    states = [
        'active',
        'connected',
        'connect_query',
        'shadow',
        'disconnected',
        'idle',
        'listen',
        'reset',
        'down',
        'init',
    ]
    host(sessions=[{'id': n, 'user': 'alice', 'state': name} for n, name in enumerate(states, 2)])

    assert list(of(info(states=[state]), 'state').values()) == [state]
    assert list(of(info(states=[state, 'listen']), 'state').values()) == [state]


def test_a_token_selects_exactly_its_session(host, info, act):
    there = host(sessions=[{'id': 2, 'user': 'Alice'}, {'id': 3, 'user': 'alice'}])
    token = info()['sessions'][0]['token']

    result = act(tokens=[token.swapcase(), '3:1:CORP\\alice', '7:0:'])

    assert ended(there) == [2]
    assert ids(result['sessions']) == [2]
    # The same user is back under the same id: it is another session, and the token does not mean it.
    there.sessions.logon(id=2, user='Alice', logged_on=0)
    assert act(tokens=[token])['sessions'] == []
    assert ended(there) == [2]


def test_a_token_stays_the_same_whatever_the_session_does(host, info):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])
    tokens = {info()['sessions'][0]['token']}

    for change in (
        {'state': 'disconnected'},
        {'state': 'active', 'connected': 0},
        {'locked': True, 'session_name': 'x'},
    ):
        there.sessions.update(2, **change)
        tokens.add(info()['sessions'][0]['token'])

    assert len(tokens) == 1


def test_clients_are_selected_by_name_and_unknown_ones_by_none(host, info, act):
    rows = [
        {'id': 2, 'user': 'a', 'client': {'name': 'PC-17'}},
        {'id': 3, 'user': 'b', 'client': {'name': 'pc-18'}},
        {'id': 4, 'user': 'c', 'client': {'name': 'Küche'}},
        {'id': 5, 'user': 'd', 'client': {}},
    ]
    there = host(sessions=rows)

    assert ids(info(client_names=['PC-1?'])['sessions']) == [2, 3]
    assert ids(info(client_names=['kÜche'], gather=[])['sessions']) == [4]
    assert ids(info(client_names=['*'])['sessions']) == [2, 3, 4]
    act(client_names=['PC-17'])
    assert ended(there) == [2]


def test_skips_a_user_who_reconnected_from_another_client(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'client': {'name': 'PC-1'}}])
    there.on(
        'WTSQuerySessionInformationW',
        session=2,
        nth=6,
        when='before',
        do=lambda host: host.change({'update': {'id': 2, 'client': {'name': 'PC-2'}}}),
        **{'class': 25},
    )
    there.on(
        'WTSQuerySessionInformationW',
        session=2,
        nth=2,
        when='before',
        do=lambda host: host.change({'update': {'id': 2, 'client': {'name': 'PC-2'}}}),
        **{'class': 10},
    )

    result = act(client_names=['PC-1'])

    assert of(result, 'outcome') == {2: 'no_longer_matches'}
    assert there.acts == []


# ---- Ghosts ----

GHOSTS = [
    {'id': 2, 'state': 'disconnected', 'disconnected': '2h'},
    {'id': 3, 'state': 'down'},
    {'id': 4, 'state': 'connected'},
    {'id': 5, 'user': 'alice', 'disconnected': '2h'},
]


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({'all_sessions': True}, [5]),
        ({'all_sessions': True, 'ghosts': True}, [2, 3, 5]),
        ({'session_ids': [2, 4], 'ghosts': True}, [2, 4]),
        ({'session_ids': [2, 4]}, []),
        ({'states': ['disconnected', 'down'], 'ghosts': True}, [2, 3, 5]),
        ({'states': ['down'], 'ghosts': True}, [3]),
        ({'users': ['*'], 'ghosts': True}, [5]),
        ({'users': [], 'ghosts': True}, []),
        ({'all_sessions': True, 'ghosts': True, 'exclude_users': ['*']}, [2, 3]),
        ({'max_disconnected': '3600', 'ghosts': True}, [2, 3, 5]),
        ({'max_disconnected': '86400', 'ghosts': True}, []),
        ({'max_idle': '0', 'ghosts': True}, [5]),
        ({'max_logged_on': '0', 'ghosts': True}, [5]),
        ({'client_names': ['*'], 'ghosts': True}, []),
    ],
)
def test_ghosts_are_selected_where_they_are_named(host, act, options, expected):
    there = host(console=None, sessions=GHOSTS)

    result = act(**options)

    assert ids(result['sessions']) == expected
    assert ended(there) == expected
    # Without its user nothing but the session's own times is known of it.
    assert [record['user'] for record in result['sessions']] == ['alice' if n == 5 else None for n in expected]


def test_a_ghost_has_a_token_of_its_connection_and_is_selected_by_it(host, info, act):
    there = host(console=None, sessions=GHOSTS)
    tokens = of(info(ghosts=True), 'token')

    assert tokens[2].endswith(':')
    act(tokens=[tokens[2]], ghosts=True)

    assert ended(there) == [2]


@pytest.mark.parametrize('others', [{}, {'session_ids': []}, {'users': ['bob']}, {'exclude_users': ['*']}])
@pytest.mark.parametrize('state', ['disconnected', 'connected'])
def test_a_named_session_without_a_user_remains_whatever_else_is_selected(host, act, state, others):
    host(clock={'fixed': '2026-11-21T12:00:00Z'}, console=None, sessions=[{'id': 4, 'state': state, 'connected': '2h'}])
    (session,) = act(session_ids=[4], ghosts=True, check=True)['sessions']

    result = act(check=True, tokens=[session['token']], max_disconnected='1000000', ghosts=True, **others)

    assert (ids(result['sessions']), of(result, 'token', 'remaining')) == ([], {4: session['token']})


@pytest.mark.parametrize(('state', 'word'), [('disconnected', 'ghost session'), ('connected', 'ghosts=true')])
def test_names_the_reason_why_a_token_is_not_selectable(host, act, info, state, word):
    host(clock={'fixed': '2026-11-21T12:00:00Z'}, console=None, sessions=[{'id': 4, 'state': state, 'connected': '2h'}])
    (session,) = act(session_ids=[4], ghosts=True, check=True)['sessions']

    for result in (act(tokens=[session['token']]), info(tokens=[session['token']])):
        assert result['sessions'] == []
        assert [('session 4' in text, word in text) for text in result['warnings']] == [(True, True)]


# ---- What no option reaches ----


@pytest.mark.parametrize('session', [0, -1, 65536, 65537, 4294967295, 4294967294, 2147483647])
def test_ids_of_no_user_session_are_refused(host, act, info, session):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])

    for result in (act(session_ids=[session]), act(session_ids=[2, session]), info(session_ids=[session])):
        assert result['failed']
        assert 'session_ids' in result['msg'] or 'integer' in result['msg'].lower() or 'Int32' in result['msg']
    assert there.acts == []
    assert [call for call in there.calls if call.api == 'WTSEnumerateSessionsExW'] == []


@pytest.mark.parametrize('method', ['logoff', 'reset', 'logoff_then_reset'])
def test_services_listeners_and_logon_screens_are_out_of_reach(host, act, method):
    rows = [
        {'id': 0, 'state': 'disconnected', 'user': 'SYSTEM', 'session_name': 'Services'},
        {'id': 1, 'state': 'connected', 'session_name': 'Console'},
        {'id': 5, 'state': 'listen', 'user': 'alice'},
        {'id': 6, 'state': 'connect_query'},
        {'id': 65536, 'state': 'listen', 'session_name': 'RDP-Tcp'},
        {'id': 65537, 'state': 'disconnected', 'user': 'alice'},
        {'id': 4294967294, 'state': 'active', 'user': 'alice'},
    ]
    there = host(sessions=rows)

    for options in (
        {'all_sessions': True},
        {'users': ['*']},
        {'max_disconnected': '0', 'max_idle': '0'},
        {'states': ['listen', 'disconnected']},
    ):
        assert act(method=method, ghosts=True, **options)['sessions'] == []
    assert there.acts == []
