# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""Makes the modules' results readable: one line for ``msg``.

A result is never lost over its words: whatever keys are missing, null or of another type, these functions say what
they can and raise nothing.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Mapping

from ansible_collections.winops.sessions.plugins.plugin_utils._options.rules import FILTERS
from ansible_collections.winops.sessions.plugins.plugin_utils._results.outcomes import by_urgency, outcome, reason
from ansible_collections.winops.sessions.plugins.plugin_utils._results.session import Record, session_line, session_name
from ansible_collections.winops.sessions.plugins.plugin_utils._text import human_duration, listing, plain, plural

Result = Mapping[str, t.Any]
Arguments = Mapping[str, t.Any]
Plan = Callable[[Record], str]

_PLANS = {
    'logoff': 'would log off',
    'reset': 'would reset',
    'disconnect': 'would disconnect',
    'notify': 'would warn',
}
_LOGON_MODES = {
    'enabled': 'new logons are allowed',
    'drain': 'new logons are refused until allowed again',
    'drain_until_restart': 'new logons are refused until the next restart',
    'disabled': 'remote logons are disabled',
}


def info_sentence(result: Result, arguments: Arguments, check_mode: bool) -> str | None:
    """Say what ``win_user_session_info`` found.

    :param result: the module's result.
    :param arguments: the options that it got.
    :param check_mode: whether it only said what it would do.
    :returns: for example ``1 session: 2 alice (active, idle 3 min)``; null where there is no list of sessions.
    """
    if not _has_sessions(result) or result.get('failed'):
        return None
    sessions = _records(result, 'sessions')
    if sessions:
        return f'{plural(len(sessions), "session")}: {listing(map(session_line, sessions))}'
    return 'no session matches' if any(option in arguments for option in FILTERS) else 'nobody is logged on'


def session_sentence(result: Result, arguments: Arguments, check_mode: bool) -> str | None:
    """Say what ``win_user_session`` did, or in check mode would do.

    :param result: the module's result.
    :param arguments: the options that it got.
    :param check_mode: whether it only said what it would do.
    :returns: for example ``2 selected: 1 still present (5 bob: it did not end), 1 logged off (2 alice)``; null where
        the module failed before it had sessions.
    """
    return _sentence(result, _session_plan)


def message_sentence(result: Result, arguments: Arguments, check_mode: bool) -> str | None:
    """Say who got the text of ``win_user_session_message`` and what they answered.

    :param result: the module's result.
    :param arguments: the options that it got.
    :param check_mode: whether it only said what it would do.
    :returns: for example ``2 selected: 1 not active (5 bob), 1 answered yes (2 alice)``; null where the module failed
        before it had sessions.
    """
    return _sentence(result, _message_plan)


def logon_mode_sentence(result: Result, arguments: Arguments, check_mode: bool) -> str | None:
    """Say what ``win_logon_mode`` found or did.

    :param result: the module's result.
    :param arguments: the options that it got.
    :param check_mode: whether it only said what it would do.
    :returns: for example ``new logons are allowed (enabled, was drain)``; null where the mode is not known.
    """
    mode, previous = _word(result.get('mode')), _word(result.get('previous_mode'))
    if not mode or result.get('failed'):
        return None
    was = f', {"is" if check_mode else "was"} {previous}' if previous and previous != mode else ''
    words = f'{_LOGON_MODES.get(mode, "new logons")} ({mode}{was})'
    return f'would change: {words}' if check_mode and was else words


def _sentence(result: Result, plan: Plan) -> str | None:
    if not _has_sessions(result):
        return None
    sessions, protected = _records(result, 'sessions'), _records(result, 'protected')
    clauses = [*_selected(sessions, plan), *_protected(protected), *_remaining(result)]
    if not sessions:
        clauses.insert(0, 'no session to act on' if protected else 'no session matches')
    words = '; '.join(clauses)
    # It failed for another reason than a session, a brake for example: only the module's own words tell which.
    if result.get('failed') and result.get('msg') and not any(map(_is_trouble, sessions)):
        return f'{plain(result["msg"])}: {words}'
    return words


def _selected(sessions: list[Record], plan: Plan) -> list[str]:
    planned = [record for record in sessions if record.get('outcome') == 'planned']
    happened = _by_outcome([record for record in sessions if record.get('outcome') != 'planned'])
    if planned:
        return [*_by_plan(planned, plan), *happened]
    return [f'{len(sessions)} selected: {", ".join(happened)}'] if happened else []


def _by_plan(planned: list[Record], plan: Plan) -> list[str]:
    groups = _grouped(planned, plan)
    return [f'{words} {len(records)}: {listing(map(session_line, records))}' for words, records in groups.items()]


def _by_outcome(sessions: list[Record]) -> list[str]:
    order = by_urgency({_word(record.get('outcome')) for record in sessions})
    ranked = sorted(sessions, key=lambda record: order.index(_word(record.get('outcome'))))
    groups = _grouped(ranked, _outcome)
    return [f'{len(records)} {words} ({listing(map(_who, records))})' for words, records in groups.items()]


def _protected(protected: list[Record]) -> list[str]:
    who = (f'{session_name(record)}, {_reason(record)}' for record in protected)
    return [f'{len(protected)} protected ({listing(who)})'] if protected else []


def _remaining(result: Result) -> list[str]:
    if not isinstance(result.get('remaining'), list):
        return []
    count = len(result['remaining'])
    # A plan that was not carried out because the module failed leaves everybody where they are.
    planned = any(record.get('outcome') == 'planned' for record in _records(result, 'sessions'))
    verb = 'would remain' if planned and not result.get('failed') else 'remain' if count > 1 else 'remains'
    return [f'{plural(count, "session") if count else "no session"} {verb}']


def _grouped(records: Iterable[Record], words: Callable[[Record], str]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(words(record), []).append(record)
    return groups


def _session_plan(record: Record) -> str:
    return _PLANS.get(_word(record.get('action')), 'would act on')


def _message_plan(_record: Record) -> str:
    return 'would send to'


def _outcome(record: Record) -> str:
    name = _word(record.get('outcome'))
    label = outcome(name).label
    return f'{label} {_word(record.get("answer")) or "?"}' if name == 'answered' else label


def _who(record: Record) -> str:
    """Name a session, with what one needs to know of it: why it is trouble, or how long its grace still runs."""
    name = session_name(record)
    if _is_trouble(record) and record.get('detail'):
        detail = plain(record['detail'])
        return detail if plain(record.get('account')) in detail else f'{name}: {detail}'
    if record.get('outcome') == 'in_grace' and record.get('due_in_seconds') is not None:
        return f'{name}, due in {human_duration(record["due_in_seconds"])}'
    return name


def _reason(record: Record) -> str:
    return reason(_word(record.get('reason'))) or 'unknown reason'


def _is_trouble(record: Record) -> bool:
    return outcome(_word(record.get('outcome'))).trouble


def _has_sessions(result: Result) -> bool:
    return isinstance(result.get('sessions'), list)


def _records(result: Result, key: str) -> list[Record]:
    records = result.get(key)
    return [record for record in records if isinstance(record, Mapping)] if isinstance(records, list) else []


def _word(value: object) -> str:
    return plain(value) if isinstance(value, str) else ''
