# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the collection's playbooks by their names, as an administrator does."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from e2e.playing import HostEvidence, Result

from project import Core, environment
from winhost.fleet import Fleet

_CALLBACKS = Path(__file__).resolve().parent / 'callback'
_LONGEST_RUN = 540  # seconds; one that takes longer hangs
_RECAP = re.compile(r'^(\S+)\s+: (ok=\d+.*)$', re.MULTILINE)


@dataclass
class Ran:
    """What came of a run.

    :ivar status: the exit status of ``ansible-playbook``.
    :ivar output: what a person saw.
    :ivar results: each result by task and host, the last one of a task that ran again.
    :ivar recap: the numbers of the recap by host and word.
    :ivar report: what is in report.json; None where none was written.
    :ivar calls: how many module calls each host got in this run.
    :ivar hosts: what has happened on the hosts since they were started.
    """

    status: int
    output: str
    results: dict[str, dict[str, Result]]
    recap: dict[str, dict[str, int]]
    report: dict[str, Any] | None
    calls: dict[str, int]
    hosts: dict[str, HostEvidence]

    @property
    def pauses(self) -> int:
        """How often the play paused."""
        return self.output.count('Pausing for ')

    def statuses(self) -> dict[str, str]:
        """What the report says about each host."""
        assert self.report, self.output
        return {host['name']: host['status'] for host in self.report['hosts']}

    def outcomes(self) -> dict[tuple[str, str], str | None]:
        """What the report says about each session, by host and user."""
        assert self.report, self.output
        return {(row['host'], row['user']): row['outcome'] for row in self.report['rows'] if row['user']}


def sessions_acted_on(host: HostEvidence) -> list[tuple[str, Any]]:
    """The acts that a user notices: function and session."""
    return [(api, session) for api, session, _account in host.acts if api.startswith('WTS')]


def run(
    core: Core,
    fleet: Fleet,
    folder: Path,
    playbook: str | list[dict[str, Any]],
    *arguments: str,
    variables: Mapping[str, Any] | None = None,
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
) -> Ran:
    """Run a playbook against a fleet.

    :param core: the ansible-core to run.
    :param fleet: the hosts; some of them may be stopped.
    :param folder: where the run takes place, and ``user-sessions`` appears.
    :param playbook: the short name of one of the collection, or plays.
    :param arguments: further ones of ``ansible-playbook``.
    :param variables: extra variables, such as the answers of a survey.
    :param hosts: variables of hosts in the inventory.
    :returns: what came of it.
    """
    inventory = fleet.inventory()
    for name, special in (hosts or {}).items():
        inventory['all']['hosts'][name] |= special
    folder.mkdir(parents=True, exist_ok=True)
    # In the fleet's order, which is the order in which a single fork asks the hosts.
    text = yaml.safe_dump(inventory, allow_unicode=True, sort_keys=False)
    (folder / 'inventory.yml').write_text(text, encoding='utf-8')
    name = f'winops.sessions.{playbook}'
    if not isinstance(playbook, str):
        name = 'plays.yml'
        (folder / name).write_text(yaml.safe_dump(playbook, sort_keys=False), encoding='utf-8')
    evidence = folder / 'evidence.jsonl'
    evidence.write_text('')
    before = {host: served.messages.count('Create') for host, served in fleet.items()}
    done = subprocess.run(
        [
            str(core.bin / 'ansible-playbook'),
            '--inventory=inventory.yml',
            f'--extra-vars={json.dumps(variables or {})}',
            *arguments,
            name,
        ],
        cwd=folder,
        env=environment(core)
        | {
            'ANSIBLE_CALLBACK_PLUGINS': str(_CALLBACKS),
            'ANSIBLE_CALLBACKS_ENABLED': 'evidence',
            'ANSIBLE_HOME': str(folder),
            'E2E_EVIDENCE': str(evidence),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_RUN,
    )
    output = done.stdout + done.stderr
    assert 'DEPRECATION' not in output, output
    results: dict[str, dict[str, Result]] = {}
    for line in evidence.read_text(encoding='utf-8').splitlines():
        row = json.loads(line)
        results.setdefault(row['task'], {})[row['host']] = {**row['result'], 'status': row['status']}
    report = folder / 'user-sessions' / 'report.json'
    return Ran(
        done.returncode,
        output,
        results,
        {
            host: {word: int(number) for word, number in re.findall(r'(\w+)=(\d+)', words)}
            for host, words in _RECAP.findall(output)
        },
        json.loads(report.read_text()) if report.exists() else None,
        {host: served.messages.count('Create') - before[host] for host, served in fleet.items()},
        {host: HostEvidence.of(served) for host, served in fleet.items()},
    )


__all__ = ['Ran', 'run', 'sessions_acted_on']
