"""How large and how quick the reports of a fleet are: ``python fleet_report.py [hosts [sessions a host]]``.

Needs ``PYTHONPATH=tests:.cache/collections``.
"""

from __future__ import annotations

import sys
import time
import typing as t

from report.fleets import TIME, large

from ansible_collections.winops.sessions.plugins.plugin_utils._report.data import from_json, to_csv, to_json
from ansible_collections.winops.sessions.plugins.plugin_utils._report.html import to_html
from ansible_collections.winops.sessions.plugins.plugin_utils._report.results import build_report
from ansible_collections.winops.sessions.plugins.plugin_utils._report.summary import to_summary


def timed(what: str, work: t.Callable[[], t.Any]) -> t.Any:
    """Run a function; print how long it took and the size of its result."""
    start = time.perf_counter()
    made = work()
    size = f'{len(made.encode()):>12,} bytes' if isinstance(made, str) else ''
    print(f'  {what:<8}{time.perf_counter() - start:6.2f} s{size}')
    return made


def main(hosts: int = 1000, sessions: int = 20) -> None:
    """Time each form, for a fleet that was listed and for one whose users were logged off."""
    for acted in (False, True):
        fleet = large(hosts, sessions, acted)
        print(f'{hosts:,} hosts with {sessions} sessions each, {"all logged off" if acted else "listed"}')
        report = timed('model', lambda: build_report(fleet, TIME, limits={'max_idle': 7200}))  # noqa: B023
        timed('html', lambda: to_html(report))  # noqa: B023
        timed('csv', lambda: to_csv(report))  # noqa: B023
        text = timed('json', lambda: to_json(report))  # noqa: B023
        timed('summary', lambda: to_summary(report))  # noqa: B023
        timed('read', lambda: from_json(text, 'report.json'))  # noqa: B023


if __name__ == '__main__':
    main(*map(int, sys.argv[1:]))
