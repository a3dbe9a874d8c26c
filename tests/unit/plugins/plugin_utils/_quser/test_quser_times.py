# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.sessions.plugins.plugin_utils._quser.times import (
    check_date_format,
    idle_seconds,
    logon_times,
)


@pytest.mark.parametrize(
    ('raw', 'seconds'),
    [
        ('.', 0),
        ('7', 420),
        ('59', 3540),
        ('1:22', 4920),
        ('23:34', 84840),
        ('1+06:20', 109200),
        ('15+15:12', 1350720),
        ('24692+13:29', None),
        ('none', None),
        ('отсутствует', None),
        ('无', None),
        ('*', None),
    ],
)
def test_idle_times(raw: str, seconds: int | None) -> None:
    assert idle_seconds(raw) == seconds


@pytest.mark.parametrize(
    ('raw', 'moment'),
    [
        ('2021-05-13 0:15', '2021-05-13T00:15:00'),
        ('2026/7/30 19:55', '2026-07-30T19:55:00'),
        ('2026. 07. 30. 19:55', '2026-07-30T19:55:00'),
        ('07.09.2021 17:58', '2021-09-07T17:58:00'),
        ('7. 9. 2021 17:58', '2021-09-07T17:58:00'),
        ('07.09.2021 г. 17:58', '2021-09-07T17:58:00'),
        ('7.9.2021 klo 17.58', '2021-09-07T17:58:00'),
        ('6/14/2021 11:35 AM', '2021-06-14T11:35:00'),
        ('6/14/2021 12:05 AM', '2021-06-14T00:05:00'),
        ('6/14/2021 12:05 PM', '2021-06-14T12:05:00'),
        ('25/7/2018 7:46', '2018-07-25T07:46:00'),
        ('14-06-2021 11:35', '2021-06-14T11:35:00'),
        ('5/5/2024 12:51', '2024-05-05T12:51:00'),
        ('18-Nov-2022 09:35', '2022-11-18T09:35:00'),
        ('2021-05-13 오전 12:15', '2021-05-13T00:15:00'),
        ('2021/5/13 下午 03:54', '2021-05-13T15:54:00'),
        ('13/05/2021 3:54 μμ', '2021-05-13T15:54:00'),
        ('13/05/2021 03:54 a. m.', '2021-05-13T03:54:00'),
        ('2021. 05. 13. du. 3:54', '2021-05-13T15:54:00'),
    ],
)
def test_a_logon_time_with_one_meaning_is_read(raw: str, moment: str) -> None:
    assert logon_times([raw]) == [moment]


@pytest.mark.parametrize(
    'raw',
    [
        '05/09/2024 12:51',
        '5-9-2024 12:51',
        '18-Nov-22 09:35',
        '05/09/24 12:51',
        '13/05/2564 15:54',
        '13/05/1442 15:54',
        '13/05/2021 3:54 xm',
        '13/05/2021 13:54 PM',
        '31.02.2021 15:54',
        '13.05.2021 25:54',
        '13.05.2021 15:74',
        '14:34',
        '๑๔/๕/๒๕๖๔ ๑๕:๕๔',
        'yesterday',
        '',
    ],
)
def test_a_logon_time_with_no_certain_meaning_is_null(raw: str) -> None:
    assert logon_times([raw]) == [None]


def test_one_row_determines_the_order_of_all_rows() -> None:
    assert logon_times(['12/11/2020 11:23', '16/11/2020 08:58']) == ['2020-11-12T11:23:00', '2020-11-16T08:58:00']
    assert logon_times(['12/11/2020 11:23', '11/16/2020 08:58']) == ['2020-12-11T11:23:00', '2020-11-16T08:58:00']


def test_rows_that_contradict_each_other_are_all_null() -> None:
    assert logon_times(['16/11/2020 08:58', '11/16/2020 08:58', '12/11/2020 11:23']) == [None, None, None]


def test_a_given_order_decides() -> None:
    assert logon_times(['05/09/2024 12:51'], 'dmy') == ['2024-09-05T12:51:00']
    assert logon_times(['05/09/2024 12:51'], 'mdy') == ['2024-05-09T12:51:00']
    assert logon_times(['18-Nov-22 09:35'], 'dmy') == ['2022-11-18T09:35:00']


def test_a_given_format_decides() -> None:
    assert logon_times(['18-11-22 09h35'], '%d-%m-%y %Hh%M') == ['2022-11-18T09:35:00']
    assert logon_times(['18-11-22 09h35'], '%y-%m-%d %Hh%M') == ['2018-11-22T09:35:00']


@pytest.mark.parametrize('date_format', ['mdy', '%m/%d/%Y %H:%M'])
def test_a_logon_time_that_does_not_have_the_given_form_is_an_error(date_format: str) -> None:
    with pytest.raises(ValueError, match=r"'25/12/2024 12:51' does not have the date_format"):
        logon_times(['25/12/2024 12:51'], date_format)


@pytest.mark.parametrize('date_format', ['', 'ydm', '%Q', '%H:%M', 5])
def test_a_format_that_describes_no_date_is_an_error_with_an_example(date_format: str) -> None:
    with pytest.raises(ValueError, match='Examples: '):
        check_date_format(date_format)


@pytest.mark.parametrize('date_format', ['dmy', 'mdy', 'ymd', '%d.%m.%Y %H:%M', '%d-%b-%y %H:%M'])
def test_accepts_a_valid_format(date_format: str) -> None:
    check_date_format(date_format)


@given(
    st.datetimes(min_value=datetime.datetime(1990, 1, 1), max_value=datetime.datetime(2199, 12, 31)),
    st.sampled_from(['%d.%m.%Y %H:%M', '%Y-%m-%d %H:%M', '%Y/%m/%d %I:%M %p', '%d/%m/%Y %H:%M', '%m/%d/%Y %I:%M %p']),
)
def test_a_logon_time_is_read_as_it_was_printed_or_not_at_all(moment: datetime.datetime, form: str) -> None:
    right = moment.replace(second=0, microsecond=0).isoformat()
    raw = moment.strftime(form)
    assert logon_times([raw])[0] in (right, None)
    assert logon_times([raw], form) == [right]
