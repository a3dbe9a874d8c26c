# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The molecule scenarios of the role."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from e2e.playbook import execute

from project import MAIN, ROOT

MOLECULE = MAIN.bin / 'molecule'
SCENARIOS = sorted(path.parent for path in (ROOT / 'extensions' / 'molecule').glob('*/molecule.yml'))

pytestmark = pytest.mark.e2e


def test_the_role_has_its_scenarios() -> None:
    assert [path.name for path in SCENARIOS] == [
        'check_mode',
        'default',
        'missing_rights',
        'notice',
        'safety_limits',
        'scheduled',
        'unreachable_host',
    ]


@pytest.mark.parametrize('scenario', SCENARIOS, ids=lambda path: path.name)
def test_a_scenario_expects_a_result_of_each_host(scenario: Path) -> None:
    expected = yaml.safe_load((scenario / 'vars' / 'role.yml').read_text(encoding='utf-8'))['expected']
    hosts = yaml.safe_load((scenario / 'fleet' / 'hosts.yml').read_text(encoding='utf-8'))['hosts']
    assert set(hosts) == {host for host, result in expected.items() if result['status'] != 'unreachable'}


@pytest.mark.slow
@pytest.mark.skipif(not MOLECULE.exists(), reason='no molecule in the environment: `make` installs it')
@pytest.mark.parametrize('scenario', SCENARIOS, ids=lambda path: path.name)
def test_a_scenario_passes(scenario: Path, tmp_path: Path) -> None:
    status, output = execute(
        MAIN, ROOT, 'molecule', 'test', '--scenario-name', scenario.name, ANSIBLE_HOME=str(tmp_path), NO_COLOR='1'
    )
    assert status == 0, output
    ran = [line for line in output.splitlines() if 'verify: Executed: Successful' in line]
    assert ran, output
