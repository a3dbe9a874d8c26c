# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of the API by the rights of the caller, the changes of the session table, and the records of both."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from winhost import wire
from winhost.client import ADMINISTRATOR, Client
from winhost.clock import SECOND, filetime
from winhost.host import Host

Start = Callable[..., Host]
NOW = '2026-11-21T14:34:47Z'
ALICE = {'id': 2, 'user': 'alice'}
ACCOUNTS = {ADMINISTRATOR: 'secret'} | {
    f'CORP\\{rights}': {'rights': rights} for rights in ('user', 'partial', 'blind')
}


def send(text: str, style: int = 0, timeout: int = 0, wait: int = 1) -> tuple[Any, ...]:
    return 'Title'.encode('utf-16-le'), text.encode('utf-16-le'), style, timeout, wait


def of_class(number: int) -> dict[str, Any]:
    """The argument of a query that is a word of Python."""
    return {'class': number}


def wait_for(host: Host, happened: Callable[[], Any]) -> None:
    with host.changed:
        assert host.changed.wait_for(happened, timeout=30)


# ---- Enumerating and asking ----


def test_an_enumeration_returns_ids_states_and_complete_names(start: Start) -> None:
    name = 'a name of more than twenty characters'
    client = Client(start(sessions=[{'id': 2, 'user': name}], services=False, console=None))
    error, values = client('WTSEnumerateSessionsExW', 0, 1, 0)
    assert (error, values[1:]) == (0, [1, 2, 0, 'RDP-Tcp#2', name, 'CORP', None])


@pytest.mark.parametrize(('level', 'flags'), [(0, 0), (2, 0), (1, 1)])
def test_another_level_or_a_filter_is_an_invalid_parameter(start: Start, level: int, flags: int) -> None:
    assert Client(start()).error('WTSEnumerateSessionsExW', 0, level, flags) == 87


def test_a_query_returns_times_of_the_hosts_clock(start: Start) -> None:
    client = Client(start(clock={'fixed': NOW}, sessions=[ALICE | {'logged_on': '3h', 'idle': '5m', 'locked': True}]))
    now = filetime(NOW)
    times = [now - 10800 * SECOND, now - 10800 * SECOND, 0, now - 300 * SECOND, now]
    assert client.query(2, 24) == client.query(2, 25) == [2, 0, 0, 'RDP-Tcp#2', 'alice', 'CORP', *times]


@pytest.mark.parametrize(
    ('session', 'flag'),
    [({}, 1), ({'locked': True}, 0), ({'locked': None}, 0xFFFFFFFF), ({'state': 'disconnected'}, 0xFFFFFFFF)],
)
def test_the_lock_flag_is_locked_unlocked_or_unknown(start: Start, session: dict[str, Any], flag: int) -> None:
    assert Client(start(sessions=[ALICE | session])).query(2, 25)[2] == flag


def test_client_queries_return_what_the_client_reports(start: Start) -> None:
    client = Client(start(sessions=[ALICE | {'client': {'name': 'PC-17', 'address': '10.0.0.5', 'build': 22621}}]))
    assert client.query(2, 9) == [22621]
    assert client.query(2, 10) == ['PC-17']
    assert client.query(2, 14) == [2, b'\0\0\x0a\0\0\5']
    assert client.query(2, 16) == [2]
    assert client.query(2, 23) == ['PC-17', '', '', 2, '10.0.0.5', 22621]
    assert client.query(1, 14) == [0, b'']


def test_an_ipv6_address_is_returned_in_both_forms(start: Start) -> None:
    client = Client(start(sessions=[ALICE | {'client': {'address': '2001:db8::5'}}]))
    packed = bytes.fromhex('20010db8000000000000000000000005')
    assert client.query(2, 14) == [23, b'\0\0' + packed]
    assert client.query(2, 23)[4].encode('utf-16-le') == packed


