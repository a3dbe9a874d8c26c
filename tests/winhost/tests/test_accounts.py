# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The accounts that names resolve to, the tokens of processes, and the handles to both."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from winhost import sids
from winhost.client import ADMINISTRATOR, Client
from winhost.host import Host

Start = Callable[..., Host]
SID = 'S-1-5-21-9-9-9-1001'
ALICE = {'id': 2, 'user': 'alice', 'sid': SID, 'processes': [{'name': 'explorer.exe', 'pid': 4242}]}
QUERY_LIMITED, TOKEN_QUERY, TOKEN_GROUPS = 0x1000, 8, 2


def look_up(client: Client, name: str) -> Any:
    """The Win32 error of a look-up, or what it found: SID, domain, use."""
    error, values = client('LookupAccountNameW', None, name)
    return error or (sids.to_text(values[0]), *values[1:])


def token_groups(client: Client, pid: int) -> dict[str, int]:
    """The groups of a process's token with their attributes; every handle is closed."""
    process = client('OpenProcess', QUERY_LIMITED, 0, pid)[1][0]
    token = client('OpenProcessToken', process, TOKEN_QUERY)[1][0]
    error, values = client('GetTokenInformation', token, TOKEN_GROUPS)
    assert error == 0
    assert client.error('CloseHandle', token) == 0
    assert client.error('CloseHandle', process) == 0
    return dict(zip(map(sids.to_text, values[1::2]), values[2::2], strict=True))


@pytest.mark.parametrize(
    'name',
    ['alice', 'corp\\ALICE', 'CORP.EXAMPLE.COM\\alice', 'alice@corp.example.com', 'alice@CORP', 'alice.a@contoso.com'],
)
def test_an_account_resolves_in_each_form(start: Start, name: str) -> None:
    accounts = {'CORP\\alice': {'sid': SID, 'upn': 'alice.a@contoso.com'}}
    assert look_up(Client(start(directory={'accounts': accounts})), name) == (SID, 'CORP', 1)


@pytest.mark.parametrize(
    'name', ['alice@corp', 'OTHER\\alice', 'alice@other.example.com', 'Alise', 'corp.example\\alice']
)
def test_a_name_of_another_domain_does_not_resolve(start: Start, name: str) -> None:
    client = Client(start(sessions=[{**ALICE, 'domain': 'HOME'}]))
    assert look_up(client, name) == 1332


def test_a_user_who_is_logged_on_resolves_without_a_directory_entry(start: Start) -> None:
    assert look_up(Client(start(sessions=[ALICE])), 'alice@corp.example.com') == (SID, 'CORP', 1)


@pytest.mark.parametrize(
    ('name', 'sid', 'domain', 'use'),
    [
        ('Everyone', 'S-1-1-0', '', 5),
        ('BUILTIN\\Administrators', 'S-1-5-32-544', 'BUILTIN', 4),
        ('Administrators', 'S-1-5-32-544', 'BUILTIN', 4),
        ('NT AUTHORITY\\SYSTEM', 'S-1-5-18', 'NT AUTHORITY', 5),
        ('CORP\\VIP', sids.made_up('CORP', 'VIP'), 'CORP', 2),
        ('WEB01', 'S-1-5-21-7-7-7', 'WEB01', 9),
    ],
)
def test_a_name_of_another_kind_resolves_with_its_type(
    start: Start, name: str, sid: str, domain: str, use: int
) -> None:
    accounts = {'WEB01\\WEB01': {'type': 'computer', 'sid': 'S-1-5-21-7-7-7'}}
    client = Client(start(sessions=[{**ALICE, 'groups': ['CORP\\VIP']}], directory={'accounts': accounts}))
    assert look_up(client, name) == (sid, domain, use)


def test_a_deleted_account_does_not_resolve_while_its_session_keeps_its_sid(start: Start) -> None:
    client = Client(start(sessions=[ALICE], directory={'accounts': {'CORP\\alice': {'type': 'deleted_account'}}}))
    assert look_up(client, 'CORP\\alice') == 1332
    rows = client('WTSEnumerateProcessesExW', 0, 1, 2)[1]
    assert sids.to_text(rows[5]) == SID


def test_a_reused_name_resolves_to_the_other_account(start: Start) -> None:
    client = Client(start(sessions=[ALICE], directory={'accounts': {'CORP\\alice': {'sid': 'S-1-5-21-9-9-9-7'}}}))
    assert look_up(client, 'CORP\\alice') == ('S-1-5-21-9-9-9-7', 'CORP', 1)


@pytest.mark.parametrize('error', [1355, 1788])
def test_without_a_domain_controller_only_local_names_resolve(start: Start, error: int) -> None:
    sessions = [ALICE, {'id': 3, 'user': 'lea', 'domain': 'WEB01', 'sid': 'S-1-5-21-7-7-7-1001'}]
    client = Client(start(sessions=sessions, directory={'error': error}))
    assert look_up(client, 'CORP\\alice') == look_up(client, 'CORP\\nobody') == error
    assert look_up(client, '.\\lea') == look_up(client, 'WEB01\\lea') == ('S-1-5-21-7-7-7-1001', 'WEB01', 1)
    assert look_up(client, 'Administrators')[0] == 'S-1-5-32-544'


