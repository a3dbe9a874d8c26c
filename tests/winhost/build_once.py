# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creates a folder atomically and once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def build_once(folder: Path, fill: Callable[[Path], None]) -> Path:
    """Create a folder unless it exists. Several processes can call this at the same time.

    :param folder: the folder.
    :param fill: creates the content in another folder, which becomes ``folder``. Its exceptions are passed on.
    :returns: the folder.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix='building-', dir=folder.parent))
    try:
        fill(draft)
        draft.chmod(0o755)
        try:
            draft.rename(folder)
        except OSError:
            # Another process has created the folder. It is complete, because a rename is atomic.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder
