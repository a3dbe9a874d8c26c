"""Runs the genuine ``ansible-test sanity`` over a copy of the checkout, without an ignore file.

ansible-test wants a git work tree at ``.../ansible_collections/NAMESPACE/NAME``, ``pwsh`` on ``PATH`` (only then does
validate-modules read the specs of the PowerShell modules), and a script from the internet that brings pip into the
virtual environments which it makes. In a home folder of its own, that script is :data:`GET_PIP`, so a package index is
all the network there is.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from environment import make_on_demand

from project import CACHE, CORES, ROOT, SANITY_ONLY, Core, environment
from winhost import pwsh

# In a process of its own: once ensurepip was called, pip heeds no configuration in the rest of that process.
GET_PIP = """\
import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--no-")]
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", *arguments]).returncode)
"""
GET_PIP_NAMES = ('get_pip_24_2.py', 'get_pip_25_2.py')  # what ansible-core 2.19 to 2.22 look for

# PSScriptAnalyzer, which pslint needs, comes from the PowerShell Gallery only.
SKIPPED = ('pslint',)
# From 2.22, pylint needs an archive of dill that no package index has.
ALSO_SKIPPED = {'2.22': ('pylint',)}

# What pip says when the tests' own environments are made; it would bury what the tests say.
_PIP_TALK = re.compile(
    r'\s*(Installing requirements for|Installing collected|Using cached|Looking in|Collecting|Processing|Downloading|'
    r'Successfully|Attempting uninstall|Found existing|Uninstalling|WARNING: Location|\S*[━╸]|$)'
)

_NOT_COPIED = shutil.ignore_patterns('.git', '.cache', '__pycache__', '*.pyc', '*.tar.xz', '*.tar.gz')


def make_home(folder: Path) -> None:
    """Makes a home folder in which ansible-test needs no download of its own.

    :param folder: Where; what is there stays, virtual environments of earlier runs among it.
    """
    scripts = folder / '.ansible' / 'test' / 'cache'
    scripts.mkdir(parents=True, exist_ok=True)
    for name in GET_PIP_NAMES:
        (scripts / name).write_text(GET_PIP)
    own_settings = Path.home() / '.config' / 'pip'
    settings = folder / '.config' / 'pip'
    if own_settings.is_dir() and not settings.exists():
        settings.parent.mkdir(exist_ok=True)
        settings.symlink_to(own_settings)


def copy_checkout(folder: Path) -> None:
    """Makes a git work tree of the checkout as it is on disk, without the archives.

    :param folder: Where; what is there is replaced.
    """
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(ROOT, folder, symlinks=True, ignore=_NOT_COPIED)
    subprocess.run(['git', 'init', '--quiet', str(folder)], check=True)
    subprocess.run(['git', '-C', str(folder), 'add', '.'], check=True)


def run(core: Core) -> subprocess.CompletedProcess[str]:
    """Runs every sanity test but :data:`SKIPPED` and :data:`ALSO_SKIPPED`.

    :param core: The ansible-core whose ansible-test it is.
    :returns: The finished process; standard output and error are one text, without pip's talk.
    """
    place = CACHE / 'sanity' / core.version
    place.mkdir(parents=True, exist_ok=True)
    # A second run waits: it would take the copy away from under the first.
    with (place / 'lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = _run(core, place)
    done.stdout = ''.join(line for line in done.stdout.splitlines(keepends=True) if not _PIP_TALK.match(line))
    return done


def _run(core: Core, place: Path) -> subprocess.CompletedProcess[str]:
    """Runs ansible-test over a new copy in a folder that is nobody else's."""
    home = place / 'home'
    checkout = place / 'ansible_collections' / 'winops' / 'sessions'
    make_home(home)
    copy_checkout(checkout)
    env = environment(core) | pwsh.environment()
    env['HOME'] = str(home)
    env['PATH'] = os.pathsep.join([env['PATH'], str(pwsh.find().parent)])
    # The collection that is looked at is the copy.
    for name in ('ANSIBLE_COLLECTIONS_PATH', 'ANSIBLE_HOME', 'PYTHONPATH'):
        del env[name]
    skipped = (*SKIPPED, *ALSO_SKIPPED.get(core.version, ()))
    skips = [argument for test in skipped for argument in ('--skip-test', test)]
    return subprocess.run(
        [str(core.bin / 'ansible-test'), 'sanity', '--color', 'no', '--python', core.python, *skips],
        cwd=checkout,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def main() -> int:
    """``sanity.py [VERSION...]``: runs it with these versions of ansible-core, by default with all."""
    cores = CORES | SANITY_ONLY
    failed = []
    for version in sys.argv[1:] or sorted(cores):
        if not make_on_demand(cores[version]):
            print(f'sanity {version}: skipped, {cores[version].missing}')
            continue
        done = run(cores[version])
        print(f'{done.stdout}sanity {version}: exit status {done.returncode}', flush=True)
        failed += [version] if done.returncode else []
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
