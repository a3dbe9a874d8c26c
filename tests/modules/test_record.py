# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The session record: every key, and null where nothing is known."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from modules.results import RECORD_KEYS, calls, ids, of

NOON = {'fixed': '2026-11-21T12:00:00Z'}
FACTS = (24, 25)


def one(result):
    (record,) = result['sessions']
    return record


def test_every_key_of_an_active_session(host, info):
    session = {
        'id': 3,
        'user': 'alice',
        'logged_on': '2h',
        'connected': '1h',
        'idle': '90s',
        'locked': True,
        'client': {'name': 'PC-17', 'address': '10.0.0.5', 'build': 22621},
    }
    host(clock=NOON, sessions=[session])

    record = one(info())

    token = record.pop('token')
    assert record == {
        'id': 3,
        'session_name': 'RDP-Tcp#3',
        'state': 'active',
        'user': 'alice',
        'domain': 'CORP',
        'account': 'CORP\\alice',
        'sid': None,
        'logon_time': '2026-11-21T10:00:00Z',
        'connect_time': '2026-11-21T11:00:00Z',
        'disconnect_time': None,
        'last_input_time': '2026-11-21T11:58:30Z',
        'logged_on_seconds': 7200,
        'disconnected_seconds': None,
        'idle_seconds': 90,
        'idle_source': 'input',
        'idle_reliable': True,
        'locked': True,
        'console': False,
        'protocol': 'rdp',
        'client_name': 'PC-17',
        'client_address': '10.0.0.5',
        'client_build': 22621,
        'ghost': False,
        'own': False,
    }
    assert token == '3:134397288000000000:CORP\\alice'


def test_every_key_of_a_disconnected_session(host, info):
    session = {'id': 3, 'user': 'alice', 'logged_on': '1d', 'connected': '3h', 'idle': '2h', 'disconnected': '1h'}
    host(clock=NOON, sessions=[session])

    record = one(info())

    assert record['state'] == 'disconnected'
    assert record['session_name'] is None
    assert record['disconnect_time'] == '2026-11-21T11:00:00Z'
    assert record['disconnected_seconds'] == record['idle_seconds'] == 3600
    assert record['idle_source'] == 'disconnect'
    assert record['last_input_time'] == '2026-11-21T10:00:00Z'
    assert record['locked'] is None
    assert record['protocol'] == 'rdp'
    assert record['client_name'] is record['client_address'] is record['client_build'] is None


def test_what_is_not_known_is_null_and_never_zero_or_empty(host, info):
    session: dict[str, Any] = {
        'id': 3,
        'user': 'alice',
        'state': 'active',
        'session_name': '',
        'locked': None,
        'client': {},
        'sid': None,
        **dict.fromkeys(['logged_on', 'connected', 'disconnected', 'idle']),
    }
    host(clock=NOON, sessions=[session])

    record = one(info(gather=['client', 'sid', 'processes']))

    unknown = {key for key, value in record.items() if value is None}
    assert unknown == {
        *('session_name', 'sid', 'logon_time', 'connect_time', 'disconnect_time', 'last_input_time'),
        *('logged_on_seconds', 'disconnected_seconds', 'idle_seconds', 'idle_source'),
        *('locked', 'client_name', 'client_address', 'client_build'),
    }
    assert record['idle_reliable'] is False
    assert record['token'] == '3:0:CORP\\alice'


def test_the_host_time_is_that_of_the_host(host, info):
    there = host(clock=NOON, sessions=[{'id': 3, 'user': 'alice'}])
    assert info()['host_time'] == '2026-11-21T12:00:00Z'

    there.sessions.leave(3)

    assert info()['host_time'] == '2026-11-21T12:00:00Z'


