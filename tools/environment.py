"""Creates .cache/: the virtual environments, the link to the collection, an unpacked PowerShell.

An environment is kept while its pins are unchanged, so a second run takes less than a second.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from project import CACHE, COLLECTION, CORES, MAIN, ROOT, Core, environment


def report(text: str) -> None:
    """Print a line about the progress."""
    print(f'setup: {text}', file=sys.stderr, flush=True)


def find_python(version: str) -> str | None:
    """The path of a Python of this minor version, or None."""
    found = subprocess.run(
        ['sh', str(ROOT / 'tools' / 'find-python'), version], stdout=subprocess.PIPE, text=True, check=False
    )
    return found.stdout.strip() or None


def make_venv(core: Core) -> None:
    """Makes a virtual environment, unless it is there and was made from the same pins at the same place.

    :param core: Which one.
    :raises subprocess.CalledProcessError: When pip could not install the pins.
    """
    recipe = hashlib.sha256(core.requirements.read_bytes() + bytes(core.venv)).hexdigest()
    stamp = core.venv / '.made-from'
    if stamp.is_file() and stamp.read_text() == recipe and (core.bin / 'python').exists():
        return
    # This script runs on the first Python that was found.
    python = sys.executable if core is MAIN else find_python(core.python)
    if python is None:
        if core.venv.exists():
            shutil.rmtree(core.venv)
        report(
            f'no Python {core.python} (pyenv install {core.python}): tests with ansible-core {core.version} are skipped'
        )
        return
    report(f'installing ansible-core {core.version} and the pinned tools into {core.venv.relative_to(ROOT)} (once)')
    subprocess.run([python, '-m', 'venv', '--clear', str(core.venv)], check=True)
    pip = [str(core.bin / 'python'), '-m', 'pip', '--disable-pip-version-check', '--quiet', 'install']
    subprocess.run([*pip, '--requirement', str(core.requirements)], check=True)
    stamp.write_text(recipe)


def make_on_demand(core: Core) -> bool:
    """Makes a virtual environment that `make setup` does not make.

    :param core: Which one.
    :returns: Whether it is there.
    :raises subprocess.CalledProcessError: When pip could not install the pins.
    """
    CACHE.mkdir(exist_ok=True)
    with (CACHE / 'setup.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_venv(core)
    return core.present


def link_collection() -> None:
    """Link the checkout into a collections directory: .../ansible_collections/winops/sessions."""
    target = Path('../../../..')
    if COLLECTION.is_symlink() and COLLECTION.readlink() == target:
        return
    COLLECTION.parent.mkdir(parents=True, exist_ok=True)
    COLLECTION.unlink(missing_ok=True)
    COLLECTION.symlink_to(target)


def unpack_powershell() -> None:
    """Unpack PowerShell before the tests need it."""
    subprocess.run(
        [str(MAIN.bin / 'python'), '-m', 'winhost.pwsh'], env=environment(), stdout=subprocess.DEVNULL, check=True
    )


def main() -> int:
    """Create everything. A second run at the same time waits."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / 'setup.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            for core in CORES.values():
                make_venv(core)
            link_collection()
            unpack_powershell()
        except subprocess.CalledProcessError as error:
            report(f'failed: {error}')
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
