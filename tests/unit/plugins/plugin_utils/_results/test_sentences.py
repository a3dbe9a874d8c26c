# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.sessions.plugins.plugin_utils._results.sentences import (
    info_sentence,
    logon_mode_sentence,
    message_sentence,
    session_sentence,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._results.tables import readable_diff


def record(number, user, **keys):
    return {
        'id': number,
        'user': user,
        'account': f'CORP\\{user}' if user else None,
        'state': 'active',
        'idle_seconds': 180,
        'idle_reliable': True,
        'logon_time': '2026-11-21T14:34:47Z',
        'token': f'{number}:134082164870000000:CORP\\{user}',
        **keys,
    }


def disconnected(number, user, **keys):
    return record(number, user, **{'state': 'disconnected', 'disconnected_seconds': 7200, 'idle_seconds': 7200, **keys})


ALICE, BOB = record(2, 'alice'), disconnected(5, 'bob')
CAROL, DAVE = record(7, 'carol'), record(9, 'dave')


def test_a_listing_is_said_in_one_line():
    result = {'sessions': [ALICE, BOB], 'session_count': 2, 'msg': '2 sessions'}
    assert info_sentence(result, {}, False) == (
        '2 sessions: 2 CORP\\alice (active, idle 3 min), 5 CORP\\bob (disconnected for 2 h)'
    )


def test_a_thousand_sessions_are_cut_to_ten_and_counted():
    sessions = [record(number, f'user{number}') for number in range(1, 1003)]
    said = info_sentence({'sessions': sessions}, {}, False) or ''
    assert said.startswith('1002 sessions: 1 CORP\\user1 ')
    assert said.endswith('10 CORP\\user10 (active, idle 3 min) and 992 more')


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ({}, 'nobody is logged on'),
        ({'ghosts': False, 'gather': ['client']}, 'nobody is logged on'),
        ({'users': ['alice']}, 'no session matches'),
        ({'tokens': []}, 'no session matches'),
        ({'exclude_users': ['alice']}, 'no session matches'),
    ],
)
def test_an_empty_listing_says_what_it_means(arguments, words):
    assert info_sentence({'sessions': []}, arguments, False) == words


@pytest.mark.parametrize('say', [info_sentence, session_sentence, message_sentence])
@pytest.mark.parametrize('result', [{'failed': True, 'msg': 'blind'}, {}, {'sessions': None}, {'unreachable': True}])
def test_without_sessions_the_module_keeps_its_own_words(say, result):
    assert say(result, {}, False) is None


def test_a_listing_that_failed_never_sounds_like_an_empty_host():
    assert info_sentence({'failed': True, 'sessions': [], 'msg': 'the sessions cannot be seen'}, {}, False) is None


def test_what_was_done_is_said_with_the_failures_first():
    result = {
        'changed': True,
        'failed': True,
        'msg': '2 of 4 sessions: ...',
        'sessions': [
            {**ALICE, 'outcome': 'logged_off', 'action': 'logoff'},
            {**BOB, 'outcome': 'still_present', 'action': 'logoff', 'detail': 'it did not end within 60 s'},
            {**CAROL, 'outcome': 'failed', 'detail': 'logging off 7 (CORP\\carol) failed: Win32 error 5'},
            {**DAVE, 'outcome': 'logged_off', 'action': 'logoff'},
        ],
        'protected': [{**record(11, 'erin'), 'reason': 'own_session'}],
        'remaining': [BOB, CAROL, record(11, 'erin'), record(12, 'frank')],
    }
    assert session_sentence(result, {}, False) == (
        '4 selected: 1 failed (logging off 7 (CORP\\carol) failed: Win32 error 5), '
        '1 still present (5 CORP\\bob: it did not end within 60 s), '
        '2 logged off (2 CORP\\alice, 9 CORP\\dave); '
        '1 protected (11 CORP\\erin, session of this task); 4 sessions remain'
    )


