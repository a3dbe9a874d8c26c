# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Random hosts, tasks, changes and faults."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NOW = '2026-11-21T14:34:47Z'

USERS = ['alice', 'bob', 'CORP\\svc_sql', 'HOME\\alice', 'Jürgen Groß', 'carol', 'dora', 'ansible']
NAMES = [
    *('alice', 'CORP\\alice', 'corp.example.com\\alice', 'alice@corp.example.com', 'alice@CORP', 'HOME\\alice'),
    *('bob', 'BOB@corp.example.com', 'svc_*', 'CORP\\*', '*groß', 'S-1-5-21-1-2-3-1001', 'nobody'),
    *('CORP\\carol', 'carol@corp.example.com', 'dora@corp.example.com'),
]
SIDS = {'CORP\\alice': 'S-1-5-21-1-2-3-1001', 'HOME\\alice': 'S-1-5-21-1-2-3-1002'}
GROUPS = ['CORP\\VIP', 'CORP\\Staff']
PROGRAMS = ['WINWORD.EXE', 'backup.exe']
AGES = [0, 600, 3599, 3601, 7300, 40000]
LIMITS = ['3600', '3600', '600', '7200', '36000', '0']
# "wts_api" errors that a busy, closing, restarting or refusing host answers with.
ERRORS = [2, 5, 6, 87, 122, 234, 1702, 1722, 1726, 1753, 7007, 7022, 7024, 7045, 7060]
READ = 'WTSQuerySessionInformationW'
FALLIBLE = [
    *('WTSEnumerateSessionsExW', READ, 'WTSEnumerateProcessesExW', 'WTSLogoffSession'),
    *('WTSDisconnectSession', 'WTSSendMessageW', 'LookupAccountNameW', 'OpenProcess', 'GetTokenInformation'),
    *('RegSetValueExW', 'RegQueryValueExW', 'rwinsta', 'WTSGetActiveConsoleSessionId'),
]

# Calls of Windows services, which the engine abandons when they do not return.
BOUNDED = [
    *('WTSEnumerateSessionsExW', READ, 'WTSEnumerateProcessesExW', 'WTSLogoffSession', 'WTSDisconnectSession'),
    *('WTSSendMessageW', 'LookupAccountNameW', 'OpenProcess', 'GetTokenInformation', 'GetUserNameExW'),
]
LISTS = ['WTSEnumerateSessionsExW', 'WTSEnumerateProcessesExW']

rarely = st.integers(0, 11).map(lambda number: number == 7)
sometimes = st.integers(0, 2).map(lambda number: number == 1)
ages = st.sampled_from(AGES)

_endings = st.sampled_from(
    [
        *([{}] * 6),
        {'looks': 1},
        {'looks': 2},
        {'takes': 0.05},
        {'error': 5},
        {'error': 7024, 'times': 1},
        {'error': 1722, 'times': 1},
        {'becomes': 'ghost'},
        {'becomes': 'down'},
        {'hangs': True},
        {'replaced_by': {'user': 'bob'}},
        {'replaced_by': {'user': 'ceo'}},
    ]
)
_disconnects = st.sampled_from([*([{}] * 5), {'error': 7024, 'times': 1}, {'reconnects': True}, {'hangs': True}])
_messages = st.sampled_from([*([{}] * 5), {'error': 1726, 'times': 1}, {'error': 7024}])


