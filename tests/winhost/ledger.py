# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The memory and the handles of a host, so that a test detects leaks and wrong calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from winhost.errors import Error, WinError


@dataclass
class Buffer:
    """A block of memory that an API function allocated.

    :ivar api: the function.
    :ivar pid: the process that called it.
    :ivar kind: how it is freed: ``plain``, ``local``, or the WTS_TYPE_CLASS of an array.
    :ivar count: the number of elements of an array.
    """

    api: str
    pid: int
    kind: str | int
    count: int = 0


class Memory:
    """The allocated blocks, and how they were freed.

    :ivar live: the blocks that were not freed, by number.
    :ivar misuse: descriptions of calls that freed a block twice, with the wrong function, or one that does not exist.
    """

    def __init__(self) -> None:
        self.live: dict[int, Buffer] = {}
        self.misuse: list[str] = []
        self._serial = 0

    def hand_out(self, api: str, pid: int, kind: str | int = 'plain', count: int = 0) -> int:
        """Number a block.

        :param api: the function that allocates it.
        :param pid: the process that calls it.
        :param kind: how it has to be freed.
        :param count: the number of elements of an array.
        :returns: the number, which the native library stores before the block.
        """
        self._serial += 1
        self.live[self._serial] = Buffer(api, pid, kind, count)
        return self._serial

    def free(self, api: str, serial: int, kind: int, count: int) -> None:
        """Free a block.

        :param api: the function that frees it.
        :param serial: its number; 0: the API did not allocate it.
        :param kind: the WTS_TYPE_CLASS passed to WTSFreeMemoryExW.
        :param count: the number of elements passed to it.
        """
        buffer = self.live.pop(serial, None)
        if buffer is None:
            self.misuse.append(
                f'{api} got memory that {"was freed before" if serial else "no API function has allocated"}'
            )
        elif (buffer.kind == 'local') != (api == 'LocalFree'):
            self.misuse.append(f'{api} got memory of {buffer.api}')
        elif isinstance(buffer.kind, int) and api == 'WTSFreeMemory':
            self.misuse.append(f'{api} got an array of {buffer.api}, which WTSFreeMemoryExW frees')
        elif isinstance(buffer.kind, int) and (kind, count) != (buffer.kind, buffer.count):
            given, actual = f'type {kind} and {count} elements', f'type {buffer.kind} and {buffer.count} elements'
            self.misuse.append(f'{api} got {given} for {actual} of {buffer.api}')


class Handles:
    """Open handles.

    :ivar live: their objects.
    :ivar misuse: descriptions of calls that closed a handle that was not open.
    """

    def __init__(self) -> None:
        self.live: dict[int, Any] = {}
        self.misuse: list[str] = []
        self._last = 0x100

    def open(self, what: Any) -> int:
        """Open a handle.

        :param what: its object.
        :returns: the handle.
        """
        self._last += 4
        self.live[self._last] = what
        return self._last

    def get(self, handle: int, kind: type) -> Any:
        """Return the object of a handle.

        :param handle: the handle.
        :param kind: the expected type of the object.
        :raises WinError: if the handle is not open, or has another object.
        """
        if not isinstance(self.live.get(handle), kind):
            raise WinError(Error.INVALID_HANDLE)
        return self.live[handle]

    def close(self, api: str, handle: int, kind: type) -> None:
        """Close a handle.

        :param api: the function that closes it.
        :param handle: the handle.
        :param kind: the expected type of the object.
        :raises WinError: if the handle is not open, or has another object.
        """
        try:
            self.get(handle, kind)
        except WinError:
            self.misuse.append(f'{api} got the handle {handle:#x}, which is not open')
            raise
        del self.live[handle]
