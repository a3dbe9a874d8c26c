# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The report for the job log: short lines, the hosts with problems first."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._report import labels
from ansible_collections.winops.sessions.plugins.plugin_utils._report.escape import readable, shorten
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import STATUSES, Host, Report, Row
from ansible_collections.winops.sessions.plugins.plugin_utils._results.session import session_line
from ansible_collections.winops.sessions.plugins.plugin_utils._text import plural

#: The largest number of lines in a list.
LISTED = 25

#: The largest length of a message. The messages of the modules, which end with the remedy, are shorter.
LENGTH = 1500

#: The largest number of host names in the statistics that AWX passes to the next job.
NAMED = 20


def to_summary(report: Report) -> list[str]:
    """Render the report as lines of text.

    :param report: the report.
    :returns: printable lines without line ends.
    """
    head = ', '.join(filter(None, (report.target, labels.moment(report.time), labels.origin(report))))
    verdict = labels.verdict(report).words
    lines = [f'{report.title}: {head}', verdict]
    lines = (lines[::-1] if report.user is not None else lines) + [*_numbers(report), *_merged(report)]
    lines += _list(
        [
            _host(host, report)
            for status in STATUSES
            for host in report.hosts
            if host.status == status and status != 'answered'
        ]
    )
    names = {id(row): _name(host, report) for host in report.hosts for row in host.rows}
    lines += _list([_acted(names[id(row)], row) for row in labels.by_urgency(report.sessions)])
    rest = [row for row in report.sessions if not row['outcome']]
    if len(rest) <= LISTED:
        lines += [f'{names[id(row)]}: {session_line(row)}' for row in rest]
    if any(row['idle_reliable'] is False and row['idle_seconds'] is not None for row in report.sessions):
        lines.append(f'A question mark follows an idle time that is not reliable: {labels.UNRELIABLE}')
    return [readable(line) for line in lines]


def to_statistics(report: Report) -> dict[str, t.Any]:
    """Return the numbers for ``set_stats``, with a common prefix. Their size does not depend on the number of hosts.

    :param report: the report.
    :returns: numbers, and the first names of hosts that could not be queried.
    """
    unseen = [readable(host.name) for host in report.hosts if not host.seen]
    return {
        **{f'user_sessions_{name}': number for name, number in report.counts.items()},
        'user_sessions_check_mode': report.check_mode,
        'user_sessions_unseen': unseen[:NAMED],
        'user_sessions_unseen_truncated': len(unseen) > NAMED,
    }


def _numbers(report: Report) -> c.Iterator[str]:
    counts = report.counts
    statuses = _counted(counts, [f'hosts_{name}' for name in reversed(STATUSES)])
    yield f'{plural(counts["hosts"], "host")}: {statuses or "none"}'
    states = _counted(counts, ['active', 'disconnected', 'other'])
    users = f' of {plural(counts["users"], "user")}' if counts['users'] else ''
    yield f'{plural(counts["sessions"], "session")}{users}' + (f': {states}' if states else '')
    limits = labels.limits(report)
    if limits or counts['over_limit']:
        yield f'{counts["over_limit"]} over the limit' + (f' ({limits})' if limits else '')
    if tally := labels.tally(report.sessions):
        name = 'plan' if report.check_mode else 'outcomes'
        yield f'{name}: ' + ', '.join(f'{count} {label.words}' for label, count in tally.items())


def _counted(counts: c.Mapping[str, t.Any], names: c.Iterable[str]) -> str:
    return ', '.join(
        f'{counts[name]} {name.removeprefix("hosts_").replace("_", " ")}' for name in names if counts[name]
    )


def _merged(report: Report) -> list[str]:
    return [
        f'merged {one["source"]}: {one["target"]}, {labels.moment(one["time"])}, '
        f'{one["used"]} of {plural(one["hosts"], "host")}'
        for one in report.merged
    ]


def _list(lines: list[str]) -> list[str]:
    return lines if len(lines) <= LISTED else [*lines[:LISTED], f'... and {len(lines) - LISTED} more {labels.SEE_CSV}']


def _name(host: Host, report: Report) -> str:
    return f'{host.name} ({host.site})' if host.site and report.has_sites else host.name


def _host(host: Host, report: Report) -> str:
    return f'{labels.STATUSES[host.status].words.upper()} {_name(host, report)}: {shorten(host.message or "", LENGTH)}'


def _acted(name: str, row: Row) -> str:
    why = shorten(labels.why(row), LENGTH)
    return f'{labels.outcome(row).words}: {name}: {session_line(row)}' + (f': {why}' if why else '')
