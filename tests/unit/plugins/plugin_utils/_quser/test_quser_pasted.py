# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Text as people paste it: the lines around a table, two tables, damaged rows, PowerShell errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winops.sessions.plugins.plugin_utils._quser.parser import (
    QUSER,
    QWINSTA,
    Command,
    TerminalOutputError,
    parse,
)

PASTED = Path(__file__).parents[3] / 'pasted'
READINGS = {file.stem: json.loads(file.read_text(encoding='utf-8')) for file in sorted(PASTED.glob('*.json'))}

QUSER_HEADER = ' USERNAME              SESSIONNAME        ID  STATE   IDLE TIME  LOGON TIME'
QUSER_ROWS = [
    '>alice                 rdp-tcp#5           2  Active          .  11/21/2026 2:34 PM',
    ' bob                                      13  Disc      1+03:04  11/20/2026 9:05 AM',
    ' Jan van der Berg      rdp-tcp#12          7  Active       none   11/20/2026 9:05 AM',
]
QWINSTA_HEADER = ' SESSIONNAME       USERNAME                 ID  STATE   TYPE        DEVICE'
QWINSTA_ROWS = [
    '>services                                    0  Disc',
    ' rdp-tcp#5         alice                     2  Active',
    '                   bob                      13  Disc',
    '                                            14  Down',
    ' rdp-tcp                                 65536  Listen',
]
TABLES = {'quser': (QUSER, QUSER_HEADER, QUSER_ROWS), 'qwinsta': (QWINSTA, QWINSTA_HEADER, QWINSTA_ROWS)}
BOTH = pytest.mark.parametrize('tool', sorted(TABLES))
MODES = pytest.mark.parametrize('errors', ['strict', 'skip'])

BEFORE = [
    'Microsoft Windows [Version 10.0.20348.2113]',
    '(c) Microsoft Corporation. All rights reserved.',
    'C:\\Users\\alice>{tool}',
    'PS C:\\Program Files (x86)\\Tools 2> {tool} /server:rds01',
    '[rds01]: PS C:\\Users\\alice\\Documents> {tool} 2>&1',
    'corp\\alice@RDS01 C:\\Users\\alice>{tool}',
    '$ {tool}',
    '{tool}',
    'query user /server:rds01',
    'rds01.example.com | CHANGED | rc=0 >>',
    'rds01 | FAILED | rc=1 >>',
    'PsExec v2.43 - Execute processes remotely',
    'Copyright (C) 2001-2023 Mark Russinovich',
    'Sysinternals - www.sysinternals.com',
    'Server 3 of 20, checked on Monday:',
]
AFTER = [
    'C:\\Users\\alice>',
    'PS C:\\Users\\alice> exit',
    '[rds01]: PS C:\\Users\\alice\\Documents>',
    'non-zero return code',
    'quser exited on RDS01 with error code 1.',
    'Process exit code: 1',
    'The command completed.',
    '**********************',
]
DAMAGED = [
    ' carol                 rdp-tcp#9',
    ' carol                 rdp-tcp#9           3',
    ' carol                 rdp-tcp#9              Active',
    ' carol                 rdp-tcp#9          33  Active          .  11/21/2026 2:34 PM  x  4',
    ' carol rdp-tcp#9 3 Active . 11/21/2026 2:34 PM',
    ' carol',
    ' carol                                      3Disc        1:04  11/20/2026 9:05 AM',
    '                   carol                    x3  Disc',
]


def ids(command: Command, lines: list[str], errors: str = 'strict') -> list[int]:
    return [row['id'] for row in parse(command, lines, errors=errors)]


def table(tool: str) -> tuple[Command, list[str], list[int]]:
    command, header, rows = TABLES[tool]
    return command, [header, *rows], ids(command, rows)


