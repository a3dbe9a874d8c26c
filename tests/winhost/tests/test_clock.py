# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winhost.clock import SECOND, Clock, ago, filetime, moment, seconds


def test_the_epochs_are_those_of_windows() -> None:
    assert filetime('1601-01-01T00:00:00Z') == 0
    assert filetime('1970-01-01T00:00:00Z') == 116444736000000000


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_a_filetime_is_the_moment_it_was_made_from(when: datetime) -> None:
    assert abs((moment(filetime(when)) - when).total_seconds()) < 0.001


@pytest.mark.parametrize(
    ('age', 'expected'),
    [(90, 90), (1.5, 1.5), ('90', 90), ('90s', 90), ('3h', 10800), ('1d2h', 93600), ('1d 4h', 100800), ('2h30m', 9000)],
)
def test_an_age_is_read(age: float | str, expected: float) -> None:
    assert seconds(age) == expected


@pytest.mark.parametrize('age', ['', '3 weeks', '-1', '1:30', 'h', True, None])
def test_refuses_other_values_with_examples(age: float) -> None:
    with pytest.raises(ValueError, match='1d2h'):
        seconds(age)


def test_a_fixed_clock_stands_until_it_is_advanced() -> None:
    clock = Clock(fixed='2026-11-21T14:34:47Z')
    before = clock.now()
    assert before == filetime('2026-11-21T14:34:47Z')
    clock.advance('10m')
    assert clock.now() == before + 600 * SECOND


def test_durations_end_with_a_fixed_clock() -> None:
    clock = Clock(fixed='2026-11-21T14:34:47Z')
    before = clock.ticks()
    clock.advance(5)
    assert clock.ticks() >= before + 5


def test_an_offset_clock_is_ahead() -> None:
    assert Clock(offset=3600).now() - Clock().now() > 3590 * SECOND


def test_an_unknown_time_is_zero_and_an_age_of_zero_is_now() -> None:
    assert ago(None, 5 * SECOND) == 0
    assert ago(0, 5 * SECOND) == 5 * SECOND
    assert ago('2s', 5 * SECOND) == 3 * SECOND
    assert ago('2026-11-21T14:34:47Z', 0) == filetime('2026-11-21T14:34:47Z')


def test_setting_the_clock_passes_no_time() -> None:
    clock = Clock(fixed='2026-11-21T14:34:47Z')
    before, ticks = clock.now(), clock.ticks()
    clock.jump(-600)
    assert clock.now() == before - 600 * SECOND
    assert clock.ticks() - ticks < 600
