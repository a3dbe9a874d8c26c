# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads the registered results of a play into the model of a report.

A host is not trusted: its result affects only its own rows.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import (
    ACTION_COLUMNS,
    LIMITS,
    STATUSES,
    Host,
    Report,
    ReportError,
    Row,
    check_time,
    flat_rows,
    host_columns,
    is_user_session,
    natural,
    row_of,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._results.outcomes import outcome

#: Outcomes that a later call of the same run replaces.
PENDING = frozenset({'planned', 'notified', 'in_grace'})

NOT_ASKED = 'No result: the host left the play before the task, or the task was skipped.'

_PREFIXES = re.compile('(?:(?:Task|Action|Module) failed: )+')


@dataclasses.dataclass(frozen=True)
class Answer:
    """One result of a host.

    :ivar status: ``answered``, ``failed`` or ``unreachable``.
    :ivar message: why it is not ``answered``.
    :ivar sessions: the sessions by token, or None if the result has no list of sessions.
    :ivar acts: whether it is a result of ``win_user_session``, which also lists the sessions that it did not select.
    :ivar host_time: the host's own clock.
    :ivar limits: the limits that the module was called with, or None if unknown.
    :ivar selection: the selection that the module was called with, or None if unknown.
    """

    status: str
    message: str | None = None
    sessions: dict[str, Row] | None = None
    acts: bool = False
    host_time: str | None = None
    limits: dict[str, float] | None = None
    selection: str | None = None


def build_report(
    results: c.Mapping[str, t.Any],
    time: str,
    title: str = 'User sessions',
    target: str = 'all',
    limits: c.Mapping[str, float] | None = None,
    *,
    site: str | None = None,
    user: str | None = None,
    inventory: c.Container[str] = (),
    check_mode: bool = False,
    origin: c.Mapping[str, str] | None = None,
) -> Report:
    """Create the model of the results of the hosts.

    :param results: for each host the result of ``win_user_session_info`` or ``win_user_session``, a list of such
        results in the order of their tasks, or None for a host without a result.
    :param time: the time of the report, UTC, ``2026-11-21T14:34:47Z``.
    :param title: the heading.
    :param target: the selected hosts, as the operator named them.
    :param limits: seconds by the names of :data:`LIMITS`; a result with limits of its own overrides them.
    :param site: the label of the site.
    :param user: the user whose sessions the report is restricted to.
    :param inventory: the names of all hosts, to recognize a loop over hosts.
    :param check_mode: whether the results are those of a run in check mode.
    :param origin: user, job and versions.
    :returns: the model.
    :raises ReportError: if the time or the results are not valid.
    """
    texts = row_of({'host_message': title, 'detail': target, 'site': site, 'user': user})
    limits = {name: limits[name] for name in LIMITS if limits and limits.get(name) is not None}
    time = check_time(time)
    return Report(
        time,
        texts['host_message'] or '',
        texts['detail'] or '',
        limits,
        tuple(_hosts(results, time, limits, texts['site'], inventory, selected_only=user is not None)),
        check_mode=check_mode,
        user=texts['user'],
        origin=dict(origin or {}),
    )


def session_rows(
    results: c.Mapping[str, t.Any], limits: c.Mapping[str, float] | None = None, time: str | None = None
) -> list[Row]:
    """Convert the results of hosts to flat rows, by host in natural order (``web2`` before ``web10``) and session ID.

    :param results: as for :func:`build_report`.
    :param limits: as for :func:`build_report`.
    :param time: the value of the column ``report_time``.
    :returns: rows with the keys of :data:`COLUMNS`, None where a value is unknown.
    :raises ReportError: if the time or the results are not valid.
    """
    time = None if time is None else check_time(time)
    return [row for host in _hosts(results, time, dict(limits or {})) for row in flat_rows(host)]


def type_name(value: object) -> str:
    """Return the name of a value's type for error messages; for a tagged type of ansible-core, that of its base."""
    kinds = {str: 'a string', bool: 'a boolean', int: 'an integer', float: 'a number', c.Mapping: 'a dict'}
    return next(
        (name for kind, name in kinds.items() if isinstance(value, kind)),
        'a list' if isinstance(value, c.Sequence) else type(value).__name__,
    )


def _hosts(
    results: c.Mapping[str, t.Any],
    time: str | None,
    limits: dict[str, float],
    site: str | None = None,
    inventory: c.Container[str] = (),
    selected_only: bool = False,
) -> list[Host]:
    if not isinstance(results, c.Mapping):
        raise ReportError(f'fleet results must be a dict of host name to result, not {type_name(results)}')
    answers: dict[str, list[Answer]] = {}
    delegating = set()
    for name, registered in results.items():
        host = row_of({'host': name})['host'] or ''
        answers.setdefault(host, [])
        if _is_delegating(registered, inventory):
            delegating.add(host)
        for target, answer in _answers(host, registered, inventory):
            answers.setdefault(target, []).append(answer)
    hosts = [
        _host(name, given, time, limits, site, selected_only)
        for name, given in answers.items()
        if given or name not in delegating
    ]
    return sorted(hosts, key=lambda host: natural(host.name))


def _answers(host: str, registered: t.Any, inventory: c.Container[str]) -> c.Iterator[tuple[str, Answer]]:
    """Return the results of a host with the name of the host that they describe."""
    for result in _as_list(registered):
        if result is None:
            continue
        if not isinstance(result, c.Mapping):
            raise ReportError(f'the result of host {host} must be a registered result, not {type_name(result)}')
        items = _items(result)
        if items is None:
            items, per_item = [result], False
        else:
            per_item = _is_loop_over_hosts(items, inventory)
        grouped: dict[str, list[Answer]] = {}
        for item in items:
            target = row_of({'host': _looped(item)})['host'] if per_item else _server(item) or host
            if (answer := _answer(item)) is not None:
                grouped.setdefault(target, []).append(answer)
        for target, given in grouped.items():
            yield target, _combined(given)


def _as_list(value: t.Any) -> c.Sequence[t.Any]:
    return value if isinstance(value, c.Sequence) and not isinstance(value, str) else [value]


def _items(result: c.Mapping[str, t.Any]) -> list[c.Mapping[str, t.Any]] | None:
    """Return the results of a loop; None for the result of a task without one."""
    items = result.get('results')
    if 'sessions' in result or not isinstance(items, c.Sequence) or isinstance(items, str):
        return None
    return [item for item in items if isinstance(item, c.Mapping)]


def _looped(item: c.Mapping[str, t.Any]) -> t.Any:
    name = item.get('ansible_loop_var')
    return item.get(name if isinstance(name, str) else 'item')


def _is_loop_over_hosts(items: list[c.Mapping[str, t.Any]], inventory: c.Container[str]) -> bool:
    # A registered result does not name the host that its task was delegated to.
    return bool(items) and all(isinstance(_looped(item), str) and _looped(item) in inventory for item in items)


def _is_delegating(registered: t.Any, inventory: c.Container[str]) -> bool:
    """Whether a host only ran a loop over other hosts, so that it has no sessions to report."""
    loops = [_items(result) for result in _as_list(registered) if isinstance(result, c.Mapping)]
    return any(items and _is_loop_over_hosts(items, inventory) for items in loops)


def _chosen(result: c.Mapping[str, t.Any]) -> c.Mapping[str, t.Any]:
    """Return the selection options that the module was called with."""
    selection = result.get('selection')
    return selection if isinstance(selection, c.Mapping) else {}


def _server(result: c.Mapping[str, t.Any]) -> str | None:
    """Return the option ``server`` that the module was called with."""
    return row_of({'host': _chosen(result).get('server')})['host']


def _answer(result: c.Mapping[str, t.Any]) -> Answer | None:
    """Read a result; None if it has no sessions, as of a skipped task or another module."""
    try:
        return _read(result)
    except Exception as error:  # a hostile or broken host must not affect the others
        reason = str(error) if isinstance(error, ReportError) else type(error).__name__
        return Answer('failed', f'The host returned an invalid result: {reason}.')


def _read(result: c.Mapping[str, t.Any]) -> Answer | None:
    if not result or (result.get('skipped') and not result.get('failed')):
        return None
    failed = bool(result.get('failed'))
    if result.get('unreachable'):
        return Answer('unreachable', _message(result))
    if 'sessions' in result and not _is_list(result['sessions']):
        raise ReportError(f'sessions must be a list of session records, but is {type_name(result["sessions"])}')
    if 'sessions' not in result:
        # With `failed_when: false`, only the missing sessions show that the task has failed.
        return None if 'mode' in result and not failed else Answer('failed', _message(result))
    sessions = _sessions(result)
    failed = failed or _is_refusal(result) or any(outcome(row['outcome'] or '').trouble for row in sessions.values())
    return Answer(
        'failed' if failed else 'answered',
        _message(result) if failed else None,
        sessions,
        acts=_is_list(result.get('remaining')),
        host_time=row_of({'host_time': result.get('host_time')})['host_time'],
        limits=_limits(result),
        selection=str(sorted(_chosen(result).items())) if 'selection' in result else None,
    )


def _is_list(value: t.Any) -> bool:
    # A list may be a lazy one of ansible-core.
    return isinstance(value, c.Sequence) and not isinstance(value, str)


def _is_refusal(result: c.Mapping[str, t.Any]) -> bool:
    """Whether the safety limit stopped the module, even if the caller has overridden `failed`."""
    return 'failed_when_result' in result and 'max_sessions' in str(result.get('msg'))


def _message(result: c.Mapping[str, t.Any]) -> str:
    message = row_of({'host_message': result.get('msg')})['host_message'] or 'The task failed without a message.'
    return _PREFIXES.sub('', message, count=1)


def _limits(result: c.Mapping[str, t.Any]) -> dict[str, float] | None:
    chosen = _chosen(result)
    seconds = {name: row_of({'seconds': _as_number(chosen.get(name))})['seconds'] for name in LIMITS}
    return {name: value for name, value in seconds.items() if value is not None} or None


def _as_number(value: t.Any) -> t.Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return None


def _sessions(result: c.Mapping[str, t.Any]) -> dict[str, Row]:
    """Return the sessions of a result by token, with the facts before the action and the state after it."""
    acted = {
        key: {**row, 'present': not outcome(row['outcome'] or '').ended} for key, row in _keyed(result, 'sessions')
    }
    acted |= {key: {**row, 'outcome': 'protected', 'present': True} for key, row in _keyed(result, 'protected')}
    sessions = {}
    for key, row in _keyed(result, 'remaining'):
        key = _known_key(key, row, acted)
        known = acted.get(key, {**row, 'outcome': None, 'present': True})
        sessions[key] = {**known, 'state': row['state']}
    return sessions | {key: row for key, row in acted.items() if key not in sessions}


def _keyed(result: c.Mapping[str, t.Any], name: str) -> c.Iterator[tuple[str, Row]]:
    records = result.get(name)
    if not _is_list(records):
        return
    for number, record in enumerate(t.cast(c.Sequence[t.Any], records)):
        if not isinstance(record, c.Mapping):
            raise ReportError(f'{name} must be a list of session records, but entry {number} is {type_name(record)}')
        row = row_of(record)
        yield row['token'] or f'{name} {number}', row


def _known_key(key: str, row: Row, known: c.Mapping[str, Row]) -> str:
    """Return the key of the same session in another list. The token of a closing session has no logon time."""
    if key in known or ':0:' not in key:
        return key
    same = (name for name, other in known.items() if (other['id'], other['account']) == (row['id'], row['account']))
    return next(same, key)


def _combined(answers: list[Answer]) -> Answer:
    """Combine the answers of a loop, which has failed if one of them has."""
    if len(answers) == 1:
        return answers[0]
    worst = min(answers, key=lambda answer: STATUSES.index(answer.status))
    messages = dict.fromkeys(answer.message for answer in answers if answer.message)
    return dataclasses.replace(
        answers[-1],
        status=worst.status,
        message='; '.join(messages) or None,
        sessions=_merged(answers) if any(answer.sessions is not None for answer in answers) else None,
    )


def _merged(answers: c.Iterable[Answer]) -> dict[str, Row]:
    """Combine the sessions of several results: each session once, with the last action on it."""
    known: dict[str, Row] = {}
    origin: dict[str, Answer] = {}
    for answer in answers:
        if answer.sessions is None:
            continue
        fresh = {_known_key(key, row, known): row for key, row in answer.sessions.items()}
        for key, before in known.items():
            if before['outcome'] is None:
                continue
            now = fresh.get(key)
            if now is None:
                fresh[key] = _departed(before)
            elif now['outcome'] is None:
                fresh[key] = _unselected(before, now, _replaces(answer, origin[key]))
        acted = {_known_key(key, row, known) for key, row in answer.sessions.items() if row['outcome']}
        origin = {key: answer if key in acted else origin.get(key, answer) for key in fresh}
        known = fresh
    return known


def _replaces(answer: Answer, earlier: Answer) -> bool:
    return answer.acts and (None in (answer.selection, earlier.selection) or answer.selection == earlier.selection)


def _departed(before: Row) -> Row:
    if before['outcome'] == 'planned':
        before = {**before, 'outcome': 'already_gone', 'action': 'none'}
    return {**before, 'present': False, 'due_in_seconds': None}


def _unselected(before: Row, now: Row, is_replaced: bool) -> Row:
    if not is_replaced or before['outcome'] not in PENDING:
        return {**now, **{name: before[name] for name in ACTION_COLUMNS}}
    active = None not in (before['idle_seconds'], now['idle_seconds']) and now['idle_seconds'] < before['idle_seconds']
    detail = 'the user is active again' if active else 'no longer selected'
    return {**now, 'outcome': 'no_longer_matches', 'action': 'none', 'detail': detail, 'told': before['told']}


def _host(
    name: str,
    answers: list[Answer],
    time: str | None,
    limits: dict[str, float],
    site: str | None,
    selected_only: bool,
) -> Host:
    status = answers[-1].status if answers else 'not_asked'
    message = (
        answers[-1].message
        if answers
        else 'No result: the host left the play before the task, or the task was skipped.'
    )
    seen = bool(answers) and status != 'unreachable' and answers[-1].sessions is not None
    sessions = list(_merged(answers).values())
    if selected_only:
        sessions = [row for row in sessions if row['outcome'] or not any(answer.acts for answer in answers)]
    if sessions and not seen:
        message = f'{message} (The sessions are those of an earlier result.)'
    own_limits = next((answer.limits for answer in reversed(answers) if answer.limits), limits)
    host_time = next((answer.host_time for answer in reversed(answers) if answer.host_time), None)
    host = Host(name, status, seen, message, host_time, time, (), site, own_limits)
    about = host_columns(host)
    rows = []
    for facts in sessions:
        row = {**facts, **about}
        row['over_limit'] = row['reason'] if row['reason'] in LIMITS else _limit_reached(row, own_limits)
        # On an unreachable host it is unknown whether a session is present, unless it has ended before.
        row['present'] = False if facts['present'] is False else True if seen else None
        rows.append(row)
    rows.sort(key=lambda row: (row['id'] is None, row['id'] or 0, row['token'] or ''))
    return dataclasses.replace(host, rows=tuple(rows))


def _limit_reached(row: Row, limits: c.Mapping[str, float]) -> str | None:
    for name, column in LIMITS.items():
        limit, seconds = limits.get(name), row[column]
        if limit is not None and seconds is not None and seconds >= limit and is_user_session(row):
            return name
    return None
