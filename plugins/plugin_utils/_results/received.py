# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Validates the results of hosts, which may be broken or compromised."""

from __future__ import annotations

import functools
import math
import pathlib
import re
import typing as t
from collections.abc import Mapping

from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import Arguments
from ansible_collections.winops.sessions.plugins.plugin_utils._results.outcomes import OUTCOMES
from ansible_collections.winops.sessions.plugins.plugin_utils._text import plain, quoted

Result = dict[str, t.Any]
Definition = Mapping[str, t.Any]

_LARGEST = 2**63
# Keys of ansible-core that a host can set, with their types.
_CORE = {
    'changed': {'type': 'bool'},
    'error_code': {'type': 'int'},
    'failed': {'type': 'bool'},
    'msg': {'type': 'str'},
    'rc': {'type': 'int'},
    'skipped': {'type': 'bool'},
    'unreachable': {'type': 'bool'},
    'warnings': {'type': 'list', 'elements': 'str'},
}
# Windows returns some codes as negative numbers, such as -1073741819 of a process that crashed.
_CODES = ('error_code', 'rc')
_KEPT = ('_ansible_parsed', 'deprecations', 'diff', 'exception', 'module_stderr', 'module_stdout')
_CLEANED = ('deprecations', 'module_stderr', 'module_stdout')
_LISTS_OF_SESSIONS = ('sessions', 'protected', 'remaining')
# Seconds: clocks run on during a call, summer time ends, and a clock that is set back by up to five minutes does not
# make a notice invalid.
_SLACK = 360
_NO_POWERSHELL = re.compile(r"(?:powershell|pwsh)'?(?: was|:) not found", re.IGNORECASE)


class InvalidResult(ValueError):
    """A result that no module of this collection returns."""


@functools.cache
def returns_of(module: str) -> Mapping[str, Definition]:
    """Read what a module returns from its documentation."""
    path = pathlib.Path(__file__).parents[2] / 'modules' / f'{module}.yml'
    returned: dict[str, t.Any] = yaml_load(path.read_text(encoding='utf-8'))['RETURN']
    session = returned.get('sessions', {}).get('contains', {})
    for key in _LISTS_OF_SESSIONS[1:]:
        if key in returned:
            returned[key]['contains'] = {**session, **returned[key].get('contains', {})}
    return returned


def check_result(module: str, result: Result, arguments: Arguments) -> Result:
    """Check a module result.

    :param module: the short name of the module.
    :param result: the result of the host.
    :param arguments: the options of the module.
    :returns: the documented keys of the result and those of ansible-core. Texts for people are printable.
    :raises InvalidResult: if a value has another type than documented, or a result is incomplete.
    """
    returned = returns_of(module)
    checked = {
        key: _checked(key, result[key], {**_CORE, **returned}[key]) for key in {**_CORE, **returned} if key in result
    }
    checked |= {key: _printable(result[key]) if key in _CLEANED else result[key] for key in _KEPT if key in result}
    if _NO_POWERSHELL.search(f'{checked.get("msg")} {checked.get("module_stderr")}'):
        checked['msg'] = 'Not a Windows host: PowerShell was not found. Check the host and its ansible_connection'
    if any(checked.get(key) for key in ('failed', 'skipped', 'unreachable')):
        checked['msg'] = checked.get('msg') or 'The module failed without a message'
    elif missing := [key for key in ('sessions', 'mode') if key in returned and checked.get(key) is None]:
        raise InvalidResult(f'{missing[0]} is missing')
    if module != 'win_user_session_info':
        _check_outcomes(checked, arguments)
    return checked


def _check_outcomes(result: Result, arguments: Arguments) -> None:
    longest = _longest_grace(arguments.get('notice') or {})
    for index, record in enumerate(result.get('sessions') or ()):
        name = f'sessions[{index}]'
        if record.get('outcome') not in OUTCOMES:
            raise InvalidResult(f'{name}.outcome is {quoted(record.get("outcome"))}')
        if (record.get('due_in_seconds') or 0) > longest:
            raise InvalidResult(f'{name}.due_in_seconds is {record["due_in_seconds"]}, longer than the grace period')


def _longest_grace(notice: Arguments) -> float:
    if 'grace' in notice:
        return float(notice['grace']) + _SLACK
    # A time of day is at most a day away.
    return 90000 + _SLACK if len(notice.get('at', '')) == len('22:00') else math.inf


def _checked(name: str, value: t.Any, definition: Definition) -> t.Any:
    """Check a value; null is valid for every type."""
    kind = definition['type']
    if value is None:
        return None
    is_valid = _is_code if name.rpartition('.')[2] in _CODES else _IS[kind]
    if not is_valid(value):
        raise InvalidResult(f'{name} is {quoted(value)}')
    if kind == 'list':
        elements = {'type': definition['elements'], 'contains': definition.get('contains')}
        value = [_checked(f'{name}[{index}]', item, elements) for index, item in enumerate(value)]
        if None in value:
            raise InvalidResult(f'{name} contains null')
    elif kind == 'dict':
        known = definition.get('contains') or {}
        value = {key: _checked(f'{name}.{key}', value[key], known[key]) for key in known if key in value}
        if 'id' in known and value.get('id') is None:
            raise InvalidResult(f'{name}.id is missing')
    elif name == 'msg' or name.startswith('warnings[') or name.endswith('.detail'):
        value = plain(value)
    return value


def _printable(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return plain(value, keep='\r\n\t')
    if isinstance(value, list):
        return [_printable(item) for item in value]
    return {key: _printable(item) for key, item in value.items()} if isinstance(value, dict) else value


def _is_number(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < _LARGEST


def _is_code(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


_IS: dict[str, t.Callable[[t.Any], bool]] = {
    'bool': lambda value: isinstance(value, bool),
    'dict': lambda value: isinstance(value, dict),
    'float': _is_number,
    'int': lambda value: _is_number(value) and isinstance(value, int),
    'list': lambda value: isinstance(value, list),
    'str': lambda value: isinstance(value, str),
}
