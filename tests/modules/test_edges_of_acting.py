# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rare answers of Windows while a session is re-checked, acted on and waited for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modules.reset_command import hang_reset
from modules.results import calls, done, ended, of

from winhost.host import Call, Host

Run = Callable[..., dict[str, Any]]
Hosts = Callable[..., Host]

NOW = '2026-11-21T12:00:00Z'
LOGOFF, DISCONNECT = 'WTSLogoffSession', 'WTSDisconnectSession'
ENUMERATE, QUERY, PROCESSES = 'WTSEnumerateSessionsExW', 'WTSQuerySessionInformationW', 'WTSEnumerateProcessesExW'
HANGS = {'hangs': True}
ALICE = {'id': 2, 'user': 'alice', 'idle': '2h', 'connected': '5h', 'logged_on': '9h'}
GHOST = {'id': 9, 'state': 'disconnected', 'connected': '5h'}
FACTS: dict[str, Any] = {'class': [24, 25]}
FIRST_FACTS: dict[str, Any] = {'class': 25}
THEN = {'method': 'logoff_then_reset', 'timeout': '0'}


def outcome(result: dict[str, Any]) -> str:
    """The outcome of the only selected session."""
    (session,) = result['sessions']
    return str(session['outcome'])


def become(host: Host, **session: Any) -> None:
    """Replace a session that ends: it can be read again."""
    host.change({'leave': session['id']})
    host.sessions.logon(**session)


def after_selection(host: Host, do: Callable[[Host], Any]) -> None:
    """Change a host when the sessions have been selected and before the first is re-checked."""
    host.on('GetUserNameExW', do=do)


# ---- Check mode ----


@pytest.mark.parametrize(('error', 'expected'), [(7007, 'planned'), (31, 'failed')])
def test_check_mode_does_not_wait_for_a_session_that_cannot_be_re_checked(
    host: Hosts, act: Run, error: int, expected: str
) -> None:
    there = host(sessions=[ALICE])
    after_selection(there, lambda host: host.fault(QUERY, error=error, session=2, **FACTS))

    result = act(check=True, all_sessions=True, timeout='600')

    assert (outcome(result), result.get('failed', False), there.acts) == (expected, expected == 'failed', [])


# ---- What the session is when it is re-checked ----


@pytest.mark.parametrize(
    ('session', 'change', 'expected'),
    [
        (ALICE, {'update': {'id': 2, 'idle': '2h'}}, 'logged_off'),
        ({**ALICE, 'logon_time': 0}, {'update': {'id': 2, 'idle': '2h'}}, 'logged_off'),
        ({**ALICE, 'logon_time': 0}, {'update': {'id': 2, 'connected': '4h'}}, 'session_changed'),
        (GHOST, {'update': {'id': 9, 'state': 'down'}}, 'logged_off'),
        (GHOST, {'update': {'id': 9, 'connected': '4h'}}, 'session_changed'),
        (GHOST, {'replace': {'id': 9, 'user': 'bob'}}, 'session_changed'),
    ],
)
def test_acts_only_on_the_session_that_was_selected(
    host: Hosts, act: Run, session: dict[str, Any], change: dict[str, Any], expected: str
) -> None:
    there = host(clock={'fixed': NOW}, console=None, sessions=[session])
    after_selection(there, lambda host: host.change(change))

    result = act(all_sessions=True, ghosts=True)

    assert (outcome(result), ended(there)) == (expected, [session['id']] if expected == 'logged_off' else [])


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        ({'update': {'id': 9, 'connected': '5h'}}, 'logged_off'),
        ({'update': {'id': 9, 'state': 'down'}}, 'logged_off'),
        ({'update': {'id': 9, 'state': 'connected', 'connected': '5h'}}, 'session_changed'),
        ({'replace': {'id': 9, 'user': 'bob'}}, 'session_changed'),
    ],
)
def test_a_ghost_that_was_selected_unread_is_identified_by_its_state(
    host: Hosts, act: Run, change: dict[str, Any], expected: str
) -> None:
    there = host(console=None, sessions=[GHOST])
    there.fault(QUERY, error=31, times=1, session=9, **FIRST_FACTS)
    after_selection(there, lambda host: host.change(change))

    result = act(all_sessions=True, ghosts=True)

    assert (outcome(result), ended(there)) == (expected, [9] if expected == 'logged_off' else [])


