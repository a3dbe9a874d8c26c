"""The model of a fleet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.fleets import TIME, done, office, record

from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import (
    COLUMNS,
    ReportError,
    natural,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._report.results import build_report, session_rows


def listed(*sessions: object, **facts: object) -> dict:
    """What ``win_user_session_info`` returns."""
    return {'changed': False, 'failed': False, 'sessions': list(sessions), 'session_count': len(sessions)} | facts


def acted(sessions: list, remaining: list, protected: list | None = None, **facts: object) -> dict:
    """What ``win_user_session`` returns."""
    return listed(*sessions, remaining=remaining, protected=protected or [], **facts)


def only_host(*answers: object, **limits: float):
    """The model of one host's answers."""
    (host,) = build_report({'web01': list(answers)}, TIME, limits=limits).hosts
    return host


ALICE, BOB = record(2, 'CORP\\alice'), record(3, 'CORP\\bob', 'disconnected', 7200)


def test_every_host_is_counted_once_by_its_status() -> None:
    counts = build_report(office(), TIME).counts
    assert counts['hosts'] == 9
    assert [counts[f'hosts_{name}'] for name in ('answered', 'failed', 'unreachable', 'not_asked')] == [5, 2, 1, 1]
    assert counts['hosts_asked'] == 8


def test_a_host_that_failed_without_a_list_is_not_an_empty_one() -> None:
    host = only_host({'failed': True, 'msg': 'no right to see sessions'})
    assert (host.status, host.seen, host.message) == ('failed', False, 'no right to see sessions')


def test_an_unreachable_host_has_a_row_with_the_reason() -> None:
    (row,) = session_rows({'web01': {'unreachable': True, 'msg': 'Task failed: timed out\n  after 30 s'}})
    assert (row['host'], row['host_status'], row['host_message']) == ('web01', 'unreachable', 'timed out after 30 s')
    assert row['id'] is row['state'] is row['present'] is None


def test_an_unreachable_host_has_no_current_sessions() -> None:
    assert only_host(listed() | {'unreachable': True, 'msg': 'gone'}).status == 'unreachable'


@pytest.mark.parametrize(
    'answer', [None, {}, {'skipped': True, 'changed': False}, {'mode': 'drain', 'changed': True, 'failed': False}]
)
def test_a_host_without_a_result_about_sessions_was_not_asked(answer: object) -> None:
    host = only_host(answer)
    assert (host.status, host.seen) == ('not_asked', False)
    assert 'left the play' in (host.message or '')


def test_a_host_without_sessions_has_a_row() -> None:
    (row,) = session_rows({'web01': listed()})
    assert (row['host_status'], row['host_message'], row['id']) == ('answered', None, None)


def test_rows_have_the_same_columns_even_if_keys_are_missing() -> None:
    rows = session_rows({'a': listed({'id': 1}), 'b': None, 'c': listed(ALICE)})
    assert [list(row) for row in rows] == [list(COLUMNS)] * 3


def test_rows_are_sorted_by_host_in_natural_order_and_by_id() -> None:
    hosts = {name: listed(BOB, ALICE) for name in ('web10', 'Web2', 'web1')}
    found = [(row['host'], row['id']) for row in session_rows(hosts)]
    assert found == [('web1', 2), ('web1', 3), ('Web2', 2), ('Web2', 3), ('web10', 2), ('web10', 3)]


@given(st.lists(st.text()))
def test_the_order_of_names_does_not_depend_on_the_input(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural) == sorted(backwards, key=natural)


def test_unknown_values_are_null_never_zero_or_empty() -> None:
    (row,) = session_rows({'web01': listed({'id': True, 'user': '', 'idle_seconds': float('nan'), 'locked': 0})})
    assert row['id'] is row['user'] is row['idle_seconds'] is row['locked'] is None


def test_an_ended_session_is_reported_but_not_counted() -> None:
    report = build_report({'web01': acted([BOB | done('logged_off', reason='max_disconnected')], [ALICE])}, TIME)
    assert [(row['user'], row['outcome'], row['present']) for row in report.rows] == [
        ('alice', None, True),
        ('bob', 'logged_off', False),
    ]
    assert (report.counts['sessions'], report.counts['disconnected']) == (1, 0)
    assert report.counts['outcomes'] == {'logged_off': 1}


def test_a_disconnected_session_keeps_the_reason_and_shows_its_new_state() -> None:
    after = ALICE | {'state': 'disconnected', 'idle_seconds': 0}
    (row,) = only_host(acted([ALICE | done('disconnected', reason='max_idle')], [after])).rows
    assert (row['state'], row['idle_seconds'], row['over_limit'], row['present']) == (
        'disconnected',
        60,
        'max_idle',
        True,
    )


def test_a_protected_session_has_its_reason() -> None:
    (row,) = only_host(acted([], [BOB], [BOB | {'reason': 'protected_user'}])).rows
    assert (row['outcome'], row['reason'], row['present']) == ('protected', 'protected_user', True)


def test_the_logoff_after_a_warning_replaces_its_outcome() -> None:
    warned = acted([ALICE | done('notified'), BOB | done('logged_off')], [ALICE])
    ended = acted([ALICE | done('logged_off')], [])
    host = only_host(warned, ended)
    assert [(row['user'], row['outcome'], row['present']) for row in host.rows] == [
        ('alice', 'logged_off', False),
        ('bob', 'logged_off', False),
    ]


