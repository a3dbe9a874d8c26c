# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every Win32 error that the session API returns, calls that hang or are slow, and restarts between calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from modules.engine import Engine

from winhost.host import Host

ERRORS = (2, 5, 6, 50, 87, 122, 234, 1008, 1314, 1702, 1722, 1726, 1753, 7001, 7007, 7022, 7024, 7041, 7042, 7045, 7060)
GONE, CLOSING, DENIED = {2, 7022}, {7007}, {5, 7045}
TIMEOUT = 1460  # ERROR_TIMEOUT, which the engine reports for a call that it has abandoned
SESSIONS = [
    {'id': 2, 'user': 'alice', 'idle': '2h', 'logged_on': '9h', 'groups': ['CORP\\Staff']},
    {'id': 3, 'user': 'bob', 'idle': '2h', 'logged_on': '9h'},
]
# A short timeout, so that what is tried again does not take long.
ACT = {'state': 'logged_off', 'timeout': '0.2', 'all_sessions': True}
NOTICE = {**ACT, 'notice': {'text': 'Please save your work.', 'grace': '900'}}
READ = 'WTSQuerySessionInformationW'
FACTS = {'session': 2, 'class': [24, 25]}

Result = dict[str, Any]
Expectation = Callable[[Result, Host, int], None]


def by_id(result: Result, key: str, among: str = 'sessions') -> dict[int, Any]:
    return {record['id']: record.get(key) for record in result[among]}


def session_acts(host: Host) -> list[tuple[str, int]]:
    """The acts on sessions that Windows carried out."""
    return [
        (call.api, call.arguments['session']) for call in host.acts if 'session' in call.arguments and call.error == 0
    ]


# ---- What is expected ----


def fails_before_anything_is_done(result: Result, host: Host, error: int) -> None:
    assert result['failed']
    assert f'Win32 error {error}' in result['msg']
    assert session_acts(host) == []


def fails_with_code(result: Result, host: Host, error: int) -> None:
    fails_before_anything_is_done(result, host, error)
    assert result['error_code'] == error


def lists_the_session_without_facts(result: Result, host: Host, error: int) -> None:
    """Only a denied query proves a partial view, which fails."""
    assert by_id(result, 'idle_seconds')[2] is None
    assert by_id(result, 'idle_seconds')[3] == 7200
    assert result.get('failed', False) == (error in DENIED)


def fails_and_lists_the_session_that_could_not_be_judged(result: Result, host: Host, error: int) -> None:
    if error in CLOSING:
        assert by_id(result, 'user') == {3: 'bob'}
        return
    assert result['failed']
    assert f'Win32 error {error}' in result['msg']
    assert by_id(result, 'user') == {2: 'alice', 3: 'bob'}


def fails_and_lists_all_sessions(result: Result, host: Host, error: int) -> None:
    fails_with_code(result, host, error)
    assert by_id(result, 'user') == {2: 'alice', 3: 'bob'}


def fails_and_lists_the_sessions_without_processes(result: Result, host: Host, error: int) -> None:
    fails_with_code(result, host, error)
    assert by_id(result, 'processes') == {2: None, 3: None}


def fails_and_acts_on_no_session(result: Result, host: Host, error: int) -> None:
    fails_before_anything_is_done(result, host, error)
    assert by_id(result, 'outcome') == {2: 'failed', 3: 'failed'}


def fails_and_acts_on_the_other_session(result: Result, host: Host, error: int) -> None:
    if error in CLOSING:
        assert by_id(result, 'outcome') == {3: 'logged_off'}
        return
    assert result['failed']
    assert by_id(result, 'outcome') == {2: 'failed', 3: 'logged_off'}
    assert session_acts(host) == [('WTSLogoffSession', 3)]


def lists_the_session_without_client(result: Result, host: Host, error: int) -> None:
    assert not result.get('failed')
    assert by_id(result, 'client_name') == {2: None, 3: 'PC-3'}


def fails_for_one_session(outcome: str) -> Expectation:
    def check(result: Result, host: Host, error: int) -> None:
        assert result['failed']
        assert by_id(result, 'outcome') == {
            2: 'still_present' if error in CLOSING | {TIMEOUT} else 'failed',
            3: outcome,
        }
        assert by_id(result, 'error_code') == {2: error, 3: None}
        assert f'Win32 error {error}' in result['msg']
        assert 2 in by_id(result, 'id', 'remaining')

    return check


def reset_fails_for_one_session(result: Result, host: Host, error: int) -> None:
    assert result['failed']
    assert by_id(result, 'outcome') == {2: 'failed', 3: 'reset'}


def protects_in_doubt(*ids: int) -> Expectation:
    def check(result: Result, host: Host, error: int) -> None:
        assert not result.get('failed')
        assert sorted(by_id(result, 'reason', 'protected')) == list(ids)
        assert [session for _api, session in session_acts(host)] == [
            session for session in (2, 3) if session not in ids
        ]
        assert any('could not be compared' in text for text in result['warnings'])

    return check


def reports_who_was_not_warned(result: Result, host: Host, error: int) -> None:
    assert by_id(result, 'told') == {2: False, 3: True}
    assert session_acts(host) == [('WTSSendMessageW', 3)]
    assert by_id(result, 'error_code')[2] == error


def sends_to_the_other_session(result: Result, host: Host, error: int) -> None:
    assert by_id(result, 'outcome') == {2: 'session_changed' if error in GONE else 'failed', 3: 'sent'}
    assert result.get('failed', False) == (error not in GONE)


def warns_nobody_unrecorded(result: Result, host: Host, error: int) -> None:
    assert result['failed']
    assert session_acts(host) == []
    assert host.boxes == []


def notices_are_unreadable(result: Result, host: Host, error: int) -> None:
    """Without its notices the module neither acts nor warns, unless there are none yet."""
    if error == 2:
        assert by_id(result, 'outcome') == {2: 'notified', 3: 'notified'}
        return
    fails_before_anything_is_done(result, host, error)


# call, arguments, module, options, expectation
MATRIX: dict[str, tuple[str, dict[str, Any], str, dict[str, Any], Expectation]] = {
    'info, enumeration': ('WTSEnumerateSessionsExW', {}, 'win_user_session_info', {}, fails_with_code),
    'info, facts': (READ, FACTS, 'win_user_session_info', {}, lists_the_session_without_facts),
    'info, facts that the selection needs': (
        *(READ, FACTS, 'win_user_session_info', {'max_idle': '60'}),
        fails_and_lists_the_session_that_could_not_be_judged,
    ),
    'info, client': (
        *(READ, {'session': 2, 'class': [9, 10, 14, 16]}, 'win_user_session_info', {}),
        lists_the_session_without_client,
    ),
    'info, own session': ('ProcessIdToSessionId', {}, 'win_user_session_info', {}, fails_with_code),
    'info, processes': (
        *('WTSEnumerateProcessesExW', {}, 'win_user_session_info', {'gather': ['processes']}),
        fails_and_lists_the_sessions_without_processes,
    ),
    'info, processes that the selection needs': (
        *('WTSEnumerateProcessesExW', {}, 'win_user_session_info', {'processes': ['x.exe']}),
        fails_and_lists_all_sessions,
    ),
    'act, enumeration': ('WTSEnumerateSessionsExW', {}, 'win_user_session', ACT, fails_with_code),
    'act, facts': (READ, FACTS, 'win_user_session', {**ACT, 'max_idle': '60'}, fails_and_acts_on_the_other_session),
    'act, connection account': ('GetUserNameExW', {}, 'win_user_session', ACT, fails_with_code),
    'act, logoff': ('WTSLogoffSession', {'session': 2}, 'win_user_session', ACT, fails_for_one_session('logged_off')),
    'act, disconnect': (
        *('WTSDisconnectSession', {'session': 2}, 'win_user_session', {**ACT, 'state': 'disconnected'}),
        fails_for_one_session('disconnected'),
    ),
    'act, processes': (
        *('WTSEnumerateProcessesExW', {}, 'win_user_session', {**ACT, 'protect_processes': ['x.exe']}),
        fails_with_code,
    ),
    'act, processes that the selection needs': (
        *('WTSEnumerateProcessesExW', {}, 'win_user_session', {**ACT, 'processes': ['x.exe']}),
        fails_and_acts_on_no_session,
    ),
    'act, account': (
        *('LookupAccountNameW', {}, 'win_user_session', {**ACT, 'protect_users': ['alice@corp.example.com']}),
        protects_in_doubt(2),
    ),
    'act, group': (
        *('LookupAccountNameW', {}, 'win_user_session', {**ACT, 'protect_groups': ['CORP\\Staff']}),
        fails_before_anything_is_done,
    ),
    **{
        f'act, {name} of a token': (
            *(name, {}, 'win_user_session', {**ACT, 'protect_groups': ['CORP\\Staff']}),
            protects_in_doubt(2, 3),
        )
        for name in ('OpenProcess', 'OpenProcessToken', 'GetTokenInformation')
    },
    'notice, message': ('WTSSendMessageW', {'session': 2}, 'win_user_session', NOTICE, reports_who_was_not_warned),
    **{
        f'notice, {name}': (name, {}, 'win_user_session', NOTICE, warns_nobody_unrecorded)
        for name in ('RegCreateKeyExW', 'RegSetValueExW', 'RegQueryValueExW')
    },
    'notice, RegOpenKeyExW': ('RegOpenKeyExW', {}, 'win_user_session', NOTICE, notices_are_unreadable),
    'message': (
        *('WTSSendMessageW', {'session': 2}, 'win_user_session_message', {'text': 'x'}),
        sends_to_the_other_session,
    ),
    'logon mode': (
        *('RegSetValueExW', {}, 'win_logon_mode', {'mode': 'drain'}),
        fails_before_anything_is_done,
    ),
}


