"""The four forms of a report: they have the same rows, and texts in them are harmless."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report.fleets import TIME, done, large, office, record

from ansible_collections.winops.sessions.plugins.plugin_utils._report.data import from_json, merge, to_csv, to_json
from ansible_collections.winops.sessions.plugins.plugin_utils._report.escape import for_csv, readable
from ansible_collections.winops.sessions.plugins.plugin_utils._report.html import (
    BUDGET,
    DETAILS,
    SCRIPT,
    STYLE,
    render,
    to_html,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import (
    COLUMNS,
    Report,
    ReportError,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._report.results import build_report
from ansible_collections.winops.sessions.plugins.plugin_utils._report.summary import to_statistics, to_summary

FORMS = (to_html, to_csv, to_json, lambda report: '\n'.join(to_summary(report)))
NASTY = [
    '<script>alert(1)</script>',
    '</style><img src=x onerror=alert(1)>',
    ']]><!--',
    '"><b onmouseover=x>',
    "'onclick='x",
    '&lt;b&gt;',
    "=cmd|' /C calc'!A1",
    '+1+1',
    '-2+3',
    '@SUM(A1)',
    '\t=1+1',
    '\r=1+1',
    '＝1+1',
    'a;=1+1',
    'a,"b"\r\nc',
    '\u202etxt.exe',
    'a\x00b',
    '\ud800lone',
    '\x1b[31mred',
    'x' * 2000,
    '',
    ' ',
]
hostile = st.sampled_from(NASTY) | st.text(st.characters())


class Elements(HTMLParser):
    """The elements of a page as a browser parses them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def infested(text: str) -> Report:
    """A report in which every text that a host can choose is this one."""
    facts = dict.fromkeys(('session_name', 'user', 'domain', 'client_name', 'client_address', 'state', 'token'), text)
    times = dict.fromkeys(('logon_time', 'connect_time', 'disconnect_time', 'last_input_time', 'sid', 'protocol'), text)
    session = record(2, text) | facts | times
    ended = session | done(text, reason=text, detail=text, action=text) | {'id': 3, 'token': text + '3'}
    results = {
        'web01': {'sessions': [session, ended], 'remaining': [session], 'protected': [], 'host_time': text},
        'web02': {'failed': True, 'msg': text},
        f'web{text}': {'unreachable': True, 'msg': text},
    }
    return build_report(results, TIME, title=text, target=text, limits={'max_idle': 0})


@pytest.fixture(scope='module')
def report() -> Report:
    return build_report(office(), TIME, target='rds, web, sql', limits={'max_idle': 7200, 'max_disconnected': 1800})


@pytest.mark.parametrize('form', FORMS)
def test_the_same_input_gives_the_same_bytes(form) -> None:
    fleet = office()
    backwards = dict(reversed(fleet.items()))
    assert form(build_report(fleet, TIME)).encode() == form(build_report(backwards, TIME)).encode()


@pytest.mark.parametrize('form', FORMS)
def test_every_form_has_every_host_and_user(form, report: Report) -> None:
    text = form(report)
    absent = {host.name for host in report.hosts if host.name not in text}
    # In the summary a host without sessions is a number.
    assert absent == ({'web01'} if form is FORMS[-1] else set())
    assert [row['user'] for row in report.sessions if row['user'] not in text] == []


@pytest.mark.parametrize('form', FORMS)
def test_every_form_names_the_hosts_that_could_not_be_queried_and_why(form, report: Report) -> None:
    text = form(report).lower().replace('_', ' ')
    assert 'lacks the right to see sessions' in text
    assert 'connection timed out' in text
    assert 'left the play before the task' in text
    assert all(word in text for word in ('failed', 'unreachable', 'not asked'))


def test_csv_and_json_hold_the_same_rows_under_the_same_names(report: Report) -> None:
    table = list(csv.DictReader(io.StringIO(to_csv(report).removeprefix('\ufeff'), newline='')))
    rows = json.loads(to_json(report))['rows']
    words = {None: '', True: 'true', False: 'false'}
    assert table == [
        {name: words[value] if value is None or isinstance(value, bool) else str(value) for name, value in row.items()}
        for row in rows
    ]
    assert list(table[0]) == list(COLUMNS)


