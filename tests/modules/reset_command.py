# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command of a simulated host that resets sessions."""

from __future__ import annotations

from pathlib import Path

from winhost.host import Host


def rwinsta(host: Host) -> Path:
    """The command as an administrator would type it."""
    return host.root / 'Windows' / 'System32' / 'rwinsta.exe'


def hang_reset(host: Host) -> None:
    """Let the command hang before it does anything."""
    rwinsta(host).write_text('#!/bin/sh\nexec tail -f /dev/null\n')
