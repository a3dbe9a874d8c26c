# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import os
from pathlib import Path

import pytest

from project import CORES, Core


@pytest.fixture(scope='session', params=list(CORES.values()), ids=list(CORES))
def core(request: pytest.FixtureRequest) -> Core:
    """Each ansible-core that the project is tested with."""
    found: Core = request.param
    if not found.present:
        pytest.skip(found.missing)
    return found


@pytest.fixture(scope='session')
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if 'PYTEST_XDIST_WORKER' in os.environ else base
