# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One line for ``msg`` of each module. The results were checked by :mod:`received`."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Mapping

from ansible_collections.winops.sessions.plugins.plugin_utils._options.rules import FILTERS
from ansible_collections.winops.sessions.plugins.plugin_utils._results.outcomes import by_urgency, outcome, reason
from ansible_collections.winops.sessions.plugins.plugin_utils._results.session import Record, session_line, session_name
from ansible_collections.winops.sessions.plugins.plugin_utils._text import human_duration, listing, plain, plural

Result = Mapping[str, t.Any]
Arguments = Mapping[str, t.Any]

_PLANNED = {
    'logoff': 'would be logged off',
    'reset': 'would be reset',
    'disconnect': 'would be disconnected',
    'notify': 'would be warned',
}
_SKIPPED = ('session_changed', 'no_longer_matches')
_WARNED = ('notified', 'in_grace')
_LOGON_MODES = {
    'enabled': 'new logons are allowed',
    'drain': 'new logons are refused until they are enabled again',
    'drain_until_restart': 'new logons are refused until the next restart',
    'disabled': 'remote logons are disabled',
}


def info_sentence(result: Result, arguments: Arguments, check_mode: bool) -> str | None:
    """Summarize the result of ``win_user_session_info``.

    :param result: the result.
    :param arguments: the options of the module.
    :param check_mode: whether it ran in check mode.
    :returns: for example ``1 session: 2 alice (active, idle 3 min)``; null if the module failed.
    """
    if result.get('failed') or result.get('sessions') is None:
        return None
    sessions = result['sessions']
    if sessions:
        return f'{plural(len(sessions), "session")}: {listing(map(session_line, sessions))}{_unknown_times(sessions)}'
    return 'no session matches' if any(option in arguments for option in FILTERS) else 'no user is logged on'


def session_sentence(result: Result, arguments: Arguments, check_mode: bool) -> str | None:
    """Summarize the result of ``win_user_session``.

    :param result: the result.
    :param arguments: the options of the module.
    :param check_mode: whether it ran in check mode.
    :returns: for example ``2 sessions: 1 still present (...), 1 logged off (2 alice); 1 session remains``; null if the
        module failed before it had read the sessions.
    """
    return _sentence(result, lambda record: _PLANNED.get(record.get('action') or '', 'planned'))


def message_sentence(result: Result, arguments: Arguments, check_mode: bool) -> str | None:
    """Summarize the result of ``win_user_session_message``.

    :param result: the result.
    :param arguments: the options of the module.
    :param check_mode: whether it ran in check mode.
    :returns: for example ``2 sessions: 1 not active (5 bob), 1 answered yes (2 alice)``; null if the module failed
        before it had read the sessions.
    """
    return _sentence(result, lambda record: 'would receive the message')


def logon_mode_sentence(result: Result, arguments: Arguments, check_mode: bool) -> str | None:
    """Describe the result of ``win_logon_mode``.

    :param result: the result.
    :param arguments: the options of the module.
    :param check_mode: whether it ran in check mode.
    :returns: for example ``new logons are allowed (enabled, was drain)``; null if the mode is unknown.
    """
    mode, previous = plain(result.get('mode') or ''), plain(result.get('previous_mode') or '')
    if not mode or result.get('failed'):
        return None
    was = f', {"is" if check_mode else "was"} {previous}' if previous and previous != mode else ''
    text = f'{_LOGON_MODES.get(mode, "new logons")} ({mode}{was})'
    return f'would change: {text}' if check_mode and was else text


def _sentence(result: Result, plan: Callable[[Record], str]) -> str | None:
    if result.get('sessions') is None:
        return None
    sessions, protected, failed = result['sessions'], result.get('protected') or [], bool(result.get('failed'))
    if failed and not any(_is_trouble(record, failed) for record in sessions):
        # The module failed for another reason, for example the safety limit, which only its own text names.
        selected = f'. Selected: {listing(map(session_line, sessions))}' if sessions else ''
        return f'{result.get("msg")}{selected}'
    clauses = [*_by_outcome(sessions, plan, failed), *_protected(protected)]
    total = len(sessions) + len(protected)
    text = f'{plural(total, "session")}: {", ".join(clauses)}' if total else 'no session matches'
    not_selectable = [text for text in result.get('warnings') or () if 'is not selectable: ' in text]
    return '; '.join([text, *not_selectable, *_remaining(result)])


def _by_outcome(sessions: Iterable[Record], plan: Callable[[Record], str], failed: bool) -> list[str]:
    groups: dict[str, list[str]] = {}
    order = by_urgency({record['outcome'] for record in sessions})
    for record in sorted(sessions, key=lambda record: order.index(record['outcome'])):
        is_trouble = _is_trouble(record, failed)
        description = plain(record['detail']) if is_trouble and record.get('detail') else _described(record)
        groups.setdefault(_label(record, plan, is_trouble), []).append(description)
    return [f'{len(texts)} {label} ({listing(texts)})' for label, texts in groups.items()]


def _label(record: Record, plan: Callable[[Record], str], is_trouble: bool) -> str:
    name = record['outcome']
    if name == 'planned':
        return plan(record)
    if name in _SKIPPED and not is_trouble:
        return 'skipped'
    if name in _WARNED and record.get('told') is False:
        return 'not warned yet'
    return f'answered {plain(record.get("answer"))}' if name == 'answered' else outcome(name).label


def _described(record: Record) -> str:
    name = session_name(record)
    if record['outcome'] == 'planned':
        return session_line(record)
    if record['outcome'] in _SKIPPED:
        return f'{name}: {outcome(record["outcome"]).label}'
    if record.get('due_in_seconds') is not None:
        return f'{name}: {human_duration(record["due_in_seconds"])} left'
    return name


def _protected(protected: list[Record]) -> list[str]:
    names = (f'{session_name(record)}: {reason(plain(record.get("reason") or "unknown"))}' for record in protected)
    return [f'{len(protected)} protected ({listing(names)})'] if protected else []


def _remaining(result: Result) -> list[str]:
    remaining = result.get('remaining')
    if remaining is None:
        return []
    count = plural(len(remaining), 'session') if remaining else 'no session'
    verb = 'remains' if len(remaining) <= 1 else 'remain'
    if any(record['outcome'] == 'planned' for record in result['sessions']):
        verb = 'would remain'
    return [f'{count} {verb}{_unknown_times(remaining)}']


def _unknown_times(sessions: Iterable[Record]) -> str:
    unknown = sum(record.get('user') is not None and record.get('idle_seconds') is None for record in sessions)
    return f' ({unknown} with unknown idle time)' if unknown else ''


def _is_trouble(record: Record, failed: bool) -> bool:
    # The session with the reused ID may have been ended.
    return outcome(record['outcome']).trouble or (failed and record['outcome'] == 'session_changed')
