# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables of sessions for --diff."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.records import ALICE, BOB, CAROL, DAVE, disconnected, record

from ansible_collections.winops.sessions.plugins.plugin_utils._results.tables import readable_diff


def test_a_diff_shows_only_what_was_done():
    before = [ALICE, BOB, CAROL, DAVE]
    after = [
        {**CAROL, 'idle_seconds': 185, 'account': 'CORP\\carol'},
        disconnected(9, 'dave', disconnected_seconds=1, idle_seconds=1),
    ]
    diff = readable_diff({'before': before, 'after': after}, 'web01')
    assert diff == {
        'before_header': 'sessions on web01',
        'after_header': 'sessions on web01',
        'before': (
            'ID  ACCOUNT     STATE         IDLE   LOGGED ON\n'
            '2   CORP\\alice  active        3 min  2026-11-21T14:34:47Z\n'
            '5   CORP\\bob    disconnected  2 h    2026-11-21T14:34:47Z\n'
            '7   CORP\\carol  active        3 min  2026-11-21T14:34:47Z\n'
            '9   CORP\\dave   active        3 min  2026-11-21T14:34:47Z\n'
        ),
        'after': (
            'ID  ACCOUNT     STATE         IDLE   LOGGED ON\n'
            '7   CORP\\carol  active        3 min  2026-11-21T14:34:47Z\n'
            '9   CORP\\dave   disconnected  1 s    2026-11-21T14:34:47Z\n'
        ),
    }


def test_shows_the_warned_sessions():
    diff = readable_diff({'before': [ALICE, CAROL], 'after': [ALICE, CAROL]}, 'web01', {ALICE['token']})
    before, after = (diff[side].splitlines() for side in ('before', 'after'))
    assert 'active, warned' in after[1]
    assert (before[0], before[2]) == (after[0], after[2])
    assert 'warned' not in diff['before']


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=5), st.integers(0, 10**6))
def test_a_longer_idle_time_is_not_a_difference(idle, waited):
    before = [record(number, 'alice', idle_seconds=seconds) for number, seconds in enumerate(idle, 1)]
    after = [{**session, 'idle_seconds': session['idle_seconds'] + waited} for session in before]
    diff = readable_diff({'before': before, 'after': after}, 'web01')
    assert diff['before'] == diff['after']


@pytest.mark.parametrize(
    'diff',
    [
        {'before': {'mode': 'enabled'}, 'after': {'mode': 'drain'}},
        {'before': 'mode: enabled', 'after': 'mode: drain'},
        {'before': 'mode: enabled\n', 'after': 'mode: drain\n'},
    ],
)
def test_a_logon_mode_is_compared_as_a_line(diff):
    assert readable_diff(diff, 'web01') == {'before': 'mode: enabled\n', 'after': 'mode: drain\n'}


def test_shows_an_unknown_mode():
    assert (
        readable_diff({'before': {'mode': None}, 'after': {'mode': 'enabled'}}, 'web01')['before'] == 'mode: unknown\n'
    )


@pytest.mark.parametrize('diff', [None, [], {}, {'prepared': 'x'}, {'before': []}, 'text'])
def test_anything_else_is_dropped(diff):
    assert readable_diff(diff, 'web01') == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
RECORDS = st.lists(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(ALICE, JSON)), max_size=3)


@given(before=RECORDS | JSON, after=RECORDS | JSON, host=JSON)
def test_any_diff_becomes_printable_text(before, after, host):
    diff = readable_diff({'before': before, 'after': after}, host)
    for side in ('before', 'after'):
        assert '\x1b' not in diff[side]
        assert '\u202e' not in diff[side]