@st.composite
def people(draw: st.DrawFn) -> dict[str, Any]:
    """A session with a user."""
    user = draw(st.sampled_from(USERS))
    account = user if '\\' in user else f'CORP\\{user}'
    state = draw(st.sampled_from(['active'] * 5 + ['disconnected'] * 3 + ['connected', 'shadow']))
    logged_on = draw(ages)
    found: dict[str, Any] = {
        'user': user,
        'state': state,
        'logged_on': logged_on,
        'connected': min(logged_on, draw(ages)),
        'idle': min(logged_on, draw(ages)),
        'locked': draw(st.sampled_from([True, False, None])),
        'groups': draw(st.lists(st.sampled_from(GROUPS), max_size=1)),
        'client': {'name': draw(st.sampled_from(['PC-1', 'PC-2', '']))},
        'on_logoff': draw(_endings),
        'on_reset': draw(st.sampled_from([{}, {}, {}, {'error': 5}, {'takes': 0.05}])),
        'on_disconnect': draw(_disconnects),
        'on_message': draw(_messages),
    }
    if account in SIDS:
        found['sid'] = SIDS[account]
    if state == 'disconnected':
        found['disconnected'] = min(logged_on, draw(ages))
    if draw(sometimes):
        services = [{'name': 'csrss.exe', 'sid': 'S-1-5-18'}]
        found['processes'] = [*services, 'explorer.exe', draw(st.sampled_from(PROGRAMS))]
    return found


_ghosts = st.builds(
    lambda state, age: {'user': None, 'state': state, 'connected': age, 'disconnected': age, 'idle': None},
    st.sampled_from(['disconnected', 'down', 'connected', 'init']),
    ages,
)
sessions = st.one_of(people(), people(), people(), people(), _ghosts)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """A host's spec."""
    ids = draw(st.permutations([1, 2, 3, 4, 5]))[: draw(st.sampled_from([2, 3, 4, 5]))]
    console = draw(st.sampled_from([None, None, ids[0]]))
    rows = [{**draw(sessions), 'id': session_id} for session_id in sorted(ids)]
    accounts = {name: {'sid': sid} for name, sid in SIDS.items()}
    accounts |= {group: {'type': 'group'} for group in GROUPS}
    if draw(sometimes):
        # A name that was given out again, and one whose account was deleted.
        accounts |= {'CORP\\carol': {'sid': 'S-1-5-21-1-2-3-1003'}, 'CORP\\dora': {'type': 'deleted_account'}}
    directory: dict[str, Any] = {'accounts': accounts, 'domains': {'HOME': 'home.example.com'}}
    if draw(rarely):
        directory['error'] = 1355
    own = ids[-1] if draw(rarely) else 0
    found = {'clock': {'fixed': NOW}, 'sessions': rows, 'console': console, 'own_session': own, 'directory': directory}
    if draw(st.booleans()):
        found['windows'] = {'reconnect_input': 'kept'}
    return found


_SELECTIONS = [
    *[()] * 6,
    *[('max_idle',)] * 4,
    *[('max_logged_on',)] * 3,
    *[('max_idle', 'max_logged_on')] * 2,
    *[('max_idle', 'max_disconnected')] * 2,
    *[('users',)] * 2,
    *[(name,) for name in ('states', 'locked', 'client_names', 'session_ids', 'processes', 'groups')],
    ('max_disconnected',),
    *[('users', 'max_idle'), ('client_names', 'max_idle'), ('session_ids', 'max_logged_on'), ('states', 'users')],
]


