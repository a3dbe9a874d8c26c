"""Measures which branches of the C# engine the tests of the modules take.

There is no coverage tool for C# that Ansible compiles in the PowerShell process of a call. So the tests run with a copy
of the plugins in which each condition reports its values. A condition is an operand of ``&&`` and ``||``, or the whole
condition of ``if``, ``while``, ``for``, ``do`` and ``?:``. It has to be true once and false once. A ``case`` and a
``catch`` have to be reached once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_c_sharp
from tree_sitter import Language, Node, Parser

from project import CACHE, ROOT, environment

PLACE = CACHE / 'coverage' / 'engine'
LEFT_OUT = {'_SelfCheck.cs'}  # its answers are tested with simulated hosts in tests/e2e/test_selfcheck.py

RECORDER = """
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;

namespace Winops.Coverage {
public static class Branch {
    private static readonly HashSet<int> _seen = new HashSet<int>();
    // One file for each process: several cannot append to one.
    private static readonly string _path = Path.Combine(
        Environment.GetEnvironmentVariable("WINOPS_COVERAGE"), Process.GetCurrentProcess().Id.ToString());

    public static bool Of(int id, bool value) {
        Reach(2 * id + (value ? 1 : 0));
        return value;
    }

    public static void Reach(int id) {
        // The engine reads the error of its last call after the condition.
        int error = Marshal.GetLastPInvokeError();
        lock (_seen) {
            if (_seen.Add(id))
                File.AppendAllText(_path, id + "\\n");
        }
        Marshal.SetLastPInvokeError(error);
    }
}
}
"""

CONDITIONS = {'if_statement', 'while_statement', 'for_statement', 'do_statement', 'conditional_expression'}
REACHED = {'switch_section', 'catch_clause'}


@dataclass(frozen=True)
class Branch:
    """A condition, or a place that is reached.

    :ivar file: the name of the source.
    :ivar line: its line.
    :ivar text: the source text.
    :ivar values: what it has to be once: True and False, or only True.
    """

    file: str
    line: int
    text: str
    values: tuple[bool, ...]


def operands(node: Node) -> Iterator[Node]:
    """The operands of a condition, down to those without ``&&`` and ``||``."""
    is_negation = node.type == 'prefix_unary_expression' and (node.text or b'').startswith(b'!')
    if node.type == 'parenthesized_expression' or is_negation:
        yield from operands(node.named_children[0])
    elif is_logical(node):
        for name in ('left', 'right'):
            child = node.child_by_field_name(name)
            assert child is not None
            yield from operands(child)
    else:
        yield node


def is_logical(node: Node) -> bool:
    """Whether a node is ``a && b`` or ``a || b``."""
    operator = node.child_by_field_name('operator') if node.type == 'binary_expression' else None
    return operator is not None and operator.type in ('&&', '||')


def walk(node: Node) -> Iterator[Node]:
    """All nodes below a node, and itself."""
    yield node
    for child in node.children:
        yield from walk(child)


def instrument(source: bytes, name: str, branches: list[Branch]) -> bytes:
    """Let each branch of a source report that it was taken.

    :param source: the source.
    :param name: its file name.
    :param branches: gets the branches; their positions are their numbers.
    :returns: the source with the reports.
    """
    root = Parser(Language(tree_sitter_c_sharp.language())).parse(source).root_node
    edits: list[tuple[int, int, bytes]] = []
    wrapped: set[tuple[int, int]] = set()
    for node in walk(root):
        line = node.start_point.row + 1
        if node.type in REACHED:
            body = node.child_by_field_name('body')
            at = body.start_byte + 1 if body else next((one for one in node.children if one.type == ':'), node).end_byte
            edits.append((at, 1, b' Winops.Coverage.Branch.Reach(%d); ' % (2 * len(branches) + 1)))
            branches.append(Branch(name, line, (node.text or b'').decode().splitlines()[0].strip(), (True,)))
            continue
        condition = (
            node if is_logical(node) else node.child_by_field_name('condition') if node.type in CONDITIONS else None
        )
        for operand in operands(condition) if condition else ():
            place = (operand.start_byte, operand.end_byte)
            # The parser takes "e is A || e is B" for "e is (A || e is B)".
            is_type = source[: place[0]].rstrip().endswith(b' is')
            if place in wrapped or is_type or operand.type == 'boolean_literal':
                continue
            wrapped.add(place)
            edits.append((place[0], 2, b'Winops.Coverage.Branch.Of(%d, ' % len(branches)))
            edits.append((place[1], 0, b')'))
            words = ' '.join((operand.text or b'').decode().split())
            branches.append(Branch(name, operand.start_point.row + 1, words, (True, False)))
    for at, _order, text in sorted(edits, key=lambda edit: (edit[0], edit[1]), reverse=True):
        source = source[:at] + text + source[at:]
    return source


def main() -> int:
    """``coverage_csharp.py [ARGUMENT OF PYTEST...]``: run the tests and show the branches that none of them takes."""
    shutil.rmtree(PLACE, ignore_errors=True)
    plugins = PLACE / 'plugins'
    shutil.copytree(ROOT / 'plugins', plugins, ignore=shutil.ignore_patterns('__pycache__'))
    branches: list[Branch] = []
    for path in sorted((plugins / 'module_utils').glob('*.cs')):
        if path.name not in LEFT_OUT:
            path.write_bytes(instrument(path.read_bytes(), path.name, branches))
    (plugins / 'module_utils' / '_Coverage.cs').write_text(RECORDER)
    record = PLACE / 'taken'
    record.mkdir()
    env = environment() | {'WINOPS_PLUGINS': str(plugins), 'WINOPS_COVERAGE': str(record)}
    command = [sys.executable, '-m', 'pytest', '-q', *(sys.argv[1:] or ['tests/modules'])]
    status = subprocess.run(command, cwd=ROOT, env=os.environ | env, check=False).returncode
    taken = {int(line) for path in record.iterdir() for line in path.read_text().split()}
    expected = missed = 0
    for number, branch in enumerate(branches):
        values = [value for value in branch.values if 2 * number + value not in taken]
        expected, missed = expected + len(branch.values), missed + len(values)
        for value in values:
            kind = 'not reached' if branch.values == (True,) else f'never {str(value).lower()}'
            print(f'{branch.file}:{branch.line}: {kind}: {branch.text}')
    print(
        f'{expected - missed} of {expected} branches of the engine ({100 * (expected - missed) // max(expected, 1)} %)'
    )
    return status


if __name__ == '__main__':
    sys.exit(main())