def run(engine: Engine, host: Host, module: str, options: dict[str, Any]) -> Result:
    """Run a module, and check that it frees all memory and handles."""
    result = engine.run(module, **options)
    assert not host.memory.live
    assert not host.memory.misuse
    assert not host.handles.live
    assert not host.handles.misuse
    return result


@pytest.mark.parametrize('case', MATRIX)
def test_an_error_of_a_call_fails_what_depends_on_it_and_nothing_else(quick: Engine, case: str) -> None:
    api, arguments, module, options, expect = MATRIX[case]
    for error in ERRORS:
        with quick.host({'sessions': SESSIONS}) as host:
            host.fault(api, error=error, **arguments)
            result = run(quick, host, module, options)
            assert any(call.error == error for call in host.calls if call.api == api), f'{case}: {error} did not occur'
            try:
                expect(result, host, error)
            except (AssertionError, KeyError) as problem:
                raise AssertionError(f'{case}, Win32 error {error}: {result}') from problem


# The kernel answers for the registry and the module's own session: those calls return.
ABANDONED = [case for case, row in MATRIX.items() if not row[0].startswith('Reg') and row[0] != 'ProcessIdToSessionId']


@pytest.mark.parametrize('case', ABANDONED)
def test_a_call_that_hangs_fails_what_depends_on_it_and_nothing_else(quick: Engine, case: str) -> None:
    api, arguments, module, options, expect = MATRIX[case]
    with quick.host({'sessions': SESSIONS}) as host:
        host.fault(api, hangs=True, **arguments)
        result = quick.run(module, **options)
        assert any(call.error is None for call in host.calls if call.api == api), f'{case}: no call hung'
        expect(result, host, TIMEOUT)


@pytest.mark.parametrize(
    ('api', 'options', 'outcome'),
    [('WTSLogoffSession', {}, 'logged_off'), ('WTSDisconnectSession', {'state': 'disconnected'}, 'disconnected')],
)
def test_a_request_that_is_carried_out_after_it_was_abandoned_counts(
    quick: Engine, api: str, options: dict[str, Any], outcome: str
) -> None:
    with quick.host({'sessions': SESSIONS}) as host:
        host.fault(api, session=2, hangs=True)
        # The first enumeration is that of the plan.
        host.on('WTSEnumerateSessionsExW', nth=2, do=lambda host: host.heal())
        result = quick.run('win_user_session', **{**ACT, 'timeout': '20', **options})
        assert by_id(result, 'outcome') == {2: outcome, 3: outcome}
        assert not result.get('failed')
        assert session_acts(host) == [(api, 3), (api, 2)] or session_acts(host) == [(api, 2), (api, 3)]


