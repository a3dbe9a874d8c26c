# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How it ends: what is waited for, what fails, and that nothing of the others is lost by it."""

from __future__ import annotations

import pytest
from modules.results import RESULT_KEYS, TARGET_KEYS, calls, done, ended, enumerations, ids, of

ENUMERATE = 'WTSEnumerateSessionsExW'
QUERY = 'WTSQuerySessionInformationW'


def test_sessions_are_logged_off_in_the_order_of_their_ids(host, act):
    there = host(sessions=[{'id': n, 'user': f'u{n}'} for n in (9, 2, 30)])

    result = act(all_sessions=True)

    assert done(there) == [('WTSLogoffSession', n) for n in (2, 9, 30)]
    assert all(call.arguments['wait'] == 0 for call in there.acts)
    assert there.sessions.users == {}
    assert (result['changed'], result['remaining'], result['protected']) == (True, [], [])
    assert result.keys() >= RESULT_KEYS
    for record in result['sessions']:
        assert record.keys() == TARGET_KEYS
        assert (record['action'], record['outcome'], record['error_code']) == ('logoff', 'logged_off', None)
        assert record['seconds'] >= 0
        # The record is what was read before acting.
        assert record['state'] == 'active'


def test_the_second_run_changes_nothing(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'idle': '2h'}, {'id': 3, 'user': 'bob'}])

    first, second = act(max_idle='3600'), act(max_idle='3600')

    assert (first['changed'], second['changed']) == (True, False)
    assert (second['sessions'], ids(second['remaining'])) == ([], [3])
    assert ended(there) == [2]


def test_sessions_that_take_their_time_are_waited_for_together(host, act):
    """The wait is the slowest one's, not the sum: one look at the table serves all."""
    looks = {2: 1, 3: 4, 4: 3, 5: 4}
    there = host(sessions=[{'id': n, 'user': f'u{n}', 'on_logoff': {'looks': count}} for n, count in looks.items()])

    result = act(all_sessions=True)

    assert of(result, 'outcome') == dict.fromkeys(looks, 'logged_off')
    # One to choose, four until the slowest was seen for the last time, one to see it gone, one for what remains.
    assert enumerations(there) == 1 + 4 + 1 + 1


def test_a_session_is_gone_when_its_row_is_and_not_before(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'looks': 3}}])
    seen = []
    there.on('WTSLogoffSession', do=lambda host: seen.append(2 in host.sessions))

    result = act(all_sessions=True)

    assert seen == [True]
    assert of(result, 'outcome') == {2: 'logged_off'}
    assert enumerations(there) == 1 + 3 + 1 + 1


def test_a_logoff_that_hangs_is_still_present_and_the_others_are_reported(host, act):
    sessions = [
        {'id': 2, 'user': 'alice', 'on_logoff': {'hangs': True}, 'processes': [{'name': 'stuck.exe', 'pid': 4242}]},
        {'id': 3, 'user': 'bob', 'on_logoff': {'looks': 2}},
        {'id': 4, 'user': 'carol', 'on_logoff': {'error': 5}},
        {'id': 5, 'user': 'dave'},
    ]
    there = host(sessions=sessions)

    result = act(all_sessions=True, timeout='1')

    assert of(result, 'outcome') == {2: 'still_present', 3: 'logged_off', 4: 'failed', 5: 'logged_off'}
    assert of(result, 'error_code') == {2: None, 3: None, 4: 5, 5: None}
    assert (result['failed'], result['changed']) == (True, True)
    assert result.keys() >= RESULT_KEYS
    assert 'CORP\\alice' in result['msg']
    assert 'CORP\\carol' in result['msg']
    assert 'stuck.exe (4242)' in result['sessions'][0]['detail']
    assert ids(result['remaining']) == [2, 4]
    assert ended(there) == [2, 3, 4, 5]


def test_with_no_time_to_wait_what_is_gone_is_gone_and_the_rest_is_still_present(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'bob', 'on_logoff': {'hangs': True}}])

    result = act(all_sessions=True, timeout='0')

    assert of(result, 'outcome') == {2: 'logged_off', 3: 'still_present'}
    assert result['failed']
    assert enumerations(there) == 3


