# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One ansible-playbook runs the same tasks on hosts with different problems: list, plan, act twice, message, drain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import TO_THE_END, HostEvidence, Result, Run, cached_across_workers, patient_fleet, run

from project import Core

pytestmark = pytest.mark.e2e

IDLE = {'idle': '3h', 'logged_on': '9h'}
NAMES = ['Zoë von Grün', '田中 太郎', 'محمد الأمين', 'x' * 60, '🙂🙂', 'x' * 20 + 'y', "o'brien", 'a"b `c` $d {{ e }}']
TEXT = 'Please save.\nBitte speichern.\n保存してください 🙂'
CLIENT = {'name': 'PC-17', 'address': '10.0.0.5', 'build': 22621}
CROWD = 1000

SPEC: dict[str, Any] = {
    'office': {
        'sessions': [
            {'id': 2, 'user': 'alice', **IDLE, 'locked': True},
            {'id': 3, 'user': 'bob', 'disconnected': '5h', 'logged_on': '9h'},
            {
                'id': 4,
                'user': 'carol',
                'idle': '5m',
                'client': {'name': 'PC-17', 'address': '10.0.0.5', 'build': 22621},
            },
            {'id': 5, 'user': 'ansible', **IDLE},
            {'id': 6, 'user': None, 'disconnected': '5h'},
        ]
    },
    'stuck': {
        'sessions': [
            {'id': 2, 'user': 'dave', **IDLE, 'on_logoff': {'hangs': True}},
            {'id': 3, 'user': 'erin', **IDLE},
            {'id': 4, 'user': 'fred', **IDLE, 'on_logoff': {'error': 7045}},
        ]
    },
    # When session 2 is logged off, session 3 is reused for a user who has been idle for as long.
    'recycled': {
        'sessions': [{'id': 2, 'user': 'gina', **IDLE}, {'id': 3, 'user': 'hugo', **IDLE}],
        'events': [
            {
                'before': {'api': 'WTSLogoffSession', 'session': 2},
                'do': {'replace': {'id': 3, 'user': 'mallory', 'idle': '3h', 'logged_on': '4h'}},
            }
        ],
    },
    'blind': {'sessions': [{'id': 2, 'user': 'ivan', **IDLE}], 'accounts': {'CORP\\ansible': {'rights': 'blind'}}},
    'names': {'sessions': [{'id': 2 + n, 'user': name, **IDLE} for n, name in enumerate(NAMES)]},
    'crowd': {
        'sessions': [
            {'id': 2 + n, 'user': f'user{n:04}', **(IDLE if n % 250 == 0 else {'idle': '1m'})} for n in range(CROWD)
        ]
    },
    'quiet': {},
    'wrong_password': {'sessions': [{'id': 2, 'user': 'judy', **IDLE}]},
}
WORKING = [name for name in SPEC if name not in ('blind', 'wrong_password')]

LIMITS = {'max_idle': '2h', 'max_disconnected': '1h'}
OFF = {'state': 'logged_off', 'timeout': '2s', **LIMITS}


def task(
    name: str, module: str, options: dict[str, Any], hosts: list[str] | None = None, **keywords: Any
) -> dict[str, Any]:
    when = {} if hosts is None else {'when': f'inventory_hostname in {hosts}'}
    return {'name': name, f'winops.sessions.{module}': options, **when, **keywords}


TASKS = [
    task('list', 'win_user_session_info', {}),
    task('plan', 'win_user_session', OFF, ['office', 'blind'], check_mode=True, diff=True),
    task('act', 'win_user_session', OFF, diff=True),
    task('act again', 'win_user_session', OFF, ['office', 'recycled', 'names', 'stuck'], diff=True),
    task('message in check mode', 'win_user_session_message', {'text': TEXT}, ['office'], check_mode=True),
    task('message', 'win_user_session_message', {'text': TEXT}, ['office', 'blind']),
    task('drain in check mode', 'win_logon_mode', {'mode': 'drain'}, ['office'], check_mode=True, diff=True),
    task('drain', 'win_logon_mode', {'mode': 'drain'}, ['office', 'blind'], diff=True),
    task('drain again', 'win_logon_mode', {'mode': 'drain'}, ['office'], diff=True),
]


@pytest.fixture(scope='session')
def story(core: Core, shared: Path) -> Run:
    def play() -> Run:
        with patient_fleet(SPEC) as running:
            guess = {'wrong_password': {'ansible_password': 'guess'}}
            plays = [{'tasks': TASKS, **TO_THE_END}]
            return run(core, running, shared / f'story-{core.version}', plays, hosts=guess)

    return cached_across_workers(shared, f'story-{core.version}', play)


def by_user(result: Result, key: str = 'outcome') -> dict[str | None, Any]:
    return {session['user']: session[key] for session in result['sessions']}


