# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""The report for people: one HTML page that needs nothing but itself.

End tags that HTML lets one leave out (``</td>``, ``</tr>``, ``</tbody>``) are left out: a thousand hosts fit in a mail.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils import _report_words as words
from ansible_collections.winops.sessions.plugins.plugin_utils._report_model import (
    STATUSES,
    Host,
    Report,
    Row,
    is_user_session,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._report_safe import for_html, shorten
from ansible_collections.winops.sessions.plugins.plugin_utils._report_style import POLICY, SCRIPT, STYLE
from ansible_collections.winops.sessions.plugins.plugin_utils._words import human_duration, plural

#: A page of this many bytes is still mailed and opened anywhere.
BUDGET = 1_000_000

#: Up to this many sessions the page shows them all at once, beyond it they are folded away under their host.
UNFOLDED = 60


class Detail(t.NamedTuple):
    """How much a page tells.

    :ivar sessions: ``table`` (each with its facts), ``idle`` (each by name, with its idle time), ``names`` (each by
        name), ``none`` (numbers only)
    :ivar listed: most rows of the lists of exceptions
    :ivar length: most characters of a text
    """

    sessions: str
    listed: int
    length: int


#: From telling everything to telling what matters; the first that fits the budget is taken.
DETAILS = (Detail('table', 5000, 300), Detail('idle', 500, 200), Detail('names', 200, 60), Detail('none', 100, 60))


def to_html(report: Report) -> str:
    """The report as one page.

    :param report: the fleet
    :returns: HTML 5, as UTF-8 at most :data:`BUDGET` bytes for a fleet of up to some thousand hosts
    """
    page = ''
    for detail in DETAILS:
        page = _page(report, detail)
        if len(page.encode()) <= BUDGET:
            break
    return page


def _page(report: Report, detail: Detail) -> str:
    title = f'{for_html(report.title)} · {for_html(report.target)} · {words.moment(report.time)}'
    verdict = words.verdict(report)
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        '<meta name="color-scheme" content="light dark">\n<meta name="generator" content="winops.sessions">\n',
        f'<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n',
        f'<header>\n<h1>{for_html(report.title)}</h1>\n',
        f'<p class="where">{for_html(report.target)} · ',
        f'<time datetime="{report.time}">{words.moment(report.time)}</time></p>\n',
        f'<p class="verdict {verdict.tone}">{verdict.words}</p>\n',
        *_cards(report),
        '</header>\n<main>\n',
        *_troubled_hosts(report, detail),
        *_acted(report, detail),
        *_over_limit(report, detail),
        *_hosts(report, detail),
        '</main>\n',
        *_footer(report),
        f'<script>{SCRIPT}</script>\n</body>\n</html>\n',
    ]
    return ''.join(parts)


def _cards(report: Report) -> c.Iterator[str]:
    counts = report.counts
    hosts = [('asked', counts['hosts_asked'], '')]
    hosts += [
        (word.words, counts[f'hosts_{name}'], word.tone) for name, word in words.STATUSES.items() if name != 'not_asked'
    ]
    if counts['hosts_not_asked']:
        hosts.append(('not asked', counts['hosts_not_asked'], 'warn'))
    sessions = [
        ('in all', counts['sessions'], ''),
        ('active', counts['active'], 'accent'),
        ('disconnected', counts['disconnected'], 'calm'),
    ]
    if counts['other']:
        sessions.append(('other', counts['other'], 'warn'))
    over = [('over the limit', counts['over_limit'], 'warn')] if report.limits or counts['over_limit'] else []
    yield '<div class="cards">\n'
    yield _card('Hosts', hosts, hosts[1:])
    yield _card(
        f'Sessions of {counts["users"]:,} {"user" if counts["users"] == 1 else "users"}',
        [*sessions, *over],
        sessions[1:],
    )
    yield '</div>\n'


def _card(heading: str, numbers: list[tuple[str, int, str]], shares: list[tuple[str, int, str]]) -> str:
    cells = ''.join(
        f'<div{_tone(tone, count)}><dt>{word}</dt><dd>{count:,}</dd></div>' for word, count, tone in numbers
    )
    return f'<div class="card"><h2>{heading}</h2><dl>{cells}</dl>{_bar(shares)}</div>\n'


def _tone(tone: str, count: int) -> str:
    return f' class="t-{tone}"' if tone in ('bad', 'warn', 'good') and count else ''


def _bar(numbers: list[tuple[str, int, str]]) -> str:
    # Widths as attributes of SVG: the page's policy allows no style attributes.
    whole = sum(count for _word, count, _tone in numbers) or 1
    rects, at = '', 0.0
    for _word, count, tone in numbers:
        width = 100 * count / whole
        if count:
            rects += f'<rect class="f-{tone}" x="{at:.2f}" width="{width:.2f}" height="1"/>'
        at += width
    return f'<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">{rects}</svg>'


