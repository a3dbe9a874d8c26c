# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated Windows host: its clock, accounts, sessions and registry, and the socket on which its API is called."""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import shlex
import shutil
import socket
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from winhost import compile_once, directory, native, pwsh, sids, spec, wire
from winhost.api import ACTING, FREEING, FUNCTIONS, Api
from winhost.errors import Error, WinError
from winhost.ledger import Handles, Memory
from winhost.registry import Registry
from winhost.sessions import Session, SessionTable, State
from winhost.spec import Account, SpecError
from winhost.windows import Windows
from winhost.wire import Value

_LONGEST_SOCKET = 100  # bytes; sockaddr_un has 108
_HANG_UP = 0.05  # seconds between two checks whether a blocked caller is still connected
_INBOX = Path(__file__).resolve().parent / 'inbox'
INBOX_COMMANDS = ('quser', 'qwinsta', 'query', 'logoff', 'rwinsta', 'reset', 'tsdiscon', 'msg')
_TERMINAL_SERVER = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server'
_WINLOGON = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon'
_CHANGES = ('logon', 'leave', 'replace', 'update', 'reboot', 'advance', 'jump', 'try_logon')


@dataclass
class Call:
    """A call of an API function.

    :ivar arguments: by name; ``server`` is a server's name (None: the host itself), ``key`` a registry path.
    :ivar caller: the inbox command that called; empty for P/Invoke.
    :ivar error: the Win32 error that it returned, 0 for success; None until it has returned.
    :ivar result: a summary of its result, for some functions.
    :ivar acted: whether the function changes something, even if the call failed.
    :ivar account_of_session: the user of the session, ``CORP\\alice``.
    :ivar carried_out: whether the change was made, even if the call returned an error.
    """

    api: str
    arguments: dict[str, Any]
    account: str
    caller: str
    pid: int
    error: int | None = None
    result: Any = None
    acted: bool = False
    account_of_session: str | None = None
    carried_out: bool = False
    wait_until: Callable[[Callable[[], bool]], None] = field(repr=False, compare=False, default=lambda done: None)


@dataclass
class Trigger:
    """A change of the host before or after a call.

    :ivar conditions: the function and its arguments; a list contains alternatives.
    :ivar nth: which of the matching calls, from 1.
    """

    when: str
    conditions: dict[str, Any]
    nth: int
    do: Callable[[Host], Any]
    seen: int = 0


@dataclass
class Fault:
    """A fault of matching calls.

    :ivar times: the number of calls; None: all.
    :ivar result: ``empty`` or ``short`` instead of an error.
    :ivar takes: seconds until the call returns.
    :ivar hangs: whether the call does not return before :meth:`Host.heal`.
    :ivar carried_out: whether the change is made before the error is returned.
    """

    conditions: dict[str, Any]
    error: int = 0
    times: int | None = None
    result: str | None = None
    takes: float = 0
    hangs: bool = False
    carried_out: bool = False


