# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The action plugins of the modules: validate the options, run the module, summarize its result."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.winops.sessions.plugins.plugin_utils._options.rules import SELECTION, SPARING
from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import (
    Arguments,
    OptionError,
    spec_of,
    validate,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._results.connection import explained, is_of_connection
from ansible_collections.winops.sessions.plugins.plugin_utils._results.errors import Caller
from ansible_collections.winops.sessions.plugins.plugin_utils._results.received import InvalidResult, check_result
from ansible_collections.winops.sessions.plugins.plugin_utils._results.tables import readable_diff
from ansible_collections.winops.sessions.plugins.plugin_utils._text import plain

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

    def __init_subclass__(cls) -> None:
        # ansible-core loads an action plugin once and then forks a process for each host.
        spec_of(cls.MODULE)

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        """Run the module.

        :param tmp: not used.
        :param task_vars: the variables of the host.
        :returns: the result of the module with a readable ``msg`` and ``diff``.
        :raises AnsibleActionFail: if an option is not valid. The host was not contacted.
        """
        variables = task_vars or {}
        result: Result = super().run(task_vars=task_vars)
        prefix = _option_prefix(variables)
        arguments = self._validated(prefix)
        module = f'winops.sessions.{self.MODULE}'
        try:
            received = self._execute_module(module_name=module, module_args=arguments, task_vars=variables)
        except Exception as error:
            if not is_of_connection(error):
                raise
            raise explained(error) from None
        try:
            result |= check_result(self.MODULE, received, arguments)
        except InvalidResult as error:
            text = f'{self.MODULE} returned an invalid result: {error}. The host may be broken or compromised'
            result |= {'failed': True, 'changed': received.get('changed') is True, 'msg': text}
        self._summarize(result, Caller(self.MODULE, arguments, prefix))
        if 'diff' in result:
            host = arguments.get('server') or self._task.delegate_to or variables.get('inventory_hostname')
            result['diff'] = readable_diff(result['diff'], host, _warned(result))
        # Registered results have no invocation; reports need the selection to compare results.
        # Unlike the other booleans, locked selects with both values.
        selection = {
            option: arguments[option]
            for option in SELECTION
            if option in arguments and (arguments[option] is not False or option == 'locked')
        }
        result.pop('selection', None)
        result |= {'selection': selection} if selection else {}
        return result | {'invocation': {'module_args': arguments}}

    def _summarize(self, result: Result, caller: Caller) -> None:
        """Write ``msg``, and explain the errors in all texts."""
        details = [record for record in result.get('sessions') or () if record.get('detail')]
        for record in details:
            record['detail'] = caller.explain(record['detail'])
        if 'msg' in result:
            result['msg'] = caller.explain(result['msg'])
        text = self.sentence(result, caller.arguments, bool(self._task.check_mode)) or result.get('msg')
        if text:
            result['msg'] = caller.complete(text)
        for record in details:
            record['detail'] = caller.complete(record['detail'])
        warnings = [caller.complete(text) for text in result.get('warnings') or ()] + self.warnings(caller.arguments)
        if warnings:
            result['warnings'] = list(dict.fromkeys(warnings))
        # ansible-core prints the text of an exception as the host wrote it, and makes a new one of msg.
        traceback = getattr(getattr(result.pop('exception', None), 'event', None), 'formatted_traceback', None)
        if traceback:
            result['exception'] = plain(traceback, keep='\n\t')

    def _validated(self, prefix: str) -> Arguments:
        try:
            arguments = validate(spec_of(self.MODULE), self._task.args, self.EXAMPLE)
            # The host would read all groups and processes for them.
            arguments = {name: value for name, value in arguments.items() if name not in SPARING or value}
            if problems := self.problems(arguments):
                raise OptionError(problems)
        except OptionError as error:
            # ansible-core repeats the message of every cause.
            raise AnsibleActionFail('; '.join(error.named(prefix))) from None
        return arguments


def _warned(result: Result) -> set[str | None]:
    """Return the tokens of the sessions whose users were warned or, in check mode, would be."""
    return {record.get('token') for record in result.get('sessions') or () if record.get('action') == 'notify'}


def _option_prefix(task_vars: dict[str, t.Any]) -> str:
    """Return the prefix of the caller's variables, for example of a role."""
    prefix = task_vars.get('winops_sessions_option_prefix')
    return str(prefix) if isinstance(prefix, str) and re.fullmatch('[a-z0-9_]*', prefix) else ''
