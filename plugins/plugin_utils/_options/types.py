# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

r"""One reader for each kind of value that an option takes.

A reader gets what the user wrote and returns what the module receives. It raises :class:`ValueError` with words that
name the value and show a good one; the caller puts the option's name before them.

They look at the value as it was written, before ansible-core converts it: its conversions are too kind for options
that decide whose session ends. It makes session 1 of ``true``, of ``1_0`` a 10, and a user ``None`` of a null.
"""

from __future__ import annotations

import json
import re
import typing as t
import unicodedata
from collections.abc import Callable

from ansible.module_utils.common.validation import check_type_dict

from ansible_collections.winops.sessions.plugins.plugin_utils._options.duration import parse_duration, seconds_text
from ansible_collections.winops.sessions.plugins.plugin_utils._text import quoted as _quote

Reader = Callable[[t.Any], t.Any]

MAX_SESSION_ID = 65535  # ids from 65536 up are listeners
MAX_TEXT = 512  # UTF-16 units, as Windows counts them

# What "User name formats" and "Naming conventions in Active Directory" keep out of account names; wildcards are ours.
_NOT_IN_ACCOUNTS = '"/[]:;|=,+<>'
_NOT_IN_FILE_NAMES = '\\/:"<>|'
_SID = re.compile(r'S-1(-[0-9*?]+)+', re.IGNORECASE)
_TOKEN = re.compile(r'([0-9]{1,5}):([0-9]{1,20}):(.*)', re.DOTALL)


def duration(value: t.Any) -> str:
    """Read a duration into the text of its seconds."""
    return seconds_text(parse_duration(value))


def positive_duration(value: t.Any) -> str:
    """Read a duration that is not 0."""
    if parse_duration(value) == 0:
        raise ValueError(f'{_quote(value)} is no time at all: write for example 5m, or leave the option out')
    return duration(value)


def whole_number(value: t.Any) -> int:
    """Read a count."""
    number = _integer(value)
    if number is None or number < 0:
        raise ValueError(f'{_quote(value)} is not a count: write a whole number from 0 up, for example 20')
    return number


def session_id(value: t.Any) -> int:
    """Read the id of a user session: session 0 belongs to the services, ids from 65536 up to the listeners."""
    number = _integer(value)
    if number is None or not 1 <= number <= MAX_SESSION_ID:
        raise ValueError(
            f'{_quote(value)} is not the id of a user session: '
            f'write whole numbers from 1 to {MAX_SESSION_ID}, for example [2, 5]'
        )
    return number


def account(value: t.Any) -> str:
    """Read the name of an account or a pattern of such names."""
    text = _name(value).strip()
    if trouble := _trouble_with_account(text):
        raise ValueError(
            f'{_quote(value)} is not an account ({trouble}): write for example '
            r'alice, CORP\alice, alice@CORP, a SID or a pattern such as CORP\svc_*'
        )
    return text


def token(value: t.Any) -> str:
    """Read the identity pin of a session; its account is taken as it is, it is only ever compared."""
    text = _name(value).lstrip()
    parts = _TOKEN.fullmatch(text)
    if not parts or not 1 <= int(parts[1]) <= MAX_SESSION_ID or _has_control(text):
        raise ValueError(
            f'{_quote(value)} is not the token of a session: take it from the key token of a session that '
            r'win_user_session_info returned, for example 5:134086412870000000:CORP\alice'
        )
    return text


def word(value: t.Any) -> str:
    """Read one of several words; which ones there are is for the choices in the argument spec to say."""
    return _name(value).strip()


def client_name(value: t.Any) -> str:
    """Read the name of a client computer or a pattern of such names."""
    text = _name(value).strip()
    if not text or _has_control(text):
        raise ValueError(f'{_quote(value)} is not the name of a client: write for example PC-017 or PC-*')
    return text


def process_name(value: t.Any) -> str:
    """Read the image name of a process or a pattern of such names."""
    text = _name(value).strip()
    if not text or _has_control(text) or any(char in _NOT_IN_FILE_NAMES for char in text):
        raise ValueError(
            f'{_quote(value)} is not the image name of a process: '
            'write it without its folder, for example WINWORD.EXE or setup*.exe'
        )
    return text


def server(value: t.Any) -> str:
    """Read the name of another host."""
    text = _name(value).strip()
    # A name in any alphabet consists of letters, the marks that belong to them, and digits.
    allowed = all(char in '-._' or unicodedata.category(char)[0] in 'LMN' for char in text)
    if not text or not allowed or text[0] in '-.':
        raise ValueError(f'{_quote(value)} is not the name of a host: write for example rds02 or rds02.corp.example')
    return text


