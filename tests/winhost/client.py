# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls the API of a host from Python, as a process of an account does. Tests need no PowerShell for it."""

from __future__ import annotations

from typing import Any

from winhost import wire
from winhost.host import Host

ADMINISTRATOR = 'CORP\\ansible'


class Client:
    """A process on a host.

    :param host: the started host.
    :param account: the account of the process.
    """

    def __init__(self, host: Host, account: str = ADMINISTRATOR) -> None:
        self.account = account
        self.pid = 4711
        self._socket = host.environment(account)['WINHOST_SOCKET']

    def __call__(self, api: str, *arguments: wire.Value) -> tuple[int, list[Any]]:
        """Call a function.

        :param api: its name.
        :param arguments: the arguments that the native library sends.
        :returns: the Win32 error and the results.
        """
        return wire.call(self._socket, api, self.account, '', self.pid, *arguments)

    def error(self, api: str, *arguments: wire.Value) -> int:
        """Call a function and return its Win32 error.

        :param api: its name.
        :param arguments: the arguments that the native library sends.
        """
        return self(api, *arguments)[0]

    def ids(self, server: int = 0) -> list[int]:
        """Enumerate the sessions.

        :param server: a server's handle.
        :returns: their IDs.
        """
        error, values = self('WTSEnumerateSessionsExW', server, 1, 0)
        assert error == 0, f'the enumeration failed with Win32 error {error}'
        return values[2::6]

    def query(self, session_id: int, info: int, server: int = 0) -> list[Any]:
        """Query a session.

        :param session_id: its id.
        :param info: the WTS_INFO_CLASS.
        :param server: a server's handle.
        :returns: the values of the response after shape and block number.
        """
        error, values = self('WTSQuerySessionInformationW', server, session_id, info)
        assert error == 0, f'the query failed with Win32 error {error}'
        return values[2:]
