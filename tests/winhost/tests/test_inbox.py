# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inbox commands, as a command line of the host runs them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from winhost.client import ADMINISTRATOR
from winhost.host import INBOX_COMMANDS, Host

Start = Callable[..., Host]

SPEC: dict[str, Any] = {
    'clock': {'fixed': '2026-11-21T14:34:47Z'},
    'sessions': [
        {'id': 1, 'user': 'carol', 'logged_on': '2026-06-14T11:35:00Z'},
        {'id': 2, 'user': 'alice', 'idle': '3h11m', 'logged_on': '4h'},
        {'id': 3, 'user': 'bob', 'disconnected': '30h30m', 'logged_on': '2d'},
        {'id': 7, 'user': 'a user of more than 20', 'idle': '7m', 'session_name': '31c5ce94259d4006a9e4'},
        {'id': 23, 'state': 'disconnected'},
    ],
    'servers': {
        'rds02': {'sessions': [{'id': 5, 'user': 'dora', 'logged_on': '2026-11-21T00:05:00Z'}]},
        'closed': {'error': 5},
    },
}

# The columns are those of genuine captures: 1/23/42/46/54/65, and 1/19/45/48/56/68 padded to 76.
QUSER = """\
 USERNAME              SESSIONNAME        ID  STATE   IDLE TIME  LOGON TIME
 carol                 console             1  Active      none   6/14/2026 11:35 AM
 alice                 rdp-tcp#2           2  Active       3:11  11/21/2026 10:34 AM
 bob                                       3  Disc      1+06:30  11/19/2026 2:34 PM
 a user of more than   31c5ce94259d4...    7  Active          7  11/21/2026 1:27 PM
"""
QWINSTA = """\
 SESSIONNAME       USERNAME                 ID  STATE   TYPE        DEVICE |
>services                                    0  Disc                        |
 console           carol                     1  Active                      |
 rdp-tcp#2         alice                     2  Active                      |
                   bob                       3  Disc                        |
 31c5ce94259d4...  a user of more than       7  Active                      |
                                            23  Disc                        |
 rdp-tcp                                 65536  Listen                      |
""".replace('|', '')


@pytest.fixture
def run(start: Start) -> Callable[..., tuple[str, str, int]]:
    """Run a command line on a host; its output, errors and exit code."""

    def command(line: str, host: Host | None = None, account: str = ADMINISTRATOR) -> tuple[str, str, int]:
        host = host or start(**SPEC)
        environment = host.environment(account)
        done = subprocess.run(['/bin/sh', '-c', line], env=environment, capture_output=True, text=True, check=False)
        assert (host.memory.live, host.memory.misuse, host.handles.live) == ({}, [], {})
        return done.stdout, done.stderr, done.returncode

    return command


Run = Callable[..., tuple[str, str, int]]


@pytest.mark.parametrize('command', ['quser', 'quser.exe', 'query user', 'query.exe USER'])
def test_the_users_are_printed_in_the_columns_of_windows(run: Run, command: str) -> None:
    assert run(command) == (QUSER, '', 0)


@pytest.mark.parametrize('command', ['qwinsta', 'query session'])
def test_the_sessions_are_printed_in_the_columns_of_windows(run: Run, command: str) -> None:
    assert run(command) == (QWINSTA, '', 0)
    assert [len(line) for line in QWINSTA.splitlines()] == [75] + [76] * 7


@pytest.mark.parametrize('word', ['alice', '2', 'RDP-Tcp#2', 'ALICE'])
def test_one_user_is_asked_for_by_name_id_or_session(run: Run, word: str) -> None:
    out, _unused, code = run(f"quser '{word}'")
    assert (out.splitlines(), code) == ([QUSER.splitlines()[n] for n in (0, 2)], 0)


def test_the_callers_own_session_is_marked(run: Run, start: Start) -> None:
    out, *_unused = run('quser', start(sessions=[{'id': 2, 'user': 'alice'}], own_session=2))
    assert out.splitlines()[1].startswith('>alice ')


@pytest.mark.parametrize(('command', 'name'), [('quser', '*'), ('quser nobody', 'nobody')])
def test_no_user_is_an_error_on_stderr(run: Run, start: Start, command: str, name: str) -> None:
    assert run(command, start()) == ('', f'No User exists for {name}\n', 1)


def test_another_servers_sessions_are_printed(run: Run) -> None:
    out, _unused, code = run('quser /server:rds02')
    assert code == 0
    assert [line[:41].split() for line in out.splitlines()[1:]] == [['dora', 'rdp-tcp#5']]
    assert '12:05 AM' in out
    assert '>' not in run('qwinsta /server:RDS02')[0]


