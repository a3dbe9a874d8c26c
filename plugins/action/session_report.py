# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Collects the registered results of the hosts of a play and writes their report on the controller."""

from __future__ import annotations

import collections.abc as c
import datetime
import os
import pathlib
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.winops.sessions.plugins.plugin_utils._options import types
from ansible_collections.winops.sessions.plugins.plugin_utils._options.duration import parse_duration
from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import OptionError, spec_of, validate
from ansible_collections.winops.sessions.plugins.plugin_utils._report import files, history
from ansible_collections.winops.sessions.plugins.plugin_utils._report.data import (
    check_not_after,
    from_json,
    merge,
    to_csv,
    to_json,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._report.html import to_html
from ansible_collections.winops.sessions.plugins.plugin_utils._report.labels import verdict
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import (
    COLUMNS,
    LIMITS,
    Report,
    ReportError,
    check_time,
)
from ansible_collections.winops.sessions.plugins.plugin_utils._report.origin import origin
from ansible_collections.winops.sessions.plugins.plugin_utils._report.results import build_report, type_name
from ansible_collections.winops.sessions.plugins.plugin_utils._report.summary import to_statistics, to_summary

#: How the values of options are read; the others are read by their documented type.
READERS: dict[str, types.Reader] = {**dict.fromkeys(LIMITS, parse_duration), 'time': check_time}

EXAMPLE = '{registered: user_sessions, dest: user-sessions}'

RENDERINGS: dict[str, c.Callable[[Report], str]] = {
    'report.html': to_html,
    'report.csv': to_csv,
    'report.json': to_json,
}

#: The clocks of controllers differ by this much without harm.
TOLERANCE = datetime.timedelta(minutes=5)

_TIME = '%Y-%m-%dT%H:%M:%SZ'


class ActionModule(ActionBase):
    """Runs once and needs no host, not even a local connection, which a Windows inventory may redirect."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Write the files that differ, or try whether they can be written.

        :param tmp: not used, as in every action plugin.
        :param task_vars: the variables of the task.
        :returns: the result of the task.
        """
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            options = _validated(self._task.args)
            earlier = self._earlier(options)
            if options['prepare']:
                return result | self._prepare(options)
            results = self._results(options, variables) if options['registered'] else {}
            own = self._report(options, variables, results, earlier)
            report = merge(own, earlier) if earlier else own
        except (OptionError, ReportError) as error:
            # ansible-core repeats the message of every cause.
            raise AnsibleActionFail(str(error)) from None
        result |= {
            'changed': False,
            'msg': verdict(report).words,
            'summary': to_summary(report),
            'counts': report.counts,
            'statistics': to_statistics(report),
            'answered_hosts': _answered(own, results),
            'files': [],
        }
        if options['dest']:
            self._write(_folder(options), report, options['keep'], result)
        if not C.config.get_config_value('display_ok_hosts', plugin_type='callback', plugin_name='default'):
            self._display.display('\n'.join(result['summary']))
        return result

    def _prepare(self, options: dict[str, t.Any]) -> dict[str, t.Any]:
        """Fail if the report could not be written, before anything else is done."""
        if options['dest']:
            folder = _folder(options)
            try:
                files.try_writing(folder, list(RENDERINGS), create=not self._task.check_mode)
            except OSError as error:
                raise ReportError(f'dest: cannot write to {folder}: {error.strerror}.') from error
        return {
            'changed': False,
            'msg': 'The report can be written.',
            'play': self._play(),
            'check_mode': bool(self._task.check_mode),
        }

    def _play(self) -> str:
        return str(self._task.get_play()._uuid)

    def _earlier(self, options: dict[str, t.Any]) -> list[tuple[str, Report]]:
        """The reports to merge."""
        latest = max(_now() + TOLERANCE, datetime.datetime.strptime(_time(options), _TIME)).strftime(_TIME)
        reports = [
            (str.__str__(source), from_json(_read(os.path.abspath(source)), source)) for source in options['merge']
        ]
        for source, report in reports:
            check_not_after(report, f'merge: {source}', latest)
        return reports

    def _report(
        self,
        options: dict[str, t.Any],
        variables: dict[str, t.Any],
        results: dict[str, list[t.Any]],
        earlier: list[tuple[str, Report]],
    ) -> Report:
        """The report of this play, without the reports that are merged into it."""
        target = options['target'] or ', '.join(dict.fromkeys(report.target for _source, report in earlier)) or 'all'
        return build_report(
            results,
            _time(options),
            options['title'],
            target,
            {name: options[name] for name in LIMITS if options[name] is not None},
            site=options['site'],
            user=options['user'],
            inventory=variables['hostvars'],
            check_mode=self._is_check_mode(options, variables),
            origin=origin(variables),
        )

    def _is_check_mode(self, options: dict[str, t.Any], variables: dict[str, t.Any]) -> bool:
        # This task may have `check_mode: false`, so that the report of a plan is written.
        mark = variables.get(options['since']) if options['since'] is not None else None
        if isinstance(mark, c.Mapping) and mark.get('play') == self._play():
            return mark.get('check_mode') is True
        return bool(self._task.check_mode or self._task.get_play().check_mode)

    def _results(self, options: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, list[t.Any]]:
        hosts = options['hosts'] if options['hosts'] is not None else variables['ansible_play_hosts_all']
        hostvars = variables['hostvars']
        if unknown := [host for host in hosts if host not in hostvars]:
            raise ReportError(f'hosts: {unknown[0]!r} is not in the inventory.')
        return {host: self._registered(options, host, hostvars[host]) for host in hosts}

    def _registered(self, options: dict[str, t.Any], host: str, variables: c.Mapping[str, t.Any]) -> list[t.Any]:
        """The results of a host, without those of an earlier play."""
        if options['since'] is not None:
            mark = variables.get(options['since'])
            if not isinstance(mark, c.Mapping) or mark.get('play') != self._play():
                return []
        results = [variables.get(name) for name in options['registered']]
        for name, result in zip(options['registered'], results, strict=True):
            if result is not None and not isinstance(result, c.Mapping):
                # The value may be a secret: a wrong name must not print it.
                raise ReportError(
                    f'registered: the variable {name} of host {host} is {type_name(result)}, not a registered result. '
                    'Example: registered: user_sessions'
                )
        return results

    def _write(self, folder: pathlib.Path, report: Report, keep: int, result: dict[str, t.Any]) -> None:
        diffs = []
        earlier = history.earlier_reports(folder) if keep else []
        report = history.with_history(report, earlier, keep) if keep else report
        for name, render in RENDERINGS.items():
            path, content = folder / name, render(report).encode()
            result['files'].append(str(path))
            before = _before(path)
            if before == content:
                continue
            result['changed'] = True
            diffs.append(_difference(path, before, content))
            try:
                if not self._task.check_mode:
                    if keep and name == 'report.json':
                        history.keep_reports(folder, report, earlier, keep)
                    files.write(path, content)
            except OSError as error:
                result |= {'failed': True, 'msg': f'dest: cannot write {path}: {error.strerror}.'}
                return
        if self._task.diff and diffs:
            result['diff'] = diffs


def _validated(arguments: c.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options of the task; one that is not set is None."""
    spec = spec_of('session_report')
    options = dict.fromkeys(spec) | validate(spec, arguments, EXAMPLE, READERS)
    if not (options['registered'] or options['merge'] or options['prepare']):
        raise OptionError(['registered or merge is required. Example: registered: user_sessions'])
    if options['keep'] and not options['dest']:
        raise OptionError(['keep: dest is required, the directory of the reports. Example: dest: user-sessions'])
    return options


def _answered(report: Report, results: dict[str, list[t.Any]]) -> list[str]:
    """The hosts of the play of which every result is a success and lists sessions."""
    listed = {host.name for host in report.hosts if host.status == 'answered'}
    return [
        host
        for host, registered in results.items()
        if host in listed
        and not any(result and (result.get('failed') or result.get('unreachable')) for result in registered)
    ]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def _time(options: dict[str, t.Any]) -> str:
    return options['time'] or _now().strftime(_TIME)


def _folder(options: dict[str, t.Any]) -> pathlib.Path:
    # Relative to the directory in which Ansible was started.
    return pathlib.Path(os.path.abspath(options['dest']))


def _read(path: str) -> str:
    try:
        return files.read_regular(pathlib.Path(path)).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = files.reason(error) if isinstance(error, OSError) else 'not UTF-8'
        raise ReportError(f'merge: cannot read {path}: {reason}. Set the report.json of an earlier run.') from error


def _before(path: pathlib.Path) -> bytes | None:
    """What is there now, if it is a file: a link, a pipe or a file that cannot be read is replaced unread."""
    try:
        return files.read_regular(path)
    except OSError:
        return None


def _difference(path: pathlib.Path, before: bytes | None, after: bytes) -> dict[str, t.Any]:
    # The rows are of interest; the page and the JSON have the same content in more bytes.
    headers = {'before_header': str(path), 'after_header': str(path)}
    size = max(len(before or b''), len(after))
    is_ours = (before or b'').removeprefix(b'\xef\xbb\xbf').startswith(','.join(list(COLUMNS)[:2]).encode())
    if path.suffix != '.csv' or (before and not is_ours):
        return headers | {
            'before': f'{len(before)} bytes\n' if before is not None else '',
            'after': f'{len(after)} bytes\n',
        }
    if 0 < C.MAX_FILE_SIZE_FOR_DIFF < size:
        return headers | {'src_larger': C.MAX_FILE_SIZE_FOR_DIFF}
    texts = {'before': before or b'', 'after': after}
    return headers | {name: text.decode('utf-8-sig', errors='replace') for name, text in texts.items()}
