# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The idle time and the logon time of a quser row."""

from __future__ import annotations

import collections.abc as c
import contextlib
import datetime
import functools
import re

from ansible_collections.winops.sessions.plugins.plugin_utils._quser.words import (
    DATE_FORMS,
    DAY_HALVES,
    MONTH_NAMES,
    SILENT_DATE_WORDS,
)

#: "." is less than a minute, then minutes, h:mm and d+hh:mm.
IDLE = re.compile(
    r'\.|0|[1-9]|[1-5][0-9]|(?:[1-9]|1[0-9]|2[0-3]):[0-5][0-9]|[1-9][0-9]{0,4}\+(?:[01][0-9]|2[0-3]):[0-5][0-9]'
)

# 2**64 units of 100 ns, cut to 32 bits of seconds, are 24692 days 13:29:46: an old quser's time just below zero.
_NO_IDLE_TIME = '24692+13:29'

_EXAMPLES = 'Examples: "%d.%m.%Y %H:%M", dmy, mdy, ymd'
_ORDERS = tuple(form.order for form in DATE_FORMS)
_ORDERS_BY_SEPARATOR = {mark: {form.order for form in DATE_FORMS if mark in form.separators} for mark in '-/.'}
_MONTHS = {name: str(number) for number, name in enumerate(MONTH_NAMES, start=1)}
_HALVES = {half.before_noon: 0 for half in DAY_HALVES} | {half.after_noon: 12 for half in DAY_HALVES}
# A year outside belongs to another calendar, as the Thai 2564 or the Islamic 1442.
_YEARS = range(1990, 2200)

_CLOCK = re.compile(r'([0-9]{1,2}+)[:.]([0-9]{2}+)([^0-9]*+)$')
_NUMBER = re.compile(r'[0-9]+')
_WORD = re.compile(r'[^\W0-9_]+')

# The possible meanings of a printed time, by the order of its date.
_Meanings = dict[str, str]


def idle_seconds(raw: str) -> int | None:
    """Convert an idle time to seconds.

    :param raw: The IDLE TIME cell.
    :returns: Whole seconds; ``None`` for the "none" word of any language and for the constant that old versions print
        instead of zero.
    """
    if raw == _NO_IDLE_TIME or not IDLE.fullmatch(raw):
        return None
    if raw == '.':
        return 0
    days, _unused, clock = raw.rpartition('+')
    hours, _unused, minutes = clock.rpartition(':')
    return int(days or 0) * 86400 + int(hours or 0) * 3600 + int(minutes) * 60


def check_date_format(date_format: str) -> None:
    """Refuse a format that no date has.

    :param date_format: ``dmy``, ``mdy``, ``ymd``, or a format of ``datetime.strptime``.
    :raises ValueError: If it is neither.
    """
    if not isinstance(date_format, str):
        raise ValueError(f'date_format: {date_format!r} is not valid: it is not text. {_EXAMPLES}')
    if date_format in _ORDERS:
        return
    sample = datetime.datetime(2026, 11, 21, 14, 34)
    try:
        fits = datetime.datetime.strptime(sample.strftime(date_format), date_format).date() == sample.date()
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f'date_format: {date_format!r} is not valid: it does not describe a date. {_EXAMPLES}')


def logon_times(raws: c.Sequence[str], date_format: str | None = None) -> list[str | None]:
    """Parse the logon times, which are in the local time of the host: quser does not print a zone.

    All rows of a listing have the same format. A reading that one row excludes, such as month 25, is excluded for all.

    :param raws: The LOGON TIME cells of one listing.
    :param date_format: ``dmy``, ``mdy``, ``ymd``, a format of ``datetime.strptime``, or ``None``: parse unambiguous
        dates only.
    :returns: ISO 8601 without a zone, ``2026-11-21T14:34:00``; ``None`` if more than one reading is possible.
    :raises ValueError: If a cell does not have the given format.
    """
    if date_format is not None and date_format not in _ORDERS:
        return [_strptime(raw, date_format) for raw in raws]
    meanings = [_meanings(raw) for raw in raws]
    if date_format is not None:
        for raw, meaning in zip(raws, meanings, strict=True):
            if date_format not in meaning:
                raise ValueError(f'the logon time {raw!r} does not have the date_format {date_format!r}')
    orders = {date_format} if date_format is not None else set(_ORDERS)
    for meaning in meanings:
        if meaning:
            orders &= meaning.keys()
    return [_only({moment for order, moment in meaning.items() if order in orders}) for meaning in meanings]


def _only(moments: set[str]) -> str | None:
    return moments.pop() if len(moments) == 1 else None


def _strptime(raw: str, date_format: str) -> str:
    try:
        return datetime.datetime.strptime(raw, date_format).isoformat()
    except ValueError:
        raise ValueError(f'the logon time {raw!r} does not have the date_format {date_format!r}') from None


def _meanings(raw: str) -> _Meanings:
    clock = _CLOCK.search(raw)
    if clock is None:
        return {}
    dates, markers = _dates(raw[: clock.start()])
    if clock[3]:
        markers = (*markers, *_words(clock[3]))
    hour = int(clock[1])
    if markers:
        half = _HALVES.get(' '.join(markers))
        if half is None or not 1 <= hour <= 12:
            return {}
        hour = hour % 12 + half
    if hour > 23 or int(clock[2]) > 59:
        return {}
    return {order: f'{date}T{hour:02}:{clock[2]}:00' for order, date in dates.items()}


@functools.lru_cache(maxsize=1024)
def _dates(text: str) -> tuple[_Meanings, tuple[str, ...]]:
    """Return the possible meanings of a printed date, and the words that are not part of it."""
    orders = set(_ORDERS)
    markers = []
    for word in _words(text):
        month = _MONTHS.get(word)
        if month is None:
            markers.append(word)
        else:
            before, _unused, after = text.casefold().partition(word)
            orders = {order for order in orders if order.index('m') == len(_NUMBER.findall(before))}
            text = before + month + after

    numbers = _NUMBER.findall(text)
    if len(numbers) != 3:
        return {}, ()
    separator = text.lstrip()[len(numbers[0]) :].lstrip()[:1]
    dates = {}
    for order in orders & _ORDERS_BY_SEPARATOR.get(separator, set()):
        year, month, day = (numbers[order.index(part)] for part in 'ymd')
        if len(month) > 2 or len(day) > 2 or len(year) not in (2, 4):
            continue
        full_year = int(year) + (2000 if len(year) == 2 else 0)
        with contextlib.suppress(ValueError):
            if full_year in _YEARS:
                dates[order] = datetime.date(full_year, int(month), int(day)).isoformat()
    return dates, tuple(markers)


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.casefold()) if word not in SILENT_DATE_WORDS]
