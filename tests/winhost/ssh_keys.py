# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creates the SSH keys of a fleet: one of its hosts, and one of its users."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class SshKeys:
    """The files of a fleet's keys.

    :ivar host: the private key of all hosts.
    :ivar user: the private key of all accounts.
    :ivar authorized: the public key of all accounts, in the format of ``authorized_keys``.
    :ivar known_hosts: the ``known_hosts`` file for ``ssh``.
    """

    host: Path
    user: Path
    authorized: Path
    known_hosts: Path

    @classmethod
    def write(cls, folder: Path) -> SshKeys:
        """Write new keys.

        :param folder: an existing folder.
        """
        keys = cls(*(folder / name for name in ('ssh_host_key', 'id_ed25519', 'authorized_keys', 'known_hosts')))
        public = _write(keys.host)
        keys.known_hosts.write_bytes(b'[127.0.0.1]:* ' + public + b'\n')
        keys.authorized.write_bytes(_write(keys.user) + b'\n')
        return keys


def _write(path: Path) -> bytes:
    key = Ed25519PrivateKey.generate()
    path.touch(0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    )
    return key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
