# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Errors of a connection."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleActionFail, AnsibleAuthenticationFailure, AnsibleConnectionFailure
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout

from ansible_collections.winops.sessions.plugins.plugin_utils._results.connection import explained, is_of_connection

LOST = 'The module may have run to its end. Run the task again'
NO_ANSWER = 'Nothing answers at this address and port'
NO_NAME = 'The name of the host cannot be resolved'
POOL = "HTTPSConnectionPool(host='web01', port=5986): Max retries exceeded with url: /wsman (Caused by "
NOT_SENT = 'Data could not be sent to remote host "web01". Make sure this host can be reached'


@pytest.mark.parametrize(
    ('error', 'part'),
    [
        (ConnectionResetError(104, 'Connection reset by peer'), LOST),
        (RequestsConnectionError(('Connection aborted.', BrokenPipeError(32, 'Broken pipe'))), LOST),
        (ReadTimeout('Read timed out. (read timeout=30)'), LOST),
        (AnsibleConnectionFailure(f'{NOT_SENT} over ssh: client_loop: send disconnect: Broken pipe'), LOST),
        (AnsibleConnectionFailure(f'{NOT_SENT} over ssh: alice@web01: Permission denied (publickey).'), 'is locked'),
        (AnsibleConnectionFailure(f'{NOT_SENT} over SSH.'), 'the known_hosts file, and the user name and the password'),
        (AnsibleAuthenticationFailure('ntlm: the specified credentials were rejected by the server'), 'is locked'),
        (AnsibleConnectionFailure('[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: expired'), 'CA file'),
        (AnsibleConnectionFailure(f'{POOL}NewConnectionError("[Errno 111] Connection refused"))'), NO_ANSWER),
        (
            AnsibleConnectionFailure(
                f"{POOL}ConnectTimeoutError('Connection to web01 timed out. (connect timeout=30)'))"
            ),
            NO_ANSWER,
        ),
        (
            AnsibleConnectionFailure(f'{NOT_SENT} over ssh: ssh: connect to host web01 port 22: Connection refused'),
            NO_ANSWER,
        ),
        (
            AnsibleConnectionFailure(f'{NOT_SENT} over ssh: ssh: connect to host web01 port 22: Connection timed out'),
            NO_ANSWER,
        ),
        (AnsibleConnectionFailure('No route to host'), NO_ANSWER),
        (AnsibleConnectionFailure(f"{POOL}NameResolutionError('Failed to resolve web01'))"), NO_NAME),
        (
            AnsibleConnectionFailure(
                f'{NOT_SENT} over ssh: ssh: Could not resolve hostname web01: Name or service not known'
            ),
            NO_NAME,
        ),
        (TimeoutError(110, 'Connection timed out'), ''),
    ],
)
def test_an_error_of_the_connection_names_what_to_check(error: Exception, part: str) -> None:
    assert is_of_connection(error)
    text = str(explained(error))
    assert text.startswith(str(error).rstrip('.'))
    assert part in text
    assert ('may have run' in text) is (part is LOST)
    assert ('during the task' in text) is (part is NO_ANSWER)


def test_an_unknown_error_of_the_connection_keeps_its_text() -> None:
    assert str(explained(AnsibleConnectionFailure('No shell'))) == 'No shell.'


@pytest.mark.parametrize(
    'error', [AnsibleActionFail('users: not valid'), FileNotFoundError(2, 'No such file'), KeyError('x')]
)
def test_other_errors_are_not_of_the_connection(error: Exception) -> None:
    assert not is_of_connection(error)
