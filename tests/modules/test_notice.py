# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A notice: one run warns, a later one ends the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from winhost.clock import SECOND, filetime
from winhost.host import Host

NOW = '2026-11-21T12:00:00Z'
KEY = 'HKLM\\SOFTWARE\\winops\\sessions\\notices'
NOTICE = {'text': 'Please save your work.\nYour session ends in 15 minutes.', 'grace': '900'}
IDLE = {'max_idle': '3600', 'notice': NOTICE}
ALICE = {'id': 2, 'user': 'alice', 'idle': '2h', 'logged_on': '9h'}
BOB = {'id': 3, 'user': 'bob', 'idle': '2h', 'logged_on': '9h'}

Act = Callable[..., dict[str, Any]]


@pytest.fixture
def idle(host: Callable[..., Host]) -> Host:
    """A host on which alice has been idle for two hours; its clock stands still."""
    return host(clock={'fixed': NOW}, sessions=[ALICE])


def outcomes(result: dict[str, Any]) -> dict[str, str]:
    return {session['user']: session['outcome'] for session in result['sessions']}


def logged_off(host: Host) -> list[int]:
    return [call.arguments['session'] for call in host.acts if call.api == 'WTSLogoffSession']


def warned(host: Host) -> list[int]:
    return [call.arguments['session'] for call in host.calls if call.api == 'WTSSendMessageW']


def notices(host: Host) -> dict[str, Any]:
    return dict(host.registry.get(KEY, {}))


def spoil(host: Host, value: Any) -> str:
    """Write something else in place of the only notice, and return its token."""
    (token,) = notices(host)
    host.registry.set(KEY, token, value)
    return token


# ---- A scheduler repeats one task ----


def test_the_first_run_records_the_notice_before_it_warns_the_user(idle: Host, act: Act) -> None:
    result = act(**IDLE)

    (session,) = result['sessions']
    assert result['changed'] is True
    assert (session['outcome'], session['action'], session['reason']) == ('notified', 'notify', 'max_idle')
    assert session['due_in_seconds'] == 900
    assert [call.api for call in idle.acts] == [
        'RegCreateKeyExW',
        'RegSetValueExW',
        'WTSSendMessageW',
        'RegSetValueExW',
    ]
    (box,) = idle.boxes
    assert (box.session, box.text, box.timeout, box.waited) == (2, NOTICE['text'], 900, False)
    assert list(notices(idle)) == [session['token']]
    assert idle.registry.find(KEY).volatile  # type: ignore[union-attr]
    assert [remaining['user'] for remaining in result['remaining']] == ['alice']


def test_a_run_in_the_grace_period_changes_nothing_and_returns_its_end(idle: Host, act: Act) -> None:
    act(**IDLE)
    before = notices(idle)
    idle.calls.clear()
    idle.clock.advance('10m')

    result = act(**IDLE)

    (session,) = result['sessions']
    assert result['changed'] is False
    assert (session['outcome'], session['action'], session['due_in_seconds']) == ('in_grace', 'none', 300)
    assert idle.acts == []
    assert notices(idle) == before


