# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
import datetime
import re

import pytest
from ansible.parsing.splitter import parse_kv
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import OptionError, spec_of, validate

SID = 'S-1-5-21-1004336348-1177238915-682003330-512'


NAMES = [
    'users',
    'exclude_users',
    'protect_users',
    'groups',
    'protect_groups',
    'client_names',
    'processes',
    'protect_processes',
]
OPTIONS = {
    **spec_of('win_user_session_info'),
    **spec_of('win_user_session'),
    **spec_of('win_user_session_message'),
    **spec_of('win_logon_mode'),
}
OPTIONAL = {name: {**option, 'required': False} for name, option in OPTIONS.items()}


def read(option, value):
    """Validate one option of a module."""
    return validate({option: OPTIONAL[option]}, {option: value}).get(option)


@pytest.mark.parametrize('option', ['users', 'exclude_users', 'protect_users'])
@pytest.mark.parametrize(
    'name',
    [
        'alice',
        'CORP\\alice',
        'alice@CORP',
        'alice@corp.example',
        SID,
        SID.lower(),
        'S-1-5-21-*-500',
        'svc_*',
        'CORP\\t?_*',
        '*\\alice',
        'CORP\\*',
        '*',
        'Anna Maria de la Cruz',
        "O'Neill",
        'jörg',
        'Алиса',
        '李小龙',
        'محمد',
        '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
        'HOST\\alice',
        'AzureAD\\alice@corp.example',
        'a.b-c_d$',
        '1004',
        '#admin',
        'a' * 60,
        'alice&bob',
        '(temp)',
        'alice.',
    ],
)
def test_does_not_change_an_account(option, name):
    assert read(option, [name]) == [name]


@pytest.mark.parametrize('option', ['users', 'exclude_users', 'protect_users'])
@pytest.mark.parametrize(
    ('name', 'why'),
    [
        ('', 'empty'),
        ('   ', 'empty'),
        ('CORP\\', 'after the backslash'),
        ('CORP\\ ', 'after the backslash'),
        ('\\alice', 'before the backslash'),
        ('CORP\\sub\\alice', 'more than one backslash'),
        ('CORP\\\\alice', 'more than one backslash'),
        ('.\\alice', r'Write HOST\\alice, or S-1-5-21-\*-500'),
        ('a@b@c', 'more than one @'),
        ('alice@', 'the @'),
        ('@CORP', 'the @'),
        ('S-1-5-x', 'a SID consists of numbers'),
        ('S-1-5-21-', 'a SID consists of numbers'),
        ('al\nice', 'control character'),
        ('al\x00ice', 'control character'),
        ('al\ud800ice', 'control character'),
        *((f'al{char}ice', 'it contains') for char in '"/[]:;|=+<>'),
    ],
)
def test_refuses_invalid_user_names_with_the_reason_and_an_example(option, name, why):
    with pytest.raises(ValueError, match=why) as refused:
        read(option, [name])
    assert 'CORP\\alice' in str(refused.value)


@pytest.mark.parametrize('option', [*NAMES, 'tokens', 'states'])
@pytest.mark.parametrize(
    ('value', 'kind'),
    [
        (5349, 'a number'),
        (1.1, 'a number'),
        (True, 'a boolean'),
        (datetime.date(2026, 11, 21), 'a date'),
        (datetime.datetime(2026, 11, 21, 22, tzinfo=datetime.UTC), 'a date'),
    ],
)
def test_refuses_values_that_yaml_converted(option, value, kind):
    with pytest.raises(OptionError, match=re.escape(f'{value} is {kind}, not text: put it in quotes. Example: "')):
        read(option, [value])


@pytest.mark.parametrize('value', [None, {'name': 'alice'}, ['alice'], b'alice'])
def test_refuses_names_that_are_not_text(value):
    with pytest.raises(OptionError, match='is not text'):
        read('users', [value])


def test_a_number_that_is_text_is_a_name():
    assert read('users', ['0012345']) == ['0012345']
    assert read('protect_users', '0012345,1.10') == ['0012345', '1.10']
    assert read('protect_users', '[1.10, 7]') == ['1.10', '7']


@pytest.mark.parametrize('option', NAMES)
def test_normalizes_names_to_nfc(option):
    assert read(option, ['e\u0301ve']) == ['\u00e9ve']


def test_does_not_change_a_token():
    assert read('tokens', ['5:1:e\u0301ve']) == ['5:1:e\u0301ve']


@pytest.mark.parametrize('option', NAMES)
@pytest.mark.parametrize(
    ('name', 'written'),
    [('CORP\alice', 'CORP\\\\alice'), ('CORP\bob', 'CORP\\\\bob'), ('CORP\newton', 'CORP\\\\newton')],
)
def test_explains_a_control_character_of_key_value_arguments(option, name, written):
    decoded = parse_kv(f"names='{name}'")['names']
    with pytest.raises(OptionError, match=r'contains a control character\. Ansible decodes') as refused:
        read(option, [decoded])
    assert f"Write '{written}' or use JSON" in str(refused.value)