@pytest.mark.parametrize('name', sorted(READINGS))
@MODES
def test_pasted_text_is_read_as_a_person_reads_it(name: str, errors: str) -> None:
    facts = READINGS[name]
    text = (PASTED / f'{name}.txt').read_text(encoding='utf-8')
    expected = [] if facts['accept'] == 'empty' else facts.get('rows')
    try:
        rows = parse(QWINSTA if facts['command'] == 'qwinsta' else QUSER, text, errors=errors)
    except TerminalOutputError:
        assert facts['accept'] in ('exact-or-refused', 'refused')
        return
    assert facts['accept'] != 'refused'
    rows = [{key: value for key, value in row.items() if key != 'logon_time'} for row in rows]
    if errors == 'strict' or facts['accept'] != 'exact-or-refused':
        assert rows == expected
    else:
        assert all(row in expected for row in rows)


@settings(max_examples=60, deadline=None)
@given(st.data())
@BOTH
def test_ignores_lines_around_a_table(tool: str, data: st.DataObject) -> None:
    command, lines, right = table(tool)
    before = data.draw(st.lists(st.sampled_from(BEFORE), max_size=3, unique=True))
    before = [line for index, line in enumerate(before) if '|' not in line or '|' not in ''.join(before[:index])]
    after = data.draw(st.lists(st.sampled_from(AFTER), max_size=2, unique=True))
    label = data.draw(st.sampled_from(['', 'SESSION:  ', 'rds01: ', 'C:\\Users\\a1> ']))
    framed = [*before, label + lines[0], *lines[1:], *after]
    assert ids(command, [line.replace('{tool}', tool) for line in framed]) == right


@settings(max_examples=40, deadline=None)
@given(st.data())
@BOTH
def test_two_tables_are_refused(tool: str, data: st.DataObject) -> None:
    command, lines, _right = table(tool)
    other = table(data.draw(st.sampled_from(sorted(TABLES))))[1]
    between = data.draw(st.lists(st.sampled_from([*AFTER, '', 'rds02 | CHANGED | rc=0 >>']), max_size=2))
    first = data.draw(st.sampled_from([lines, lines[1:]]))
    second = data.draw(st.integers(1, len(other)))
    with pytest.raises(TerminalOutputError, match='more than one'):
        parse(command, [*first, *between, *other[:second]], errors=data.draw(st.sampled_from(['strict', 'skip'])))


@BOTH
@MODES
@pytest.mark.parametrize('answer', ['No User exists for *', 'rds02 | CHANGED | rc=0 >>'])
def test_refuses_the_output_of_two_hosts(tool: str, errors: str, answer: str) -> None:
    command, lines, _right = table(tool)
    with pytest.raises(TerminalOutputError, match='more than one'):
        parse(command, ['rds01 | CHANGED | rc=0 >>', *lines, answer], errors=errors)


@BOTH
@MODES
def test_repeated_ids_and_markers_are_refused(tool: str, errors: str) -> None:
    command, lines, right = table(tool)
    with pytest.raises(TerminalOutputError, match=f'Session ID {right[1]} occurs twice'):
        parse(command, [*lines, lines[2]], errors=errors)
    with pytest.raises(TerminalOutputError, match='marked with'):
        parse(command, [*lines[:2], f'>{lines[2][1:]}', *lines[3:]], errors=errors)


@BOTH
@MODES
@pytest.mark.parametrize('frame', [[], ['C:\\>']])
def test_a_header_without_rows_is_refused(tool: str, errors: str, frame: list[str]) -> None:
    command, lines, _right = table(tool)
    with pytest.raises(TerminalOutputError, match='header without rows'):
        parse(command, [*frame, lines[0], *frame], errors=errors)


@BOTH
@pytest.mark.parametrize('row', DAMAGED)
@pytest.mark.parametrize('place', [2, None])
def test_damaged_rows_are_refused_or_skipped(tool: str, row: str, place: int | None) -> None:
    command, lines, right = table(tool)
    place = len(lines) if place is None else place
    text = [*lines[:place], row, *lines[place:]]
    with pytest.raises(TerminalOutputError, match=r"errors='skip'|more than one row"):
        parse(command, text)
    assert ids(command, text, errors='skip') == right


