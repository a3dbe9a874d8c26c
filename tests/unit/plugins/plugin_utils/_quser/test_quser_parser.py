# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The parser reads genuine captures, and reads or refuses damaged ones."""

from __future__ import annotations

import json
import typing as t
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
FACTS = {file.stem: json.loads(file.read_text(encoding='utf-8')) for file in sorted(CAPTURES.glob('*.json'))}
TABLES = [name for name, facts in FACTS.items() if 'errors' not in facts]

HEADER = ' USERNAME              SESSIONNAME        ID  STATE   IDLE TIME  LOGON TIME'
ALICE = '>alice                 rdp-tcp#5           2  Active          .  11/21/2026 2:34 PM'
BOB = ' bob                                      13  Disc      1+03:04  11/20/2026 9:05 AM'
TABLE = f'{HEADER}\n{ALICE}\n{BOB}\n'

SESSIONS = """\
 SESSIONNAME       USERNAME                 ID  STATE   TYPE        DEVICE
>services                                    0  Disc
 console                                     1  Conn
 rdp-tcp#5         alice                     2  Active
                   bob                      13  Disc
                                            14  Disc
 rdp-tcp                                 65536  Listen
"""


def capture(name: str) -> str:
    # Text with CRLF is kept as .bin, so that no tool takes its line ends for a mistake.
    (file,) = CAPTURES.glob(f'{name}.[tb][xi][tn]')
    return file.read_bytes().decode('utf-8')


def command(name: str) -> Command:
    return QUSER if 'quser' in FACTS[name]['command'] else QWINSTA


def ids(command: Command, text: str | list[str], **options: t.Any) -> list[int]:
    return [row['id'] for row in parse(command, text, **options)]


def without(rows: list[dict[str, t.Any]], key: str) -> list[dict[str, t.Any]]:
    return [{name: value for name, value in row.items() if name != key} for row in rows]


# -- captures --


@pytest.mark.parametrize('name', [name for name in TABLES if FACTS[name]['genuine'] and FACTS[name]['rows']])
def test_a_genuine_capture_is_read_exactly(name: str) -> None:
    assert without(parse(command(name), capture(name)), 'logon_time') == FACTS[name]['rows']


@pytest.mark.parametrize('name', [name for name in TABLES if not FACTS[name]['rows']])
@pytest.mark.parametrize('errors', ['strict', 'skip'])
def test_a_captured_header_without_rows_is_refused(name: str, errors: str) -> None:
    with pytest.raises(TerminalOutputError, match='header without rows'):
        parse(command(name), capture(name), errors=errors)


@pytest.mark.parametrize('name', [name for name in TABLES if not FACTS[name]['genuine']])
def test_a_made_up_capture_is_read_exactly_or_refused(name: str) -> None:
    try:
        rows = parse(command(name), capture(name))
    except TerminalOutputError:
        return
    assert without(rows, 'logon_time') == FACTS[name]['rows']


@pytest.mark.parametrize('name', [name for name, facts in FACTS.items() if facts.get('errors')])
def test_a_captured_error_becomes_an_error_with_its_number_or_the_empty_list(name: str) -> None:
    code = FACTS[name]['errors'][0]['code']
    if code is None:
        assert parse(command(name), capture(name)) == []
        return
    with pytest.raises(TerminalOutputError, match=rf'Win32 error {code} .*{FACTS[name]["errors"][0]["message"]}'):
        parse(command(name), capture(name), errors='skip')


@pytest.mark.parametrize('name', [name for name in TABLES if FACTS[name]['genuine'] and FACTS[name]['rows']])
def test_the_output_of_one_command_is_refused_by_the_other_filter(name: str) -> None:
    other = QWINSTA if command(name) is QUSER else QUSER
    with pytest.raises(TerminalOutputError, match=f'use the filter parse_{command(name).name}'):
        parse(other, capture(name))


# -- what is in a row --


def test_a_row_of_quser_has_all_keys() -> None:
    assert parse(QUSER, TABLE)[1] == {
        'id': 13,
        'user': 'bob',
        'session_name': None,
        'state': 'disconnected',
        'state_raw': 'Disc',
        'current': False,
        'idle_seconds': 97440,
        'idle_raw': '1+03:04',
        'logon_time_raw': '11/20/2026 9:05 AM',
        'logon_time': '2026-11-20T09:05:00',
    }


def test_a_row_of_qwinsta_has_all_keys() -> None:
    assert parse(QWINSTA, SESSIONS)[0] == {
        'id': 0,
        'user': None,
        'session_name': 'services',
        'state': 'disconnected',
        'state_raw': 'Disc',
        'current': True,
    }


def test_blank_names_are_null() -> None:
    rows = parse(QWINSTA, SESSIONS)
    assert [(row['session_name'], row['user']) for row in rows[3:5]] == [(None, 'bob'), (None, None)]


