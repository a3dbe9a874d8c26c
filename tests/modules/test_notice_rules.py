# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A notice permits an act only to the task that gave it, and only while its conditions hold."""

from __future__ import annotations

from typing import Any

import pytest
from modules.results import calls

from ansible_collections.winops.sessions.plugins.plugin_utils._options.types import end_time

NOW = '2026-11-21T14:34:47Z'
MESSAGE = 'WTSSendMessageW'
NOTICE = {'text': 'Please save your work.', 'grace': '900'}
ALICE = {'id': 2, 'user': 'alice', 'idle': '2h', 'logged_on': '9h'}
BY_NAME = {'users': ['alice'], 'notice': NOTICE}

QUERY = 'WTSQuerySessionInformationW'


@pytest.fixture
def alice(host):
    """A host on which alice has been idle for two hours; its clock stands still."""
    return host(clock={'fixed': NOW}, sessions=[ALICE])


def outcome(result: dict[str, Any]) -> Any:
    """The outcome of the only selected session."""
    (session,) = result['sessions']
    return session['outcome']


def logged_off(host):
    return [call.arguments['session'] for call in calls(host, 'WTSLogoffSession')]


@pytest.mark.parametrize('method', ['logoff', 'reset'])
def test_warns_again_after_an_aborted_run_a_week_ago(alice, act, method):
    options = {**BY_NAME, 'method': method}
    assert outcome(act(**options)) == 'notified'
    alice.clock.advance('7d')
    alice.sessions.update(2, idle=0)

    assert outcome(act(**options)) == 'notified'
    assert len(alice.boxes) == 2
    assert 2 in alice.sessions


@pytest.mark.parametrize(('valid', 'expected'), [('3600', 'logged_off'), ('60', 'notified'), ('0', 'notified')])
def test_acts_on_a_session_in_use_for_as_long_as_the_notice_is_valid(alice, act, valid, expected):
    options = {'users': ['alice'], 'notice': {**NOTICE, 'valid': valid}}
    act(**options)
    alice.clock.advance('20m')
    alice.sessions.update(2, idle='1m')

    assert outcome(act(**options)) == expected


def test_acts_at_any_later_time_on_a_session_without_input_since(alice, act):
    act(**BY_NAME)
    alice.clock.advance('30d')

    assert outcome(act(**BY_NAME)) == 'logged_off'


def test_a_limit_that_input_has_restarted_permits_nothing_when_another_is_reached(alice, act):
    """Idle for two hours at the notice, active since, and then logged on for long enough."""
    options = {'max_idle': '3600', 'max_logged_on': '34000', 'notice': NOTICE}
    assert outcome(act(**options)) == 'notified'
    alice.clock.advance('30m')
    alice.sessions.update(2, idle=0)

    assert outcome(act(**options)) == 'notified'
    assert logged_off(alice) == []


def test_a_limit_that_stays_reached_permits_the_act_whatever_the_user_does(alice, act):
    options = {'max_logged_on': '3600', 'notice': NOTICE}
    act(**options)
    alice.clock.advance('15m')
    alice.sessions.update(2, idle=0)

    assert outcome(act(**options)) == 'logged_off'


@pytest.mark.parametrize('minutes', [1, 14])
def test_a_session_that_is_disconnected_in_its_grace_period_keeps_it(alice, act, minutes):
    act(**BY_NAME)
    alice.clock.advance(f'{minutes}m')
    alice.sessions.update(2, state='disconnected', disconnected=0)

    result = act(**BY_NAME)
    assert (outcome(result), result['changed']) == ('in_grace', False)
    alice.clock.advance(f'{15 - minutes}m')
    assert outcome(act(**BY_NAME)) == 'logged_off'


@pytest.mark.parametrize(('minutes', 'expected'), [(14, 'in_grace'), (15, 'reset')])
def test_a_session_that_cannot_be_read_while_it_ends_keeps_its_grace_period(alice, act, minutes, expected):
    options = {**BY_NAME, 'method': 'reset'}
    act(**options)
    alice.clock.advance(f'{minutes}m')
    alice.sessions.update(2, on_logoff={'hangs': True})
    alice.sessions.logoff(2)

    assert outcome(act(**options)) == expected


def test_a_promised_time_is_kept_when_its_limit_no_longer_holds(alice, act):
    options = {'max_idle': '3600', 'max_logged_on': '32500', 'notice': NOTICE}
    act(**options)
    alice.clock.advance('5m')
    alice.sessions.update(2, idle=0)
    alice.sessions.update(2, state='disconnected', disconnected=0)

    assert outcome(act(**options)) == 'in_grace'
    alice.clock.advance('10m')
    assert outcome(act(**options)) == 'logged_off'


