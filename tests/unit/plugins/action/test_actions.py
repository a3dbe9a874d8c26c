# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleActionFail

from ansible_collections.winops.sessions.plugins.plugin_utils._options.rules import SELECTION

INFO, SESSION, MESSAGE, MODE = (
    'win_user_session_info',
    'win_user_session',
    'win_user_session_message',
    'win_logon_mode',
)
GOOD = {
    INFO: {},
    SESSION: {'state': 'logged_off', 'max_idle': '2h'},
    MESSAGE: {'text': 'Please save your work'},
    MODE: {},
}
LIMITS = ('max_idle', 'max_disconnected', 'max_logged_on')
SELECTING = (INFO, SESSION, MESSAGE)
ALICE = {'id': 2, 'account': 'CORP\\alice', 'state': 'active', 'idle_seconds': 180, 'token': '2:1:CORP\\alice'}


@pytest.mark.parametrize('name', GOOD)
def test_the_module_is_run_once_by_its_full_name_with_the_hosts_variables(run_action, name):
    run = run_action(name, GOOD[name], {'changed': False}, {'inventory_hostname': 'web01', 'x': 1})
    assert [call['module_name'] for call in run.calls] == [f'winops.sessions.{name}']
    assert run.calls[0]['task_vars'] == {'inventory_hostname': 'web01', 'x': 1}


def test_the_module_gets_the_defaults_and_no_nulls(run_action):
    assert run_action(SESSION, GOOD[SESSION], {}).arguments == {
        'state': 'logged_off',
        'max_idle': '7200',
        'method': 'logoff',
        'timeout': '60',
        'ghosts': False,
        'all_sessions': False,
        'idle_action': 'logoff',
        'protect_console_idle': True,
        'protect_connection_user': True,
    }
    assert run_action(INFO, {}, {}).arguments == {'ghosts': False, 'gather': ['client'], 'include_all': False}
    assert run_action(MODE, {}, {}).arguments == {}
    assert run_action(MESSAGE, GOOD[MESSAGE], {}).arguments == {
        'text': 'Please save your work',
        'icon': 'information',
        'buttons': 'ok',
        'wait': '0',
        'ghosts': False,
    }


def test_converts_values_for_the_module(run_action):
    given = {
        'state': 'logged_off',
        'users': 'alice, CORP\\bob',
        'session_ids': ['3', 5],
        'max_idle': 5400,
        'max_disconnected': '1d 4h',
        'timeout': '1.5',
        'max_sessions': '20',
        'ghosts': 'yes',
        'notice': {'text': 'Save', 'grace': '15m', 'title': None},
    }
    arguments = run_action(SESSION, given, {}).arguments
    read = {option: arguments[option] for option in given}
    assert read == {
        'state': 'logged_off',
        'users': ['alice', 'CORP\\bob'],
        'session_ids': [3, 5],
        'max_idle': '5400',
        'max_disconnected': '100800',
        'timeout': '1.5',
        'max_sessions': 20,
        'ghosts': True,
        'notice': {'text': 'Save', 'grace': '900', 'icon': 'warning', 'renew': False, 'valid': '3600'},
    }


@pytest.mark.parametrize('option', ['users', 'session_ids', 'tokens', 'states', 'client_names'])
def test_an_empty_list_is_a_criterion_and_reaches_the_module(run_action, option):
    assert run_action(SESSION, {'state': 'logged_off', option: []}, {}).arguments[option] == []


@pytest.mark.parametrize('option', ['exclude_users', 'protect_users', 'protect_groups', 'protect_processes'])
def test_an_exclusion_or_a_protection_that_is_empty_is_not_passed(run_action, option):
    options = {**GOOD[SESSION], 'server': 'rds02'}
    assert run_action(SESSION, {**options, option: []}, {}).arguments == run_action(SESSION, options, {}).arguments


@pytest.mark.parametrize(
    'option', ['users', 'max_disconnected', 'notice', 'method', 'timeout', 'protect_connection_user']
)
def test_a_null_is_an_option_that_is_not_set(run_action, option):
    arguments = run_action(SESSION, {**GOOD[SESSION], option: None}, {}).arguments
    assert arguments == run_action(SESSION, GOOD[SESSION], {}).arguments


