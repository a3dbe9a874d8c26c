# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""configure.yml creates its objects in AWX, with the real modules of awx.awx."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from awx import collection
from awx.controller import Controller, Item
from awx.job import EXTENSION

from project import COLLECTIONS, MAIN, ROOT, environment

pytestmark = pytest.mark.e2e

PREFIX = 'Windows user sessions'
Configure = Callable[..., 'subprocess.CompletedProcess[str]']


@pytest.fixture(scope='module')
def awx_awx() -> Path:
    """The folder of awx.awx."""
    try:
        return collection.collections()
    except collection.Unreachable as error:
        pytest.skip(f'no awx.awx here, and no {collection.PACKAGE} from the package index: {error}')


def has_playbook(project: Item, playbook: str) -> bool:
    """Whether the project, which is the checkout, contains the playbook."""
    folder = ROOT if 'winops/ansible-sessions' in project['scm_url'] else EXTENSION / 'project'
    path = folder / playbook
    return (
        path.is_file()
        and re.search(r'(?m)^[\s-]*(?:hosts|ansible\.builtin\.import_playbook):', path.read_text()) is not None
    )


@pytest.fixture(scope='module')
def controller(awx_awx: Path) -> Iterator[Controller]:
    """An AWX with an organization, an inventory and a credential, which configure.yml requires."""
    manifest = json.loads((awx_awx / collection.WANTED / 'MANIFEST.json').read_text(encoding='utf-8'))
    with Controller(has_playbook, manifest['collection_info']['version']) as awx:
        awx.add('organizations', name='Default')
        awx.add('inventories', name='Windows', organization=1)
        awx.add('credentials', name='Windows administration', organization=1)
        awx.add('teams', name='Helpdesk', organization=1)
        yield awx


