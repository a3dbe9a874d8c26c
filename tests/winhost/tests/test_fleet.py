# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many simulated hosts in one process."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from winrm.exceptions import WSManFaultError
from winrm.protocol import Protocol

from winhost.fleet import Fleet
from winhost.spec import SpecError


def protocol(fleet: Fleet, name: str) -> Protocol:
    """Log on with the variables of the inventory."""
    host = fleet.inventory()['all']['hosts'][name]
    return Protocol(
        f'http://127.0.0.1:{host["ansible_port"]}/wsman',
        'plaintext',
        username=host['ansible_user'],
        password=host['ansible_password'],
        ca_trust_path='',
    )


def test_forty_hosts_answer_at_once_each_for_itself() -> None:
    hosts: dict[str, Any] = {f'web{number:02}': {} for number in range(40)}
    together = threading.Barrier(len(hosts), timeout=60)

    def work(name: str) -> str:
        client = protocol(fleet, name)
        shell = client.open_shell()
        ran = client.run_command(shell, 'sh', ['-c', '"read go; echo $COMPUTERNAME"'])
        together.wait()  # on every host a shell is open and its command running
        client.send_command_input(shell, ran, b'\n', end=True)
        stdout, _errors, _code = client.get_command_output(shell, ran)
        client.close_shell(shell)
        return stdout.decode().strip()

    with Fleet({'hosts': hosts}) as fleet, ThreadPoolExecutor(len(hosts)) as pool:
        assert list(pool.map(work, hosts)) == [name.upper() for name in hosts]
        assert {len(host.messages) for host in fleet.values()} == {5}


def test_hosts_are_found_by_name_in_the_order_of_the_spec() -> None:
    with Fleet({'hosts': {'b': None, 'a': {'sessions': [{'id': 2, 'user': 'alice'}]}}}) as fleet:
        assert list(fleet) == ['b', 'a']
        assert fleet['a'].sessions[2].user == 'alice'
        assert 2 not in fleet['b'].sessions
        assert fleet['a'].port != fleet['b'].port


def test_nothing_is_left_of_a_fleet_that_stopped() -> None:
    with Fleet({'hosts': {'web01': {}}}) as fleet:
        client = protocol(fleet, 'web01')
        with socket.create_server(('127.0.0.1', 0)) as server:
            script = f'exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}; sleep 600'
            client.run_command(client.open_shell(), 'bash', ['-c', f'"{script}"'])
            connection, _unused = server.accept()
        port, root = fleet['web01'].port, fleet.root
        threads = {thread.name for thread in threading.enumerate()}
        assert f'winhost-{port}' in threads
    with connection:
        connection.settimeout(60)
        assert connection.recv(1) == b''  # the command is dead
    assert not root.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(('127.0.0.1', port))


def test_a_receive_that_waits_returns_when_the_fleet_stops() -> None:
    fleet = Fleet({'hosts': {'web01': {'winrm': {'gather': 0}}}})
    with ThreadPoolExecutor(1) as pool:
        with fleet:
            client = protocol(fleet, 'web01')
            shell = client.open_shell()
            ran = client.run_command(shell, 'sh', ['-c', '"echo started; cat"'])
            assert client.get_command_output_raw(shell, ran)[0] == b'started\n'
            waiting = pool.submit(client.get_command_output_raw, shell, ran)
        # The connection may be cut before the answer is out: it is the waiting that has to end.
        waiting.exception(timeout=60)


def test_a_restarted_host_has_the_same_port() -> None:
    with Fleet({'hosts': {'web01': {}, 'web02': {}}}) as fleet:
        host = fleet['web01']
        port = host.port
        client = protocol(fleet, 'web01')
        shell = client.open_shell()
        host.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(('127.0.0.1', port))
        protocol(fleet, 'web02').open_shell()
        host.start()
        assert host.port == port
        with pytest.raises(WSManFaultError, match='was not found'):
            protocol(fleet, 'web01').run_command(shell, 'echo')
        protocol(fleet, 'web01').open_shell()


def test_an_inventory_is_complete_for_every_connection() -> None:
    accounts = {'WEB\\operator': {'password': 'p w', 'rights': 'user'}, 'CORP\\other': 'x'}
    with Fleet({'hosts': {'web01': {'accounts': accounts}}}) as fleet:
        port = fleet['web01'].port
        for connection, scheme in (('winrm', 'http'), ('psrp', 'https')):
            inventory = fleet.inventory(connection, scheme)['all']
            assert inventory['hosts'] == {
                'web01': {'ansible_port': port, 'ansible_user': 'WEB\\operator', 'ansible_password': 'p w'}
            }
            assert inventory['vars']['ansible_connection'] == connection
            assert scheme in inventory['vars'].values()
        assert fleet.inventory('ssh')['all']['hosts'] == {
            'web01': {'ansible_port': port, 'ansible_user': 'WEB\\operator'}
        }
        with pytest.raises(ValueError, match="'local' is not winrm, psrp, ssh"):
            fleet.inventory('local')


def test_an_event_that_fails_at_an_api_call_fails_its_test() -> None:
    def look(fleet: Fleet) -> None:
        with fleet:
            fleet['web01'].on('WTSEnumerateSessionsExW', do=lambda host: host.change({'leave': 99}))
            client = protocol(fleet, 'web01')
            shell = client.open_shell()
            client.get_command_output(shell, client.run_command(shell, 'quser'))

    with pytest.raises(RuntimeError, match='web01'):
        look(Fleet({'hosts': {'web01': {}}}))


@pytest.mark.parametrize(
    ('spec', 'error'),
    [
        (None, 'hosts: None is not a mapping'),
        ({}, 'hosts: None is not a mapping'),
        ({'hosts': {}}, 'is not a mapping of names to hosts'),
        ({'hosts': ['web01']}, 'is not a mapping'),
        ({'host': {}}, 'unknown host. Known: hosts'),
        ({'hosts': {'web01': {'sesions': []}}}, 'web01: unknown sesions. Known:'),
        ({'hosts': {'web01': {'winrm': {'pieces': 3}}}}, 'web01: winrm: unknown pieces. Known:'),
    ],
)
def test_an_invalid_spec_is_reported_and_leaves_no_files(
    spec: Any, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    with pytest.raises(SpecError, match=error):
        Fleet(spec)
    assert list(tmp_path.iterdir()) == []


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / 'hosts.yml'
    for text in ('hosts: {web01: {sesions: []}}', 'hosts: [', 'hosts: !!python/object:os.system {}'):
        path.write_text(text)
        with pytest.raises(SpecError, match=str(path)):
            Fleet.load(path)
