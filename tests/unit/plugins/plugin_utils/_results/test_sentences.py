# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One line for msg of each module."""

from __future__ import annotations

import pytest
from unit.records import ALICE, BOB, CAROL, DAVE, record

from ansible_collections.winops.sessions.plugins.plugin_utils._results.outcomes import OUTCOMES, PROTECTIONS
from ansible_collections.winops.sessions.plugins.plugin_utils._results.sentences import (
    info_sentence,
    logon_mode_sentence,
    message_sentence,
    session_sentence,
)


def test_lists_sessions_in_one_line():
    assert info_sentence({'sessions': [ALICE, BOB]}, {}, False) == (
        '2 sessions: 2 CORP\\alice (active, idle 3 min), 5 CORP\\bob (disconnected for 2 h)'
    )
    assert info_sentence({'sessions': [ALICE]}, {}, False) == '1 session: 2 CORP\\alice (active, idle 3 min)'


def test_abbreviates_a_list_of_a_thousand_sessions():
    sessions = [record(number, f'user{number}') for number in range(1, 1003)]
    text = info_sentence({'sessions': sessions}, {}, False) or ''
    assert text.startswith('1002 sessions: 1 CORP\\user1 ')
    assert text.endswith('10 CORP\\user10 (active, idle 3 min) and 992 more')


def test_counts_sessions_whose_idle_time_is_unknown():
    unknown = record(7, 'carol', idle_seconds=None)
    assert info_sentence({'sessions': [ALICE, unknown]}, {}, False) == (
        '2 sessions: 2 CORP\\alice (active, idle 3 min), 7 CORP\\carol (active) (1 with unknown idle time)'
    )
    result = {'sessions': [], 'protected': [], 'remaining': [ALICE, unknown]}
    assert session_sentence(result, {}, False) == ('no session matches; 2 sessions remain (1 with unknown idle time)')


@pytest.mark.parametrize(
    ('arguments', 'text'),
    [
        ({}, 'no user is logged on'),
        ({'ghosts': False, 'gather': ['client']}, 'no user is logged on'),
        ({'users': ['alice']}, 'no session matches'),
        ({'tokens': []}, 'no session matches'),
        ({'groups': ['VIP']}, 'no session matches'),
        ({'exclude_users': ['alice']}, 'no session matches'),
    ],
)
def test_an_empty_list_is_explained(arguments, text):
    assert info_sentence({'sessions': []}, arguments, False) == text


@pytest.mark.parametrize('summarize', [info_sentence, session_sentence, message_sentence])
@pytest.mark.parametrize('result', [{'failed': True, 'msg': 'x'}, {}, {'sessions': None}, {'unreachable': True}])
def test_keeps_the_text_of_a_module_that_returned_no_sessions(summarize, result):
    assert summarize(result, {}, False) is None


def test_a_failed_list_is_never_summarized_as_an_empty_host():
    assert info_sentence({'failed': True, 'sessions': [], 'msg': 'the sessions cannot be read'}, {}, False) is None


def test_summarizes_by_outcome_failures_first():
    result = {
        'failed': True,
        'msg': '2 of 4 sessions failed: ...',
        'sessions': [
            {**ALICE, 'outcome': 'logged_off'},
            {**BOB, 'outcome': 'still_present', 'detail': 'session 5 (CORP\\bob) still existed 60 s after the logoff'},
            {**CAROL, 'outcome': 'failed', 'detail': 'session 7 (CORP\\carol): WTSLogoffSession failed'},
            {**DAVE, 'outcome': 'logged_off'},
            {**record(10, 'eve'), 'outcome': 'no_longer_matches'},
        ],
        'protected': [{**record(11, 'erin'), 'reason': 'own_session'}],
        'remaining': [BOB, CAROL, record(11, 'erin'), record(12, 'frank')],
    }
    assert session_sentence(result, {}, False) == (
        '6 sessions: 1 failed (session 7 (CORP\\carol): WTSLogoffSession failed), '
        '1 still present (session 5 (CORP\\bob) still existed 60 s after the logoff), '
        '2 logged off (2 CORP\\alice, 9 CORP\\dave), 1 skipped (10 CORP\\eve: no longer matching), '
        '1 protected (11 CORP\\erin: session of this task); 4 sessions remain'
    )


def test_check_mode_reports_what_would_be_done():
    result = {
        'sessions': [
            {**ALICE, 'outcome': 'planned', 'action': 'logoff'},
            {**BOB, 'outcome': 'planned', 'action': 'disconnect'},
            {**CAROL, 'outcome': 'planned', 'action': 'notify'},
            {**DAVE, 'outcome': 'in_grace', 'action': 'none', 'due_in_seconds': 240},
        ],
        'protected': [],
        'remaining': [CAROL],
    }
    assert session_sentence(result, {}, True) == (
        '4 sessions: 1 in the grace period (9 CORP\\dave: 4 min left), '
        '1 would be logged off (2 CORP\\alice (active, idle 3 min)), '
        '1 would be disconnected (5 CORP\\bob (disconnected for 2 h)), '
        '1 would be warned (7 CORP\\carol (active, idle 3 min)); 1 session would remain'
    )


def test_the_safety_limit_keeps_the_text_of_the_module_and_adds_the_sessions():
    result = {
        'failed': True,
        'msg': '1 session selected, but max_sessions allows 0. No session was changed',
        'sessions': [{**ALICE, 'outcome': 'planned', 'action': 'logoff'}],
        'protected': [],
        'remaining': [ALICE],
    }
    assert session_sentence(result, {}, False) == (
        '1 session selected, but max_sessions allows 0. No session was changed. '
        'Selected: 2 CORP\\alice (active, idle 3 min)'
    )


