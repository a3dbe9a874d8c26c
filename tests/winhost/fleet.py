# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated hosts in one process, each on its own loopback port."""

from __future__ import annotations

import functools
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from winhost.certificate import KINDS, Certificates
from winhost.commands import Commands
from winhost.host import Host
from winhost.listener import Listener
from winhost.logon import Logon
from winhost.spec import SpecError, check
from winhost.ssh_keys import SshKeys
from winhost.winrm import Options, Service


class ReachableHost(Host):
    """A host that serves WinRM and SSH.

    :ivar port: its port on 127.0.0.1, for HTTP, HTTPS and SSH.
    :ivar messages: the names of the messages that it received, in order: of WS-Management, such as ``Create`` or
        ``Receive``, and ``Exec`` or ``Sftp`` for a command or a file transfer over SSH.
    """

    def __init__(
        self,
        name: str,
        spec: Mapping[str, Any] | None,
        root: Path,
        certificates: Certificates,
        keys: SshKeys,
    ) -> None:
        """Create the host.

        :param name: its name in the inventory.
        :param spec: its part of the fleet's spec; ``winrm`` contains :class:`winhost.winrm.Options`.
        :param root: its folder.
        :param certificates: the certificates of the fleet.
        :param keys: the SSH keys of the fleet.
        :raises SpecError: if the spec is not valid.
        """
        spec = dict(spec or {})
        self.messages: list[str] = []
        self.port = 0
        self._options = Options(**check(spec.pop('winrm', None), set(Options.__annotations__), f'{name}: winrm'))
        if self._options.certificate not in KINDS:
            raise SpecError(f'{name}: winrm: certificate {self._options.certificate!r} is not {", ".join(KINDS)}')
        self._certificates = certificates
        self._keys = keys
        self._running = ExitStack()
        super().__init__(name, spec, root)

    def start(self) -> None:
        """Start the host and its services. After a stop, it has the same port again."""
        with ExitStack() as stack:
            super().start()
            stack.callback(super().stop)
            commands = Commands(self)
            service = Service(self, commands, self._options)
            stack.callback(service.close)
            listener = Listener(
                functools.partial(Logon, self),
                service.handle,
                functools.partial(self._serve_ssh, commands),
                self._certificates.server(self._options.certificate),
                self.port,
            )
            stack.callback(listener.close)
            self.port = listener.port
            self._running = stack.pop_all()

    def stop(self) -> None:
        """Stop the services and end all commands."""
        self._running.close()

    def _serve_ssh(self, commands: Commands, connection: socket.socket) -> None:
        from winhost import ssh  # asyncssh is slow to load, and most fleets do not need it

        ssh.Service(self, commands, self._keys).serve(connection)


class Fleet(Mapping[str, ReachableHost]):
    """Hosts by name; they run inside ``with``."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        """Create the hosts without starting them.

        :param spec: ``hosts``, by name; see tests/winhost/README.md.
        :raises SpecError: if the spec is not valid.
        """
        hosts = check(spec, {'hosts'}, 'fleet').get('hosts')
        if not isinstance(hosts, Mapping) or not hosts:
            raise SpecError(f'fleet: hosts: {hosts!r} is not a mapping of names to hosts, for example {{web01: {{}}}}')
        # A short path, because the address of a UNIX socket has at most 108 bytes.
        self._folder = tempfile.TemporaryDirectory(prefix='wh-', ignore_cleanup_errors=True)
        self.root = Path(self._folder.name)
        self.certificates = Certificates(self.root)
        self.ssh_keys = SshKeys.write(self.root)
        self._hosts = {
            str(name): ReachableHost(str(name), given, self.root / str(number), self.certificates, self.ssh_keys)
            for number, (name, given) in enumerate(hosts.items())
        }

    @classmethod
    def load(cls, path: Path | str) -> Fleet:
        """Create the hosts of a YAML file.

        :param path: the file.
        :raises OSError: if it cannot be read.
        :raises SpecError: if it is not YAML, or not valid.
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
        """Stop all hosts and remove their files."""
        self._running.__exit__(kind, error, trace)

    def __getitem__(self, name: str) -> ReachableHost:
        return self._hosts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hosts)

    def __len__(self) -> int:
        return len(self._hosts)

    def inventory(
        self, connection: str = 'winrm', scheme: str = 'http', validate: bool = False, logon: str = 'basic'
    ) -> dict[str, Any]:
        """Create an Ansible inventory.

        :param connection: ``winrm``, ``psrp`` or ``ssh``.
        :param scheme: ``http`` or ``https``, not for ``ssh``.
        :param validate: whether the client checks the certificate; ``ssh`` always checks the host's key.
        :param logon: ``basic``, ``ntlm`` (with encrypted messages over HTTP) or ``certificate``; ``ssh`` uses a key.
        :returns: the content of a YAML inventory; the account is the first one of each host.
        """
        if connection not in _VARIABLES:
            raise ValueError(f'connection {connection!r} is not {", ".join(_VARIABLES)}')
        hosts = {}
        for name, host in self.items():
            account = next(iter(host.accounts.values()))
            hosts[name] = {'ansible_port': host.port, 'ansible_user': account.name}
            if connection != 'ssh' and logon != 'certificate':
                hosts[name]['ansible_password'] = account.password
        common = {'ansible_connection': connection, 'ansible_host': '127.0.0.1'}
        return {'all': {'hosts': hosts, 'vars': common | _VARIABLES[connection](self, scheme, validate, logon)}}

    def _user_certificate(self) -> str:
        account = next(iter(next(iter(self.values())).accounts))
        domain, _unused, user = account.partition('\\')
        return str(self.certificates.user(f'{user}@{domain}'))


def _winrm(fleet: Fleet, scheme: str, validate: bool, logon: str) -> dict[str, Any]:
    variables = {'ansible_winrm_scheme': scheme, 'ansible_winrm_transport': logon}
    variables['ansible_winrm_server_cert_validation'] = 'validate' if validate else 'ignore'
    if validate:
        variables['ansible_winrm_ca_trust_path'] = str(fleet.certificates.authority)
    if logon == 'certificate':
        user = fleet._user_certificate()
        variables |= {'ansible_winrm_cert_pem': user, 'ansible_winrm_cert_key_pem': user}
    return variables


def _psrp(fleet: Fleet, scheme: str, validate: bool, logon: str) -> dict[str, Any]:
    variables = {'ansible_psrp_protocol': scheme, 'ansible_psrp_auth': logon}
    variables['ansible_psrp_cert_validation'] = 'validate' if validate else 'ignore'
    if validate:
        variables['ansible_psrp_ca_cert'] = str(fleet.certificates.authority)
    if logon == 'basic':
        variables['ansible_psrp_message_encryption'] = 'never'
    if logon == 'certificate':
        user = fleet._user_certificate()
        variables |= {'ansible_psrp_certificate_pem': user, 'ansible_psrp_certificate_key_pem': user}
    return variables


def _ssh(fleet: Fleet, *_unused: object) -> dict[str, Any]:
    # The user's own configuration is not read.
    return {
        'ansible_shell_type': 'powershell',
        'ansible_ssh_private_key_file': str(fleet.ssh_keys.user),
        'ansible_ssh_common_args': f'-F none -o UserKnownHostsFile={fleet.ssh_keys.known_hosts}',
    }


_VARIABLES: dict[str, Callable[[Fleet, str, bool, str], dict[str, Any]]] = {
    'winrm': _winrm,
    'psrp': _psrp,
    'ssh': _ssh,
}
