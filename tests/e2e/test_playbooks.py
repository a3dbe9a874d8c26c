# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbooks report, logoff_user and message, and what all playbooks refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import run

from project import MAIN
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

BLIND = {'accounts': {'CORP\\ansible': {'rights': 'blind'}}}
TWO = [{'id': 2, 'user': 'alice', 'idle': '1m'}, {'id': 3, 'user': 'bob', 'disconnected': '5m'}]


# ---- What is refused, before any host is asked ----

REFUSED: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    'report_of_no_host': ('report', {'target': 'wbe'}, ['target: wbe matches no host', 'target=windows']),
    'drain_of_no_host': ('drain', {'target': 'wbe'}, ['target: wbe matches no host']),
    'logoff_idle_of_no_host': ('logoff_idle', {'target': 'wbe', 'idle_logoff_max_idle': 1}, ['matches no host']),
    'no_report_to_merge': ('report', {'merge': 'missing.json'}, ['missing.json', 'report.json of an earlier run']),
    'no_user': ('logoff_user', {'user': ''}, ['user: null is not the name of one user', "user='CORP\\alice'"]),
    'two_users': ('logoff_user', {'user': 'alice,bob'}, ['user: "alice,bob" is not the name of one user']),
    'all_users': ('logoff_user', {'user': 'a*'}, ['user: "a*" is not the name of one user']),
    'half_a_user': ('logoff_user', {'user': 'CORP\\'}, ['is not the name of one user', "user='CORP\\alice'"]),
    'no_text': ('message', {'text': ''}, ['text: nothing says what users shall be told', '18:00']),
    'long_text': ('message', {'text': 'x' * 513, 'users': 'a;b'}, ['is 513 UTF-16 units long', "users: 'a;b' is not"]),
    'drain_mode': ('drain', {'mode': 'enabled'}, ['mode: "enabled" does not stop new logons', 'drain_until_restart']),
    'drain_deadline': ('drain', {'deadline': '2x'}, ["deadline: '2x' is not a duration", '2h30m']),
    'long_deadline': ('drain', {'deadline': '30d'}, ['deadline: "30d" is too long', '1h']),
    'drain_text': ('drain', {'text': 'x' * 513}, ["text: 'x", 'is 513 UTF-16 units long']),
    'release': ('drain', {'release': 'ture'}, ['release: "ture" is neither true nor false']),
}


@pytest.fixture(scope='module')
def untouched() -> Any:
    """A host that nobody may ask."""
    with Fleet({'hosts': {'web01': {'sessions': TWO}}}) as fleet:
        yield fleet
        assert fleet['web01'].messages == []


@pytest.mark.parametrize('case', REFUSED)
def test_bad_variables_are_refused_in_words_before_any_host_is_asked(
    untouched: Fleet, tmp_path: Path, case: str
) -> None:
    playbook, variables, words = REFUSED[case]
    done = run(MAIN, untouched, tmp_path, playbook, variables=variables)
    assert done.status != 0
    said = done.output.replace('\\\\', '\\').replace('\\"', '"')
    assert [one for one in words if one not in said] == [], done.output
    assert done.calls == {'web01': 0}
    assert done.report is None


# ---- report ----


def test_reports_of_several_runs_are_merged_and_tell_of_every_host(tmp_path: Path) -> None:
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


# ---- logoff_user ----


def test_one_user_is_logged_off_everywhere_whatever_the_inventory_says_about_idle_ones(tmp_path: Path) -> None:
    spec = {'web01': {'sessions': TWO}, 'web02': {'sessions': [{'id': 7, 'user': 'alice', 'domain': 'OTHER'}]}}
    of_others = {
        'idle_logoff_max_idle': '9d',
        'idle_logoff_exclude_users': ['alice'],
        'idle_logoff_states': ['disconnected'],
        'idle_logoff_scheduled': True,
    }
    answers = {'user': 'CORP\\alice', 'notice_text': 'Please save your work.', 'notice_grace': '1', 'report_dir': ''}
    with Fleet({'hosts': spec}) as fleet:
        done = run(MAIN, fleet, tmp_path, 'logoff_user', variables=answers, hosts={'web01': of_others})
        assert done.status == 0, done.output
        assert done.hosts['web01'].actions == [('WTSSendMessageW', 2), ('WTSLogoffSession', 2)]
        assert done.hosts['web02'].acts == []
        assert done.pauses == 1


def test_what_the_inventory_protects_is_protected_from_logoff_user(tmp_path: Path) -> None:
    with Fleet({'hosts': {'web01': {'sessions': TWO}}}) as fleet:
        protects = {'web01': {'idle_logoff_protect_users': ['alice']}}
        variables = {'user': 'alice', 'notice_text': '', 'notice_grace': '', 'report_dir': 'user-sessions'}
        done = run(MAIN, fleet, tmp_path, 'logoff_user', variables=variables, hosts=protects)
        assert done.status == 0, done.output
        assert done.hosts['web01'].acts == []
        assert done.outcomes()['web01', 'alice'] == 'protected'


# ---- message ----


def test_a_message_reaches_the_users_named_in_a_survey(tmp_path: Path) -> None:
    sessions = [{'id': 2, 'user': 'alice'}, {'id': 3, 'user': 'bob'}, {'id': 4, 'user': 'carol'}]
    with Fleet({'hosts': {'web01': {'sessions': sessions}, 'blind': BLIND}}) as fleet:
        answers = {'text': 'The file server restarts at 18:00', 'title': '', 'users': 'alice, carol', 'target': ''}
        done = run(MAIN, fleet, tmp_path, 'message', variables=answers)
        assert done.status == 2
        assert done.recap['web01']['failed'] == 0
        assert done.recap['blind']['failed'] == 1
        text = answers['text']
        assert done.hosts['web01'].boxes == [(2, text), (4, text)]
        stats = done.results['Report | Hand the numbers to the next job']
        assert json.dumps(list(stats.values())).count('user_sessions_unseen') > 0
