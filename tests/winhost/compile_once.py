# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets the simulated hosts keep the C# that Ansible compiles: ``hook/CompileOnce.cs``, loaded into PowerShell."""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import warnings
from pathlib import Path

from winhost import pwsh
from winhost.build_once import build_once

SOURCE = Path(__file__).resolve().parent / 'hook' / 'CompileOnce.cs'

# The folder of the assemblies; without it, each PowerShell compiles.
FOLDER = 'WINHOST_COMPILED'

# The compiler is built for an older .NET than that of PowerShell, which is a warning.
_BUILD = """
Add-Type -LiteralPath $env:SOURCE -OutputAssembly $env:HOOK -IgnoreWarnings -ErrorAction Stop -ReferencedAssemblies @(
    'Microsoft.CodeAnalysis', 'Microsoft.CodeAnalysis.CSharp', 'System.Management.Automation'
    'System.Collections', 'System.Collections.Immutable', 'System.Linq', 'System.Runtime'
    'System.Security.Cryptography'
)
"""
_TRY = '[Microsoft.CodeAnalysis.CSharp.CSharpCompilation].FullName'


def _run(powershell: Path, script: str, **variables: str) -> str:
    done = subprocess.run(
        [powershell, '-NoProfile', '-NonInteractive', '-Command', script],
        env={**os.environ, **pwsh.environment(), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout)
    return done.stdout.strip()


def environment() -> dict[str, str]:
    """The environment variables with which PowerShell keeps what it compiles.

    :returns: the variables; empty without ``$WINHOST_COMPILED``, and, with a warning, if the hook cannot be built.
    """
    folder = os.environ.get(FOLDER)
    return _environment(Path(folder)) if folder else {}


@functools.cache
def _environment(folder: Path) -> dict[str, str]:
    powershell = pwsh.find()
    stat = powershell.stat()
    digest = hashlib.sha256(SOURCE.read_bytes() + f'{_BUILD}{powershell}{stat.st_size}{stat.st_mtime_ns}'.encode())

    def fill(draft: Path) -> None:
        hook = str(draft / 'hook.dll')
        _run(powershell, _BUILD, SOURCE=str(SOURCE), HOOK=hook)
        found = _run(powershell, _TRY, DOTNET_STARTUP_HOOKS=hook)
        if found != 'WinHost.CompileOnce':
            raise RuntimeError(f'the compiler is {found}')

    try:
        built = build_once(folder / digest.hexdigest()[:16], fill)
    except (OSError, RuntimeError) as error:
        warnings.warn(f'{powershell} compiles all C# in each call, which takes twice as long: {error}', stacklevel=3)
        return {}
    return {'DOTNET_STARTUP_HOOKS': str(built / 'hook.dll')}
