# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Parses the tables of ``quser`` and ``qwinsta`` in any display language, and never returns a wrong ID.

Both tools print a row with one format: two names and the ID, which is right-aligned, with two blanks between the cells,
then the state. A cell has a minimum width, measured in display cells. A row is therefore accepted only if the values
that were read would be printed in the same columns. An ID that has lost or gained a digit has another distance from the
names, and the row is refused. No word of a language determines the place of a cell. The header is only used if no row
determines it.

A row without a name, from which the distance could be measured, must have the columns of the other rows.
"""

from __future__ import annotations

import collections
import collections.abc as c
import functools
import re
import typing as t
import unicodedata

from ansible_collections.winops.sessions.plugins.plugin_utils._quser.frame import (
    answers_nobody,
    belongs_to_nobody,
    hosts,
    is_header,
    may_be_row,
    may_be_row_before_header,
    without_label,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._quser.times import (
    IDLE,
    check_date_format,
    idle_seconds,
    logon_times,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._quser.words import (
    LINE_LEADERS,
    STATE_WORDS,
)


class TerminalOutputError(ValueError):
    """The text, or a line of it, cannot be read with certainty."""


class Layout(t.NamedTuple):
    """The left part of a row, which depends on the build: the first name, and the widths of the cells."""

    user_first: bool
    first: int
    second: int
    id: int


class Command(t.NamedTuple):
    """A tool: its known layouts, whether times follow the state, and a row as an example for error messages."""

    name: str
    layouts: tuple[Layout, ...]
    has_times: bool
    example: str


QUSER = Command(
    name='quser',
    layouts=(Layout(user_first=True, first=20, second=15, id=4),),
    has_times=True,
    example='>alice                 rdp-tcp#5           2  Active          .  11/21/2026 2:34 PM',
)
QWINSTA = Command(
    name='qwinsta',
    # Depends on the build: servers print the narrow one, recent builds of Windows 11 the wide one.
    layouts=(
        Layout(user_first=False, first=16, second=20, id=5),
        Layout(user_first=False, first=24, second=20, id=5),
    ),
    has_times=False,
    example='>rdp-tcp#5         alice                     2  Active',
)

_GAP = 2  # blanks between two cells
_STATE = 6  # widths of the cells after the id
_IDLE = 9
_TYPE = 10
_LONGEST_STATE = 24
_LONGEST_LOGON = 40
_COUNTER_LINES = 3
_LONGEST_LINE = 400  # a row has about 90 cells; the rest is room for an indent
# A name that was edited by hand moves the rest of its row by many cells, a damaged name by one or two.
_EDITED = 3

# An id as both tools print it: no leading zero, then the gap and a state. Listeners are 65536 and a few more, so that a
# sixth digit is damage.
_ID = re.compile(r'(?<![^ ])(?:0|[1-9][0-9]{0,4}+)  (?=[^ 0-9])')
_TIME_OF_DAY = re.compile(r'\d[:.]\d\d(?![\d.])')
_DIGIT = re.compile(r'\d')
# The part of an error text that is the same in every language: the number of the Win32 error.
_ERROR = re.compile(r'\[([0-9]{1,10})\]:|0x([0-9A-Fa-f]{8})')

_STATES = {word.word.casefold(): word.state for word in STATE_WORDS}
_LEADERS = tuple(sorted(LINE_LEADERS, key=len, reverse=True))
_FILLER = '\0'  # stands in the second cell of a wide character, so that an index counts cells


class _CellTable(dict[int, str]):
    """The display cells of characters, for ``str.translate``."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char in '\u00a0\u202f':  # browsers replace blanks with these
            cells = ' '
        elif char in '\ufeff\u200b\u200c\u200d\u2060' or unicodedata.bidirectional(char) in _DIRECTION_MARKS:
            cells = ''
        else:
            cells = char + _FILLER if unicodedata.east_asian_width(char) in ('W', 'F') else char
        self[code] = cells
        return cells


