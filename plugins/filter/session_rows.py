# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The filter session_rows."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.winops.sessions.plugins.plugin_utils._options.duration import parse_duration
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import LIMITS, ReportError, Row
from ansible_collections.winops.sessions.plugins.plugin_utils._report.results import session_rows as rows_of


def session_rows(results: t.Any, time: str | None = None, **limits: t.Any) -> list[Row]:
    """Convert the results of many hosts to flat, sorted rows.

    :param results: for each host its result, a list of results, or null.
    :param time: the time of the report, for the column ``report_time``.
    :param limits: durations by the names of the three limits.
    :returns: one row for each session, and one for each host without sessions.
    :raises AnsibleFilterError: if the results, the time or a limit are not valid.
    """
    if unknown := sorted(set(limits) - set(LIMITS)):
        raise AnsibleFilterError(
            f"session_rows: {unknown[0]} is not a limit. Valid limits are {', '.join(LIMITS)}. Example: max_idle='2h'"
        )
    try:
        seconds = {name: parse_duration(value) for name, value in limits.items() if value is not None}
        return rows_of(results, seconds, time)
    except (ReportError, ValueError) as error:
        raise AnsibleFilterError(f'session_rows: {error}') from error


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {'session_rows': session_rows}
