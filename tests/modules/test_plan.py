# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check mode, diff and the safety limit."""

from __future__ import annotations

import pytest
from modules.results import RECORD_KEYS, RESULT_KEYS, TARGET_KEYS, ended, enumerations, ids, of

ROWS = [
    {'id': 2, 'user': 'alice', 'idle': '3h'},
    {'id': 3, 'user': 'bob'},
    {'id': 4, 'user': 'ansible', 'idle': '3h'},
    {'id': 5, 'user': 'carol', 'disconnected': '3h'},
]


@pytest.mark.parametrize('state', ['logged_off', 'disconnected'])
def test_check_mode_selects_the_same_with_the_same_keys_and_does_nothing(host, act, state):
    there = host(clock={'fixed': '2026-11-21T12:00:00Z'}, sessions=ROWS)

    planned = act(check=True, state=state, max_idle='3600')
    assert there.acts == []
    result = act(state=state, max_idle='3600')

    assert planned.keys() == result.keys()
    assert (planned['changed'], result['changed']) == (True, True)
    assert [record.keys() for record in planned['sessions']] == [TARGET_KEYS] * 2
    assert planned['protected'] == result['protected']
    for key in ('id', 'token', 'action', 'reason'):
        assert of(planned, key) == of(result, key)
    assert ids(planned['remaining']) == ids(result['remaining'])
    assert planned['sessions'][0]['outcome'] == 'planned'
    assert planned['sessions'][0]['state'] == 'active'


def test_check_mode_needs_one_enumeration_and_reads_only_the_planned_twice(host, act):
    there = host(sessions=ROWS)

    act(check=True, max_idle='3600')

    assert enumerations(there) == 1


def test_check_mode_where_nothing_matches_changes_nothing(host, act):
    host(sessions=ROWS)

    result = act(check=True, max_idle='86400')

    assert (result['changed'], result['sessions'], ids(result['remaining'])) == (False, [], [2, 3, 4, 5])


def test_the_diff_is_the_sessions_before_and_after(host, act):
    host(sessions=ROWS)

    planned = act(check=True, diff=True, max_idle='3600')
    result = act(diff=True, max_idle='3600')

    for run in (planned, result):
        assert ids(run['diff']['before']) == [2, 3, 4, 5]
        assert ids(run['diff']['after']) == [3, 4]
        assert all(record.keys() == RECORD_KEYS for record in run['diff']['before'] + run['diff']['after'])
    assert 'diff' not in act(max_idle='3600')


@pytest.mark.parametrize(('most', 'ends'), [(0, False), (1, False), (2, True), (3, True)])
def test_changes_nothing_if_the_safety_limit_is_exceeded(host, act, most, ends):
    there = host(sessions=ROWS)

    result = act(max_idle='3600', max_sessions=most)

    assert ended(there) == ([2, 5] if ends else [])
    # The plan is shown either way; who is protected does not count.
    assert ids(result['sessions']) == [2, 5]
    assert ids(result['protected']) == [4]
    assert result.get('failed', False) is not ends
    assert result['changed'] is ends
    assert result.keys() >= RESULT_KEYS
    if not ends:
        assert of(result, 'outcome') == {2: 'planned', 5: 'planned'}
        assert of(result, 'action') == {2: 'logoff', 5: 'logoff'}
        assert f'max_sessions allows {most}' in result['msg']
        assert ids(result['remaining']) == [2, 3, 4, 5]


def test_the_plan_of_an_exceeded_safety_limit_keeps_what_could_not_be_evaluated(host, act):
    there = host(sessions=ROWS)
    there.fault('WTSQuerySessionInformationW', session=2, error=31)

    result = act(max_idle='3600', max_sessions=1)

    assert (result['failed'], result['changed'], there.acts) == (True, False, [])
    assert of(result, 'outcome') == {2: 'failed', 5: 'planned'}
    assert of(result, 'error_code') == {2: 31, 5: None}


def test_the_safety_limit_applies_in_check_mode(host, act):
    there = host(sessions=ROWS)

    result = act(check=True, max_idle='3600', max_sessions=1)

    assert result['failed']
    assert (result['changed'], there.acts) == (False, [])


def test_a_safety_limit_of_zero_succeeds_if_no_session_matches(host, act):
    host(sessions=ROWS)

    assert 'failed' not in act(max_idle='86400', max_sessions=0)


def test_the_safety_limit_counts_before_sessions_are_re_checked(host, act):
    there = host(sessions=ROWS)

    act(max_idle='3600', max_sessions=1)

    reads = [call for call in there.calls if call.arguments.get('class') == 25]
    assert len(reads) == len(ROWS)
