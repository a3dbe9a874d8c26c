# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts whose results are damaged or hostile: each is a failure of its own host and of no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import Run, cached_across_workers, run

from project import MAIN
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

CONNECTIONS = Path(__file__).resolve().parent / 'connection'
RECORD = {'id': 2, 'user': 'mallory', 'token': '2:1:CORP\\mallory', 'state': 'active', 'outcome': 'notified'}


def result(*sessions: Any, **keys: Any) -> str:
    return json.dumps(
        {'changed': False, 'msg': 'done', 'sessions': list(sessions), 'protected': [], 'remaining': [], **keys}
    )


ANSWERS = {
    'text': 'this is not JSON',
    'empty': '',
    'sessions_of_texts': result('x'),
    'sessions_as_text': json.dumps({'changed': False, 'sessions': 'all'}),
    'sessions_as_number': json.dumps({'changed': False, 'sessions': 7}),
    'nested_sessions': result([[RECORD]]),
    'outcome_as_list': result({**RECORD, 'outcome': ['notified']}),
    'no_outcome': result({'id': 2}),
    'huge_number': result({**RECORD, 'idle_seconds': 10**400}),
    'infinite_due': result({**RECORD, 'due_in_seconds': float('inf')}),
    'due_as_text': result({**RECORD, 'due_in_seconds': 'soon'}),
    'due_in_years': result({**RECORD, 'due_in_seconds': 999999999}),
    'due_in_the_past': result({**RECORD, 'due_in_seconds': -5}),
    'template': result({**RECORD, 'user': "{{ lookup('pipe', 'touch template-was-evaluated') }}"}),
    'terminal': result({**RECORD, 'user': 'a\x1b[2Jb\u202ec', 'detail': '\x9b31m'}, msg='\x1b]0;title\x07'),
    'facts': result(ansible_facts={'idle_logoff_max_sessions_total': 0, '__idle_logoff_pause': 99999}),
}
GOOD = {'sessions': [{'id': 2, 'user': 'alice', 'idle': '3h'}]}
VARIABLES = {
    'idle_logoff_max_idle': '2h',
    'idle_logoff_max_sessions_total': 1000,
    'idle_logoff_notice_text': 'Please save your work.',
    'idle_logoff_notice_grace': '2s',
}


@pytest.fixture(scope='session')
def hostile(shared: Path) -> Run:
    """A run of the role on all of these hosts and two honest ones, the first and the last of the play."""

    def play() -> Run:
        evil = {}
        for name, answer in ANSWERS.items():
            path = shared / f'{name}.answer'
            path.write_text(answer, encoding='utf-8')
            evil[name] = {
                'ansible_connection': 'hostile',
                'ansible_shell_type': 'powershell',
                'hostile_answer': str(path),
            }
        with Fleet({'hosts': {'first': GOOD, **{name: {} for name in evil}, 'last': GOOD}}) as fleet:
            return run(
                MAIN,
                fleet,
                shared / 'hostile',
                'logoff_idle',
                variables=VARIABLES,
                hosts=evil,
                settings={'ANSIBLE_CONNECTION_PLUGINS': str(CONNECTIONS)},
            )

    return cached_across_workers(shared, 'hostile', play)


def test_the_sessions_of_the_other_hosts_are_ended_after_their_grace_period(hostile: Run) -> None:
    for host in ('first', 'last'):
        assert hostile.hosts[host].actions == [('WTSSendMessageW', 2), ('WTSLogoffSession', 2)], hostile.output
        assert hostile.recap[host]['failed'] == 0
        assert hostile.outcomes()[host, 'alice'] == 'logged_off'


def test_the_pause_is_no_longer_than_the_configured_grace_period(hostile: Run) -> None:
    assert [line for line in hostile.output.splitlines() if 'Pausing for' in line] == ['Pausing for 3 seconds']


def test_every_host_is_in_the_report(hostile: Run) -> None:
    assert set(hostile.statuses()) == {'first', 'last', *ANSWERS}


@pytest.mark.parametrize('name', ANSWERS)
def test_a_damaged_result_is_a_failure_of_its_host(hostile: Run, name: str) -> None:
    harmless = {'template', 'terminal', 'facts'}
    assert hostile.statuses()[name] == ('answered' if name in harmless else 'failed')
    assert hostile.recap[name]['failed'] == (name not in harmless)


def test_nothing_of_a_result_is_evaluated_or_controls_the_terminal(hostile: Run, shared: Path) -> None:
    assert list(shared.rglob('template-was-evaluated')) == []
    assert not {'\x1b', '\x9b', '\u202e'} & set(hostile.output)
