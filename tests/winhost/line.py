# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A network line to a simulated host that is slow, is cut or forwards single bytes, and counts its traffic."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from types import TracebackType

from winhost import background

_ABORT = struct.pack('ii', 1, 0)  # socket(7), SO_LINGER: a close that resets the connection


@dataclass
class Traffic:
    """The traffic of a line.

    :ivar connections: TCP connections.
    :ivar turns: how often the client sent data after the host did, or first: for HTTP, the requests.
    :ivar sent: bytes from the client.
    :ivar received: bytes from the host.
    """

    connections: int = 0
    turns: int = 0
    sent: int = 0
    received: int = 0


class Line:
    """A proxy on a port of 127.0.0.1; runs inside ``with``.

    :ivar port: the port for the client.
    :ivar traffic: the traffic so far.
    """

    def __init__(
        self,
        port: int,
        round_trip: float = 0.0,
        piece: int | None = None,
        cut_turn: int | None = None,
        cut_after: int | None = None,
    ) -> None:
        """Create the line without opening it.

        :param port: the host's port on 127.0.0.1.
        :param round_trip: the round-trip time in seconds. A new connection takes one more, as with TCP. The slow
            start of TCP is not simulated.
        :param piece: forward the output of the host in pieces of this many bytes.
        :param cut_turn: cut the connection once, when the host responds to this turn.
        :param cut_after: cut the connection once, after this many bytes in both directions together.
        """
        self.port = 0
        self.traffic = Traffic()
        self._host = port
        self._delay = round_trip / 2
        self._piece = piece
        self._cut_turn = cut_turn
        self._cut_after = cut_after
        self._open: set[_Ends] = set()

    def __enter__(self) -> Line:
        """Open the line."""
        asyncio.run_coroutine_threadsafe(self._listen(), background.loop()).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the line and all its connections."""
        asyncio.run_coroutine_threadsafe(self._close(), background.loop()).result()

    def cut(self) -> None:
        """Cut all connections; new ones are possible."""
        background.loop().call_soon_threadsafe(self._cut)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._carry, '127.0.0.1', 0, backlog=128)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        self._cut()

    def _cut(self) -> None:
        for ends in list(self._open):
            ends.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.traffic.connections += 1
        try:
            host_reader, host_writer = await asyncio.open_connection('127.0.0.1', self._host)
        except OSError:
            writer.transport.abort()
            return
        ends = _Ends(writer, host_writer)
        self._open.add(ends)
        # The first data is delayed by the round trip of the connection as well.
        sending = self._hand_on(ends, reader, host_writer, sends=True, extra=2 * self._delay)
        receiving = self._hand_on(ends, host_reader, writer, sends=False)
        with contextlib.suppress(OSError):
            await asyncio.gather(sending, receiving)
        ends.close()
        self._open.discard(ends)

    async def _hand_on(
        self,
        ends: _Ends,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        sends: bool,
        extra: float = 0.0,
    ) -> None:
        clock = asyncio.get_running_loop().time
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        not_before = clock() + extra

        async def arrive() -> None:
            data = b'-'
            while data:
                due, data = await under_way.get()
                if self._delay:
                    await asyncio.sleep(max(0.0, due - clock()))
                for part in self._pieces(data, sends):
                    writer.write(part)
                    await writer.drain()
            with contextlib.suppress(OSError):
                writer.write_eof()

        arriving = asyncio.create_task(arrive())
        try:
            data = b'-'
            while data:
                data = await reader.read(65536)
                if data and self._counts(ends, len(data), sends):
                    self._cut()
                    return
                under_way.put_nowait((max(not_before, clock()) + self._delay, data))
            await arriving
        finally:
            arriving.cancel()

    def _pieces(self, data: bytes, sends: bool) -> list[bytes]:
        if sends or self._piece is None:
            return [data] if data else []
        return [data[start : start + self._piece] for start in range(0, len(data), self._piece)]

    def _counts(self, ends: _Ends, size: int, sends: bool) -> bool:
        """Count bytes, and return whether to cut the connection before they are handed on."""
        traffic = self.traffic
        answers = ends.sent_last and not sends
        traffic.turns += sends and not ends.sent_last
        ends.sent_last = sends
        if sends:
            traffic.sent += size
        else:
            traffic.received += size
        if answers and traffic.turns == self._cut_turn:
            self._cut_turn = None
            return True
        if self._cut_after is not None and traffic.sent + traffic.received > self._cut_after:
            self._cut_after = None
            return True
        return False


class _Ends:
    """The two ends of a connection."""

    def __init__(self, *writers: asyncio.StreamWriter) -> None:
        self._writers = writers
        self.sent_last = False

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    def abort(self) -> None:
        for writer in self._writers:
            with contextlib.suppress(OSError):
                writer.get_extra_info('socket').setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            writer.transport.abort()