def test_the_json_report_has_its_schema_version_and_counts(report: Report) -> None:
    data = json.loads(to_json(report))
    assert data['schema_version'] == 1
    assert (data['time'], data['target'], data['columns']) == (TIME, 'rds, web, sql', list(COLUMNS))
    assert data['counts'] == report.counts


@settings(max_examples=60, deadline=None)
@given(hostile)
def test_text_of_a_host_never_becomes_markup(text: str) -> None:
    harmless, infected = Elements(to_html(infested('x'))), Elements(to_html(infested(text)))
    assert set(infected.tags) <= set(harmless.tags) | {'ul', 'li'}
    assert infected.tags.count('script') == 1
    assert [
        name for name, _value in infected.attributes if name.startswith('on') or name in ('src', 'href', 'style')
    ] == []
    to_html(infested(text)).encode('utf-8')


@settings(max_examples=60, deadline=None)
@given(hostile)
def test_every_row_of_the_csv_is_one_line_and_no_cell_is_a_formula(text: str) -> None:
    made = infested(text)
    content = to_csv(made)
    content.encode('utf-8')
    lines = content.split('\r\n')
    assert len(lines) == len(made.rows) + 2
    assert not re.search(r'[\x00-\x08\x0a-\x1f\u202a-\u202e]', content.replace('\r\n', ''))
    for row in csv.reader(io.StringIO(content, newline='')):
        assert len(row) == len(COLUMNS)
        assert [
            cell for cell in row if re.match(r'\s*[=+\-@＝＋－＠]', cell) or re.search(r';[\s"]*[=+\-@]', cell)
        ] == []


@settings(max_examples=60, deadline=None)
@given(hostile)
def test_a_json_report_reads_back_unchanged(text: str) -> None:
    made = infested(text)
    content = to_json(made)
    assert content.isascii()
    json.dumps(json.loads(content), ensure_ascii=False).encode('utf-8')
    assert from_json(content, 'report.json').hosts == made.hosts


@settings(max_examples=60, deadline=None)
@given(hostile)
def test_the_summary_has_no_terminal_commands(text: str) -> None:
    lines = to_summary(infested(text)) + to_statistics(infested(text))['user_sessions_unseen']
    assert [
        line for line in lines if re.search(r'[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]', line)
    ] == []


@given(st.text(st.characters()))
def test_readable_text_is_printable_and_complete(text: str) -> None:
    shown = readable(text)
    assert len(shown) >= len(text)
    assert all(character.isprintable() or character.isspace() for character in shown)
    shown.encode('utf-8')


@pytest.mark.parametrize(
    ('text', 'cell'),
    [
        ('=cmd|x', "'=cmd|x"),
        ('  @x', "  '@x"),
        ('a;+1', "a;'+1"),
        ('a=b', 'a=b'),
        ('CORP\\alice', 'CORP\\alice'),
        ('x;"=1+1;', 'x;"\'=1+1;'),
        ('\t=1', '\\t=1'),
        ('10.0.0.5', '10.0.0.5'),
    ],
)
def test_only_the_start_of_a_cell_is_guarded(text: str, cell: str) -> None:
    assert for_csv(text) == cell


def test_the_page_loads_nothing(report: Report) -> None:
    page = to_html(report)
    parsed = Elements(page)
    assert not {'link', 'img', 'iframe', 'object', 'base', 'form', 'a'} & set(parsed.tags)
    assert not re.search(r'url\(|@import|https?:', STYLE + SCRIPT)
    assert [value for name, value in parsed.attributes if name == 'content' and "default-src 'none'" in (value or '')]


def test_the_exceptions_come_before_the_hosts(report: Report) -> None:
    page = to_html(report)
    order = [page.index(heading) for heading in ('need attention', '>Actions <', 'Hosts and their sessions')]
    assert order == sorted(order)
    hosts = page[page.index('<table class="wide groups">') :]
    assert [hosts.index(f'>{name}<') for name in ('sql01', 'web03', 'web04', 'web05', 'rds01')] == sorted(
        hosts.index(f'>{name}<') for name in ('sql01', 'web03', 'web04', 'web05', 'rds01')
    )


