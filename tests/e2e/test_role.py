# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role on hosts with different problems: in check mode, with a warning, and a second time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import Run, cached_across_workers, run

from project import MAIN, Core
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

IDLE = {'idle': '3h', 'logged_on': '9h'}
AWAY = {'disconnected': '3h', 'logged_on': '9h'}

# In the order of one fork: events on the first host happen before the second call to the others.
SPEC: dict[str, Any] = {
    'first': {
        'sessions': [{'id': 2, 'user': 'alice', **IDLE}, {'id': 3, 'user': 'bob', **AWAY}, {'id': 4, 'user': 'carol'}]
    },
    'returns': {'sessions': [{'id': 2, 'user': 'dave', **IDLE}]},
    'dies': {'sessions': [{'id': 2, 'user': 'erin', **IDLE}]},
    'fails': {
        'sessions': [{'id': 2, 'user': 'fred', **AWAY, 'on_logoff': {'error': 5}}, {'id': 3, 'user': 'gina', **IDLE}]
    },
    'crowded': {'sessions': [{'id': 2 + number, 'user': f'user{number}', **AWAY} for number in range(3)]},
    'blind': {'sessions': [{'id': 2, 'user': 'hugo', **IDLE}], 'accounts': {'CORP\\ansible': {'rights': 'blind'}}},
    'gone': {},
    'quiet': {},
}
VARIABLES = {
    'idle_logoff_max_idle': '2h',
    'idle_logoff_max_sessions': '2',
    'idle_logoff_notice_text': 'Please save your work.',
    'idle_logoff_notice_grace': '1s',
}


@pytest.fixture(scope='session')
def story(shared: Path) -> dict[str, Run]:
    """The runs, in their order."""

    def play() -> dict[str, Run]:
        with Fleet({'hosts': SPEC}) as fleet:
            fleet['gone'].stop()

            def later(_host: Any) -> None:
                fleet['returns'].change({'update': {'id': 2, 'idle': 0}})
                fleet['dies'].stop()

            fleet['first'].on('WTSLogoffSession', session=2, do=later)

            def go(name: str, *arguments: str) -> Run:
                folder = shared / f'role-{name}'
                return run(MAIN, fleet, folder, 'logoff_idle', '--forks=1', *arguments, variables=VARIABLES)

            planned = ('--check', '--limit=first,crowded,gone')
            retry = shared / 'role.retry'
            retry.write_text('first\nquiet\n', encoding='utf-8')
            return {'check': go('check', *planned), 'real': go('real'), 'again': go('again', f'--limit=@{retry}')}

    return cached_across_workers(shared, 'role', play)


# ---- Check mode ----


def test_check_mode_plans_and_does_nothing(story: dict[str, Run]) -> None:
    check = story['check']
    assert [host.acts for host in check.hosts.values() if host.acts] == []
    assert check.outcomes() == {
        ('first', 'alice'): 'planned',
        ('first', 'bob'): 'planned',
        ('first', 'carol'): None,
        **{('crowded', f'user{number}'): 'planned' for number in range(3)},
    }
    assert check.pauses == 0
    assert check.calls['first'] == 1
    assert check.recap['first']['changed'] == 1


def test_check_mode_fails_the_hosts_that_a_real_run_would_fail(story: dict[str, Run]) -> None:
    check = story['check']
    assert check.status == 2
    assert [name for name, numbers in check.recap.items() if numbers['failed']] == ['crowded', 'gone']
    assert check.statuses() == {'first': 'answered', 'crowded': 'failed', 'gone': 'unreachable'}


def test_the_report_names_the_limit(story: dict[str, Run]) -> None:
    targets = {name: run.report['target'] for name, run in story.items() if run.report}
    assert targets['check'].endswith(' (limit: first,crowded,gone)')
    assert targets['again'].endswith('/role.retry)')
    assert '(limit: @' in targets['again']
    assert 'limit' not in targets['real']


# ---- Warning, pause and logoff ----