def test_a_session_that_may_have_been_hit_is_reported_with_its_detail():
    hit = {**ALICE, 'outcome': 'session_changed', 'detail': 'session 2 was reused and may have been ended'}
    result = {'failed': True, 'msg': 'x', 'sessions': [hit], 'protected': [], 'remaining': []}
    assert session_sentence(result, {}, False) == (
        '1 session: 1 ID reused (session 2 was reused and may have been ended); no session remains'
    )


@pytest.mark.parametrize(
    ('outcome', 'keys', 'text'),
    [
        ('session_changed', {}, '1 skipped (2 CORP\\alice: ID reused)'),
        ('no_longer_matches', {}, '1 skipped (2 CORP\\alice: no longer matching)'),
        ('notified', {'told': True, 'due_in_seconds': 900}, '1 warned (2 CORP\\alice: 15 min left)'),
        ('notified', {'told': False, 'due_in_seconds': 900}, '1 not warned yet (2 CORP\\alice: 15 min left)'),
        ('in_grace', {'told': False, 'due_in_seconds': 90}, '1 not warned yet (2 CORP\\alice: 1 min 30 s left)'),
        ('in_grace', {'told': True, 'due_in_seconds': None}, '1 in the grace period (2 CORP\\alice)'),
        *(
            (name, {}, f'1 {OUTCOMES[name].label} (2 CORP\\alice)')
            for name in ('reset', 'already_gone', 'disconnected')
        ),
    ],
)
def test_every_outcome_has_a_text(outcome, keys, text):
    result = {'sessions': [{**ALICE, 'outcome': outcome, **keys}], 'protected': [], 'remaining': []}
    assert session_sentence(result, {}, False) == f'1 session: {text}; no session remains'


@pytest.mark.parametrize('remaining', [None, 'absent'])
def test_does_not_report_remaining_sessions_that_are_unknown(remaining):
    result = {'sessions': [], 'protected': []} | ({} if remaining == 'absent' else {'remaining': remaining})
    assert session_sentence(result, {}, False) == 'no session matches'


def test_names_sessions_that_exist_but_are_not_selectable():
    warning = 'session 9 is not selectable: it is a ghost session. Set ghosts=true'
    result = {'sessions': [], 'protected': [], 'remaining': [ALICE], 'warnings': ['other', warning]}
    assert session_sentence(result, {}, False) == f'no session matches; {warning}; 1 session remains'


@pytest.mark.parametrize('reason', PROTECTIONS)
def test_every_protection_has_a_text(reason):
    result = {'sessions': [], 'protected': [{**ALICE, 'reason': reason}], 'remaining': [ALICE]}
    assert session_sentence(result, {}, False) == (
        f'1 session: 1 protected (2 CORP\\alice: {PROTECTIONS[reason]}); 1 session remains'
    )


def test_summarizes_messages_with_their_answers():
    result = {
        'sessions': [
            {**ALICE, 'outcome': 'answered', 'answer': 'yes'},
            {**BOB, 'outcome': 'not_active', 'answer': None},
            {**CAROL, 'outcome': 'answered', 'answer': 'no'},
            {**DAVE, 'outcome': 'answered', 'answer': 'yes'},
            {**record(11, 'erin'), 'outcome': 'failed', 'answer': None, 'detail': 'sending to session 11 failed'},
            {**record(12, 'frank'), 'outcome': 'timed_out', 'answer': None},
        ]
    }
    assert message_sentence(result, {}, False) == (
        '6 sessions: 1 failed (sending to session 11 failed), 1 without an answer (12 CORP\\frank), '
        '1 not active (5 CORP\\bob), 2 answered yes (2 CORP\\alice, 9 CORP\\dave), 1 answered no (7 CORP\\carol)'
    )


def test_summarizes_messages_in_check_mode():
    result = {'sessions': [{**ALICE, 'outcome': 'planned', 'answer': None}, {**BOB, 'outcome': 'not_active'}]}
    assert message_sentence(result, {}, True) == (
        '2 sessions: 1 not active (5 CORP\\bob), 1 would receive the message (2 CORP\\alice (active, idle 3 min))'
    )


@pytest.mark.parametrize(
    ('mode', 'previous', 'text'),
    [
        ('enabled', 'enabled', 'new logons are allowed (enabled)'),
        ('drain', 'enabled', 'new logons are refused until they are enabled again (drain, was enabled)'),
        ('drain_until_restart', None, 'new logons are refused until the next restart (drain_until_restart)'),
        ('disabled', 'drain', 'remote logons are disabled (disabled, was drain)'),
        (None, 'drain', None),
    ],
)
def test_describes_the_logon_mode(mode, previous, text):
    assert logon_mode_sentence({'mode': mode, 'previous_mode': previous}, {}, False) == text


def test_describes_the_logon_mode_in_check_mode():
    assert logon_mode_sentence({'mode': 'enabled', 'previous_mode': 'drain'}, {}, True) == (
        'would change: new logons are allowed (enabled, is drain)'
    )
    assert logon_mode_sentence({'mode': 'drain', 'previous_mode': 'drain'}, {}, True) == (
        'new logons are refused until they are enabled again (drain)'
    )