def test_a_ghost_that_cannot_be_read_is_not_acted_on(host: Hosts, act: Run) -> None:
    there = host(console=None, sessions=[GHOST])
    there.fault(QUERY, error=31, session=9, **FACTS)

    result = act(all_sessions=True, ghosts=True, timeout='0')

    assert (outcome(result), of(result, 'error_code'), there.acts) == ('failed', {9: 31}, [])


def test_a_ghost_that_was_selected_unread_and_remains_is_still_present(host: Hosts, act: Run) -> None:
    there = host(console=None, sessions=[{**GHOST, 'on_logoff': HANGS}])
    there.fault(QUERY, error=31, times=1, session=9, **FIRST_FACTS)

    assert outcome(act(all_sessions=True, ghosts=True, timeout='0')) == 'still_present'


def test_a_ghost_that_was_selected_unread_has_ended_if_its_id_belongs_to_another_state(host: Hosts, act: Run) -> None:
    there = host(clock={'fixed': NOW}, console=None, sessions=[{**GHOST, 'on_logoff': HANGS}])
    there.fault(QUERY, error=31, times=1, session=9, **FIRST_FACTS)
    there.on(LOGOFF, do=lambda host: become(host, id=9, state='connected', connected='5h'))

    assert outcome(act(all_sessions=True, ghosts=True, timeout='0')) == 'logged_off'


def test_does_not_reset_a_session_without_a_logon_time_whose_user_has_connected_again(host: Hosts, act: Run) -> None:
    there = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'logon_time': 0, 'on_logoff': HANGS}])
    there.on(LOGOFF, do=lambda host: become(host, **{**ALICE, 'logon_time': 0, 'connected': '1s'}))

    act(all_sessions=True, **THEN)

    assert done(there) == [(LOGOFF, 2)]


@pytest.mark.parametrize(
    ('session', 'error', 'change', 'expected'),
    [
        (ALICE, 2, {'replace': {'id': 2, 'user': 'bob'}}, 'session_changed'),
        (ALICE, 2, {'update': {'id': 2, 'idle': '2h'}}, 'failed'),
        (GHOST, 7007, {'update': {'id': 9, 'state': 'connected', 'connected': '5h'}}, 'session_changed'),
        (GHOST, 7007, {'replace': {'id': 9, 'user': 'bob'}}, 'session_changed'),
    ],
)
def test_the_enumeration_alone_shows_that_an_id_was_reused(
    host: Hosts, act: Run, session: dict[str, Any], error: int, change: dict[str, Any], expected: str
) -> None:
    there = host(clock={'fixed': NOW}, console=None, sessions=[session])
    after_selection(there, lambda host: host.change(change))
    after_selection(there, lambda host: host.fault(QUERY, error=error, session=session['id'], **FACTS))

    result = act(all_sessions=True, ghosts=True, timeout='0')

    assert (outcome(result), there.acts) == (expected, [])


def test_a_long_name_without_a_row_identifies_no_session(host: Hosts, act: Run) -> None:
    row = {**ALICE, 'user': 'a' * 25}
    there = host(clock={'fixed': NOW}, sessions=[row])
    after_selection(there, lambda host: host.on(ENUMERATE, when='before', do=lambda host: host.change({'leave': 2})))
    after_selection(there, lambda host: host.on(ENUMERATE, do=lambda host: host.sessions.logon(**row)))

    result = act(all_sessions=True)

    assert (outcome(result), there.acts) == ('session_changed', [])


def test_skips_a_session_that_is_now_only_idle_and_would_be_disconnected(host: Hosts, act: Run) -> None:
    there = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'disconnected': '2h'}])
    back = {'id': 2, 'state': 'active', 'idle': '2h', 'connected': '5h'}
    after_selection(there, lambda host: host.change({'update': back}))

    result = act(max_idle='3600', max_disconnected='3600', idle_action='disconnect')

    assert (outcome(result), there.acts) == ('no_longer_matches', [])
    assert 'it is now only idle' in result['sessions'][0]['detail']


