# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Windows Remote Management of a host: its shells and their requests (MS-WSMV)."""

from __future__ import annotations

import threading
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from xml.sax.saxutils import escape

from winhost import wsman
from winhost.commands import Commands, Host
from winhost.process import Process
from winhost.psrp import RunspacePool


@dataclass(frozen=True)
class Options:
    """The behavior of WinRM of a host.

    :param operation_timeout: the longest time of a Receive without output in seconds; None: that of the request.
    :param gather: seconds for which a Receive with output waits for the end, so that one response contains both.
    :param piece: the largest number of bytes in a response; None: no limit.
    :param certificate: the certificate for HTTPS, one of :data:`winhost.certificate.KINDS`.
    """

    operation_timeout: float | None = None
    gather: float = 2.0
    piece: int | None = None
    certificate: str = 'valid'


class Shell(Protocol):
    """A shell of either kind. All methods can raise :class:`wsman.Fault`."""

    account: str

    def command(self, request: wsman.Request) -> str:
        """Start a command and return its ID."""

    def send(self, request: wsman.Request) -> None:
        """Send input to a command."""

    def receive(self, request: wsman.Request, timeout: float) -> str:
        """Wait for output and return it as XML."""

    def signal(self, request: wsman.Request) -> None:
        """Stop a command."""

    def close(self) -> None:
        """End the command; waiting calls return."""


class CommandShell:
    """A shell that starts a process for each command."""

    def __init__(self, account: str, start: Callable[[str], Process], options: Options) -> None:
        """Open the shell.

        :param account: whose it is.
        :param start: starts a command line.
        :param options: how to answer.
        """
        self.account = account
        self._start = start
        self._options = options
        self._commands: dict[str, Process] = {}

    def command(self, request: wsman.Request) -> str:
        """Start a command and return its ID."""
        # On Windows, a process gets one command line, which contains all Arguments.
        line = ' '.join(
            element.text or '' for element in request.body if element.tag.endswith(('}Command', '}Arguments'))
        )
        command_id = request.command_id or str(uuid.uuid4()).upper()
        self._commands[command_id] = self._start(line)
        return command_id

    def send(self, request: wsman.Request) -> None:
        """Send input to a command, in any number of parts. The last one is marked."""
        process = self._process(request)
        for element in request.all('Stream'):
            process.write(wsman.decoded(element.text), end=element.get('End', '').lower() == 'true')

    def receive(self, request: wsman.Request, timeout: float) -> str:
        """Wait for output and return it as XML."""
        output = self._process(request).read(timeout, self._options.gather, self._options.piece)
        if output is None:
            raise wsman.timed_out()
        return wsman.received(request.command_id, output.chunks, output.exit_code)

    def signal(self, request: wsman.Request) -> None:
        """Stop a command and its child processes."""
        self._process(request).kill()
        self._commands.pop(request.command_id, None)

    def close(self) -> None:
        """Stop all commands."""
        for process in list(self._commands.values()):
            process.kill()

    def _process(self, request: wsman.Request) -> Process:
        try:
            return self._commands[request.command_id]
        except KeyError:
            raise wsman.invalid() from None


class Service:
    """The WinRM service of a host."""

    def __init__(self, host: Host, commands: Commands, options: Options = Options()) -> None:
        """Create the service.

        :param host: the host.
        :param commands: starts its commands.
        :param options: its behavior.
        """
        self._host = host
        self._commands = commands
        self._options = options
        self._shells: dict[str, Shell] = {}
        self._closed = False
        self._lock = threading.Lock()

    def handle(self, account: str, message: bytes) -> tuple[int, bytes]:
        """Answer a message.

        :param account: its sender.
        :param message: a SOAP envelope.
        :returns: HTTP status and body.
        """
        message_id = ''
        try:
            try:
                request = wsman.Request.parse(message)
            except ET.ParseError as error:
                raise wsman.invalid(f'The request is not a WS-Management message: {error}') from None
            message_id = request.message_id
            self._host.messages.append(request.action)
            return 200, wsman.answer(request, self._answer(account, request))
        except wsman.Fault as error:
            return 500, wsman.fault(message_id, error, self._host.name)

    def close(self) -> None:
        """End all shells."""
        with self._lock:
            self._closed = True
            shells = list(self._shells.values())
            self._shells.clear()
        for shell in shells:
            shell.close()

    def _answer(self, account: str, request: wsman.Request) -> str:
        if request.action == 'Create':
            return self._create(account, request)
        shell = self._shells.get(request.shell_id)
        if shell is None or shell.account != account:
            raise wsman.unknown_shell(request.shell_id)
        match request.action:
            case 'Command':
                command_id = shell.command(request)
                return f'<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>'
            case 'Send':
                shell.send(request)
                return '<rsp:SendResponse/>'
            case 'Receive':
                longest = self._options.operation_timeout
                return shell.receive(request, request.timeout if longest is None else min(longest, request.timeout))
            case 'Signal':
                shell.signal(request)
                return '<rsp:SignalResponse/>'
            case 'Get':
                return _described(request.shell_id, request.resource, account)
            case 'Delete':
                self._shells.pop(request.shell_id, None)
                shell.close()
                return ''
            case _:
                raise wsman.unsupported(request.action_uri)

    def _create(self, account: str, request: wsman.Request) -> str:
        variables = {element.attrib['Name']: element.text or '' for element in request.all('Variable')}

        def start(line: str) -> Process:
            return self._commands.start(account, line, variables)

        shell: Shell
        if request.resource == wsman.COMMAND_SHELL:
            shell = CommandShell(account, start, self._options)
        elif request.resource == wsman.POWERSHELL:
            opening = wsman.decoded(request.text('creationXml'))
            shell = RunspacePool(account, start, self._options.gather, opening)
        else:
            raise wsman.unsupported(request.resource)
        shell_id = str(uuid.uuid4()).upper()
        with self._lock:
            if self._closed:
                shell.close()
                raise wsman.unknown_shell(shell_id)
            self._shells[shell_id] = shell
        return (
            '<x:ResourceCreated><a:Address>http://localhost/wsman</a:Address><a:ReferenceParameters>'
            f'<w:ResourceURI>{request.resource}</w:ResourceURI>'
            f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
            f'</a:ReferenceParameters></x:ResourceCreated>{_described(shell_id, request.resource, account)}'
        )


def _described(shell_id: str, resource: str, account: str) -> str:
    return (
        f'<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId><rsp:ResourceUri>{escape(resource)}</rsp:ResourceUri>'
        f'<rsp:Owner>{escape(account)}</rsp:Owner><rsp:ClientIP>127.0.0.1</rsp:ClientIP>'
        '<rsp:State>Connected</rsp:State></rsp:Shell>'
    )
