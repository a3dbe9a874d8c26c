# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The registry, through the API and from Python."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from winhost.client import Client
from winhost.host import Host

HKLM = 0xFFFFFFFF80000002
READ, WRITE, ALL = 0x20019, 0x20006, 0xF003F
VOLATILE = 1
NOTICES = 'SOFTWARE\\winops\\sessions\\notices'
USER = 'CORP\\joe'
ACCOUNTS = {'CORP\\ansible': 'secret', USER: {'rights': 'user'}}

Start = Callable[..., Host]


def opened(client: Client, path: str, access: int = ALL) -> int:
    error, values = client('RegOpenKeyExW', HKLM, path, access)
    assert error == 0
    return int(values[0])


def test_a_key_is_created_once_and_opened_after_that(start: Start) -> None:
    host = start()
    client = Client(host)
    assert client('RegCreateKeyExW', HKLM, NOTICES, VOLATILE, ALL)[1][1] == 1
    assert client('RegCreateKeyExW', HKLM, NOTICES.upper(), VOLATILE, ALL)[1][1] == 2
    assert 'HKLM\\' + NOTICES in host.registry
    assert [call.api for call in host.acts] == ['RegCreateKeyExW']


def test_a_predefined_key_can_be_extended_with_ones_or_zeros(start: Start) -> None:
    client = Client(start())
    assert client.error('RegOpenKeyExW', 0x80000002, 'SOFTWARE', READ) == 0
    assert client.error('RegOpenKeyExW', 0x180000002, 'SOFTWARE', READ) == 6


def test_a_value_is_set_read_listed_and_deleted_in_any_case(start: Start) -> None:
    host = start()
    client = Client(host)
    key = client('RegCreateKeyExW', HKLM, NOTICES, VOLATILE, ALL)[1][0]
    data = 'für Ω\0'.encode('utf-16-le')
    assert client.error('RegSetValueExW', key, 'Name', 1, data) == 0
    assert client('RegQueryValueExW', key, 'NAME') == (0, [1, data])
    assert client('RegEnumValueW', key, 0) == (0, ['Name', 1, data])
    assert client.error('RegEnumValueW', key, 1) == 259
    assert host.registry['HKLM\\' + NOTICES] == {'Name': 'für Ω'}
    assert client.error('RegDeleteValueW', key, 'name') == 0
    assert client.error('RegQueryValueExW', key, 'Name') == 2
    assert client.error('RegDeleteValueW', key, 'Name') == 2


def test_a_reboot_removes_volatile_keys_only(start: Start) -> None:
    host = start(registry={'HKLM\\SOFTWARE\\kept': {'n': 1}})
    client = Client(host)
    key = client('RegCreateKeyExW', HKLM, NOTICES, VOLATILE, ALL)[1][0]
    client('RegSetValueExW', key, 'x', 4, b'\1\0\0\0')
    host.change({'reboot': True})
    assert 'HKLM\\SOFTWARE\\winops' not in host.registry
    assert host.registry['HKLM\\SOFTWARE\\kept'] == {'n': 1}
    assert client.error('RegQueryValueExW', key, 'x') == 6


def test_a_key_below_a_volatile_one_must_be_volatile(start: Start) -> None:
    client = Client(start())
    client('RegCreateKeyExW', HKLM, NOTICES, VOLATILE, ALL)
    assert client.error('RegCreateKeyExW', HKLM, NOTICES + '\\more', 0, ALL) == 1021


def test_an_account_that_is_not_an_administrator_may_only_read(start: Start) -> None:
    host = start(accounts=ACCOUNTS, registry={'HKLM\\SOFTWARE\\x': {'n': 1}})
    client = Client(host, USER)
    for access in (WRITE, ALL, 0x40000000):
        assert client.error('RegOpenKeyExW', HKLM, 'SOFTWARE\\x', access) == 5
    assert client.error('RegCreateKeyExW', HKLM, NOTICES, VOLATILE, READ) == 5
    key = opened(client, 'SOFTWARE\\x', READ)
    assert client('RegQueryValueExW', key, 'n') == (0, [4, b'\1\0\0\0'])
    assert client.error('RegSetValueExW', key, 'n', 4, b'\2\0\0\0') == 5
    assert client.error('RegDeleteValueW', key, 'n') == 5
    assert host.registry['HKLM\\SOFTWARE\\x'] == {'n': 1}


def test_a_handle_has_the_rights_that_it_was_opened_with(start: Start) -> None:
    client = Client(start(registry={'HKLM\\SOFTWARE\\x': {'n': 1}}))
    assert client.error('RegSetValueExW', opened(client, 'SOFTWARE\\x', READ), 'n', 4, b'') == 5
    assert client.error('RegQueryValueExW', opened(client, 'SOFTWARE\\x', WRITE & ~0x20000), 'n') == 5


def test_a_missing_key_is_missing_and_a_closed_handle_is_invalid(start: Start) -> None:
    host = start()
    client = Client(host)
    assert client.error('RegOpenKeyExW', HKLM, NOTICES, READ) == 2
    key = opened(client, 'SOFTWARE')
    assert client.error('RegCloseKey', key) == 0
    assert client.error('RegCloseKey', key) == 6
    assert client.error('RegQueryValueExW', key, 'x') == 6
    assert host.handles.live == {}
    assert len(host.handles.misuse) == 1


@pytest.mark.parametrize(
    ('kind', 'data', 'read'),
    [
        (4, b'\2\0\0\0', 2),
        (4, b'\2\0', b'\2\0'),
        (11, b'\1' + b'\0' * 7, 1),
        (1, 'a\0'.encode('utf-16-le'), 'a'),
        (1, b'\0', b'\0'),
        (7, 'a\0b\0\0'.encode('utf-16-le'), ['a', 'b']),
        (3, b'\xff', b'\xff'),
    ],
)
def test_a_value_is_read_by_its_type_or_as_bytes(start: Start, kind: int, data: bytes, read: object) -> None:
    host = start()
    client = Client(host)
    client('RegSetValueExW', client('RegCreateKeyExW', HKLM, 'SOFTWARE\\x', 0, ALL)[1][0], 'v', kind, data)
    assert host.registry['HKLM\\SOFTWARE\\x']['v'] == read


def test_a_test_may_set_and_delete_values(start: Start) -> None:
    registry = start().registry
    registry.set('HKLM\\SOFTWARE\\x', 'list', ['a', 'b'])
    registry.set('HKLM\\SOFTWARE\\x', 'raw', b'\1', 4)
    assert registry['HKLM\\SOFTWARE\\x'] == {'list': ['a', 'b'], 'raw': b'\1'}
    registry.delete('HKLM\\SOFTWARE\\x', 'LIST')
    assert list(registry['HKLM\\SOFTWARE\\x']) == ['raw']
    assert 'HKLM\\SOFTWARE\\nothing' not in registry
