# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The keywords and settings of Ansible: what the role does under each. The guide on keywords lists them."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import Run, cached_across_workers, run

from project import CORES, MAIN, ROOT, environment
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

GUIDE = ROOT / 'docs' / 'docsite' / 'rst' / 'guide_keywords.rst'
ROLE = {'role': 'winops.sessions.idle_logoff'}

IDLE = {'sessions': [{'id': 2, 'user': 'alice', 'idle': '3h'}]}
LIMIT = {'idle_logoff_max_idle': '2h'}
NOTICE = {**LIMIT, 'idle_logoff_notice_text': 'Please save your work.', 'idle_logoff_notice_grace': '1s'}
SLOW_NOTICE = {**NOTICE, 'idle_logoff_notice_grace': '4s'}
LOGOFF = [('WTSLogoffSession', 2)]
WARNED_FIRST = [('WTSSendMessageW', 2), *LOGOFF]


@dataclass
class Case:
    """A play of the role with a keyword.

    :ivar keyword: the row of the guide's table.
    :ivar hosts: the hosts of the play, and the actions that are expected on them; None for a host that is stopped.
    :ivar statuses: the hosts' status in the report; None if no report is expected.
    :ivar play: the play's keywords.
    :ivar variables: variables of the play.
    :ivar own: variables of single hosts.
    :ivar failed: the hosts that fail.
    """

    keyword: str
    hosts: dict[str, list[tuple[str, int]] | None]
    statuses: dict[str, str] | None
    play: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=lambda: LIMIT)
    own: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


@dataclass
class Plays:
    """The plays of one run of ``ansible-playbook``; one in which every host fails ends the run.

    :ivar cases: the plays.
    :ivar before: plays before them.
    :ivar arguments: arguments of the command.
    :ivar settings: settings of Ansible, as environment variables.
    """

    cases: dict[str, Case]
    before: list[dict[str, Any]] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


def include(**keywords: Any) -> dict[str, Any]:
    return {
        'name': 'Log off',
        'ansible.builtin.include_role': {'name': ROLE['role'], **keywords},
        'tags': 'logoff',
    }


def answered(*hosts: str) -> dict[str, str]:
    return dict.fromkeys(hosts, 'answered')


