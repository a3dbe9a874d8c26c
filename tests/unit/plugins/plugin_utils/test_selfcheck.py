# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of the self-check report each answer that a host can give, and names can be hidden."""

from __future__ import annotations

import base64
import datetime
from typing import Any

import pytest

from ansible_collections.winops.sessions.plugins.plugin_utils._selfcheck.checks import CHECKS, evaluate
from ansible_collections.winops.sessions.plugins.plugin_utils._selfcheck.evidence import Evidence, gather
from ansible_collections.winops.sessions.plugins.plugin_utils._selfcheck.names import names_of

NOW = datetime.datetime(2026, 11, 21, 14, 0, 0, tzinfo=datetime.UTC)
RESULTS = {'ok', 'attention', 'problem', 'manual', 'unknown'}
FULL = {'listener': 'RDP-Tcp', 'account': 'BUILTIN\\Administrators', 'allowed': 983999}
TABLE = (
    ' USERNAME              SESSIONNAME        ID  STATE   IDLE TIME  LOGON TIME\r\n'
    ' {user:<22}rdp-tcp#3          {id:>2}  Active          5  21/11/2026 11:00\r\n'
)


def session(**different: Any) -> dict[str, Any]:
    """A session record of an active user."""
    return {
        'id': 2,
        'state': 'active',
        'user': 'alice',
        'domain': 'CORP',
        'account': 'CORP\\alice',
        'logon_time': '2026-11-21T11:00:00Z',
        'connect_time': '2026-11-21T11:00:00Z',
        'last_input_time': '2026-11-21T13:55:00Z',
        'disconnect_time': None,
        'idle_seconds': 300,
        'console': False,
        'ghost': False,
        'locked': False,
        'protocol': 'rdp',
        'client_name': 'PC-17',
        'client_address': '10.20.30.40',
        'token': '2:1:CORP\\alice',
        'processes': [],
        **different,
    }


SERVICES = session(id=0, state='disconnected', user=None, domain=None, account=None, client_address=None)


def evidence(
    facts: dict[str, Any] | None = None,
    sessions: list[dict[str, Any]] | None = None,
    printed: str = TABLE.format(user='alice', id=2),
    **info: Any,
) -> Evidence:
    """The answers of a host."""
    quser = {'rc': 1, 'stdout': base64.b64encode(printed.encode()).decode(), 'stderr': ''}
    module = {'facts': {'quser': quser, 'oem_code_page': 850, **(facts or {})}, 'errors': {}}
    listed = [SERVICES, *([session()] if sessions is None else sessions)]
    return gather(module, {'sessions': listed, 'host_time': '2026-11-21T14:00:00Z', **info}, NOW)


def result(found: Evidence, name: str) -> dict[str, str]:
    """The result of one check."""
    return next(one for one in evaluate(found) if one['name'] == name)