def test_a_slow_lookup_ends_with_the_clock_and_delays_no_other_call(start: Start) -> None:
    host = start(sessions=[ALICE], directory={'takes': '20s', 'accounts': {'CORP\\bob': {'hangs': True}}})
    client, answers = Client(host), []
    slow = threading.Thread(target=lambda: answers.append(look_up(client, 'CORP\\alice')))
    slow.start()
    with host.changed:
        host.changed.wait_for(lambda: host.calls, timeout=30)
    assert 2 in client.ids()
    assert answers == []
    host.change({'advance': '20s'})
    slow.join(30)
    assert answers == [(SID, 'CORP', 1)]


def test_a_token_holds_the_groups_of_its_user(start: Start) -> None:
    groups = ['CORP\\VIP', {'name': 'BUILTIN\\Administrators', 'attributes': 'deny_only'}, 'S-1-5-21-1-1-1-9']
    host = start(sessions=[{**ALICE, 'groups': groups}])
    assert token_groups(Client(host), 4242) == {
        sids.made_up('CORP', 'Domain Users'): 7,
        sids.made_up('CORP', 'VIP'): 7,
        'S-1-5-32-544': 0x10,
        'S-1-5-21-1-1-1-9': 7,
        'S-1-1-0': 7,
        'S-1-5-32-545': 7,
        'S-1-5-11': 7,
        'S-1-5-5-0-100002': 0xC0000007,
        'S-1-16-8192': 0x60,
    }
    assert not host.memory.live


def test_another_users_process_has_a_token_of_its_own(start: Start) -> None:
    other = {'name': 'cmd.exe', 'pid': 4300, 'sid': 'S-1-5-21-9-9-9-1002'}
    mine = {'name': 'mmc.exe', 'pid': 4304, 'groups': ['CORP\\Operators']}
    processes = [other, mine]
    client = Client(start(sessions=[{**ALICE, 'groups': ['CORP\\VIP'], 'processes': processes}]))
    assert sids.made_up('CORP', 'VIP') not in token_groups(client, 4300)
    assert list(token_groups(client, 4304)) == [sids.made_up('CORP', 'Operators')]


def test_each_session_has_processes_of_services_whose_tokens_are_refused(start: Start) -> None:
    host = start(sessions=[{'id': 2, 'user': 'alice'}])
    client = Client(host)
    named = {process.name: process for process in host.sessions[2].processes}
    assert {name: process.sid for name, process in named.items() if sids.is_service(process.sid)} == {
        'csrss.exe': sids.SYSTEM,
        'winlogon.exe': sids.SYSTEM,
        'dwm.exe': 'S-1-5-90-0-2',
    }
    process = client('OpenProcess', QUERY_LIMITED, 0, named['csrss.exe'].pid)[1][0]
    assert client.error('OpenProcessToken', process, TOKEN_QUERY) == 5
    assert client.error('CloseHandle', process) == 0


def test_opening_or_querying_without_the_right_is_an_error(start: Start) -> None:
    host = start(sessions=[ALICE], accounts={ADMINISTRATOR: {}, 'CORP\\joe': {'rights': 'user'}})
    client = Client(host)
    assert client.error('OpenProcess', QUERY_LIMITED, 0, 0) == 87
    assert client.error('OpenProcess', QUERY_LIMITED, 0, 999999) == 87
    assert Client(host, 'CORP\\joe').error('OpenProcess', QUERY_LIMITED, 0, 4242) == 5
    no_query = client('OpenProcess', 1, 0, 4242)[1][0]
    assert client.error('OpenProcessToken', no_query, TOKEN_QUERY) == 5
    process = client('OpenProcess', QUERY_LIMITED, 0, 4242)[1][0]
    no_token_query = client('OpenProcessToken', process, 2)[1][0]
    assert client.error('GetTokenInformation', no_token_query, TOKEN_GROUPS) == 5
    token = client('OpenProcessToken', process, TOKEN_QUERY)[1][0]
    assert client.error('GetTokenInformation', token, 1) == 50
    assert client.error('GetTokenInformation', process, TOKEN_GROUPS) == 6


def test_a_handle_that_stays_open_is_a_leak_and_a_second_close_misuse(start: Start) -> None:
    host = start(sessions=[ALICE])
    client = Client(host)
    process = client('OpenProcess', QUERY_LIMITED, 0, 4242)[1][0]
    assert [buffer.api for buffer in host.memory.live.values()] == ['OpenProcess']
    assert client.error('CloseHandle', process) == 0
    assert client.error('CloseHandle', process) == 6
    assert not host.memory.live
    assert host.handles.misuse == [f'CloseHandle got the handle {process:#x}, which is not open']


@pytest.mark.parametrize(
    ('api', 'arguments'), [('OpenProcess', {'process': 4242}), ('OpenProcessToken', {}), ('GetTokenInformation', {})]
)
def test_calls_for_tokens_can_have_faults(start: Start, api: str, arguments: dict[str, Any]) -> None:
    host = start(sessions=[ALICE], api=[{'api': api, 'error': 5, **arguments}])
    client = Client(host)
    process = client('OpenProcess', QUERY_LIMITED, 0, 4242)
    token = client('OpenProcessToken', process[1][0], TOKEN_QUERY) if not process[0] else process
    groups = client('GetTokenInformation', token[1][0], TOKEN_GROUPS) if not token[0] else token
    assert groups[0] == 5
    assert host.calls[-1].api == api
