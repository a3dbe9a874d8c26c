"""Builds the documentation site in ``.cache/docs/html``. Every warning and every unresolved reference is an error."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

from project import CACHE, COLLECTION, ROOT, environment

SOURCES = ROOT / 'tools' / 'docsite'
SITE = CACHE / 'docs'
HTML = SITE / 'html'
COLLECTION_NAME = 'winops.sessions'

# Types of plugins of ansible-core to which a page of the collection may refer.
PLUGIN_TYPES = ('callback', 'connection', 'filter', 'lookup', 'module', 'strategy')

# Labels outside the collection that its pages refer to, with their pages. antsibull-docs writes the first three.
LABELS = {
    'action_plugins': 'plugins/action.html',
    'common_return_values': 'reference_appendices/common_return_values.html',
    'list_of_collections': 'collections/index.html',
    'ansible_collections.community.windows.win_msg_module': 'collections/community/windows/win_msg_module.html',
    'playbooks_keywords': 'reference_appendices/playbooks_keywords.html',
    'windows_winrm': 'os_guide/windows_winrm.html',
}


def _run(*command: str, cwd: Path = ROOT) -> str:
    """Run a command of the virtual environment.

    :param command: the command and its arguments.
    :param cwd: where it runs.
    :returns: its output.
    :raises SystemExit: it failed; its output is the reason.
    """
    done = subprocess.run(command, cwd=cwd, env=environment(), check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f'{done.stdout}{command[0]} ended with {done.returncode}')
    return done.stdout


def write_inventory(path: Path) -> None:
    """Write the inventory that resolves references to the plugins of ansible-core.

    The names come from ansible-doc of the installed ansible-core, so a reference to a plugin that it does not have is
    an error. The format is version 2 of Sphinx inventories.

    :param path: the file.
    """
    lines = [f'{label} std:label -1 {page}#$ -' for label, page in LABELS.items()]
    for plugin_type in PLUGIN_TYPES:
        listed = json.loads(_run('ansible-doc', '--list', '--json', '--type', plugin_type, 'ansible.builtin'))
        for full_name in listed:
            label = f'ansible_collections.{full_name}_{plugin_type}'
            page = f'collections/ansible/builtin/{full_name.rpartition(".")[2]}_{plugin_type}.html'
            lines.append(f'{label} std:label -1 {page}#$ {full_name}')
    head = '# Sphinx inventory version 2\n# Project: ansible\n# Version: latest\n'
    head += '# The remainder of this file is compressed using zlib.\n'
    path.write_bytes(head.encode() + zlib.compress('\n'.join([*lines, '']).encode()))


def build() -> int:
    """Build the site.

    :returns: the exit status of Sphinx.
    """
    shutil.rmtree(SITE, ignore_errors=True)
    sources = SITE / 'rst'
    sources.mkdir(parents=True)
    for folder in (SITE, sources):
        folder.chmod(0o755)  # antsibull-docs refuses a folder that others may write to
    for page in (SOURCES / 'index.rst', ROOT / 'docs' / 'performance.rst', ROOT / 'docs' / 'performance.svg'):
        shutil.copy(page, sources)
    write_inventory(sources / 'ansible.inv')
    _run(
        *('antsibull-docs', '--config-file', str(SOURCES / 'antsibull-docs.cfg'), 'collection'),
        *('--use-current', '--fail-on-error', '--dest-dir', str(sources), COLLECTION_NAME),
        cwd=COLLECTION,
    )
    command = ['sphinx-build', '-q', '-W', '--keep-going', '-b', 'html', '-c', str(SOURCES), str(sources), str(HTML)]
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode


if __name__ == '__main__':
    sys.exit(build())
