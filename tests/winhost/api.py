# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Windows API of a simulated host.

A method has the name of the Windows function. The native library (native/winhost.c) sends its arguments and lays out
its results as structs.
"""

from __future__ import annotations

import copy
import ipaddress
import socket
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from winhost import registry, sids
from winhost.errors import Error, WinError
from winhost.registry import OpenKey
from winhost.sessions import (
    FIRST_LISTENER,
    NO_CONSOLE,
    Behaviour,
    Box,
    Client,
    Group,
    Process,
    Protocol,
    Session,
    SessionTable,
    State,
)
from winhost.windows import Windows
from winhost.wire import Value

if TYPE_CHECKING:
    from winhost.host import Call, Host

CURRENT_SESSION, ANY_SESSION = 0xFFFFFFFF, 0xFFFFFFFE
LOCKED, UNLOCKED, LOCK_UNKNOWN = 0, 1, 0xFFFFFFFF
IDASYNC, IDTIMEOUT = 32001, 32000
BUTTONS = {'ok': 1, 'cancel': 2, 'yes': 6, 'no': 7}
_BOXES = {0: ('ok',), 1: ('ok', 'cancel'), 3: ('yes', 'no', 'cancel'), 4: ('yes', 'no')}
_LONGEST_NAME = 20  # USERNAME_LENGTH
_LONGEST_MESSAGE = 1024  # bytes (MS-TSTS, RpcWinStationSendMessage)

# The rights to sessions of other users ("Remote Desktop Services Permissions"). An account has all rights to its own.
_MAY = {
    'full': {'query', 'message', 'disconnect', 'reset', 'processes'},
    'user': {'query', 'message'},
    'partial': set(),
    'blind': set(),
}

# WTSQuerySessionInformation, "Remarks" of WTS_INFO_CLASS: these fail.
_UNSUPPORTED = {17, 18, 19, 20, 21, 22, 27, 28}
_NOT_SIMULATED = {0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 15, 26, 29}

# TermService answers these queries, the Local Session Manager the others.
_OF_TERMINAL_SERVICE = {9, 10, 14, 16, 23}

# Win32 errors by the answers in windows.py.
_DENIED = {
    'access_denied': Error.ACCESS_DENIED,
    'not_found': Error.CTX_WINSTATION_NOT_FOUND,
    'winstation': Error.CTX_WINSTATION_ACCESS_DENIED,
}
_NO_ACCOUNT = {'none_mapped': Error.NONE_MAPPED, 'no_such_domain': Error.NO_SUCH_DOMAIN}

_ROOTS = {0x80000001: 'HKCU', 0x80000002: 'HKLM'}
_VOLATILE = 1  # REG_OPTION_VOLATILE
_QUERY_PROCESS = 0x1400  # PROCESS_QUERY_INFORMATION | PROCESS_QUERY_LIMITED_INFORMATION
_TOKEN_QUERY = 0x8
_TOKEN_GROUPS = 2
_LOGON_ID, _INTEGRITY = 0xC0000007, 0x60  # SE_GROUP_LOGON_ID and SE_GROUP_INTEGRITY, enabled
_PROCESS_HANDLES = {'process', 'token', 'handle'}
_CREATED, _OPENED = 1, 2  # dispositions

_Function = TypeVar('_Function', bound=Callable[..., Sequence[Value]])

# The functions by name: the method, and the names of the arguments in the record of calls.
FUNCTIONS: dict[str, tuple[Callable[..., Sequence[Value]], tuple[str, ...]]] = {}

# Functions that change something, as RegCreateKeyExW does if it creates the key.
ACTING = {'WTSLogoffSession', 'WTSDisconnectSession', 'WTSSendMessageW', 'rwinsta', 'RegSetValueExW', 'RegDeleteValueW'}

# Calls that free memory are checked (ledger.py) and not recorded.
FREEING = {'WTSFreeMemory', 'WTSFreeMemoryExW', 'LocalFree'}


def function(*arguments: str) -> Callable[[_Function], _Function]:
    """Mark a method as a function of the API.

    :param arguments: the names of its arguments in the record of calls.
    """

    def mark(method: _Function) -> _Function:
        FUNCTIONS[method.__name__] = (method, arguments)
        return method

    return mark


@dataclass
class OpenedProcess:
    """The object of a process handle; ``serial`` is its number in the ledger."""

    process: Process
    session: Session | None
    access: int
    serial: int = 0


@dataclass
class OpenedToken:
    """The object of a token handle."""

    process: Process
    session: Session | None
    access: int
    serial: int = 0


@dataclass
class Server:
    """The object of a server handle: a name, reachable or not."""

    name: str | None


class Api:
    """The API of a host.

    :param host: the host. The caller holds its lock.
    """

    def __init__(self, host: Host) -> None:
        self.host = host

    # ---- Sessions ----

    @function('name')
    def WTSOpenServerExW(self, call: Call, name: str | None) -> Sequence[Value]:
        # Never fails: the first function that uses the handle connects to the server.
        return [self.host.handles.open(Server(name))]

    @function('server')
    def WTSCloseServer(self, call: Call, server: int) -> Sequence[Value]:
        self.host.handles.close(call.api, server, Server)
        return []

    @function('server', 'level', 'filter')
    def WTSEnumerateSessionsExW(self, call: Call, server: int, level: int, flags: int) -> Sequence[Value]:
        if level != 1 or flags != 0:
            raise WinError(Error.INVALID_PARAMETER)
        table = self._table(server)
        hidden = self.host.windows.listener_rights == 'hidden'
        shown = table.enumerate(
            lambda session: self._may(call, 'query', session) and not (hidden and _is_behind_listener(session))
        )
        rows = [self._view(table, session) for session in shown]
        if call.result == 'empty':
            rows = []
        found: list[Value] = [self.host.memory.hand_out(call.api, call.pid, 2, len(rows)) if rows else 0, len(rows)]
        for row in rows:
            name = row.session_name or (None if table.windows.blank_names == 'null' else '')
            found += [row.id, row.state, name, row.user, row.domain, row.host_name]
        call.result = [row.id for row in rows]
        return found

    @function('server', 'session', 'class')
    def WTSQuerySessionInformationW(self, call: Call, server: int, session_id: int, info: int) -> Sequence[Value]:
        table = self._table(server)
        session = self._find(table, session_id, Error.FILE_NOT_FOUND)
        self._need(call, 'query', session)
        self._check_query(session, info)
        if info in _UNSUPPORTED or info in _NOT_SIMULATED:
            raise WinError(Error.NOT_SUPPORTED)
        if info not in _QUERIES:
            raise WinError(Error.INVALID_PARAMETER)
        if call.result == 'empty':
            return [1, 0]
        shape = 2 if call.result == 'short' else 0
        view = self._view(table, session)
        answer = _QUERIES[info](view, self.host)
        return [shape, self.host.memory.hand_out(call.api, call.pid), *answer]

    @function('server', 'session', 'wait')
    def WTSLogoffSession(self, call: Call, server: int, session_id: int, wait: int) -> Sequence[Value]:
        return self._end(call, server, session_id, wait, 'logoff')

    @function('server', 'session')
    def rwinsta(self, call: Call, server: int, session_id: int) -> Sequence[Value]:
        return self._end(call, server, session_id, 0, 'reset')

    @function('server', 'session', 'wait')
    def WTSDisconnectSession(self, call: Call, server: int, session_id: int, wait: int) -> Sequence[Value]:
        table = self._table(server)
        session = self._find(table, session_id, Error.CTX_WINSTATION_NOT_FOUND)
        self._need(call, 'disconnect', session)
        call.account_of_session = session.account
        table.disconnect(session.id)
        if wait and session.on_disconnect.hangs:
            call.wait_until(lambda: session.state == State.DISCONNECTED or session.id not in table)
        return []

    @function('server', 'session', 'title', 'text', 'style', 'timeout', 'wait')
    def WTSSendMessageW(
        self, call: Call, server: int, session_id: int, title: bytes, text: bytes, style: int, timeout: int, wait: int
    ) -> Sequence[Value]:
        call.arguments.update(title=_text(title), text=_text(text))
        table = self._table(server)
        session = self._find(table, session_id, Error.CTX_WINSTATION_NOT_FOUND)
        self._need(call, 'message', session)
        call.account_of_session = session.account
        if len(title) > _LONGEST_MESSAGE or len(text) > _LONGEST_MESSAGE:
            raise WinError(Error.INVALID_PARAMETER)
        if session.closing:
            raise WinError(Error.CTX_CLOSE_PENDING)
        if session.id == 0 or session.id >= FIRST_LISTENER:
            raise WinError(Error.CTX_WINSTATION_NOT_FOUND)
        session.on_message.check()
        # The title of a box without a title is "Error".
        title_shown = call.arguments['title'] or 'Error'
        opened = self.host.clock.ticks()
        box = Box(
            session.id,
            session.account,
            title_shown,
            call.arguments['text'],
            style,
            timeout,
            bool(wait),
            opened,
            session.on_message.looks,
        )
        if self.host.windows.message_click == 'input' and session.state == State.ACTIVE and not session.locked:
            session.last_input_time = self.host.clock.now()
        session.boxes.append(box)
        table.boxes.append(box)
        self.host.changed.notify_all()
        if call.result == 'empty':
            return [0]
        if not wait:
            return [IDASYNC]
        call.wait_until(lambda: self._answered(box, session) or session.id not in table)
        call.result = box.answer
        if box.answer is None:
            raise WinError(Error.CTX_WINSTATION_NOT_FOUND)
        return [BUTTONS.get(box.answer, IDTIMEOUT)]

    @function('server', 'level', 'session')
    def WTSEnumerateProcessesExW(self, call: Call, server: int, level: int, session_id: int) -> Sequence[Value]:
        if level not in (0, 1):
            raise WinError(Error.INVALID_PARAMETER)
        if self.host.windows.terminal_service == 'no_processes':
            raise WinError(Error.RPC_SERVER_UNAVAILABLE)
        rows = []
        for session in self._table(server):
            if session_id not in (ANY_SESSION, session.id):
                continue
            if session_id != ANY_SESSION:
                self._need(call, 'processes', session)
            if self._may(call, 'processes', session):
                rows += [(session.id, process) for process in session.processes]
        if call.result == 'empty':
            rows = []
        found: list[Value] = [self.host.memory.hand_out(call.api, call.pid, level, len(rows)) if rows else 0, len(rows)]
        for owner, process in rows:
            found += [owner, process.pid, process.name, sids.to_bytes(process.sid) if process.sid else b'']
        call.result = len(rows)
        return found

    # ---- The process and its account ----

    @function('process')
    def ProcessIdToSessionId(self, call: Call, pid: int) -> Sequence[Value]:
        if pid == call.pid:
            return [self.host.own_session]
        for session in self.host.sessions:
            if any(process.pid == pid for process in session.processes):
                return [session.id]
        raise WinError(Error.INVALID_PARAMETER)

    @function()
    def GetCurrentProcessId(self, call: Call) -> Sequence[Value]:
        return [call.pid]

    @function()
    def WTSGetActiveConsoleSessionId(self, call: Call) -> Sequence[Value]:
        console = self.host.sessions.console
        return [NO_CONSOLE if console is None else console]

    @function('access', 'inherit', 'process')
    def OpenProcess(self, call: Call, access: int, inherit: int, pid: int) -> Sequence[Value]:
        for session in self.host.sessions:
            for process in session.processes:
                if process.pid == pid and pid:
                    self._need(call, 'processes', session)
                    if self.host.windows.open_process == 'refused':
                        raise WinError(Error.ACCESS_DENIED)
                    return [self._open(call, OpenedProcess(process, session, access))]
        if pid != call.pid:
            raise WinError(Error.INVALID_PARAMETER)
        own = Process('powershell.exe', pid, sids.made_up(*call.account.rsplit('\\', 1)))
        return [self._open(call, OpenedProcess(own, None, access))]

    @function('process', 'access')
    def OpenProcessToken(self, call: Call, handle: int, access: int) -> Sequence[Value]:
        opened: OpenedProcess = self.host.handles.get(handle, OpenedProcess)
        # An administrator may not open the tokens of services; the access rights are those of "OpenProcessToken".
        if not opened.access & _QUERY_PROCESS or sids.is_service(opened.process.sid):
            raise WinError(Error.ACCESS_DENIED)
        return [self._open(call, OpenedToken(opened.process, opened.session, access))]

    @function('token', 'class')
    def GetTokenInformation(self, call: Call, handle: int, info: int) -> Sequence[Value]:
        opened: OpenedToken = self.host.handles.get(handle, OpenedToken)
        if not opened.access & _TOKEN_QUERY:
            raise WinError(Error.ACCESS_DENIED)
        if info != _TOKEN_GROUPS:
            raise WinError(Error.NOT_SUPPORTED if info in range(1, 42) else Error.INVALID_PARAMETER)
        groups = [] if call.result == 'empty' else self._groups(opened)
        call.result = [group.name for group in groups]
        found: list[Value] = [len(groups)]
        for group in groups:
            found += [sids.to_bytes(self.host.directory.sid(group.name)), group.attributes]
        return found

    @function('handle')
    def CloseHandle(self, call: Call, handle: int) -> Sequence[Value]:
        opened: Any = self.host.handles.live.get(handle)
        kind = OpenedToken if isinstance(opened, OpenedToken) else OpenedProcess
        self.host.handles.close(call.api, handle, kind)
        self.host.memory.live.pop(opened.serial, None)
        return []

    @function('system', 'name')
    def LookupAccountNameW(self, call: Call, system: str | None, name: str) -> Sequence[Value]:
        found = self.host.find_account(name)
        self.host.delay(call, found)
        if found.error or found.sid is None:
            raise WinError(found.error or Error.NONE_MAPPED)
        return [sids.to_bytes(found.sid), found.domain, found.use]

    @function('sid')
    def ConvertSidToStringSidW(self, call: Call, sid: bytes) -> Sequence[Value]:
        try:
            text = sids.to_text(sid)
        except ValueError:
            raise WinError(Error.INVALID_SID) from None
        call.arguments['sid'] = text
        return [self.host.memory.hand_out(call.api, call.pid, 'local'), text]

    @function('format')
    def GetUserNameExW(self, call: Call, form: int) -> Sequence[Value]:
        if form != 2:  # NameSamCompatible
            raise WinError(Error.NONE_MAPPED)
        domain, _unused, user = call.account.rpartition('\\')
        dns = self.host.directory.dns(domain)
        if self.host.windows.connection_account in _NO_ACCOUNT:
            raise WinError(_NO_ACCOUNT[self.host.windows.connection_account])
        return [
            {
                'netbios': call.account,
                'dns': f'{dns}\\{user}',
                'realm': f'{dns.upper()}\\{user}',
                'machine': f'{domain}\\{self.host.computer}$',
            }[self.host.windows.connection_account]
        ]

    # ---- The registry ----

    @function('key', 'path', 'options', 'access')
    def RegCreateKeyExW(self, call: Call, handle: int, path: str | None, options: int, access: int) -> Sequence[Value]:
        whole = self._path(handle, path)
        call.arguments['path'] = whole
        there = self.host.registry.find(whole)
        rights = registry.granted(access if there else access | registry.CREATE_SUB_KEY, self._rights(call) == 'full')
        key = there or self.host.registry.create(whole, bool(options & _VOLATILE))
        call.acted = there is None
        return [self.host.handles.open(OpenKey(key, rights)), _OPENED if there else _CREATED]

    @function('key', 'path', 'access')
    def RegOpenKeyExW(self, call: Call, handle: int, path: str | None, access: int) -> Sequence[Value]:
        whole = self._path(handle, path)
        call.arguments['path'] = whole
        key = self.host.registry.find(whole)
        if key is None:
            raise WinError(Error.FILE_NOT_FOUND)
        return [self.host.handles.open(OpenKey(key, registry.granted(access, self._rights(call) == 'full')))]

    @function('key', 'name', 'type', 'data')
    def RegSetValueExW(self, call: Call, handle: int, name: str | None, kind: int, data: bytes) -> Sequence[Value]:
        key = self._key(handle).need(registry.SET_VALUE)
        value = registry.Value(name or '', kind, data)
        call.arguments['data'] = value.read
        key.values[value.name.lower()] = value
        return []

    @function('key', 'name')
    def RegQueryValueExW(self, call: Call, handle: int, name: str | None) -> Sequence[Value]:
        value = self._key(handle).need(registry.QUERY_VALUE).values.get((name or '').lower())
        if value is None:
            raise WinError(Error.FILE_NOT_FOUND)
        call.result = value.read
        return [value.type, value.data]

    @function('key', 'index')
    def RegEnumValueW(self, call: Call, handle: int, index: int) -> Sequence[Value]:
        values = list(self._key(handle).need(registry.QUERY_VALUE).values.values())
        if index >= len(values):
            raise WinError(Error.NO_MORE_ITEMS)
        call.result = values[index].name
        return [values[index].name, values[index].type, values[index].data]

    @function('key', 'name')
    def RegDeleteValueW(self, call: Call, handle: int, name: str | None) -> Sequence[Value]:
        key = self._key(handle).need(registry.SET_VALUE)
        if key.values.pop((name or '').lower(), None) is None:
            raise WinError(Error.FILE_NOT_FOUND)
        return []

    @function('key')
    def RegCloseKey(self, call: Call, handle: int) -> Sequence[Value]:
        if _root(handle) is None:
            self.host.handles.close(call.api, handle, OpenKey)
        return []

    # ---- Helpers ----

    def describe(self, name: str, value: Value) -> Any:
        """Return an argument as it is recorded.

        :param name: its name.
        :param value: its value.
        :returns: for a handle the server's name (None: the host itself), the key's path or the process ID, else the
            value.
        """
        if name == 'server' and isinstance(value, int):
            return self._server_name(value)
        opened = self.host.handles.live.get(value) if isinstance(value, int) and name in _PROCESS_HANDLES else None
        if isinstance(opened, (OpenedProcess, OpenedToken)):
            return opened.process.pid
        if name == 'key' and isinstance(value, int):
            found = self.host.handles.live.get(value)
            return found.key.path if isinstance(found, OpenKey) else _root(value) or value
        return value

    def _server_name(self, handle: int) -> str | int | None:
        found = self.host.handles.live.get(handle)
        return None if handle == 0 else found.name if isinstance(found, Server) else handle

    def _table(self, handle: int) -> SessionTable:
        if handle == 0:
            return self.host.sessions
        name: str | None = self.host.handles.get(handle, Server).name
        return self.host.server(name)

    def _which(self, session_id: int) -> int:
        return self.host.own_session if session_id == CURRENT_SESSION else session_id

    def _rights(self, call: Call) -> str | None:
        account = self.host.accounts.get(call.account)
        return account.rights if account else None

    def _may(self, call: Call, right: str, session: Session) -> bool:
        rights = self._rights(call)
        if rights is None or rights == 'blind':
            return False
        own = session.account is not None and session.account.lower() == call.account.lower()
        return own or right in _MAY[rights]

    def _need(self, call: Call, right: str, session: Session) -> None:
        if not self._may(call, right, session):
            raise WinError(_DENIED[self.host.windows.denied])

    def _find(self, table: SessionTable, session_id: int, otherwise: int) -> Session:
        unknown = Error.INVALID_PARAMETER if self.host.windows.unknown_id == 'invalid_parameter' else otherwise
        return table.find(self._which(session_id), unknown)

    def _check_query(self, session: Session, info: int) -> None:
        """Fail if this Windows does not answer the query for the session."""
        windows = self.host.windows
        if windows.listener_rights == 'unreadable' and _is_behind_listener(session):
            raise WinError(_DENIED[windows.denied])
        if session.closing and windows.ending_query != 'answered':
            raise WinError(Error.FILE_NOT_FOUND if windows.ending_query == 'not_found' else Error.CTX_CLOSE_PENDING)
        if info in _OF_TERMINAL_SERVICE and windows.terminal_service != 'running':
            raise WinError(Error.RPC_SERVER_UNAVAILABLE)
        left = session.state == State.DISCONNECTED and windows.disconnected_client == 'refused'
        if (info in _OF_TERMINAL_SERVICE and left) or _refused(windows, info):
            raise WinError(Error.NOT_SUPPORTED)

    def _view(self, table: SessionTable, session: Session) -> Session:
        """Return a row as this Windows reports it."""
        windows, view = table.windows, copy.copy(session)
        if session.state == State.DISCONNECTED and session.user:
            if windows.disconnected_client == 'empty':
                view.client = Client()
            if windows.disconnected_protocol == 'console':
                view.protocol = Protocol.CONSOLE
            if windows.disconnect_time == 'unknown':
                view.disconnect_time = 0
            if windows.disconnected_input == 'unknown':
                view.last_input_time = 0
        if session.id == table.console and session.user and windows.console_input != 'kept':
            view.last_input_time = 0 if windows.console_input == 'unknown' else self.host.clock.now()
        if windows.lock_flag == 'unknown':
            view.locked = None
        if session.closing and windows.ending_row != 'named':
            view.user = view.domain = None
            view.state = State[windows.ending_row.upper()]
        if windows.blank_names == 'empty' and view.user is None:
            view.user = view.domain = ''
        return view

    def _end(self, call: Call, server: int, session_id: int, wait: int, how: str) -> Sequence[Value]:
        table = self._table(server)
        session = self._find(table, session_id, Error.CTX_WINSTATION_NOT_FOUND)
        self._need(call, 'reset', session)
        call.account_of_session = session.account
        if how == 'logoff' and session.id == table.console and self.host.windows.console_logoff == 'refused':
            raise WinError(Error.ACCESS_DENIED)
        behaviour: Behaviour = getattr(session, f'on_{how}')
        getattr(table, how)(session.id)
        if wait or behaviour.blocks:
            call.wait_until(lambda: not table.is_closing(session))
        return []

    def _answered(self, box: Box, session: Session) -> bool:
        """Whether the user has answered the box, or it has timed out.

        A session that is not active, or a locked one, shows no box.
        """
        user, elapsed = session.on_message, self.host.clock.ticks() - box.opened
        locked = session.locked and self.host.windows.message_when_locked == 'waits'
        seen = session.state == State.ACTIVE and not locked
        if seen and user.answer in _BOXES.get(box.style & 0xF, ()) and elapsed >= user.after and not box.looks:
            box.answer = user.answer
            if self.host.windows.message_click == 'input':
                session.last_input_time = self.host.clock.now()
        elif box.timeout and elapsed >= box.timeout:
            box.answer = 'timeout'
        return box.answer is not None

    def _open(self, call: Call, what: OpenedProcess | OpenedToken) -> int:
        # In the ledger, so that a test detects handles that are never closed.
        what.serial = self.host.memory.hand_out(call.api, call.pid, 'handle')
        return self.host.handles.open(what)

    def _groups(self, opened: OpenedToken) -> list[Group]:
        """Return the groups of a token: those of its user, and those that every token has."""
        if opened.process.groups is not None:
            return opened.process.groups
        session, own = opened.session, []
        if session is not None and opened.process.sid == session.sid:
            own = [Group(f'{session.domain}\\Domain Users'), *session.groups]
        logon = Group(f'S-1-5-5-0-{100000 + (session.id if session else 0)}', _LOGON_ID)
        always = [Group(sids.EVERYONE), Group(sids.USERS), Group(sids.AUTHENTICATED_USERS), logon]
        return [*own, *always, Group(sids.MEDIUM_LABEL, _INTEGRITY)]

    def _path(self, handle: int, path: str | None) -> str:
        root = _root(handle) or self._key(handle).key.path
        return f'{root}\\{path}' if path else root

    def _key(self, handle: int) -> OpenKey:
        root = _root(handle)
        if root:
            key = self.host.registry.find(root)
            assert key
            return OpenKey(key, registry.QUERY_VALUE)
        found: OpenKey = self.host.handles.get(handle, OpenKey)
        return found


def _root(handle: int) -> str | None:
    # The handles of predefined keys are negative 32-bit numbers; callers extend them with ones or with zeros.
    return _ROOTS.get(handle & 0xFFFFFFFF) if handle >> 32 in (0, 0xFFFFFFFF) else None


def _text(data: bytes) -> str:
    return data[: len(data) // 2 * 2].decode('utf-16-le', 'surrogatepass').split('\0')[0]


def _is_behind_listener(session: Session) -> bool:
    return session.protocol == Protocol.RDP and session.state != State.LISTEN and session.id != 0


def _refused(windows: Windows, info: int) -> bool:
    return (info == 25 and windows.session_info_ex == 'refused') or (info == 23 and windows.client_info == 'refused')


def _address(session: Session, form: str = 'offset_2') -> tuple[int, bytes]:
    """Return the family and the bytes of WTS_CLIENT_ADDRESS. An IPv4 address has offset 2 ("WTS_INFO_CLASS")."""
    client = session.client
    if client.raw_address:
        return client.raw_address
    if not client.address:
        return 0, b''
    address = ipaddress.ip_address(client.address)
    family = socket.AF_INET if address.version == 4 else 23
    if form == 'text' and address.version == 4:  # "WTS_CLIENT_ADDRESS"
        return family, client.address.encode() + b'\0'
    return family, (b'' if form == 'offset_0' else b'\0\0') + address.packed


def _client_info(session: Session, host: Host) -> Sequence[Value]:
    client = session.client
    family, _unused = _address(session)
    text = client.address
    if ':' in text:
        # The address is in network order, two bytes in each UTF-16 unit.
        text = ipaddress.ip_address(text).packed.decode('utf-16-le', 'surrogatepass')
    return [client.name, '', '', family, text, client.build]


def _short(name: str, host: Host) -> str:
    """Return a name as in WTSINFO: an alias of a long one, or the name itself, which the native library truncates."""
    if len(name) <= _LONGEST_NAME or host.windows.long_names == 'cut':
        return name
    return f'$531000-{zlib.crc32(name.encode("utf-8", "surrogatepass")):08X}'


def _session_info(session: Session, host: Host) -> Sequence[Value]:
    flags = LOCK_UNKNOWN if session.locked is None else LOCKED if session.locked else UNLOCKED
    names = [session.session_name, _short(session.user or '', host), session.domain or '']
    stamps = [session.logon_time, session.connect_time, session.disconnect_time, session.last_input_time]
    times = [*stamps, host.clock.now()]
    return [session.id, session.state, flags, *names, *times]


# WTS_INFO_CLASS
_QUERIES: dict[int, Callable[[Session, Host], Sequence[Value]]] = {
    9: lambda session, host: [session.client.build],
    10: lambda session, host: [session.client.name],
    14: lambda session, host: list(_address(session, host.windows.client_address)),
    16: lambda session, host: [session.protocol],
    23: _client_info,
    24: _session_info,
    25: _session_info,
}
