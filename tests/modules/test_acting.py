# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The acts: what precedes them, what follows from their answers, and what bounds them."""

from __future__ import annotations

import pytest
from modules.reset_command import hang_reset
from modules.results import calls, done, ended, ids, of

QUERY, LOGOFF, DISCONNECT, RESET = 'WTSQuerySessionInformationW', 'WTSLogoffSession', 'WTSDisconnectSession', 'rwinsta'
ENUMERATE, PROCESSES = 'WTSEnumerateSessionsExW', 'WTSEnumerateProcessesExW'
THEN = {'method': 'logoff_then_reset'}
ALICE = {'id': 2, 'user': 'alice', 'idle': '3h', 'logged_on': '9h'}
READ_ERRORS = [2, 5, 6, 13, 31, 120, 122, 1702, 1722, 1726, 1753, 1825, 7022, 7024, 7045, 7060]


@pytest.mark.parametrize(('state', 'api'), [('logged_off', LOGOFF), ('disconnected', DISCONNECT)])
def test_reads_the_facts_immediately_before_the_act(host, act, state, api):
    there = host(sessions=[{**ALICE, 'user': 'a user name of more than 20 characters'}])

    act(state=state, max_idle='3600', client_names=['*'], processes=['explorer.exe'], protect_processes=['backup'])

    names = [call.api for call in there.calls if not call.caller]
    before = there.calls[names.index(api) - 1]
    assert (before.api, before.arguments['class'], before.arguments['session']) == (QUERY, 25, 2)


@pytest.mark.parametrize('code', READ_ERRORS)
def test_a_reading_that_fails_once_is_repeated_and_never_escalates(host, act, code):
    there = host(sessions=[ALICE])
    facts = {'session': 2, 'class': [24, 25]}
    there.on(QUERY, nth=1, do=lambda host: host.fault(QUERY, error=code, times=2, **facts), **facts)

    result = act(users=['alice'], **THEN)

    assert len([call for call in calls(there, QUERY) if call.error == code]) == 2
    assert (done(there), of(result, 'outcome')) == ([(LOGOFF, 2)], {2: 'logged_off'})


@pytest.mark.parametrize('code', READ_ERRORS)
def test_a_reading_that_fails_for_good_ends_as_failed_without_an_act(host, act, code):
    there = host(sessions=[ALICE])
    there.on(QUERY, session=2, nth=1, do=lambda host: host.fault(QUERY, session=2, error=code), **{'class': 25})

    result = act(users=['alice'], timeout='0', **THEN)

    assert (there.acts, of(result, 'outcome'), result['failed']) == ([], {2: 'failed'}, True)
    assert f'Win32 error {code}' in result['sessions'][0]['detail']


def test_a_process_list_that_fails_once_is_read_again(host, act):
    there = host(sessions=[ALICE])
    there.on(PROCESSES, nth=1, do=lambda host: host.fault(PROCESSES, error=31, times=1))

    result = act(max_idle='3600', protect_processes=['backup.exe'], **THEN)

    assert (done(there), of(result, 'outcome')) == ([(LOGOFF, 2)], {2: 'logged_off'})


def test_a_client_query_that_fails_at_the_check_is_repeated_and_no_reason_to_skip(host, act):
    there = host(sessions=[ALICE])
    there.on(
        QUERY,
        session=2,
        nth=1,
        do=lambda host: host.fault(QUERY, session=2, error=1722, times=1, **{'class': 10}),
        **{'class': 9},
    )

    result = act(client_names=['PC-*'])

    assert (ended(there), of(result, 'outcome')) == ([2], {2: 'logged_off'})


@pytest.mark.parametrize('code', [1702, 1722, 1726, 1753])
def test_a_client_that_cannot_be_queried_fails_only_where_clients_select(host, act, code):
    there = host(sessions=[ALICE])
    there.fault(QUERY, error=code, **{'class': [9, 10, 14, 16]})

    result = act(client_names=['PC-*'], timeout='0')
    assert (there.acts, of(result, 'outcome'), result['failed']) == ([], {2: 'failed'}, True)
    assert of(act(users=['alice']), 'outcome') == {2: 'logged_off'}


