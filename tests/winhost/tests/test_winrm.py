# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WinRM of a simulated host, asked by pywinrm and by clients that no library would be."""

from __future__ import annotations

import base64
import socket
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WSManFaultError
from winrm.protocol import Protocol

from winhost.fleet import Fleet, ReachableHost

ACCOUNTS = {'CORP\\ansible': 'secret', 'CORP\\zoë': 'pass:wörd'}


@pytest.fixture(scope='module')
def fleet() -> Iterator[Fleet]:
    plain = {'accounts': ACCOUNTS}
    hosts = {
        'plain': plain,
        'pieces': {**plain, 'winrm': {'piece': 10}},
        'impatient': {**plain, 'winrm': {'operation_timeout': 0.05}},
    }
    with Fleet({'hosts': hosts}) as running:
        yield running


@pytest.fixture
def host(fleet: Fleet) -> ReachableHost:
    fleet['plain'].messages.clear()
    return fleet['plain']


def client(host: ReachableHost, user: str = 'CORP\\ansible', password: str = 'secret', **options: Any) -> Protocol:
    scheme = options.pop('scheme', 'http')
    options.setdefault('ca_trust_path', None)
    endpoint = f'{scheme}://127.0.0.1:{host.port}/wsman'
    return Protocol(endpoint, 'plaintext', username=user, password=password, **options)


def run(host: ReachableHost, command: str, *arguments: str, stdin: tuple[bytes, ...] = ()) -> tuple[bytes, bytes, int]:
    protocol = client(host)
    shell = protocol.open_shell(codepage=65001)
    ran = protocol.run_command(shell, command, arguments)
    for number, part in enumerate(stdin, 1):
        protocol.send_command_input(shell, ran, part, end=number == len(stdin))
    output = protocol.get_command_output(shell, ran)
    protocol.cleanup_command(shell, ran)
    protocol.close_shell(shell)
    return output


def post(host: ReachableHost, body: bytes, path: str = '/wsman', authorization: str | None = None) -> tuple[int, bytes]:
    if authorization is None:
        authorization = 'Basic ' + base64.b64encode(b'CORP\\ansible:secret').decode()
    request = urllib.request.Request(
        f'http://127.0.0.1:{host.port}{path}', body, {'Authorization': authorization} if authorization else {}
    )
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_command_is_six_messages_with_input_and_five_without(host: ReachableHost) -> None:
    assert run(host, 'cat', stdin=(b'hello',)) == (b'hello', b'', 0)
    assert host.messages == ['Create', 'Command', 'Send', 'Receive', 'Signal', 'Delete']
    host.messages.clear()
    assert run(host, 'echo', 'hello')[0] == b'hello\n'
    assert host.messages == ['Create', 'Command', 'Receive', 'Signal', 'Delete']


def test_input_comes_in_parts_and_arrives_whole(host: ReachableHost) -> None:
    parts = tuple(bytes([number]) * 200_000 for number in range(4))
    assert run(host, 'cat', stdin=parts)[0] == b''.join(parts)


def test_output_may_go_out_in_pieces_and_arrives_whole(fleet: Fleet) -> None:
    host = fleet['pieces']
    host.messages.clear()
    assert run(host, 'sh', '-c', '"cat; echo done >&2; exit 9"', stdin=(b'0123456789' * 9,)) == (
        b'0123456789' * 9,
        b'done\n',
        9,
    )
    assert host.messages.count('Receive') >= 10


def test_arguments_are_one_command_line(host: ReachableHost) -> None:
    # The quotes span Arguments, as they do on Windows, which has command lines only.
    assert run(host, 'printf', '"[%s]"', '"a', 'b"', 'c')[0] == b'[a b][c]'


@pytest.mark.parametrize('name', ['PowerShell', 'powershell', 'powershell.exe', 'pwsh', 'POWERSHELL.EXE'])
def test_powershell_has_the_names_that_windows_hosts_know(host: ReachableHost, name: str) -> None:
    stdout, _unused, code = run(host, name, '-NoProfile', '-Command', '"$env:USERNAME; exit 3"')
    assert (stdout.strip(), code) == (b'ansible', 3)


def test_a_command_runs_as_the_account_that_logged_on(host: ReachableHost) -> None:
    protocol = client(host, 'zoë@corp.example', 'pass:wörd')
    shell = protocol.open_shell(env_vars={'EXTRA': 'a b'})
    ran = protocol.run_command(shell, 'sh', ['-c', '"echo $USERDOMAIN/$USERNAME/$EXTRA"'])
    assert protocol.get_command_output(shell, ran)[0].decode() == 'CORP/zoë/a b\n'
    protocol.close_shell(shell)


