# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The filter validate_options."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.winops.sessions.plugins.plugin_utils._options.rules import notice_problems
from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import OptionError, spec_of, validate

MODULES = ('win_logon_mode', 'win_user_session', 'win_user_session_info', 'win_user_session_message')


def validate_options(options: t.Any, module: str, prefix: str = '') -> list[str]:
    """Validate options of a module without running it.

    :param options: the options; a null is an option that is not set.
    :param module: the short name of the module.
    :param prefix: the prefix of the caller's variables.
    :returns: the problems.
    :raises AnsibleFilterError: if there is no such module, or the options are not a dictionary.
    """
    if module not in MODULES:
        raise AnsibleFilterError(f'validate_options: {module!r} is not one of {", ".join(MODULES)}')
    if not isinstance(options, c.Mapping):
        raise AnsibleFilterError(
            f'validate_options: {type(options).__name__} is not a dictionary. Example: {{max_idle: 2h}}'
        )
    spec = {name: {**option, 'required': False} for name, option in spec_of(module).items()}
    try:
        problems = notice_problems(validate(spec, options))
    except OptionError as error:
        problems = error.problems
    return OptionError(problems).named(prefix)


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {'validate_options': validate_options}
