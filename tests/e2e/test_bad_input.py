# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that are not valid fail on the controller, with the option, the value and an example."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import TO_THE_END, Run, cached_across_workers, patient_fleet, run

from project import Core

pytestmark = pytest.mark.e2e

INFO, SESSION, MESSAGE, MODE = 'win_user_session_info', 'win_user_session', 'win_user_session_message', 'win_logon_mode'
OFF = {'state': 'logged_off'}
EVERYBODY = {**OFF, 'all_sessions': True}
TEXT = {'text': 'Please save'}
NOTICE = {'text': 'Save', 'grace': '15m'}

# Module, options, and what the message must name: the option, the value, and (by any of these words) a good example.
BAD: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    **{
        f'duration {value!r} as {option}': (module, {**options, option: value}, [option, shown, '2h30m'])
        for value, shown in [
            ('1:30', "'1:30'"),
            ('-5', "'-5'"),
            ('2 weeks', "'2 weeks'"),
            ('', "''"),
            ('1h1h', "'1h1h'"),
            (True, 'True'),
            ('99999d', "'99999d'"),
        ]
        for module, options, option in [(SESSION, OFF, 'max_idle'), (INFO, {}, 'max_disconnected')]
    },
    'a duration that is a list': (INFO, {'max_logged_on': ['1h']}, ['max_logged_on', "['1h']", '2h30m']),
    'timeout': (SESSION, {**EVERYBODY, 'timeout': 'soon'}, ['timeout', "'soon'", '2h30m']),
    'wait': (MESSAGE, {**TEXT, 'wait': 'soon'}, ['wait', "'soon'", '2h30m']),
    'display_for 0': (MESSAGE, {**TEXT, 'display_for': 0}, ['display_for', '0', '5m']),
    'grace': (
        SESSION,
        {**EVERYBODY, 'notice': {'text': 'x', 'grace': 'later'}},
        ['notice', 'grace', "'later'", '2h30m'],
    ),
    **{
        f'id {value!r}': (SESSION, {**OFF, 'session_ids': [value]}, ['session_ids', shown, '65535', '[2, 5]'])
        for value, shown in [(0, '0'), (-1, '-1'), (65536, '65536'), ('abc', "'abc'"), ('1_0', "'1_0'"), (2.0, '2.0')]
    },
    'id true': (SESSION, {**OFF, 'session_ids': [True]}, ['session_ids', 'True', '[2, 5]']),
    'unknown state of a session': (INFO, {'states': ['away']}, ['states', 'away', 'disconnected']),
    'unknown state to reach': (SESSION, {'state': 'gone', 'all_sessions': True}, ['state', 'gone', 'logged_off']),
    'unknown method': (SESSION, {**EVERYBODY, 'method': 'kill'}, ['method', 'kill', 'logoff_then_reset']),
    'unknown buttons': (MESSAGE, {**TEXT, 'buttons': 'maybe'}, ['buttons', 'maybe', 'yes_no']),
    'unknown icon': (MESSAGE, {**TEXT, 'icon': 'skull'}, ['icon', 'skull', 'warning']),
    'unknown mode': (MODE, {'mode': 'closed'}, ['mode', 'closed', 'drain']),
    'unknown gather': (INFO, {'gather': ['everything']}, ['gather', 'everything', 'processes']),
    'no state': (SESSION, {'all_sessions': True}, ['state', 'logged_off']),
    'no text': (MESSAGE, {}, ['text', 'Please save your work']),
    'no criterion': (SESSION, OFF, ['max_idle', 'users', 'max_disconnected: 2h', 'all_sessions']),
    'only something to leave out': (SESSION, {**OFF, 'exclude_users': ['bob']}, ['users', 'all_sessions']),
    'token without times': (SESSION, {**OFF, 'tokens': ['2:alice']}, ['tokens', "'2:alice'", 'CORP\\alice']),
    'token of session 0': (SESSION, {**OFF, 'tokens': ['0:1:CORP\\x']}, ['tokens', "'0:1:CORP\\x'", 'CORP\\alice']),
    'token of a listener': (SESSION, {**OFF, 'tokens': ['65536:1:']}, ['tokens', "'65536:1:'", 'CORP\\alice']),
    'user with a slash': (INFO, {'users': ['CORP/bob']}, ['users', "'CORP/bob'", 'CORP\\alice']),
    'empty user': (INFO, {'users': ['']}, ['users', "''", 'alice@corp.example.com']),
    'user that YAML made a boolean': (INFO, {'users': [False]}, ['users', 'False', '"no"']),
    'half a SID': (INFO, {'users': ['S-1-5-x']}, ['users', "'S-1-5-x'", 'S-1-5-21']),
    'user to protect': (SESSION, {**EVERYBODY, 'protect_users': ['a\\b\\c']}, ['protect_users', "'a\\b\\c'", 'alice']),
    'process with its folder': (
        SESSION,
        {**EVERYBODY, 'protect_processes': ['C:\\x\\setup.exe']},
        ['protect_processes', "'C:\\x\\setup.exe'", 'WINWORD.EXE'],
    ),
    'empty client': (INFO, {'client_names': [' ']}, ['client_names', "' '", 'PC-017']),
    'server with blanks': (INFO, {'server': 'rds 02'}, ['server', "'rds 02'", 'rds02.corp.example']),
    'server as a path': (INFO, {'server': '\\\\rds02'}, ['server', "'\\\\rds02'", 'rds02']),
    'negative safety limit': (SESSION, {**EVERYBODY, 'max_sessions': -1}, ['max_sessions', '-1', '20']),
    'safety limit that is no number': (SESSION, {**EVERYBODY, 'max_sessions': 'few'}, ['max_sessions', "'few'", '20']),
    'disconnect by reset': (
        SESSION,
        {'state': 'disconnected', 'all_sessions': True, 'method': 'reset'},
        ['method', 'reset', 'state: logged_off'],
    ),
    'number in a list of names': (
        SESSION,
        {**EVERYBODY, 'protect_users': [5349]},
        ['protect_users', '5349', 'put it in'],
    ),
    'date in a list of names': (INFO, {'client_names': [datetime.date(2026, 11, 21)]}, ['client_names', 'in quotes']),
    'two @': (INFO, {'users': ['a@b@c']}, ['users', "'a@b@c'", 'more than one @']),
    'pattern of groups': (SESSION, {**EVERYBODY, 'protect_groups': ['V*']}, ['protect_groups', "'V*'", 'CORP\\VIP']),
    'groups of another server': (INFO, {'groups': ['CORP\\VIP'], 'server': 'rds02'}, ['groups', 'server', 'inventory']),
    'process in a folder': (INFO, {'processes': ['C:\\x.exe']}, ['processes', "'C:\\x.exe'", 'WINWORD.EXE']),
    'time without quotes': (
        SESSION,
        {**EVERYBODY, 'notice': {'text': 'x', 'at': 1320}},
        ['notice.at', '1320', 'put it in quotes', '"22:00"'],
    ),
    'time without a zone': (
        SESSION,
        {**EVERYBODY, 'notice': {'text': 'x', 'at': '2026-11-21T22:00:00'}},
        ['notice.at', 'add the zone', '+01:00'],
    ),
    'two ends of a notice': (
        SESSION,
        {**EVERYBODY, 'notice': {**NOTICE, 'at': '22:00'}},
        ['notice', 'exactly one of grace and at'],
    ),
    'long text': (MESSAGE, {'text': 'x' * 513}, ['text', 'xxx', '513', '512', 'Please save your work']),
    'long title': (MESSAGE, {**TEXT, 'title': '🙂' * 257}, ['title', '🙂', '514', '512', 'Please save your work']),
    'long notice': (SESSION, {**EVERYBODY, 'notice': {**NOTICE, 'text': 'x' * 513}}, ['notice', 'text', '513', '512']),
    'empty text': (MESSAGE, {'text': ' '}, ['text', "' '", 'Please save your work']),
    'notice without grace': (SESSION, {**EVERYBODY, 'notice': {'text': 'x'}}, ['grace', 'notice']),
    'notice that is a text': (SESSION, {**EVERYBODY, 'notice': 'Save'}, ['notice', "'Save'", 'grace: 15m']),
    'unknown option': (SESSION, {**EVERYBODY, 'force': True}, ['force', 'method', 'max_disconnected: 30m']),
    'unknown option of the list': (INFO, {'max_idel': '2h'}, ['max_idel', 'max_idle', 'max_idle: 2h']),
    'unknown option of the notice': (SESSION, {**EVERYBODY, 'notice': {**NOTICE, 'wait': 1}}, ['notice', 'wait']),
    'unknown option of the mode': (MODE, {'state': 'drain'}, ['state', 'mode', 'drain_until_restart']),
    'no boolean': (INFO, {'ghosts': 'perhaps'}, ['ghosts', 'perhaps']),
    'users as a dictionary': (INFO, {'users': {'name': 'bob'}}, ['users', "{'name': 'bob'}", '[first, second]']),
}
ASYNC = 'async'


