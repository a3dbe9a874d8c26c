# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""Make hostile text safe to show: user names, client names and error texts are whatever somebody chose."""

from __future__ import annotations

import functools
import html
import re
import unicodedata

# A spreadsheet takes a cell that begins like this for a formula (OWASP, "CSV Injection"); the full-width forms count in
# East Asian locales. The start of a cell is also what follows a semicolon: where the comma is the decimal sign, Excel
# splits on semicolons.
_FORMULA = re.compile(r'(^|;)(\s*)(?=[=+\-@＝＋－＠])')


def readable(text: str) -> str:
    """Show what cannot be seen: controls, direction overrides, zero-width characters become ``\\x00``, ``\\u202e``, ...

    Nothing is dropped, so a name made to look like another one is seen to be another one.

    :param text: any text, lone surrogates included
    :returns: text of printable characters and blanks only, always encodable as UTF-8
    """
    if text.isprintable():
        return text
    return ''.join(map(_visible, text))


@functools.lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == 'Zs':
        return character
    return character.encode('unicode_escape').decode('ascii')


def for_html(text: str) -> str:
    """Escape text for HTML, both between tags and in a quoted attribute.

    :param text: any text
    :returns: text without markup
    """
    return html.escape(readable(text), quote=True)


def for_csv(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula: an apostrophe is put before it.

    :param text: any text
    :returns: one line that no spreadsheet evaluates
    """
    return _FORMULA.sub(r"\1\2'", readable(text))


def shorten(text: str, length: int) -> str:
    """Cut a text that would drown the others; the cut is shown.

    :param text: any text
    :param length: most characters that are left, the ellipsis among them
    :returns: the text, or its beginning and an ellipsis
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + '…'
