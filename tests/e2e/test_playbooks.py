# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbooks report, find, logoff_user and message, and what all playbooks refuse."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e.playbook import run

from project import MAIN, ROOT
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

BLIND = {'accounts': {'CORP\\ansible': {'rights': 'blind'}}}
TWO = [{'id': 2, 'user': 'alice', 'idle': '1m'}, {'id': 3, 'user': 'bob', 'disconnected': '5m'}]
PLAYBOOKS = [
    ROOT / 'playbooks' / f'{name}.yml' for name in ('drain', 'find', 'logoff_idle', 'logoff_user', 'message', 'report')
]

# Playbook, arguments, extra variables, and parts of the output.
REFUSED: dict[str, tuple[str, list[str], dict[str, Any], list[str]]] = {
    'part_of_a_target': ('report', [], {'target': 'web01,wbe'}, ['target: wbe matches no host', 'target=windows']),
    'nothing_within_the_limit': (
        'drain',
        ['--limit=web02'],
        {'target': 'web01'},
        ['target: web01 has no host', 'web02'],
    ),
    'an_empty_target': ('logoff_idle', [], {'target': '', 'idle_logoff_max_idle': 1}, ['target: the value is empty']),
    'an_unquoted_text': (
        'message',
        ['-e', 'text=The server restarts'],
        {},
        ['"server restarts"', '-e \'{"text": "The'],
    ),
    'a_control_character': (
        'find',
        ['-e', 'user=CORP\\alice'],
        {},
        [
            'user: "CORP\\u0007lice" is not valid',
            'control character',
            'user=alice@CORP',
            '-e \'{"user": "CORP\\\\alice"}\'',
        ],
    ),
    'no_user': ('logoff_user', [], {'user': ''}, ['user: no user is given', 'user=alice@CORP']),
    'several_users': (
        'logoff_user',
        [],
        {'user': 'a*', 'method': 'kill', 'notice_text': 'Save.', 'notice_grace': 'x', 'idle_logoff_users': ['bob']},
        ['user: "a*" is not valid', "method: 'kill'", 'notice_grace:', 'idle_logoff_users: ["bob"] is not valid'],
    ),
    'a_message': (
        'message',
        [],
        {'text': 'x' * 513, 'users': 'a;b', 'display_for': '2x'},
        ['is 513 UTF-16 units long', "users: 'a;b' is not", "display_for: '2x' is not a duration"],
    ),
    'a_drain': (
        'drain',
        [],
        {'mode': 'enabled', 'deadline': '30d', 'remind': '2x', 'text': 'x' * 513, 'method': 'kill'},
        [
            'mode: "enabled" is not valid',
            'deadline: "30d" is not valid',
            "remind: '2x' is not a duration",
            'is 513 UTF-16 units long',
            "method: 'kill'",
        ],
    ),
    'a_release': ('drain', [], {'release': 'ture'}, ['release: "ture" is not valid']),
    'a_report_to_merge': ('report', [], {'merge': 'missing.json'}, ['missing.json']),
}


@pytest.fixture(scope='module')
def untouched() -> Iterator[Fleet]:
    """Hosts that no run may contact."""
    with Fleet({'hosts': {'web01': {'sessions': TWO}, 'web02': {'sessions': TWO}}}) as fleet:
        yield fleet
        assert [host.messages for host in fleet.values()] == [[], []]


@pytest.mark.parametrize('case', REFUSED)
def test_refuses_invalid_variables_before_a_host_is_contacted(untouched: Fleet, tmp_path: Path, case: str) -> None:
    playbook, arguments, variables, words = REFUSED[case]
    done = run(MAIN, untouched, tmp_path, playbook, *arguments, variables=variables)
    assert done.status != 0
    # The line [ERROR] is plain text; the result of the task is JSON.
    assert [one for one in words if one not in done.output] == [], done.output
    assert done.report is None


def test_the_inventory_does_not_name_the_user(untouched: Fleet, tmp_path: Path) -> None:
    done = run(MAIN, untouched, tmp_path, 'logoff_user', hosts={'web01': {'user': 'bob'}, 'web02': {'user': 'bob'}})
    assert 'user: no user is given' in done.output


def test_checks_the_variables_of_every_host(untouched: Fleet, tmp_path: Path) -> None:
    names = {'web01': {'name_of_the_day': 'alice'}, 'web02': {'name_of_the_day': '*'}}
    # A template is evaluated for each host.
    done = run(MAIN, untouched, tmp_path, 'logoff_user', '-e', 'user={{ name_of_the_day }}', hosts=names)
    assert done.status != 0
    assert 'user: "*" is not valid' in done.output


@pytest.mark.parametrize(
    ('playbook', 'task', 'variables'),
    [('logoff_user', 'Log off the user', {'user': '*'}), ('drain', 'Drain the hosts', {'mode': 'enabled'})],
)
def test_a_later_start_does_not_skip_the_checks(
    untouched: Fleet, tmp_path: Path, playbook: str, task: str, variables: dict[str, Any]
) -> None:
    run(MAIN, untouched, tmp_path, playbook, f'--start-at-task={task}', variables=variables)


@pytest.mark.parametrize('path', PLAYBOOKS, ids=lambda path: path.stem)
def test_all_playbooks_select_their_hosts_alike(path: Path) -> None:
    (play,) = yaml.safe_load(path.read_text(encoding='utf-8'))
    (first,) = yaml.safe_load(PLAYBOOKS[0].read_text(encoding='utf-8'))
    names = ('__target', '__target_unknown', '__target_hosts', '__target_refused', '__target_quoting')
    assert play['hosts'] == first['hosts']
    assert {name: play['vars'][name] for name in names} == {name: first['vars'][name] for name in names}
    assert play['vars']['target'] is None


