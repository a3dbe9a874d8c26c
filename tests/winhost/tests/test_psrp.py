# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PowerShell remoting of a simulated host, asked by pypsrp."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from winhost.fleet import Fleet, ReachableHost
from winhost.psrp import ended_messages


@pytest.fixture(scope='module')
def host() -> Iterator[ReachableHost]:
    with Fleet({'hosts': {'web01': {}}}) as fleet:
        yield fleet['web01']


def connection(host: ReachableHost, password: str = 'secret') -> WSMan:
    return WSMan(
        '127.0.0.1',
        port=host.port,
        username='CORP\\ansible',
        password=password,
        ssl=False,
        auth='basic',
        encryption='never',
    )


@pytest.fixture
def pool(host: ReachableHost) -> Iterator[RunspacePool]:
    host.messages.clear()
    with connection(host) as wsman, RunspacePool(wsman) as opened:
        yield opened


def test_a_script_is_two_messages_and_two_more_open_the_pool(host: ReachableHost, pool: RunspacePool) -> None:
    assert host.messages == ['Create', 'Receive']
    host.messages.clear()
    shell = PowerShell(pool).add_script('"$env:USERDOMAIN/$env:USERNAME"; "é🙂"')
    assert shell.invoke() == ['CORP/ansible', 'é🙂']
    assert host.messages == ['Command', 'Receive']


def test_pipelines_share_the_pool(pool: RunspacePool) -> None:
    PowerShell(pool).add_script('$global:kept = 5').invoke()
    assert PowerShell(pool).add_script('$kept + 1').invoke() == [6]


def test_input_reaches_the_pipeline(pool: RunspacePool) -> None:
    # Larger than an envelope, so that it takes several messages.
    shell = PowerShell(pool).add_script('$input | ForEach-Object Length')
    assert shell.invoke(item for item in ('x' * 300_000, 'y' * 5)) == [300_000, 5]


def test_runspaces_of_a_pool_work_at_the_same_time_and_keep_their_input(host: ReachableHost) -> None:
    # PowerShell handles each line of its input in a thread of its own: what is sent before the line before it was
    # acknowledged can be lost.
    together = threading.Barrier(4, timeout=60)

    def work(number: int) -> list[list[str]]:
        with connection(host) as wsman, RunspacePool(wsman, max_runspaces=3) as pool:
            together.wait()
            shells = [PowerShell(pool).add_script('$input | ForEach-Object { $_ }') for _unused in range(3)]
            for index, shell in enumerate(shells):
                shell.begin_invoke(f'{number}-{index}-{item}' for item in range(4))
            return [shell.end_invoke() for shell in shells]

    with ThreadPoolExecutor(4) as threads:
        for number, outputs in enumerate(threads.map(work, range(4))):
            assert outputs == [[f'{number}-{index}-{item}' for item in range(4)] for index in range(3)]


def test_errors_and_their_streams_come_back(pool: RunspacePool) -> None:
    shell = PowerShell(pool).add_script('Write-Warning careful; Write-Error oops; throw "stop here"')
    shell.invoke()
    assert shell.state == PSInvocationState.FAILED
    assert [str(record) for record in shell.streams.warning] == ['careful']
    assert [str(record) for record in shell.streams.error] == ['oops', 'stop here']


def test_a_pipeline_can_be_stopped(pool: RunspacePool) -> None:
    shell = PowerShell(pool).add_script('"started"; Start-Sleep 600')
    shell.begin_invoke()
    while not shell.output:
        shell.poll_invoke(timeout=5)
    shell.stop()
    assert shell.state == PSInvocationState.STOPPED
    assert PowerShell(pool).add_script('1').invoke() == [1]


def test_a_pipeline_that_has_ended_can_be_closed_and_is_unknown_then(host: ReachableHost, pool: RunspacePool) -> None:
    shell = PowerShell(pool).add_script('1')
    shell.invoke()
    shell.close()
    with pytest.raises(WSManFaultError, match='parameter is incorrect'):
        pool.shell.receive('stdout', command_id=shell.id)


def test_an_open_pool_is_alive_and_a_closed_one_is_not(pool: RunspacePool) -> None:
    assert pool.is_alive(timeout=5)
    pool.close()
    assert not pool.is_alive(timeout=5)


def test_a_script_that_ends_the_process_is_a_fault_and_not_a_wait(pool: RunspacePool) -> None:
    with pytest.raises(WSManFaultError, match='host process'):
        PowerShell(pool).add_script('[Environment]::FailFast("gone")').invoke()


def test_a_wrong_password_opens_nothing(host: ReachableHost) -> None:
    host.messages.clear()
    with pytest.raises(AuthenticationError), connection(host, 'wrong') as wsman:
        RunspacePool(wsman).open()
    assert host.messages == []


def test_an_unknown_configuration_is_refused(host: ReachableHost) -> None:
    with pytest.raises(WSManFaultError, match='not supported'), connection(host) as wsman:
        RunspacePool(wsman, configuration_name='Microsoft.Exchange').open()


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=60)), max_size=5),
    st.integers(min_value=8, max_value=40),
    st.data(),
)
def test_the_end_of_every_message_is_found_however_it_is_cut(
    messages: list[tuple[int, bytes]], size: int, data: st.DataObject
) -> None:
    fragments = []
    for number, (kind, content) in enumerate(messages):
        blob = struct.pack('<II', 2, kind) + content
        parts = [blob[start : start + size] for start in range(0, len(blob), size)]
        for index, part in enumerate(parts):
            flags = (index == 0) | (index == len(parts) - 1) << 1
            fragments.append(struct.pack('>QQBI', number, index, flags, len(part)) + part)
    started: dict[int, int] = {}
    ended: list[int] = []
    while fragments:
        count = data.draw(st.integers(1, len(fragments)))
        ended += ended_messages(b''.join(fragments[:count]), started)
        del fragments[:count]
    assert ended == [kind for kind, _unused in messages]
    assert not started
