# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Linters, documentation tools and ansible-test find no problem in the checkout."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import sanity
from commands import run_captured

from project import CORES, MAIN, ROOT, Core, environment, files

SHELL_SCRIPTS = sorted(
    str(path.relative_to(ROOT))
    for path in files()
    if path.suffix == ''
    and path.read_bytes().startswith(b'#!/bin/sh\n')
    and path.parent != ROOT / 'tests' / 'powershell'  # of PowerShell's distribution
)


def listed(folder: str) -> str:
    """The YAML files of a folder of ``.github``, separated by spaces."""
    return ' '.join(str(path) for path in sorted((ROOT / '.github' / folder).glob('*.yml')))


COMMANDS = {
    'ansible-lint': 'ansible-lint --profile production --offline --strict --nocolor -q',
    'antsibull-changelog': 'antsibull-changelog lint',
    'docs': 'python tools/docs.py',
    'antsibull-docs': 'antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all .',
    'workflows': f'check-jsonschema --builtin-schema vendor.github-workflows {listed("workflows")}',
    'issue forms': f'check-jsonschema --builtin-schema vendor.github-issue-forms {listed("ISSUE_TEMPLATE")}',
    'mypy': 'mypy',
    'ruff': 'ruff check --no-fix .',
    'yamllint': 'yamllint --strict .',
}


def check(command: list[str]) -> None:
    """Fail with the output of the command if it fails."""
    done = run_captured(command, ROOT, environment())
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
    # ansible-test skips a test whose requirements are missing.
    for test in ('validate-modules', 'ansible-doc', 'import', 'pylint', 'runtime-metadata'):
        assert f'Running sanity test "{test}"' in done.stdout


def test_the_sanity_tests_run_again_if_a_source_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanity, 'ROOT', tmp_path)
    monkeypatch.setattr(sanity, 'files', lambda: sorted(tmp_path.iterdir()))
    source = tmp_path / 'a.py'
    source.write_text('a = 1\n')
    digests = [sanity.digest(MAIN)]
    source.write_text('a = 2\n')
    digests.append(sanity.digest(MAIN))
    source.chmod(0o755)
    digests.append(sanity.digest(MAIN))
    source.rename(tmp_path / 'b.py')
    digests += [sanity.digest(MAIN), sanity.digest(dataclasses.replace(MAIN, version='2.22'))]
    assert len(set(digests)) == 5
    assert sanity.digest(MAIN) == digests[3]


def test_no_sanity_test_ignores_a_file() -> None:
    assert list((ROOT / 'tests' / 'sanity').glob('ignore*')) == []