@pytest.mark.parametrize('becomes', ['ghost', 'down'])
def test_a_row_without_its_user_is_not_an_end(host, act, becomes):
    host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'becomes': becomes}}])

    result = act(all_sessions=True, timeout='0')

    assert of(result, 'outcome') == {2: 'still_present'}
    assert result['changed']


@pytest.mark.parametrize('other', [{'user': 'bob'}, {'user': 'alice'}, {'user': 'alice', 'domain': 'OTHER'}])
def test_a_session_has_ended_when_its_id_belongs_to_another_one(host, act, other):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'logged_on': '5h', 'on_logoff': {'replaced_by': other}}])

    result = act(session_ids=[2])

    assert of(result, 'outcome') == {2: 'logged_off'}
    assert ended(there) == [2]
    assert of(result, 'user', 'remaining') == {2: other['user']}
    assert 2 in there.sessions


def test_a_console_session_has_ended_when_a_logon_screen_has_its_place(host, act):
    there = host(console=1, sessions=[{'id': 1, 'user': 'alice', 'on_logoff': {'looks': 2}}])

    result = act(session_ids=[1])

    assert of(result, 'outcome') == {1: 'logged_off'}
    assert result['remaining'] == []
    assert there.sessions.users == {}


def test_a_session_that_reappears_as_the_logon_screen_of_the_same_id_has_ended(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])
    there.on(
        'WTSLogoffSession',
        do=lambda host: host.sessions.logon(id=2, state='connected', connected=0, session_name='Console'),
    )

    assert of(act(session_ids=[2], timeout='0'), 'outcome') == {2: 'logged_off'}


# ---- What cannot be seen has not ended ----


@pytest.mark.parametrize('fault', [{'error': 1722}, {'error': 5}, {'result': 'empty'}])
def test_a_host_that_cannot_be_seen_any_more_is_not_one_where_all_has_ended(host, act, fault):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'hangs': True}}, {'id': 3, 'user': 'ansible'}])
    there.on('WTSLogoffSession', do=lambda host: host.fault(ENUMERATE, **fault))

    result = act(all_sessions=True, timeout='0')

    assert of(result, 'outcome') == {2: 'still_present'}
    assert 'The last reading failed' in result['sessions'][0]['detail']
    assert result['failed']
    assert ids(result['remaining']) == [2, 3]
    assert 'could not be read' in result['warnings'][0]


@pytest.mark.parametrize('fault', [{'error': 1726}, {'result': 'empty'}])
def test_retries_a_reading_that_fails(host, act, fault):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'looks': 2}}])
    there.on('WTSLogoffSession', do=lambda host: host.fault(ENUMERATE, times=2, **fault))

    result = act(all_sessions=True)

    assert of(result, 'outcome') == {2: 'logged_off'}
    assert result['remaining'] == []


def test_a_host_that_goes_blind_when_all_is_done_is_not_called_empty(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'bob'}])
    # The enumerations: to choose, to see that it is gone, for what remains.
    there.on(ENUMERATE, nth=2, do=lambda host: host.fault(ENUMERATE, result='empty'))

    result = act(session_ids=[2])

    assert of(result, 'outcome') == {2: 'logged_off'}
    assert ids(result['remaining']) == [3]
    assert 'the last known ones' in result['warnings'][0]
    assert 'failed' not in result


@pytest.mark.parametrize('code', [5, 7007, 7022, 1726])
def test_facts_that_cannot_be_read_while_waiting_are_no_end(host, act, code):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'looks': 9}}])
    there.on('WTSLogoffSession', do=lambda host: host.fault(QUERY, session=2, error=code))

    assert of(act(all_sessions=True, timeout='0'), 'outcome') == {2: 'still_present'}


def test_an_unknown_logon_time_does_not_end_the_wait(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'hangs': True}}])

    def forget(host):
        host.sessions[2].closing = None
        host.sessions[2].logon_time = 0

    there.on('WTSLogoffSession', do=forget)

    assert of(act(all_sessions=True, timeout='0'), 'outcome') == {2: 'still_present'}