_DIRECTION_MARKS = frozenset({'LRE', 'RLE', 'PDF', 'LRO', 'RLO', 'LRI', 'RLI', 'FSI', 'PDI'})
_CELLS = _CellTable({0x200E: '', 0x200F: '', 0x061C: ''})


class _Names(t.NamedTuple):
    """The part of a row before the id."""

    first: str
    second: str
    current: bool
    layout: Layout | None  # None: the cells fit both
    is_exact: bool  # False: the ID is certain only if the other rows have the same grid
    grid: int  # the column of the ID's cell, without the shift of a wide name


class _Row(t.NamedTuple):
    """A row that was read."""

    id: int
    names: _Names
    state: str
    idle: str
    logon: str


def parse(
    command: Command, text: object, errors: str = 'strict', date_format: str | None = None
) -> list[dict[str, t.Any]]:
    """Parse the output of a tool.

    :param command: ``QUSER`` or ``QWINSTA``.
    :param text: The output, as one text or as its lines.
    :param errors: ``strict`` fails for an unreadable row, ``skip`` omits such rows.
    :param date_format: See :func:`logon_times`.
    :returns: The rows in their order; an empty list for "No User exists for *".
    :raises TerminalOutputError: If a row cannot be read with certainty, or the text has no row, two tables or an error.
    :raises ValueError: If an argument is not valid.
    :raises TypeError: If the text is neither.
    """
    if errors not in ('strict', 'skip'):
        raise ValueError(f'errors: {errors!r} is not valid. Choose one of: strict, skip')
    if date_format is not None:
        check_date_format(date_format)

    lines = _lines(text)
    if not lines:
        raise TerminalOutputError(
            f'The text is empty. {command.name} prints to standard error if no user is logged on '
            "('No User exists for *'): pass result.stdout_lines or result.stderr_lines to this filter."
        )

    table = _table(command, lines)
    body = table.body[:-_COUNTER_LINES] if _ends_with_counters(command, table.body) else table.body
    rows = _on_one_grid(command, [line.row for line in body], table.header)

    unread = [line for line, row in zip(body, rows, strict=True) if row is None]
    _refuse_error_text(command, [*unread, *table.around])
    good = [row for row in rows if row is not None]
    if not good and not unread and table.header is None and _is_nobody([line.text for line in table.around]):
        return []
    _refuse_second_table(command, table, good, unread)
    if unread and (errors == 'strict' or not good):
        raise _unreadable(command, unread[0], table)
    if not good:
        if table.header is not None:
            raise TerminalOutputError(
                f'{command.name} printed a header without rows, so that its output is incomplete: '
                f'{_quoted(table.header)}. Run the command again.'
            )
        raise _unreadable(command, table.around[0], table)
    return _records(command, good, date_format)


class _Line(t.NamedTuple):
    """A line with its number, and its row if it is one."""

    number: int
    text: str
    row: _Row | None


class _Table(t.NamedTuple):
    """The parts of a text."""

    header: str | None
    body: list[_Line]  # rows, and lines that may be damaged rows
    around: list[_Line]
    second: _Line | None  # where another table begins


def _table(command: Command, lines: c.Sequence[tuple[int, str]]) -> _Table:
    """Find the header, the rows and the lines around them."""
    every = [_Line(number, text, _read(command, text)) for number, text in lines]
    headers = [index for index, line in enumerate(every) if line.row is None and is_header(line.text)]
    header = headers[0] if headers else None
    begin = 0 if header is None else header + 1
    second = every[headers[1]] if len(headers) > 1 else None
    around, body = [], []
    for line in every[: max(begin - 1, 0)]:
        if line.row is None and not may_be_row_before_header(line.text):
            around.append(line)
        elif second is None:
            second = every[begin - 1]
            body.append(line)
        else:
            body.append(line)
    column = None
    for index in range(begin, len(every)):
        line = every[index]
        if line.row is not None:
            column = column or _first_column(command, line.row)
        elif index in headers or not may_be_row(line.text, column):
            around.append(line)
            continue
        body.append(line)
    return _Table(None if header is None else every[header].text, body, around, second)


