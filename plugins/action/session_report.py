# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Gathers what the hosts of a play registered, and writes the reports of it on the controller."""

from __future__ import annotations

import collections.abc as c
import datetime
import os
import pathlib
import tempfile
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.winops.sessions.plugins.plugin_utils._duration import parse_duration
from ansible_collections.winops.sessions.plugins.plugin_utils._report.data import from_json, merge, to_csv, to_json
from ansible_collections.winops.sessions.plugins.plugin_utils._report.html import to_html
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import (
    LIMITS,
    Report,
    ReportError,
    build_report,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._report.summary import to_statistics, to_summary

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    'dest': {'type': 'path'},
    'hosts': {'type': 'list', 'elements': 'str'},
    'max_disconnected': {'type': 'str'},
    'max_idle': {'type': 'str'},
    'max_logged_on': {'type': 'str'},
    'merge': {'type': 'list', 'elements': 'path', 'default': []},
    'registered': {'type': 'list', 'elements': 'str', 'default': []},
    'target': {'type': 'str'},
    'time': {'type': 'str'},
    'title': {'type': 'str', 'default': 'User sessions'},
}

RENDERINGS: dict[str, c.Callable[[Report], str]] = {
    'report.html': to_html,
    'report.csv': to_csv,
    'report.json': to_json,
}


class ActionModule(ActionBase):
    """One task, run once, that needs no host: not even a local connection, which a Windows inventory may bend."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Write the files that differ.

        :param tmp: not used, as in every action plugin.
        :param task_vars: the variables of the task.
        :returns: the result of the task.
        """
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, options = self.validate_argument_spec(ARGUMENT_SPEC)
        if not options['registered'] and not options['merge']:
            raise AnsibleActionFail(
                'give registered (such as registered: user_sessions), or merge, or both: there is nothing to report'
            )
        try:
            report = self._report(options, variables)
        except ReportError as error:
            raise AnsibleActionFail(str(error)) from error
        lines = to_summary(report)
        result |= {
            'changed': False,
            'msg': lines[1],
            'summary': lines,
            'counts': report.counts,
            'statistics': to_statistics(report),
            'files': [],
        }
        if options['dest']:
            self._write(pathlib.Path(self._resolve(options['dest'])), report, result)
        return result

    def _report(self, options: dict[str, t.Any], variables: dict[str, t.Any]) -> Report:
        limits = {name: _seconds(name, options[name]) for name in LIMITS if options[name] is not None}
        earlier = [
            (str.__str__(source), from_json(_read(self._resolve(source)), source)) for source in options['merge'] or []
        ]
        results = self._results(options, variables) if options['registered'] else {}
        now = datetime.datetime.now(datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')
        target = options['target'] or ', '.join(dict.fromkeys(report.target for _source, report in earlier)) or 'all'
        report = build_report(results, options['time'] or now, options['title'], target, limits)
        return merge(report, earlier) if earlier else report

    def _results(self, options: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, list[t.Any]]:
        hosts = options['hosts'] if options['hosts'] is not None else variables['ansible_play_hosts_all']
        hostvars = variables['hostvars']
        if strangers := [host for host in hosts if host not in hostvars]:
            raise ReportError(f'hosts: {strangers[0]!r} is not in the inventory')
        return {host: [hostvars[host].get(name) for name in options['registered']] for host in hosts}

    def _resolve(self, path: str) -> str:
        # Relative to where ansible was started, as the default of a playbook's report_dir says.
        return os.path.abspath(path)

    def _write(self, folder: pathlib.Path, report: Report, result: dict[str, t.Any]) -> None:
        diffs = []
        for name, render in RENDERINGS.items():
            path, content = folder / name, render(report).encode()
            result['files'].append(str(path))
            try:
                before = path.read_bytes() if path.exists() else None
                if before == content:
                    continue
                result['changed'] = True
                diffs.append(_difference(path, before, content))
                if not self._task.check_mode:
                    _replace(path, content)
            except OSError as error:
                raise AnsibleActionFail(f'dest: cannot write {path}: {error.strerror}') from error
        if self._task.diff and diffs:
            result['diff'] = diffs


def _seconds(name: str, value: str) -> float:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise ReportError(f'{name}: {error}') from error


def _read(path: str) -> str:
    try:
        return pathlib.Path(path).read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else 'it is not UTF-8'
        raise ReportError(f'merge: cannot read {path}: {reason}; give the report.json of an earlier run') from error


def _difference(path: pathlib.Path, before: bytes | None, after: bytes) -> dict[str, t.Any]:
    # The rows are what one wants to compare; the page and the JSON say the same in more bytes.
    headers = {'before_header': str(path), 'after_header': str(path)}
    size = max(len(before or b''), len(after))
    if path.suffix != '.csv':
        return headers | {
            'before': f'{len(before)} bytes\n' if before is not None else '',
            'after': f'{len(after)} bytes\n',
        }
    if 0 < C.MAX_FILE_SIZE_FOR_DIFF < size:
        return headers | {'src_larger': C.MAX_FILE_SIZE_FOR_DIFF}
    return headers | {'before': (before or b'').decode(errors='replace'), 'after': after.decode()}


def _replace(path: pathlib.Path, content: bytes) -> None:
    """Write a file in one step: whoever reads meanwhile sees the old report or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(content)
        # Who is logged on where is not for everybody on the controller: for the group at most, as the umask allows.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o640 & ~mask)
        os.replace(name, path)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise
