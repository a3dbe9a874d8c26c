# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The filters parse_quser and parse_qwinsta: what a playbook gets from them, and that their documentation is true."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.winops.sessions.plugins.filter import parse_quser as quser_plugin
from ansible_collections.winops.sessions.plugins.filter import parse_qwinsta as qwinsta_plugin

ROOT = Path(__file__).parents[4]
CAPTURES = Path(__file__).parents[2] / 'captures'
FILTERS = quser_plugin.FilterModule().filters() | qwinsta_plugin.FilterModule().filters()
GOOD = {'parse_quser': 'en-quser-8', 'parse_qwinsta': 'en-qwinsta-10'}


def capture(name: str) -> str:
    (file,) = CAPTURES.glob(f'{GOOD[name]}.[tb][xi][tn]')
    return file.read_bytes().decode('utf-8')


def documentation(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f'plugins/filter/{name}.yml').read_text(encoding='utf-8'))


@pytest.mark.parametrize('name', sorted(FILTERS))
def test_the_documented_options_are_the_options_of_the_filter(name: str) -> None:
    options = documentation(name)['DOCUMENTATION']['options']
    parameters = dict(list(inspect.signature(FILTERS[name]).parameters.items())[1:])
    assert set(options) - {'_input'} == set(parameters)
    assert {key: options[key].get('default') for key in parameters} == {
        key: parameter.default for key, parameter in parameters.items()
    }


@pytest.mark.parametrize('name', sorted(FILTERS))
def test_the_documented_values_are_the_values_of_a_row(name: str) -> None:
    documented = documentation(name)['RETURN']['_value']['contains']
    rows = FILTERS[name](capture(name))
    kinds = {'bool': bool, 'int': int, 'str': str}
    for row in rows:
        assert set(row) == set(documented)
        for key, value in row.items():
            # True is an int, too, and must not stand where a number does.
            assert value is None or value.__class__ is kinds[documented[key]['type']]


@pytest.mark.parametrize('name', sorted(FILTERS))
@pytest.mark.parametrize(
    ('text', 'options', 'message'),
    [
        ('x', {}, "Line 1 cannot be read with certainty .*: 'x'"),
        ({'stdout_lines': []}, {}, 'pass result.stdout_lines or result.stderr_lines'),
        (None, {}, 'the input is NoneType'),
        ('', {}, 'The text is empty'),
        ('x', {'errors': 'ignore'}, 'Choose one of: strict, skip'),
        ('Error [5]:Access is denied.', {'errors': 'skip'}, 'Win32 error 5 '),
    ],
)
def test_a_wrong_input_is_a_filter_error_that_names_the_filter(
    name: str, text: object, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(AnsibleFilterError, match=f'{name}: .*{message}'):
        FILTERS[name](text, **options)


def test_a_wrong_date_format_is_a_filter_error() -> None:
    with pytest.raises(AnsibleFilterError, match=r"parse_quser: the logon time '18.09.2026 05:59' does not have"):
        FILTERS['parse_quser'](capture('parse_quser'), errors='skip', date_format='%m/%d/%Y')


def test_a_playbook_gets_the_rows_of_a_registered_result(tmp_path: Path) -> None:
    playbook = [
        {
            'hosts': 'localhost',
            'gather_facts': False,
            'tasks': [
                {
                    'ansible.builtin.command': {'argv': ['cat', str(CAPTURES / 'en-quser-8.txt')]},
                    'register': 'result',
                },
                {
                    'ansible.builtin.copy': {
                        'content': "{{ {'lines': lines, 'text': text, 'message': message} | to_json }}",
                        'dest': str(tmp_path / 'rows.json'),
                    },
                    'vars': {
                        'lines': "{{ result.stdout_lines | winops.sessions.parse_quser(date_format='dmy') }}",
                        'text': '{{ result.stdout | winops.sessions.parse_quser }}',
                        'message': "{{ 'No User exists for *' | winops.sessions.parse_qwinsta(errors='skip') }}",
                    },
                },
            ],
        }
    ]
    (tmp_path / 'play.yml').write_text(json.dumps(playbook), encoding='utf-8')
    run = subprocess.run(
        [sys.executable, '-m', 'ansible', 'playbook', '-i', 'localhost,', '-c', 'local', str(tmp_path / 'play.yml')],
        env={
            **os.environ,
            'ANSIBLE_COLLECTIONS_PATH': str(ROOT / '.cache' / 'collections'),
            'ANSIBLE_PYTHON_INTERPRETER': sys.executable,
            'ANSIBLE_LOCAL_TEMP': str(tmp_path / 'local'),
            'ANSIBLE_REMOTE_TEMP': str(tmp_path / 'remote'),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    got = json.loads((tmp_path / 'rows.json').read_text(encoding='utf-8'))
    assert [(row['id'], row['user'], row['logon_time']) for row in got['lines']] == [
        (2, 'administrator', '2026-09-18T05:59:00'),
        (3, 'müller', '2026-09-18T06:03:00'),
    ]
    assert got['text'] == got['lines']
    assert got['message'] == []