# ---- report ----


def test_merges_the_reports_of_several_runs(tmp_path: Path) -> None:
    spec = {'web01': {'sessions': TWO}, 'web02': {'sessions': TWO}, 'blind': BLIND, 'gone': {}}
    with Fleet({'hosts': spec}) as fleet:
        fleet['gone'].stop()
        first = run(MAIN, fleet, tmp_path / 'first', 'report', variables={'target': 'web01'})
        assert first.status == 0
        assert first.statuses() == {'web01': 'answered'}

        merge = str(tmp_path / 'first' / 'user-sessions' / 'report.json')
        both = run(MAIN, fleet, tmp_path / 'both', 'report', variables={'target': 'all,!web01', 'merge': merge})
        assert both.status == 2
        assert both.statuses() == {
            'web01': 'answered',
            'web02': 'answered',
            'blind': 'failed',
            'gone': 'unreachable',
        }
        assert both.calls == {'web01': 0, 'web02': 1, 'blind': 1, 'gone': 0}
        assert set(both.outcomes()) == {(host, user) for host in ('web01', 'web02') for user in ('alice', 'bob')}
        assert all(numbers['changed'] == 0 for numbers in both.recap.values())
        assert [host.acts for host in both.hosts.values() if host.acts] == []
        written = sorted(path.name for path in (tmp_path / 'both' / 'user-sessions').iterdir())
        assert written == ['report.csv', 'report.html', 'report.json']


# ---- find and logoff_user ----


def test_finds_one_user_and_lists_nothing_about_others(tmp_path: Path) -> None:
    spec = {'web01': {'sessions': TWO}, 'web02': {'sessions': TWO[1:]}, 'gone': {}}
    copied = tmp_path / 'find.yml'
    shutil.copy(ROOT / 'playbooks' / 'find.yml', copied)
    with Fleet({'hosts': spec}) as fleet:
        fleet['gone'].stop()
        found = run(MAIN, fleet, tmp_path / 'found', copied, variables={'user': 'alice@CORP'})
        lines = found['Show the summary']['web01']['msg']
        assert [line for line in lines if 'CORP\\alice' in line and line.startswith('web01: ')] != []
        assert found.status == 2
        assert [word for word in ('could not be queried', 'UNREACHABLE gone') if word not in ' '.join(lines)] == []
        unknown = run(MAIN, fleet, tmp_path / 'unknown', 'find', variables={'user': 'CORP\\alicf', 'target': 'web*'})
        assert unknown.status == 2
        assert 'logged on to the 2 hosts that answered' in unknown['Show the summary']['web01']['msg'][0]
        assert 'user: CORP\\alicf is unknown to every host that answered' in unknown.output
        assert 'bob' not in found.output + unknown.output
        assert [host.acts for host in unknown.hosts.values() if host.acts] == []


def test_logs_off_one_user_whatever_the_inventory_sets_for_idle_sessions(tmp_path: Path) -> None:
    spec = {
        'web01': {'sessions': TWO},
        'web02': {'sessions': [{'id': 7, 'user': 'alice', 'domain': 'OTHER'}]},
        'protects': {'sessions': TWO},
    }
    hosts: dict[str, dict[str, Any]] = {
        'web01': {
            'idle_logoff_max_idle': '9d',
            'idle_logoff_exclude_users': ['alice'],
            'idle_logoff_states': ['disconnected'],
            'idle_logoff_scheduled': True,
        },
        'protects': {'idle_logoff_protect_users': ['alice']},
    }
    answers = {
        'user': 'CORP\\alice',
        'notice_text': 'Please save your work.',
        'notice_grace': '1',
        'report_dir': 'user-sessions',
        'method': '',
    }
    with Fleet({'hosts': spec}) as fleet:
        done = run(MAIN, fleet, tmp_path, 'logoff_user', variables=answers, hosts=hosts)
        assert done.status == 0, done.output
        assert done.hosts['web01'].actions == [('WTSSendMessageW', 2), ('WTSLogoffSession', 2)]
        assert done.hosts['web02'].acts == done.hosts['protects'].acts == []
        assert done.pauses == 1
        assert done.outcomes() == {('web01', 'alice'): 'logged_off', ('protects', 'alice'): 'protected'}


# ---- message ----


def test_sends_a_message_to_the_users_of_a_survey(tmp_path: Path) -> None:
    sessions = [{'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'bob'}, {'id': 4, 'user': 'carol'}]
    copied = tmp_path / 'message.yml'
    shutil.copy(ROOT / 'playbooks' / 'message.yml', copied)
    with Fleet({'hosts': {'web01': {'sessions': sessions}, 'blind': BLIND}}) as fleet:
        answers = {'text': 'The file server restarts at 18:00', 'title': '', 'users': 'alice, carol', 'target': ''}
        done = run(MAIN, fleet, tmp_path, copied, variables=answers, hosts={'web01': {'text': 'x', 'users': 'bob'}})
        assert done.status == 2
        assert done.recap['web01']['failed'] == 0
        assert done.recap['blind']['failed'] == 1
        text = answers['text']
        assert done.hosts['web01'].boxes == [(2, text), (4, text)]
        stats = done.results['Set workflow statistics']
        assert json.dumps(list(stats.values())).count('user_sessions_unseen') > 0
