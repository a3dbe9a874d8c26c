# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host that cannot be seen never looks like an empty one."""

from __future__ import annotations

import dataclasses

import pytest
from modules.results import RESULT_KEYS, calls, ended, enumerations, ids, of

ALICE = {'id': 2, 'user': 'alice'}
ENUMERATE = 'WTSEnumerateSessionsExW'
QUERY = 'WTSQuerySessionInformationW'


def accounts(rights):
    return {'CORP\\ansible': {'rights': rights}}


def test_a_host_without_users_is_empty_and_no_failure(host, info, act):
    there = host()

    listed, acted = info(), act(all_sessions=True)

    assert (listed['sessions'], listed['session_count'], listed.get('failed')) == ([], 0, None)
    assert listed['changed'] is False
    assert acted.keys() >= RESULT_KEYS
    assert (acted['sessions'], acted['protected'], acted['remaining'], acted['changed']) == ([], [], [], False)
    assert 'failed' not in acted
    assert there.acts == []


@pytest.mark.parametrize('rights', ['blind', 'partial'])
def test_an_account_without_the_right_to_see_sessions_fails(host, info, act, rights):
    # Its own session is all that a partial account is shown.
    there = host(sessions=[ALICE, {'id': 3, 'user': 'ansible'}], accounts=accounts(rights))

    for result in (
        info(),
        info(include_all=True),
        info(session_ids=[77]),
        act(all_sessions=True, protect_connection_user=False),
    ):
        assert result['failed']
        assert 'right to query sessions' in result['msg']
        assert 'Administrators' in result['msg']
        assert 'sessions' not in result
    assert there.acts == []


def test_a_list_that_is_empty_fails(host, info):
    host(sessions=[ALICE], api=[{'api': ENUMERATE, 'result': 'empty'}])

    assert 'right to query sessions' in info()['msg']


@pytest.mark.parametrize('options', [{'max_idle': '0'}, {'locked': False}, {'client_names': ['*']}])
@pytest.mark.parametrize('code', [5, 7022])
def test_services_and_listeners_that_cannot_be_read_hide_nobody(host, info, code, options):
    """Windows need not have times and a client of a row that no user can have."""
    there = host(sessions=[{**ALICE, 'client': {'name': 'PC-2'}}])
    for session in (0, 65536):
        there.fault(QUERY, session=session, error=code)

    result = info(include_all=True, **options)

    assert (ids(result['sessions']), result.get('failed')) == ([2], None)


@pytest.mark.parametrize('other', ['alice', 'bob', None])
def test_a_session_that_is_listed_twice_is_one_session(host, info, act, other):
    there = host(sessions=[ALICE])
    row = there.sessions[2]
    there.sessions.virtual.append(dataclasses.replace(row, user=other, domain=row.domain if other else None))
    there.on('WTSLogoffSession', do=lambda host: host.sessions.virtual.clear())

    assert of(info(), 'account') == {2: 'CORP\\alice'}
    assert len(info()['sessions']) == 1
    result = act(all_sessions=True, max_sessions=1)
    assert ([record['outcome'] for record in result['sessions']], ended(there)) == (['logged_off'], [2])


@pytest.mark.parametrize('code', [5, 1702, 1722, 7045, 31337])
def test_a_failed_enumeration_names_the_code(host, info, act, code):
    there = host(sessions=[ALICE], api=[{'api': ENUMERATE, 'error': code}])

    for result in (info(), act(all_sessions=True)):
        assert result['failed']
        assert result['error_code'] == code
        assert f'Win32 error {code}' in result['msg']
        assert 'sessions' not in result
    assert there.acts == []


@pytest.mark.parametrize('code', [2, 7022])
def test_a_session_that_cannot_be_found_but_is_listed_still_does_not_vanish(host, info, code):
    """ERROR_CTX_WINSTATION_NOT_FOUND also means: not allowed to find it."""
    there = host(sessions=[ALICE, {'id': 3, 'user': 'bob'}], api=[{'api': QUERY, 'class': [24, 25], 'error': code}])

    result = info()

    assert of(result, 'account') == {2: 'CORP\\alice', 3: 'CORP\\bob'}
    assert len(result['warnings']) == 2
    assert enumerations(there) == 2


def test_a_session_that_refuses_to_be_read_is_named_even_if_it_does_not_match(host, info):
    there = host(sessions=[ALICE, {'id': 3, 'user': 'bob', 'state': 'disconnected'}])
    there.fault(QUERY, session=2, error=5, **{'class': [24, 25]})

    result = info(states=['disconnected'])

    assert ids(result['sessions']) == [3]
    assert result['error_code'] == 5
    assert f'session 2 (CORP\\alice) could not be read, {QUERY} failed with Win32 error 5' in result['msg']