@pytest.mark.parametrize(
    ('stamp', 'text', 'seconds'),
    [
        (0, None, None),
        (1, None, None),
        (-1, None, None),
        (-(2**63), None, None),
        (2**63 - 1, None, None),
        (864_000_000_000 * 30, None, None),  # a month after 1601
        (116444736000000000, '1970-01-01T00:00:00Z', 1795262400),
        (2650467743990000000, '9999-12-31T23:59:59Z', 0),  # the future
        (2650467744000000000, None, None),  # the year 10000
    ],
)
def test_absurd_times_are_unknown_and_never_an_error(host, info, stamp, text, seconds):
    session = {'id': 3, 'user': 'alice', 'state': 'active', 'last_input_time': stamp, 'logon_time': stamp}
    host(clock=NOON, sessions=[session])

    record = one(info())

    assert (record['last_input_time'], record['logon_time']) == (text, text)
    assert record['logged_on_seconds'] == seconds
    # The session was connected an hour ago.
    assert record['idle_seconds'] == (None if seconds is None else min(seconds, 3600))
    selected = info(max_idle='0')['sessions']
    assert bool(selected) == (seconds is not None)


def test_a_clock_that_went_back_makes_no_time_negative(host, info):
    session = {'id': 3, 'user': 'alice', 'logged_on': -90, 'idle': -30}
    other = {'id': 4, 'user': 'bob', 'logged_on': '1h', 'disconnected': -5}
    host(clock=NOON, sessions=[session, other])

    first, second = info()['sessions']

    assert (first['logged_on_seconds'], first['idle_seconds']) == (0, 0)
    assert (second['disconnected_seconds'], second['idle_seconds']) == (0, 0)


def test_an_unknown_clock_leaves_all_ages_unknown(host, info):
    there = host(sessions=[{'id': 3, 'user': 'alice'}])
    there.clock.now = lambda: 0

    result = info()

    record = one(result)
    assert record['logged_on_seconds'] is record['idle_seconds'] is None
    assert record['logon_time'] is not None
    assert result['host_time'] is not None


@pytest.mark.parametrize('state', ['active', 'connected', 'connect_query', 'shadow', 'idle', 'reset', 'init'])
def test_a_disconnect_time_counts_for_disconnected_sessions_alone(host, info, state):
    session = {'id': 3, 'user': 'alice', 'state': state, 'disconnected': '5h', 'idle': '10m', 'logged_on': '9h'}
    host(clock=NOON, sessions=[session])

    record = one(info())

    assert record['state'] == state
    assert record['disconnect_time'] is record['disconnected_seconds'] is None
    assert (record['idle_seconds'], record['idle_source']) == (600, 'input')


def test_a_disconnected_session_without_its_moment_is_idle_since_the_last_input(host, info):
    session = {'id': 3, 'user': 'alice', 'state': 'disconnected', 'disconnected': None, 'idle': '10m'}
    host(clock=NOON, sessions=[session])

    record = one(info())

    assert record['disconnected_seconds'] is None
    assert (record['idle_seconds'], record['idle_source'], record['idle_reliable']) == (600, 'input', True)
    assert info(max_disconnected='0')['sessions'] == []


@pytest.mark.parametrize('number', [10, 255, -1, -(2**31)])
def test_a_state_that_no_documentation_knows_is_null(host, info, number):
    there = host(sessions=[{'id': 3, 'user': 'alice'}])
    there.sessions[3].state = number

    assert one(info())['state'] is None
    assert info(states=['active', 'disconnected'])['sessions'] == []


def test_the_console_is_marked_and_its_idle_time_is_not_relied_on(host, info):
    host(
        console=4,
        sessions=[{'id': 1, 'user': 'bob', 'session_name': 'RDP-Tcp#0'}, {'id': 4, 'user': 'alice', 'idle': '1h'}],
    )

    result = info()

    assert of(result, 'console') == {1: False, 4: True}
    assert of(result, 'idle_reliable') == {1: True, 4: False}
    assert of(result, 'protocol') == {1: 'rdp', 4: 'console'}
    assert of(result, 'idle_seconds')[4] == 3600


def test_while_the_console_changes_hands_it_is_known_by_its_name(host, info):
    sessions = [{'id': 1, 'user': 'bob', 'session_name': 'console'}, {'id': 2, 'user': 'eve'}]
    host(console=None, sessions=sessions)

    assert of(info(), 'console') == {1: True, 2: False}


@pytest.mark.parametrize(('protocol', 'name'), [('console', 'console'), ('rdp', 'rdp'), ('other', 'other')])
def test_protocols(host, info, protocol, name):
    host(console=None, sessions=[{'id': 3, 'user': 'alice', 'protocol': protocol, 'session_name': 'X'}])

    assert one(info())['protocol'] == name


