# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The accounts that a simulated host can resolve: users, groups, aliases, deleted and renamed accounts."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from winhost import sids
from winhost.clock import seconds
from winhost.errors import Error

DOMAIN = 'CORP'
DNS_DOMAINS = {DOMAIN: 'corp.example.com'}


class Use(IntEnum):
    """SID_NAME_USE."""

    USER = 1
    GROUP = 2
    DOMAIN = 3
    ALIAS = 4
    WELL_KNOWN_GROUP = 5
    DELETED_ACCOUNT = 6
    INVALID = 7
    UNKNOWN = 8
    COMPUTER = 9
    LABEL = 10


# "Well-known SIDs": every host resolves them without a domain controller.
WELL_KNOWN = {
    'Everyone': (sids.EVERYONE, Use.WELL_KNOWN_GROUP),
    'NT AUTHORITY\\SYSTEM': (sids.SYSTEM, Use.WELL_KNOWN_GROUP),
    'NT AUTHORITY\\Authenticated Users': (sids.AUTHENTICATED_USERS, Use.WELL_KNOWN_GROUP),
    'NT AUTHORITY\\INTERACTIVE': ('S-1-5-4', Use.WELL_KNOWN_GROUP),
    'NT AUTHORITY\\REMOTE INTERACTIVE LOGON': ('S-1-5-14', Use.WELL_KNOWN_GROUP),
    'BUILTIN\\Administrators': (sids.ADMINISTRATORS, Use.ALIAS),
    'BUILTIN\\Users': (sids.USERS, Use.ALIAS),
    'BUILTIN\\Remote Desktop Users': ('S-1-5-32-555', Use.ALIAS),
}


@dataclass
class Account:
    """An account as LookupAccountName returns it.

    :ivar name: ``CORP\\alice``.
    :ivar sid: its SID; None: it has none, and the lookup fails with 1332.
    :ivar upn: a user principal name other than ``name@DNS domain``.
    :ivar error: the Win32 error of the lookup.
    :ivar takes: seconds that the lookup takes.
    :ivar hangs: whether the lookup never returns.
    """

    name: str
    sid: str | None
    use: Use = Use.USER
    upn: str | None = None
    error: int = 0
    takes: float = 0
    hangs: bool = False

    @property
    def domain(self) -> str:
        """``CORP``; empty for an account without a domain, such as Everyone."""
        return self.name.rpartition('\\')[0]

    @property
    def user(self) -> str:
        """The part after the domain."""
        return self.name.rpartition('\\')[2]


class Directory:
    """Resolves names as a host of a domain does.

    :param computer: the name of the host; its local accounts need no domain controller.
    :param data: ``domains`` (NetBIOS to DNS names), ``accounts``, and ``error``, ``takes`` and ``hangs`` of each
        lookup that needs a domain controller.
    """

    def __init__(self, computer: str, data: Mapping[str, Any]) -> None:
        self.computer = computer
        self.error: int = data.get('error', 0)
        self.takes = seconds(data.get('takes', 0))
        self.hangs: bool = data.get('hangs', False)
        self._dns = {fold(key): fold(value) for key, value in {**DNS_DOMAINS, **(data.get('domains') or {})}.items()}
        self._accounts = [account(name, entry or {}) for name, entry in (data.get('accounts') or {}).items()]
        self._accounts += [Account(name, sid, use) for name, (sid, use) in WELL_KNOWN.items()]

    def find(self, name: str, others: Iterable[Account]) -> Account:
        """Resolve a name.

        :param name: ``alice``, ``CORP\\alice``, ``corp.example.com\\alice``, ``alice@corp.example.com`` or a group.
        :param others: further accounts of the host.
        :returns: the account, which may be an error.
        """
        known = [*self._accounts, *others]
        found = next((entry for entry in known if self._is(entry, name)), None)
        if found is None:
            domain = name.rpartition('\\')[0] or (name.rpartition('@')[2] if '@' in name else '')
            found = Account(f'{domain}\\{name}' if domain else name, None, Use.UNKNOWN, error=Error.NONE_MAPPED)
        if self._is_local(found):
            return found
        return Account(
            found.name,
            found.sid,
            found.use,
            found.upn,
            self.error or found.error,
            max(self.takes, found.takes),
            self.hangs or found.hangs,
        )

    def sid(self, name: str) -> str:
        """Return the SID of a group of a spec.

        :param name: ``CORP\\VIP``, ``BUILTIN\\Administrators`` or a SID.
        """
        if name.upper().startswith('S-1-'):
            return name
        found = next((entry for entry in self._accounts if entry.sid and self._is(entry, name)), None)
        if found is not None and found.sid is not None:
            return found.sid
        domain, _unused, group = name.rpartition('\\')
        return sids.made_up(domain or DOMAIN, group)

    def dns(self, domain: str) -> str:
        """Return the DNS name of a domain.

        :param domain: its NetBIOS name, which is returned if the DNS name is unknown.
        """
        return self._dns.get(fold(domain), domain)

    def _is(self, entry: Account, name: str) -> bool:
        wanted, domain, user = fold(name), fold(entry.domain), fold(entry.user)
        names = {user, f'{domain}\\{user}', f'{user}@{domain}'}
        if domain in self._dns:
            names |= {f'{self._dns[domain]}\\{user}', f'{user}@{self._dns[domain]}'}
        if domain == fold(self.computer):
            names.add(f'.\\{user}')
        return wanted in names or (entry.upn is not None and wanted == fold(entry.upn))

    def _is_local(self, entry: Account) -> bool:
        return fold(entry.domain) in (fold(self.computer), 'BUILTIN', 'NT AUTHORITY') or (
            entry.sid == WELL_KNOWN['Everyone'][0]
        )


def account(name: str, data: Mapping[str, Any]) -> Account:
    """Read an account.

    :param name: ``CORP\\alice``.
    :param data: ``sid``, ``type``, ``upn``, ``error``, ``takes``, ``hangs``.
    :raises ValueError: if a key or a value is unknown.
    """
    unknown = data.keys() - {'sid', 'type', 'upn', 'error', 'takes', 'hangs'}
    if unknown:
        raise ValueError(f'directory: account {name}: unknown {", ".join(sorted(unknown))}')
    word = str(data.get('type', 'user')).upper()
    if word not in Use.__members__:
        raise ValueError(f'directory: account {name}: type {data["type"]!r} is not one of {", ".join(Use.__members__)}')
    domain, _unused, user = name.rpartition('\\')
    return Account(
        name,
        data.get('sid', sids.made_up(domain, user)),
        Use[word],
        data.get('upn'),
        data.get('error', Error.NONE_MAPPED if word == 'DELETED_ACCOUNT' else 0),
        seconds(data.get('takes', 0)),
        data.get('hangs', False),
    )


@functools.cache
def fold(name: str) -> str:
    """Return a name in upper case, character by character, as Windows compares names.

    :param name: the name. ``ß`` is kept, because its upper case has two characters.
    """
    return ''.join(char.upper() if len(char.upper()) == 1 else char for char in name)
