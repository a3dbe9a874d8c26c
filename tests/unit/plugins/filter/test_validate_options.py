# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter validate_options."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.winops.sessions.plugins.filter.validate_options import FilterModule

validate_options = FilterModule().filters()['validate_options']


@pytest.mark.parametrize(
    ('module', 'options'),
    [
        ('win_user_session', {}),
        ('win_user_session', {'max_idle': None, 'users': None}),
        ('win_user_session', {'max_idle': 0, 'users': 'alice,bob', 'ghosts': 'true', 'max_sessions': '5'}),
        ('win_user_session', {'users': '["alice", "bob"]', 'states': '["active"]', 'session_ids': '[2, 3]'}),
        ('win_user_session', {'users': [], 'notice': {'text': 'hello', 'grace': '5m', 'title': None}}),
        ('win_user_session_message', {'text': 'x' * 512, 'display_for': '5m'}),
        ('win_logon_mode', {'mode': 'drain'}),
    ],
)
def test_returns_no_problems_for_valid_options(module: str, options: dict[str, Any]) -> None:
    assert validate_options(options, module) == []


@pytest.mark.parametrize(
    ('options', 'beginning'),
    [
        ({'max_idle': '2x'}, "my_max_idle: '2x' is not a duration. Examples: "),
        ({'users': 'CORP\\'}, "my_users: 'CORP\\' is not a user"),
        ({'states': 'asleep'}, "my_states: 'asleep' is not valid. Choose one of: active"),
        ({'ghosts': 'perhaps'}, "my_ghosts: 'perhaps' is not a boolean"),
        ({'notice': {'text': 'hello', 'grace': 'soon'}}, "my_notice_grace: 'soon' is not a duration"),
        ({'notice': {'text': 'hello'}}, 'my_notice: set exactly one of grace and at'),
        ({'maxidle': '2h'}, 'my_maxidle: unknown option. Options: all_sessions, client_names'),
    ],
)
def test_a_problem_begins_with_the_name_of_the_variable(options: dict[str, Any], beginning: str) -> None:
    (problem,) = validate_options(options, 'win_user_session', prefix='my_')
    assert problem.startswith(beginning)


def test_returns_every_problem() -> None:
    problems = validate_options({'max_idle': '2x', 'max_sessions': 'few', 'method': 'kill'}, 'win_user_session')
    assert [problem.split(':')[0] for problem in problems] == ['max_idle', 'max_sessions', 'method']


@pytest.mark.parametrize(
    ('options', 'module', 'words'),
    [
        ({}, 'win_session', "'win_session' is not one of win_logon_mode, win_user_session"),
        ('max_idle=2h', 'win_user_session', 'str is not a dictionary. Example: {max_idle: 2h}'),
    ],
)
def test_refuses_an_unknown_module_and_options_that_are_not_a_dictionary(options: Any, module: str, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        validate_options(options, module)
