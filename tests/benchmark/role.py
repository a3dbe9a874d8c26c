# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares the controller's work for the role with that for a play of one module call.

    PYTHONPATH=tests:tools python tests/benchmark/role.py [hosts...]

The hosts answer with the recorded output of a module call, so that this machine measures the controller and not many
PowerShells. Prints a table for the documentation.
"""

from __future__ import annotations

import ssl
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.measured import machine, play, table

from winhost.commands import Commands
from winhost.fleet import Fleet
from winhost.listener import Listener
from winhost.logon import Logon
from winhost.process import Output, Process
from winhost.spec import Account
from winhost.winrm import Service

LIMITS = {'max_idle': '2h', 'max_disconnected': '1h'}
CALL = {'winops.sessions.win_user_session': {'state': 'logged_off', **LIMITS}}
ONE_CALL = {'hosts': 'all', 'gather_facts': False, 'tasks': [{'name': 'Call the module', **CALL}]}
ROLE = {
    'hosts': 'all',
    'gather_facts': False,
    'roles': [
        {
            'role': 'winops.sessions.idle_logoff',
            'vars': {f'idle_logoff_{name}': value for name, value in LIMITS.items()},
        }
    ],
}


class Recorder(Commands):
    """Keeps the output of the last command."""

    def __init__(self, host: Any) -> None:
        """Start the host's commands as always."""
        super().__init__(host)
        self.output: list[tuple[str, bytes]] = []

    def start(self, account: str, line: str, variables: Mapping[str, str] | None = None) -> Process:
        """Start a command."""
        process = super().start(account, line, variables)
        read = process.read

        def recorded(*arguments: Any) -> Output | None:
            output = read(*arguments)
            self.output += output.chunks if output else []
            return output

        process.read = recorded  # type: ignore[method-assign, assignment]
        return process


class Replay:
    """A command that has its output once its input has ended."""

    def __init__(self, chunks: list[tuple[str, bytes]]) -> None:
        self._chunks = chunks
        self._ended = threading.Event()

    def write(self, data: bytes, end: bool = False) -> None:
        """Take input."""
        if end:
            self._ended.set()

    def read(self, timeout: float | None, gather: float = 0.0, limit: int | None = None) -> Output | None:
        """Return all output."""
        return Output(self._chunks, 0) if self._ended.wait(timeout) else None

    def kill(self) -> None:
        """End."""
        self._ended.set()


@dataclass
class Recorded:
    """A host that replays one command."""

    name: str
    root: Path
    chunks: list[tuple[str, bytes]]
    messages: list[str] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)

    def environment(self, account: str) -> dict[str, str]:
        """No command runs here."""
        return {}

    def authenticate(self, user: str, password: str) -> str | None:
        """Accept every account."""
        return user

    def account(self, user: str) -> str | None:
        """Accept every account."""
        return user

    def start(self, account: str, line: str, variables: Mapping[str, str] | None = None) -> Replay:
        """Start the replay."""
        return Replay(self.chunks)


def record() -> list[tuple[str, bytes]]:
    """The output of a module call that selects none of four sessions."""
    sessions = [{'id': 2 + number, 'user': f'user{number}', 'idle': '5m'} for number in range(4)]
    with Fleet({'hosts': {'web01': {'sessions': sessions}}}) as fleet, ExitStack() as stack:
        recorder = Recorder(fleet['web01'])
        listener = Listener(
            lambda: Logon(fleet['web01']),
            Service(fleet['web01'], recorder).handle,
            lambda connection: None,
            fleet.certificates.server(),
        )
        stack.callback(listener.close)
        inventory = fleet.inventory()
        inventory['all']['hosts']['web01']['ansible_port'] = listener.port
        play(inventory, [ONE_CALL])
        return recorder.output


def main(*counts: int) -> None:
    """Measure the role and a play of one call with these numbers of hosts."""
    chunks = record()
    print(f'{machine()}\n')
    rows = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        ports = []
        for number in range(max(counts)):
            host = Recorded(f'rds{number:03}', Path(folder), chunks)
            service = Service(host, host)  # type: ignore[arg-type]
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            listener = Listener(lambda host=host: Logon(host), service.handle, lambda connection: None, tls)  # type: ignore[misc]
            stack.callback(listener.close)
            ports.append(listener.port)
        for count in counts:
            with Fleet({'hosts': {'web01': {}}}) as fleet:
                common = fleet.inventory()['all']
            common['vars'] |= {'ansible_user': 'CORP\\ansible', 'ansible_password': 'secret'}
            hosts = {f'rds{number:03}': {'ansible_port': ports[number]} for number in range(count)}
            inventory = {'all': {'hosts': hosts, 'vars': common['vars']}}
            one, role = play(inventory, [ONE_CALL]), play(inventory, [ROLE])
            rows.append([str(count), *(f'{value:.1f} s' for cost in (one, role) for value in (cost.wall, cost.cpu))])
    head = ['Hosts', 'One call: time', 'One call: CPU of the controller', 'Role: time', 'Role: CPU of the controller']
    print(table(head, rows))


if __name__ == '__main__':
    main(*(map(int, sys.argv[1:]) if len(sys.argv) > 1 else (1, 50, 200)))
