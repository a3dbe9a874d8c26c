# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Random tasks on random hosts never end a session that they must not end."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from adversary.machine import Adversary, attack
from modules.altered import quick_plugins
from modules.engine import Engine

# The usual examples are the same in each run.
EXAMPLES = int(os.environ.get('ADVERSARY_EXAMPLES', '60'))


@pytest.fixture(scope='module')
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Engine]]:
    """Two controllers' processes on the same host."""
    root = tmp_path_factory.mktemp('host')
    plugins = quick_plugins(tmp_path_factory.mktemp('quick'))
    engines = Engine(root, plugins), Engine(root, plugins)
    yield engines
    for engine in engines:
        engine.close()


def test_no_session_is_ended_that_must_not_be(engines: tuple[Engine, Engine]) -> None:
    usual = 'ADVERSARY_EXAMPLES' not in os.environ
    attack(engines, examples=EXAMPLES, shrink='ADVERSARY_NOSHRINK' not in os.environ, seed=0 if usual else None)
    print(Adversary.counted)
