# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Message boxes: who gets them, what they look like, what comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from winhost.host import Host

ALICE = {'id': 2, 'user': 'alice'}
BOB = {'id': 3, 'user': 'bob'}
CAROL = {'id': 4, 'user': 'carol', 'disconnected': '1h'}

# The flags of "MessageBoxW function".
TOPMOST, FOREGROUND = 0x40000, 0x10000

LONG = '60'  # seconds; no test gets there
SHORT = '0.2'  # seconds; for a box that is not answered

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def message(engine: Any) -> Run:
    """Runs win_user_session_message."""
    return lambda **options: engine.run('win_user_session_message', **{'text': 'Please save your work', **options})


def outcomes(result: dict[str, Any]) -> dict[str, str]:
    return {session['user']: session['outcome'] for session in result['sessions']}


def answers(result: dict[str, Any]) -> dict[str, str | None]:
    return {session['user']: session['answer'] for session in result['sessions']}


def sendings(host: Host) -> list[dict[str, Any]]:
    return [call.arguments for call in host.calls if call.api == 'WTSSendMessageW']


# ---- What is sent, and to whom ----


def test_a_message_is_sent_to_every_active_session(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE, BOB, CAROL])
    result = message()

    assert outcomes(result) == {'alice': 'sent', 'bob': 'sent', 'carol': 'not_active'}
    assert result['changed'] is True
    assert not result.get('failed')
    assert [(box.session, box.account, box.waited) for box in machine.boxes] == [
        (2, 'CORP\\alice', False),
        (3, 'CORP\\bob', False),
    ]
    assert 'disconnected' in result['sessions'][2]['detail']


def test_sends_messages_only_to_selected_sessions(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE, BOB, CAROL])
    assert outcomes(message(users=['b*'])) == {'bob': 'sent'}
    assert [box.session for box in machine.boxes] == [3]


def test_no_match_is_success_without_a_change(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE])
    result = message(users=['nobody'])
    assert (result['sessions'], result['changed'], machine.acts) == ([], False, [])


def test_sends_no_message_to_services_listeners_and_sessions_without_a_user(
    host: Callable[..., Host], message: Run
) -> None:
    machine = host(console=1, sessions=[{'id': 1, 'state': 'connected'}, {'id': 5, 'user': None, 'disconnected': '1h'}])
    assert message()['sessions'] == []
    assert message(ghosts=True, states=['connected', 'listen', 'disconnected'])['changed'] is False
    assert machine.boxes == []


def test_every_record_has_the_same_keys(host: Callable[..., Host], message: Run, info: Run) -> None:
    host(sessions=[ALICE, {**BOB, 'on_message': {'error': 5}}, CAROL])
    extra = {'outcome', 'answer', 'detail', 'error_code'}
    plain = info()['sessions'][0].keys()
    for result in (message(), message(check=True)):
        for session in result['sessions']:
            assert session.keys() == plain | extra
        assert result['host_time']


@pytest.mark.parametrize(('icon', 'flag'), [('none', 0), ('information', 0x40), ('warning', 0x30), ('error', 0x10)])
@pytest.mark.parametrize(('buttons', 'form'), [('ok', 0), ('ok_cancel', 1), ('yes_no', 4)])
def test_icon_and_buttons_are_those_of_windows(
    host: Callable[..., Host], message: Run, icon: str, flag: int, buttons: str, form: int
) -> None:
    machine = host(sessions=[ALICE])
    message(icon=icon, buttons=buttons)
    (box,) = machine.boxes
    assert box.style == flag | form | TOPMOST | FOREGROUND


def test_without_an_icon_given_it_informs(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE])
    message()
    assert machine.boxes[0].style == 0x40 | TOPMOST | FOREGROUND


@pytest.mark.parametrize('title', [None, ''])
def test_a_box_without_a_title_is_not_called_error(host: Callable[..., Host], message: Run, title: str | None) -> None:
    machine = host(sessions=[ALICE])
    message(**({} if title is None else {'title': title}))
    assert machine.boxes[0].title == 'Message from the administrator'


TEXTS = {
    'German': 'Größe: 3 Äpfel für Zoë',
    'Japanese': '作業を保存してください。',
    'Arabic': 'يرجى حفظ عملك',
    'Hebrew and numbers': 'שמור 15 דקות',
    'emoji': 'Save 💾 now 👩‍💻',
    'line breaks': 'one\ntwo\r\nthree\n\nfive\n',
    'tabs and quotes': '\t"quoted" \'single\' `back` $env:PATH %PATH% $(throw) {0} \\n',
    'blanks around': '  text  ',
    'combining marks': 'e\u0301',
}


