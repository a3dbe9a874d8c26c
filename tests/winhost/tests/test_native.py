# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The native library: built once, laid out as Windows does, nothing leaked and nothing freed wrongly."""

from __future__ import annotations

import ctypes
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from winhost import native, sids
from winhost.client import ADMINISTRATOR
from winhost.clock import SECOND, filetime
from winhost.host import Host

NOW = '2026-11-21T14:34:47Z'
EXPORTS = {
    *(
        'WTSEnumerateSessionsExW',
        'WTSQuerySessionInformationW',
        'WTSLogoffSession',
        'WTSDisconnectSession',
        'WTSSendMessageW',
    ),
    *('WTSEnumerateProcessesExW', 'WTSOpenServerExW', 'WTSCloseServer', 'WTSFreeMemory', 'WTSFreeMemoryExW'),
    *('ProcessIdToSessionId', 'GetCurrentProcessId', 'WTSGetActiveConsoleSessionId', 'LocalFree'),
    *('OpenProcess', 'CloseHandle', 'OpenProcessToken', 'GetTokenInformation'),
    *('LookupAccountNameW', 'ConvertSidToStringSidW', 'RegCreateKeyExW', 'RegOpenKeyExW', 'RegSetValueExW'),
    *('RegQueryValueExW', 'RegEnumValueW', 'RegDeleteValueW', 'RegCloseKey', 'GetUserNameExW'),
}