def _troubled_hosts(report: Report, detail: Detail) -> c.Iterator[str]:
    troubled = _troubled(report)
    if not troubled:
        return
    yield _heading('Hosts that need attention', len(troubled))
    yield _table('host', 'status', 'what it said')
    for host in troubled:
        yield f'<tr><th scope="row">{for_html(host.name)}' + _cells(
            ('s', _pill(words.STATUSES[host.status])), ('w', _short(host.message, detail))
        )
    yield _end(len(troubled), len(troubled))


def _acted(report: Report, detail: Detail) -> c.Iterator[str]:
    outcomes = report.counts['outcomes']
    if not outcomes:
        return
    order = words.by_urgency(outcomes)
    rows = [row for name in order for row in report.sessions if row['outcome'] == name]
    yield _heading('What was done', len(rows))
    yield (
        '<p class="sum">'
        + ' '.join(f'<span>{_pill(words.outcome(name))} {outcomes[name]:,}</span>' for name in order)
        + '</p>\n'
    )
    yield _table('account', 'outcome', 'host', 'id', 'state', 'idle', 'why')
    for row in rows[: detail.listed]:
        yield f'<tr><th scope="row">{_who(row, detail)}' + _cells(
            ('s', _pill(words.outcome(row['outcome']))),
            ('w', _known(row['host'])),
            ('n k-id', _known(row['id'])),
            ('', _state(row)),
            ('n k-idle', _idle(row)),
            ('w', _short(words.why(row), detail)),
        )
    yield _end(len(rows), detail.listed)


def _over_limit(report: Report, detail: Detail) -> c.Iterator[str]:
    rows = [row for row in report.sessions if row['over_limit'] and row['present'] and not row['outcome']]
    if not rows:
        return
    rows.sort(key=lambda row: -(row['idle_seconds'] or 0))
    yield _heading('Over the limit', len(rows), words.limits(report))
    yield _table('account', 'host', 'id', 'state', 'idle', 'logged on since', 'why')
    for row in rows[: detail.listed]:
        why = words.limit(row['over_limit'])
        yield f'<tr><th scope="row">{_who(row, detail)}' + _cells(
            ('w', _known(row['host'])),
            ('n k-id', _known(row['id'])),
            ('', _state(row)),
            ('n k-idle', _idle(row)),
            ('n k-since', _since(row)),
            ('', for_html(why)),
        )
    yield _end(len(rows), detail.listed)


def _hosts(report: Report, detail: Detail) -> c.Iterator[str]:
    yield _heading('Hosts and their sessions', len(report.hosts))
    if detail.sessions != 'table':
        yield '<p>To keep this page small, sessions are told in short; '
        yield 'each with all its facts is in report.csv and report.json.</p>\n'
    find = 'Find a user, host, client'
    yield f'<div class="tools" hidden><input type="search" placeholder="{find}" aria-label="{find}">'
    yield '<button type="button" aria-pressed="false">Open all</button><output></output></div>\n'
    yield '<div class="scroll"><table class="wide hosts"><thead><tr>'
    yield ''.join(
        f'<th scope="col">{name}'
        for name in ('host', 'status', 'sessions', 'active', 'disconnected', 'over limit', 'longest idle')
    )
    yield '</thead>\n'
    unfold = len(report.sessions) <= UNFOLDED
    troubled = _troubled(report)
    for host in [*troubled, *(host for host in report.hosts if host.status == 'answered')]:
        yield from _one_host(host, detail, unfold)
    yield '</table></div></section>\n'


def _one_host(host: Host, detail: Detail, unfold: bool) -> c.Iterator[str]:
    yield f'<tbody><tr{"" if host.seen else " class=lost"}><th scope="row">{for_html(host.name)}'
    yield f'<td class="s">{_pill(words.STATUSES[host.status])}'
    if host.seen:
        there = [row for row in host.rows if row['present'] and is_user_session(row)]
        states = [row['state'] for row in there]
        idle = max((row['idle_seconds'] for row in there if row['idle_seconds'] is not None), default=None)
        numbers = (
            ('sessions', len(there)),
            ('active', states.count('active')),
            ('disc', states.count('disconnected')),
            ('over', sum(row['over_limit'] is not None for row in there)),
        )
        yield ''.join(f'<td class="n k-{name}">{count}' for name, count in numbers)
        yield f'<td class="n k-idle">{"" if idle is None else human_duration(idle)}'
    else:
        # Never a number: nobody knows how many there are.
        yield f'<td class="w" colspan="5">not known: {for_html(shorten(host.message or "", 100))}'
    if host.rows and detail.sessions != 'none':
        yield f'\n<tr class="d"><td colspan="7"><details{" open" if unfold else ""}><summary>{_folded(host)}</summary>'
        yield from (
            _session_table(host.rows, detail) if detail.sessions == 'table' else _session_names(host.rows, detail)
        )
        yield '</details>'
    yield '\n'