@pytest.mark.parametrize('text', TEXTS.values(), ids=TEXTS)
def test_texts_of_any_alphabet_arrive_as_they_are(host: Callable[..., Host], message: Run, text: str) -> None:
    machine = host(sessions=[ALICE])
    message(text=text, title=text)
    (box,) = machine.boxes
    assert (box.text, box.title) == (text, text)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=['Cs'], exclude_characters='\0'), min_size=1, max_size=256))
def test_any_text_arrives_as_it_is(host: Callable[..., Host], message: Run, text: str) -> None:
    with host(sessions=[ALICE]) as machine:
        message(text=text)
        assert machine.boxes[0].text == text


@pytest.mark.parametrize('option', ['text', 'title'])
@pytest.mark.parametrize('unit', ['x', '文'])
def test_512_units_are_sent_whole_and_513_are_refused_with_their_length(
    host: Callable[..., Host], message: Run, option: str, unit: str
) -> None:
    machine = host(sessions=[ALICE])
    assert outcomes(message(**{option: unit * 512})) == {'alice': 'sent'}
    assert getattr(machine.boxes[0], option) == unit * 512
    machine.calls.clear()

    result = message(**{option: unit * 513})

    assert result['failed'] is True
    assert option in result['msg']
    assert '513' in result['msg']
    assert '512' in result['msg']
    assert machine.acts == []


def test_a_character_outside_the_basic_plane_counts_twice(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE])
    assert outcomes(message(text='🙂' * 256)) == {'alice': 'sent'}
    assert machine.boxes[0].text == '🙂' * 256
    assert '513' in message(text='🙂' * 256 + 'x')['msg']


# ---- Answers ----


@pytest.mark.parametrize(
    ('buttons', 'answer'),
    [('ok', 'ok'), ('ok_cancel', 'ok'), ('ok_cancel', 'cancel'), ('yes_no', 'yes'), ('yes_no', 'no')],
)
def test_an_answer_is_the_button(host: Callable[..., Host], message: Run, buttons: str, answer: str) -> None:
    machine = host(sessions=[{**ALICE, 'on_message': {'answer': answer}}])
    result = message(buttons=buttons, wait=LONG)

    assert (outcomes(result), answers(result)) == ({'alice': 'answered'}, {'alice': answer})
    assert result['changed'] is True
    assert machine.boxes[0].waited is True


def test_shows_the_boxes_at_the_same_time(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE, BOB])
    # Each answers only when the other one's box is on the screen, too.
    machine.on(
        'WTSSendMessageW',
        session=3,
        when='before',
        do=lambda host: (
            host.sessions.update(2, on_message={'answer': 'yes'}),
            host.sessions.update(3, on_message={'answer': 'no'}),
        ),
    )
    result = message(buttons='yes_no', wait=LONG)
    assert answers(result) == {'alice': 'yes', 'bob': 'no'}


def test_an_unanswered_box_ends_with_the_wait(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[{**ALICE, 'on_message': {'never': True}}, {**BOB, 'on_message': {'answer': 'ok'}}, CAROL])
    result = message(wait=SHORT)

    assert outcomes(result) == {'alice': 'timed_out', 'bob': 'answered', 'carol': 'not_active'}
    assert answers(result) == {'alice': None, 'bob': 'ok', 'carol': None}
    assert result['changed'] is True
    assert not result.get('failed')
    # The box is closed, because no call waits for its answer.
    assert machine.boxes[0].timeout == 1


def test_many_unanswered_boxes_wait_together(host: Callable[..., Host], message: Run) -> None:
    count = 200
    machine = host(sessions=[{'id': 2 + n, 'user': f'user{n}'} for n in range(count)])
    # One by one this would take three minutes, longer than a call may take.
    result = message(wait='1')
    assert set(outcomes(result).values()) == {'timed_out'}
    assert len(machine.boxes) == count


def test_a_box_that_closes_by_itself_is_no_answer(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[{**ALICE, 'on_message': {'never': True}}])
    result = message(wait=LONG, display_for='1')
    assert (outcomes(result), answers(result)) == ({'alice': 'timed_out'}, {'alice': None})
    assert machine.boxes[0].timeout == 1
    assert machine.boxes[0].answer == 'timeout'


