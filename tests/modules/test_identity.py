# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Between reading and acting: a session that was replaced, or that no longer matches, is skipped."""

from __future__ import annotations

import pytest
from modules.results import calls, done, ended, ids, of

QUERY = 'WTSQuerySessionInformationW'
IDLE = {'user': 'alice', 'idle': '3h', 'logged_on': '9h'}


def before_the_act(there, session, change):
    """Change the host immediately before a session is re-checked: at the second query of its facts."""
    there.on(QUERY, session=session, nth=2, when='before', do=lambda host: host.change(change), **{'class': 25})


@pytest.mark.parametrize('state', ['logged_off', 'disconnected'])
@pytest.mark.parametrize('method', ['logoff', 'reset', 'logoff_then_reset'])
@pytest.mark.parametrize(
    'other',
    [
        {'user': 'bob', 'idle': '3h', 'logged_on': '9h'},
        {'user': 'alice', 'idle': '3h', 'logged_on': '5h'},
        {'user': 'alice', 'domain': 'OTHER', 'idle': '3h', 'logged_on': '9h'},
        {'state': 'connected', 'connected': 0},
    ],
    ids=['another user', 'another logon of the user', 'a namesake', 'a logon screen'],
)
def test_skips_a_session_whose_id_was_reused(host, act, state, method, other):
    there = host(
        clock={'fixed': '2026-11-21T12:00:00Z'}, sessions=[{'id': 3, **IDLE}, {'id': 4, 'user': 'carol', 'idle': '5h'}]
    )
    before_the_act(there, 3, {'replace': {'id': 3, **other}})

    result = act(state=state, method=method, max_idle='3600')

    assert ended(there) == [4]
    assert of(result, 'outcome')[3] == 'session_changed'
    assert of(result, 'user')[3] == 'alice'
    assert of(result, 'action')[3] == 'none'
    assert 3 in there.sessions
    # The remaining sessions are reported as they are now.
    assert of(result, 'user', 'remaining').get(3) == other.get('user')


def test_reports_a_session_that_ended_by_itself_as_already_gone(host, act):
    there = host(sessions=[{'id': 3, **IDLE}, {'id': 4, **IDLE}])
    before_the_act(there, 3, {'leave': 3})

    result = act(max_idle='3600')

    assert ended(there) == [4]
    assert of(result, 'outcome') == {3: 'already_gone', 4: 'logged_off'}
    assert 'failed' not in result


def test_nothing_changed_where_all_left_by_themselves(host, act):
    there = host(sessions=[{'id': 3, **IDLE}])
    before_the_act(there, 3, {'leave': 3})

    result = act(max_idle='3600')

    assert (result['changed'], there.acts, result['remaining']) == (False, [], [])


@pytest.mark.parametrize('timeout', ['0', '20'])
@pytest.mark.parametrize('state', ['logged_off', 'disconnected'])
def test_a_session_that_ends_between_the_check_and_the_call_is_already_gone(host, act, state, timeout):
    there = host(sessions=[{'id': 3, **IDLE}])
    api = 'WTSLogoffSession' if state == 'logged_off' else 'WTSDisconnectSession'
    there.on(api, session=3, when='before', do=lambda host: host.change({'leave': 3}))

    result = act(state=state, max_idle='3600', timeout=timeout)

    assert done(there) == [(api, 3)]
    assert there.acts[0].error == 7022
    assert of(result, 'outcome') == {3: 'already_gone'}
    assert (result['changed'], result.get('failed')) == (False, None)


@pytest.mark.parametrize(
    ('options', 'change'),
    [
        ({'max_idle': '3600'}, {'idle': 0}),
        ({'max_idle': '3600'}, {'idle': '59m'}),
        ({'max_idle': '3600'}, {'idle': None}),
        ({'max_disconnected': '3600'}, {'state': 'active'}),
        ({'max_idle': '3600', 'max_disconnected': '3600'}, {'state': 'active'}),
        ({'states': ['disconnected']}, {'state': 'active'}),
        ({'max_disconnected': '3600', 'users': ['alice', 'bob']}, {'disconnected': '1m'}),
    ],
)
@pytest.mark.parametrize('method', ['logoff', 'reset'])
def test_skips_a_user_who_is_active_again(host, act, options, change, method):
    there = host(
        sessions=[
            {'id': 3, 'user': 'alice', 'disconnected': '3h', 'logged_on': '9h'},
            {'id': 4, 'user': 'bob', 'disconnected': '3h'},
        ]
    )
    if 'idle' in change:
        there.sessions.update(3, state='active', idle='3h', connected='9h')
    before_the_act(there, 3, {'update': {'id': 3, **change}})

    result = act(method=method, **options)

    assert ended(there) == [4]
    assert of(result, 'outcome') == {3: 'no_longer_matches', 4: 'logged_off' if method == 'logoff' else 'reset'}
    assert ids(result['remaining']) == [3]


def test_ends_a_session_that_was_locked_meanwhile_and_still_matches(host, act):
    there = host(sessions=[{'id': 3, **IDLE}])
    before_the_act(there, 3, {'update': {'id': 3, 'locked': True}})

    result = act(max_idle='3600')

    assert ended(there) == [3]
    assert of(result, 'outcome') == {3: 'logged_off'}