def _first_column(command: Command, row: _Row) -> int | None:
    """Return the column of the first name."""
    layout = row.names.layout
    return row.names.grid - layout.first - layout.second - 2 * _GAP if layout is not None else None


def _is_nobody(lines: list[str]) -> bool:
    """Whether the text is the sentence for "nobody is logged on", alone or as PowerShell and shells show it."""
    answers = [index for index, line in enumerate(lines) if answers_nobody(line)]
    if len(answers) != 1 or hosts(lines) > 1:
        return False
    answer = answers[0]
    return all(index == answer or belongs_to_nobody(line, lines[answer]) for index, line in enumerate(lines))


def _refuse_second_table(command: Command, table: _Table, good: list[_Row], unread: list[_Line]) -> None:
    """Refuse the output of several commands, whose sessions would look like those of one host."""
    reason = None
    if table.second is not None:
        reason = f'Line {table.second.number} begins a second table: {_quoted(table.second.text)}'
    elif good and any(answers_nobody(line.text) for line in table.around):
        reason = 'It has a table and a line that reports that nobody is logged on'
    elif hosts([line.text for line in table.around]) > 1:
        reason = 'It has the headers of two hosts'
    elif sum(row.names.current for row in good) + sum(line.text.lstrip(' ')[:1] == '>' for line in unread) > 1:
        reason = "Two rows are marked with '>'"
    else:
        twice = [number for number, count in collections.Counter(row.id for row in good).items() if count > 1]
        if twice:
            reason = f'Session ID {twice[0]} occurs twice'
    if reason is not None:
        raise TerminalOutputError(
            f'The text is the output of more than one {command.name} command. {reason}. Parse each output on its own.'
        )


def _lines(text: object) -> list[tuple[int, str]]:
    """Return the lines that are not blank, with their numbers, in display cells and without comment signs."""
    if isinstance(text, dict):
        raise TypeError('the input is a dict. For a registered result, pass result.stdout_lines or result.stderr_lines')
    if isinstance(text, list | tuple) and all(isinstance(line, str) for line in text):
        text = '\n'.join(text)
    if not isinstance(text, str):
        raise TypeError(
            f'the input is {type(text).__name__}; it must be a string or a list of lines, as result.stdout_lines'
        )
    if _FILLER in text:
        raise TerminalOutputError('The text contains NUL characters. It is probably UTF-16: decode it as UTF-16 first.')
    lines = []
    for number, raw in enumerate(text.replace('\r\n', '\n').replace('\r', '\n').split('\n'), start=1):
        line = (raw if raw.isascii() else raw.translate(_CELLS)).expandtabs().rstrip(' ')
        if line:
            lines.append((number, line))
    return _without_leader(lines)


