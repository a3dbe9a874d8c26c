# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Says what is wrong with options, without running a module; documented in option_problems.yml."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.winops.sessions.plugins.plugin_utils._options import spec as _options
from ansible_collections.winops.sessions.plugins.plugin_utils._options.types import read_all

SPECS = {
    'win_logon_mode': _options.LOGON_MODE,
    'win_user_session': _options.SESSION,
    'win_user_session_info': _options.SESSION_INFO,
    'win_user_session_message': _options.SESSION_MESSAGE,
}


def option_problems(options: t.Any, module: str, prefix: str = '') -> list[str]:
    """Find what a module would refuse.

    :param options: what would be given to the module; a null is an option that is not given.
    :param module: the module's short name.
    :param prefix: what the caller's variables have before the options' names.
    :returns: the problems in words, none when all is well.
    :raises AnsibleFilterError: when there is no such module, or no options.
    """
    if module not in SPECS:
        raise AnsibleFilterError(f'option_problems: {module!r} is not one of {", ".join(sorted(SPECS))}')
    if not isinstance(options, c.Mapping):
        raise AnsibleFilterError(
            f'option_problems: options are a dict such as {{max_idle: 2h}}, not {type(options).__name__}'
        )
    given = {str(option): value for option, value in options.items() if value is not None}
    return [problem for option in given for problem in _problems(option, given[option], SPECS[module], prefix)]


def _problems(option: str, value: t.Any, spec: _options.Spec, prefix: str) -> list[str]:
    """Read one option as the action plugins do: first our readers, then ansible-core's validator."""
    if option not in spec:
        return [f'{prefix}{option}: there is no such option; there are {", ".join(sorted(spec))}']
    read, problems = read_all({option: value}, _options.READERS)
    if not problems:
        # What is required is for the task to say: here it may still be missing.
        checked = {option: {**spec[option], 'required': False}}
        problems = [f'{option}: {error}' for error in ArgumentSpecValidator(checked).validate(read).errors.errors]
    if prefix:
        # The caller has a variable for each of an option's own options.
        inner = '|'.join(spec[option].get('options', ()))
        problems = [re.sub(f'^{option}: ({inner}): ', rf'{option}_\1: ', problem) for problem in problems]
    return [f'{prefix}{problem}' for problem in problems]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        """Name them."""
        return {'option_problems': option_problems}
