# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.sessions.plugins.plugin_utils._results.session import session_line
from ansible_collections.winops.sessions.plugins.plugin_utils._results.tables import session_table
from ansible_collections.winops.sessions.plugins.plugin_utils._text import human_duration, listing, plain, plural

ALICE = {
    'id': 2,
    'account': 'CORP\\alice',
    'state': 'active',
    'idle_seconds': 180,
    'idle_reliable': True,
    'logon_time': '2026-11-21T14:34:47Z',
}
BOB = {
    'id': 5,
    'account': 'CORP\\bob',
    'state': 'disconnected',
    'idle_seconds': 7200,
    'idle_reliable': True,
    'disconnected_seconds': 7200,
    'logon_time': '2026-11-20T08:00:00Z',
}


@pytest.mark.parametrize(
    ('seconds', 'words'),
    [
        (0, '0 s'),
        (0.4, '0 s'),
        (45, '45 s'),
        (60, '1 min'),
        (185, '3 min 5 s'),
        (3600, '1 h'),
        (3605, '1 h'),
        (9000, '2 h 30 min'),
        (86400, '1 d'),
        (100800, '1 d 4 h'),
        (-3, '0 s'),
        (None, 'unknown'),
        (True, 'unknown'),
        ('90', 'unknown'),
        (math.inf, 'unknown'),
        (math.nan, 'unknown'),
    ],
)
def test_formats_a_duration_with_its_two_largest_units(seconds, words):
    assert human_duration(seconds) == words


@pytest.mark.parametrize(
    ('changes', 'line'),
    [
        ({}, '2 CORP\\alice (active, idle 3 min)'),
        ({'idle_seconds': 12}, '2 CORP\\alice (active)'),
        ({'idle_seconds': None}, '2 CORP\\alice (active)'),
        ({'locked': True}, '2 CORP\\alice (active, locked, idle 3 min)'),
        ({'console': True, 'idle_reliable': False}, '2 CORP\\alice (active, console, idle 3 min?)'),
        ({'state': 'disconnected', 'disconnected_seconds': 7200}, '2 CORP\\alice (disconnected for 2 h)'),
        ({'state': 'disconnected', 'disconnected_seconds': None}, '2 CORP\\alice (disconnected)'),
        ({'account': None, 'user': 'alice'}, '2 alice (active, idle 3 min)'),
        ({'account': None, 'session_name': 'Services', 'id': 0, 'idle_seconds': None}, '0 Services (active)'),
        (
            {'account': None, 'state': 'disconnected', 'disconnected_seconds': 90, 'ghost': True},
            '2 (no user) (disconnected for 1 min 30 s, ghost)',
        ),
    ],
)
def test_describes_a_session_in_one_line(changes, line):
    assert session_line({**ALICE, **changes}) == line


def test_a_table_shows_a_session_a_line():
    assert session_table([ALICE, BOB]) == (
        'ID  ACCOUNT     STATE         IDLE   LOGGED ON\n'
        '2   CORP\\alice  active        3 min  2026-11-21T14:34:47Z\n'
        '5   CORP\\bob    disconnected  2 h    2026-11-20T08:00:00Z\n'
    )


def test_two_tables_aligned_with_each_other_have_equal_lines_for_equal_sessions():
    long = {**BOB, 'id': 65535, 'account': 'A-VERY-LONG-DOMAIN-NAME\\somebody.with.a.long.name'}
    alone, both = session_table([ALICE], aligned_with=[ALICE, long]), session_table([ALICE, long])
    assert alone.splitlines() == both.splitlines()[:2]


def test_aligns_columns_with_wide_and_combining_characters():
    wide, combined = {**ALICE, 'account': '李小龙'}, {**ALICE, 'account': 'e\u0301ve'}
    lines = session_table([{**ALICE, 'account': 'abcdef'}, wide, combined]).splitlines()
    assert lines[1].replace('abcdef', '') == lines[2].replace('李小龙', '')
    assert lines[3].index('active') == lines[1].index('active') + 1  # the mark takes a character but no cell


def test_replaces_terminal_commands_and_bidirectional_overrides():
    assert plain('a\x1b[31m\nb\u202ec\ud800\x9b\u2028') == 'a?[31m?b?c???'
    assert '\n' not in session_line({**ALICE, 'account': 'CORP\\al\nice'})
    persian = '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'
    assert plain(persian) == persian


def test_abbreviates_long_lists():
    assert listing(['a', 'b']) == 'a, b'
    assert listing(map(str, range(1, 13))) == '1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more'
    assert (plural(1, 'session'), plural(0, 'session')) == ('1 session', '0 sessions')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
RECORDS = st.fixed_dictionaries({}, optional=dict.fromkeys([*ALICE, *BOB, 'ghost', 'console', 'locked'], JSON))


@given(st.lists(RECORDS, max_size=4))
def test_any_record_is_described_in_one_line(records):
    assert len(session_table(records).splitlines()) == len(records) + 1
    assert all(len(session_line(record).splitlines()) == 1 for record in records)
