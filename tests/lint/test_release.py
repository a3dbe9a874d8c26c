# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release is consistent: one version everywhere, a changelog of it, and links that work from Galaxy."""

from __future__ import annotations

import re

import pytest
import yaml

from project import ROOT

VERSION = yaml.safe_load((ROOT / 'galaxy.yml').read_text(encoding='utf-8'))['version']
REPOSITORY = yaml.safe_load((ROOT / 'galaxy.yml').read_text(encoding='utf-8'))['repository']

#: Files that name the version of the collection, and how.
PINS = {
    'docs/docsite/rst/guide_getting_started.rst': r'winops-sessions-(\d+\.\d+\.\d+)\.tar\.gz',
    'extensions/awx/execution-environment.yml': r'(?:winops-sessions-ee:|version: ">=)(\d+\.\d+\.\d+)',
    'extensions/awx/project/collections/requirements.yml': r'version: ">=(\d+\.\d+\.\d+)"',
    'extensions/awx/vars/settings.yml': r'(?:winops-sessions-ee:|branch: )(\d+\.\d+\.\d+)',
}

LINK = re.compile(r'\]\(([^)#\s]+)[^)]*\)')


@pytest.mark.parametrize('name', PINS)
def test_names_the_version_of_galaxy_yml(name: str) -> None:
    found = re.findall(PINS[name], (ROOT / name).read_text(encoding='utf-8'))
    assert found
    assert set(found) == {VERSION}


def test_the_changelog_describes_this_version_or_a_fragment_does() -> None:
    changelog = yaml.safe_load((ROOT / 'changelogs' / 'changelog.yaml').read_text(encoding='utf-8'))
    fragments = list((ROOT / 'changelogs' / 'fragments').glob('*.yml'))
    assert VERSION in changelog['releases'] or fragments


def test_the_changelog_lists_every_playbook() -> None:
    """antsibull-changelog finds modules, filters and roles, but no playbooks."""
    releases = yaml.safe_load((ROOT / 'changelogs' / 'changelog.yaml').read_text(encoding='utf-8'))['releases'].values()
    listed = [entry for release in releases for entry in release.get('objects', {}).get('playbook', [])]
    for fragment in (ROOT / 'changelogs' / 'fragments').glob('*.yml'):
        listed += yaml.safe_load(fragment.read_text(encoding='utf-8')).get('add object.playbook', [])
    assert sorted(entry['name'] for entry in listed) == sorted(path.stem for path in (ROOT / 'playbooks').glob('*.yml'))


@pytest.mark.parametrize('name', ['README.md', 'CONTRIBUTING.md'])
def test_links_work_in_the_artifact(name: str) -> None:
    for link in LINK.findall((ROOT / name).read_text(encoding='utf-8')):
        assert link.startswith('https://'), f'{name}: {link}'
        # A link into the repository names a file that exists.
        path = re.sub(r'^(?:blob|tree|raw)/main/', '', link.removeprefix(f'{REPOSITORY}/'))
        assert not link.startswith(f'{REPOSITORY}/blob') or (ROOT / path).exists(), f'{name}: {link}'
        assert not link.startswith(f'{REPOSITORY}/raw') or (ROOT / path).is_file(), f'{name}: {link}'
