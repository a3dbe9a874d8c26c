# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PowerShell remoting: a bridge between WS-Management and ``pwsh -ServerMode``.

Both transport the same fragments (MS-PSRP 2.2.4): in SOAP messages, and in lines on the standard streams.
"""

from __future__ import annotations

import base64
import struct
import threading
import uuid
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from winhost import wsman
from winhost.process import Process

# MS-PSRP 2.2.1: the last message of a pipeline, and the one that opens the pool.
_POOL_STATE = 0x00021005
_PIPELINE_STATE = 0x00041006
_FRAGMENT = struct.Struct('>QQBI')  # object, number, flags, length
_MESSAGE = struct.Struct('<II')  # destination, type
_FIRST, _LAST = 1, 2  # flags of a fragment

_POOL = str(uuid.UUID(int=0))  # the ID of the pool on the standard streams

# Seconds until PowerShell has to acknowledge a message. Without a problem, it does so at once.
_PATIENCE = 60.0


def ended_messages(fragments: bytes, started: dict[int, int]) -> Iterator[int]:
    """Return the types of the messages that end with these fragments.

    :param fragments: one or more complete fragments.
    :param started: the types of the messages that have begun, by object ID; updated.
    :returns: the types.
    """
    position = 0
    while position < len(fragments):
        number, _unused, flags, length = _FRAGMENT.unpack_from(fragments, position)
        position += _FRAGMENT.size
        if flags & _FIRST:
            _unused, started[number] = _MESSAGE.unpack_from(fragments, position)
        position += length
        if flags & _LAST:
            yield started.pop(number)


@dataclass
class _Output:
    """Output of the pool or of one of its pipelines.

    :param waiting: fragments that no Receive has returned yet.
    :param started: the messages that have begun and not ended.
    :param settled: whether its last message (of the pool: the one that opens it) has been received.
    """

    waiting: bytes = b''
    started: dict[int, int] = field(default_factory=dict)
    settled: bool = False


class RunspacePool:
    """A shell whose commands are pipelines in one PowerShell process."""

    def __init__(self, account: str, start: Callable[[str], Process], gather: float, opening: bytes) -> None:
        """Open the pool.

        :param account: its account.
        :param start: starts a command line.
        :param gather: seconds for which a Receive with output waits for the end.
        :param opening: the first fragments of the client.
        """
        self.account = account
        self._gather = gather
        self._changed = threading.Condition()
        self._talking = threading.Lock()
        self._heard: Counter[tuple[str, str]] = Counter()
        self._outputs = {_POOL: _Output()}
        self._gone = False
        self._process = start('pwsh -NoLogo -NoProfile -ServerMode')
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self._tell_data(_POOL, opening)
        except wsman.Fault:
            self.close()
            raise

    def command(self, request: wsman.Request) -> str:
        """Start a pipeline and return its ID."""
        command_id = request.command_id or str(uuid.uuid4()).upper()
        guid = command_id.lower()
        self._outputs[guid] = _Output()
        self._tell('Command', guid)
        self._tell_data(guid, wsman.decoded(request.text('Arguments')))
        return command_id

    def send(self, request: wsman.Request) -> None:
        """Send input; stream ``pr`` contains responses to host calls."""
        for element in request.all('Stream'):
            stream = 'PromptResponse' if element.get('Name') == 'pr' else 'Default'
            self._tell_data(self._guid(request), wsman.decoded(element.text), stream)

    def receive(self, request: wsman.Request, timeout: float) -> str:
        """Wait for output of the pool or of a pipeline and return it as XML."""
        with self._changed:
            output = self._outputs[self._guid(request)]
            self._changed.wait_for(lambda: output.waiting or self._gone, timeout)
            self._changed.wait_for(lambda: output.settled or self._gone, self._gather if output.waiting else 0)
            if not output.waiting:
                raise _broken() if self._gone else wsman.timed_out()
            chunks = [('stdout', output.waiting)]
            output.waiting = b''
            return wsman.received(request.command_id, chunks, 0 if output.settled else None)

    def signal(self, request: wsman.Request) -> None:
        """Stop a pipeline, or close one that has ended."""
        word = 'Close' if request.text('Code').lower().endswith('/terminate') else 'Signal'
        guid = self._guid(request)
        self._tell(word, guid)
        if word == 'Close':
            del self._outputs[guid]

    def close(self) -> None:
        """End the pool's process."""
        self._process.kill()

    def _guid(self, request: wsman.Request) -> str:
        guid = request.command_id.lower() or _POOL
        if guid not in self._outputs:
            raise wsman.invalid()
        return guid

    def _tell_data(self, guid: str, fragments: bytes, stream: str = 'Default') -> None:
        self._tell('Data', guid, f" Stream='{stream}'", base64.b64encode(fragments).decode())

    def _tell(self, word: str, guid: str, attributes: str = '', text: str = '') -> None:
        acknowledged = (f'{word}Ack', guid)
        with self._talking, self._changed:
            wanted = self._heard[acknowledged] + 1
            self._process.write(f"<{word}{attributes} PSGuid='{guid}'>{text}</{word}>\n".encode())
            self._changed.wait_for(lambda: self._gone or self._heard[acknowledged] >= wanted, _PATIENCE)
            if self._heard[acknowledged] < wanted:
                raise _broken()

    def _listen(self) -> None:
        rest = b''
        code = None
        while code is None:
            output = self._process.read(timeout=None)
            assert output is not None
            code = output.exit_code
            rest += b''.join(data for stream, data in output.chunks if stream == 'stdout')
            *lines, rest = rest.split(b'\n')
            for line in filter(bytes.strip, lines):
                self._hear(ET.fromstring(line))
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def _hear(self, packet: ET.Element) -> None:
        guid = packet.get('PSGuid', _POOL).lower()
        with self._changed:
            if packet.tag == 'Data':
                fragments = base64.b64decode(packet.text or '')
                output = self._outputs.get(guid, _Output())  # of a closed pipeline: discarded
                output.waiting += fragments
                end = _POOL_STATE if guid == _POOL else _PIPELINE_STATE
                output.settled |= end in set(ended_messages(fragments, output.started))
            else:
                self._heard[packet.tag, guid] += 1
            self._changed.notify_all()


def _broken() -> wsman.Fault:
    reason = 'The WSMan provider host process did not return a proper response.'
    return wsman.Fault(2147500037, 'w:InternalError', reason, sender=False)
