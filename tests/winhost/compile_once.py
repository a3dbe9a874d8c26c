# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps what the PowerShell of the simulated hosts compiles: ``hook/CompileOnce.cs``, which .NET loads at its start."""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import warnings
from pathlib import Path

from winhost.build_once import build_once

SOURCE = Path(__file__).resolve().parent / 'hook' / 'CompileOnce.cs'

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
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout)
    return done.stdout.strip()


@functools.cache
def environment(powershell: Path, cache: Path | None = None, **variables: str) -> dict[str, str]:
    """Make a PowerShell keep what it compiles.

    :param powershell: the executable.
    :param cache: the folder of the builds; by default ``.cache/compiled`` of the checkout.
    :param variables: the environment variables that PowerShell needs.
    :returns: environment variables for it; none, and a warning, if this PowerShell cannot do so.
    """
    cache = cache or SOURCE.parents[3] / '.cache' / 'compiled'
    stat = powershell.stat()
    digest = hashlib.sha256(SOURCE.read_bytes() + f'{_BUILD}{powershell}{stat.st_size}{stat.st_mtime_ns}'.encode())

    def fill(folder: Path) -> None:
        hook = str(folder / 'hook.dll')
        _run(powershell, _BUILD, **variables, SOURCE=str(SOURCE), HOOK=hook)
        found = _run(powershell, _TRY, **variables, DOTNET_STARTUP_HOOKS=hook)
        if found != 'WinHost.CompileOnce':
            raise RuntimeError(f'the compiler is {found}')

    try:
        built = build_once(cache / digest.hexdigest()[:16], fill)
    except (OSError, RuntimeError) as error:
        warnings.warn(f'{powershell} compiles all C# in each call, which takes twice as long: {error}', stacklevel=2)
        return {}
    return {'DOTNET_STARTUP_HOOKS': str(built / 'hook.dll')}