def test_an_address_may_be_any_bytes(start: Start) -> None:
    client = Client(start(sessions=[ALICE | {'client': {'raw_address': {'family': 2, 'bytes': '31302e31'}}}]))
    assert client.query(2, 14) == [2, b'10.1']
    assert client.query(2, 23)[3:5] == [2, '']


@pytest.mark.parametrize(('info', 'error'), [(17, 50), (28, 50), (5, 50), (30, 87), (-1, 87)])
def test_a_query_that_is_not_supported_fails(start: Start, info: int, error: int) -> None:
    assert Client(start()).error('WTSQuerySessionInformationW', 0, 1, info & 0xFFFFFFFF) == error


def test_each_function_has_its_error_for_an_unknown_id(start: Start) -> None:
    client = Client(start())
    assert client.error('WTSQuerySessionInformationW', 0, 9, 25) == 2
    assert client.error('WTSLogoffSession', 0, 9, 0) == 7022
    assert client.error('WTSDisconnectSession', 0, 9, 0) == 7022
    assert client.error('WTSSendMessageW', 0, 9, *send('x')) == 7022
    assert client.error('rwinsta', 0, 9) == 7022


def test_a_closing_session_is_enumerated_and_its_queries_fail(start: Start) -> None:
    client = Client(start(sessions=[ALICE | {'on_logoff': {'looks': 2}}]))
    assert client.error('WTSLogoffSession', 0, 2, 0) == 0
    assert 2 in client.ids()
    assert client.error('WTSQuerySessionInformationW', 0, 2, 25) == 7007
    assert 2 in client.ids()
    assert client.error('WTSQuerySessionInformationW', 0, 2, 25) == 2


def test_processes_are_listed_for_one_session_or_all(start: Start) -> None:
    sid = 'S-1-5-21-1-2-3-1001'
    host = start(sessions=[ALICE | {'sid': sid, 'processes': [{'name': 'explorer.exe', 'pid': 4242}]}])
    client = Client(host)
    error, values = client('WTSEnumerateProcessesExW', 0, 1, 2)
    assert (error, values[1:5]) == (0, [1, 2, 4242, 'explorer.exe'])
    assert values[5].hex() == '010500000000000515000000010000000200000003000000e9030000'
    everything = client('WTSEnumerateProcessesExW', 0, 0, 0xFFFFFFFE)[1]
    assert everything[1] == sum(len(row.processes) for row in host.sessions)
    assert client.error('WTSEnumerateProcessesExW', 0, 2, 2) == 87


def test_a_process_belongs_to_its_session_and_the_caller_to_session_0(start: Start) -> None:
    client = Client(start(sessions=[ALICE | {'processes': [{'name': 'x.exe', 'pid': 4242}]}]))
    assert client('ProcessIdToSessionId', 4242) == (0, [2])
    assert client('ProcessIdToSessionId', client('GetCurrentProcessId')[1][0]) == (0, [0])
    assert client.error('ProcessIdToSessionId', 999999) == 87


def test_the_caller_is_not_a_process_of_a_session(start: Start) -> None:
    host = start(
        sessions=[ALICE, {'id': 3, 'user': 'bob', 'processes': [{'name': 'x.exe', 'pid': Client(start()).pid}]}]
    )
    client = Client(host)
    assert client('ProcessIdToSessionId', client.pid) == (0, [0])
    largest = 1 << 22  # proc(5), pid_max
    assert all(process.pid > largest for process in host.sessions.find(2, 0).processes)


def test_the_caller_may_run_in_a_session_of_its_own(start: Start) -> None:
    client = Client(start(sessions=[ALICE], own_session=2))
    assert client('ProcessIdToSessionId', client.pid) == (0, [2])
    assert client.query(0xFFFFFFFF, 24)[0] == 2


def test_a_missing_console_is_all_ones(start: Start) -> None:
    assert Client(start(console=None))('WTSGetActiveConsoleSessionId') == (0, [0xFFFFFFFF])


