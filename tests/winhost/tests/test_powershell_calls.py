# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The native library under the real PowerShell: P/Invokes as on Windows, structs byte for byte."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

from winhost import pwsh
from winhost.client import ADMINISTRATOR
from winhost.clock import SECOND, filetime
from winhost.host import Host

NOW = '2026-11-21T14:34:47Z'
USER, DOMAIN = '王小明', 'D' * 30
SID = 'S-1-5-21-1-2-3-1001'
ALICE = {
    'id': 2,
    'user': 'u' * 30,
    'domain': DOMAIN,
    'logged_on': '3h',
    'connected': '2h',
    'idle': '5m',
    'sid': SID,
    'client': {'name': 'PC-17', 'address': '10.0.0.5', 'build': 22621},
    'processes': [{'name': 'explorer.exe', 'pid': 4242}, {'name': 'x.exe', 'pid': 4244, 'sid': None}],
    'on_message': {'answer': 'yes'},
}


def fixed(text: str, room: int) -> bytes:
    return text[: room - 1].encode('utf-16-le').ljust(room * 2, b'\0')


def test_every_function_returns_the_result_of_windows_to_powershell(start: Callable[..., Host]) -> None:
    bob = {'id': 3, 'user': USER, 'sid': 'S-1-5-21-4-5-6-1002', 'on_logoff': {'error': 5}}
    host = start(
        clock={'fixed': NOW}, sessions=[ALICE, bob], servers={'rds02': {'sessions': [{'id': 7, 'user': 'dora'}]}}
    )
    script = Path(__file__).with_name('pinvoke.ps1')
    done = subprocess.run(
        [pwsh.find(), '-NoProfile', '-NonInteractive', '-File', script],
        env=host.environment(ADMINISTRATOR),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)

    now = filetime(NOW)
    logon, connect, last_input = now - 10800 * SECOND, now - 7200 * SECOND, now - 300 * SECOND
    user, domain = 'u' * 20, 'D' * 17
    info = struct.pack('<II24x', 0, 2) + fixed('RDP-Tcp#2', 32) + fixed(DOMAIN, 17) + fixed('u' * 30, 21) + b'\0' * 4
    info_ex = struct.pack('<I4xIIi', 1, 2, 0, 1) + fixed('RDP-Tcp#2', 33) + fixed('u' * 30, 21) + fixed(DOMAIN, 18)
    client = fixed('PC-17', 21).ljust(1168, b'\0') + struct.pack('<I', 2) + fixed('10.0.0.5', 31)
    client = (client.ljust(1764, b'\0') + struct.pack('<I', 22621)).ljust(2304, b'\0')
    rows = [
        [0, 4, 'Services', None, None],
        [1, 1, 'Console', None, None],
        [2, 0, 'RDP-Tcp#2', 'u' * 30, DOMAIN],
        [3, 0, 'RDP-Tcp#3', USER, 'CORP'],
        [65536, 6, 'RDP-Tcp', None, None],
    ]
    assert results == {
        'sizes': [56, 216, 232, 64],
        'sessions': rows,
        'class 9': struct.pack('<I', 22621).hex(),
        'class 10': 'PC-17\0'.encode('utf-16-le').hex(),
        'class 14': (struct.pack('<I', 2) + bytes([0, 0, 10, 0, 0, 5]).ljust(20, b'\0')).hex(),
        'class 16': struct.pack('<H', 2).hex(),
        'class 23': client.hex(),
        'class 24': (info + struct.pack('<5q', connect, 0, last_input, logon, now)).hex(),
        'class 25': (info_ex + b'\0' * 4 + struct.pack('<5q', logon, connect, 0, last_input, now) + b'\0' * 24).hex(),
        'class 25 as a struct': [1, user, domain, logon, now],
        'processes': [[2, 4242, 'explorer.exe', SID], [2, 4244, 'x.exe', None]],
        'own session': 0,
        'own session id': 0,
        'process id': True,
        'console': 1,
        'user name': 0,
        'user': ADMINISTRATOR,
        'lookup': 0,
        'convert': 0,
        'sid': ['CORP', 1, 'S-1-5-21-4-5-6-1002'],
        'message': 0,
        'response': 32001,
        'answered': 0,
        'answer': 6,
        'create': 0,
        'disposition': 1,
        'set': 0,
        'query': 0,
        'value': [1, 'wért\0'],
        'enumerate': 0,
        'name': ['Náme', 4, 10],
        'no more': 259,
        'delete': 0,
        'gone': 2,
        'close': 0,
        'missing': 2,
        'other sessions': [*rows[:2], [7, 0, 'RDP-Tcp#7', 'dora', 'CORP'], rows[-1]],
        'unreachable': 1722,
        'no such session': 7022,
        'refused': 5,
        'disconnect': 0,
        'logoff': 0,
        'sessions left': [*rows[:2], *rows[3:]],
    }
    assert [(box.title, box.text) for box in host.boxes] == [('Títel', 'Grüße 💾\r\nzweite Zeile'), ('T', 'x')]
    assert (host.memory.live, host.memory.misuse, host.handles.live, host.handles.misuse) == ({}, [], {}, [])
