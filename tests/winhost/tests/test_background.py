# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SSH connections and lines of all hosts share one event loop."""

from __future__ import annotations

import asyncio
import importlib.util
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from winhost import background


def test_threads_that_ask_at_the_same_time_get_the_same_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    # A module of its own, whose loop does not exist yet.
    assert background.__spec__ is not None
    fresh = importlib.util.module_from_spec(background.__spec__)
    assert background.__spec__.loader is not None
    background.__spec__.loader.exec_module(fresh)
    make = asyncio.new_event_loop

    def made_slowly() -> asyncio.AbstractEventLoop:
        time.sleep(0.05)
        return make()

    monkeypatch.setattr(asyncio, 'new_event_loop', made_slowly)
    with ThreadPoolExecutor(8) as pool:
        loops = {id(found.result()) for found in [pool.submit(fresh.loop) for _unused in range(8)]}
    assert len(loops) == 1
    fresh.loop().call_soon_threadsafe(fresh.loop().stop)
