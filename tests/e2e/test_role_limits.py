# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The safety limit of the play, scheduled runs, and the two together."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e.playbook import Run, cached_across_workers, run

from project import MAIN
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

SPEC = {
    'rds01': {'sessions': [{'id': 2, 'user': 'alice', 'idle': '3h'}]},
    'rds02': {'sessions': [{'id': 2, 'user': 'bob', 'disconnected': '3h'}, {'id': 3, 'user': 'carol', 'idle': '3h'}]},
}
LIMIT = {'idle_logoff_max_idle': '2h'}
NOTICE = {'idle_logoff_notice_text': 'Please save your work.', 'idle_logoff_notice_grace': '10m'}
SCHEDULED = {**LIMIT, **NOTICE, 'idle_logoff_scheduled': 'true'}


@pytest.fixture(scope='session')
def story(shared: Path) -> dict[str, Run]:
    """The runs, in their order."""

    def play() -> dict[str, Run]:
        with Fleet({'hosts': SPEC}) as fleet:

            def go(name: str, **variables: object) -> Run:
                return run(MAIN, fleet, shared / f'limits-{name}', 'logoff_idle', variables=variables)

            runs = {
                'limited': go('limited', **LIMIT, idle_logoff_max_sessions_total='2'),
                'warned': go('warned', **SCHEDULED, idle_logoff_max_sessions_total=3),
                'in grace': go('in-grace', **SCHEDULED),
                # Without the safety limit it would wait for the grace period.
                'limited in grace': go('limited-in-grace', **LIMIT, **NOTICE, idle_logoff_max_sessions_total=1),
            }
            for host in fleet.values():
                host.change({'advance': '11m'})
            return {**runs, 'ended': go('ended', **SCHEDULED)}

    return cached_across_workers(shared, 'limits', play)


def test_a_safety_limit_of_the_play_prevents_any_action(story: dict[str, Run]) -> None:
    limited = story['limited']
    assert [host.acts for host in limited.hosts.values() if host.acts] == []
    assert limited.calls == {'rds01': 1, 'rds02': 1}
    assert limited.status == 2
    assert all(numbers['failed'] == 1 for numbers in limited.recap.values())
    assert '3 sessions match on all hosts together, more than idle_logoff_max_sessions_total: 2' in limited.output


def test_the_report_states_that_a_safety_limit_was_exceeded(story: dict[str, Run]) -> None:
    report = story['limited'].report
    assert report
    assert 'nothing was done, 3 sessions match' in report['title']
    assert set(story['limited'].outcomes().values()) == {'planned'}


def test_a_scheduled_run_warns_and_does_not_wait(story: dict[str, Run]) -> None:
    warned = story['warned']
    assert warned.status == 0
    assert warned.pauses == 0
    assert warned.hosts['rds01'].actions == [('WTSSendMessageW', 2)]
    assert warned.hosts['rds02'].actions == [('WTSLogoffSession', 2), ('WTSSendMessageW', 3)]


def test_the_safety_limit_of_the_play_costs_one_more_call(story: dict[str, Run]) -> None:
    assert story['warned'].calls == {'rds01': 2, 'rds02': 2}
    assert story['in grace'].calls == {'rds01': 1, 'rds02': 1}


def test_a_scheduled_run_in_the_grace_period_changes_nothing(story: dict[str, Run]) -> None:
    run_in_grace = story['in grace']
    assert run_in_grace.status == 0
    assert all(numbers['changed'] == 0 for numbers in run_in_grace.recap.values())
    assert run_in_grace.outcomes() == {('rds01', 'alice'): 'in_grace', ('rds02', 'carol'): 'in_grace'}


def test_sessions_in_their_grace_period_count_for_the_safety_limit(story: dict[str, Run]) -> None:
    limited = story['limited in grace']
    assert limited.status == 2
    assert limited.pauses == 0
    assert '2 sessions match on all hosts together, more than idle_logoff_max_sessions_total: 1' in limited.output
    assert limited.hosts['rds01'].users == {2: 'CORP\\alice'}


def test_a_scheduled_run_after_the_grace_period_logs_off(story: dict[str, Run]) -> None:
    ended = story['ended']
    assert ended.status == 0
    assert ended.outcomes() == {('rds01', 'alice'): 'logged_off', ('rds02', 'carol'): 'logged_off'}
    assert all(host.users == {} for host in ended.hosts.values())