@pytest.mark.parametrize('option', ['groups', 'protect_groups'])
def test_reads_groups_but_no_patterns(option):
    names = ['CORP\\VIP', 'BUILTIN\\Administrators', 'Domain Admins', SID]
    assert read(option, names) == names
    for pattern in ('CORP\\V*', 'VI?'):
        with pytest.raises(OptionError, match='is not a group: wildcards are not supported'):
            read(option, [pattern])


@pytest.mark.parametrize(
    ('value', 'time'),
    [
        ('22:00', '22:00'),
        (' 9:05 ', '09:05'),
        ('00:00', '00:00'),
        ('2026-11-21T22:00:00Z', '2026-11-21 22:00:00Z'),
        ('2026-11-21 22:00+01:00', '2026-11-21 21:00:00Z'),
        (datetime.datetime(2026, 11, 21, 22, tzinfo=datetime.UTC), '2026-11-21 22:00:00Z'),
    ],
)
def test_reads_the_end_of_a_grace_period(value, time):
    assert read('notice', {'text': 'Save', 'at': value})['at'] == time


@pytest.mark.parametrize(
    ('value', 'reason'),
    [
        (1320, 'put it in quotes'),
        (datetime.date(2026, 11, 21), 'put it in quotes'),
        (True, 'put it in quotes'),
        ('2026-11-21T22:00:00', 'add the zone'),
        (datetime.datetime(2026, 11, 21, 22), 'add the zone'),
        ('0001-01-01T00:00:00+14:00', 'out of range'),
        ('9999-12-31T23:59:59Z', 'more than 3650 days away'),
        ('24:00', 'not a time'),
        ('22:60', 'not a time'),
        ('10pm', 'not a time'),
        ('', 'not a time'),
    ],
)
def test_refuses_times_that_are_ambiguous(value, reason):
    with pytest.raises(OptionError, match=rf'^notice\.at: .* is not valid: {reason}\. Examples: "22:00"'):
        read('notice', {'text': 'Save', 'at': value})


def test_a_text_is_split_at_its_commas_as_ansible_does():
    assert read('users', r'alice, CORP\bob') == ['alice', r'CORP\bob']
    assert read('session_ids', '2, 5') == [2, 5]
    assert read('session_ids', 7) == [7]
    with pytest.raises(ValueError, match='empty'):
        read('users', 'alice,')


def test_a_text_may_be_a_list_in_json():
    assert read('users', '["alice", "CORP\\\\bob"]') == ['alice', 'CORP\\bob']
    assert read('session_ids', ' [2, 3] ') == [2, 3]
    assert read('states', '[]') == []


def test_json_that_is_not_a_list_is_text():
    assert read('users', '7') == ['7']
    assert read('client_names', 'PC-[0-9],KIOSK-*') == ['PC-[0-9]', 'KIOSK-*']


@pytest.mark.parametrize('option', ['users', 'session_ids', 'tokens', 'client_names', 'protect_processes'])
def test_an_empty_list_stays_an_empty_list(option):
    assert read(option, []) == []


@pytest.mark.parametrize('option', ['users', 'session_ids', 'tokens'])
@pytest.mark.parametrize('value', [{'a': 1}, {2}, object()])
def test_refuses_values_that_are_not_lists(option, value):
    with pytest.raises(ValueError, match='is not a list'):
        read(option, value)


@pytest.mark.parametrize('number', [1, 2, 65535, '3', ' 3'])
def test_a_session_id_is_read(number):
    assert read('session_ids', [number]) == [int(number)]


@pytest.mark.parametrize(
    'value',
    [
        0,
        -1,
        65536,
        2**32 + 2,
        '0',
        '65536',
        '-1',
        'abc',
        '',
        '1_0',
        '0x2',
        '\uff12',
        '٣',
        2.0,
        2.5,
        '2.0',
        True,
        False,
        None,
        [2],
        '9' * 5000,
        '2 3',
        '1e1',
        'console',
    ],
)
def test_refuses_other_values_as_session_ids(value):
    with pytest.raises(OptionError, match=r'is not a session ID from 1 to 65535. Example: \[2, 5\]'):
        read('session_ids', [value])


@given(st.integers() | st.text(max_size=8) | st.floats())
def test_no_input_reaches_session_0_or_an_id_above_65535(value):
    try:
        ids = read('session_ids', [value])
    except ValueError:
        return
    assert all(isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= 65535 for number in ids)


@pytest.mark.parametrize(
    'token',
    ['5:134086412870000000:CORP\\alice', '1:0:', '65535:1:Anna Maria', '2:134086412870000000:李小龙', '2:1:a:b'],
)
def test_accepts_a_token(token):
    assert read('tokens', [token]) == [token]


@pytest.mark.parametrize(
    'token',
    [
        '',
        '5',
        '5:',
        '5:1',
        'x:1:alice',
        '0:1:alice',
        '65536:1:alice',
        '-5:1:alice',
        '5::alice',
        '5:x:alice',
        '5:1.5:alice',
        '٣:1:alice',
        f'5:{"1" * 21}:alice',
        '5:1:al\nice',
        True,
        None,
        5,
    ],
)
def test_a_malformed_token_is_refused_with_an_example(token):
    with pytest.raises(ValueError, match=r'is not a session token|not text'):
        read('tokens', [token])


