# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Random tables and random options against a second reading of the documentation.

The model is independent of the engine: it implements in Python what the documentation states. What the
modules return is compared with it, and above all what they did.
"""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from modules.results import done, ids, of

from winhost.clock import SECOND, filetime
from winhost.directory import fold

NOW = filetime('2026-11-21T14:34:47Z')
CALLER = 'CORP\\ansible'
STATES = ['active', 'connected', 'connect_query', 'shadow', 'disconnected', 'idle', 'listen', 'reset', 'down', 'init']

# ---- The model ----


def matches(pattern: str, text: str | None) -> bool:
    """Wildcards * and ?, without case; what is not known matches nothing."""
    if text is None:
        return False
    parts = {'*': '.*', '?': '.'}
    regex = ''.join(parts.get(char, re.escape(fold(char))) for char in pattern)
    return re.fullmatch(regex, fold(text), re.DOTALL) is not None


def is_called(row: dict[str, Any], pattern: str) -> bool:
    """Whether a pattern is the name of a row's user, as text."""
    if row['user'] is None:
        return False
    if '\\' in pattern:
        return matches(pattern, f'{row["domain"]}\\{row["user"]}')
    return matches(pattern, row['user']) or ('@' in pattern and matches(pattern, f'{row["user"]}@{row["domain"]}'))


def is_user(row: dict[str, Any], table: dict[str, Any], patterns: list[str], *, doubt: bool) -> bool:
    """Whether a row's user is one of those named. For a protection, a possible match is enough."""
    if row['user'] is None:
        return False
    for pattern in patterns:
        if re.fullmatch(r'S-1-[\d*?-]+', pattern, re.IGNORECASE):
            found = doubt if row['sid'] is None else matches(pattern, row['sid'])
        else:
            found = is_called(row, pattern)
            # A name with a domain that is no session's name is resolved, and the host of this test has no others.
            unresolved = not re.search(r'[*?]', pattern) and not any(is_called(r, pattern) for r in table['sessions'])
            user = pattern.rpartition('\\')[2] if '\\' in pattern else pattern.rpartition('@')[0]
            found = found or (
                doubt and unresolved and bool(user) and user != pattern and fold(user) == fold(row['user'])
            )
        if found:
            return True
    return False