@pytest.mark.parametrize(
    ('user', 'session'),
    [
        ('12345', '7'),
        ('99999999999999999999', '123456789012345'),
        ('t2_jessica.richards', ''),
        ('Jan van der Berg', 'console'),
        ('a  b', ''),
        ('svc 2  3', 'rdp-tcp#3'),
        ('paulo.feitosa', '31c5ce94259d...'),
        ('Администратор', ''),
        ('\u05d3\u05d5\u05d3', 'rdp-tcp#3'),
        ('\u0645\u062d\u0645\u062f', ''),
    ],
)
def test_names_may_be_anything(user: str, session: str) -> None:
    line = f' {user:<20}  {session:<15}     3  Active         35  2026/11/21 14:34'
    (row,) = parse(QUSER, line)
    assert (row['id'], row['user'], row['session_name']) == (3, user, session or None)


def test_a_wide_name_takes_two_cells_a_character() -> None:
    line = f' 山田太郎{" " * 12}  {"rdp-tcp#3":<15}     3  运行中      无     2026/11/21 14:34'
    (row,) = parse(QUSER, line)
    assert (row['id'], row['user'], row['state'], row['idle_seconds']) == (3, '山田太郎', 'active', None)


def test_a_wide_name_that_fills_more_than_its_cell_pushes_the_rest() -> None:
    user = '山田太郎山田太郎山田太郎'
    text = f' {user}  {"console":<15}     1  Active\n'.replace('  Active', '  Active          .  2026/11/21 14:34')
    (row,) = parse(QUSER, text)
    assert (row['id'], row['user'], row['session_name']) == (1, user, 'console')


@pytest.mark.parametrize(
    ('state', 'idle', 'logon'),
    [
        ('Aktiv', '    ingen   ', '2026-11-21 14:34'),
        ('Aktywna', '    brak    ', '21.11.2026 14:34'),
        ('Etkin', '    yok  ', '21.11.2026 14:34'),
        ('Aktív', '    nincs   ', '2026. 11. 21. 14:34'),
        ('Aktiivi', '    ei mitään ', '21.11.2026 klo 14.34'),
        ('활성', '    없음   ', '2026-11-21 오후 2:34'),
        ('使用中', '    無     ', '2026/11/21 下午 02:34'),
        ('Activo', '    ninguno   ', '21/11/2026 02:34 p. m.'),
        ('Ativo', '    nenhum   ', '21/11/2026 14:34'),
        ('Aktivní', ' není ', '21. 11. 2026 14:34'),
        ('نشط', '    لا يوجد   ', '21/11/2026 02:34 م'),
    ],
)
def test_languages_that_were_never_seen_are_read_by_their_columns(state: str, idle: str, logon: str) -> None:
    cells = sum(2 if '\u1100' <= char <= '\uffdc' else 1 for char in state)
    line = f' alice                 console           123  {state}{" " * (6 - cells)}  {idle}{logon}'
    (row,) = parse(QUSER, f' X                     Y                  N   S       I          L\n{line}', errors='skip')
    assert (row['id'], row['user'], row['state_raw'], row['logon_time_raw']) == (123, 'alice', state, logon)
    assert (row['idle_raw'], row['idle_seconds']) == (idle.strip(), None)
    assert row['logon_time'] == '2026-11-21T14:34:00'


def test_an_unknown_state_is_returned_as_printed() -> None:
    (row,) = parse(QUSER, ALICE.replace('Active', 'Ntswrk'))
    assert (row['state'], row['state_raw']) == ('unknown', 'Ntswrk')


def test_states_are_compared_without_case() -> None:
    assert parse(QUSER, ALICE.replace('Active', 'ACTIVE'))[0]['state'] == 'active'


# -- layouts --


@pytest.mark.parametrize('end', ['\n', '\r\n', '\r\r\n', '\n\n'])
def test_any_line_ends_are_read(end: str) -> None:
    assert ids(QWINSTA, SESSIONS.replace('\n', end)) == [0, 1, 2, 13, 14, 65536]


def test_a_list_of_lines_is_read() -> None:
    assert ids(QWINSTA, SESSIONS.splitlines()) == [0, 1, 2, 13, 14, 65536]


@pytest.mark.parametrize('prefix', ['   ', '\t', '# ', '#', '## ', 'rem ', 'REM ', '// ', ' \t# ', '> ', '* '])
def test_ignores_an_indent_or_a_comment_sign_before_every_line(prefix: str) -> None:
    lines = [prefix + line for line in SESSIONS.splitlines()]
    rows = parse(QWINSTA, lines)
    assert rows == parse(QWINSTA, SESSIONS)


def test_the_marker_is_not_a_comment_sign() -> None:
    assert parse(QUSER, ALICE)[0]['current'] is True


