# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The texts of the reports: labels of statuses, outcomes and reasons, limits, times and the verdict."""

from __future__ import annotations

import collections
import collections.abc as c
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import LIMITS, Report, Row
from ansible_collections.winops.sessions.plugins.plugin_utils._results import outcomes
from ansible_collections.winops.sessions.plugins.plugin_utils._text import human_duration, plural


class Label(t.NamedTuple):
    """A text with its tone: ``bad``, ``warn``, ``good`` or ``calm``."""

    words: str
    tone: str


STATUSES = {
    'answered': Label('answered', 'good'),
    'failed': Label('failed', 'bad'),
    'unreachable': Label('unreachable', 'bad'),
    'not_asked': Label('not asked', 'warn'),
}

#: Planned actions of check mode.
PLANS = {
    'logoff': Label('would be logged off', 'warn'),
    'reset': Label('would be reset', 'warn'),
    'disconnect': Label('would be disconnected', 'warn'),
    'notify': Label('would be warned', 'warn'),
}

NOT_WARNED = Label('not warned yet', 'bad')

LIMIT_NAMES = {'max_disconnected': 'disconnected', 'max_idle': 'idle', 'max_logged_on': 'logged on'}

SEE_CSV = 'in report.csv'
UNRELIABLE = 'Windows does not reliably update the idle time of the console.'


def outcome(row: Row) -> Label:
    """Return the label of the outcome of a session, in check mode that of the planned action."""
    if row['outcome'] == 'planned' and row['action'] in PLANS:
        return PLANS[row['action']]
    if row['outcome'] in ('notified', 'in_grace') and row['told'] is False:
        return NOT_WARNED
    known = outcomes.outcome(row['outcome'])
    return Label(known.label, known.tone)


def by_urgency(rows: c.Iterable[Row]) -> list[Row]:
    """Return the rows with an outcome, the most urgent first."""
    acted = [row for row in rows if row['outcome']]
    ranks = {name: rank for rank, name in enumerate(outcomes.by_urgency({row['outcome'] for row in acted}))}
    return sorted(acted, key=lambda row: (ranks[row['outcome']], outcome(row) != NOT_WARNED, row['action'] or ''))


def tally(rows: c.Iterable[Row]) -> dict[Label, int]:
    """Count the sessions by label, the most urgent first."""
    return dict(collections.Counter(outcome(row) for row in by_urgency(rows)))


def why(row: Row) -> str:
    """Return the reason and the detail of an outcome as one text."""
    parts = [outcomes.reason(row['reason']) if row['reason'] else '', row['detail'] or '']
    if row['due_in_seconds'] is not None:
        parts.append(f'due in {human_duration(row["due_in_seconds"])}')
    if row['error_code'] and f'error {row["error_code"]}' not in (row['detail'] or ''):
        parts.append(f'Win32 error {row["error_code"]}')
    return '; '.join(part for part in parts if part)


def limits(report: Report) -> str:
    """Format the limits of a report: ``disconnected 30 min, idle 1 h to 2 h by host``; empty if there are none."""
    return ', '.join(
        f'{LIMIT_NAMES[name]} {human_duration(least)}'
        + (f' to {human_duration(most)} by host' if most != least else '')
        for name, (least, most) in report.applied_limits.items()
    )


def host_limits(values: c.Mapping[str, float]) -> str:
    """Format the limits of one host: ``disconnected 30 min, idle 2 h``."""
    return ', '.join(f'{LIMIT_NAMES[name]} {human_duration(values[name])}' for name in LIMITS if name in values)


def moment(time: str | None) -> str:
    """Format a time: ``2026-11-21 14:34 UTC``."""
    return f'{time[:10]} {time[11:16]} UTC' if time else 'unknown'


def origin(report: Report) -> str:
    """Format the user and the job: ``run by alice, job 42``; empty if unknown."""
    made = report.origin
    parts = [f'{words} {made[name]}' for name, words in (('user', 'run by'), ('job', 'job')) if made.get(name)]
    return ', '.join(parts)


def versions(report: Report) -> str:
    """Format the versions: ``winops.sessions 1.0.0, ansible-core 2.19.1``."""
    made = report.origin
    names = (('collection_version', 'winops.sessions'), ('ansible_version', 'ansible-core'))
    return ', '.join(f'{words} {made[name]}' for name, words in names if made.get(name)) or 'winops.sessions'


def verdict(report: Report) -> Label:
    """Summarize the report in a sentence."""
    counts = report.counts
    if not counts['hosts']:
        return Label('No host was queried.', 'warn')
    problems = _problems(report)
    sentences = [_found(report)] if report.user is not None else []
    sentences += ['Check mode: nothing was changed.'] if report.check_mode else []
    sentences += problems or ([] if report.user is not None else ['Every host answered.'])
    return Label(' '.join(sentences), 'bad' if problems else 'good')


def _found(report: Report) -> str:
    hosts = {row['host'] for row in report.sessions}
    if hosts:
        sessions = plural(len(report.sessions), 'session')
        return f'{report.user}: {sessions} on {len(hosts)} of {plural(len(report.hosts), "host")}.'
    answered = plural(sum(host.seen for host in report.hosts), 'host')
    return f'{report.user}: no user of this name is logged on to the {answered} that answered.'


def _problems(report: Report) -> list[str]:
    counts = report.counts
    problems = []
    if unseen := counts['hosts_unseen']:
        whose = 'Its sessions are' if unseen == 1 else 'Their sessions are'
        problems.append(f'{unseen} of {plural(counts["hosts"], "host")} could not be queried. {whose} unknown.')
    if failed := sum(host.status == 'failed' and host.seen for host in report.hosts):
        problems.append(f'{plural(failed, "more host" if problems else "host")} failed.')
    if troubled := sum(outcomes.outcome(name).trouble * count for name, count in counts['outcomes'].items()):
        problems.append(f'{plural(troubled, "session")} did not reach the desired state.')
    if untold := counts['not_warned']:
        problems.append(f'{plural(untold, "user")} could not be warned yet.')
    return problems
