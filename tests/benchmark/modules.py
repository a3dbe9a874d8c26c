# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares the modules with an empty module and with the commands that administrators type.

    PYTHONPATH=tests:tools python tests/benchmark/modules.py [repetitions]

Writes ``docs/performance.rst`` and ``docs/performance.svg``. Every figure is the wall time of one ``ansible-playbook``
against one simulated host over WinRM. The variants take turns, so that the load of the machine is the same for all.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.measured import machine, play, table

from project import ROOT
from winhost.fleet import Fleet

TEXT = 'Please save your work'
EMPTY = """#!powershell

#AnsibleRequires -CSharpUtil Ansible.Basic

$module = [Ansible.Basic.AnsibleModule]::Create($args, @{})
$module.ExitJson()
"""

Tasks = list[dict[str, Any]]


def _sessions(count: int) -> str:
    return f'{count} session{"" if count == 1 else "s"}'


def _users(count: int) -> list[str]:
    return [f'user{number}' for number in range(count)]


def _raw(line: str) -> dict[str, Any]:
    # quser fails if no user is logged on.
    return {'name': line, 'ansible.builtin.raw': line, 'failed_when': False}


def nothing(count: int) -> Tasks:
    """No module."""
    return [{'ansible.builtin.meta': 'noop'}]


def command(count: int) -> Tasks:
    """One PowerShell, and no module in it."""
    return [_raw('quser')]


def empty(count: int) -> Tasks:
    """A module that only loads ``Ansible.Basic``."""
    return [{'name': 'Do nothing', 'empty': {}}]


def info(count: int) -> Tasks:
    """One call that lists all sessions."""
    return [{'name': 'List', 'winops.sessions.win_user_session_info': {}}]


def log_off(count: int) -> Tasks:
    """One call that logs the sessions off and waits until Windows has ended them."""
    return [{'name': 'Log off', 'winops.sessions.win_user_session': {'state': 'logged_off', 'users': _users(count)}}]


def warn_and_log_off(count: int) -> Tasks:
    """The same after a call that warns the users."""
    return [
        {'name': 'Warn', 'winops.sessions.win_user_session_message': {'text': TEXT, 'users': _users(count)}},
        *log_off(count),
    ]


def by_hand(count: int) -> Tasks:
    """quser, msg and logoff for each session, quser, as raw tasks."""
    ids = range(2, 2 + count)
    lines = ['quser', *(line for n in ids for line in (f'msg {n} "{TEXT}"', f'logoff {n}')), 'quser']
    return [_raw(line) for line in lines]


#: What is measured: a name, its tasks and the number of sessions.
CASES: list[tuple[str, Callable[[int], Tasks], int]] = [
    ('a play without a task', nothing, 1),
    ('one raw command', command, 1),
    ('an empty module', empty, 1),
    ('list 1 session', info, 1),
    ('list 1,000 sessions', info, 1000),
    *((f'log off {_sessions(count)}', log_off, count) for count in (1, 5, 20)),
    *((f'warn and log off {_sessions(count)}', warn_and_log_off, count) for count in (5, 20)),
    *((f'by hand: {_sessions(count)}', by_hand, count) for count in (1, 5, 20)),
]
#: Ratios of two cases, and the limit or the factor that is aimed at.
RATIOS = [
    ('list 1,000 sessions', 'list 1 session', 'at most 1.5'),
    ('list 1 session', 'an empty module', 'at most 1.3'),
    ('by hand: 5 sessions', 'log off 5 sessions', 'at least 2'),
    ('by hand: 20 sessions', 'log off 20 sessions', 'at least 7'),
    ('by hand: 5 sessions', 'an empty module', 'none'),
    ('by hand: 20 sessions', 'an empty module', 'none'),
    ('by hand: 20 sessions', 'warn and log off 20 sessions', 'none'),
]
#: The parts of a call that lists one session: a case, and the case that is its base.
PARTS = [
    ('ansible-playbook starts and ends', 'a play without a task', None),
    ('WinRM messages and the start of PowerShell', 'one raw command', 'a play without a task'),
    ("Ansible's wrapper, and the compilation of its ``Ansible.Basic``", 'an empty module', 'one raw command'),
    ("compilation of this collection's C#, and reading one session", 'list 1 session', 'an empty module'),
    ('reading, returning and checking 999 more sessions', 'list 1,000 sessions', 'list 1 session'),
]