CASES: dict[str, tuple[str, Evidence, str, str]] = {
    'constrained': (
        'powershell',
        evidence({'powershell_version': '5.1', 'language_mode': 'Constrained'}),
        'problem',
        '',
    ),
    'powershell_4': (
        'powershell',
        evidence({'powershell_version': '4.0', 'language_mode': 'FullLanguage'}),
        'problem',
        '',
    ),
    'old_dotnet': ('dotnet', evidence({'powershell_edition': 'Desktop', 'dotnet_release': 393295}), 'problem', '4.6.2'),
    'new_dotnet': ('dotnet', evidence({'powershell_edition': 'Desktop', 'dotnet_release': 533320}), 'ok', ''),
    'no_administrator': ('administrator', evidence({'administrator': False}), 'problem', 'Administrators'),
    'administrator': ('administrator', evidence({'administrator': True}), 'ok', ''),
    'listeners': ('listeners', evidence({'listener_permissions': [FULL]}), 'ok', ''),
    'restricted': (
        'listeners',
        evidence({'listener_permissions': [{**FULL, 'allowed': 1}]}),
        'attention',
        'permissions',
    ),
    'clock': ('clock', evidence(host_time='2026-11-21T15:00:00Z'), 'attention', 'clock'),
    'listed_by_quser_only': ('quser', evidence(sessions=[]), 'problem', ''),
    'listed_by_api_only': ('quser', evidence(sessions=[session(), session(id=5)]), 'problem', ''),
    'other_user': ('quser', evidence(sessions=[session(user='bob')]), 'problem', ''),
    'other_state': ('quser', evidence(sessions=[session(state='disconnected')]), 'problem', ''),
    'cut_name': ('quser', evidence(sessions=[session(user='alice.of.wonderland')]), 'ok', ''),
    'no_table': ('quser', evidence(printed='The system cannot find the file.'), 'manual', ''),
    'no_users': ('quser', evidence(sessions=[], printed='No User exists for *'), 'ok', ''),
    'idle': ('idle_times', evidence(sessions=[session(last_input_time='2026-11-21T12:00:00Z')]), 'attention', ''),
    'empty_object': ('value_types', evidence(sessions=[session(processes={})]), 'problem', ''),
    'two_consoles': ('console', evidence(sessions=[session(console=True), session(id=3, console=True)]), 'problem', ''),
    'console': ('console', evidence(sessions=[session(console=True)]), 'manual', 'Type at the console'),
    'entra_id': ('long_names', evidence(sessions=[session(domain='AzureAD')]), 'manual', 'whoami'),
    'address': ('client_address', evidence({'rdp_addresses': ['10.20.30.40']}), 'ok', ''),
    'other_address': ('client_address', evidence({'rdp_addresses': ['10.9.9.9']}), 'attention', 'gateway'),
    'stopped': ('term_service', evidence({'term_service': 'Stopped'}), 'attention', ''),
    'running': ('term_service', evidence({'term_service': 'Running'}), 'ok', ''),
    'disabled': ('logon_mode', evidence({'drain_mode': 0, 'logons_disabled': '1'}), 'attention', 'enabled'),
    'undocumented_mode': ('logon_mode', evidence({'drain_mode': 7, 'logons_disabled': None}), 'problem', ''),
    'reconnected': ('reconnect', evidence(sessions=[session(connect_time='2026-11-21T13:58:00Z')]), 'attention', ''),
}


@pytest.mark.parametrize('case', CASES)
def test_reports_the_answer_of_the_host(case: str) -> None:
    name, found, expected, action = CASES[case]
    one = result(found, name)
    assert one['result'] == expected, one
    assert action in one['action']
    assert one['answer']


def test_every_check_has_an_answer_without_any_fact() -> None:
    found = evaluate(gather({}, {'failed': True, 'msg': 'Access denied.'}, NOW))
    assert [one['name'] for one in found] == [one.name for one in CHECKS]
    assert {one['result'] for one in found} <= RESULTS - {'ok'}
    assert all(one['action'] for one in found if one['result'] in {'attention', 'manual', 'problem'})


def test_reads_quser_in_the_code_page_of_the_host() -> None:
    printed = base64.b64encode(TABLE.format(user='zoë', id=2).encode('cp850')).decode()
    found = gather({'facts': {'quser': {'stdout': printed}, 'oem_code_page': 850}}, {}, NOW)
    assert [row['user'] for row in found.quser or []] == ['zoë']


def test_hides_names_everywhere_but_not_in_results() -> None:
    found = evidence(sessions=[session(), session(id=3, user='ok', account='CORP\\ok', token='3:1:CORP\\ok')])
    shown = {'checks': evaluate(found), 'sessions': found.listed, 'quser': found.quser_text}
    hidden = names_of(found, 'rds01', '10.1.1.1').hide(shown)
    text = str(hidden).casefold()
    assert [name for name in ('alice', 'corp', 'pc-17', '10.20.30.40') if name in text] == []
    assert {one['result'] for one in hidden['checks']} <= RESULTS
    assert [one['account'] for one in hidden['sessions'][1:]] == ['domain1\\user1', 'domain1\\user2']
    assert hidden['sessions'][1]['state'] == 'active'