class Host:
    """A simulated Windows host.

    :param name: its name.
    :param data: its spec, as YAML has it; see README.md.
    :param root: its folder, created if missing.
    :raises SpecError: if the spec is not valid.

    :ivar lock: guards the attributes below; calls of the API wait while it is held.
    :ivar sessions: the session table.
    :ivar calls: all calls, in order.
    :ivar watchers: functions that are called with ``before``, ``after`` or ``hangs`` and the call.
    :ivar memory: the blocks that the API has allocated and that were not freed.
    :ivar handles: open servers, registry keys, processes and tokens.
    :ivar windows: its answers to the open questions about Windows.
    :ivar directory: the accounts that names resolve to.
    """

    def __init__(self, name: str, data: Mapping[str, Any] | None, root: Path) -> None:
        read = spec.host(name, data)
        self.name = name
        self.root = Path(root)
        self.computer = read.computer
        self.clock = read.clock
        self.accounts = read.accounts
        self.own_session = read.own_session
        self.directory = directory.Directory(read.computer, read.directory)
        self.windows: Windows = read.windows
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.sessions: SessionTable = spec.table(read.table, self.clock, self.changed, read.windows)
        self.servers = {
            server: spec.table(entry, self.clock, self.changed, read.windows) for server, entry in read.servers.items()
        }
        self.registry = Registry()
        self.calls: list[Call] = []
        self.memory = Memory()
        self.handles = Handles()
        self.failures: list[BaseException] = []
        self._server_errors = {server: data['error'] for server, data in read.servers.items() if data.get('error')}
        self._api = Api(self)
        self._triggers: list[Trigger] = []
        self._faults: list[Fault] = []
        self.watchers: list[Callable[[str, Call], None]] = []
        self._listener: socket.socket | None = None
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._socket: Path | None = None
        for path, values in read.registry.items():
            self.registry.create(path)
            for value, content in (values or {}).items():
                self.registry.set(path, value, content)
        for fault in read.faults:
            self.fault(**fault)
        for event in read.events:
            self._read_event(event)

    @property
    def acts(self) -> list[Call]:
        """The calls of functions that change something, including failed ones."""
        with self.lock:
            return [call for call in self.calls if call.acted]

    @property
    def boxes(self) -> list[Any]:
        """The message boxes that were shown, in order."""
        return self.sessions.boxes

    # ---- Life ----

    def start(self) -> None:
        """Create the host's folder and serve its API.

        :raises FileNotFoundError: if there is no C compiler for the native library.
        """
        native.build()
        for folder in ('Temp', 'Users', 'Windows/System32', 'Windows/Temp'):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self._write_commands()
        self._stopping.clear()
        path = self.root / 'api.sock'
        if len(os.fsencode(path.absolute())) > _LONGEST_SOCKET:
            path = self._short_folder() / 'api.sock'
        path.unlink(missing_ok=True)
        self._socket = path.absolute()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(os.fspath(self._socket))
        self._listener.listen(128)
        thread = threading.Thread(target=self._accept, args=(self._listener,), name=f'{self.name} API', daemon=True)
        thread.start()
        self._threads = [thread]

    def stop(self) -> None:
        """Stop serving the API. Calls that wait return with an error."""
        if self._listener is None or self._socket is None:
            return
        self._stopping.set()
        with self.changed:
            self.changed.notify_all()
        # A shutdown wakes the thread that accepts; a close alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        self._listener = None
        for connection in list(self._connections):
            # Only the receiving side: the call in progress still gets its response.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        for thread in self._threads[1:]:
            thread.join(timeout=5)
        self._socket.unlink(missing_ok=True)
        if self._socket.parent != self.root.absolute():
            shutil.rmtree(self._socket.parent, ignore_errors=True)
        self._socket = None

    def __enter__(self) -> Host:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.stop()
        if kind is None and self.failures:
            raise RuntimeError(f'{self.name}: an event at an API call failed') from self.failures[0]

    def authenticate(self, user: str, password: str) -> str | None:
        """Log on an account over the network.

        :param user: the account, in a form that :meth:`account` accepts.
        :param password: its password.
        :returns: the account as ``CORP\\ansible``; None if it is refused.
        """
        account = self.account(user)
        return account if account is not None and self.accounts[account].password == password else None

    def account(self, user: str) -> str | None:
        """Find an account that may log on over the network.

        :param user: ``ansible``, ``CORP\\ansible``, ``ansible@CORP`` or ``ansible@corp.example``, in any case.
        :returns: the account as ``CORP\\ansible``; None if it does not exist or is refused.
        """
        for account in self.accounts.values():
            domain, _unused, name = account.name.lower().partition('\\')
            forms = {name, f'{domain}\\{name}', f'{name}@{domain}'}
            asked = user.lower()
            if '@' in asked:
                asked = '@'.join([asked.rpartition('@')[0], asked.rpartition('@')[2].split('.')[0]])
            if asked in forms and not account.refused:
                return account.name
        return None

    def environment(self, account: str) -> dict[str, str]:
        """All environment variables of a command that an account runs on the host.

        :param account: the result of :meth:`authenticate`.
        :raises RuntimeError: if the host is not running.
        """
        if self._socket is None:
            raise RuntimeError(f'{self.name} is not started')
        domain, _unused, user = account.rpartition('\\')
        system = self.root.absolute() / 'Windows'
        home = self.root.absolute() / 'Users' / (user or 'nobody')
        home.mkdir(parents=True, exist_ok=True)
        temporary = str(self.root.absolute() / 'Temp')
        return {
            'LD_LIBRARY_PATH': str(native.build()),
            'PATH': os.pathsep.join([str(system / 'System32'), '/usr/local/bin', '/usr/bin', '/bin']),
            'SystemRoot': str(system),
            'windir': str(system),
            'TEMP': temporary,
            'TMP': temporary,
            'HOME': str(home),
            'USERPROFILE': str(home),
            'USERNAME': user,
            'USERDOMAIN': domain,
            'COMPUTERNAME': self.computer,
            'PSModulePath': '',
            'LANG': 'C.UTF-8',
            'POWERSHELL_TELEMETRY_OPTOUT': '1',
            'POWERSHELL_UPDATECHECK': 'Off',
            'WINHOST_SOCKET': str(self._socket),
            'WINHOST_ACCOUNT': account,
            **pwsh.environment(),
            **compile_once.environment(),
        }

    # ---- Changes ----

    def change(self, do: Mapping[str, Any]) -> None:
        """Make a change, as an event of the spec does.

        :param do: one of ``{logon: {...}}``, ``{leave: 3}``, ``{replace: {id: 3, user: bob}}``,
            ``{update: {id: 3, idle: 0}}``, ``{try_logon: {user: bob}}``, ``{reboot: true}``,
            ``{advance: 10m}`` (time passes), ``{jump: -600}`` (the clock is set by so many seconds). A ``server`` in
            it, or beside ``leave``, is the name of another server.
        :raises SpecError: if it is none of these.
        """
        do = dict(do)
        server = do.pop('server', None)
        if len(do) != 1 or next(iter(do)) not in _CHANGES:
            raise SpecError(f'{self.name}: {do!r} is not one of {", ".join(_CHANGES)}. Example: {{leave: 3}}')
        ((what, how),) = do.items()
        with self.changed:
            if what == 'reboot':
                self.reboot()
                return
            if what in ('advance', 'jump'):
                getattr(self.clock, what)(how)
                self.changed.notify_all()
                return
            if isinstance(how, Mapping):
                how = dict(how)
                server = how.pop('server', server)
            if what == 'try_logon':
                self.try_logon(**how)
                return
            table = self.server(server) if server else self.sessions
            if what == 'leave':
                table.leave(how)
            elif what == 'logon':
                table.logon(**how)
            else:
                session_id = how.pop('id')
                (table.replace if what == 'replace' else table.update)(session_id, **how)

    def reboot(self) -> None:
        """Restart the host, which removes sessions, handles, memory and volatile registry keys."""
        with self.changed:
            self.sessions.reboot()
            if self.windows.volatile_keys == 'gone':
                self.registry.reboot()
            self._reopen()
            self.handles.live.clear()
            self.memory.live.clear()

    def try_logon(self, user: str, **data: Any) -> Session | None:
        """Connect a user to their disconnected session, or log them on, if the logon mode allows it.

        :param user: ``bob`` or ``CORP\\bob``.
        :param data: a new session, as in a spec.
        :returns: the session; None if the logon is refused.
        """
        with self.changed:
            obeyed = self.windows.logon_mode == 'obeyed'
            account = user if '\\' in user else f'{directory.DOMAIN}\\{user}'
            if obeyed and self._value(_WINLOGON, 'WinStationsDisabled') == '1':
                return None
            for session in self.sessions:
                if session.state == State.DISCONNECTED and (session.account or '').lower() == account.lower():
                    return self.sessions.update(session.id, state='active')
            if obeyed and self._value(_TERMINAL_SERVER, 'TSServerDrainMode') in (1, 2):
                return None
            return self.sessions.logon(user=user, logged_on=0, **data)

    def _value(self, path: str, name: str) -> Any:
        key = self.registry.find(path)
        value = None if key is None else key.values.get(name.lower())
        return None if value is None else value.read

    def _reopen(self) -> None:
        """Allow logons again if they were refused until a restart ("change logon")."""
        if self._value(_TERMINAL_SERVER, 'TSServerDrainMode') == 1:
            self.registry.set(_TERMINAL_SERVER, 'TSServerDrainMode', 0)
        if self._value(_WINLOGON, 'WinStationsDisabled') == '1':
            self.registry.set(_WINLOGON, 'WinStationsDisabled', '0')

    def on(self, api: str, *, do: Callable[[Host], Any], when: str = 'after', nth: int = 1, **arguments: Any) -> None:
        """Change the host immediately before or after a call.

        :param api: the function, such as ``WTSLogoffSession``.
        :param do: makes the change; called with the host.
        :param when: ``before`` the call is carried out, or ``after`` it, before it returns.
        :param nth: which of the matching calls from now on, from 1.
        :param arguments: arguments of the call.
        :raises SpecError: if the function, an argument or ``when`` is unknown.
        """
        if when not in ('before', 'after'):
            raise SpecError(f'{self.name}: {when!r} is not before or after')
        self._triggers.append(Trigger(when, self._conditions(api, arguments), nth, do))

    def fault(
        self,
        api: str,
        *,
        error: int = 0,
        times: int | None = None,
        result: str | None = None,
        takes: float | str = 0,
        hangs: bool = False,
        carried_out: bool = False,
        **arguments: Any,
    ) -> None:
        """Add a fault of matching calls.

        :param api: the function.
        :param error: the Win32 error that they return.
        :param times: the number of calls; None: all.
        :param result: instead of an error, success with ``empty`` or ``short`` results.
        :param takes: the time until the call returns, with or without an error.
        :param hangs: whether the call does not return before :meth:`heal`.
        :param carried_out: whether the change is made before the error is returned.
        :param arguments: arguments of the calls, such as ``session=3``.
        :raises SpecError: if the function, an argument or the result is unknown.
        """
        if result not in (None, 'empty', 'short') or not (error or result or takes or hangs):
            raise SpecError(
                f'{self.name}: a fault needs error, takes, hangs, or the result empty or short, not {result!r}'
            )
        if carried_out and not error:
            raise SpecError(f'{self.name}: carried_out needs an error')
        conditions = self._conditions(api, arguments)
        self._faults.append(Fault(conditions, error, times, result, spec.seconds(takes), hangs, carried_out))

    def heal(self) -> None:
        """Remove all faults. Calls that hang are carried out."""
        with self.changed:
            for fault in self._faults:
                fault.hangs = False
            self._faults.clear()
            self.changed.notify_all()

    def server(self, name: str | None) -> SessionTable:
        """Find the session table of a server.

        :param name: its name, in any case, or a name of this host.
        :raises WinError: if it cannot be reached or refuses.
        """
        wanted = (name or '').lower()
        if wanted in (self.computer.lower(), self.name.lower(), 'localhost'):
            return self.sessions
        if wanted in self._server_errors:
            raise WinError(self._server_errors[wanted])
        if wanted not in self.servers:
            raise WinError(Error.RPC_SERVER_UNAVAILABLE)
        return self.servers[wanted]

    def find_account(self, name: str) -> directory.Account:
        """Find an account as LookupAccountName does.

        :param name: in any form; see directory.py.
        :returns: an account of the directory, a user who is logged on or may log on, or a group of a user.
        """
        sessions = [row for table in (self.sessions, *self.servers.values()) for row in table]
        users = [
            directory.Account(row.account, row.sid, error=0 if row.sid else Error.NONE_MAPPED)
            for row in sessions
            if row.account
        ]
        users += [directory.Account(account, sids.made_up(*account.rsplit('\\', 1))) for account in self.accounts]
        groups = [
            directory.Account(group.name, self.directory.sid(group.name), directory.Use.GROUP)
            for row in sessions
            for group in [*row.groups, *(group for process in row.processes for group in process.groups or ())]
            if not group.name.upper().startswith('S-1-')
        ]
        return self.directory.find(name, [*users, *groups])

    def delay(self, call: Call, fault: Fault | directory.Account) -> None:
        """Delay a call, but no other.

        :param call: the call.
        :param fault: how long it takes, and whether it hangs.
        """
        due = self.clock.ticks() + fault.takes
        if fault.hangs:
            self._watch('hangs', call)
        if fault.hangs or fault.takes:
            call.wait_until(lambda: not fault.hangs and self.clock.ticks() >= due)

    # ---- The API's server ----

    def _conditions(self, api: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if api not in FUNCTIONS:
            raise SpecError(
                f'{self.name}: {api!r} is not a function of the simulated API: {", ".join(sorted(FUNCTIONS))}'
            )
        known = {*FUNCTIONS[api][1], 'caller', 'account'}
        unknown = arguments.keys() - known
        if unknown:
            raise SpecError(
                f'{self.name}: {api} has no argument {", ".join(sorted(unknown))}. Known: {", ".join(sorted(known))}'
            )
        return {'api': api, **arguments}

    def _read_event(self, event: Mapping[str, Any]) -> None:
        data = spec.check(event, {'before', 'after', 'do'}, f'{self.name}: events')
        when = 'before' if 'before' in data else 'after'
        do = data.get('do')
        if not isinstance(do, Mapping) or not isinstance(data.get(when), Mapping):
            example = '{before: {api: WTSLogoffSession, session: 3}, do: {leave: 3}}'
            raise SpecError(f'{self.name}: {event!r} is not an event. Example: {example}')
        self.on(**dict(data[when]), when=when, do=lambda host: host.change(do))

    def _watch(self, when: str, call: Call) -> None:
        for watcher in self.watchers:
            watcher(when, call)

    def _fire(self, when: str, call: Call) -> None:
        for trigger in list(self._triggers):
            if trigger.when == when and _matches(call, trigger.conditions):
                trigger.seen += 1
                if trigger.seen == trigger.nth:
                    self._triggers.remove(trigger)
                    trigger.do(self)

    def _fail(self, call: Call) -> int:
        """Apply the faults of a call.

        :returns: the error that the call returns after it was carried out.
        :raises WinError: if the call fails without being carried out.
        """
        for fault in self._faults:
            if fault.times != 0 and _matches(call, fault.conditions):
                fault.times = None if fault.times is None else fault.times - 1
                call.result = fault.result
                self.delay(call, fault)
                if fault.error and not fault.carried_out:
                    raise WinError(fault.error)
                return fault.error
        return 0

    def _answer(self, values: list[Value], connection: socket.socket) -> bytes:
        api, account, caller, pid, *arguments = values
        assert isinstance(api, str)
        assert isinstance(account, str)
        assert isinstance(caller, str)
        assert isinstance(pid, int)
        with self.lock:
            if api in FREEING:
                self.memory.free(api, *arguments)  # type: ignore[arg-type]
                return wire.pack(0)
            if api == 'rwinsta_answers':  # not a function of Windows: the behavior of rwinsta.exe
                return wire.pack(0, int(self.windows.rwinsta_exit_code == 'one'), self.windows.rwinsta_language)
            handler, names = FUNCTIONS[api]
            described = {name: self._api.describe(name, value) for name, value in zip(names, arguments, strict=True)}
            call = Call(
                api,
                described,
                account,
                caller,
                pid,
                acted=api in ACTING,
                wait_until=lambda done: self._wait(done, connection),
            )
            self.calls.append(call)
            self.changed.notify_all()
            self._watch('before', call)
            self._fire('before', call)
            results: list[Value] = []
            try:
                failure = self._fail(call)
                results = list(handler(self._api, call, *arguments))
                call.carried_out = True
                call.error = failure
            except WinError as error:
                call.error = error.code
            self._fire('after', call)
            self._watch('after', call)
            return wire.pack(call.error, *results)

    def _wait(self, done: Callable[[], bool], connection: socket.socket) -> None:
        """Wait for a condition, until the host stops or the caller has disconnected."""
        while not done():
            if self._stopping.is_set():
                raise WinError(Error.RPC_SERVER_UNAVAILABLE)
            if select.select([connection], [], [], 0)[0]:
                raise ConnectionResetError('the caller has disconnected')
            self.changed.wait(_HANG_UP)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                # A caller reuses its connection for its next call.
                while values := wire.receive(connection):
                    connection.sendall(self._answer(values, connection))
            except ConnectionError:
                pass
            except Exception as error:
                # An event of a test failed: the test has to fail, and the caller must not wait.
                traceback.print_exc()
                self.failures.append(error)
                with contextlib.suppress(OSError):
                    connection.sendall(wire.pack(Error.INTERNAL_ERROR))
            finally:
                self._connections.discard(connection)

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _unused = listener.accept()
            except OSError:
                return
            self._connections.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), name=f'{self.name} calls', daemon=True)
            thread.start()
            if len(self._threads) > 64:
                self._threads = [self._threads[0], *(thread for thread in self._threads[1:] if thread.is_alive())]
            self._threads.append(thread)

    def _short_folder(self) -> Path:
        """Create a folder with a short path for the socket. It is the same in each start of the host."""
        digest = hashlib.sha256(os.fsencode(self.root.absolute())).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f'winhost-{digest}'
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise PermissionError(f'{folder} belongs to another user: give {self.name} a folder with a shorter path')
        return folder

    def _write_commands(self) -> None:
        """Put the inbox commands into System32, under their names with and without .exe."""
        for command in INBOX_COMMANDS:
            for name in (command, f'{command}.exe'):
                path = self.root / 'Windows' / 'System32' / name
                path.unlink(missing_ok=True)
                if command in ('rwinsta', 'reset') and self.windows.rwinsta == 'missing':
                    continue
                # -I -S: starts faster, and ignores the Python environment of the caller.
                words = [sys.executable, '-ISB', str(_INBOX / 'run.py'), command]
                path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
                path.chmod(0o755)


def _matches(call: Call, conditions: Mapping[str, Any]) -> bool:
    has = {**call.arguments, 'api': call.api, 'caller': call.caller, 'account': call.account}
    return all(
        any(_same(has[name], one) for one in (wanted if isinstance(wanted, list) else [wanted]))
        for name, wanted in conditions.items()
    )


def _same(has: Any, wanted: Any) -> bool:
    if isinstance(has, str) and isinstance(wanted, str):
        return has.lower() == wanted.lower()
    return bool(has == wanted)


__all__ = ['Account', 'Call', 'Host', 'Session', 'SpecError']