def test_check_mode_says_what_would_be_done():
    result = {
        'sessions': [
            {**ALICE, 'outcome': 'planned', 'action': 'logoff'},
            {**BOB, 'outcome': 'planned', 'action': 'logoff'},
            {**CAROL, 'outcome': 'planned', 'action': 'notify'},
            {**DAVE, 'outcome': 'in_grace', 'action': 'none', 'due_in_seconds': 240},
        ],
        'protected': [],
        'remaining': [CAROL],
    }
    assert session_sentence(result, {}, False) == (
        'would log off 2: 2 CORP\\alice (active, idle 3 min), 5 CORP\\bob (disconnected for 2 h); '
        'would warn 1: 7 CORP\\carol (active, idle 3 min); '
        '1 in the grace period (9 CORP\\dave, due in 4 min); 1 session would remain'
    )


def test_a_brake_keeps_the_modules_words_and_shows_the_plan():
    result = {
        'failed': True,
        'msg': '1 sessions match and max_sessions allows 0: nothing was done',
        'sessions': [{**ALICE, 'outcome': 'planned', 'action': 'logoff'}],
        'protected': [],
        'remaining': [ALICE],
    }
    assert session_sentence(result, {}, False) == (
        '1 sessions match and max_sessions allows 0: nothing was done: '
        'would log off 1: 2 CORP\\alice (active, idle 3 min); 1 session remains'
    )


@pytest.mark.parametrize(
    ('outcome', 'keys', 'words'),
    [
        ('disconnected', {}, '1 disconnected (2 CORP\\alice)'),
        ('reset', {}, '1 reset (2 CORP\\alice)'),
        ('already_gone', {}, '1 already gone (2 CORP\\alice)'),
        ('already_disconnected', {}, '1 already disconnected (2 CORP\\alice)'),
        ('session_changed', {}, '1 ID reused (2 CORP\\alice)'),
        ('no_longer_matches', {}, '1 no longer matching (2 CORP\\alice)'),
        ('notified', {}, '1 warned (2 CORP\\alice)'),
        ('in_grace', {'due_in_seconds': 90}, '1 in the grace period (2 CORP\\alice, due in 1 min 30 s)'),
        ('in_grace', {'due_in_seconds': None}, '1 in the grace period (2 CORP\\alice)'),
        ('something_new', {}, '1 something new (2 CORP\\alice)'),
        (None, {}, '1 unknown (2 CORP\\alice)'),
    ],
)
def test_every_outcome_has_words(outcome, keys, words):
    result = {'sessions': [{**ALICE, 'outcome': outcome, **keys}], 'protected': [], 'remaining': []}
    assert session_sentence(result, {}, False) == f'1 selected: {words}; no session remains'


@pytest.mark.parametrize('remaining', [None, 'absent'])
def test_what_remains_is_not_claimed_where_it_is_not_known(remaining):
    result = {'sessions': [], 'protected': []} | ({} if remaining == 'absent' else {'remaining': remaining})
    assert session_sentence(result, {}, False) == 'no session matches'


@pytest.mark.parametrize(
    ('reason', 'words'),
    [
        ('own_session', 'session of this task'),
        ('connection_user', 'account that Ansible connects with'),
        ('protected_user', 'protected user'),
        ('protected_process', 'runs a protected process'),
        ('console_idle', 'idle time of the console is unreliable'),
        ('something_new', 'something new'),
        (None, 'unknown reason'),
    ],
)
def test_every_protection_has_words(reason, words):
    result = {'sessions': [], 'protected': [{**ALICE, 'reason': reason}], 'remaining': [ALICE]}
    assert session_sentence(result, {}, False) == (
        f'no session to act on; 1 protected (2 CORP\\alice, {words}); 1 session remains'
    )


