# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts for the tests of the simulated host itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from winhost.host import Host


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Start hosts from the words of a spec; they stop with the test."""
    with ExitStack() as stack:

        def started(**spec: Any) -> Host:
            return stack.enter_context(Host('web01', spec, tmp_path / 'web01'))

        yield started