@pytest.mark.parametrize(
    'given',
    [
        {},
        {'ghosts': True},
        {'exclude_users': ['alice']},
        {'server': 'rds02'},
        {'all_sessions': False},
        {'users': None, 'max_idle': None},
        {'protect_users': ['alice'], 'timeout': '5m', 'max_sessions': 3},
    ],
)
def test_refuses_to_log_off_without_a_criterion(run_action, given):
    with pytest.raises(
        AnsibleActionFail,
        match=r'no sessions selected: set at least one of users.*or all_sessions\. Example: max_disconnected: 2h',
    ):
        run_action(SESSION, {'state': 'logged_off', **given})


@pytest.mark.parametrize(
    'given',
    [
        {'users': ['alice']},
        {'session_ids': [2]},
        {'tokens': ['2:1:alice']},
        {'states': ['down']},
        {'client_names': ['PC-*']},
        {'groups': ['CORP\\VIP']},
        {'locked': False},
        {'processes': ['excel']},
        {'max_idle': 0},
        {'max_disconnected': '0'},
        {'max_logged_on': '1d'},
        {'all_sessions': True},
    ],
)
def test_each_criterion_is_enough(run_action, given):
    run = run_action(SESSION, {'state': 'logged_off', **given}, {'changed': True})
    assert run.result['changed'] is True


@pytest.mark.parametrize('name', [INFO, MESSAGE])
def test_reading_and_messaging_need_no_criterion(run_action, name):
    assert len(run_action(name, GOOD[name], {}).calls) == 1


BAD_SELECTION = [
    *((option, value, 'is not a duration') for option in LIMITS for value in ('soon', '1:30', '', True, ['2h'])),
    *((option, '-1', 'is not a duration') for option in LIMITS),
    *(('session_ids', [value], 'is not a session ID from 1 to 65535') for value in (0, 65536, -1, 'abc', '', True)),
    *(('users', [value], 'is not a user') for value in ('', 'CORP\\', '\\alice', '.\\alice', 'a\\b\\c', 'alice@')),
    *(('exclude_users', [value], 'is not a user') for value in ('', 'CORP\\')),
    *(('tokens', [value], 'is not a session token') for value in ('', '5', '0:1:alice', '65536:1:alice', '5:x:alice')),
    ('states', ['Aktiv'], 'Choose one of: active, connected'),
    ('states', ['active', ''], 'Choose one of: active, connected'),
    ('states', {'active': True}, 'is not a list. Example'),
    ('client_names', [''], 'is not a client name'),
    ('server', 'rds 02', 'is not a host name'),
    ('server', '', 'is not a host name'),
    ('ghosts', 'perhaps', 'is not a boolean'),
    ('user', 'alice', 'unknown option'),
]


@pytest.mark.parametrize('name', SELECTING)
@pytest.mark.parametrize(('option', 'value', 'words'), BAD_SELECTION)
def test_every_module_refuses_an_invalid_selection_before_the_host_is_contacted(run_action, name, option, value, words):
    with pytest.raises(AnsibleActionFail, match=words) as refused:
        run_action(name, {**GOOD[name], option: value})
    assert option in str(refused.value)
    assert re.search('Examples?: |Choose one of: ', str(refused.value))