def test_tabs_for_the_indent_of_some_lines_do_not_matter() -> None:
    assert ids(QUSER, f'\t{HEADER}\n        {ALICE}\n\t{BOB}') == [2, 13]


def test_tabs_between_cells_are_read_as_an_editor_writes_them() -> None:
    line = ' alice\t\t       rdp-tcp#5\t   2  Active\t      .  11/21/2026 2:34 PM'
    assert line.expandtabs() == f' {ALICE[1:]}'
    assert ids(QUSER, line) == [2]


def test_a_text_that_was_stripped_is_read() -> None:
    assert ids(QUSER, TABLE.strip()) == [2, 13]
    assert ids(QUSER, [line.strip() for line in TABLE.splitlines()]) == [2, 13]


def test_a_table_without_its_header_is_read() -> None:
    assert ids(QWINSTA, SESSIONS.split('\n', 1)[1]) == [0, 1, 2, 13, 14, 65536]


def test_no_break_spaces_of_a_web_page_are_blanks() -> None:
    assert ids(QWINSTA, SESSIONS.replace(' ', '\u00a0')) == [0, 1, 2, 13, 14, 65536]


def test_direction_marks_and_the_byte_order_mark_take_no_cell() -> None:
    assert ids(QUSER, '\ufeff' + TABLE.replace('alice', '\u200falice\u200e')) == [2, 13]


def test_ignores_counters_after_the_table() -> None:
    counters = 'Erstellte Sitzungen gesamt: 12\nGetrennte Sitzungen gesamt: 3\nErneut verbundene Sitzungen gesamt: 2\n'
    assert ids(QWINSTA, f'{SESSIONS}\n{counters}') == [0, 1, 2, 13, 14, 65536]


def test_ignores_type_and_device_after_the_state() -> None:
    (row,) = parse(QWINSTA, ' rdp-tcp                                 65536  Escuchar  rdpwd       com')
    assert (row['id'], row['state_raw']) == (65536, 'Escuchar')


def test_an_id_of_five_digits_pushes_the_rest_of_a_quser_row() -> None:
    assert ids(QUSER, ' alice                 rdp-tcp#5        12345  Active          .  2026/11/21 14:34') == [12345]


# -- what must be refused --


@pytest.mark.parametrize(
    'line',
    [
        pytest.param(BOB.replace(' 13  ', ' 3  '), id='lost digit'),
        pytest.param(BOB.replace(' 13  ', ' 133  '), id='added digit'),
        pytest.param(BOB.replace(' 13  ', ' 1 3  '), id='split id'),
        pytest.param(BOB.replace(' 13  ', '1 3  '), id='split id in its cell'),
        pytest.param(BOB.replace(' 13  ', ' 1x  '), id='letter in the id'),
        pytest.param(BOB.replace(' 13  ', ' 03  '), id='leading zero'),
        pytest.param(BOB.replace(' 13  ', ' 13 '), id='lost blank after the id'),
        pytest.param(BOB.replace('  13  ', '     '), id='no id'),
        pytest.param(BOB.replace(' 13  ', ' 1١  '), id='digit of another script'),
        pytest.param(BOB.replace(' bob  ', ' bob '), id='lost blank before the id'),
        pytest.param(BOB[:44], id='cut after the id'),
        pytest.param(BOB[:50], id='cut after the state'),
        pytest.param(BOB[:76], id='cut after the date'),
        pytest.param(BOB[23:], id='cut before the id'),
        pytest.param(f'{BOB} {BOB}', id='two rows in one line'),
        pytest.param(f'{BOB}{BOB}', id='two rows in one line without a blank'),
        pytest.param(f'alice{BOB}', id='end of another line before it'),
        pytest.param(BOB.replace('1+03:04', ' 1+3:04'), id='broken idle time'),
        pytest.param(BOB.replace('1+03:04', '+03:04'), id='lost digit of the idle time'),
        pytest.param(' bob                                 13  1234  notepad.exe', id='a row of qprocess'),
        pytest.param(f'{" " * 41}13  Disc      1+03:04  11/20/2026 9:05 AM', id='no user'),
        pytest.param('Fehler 5  beim Zugriff', id='a number and a word'),
        pytest.param(f'{"1  a " * 100_000}', id='endless line'),
    ],
)
def test_a_damaged_row_is_refused_and_can_be_skipped(line: str) -> None:
    with pytest.raises(TerminalOutputError, match='Line 3 cannot be read with certainty'):
        parse(QUSER, f'{HEADER}\n{ALICE}\n{line}')
    assert ids(QUSER, f'{HEADER}\n{ALICE}\n{line}', errors='skip') == [2]


