# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host has handed out and not got back: memory and handles.

A test sees here what leaked or was given back the wrong way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from winhost.errors import Error, WinError


@dataclass
class Buffer:
    """A block of memory that an API function handed out.

    :ivar api: the function.
    :ivar pid: the process that has it.
    :ivar kind: how it is freed: ``plain``, ``local``, or the WTS_TYPE_CLASS of an array.
    :ivar count: the elements of an array.
    """

    api: str
    pid: int
    kind: str | int
    count: int = 0


class Memory:
    """Every allocated block, and how it was freed.

    :ivar live: what was not freed yet, by number.
    :ivar misuse: descriptions of blocks that were freed twice, wrongly, or never allocated.
    """

    def __init__(self) -> None:
        self.live: dict[int, Buffer] = {}
        self.misuse: list[str] = []
        self._serial = 0

    def hand_out(self, api: str, pid: int, kind: str | int = 'plain', count: int = 0) -> int:
        """Number a block.

        :param api: the function that allocates it.
        :param pid: the process that gets it.
        :param kind: how it is to be freed.
        :param count: the elements of an array.
        :returns: the number, which the native library keeps in front of the block.
        """
        self._serial += 1
        self.live[self._serial] = Buffer(api, pid, kind, count)
        return self._serial

    def free(self, api: str, serial: int, kind: int, count: int) -> None:
        """Take a block back.

        :param api: the function that frees it.
        :param serial: the block's number; 0: the memory is none of ours.
        :param kind: the WTS_TYPE_CLASS passed to WTSFreeMemoryExW.
        :param count: the number of elements passed to it.
        """
        buffer = self.live.pop(serial, None)
        if buffer is None:
            self.misuse.append(
                f'{api} got memory that {"was freed before" if serial else "no API function handed out"}'
            )
        elif (buffer.kind == 'local') != (api == 'LocalFree'):
            self.misuse.append(f'{api} got memory of {buffer.api}')
        elif isinstance(buffer.kind, int) and api == 'WTSFreeMemory':
            self.misuse.append(f'{api} got an array of {buffer.api}, which WTSFreeMemoryExW frees')
        elif isinstance(buffer.kind, int) and (kind, count) != (buffer.kind, buffer.count):
            given, actual = f'type {kind} and {count} elements', f'type {buffer.kind} and {buffer.count} elements'
            self.misuse.append(f'{api} got {given} for {actual} of {buffer.api}')


class Handles:
    """Open handles: of servers, and of registry keys.

    :ivar live: what each stands for.
    :ivar misuse: descriptions of handles that were closed and not open.
    """

    def __init__(self) -> None:
        self.live: dict[int, Any] = {}
        self.misuse: list[str] = []
        self._last = 0x100

    def open(self, what: Any) -> int:
        """Open a handle.

        :param what: what it stands for.
        :returns: its number.
        """
        self._last += 4
        self.live[self._last] = what
        return self._last

    def get(self, handle: int, kind: type) -> Any:
        """Find what a handle stands for.

        :param handle: its number.
        :param kind: what it should stand for.
        :raises WinError: it is not open, or stands for something else.
        """
        if not isinstance(self.live.get(handle), kind):
            raise WinError(Error.INVALID_HANDLE)
        return self.live[handle]

    def close(self, api: str, handle: int, kind: type) -> None:
        """Close a handle.

        :param api: the function that closes it.
        :param handle: its number.
        :param kind: what it should stand for.
        :raises WinError: it is not open, or stands for something else.
        """
        try:
            self.get(handle, kind)
        except WinError:
            self.misuse.append(f'{api} got the handle {handle:#x}, which is not open')
            raise
        del self.live[handle]
