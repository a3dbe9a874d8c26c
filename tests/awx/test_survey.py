# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The surveys have questions for variables of the playbooks, and the schedules have the documented times."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

import pytest
import yaml
from awx import survey
from awx.survey import Refused

from project import ROOT

DAY = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)


def load(path: str) -> Any:
    """A YAML file of the collection."""
    return yaml.safe_load((ROOT / path).read_text(encoding='utf-8'))


@pytest.mark.parametrize('name', ['report', 'find', 'message', 'logoff_idle', 'logoff_user', 'drain'])
def test_awx_accepts_the_survey(name: str, data: dict[str, Any]) -> None:
    survey.check(data['sessions_surveys'][name])


def test_the_survey_of_the_role_asks_for_variables_that_the_role_has(data: dict[str, Any]) -> None:
    options = load('roles/idle_logoff/meta/argument_specs.yml')['argument_specs']['main']['options']
    module = load('plugins/modules/win_user_session.yml')['DOCUMENTATION']['options']
    for question in data['sessions_surveys']['logoff_idle']['spec']:
        name = question['variable']
        if name == 'report_dir':
            continue
        assert name in options
        if question['type'] == 'multiplechoice':
            choices = module.get(name.removeprefix('idle_logoff_'), {}).get('choices', ['true', 'false'])
            assert sorted(question['choices']) == sorted(choices)
        # A variable that is not set leaves the option to its default.
        option = name.removeprefix('idle_logoff_')
        if question['required'] and 'default' in module.get(option, {}):
            assert str(question['default']).lower() == str(module[option]['default']).lower()


@pytest.mark.parametrize('name', ['report', 'find', 'message', 'logoff_user', 'drain'])
def test_the_survey_of_a_playbook_asks_for_variables_that_the_playbook_has(name: str, data: dict[str, Any]) -> None:
    playbook = (ROOT / 'playbooks' / f'{name}.yml').read_text(encoding='utf-8')
    documented = {line.split()[1] for line in playbook.splitlines() if line.startswith('# ') and '  ' in line[2:]}
    assert {question['variable'] for question in data['sessions_surveys'][name]['spec']} <= documented


@pytest.mark.parametrize('name', ['report', 'find', 'message', 'logoff_idle', 'logoff_user', 'drain'])
def test_every_optional_answer_may_be_empty(name: str, data: dict[str, Any]) -> None:
    for question in data['sessions_surveys'][name]['spec']:
        if not question['required']:
            survey.check_answer(question, '')


def test_a_schedule_answers_what_its_template_requires(data: dict[str, Any]) -> None:
    surveys = {template['name']: template['survey'] for template in data['sessions_job_templates']}
    for schedule in data['sessions_schedules']:
        survey.check_answers(surveys[schedule['job_template']], schedule['answers'])


def test_the_report_is_due_once_a_day_and_the_logoff_every_15_minutes(data: dict[str, Any]) -> None:
    report, logoff = (survey.check_rrule(schedule['rrule']) for schedule in data['sessions_schedules'])
    assert [due.isoformat() for due in itertools.islice(report.xafter(DAY), 2)] == [
        '2026-11-21T06:00:00+00:00',
        '2026-11-22T06:00:00+00:00',
    ]
    assert [due.strftime('%H:%M') for due in itertools.islice(logoff.xafter(DAY), 4)] == [
        '00:15',
        '00:30',
        '00:45',
        '01:00',
    ]


@pytest.mark.parametrize(
    'text',
    [
        'RRULE:FREQ=DAILY;INTERVAL=1',
        'DTSTART:20260101T060000 RRULE:FREQ=DAILY;INTERVAL=1',
        'DTSTART:20260101T060000Z',
        'DTSTART:20260101T060000Z RRULE:FREQ=DAILY',
        'DTSTART:20260101T060000Z RRULE:FREQ=SECONDLY;INTERVAL=1',
        'DTSTART:20260101T060000Z RRULE:FREQ=NEVER;INTERVAL=1',
        'DTSTART:20260101T060000Z RRULE:FREQ=DAILY;INTERVAL=1;COUNT=1000',
        'DTSTART;TZID=Nowhere/Land:20260101T060000 RRULE:FREQ=DAILY;INTERVAL=1',
    ],
)
def test_finds_a_schedule_that_awx_refuses(text: str) -> None:
    with pytest.raises(Refused):
        survey.check_rrule(text)


@pytest.mark.parametrize(
    'wrong',
    [
        {'type': 'boolean'},
        {'type': 'multiplechoice'},
        {'type': 'multiplechoice', 'choices': ['a'], 'default': 'b'},
        {'type': 'integer', 'default': '5'},
        {'required': 'true'},
        {'max': '20'},
    ],
    ids=str,
)
def test_finds_a_question_that_awx_refuses(wrong: dict[str, Any]) -> None:
    question = {'question_name': 'Q', 'variable': 'q', 'type': 'text', 'required': False, 'default': ''} | wrong
    with pytest.raises(Refused):
        survey.check({'name': 'S', 'description': '', 'spec': [question]})
