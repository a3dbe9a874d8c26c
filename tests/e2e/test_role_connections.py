# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbooks and the role over winrm, psrp and ssh: each connection is three hosts of one run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import Run, cached_across_workers, patient_fleet, run
from e2e.test_connections import CONNECTIONS, HOST, without
from e2e.test_playbook_drain import drain_mode

from project import MAIN

pytestmark = pytest.mark.e2e

SESSIONS = [
    {'id': 2, 'user': 'alice', 'idle': '3h', 'logged_on': '9h'},
    {'id': 3, 'user': 'bob', 'disconnected': '3h', 'logged_on': '9h'},
    {'id': 4, 'user': 'carol', 'logged_on': '9h'},
    {'id': 5, 'user': 'dave', 'logged_on': '9h'},
]
# At the same moment on every host, so that the results of two connections are equal.
KINDS: dict[str, dict[str, Any]] = {
    'works': {'clock': HOST['clock'], 'computer': HOST['computer'], 'sessions': SESSIONS},
    'blind': {'sessions': SESSIONS, 'accounts': {'CORP\\ansible': {'rights': 'blind'}}},
    'gone': {},
}
# The playbooks with one answer for every host.
SINGLE = ['find', 'message', 'logoff_user', 'drain']
VARIABLES = {'idle_logoff_max_idle': '2h', 'idle_logoff_notice_text': 'Please save your work.'}


@pytest.fixture(scope='session')
def runs(shared: Path) -> dict[str, Run]:
    """The runs, in their order."""

    def play() -> dict[str, Run]:
        spec = {f'{connection}-{kind}': host for connection in CONNECTIONS for kind, host in KINDS.items()}
        with patient_fleet(spec) as fleet:
            hosts: dict[str, dict[str, Any]] = {}
            for name in spec:
                inventory = fleet.inventory(name.partition('-')[0])['all']
                hosts[name] = {**inventory['vars'], **inventory['hosts'][name]}
                if name.endswith('gone'):
                    fleet[name].stop()
                else:
                    # The clocks stand still, so the grace period ends when the user has been warned.
                    fleet[name].on('WTSSendMessageW', do=lambda host: host.change({'advance': '5m'}))

            def go(playbook: str, *arguments: str, **variables: str) -> Run:
                folder = shared / f'{playbook}-connections'
                return run(MAIN, fleet, folder, playbook, *arguments, variables=variables, hosts=hosts)

            healthy = '--limit=*-works'
            return {
                'report': go('report'),
                'logoff_idle': go('logoff_idle', idle_logoff_notice_grace='1s', **VARIABLES),
                'find': go('find', healthy, user='carol@CORP'),
                'message': go('message', healthy, text='The file server restarts.', users='carol'),
                'logoff_user': go('logoff_user', healthy, user='dave@CORP'),
                'drain': go('drain', healthy, deadline='1s', text='The host closes.'),
            }

    return cached_across_workers(shared, 'role-connections', play)


@pytest.mark.parametrize('connection', CONNECTIONS)
@pytest.mark.parametrize('playbook', ['report', 'logoff_idle'])
def test_reports_hosts_that_cannot_be_queried_and_fails_only_them(
    runs: dict[str, Run], playbook: str, connection: str
) -> None:
    done = runs[playbook]
    statuses = {'works': 'answered', 'blind': 'failed', 'gone': 'unreachable'}
    assert {kind: done.statuses()[f'{connection}-{kind}'] for kind in KINDS} == statuses, done.output
    failed = {kind: done.recap[f'{connection}-{kind}']['failed'] for kind in KINDS}
    assert failed == {'works': 0, 'blind': 1, 'gone': 1}


@pytest.mark.parametrize('connection', CONNECTIONS)
def test_the_role_warns_waits_and_logs_off(runs: dict[str, Run], connection: str) -> None:
    done = runs['logoff_idle']
    host = done.hosts[f'{connection}-works']
    assert host.actions == [('WTSLogoffSession', 3), ('WTSSendMessageW', 2), ('WTSLogoffSession', 2)]
    assert host.users == {4: 'CORP\\carol', 5: 'CORP\\dave'}
    assert host.boxes == [(2, 'Please save your work.')]
    assert done.pauses == 1
    assert done.hosts[f'{connection}-blind'].acts == []


@pytest.mark.parametrize('connection', CONNECTIONS)
def test_finds_messages_and_logs_off_one_user_and_drains_the_host(runs: dict[str, Run], connection: str) -> None:
    hosts = {playbook: runs[playbook].hosts[f'{connection}-works'] for playbook in SINGLE}
    assert {playbook: runs[playbook].status for playbook in SINGLE} == dict.fromkeys(SINGLE, 0), runs['drain'].output
    # What was done to the host so far.
    assert [len(hosts[playbook].actions) for playbook in SINGLE] == [3, 4, 5, 7]
    assert hosts['drain'].actions[3:] == [
        ('WTSSendMessageW', 4),
        ('WTSLogoffSession', 5),
        ('WTSSendMessageW', 4),
        ('WTSLogoffSession', 4),
    ]
    (summary,) = runs['find']['Show the summary'].values()
    found = [line for line in summary['msg'] if line.startswith(f'{connection}-works: ')]
    assert [line for line in found if 'CORP\\carol' in line] == found != []
    assert hosts['drain'].users == {}
    assert drain_mode(hosts['drain']) == 1


@pytest.mark.parametrize('connection', ['psrp', 'ssh'])
@pytest.mark.parametrize('playbook', ['report', 'logoff_idle'])
def test_the_report_is_the_same_over_every_connection(runs: dict[str, Run], playbook: str, connection: str) -> None:
    def rows(of: str) -> Any:
        report = runs[playbook].report
        assert report
        found = [row for row in report['rows'] if row['host'] == f'{of}-works']
        # How long a call took is no property of the connection.
        return without(json.loads(json.dumps(found).replace(f'{of}-', '')), 'seconds')

    assert len(rows('winrm')) == len(SESSIONS)
    assert rows(connection) == rows('winrm')
