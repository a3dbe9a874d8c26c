# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Prints tables of random rows in every layout and language, as the tools do, and reads them back."""

from __future__ import annotations

import contextlib
import typing as t
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.sessions.plugins.plugin_utils._quser.parser import (
    QUSER,
    QWINSTA,
    TerminalOutputError,
    parse,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._quser.words import STATE_WORDS

Row = dict[str, t.Any]


def one_host(rows: list[Row]) -> list[Row]:
    """Rows as one host prints them: each ID once, at most one of them current."""
    rows = list({row['id']: row for row in rows}.values())
    current = next((row['id'] for row in rows if row['current']), None)
    return [{**row, 'current': row['id'] == current} for row in rows]


# Words of the tables' headers, and of the "none" cell with its blanks, as captures show them; the last is invented.
LANGUAGES = {
    'en': (('USERNAME', 'SESSIONNAME', 'ID', 'STATE', 'IDLE TIME', 'LOGON TIME'), '    none   '),
    'de': (('BENUTZERNAME', 'SITZUNGSNAME', 'ID', 'STATUS', 'LEERLAUF', 'ANMELDEZEIT'), '    Kein   '),
    'es': (('NOMBRE USUARIO', 'NOMBRE SESIÓN', 'ID.', 'ESTADO', 'TIEMPO IN.', 'TIEMPO SESIÓN'), '    ninguno   '),
    'ru': (('ПОЛЬЗОВАТЕЛЬ', 'СЕАНС', 'ID', 'СТАТУС', 'БЕЗДЕЙСТВ.', 'ВРЕМЯ ВХОДА'), ' отсутствует '),
    'zh': (('用户名', '会话名', 'ID', '状态', '空闲时间', '登录时间'), '    无     '),
    'he': (('שם משתמש', 'שם הפעלה', 'מזהה', 'מצב', 'זמן סרק', 'זמן כניסה'), '    אין   '),
}
STATES = [word.word for word in STATE_WORDS] + ['Rozł.', 'Połączono', '활성', 'Ei yht.', 'מנותק', '????', 'Ge\ufffdr']
LOGONS = [
    '6/14/2021 11:35 AM',
    '18.09.2026 05:59',
    '25/7/2018 7:46',
    '2026/7/30 19:55',
    '2021-05-13 0:15',
    '18-Nov-22 09:35',
    '2026. 07. 30. de. 9:55',
    '2026-07-30 오후 7:55',
    '30/07/2026 07:55 p. m.',
    '30.7.2026 klo 19.55',
    '๓๐/๗/๒๕๖๙ ๑๙:๕๕',
]


def cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in 'WF' else 1 for char in text)


def left(text: str | None, width: int) -> str:
    return (text or '') + ' ' * max(0, width - cells(text or ''))


NAME_LETTERS = st.characters(categories=['Lu', 'Ll', 'Lo', 'Nd'], include_characters="-_.~!$%^&(){}'@ ")
USERS = st.one_of(
    st.text(NAME_LETTERS, min_size=1, max_size=20).map(str.strip).filter(bool),
    st.text('0123456789', min_size=1, max_size=20),
    st.sampled_from(
        ['alice', 'Jan van der Berg', 'a  b', 't2_jessica.richards', 'Администратор', '山田太郎', 'דוד', 'محمد']
    ),
)
SESSIONS = st.one_of(
    st.none(),
    st.sampled_from(['console', 'services', 'rdp-tcp', 'rdp-tcp#0', 'ica-cgp#12', 'rdp-sxs24', '31c5ce94259d...', '7']),
    st.text('0123456789', min_size=1, max_size=15),
)
IDLE_TIMES = st.one_of(
    st.just('.'),
    st.integers(1, 59).map(str),
    st.builds('{}:{:02}'.format, st.integers(1, 23), st.integers(0, 59)),
    st.builds('{}+{:02}:{:02}'.format, st.integers(1, 99999), st.integers(0, 23), st.integers(0, 59)),
)
DAMAGES: dict[str, t.Callable[[list[str]], list[str]]] = {
    'none': lambda lines: lines,
    'indented': lambda lines: ['      ' + line for line in lines],
    'tabs': lambda lines: ['\t' + line for line in lines],
    'commented': lambda lines: ['## ' + line for line in lines],
    'padded': lambda lines: [line + ' ' * 9 for line in lines],
    'header trimmed': lambda lines: [lines[0].lstrip(), *lines[1:]],
    'no header': lambda lines: lines[1:],
    'blank lines': lambda lines: ['', *(part for line in lines for part in (line, '')), '  '],
}


def quser(rows: list[Row], language: str) -> list[str]:
    words, none = LANGUAGES[language]
    edge = 2 if words[2] == 'ID.' else 1
    header = f' {left(words[0], 20)}  {left(words[1], 15)}  {"":>{4 - cells(words[2]) + edge - 1}}{words[2]}'
    header += f'{"" if edge == 2 else " "} {left(words[3], 6)}  {left(words[4], 9)}  {words[5]}'
    lines = [header]
    for row in rows:
        names = f'{left(row["user"], 20)}  {left(row["session_name"], 15)}'
        idle = none if row['idle'] is None else f'{row["idle"]:>9}  '
        marker = '>' if row['current'] else ' '
        lines.append(f'{marker}{names}  {row["id"]:>4}  {left(row["state"], 6)}  {idle}{row["logon"]}')
    return lines


