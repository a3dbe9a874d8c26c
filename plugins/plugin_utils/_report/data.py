# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The reports for programs: CSV and JSON. JSON reports can be read back and merged."""

from __future__ import annotations

import collections.abc as c
import csv
import dataclasses
import io
import json
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._report.escape import for_csv
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import (
    COLUMNS,
    LIMITS,
    STATUSES,
    Host,
    Report,
    ReportError,
    Row,
    check_time,
    flat_rows,
    natural,
    row_of,
)

#: The version of the JSON report. Keys and columns may be added without a new one.
SCHEMA_VERSION = 1


def to_csv(report: Report) -> str:
    """Render the rows as CSV (RFC 4180), in which no cell is a formula.

    :param report: the report.
    :returns: text with a byte order mark, for UTF-8.
    """
    out = io.StringIO(newline='')
    # Excel on Windows reads a file without a byte order mark in the system's ANSI code page.
    out.write('\ufeff')
    writer = csv.writer(out, lineterminator='\r\n')
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in row.values()] for row in report.rows)
    return out.getvalue()


def to_json(report: Report) -> str:
    """Render the report as JSON, with one line for each host and each row, so that ``diff`` can compare two reports.

    :param report: the report.
    :returns: pure ASCII text.
    """
    head = {
        'schema_version': SCHEMA_VERSION,
        'title': report.title,
        'time': report.time,
        'target': report.target,
        'limits': report.limits,
        'check_mode': report.check_mode,
        'user': report.user,
        'origin': report.origin,
        'counts': report.counts,
        'columns': list(COLUMNS),
    }
    # Rows refer to their host by site and name. A host without sessions has one row.
    hosts = [
        {**dataclasses.asdict(dataclasses.replace(host, rows=())), 'rows': len(host.rows)} for host in report.hosts
    ]
    parts = [f'{json.dumps(name)}: {json.dumps(value)}' for name, value in head.items()]
    parts += [_lines('merged', report.merged), _lines('hosts', hosts), _lines('rows', report.rows)]
    return '{\n' + ',\n'.join(parts) + '\n}\n'


