# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Renders the HTML report, one page that needs no other file. ``report.html.j2`` contains the markup."""

from __future__ import annotations

import base64
import collections.abc as c
import functools
import hashlib
import pathlib
import typing as t

import jinja2
import markupsafe

from ansible_collections.winops.sessions.plugins.plugin_utils._report import labels
from ansible_collections.winops.sessions.plugins.plugin_utils._report.escape import readable, shorten
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import (
    STATUSES,
    Host,
    Report,
    Row,
    is_user_session,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._report.trend import trend
from ansible_collections.winops.sessions.plugins.plugin_utils._results.outcomes import reason
from ansible_collections.winops.sessions.plugins.plugin_utils._results.session import idle
from ansible_collections.winops.sessions.plugins.plugin_utils._text import plural

_FOLDER = pathlib.Path(__file__).parent
STYLE = (_FOLDER / 'report.css').read_text(encoding='utf-8').strip()
SCRIPT = (_FOLDER / 'report.js').read_text(encoding='utf-8').strip()

#: The largest size of a page in bytes, so that it can be mailed.
BUDGET = 1_000_000

#: The sessions of a host are unfolded if the report has at most this many.
UNFOLDED = 60


class Detail(t.NamedTuple):
    """The level of detail of a page.

    :ivar sessions: ``table`` (each with its facts), ``idle`` (each by name, with its idle time), ``names`` (each by
        name), ``none`` (numbers only).
    :ivar users: the same for the sessions of each user.
    :ivar listed: the largest number of rows in a list of exceptions.
    :ivar listed_users: the largest number of rows in the list of users.
    :ivar length: the largest length of a message.
    :ivar bytes: the smallest size of a session; a page that cannot fit is not rendered.
    """

    sessions: str
    users: str
    listed: int
    listed_users: int
    length: int
    bytes: int


#: From most to least; the first whose page fits the budget is used.
DETAILS = (
    Detail('table', 'table', 5000, 5000, 4000, 300),
    Detail('table', 'idle', 1000, 500, 2000, 200),
    Detail('idle', 'idle', 300, 200, 1000, 20),
    Detail('names', 'names', 200, 200, 500, 10),
    Detail('none', 'none', 100, 100, 200, 0),
)


class Number(t.NamedTuple):
    """A number on a card."""

    words: str
    amount: int
    tone: str = ''


class Share(t.NamedTuple):
    """A part of a bar, in percent of its width."""

    tone: str
    start: float
    width: float


def to_html(report: Report) -> str:
    """Render the report as one page.

    :param report: the report.
    :returns: HTML 5, as UTF-8 at most :data:`BUDGET` bytes for a fleet of up to some thousand hosts.
    """
    page = ''
    for detail in DETAILS:
        if len(report.sessions) * detail.bytes > BUDGET:
            continue
        page = render(report, detail)
        if len(page.encode()) <= BUDGET:
            break
    return page


def render(report: Report, detail: Detail) -> str:
    """Render the page in one level of detail.

    :param report: the report.
    :param detail: the level of detail.
    :returns: HTML 5.
    """
    return _template().render(_values(report, detail))


def _finalize(value: t.Any) -> t.Any:
    if value is None:
        return ''
    return readable(value) if isinstance(value, str) and not isinstance(value, markupsafe.Markup) else value


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, finalize=_finalize, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    environment.filters |= {'moment': labels.moment, 'plural': plural, 'thousands': '{:,}'.format}
    return environment.from_string((_FOLDER / 'report.html.j2').read_text(encoding='utf-8'), globals=_assets())


def _assets() -> dict[str, t.Any]:
    # Content Security Policy, level 2: only the page's own style and script are used.
    policy = '; '.join(
        (
            "default-src 'none'",
            f'style-src {_fingerprint(STYLE)}',
            f'script-src {_fingerprint(SCRIPT)}',
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return {
        'style': markupsafe.Markup(STYLE),
        'script': markupsafe.Markup(SCRIPT),
        'policy': markupsafe.Markup(policy),
        'see_csv': labels.SEE_CSV,
        'unreliable': labels.UNRELIABLE,
        'bar': _bar,
    }


def _fingerprint(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _values(report: Report, detail: Detail) -> dict[str, t.Any]:
    sessions = report.sessions
    troubled = [host for status in STATUSES if status != 'answered' for host in report.hosts if host.status == status]
    over = [row for row in sessions if row['over_limit'] and row['present'] and not row['outcome']]
    over.sort(key=lambda row: -(row['idle_seconds'] or 0))
    acted = labels.by_urgency(sessions)
    states, views = _states(report.counts), _Views(report, detail)
    users = _by_user(sessions)
    return {
        'report': report,
        'detail': detail,
        'verdict': labels.verdict(report),
        'origin': labels.origin(report),
        'versions': labels.versions(report),
        'limits': labels.limits(report),
        'unfold': len(sessions) <= UNFOLDED,
        'host_numbers': _host_numbers(report.counts),
        'states': states,
        'session_numbers': [Number('in all', report.counts['sessions']), *states, *_over_limit(report)],
        'trend': trend(report),
        'tally': [{'label': label, 'count': count} for label, count in labels.tally(sessions).items()],
        'troubled': [views.host(host) for host in troubled],
        'acted': [views.session(row) for row in acted[: detail.listed]],
        'acted_count': len(acted),
        'over_limit': [views.session(row) for row in over[: detail.listed]],
        'over_limit_count': len(over),
        'hosts': [
            views.host(host) for host in (*troubled, *(host for host in report.hosts if host.status == 'answered'))
        ],
        'users': [views.user(rows) for rows in users[: detail.listed_users]],
        'user_count': len(users),
    }


def _host_numbers(counts: dict[str, t.Any]) -> list[Number]:
    numbers = [Number('asked', counts['hosts_asked'])]
    numbers += [
        Number(label.words, counts[f'hosts_{name}'], label.tone)
        for name, label in labels.STATUSES.items()
        if name != 'not_asked' or counts['hosts_not_asked']
    ]
    return numbers


def _states(counts: dict[str, t.Any]) -> list[Number]:
    numbers = [
        Number('active', counts['active'], 'accent'),
        Number('disconnected', counts['disconnected'], 'calm'),
    ]
    return numbers + ([Number('other', counts['other'], 'warn')] if counts['other'] else [])


def _over_limit(report: Report) -> list[Number]:
    count = report.counts['over_limit']
    return [Number('over the limit', count, 'warn')] if report.limits or count else []


def _bar(numbers: c.Sequence[Number]) -> list[Share]:
    whole = sum(number.amount for number in numbers) or 1
    shares, start = [], 0.0
    for number in numbers:
        width = 100 * number.amount / whole
        if number.amount:
            shares.append(Share(number.tone, start, width))
        start += width
    return shares


class _Views:
    """The hosts, users and sessions of the page, in one level of detail."""

    def __init__(self, report: Report, detail: Detail) -> None:
        self._report = report
        self._detail = detail

    def host(self, host: Host) -> dict[str, t.Any]:
        """A host with its sessions."""
        there = [row for row in host.rows if row['present'] and is_user_session(row)]
        return {
            'host': host.name,
            'site': host.site if self._report.has_sites else None,
            'label': labels.STATUSES[host.status],
            'seen': host.seen,
            'message': shorten(host.message or '', self._detail.length),
            **_numbers(there),
            'summary': self._summary(host),
            'rows': self._rows(host.rows, self._detail.sessions, of_host=True),
        }

    def user(self, rows: list[Row]) -> dict[str, t.Any]:
        """A user with the present sessions."""
        return {
            'name': shorten(rows[0]['account'], self._detail.length),
            'hosts': len({(row['site'], row['host']) for row in rows}),
            **_numbers(rows),
            'summary': plural(len(rows), 'session'),
            'rows': self._rows(rows, self._detail.users, of_host=False),
        }

    def session(self, row: Row) -> dict[str, t.Any]:
        """A session with its facts."""
        length = self._detail.length
        return {
            'host': row['host'],
            'site': row['site'] if self._report.has_sites else None,
            'id': row['id'],
            'account': self._name(row),
            'state': _state(row),
            'idle': _idle(row),
            'since': labels.moment(row['logon_time']) if row['logon_time'] else None,
            'client': shorten(row['client_name'] or row['client_address'] or '', length),
            'label': labels.outcome(row) if row['outcome'] else None,
            'limit': reason(row['over_limit']) if row['over_limit'] else None,
            'why': shorten(labels.why(row), length),
            'notes': _notes(row),
        }

    def _summary(self, host: Host) -> str:
        ended = sum(row['present'] is False for row in host.rows)
        parts = [plural(len(host.rows) - ended, 'session'), *([f'{ended} ended'] if ended else [])]
        if not host.seen:
            parts.append('as last listed')
        ranges = self._report.applied_limits.values()
        if host.limits and any(least != most for least, most in ranges):
            parts.append(f'limits: {labels.host_limits(host.limits)}')
        return ', '.join(parts)

    def _rows(self, rows: c.Sequence[Row], kind: str, of_host: bool) -> list[t.Any]:
        if kind == 'table':
            return [self.session(row) for row in rows]
        return [] if kind == 'none' else self._groups(rows, kind, of_host)

    def _groups(self, rows: c.Sequence[Row], kind: str, of_host: bool) -> list[str]:
        # State and domain once for all sessions that share them, and only the largest unit of an idle time.
        groups: dict[str, list[str]] = {}
        for row in rows:
            group = 'ended' if row['present'] is False else _state(row)
            name = self._name(row) if of_host else self._place(row)
            if of_host and row['user'] and row['domain']:
                group, name = f'{group} in {row["domain"]}', shorten(row['user'], self._detail.length)
            short = ' '.join(_idle(row).split()[:2]) if kind == 'idle' and (row['idle_seconds'] or 0) >= 60 else ''
            groups.setdefault(group, []).append(f'{name} ({short})' if short else name)
        return [f'{len(names)} {group}: {", ".join(names)}' for group, names in sorted(groups.items())]

    def _name(self, row: Row) -> str:
        return shorten(
            row['account'] or row['user'] or row['session_name'] or '(no user)', min(self._detail.length, 300)
        )

    def _place(self, row: Row) -> str:
        return f'{row["host"]} ({row["site"]})' if row['site'] and self._report.has_sites else row['host']


def _by_user(sessions: c.Iterable[Row]) -> list[list[Row]]:
    """Group the present sessions by user, the users with the most sessions first."""
    users: dict[str, list[Row]] = {}
    for row in sessions:
        if row['account'] and row['present'] and is_user_session(row):
            users.setdefault(row['account'].casefold(), []).append(row)
    return [users[name] for name in sorted(users, key=lambda name: (-len(users[name]), name))]


def _numbers(rows: c.Sequence[Row]) -> dict[str, t.Any]:
    states = [row['state'] for row in rows]
    longest = max(rows, key=lambda row: -1 if row['idle_seconds'] is None else row['idle_seconds'], default=None)
    return {
        'sessions': len(rows),
        'active': states.count('active'),
        'disconnected': states.count('disconnected'),
        'over_limit': sum(row['over_limit'] is not None for row in rows),
        'idle': _idle(longest) if longest else '',
    }


def _state(row: Row) -> str:
    facts = (('ghost', row['ghost']), ('console', row['console']), ('locked', row['locked']))
    return ', '.join([row['state'] or 'state unknown', *(name for name, holds in facts if holds)])


def _idle(row: Row) -> str:
    return '' if row['idle_seconds'] is None else idle(row)


def _notes(row: Row) -> list[labels.Label]:
    notes = []
    if row['outcome']:
        notes.append(labels.outcome(row))
    elif row['over_limit']:
        notes.append(labels.Label(reason(row['over_limit']), 'over'))
    if row['present'] is None:
        notes.append(labels.Label('as last listed', ''))
    return notes