def test_a_closing_session_that_is_open_again_is_logged_off(host, act):
    there = host(sessions=[ALICE])
    there.on(
        QUERY, session=2, nth=1, do=lambda host: host.fault(QUERY, session=2, error=7007, times=2), **{'class': 25}
    )

    result = act(max_idle='3600', **THEN)

    assert (done(there), of(result, 'outcome')) == ([(LOGOFF, 2)], {2: 'logged_off'})


@pytest.mark.parametrize('code', [1702, 1722, 1726, 1753])
def test_repeats_a_logoff_that_the_service_could_not_take(host, act, code):
    there = host(sessions=[{**ALICE, 'on_logoff': {'error': code, 'times': 2}}])

    result = act(max_idle='3600', **THEN)

    assert (done(there), of(result, 'outcome')) == ([(LOGOFF, 2)] * 3, {2: 'logged_off'})


@pytest.mark.parametrize('code', [1702, 1722, 1753])
def test_does_not_reset_where_no_logoff_reached_windows(host, act, code):
    there = host(sessions=[{**ALICE, 'on_logoff': {'error': code}}])

    result = act(max_idle='3600', timeout='0', **THEN)

    assert (done(there), of(result, 'outcome')) == ([(LOGOFF, 2)], {2: 'failed'})


def test_a_logoff_that_was_carried_out_and_answered_with_an_error_is_reported_as_done(host, act):
    there = host(sessions=[ALICE], api=[{'api': LOGOFF, 'error': 1726, 'carried_out': True}])

    result = act(max_idle='3600')

    assert (of(result, 'outcome'), result['changed'], ended(there)) == ({2: 'logged_off'}, True, [2])


@pytest.mark.parametrize(
    'change',
    [{'idle': 0, 'state': 'active'}, {'connected': 0, 'state': 'active'}],
    ids=['input', 'reconnect'],
)
def test_does_not_reset_a_user_who_is_active_again_after_the_logoff(host, act, change):
    there = host(sessions=[{**ALICE, 'on_logoff': {'hangs': True}}], windows={'ending_query': 'answered'})
    there.on(LOGOFF, do=lambda host: host.change({'update': {'id': 2, **change}}))

    result = act(max_idle='3600', timeout='0', **THEN)

    assert done(there) == [(LOGOFF, 2)]
    assert (of(result, 'outcome'), result['changed']) == ({2: 'no_longer_matches'}, True)


@pytest.mark.parametrize('state', ['logged_off', 'disconnected'])
def test_reports_a_session_that_may_have_been_hit_instead_of_the_selected_one(host, act, state):
    there = host(sessions=[ALICE])
    there.on(
        LOGOFF if state == 'logged_off' else DISCONNECT,
        when='before',
        do=lambda host: host.sessions.replace(2, user='ceo', logged_on='5m'),
    )
    if state == 'logged_off':
        there.on(LOGOFF, do=lambda host: host.sessions.logon(id=2, user='ceo', logged_on='5m'))

    result = act(state=state, max_idle='3600')

    assert of(result, 'outcome') == {2: 'session_changed'}
    assert 'CORP\\ceo' in result['sessions'][0]['detail']
    assert result['failed']


def test_a_session_that_logs_on_after_the_act_is_not_reported_as_hit(host, act):
    there = host(sessions=[{**ALICE, 'on_logoff': {'replaced_by': {'user': 'alice', 'logged_on': 0}}}])

    result = act(max_idle='3600')

    assert of(result, 'outcome') == {2: 'logged_off'}
    assert 'the same account is logged on again' in result['sessions'][0]['detail']
    assert ended(there) == [2]


def test_stops_a_reset_that_has_not_begun_when_the_user_is_active_again(host, act):
    there = host(sessions=[ALICE])
    hang_reset(there)
    there.on(ENUMERATE, nth=2, do=lambda host: host.change({'update': {'id': 2, 'idle': 0}}))

    result = act(max_idle='3600', method='reset')

    assert (of(result, 'outcome'), result['changed'], there.acts) == ({2: 'no_longer_matches'}, False, [])