def logoffs(host: HostEvidence) -> list[tuple[int, str | None]]:
    return [(session, account) for api, session, account in host.acts if api == 'WTSLogoffSession']


# ---- Every module, over a real connection ----


def test_every_working_host_lists_its_sessions(story: Run) -> None:
    for name in WORKING:
        result = story['list'][name]
        assert (result['status'], result['changed']) == ('ok', False)
        assert result['session_count'] == len(result['sessions'])
    assert list(by_user(story['list']['office'], 'id')) == ['alice', 'bob', 'carol', 'ansible']
    assert story['list']['quiet']['msg'] == 'no user is logged on'


def test_the_record_contains_the_facts_of_a_session(story: Run) -> None:
    alice, bob, carol, _unused = story['list']['office']['sessions']
    assert (alice['id'], alice['account'], alice['state'], alice['locked']) == (2, 'CORP\\alice', 'active', True)
    assert alice['idle_seconds'] // 60 == 180
    assert alice['idle_source'] == 'input'
    assert (bob['state'], bob['locked'], bob['idle_source']) == ('disconnected', None, 'disconnect')
    assert bob['disconnected_seconds'] // 60 == 300
    client = ('PC-17', '10.0.0.5', 22621, 'rdp')
    assert (carol['client_name'], carol['client_address'], carol['client_build'], carol['protocol']) == client
    assert all(session['own'] is False for session in (alice, bob, carol))


def test_check_mode_plans_what_is_then_done(story: Run) -> None:
    plan, act = story['plan']['office'], story['act']['office']
    assert by_user(plan) == {'alice': 'planned', 'bob': 'planned'}
    assert by_user(act) == {'alice': 'logged_off', 'bob': 'logged_off'}
    assert (plan['changed'], act['changed']) == (True, True)
    for key in ('id', 'token', 'action', 'reason'):
        assert by_user(plan, key) == by_user(act, key)
    assert by_user(act, 'reason') == {'alice': 'max_idle', 'bob': 'max_disconnected'}
    assert [left['user'] for left in plan['remaining']] == [left['user'] for left in act['remaining']]
    assert {left['user'] for left in act['remaining']} == {'carol', 'ansible'}


def test_exactly_the_planned_sessions_were_ended(story: Run) -> None:
    office = story.hosts['office']
    assert logoffs(office) == [(2, 'CORP\\alice'), (3, 'CORP\\bob')]
    assert office.users == {4: 'CORP\\carol', 5: 'CORP\\ansible'}
    assert story.hosts['quiet'].acts == []


def test_the_account_of_the_connection_is_protected_and_reported(story: Run) -> None:
    (protected,) = story['act']['office']['protected']
    assert (protected['user'], protected['reason']) == ('ansible', 'connection_user')


def test_the_second_run_changes_nothing(story: Run) -> None:
    for name in ('office', 'names'):
        result = story['act again'][name]
        assert (result['status'], result['changed'], result['sessions']) == ('ok', False, [])


@pytest.mark.parametrize('when', ['plan', 'act'])
def test_diff_shows_the_sessions_that_go(story: Run, when: str) -> None:
    diff = story[when]['office']['diff']
    for user, goes in (('alice', True), ('bob', True), ('carol', False), ('ansible', False)):
        assert user in diff['before']
        assert (user not in diff['after']) is goes
    # What stays is the same line on both sides.
    for line in diff['after'].splitlines():
        assert line in diff['before'].splitlines()
    assert diff['before_header'] == 'sessions on office'


def test_diff_is_what_a_person_sees(story: Run) -> None:
    gone = [line for line in story.output.splitlines() if line.startswith('-') and 'alice' in line]
    assert len(gone) == 2  # in check mode and when it is done
    assert not [line for line in story.output.splitlines() if line.startswith('+') and 'carol' in line]


def test_sends_messages_to_active_sessions(story: Run) -> None:
    result = story['message']['office']
    assert by_user(result) == {'carol': 'sent', 'ansible': 'sent'}
    assert by_user(story['message in check mode']['office']) == {'carol': 'planned', 'ansible': 'planned'}
    assert (story['message in check mode']['office']['changed'], result['changed']) == (True, True)
    assert story.hosts['office'].boxes == [(4, TEXT), (5, TEXT)]


def test_the_logon_mode_changes_once(story: Run) -> None:
    first, second = story['drain']['office'], story['drain again']['office']
    assert (first['changed'], first['mode'], first['previous_mode']) == (True, 'drain', 'enabled')
    assert (second['changed'], second['mode'], second['previous_mode']) == (False, 'drain', 'drain')
    assert story['drain in check mode']['office']['changed'] is True
    assert (first['diff']['before'], first['diff']['after']) == ('mode: enabled\n', 'mode: drain\n')
    writes = [act for act in story.hosts['office'].acts if act[0] == 'RegSetValueExW']
    assert writes == [('RegSetValueExW', 'TSServerDrainMode', None)]