def test_a_disconnected_session_that_calls_itself_the_console_has_no_known_protocol(host, info):
    host(
        sessions=[{'id': 3, 'user': 'alice', 'disconnected': '1h', 'protocol': 'console', 'session_name': ''}],
        console=1,
    )

    assert one(info())['protocol'] is None


def test_ghosts_have_no_user_and_are_neither_services_nor_console(host, info):
    rows = [
        {'id': 1, 'state': 'disconnected'},  # the console
        {'id': 2, 'state': 'disconnected'},
        {'id': 3, 'state': 'down'},
        {'id': 4, 'state': 'connected'},
        {'id': 5, 'state': 'down', 'user': 'alice'},
        {'id': 65537, 'state': 'disconnected'},
    ]
    host(console=1, sessions=rows)

    everything = info(include_all=True)

    assert of(everything, 'ghost') == {
        0: False,
        1: False,
        2: True,
        3: True,
        4: False,
        5: False,
        65536: False,
        65537: True,
    }
    assert ids(info(ghosts=True)['sessions']) == [2, 3, 5]


def test_include_all_lists_every_row_and_nothing_else_does(host, info):
    rows = [{'id': 2, 'user': 'alice'}, {'id': 3, 'state': 'connected'}, {'id': 4, 'state': 'disconnected'}]
    host(console=None, sessions=rows)

    everything = info(include_all=True)

    assert ids(everything['sessions']) == [0, 2, 3, 4, 65536]
    assert everything['session_count'] == 5
    assert everything['sessions'][0]['session_name'] == 'Services'
    assert everything['sessions'][0]['user'] is None
    assert of(everything, 'state')[65536] == 'listen'
    assert all(record.keys() == RECORD_KEYS for record in everything['sessions'])
    assert ids(info()['sessions']) == [2]


def test_sessions_come_in_the_order_of_their_ids(host, info):
    host(sessions=[{'id': n, 'user': f'u{n}'} for n in (9, 10, 2, 1000, 65535)])

    assert ids(info()['sessions']) == [2, 9, 10, 1000, 65535]


def test_returns_sids_and_processes_only_if_gathered(host, info):
    sid = 'S-1-5-21-1-2-3-1001'
    processes = [
        {'name': 'WINWORD.EXE', 'pid': 4242},
        {'name': 'dwm.exe', 'pid': 4000, 'sid': 'S-1-5-90-0-3'},
        {'name': 'x', 'pid': 8, 'sid': None},
    ]
    there = host(sessions=[{'id': 3, 'user': 'alice', 'sid': sid, 'processes': processes}])

    plain = one(info())

    assert plain['sid'] is None
    assert 'processes' not in plain
    assert calls(there, 'LookupAccountNameW') == calls(there, 'WTSEnumerateProcessesExW') == []

    full = one(info(gather=['sid', 'processes']))

    assert full['sid'] == sid
    assert full['client_name'] is None
    assert full['processes'] == [
        {'pid': 8, 'name': 'x', 'sid': None},
        {'pid': 4000, 'name': 'dwm.exe', 'sid': 'S-1-5-90-0-3'},
        {'pid': 4242, 'name': 'WINWORD.EXE', 'sid': sid},
    ]


def test_one_process_and_none_are_lists_too(host, info):
    host(sessions=[{'id': 3, 'user': 'alice', 'processes': ['a.exe']}, {'id': 4, 'user': 'bob', 'processes': []}])

    result = info(gather=['processes'])

    assert [len(processes) for processes in of(result, 'processes').values()] == [1, 0]


# ---- Class 25, class 24, and answers that are none ----


@pytest.mark.parametrize(
    'fault', [*({'error': code} for code in (1, 50, 87, 120, 124)), {'result': 'empty'}, {'result': 'short'}], ids=str
)
def test_without_class_25_the_facts_come_from_class_24(host, info, fault):
    session = {'id': 3, 'user': 'alice', 'logged_on': '2h', 'idle': '5m', 'connected': '1h', 'locked': True}
    there = host(clock=NOON, sessions=[session], api=[{'api': 'WTSQuerySessionInformationW', 'class': 25, **fault}])

    record = one(info())

    assert (record['logged_on_seconds'], record['idle_seconds'], record['state']) == (7200, 300, 'active')
    assert record['connect_time'] == '2026-11-21T11:00:00Z'
    assert record['token'] == '3:134397288000000000:CORP\\alice'
    assert record['locked'] is None
    assert len(calls(there, 'WTSQuerySessionInformationW', **{'class': 24})) == 1