def measure(tasks: Callable[[int], Tasks], count: int) -> tuple[float, int]:
    """The seconds and the WinRM messages of one run."""
    sessions = [{'id': number, 'user': user} for number, user in enumerate(_users(count), 2)]
    with Fleet({'hosts': {'web01': {'sessions': sessions}}}) as fleet:
        library = fleet['web01'].root / 'library'
        library.mkdir(exist_ok=True)
        (library / 'empty.ps1').write_text(EMPTY, encoding='utf-8')
        cost = play(
            fleet.inventory(),
            [{'hosts': 'all', 'gather_facts': False, 'tasks': tasks(count)}],
            ANSIBLE_LIBRARY=str(library),
        )
        return cost.wall, len(fleet['web01'].messages)


def bars(times: Mapping[str, float]) -> str:
    """The times as a picture."""
    row, label, width, scale = 28, 260, 760, 420 / max(times.values())
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {row * len(times) + 16}" '
        'font-family="sans-serif" font-size="14" role="img" aria-label="Seconds of each case">'
    ]
    for number, (name, seconds) in enumerate(times.items()):
        y = 8 + row * number
        color = '#8a8f98' if name.startswith(('by hand', 'an empty')) else '#2a6fdb'
        lines += [
            f'<text x="{label - 8}" y="{y + 16}" text-anchor="end" fill="#57606a">{name}</text>',
            f'<rect x="{label}" y="{y + 2}" width="{max(seconds * scale, 1):.1f}" height="20" rx="3" fill="{color}"/>',
            f'<text x="{label + seconds * scale + 6:.1f}" y="{y + 16}" fill="#57606a">{seconds:.1f} s</text>',
        ]
    return '\n'.join([*lines, '</svg>', ''])


def page(size: str, repetitions: int, results: Mapping[str, Sequence[tuple[float, int]]]) -> str:
    """The page of the documentation."""
    times = {name: [seconds for seconds, _messages in runs] for name, runs in results.items()}
    middle = {name: statistics.median(seconds) for name, seconds in times.items()}
    rows = [
        [name, f'{middle[name]:.2f} s', f'{min(seconds):.2f} s', f'{max(seconds):.2f} s', str(results[name][0][1])]
        for name, seconds in times.items()
    ]
    ratios = [[f'{a} / {b}', f'{middle[a] / middle[b]:.2f}', aim] for a, b, aim in RATIOS]
    parts = [[part, f'{middle[case] - (middle[base] if base else 0):.2f} s'] for part, case, base in PARTS]
    title = 'Performance'
    return '\n'.join(
        [
            '..',
            '   Written by tests/benchmark/modules.py (make bench).',
            '',
            title,
            '=' * len(title),
            '',
            'Wall time of one ``ansible-playbook`` against one simulated host over WinRM, from ``make bench``.',
            f'Runs of each case: {repetitions}, the cases in turn, on a machine with {size}.',
            '',
            '.. image:: performance.svg',
            '',
            table(['case', 'median', 'minimum', 'maximum', 'WinRM messages'], rows),
            '``by hand`` is ``quser``, then ``msg`` and ``logoff`` for each session, then ``quser``, as raw tasks.',
            'Each of them starts a PowerShell. ``log off`` is one call for all sessions, which also waits until',
            'Windows has ended them.',
            '',
            table(['ratio', 'measured', 'aim'], ratios),
            'The ratios to an empty module show the largest factor that any module can reach on this machine.',
            '',
            'What a call costs',
            '-----------------',
            '',
            table(['part', 'seconds'], parts),
            'The number of messages does not depend on the number of sessions, and the sessions of one call are',
            'ended at the same time. On a simulated host, PowerShell compiles with Roslyn, half of whose time is its',
            'own just-in-time compilation. Windows PowerShell 5.1 starts ``csc.exe`` instead: not measured.',
            '',
        ]
    )


def main(repetitions: int = 5) -> None:
    """Measure all cases in turn and write the page and the picture."""
    size = machine()
    results: dict[str, list[tuple[float, int]]] = {name: [] for name, _tasks, _count in CASES}
    for _unused in range(repetitions):
        for name, tasks, count in CASES:
            results[name].append(measure(tasks, count))
            print(f'{name}: {results[name][-1][0]:.2f} s', flush=True)
    docs = Path(ROOT) / 'docs'
    (docs / 'performance.rst').write_text(page(size, repetitions, results), encoding='utf-8')
    medians = {name: statistics.median(seconds for seconds, _messages in runs) for name, runs in results.items()}
    (docs / 'performance.svg').write_text(bars(medians), encoding='utf-8')


if __name__ == '__main__':
    main(*map(int, sys.argv[1:]))
