# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Text helpers for results, diffs, reports and errors."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date

_LARGEST = 2**63
_UNITS = (('d', 86400), ('h', 3600), ('min', 60), ('s', 1))
_SHOWN_AT_MOST = 10
_QUOTED_AT_MOST = 100
_JOINERS = '\u200c\u200d'  # Persian and Indic names contain them.


def human_duration(seconds: object) -> str:
    """Format a duration with its two largest units, such as ``2 h 30 min``; ``unknown`` if it is not a number."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not abs(seconds) < _LARGEST:
        return 'unknown'
    left = max(int(seconds), 0)
    parts = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        parts.append((count, name))
    first = next((index for index, (count, _name) in enumerate(parts) if count), len(parts) - 1)
    return ' '.join(f'{count} {name}' for count, name in parts[first : first + 2] if count) or '0 s'


def plural(count: int, noun: str) -> str:
    """Format a count: ``1 session``, ``3 sessions``."""
    return f'{count} {noun}' if count == 1 else f'{count} {noun}s'


def plain(value: object, keep: str = '') -> str:
    """Replace unprintable characters.

    :param value: any value; names and texts of a host may contain terminal commands or bidirectional overrides.
    :param keep: control characters that are kept, such as a line feed.
    :returns: its text, with ``?`` for each control, format, surrogate and line separator character except joiners.
    """
    return ''.join('?' if _is_unprintable(char) and char not in keep else char for char in str(value))


def quoted(value: object) -> str:
    """Quote a value for an error message, without Python's doubled backslashes."""
    shown = f"'{plain(value)}'" if isinstance(value, str) else plain(value if isinstance(value, date) else repr(value))
    return shown if len(shown) <= _QUOTED_AT_MOST else f'{shown[:_QUOTED_AT_MOST]}...'


def listing(texts: Iterable[str], at_most: int = _SHOWN_AT_MOST) -> str:
    """Join texts with commas and abbreviate the list: ``a, b and 992 more``."""
    texts = list(texts)
    shown = ', '.join(texts[:at_most])
    return f'{shown} and {len(texts) - at_most} more' if len(texts) > at_most else shown


def _is_unprintable(char: str) -> bool:
    category = unicodedata.category(char)
    return char not in _JOINERS and (category.startswith('C') or category in ('Zl', 'Zp'))
