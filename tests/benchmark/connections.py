# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares warning and logging off users with the modules and by hand, over each connection and slow lines.

    PYTHONPATH=tests:tools python tests/benchmark/connections.py [sessions [milliseconds...]]

By hand is what administrators type: quser, then msg and logoff for each session, then quser, as raw tasks. The host is
simulated; the line is a proxy on this machine that delays every byte. Prints a table for the documentation.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from benchmark.measured import machine, play, table

from winhost.fleet import Fleet
from winhost.line import Line

TEXT = 'Please save your work'


def by_modules(users: Sequence[str]) -> list[dict[str, Any]]:
    """Two calls, of which the second waits until Windows has ended the sessions."""
    return [
        {'name': 'Warn', 'winops.sessions.win_user_session_message': {'text': TEXT, 'users': list(users)}},
        {'name': 'End', 'winops.sessions.win_user_session': {'state': 'logged_off', 'users': list(users)}},
    ]


def by_hand(users: Sequence[str]) -> list[dict[str, Any]]:
    """Commands for each session, whose IDs a person has read from the first quser."""
    ids = range(2, 2 + len(users))
    commands = ['quser', *(f'msg {n} "{TEXT}"' for n in ids), *(f'logoff {n}' for n in ids), 'quser']
    # quser fails if no user is logged on.
    return [{'name': line, 'ansible.builtin.raw': line, 'failed_when': False} for line in commands]


WAYS = {'modules': by_modules, 'by hand': by_hand}


def measured(connection: str, milliseconds: float, way: str, count: int) -> list[str]:
    """A row of the table."""
    users = [f'user{number}' for number in range(count)]
    sessions = [{'id': 2 + number, 'user': user} for number, user in enumerate(users)]
    with Fleet({'hosts': {'web01': {'sessions': sessions}}}) as fleet:
        host = fleet['web01']
        with Line(host.port, round_trip=milliseconds / 1000) as line:
            inventory = fleet.inventory(connection)
            inventory['all']['hosts']['web01']['ansible_port'] = line.port
            cost = play(inventory, [{'hosts': 'all', 'gather_facts': False, 'tasks': WAYS[way](users)}])
            traffic = line.traffic
        if host.sessions.users:
            raise SystemExit(f'{connection}, {way}: not everybody was logged off: {host.sessions.users}')
        kilobytes = f'{traffic.sent / 1024:.0f} / {traffic.received / 1024:.0f}'
        cells = [connection, f'{milliseconds:g} ms', way, str(len(host.messages)), kilobytes]
        return [*cells, str(traffic.connections), f'{cost.wall:.1f} s']


def main(count: int = 5, *latencies: float) -> None:
    """Measure every connection, line and way."""
    print(f'{count} sessions; {machine()}\n')
    head = ['Connection', 'Round trip', 'Way', 'Messages', 'KB sent / received', 'TCP connections', 'Time']
    rows = [
        measured(connection, milliseconds, way, count)
        for connection in ('winrm', 'psrp', 'ssh')
        for milliseconds in latencies or (0, 20, 100)
        for way in WAYS
    ]
    print(table(head, rows))


if __name__ == '__main__':
    main(*map(int, sys.argv[1:]))