@pytest.mark.parametrize('code', [2, 7022])
def test_does_not_list_a_session_that_ended_before_it_was_read(host, info, code):
    there = host(sessions=[ALICE, {'id': 3, 'user': 'bob'}])
    there.on(ENUMERATE, do=lambda host: host.change({'leave': 2}))
    there.fault(QUERY, session=2, error=code)

    result = info()

    assert ids(result['sessions']) == [3]
    assert 'warnings' not in result


def test_a_session_that_is_not_allowed_to_be_read_is_not_ended(host, act):
    there = host(sessions=[ALICE, {'id': 3, 'user': 'bob'}])
    there.fault(QUERY, session=2, error=7022, **{'class': [24, 25]})

    result = act(all_sessions=True)

    assert ended(there) == [3]
    assert of(result, 'outcome') == {2: 'failed', 3: 'logged_off'}
    assert result['sessions'][0]['error_code'] == 7022
    assert ids(result['remaining']) == [2]


def test_a_session_that_could_not_be_read_at_first_is_not_taken_for_itself(host, act):
    """Its logon time is a part of its identity."""
    there = host(sessions=[ALICE])
    there.fault(QUERY, session=2, error=1726, times=1, **{'class': 25})

    result = act(users=['alice'])

    assert there.acts == []
    assert of(result, 'outcome') == {2: 'failed'}
    assert 'could not be read' in result['sessions'][0]['detail']


def test_an_account_that_may_only_query_fails_with_the_error(host, info, act):
    there = host(sessions=[ALICE], accounts=accounts('user'))

    assert ids(info()['sessions']) == [2]
    result = act(all_sessions=True)

    assert of(result, 'outcome') == {2: 'failed'}
    assert result['sessions'][0]['error_code'] == 5
    assert 'Win32 error' in result['sessions'][0]['detail']
    assert ids(result['remaining']) == [2]
    assert result['changed'] is False
    assert 2 in there.sessions


# ---- The id changes hands while the module reads ----


def test_the_name_of_one_session_never_stands_beside_the_times_of_another(host, info):
    there = host(clock={'fixed': '2026-11-21T12:00:00Z'}, sessions=[{**ALICE, 'logged_on': '9h'}])
    there.on(ENUMERATE, do=lambda host: host.change({'replace': {'id': 2, 'user': 'bob', 'logged_on': '1h'}}))

    (record,) = info()['sessions']

    assert (record['account'], record['logged_on_seconds']) == ('CORP\\bob', 3600)
    assert enumerations(there) == 2


@pytest.mark.parametrize('name', ['alice', 'n' * 60])
def test_skips_a_reused_id_if_only_the_domain_differs(host, act, name):
    """Only the session's facts contain the domain. With that of the row, the wrong session would be ended."""
    there = host(sessions=[{'id': 2, 'user': name, 'domain': 'CORP', 'logged_on': '9h'}])
    there.on(
        ENUMERATE,
        do=lambda host: host.change({'replace': {'id': 2, 'user': name, 'domain': 'OTHER', 'logged_on': '1h'}}),
    )

    result = act(users=[f'CORP\\{name}'])

    assert there.acts == []
    assert result['sessions'] == []
    assert of(result, 'domain', 'remaining') == {2: 'OTHER'}


def test_a_session_whose_user_logged_off_meanwhile_has_no_user(host, act, info):
    there = host(sessions=[ALICE, {'id': 3, 'user': 'bob'}])
    there.on(ENUMERATE, do=lambda host: host.change({'update': {'id': 2, 'user': None, 'state': 'connected'}}))

    result = act(users=['alice'])

    assert there.acts == []
    assert result['sessions'] == []
    assert ids(result['remaining']) == [3]


def test_a_failed_second_enumeration_is_not_an_empty_host(host, info):
    there = host(sessions=[ALICE])
    there.fault(QUERY, session=2, error=7022)
    there.on(ENUMERATE, nth=1, do=lambda host: host.fault(ENUMERATE, error=1722))

    result = info()

    assert result['failed']
    assert result['error_code'] == 1722


def test_facts_without_a_name_do_not_hide_a_listed_user(host, info):
    """What Windows shows in one place only is shown."""
    there = host(sessions=[ALICE])
    names = there.sessions[2]
    there.on(QUERY, session=2, nth=1, when='before', do=lambda host: setattr(names, 'user', ''), **{'class': 25})
    there.on(QUERY, session=2, nth=1, do=lambda host: setattr(names, 'user', 'alice'), **{'class': 25})
    there.on(QUERY, session=2, nth=2, when='before', do=lambda host: setattr(names, 'user', ''), **{'class': 25})

    assert of(info(), 'account') == {2: 'CORP\\alice'}
    assert len(calls(there, QUERY, session=2, **{'class': 25})) == 2