def test_answer_0_is_a_box_that_timed_out(engine: Any, host: Callable[..., Host], message: Run) -> None:
    # As Windows Server 2008 R2 answered it.
    machine = host(sessions=[{**ALICE, 'on_message': {'answer': 'ok'}}])
    machine.fault('WTSSendMessageW', result='empty')
    result = message(wait=LONG)
    assert (outcomes(result), answers(result)) == ({'alice': 'timed_out'}, {'alice': None})


@pytest.mark.parametrize(
    ('options', 'seconds'),
    [
        ({}, 0),
        ({'display_for': '300'}, 300),
        ({'display_for': '0.2'}, 1),
        ({'display_for': '300', 'wait': SHORT}, 300),
        ({'wait': '7'}, 7),
        ({'display_for': '315360000'}, 315360000),
    ],
)
def test_a_box_closes_after_display_for_or_wait(
    host: Callable[..., Host], message: Run, options: dict[str, str], seconds: int
) -> None:
    machine = host(sessions=[{**ALICE, 'on_message': {'answer': 'ok'}}])
    message(**options)
    assert machine.boxes[0].timeout == seconds


def test_a_locked_session_gets_the_message_and_is_not_waited_for(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[{**ALICE, 'locked': True}])
    result = message(wait=LONG)

    (session,) = result['sessions']
    assert (session['outcome'], session['answer'], session['locked']) == ('sent', None, True)
    assert 'locked' in session['detail']
    assert f'within {LONG} s' in session['detail']
    assert machine.boxes[0].waited is False
    assert 'in the next' not in message()['sessions'][0]['detail']


# ---- Between reading and sending ----


def test_reports_a_session_that_ended_meanwhile_without_failing(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE, BOB])
    machine.on('WTSQuerySessionInformationW', session=2, nth=5, do=lambda host: host.sessions.leave(2))
    result = message()
    assert outcomes(result) == {'alice': 'session_changed', 'bob': 'sent'}
    assert not result.get('failed')


@pytest.mark.parametrize('wait', ['0', LONG])
def test_a_session_that_ends_before_the_box_opens_is_no_failure(
    host: Callable[..., Host], message: Run, wait: str
) -> None:
    machine = host(sessions=[ALICE])
    machine.on('WTSSendMessageW', session=2, when='before', do=lambda host: host.sessions.leave(2))
    result = message(wait=wait)
    assert outcomes(result) == {'alice': 'session_changed'}
    assert (result['changed'], result.get('failed', False)) == (False, False)


def test_a_session_that_ends_while_its_box_is_open_is_not_waited_for(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE, BOB])
    machine.on('WTSSendMessageW', session=3, when='before', do=lambda host: host.sessions.leave(2))
    machine.sessions.update(3, on_message={'answer': 'ok'})
    result = message(wait=LONG)
    assert outcomes(result) == {'alice': 'session_changed', 'bob': 'answered'}
    assert not result.get('failed')


@pytest.mark.parametrize('who', ['bob', 'alice'])
def test_sends_no_message_if_the_id_was_reused(host: Callable[..., Host], message: Run, who: str) -> None:
    machine = host(sessions=[ALICE])
    machine.on(
        'WTSQuerySessionInformationW', session=2, nth=5, do=lambda host: host.sessions.replace(2, user=who, logged_on=5)
    )
    result = message()
    assert outcomes(result) == {'alice': 'session_changed'}
    assert machine.boxes == []
    assert result['changed'] is False


def test_sends_no_message_to_a_session_disconnected_meanwhile(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE])
    machine.on(
        'WTSQuerySessionInformationW', session=2, nth=5, do=lambda host: host.sessions.update(2, state='disconnected')
    )
    result = message()
    assert outcomes(result) == {'alice': 'not_active'}
    assert 'is disconnected' in result['sessions'][0]['detail']
    assert machine.boxes == []


def test_does_not_wait_for_a_user_who_locks_the_session_meanwhile(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE])
    machine.on('WTSQuerySessionInformationW', session=2, nth=5, do=lambda host: host.sessions.update(2, locked=True))
    assert outcomes(message(wait=LONG)) == {'alice': 'sent'}
    assert machine.boxes[0].waited is False


# ---- What goes wrong ----


