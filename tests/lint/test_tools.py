# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tools of the trade say about the checkout: nothing."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import sanity

from project import CORES, ROOT, Core, environment, files

SHELL_SCRIPTS = sorted(
    str(path.relative_to(ROOT))
    for path in files()
    if path.suffix == ''
    and path.read_bytes().startswith(b'#!/bin/sh\n')
    and path.parent != ROOT / 'tests' / 'powershell'  # carried as it is
)

COMMANDS = {
    'ansible-lint': 'ansible-lint --profile production --offline --strict --nocolor -q',
    'antsibull-changelog': 'antsibull-changelog lint',
    'docs': 'python tools/docs.py',
    'antsibull-docs': 'antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all .',
    'check-jsonschema': 'check-jsonschema --builtin-schema vendor.github-workflows '
    + ' '.join(str(path) for path in sorted((ROOT / '.github' / 'workflows').glob('*.yml'))),
    'mypy': 'mypy',
    'ruff': 'ruff check --no-fix .',
    'yamllint': 'yamllint --strict .',
}


def check(command: list[str]) -> None:
    """Runs a command; what it says is the reason why the test fails."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f'{" ".join(command)} ended with {done.returncode}:\n{done.stdout}', pytrace=False)


@pytest.mark.parametrize('command', COMMANDS.values(), ids=COMMANDS)
def test_a_tool_finds_nothing(command: str) -> None:
    check(command.split())


@pytest.mark.skipif(not shutil.which('shellcheck'), reason='no shellcheck here (apt-get install shellcheck)')
def test_shellcheck_finds_nothing() -> None:
    assert SHELL_SCRIPTS
    check(['shellcheck', *SHELL_SCRIPTS])


@pytest.mark.slow
@pytest.mark.parametrize('core', CORES.values(), ids=CORES)
def test_ansible_test_sanity_finds_nothing(core: Core) -> None:
    if not core.present:
        pytest.skip(core.missing)
    done = sanity.run(core)
    if done.returncode != 0:
        pytest.fail(f'ansible-test sanity {core.version} ended with {done.returncode}:\n{done.stdout}', pytrace=False)
    # Without pwsh, or without a look at the documentation, it would have nothing to find.
    for test in ('validate-modules', 'ansible-doc', 'import', 'pylint', 'runtime-metadata'):
        assert f'Running sanity test "{test}"' in done.stdout


def test_no_sanity_test_is_told_to_ignore_anything() -> None:
    assert list((ROOT / 'tests' / 'sanity').glob('ignore*')) == []
