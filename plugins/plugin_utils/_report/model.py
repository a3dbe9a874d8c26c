# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""The fleet model: what every host said about its sessions, as plain data that each rendering shows.

Nothing here reads a clock, a file or a host: the same input gives the same model.
"""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses
import datetime
import functools
import math
import re
import typing as t


class ReportError(ValueError):
    """The input cannot be made into a report; the text says what is wrong and what would be right."""


Row = dict[str, t.Any]

_SURROGATES = re.compile('[\ud800-\udfff]')
_NUMBERS = re.compile('([0-9]{1,18})')


def _text(value: t.Any) -> str | None:
    # str.__str__ also takes off the tags that ansible-core puts on results. UTF-8 has no lone surrogates.
    text = str.__str__(value) if isinstance(value, str) else '' if value is None else str(value)
    return _SURROGATES.sub('\ufffd', text) or None


def _sentence(value: t.Any) -> str | None:
    # Error texts come with line ends and indents of their own; a row is one line.
    return ' '.join((_text(value) or '').split()) or None


def _number(value: t.Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return int(value) if isinstance(value, int) or value == int(value) else float(value)


def _flag(value: t.Any) -> bool | None:
    return bool(value) if isinstance(value, bool) else None


def _programs(value: t.Any) -> str | None:
    if isinstance(value, c.Sequence) and not isinstance(value, str):
        names = (_text(one.get('name')) for one in value if isinstance(one, c.Mapping))
        return ', '.join(sorted((name for name in names if name), key=lambda name: (name.casefold(), name))) or None
    return _text(value)


#: The columns of a row in their order, the same in CSV, JSON and HTML, and how a value gets into one.
COLUMNS: dict[str, c.Callable[[t.Any], t.Any]] = {
    'host': _text,
    'host_status': _text,
    'host_message': _sentence,
    'host_time': _text,
    'report_time': _text,
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
}
_ABOUT_HOST = ('host', 'host_status', 'host_message', 'host_time', 'report_time')
_ABOUT_ACTION = ('action', 'outcome', 'reason', 'detail', 'error_code', 'seconds', 'due_in_seconds')

#: The limits in the order in which the first one reached is named, and the column each one is held against.
LIMITS = {'max_disconnected': 'disconnected_seconds', 'max_idle': 'idle_seconds', 'max_logged_on': 'logged_on_seconds'}

#: Outcomes after which the session itself is not there any more.
GONE = frozenset({'logged_off', 'reset', 'already_gone', 'session_changed'})

#: What may be said of a host, the most alarming first.
STATUSES = ('failed', 'unreachable', 'not_asked', 'answered')


@dataclasses.dataclass(frozen=True)
class Host:
    """What one host said.

    :ivar status: ``answered``, ``failed``, ``unreachable`` or ``not_asked``
    :ivar seen: its last word held a list of sessions; false means that nobody knows who is logged on there
    :ivar message: why it is not simply ``answered``, in words
    :ivar host_time: the host's own clock, UTC
    :ivar report_time: when the report was made in which this was said, UTC
    :ivar rows: a row for each session, ascending by id; columns as in :data:`COLUMNS`
    """

    name: str
    status: str
    seen: bool
    message: str | None
    host_time: str | None
    report_time: str | None
    rows: tuple[Row, ...]


@dataclasses.dataclass(frozen=True)
class Report:
    """A fleet at one moment.

    :ivar time: when, UTC, ``2026-11-21T14:34:47Z``
    :ivar title: the heading
    :ivar target: which hosts were meant, in the words of whoever asked
    :ivar limits: seconds by the names of :data:`LIMITS`; what "over the limit" means
    :ivar hosts: in natural order of their names
    :ivar merged: what earlier reports were merged in: ``source``, ``time``, ``target``, ``hosts`` (how many it held),
        ``used`` (of how many of them its word is still the newest)
    """

    time: str
    title: str
    target: str
    limits: dict[str, float]
    hosts: tuple[Host, ...]
    merged: tuple[dict[str, t.Any], ...] = ()

    @functools.cached_property
    def rows(self) -> list[Row]:
        """One row for each session, and one for each host without any, so that no host is silently absent."""
        return [row for host in self.hosts for row in flat_rows(host)]

    @functools.cached_property
    def sessions(self) -> list[Row]:
        """The rows of sessions alone."""
        return [row for host in self.hosts for row in host.rows]

    @functools.cached_property
    def counts(self) -> dict[str, t.Any]:
        """The numbers of the header; sessions are counted where they are known to be there still."""
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
        }


def build_report(
    results: c.Mapping[str, t.Any],
    time: str,
    title: str = 'User sessions',
    target: str = 'all',
    limits: c.Mapping[str, float] | None = None,
) -> Report:
    """Make the fleet model of what the hosts answered.

    :param results: for each host the result of ``win_user_session_info`` or ``win_user_session``, a list of such
        results in the order in which they were given (a warning and the logoff after it), or None for a host that was
        never asked
    :param time: when, UTC, ``2026-11-21T14:34:47Z``
    :param title: the heading
    :param target: which hosts were meant
    :param limits: seconds by the names of :data:`LIMITS`
    :returns: the model
    :raises ReportError: when the time or a host's answer is of no use
    """
    time, title, target = check_time(time), _sentence(title) or '', _sentence(target) or ''
    limits = {name: limits[name] for name in LIMITS if limits and limits.get(name) is not None}
    return Report(time, title, target, limits, tuple(_hosts(results, time, limits)))


def session_rows(results: c.Mapping[str, t.Any], limits: c.Mapping[str, float] | None = None) -> list[Row]:
    """Fleet results as flat rows: by host in natural order (``web2`` before ``web10``), then by session id.

    :param results: as for :func:`build_report`
    :param limits: as for :func:`build_report`
    :returns: rows with the keys of :data:`COLUMNS`, None where a value is not known
    :raises ReportError: when a host's answer is of no use
    """
    return [row for host in _hosts(results, None, limits or {}) for row in flat_rows(host)]


def flat_rows(host: Host) -> list[Row]:
    """The rows of a host, or the one that says that there is no session to tell of."""
    if host.rows:
        return list(host.rows)
    about = (host.name, host.status, host.message, host.host_time, host.report_time)
    return [row_of(dict(zip(_ABOUT_HOST, about, strict=True)))]


def is_user_session(row: Row) -> bool:
    """Somebody's session or a left-over of one; not a service, a listener or an empty logon screen."""
    return row['user'] is not None or row['ghost'] is True


