# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rare states of sessions and of their recorded notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from modules.results import of

from winhost.host import Host

Run = Callable[..., dict[str, Any]]
Hosts = Callable[..., Host]

NOW = '2026-11-21T12:00:00Z'
KEY = 'HKLM\\SOFTWARE\\winops\\sessions\\notices'
MESSAGE, QUERY = 'WTSSendMessageW', 'WTSQuerySessionInformationW'
ALICE = {'id': 2, 'user': 'alice', 'idle': '2h', 'logged_on': '9h'}
FACTS: dict[str, Any] = {'class': [24, 25]}
NOTICE = {'text': 'Please save your work.', 'grace': '900'}
IDLE = {'max_idle': '3600', 'notice': NOTICE}


@pytest.fixture
def alice(host: Hosts) -> Host:
    """A host on which alice has been idle for two hours; its clock stands still."""
    return host(clock={'fixed': NOW}, sessions=[ALICE])


def outcome(result: dict[str, Any]) -> str:
    """The outcome of the only selected session."""
    (session,) = result['sessions']
    return str(session['outcome'])


def notices(host: Host) -> dict[str, Any]:
    """The recorded notices by token."""
    return dict(host.registry.get(KEY, {}))


def spoil(host: Host, **fields: Any) -> None:
    """Change fields of the only notice, as another controller does."""
    names = ['version', 'first', 'shown', 'due', 'reminded', 'reached', 'task', 'server', 'nonce']
    ((token, record),) = notices(host).items()
    values = {**dict(zip(names, record.split('|'), strict=True)), **fields}
    host.registry.set(KEY, token, '|'.join(str(value) for value in values.values()))


def test_a_stuck_session_without_a_user_is_ended_without_a_warning(host: Hosts, act: Run) -> None:
    there = host(console=None, sessions=[{'id': 4, 'state': 'connected', 'connected': '2h'}])

    result = act(session_ids=[4], ghosts=True, notice=NOTICE)

    assert (outcome(result), there.boxes, notices(there)) == ('logged_off', [], {})


def test_a_user_who_has_disconnected_is_not_reminded(alice: Host, act: Run) -> None:
    options = {'users': ['alice'], 'notice': {**NOTICE, 'remind': '300'}}
    act(**options)
    alice.clock.advance('12m')
    alice.sessions.update(2, state='disconnected')

    assert (outcome(act(**options)), len(alice.boxes)) == ('in_grace', 1)


@pytest.mark.parametrize(
    ('change', 'expected'), [({'idle': '20m'}, 'logged_off'), ({'idle': 0}, 'notified'), ({'connected': 0}, 'notified')]
)
def test_a_session_without_a_logon_time_is_warned_again_after_any_use(
    host: Hosts, act: Run, change: dict[str, Any], expected: str
) -> None:
    there = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'logon_time': 0}])
    options = {'users': ['alice'], 'notice': NOTICE}
    assert outcome(act(**options)) == 'notified'
    there.clock.advance('20m')
    there.sessions.update(2, **change)

    assert outcome(act(**options)) == expected


def test_warns_again_if_the_record_was_removed_meanwhile(host: Hosts, act: Run) -> None:
    there = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'on_message': {'error': 5, 'times': 1}}])
    act(**IDLE)
    ((token, _record),) = notices(there).items()
    there.on('RegCreateKeyExW', do=lambda host: host.registry.delete(KEY, token))

    result = act(**IDLE)

    assert (outcome(result), len(there.boxes), list(notices(there))) == ('notified', 1, [token])


def test_warns_again_if_another_controller_s_notice_is_no_longer_in_force(host: Hosts, act: Run) -> None:
    there = host(clock={'fixed': NOW}, sessions=[{**ALICE, 'on_message': {'error': 5, 'times': 1}}])
    act(**IDLE)
    ((_token, record),) = notices(there).items()
    first = int(record.split('|')[1])
    # It was shown for another limit, which is not reached.
    there.on('RegCreateKeyExW', do=lambda host: spoil(host, shown=first, reached=1, nonce='1111'))

    assert (outcome(act(**IDLE)), len(there.boxes)) == ('notified', 1)


def test_keeps_the_notice_of_a_session_that_cannot_be_read(alice: Host, act: Run) -> None:
    act(**IDLE)
    before = notices(alice)
    alice.fault(QUERY, error=31, session=2, **FACTS)

    assert outcome(act(**IDLE)) == 'failed'
    assert notices(alice) == before


def test_a_session_that_cannot_be_read_while_it_ends_has_no_notice_of_another_user(host: Hosts, act: Run) -> None:
    users = [{'id': 2, 'user': 'bob'}, {'id': 3, 'user': 'alice'}, {'id': 22, 'user': 'alice'}]
    there = host(clock={'fixed': NOW}, sessions=users)
    options = {'users': ['bob', 'alice'], 'method': 'reset'}
    act(**options, notice=NOTICE)
    there.change({'leave': 2})
    there.sessions.logon(id=2, user='alice', on_logoff={'hangs': True})
    there.sessions.logoff(2)

    result = act(**options, notice=NOTICE)

    assert of(result, 'outcome') == {2: 'reset', 3: 'in_grace', 22: 'in_grace'}


def test_removes_the_notice_of_a_session_that_has_ended_while_another_cannot_be_read(alice: Host, act: Run) -> None:
    act(**IDLE)
    alice.change({'leave': 2})
    alice.sessions.logon(id=22, user='bob', idle='2h')
    alice.fault(QUERY, error=31, session=22, **FACTS)

    act(**IDLE)

    assert notices(alice) == {}


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        (lambda host: host.fault(QUERY, error=31, session=2, **FACTS), 'failed'),
        (lambda host: host.sessions.update(2, idle=0), 'no_longer_matches'),
    ],
)
def test_forgets_the_notice_if_the_session_cannot_be_confirmed_before_the_message(
    alice: Host, act: Run, change: Callable[[Host], Any], expected: str
) -> None:
    alice.on('RegSetValueExW', do=change)

    assert (outcome(act(**IDLE)), alice.boxes, notices(alice)) == (expected, [], {})
