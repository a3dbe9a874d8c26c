# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Security identifiers, as bytes and as text ("SID Components")."""

from __future__ import annotations

import struct
import zlib

SYSTEM = 'S-1-5-18'
EVERYONE = 'S-1-1-0'
AUTHENTICATED_USERS = 'S-1-5-11'
ADMINISTRATORS = 'S-1-5-32-544'
USERS = 'S-1-5-32-545'
MEDIUM_LABEL, SYSTEM_LABEL = 'S-1-16-8192', 'S-1-16-16384'


def made_up(domain: str, user: str) -> str:
    """Create the SID of an account. It is always the same, and different for each account.

    :param domain: the account's domain.
    :param user: its name.
    :returns: the SID as text.
    """
    parts = [zlib.crc32(f'{domain.lower()}/{n}'.encode('utf-8', 'surrogatepass')) for n in range(3)]
    rid = 1000 + zlib.crc32(user.lower().encode('utf-8', 'surrogatepass')) % 1_000_000_000
    return 'S-1-5-21-' + '-'.join(map(str, [*parts, rid]))


def to_bytes(sid: str) -> bytes:
    """Convert a SID from text to bytes.

    :param sid: such as ``S-1-5-18``.
    :raises ValueError: if it is not a SID.
    """
    try:
        letter, revision, authority, *parts = sid.split('-')
        if letter != 'S' or not 1 <= len(parts) <= 15:
            raise ValueError
        return struct.pack(
            f'<BB6s{len(parts)}I', int(revision), len(parts), int(authority).to_bytes(6, 'big'), *map(int, parts)
        )
    except (ValueError, OverflowError, struct.error) as error:
        raise ValueError(f'{sid!r} is not a SID. Example: S-1-5-21-1-2-3-1001') from error


def to_text(data: bytes) -> str:
    """Convert a SID from bytes to text.

    :param data: the bytes, at least as many as the SID has.
    :raises ValueError: if they are not a SID.
    """
    if len(data) < 8 or data[0] != 1 or data[1] > 15 or len(data) < 8 + 4 * data[1]:
        raise ValueError(f'{data!r} is not a SID')
    parts = struct.unpack_from(f'<{data[1]}I', data, 8)
    return '-'.join(['S', str(data[0]), str(int.from_bytes(data[2:8], 'big')), *map(str, parts)])


def is_service(sid: str | None) -> bool:
    """Whether a SID is of a service, a window manager or a font driver. Every session has such processes.

    :param sid: the SID, or None.
    """
    return sid is not None and (
        sid in (SYSTEM, 'S-1-5-19', 'S-1-5-20') or sid.startswith(('S-1-5-90-0-', 'S-1-5-96-0-'))
    )
