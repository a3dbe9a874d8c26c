# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Python, PowerShell and documentation describe the same options and results of the modules."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import ansible
import pytest

from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import spec_of
from project import ROOT, environment
from winhost import pwsh

UTILS = ROOT / 'plugins' / 'module_utils'
MODULES = ('win_logon_mode', 'win_user_session', 'win_user_session_info', 'win_user_session_message')
REQUIRES = re.compile(r'^#AnsibleRequires -PowerShell .*module_utils\.(\w+)\s*$', re.MULTILINE)
RECORD = [
    'id',
    'session_name',
    'state',
    'user',
    'domain',
    'account',
    'sid',
    'logon_time',
    'connect_time',
    'disconnect_time',
    'last_input_time',
    'logged_on_seconds',
    'disconnected_seconds',
    'idle_seconds',
    'idle_source',
    'idle_reliable',
    'locked',
    'console',
    'protocol',
    'client_name',
    'client_address',
    'client_build',
    'ghost',
    'own',
    'token',
]

Options = dict[str, dict[str, t.Any]]


@pytest.fixture(scope='module')
def documentation() -> dict[str, t.Any]:
    """What ``ansible-doc`` shows, by module."""
    names = [f'winops.sessions.{name}' for name in MODULES]
    done = subprocess.run(
        [sys.executable, '-m', 'ansible', 'doc', '--json', '-t', 'module', *names],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    return {name: shown[f'winops.sessions.{name}'] for name in MODULES}


@pytest.fixture(scope='module')
def powershell_specs() -> dict[str, t.Any]:
    """The specs of the PowerShell modules, all read in one PowerShell process."""
    core = Path(ansible.__file__).parent / 'module_utils'
    scripts = {name: ROOT / 'plugins' / 'modules' / f'{name}.ps1' for name in MODULES}
    wanted = {
        'add_type': str(core / 'powershell' / 'Ansible.ModuleUtils.AddType.psm1'),
        'basic': str(core / 'csharp' / 'Ansible.Basic.cs'),
        'modules': {
            name: {'script': str(script), 'utils': [str(util) for util in utils_of(script)]}
            for name, script in scripts.items()
        },
    }
    done = subprocess.run(
        [pwsh.find(), '-NoProfile', '-NonInteractive', '-File', Path(__file__).with_name('argument_specs.ps1')],
        input=json.dumps(wanted),
        env={**os.environ, **pwsh.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def utils_of(script: Path) -> list[Path]:
    """Find the PowerShell utils that a script needs, those first that the others need."""
    found: list[Path] = []
    for name in REQUIRES.findall(script.read_text(encoding='utf-8')):
        util = UTILS / f'{name}.psm1'
        found += [path for path in [*utils_of(util), util] if path not in found]
    return found


def python_spec(name: str) -> Options:
    """The options that the action plugin takes."""
    return spec_of(name)


def comparable(options: Options, inner: str = 'options') -> Options:
    """Reduce a spec to what the three must agree on, with the defaults of ansible-core filled in."""
    return {
        option: {
            'type': spec.get('type', 'str'),
            'elements': spec.get('elements'),
            'choices': sorted(spec['choices']) if spec.get('choices') else None,
            'default': spec.get('default'),
            'required': spec.get('required', False),
            'options': comparable(spec.get(inner) or {}, inner),
        }
        for option, spec in options.items()
    }


@pytest.mark.parametrize('name', MODULES)
def test_the_documentation_has_the_options_of_the_action_plugin(documentation, name):
    documented = comparable(documentation[name]['doc']['options'], inner='suboptions')
    assert documented == comparable(python_spec(name))


@pytest.mark.parametrize('name', MODULES)
def test_the_powershell_module_has_the_options_of_the_action_plugin(powershell_specs, name):
    assert comparable(powershell_specs[name]['options']) == comparable(python_spec(name))


@pytest.mark.parametrize('name', MODULES)
def test_check_mode_is_supported_as_documented(documentation, powershell_specs, name):
    assert powershell_specs[name]['supports_check_mode'] is True
    assert documentation[name]['doc']['attributes']['check_mode']['support'] == 'full'


@pytest.mark.parametrize('name', MODULES)
def test_ansible_doc_names_the_action_plugin(documentation, name):
    assert documentation[name]['doc']['has_action'] is True
    attributes = documentation[name]['doc']['attributes']
    assert attributes['action']['support'] == 'full'
    assert attributes['async']['support'] == 'none'


@pytest.mark.parametrize('name', MODULES)
def test_an_option_whose_name_suggests_a_secret_sets_no_log(powershell_specs, name):
    # ansible-core takes a name for a secret's when it contains one of these words.
    options = powershell_specs[name]['options']
    sounding = {option for option in options if re.search('pass(?!ive)|secret|token|cryptkey', option)}
    assert {option for option in sounding if options[option].get('no_log') is not False} == set()


@pytest.mark.parametrize(
    ('name', 'further'),
    [
        ('win_user_session_info', ['processes']),
        (
            'win_user_session',
            ['action', 'outcome', 'reason', 'detail', 'error_code', 'seconds', 'told', 'due_in_seconds'],
        ),
        ('win_user_session_message', ['outcome', 'answer', 'detail', 'error_code']),
    ],
)
def test_every_module_documents_the_same_session_record(documentation, name, further):
    sessions = documentation[name]['return']['sessions']['contains']
    assert sorted(sessions) == sorted([*RECORD, *further])
    reference = documentation['win_user_session_info']['return']['sessions']['contains']
    assert {key: sessions[key] for key in RECORD} == {key: reference[key] for key in RECORD}


@pytest.mark.parametrize('name', MODULES)
def test_every_documented_result_has_returned_and_a_sample(documentation, name):
    for key, value in documentation[name]['return'].items():
        assert value['returned'], key
        assert 'sample' in value or value.get('contains'), key
