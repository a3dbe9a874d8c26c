# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Selecting and protecting by group, lock state and process."""

from __future__ import annotations

import pytest
from modules.results import calls, ended, ids, of

GROUPS = {'accounts': {'CORP\\VIP': {'type': 'group'}, 'CORP\\Staff': {'type': 'group'}}}
ALICE = {'id': 2, 'user': 'alice', 'groups': ['CORP\\VIP', 'CORP\\Staff']}
BOB = {'id': 3, 'user': 'bob', 'groups': ['CORP\\Staff']}
GHOST = {'id': 9, 'state': 'disconnected', 'disconnected': '5h'}


def test_groups_select_members_and_cost_nothing_without_the_option(host, info):
    there = host(sessions=[ALICE, BOB], directory=GROUPS)

    info()
    assert calls(there, 'OpenProcess') == calls(there, 'LookupAccountNameW') == []
    assert ids(info(groups=['CORP\\VIP'])['sessions']) == [2]
    assert ids(info(groups=['CORP\\VIP', 'CORP\\Staff'])['sessions']) == [2, 3]
    assert ids(info(groups=[])['sessions']) == []
    assert there.memory.live == {}


def test_protect_groups_protects_members(host, act):
    there = host(sessions=[ALICE, BOB], directory=GROUPS)

    result = act(all_sessions=True, protect_groups=['CORP\\VIP'])

    assert ended(there) == [3]
    assert of(result, 'reason', 'protected') == {2: 'protected_group'}


@pytest.mark.parametrize('attributes', ['deny_only', 0x14], ids=['deny only', 'enabled, too'])
def test_an_administrator_whose_session_runs_without_its_rights_is_a_member(host, info, act, attributes):
    """User Account Control makes the administrative groups of an interactive logon deny only."""
    admins = 'BUILTIN\\Administrators'
    there = host(sessions=[{**ALICE, 'groups': [{'name': admins, 'attributes': attributes}]}, BOB])

    assert ids(info(groups=[admins])['sessions']) == [2]
    result = act(all_sessions=True, protect_groups=[admins])
    assert (of(result, 'reason', 'protected'), ended(there)) == ({2: 'protected_group'}, [3])


@pytest.mark.parametrize('attributes', [0x0, 0x60, 0xC0000007], ids=['disabled', 'integrity', 'logon'])
def test_a_group_that_is_disabled_or_no_group_is_no_membership(host, info, attributes):
    host(sessions=[{**ALICE, 'groups': [{'name': 'CORP\\VIP', 'attributes': attributes}]}], directory=GROUPS)

    assert info(groups=['CORP\\VIP'])['sessions'] == []


def test_reads_the_token_of_the_next_process_if_the_first_cannot_be_opened(host, info):
    there = host(sessions=[{**ALICE, 'processes': ['a.exe', 'b.exe']}], directory=GROUPS)
    there.fault('OpenProcess', error=5, times=1)

    assert ids(info(groups=['CORP\\VIP'])['sessions']) == [2]


@pytest.mark.parametrize('api', ['OpenProcess', 'OpenProcessToken', 'GetTokenInformation'])
def test_a_token_that_cannot_be_read_protects_and_does_not_select(host, act, api):
    there = host(sessions=[ALICE, BOB], directory=GROUPS)
    there.fault(api, error=5)

    selected = act(groups=['CORP\\VIP'])
    assert (selected['sessions'], ended(there)) == ([], [])
    assert [warning for warning in selected['warnings'] if 'token' in warning]
    protected = act(all_sessions=True, protect_groups=['CORP\\VIP'])
    assert (of(protected, 'reason', 'protected'), ended(there)) == ({2: 'protected_group', 3: 'protected_group'}, [])
    assert [warning for warning in protected['warnings'] if '2 sessions are skipped' in warning]
    assert there.memory.live == {}


@pytest.mark.parametrize('option', ['groups', 'protect_groups'])
@pytest.mark.parametrize('name', ['CORP\\Nobody', 'CORP\\alice'])
def test_a_name_that_is_not_a_group_fails_before_anything_is_done(host, act, option, name):
    there = host(sessions=[ALICE], directory=GROUPS)

    result = act(all_sessions=True, **{option: [name]})

    assert result['failed']
    assert name in result['msg']
    assert there.acts == []


def test_groups_of_another_server_are_refused(host, act):
    there = host(servers={'rds02': {'sessions': [ALICE]}}, directory=GROUPS)

    result = act(groups=['CORP\\VIP'], server='rds02')

    assert result['failed']
    assert there.acts == []


def test_locked_selects_sessions_whose_lock_state_is_known(host, info):
    host(
        sessions=[
            {'id': 2, 'user': 'alice', 'locked': True},
            {'id': 3, 'user': 'bob', 'locked': False},
            {'id': 4, 'user': 'carol', 'locked': None},
            {'id': 5, 'user': 'dora', 'disconnected': '1h'},
        ]
    )

    assert ids(info(locked=True)['sessions']) == [2]
    assert ids(info(locked=False)['sessions']) == [3]


@pytest.mark.parametrize('name', ['WINWORD', 'winword', 'winword.exe', 'WINW*', 'winword.ex?'])
def test_processes_select_by_image_name(host, info, name):
    host(sessions=[{**ALICE, 'processes': ['explorer.exe', 'WINWORD.EXE']}, BOB])

    assert ids(info(processes=[name])['sessions']) == [2]


@pytest.mark.parametrize('name', ['excel', 'EXCEL.EXE', 'excel*'])
def test_protect_processes_accepts_a_name_without_extension(host, act, name):
    there = host(sessions=[{**ALICE, 'processes': ['EXCEL.EXE']}, BOB])

    result = act(all_sessions=True, protect_processes=[name])

    assert ended(there) == [3]
    assert of(result, 'reason', 'protected') == {2: 'protected_process'}


def test_a_live_session_without_processes_is_protected_and_a_ghost_is_not(host, act):
    there = host(console=None, sessions=[ALICE, BOB, GHOST])
    there.on(
        'WTSEnumerateProcessesExW', when='before', do=lambda host: setattr(host.sessions[2], 'processes', []), nth=1
    )

    result = act(all_sessions=True, ghosts=True, protect_processes=['backup.exe'])

    assert ended(there) == [3, 9]
    assert of(result, 'reason', 'protected') == {2: 'protected_process'}


def test_a_live_session_without_processes_cannot_be_selected_by_them(host, info):
    there = host(sessions=[ALICE, BOB])
    there.sessions[2].processes = []

    result = info(processes=['explorer.exe'])

    assert (result['failed'], ids(result['sessions'])) == (True, [2, 3])


@pytest.mark.parametrize('option', ['processes', 'protect_processes'])
def test_processes_that_cannot_be_listed_fail_before_any_act(host, act, option):
    there = host(sessions=[ALICE])
    there.fault('WTSEnumerateProcessesExW', error=5)

    result = act(all_sessions=True, **{option: ['x.exe']})

    assert (result['failed'], there.acts) == (True, [])