def test_the_first_run_after_the_grace_ends_the_session_and_forgets_the_notice(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.calls.clear()
    idle.clock.advance('15m')

    result = act(**IDLE)

    assert result['changed'] is True
    assert outcomes(result) == {'alice': 'logged_off'}
    assert (logged_off(idle), warned(idle)) == ([2], [])
    assert idle.sessions.users == {}
    assert notices(idle) == {}
    assert act(**IDLE)['changed'] is False


def test_one_second_before_the_end_of_the_grace_is_in_the_grace(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance(899)

    (session,) = act(**IDLE)['sessions']

    assert (session['outcome'], session['due_in_seconds']) == ('in_grace', 1)
    assert logged_off(idle) == []


def test_sessions_have_their_own_graces(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('10m')
    idle.sessions.logon(**BOB)
    assert outcomes(act(**IDLE)) == {'alice': 'in_grace', 'bob': 'notified'}
    idle.clock.advance('10m')

    assert outcomes(act(**IDLE)) == {'alice': 'logged_off', 'bob': 'in_grace'}
    assert (logged_off(idle), warned(idle)) == ([2], [2, 3])


@pytest.mark.parametrize(
    'other',
    [{'grace': '60'}, {'grace': '1800'}, {'text': 'Log off now'}, {'title': 'IT'}],
    ids=['shorter', 'longer', 'text', 'title'],
)
def test_a_notice_with_another_text_or_grace_period_starts_over(idle: Host, act: Act, other: Any) -> None:
    act(**IDLE)
    idle.clock.advance('15m')
    changed = {'max_idle': '3600', 'notice': {**NOTICE, **other}}

    assert outcomes(act(**changed)) == {'alice': 'notified'}
    assert logged_off(idle) == []
    # The first notice is still in force for its own task.
    assert outcomes(act(**IDLE)) == {'alice': 'logged_off'}


def test_without_a_grace_the_next_run_ends_the_session(idle: Host, act: Act) -> None:
    at_once = {'max_idle': '3600', 'notice': {**NOTICE, 'grace': '0'}}
    assert outcomes(act(**at_once)) == {'alice': 'notified'}
    assert outcomes(act(**at_once)) == {'alice': 'logged_off'}


def test_an_active_user_keeps_the_notice_if_every_idle_time_reaches_the_limit(idle: Host, act: Act) -> None:
    always = {'max_idle': '0', 'notice': NOTICE}
    seen = []
    for _unused in range(4):
        idle.sessions.update(2, idle=1)
        seen.append(outcomes(act(**always))['alice'])
        idle.clock.advance('5m')
    assert seen == ['notified', 'in_grace', 'in_grace', 'logged_off']


# ---- The user is active again ----


def test_warns_again_after_activity_that_a_run_has_seen(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('10m')
    idle.sessions.update(2, idle=0)

    assert act(**IDLE)['sessions'] == []
    assert notices(idle) == {}

    idle.clock.advance('2h')
    assert outcomes(act(**IDLE)) == {'alice': 'notified'}
    assert logged_off(idle) == []
    assert warned(idle) == [2, 2]


def test_warns_again_after_activity_that_no_run_has_seen(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('3h')
    idle.sessions.update(2, idle='90m')

    assert outcomes(act(**IDLE)) == {'alice': 'notified'}
    assert logged_off(idle) == []
    idle.clock.advance('15m')
    assert outcomes(act(**IDLE)) == {'alice': 'logged_off'}


def test_a_reconnect_without_input_restarts_the_idle_limit(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('3h')
    idle.sessions.update(2, connected='10m')

    assert outcomes(act(**IDLE)) == {}
    idle.clock.advance('1h')
    assert outcomes(act(**IDLE)) == {'alice': 'notified'}
    assert logged_off(idle) == []


def test_input_resets_only_the_idle_limit(host: Callable[..., Host], act: Act) -> None:
    machine = host(clock={'fixed': NOW}, sessions=[ALICE])
    options = {'max_idle': '3600', 'max_logged_on': '28800', 'notice': NOTICE}
    act(**options)
    machine.clock.advance('15m')
    machine.sessions.update(2, idle=0)

    assert outcomes(act(**options)) == {'alice': 'logged_off'}


def test_does_not_warn_a_user_who_is_active_again_before_the_message(idle: Host, act: Act) -> None:
    idle.on('WTSQuerySessionInformationW', session=2, do=lambda host: host.sessions.update(2, idle=0))

    result = act(**IDLE)

    assert outcomes(result) == {'alice': 'no_longer_matches'}
    assert (warned(idle), notices(idle), result['changed']) == ([], {}, False)


def test_skips_a_user_who_is_active_again_before_the_act(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('15m')
    idle.on('WTSQuerySessionInformationW', session=2, do=lambda host: host.sessions.update(2, idle=0))

    assert outcomes(act(**IDLE)) == {'alice': 'no_longer_matches'}
    assert (logged_off(idle), notices(idle)) == ([], {})


# ---- Another session ----


def test_warns_a_session_that_reuses_the_id_of_a_warned_one(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('20m')
    idle.sessions.replace(2, user='mallory', idle='2h', logged_on='3h')

    assert outcomes(act(**IDLE)) == {'mallory': 'notified'}
    assert logged_off(idle) == []
    (token,) = notices(idle)
    assert token.endswith('mallory')


def test_warns_the_same_user_again_after_a_new_logon(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('20m')
    idle.sessions.replace(2, user='alice', idle='2h', logged_on='150m')

    assert outcomes(act(**IDLE)) == {'alice': 'notified'}
    assert logged_off(idle) == []


def test_sends_no_message_to_a_session_that_was_replaced_meanwhile(idle: Host, act: Act) -> None:
    idle.on(
        'WTSQuerySessionInformationW',
        session=2,
        nth=5,  # the last of the first reading
        do=lambda host: host.sessions.replace(2, user='bob', idle='2h', logged_on='3h'),
    )

    assert outcomes(act(**IDLE)) == {'alice': 'session_changed'}
    assert (warned(idle), notices(idle)) == ([], {})


def test_a_reboot_forgets(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.reboot()
    idle.clock.advance('1h')
    assert KEY not in idle.registry
    idle.sessions.logon(**ALICE)

    assert outcomes(act(**IDLE)) == {'alice': 'notified'}
    assert logged_off(idle) == []


def test_the_notices_of_sessions_that_ended_by_themselves_are_removed(host: Callable[..., Host], act: Act) -> None:
    machine = host(clock={'fixed': NOW}, sessions=[ALICE, BOB])
    act(**IDLE)
    machine.sessions.leave(2)

    act(**IDLE)

    (token,) = notices(machine)
    assert token.endswith('bob')


def test_the_notice_of_a_session_that_another_task_ended_is_removed(idle: Host, act: Act) -> None:
    act(**IDLE)
    act(users=['alice'])
    idle.sessions.logon(**BOB)
    act(users=['bob'], notice=NOTICE)

    (token,) = notices(idle)
    assert token.endswith('bob')


# ---- Several tasks on one host ----


def test_tasks_for_different_users_do_not_take_each_others_notices_away(host: Callable[..., Host], act: Act) -> None:
    machine = host(clock={'fixed': NOW}, sessions=[ALICE, BOB])
    tasks = [{**IDLE, 'users': [user]} for user in ('alice', 'bob')]
    seen: list[dict[str, str]] = []
    for _unused in range(3):
        seen += [outcomes(act(**task)) for task in tasks]
        machine.clock.advance('8m')

    assert seen[:2] == [{'alice': 'notified'}, {'bob': 'notified'}]
    assert seen[2:4] == [{'alice': 'in_grace'}, {'bob': 'in_grace'}]
    assert seen[4:] == [{'alice': 'logged_off'}, {'bob': 'logged_off'}]
    assert warned(machine) == [2, 3]


def test_the_notice_of_another_task_neither_permits_nor_postpones(idle: Host, act: Act) -> None:
    act(**IDLE)
    everybody = {'all_sessions': True, 'notice': NOTICE}
    idle.clock.advance('5m')
    assert outcomes(act(**everybody)) == {'alice': 'notified'}
    idle.clock.advance('10m')
    assert outcomes(act(**everybody)) == {'alice': 'in_grace'}
    assert outcomes(act(**IDLE)) == {'alice': 'logged_off'}


def test_an_old_notice_of_another_task_does_not_count(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('3d')

    assert outcomes(act(all_sessions=True, notice=NOTICE)) == {'alice': 'notified'}
    assert logged_off(idle) == []


def test_a_notice_of_this_task_counts_at_any_later_run(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('7d')
    assert outcomes(act(**IDLE)) == {'alice': 'logged_off'}


def test_the_notices_of_this_host_are_not_those_of_another_one_behind_it(host: Callable[..., Host], act: Act) -> None:
    machine = host(clock={'fixed': NOW}, sessions=[ALICE], servers={'rds02': {'sessions': [BOB]}})
    act(**IDLE)
    assert outcomes(act(server='rds02', **IDLE)) == {'bob': 'notified'}
    assert len(notices(machine)) == 2
    machine.clock.advance('15m')

    assert outcomes(act(**IDLE)) == {'alice': 'logged_off'}
    assert outcomes(act(server='rds02', **IDLE)) == {'bob': 'logged_off'}
    assert notices(machine) == {}


# ---- Two controllers at the same moment ----


@pytest.fixture
def other_controllers_notice(engine: Any, act: Act) -> Callable[[Host, str], None]:
    """What another controller with the same task, which has read no notice either, writes at this moment."""
    with engine.host({'clock': {'fixed': NOW}, 'sessions': [ALICE]}) as host:
        act(**IDLE)
        fields = next(iter(notices(host).values())).split('|')

    def write(host: Host, token: str) -> None:
        now = host.clock.now()
        fields[1:4] = [str(now), str(now), str(now + 900 * SECOND)]
        host.registry.set(KEY, token, '|'.join([*fields[:-1], '1111']))

    return write


def token_of(info: Act) -> str:
    return info()['sessions'][0]['token']


@pytest.mark.parametrize('nth', [1, 2])
def test_does_not_warn_again_if_another_controller_has_recorded_a_notice(
    other_controllers_notice: Callable[[Host, str], None], idle: Host, act: Act, info: Act, nth: int
) -> None:
    token = token_of(info)
    idle.calls.clear()
    # After this run has found no notice, immediately before it writes its own.
    when = ('RegOpenKeyExW', 'RegCreateKeyExW')[nth - 1]
    idle.on(when, do=lambda host: other_controllers_notice(host, token))

    result = act(**IDLE)

    assert outcomes(result) == {'alice': 'in_grace'}
    assert (warned(idle), result['changed'], result['sessions'][0]['action']) == ([], False, 'none')
    assert result['sessions'][0]['due_in_seconds'] == 900
    assert '1111' in notices(idle)[token]


def test_does_not_warn_again_if_another_controller_has_shown_the_same_notice(
    host: Callable[..., Host], act: Act
) -> None:
    machine = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'on_message': {'error': 5, 'times': 1}}])
    act(**IDLE)
    ((token, record),) = notices(machine).items()
    version, first, _shown, *others = record.split('|')
    shown = '|'.join([version, first, first, *others])
    machine.on('RegCreateKeyExW', do=lambda host: host.registry.set(KEY, token, shown))
    machine.calls.clear()

    result = act(**IDLE)

    assert (outcomes(result), warned(machine)) == ({'alice': 'in_grace'}, [])


def test_only_the_controller_that_writes_last_warns(
    other_controllers_notice: Callable[[Host, str], None], idle: Host, act: Act, info: Act
) -> None:
    token = token_of(info)
    idle.calls.clear()
    idle.on('RegSetValueExW', do=lambda host: other_controllers_notice(host, token))

    result = act(**IDLE)

    assert outcomes(result) == {'alice': 'in_grace'}
    assert (warned(idle), result['changed'], result['sessions'][0]['action']) == ([], False, 'none')


@pytest.fixture(scope='module')
def second(engine: Any) -> Iterator[Any]:
    """A second process on the same host."""
    second = type(engine)(engine.root)
    yield second
    second.close()


def test_two_controllers_at_the_same_moment_warn_each_user(engine: Any, second: Any, host: Callable[..., Host]) -> None:
    """A controller that is stopped between reading and writing a record may warn a user a second time."""
    machine = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'id': 2 + n, 'user': f'user{n}'} for n in range(20)])
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(one.run, 'win_user_session', state='logged_off', **IDLE) for one in (engine, second)]
    results = [run.result() for run in runs]

    assert set(warned(machine)) == set(range(2, 22))
    assert len(warned(machine)) < 40
    for one, other in zip(results[0]['sessions'], results[1]['sessions'], strict=True):
        assert {one['outcome'], other['outcome']} in ({'notified'}, {'notified', 'in_grace'})
    machine.clock.advance('15m')
    assert set(outcomes(engine.run('win_user_session', state='logged_off', **IDLE)).values()) == {'logged_off'}


def test_an_older_notice_that_does_not_count_does_not_keep_the_new_one_back(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('3h')
    idle.sessions.update(2, idle='2h')

    assert outcomes(act(**IDLE)) == {'alice': 'notified'}
    assert warned(idle) == [2, 2]


def test_what_another_controller_wrote_meanwhile_is_not_removed(
    other_controllers_notice: Callable[[Host, str], None], idle: Host, act: Act
) -> None:
    act(**IDLE)
    (token,) = notices(idle)
    idle.sessions.update(2, idle=0)
    # This run has read its old notice and will remove it; the other one finds the user idle again and writes a new one.
    idle.on('RegCloseKey', do=lambda host: other_controllers_notice(host, token))

    act(**IDLE)

    assert '1111' in notices(idle)[token]


# ---- What others wrote there ----

TICKS = filetime(NOW)
LONG_AGO, FAR = TICKS - 86400 * SECOND, TICKS + 86400 * SECOND
CENTURIES = LONG_AGO + 1000 * 365 * 86400 * SECOND

# A record as the module writes it: version, first, shown, due, reminded, limits, task, server, nonce.
Fields = list[Any]
SPOILT: dict[str, Callable[[Fields], Any]] = {
    'nothing': lambda record: '',
    'words': lambda record: 'to be ended at once',
    'half a record': lambda record: record[:4],
    'another version': lambda record: [1, *record[1:]],
    'no numbers': lambda record: [2, 'then', 'then', 'then', *record[4:]],
    'negative numbers': lambda record: [2, -5, -5, -5, *record[4:]],
    'too many digits': lambda record: [2, *['9' * 30] * 3, *record[4:]],
    'digits of another alphabet': lambda record: [2, *['١٢٣'] * 3, *record[4:]],
    'due before it was given': lambda record: [2, TICKS, TICKS, LONG_AGO, *record[4:]],
    'shown before it was given': lambda record: [2, TICKS, LONG_AGO, TICKS, *record[4:]],
    'due in a thousand years': lambda record: [2, LONG_AGO, LONG_AGO, CENTURIES, *record[4:]],
    'given in 1601': lambda record: [2, 0, 0, 0, *record[4:]],
    'given tomorrow': lambda record: [2, FAR, FAR, FAR, *record[4:]],
    'a field more': lambda record: [*record, 'x'],
    'oversized': lambda record: [*record[:8], 'x' * 100_000],
    'a number': lambda record: 1,
    'bytes': lambda record: b'\x01\x02\x03',
    'no bytes': lambda record: b'',
    'a list': lambda record: ['|'.join(map(str, record))],
}


@pytest.mark.parametrize('spoilt', SPOILT.values(), ids=SPOILT)
def test_ignores_a_value_that_is_not_a_notice(idle: Host, act: Act, spoilt: Callable[[Fields], Any]) -> None:
    act(**IDLE)
    (record,) = notices(idle).values()
    fields = record.split('|')
    value = spoilt(fields)
    is_record = isinstance(value, list) and len(value) > 1
    token = spoil(idle, '|'.join(map(str, value)) if is_record else value)

    result = act(**IDLE)

    assert outcomes(result) == {'alice': 'notified'}
    assert logged_off(idle) == []
    assert ['ignored' in warning for warning in result['warnings']] == [True]
    assert token in notices(idle)
    assert not act(**IDLE).get('warnings')


@pytest.mark.parametrize('field', [6, 7])
def test_the_record_of_another_task_or_server_does_not_count(idle: Host, act: Act, field: int) -> None:
    act(**IDLE)
    (record,) = notices(idle).values()
    fields = record.split('|')
    fields[field] = 'f' * 16
    spoil(idle, '|'.join(fields))
    idle.clock.advance('15m')

    result = act(**IDLE)

    assert (outcomes(result), result.get('warnings')) == ({'alice': 'notified'}, None)
    assert logged_off(idle) == []


NONCE = '1' * 32
FIELDS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from([LONG_AGO, TICKS, FAR, NONCE, 'a' * 16, '1', '', ' 1']).map(str),
    st.text(max_size=20),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.one_of(
        st.binary(max_size=2000),
        st.integers(0, 2**32 - 1),
        st.text(st.characters(exclude_categories=['Cs']), max_size=600),
        st.lists(FIELDS, min_size=8, max_size=10).map('|'.join),
    )
)
def test_no_value_ends_a_session_early(host: Callable[..., Host], act: Act, info: Act, value: Any) -> None:
    with host(clock={'fixed': NOW}, sessions=[ALICE]) as machine:
        machine.registry.set(KEY, token_of(info), value)
        # Check mode plans the act without the wait that giving notice takes.
        (session,) = act(check=True, **IDLE)['sessions']
    assert (session['outcome'], session['action']) in {('planned', 'notify'), ('in_grace', 'none')}


def test_an_expandable_text_is_of_the_wrong_type(idle: Host, act: Act) -> None:
    act(**IDLE)
    (token,) = notices(idle)
    idle.registry.find(KEY).values[token.lower()].type = 2  # type: ignore[union-attr]
    idle.clock.advance('15m')

    result = act(**IDLE)

    assert outcomes(result) == {'alice': 'notified'}
    assert 'ignored' in result['warnings'][0]


@pytest.mark.parametrize('name', ['', 'notes', 'x' * 5000, '2', '2:3', 'Ünïcode\n'])
def test_a_value_of_another_name_is_ignored_with_a_warning_and_stays(idle: Host, act: Act, name: str) -> None:
    idle.registry.set(KEY, name, f'1|{LONG_AGO}|{LONG_AGO}|{NONCE}')

    result = act(**IDLE)

    assert outcomes(result) == {'alice': 'notified'}
    assert len(result['warnings']) == 1
    assert len(result['warnings'][0]) < 300
    assert name in notices(idle)


# ---- The warning fails ----


def test_a_notice_that_cannot_be_delivered_is_reported_and_counts_down(host: Callable[..., Host], act: Act) -> None:
    machine = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'on_message': {'error': 5}}])
    result = act(**IDLE)

    (session,) = result['sessions']
    assert (session['outcome'], session['error_code'], session['due_in_seconds']) == ('notified', 5, 900)
    assert 'could not be warned' in session['detail']
    assert not result.get('failed')

    machine.clock.advance('15m')
    assert outcomes(act(**IDLE)) == {'alice': 'logged_off'}


def test_warns_a_locked_session_and_reports_that_it_is_locked(host: Callable[..., Host], act: Act) -> None:
    machine = host(sessions=[{**ALICE, 'locked': True}])
    (session,) = act(**IDLE)['sessions']
    assert (session['outcome'], warned(machine)) == ('notified', [2])
    assert 'locked' in session['detail']


def test_a_disconnected_session_has_no_reader_and_is_ended_at_once(host: Callable[..., Host], act: Act) -> None:
    machine = host(sessions=[{**ALICE, 'disconnected': '3h'}, BOB])
    result = act(max_disconnected='3600', **IDLE)

    assert outcomes(result) == {'alice': 'logged_off', 'bob': 'notified'}
    assert (warned(machine), logged_off(machine)) == ([3], [2])
    (token,) = notices(machine)
    assert token.endswith('bob')


def test_does_not_end_an_unwarned_user_who_reconnects_before_the_act(host: Callable[..., Host], act: Act) -> None:
    machine = host(sessions=[{**ALICE, 'disconnected': '3h'}])
    machine.on('WTSQuerySessionInformationW', session=2, do=lambda host: host.sessions.update(2, state='active'))

    result = act(users=['alice'], notice=NOTICE)

    assert logged_off(machine) == []
    assert outcomes(result) == {'alice': 'no_longer_matches'}
    assert outcomes(act(users=['alice'], notice=NOTICE)) == {'alice': 'notified'}


def test_a_session_with_a_user_but_no_screen_gets_its_grace(host: Callable[..., Host], act: Act) -> None:
    machine = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'state': 'connected'}])
    (session,) = act(users=['alice'], notice=NOTICE)['sessions']
    assert (session['outcome'], warned(machine)) == ('notified', [])
    assert 'no screen' in session['detail']
    machine.clock.advance('15m')
    assert outcomes(act(users=['alice'], notice=NOTICE)) == {'alice': 'logged_off'}


