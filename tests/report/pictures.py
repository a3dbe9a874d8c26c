"""Take the pictures of the report that the documents show: ``python tests/report/pictures.py [folder]``.

Needs chromium, selenium and ``PYTHONPATH=tests:.cache/collections``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from report.browser import browser
from report.fleets import TIME, office

from ansible_collections.winops.sessions.plugins.plugin_utils._report.html import to_html
from ansible_collections.winops.sessions.plugins.plugin_utils._report.results import build_report

#: The pictures: width of the window, and whether its user prefers a dark screen.
PICTURES = {'report.png': (1280, False), 'report-dark.png': (1280, True), 'report-phone.png': (390, False)}


def main(folder: str = str(Path(__file__).parent / 'pictures')) -> None:
    """Save a picture of the top of the page as each reader sees it."""
    limits = {'max_idle': 7200, 'max_disconnected': 1800}
    html = to_html(build_report(office(), TIME, target='rds, web, sql', limits=limits))
    Path(folder).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place, browser() as window:
        page = Path(place) / 'report.html'
        page.write_text(html, encoding='utf-8')
        for name, (width, dark) in PICTURES.items():
            window.look(page, width, dark, sharp=1)
            window.picture(Path(folder) / name, height=1180)


if __name__ == '__main__':
    main(*sys.argv[1:])
