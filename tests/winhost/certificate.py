# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creates the certificates of a fleet: for HTTPS and for a user."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: The certificates that a host can have; all except the first are not valid.
KINDS = ('valid', 'expired', 'other_name', 'other_issuer')

_LOOPBACK = [
    x509.IPAddress(ipaddress.IPv4Address('127.0.0.1')),
    x509.DNSName('localhost'),
]
_UPN = x509.ObjectIdentifier('1.3.6.1.4.1.311.20.2.3')  # "Certificate authentication in Windows Remote Management"


class Certificates:
    """The certificates of a fleet, created when they are needed.

    :ivar authority: the file that clients trust.
    """

    def __init__(self, folder: Path) -> None:
        """Create the certificate authority.

        :param folder: an existing folder.
        """
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named('Simulated Windows hosts')
        self.authority = folder / 'authority.pem'
        self._trusted = _sign(self._key, self._name, self._key, self._name, [], authority=True)
        self.authority.write_bytes(self._trusted.public_bytes(serialization.Encoding.PEM))

    def server(self, kind: str = 'valid') -> ssl.SSLContext:
        """Return the TLS settings of a host.

        :param kind: one of :data:`KINDS`.
        """
        names: Sequence[x509.GeneralName] = [x509.DNSName('other.example')] if kind == 'other_name' else _LOOPBACK
        issuer = ec.generate_private_key(ec.SECP256R1()) if kind == 'other_issuer' else self._key
        path = self._folder / f'{kind}.pem'
        if not path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            made = _sign(key, _named(kind), issuer, self._name, names, ended=kind == 'expired')
            _write(path, key, made)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        # A client certificate is verified, and not required.
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(self.authority)
        return context

    def user(self, principal: str) -> Path:
        """Create the certificate of a user.

        :param principal: the user's name, ``ansible@corp``.
        :returns: a file that holds the certificate and its key.
        """
        path = self._folder / 'user.pem'
        if not path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            text = principal.encode()
            names = [x509.OtherName(_UPN, bytes([0x0C, len(text)]) + text)]  # DER of an UTF8String
            _write(path, key, _sign(key, _named(principal), self._key, self._name, names))
        return path


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _sign(
    key: ec.EllipticCurvePrivateKey,
    name: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    names: Sequence[x509.GeneralName],
    authority: bool = False,
    ended: bool = False,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * day)
        .not_valid_after(now - day if ended else now + 30 * day)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _write(path: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.touch(0o600)
    path.write_bytes(private + certificate.public_bytes(pem))
