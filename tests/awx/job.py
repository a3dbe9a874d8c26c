# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a job as AWX runs it: a private data directory, and ansible-runner."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from awx import survey

from project import ROOT, environment

EXTENSION = ROOT / 'extensions' / 'awx'


class _Unsafe(yaml.SafeDumper):
    """Marks every text, including keys, as unsafe, so that Ansible does not evaluate it as a template."""

    def represent_data(self, data: Any) -> yaml.Node:
        return self.represent_scalar('!unsafe', data) if isinstance(data, str) else super().represent_data(data)


@dataclass(frozen=True)
class Job:
    """A job that has ended.

    :ivar folder: its private data directory.
    :ivar status: ``successful`` or ``failed``, as ansible-runner reports it.
    :ivar output: its output.
    :ivar events: the events of ansible-runner, in order.
    """

    folder: Path
    status: str
    output: str
    events: list[dict[str, Any]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The data of the events of a kind, such as ``runner_on_ok``."""
        return [event['event_data'] for event in self.events if event['event'] == kind]

    @property
    def stats(self) -> dict[str, Any]:
        """The recap: hosts and numbers by ``ok``, ``changed``, ``failures``, ``dark`` and others."""
        (stats,) = self.of('playbook_on_stats')
        return stats

    @property
    def artifacts(self) -> dict[str, Any]:
        """The data of ``set_stats``, which a workflow passes to the next job."""
        return self.stats.get('artifact_data', {})


def run(
    folder: Path,
    template: Mapping[str, Any],
    inventory: Mapping[str, Any],
    answers: Mapping[str, Any],
    job_type: str | None = None,
    limit: str = '',
    artifacts: Mapping[str, Any] | None = None,
) -> Job:
    """Launch a job template and wait for the job.

    :param folder: a folder for its private data directory.
    :param template: an entry of ``sessions_job_templates``, rendered.
    :param inventory: hosts and variables, as in a YAML inventory.
    :param answers: to the questions of the survey.
    :param job_type: ``run`` or ``check``; the template's own if None.
    :param limit: the hosts, as for ``--limit``.
    :param artifacts: the artifacts of the previous job of the workflow.
    :returns: the job.
    :raises survey.Refused: if AWX would not launch it.
    """
    survey.check_answers(template['survey'], answers)
    shutil.copytree(EXTENSION / 'project', folder / 'project')
    (folder / 'env').mkdir()
    (folder / 'inventory').mkdir()

    everybody = inventory['all']
    script = {
        'all': {'hosts': sorted(everybody['hosts']), 'vars': everybody['vars']},
        '_meta': {'hostvars': everybody['hosts']},
    }
    hosts = folder / 'inventory' / 'hosts'
    hosts.write_text(f'#!/usr/bin/env python3\nprint({json.dumps(script)!r})\n', encoding='utf-8')
    hosts.chmod(0o700)

    variables = survey.defaults(template['survey']) | dict(artifacts or {}) | dict(answers)
    variables |= {'awx_job_id': 17, 'awx_job_template_name': template['name'], 'awx_user_name': 'operator'}
    # One document for each variable, as AWX writes them.
    text = ''.join(yaml.dump({key: value}, Dumper=_Unsafe, allow_unicode=True) for key, value in variables.items())
    (folder / 'env' / 'extravars').write_text(text, encoding='utf-8')

    options = ['--check'] if (job_type or template['job_type']) == 'check' else []
    options += ['-u', 'root', *(['--diff'] if template['diff_mode'] else []), *(['-l', limit] if limit else [])]
    command = [sys.executable, '-m', 'ansible_runner', 'run', str(folder), '--ident', 'job', '--quiet']
    command += ['--playbook', template['playbook'], f'--cmdline={subprocess.list2cmdline(options)}']
    done = subprocess.run(
        command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    made = folder / 'artifacts' / 'job'
    if not (made / 'status').is_file():
        raise RuntimeError(f'ansible-runner ended with {done.returncode}: {done.stdout}{done.stderr}')
    # Their names begin with their numbers.
    files = sorted((made / 'job_events').glob('*.json'), key=lambda path: int(path.name.split('-')[0]))
    return Job(
        folder=folder,
        status=(made / 'status').read_text(),
        output=(made / 'stdout').read_text(encoding='utf-8'),
        events=[json.loads(path.read_text(encoding='utf-8')) for path in files],
    )
