# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.winops.sessions.plugins.plugin_utils._quser.parser import QUSER, parse


def parse_quser(text: object, errors: str = 'strict', date_format: str | None = None) -> list[dict[str, t.Any]]:
    """Read the output of ``quser`` or ``query user``; documented in ``parse_quser.yml``."""
    try:
        return parse(QUSER, text, errors=errors, date_format=date_format)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f'parse_quser: {error}') from error


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., list[dict[str, t.Any]]]]:
        return {'parse_quser': parse_quser}
