# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Results of broken and hostile hosts."""

from __future__ import annotations

import contextlib
import copy
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.sessions.plugins.plugin_utils._results.received import (
    InvalidResult,
    check_result,
    returns_of,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._results.sentences import session_sentence

MODULE = 'win_user_session'
RECORD = {'id': 2, 'state': 'active', 'user': 'alice', 'account': 'CORP\\alice', 'token': '2:1:CORP\\alice'}
SESSION = {**RECORD, 'outcome': 'logged_off', 'action': 'logoff', 'detail': None, 'seconds': 0.5}
RESULT = {'changed': True, 'sessions': [SESSION], 'protected': [], 'remaining': [RECORD], 'host_time': 'x'}

WRONG: list[dict[str, object]] = [
    {'id': 10**400},
    {'id': -1},
    {'id': True},
    {'id': '2'},
    {'outcome': ['x']},
    {'outcome': {}},
    {'outcome': 'vanished'},
    {'idle_seconds': math.inf},
    {'idle_seconds': '3'},
    {'seconds': math.nan},
    {'user': 5},
    {'ghost': 'no'},
    {'detail': []},
    {'due_in_seconds': -1},
    {'due_in_seconds': '5'},
]


def test_a_valid_result_is_not_changed() -> None:
    assert check_result(MODULE, RESULT, {}) == RESULT


def test_only_documented_keys_are_kept() -> None:
    hostile = {'ansible_facts': {'a': 1}, 'ansible_stats': {'data': {}}, 'add_host': {}, 'invocation': {}, 'exec': 'x'}
    assert check_result(MODULE, {**RESULT, **hostile}, {}) == RESULT
    session = {**SESSION, 'extra': 10**400}
    assert check_result(MODULE, {**RESULT, 'sessions': [session]}, {}) == RESULT


@pytest.mark.parametrize(
    'sessions',
    [
        None,
        'x',
        7,
        ['x'],
        [[SESSION]],
        [None],
        [{key: value for key, value in SESSION.items() if key != 'id'}],
        [{key: value for key, value in SESSION.items() if key != 'outcome'}],
        *([{**SESSION, **change}] for change in WRONG),
    ],
    ids=repr,
)
def test_refuses_sessions_that_no_module_returns(sessions: object) -> None:
    with pytest.raises(InvalidResult, match='sessions'):
        check_result(MODULE, {**RESULT, 'sessions': sessions}, {})


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('changed', 'yes'),
        ('failed', []),
        ('msg', {}),
        ('warnings', 'x'),
        ('warnings', [5]),
        ('protected', [{'id': 1, 'reason': 7}]),
        ('remaining', {}),
        ('unresolved', [None]),
        ('error_code', 10**400),
        ('error_code', True),
        ('rc', -(10**400)),
    ],
)
def test_refuses_other_keys_of_a_wrong_type(key: str, value: object) -> None:
    with pytest.raises(InvalidResult, match=key):
        check_result(MODULE, {**RESULT, key: value}, {})


def test_negative_codes_of_windows_are_kept() -> None:
    sessions = [{**SESSION, 'outcome': 'failed', 'error_code': -1073741790}]
    result = {**RESULT, 'failed': True, 'msg': 'x', 'sessions': sessions, 'error_code': -1073741790, 'rc': -1073741819}
    assert check_result(MODULE, result, {}) == result


def test_a_success_without_sessions_is_refused() -> None:
    for module, missing in (('win_user_session_info', 'sessions'), ('win_logon_mode', 'mode')):
        with pytest.raises(InvalidResult, match=f'{missing} is missing'):
            check_result(module, {'changed': False}, {})
        assert check_result(module, {'failed': True}, {})['msg'] == 'The module failed without a message'


@pytest.mark.parametrize(
    ('notice', 'longest'), [({'grace': '300'}, 660), ({'at': '22:00'}, 90360), ({'at': '2026-11-21 22:00:00Z'}, 2**62)]
)
def test_a_session_is_not_due_later_than_its_grace_period_ends(notice: dict[str, str], longest: int) -> None:
    def result(due: int) -> dict[str, object]:
        return {**RESULT, 'sessions': [{**SESSION, 'outcome': 'in_grace', 'due_in_seconds': due}]}

    assert check_result(MODULE, result(longest), {'notice': notice}) == result(longest)
    if longest < 2**62:
        with pytest.raises(InvalidResult, match='longer than the grace period'):
            check_result(MODULE, result(longest + 1), {'notice': notice})


def test_texts_for_people_are_printable_and_data_is_exact() -> None:
    bad = 'a\x1b[31m\x9b\u202eb\nc'
    record = {**SESSION, 'user': bad, 'token': bad, 'detail': bad}
    result = {**RESULT, 'sessions': [record], 'msg': bad, 'warnings': [bad], 'module_stderr': bad, 'exception': 'x'}
    checked = check_result(MODULE, result, {})
    assert checked['msg'] == checked['warnings'][0] == checked['sessions'][0]['detail'] == 'a?[31m??b?c'
    assert checked['module_stderr'] == 'a?[31m??b\nc'
    assert (checked['sessions'][0]['user'], checked['sessions'][0]['token']) == (bad, bad)


@pytest.mark.parametrize(
    'failure',
    [
        {'msg': "The module interpreter 'powershell' was not found.", 'rc': 127},
        {'msg': 'No start of json char found', 'module_stderr': '/bin/sh: 1: PowerShell: not found\n'},
    ],
)
def test_a_host_without_powershell_is_not_a_windows_host(failure: dict[str, object]) -> None:
    assert check_result(MODULE, {'failed': True, **failure}, {})['msg'].startswith('Not a Windows host: ')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
RECORDS = st.lists(
    st.fixed_dictionaries({'id': st.integers(1, 9) | JSON}, optional={key: JSON for key in SESSION if key != 'id'}),
    max_size=3,
)
KEYS = [*returns_of(MODULE), 'failed', 'changed', 'msg', 'warnings', 'diff', 'rc', 'deprecations']


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON) | {'sessions': RECORDS, 'protected': RECORDS}))
def test_any_result_is_refused_or_can_be_summarized(result: dict[str, object]) -> None:
    before = repr(result)
    checked = None
    with contextlib.suppress(InvalidResult):
        checked = check_result(MODULE, copy.deepcopy(result), {})
    assert repr(result) == before
    if checked is not None:
        json.dumps(checked)
        text = session_sentence(checked, {}, False)
        assert text is None or len(text.splitlines()) == 1
