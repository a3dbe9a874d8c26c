# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from modules.altered import quick_plugins
from modules.engine import Engine

from winhost.host import Host


@pytest.fixture(scope='session')
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The PowerShell process that the modules run in."""
    engine = Engine(tmp_path_factory.mktemp('host'))
    yield engine
    engine.close()


@pytest.fixture(scope='session')
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A copy of the engine that waits no longer than a test needs, and abandons a call as soon as it hangs."""
    engine = Engine(tmp_path_factory.mktemp('host'), quick_plugins(tmp_path_factory.mktemp('quick')))
    yield engine
    engine.close()


@pytest.fixture
def host(engine: Engine) -> Iterator[Callable[..., Host]]:
    """Starts the host that the modules run on: ``host(sessions=[...], ...)``, in the words of its spec."""
    with ExitStack() as stack:
        yield lambda **spec: stack.enter_context(engine.host(spec))


@pytest.fixture
def info(engine: Engine) -> Callable[..., dict[str, Any]]:
    """Runs win_user_session_info."""
    return lambda **options: engine.run('win_user_session_info', **options)


@pytest.fixture
def act(engine: Engine) -> Callable[..., dict[str, Any]]:
    """Runs win_user_session; nothing takes longer than it must."""
    return lambda **options: engine.run('win_user_session', **{'state': 'logged_off', 'timeout': '20', **options})