def from_json(text: str, source: str) -> Report:
    """Parse a JSON report.

    :param text: the output of :func:`to_json`.
    :param source: its source, for messages.
    :returns: the report.
    :raises ReportError: if it is not a report, or has another schema version.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ReportError(f'{source} is not JSON: {error}') from error
    except RecursionError as error:
        raise ReportError(f'{source} is not a session report: it is nested too deeply') from error
    if not isinstance(data, dict) or 'schema_version' not in data:
        raise ReportError(
            f'{source} is not a session report: it has no schema_version. Set the report.json of an earlier run.'
        )
    if isinstance(data['schema_version'], bool) or data['schema_version'] != SCHEMA_VERSION:
        raise ReportError(
            f'{source} has schema_version {str(data["schema_version"])[:40]}, but only {SCHEMA_VERSION} can be merged. '
            'Create that report again with the version of winops.sessions that is used here.'
        )
    try:
        return _report(data)
    except ReportError as error:
        raise ReportError(f'{source} is damaged: {error}') from error


def merge(current: Report, earlier: c.Sequence[tuple[str, Report]]) -> Report:
    """Combine reports. The most recent result of a host is kept, of equally recent ones the later in the list.

    Any result replaces ``not_asked``. Hosts of different sites are different hosts.

    :param current: the report of this run, the last in the list.
    :param earlier: the source of each earlier report, and the report.
    :returns: the report of this run with the hosts of all reports.
    """
    newest: dict[tuple[str | None, str], tuple[tuple[bool, str], int, Host]] = {}
    reports = [*(report for _source, report in earlier), current]
    for number, report in enumerate(reports):
        for host in report.hosts:
            age = (host.status != 'not_asked', host.report_time or report.time)
            known = newest.get((host.site, host.name))
            if known is None or age >= known[0]:
                newest[host.site, host.name] = (age, number, host)
    hosts = sorted((host for _age, _number, host in newest.values()), key=_by_name)
    merged = tuple(
        {
            'source': source,
            'time': report.time,
            'target': report.target,
            'hosts': len(report.hosts),
            'used': sum(origin == number for _age, origin, _host in newest.values()),
        }
        for number, (source, report) in enumerate(earlier)
    )
    check_mode = current.check_mode if current.hosts else all(report.check_mode for _source, report in earlier)
    return dataclasses.replace(current, hosts=tuple(hosts), merged=merged, check_mode=check_mode)


def check_not_after(report: Report, source: str, latest: str) -> None:
    """Refuse a report from the future, because it would replace every later result of its hosts.

    :param report: the report.
    :param source: its source, for the message.
    :param latest: the latest valid time.
    :raises ReportError: if the report or the result of one of its hosts is later.
    """
    newest = max([report.time, *(host.report_time for host in report.hosts if host.report_time)])
    if newest > latest:
        raise ReportError(
            f'{source} is dated {newest}, which is in the future. '
            'Synchronize the clocks of the controllers and create that report again.'
        )


def _by_name(host: Host) -> tuple[t.Any, ...]:
    return natural(host.name), host.site or ''


def _cell(value: t.Any) -> str:
    if value is None:
        return ''
    if isinstance(value, bool):
        return 'true' if value else 'false'
    return for_csv(value) if isinstance(value, str) else str(value)


def _lines(name: str, values: c.Sequence[t.Any]) -> str:
    lines = ',\n'.join(map(json.dumps, values))
    return f'{json.dumps(name)}: [\n{lines}\n]' if lines else f'{json.dumps(name)}: []'


def _report(data: dict[str, t.Any]) -> Report:
    rows: dict[tuple[str | None, str], list[Row]] = {}
    for values in _dicts(data, 'rows'):
        row = row_of(values)
        rows.setdefault((row['site'], row['host'] or ''), []).append(row)
    hosts = tuple(_host(values, rows) for values in _dicts(data, 'hosts'))
    unknown = rows.keys() - {(host.site, host.name) for host in hosts}
    if unknown:
        name = min(name for _site, name in unknown)
        raise ReportError(f'it has rows of {name!r}, which is not among its hosts')
    texts = row_of({'detail': data.get('target'), 'host_message': data.get('title'), 'user': data.get('user')})
    return Report(
        time=check_time(data.get('time')),
        title=texts['host_message'] or '',
        target=texts['detail'] or '',
        limits=_limits(data),
        hosts=hosts,
        check_mode=data.get('check_mode') is True,
        user=texts['user'],
    )


def _limits(values: dict[str, t.Any]) -> dict[str, float]:
    limits = values.get('limits')
    seconds = (
        {name: row_of({'seconds': limits.get(name)})['seconds'] for name in LIMITS} if isinstance(limits, dict) else {}
    )
    return {name: value for name, value in seconds.items() if value is not None}


def _host(values: dict[str, t.Any], rows: dict[tuple[str | None, str], list[Row]]) -> Host:
    facts = row_of({**values, 'host': values.get('name'), 'host_message': values.get('message')})
    if not facts['host'] or values.get('status') not in STATUSES:
        raise ReportError(
            f'a host has name {values.get("name")!r} and status {values.get("status")!r}; '
            f'a status is one of {", ".join(STATUSES)}'
        )
    host = Host(
        name=facts['host'],
        status=values['status'],
        seen=values.get('seen') is True,
        message=facts['host_message'],
        host_time=facts['host_time'],
        report_time=check_time(values['report_time']) if values.get('report_time') is not None else None,
        rows=(),
        site=facts['site'],
        limits=_limits(values),
    )
    listed = rows.get((host.site, host.name), [])
    if values.get('rows') == len(listed):
        return dataclasses.replace(host, rows=tuple(listed))
    if values.get('rows') == 0 and listed == flat_rows(host):
        return host
    # Without some of its rows, a host would seem to have fewer sessions.
    raise ReportError(f'host {host.name!r} has {len(listed)} rows instead of {values.get("rows")!r}')


def _dicts(data: dict[str, t.Any], name: str) -> list[dict[str, t.Any]]:
    values = data.get(name)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise ReportError(f'{name} is not a list of objects')
    return values
