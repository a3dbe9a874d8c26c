# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Invalid input fails in real Ansible runs before it connects: the port of the host is closed."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator

import pytest

from project import CORES, Core, environment

pytestmark = pytest.mark.e2e


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port of this machine that is bound, so that no other process gets it, and closed."""
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        yield taken.getsockname()[1]


@pytest.fixture(params=list(CORES.values()), ids=list(CORES))
def core(request: pytest.FixtureRequest) -> Core:
    """Each ansible-core that the project is tested with."""
    if not request.param.present:
        pytest.skip(request.param.missing)
    return request.param


def ansible(core: Core, port: int, module: str, args: dict[str, object]) -> str:
    """The output of an ad hoc command."""
    host = [
        'ansible_host=127.0.0.1',
        f'ansible_port={port}',
        'ansible_connection=winrm',
        'ansible_winrm_scheme=http',
        'ansible_winrm_transport=basic',
        'ansible_user=nobody',
        'ansible_password=none',
    ]
    extra = [part for variable in host for part in ('-e', variable)]
    command = [
        str(core.bin / 'ansible'),
        'all',
        '-i',
        'dead,',
        '-m',
        f'winops.sessions.{module}',
        '-a',
        json.dumps(args),
    ]
    done = subprocess.run([*command, *extra], env=environment(core), capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.parametrize(
    ('module', 'args', 'words'),
    [
        ('win_user_session_info', {'max_idle': '1:30'}, "max_idle: '1:30' is not a duration"),
        ('win_user_session', {'state': 'logged_off'}, 'no sessions selected'),
        ('win_user_session_message', {'text': 'x' * 513}, 'is 513 UTF-16 units long'),
        ('win_logon_mode', {'mode': 'closed'}, 'Choose one of: enabled'),
    ],
)
def test_invalid_options_fail_without_a_connection(core, dead_port, module, args, words):
    output = ansible(core, dead_port, module, args)
    assert 'FAILED!' in output
    assert 'UNREACHABLE' not in output
    assert words in output


def test_valid_options_connect(core, dead_port):
    assert 'UNREACHABLE!' in ansible(core, dead_port, 'win_user_session_info', {'max_idle': '1h'})