def test_a_clock_that_was_corrected_a_little_leaves_the_promised_time(alice, act):
    act(**BY_NAME)
    alice.clock.jump(-240)

    result = act(**BY_NAME)

    assert outcome(result) == 'in_grace'
    assert result['sessions'][0]['due_in_seconds'] == 1140


@pytest.mark.parametrize('state', ['active', 'disconnected'])
def test_a_clock_that_is_set_back_after_the_warning_ends_no_session_early(alice, act, state):
    alice.sessions.update(2, logged_on='30h')
    act(**BY_NAME)
    alice.sessions.update(2, state=state)
    alice.clock.jump(-7200)

    assert outcome(act(**BY_NAME)) == 'notified'
    alice.clock.advance('14m')
    assert outcome(act(**BY_NAME)) == 'in_grace'
    alice.clock.advance('1m')
    assert outcome(act(**BY_NAME)) == 'logged_off'


@pytest.mark.parametrize('method', ['logoff', 'reset'])
def test_a_clock_that_is_set_back_before_the_act_leaves_the_promised_time(alice, act, method):
    options = {**BY_NAME, 'method': method}
    act(**options)
    alice.clock.advance('15m')
    alice.on(QUERY, nth=2, when='before', do=lambda host: host.clock.jump(-240), **{'class': 25})

    result = act(**options)
    assert (outcome(result), result['sessions'][0]['due_in_seconds']) == ('in_grace', 240)
    alice.sessions.update(2, state='disconnected', disconnected=0)
    assert outcome(act(**options)) == 'in_grace'


def test_a_clock_that_is_set_back_after_a_logoff_does_not_hide_the_logoff(host, act):
    session = {**ALICE, 'on_logoff': {'hangs': True}}
    there = host(clock={'fixed': NOW}, sessions=[session], windows={'ending_query': 'answered'})
    options = {**BY_NAME, 'method': 'logoff_then_reset', 'timeout': '0'}
    act(**options)
    there.clock.advance('15m')

    def cancel(host):
        host.sessions.update(2, state='active')
        host.clock.jump(-240)

    there.on('WTSLogoffSession', do=cancel)

    result = act(**options)

    assert logged_off(there) == [2]
    assert (outcome(result), result['changed']) == ('no_longer_matches', True)
    assert result['sessions'][0]['action'] != 'none'
    assert 2 in there.sessions


def test_a_clock_that_is_set_back_during_the_run_does_not_extend_the_grace_period(alice, act):
    alice.sessions.update(2, state='shadow')
    alice.on('RegSetValueExW', do=lambda host: host.clock.jump(-7200))

    result = act(**BY_NAME)

    assert outcome(result) == 'notified'
    assert result['sessions'][0]['due_in_seconds'] == 900
    assert act(**BY_NAME)['sessions'][0]['due_in_seconds'] == 900


def test_a_clock_that_was_set_back_before_the_logon_does_not_shorten_the_grace_period(alice, act):
    alice.clock.advance(-36000)
    assert outcome(act(**BY_NAME)) == 'notified'
    alice.sessions.update(2, state='disconnected', disconnected=0)

    assert outcome(act(**BY_NAME)) == 'in_grace'


def test_judges_the_notice_again_on_the_reading_before_the_act(alice, act):
    options = {'users': ['alice'], 'notice': {**NOTICE, 'valid': '60'}}
    act(**options)
    alice.clock.advance('20m')
    alice.on(
        'WTSQuerySessionInformationW',
        session=2,
        do=lambda host: host.change({'update': {'id': 2, 'connected': '1m'}}),
        **{'class': 25},
    )

    assert outcome(act(**options)) == 'no_longer_matches'
    assert logged_off(alice) == []


def test_renew_starts_over_unless_the_grace_period_is_running(alice, act):
    first = {**BY_NAME, 'notice': {**NOTICE, 'renew': True}}
    assert outcome(act(**first)) == 'notified'
    assert outcome(act(**first)) == 'in_grace'
    assert outcome(act(**BY_NAME)) == 'in_grace'
    alice.clock.advance('15m')
    assert outcome(act(**first)) == 'notified'
    alice.clock.advance('15m')
    assert outcome(act(**BY_NAME)) == 'logged_off'


# ---- A message that no screen shows ----


