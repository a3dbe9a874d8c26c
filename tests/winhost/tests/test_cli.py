# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line: a fleet in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from winhost.cli import main

HOSTS = """
hosts:
  web01:
    sessions:
      - {id: 2, user: alice, idle: 3h}
      - {id: 3, user: bob, state: disconnected, disconnected: 5h}
  web02:
"""
TESTS = Path(__file__).resolve().parents[2]


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    (tmp_path / 'hosts.yml').write_text(HOSTS)
    return tmp_path / 'ready.json'


def command(ready: Path, *more: str) -> list[str]:
    hosts = str(ready.parent / 'hosts.yml')
    return [sys.executable, '-m', 'winhost', 'serve', hosts, '--ready', str(ready), *more]


@contextmanager
def serving(ready: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, 'PYTHONPATH': str(TESTS)}
    with subprocess.Popen(command(ready, *more), env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            # The line comes when the fleet can be reached.
            assert process.stdout.readline().startswith('2 simulated hosts: web01 ')
            yield process
        finally:
            process.terminate()


@pytest.fixture
def fleet(ready: Path) -> Iterator[Path]:
    with serving(
        ready, '--inventory', str(ready.parent / 'inventory.yml'), '--connection', 'psrp', '--scheme', 'https'
    ):
        yield ready


def test_sessions_are_shown_and_changed_while_the_fleet_runs(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['show', 'web01', '--ready', str(fleet)]) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == [
        *('-', '-', 'CORP\\alice', 'CORP\\bob', '-')
    ]
    assert main(['set', 'web01', 'leave: 2', '--ready', str(fleet)]) == 0
    assert main(['set', 'web01', 'logon: {user: Zoë}', '--ready', str(fleet)]) == 0
    capsys.readouterr()
    assert main(['show', 'web01', '--ready', str(fleet)]) == 0
    shown = capsys.readouterr().out
    assert 'alice' not in shown
    assert '    2  active         RDP-Tcp#2         CORP\\Zoë\n' in shown


def test_calls_and_messages_are_shown(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (['calls', 'web01'], ['calls', 'web01', '--acts']):
        assert main([*words, '--ready', str(fleet)]) == 0
        assert capsys.readouterr().out == ''
    assert main(['messages', 'web02', '--ready', str(fleet)]) == 0
    assert capsys.readouterr().out == '0: \n'


def test_an_inventory_is_written_before_the_fleet_reports_ready(fleet: Path) -> None:
    inventory = yaml.safe_load((fleet.parent / 'inventory.yml').read_text())['all']
    ports = json.loads(fleet.read_text())['ports']
    assert {name: host['ansible_port'] for name, host in inventory['hosts'].items()} == ports
    assert inventory['vars']['ansible_connection'] == 'psrp'
    assert inventory['vars']['ansible_psrp_protocol'] == 'https'


@pytest.mark.parametrize(
    ('words', 'error'),
    [
        (['show', 'web99'], "unknown host 'web99'. Hosts: web01, web02"),
        (['set', 'web01', 'leave: 99'], '99'),
        (['set', 'web01', 'explode: true'], 'is not one of logon, leave, replace, update, reboot'),
        (['set', 'web01', 'logon: {usr: bob}'], 'unknown usr'),
    ],
)
def test_a_change_that_fails_is_reported_and_the_fleet_keeps_running(
    fleet: Path, words: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, '--ready', str(fleet)]) == 1
    assert error in capsys.readouterr().err
    assert main(['show', 'web01', '--ready', str(fleet)]) == 0


def test_without_a_fleet_the_command_reports_how_to_start_one(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['show', 'web01', '--ready', str(ready)]) == 1
    assert 'python -m winhost serve hosts.yml' in capsys.readouterr().err


def test_refuses_an_invalid_spec_with_its_place(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (ready.parent / 'hosts.yml').write_text('hosts: {web01: {sesions: []}}')
    assert main(command(ready)[3:]) == 1
    assert 'hosts.yml: web01: unknown sesions' in capsys.readouterr().err
    assert not ready.exists()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_fleet_and_leaves_nothing(ready: Path, number: signal.Signals) -> None:
    with serving(ready) as process:
        state = json.loads(ready.read_text())
        process.send_signal(number)
        assert process.wait(timeout=60) == 0
    assert not ready.exists()
    assert not Path(state['control']).parent.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(('127.0.0.1', state['ports']['web01']))


def test_the_fleet_stops_when_its_parent_is_killed(ready: Path) -> None:
    environment = {**os.environ, 'PYTHONPATH': str(TESTS)}
    parent = 'import subprocess, sys; subprocess.run(sys.argv[1:])'
    arguments = [sys.executable, '-c', parent, *command(ready)]
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.kill()
        # The fleet holds the pipe's other end: it closes when the fleet is gone.
        assert process.stdout.read() == ''
    assert not ready.exists()
