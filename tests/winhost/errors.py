# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Win32 error codes of the simulated host ("System Error Codes")."""

from __future__ import annotations

from enum import IntEnum


class Error(IntEnum):
    """Win32 error codes, with the names of winerror.h."""

    SUCCESS = 0
    FILE_NOT_FOUND = 2
    ACCESS_DENIED = 5
    INVALID_HANDLE = 6
    NOT_SUPPORTED = 50
    INVALID_PARAMETER = 87
    INSUFFICIENT_BUFFER = 122
    MORE_DATA = 234
    NO_MORE_ITEMS = 259
    KEY_DELETED = 1018
    CHILD_MUST_BE_VOLATILE = 1021
    NONE_MAPPED = 1332
    INVALID_SID = 1337
    NO_SUCH_DOMAIN = 1355
    INTERNAL_ERROR = 1359
    RPC_SERVER_UNAVAILABLE = 1722
    CTX_CLOSE_PENDING = 7007
    CTX_WINSTATION_NOT_FOUND = 7022
    CTX_WINSTATION_BUSY = 7024
    CTX_CONSOLE_DISCONNECT = 7041
    CTX_WINSTATION_ACCESS_DENIED = 7045


# The English texts of FormatMessage, which the inbox commands print after "Error [n]:".
TEXTS = {
    2: 'The system cannot find the file specified.',
    5: 'Access is denied.',
    6: 'The handle is invalid.',
    50: 'The request is not supported.',
    87: 'The parameter is incorrect.',
    1722: 'The RPC server is unavailable.',
    7007: 'A close operation is pending on the session.',
    7022: 'The requested session cannot be found.',
    7024: 'Remote Desktop Services is currently busy.',
    7041: 'Disconnecting the console session is not supported.',
}


class WinError(Exception):
    """The error of an API call.

    :ivar code: the Win32 error code.
    :ivar values: further results of the call, such as the only level that it supports.
    """

    def __init__(self, code: int, *values: int | str | bytes | None) -> None:
        super().__init__(f'Win32 error {code}: {TEXTS.get(code, "no text known")}')
        self.code = int(code)
        self.values = values