@pytest.mark.parametrize(
    'fault', [{'error': 5}, {'error': 7007}, {'error': 1726}, {'result': 'empty'}, {'result': 'short'}]
)
def test_a_session_whose_facts_cannot_be_read_is_listed_with_unknown_times(host, info, fault):
    faults = [{'api': 'WTSQuerySessionInformationW', 'class': number, 'session': 3, **fault} for number in FACTS]
    host(sessions=[{'id': 3, 'user': 'alice', 'idle': '5h'}, {'id': 4, 'user': 'bob'}], api=faults)

    result = info()

    assert of(result, 'account') == {3: 'CORP\\alice', 4: 'CORP\\bob'}
    record = result['sessions'][0]
    assert record['state'] == 'active'
    assert record['logon_time'] is record['idle_seconds'] is record['locked'] is None
    assert record['token'] == '3:0:CORP\\alice'
    # A denied reading proves that the account does not see everything, so the task fails.
    assert bool(result.get('failed')) == (fault.get('error') == 5)
    assert ['session 3' in text for text in result.get('warnings', [result.get('msg')])] == [True]
    # The session cannot be judged by its times, unless it is being closed.
    judged = info(max_idle='0', session_ids=[3])
    assert (of(judged, 'id'), judged.get('failed')) == (({}, None) if fault.get('error') == 7007 else ({3: 3}, True))


def test_services_are_not_read_from_an_answer_that_is_too_short(host, info):
    host(api=[{'api': 'WTSQuerySessionInformationW', 'class': list(FACTS), 'result': 'short'}])

    assert of(info(include_all=True), 'state')[0] == 'disconnected'


# ---- The client ----


@pytest.mark.parametrize('fault', [{'error': 1722}, {'error': 5}, {'error': 7022}, {'result': 'empty'}])
def test_a_failing_client_query_is_null_and_does_not_fail_the_listing(host, info, fault):
    host(
        sessions=[{'id': 3, 'user': 'alice'}, {'id': 4, 'user': 'bob'}],
        api=[{'api': 'WTSQuerySessionInformationW', 'class': [9, 10, 14, 16, 23], 'session': 3, **fault}],
    )

    result = info()

    first, second = result['sessions']
    assert first['client_name'] is first['client_address'] is first['client_build'] is first['protocol'] is None
    assert first['account'] == 'CORP\\alice'
    assert second['client_name'] == 'PC-4'
    assert 'warnings' not in result


@pytest.mark.parametrize('info_class', [9, 10, 14, 16])
def test_one_client_question_that_fails_leaves_the_others(host, info, info_class):
    host(
        sessions=[{'id': 3, 'user': 'alice'}],
        api=[{'api': 'WTSQuerySessionInformationW', 'class': info_class, 'error': 1722}],
    )
    keys = {9: 'client_build', 10: 'client_name', 14: 'client_address', 16: 'protocol'}

    record = one(info())

    assert {key for key in keys.values() if record[key] is None} == {keys[info_class]}


@pytest.mark.parametrize('info_class', [9, 14, 16])
def test_a_client_answer_that_is_too_short_is_null(host, info, info_class):
    host(
        sessions=[{'id': 3, 'user': 'alice'}],
        api=[{'api': 'WTSQuerySessionInformationW', 'class': info_class, 'result': 'short'}],
    )

    record = one(info())

    assert record[{9: 'client_build', 14: 'client_address', 16: 'protocol'}[info_class]] is None
    assert record['client_name'] == 'PC-3'


def text(address):
    return address.encode().ljust(20, b'\0').hex()