@pytest.mark.parametrize('state', ['connected', 'connect_query', 'shadow', 'idle'])
def test_the_grace_period_starts_when_the_message_is_shown(alice, act, state):
    alice.sessions.update(2, state=state)
    (session,) = act(**BY_NAME)['sessions']
    assert (session['outcome'], session['told'], session['due_in_seconds']) == ('notified', False, 900)
    alice.clock.advance('10m')
    result = act(**BY_NAME)
    assert (outcome(result), result['sessions'][0]['told'], result['changed']) == ('in_grace', False, False)

    alice.sessions.update(2, state='active', idle=0, connected=0)
    (session,) = act(**BY_NAME)['sessions']
    assert (session['outcome'], session['told'], session['due_in_seconds']) == ('notified', True, 900)
    alice.clock.advance('14m')
    assert outcome(act(**BY_NAME)) == 'in_grace'
    alice.clock.advance('1m')
    assert outcome(act(**BY_NAME)) == 'logged_off'


def test_repeats_a_failed_warning_and_ends_only_sessions_without_input_since(alice, act):
    alice.fault(MESSAGE, error=7024)
    (session,) = act(**BY_NAME)['sessions']
    assert (session['outcome'], session['told'], session['error_code']) == ('notified', False, 7024)
    alice.clock.advance('15m')
    alice.sessions.update(2, idle='1m')

    assert outcome(act(**BY_NAME)) == 'notified'
    alice.clock.advance('14m')
    assert outcome(act(**BY_NAME)) == 'in_grace'
    alice.clock.advance('1m')
    assert outcome(act(**BY_NAME)) == 'logged_off'
    assert len(calls(alice, MESSAGE)) == 4


def test_tries_to_warn_once_more_before_it_ends_an_unwarned_user(alice, act):
    alice.fault(MESSAGE, error=7024, times=1)
    act(**BY_NAME)
    alice.clock.advance('15m')

    (session,) = act(**BY_NAME)['sessions']
    assert (session['outcome'], session['told'], session['due_in_seconds']) == ('notified', True, 900)


def test_the_grace_period_of_an_unwarned_user_starts_at_the_first_attempt(alice, act):
    alice.fault(MESSAGE, error=7024)
    # Warning other users takes long after this one was recorded.
    alice.on('RegSetValueExW', do=lambda host: host.clock.advance('10m'))
    assert act(**BY_NAME)['sessions'][0]['due_in_seconds'] == 900
    alice.clock.advance('14m')
    (session,) = act(**BY_NAME)['sessions']
    assert (session['outcome'], session['due_in_seconds']) == ('in_grace', 60)
    alice.clock.advance('1m')
    assert outcome(act(**BY_NAME)) == 'logged_off'


@pytest.mark.parametrize('is_shown', [True, False])
def test_a_message_that_may_have_been_shown_starts_the_grace_period_again(is_shown, alice, act):
    alice.fault(MESSAGE, error=7024, times=1)
    act(**BY_NAME)
    alice.clock.advance('16m')
    # "System Error Codes": a remote procedure call that failed may have been carried out.
    alice.fault(MESSAGE, error=1726, times=1, carried_out=is_shown)
    (session,) = act(**BY_NAME)['sessions']
    assert (session['outcome'], session['told'], session['due_in_seconds']) == ('in_grace', False, 900)
    alice.fault(MESSAGE, error=7024)
    alice.clock.advance('14m')
    assert outcome(act(**BY_NAME)) == 'in_grace'
    alice.clock.advance('1m')
    assert outcome(act(**BY_NAME)) == 'logged_off'


def test_an_unwarned_user_who_disconnects_after_input_gets_the_whole_grace_period(alice, act):
    alice.fault(MESSAGE, error=7024)
    act(**BY_NAME)
    alice.clock.advance('5m')
    alice.sessions.update(2, idle=0)
    alice.sessions.update(2, state='disconnected', disconnected=0)

    alice.clock.advance('1m')
    assert outcome(act(**BY_NAME)) == 'notified'
    alice.clock.advance('14m')
    assert outcome(act(**BY_NAME)) == 'in_grace'
    alice.clock.advance('1m')
    assert outcome(act(**BY_NAME)) == 'logged_off'


# ---- A time of day, the time left, reminders ----


