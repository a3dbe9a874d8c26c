# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Builds the native library that receives the P/Invoke calls of PowerShell."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from winhost.build_once import build_once

SOURCES = Path(__file__).resolve().parent / 'native'

# For "wtsapi32.dll", .NET on Linux searches for wtsapi32.dll.so first.
NAMES = tuple(f'{name}.dll.so' for name in ('wtsapi32', 'kernel32', 'advapi32', 'secur32', 'winsta'))

_FLAGS = ['-std=c11', '-O1', '-Wall', '-Wextra', '-Werror', '-fPIC', '-fvisibility=hidden', '-pthread']


def compiler() -> str:
    """Find a C compiler.

    :returns: its path.
    :raises FileNotFoundError: if there is none.
    """
    for name in ('gcc', 'cc'):
        found = shutil.which(name)
        if found:
            return found
    raise FileNotFoundError(
        'the simulated host needs a C compiler: install gcc (Debian: apt-get install gcc libc6-dev)'
    )


def compile_with(*arguments: str | Path) -> None:
    """Run the compiler. Warnings are errors.

    :param arguments: the arguments after the flags.
    :raises RuntimeError: if it does not compile; the message contains the output of the compiler.
    """
    command = [compiler(), *_FLAGS, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f'{" ".join(command)} failed:\n{done.stderr}')


def build(cache: Path | None = None) -> Path:
    """Build the library if its sources have changed. Several processes can call this at the same time.

    :param cache: the folder of the builds; by default ``.cache/native`` of the checkout.
    :returns: the folder of the library, which has all names there, for ``LD_LIBRARY_PATH``.
    :raises FileNotFoundError: if there is no C compiler.
    :raises RuntimeError: if it does not compile.
    """
    cache = cache or SOURCES.parents[2] / '.cache' / 'native'
    digest = hashlib.sha256(' '.join([*NAMES, *_FLAGS, os.uname().machine]).encode())
    for source in sorted(SOURCES.iterdir()):
        digest.update(source.name.encode() + b'\0' + source.read_bytes())

    def fill(folder: Path) -> None:
        compile_with('-shared', '-o', folder / NAMES[0], SOURCES / 'winhost.c')
        for name in NAMES[1:]:
            os.link(folder / NAMES[0], folder / name)

    return build_once(cache / digest.hexdigest()[:16], fill)
