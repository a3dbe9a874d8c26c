# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One account has several names: what selects needs certainty, what protects does not."""

from __future__ import annotations

import pytest
from modules.results import calls, ended, ids, of

LOOKUP = 'LookupAccountNameW'
ALICE = {'id': 2, 'user': 'alice'}
BOB = {'id': 3, 'user': 'bob'}
SPELLINGS = [
    'corp.example.com\\alice',
    'CORP.EXAMPLE.COM\\Alice',
    'alice@corp.example.com',
    'CORP\\alice',
    'alice@CORP',
]


@pytest.mark.parametrize('name', SPELLINGS)
def test_selects_a_user_by_any_name_of_the_account(host, info, name):
    host(sessions=[ALICE, BOB])

    result = info(users=[name])

    assert ids(result['sessions']) == [2]
    assert result['unresolved'] == []
    assert 'warnings' not in result


@pytest.mark.parametrize('name', SPELLINGS)
@pytest.mark.parametrize('option', ['protect_users', 'exclude_users'])
def test_protects_and_excludes_a_user_by_any_name_of_the_account(host, act, name, option):
    there = host(sessions=[ALICE, BOB])

    act(all_sessions=True, **{option: [name]})

    assert ended(there) == [3]


def test_looks_up_each_name_once_and_only_names_that_equal_no_account(host, info):
    there = host(sessions=[{'id': n, 'user': f'user{n}'} for n in range(2, 12)])

    info(users=['CORP\\user2', 'user3', 'svc_*', 'nobody@corp.example.com'], exclude_users=['other@corp.example.com'])

    names = [call.arguments['name'] for call in calls(there, LOOKUP)]
    assert sorted(names) == ['nobody@corp.example.com', 'other@corp.example.com']


@pytest.mark.parametrize('name', ['nobody@corp.example.com', 'NOWHERE\\alice', 'alice@nowhere.example'])
def test_a_name_that_cannot_be_resolved_selects_nothing_and_is_returned(host, act, name):
    there = host(sessions=[ALICE])

    result = act(users=[name])

    assert there.acts == []
    assert result['sessions'] == []
    assert result['unresolved'] == [name]
    assert [name in warning and 'Win32 error 1332' in warning for warning in result['warnings']] == [True]


@pytest.mark.parametrize('name', ['NOWHERE\\alice', 'alice@nowhere.example'])
@pytest.mark.parametrize('option', ['protect_users', 'exclude_users'])
def test_a_name_that_cannot_be_resolved_protects_the_same_user_part(host, act, name, option):
    there = host(sessions=[ALICE, {'id': 3, 'user': 'OTHER\\alice'}, {'id': 4, 'user': 'bob'}])

    result = act(all_sessions=True, **{option: [name]})

    assert ended(there) == [4]
    assert [warning for warning in result['warnings'] if '2 sessions are skipped' in warning]


@pytest.mark.parametrize('domain', ['AzureAD', 'MicrosoftAccount'])
def test_a_principal_name_that_cannot_be_resolved_protects_cloud_accounts(host, act, domain):
    there = host(sessions=[{'id': 2, 'user': f'{domain}\\AliceSmith'}, BOB])

    result = act(all_sessions=True, protect_users=['alice@contoso.com'])

    assert ended(there) == [3]
    assert of(result, 'reason', 'protected') == {2: 'protected_user'}


def test_the_sid_comes_from_the_processes_and_not_from_a_name_that_was_given_out_again(host, info):
    theirs = 'S-1-5-21-1-2-3-9'
    there = host(sessions=[ALICE], directory={'accounts': {'CORP\\alice': {'sid': theirs}}})
    hers = there.sessions[2].sid

    assert of(info(gather=['sid']), 'sid') == {2: hers}
    assert ids(info(users=[theirs])['sessions']) == []
    assert ids(info(users=[hers])['sessions']) == [2]


@pytest.mark.parametrize('names', [('ab', 'a\u00adb'), ('\u00e9', 'e\u0301'), ('strasse', 'stra\u00dfe')])
def test_names_that_are_alike_in_a_language_are_two_accounts(host, act, names):
    there = host(sessions=[{'id': n, 'user': name} for n, name in enumerate(names, 2)])
    first, second = (there.sessions[n].sid for n in (2, 3))
    there.fault('WTSEnumerateProcessesExW', error=5)  # so that the names are looked up

    assert ids(act(users=[second], protect_users=[first], check=True)['sessions']) == [3]
    assert ids(act(users=[first], protect_users=[second])['sessions']) == [2]
    assert ended(there) == [2]


