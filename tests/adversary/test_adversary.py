# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Random tasks on random hosts never end a session that they must not end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from adversary.machine import Adversary, Change, attack
from adversary.worlds import NOW
from modules.altered import quick_plugins
from modules.engine import Engine

# The usual examples are the same in each run.
EXAMPLES = int(os.environ.get('ADVERSARY_EXAMPLES', '180'))


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


def _play(
    engines: tuple[Engine, Engine],
    session: dict[str, Any],
    task: dict[str, Any],
    *during: tuple[int, Change],
    faults: Sequence[dict[str, Any]] = (),
) -> Adversary:
    """Run a task on a host with one session while things happen."""
    Adversary.engines, Adversary.only = engines, {'timeout': '0.2', **task}
    directory = {'accounts': {'CORP\\carol': {'sid': 'S-1-5-21-1-2-3-1003'}}}
    sessions = [{'id': 1, **session}]
    world = {'clock': {'fixed': NOW}, 'sessions': sessions, 'directory': directory, 'api': list(faults)}
    state = Adversary()
    try:
        state.begin(world=world, tasks=({}, {}, {}))
        state.run_while_things_happen(task=0, newcomers=[], during=list(during))
    finally:
        state.teardown()
    return state


def test_permits_an_act_when_a_program_starts_after_the_processes_were_read(engines: tuple[Engine, Engine]) -> None:
    task = {'all_sessions': True, 'protect_processes': ['backup*'], 'state': 'logged_off'}
    for moment in range(26):
        _play(engines, {'user': 'alice'}, task, (moment, ('program', 0, 'backup.exe')))


def test_permits_an_act_when_the_client_changes_after_it_was_read(engines: tuple[Engine, Engine]) -> None:
    task = {'client_names': ['PC-1'], 'state': 'logged_off'}
    for moment in range(10):
        _play(engines, {'user': 'alice', 'client': {'name': 'PC-1'}}, task, (moment, ('client', 0, 'PC-2')))


def test_permits_a_reset_of_a_session_whose_logoff_has_changed_its_limits(engines: tuple[Engine, Engine]) -> None:
    limits = {'max_idle': '0', 'max_disconnected': '3600', 'idle_action': 'disconnect'}
    session = {'user': 'alice', 'state': 'disconnected', 'disconnected': 7200, 'on_logoff': {'hangs': True}}
    _play(engines, session, {**limits, 'state': 'logged_off', 'method': 'logoff_then_reset'})


@pytest.mark.parametrize(
    ('session', 'fault'),
    [({'processes': []}, []), ({}, [{'api': 'WTSEnumerateProcessesExW', 'result': 'empty'}])],
    ids=['hidden', 'not_returned'],
)
def test_identifies_a_session_without_visible_processes_by_its_name(
    engines: tuple[Engine, Engine], session: dict[str, Any], fault: list[dict[str, Any]]
) -> None:
    carol = {'user': 'carol', 'sid': 'S-1-5-21-1-2-3-1999', **session}
    state = _play(engines, carol, {'users': ['carol@corp.example.com'], 'state': 'logged_off'}, faults=fault)
    assert [call.api for call in state.host.acts] == ['WTSLogoffSession']


def test_a_ghost_session_without_processes_is_not_protected(engines: tuple[Engine, Engine]) -> None:
    left = {'state': 'disconnected', 'connected': 7200, 'disconnected': 7200}
    session: dict[str, Any] = {'user': None, **left, 'processes': []}
    task = {'session_ids': [1], 'ghosts': True, 'protect_processes': ['winword'], 'state': 'logged_off'}
    _play(engines, session, task)