@pytest.mark.parametrize(
    ('family', 'field', 'expected'),
    [
        (2, '00000a000005', '10.0.0.5'),
        (2, text('10.0.0.5'), '10.0.0.5'),
        (2, text('192.168.100.200'), '192.168.100.200'),
        (2, '000000000000', None),
        (2, text('0.0.0.0'), None),
        (2, '00002e2e2e2e', '46.46.46.46'),
        (0, '00000a000005', None),
        (6, '00000a000005', None),
        (17, '00000a000005', None),
        (-1, '00000a000005', None),
        (23, '0000' + ipaddress.ip_address('2001:db8::17').packed.hex(), '2001:db8::17'),
        (23, ipaddress.ip_address('2001:db8::17').packed.hex(), '2001:db8::17'),
        (23, '0000' + ipaddress.ip_address('2001:db8::').packed.hex(), '2001:db8::'),
        (23, ipaddress.ip_address('2001:db8::').packed.hex(), '2001:db8::'),
        (23, '0000' + ipaddress.ip_address('fe80::1:0').packed.hex(), 'fe80::1:0'),
        (23, '0000' + ipaddress.ip_address('fd00:1::2:0').packed.hex(), 'fd00:1::2:0'),
        (23, '0000' + ipaddress.ip_address('::1').packed.hex(), '::1'),
        (23, ipaddress.ip_address('::1').packed.hex(), '::1'),
        (23, '0000' + ipaddress.ip_address('3fff::').packed.hex(), '3fff::'),
        (23, '0000' + ipaddress.ip_address('64:ff9b::a00:0').packed.hex()[:-4] + '0500', '64:ff9b::a00:500'),
        (23, ipaddress.ip_address('64:ff9b::a00:5').packed.hex(), '64:ff9b::a00:5'),
        (23, text('2001:db8::17'), '2001:db8::17'),
        (23, '00' * 20, None),
    ],
)
def test_client_addresses_in_every_form(host, info, family, field, expected):
    raw = {'family': family & 0xFFFFFFFF, 'bytes': field}
    host(sessions=[{'id': 3, 'user': 'alice', 'client': {'name': 'PC', 'raw_address': raw}}])

    assert one(info())['client_address'] == expected


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 30), st.binary(min_size=20, max_size=20)), min_size=8, max_size=8))
def test_no_bytes_in_the_address_field_are_an_error(engine, fields):
    clients = [{'name': 'PC', 'raw_address': {'family': family, 'bytes': data.hex()}} for family, data in fields]
    sessions = [{'id': n, 'user': 'alice', 'client': client} for n, client in enumerate(clients, 2)]
    with engine.host({'sessions': sessions}):
        result = engine.run('win_user_session_info')

    assert result['session_count'] == len(fields)
    for record in result['sessions']:
        if record['client_address'] is not None:
            ipaddress.ip_address(record['client_address'].split('%')[0])


@pytest.mark.parametrize(('locked', 'expected'), [(True, True), (False, False), (None, None)])
def test_the_lock_flag(host, info, locked, expected):
    host(sessions=[{'id': 3, 'user': 'alice', 'locked': locked}])

    assert one(info())['locked'] is expected


def test_a_disconnected_session_is_neither_locked_nor_not(host, info):
    host(sessions=[{'id': 3, 'user': 'alice', 'disconnected': '1h', 'locked': True}])

    assert one(info())['locked'] is None


# ---- What it costs ----


@pytest.mark.parametrize(
    ('options', 'queries'), [({}, 5), ({'gather': ['client']}, 5), ({'gather': []}, 1), ({'gather': ['sid']}, 1)]
)
def test_one_enumeration_and_at_most_five_queries_a_session(host, info, options, queries):
    there = host(sessions=[{'id': n, 'user': f'u{n}'} for n in range(2, 12)])

    assert info(**options)['session_count'] == 10

    assert len(calls(there, 'WTSEnumerateSessionsExW')) == 1
    assert {len(calls(there, 'WTSQuerySessionInformationW', session=n)) for n in range(2, 12)} == {queries}
    assert calls(there, 'WTSQuerySessionInformationW', session=0) == []


def test_nothing_is_left_of_what_the_api_handed_out(host, info, act):
    there = host(sessions=[{'id': n, 'user': f'u{n}'} for n in range(2, 6)], servers={'rds02': {}})

    info(gather=['client', 'sid', 'processes'], include_all=True)
    info(server='rds02')
    info(server='nowhere')
    act(session_ids=[2, 3], protect_processes=['x'])

    assert there.memory.live == {}
    assert there.memory.misuse == there.handles.misuse == []
    assert there.handles.live == {}
