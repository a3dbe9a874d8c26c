# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Distinguishes headers, damaged rows and the lines around a table: prompts, echoed commands, banners.

A line that may be a damaged row is never ignored, because its session would be missing in the result.
"""

from __future__ import annotations

import re

from ansible_collections.winops.sessions.plugins.plugin_utils._quser.words import (
    EMPTY_ANSWERS,
    FRAME_LINES,
    SESSION_NAMES,
    STATE_WORDS,
)

_HEADER_CELLS = 4
_ROW_CELLS = 3

_CELL = re.compile(r' {2,}')
# A prompt or the label of a log before the first cell.
_LABEL = re.compile(r'^.*[:>|] +(?=\S)')
# An ID without its blanks. A number after a colon or an equals sign is a value ("exit code: 1").
_LONE_NUMBER = re.compile(r'(?<![:=] )(?<![^ >])[0-9]{1,5}(?![^ ])')
_ANY_DIGIT = re.compile(r'\d')
_PROMPT = re.compile(r'^ *(?:\[[^\]]*\]: )?(?:\S+ )?(?:[A-Za-z]:\\|\\\\)[^<>|]*>')
_SESSION_NAME = re.compile(rf'(?<![^ >])(?:{"|".join(map(re.escape, SESSION_NAMES))})', re.IGNORECASE)
_STATE = re.compile(rf'(?<![^ ])(?:{"|".join(re.escape(word.word) for word in STATE_WORDS)})(?![^ ])', re.IGNORECASE)
_FRAME = re.compile(rf'^ *(?:{"|".join(line.pattern for line in FRAME_LINES)})', re.IGNORECASE)
_NOBODY = re.compile(
    rf'^ *(?:[^ :]+ ?: )?(?:{"|".join(re.escape(answer.phrase) for answer in EMPTY_ANSWERS)}) ', re.IGNORECASE
)
_ERROR_RECORD = re.compile(r'^ *[^ :]+ ?: ')
_ERROR_DETAIL = re.compile(r'^ *\+ ')  # Windows allows no plus sign in a user name.
_POSITION = re.compile(r': ?[0-9]+$')
_HOST = re.compile(r'^ *\S+ \| (?:CHANGED|SUCCESS|FAILED|UNREACHABLE)\b')


def is_header(line: str) -> bool:
    """Whether a line has the cells of a header: words in columns, possibly after a label."""
    line = without_label(line)
    if _ANY_DIGIT.search(line):
        return False
    cells = _CELL.split(line.strip(' '))
    return len(cells) >= _HEADER_CELLS and all(any(char.isalpha() for char in cell) for cell in cells)


def without_label(line: str) -> str:
    """Return the line without the label of a log or a prompt."""
    return _LABEL.sub('', line)


def may_be_row_before_header(line: str) -> bool:
    """Whether a line before the header may be a row of another table. Banners contain numbers, but no state."""
    return bool(_LONE_NUMBER.search(line) and _STATE.search(line) and _CELL.search(line.strip(' ')))


def may_be_row(line: str, column: int | None) -> bool:
    """Whether a line may be a damaged row.

    :param line: A line that cannot be read as a row.
    :param column: The first column of the rows of this table, if other lines begin in another one.
    """
    if _ERROR_DETAIL.match(line):
        return False
    cells = len(_CELL.split(line.strip(' ')))
    if cells < _ROW_CELLS and (_PROMPT.match(line) or _FRAME.match(line)):
        return False
    return bool(
        cells >= _ROW_CELLS
        or _LONE_NUMBER.search(line)
        or (cells > 1 and (_STATE.search(line) or _SESSION_NAME.search(line)))
        or (column and line[column - 1] in ' >' and not line[: column - 1].strip(' ') and line[column] != ' ')
    )


def answers_nobody(line: str) -> bool:
    """Whether a line is the sentence for "nobody is logged on", alone or as the first line of a PowerShell error."""
    return bool(_NOBODY.match(line))


def belongs_to_nobody(line: str, answer: str) -> bool:
    """Whether a line beside that sentence has no meaning.

    :param line: Any other line of the text.
    :param answer: The line with the sentence.
    """
    in_record = bool(_ERROR_RECORD.match(answer)) and (line.startswith(' ') or bool(_POSITION.search(line)))
    return in_record or bool(_PROMPT.match(line) or _FRAME.match(line))


def hosts(lines: list[str]) -> int:
    """Count the headers of ad hoc commands of Ansible."""
    return sum(bool(_HOST.match(line)) for line in lines)
