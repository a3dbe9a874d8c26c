# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Errors of a connection, with what to check."""

from __future__ import annotations

import re

from ansible.errors import AnsibleConnectionFailure

#: Patterns of error texts, and what to check. The first match counts.
_REMEDIES = (
    (
        r'certificate verify failed|doesn.t match',
        'The certificate of the host is expired, is for another name, or is of an authority that the controller does'
        ' not trust. Renew it, correct the address in the inventory, or set the CA file of the connection.',
    ),
    (
        r'credentials were rejected|failed to authenticate|permission denied|unauthorized|\b401\b',
        'Check the user name and the password. Windows returns the same error for an expired password and for an'
        ' account that is locked, disabled or not allowed to log on remotely.',
    ),
    (
        # If ssh ends while it is sent the module, the ssh connection returns this text instead of the reason.
        r'reached over ssh\.?$',
        'ssh ended before it was sent the whole module. Log on with ssh to see the reason: the key of the host must be'
        ' in the known_hosts file, and the user name and the password must be valid.',
    ),
    (
        r'could not resolve hostname|failed to resolve|name or service not known|name resolution',
        'The name of the host cannot be resolved. Check the address in the inventory and the DNS of the controller.',
    ),
    (
        # winrm and psrp open a new connection for a message if the host has closed the last one.
        r'connection refused|no route to host|failed to establish a new connection|connect timeout|'
        r'connect to host \S+ port',
        'Nothing answers at this address and port. Check both in the inventory, the service that Ansible connects to on'
        ' the host, and the firewalls in between. If the host stopped answering during the task, run the task again.',
    ),
    (
        r'reset by peer|connection aborted|broken pipe|closed by remote host|data could not be sent|read timed out',
        'The connection was lost. The module may have run to its end. Run the task again: it reads the current state'
        ' of the host.',
    ),
)


def is_of_connection(error: Exception) -> bool:
    """Whether an error means that the host could not be reached, or not until the module returned.

    :param error: raised when the module was run.
    """
    if isinstance(error, OSError):
        # The errors of the HTTP library are OSErrors without a number; those of local files have one.
        return isinstance(error, (ConnectionError, TimeoutError)) or error.errno is None
    return isinstance(error, AnsibleConnectionFailure)


def explained(error: Exception) -> AnsibleConnectionFailure:
    """Return an error of a connection, with what to check.

    :param error: one of which :func:`is_of_connection` is true.
    :returns: an error after which Ansible reports the host as unreachable.
    """
    text = str(error).strip()
    remedy = next((remedy for found, remedy in _REMEDIES if re.search(found, text, re.IGNORECASE)), '')
    return AnsibleConnectionFailure(f'{text.rstrip(".")}. {remedy}'.strip())
