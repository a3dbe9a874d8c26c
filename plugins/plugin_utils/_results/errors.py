# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Completes error texts of a host with the meaning of each Win32 error and a remedy with the caller's option names."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import Arguments, spec_of


class Error(t.NamedTuple):
    """A Win32 error: its name, its meaning here and the remedies by task."""

    name: str
    meaning: str
    remedy: str = ''  #: for every task that has no remedy of its own
    act: str = ''  #: for logging off, disconnecting and resetting
    server: bool = False  #: whether the error is typical of a connection to the option server


UNSUPPORTED = 'this version of Windows does not support the request'
ADMINISTRATOR = (
    'Connect with a member of the local Administrators group '
    '(a local account also needs LocalAccountTokenFilterPolicy=1)'
)
LATER = 'Try again later'
SERVICE = 'Check the Remote Desktop Services service of the host'
FORCE = '{prefix}method=logoff_then_reset'
STUCK = 'Restart the host if the session stays'
STARTED = 'Try again when the host has started'
MEMORY = 'Free memory on the host, or restart it'
DOMAIN = 'Check the domain and the connection of the host to its domain controllers'
SERVER = (
    'The host of {prefix}server must allow SMB (port 445) and, on a client Windows, remote RPC (AllowRemoteRPC=1). '
    'The connection needs credentials that can be delegated (CredSSP, Kerberos delegation or become). '
    'Add the host to the inventory instead if possible'
)

#: "System Error Codes" (Microsoft), except for the codes from 7001: "winerror.h".
ERRORS = {
    1: Error('ERROR_INVALID_FUNCTION', UNSUPPORTED),
    2: Error('ERROR_FILE_NOT_FOUND', 'there is no such session or object'),
    5: Error(
        'ERROR_ACCESS_DENIED',
        'access is denied',
        ADMINISTRATOR,
        f'{ADMINISTRATOR}. For a ghost session, set {FORCE}',
        server=True,
    ),
    6: Error('ERROR_INVALID_HANDLE', 'the handle is invalid', server=True),
    8: Error('ERROR_NOT_ENOUGH_MEMORY', 'the host does not have enough memory', MEMORY),
    13: Error('ERROR_INVALID_DATA', 'Windows returned invalid data', LATER),
    14: Error('ERROR_OUTOFMEMORY', 'the host does not have enough memory', MEMORY),
    31: Error('ERROR_GEN_FAILURE', 'Windows could not process the request', LATER, f'{LATER}. {STUCK}'),
    50: Error('ERROR_NOT_SUPPORTED', UNSUPPORTED),
    53: Error('ERROR_BAD_NETPATH', 'the host was not found in the network', server=True),
    87: Error('ERROR_INVALID_PARAMETER', 'Windows did not accept the request'),
    120: Error('ERROR_CALL_NOT_IMPLEMENTED', UNSUPPORTED),
    122: Error('ERROR_INSUFFICIENT_BUFFER', 'the result is longer than the buffer of the call', LATER),
    124: Error('ERROR_INVALID_LEVEL', UNSUPPORTED),
    234: Error('ERROR_MORE_DATA', 'the result is longer than the buffer of the call', LATER),
    1008: Error('ERROR_NO_TOKEN', 'there is no logon token', ADMINISTRATOR),
    1115: Error('ERROR_SHUTDOWN_IN_PROGRESS', 'the host is being shut down', STARTED),
    1311: Error('ERROR_NO_LOGON_SERVERS', 'no domain controller can be contacted', DOMAIN),
    1312: Error('ERROR_NO_SUCH_LOGON_SESSION', 'the logon session does not exist', server=True),
    1314: Error('ERROR_PRIVILEGE_NOT_HELD', 'the account lacks a privilege', ADMINISTRATOR),
    1326: Error('ERROR_LOGON_FAILURE', 'the user name or password is incorrect', server=True),
    1332: Error('ERROR_NONE_MAPPED', 'no account has this name', 'Check the name and its domain'),
    1355: Error(
        'ERROR_NO_SUCH_DOMAIN',
        'the domain does not exist or its domain controllers cannot be contacted',
        DOMAIN,
    ),
    1450: Error('ERROR_NO_SYSTEM_RESOURCES', 'the host does not have enough system resources', MEMORY),
    1460: Error('ERROR_TIMEOUT', 'the call did not return in time', f'{LATER}. {SERVICE}'),
    1702: Error('RPC_S_INVALID_BINDING', 'Remote Desktop Services is not ready', STARTED),
    1722: Error('RPC_S_SERVER_UNAVAILABLE', 'the RPC server is unavailable', SERVICE, server=True),
    1726: Error('RPC_S_CALL_FAILED', 'the remote procedure call failed', f'{LATER}. {SERVICE}'),
    1753: Error('EPT_S_NOT_REGISTERED', 'the service does not answer', SERVICE, server=True),
    1789: Error(
        'ERROR_TRUSTED_RELATIONSHIP_FAILURE',
        'the trust between the host and its domain is broken',
        'Run Test-ComputerSecureChannel -Repair on the host',
    ),
    7001: Error('ERROR_CTX_WINSTATION_NAME_INVALID', 'the session name is not valid'),
    7007: Error('ERROR_CTX_CLOSE_PENDING', 'the session is being closed', LATER, f'Set {FORCE}'),
    7022: Error('ERROR_CTX_WINSTATION_NOT_FOUND', 'there is no such session, or the account may not see it'),
    7024: Error('ERROR_CTX_WINSTATION_BUSY', 'Remote Desktop Services is busy with the session', LATER, f'Set {FORCE}'),
    7041: Error(
        'ERROR_CTX_CONSOLE_DISCONNECT',
        'Windows does not disconnect the console session',
        act='Set {prefix}state=logged_off, or have the user lock the session',
    ),
    7042: Error('ERROR_CTX_CONSOLE_CONNECT', 'Windows does not connect a session to the console'),
    7045: Error('ERROR_CTX_WINSTATION_ACCESS_DENIED', 'the account lacks the right', ADMINISTRATOR, server=True),
    7060: Error('ERROR_CTX_WINSTATIONS_DISABLED', 'remote logons are disabled on the host'),
}

