# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Keeps earlier reports beside a report, as ``report-20261121T143447Z.json``, and reads their numbers."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._report import files
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import (
    Report,
    ReportError,
    check_time,
    row_of,
)

_NAME = re.compile(r'report-[0-9]{8}T[0-9]{6}Z\.json')

#: The head of a report, which contains its numbers, is smaller than this. The rows are not read.
HEAD = 65536

#: The numbers that the page shows over time.
NUMBERS = ('sessions', 'users', 'hosts', 'hosts_unseen')

#: Outcomes that count as an action.
ACTIONS = ('logged_off', 'reset', 'disconnected', 'notified')


class Point(t.NamedTuple):
    """The head of a report file."""

    path: pathlib.Path
    time: str
    title: str
    target: str
    counts: dict[str, int]


def point(counts: dict[str, t.Any]) -> dict[str, int]:
    """Return the numbers of a report that the page shows over time."""
    outcomes = counts.get('outcomes')
    numbers = {name: _count(counts.get(name)) for name in NUMBERS}
    actions = sum(_count(outcomes.get(name)) for name in ACTIONS) if isinstance(outcomes, dict) else 0
    return numbers | {'actions': actions}


def earlier_reports(folder: pathlib.Path) -> list[Point]:
    """Find the reports in a directory, by ascending time. Other files are ignored.

    :param folder: the directory of the reports.
    :returns: the kept reports and the newest one.
    """
    if not folder.is_dir():
        return []
    paths = [path for path in folder.iterdir() if path.name == 'report.json' or _NAME.fullmatch(path.name)]
    points = [point for path in paths if (point := _head(path)) is not None]
    return sorted(points, key=lambda point: (point.time, point.path.name))


def with_history(report: Report, points: list[Point], keep: int) -> Report:
    """Add the numbers of the last earlier reports of the same title and target.

    :param report: the report.
    :param points: the reports in its directory.
    :param keep: how many to add.
    :returns: the report with its history.
    """
    same = {
        point.time: {'time': point.time, 'counts': point.counts}
        for point in points
        if point.time < report.time and (point.title, point.target) == (report.title, report.target)
    }
    return dataclasses.replace(report, history=tuple(same[time] for time in sorted(same)[-keep:]))


def keep_reports(folder: pathlib.Path, report: Report, points: list[Point], keep: int) -> None:
    """Keep the report that is about to be replaced under its time, and remove the oldest beyond the number to keep.

    :param folder: the directory of the reports.
    :param report: the report that is about to be written.
    :param points: the reports in the directory.
    :param keep: how many earlier reports to keep.
    :raises OSError: if a file cannot be read, written or removed.
    """
    kept = {point.path.name: point for point in points if point.path.name != 'report.json'}
    for point in points:
        if point.path.name == 'report.json' and point.time != report.time:
            path = folder / f'report-{re.sub("[-:]", "", point.time)}.json'
            files.write(path, files.read_regular(point.path))
            kept[path.name] = point._replace(path=path)
    for point in sorted(kept.values(), key=lambda point: point.time)[: max(len(kept) - keep, 0)]:
        point.path.unlink(missing_ok=True)


def _head(path: pathlib.Path) -> Point | None:
    """Read the head of a report; None if the file is not a report."""
    try:
        text = files.read_regular(path, HEAD).decode()
        lines = text.split('"columns":', 1)[0].rstrip().rstrip(',')
        data = json.loads(lines + '}')
        texts = row_of({'host_message': data['title'], 'detail': data['target']})
        return Point(
            path, check_time(data['time']), texts['host_message'] or '', texts['detail'] or '', point(data['counts'])
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, ReportError):
        return None


def _count(value: t.Any) -> int:
    number = row_of({'seconds': value})['seconds']
    return max(int(number), 0) if number is not None else 0
