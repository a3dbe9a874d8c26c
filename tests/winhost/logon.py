# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The authentication of WinRM: Basic, Negotiate with NTLM and message encryption, client certificates."""

from __future__ import annotations

import base64
import binascii
import os
import re
import struct
import threading
from pathlib import Path
from typing import Protocol

import spnego
from cryptography import x509
from spnego.exceptions import SpnegoError

from winhost.spec import Account

# MS-WSMV 2.2.9.1: encrypted messages.
_ENCRYPTED = 'application/HTTP-SPNEGO-session-encrypted'
_BOUNDARY = b'Encrypted Boundary'
_CONTENT_TYPE = f'multipart/encrypted;protocol="{_ENCRYPTED}";boundary="{_BOUNDARY.decode()}"'

# MS-WSMV 3.1.4.1.30: the scheme of client certificates. The account is in the UPN of the certificate ("Certificate
# authentication in Windows Remote Management").
_MUTUAL = 'http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual'
_UPN = x509.ObjectIdentifier('1.3.6.1.4.1.311.20.2.3')

_RAW_NTLM = b'NTLMSSP\0'  # MS-NLMP 2.2.1: a token that is not wrapped in SPNEGO

# pyspnego reads the passwords from the file in this environment variable, which all hosts share.
_USERS = 'NTLM_USER_FILE'
_acceptor = threading.Lock()

Challenge = list[tuple[str, str]]


class Refused(Exception):
    """The response to a request is 401.

    :ivar headers: the schemes that the client can try.
    """

    def __init__(self, *headers: str) -> None:
        super().__init__('401')
        self.headers: Challenge = [('WWW-Authenticate', value) for value in headers]


class Host(Protocol):
    """The host that accounts log on to."""

    root: Path
    accounts: dict[str, Account]

    def authenticate(self, user: str, password: str) -> str | None:
        """Return the account of a user with this password; None if it is refused."""

    def account(self, user: str) -> str | None:
        """Return the account of an authenticated user; None if it is refused."""


class Logon:
    """The authentication of one HTTP connection.

    :ivar headers: headers of the response to an accepted request: the last token of a negotiation.
    """

    def __init__(self, host: Host) -> None:
        """Start without an account.

        :param host: the host.
        """
        self._host = host
        self._account: str | None = None
        self._context: spnego.ContextProxy | None = None
        self.headers: Challenge = []

    def account(self, authorization: str, certificate: bytes | None) -> str:
        """Return the account of a request.

        :param authorization: the header of that name, which may be empty.
        :param certificate: the verified certificate of the client (DER).
        :raises Refused: if there is none, or the negotiation continues.
        """
        self.headers = []
        scheme, _unused, value = authorization.partition(' ')
        if scheme.lower() == 'basic':
            account = self._basic(value)
        elif scheme.lower() in ('negotiate', 'ntlm') and value:
            account = self._negotiate(scheme, value)
        elif scheme == _MUTUAL:
            account = None if certificate is None else self._named_by(certificate)
        else:
            # NTLM authenticates the connection and not the request.
            account = self._account if self.negotiated else None
        if account is None:
            raise Refused('Negotiate', 'Basic realm="WSMAN"')
        return account

    @property
    def negotiated(self) -> bool:
        """Whether the account has logged on with NTLM, so that messages can be encrypted."""
        return self._context is not None and self._context.complete

    def read(self, content_type: str, body: bytes) -> bytes:
        """Decrypt a message, if it is encrypted.

        :param content_type: the header of that name.
        :param body: the body.
        """
        if self._context is None or not content_type.startswith('multipart/encrypted'):
            return body
        _unused, header, data = re.split(rb'-- ?' + _BOUNDARY + rb'\r\n', body.removesuffix(b'--\r\n'), maxsplit=2)
        assert _ENCRYPTED.encode() in header
        data = data.removeprefix(b'\tContent-Type: application/octet-stream\r\n').removesuffix(b'--' + _BOUNDARY)
        (size,) = struct.unpack_from('<i', data)
        return self._context.unwrap_winrm(data[4 : 4 + size], data[4 + size :])

    def write(self, content_type: str, body: bytes) -> tuple[str, bytes]:
        """Encrypt an answer, if the request was encrypted.

        :param content_type: the Content-Type of the request.
        :param body: the answer.
        :returns: the Content-Type and the body.
        """
        plain = 'application/soap+xml;charset=UTF-8'
        if self._context is None or not content_type.startswith('multipart/encrypted'):
            return plain, body
        wrapped = self._context.wrap_winrm(body)
        lines = [
            b'--' + _BOUNDARY,
            f'\tContent-Type: {_ENCRYPTED}'.encode(),
            f'\tOriginalContent: type={plain};Length={len(body) + wrapped.padding_length}'.encode(),
            b'--' + _BOUNDARY,
            b'\tContent-Type: application/octet-stream',
            struct.pack('<i', len(wrapped.header)) + wrapped.header + wrapped.data + b'--' + _BOUNDARY + b'--',
            b'',
        ]
        return _CONTENT_TYPE, b'\r\n'.join(lines)

    def _basic(self, value: str) -> str | None:
        try:
            credentials = base64.b64decode(value, validate=True)
        except binascii.Error:
            return None
        try:
            user, _unused, password = credentials.decode().partition(':')
        except UnicodeDecodeError:
            # The encoding of the library requests (RFC 7617).
            user, _unused, password = credentials.decode('latin-1').partition(':')
        return self._host.authenticate(user, password)

    def _negotiate(self, scheme: str, value: str) -> str | None:
        try:
            token = base64.b64decode(value, validate=True)
            with _acceptor:
                os.environ[_USERS] = str(self._users())
                try:
                    if self._context is None or self._context.complete:
                        protocol = 'ntlm' if token.startswith(_RAW_NTLM) else 'negotiate'
                        options = spnego.NegotiateOptions.use_negotiate if protocol == 'negotiate' else None
                        self._context = spnego.server(
                            protocol=protocol, options=options or spnego.NegotiateOptions.none
                        )
                    answer = self._context.step(token)
                finally:
                    del os.environ[_USERS]
        except (ValueError, struct.error, SpnegoError):
            self._context = None
            return None
        challenge = f'{scheme} {base64.b64encode(answer or b"").decode()}'
        if not self._context.complete:
            raise Refused(challenge)
        self.headers = [('WWW-Authenticate', challenge)] if answer else []
        self._account = self._host.account(str(self._context.client_principal))
        return self._account

    def _users(self) -> Path:
        path = self._host.root / 'ntlm_users'
        if not path.exists():
            lines = []
            for account in self._host.accounts.values():
                domain, _unused, user = account.name.partition('\\')
                for form in (f'{domain}:{user}', f':{user}', f':{user}@{domain}'):
                    lines += [] if account.refused else [f'{form}:{account.password}\n']
            path.touch(0o600)
            path.write_text(''.join(lines))
        return path

    def _named_by(self, certificate: bytes) -> str | None:
        try:
            names = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(
                x509.SubjectAlternativeName
            )
        except x509.ExtensionNotFound:
            return None
        for name in names.value.get_values_for_type(x509.OtherName):
            if name.type_id == _UPN:
                # DER of an UTF8String of less than 128 bytes.
                return self._host.account(name.value[2:].decode())
        return None