def test_messages_are_said_with_the_answers():
    result = {
        'sessions': [
            {**ALICE, 'outcome': 'answered', 'answer': 'yes'},
            {**BOB, 'outcome': 'not_active', 'answer': None},
            {**CAROL, 'outcome': 'answered', 'answer': 'no'},
            {**DAVE, 'outcome': 'answered', 'answer': 'yes'},
            {**record(11, 'erin'), 'outcome': 'failed', 'answer': None, 'detail': 'Win32 error 7022'},
            {**record(12, 'frank'), 'outcome': 'timed_out', 'answer': None},
        ]
    }
    assert message_sentence(result, {}, False) == (
        '6 selected: 1 failed (11 CORP\\erin: Win32 error 7022), 1 without an answer (12 CORP\\frank), '
        '1 not active (5 CORP\\bob), 2 answered yes (2 CORP\\alice, 9 CORP\\dave), 1 answered no (7 CORP\\carol)'
    )


def test_messages_in_check_mode_say_who_would_get_one():
    result = {'sessions': [{**ALICE, 'outcome': 'planned', 'answer': None}, {**BOB, 'outcome': 'not_active'}]}
    assert message_sentence(result, {}, False) == (
        'would send to 1: 2 CORP\\alice (active, idle 3 min); 1 not active (5 CORP\\bob)'
    )


@pytest.mark.parametrize(
    ('mode', 'previous', 'words'),
    [
        ('enabled', 'enabled', 'new logons are allowed (enabled)'),
        ('drain', 'enabled', 'new logons are refused until allowed again (drain, was enabled)'),
        ('drain_until_restart', None, 'new logons are refused until the next restart (drain_until_restart)'),
        ('disabled', 'drain', 'remote logons are disabled (disabled, was drain)'),
        (None, 'drain', None),
    ],
)
def test_a_logon_mode_is_said_in_words(mode, previous, words):
    assert logon_mode_sentence({'mode': mode, 'previous_mode': previous}, {}, False) == words


def test_a_logon_mode_that_check_mode_leaves_alone_is_said_to_be_planned():
    assert logon_mode_sentence({'mode': 'enabled', 'previous_mode': 'drain'}, {}, True) == (
        'would change: new logons are allowed (enabled, is drain)'
    )
    assert logon_mode_sentence({'mode': 'drain', 'previous_mode': 'drain'}, {}, True) == (
        'new logons are refused until allowed again (drain)'
    )


def test_a_diff_shows_only_what_was_done():
    # Time went by for carol, which is no difference; dave's session went from active to disconnected, which is one.
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


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=5), st.integers(0, 10**6))
def test_sessions_that_nothing_happened_to_make_no_difference_however_long_it_took(idle, waited):
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


def test_a_mode_that_is_not_known_is_said_to_be_so():
    assert (
        readable_diff({'before': {'mode': None}, 'after': {'mode': 'enabled'}}, 'web01')['before'] == 'mode: unknown\n'
    )


@pytest.mark.parametrize('diff', [None, [], {}, {'prepared': 'x'}, {'before': []}, 'text'])
def test_what_is_no_such_diff_is_left_alone(diff):
    assert readable_diff(diff, 'web01') == diff


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
KEYS = [*ALICE, 'outcome', 'action', 'detail', 'reason', 'answer', 'due_in_seconds', 'disconnected_seconds', 'ghost']
RECORDS = st.lists(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)), max_size=3)
RESULTS = st.fixed_dictionaries(
    {},
    optional={
        'sessions': RECORDS | JSON,
        'protected': RECORDS | JSON,
        'remaining': RECORDS | JSON,
        'failed': JSON,
        'msg': JSON,
        'mode': JSON,
        'previous_mode': JSON,
    },
)


@pytest.mark.parametrize('say', [info_sentence, session_sentence, message_sentence, logon_mode_sentence])
@given(result=RESULTS)
def test_no_result_is_lost_over_its_words(say, result):
    words = say(result, {}, False)
    assert words is None or len(words.splitlines()) == 1


@given(before=RECORDS | JSON, after=RECORDS | JSON, host=JSON)
def test_no_diff_is_lost_over_its_words(before, after, host):
    diff = readable_diff({'before': before, 'after': after}, host)
    assert isinstance(diff['before'], str)
    assert isinstance(diff['after'], str)
