# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Splits a waiting time into pauses; documented in growing_pauses.yml."""

from __future__ import annotations

import collections.abc as c
import math
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.winops.sessions.plugins.plugin_utils._options.duration import parse_duration


def growing_pauses(duration: t.Any, first: t.Any = '15s', longest: t.Any = '5m') -> list[int]:
    """Split a waiting time into pauses that double, up to a longest one.

    :param duration: the whole time, as people write it: ``1h``, ``90``.
    :param first: the first pause.
    :param longest: the longest pause.
    :returns: whole seconds, as pauses take no others; their sum is the whole time, rounded up.
    :raises AnsibleFilterError: when one of them is no duration, or a pause would take no time.
    """
    try:
        left, pause, most = (math.ceil(parse_duration(value)) for value in (duration, first, longest))
    except ValueError as error:
        raise AnsibleFilterError(f'growing_pauses: {error}') from error
    if pause <= 0 or most <= 0:
        raise AnsibleFilterError("growing_pauses: first and longest must be longer than 0, such as first='15s'")
    pauses = []
    while left > 0:
        step = min(pause, most, left)
        pauses.append(step)
        left -= step
        pause *= 2
    return pauses


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        """Name them."""
        return {'growing_pauses': growing_pauses}
