# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Meanings and remedies of Win32 errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.winops.sessions.plugins.plugin_utils._results.errors import ERRORS, Caller

ACT, READ, SEND, MODE = 'win_user_session', 'win_user_session_info', 'win_user_session_message', 'win_logon_mode'
LOGOFF = {'state': 'logged_off', 'method': 'logoff'}
ENGINE = Path(__file__).parents[5] / 'plugins' / 'module_utils' / '_Wts.cs'
# Errors that Microsoft documents for the functions that the engine calls, and those of the tests of the engine.
DOCUMENTED = {
    *(2, 5, 6, 8, 13, 14, 31, 50, 53, 87, 122, 234, 1008, 1115, 1311, 1312, 1314, 1326, 1332, 1355, 1450, 1460, 1702),
    *(1722, 1726, 1753, 1789, 7001, 7007, 7022, 7024, 7041, 7042, 7045, 7060),
}


def text(code: int) -> str:
    """A text as the host returns it."""
    return f'WTSLogoffSession failed with Win32 error {code}'


def test_adds_the_meaning_and_the_remedy() -> None:
    assert Caller(ACT, LOGOFF).complete(text(7024)) == (
        'WTSLogoffSession failed with Win32 error 7024 (ERROR_CTX_WINSTATION_BUSY: Remote Desktop Services is busy '
        'with the session). Set method=logoff_then_reset'
    )


def test_explains_each_error_that_the_engine_can_return() -> None:
    classified = re.findall(r'\bIs\(([0-9, ]+)\)', ENGINE.read_text(encoding='utf-8'))
    codes = {int(code) for group in classified for code in group.split(',')}
    assert len(codes) > 10
    assert (codes | DOCUMENTED) - set(ERRORS) == set()
    for code in codes | DOCUMENTED:
        assert re.search(rf'Win32 error {code} \([A-Z_]+: \w.+\)', Caller(ACT, LOGOFF).complete(text(code)))


@pytest.mark.parametrize(
    ('code', 'module', 'remedy'),
    [
        (8, READ, 'Free memory on the host, or restart it'),
        (31, READ, 'Try again later'),
        (31, ACT, 'Try again later. Restart the host if the session stays'),
        (1311, READ, 'Check the domain and the connection of the host to its domain controllers'),
        (1314, ACT, 'Connect with a member of the local Administrators group'),
        (1702, READ, 'Try again when the host has started'),
        (1789, READ, 'Run Test-ComputerSecureChannel -Repair on the host'),
    ],
)
def test_states_what_to_do(code: int, module: str, remedy: str) -> None:
    assert f'). {remedy}' in Caller(module, LOGOFF if module == ACT else {}).complete(text(code))


def test_names_the_variables_of_the_caller() -> None:
    caller = Caller(ACT, {**LOGOFF, 'server': 'rds02'}, 'idle_logoff_')
    assert 'Set idle_logoff_method=logoff_then_reset' in caller.complete(text(7024))
    assert 'The host of idle_logoff_server must' in caller.complete(text(1722))
    assert caller.explain('3 sessions selected, but max_sessions allows 1') == (
        '3 sessions selected, but idle_logoff_max_sessions allows 1'
    )
    assert caller.explain('protect_groups: x is not a group').startswith('idle_logoff_protect_groups: ')
    assert caller.explain('session 9 is a ghost session. Set ghosts=true').endswith('Set idle_logoff_ghosts=true')
    assert Caller(MODE, {}, 'drain_').explain('Set mode=enabled') == 'Set drain_mode=enabled'


@pytest.mark.parametrize('name', ['max_sessions', 'CORP\\ghosts=', 'a session: b', 'session 2 (users): x'])
def test_changes_nothing_without_a_prefix_and_no_other_words_with_one(name: str) -> None:
    assert Caller(ACT, LOGOFF).explain(name) == name
    if name != 'max_sessions':
        assert Caller(ACT, LOGOFF, 'x_').explain(name) == name


@pytest.mark.parametrize('code', ERRORS)
@pytest.mark.parametrize(
    ('module', 'arguments'),
    [
        (READ, {}),
        (SEND, {}),
        (MODE, {}),
        (ACT, {'state': 'logged_off', 'method': 'reset'}),
        (ACT, {'state': 'logged_off', 'method': 'logoff_then_reset'}),
        (ACT, {'state': 'disconnected', 'method': 'logoff'}),
    ],
)
def test_recommends_a_reset_only_where_a_logoff_was_tried(code: int, module: str, arguments: dict[str, str]) -> None:
    assert 'logoff_then_reset' not in Caller(module, arguments).complete(text(code))


@pytest.mark.parametrize('code', ERRORS)
def test_mentions_the_server_only_if_there_is_one(code: int) -> None:
    assert 'inventory' not in Caller(READ, {}).complete(text(code))
    assert ('inventory' in Caller(READ, {'server': 'rds02'}).complete(text(code))) is ERRORS[code].server


def test_each_remedy_is_given_once() -> None:
    twice = f'session 2: {text(5)}; session 3: {text(5)}; session 4: {text(7024)}'
    completed = Caller(ACT, LOGOFF).complete(twice)
    assert completed.count('ERROR_ACCESS_DENIED: access is denied') == 2
    assert completed.count('local Administrators') == 1
    assert Caller(ACT, LOGOFF).complete(completed) == completed


def test_keeps_unknown_codes() -> None:
    assert Caller(ACT, LOGOFF).complete(text(4711)) == text(4711)
    for hostile in ('no error', 'Win32 error 4711 (A: b)', 'Win32 error 99999999999 (A', 'Win32 error 5{prefix}'):
        assert Caller(ACT, LOGOFF, 'x_').complete(hostile).startswith(hostile[:13])


def test_suggests_no_act_if_reading_the_sessions_failed() -> None:
    failed = 'WTSEnumerateProcessesExW failed with Win32 error 5'
    assert 'ghost session' in Caller(ACT, LOGOFF).complete(f'logging off session 2 (bob) failed: {failed}')
    reading = Caller(ACT, LOGOFF).complete(f'Reading the sessions of this host failed: {failed}')
    assert 'Administrators' in reading
    assert 'ghost session' not in reading
    unread = f'2 of 3 sessions failed: the processes of session 2 (bob) could not be read, {failed}'
    assert 'ghost session' not in Caller(ACT, LOGOFF).complete(unread)
    assert 'ghost session' in Caller(ACT, LOGOFF).complete(f'{unread}; logging off session 3 (eve) failed: {text(5)}')
