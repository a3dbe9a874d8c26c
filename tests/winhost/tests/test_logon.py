# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logging on to a simulated host's WinRM with NTLM and certificates, and certificates that are wrong."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Iterator
from typing import Any

import pytest
from pypsrp.exceptions import AuthenticationError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from winrm.exceptions import InvalidCredentialsError
from winrm.protocol import Protocol

from winhost.certificate import KINDS
from winhost.fleet import Fleet, ReachableHost
from winhost.logon import Logon

ACCOUNTS = {'CORP\\ansible': {}, 'CORP\\joe': {'refused': 'locked'}, 'CORP\\eve': {'refused': 'expired'}}
SPEC = {kind: {'accounts': ACCOUNTS, 'winrm': {'certificate': kind}} for kind in KINDS}


@pytest.fixture(scope='module')
def fleet() -> Iterator[Fleet]:
    with Fleet({'hosts': SPEC}) as fleet:
        yield fleet


@pytest.fixture
def host(fleet: Fleet) -> ReachableHost:
    fleet['valid'].messages.clear()
    return fleet['valid']


@pytest.fixture
def bodies(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the host read from the wire, before it was decrypted."""
    seen: list[bytes] = []
    read = Logon.read

    def watched(logon: Logon, content_type: str, body: bytes) -> bytes:
        seen.append(body)
        return read(logon, content_type, body)

    monkeypatch.setattr(Logon, 'read', watched)
    return seen


def winrm(host: ReachableHost, user: str = 'CORP\\ansible', scheme: str = 'http', **options: Any) -> str:
    """What whoami prints over pywinrm."""
    options = {'transport': 'ntlm', 'password': 'secret', 'server_cert_validation': 'ignore', **options}
    protocol = Protocol(f'{scheme}://127.0.0.1:{host.port}/wsman', username=user, **options)
    shell = protocol.open_shell()
    output, _errors, _code = protocol.get_command_output(
        shell, protocol.run_command(shell, 'powershell', ['-Command', '"$env:USERNAME"'])
    )
    protocol.close_shell(shell)
    return str(output.decode().strip())


def psrp(host: ReachableHost, user: str = 'CORP\\ansible', **options: Any) -> str:
    """What whoami prints over pypsrp."""
    options = {'auth': 'ntlm', 'password': 'secret', 'ssl': False, **options}
    with WSMan('127.0.0.1', port=host.port, username=user, **options) as wsman, RunspacePool(wsman) as pool:
        return str(PowerShell(pool).add_script('$env:USERNAME').invoke()[0])


@pytest.mark.parametrize('ask', [winrm, psrp])
@pytest.mark.parametrize('user', ['CORP\\ansible', 'ansible@CORP'])
def test_ntlm_encrypts_every_message_over_http(host: ReachableHost, bodies: list[bytes], ask: Any, user: str) -> None:
    assert ask(host, user) == 'ansible'
    assert len(bodies) == len(host.messages) >= 4
    for body in bodies:
        assert b'HTTP-SPNEGO-session-encrypted' in body
        assert b'Envelope' not in body


def test_negotiate_uses_ntlm(host: ReachableHost) -> None:
    assert psrp(host, auth='negotiate') == 'ansible'


def test_over_https_the_messages_are_not_encrypted_twice(host: ReachableHost, bodies: list[bytes]) -> None:
    assert winrm(host, scheme='https') == 'ansible'
    assert psrp(host, ssl=True, cert_validation=False) == 'ansible'
    assert all(b'Envelope' in body for body in bodies)


@pytest.mark.parametrize('user', ['CORP\\ansible', 'CORP\\joe', 'CORP\\eve', 'CORP\\nobody'])
def test_a_refused_logon_opens_nothing(host: ReachableHost, user: str) -> None:
    password = 'wrong' if user == 'CORP\\ansible' else 'secret'
    for transport in ('ntlm', 'basic'):
        with pytest.raises(InvalidCredentialsError, match='credentials were rejected by the server'):
            winrm(host, user, transport=transport, password=password)
    with pytest.raises(AuthenticationError):
        psrp(host, user, password=password)
    assert host.messages == []


def test_a_certificate_logs_on_the_account_that_it_names(fleet: Fleet, host: ReachableHost) -> None:
    pem = str(fleet.certificates.user('ansible@CORP'))
    assert psrp(host, auth='certificate', ssl=True, cert_validation=False, certificate_pem=pem, certificate_key_pem=pem)
    assert winrm(host, scheme='https', transport='certificate', cert_pem=pem, cert_key_pem=pem) == 'ansible'


def test_a_logon_with_a_certificate_requires_one(host: ReachableHost) -> None:
    connection = http.client.HTTPConnection('127.0.0.1', host.port)
    scheme = 'http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual'
    for header in (scheme, 'Negotiate', 'Negotiate !', f'Negotiate {base64.b64encode(b"NTLMSSP").decode()}', 'Other x'):
        connection.request('POST', '/wsman', body=b'x', headers={'Authorization': header})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 401
        assert answer.headers.get_all('WWW-Authenticate') == ['Negotiate', 'Basic realm="WSMAN"']
    connection.close()


@pytest.mark.parametrize('kind', KINDS)
def test_a_client_that_checks_refuses_a_wrong_certificate(fleet: Fleet, kind: str) -> None:
    trust = {'server_cert_validation': 'validate', 'ca_trust_path': str(fleet.certificates.authority)}
    if kind == 'valid':
        assert winrm(fleet[kind], scheme='https', **trust) == 'ansible'
        return
    with pytest.raises(Exception, match='certificate') as refused:
        winrm(fleet[kind], scheme='https', **trust)
    assert {'expired': 'expired', 'other_name': 'IP address mismatch', 'other_issuer': 'signature failure'}[
        kind
    ] in str(refused.value)
    assert fleet[kind].messages == []
