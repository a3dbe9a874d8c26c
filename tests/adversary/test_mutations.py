# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The adversary finds what an engine without one of its safeguards does wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from adversary.machine import Adversary, attack
from adversary.mutations import MUTATIONS, Mutation
from modules.engine import Engine

# ADVERSARY_MUTATIONS=all tries each of them, which takes an hour.
_USUAL = {'compares the logon before acting', 'selects again before acting'}
_CHOSEN = [entry for entry in MUTATIONS if 'ADVERSARY_MUTATIONS' in os.environ or entry.name in _USUAL]


@pytest.mark.parametrize('mutation', _CHOSEN, ids=lambda mutation: mutation.name.replace(' ', '_'))
def test_an_engine_without_a_safeguard_is_found(mutation: Mutation, tmp_path: Path) -> None:
    plugins = mutation.apply(tmp_path)
    engines = Engine(tmp_path / 'host', plugins), Engine(tmp_path / 'host', plugins)
    try:
        with pytest.raises(AssertionError) as found:
            attack(
                engines,
                examples=int(os.environ.get('ADVERSARY_EXAMPLES', '400')),
                shrink=False,
                seed=mutation.seed,
                only=mutation.task,
            )
        print(Adversary.counted['runs'], str(found.value).splitlines()[0])
    finally:
        for engine in engines:
            engine.close()


@pytest.mark.parametrize('mutation', MUTATIONS, ids=lambda mutation: mutation.name.replace(' ', '_'))
def test_a_safeguard_is_in_the_engine(mutation: Mutation, tmp_path: Path) -> None:
    assert mutation.apply(tmp_path).is_dir()
