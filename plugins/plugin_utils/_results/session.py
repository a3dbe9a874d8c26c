# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One session as text.

Any key of a record may be missing or null.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.winops.sessions.plugins.plugin_utils._text import human_duration, plain

Record = Mapping[str, t.Any]


def session_name(record: Record) -> str:
    r"""Name a session: ``5 CORP\bob``, or without a user ``0 Services`` or ``7 (no user)``."""
    who = record.get('account') or record.get('user') or record.get('session_name') or '(no user)'
    return plain(f'{or_unknown(record.get("id"))} {who}')


def session_facts(record: Record) -> str:
    """Describe the state of a session: ``active, idle 3 min``, ``disconnected for 2 h``."""
    state = plain(record.get('state') or 'state unknown')
    facts = [state]
    if state == 'disconnected' and record.get('disconnected_seconds') is not None:
        facts = [f'{state} for {human_duration(record["disconnected_seconds"])}']
    facts += [fact for fact in ('ghost', 'console', 'locked') if record.get(fact) is True]
    if state != 'disconnected' and _is_idle(record):
        facts.append(f'idle {idle(record)}')
    return ', '.join(facts)


def session_line(record: Record) -> str:
    r"""Describe a session in one line: ``2 CORP\alice (active, idle 3 min)``."""
    return f'{session_name(record)} ({session_facts(record)})'


def idle(record: Record) -> str:
    """Format the idle time, with a question mark if it is unreliable."""
    doubt = '?' if record.get('idle_reliable') is False else ''
    return f'{human_duration(record.get("idle_seconds"))}{doubt}'


def or_unknown(value: object) -> str:
    """Format a value; ``?`` if it is null."""
    return '?' if value is None else str(value)


def _is_idle(record: Record) -> bool:
    seconds = record.get('idle_seconds')
    return isinstance(seconds, (int, float)) and seconds >= 60
