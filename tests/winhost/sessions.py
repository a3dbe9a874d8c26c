# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The session table of a Windows host, and how its sessions end.

Rights, faults and events are handled by the API (api.py).
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from winhost import sids
from winhost.clock import SECOND, Clock
from winhost.errors import Error, WinError
from winhost.windows import Windows

SERVICES = 0
FIRST_LISTENER = 65536
NO_CONSOLE = 0xFFFFFFFF

# Above the largest ID that Linux gives a process (proc(5): pid_max), such as one that calls the API.
_PIDS = 1 << 22


class State(IntEnum):
    """WTS_CONNECTSTATE_CLASS."""

    ACTIVE = 0
    CONNECTED = 1
    CONNECT_QUERY = 2
    SHADOW = 3
    DISCONNECTED = 4
    IDLE = 5
    LISTEN = 6
    RESET = 7
    DOWN = 8
    INIT = 9


class Protocol(IntEnum):
    """The values of WTSClientProtocolType."""

    CONSOLE = 0
    OTHER = 1
    RDP = 2


@dataclass
class Client:
    """The client of a remote session, as it reports itself.

    :ivar address: an IPv4 or IPv6 address; empty if unknown.
    :ivar raw_address: the family and the bytes that WTSClientAddress returns instead, which may be no address.
    """

    name: str = ''
    address: str = ''
    build: int = 0
    raw_address: tuple[int, bytes] | None = None


@dataclass(frozen=True)
class Group:
    """A group in a token.

    :ivar name: ``CORP\\VIP`` or a SID.
    :ivar attributes: SE_GROUP_*.
    """

    name: str
    attributes: int = 7  # SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED


@dataclass
class Process:
    """A process of a session.

    :ivar sid: the SID of its account; None: Windows does not report it.
    :ivar groups: the groups of its token with their attributes; None: those of the session's user or of the service.
    """

    name: str
    pid: int
    sid: str | None
    groups: list[Group] | None = None


@dataclass
class Failing:
    """A call that can fail.

    :ivar error: the Win32 error that the call fails with; 0: it succeeds.
    :ivar times: how many calls fail; None: all.
    """

    error: int = 0
    times: int | None = None

    def check(self) -> None:
        """Fail if this call is one that fails.

        :raises WinError: the error.
        """
        if self.error and self.times != 0:
            if self.times:
                self.times -= 1
            raise WinError(self.error)


@dataclass
class Behaviour(Failing):
    """How a session reacts to a logoff, a reset or a disconnect. By default, it ends or disconnects at once.

    :ivar looks: it has ended after this many further enumerations.
    :ivar takes: it has ended after this many seconds.
    :ivar hangs: it never ends.
    :ivar blocks: the call does not return before the session has ended.
    :ivar becomes: the state of the session without a user that remains; ``ghost`` means disconnected.
    :ivar reconnects: its client connects again after the disconnect: at once, or after ``looks`` and ``takes``.
    :ivar replaced_by: another session, as in a spec, that reuses the ID at once.
    """

    looks: int = 0
    takes: float = 0
    hangs: bool = False
    blocks: bool = False
    becomes: str | None = None
    reconnects: bool = False
    replaced_by: dict[str, Any] | None = None


@dataclass
class Answering(Failing):
    """How a session's user answers a message box.

    :ivar answer: the button: ``ok``, ``cancel``, ``yes``, ``no``; None: the box is never answered.
    :ivar after: seconds until the answer.
    :ivar looks: enumerations until the answer.
    """

    answer: str | None = None
    after: float = 0
    looks: int = 0


@dataclass
class Box:
    """A message box that was shown.

    :ivar session: the session's ID.
    :ivar account: the session's user.
    :ivar style: buttons and icon, as in MessageBox.
    :ivar timeout: seconds until Windows closes it; 0: never.
    :ivar waited: whether the sender waits for the answer.
    :ivar answer: the answer, if the sender waited: a button or ``timeout``; else None.
    :ivar opened: the ticks of the clock when it opened.
    :ivar looks: enumerations until the user answers.
    """

    session: int
    account: str | None
    title: str
    text: str
    style: int
    timeout: int
    waited: bool
    opened: float
    looks: int
    answer: str | None = None