@pytest.mark.parametrize('before', ['planned', 'notified', 'in_grace'])
def test_a_warned_user_who_is_active_again_no_longer_matches(before: str) -> None:
    warned = ALICE | done(before, reason='max_idle', due_in_seconds=5)
    host = only_host(acted([warned], [ALICE]), acted([], [ALICE | {'idle_seconds': 14}]), max_idle=60)
    (row,) = host.rows
    assert (row['outcome'], row['detail'], row['present']) == ('no_longer_matches', 'the user is active again', True)
    assert (row['over_limit'], row['reason'], row['due_in_seconds']) == (None, None, None)


def test_a_task_with_another_selection_does_not_replace_an_outcome() -> None:
    def called(name: str) -> dict:
        return {'selection': {'users': [name]}}

    first = acted([ALICE | done('notified')], [ALICE, BOB]) | called('alice')
    second = acted([BOB | done('notified')], [ALICE, BOB]) | called('bob')
    assert [row['outcome'] for row in only_host(first, second).rows] == ['notified', 'notified']


def test_a_planned_session_that_has_ended_meanwhile_is_already_gone() -> None:
    (row,) = only_host(acted([ALICE | done('planned')], [ALICE]), acted([], [])).rows
    assert (row['outcome'], row['action'], row['present']) == ('already_gone', 'none', False)


def test_a_warned_user_who_logged_off_is_warned_and_not_present() -> None:
    (row,) = only_host(acted([ALICE | done('notified')], [ALICE]), acted([], [])).rows
    assert (row['outcome'], row['present']) == ('notified', False)


def test_a_skipped_second_call_does_not_replace_the_first_result() -> None:
    host = only_host(acted([], [ALICE]), {'skipped': True, 'changed': False})
    assert (host.status, [row['user'] for row in host.rows]) == ('answered', ['alice'])


def test_the_sessions_of_a_host_that_became_unreachable_are_unknown() -> None:
    warned = acted([ALICE | done('notified'), BOB | done('logged_off')], [ALICE])
    report = build_report({'web01': [warned, {'unreachable': True, 'msg': 'timed out'}]}, TIME)
    (host,) = report.hosts
    assert (host.status, host.seen) == ('unreachable', False)
    assert host.message == 'timed out (The sessions are those of an earlier result.)'
    assert [(row['user'], row['present']) for row in host.rows] == [('alice', None), ('bob', False)]
    assert report.counts['sessions'] == 0


def test_a_reused_id_is_two_sessions() -> None:
    carol = record(2, 'CORP\\carol')
    host = only_host(acted([ALICE | done('session_changed', action='none')], [carol]))
    assert [(row['user'], row['present']) for row in host.rows] == [('alice', False), ('carol', True)]


@pytest.mark.parametrize(
    ('limits', 'reached'),
    [
        ({'max_idle': 60}, ['max_idle', 'max_idle']),
        ({'max_idle': 61}, [None, 'max_idle']),
        ({'max_idle': 61, 'max_disconnected': 7200}, [None, 'max_disconnected']),
        ({'max_disconnected': 0}, [None, 'max_disconnected']),
        ({'max_idle': 0, 'max_logged_on': 0}, ['max_idle', 'max_idle']),
        ({}, [None, None]),
    ],
)
def test_a_session_is_over_the_first_limit_that_it_has_reached(limits: dict, reached: list) -> None:
    assert [row['over_limit'] for row in session_rows({'web01': listed(ALICE, BOB)}, limits)] == reached


def test_an_unknown_time_reaches_no_limit() -> None:
    unknown = ALICE | {'idle_seconds': None}
    assert [row['over_limit'] for row in session_rows({'web01': listed(unknown)}, {'max_idle': 0})] == [None]


def test_services_listeners_and_empty_logon_screens_are_listed_but_not_counted() -> None:
    services = record(0, None, 'disconnected', 90000, session_name='Services')
    left_over = record(4, None, 'down', None, ghost=True)
    report = build_report({'web01': listed(services, ALICE, left_over)}, TIME, limits={'max_idle': 60})
    assert len(report.rows) == 3
    assert (report.counts['sessions'], report.counts['other'], report.counts['users']) == (2, 1, 1)
    assert [row['over_limit'] for row in report.rows] == [None, 'max_idle', None]


def test_two_records_without_a_token_are_two_rows() -> None:
    assert len(session_rows({'web01': listed({'id': 1}, {'id': 1})})) == 2


def test_the_programs_of_a_session_are_one_text() -> None:
    programs = [{'pid': 2, 'name': 'winword.exe', 'sid': None}, {'pid': 1, 'name': 'Explorer.exe', 'sid': None}]
    (row,) = session_rows({'web01': listed(ALICE | {'processes': programs})})
    assert row['processes'] == 'Explorer.exe, winword.exe'


@pytest.mark.parametrize('results', [None, [], 'web01', {'web01': 'S3cr3t'}, {'web01': [3]}])
def test_a_value_that_is_not_a_result_is_refused_without_printing_it(results: object) -> None:
    with pytest.raises(ReportError, match=r'must be a (dict|registered result)[^3]*$'):
        session_rows(results)  # type: ignore[arg-type]


@pytest.mark.parametrize('time', [None, '', 'now', '2026-11-21', '2026-11-21T14:34:47', '2026-2-1T1:1:1Z', 1763735687])
def test_refuses_a_time_in_another_format_with_an_example(time: object) -> None:
    with pytest.raises(ReportError, match='2026-11-21T14:34:47Z'):
        build_report({}, time)  # type: ignore[arg-type]


def test_the_order_of_the_input_does_not_matter() -> None:
    fleet = office()
    assert build_report(fleet, TIME) == build_report(dict(reversed(fleet.items())), TIME)
