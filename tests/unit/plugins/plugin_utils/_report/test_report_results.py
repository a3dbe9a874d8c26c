"""How registered results become a report: loops, other servers, hidden failures, hostile hosts, one user."""

from __future__ import annotations

import typing as t

import pytest
from report.fleets import TIME, done, office, record

from ansible_collections.winops.sessions.plugins.plugin_utils._report.data import from_json, merge, to_csv, to_json
from ansible_collections.winops.sessions.plugins.plugin_utils._report.html import to_html
from ansible_collections.winops.sessions.plugins.plugin_utils._report.labels import limits, tally, verdict
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import Report
from ansible_collections.winops.sessions.plugins.plugin_utils._report.results import build_report
from ansible_collections.winops.sessions.plugins.plugin_utils._report.summary import to_statistics, to_summary

ALICE, BOB = record(2, 'CORP\\alice'), record(3, 'CORP\\bob', 'disconnected', 7200)


def acted(sessions: list, remaining: list, protected: list | None = None, **facts: object) -> dict:
    """What ``win_user_session`` returns."""
    return {'changed': True, 'sessions': sessions, 'protected': protected or [], 'remaining': remaining} | facts


def loop(*items: dict, **facts: object) -> dict:
    """A registered result of a loop."""
    return {'results': list(items), 'changed': True, 'msg': 'All items completed', 'skipped': False} | facts


def item(value: str, result: dict) -> dict:
    """One result of a loop."""
    return {'item': value, 'ansible_loop_var': 'item', 'failed': False} | result


def called(result: dict, **arguments: object) -> dict:
    """A result with the selection options of its task."""
    return result | {'selection': arguments}


def outcomes(report: Report) -> dict[tuple[str, str], str | None]:
    """The outcome of each session by host and user."""
    return {(row['host'], row['user']): row['outcome'] for row in report.sessions}


def test_a_loop_over_users_is_reported_with_every_session() -> None:
    looped = loop(
        item('alice', called(acted([ALICE | done('logged_off')], [BOB]), users=['alice'])),
        item('bob', called(acted([BOB | done('logged_off')], []), users=['bob'])),
    )
    report = build_report({'rds02': looped}, TIME)
    assert [host.status for host in report.hosts] == ['answered']
    assert outcomes(report) == {('rds02', 'alice'): 'logged_off', ('rds02', 'bob'): 'logged_off'}
    assert report.counts['sessions'] == 0


def test_a_loop_of_which_one_item_failed_has_failed_with_its_message() -> None:
    looped = loop(
        item('alice', {'failed': True, 'msg': 'Access denied (5).'}),
        item('bob', acted([BOB | done('logged_off')], [])),
        failed=True,
        msg='One or more items failed',
    )
    (host,) = build_report({'rds02': looped}, TIME).hosts
    assert (host.status, host.message, [row['user'] for row in host.rows]) == ('failed', 'Access denied (5).', ['bob'])


def test_a_loop_over_hosts_is_reported_under_these_hosts() -> None:
    looped = loop(
        item('web01', {'sessions': [ALICE]}),
        item('web02', {'unreachable': True, 'msg': 'timed out'}),
        failed=True,
    )
    report = build_report({'localhost': looped}, TIME, inventory=['localhost', 'web01', 'web02'])
    assert {host.name: host.status for host in report.hosts} == {'web01': 'answered', 'web02': 'unreachable'}


def test_sessions_of_another_server_are_reported_under_that_server() -> None:
    report = build_report({'jump01': called({'sessions': [ALICE]}, server='app01')}, TIME)
    assert [(host.name, host.status, len(host.rows)) for host in report.hosts] == [
        ('app01', 'answered', 1),
        ('jump01', 'not_asked', 0),
    ]


@pytest.mark.parametrize(
    ('result', 'message'),
    [
        # What ansible-core registers with `failed_when: false`.
        ({'failed': False, 'failed_when_result': False, 'msg': 'Access denied (5).'}, 'Access denied (5).'),
        ({'failed': False, 'changed': False, 'msg': 'Task failed: Module failed: Access denied (5).'}, 'Access denied'),
        (
            acted([ALICE | done('planned')], [ALICE], failed=False, failed_when_result=False)
            | {'msg': '1 session matches and max_sessions allows 0.'},
            'max_sessions allows 0',
        ),
        (acted([ALICE | done('failed')], [ALICE], failed=False, msg='1 failed'), '1 failed'),
        ({'failed': True}, 'without a message'),
    ],
)
def test_reports_a_failure_that_the_caller_overrides(result: dict, message: str) -> None:
    (host,) = build_report({'web01': [result, {'skipped': True}]}, TIME).hosts
    assert host.status == 'failed'
    assert message in (host.message or '')


