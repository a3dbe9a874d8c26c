# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook drain: closes hosts, empties them, and puts the old mode back where any step fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import HostEvidence, Run, cached_across_workers, run

from project import MAIN
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

DRAIN = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server'
ALICE = [{'id': 2, 'user': 'alice', 'idle': '1m'}]

# In the order in which one fork works on them.
SPEC: dict[str, Any] = {
    'leaves': {'sessions': ALICE, 'events': [{'after': {'api': 'WTSSendMessageW'}, 'do': {'leave': 2}}]},
    'returns': {'sessions': ALICE},
    'dies': {'sessions': ALICE},
    'stays': {'sessions': ALICE},
    'unwritable': {'sessions': ALICE, 'api': [{'api': 'RegSetValueExW', 'error': 5}]},
    'unwarned': {'sessions': ALICE, 'api': [{'api': 'WTSSendMessageW', 'error': 5}]},
    'stuck': {
        'sessions': [{**ALICE[0], 'on_logoff': {'error': 5}}],
        'registry': {DRAIN: {'TSServerDrainMode': 2}},
    },
    'gone': {},
}


def drain_mode(host: HostEvidence) -> Any:
    return host.registry.get(DRAIN, {}).get('TSServerDrainMode', 0)


@pytest.fixture(scope='session')
def story(shared: Path) -> dict[str, Run]:
    """The runs, one after the other."""

    def play() -> dict[str, Run]:
        with Fleet({'hosts': SPEC}) as fleet:
            fleet['gone'].stop()

            def lost(_host: Any) -> None:
                fleet['dies'].stop()
                fleet['returns'].stop()

            # The first look is that of the message, the second one begins the wait, on the first of the hosts.
            fleet['leaves'].on('WTSEnumerateSessionsExW', nth=2, do=lost)
            fleet['stays'].on('WTSLogoffSession', do=lambda _host: fleet['returns'].start())

            def go(name: str, **variables: Any) -> Run:
                return run(MAIN, fleet, shared / f'drain-{name}', 'drain', '--forks=1', variables=variables)

            # The pauses of an hour, in short.
            full = go('full', deadline='1h', drain_pauses=[1, 1], text='Closed at noon.', mode='')
            again = go('again', deadline='1h', target='leaves')
            return {'full': full, 'again': again, 'release': go('release', release='yes', target='leaves,stays')}

    return cached_across_workers(shared, 'drain', play)


def test_users_are_told_and_have_until_the_deadline(story: dict[str, Run]) -> None:
    hosts = story['full'].hosts
    assert hosts['stays'].boxes == [(2, 'Closed at noon.')]
    assert hosts['leaves'].actions == [('WTSSendMessageW', 2)]
    assert hosts['stays'].actions == [('WTSSendMessageW', 2), ('WTSLogoffSession', 2)]
    assert hosts['stays'].users == {}


def test_hosts_are_closed_before_anybody_is_told(story: dict[str, Run]) -> None:
    for name in ('leaves', 'stays'):
        assert [api for api, *_rest in story['full'].hosts[name].acts][:2] == ['RegSetValueExW', 'WTSSendMessageW']
        assert drain_mode(story['full'].hosts[name]) == 1


def test_the_play_asks_again_between_pauses_and_holds_no_connection_open(story: dict[str, Run]) -> None:
    full = story['full']
    assert full.pauses == 2
    # The mode, the closing, the warning, a look before each of the two pauses, the end.
    assert full.calls['stays'] == 6
    assert all(module[-1] == 'Delete' for module in full.hosts['stays'].modules)


@pytest.mark.parametrize(
    ('host', 'mode', 'words'),
    [
        ('unwarned', 0, 'New logons are as before: enabled'),
        ('stuck', 2, 'New logons are as before: drain'),
        ('unwritable', 0, 'New logons are as before: enabled'),
        ('returns', 0, 'New logons are as before: enabled'),
        ('dies', 1, 'New logons could not be put back to enabled and may be stopped'),
        ('gone', 0, 'New logons were not touched'),
    ],
)
def test_the_old_mode_is_put_back_where_a_step_fails(story: dict[str, Run], host: str, mode: int, words: str) -> None:
    full = story['full']
    assert full.recap[host]['failed'] == 1
    assert words in full.results['Report | Fail for the hosts where something went wrong'][host]['msg']
    assert drain_mode(full.hosts[host]) == mode


def test_nobody_is_logged_off_who_was_not_warned(story: dict[str, Run]) -> None:
    for host in ('unwarned', 'unwritable'):
        assert story['full'].hosts[host].users == {2: 'CORP\\alice'}
        assert 'WTSLogoffSession' not in story['full'].hosts[host].calls


def test_one_host_in_trouble_does_not_stop_the_others(story: dict[str, Run]) -> None:
    full = story['full']
    assert full.status == 2
    good = [name for name, numbers in full.recap.items() if not numbers['failed']]
    assert sorted(good) == ['leaves', 'stays']


def test_an_empty_closed_host_is_neither_changed_nor_waited_for(story: dict[str, Run]) -> None:
    again = story['again']
    assert again.status == 0
    assert again.recap['leaves']['changed'] == 0
    assert again.pauses == 0


def test_release_opens_the_hosts_and_does_nothing_else(story: dict[str, Run]) -> None:
    release = story['release']
    assert release.status == 0
    assert release.calls == {name: int(name in ('leaves', 'stays')) for name in SPEC}
    assert drain_mode(release.hosts['leaves']) == drain_mode(release.hosts['stays']) == 0
    assert release.hosts['stays'].actions == story['full'].hosts['stays'].actions


def test_check_mode_changes_nothing_tells_nobody_and_does_not_wait(tmp_path: Path) -> None:
    with Fleet({'hosts': {'web01': {'sessions': ALICE}}}) as fleet:
        done = run(MAIN, fleet, tmp_path, 'drain', '--check', variables={'deadline': 0, 'mode': 'disabled'})
        assert done.status == 0, done.output
        assert done.hosts['web01'].acts == []
        assert done.pauses == 0
        assert done.recap['web01']['changed'] == 3  # the mode, the message, the logoff
