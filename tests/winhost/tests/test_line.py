# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines to a simulated host."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator

import pytest

from winhost.fleet import Fleet, ReachableHost
from winhost.line import Line


@pytest.fixture(scope='module')
def host() -> Iterator[ReachableHost]:
    with Fleet({'hosts': {'web01': {}}}) as fleet:
        yield fleet['web01']


def ask_twice(connection: http.client.HTTPConnection) -> None:
    assert [ask(connection), ask(connection)] == [401, 401]


def ask(connection: http.client.HTTPConnection) -> int:
    connection.request('POST', '/wsman', body=b'x')
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_line_counts_its_traffic(host: ReachableHost) -> None:
    with Line(host.port) as line:
        for _unused in range(2):
            connection = http.client.HTTPConnection('127.0.0.1', line.port, timeout=60)
            ask_twice(connection)
            connection.close()
    traffic = line.traffic
    assert (traffic.connections, traffic.turns) == (2, 4)
    assert traffic.sent > 4 * len('POST /wsman HTTP/1.1')
    assert traffic.received > 4 * len('HTTP/1.1 401')


def test_a_connection_takes_a_round_trip_and_each_message_another(host: ReachableHost) -> None:
    with Line(host.port, round_trip=0.2) as line:
        connection = http.client.HTTPConnection('127.0.0.1', line.port, timeout=60)
        start = time.monotonic()
        ask(connection)
        assert time.monotonic() - start >= 0.4
        ask(connection)
        assert time.monotonic() - start >= 0.6
        connection.close()


def test_single_bytes_are_the_same_message(host: ReachableHost) -> None:
    with Line(host.port, piece=1) as line:
        connection = http.client.HTTPConnection('127.0.0.1', line.port, timeout=60)
        assert ask(connection) == 401
        connection.close()


@pytest.mark.parametrize('cut', [{'cut_turn': 2}, {'cut_after': 200}])
def test_a_line_is_cut_once(host: ReachableHost, cut: dict[str, int]) -> None:
    with Line(host.port, **cut) as line:
        connection = http.client.HTTPConnection('127.0.0.1', line.port, timeout=60)
        with pytest.raises(ConnectionError):
            ask_twice(connection)
        again = http.client.HTTPConnection('127.0.0.1', line.port, timeout=60)
        assert [ask(again) for _unused in range(4)] == [401] * 4
        line.cut()
        with pytest.raises(ConnectionError):
            ask_twice(again)


def test_a_stopped_host_refuses(host: ReachableHost) -> None:
    with Line(1) as line, pytest.raises(ConnectionError):
        ask(http.client.HTTPConnection('127.0.0.1', line.port, timeout=60))
