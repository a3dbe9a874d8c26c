"""The task session_report, in a real play whose hosts answer, fail and become unreachable."""

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

from ansible_collections.winops.sessions.plugins.action.session_report import RENDERINGS
from ansible_collections.winops.sessions.plugins.plugin_utils._report.data import to_json
from ansible_collections.winops.sessions.plugins.plugin_utils._report.results import build_report

ROOT = Path(__file__).parents[2]
DOCUMENTATION = yaml.safe_load((ROOT / 'plugins/modules/session_report.yml').read_text(encoding='utf-8'))

# Returns the result that the inventory has for the host, as a module would.
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
        self,
        fleet: dict,
        *arguments: str,
        ask: dict | None = None,
        before: list | None = None,
        settings: dict | None = None,
        **options: object,
    ) -> subprocess.CompletedProcess:
        """Query the hosts, report with these options, and print the result of the report.

        :param fleet: the result of each host.
        :param arguments: of ansible-playbook.
        :param ask: keywords of the task that queries the hosts.
        :param before: plays that run first.
        :param settings: environment variables.
        :param options: of session_report.
        """
        # The variables of a Windows inventory: a connection to localhost with them would fail.
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
        play = [*(before or []), {'hosts': 'all', 'gather_facts': False, 'tasks': tasks}]
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
            }
            | (settings or {}),
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


def test_a_play_with_every_kind_of_host_writes_reports_with_all_of_them(play: Play) -> None:
    done = play.run(office(), ask=TOLERANT, registered=['user_sessions'], dest='reports', time=TIME, target='all of it')
    assert done.returncode == 0, done.stdout
    result = play.result(done)
    assert (result['changed'], result['counts']['hosts'], result['counts']['hosts_unseen']) == (True, 9, 3)
    assert [line for line in result['summary'] if line.startswith('UNREACHABLE web04: ntlm:')], result['summary']
    assert (play.folder / 'reports/report.csv').read_bytes().startswith(b'\xef\xbb\xbfhost,')
    data = json.loads((play.folder / 'reports/report.json').read_text(encoding='utf-8'))
    assert {host['name']: host['status'] for host in data['hosts']} == {
        **dict.fromkeys(('rds01', 'rds02', 'rds10', 'web01', 'web02'), 'answered'),
        **dict.fromkeys(('sql01', 'web03'), 'failed'),
        'web04': 'unreachable',
        'web05': 'not_asked',
    }
    assert sorted(result['answered_hosts']) == ['rds01', 'rds02', 'rds10', 'web01', 'web02']
    assert set(DOCUMENTATION['RETURN']) - {'play', 'check_mode'} <= set(result)
    assert set(DOCUMENTATION['RETURN']['counts']['contains']) == set(result['counts'])


def test_hosts_that_left_the_play_are_reported(play: Play) -> None:
    done = play.run(office(), registered=['user_sessions'], time=TIME)
    assert play.result(done)['counts']['hosts_unreachable'] == 1
    assert play.result(done)['counts']['hosts_failed'] == 2
    assert done.returncode != 0


def test_equal_results_at_the_same_time_change_nothing(play: Play) -> None:
    options: dict = {'ask': TOLERANT, 'registered': ['user_sessions'], 'dest': 'reports', 'time': TIME}
    play.run(office(), **options)
    before = {name: (play.folder / 'reports' / name).stat().st_mtime_ns for name in RENDERINGS}
    assert play.result(play.run(office(), **options))['changed'] is False
    assert {name: (play.folder / 'reports' / name).stat().st_mtime_ns for name in RENDERINGS} == before


def test_check_mode_returns_the_difference_and_writes_nothing(play: Play) -> None:
    done = play.run(
        office(), '--check', '--diff', ask=TOLERANT, registered=['user_sessions'], dest='reports', time=TIME
    )
    assert play.result(done)['changed'] is True
    assert '+rds01,answered,' in done.stdout
    assert not (play.folder / 'reports').exists()
    assert play.result(done)['msg'].startswith('Check mode: nothing was changed. 3 of 9 hosts')


def test_only_owner_and_group_can_read_the_files(play: Play) -> None:
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
    assert result['answered_hosts'] == ['rds02']
    assert 'merged first/report.json: all, 2026-11-21 08:00 UTC, 2 of 2 hosts' in result['summary']