def test_a_server_that_cannot_be_reached_is_an_error_in_two_lines(run: Run) -> None:
    text = 'Error 0x000006BA enumerating sessionnames\nError [1722]:The RPC server is unavailable.\n'
    assert run('quser /server:nowhere') == ('', text, 1)
    text = 'Error opening Terminal server closed\n\nError [5]:Access is denied.\n'
    assert run('qwinsta /server:closed') == ('', text, 1)


@pytest.mark.parametrize(
    ('command', 'api', 'caller', 'left'),
    [
        ('logoff 2', 'WTSLogoffSession', 'logoff', [1, 3, 7]),
        ('logoff RDP-TCP#2 /v', 'WTSLogoffSession', 'logoff', [1, 3, 7]),
        ('rwinsta 3', 'rwinsta', 'rwinsta', [1, 2, 7]),
        ('reset session 3', 'rwinsta', 'reset session', [1, 2, 7]),
        ('"$SystemRoot/System32/rwinsta.exe" 3', 'rwinsta', 'rwinsta', [1, 2, 7]),
        ('tsdiscon 2', 'WTSDisconnectSession', 'tsdiscon', [1, 2, 3, 7]),
    ],
)
def test_acts_on_sessions_are_recorded(
    run: Run, start: Start, command: str, api: str, caller: str, left: list[int]
) -> None:
    host = start(**SPEC)
    _unused, errors, code = run(command, host)
    assert (errors, code) == ('', 0)
    assert [(act.api, act.caller, act.error) for act in host.acts] == [(api, caller, 0)]
    assert list(host.sessions.users) == left


def test_another_servers_session_is_acted_on(run: Run, start: Start) -> None:
    host = start(**SPEC)
    assert run('rwinsta 5 /SERVER:rds02', host)[2] == 0
    assert host.servers['rds02'].users == {}
    assert len(host.sessions.users) == 4


@pytest.mark.parametrize(
    ('command', 'errors'),
    [
        ('logoff 99', 'Session ID 99 not found\n'),
        ('rwinsta 99', 'Session ID 99 not found\n'),
        ('logoff 0', 'Could not logoff session ID 0, Error code 5\nError [5]:Access is denied.\n'),
        ('logoff', 'Could not logoff session ID 0, Error code 5\nError [5]:Access is denied.\n'),
        ('logoff nobody', 'Session nobody not found\n'),
        ('reset', 'Invalid parameter(s)\n'),
        ('query', 'Invalid parameter(s)\n'),
        ('msg nobody x', 'nobody does not exist or is disconnected\n'),
    ],
)
def test_an_impossible_act_is_an_error(run: Run, start: Start, command: str, errors: str) -> None:
    host = start(**SPEC)
    assert run(command, host) == ('', errors, 1)
    assert len(host.sessions.users) == 4


def test_a_message_is_sent_to_sessions_with_a_client(run: Run, start: Start) -> None:
    host = start(**SPEC)
    assert run('msg "*" Bitte abmelden, Größe: 💾', host) == ('', '', 0)
    assert [(box.session, box.text, box.timeout) for box in host.boxes] == [
        (number, 'Bitte abmelden, Größe: 💾', 60) for number in (1, 2, 7)
    ]


def test_the_commands_have_the_rights_of_their_account(run: Run, start: Start) -> None:
    blind = {'CORP\\blind': {'rights': 'blind'}, 'CORP\\user': {'rights': 'user'}}
    host = start(**SPEC, accounts=blind)
    assert run('quser', host, 'CORP\\blind') == ('', 'No User exists for *\n', 1)
    assert run('logoff 2', host, 'CORP\\user')[1].startswith('Could not logoff session ID 2, Error code 5\n')


def test_lines_end_as_on_windows(start: Start) -> None:
    environment = start(**SPEC).environment(ADMINISTRATOR)
    done = subprocess.run(['/bin/sh', '-c', 'quser'], env=environment, capture_output=True, check=True)
    assert done.stdout.count(b'\r\n') == done.stdout.count(b'\n') == 5


def test_every_command_exists_with_and_without_exe(start: Start) -> None:
    system = start().root / 'Windows' / 'System32'
    assert {path.name for path in system.iterdir()} == {
        f'{name}{exe}' for name in INBOX_COMMANDS for exe in ('', '.exe')
    }
