# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SSH of a simulated host, called by asyncssh."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import asyncssh
import pytest

from winhost.fleet import Fleet, ReachableHost

T = TypeVar('T')
Use = Callable[[asyncssh.SSHClientConnection], Awaitable[T]]


@pytest.fixture(scope='module')
def fleet() -> Iterator[Fleet]:
    accounts = {'CORP\\ansible': {}, 'CORP\\joe': {'refused': 'locked'}}
    with Fleet({'hosts': {'web01': {'accounts': accounts}}}) as fleet:
        yield fleet


@pytest.fixture
def host(fleet: Fleet) -> ReachableHost:
    fleet['web01'].messages.clear()
    return fleet['web01']


def connected(fleet: Fleet, use: Use[T], **login: object) -> T:
    async def run() -> T:
        options = {'username': 'CORP\\ansible', 'client_keys': [fleet.ssh_keys.user], 'config': None, **login}
        keys = str(fleet.ssh_keys.known_hosts)
        async with asyncssh.connect('127.0.0.1', fleet['web01'].port, known_hosts=keys, **options) as connection:
            return await use(connection)

    return asyncio.run(run())


def test_a_command_runs_in_powershell_with_its_input_and_exit_code(fleet: Fleet, host: ReachableHost) -> None:
    async def use(connection: asyncssh.SSHClientConnection) -> asyncssh.SSHCompletedProcess:
        script = '$input; "$env:USERNAME é🙂"; [Console]::Error.Write("oops"); exit 7'
        return await connection.run(script, input='one\ntwo\n')

    done = connected(fleet, use)
    assert (done.stdout, done.stderr, done.exit_status) == ('one\ntwo\nansible é🙂\n', 'oops', 7)
    assert host.messages == ['Exec']


def test_commands_share_a_connection(fleet: Fleet, host: ReachableHost) -> None:
    async def use(connection: asyncssh.SSHClientConnection) -> list[object]:
        done = await asyncio.gather(*(connection.run(f'"{"x" * number}"') for number in (1, 100_000)))
        return [result.stdout for result in done]

    assert connected(fleet, use) == ['x\n', 'x' * 100_000 + '\n']
    assert host.messages == ['Exec', 'Exec']


def test_a_lost_connection_ends_its_commands(fleet: Fleet, host: ReachableHost, tmp_path: Path) -> None:
    pipe = tmp_path / 'pipe'
    os.mkfifo(pipe)

    async def use(connection: asyncssh.SSHClientConnection) -> bytes:
        hold = f'$pipe = [IO.File]::OpenWrite("{pipe}"); $pipe.WriteByte(65); $pipe.Flush(); Start-Sleep 600'
        await connection.create_process(hold)
        with await asyncio.to_thread(pipe.open, 'rb', buffering=0) as end:
            assert await asyncio.to_thread(end.read, 1) == b'A'
            connection.abort()
            return await asyncio.to_thread(end.read, 1)

    assert connected(fleet, use) == b''


def test_files_are_copied_within_the_host_only(fleet: Fleet, host: ReachableHost, tmp_path: Path) -> None:
    (tmp_path / 'here').write_bytes(os.urandom(200_000))
    there = host.root / 'Temp' / 'there.bin'

    async def use(connection: asyncssh.SSHClientConnection) -> None:
        async with connection.start_sftp_client() as sftp:
            await sftp.put(tmp_path / 'here', there)
            await sftp.get(there, tmp_path / 'back')
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await sftp.get('/etc/hostname', tmp_path / 'stolen')

    connected(fleet, use)
    assert there.read_bytes() == (tmp_path / 'here').read_bytes() == (tmp_path / 'back').read_bytes()
    assert host.messages == ['Sftp']


@pytest.mark.parametrize(
    'login',
    [
        {'client_keys': None, 'password': 'wrong'},
        {'client_keys': ['ssh_host_key']},
        {'username': 'CORP\\joe'},
        {'username': 'CORP\\joe', 'client_keys': None, 'password': 'secret'},
        {'username': 'CORP\\nobody'},
    ],
    ids=['wrong password', 'unknown key', 'locked account', 'locked account with its password', 'unknown account'],
)
def test_a_refused_login_starts_nothing(fleet: Fleet, host: ReachableHost, login: dict[str, object]) -> None:
    async def use(connection: asyncssh.SSHClientConnection) -> None:
        raise AssertionError('logged on')

    if login.get('client_keys'):
        login = {'client_keys': [fleet.root / 'ssh_host_key']}
    with pytest.raises(asyncssh.PermissionDenied):
        connected(fleet, use, **login)
    assert host.messages == []


def test_the_password_logs_on_under_every_spelling_of_the_account(fleet: Fleet, host: ReachableHost) -> None:
    async def use(connection: asyncssh.SSHClientConnection) -> None:
        pass

    for user in ('ansible', 'corp\\ANSIBLE', 'ansible@corp.example'):
        connected(fleet, use, username=user, client_keys=None, password='secret')
