# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many simulated hosts in one process, each on a loopback port of its own."""

from __future__ import annotations

import functools
import socket
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from winhost import certificate
from winhost.commands import Commands
from winhost.host import Host
from winhost.listener import Listener
from winhost.spec import SpecError, check
from winhost.ssh_keys import SshKeys
from winhost.winrm import Options, Service


class ReachableHost(Host):
    """A host that answers WinRM and SSH while it runs.

    :ivar port: its port on 127.0.0.1, for HTTP, HTTPS and SSH.
    :ivar messages: the name of every WS-Management message it got, ``Create`` or ``Receive`` for example, and ``Exec``
        or ``Sftp`` for every command or file transfer over SSH, in order.
    """

    def __init__(
        self, name: str, spec: Mapping[str, Any] | None, root: Path, tls: ssl.SSLContext, keys: SshKeys
    ) -> None:
        """Make the host.

        :param name: its name in the inventory.
        :param spec: what the fleet's spec says about it; ``winrm`` holds :class:`winhost.winrm.Options`.
        :param root: a folder of its own.
        :param tls: how it speaks HTTPS.
        :param keys: the keys of its SSH server.
        :raises SpecError: the spec is wrong.
        """
        spec = dict(spec or {})
        self.messages: list[str] = []
        self.port = 0
        self._options = Options(**check(spec.pop('winrm', None), set(Options.__annotations__), f'{name}: winrm'))
        self._tls = tls
        self._keys = keys
        self._running = ExitStack()
        super().__init__(name, spec, root)

    def start(self) -> None:
        """Start the host and serve it; on the port that it had, when it was stopped before."""
        with ExitStack() as stack:
            super().start()
            stack.callback(super().stop)
            commands = Commands(self)
            service = Service(self, commands, self._options)
            stack.callback(service.close)
            listener = Listener(
                self.authenticate, service.handle, functools.partial(self._serve_ssh, commands), self._tls, self.port
            )
            stack.callback(listener.close)
            self.port = listener.port
            self._running = stack.pop_all()

    def stop(self) -> None:
        """Serve no more, and end all that runs on the host."""
        self._running.close()

    def _serve_ssh(self, commands: Commands, connection: socket.socket) -> None:
        from winhost import ssh  # asyncssh takes a while to load, and most fleets never need it

        ssh.Service(self, commands, self._keys).serve(connection)


class Fleet(Mapping[str, ReachableHost]):
    """Hosts by their names; runs inside ``with``."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        """Make the hosts; they are not reachable yet.

        :param spec: ``hosts``: names to what tests/winhost/README.md shows.
        :raises SpecError: the spec is wrong.
        """
        hosts = check(spec, {'hosts'}, 'fleet').get('hosts')
        if not isinstance(hosts, Mapping) or not hosts:
            raise SpecError(f'fleet: hosts: {hosts!r} is no mapping of names to hosts, for example {{web01: {{}}}}')
        # A short path: the address of a UNIX socket inside has 108 bytes.
        self._folder = tempfile.TemporaryDirectory(prefix='wh-', ignore_cleanup_errors=True)
        self.root = Path(self._folder.name)
        self.certificate = self.root / 'certificate.pem'
        certificate.write(self.certificate)
        self.ssh_keys = SshKeys.write(self.root)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate)
        self._hosts = {
            str(name): ReachableHost(str(name), said, self.root / str(number), tls, self.ssh_keys)
            for number, (name, said) in enumerate(hosts.items())
        }

    @classmethod
    def load(cls, path: Path | str) -> Fleet:
        """Make the hosts of a YAML file.

        :param path: the file.
        :raises OSError: it can not be read.
        :raises SpecError: it is no YAML, or says something wrong.
        """
        try:
            return cls(yaml.safe_load(Path(path).read_text(encoding='utf-8')))
        except (yaml.YAMLError, SpecError) as error:
            raise SpecError(f'{path}: {error}') from error

    def __enter__(self) -> Fleet:
        """Start all hosts."""
        with ExitStack() as stack:
            stack.callback(self._folder.cleanup)
            for host in self._hosts.values():
                stack.enter_context(host)
            self._running = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all hosts; nothing of them is left."""
        self._running.__exit__(kind, error, trace)

    def __getitem__(self, name: str) -> ReachableHost:
        return self._hosts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hosts)

    def __len__(self) -> int:
        return len(self._hosts)

    def inventory(self, connection: str = 'winrm', scheme: str = 'http', validate: bool = False) -> dict[str, Any]:
        """Write an Ansible inventory.

        :param connection: ``winrm``, ``psrp`` or ``ssh``.
        :param scheme: ``http`` or ``https``, not for ``ssh``.
        :param validate: whether the client checks the certificate; ``ssh`` always checks the host's key.
        :returns: what a YAML inventory holds; every host logs on as the first of its accounts.
        """
        common: dict[str, Any] = {'ansible_connection': connection, 'ansible_host': '127.0.0.1'}
        check_with = 'validate' if validate else 'ignore'
        if connection == 'winrm':
            common |= {'ansible_winrm_scheme': scheme, 'ansible_winrm_transport': 'basic'}
            common |= {'ansible_winrm_server_cert_validation': check_with}
            common |= {'ansible_winrm_ca_trust_path': str(self.certificate)} if validate else {}
        elif connection == 'psrp':
            common |= {'ansible_psrp_protocol': scheme, 'ansible_psrp_auth': 'basic'}
            common |= {'ansible_psrp_message_encryption': 'never', 'ansible_psrp_cert_validation': check_with}
            common |= {'ansible_psrp_ca_cert': str(self.certificate)} if validate else {}
        elif connection == 'ssh':
            common |= {'ansible_shell_type': 'powershell', 'ansible_ssh_private_key_file': str(self.ssh_keys.user)}
            # Nothing of the person's own configuration.
            common |= {'ansible_ssh_common_args': f'-F none -o UserKnownHostsFile={self.ssh_keys.known_hosts}'}
        else:
            raise ValueError(f'connection {connection!r} is not winrm, psrp or ssh')
        hosts = {}
        for name, host in self.items():
            account = next(iter(host.accounts.values()))
            hosts[name] = {'ansible_port': host.port, 'ansible_user': account.name}
            if connection != 'ssh':
                hosts[name] |= {'ansible_password': account.password}
        return {'all': {'hosts': hosts, 'vars': common}}