KEYWORDS = {
    'ignored refusals': Case(
        'ignore_errors',
        {'a': [], 'b': LOGOFF},
        {'a': 'failed', 'b': 'answered'},
        {'ignore_errors': True},
        {},
        {'b': LIMIT},
    ),
    'ignored safety limit': Case(
        'ignore_errors',
        {'a': [], 'b': []},
        answered('a', 'b'),
        {'ignore_errors': True},
        {**LIMIT, 'idle_logoff_max_sessions_total': 1},
    ),
    'a shorter timeout': Case('timeout', {'a': WARNED_FIRST}, answered('a'), {'timeout': 3}, SLOW_NOTICE),
    'check mode of the play': Case('check_mode', {'a': []}, answered('a'), {'check_mode': True}, NOTICE),
    'once for all hosts': Case(
        'run_once', {'a': LOGOFF, 'b': []}, {'a': 'answered', 'b': 'not_asked'}, {'run_once': True}
    ),
    'a condition that is false for the first host': Case(
        'when',
        {'a': [], 'b': WARNED_FIRST},
        {'a': 'not_asked', 'b': 'answered'},
        {'roles': [{**ROLE, 'when': 'inventory_hostname is search("b$")'}]},
        NOTICE,
    ),
    'an import under such a condition': Case(
        'import_role',
        {'a': [], 'b': LOGOFF},
        {'a': 'not_asked', 'b': 'answered'},
        {
            'tasks': [
                {
                    'name': 'Log off',
                    'ansible.builtin.import_role': {'name': ROLE['role'], 'tasks_from': 'end'},
                    'when': 'inventory_hostname is search("b$")',
                }
            ]
        },
    ),
    'defaults of the group': Case(
        'module_defaults',
        {'a': []},
        answered('a'),
        {'module_defaults': {'group/winops.sessions.sessions': {'protect_users': ['alice']}}},
    ),
    'defaults that a variable replaces': Case(
        'module_defaults',
        {'a': LOGOFF},
        answered('a'),
        {'module_defaults': {'group/winops.sessions.sessions': {'protect_users': ['alice']}}},
        {**LIMIT, 'idle_logoff_protect_users': 'bob'},
    ),
    'one host at a time': Case(
        'serial', {'a': WARNED_FIRST, 'b': WARNED_FIRST}, answered('a', 'b'), {'serial': 1}, NOTICE
    ),
    'another order': Case('order', {'a': LOGOFF, 'b': LOGOFF}, answered('a', 'b'), {'order': 'reverse_sorted'}),
    'one fork': Case('throttle', {'a': LOGOFF, 'b': LOGOFF}, answered('a', 'b'), {'throttle': 1}),
    'hidden results': Case('no_log', {'a': LOGOFF}, answered('a'), {'no_log': True}),
    'no failure allowed': Case(
        'max_fail_percentage',
        {'a': LOGOFF, 'b': None},
        {'a': 'answered', 'b': 'unreachable'},
        {'max_fail_percentage': 0},
        failed=['b'],
    ),
}
LEFT_EARLY = {
    'name': 'Fail for one host',
    'ansible.builtin.fail': {'msg': 'This host leaves the play.'},
    'when': 'inventory_hostname is search("b$")',
}
# An earlier play has logged off all three users. Then two hosts leave the run.
EARLIER: list[dict[str, Any]] = [
    {'name': 'An earlier play', 'hosts': 'earlier_*', 'roles': [ROLE], 'vars': LIMIT},
    {
        'name': 'Patch',
        'hosts': 'earlier_*',
        'tasks': [
            LEFT_EARLY,
            {
                'name': 'Lose a host',
                'winops.sessions.win_user_session_info': {},
                'vars': {'ansible_port': 1},
                'when': 'inventory_hostname is search("c$")',
            },
        ],
    },
]
RUNS = {
    'keywords': Plays(KEYWORDS),
    'check': Plays(
        {
            'check mode of the command': Case('check_mode', {'a': []}, answered('a'), {}, NOTICE),
            'a play that is not in check mode': Case(
                'check_mode', {'a': WARNED_FIRST}, answered('a'), {'check_mode': False}, NOTICE
            ),
            'an unreachable host under any_errors_fatal': Case(
                'any_errors_fatal',
                {'a': None, 'b': []},
                {'a': 'unreachable', 'b': 'answered'},
                {'any_errors_fatal': True},
                failed=['a'],
            ),
        },
        arguments=['--check'],
    ),
    'tags': Plays(
        {
            'a role with the tag': Case(
                'tags',
                {'a': [], 'b': WARNED_FIRST},
                {'a': 'failed', 'b': 'answered'},
                {'roles': [{**ROLE, 'tags': 'logoff'}]},
                {},
                {'b': NOTICE},
                ['a'],
            ),
            'a role without it': Case('tags', {'a': []}, None),
            'an include with the tag': Case('tags', {'a': []}, None, {'tasks': [include()]}),
            'an include that applies the tag': Case(
                'tags', {'a': LOGOFF}, answered('a'), {'tasks': [include(apply={'tags': 'logoff'})]}
            ),
        },
        arguments=['--tags=logoff'],
    ),
    'start': Plays(
        {
            'a start at the only task of the role': Case(
                '--start-at-task',
                {'a': [], 'b': LOGOFF},
                {'a': 'failed', 'b': 'answered'},
                {},
                {},
                {'b': LIMIT},
                ['a'],
            )
        },
        arguments=['--start-at-task=Log off sessions that have reached a limit'],
    ),
    'start inside': Plays(
        {'a start at a task inside the role': Case('--start-at-task', {'a': []}, None)},
        arguments=['--start-at-task=Log off sessions or warn their users'],
    ),
    'settings': Plays(
        {
            'a shorter task_timeout': Case('task_timeout', {'a': WARNED_FIRST}, answered('a'), {}, SLOW_NOTICE),
            'a host that has left the play': Case(
                'pre_tasks',
                {'a': LOGOFF, 'b': []},
                {'a': 'answered', 'b': 'not_asked'},
                {'pre_tasks': [LEFT_EARLY]},
                failed=['b'],
            ),
        },
        settings={'ANSIBLE_TASK_TIMEOUT': '3', 'ANSIBLE_DISPLAY_SKIPPED_HOSTS': 'false'},
    ),
    'earlier': Plays(
        {
            'hosts that left in an earlier play': Case(
                'role',
                {'a': LOGOFF, 'b': LOGOFF, 'c': LOGOFF},
                {'a': 'answered', 'b': 'not_asked', 'c': 'not_asked'},
                {'hosts': 'earlier_*'},
                failed=['b'],
            )
        },
        EARLIER,
    ),
    'free': Plays({'hosts that run ahead of each other': Case('strategy', {'a': []}, None, {'strategy': 'free'})}),
}
CASES = {name: (started, case) for started, plays in RUNS.items() for name, case in plays.cases.items()}
NUMBERS = {
    name: case.play.get('hosts', f'p{number:02}*').rstrip('*')
    for number, (name, (_run, case)) in enumerate(CASES.items())
}


