# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Session records as the modules return them."""

from __future__ import annotations

from typing import Any


def record(number: int, user: str | None, **keys: Any) -> dict[str, Any]:
    """An active session, with these keys changed."""
    return {
        'id': number,
        'user': user,
        'account': f'CORP\\{user}' if user else None,
        'state': 'active',
        'idle_seconds': 180,
        'idle_reliable': True,
        'logon_time': '2026-11-21T14:34:47Z',
        'token': f'{number}:134082164870000000:CORP\\{user}',
        **keys,
    }


def disconnected(number: int, user: str | None, **keys: Any) -> dict[str, Any]:
    """A session that has been disconnected for two hours, with these keys changed."""
    return record(number, user, **{'state': 'disconnected', 'disconnected_seconds': 7200, 'idle_seconds': 7200, **keys})


ALICE, BOB = record(2, 'alice'), disconnected(5, 'bob')
CAROL, DAVE = record(7, 'carol'), record(9, 'dave')