def test_the_page_has_no_numbers_for_a_host_that_could_not_be_queried(report: Report) -> None:
    hosts = to_html(report).split('<table class="wide groups">')[1]
    (row,) = re.findall(r'<tr class=lost><th scope="row">web04.*?(?=<tbody>)', hosts, re.DOTALL)
    assert 'unreachable' in row
    assert 'sessions unknown' in row
    assert not re.search(r'<td class="n', row)


def test_the_verdict_is_good_only_if_every_host_answered(report: Report) -> None:
    quiet = build_report({'web01': {'sessions': []}}, TIME)
    assert to_summary(quiet)[1] == 'Every host answered.'
    assert to_summary(build_report({}, TIME))[1] == 'No host was queried.'
    assert to_summary(report)[1] == (
        '3 of 9 hosts could not be queried. Their sessions are unknown. '
        '1 more host failed. 1 session did not reach the desired state.'
    )


@pytest.mark.parametrize('ended', [False, True], ids=['listed', 'ended'])
def test_a_thousand_hosts_with_twenty_sessions_each_fit_into_a_mail(ended: bool) -> None:
    fleet = large(acted=ended)
    made = build_report(fleet, TIME, limits={'max_idle': 7200})
    page = to_html(made)
    assert len(page.encode()) < BUDGET
    assert page.count('<tbody><tr', 0, page.find('id="by-user"')) == 1000
    shown = set(re.findall(r'[\w.]+', page))
    assert [row['user'] for row in made.sessions if row['user'] not in shown] == []


def test_the_longest_names_do_not_make_the_page_larger() -> None:
    fleet = large()
    for answer in fleet.values():
        for session in answer.get('sessions', []):
            session['account'] = session['user'] = '<' * 255
    page = to_html(build_report(fleet, TIME, limits={'max_idle': 7200}))
    assert len(page.encode()) < BUDGET
    assert 'in report.csv' in page


@pytest.mark.parametrize('detail', DETAILS)
def test_a_shortened_list_of_the_page_states_how_many_rows_are_missing(detail) -> None:
    rows = [record(number, f'CORP\\u{number}') | done('logged_off') for number in range(1, 6001)]
    page = render(build_report({'web01': {'sessions': rows, 'remaining': []}}, TIME), detail)
    assert f'and {6000 - detail.listed:,} more in report.csv' in page


def test_a_shortened_list_of_the_summary_states_how_many_lines_are_missing() -> None:
    lines = to_summary(build_report({f'h{n}': {'failed': True, 'msg': 'no'} for n in range(40)}, TIME))
    assert '... and 15 more in report.csv' in lines


def test_the_statistics_stay_small_and_state_whether_names_are_missing() -> None:
    fleet = {f'h{number:03}': {'unreachable': True, 'msg': 'no'} for number in range(500)}
    statistics = to_statistics(build_report(fleet, TIME))
    assert statistics['user_sessions_hosts_unreachable'] == 500
    assert len(statistics['user_sessions_unseen']) == 20
    assert statistics['user_sessions_unseen_truncated'] is True
    assert all(name.startswith('user_sessions_') for name in statistics)


# Merging


def at(time: str, **hosts: object) -> Report:
    """A report of that time."""
    return build_report(hosts, time)


def listed(*users: str) -> dict:
    """A host with these users."""
    return {'sessions': [record(number, f'CORP\\{user}') for number, user in enumerate(users, 2)]}


EARLY, LATE = '2026-11-21T08:00:00Z', '2026-11-21T09:00:00Z'
GONE = {'unreachable': True, 'msg': 'timed out'}


def users(merged: Report, host: str) -> list[str]:
    """The users in a report."""
    return [row['user'] for row in merged.sessions if row['host'] == host]


