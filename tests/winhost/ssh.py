# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""OpenSSH of a simulated host: commands in its default shell, PowerShell, and SFTP."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import Protocol

import asyncssh

from winhost import background
from winhost.commands import Commands
from winhost.process import Output, Process
from winhost.ssh_keys import SshKeys


class Host(Protocol):
    """The parts of a host that SSH uses."""

    root: Path
    messages: list[str]

    def authenticate(self, user: str, password: str) -> str | None:
        """Return the account of a user with this password; None if it is refused."""

    def account(self, user: str) -> str | None:
        """Return the account of an authenticated user; None if it is refused."""


class _Login(asyncssh.SSHServer):
    """Accepts an account with its password or with the key of the fleet."""

    def __init__(self, host: Host, authorized: asyncssh.SSHKey) -> None:
        self._host = host
        self._authorized = authorized

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return self._host.authenticate(username, password) is not None

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key == self._authorized and self._host.account(username) is not None


class _Files(asyncssh.SFTPServer):
    """The files of a host; a path outside its folder does not exist."""

    def __init__(self, host: Host, channel: asyncssh.SSHServerChannel) -> None:
        host.messages.append('Sftp')
        self._root = os.fsencode(host.root.resolve())
        super().__init__(channel)

    def map_path(self, path: bytes) -> bytes:
        found = os.path.realpath(os.path.join(self._root, path))
        if os.path.commonpath([found, self._root]) != self._root:
            raise asyncssh.SFTPNoSuchFile('The system cannot find the path specified.')
        return found

    def reverse_map_path(self, path: bytes) -> bytes:
        return path


class Service:
    """The SSH service of a host."""

    def __init__(self, host: Host, commands: Commands, keys: SshKeys) -> None:
        """Create the service.

        :param host: the host.
        :param commands: starts its commands.
        :param keys: the keys of the fleet.
        """
        self._host = host
        self._commands = commands
        self._keys = keys

    def serve(self, connection: socket.socket) -> None:
        """Serve a connection until it ends.

        :param connection: the socket, from which nothing was read.
        """
        connection.setblocking(False)
        asyncio.run_coroutine_threadsafe(self._serve(connection), background.loop()).result()

    async def _serve(self, sock: socket.socket) -> None:
        authorized = asyncssh.read_public_key(self._keys.authorized)
        # The client may disconnect early or be refused.
        with contextlib.suppress(asyncssh.Error, OSError):
            connection = await asyncssh.run_server(
                sock,
                server_factory=lambda: _Login(self._host, authorized),
                server_host_keys=[self._keys.host],
                server_version='OpenSSH_for_Windows_9.5',
                process_factory=self._run,
                sftp_factory=functools.partial(_Files, self._host),
                encoding=None,
                line_editor=False,
            )
            await connection.wait_closed()

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        if process.command is None:
            process.stderr.write(b'The simulated host has no interactive shell: run a command.\r\n')
            process.exit(1)
            return
        self._host.messages.append('Exec')
        account = self._host.account(process.get_extra_info('username'))
        assert account is not None, 'the account has logged on'
        # "OpenSSH Server configuration for Windows Server and Windows": the default shell gets the command with -c.
        running = self._commands.start(account, subprocess.list2cmdline(['powershell.exe', '-c', process.command]))
        output: asyncio.Queue[Output] = asyncio.Queue()
        threading.Thread(target=_pump, args=(running, background.loop(), output), daemon=True).start()
        feeding = asyncio.create_task(_feed(process, running))
        watching = asyncio.create_task(_end_with(process, running))
        try:
            code = None
            while code is None:
                part = await output.get()
                for stream, data in part.chunks:
                    (process.stdout if stream == 'stdout' else process.stderr).write(data)
                code = part.exit_code
            process.exit(code)
        finally:
            feeding.cancel()
            watching.cancel()
            running.kill()


async def _feed(process: asyncssh.SSHServerProcess[bytes], running: Process) -> None:
    with contextlib.suppress(asyncssh.Error):
        while data := await process.stdin.read(65536):
            running.write(data)
        running.write(b'', end=True)


async def _end_with(process: asyncssh.SSHServerProcess[bytes], running: Process) -> None:
    await process.wait_closed()
    running.kill()


def _pump(running: Process, loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[Output]) -> None:
    code = None
    while code is None:
        output = running.read(timeout=None)
        assert output is not None, 'it waits without a limit'
        loop.call_soon_threadsafe(queue.put_nowait, output)
        code = output.exit_code
