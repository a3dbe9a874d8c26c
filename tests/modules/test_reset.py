# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""method: reset and logoff_then_reset."""

from __future__ import annotations

import pytest
from modules.reset_command import rwinsta
from modules.results import calls, done, enumerations, ids, of

LOGOFF, RESET = 'WTSLogoffSession', 'rwinsta'
QUERY = 'WTSQuerySessionInformationW'
THEN = {'method': 'logoff_then_reset'}


def test_a_reset_is_the_command_and_no_logoff(host, act):
    there = host(
        sessions=[
            {'id': 2, 'user': 'alice'},
            {'id': 3, 'user': 'bob', 'on_reset': {'looks': 2}},
            {'id': 4, 'user': 'eve'},
        ]
    )

    result = act(session_ids=[2, 3], method='reset')

    assert sorted(done(there)) == [(RESET, 2), (RESET, 3)]
    assert {call.caller for call in there.acts} == {'rwinsta'}
    assert of(result, 'outcome') == {2: 'reset', 3: 'reset'}
    assert of(result, 'action') == {2: 'reset', 3: 'reset'}
    assert (result['changed'], ids(result['remaining'])) == (True, [4])


def test_a_logoff_that_works_needs_no_reset(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'looks': 2}}])

    result = act(all_sessions=True, **THEN)

    assert done(there) == [(LOGOFF, 2)]
    assert of(result, 'outcome') == {2: 'logged_off'}


@pytest.mark.parametrize(
    ('behaviour', 'timeout', 'words'),
    [
        ({'error': 5}, '20', 'logging off'),
        ({'error': 7045}, '20', 'logging off'),
        ({'error': 7024}, '0', 'logging off'),
        ({'hangs': True}, '0', 'its logoff'),
        ({'becomes': 'ghost'}, '0', 'its logoff'),
        ({'becomes': 'down'}, '0', 'its logoff'),
    ],
)
def test_what_a_logoff_does_not_end_is_reset(host, act, behaviour, timeout, words):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': behaviour}, {'id': 3, 'user': 'bob'}])

    result = act(all_sessions=True, timeout=timeout, **THEN)

    assert sorted(done(there)) == [(LOGOFF, 2), (LOGOFF, 3), (RESET, 2)]
    assert of(result, 'outcome') == {2: 'reset', 3: 'logged_off'}
    assert of(result, 'action') == {2: 'reset', 3: 'logoff'}
    assert words in result['sessions'][0]['detail']
    assert (result.get('failed'), result['remaining']) == (None, [])
    assert 2 not in there.sessions


@pytest.mark.parametrize(
    ('state', 'behaviour'), [('disconnected', {'error': 5}), ('disconnected', {'error': 7024}), ('down', {'error': 5})]
)
def test_a_ghost_that_a_logoff_does_not_end_is_reset(host, act, state, behaviour):
    there = host(console=None, sessions=[{'id': 2, 'state': state, 'on_logoff': behaviour}, {'id': 3, 'user': 'bob'}])

    result = act(session_ids=[2], ghosts=True, timeout='0', **THEN)

    assert done(there) == [(LOGOFF, 2), (RESET, 2)]
    assert of(result, 'outcome') == {2: 'reset'}
    assert ids(result['remaining']) == [3]


@pytest.mark.parametrize('method', ['reset', 'logoff_then_reset'])
def test_a_ghost_that_is_down_and_closing_for_ever_is_reset(host, act, method):
    """State Down, and every question answered with ERROR_CTX_CLOSE_PENDING."""
    there = host(console=None, sessions=[{'id': 2, 'state': 'down'}])
    there.fault(QUERY, session=2, error=7007)
    there.fault(LOGOFF, session=2, error=7007)

    result = act(session_ids=[2], ghosts=True, method=method, timeout='0')

    assert done(there)[-1] == (RESET, 2)
    assert of(result, 'outcome') == {2: 'reset'}
    assert 2 not in there.sessions


