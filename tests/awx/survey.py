# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validates surveys, their answers and schedules as AWX does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dateutil import rrule

#: The types of answers, by the type of the question.
TYPES: dict[str, Any] = {
    'text': str,
    'textarea': str,
    'password': str,
    'multiplechoice': str,
    'multiselect': list,
    'integer': int,
    'float': (int, float),
}
TEXTS = {'text', 'textarea', 'password'}


class Refused(Exception):
    """AWX would return the status 400 with this text."""


def check(spec: Mapping[str, Any]) -> None:
    """Validate a survey, as the API does when it is saved.

    :param spec: the content of ``survey_spec``.
    :raises Refused: if the survey is not valid.
    """
    for field, kind in (('name', str), ('description', str), ('spec', list)):
        if not isinstance(spec.get(field), kind):
            raise Refused(f'{field}: {spec.get(field)!r} is no {kind.__name__}')
    if not spec['spec']:
        raise Refused('spec: no question')
    variables = [question.get('variable') for question in spec['spec']]
    if len(set(variables)) < len(variables):
        raise Refused(f'a variable is asked for twice: {variables}')
    for question in spec['spec']:
        check_question(question)


def check_question(question: Mapping[str, Any]) -> None:
    """Validate one question of a survey.

    :param question: an item of ``spec``.
    :raises Refused: if the question is not valid.
    """
    name = question.get('variable')
    for field, kind in (('type', str), ('question_name', str), ('variable', str), ('required', bool)):
        if not isinstance(question.get(field), kind):
            raise Refused(f'{name}: {field}: {question.get(field)!r} is no {kind.__name__}')
    if question['type'] not in TYPES:
        raise Refused(f'{name}: type: {question["type"]!r} is none of {", ".join(TYPES)}')
    for field in ('min', 'max'):
        if question.get(field) is not None and (
            isinstance(question[field], bool) or not isinstance(question[field], int)
        ):
            raise Refused(f'{name}: {field}: {question[field]!r} is no whole number')
    default = question.get('default', '')
    if question['type'] in {'multiplechoice', 'multiselect'}:
        choices = question.get('choices')
        if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
            raise Refused(f'{name}: choices: {choices!r} is no list of texts')
        if default not in ('', *choices):
            raise Refused(f'{name}: default: {default!r} is none of {choices}')
    elif default != '' and not isinstance(default, TYPES[question['type']]):
        raise Refused(f'{name}: default: {default!r} is no {question["type"]}')


def check_answer(question: Mapping[str, Any], answer: Any) -> None:
    """Validate the answer to one question.

    :param question: the question.
    :param answer: the answer.
    :raises Refused: if the answer is not valid.
    """
    name = question['variable']
    if not isinstance(answer, TYPES[question['type']]) or isinstance(answer, bool):
        raise Refused(f'{name}: {answer!r} is no {question["type"]}')
    if question['type'] == 'multiplechoice' and answer not in question['choices']:
        raise Refused(f'{name}: {answer!r} is none of {question["choices"]}')
    if question['type'] == 'multiselect' and not set(answer) <= set(question['choices']):
        raise Refused(f'{name}: {answer!r} is not among {question["choices"]}')
    size = len(answer) if question['type'] in TEXTS else answer
    if question.get('min') is not None and size < question['min']:
        raise Refused(f'{name}: {answer!r} is too small, at least {question["min"]}')
    if question.get('max') is not None and size > question['max']:
        raise Refused(f'{name}: {answer!r} is too large, at most {question["max"]}')


def check_answers(spec: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
    """Validate the answers of a launch or a schedule.

    :param spec: the survey.
    :param answers: values by variables.
    :raises Refused: if an answer is not valid, a required one is missing, or it has no question.
    """
    questions = {question['variable']: question for question in spec['spec']}
    if unasked := set(answers) - set(questions):
        raise Refused(f'not asked for: {sorted(unasked)}')
    for name, question in questions.items():
        if name in answers:
            check_answer(question, answers[name])
        elif question['required']:
            raise Refused(f'{name}: required, and not answered')


def defaults(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of questions without an answer: the defaults that are valid answers."""
    found = {}
    for question in spec['spec']:
        if question.get('default') is None:
            continue
        try:
            check_answer(question, question['default'])
        except Refused:
            continue
        found[question['variable']] = question['default']
    return found


def check_rrule(text: str) -> rrule.rruleset | rrule.rrule:
    """Parse a schedule.

    :param text: a ``DTSTART`` and one or more ``RRULE``.
    :returns: the times of its jobs.
    :raises Refused: if AWX refuses it.
    """
    starts = re.findall(r'DTSTART(?:;TZID=[^:\s]+)?:\d{8}T\d{6}Z?', text)
    rules = re.findall(r'RRULE:\S+', text)
    if len(starts) != 1 or not text.startswith(starts[0]):
        raise Refused(f'{text!r} does not begin with its one DTSTART')
    if ';TZID=' not in starts[0] and not starts[0].endswith('Z'):
        raise Refused(f'{text!r} is in no time zone')
    if not rules:
        raise Refused(f'{text!r} has no RRULE')
    for rule in rules:
        parts = dict(part.split('=', 1) for part in rule.removeprefix('RRULE:').split(';'))
        if 'INTERVAL' not in parts:
            raise Refused(f'{rule} has no INTERVAL')
        if parts.get('FREQ') == 'SECONDLY':
            raise Refused(f'{rule} is due every second')
        if {'COUNT', 'UNTIL'} <= set(parts) or int(parts.get('COUNT', 0)) > 999:
            raise Refused(f'{rule} has an end that AWX does not support')
        if re.match(r'\d', parts.get('BYDAY', '')):
            raise Refused(f'{rule} counts the days of a month')
    if re.search(r'\b(?:EXDATE|RDATE)\b', text):
        raise Refused(f'{text!r} names single days')
    try:
        moments = rrule.rrulestr(text)
    except ValueError as error:
        raise Refused(f'{text!r}: {error}') from error
    if next(iter(moments)).tzinfo is None:
        raise Refused(f'{text!r} is in an unknown time zone')
    return moments