def natural(name: str) -> tuple[t.Any, ...]:
    """Sort key: numbers in names by their value, letters without case."""
    parts = _NUMBERS.split(name.casefold())
    return tuple(int(part) if odd % 2 else part for odd, part in enumerate(parts)), name


def check_time(time: t.Any) -> str:
    """Refuse a time that is not written as the others are; they are compared as text.

    :param time: what should be a time
    :returns: the time
    :raises ReportError: when it is none
    """
    try:
        if datetime.datetime.strptime(time, '%Y-%m-%dT%H:%M:%SZ').strftime('%Y-%m-%dT%H:%M:%SZ') == time:
            return str.__str__(time)
    except (TypeError, ValueError):
        pass
    raise ReportError(f'{time!r} is not a time in UTC such as 2026-11-21T14:34:47Z')


def row_of(values: c.Mapping[str, t.Any]) -> Row:
    """A row with every column and nothing else, whatever the input holds.

    :param values: values by column; what is missing or of a wrong type is not known: None
    :returns: a row of plain Python values
    """
    return {column: convert(values.get(column)) for column, convert in COLUMNS.items()}


def _hosts(results: c.Mapping[str, t.Any], time: str | None, limits: c.Mapping[str, float]) -> list[Host]:
    if not isinstance(results, c.Mapping):
        raise ReportError(f'fleet results must be a dict of host name to result, not {type(results).__name__}')
    hosts = [_host(_text(name) or '', answers, time, limits) for name, answers in results.items()]
    return sorted(hosts, key=lambda host: natural(host.name))