@pytest.fixture(scope='module')
def configure(awx_awx: Path, controller: Controller) -> Configure:
    """Runs configure.yml; the arguments go to ansible-playbook."""
    env = environment() | {
        'ANSIBLE_COLLECTIONS_PATH': os.pathsep.join(map(str, (awx_awx, COLLECTIONS))),
        'ANSIBLE_PIPELINING': 'true',
        'ANSIBLE_PYTHON_INTERPRETER': str(MAIN.bin / 'python'),
        'AAP_HOSTNAME': controller.url,
        'AAP_TOKEN': 'secret',
        'no_proxy': '127.0.0.1',
    }

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ['ansible-playbook', '-i', 'localhost,', str(EXTENSION / 'configure.yml'), *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return call


@pytest.fixture(scope='module')
def configured(configure: Configure, controller: Controller) -> Controller:
    """The AWX after the first run."""
    done = configure()
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'failed=0' in done.stdout
    return controller


def node(awx: Controller, name: str) -> Item:
    """A node of the workflow."""
    return awx.named('workflow_job_template_nodes', name)


def test_every_module_accepts_its_options(configured: Controller) -> None:
    assert {kind: len(items) for kind, items in configured.items.items()} == {
        'organizations': 1,
        'inventories': 1,
        'credentials': 1,
        'teams': 1,
        'roles': 9,
        'execution_environments': 1,
        'projects': 1,
        'project_updates': 1,
        'job_templates': 8,
        'workflow_job_templates': 1,
        'workflow_job_template_nodes': 3,
        'workflow_approval_templates': 1,
        'schedules': 2,
    }


def test_a_template_that_ends_sessions_defaults_to_check_and_prompts_for_the_job_type(configured: Controller) -> None:
    found = {
        name.removeprefix(f'{PREFIX} - '): (item['job_type'], item['ask_job_type_on_launch'])
        for item in configured.items['job_templates'].values()
        for name in [item['name']]
    }
    ends_sessions = {'log off idle', 'log off approved', 'log off a user', 'drain'}
    changes_something = {'send a message', 'release'} | ends_sessions
    assert {name for name, (job_type, _asks) in found.items() if job_type == 'check'} == ends_sessions
    assert {name for name, (_job_type, asks) in found.items() if asks} == changes_something
    assert set(found) == changes_something | {'report', 'find a user'}


def test_every_template_is_complete(configured: Controller, data: dict[str, Any]) -> None:
    (credential,) = configured.items['credentials']
    for template in data['sessions_job_templates']:
        item = configured.named('job_templates', template['name'])
        questions = template['survey']['spec']
        assert item['survey'] == (template['survey'] if questions else {})
        assert (item['survey_enabled'], item['ask_variables_on_launch']) == (bool(questions), False)
        assert item['forks'] == data['sessions_forks']
        assert (item['job_slice_count'], item['allow_simultaneous'], item['become_enabled']) == (1, False, False)
        assert item['ask_limit_on_launch']
        assert item['credentials'] == [credential]
        assert item['inventory'] == configured.named('inventories', 'Windows')['id']
        assert item['execution_environment'] == configured.named('execution_environments', PREFIX)['id']


def test_the_workflow_runs_only_what_was_checked_and_approved(configured: Controller) -> None:
    workflow = configured.named('workflow_job_templates', f'{PREFIX} - check, approve, log off')
    template = configured.named('job_templates', f'{PREFIX} - log off approved')
    check, approve, run = (node(configured, name) for name in ('check', 'approve', 'run'))

    assert {each['workflow_job_template'] for each in (check, approve, run)} == {workflow['id']}
    assert workflow['survey'] == template['survey']
    assert (check['unified_job_template'], check['job_type']) == (template['id'], 'check')
    assert (run['unified_job_template'], run['job_type']) == (template['id'], 'run')
    assert configured.items['workflow_approval_templates'][approve['unified_job_template']]['timeout'] == 3600
    links = {
        (each['identifier'], kind): each[f'{kind}_nodes']
        for each in (check, approve, run)
        for kind in ('always', 'success', 'failure')
        if each[f'{kind}_nodes']
    }
    # The approval also follows a failed check. If it expires, nothing is run.
    assert links == {('check', 'always'): [approve['id']], ('approve', 'success'): [run['id']]}


def test_a_schedule_that_ends_sessions_is_disabled_by_default(configured: Controller) -> None:
    enabled = {item['name']: item['enabled'] for item in configured.items['schedules'].values()}
    assert enabled == {f'{PREFIX} - daily report': True, f'{PREFIX} - log off idle, warned first': False}


def test_a_second_run_changes_nothing(configure: Configure, configured: Controller) -> None:
    configured.requests.clear()

    done = configure()

    assert done.returncode == 0, done.stdout + done.stderr
    assert configured.requests == []
    assert 'changed=0' in done.stdout
    assert '[WARNING]' not in done.stderr


def test_a_notification_and_the_helpdesk_team_are_configured_on_request(
    configure: Configure, configured: Controller, data: dict[str, Any]
) -> None:
    own = {
        'sessions_notification': {
            'name': 'Operations',
            'type': 'webhook',
            'configuration': {'url': 'https://example.com'},
        },
        'sessions_helpdesk': {**data['sessions_helpdesk'], 'team': 'Helpdesk'},
    }

    done = configure('-e', json.dumps(own))

    assert done.returncode == 0, done.stdout + done.stderr
    notification = configured.named('notification_templates', 'Operations')
    (team,) = configured.items['teams']
    templates = list(configured.items['job_templates'].values())
    # AWX renders the message.
    assert '{{ job.artifacts.user_sessions_hosts_unseen' in notification['messages']['error']['message']
    assert {item['name'] for item in templates if item['notification_templates_error'] == [notification['id']]} == {
        template['name'] for template in data['sessions_job_templates'] if template.get('notify')
    }
    granted = {
        item['name']
        for item in templates
        if configured.items['roles'][item['summary_fields']['object_roles']['execute_role']['id']]['teams'] == [team]
    }
    assert granted == set(data['sessions_helpdesk']['job_templates'])


@pytest.mark.parametrize(
    ('given', 'modules'),
    [
        ({'AAP_HOSTNAME': 'https://a', 'AAP_TOKEN': 't'}, 'ansible.controller'),
        ({'CONTROLLER_HOST': 'https://a', 'CONTROLLER_OAUTH_TOKEN': 't'}, 'awx.awx'),
    ],
)
def test_both_names_of_host_and_token_reach_the_modules(given: dict[str, str], modules: str) -> None:
    settings = str(EXTENSION / 'vars' / 'connection.yml')
    arguments = ['-m', 'ansible.builtin.debug', '-a', 'var=sessions_environment_variables', '-e', f'@{settings}']
    bare = {name: value for name, value in environment().items() if not name.startswith(('AAP_', 'CONTROLLER_'))}
    done = subprocess.run(
        ['ansible', 'localhost', *arguments, '-e', f'sessions_modules={modules}'],
        env=bare | given,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    variables = json.loads(done.stdout.partition('=> ')[2])['sessions_environment_variables']
    host = {'AAP_HOSTNAME': 'https://a', 'CONTROLLER_HOST': 'https://a'}
    assert variables == host | {'AAP_TOKEN': 't', 'CONTROLLER_OAUTH_TOKEN': 't'}


def test_settings_of_the_user_override_the_defaults(configure: Configure, configured: Controller) -> None:
    own = {
        'sessions_logoff_enabled': True,
        'sessions_project': {'name': 'Ours', 'url': 'https://git.example.com/ours', 'branch': 'main', 'playbooks': ''},
    }

    done = configure('-e', json.dumps(own), '--start-at-task', 'Project')

    assert done.returncode == 0, done.stdout + done.stderr
    assert {item['playbook'] for item in configured.items['job_templates'].values()} == {
        path.name for path in (EXTENSION / 'project').glob('*.yml')
    }
    assert {item['project'] for item in configured.items['job_templates'].values()} == {
        configured.named('projects', 'Ours')['id']
    }
    assert all(item['enabled'] for item in configured.items['schedules'].values())


def test_an_error_of_awx_is_a_readable_failure(configure: Configure, configured: Controller) -> None:
    for own, task, words in (
        ({'sessions_inventory': 'Nowhere'}, 'Job templates', 'Nowhere'),
        ({'sessions_report_rrule': 'RRULE:FREQ=DAILY;INTERVAL=1'}, 'Schedules', 'does not begin with its one DTSTART'),
    ):
        done = configure('-e', json.dumps(own), '--start-at-task', task)
        assert done.returncode != 0
        assert words in done.stdout + done.stderr
