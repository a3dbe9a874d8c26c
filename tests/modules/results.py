# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Short accessors for the records of a simulated host and for results of a module."""

from __future__ import annotations

from typing import Any

from winhost.host import Call, Host

# The keys of a session record, as the documentation lists them.
RECORD_KEYS = frozenset(
    'id session_name state user domain account sid logon_time connect_time disconnect_time last_input_time '
    'logged_on_seconds disconnected_seconds idle_seconds idle_source idle_reliable locked console protocol '
    'client_name client_address client_build ghost own token'.split()
)
TARGET_KEYS = RECORD_KEYS | {'action', 'outcome', 'reason', 'detail', 'error_code', 'seconds'}
RESULT_KEYS = frozenset({'changed', 'host_time', 'sessions', 'protected', 'remaining'})


def done(host: Host) -> list[tuple[str, int]]:
    """Every call that does something to a session: the function and the id, in order."""
    return [(call.api, call.arguments['session']) for call in host.acts]


def ended(host: Host) -> list[int]:
    """The ids that a call to end or disconnect them was made for, in order."""
    return [session for _unused, session in done(host)]


def calls(host: Host, api: str, **arguments: Any) -> list[Call]:
    """The calls of a function with these arguments, other commands' excluded."""
    return [
        call
        for call in host.calls
        if call.api == api
        and not call.caller
        and all(call.arguments[name] == value for name, value in arguments.items())
    ]


def enumerations(host: Host) -> int:
    """How often the module enumerated the sessions."""
    return len(calls(host, 'WTSEnumerateSessionsExW'))


def of(result: dict[str, Any], key: str, among: str = 'sessions') -> dict[int, Any]:
    """One key of each session of a result, by session id."""
    return {record['id']: record[key] for record in result[among]}


def ids(records: list[dict[str, Any]]) -> list[int]:
    """The ids of records, in their order."""
    return [record['id'] for record in records]