def test_an_account_is_found_with_its_sid_unless_it_has_none(start: Start) -> None:
    client = Client(start(sessions=[ALICE | {'sid': 'S-1-5-21-9-9-9-1001'}, {'id': 3, 'user': 'gone', 'sid': None}]))
    for name in ('alice', 'corp\\ALICE', 'alice@CORP'):
        error, values = client('LookupAccountNameW', None, name)
        assert (error, client('ConvertSidToStringSidW', values[0])[1][1], values[1:]) == (
            0,
            'S-1-5-21-9-9-9-1001',
            ['CORP', 1],
        )
    assert client.error('LookupAccountNameW', None, 'CORP\\gone') == 1332
    assert client.error('LookupAccountNameW', None, 'OTHER\\alice') == 1332
    assert client.error('ConvertSidToStringSidW', b'') == 1337


def test_the_caller_is_the_account_that_connected(start: Start) -> None:
    client = Client(start())
    assert client('GetUserNameExW', 2) == (0, [ADMINISTRATOR])
    assert client.error('GetUserNameExW', 8) == 1332


# ---- Rights ----


@pytest.mark.parametrize(
    ('rights', 'shown'),
    [('user', [0, 1, 2, 3, 65536]), ('partial', [3]), ('blind', [])],
    ids=['user', 'partial', 'blind'],
)
def test_an_account_sees_the_sessions_of_its_rights(start: Start, rights: str, shown: list[int]) -> None:
    host = start(accounts=ACCOUNTS, sessions=[ALICE, {'id': 3, 'user': rights}])
    assert Client(host, f'CORP\\{rights}').ids() == shown


@pytest.mark.parametrize('rights', ['user', 'partial', 'blind'])
def test_without_the_right_no_session_of_others_is_changed(start: Start, rights: str) -> None:
    host = start(accounts=ACCOUNTS, sessions=[ALICE])
    client = Client(host, f'CORP\\{rights}')
    for api, *rest in (('WTSLogoffSession', 0), ('WTSDisconnectSession', 0), ('rwinsta',)):
        assert client.error(str(api), 0, 2, *rest) == 5
    assert host.sessions.users == {2: 'CORP\\alice'}
    assert client.error('WTSEnumerateProcessesExW', 0, 1, 2) == 5


def test_an_account_may_do_anything_to_its_own_session(start: Start) -> None:
    host = start(accounts=ACCOUNTS, sessions=[ALICE, {'id': 3, 'user': 'User'}])
    assert Client(host, 'CORP\\user').error('WTSLogoffSession', 0, 3, 0) == 0
    assert host.sessions.users == {2: 'CORP\\alice'}


def test_an_unknown_account_sees_no_session(start: Start) -> None:
    client = Client(start(sessions=[ALICE]), 'CORP\\stranger')
    assert client.ids() == []
    assert client.error('WTSLogoffSession', 0, 2, 0) == 5


@pytest.mark.parametrize('user', ['ansible', 'CORP\\ansible', 'corp\\Ansible', 'ansible@CORP', 'ansible@corp.example'])
def test_an_account_logs_on_in_any_form_of_its_name(start: Start, user: str) -> None:
    host = start()
    assert host.authenticate(user, 'secret') == ADMINISTRATOR
    assert host.authenticate(user, 'Secret') is None
    assert host.authenticate(f'x{user}', 'secret') is None


# ---- Ending ----


def logoff_that_waits(start: Start) -> tuple[Host, Client, threading.Thread, list[int]]:
    """A logoff of a session that does not end; the thread that called it, and what the call has returned."""
    host = start(sessions=[ALICE | {'on_logoff': {'hangs': True}}])
    client = Client(host)
    answers: list[int] = []
    waiter = threading.Thread(target=lambda: answers.append(client.error('WTSLogoffSession', 0, 2, 1)))
    waiter.start()
    wait_for(host, lambda: host.sessions[2].closing)
    return host, client, waiter, answers


