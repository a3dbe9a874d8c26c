# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter growing_pauses: whole seconds that double up to a longest one and add up."""

from __future__ import annotations

import math

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.sessions.plugins.filter.growing_pauses import FilterModule

growing_pauses = FilterModule().filters()['growing_pauses']


def test_an_hour_is_asked_for_often_at_first_and_rarely_later() -> None:
    assert growing_pauses('1h') == [15, 30, 60, 120, 240, *[300] * 10, 135]


@pytest.mark.parametrize(
    ('duration', 'pauses'), [(0, []), ('0s', []), ('1.5', [2]), (90, [15, 30, 45]), ('20s', [15, 5])]
)
def test_short_times_are_split_too(duration: object, pauses: list[int]) -> None:
    assert growing_pauses(duration) == pauses


@given(
    duration=st.one_of(st.integers(0, 10**5), st.floats(0, 10**5)),
    first=st.integers(1, 1000),
    longest=st.integers(1, 1000),
)
def test_pauses_are_whole_grow_and_add_up(duration: float, first: int, longest: int) -> None:
    pauses = growing_pauses(duration, first=first, longest=longest)
    assert sum(pauses) == math.ceil(duration)
    assert all(isinstance(pause, int) and 0 < pause <= longest for pause in pauses)
    whole = pauses[:-1]
    assert whole == [min(first * 2**number, longest) for number in range(len(whole))]


@pytest.mark.parametrize('options', [{'duration': '2x'}, {'duration': '1h', 'first': 'soon'}, {'duration': None}])
def test_what_is_no_duration_is_refused_with_an_example(options: dict[str, object]) -> None:
    with pytest.raises(AnsibleFilterError, match=r'growing_pauses: .* is not a duration\. .*2h30m'):
        growing_pauses(**options)


@pytest.mark.parametrize('option', ['first', 'longest'])
def test_pauses_that_take_no_time_are_refused(option: str) -> None:
    with pytest.raises(AnsibleFilterError, match='longer than 0'):
        growing_pauses('1h', **{option: 0})