@BOTH
@MODES
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(30, 47))
def test_a_table_of_damaged_rows_is_never_empty(tool: str, errors: str, lost: int, at: int) -> None:
    command, lines, _right = table(tool)
    damaged = [line[: at - lost] + line[at:] for line in lines[2:3]]
    with pytest.raises(TerminalOutputError):
        parse(command, [lines[0], *(f'{line[:20]}{line[20:].replace("  ", " ")}' for line in damaged)], errors=errors)


@BOTH
@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 5)))
def test_rows_that_lost_their_first_blank_keep_their_id(tool: str, stripped: set[int]) -> None:
    command, lines, right = table(tool)
    text = [line[1:] if index in stripped and line[0] == ' ' else line for index, line in enumerate(lines)]
    if stripped and tool == 'qwinsta':
        # This row has no name to measure its ID from.
        assert ids(command, text, errors='skip') in (right, [number for number in right if number != 14])
    else:
        assert ids(command, text) == right


def test_a_row_without_names_is_refused_where_other_rows_lost_their_first_blank() -> None:
    stripped = [line.removeprefix(' ') for line in QWINSTA_ROWS[:2]]
    with pytest.raises(TerminalOutputError, match='cannot be read'):
        parse(QWINSTA, [*stripped, f'{" " * 44}4  Down', QWINSTA_ROWS[4]])


@pytest.mark.parametrize(
    'frame',
    [
        '{}',
        'quser : {}',
        'quser.exe : {}',
        'C:\\>quser\n{}\n\nC:\\>',
        'rds01 | FAILED | rc=1 >>\n{}non-zero return code',
        'PsExec v2.43 - Execute processes remotely\nCopyright (C) 2001-2023 Mark Russinovich\n{}\n'
        'quser exited on RDS01 with error code 1.',
        'quser : {}\nAu caractère Ligne:1 : 1\n+ quser 2>&1\n+ ~~~~~~~~~~\n'
        '    + CategoryInfo          : NotSpecified: (No User exists for *:String) [], RemoteExc \n   eption',
        'query.exe : {}\nIn Zeile:1 Zeichen:1\n+ query user | select -Skip 1\n    + PSComputerName        : rds01',
    ],
)
def test_no_user_logged_on_is_the_empty_list_in_every_frame(frame: str) -> None:
    assert parse(QUSER, frame.format('No User exists for *')) == []


@MODES
@pytest.mark.parametrize(
    'text',
    [
        'No User exists for *\nAccess is denied.',
        'No User exists for *\nNo User exists for *',
        'quser : The term No User exists for * is not recognized',
        'quser : No User exists for *\nquser : Access is denied',
        f'No User exists for *\n{QUSER_HEADER}',
        'No User exists for *\n carol                 rdp-tcp#9           3  Active',
    ],
)
def test_refuses_no_user_logged_on_beside_other_output(text: str, errors: str) -> None:
    with pytest.raises(TerminalOutputError):
        parse(QUSER, text, errors=errors)


@pytest.mark.parametrize(
    ('lines', 'remedy'),
    [
        ([QUSER_HEADER, QUSER_ROWS[0], DAMAGED[2]], "errors='skip'"),
        ([QUSER_HEADER, '&gt;' + QUSER_ROWS[0][1:]], '&gt;'),
        ([' '.join([QUSER_HEADER, *QUSER_ROWS])], 'line ends'),
        ([QUSER_HEADER, QUSER_ROWS[0], QUSER_HEADER], 'second table'),
        ([QWINSTA_HEADER, *QWINSTA_ROWS], 'parse_qwinsta'),
    ],
)
def test_errors_name_the_remedy(lines: list[str], remedy: str) -> None:
    with pytest.raises(TerminalOutputError, match=remedy):
        parse(QUSER, lines)
