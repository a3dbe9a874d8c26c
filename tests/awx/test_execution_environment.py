# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ansible-builder takes the definition of the image, and finds what the collection itself needs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml
from awx.job import EXTENSION

from project import COLLECTIONS, ROOT, environment


def test_the_image_gets_the_collection_and_the_clients_of_winrm(tmp_path: Path) -> None:
    command = ['ansible-builder', 'create', '--file', str(EXTENSION / 'execution-environment.yml')]
    subprocess.run(
        [*command, '--context', str(tmp_path), '--output-filename', 'Containerfile'],
        env=environment(),
        check=True,
        capture_output=True,
    )

    build = tmp_path / '_build'
    wanted = yaml.safe_load((build / 'requirements.yml').read_text(encoding='utf-8'))
    assert [each['name'] for each in wanted['collections']] == ['winops.sessions']
    assert (build / 'requirements.txt').read_text().split() == ['pypsrp[kerberos]', 'pywinrm[kerberos]']
    assert 'quay.io/centos/centos:stream10' in (tmp_path / 'Containerfile').read_text()


def test_ansible_builder_finds_what_the_collection_needs() -> None:
    folder = str(COLLECTIONS)
    done = subprocess.run(
        ['ansible-builder', 'introspect', folder], env=environment(), check=True, capture_output=True, text=True
    )
    found = yaml.safe_load(done.stdout.partition('---')[2])
    needs = (ROOT / 'meta' / 'ee-requirements.txt').read_text().split()
    assert {each.split()[0] for each in found['python'] if each.endswith('winops.sessions')} == set(needs)


def test_the_project_and_the_image_are_of_one_version() -> None:
    version = yaml.safe_load((ROOT / 'galaxy.yml').read_text())['version']
    settings = yaml.safe_load((EXTENSION / 'vars' / 'settings.yml').read_text())
    assert settings['sessions_project']['branch'] == version
    assert settings['sessions_environment']['image'].endswith(f':{version}')