@pytest.mark.parametrize(
    ('name', 'option', 'value', 'words'),
    [
        (INFO, 'gather', ['clients'], 'Choose one of: client, sid, processes'),
        (INFO, 'include_all', 'perhaps', 'is not a boolean'),
        (SESSION, 'state', 'gone', 'Choose one of: logged_off, disconnected'),
        (SESSION, 'state', None, 'state: missing required option'),
        (SESSION, 'method', 'kill', 'Choose one of: logoff, reset, logoff_then_reset'),
        (SESSION, 'timeout', 'never', "timeout: 'never' is not a duration"),
        (SESSION, 'max_sessions', -1, 'max_sessions: -1 is not a non-negative integer'),
        (SESSION, 'max_sessions', 'few', "max_sessions: 'few' is not a non-negative integer"),
        (SESSION, 'max_sessions', 2**31, 'max_sessions: 2147483648 is too large, the limit is 2147483647'),
        (SESSION, 'max_sessions', True, 'max_sessions: True is not a non-negative integer'),
        (SESSION, 'all_sessions', 'perhaps', 'is not a boolean'),
        (SESSION, 'protect_users', ['.\\alice'], r'Write HOST\\alice'),
        (SESSION, 'protect_processes', ['C:\\x.exe'], 'is not a process name: it contains'),
        (SESSION, 'protect_console_idle', 'perhaps', 'is not a boolean'),
        (SESSION, 'notice', 'leave', 'notice: .* is not a dictionary'),
        (SESSION, 'notice', {'text': 'x', 'grace': '5m', 'at': '22:00'}, 'notice: set exactly one of grace and at'),
        (SESSION, 'notice', {'text': 'x', 'at': 1320}, 'notice.at: 1320 is not valid: put it in quotes'),
        (SESSION, 'idle_action', 'lock', 'Choose one of: logoff, disconnect'),
        (SESSION, 'protect_groups', [7], 'put it in quotes'),
        (SESSION, 'notice', {'text': 'Save'}, 'notice: set exactly one of grace and at'),
        (SESSION, 'notice', {'grace': '5m'}, 'notice.text: missing required option'),
        (SESSION, 'notice', {'text': None, 'grace': '5m'}, 'notice.text: missing required option'),
        (SESSION, 'notice', {'text': '', 'grace': '5m'}, 'notice.text: .* is empty'),
        (SESSION, 'notice', {'text': 'x' * 513, 'grace': '5m'}, 'notice.text: .* is 513 UTF-16 units long'),
        (SESSION, 'notice', {'text': 'x', 'title': 'x' * 513, 'grace': '5m'}, 'title: .* is 513 UTF-16 units long'),
        (SESSION, 'notice', {'text': 'x', 'grace': '1:30'}, "notice.grace: '1:30' is not a duration"),
        (SESSION, 'notice', {'text': 'x', 'grace': '5m', 'icon': 'skull'}, 'Choose one of: none, information'),
        (SESSION, 'notice', {'text': 'x', 'grace': '5m', 'wait': '5m'}, 'notice.wait: unknown option'),
        (MESSAGE, 'text', None, 'text: missing required option'),
        (MESSAGE, 'text', '', 'text: .* is empty'),
        (MESSAGE, 'text', '😀' * 257, 'text: .* is 514 UTF-16 units long'),
        (MESSAGE, 'title', 'x' * 513, 'title: .* is 513 UTF-16 units long'),
        (MESSAGE, 'icon', 'skull', 'Choose one of: none, information'),
        (MESSAGE, 'buttons', 'maybe', 'Choose one of: ok, ok_cancel, yes_no'),
        (MESSAGE, 'wait', 'long', "wait: 'long' is not a duration"),
        (MESSAGE, 'display_for', 0, 'display_for: 0 is not valid: it must be greater than zero'),
        (MODE, 'mode', 'closed', 'Choose one of: enabled, drain, drain_until_restart, disabled'),
        (MODE, 'users', ['alice'], 'unknown option'),
    ],
)
def test_refuses_an_invalid_option_before_the_host_is_contacted(run_action, name, option, value, words):
    with pytest.raises(AnsibleActionFail, match=words) as refused:
        run_action(name, {**GOOD[name], option: value})
    assert re.search('Examples?: |Choose one of: ', str(refused.value))


@pytest.mark.parametrize('check_mode', [True, False])
def test_refuses_invalid_options_in_check_mode(run_action, check_mode):
    with pytest.raises(AnsibleActionFail, match='no sessions selected'):
        run_action(SESSION, {'state': 'logged_off'}, check_mode=check_mode)


@pytest.mark.parametrize('method', ['reset', 'logoff_then_reset'])
def test_refuses_a_method_with_state_disconnected(run_action, method):
    with pytest.raises(AnsibleActionFail, match=f'method: {method} requires state: logged_off'):
        run_action(SESSION, {'state': 'disconnected', 'users': ['alice'], 'method': method})


def test_a_notice_may_precede_a_disconnect(run_action):
    args = {'state': 'disconnected', 'users': ['a'], 'notice': {'text': 'x', 'grace': '5m'}}
    assert run_action(SESSION, args, {}).arguments['notice']['grace'] == '300'


@pytest.mark.parametrize(
    ('name', 'option', 'value'),
    [
        (SESSION, 'notice', {'text': 'x', 'grace': '5m'}),
        (SESSION, 'protect_groups', ['CORP\\VIP']),
        *((name, 'groups', ['CORP\\VIP']) for name in SELECTING),
    ],
)
def test_options_that_need_this_host_are_refused_for_another_server(run_action, name, option, value):
    with pytest.raises(AnsibleActionFail, match=f'{option}: cannot be combined with server. Add rds02 to the inv'):
        run_action(name, {**GOOD[name], 'server': 'rds02', option: value})


