# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The event loop that serves what is not a thread for each connection: SSH and lines."""

from __future__ import annotations

import asyncio
import threading

# Made by the import, which happens once: two hosts with loops of their own would write into each other's.
_LOOP = asyncio.new_event_loop()
threading.Thread(target=_LOOP.run_forever, name='winhost-loop', daemon=True).start()


def loop() -> asyncio.AbstractEventLoop:
    """The event loop of all hosts of this process, in a thread of its own."""
    return _LOOP