def _host(name: str, answers: t.Any, time: str | None, limits: c.Mapping[str, float]) -> Host:
    answers = answers if isinstance(answers, c.Sequence) and not isinstance(answers, str) else [answers]
    for answer in answers:
        if answer is not None and not isinstance(answer, c.Mapping):
            raise ReportError(
                f'the result of host {name} must be a registered result, '
                f'not {type(answer).__name__} ({str(answer)[:60]!r})'
            )
    # A skipped task, or one of another module, has said nothing about sessions.
    words = [
        answer
        for answer in answers
        if answer and (answer.get('unreachable') or answer.get('failed') or _lists_sessions(answer))
    ]
    last = words[-1] if words else {}
    status = _status(last)
    seen = status != 'unreachable' and _lists_sessions(last)
    sessions = _told([word for word in words if _lists_sessions(word)])
    message = _message(status, last)
    if sessions and not seen:
        message = f'{message} (its sessions are those seen before that)'
    host_time = next((word['host_time'] for word in reversed(words) if word.get('host_time')), None)
    about = dict(zip(_ABOUT_HOST, (name, status, message, host_time, time), strict=True))
    rows = []
    for facts in sessions:
        row = row_of({**facts, **about})
        row['over_limit'] = row['reason'] if row['reason'] in LIMITS else _limit_reached(row, limits)
        # Gone stays gone, but of a host that fell silent nobody knows whether the others are still there.
        row['present'] = False if facts['present'] is False else True if seen else None
        rows.append(row)
    rows.sort(key=_by_id)
    return Host(name, status, seen, message, _text(host_time), time, tuple(rows))


def _by_id(row: Row) -> tuple[t.Any, ...]:
    return (row['id'] is None, row['id'] or 0, row['token'] or '')


def _status(last: c.Mapping[str, t.Any]) -> str:
    if not last:
        return 'not_asked'
    if last.get('unreachable'):
        return 'unreachable'
    return 'failed' if last.get('failed') else 'answered'


def _lists_sessions(answer: c.Mapping[str, t.Any]) -> bool:
    # A list may be a lazy one of ansible-core's; a text or a number is no list of sessions.
    return isinstance(answer.get('sessions'), c.Sequence) and not isinstance(answer['sessions'], str)


def _message(status: str, last: c.Mapping[str, t.Any]) -> str | None:
    if status == 'answered':
        return None
    if status == 'not_asked':
        return 'gave no result: it left the play before it was asked, or the task was skipped'
    words = _sentence(last.get('msg')) or 'without a word'
    return words.removeprefix('Task failed: ').removeprefix('Action failed: ').removeprefix('Module failed: ')


def _told(answers: list[c.Mapping[str, t.Any]]) -> list[Row]:
    """The sessions of a host after several answers: each session once, with the last thing that was done to it."""
    known: dict[str, Row] = {}
    for answer in answers:
        fresh = _records(answer)
        for key, before in known.items():
            if before.get('outcome') is None:
                continue
            if key not in fresh:
                fresh[key] = {**before, 'present': False}
            elif fresh[key].get('outcome') is None:
                fresh[key].update({name: before.get(name) for name in _ABOUT_ACTION})
        known = fresh
    return list(known.values())


def _records(answer: c.Mapping[str, t.Any]) -> dict[str, Row]:
    """The sessions of one answer by token: the facts are those read before acting, the state is the newest known."""
    left = dict(_keyed(answer, 'remaining'))
    records = {key: {**record, 'outcome': None, 'present': True} for key, record in left.items()}
    for key, record in _keyed(answer, 'sessions'):
        records[key] = {**record, 'present': record.get('outcome') not in GONE}
    for key, record in _keyed(answer, 'protected'):
        records[key] = {**record, 'outcome': 'protected', 'present': True}
    for key, record in left.items():
        records[key]['state'] = record.get('state')
    return records


def _keyed(answer: c.Mapping[str, t.Any], name: str) -> c.Iterator[tuple[str, c.Mapping[str, t.Any]]]:
    records = answer.get(name)
    if not isinstance(records, c.Sequence) or isinstance(records, str):
        return
    for number, record in enumerate(records):
        if not isinstance(record, c.Mapping):
            raise ReportError(
                f'{name} must be a list of session records, '
                f'but number {number} is {type(record).__name__} ({str(record)[:60]!r})'
            )
        yield _text(record.get('token')) or f'{name} {number}', record


def _limit_reached(row: Row, limits: c.Mapping[str, float]) -> str | None:
    for name, column in LIMITS.items():
        limit, seconds = limits.get(name), row[column]
        if limit is not None and seconds is not None and seconds >= limit and is_user_session(row):
            return name
    return None
