# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""The reports for programs: CSV and JSON, and reports read back and merged."""

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

#: Of the JSON report. Columns may be added without a new number, as readers take no notice of what they do not know.
SCHEMA_VERSION = 1


def to_csv(report: Report) -> str:
    """The rows as CSV (RFC 4180): comma, CRLF, one header line; safe to open in a spreadsheet.

    :param report: the fleet
    :returns: text; written as UTF-8
    """
    out = io.StringIO(newline='')
    writer = csv.writer(out, lineterminator='\r\n')
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in row.values()] for row in report.rows)
    return out.getvalue()


def to_json(report: Report) -> str:
    """The whole report as JSON, one line for each host and each row, so that two reports compare with ``diff``.

    :param report: the fleet
    :returns: pure ASCII text
    """
    head = {
        'schema_version': SCHEMA_VERSION,
        'title': report.title,
        'time': report.time,
        'target': report.target,
        'limits': report.limits,
        'counts': report.counts,
        'columns': list(COLUMNS),
    }
    # The rows of a host are found by its name, those of a host without sessions tell of the host alone.
    hosts = [
        {**dataclasses.asdict(dataclasses.replace(host, rows=())), 'rows': len(host.rows)} for host in report.hosts
    ]
    parts = [f'{json.dumps(name)}: {json.dumps(value)}' for name, value in head.items()]
    parts += [_lines('merged', report.merged), _lines('hosts', hosts), _lines('rows', report.rows)]
    return '{\n' + ',\n'.join(parts) + '\n}\n'


def from_json(text: str, source: str) -> Report:
    """Read a JSON report back.

    :param text: what :func:`to_json` wrote
    :param source: where it is from, for messages
    :returns: the fleet
    :raises ReportError: when it is no report, or one of another schema version
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ReportError(f'{source} is not JSON: {error}') from error
    except RecursionError as error:
        raise ReportError(f'{source} is no session report: it is nested too deeply') from error
    if not isinstance(data, dict) or 'schema_version' not in data:
        raise ReportError(
            f'{source} is no session report: it has no schema_version; give a report.json of an earlier run'
        )
    if isinstance(data['schema_version'], bool) or data['schema_version'] != SCHEMA_VERSION:
        raise ReportError(
            f'{source} has schema_version {str(data["schema_version"])[:40]}, but only {SCHEMA_VERSION} can be merged; '
            'make that report again with the version of winops.sessions that is used here'
        )
    try:
        return _report(data)
    except ReportError as error:
        raise ReportError(f'{source} is damaged: {error}') from error


def merge(current: Report, earlier: c.Sequence[tuple[str, Report]]) -> Report:
    """One report of many; the newest word on a host wins, of equally old ones the later, the current one last.

    That a host was not asked is no word on it: it gives way to any other.

    :param current: this run's report
    :param earlier: where each earlier report is from, and the report
    :returns: this run's report with the hosts of all, and what was merged
    """
    newest: dict[str, tuple[tuple[bool, str], int, Host]] = {}
    reports = [*(report for _source, report in earlier), current]
    for number, report in enumerate(reports):
        for host in report.hosts:
            age = (host.status != 'not_asked', host.report_time or report.time)
            known = newest.get(host.name)
            if known is None or age >= known[0]:
                newest[host.name] = (age, number, host)
    hosts = sorted((host for _age, _number, host in newest.values()), key=lambda host: natural(host.name))
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
    return dataclasses.replace(current, hosts=tuple(hosts), merged=merged)


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
    rows: dict[str, list[Row]] = {}
    for values in _dicts(data, 'rows'):
        row = row_of(values)
        rows.setdefault(row['host'] or '', []).append(row)
    hosts = tuple(_host(values, rows) for values in _dicts(data, 'hosts'))
    if strangers := sorted(set(rows) - {host.name for host in hosts}):
        raise ReportError(f'it has rows of {strangers[0]!r}, which is not among its hosts')
    limits = data.get('limits')
    limits = limits if isinstance(limits, dict) else {}
    return Report(
        time=check_time(data.get('time')),
        title=str(data.get('title')),
        target=str(data.get('target')),
        limits={name: limits[name] for name in LIMITS if isinstance(limits.get(name), (int, float))},
        hosts=hosts,
    )


def _host(values: dict[str, t.Any], rows: dict[str, list[Row]]) -> Host:
    facts = row_of(
        {'host': values.get('name'), 'host_message': values.get('message'), 'host_time': values.get('host_time')}
    )
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
    )
    told = rows.get(host.name, [])
    if values.get('rows') == len(told):
        return dataclasses.replace(host, rows=tuple(told))
    if values.get('rows') == 0 and told == flat_rows(host):
        return host
    # A report that lost rows would make a host look emptier than it is.
    raise ReportError(f'host {host.name!r} should have {values.get("rows")!r} rows, but there are {len(told)}')


def _dicts(data: dict[str, t.Any], name: str) -> list[dict[str, t.Any]]:
    values = data.get(name)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise ReportError(f'{name} is not a list of objects')
    return values
