"""Takes the pictures of the report for the documentation: ``python tests/report/pictures.py [folder]``.

The report is what the modules return today: the role runs against simulated hosts. Needs chromium and selenium, and
``PYTHONPATH=tests:.cache/collections``.
"""

from __future__ import annotations

import sys
import tempfile
import typing as t
from pathlib import Path

from e2e.playbook import patient_fleet, run
from report.browser import browser

from project import CORES

#: The pictures: width of the window, and whether its user prefers a dark screen.
PICTURES = {'report.png': (1280, False), 'report-dark.png': (1280, True), 'report-phone.png': (390, False)}

VARIABLES = {
    'target': 'all',
    'report_dir': 'user-sessions',
    'idle_logoff_max_idle': '2h',
    'idle_logoff_max_disconnected': '30m',
    'idle_logoff_protect_users': ['svc_backup'],
    'idle_logoff_notice_text': 'You will be logged off in 15 minutes. Please save your work.',
    'idle_logoff_notice_grace': '15m',
    'idle_logoff_scheduled': True,
    'idle_logoff_timeout': '2s',
}


def client(number: int) -> dict[str, t.Any]:
    """A client of a session."""
    return {'name': f'PC-{number:02}', 'address': f'10.0.3.{number}', 'build': 22621}


FLEET: dict[str, t.Any] = {
    'rds01': {
        'sessions': [
            {'id': 2, 'user': 'alice', 'idle': '3m', 'logged_on': '4h', 'client': client(17)},
            {'id': 3, 'user': 'bob', 'disconnected': '150m', 'logged_on': '7h'},
            {'id': 5, 'user': 'carol', 'idle': '211m', 'logged_on': '8h', 'locked': True, 'client': client(22)},
            {'id': 6, 'user': 'd.fernandez', 'idle': '25s', 'logged_on': '4h', 'client': client(23)},
            {'id': 9, 'user': 'svc_backup', 'disconnected': '4d', 'logged_on': '5d'},
        ]
    },
    'rds02': {
        'sessions': [
            {'id': 2, 'user': 'erin', 'disconnected': '45m', 'logged_on': '5h'},
            {'id': 4, 'user': 'farid', 'idle': '135m', 'logged_on': '6h', 'client': client(21)},
            {'id': 7, 'user': 'grace', 'idle': '6m', 'logged_on': '4h', 'client': client(24)},
        ]
    },
    'rds10': {
        'sessions': [
            {'id': 2, 'user': 'judy', 'idle': '12s', 'logged_on': '4h', 'client': client(19)},
            {'id': 3, 'user': 'alice', 'idle': '25m', 'logged_on': '4h', 'client': client(17)},
        ]
    },
    'sql01': {
        'sessions': [
            {'id': 3, 'user': 'dba_ivan', 'disconnected': '74h', 'logged_on': '80h', 'on_logoff': {'hangs': True}}
        ]
    },
    'web01': {},
    'web02': {'sessions': [{'id': 1, 'user': 'henry', 'session_name': 'Console', 'idle': '121m', 'logged_on': '6h'}]},
    'web03': {
        'sessions': [{'id': 2, 'user': 'kenji', 'idle': '1m', 'logged_on': '1h'}],
        'accounts': {'CORP\\ansible': {'rights': 'blind'}},
    },
    'web04': {},
}


def report(folder: Path) -> Path:
    """Run the playbook.

    :param folder: the working directory.
    :returns: the page.
    """
    with patient_fleet(FLEET) as fleet:
        fleet['web04'].stop()
        core = next(core for core in CORES.values() if core.present)
        settings = {'LOGNAME': 'operator'}
        done = run(core, fleet, folder, 'logoff_idle', variables=VARIABLES, settings=settings)
    page = folder / 'user-sessions' / 'report.html'
    if not page.exists():
        raise SystemExit(done.output)
    return page


def main(folder: str = str(Path(__file__).parent / 'pictures')) -> None:
    """Save a picture of the top of the page as each reader sees it."""
    Path(folder).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place, browser() as window:
        page = report(Path(place))
        for name, (width, dark) in PICTURES.items():
            window.look(page, width, dark, sharp=1)
            window.picture(Path(folder) / name, height=1180)


if __name__ == '__main__':
    main(*sys.argv[1:])