def test_protects_a_sid_whose_name_can_no_longer_be_resolved(host, act):
    there = host(sessions=[ALICE, BOB], directory={'accounts': {'CORP\\alice': {'error': 1332}}})
    hers = there.sessions[2].sid

    act(all_sessions=True, protect_users=[hers])

    assert ended(there) == [3]


def test_the_sid_of_a_name_that_is_not_a_user_is_unknown(host, info):
    """A user who is called as the computer: the name resolves to the computer."""
    there = host(sessions=[ALICE], directory={'accounts': {'CORP\\alice': {'type': 'computer'}}})
    there.fault('WTSEnumerateProcessesExW', error=5)

    assert of(info(gather=['sid']), 'sid') == {2: None}


def test_processes_of_another_account_do_not_hide_the_sid_of_the_name(host, info):
    """A program that was started with runas."""
    there = host(sessions=[{**ALICE, 'processes': ['explorer.exe', {'name': 'mmc.exe', 'sid': 'S-1-5-21-9-9-9-500'}]}])

    assert of(info(gather=['sid']), 'sid') == {2: there.sessions[2].sid}


@pytest.mark.parametrize('selects', [True, False])
def test_a_sid_that_cannot_be_compared_warns_where_it_selects_and_counts_where_it_protects(host, act, selects):
    there = host(sessions=[ALICE, BOB], directory={'error': 1355})
    there.fault('WTSEnumerateProcessesExW', error=5)
    sid = 'S-1-5-21-1-2-3-1001'

    result = act(users=[sid]) if selects else act(all_sessions=True, protect_users=[sid])

    assert ended(there) == []
    assert result['warnings']


def test_the_sid_of_a_user_whose_domain_is_unknown_is_that_of_the_processes_alone(host, info):
    namesakes = {'CORP\\alice': 'S-1-5-21-1-2-3-1002', 'CORP\\bob': 'S-1-5-21-1-2-3-1003'}
    there = host(
        sessions=[ALICE, {**BOB, 'processes': []}],
        directory={'accounts': {name: {'sid': sid} for name, sid in namesakes.items()}},
    )
    there.sessions[2].domain = there.sessions[3].domain = None

    assert ids(info(users=[there.sessions[2].sid])['sessions']) == [2]
    assert ids(info(users=list(namesakes.values()))['sessions']) == []


def test_a_group_among_users_is_reported(host, act):
    there = host(sessions=[ALICE], directory={'accounts': {'CORP\\VIP': {'type': 'group'}}})

    result = act(all_sessions=True, protect_users=['CORP\\VIP'])

    assert ended(there) == [2]
    assert ['not a user account' in warning for warning in result['warnings']] == [True]


@pytest.mark.parametrize('answer', ['dns', 'realm'])
def test_protects_the_connection_account_in_any_spelling_of_its_domain(host, act, answer):
    there = host(sessions=[{'id': 2, 'user': 'ansible'}, BOB], windows={'connection_account': answer})

    result = act(all_sessions=True)

    assert ended(there) == [3]
    assert of(result, 'reason', 'protected') == {2: 'connection_user'}


@pytest.mark.parametrize('answer', ['none_mapped', 'no_such_domain'])
def test_an_unknown_connection_account_fails_before_any_act_and_names_the_call(host, act, answer):
    there = host(sessions=[ALICE], windows={'connection_account': answer})

    result = act(all_sessions=True)

    assert (result['failed'], there.acts) == (True, [])
    assert 'GetUserNameExW failed with Win32 error' in result['msg']
    assert ended(there) == []
    assert of(act(all_sessions=True, protect_connection_user=False), 'outcome') == {2: 'logged_off'}


def test_a_provisioning_account_is_selected_only_by_name(host, act):
    there = host(sessions=[{'id': 2, 'user': 'HOST\\defaultuser0'}])

    assert act(all_sessions=True)['sessions'] == []
    assert of(act(users=['defaultuser0']), 'outcome') == {2: 'logged_off'}
    assert ended(there) == [2]