# ---- What is left after an accepted act ----


@pytest.mark.parametrize(
    ('left', 'console', 'expected'),
    [
        ({'state': 'reset', 'connected': '5h'}, None, 'still_present'),
        ({'state': 'connected', 'connected': '5h'}, None, 'still_present'),
        ({'state': 'connected', 'connected': '5h'}, 2, 'logged_off'),
        ({'state': 'down', 'connected': '5h'}, 2, 'still_present'),
        ({'state': 'disconnected', 'connect_time': 0}, None, 'still_present'),
        ({'state': 'connected', 'connect_time': 0}, None, 'logged_off'),
        ({'state': 'connected', 'connected': '1s'}, None, 'logged_off'),
    ],
)
def test_a_session_without_its_user_has_ended_unless_it_is_what_is_left_of_it(
    host: Hosts, act: Run, left: dict[str, Any], console: int | None, expected: str
) -> None:
    there = host(clock={'fixed': NOW}, console=console, sessions=[{**ALICE, 'on_logoff': HANGS}])
    there.on(LOGOFF, do=lambda host: become(host, id=2, **left))

    assert outcome(act(all_sessions=True, timeout='0')) == expected


def test_a_session_that_is_still_read_has_not_ended_whatever_the_enumeration_contains(host: Hosts, act: Run) -> None:
    there = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'on_logoff': HANGS}])
    there.on(LOGOFF, do=lambda host: become(host, **ALICE))
    there.on(
        LOGOFF, do=lambda host: host.on(ENUMERATE, when='before', do=lambda host: host.sessions.update(2, user='bob'))
    )
    there.on(LOGOFF, do=lambda host: host.on(ENUMERATE, do=lambda host: host.sessions.update(2, user='alice')))

    assert outcome(act(all_sessions=True, timeout='0')) == 'still_present'


@pytest.mark.parametrize(
    ('logged_on', 'expected'), [({'logged_on': '3h'}, 'session_changed'), ({'logon_time': 0}, 'logged_off')]
)
def test_a_user_under_the_same_id_was_possibly_hit_if_the_logon_is_older(
    host: Hosts, act: Run, logged_on: dict[str, Any], expected: str
) -> None:
    there = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'on_logoff': {'replaced_by': {'user': 'bob', **logged_on}}}])

    result = act(users=['alice'])

    assert (outcome(result), result.get('failed', False)) == (expected, expected == 'session_changed')
    assert ended(there) == [2]


@pytest.mark.parametrize('fails', [False, True])
def test_does_not_reset_a_session_that_took_the_id_after_the_logoff(host: Hosts, act: Run, fails: bool) -> None:
    there = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'on_logoff': HANGS}])

    def replace(host: Host) -> None:
        host.sessions.replace(2, user='bob', logged_on='3h')
        if fails:
            host.fault(QUERY, error=2, session=2, **FACTS)

    # The processes are listed when the timeout has expired, immediately before the reset.
    there.on(PROCESSES, session=2, do=replace)

    result = act(users=['alice'], **THEN)

    assert done(there) == [(LOGOFF, 2)]
    # Without its logon time nothing shows that the other session is older than the request.
    assert (outcome(result), result.get('failed', False)) == (
        ('logged_off', False) if fails else ('session_changed', True)
    )


def test_a_session_that_is_ending_is_reset_without_another_warning(host: Hosts, act: Run) -> None:
    there = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'on_logoff': HANGS}])
    options = {'all_sessions': True, 'notice': {'text': 'Please save your work.', 'grace': '900'}, **THEN}
    act(**options)
    there.clock.advance('20m')
    ending = {'state': 'disconnected', 'disconnected': 0, 'connected': '5h20m', 'logged_on': '9h20m', 'idle': '2h20m'}
    there.on(PROCESSES, session=2, do=lambda host: become(host, **{**ALICE, **ending}))

    assert outcome(act(**options)) == 'reset'
    assert [call.api for call in there.acts if not call.api.startswith('Reg')] == ['WTSSendMessageW', LOGOFF, 'rwinsta']


