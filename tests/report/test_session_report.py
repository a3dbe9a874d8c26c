"""The task session_report, in a real play whose hosts answer, fail and fall silent."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from report.fleets import TIME, office

from ansible_collections.winops.sessions.plugins.action.session_report import ARGUMENT_SPEC, RENDERINGS

ROOT = Path(__file__).parents[2]
DOCUMENTATION = yaml.safe_load((ROOT / 'plugins/modules/session_report.yml').read_text(encoding='utf-8'))

# Gives back what the inventory says that the host answered, as a module would.
ANSWER = """
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        answer = task_vars['answer']
        if answer.get('unreachable'):
            raise AnsibleConnectionFailure(answer['msg'].removeprefix('Task failed: '))
        return super().run(tmp, task_vars) | answer
"""


class Play:
    """One play over hosts with given answers, run by a real ansible-playbook."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / 'action_plugins').mkdir()
        (folder / 'action_plugins/answer.py').write_text(ANSWER, encoding='utf-8')

    def run(
        self, fleet: dict, *arguments: str, ask: dict | None = None, **options: object
    ) -> subprocess.CompletedProcess:
        """Ask the hosts, report with these options, and leave the report's result in ``result.json``."""
        # A Windows inventory: whatever connected with these variables, if only to localhost, would go wrong.
        variables = {
            'ansible_connection': 'winrm',
            'ansible_become': True,
            'ansible_become_method': 'runas',
        }
        variables['ansible_become_user'] = 'SYSTEM'
        hosts = {name: {'answer': answer} if answer else {} for name, answer in fleet.items()}
        inventory = {'all': {'hosts': hosts, 'vars': variables}}
        tasks = [
            {'answer': None, 'register': 'user_sessions', 'when': 'answer is defined'} | (ask or {}),
            {'winops.sessions.session_report': options, 'register': 'report', 'run_once': True},
            {'debug': {'msg': '{{ report.summary }}'}, 'run_once': True},
            {'debug': {'msg': 'RESULT={{ report | to_json }}'}, 'run_once': True},
        ]
        play = [{'hosts': 'all', 'gather_facts': False, 'tasks': tasks}]
        (self.folder / 'inventory.yml').write_text(json.dumps(inventory), encoding='utf-8')
        (self.folder / 'play.yml').write_text(json.dumps(play), encoding='utf-8')
        return subprocess.run(
            [
                Path(sys.executable).parent / 'ansible-playbook',
                '-i',
                'inventory.yml',
                'play.yml',
                '-f',
                '1',
                *arguments,
            ],
            cwd=self.folder,
            env=os.environ
            | {
                'ANSIBLE_COLLECTIONS_PATH': str(ROOT / '.cache/collections'),
                'ANSIBLE_NOCOLOR': '1',
                'ANSIBLE_DISPLAY_SKIPPED_HOSTS': '0',
                'LC_ALL': 'C.UTF-8',
            },
            capture_output=True,
            text=True,
            check=False,
        )

    @staticmethod
    def result(done: subprocess.CompletedProcess) -> dict:
        """What the report's task returned."""
        (line,) = [line for line in done.stdout.splitlines() if 'RESULT=' in line]
        return json.loads(json.loads('"' + line.split('RESULT=', 1)[1].rstrip().removesuffix('"') + '"'))


TOLERANT = {'ignore_errors': True, 'ignore_unreachable': True}


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(tmp_path)


def test_the_documentation_names_the_options_of_the_task() -> None:
    documented = DOCUMENTATION['DOCUMENTATION']['options']
    kept = ('type', 'elements', 'default')
    assert {
        name: {key: option[key] for key in kept if key in option} for name, option in documented.items()
    } == ARGUMENT_SPEC


