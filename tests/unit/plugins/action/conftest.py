# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs action plugins as ansible-core does, with a connection whose use fails the test."""

from __future__ import annotations

import copy
import importlib
import types
import typing as t
from collections.abc import Callable

import pytest

ACTIONS = 'ansible_collections.winops.sessions.plugins.action'


class UntouchableConnection:
    """Fails the test on any use, but for the one attribute that every action's ``run`` looks at."""

    _shell = types.SimpleNamespace(tmpdir=None)

    def __getattr__(self, name: str) -> t.Any:
        raise AssertionError(f'the host was asked: connection.{name}')


class ActionRun:
    """What came of running an action plugin: its result and what the module was given."""

    def __init__(self, result: dict[str, t.Any], calls: list[dict[str, t.Any]]) -> None:
        self.result = result
        self.calls = calls

    @property
    def arguments(self) -> dict[str, t.Any]:
        """The arguments of the one module call."""
        (call,) = self.calls
        return call['module_args']


@pytest.fixture
def run_action() -> Callable[..., ActionRun]:
    """Run an action plugin with some arguments; ``answer`` is what the module returns, without it none may be run."""

    def run(
        name: str,
        args: dict[str, t.Any],
        answer: dict[str, t.Any] | None = None,
        task_vars: dict[str, t.Any] | None = None,
        **task: t.Any,
    ) -> ActionRun:
        keys = {'action': name, 'async_val': 0, 'check_mode': False, 'diff': False, 'delegate_to': None, **task}
        before = copy.deepcopy(args)
        plugin = importlib.import_module(f'{ACTIONS}.{name}').ActionModule(
            task=types.SimpleNamespace(args=args, **keys),
            connection=UntouchableConnection(),
            play_context=types.SimpleNamespace(),
            loader=None,
            templar=None,
            shared_loader_obj=None,
        )
        calls: list[dict[str, t.Any]] = []
        if answer is not None:

            def execute(**call: t.Any) -> dict[str, t.Any]:
                calls.append(call)
                return copy.deepcopy(answer)

            plugin._execute_module = execute
        try:
            result = plugin.run(task_vars={'inventory_hostname': 'web01'} if task_vars is None else task_vars)
        finally:
            assert args == before, 'the task was changed'
        return ActionRun(result, calls)

    return run
