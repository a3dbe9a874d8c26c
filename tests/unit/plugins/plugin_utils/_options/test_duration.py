# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.sessions.plugins.plugin_utils._options.duration import (
    MAX_DAYS,
    parse_duration,
    seconds_text,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._text import human_duration

LONGEST = MAX_DAYS * 86400


@pytest.mark.parametrize(
    ('text', 'seconds'),
    [
        ('0', 0),
        ('0s', 0),
        (0, 0),
        (90, 90),
        (1.5, 1.5),
        (90.0, 90),
        ('90', 90),
        ('1.5', 1.5),
        ('90s', 90),
        ('15m', 900),
        ('2h30m', 9000),
        ('2H30M', 9000),
        ('1d', 86400),
        ('1d 4h', 100800),
        (' 1d  4h ', 100800),
        ('1d2h3m4s', 93784),
        ('1h 5s', 3605),
        ('90m', 5400),
        ('0.5s', 0.5),
        (f'{MAX_DAYS}d', LONGEST),
    ],
)
def test_reads_a_duration(text, seconds):
    assert parse_duration(text) == seconds
    assert isinstance(parse_duration(text), int) == (seconds == int(seconds))


@pytest.mark.parametrize(
    'value',
    [
        '',
        ' ',
        '1:30',
        '01:30:00',
        '-5',
        '-5m',
        '+5',
        '5x',
        '3 weeks',
        '15min',
        'h',
        '4h 1d',
        '1h1h',
        '1m 1m',
        '1,5',
        '1.5h',
        '1e3',
        'nan',
        'inf',
        '٣',
        '३m',
        '2h foo',
        '1d-4h',
        '3651d',
        LONGEST + 1,
        -1,
        -0.1,
        float('nan'),
        float('inf'),
        10**400,
        True,
        False,
        None,
        [],
        [5],
        {},
        b'5',
        '9' * 5000,
        '0x10',
        'PT5M',
        '5\x00',
        'true',
    ],
)
def test_refuses_other_values_with_an_example(value):
    with pytest.raises(ValueError, match='15m, 2h30m') as refused:
        parse_duration(value)
    assert len(str(refused.value)) < 400


def test_names_the_refused_value():
    with pytest.raises(ValueError, match="'1:30' is not a duration"):
        parse_duration('1:30')


@given(
    st.integers(0, MAX_DAYS - 1),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
    st.sampled_from(['', ' ', '  ']),
    st.booleans(),
)
def test_parts_add_up(days, hours, minutes, seconds, blank, upper):
    text = blank.join(f'{number}{unit}' for number, unit in zip((days, hours, minutes, seconds), 'dhms', strict=True))
    expected = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    assert parse_duration(text.upper() if upper else text) == expected


@given(st.text(alphabet='0123456789dhmsDHMS .:-\n', max_size=20))
def test_any_text_is_a_duration_within_the_limits_or_refused(text):
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 <= seconds <= LONGEST


@given(st.integers(0, LONGEST) | st.floats(0, LONGEST))
def test_the_seconds_are_exact_to_the_millisecond(seconds):
    text = seconds_text(seconds)
    assert text.replace('.', '').isdecimal()
    assert abs(parse_duration(text) - seconds) <= 0.001 + 1e-6
    assert (parse_duration(text) == 0) == (seconds == 0)


@given(st.integers(0, LONGEST))
def test_a_formatted_duration_is_exact_to_its_smallest_unit(seconds):
    words = human_duration(seconds)
    shown = parse_duration(words.replace('min', 'm'))
    unit = {'d': 3600, 'h': 60, 'min': 1, 's': 1}[words.split()[1]]
    assert 0 <= seconds - shown < unit


@given(st.integers(0, 99), st.integers(0, 23))
def test_a_formatted_duration_of_two_units_is_exact(days, hours):
    seconds = days * 86400 + hours * 3600
    assert parse_duration(human_duration(seconds).replace('min', 'm')) == seconds
