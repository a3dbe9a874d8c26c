# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables of the role as operators and surveys set them: texts, empty answers, JSON, invalid values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e.playbook import Run, cached_across_workers, run

from project import MAIN, ROOT
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

ROLE = ROOT / 'roles' / 'idle_logoff'
NAMES = sorted(yaml.safe_load((ROLE / 'defaults' / 'main.yml').read_text(encoding='utf-8')))
SESSIONS = [{'id': 2, 'user': 'alice', 'idle': '3h'}, {'id': 3, 'user': 'bob', 'disconnected': '3h'}]
MANY = {'max_idle': '2h'}

# The variables, and the users that they log off.
GOOD: dict[str, tuple[dict[str, Any], list[str]]] = {
    'all_empty': ({name.removeprefix('idle_logoff_'): '' for name in NAMES} | MANY, ['alice', 'bob']),
    'all_null': ({name.removeprefix('idle_logoff_'): None for name in NAMES} | MANY, ['alice', 'bob']),
    'texts': (
        {
            'max_idle': '7200',
            'max_disconnected': '',
            'users': 'alice, bob',
            'exclude_users': 'CORP\\bob',
            'states': 'active,disconnected',
            'ghosts': 'false',
            'protect_connection_user': 'true',
            'max_sessions': '5',
            'max_sessions_total': '50',
            'timeout': '30',
            'scheduled': 'no',
        },
        ['alice'],
    ),
    'json_in_a_text': ({**MANY, 'users': '["alice", "nobody"]'}, ['alice']),
    'numbers': ({'max_disconnected': 60, 'max_sessions': 1, 'timeout': 30}, ['bob']),
    'zero': ({'max_logged_on': 0}, ['alice', 'bob']),
    'nobody': ({**MANY, 'users': []}, []),
    'protected': ({**MANY, 'protect_users': 'al*'}, ['bob']),
}

# The variables, and parts of the error: the variable, its value and an example.
BAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    'no_limit': ({'max_idle': '', 'users': 'alice'}, ['idle_logoff_max_idle', 'idle_logoff_max_disconnected: 2h']),
    'duration': ({'max_idle': '2x'}, ["idle_logoff_max_idle: '2x' is not a duration", '2h30m']),
    'timeout': ({**MANY, 'timeout': '1:30'}, ["idle_logoff_timeout: '1:30' is not a duration", '2h30m']),
    'grace': (
        {**MANY, 'notice_text': 'hello', 'notice_grace': 'soon'},
        ["idle_logoff_notice_grace: 'soon' is not a duration", '2h30m'],
    ),
    'long_text': ({**MANY, 'notice_text': 'x' * 513}, ['idle_logoff_notice_text: ', 'is 513 UTF-16 units long']),
    'icon': ({**MANY, 'notice_text': 'hello', 'notice_icon': 'skull'}, ['idle_logoff_notice', 'skull', 'warning']),
    'account': ({**MANY, 'users': ['CORP\\']}, ["idle_logoff_users: 'CORP\\", 'CORP\\alice']),
    'protected': ({**MANY, 'protect_users': 'alice;bob'}, ["idle_logoff_protect_users: 'alice;bob'", 'CORP\\alice']),
    'state': ({**MANY, 'states': 'asleep'}, ['idle_logoff_states: ', 'asleep', 'disconnected']),
    'method': ({**MANY, 'method': 'kill'}, ['idle_logoff_method: ', 'kill', 'logoff_then_reset']),
    'boolean': ({**MANY, 'ghosts': 'perhaps'}, ['idle_logoff_ghosts: ', 'perhaps', 'true']),
    'scheduled': ({**MANY, 'scheduled': 'daily'}, ['idle_logoff_scheduled: "daily" is not valid: not a boolean']),
    'max_sessions': (
        {**MANY, 'max_sessions': 'few'},
        ["idle_logoff_max_sessions: 'few' is not a non-negative integer", 'Example: 20'],
    ),
    'max_sessions_total': (
        {**MANY, 'max_sessions_total': '5x'},
        ['idle_logoff_max_sessions_total: "5x" is not valid: not a whole number', '50'],
    ),
    'misspelt': ({**MANY, 'exclude_user': 'alice'}, ['idle_logoff_exclude_user: unknown variable']),
}


def prefixed(cases: dict[str, tuple[dict[str, Any], list[str]]]) -> dict[str, dict[str, Any]]:
    return {
        case: {f'idle_logoff_{name}': value for name, value in given.items()} for case, (given, _who) in cases.items()
    }


