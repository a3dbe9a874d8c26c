# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from winhost import fleet
from winhost.host import Host
from winhost.spec import SpecError


@pytest.mark.parametrize(
    ('wrong', 'words'),
    [
        ({'session': []}, 'unknown session. Known: accounts'),
        ({'sessions': [{'id': 2, 'name': 'alice'}]}, 'session 2: .*unknown name'),
        ({'sessions': [{'id': 2, 'user': 'a', 'state': 'gone'}]}, "session 2: state 'gone' is not one of active"),
        ({'sessions': [{'id': 2, 'user': 'a', 'idle': 'long'}]}, 'session 2: .* Examples: 90'),
        ({'sessions': [{'id': '2', 'user': 'a'}]}, "'2' is not a session ID. Example: 2"),
        ({'sessions': [{'id': 2, 'user': 'a'}, {'id': 2, 'user': 'b'}]}, r'session 2 is in use by CORP\\a'),
        ({'sessions': [{'id': 2, 'user': 'a', 'on_logoff': {'fails': 5}}]}, 'on_logoff: unknown fails'),
        ({'sessions': [{'id': 2, 'user': 'a', 'on_logoff': {'becomes': 'dust'}}]}, "'dust' is not one of ghost"),
        ({'sessions': [{'id': 2, 'user': 'a', 'on_message': {'answer': 'maybe'}}]}, "'maybe' is not one of ok"),
        ({'accounts': {'ansible': 'secret'}}, r'Example: CORP\\ansible'),
        ({'accounts': {'CORP\\a': {'rights': 'root'}}}, "'root' is not one of full"),
        ({'api': [{'api': 'WTSNothing', 'error': 5}]}, "'WTSNothing' is not a function"),
        ({'api': [{'api': 'WTSLogoffSession', 'class': 5, 'error': 5}]}, 'has no argument class. Known: '),
        ({'api': [{'api': 'WTSLogoffSession'}]}, 'a fault needs error'),
        ({'events': [{'before': {'api': 'WTSLogoffSession'}}]}, 'Example: '),
    ],
)
def test_an_error_names_the_wrong_value_and_an_example(tmp_path: Path, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Host('web01', wrong, tmp_path)


def test_an_empty_spec_is_a_host(tmp_path: Path) -> None:
    host = Host('web01', None, tmp_path)
    assert (host.computer, list(host.accounts), host.sessions.users) == ('WEB01', ['CORP\\ansible'], {})


@pytest.mark.parametrize(
    'change', [{'explode': True}, {}, {'leave': 3, 'reboot': True}], ids=['unknown', 'nothing', 'two things']
)
def test_refuses_an_unknown_change(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=r'Example: \{leave: 3\}'):
        Host('web01', {}, tmp_path).change(change)


def test_the_example_of_the_readme_is_a_fleet() -> None:
    readme = Path(fleet.__file__).with_name('README.md').read_text(encoding='utf-8')
    (example,) = re.findall(r'^```yaml\n(.*?)^```', readme, re.MULTILINE | re.DOTALL)
    web01 = fleet.Fleet(yaml.safe_load(example))['web01']
    assert web01.sessions.users == {1: 'CORP\\carol', 2: 'CORP\\alice', 3: 'CORP\\bob', 4: 'CORP\\max', 5: 'CORP\\eve'}
    assert web01.sessions[9].user is None
    assert web01.servers['rds02'].users == {2: 'CORP\\dora'}
