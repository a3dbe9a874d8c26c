# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Meanings and remedies of Win32 errors."""

from __future__ import annotations

import pytest

from ansible_collections.winops.sessions.plugins.plugin_utils._results.errors import ERRORS, Caller

ACT, READ, SEND, MODE = 'win_user_session', 'win_user_session_info', 'win_user_session_message', 'win_logon_mode'
LOGOFF = {'state': 'logged_off', 'method': 'logoff'}


def text(code: int) -> str:
    """A text as the host returns it."""
    return f'WTSLogoffSession failed with Win32 error {code}'


def test_adds_the_meaning_and_the_remedy() -> None:
    assert Caller(ACT, LOGOFF).complete(text(7024)) == (
        'WTSLogoffSession failed with Win32 error 7024 (ERROR_CTX_WINSTATION_BUSY: Remote Desktop Services is busy '
        'with the session). Set method=logoff_then_reset'
    )


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
