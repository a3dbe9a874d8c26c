# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winhost import sids, wire

VALUES = st.one_of(st.none(), st.integers(0, 2**64 - 1), st.text(), st.binary())


@given(st.lists(VALUES))
def test_every_value_arrives_as_it_was_sent(values: list[wire.Value]) -> None:
    assert wire.unpack(wire.pack(*values)[4:]) == values


def test_a_lone_surrogate_arrives() -> None:
    assert wire.unpack(wire.pack('a\ud800')[4:]) == ['a\ud800']


@given(st.lists(VALUES, min_size=1), st.data())
def test_a_truncated_frame_is_refused_or_short(values: list[wire.Value], data: st.DataObject) -> None:
    frame = wire.pack(*values)[4:]
    cut = frame[: data.draw(st.integers(0, len(frame) - 1))]
    with contextlib.suppress(ValueError):
        assert len(wire.unpack(cut)) < len(values)


@given(st.integers(0, 2**48 - 1), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=15))
def test_a_sid_is_the_same_as_text_and_as_bytes(authority: int, parts: list[int]) -> None:
    text = '-'.join(['S-1', str(authority), *map(str, parts)])
    assert sids.to_text(sids.to_bytes(text)) == text


def test_the_bytes_of_a_known_sid_are_those_of_windows() -> None:
    assert sids.to_bytes('S-1-5-32-544').hex() == '01020000000000052000000020020000'


@pytest.mark.parametrize('text', ['', 'S-1', 'alice', 'S-1-5-x', 'S-1-5-4294967296'])
def test_refuses_other_text_than_a_sid_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match='S-1-5-21'):
        sids.to_bytes(text)


def test_an_account_has_the_same_sid_and_others_have_another() -> None:
    assert sids.made_up('CORP', 'alice') == sids.made_up('corp', 'ALICE')
    assert len({sids.made_up('CORP', f'user{n}') for n in range(1000)}) == 1000
