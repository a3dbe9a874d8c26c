# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the tests of the AWX templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from awx.job import EXTENSION


def _trust(value: Any) -> Any:
    """Return the value with every text in it marked as a template."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, Mapping):
        return {key: _trust(item) for key, item in value.items()}
    return [_trust(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope='session')
def data() -> dict[str, Any]:
    """Everything in extensions/awx/vars, rendered, except the names of the environment."""
    raw: dict[str, Any] = {}
    for path in sorted((EXTENSION / 'vars').glob('*.yml')):
        if path.stem != 'connection':
            raw |= yaml.safe_load(path.read_text(encoding='utf-8'))
    trusted = _trust(raw)
    rendered: dict[str, Any] = Templar(loader=DataLoader(), variables=trusted).template(trusted)
    return rendered


@pytest.fixture(scope='session')
def templates(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The job templates, by the name of their playbook."""
    return {template['playbook'].removesuffix('.yml'): template for template in data['sessions_job_templates']}
