# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The questions that only a real Windows can answer: each answer shows, and only where it should."""

from __future__ import annotations

import re
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from winhost import fleet
from winhost.client import ADMINISTRATOR, Client
from winhost.host import Host, SpecError
from winhost.windows import QUESTIONS, UNEXPECTED, Windows

DRAIN = {'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server': {'TSServerDrainMode': 2}}
SESSIONS = [
    {'id': 1, 'user': 'carol', 'idle': '2h'},
    {'id': 2, 'user': 'alice.with.a.very.long.name', 'idle': '1h', 'processes': [{'name': 'x.exe', 'pid': 4242}]},
    {'id': 3, 'user': 'bob', 'disconnected': '3h', 'client': {'name': 'PC-3', 'address': '10.0.0.3'}},
    {'id': 4, 'user': 'eve', 'on_logoff': {'looks': 9}},
    {'id': 5, 'user': 'dora', 'logged_on': '4h', 'on_logoff': {'becomes': 'ghost'}},
    {'id': 6, 'user': 'lara', 'locked': True, 'idle': '1h', 'on_message': {'answer': 'ok'}},
    {'id': 7, 'user': 'max', 'on_message': {'answer': 'ok'}, 'idle': '1h'},
]


def observe(host: Host) -> dict[str, Any]:
    """What a caller sees of a host, by what it looks at."""
    client, joe = Client(host), Client(host, 'CORP\\joe')
    seen: dict[str, Any] = {}

    def query(session: int, info: int) -> Any:
        error, values = client('WTSQuerySessionInformationW', 0, session, info)
        return error or values[2:]

    client.error('WTSLogoffSession', 0, 4, 0)
    client.error('WTSLogoffSession', 0, 5, 0)
    rows = client('WTSEnumerateSessionsExW', 0, 1, 0)[1][2:]
    seen['rows'] = [tuple(rows[at : at + 6]) for at in range(0, len(rows), 6)]
    for info in (9, 10, 14, 16, 23, 24, 25):
        for session in (1, 2, 3, 4, 5, 6):
            seen[f'query {info} of {session}'] = query(session, info)
    seen['unknown'] = query(60000, 25)
    seen['denied'] = joe.error('WTSLogoffSession', 0, 7, 0)
    seen['account'] = client('GetUserNameExW', 2)
    seen['processes'] = client('WTSEnumerateProcessesExW', 0, 1, 2)[0]
    seen['token'] = client('OpenProcess', 0x1000, 0, 4242)[0]
    for session in (6, 7):
        client('WTSSendMessageW', 0, session, b'T\0', b'x\0', 0, 0, 0)
        seen[f'input after a message in {session}'] = query(session, 24)
    over = threading.Timer(0.05, lambda: host.change({'advance': 2}))
    over.start()
    seen['locked box'] = client('WTSSendMessageW', 0, 6, b'T\0', b'x\0', 0, 1, 1)
    over.join()
    host.sessions.update(3, state='active')
    seen['reconnect'] = query(3, 24)
    seen['console disconnect'] = client.error('WTSDisconnectSession', 0, 1, 0)
    host.sessions.leave(2)
    seen['next'] = host.sessions.logon(user='new').id
    seen['console logoff'] = client.error('WTSLogoffSession', 0, host.sessions.console, 0)
    seen['drain'] = host.try_logon('zoe') is None
    host.registry.create('HKLM\\SOFTWARE\\volatile', volatile=True)
    host.reboot()
    seen['volatile'] = host.registry.find('HKLM\\SOFTWARE\\volatile') is not None
    command = host.root / 'Windows' / 'System32' / 'rwinsta.exe'
    seen['rwinsta'] = command.exists()
    if seen['rwinsta']:
        environment = host.environment(ADMINISTRATOR)
        ended = subprocess.run([command, '60000'], env=environment, capture_output=True, check=False)
        seen['rwinsta exit code'], seen['rwinsta text'] = ended.returncode, ended.stderr
    return seen


# Which observations each question changes; None: too many to name.
CHANGED = {
    'reconnect_input': {'reconnect'},
    'connection_account': {'account'},
    'long_names': {'query 24 of 2', 'query 25 of 2'},
    'listener_rights': None,
    'logon_mode': {'drain'},
    'unknown_id': {'unknown', 'rwinsta text'},
    'rwinsta_exit_code': {'rwinsta exit code'},
    'rwinsta_language': {'rwinsta text'},
    'rwinsta': {'rwinsta', 'rwinsta exit code', 'rwinsta text'},
    'disconnected_client': {f'query {info} of {session}' for info in (9, 10, 14, 16, 23) for session in (3, 5)},
    'disconnected_protocol': {'query 16 of 3'},
    'disconnect_time': {'query 24 of 3', 'query 25 of 3'},
    'disconnected_input': {'query 24 of 3', 'query 25 of 3'},
    'console_input': {'query 24 of 1', 'query 25 of 1'},
    'client_address': {f'query 14 of {session}' for session in (2, 3, 5, 6)},
    'ending_row': {'rows'},
    'ending_query': {f'query {info} of 4' for info in (9, 10, 14, 16, 23, 24, 25)},
    'terminal_service': None,
    'message_click': {'input after a message in 7'},
    'message_when_locked': {'locked box'},
    'volatile_keys': {'volatile'},
    'session_info_ex': {f'query 25 of {session}' for session in (1, 2, 3, 5, 6)},
    'client_info': {f'query 23 of {session}' for session in (1, 2, 3, 5, 6)},
    'lock_flag': None,
    'denied': {'denied'},
    'console_logoff': {'console logoff'},
    'console_disconnect': {'console disconnect', 'next'},
    'ghost_times': {'query 24 of 5', 'query 25 of 5'},
    'open_process': {'token'},
    'blank_names': {'rows'},
    'services_row': {'rows'},
    'session_ids': {'next'},
}


SPEC: dict[str, Any] = {
    'clock': {'fixed': '2026-11-21T14:34:47Z'},
    'accounts': {ADMINISTRATOR: {}, 'CORP\\joe': {'rights': 'user'}},
    'sessions': SESSIONS,
    'registry': DRAIN,
}


@pytest.fixture(scope='module')
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a caller sees where every question has its expected answer."""
    with Host('web01', SPEC, tmp_path_factory.mktemp('expected')) as host:
        return observe(host)


@pytest.mark.parametrize(('question', 'answer'), UNEXPECTED)
def test_an_answer_changes_only_the_subject_of_its_question(
    tmp_path: Path, expected: dict[str, Any], question: str, answer: str
) -> None:
    with Host('web01', {**SPEC, 'windows': {question: answer}}, tmp_path) as host:
        seen = observe(host)
    changed = {key for key in expected.keys() | seen.keys() if expected.get(key) != seen.get(key)}
    assert changed
    assert changed <= (CHANGED[question] or changed)


def test_an_unknown_question_or_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r'unknown weather\. Known:'):
        Host('web01', {'windows': {'weather': 'good'}}, tmp_path)
    with pytest.raises(SpecError, match="unknown_id: 'maybe' is not one of not_found, invalid_parameter"):
        Host('web01', {'windows': {'unknown_id': 'maybe'}}, tmp_path)


def test_each_question_is_in_the_readme_with_its_answers() -> None:
    readme = Path(fleet.__file__).with_name('README.md').read_text(encoding='utf-8')
    listed = dict(re.findall(r'^\| `(\w+)` \| (.*?) \|', readme, re.MULTILINE))
    assert listed == {question.name: ', '.join(f'`{answer}`' for answer in question.answers) for question in QUESTIONS}
    assert Windows().unknown_id == 'not_found'
