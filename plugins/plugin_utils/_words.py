# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""Says durations and sessions as a person would, the same everywhere: in results, diffs and reports.

Nothing here trusts its input: any key of a record may be missing or null, and names come from strangers' computers.
"""

from __future__ import annotations

import math
import typing as t
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

Record = Mapping[str, t.Any]

_UNITS = (('d', 86400), ('h', 3600), ('min', 60), ('s', 1))
_SHOWN_AT_MOST = 10
_JOINERS = '\u200c\u200d'
_TABLE_HEAD = ('ID', 'ACCOUNT', 'STATE', 'IDLE', 'LOGGED ON')


def human_duration(seconds: object) -> str:
    """Say a duration.

    :param seconds: seconds as a number, or null.
    :returns: its two largest units, as in ``2 h 30 min``, ``3 d``, ``45 s``; ``unknown`` for what is no number.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
        return 'unknown'
    left = max(int(seconds), 0)
    parts = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        parts.append((count, name))
    first = next((index for index, (count, _name) in enumerate(parts) if count), len(parts) - 1)
    return ' '.join(f'{count} {name}' for count, name in parts[first : first + 2] if count) or '0 s'


def plural(count: int, noun: str) -> str:
    """Say how many: ``1 session``, ``3 sessions``."""
    return f'{count} {noun}' if count == 1 else f'{count} {noun}s'


def plain(value: object) -> str:
    """Make a stranger's text fit for one line of a terminal.

    :param value: any text; an account's or a client's name may hold line breaks or terminal commands.
    :returns: the text with every control, format, line break and surrogate character replaced by ``?``, but for the
        two joiners that Persian and Indic names are written with.
    """
    return ''.join('?' if _is_unfit(char) else char for char in str(value))


def _is_unfit(char: str) -> bool:
    category = unicodedata.category(char)
    return char not in _JOINERS and (category.startswith('C') or category in ('Zl', 'Zp'))


def session_name(record: Record) -> str:
    r"""Name a session: ``5 CORP\bob``; one without a user ``0 Services`` or ``7 (nobody)``."""
    who = record.get('account') or record.get('user') or record.get('session_name') or '(nobody)'
    return plain(f'{_or_unknown(record.get("id"))} {who}')


def session_facts(record: Record) -> str:
    """Say how a session is: ``active, idle 3 min``, ``disconnected for 2 h``."""
    state = plain(record.get('state') or 'state unknown')
    facts = [state]
    if state == 'disconnected' and record.get('disconnected_seconds') is not None:
        facts = [f'{state} for {human_duration(record["disconnected_seconds"])}']
    if record.get('ghost') is True:
        facts.append('left over')
    if record.get('console') is True:
        facts.append('console')
    if record.get('locked') is True:
        facts.append('locked')
    if state != 'disconnected' and _is_idle(record):
        facts.append(f'idle {_idle(record)}')
    return ', '.join(facts)


def session_line(record: Record) -> str:
    r"""Say a session in one line.

    :param record: a session record.
    :returns: its id, whose it is and how it is, as in ``2 CORP\alice (active, idle 3 min)``.
    """
    return f'{session_name(record)} ({session_facts(record)})'


def listing(texts: Iterable[str], at_most: int = _SHOWN_AT_MOST) -> str:
    """Join texts with commas, the first few of them: ``a, b and 992 more``."""
    texts = list(texts)
    shown = ', '.join(texts[:at_most])
    return f'{shown} and {len(texts) - at_most} more' if len(texts) > at_most else shown


def session_table(records: Sequence[Record], aligned_with: Sequence[Record] = ()) -> str:
    """Show sessions as lines of text with aligned columns.

    :param records: session records, shown in the order given.
    :param aligned_with: records of another table that shall have columns of the same width, so that the two compare
        line by line.
    :returns: a heading and one line for each session (id, account, state, idle time, logon time), each ended by a
        line feed.
    """
    rows = [_TABLE_HEAD, *(_cells(record) for record in records)]
    widths = [
        max(map(_width, column)) for column in zip(*rows, *(_cells(record) for record in aligned_with), strict=True)
    ]
    return ''.join(_table_line(row, widths) for row in rows)


def _cells(record: Record) -> tuple[str, ...]:
    cells = (
        _or_unknown(record.get('id')),
        record.get('account') or record.get('user') or '-',
        record.get('state') or '-',
        _idle(record) if record.get('idle_seconds') is not None else '-',
        record.get('logon_time') or '-',
    )
    return tuple(plain(cell) for cell in cells)


def _table_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + ' ' * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return '  '.join(padded).rstrip() + '\n'


def _width(text: str) -> int:
    """Count the terminal cells a text takes: East Asian wide characters take two, combining marks and joiners none."""
    return sum(map(_cells_of, text))


def _cells_of(char: str) -> int:
    if unicodedata.category(char) in ('Mn', 'Me', 'Cf'):
        return 0
    return 2 if unicodedata.east_asian_width(char) in 'WF' else 1


def _is_idle(record: Record) -> bool:
    """Tell whether the idle time is worth a word: under a minute a user is simply there."""
    seconds = record.get('idle_seconds')
    return isinstance(seconds, (int, float)) and seconds >= 60


def _idle(record: Record) -> str:
    """Say the idle time, with a question mark where Windows does not keep it truthfully (the console)."""
    doubt = '?' if record.get('idle_reliable') is False else ''
    return f'{human_duration(record.get("idle_seconds"))}{doubt}'


def _or_unknown(value: object) -> str:
    return '?' if value is None else str(value)