def test_errors_name_the_variables_of_the_caller(run_action):
    variables = {'winops_sessions_option_prefix': 'idle_logoff_'}
    args = {**GOOD[SESSION], 'max_idle': '2x', 'notice': {'text': 'x', 'grace': '2x'}}
    with pytest.raises(AnsibleActionFail, match=r"^idle_logoff_max_idle: '2x' .*; idle_logoff_notice_grace: '2x' "):
        run_action(SESSION, args, task_vars=variables)


def test_disconnecting_with_the_default_method_is_fine(run_action):
    run = run_action(SESSION, {'state': 'disconnected', 'users': ['alice'], 'method': 'logoff'}, {})
    assert run.arguments['state'] == 'disconnected'


def test_reports_all_problems_at_once(run_action):
    with pytest.raises(AnsibleActionFail) as refused:
        run_action(SESSION, {'state': 'gone', 'max_idle': '1:30', 'session_ids': [0], 'usrs': ['alice']})
    words = str(refused.value)
    assert "max_idle: '1:30' is not a duration" in words
    assert 'session_ids: 0 is not a session ID' in words
    assert 'Choose one of: logged_off, disconnected' in words
    assert 'unknown option' in words
    assert 'usrs' in words


def test_an_invalid_required_option_is_not_reported_as_missing(run_action):
    with pytest.raises(AnsibleActionFail) as refused:
        run_action(MESSAGE, {'text': ''})
    assert 'missing' not in str(refused.value)


def test_the_action_refuses_async(run_action):
    with pytest.raises(AnsibleActionFail, match='does not support async'):
        run_action(SESSION, GOOD[SESSION], async_val=60)


def test_warns_of_a_question_whose_answer_is_not_awaited(run_action):
    answer = {'sessions': [], 'warnings': ['from the module', 'from the module']}
    run = run_action(MESSAGE, {'text': 'May we?', 'buttons': 'yes_no'}, answer)
    assert len(run.result['warnings']) == 2
    assert run.result['warnings'][0] == 'from the module'
    assert 'its answer is not awaited' in run.result['warnings'][1]


@pytest.mark.parametrize('given', [{'buttons': 'yes_no', 'wait': '2m'}, {'buttons': 'ok'}])
def test_returns_no_warning_otherwise(run_action, given):
    assert 'warnings' not in run_action(MESSAGE, {'text': 'May we?', **given}, {'sessions': []}).result


def without_invocation(run):
    """The result as the module returned it, without the options."""
    result = dict(run.result)
    selection = result.pop('selection', {})
    assert selection == {name: run.arguments[name] for name in SELECTION if run.arguments.get(name)}
    assert result.pop('invocation') == {'module_args': run.arguments}
    return result


def test_the_result_is_that_of_the_module_with_a_summary(run_action):
    answer = {'changed': False, 'sessions': [ALICE], 'session_count': 1, 'host_time': 'x', 'msg': '1 sessions'}
    run = run_action(INFO, {}, answer)
    assert without_invocation(run) == {**answer, 'msg': '1 session: 2 CORP\\alice (active, idle 3 min)'}


def test_the_selection_in_the_result_is_that_of_the_task_never_that_of_the_host(run_action):
    answer = {'changed': False, 'sessions': [], 'session_count': 0, 'selection': {'server': 'web01'}}
    assert 'selection' not in run_action(INFO, {}, answer).result
    assert run_action(INFO, {'max_idle': '2h'}, answer).result['selection'] == {'max_idle': '7200'}
    assert run_action(INFO, {'locked': False, 'users': []}, answer).result['selection'] == {
        'locked': False,
        'users': [],
    }


def test_a_failed_result_keeps_all_its_keys_and_explains_each_error_once(run_action):
    error = 'session 2 (CORP\\alice): WTSLogoffSession failed with Win32 error 7024'
    meaning = '(ERROR_CTX_WINSTATION_BUSY: Remote Desktop Services is busy with the session)'
    remedy = 'Set idle_logoff_method=logoff_then_reset'
    sessions = [{**ALICE, 'id': number, 'outcome': 'failed', 'detail': error} for number in (2, 3)]
    answer = {
        'failed': True,
        'changed': True,
        'sessions': sessions,
        'protected': [],
        'remaining': [ALICE],
        'msg': 'x',
        'warnings': [error],
    }
    variables = {'winops_sessions_option_prefix': 'idle_logoff_'}
    result = without_invocation(run_action(SESSION, GOOD[SESSION], answer, variables))
    assert result['msg'] == (
        f'2 sessions: 2 failed ({error} {meaning}, {error} {meaning}); 1 session remains. {remedy}'
    )
    assert [record['detail'] for record in result['sessions']] == [f'{error} {meaning}. {remedy}'] * 2
    assert result['warnings'] == [f'{error} {meaning}. {remedy}']
    assert result.keys() == answer.keys()


