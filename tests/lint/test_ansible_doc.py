# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``ansible-doc`` prints the documentation of every plugin and role without a warning."""

from __future__ import annotations

import re
import subprocess

import pytest

from project import CORES, ROOT, Core, environment

# What ansible-doc prints as it is, because it is not valid.
MARKUP = re.compile(r'\b(?:[BCIMOPULV]|RV|HORIZONTALLINE)\([a-z]')

NAMES = {
    'module': sorted(path.stem for path in (ROOT / 'plugins' / 'modules').glob('*.yml')),
    'filter': sorted(path.stem for path in (ROOT / 'plugins' / 'filter').glob('*.yml')),
    # A role without argument specs has no documentation.
    'role': sorted(path.parents[1].name for path in (ROOT / 'roles').glob('*/meta/argument_specs.yml')),
}


@pytest.mark.parametrize('core', CORES.values(), ids=CORES)
@pytest.mark.parametrize('plugin_type', NAMES)
def test_prints_every_page_without_a_warning(core: Core, plugin_type: str) -> None:
    if not core.present:
        pytest.skip(core.missing)
    names = [f'winops.sessions.{name}' for name in NAMES[plugin_type]]
    done = subprocess.run(
        ['ansible-doc', '--type', plugin_type, *names],
        env=environment(core) | {'COLUMNS': '120'},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    # When it searches for roles, ansible-core 2.21 warns about a collection of its own.
    warnings = [line for line in done.stderr.splitlines() if '/ansible/_internal/' not in line]
    assert (done.returncode, warnings) == (0, [])
    assert [name for name in names if name not in done.stdout] == []
    assert MARKUP.findall(done.stdout) == []
