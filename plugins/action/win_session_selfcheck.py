# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Queries a host with two modules and evaluates the answers on the controller."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import OptionError, spec_of, validate
from ansible_collections.winops.sessions.plugins.plugin_utils._selfcheck.checks import evaluate
from ansible_collections.winops.sessions.plugins.plugin_utils._selfcheck.evidence import gather
from ansible_collections.winops.sessions.plugins.plugin_utils._selfcheck.names import names_of

Result = dict[str, t.Any]

MODULE = 'winops.sessions.win_session_selfcheck'
INFO = 'winops.sessions.win_user_session_info'
INFO_OPTIONS = {'include_all': True, 'gather': ['client', 'processes']}

# Facts that describe the host. The others are in the answers.
SYSTEM = (
    *('os_name', 'os_build', 'os_type', 'ui_culture', 'time_zone'),
    *('powershell_version', 'powershell_edition', 'dotnet_release'),
)


class ActionModule(ActionBase):
    """Queries a host with two modules and evaluates the answers on the controller."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: Result | None = None) -> Result:
        """Run the self-check.

        :param tmp: not used.
        :param task_vars: the variables of the host.
        :returns: the checks with their answers; failed if one of them has the result ``problem``.
        """
        task_vars = task_vars or {}
        result: Result = super().run(task_vars=task_vars)
        try:
            arguments = validate(spec_of('win_session_selfcheck'), self._task.args, '{names: true}')
        except OptionError as error:
            raise AnsibleActionFail(str(error)) from None
        module: Result = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        if module.get('failed') or module.get('unreachable'):
            return {**result, **module}
        info = self._info(task_vars)
        evidence = gather(module, info, datetime.datetime.now(datetime.UTC))
        found: Result = {
            'checks': evaluate(evidence),
            'system': {name: evidence.facts.get(name) for name in SYSTEM},
            'sessions': [_public(session) for session in evidence.listed],
            'quser': evidence.quser_text,
        }
        if not arguments['names']:
            hosts = (task_vars.get(name) for name in ('inventory_hostname', 'inventory_hostname_short', 'ansible_host'))
            found = names_of(evidence, *hosts).hide(found)
        problems = [one['name'] for one in found['checks'] if one['result'] == 'problem']
        result |= found | {'changed': False, 'failed': bool(problems)}
        counts = _summary(found['checks'])
        result['msg'] = f'{counts}. Problems: {", ".join(problems)}' if problems else counts
        return result

    def _info(self, task_vars: Result) -> Result:
        """List the sessions as a task would."""
        task = self._task.copy()
        task.args = dict(INFO_OPTIONS)
        action = self._shared_loader_obj.action_loader.get(
            INFO,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        return t.cast('Result', action.run(task_vars=task_vars))


def _public(session: Result) -> Result:
    """A session without the names of its programs."""
    return {key: len(value or []) if key == 'processes' else value for key, value in session.items()}


def _summary(checks: list[dict[str, str]]) -> str:
    results = ('problem', 'unknown', 'attention', 'manual', 'ok')
    counts = {one: sum(check['result'] == one for check in checks) for one in results}
    return ', '.join(f'{count} {one}' for one, count in counts.items() if count)
