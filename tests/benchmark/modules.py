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


def empty(count: int) -> Tasks:
    """A module that only loads ``Ansible.Basic``."""
    return [{'name': 'Do nothing', 'empty': {}}]


def info(count: int) -> Tasks:
    """One call that lists all sessions."""
    return [{'name': 'List', 'winops.sessions.win_user_session_info': {}}]


def modules(count: int) -> Tasks:
    """Two calls: warn, then log off and wait until Windows has ended the sessions."""
    users = [f'user{number}' for number in range(count)]
    return [
        {'name': 'Warn', 'winops.sessions.win_user_session_message': {'text': TEXT, 'users': users}},
        {'name': 'End', 'winops.sessions.win_user_session': {'state': 'logged_off', 'users': users}},
    ]


def by_hand(count: int) -> Tasks:
    """quser, msg and logoff for each session, quser, as raw tasks."""
    ids = range(2, 2 + count)
    lines = ['quser', *(line for n in ids for line in (f'msg {n} "{TEXT}"', f'logoff {n}')), 'quser']
    # quser fails if no user is logged on.
    return [{'name': line, 'ansible.builtin.raw': line, 'failed_when': False} for line in lines]


#: What is measured: a name, its tasks and the number of sessions.
CASES: list[tuple[str, Callable[[int], Tasks], int]] = [
    ('an empty module', empty, 1),
    ('list 1 session', info, 1),
    ('list 1,000 sessions', info, 1000),
    ('warn and log off 1 session', modules, 1),
    ('warn and log off 5 sessions', modules, 5),
    ('warn and log off 20 sessions', modules, 20),
    ('by hand: 1 session', by_hand, 1),
    ('by hand: 5 sessions', by_hand, 5),
    ('by hand: 20 sessions', by_hand, 20),
]
#: Ratios of two cases, and the limit or the factor that the project promises.
RATIOS = [
    ('list 1,000 sessions', 'list 1 session', 'at most 1.5'),
    ('list 1 session', 'an empty module', 'at most 1.3'),
    ('by hand: 5 sessions', 'warn and log off 5 sessions', 'at least 2'),
    ('by hand: 20 sessions', 'warn and log off 20 sessions', 'at least 7'),
]


def measure(tasks: Callable[[int], Tasks], count: int) -> tuple[float, int]:
    """The seconds and the WinRM messages of one run."""
    sessions = [{'id': 2 + number, 'user': f'user{number}'} for number in range(count)]
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
    ratios = [[f'{a} / {b}', f'{middle[a] / middle[b]:.2f}', promise] for a, b, promise in RATIOS]
    title = 'Performance'
    return '\n'.join(
        [
            title,
            '=' * len(title),
            '',
            'Wall time of one ``ansible-playbook`` against one simulated host over WinRM, from ``make bench``.',
            f'{repetitions} runs each, the variants in turn, on a machine with {size}.',
            '',
            '.. image:: performance.svg',
            '',
            table(['case', 'median', 'minimum', 'maximum', 'WinRM messages'], rows),
            table(['ratio', 'measured', 'promised'], ratios),
            'A module call costs 7 messages for any number of sessions. Most of its time is the start of PowerShell',
            'and the compilation of C#, which Ansible itself needs for an empty module as well. ``by hand`` starts',
            'one PowerShell for each command.',
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