def message_text(value: t.Any) -> str:
    """Read a text for a message box."""
    text = _name(value)
    length = len(text.encode('utf-16-le', 'surrogatepass')) // 2
    if not text.strip():
        raise ValueError(
            f'{_quote(value)} is empty: write what the user shall read, for example "Please save your work"'
        )
    if '\0' in text:
        raise ValueError(f'{_quote(value)} has a NUL character, at which Windows would cut it off: leave that out')
    if length > MAX_TEXT:
        raise ValueError(
            f'{_quote(value)} is {length} UTF-16 units long and {MAX_TEXT} are the limit: '
            'shorten it, for example to "Please save your work and log off before 18:00"'
        )
    return text


def each(read: Reader) -> Reader:
    """Make a reader of lists from a reader of their elements; a text is split at its commas, as Ansible does.

    A text may also be a list in JSON, as ``-e 'users=["alice", "bob"]'`` makes one of what looks like a list.
    An empty list stays one: no alternative is allowed to match, which is something else than no filter at all.
    """

    def read_list(value: t.Any) -> list[t.Any]:
        if isinstance(value, str):
            value = _split(value)
        elif isinstance(value, (int, float)):
            value = [value]
        if not isinstance(value, list):
            raise ValueError(f'{_quote(value)} is not a list: write for example [first, second]')
        return [read(element) for element in value]

    return read_list


def suboptions(readers: dict[str, Reader], example: str) -> Reader:
    """Make a reader of dicts from readers of some of their keys; a null is a key that was not given."""

    def read_dict(value: t.Any) -> dict[str, t.Any]:
        try:
            given = check_type_dict(value)
        except TypeError:
            raise ValueError(f'{_quote(value)} is not a dictionary: write for example {example}') from None
        read, problems = read_all(given, readers)
        if problems:
            raise ValueError('; '.join(problems))
        return read

    return read_dict


def read_all(given: dict[str, t.Any], readers: dict[str, Reader]) -> tuple[dict[str, t.Any], list[str]]:
    """Read what was given for some options.

    :param given: what the user wrote, by option. It is left as it is; a null is an option that was not given.
    :param readers: how to read an option; one without a reader is taken as it is.
    :returns: the values read, by option, and the problems found, in words. An option with a problem has no value.
    """
    read: dict[str, t.Any] = {}
    problems = []
    for option, value in given.items():
        if value is None:
            continue
        try:
            read[option] = readers[option](value) if option in readers else value
        except ValueError as error:
            problems.append(f'{option}: {error}')
    return read, problems


def _trouble_with_account(text: str) -> str | None:
    """Say why a text cannot name an account; null when it can."""
    domain, backslash, name = text.partition('\\')
    user, at, suffix = text.rpartition('@')
    if not text:
        return 'it is empty'
    if _has_control(text):
        return 'it has a control character'
    if wrong := sorted({char for char in text if char in _NOT_IN_ACCOUNTS}):
        return f'Windows allows no {" ".join(wrong)} in a name'
    if text.upper().startswith('S-1-') and not _SID.fullmatch(text):
        return 'a SID is digits, as S-1-5-21-1004336348-1177238915-682003330-1104 or with wildcards S-1-5-21-*-500'
    if '\\' in name:
        return 'it has more than one backslash'
    if domain == '.' and backslash:
        return rf"a dot does not say which computer: write the computer's name, as HOST\{name or 'alice'}"
    if backslash and not domain.strip():
        return 'nothing is before the backslash'
    if backslash and not name.strip():
        return 'nothing is after the backslash'
    if at and not backslash and not (user.strip() and suffix.strip()):
        return 'something is missing on one side of the @'
    return None


def _name(value: t.Any) -> str:
    """Take a text or a number for a text; YAML reads an unquoted yes or no as a boolean, which names nobody."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f'{_quote(value)} is not a text: put it in quotes, for example "no"')


def _split(text: str) -> list[t.Any]:
    """Split a list that is a text."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    return value if isinstance(value, list) else text.split(',')


def _integer(value: t.Any) -> int | None:
    if isinstance(value, str) and re.fullmatch('-?[0-9]{1,18}', value.strip()):
        return int(value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _has_control(text: str) -> bool:
    return any(unicodedata.category(char) in ('Cc', 'Cs') for char in text)
