"""``run.py COMMAND...``: runs a command in the project's environment and ends all its processes afterwards."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from project import ROOT, environment

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

PATIENCE = 20  # seconds that an interrupted command has to end


def adopt_orphans() -> None:
    """Become the parent of orphaned processes of the command, and end when make ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_CHILD_SUBREAPER, 1), (PR_SET_PDEATHSIG, signal.SIGTERM)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), 'prctl')


def children() -> list[int]:
    """The ids of this process's children, orphans that it adopted among them."""
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            # The name in parentheses may hold anything; what follows it is "state ppid ..." (proc(5)).
            parent = int(stat.read_text(errors='replace').rpartition(')')[2].split()[1])
        except (OSError, IndexError):
            continue  # it ended meanwhile
        if parent == os.getpid():
            found.append(int(stat.parent.name))
    return found


def sweep() -> None:
    """End all remaining processes. The children of a killed process become ours, so this repeats until none is left."""
    while True:
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        try:
            # Not a blocking wait: it would wait for an orphan that was adopted after the loop above.
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            return
        time.sleep(0.01)


def run(command: list[str]) -> int:
    """Run the command. When it is interrupted, it has :data:`PATIENCE` seconds to end.

    :param command: The program and its arguments; a bare name is looked up in the virtual environment first.
    :returns: The exit status; 128 and the signal's number when it was stopped.
    """
    stopped: list[int] = []
    running: list[subprocess.Popen[bytes]] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if not stopped:
            signal.alarm(PATIENCE)
            # A terminal interrupts the whole group by itself; a second interrupt would spoil the orderly end.
            if number != signal.SIGINT:
                for process in running:
                    process.send_signal(signal.SIGINT)
        stopped.append(number)

    adopt_orphans()
    # Before the command starts: what is handled here is set to its default there, also where a shell started us in the
    # background, with interrupts ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    signal.signal(signal.SIGALRM, lambda number, frame: running[0].kill())
    with subprocess.Popen(command, cwd=ROOT, env=environment()) as process:
        running.append(process)
        status = process.wait()
        signal.alarm(0)
    return 128 + stopped[0] if stopped else status if status >= 0 else 128 - status


def main() -> int:
    """The command line."""
    try:
        return run(sys.argv[1:])
    finally:
        sweep()


if __name__ == '__main__':
    sys.exit(main())
