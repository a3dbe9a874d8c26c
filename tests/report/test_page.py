"""The page in a real browser: with and without script, on a desk and on a phone, in the light and in the dark."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from report import browser as chromium
from report.fleets import TIME, large, office, record

from ansible_collections.winops.sessions.plugins.plugin_utils._report.html import to_html
from ansible_collections.winops.sessions.plugins.plugin_utils._report.results import build_report

if reason := chromium.missing():
    pytest.skip(f'needs a browser: {reason}', allow_module_level=True)

HOSTILE = '"><script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">\u202e'


@pytest.fixture(scope='module')
def window() -> t.Iterator[chromium.Browser]:
    with chromium.browser() as opened:
        yield opened


@pytest.fixture(scope='module')
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('page') / 'report.html'
    limits = {'max_idle': 7200, 'max_disconnected': 1800}
    path.write_text(to_html(build_report(office(), TIME, target='rds, web, sql', limits=limits)), encoding='utf-8')
    return path


def cells(window: chromium.Browser, column: int, table: str = '#by-host table.groups') -> list[str]:
    """The visible texts of a column, from top to bottom."""
    return window.run(
        """
        var found = [], column = arguments[1];
        document.querySelectorAll(arguments[0] + ' > tbody > tr:not(.d)').forEach(function (row) {
          if (row.offsetParent) { found.push(row.cells[column] ? row.cells[column].innerText.trim() : ''); }
        });
        return found;
        """,
        table,
        column,
    )


def click(window: chromium.Browser, heading: str) -> str:
    """Click a heading of the hosts and return its order."""
    return window.run(
        """
        var wanted = arguments[0];
        var cell = Array.prototype.filter.call(document.querySelectorAll('table.groups > thead th'), function (one) {
          return one.innerText.trim() === wanted;
        })[0];
        cell.querySelector('button').click();
        return cell.getAttribute('aria-sort');
        """,
        heading,
    )


@pytest.mark.parametrize('width', [1280, 390])
@pytest.mark.parametrize('dark', [False, True], ids=['light', 'dark'])
def test_the_page_has_no_errors_and_fits_the_window(window, page: Path, width: int, dark: bool) -> None:
    window.look(page, width, dark)
    assert window.complaints() == []
    assert window.run('return document.documentElement.scrollWidth') <= width
    outside = """
        return Array.prototype.filter.call(document.querySelectorAll('td, tbody th, dd, b, p'), function (one) {
          var box = one.getBoundingClientRect();
          return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
        }).map(function (one) { return one.innerText; });
    """
    assert window.run(outside) == []


def test_the_page_is_complete_without_javascript(window, page: Path) -> None:
    window.look(page, script=False)
    text = window.run('return document.body.innerText')
    assert 'web04' in text
    assert 'unreachable' in text
    assert 'CORP\\d.fernandez' in text
    assert 'Users and their sessions' in text
    assert window.run('return document.querySelector(".tools").offsetParent') is None
    assert window.run('return document.querySelectorAll("thead button").length') == 0


def test_a_heading_sorts_the_hosts_with_their_sessions(window, page: Path) -> None:
    window.look(page)
    assert click(window, 'host') == 'ascending'
    assert cells(window, 0) == ['rds01', 'rds02', 'rds10', 'sql01', 'web01', 'web02', 'web03', 'web04', 'web05']
    assert click(window, 'host') == 'descending'
    assert cells(window, 0)[0] == 'web05'
    assert click(window, 'longest idle') == 'ascending'
    assert cells(window, 6)[:5] == ['25 min', '2 h 1 min?', '2 h 15 min', '3 d 2 h', '4 d']
    assert click(window, 'longest idle') == 'descending'
    assert cells(window, 6)[:2] == ['4 d', '3 d 2 h']
    first = window.run('return document.querySelector("table.groups > tbody").innerText')
    assert 'rds01' in first
    assert 'CORP\\carol' in first


def search(window: chromium.Browser, text: str) -> None:
    """Type into the search box."""
    window.run(
        """
        var box = document.querySelector('.tools input');
        box.value = arguments[0];
        box.dispatchEvent(new Event('input'));
        """,
        text,
    )


def visible(window: chromium.Browser, selector: str) -> list[str]:
    """The texts of the elements that are visible."""
    return window.run(
        """
        return Array.prototype.filter.call(document.querySelectorAll(arguments[0]), function (one) {
          return one.checkVisibility ? one.checkVisibility() : one.offsetParent;
        }).map(function (one) { return one.innerText.trim(); });
        """,
        selector,
    )


def test_unknown_numbers_stay_last_in_both_directions(window, page: Path) -> None:
    window.look(page)
    for direction in ('ascending', 'descending'):
        assert click(window, 'sessions') == direction
        assert set(cells(window, 0)[-3:]) == {'web03', 'web04', 'web05'}


def test_a_search_filters_and_marks_rows_in_every_table_and_restores_them(window, page: Path) -> None:
    window.look(page)
    window.run("document.querySelectorAll('#by-host details').forEach(function (one) { one.open = false; });")
    window.run('return new Promise(requestAnimationFrame)')
    search(window, 'FARID')
    assert cells(window, 0) == ['rds02']
    assert window.run('return document.querySelector(".tools output").value') == '1 of 9 hosts'
    assert visible(window, '#by-host .in > tbody > tr') == [
        '4\tCORP\\farid\tactive\t2 h 15 min\t2026-11-21 08:13 UTC\tPC-21\twarned'
    ]
    assert visible(window, 'table.rows > tbody th') == ['CORP\\farid']
    assert visible(window, 'mark') == ['farid', 'farid']
    search(window, '')
    assert len(cells(window, 0)) == 9
    assert visible(window, 'details[open]') == []
    assert window.run('return document.querySelectorAll("mark").length') == 0
    search(window, 'web03')
    assert visible(window, 'section h2') == ['Hosts that need attention 4', 'Hosts and their sessions 9']


def test_the_page_can_be_read_by_user(window, page: Path) -> None:
    window.look(page)
    assert visible(window, '#by-user') == []
    window.run("document.querySelector('[data-view=by-user]').click()")
    assert visible(window, '#by-host') == []
    users = cells(window, 0, '#by-user table.groups')
    assert (len(users), users[0]) == (10, 'CORP\\alice')
    search(window, 'carol')
    assert cells(window, 0, '#by-user table.groups') == ['CORP\\carol']
    assert window.run('return document.querySelector(".tools output").value') == '1 of 10 users'


def test_a_phone_sorts_by_a_list_and_has_no_hidden_buttons(window, page: Path) -> None:
    window.look(page, 390)
    assert visible(window, 'table.wide > thead button') == []
    window.run(
        """
        var list = document.querySelector('.sort select');
        list.value = '2';
        list.dispatchEvent(new Event('change'));
        """
    )
    assert cells(window, 0)[0] == 'rds01'
    # A host without sessions has no idle time, and no label for it.
    empty = window.run(
        """
        return Array.prototype.filter.call(document.querySelectorAll('#by-host td.k-idle'), function (one) {
          return !one.textContent.trim() && one.offsetParent;
        }).length;
        """
    )
    assert empty == 0


def test_open_all_opens_the_sessions_of_the_view_and_closes_them_again(window, page: Path) -> None:
    window.look(page)
    fold = "return document.querySelector('.fold').textContent"
    assert window.run(fold) == 'Close all'
    window.run("document.querySelector('.fold').click()")
    assert (window.run(fold), visible(window, 'details[open]')) == ('Open all', [])
    window.run("document.querySelector('.fold').click()")
    assert (window.run(fold), len(visible(window, 'details[open]'))) == ('Close all', 5)


def test_every_text_has_enough_contrast(window, page: Path) -> None:
    """Contrast of at least 4.5 to 1, as WCAG 2 asks of small text."""
    low = """
        function light(color) {
          var rgb = color.match(/[\\d.]+/g).slice(0, 3).map(function (part) {
            part = part / 255;
            return part <= 0.03928 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4);
          });
          return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
        }
        function ground(one) {
          for (; one; one = one.parentElement) {
            var color = getComputedStyle(one).backgroundColor;
            if (!/, 0\\)$|transparent/.test(color)) { return color; }
          }
          return 'rgb(255, 255, 255)';
        }
        return Array.prototype.filter.call(document.querySelectorAll('body *'), function (one) {
          var own = Array.prototype.some.call(one.childNodes, function (node) {
            return node.nodeType === 3 && node.data.trim();
          });
          if (!own || !one.offsetParent) { return false; }
          var a = light(getComputedStyle(one).color), b = light(ground(one));
          return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
        }).map(function (one) { return one.outerHTML.slice(0, 120); });
    """
    for dark in (False, True):
        window.look(page, dark=dark)
        assert window.run(low) == []


def test_the_page_prints(window, page: Path) -> None:
    window.look(page, media='print')
    assert window.run('return document.querySelector(".tools").offsetParent') is None
    assert window.run('return getComputedStyle(document.body).backgroundColor') == 'rgb(255, 255, 255)'
    assert window.pdf().startswith(b'%PDF')


def test_scripts_in_texts_of_hosts_do_not_run(window, tmp_path: Path) -> None:
    session = record(2, HOSTILE) | {'user': HOSTILE, 'domain': HOSTILE, 'client_name': HOSTILE, 'state': HOSTILE}
    session |= {'logon_time': HOSTILE, 'outcome': HOSTILE, 'reason': HOSTILE, 'detail': HOSTILE}
    fleet = {HOSTILE: {'sessions': [session]}, 'web02': {'failed': True, 'msg': HOSTILE}}
    path = tmp_path / 'hostile.html'
    path.write_text(to_html(build_report(fleet, TIME, target=HOSTILE, title='Mine')), encoding='utf-8')
    window.look(path)
    assert window.run('return document.title').startswith('Mine')
    assert window.run('return document.images.length + document.scripts.length') == 1
    assert window.complaints() == []


def test_the_policy_refuses_another_script(window, page: Path, tmp_path: Path) -> None:
    """The second line of defence: the policy of the page itself."""
    path = tmp_path / 'broken.html'
    page_text = page.read_text(encoding='utf-8')
    path.write_text(
        page_text.replace('</header>', '</header><script>document.title="owned"</script>'), encoding='utf-8'
    )
    window.look(path)
    assert window.run('return document.title') != 'owned'
    assert any('Content Security Policy' in complaint for complaint in window.complaints())


def test_a_thousand_hosts_open_and_sort(window, tmp_path: Path) -> None:
    path = tmp_path / 'large.html'
    path.write_text(to_html(build_report(large(), TIME, limits={'max_idle': 7200})), encoding='utf-8')
    window.look(path)
    click(window, 'host')
    found = cells(window, 0)
    assert len(found) == 1000
    assert found == sorted(found)
    assert window.complaints() == []