@pytest.mark.parametrize(
    ('at', 'seconds'),
    [
        ('22:00', 26713),
        ('14:35', 13),
        ('14:34', 86353),
        ('2026-11-21T16:00:00+01:00', 1513),
        ('2026-11-21T14:00:00Z', 0),
    ],
)
def test_at_ends_the_grace_period_at_that_time_of_the_host(alice, act, at, seconds):
    options = {'users': ['alice'], 'notice': {'text': 'Until {time}, {minutes} minutes.', 'at': end_time(at)}}
    (session,) = act(**options)['sessions']
    assert (session['outcome'], session['due_in_seconds']) == ('notified', seconds)
    times = {'14:34': '2026-11-22 14:34', '2026-11-21T16:00:00+01:00': '15:00', '2026-11-21T14:00:00Z': '14:34'}
    time = times.get(at, at)
    assert alice.boxes[0].text == f'Until {time}, {-(-seconds // 60)} minutes.'
    alice.clock.advance(seconds)
    assert outcome(act(**options)) == 'logged_off'


@pytest.mark.parametrize(
    'notice', [{'text': 'x'}, {'text': 'x', 'grace': '60', 'at': '22:00'}, {'text': 'x', 'at': '25:00'}]
)
def test_a_notice_without_one_end_fails_before_anything_is_done(alice, act, notice):
    assert act(users=['alice'], notice=notice)['failed']
    assert alice.acts == []


def test_placeholders_count_in_their_longest_form(alice, act):
    assert act(users=['alice'], notice={'text': 'x' * 500 + '{time}', 'grace': '60'})['failed']
    assert alice.acts == []


def test_remind_warns_once_more_when_little_time_is_left(alice, act):
    options = {'users': ['alice'], 'notice': {'text': '{minutes} minutes left', 'grace': '900', 'remind': '300'}}
    act(**options)
    alice.clock.advance('9m')
    assert outcome(act(**options)) == 'in_grace'
    alice.clock.advance('1m')
    result = act(**options)
    assert (outcome(result), result['changed'], result['sessions'][0]['due_in_seconds']) == ('notified', True, 300)
    assert outcome(act(**options)) == 'in_grace'
    assert [box.text for box in alice.boxes] == ['15 minutes left', '5 minutes left']
    alice.clock.advance('5m')
    assert outcome(act(**options)) == 'logged_off'


@pytest.mark.parametrize('error', [5, 1726], ids=['not shown', 'maybe shown'])
def test_a_reminder_that_fails_does_not_extend_the_grace_period(alice, act, error):
    options = {'users': ['alice'], 'notice': {**NOTICE, 'grace': '900', 'remind': '300'}}
    act(**options)
    alice.clock.advance('10m')
    alice.fault(MESSAGE, error=error, times=1)
    (session,) = act(**options)['sessions']
    assert (session['outcome'], session['due_in_seconds']) == ('in_grace', 300)
    assert session['error_code'] == error
    alice.clock.advance('5m')
    assert outcome(act(**options)) == 'logged_off'


def test_a_grace_period_shorter_than_remind_needs_no_reminder(alice, act):
    options = {'users': ['alice'], 'notice': {**NOTICE, 'grace': '60', 'remind': '300'}}
    act(**options)

    assert outcome(act(**options)) == 'in_grace'
    assert len(alice.boxes) == 1


def test_check_mode_sends_no_reminder(alice, act):
    options = {'users': ['alice'], 'notice': {**NOTICE, 'remind': '900'}}
    act(users=['alice'], notice=NOTICE)
    result = act(check=True, **options)

    assert (outcome(result), len(alice.boxes)) == ('planned', 1)


# ---- Both states, two stages ----


def test_warns_before_it_disconnects(alice, act):
    options = {**BY_NAME, 'state': 'disconnected'}
    assert outcome(act(**options)) == 'notified'
    alice.clock.advance('15m')
    assert outcome(act(**options)) == 'disconnected'
    assert outcome(act(**options)) == 'already_disconnected'


def test_warns_before_each_stage(alice, act):
    options = {'max_idle': '3600', 'max_logged_on': '50000', 'idle_action': 'disconnect', 'notice': NOTICE}
    assert outcome(act(**options)) == 'notified'
    alice.clock.advance('15m')
    assert outcome(act(**options)) == 'disconnected'
    alice.sessions.update(2, state='active', idle=0, connected=0)
    alice.clock.advance('6h')
    assert outcome(act(**options)) == 'notified'
    alice.clock.advance('15m')
    assert outcome(act(**options)) == 'logged_off'


def test_many_foreign_values_are_one_warning(alice, act):
    for number in range(300):
        alice.registry.set('HKLM\\SOFTWARE\\winops\\sessions\\notices', f'value {number}', 'something else')

    result = act(**BY_NAME)

    assert outcome(result) == 'notified'
    assert ['are ignored: 300' in warning for warning in result['warnings']] == [True]