def _without_leader(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Replace a comment sign with blanks if every line begins with it."""
    for leader in _LEADERS:
        # In a single line, '>' marks the session of the caller.
        if all(_leads(leader, line) for _unused, line in lines) and (leader != '>' or len(lines) > 1):
            blanked = [(number, _blanked(line, len(leader))) for number, line in lines]
            return [(number, line) for number, line in blanked if line]
    return lines


def _leads(leader: str, line: str) -> bool:
    line = line.lstrip(' ')
    return line[: len(leader)].lower() == leader and line[len(leader) : len(leader) + 1] in ('', ' ', '>')


def _blanked(line: str, length: int) -> str:
    start = len(line) - len(line.lstrip(' '))
    return (' ' * (start + length) + line[start + length :]).rstrip(' ')


def _read(command: Command, line: str) -> _Row | None:
    """Read one row; None if there is no possible reading, or more than one."""
    if len(line) > _LONGEST_LINE:
        return None
    found = None
    for match in _ID.finditer(line):
        start, end = match.start(), match.end() - _GAP
        tail = (_tail_with_times if command.has_times else _tail)(line[end + _GAP :])
        if tail is None:
            continue
        head = line[:start].rstrip(' ')
        for layout in command.layouts:
            names = _names(layout, head, end - max(layout.id, end - start))
            if names is not None:
                if found is not None:
                    return None
                found = _Row(int(line[start:end]), names, *tail)
                break
    return found


def _names(layout: Layout, head: str, cell: int) -> _Names | None:
    """Read the names before the id.

    :param head: The text before the ID.
    :param cell: The column of the ID's cell.
    """
    if len(head) > cell - _GAP:
        return None  # text in the ID's cell or in the gap before it
    body = head.lstrip(' ')
    column = len(head) - len(body)
    current = body.startswith('>')
    if current:
        column, body = column + 1, body[1:]

    names = _split(layout, body)
    if names is not None and (body or current):
        first, second = names
        if column + max(layout.first, len(first)) + _GAP + max(layout.second, len(second)) + _GAP == cell:
            if layout.user_first and not first:
                return None
            return _Names(first, second, current, layout, True, column + layout.first + _GAP + layout.second + _GAP)
    if layout.user_first:
        return _edited(layout, body, column, current, cell)
    if current:
        return None
    if not body:
        return _Names('', '', False, None, False, cell)
    if _fits(body, layout.second) and column + max(layout.second, len(body)) + _GAP == cell:
        return _Names('', body, False, None, False, column + layout.second + _GAP)
    return None


def _split(layout: Layout, body: str) -> tuple[str, str] | None:
    """Split two cells at the width of the first. A name in wide characters may shift the second."""
    width = layout.first
    if body[width : width + _GAP].strip(' '):
        width = body.find(' ' * _GAP, width)
        if width < 0:
            width = len(body)
    first, second = body[:width].rstrip(' '), body[width + _GAP :]
    if first[:1] == ' ' or second[:1] == ' ' or not _fits(first, layout.first) or not _fits(second, layout.second):
        return None
    return first, second


def _fits(cell: str, width: int) -> bool:
    """Whether a name fits its cell. It is truncated to as many characters, so only wide characters need more cells."""
    return len(cell) <= width or (len(_text(cell)) <= width and ' ' * _GAP not in cell)


def _edited(layout: Layout, body: str, column: int, current: bool, cell: int) -> _Names | None:
    """Read a row whose user name was edited without padding. The ID is certain because of the session name."""
    second_column = cell - _GAP - layout.second
    width = second_column - column
    first, gap, second = body[: max(width - _GAP, 0)].rstrip(' '), body[width - _GAP : width], body[width:]
    if (
        column == 0  # the line has lost its beginning
        or abs(width - layout.first - _GAP) < _EDITED
        or gap.strip(' ')
        or not first
        or ' ' in first
        or len(first) > layout.first
        or not second
        or ' ' in second
    ):
        return None
    return _Names(first, second, current, None, True, cell)


def _tail(tail: str) -> tuple[str, str, str] | None:
    """Read the part after the ID of a qwinsta row: the state, on old versions also a type and a device."""
    cells = []
    for width in (_STATE, _TYPE, len(tail)):
        cell = tail.partition(' ' * _GAP)[0]
        place = max(width, len(cell)) + _GAP
        if tail[len(cell) : place].strip(' '):
            return None
        cells.append(cell)
        tail = tail[place:]
        if not tail:
            break
    if not _is_state(cells[0]) or not all(cell.isalpha() for cell in cells[1:]):
        return None
    return cells[0], '', ''


def _tail_with_times(tail: str) -> tuple[str, str, str] | None:
    """Read the part after the ID of a quser row: the state, the idle time and the logon time."""
    state, _unused, rest = tail.partition(' ' * _GAP)
    rest = rest.lstrip(' ')
    column = len(tail) - len(rest)
    if not rest or not _is_state(state):
        return None
    idle_cell = max(_STATE, len(state)) + _GAP
    idle, _unused, logon = rest.partition(' ')
    if IDLE.fullmatch(idle):
        if column + len(idle) != idle_cell + max(_IDLE, len(idle)) or not logon.startswith(' '):
            return None
    else:
        # The word for "none" has no digit. Its column depends on the language, and one or more blanks follow it.
        digit = _DIGIT.search(rest)
        end = rest.find(' ' * _GAP, 0, digit.start()) if digit else -1
        if digit and end < 0:
            end = rest.rfind(' ', 0, digit.start())
        idle, logon = rest[: max(end, 0)], rest[max(end, 0) :]
        if column < idle_cell or not idle:
            return None
    logon = logon.lstrip(' ')
    if ' ' * _GAP in logon or len(logon) > _LONGEST_LOGON or not _TIME_OF_DAY.search(logon):
        return None
    return state, idle, logon


@functools.lru_cache(maxsize=256)
def _is_state(state: str) -> bool:
    # Wrong decoding replaces letters. Digits or a marker belong to another row, whose line end is missing.
    return (
        len(state) <= _LONGEST_STATE
        and '>' not in state
        and not _DIGIT.search(state)
        and (not state.isascii() or state.strip('?') == '' or any(char.isalpha() for char in state))
    )


def _header_grid(layout: Layout, line: str) -> int | None:
    """Return the column of the ID's cell if the words of the header have the columns of this layout."""
    grid = len(line) - len(line.lstrip(' ')) + layout.first + _GAP + layout.second + _GAP
    end = grid + layout.id
    # "ID" ends where the IDs end; in Spanish, a dot follows.
    stands = _is_headed_by(layout, line) and line[end - 1 : end] not in ('', ' ') and _begins_word(line, end + _GAP)
    return grid if stands else None


def _is_headed_by(layout: Layout, line: str) -> bool:
    return _begins_word(line, len(line) - len(line.lstrip(' ')) + layout.first + _GAP)


def _begins_word(line: str, column: int) -> bool:
    return line[column - 1 : column] == ' ' and line[column : column + 1] not in ('', ' ')


def _ends_with_counters(command: Command, lines: c.Sequence[_Line]) -> bool:
    """Whether the three lines of ``qwinsta /counter`` follow the table: a phrase and a number each."""
    if command.has_times or not any(line.row for line in lines[:-_COUNTER_LINES]):
        return False
    phrases = set()
    for line in lines[-_COUNTER_LINES:]:
        phrase = line.text.rstrip('0123456789')
        text = phrase.strip(' .:=')
        if line.row is not None or phrase == line.text or ' ' not in text or ' ' * _GAP in text or _DIGIT.search(text):
            return False
        phrases.add(text)
    return len(phrases) == _COUNTER_LINES


def _on_one_grid(command: Command, rows: list[_Row | None], header: str | None) -> list[_Row | None]:
    """Return the rows of one layout, because a build prints only one. Ambiguous rows have that of the others."""
    if header is not None and without_label(header) != header:
        header = None  # the label has shifted it
    exact = [row.names for row in rows if row is not None and row.names.layout is not None]
    layout = _most_common(names.layout for names in exact)
    grid = _most_common(names.grid for names in exact)
    if layout is None:
        # Without a row, the header decides, unless its first blank is missing.
        headed = header if header is not None and header.startswith(' ') else ''
        grid = _most_common(place for place in (_header_grid(layout, headed) for layout in command.layouts) if place)
    elif not _is_confirmed(command, layout, rows, header):
        return [None] * len(rows)
    agreed = len({names.grid for names in exact}) <= 1
    return [
        row if row is not None and row.names.layout in (None, layout) and _stands(row.names, grid, agreed) else None
        for row in rows
    ]


def _stands(names: _Names, grid: int | None, agreed: bool) -> bool:
    """Whether the ID of a row is certain.

    :param names: The part before the ID.
    :param grid: The column of the ID's cell in most rows.
    :param agreed: Whether it is the same in all exact rows. A row without names requires that: if other rows have lost
        their first blank, a lost blank and a lost digit look the same.
    """
    if names.is_exact or grid is None:
        return names.is_exact
    # The distance from a user's name to the ID is fixed, even if the first blank is lost.
    return abs(names.grid - grid) <= 1 if names.second else agreed and names.grid == grid


def _is_confirmed(command: Command, layout: Layout, rows: list[_Row | None], header: str | None) -> bool:
    """Whether a layout is possible: a wide row without eight of its columns looks like a narrow one."""
    if len(command.layouts) == 1:
        return True
    if header is not None:
        headed = [each for each in command.layouts if _is_headed_by(each, header)]
        if headed:
            return layout in headed
    # An edited header fits no layout. If a row does not fit either, a row with both names decides.
    return None not in rows or any(
        row.names.layout == layout and row.names.first and row.names.second for row in rows if row
    )


def _most_common(values: c.Iterable[t.Any]) -> t.Any:
    """Return the most frequent value; ``None`` if there is none or a tie."""
    best = collections.Counter(values).most_common(2)
    return best[0][0] if len(best) == 1 or (best and best[0][1] > best[1][1]) else None


def _refuse_error_text(command: Command, lines: c.Sequence[_Line]) -> None:
    """Refuse an error message, even with ``errors='skip'``: the table after it may be incomplete."""
    text = ' '.join(line.text.strip(' ') for line in sorted(lines))
    codes = {int(decimal or str(int(hexadecimal, 16))) for decimal, hexadecimal in _ERROR.findall(text)}
    if codes:
        numbers = ', '.join(str(code) for code in sorted(codes))
        raise TerminalOutputError(
            f'{command.name} reports the Win32 error {numbers} instead of sessions: {_quoted(text)}'
        )


def _unreadable(command: Command, line: _Line, table: _Table) -> TerminalOutputError:
    other = QWINSTA if command is QUSER else QUSER
    rows = any(each.row for each in table.body)
    if not rows and any(_read(other, each.text) for each in (*table.body, *table.around)):
        hint = f'This is what {other.name} prints: use the filter parse_{other.name}.'
    elif '&gt;' in line.text or '&amp;' in line.text or '&#' in line.text:
        hint = "The text is the source of a web page: replace '&gt;' by '>' first."
    elif len(_TIME_OF_DAY.findall(line.text)) > 1 or len(_ID.findall(line.text)) > 1:
        hint = 'The line has more than one row: the line ends are missing.'
    elif rows:
        hint = f"A row of {command.name} looks like {command.example!r}. To omit rows like this one, set errors='skip'."
    else:
        hint = f'A row of {command.name} looks like {command.example!r}.'
    return TerminalOutputError(
        f'Line {line.number} cannot be read with certainty as a row of {command.name}: {_quoted(line.text)}. {hint}'
    )


def _quoted(text: str) -> str:
    text = _text(text)
    return repr(text if len(text) <= 200 else f'{text[:200]}...')


def _records(command: Command, rows: c.Sequence[_Row], date_format: str | None) -> list[dict[str, t.Any]]:
    user_first = command.layouts[0].user_first
    records = []
    for row in rows:
        first, second, state = _text(row.names.first), _text(row.names.second), _text(row.state)
        user, session_name = (first, second) if user_first else (second, first)
        records.append(
            {
                'id': row.id,
                'user': user or None,
                'session_name': session_name or None,
                'state': _STATES.get(state.casefold(), 'unknown'),
                'state_raw': state,
                'current': row.names.current,
            }
        )
    if command.has_times:
        logons = [_text(row.logon) for row in rows]
        for record, row, raw, moment in zip(records, rows, logons, logon_times(logons, date_format), strict=True):
            idle = _text(row.idle)
            record['idle_seconds'] = idle_seconds(idle)
            record['idle_raw'] = idle
            record['logon_time_raw'] = raw
            record['logon_time'] = moment
    return records


def _text(cell: str) -> str:
    return cell.replace(_FILLER, '')
