# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The session table alone, without the API."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from winhost import spec
from winhost.clock import SECOND, Clock
from winhost.errors import WinError
from winhost.sessions import Protocol, Session, SessionTable, State

NOW = '2026-11-21T14:34:47Z'


def table(*sessions: dict[str, Any], **rest: Any) -> SessionTable:
    return spec.table({'sessions': sessions, **rest}, Clock(fixed=NOW), threading.Condition(threading.RLock()))


def everything(session: Session) -> bool:
    return True


def fails(code: int, call: Callable[[int], Session], session_id: int) -> None:
    with pytest.raises(WinError) as failed:
        call(session_id)
    assert failed.value.code == code


def test_an_empty_host_has_services_a_logon_screen_and_a_listener() -> None:
    rows = {row.id: (row.session_name, row.state, row.user) for row in table()}
    assert rows == {
        0: ('Services', State.DISCONNECTED, None),
        1: ('Console', State.CONNECTED, None),
        65536: ('RDP-Tcp', State.LISTEN, None),
    }


def test_services_and_listener_can_be_switched_off_and_the_console_too() -> None:
    assert list(table(services=False, console=None)) == []


def test_services_and_listener_can_be_overridden() -> None:
    found = table(
        {'id': 0, 'session_name': 'services', 'state': 'active'},
        {'id': 65536, 'session_name': 'ICA-Tcp', 'state': 'listen'},
    )
    assert (found[0].state, found[65536].session_name) == (State.ACTIVE, 'ICA-Tcp')


def test_a_user_without_an_id_gets_the_lowest_free_one() -> None:
    found = table({'user': 'alice'}, {'id': 3, 'user': 'bob'}, {'user': 'carol'})
    assert found.users == {2: 'CORP\\alice', 3: 'CORP\\bob', 4: 'CORP\\carol'}
    found.leave(2)
    assert found.logon(user='dora').id == 2


def test_session_1_is_the_console_unless_it_is_a_remote_session() -> None:
    assert table({'id': 1, 'user': 'alice'}).console == 1
    found = table({'id': 1, 'user': 'alice', 'session_name': 'RDP-Tcp#0'})
    assert found.console == 2
    assert found[1].protocol == Protocol.RDP


def test_ages_count_back_from_the_hosts_clock_and_raw_filetimes_stay() -> None:
    found = table(
        {'id': 2, 'user': 'alice', 'logged_on': '3h', 'connected': 60, 'idle': '5m'},
        {'id': 3, 'user': 'bob', 'logon_time': 0, 'last_input_time': 77, 'connect_time': NOW, 'idle': 1},
    )
    now = found.clock.now()
    assert (found[2].logon_time, found[2].connect_time, found[2].last_input_time) == (
        now - 10800 * SECOND,
        now - 60 * SECOND,
        now - 300 * SECOND,
    )
    assert (found[3].logon_time, found[3].last_input_time, found[3].connect_time) == (0, 77, now)


def test_a_disconnected_session_has_no_name_and_was_left_after_its_logon() -> None:
    row = table({'id': 2, 'user': 'alice', 'disconnected': '5d'})[2]
    assert (row.state, row.session_name, row.client.name) == (State.DISCONNECTED, '', '')
    assert 0 < row.logon_time < row.disconnect_time


def test_a_logoff_ends_the_session_at_once_by_default() -> None:
    found = table({'id': 2, 'user': 'alice'})
    found.logoff(2)
    assert 2 not in found
    fails(7022, found.logoff, 2)


def test_the_console_gets_a_logon_screen_with_a_new_id() -> None:
    found = table({'id': 1, 'user': 'alice'})
    found.logoff(1)
    assert 1 not in found
    assert found.console == 2
    assert (found[2].user, found[2].state, found[2].session_name) == (None, State.CONNECTED, 'Console')


def test_a_logoff_can_take_a_number_of_enumerations() -> None:
    found = table({'id': 2, 'user': 'alice', 'on_logoff': {'looks': 2}})
    found.logoff(2)
    seen = [[row.id for row in found.enumerate(everything)] for _unused in range(3)]
    assert [2 in ids for ids in seen] == [True, True, False]


def test_a_logoff_can_take_time() -> None:
    found = table({'id': 2, 'user': 'alice', 'on_logoff': {'takes': '30s'}})
    found.logoff(2)
    found.clock.advance(20)
    assert 2 in found
    fails(7007, found.logoff, 2)
    found.clock.advance(10)
    assert 2 not in found


def test_a_logoff_that_hangs_never_ends_but_a_reset_ends_it() -> None:
    found = table({'id': 2, 'user': 'alice', 'on_logoff': {'hangs': True}})
    found.logoff(2)
    found.clock.advance('100d')
    assert found[2].state == State.DOWN
    fails(7007, found.logoff, 2)
    fails(7007, found.disconnect, 2)
    found.reset(2)
    assert 2 not in found


def test_a_logoff_may_fail_for_good_or_a_few_times() -> None:
    found = table(
        {'id': 2, 'user': 'alice', 'on_logoff': {'error': 5}},
        {'id': 3, 'user': 'bob', 'on_logoff': {'error': 7024, 'times': 2}},
    )
    for _unused in range(4):
        fails(5, found.logoff, 2)
    fails(7024, found.logoff, 3)
    fails(7024, found.logoff, 3)
    found.logoff(3)
    assert list(found.users) == [2]