# ---- The registry refuses ----


def test_sends_nothing_if_the_notice_cannot_be_recorded(host: Callable[..., Host], act: Act) -> None:
    machine = host(sessions=[ALICE, BOB], api=[{'api': 'RegCreateKeyExW', 'error': 5}])
    result = act(**IDLE)

    assert result['failed'] is True
    assert result['changed'] is False
    assert outcomes(result) == {'alice': 'failed', 'bob': 'failed'}
    assert 'was not warned' in result['msg']
    assert 'Win32 error 5' in result['msg']
    assert {session['error_code'] for session in result['sessions']} == {5}
    assert (warned(machine), logged_off(machine)) == ([], [])


def test_changes_nothing_if_the_notices_cannot_be_read(host: Callable[..., Host], act: Act) -> None:
    machine = host(sessions=[ALICE], api=[{'api': 'RegOpenKeyExW', 'error': 5}])
    result = act(**IDLE)

    assert result['failed'] is True
    assert 'notices' in result['msg']
    assert 'Win32 error 5' in result['msg']
    assert machine.acts == []


def test_an_account_that_may_only_read_warns_no_user(host: Callable[..., Host], act: Act) -> None:
    machine = host(sessions=[ALICE], accounts={'CORP\\ansible': {'rights': 'user'}})
    result = act(**IDLE)

    assert result['failed'] is True
    assert outcomes(result) == {'alice': 'failed'}
    assert warned(machine) == []