def test_warns_and_ends_exactly_the_matching_sessions(story: dict[str, Run]) -> None:
    assert {name: host.actions for name, host in story['real'].hosts.items()} == {
        # A disconnected session is ended at once, because its user cannot read the message.
        'first': [('WTSLogoffSession', 3), ('WTSSendMessageW', 2), ('WTSLogoffSession', 2)],
        'returns': [('WTSSendMessageW', 2)],
        'dies': [('WTSSendMessageW', 2)],
        'fails': [('WTSLogoffSession', 2), ('WTSSendMessageW', 3), ('WTSLogoffSession', 2), ('WTSLogoffSession', 3)],
        'crowded': [],
        'blind': [],
        'gone': [],
        'quiet': [],
    }


def test_skips_a_user_who_is_active_again_after_the_warning(story: dict[str, Run]) -> None:
    assert story['real'].hosts['returns'].users == {2: 'CORP\\dave'}
    assert story['real'].recap['returns']['failed'] == 0
    assert story['real'].outcomes()['returns', 'dave'] == 'no_longer_matches'


def test_needs_two_calls_for_each_host_and_one_pause_for_the_play(story: dict[str, Run]) -> None:
    real = story['real']
    assert real.calls == {
        'first': 2,
        'returns': 2,
        'dies': 1,
        'fails': 2,
        'crowded': 1,
        'blind': 1,
        'gone': 0,
        'quiet': 1,
    }
    assert real.pauses == 1


def test_fails_hosts_with_problems_and_finishes_the_others(story: dict[str, Run]) -> None:
    real = story['real']
    assert real.status == 2
    failed = [name for name, numbers in real.recap.items() if numbers['failed']]
    assert sorted(failed) == ['blind', 'crowded', 'dies', 'fails', 'gone']
    assert real.hosts['first'].users == {4: 'CORP\\carol'}


def test_the_report_has_every_host(story: dict[str, Run]) -> None:
    real = story['real']
    assert real.statuses() == {
        'first': 'answered',
        'returns': 'answered',
        'dies': 'unreachable',
        'fails': 'failed',
        'crowded': 'failed',
        'blind': 'failed',
        'gone': 'unreachable',
        'quiet': 'answered',
    }
    outcomes = real.outcomes()
    assert outcomes['first', 'alice'] == 'logged_off'
    assert outcomes['first', 'bob'] == 'logged_off'
    assert outcomes['fails', 'fred'] == 'failed'
    assert outcomes['fails', 'gina'] == 'logged_off'
    assert outcomes['dies', 'erin'] == 'notified'


def test_sets_the_workflow_statistics(story: dict[str, Run]) -> None:
    (stats,) = story['real'].results['Set workflow statistics'].values()
    numbers = stats['ansible_stats']
    assert numbers['aggregate'] is False
    assert numbers['data']['user_sessions_hosts'] == len(SPEC)
    assert numbers['data']['user_sessions_unseen'] == ['blind', 'dies', 'gone']


# ---- A second run ----


def test_a_second_run_changes_nothing(story: dict[str, Run]) -> None:
    again = story['again']
    assert again.status == 0
    assert {name: numbers['changed'] for name, numbers in again.recap.items()} == {'first': 0, 'quiet': 0}
    assert again.hosts == story['real'].hosts | {name: again.hosts[name] for name in ('first', 'quiet')}
    assert again.hosts['first'].actions == story['real'].hosts['first'].actions
    assert again.pauses == 0


# ---- Twenty hosts ----


def test_finishes_twenty_hosts_at_once_on_every_core(core: Core, tmp_path: Path) -> None:
    spec = {f'web{number:02}': {'sessions': [{'id': 2, 'user': f'user{number}', **AWAY}]} for number in range(20)}
    with Fleet({'hosts': spec}) as fleet:
        done = run(core, fleet, tmp_path, 'logoff_idle', '--forks=20', variables={'idle_logoff_max_disconnected': '2h'})
        assert done.status == 0, done.output
        assert set(done.calls.values()) == {1}
        assert set(done.outcomes().values()) == {'logged_off'}
        assert all(host.users == {} for host in done.hosts.values())