@pytest.mark.parametrize(('becomes', 'state'), [('ghost', State.DISCONNECTED), ('down', State.DOWN)])
def test_a_session_may_become_a_ghost_that_no_logoff_ends(becomes: str, state: State) -> None:
    found = table({'id': 2, 'user': 'alice', 'connected': '1h', 'on_logoff': {'becomes': becomes}})
    connected = found[2].connect_time
    found.logoff(2)
    ghost = found[2]
    assert (ghost.user, ghost.state, ghost.logon_time, ghost.connect_time) == (None, state, 0, connected)
    fails(5, found.logoff, 2)
    found.reset(2)
    assert 2 not in found


def test_a_session_may_be_replaced_by_anothers_with_the_same_id() -> None:
    found = table({'id': 2, 'user': 'alice', 'on_logoff': {'replaced_by': {'user': 'bob'}}})
    found.logoff(2)
    assert found.users == {2: 'CORP\\bob'}
    assert found[2].logon_time == found.clock.now()


def test_resetting_a_listener_ends_all_its_sessions() -> None:
    found = table(
        {'id': 1, 'user': 'carol'}, {'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'bob', 'state': 'disconnected'}
    )
    found.reset(65536)
    assert found.users == {1: 'CORP\\carol'}
    assert 65536 in found


def test_session_0_cannot_be_ended_or_disconnected() -> None:
    found = table()
    for call in (found.logoff, found.reset, found.disconnect):
        fails(5, call, 0)
    assert 0 in found


def test_a_disconnected_session_keeps_its_user_and_a_reconnect_gives_it_a_name() -> None:
    found = table({'id': 2, 'user': 'alice', 'idle': '1h'})
    found.disconnect(2)
    assert (found[2].state, found[2].session_name, found[2].disconnect_time) == (
        State.DISCONNECTED,
        '',
        found.clock.now(),
    )
    found.clock.advance('1h')
    found.update(2, state='active')
    row = found[2]
    assert (row.state, row.session_name, row.connect_time, row.last_input_time) == (
        State.ACTIVE,
        'RDP-Tcp#2',
        found.clock.now(),
        found.clock.now(),
    )


@pytest.mark.parametrize(('behaviour', 'looks', 'advance'), [({}, 0, 0), ({'looks': 2}, 2, 0), ({'takes': '5s'}, 0, 5)])
def test_a_client_may_reconnect_by_itself(behaviour: dict[str, Any], looks: int, advance: float) -> None:
    found = table({'id': 2, 'user': 'alice', 'logged_on': '3h', 'on_disconnect': {'reconnects': True, **behaviour}})
    disconnected = found.clock.now()
    found.disconnect(2)
    assert (found[2].state == State.ACTIVE) == (behaviour == {})
    for _unused in range(looks):
        found.enumerate(everything)
    found.clock.advance(advance)
    assert (found[2].state, found[2].connect_time > disconnected) == (State.ACTIVE, True)
    assert found[2].logon_time == disconnected - 3 * 3600 * SECOND


@pytest.mark.parametrize('state', ['connected', 'connect_query', 'init'])
def test_a_logon_in_progress_starts_the_users_processes_at_its_end(state: str) -> None:
    found = table({'id': 2, 'user': 'alice', 'state': state, 'logged_on': 5})
    assert [row.name for row in found[2].processes] == ['csrss.exe', 'winlogon.exe', 'dwm.exe', 'LogonUI.exe']
    found.update(2, state='active')
    assert (found[2].processes[-1].name, found[2].processes[-1].sid) == ('explorer.exe', found[2].sid)
    found.update(2, state='disconnected')
    found.update(2, state='active')
    assert [row.name for row in found[2].processes].count('explorer.exe') == 1


def test_disconnecting_the_console_brings_up_a_logon_screen() -> None:
    found = table({'id': 1, 'user': 'alice'})
    found.disconnect(1)
    assert found[1].account == 'CORP\\alice'
    assert (found.console, found[2].session_name) == (2, 'Console')
    fails(7041, found.disconnect, 2)


def test_a_restart_removes_all_user_sessions() -> None:
    found = table({'id': 1, 'user': 'alice'}, {'id': 7, 'user': 'bob'})
    found.reboot()
    assert [row.id for row in found] == [0, 1, 65536]
    assert found.users == {}


def test_a_remote_app_session_runs_its_own_shell() -> None:
    names = [process.name for process in table({'id': 2, 'user': 'alice', 'remote_app': True})[2].processes]
    assert 'rdpshell.exe' in names
    assert 'explorer.exe' not in names


def test_processes_have_ids_and_owners_of_their_own() -> None:
    found = table(
        {'id': 2, 'user': 'alice', 'processes': ['explorer.exe', {'name': 'x.exe', 'pid': 4242, 'sid': 'S-1-5-18'}]},
        {'user': 'bob'},
    )
    assert [(process.name, process.sid) for process in found[2].processes] == [
        ('explorer.exe', found[2].sid),
        ('x.exe', 'S-1-5-18'),
    ]
    pids = [process.pid for row in found for process in row.processes]
    assert len(pids) == len(set(pids))


def test_names_of_any_alphabet_and_length_are_kept_whole() -> None:
    name = 'Ärztin 王小明 ' + 'x' * 50
    assert table({'id': 2, 'user': name, 'domain': 'Ω' * 40})[2].account == 'Ω' * 40 + '\\' + name
