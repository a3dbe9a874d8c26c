"""Runs galaxy-importer over an artifact, as Galaxy and Automation Hub do when a version is published."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from commands import run_captured
from environment import make_on_demand

from project import GALAXY, environment


def run(artifact: Path) -> subprocess.CompletedProcess[str]:
    """Import an artifact.

    :param artifact: the file that ``ansible-galaxy collection build`` made.
    :returns: the finished process; standard output and error are one text. Warnings do not change the exit status.
    """
    make_on_demand(GALAXY)
    env = environment(GALAXY)
    # It installs the artifact, and must not find the checkout.
    for name in ('ANSIBLE_COLLECTIONS_PATH', 'ANSIBLE_CONFIG', 'PYTHONPATH'):
        del env[name]
    with tempfile.TemporaryDirectory() as folder:
        env['ANSIBLE_HOME'] = env['HOME'] = folder
        command = [str(GALAXY.bin / 'python'), '-m', 'galaxy_importer.main', str(artifact.resolve())]
        return run_captured(command, Path(folder), env)


if __name__ == '__main__':
    done = run(Path(sys.argv[1]))
    print(done.stdout)
    sys.exit(done.returncode)