# ---- Each error of the act ----


@pytest.mark.parametrize('code', [5, 7045, 87, 31337])
def test_an_error_for_good_fails_at_once_and_does_not_stop_the_others(host, act, code):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'error': code}}, {'id': 3, 'user': 'bob'}])

    result = act(all_sessions=True)

    assert done(there) == [('WTSLogoffSession', 2), ('WTSLogoffSession', 3)]
    assert of(result, 'outcome') == {2: 'failed', 3: 'logged_off'}
    assert of(result, 'error_code') == {2: code, 3: None}
    assert f'Win32 error {code}' in result['sessions'][0]['detail']
    assert result['sessions'][0]['action'] == 'logoff'
    assert (result['failed'], result['changed']) == (True, True)


def test_is_unchanged_if_every_action_failed(host, act):
    host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'error': 5}}])

    result = act(all_sessions=True)

    assert (result['failed'], result['changed']) == (True, False)


@pytest.mark.parametrize('code', [7024, 1702, 1726])
def test_retries_a_logoff_while_the_service_is_busy(host, act, code):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'error': code, 'times': 2}}])

    result = act(all_sessions=True)

    assert of(result, 'outcome') == {2: 'logged_off'}
    assert ended(there) == [2, 2, 2]
    # Before each try it was read again.
    assert len(calls(there, QUERY, session=2, **{'class': 25})) >= 1 + 3


def test_a_service_that_stays_busy_fails_at_the_deadline(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'error': 7024}}])

    result = act(all_sessions=True, timeout='0')

    assert of(result, 'outcome') == {2: 'failed'}
    assert of(result, 'error_code') == {2: 7024}
    assert ended(there) == [2]


@pytest.mark.parametrize(
    ('change', 'outcome'),
    [
        ({'leave': 2}, 'already_gone'),
        ({'replace': {'id': 2, 'user': 'bob', 'idle': '3h'}}, 'session_changed'),
        ({'update': {'id': 2, 'idle': 0}}, 'no_longer_matches'),
    ],
)
@pytest.mark.parametrize('timeout', ['0', '20'])
def test_does_not_repeat_a_logoff_for_a_session_that_ended_or_is_active_again(host, act, change, outcome, timeout):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'idle': '2h', 'on_logoff': {'error': 7024}}])
    there.on('WTSLogoffSession', do=lambda host: host.change(change))

    result = act(max_idle='3600', timeout=timeout)

    assert of(result, 'outcome') == {2: outcome}
    assert ended(there) == [2]
    assert (result['changed'], result.get('failed')) == (False, None)


def test_a_logoff_that_is_under_way_already_is_waited_for_and_not_repeated(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'looks': 3}}])
    there.on('WTSLogoffSession', when='before', do=lambda host: host.sessions.logoff(2))
    # It is not asked again: each look at the table brings it nearer to its end.
    there.on(QUERY, session=2, nth=3, do=lambda host: host.change({'leave': 2}), **{'class': 25})

    result = act(all_sessions=True)

    assert there.acts[0].error == 7007
    assert len(there.acts) == 1
    assert of(result, 'outcome') == {2: 'already_gone'}
    assert (result['changed'], result.get('failed')) == (False, None)


def test_waits_for_a_session_that_is_already_closing(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'looks': 3}}])
    there.sessions.logoff(2)

    result = act(users=['alice'])

    assert there.acts == []
    assert of(result, 'outcome') == {2: 'already_gone'}
    assert (result['changed'], result.get('failed')) == (False, None)


def test_a_session_that_is_being_closed_for_ever_is_still_present(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'hangs': True}}])
    there.sessions.logoff(2)

    result = act(users=['alice'], timeout='0')

    assert there.acts == []
    assert of(result, 'outcome') == {2: 'still_present'}
    assert (result['changed'], result['failed']) == (False, True)


@pytest.mark.parametrize('code', [0x80070005, 0x80071B61])
def test_hresult_forms_of_an_error_are_that_error(host, act, code):
    host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'error': code - 2**32}}])

    assert of(act(all_sessions=True), 'error_code') == {2: code & 0xFFFF}
