# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role's molecule scenarios, each by itself: the simulated hosts, the role, and what it did to them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from e2e.playbook import execute

from project import MAIN, ROOT

MOLECULE = MAIN.bin / 'molecule'
SCENARIOS = sorted(path.parent for path in (ROOT / 'extensions' / 'molecule').glob('*/molecule.yml'))

pytestmark = pytest.mark.e2e


def test_there_are_the_scenarios_that_the_role_promises() -> None:
    assert [path.name for path in SCENARIOS] == [
        'blind_host',
        'brakes',
        'check_mode',
        'default',
        'notice',
        'scheduled',
        'unreachable_host',
    ]


@pytest.mark.parametrize('scenario', SCENARIOS, ids=lambda path: path.name)
def test_a_scenario_says_what_is_to_come_of_each_of_its_hosts(scenario: Path) -> None:
    expected = yaml.safe_load((scenario / 'vars' / 'role.yml').read_text(encoding='utf-8'))['expected']
    hosts = yaml.safe_load((scenario / 'fleet' / 'hosts.yml').read_text(encoding='utf-8'))['hosts']
    assert set(hosts) == {host for host, word in expected.items() if word['status'] != 'unreachable'}


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
