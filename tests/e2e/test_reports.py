# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What session_report makes of the results that ansible-core registers: loops, hidden failures, limits by host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import TO_THE_END, Result, Run, cached_across_workers, patient_fleet, run

from project import Core

pytestmark = pytest.mark.e2e

AWAY = {'disconnected': '3h', 'logged_on': '9h'}
SPEC: dict[str, Any] = {
    'rds01': {'sessions': [{'id': 2, 'user': 'alice', **AWAY}, {'id': 3, 'user': 'bob', **AWAY}]},
    'rds02': {'sessions': [{'id': 2, 'user': 'carol', **AWAY}, {'id': 3, 'user': 'dave', 'idle': '1m'}]},
    'web03': {'sessions': [{'id': 2, 'user': 'kim', **AWAY}], 'accounts': {'CORP\\ansible': {'rights': 'blind'}}},
}
LIMITS = {'rds01': {'limit': '2h'}, 'rds02': {'limit': '4h'}, 'web03': {'limit': '4h'}}


def act(name: str, options: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {'name': name, 'winops.sessions.win_user_session': {'state': 'logged_off', **options}, **keywords}


def report(name: str, registered: str, **options: Any) -> dict[str, Any]:
    options = {'registered': registered, **options}
    return {'name': name, 'winops.sessions.session_report': options, 'run_once': True, 'register': 'made'}


TASKS = [
    {'name': 'prepare', 'winops.sessions.session_report': {'prepare': True}, 'run_once': True, 'register': 'mark'},
    act('plan', {'max_disconnected': '{{ limit }}'}, check_mode=True, register='plan'),
    report('report the plan', 'plan'),
    act('refuse', {'all_sessions': True, 'max_sessions': 0}, failed_when=False, register='refused'),
    report('report the refusal', 'refused', since='mark'),
    {
        'name': 'loop over hosts',
        'winops.sessions.win_user_session_info': None,
        'loop': ['rds01', 'rds02'],
        'delegate_to': '{{ item }}',
        'run_once': True,
        'register': 'delegated',
    },
    report('report the loop over hosts', 'delegated', hosts=['rds01']),
    act('loop', {'users': ['{{ item }}']}, loop=['alice', 'bob'], register='looped'),
    report('report the loop', 'looped', user='alice or bob'),
]


@pytest.fixture(scope='session')
def reports(core: Core, shared: Path) -> Run:
    def play() -> Run:
        with patient_fleet(SPEC) as running:
            plays = [{'tasks': TASKS, **TO_THE_END}]
            return run(core, running, shared / f'reports-{core.version}', plays, hosts=LIMITS)

    return cached_across_workers(shared, f'reports-{core.version}', play)


def made(reports: Run, task: str) -> Result:
    """The result of a report."""
    (result,) = reports[task].values()
    return result


def test_limits_are_those_of_each_host(reports: Run) -> None:
    summary = made(reports, 'report the plan')['summary']
    assert '1 of 3 hosts could not be queried. Its sessions are unknown.' in summary[1]
    assert '2 over the limit (disconnected 2 h to 4 h by host)' in summary
    assert 'outcomes: 2 would be logged off' in summary


def test_a_failure_that_the_caller_hides_is_reported(reports: Run) -> None:
    result = made(reports, 'report the refusal')
    assert (result['counts']['hosts_failed'], result['counts']['hosts_unseen']) == (3, 1)
    assert [line for line in result['summary'] if line.startswith('FAILED rds01') and 'max_sessions' in line]
    assert [line for line in result['summary'] if line.startswith('FAILED web03') and 'right to query' in line]


def test_a_loop_over_hosts_is_reported_under_these_hosts(reports: Run) -> None:
    result = made(reports, 'report the loop over hosts')
    assert (result['counts']['hosts_answered'], result['counts']['sessions']) == (2, 4)


def test_a_loop_is_reported_with_every_session(reports: Run) -> None:
    result = made(reports, 'report the loop')
    assert result['counts']['outcomes'] == {'logged_off': 2}
    assert result['summary'][0].startswith('alice or bob: 2 sessions on 1 of 3 hosts.')
    assert reports.hosts['rds01'].actions == [('WTSLogoffSession', 2), ('WTSLogoffSession', 3)]
