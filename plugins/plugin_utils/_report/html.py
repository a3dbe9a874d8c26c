# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""The HTML report: one page that needs no other file. ``report.html.j2`` holds the markup, this module its values."""

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
from ansible_collections.winops.sessions.plugins.plugin_utils._words import human_duration, plural

_FOLDER = pathlib.Path(__file__).parent
STYLE = (_FOLDER / 'report.css').read_text(encoding='utf-8').strip()
SCRIPT = (_FOLDER / 'report.js').read_text(encoding='utf-8').strip()

#: A page of this many bytes is still mailed and opened anywhere.
BUDGET = 1_000_000

#: Up to this many sessions the page shows them all at once, beyond it they are folded away under their host.
UNFOLDED = 60


class Detail(t.NamedTuple):
    """How much a page shows.

    :ivar sessions: ``table`` (each with its facts), ``idle`` (each by name, with its idle time), ``names`` (each by
        name), ``none`` (numbers only)
    :ivar listed: most rows of the lists of exceptions
    :ivar length: most characters of a text
    """

    sessions: str
    listed: int
    length: int


#: From showing everything to showing what matters; the first that fits the budget is taken.
DETAILS = (Detail('table', 5000, 300), Detail('idle', 500, 200), Detail('names', 200, 60), Detail('none', 100, 60))


class Number(t.NamedTuple):
    """A number of a card: its label, its count, its tone."""

    words: str
    count: int
    tone: str = ''


class Share(t.NamedTuple):
    """A part of a bar, in percent of its width."""

    tone: str
    start: float
    width: float


def to_html(report: Report) -> str:
    """Render the report as one page.

    :param report: the fleet
    :returns: HTML 5, as UTF-8 at most :data:`BUDGET` bytes for a fleet of up to some thousand hosts
    """
    page = ''
    for detail in DETAILS:
        page = render(report, detail)
        if len(page.encode()) <= BUDGET:
            break
    return page


def render(report: Report, detail: Detail) -> str:
    """Render the page in one degree of detail.

    :param report: the fleet
    :param detail: how much of it
    :returns: HTML 5
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
    # Only the page's own style and script take effect (Content Security Policy, level 2).
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
        'bar': _bar,
    }


def _fingerprint(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _values(report: Report, detail: Detail) -> dict[str, t.Any]:
    counts, sessions = report.counts, report.sessions
    troubled = [host for status in STATUSES if status != 'answered' for host in report.hosts if host.status == status]
    outcomes = labels.by_urgency(counts['outcomes'])
    acted = [row for name in outcomes for row in sessions if row['outcome'] == name]
    over = [row for row in sessions if row['over_limit'] and row['present'] and not row['outcome']]
    over.sort(key=lambda row: -(row['idle_seconds'] or 0))
    states = _states(counts)
    return {
        'report': report,
        'detail': detail,
        'verdict': labels.verdict(report),
        'limits': labels.limits(report),
        'listed': detail.listed,
        'unfold': len(sessions) <= UNFOLDED,
        'host_numbers': _host_numbers(counts),
        'states': states,
        'session_numbers': [Number('in all', counts['sessions']), *states, *_over_limit(report)],
        'outcomes': [{'label': labels.outcome(name), 'count': counts['outcomes'][name]} for name in outcomes],
        'troubled': [
            {
                'name': host.name,
                'label': labels.STATUSES[host.status],
                'message': shorten(host.message or '', detail.length),
            }
            for host in troubled
        ],
        'acted': [_session(row, detail) for row in acted],
        'over_limit': [_session(row, detail) for row in over],
        'hosts': [
            _host(host, detail) for host in (*troubled, *(host for host in report.hosts if host.status == 'answered'))
        ],
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
    whole = sum(number.count for number in numbers) or 1
    shares, start = [], 0.0
    for number in numbers:
        width = 100 * number.count / whole
        if number.count:
            shares.append(Share(number.tone, start, width))
        start += width
    return shares


def _host(host: Host, detail: Detail) -> dict[str, t.Any]:
    there = [row for row in host.rows if row['present'] and is_user_session(row)]
    states = [row['state'] for row in there]
    idle = max((row['idle_seconds'] for row in there if row['idle_seconds'] is not None), default=None)
    return {
        'name': host.name,
        'label': labels.STATUSES[host.status],
        'seen': host.seen,
        'brief': shorten(host.message or '', 100),
        'sessions': len(there),
        'active': states.count('active'),
        'disconnected': states.count('disconnected'),
        'over_limit': sum(row['over_limit'] is not None for row in there),
        'idle': None if idle is None else human_duration(idle),
        'summary': _summary(host),
        'rows': _rows(host, detail),
    }


def _summary(host: Host) -> str:
    gone = sum(row['present'] is False for row in host.rows)
    counted = plural(len(host.rows) - gone, 'session') + (f', {gone} ended' if gone else '')
    return counted if host.seen else f'{counted}, seen before the host became unreachable'


def _rows(host: Host, detail: Detail) -> list[t.Any]:
    if detail.sessions == 'table':
        return [_session(row, detail) for row in host.rows]
    return [] if detail.sessions == 'none' else _names(host.rows, detail)


def _names(rows: c.Sequence[Row], detail: Detail) -> list[str]:
    # State and domain are given once for all sessions that share them, an idle time in its largest unit.
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        name = shorten(row['user'] or '', detail.length) or _account(row, detail)
        idle = (
            ' '.join(_idle(row).split()[:2]) if detail.sessions == 'idle' and (row['idle_seconds'] or 0) >= 60 else ''
        )
        domain = f' in {shorten(row["domain"], detail.length)}' if row['domain'] else ''
        groups.setdefault((_state(row), domain), []).append(f'{name} ({idle})' if idle else name)
    return [f'{len(names)} {state}{domain}: {", ".join(names)}' for (state, domain), names in sorted(groups.items())]


def _session(row: Row, detail: Detail) -> dict[str, t.Any]:
    return {
        'host': row['host'],
        'id': row['id'],
        'account': _account(row, detail),
        'state': _state(row),
        'idle': _idle(row),
        'since': labels.moment(row['logon_time']) if row['logon_time'] else None,
        'client': shorten(row['client_name'] or row['client_address'] or '', detail.length),
        'label': labels.outcome(row['outcome']) if row['outcome'] else None,
        'limit': labels.limit(row['over_limit']) if row['over_limit'] else None,
        'why': shorten(labels.why(row), detail.length),
        'notes': _notes(row),
    }


def _account(row: Row, detail: Detail) -> str:
    return shorten(row['account'] or row['user'] or row['session_name'] or '(nobody)', detail.length)


def _state(row: Row) -> str:
    facts = (('left over', row['ghost']), ('console', row['console']), ('locked', row['locked']))
    return ', '.join([row['state'] or 'state unknown', *(name for name, holds in facts if holds)])


def _idle(row: Row) -> str:
    if row['idle_seconds'] is None:
        return ''
    return human_duration(row['idle_seconds']) + ('?' if row['idle_reliable'] is False else '')


def _notes(row: Row) -> list[labels.Word]:
    notes = []
    if row['outcome']:
        notes.append(labels.outcome(row['outcome']))
    elif row['over_limit']:
        notes.append(labels.Word(labels.limit(row['over_limit']), 'over'))
    if row['present'] is None:
        notes.append(labels.Word('seen before the host became unreachable', ''))
    return notes
