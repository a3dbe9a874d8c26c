"""The layout of the checkout. Uses the standard library only."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / '.cache'
COLLECTIONS = CACHE / 'collections'
COLLECTION = COLLECTIONS / 'ansible_collections' / 'winops' / 'sessions'


@dataclass(frozen=True)
class Core:
    """A version of ansible-core that the project is tested with, and its virtual environment.

    :ivar version: The minor version, such as ``2.19``.
    :ivar python: The minor version of Python it runs on, such as ``3.11``.
    :ivar venv: The virtual environment's folder.
    :ivar requirements: The pins that it is made from.
    """

    version: str
    python: str
    venv: Path
    requirements: Path

    @property
    def bin(self) -> Path:
        """The folder of the environment's commands."""
        return self.venv / 'bin'

    @property
    def present(self) -> bool:
        """Whether the environment is there, whole."""
        return (self.venv / '.made-from').is_file()

    @property
    def missing(self) -> str:
        """Why tests that need this environment are skipped."""
        return f'no ansible-core {self.version} here: it needs Python {self.python} when `make` sets up its environment'


CORES = {
    core.version: core
    for core in (
        Core('2.19', '3.11', CACHE / 'venv', ROOT / 'tools' / 'requirements.txt'),
        Core('2.21', '3.12', CACHE / 'venv-2.21', ROOT / 'tools' / 'requirements-2.21.txt'),
    )
}
MAIN = CORES['2.19']

#: Versions that only `make sanity` uses: the one in between, and the next one.
SANITY_ONLY = {
    core.version: core
    for core in (
        Core('2.20', '3.12', CACHE / 'venv-2.20', ROOT / 'tools' / 'requirements-2.20.txt'),
        Core('2.22', '3.13', CACHE / 'venv-2.22', ROOT / 'tools' / 'requirements-2.22.txt'),
    )
}
#: The environment of galaxy-importer.
GALAXY = Core('2.19', '3.11', CACHE / 'venv-galaxy', ROOT / 'tools' / 'requirements-galaxy.txt')


def environment(core: Core = MAIN) -> dict[str, str]:
    """The environment variables for Ansible's commands: the collection of this checkout, and no settings of the user.

    :param core: The ansible-core whose commands come first on ``PATH``.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith(('ANSIBLE_', 'PYTEST_'))}
    env.update(
        ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS),
        ANSIBLE_CONFIG=str(ROOT / 'tools' / 'ansible.cfg'),
        ANSIBLE_HOME=str(CACHE / 'ansible'),
        LC_ALL='C.UTF-8',
        PATH=os.pathsep.join([str(core.bin), env.get('PATH', os.defpath)]),
        PYTHONPATH=os.pathsep.join(map(str, (COLLECTIONS, ROOT / 'tests', ROOT / 'tools'))),
        PYTHONUTF8='1',
        VIRTUAL_ENV=str(core.venv),
    )
    return env


def files() -> list[Path]:
    """The files of the checkout that are tracked or not ignored by Git. Without Git: all but generated ones."""
    listing = subprocess.run(
        ['git', '-C', str(ROOT), 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0:
        candidates = [ROOT / name for name in listing.stdout.split('\0') if name]
    else:
        generated = {'.cache', '__pycache__'}
        candidates = [path for path in ROOT.rglob('*') if not generated & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in candidates if path.is_file() and not path.is_symlink())
