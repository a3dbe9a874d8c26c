# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ansible-builder accepts the definition of the image, and finds the dependencies of the collection."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml
from awx.job import EXTENSION

from project import COLLECTIONS, ROOT, environment


def test_the_image_contains_the_collection_and_the_winrm_clients(tmp_path: Path) -> None:
    command = ['ansible-builder', 'create', '--file', str(EXTENSION / 'execution-environment.yml')]
    subprocess.run(
        [*command, '--context', str(tmp_path), '--output-filename', 'Containerfile'],
        env=environment(),
        check=True,
        capture_output=True,
    )

    build = tmp_path / '_build'
    wanted = yaml.safe_load((build / 'requirements.yml').read_text(encoding='utf-8'))
    assert [each['name'] for each in wanted['collections']] == [
        'winops.sessions',
        'ansible.windows',
        'community.general',
    ]
    assert (build / 'requirements.txt').read_text().split() == ['pypsrp[kerberos]', 'pywinrm[kerberos]']
    assert 'openssh-clients' in (build / 'bindep.txt').read_text()
    assert 'quay.io/centos/centos:stream10' in (tmp_path / 'Containerfile').read_text()


def test_the_image_can_be_built_from_a_local_build(tmp_path: Path) -> None:
    version = yaml.safe_load((ROOT / 'galaxy.yml').read_text())['version']
    text = (EXTENSION / 'execution-environment.yml').read_text()
    (entry,) = re.findall(r'\{name: collections/winops-sessions-.*\}', text)
    assert f'winops-sessions-{version}.tar.gz' in entry
    build_files = re.search(r'(?m)(?:^# .*\n)+\Z', text)
    assert build_files is not None
    definition = yaml.safe_load(text) | yaml.safe_load(re.sub(r'(?m)^# ', '', build_files[0]))
    definition['dependencies']['galaxy']['collections'][0] = yaml.safe_load(entry)
    folder = tmp_path / 'extensions' / 'awx'
    folder.mkdir(parents=True)
    (tmp_path / f'winops-sessions-{version}.tar.gz').write_bytes(b'')
    (folder / 'execution-environment.yml').write_text(yaml.safe_dump(definition))

    subprocess.run(
        ['ansible-builder', 'create', '--file', str(folder / 'execution-environment.yml'), '--context', str(tmp_path)],
        env=environment(),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )

    assert (tmp_path / '_build' / 'collections' / f'winops-sessions-{version}.tar.gz').is_file()


def test_ansible_builder_finds_the_dependencies_of_the_collection() -> None:
    folder = str(COLLECTIONS)
    done = subprocess.run(
        ['ansible-builder', 'introspect', folder], env=environment(), check=True, capture_output=True, text=True
    )
    found = yaml.safe_load(done.stdout.partition('---')[2])
    needs = (ROOT / 'meta' / 'ee-requirements.txt').read_text().split()
    assert {each.split()[0] for each in found['python'] if each.endswith('winops.sessions')} == set(needs)


def test_project_and_image_have_the_same_version() -> None:
    version = yaml.safe_load((ROOT / 'galaxy.yml').read_text())['version']
    settings = yaml.safe_load((EXTENSION / 'vars' / 'settings.yml').read_text())
    assert settings['sessions_project']['branch'] == version
    assert settings['sessions_environment']['image'].endswith(f':{version}')
    definition = (EXTENSION / 'execution-environment.yml').read_text()
    guide = (ROOT / 'docs' / 'docsite' / 'rst' / 'guide_awx.rst').read_text()
    assert set(re.findall(r'winops-sessions-ee:([0-9.]+[0-9])', definition + guide)) == {version}