def test_one_notice_that_cannot_be_written_does_not_take_the_others_with_it(
    host: Callable[..., Host], act: Act, info: Act
) -> None:
    machine = host(clock={'fixed': NOW}, sessions=[ALICE, BOB])
    tokens = {session['user']: session['token'] for session in info()['sessions']}
    machine.fault('RegSetValueExW', name=tokens['bob'], error=1450)

    result = act(**IDLE)

    assert outcomes(result) == {'alice': 'notified', 'bob': 'failed'}
    assert result['failed'] is True
    assert result['changed'] is True
    assert warned(machine) == [2]
    assert list(notices(machine)) == [tokens['alice']]
    assert next(session['error_code'] for session in result['sessions'] if session['user'] == 'bob') == 1450


def test_a_notice_whose_record_is_gone_before_it_is_sent_is_not_sent(idle: Host, act: Act, info: Act) -> None:
    token = token_of(info)
    idle.calls.clear()
    idle.on('RegSetValueExW', do=lambda host: host.registry.delete(KEY, token))

    result = act(**IDLE)

    assert outcomes(result) == {'alice': 'failed'}
    assert warned(idle) == []
    assert 'was not warned' in result['msg']


def test_a_notice_that_was_written_but_not_sent_does_not_end_the_session_later(idle: Host, act: Act, info: Act) -> None:
    token = token_of(info)
    # The check immediately before writing succeeds, the one immediately before sending fails.
    idle.on('RegSetValueExW', do=lambda host: host.fault('RegQueryValueExW', name=token, error=1018, times=1))

    assert outcomes(act(**IDLE)) == {'alice': 'failed'}
    idle.clock.advance('15m')

    assert outcomes(act(**IDLE)) == {'alice': 'notified'}
    assert logged_off(idle) == []


