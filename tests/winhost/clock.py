# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The clock of a host, FILETIMEs (units of 100 ns since 1601, UTC), and the ages of a spec."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

SECOND = 10_000_000  # FILETIME units
_EPOCH = 11_644_473_600  # seconds from 1601 to 1970

_UNITS = {'d': 86400, 'h': 3600, 'm': 60, 's': 1}
_AGE = re.compile(r'(?:(\d+)d)? *(?:(\d+)h)? *(?:(\d+)m)? *(?:(\d+(?:\.\d+)?)s?)?', re.ASCII)


def filetime(moment: datetime | str) -> int:
    """Turn a moment into a FILETIME.

    :param moment: a datetime or ISO text such as ``2026-11-21T14:34:47Z``; without a zone it is UTC.
    :returns: the FILETIME.
    :raises ValueError: if the text is not an ISO time.
    """
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1601, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * SECOND + since.microseconds * 10


def moment(stamp: int) -> datetime:
    """Turn a FILETIME into a moment, UTC.

    :param stamp: the FILETIME.
    """
    return datetime.fromtimestamp(stamp / SECOND - _EPOCH, UTC)


def seconds(age: float | str) -> float:
    """Read a duration.

    :param age: seconds as a number, or text such as ``90s``, ``3h``, ``1d2h``.
    :returns: seconds.
    :raises ValueError: if it is neither.
    """
    if isinstance(age, bool) or not isinstance(age, (int, float, str)):
        raise ValueError(f'{age!r} is not a duration. Examples: 90, 90s, 3h, 1d2h')
    if not isinstance(age, str):
        return float(age)
    match = _AGE.fullmatch(age.strip().lower())
    if not match or not any(match.groups()):
        raise ValueError(f'{age!r} is not a duration. Examples: 90, 90s, 3h, 1d2h')
    return sum(float(part) * unit for part, unit in zip(match.groups(), _UNITS.values(), strict=True) if part)


def ago(age: datetime | float | str | None, now: int) -> int:
    """Return the moment that is an age before another.

    :param age: seconds, text such as ``3h``, a moment (a datetime or ISO text), or None for unknown.
    :param now: the FILETIME to count back from.
    :returns: its FILETIME; 0 for unknown, as Windows writes it.
    :raises ValueError: if it is none of these.
    """
    if age is None:
        return 0
    if isinstance(age, datetime) or (isinstance(age, str) and re.match(r'\d{4}-\d\d-\d\d', age)):
        return filetime(age)
    return now - int(seconds(age) * SECOND)


class Clock:
    """The clock of a host, and its time for durations.

    :param offset: seconds that the host is ahead of this machine.
    :param fixed: a fixed time of the clock, which only :meth:`advance` and :meth:`jump` change. Durations still end.
    """

    def __init__(self, offset: float = 0, fixed: datetime | str | None = None) -> None:
        self._offset = offset
        self._fixed = None if fixed is None else filetime(fixed)
        self._advanced = 0.0
        self._set = 0.0

    def now(self) -> int:
        """Return the time of the clock as a FILETIME."""
        shown = int((time.time() + _EPOCH + self._offset) * SECOND) if self._fixed is None else self._fixed
        return shown + int((self._advanced + self._set) * SECOND)

    def ticks(self) -> float:
        """Return the seconds since an arbitrary moment, for durations."""
        return time.monotonic() + self._advanced

    def jump(self, span: float) -> None:
        """Set the clock without any time passing.

        :param span: seconds; negative to set it back.
        """
        self._set += span

    def advance(self, span: float | str) -> None:
        """Let time pass.

        :param span: seconds, or text such as ``10m``.
        """
        self._advanced += seconds(span)
