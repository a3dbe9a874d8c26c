# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Demonstrates the collection with real ``ansible-playbook`` runs against three simulated Windows hosts."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import yaml

from project import ROOT, environment
from winhost.fleet import Fleet

DEMO = ROOT / 'demo'
REPORTS = ROOT / '.cache' / 'demo'

#: The users that are logged on at the end: at work, active again in time, or protected.
STAY = {'alice', 'Zoë van der Berg', 'dave', 'frank', 'grace'}


class Story:
    """Announces and runs the steps of the demonstration.

    :ivar step: The number of the last step.
    """

    def __init__(self, inventory: Path) -> None:
        """Create a demonstration.

        :param inventory: The inventory of the hosts.
        """
        self.step = 0
        self._terminal = sys.stdout.isatty()
        self._env = environment() | {
            'ANSIBLE_INVENTORY': str(inventory),
            'ANSIBLE_CALLBACK_RESULT_FORMAT': 'yaml',
            'ANSIBLE_FORCE_COLOR': str(self._terminal),
        }

    def announce(self, title: str, text: str) -> None:
        """Print the heading and the explanation of a step.

        :param title: The heading.
        :param text: The explanation.
        """
        self.step += 1
        head = f'{self.step}. {title}'
        bold, plain = ('\033[1m', '\033[0m') if self._terminal else ('', '')
        print(f'\n{bold}{head}\n{"=" * len(head)}{plain}\n{textwrap.fill(" ".join(text.split()), 100)}\n', flush=True)

    def run(self, *command: str) -> str:
        """Run a command and print its output.

        :returns: The output.
        :raises subprocess.CalledProcessError: When it failed.
        """
        print(f'$ {subprocess.list2cmdline(command)}\n', flush=True)
        output = []
        with subprocess.Popen(
            command, cwd=DEMO, env=self._env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    print(line, end='', flush=True)
                    output.append(line)
            except KeyboardInterrupt:
                process.terminate()
                raise
        if process.returncode != 0:
            raise subprocess.CalledProcessError(process.returncode, command)
        return ''.join(output)


def changed(output: str) -> set[str]:
    """The hosts that were changed, by the recap of a playbook run."""
    return set(re.findall(r'^(\S+) +: ok=\d+ +changed=[1-9]', output, re.MULTILINE))


def demonstrate(story: Story, fleet: Fleet) -> None:
    """Run all steps.

    :param story: Announces and runs them.
    :param fleet: The simulated hosts.

    :raises subprocess.CalledProcessError: When a step failed.
    :raises RuntimeError: When a step had another result than announced.
    """
    before, planned, done, after = (
        f'report_dir={REPORTS / name}' for name in ('1-before', '2-plan', '3-done', '4-after')
    )
    report = ('ansible-playbook', 'winops.sessions.report', '-e', 'target=all', '-e')
    log_off = ('ansible-playbook', 'winops.sessions.logoff_idle', '-e', 'target=all', '-e', '@limits.yml', '-e')

    story.announce(
        'List the sessions',
        """Three simulated Windows hosts run on this machine. Ansible connects to them over WinRM, and they run the real
        modules in a real PowerShell. The playbook report lists the sessions of each and changes nothing.""",
    )
    story.run(*report, before)

    story.announce(
        'Compare with `query user`',
        """`query user` on the same hosts prints text whose words and columns depend on the display language.""",
    )
    story.run('ansible', 'all', '-m', 'raw', '-a', 'query user')

    story.announce(
        'Show what would be logged off',
        """The limits are two hours idle or one hour disconnected. Check mode shows the plan, --diff the sessions
        before and after. Nothing is done. Two sessions are protected: dave's backup is running, and grace's is the
        console session, whose idle time Windows does not update reliably.""",
    )
    would_change = changed(story.run(*log_off, planned, '--check', '--diff'))
    if any(host.acts for host in fleet.values()):
        raise RuntimeError('check mode changed a host')

    story.announce(
        'Warn the users, wait, log off',
        """The same playbook without check mode. Idle users are warned and have five seconds to become active again, as
        Zoë does. Each session is re-checked immediately before it is ended. heidi's session answers every logoff
        with error 7024 and is reset, because the method is logoff_then_reset.""",
    )
    did_change = changed(story.run(*log_off, done))
    if did_change != would_change:
        raise RuntimeError(f'{would_change} were planned to change, {did_change} changed')
    rows = json.loads((REPORTS / '3-done' / 'report.json').read_text(encoding='utf-8'))['rows']
    if 'no_longer_matches' not in {row['outcome'] for row in rows if row['user'] == 'Zoë van der Berg'}:
        raise RuntimeError('the report does not show that Zoë was active again in time')

    story.announce(
        'List the remaining sessions',
        """A second report, `query user`, and the calls that the hosts recorded.""",
    )
    story.run(*report, after)
    story.run('ansible', 'all', '-m', 'raw', '-a', 'query user')
    left = {session.user for host in fleet.values() for session in host.sessions if session.user}
    if left != STAY:
        raise RuntimeError(f'expected sessions of {STAY}, found sessions of {left}')
    print('The calls that acted on sessions:\n')
    for name, host in fleet.items():
        acts = [act for act in host.acts if 'session' in act.arguments]
        for (api, session, error), calls in itertools.groupby(
            acts, lambda act: (act.api, act.arguments['session'], act.error)
        ):
            print(f'{name}  {api:<17} session {session}  {f"error {error}" if error else "done"}, {len(list(calls))} x')

    story.announce(
        'Run it again',
        """The second run finds no session to end and changes nothing.""",
    )
    if again := changed(story.run(*log_off, after)):
        raise RuntimeError(f'the second run changed something on {again}')


def main() -> int:
    """Start the hosts, run the demonstration and stop the hosts."""
    with tempfile.TemporaryDirectory(prefix='demo-') as folder, Fleet.load(DEMO / 'hosts.yml') as fleet:
        inventory = Path(folder) / 'inventory.yml'
        inventory.write_text(yaml.safe_dump(fleet.inventory(), sort_keys=False), encoding='utf-8')
        try:
            demonstrate(Story(inventory), fleet)
        except (subprocess.CalledProcessError, RuntimeError) as error:
            print(f'\nThe demonstration failed: {error}', file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print('\nStopped.', file=sys.stderr)
            return 130
    print(f'\nThe hosts are stopped. The report: {REPORTS / "3-done" / "report.html"}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