_CODE = re.compile(r'\bWin32 error ([0-9]{1,10})\b(?! \()')
# The first group is set if the call only read: no act has failed.
_EXPLAINED = re.compile(
    r'((?:^Reading the sessions of .*? failed: |could not be read, )\w+ failed with )?'
    r'\bWin32 error ([0-9]{1,10}) \([A-Z]'
)
# Options in texts of a host: at the beginning, with a value, and the safety limit.
_OPTION = re.compile(r'^[a-z_]+(?=[.:] ?)|(?<![\w\\.@-])(?:max_sessions\b|(?:all_sessions|ghosts|mode)(?==))')


class Caller(t.NamedTuple):
    """The task that an error is explained to."""

    module: str
    arguments: Arguments
    prefix: str = ''  #: of the variables that the user of the task sets

    def explain(self, text: str) -> str:
        """Add the name and the meaning of each Win32 error, and name the caller's options."""
        if self.prefix:
            text = _OPTION.sub(self._named, text)
        return _CODE.sub(_explained, text)

    def remedies(self, text: str) -> list[str]:
        """Return the remedies of the errors in an explained text, each once."""
        errors = ((reading, ERRORS[int(code)]) for reading, code in _EXPLAINED.findall(text) if int(code) in ERRORS)
        found = [remedy for reading, error in errors for remedy in self._remedies(error, has_acted=not reading)]
        return [remedy for remedy in dict.fromkeys(found) if remedy not in text]

    def complete(self, text: str) -> str:
        """Explain a text and add its remedies."""
        text = self.explain(text)
        remedies = self.remedies(text)
        return '. '.join([text.rstrip('.'), *remedies]) if remedies else text

    def _named(self, option: re.Match[str]) -> str:
        return f'{self.prefix}{option[0]}' if option[0] in spec_of(self.module) else option[0]

    def _remedies(self, error: Error, has_acted: bool) -> list[str]:
        remedy = error.act if error.act and has_acted and self.module == 'win_user_session' else error.remedy
        if FORCE in remedy and self.arguments.get('state') == 'disconnected':
            remedy = error.remedy
        elif FORCE in remedy and self.arguments.get('method') != 'logoff':
            remedy = error.remedy if error.remedy != LATER else f'{LATER}. {STUCK}'
        remedies = [remedy] if remedy else []
        if error.server and 'server' in self.arguments:
            remedies.append(SERVER)
        return [text.format(prefix=self.prefix) for text in remedies]


def _explained(match: re.Match[str]) -> str:
    error = ERRORS.get(int(match[1]))
    return f'{match[0]} ({error.name}: {error.meaning})' if error else match[0]
