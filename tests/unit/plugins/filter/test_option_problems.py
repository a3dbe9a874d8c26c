# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter option_problems: what a module would refuse, in words, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.winops.sessions.plugins.filter.option_problems import FilterModule

option_problems = FilterModule().filters()['option_problems']


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
def test_good_options_are_no_problem(module: str, options: dict[str, Any]) -> None:
    assert option_problems(options, module) == []


@pytest.mark.parametrize(
    ('options', 'beginning'),
    [
        ({'max_idle': '2x'}, "my_max_idle: '2x' is not a duration: write for example"),
        ({'users': 'CORP\\'}, "my_users: 'CORP\\' is not an account"),
        ({'states': 'asleep'}, 'my_states: value of states must be one or more of: active'),
        ({'ghosts': 'perhaps'}, "my_ghosts: argument 'ghosts' is of type str"),
        ({'notice': {'text': 'hello', 'grace': 'soon'}}, "my_notice_grace: 'soon' is not a duration"),
        ({'notice': {'text': 'hello'}}, 'my_notice: missing required arguments: grace'),
        ({'maxidle': '2h'}, 'my_maxidle: there is no such option; there are all_sessions, client_names'),
    ],
)
def test_a_problem_begins_with_the_name_of_the_variable(options: dict[str, Any], beginning: str) -> None:
    (problem,) = option_problems(options, 'win_user_session', prefix='my_')
    assert problem.startswith(beginning)


def test_every_problem_is_told() -> None:
    problems = option_problems({'max_idle': '2x', 'max_sessions': 'few', 'method': 'kill'}, 'win_user_session')
    assert [problem.split(':')[0] for problem in problems] == ['max_idle', 'max_sessions', 'method']


@pytest.mark.parametrize(
    ('options', 'module', 'words'),
    [
        ({}, 'win_session', "'win_session' is not one of win_logon_mode, win_user_session"),
        ('max_idle=2h', 'win_user_session', 'options are a dict such as {max_idle: 2h}'),
    ],
)
def test_what_is_no_question_is_refused(options: Any, module: str, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        option_problems(options, module)
