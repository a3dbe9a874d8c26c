# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Damages genuine captures and accepts the right row or an error, never a wrong id.

``SESSIONS_FUZZ_CASES`` sets the number of damaged captures of each test, ``SESSIONS_FUZZ_SEED`` where they begin.

A changed digit cannot be detected (ID 3 printed as 4 is a valid row), so IDs are only moved, split, cut or emptied.
"""

from __future__ import annotations

import json
import os
import random
import re
import typing as t
import unicodedata
from pathlib import Path

import pytest

from ansible_collections.winops.sessions.plugins.plugin_utils._quser.parser import (
    QUSER,
    QWINSTA,
    Command,
    TerminalOutputError,
    parse,
)

CAPTURES = Path(__file__).parents[3] / 'captures'
CASES = int(os.environ.get('SESSIONS_FUZZ_CASES', '3000'))
SEED = int(os.environ.get('SESSIONS_FUZZ_SEED', '1'))
ALPHABET = ' .:+#>\t\u00a0aZé\u0416断\u05d0\ufffd0123456789'

Row = dict[str, t.Any]


class Capture(t.NamedTuple):
    name: str
    command: Command
    lines: list[str]
    row_of_line: dict[int, Row]


def load() -> list[Capture]:
    captures = []
    for file in sorted(CAPTURES.glob('*.json')):
        facts = json.loads(file.read_text(encoding='utf-8'))
        if not facts['genuine'] or not facts['rows']:
            continue
        # Text with CRLF is kept as .bin, so that no tool takes its line ends for a mistake.
        (capture,) = CAPTURES.glob(f'{file.stem}.[tb][xi][tn]')
        text = capture.read_bytes().decode('utf-8')
        lines = text.replace('\r\n', '\n').rstrip('\n').split('\n')
        first = len(lines) - len(facts['rows'])
        rows = {first + index: row for index, row in enumerate(facts['rows'])}
        captures.append(Capture(file.stem, QUSER if facts['command'] == 'quser' else QWINSTA, lines, rows))
    return captures


GENUINE = load()


def id_span(line: str, row: Row) -> tuple[int, int]:
    """Where the id and the blanks of its cell stand, by the human's reading of the row."""
    matches = list(re.finditer(rf' +({row["id"]})  (?={re.escape(row["state_raw"])})', line))
    assert len(matches) == 1
    end = matches[0].end(1)
    return max(matches[0].start(), end - 5), end


def delete(rng: random.Random, line: str, at: int) -> str:
    return line[:at] + line[at + rng.choice((1, 1, 1, 2, 3)) :]


def insert(rng: random.Random, line: str, at: int) -> str:
    return line[:at] + rng.choice(ALPHABET) * rng.choice((1, 1, 1, 2)) + line[at:]


def double(rng: random.Random, line: str, at: int) -> str:
    return line[:at] + line[at : at + rng.choice((1, 1, 1, 4))] + line[at:]


def overwrite(rng: random.Random, line: str, at: int) -> str:
    return line[:at] + rng.choice(ALPHABET) + line[at + 1 :]


def swap(_rng: random.Random, line: str, at: int) -> str:
    return line[:at] + line[at + 1 : at + 2] + line[at : at + 1] + line[at + 2 :]


def cut(rng: random.Random, line: str, at: int) -> str:
    return rng.choice((line[:at], line[at:], f'{line[:at]}\n{line[at:]}', f'{line[:at]}\r\n   {line[at:]}'))


def untab(_rng: random.Random, line: str, at: int) -> str:
    """What an editor does that writes tabs for blanks from one column on."""
    return line[:at] + re.sub(' {2,8}', '\t', line[at:])


DAMAGES = (delete, insert, double, overwrite, swap, cut, untab)


def changes_only_digits(before: str, after: str, span: tuple[int, int]) -> bool:
    """Whether the id's cell is well-formed with other digits, which no reader can see."""
    after = after.replace('\u00a0', ' ').expandtabs()
    if len(before) != len(after) or before[: span[0]] != after[: span[0]] or before[span[1] :] != after[span[1] :]:
        return False
    return after[span[0] : span[1]].lstrip(' ').isdecimal()


def check(capture: Capture, text: str, touched: set[int], errors: str) -> int:
    """Parse, and judge every row that comes back; how many rows were returned."""
    try:
        got = parse(capture.command, text, errors=errors)
    except TerminalOutputError:
        return 0
    by_id = {row['id']: (number, row) for number, row in capture.row_of_line.items()}
    for row in got:
        assert row['id'] in by_id, f'{capture.name}: a wrong id {row["id"]} from\n{text}'
        number, right = by_id[row['id']]
        if number not in touched:
            assert row['user'] == right['user'], f'{capture.name}: another row has got the id {row["id"]} in\n{text}'
            assert row['session_name'] == right['session_name'], f'{capture.name}: the id {row["id"]} in\n{text}'
    return len(got)


