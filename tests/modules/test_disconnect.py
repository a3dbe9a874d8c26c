# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""state: disconnected."""

from __future__ import annotations

import pytest
from modules.results import done, ended, enumerations, ids, of

DISCONNECT = 'WTSDisconnectSession'


def disconnect(act, **options):
    return act(**{'state': 'disconnected', **options})


def test_sessions_are_disconnected_and_stay(host, act):
    there = host(
        sessions=[{'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'bob', 'disconnected': '1h'}, {'id': 4, 'user': 'eve'}]
    )

    result = disconnect(act, users=['alice', 'bob'])

    assert done(there) == [(DISCONNECT, 2)]
    assert there.acts[0].arguments['wait'] == 0
    assert of(result, 'outcome') == {2: 'disconnected', 3: 'already_disconnected'}
    assert of(result, 'action') == {2: 'disconnect', 3: 'none'}
    assert of(result, 'state', 'remaining') == {2: 'disconnected', 3: 'disconnected', 4: 'active'}
    assert result['changed']


def test_the_second_run_changes_nothing(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])

    disconnect(act, all_sessions=True)
    second = disconnect(act, all_sessions=True)

    assert (second['changed'], of(second, 'outcome')) == (False, {2: 'already_disconnected'})
    assert ended(there) == [2]


def test_a_disconnect_that_hangs_is_still_present(host, act):
    host(sessions=[{'id': 2, 'user': 'alice', 'on_disconnect': {'hangs': True}}, {'id': 3, 'user': 'bob'}])

    result = disconnect(act, all_sessions=True, timeout='0')

    assert of(result, 'outcome') == {2: 'still_present', 3: 'disconnected'}
    assert result['failed']


@pytest.mark.parametrize('code', [5, 7041])
def test_a_failed_disconnect_names_the_error(host, act, code):
    there = host(
        console=1, sessions=[{'id': 1, 'user': 'alice', 'on_disconnect': {'error': code}}, {'id': 3, 'user': 'bob'}]
    )

    result = disconnect(act, all_sessions=True)

    assert of(result, 'outcome') == {1: 'failed', 3: 'disconnected'}
    assert of(result, 'error_code') == {1: code, 3: None}
    assert str(code) in result['sessions'][0]['detail']
    assert ended(there) == [1, 3]


def test_the_console_can_be_disconnected(host, act):
    there = host(console=1, sessions=[{'id': 1, 'user': 'alice'}])

    result = disconnect(act, session_ids=[1])

    assert of(result, 'outcome') == {1: 'disconnected'}
    assert there.sessions[1].account == 'CORP\\alice'


def test_reports_a_user_who_disconnected_as_already_disconnected(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])
    there.on(
        'WTSQuerySessionInformationW',
        session=2,
        nth=2,
        when='before',
        do=lambda host: host.change({'update': {'id': 2, 'state': 'disconnected'}}),
        **{'class': 25},
    )

    result = disconnect(act, users=['alice'])

    assert there.acts == []
    assert (of(result, 'outcome'), result['changed']) == ({2: 'already_disconnected'}, False)


def test_a_session_that_ends_altogether_meanwhile_is_gone_already(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_disconnect': {'hangs': True}}])
    there.on(DISCONNECT, do=lambda host: host.change({'leave': 2}))

    result = disconnect(act, users=['alice'])

    assert of(result, 'outcome') == {2: 'already_gone'}
    assert 'failed' not in result


def test_a_session_replaced_while_it_is_disconnected_is_not_taken_for_it(host, act):
    bob = {'user': 'bob', 'disconnected': '1h'}
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_disconnect': {'replaced_by': bob}}])

    result = disconnect(act, users=['alice'])

    assert of(result, 'outcome') == {2: 'already_gone'}
    assert of(result, 'user', 'remaining') == {2: 'bob'}
    assert ended(there) == [2]


def test_does_not_report_a_closing_session_as_gone(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'looks': 99}}])
    there.sessions.logoff(2)

    result = disconnect(act, users=['alice'], timeout='0')

    assert there.acts == []
    # It is already disconnected, as its row shows.
    assert of(result, 'outcome') == {2: 'already_disconnected'}
    assert ids(result['remaining']) == [2]


def test_disconnects_are_waited_for_together(host, act):
    there = host(sessions=[{'id': n, 'user': f'u{n}'} for n in range(2, 8)])

    disconnect(act, all_sessions=True)

    assert enumerations(there) == 1 + 1 + 1


def test_what_it_would_disconnect(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'bob', 'disconnected': '1h'}])

    result = disconnect(act, check=True, all_sessions=True)

    assert of(result, 'outcome') == {2: 'planned', 3: 'already_disconnected'}
    assert of(result, 'action') == {2: 'disconnect', 3: 'none'}
    assert ids(result['remaining']) == [2, 3]
    assert (result['changed'], there.acts) == (True, [])


@pytest.mark.parametrize('selection', [{'users': ['alice']}, {'max_idle': '3600'}])
def test_a_disconnect_that_was_carried_out_and_answered_with_an_error_is_reported(host, act, selection):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'idle': '2h'}])
    there.fault(DISCONNECT, error=1726, times=1, carried_out=True)

    result = disconnect(act, **selection)

    assert (of(result, 'outcome'), result['changed']) == ({2: 'disconnected'}, True)
    assert ended(there) == [2]
