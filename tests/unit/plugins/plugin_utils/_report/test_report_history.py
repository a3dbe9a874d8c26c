"""Earlier reports beside the newest one: which are kept, and how the page shows them."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from report.fleets import large, record

from ansible_collections.winops.sessions.plugins.plugin_utils._report import files, history
from ansible_collections.winops.sessions.plugins.plugin_utils._report.data import to_json
from ansible_collections.winops.sessions.plugins.plugin_utils._report.html import BUDGET, to_html
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import Report
from ansible_collections.winops.sessions.plugins.plugin_utils._report.results import build_report


def at(hour: int, sessions: int = 1, **options: t.Any) -> Report:
    """The report of an hour."""
    listed = [record(number, f'CORP\\u{number}') for number in range(1, sessions + 1)]
    return build_report({'web01': {'sessions': listed}}, f'2026-11-21T{hour:02}:00:00Z', **options)


def write(folder: pathlib.Path, report: Report, keep: int) -> Report:
    """Write a report as session_report does."""
    earlier = history.earlier_reports(folder)
    report = history.with_history(report, earlier, keep)
    history.keep_reports(folder, report, earlier, keep)
    files.write(folder / 'report.json', to_json(report).encode())
    return report


def names(folder: pathlib.Path) -> list[str]:
    """The files in a directory."""
    return sorted(path.name for path in folder.iterdir())


def test_keeps_the_last_reports_beside_the_newest_and_removes_older_ones(tmp_path: pathlib.Path) -> None:
    reports = [write(tmp_path, at(hour, sessions=hour), keep=2) for hour in (1, 2, 3, 4)]
    assert names(tmp_path) == ['report-20261121T020000Z.json', 'report-20261121T030000Z.json', 'report.json']
    assert [(one['time'][11:13], one['counts']['sessions']) for one in reports[-1].history] == [('02', 2), ('03', 3)]


def test_writing_the_same_report_again_keeps_nothing_more(tmp_path: pathlib.Path) -> None:
    write(tmp_path, at(1), keep=5)
    first = write(tmp_path, at(2), keep=5)
    assert to_html(write(tmp_path, at(2), keep=5)) == to_html(first)
    assert names(tmp_path) == ['report-20261121T010000Z.json', 'report.json']


def test_ignores_and_keeps_files_that_are_not_reports(tmp_path: pathlib.Path) -> None:
    secret = tmp_path / 'secret'
    secret.write_text('S3cr3t', encoding='utf-8')
    os.mkfifo(tmp_path / 'report-20261101T000000Z.json')
    (tmp_path / 'report-20261102T000000Z.json').symlink_to(secret)
    (tmp_path / 'report-20261103T000000Z.json').write_text('{"schema_version": 1, "title": 3}', encoding='utf-8')
    (tmp_path / 'report.json').symlink_to(secret)
    others = names(tmp_path)
    write(tmp_path, at(1), keep=1)
    report = write(tmp_path, at(2), keep=1)
    assert names(tmp_path) == sorted([*others, 'report-20261121T010000Z.json'])
    assert len(report.history) == 1
    assert secret.read_text(encoding='utf-8') == 'S3cr3t'
    assert not (tmp_path / 'report.json').is_symlink()


def test_the_trend_has_reports_of_the_same_title_and_target_only(tmp_path: pathlib.Path) -> None:
    runs: list[tuple[int, dict[str, t.Any]]] = [
        (1, {}),
        (2, {'target': 'web'}),
        (3, {'title': 'Sessions of alice'}),
        (4, {}),
    ]
    for hour, options in runs:
        report = write(tmp_path, at(hour, **options), keep=9)
    assert [one['time'][11:13] for one in report.history] == ['01']


def test_the_page_shows_the_trend_with_peaks_and_without_a_script(tmp_path: pathlib.Path) -> None:
    assert 'class="trend"' not in to_html(at(1))
    for hour, sessions in ((1, 2), (2, 7), (4, 3)):
        report = write(tmp_path, at(hour, sessions), keep=9)
    page = to_html(report)
    assert 'aria-label="Sessions over time: now 3, peak 7"' in page
    assert 'peak 7, 2026-11-21 02:00 UTC' in page
    assert 'none in this period' in page
    # Places on the axis are by time: 1, 2 and 4 o'clock.
    assert 'points="0.0,41.1 100.0,4.0 300.0,33.7"' in page


@pytest.mark.parametrize('count', [100])
def test_a_large_fleet_with_a_long_history_fits_into_a_mail(tmp_path: pathlib.Path, count: int) -> None:
    fleet = large()
    head = to_json(build_report(fleet, '2026-11-20T00:00:00Z', limits={'max_idle': 7200}))
    for number in range(count):
        time = f'2026-11-{1 + number // 10:02}T{number % 10:02}:00:00Z'
        name = f'report-{time.replace("-", "").replace(":", "")}.json'
        # Only the head of the file is read.
        text = head.replace('2026-11-20T00:00:00Z', time, 1)[: history.HEAD + 1000]
        (tmp_path / name).write_text(text, encoding='utf-8')
    report = build_report(fleet, '2026-11-21T00:00:00Z', limits={'max_idle': 7200})
    report = history.with_history(report, history.earlier_reports(tmp_path), count)
    assert len(report.history) == count
    assert len(to_html(report).encode()) < BUDGET
