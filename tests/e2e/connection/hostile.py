# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A connection to a host that answers each module call with the text of a file."""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: hostile
short_description: A host that answers anything
description: Answers each module call with the text of a file.
author: winops.sessions authors (@winops)
options:
  answer:
    description: The file.
    type: path
    required: true
    vars:
      - name: hostile_answer
"""


class Connection(ConnectionBase):
    """Answers with a text."""

    transport = 'hostile'
    module_implementation_preferences = ('.ps1', '.exe', '')
    allow_executable = False

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Answer."""
        self._connect()
        return 0, Path(self.get_option('answer')).read_bytes(), b''

    def put_file(self, in_path: str, out_path: str) -> None:
        """Take nothing."""

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Give nothing."""

    def close(self) -> None:
        """End."""
