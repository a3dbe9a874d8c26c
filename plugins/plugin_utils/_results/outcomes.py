# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The outcomes and reasons that the modules return, and their labels in results and reports."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable


class Outcome(t.NamedTuple):
    """How an outcome is shown, and what it means."""

    label: str
    tone: str  #: ``bad``, ``warn``, ``good`` or ``calm``
    ended: bool = False  #: the session does not exist afterwards
    trouble: bool = False  #: the task fails


#: The outcomes of all modules, most urgent first. ``protected`` stands for the sessions in the key ``protected``.
OUTCOMES = {
    'failed': Outcome('failed', 'bad', trouble=True),
    'still_present': Outcome('still present', 'bad', trouble=True),
    'session_changed': Outcome('ID reused', 'warn', ended=True),
    'timed_out': Outcome('without an answer', 'calm'),
    'not_active': Outcome('not active', 'calm'),
    'protected': Outcome('protected', 'calm'),
    'notified': Outcome('warned', 'warn'),
    'in_grace': Outcome('in the grace period', 'warn'),
    'planned': Outcome('planned', 'warn'),
    'logged_off': Outcome('logged off', 'good', ended=True),
    'reset': Outcome('reset', 'good', ended=True),
    'disconnected': Outcome('disconnected', 'good'),
    'no_longer_matches': Outcome('no longer matching', 'calm'),
    'already_gone': Outcome('already gone', 'calm', ended=True),
    'already_disconnected': Outcome('already disconnected', 'calm'),
    'answered': Outcome('answered', 'good'),
    'sent': Outcome('sent', 'good'),
}

#: The limits that a session can have reached.
LIMIT_REASONS = {
    'max_disconnected': 'disconnected too long',
    'max_idle': 'idle too long',
    'max_logged_on': 'logged on too long',
}

#: Why a selected session was protected. An option that protects by default is named, because the task does not set it.
PROTECTIONS = {
    'own_session': 'session of this task',
    'connection_user': 'account that Ansible connects with (protect_connection_user)',
    'protected_user': 'protected user',
    'protected_group': 'member of a protected group',
    'protected_process': 'runs a protected process',
    'console_idle': 'idle time of the console is unreliable (protect_console_idle)',
}

_ORDER = {name: rank for rank, name in enumerate(OUTCOMES)}


def outcome(name: str) -> Outcome:
    """Look up an outcome; an unknown one is shown by its name."""
    return OUTCOMES.get(name) or Outcome(name.replace('_', ' ') or 'unknown', 'warn')


def reason(name: str) -> str:
    """Return the label of a limit or a protection; an unknown one is shown by its name."""
    return LIMIT_REASONS.get(name) or PROTECTIONS.get(name) or name.replace('_', ' ')


def by_urgency(names: Iterable[str]) -> list[str]:
    """Sort outcomes, most urgent first; unknown ones precede all others."""
    return sorted(names, key=lambda name: (_ORDER.get(name, -1), name))