REFUSALS: list[tuple[dict, str]] = [
    ({}, 'registered or merge is required. Example: registered: user_sessions'),
    ({'registered': ['x'], 'keep': 3}, 'keep: dest is required'),
    ({'registered': ['x'], 'keep': -1, 'dest': 'x'}, 'keep: -1 is not a non-negative integer'),
    ({'registered': ['x'], 'max_idle': 'soon'}, "max_idle: 'soon' is not a duration"),
    ({'registered': ['x'], 'time': 'today'}, "time: 'today' is not a time in UTC. Example: 2026-11-21T14:34:47Z"),
    ({'registered': ['x'], 'titel': 'x'}, 'titel: unknown option'),
    ({'registered': ['x'], 'hosts': ['nowhere']}, "hosts: 'nowhere' is not in the inventory"),
    ({'registered': ['answer'], 'dest': '/dev/null/x'}, 'dest: cannot write /dev/null/x/report.html: Not a directory'),
    ({'merge': ['no.json']}, 'no.json: No such file or directory. Set the report.json of an earlier run.'),
    ({'merge': ['play.yml']}, 'play.yml is not a session report'),
    ({'merge': ['pipe']}, 'pipe: not a regular file'),
    ({'merge': ['link']}, 'link: not a regular file'),
    ({'merge': ['future.json']}, 'future.json is dated 2999-01-01T00:00:00Z, which is in the future.'),
    ({'prepare': True, 'dest': '/proc/x'}, 'dest: cannot write to /proc/x'),
    ({'prepare': True, 'dest': 'play.yml'}, 'play.yml'),
    (
        {'registered': ['ansible_become_user']},
        'registered: the variable ansible_become_user of host web05 is a string, not a registered result.',
    ),
]


def test_refuses_invalid_options_by_name_and_never_prints_the_value_of_a_variable(play: Play) -> None:
    os.mkfifo(play.folder / 'pipe')
    (play.folder / 'link').symlink_to('inventory.yml')
    future = to_json(build_report({'web05': {'sessions': []}}, '2999-01-01T00:00:00Z'))
    (play.folder / 'future.json').write_text(future, encoding='utf-8')
    tasks = [
        {'winops.sessions.session_report': options, 'register': f'refused{number}', 'ignore_errors': True}
        for number, (options, _words) in enumerate(REFUSALS)
    ]
    names = [f'refused{number}' for number in range(len(REFUSALS))]
    tasks += [{'set_fact': {'refusals': f"{{{{ query('vars', *{names}) | map(attribute='msg') | list }}}}"}}]
    # The report of the second play has no sessions; its title is the only way out for the messages.
    options: dict = {'registered': ['user_sessions'], 'title': '{{ refusals | to_json }}'}
    done = play.run({'web05': None}, before=[{'hosts': 'all', 'gather_facts': False, 'tasks': tasks}], **options)
    messages = json.loads(play.result(done)['summary'][0].rpartition(': all, ')[0])
    wrong = [
        (words, message) for (_options, words), message in zip(REFUSALS, messages, strict=True) if words not in message
    ]
    assert not wrong, '\n'.join(map(str, wrong))
    assert 'SYSTEM' not in done.stdout + done.stderr


def test_files_that_cannot_be_written_fail_the_task_but_keep_the_record(play: Play) -> None:
    (play.folder / 'reports/report.csv').mkdir(parents=True)
    done = play.run(office(), ask=TOLERANT, registered=['user_sessions'], dest='reports')
    assert done.returncode == 2
    line = next(line for line in done.stdout.splitlines() if line.startswith('fatal: ') and '"counts"' in line)
    result = json.loads(line.partition('=> ')[2])
    assert result['msg'].endswith('reports/report.csv: Is a directory.')
    assert result['statistics']['user_sessions_hosts'] == 9
    assert result['summary'][0].startswith('User sessions: all, ')


def test_a_result_of_an_earlier_play_is_not_reported(play: Play) -> None:
    query = {'answer': None, 'register': 'user_sessions', 'ignore_errors': True}
    prepare = {'winops.sessions.session_report': {'prepare': True, 'dest': 'reports'}, 'register': 'mark'}
    leave = {'fail': {'msg': 'patching failed'}, 'when': "inventory_hostname == 'rds02'"}
    fleet = {name: office()[name] for name in ('rds01', 'rds02')}
    done = play.run(
        fleet,
        before=[
            {'hosts': 'all', 'gather_facts': False, 'tasks': [prepare | {'run_once': True}, query]},
            {'hosts': 'all', 'gather_facts': False, 'tasks': [leave]},
            {'hosts': 'all', 'gather_facts': False, 'tasks': [prepare | {'run_once': True}]},
        ],
        registered=['user_sessions'],
        since='mark',
        dest='reports',
        settings={'ANSIBLE_DISPLAY_OK_HOSTS': 'false'},
    )
    # A mark of another play, as the last play did not prepare: no result counts.
    assert [line for line in done.stdout.splitlines() if line.startswith('2 hosts: 2 not asked')], done.stdout
