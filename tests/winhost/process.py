# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the commands of a simulated host without blocking, and kills them with their child processes."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# The output and the exit code of cmd.exe for an unknown program.
_NOT_FOUND = "'{}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
_NOT_FOUND_CODE = 1

# Seconds to wait for the output of a process that has ended: its child processes may keep the pipes open.
_DRAIN = 1.0


def split_command_line(line: str) -> list[str]:
    """Split a command line as a Windows program does ("Parsing C++ command-line arguments").

    :param line: the command line, which begins with the program.
    :returns: the program and its arguments.
    """
    # The program's name has no escapes: it ends at the closing quote or at the first blank.
    program = re.match(r'\s*(?:"([^"]*)"?|(\S*))', line)
    assert program is not None, 'every part of the pattern may be empty'
    found = [program[1] if program[1] is not None else program[2]]
    argument: str | None = None  # None: between two arguments
    quoted = False
    position = program.end()
    while position < len(line):
        char = line[position]
        if char == '\\':
            # Backslashes are escapes only before a quote: two are one backslash, an odd one escapes the quote.
            start = position
            while line.startswith('\\', position):
                position += 1
            count = position - start
            escapes = line.startswith('"', position)
            argument = (argument or '') + '\\' * (count // 2 if escapes else count)
            if escapes and count % 2:
                argument += '"'
                position += 1
            continue
        position += 1
        if char == '"':
            argument = argument or ''
            if quoted and line.startswith('"', position):
                argument += '"'
                position += 1
            else:
                quoted = not quoted
        elif char in ' \t' and not quoted:
            if argument is not None:
                found.append(argument)
            argument = None
        else:
            argument = (argument or '') + char
    if argument is not None:
        found.append(argument)
    return found


def find_program(name: str, path: str) -> Path | None:
    """Find a program as Windows does, ignoring case, with or without ``.exe``.

    :param name: its name; a path is ignored, because the host has one program of each name.
    :param path: the ``PATH`` of the host.
    :returns: the executable, or None.
    """
    wanted = re.split(r'[\\/]', name)[-1].lower()
    for folder in path.split(os.pathsep):
        with contextlib.suppress(OSError):
            there = {entry.lower(): entry for entry in os.listdir(folder)}
            for candidate in (wanted, f'{wanted}.exe'):
                program = Path(folder, there.get(candidate, candidate))
                if candidate in there and os.access(program, os.X_OK) and program.is_file():
                    return program
    return None


@dataclass(frozen=True)
class Output:
    """The output of a command since the last call.

    :param chunks: pairs of stream (``stdout`` or ``stderr``) and bytes, in their order.
    :param exit_code: the exit code if the command has ended and all output was read, else None.
    """

    chunks: list[tuple[str, bytes]]
    exit_code: int | None


class Process:
    """A running command. :meth:`kill` ends it and its child processes."""

    def __init__(self, line: str, environment: Mapping[str, str], folder: Path) -> None:
        """Start the command.

        :param line: a Windows command line.
        :param environment: all its environment variables.
        :param folder: its working directory.
        """
        self._changed = threading.Condition()
        self._chunks: list[tuple[str, bytes]] = []
        self._exit_code: int | None = None
        self._input: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        arguments = split_command_line(line)
        program = find_program(arguments[0], environment.get('PATH', ''))
        if program is None:
            self._chunks.append(('stderr', _NOT_FOUND.format(arguments[0]).encode()))
            self._exit_code = _NOT_FOUND_CODE
            return
        self._process = subprocess.Popen(
            [str(program), *arguments[1:]],
            env=dict(environment),
            cwd=folder,
            bufsize=0,
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        threading.Thread(target=self._feed, daemon=True).start()
        threading.Thread(target=self._watch, args=(self._process,), daemon=True).start()

    def write(self, data: bytes, end: bool = False) -> None:
        """Write to standard input without waiting until the command reads it.

        :param data: the bytes.
        :param end: whether to close standard input afterwards.
        """
        self._input.put(data)
        if end:
            self._input.put(None)

    def read(self, timeout: float | None, gather: float = 0.0, limit: int | None = None) -> Output | None:
        """Read the output of the command.

        :param timeout: seconds to wait for the first output or the end; None: no limit.
        :param gather: seconds to wait for the end, or for ``limit`` bytes, after the first output.
        :param limit: the largest number of bytes.
        :returns: the output, or None if there was none in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._chunks or self._exit_code is not None, timeout):
                return None
            self._changed.wait_for(lambda: self._exit_code is not None or limit is not None, gather)
            taken: list[tuple[str, bytes]] = []
            while self._chunks and (limit is None or limit > 0):
                stream, data = self._chunks.pop(0)
                if limit is not None:
                    if len(data) > limit:
                        self._chunks.insert(0, (stream, data[limit:]))
                        data = data[:limit]
                    limit -= len(data)
                taken.append((stream, data))
            return Output(taken, None if self._chunks else self._exit_code)

    def kill(self) -> None:
        """End the command and its child processes. Does nothing if it has ended."""
        self._input.put(None)
        if self._process is None:
            return
        # The process is a zombie until wait(), so the ID of its group has not been reused.
        with contextlib.suppress(ProcessLookupError):
            if self._process.returncode is None:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _feed(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError), self._process.stdin as stdin:
            while (data := self._input.get()) is not None:
                # A signal ends a write to a pipe when a part of it is written.
                rest = memoryview(data)
                while rest:
                    rest = rest[stdin.write(rest) :]

    def _drain(self, stream: str, pipe: IO[bytes]) -> None:
        with pipe:
            while data := pipe.read(65536):
                with self._changed:
                    self._chunks.append((stream, data))
                    self._changed.notify_all()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            threading.Thread(target=self._drain, args=(name, pipe), daemon=True)
            for name, pipe in (('stdout', process.stdout), ('stderr', process.stderr))
        ]
        for reader in readers:
            reader.start()
        ended = None
        with contextlib.suppress(ChildProcessError):  # kill() has waited for it
            ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        deadline = time.monotonic() + _DRAIN
        for reader in readers:
            reader.join(max(0.0, deadline - time.monotonic()))
        with self._changed:
            self._exit_code = ended.si_status if ended is not None and ended.si_code == os.CLD_EXITED else 1
            self._changed.notify_all()