@pytest.mark.parametrize('wait', ['0', LONG])
@pytest.mark.parametrize('error', [5, 1722, 7007, 7045, 4711])
def test_a_failed_message_has_its_code_and_the_others_are_sent(
    host: Callable[..., Host], message: Run, wait: str, error: int
) -> None:
    host(sessions=[{**ALICE, 'on_message': {'error': error}}, {**BOB, 'on_message': {'answer': 'ok'}}])
    result = message(wait=wait)

    assert result['failed'] is True
    assert result['changed'] is True
    assert outcomes(result) == {'alice': 'failed', 'bob': 'answered' if wait == LONG else 'sent'}
    assert result['sessions'][0]['error_code'] == error
    assert 'session 2 (CORP\\alice)' in result['msg']
    assert str(error) in result['msg']


@pytest.mark.parametrize(('user', 'outcome'), [('CORP\\alice', 'sent'), ('CORP\\mallory', 'session_changed')])
def test_a_session_that_is_read_only_the_second_time_gets_the_message_if_it_is_still_that_of_the_user(
    host: Callable[..., Host], message: Run, user: str, outcome: str
) -> None:
    facts: dict[str, Any] = {'api': 'WTSQuerySessionInformationW', 'session': 2, 'class': 25}
    machine = host(sessions=[ALICE], api=[{**facts, 'error': 31, 'times': 1}])
    machine.on(
        facts['api'],
        session=2,
        nth=2,
        when='before',
        do=lambda host: host.sessions.update(2, user=user),
        **{'class': 25},
    )
    result = message()

    assert outcomes(result) == {'alice': outcome}
    assert len(machine.boxes) == (outcome == 'sent')


def test_sends_no_message_to_a_session_that_cannot_be_re_checked(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE])
    machine.on(
        'WTSQuerySessionInformationW',
        session=2,
        nth=5,
        do=lambda host: host.fault('WTSQuerySessionInformationW', session=2, error=1726),
    )
    result = message()
    assert (outcomes(result), result['sessions'][0]['error_code']) == ({'alice': 'failed'}, 1726)
    assert (result['failed'], machine.boxes) == (True, [])


def test_a_host_that_hides_its_sessions_fails(host: Callable[..., Host], message: Run) -> None:
    host(sessions=[ALICE], accounts={'CORP\\ansible': {'rights': 'blind'}})
    result = message()
    assert result['failed'] is True
    assert 'sessions' not in result
    assert 'right' in result['msg']


def test_the_user_right_is_enough(host: Callable[..., Host], message: Run) -> None:
    host(sessions=[ALICE], accounts={'CORP\\ansible': {'rights': 'user'}})
    assert outcomes(message()) == {'alice': 'sent'}


def test_sends_messages_to_the_sessions_of_a_server(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE], servers={'rds02': {'sessions': [{**BOB, 'on_message': {'answer': 'yes'}}]}})
    result = message(server='rds02', buttons='yes_no', wait=LONG)
    assert answers(result) == {'bob': 'yes'}
    assert [arguments['server'] for arguments in sendings(machine)] == ['rds02']
    assert machine.handles.live == {}


def test_refuses_an_invalid_wait_before_sending(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE])
    result = message(wait='soon')
    assert result['failed'] is True
    assert 'wait' in result['msg']
    assert machine.acts == []


# ---- Check mode ----


def test_check_mode_sends_nothing_and_returns_the_receivers(host: Callable[..., Host], message: Run) -> None:
    machine = host(sessions=[ALICE, BOB, CAROL])
    result = message(check=True, wait=LONG)
    assert outcomes(result) == {'alice': 'planned', 'bob': 'planned', 'carol': 'not_active'}
    assert (result['changed'], machine.acts) == (True, [])
    assert answers(result) == dict.fromkeys(['alice', 'bob', 'carol'])


def test_check_mode_is_unchanged_if_no_message_would_be_sent(host: Callable[..., Host], message: Run) -> None:
    host(sessions=[CAROL])
    assert message(check=True)['changed'] is False
    assert message()['changed'] is False


@pytest.mark.parametrize('check', [False, True])
def test_a_diff_has_a_line_for_each_message(host: Callable[..., Host], message: Run, *, check: bool) -> None:
    host(sessions=[ALICE, BOB, CAROL])
    diff = message(text='Save your work\nand log off', check=check, diff=True)['diff']
    assert diff == {
        'before': '',
        'after': 'message to session 2 (CORP\\alice): Save your work and log off\n'
        'message to session 3 (CORP\\bob): Save your work and log off\n',
    }


def test_a_diff_without_messages_is_empty(host: Callable[..., Host], message: Run) -> None:
    host(sessions=[CAROL])
    assert message(diff=True)['diff'] == {'before': '', 'after': ''}
