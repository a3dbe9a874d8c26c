# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The recipe that mails a report uses options of the real module."""

from __future__ import annotations

import ast
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from awx import collection
from documentation.examples import yaml_examples

pytestmark = pytest.mark.e2e  # needs the package index once

MODULE = 'community.general.mail'


@pytest.fixture(scope='module')
def options() -> dict[str, dict[str, Any]]:
    """The documented options of the module."""
    try:
        path = collection.collections() / collection.MAIL
    except collection.Unreachable as error:
        pytest.skip(f'no {MODULE} here, and no {collection.PACKAGE} from the package index: {error}')
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == 'DOCUMENTATION':
            return {
                name: {
                    key: option[key] for key in ('type', 'elements', 'choices', 'required', 'aliases') if key in option
                }
                for name, option in yaml.safe_load(ast.literal_eval(node.value))['options'].items()
            }
    raise AssertionError(f'{MODULE} has no documentation')


def mail_tasks() -> list[dict[str, Any]]:
    """The arguments of each mail task of the documentation."""
    plays = [play for example in yaml_examples() if MODULE in example.text for play in yaml.safe_load(example.text)]
    return [task[MODULE] for play in plays for task in play['tasks'] if MODULE in task]


def test_the_mail_module_accepts_the_options_of_the_recipe(options: dict[str, dict[str, Any]]) -> None:
    tasks = mail_tasks()
    assert tasks
    validator = ArgumentSpecValidator(options)
    for arguments in tasks:
        assert validator.validate(arguments).error_messages == []
    assert validator.validate({**tasks[0], 'attachments': []}).error_messages
