# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The filter to_seconds."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.winops.sessions.plugins.plugin_utils._options.duration import parse_duration


def to_seconds(duration: t.Any) -> int | float:
    """Convert a duration to seconds.

    :param duration: a number of seconds or text such as ``2h30m``.
    :returns: the seconds.
    :raises AnsibleFilterError: if it is not a duration.
    """
    try:
        return parse_duration(duration)
    except ValueError as error:
        raise AnsibleFilterError(f'to_seconds: {error}') from error


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {'to_seconds': to_seconds}