def test_a_logoff_that_waits_for_a_hanging_session_blocks_until_a_reset(start: Start) -> None:
    host, client, waiter, answers = logoff_that_waits(start)
    host.clock.advance('1d')
    assert 2 in client.ids()
    assert host.acts[0].error is None
    assert client.error('rwinsta', 0, 2) == 0
    waiter.join(timeout=30)
    assert answers == [0]


def test_a_logoff_that_waits_fails_when_the_host_stops(start: Start) -> None:
    host, _client, waiter, answers = logoff_that_waits(start)
    host.stop()
    waiter.join(timeout=30)
    assert answers == [1722]


def test_does_not_wait_for_a_caller_that_disconnected(start: Start) -> None:
    host = start(sessions=[ALICE | {'on_logoff': {'hangs': True}}])
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(host.environment(ADMINISTRATOR)['WINHOST_SOCKET'])
        caller.sendall(wire.pack('WTSLogoffSession', ADMINISTRATOR, '', 4711, 0, 2, 1))
        wait_for(host, lambda: host.sessions[2].closing)
    for thread in threading.enumerate():
        if thread.name == 'web01 call':
            thread.join(timeout=30)
            assert not thread.is_alive()
    assert host.acts[0].error is None


def test_a_reset_blocks_only_with_blocks_in_the_spec(start: Start) -> None:
    host = start(
        sessions=[
            ALICE | {'on_reset': {'hangs': True}},
            {'id': 3, 'user': 'bob', 'on_reset': {'takes': 0.1, 'blocks': True}},
        ]
    )
    client = Client(host)
    assert client.error('rwinsta', 0, 2) == 0
    assert 2 in host.sessions
    assert client.error('rwinsta', 0, 3) == 0
    assert 3 not in host.sessions


# ---- Message boxes ----


def test_a_message_box_is_shown_without_waiting(start: Start) -> None:
    host = start(sessions=[ALICE])
    assert Client(host)('WTSSendMessageW', 0, 2, *send('Ende um 8 → bitte 💾\nJetzt', 0x30, 60, 0)) == (0, [32001])
    (box,) = host.boxes
    assert (box.session, box.account, box.title, box.text) == (2, 'CORP\\alice', 'Title', 'Ende um 8 → bitte 💾\nJetzt')
    assert (box.style, box.timeout, box.waited, box.answer) == (0x30, 60, False, None)


@pytest.mark.parametrize(('answer', 'style', 'response'), [('ok', 0, 1), ('cancel', 1, 2), ('yes', 4, 6), ('no', 4, 7)])
def test_a_message_box_is_answered_as_in_the_spec(start: Start, answer: str, style: int, response: int) -> None:
    host = start(sessions=[ALICE | {'on_message': {'answer': answer}}])
    assert Client(host)('WTSSendMessageW', 0, 2, *send('x', style)) == (0, [response])
    assert host.boxes[0].answer == answer


@pytest.mark.parametrize(
    'session',
    [
        {},
        {'on_message': {'never': True}},
        {'on_message': {'answer': 'ok', 'after': '1d'}},
        {'on_message': {'answer': 'ok', 'looks': 1}},
        {'on_message': {'answer': 'yes'}},
        {'on_message': {'answer': 'ok'}, 'locked': True},
        {'on_message': {'answer': 'ok'}, 'state': 'disconnected'},
    ],
    ids=['by default', 'never', 'too late', 'no enumeration', 'no such button', 'locked', 'disconnected'],
)
def test_a_message_box_without_an_answer_closes_after_its_timeout(start: Start, session: dict[str, Any]) -> None:
    host = start(sessions=[ALICE | session])
    answers = []
    waiter = threading.Thread(
        target=lambda: answers.append(Client(host)('WTSSendMessageW', 0, 2, *send('x', timeout=60)))
    )
    waiter.start()
    wait_for(host, lambda: host.boxes)
    host.change({'advance': '1m'})
    waiter.join(timeout=30)
    assert answers == [(0, [32000])]
    assert host.boxes[0].answer == 'timeout'


