# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads hosts from YAML and validates all keys and values. An error names the wrong one and an example."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from winhost import sids
from winhost.clock import SECOND, Clock, ago, filetime, seconds
from winhost.sessions import (
    FIRST_LISTENER,
    Answering,
    Behaviour,
    Client,
    Group,
    Process,
    Protocol,
    Session,
    SessionTable,
    State,
)
from winhost.windows import Windows

DOMAIN = 'CORP'
RIGHTS = ('full', 'user', 'partial', 'blind')

_TIMES = {
    'logged_on': 'logon_time',
    'connected': 'connect_time',
    'disconnected': 'disconnect_time',
    'idle': 'last_input_time',
}
_HOST = {
    'computer',
    'clock',
    'accounts',
    'console',
    'services',
    'sessions',
    'servers',
    'api',
    'events',
    'registry',
    'own_session',
    'directory',
    'windows',
}
_SERVER = {'console', 'services', 'sessions', 'error', 'virtual_machines'}
_REFUSALS = ('locked', 'disabled', 'expired')
_DIRECTORY = {'domains', 'accounts', 'error', 'takes', 'hangs'}
_BEHAVIOURS = ('on_logoff', 'on_reset', 'on_disconnect')
_SESSION = {
    *(
        'id',
        'user',
        'domain',
        'session_name',
        'state',
        'locked',
        'protocol',
        'remote_app',
        'client',
        'processes',
        'sid',
        'groups',
        'host_name',
    ),
    *_TIMES,
    *_TIMES.values(),
    *_BEHAVIOURS,
    'on_message',
}
_BUTTONS = ('ok', 'cancel', 'yes', 'no')
# States of a session whose user is known and whose desktop has not started.
_LOGGING_ON = {State.CONNECTED, State.CONNECT_QUERY, State.INIT}
# SE_GROUP_*: attributes of a group in a token.
ATTRIBUTES = {'enabled': 0x7, 'disabled': 0, 'deny_only': 0x10, 'integrity': 0x60, 'logon_id': 0xC0000007}
_LEFT = ('ghost', *(state.name.lower() for state in State if state != State.LISTEN))


class SpecError(ValueError):
    """A spec is invalid."""


@dataclass
class Account:
    """An account that may log on over the network.

    :ivar name: ``CORP\\ansible``.
    :ivar rights: ``full``; ``user``: may query and send messages; ``partial``: may query its own sessions only;
        ``blind``: may query no session.
    :ivar refused: why it cannot log on (one of ``_REFUSALS``); Windows does not return the reason to the client.
    """

    name: str
    password: str = 'secret'
    rights: str = 'full'
    refused: str | None = None


@dataclass
class HostSpec:
    """The initial state of a host."""

    computer: str
    clock: Clock
    accounts: dict[str, Account]
    servers: dict[str, dict[str, Any]]
    table: dict[str, Any]
    faults: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    registry: dict[str, dict[str, Any]] = field(default_factory=dict)
    own_session: int = 0
    directory: dict[str, Any] = field(default_factory=dict)
    windows: Windows = field(default_factory=Windows)


def check(data: Any, known: set[str], where: str) -> dict[str, Any]:
    """Check that a section has only known keys.

    :param data: the section; None is an empty one.
    :param known: the keys.
    :param where: the name of the section in errors.
    :raises SpecError: if it is not a mapping, or has another key.
    """
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise SpecError(f'{where}: {data!r} is not a mapping. Keys: {", ".join(sorted(known))}')
    unknown = [str(key) for key in data if key not in known]
    if unknown:
        raise SpecError(f'{where}: unknown {", ".join(unknown)}. Known: {", ".join(sorted(known))}')
    return dict(data)