@pytest.mark.parametrize(
    ('module', 'options'),
    [
        ('win_user_session_info', {'gather': ['client', 'sid', 'processes'], 'max_idle': '60'}),
        ('win_user_session', {**ACT, 'timeout': '20', 'max_idle': '3600', 'protect_groups': ['CORP\\Staff']}),
        ('win_user_session', {**NOTICE, 'timeout': '20'}),
        ('win_user_session_message', {'text': 'x'}),
    ],
    ids=['info', 'act', 'notice', 'message'],
)
def test_slow_calls_change_nothing_but_times(quick: Engine, module: str, options: dict[str, Any]) -> None:
    found = []
    for span in (0, 9):
        with quick.host({'sessions': SESSIONS, 'clock': {'fixed': '2026-11-21T14:34:47Z'}}) as host:
            host.watchers.append(pass_time(host, span))
            result = run(quick, host, module, options)
            found.append(
                (
                    [(record['token'], record.get('outcome')) for record in result['sessions']],
                    [record['token'] for record in result.get('protected', [])],
                    result.get('changed'),
                    session_acts(host),
                )
            )
    assert found[0] == found[1]


def pass_time(host: Host, span: int) -> Callable[[str, Any], None]:
    """Let each call of a host take some seconds of its clock."""

    def watch(when: str, call: Any) -> None:
        if when == 'before' and span:
            host.change({'advance': span})

    return watch


# rwinsta is a process, which takes a while to start.
@pytest.mark.parametrize('error', [5, 1722, 7022, 7024])
def test_a_failed_reset_fails_only_its_session(quick: Engine, error: int) -> None:
    with quick.host({'sessions': SESSIONS}) as host:
        host.fault('rwinsta', session=2, error=error)
        result = run(quick, host, 'win_user_session', {**ACT, 'method': 'reset'})
        assert by_id(result, 'outcome') == {2: 'failed', 3: 'reset'}
        assert result['failed']


@pytest.mark.parametrize('error', [error for error in ERRORS if error not in GONE | CLOSING])
def test_one_failed_reading_before_an_act_is_repeated_and_never_leads_to_a_reset(quick: Engine, error: int) -> None:
    with quick.host({'sessions': SESSIONS}) as host:
        # The reading after the plan is the one before the act.
        host.on('GetUserNameExW', do=lambda host: host.fault(READ, session=2, error=error, times=1))
        options = {**ACT, 'timeout': '20', 'method': 'logoff_then_reset'}
        result = run(quick, host, 'win_user_session', options)
        assert by_id(result, 'outcome') == {2: 'logged_off', 3: 'logged_off'}
        assert {api for api, _session in session_acts(host)} == {'WTSLogoffSession'}


@pytest.mark.parametrize(
    'more', [{}, {'method': 'logoff_then_reset'}, {'notice': NOTICE['notice']}], ids=['logoff', 'reset', 'notice']
)
def test_a_restart_before_any_call_leaves_the_sessions_after_it_alone(quick: Engine, more: dict[str, Any]) -> None:
    options = {**ACT, 'all_sessions': False, 'users': ['alice', 'bob'], **more}
    with quick.host({'sessions': SESSIONS}) as host:
        quick.run('win_user_session', **options)
        calls = len(host.calls)
    for nth in range(calls):
        with quick.host({'sessions': SESSIONS}) as host:
            host.watchers.append(restart_before(host, nth))
            result = quick.run('win_user_session', **options)
        assert host.sessions.users == {2: 'CORP\\ceo', 3: 'CORP\\cfo'}, (nth, result)


def restart_before(host: Host, nth: int) -> Callable[[str, Any], None]:
    """Restart a host before a call, or the next one: between the last reading and an act there is no call."""
    state = {'count': 0, 'due': True}

    def watch(when: str, call: Any) -> None:
        state['count'] += when == 'before'
        is_act = call.api in ('WTSLogoffSession', 'WTSSendMessageW', 'rwinsta')
        if when == 'before' and state['due'] and state['count'] > nth and not is_act:
            state['due'] = False
            host.reboot()
            host.sessions.logon(id=2, user='ceo')
            host.sessions.logon(id=3, user='cfo')

    return watch
