# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""The report for the job log: short lines, the exceptions first, nothing cut without saying so."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._report import labels as words
from ansible_collections.winops.sessions.plugins.plugin_utils._report.escape import readable, shorten
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import STATUSES, Host, Report, Row
from ansible_collections.winops.sessions.plugins.plugin_utils._words import plural, session_line

#: Most lines of a list; a log is read on a screen.
SHOWN = 25

#: Most host names in the statistics that AWX hands to the next job.
NAMED = 20


def to_summary(report: Report) -> list[str]:
    """The fleet in lines of text.

    :param report: the fleet
    :returns: lines without line ends, printable whatever the hosts said
    """
    counts = report.counts
    lines = [
        f'{report.title}: {report.target}, {words.moment(report.time)}',
        words.verdict(report).words,
        f'{plural(counts["hosts"], "host")}: {_numbers(counts, [f"hosts_{name}" for name in reversed(STATUSES)])}',
        f'{plural(counts["sessions"], "session")} of {plural(counts["users"], "user")}: '
        + _numbers(counts, ['active', 'disconnected', 'other']),
    ]
    if report.limits or counts['over_limit']:
        limits = words.limits(report)
        lines.append(f'{counts["over_limit"]} over the limit' + (f' ({limits})' if limits else ''))
    if outcomes := counts['outcomes']:
        lines.append(
            'done: ' + ', '.join(f'{outcomes[name]} {words.outcome(name).words}' for name in words.by_urgency(outcomes))
        )
    lines += [
        f'merged {one["source"]}: {one["target"]}, {words.moment(one["time"])}, '
        f'{one["used"]} of {plural(one["hosts"], "host")}'
        for one in report.merged
    ]
    lines += _list(
        [_host(host) for status in STATUSES for host in report.hosts if host.status == status and status != 'answered']
    )
    acted = [(host, row) for host in report.hosts for row in host.rows if row['outcome']]
    urgency = {name: number for number, name in enumerate(words.by_urgency(outcomes))}
    lines += _list([_acted(host, row) for host, row in sorted(acted, key=lambda one: urgency[one[1]['outcome']])])
    if len(listed := [(host, row) for host in report.hosts for row in host.rows if not row['outcome']]) <= SHOWN:
        lines += [f'{host.name}: {session_line(row)}' for host, row in listed]
    return [readable(line) for line in lines]


def to_statistics(report: Report) -> dict[str, t.Any]:
    """The numbers as ``set_stats`` takes them to a next job: small, prefixed, without a list that grows with the fleet.

    :param report: the fleet
    :returns: numbers, and the first names of hosts that could not be seen
    """
    unseen = [readable(host.name) for host in report.hosts if not host.seen]
    return {
        **{f'user_sessions_{name}': number for name, number in report.counts.items()},
        'user_sessions_unseen': unseen[:NAMED],
        'user_sessions_unseen_truncated': len(unseen) > NAMED,
    }


def _numbers(counts: c.Mapping[str, t.Any], names: c.Iterable[str]) -> str:
    parts = [f'{counts[name]} {name.removeprefix("hosts_").replace("_", " ")}' for name in names if counts[name]]
    return ', '.join(parts) or 'none'


def _list(lines: list[str]) -> list[str]:
    return lines if len(lines) <= SHOWN else [*lines[:SHOWN], f'... and {len(lines) - SHOWN} more {words.SEE_CSV}']


def _host(host: Host) -> str:
    return f'{words.STATUSES[host.status].words.upper()} {host.name}: {shorten(host.message or "", 300)}'


def _acted(host: Host, row: Row) -> str:
    why = shorten(words.why(row), 300)
    return f'{words.outcome(row["outcome"]).words}: {host.name}: {session_line(row)}' + (f': {why}' if why else '')
