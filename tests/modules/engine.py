# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the PowerShell modules, many calls in one process, against simulated hosts."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any

import ansible

from ansible_collections.winops.sessions.plugins.plugin_utils._results.received import check_result
from winhost import pwsh
from winhost.host import Call, Host

ACCOUNT = 'CORP\\ansible'
_HERE = Path(__file__).resolve().parent
# tools/coverage_csharp.py measures a copy.
PLUGINS = Path(os.environ.get('WINOPS_PLUGINS', _HERE.parents[1] / 'plugins'))
_LONGEST_CALL = 120  # seconds; a call that takes longer hangs


def _check_documented(module: str, result: dict[str, Any], options: dict[str, Any]) -> None:
    """Fail if the action plugin would refuse a result, or drop something of it that is not documented."""
    checked = check_result(module, result, options)
    core = {'exception', 'invocation', 'warnings'}
    assert result.keys() - core == checked.keys() - core
    for key in {'sessions', 'protected', 'remaining'} & result.keys():
        assert [record.keys() for record in result[key]] == [record.keys() for record in checked[key]]


class Engine:
    """One PowerShell process that runs the modules as they are.

    Hosts come and go under the same root, so that the process finds each of them at the same socket.

    :param root: the folder of the hosts.
    :param plugins: the folder of the plugins, which may be an altered copy.
    """

    def __init__(self, root: Path, plugins: Path = PLUGINS) -> None:
        self.root = root
        self._lines: queue.Queue[str] = queue.Queue()
        host = Host('web01', {}, root)
        with host:
            environment = host.environment(ACCOUNT)
        environment |= {name: value for name, value in os.environ.items() if name == 'WINOPS_COVERAGE'}
        utils = Path(ansible.__file__).parent / 'module_utils'
        command = [
            pwsh.find(),
            '-NoProfile',
            '-File',
            _HERE / 'engine.ps1',
            '-AnsibleUtils',
            utils,
            '-Plugins',
            plugins,
        ]
        self._process = subprocess.Popen(
            [str(word) for word in command],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding='utf-8',
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        first = self._line()
        assert first == 'ready', first + self._rest()

    @property
    def pid(self) -> int:
        """The ID of the process, as it calls the API."""
        return self._process.pid

    def host(self, spec: dict[str, Any]) -> Host:
        """A host to be started, which the modules run on next."""
        host = Host('web01', spec, self.root)
        host.watchers.append(self._watch)
        return host

    def run(self, module: str, *, check: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
        """Run a module.

        :param module: its name.
        :param check: in check mode.
        :param diff: in diff mode.
        :param options: its options, as the action plugin hands them over.
        :returns: its result.
        """
        arguments = {**options, '_ansible_check_mode': check, '_ansible_diff': diff}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({'module': module, 'arguments': arguments}) + '\n')
        self._process.stdin.flush()
        line = self._line()
        try:
            result = json.loads(line)
        except ValueError:
            raise AssertionError(f'{module} printed no result: {line}{self._rest()}') from None
        assert 'unhandled' not in result, result
        _check_documented(module, result, options)
        return result

    def _watch(self, when: str, call: Call) -> None:
        """Let a copy of the engine know that its call hangs (hanging.cs)."""
        if when == 'hangs':
            (self.root / 'Temp' / f'hanging-{call.pid}').touch()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip('\n'))
        self._lines.put('')

    def _line(self) -> str:
        return self._lines.get(timeout=_LONGEST_CALL)

    def _rest(self) -> str:
        rest = []
        while not self._lines.empty():
            rest.append(self._lines.get())
        return '\n'.join(rest)
