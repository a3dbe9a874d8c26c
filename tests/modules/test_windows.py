# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules under each answer to the questions that only a real Windows can settle."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from modules.engine import Engine

from winhost.host import Host
from winhost.windows import UNEXPECTED

GUIDE = Path(__file__).resolve().parents[2] / 'docs' / 'docsite' / 'rst' / 'guide_windows_behaviour.rst'
LONG = 'eve.with.a.name.of.more.than.20'
SESSIONS: list[dict[str, Any]] = [
    {'id': 1, 'user': 'carol', 'idle': '2h', 'logged_on': '9h'},
    {'id': 2, 'user': 'alice', 'idle': '2h', 'logged_on': '9h', 'groups': ['CORP\\Staff']},
    {'id': 3, 'user': 'bob', 'disconnected': '3h', 'logged_on': '9h', 'client': {'name': 'PC-3'}},
    {'id': 4, 'user': LONG, 'idle': '2h', 'logged_on': '9h'},
    {'id': 5, 'user': 'dora', 'idle': '2h', 'logged_on': '9h', 'on_logoff': {'looks': 2}},
    {'id': 6, 'user': 'ansible', 'idle': '5h', 'logged_on': '9h'},
    {'id': 7, 'user': 'lara', 'disconnected': '5h', 'logged_on': '9h', 'locked': True},
    {'id': 8, 'state': 'disconnected', 'disconnected': '9h', 'connected': '10h'},
]
CLIENT = ('client_name', 'client_address', 'protocol')
IDLE: dict[str, Any] = {'state': 'logged_off', 'max_idle': '3600', 'timeout': '3'}


def by_user(result: dict[str, Any], key: str, among: str = 'sessions') -> dict[str, Any]:
    """One key of each session, by the first letters of its user."""
    return {(record['user'] or 'nobody')[:5]: record[key] for record in result.get(among, [])}


def observe(engine: Engine, host: Host, resets: bool) -> dict[str, Any]:
    """What the modules return and do on a host, in short."""
    seen: dict[str, Any] = {}

    def act(check: bool = False, **options: Any) -> dict[str, Any]:
        return engine.run('win_user_session', check=check, **options)

    def note(name: str, result: dict[str, Any], *keys: str) -> None:
        seen[f'{name}: failed'] = result.get('failed', False)
        for key in keys:
            among = 'protected' if key.startswith('protected') else 'sessions'
            for user, value in by_user(result, key.split()[-1], among).items():
                seen[f'{name}: {key} of {user}'] = value

    listed = engine.run('win_user_session_info')
    note('list', listed, 'state', 'idle_seconds', 'disconnected_seconds', *CLIENT, 'locked')
    note('processes', engine.run('win_user_session_info', users=['alice'], processes=['explorer']), 'user')
    host.sessions.update(7, state='active')
    note('plan', act(check=True, **IDLE), 'outcome', 'protected reason')
    guarded: dict[str, Any] = {**IDLE, 'protect_groups': ['CORP\\Staff']}
    note('groups', act(check=True, **guarded), 'outcome', 'protected reason')
    warned: dict[str, Any] = {**IDLE, 'users': ['alice'], 'notice': {'text': 'Please save your work.', 'grace': '900'}}
    note('warn', act(**warned), 'outcome')
    host.clock.advance(901)
    note('end after the warning', act(**warned), 'outcome')
    disconnect: dict[str, Any] = {'users': ['lara', 'carol'], 'state': 'disconnected', 'timeout': '1'}
    note('disconnect', act(**disconnect), 'outcome')
    # The session ends between the plan and the act.
    host.on('GetUserNameExW', do=lambda host: host.sessions.leave(4))
    note('log off', act(**{**IDLE, 'ghosts': True}), 'outcome', 'protected reason')
    note('log off again', act(**IDLE), 'outcome')
    if resets:
        host.sessions.logon(id=9, user='zoe')
        host.sessions.logon(id=10, user='yan', on_reset={'error': 5})
        reset: dict[str, Any] = {'users': ['zoe', 'yan'], 'state': 'logged_off', 'method': 'reset', 'timeout': '1'}
        note('reset', act(**reset), 'outcome')
    seen['left'] = sorted(user for user in host.sessions.users.values())
    return seen


def world(**windows: str) -> dict[str, Any]:
    return {
        'clock': {'fixed': '2026-11-21T14:34:47Z'},
        'sessions': SESSIONS,
        'windows': windows,
        'directory': {'accounts': {'CORP\\Staff': {'type': 'group'}}},
    }


# The module cannot protect the sessions of an unknown connection account, so it ends no session.
NO_ACCOUNT = (
    'disconnect: failed',
    'disconnect: outcome',
    'end after the warning: failed',
    'end after the warning: outcome',
    'groups: failed',
    'groups: outcome',
    'groups: protected reason',
    'log off again: failed',
    'log off: failed',
    'log off: outcome',
    'log off: protected reason',
    'plan: failed',
    'plan: outcome',
    'plan: protected reason',
    'warn: failed',
    'warn: outcome',
)