def age(stamp: int) -> int | None:
    """Whole seconds since a moment, never negative; None where it is unknown."""
    return None if stamp == 0 else max(0, (NOW - stamp) // SECOND)


def read(row: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """The session record of a row."""
    disconnected = row['state'] in ('disconnected', 'down')
    console = row['id'] == table['console']
    ghost = row['user'] is None and disconnected and row['id'] != 0 and not console
    since = row['disconnect_time'] or (row['connect_time'] if ghost else 0)
    disconnected_seconds = age(since) if disconnected else None
    source = 'disconnect'
    idle = disconnected_seconds
    if idle is None and row['last_input_time']:
        idle = age(max(row['last_input_time'], row['connect_time'], row['logon_time']))
        source = 'input'
    account = f'{row["domain"]}\\{row["user"]}' if row['user'] else None
    return {
        'id': row['id'],
        'state': row['state'],
        'user': row['user'],
        'domain': row['domain'] if row['user'] else None,
        'account': account,
        'logged_on_seconds': age(row['logon_time']),
        'disconnected_seconds': disconnected_seconds,
        'idle_seconds': idle,
        'idle_source': None if idle is None else source,
        'idle_reliable': idle is not None and not console,
        'locked': None if disconnected else row['locked'],
        'console': console,
        'client_name': row['client']['name'] or None,
        'ghost': ghost,
        'own': row['id'] == table['own_session'],
        'token': f'{row["id"]}:{row["logon_time"] if account else row["connect_time"]}:{account or ""}',
    }


def reached(record: dict[str, Any], options: dict[str, Any]) -> list[str]:
    """The limits that a session has reached, in the order in which they are named as the reason."""
    keys = {
        'max_disconnected': 'disconnected_seconds',
        'max_idle': 'idle_seconds',
        'max_logged_on': 'logged_on_seconds',
    }
    return [
        option
        for option, key in keys.items()
        if option in options
        and (record['user'] or option == 'max_disconnected')
        and record[key] is not None
        and record[key] >= float(options[option].rstrip('s'))
    ]


def selectable(row: dict[str, Any], table: dict[str, Any], options: dict[str, Any]) -> bool:
    """Whether any options may select a row: a user's session, a ghost, or a stuck session that is named."""
    record = read(row, table)
    named = row['id'] in options.get('session_ids', []) or fold(record['token']) in map(fold, options.get('tokens', []))
    stuck = named and not record['console'] and (age(row['connect_time']) or 0) >= 60
    return (
        1 <= row['id'] <= 65535
        and row['state'] != 'listen'
        and (row['user'] is not None or (options.get('ghosts', False) and (record['ghost'] or stuck)))
    )


def selected(row: dict[str, Any], table: dict[str, Any], options: dict[str, Any]) -> bool:
    """Whether the options select a row."""
    record = read(row, table)
    limits = [option for option in ('max_disconnected', 'max_idle', 'max_logged_on') if option in options]
    return (
        selectable(row, table, options)
        and ('users' not in options or is_user(row, table, options['users'], doubt=False))
        and not is_user(row, table, options.get('exclude_users', []), doubt=True)
        and ('session_ids' not in options or row['id'] in options['session_ids'])
        and ('tokens' not in options or fold(record['token']) in [fold(token) for token in options['tokens']])
        and ('states' not in options or row['state'] in options['states'])
        and (
            'client_names' not in options
            or any(matches(pattern, record['client_name']) for pattern in options['client_names'])
        )
        and (not limits or bool(reached(record, options)))
    )


def protection(row: dict[str, Any], table: dict[str, Any], options: dict[str, Any]) -> str | None:
    """Why a selected row is protected."""
    record = read(row, table)
    if record['own']:
        return 'own_session'
    # The SIDs of these accounts are unknown, so the account of any domain may be the connection's.
    if options['protect_connection_user'] and fold(record['user'] or '') == fold(CALLER.rpartition('\\')[2]):
        return 'connection_user'
    if is_user(row, table, options.get('protect_users', []), doubt=True):
        return 'protected_user'
    if any(matches(pattern, name) for pattern in options.get('protect_processes', []) for name in row['processes']):
        return 'protected_process'
    if options['protect_console_idle'] and record['console'] and reached(record, options) == ['max_idle']:
        return 'console_idle'
    return None


# ---- Random tables and options ----

USERS = [
    'alice',
    'Alice',
    'bob',
    'svc_sql',
    'svc_web',
    'ansible',
    'Jürgen Groß',
    '山田',
    'n' * 60,
    'n' * 21,
    'anna@corp.example',
]
DOMAINS = ['CORP', 'corp', 'OTHER', 'WEB01']
IDS = [1, 2, 3, 4, 5, 6, 7, 1000, 65535, 65537, 70001]
CLIENTS = ['', 'PC-1', 'pc-1', 'PC-17', 'Küche']
IMAGES = ['explorer.exe', 'WINWORD.EXE', 'setup_a.exe']
PATTERNS = st.sampled_from(
    [
        'alice',
        'ALICE',
        'CORP\\alice',
        'alice@OTHER',
        'svc_*',
        '*',
        '?ob',
        'CORP\\*',
        '*\\bob',
        'n' * 20,
        'n' * 20 + '?',
        'JÜRGEN*',
        '山?',
        'S-1-5-21-1-2-3-1001',
        's-1-5-21-1-2-3-100?',
        'S-1-5-21-*',
        '*@corp*',
        'nobody',
        'a*a*e*',
    ]
)
AGES = st.sampled_from([None, -5, 0, 59, 60, 61, 3599, 3600, 86400, 10**7])
SECONDS = st.sampled_from(['0', '60', '60.5', '3600s', '86400'])

_sids: dict[tuple[str, str], str | None] = {}


def _sid(domain: str, user: str) -> str | None:
    """A SID for each account, but for some."""
    if user == 'bob':
        return None
    key = (fold(domain), fold(user))
    return _sids.setdefault(key, f'S-1-5-21-1-2-3-{1001 + len(_sids)}')


def _stamp(seconds: int | None) -> int:
    return 0 if seconds is None else NOW - seconds * SECOND


@st.composite
def rows(draw: st.DrawFn, session_id: int) -> dict[str, Any]:
    user = draw(st.one_of(st.none(), st.sampled_from(USERS), st.sampled_from(USERS)))
    domain = draw(st.sampled_from(DOMAINS))
    state = draw(st.one_of(st.sampled_from(['active', 'disconnected']), st.sampled_from(STATES)))
    sid = _sid(domain, user) if user and user != 'ansible' else None
    times = {name: _stamp(draw(AGES)) for name in ('logon_time', 'disconnect_time', 'last_input_time')}
    return {
        'id': session_id,
        'user': user,
        'domain': domain,
        'state': state,
        'sid': sid,
        **times,
        # A row without a user is identified by its connect time, which is never the same.
        'connect_time': _stamp(1000 + session_id),
        'locked': draw(st.sampled_from([None, True, False])),
        'client': {'name': draw(st.sampled_from(CLIENTS))},
        'processes': draw(st.lists(st.sampled_from(IMAGES), max_size=2, unique=True)) or ['csrss.exe'],
    }


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    chosen = sorted(draw(st.sets(st.sampled_from(IDS), max_size=8)))
    own = draw(st.sampled_from([0, 0, 0, *(chosen or [0])]))
    console = draw(st.sampled_from([None, *chosen]))
    sessions = [draw(rows(session_id)) for session_id in chosen]
    return {'sessions': sessions, 'own_session': own, 'console': console}


@st.composite
def options(draw: st.DrawFn, table: dict[str, Any]) -> dict[str, Any]:
    tokens = [read(row, table)['token'] for row in table['sessions']]
    tokens += [token.swapcase() for token in tokens] + ['2:134082164870000000:CORP\\alice', '3:0:']
    found: dict[str, Any] = {}
    choices: dict[str, st.SearchStrategy[Any]] = {
        'users': st.lists(PATTERNS, max_size=3),
        'session_ids': st.lists(st.sampled_from([1, 2, 3, 4, 5, 65535, 77]), max_size=5),
        'tokens': st.lists(st.sampled_from(tokens), max_size=4),
        'states': st.lists(st.sampled_from(STATES), max_size=6),
        'client_names': st.lists(st.sampled_from(['PC-1', 'pc-*', '*', 'K?CHE', 'PC-1?']), max_size=2),
        'max_idle': SECONDS,
        'max_disconnected': SECONDS,
        'max_logged_on': SECONDS,
    }
    for option in draw(st.sets(st.sampled_from(sorted(choices)), max_size=3)):
        found[option] = draw(choices[option])
    for option in ('exclude_users', 'protect_users'):
        if draw(st.integers(0, 3)) == 0:
            found[option] = draw(choices['users'])
    if draw(st.booleans()):
        found['ghosts'] = draw(st.booleans())
    return found


@st.composite
def protections(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {
        'protect_connection_user': draw(st.booleans()),
        'protect_console_idle': draw(st.booleans()),
    }
    if draw(st.integers(0, 3)) == 0:
        found['protect_processes'] = draw(st.lists(st.sampled_from(['winword*', 'setup?a.exe', 'x']), max_size=2))
    return found


@st.composite
def scenes(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """A table, several ways of asking about it, and one of acting on it."""
    table = draw(tables())
    questions = [draw(options(table)) for _unused in range(3)]
    act = {
        **draw(options(table)),
        **draw(protections()),
        'state': draw(st.sampled_from(['logged_off', 'disconnected'])),
    }
    if act['state'] == 'disconnected':
        act.pop('ghosts', None)
    return table, questions, act


def spec(table: dict[str, Any]) -> dict[str, Any]:
    """The table as the simulated host reads it."""
    return {'clock': {'fixed': '2026-11-21T14:34:47Z'}, **table}


SETTINGS = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EVERYTHING_AT_ODDS = {
    'sessions': [
        {
            'id': session_id,
            'user': user,
            'domain': 'CORP',
            'state': state,
            'sid': None,
            'logon_time': NOW - 9000 * SECOND,
            'disconnect_time': NOW - 9000 * SECOND,
            'last_input_time': NOW - 9000 * SECOND,
            'connect_time': NOW - session_id * SECOND,
            'locked': None,
            'client': {'name': ''},
            'processes': ['csrss.exe'],
        }
        for session_id, user, state in [
            (2, 'alice', 'listen'),
            (3, None, 'disconnected'),
            (4, None, 'connected'),
            (65535, 'alice', 'disconnected'),
            (65537, 'alice', 'active'),
            (70001, None, 'down'),
        ]
    ],
    'own_session': 0,
    'console': None,
}


@SETTINGS
@given(scenes())
@example(
    (
        EVERYTHING_AT_ODDS,
        [{}, {'ghosts': True}],
        {'ghosts': True, 'protect_connection_user': False, 'protect_console_idle': False, 'state': 'logged_off'},
    )
)
def test_selects_and_acts_as_documented(engine, scene):
    table, questions, wanted = scene
    with engine.host(spec(table)) as host:
        for question in questions:
            check_listing(engine, table, question)
        check_act(engine, host, table, wanted)


def check_listing(engine: Any, table: dict[str, Any], question: dict[str, Any]) -> None:
    question = {name: value for name, value in question.items() if name != 'protect_users'}
    expected = [read(row, table) for row in table['sessions'] if selected(row, table, question)]

    result = engine.run('win_user_session_info', **question)

    assert 'failed' not in result, result
    assert (
        [{key: record[key] for key in expected[0]} for record in result['sessions']] == expected if expected else True
    )
    assert ids(result['sessions']) == ids(expected)


def check_act(engine: Any, host: Any, table: dict[str, Any], wanted: dict[str, Any]) -> None:
    chosen = [row for row in table['sessions'] if selected(row, table, wanted)]
    reasons = {row['id']: protection(row, table, wanted) for row in chosen}
    targets = [row for row in chosen if reasons[row['id']] is None]
    act = [row for row in targets if wanted['state'] == 'logged_off' or row['state'] != 'disconnected']
    criteria = {
        'users',
        'session_ids',
        'tokens',
        'states',
        'client_names',
        'max_idle',
        'max_disconnected',
        'max_logged_on',
    }
    if not criteria & wanted.keys():
        wanted = {**wanted, 'all_sessions': True}
    before = [read(row, table) for row in table['sessions'] if selectable(row, table, wanted)]

    planned = engine.run('win_user_session', check=True, **wanted)
    assert host.acts == []
    assert ids(planned['sessions']) == ids(targets)
    assert planned['changed'] == bool(act)

    result = engine.run('win_user_session', timeout='20', **wanted)

    assert 'failed' not in result, result
    api = 'WTSLogoffSession' if wanted['state'] == 'logged_off' else 'WTSDisconnectSession'
    assert done(host) == [(api, row['id']) for row in act]
    assert all(1 <= session <= 65535 for _unused, session in done(host))
    assert result['changed'] == bool(act)
    assert ids(result['sessions']) == ids(targets)
    assert of(result, 'reason') == {row['id']: next(iter(reached(read(row, table), wanted)), None) for row in targets}
    assert of(result, 'reason', 'protected') == {row: reason for row, reason in reasons.items() if reason}
    outcome = 'logged_off' if wanted['state'] == 'logged_off' else 'disconnected'
    assert of(result, 'outcome') == {row['id']: outcome if row in act else 'already_disconnected' for row in targets}
    gone = ids(act) if wanted['state'] == 'logged_off' else []
    assert [record['token'] for record in result['remaining']] == [
        record['token'] for record in before if record['id'] not in gone
    ]