def test_old_notices_that_cannot_be_removed_are_a_warning(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('15m')
    idle.fault('RegDeleteValueW', error=5)

    result = act(**IDLE)

    assert outcomes(result) == {'alice': 'logged_off'}
    assert not result.get('failed')
    assert 'could not be removed' in result['warnings'][0]


def test_does_not_warn_a_session_that_cannot_be_re_checked(idle: Host, act: Act) -> None:
    idle.on('RegOpenKeyExW', do=lambda host: host.fault('WTSQuerySessionInformationW', session=2, error=1726))
    result = act(**IDLE)

    assert outcomes(result) == {'alice': 'failed'}
    assert result['sessions'][0]['error_code'] == 1726
    assert (warned(idle), notices(idle)) == ([], {})


# ---- Check mode, safety limit, protections, end that fails ----


def test_check_mode_writes_and_sends_nothing_and_returns_the_plan(idle: Host, act: Act) -> None:
    planned = act(check=True, **IDLE)
    (session,) = planned['sessions']
    assert (planned['changed'], session['outcome'], session['action']) == (True, 'planned', 'notify')
    assert idle.acts == []
    assert KEY not in idle.registry

    done = act(**IDLE)
    assert done.keys() == planned.keys()
    assert done['sessions'][0].keys() == session.keys()
    idle.calls.clear()
    waiting = act(check=True, **IDLE)
    assert (waiting['changed'], outcomes(waiting)) == (False, {'alice': 'in_grace'})
    idle.clock.advance('15m')
    ending = act(check=True, **IDLE)
    assert (ending['changed'], outcomes(ending)) == (True, {'alice': 'planned'})
    assert ending['sessions'][0]['action'] == 'logoff'
    assert ending['remaining'] == []
    assert idle.acts == []
    assert len(notices(idle)) == 1


def test_check_mode_keeps_the_notice_of_a_user_who_is_active_again(idle: Host, act: Act) -> None:
    act(**IDLE)
    before = notices(idle)
    idle.sessions.update(2, idle=0)
    act(check=True, **IDLE)
    assert notices(idle) == before


def test_a_notice_makes_no_difference_in_the_list_of_sessions(idle: Host, act: Act) -> None:
    result = act(diff=True, **IDLE)
    assert result['diff']['before'] == result['diff']['after']


def test_the_safety_limit_applies_to_notices(host: Callable[..., Host], act: Act) -> None:
    machine = host(sessions=[ALICE, BOB])
    result = act(max_sessions=1, **IDLE)

    assert result['failed'] is True
    assert result['changed'] is False
    assert outcomes(result) == {'alice': 'planned', 'bob': 'planned'}
    assert 'due_in_seconds' in result['sessions'][0]
    assert machine.acts == []


def test_does_not_warn_a_protected_session_and_removes_its_notice(host: Callable[..., Host], act: Act) -> None:
    machine = host(clock={'fixed': NOW}, sessions=[ALICE])
    act(protect_processes=['setup*.exe'], **IDLE)
    machine.sessions.update(2, processes=['explorer.exe', 'setup64.exe'])
    machine.clock.advance('15m')

    result = act(protect_processes=['setup*.exe'], **IDLE)

    assert (result['sessions'], len(result['protected'])) == ([], 1)
    assert (logged_off(machine), notices(machine)) == ([], {})


def test_a_session_that_does_not_end_keeps_its_notice(host: Callable[..., Host], act: Act) -> None:
    machine = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'on_logoff': {'error': 5, 'times': 1}}])
    act(**IDLE)
    machine.clock.advance('15m')
    assert outcomes(act(**IDLE)) == {'alice': 'failed'}
    assert outcomes(act(**IDLE)) == {'alice': 'logged_off'}
    assert warned(machine) == [2]


