"""Made-up fleets for the tests of the reports: one as people meet it, one as large as promised."""

from __future__ import annotations

import datetime
import random
import typing as t

TIME = '2026-11-21T14:34:47Z'
_NOW = datetime.datetime(2026, 11, 21, 14, 34, 47)


def record(
    id: int, account: str | None, state: str = 'active', idle: int | None = 60, **facts: t.Any
) -> dict[str, t.Any]:
    """A session record with every key."""
    domain, _backslash, user = (account or '').rpartition('\\')
    logged_on = facts.get('logged_on_seconds', (idle or 0) + 4 * 3600 + 97 * id)
    logon_time = (_NOW - datetime.timedelta(seconds=logged_on)).strftime('%Y-%m-%dT%H:%M:%SZ')
    gone = state == 'disconnected'
    return {
        'id': id,
        'session_name': None if gone else f'RDP-Tcp#{id}',
        'state': state,
        'user': user or None,
        'domain': domain or None,
        'account': account,
        'sid': None,
        'logon_time': logon_time,
        'connect_time': logon_time,
        'disconnect_time': None,
        'last_input_time': None,
        'logged_on_seconds': logged_on,
        'disconnected_seconds': idle if gone else None,
        'idle_seconds': idle,
        'idle_source': 'disconnect' if gone else 'input',
        'idle_reliable': True,
        'locked': None if gone else False,
        'console': False,
        'protocol': 'rdp',
        'client_name': f'PC-{17 + id}',
        'client_address': f'10.0.3.{10 + id}',
        'client_build': 22621,
        'ghost': False,
        'own': False,
        'token': f'{id}:13409{id:05}000000000:{account or ""}',
    } | facts


def done(outcome: str, **facts: t.Any) -> dict[str, t.Any]:
    """What ``win_user_session`` adds to a record."""
    return {
        'action': 'logoff',
        'outcome': outcome,
        'reason': None,
        'detail': None,
        'error_code': None,
        'seconds': 1.25,
    } | facts


def office() -> dict[str, t.Any]:
    """Nine hosts after a run of ``win_user_session``: most things that can happen have happened."""
    rds01 = [
        record(2, 'CORP\\alice', idle=190),
        record(3, 'CORP\\bob', 'disconnected', 9000, client_name=None, client_address=None),
        record(5, 'CORP\\carol', idle=12660, locked=True),
        record(6, 'CORP\\d.fernandez', idle=25),
        record(9, 'CORP\\svc_backup', 'disconnected', 345600),
    ]
    rds02 = [
        record(2, 'CORP\\erin', 'disconnected', 2700),
        record(4, 'CORP\\farid', idle=8100),
        record(7, 'CORP\\grace', idle=400),
    ]
    web02 = [
        record(1, 'CORP\\henry', idle=7300, console=True, idle_reliable=False, client_name=None, session_name='Console')
    ]
    sql01 = [record(3, 'CORP\\dba_ivan', 'disconnected', 86400 * 3 + 7200)]
    return {
        'rds01': _acted(
            [
                rds01[1] | done('logged_off', reason='max_disconnected'),
                rds01[2] | done('in_grace', action='none', reason='max_idle', due_in_seconds=420),
            ],
            [rds01[4] | {'reason': 'protected_user'}],
            [rds01[0], rds01[2], rds01[3], rds01[4]],
        ),
        'rds02': _acted(
            [
                rds02[0] | done('logged_off', reason='max_disconnected'),
                rds02[1] | done('notified', action='notify', reason='max_idle', due_in_seconds=900),
            ],
            [],
            rds02[1:],
        ),
        'rds10': _acted([], [], [record(2, 'CORP\\judy', idle=12), record(3, 'CORP\\kenji', idle=1500)]),
        'sql01': _acted(
            [sql01[0] | done('still_present', reason='max_disconnected', detail='not gone after 60 s', seconds=60)],
            [],
            sql01,
        )
        | {
            'failed': True,
            'msg': '1 selected: 1 still present (3 CORP\\dba_ivan: not gone after 60 s); 1 session remains',
        },
        'web01': _acted([], [], []),
        'web02': _acted([], [web02[0] | {'reason': 'console_idle'}], web02),
        'web03': {
            'failed': True,
            'msg': 'The account CORP\\deploy lacks the right to see sessions: the list does not even hold the services '
            'session 0. Make it a member of the local Administrators group.',
        },
        'web04': {
            'unreachable': True,
            'msg': 'Task failed: ntlm: HTTPSConnectionPool(host=web04, port=5986): connection timed out',
        },
        'web05': None,
    }


def _acted(sessions: list[t.Any], protected: list[t.Any], remaining: list[t.Any]) -> dict[str, t.Any]:
    return {
        'changed': any(session['outcome'] in ('logged_off', 'notified') for session in sessions),
        'failed': False,
        'msg': f'{len(sessions)} selected',
        'host_time': '2026-11-21T14:34:45Z',
        'sessions': sessions,
        'protected': protected,
        'remaining': remaining,
    }


def large(hosts: int = 1000, sessions: int = 20, acted: bool = False) -> dict[str, t.Any]:
    """A large fleet, the same every time; one host in fifty is unreachable."""
    dice = random.Random(7)
    fleet: dict[str, t.Any] = {}
    for number in range(hosts):
        name = f'rds{number:04}.emea.corp.example.com'
        if number % 50 == 17:
            fleet[name] = {
                'unreachable': True,
                'msg': f'ntlm: HTTPSConnectionPool(host={name}, port=5986): connection timed out',
            }
            continue
        records = []
        for id in range(2, 2 + sessions):
            state = dice.choice(('active', 'active', 'disconnected'))
            family = dice.choice(('anderson', 'fernandez', 'kowalski'))
            account = f'CORP\\{dice.choice("abcdefghijklmnop")}.{family}{dice.randrange(999)}'
            records.append(record(id, account, state, dice.randrange(90000)))
        if acted:
            ended = [one | done('logged_off', reason='max_idle') for one in records]
            fleet[name] = _acted(ended, [], [])
        else:
            fleet[name] = {
                'sessions': records,
                'session_count': sessions,
                'host_time': TIME,
                'changed': False,
                'msg': '',
            }
    return fleet