def test_a_client_that_reconnects_by_itself_is_a_success(host, act):
    there = host(sessions=[{'id': 2, 'user': 'alice', 'on_disconnect': {'reconnects': True}}])

    result = act(users=['alice'], state='disconnected')

    assert (of(result, 'outcome'), result.get('failed')) == ({2: 'disconnected'}, None)
    assert 'connected again' in result['sessions'][0]['detail']
    assert ended(there) == [2]


# ---- One row, two readings ----


def test_skips_a_session_until_row_and_facts_name_the_same_user(host, act, info):
    there = host(sessions=[ALICE])
    row = there.sessions[2]

    def without_a_name(host):
        row.user = ''

    def with_its_name(host):
        row.user = 'alice'

    there.on(ENUMERATE, when='before', do=without_a_name, nth=1)
    there.on(ENUMERATE, do=with_its_name, nth=1)
    there.on(ENUMERATE, when='before', do=without_a_name, nth=2)
    there.on(ENUMERATE, do=with_its_name, nth=2)

    result = act(users=['alice'])

    assert (there.acts, result['sessions']) == ([], [])
    assert ['another user' in warning for warning in result['warnings']] == [True]
    assert of(info(), 'user') == {2: 'alice'}


def test_an_active_row_without_a_name_is_read(host, info):
    there = host(sessions=[ALICE])
    row = there.sessions[2]
    there.on(ENUMERATE, when='before', do=lambda host: setattr(row, 'user', ''), nth=1)
    there.on(ENUMERATE, do=lambda host: setattr(row, 'user', 'alice'), nth=1)

    assert of(info(), 'user') == {2: 'alice'}


# ---- Partial views ----


@pytest.mark.parametrize('code', [c for c in READ_ERRORS if c != 87])
@pytest.mark.parametrize('module', ['info', 'act'])
def test_a_session_that_cannot_be_judged_fails_the_task_and_the_others_are_handled(host, info, act, module, code):
    there = host(sessions=[ALICE, {**ALICE, 'id': 3, 'user': 'bob'}])
    there.fault(QUERY, session=2, error=code, **{'class': [24, 25]})

    result = info(max_idle='3600') if module == 'info' else act(max_idle='3600', timeout='0')

    assert (result['failed'], ids(result['sessions'])) == (True, [2, 3])
    assert f'Win32 error {code}' in result['msg']
    if module == 'act':
        assert of(result, 'outcome') == {2: 'failed', 3: 'logged_off'}
        assert ended(there) == [3]


@pytest.mark.parametrize('code', [5, 7045])
def test_a_listed_session_that_denies_its_reading_fails_in_any_case(host, info, act, code):
    there = host(sessions=[ALICE, {**ALICE, 'id': 3, 'user': 'bob'}])
    there.fault(QUERY, session=2, error=code, **{'class': [24, 25]})

    assert info()['failed']
    result = act(users=['bob'])
    assert (result['failed'], ended(there)) == (True, [3])


def test_sessions_of_virtual_machines_are_not_the_servers(host, info):
    machines = [{'host_name': 'VM-7', 'id': 2, 'user': 'mallory'}]
    there = host(servers={'rdvh': {'sessions': [ALICE], 'virtual_machines': machines}})

    assert of(info(server='rdvh'), 'user') == {2: 'alice'}
    assert there.acts == []


# ---- Sessions without a user ----


@pytest.mark.parametrize('state', ['connected', 'connect_query', 'reset', 'init', 'idle'])
@pytest.mark.parametrize(('connected', 'selected'), [('5m', True), ('30s', False), (None, False)])
def test_a_stuck_session_is_selected_by_its_id_after_a_minute(host, act, state, connected, selected):
    there = host(console=None, sessions=[{'id': 40, 'state': state, 'connected': connected}])

    result = act(session_ids=[40], ghosts=True, method='reset')

    assert ended(there) == ([40] if selected else [])
    assert bool(result.get('warnings')) is not selected
    assert act(all_sessions=True, ghosts=True)['sessions'] == []


