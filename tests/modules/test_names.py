# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of users: whole, in any alphabet, and never another one's."""

from __future__ import annotations

import pytest
from modules.results import calls, ended, enumerations, ids, of

NAMES = [
    'Jürgen Groß',
    'Łukasz Żółć',
    'Владимир',
    '山田太郎',
    'محمد',
    'ನಮಸ್ಕಾರ',
    'e\u0301clair',  # not composed
    '😀 emoji 👩‍👩‍👧‍👧',
    "o'neil $(x) `n {0} %s",
    'trailing. space',
    'n' * 60,
    'x' * 20,
    'y' * 19 + '😀',  # the pair is cut in two in a field of 20 units
    'anna@corp.example',
]


def test_names_of_any_alphabet_are_whole_and_exact(host, info):
    host(sessions=[{'id': n, 'user': name, 'domain': 'WEB01'} for n, name in enumerate(NAMES, 2)])

    result = info()

    assert list(of(result, 'user').values()) == NAMES
    assert list(of(result, 'account').values()) == [f'WEB01\\{name}' for name in NAMES]
    assert 'warnings' not in result
    assert [record['token'].split(':', 2)[2] for record in result['sessions']] == [f'WEB01\\{name}' for name in NAMES]


def test_a_long_domain_is_whole(host, info):
    host(sessions=[{'id': 2, 'user': 'alice', 'domain': 'A-DOMAIN-OF-MORE-THAN-SEVENTEEN'}])

    (record,) = info()['sessions']

    assert record['account'] == 'A-DOMAIN-OF-MORE-THAN-SEVENTEEN\\alice'


@pytest.mark.parametrize('name', NAMES)
def test_each_name_selects_and_ends_only_its_own_session(host, act, name):
    there = host(sessions=[{'id': n, 'user': other} for n, other in enumerate(NAMES, 2)])

    result = act(users=[f'CORP\\{name}'])

    assert ended(there) == [NAMES.index(name) + 2]
    assert [record['user'] for record in result['sessions']] == [name]
    assert result['sessions'][0]['outcome'] == 'logged_off'
    assert len(result['remaining']) == len(NAMES) - 1


def test_distinguishes_several_sessions_of_one_user(host, act):
    there = host(
        sessions=[
            {'id': 2, 'user': 'alice', 'idle': '3h'},
            {'id': 3, 'user': 'alice'},
            {'id': 4, 'user': 'alice', 'idle': '5h'},
        ]
    )

    result = act(users=['alice'], max_idle='3600')

    assert ended(there) == [2, 4]
    assert ids(result['remaining']) == [3]
    assert len({*of(result, 'token').values()}) == 2


@pytest.mark.parametrize(
    ('pattern', 'matching'),
    [
        ('alice', [2, 3, 6]),
        ('ALICE', [2, 3, 6]),
        ('CORP\\alice', [2]),
        ('corp\\Alice', [2]),
        ('alice@corp', [2]),
        ('alice@*', [2, 3, 6]),
        ('*\\alice', [2, 3, 6]),
        ('WEB?1\\*', [6]),
        ('*', [2, 3, 4, 5, 6, 7]),
        ('a*', [2, 3, 5, 6]),
        ('?lice', [2, 3, 6]),
        ('alice?', []),
        ('svc_*', [4]),
        ('svc_????', [4]),
        ('[a]lice', []),
        ('alic.', []),
        ('al', []),
        ('anna@corp.example', [5]),
        ('*@corp.example', [5]),
        ('OTHER\\anna@*', [5]),
        ('JÜRGEN GROß', [7]),
        ('jürgen*', [7]),
        ('S-1-5-21-1-2-3-1001', [2]),
        ('s-1-5-21-1-2-3-1001', [2]),
        ('S-1-5-21-1-2-3-10*', [2, 3, 4, 6]),
        ('S-1-5-21-1-2-3', []),
        ('S-1-5-21-9-9-9-9', []),
    ],
)
def test_every_form_of_a_user(host, info, pattern, matching):
    sid = 'S-1-5-21-1-2-3-'
    rows = [
        {'id': 2, 'user': 'alice', 'sid': sid + '1001'},
        {'id': 3, 'user': 'Alice', 'domain': 'OTHER', 'sid': sid + '1002'},
        {'id': 4, 'user': 'svc_back', 'sid': sid + '1003'},
        {'id': 5, 'user': 'anna@corp.example', 'domain': 'OTHER', 'sid': None},
        {'id': 6, 'user': 'alice', 'domain': 'WEB01', 'sid': sid + '1004'},
        {'id': 7, 'user': 'Jürgen Groß', 'sid': None},
    ]
    there = host(sessions=rows)

    assert ids(info(users=[pattern])['sessions']) == matching
    assert ids(info(users=['nobody', pattern])['sessions']) == matching
    unresolved = [5, 7] if pattern.upper().startswith('S-1-') else []
    left = [n for n in range(2, 8) if n not in matching and n not in unresolved]
    assert ids(info(exclude_users=[pattern])['sessions']) == left
    assert there.acts == []