def test_a_play_with_every_kind_of_host_leaves_the_reports_and_tells_of_all(play: Play) -> None:
    done = play.run(office(), ask=TOLERANT, registered=['user_sessions'], dest='reports', time=TIME, target='all of it')
    assert done.returncode == 0, done.stdout
    result = play.result(done)
    assert (result['changed'], result['counts']['hosts'], result['counts']['hosts_unseen']) == (True, 9, 3)
    assert [line for line in result['summary'] if line.startswith('UNREACHABLE web04: ntlm:')], result['summary']
    data = json.loads((play.folder / 'reports/report.json').read_text(encoding='utf-8'))
    assert {host['name']: host['status'] for host in data['hosts']} == {
        **dict.fromkeys(('rds01', 'rds02', 'rds10', 'web01', 'web02'), 'answered'),
        **dict.fromkeys(('sql01', 'web03'), 'failed'),
        'web04': 'unreachable',
        'web05': 'not_asked',
    }
    assert set(DOCUMENTATION['RETURN']) <= set(result)
    assert set(DOCUMENTATION['RETURN']['counts']['contains']) == set(result['counts'])


def test_hosts_that_left_the_play_stand_in_the_report(play: Play) -> None:
    done = play.run(office(), registered=['user_sessions'], time=TIME)
    assert play.result(done)['counts']['hosts_unreachable'] == 1
    assert play.result(done)['counts']['hosts_failed'] == 2
    assert done.returncode != 0


def test_the_same_answers_at_the_same_time_change_nothing(play: Play) -> None:
    options: dict = {'ask': TOLERANT, 'registered': ['user_sessions'], 'dest': 'reports', 'time': TIME}
    play.run(office(), **options)
    before = {name: (play.folder / 'reports' / name).stat().st_mtime_ns for name in RENDERINGS}
    assert play.result(play.run(office(), **options))['changed'] is False
    assert {name: (play.folder / 'reports' / name).stat().st_mtime_ns for name in RENDERINGS} == before


def test_check_mode_says_what_it_would_write_shows_the_rows_and_writes_nothing(play: Play) -> None:
    done = play.run(
        office(), '--check', '--diff', ask=TOLERANT, registered=['user_sessions'], dest='reports', time=TIME
    )
    assert play.result(done)['changed'] is True
    assert '+rds01,answered,' in done.stdout
    assert not (play.folder / 'reports').exists()


def test_only_the_owner_and_the_group_may_read_who_is_logged_on(play: Play) -> None:
    play.run(office(), ask=TOLERANT, registered=['user_sessions'], dest='reports')
    modes = {stat.S_IMODE((play.folder / 'reports' / name).stat().st_mode) & 0o007 for name in RENDERINGS}
    assert modes == {0}
    assert sorted(path.name for path in (play.folder / 'reports').iterdir()) == sorted(RENDERINGS)


def test_earlier_reports_are_merged_and_named(play: Play) -> None:
    fleet = office()
    first = {name: fleet[name] for name in ('rds01', 'web03')}
    play.run(first, ask=TOLERANT, registered=['user_sessions'], dest='first', time='2026-11-21T08:00:00Z')
    rest = {name: fleet[name] for name in ('rds02', 'web04')}
    options: dict = {'registered': ['user_sessions'], 'time': TIME, 'merge': ['first/report.json']}
    result = play.result(play.run(rest, ask=TOLERANT, **options))
    assert result['counts']['hosts'] == 4
    assert 'merged first/report.json: all, 2026-11-21 08:00 UTC, 2 of 2 hosts' in result['summary']


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        ({}, 'give registered (such as registered: user_sessions)'),
        ({'registered': ['x'], 'max_idle': 'soon'}, "max_idle: 'soon' is not a duration"),
        ({'registered': ['x'], 'time': 'today'}, "'today' is not a time in UTC such as 2026-11-21T14:34:47Z"),
        ({'registered': ['x'], 'hosts': ['nowhere']}, "hosts: 'nowhere' is not in the inventory"),
        (
            {'registered': ['answer'], 'hosts': ['web05'], 'dest': '/dev/null/x'},
            'dest: cannot write /dev/null/x/report.html',
        ),
        ({'merge': ['no.json']}, 'no.json: No such file or directory; give the report.json of an earlier run'),
        ({'merge': ['play.yml']}, 'play.yml is no session report'),
    ],
)
def test_a_bad_option_is_refused_by_name(play: Play, options: dict, words: str) -> None:
    done = play.run({'web05': None}, **options)
    assert done.returncode != 0
    assert words in done.stdout + done.stderr