@pytest.mark.parametrize(('method', 'outcome'), [('logoff_then_reset', 'still_present'), ('reset', 'reset')])
def test_resets_a_session_that_another_logoff_is_closing_only_if_the_method_allows_it(host, act, method, outcome):
    """No logoff of this run has failed: Windows was not asked to log the session off."""
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'hangs': True}}])
    there.sessions.logoff(2)

    result = act(users=['alice'], timeout='0', method=method)

    assert done(there) == ([(RESET, 2)] if method == 'reset' else [])
    assert of(result, 'outcome') == {2: outcome}


def test_a_reset_is_not_for_whom_the_id_went_to_while_the_logoff_failed(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'error': 5}}])
    there.on(LOGOFF, do=lambda host: host.change({'replace': {'id': 2, 'user': 'bob'}}))

    result = act(session_ids=[2], **THEN)

    assert done(there) == [(LOGOFF, 2)]
    assert of(result, 'outcome') == {2: 'session_changed'}
    assert of(result, 'user', 'remaining') == {2: 'bob'}


def test_does_not_reset_a_user_who_is_active_again_after_a_failed_logoff(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'idle': '3h', 'on_logoff': {'error': 5}}])
    there.on(LOGOFF, do=lambda host: host.change({'update': {'id': 2, 'idle': 0}}))

    result = act(max_idle='3600', **THEN)

    assert done(there) == [(LOGOFF, 2)]
    assert of(result, 'outcome') == {2: 'no_longer_matches'}
    assert result['changed'] is False


def test_a_reset_is_not_for_whom_the_id_went_to_when_the_time_was_over(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'hangs': True}}])
    # After the last enumeration, the session ends before it is re-checked for the reset.
    there.on(
        'WTSEnumerateProcessesExW',
        session=2,
        do=lambda host: host.change({'replace': {'id': 2, 'user': 'bob', 'logged_on': 0}}),
    )

    result = act(users=['alice'], timeout='0', **THEN)

    assert done(there) == [(LOGOFF, 2)]
    # What Windows had accepted has come to its end.
    assert of(result, 'outcome') == {2: 'logged_off'}
    assert of(result, 'user', 'remaining') == {2: 'bob'}


@pytest.mark.parametrize('user', ['bob', 'alice', None])
def test_stops_a_reset_that_has_not_begun_when_the_id_is_reused(host, act, user):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'logged_on': '2h'}])
    there.fault(RESET, hangs=True, times=1)
    there.on(RESET, when='before', do=lambda host: host.sessions.replace(2, user=user, state='active', connected=0))

    result = act(session_ids=[2], method='reset')

    assert of(result, 'outcome') == {2: 'session_changed'}
    assert 'The reset was stopped' in result['sessions'][0]['detail']
    assert ('failed' in result, result['changed']) == (False, False)
    assert there.sessions[2].account == (user and f'CORP\\{user}')


def test_fails_if_the_session_that_reuses_the_id_may_have_been_reset(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'logged_on': '2h'}])

    def replace(host):
        host.sessions.replace(2, user='bob')
        host.on(QUERY, session=2, **{'class': 25}, do=lambda host: host.sessions.leave(2))

    there.fault(RESET, hangs=True, times=1)
    there.on(RESET, when='before', do=replace)

    result = act(session_ids=[2], method='reset')

    assert of(result, 'outcome') == {2: 'session_changed'}
    assert 'reused by CORP\\bob' in result['sessions'][0]['detail']
    assert 'may have been reset' in result['msg']
    assert result['failed']


def test_a_logoff_before_a_reset_that_is_stopped_is_the_outcome(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'hangs': True}}])
    there.fault(RESET, hangs=True, times=1)
    there.on(RESET, when='before', do=lambda host: host.sessions.replace(2, user='bob'))

    result = act(session_ids=[2], timeout='0', **THEN)

    assert of(result, 'outcome') == {2: 'logged_off'}
    assert of(result, 'user', 'remaining') == {2: 'bob'}


