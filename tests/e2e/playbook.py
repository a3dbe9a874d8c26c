# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the real ``ansible-playbook`` and ``ansible`` against simulated hosts and collects the evidence."""

from __future__ import annotations

import fcntl
import json
import pickle
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from project import Core, environment
from winhost.fleet import Fleet, ReachableHost

LONGEST_RUN = 1200  # seconds on a machine with much else to do; a run that takes longer hangs

#: Keywords of a play in which a failure on a host does not end the play.
TO_THE_END = {'ignore_errors': True, 'ignore_unreachable': True}

_CALLBACKS = Path(__file__).resolve().parent / 'callback'
_RECAP = re.compile(r'^(\S+)\s+: (ok=\d+.*)$', re.MULTILINE)

# A long module call costs one more message for each operation time-out (20 s by default), and one if its output comes
# long before its end. The number of messages must not depend on the speed of this machine.
_PATIENT_HOST = {'winrm': {'gather': 300}}
_PATIENCE = {
    'ansible_winrm_operation_timeout_sec': 300,
    'ansible_winrm_read_timeout_sec': 330,
    'ansible_psrp_operation_timeout': 300,
    'ansible_psrp_read_timeout': 330,
    # The simulated hosts run in the process of the tests; ssh waits this long for the first line of its server.
    'ansible_ssh_timeout': 330,
}

# The hosts of a fork run on this machine: more forks than this only wait for each other.
_FORKS = '4'

Result = dict[str, Any]
Plays = Sequence[Mapping[str, Any]]
_Made = TypeVar('_Made')


@dataclass
class HostEvidence:
    """What happened on a host, as data that outlives it.

    :ivar users: the users that are logged on at the end, by session ID.
    :ivar acts: function, session ID (or the registry value's name) and the session's account, in order.
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
        """Collect a host's evidence.

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

    @property
    def actions(self) -> list[tuple[str, Any]]:
        """The acts that a user notices: function and session."""
        return [(api, session) for api, session, _account in self.acts if api.startswith('WTS')]


@dataclass
class Run:
    """The result of one run of ``ansible-playbook``.

    :ivar status: the exit status.
    :ivar output: the output, as a person reads it.
    :ivar results: each result by task and host, the last one of a task that ran again; ``status`` in it is ok, failed
        or unreachable.
    :ivar recap: the numbers of the recap by host and word.
    :ivar report: the content of user-sessions/report.json; None if none was written.
    :ivar calls: the number of module calls to each host in this run.
    :ivar hosts: what has happened on the hosts since they were started.
    """

    status: int
    output: str
    results: dict[str, dict[str, Result]]
    recap: dict[str, dict[str, int]] = field(default_factory=dict)
    report: dict[str, Any] | None = None
    calls: dict[str, int] = field(default_factory=dict)
    hosts: dict[str, HostEvidence] = field(default_factory=dict)

    def __getitem__(self, task: str) -> dict[str, Result]:
        if task not in self.results:
            raise KeyError(f'{task}\n{self.output}')
        return self.results[task]

    @property
    def pauses(self) -> int:
        """The number of pauses of the play."""
        return self.output.count('Pausing for ')

    def statuses(self) -> dict[str, str]:
        """The status of each host in the report."""
        assert self.report, self.output
        return {host['name']: host['status'] for host in self.report['hosts']}

    def outcomes(self) -> dict[tuple[str, str], str | None]:
        """The outcome of each session in the report, by host and user."""
        assert self.report, self.output
        return {(row['host'], row['user']): row['outcome'] for row in self.report['rows'] if row['user']}