@pytest.fixture(scope='session')
def refused(core: Core, shared: Path) -> Run:
    """One play with every bad task."""

    def play() -> Run:
        tasks: list[dict[str, Any]] = [
            {'name': name, f'winops.sessions.{module}': options} for name, (module, options, _unused) in BAD.items()
        ]
        tasks.append({'name': ASYNC, f'winops.sessions.{INFO}': {}, 'async': 60, 'poll': 5})
        with patient_fleet({'web01': {'sessions': [{'id': 2, 'user': 'alice', 'idle': '3h'}]}}) as running:
            return run(core, running, shared / f'bad-{core.version}', [{'tasks': tasks, **TO_THE_END}])

    return cached_across_workers(shared, f'bad-input-{core.version}', play)


@pytest.mark.parametrize('name', BAD)
def test_bad_input_is_refused_with_option_value_and_example(refused: Run, name: str) -> None:
    result = refused[name]['web01']
    assert result['status'] == 'failed'
    assert result.get('changed', False) is False
    for words in BAD[name][2]:
        assert words in result['msg'], result['msg']


def test_no_host_was_contacted(refused: Run) -> None:
    host = refused.hosts['web01']
    assert (host.modules, host.calls) == ([], [])
    assert host.users == {2: 'CORP\\alice'}


def test_async_is_refused_with_a_message(refused: Run) -> None:
    result = refused[ASYNC]['web01']
    assert result['status'] == 'failed'
    assert 'async' in result['msg']