HUGE = 10**400
HOSTILE: dict[str, t.Any] = {
    'text': {'sessions': 'alice'},
    'list of texts': {'sessions': ['alice']},
    'nested lists': {'sessions': [[[]]]},
    'number': {'sessions': [ALICE | {'idle_seconds': HUGE}]},
    'infinity': {'sessions': [ALICE | {'idle_seconds': float('inf'), 'due_in_seconds': float('nan')}]},
    'outcome list': acted([ALICE | {'outcome': ['x']}], [ALICE]),
    'outcome dict': acted([ALICE | {'outcome': {}}], [ALICE]),
    'token list': acted([ALICE | {'token': [['x']], 'reason': ['x'], 'action': {}}], []),
    'without outcome': acted([ALICE], [ALICE]),
    'selection': called({'sessions': [ALICE]}, max_idle=HUGE, max_disconnected=['x'], max_logged_on='x', server=['y']),
    'loop of texts': {'results': ['x', 3, None]},
    'loop of itself': {'results': [{'results': [{'sessions': 3}]}]},
    'msg': {'failed': True, 'msg': {'a': ['\x1b[31m', '{{ 1 }}']}},
}


@pytest.mark.parametrize('name', HOSTILE)
def test_a_hostile_or_broken_host_affects_only_its_own_rows(name: str) -> None:
    good = office()['rds01']
    report = build_report({'evil': HOSTILE[name], 'rds01': good}, TIME, limits={'max_idle': 7200})
    assert [host.status for host in report.hosts if host.name == 'rds01'] == ['answered']
    assert sum(row['host'] == 'rds01' for row in report.sessions) == 5
    assert {host.name for host in report.hosts} >= {'rds01', 'evil'} - ({'evil'} if name == 'selection' else set())
    for form in (to_html, to_csv, to_json, to_summary):
        assert form(report)
    assert from_json(to_json(report), 'x.json').hosts == report.hosts
    if name in ('text', 'list of texts', 'nested lists'):
        assert 'invalid result: sessions must be a list of session records' in report.rows[0]['host_message']


def test_an_action_of_an_earlier_result_survives_an_invalid_one() -> None:
    (host,) = build_report({'web01': [acted([ALICE | done('logged_off')], []), {'sessions': ['x']}]}, TIME).hosts
    assert (host.status, [row['outcome'] for row in host.rows]) == ('failed', ['logged_off'])


def test_limits_are_those_that_the_module_of_each_host_was_called_with() -> None:
    long, short = (called({'sessions': [BOB]}, max_disconnected=seconds, max_idle=None) for seconds in (14400, 3600))
    report = build_report({'rds01': long, 'rds02': short}, TIME, limits={'max_disconnected': 14400, 'max_idle': 60})
    assert [row['over_limit'] for row in report.sessions] == [None, 'max_disconnected']
    assert limits(report) == 'disconnected 1 h to 4 h by host'
    page = to_html(report)
    assert 'Limits: disconnected 1 h to 4 h by host' in page
    assert '1 session, limits: disconnected 4 h' in page


def test_both_stages_of_one_call_are_reported() -> None:
    idle = ALICE | done('disconnected', action='disconnect', reason='max_idle')
    left = BOB | done('logged_off', reason='max_disconnected')
    report = build_report({'rds01': acted([idle, left], [ALICE | {'state': 'disconnected'}])}, TIME)
    assert {label.words: count for label, count in tally(report.sessions).items()} == {
        'disconnected': 1,
        'logged off': 1,
    }
    plan = [idle | {'outcome': 'planned'}, left | {'outcome': 'planned'}]
    report = build_report({'rds01': acted(plan, [ALICE, BOB])}, TIME, check_mode=True)
    assert 'plan: 1 would be disconnected, 1 would be logged off' in to_summary(report)
    page = to_html(report)
    assert all(words in page for words in ('Planned actions', 'would be disconnected', 'check mode'))
    assert 'Check mode: nothing was changed. Every host answered.' in page


