# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible itself against simulated hosts, over every connection that they offer."""

from __future__ import annotations

import json
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from project import CORES, MAIN, Core, environment
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

CONNECTIONS = {
    f'{connection}_{scheme}': (connection, scheme) for connection in ('winrm', 'psrp') for scheme in ('http', 'https')
} | {'ssh': ('ssh', 'http')}
SPEC = {'hosts': {name: {'sessions': [{'id': 2, 'user': name}]} for name in CONNECTIONS}}

MODULE = """\
    #!powershell
    #AnsibleRequires -CSharpUtil Ansible.Basic
    #AnsibleRequires -CSharpUtil ..module_utils.Native
    $spec = @{ options = @{ text = @{ type = 'str' }; size = @{ type = 'int' } }; supports_check_mode = $true }
    $module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
    $module.Result.console = [ansible_collections.test.wire.plugins.module_utils.Native.Calls]::Console()
    $module.Result.text = $module.Params.text
    $module.Result.long = 'x' * $module.Params.size
    $module.Result.user = $env:USERNAME
    $module.ExitJson()
    """
UTIL = """\
    using System;
    using System.Runtime.InteropServices;
    namespace ansible_collections.test.wire.plugins.module_utils.Native
    {
        public static class Calls
        {
            [DllImport("kernel32.dll", EntryPoint = "WTSGetActiveConsoleSessionId")]
            private static extern uint Ask();
            public static uint Console() { return Ask(); }
        }
    }
    """


class Ansible:
    """Runs ``ansible`` against a fleet whose hosts are named for their connections."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet = fleet
        plugins = folder / 'ansible_collections/test/wire/plugins'
        for path, text in {'modules/probe.ps1': MODULE, 'module_utils/Native.cs': UTIL}.items():
            (plugins / path).parent.mkdir(parents=True)
            (plugins / path).write_text(textwrap.dedent(text))
        hosts = {}
        for name, how in CONNECTIONS.items():
            inventory = fleet.inventory(*how, validate=how[1] == 'https')['all']
            hosts[name] = {**inventory['vars'], **inventory['hosts'][name]}
        self.folder = folder
        (folder / 'inventory.yml').write_text(yaml.safe_dump({'all': {'hosts': hosts}}))

    def __call__(self, core: Core, module: str, arguments: str) -> dict[str, str]:
        """Run a module on all hosts and give what each answered, on one line."""
        if not core.present:
            pytest.skip(core.missing)
        for host in self.fleet.values():
            host.messages.clear()
        done = subprocess.run(
            [core.bin / 'ansible', '-i', 'inventory.yml', 'all', '-o', '-f', '2', '-m', module, '-a', arguments],
            cwd=self.folder,
            env=environment(core) | {'ANSIBLE_COLLECTIONS_PATH': str(self.folder), 'ANSIBLE_HOME': str(self.folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        answers = dict(line.split(' | ', 1) for line in done.stdout.splitlines() if ' | ' in line)
        assert answers.keys() == CONNECTIONS.keys(), done.stdout + done.stderr
        return answers


@pytest.fixture(scope='module')
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ansible]:
    with Fleet(SPEC) as fleet:
        yield Ansible(fleet, tmp_path_factory.mktemp('ansible'))


@pytest.mark.parametrize('core', CORES.values(), ids=CORES)
def test_a_module_runs_over_every_connection_in_few_messages(ansible: Ansible, core: Core) -> None:
    arguments = json.dumps({'text': 'Zoë 🙂 "quoted"', 'size': 300_000})
    for name, answer in ansible(core, 'test.wire.probe', arguments).items():
        word, _unused, result = answer.partition(' => ')
        assert word == 'SUCCESS'
        expected = {'changed': False, 'console': 1, 'text': 'Zoë 🙂 "quoted"', 'long': 'x' * 300_000, 'user': 'ansible'}
        assert json.loads(result) == expected
        assert [call.api for call in ansible.fleet[name].calls][-1] == 'WTSGetActiveConsoleSessionId'
        assert len(ansible.fleet[name].messages) == (1 if name == 'ssh' else 6), ansible.fleet[name].messages


def test_the_inbox_commands_run_over_every_connection(ansible: Ansible) -> None:
    for name, answer in ansible(MAIN, 'ansible.builtin.raw', 'quser').items():
        assert answer.startswith('CHANGED | rc=0 |')
        assert name in answer
        assert len(ansible.fleet[name].messages) == (1 if name == 'ssh' else 5)


def test_a_script_is_copied_to_the_host_and_run_there(ansible: Ansible) -> None:
    (ansible.folder / 'where.ps1').write_text('"$env:COMPUTERNAME says $($args -join "+")"\n')
    for name, answer in ansible(MAIN, 'ansible.builtin.script', 'where.ps1 a "b c"').items():
        word, _unused, result = answer.partition(' => ')
        assert word == 'CHANGED', answer
        assert json.loads(result)['stdout'].strip() == f'{name.upper()} says a+b c'
