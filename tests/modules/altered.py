# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of the plugins whose engine differs in a few places from the one that is shipped."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from modules.engine import PLUGINS

_HANGING = Path(__file__).with_name('hanging.cs')


@dataclass(frozen=True)
class Alteration:
    """A place in the engine that differs.

    :ivar file: the source file.
    :ivar old: a text that occurs once in it, except for its white space.
    :ivar new: what replaces it.
    """

    file: str
    old: str
    new: str


# The engine waits for Windows in real time. How long it waits decides how long a run takes, not what it does.
QUICK = (
    Alteration('_Target.cs', 'ShortestReset = 10;', 'ShortestReset = 2;'),
    Alteration('_Target.cs', 'FirstDelay = 0.25;', 'FirstDelay = 0.01;'),
    Alteration('_Target.cs', 'LongestDelay = 4;', 'LongestDelay = 0.1;'),
    Alteration('_SessionState.cs', 'FirstPoll = 0.1;', 'FirstPoll = 0.005;'),
    Alteration('_SessionState.cs', 'LongestPoll = 1;', 'LongestPoll = 0.05;'),
    Alteration('_SessionState.cs', 'SettleMilliseconds = 200;', 'SettleMilliseconds = 5;'),
    Alteration('_Wts.cs', 'task.Wait(', 'Winops.Testing.Hanging.Wait(task, '),
)


def altered_plugins(folder: Path, *alterations: Alteration) -> Path:
    """Write a copy of the plugins.

    :param folder: where to.
    :param alterations: what differs.
    :returns: the folder of the copy.
    :raises AssertionError: a text does not occur, or more than once.
    """
    plugins = folder / 'plugins'
    for part in ('module_utils', 'modules'):
        shutil.copytree(PLUGINS / part, plugins / part, ignore=shutil.ignore_patterns('__pycache__'))
    for alteration in alterations:
        source = plugins / 'module_utils' / alteration.file
        text = source.read_text(encoding='utf-8')
        # However the source is indented.
        pattern = r'\s+'.join(re.escape(word) for word in alteration.old.split())
        found = re.findall(pattern, text)
        assert len(found) == 1, f'{alteration.old} occurs {len(found)} times in {alteration.file}'
        source.write_text(text.replace(found[0], alteration.new), encoding='utf-8')
    return plugins


def quick_plugins(folder: Path, *alterations: Alteration) -> Path:
    """Write a copy of the plugins that does not wait longer than a test needs.

    :param folder: where to.
    :param alterations: what else differs.
    :returns: the folder of the copy.
    """
    plugins = altered_plugins(folder, *QUICK, *alterations)
    shutil.copy(_HANGING, plugins / 'module_utils' / '_Hanging.cs')
    return plugins
