# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

r"""Readers: one for each kind of value.

A reader takes a value as the user wrote it and returns the value for the module. It raises :class:`ValueError` with the
value, the reason and an example. The caller adds the name of the option.

The conversions of ansible-core are too lenient for options that select sessions: ``true`` becomes session 1, ``1_0``
session 10, and ``0012345`` a user named 5349.
"""

from __future__ import annotations

import datetime
import json
import re
import typing as t
import unicodedata
from collections.abc import Callable, Iterable

from ansible_collections.winops.sessions.plugins.plugin_utils._options.duration import (
    MAX_DAYS,
    parse_duration,
    seconds_text,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._text import quoted

Reader = Callable[[t.Any], t.Any]

MAX_SESSION_ID = 65535
MAX_COUNT = 2**31 - 1  # the int of Ansible modules on Windows
MAX_TEXT = 512  # UTF-16 units

# "User name formats" and "Naming conventions in Active Directory".
_NOT_IN_ACCOUNTS = '"/[]:;|=,+<>'
_NOT_IN_FILE_NAMES = '\\/:"<>|'
_SID = re.compile(r'S-1(-[0-9*?]+)+', re.IGNORECASE)
_TOKEN = re.compile(r'([0-9]{1,5}):([0-9]{1,20}):(.*)', re.DOTALL)
_TIME_OF_DAY = re.compile(r'([01]?[0-9]|2[0-3]):([0-5][0-9])')
# Ansible decodes these escapes in key=value arguments.
_ESCAPES = {7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r'}
# The types that YAML converts unquoted text to, with a name and an example in quotes.
_YAML_TYPES = (
    (bool, 'a boolean', '"no"'),
    ((int, float), 'a number', '"0012345"'),
    (datetime.date, 'a date', '"2026-11-21"'),
)


def duration(value: t.Any) -> str:
    """Read a duration into the text of its seconds."""
    return seconds_text(parse_duration(value))


def positive_duration(value: t.Any) -> str:
    """Read a duration that is not 0."""
    if parse_duration(value) == 0:
        raise ValueError(f'{quoted(value)} is not valid: it must be greater than zero. Example: 5m')
    return duration(value)


def end_time(value: t.Any) -> str:
    """Read a time of day (``22:00``) or a moment with a date and a zone; moments are returned in UTC."""
    if isinstance(value, str):
        if time := _TIME_OF_DAY.fullmatch(value.strip()):
            return f'{int(time[1]):02}:{time[2]}'
        try:
            value = datetime.datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(_not_a_time(value, 'not a time')) from None
    if not isinstance(value, datetime.datetime):
        raise ValueError(_not_a_time(value, 'put it in quotes'))
    if value.utcoffset() is None:
        raise ValueError(_not_a_time(value.isoformat(), 'add the zone'))
    try:
        moment = value.astimezone(datetime.UTC)
    except OverflowError:
        raise ValueError(_not_a_time(value.isoformat(), 'out of range')) from None
    if moment - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=MAX_DAYS):
        raise ValueError(_not_a_time(value.isoformat(), f'more than {MAX_DAYS} days away'))
    # Not the T of ISO 8601: ConvertFrom-Json of PowerShell 7 makes a date of such a text.
    return f'{moment:%Y-%m-%d %H:%M:%SZ}'.rjust(20, '0')


def count(value: t.Any) -> int:
    """Read a number of sessions or reports."""
    number = _integer(value)
    if number is None or number < 0:
        raise ValueError(f'{quoted(value)} is not a non-negative integer. Example: 20')
    if number > MAX_COUNT:
        raise ValueError(f'{quoted(value)} is too large, the limit is {MAX_COUNT}. Example: 20')
    return number


def session_id(value: t.Any) -> int:
    """Read the ID of a user session. Session 0 runs services, IDs from 65536 are listeners."""
    number = _integer(value)
    if number is None or not 1 <= number <= MAX_SESSION_ID:
        raise ValueError(f'{quoted(value)} is not a session ID from 1 to {MAX_SESSION_ID}. Example: [2, 5]')
    return number


def account(value: t.Any) -> str:
    """Read the name of a user, or a pattern of such names."""
    name = _name(value)
    if problem := _account_problem(name):
        examples = r'Examples: alice, CORP\alice, alice@corp.example.com, CORP\svc_*, a SID'
        raise ValueError(f'{quoted(value)} is not a user: {problem}. {examples}')
    return name


def group(value: t.Any) -> str:
    """Read the name of a group; a pattern cannot be resolved."""
    name = _name(value)
    problem = _account_problem(name) or ('wildcards are not supported' if set(name) & set('*?') else None)
    if problem:
        examples = r'Examples: CORP\VIP, BUILTIN\Administrators, a SID'
        raise ValueError(f'{quoted(value)} is not a group: {problem}. {examples}')
    return name


def token(value: t.Any) -> str:
    """Read the token of a session. Its account is only compared, so it is not changed."""
    text = plain_text(value).lstrip()
    parts = _TOKEN.fullmatch(text)
    if not parts or not 1 <= int(parts[1]) <= MAX_SESSION_ID or _has_control(text):
        raise ValueError(
            f'{quoted(value)} is not a session token. Use the token that win_user_session_info returned. '
            r'Example: 5:134086412870000000:CORP\alice'
        )
    return text


def client_name(value: t.Any) -> str:
    """Read the name of a client computer, or a pattern of such names."""
    name = _name(value)
    if problem := _name_problem(name):
        raise ValueError(f'{quoted(value)} is not a client name: {problem}. Examples: PC-017, PC-*')
    return name


def process_name(value: t.Any) -> str:
    """Read the image name of a process, or a pattern of such names."""
    name = _name(value)
    if problem := _name_problem(name) or _forbidden(name, _NOT_IN_FILE_NAMES):
        raise ValueError(f'{quoted(value)} is not a process name: {problem}. Examples: WINWORD.EXE, setup*.exe')
    return name


def server(value: t.Any) -> str:
    """Read the name of another host."""
    name = _name(value)
    # A name in any alphabet consists of letters, their marks and digits.
    allowed = all(char in '-._' or unicodedata.category(char)[0] in 'LMN' for char in name)
    if not name or not allowed or name[0] in '-.':
        raise ValueError(f'{quoted(value)} is not a host name. Example: rds02.corp.example')
    return name


def plain_text(value: t.Any) -> str:
    """Read text. YAML changes unquoted numbers, booleans and dates, so they are refused."""
    if isinstance(value, str):
        return value
    for types, noun, example in _YAML_TYPES:
        if isinstance(value, types):
            raise ValueError(f'{quoted(value)} is {noun}, not text: put it in quotes. Example: {example}')
    raise ValueError(f'{quoted(value)} is not text. Example: "alice"')


def message_text(value: t.Any) -> str:
    """Read the text or the title of a message box."""
    text = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else plain_text(value)
    length = len(text.encode('utf-16-le', 'surrogatepass')) // 2
    example = 'Example: Please save your work'
    if not text.strip():
        raise ValueError(f'{quoted(value)} is not valid: it is empty. {example}')
    if '\0' in text:
        raise ValueError(f'{quoted(value)} is not valid: it contains a NUL character. {example}')
    if length > MAX_TEXT:
        raise ValueError(f'{quoted(value)} is {length} UTF-16 units long, the limit is {MAX_TEXT}. {example}')
    return text


def choice(values: Iterable[str]) -> Reader:
    """Make a reader of a value that is one of several words."""
    values = list(values)

    def read_choice(value: t.Any) -> str:
        word = plain_text(value).strip()
        if word not in values:
            raise ValueError(f'{quoted(value)} is not valid. Choose one of: {", ".join(values)}')
        return word

    return read_choice


def each(read: Reader) -> Reader:
    """Make a reader of lists from a reader of elements.

    A text is split at its commas, as Ansible does, or read as JSON. An empty list stays empty: it selects nothing.
    """

    def read_list(value: t.Any) -> list[t.Any]:
        if isinstance(value, str):
            value = _split(value)
        elif isinstance(value, (int, float)):
            value = [value]
        if not isinstance(value, list):
            raise ValueError(f'{quoted(value)} is not a list. Example: [first, second]')
        return [read(element) for element in value]

    return read_list


def _account_problem(name: str) -> str | None:
    """Explain why a text cannot be the name of an account; null if it can."""
    domain, backslash, user = name.partition('\\')
    before, at, after = name.rpartition('@')
    if problem := _name_problem(name) or _forbidden(name, _NOT_IN_ACCOUNTS):
        return problem
    if name.upper().startswith('S-1-') and not _SID.fullmatch(name):
        return 'a SID consists of numbers, such as S-1-5-21-1004336348-1177238915-682003330-1104 or S-1-5-21-*-500'
    if '\\' in user:
        return 'it contains more than one backslash'
    if '@' in before:
        return 'it contains more than one @'
    if domain == '.' and backslash:
        return (
            rf'a dot names no computer. Write HOST\{user or "alice"}, or S-1-5-21-*-500 for the administrator account'
        )
    if backslash and not (domain.strip() and user.strip()):
        return f'nothing is {"after" if domain.strip() else "before"} the backslash'
    if at and not backslash and not (before.strip() and after.strip()):
        return f'nothing is {"after" if before.strip() else "before"} the @'
    return None


def _name_problem(name: str) -> str | None:
    if not name:
        return 'it is empty'
    if not _has_control(name):
        return None
    problem = 'it contains a control character'
    found = next((ord(char) for char in name if ord(char) in _ESCAPES), None)
    if found is None:
        return problem
    written = ''.join(f'\\\\{_ESCAPES[ord(char)]}' if ord(char) in _ESCAPES else char for char in name)
    return rf'{problem}. Ansible decodes \{_ESCAPES[found]} in key=value arguments. Write {quoted(written)} or use JSON'


def _forbidden(name: str, characters: str) -> str | None:
    wrong = sorted(set(name) & set(characters))
    return f'it contains {" ".join(wrong)}' if wrong else None


def _not_a_time(value: t.Any, problem: str) -> str:
    return f'{quoted(value)} is not valid: {problem}. Examples: "22:00", "2026-11-21T22:00:00+01:00"'


def _name(value: t.Any) -> str:
    return unicodedata.normalize('NFC', plain_text(value).strip())


def _split(text: str) -> list[t.Any]:
    try:
        # Numbers stay the text that they are, ``1.10`` included.
        value = json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        value = None
    return value if isinstance(value, list) else text.split(',')


def _integer(value: t.Any) -> int | None:
    if isinstance(value, str) and re.fullmatch('-?[0-9]{1,18}', value.strip()):
        return int(value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _has_control(text: str) -> bool:
    return any(unicodedata.category(char) in ('Cc', 'Cs') for char in text)