@pytest.mark.parametrize(('user', 'password'), [('CORP\\ansible', 'wrong'), ('CORP\\nobody', 'secret'), ('', '')])
def test_a_wrong_password_starts_no_command(host: ReachableHost, user: str, password: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        client(host, user, password).open_shell()
    assert host.messages == []


@pytest.mark.parametrize('authorization', ['', 'Negotiate abc', 'Basic', 'Basic ***', 'Basic /w==', 'Basic YQ=='])
def test_a_malformed_logon_is_refused_with_the_schemes(host: ReachableHost, authorization: str) -> None:
    request = urllib.request.Request(f'http://127.0.0.1:{host.port}/wsman', b'', {'Authorization': authorization})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as error:
        assert error.code == 401
        assert error.headers.get_all('WWW-Authenticate') == ['Negotiate', 'Basic realm="WSMAN"']


def test_a_command_without_output_times_out_and_can_be_asked_again(fleet: Fleet) -> None:
    protocol = client(fleet['impatient'])
    shell = protocol.open_shell()
    ran = protocol.run_command(shell, 'cat')
    for _unused in range(3):
        with pytest.raises(WinRMOperationTimeoutError):
            protocol.get_command_output_raw(shell, ran)
    protocol.send_command_input(shell, ran, b'at last', end=True)
    assert protocol.get_command_output(shell, ran) == (b'at last', b'', 0)
    protocol.close_shell(shell)


def test_the_operation_timeout_of_the_client_is_used(host: ReachableHost) -> None:
    protocol = client(host, operation_timeout_sec=1)
    shell = protocol.open_shell()
    with pytest.raises(WinRMOperationTimeoutError):
        protocol.get_command_output_raw(shell, protocol.run_command(shell, 'cat'))
    protocol.close_shell(shell)


def test_an_unknown_shell_is_a_fault_with_windows_code(host: ReachableHost) -> None:
    shell = str(uuid.uuid4()).upper()
    with pytest.raises(WSManFaultError, match=shell) as fault:
        client(host).run_command(shell, 'echo')
    assert fault.value.wsman_fault_code == 2150858843
    assert fault.value.fault_subcode == 'w:InvalidSelectors'


def test_a_closed_shell_is_unknown(host: ReachableHost) -> None:
    protocol = client(host)
    shell = protocol.open_shell()
    protocol.close_shell(shell)
    with pytest.raises(WSManFaultError, match='was not found'):
        protocol.run_command(shell, 'echo')


def test_a_shell_belongs_to_its_account(host: ReachableHost) -> None:
    shell = client(host).open_shell()
    with pytest.raises(WSManFaultError, match='was not found'):
        client(host, 'CORP\\zoë', 'pass:wörd').run_command(shell, 'echo')


@pytest.mark.parametrize('command_id', ['6f1f26f7-6f0b-4a64-b1e7-8c9f3a4f1d11', 'no guid', '"/><Evil x="'])
def test_an_unknown_command_is_a_fault(host: ReachableHost, command_id: str) -> None:
    protocol = client(host)
    with pytest.raises(WSManFaultError, match='parameter is incorrect'):
        protocol.get_command_output_raw(protocol.open_shell(), command_id)


@pytest.mark.parametrize('end', ['cleanup_command', 'close_shell'])
def test_a_command_ends_with_its_child_processes(host: ReachableHost, end: str) -> None:
    protocol = client(host)
    shell = protocol.open_shell()
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        # The grandchild's connection is closed when it is dead, and then only.
        script = f'exec 3<>/dev/tcp/127.0.0.1/{port}; sleep 600 & wait'
        ran = protocol.run_command(shell, 'bash', ['-c', f'"{script}"'])
        connection, _unused = server.accept()
    with connection:
        connection.settimeout(60)
        getattr(protocol, end)(*((shell, ran) if end == 'cleanup_command' else (shell,)))
        assert connection.recv(1) == b''


def test_shells_work_at_the_same_time(host: ReachableHost) -> None:
    together = threading.Barrier(8, timeout=60)

    def work(number: int) -> bytes:
        protocol = client(host)
        shell = protocol.open_shell()
        ran = protocol.run_command(shell, 'cat')
        together.wait()  # every shell is open and runs its command before one continues
        protocol.send_command_input(shell, ran, str(number).encode(), end=True)
        stdout, _errors, _code = protocol.get_command_output(shell, ran)
        protocol.close_shell(shell)
        return stdout

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [str(number).encode() for number in range(8)]


def test_one_shell_runs_several_commands(host: ReachableHost) -> None:
    protocol = client(host)
    shell = protocol.open_shell()
    first, second = (protocol.run_command(shell, 'cat') for _unused in range(2))
    for command, text in ((second, b'two'), (first, b'one')):
        protocol.send_command_input(shell, command, text, end=True)
        assert protocol.get_command_output(shell, command)[0] == text
    protocol.close_shell(shell)


def test_https_is_on_the_same_port_with_a_certificate_that_can_be_checked(fleet: Fleet, host: ReachableHost) -> None:
    protocol = client(host, scheme='https', ca_trust_path=str(fleet.certificates.authority))
    protocol.close_shell(protocol.open_shell())
    with pytest.raises(Exception, match='CERTIFICATE_VERIFY_FAILED'):
        client(host, scheme='https').open_shell()


@pytest.mark.parametrize(
    'message',
    [
        b'',
        b'hello',
        b'<a/>',
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/></s:Envelope>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    ],
)
def test_an_invalid_message_is_a_fault(host: ReachableHost, message: bytes) -> None:
    status, body = post(host, message)
    assert status == 500
    assert b'WSManFault Code="2147942487"' in body
    assert host.messages == []


def test_serves_wsman_only(host: ReachableHost) -> None:
    assert post(host, b'', path='/other')[0] == 404


def test_a_client_can_disconnect_at_any_time(host: ReachableHost, capfd: pytest.CaptureFixture[str]) -> None:
    for data in (b'', b'POST /wsman HTTP/1.1\r\nContent-Length: 1000\r\n\r\nhalf', b'\x16\x03\x01 no handshake'):
        with socket.create_connection(('127.0.0.1', host.port)) as connection:
            connection.sendall(data)
    assert run(host, 'echo', 'fine')[0] == b'fine\n'
    assert 'Traceback' not in capfd.readouterr().err