def test_a_reset_that_failed_after_the_session_had_ended_is_no_failure(host: Hosts, act: Run) -> None:
    there = host(sessions=[ALICE])
    there.fault('rwinsta', error=5)
    command: list[Call] = []

    def leave_when_the_command_has_ended(host: Host) -> None:
        command.extend(call for call in host.calls if call.api == 'rwinsta')
        if command and not Path(f'/proc/{command[0].pid}').exists() and 2 in host.sessions:
            host.change({'leave': 2})

    for nth in range(1, 60):
        there.on(ENUMERATE, nth=nth, do=leave_when_the_command_has_ended)

    result = act(all_sessions=True, method='reset', timeout='60')

    assert (outcome(result), result['changed'], result.get('failed')) == ('already_gone', False, None)


def after_the_command(host: Host, do: Callable[[Host], Any]) -> None:
    """Change a host once, before the first list that is read after the command has ended."""
    command: list[Call] = []
    is_done: list[bool] = []

    def change(host: Host) -> None:
        command.extend(call for call in host.calls if call.api == 'rwinsta')
        if command and not Path(f'/proc/{command[0].pid}').exists() and not is_done:
            is_done.append(True)
            do(host)

    for nth in range(1, 60):
        host.on(ENUMERATE, when='before', nth=nth, do=change)


@pytest.mark.parametrize('error', [0, 2], ids=['read', 'unread'])
def test_stops_a_reset_whose_id_is_reused_between_two_readings(host: Hosts, act: Run, error: int) -> None:
    there = host(clock={'fixed': NOW}, sessions=[ALICE])
    hang_reset(there)

    def replace(host: Host) -> None:
        host.sessions.replace(2, user='bob')
        if error:
            host.fault(QUERY, error=error, session=2, times=1, **FACTS)

    # The list and the facts after it still show the session; its re-check shows another.
    there.on(ENUMERATE, nth=2, do=lambda host: host.on(QUERY, session=2, do=replace, **FACTS))

    result = act(session_ids=[2], method='reset')

    assert (outcome(result), result['changed'], result.get('failed')) == ('session_changed', False, None)
    assert 'The reset was stopped' in result['sessions'][0]['detail']
    assert of(result, 'user', 'remaining') == {2: 'bob'}


@pytest.mark.parametrize(
    'change',
    [
        {'replace': {'id': 2, 'user': 'eve', 'connected': '1m'}},
        {'update': {'id': 2, 'user': None, 'state': 'down'}},
        {'leave': 2},
    ],
    ids=['another user', 'no user', 'nothing'],
)
def test_a_session_that_changes_while_the_reset_is_stopped_may_have_been_reset(
    host: Hosts, act: Run, change: dict[str, Any]
) -> None:
    there = host(clock={'fixed': NOW}, sessions=[ALICE])
    hang_reset(there)

    def replace(host: Host) -> None:
        host.sessions.replace(2, user='bob')
        host.on(QUERY, session=2, do=lambda host: host.change(change), **FACTS)

    there.on(ENUMERATE, nth=2, when='before', do=replace)

    result = act(session_ids=[2], method='reset')

    assert (outcome(result), result.get('failed')) == ('session_changed', True)
    assert 'reused by CORP\\bob' in result['sessions'][0]['detail']


def test_a_session_that_cannot_be_read_under_the_id_may_have_been_reset(host: Hosts, act: Run) -> None:
    there = host(clock={'fixed': NOW}, sessions=[ALICE])
    hang_reset(there)

    def replace(host: Host) -> None:
        host.sessions.replace(2, user='bob')
        host.fault(QUERY, error=31, session=2, times=1, **FACTS)

    there.on(ENUMERATE, nth=2, when='before', do=replace)

    result = act(session_ids=[2], method='reset')

    assert (outcome(result), result.get('failed')) == ('session_changed', True)


