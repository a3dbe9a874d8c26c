# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The artifact is small, contains what users need and nothing else, and works when it is installed."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from pathlib import Path

import importer
import pytest

from project import ROOT, environment

MEBIBYTE = 1 << 20  # bytes

ALLOWED = re.compile(
    r"""
      (?: MANIFEST | FILES ) \.json
    | (?: README | CHANGELOG | CONTRIBUTING | CODE_OF_CONDUCT ) \.md
    | COPYING
    | \.ansible-lint
    | changelogs/ (?: changelog | config ) \.yaml
    | docs/ [\w/.-]+ \. (?: md | rst | yml )
    | extensions/ awx/ [\w/-]+ \. (?: yml | md )
    | meta/ (?: runtime\.yml | execution-environment\.yml | ee-requirements\.txt | ee-bindep\.txt )
    | playbooks/ [\w/.-]+ \. (?: yml | md )
    | plugins/ (?: action | doc_fragments | filter | plugin_utils ) / \w+ \. (?: py | yml )
    | plugins/ modules/ \w+ \. (?: ps1 | py | yml )
    | plugins/ module_utils/ \w+ \. (?: cs | psm1 )
    | plugins/ plugin_utils/ (?: \w+ / )? [\w.]+ \. (?: css | j2 | js | py )
    | roles/ [a-z_]+ / README\.md
    | roles/ [a-z_]+ / (?: defaults | handlers | meta | tasks | vars ) / \w+ \. yml
    | roles/ [a-z_]+ / templates/ [\w.]+ \. j2
    """,
    re.VERBOSE,
)

MODULES = sorted(path.stem for path in (ROOT / 'plugins' / 'modules').glob('*.yml'))


@pytest.fixture(scope='module')
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact of this checkout."""
    folder = tmp_path_factory.mktemp('artifact')
    subprocess.run(
        ['ansible-galaxy', 'collection', 'build', '--output-path', str(folder)],
        cwd=ROOT,
        env=environment(),
        check=True,
        capture_output=True,
    )
    (made,) = folder.glob('*.tar.gz')
    return made


@pytest.fixture(scope='module')
def installed(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections folder in which the artifact was installed."""
    folder = tmp_path_factory.mktemp('installed')
    subprocess.run(
        ['ansible-galaxy', 'collection', 'install', '--offline', '--collections-path', str(folder), str(artifact)],
        cwd=folder,
        env=environment() | {'ANSIBLE_COLLECTIONS_PATH': str(folder), 'PYTHONPATH': ''},
        check=True,
        capture_output=True,
    )
    return folder


def test_the_artifact_contains_allowed_files_only(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        files = [member.name for member in archive if not member.isdir()]
        assert [member.name for member in archive if not (member.isfile() or member.isdir())] == []
    assert [name for name in files if not ALLOWED.fullmatch(name)] == []


def test_the_artifact_is_under_one_megabyte(artifact: Path) -> None:
    assert artifact.stat().st_size < MEBIBYTE


@pytest.mark.parametrize('name', ['README.md', 'COPYING', 'meta/runtime.yml', 'changelogs/changelog.yaml'])
def test_the_artifact_contains(name: str, artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        assert name in archive.getnames()


def test_the_artifact_contains_every_plugin(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        names = set(archive.getnames())
    here = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'plugins').rglob('*.*') if path.suffix != '.pyc'}
    assert sorted(name for name in here if '__pycache__' not in name and name not in names) == []


def test_the_installed_collection_documents_every_module(installed: Path) -> None:
    done = subprocess.run(
        ['ansible-doc', '--json', '--type', 'module', *(f'winops.sessions.{name}' for name in MODULES)],
        cwd=installed,
        env=environment() | {'ANSIBLE_COLLECTIONS_PATH': str(installed), 'PYTHONPATH': ''},
        check=True,
        capture_output=True,
        text=True,
    )
    documented = json.loads(done.stdout)
    assert sorted(documented) == [f'winops.sessions.{name}' for name in MODULES]
    assert all(str(installed) in documented[name]['doc']['filename'] for name in documented)


def test_the_python_of_the_installed_collection_imports_without_the_checkout(installed: Path) -> None:
    root = installed / 'ansible_collections' / 'winops' / 'sessions' / 'plugins'
    names = sorted(
        '.'.join(('ansible_collections.winops.sessions.plugins', *path.relative_to(root).with_suffix('').parts))
        for folder in ('action', 'filter', 'plugin_utils')
        for path in (root / folder).rglob('*.py')
    )
    assert names
    subprocess.run(
        ['python', '-c', 'import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]', *names],
        cwd=installed,
        env=environment() | {'PYTHONPATH': str(installed)},
        check=True,
    )


@pytest.mark.slow
def test_galaxy_importer_has_no_warning(artifact: Path) -> None:
    done = importer.run(artifact)
    assert done.returncode == 0, done.stdout
    assert 'Linting collection via ansible-lint' in done.stdout
    assert 'Importer processing completed successfully' in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith(('WARNING', 'ERROR'))] == []