def _folded(host: Host) -> str:
    gone = sum(row['present'] is False for row in host.rows)
    told = plural(len(host.rows) - gone, 'session') + (f', {gone} ended' if gone else '')
    return told if host.seen else f'{told}, seen before the host fell silent'


def _session_table(rows: c.Sequence[Row], detail: Detail) -> c.Iterator[str]:
    yield '<table class="in"><thead><tr>'
    yield ''.join(
        f'<th scope="col">{name}' for name in ('id', 'account', 'state', 'idle', 'logged on since', 'client', 'note')
    )
    yield '</thead><tbody>'
    for row in rows:
        yield '<tr>' + _cells(
            ('', _known(row['id'])),
            ('', _who(row, detail)),
            ('', _state(row)),
            ('n', _idle(row)),
            ('n', _since(row)),
            ('', _short(row['client_name'] or row['client_address'], detail)),
            ('', _note(row)),
        )
    yield '</table>'


def _session_names(rows: c.Sequence[Row], detail: Detail) -> c.Iterator[str]:
    # The state and the domain are said once for all who share them, an idle time in its largest unit.
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        name = _short(row['user'], detail) or _who(row, detail)
        idle = (
            ' '.join(_idle(row).split()[:2]) if detail.sessions == 'idle' and (row['idle_seconds'] or 0) >= 60 else ''
        )
        domain = f' in {_short(row["domain"], detail)}' if row['domain'] else ''
        groups.setdefault((_state(row), domain), []).append(f'{name} ({idle})' if idle else name)
    for (state, domain), names in sorted(groups.items()):
        yield f'<p>{len(names)} {state}{domain}: {", ".join(names)}'


def _footer(report: Report) -> c.Iterator[str]:
    yield '<footer>\n'
    if report.merged:
        yield f'<p>Merged with {plural(len(report.merged), "earlier report")}; '
        yield 'the newest word on a host is told.</p>\n<ul>'
        for one in report.merged:
            used = f'{one["used"]} of its {plural(one["hosts"], "host")}'
            yield f'<li>{for_html(one["source"])}: {for_html(one["target"])}, {words.moment(one["time"])}, {used}\n'
        yield '</ul>\n'
    yield "<p>Idle times and ages are by each host's own clock. "
    yield "A question mark: Windows does not keep the console's idle time reliably.</p>\n"
    yield f'<p>Made by the Ansible collection winops.sessions, {words.moment(report.time)}. '
    yield 'All facts are in report.csv and report.json beside this page.</p>\n'
    yield '</footer>\n'


def _troubled(report: Report) -> list[Host]:
    return [host for status in STATUSES if status != 'answered' for host in report.hosts if host.status == status]


def _heading(text: str, count: int, note: str = '') -> str:
    return f'<section><h2>{text} <small>{count:,}{" · " + note if note else ""}</small></h2>\n'


def _table(*names: str) -> str:
    heads = ''.join(f'<th scope="col">{name}' for name in names)
    return f'<div class="scroll"><table class="wide"><thead><tr>{heads}</thead>\n<tbody>\n'


def _end(count: int, shown: int) -> str:
    more = f'<p class="more">… and {count - shown:,} more {words.SEE_CSV}</p>' if count > shown else ''
    return f'</table></div>{more}</section>\n'


def _cells(*cells: tuple[str, str]) -> str:
    """Cells, each with its classes, and the end of the row."""
    return ''.join(f'<td class="{names}">{text}' if names else f'<td>{text}' for names, text in cells) + '\n'


def _pill(word: words.Word) -> str:
    return f'<b class="pill {word.tone}">{for_html(word.words)}</b>'


def _short(text: str | None, detail: Detail) -> str:
    return for_html(shorten(text or '', detail.length))


def _known(value: t.Any) -> str:
    return '' if value is None else for_html(str(value))


def _who(row: Row, detail: Detail) -> str:
    return _short(row['account'] or row['user'] or row['session_name'] or '(nobody)', detail)


def _state(row: Row) -> str:
    facts = [row['state'] or 'state unknown']
    facts += [
        name
        for name, yes in (('left over', row['ghost']), ('console', row['console']), ('locked', row['locked']))
        if yes
    ]
    return for_html(', '.join(facts))


def _idle(row: Row) -> str:
    if row['idle_seconds'] is None:
        return ''
    return human_duration(row['idle_seconds']) + ('?' if row['idle_reliable'] is False else '')


def _since(row: Row) -> str:
    return for_html(words.moment(row['logon_time'])) if row['logon_time'] else ''


def _note(row: Row) -> str:
    notes = []
    if row['outcome']:
        word = words.outcome(row['outcome'])
        notes.append(f'<b class="{word.tone}">{for_html(word.words)}</b>')
    elif row['over_limit']:
        notes.append(f'<span class="over">{for_html(words.limit(row["over_limit"]))}</span>')
    if row['present'] is None:
        notes.append('seen before the host fell silent')
    return ', '.join(notes)