@dataclass
class Closing:
    """The end or the reconnect of a session that is in progress; ``due`` in ticks of the clock."""

    behaviour: Behaviour
    looks: int
    due: float | None


@dataclass
class Session:
    """A row of the table. Times are FILETIMEs, 0 where unknown.

    :ivar groups: the groups of its user, except those that every user is a member of.
    :ivar host_name: the virtual machine that the session is on; None: this host.
    """

    id: int
    user: str | None = None
    domain: str | None = None
    session_name: str = ''
    state: State = State.ACTIVE
    logon_time: int = 0
    connect_time: int = 0
    disconnect_time: int = 0
    last_input_time: int = 0
    locked: bool | None = None
    protocol: Protocol = Protocol.RDP
    remote_app: bool = False
    client: Client = field(default_factory=Client)
    processes: list[Process] = field(default_factory=list)
    sid: str | None = None
    groups: list[Group] = field(default_factory=list)
    host_name: str | None = None
    on_logoff: Behaviour = field(default_factory=Behaviour)
    on_reset: Behaviour = field(default_factory=Behaviour)
    on_disconnect: Behaviour = field(default_factory=Behaviour)
    on_message: Answering = field(default_factory=Answering)
    closing: Closing | None = None
    returning: Closing | None = None
    boxes: list[Box] = field(default_factory=list)

    @property
    def account(self) -> str | None:
        """``CORP\\alice``, or None if no user is logged on."""
        return f'{self.domain}\\{self.user}' if self.user else None


