# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Replaces the names in the result of a self-check, so that it can be published."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._selfcheck.evidence import Evidence

#: Keys of a session record whose values are names, and their replacements.
KEYS = {
    'user': 'user',
    'domain': 'domain',
    'client_name': 'client',
    'client_address': 'address',
    'sid': 'sid',
}

TEXTS_OF_A_CHECK = ('answer', 'action')

# Names that exist on every host and identify no user.
COMMON = {'builtin', 'nt authority', 'window manager', 'font driver host', 'system', 'administrators', 'workgroup'}

# A shorter name would be replaced within ordinary words.
SHORTEST = 2


class Names:
    """Replaces each name with the same replacement everywhere, regardless of case."""

    def __init__(self) -> None:
        self._replacements: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, kind: str, name: object) -> None:
        """Add a name.

        :param kind: its kind, such as ``user``.
        :param name: the name; other types and empty texts are ignored.
        """
        if not isinstance(name, str) or len(name) < SHORTEST:
            return
        key = name.casefold()
        if key in self._replacements or key in COMMON:
            return
        self._counts[kind] = self._counts.get(kind, 0) + 1
        self._replacements[key] = f'{kind}{self._counts[kind]}'
        self._pattern = None

    def hide(self, found: dict[str, t.Any]) -> dict[str, t.Any]:
        """Replace the names in the result of a self-check.

        Only values that can hold a name are changed: a user may be called "ok" or "active".

        :param found: ``checks``, ``sessions`` and ``quser``; everything else stays.
        """
        return {
            **found,
            'checks': [self._in(one, TEXTS_OF_A_CHECK) for one in found['checks']],
            'sessions': [self._in(one, (*KEYS, 'account', 'token')) for one in found['sessions']],
            'quser': self._replace(found['quser']),
        }

    def _in(self, record: dict[str, t.Any], keys: c.Iterable[str]) -> dict[str, t.Any]:
        return {**record, **{key: self._replace(record[key]) for key in keys if isinstance(record.get(key), str)}}

    def _replace(self, text: str) -> str:
        if not self._replacements:
            return text
        if self._pattern is None:
            longest_first = sorted(self._replacements, key=lambda name: (-len(name), name))
            names = '|'.join(re.escape(name) for name in longest_first)
            self._pattern = re.compile(rf'(?<!\w)(?:{names})(?!\w)', re.IGNORECASE)
        return self._pattern.sub(lambda match: self._replacements.get(match[0].casefold(), 'name'), text)


def names_of(evidence: Evidence, *hosts: object) -> Names:
    """Collect the names that a host returned.

    :param evidence: its answers.
    :param hosts: names of the host itself.
    """
    names = Names()
    for host in (*hosts, evidence.facts.get('computer_name')):
        names.add('host', host)
    for account in (evidence.facts.get('account'), evidence.facts.get('account_domain')):
        domain, separator, user = str(account or '').rpartition('\\')
        names.add('domain', domain if separator else account)
        names.add('user', user if separator else None)
    for session in evidence.listed:
        for key, kind in KEYS.items():
            names.add(kind, session.get(key))
        for process in session.get('processes') or []:
            names.add('sid', process.get('sid') if str(process.get('sid')).startswith('S-1-5-21-') else None)
    for row in evidence.quser or []:
        names.add('user', row.get('user'))
    for permission in evidence.facts.get('listener_permissions') or []:
        domain, _separator, user = str(permission.get('account')).rpartition('\\')
        names.add('domain', domain)
        names.add('user', user if domain.casefold() not in COMMON else None)
    for address in evidence.facts.get('rdp_addresses') or []:
        names.add('address', address)
    return names