def host(name: str, data: Any) -> HostSpec:
    """Read a host.

    :param name: its name.
    :param data: its part of the spec.
    :raises SpecError: if it is not valid.
    """
    data = check(data, _HOST, name)
    clock = check(data.get('clock'), {'offset', 'fixed'}, f'{name}: clock')
    accounts = {}
    for account, given in (data.get('accounts') or {f'{DOMAIN}\\ansible': {}}).items():
        given = {'password': given} if isinstance(given, str) else given
        given = check(given, {'password', 'rights', 'refused'}, f'{name}: account {account}')
        read = Account(account, **given)
        if '\\' not in account:
            raise SpecError(f'{name}: account {account} has no domain. Example: {DOMAIN}\\{account}')
        if read.rights not in RIGHTS:
            raise SpecError(f'{name}: account {account}: rights {read.rights!r} is not one of {", ".join(RIGHTS)}')
        if read.refused not in (None, *_REFUSALS):
            raise SpecError(f'{name}: account {account}: refused {read.refused!r} is not {", ".join(_REFUSALS)}')
        accounts[account] = read
    servers = {
        server.lower(): check(given, _SERVER, f'{name}: server {server}')
        for server, given in (data.get('servers') or {}).items()
    }
    return HostSpec(
        computer=data.get('computer') or name.upper(),
        clock=Clock(clock.get('offset', 0), clock.get('fixed')),
        accounts=accounts,
        servers=servers,
        table={key: data[key] for key in ('console', 'services', 'sessions') if key in data},
        faults=list(data.get('api') or []),
        events=list(data.get('events') or []),
        registry=dict(data.get('registry') or {}),
        own_session=data.get('own_session', 0),
        directory=check(data.get('directory'), _DIRECTORY, f'{name}: directory'),
        windows=_windows(name, data.get('windows')),
    )


def _windows(name: str, data: Mapping[str, Any] | None) -> Windows:
    try:
        return Windows(data)
    except ValueError as error:
        raise SpecError(f'{name}: {error}') from error


def table(
    data: Mapping[str, Any], clock: Clock, changed: threading.Condition, windows: Windows | None = None
) -> SessionTable:
    """Read a session table.

    :param data: its ``sessions``, ``console`` and ``services``.
    :param clock: the host's clock.
    :param changed: the condition that guards it.
    :param windows: the answers to the open questions about Windows.
    :raises SpecError: if it is not valid.
    """
    found = SessionTable(clock, changed, session, windows or Windows())
    rows = [dict(row) for row in data.get('sessions') or []]
    found.has_services = data.get('services', True)
    found.console = data.get('console', _console(rows))
    try:
        _fill(found, rows, logon_screen='console' not in data)
    except SpecError:
        raise
    except ValueError as error:
        raise SpecError(str(error)) from error
    found.boot()
    for row in data.get('virtual_machines') or []:
        if not row.get('host_name'):
            raise SpecError(f'virtual_machines: {row!r} has no host_name. Example: VM-7')
        found.virtual.append(session(row, found))
    return found


def session(data: Mapping[str, Any], owner: SessionTable, onto: Session | None = None) -> Session:
    """Read a session, or the changes of one.

    :param data: its part of the spec.
    :param owner: its table.
    :param onto: the session to change; None: a new one.
    :returns: the session.
    :raises SpecError: if it is not valid.
    """
    try:
        return _session(check(data, _SESSION, 'a session'), owner, onto)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise SpecError(f'session {onto.id if onto else data.get("id")}: {error}') from error


def _session(data: dict[str, Any], owner: SessionTable, onto: Session | None) -> Session:
    now = owner.clock.now()
    if onto is None:
        if isinstance(data['id'], bool) or not isinstance(data['id'], int) or data['id'] < 0:
            raise SpecError(f'{data["id"]!r} is not a session ID. Example: 2')
        onto = Session(data['id'])
        data = {**_defaults(data, owner, now), **data}
    if 'user' in data:
        _name(onto, data)
    was = onto.state
    if 'state' in data:
        onto.state = _word(State, data['state'], 'state')
    if 'protocol' in data:
        onto.protocol = _word(Protocol, data['protocol'], 'protocol')
    if onto.state != was and onto.state == State.ACTIVE:
        input_time = {'idle': 0} if owner.windows.reconnect_input == 'now' else {}
        data = {'connected': 0, **input_time, 'locked': False, 'session_name': _session_name(onto, owner), **data}
    elif onto.state != was and onto.state == State.DISCONNECTED:
        data = {'disconnected': 0, 'locked': None, 'session_name': '', **data}
    for key in ('session_name', 'locked', 'remote_app', 'host_name'):
        if key in data:
            setattr(onto, key, data[key])
    for key, attribute in _TIMES.items():
        if key in data:
            setattr(onto, attribute, ago(data[key], now))
        if attribute in data:
            stamp = data[attribute]
            setattr(onto, attribute, stamp if isinstance(stamp, int) else filetime(stamp))
    if 'client' in data:
        onto.client = _client(data['client'])
    if 'sid' in data:
        onto.sid = data['sid']
    if 'groups' in data:
        onto.groups = _groups(data['groups'])
    if 'processes' in data:
        onto.processes = _processes(data['processes'], onto, owner)
    elif was in _LOGGING_ON and onto.state == State.ACTIVE and not any(p.sid == onto.sid for p in onto.processes):
        # The logon is complete: the processes of the desktop start.
        onto.processes += _processes(_desktop(onto.remote_app), onto, owner)
    for key in _BEHAVIOURS:
        if key in data:
            setattr(onto, key, _behaviour(data[key], key))
    if 'on_message' in data:
        onto.on_message = _answering(data['on_message'], 'on_message')
    return onto