def fleet_of(cases: dict[str, tuple[dict[str, Any], list[str]]]) -> Fleet:
    return Fleet({'hosts': {case: {'sessions': SESSIONS} for case in cases}})


@pytest.fixture(scope='session')
def good(shared: Path) -> Run:
    def play() -> Run:
        with fleet_of(GOOD) as fleet:
            return run(MAIN, fleet, shared / 'variables-good', 'logoff_idle', hosts=prefixed(GOOD))

    return cached_across_workers(shared, 'variables-good', play)


@pytest.fixture(scope='session')
def bad(shared: Path) -> Run:
    def play() -> Run:
        with fleet_of(BAD) as fleet:
            return run(MAIN, fleet, shared / 'variables-bad', 'logoff_idle', hosts=prefixed(BAD))

    return cached_across_workers(shared, 'variables-bad', play)


@pytest.mark.parametrize('case', GOOD)
def test_valid_variables_select_the_expected_sessions(good: Run, case: str) -> None:
    assert good.recap[case]['failed'] == 0, good.output
    gone = {str(session['user']) for session in SESSIONS} - {
        user.removeprefix('CORP\\') for user in good.hosts[case].users.values()
    }
    assert sorted(gone) == GOOD[case][1]


@pytest.mark.parametrize('case', BAD)
def test_invalid_variables_fail_with_name_value_and_example(bad: Run, case: str) -> None:
    refusals = [hosts[case]['msg'] for hosts in bad.results.values() if hosts.get(case, {}).get('status') == 'failed']
    assert len(refusals) == 1, bad.output
    assert [words for words in BAD[case][1] if words not in refusals[0]] == []


def test_invalid_variables_fail_before_a_host_is_contacted(bad: Run) -> None:
    assert bad.status == 2
    assert set(bad.calls.values()) == {0}
    assert bad.report is None


# ---- Own plays ----


def own_play(**keywords: Any) -> list[dict[str, Any]]:
    return [
        {'name': 'A play', 'hosts': 'all', 'gather_facts': False, 'roles': ['winops.sessions.idle_logoff'], **keywords}
    ]


def test_refuses_strategy_free(tmp_path: Path) -> None:
    with Fleet({'hosts': {'a': {'sessions': SESSIONS}, 'b': {'sessions': SESSIONS}}}) as fleet:
        variables = {'idle_logoff_max_idle': '2h'}
        done = run(MAIN, fleet, tmp_path, own_play(strategy='free'), variables=variables)
        assert done.status != 0
        assert 'not supported in the free strategy' in ' '.join(done.output.split())
        assert set(done.calls.values()) == {0}


def test_refuses_a_safety_limit_of_the_play_with_serial(tmp_path: Path) -> None:
    with Fleet({'hosts': {'a': {'sessions': SESSIONS}, 'b': {'sessions': SESSIONS}}}) as fleet:
        variables = {'idle_logoff_max_idle': '2h', 'idle_logoff_max_sessions_total': 9}
        done = run(MAIN, fleet, tmp_path, own_play(serial=1), variables=variables)
        assert done.status == 2
        assert 'Example: idle_logoff_max_sessions: 20' in ' '.join(done.output.split())
        assert set(done.calls.values()) == {0}


def test_the_last_report_has_the_hosts_of_all_batches(tmp_path: Path) -> None:
    with Fleet({'hosts': {'a': {'sessions': SESSIONS}, 'b': {'sessions': SESSIONS}}}) as fleet:
        variables = {'idle_logoff_max_idle': '2h', 'idle_logoff_report_dir': 'user-sessions'}
        done = run(MAIN, fleet, tmp_path, own_play(serial=1), variables=variables)
        assert done.status == 0
        assert set(done.outcomes().values()) == {'logged_off'}
        assert done.statuses() == {'a': 'answered', 'b': 'answered'}


def test_the_entry_point_end_requires_a_selection_option(tmp_path: Path) -> None:
    plays = [
        {
            'name': 'A play',
            'hosts': 'all',
            'gather_facts': False,
            'tasks': [
                {
                    'name': 'Log off',
                    'ansible.builtin.include_role': {'name': 'winops.sessions.idle_logoff', 'tasks_from': 'end'},
                }
            ],
        }
    ]
    with Fleet({'hosts': {'a': {'sessions': SESSIONS}}}) as fleet:
        done = run(MAIN, fleet, tmp_path, plays)
        assert done.status == 2
        assert 'no sessions selected' in ' '.join(done.output.split())
        assert done.calls == {'a': 0}
