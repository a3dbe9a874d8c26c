# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rare names, rows and answers of Windows while sessions are selected and protected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from modules.results import ended, ids, of

from winhost.host import Host

Run = Callable[..., dict[str, Any]]
Hosts = Callable[..., Host]

QUERY, LOOKUP = 'WTSQuerySessionInformationW', 'LookupAccountNameW'
FACTS: dict[str, Any] = {'class': [24, 25]}
LAST_CLIENT: dict[str, Any] = {'class': 9}
OTHER_SID, VIP = 'S-1-5-21-9-9-9-9', 'S-1-5-21-1-2-3-2001'
GROUPS = {
    'accounts': {
        'CORP\\VIP': {'type': 'group', 'sid': VIP},
        'CORP\\Local': {'type': 'alias'},
        'CORP\\All': {'type': 'well_known_group'},
    }
}
ALICE = {'id': 2, 'user': 'alice', 'groups': ['CORP\\VIP', 'CORP\\Local', 'CORP\\All']}
BOB = {'id': 3, 'user': 'bob'}
GHOST = {'id': 9, 'state': 'disconnected', 'disconnected': '5h', 'processes': []}


@pytest.mark.parametrize(
    ('pattern', 'expected'),
    [
        ('alice*', [2]),
        ('al?ce', [2, 3]),
        ('al??ce', []),
        ('CORP\\al?ce', [2, 3]),
        ('C?RP\\alice', [2]),
        ('al*ce', [2, 3]),
        ('?????', [2, 3]),
    ],
)
def test_a_question_mark_stands_for_one_character_of_any_size(
    host: Hosts, info: Run, pattern: str, expected: list[int]
) -> None:
    host(sessions=[{'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'al\U0001d4bece'}, {'id': 4, 'user': 'bo'}])

    assert ids(info(users=[pattern])['sessions']) == expected


def test_a_user_whose_domain_is_unknown_is_protected_by_the_user_part_alone(host: Hosts, act: Run) -> None:
    there = host(sessions=[{'id': 2, 'user': 'alice'}, BOB])
    there.sessions[2].domain = there.sessions[3].domain = None

    act(all_sessions=True, protect_users=['OTHER\\alice'])

    assert ended(there) == [3]


@pytest.mark.parametrize('lookup', [True, False])
def test_the_connection_account_of_an_unknown_domain_is_protected_in_doubt(host: Hosts, act: Run, lookup: bool) -> None:
    there = host(sessions=[{'id': 2, 'user': 'OTHER\\ansible', 'sid': None if lookup else OTHER_SID}, BOB])
    # Either the SID of the connection account is unknown, or that of the session's user.
    there.fault(LOOKUP, error=1355, name='OTHER\\ansible' if lookup else 'CORP\\ansible')

    result = act(all_sessions=True)

    assert (ended(there), of(result, 'reason', 'protected')) == ([3], {2: 'connection_user'})


# ---- Groups ----


@pytest.mark.parametrize('group', ['CORP\\VIP', VIP, VIP.lower(), 'CORP\\Local', 'CORP\\All'])
def test_groups_of_any_kind_and_their_sids_select_and_protect_members(host: Hosts, act: Run, group: str) -> None:
    there = host(console=None, sessions=[ALICE, BOB, GHOST], directory=GROUPS)

    assert ids(act(check=True, groups=[group], ghosts=True)['sessions']) == [2]
    act(all_sessions=True, protect_groups=[group], protect_processes=['x'], ghosts=True)

    assert ended(there) == [3, 9]


def test_the_token_of_another_user_s_process_in_the_session_does_not_count(host: Hosts, act: Run) -> None:
    tools = {'name': 'tool.exe', 'sid': OTHER_SID, 'groups': ['CORP\\VIP']}
    alice = {'id': 2, 'user': 'alice', 'groups': [], 'processes': [tools, 'explorer.exe']}
    there = host(sessions=[alice], directory=GROUPS)

    assert act(check=True, groups=['CORP\\VIP'])['sessions'] == []
    assert ids(act(all_sessions=True, protect_groups=['CORP\\VIP'])['sessions']) == [2]
    assert ended(there) == [2]


def test_processes_of_several_users_without_a_known_name_leave_the_groups_unknown(host: Hosts, act: Run) -> None:
    tools = {'name': 'tool.exe', 'sid': OTHER_SID}
    there = host(sessions=[{'id': 2, 'user': 'alice', 'processes': [tools, 'explorer.exe']}], directory=GROUPS)
    there.fault(LOOKUP, error=1355, name='CORP\\alice')

    result = act(all_sessions=True, protect_groups=['CORP\\VIP'])

    assert (ended(there), of(result, 'reason', 'protected')) == ([], {2: 'protected_group'})


# ---- Rows that are no user's session, or cannot be read ----


@pytest.mark.parametrize(
    ('session', 'word'),
    [
        ({'id': 5, 'state': 'listen', 'user': 'alice'}, 'it is not a user session'),
        ({'id': 5, 'state': 'connected', 'session_name': 'Console', 'connected': '2h'}, 'it is the console'),
        ({'id': 5, 'state': 'init', 'connected': '1s'}, 'during a logon'),
    ],
)
def test_reports_why_a_named_session_is_not_selectable(
    host: Hosts, act: Run, session: dict[str, Any], word: str
) -> None:
    there = host(console=5 if word.endswith('console') else None, sessions=[session])

    result = act(session_ids=[5], ghosts=True)

    assert (result['sessions'], there.acts) == ([], [])
    assert [('session 5' in text, word in text) for text in result['warnings']] == [(True, True)]


def test_a_stuck_session_whose_times_cannot_be_read_is_not_selected(host: Hosts, act: Run) -> None:
    there = host(console=None, sessions=[{'id': 4, 'state': 'connected', 'connected': '2h'}])
    there.fault(QUERY, error=31, session=4, **FACTS)

    assert (act(session_ids=[4], ghosts=True)['sessions'], there.acts) == ([], [])


def test_a_session_that_is_named_by_its_token_and_cannot_be_read_fails(host: Hosts, act: Run) -> None:
    there = host(console=None, sessions=[{'id': 2, 'user': 'alice'}, GHOST])
    there.fault(QUERY, error=31, session=[2, 9], **FACTS)

    result = act(tokens=['2:1:CORP\\alice', '9:1:'], ghosts=True)

    # A ghost has no user whose session could be missed.
    assert (of(result, 'outcome'), of(result, 'error_code'), there.acts) == ({2: 'failed'}, {2: 31}, [])


def test_only_user_sessions_are_read_and_have_to_be_readable(host: Hosts, info: Run) -> None:
    there = host(sessions=[{'id': 2, 'user': 'alice'}, {'id': 70000, 'state': 'active'}])
    there.fault(QUERY, error=5, session=70000, **FACTS)

    assert ids(info()['sessions']) == [2]
    assert not [call for call in there.calls if call.arguments.get('session') == 70000]


def test_a_listener_that_cannot_be_read_does_not_show_a_partial_view(host: Hosts, info: Run) -> None:
    there = host(sessions=[{'id': 70000, 'user': 'alice', 'state': 'listen'}])
    there.fault(QUERY, error=5, session=70000, **FACTS)

    result = info(include_all=True)

    assert ('failed' in result, 70000 in ids(result['sessions'])) == (False, True)


def test_an_active_session_without_a_user_is_no_ghost(host: Hosts, act: Run) -> None:
    host(console=None, sessions=[{'id': 4, 'state': 'active', 'connected': '2h'}])

    result = act(all_sessions=True, ghosts=True)

    assert (result['sessions'], result['remaining']) == ([], [])


# ---- Messages ----


@pytest.mark.parametrize(
    ('options', 'arrange', 'expected'),
    [
        ({'max_idle': '3600'}, lambda host: None, {}),
        ({'max_idle': '3600'}, lambda host: host.fault(QUERY, error=31, session=2, **FACTS), {2: 'failed'}),
        ({'processes': ['x']}, lambda host: setattr(host.sessions[2], 'processes', []), {2: 'failed'}),
        (
            {},
            lambda host: host.on(
                QUERY, session=2, do=lambda host: host.sessions.update(2, user='OTHER\\alice'), **LAST_CLIENT
            ),
            {2: 'session_changed'},
        ),
    ],
)
def test_sends_no_message_to_a_session_that_does_not_surely_match(
    host: Hosts, engine: Any, options: dict[str, Any], arrange: Callable[[Host], Any], expected: dict[int, str]
) -> None:
    there = host(sessions=[{'id': 2, 'user': 'alice'}])
    arrange(there)

    result = engine.run('win_user_session_message', text='Please save your work.', **options)

    assert (of(result, 'outcome'), there.boxes) == (expected, [])


def test_sends_no_message_to_a_session_that_windows_lists_under_another_name(host: Hosts, engine: Any) -> None:
    there = host(windows={'long_names': 'alias'}, sessions=[{'id': 2, 'user': 'a' * 25}])

    result = engine.run('win_user_session_message', text='Please save your work.')

    assert (of(result, 'outcome'), there.boxes) == ({2: 'session_changed'}, [])
    assert 'Windows lists another user' in result['sessions'][0]['detail']