@pytest.mark.parametrize(
    'line', ['                                           14  Disc', 'bob                 13  Disc']
)
def test_a_row_without_names_must_have_the_columns_of_the_others(line: str) -> None:
    text = SESSIONS.replace('\n', f'\n{line}\n', 1)
    with pytest.raises(TerminalOutputError, match='Line 2 '):
        parse(QWINSTA, text)


def test_a_row_without_names_can_have_the_columns_of_the_header() -> None:
    header = SESSIONS.split('\n', 1)[0]
    row = f'{" " * 44}23  Disc'
    assert ids(QWINSTA, f'{header}\n{row}') == [23]
    for wrong in (row[1:], f' {row}', f'{" " * 44}3  Disc'):
        with pytest.raises(TerminalOutputError, match='Line 2 '):
            parse(QWINSTA, f'{header}\n{wrong}')
    with pytest.raises(TerminalOutputError, match='Line 1 '):
        parse(QWINSTA, row)


def test_refuses_narrow_and_wide_rows_in_one_table() -> None:
    wide = f' rdp-tcp#9                 carol{" " * 21}9  Active'
    assert ids(QWINSTA, wide) == [9]
    with pytest.raises(TerminalOutputError, match=r'Line 4 .*carol'):
        parse(QWINSTA, [*SESSIONS.splitlines()[1:4], wide])


def test_a_wide_table_without_eight_columns_is_not_read_as_a_narrow_one() -> None:
    text = capture('en-qwinsta-15').replace('\n   ', '\n')
    lost = [line[:45] + line[53:] for line in text.splitlines()]
    with pytest.raises(TerminalOutputError):
        parse(QWINSTA, lost)


@pytest.mark.parametrize(
    'text',
    [
        "'quser' is not recognized as an internal or external command, operable program or batch file.",
        'Der Befehl "quser" ist entweder falsch geschrieben oder konnte nicht gefunden werden.',
        'No session exists for *',
        'Ошибка 5',
        'x',
    ],
)
@pytest.mark.parametrize('errors', ['strict', 'skip'])
def test_quotes_a_text_that_is_not_a_table(text: str, errors: str) -> None:
    with pytest.raises(TerminalOutputError, match=r'Line 1 .*A row of quser looks like') as caught:
        parse(QUSER, text, errors=errors)
    assert repr(text)[1:-1] in str(caught.value)


@pytest.mark.parametrize('text', ['', '\r\n \r\n', []])
def test_an_empty_text_is_an_error(text: str | list[str]) -> None:
    with pytest.raises(TerminalOutputError, match='stderr_lines'):
        parse(QUSER, text)


@pytest.mark.parametrize('answer', ['No User exists for *', 'No User exists for console\r\n', ['no user exists for *']])
def test_the_sentence_for_no_user_is_the_empty_list(answer: str | list[str]) -> None:
    assert parse(QUSER, answer) == []
    assert parse(QWINSTA, answer) == []


def test_refuses_no_user_logged_on_beside_other_text() -> None:
    with pytest.raises(TerminalOutputError):
        parse(QUSER, ['No User exists for *', 'x'])


@pytest.mark.parametrize(
    ('text', 'code'),
    [
        ('Ошибка 0x00000005 перечисления сеансов\nОшибка [5]:Отказано в доступе.', 5),
        ('РћС€РёР±РєР° [1722]:РЎРµСЂРІРµСЂ', 1722),
        ('خطأ 0x000006BA', 1722),
    ],
)
def test_an_error_text_of_any_language_is_an_error_with_its_number(text: str, code: int) -> None:
    for errors in ('strict', 'skip'):
        with pytest.raises(TerminalOutputError, match=f'quser reports the Win32 error {code} '):
            parse(QUSER, text, errors=errors)


def test_an_error_below_a_table_is_not_skipped() -> None:
    with pytest.raises(TerminalOutputError, match='Win32 error 1722'):
        parse(QWINSTA, f'{SESSIONS}Error [1722]:The RPC server is unavailable.\n', errors='skip')


def test_wrongly_decoded_utf_16_is_an_error() -> None:
    with pytest.raises(TerminalOutputError, match='UTF-16'):
        parse(QUSER, TABLE.encode('utf-16-le').decode('latin-1'))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ({'stdout_lines': TABLE.splitlines()}, 'result.stdout_lines'),
        (None, 'NoneType'),
        (b'x', 'bytes'),
        ([TABLE, 3], 'list'),
    ],
)
def test_an_input_that_is_not_text_is_an_error_with_the_remedy(text: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        parse(QUSER, text)


def test_errors_has_two_values() -> None:
    with pytest.raises(ValueError, match=r"errors: 'ignore' is not valid\. Choose one of: strict, skip"):
        parse(QUSER, TABLE, errors='ignore')


def test_a_header_without_rows_is_refused() -> None:
    for command in (QUSER, QWINSTA):
        with pytest.raises(TerminalOutputError, match='header without rows'):
            parse(command, HEADER)
