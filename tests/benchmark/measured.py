# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs playbooks for benchmarks and measures them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from project import MAIN, environment


@dataclass(frozen=True)
class Cost:
    """The cost of a run.

    :ivar wall: seconds from its start to its end.
    :ivar cpu: seconds of processor time of the controller, with all its processes.
    """

    wall: float
    cpu: float


def play(inventory: Mapping[str, Any], plays: Sequence[Mapping[str, Any]], **settings: str) -> Cost:
    """Run plays, which must succeed.

    :param inventory: the inventory.
    :param plays: the plays.
    :param settings: environment variables.
    """
    with tempfile.TemporaryDirectory(prefix='bench-') as name:
        folder = Path(name)
        for file, content in (('inventory.yml', inventory), ('plays.yml', list(plays))):
            (folder / file).write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding='utf-8')
        start = time.monotonic()
        with open(folder / 'output', 'w+', encoding='utf-8') as output:
            process = subprocess.Popen(
                [str(MAIN.bin / 'ansible-playbook'), '--inventory=inventory.yml', 'plays.yml'],
                cwd=folder,
                env=environment() | {'ANSIBLE_HOME': name, 'ANSIBLE_FORKS': '20'} | settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            # The usage of this process and of those that it waited for; not that of the simulated hosts.
            _pid, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            wall = time.monotonic() - start
            output.seek(0)
            if process.returncode:
                raise SystemExit(output.read())
    cost = Cost(wall, usage.ru_utime + usage.ru_stime)
    print(cost, file=sys.stderr, flush=True)  # a benchmark takes minutes
    return cost


def machine() -> str:
    """The size of this machine and its load, on one line."""
    kilobytes = int(Path('/proc/meminfo').read_text(encoding='ascii').split()[1])
    return f'{os.cpu_count()} cores, {kilobytes / 2**20:.0f} GB, load average {os.getloadavg()[0]:.1f} at the start'


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of the documentation (reStructuredText)."""
    lines = ['.. list-table::', '   :header-rows: 1', '']
    for row in (head, *rows):
        lines += [f'   {"*" if number == 0 else " "} - {cell}' for number, cell in enumerate(row)]
    return '\n'.join(lines) + '\n'