class SessionTable:
    """The sessions of one host, by ascending ID.

    :param clock: the host's clock.
    :param changed: notified of each change; its lock guards the table.
    :param read: reads a session from a spec, or the changes of one (spec.py).
    :param windows: the answers to the open questions about Windows.
    """

    def __init__(
        self, clock: Clock, changed: threading.Condition, read: Callable[..., Session], windows: Windows
    ) -> None:
        self.clock = clock
        self.changed = changed
        self.windows = windows
        self.console: int | None = None
        self.boxes: list[Box] = []
        self.virtual: list[Session] = []
        self.has_services = True
        self._read = read
        self._rows: dict[int, Session] = {}
        self._pids = {0, 4}
        self._last_pid = _PIDS
        self._last_id = 0

    def __iter__(self) -> Iterator[Session]:
        with self.changed:
            self.settle()
            return iter([self._rows[key] for key in sorted(self._rows)])

    def __getitem__(self, session_id: int) -> Session:
        with self.changed:
            self.settle()
            return self._rows[session_id]

    def __contains__(self, session_id: int) -> bool:
        with self.changed:
            self.settle()
            return session_id in self._rows

    def __len__(self) -> int:
        return sum(1 for _unused in self)

    @property
    def users(self) -> dict[int, str]:
        """The accounts that are logged on, by session id."""
        return {session.id: session.account for session in self if session.account}

    # ---- Changes by users and the system ----

    def logon(self, **data: Any) -> Session:
        """Log on a user.

        :param data: the session, as in a spec; without an ID it gets the lowest free one, as on Windows.
        :returns: the new row.
        :raises ValueError: if the ID is in use.
        """
        with self.changed:
            self.settle()
            data.setdefault('id', self.free_id())
            if data['id'] in self._rows:
                whose = self._rows[data['id']].account
                raise ValueError(f'session {data["id"]} is in use by {whose}: omit the id to get a free one')
            session = self._read(data, self)
            self._rows[session.id] = session
            self.changed.notify_all()
            return session

    def leave(self, session_id: int) -> None:
        """End a session, as its user does.

        :param session_id: its ID.
        """
        with self.changed:
            self._finish(self[session_id], Behaviour())

    def replace(self, session_id: int, **data: Any) -> Session:
        """End a session, as its user does, and reuse its ID for another one.

        :param session_id: the ID.
        :param data: the other session, as in a spec.
        :returns: the new row.
        """
        with self.changed:
            self._finish(self[session_id], Behaviour(replaced_by=data))
            return self[session_id]

    def update(self, session_id: int, **data: Any) -> Session:
        """Change a session.

        :param session_id: its ID.
        :param data: the changes, as in a spec; the state ``active`` is a reconnect.
        :returns: the row.
        """
        with self.changed:
            session = self._read(data, self, self[session_id])
            self.changed.notify_all()
            return session

    def reboot(self) -> None:
        """Restart the host, which ends all sessions."""
        with self.changed:
            had_console = self.console is not None
            self._rows.clear()
            self.boot()
            if had_console:
                self.logon_screen()
            self.changed.notify_all()

    def boot(self) -> None:
        """Add session 0 and the listener."""
        if not self.has_services:
            return
        unknown = {'connected': None, 'disconnected': None, 'idle': None}
        services = {
            'id': SERVICES,
            'session_name': 'Services',
            'state': self.windows.services_row,
            'protocol': 'console',
            **unknown,
        }
        listener = {'id': FIRST_LISTENER, 'session_name': 'RDP-Tcp', 'state': 'listen', **unknown}
        for session_id, data in ((SERVICES, services), (FIRST_LISTENER, listener)):
            if session_id not in self._rows:
                self._rows[session_id] = self._read(data, self)

    def logon_screen(self) -> None:
        """Attach the console, which always has a session, to a new one without a user ("Consoles and Terminals")."""
        self.console = self.free_id()
        self._rows[self.console] = self._read({'id': self.console, 'state': 'connected', 'connected': 0}, self)

    def free_id(self) -> int:
        """Return the lowest free ID, or, if Windows does not reuse IDs, the next one."""
        least = self._last_id + 1 if self.windows.session_ids == 'counted_up' else 1
        free = next(n for n in range(least, FIRST_LISTENER) if n not in self._rows)
        self._last_id = max([free, *(n for n in self._rows if n < FIRST_LISTENER)])
        return free

    def take_pid(self, wanted: int | None) -> int:
        """Reserve a process ID.

        :param wanted: the requested one, or None for a free one.
        """
        while wanted is None:
            self._last_pid += 4
            wanted = None if self._last_pid in self._pids else self._last_pid
        self._pids.add(wanted)
        return wanted

    # ---- Functions of the API ----

    def find(self, session_id: int, otherwise: int) -> Session:
        """Find a row.

        :param session_id: its ID.
        :param otherwise: the error if there is none, which depends on the calling function.
        :raises WinError: if there is none.
        """
        self.settle()
        if session_id not in self._rows:
            raise WinError(otherwise)
        return self._rows[session_id]

    def enumerate(self, shown: Callable[[Session], bool]) -> list[Session]:
        """Enumerate the sessions. Some changes take place after a number of enumerations.

        :param shown: whether the caller may see a row.
        :returns: copies of the rows.
        """
        with self.changed:
            rows = [session for session in self if shown(session)]
            seen = [copy.copy(row) for row in [*rows, *self.virtual]]
            for row in rows:
                for box in row.boxes:
                    box.looks = max(0, box.looks - 1)
                if row.closing and row.closing.looks:
                    row.closing.looks -= 1
                    if not row.closing.looks:
                        self._finish(row, row.closing.behaviour)
                if row.returning and row.returning.looks:
                    row.returning.looks -= 1
                    if not row.returning.looks:
                        self._reconnect(row)
            self.changed.notify_all()
            return seen

    def logoff(self, session_id: int) -> Session:
        """End a session as WTSLogoffSession does. It may exist for some time afterwards.

        :param session_id: its ID.
        :returns: its row.
        :raises WinError: if Windows refuses it.
        """
        with self.changed:
            session = self.find(session_id, Error.CTX_WINSTATION_NOT_FOUND)
            if session.closing:
                raise WinError(Error.CTX_CLOSE_PENDING)
            return self._end(session, 'on_logoff')

    def reset(self, session_id: int) -> Session:
        """End a session as rwinsta does, even one that hangs.

        Resetting a listener ends all its sessions.

        :param session_id: its ID.
        :returns: its row.
        :raises WinError: if Windows refuses it.
        """
        with self.changed:
            return self._end(self.find(session_id, Error.CTX_WINSTATION_NOT_FOUND), 'on_reset')

    def disconnect(self, session_id: int) -> Session:
        """Disconnect a session.

        :param session_id: its ID.
        :returns: its row.
        :raises WinError: if Windows refuses it.
        """
        with self.changed:
            session = self.find(session_id, Error.CTX_WINSTATION_NOT_FOUND)
            if session.closing:
                raise WinError(Error.CTX_CLOSE_PENDING)
            session.on_disconnect.check()
            if session.id == self.console and self.windows.console_disconnect == 'refused':
                raise WinError(Error.CTX_CONSOLE_DISCONNECT)
            if session.id == SERVICES or session.state == State.LISTEN:
                raise WinError(Error.ACCESS_DENIED)
            if session.user is None:
                if session.id == self.console:
                    raise WinError(Error.CTX_CONSOLE_DISCONNECT)
                self._finish(session, Behaviour())
            elif session.state != State.DISCONNECTED and not session.on_disconnect.hangs:
                if session.on_disconnect.replaced_by:
                    self._finish(session, session.on_disconnect)
                else:
                    self.update(session.id, state='disconnected', disconnected=0)
                    if session.id == self.console:
                        self.logon_screen()
                    self._leave_client(session)
            return session

    def settle(self) -> None:
        """Make the ends and reconnects that are due."""
        for row in list(self._rows.values()):
            if row.closing and row.closing.due is not None and row.closing.due <= self.clock.ticks():
                self._finish(row, row.closing.behaviour)
            elif row.returning and row.returning.due is not None and row.returning.due <= self.clock.ticks():
                self._reconnect(row)

    def is_closing(self, session: Session) -> bool:
        """Whether a session has not ended yet.

        :param session: the row.
        """
        with self.changed:
            self.settle()
            return self._rows.get(session.id) is session and session.closing is not None

    def _end(self, session: Session, how: str) -> Session:
        behaviour: Behaviour = getattr(session, how)
        behaviour.check()
        if session.id == SERVICES:
            raise WinError(Error.ACCESS_DENIED)
        if session.state == State.LISTEN:
            for other in self:
                if other.protocol == Protocol.RDP and other.state != State.LISTEN:
                    self._finish(other, Behaviour())
            return session
        if not (behaviour.looks or behaviour.takes or behaviour.hangs):
            self._finish(session, behaviour)
            return session
        due = self.clock.ticks() + behaviour.takes if behaviour.takes else None
        session.closing = Closing(behaviour, behaviour.looks, due)
        session.state = State.DOWN if behaviour.hangs else State.DISCONNECTED
        session.session_name = ''
        session.disconnect_time = self.clock.now()
        if session.id == self.console:
            self.logon_screen()
        self.changed.notify_all()
        return session

    def _leave_client(self, session: Session) -> None:
        behaviour = session.on_disconnect
        if not behaviour.reconnects:
            return
        if not behaviour.looks and not behaviour.takes:
            self._reconnect(session)
            return
        due = self.clock.ticks() + behaviour.takes if behaviour.takes else None
        session.returning = Closing(behaviour, behaviour.looks, due)

    def _reconnect(self, session: Session) -> None:
        session.returning = None
        if session.state == State.DISCONNECTED and session.closing is None:
            # With a fixed clock, too, the connect has to be later than the disconnect.
            later = self.clock.now() + SECOND // 1000
            self.update(session.id, state='active', connect_time=later)

    def _finish(self, session: Session, behaviour: Behaviour) -> None:
        session.closing = session.returning = None
        if session.id == self.console:
            # Windows creates the new console session while the old one still has its ID.
            self.logon_screen()
        if behaviour.becomes:
            session.user = session.domain = session.locked = session.sid = None
            session.groups = []
            session.session_name = ''
            session.state = State.DISCONNECTED if behaviour.becomes == 'ghost' else State[behaviour.becomes.upper()]
            session.disconnect_time = self.clock.now()
            if self.windows.ghost_times == 'unknown':
                session.logon_time = session.last_input_time = 0
            session.processes = [process for process in session.processes if process.sid == sids.SYSTEM]
            session.on_logoff = Behaviour(error=Error.ACCESS_DENIED)
        else:
            del self._rows[session.id]
            if behaviour.replaced_by:
                self.logon(**{'logged_on': 0, **behaviour.replaced_by, 'id': session.id})
        self.changed.notify_all()