def play_of(name: str, case: Case) -> dict[str, Any]:
    keywords = case.play if 'tasks' in case.play else {'roles': [ROLE], **case.play}
    variables = {**case.variables, 'idle_logoff_report_dir': NUMBERS[name]}
    return {'name': name, 'hosts': f'{NUMBERS[name]}*', 'vars': variables, **keywords}


@pytest.fixture(scope='session')
def runs(shared: Path) -> dict[str, Run]:
    """The runs; the report of a case is in the folder of its number."""

    def play() -> dict[str, Run]:
        hosts = {f'{NUMBERS[name]}{host}': IDLE for name, (_run, case) in CASES.items() for host in case.hosts}
        own = {
            f'{NUMBERS[name]}{host}': values
            for name, (_run, case) in CASES.items()
            for host, values in case.own.items()
        }
        with Fleet({'hosts': hosts}) as fleet:
            for name, (_run, case) in CASES.items():
                for host, acts in case.hosts.items():
                    if acts is None:
                        fleet[f'{NUMBERS[name]}{host}'].stop()
            return {
                started: run(
                    MAIN,
                    fleet,
                    shared / 'keywords',
                    plays.before + [play_of(name, case) for name, case in plays.cases.items()],
                    *plays.arguments,
                    hosts=own,
                    settings=plays.settings,
                )
                for started, plays in RUNS.items()
            }

    return cached_across_workers(shared, 'keywords', play)


@pytest.mark.parametrize('name', CASES)
def test_the_role_holds_under_the_keyword(runs: dict[str, Run], shared: Path, name: str) -> None:
    started, case = CASES[name]
    done, number = runs[started], NUMBERS[name]
    # Exactly the expected sessions have been acted on,
    acts = {host: done.hosts[f'{number}{host}'].actions for host in case.hosts}
    assert acts == {host: acts or [] for host, acts in case.hosts.items()}, done.output
    # the report has every host,
    path = shared / 'keywords' / number / 'report.json'
    report = json.loads(path.read_text(encoding='utf-8')) if path.exists() else None
    statuses = {host['name'].removeprefix(number): host['status'] for host in report['hosts']} if report else None
    assert statuses == case.statuses, done.output
    # and the hosts with problems fail.
    failed = [host for host in case.hosts if done.recap.get(f'{number}{host}', {}).get('failed')]
    assert failed == case.failed, done.output


def test_the_guide_names_every_keyword_and_has_a_row_for_each_case() -> None:
    """Keywords of the newest ansible-core in use; those without a row here would be new ones."""
    rows = re.findall(r'^  \* - (``.*)$', GUIDE.read_text(encoding='utf-8'), re.MULTILINE)
    named = {name for row in rows for name in re.findall('``([^`]+)``', row)}
    listing = subprocess.run(
        ['ansible-doc', '--type', 'keyword', '--list', '--json'],
        env=environment(CORES['2.21']),
        check=True,
        capture_output=True,
        text=True,
    )
    assert sorted(set(json.loads(listing.stdout)) - named) == []
    assert sorted({case.keyword for _run, case in CASES.values()} - named) == []
