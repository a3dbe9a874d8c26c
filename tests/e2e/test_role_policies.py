# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Policies of the role: two stages, groups, locked sessions, programs, and warnings with a time. One host each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import Run, cached_across_workers, run

from project import MAIN
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

NOTICE = {'notice_text': 'Logoff in {minutes} minutes.', 'notice_grace': '2s'}
VIP = {'groups': ['CORP\\VIP']}


@dataclass
class Policy:
    """A host with variables of its own.

    :ivar variables: the variables of the role.
    :ivar sessions: the sessions of the host; each user is logged on.
    :ivar outcomes: the outcomes in the report.
    :ivar actions: what is done to sessions.
    :ivar planned: the actions that check mode reports.
    """

    variables: dict[str, Any]
    sessions: list[dict[str, Any]]
    outcomes: dict[str, str | None]
    actions: list[tuple[str, int]]
    planned: dict[str, str] = field(default_factory=dict)


def idle(user: str, number: int, **facts: Any) -> dict[str, Any]:
    return {'id': number, 'user': user, 'idle': '2h', **facts}


def disconnected(user: str, number: int) -> dict[str, Any]:
    return {'id': number, 'user': user, 'disconnected': '5h'}


TWO_STAGES = {'max_idle': '1h', 'idle_action': 'disconnect', 'max_disconnected': '4h'}
POLICIES = {
    'stages': Policy(
        TWO_STAGES,
        [idle('alice', 2), disconnected('bob', 3), {'id': 4, 'user': 'carol'}],
        {'alice': 'disconnected', 'bob': 'logged_off', 'carol': None},
        [('WTSDisconnectSession', 2), ('WTSLogoffSession', 3)],
        {'alice': 'disconnect', 'bob': 'logoff'},
    ),
    'warned-stages': Policy(
        {**TWO_STAGES, **NOTICE},
        [idle('alice', 2), disconnected('bob', 3)],
        {'alice': 'disconnected', 'bob': 'logged_off'},
        [('WTSLogoffSession', 3), ('WTSSendMessageW', 2), ('WTSDisconnectSession', 2)],
        {'alice': 'notify', 'bob': 'logoff'},
    ),
    'protected-groups': Policy(
        {'max_idle': '1h', 'protect_groups': 'CORP\\VIP'},
        [idle('alice', 2, **VIP), idle('bob', 3)],
        {'alice': 'protected', 'bob': 'logged_off'},
        [('WTSLogoffSession', 3)],
        {'bob': 'logoff'},
    ),
    'groups': Policy(
        {'max_idle': '1h', 'groups': ['CORP\\VIP']},
        [idle('alice', 2, **VIP), idle('bob', 3)],
        {'alice': 'logged_off', 'bob': None},
        [('WTSLogoffSession', 2)],
        {'alice': 'logoff'},
    ),
    'locked': Policy(
        {'max_idle': '1h', 'locked': 'true'},
        [idle('alice', 2, locked=True), idle('bob', 3, locked=False)],
        {'alice': 'logged_off', 'bob': None},
        [('WTSLogoffSession', 2)],
        {'alice': 'logoff'},
    ),
    'programs': Policy(
        {'max_idle': '1h', 'processes': 'winword'},
        [idle('alice', 2, processes=['WINWORD.EXE']), idle('bob', 3)],
        {'alice': 'logged_off', 'bob': None},
        [('WTSLogoffSession', 2)],
        {'alice': 'logoff'},
    ),
    # The message box cannot be shown the first time. The second call tries again, so the user keeps the session.
    'not-warned': Policy(
        {'max_idle': '1h', **NOTICE, 'notice_grace': '3s'},
        [idle('alice', 2, on_message={'error': 5, 'times': 1})],
        {'alice': 'notified'},
        [('WTSSendMessageW', 2), ('WTSSendMessageW', 2)],
        {'alice': 'notify'},
    ),
}
DIRECTORY = {'domains': {'CORP': 'corp.example.com'}, 'accounts': {'CORP\\VIP': {'type': 'group'}}}


@pytest.fixture(scope='session')
def runs(shared: Path) -> dict[str, Run]:
    """A run in check mode, and a real one."""

    def play() -> dict[str, Run]:
        own = {
            host: {f'idle_logoff_{name}': value for name, value in policy.variables.items()}
            for host, policy in POLICIES.items()
        }
        spec = {host: {'sessions': policy.sessions, 'directory': DIRECTORY} for host, policy in POLICIES.items()}
        with Fleet({'hosts': spec}) as fleet:
            return {
                'check': run(MAIN, fleet, shared / 'policies-check', 'logoff_idle', '--check', hosts=own),
                'real': run(MAIN, fleet, shared / 'policies', 'logoff_idle', hosts=own),
            }

    return cached_across_workers(shared, 'policies', play)


@pytest.mark.parametrize('host', POLICIES)
def test_check_mode_reports_the_planned_actions(runs: dict[str, Run], host: str) -> None:
    check = runs['check']
    assert check.recap[host]['failed'] == 0, check.output
    assert check.hosts[host].actions == []
    assert check.report
    rows = [row for row in check.report['rows'] if row['host'] == host]
    assert {row['user']: row['action'] for row in rows if row['outcome'] == 'planned'} == POLICIES[host].planned


@pytest.mark.parametrize('host', POLICIES)
def test_exactly_the_sessions_of_the_policy_are_acted_on(runs: dict[str, Run], host: str) -> None:
    real = runs['real']
    assert real.recap[host]['failed'] == 0, real.output
    assert real.hosts[host].actions == POLICIES[host].actions
    assert {user: outcome for (name, user), outcome in real.outcomes().items() if name == host} == POLICIES[
        host
    ].outcomes


def test_all_hosts_wait_once_for_the_longest_grace_period(runs: dict[str, Run]) -> None:
    assert runs['real'].pauses == 1
    assert 'Pausing for 4 seconds' in runs['real'].output


def test_a_time_with_a_zone_and_a_reminder_work_over_scheduled_runs(tmp_path: Path) -> None:
    clock = {'fixed': '2026-11-21T20:00:00Z'}
    variables = {
        'idle_logoff_max_idle': '2h',
        'idle_logoff_notice_text': 'Logoff in {minutes} minutes.',
        'idle_logoff_notice_at': '2026-11-21T23:00:00+01:00',
        'idle_logoff_notice_remind': '15m',
        'idle_logoff_scheduled': True,
        'idle_logoff_max_sessions_total': 1,
    }
    with Fleet({'hosts': {'web01': {'clock': clock, 'sessions': [{'id': 2, 'user': 'alice', 'idle': '3h'}]}}}) as fleet:
        boxes = []
        for wait in ('0s', '110m', '10m'):
            fleet['web01'].change({'advance': wait})
            done = run(MAIN, fleet, tmp_path, 'logoff_idle', variables=variables)
            assert done.status == 0, done.output
            assert done.pauses == 0
            boxes.append([text for _session, text in done.hosts['web01'].boxes])
        assert boxes[-1] == ['Logoff in 120 minutes.', 'Logoff in 10 minutes.']
        assert done.outcomes() == {('web01', 'alice'): 'logged_off'}
