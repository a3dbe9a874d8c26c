# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The loopback port of a host, for HTTP, HTTPS and SSH."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from winhost.logon import Challenge, Logon, Refused

# A client's first byte names its protocol: the ContentType of a TLS handshake (RFC 8446), the version line of SSH
# (RFC 4253); the only HTTP method here is POST.
_TLS_HANDSHAKE = b'\x16'
_SSH_VERSION = b'S'


class Listener(ThreadingMixIn, TCPServer):
    """Serves a host on a port of 127.0.0.1."""

    allow_reuse_address = True  # a restarted host gets its port again at once
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        logon: Callable[[], Logon],
        handle: Callable[[str, bytes], tuple[int, bytes]],
        serve_ssh: Callable[[socket.socket], None],
        tls: ssl.SSLContext,
        port: int = 0,
    ) -> None:
        """Bind and serve.

        :param logon: creates the authentication of a connection.
        :param handle: returns HTTP status and body for an account and a message.
        :param serve_ssh: serves an SSH connection until it ends.
        :param tls: the settings of HTTPS.
        :param port: the port; 0: a free one.
        """
        self.logon = logon
        self.handle = handle
        self._serve_ssh = serve_ssh
        self._tls = tls
        self._open: set[socket.socket] = set()
        super().__init__(('127.0.0.1', port), _Handler)
        self.port: int = self.server_address[1]
        threading.Thread(target=self._accept, name=f'winhost-{self.port}', daemon=True).start()

    def close(self) -> None:
        """Accept no further connections and close the open ones."""
        for sock in [self.socket, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes accept() and recv(), which close() does not
        self.server_close()

    def _accept(self) -> None:
        # serve_forever() polls, which is slow with many hosts in a process.
        while True:
            try:
                connection, address = self.socket.accept()
            except OSError:
                return
            self.process_request(connection, address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection; runs in a thread of its own."""
        self._open.add(request)
        try:
            first = request.recv(1, socket.MSG_PEEK)
            if first == _SSH_VERSION:
                self._serve_ssh(request)
                return
            if first == _TLS_HANDSHAKE:
                self._open.discard(request)
                request = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
                self._open.add(request)
                request.do_handshake()
            super().finish_request(request, client_address)
        finally:
            self._open.discard(request)
            request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report errors, except for clients that have disconnected."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    # Head and body in one packet: a second one would wait until the first is acknowledged.
    wbufsize = -1
    server_version = 'Microsoft-HTTPAPI/2.0'
    sys_version = ''
    server: Listener

    def setup(self) -> None:
        """Begin a connection."""
        super().setup()
        self._logon = self.server.logon()

    def do_POST(self) -> None:
        """Answer a WS-Management message."""
        message = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        content_type = self.headers.get('Content-Type', '')
        certificate = self.connection.getpeercert(True) if isinstance(self.connection, ssl.SSLSocket) else None
        if self.path.partition('?')[0] != '/wsman':
            self._reply(404)
            return
        try:
            account = self._logon.account(self.headers.get('Authorization', ''), certificate)
        except Refused as refused:
            self._reply(401, headers=refused.headers)
            return
        if not message and self._logon.negotiated:
            self._reply(
                200, headers=self._logon.headers
            )  # a client that encrypts its messages logs on with an empty one
            return
        status, body = self.server.handle(account, self._logon.read(content_type, message))
        content_type, body = self._logon.write(content_type, body)
        self._reply(status, body, [*self._logon.headers, ('Content-Type', content_type)])

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing, because the host records its messages."""

    def _reply(self, status: int, body: bytes = b'', headers: Challenge | None = None) -> None:
        self.send_response(status)
        for name, value in [*(headers or []), ('Content-Length', str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
