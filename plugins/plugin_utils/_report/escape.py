# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Escapes text that users, clients and hosts determine, such as names and errors."""

from __future__ import annotations

import functools
import re
import unicodedata

# A spreadsheet evaluates a cell that begins with one of these signs (OWASP, "CSV Injection"), in East Asian locales
# also with the full-width forms. Where the comma is the decimal sign, Excel splits at semicolons; quotes may precede.
_FORMULA = re.compile(r"""(^\s*|;[\s"']*)(?=[=+\-@＝＋－＠])""")


def readable(text: str) -> str:
    """Escape invisible characters, such as controls, direction overrides and zero-width characters, as ``\\x00``.

    No character is removed, so that a name that imitates another one looks different.

    :param text: any text, lone surrogates included.
    :returns: text of printable characters and blanks only, always encodable as UTF-8.
    """
    if text.isprintable():
        return text
    return ''.join(map(_visible, text))


@functools.lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == 'Zs':
        return character
    return character.encode('unicode_escape').decode('ascii')


def for_csv(text: str) -> str:
    """Insert an apostrophe before each formula, so that a spreadsheet does not evaluate it.

    :param text: any text.
    :returns: one line that no spreadsheet evaluates.
    """
    return _FORMULA.sub(r"\1'", readable(text))


def shorten(text: str, length: int) -> str:
    """Truncate a long text after a word.

    :param text: any text.
    :param length: the largest length of the result, including the ellipsis.
    :returns: the text, or its beginning and an ellipsis.
    """
    if len(text) <= length:
        return text
    start = text[: length - 1]
    return (start.rpartition(' ')[0] or start).rstrip() + '…'
