# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logging on as in production, and connections that are refused: the error names what to check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import TO_THE_END, Run, cached_across_workers, patient_fleet, run

from project import MAIN

pytestmark = pytest.mark.e2e

SESSIONS = [{'id': 2, 'user': 'alice'}]
LOCKED = {'CORP\\ansible': {'refused': 'locked'}}
EXPIRED = {'CORP\\ansible': {'refused': 'expired'}}

# Host: connection, scheme, whether the certificate is checked, logon; the host's specification.
GOOD: dict[str, tuple[Any, ...]] = {
    'winrm-ntlm': (('winrm', 'http', False, 'ntlm'), {}),
    'winrm-ntlm-https': (('winrm', 'https', True, 'ntlm'), {}),
    'winrm-certificate': (('winrm', 'https', True, 'certificate'), {}),
    'psrp-ntlm': (('psrp', 'http', False, 'ntlm'), {}),
    'psrp-negotiate': (('psrp', 'http', False, 'negotiate'), {}),
    'psrp-certificate': (('psrp', 'https', True, 'certificate'), {}),
}
CERTIFICATE = 'certificate of the host is expired, is for another name, or is of an authority'
PASSWORD = 'the same error for an expired password and for an account that is locked'
NOT_SENT = 'Make sure this host can be reached over SSH.'
UNSENT = 'in the known_hosts file, and the user name and the password must be valid'
BAD: dict[str, tuple[Any, ...]] = {
    'winrm-expired-certificate': (('winrm', 'https', True), {'winrm': {'certificate': 'expired'}}, CERTIFICATE),
    'psrp-other-name': (('psrp', 'https', True), {'winrm': {'certificate': 'other_name'}}, CERTIFICATE),
    'psrp-other-issuer': (('psrp', 'https', True), {'winrm': {'certificate': 'other_issuer'}}, CERTIFICATE),
    'winrm-expired-password': (('winrm', 'http', False, 'ntlm'), {'accounts': EXPIRED}, PASSWORD),
    'winrm-locked-account': (('winrm',), {'accounts': LOCKED}, PASSWORD),
    'psrp-locked-account': (('psrp', 'http', False, 'ntlm'), {'accounts': LOCKED}, PASSWORD),
    'ssh-locked-account': (('ssh',), {'accounts': LOCKED}, PASSWORD),
    'ssh-other-key': (('ssh',), {}, 'known_hosts file'),
}


@pytest.fixture(scope='session')
def refused(shared: Path) -> Run:
    if not MAIN.present:
        pytest.skip(MAIN.missing)

    def play() -> Run:
        specs = {name: spec for name, (_unused, spec, *_text) in {**GOOD, **BAD}.items()}
        with patient_fleet({name: {'sessions': SESSIONS, **spec} for name, spec in specs.items()}) as running:
            hosts = {}
            for name, (how, *_unused) in {**GOOD, **BAD}.items():
                inventory = running.inventory(*how)['all']
                hosts[name] = {**inventory['vars'], **inventory['hosts'][name]}
            other = running.ssh_keys.known_hosts.with_name('other_known_hosts')
            other.write_text(f'[127.0.0.1]:* {running.ssh_keys.authorized.read_text()}')
            hosts['ssh-other-key']['ansible_ssh_common_args'] = f'-F none -o UserKnownHostsFile={other}'
            tasks = [{'name': 'list', 'winops.sessions.win_user_session_info': {}}]
            return run(MAIN, running, shared / 'refused', [{'tasks': tasks, **TO_THE_END}], hosts=hosts)

    return cached_across_workers(shared, 'refused', play)


@pytest.mark.parametrize('host', GOOD)
def test_sessions_are_listed_with_every_way_to_log_on(refused: Run, host: str) -> None:
    assert [session['user'] for session in refused['list'][host]['sessions']] == ['alice']


@pytest.mark.parametrize('host', BAD)
def test_a_refused_connection_names_what_to_check(refused: Run, host: str) -> None:
    result = refused['list'][host]
    # On a busy machine, the ssh connection of ansible-core returns that it could not send the module instead of the
    # reason. Otherwise it fails the task if the key of the host is not the known one.
    is_unsent = host.startswith('ssh-') and NOT_SENT in result['msg']
    assert result['status'] == ('failed' if host == 'ssh-other-key' and not is_unsent else 'unreachable')
    assert (UNSENT if is_unsent else BAD[host][2]) in result['msg']
    assert refused.hosts[host].calls == []
    # A host that could not be queried must not look like an empty one.
    assert 'sessions' not in result