def qwinsta(rows: list[Row], language: str, width: int) -> list[str]:
    words, _unused = LANGUAGES[language]
    lines = [f' {left(words[1], width)}  {left(words[0], 20)}     ID  {left(words[3], 6)}  {left("T", 10)}  D']
    for row in rows:
        marker = '>' if row['current'] else ' '
        line = f'{marker}{left(row["session_name"], width)}  {left(row["user"], 20)}  {row["id"]:>5}  '
        line += f'{left(row["state"], 6)}  {row["type"]}'
        lines.append(line if row['type'] else line.rstrip(' '))
    return lines


QUSER_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            'id': st.one_of(st.integers(0, 99), st.integers(0, 65535)),
            'user': USERS,
            'session_name': SESSIONS,
            'state': st.sampled_from(STATES),
            'current': st.booleans(),
            'idle': st.none() | IDLE_TIMES,
            'logon': st.sampled_from(LOGONS),
        }
    ),
    min_size=1,
    max_size=6,
).map(one_host)
QWINSTA_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            'id': st.one_of(st.integers(0, 99), st.integers(0, 65545)),
            'user': st.none() | USERS,
            'session_name': SESSIONS,
            'state': st.sampled_from(STATES),
            'current': st.booleans(),
            'type': st.sampled_from(['', '', 'rdpwd', 'wdcon']),
        }
    ),
    max_size=6,
).map(
    # Session 0 is in every listing, and is what rows without a name are measured by.
    lambda rows: one_host(
        [
            {'id': 0, 'user': None, 'session_name': 'services', 'state': 'Disc', 'current': False, 'type': ''},
            *(row for row in rows if row['id']),
        ]
    )
)


@given(rows=QUSER_ROWS, language=st.sampled_from(sorted(LANGUAGES)), damage=st.sampled_from(sorted(DAMAGES)))
def test_a_printed_quser_table_is_read_back(rows: list[Row], language: str, damage: str) -> None:
    lines = DAMAGES[damage](quser(rows, language))
    got = parse(QUSER, '\r\n'.join(lines))
    assert [
        (row['id'], row['user'], row['session_name'], row['state_raw'], row['current'], row['logon_time_raw'])
        for row in got
    ] == [(row['id'], row['user'], row['session_name'], row['state'], row['current'], row['logon']) for row in rows]
    assert [row['idle_raw'] if row['idle'] is not None else None for row in map(merge, got, rows)] == [
        row['idle'] for row in rows
    ]


def merge(got: Row, row: Row) -> Row:
    return {**row, **got}


@given(
    rows=QWINSTA_ROWS,
    language=st.sampled_from(sorted(LANGUAGES)),
    width=st.sampled_from([16, 24]),
    damage=st.sampled_from(sorted(DAMAGES)),
)
def test_a_printed_qwinsta_table_is_read_back(rows: list[Row], language: str, width: int, damage: str) -> None:
    lines = DAMAGES[damage](qwinsta(rows, language, width))
    got = parse(QWINSTA, lines)
    assert [(row['id'], row['user'], row['session_name'], row['state_raw'], row['current']) for row in got] == [
        (row['id'], row['user'], row['session_name'], row['state'], row['current']) for row in rows
    ]


@given(rows=QWINSTA_ROWS, width=st.sampled_from([16, 24]), data=st.data())
def test_a_digit_that_any_id_loses_or_gains_is_an_error(rows: list[Row], width: int, data: st.DataObject) -> None:
    lines = qwinsta(rows, 'en', width)
    number = data.draw(st.integers(1, len(rows)))
    digits = str(rows[number - 1]['id'])
    before, after = lines[number].split(f'{digits}  {rows[number - 1]["state"]}', 1)
    at = data.draw(st.integers(0, len(digits) - 1))
    extra = data.draw(st.sampled_from(['', '0', '7', ' ', '99']))
    damaged = digits[:at] + extra + digits[at + (extra == '') :]
    lines[number] = f'{before}{damaged}  {rows[number - 1]["state"]}{after}'
    # A row that has lost its only digit may also be read as a header.
    with pytest.raises(ValueError, match=rf'Line {number + 1} (cannot be read|begins a second table)'):
        parse(QWINSTA, lines)


@given(st.text() | st.lists(st.text()))
def test_any_text_is_parsed_or_refused(text: str | list[str]) -> None:
    for command in (QUSER, QWINSTA):
        for errors in ('strict', 'skip'):
            with contextlib.suppress(TerminalOutputError):
                assert parse(command, text, errors=errors) == []


def test_every_state_word_is_one_state_of_the_session_record() -> None:
    known = set('active connected connect_query shadow disconnected idle listen reset down init'.split())
    words = [word.word.casefold() for word in STATE_WORDS]
    assert len(words) == len(set(words))
    assert {word.state for word in STATE_WORDS} == known
    assert all(word.source and word.languages for word in STATE_WORDS)
