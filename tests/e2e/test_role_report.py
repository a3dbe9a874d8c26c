# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of the role: its directory is checked first, and it comes in every case."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import run

from project import MAIN, ROOT
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

IDLE = {'sessions': [{'id': 2, 'user': 'alice', 'idle': '3h'}]}
BLIND = {**IDLE, 'accounts': {'CORP\\ansible': {'rights': 'blind'}}}
LIMIT = {'idle_logoff_max_idle': '2h'}


def test_refuses_an_unusable_report_directory_before_a_host_is_contacted(tmp_path: Path) -> None:
    with Fleet({'hosts': {'web01': IDLE}}) as fleet:
        done = run(MAIN, fleet, tmp_path, 'logoff_idle', variables={**LIMIT, 'report_dir': '/proc/nope'})
    assert done.status == 2
    assert done.calls == {'web01': 0}
    assert '/proc/nope' in done['Check the report directory']['web01']['msg']


def test_the_summary_is_shown_if_the_files_cannot_be_written(tmp_path: Path) -> None:
    def lost(_host: Any) -> None:
        folder = tmp_path / 'user-sessions'
        shutil.rmtree(folder, ignore_errors=True)
        folder.write_text('a file')

    with Fleet({'hosts': {'web01': IDLE, 'web02': IDLE}}) as fleet:
        fleet['web01'].on('WTSLogoffSession', do=lost)
        done = run(MAIN, fleet, tmp_path, 'logoff_idle', variables=LIMIT)
    assert done.status == 2
    summary = ' '.join(next(iter(done['Show the summary'].values()))['msg'])
    assert 'alice' in summary
    statistics = next(iter(done['Set workflow statistics'].values()))['ansible_stats']['data']
    assert statistics['user_sessions_hosts'] == 2
    assert [host for host, numbers in done.recap.items() if numbers['failed']] == ['web01', 'web02']


def test_leaves_the_verdict_to_the_caller_even_if_every_host_fails(tmp_path: Path) -> None:
    mail = {
        'name': 'Mail the summary',
        'ansible.builtin.debug': {'msg': '{{ user_sessions_report.statistics.user_sessions_hosts_failed }}'},
        'run_once': True,
    }
    plays = [
        {
            'roles': ['winops.sessions.idle_logoff'],
            'vars': {**LIMIT, 'idle_logoff_report_fail': False},
            'post_tasks': [mail],
        }
    ]
    with Fleet({'hosts': {'web01': BLIND, 'web02': BLIND}}) as fleet:
        done = run(MAIN, fleet, tmp_path, plays)
    assert done.status == 0, done.output
    assert done['Mail the summary']['web01']['msg'] == 2
    assert [host.acts for host in done.hosts.values() if host.acts] == []


def test_the_playbook_runs_from_one_copied_file(tmp_path: Path) -> None:
    copy = tmp_path / 'copied.yml'
    shutil.copy(ROOT / 'playbooks' / 'logoff_idle.yml', copy)
    with Fleet({'hosts': {'web01': IDLE}}) as fleet:
        done = run(MAIN, fleet, tmp_path, copy, variables=LIMIT)
    assert done.status == 0, done.output
    assert done.outcomes() == {('web01', 'alice'): 'logged_off'}


def test_the_command_line_overrides_the_report_directory_of_the_inventory(tmp_path: Path) -> None:
    own = {'web01': {'idle_logoff_report_dir': 'from-inventory', 'report_dir': 'not-from-inventory', **LIMIT}}
    with Fleet({'hosts': {'web01': IDLE}}) as fleet:
        run(MAIN, fleet, tmp_path, 'logoff_idle', hosts=own)
        assert sorted(path.parent.name for path in tmp_path.glob('*/report.json')) == ['from-inventory']
        run(MAIN, fleet, tmp_path, 'logoff_idle', hosts=own, variables={'report_dir': 'from-command-line'})
        assert sorted(path.parent.name for path in tmp_path.glob('*/report.json')) == [
            'from-command-line',
            'from-inventory',
        ]
