"""Runs ``ansible-test sanity`` over a copy of the checkout, without an ignore file.

ansible-test needs a git work tree at ``.../ansible_collections/NAMESPACE/NAME``, ``pwsh`` on ``PATH`` (validate-modules
reads the specs of the PowerShell modules with it), and a script from the internet that installs pip into the virtual
environments of the tests. In a home directory of its own, that script is :data:`GET_PIP`, so a package index is the
only network access.

A run that found nothing is recorded with a digest of everything that it read. The same sources are not checked twice.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from commands import run_captured
from environment import make_on_demand

from project import CACHE, CORES, ROOT, SANITY_ONLY, Core, environment, files
from winhost import pwsh

# ensurepip runs as a subprocess, because it disables the configuration of pip for the rest of its process.
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

# Output of pip, which installs the environments of the tests.
_PIP_OUTPUT = re.compile(
    r'\s*(Installing requirements for|Installing collected|Using cached|Looking in|Collecting|Processing|Downloading|'
    r'Successfully|Attempting uninstall|Found existing|Uninstalling|WARNING: Location|\S*[━╸]|$)'
)

_ARCHIVES = {'.gz', '.xz'}


def make_home(folder: Path) -> None:
    """Make a home directory in which ansible-test needs no download of its own.

    :param folder: the directory; what it contains is kept, such as virtual environments of earlier runs.
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
    """Make a git work tree of the checkout as it is on disk, without the archives.

    :param folder: the work tree; what it contains is removed.
    """
    if folder.exists():
        shutil.rmtree(folder)
    for path in files():
        if path.suffix not in _ARCHIVES:
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    subprocess.run(['git', 'init', '--quiet', str(folder)], check=True)
    subprocess.run(['git', '-C', str(folder), 'add', '.'], check=True)


def digest(core: Core) -> str:
    """The digest of everything that the result depends on: the sources, the installed tools and the options.

    :param core: the ansible-core.
    """
    parts = [core.requirements.read_bytes(), repr(options(core)).encode(), bytes(pwsh.find())]
    for path in files():
        content = b'' if path.suffix in _ARCHIVES else path.read_bytes()
        parts.append(f'{path.relative_to(ROOT)} {os.access(path, os.X_OK)} {len(content)}'.encode())
        parts.append(content)
    return hashlib.sha256(b'\0'.join(parts)).hexdigest()


def options(core: Core) -> list[str]:
    """The options of ansible-test: every sanity test but :data:`SKIPPED` and :data:`ALSO_SKIPPED`.

    :param core: the ansible-core.
    """
    skipped = (*SKIPPED, *ALSO_SKIPPED.get(core.version, ()))
    return ['--color', 'no', '--python', core.python, *(word for test in skipped for word in ('--skip-test', test))]


def run(core: Core) -> subprocess.CompletedProcess[str]:
    """Run the sanity tests, unless they have passed with the same sources.

    :param core: the ansible-core whose ansible-test is run.
    :returns: the finished process, or the recorded one; standard output and error are one text, without pip's output.
    """
    place = CACHE / 'sanity' / core.version
    place.mkdir(parents=True, exist_ok=True)
    # Two runs at once would share the copy.
    with (place / 'lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        record = place / 'passed.json'
        sources = digest(core)
        passed = json.loads(record.read_text(encoding='utf-8')) if record.exists() else {}
        if passed.get('digest') == sources:
            return subprocess.CompletedProcess('ansible-test', 0, passed['output'] + 'Unchanged since this run.\n')
        done = _run(core, place)
        done.stdout = ''.join(line for line in done.stdout.splitlines(keepends=True) if not _PIP_OUTPUT.match(line))
        # A source that was changed meanwhile may have been copied before or after the change.
        if done.returncode == 0 and digest(core) == sources:
            record.write_text(json.dumps({'digest': sources, 'output': done.stdout}), encoding='utf-8')
    return done


def _run(core: Core, place: Path) -> subprocess.CompletedProcess[str]:
    """Run ansible-test over a new copy.

    :param core: the ansible-core.
    :param place: the directory of the copy and of the home directory.
    :returns: the finished process.
    """
    home = place / 'home'
    checkout = place / 'ansible_collections' / 'winops' / 'sessions'
    make_home(home)
    copy_checkout(checkout)
    env = environment(core) | pwsh.environment()
    env['HOME'] = str(home)
    env['PATH'] = os.pathsep.join([env['PATH'], str(pwsh.find().parent)])
    # They lead to the checkout instead of the copy.
    for name in ('ANSIBLE_COLLECTIONS_PATH', 'ANSIBLE_HOME', 'PYTHONPATH'):
        del env[name]
    return run_captured([str(core.bin / 'ansible-test'), 'sanity', *options(core)], checkout, env)


def main() -> int:
    """``sanity.py [VERSION...]``: runs the tests with these versions of ansible-core, by default with all."""
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