def test_one_damage_in_some_lines_gives_the_right_id_or_an_error() -> None:
    returned = 0
    for case in range(SEED, SEED + CASES):
        rng = random.Random(case)
        capture = rng.choice(GENUINE)
        lines = list(capture.lines)
        touched = set()
        for number in rng.sample(range(len(lines)), rng.randint(1, len(lines))):
            damaged = rng.choice(DAMAGES)(rng, lines[number], rng.randrange(max(len(lines[number]), 1)))
            row = capture.row_of_line.get(number)
            if row is not None and changes_only_digits(lines[number], damaged, id_span(lines[number], row)):
                continue
            lines[number] = damaged
            touched.add(number)
        returned += check(capture, '\n'.join(lines), touched, rng.choice(('strict', 'skip')))
    assert returned > CASES // 20, 'so few rows were read that nothing was tested'


def test_any_damage_beside_the_id_gives_the_right_id_or_an_error() -> None:
    returned = 0
    for case in range(SEED, SEED + CASES):
        rng = random.Random(case)
        capture = rng.choice(GENUINE)
        lines = list(capture.lines)
        number, row = rng.choice(sorted(capture.row_of_line.items(), key=lambda item: item[0]))
        line = lines[number]
        start, end = id_span(line, row)
        before, cell, after = line[: start - 1], line[start - 1 : end + 1], line[end + 1 :]
        for _unused in range(rng.randint(1, 6)):
            damage = rng.choice((delete, insert, double, overwrite, swap))
            if rng.random() < 0.6:
                before = damage(rng, before, rng.randrange(max(len(before), 1)))
            else:
                after = damage(rng, after, rng.randrange(max(len(after), 1)))
        lines[number] = before + cell + after
        returned += check(capture, '\n'.join(lines), {number}, rng.choice(('strict', 'skip')))
    assert returned > CASES // 20, 'so few rows were read that nothing was tested'


def join_lines(rng: random.Random, lines: list[str]) -> list[str]:
    at = rng.randrange(len(lines))
    return [*lines[:at], rng.choice(('', ' ', '  ')).join(lines[at : at + 2]), *lines[at + 2 :]]


def drop_columns(rng: random.Random, lines: list[str]) -> list[str]:
    at = rng.randrange(70)
    to = at + rng.randint(1, 9)
    return [line[:at] + line[to:] for line in lines]


def add_columns(rng: random.Random, lines: list[str]) -> list[str]:
    at, what = rng.randrange(70), rng.choice((' ', '  ', '\t', '|', '    '))
    return [line[:at] + what + line[at:] for line in lines]


def indent(rng: random.Random, lines: list[str]) -> list[str]:
    prefix = rng.choice((' ', '    ', '\t', '# ', '## ', 'rem ', '// ', '> ', '\t  # ', '>'))
    return [prefix + line for line in lines]


def trim(rng: random.Random, lines: list[str]) -> list[str]:
    if rng.random() < 0.5:
        return [line.strip() for line in lines]
    return '\n'.join(lines).strip().split('\n')


def shuffle(rng: random.Random, lines: list[str]) -> list[str]:
    return rng.sample(lines, len(lines))


def drop_lines(rng: random.Random, lines: list[str]) -> list[str]:
    return [line for line in lines if rng.random() < 0.7] or lines


def squeeze(rng: random.Random, lines: list[str]) -> list[str]:
    few = ' ' * rng.randint(1, 4)
    return [re.sub(' {3,}', few, line) for line in lines]


def by_characters(_rng: random.Random, lines: list[str]) -> list[str]:
    """What a program does that takes every character for one cell: a blank too many for each wide one."""
    return [line + ' ' * sum(unicodedata.east_asian_width(char) in 'WF' for char in line) for line in lines]


def mojibake(rng: random.Random, lines: list[str]) -> list[str]:
    encoding = rng.choice(('cp1252', 'cp1251', 'cp850', 'ascii'))
    return '\n'.join(lines).encode('utf-8').decode(encoding, rng.choice(('replace', 'ignore'))).split('\n')


TEXT_DAMAGES = (
    join_lines,
    drop_columns,
    add_columns,
    indent,
    trim,
    shuffle,
    drop_lines,
    squeeze,
    by_characters,
    mojibake,
)


def test_damage_to_the_whole_text_gives_the_right_id_or_an_error() -> None:
    returned = 0
    for case in range(SEED, SEED + CASES):
        rng = random.Random(case)
        capture = rng.choice(GENUINE)
        damages = rng.sample(TEXT_DAMAGES, rng.randint(1, 2))
        if drop_columns in damages:
            # Alone: with other damage, the result can be a valid table again.
            damages = [drop_columns]
        lines = list(capture.lines)
        for damage in damages:
            lines = damage(rng, lines)
        returned += check(capture, '\n'.join(lines), set(capture.row_of_line), rng.choice(('strict', 'skip')))
    assert returned > CASES // 20, 'so few rows were read that nothing was tested'


@pytest.mark.parametrize('capture', GENUINE, ids=lambda capture: capture.name)
def test_every_single_character_lost_or_doubled_gives_the_right_id_or_an_error(capture: Capture) -> None:
    for number, line in enumerate(capture.lines):
        for at in range(len(line)):
            for damaged in (line[:at] + line[at + 1 :], line[: at + 1] + line[at:], line[:at] + ' ' + line[at:]):
                lines = [*capture.lines[:number], damaged, *capture.lines[number + 1 :]]
                check(capture, '\n'.join(lines), {number}, 'skip')
