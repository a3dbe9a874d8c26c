# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Lists of sessions as tables, for ``--diff``."""

from __future__ import annotations

import typing as t
import unicodedata
from collections.abc import Container, Mapping, Sequence

from ansible_collections.winops.sessions.plugins.plugin_utils._results.session import Record, idle, or_unknown
from ansible_collections.winops.sessions.plugins.plugin_utils._text import plain

_HEAD = ('ID', 'ACCOUNT', 'STATE', 'IDLE', 'LOGGED ON')


def session_table(records: Sequence[Record], aligned_with: Sequence[Record] = ()) -> str:
    """Format sessions as lines of text with aligned columns.

    :param records: session records.
    :param aligned_with: records of another table whose columns get the same widths.
    :returns: a heading and one line for each session (ID, account, state, idle time, logon time).
    """
    rows = [_HEAD, *(_cells(record) for record in records)]
    widths = [
        max(map(_width, column)) for column in zip(*rows, *(_cells(record) for record in aligned_with), strict=True)
    ]
    return ''.join(_line(row, widths) for row in rows)


def readable_diff(diff: t.Any, host: object, warned: Container[str | None] = ()) -> dict[str, str]:
    """Turn lists of sessions into tables that compare line by line.

    :param diff: the ``diff`` of a module: ``before`` and ``after`` as lists of session records, dicts or text.
    :param host: the host of the sessions.
    :param warned: the tokens of sessions that a warning changes.
    :returns: the two sides as text, with headers; nothing if it is not such a diff.
    """
    if not isinstance(diff, Mapping) or not {'before', 'after'} <= diff.keys():
        return {}
    sides = {side: diff[side] for side in ('before', 'after')}
    if all(isinstance(side, list) for side in sides.values()):
        before, after = ([record for record in side if isinstance(record, Mapping)] for side in sides.values())
        # A longer idle time is not a difference.
        unchanged = {_identity(record): record for record in before}
        after = [_with_warning(unchanged.get(_identity(record), record), warned) for record in after]
        return {
            'before': session_table(before, aligned_with=after),
            'after': session_table(after, aligned_with=before),
            'before_header': f'sessions on {plain(host)}',
            'after_header': f'sessions on {plain(host)}',
        }
    return {side: _lines(value) for side, value in sides.items()}


def _with_warning(record: Record, warned: Container[str | None]) -> Record:
    token = record.get('token')
    return (
        {**record, 'state': f'{record.get("state")}, warned'} if isinstance(token, str) and token in warned else record
    )


def _identity(record: Record) -> tuple[str, str]:
    return str(record.get('token') or id(record)), plain(record.get('state'))


def _lines(value: t.Any) -> str:
    if isinstance(value, Mapping):
        return ''.join(f'{plain(key)}: {"unknown" if item is None else plain(item)}\n' for key, item in value.items())
    text = '' if value is None else plain(value, keep='\n')
    return text if not text or text.endswith('\n') else f'{text}\n'


def _cells(record: Record) -> tuple[str, ...]:
    cells = (
        or_unknown(record.get('id')),
        record.get('account') or record.get('user') or '-',
        record.get('state') or '-',
        idle(record) if record.get('idle_seconds') is not None else '-',
        record.get('logon_time') or '-',
    )
    return tuple(plain(cell) for cell in cells)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + ' ' * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return '  '.join(padded).rstrip() + '\n'


def _width(text: str) -> int:
    """Count terminal cells: East Asian wide characters take two, combining marks and joiners none."""
    return sum(map(_cells_of, text))


def _cells_of(char: str) -> int:
    if unicodedata.category(char) in ('Mn', 'Me', 'Cf'):
        return 0
    return 2 if unicodedata.east_asian_width(char) in 'WF' else 1
