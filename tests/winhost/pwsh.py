# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds the PowerShell of the simulated hosts; ``python -m winhost.pwsh`` prints its path."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent
_INSTALL = _TESTS / 'powershell' / 'install'
_UNPACKED = _TESTS.parent / '.cache' / 'pwsh'


def find() -> Path:
    """Find a PowerShell: ``$PWSH``, else ``pwsh`` on ``PATH``, else the archive in ``tests/powershell``.

    The archive is unpacked on first use.

    :returns: the absolute path of the executable.
    :raises FileNotFoundError: if ``$PWSH`` is not an executable file.
    :raises RuntimeError: if the archive could not be unpacked.
    """
    named = os.environ.get('PWSH')
    if named:
        found = shutil.which(named)
        if not found:
            raise FileNotFoundError(f'PWSH={named!r} is not an executable file. Example: PWSH=/usr/bin/pwsh')
        return Path(found).absolute()
    on_path = shutil.which('pwsh')
    if on_path:
        return Path(on_path).absolute()
    return unpack(_UNPACKED)


def unpack(folder: Path) -> Path:
    """Unpack the archive into a folder, atomically and once.

    :param folder: the folder, created if missing.
    :returns: the absolute path of the executable.
    :raises RuntimeError: if it could not be unpacked; the message contains the output of the installer.
    """
    # Without xz, the installer uses `python3`, which has to be this Python.
    path = os.pathsep.join([os.environ.get('PATH', os.defpath), str(Path(sys.executable).parent)])
    done = subprocess.run(
        ['/bin/sh', str(_INSTALL), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, 'PATH': path},
    )
    if done.returncode != 0:
        raise RuntimeError(f'cannot unpack PowerShell into {folder}: {done.stderr.strip() or done.returncode}')
    return Path(done.stdout.strip())


def environment() -> dict[str, str]:
    """The environment variables that PowerShell needs on this machine.

    :returns: the variables. Without libicu, .NET requires invariant globalization.
    """
    if ctypes.util.find_library('icuuc'):
        return {}
    return {'DOTNET_SYSTEM_GLOBALIZATION_INVARIANT': '1'}


if __name__ == '__main__':
    print(find())