def test_slices_of_a_job_become_one_report() -> None:
    slices = [('1.json', at(EARLY, a=listed('alice'))), ('2.json', at(EARLY, b=listed('bob'), c=GONE))]
    merged = merge(at(LATE), slices)
    assert [(host.name, host.status) for host in merged.hosts] == [
        ('a', 'answered'),
        ('b', 'answered'),
        ('c', 'unreachable'),
    ]
    assert merged.merged == (
        {'source': '1.json', 'time': EARLY, 'target': 'all', 'hosts': 1, 'used': 1},
        {'source': '2.json', 'time': EARLY, 'target': 'all', 'hosts': 2, 'used': 2},
    )


@pytest.mark.parametrize('backwards', [False, True])
def test_the_most_recent_result_of_a_host_is_kept(backwards: bool) -> None:
    reports = [('new', at(LATE, a=GONE, b=listed('bob'))), ('old', at(EARLY, a=listed('alice'), b=GONE))]
    merged = merge(at(LATE), reports[::-1] if backwards else reports)
    assert [(host.name, host.status) for host in merged.hosts] == [('a', 'unreachable'), ('b', 'answered')]
    assert {one['source']: one['used'] for one in merged.merged} == {'new': 2, 'old': 0}


def test_of_equally_recent_results_the_later_in_the_list_is_kept() -> None:
    reports = [('1', at(LATE, a=listed('alice'), b=listed('alice'))), ('2', at(LATE, a=listed('bob'), b=listed('bob')))]
    merged = merge(at(LATE, b=listed('carol')), reports)
    assert (users(merged, 'a'), users(merged, 'b')) == (['bob'], ['carol'])


def test_any_result_replaces_not_asked() -> None:
    merged = merge(at(LATE, a=None), [('1', at(EARLY, a=listed('alice')))])
    assert users(merged, 'a') == ['alice']


def test_a_merged_report_can_be_merged_again_with_the_times_of_its_results() -> None:
    first = merge(at(LATE), [('1', at(EARLY, a=listed('alice')))])
    again = from_json(to_json(first), 'first')
    merged = merge(at('2026-11-21T10:00:00Z'), [('first', again), ('2', at('2026-11-21T08:30:00Z', a=GONE))])
    assert [host.status for host in merged.hosts] == ['unreachable']


@pytest.mark.parametrize('form', FORMS)
def test_every_form_except_the_csv_lists_the_merged_reports(form) -> None:
    merged = merge(at(LATE, b=GONE), [('site-1/<report>.json', at(EARLY, a=listed('alice')))])
    assert ('report' in form(merged) and 'site-1' in form(merged)) is (form is not to_csv)


@pytest.mark.parametrize('version', [0, 2, '1', None, True, [1]])
def test_refuses_another_schema_version_with_a_remedy(version: object) -> None:
    content = json.dumps(json.loads(to_json(at(EARLY))) | {'schema_version': version})
    with pytest.raises(
        ReportError, match=r'old\.json has schema_version .* only 1 can be merged\. Create that report again'
    ):
        from_json(content, 'old.json')


@pytest.mark.parametrize(
    'content', ['', '{', '[]', '{}', '"x"', '[' * 100_000, '{"schema_version": 1}', '{"schema_version": 1, "rows": 3}']
)
def test_refuses_a_file_that_is_not_a_report(content: str) -> None:
    with pytest.raises(ReportError, match=r'^x\.json is '):
        from_json(content, 'x.json')


@pytest.mark.parametrize(
    'damage',
    [
        lambda data: data['rows'].pop(0),
        lambda data: data['hosts'].pop(),
        lambda data: data['hosts'][0].update(status='fine'),
        lambda data: data['hosts'][0].update(name=None),
        lambda data: data['hosts'][0].update(report_time='yesterday'),
        lambda data: data.update(time=None),
        lambda data: data['rows'].append(3),
    ],
)
def test_refuses_a_damaged_report(damage, report: Report) -> None:
    data = json.loads(to_json(report))
    damage(data)
    with pytest.raises(ReportError, match='is damaged'):
        from_json(json.dumps(data), 'x.json')
