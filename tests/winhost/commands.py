# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts the commands of a simulated host, for every connection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from winhost import pwsh
from winhost.process import Process

# Ansible uses several of these names of PowerShell.
_NAMES = ('PowerShell', 'powershell', 'powershell.exe', 'pwsh', 'pwsh.exe')


class Host(Protocol):
    """The parts of a host that a network service uses."""

    name: str
    root: Path
    messages: list[str]

    def environment(self, account: str) -> dict[str, str]:
        """Return all environment variables of a command that an account runs."""


class Commands:
    """The commands of a host."""

    def __init__(self, host: Host) -> None:
        """Put PowerShell on the host's PATH.

        :param host: the host.
        """
        self._host = host
        self._names = host.root / 'PowerShell'
        self._names.mkdir(parents=True, exist_ok=True)
        for name in _NAMES:
            (self._names / name).unlink(missing_ok=True)
            (self._names / name).symlink_to(pwsh.find())

    def start(self, account: str, line: str, variables: Mapping[str, str] | None = None) -> Process:
        """Start a command.

        :param account: the account that runs it.
        :param line: a Windows command line.
        :param variables: further environment variables.
        """
        environment = self._host.environment(account)
        path = os.pathsep.join(filter(None, [environment.get('PATH'), str(self._names)]))
        return Process(line, {**environment, 'PATH': path, **(variables or {})}, self._host.root)