def test_compares_many_wildcards_without_backtracking(host, info):
    host(sessions=[{'id': 2, 'user': 'a' * 200}])

    assert info(users=['*a' * 90 + 'b'])['sessions'] == []


def test_looks_a_name_up_once_where_the_processes_do_not_show_the_sid(host, info):
    there = host(sessions=[{'id': n, 'user': 'alice'} for n in range(2, 8)])
    there.fault('WTSEnumerateProcessesExW', error=5)

    info(users=['S-1-5-21-1-2-3-1001'], exclude_users=['S-1-5-18'], gather=['sid'])

    assert len(calls(there, 'LookupAccountNameW')) == 1


def test_an_account_of_another_server_is_looked_up_there(host, info):
    there = host(servers={'rds02': {'sessions': [{'id': 2, 'user': 'alice'}]}})
    there.fault('WTSEnumerateProcessesExW', error=5)

    info(server='rds02', gather=['sid'])

    assert [call.arguments for call in calls(there, 'LookupAccountNameW')] == [
        {'system': 'rds02', 'name': 'CORP\\alice'}
    ]


# ---- Names that are cut in the facts ----


@pytest.mark.parametrize('cut', ['n' * 20, 'y' * 19 + '😀'])
def test_accounts_with_the_same_first_20_characters_differ(host, act, cut):
    """The facts show no difference: only the enumeration does."""
    there = host(clock={'fixed': '2026-11-21T12:00:00Z'}, sessions=[{'id': 2, 'user': cut + 'one', 'logged_on': '1h'}])
    there.on(
        'WTSEnumerateSessionsExW',
        do=lambda host: host.change({'replace': {'id': 2, 'user': cut + 'two', 'logged_on': '1h'}}),
    )

    result = act(users=[cut + '*'])

    assert there.acts == []
    assert of(result, 'outcome') == {2: 'session_changed'}
    assert of(result, 'user', 'remaining') == {2: cut + 'two'}
    assert not result['changed']


def test_skips_a_reused_id_if_only_the_end_of_a_long_domain_name_differs(host, act):
    long = 'A-DOMAIN-OF-17-CH'
    there = host(
        clock={'fixed': '2026-11-21T12:00:00Z'},
        sessions=[{'id': 2, 'user': 'alice', 'domain': long + 'X', 'logged_on': '1h'}],
    )
    there.on(
        'WTSEnumerateSessionsExW',
        do=lambda host: host.change({'replace': {'id': 2, 'user': 'alice', 'domain': long + 'Y', 'logged_on': '1h'}}),
    )

    result = act(users=['alice'])

    assert there.acts == []
    assert of(result, 'outcome') == {2: 'session_changed'}


def test_many_long_names_cost_no_enumeration_each_while_waiting(host, act):
    there = host(sessions=[{'id': n, 'user': 'n' * 20 + str(n), 'on_logoff': {'looks': 2}} for n in range(2, 12)])

    result = act(users=['n*'])

    assert {*of(result, 'outcome').values()} == {'logged_off'}
    # One to read, one before each of the ten acts, those of the polling, one for what remains.
    assert enumerations(there) <= 1 + 10 + 4 + 1
