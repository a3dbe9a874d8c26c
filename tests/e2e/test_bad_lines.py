# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines that are cut at every message, cut while sessions are ended, or slow: the next run finishes the work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from e2e.playbook import TO_THE_END, Result, Run, cached_across_workers, patient_fleet, run
from e2e.test_connections import CONNECTIONS

from project import MAIN
from winhost.line import Line

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

USERS = ['alice', 'bob', 'carol']
SESSIONS = [{'id': 2 + n, 'user': user, 'idle': '3h', 'logged_on': '9h'} for n, user in enumerate(USERS)]

# The answers of a call are seven over winrm and six over psrp. Over ssh they cannot be counted: its handshake takes
# 5 KB, and the module another 100 KB.
CUT: dict[str, tuple[str, dict[str, Any]]] = {
    **{f'winrm-{turn}': ('winrm', {'cut_turn': turn}) for turn in range(1, 8)},
    **{f'psrp-{turn}': ('psrp', {'cut_turn': turn}) for turn in range(1, 7)},
    **{f'ssh-{size}': ('ssh', {'cut_after': size}) for size in (1_000, 50_000)},
}
MIDDLE: dict[str, tuple[str, dict[str, Any]]] = {f'{connection}-middle': (connection, {}) for connection in CONNECTIONS}
SLOW = {f'{connection}-slow': (connection, {'piece': 1, 'round_trip': 0.05}) for connection in CONNECTIONS}
LINES: dict[str, tuple[str, dict[str, Any]]] = {**CUT, **MIDDLE, **SLOW}

# The third answer is that to the module. If it is lost, winrm waits for output once, as long as an operation may take,
# and the host waits for the rest of the module.
SHORT_OPERATIONS = {'winrm-3': {'ansible_winrm_operation_timeout_sec': 5}}

ACT = {'winops.sessions.win_user_session': {'state': 'logged_off', 'max_idle': '2h', 'timeout': '30s'}}
TASKS = [{'name': 'first run', **ACT}, {'name': 'next run', **ACT, 'when': 'inventory_hostname not in slow'}]


@pytest.fixture(scope='session')
def lines(shared: Path) -> Run:
    if not MAIN.present:
        pytest.skip(MAIN.missing)

    def play() -> Run:
        with ExitStack() as stack:
            running = stack.enter_context(patient_fleet({name: {'sessions': SESSIONS} for name in LINES}))
            hosts: dict[str, dict[str, Any]] = {}
            for name, (connection, how) in LINES.items():
                line = stack.enter_context(Line(running[name].port, **how))
                inventory = running.inventory(connection)['all']
                own = {'ansible_port': line.port, **SHORT_OPERATIONS.get(name, {})}
                hosts[name] = {**inventory['vars'], **inventory['hosts'][name], **own}
                if name in MIDDLE:
                    running[name].on('WTSLogoffSession', session=3, when='before', do=cutting(line))
            plays = [{'vars': {'slow': list(SLOW)}, 'tasks': TASKS, **TO_THE_END}]
            return run(MAIN, running, shared / 'lines', plays, hosts=hosts)

    return cached_across_workers(shared, 'lines', play)


def cutting(line: Line) -> Callable[[Any], None]:
    return lambda _host: line.cut()


def outcomes(result: Result) -> dict[str, str]:
    return {session['user']: session['outcome'] for session in result['sessions']}


@pytest.mark.parametrize('host', [*CUT, *MIDDLE])
def test_a_cut_line_is_a_failure_and_the_next_run_finishes_the_work(lines: Run, host: str) -> None:
    first, then = lines['first run'][host], lines['next run'][host]
    if first['status'] == 'ok':
        # The result had arrived, and only the shell could not be closed.
        assert outcomes(first) == dict.fromkeys(USERS, 'logged_off')
    else:
        # winrm fails the task if it could not send all of the module; no process of the module was complete then.
        assert first['status'] == 'unreachable' or 'send_input failed' in first['msg'], first
        assert 'sessions' not in first, 'no result has arrived'
    assert then['status'] == 'ok', then
    assert lines.hosts[host].users == {}
    ended = [account for api, _session, account in lines.hosts[host].acts if api == 'WTSLogoffSession']
    assert set(ended) == {f'CORP\\{user}' for user in USERS}
    assert set(outcomes(then).values()) <= {'logged_off', 'already_gone'}


@pytest.mark.parametrize('host', MIDDLE)
def test_a_session_that_was_logged_off_before_the_cut_is_not_logged_off_again(lines: Run, host: str) -> None:
    # The line is cut when the second of three sessions is about to be logged off.
    assert lines['first run'][host]['status'] == 'unreachable'
    assert 'alice' not in outcomes(lines['next run'][host])
    ended = [session for api, session in lines.hosts[host].actions if api == 'WTSLogoffSession']
    assert ended.count(2) == 1
    assert set(ended) == {2, 3, 4}


@pytest.mark.parametrize('host', SLOW)
def test_a_line_of_single_bytes_is_only_slow(lines: Run, host: str) -> None:
    assert lines['first run'][host]['status'] == 'ok'
    assert outcomes(lines['first run'][host]) == dict.fromkeys(USERS, 'logged_off')
    assert lines.hosts[host].users == {}
