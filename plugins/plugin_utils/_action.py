# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""The action plugins of the modules: validate the options, run the module, summarize its result."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import (
    Arguments,
    OptionError,
    spec_of,
    validate,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._results.connection import explained, is_of_connection
from ansible_collections.winops.sessions.plugins.plugin_utils._results.tables import readable_diff

Result = dict[str, t.Any]


def _none(arguments: Arguments) -> list[str]:
    return []


class SessionAction(ActionBase):
    """Runs one module of this collection.

    Options that are not valid fail on the controller, before the host is contacted.
    """

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    #: The short name of the module.
    MODULE: str
    #: Valid options, for error messages.
    EXAMPLE: str
    #: Finds options that cannot be combined; they fail the task.
    problems: Callable[[Arguments], list[str]] = staticmethod(_none)
    #: Finds options that are valid but probably a mistake; they are returned as warnings.
    warnings: Callable[[Arguments], list[str]] = staticmethod(_none)
    #: Summarizes a result in one line, given the options and whether it is check mode; null keeps the module's text.
    sentence: Callable[[Result, Arguments, bool], str | None]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        """Run the module.

        :param tmp: not used.
        :param task_vars: the variables of the host.
        :returns: the result of the module with a readable ``msg`` and ``diff``.
        :raises AnsibleActionFail: if an option is not valid. The host was not contacted.
        """
        task_vars = task_vars or {}
        result: Result = super().run(task_vars=task_vars)
        arguments = self._validated(_option_prefix(task_vars))
        module = f'winops.sessions.{self.MODULE}'
        try:
            result |= self._execute_module(module_name=module, module_args=arguments, task_vars=task_vars)
        except Exception as error:
            if not is_of_connection(error):
                raise
            raise explained(error) from None
        if warnings := self.warnings(arguments):
            result['warnings'] = [*(result.get('warnings') or []), *warnings]
        if sentence := self.sentence(result, arguments, bool(self._task.check_mode)):
            result['msg'] = sentence
        if diff := result.get('diff'):
            host = arguments.get('server') or self._task.delegate_to or task_vars.get('inventory_hostname')
            result['diff'] = readable_diff(diff, host)
        return result

    def _validated(self, prefix: str) -> Arguments:
        try:
            arguments = validate(spec_of(self.MODULE), self._task.args, self.EXAMPLE)
            if problems := self.problems(arguments):
                raise OptionError(problems)
        except OptionError as error:
            raise AnsibleActionFail('; '.join(error.named(prefix))) from error
        return arguments


def _option_prefix(task_vars: dict[str, t.Any]) -> str:
    """Return the prefix of the caller's variables, for example of a role."""
    prefix = task_vars.get('winops_sessions_option_prefix')
    return str(prefix) if isinstance(prefix, str) and re.fullmatch('[a-z0-9_]*', prefix) else ''