# What differs from the expected answers, by observation. What is not listed makes no difference.
DIFFERENCES: dict[tuple[str, str], tuple[str, ...]] = {
    ('connection_account', 'machine'): (
        'groups: outcome',
        'groups: protected reason',
        'log off: outcome',
        'log off: protected reason',
        'plan: outcome',
        'plan: protected reason',
    ),
    ('connection_account', 'none_mapped'): NO_ACCOUNT,
    ('connection_account', 'no_such_domain'): NO_ACCOUNT,
    ('long_names', 'alias'): (
        'groups: outcome',
        'list: client_address',
        'list: client_name',
        'list: idle_seconds',
        'list: locked',
        'list: protocol',
        'list: state',
        'log off: outcome',
        'plan: outcome',
    ),
    ('listener_rights', 'hidden'): (
        'disconnect: outcome',
        'end after the warning: outcome',
        'groups: outcome',
        'groups: protected reason',
        'list: client_address',
        'list: client_name',
        'list: disconnected_seconds',
        'list: idle_seconds',
        'list: locked',
        'list: protocol',
        'list: state',
        'log off: outcome',
        'log off: protected reason',
        'plan: outcome',
        'plan: protected reason',
        'processes: user',
        'warn: outcome',
    ),
    ('listener_rights', 'unreadable'): (
        'disconnect: failed',
        'disconnect: outcome',
        'end after the warning: failed',
        'end after the warning: outcome',
        'groups: failed',
        'groups: outcome',
        'list: client_address',
        'list: client_name',
        'list: disconnected_seconds',
        'list: failed',
        'list: idle_seconds',
        'list: locked',
        'list: protocol',
        'log off again: failed',
        'log off again: outcome',
        'log off: failed',
        'log off: outcome',
        'plan: failed',
        'plan: outcome',
        'processes: failed',
        'warn: failed',
        'warn: outcome',
    ),
    ('rwinsta_exit_code', 'zero'): ('reset: outcome',),
    ('rwinsta', 'missing'): ('reset: outcome',),
    ('disconnected_client', 'empty'): ('list: client_name',),
    ('disconnected_client', 'refused'): ('list: client_name', 'list: protocol'),
    ('disconnected_protocol', 'console'): ('list: protocol',),
    ('disconnect_time', 'unknown'): ('list: disconnected_seconds', 'log off: outcome'),
    ('console_input', 'unknown'): ('groups: protected reason', 'list: idle_seconds', 'plan: protected reason'),
    ('console_input', 'now'): ('groups: protected reason', 'list: idle_seconds', 'plan: protected reason'),
    ('client_address', 'offset_0'): ('list: client_address',),
    ('terminal_service', 'no_client_data'): ('list: client_address', 'list: client_name', 'list: protocol'),
    ('terminal_service', 'no_processes'): (
        'groups: failed',
        'groups: outcome',
        'groups: protected reason',
        'list: client_address',
        'list: client_name',
        'list: protocol',
        'processes: failed',
    ),
    ('message_click', 'input'): ('end after the warning: outcome',),
    ('session_info_ex', 'refused'): ('list: locked',),
    ('lock_flag', 'unknown'): ('list: locked',),
    ('console_disconnect', 'refused'): ('disconnect: failed', 'disconnect: outcome', 'log off: protected reason'),
    ('open_process', 'refused'): ('groups: outcome', 'groups: protected reason'),
}


@pytest.fixture(scope='module')
def expected(engine: Engine) -> dict[str, Any]:
    """What is observed where every question has its expected answer."""
    with engine.host(world()) as host:
        return observe(engine, host, resets=True)


@pytest.mark.parametrize(('question', 'answer'), UNEXPECTED)
def test_an_unexpected_answer_of_windows_has_the_documented_effect(
    engine: Engine, expected: dict[str, Any], question: str, answer: str
) -> None:
    resets = question.startswith('rwinsta')
    with engine.host(world(**{question: answer})) as host:
        seen = observe(engine, host, resets)

    changed = {name for name in expected.keys() | seen.keys() if expected.get(name) != seen.get(name)}
    changed = {name.partition(' of ')[0] for name in changed if resets or not name.startswith('reset')} - {'left'}
    assert tuple(sorted(changed)) == DIFFERENCES.get((question, answer), ())
    # No answer of Windows ends the session of a user who has just reconnected.
    assert 'CORP\\lara' in seen['left']
    assert 'CORP\\ansible' in seen['left'] or answer == 'machine'
    assert expected['log off: outcome of dora'] == 'logged_off'


def test_each_question_is_in_the_guide_with_the_answers_that_make_a_difference() -> None:
    guide = GUIDE.read_text(encoding='utf-8')
    listed = set(re.findall(r'^   \* - ``(\w+)``\n     - ``(\w+)``', guide, re.MULTILINE))
    assert listed == set(UNEXPECTED)
