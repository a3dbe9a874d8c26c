# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook drain: closes hosts, logs off their users, and restores the old logon mode if any step fails."""

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

SPEC: dict[str, Any] = {
    'leaves': {'sessions': ALICE, 'events': [{'after': {'api': 'WTSSendMessageW'}, 'do': {'leave': 2}}]},
    'dies': {'sessions': ALICE},
    'stays': {
        'sessions': [
            *ALICE,
            {'id': 3, 'user': 'bob', 'disconnected': '2h'},
            {'id': 4, 'user': 'carol', 'disconnected': '1h'},
            {'id': 5, 'user': 'adm_kim'},
            {'id': 6, 'user': 'ansible', 'disconnected': '1h'},
        ],
        # Carol connects again between the first look and the deadline.
        'events': [{'after': {'api': 'WTSSendMessageW', 'session': 2}, 'do': {'update': {'id': 4, 'state': 'active'}}}],
    },
    'unwarned': {'sessions': ALICE, 'api': [{'api': 'WTSSendMessageW', 'error': 5}]},
    'stuck': {
        'sessions': [{**ALICE[0], 'on_logoff': {'error': 5}}],
        'registry': {DRAIN: {'TSServerDrainMode': 2}},
    },
    # An administrator logs on while the sessions are logged off.
    'late': {
        'sessions': ALICE,
        'events': [{'before': {'api': 'WTSLogoffSession', 'session': 2}, 'do': {'logon': {'id': 9, 'user': 'erin'}}}],
    },
    'gone': {},
}


def drain_mode(host: HostEvidence) -> Any:
    return host.registry.get(DRAIN, {}).get('TSServerDrainMode', 0)


def problem(done: Run, host: str) -> str:
    return str(done.results['Fail hosts with problems'][host]['msg'])


@pytest.fixture(scope='session')
def story(shared: Path) -> dict[str, Run]:
    """The runs, one after the other."""

    def play() -> dict[str, Run]:
        with Fleet({'hosts': SPEC}) as fleet:
            fleet['gone'].stop()

            # The second enumeration of a host is that of the message.
            fleet['leaves'].on('WTSEnumerateSessionsExW', nth=2, do=lambda _host: fleet['dies'].stop())

            def go(name: str, **variables: Any) -> Run:
                return run(MAIN, fleet, shared / f'drain-{name}', 'drain', variables=variables)

            full = go(
                'full',
                deadline='4s',
                remind='2s',
                text='Closes in {minutes} min.',
                mode='',
                method='',
                protect_users='CORP\\adm_*',
                report_dir='user-sessions',
            )
            again = go('again', target='stays,unwarned', protect_users=['adm_kim'])
            return {'full': full, 'again': again, 'release': go('release', release='yes', target='leaves,stays')}

    return cached_across_workers(shared, 'drain', play)


def test_warns_users_until_the_deadline_and_logs_them_off(story: dict[str, Run]) -> None:
    hosts = story['full'].hosts
    assert hosts['leaves'].actions == [('WTSSendMessageW', 2)]
    assert hosts['leaves'].boxes == [(2, 'Closes in 1 min.')]
    logoffs = [session for api, session in hosts['stays'].actions if api == 'WTSLogoffSession']
    assert sorted(logoffs) == [2, 3, 4]


def test_warns_a_user_who_connects_again_and_reminds_the_others(story: dict[str, Run]) -> None:
    warned = [session for session, _text in story['full'].hosts['stays'].boxes]
    assert warned == [2, 2, 4]  # alice, alice when 2 seconds are left, carol as soon as she is active
    assert 3 not in warned


def test_neither_ends_nor_waits_for_protected_sessions(story: dict[str, Run]) -> None:
    assert story['full'].hosts['stays'].users == {5: 'CORP\\adm_kim', 6: 'CORP\\ansible'}
    assert story['full'].outcomes()['stays', 'adm_kim'] == 'protected'
    assert story['again'].recap['stays']['failed'] == 0


def test_closes_a_host_before_it_warns(story: dict[str, Run]) -> None:
    for name in ('leaves', 'stays'):
        assert [api for api, *_rest in story['full'].hosts[name].acts][:2] == ['RegSetValueExW', 'WTSSendMessageW']
        assert drain_mode(story['full'].hosts[name]) == 1


def test_holds_no_connection_open_while_it_waits(story: dict[str, Run]) -> None:
    assert all(module[-1] == 'Delete' for module in story['full'].hosts['stays'].modules)


@pytest.mark.parametrize(
    ('host', 'mode', 'words'),
    [
        ('unwarned', 0, 'The logon mode is enabled again'),
        ('stuck', 2, 'The logon mode is drain again'),
        ('late', 0, 'Users are still logged on'),
        ('dies', 1, 'The logon mode could not be restored to enabled, new logons may be stopped'),
        ('gone', 0, 'The logon mode was not changed'),
    ],
)
def test_restores_the_old_mode_if_a_step_fails(story: dict[str, Run], host: str, mode: int, words: str) -> None:
    full = story['full']
    assert full.recap[host]['failed'] == 1
    assert words in problem(full, host)
    assert drain_mode(full.hosts[host]) == mode


def test_fails_if_a_user_remains_who_was_not_warned(story: dict[str, Run]) -> None:
    full = story['full']
    assert full.hosts['late'].users == {9: 'CORP\\erin'}
    assert 'CORP\\erin' in problem(full, 'late')
    assert full.hosts['unwarned'].users == {2: 'CORP\\alice'}
    assert 'WTSLogoffSession' not in full.hosts['unwarned'].calls


def test_finishes_the_other_hosts_if_one_fails(story: dict[str, Run]) -> None:
    full = story['full']
    assert full.status == 2
    good = [name for name, numbers in full.recap.items() if not numbers['failed']]
    assert sorted(good) == ['leaves', 'stays']


def test_does_not_wait_for_hosts_that_are_empty_or_failed(story: dict[str, Run]) -> None:
    again = story['again']
    assert [word for word in ('changed', 'failed') if again.recap['stays'][word]] == []
    assert again.recap['unwarned']['failed'] == 1
    assert again.pauses == 0


def test_explains_the_mode_and_how_to_repair_an_interrupted_run(story: dict[str, Run]) -> None:
    notes = ' '.join(story['again'].results['Explain the logon mode']['stays']['msg'])
    assert 'The first restart allows new logons again' in notes
    assert 'Remote Desktop Session Host' in notes
    assert 'ansible-playbook winops.sessions.drain -e target=stays,unwarned -e release=true' in notes


def test_release_allows_new_logons_and_does_nothing_else(story: dict[str, Run]) -> None:
    release = story['release']
    assert release.status == 0
    assert release.calls == {name: int(name in ('leaves', 'stays')) for name in SPEC}
    assert drain_mode(release.hosts['leaves']) == drain_mode(release.hosts['stays']) == 0
    assert release.hosts['stays'].actions == story['full'].hosts['stays'].actions


def test_check_mode_changes_nothing_and_does_not_wait(tmp_path: Path) -> None:
    with Fleet({'hosts': {'web01': {'sessions': ALICE}}}) as fleet:
        done = run(MAIN, fleet, tmp_path, 'drain', '--check', variables={'deadline': '1h', 'mode': 'disabled'})
        assert done.status == 0, done.output
        assert done.hosts['web01'].acts == []
        assert done.pauses == 0
        assert done.recap['web01']['changed'] == 3  # the mode, the message, the logoff
        assert 'cannot reconnect' in ' '.join(done['Explain the logon mode']['web01']['msg'])