@st.composite
def tasks(draw: st.DrawFn) -> dict[str, Any]:
    """Options of win_user_session, as its action plugin passes them."""
    choices: dict[str, st.SearchStrategy[Any]] = {
        'users': st.lists(st.sampled_from(NAMES), min_size=1, max_size=2),
        'groups': st.lists(st.sampled_from(GROUPS), min_size=1, max_size=1),
        'session_ids': st.lists(st.integers(1, 7), min_size=1, max_size=4, unique=True),
        'states': st.lists(st.sampled_from(['active', 'disconnected', 'connected', 'down']), min_size=1, max_size=3),
        'locked': st.booleans(),
        'processes': st.lists(st.sampled_from(['winword', 'backup*']), min_size=1, max_size=1),
        'client_names': st.just(['PC-1']),
        'max_idle': st.sampled_from(LIMITS),
        'max_disconnected': st.sampled_from(LIMITS),
        'max_logged_on': st.sampled_from(LIMITS),
    }
    found: dict[str, Any] = {name: draw(choices[name]) for name in draw(st.sampled_from(_SELECTIONS))}
    found |= {} if found else {'all_sessions': True}
    guards: dict[str, st.SearchStrategy[Any]] = {
        'exclude_users': choices['users'],
        'protect_users': choices['users'],
        'protect_groups': choices['groups'],
        'protect_processes': choices['processes'],
    }
    guard = draw(st.sampled_from([None, None, None, *guards]))
    if guard is not None:
        found[guard] = draw(guards[guard])
    found['state'] = draw(st.sampled_from(['logged_off'] * 4 + ['disconnected']))
    if found['state'] == 'logged_off':
        found['method'] = draw(st.sampled_from(['logoff', 'logoff', 'logoff_then_reset', 'logoff_then_reset', 'reset']))
        if draw(sometimes):
            found['ghosts'] = True
        if 'max_idle' in found and draw(sometimes):
            found['idle_action'] = 'disconnect'
    if draw(rarely):
        found['max_sessions'] = 1
    if draw(rarely):
        found['protect_console_idle'] = False
    if draw(st.booleans()):
        times = [{'grace': '900'}] * 3 + [
            {'grace': '0'},
            {'at': '2026-11-21T15:00:00Z'},
            {'at': '2026-11-21T20:00:00Z'},
        ]
        found['notice'] = {'text': 'Please save your work.', **draw(st.sampled_from(times))}
        if draw(sometimes):
            found['notice']['remind'] = '120'
        if draw(rarely):
            found['notice']['renew'] = True
        if draw(rarely):
            found['notice']['valid'] = draw(st.sampled_from(['60', '86400']))
    found['timeout'] = '0.2'
    return found


# A change names a session by its place in the table, as the table is when it happens.
places = st.integers(0, 4)
changes = st.one_of(
    *[st.tuples(st.just('input'), places)] * 3,
    st.tuples(st.just('reconnect'), places),
    st.tuples(st.just('disconnect'), places),
    st.tuples(st.just('leave'), places),
    *[st.tuples(st.just('replace'), places, people())] * 2,
    st.tuples(st.just('return'), places),
    st.tuples(st.just('program'), places, st.sampled_from(PROGRAMS)),
    st.tuples(st.just('client'), places, st.sampled_from(['PC-1', 'PC-2'])),
    st.tuples(st.just('lock'), places, st.booleans()),
    st.tuples(st.just('hide processes'), places),
    st.tuples(st.just('logon'), people()),
    st.tuples(st.just('jump'), st.sampled_from([-7200, -60, 3600])),
    st.tuples(st.just('advance'), st.sampled_from([9, 60, 900])),
    st.tuples(st.just('heal')),
)
_once_or_twice = st.sampled_from([1, 2])
_errors = {'error': st.sampled_from(ERRORS), 'times': st.sampled_from([1, 1, 2, 5])}
_acts = st.sampled_from(['WTSLogoffSession', 'WTSDisconnectSession', 'WTSSendMessageW'])
faults = st.one_of(
    st.fixed_dictionaries({'api': st.sampled_from(FALLIBLE), **_errors}),
    st.fixed_dictionaries({'api': st.just(READ), 'class': st.sampled_from([10, 25]), **_errors}),
    st.fixed_dictionaries({'api': _acts, 'error': st.just(1726), 'carried_out': st.just(True), 'times': st.just(1)}),
    st.fixed_dictionaries({'api': st.sampled_from(FALLIBLE), 'takes': st.just(0.02), 'times': st.just(2)}),
    st.fixed_dictionaries({'api': st.sampled_from(BOUNDED), 'hangs': st.just(True), 'times': st.sampled_from([1, 2])}),
    st.fixed_dictionaries(
        {'api': st.sampled_from(LISTS), 'result': st.just('empty'), 'times': st.sampled_from([1, 2])}
    ),
    st.fixed_dictionaries({'api': st.just(READ), 'result': st.sampled_from(['empty', 'short']), 'times': st.just(2)}),
)