def run(
    core: Core,
    fleet: Fleet,
    folder: Path,
    playbook: str | Path | Plays,
    *arguments: str,
    variables: Mapping[str, Any] | None = None,
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Run:
    """Run a playbook against a fleet.

    :param core: the ansible-core to run.
    :param fleet: the hosts; some of them may be stopped.
    :param folder: the working directory, in which ``user-sessions`` appears.
    :param playbook: the short name of one of the collection, a file, or plays (of all hosts, without facts, unless
        they set these keywords).
    :param arguments: further arguments of ``ansible-playbook``.
    :param variables: extra variables, such as the answers of a survey.
    :param hosts: variables of hosts in the inventory.
    :param settings: environment variables, such as settings of Ansible.
    """
    inventory = fleet.inventory()
    inventory['all']['vars'] |= _PATIENCE
    for name, own in (hosts or {}).items():
        inventory['all']['hosts'][name] |= own
    folder.mkdir(parents=True, exist_ok=True)
    # In the fleet's order, in which a single fork calls the hosts.
    _dump(inventory, folder / 'inventory.yml')
    if isinstance(playbook, str):
        name = f'winops.sessions.{playbook}'
    elif isinstance(playbook, Path):
        name = str(playbook)
    else:
        name = 'plays.yml'
        common = {'name': 'A play', 'hosts': 'all', 'gather_facts': False}
        _dump([{**common, **play} for play in playbook], folder / name)
    evidence = folder / 'evidence.jsonl'
    evidence.write_text('')
    before = {host: served.messages.count('Create') for host, served in fleet.items()}
    status, output = execute(
        core,
        folder,
        'ansible-playbook',
        '--inventory=inventory.yml',
        f'--extra-vars={json.dumps(variables or {})}',
        *arguments,
        name,
        ANSIBLE_CALLBACK_PLUGINS=str(_CALLBACKS),
        ANSIBLE_CALLBACKS_ENABLED='evidence',
        ANSIBLE_FORKS=_FORKS,
        E2E_EVIDENCE=str(evidence),
        **(settings or {}),
    )
    results: dict[str, dict[str, Result]] = {}
    for line in evidence.read_text(encoding='utf-8').splitlines():
        row = json.loads(line)
        results.setdefault(row['task'], {})[row['host']] = {**row['result'], 'status': row['status']}
    report = folder / 'user-sessions' / 'report.json'
    return Run(
        status,
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


def ad_hoc(core: Core, fleet: Fleet, folder: Path, module: str, arguments: Mapping[str, Any]) -> str:
    """Run a module on all hosts from the command line.

    :param core: the ansible-core to run.
    :param fleet: the hosts.
    :param folder: the working directory.
    :param module: the module's name in this collection.
    :param arguments: its options.
    :returns: the output.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _dump(fleet.inventory(), folder / 'inventory.yml')
    words = ['all', '-i', 'inventory.yml', '-m', f'winops.sessions.{module}']
    words += ['-a', json.dumps(arguments)] if arguments else []
    return execute(core, folder, 'ansible', *words)[1]


def execute(core: Core, folder: Path, program: str, *arguments: str, **settings: str) -> tuple[int, str]:
    """Run one of ansible's commands. It must not use a deprecated feature.

    :param core: the ansible-core whose environment is used.
    :param folder: the working directory.
    :param program: the name of a program in that environment.
    :param arguments: its arguments.
    :param settings: environment variables.
    :returns: the exit status, and the output of both streams.
    """
    done = subprocess.run(
        [str(core.bin / program), *arguments],
        cwd=folder,
        env=environment(core) | {'ANSIBLE_HOME': str(folder)} | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_RUN,
    )
    output = done.stdout + done.stderr
    assert 'DEPRECATION' not in output, output
    return done.returncode, output


def patient_fleet(hosts: Mapping[str, Any]) -> Fleet:
    """A fleet on which the number of messages of a call does not depend on the speed of this machine.

    :param hosts: the hosts, as in the specification of a fleet.
    """
    return Fleet({'hosts': {name: {**_PATIENT_HOST, **spec} for name, spec in hosts.items()}})


def cached_across_workers(folder: Path, name: str, make: Callable[[], _Made]) -> _Made:
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


def _dump(content: Any, path: Path) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding='utf-8')


__all__ = [
    'TO_THE_END',
    'HostEvidence',
    'Result',
    'Run',
    'ad_hoc',
    'cached_across_workers',
    'execute',
    'patient_fleet',
    'run',
]