@pytest.mark.parametrize('name', GOOD)
@pytest.mark.parametrize(
    'answer',
    [
        {'failed': True, 'msg': 'The sessions of this host cannot be read', 'error_code': 5},
        {'unreachable': True, 'msg': 'timed out'},
    ],
)
def test_keeps_the_text_of_a_module_that_returned_no_sessions(run_action, name, answer):
    assert without_invocation(run_action(name, GOOD[name], answer)) == answer


def test_an_invalid_result_fails_this_host_with_a_readable_message(run_action):
    answer = {'changed': True, 'sessions': [{**ALICE, 'outcome': ['x']}], 'ansible_facts': {'a': 1}}
    assert without_invocation(run_action(SESSION, GOOD[SESSION], answer)) == {
        'failed': True,
        'changed': True,
        'msg': "win_user_session returned an invalid result: sessions[0].outcome is ['x']. "
        'The host may be broken or compromised',
    }


def test_terminal_commands_of_a_host_reach_no_terminal(run_action):
    bad = 'x\x1b]0;y\x07\u202e'
    answer = {'failed': True, 'msg': bad, 'warnings': [bad], 'exception': bad, 'module_stderr': bad}
    result = without_invocation(run_action(SESSION, GOOD[SESSION], answer))
    assert result == {'failed': True, 'msg': 'x?]0;y??', 'warnings': ['x?]0;y??'], 'module_stderr': 'x?]0;y??'}


@pytest.mark.parametrize(
    ('given', 'task', 'host'),
    [
        ({}, {}, 'web01'),
        ({'server': 'rds02'}, {}, 'rds02'),
        ({}, {'delegate_to': 'jump'}, 'jump'),
    ],
)
def test_a_diff_names_the_host_whose_sessions_it_shows(run_action, given, task, host):
    answer = {'sessions': [], 'diff': {'before': [ALICE], 'after': []}}
    diff = run_action(SESSION, {**GOOD[SESSION], **given}, answer, **task).result['diff']
    assert diff['before_header'] == diff['after_header'] == f'sessions on {host}'
    assert 'CORP\\alice' in diff['before']
    assert 'CORP\\alice' not in diff['after']


def test_a_diff_shows_the_warned_sessions(run_action):
    answer = {
        'sessions': [{**ALICE, 'outcome': 'planned', 'action': 'notify'}],
        'diff': {'before': [ALICE], 'after': [ALICE]},
    }
    diff = run_action(SESSION, GOOD[SESSION], answer, check_mode=True).result['diff']
    assert 'active, warned' in diff['after']
    assert 'warned' not in diff['before']


def documented_examples():
    """All tasks that the documentation shows, with what a template would yield in place of it."""
    templates = {'tokens': ['2:134082164870000000:CORP\\alice'], 'mode': 'drain'}
    for name in GOOD:
        documentation = Path(__file__).parents[4] / 'plugins' / 'modules' / f'{name}.yml'
        for task in yaml.safe_load(yaml.safe_load(documentation.read_text(encoding='utf-8'))['EXAMPLES']):
            args = task.get(f'winops.sessions.{name}', '') or {}
            if f'winops.sessions.{name}' in task:
                filled = {key: templates[key] if '{{' in str(value) else value for key, value in args.items()}
                yield pytest.param(name, filled, id=f'{name}: {task["name"]}')


@pytest.mark.parametrize(('name', 'args'), list(documented_examples()))
def test_every_documented_example_is_accepted(run_action, name, args):
    run = run_action(name, args, {'changed': False})
    assert run.arguments.keys() >= args.keys()
    assert 'warnings' not in run.result


@pytest.mark.parametrize('name', GOOD)
def test_the_example_of_an_error_message_is_valid(run_action, name):
    plugin = importlib.import_module(f'ansible_collections.winops.sessions.plugins.action.{name}').ActionModule
    assert run_action(name, yaml.safe_load(plugin.EXAMPLE), {'changed': True}).result['changed'] is True
