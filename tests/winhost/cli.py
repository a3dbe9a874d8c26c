# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of the simulated hosts."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from winhost import control
from winhost.fleet import Fleet
from winhost.spec import SpecError

_READY = Path(__file__).resolve().parents[2] / '.cache' / 'winhost.json'
_PARENT_CHECK = 0.5  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    :param arguments: the command line without the program; None: that of this process.
    :returns: the exit code: 1 if the spec is invalid or the fleet reports an error.
    """
    options = _parser().parse_args(arguments)
    try:
        result: int = options.run(options)
    except (SpecError, control.ControlError, OSError) as error:
        print(f'winhost: {error}', file=sys.stderr)
        return 1
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m winhost', description='Simulated Windows hosts.')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    serve = commands.add_parser('serve', help='serve the hosts of a YAML file until SIGTERM, SIGINT or the parent ends')
    serve.add_argument('spec', type=Path, metavar='hosts.yml', help='the hosts, see tests/winhost/README.md')
    serve.add_argument('--inventory', type=Path, metavar='FILE', help='write an Ansible inventory')
    serve.add_argument('--connection', choices=('winrm', 'psrp', 'ssh'), default='winrm', help='of the inventory')
    serve.add_argument('--scheme', choices=('http', 'https'), default='http', help='of the inventory')
    serve.set_defaults(run=_serve)

    show = commands.add_parser('show', help='show the sessions of a host')
    calls = commands.add_parser('calls', help='show all calls of the API of a host')
    calls.add_argument('--acts', action='store_true', help='only calls that change something')
    messages = commands.add_parser(
        'messages', help='show the number and the names of the WS-Management messages that a host received'
    )
    change = commands.add_parser('set', help='change a host')
    for command, run in ((show, _show), (calls, _calls), (messages, _messages), (change, _change)):
        command.add_argument('host', metavar='HOST')
        command.set_defaults(run=run)
    change.add_argument(
        'change',
        type=yaml.safe_load,
        metavar='CHANGE',
        help="for example 'logon: {user: bob}', 'leave: 3', 'update: {id: 3, state: active, idle: 0}', 'reboot: true'",
    )
    for command in (serve, show, calls, messages, change):
        command.add_argument(
            '--ready',
            type=Path,
            default=_READY,
            metavar='FILE',
            help='the file that a running fleet writes its address to',
        )
    return parser


def _serve(options: argparse.Namespace) -> int:
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_unused: stopping.set())
    parent = os.getppid()
    with Fleet.load(options.spec) as fleet, control.Control(fleet) as server:
        if options.inventory:
            inventory = fleet.inventory(options.connection, options.scheme)
            _write(options.inventory, yaml.safe_dump(inventory, allow_unicode=True, sort_keys=False))
        ports = {name: host.port for name, host in fleet.items()}
        _write(options.ready, json.dumps({'pid': os.getpid(), 'control': str(server.path), 'ports': ports}))
        try:
            print(f'{len(fleet)} simulated hosts: {", ".join(f"{name} {port}" for name, port in ports.items())}')
            sys.stdout.flush()
            while os.getppid() == parent and not stopping.wait(_PARENT_CHECK):
                pass
        finally:
            options.ready.unlink(missing_ok=True)
    return 0


def _write(path: Path, text: str) -> None:
    """Write a file atomically, because another process waits for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.{os.getpid()}')
    part.write_text(text, encoding='utf-8')
    part.replace(path)


def _ask(options: argparse.Namespace, what: str, **details: Any) -> Any:
    try:
        socket = json.loads(options.ready.read_text(encoding='utf-8'))['control']
    except FileNotFoundError:
        raise control.ControlError(
            f'no fleet is running: {options.ready} is missing. Start one: python -m winhost serve hosts.yml'
        ) from None
    return control.ask(socket, what, options.host, **details)


def _show(options: argparse.Namespace) -> int:
    _print_sessions(_ask(options, 'sessions'))
    return 0


def _change(options: argparse.Namespace) -> int:
    _print_sessions(_ask(options, 'change', change=options.change))
    return 0


def _print_sessions(sessions: list[dict[str, Any]]) -> None:
    for session in sessions:
        print(f'{session["id"]:>5}  {session["state"]:<13}  {session["session_name"]:<16}  {session["account"] or "-"}')


def _calls(options: argparse.Namespace) -> int:
    for call in _ask(options, 'acts' if options.acts else 'calls'):
        print(json.dumps(call, ensure_ascii=False))
    return 0


def _messages(options: argparse.Namespace) -> int:
    messages = _ask(options, 'messages')
    print(f'{len(messages)}: {" ".join(messages)}')
    return 0