def test_a_box_in_a_session_that_ends_fails(start: Start) -> None:
    host = start(sessions=[ALICE])
    answers = []
    waiter = threading.Thread(target=lambda: answers.append(Client(host).error('WTSSendMessageW', 0, 2, *send('x'))))
    waiter.start()
    wait_for(host, lambda: host.boxes)
    host.sessions.leave(2)
    waiter.join(timeout=30)
    assert answers == [7022]


@pytest.mark.parametrize(('units', 'error'), [(512, 0), (513, 87)])
def test_a_text_has_512_units_at_most(start: Start, units: int, error: int) -> None:
    assert Client(start(sessions=[ALICE])).error('WTSSendMessageW', 0, 2, *send('x' * units, wait=0)) == error


def test_a_message_may_fail(start: Start) -> None:
    host = start(sessions=[ALICE | {'on_message': {'error': 5}}])
    assert Client(host).error('WTSSendMessageW', 0, 2, *send('x')) == 5
    assert host.boxes == []


# ---- Other servers ----


def test_another_servers_sessions_are_reached_through_a_handle(start: Start) -> None:
    host = start(servers={'rds02': {'sessions': [{'id': 5, 'user': 'dora'}]}, 'closed': {'error': 5}}, sessions=[ALICE])
    client = Client(host)
    handles = {name: client('WTSOpenServerExW', name)[1][0] for name in ('RDS02', 'closed', 'unknown', 'web01')}
    assert client.ids(handles['RDS02']) == [0, 1, 5, 65536]
    assert client.ids(handles['web01']) == [0, 1, 2, 65536]
    assert client.error('WTSEnumerateSessionsExW', handles['closed'], 1, 0) == 5
    assert client.error('WTSEnumerateSessionsExW', handles['unknown'], 1, 0) == 1722
    assert client.error('WTSLogoffSession', handles['RDS02'], 5, 0) == 0
    assert host.servers['rds02'].users == {}
    assert host.sessions.users == {2: 'CORP\\alice'}
    assert [call.arguments['server'] for call in host.acts] == ['RDS02']
    for handle in handles.values():
        client('WTSCloseServer', handle)
    assert host.handles.live == {}
    assert client.error('WTSEnumerateSessionsExW', handles['RDS02'], 1, 0) == 6


# ---- Faults, events and the record ----


def test_a_fault_affects_the_calls_that_match_its_arguments(start: Start) -> None:
    faults = [
        {'api': 'WTSQuerySessionInformationW', 'class': 10, 'session': 2, 'error': 1722, 'times': 1},
        {'api': 'WTSQuerySessionInformationW', 'class': [9, 14], 'error': 5},
    ]
    client = Client(start(sessions=[ALICE], api=faults))
    answers = [client.error('WTSQuerySessionInformationW', 0, 2, info) for info in (10, 10, 9, 14, 9, 16)]
    assert answers == [1722, 0, 5, 5, 5, 0]


def test_a_fault_may_be_answered_after_the_call_was_carried_out(start: Start) -> None:
    host = start(sessions=[ALICE], api=[{'api': 'WTSLogoffSession', 'error': 1726, 'carried_out': True}])
    assert Client(host).error('WTSLogoffSession', 0, 2, 0) == 1726
    assert (host.sessions.users, host.acts[0].error) == ({}, 1726)