def test_a_user_who_could_not_be_warned_is_not_counted_as_warned() -> None:
    sessions = [ALICE | done('notified', told=False), BOB | done('in_grace', told=True)]
    report = build_report({'rds01': acted(sessions, [ALICE, BOB])}, TIME)
    assert 'outcomes: 1 not warned yet, 1 in the grace period' in to_summary(report)
    assert to_statistics(report)['user_sessions_not_warned'] == 1
    assert verdict(report).words == '1 user could not be warned yet.'


def test_a_report_on_one_user_has_no_session_of_others() -> None:
    results = {'rds01': acted([ALICE | done('logged_off')], [BOB]), 'rds02': acted([], [BOB])}
    report = build_report(results, TIME, user='alice')
    assert outcomes(report) == {('rds01', 'alice'): 'logged_off'}
    assert to_summary(report)[0] == 'alice: 1 session on 1 of 2 hosts.'
    assert 'bob' not in to_html(report) + to_csv(report) + to_json(report)
    listed = build_report({'rds01': {'sessions': [ALICE]}}, TIME, user='alice')
    assert outcomes(listed) == {('rds01', 'alice'): None}


def test_a_report_on_a_user_without_sessions_begins_with_that() -> None:
    results = {'rds01': {'sessions': []}, 'rds02': {'sessions': []}, 'web04': {'unreachable': True, 'msg': 'timed out'}}
    lines = to_summary(build_report(results, TIME, user='alcie'))
    assert lines[0] == (
        'alcie: no user of this name is logged on to the 2 hosts that answered. '
        '1 of 3 hosts could not be queried. Its sessions are unknown.'
    )


def test_hosts_of_different_sites_stay_apart() -> None:
    paris, tokyo = (build_report({'rds01': {'sessions': [ALICE]}}, TIME, site=site) for site in ('paris', 'tokyo'))
    sources = [(f'{report.hosts[0].site}.json', from_json(to_json(report), 'x')) for report in (paris, tokyo)]
    merged = merge(build_report({}, TIME), sources)
    assert [(host.name, host.site) for host in merged.hosts] == [('rds01', 'paris'), ('rds01', 'tokyo')]
    assert from_json(to_json(merged), 'x').hosts == merged.hosts
    page = to_html(merged)
    assert 'rds01 <small>paris</small>' in page
    assert 'rds01 (tokyo): 2 CORP\\alice (active, idle 1 min)' in to_summary(merged)


def test_an_unreliable_idle_time_is_marked_everywhere_and_explained() -> None:
    console = ALICE | {'idle_seconds': 25200, 'idle_reliable': False, 'console': True}
    report = build_report({'web02': {'sessions': [console]}}, TIME)
    page, lines = to_html(report), to_summary(report)
    assert page.count('7 h?') == 4  # host, session of the host, user, session of the user
    assert '7 h<' not in page
    assert any('idle 7 h?' in line for line in lines)
    assert 'A question mark follows an idle time that is not reliable' in lines[-1]


def test_a_long_message_keeps_its_remedy() -> None:
    message = f'{"The account lacks the right to query sessions. " * 10}Use a local administrator.'
    report = build_report({'web03': {'failed': True, 'msg': message}}, TIME)
    assert 'Use a local administrator.' in to_html(report)
    assert any(line.endswith('Use a local administrator.') for line in to_summary(report))


def test_every_form_states_the_origin_of_the_report() -> None:
    made = {'user': 'kim', 'job': '42', 'collection_version': '1.2.3', 'ansible_version': '2.19.1'}
    report = build_report({}, TIME, origin=made)
    assert to_summary(report)[0] == 'User sessions: all, 2026-11-21 14:34 UTC, run by kim, job 42'
    assert 'Created by winops.sessions 1.2.3, ansible-core 2.19.1, run by kim, job 42' in to_html(report)
    assert '"origin": {"user": "kim", "job": "42"' in to_json(report)


def test_a_closing_session_without_logon_time_is_the_same_session() -> None:
    closing = BOB | {'state': 'down', 'token': '3:0:CORP\\bob', 'logon_time': None}
    stuck = acted([BOB | done('still_present')], [closing], failed=True)
    report = build_report({'sql01': [acted([BOB | done('notified')], [BOB]), stuck]}, TIME)
    assert [(row['state'], row['outcome'], row['token']) for row in report.sessions] == [
        ('down', 'still_present', BOB['token'])
    ]
