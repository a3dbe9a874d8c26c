# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs plays of many tasks through the real ``ansible-playbook``, so that many promises cost one process."""

from __future__ import annotations

import fcntl
import json
import pickle
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from project import Core, environment
from winhost.fleet import Fleet, ReachableHost

_CALLBACKS = Path(__file__).resolve().parent / 'callback'
_LONGEST_RUN = 540  # seconds; one that takes longer hangs

# A module that takes long costs one more message for each operation time-out, 20 s by default, and one where its output
# comes long before its end: how fast this machine is must not count.
_PATIENT_HOST = {'winrm': {'gather': 300}}
_PATIENCE = {
    'ansible_winrm_operation_timeout_sec': 300,
    'ansible_winrm_read_timeout_sec': 330,
    'ansible_psrp_operation_timeout': 300,
    'ansible_psrp_read_timeout': 330,
}

Result = dict[str, Any]
_Made = TypeVar('_Made')


@dataclass
class HostEvidence:
    """What happened on a host, as data that outlives it.

    :ivar users: who is logged on at the end, by session id.
    :ivar acts: function, session id (or the registry value's name) and whose session it was, in order.
    :ivar calls: the functions called, in order.
    :ivar modules: the WS-Management messages of each module call; over psrp a pool counts as one.
    :ivar boxes: the message boxes that were shown: session and text.
    :ivar registry: the values of all keys that have some.
    """

    users: dict[int, str]
    acts: list[tuple[str, Any, str | None]]
    calls: list[str]
    modules: list[list[str]]
    boxes: list[tuple[int, str]]
    registry: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, host: ReachableHost) -> HostEvidence:
        """Take a host's evidence.

        :param host: the host.
        """
        modules: list[list[str]] = []
        for message in host.messages:
            if message == 'Create' or not modules:
                modules.append([])
            modules[-1].append(message)
        return cls(
            users=host.sessions.users,
            acts=[
                (call.api, call.arguments.get('session', call.arguments.get('name')), call.account_of_session)
                for call in host.acts
            ],
            calls=[call.api for call in host.calls],
            modules=modules,
            boxes=[(box.session, box.text) for box in host.boxes],
            registry={path: values for path, values in host.registry.items() if values},
        )


@dataclass
class Played:
    """What came of a run.

    :ivar results: each result by task and host; ``status`` in it is ok, failed or unreachable.
    :ivar output: what a person saw.
    :ivar hosts: what happened on the hosts.
    """

    results: dict[str, dict[str, Result]]
    output: str
    hosts: dict[str, HostEvidence] = field(default_factory=dict)

    def __getitem__(self, task: str) -> dict[str, Result]:
        if task not in self.results:
            raise KeyError(f'{task}\n{self.output}')
        return self.results[task]


def fleet(hosts: Mapping[str, Any]) -> Fleet:
    """Make hosts on which the number of messages does not depend on how fast this machine is.

    :param hosts: the hosts, as a fleet's spec has them.
    """
    return Fleet({'hosts': {name: {**_PATIENT_HOST, **spec} for name, spec in hosts.items()}})


def play(core: Core, running: Fleet, plays: list[dict[str, Any]], folder: Path, **special: dict[str, Any]) -> Played:
    """Run plays against a fleet. A failure on a host does not end its play.

    :param core: the ansible-core to run.
    :param running: the hosts.
    :param plays: the plays; only what is special about them.
    :param folder: where the run's files go.
    :param special: variables of hosts that have some of their own.
    :returns: what came of it.
    """
    inventory = running.inventory()
    inventory['all']['vars'] |= _PATIENCE
    for name, variables in special.items():
        inventory['all']['hosts'][name] |= variables
    common = {'hosts': 'all', 'gather_facts': False, 'ignore_errors': True, 'ignore_unreachable': True}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'inventory.yml').write_text(yaml.safe_dump(inventory, allow_unicode=True), encoding='utf-8')
    (folder / 'plays.yml').write_text(
        yaml.safe_dump([{'name': 'A play', **common, **one} for one in plays], allow_unicode=True, sort_keys=False),
        encoding='utf-8',
    )
    evidence = folder / 'evidence.jsonl'
    evidence.unlink(missing_ok=True)
    done = subprocess.run(
        [str(core.bin / 'ansible-playbook'), '-i', 'inventory.yml', 'plays.yml'],
        cwd=folder,
        env=environment(core)
        | {
            'ANSIBLE_CALLBACK_PLUGINS': str(_CALLBACKS),
            'ANSIBLE_CALLBACKS_ENABLED': 'evidence',
            'ANSIBLE_HOME': str(folder),
            'ANSIBLE_FORKS': '20',
            'E2E_EVIDENCE': str(evidence),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_RUN,
    )
    output = done.stdout + done.stderr
    assert evidence.exists(), output
    results: dict[str, dict[str, Result]] = {}
    for line in evidence.read_text(encoding='utf-8').splitlines():
        row = json.loads(line)
        results.setdefault(row['task'], {})[row['host']] = {**row['result'], 'status': row['status']}
    return Played(results, output, {name: HostEvidence.of(host) for name, host in running.items()})


def ansible(core: Core, running: Fleet, folder: Path, module: str, arguments: Mapping[str, Any]) -> str:
    """Run a module on all hosts as from the command line.

    :param core: the ansible-core to run.
    :param running: the hosts.
    :param folder: where the run's files go.
    :param module: its name in this collection.
    :param arguments: its options.
    :returns: what a person saw.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'inventory.yml').write_text(yaml.safe_dump(running.inventory()), encoding='utf-8')
    words = ['all', '-i', 'inventory.yml', '-m', f'winops.sessions.{module}']
    words += ['-a', json.dumps(arguments)] if arguments else []
    return subprocess.run(
        [str(core.bin / 'ansible'), *words],
        cwd=folder,
        env=environment(core) | {'ANSIBLE_HOME': str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_RUN,
    ).stdout


def once(folder: Path, name: str, make: Callable[[], _Made]) -> _Made:
    """Make something once for all processes that run tests.

    :param folder: a folder that they share.
    :param name: its name.
    :param make: makes it; it can be pickled.
    """
    path = folder / f'{name}.pickle'
    with open(folder / f'{name}.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            path.write_bytes(pickle.dumps(make()))
        found: _Made = pickle.loads(path.read_bytes())
        return found


__all__ = ['HostEvidence', 'Played', 'ansible', 'fleet', 'once', 'play']
