# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""What the action plugins of this collection have in common: check the options, run the module, make it readable."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase

from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import READERS, Arguments, Spec
from ansible_collections.winops.sessions.plugins.plugin_utils._options.types import read_all
from ansible_collections.winops.sessions.plugins.plugin_utils._results.tables import readable_diff

Result = dict[str, t.Any]


def _none(arguments: Arguments) -> list[str]:
    return []


class SessionAction(ActionBase):
    """Runs one module of this collection.

    An action plugin names its module and says what is special about it. Everything that can be wrong with a task's
    options is found here, on the controller, before any host is asked; then the module runs, once.
    """

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    #: The module's full name; a task may have used a short one.
    MODULE: str
    #: Its argument spec.
    SPEC: Spec
    #: Options as people write them, shown when the given ones are refused.
    EXAMPLE: str
    #: Finds options that do not go together; the task fails with what it returns.
    problems: Callable[[Arguments], list[str]] = staticmethod(_none)
    #: Finds options that are allowed together but hardly meant; the task warns of what it returns.
    warnings: Callable[[Arguments], list[str]] = staticmethod(_none)
    #: Says a result in one line, given the options and whether it is check mode; null where it has nothing to say.
    sentence: Callable[[Result, Arguments, bool], str | None]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        """Run the module.

        :param tmp: not used, as everywhere since Ansible 2.4.
        :param task_vars: the host's variables.
        :returns: the module's result, with a readable ``msg`` and ``diff``.
        :raises AnsibleActionFail: when an option is wrong; nothing was done then and no host was asked.
        """
        task_vars = task_vars or {}
        result: Result = super().run(task_vars=task_vars)
        arguments = self._read_options()
        result |= self._execute_module(module_name=self.MODULE, module_args=arguments, task_vars=task_vars)
        if warnings := self.warnings(arguments):
            result['warnings'] = [*(result.get('warnings') or []), *warnings]
        if sentence := self.sentence(result, arguments, bool(self._task.check_mode)):
            result['msg'] = sentence
        if diff := result.get('diff'):
            host = arguments.get('server') or self._task.delegate_to or task_vars.get('inventory_hostname')
            result['diff'] = readable_diff(diff, host)
        return result

    def _read_options(self) -> Arguments:
        """Turn what the task says into what the module gets: checked, durations in seconds, without nulls.

        The validator is ansible-core's own, as :meth:`validate_argument_spec` uses it, which would stop at the first
        problem and could not see a null as an option that was not given.
        """
        given = {option: value for option, value in self._task.args.items() if value is not None}
        defaults = {option: spec['default'] for option, spec in self.SPEC.items() if 'default' in spec}
        read, problems = read_all({**defaults, **given}, READERS)

        refused = given.keys() - read.keys()
        validation = ArgumentSpecValidator(
            {option: spec for option, spec in self.SPEC.items() if option not in refused}
        ).validate(read)
        problems += [self._say(error) for error in validation.errors.errors]

        arguments = _without_nulls(validation.validated_parameters)
        problems = problems or self.problems(arguments)
        if problems:
            raise AnsibleActionFail('; '.join(problems))
        return arguments

    def _say(self, error: Exception) -> str:
        """Say what ansible-core found, with the example that its messages lack."""
        words = f'{error}; a good example: {self.EXAMPLE}'
        if isinstance(error, UnsupportedError):
            return f'Unsupported parameters for ({self.MODULE}) module: {words}'
        return words


def _without_nulls(options: Arguments) -> Arguments:
    """Leave out the options that were not given, so that the module sees what it would see without this plugin."""
    return {
        option: _without_nulls(value) if isinstance(value, dict) else value
        for option, value in options.items()
        if value is not None
    }
