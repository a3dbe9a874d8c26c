# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The layout rules of ``ansible-test sanity --test pslint`` that can be checked on the tokens of a source.

PSScriptAnalyzer comes from the PowerShell Gallery only. The names of the rules are its own, the settings those of
ansible-test.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LONGEST_LINE = 160
INDENTATION = 4

_OPENING = {'LCurly', 'AtCurly'}
_CONTINUED = {'Else', 'ElseIf', 'Catch', 'Finally'}
_COMMENT = 'Comment'
# After one of these, + and - have two operands.
_VALUES = {'Variable', 'Number', 'StringLiteral', 'StringExpandable', 'RParen', 'RBracket'}


class Token(NamedTuple):
    """A token of a PowerShell source."""

    kind: str
    flags: str
    text: str
    line: int
    column: int
    end_line: int
    end_column: int


def problems(source: str, tokens: Sequence[Token]) -> list[str]:
    """Check a source.

    :param source: its text.
    :param tokens: its tokens, in order.
    :returns: line, rule and what is wrong.
    """
    found = [*_lines(source, tokens), *_braces(tokens), *_whitespace(tokens)]
    return [f'{line}: {rule}: {text}' for line, rule, text in sorted(found)]


def _lines(source: str, tokens: Sequence[Token]) -> Iterator[tuple[int, str, str]]:
    inside = {line for token in tokens if token.kind != 'NewLine' for line in range(token.line + 1, token.end_line + 1)}
    for number, line in enumerate(source.splitlines(), 1):
        if len(line) > LONGEST_LINE:
            yield number, 'AvoidLongLines', f'{len(line)} characters'
        if line != line.rstrip():
            yield number, 'AvoidTrailingWhitespace', repr(line[-10:])
        indent = line[: len(line) - len(line.lstrip())]
        if number not in inside and ('\t' in indent or len(indent) % INDENTATION):
            yield number, 'UseConsistentIndentation', f'{len(indent)} columns'
    for token, after in itertools.pairwise(tokens):
        if token.kind == 'Semi' and after.kind in ('NewLine', 'EndOfInput', _COMMENT):
            yield token.line, 'AvoidSemicolonsAsLineTerminators', token.text


def _braces(tokens: Sequence[Token]) -> Iterator[tuple[int, str, str]]:
    open_ones: list[int] = []
    for at, token in enumerate(tokens):
        if token.kind in _OPENING:
            open_ones.append(at)
        elif token.kind == 'RCurly' and open_ones:
            start = open_ones.pop()
            first = tokens[start]
            if first.line == token.line:
                continue
            if start and tokens[start - 1].kind == 'NewLine' and first.kind == 'LCurly':
                yield first.line, 'PlaceOpenBrace', 'not on the line of its statement'
            if tokens[start + 1].kind not in ('NewLine', _COMMENT):
                yield first.line, 'PlaceOpenBrace', 'no new line after it'
            if tokens[at - 1].kind != 'NewLine':
                yield token.line, 'PlaceCloseBrace', 'no new line before it'
            if tokens[at + 1].kind in _CONTINUED:
                yield token.line, 'PlaceCloseBrace', f'no new line before {tokens[at + 1].text}'


def _whitespace(tokens: Sequence[Token]) -> Iterator[tuple[int, str, str]]:
    rule = 'UseConsistentWhitespace'
    start = Token('NewLine', '', '', 0, 0, 0, 0)
    for before, token, after in zip([start, *tokens], tokens, tokens[1:], strict=False):
        left = before.end_line != token.line or before.end_column < token.column
        right = after.kind == 'NewLine' or token.end_column < after.column
        if token.kind == 'Comma' and not right:
            yield token.line, rule, 'no space after a comma'
        binary = re.search(r'BinaryPrecedence|BinaryOperator|AssignmentOperator', token.flags) is not None
        if 'UnaryOperator' in token.flags:
            binary = binary and before.kind in _VALUES
        if (token.kind == 'Pipe' or (binary and token.kind not in ('Comma', 'DotDot'))) and not (left and right):
            yield token.line, rule, f'no space around {token.text}'
        if token.kind == 'LCurly' and not left and before.kind not in ('LParen', 'LBracket', 'Dot', 'Ampersand'):
            yield token.line, rule, 'no space before an opening brace'
        one_line = token.kind == 'LCurly' and after.kind not in ('NewLine', 'RCurly', _COMMENT)
        if one_line and token.end_column == after.column:
            yield token.line, rule, 'no space within a brace'
        if 'Keyword' in token.flags and after.kind == 'LParen' and not right and token.kind != 'Param':
            yield token.line, rule, f'no space after {token.text}'


__all__ = ['Token', 'problems']
