# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Durations: ``90``, ``15m``, ``2h30m``, ``1d 4h``."""

from __future__ import annotations

import math
import re

from ansible_collections.winops.sessions.plugins.plugin_utils._text import quoted

MAX_DAYS = 3650

_EXAMPLES = 'Examples: 90 (seconds), 90s, 15m, 2h30m, "1d 4h"'
_NUMBER = re.compile(r'[0-9]+(\.[0-9]+)?')
_PARTS = re.compile(
    r'(?:([0-9]+)\s*d)?\s*(?:([0-9]+)\s*h)?\s*(?:([0-9]+)\s*m)?\s*(?:([0-9]+(?:\.[0-9]+)?)\s*s)?',
    re.IGNORECASE,
)
_SECONDS_IN = (86400, 3600, 60, 1)
_LONGEST_TEXT = 100


def parse_duration(value: object) -> int | float:
    """Read a duration.

    :param value: seconds as a number (``90``, ``1.5``) or as its text (``'90'``), or parts in days, hours, minutes and
        seconds, largest first and each at most once (``'2h30m'``, ``'1D 4h'``).
    :returns: the seconds, from 0 to 3650 days; an :class:`int` where they are whole.
    :raises ValueError: if the value is none of these, with examples.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f'{quoted(value)} is not a duration. {_EXAMPLES}')
    seconds = _read_text(value) if isinstance(value, str) else value
    # No comparison with nan is true.
    if not 0 <= seconds <= MAX_DAYS * 86400:
        raise ValueError(f'{quoted(value)} is not a duration from 0 to {MAX_DAYS} days. {_EXAMPLES}')
    return int(seconds) if seconds == int(seconds) else seconds


def seconds_text(seconds: int | float) -> str:
    """Format seconds as the modules receive them.

    :param seconds: the result of :func:`parse_duration`.
    :returns: plain decimal digits, to the millisecond: ``'5400'``, ``'1.5'``; never an exponent.
    """
    if isinstance(seconds, int):
        return str(seconds)
    # Rounded up, so that no duration becomes 0.
    return f'{math.ceil(seconds * 1000) / 1000:.3f}'.rstrip('0').rstrip('.')


def _read_text(text: str) -> int | float:
    stripped = text.strip()
    if stripped and len(stripped) <= _LONGEST_TEXT:
        if _NUMBER.fullmatch(stripped):
            return float(stripped) if '.' in stripped else int(stripped)
        if parts := _PARTS.fullmatch(stripped):
            numbers = [float(part) if '.' in part else int(part) for part in parts.groups('0')]
            return sum(number * unit for number, unit in zip(numbers, _SECONDS_IN, strict=True))
    raise ValueError(f'{quoted(text)} is not a duration. {_EXAMPLES}')