@pytest.mark.parametrize('fault', [{'takes': '1h'}, {'takes': 3600, 'error': 5, 'times': 1}])
def test_a_slow_call_delays_only_its_caller(start: Start, fault: dict[str, Any]) -> None:
    host, answers = start(sessions=[ALICE], api=[{'api': 'WTSLogoffSession', **fault}]), []
    client = Client(host)
    slow = threading.Thread(target=lambda: answers.append(client.error('WTSLogoffSession', 0, 2, 0)))
    slow.start()
    wait_for(host, lambda: host.acts)
    assert 2 in client.ids()
    host.change({'advance': '1h'})
    slow.join(30)
    assert answers == [fault.get('error', 0)]


def test_a_hanging_call_returns_when_the_host_stops(start: Start) -> None:
    host, answers = start(sessions=[ALICE], api=[{'api': 'WTSLogoffSession', 'hangs': True}]), []
    stuck = threading.Thread(target=lambda: answers.append(Client(host).error('WTSLogoffSession', 0, 2, 0)))
    stuck.start()
    wait_for(host, lambda: host.acts)
    host.stop()
    stuck.join(30)
    assert (answers, host.sessions.users) == ([1722], {2: 'CORP\\alice'})


def test_a_message_may_fail_a_few_times(start: Start) -> None:
    host = start(sessions=[ALICE | {'on_message': {'error': 1726, 'times': 1}}])
    client = Client(host)
    assert [client.error('WTSSendMessageW', 0, 2, *send('x', wait=0)) for _unused in range(2)] == [1726, 0]
    assert len(host.boxes) == 1


def test_rows_of_virtual_machines_name_their_host_and_are_only_listed(start: Start) -> None:
    machines = [{'id': 2, 'user': 'vera', 'host_name': 'VM-7'}]
    client = Client(start(servers={'rdvh': {'sessions': [{'id': 2, 'user': 'dora'}], 'virtual_machines': machines}}))
    server = client('WTSOpenServerExW', 'rdvh')[1][0]
    values = client('WTSEnumerateSessionsExW', server, 1, 0)[1][2:]
    rows = [(*values[at : at + 1], *values[at + 3 : at + 6]) for at in range(0, len(values), 6)]
    assert [row for row in rows if row[1]][-2:] == [(2, 'dora', 'CORP', None), (2, 'vera', 'CORP', 'VM-7')]
    assert client.query(2, 24, server)[4] == 'dora'
    assert client.error('WTSLogoffSession', server, 2, 0) == 0
    assert client.ids(server).count(2) == 1


def test_a_restart_allows_logons_that_were_refused_until_then(start: Start) -> None:
    terminal_server = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server'
    winlogon = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon'
    host = start(registry={terminal_server: {'TSServerDrainMode': 1}, winlogon: {'WinStationsDisabled': '1'}})
    host.change({'reboot': True})
    assert host.registry[terminal_server] == {'TSServerDrainMode': 0}
    assert host.registry[winlogon] == {'WinStationsDisabled': '0'}
    host.registry.set(terminal_server, 'TSServerDrainMode', 2)
    host.change({'reboot': True})
    assert host.registry[terminal_server] == {'TSServerDrainMode': 2}


def test_a_fault_can_be_an_incomplete_result(start: Start) -> None:
    host = start(sessions=[ALICE])
    host.fault('WTSEnumerateSessionsExW', result='empty', times=1)
    host.fault('WTSQuerySessionInformationW', result='empty', **of_class(24))
    host.fault('WTSQuerySessionInformationW', result='short', **of_class(25))
    client = Client(host)
    assert client('WTSEnumerateSessionsExW', 0, 1, 0) == (0, [0, 0])
    assert client('WTSQuerySessionInformationW', 0, 2, 24) == (0, [1, 0])
    assert client('WTSQuerySessionInformationW', 0, 2, 25)[1][0] == 2
    assert 2 in client.ids()