@pytest.mark.parametrize(
    ('option', 'good'),
    [
        ('client_names', ['PC-017', 'pc-*', 'Büro 3', '李']),
        ('protect_processes', ['WINWORD.EXE', 'setup*.exe', 'my tool.exe']),
    ],
)
def test_names_and_patterns_of_clients_and_processes_are_read(option, good):
    assert read(option, good) == good


@pytest.mark.parametrize(
    ('option', 'bad'),
    [
        ('client_names', ''),
        ('client_names', 'PC\n1'),
        ('protect_processes', ''),
        ('protect_processes', 'C:\\Windows\\notepad.exe'),
        ('protect_processes', '/usr/bin/sh'),
        ('protect_processes', 'a\x07'),
    ],
)
def test_refuses_invalid_client_and_process_names(option, bad):
    with pytest.raises(ValueError, match=r'Examples?: '):
        read(option, [bad])


@pytest.mark.parametrize(
    'name', ['rds02', 'rds02.corp.example', 'RDS_02', '10.0.0.5', 'büro', 'सर्वर', '7host', ' rds02 ']
)
def test_the_name_of_a_server_is_read(name):
    assert read('server', name) == name.strip()


@pytest.mark.parametrize(
    'name',
    [
        '',
        ' ',
        '-rds02',
        '/server:rds02',
        '\\\\rds02',
        'rds 02',
        'rds02;calc',
        'rds02&',
        '.',
        '.rds',
        'a\nb',
        'a:3389',
        'a*',
    ],
)
def test_refuses_invalid_host_names(name):
    with pytest.raises(ValueError, match=r'rds02\.corp\.example'):
        read('server', name)


@pytest.mark.parametrize('text', ['Save your work', 'line 1\nline 2\r\n', 'Спасибо', '你好', 'x' * 512, '😀' * 256, 17])
def test_accepts_a_text_within_the_limit(text):
    assert read('text', text) == str(text)


@pytest.mark.parametrize(('text', 'length'), [('x' * 513, 513), ('😀' * 257, 514), ('é' * 600, 600)])
@pytest.mark.parametrize('option', ['text', 'title'])
def test_a_text_over_the_limit_is_refused_with_its_length(option, text, length):
    with pytest.raises(ValueError, match=f'is {length} UTF-16 units long, the limit is 512'):
        read(option, text)


@pytest.mark.parametrize('text', ['', '  \n', 'a\0b', True, ['a'], {'a': 1}])
def test_refuses_a_text_that_is_empty_or_not_text(text):
    with pytest.raises(ValueError, match='Example: '):
        read('text', text)


def test_a_notice_is_read_with_its_durations_in_seconds_and_its_defaults():
    notice = {'text': 'Save', 'grace': '15m', 'title': None, 'icon': 'error'}
    before = copy.deepcopy(notice)
    expected = {'text': 'Save', 'grace': '900', 'icon': 'error', 'renew': False, 'valid': '3600'}
    assert read('notice', notice) == expected
    assert notice == before
    assert read('notice', '{"text": "Save", "grace": 90, "remind": "5m"}') == {
        'text': 'Save',
        'grace': '90',
        'icon': 'warning',
        'remind': '300',
        'renew': False,
        'valid': '3600',
    }


def test_all_problems_of_a_notice_are_reported_at_once():
    with pytest.raises(OptionError) as refused:
        read('notice', {'text': 'x' * 513, 'grace': '1:30', 'txt': 1})
    assert [problem.split(': ')[0] for problem in refused.value.problems] == [
        'notice.txt',
        'notice.grace',
        'notice.text',
    ]


@pytest.mark.parametrize('notice', ['please leave', 5, True, ['text']])
def test_refuses_a_notice_that_is_not_a_dictionary(notice):
    with pytest.raises(ValueError, match='is not a dictionary'):
        read('notice', notice)


def test_a_message_box_is_displayed_for_some_time_but_wait_may_be_0():
    with pytest.raises(ValueError, match='must be greater than zero'):
        read('display_for', '0s')
    assert read('wait', '0') == '0'


@pytest.mark.parametrize('value', [-1, '-1', 1.5, 'many', True, ''])
def test_refuses_a_safety_limit_that_is_not_a_non_negative_integer(value):
    with pytest.raises(ValueError, match=r'is not a non-negative integer\. Example: 20'):
        read('max_sessions', value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize('option', sorted(OPTIONS))
@given(value=ANYTHING)
def test_any_value_is_read_or_refused_with_a_short_message(option, value):
    original = copy.deepcopy(value)
    words = 'read'
    try:
        read(option, value)
    except ValueError as refused:
        words = str(refused)
    assert len(words) < 2000
    assert len(words.splitlines()) == 1
    assert repr(value) == repr(original)
