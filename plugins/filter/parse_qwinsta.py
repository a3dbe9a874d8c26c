# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.winops.sessions.plugins.plugin_utils._quser.parser import QWINSTA, parse


def parse_qwinsta(text: object, errors: str = 'strict') -> list[dict[str, t.Any]]:
    """Read the output of ``qwinsta`` or ``query session``; documented in ``parse_qwinsta.yml``."""
    try:
        return parse(QWINSTA, text, errors=errors)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f'parse_qwinsta: {error}') from error


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., list[dict[str, t.Any]]]]:
        return {'parse_qwinsta': parse_qwinsta}
