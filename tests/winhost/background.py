# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The event loop that serves what is not a thread for each connection: SSH and lines."""

from __future__ import annotations

import asyncio
import functools
import threading

# functools.cache lets two threads make a value at once. Two hosts then had loops of their own, and a command of one
# host wrote its output into the loop of the other.
_making = threading.Lock()


def loop() -> asyncio.AbstractEventLoop:
    """The event loop of all hosts of this process, in a thread of its own."""
    with _making:
        return _loop()


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    made = asyncio.new_event_loop()
    threading.Thread(target=made.run_forever, name='winhost-loop', daemon=True).start()
    return made
