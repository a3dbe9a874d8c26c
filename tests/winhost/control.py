# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The control socket of a running fleet: shows and changes its hosts from another process.

A request and its response are one line of JSON each: ``{"ask": "sessions", "host": "web01"}``, ``{"answer": [...]}``
or ``{"error": "..."}``.
"""

from __future__ import annotations

import dataclasses
import json
import socket
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingMixIn, UnixStreamServer
from threading import Thread
from typing import Any

from winhost.fleet import Fleet, ReachableHost


class ControlError(Exception):
    """The fleet returned an error, or is not running."""


def _sessions(host: ReachableHost) -> list[dict[str, Any]]:
    with host.lock:
        return [_plain(session) | {'account': session.account} for session in host.sessions]


def _change(host: ReachableHost, change: dict[str, Any]) -> list[dict[str, Any]]:
    host.change(change)
    return _sessions(host)


_ASKED: dict[str, Callable[..., Any]] = {
    'sessions': _sessions,
    'calls': lambda host: [_plain(call) for call in host.calls],
    'acts': lambda host: [_plain(call) for call in host.acts],
    'messages': lambda host: list(host.messages),
    'change': _change,
}


def _plain(value: Any) -> Any:
    """Convert a value for JSON: enumerations to names, bytes to hexadecimal text."""
    if dataclasses.is_dataclass(value):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in dataclasses.fields(value) if entry.repr}
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


class Control(ThreadingMixIn, UnixStreamServer):
    """Serves the control socket of a fleet."""

    daemon_threads = True

    def __init__(self, fleet: Fleet) -> None:
        """Start the server.

        :param fleet: the running fleet; the socket is in its folder.
        """
        self.fleet = fleet
        self.path = fleet.root / 'control'
        super().__init__(str(self.path), _Handler)
        Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_unused: object) -> None:
        """Stop the server."""
        self.shutdown()
        self.server_close()


class _Handler(StreamRequestHandler):
    server: Control

    def handle(self) -> None:
        try:
            asked = json.loads(self.rfile.readline())
            name, ask = asked.pop('host'), asked.pop('ask')
            if name not in self.server.fleet:
                raise ControlError(f'unknown host {name!r}. Hosts: {", ".join(self.server.fleet)}')
            reply = {'answer': _ASKED[ask](self.server.fleet[name], **asked)}
        except Exception as error:  # the client reports any error, and the fleet continues
            reply = {'error': str(error) or type(error).__name__}
        self.wfile.write(json.dumps(reply).encode() + b'\n')


def ask(path: Path | str, what: str, host: str, **details: Any) -> Any:
    """Send a request to a running fleet.

    :param path: its control socket.
    :param what: ``sessions``, ``calls``, ``acts``, ``messages`` or ``change``.
    :param host: the name of the host.
    :param details: for ``change``, the change, as ``do`` of an event in the spec.
    :returns: lists of plain data; for ``change``, the sessions afterwards.
    :raises ControlError: if no fleet is running, or it returns an error.
    """
    with socket.socket(socket.AF_UNIX) as connection, connection.makefile('rwb') as stream:
        try:
            connection.connect(str(path))
        except OSError as error:
            raise ControlError(f'no fleet is running at {path}: {error.strerror}') from error
        stream.write(json.dumps({'ask': what, 'host': host, **details}).encode() + b'\n')
        stream.flush()
        reply = json.loads(stream.readline())
    if 'error' in reply:
        raise ControlError(reply['error'])
    return reply['answer']
