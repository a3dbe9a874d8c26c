# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an engine without one of its safeguards does wrong is found: by the adversary, and by a test of the engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from adversary.machine import Adversary, attack
from adversary.mutations import MUTATIONS, Mutation
from modules.altered import altered_plugins, quick_plugins
from modules.engine import Engine

_MODULES = Path(__file__).resolve().parents[1] / 'modules'
# ADVERSARY_MUTATIONS=all tries each of them, which takes an hour.
_ALL = 'ADVERSARY_MUTATIONS' in os.environ
_USUAL = {'counts idle time from the reconnect', 'protects users whose groups cannot be read'}


def _name(mutation: Mutation) -> str:
    return mutation.name.replace(' ', '_')


@pytest.mark.parametrize(
    'mutation', [entry for entry in MUTATIONS if entry.is_found and (_ALL or entry.name in _USUAL)], ids=_name
)
def test_the_adversary_finds_an_engine_without_a_safeguard(mutation: Mutation, tmp_path: Path) -> None:
    plugins = quick_plugins(tmp_path, mutation.alteration)
    engines = Engine(tmp_path / 'host', plugins), Engine(tmp_path / 'host', plugins)
    try:
        with pytest.raises(AssertionError) as found:
            attack(
                engines,
                examples=int(os.environ.get('ADVERSARY_EXAMPLES', '400')),
                shrink=False,
                seed=0,
                only=mutation.task,
            )
        print(Adversary.counted['runs'], str(found.value).splitlines()[0])
    finally:
        for engine in engines:
            engine.close()


# The adversary does not find these: they take several rare events at once.
@pytest.mark.parametrize('mutation', [entry for entry in MUTATIONS if _ALL or not entry.is_found], ids=_name)
def test_a_test_of_the_engine_fails_without_a_safeguard(mutation: Mutation, tmp_path: Path) -> None:
    plugins = altered_plugins(tmp_path, mutation.alteration)
    run = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-x', '-n', '0', '-p', 'no:cacheprovider', _MODULES / mutation.test],
        env={**os.environ, 'WINOPS_PLUGINS': str(plugins)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout
    assert '\nFAILED ' in run.stdout, run.stdout


@pytest.mark.parametrize('mutation', MUTATIONS, ids=_name)
def test_a_safeguard_is_in_the_engine_and_has_a_test(mutation: Mutation, tmp_path: Path) -> None:
    assert altered_plugins(tmp_path, mutation.alteration).is_dir()
    file, _separator, test = mutation.test.partition('::')
    assert f'def {test.partition("[")[0]}(' in (_MODULES / file).read_text(encoding='utf-8')