def test_protects_a_console_session_that_is_only_idle_when_re_checked(host, act):
    there = host(console=1, sessions=[{'id': 1, 'user': 'alice', 'disconnected': '3h', 'logged_on': '9h'}])
    before_the_act(there, 1, {'update': {'id': 1, 'state': 'active', 'idle': '3h', 'connected': '3h'}})

    result = act(max_idle='3600', max_disconnected='3600')

    assert of(result, 'outcome') == {1: 'no_longer_matches'}
    assert 'console_idle' in result['sessions'][0]['detail']
    assert there.acts == []


def test_a_session_whose_logon_time_became_unknown_is_not_identified(host, act):
    there = host(sessions=[{'id': 3, **IDLE}])
    before_the_act(there, 3, {'update': {'id': 3, 'logon_time': 0}})

    result = act(max_idle='3600')

    assert of(result, 'outcome') == {3: 'session_changed'}
    assert there.acts == []


@pytest.mark.parametrize('connected', ['9h', '10m'])
def test_without_a_logon_time_the_connect_time_identifies_a_session(host, act, connected):
    session = {**IDLE, 'id': 3, 'logon_time': 0}
    there = host(clock={'fixed': '2026-11-21T12:00:00Z'}, sessions=[{**session, 'connected': '9h'}])
    before_the_act(there, 3, {'replace': {**session, 'connected': connected}})

    result = act(users=['alice'])

    assert of(result, 'outcome') == {3: 'logged_off' if connected == '9h' else 'session_changed'}
    assert ended(there) == ([3] if connected == '9h' else [])


@pytest.mark.parametrize('code', [5, 1722, 1726])
def test_a_session_that_cannot_be_read_again_is_not_acted_on(host, act, code):
    there = host(sessions=[{'id': 3, **IDLE}, {'id': 4, **IDLE}])
    there.on(QUERY, session=3, nth=1, do=lambda host: host.fault(QUERY, session=3, error=code), **{'class': 25})

    result = act(max_idle='3600', timeout='1')

    assert ended(there) == [4]
    assert of(result, 'outcome') == {3: 'failed', 4: 'logged_off'}
    assert of(result, 'error_code') == {3: code, 4: None}
    assert result['failed']


def test_a_session_that_is_not_found_without_a_list_is_not_gone(host, act):
    there = host(sessions=[{'id': 3, **IDLE}])

    def hide(host):
        host.fault(QUERY, session=3, error=7022)
        host.fault('WTSEnumerateSessionsExW', result='empty')

    there.on(QUERY, session=3, nth=1, do=hide, **{'class': 25})

    result = act(max_idle='3600', timeout='1')

    assert of(result, 'outcome') == {3: 'failed'}
    assert there.acts == []
    # If the sessions cannot be listed afterwards, the earlier list is returned.
    assert ids(result['remaining']) == [3]
    assert 'the last known ones' in result['warnings'][0]


def test_each_session_is_read_again_right_before_its_own_act(host, act):
    there = host(sessions=[{'id': n, 'user': f'u{n}'} for n in range(2, 6)])

    act(all_sessions=True)

    order = [
        (call.api, call.arguments['session'])
        for call in there.calls
        if call.api in (QUERY, 'WTSLogoffSession') and call.arguments.get('class', 25) == 25
    ]
    reads = [(QUERY, n) for n in range(2, 6)]
    pairs = [pair for n in range(2, 6) for pair in ((QUERY, n), ('WTSLogoffSession', n))]
    assert order[: len(reads + pairs)] == reads + pairs


def test_skips_a_ghost_whose_id_was_reused_by_a_logon(host, act):
    there = host(console=None, sessions=[{'id': 3, 'state': 'disconnected', 'disconnected': '5h'}])
    before_the_act(there, 3, {'update': {'id': 3, 'user': 'bob', 'state': 'active'}})

    result = act(states=['disconnected'], ghosts=True, method='reset')

    assert there.acts == []
    assert of(result, 'outcome') == {3: 'session_changed'}


def test_a_closing_ghost_whose_id_went_to_a_logon_screen_is_not_touched(host, act):
    there = host(console=None, sessions=[{'id': 3, 'state': 'down'}])
    there.fault(QUERY, session=3, error=7007, times=1)
    before_the_act(there, 3, {'update': {'id': 3, 'state': 'connected'}})

    result = act(session_ids=[3], ghosts=True, method='reset')

    assert there.acts == []
    assert of(result, 'outcome') == {3: 'session_changed'}


def test_in_check_mode_a_session_that_changed_is_not_planned(host, act):
    there = host(
        clock={'fixed': '2026-11-21T12:00:00Z'},
        sessions=[{'id': 3, **IDLE}, {'id': 4, **IDLE}, {'id': 5, 'user': 'eve'}],
    )
    before_the_act(there, 3, {'replace': {'id': 3, 'user': 'bob'}})

    result = act(check=True, max_idle='3600')

    assert of(result, 'outcome') == {3: 'session_changed', 4: 'planned'}
    assert of(result, 'account', 'remaining') == {3: 'CORP\\bob', 5: 'CORP\\eve'}
    assert there.acts == []


def test_only_sessions_that_are_acted_on_are_read_again(host, act):
    there = host(sessions=[{'id': n, 'user': f'u{n}'} for n in range(2, 12)])

    act(session_ids=[4, 7])

    reads = {n: len(calls(there, QUERY, session=n, **{'class': 25})) for n in range(2, 12)}
    assert {n for n, count in reads.items() if count > 1} == {4, 7}