def test_a_failed_reset_returns_the_output_of_the_command(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_reset': {'error': 5}}, {'id': 3, 'user': 'bob'}])

    result = act(all_sessions=True, method='reset')

    assert of(result, 'outcome') == {2: 'failed', 3: 'reset'}
    detail = result['sessions'][0]['detail']
    assert 'rwinsta 2' in detail
    assert 'exit code 1' in detail
    assert 'Access is denied' in detail
    assert (result['failed'], ids(result['remaining'])) == (True, [2])
    assert sorted(done(there)) == [(RESET, 2), (RESET, 3)]


def test_is_unchanged_if_only_a_reset_failed(host, act):
    host(sessions=[{'id': 2, 'user': 'alice', 'on_reset': {'error': 5}}])

    assert act(all_sessions=True, method='reset')['changed'] is False


def test_a_command_that_finds_no_session_any_more_has_not_failed(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])
    there.on(RESET, when='before', do=lambda host: host.change({'leave': 2}))

    result = act(all_sessions=True, method='reset')

    assert of(result, 'outcome')[2] in ('reset', 'already_gone')
    assert 'failed' not in result


def test_a_missing_command_fails_with_its_path(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'bob', 'on_logoff': {'error': 5}}])
    rwinsta(there).unlink()

    result = act(session_ids=[2], method='reset')
    assert of(result, 'outcome') == {2: 'failed'}
    assert 'rwinsta.exe does not exist' in result['sessions'][0]['detail']
    assert (result['changed'], there.acts) == (False, [])

    result = act(session_ids=[2, 3], **THEN)
    assert of(result, 'outcome') == {2: 'logged_off', 3: 'failed'}
    assert done(there) == [(LOGOFF, 2), (LOGOFF, 3)]


def test_a_command_that_hangs_holds_nothing_beyond_the_deadline(host, act):
    there = host(
        sessions=[
            {'id': 2, 'user': 'alice', 'on_reset': {'hangs': True, 'blocks': True}},
            {'id': 3, 'user': 'bob', 'on_reset': {'looks': 2}},
        ]
    )

    result = act(all_sessions=True, method='reset', timeout='1')

    assert of(result, 'outcome') == {2: 'still_present', 3: 'reset'}
    assert result['changed']
    assert ids(result['remaining']) == [2]
    assert sorted(done(there)) == [(RESET, 2), (RESET, 3)]


def test_even_with_no_time_to_wait_the_command_gets_to_do_its_work(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])

    result = act(all_sessions=True, method='reset', timeout='0')

    assert done(there) == [(RESET, 2)]
    assert of(result, 'outcome') == {2: 'reset'}


def test_check_mode_plans_the_step_that_comes_first(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])

    assert of(act(check=True, all_sessions=True, method='reset'), 'action') == {2: 'reset'}
    assert of(act(check=True, all_sessions=True, **THEN), 'action') == {2: 'logoff'}
    assert there.acts == []


def test_the_command_names_the_server(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice'}], servers={'rds02': {'sessions': [{'id': 2, 'user': 'bob'}]}})

    result = act(server='rds02', session_ids=[2], method='reset')

    assert [(call.api, call.arguments) for call in there.acts] == [(RESET, {'server': 'rds02', 'session': 2})]
    assert of(result, 'outcome') == {2: 'reset'}
    assert there.sessions.users == {2: 'CORP\\alice'}


@pytest.mark.parametrize('server', ['', ' ', 'rds02 3', 'rds02" 3', '/x', '-x', 'a/b', 'a\\b', 'a;b', 'a\nb', '.'])
def test_refuses_a_server_name_that_adds_arguments_to_the_command(host, act, info, server):
    there = host(sessions=[{'id': 2, 'user': 'alice'}])

    for result in (act(server=server, session_ids=[2], method='reset'), info(server=server)):
        assert result['failed']
        assert 'server' in result['msg']
        assert 'rds02' in result['msg']
    assert there.acts == []
    assert calls(there, 'WTSEnumerateSessionsExW') == []


def test_all_resets_are_waited_for_together(host, act):
    there = host(sessions=[{'id': n, 'user': f'u{n}', 'on_reset': {'looks': 3}} for n in range(2, 6)])

    result = act(all_sessions=True, method='reset')

    assert {*of(result, 'outcome').values()} == {'reset'}
    # All begin before the first is waited for.
    first = next(n for n, call in enumerate(there.calls) if call.api == RESET)
    queries = [n for n, call in enumerate(there.calls) if call.api == QUERY and call.arguments['class'] == 25]
    assert len([n for n in queries if n < first]) >= 4
    assert enumerations(there) < 20
