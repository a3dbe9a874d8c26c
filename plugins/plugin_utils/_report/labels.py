# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""The words of the reports, as data: what a status, an outcome, a reason is called, and how alarming it is."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import Report, Row
from ansible_collections.winops.sessions.plugins.plugin_utils._words import human_duration, plural


class Word(t.NamedTuple):
    """What something is called, and its tone: ``bad``, ``warn``, ``good`` or ``calm``."""

    words: str
    tone: str


STATUSES = {
    'answered': Word('answered', 'good'),
    'failed': Word('failed', 'bad'),
    'unreachable': Word('unreachable', 'bad'),
    'not_asked': Word('not asked', 'warn'),
}

#: In the order in which one wants to read them: what went wrong comes first.
OUTCOMES = {
    'failed': Word('failed', 'bad'),
    'still_present': Word('still present', 'bad'),
    'session_changed': Word('session changed', 'warn'),
    'protected': Word('protected', 'calm'),
    'notified': Word('notified', 'warn'),
    'in_grace': Word('in grace', 'warn'),
    'planned': Word('planned', 'warn'),
    'logged_off': Word('logged off', 'good'),
    'reset': Word('reset', 'good'),
    'disconnected': Word('disconnected', 'good'),
    'no_longer_matches': Word('no longer matches', 'calm'),
    'already_gone': Word('already gone', 'calm'),
    'already_disconnected': Word('already disconnected', 'calm'),
    'answered': Word('answered', 'good'),
    'sent': Word('sent', 'good'),
    'timed_out': Word('timed out', 'calm'),
    'not_active': Word('not active', 'calm'),
}

REASONS = {
    'max_disconnected': 'disconnected too long',
    'max_idle': 'idle too long',
    'max_logged_on': 'logged on too long',
    'own_session': "Ansible's own session",
    'connection_user': 'the account Ansible connects with',
    'protected_user': 'protected user',
    'protected_process': 'runs a protected program',
    'console_idle': "the console's idle time is not reliable",
}

LIMITS = {'max_disconnected': 'disconnected', 'max_idle': 'idle', 'max_logged_on': 'logged on'}

SEE_CSV = 'in report.csv'


def outcome(name: str) -> Word:
    """What an outcome is called; one that is not known keeps its name."""
    return OUTCOMES.get(name) or Word(name.replace('_', ' '), 'warn')


def limit(name: str) -> str:
    """What it is called that a session has reached a limit."""
    return REASONS.get(name, name)


def by_urgency(names: c.Iterable[str]) -> list[str]:
    """Outcomes in the order in which one wants to read them, those that are not known first of all."""
    order = list(OUTCOMES)
    return sorted(names, key=lambda name: (order.index(name) if name in OUTCOMES else -1, name))


def why(row: Row) -> str:
    """Why something was done to a session, or was not: reason and detail in one."""
    parts = [REASONS.get(row['reason'], row['reason']) if row['reason'] else '', row['detail'] or '']
    if row['due_in_seconds'] is not None:
        parts.append(f'due in {human_duration(row["due_in_seconds"])}')
    if row['error_code']:
        parts.append(f'error {row["error_code"]}')
    return '; '.join(part for part in parts if part)


def limits(report: Report) -> str:
    """The limits in words: ``disconnected 30 min, idle 2 h``; empty when there are none."""
    return ', '.join(f'{LIMITS[name]} {human_duration(seconds)}' for name, seconds in report.limits.items())


def moment(time: str | None) -> str:
    """A time for people: ``2026-11-21 14:34 UTC``."""
    return f'{time[:10]} {time[11:16]} UTC' if time else 'unknown'


def verdict(report: Report) -> Word:
    """The one sentence that somebody reads who reads one sentence."""
    counts = report.counts
    outcomes = counts['outcomes']
    if not counts['hosts']:
        return Word('No host was asked.', 'warn')
    said = []
    if counts['hosts_unseen']:
        said.append(
            f'{counts["hosts_unseen"]} of {plural(counts["hosts"], "host")} could not be seen: '
            'who is logged on there is not known.'
        )
    if failing := counts['hosts_failed'] - sum(host.status == 'failed' and not host.seen for host in report.hosts):
        said.append(f'{plural(failing, "more host" if said else "host")} failed.')
    if troubled := sum(outcomes.get(name, 0) for name in ('failed', 'still_present')):
        said.append(f'{plural(troubled, "session")} did not end as asked.')
    return Word(' '.join(said), 'bad') if said else Word('Every host answered.', 'good')
