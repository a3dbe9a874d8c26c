# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""The style sheet and the script of the HTML report; they travel inside the page, and so inside the collection."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root{color-scheme:light dark;--page:#f3f5f8;--card:#fff;--line:#dfe4ec;--text:#16202e;--soft:#566274;
--accent:#1f5fbf;--head:#f8fafc;
--good:#12713f;--good-bg:#e2f5ea;--bad:#b3201f;--bad-bg:#fdeaea;--warn:#855400;--warn-bg:#fdf1d6;--calm:#4a5669;
--calm-bg:#e9edf3;
--bar-good:#2f9e62;--bar-bad:#d64541;--bar-warn:#e0a030;--bar-calm:#9aa7b8;--bar-accent:#3b7ddd}
@media (prefers-color-scheme:dark){:root{--page:#0f141b;--card:#182029;--line:#2b3644;--text:#e6ebf2;--soft:#9dabbd;
--accent:#7db2ff;--head:#1d2731;
--good:#6fdda0;--good-bg:#143526;--bad:#ff9d98;--bad-bg:#451d1e;--warn:#f4c667;--warn-bg:#3d2f10;--calm:#b6c2d2;
--calm-bg:#2a3441}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:1180px;margin:0 auto;padding:0 28px}
header{padding-top:36px}
h1{margin:0;font-size:30px;line-height:1.2;letter-spacing:-.02em;font-weight:700}
h2{margin:0 0 12px;font-size:18px;letter-spacing:-.01em}
h2 small{font-weight:400;font-size:14px;color:var(--soft);letter-spacing:0}
.where{margin:6px 0 0;color:var(--soft);overflow-wrap:anywhere}
.verdict{margin:20px 0 0;padding:13px 18px;border-radius:10px;border-left:5px solid;font-weight:600}
.good{color:var(--good);background:var(--good-bg)}.bad{color:var(--bad);background:var(--bad-bg)}
.warn{color:var(--warn);background:var(--warn-bg)}.calm{color:var(--calm);background:var(--calm-bg)}
.cards{display:grid;grid-template-columns:1fr 1fr;gap:16px;margin:16px 0 0}
.card,section{background:var(--card);border:1px solid var(--line);border-radius:12px}
.card{padding:18px 22px 20px}
.card h2{margin:0 0 4px;font-size:14px;font-weight:600;color:var(--soft);letter-spacing:0}
.card dl{display:flex;flex-wrap:wrap;gap:6px 30px;margin:0}
.card div{display:flex;flex-direction:column-reverse}
dt{color:var(--soft);font-size:13.5px;white-space:nowrap}
dd{margin:0;font-size:30px;line-height:1.25;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.t-good dd{color:var(--good)}.t-bad dd{color:var(--bad)}.t-warn dd{color:var(--warn)}
.bar{display:block;width:100%;height:8px;margin-top:14px;border-radius:4px;background:var(--calm-bg)}
.f-good{fill:var(--bar-good)}.f-bad{fill:var(--bar-bad)}.f-warn{fill:var(--bar-warn)}.f-calm{fill:var(--bar-calm)}
.f-accent{fill:var(--bar-accent)}
section{margin:22px 0 0;padding:20px 22px 10px}
section>p{margin:0 0 14px;color:var(--soft)}
.scroll{overflow-x:auto;margin:0 -22px}
table{width:100%;border-collapse:collapse;font-size:14px}
th,td{padding:8px 10px;text-align:left;vertical-align:top;unicode-bidi:isolate}
th:first-child,td:first-child{padding-left:22px}th:last-child,td:last-child{padding-right:22px}
thead th{background:var(--head);color:var(--soft);font-size:12.5px;font-weight:600;white-space:nowrap;
border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
tbody th{font-weight:600;overflow-wrap:break-word;min-width:8em;max-width:20em}
tbody tr{border-top:1px solid var(--line)}tbody:first-of-type>tr:first-child{border-top:0}
.w{overflow-wrap:anywhere}.n{font-variant-numeric:tabular-nums;white-space:nowrap}
.hosts>thead th:nth-child(n+3),.hosts>tbody>tr>.n{text-align:right}
.hosts>thead th:nth-child(n+3){width:11.5%}.hosts>thead th:nth-child(2){width:15%}
b.pill{display:inline-block;padding:1px 10px;border-radius:99px;font-size:12.5px;font-weight:650;white-space:nowrap}
b.pill:before{content:"";display:inline-block;width:7px;height:7px;margin-right:6px;border-radius:50%;
background:currentColor;vertical-align:1px}
.sum span{display:inline-block;margin:0 16px 4px 0}
.lost .w{color:var(--bad)}
.d{border-top:0!important}.d>td{padding-top:0;padding-bottom:10px}
details>summary{color:var(--accent);cursor:pointer;font-size:13.5px;width:max-content;max-width:100%;
border-radius:4px}
summary:focus-visible,button:focus-visible,input:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
details p{margin:6px 0 0;overflow-wrap:anywhere}
.in{margin:8px 0 4px;border:1px solid var(--line);border-radius:8px;border-collapse:separate;border-spacing:0;
font-size:13.5px;overflow:hidden}
.in th:first-child,.in td:first-child{padding-left:14px}.in td{padding-top:5px;padding-bottom:5px;
border-top:1px solid var(--line)}
.in thead th{border:0;padding-top:5px;padding-bottom:5px}.in b{background:none}
.in td{overflow-wrap:anywhere}
@media (min-width:761px){.in{table-layout:fixed}.in th:nth-child(1){width:6%}.in th:nth-child(2){width:19%}
.in th:nth-child(3){width:13%}
.in th:nth-child(4){width:11%}.in th:nth-child(5){width:16%}.in th:nth-child(6){width:12%}}
.over{color:var(--warn);font-weight:600}.gone{color:var(--soft)}
.more{padding:10px 0;color:var(--soft)}
.tools{display:flex;flex-wrap:wrap;gap:10px;margin:0 0 14px;align-items:center}
.tools input{flex:1 1 240px;min-width:0;padding:8px 12px;border:1px solid var(--line);border-radius:8px;
background:var(--page);color:var(--text);font:inherit}
.tools input::placeholder{color:var(--soft);opacity:1}
.tools button{padding:8px 14px;border:1px solid var(--line);border-radius:8px;background:var(--head);
color:var(--text);font:inherit;cursor:pointer}
.tools output:empty{display:none}.tools output{color:var(--soft);font-size:13.5px}
thead button{all:unset;cursor:pointer;border-radius:4px}
thead button:after{content:"\\2195";opacity:.45;margin-left:5px;font-weight:400}
[aria-sort=ascending] button:after{content:"\\2191";opacity:1}[aria-sort=descending] button:after{content:"\\2193";
opacity:1}
[hidden]{display:none!important}
footer{padding-top:20px;padding-bottom:40px;color:var(--soft);font-size:13.5px}
footer p{margin:0 0 6px;overflow-wrap:anywhere}
@media (max-width:760px){
main,header,footer{padding-left:14px;padding-right:14px}header{padding-top:22px}h1{font-size:25px}
.cards{grid-template-columns:1fr;gap:12px}.card{padding:14px 16px 16px}.card dl{gap:4px 20px}dd{font-size:24px}
section{padding:16px 16px 8px}.scroll{margin:0 -16px}
table.wide thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table.wide,table.wide>tbody,table.wide>tbody>tr,table.wide>tbody>tr>td,table.wide>tbody>tr>th{display:block;
text-align:left!important}
table.wide>tbody>tr{position:relative;padding:11px 16px}
table.wide>tbody>tr>th,table.wide>tbody>tr>td{padding:1px 0!important}
table.wide>tbody>tr>th{font-size:15.5px;padding-right:120px!important}
table.wide td:empty{display:none!important}
table.wide>tbody>tr>td.s{position:absolute;right:4px;top:11px}
table.wide>tbody>tr.d{padding-top:0;padding-bottom:12px}
table.wide>tbody>tr>td{display:inline-block!important;margin-right:12px}
table.wide>tbody>tr>td.w:last-child,.d>td{display:block!important;margin:0!important}
td[class*=k-]:before{color:var(--soft);font-size:13px}
.k-sessions:before{content:"sessions "}.k-active:before{content:"active "}.k-disc:before{content:"disconnected "}
.k-over:before{content:"over limit "}
.k-idle:before{content:"idle "}.k-id:before{content:"session "}.k-since:before{content:"since "}
.in thead{display:none}.in,.in tbody,.in tr{display:block}.in tr{padding:7px 12px}.in td{display:inline-block;
vertical-align:top;padding:0!important;border:0!important;margin-right:10px}
.in td:nth-child(2){font-weight:600}.in td:empty{display:none}
}
@media print{
:root{color-scheme:light;--page:#fff;--card:#fff;--head:#fff;--line:#ccc;--text:#000;--soft:#444;--good:#12713f;
--good-bg:#fff;--bad:#b3201f;--bad-bg:#fff;
--warn:#855400;--warn-bg:#fff;--calm:#444;--calm-bg:#fff;--accent:#000}
body{font-size:10pt}main,header,footer{max-width:none;padding-left:0;padding-right:0}header{padding-top:0}
.tools,thead button:after{display:none}
section,.card{border-color:#bbb;break-inside:auto}.card,tr,.verdict{break-inside:avoid}
thead{display:table-header-group}h2{break-after:avoid}
.pill,.verdict{border:1px solid currentColor}table{font-size:9pt}.bar{print-color-adjust:exact;
-webkit-print-color-adjust:exact}
}
""".strip()

# Only sorts, searches and folds what is there already: the page is complete without it.
SCRIPT = r"""
(function () {
  'use strict';
  var units = {d: 86400, h: 3600, min: 60, s: 1};
  function value(cell) {
    var text = cell ? cell.textContent.trim() : '', seconds = 0, found = false;
    if (/^\d+(\.\d+)?$/.test(text)) { return Number(text); }
    text.replace(/^(?:\d+ (?:d|h|min|s)(?: |\?|$))+/, function (all) {
      found = true;
      all.replace(/(\d+) (d|h|min|s)/g, function (_, n, unit) { seconds += n * units[unit]; });
    });
    return found ? seconds : text;
  }
  var names = new Intl.Collator(undefined, {numeric: true, sensitivity: 'base'});
  function compare(a, b) {
    var text = (typeof a === 'string') - (typeof b === 'string');
    return text || (typeof a === 'string' ? names.compare(a, b) : a - b);
  }
  function sort(table, column, heading) {
    var down = heading.getAttribute('aria-sort') === 'ascending';
    var grouped = table.classList.contains('hosts');
    var parent = grouped ? table : table.tBodies[0];
    var rows = Array.prototype.slice.call(grouped ? table.tBodies : parent.rows);
    var keyed = rows.map(function (row, at) {
      return {row: row, at: at, key: value((grouped ? row.rows[0] : row).cells[column])};
    });
    keyed.sort(function (a, b) {
      if (a.key === '' || b.key === '') { return (a.key === '') - (b.key === '') || a.at - b.at; }
      return (down ? compare(b.key, a.key) : compare(a.key, b.key)) || a.at - b.at;
    });
    keyed.forEach(function (one) { parent.appendChild(one.row); });
    Array.prototype.forEach.call(heading.parentNode.cells, function (cell) { cell.removeAttribute('aria-sort'); });
    heading.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  }
  document.querySelectorAll('table').forEach(function (table) {
    if (!table.tHead) { return; }
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (heading, column) {
      var button = document.createElement('button');
      button.type = 'button';
      button.textContent = heading.textContent;
      heading.textContent = '';
      heading.appendChild(button);
      button.addEventListener('click', function () { sort(table, column, heading); });
    });
  });
  var tools = document.querySelector('.tools'), hosts = document.querySelector('table.hosts');
  if (!tools || !hosts) { return; }
  var box = tools.querySelector('input'), count = tools.querySelector('output'), fold = tools.querySelector('button');
  var groups = Array.prototype.map.call(hosts.tBodies, function (body) {
    return {body: body, text: body.textContent.toLowerCase(), fold: body.querySelector('details')};
  });
  tools.hidden = false;
  box.addEventListener('input', function () {
    var wanted = box.value.trim().toLowerCase(), left = 0;
    groups.forEach(function (group) {
      var hit = !wanted || group.text.indexOf(wanted) >= 0;
      group.body.hidden = !hit;
      left += hit ? 1 : 0;
      if (wanted && hit && group.fold) { group.fold.open = true; }
    });
    count.textContent = wanted ? left + ' of ' + groups.length + ' hosts' : '';
  });
  fold.addEventListener('click', function () {
    var open = fold.getAttribute('aria-pressed') !== 'true';
    fold.setAttribute('aria-pressed', open);
    fold.textContent = open ? 'Close all' : 'Open all';
    groups.forEach(function (group) { if (group.fold) { group.fold.open = open; } });
  });
})();
""".strip()


def fingerprint(text: str) -> str:
    """The hash by which the page allows its own style and script, and nothing else, to take effect.

    :param text: the content of the element
    :returns: a source expression of Content Security Policy, level 2
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = '; '.join(
    (
        "default-src 'none'",
        f'style-src {fingerprint(STYLE)}',
        f'script-src {fingerprint(SCRIPT)}',
        "base-uri 'none'",
        "form-action 'none'",
    )
)