def test_a_session_that_takes_the_id_after_the_command_has_ended_was_not_reset(host: Hosts, act: Run) -> None:
    there = host(sessions=[{**ALICE, 'on_reset': HANGS}])
    after_the_command(there, lambda host: host.sessions.replace(2, user='bob'))

    result = act(session_ids=[2], method='reset', timeout='60')

    assert (outcome(result), result['changed'], result.get('failed')) == ('reset', True, None)
    assert of(result, 'user', 'remaining') == {2: 'bob'}


def test_a_reset_that_failed_before_the_id_was_reused_changed_nothing(host: Hosts, act: Run) -> None:
    there = host(sessions=[ALICE])
    there.fault('rwinsta', error=5)
    after_the_command(
        there,
        lambda host: host.on(QUERY, session=2, do=lambda host: host.sessions.replace(2, user='bob'), **FACTS),
    )

    result = act(session_ids=[2], method='reset', timeout='60')

    assert (outcome(result), result['changed'], result.get('failed')) == ('session_changed', False, None)
    assert done(there) == [('rwinsta', 2)]


def test_a_session_that_was_reset_unread_is_identified_by_its_account(host: Hosts, act: Run) -> None:
    there = host(sessions=[{**ALICE, 'on_reset': {'error': 5}}])
    there.fault(QUERY, error=7007, session=2, **FACTS)
    there.on('rwinsta', do=lambda host: host.heal())

    result = act(all_sessions=True, method='reset')

    assert (outcome(result), done(there)) == ('failed', [('rwinsta', 2)])
    assert 'resetting session 2 (CORP\\alice) failed' in result['sessions'][0]['detail']


# ---- Waiting ----


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        (lambda host: host.sessions.update(2, state='connected'), 'still_present'),
        (lambda host: host.fault(QUERY, error=31, session=2, **FACTS), 'still_present'),
        (lambda host: host.sessions.update(2, connected=0), 'disconnected'),
        (lambda host: host.sessions.update(2, connected=0, client={}), 'disconnected'),
    ],
)
def test_a_disconnect_has_succeeded_if_a_client_connects_after_it(
    host: Hosts, act: Run, change: Callable[[Host], Any], expected: str
) -> None:
    there = host(sessions=[{**ALICE, 'on_disconnect': HANGS}])
    there.on(DISCONNECT, do=change)

    assert outcome(act(all_sessions=True, state='disconnected', timeout='0')) == expected


def test_a_client_that_connected_before_the_request_does_not_show_a_disconnect(host: Hosts, act: Run) -> None:
    there = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'on_disconnect': HANGS}])
    after_selection(there, lambda host: host.sessions.update(2, connected='1m'))

    assert outcome(act(all_sessions=True, state='disconnected', timeout='0')) == 'still_present'


@pytest.mark.parametrize(
    ('arrange', 'words'),
    [
        (lambda host: host.sessions.update(2, processes=['winword.exe']), 'It runs these processes: winword.exe'),
        (lambda host: host.sessions.update(2, processes=[]), '0 s after its logoff began'),
        (lambda host: host.fault(PROCESSES, error=31), 'could not be read, WTSEnumerateProcessesExW failed with'),
    ],
)
def test_names_the_processes_of_a_session_that_does_not_end(
    host: Hosts, act: Run, arrange: Callable[[Host], Any], words: str
) -> None:
    there = host(sessions=[{**ALICE, 'on_logoff': HANGS}])
    arrange(there)

    result = act(all_sessions=True, timeout='0')

    assert outcome(result) == 'still_present'
    assert words in result['sessions'][0]['detail']


@pytest.mark.parametrize('change', [{'state': 'disconnected'}, {'user': 'CORP\\eve'}])
def test_a_session_that_was_not_acted_on_is_read_again_if_it_has_changed(
    host: Hosts, act: Run, change: dict[str, Any]
) -> None:
    there = host(sessions=[ALICE, {'id': 3, 'user': 'bob'}])
    there.on(LOGOFF, do=lambda host: host.sessions.update(3, **change))

    (remaining,) = act(users=['alice'])['remaining']

    assert (remaining['state'], remaining['account']) == (
        change.get('state', 'active'),
        change.get('user', 'CORP\\bob'),
    )
    assert len(calls(there, QUERY, session=3, **FIRST_FACTS)) > 1