@pytest.mark.parametrize(
    ('do', 'users'),
    [
        ({'logon': {'user': 'bob'}}, {2: 'CORP\\alice', 3: 'CORP\\bob'}),
        ({'leave': 2}, {}),
        ({'replace': {'id': 2, 'user': 'bob'}}, {2: 'CORP\\bob'}),
        ({'update': {'id': 2, 'user': 'eve'}}, {2: 'CORP\\eve'}),
        ({'reboot': True}, {}),
    ],
    ids=lambda value: next(iter(value), 'nobody') if isinstance(value, dict) else '',
)
def test_an_event_takes_place_at_its_call(start: Start, do: dict[str, Any], users: dict[int, str]) -> None:
    event = {'after': {'api': 'WTSQuerySessionInformationW', 'session': 2, 'nth': 2}, 'do': do}
    host = start(sessions=[ALICE], events=[event])
    client = Client(host)
    client.query(2, 25)
    assert host.sessions.users == {2: 'CORP\\alice'}
    assert client.query(2, 25)[4] == 'alice'
    assert host.sessions.users == users


def test_an_event_before_a_call_changes_its_result(start: Start) -> None:
    event = {'before': {'api': 'WTSLogoffSession', 'session': 2}, 'do': {'replace': {'id': 2, 'user': 'bob'}}}
    host = start(sessions=[ALICE], events=[event])
    assert Client(host).error('WTSLogoffSession', 0, 2, 0) == 0
    assert host.acts[0].account_of_session == 'CORP\\bob'


def test_an_event_can_change_another_server_or_the_clock(start: Start) -> None:
    host = start(servers={'rds02': {'sessions': [ALICE]}}, clock={'fixed': NOW})
    host.change({'leave': 2, 'server': 'rds02'})
    host.change({'logon': {'server': 'rds02', 'user': 'bob'}})
    host.change({'advance': '1m'})
    assert host.servers['rds02'].users == {2: 'CORP\\bob'}
    assert host.clock.now() == filetime(NOW) + 60 * SECOND


def test_every_call_is_recorded_and_acts_are_marked(start: Start) -> None:
    host = start(sessions=[ALICE])
    client = Client(host)
    client.ids()
    client.error('WTSLogoffSession', 0, 9, 0)
    client.error('WTSLogoffSession', 0, 2, 0)
    assert [(call.api, call.error, call.acted) for call in host.calls] == [
        ('WTSEnumerateSessionsExW', 0, False),
        ('WTSLogoffSession', 7022, True),
        ('WTSLogoffSession', 0, True),
    ]
    assert host.acts[1].arguments == {'server': None, 'session': 2, 'wait': 0}
    assert host.acts[1].account_of_session == 'CORP\\alice'
    assert host.calls[0].result == [0, 1, 2, 65536]


def test_an_event_that_fails_is_reported(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> None:
        with Host('web01', {}, tmp_path) as host:
            host.on('WTSEnumerateSessionsExW', do=lambda broken: broken.sessions.leave(99))
            assert Client(host).error('WTSEnumerateSessionsExW', 0, 1, 0) == 1359

    with pytest.raises(RuntimeError, match='an event at an API call failed'):
        run()
    assert 'KeyError: 99' in capsys.readouterr().err


def test_a_host_can_be_started_again_and_far_down_the_tree(tmp_path: Any) -> None:
    host = Host('web01', {'sessions': [ALICE]}, tmp_path / ('long' * 20) / ('longer' * 20))
    sockets = set()
    for _unused in range(2):
        with host:
            assert Client(host).ids() == [0, 1, 2, 65536]
            sockets.add(host.environment(ADMINISTRATOR)['WINHOST_SOCKET'])
    (path,) = sockets
    assert not Path(path).parent.exists()
    with pytest.raises(RuntimeError, match='not started'):
        Client(host)


def test_twenty_callers_at_once_are_answered(start: Start) -> None:
    host = start(sessions=[{'user': f'user{n}'} for n in range(50)])
    answers: list[list[int]] = []
    callers = [threading.Thread(target=lambda: answers.append(Client(host).ids())) for _unused in range(20)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=30)
    assert answers == [[0, *range(1, 52), 65536]] * 20
