# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The model of a report: hosts and their sessions, which every form renders.

No function reads a clock, a file or a host, so the same input results in the same model.
"""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses
import datetime
import functools
import re
import typing as t


class ReportError(ValueError):
    """The input is not valid for a report. The text contains the reason."""


Row = dict[str, t.Any]

_SURROGATES = re.compile('[\ud800-\udfff]')
_LARGEST = 2**63
_NUMBERS = re.compile('([0-9]{1,18})')


def _text(value: t.Any) -> str | None:
    # str.__str__ also removes the tags that ansible-core puts on results. UTF-8 has no lone surrogates.
    text = str.__str__(value) if isinstance(value, str) else '' if value is None else str(value)
    return _SURROGATES.sub('\ufffd', text) or None


def _sentence(value: t.Any) -> str | None:
    # A row is one line, but error texts have several.
    return ' '.join((_text(value) or '').split()) or None


def _number(value: t.Any) -> int | float | None:
    # Windows returns at most 64 bits. Larger numbers cannot be converted to float.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -_LARGEST < value < _LARGEST:
        return None
    return int(value) if isinstance(value, int) or value == int(value) else float(value)


def _flag(value: t.Any) -> bool | None:
    return bool(value) if isinstance(value, bool) else None


def _programs(value: t.Any) -> str | None:
    if isinstance(value, c.Sequence) and not isinstance(value, str):
        names = (_text(one.get('name')) for one in value if isinstance(one, c.Mapping))
        return ', '.join(sorted((name for name in names if name), key=lambda name: (name.casefold(), name))) or None
    return _text(value)


#: The columns of a row in their order, with the conversion of their values.
COLUMNS: dict[str, c.Callable[[t.Any], t.Any]] = {
    'host': _text,
    'host_status': _text,
    'host_message': _sentence,
    'host_time': _text,
    'report_time': _text,
    'site': _text,
    'id': _number,
    'session_name': _text,
    'state': _text,
    'user': _text,
    'domain': _text,
    'account': _text,
    'sid': _text,
    'logon_time': _text,
    'connect_time': _text,
    'disconnect_time': _text,
    'last_input_time': _text,
    'logged_on_seconds': _number,
    'disconnected_seconds': _number,
    'idle_seconds': _number,
    'idle_source': _text,
    'idle_reliable': _flag,
    'locked': _flag,
    'console': _flag,
    'protocol': _text,
    'client_name': _text,
    'client_address': _text,
    'client_build': _number,
    'ghost': _flag,
    'own': _flag,
    'token': _text,
    'processes': _programs,
    'present': _flag,
    'over_limit': _text,
    'action': _text,
    'outcome': _text,
    'reason': _text,
    'detail': _sentence,
    'error_code': _number,
    'seconds': _number,
    'due_in_seconds': _number,
    'told': _flag,
}
#: The columns about the action on a session.
ACTION_COLUMNS = ('action', 'outcome', 'reason', 'detail', 'error_code', 'seconds', 'due_in_seconds', 'told')

#: The limits in the order in which the first one reached is named, and the column that each one applies to.
LIMITS = {'max_disconnected': 'disconnected_seconds', 'max_idle': 'idle_seconds', 'max_logged_on': 'logged_on_seconds'}

#: The statuses of a host, the most urgent first.
STATUSES = ('failed', 'unreachable', 'not_asked', 'answered')


@dataclasses.dataclass(frozen=True)
class Host:
    """The result of one host.

    :ivar status: ``answered``, ``failed``, ``unreachable`` or ``not_asked``.
    :ivar seen: whether its last result holds a list of sessions; false means that its sessions are unknown.
    :ivar message: why it is not ``answered``.
    :ivar host_time: the host's own clock, UTC.
    :ivar report_time: the time of the report that has this result, UTC.
    :ivar rows: a row for each session, ascending by ID; columns as in :data:`COLUMNS`.
    :ivar site: the label of its site.
    :ivar limits: the limits that apply to this host, in seconds by the names of :data:`LIMITS`.
    """

    name: str
    status: str
    seen: bool
    message: str | None
    host_time: str | None
    report_time: str | None
    rows: tuple[Row, ...]
    site: str | None = None
    limits: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Report:
    """The sessions of a fleet at one time.

    :ivar time: UTC, ``2026-11-21T14:34:47Z``.
    :ivar title: the heading.
    :ivar target: the selected hosts, as the operator named them.
    :ivar limits: seconds by the names of :data:`LIMITS`, for hosts without limits of their own.
    :ivar hosts: in natural order of their names.
    :ivar merged: the merged reports: ``source``, ``time``, ``target``, ``hosts`` (how many it has), ``used`` (how many
        of them are in this report).
    :ivar check_mode: whether the results are those of a run in check mode.
    :ivar user: the user whose sessions the report is restricted to.
    :ivar origin: user, job and versions, see :func:`origin.origin`.
    :ivar history: earlier reports of the same title and target, ascending by time: ``time`` and ``counts``.
    """

    time: str
    title: str
    target: str
    limits: dict[str, float]
    hosts: tuple[Host, ...]
    merged: tuple[dict[str, t.Any], ...] = ()
    check_mode: bool = False
    user: str | None = None
    origin: dict[str, str] = dataclasses.field(default_factory=dict)
    history: tuple[dict[str, t.Any], ...] = ()

    @functools.cached_property
    def rows(self) -> list[Row]:
        """One row for each session, and one for each host without sessions, so that no host is absent."""
        return [row for host in self.hosts for row in flat_rows(host)]

    @functools.cached_property
    def sessions(self) -> list[Row]:
        """The rows of sessions."""
        return [row for host in self.hosts for row in host.rows]

    @functools.cached_property
    def counts(self) -> dict[str, t.Any]:
        """The numbers of the report. Only sessions that are known to be present are counted as sessions."""
        status = collections.Counter(host.status for host in self.hosts)
        there = [row for row in self.sessions if row['present'] and is_user_session(row)]
        state = collections.Counter(row['state'] for row in there)
        outcomes = collections.Counter(row['outcome'] for row in self.sessions if row['outcome'])
        return {
            'hosts': len(self.hosts),
            'hosts_asked': len(self.hosts) - status['not_asked'],
            **{f'hosts_{name}': status[name] for name in reversed(STATUSES)},
            'hosts_unseen': sum(not host.seen for host in self.hosts),
            'sessions': len(there),
            'active': state['active'],
            'disconnected': state['disconnected'],
            'other': len(there) - state['active'] - state['disconnected'],
            'over_limit': sum(row['over_limit'] is not None for row in there),
            'users': len({row['account'].casefold() for row in there if row['account']}),
            'outcomes': dict(sorted(outcomes.items())),
            'not_warned': sum(row['told'] is False for row in self.sessions),
        }

    @functools.cached_property
    def has_sites(self) -> bool:
        """Whether hosts belong to different sites, so that their names may not be unique."""
        return len({host.site for host in self.hosts}) > 1

    @functools.cached_property
    def applied_limits(self) -> dict[str, tuple[float, float]]:
        """The smallest and the largest value of each limit that applies to a host of the report."""
        applied = [host.limits for host in self.hosts] or [self.limits]
        ranges = {}
        for name in LIMITS:
            if values := [limits[name] for limits in applied if name in limits]:
                ranges[name] = (min(values), max(values))
        return ranges


def flat_rows(host: Host) -> list[Row]:
    """Return the rows of a host; one row without a session if it has none."""
    return list(host.rows) or [row_of(host_columns(host))]


def host_columns(host: Host) -> dict[str, t.Any]:
    """Return the columns about a host, which are equal in all its rows."""
    return {
        'host': host.name,
        'host_status': host.status,
        'host_message': host.message,
        'host_time': host.host_time,
        'report_time': host.report_time,
        'site': host.site,
    }


def is_user_session(row: Row) -> bool:
    """Whether this is the session of a user or a ghost session, not a service, a listener or a logon screen."""
    return row['user'] is not None or row['ghost'] is True


def natural(name: str) -> tuple[t.Any, ...]:
    """Return the sort key of a name: numbers by value, letters without case."""
    parts = _NUMBERS.split(name.casefold())
    return tuple(int(part) if odd % 2 else part for odd, part in enumerate(parts)), name


def check_time(time: t.Any) -> str:
    """Refuse a time in another format, because times are compared as text.

    :param time: the value.
    :returns: the time.
    :raises ReportError: if it is not a valid time.
    """
    try:
        if datetime.datetime.strptime(time, '%Y-%m-%dT%H:%M:%SZ').strftime('%Y-%m-%dT%H:%M:%SZ') == time:
            return str.__str__(time)
    except (TypeError, ValueError):
        pass
    raise ReportError(f'{time!r} is not a time in UTC. Example: 2026-11-21T14:34:47Z')


def row_of(values: c.Mapping[str, t.Any]) -> Row:
    """Create a row with every column and no other key.

    :param values: values by column; a missing value and one of a wrong type become None.
    :returns: a row of plain Python values.
    """
    return {column: convert(values.get(column)) for column, convert in COLUMNS.items()}
