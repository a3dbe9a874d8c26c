# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every failure names the operation and the session, and carries the Win32 error of the call that failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from modules.engine import Engine
from modules.reset_command import rwinsta

from winhost.host import Host

Arrange = Callable[[Host], None]

ENUMERATE, QUERY = 'WTSEnumerateSessionsExW', 'WTSQuerySessionInformationW'
FIRST_FACTS: dict[str, Any] = {'class': 25}
CLIENT_NAME: dict[str, Any] = {'class': 10}
LAST_CLIENT: dict[str, Any] = {'class': 9}
LOGOFF: dict[str, Any] = {'state': 'logged_off', 'all_sessions': True, 'timeout': '0'}
NOTICE: dict[str, Any] = {**LOGOFF, 'notice': {'text': 'Please save your work.', 'grace': '900'}}
MESSAGE: dict[str, Any] = {'text': 'Please save your work.'}
TEXT = 'session 2 (CORP\\alice)'


def fails(api: str, error: int, **arguments: Any) -> Arrange:
    """Let each call of a function fail."""
    return lambda host: host.fault(api, error=error, **arguments)


def fails_after_selection(api: str, error: int, **arguments: Any) -> Arrange:
    """Let each call of a function fail when the sessions have been selected."""
    return lambda host: host.on('GetUserNameExW', do=fails(api, error, **arguments))


@pytest.mark.parametrize(
    ('module', 'options', 'arrange', 'error', 'words'),
    [
        ('win_user_session_info', {}, fails(ENUMERATE, 1722), 1722, ['Reading the sessions of this host', ENUMERATE]),
        ('win_user_session_info', {}, fails(QUERY, 5, session=2), 5, [TEXT, 'could not be read']),
        ('win_user_session_info', {'max_idle': '9'}, fails(QUERY, 31, session=2), 31, [TEXT, 'could not be read']),
        ('win_user_session_info', {'client_names': ['x']}, fails(QUERY, 31, **CLIENT_NAME), 31, [TEXT, 'client']),
        ('win_user_session_info', {'groups': ['x']}, fails('LookupAccountNameW', 1355), 1355, ["groups: 'x'"]),
        ('win_user_session_message', MESSAGE, fails(ENUMERATE, 1722), 1722, ['Reading the sessions of this host']),
        ('win_user_session', LOGOFF, fails('GetUserNameExW', 1332), 1332, ['protect_connection_user', 'GetUserName']),
        (
            'win_user_session',
            {**LOGOFF, 'protect_groups': ['x']},
            fails('LookupAccountNameW', 1355),
            1355,
            ["protect_groups: 'x'", 'LookupAccountNameW'],
        ),
        (
            'win_user_session',
            {**LOGOFF, 'protect_processes': ['x']},
            fails('WTSEnumerateProcessesExW', 5),
            5,
            ['WTSEnumerateProcessesExW'],
        ),
        ('win_user_session', NOTICE, fails('RegOpenKeyExW', 5), 5, ['opening HKLM\\SOFTWARE\\winops']),
        ('win_logon_mode', {}, fails('RegOpenKeyExW', 5), 5, ['The logon mode', 'opening HKLM\\']),
        ('win_logon_mode', {'mode': 'drain'}, fails('RegSetValueExW', 5), 5, ['The logon mode', 'writing']),
    ],
)
def test_a_failed_module_has_the_error_of_the_call(
    engine: Engine, module: str, options: dict[str, Any], arrange: Arrange, error: int, words: list[str]
) -> None:
    with engine.host({'sessions': [{'id': 2, 'user': 'alice'}]}) as host:
        arrange(host)

        result = engine.run(module, **options)

        assert (result['failed'], result.get('error_code')) == (True, error)
        assert [word for word in [*words, f'Win32 error {error}'] if word not in result['msg']] == []
        assert [call for call in host.acts if not call.error] == []


def only_the_first_reading_fails(host: Host) -> None:
    """Let the session be selected without its times."""
    host.fault(QUERY, error=31, times=1, session=2, **FIRST_FACTS)


def the_command_cannot_be_started(host: Host) -> None:
    """Put a file that is no command in the place of rwinsta.exe."""
    rwinsta(host).unlink()
    rwinsta(host).touch(mode=0o600)


@pytest.mark.parametrize(
    ('options', 'arrange', 'error', 'words'),
    [
        (LOGOFF, fails('WTSLogoffSession', 5), 5, ['logging off', 'WTSLogoffSession']),
        ({**LOGOFF, 'state': 'disconnected'}, fails('WTSDisconnectSession', 7041), 7041, ['disconnecting']),
        (LOGOFF, fails_after_selection(QUERY, 31, session=2), 31, ['reading', 'again before logging off it', QUERY]),
        (LOGOFF, only_the_first_reading_fails, 31, ['again before logging off it', 'cannot be identified']),
        (LOGOFF, fails_after_selection(QUERY, 7007, session=2), 7007, ['still existed', 'its logoff']),
        ({**LOGOFF, 'method': 'reset'}, the_command_cannot_be_started, 13, ['acting on', 'starting', 'rwinsta.exe']),
        (NOTICE, fails('RegCreateKeyExW', 5), 5, ['was not warned', 'creating HKLM\\']),
        (NOTICE, fails('RegSetValueExW', 5), 5, ['was not warned', 'writing']),
        (NOTICE, fails_after_selection(QUERY, 31, session=2), 31, ['reading', 'again before warning its user']),
        (NOTICE, only_the_first_reading_fails, 31, ['again before warning its user', 'cannot be identified']),
    ],
)
def test_a_failed_session_has_the_error_of_the_call(
    engine: Engine, options: dict[str, Any], arrange: Arrange, error: int, words: list[str]
) -> None:
    with engine.host({'sessions': [{'id': 2, 'user': 'alice'}]}) as host:
        arrange(host)

        result = engine.run('win_user_session', **options)

        (session,) = result['sessions']
        assert (result['failed'], session['error_code']) == (True, error), session
        assert [word for word in [*words, TEXT] if word not in session['detail']] == []
        assert session['detail'] in result['msg']


def test_a_session_that_may_not_have_ended_has_the_error_of_the_last_reading(engine: Engine) -> None:
    with engine.host({'sessions': [{'id': 2, 'user': 'alice', 'on_logoff': {'hangs': True}}]}) as host:
        host.on('WTSLogoffSession', do=fails(ENUMERATE, 1722))

        (session,) = engine.run('win_user_session', **LOGOFF)['sessions']

        assert (session['outcome'], session['error_code']) == ('still_present', 1722)
        assert 'The last reading failed: WTSEnumerateSessionsExW failed with Win32 error 1722' in session['detail']


def the_second_reading_fails(host: Host) -> None:
    """Let the session be selected, and no more be read."""
    host.on(QUERY, session=2, do=fails(QUERY, 5, session=2), **LAST_CLIENT)


@pytest.mark.parametrize(
    ('arrange', 'words'),
    [
        (fails('WTSSendMessageW', 5), ['sending the message to']),
        (the_second_reading_fails, ['again before sending']),
    ],
)
def test_a_failed_message_has_the_error_of_the_call(engine: Engine, arrange: Arrange, words: list[str]) -> None:
    with engine.host({'sessions': [{'id': 2, 'user': 'alice'}]}) as host:
        arrange(host)

        result = engine.run('win_user_session_message', **MESSAGE)

        (session,) = result['sessions']
        assert (session['outcome'], session['error_code']) == ('failed', 5)
        assert [word for word in [*words, TEXT, 'Win32 error 5'] if word not in session['detail']] == []
