"""Settings of Sphinx for the documentation site."""

from __future__ import annotations

import datetime
from pathlib import Path

import yaml

_metadata = yaml.safe_load((Path(__file__).resolve().parents[2] / 'galaxy.yml').read_text(encoding='utf-8'))

project = f'{_metadata["namespace"]}.{_metadata["name"]}'
author = 'winops.sessions authors'
copyright = f'{datetime.date.today().year}, {author}'
version = release = _metadata['version']
title = html_short_title = project

extensions = ['sphinx.ext.intersphinx', 'sphinx_antsibull_ext']

pygments_style = 'ansible'
highlight_language = 'YAML+Jinja'
default_role = 'any'
exclude_patterns = ['collections/environment_variables.rst']  # the collection reads none
# Every reference has to resolve; with -W the build fails otherwise.
nitpicky = True

html_theme = 'sphinx_ansible_theme'
html_title = project
html_theme_options = {
    'collapse_navigation': False,
    'titles_only': True,
    'documentation_home_url': _metadata['documentation'],
    'topbar_links': {'Source': _metadata['repository'], 'Issues': _metadata['issues']},
}
html_show_sphinx = False
html_copy_source = False
html_use_index = False

# tools/docs.py writes the inventory from the ansible-core that it runs with, so that no network is needed.
intersphinx_mapping = {'ansible': ('https://docs.ansible.com/projects/ansible/latest/', 'ansible.inv')}
