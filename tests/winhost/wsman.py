# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WS-Management messages: reads requests, writes responses and faults (MS-WSMV)."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

COMMAND_SHELL = 'http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd'
POWERSHELL = 'http://schemas.microsoft.com/powershell/Microsoft.PowerShell'
SHELL = 'http://schemas.microsoft.com/wbem/wsman/1/windows/shell'

_ANONYMOUS = 'http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous'
_FAULT_ACTION = 'http://schemas.dmtf.org/wbem/wsman/1/wsman/fault'
_NAMESPACES = {
    's': 'http://www.w3.org/2003/05/soap-envelope',
    'a': 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
    'w': 'http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd',
    'x': 'http://schemas.xmlsoap.org/ws/2004/09/transfer',
    'rsp': SHELL,
    'f': 'http://schemas.microsoft.com/wbem/wsman/1/wsmanfault',
}
_DEFAULT_TIMEOUT = 60.0  # MS-WSMV: the default of OperationTimeout


class Fault(Exception):
    """A request fails with a SOAP fault, which has the HTTP status 500."""

    def __init__(self, code: int, subcode: str, reason: str, sender: bool = True) -> None:
        """Create the fault.

        :param code: the Win32 or WS-Management error code.
        :param subcode: the qualified name of the kind, ``w:TimedOut`` for example.
        :param reason: the text of Windows.
        :param sender: whether the fault is in the request and not in the server.
        """
        super().__init__(reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason
        self.sender = sender


def timed_out() -> Fault:
    """Return the fault for a Receive without output in time; clients send it again."""
    reason = 'The WS-Management service cannot complete the operation within the time specified in OperationTimeout.'
    return Fault(2150858793, 'w:TimedOut', reason, sender=False)


def unknown_shell(shell_id: str) -> Fault:
    """Return the fault for a shell that does not exist or belongs to another account."""
    reason = (
        f'The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found '
        'on the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists.'
    )
    return Fault(2150858843, 'w:InvalidSelectors', reason)


def invalid(reason: str = 'The parameter is incorrect.') -> Fault:
    """Return the fault for an invalid message, for example one with an unknown command."""
    return Fault(2147942487, 'w:InvalidParameter', reason)


def unsupported(what: str) -> Fault:
    """Return the fault for an unknown action or resource."""
    return Fault(2147942450, 'a:ActionNotSupported', f'The request is not supported: {what}')


class _NoDoctype(ET.TreeBuilder):
    """Reject document types, which SOAP forbids, and with them all entities."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ET.ParseError('a SOAP message has no document type')


def _local(element: ET.Element) -> str:
    return element.tag.rpartition('}')[2]


def _duration(text: str | None) -> float:
    match = re.fullmatch(r'PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?', text or '')
    if match is None:
        return _DEFAULT_TIMEOUT
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


@dataclass(frozen=True)
class Request:
    """A request. Elements are found by local name, because each client uses other prefixes.

    :param action: the last part of the action's URI, ``Create`` or ``Receive`` for example.
    :param action_uri: the whole of it.
    :param message_id: to be repeated in the answer.
    :param resource: the kind of shell.
    :param shell_id: the ID of the shell in capitals, or empty.
    :param timeout: seconds in which the client expects an answer.
    :param body: the element inside the body, or an empty one.
    """

    action: str
    action_uri: str
    message_id: str
    resource: str
    shell_id: str
    timeout: float
    body: ET.Element

    @classmethod
    def parse(cls, message: bytes) -> Request:
        """Read a message.

        :raises xml.etree.ElementTree.ParseError: if it is not XML, or not a SOAP envelope with an action.
        """
        envelope = ET.fromstring(message, ET.XMLParser(target=_NoDoctype()))
        header = {_local(element): element for element in envelope.findall('{*}Header/*')}
        if 'Action' not in header:
            raise ET.ParseError('a SOAP header needs an Action')
        text = {name: (element.text or '').strip() for name, element in header.items()}
        shell = envelope.find("{*}Header/{*}SelectorSet/{*}Selector[@Name='ShellId']")
        body = envelope.find('{*}Body/*')
        return cls(
            action=text['Action'].rpartition('/')[2],
            action_uri=text['Action'],
            message_id=text.get('MessageID', ''),
            resource=text.get('ResourceURI', ''),
            shell_id='' if shell is None else (shell.text or '').strip().upper(),
            timeout=_duration(text.get('OperationTimeout')),
            body=ET.Element('Nothing') if body is None else body,
        )

    def all(self, name: str) -> Iterator[ET.Element]:
        """Find every element of the body with a local name, the body's own element included."""
        return (element for element in self.body.iter() if _local(element) == name)

    def first(self, name: str) -> ET.Element | None:
        """Find the first element of the body with a local name."""
        return next(self.all(name), None)

    def text(self, name: str) -> str:
        """Read the text of the first element of the body with a local name, or an empty one."""
        element = self.first(name)
        return '' if element is None else element.text or ''

    @property
    def command_id(self) -> str:
        """The ID of the command, a GUID in capitals, or empty.

        :raises Fault: if the client gave something else.
        """
        # Depending on the action, it is an attribute of CommandLine, Stream, DesiredStream or Signal.
        given = next((element.attrib['CommandId'] for element in self.body.iter() if 'CommandId' in element.attrib), '')
        try:
            return str(uuid.UUID(given)).upper() if given else ''
        except ValueError:
            raise invalid() from None


def decoded(text: str | None) -> bytes:
    """Decode the base64 of a message.

    :raises Fault: if it is none.
    """
    try:
        return base64.b64decode(text or '', validate=False)
    except binascii.Error:
        raise invalid() from None


def received(command_id: str, chunks: list[tuple[str, bytes]], exit_code: int | None) -> str:
    """Write the answer to a Receive.

    :param command_id: the command, or empty for output of the shell itself.
    :param chunks: pairs of stream and bytes.
    :param exit_code: the exit code, None while the command runs.
    """
    of = f' CommandId="{command_id}"' if command_id else ''
    streams = ''.join(
        f'<rsp:Stream Name="{name}"{of}>{base64.b64encode(data).decode()}</rsp:Stream>' for name, data in chunks
    )
    state = ''
    if command_id:
        word, code = ('Running', '') if exit_code is None else ('Done', f'<rsp:ExitCode>{exit_code}</rsp:ExitCode>')
        state = f'<rsp:CommandState{of} State="{SHELL}/CommandState/{word}">{code}</rsp:CommandState>'
    return f'<rsp:ReceiveResponse>{streams}{state}</rsp:ReceiveResponse>'


def answer(request: Request, body: str) -> bytes:
    """Write the answer to a request.

    :param body: what the SOAP body holds, as XML; the prefixes ``s a w x rsp f`` are there.
    """
    return _envelope(f'{request.action_uri}Response', request.message_id, body)


def fault(message_id: str, error: Fault, machine: str) -> bytes:
    """Write the fault that answers a request.

    :param message_id: the request's, as far as it is known.
    :param machine: the host's name.
    """
    side = 'Sender' if error.sender else 'Receiver'
    reason = escape(error.reason)
    return _envelope(
        _FAULT_ACTION,
        message_id,
        f"""<s:Fault>
        <s:Code><s:Value>s:{side}</s:Value><s:Subcode><s:Value>{error.subcode}</s:Value></s:Subcode></s:Code>
        <s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason>
        <s:Detail>
        <f:WSManFault Code="{error.code}" Machine={quoteattr(machine)}><f:Message>{reason}</f:Message></f:WSManFault>
        </s:Detail></s:Fault>""",
    )


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    namespaces = ' '.join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
    return f"""<s:Envelope xml:lang="en-US" {namespaces}><s:Header>
        <a:Action>{escape(action)}</a:Action><a:To>{_ANONYMOUS}</a:To>
        <a:MessageID>uuid:{uuid.uuid4()}</a:MessageID><a:RelatesTo>{escape(relates_to)}</a:RelatesTo>
        </s:Header><s:Body>{body}</s:Body></s:Envelope>""".encode()