def test_a_text_that_no_box_takes_is_refused_before_anything_is_done(idle: Host, act: Act) -> None:
    result = act(max_idle='3600', notice={'text': 'x' * 513, 'grace': '900'})
    assert result['failed'] is True
    assert '513' in result['msg']
    assert idle.acts == []


def test_names_of_any_alphabet_keep_their_notices(host: Callable[..., Host], act: Act) -> None:
    names = ['Zoë von Grün', '田中 太郎', 'محمد', 'x' * 60, '🙂🙂', 'a|b', "o'brien"]
    sessions = [{**ALICE, 'id': 2 + number, 'user': name} for number, name in enumerate(names)]
    machine = host(clock={'fixed': NOW}, sessions=sessions)
    assert set(outcomes(act(**IDLE)).values()) == {'notified'}
    assert set(outcomes(act(**IDLE)).values()) == {'in_grace'}
    assert len(notices(machine)) == len(names)
    machine.clock.advance('15m')
    assert outcomes(act(**IDLE)) == dict.fromkeys(names, 'logged_off')
    assert notices(machine) == {}


def test_no_handle_is_left_open(idle: Host, act: Act) -> None:
    act(**IDLE)
    idle.clock.advance('15m')
    act(**IDLE)
    assert idle.handles.live == {}
