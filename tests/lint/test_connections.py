# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No plugin depends on the connection plugin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from project import ROOT

# Code that reads the variable quotes its name. A text may contain it.
READS = re.compile(r"""['"]ansible_connection['"]|\.transport\b|\b(?:winrm|psrp|pypsrp|paramiko)\b""", re.IGNORECASE)
FOLDERS = ('action', 'filter', 'module_utils', 'modules', 'plugin_utils')
CODE = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / 'plugins' / folder).rglob('*')
    if path.suffix in ('.py', '.ps1', '.cs')
)


@pytest.mark.parametrize('path', CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_plugin_does_not_depend_on_the_connection(path: Path) -> None:
    code = '\n'.join(
        line for line in path.read_text(encoding='utf-8').splitlines() if not line.lstrip().startswith('#')
    )
    assert READS.findall(code) == []
