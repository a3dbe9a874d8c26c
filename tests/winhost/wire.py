# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The protocol of the API socket of a host, which the native library and the inbox commands use.

A request and its response are one frame each: a 32-bit length, then values. A value is a tag and its content,
little-endian: ``u`` a 64-bit integer; ``s`` a count of UTF-16 units (all ones: NULL) and the units; ``b`` a count of
bytes and the bytes; ``a`` the same for UTF-8 text. A request contains the name of the function, the account, the
caller, the process ID and the arguments, a response the Win32 error and the results.
"""

from __future__ import annotations

import socket
import struct

Value = int | str | bytes | None

_NULL = 0xFFFFFFFF


def pack(*values: Value) -> bytes:
    """Pack values into a frame.

    :param values: integers (modulo 2**64), text (lone surrogates too), bytes, or None for a NULL string.
    :returns: the frame, which begins with its length.
    """
    parts = []
    for value in values:
        if value is None:
            parts.append(struct.pack('<cI', b's', _NULL))
        elif isinstance(value, int):
            parts.append(struct.pack('<cQ', b'u', value & 0xFFFFFFFFFFFFFFFF))
        elif isinstance(value, str):
            data = value.encode('utf-16-le', 'surrogatepass')
            parts.append(struct.pack('<cI', b's', len(data) // 2) + data)
        else:
            parts.append(struct.pack('<cI', b'b', len(value)) + value)
    body = b''.join(parts)
    return struct.pack('<I', len(body)) + body


def unpack(body: bytes) -> list[Value]:
    """Unpack a frame's values.

    :param body: the frame without its length.
    :returns: the values.
    :raises ValueError: if it is not a frame.
    """
    values: list[Value] = []
    at = 0
    try:
        while at < len(body):
            tag = body[at : at + 1]
            if tag == b'u':
                values.append(struct.unpack_from('<Q', body, at + 1)[0])
                at += 9
                continue
            (count,) = struct.unpack_from('<I', body, at + 1)
            at += 5
            if tag == b's' and count == _NULL:
                values.append(None)
                continue
            size = count * 2 if tag == b's' else count
            data = body[at : at + size]
            if len(data) != size:
                raise ValueError(f'a frame ends {size - len(data)} bytes early')
            at += size
            if tag == b's':
                values.append(data.decode('utf-16-le', 'surrogatepass'))
            elif tag == b'a':
                values.append(data.decode('utf-8', 'surrogateescape'))
            elif tag == b'b':
                values.append(data)
            else:
                raise ValueError(f'a frame holds the unknown tag {tag!r}')
    except struct.error as error:
        raise ValueError(f'a frame is cut: {error}') from error
    return values


def receive(connection: socket.socket) -> list[Value] | None:
    """Receive a frame's values.

    :param connection: a connected stream socket.
    :returns: the values; None if the other side has closed the connection.
    :raises ValueError: if it is not a frame.
    """
    head = _exactly(connection, 4)
    if head is None:
        return None
    body = _exactly(connection, struct.unpack('<I', head)[0])
    return None if body is None else unpack(body)


def call(path: str, api: str, account: str, caller: str, pid: int, *arguments: Value) -> tuple[int, list[Value]]:
    """Call a function of a host's API.

    :param path: the host's socket.
    :param api: the function's name.
    :param account: the account of the caller, ``CORP\\user``.
    :param caller: the calling program, such as ``quser``.
    :param pid: its process ID.
    :param arguments: the function's arguments.
    :returns: the Win32 error and the results.
    :raises OSError: if the host does not answer.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(pack(api, account, caller, pid, *arguments))
        values = receive(connection)
    if not values or not isinstance(values[0], int):
        raise ConnectionError(f'the host at {path} closed the connection during {api}')
    return values[0], values[1:]


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = []
    while size:
        part = connection.recv(size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b''.join(parts)
