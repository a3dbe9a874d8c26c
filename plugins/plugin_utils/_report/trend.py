# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The numbers of a series of reports as SVG charts, which need no script."""

from __future__ import annotations

import collections.abc as c
import datetime
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._report import history, labels
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import Report

WIDTH, HEIGHT, MARGIN = 300, 60, 4

#: The charts: the number, its name, its tone.
CHARTS = (
    ('sessions', 'Sessions', 'accent'),
    ('users', 'Users', 'accent'),
    ('hosts_unseen', 'Hosts not queried', 'bad'),
    ('actions', 'Actions', 'good'),
)


class Chart(t.NamedTuple):
    """One number over time."""

    name: str
    tone: str
    now: int
    peak: int
    peak_time: str
    line: str
    area: str


def trend(report: Report) -> dict[str, t.Any] | None:
    """Create the charts of a report with a history.

    :param report: the report.
    :returns: the charts, the first time, the number of reports and the numbers as a table; None without a history.
    """
    if not report.history:
        return None
    points = [*((one['time'], one['counts']) for one in report.history), (report.time, history.point(report.counts))]
    times = [time for time, _counts in points]
    places = _places(times)
    charts = []
    for name, words, tone in CHARTS:
        values = [counts[name] for _time, counts in points]
        peak = max(values)
        line = [
            f'{place:.1f},{HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * value / (peak or 1):.1f}'
            for place, value in zip(places, values, strict=True)
        ]
        area = ' '.join((f'{places[0]:.1f},{HEIGHT}', *line, f'{places[-1]:.1f},{HEIGHT}'))
        charts.append(Chart(words, tone, values[-1], peak, times[values.index(peak)], ' '.join(line), area))
    return {
        'charts': charts,
        'first': times[0],
        'count': len(points),
        'rows': [
            [labels.moment(time), *(counts[name] for name, _words, _tone in CHARTS)]
            for time, counts in reversed(points)
        ],
    }


def _places(times: c.Sequence[str]) -> list[float]:
    """Return the positions of times on the horizontal axis."""
    moments = [datetime.datetime.strptime(time, '%Y-%m-%dT%H:%M:%SZ') for time in times]
    whole = (moments[-1] - moments[0]).total_seconds()
    return [WIDTH * (moment - moments[0]).total_seconds() / whole for moment in moments]