def _fill(found: SessionTable, rows: list[dict[str, Any]], logon_screen: bool) -> None:
    for row in rows:
        if 'id' in row:
            found.logon(**row)
    if found.console is not None and found.console not in found:
        found.logon(id=found.console, connected=0)
    elif found.console is None and logon_screen:
        found.logon_screen()
    # Sessions without an ID get the lowest free ones.
    for row in rows:
        if 'id' not in row:
            found.logon(**row)


def _console(rows: list[dict[str, Any]]) -> int | None:
    """Return the console's ID: that of the session named so, or else 1, unless session 1 is a remote one."""
    for row in rows:
        if 'id' in row and (row.get('protocol') == 'console' or str(row.get('session_name', '')).lower() == 'console'):
            return int(row['id'])
    other = {'session_name', 'protocol', 'client', 'remote_app', 'disconnected'}
    taken = any(row.get('id') == 1 and (other & row.keys() or row.get('state') == 'disconnected') for row in rows)
    return None if taken else 1


def _defaults(data: dict[str, Any], owner: SessionTable, now: int) -> dict[str, Any]:
    """Return the default values of a session."""
    user = data.get('user')
    console = data['id'] == owner.console
    state = (
        'disconnected'
        if data.get('disconnected') is not None
        else 'active'
        if user
        else 'connected'
        if console
        else 'disconnected'
    )
    state = data.get('state', state)
    idle = data.get('disconnected', '30m') if state == 'disconnected' else 0
    # A user cannot be idle for longer than logged on.
    past = [ago(age, now) for age in (idle, data.get('idle')) if age is not None]
    logged_on = data.get('logged_on', 3600 + (now - min(past, default=now)) // SECOND)
    protocol = 'console' if console else 'rdp'
    domain = data.get('domain') or DOMAIN
    return {
        'user': user,
        'state': state,
        'logged_on': logged_on if user else None,
        'connected': data.get('connected', logged_on),
        'disconnected': idle if state == 'disconnected' else None,
        'idle': idle if user else None,
        'locked': False if user and state == 'active' else None,
        'protocol': protocol,
        'session_name': 'Console' if console else '' if state == 'disconnected' else f'RDP-Tcp#{data["id"]}',
        'client': _usual_client(data['id']) if user and protocol == 'rdp' and state != 'disconnected' else {},
        'sid': sids.made_up(*(user.split('\\', 1) if '\\' in user else (domain, user))) if user else None,
        'remote_app': False,
        'groups': [],
        'processes': _usual_processes(data),
    }


def _usual_client(session_id: int) -> dict[str, Any]:
    high, low = divmod(session_id, 250)
    return {'name': f'PC-{session_id}', 'address': f'10.0.{high % 250}.{low + 1}', 'build': 22621}


def _usual_processes(data: dict[str, Any]) -> list[Any]:
    if data['id'] >= FIRST_LISTENER:
        return []
    if data['id'] == 0:
        return [
            {'name': '', 'pid': 0, 'sid': None},
            {'name': 'System', 'pid': 4, 'sid': sids.SYSTEM},
            {'name': 'services.exe', 'sid': sids.SYSTEM},
        ]
    desktop = [
        {'name': 'csrss.exe', 'sid': sids.SYSTEM},
        {'name': 'winlogon.exe', 'sid': sids.SYSTEM},
        {'name': 'dwm.exe', 'sid': f'S-1-5-90-0-{data["id"]}'},
    ]
    if not data.get('user'):
        return desktop
    if str(data.get('state', '')).upper() in {state.name for state in _LOGGING_ON}:
        return [*desktop, {'name': 'LogonUI.exe', 'sid': sids.SYSTEM}]
    return desktop + _desktop(bool(data.get('remote_app')))


def _desktop(remote_app: bool) -> list[Any]:
    return ['rdpinit.exe', 'rdpshell.exe'] if remote_app else ['explorer.exe']


def _name(onto: Session, data: Mapping[str, Any]) -> None:
    user = data['user']
    if user is None:
        onto.user = onto.domain = None
        return
    domain, _unused, name = str(user).rpartition('\\')
    onto.user = name
    onto.domain = data.get('domain') or domain or onto.domain or DOMAIN


def _session_name(onto: Session, owner: SessionTable) -> str:
    return 'Console' if onto.id == owner.console else f'RDP-Tcp#{onto.id}'


def _word(words: type[State] | type[Protocol], given: Any, what: str) -> Any:
    try:
        return words[str(given).upper()]
    except KeyError:
        raise SpecError(f'{what} {given!r} is not one of {", ".join(word.name.lower() for word in words)}') from None


def _client(data: Any) -> Client:
    data = check(data, {'name', 'address', 'build', 'raw_address'}, 'client')
    raw = data.pop('raw_address', None)
    if raw is not None:
        raw = check(raw, {'family', 'bytes'}, 'client: raw_address')
        return Client(**data, raw_address=(raw['family'], bytes.fromhex(raw['bytes'])))
    return Client(**data)


def _processes(data: list[Any], onto: Session, owner: SessionTable) -> list[Process]:
    found = []
    for given in data:
        given = check(
            {'name': given} if isinstance(given, str) else given, {'name', 'pid', 'sid', 'groups'}, 'processes'
        )
        groups = None if given.get('groups') is None else _groups(given['groups'])
        found.append(Process(given['name'], owner.take_pid(given.get('pid')), given.get('sid', onto.sid), groups))
    return found


def _groups(data: list[Any] | None) -> list[Group]:
    found = []
    for entry in data or []:
        entry = check({'name': entry} if isinstance(entry, str) else entry, {'name', 'attributes'}, 'groups')
        found.append(Group(entry['name'], _attributes(entry.get('attributes', 'enabled'))))
    return found


def _attributes(data: int | str) -> int:
    if isinstance(data, int):
        return data
    if data not in ATTRIBUTES:
        raise SpecError(f'groups: attributes: {data!r} is not one of {", ".join(ATTRIBUTES)} or a number')
    return ATTRIBUTES[data]


def _behaviour(data: Any, where: str) -> Behaviour:
    known = {'error', 'times', 'looks', 'takes', 'hangs', 'blocks', 'becomes', 'replaced_by'}
    data = check(data, known | ({'reconnects'} if where == 'on_disconnect' else set()), where)
    if data.get('becomes') not in (None, *_LEFT):
        raise SpecError(f'{where}: becomes: {data["becomes"]!r} is not one of {", ".join(_LEFT)}')
    if 'takes' in data:
        data['takes'] = seconds(data['takes'])
    if data.get('replaced_by') is not None:
        data['replaced_by'] = check(data['replaced_by'], _SESSION, f'{where}: replaced_by')
    return Behaviour(**data)


def _answering(data: Any, where: str) -> Answering:
    data = check(data, {'answer', 'after', 'looks', 'never', 'error', 'times'}, where)
    if data.pop('never', False):
        data.pop('answer', None)
    if data.get('answer') not in (None, *_BUTTONS):
        raise SpecError(f'{where}: answer: {data["answer"]!r} is not one of {", ".join(_BUTTONS)}')
    if 'after' in data:
        data['after'] = seconds(data['after'])
    return Answering(**data)
