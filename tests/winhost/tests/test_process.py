# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands of a simulated host."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winhost.process import Output, Process, find_program, split_command_line

ENVIRONMENT = {'PATH': os.defpath}


@contextmanager
def running(line: str, folder: Path) -> Iterator[Process]:
    process = Process(line, ENVIRONMENT, folder)
    try:
        yield process
    finally:
        process.kill()


def everything(process: Process, limit: int | None = None) -> tuple[bytes, bytes, int, int]:
    """Read to the end: both streams, the exit code, and how many reads it took."""
    written = {'stdout': b'', 'stderr': b''}
    reads = 0
    while True:
        reads += 1
        output = process.read(timeout=60, gather=60, limit=limit)
        assert output is not None
        for stream, data in output.chunks:
            written[stream] += data
        if output.exit_code is not None:
            return written['stdout'], written['stderr'], output.exit_code, reads


@pytest.mark.parametrize(
    ('line', 'arguments'),
    [
        ('quser', ['quser']),
        ('  logoff  3   /v ', ['logoff', '3', '/v']),
        ('"C:\\Program Files\\a.exe" b', ['C:\\Program Files\\a.exe', 'b']),
        ('msg 3 "hello world"', ['msg', '3', 'hello world']),
        ('a "" b', ['a', '', 'b']),
        ('a b"c d"e', ['a', 'bc de']),
        ('a "b ""c"" d"', ['a', 'b "c" d']),
        (r'a C:\x\ "C:\x y\\" z', ['a', 'C:\\x\\', 'C:\\x y\\', 'z']),
        (r'a \"b \\\"c', ['a', '"b', '\\"c']),
        ('a\tb', ['a', 'b']),
        ("a 'b c'", ['a', "'b", "c'"]),
        ('a "open end', ['a', 'open end']),
    ],
)
def test_a_command_line_is_split_as_windows_programs_do(line: str, arguments: list[str]) -> None:
    assert split_command_line(line) == arguments


@given(st.lists(st.text(alphabet=st.sampled_from('ab \t"\\/^%é🙂'))))
def test_arguments_quoted_by_the_windows_rules_come_back_as_they_were(arguments: list[str]) -> None:
    assert split_command_line(subprocess.list2cmdline(['program', *arguments])) == ['program', *arguments]


@given(st.text())
def test_any_text_can_be_split(line: str) -> None:
    assert all(isinstance(argument, str) for argument in split_command_line(line))


@pytest.mark.parametrize('name', ['quser', 'QUSER', 'Quser.EXE', 'quser.exe', r'C:\Windows\System32\quser.exe'])
def test_a_program_is_found_in_any_case_and_with_or_without_its_ending(name: str, tmp_path: Path) -> None:
    (tmp_path / 'quser.exe').touch(0o755)
    found = find_program(name, f'/nowhere{os.pathsep}{tmp_path}')
    assert found == tmp_path / 'quser.exe'


def test_a_file_that_cannot_be_run_is_not_a_program(tmp_path: Path) -> None:
    (tmp_path / 'quser').touch(0o644)
    (tmp_path / 'logoff').mkdir()
    assert find_program('quser', str(tmp_path)) is None
    assert find_program('logoff', str(tmp_path)) is None


def test_streams_and_exit_code_are_separate(tmp_path: Path) -> None:
    with running('sh -c "echo out; echo err >&2; exit 7"', tmp_path) as process:
        assert everything(process)[:3] == (b'out\n', b'err\n', 7)


def test_one_read_has_the_output_and_the_end(tmp_path: Path) -> None:
    with running('echo whole', tmp_path) as process:
        assert process.read(timeout=60, gather=60) == Output([('stdout', b'whole\n')], 0)


def test_input_larger_than_a_pipe_does_not_block_the_writer(tmp_path: Path) -> None:
    parts = [bytes([number]) * 300_000 for number in range(3)]
    with running('cat', tmp_path) as process:
        for number, part in enumerate(parts):
            process.write(part, end=number == 2)
        assert everything(process)[:3] == (b''.join(parts), b'', 0)


def test_output_can_be_taken_in_pieces_and_loses_nothing(tmp_path: Path) -> None:
    with running('cat', tmp_path) as process:
        process.write(b'0123456789' * 10, end=True)
        stdout, _unused, code, reads = everything(process, limit=7)
    assert (stdout, code) == (b'0123456789' * 10, 0)
    assert reads >= 100 / 7


def test_a_command_without_output_gives_nothing_in_time(tmp_path: Path) -> None:
    with running('cat', tmp_path) as process:
        assert process.read(timeout=0.01) is None


def test_an_unknown_program_fails_with_the_message_of_cmd(tmp_path: Path) -> None:
    with running('nonesuch /all', tmp_path) as process:
        assert everything(process)[:3] == (
            b'',
            b"'nonesuch' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n",
            1,
        )


def test_killing_ends_the_child_processes(tmp_path: Path) -> None:
    fifo = tmp_path / 'fifo'
    os.mkfifo(fifo)
    # The grandchild holds the pipe's only writing end: the reader sees its end when the grandchild is dead.
    with running(f'sh -c "sleep 600 3> {fifo} & echo started; wait"', tmp_path) as process:
        reader = fifo.open('rb')
        assert process.read(timeout=60)
        process.kill()
        with reader:
            assert reader.read() == b''


def test_a_grandchild_that_keeps_the_pipes_does_not_keep_the_command_running(tmp_path: Path) -> None:
    with running('sh -c "sleep 600 & echo done"', tmp_path) as process:
        assert everything(process)[:3] == (b'done\n', b'', 0)


def test_killing_wakes_a_reader_and_may_be_done_twice(tmp_path: Path) -> None:
    process = Process('cat', ENVIRONMENT, tmp_path)
    process.kill()
    process.kill()
    assert everything(process)[2] != 0


def test_input_is_complete_if_a_signal_interrupts_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **keywords)
            assert self.stdin is not None
            file = self.stdin
            self.stdin = MagicMock(wraps=file, write=lambda data: file.write(data[:1000]))
            self.stdin.__enter__.return_value = self.stdin
            self.stdin.__exit__ = lambda *raised: file.close()

    monkeypatch.setattr(subprocess, 'Popen', Interrupted)
    with running('cat', tmp_path) as process:
        process.write(bytes(range(256)) * 20, end=True)
        assert everything(process)[0] == bytes(range(256)) * 20