class Library:
    """The library in this very process."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL(str(native.build() / 'wtsapi32.dll.so'), use_errno=True)

    def __call__(self, api: str, *arguments: Any, returns: Any = ctypes.c_int32) -> tuple[Any, int]:
        """Call a function; the second result is the last error."""
        function = self.library[api]
        function.restype = returns
        ctypes.set_errno(0)
        return function(*arguments), ctypes.get_errno()


@pytest.fixture
def process(start: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Host, Library]]:
    """Start a host, with this process as one of its own."""

    def begin(account: str = ADMINISTRATOR, **spec: Any) -> tuple[Host, Library]:
        host = start(**spec)
        environment = host.environment(account)
        for name in ('WINHOST_SOCKET', 'WINHOST_ACCOUNT'):
            monkeypatch.setenv(name, environment[name])
        return host, Library()

    return begin


Begin = Callable[..., tuple[Host, Library]]


def utf16(text: str) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer((text + '\0').encode('utf-16-le'))


def text_at(address: int | None) -> str | None:
    if not address:
        return None
    end = address
    while ctypes.c_uint16.from_address(end).value:
        end += 2
    return ctypes.string_at(address, end - address).decode('utf-16-le')


def query(library: Library, session: int, info: int) -> bytes:
    """What a query hands out, given back already."""
    buffer, size = ctypes.c_void_p(), ctypes.c_uint32()
    done, error = library('WTSQuerySessionInformationW', None, session, info, ctypes.byref(buffer), ctypes.byref(size))
    assert (done, error) == (1, 0)
    data = ctypes.string_at(buffer, size.value) if buffer.value is not None else b''
    library('WTSFreeMemory', buffer, returns=None)
    return data


def of_class(number: int) -> dict[str, Any]:
    """The argument of a query that is a word of Python."""
    return {'class': number}


def fixed(text: str, room: int) -> bytes:
    """A fixed field: cut, and with a NUL at its end."""
    return text[: room - 1].encode('utf-16-le').ljust(room * 2, b'\0')


# ---- Building ----


def test_the_library_is_built_once_under_all_its_names(tmp_path: Path) -> None:
    built = native.build(tmp_path)
    assert {path.name for path in built.iterdir()} == set(native.NAMES)
    before = (built / native.NAMES[0]).stat()
    assert native.build(tmp_path) == built
    assert (built / native.NAMES[0]).stat() == before
    assert list(tmp_path.iterdir()) == [built]


def test_processes_that_build_at_once_end_up_with_one_library(tmp_path: Path) -> None:
    program = 'import sys, pathlib; from winhost import native; print(native.build(pathlib.Path(sys.argv[1])))'
    command = [sys.executable, '-c', program, str(tmp_path)]
    environment = {'PYTHONPATH': str(native.SOURCES.parents[1]), 'PATH': '/usr/local/bin:/usr/bin:/bin'}
    builders = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _unused in range(4)]
    paths = {builder.communicate()[0].strip() for builder in builders}
    assert [builder.returncode for builder in builders] == [0] * 4
    assert paths == {str(path) for path in tmp_path.iterdir()}


def test_it_exports_what_the_collection_calls_and_nothing_else() -> None:
    if not shutil.which('nm'):
        pytest.skip('nm (Debian: binutils) is not here to list the exports')
    exports = subprocess.run(
        ['nm', '-D', '--defined-only', native.build() / native.NAMES[0]], capture_output=True, text=True, check=True
    )
    assert {line.split()[-1] for line in exports.stdout.splitlines()} == EXPORTS


def test_a_layout_that_differs_from_windows_does_not_compile(tmp_path: Path) -> None:
    for source in native.SOURCES.iterdir():
        shutil.copy(source, tmp_path)
    types = tmp_path / 'windows_types.h'
    types.write_text(types.read_text().replace('WCHAR Domain[17];', 'WCHAR Domain[18];'))
    with pytest.raises(RuntimeError, match='does not have the offset of Windows x64'):
        native.compile_with('-fsyntax-only', tmp_path / 'winhost.c')


def test_freerdps_structs_have_the_same_layout(tmp_path: Path) -> None:
    if not shutil.which('pkg-config') or subprocess.run(['pkg-config', '--exists', 'winpr2'], check=False).returncode:
        pytest.skip("FreeRDP's header is not here to compare with (Debian: libwinpr2-dev pkg-config)")
    flags = subprocess.run(['pkg-config', '--cflags', 'winpr2'], capture_output=True, text=True, check=True)
    source = tmp_path / 'compare.c'
    # Its CurrentTime carries an underscore, because X11 has a macro of that name.
    source.write_text(
        '#include <stdio.h>\n#include <winpr/wtsapi.h>\n#define CURRENT_TIME _CurrentTime\n#include "layout.h"\n'
    )
    include = [flag.replace('-I', '-isystem') for flag in flags.stdout.split()]
    native.compile_with('-fsyntax-only', *include, '-I', native.SOURCES, source)


# ---- Sessions, byte for byte ----

LONG = {'user': 'u' * 30, 'domain': 'D' * 30, 'logged_on': '3h', 'connected': '2h', 'idle': '5m'}


def test_class_24_is_a_wtsinfow_with_truncated_names(process: Begin) -> None:
    _unused, library = process(clock={'fixed': NOW}, sessions=[{'id': 2, **LONG}])
    now = filetime(NOW)
    times = struct.pack('<5q', now - 7200 * SECOND, 0, now - 300 * SECOND, now - 10800 * SECOND, now)
    names = fixed('RDP-Tcp#2', 32) + fixed('D' * 30, 17) + fixed('u' * 30, 21)
    assert query(library, 2, 24) == struct.pack('<II24x', 0, 2) + names + b'\0' * 4 + times


def test_class_25_is_a_wtsinfoexw_with_truncated_names(process: Begin) -> None:
    _unused, library = process(clock={'fixed': NOW}, sessions=[{'id': 2, 'disconnected': '1m', **LONG, 'idle': '1m'}])
    now = filetime(NOW)
    times = [now - 10800 * SECOND, now - 7200 * SECOND, now - 60 * SECOND, now - 60 * SECOND, now]
    names = fixed('', 33) + fixed('u' * 30, 21) + fixed('D' * 30, 18)
    head = struct.pack('<I4xIIi', 1, 2, 4, -1)
    assert query(library, 2, 25) == head + names + b'\0' * 4 + struct.pack('<5q', *times) + b'\0' * 24


def test_the_client_classes_have_their_widths(process: Begin) -> None:
    client = {'name': 'PC-Ω', 'address': '10.0.0.5', 'build': 22621}
    _unused, library = process(sessions=[{'id': 2, 'user': 'alice', 'client': client}])
    assert query(library, 2, 9) == struct.pack('<I', 22621)
    assert query(library, 2, 10) == 'PC-Ω\0'.encode('utf-16-le')
    assert query(library, 2, 14) == struct.pack('<I', 2) + bytes([0, 0, 10, 0, 0, 5]) + b'\0' * 14
    assert query(library, 2, 16) == struct.pack('<H', 2)
    info = query(library, 2, 23)
    assert len(info) == 2304
    assert info[:42] == fixed('PC-Ω', 21)
    assert info[1168:1234] == struct.pack('<I', 2) + fixed('10.0.0.5', 31)
    assert info[1764:1768] == struct.pack('<I', 22621)


def test_an_enumeration_allocates_rows_with_complete_names(process: Begin) -> None:
    host, library = process(
        sessions=[{'id': 2, **LONG}, {'id': 3, 'user': '王小明', 'disconnected': '1h'}], console=None
    )
    level, rows, count = ctypes.c_uint32(1), ctypes.c_void_p(), ctypes.c_uint32()
    arguments = [None, ctypes.byref(level), 0, ctypes.byref(rows), ctypes.byref(count)]
    assert library('WTSEnumerateSessionsExW', *arguments) == (1, 0)
    assert rows.value
    found = []
    for n in range(count.value):
        row = struct.unpack('<III4x5Q', ctypes.string_at(rows.value + 56 * n, 56))
        found.append((*row[:3], *map(text_at, row[3:])))
    assert found == [
        (0, 4, 0, 'Services', None, None, None, None),
        (2, 0, 2, 'RDP-Tcp#2', None, 'u' * 30, 'D' * 30, None),
        (3, 4, 3, '', None, '王小明', 'CORP', None),
        (65536, 6, 65536, 'RDP-Tcp', None, None, None, None),
    ]
    assert library('WTSFreeMemoryExW', 2, rows, count) == (1, 0)
    assert (host.memory.live, host.memory.misuse) == ({}, [])


def test_processes_are_listed_with_their_owners(process: Begin) -> None:
    sid = 'S-1-5-21-1-2-3-1001'
    processes = [{'name': 'explorer.exe', 'pid': 4242}, {'name': 'Ω.exe', 'pid': 4244, 'sid': None}]
    host, library = process(sessions=[{'id': 2, 'user': 'alice', 'sid': sid, 'processes': processes}])
    for level, size in ((0, 24), (1, 64)):
        asked, rows, count = ctypes.c_uint32(level), ctypes.c_void_p(), ctypes.c_uint32()
        arguments = [None, ctypes.byref(asked), 2, ctypes.byref(rows), ctypes.byref(count)]
        assert library('WTSEnumerateProcessesExW', *arguments) == (1, 0)
        assert rows.value
        assert count.value == 2
        first, second = (struct.unpack('<IIQQ', ctypes.string_at(rows.value + size * n, 24)) for n in range(2))
        assert (*first[:2], text_at(first[2])) == (2, 4242, 'explorer.exe')
        assert ctypes.string_at(first[3], 28) == struct.pack('<BB6s5I', 1, 5, b'\0\0\0\0\0\5', 21, 1, 2, 3, 1001)
        assert (*second[:2], text_at(second[2]), second[3]) == (2, 4244, 'Ω.exe', 0)
        library('WTSFreeMemoryExW', level, rows, count)
    assert (host.memory.live, host.memory.misuse) == ({}, [])


def test_an_invalid_process_level_is_set_to_1(process: Begin) -> None:
    _unused, library = process()
    level, rows, count = ctypes.c_uint32(7), ctypes.c_void_p(), ctypes.c_uint32()
    arguments = [None, ctypes.byref(level), 2, ctypes.byref(rows), ctypes.byref(count)]
    assert library('WTSEnumerateProcessesExW', *arguments) == (0, 87)
    assert level.value == 1


def test_the_last_error_is_the_win32_code(process: Begin) -> None:
    _unused, library = process(sessions=[{'id': 2, 'user': 'alice', 'on_logoff': {'error': 0x80090322}}])
    assert library('WTSLogoffSession', None, 9, 0) == (0, 7022)
    done, error = library('WTSLogoffSession', None, 2, 0)
    assert (done, error & 0xFFFFFFFF) == (0, 0x80090322)


def test_without_a_host_the_rpc_server_is_unavailable(process: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    host, library = process()
    host.stop()
    assert library('WTSLogoffSession', None, 2, 0) == (0, 1722)
    monkeypatch.delenv('WINHOST_SOCKET')
    assert library('WTSLogoffSession', None, 2, 0) == (0, 1722)
    assert library('RegCloseKey', ctypes.c_void_p(0x104)) == (1722, 0)


def test_empty_and_short_answers_arrive_as_such(process: Begin) -> None:
    host, library = process(sessions=[{'id': 2, 'user': 'alice'}])
    host.fault('WTSQuerySessionInformationW', result='empty', **of_class(24))
    host.fault('WTSQuerySessionInformationW', result='short', **of_class(25))
    assert query(library, 2, 24) == b''
    assert len(query(library, 2, 25)) == 116
    assert host.memory.live == {}


# ---- Messages: lengths are bytes ----


@pytest.mark.parametrize(('size', 'text'), [(10, 'Hello'), (5, 'He'), (0, ''), (4, 'He')])
def test_a_message_is_as_long_as_its_bytes(process: Begin, size: int, text: str) -> None:
    host, library = process(sessions=[{'id': 2, 'user': 'alice'}])
    response = ctypes.c_uint32()
    message = [utf16('T'), 2, utf16('Hello'), size, 0x30, 60, ctypes.byref(response), 0]
    assert library('WTSSendMessageW', None, 2, *message) == (1, 0)
    assert (response.value, host.boxes[0].title, host.boxes[0].text) == (32001, 'T', text)


# ---- Memory ----


def test_memory_that_is_not_freed_is_recorded(process: Begin) -> None:
    host, library = process()
    level, rows, count = ctypes.c_uint32(1), ctypes.c_void_p(), ctypes.c_uint32()
    library('WTSEnumerateSessionsExW', None, ctypes.byref(level), 0, ctypes.byref(rows), ctypes.byref(count))
    assert [(buffer.api, buffer.count) for buffer in host.memory.live.values()] == [('WTSEnumerateSessionsExW', 3)]


def test_memory_freed_wrongly_is_recorded_and_overwritten(process: Begin) -> None:
    host, library = process()
    for _unused in range(2):
        level, rows, count = ctypes.c_uint32(1), ctypes.c_void_p(), ctypes.c_uint32()
        library('WTSEnumerateSessionsExW', None, ctypes.byref(level), 0, ctypes.byref(rows), ctypes.byref(count))
        library('WTSFreeMemory', rows, returns=None)
        library('WTSFreeMemoryExW', 2, rows, count)
        assert ctypes.string_at(rows.value or 0, 56) == b'\xdd' * 56
    level, rows, count = ctypes.c_uint32(1), ctypes.c_void_p(), ctypes.c_uint32()
    library('WTSEnumerateSessionsExW', None, ctypes.byref(level), 0, ctypes.byref(rows), ctypes.byref(count))
    library('WTSFreeMemoryExW', 2, rows, 1)
    foreign = ctypes.create_string_buffer(64)
    library('LocalFree', ctypes.byref(foreign, 32), returns=ctypes.c_void_p)
    once = [
        'WTSFreeMemory got an array of WTSEnumerateSessionsExW, which WTSFreeMemoryExW frees',
        'WTSFreeMemoryExW got memory that was freed before',
    ]
    wrong = 'WTSFreeMemoryExW got type 2 and 1 elements for type 2 and 3 elements of WTSEnumerateSessionsExW'
    assert host.memory.misuse == [*once, *once, wrong, 'LocalFree got memory that no API function has allocated']


def test_freeing_null_is_valid(process: Begin) -> None:
    host, library = process()
    library('WTSFreeMemory', None, returns=None)
    assert host.memory.misuse == []


# ---- Accounts and the registry: buffers of the caller's ----


def test_an_account_lookup_requires_buffers_of_its_size(process: Begin) -> None:
    _unused, library = process(sessions=[{'id': 2, 'user': 'alice', 'sid': 'S-1-5-21-1-2-3-1001'}])
    size, room, use = ctypes.c_uint32(0), ctypes.c_uint32(0), ctypes.c_uint32(0)
    name = utf16('CORP\\alice')
    sizes = [ctypes.byref(size), ctypes.byref(room), ctypes.byref(use)]
    assert library('LookupAccountNameW', None, name, None, sizes[0], None, *sizes[1:]) == (0, 122)
    assert (size.value, room.value) == (28, 5)
    sid, domain = ctypes.create_string_buffer(28), ctypes.create_string_buffer(10)
    assert library('LookupAccountNameW', None, name, sid, sizes[0], domain, *sizes[1:]) == (1, 0)
    assert (domain.raw.decode('utf-16-le'), room.value, use.value) == ('CORP\0', 4, 1)
    text = ctypes.c_void_p()
    assert library('ConvertSidToStringSidW', sid, ctypes.byref(text)) == (1, 0)
    assert text_at(text.value) == 'S-1-5-21-1-2-3-1001'
    assert library('LocalFree', text, returns=ctypes.c_void_p) == (None, 0)


def test_the_groups_of_a_token_have_the_layout_of_windows(process: Begin) -> None:
    groups = ['S-1-5-32-544', {'name': 'S-1-1-0', 'attributes': 'deny_only'}]
    running = [{'name': 'x.exe', 'pid': 4242, 'groups': groups}]
    host, library = process(sessions=[{'id': 2, 'user': 'alice', 'processes': running}])
    opened, _error = library('OpenProcess', 0x1000, 0, 4242, returns=ctypes.c_void_p)
    token, needed = ctypes.c_void_p(), ctypes.c_uint32()
    assert library('OpenProcessToken', ctypes.c_void_p(opened), 8, ctypes.byref(token)) == (1, 0)
    sizes = ctypes.byref(needed)
    assert library('GetTokenInformation', token, 2, None, 0, sizes) == (0, 122)
    assert needed.value == 8 + 2 * 16 + 16 + 12
    buffer = ctypes.create_string_buffer(needed.value)
    assert library('GetTokenInformation', token, 2, buffer, needed.value - 1, sizes) == (0, 122)
    assert library('GetTokenInformation', token, 2, buffer, needed.value, sizes) == (1, 0)
    start = ctypes.addressof(buffer)
    first, second = start + 8 + 2 * 16, start + 8 + 2 * 16 + 16
    assert buffer.raw[:40] == struct.pack('<I4xQI4xQI4x', 2, first, 7, second, 0x10)
    assert buffer.raw[40:] == sids.to_bytes('S-1-5-32-544') + sids.to_bytes('S-1-1-0')
    assert library('CloseHandle', token) == (1, 0)
    assert library('CloseHandle', ctypes.c_void_p(opened)) == (1, 0)
    assert library('OpenProcess', 0x1000, 0, 9999, returns=ctypes.c_void_p) == (None, 87)
    assert not host.memory.live


def test_a_row_of_a_virtual_machine_has_its_host_name(process: Begin) -> None:
    machines = [{'id': 2, 'user': 'vera', 'host_name': 'VM-7'}]
    _unused, library = process(servers={'rdvh': {'console': None, 'services': False, 'virtual_machines': machines}})
    server, _error = library('WTSOpenServerExW', utf16('rdvh'), returns=ctypes.c_void_p)
    level, rows, count = ctypes.c_uint32(1), ctypes.c_void_p(), ctypes.c_uint32()
    arguments = [ctypes.c_void_p(server), ctypes.byref(level), 0, ctypes.byref(rows), ctypes.byref(count)]
    assert library('WTSEnumerateSessionsExW', *arguments) == (1, 0)
    row = struct.unpack('<IiI4xQQQQQ', ctypes.string_at(rows, 56))
    assert (count.value, row[2], text_at(row[4]), text_at(row[5])) == (1, 2, 'VM-7', 'vera')


def test_the_name_of_the_caller_requires_a_buffer_of_its_size(process: Begin) -> None:
    _unused, library = process()
    room = ctypes.c_uint32(4)
    buffer = ctypes.create_string_buffer(64)
    assert library('GetUserNameExW', 2, buffer, ctypes.byref(room), returns=ctypes.c_uint8) == (0, 234)
    assert room.value == len(ADMINISTRATOR) + 1
    assert library('GetUserNameExW', 2, buffer, ctypes.byref(room), returns=ctypes.c_uint8) == (1, 0)
    assert (text_at(ctypes.addressof(buffer)), room.value) == (ADMINISTRATOR, len(ADMINISTRATOR))


def test_a_registry_value_requires_a_buffer_of_its_size(process: Begin) -> None:
    _unused, library = process(registry={'HKLM\\SOFTWARE\\x': {'Name': 'text'}})
    key = ctypes.c_void_p()
    root = ctypes.c_void_p(0xFFFFFFFF80000002)
    assert library('RegOpenKeyExW', root, utf16('SOFTWARE\\x'), 0, 0x20019, ctypes.byref(key)) == (0, 0)
    data = 'text\0'.encode('utf-16-le')
    kind, size = ctypes.c_uint32(), ctypes.c_uint32(0)
    out = [ctypes.byref(kind), None, ctypes.byref(size)]
    assert library('RegQueryValueExW', key, utf16('Name'), None, *out)[0] == 0
    assert (kind.value, size.value) == (1, len(data))
    buffer = ctypes.create_string_buffer(len(data))
    size.value = 4
    assert library('RegQueryValueExW', key, utf16('Name'), None, None, buffer, ctypes.byref(size))[0] == 234
    assert (size.value, buffer.raw) == (len(data), b'\0' * len(data))
    assert library('RegQueryValueExW', key, utf16('Name'), None, None, buffer, ctypes.byref(size))[0] == 0
    assert buffer.raw == data


def test_a_listed_registry_value_requires_buffers_for_name_and_data(process: Begin) -> None:
    _unused, library = process(registry={'HKLM\\SOFTWARE\\x': {'Name': 7}})
    key, name, data = ctypes.c_void_p(), ctypes.create_string_buffer(64), ctypes.create_string_buffer(4)
    library('RegOpenKeyExW', ctypes.c_void_p(0x80000002), utf16('SOFTWARE\\x'), 0, 0x20019, ctypes.byref(key))

    def listed(index: int, room: int, size: int) -> tuple[int, int, int]:
        rooms, sizes = ctypes.c_uint32(room), ctypes.c_uint32(size)
        arguments = [key, index, name, ctypes.byref(rooms), None, None, data, ctypes.byref(sizes)]
        return library('RegEnumValueW', *arguments)[0], rooms.value, sizes.value

    assert listed(0, 4, 4)[0] == 234
    assert listed(0, 5, 2) == (234, 4, 4)
    assert listed(0, 5, 4) == (0, 4, 4)
    assert (text_at(ctypes.addressof(name)), data.raw) == ('Name', b'\7\0\0\0')
    assert listed(1, 5, 4)[0] == 259