@pytest.mark.parametrize(
    ('session', 'word'),
    [({'id': 9, 'state': 'disconnected'}, 'ghost session'), ({'id': 9, 'state': 'connected'}, 'no user')],
)
def test_names_the_reason_why_an_id_is_not_selectable(host, act, info, session, word):
    host(console=None, sessions=[session])

    for result in (act(session_ids=[9]), info(session_ids=[9])):
        assert [('session 9' in text, word in text) for text in result['warnings']] == [(True, True)]


@pytest.mark.parametrize('state', ['disconnected', 'down'])
def test_max_disconnected_reaches_ghosts_since_their_connect_time(host, act, state):
    there = host(console=None, sessions=[{'id': 9, 'state': state, 'connected': '5h', 'disconnected': None}])

    act(max_disconnected='3600', ghosts=True)

    assert ended(there) == [9]


# ---- Two stages ----


def test_idle_action_disconnects_what_is_only_idle(host, act):
    there = host(
        sessions=[
            ALICE,
            {**ALICE, 'id': 3, 'user': 'bob', 'logged_on': '20h'},
            {'id': 4, 'user': 'carol', 'disconnected': '5h'},
            {'id': 5, 'user': 'dora', 'disconnected': '3h'},
        ]
    )
    options = {'idle_action': 'disconnect', 'max_idle': '7200', 'max_disconnected': '14400', 'max_logged_on': '50000'}

    check = act(check=True, **options)
    assert there.acts == []
    assert of(check, 'action') == {2: 'disconnect', 3: 'logoff', 4: 'logoff', 5: 'none'}
    result = act(**options)
    assert of(result, 'outcome') == {2: 'disconnected', 3: 'logged_off', 4: 'logged_off', 5: 'already_disconnected'}
    assert done(there) == [(DISCONNECT, 2), (LOGOFF, 3), (LOGOFF, 4)]
    assert act(**options)['changed'] is False


# ---- The console ----


def test_reads_which_session_is_the_console_with_each_reading(host, act):
    there = host(console=1, sessions=[{'id': 1, 'user': 'carol'}, ALICE])
    there.on(QUERY, session=2, nth=1, do=lambda host: setattr(host.sessions, 'console', 2), **{'class': 25})

    result = act(max_idle='3600')

    assert there.acts == []
    assert 'console_idle' in result['sessions'][0]['detail']
    assert calls(there, 'WTSGetActiveConsoleSessionId')


# ---- Calls that do not return ----


# test_fault_matrix.py lets each call hang. Here the time until a call is abandoned passes for real.
def test_a_call_that_hangs_is_abandoned(host, act):
    there = host(sessions=[ALICE, {**ALICE, 'id': 3, 'user': 'bob'}])
    there.fault(LOGOFF, hangs=True)

    assert of(act(max_idle='3600', timeout='0'), 'outcome') == {2: 'still_present', 3: 'still_present'}


# ---- The record on the host ----


def test_names_that_control_a_terminal_are_made_printable(host, act):
    there = host(sessions=[{**ALICE, 'user': 'a\x1b[2J\u202eb', 'on_logoff': {'error': 5}, 'processes': ['x\x9b.exe']}])

    result = act(max_idle='3600')

    assert result['sessions'][0]['user'] == 'a\x1b[2J\u202eb'
    for text in (result['msg'], result['sessions'][0]['detail'], *result.get('warnings', [])):
        assert text.isprintable()
    assert ended(there) == [2]


def test_reports_another_session_that_closes_under_the_id_as_hit(host, act):
    there = host(sessions=[ALICE])
    there.on(LOGOFF, when='before', do=lambda host: host.sessions.replace(2, user='ceo', on_logoff={'looks': 3}))

    result = act(max_idle='3600')

    assert (of(result, 'outcome'), result['failed']) == ({2: 'session_changed'}, True)
    assert 'CORP\\ceo' in result['sessions'][0]['detail']


def test_a_disconnect_that_was_carried_out_and_answered_with_an_error_is_reported_as_done(host, act):
    host(sessions=[ALICE], api=[{'api': DISCONNECT, 'error': 1726, 'times': 1, 'carried_out': True}])

    result = act(max_idle='3600', state='disconnected')

    assert (of(result, 'outcome'), result['changed']) == ({2: 'disconnected'}, True)
