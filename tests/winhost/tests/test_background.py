# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SSH connections and lines of all hosts share one event loop."""

from __future__ import annotations

import importlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import winhost
from winhost import background

THREADS = 8


def test_threads_get_the_same_loop_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # The module is imported again, and both traces of that are removed afterwards.
    monkeypatch.setattr(winhost, 'background', background)
    monkeypatch.delitem(sys.modules, background.__name__)
    together = threading.Barrier(THREADS)

    def ask() -> int:
        together.wait()
        return id(importlib.import_module(background.__name__).loop())

    with ThreadPoolExecutor(THREADS) as pool:
        loops = {found.result() for found in [pool.submit(ask) for _number in range(THREADS)]}
    fresh = sys.modules[background.__name__].loop()
    fresh.call_soon_threadsafe(fresh.stop)
    assert len(loops) == 1
