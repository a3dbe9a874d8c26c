# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The former name of validate_options; removed once no playbook and no role uses it."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.winops.sessions.plugins.filter.validate_options import validate_options


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {'option_problems': validate_options}
