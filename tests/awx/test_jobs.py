# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The job templates work in ansible-runner, as AWX runs them, with the answers of a survey."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from awx import survey
from awx.job import Job, run

from project import ROOT
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

Templates = dict[str, dict[str, Any]]

HOSTS = {
    'rds01': {
        'sessions': [
            {'id': 2, 'user': 'alice', 'idle': '4m', 'logged_on': '3h'},
            {'id': 3, 'user': 'bob', 'idle': '5h', 'logged_on': '9h'},
            {'id': 4, 'user': 'carol', 'disconnected': '16h', 'logged_on': '1d'},
        ]
    },
    'rds02': {
        'sessions': [
            {'id': 2, 'user': 'bob', 'idle': '1m', 'logged_on': '2h'},
            {'id': 3, 'user': 'dave', 'disconnected': '3h', 'logged_on': '2d'},
        ]
    },
}
#: The answers of an empty form.
NOTHING = {
    'idle_logoff_max_disconnected': '',
    'idle_logoff_max_idle': '',
    'idle_logoff_max_logged_on': '',
    'idle_logoff_users': '',
    'idle_logoff_protect_users': '',
    'idle_logoff_protect_processes': '',
    'idle_logoff_max_sessions': '',
    'idle_logoff_max_sessions_total': '',
    'idle_logoff_method': 'logoff',
    'idle_logoff_notice_text': '',
    'idle_logoff_notice_grace': '5m',
    'idle_logoff_scheduled': 'false',
    'report_dir': '',
}
FILES = ['report.csv', 'report.html', 'report.json']


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Two hosts: three sessions that are idle or disconnected for hours, and two that are in use."""
    with Fleet({'hosts': HOSTS}) as hosts:
        yield hosts


def users(fleet: Fleet) -> set[tuple[str, str]]:
    """The users that are logged on to each host."""
    return {
        (name, session.user)
        for name, host in fleet.items()
        for session in host.sessions
        if session.user and 0 < session.id < 65536
    }


def acts(fleet: Fleet) -> list[str]:
    """The actions on the hosts."""
    return [act.api for host in fleet.values() for act in host.acts]


def changed(job: Job) -> dict[str, int]:
    """The number of changed tasks, by host."""
    return {host: number for host, number in job.stats['changed'].items() if number}


def report(job: Job) -> dict[str, Any]:
    """The report of the job in its default directory."""
    folder = job.folder / 'project' / 'user-sessions'
    assert sorted(path.name for path in folder.iterdir()) == FILES
    document: dict[str, Any] = json.loads((folder / 'report.json').read_text(encoding='utf-8'))
    return document


def test_the_report_needs_no_answer_and_sets_statistics(tmp_path: Path, fleet: Fleet, templates: Templates) -> None:
    job = run(tmp_path / 'job', templates['report'], fleet.inventory(), {'report_dir': '', 'merge': ''})

    assert job.status == 'successful'
    assert changed(job) == {}
    assert acts(fleet) == []
    assert {'hosts', 'schema_version', 'rows'} <= set(report(job))
    assert job.artifacts['user_sessions_hosts_answered'] == 2
    assert job.artifacts['user_sessions_sessions'] == 5
    assert job.artifacts['user_sessions_unseen'] == []
    assert {event['host'] for event in job.of('runner_on_ok') if event['task'] == 'List the sessions'} == set(HOSTS)
    assert all(name in job.output for name in ('alice', 'carol', 'dave')), job.output

    assert {name for name in job.artifacts if not name.startswith('user_sessions_')} == set()
    assert len(json.dumps(job.artifacts)) < 4096
    guide = (ROOT / 'docs' / 'docsite' / 'rst' / 'guide_awx.rst').read_text(encoding='utf-8')
    assert set(re.findall(r'``(user_sessions_\w+)``', guide)) == set(job.artifacts)
    # A workflow passes them to the next job as extra variables, which override registered results of the same name.
    tasks = [path.read_text() for folder in ('playbooks', 'roles') for path in (ROOT / folder).rglob('*.yml')]
    registered = set(re.findall(r'register: (\S+)', '\n'.join(tasks)))
    assert 'user_sessions' in registered
    assert registered & set(job.artifacts) == set()


def test_merges_an_earlier_report(tmp_path: Path, fleet: Fleet, templates: Templates) -> None:
    kept = tmp_path / 'kept'
    first = run(tmp_path / 'first', templates['report'], fleet.inventory(), {'report_dir': str(kept)}, limit='rds01')

    job = run(
        tmp_path / 'job', templates['report'], fleet.inventory(), {'merge': str(kept / 'report.json')}, limit='rds02'
    )

    assert (first.artifacts['user_sessions_hosts'], first.artifacts['user_sessions_sessions']) == (1, 3)
    assert (job.artifacts['user_sessions_hosts'], job.artifacts['user_sessions_sessions']) == (2, 5)


def test_a_run_logs_off_the_sessions_of_the_check_and_a_second_run_none(
    tmp_path: Path, fleet: Fleet, templates: Templates
) -> None:
    template, before = templates['logoff_idle'], users(fleet)
    answers = NOTHING | {'idle_logoff_max_disconnected': '2h', 'idle_logoff_max_idle': '4h'}

    # The default job type of the template is check.
    check = run(tmp_path / 'check', template, fleet.inventory(), answers)

    assert check.status == 'successful'
    assert (acts(fleet), users(fleet)) == ([], before)
    assert check.artifacts['user_sessions_outcomes'] == {'planned': 3}
    assert changed(check) == {'rds01': 1, 'rds02': 1}

    # The workflow passes the artifacts of the check to the run.
    done = run(tmp_path / 'run', template, fleet.inventory(), answers, 'run', artifacts=check.artifacts)

    assert done.status == 'successful'
    assert acts(fleet) == ['WTSLogoffSession'] * 3
    assert users(fleet) == {('rds01', 'alice'), ('rds02', 'bob')}
    assert changed(done) == changed(check)
    assert done.artifacts['user_sessions_outcomes'] == {'logged_off': 3}
    assert [row['outcome'] for row in report(done)['rows']].count('logged_off') == 3

    again = run(tmp_path / 'again', template, fleet.inventory(), answers, 'run')

    assert again.status == 'successful'
    assert changed(again) == {}
    assert acts(fleet) == ['WTSLogoffSession'] * 3


@pytest.mark.parametrize(
    ('approved', 'limit', 'ended'), [(None, '', 0), (2, '', 0), (3, '2', 0), (3, '5', 3), (3, '', 3)]
)
def test_the_run_ends_no_more_sessions_than_were_approved(
    tmp_path: Path, fleet: Fleet, templates: Templates, approved: int | None, limit: str, ended: int
) -> None:
    answers = NOTHING | {
        'idle_logoff_max_disconnected': '2h',
        'idle_logoff_max_idle': '4h',
        'max_sessions_total': limit,
    }
    del answers['idle_logoff_max_sessions_total']
    artifacts = {} if approved is None else {'user_sessions_outcomes': {'planned': approved}}

    job = run(tmp_path / 'job', templates['logoff_approved'], fleet.inventory(), answers, 'run', artifacts=artifacts)

    assert acts(fleet) == ['WTSLogoffSession'] * ended
    assert job.status == ('successful' if ended else 'failed')


def test_a_check_over_the_safety_limit_approves_no_session(tmp_path: Path, fleet: Fleet, templates: Templates) -> None:
    answers = NOTHING | {'idle_logoff_max_disconnected': '2h', 'max_sessions_total': '1'}
    del answers['idle_logoff_max_sessions_total']
    template = templates['logoff_approved']
    check = run(tmp_path / 'check', template, fleet.inventory(), answers)

    done = run(tmp_path / 'run', template, fleet.inventory(), answers, 'run', artifacts=check.artifacts)

    assert acts(fleet) == []
    assert (check.status, done.status) == ('failed', 'failed')


def test_drain_and_release_run_from_their_templates(tmp_path: Path, fleet: Fleet, templates: Templates) -> None:
    answers = survey.defaults(templates['drain']['survey'])

    job = run(tmp_path / 'drain', templates['drain'], fleet.inventory(), answers)
    released = run(tmp_path / 'release', templates['release'], fleet.inventory(), {}, 'check')

    assert (job.status, released.status) == ('successful', 'successful'), job.output + released.output
    assert acts(fleet) == []


def test_find_and_message_run_from_their_templates(tmp_path: Path, fleet: Fleet, templates: Templates) -> None:
    found = run(tmp_path / 'find', templates['find'], fleet.inventory(), {'user': 'bob'})
    answers = survey.defaults(templates['message']['survey']) | {'text': 'The file server restarts at 18:00'}
    sent = run(tmp_path / 'message', templates['message'], fleet.inventory(), answers)

    assert (found.status, sent.status) == ('successful', 'successful'), found.output + sent.output
    assert 'bob' in found.output
    assert 'alice' not in found.output
    assert {act.api for host in fleet.values() for act in host.acts} == {'WTSSendMessageW'}


def test_an_empty_survey_fails_before_a_host_is_contacted(tmp_path: Path, fleet: Fleet, templates: Templates) -> None:
    job = run(tmp_path / 'job', templates['logoff_idle'], fleet.inventory(), NOTHING, 'run')

    assert job.status == 'failed'
    assert 'Example: idle_logoff_max_disconnected: 2h' in ' '.join(job.output.split())
    assert [host.messages for host in fleet.values()] == [[], []]


def test_reads_lists_and_numbers_from_text_and_fails_over_the_safety_limit(
    tmp_path: Path, fleet: Fleet, templates: Templates
) -> None:
    answers = NOTHING | {
        'idle_logoff_max_logged_on': '1h',
        'idle_logoff_users': r'CORP\b*,carol, dave',
        'idle_logoff_protect_users': 'dave,erin',
        'idle_logoff_max_sessions': '3',
        'idle_logoff_max_sessions_total': '2',
    }

    job = run(tmp_path / 'job', templates['logoff_idle'], fleet.inventory(), answers, 'run')

    # Four sessions are selected. One of them is protected, and three exceed the limit of two.
    assert job.status == 'failed'
    assert acts(fleet) == []
    assert '3 sessions match on all hosts together' in ' '.join(job.output.split())
    assert {row['user']: row['outcome'] for row in report(job)['rows']} | {'alice': None} == {
        'alice': None,
        'bob': 'planned',
        'carol': 'planned',
        'dave': 'protected',
    }
    assert set(job.stats['failures']) == set(HOSTS)


def test_a_scheduled_job_warns_with_the_exact_text_and_sets_statistics(
    tmp_path: Path, fleet: Fleet, templates: Templates, data: dict[str, Any]
) -> None:
    (schedule,) = [each for each in data['sessions_schedules'] if each.get('job_type') == 'run']
    # The answer of a survey must not be evaluated as a template on the controller.
    text = 'Log off, please: {{ 6 * 7 }} {% raw %}'
    answers = schedule['answers'] | {'idle_logoff_notice_text': text}

    job = run(tmp_path / 'job', templates['logoff_idle'], fleet.inventory(), answers, schedule['job_type'])

    assert job.status == 'successful'
    (message,) = [act for host in fleet.values() for act in host.acts if act.api == 'WTSSendMessageW']
    assert text in message.arguments.values()
    # bob is warned. carol and dave are disconnected, so they cannot read a warning.
    assert users(fleet) == {('rds01', 'alice'), ('rds01', 'bob'), ('rds02', 'bob')}
    assert job.artifacts['user_sessions_outcomes'] == {'logged_off': 2, 'notified': 1}
    assert 'Give the users who were warned their time' not in {event['task'] for event in job.of('runner_on_ok')}


def test_logs_off_a_user_on_all_hosts_and_fails_for_an_unreachable_host(
    tmp_path: Path, fleet: Fleet, templates: Templates
) -> None:
    inventory = fleet.inventory()
    inventory['all']['hosts']['lost'] = inventory['all']['hosts']['rds01'] | {'ansible_port': 1}
    answers = survey.defaults(templates['logoff_user']['survey']) | {'user': r'CORP\bob'}

    job = run(tmp_path / 'job', templates['logoff_user'], inventory, answers, 'run')

    assert users(fleet) == {('rds01', 'alice'), ('rds01', 'carol'), ('rds02', 'dave')}
    assert job.status == 'failed'
    assert {event['host'] for event in job.of('runner_on_unreachable')} == {'lost'}
    assert job.artifacts['user_sessions_unseen'] == ['lost']
    assert job.artifacts['user_sessions_outcomes'] == {'logged_off': 2}


def test_requires_a_user(tmp_path: Path, fleet: Fleet, templates: Templates) -> None:
    for answers in ({}, {'user': ''}):
        with pytest.raises(survey.Refused, match='user'):
            run(tmp_path / 'job', templates['logoff_user'], fleet.inventory(), answers)
