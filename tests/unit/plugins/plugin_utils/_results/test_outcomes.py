# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The catalogue of outcomes and reasons is that of the documentation and of the engine."""

from __future__ import annotations

import re

import pytest
import yaml

from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import spec_of
from ansible_collections.winops.sessions.plugins.plugin_utils._results.outcomes import (
    LIMIT_REASONS,
    OUTCOMES,
    PROTECTIONS,
    by_urgency,
    outcome,
    reason,
)
from project import ROOT

VALUE = re.compile(r'V\((\w+)\)')
# As in: LoggedOff = new Outcome("logged_off") { IsChange = true, HasEnded = true };
ENGINE = re.compile(r'new Outcome\("(\w+)"\)(.*);')


def documented(module: str, *path: str) -> set[str]:
    """The values in the description of a returned key."""
    text = (ROOT / 'plugins' / 'modules' / f'{module}.yml').read_text(encoding='utf-8')
    node = yaml.safe_load(text)['RETURN']
    for name in path:
        node = node[name]
    return set(VALUE.findall(str(node['description'])))


@pytest.mark.parametrize('module', ['win_user_session', 'win_user_session_message'])
def test_every_documented_outcome_is_in_the_catalogue(module: str) -> None:
    assert documented(module, 'sessions', 'contains', 'outcome') <= OUTCOMES.keys() - {'protected'}


def test_every_outcome_of_the_catalogue_is_documented() -> None:
    modules = ('win_user_session', 'win_user_session_message')
    found = set.union(*(documented(module, 'sessions', 'contains', 'outcome') for module in modules))
    assert found == OUTCOMES.keys() - {'protected'}


def test_reasons_are_those_of_the_documentation() -> None:
    assert documented('win_user_session', 'sessions', 'contains', 'reason') == LIMIT_REASONS.keys()
    assert documented('win_user_session', 'protected', 'contains', 'reason') == PROTECTIONS.keys()


def test_names_each_option_that_protects_by_default() -> None:
    spec = spec_of('win_user_session')
    options = {name for name, option in spec.items() if name.startswith('protect_') and option.get('default') is True}
    assert options == {name for text in PROTECTIONS.values() for name in re.findall(r'\((\w+)\)$', text)}
    assert options


def test_the_engine_ends_sessions_and_fails_tasks_with_the_same_outcomes() -> None:
    text = (ROOT / 'plugins' / 'module_utils' / '_Target.cs').read_text(encoding='utf-8')
    engine = {name: ('HasEnded = true' in flags, 'IsTrouble = true' in flags) for name, flags in ENGINE.findall(text)}
    assert engine.keys() == documented('win_user_session', 'sessions', 'contains', 'outcome')
    assert engine == {name: (OUTCOMES[name].ended, OUTCOMES[name].trouble) for name in engine}


def test_outcomes_are_sorted_by_urgency_and_unknown_ones_come_first() -> None:
    assert by_urgency(['logged_off', 'planned', 'new', 'failed']) == ['new', 'failed', 'planned', 'logged_off']


def test_an_unknown_outcome_or_reason_is_shown_by_its_name() -> None:
    assert outcome('something_new').label == 'something new'
    assert reason('something_new') == 'something new'