def test_every_message_is_one_readable_line(story: Run) -> None:
    for task_name, hosts in story.results.items():
        for name in set(WORKING) & hosts.keys():
            assert hosts[name]['msg'], (task_name, name)
            assert '\n' not in hosts[name]['msg']
    assert story['list']['office']['msg'].startswith('4 sessions: 2 CORP\\alice (active, ')
    assert story['plan']['office']['msg'].startswith('3 sessions: 2 would be logged off (2 CORP\\alice')
    assert '2 logged off (2 CORP\\alice, 3 CORP\\bob)' in story['act']['office']['msg']
    assert 'new logons are refused' in story['drain']['office']['msg']


# ---- Trouble ----


def test_a_session_that_never_ends_is_still_present_with_everything_else_reported(story: Run) -> None:
    result = story['act']['stuck']
    assert result['status'] == 'failed'
    assert result['changed'] is True
    assert by_user(result) == {'dave': 'still_present', 'erin': 'logged_off', 'fred': 'failed'}
    assert by_user(result, 'error_code')['fred'] == 7045
    assert 'dave' in result['msg']
    assert '7045' in result['msg']
    assert {left['id'] for left in result['remaining']} == {2, 4}
    assert story.hosts['stuck'].users == {2: 'CORP\\dave', 4: 'CORP\\fred'}
    assert story['act again']['stuck']['status'] == 'failed'


def test_a_session_whose_id_went_to_another_user_is_not_touched(story: Run) -> None:
    result = story['act']['recycled']
    assert by_user(result) == {'gina': 'logged_off', 'hugo': 'session_changed'}
    assert result['status'] == 'ok'
    assert logoffs(story.hosts['recycled'])[:1] == [(2, 'CORP\\gina')]
    assert (3, 'CORP\\hugo') not in logoffs(story.hosts['recycled'])
    # The next run chose the newcomer for what he is.
    assert by_user(story['act again']['recycled']) == {'mallory': 'logged_off'}


def test_a_host_that_hides_its_sessions_fails_in_every_module_that_reads_them(story: Run) -> None:
    for name in ('list', 'plan', 'act', 'message'):
        result = story[name]['blind']
        assert result['status'] == 'failed'
        assert 'right to query sessions' in result['msg']
        assert 'sessions' not in result
    assert story.hosts['blind'].acts == []
    assert story.hosts['blind'].users == {2: 'CORP\\ivan'}


def test_a_mode_that_may_not_be_written_fails(story: Run) -> None:
    result = story['drain']['blind']
    assert result['status'] == 'failed'
    assert 'local Administrators' in result['msg']


def test_a_wrong_password_is_unreachable_and_no_empty_list(story: Run) -> None:
    for name in ('list', 'act'):
        result = story[name]['wrong_password']
        assert result['status'] == 'unreachable'
        assert 'sessions' not in result
    assert story.hosts['wrong_password'].calls == []
    assert story.hosts['wrong_password'].users == {2: 'CORP\\judy'}


def test_names_of_any_alphabet_are_exact(story: Run) -> None:
    assert list(by_user(story['list']['names'], 'id')) == NAMES
    assert by_user(story['act']['names']) == dict.fromkeys(NAMES, 'logged_off')
    assert [account for _unused, account in logoffs(story.hosts['names'])] == [f'CORP\\{name}' for name in NAMES]
    assert story.hosts['names'].users == {}


# ---- Cost ----


def test_a_module_call_is_at_most_seven_messages_with_one_session_and_with_a_thousand(story: Run) -> None:
    for name in (*WORKING, 'blind'):
        modules = story.hosts[name].modules
        assert len(modules) == sum(name in hosts for hosts in story.results.values())
        for messages in modules:
            assert len(messages) <= 7, (name, messages)


def test_a_thousand_sessions_are_exact(story: Run) -> None:
    sessions = story['list']['crowd']['sessions']
    assert [(session['id'], session['user']) for session in sessions] == [(2 + n, f'user{n:04}') for n in range(CROWD)]
    assert by_user(story['act']['crowd']) == dict.fromkeys([f'user{n:04}' for n in range(0, CROWD, 250)], 'logged_off')
    assert len(story['act']['crowd']['remaining']) == CROWD - 4
    assert len(story.hosts['crowd'].users) == CROWD - 4


def test_a_listing_enumerates_once_and_asks_five_questions_a_session(story: Run) -> None:
    calls = story.hosts['crowd'].calls
    first = calls[: calls.index('WTSEnumerateSessionsExW', calls.index('WTSEnumerateSessionsExW') + 1)]
    assert first.count('WTSEnumerateSessionsExW') == 1
    assert first.count('WTSQuerySessionInformationW') == 5 * CROWD
