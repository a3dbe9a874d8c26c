# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The event loop that serves SSH and lines; the other services use a thread for each connection."""

from __future__ import annotations

import asyncio
import threading

# Created by the import, because that happens once, even if two threads start hosts.
_LOOP = asyncio.new_event_loop()
threading.Thread(target=_LOOP.run_forever, name='winhost-loop', daemon=True).start()


def loop() -> asyncio.AbstractEventLoop:
    """Return the event loop of all hosts of this process, which runs in its own thread."""
    return _LOOP
