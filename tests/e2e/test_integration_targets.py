# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The integration targets for real Windows hosts pass on simulated ones, with and without a test user."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e.playbook import run

from project import MAIN, ROOT
from winhost.fleet import Fleet

pytestmark = pytest.mark.e2e

FOLDER = ROOT / 'tests' / 'integration' / 'targets'
TARGETS = sorted(path.parent.name for path in FOLDER.glob('win_*/aliases'))
TESTER = {'id': 2, 'user': 'CORP\\tester', 'state': 'active'}
OTHER = {'id': 3, 'user': 'CORP\\alice', 'state': 'active'}


def test_there_is_a_target_for_each_acting_and_reading_module() -> None:
    assert TARGETS == ['win_logon_mode', 'win_user_session', 'win_user_session_info', 'win_user_session_message']


def test_targets_pass_on_simulated_hosts(tmp_path: Path) -> None:
    # The messages need the session that win_user_session ends.
    order = sorted(TARGETS, key=lambda name: name == 'win_user_session')
    plays = [
        {'name': 'With a test user', 'hosts': 'with', 'gather_facts': False, 'roles': order},
        {'name': 'Without one', 'hosts': 'without', 'gather_facts': False, 'roles': ['win_user_session']},
    ]
    users = {'with': {'integration_user': 'CORP\\tester'}, 'without': {}}
    with Fleet({'hosts': {'with': {'sessions': [TESTER, OTHER]}, 'without': {'sessions': [OTHER]}}}) as fleet:
        # No client for RDP: only the shell is on the path of the local tasks.
        done = run(MAIN, fleet, tmp_path, plays, hosts=users, settings={'ANSIBLE_ROLES_PATH': str(FOLDER)})
        assert done.status == 0, done.output
        assert done.hosts['with'].users == {3: 'CORP\\alice'}
        assert done.hosts['without'].users == {3: 'CORP\\alice'}
        assert done.hosts['without'].actions == []
        assert [api for api, _session in done.hosts['with'].actions] == [
            'WTSSendMessageW',
            'WTSDisconnectSession',
            'WTSLogoffSession',
        ]
        assert done.recap['with']['ok'] > done.recap['without']['ok'] > 5
