# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The origin of a report: the user, the job and the versions."""

from __future__ import annotations

import collections.abc as c
import getpass
import json
import pathlib
import typing as t

import yaml
from ansible.release import __version__ as ansible_version

_ROOT = pathlib.Path(__file__).parents[3]


def origin(variables: c.Mapping[str, t.Any]) -> dict[str, str]:
    """Return the origin of a report of this play.

    :param variables: the variables of the task; AWX sets those of its job.
    :returns: ``user``, ``job``, ``collection_version`` and ``ansible_version``, as far as they are known.
    """
    facts = {
        'user': _from_awx(variables, 'user_name') or _login(),
        'job': _from_awx(variables, 'job_id'),
        'collection_version': _collection_version(),
        'ansible_version': ansible_version,
    }
    return {name: value for name, value in facts.items() if value}


def _from_awx(variables: c.Mapping[str, t.Any], name: str) -> str:
    value = variables.get(f'awx_{name}') or variables.get(f'tower_{name}')
    return str.__str__(str(value)) if value else ''


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return ''


def _collection_version() -> str:
    """Return the version of the installed collection or of the checkout."""
    try:
        manifest = json.loads((_ROOT / 'MANIFEST.json').read_text(encoding='utf-8'))
        return manifest['collection_info']['version']
    except OSError:
        pass
    try:
        return yaml.safe_load((_ROOT / 'galaxy.yml').read_text(encoding='utf-8'))['version']
    except OSError:
        return ''
