# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The checks of the self-check: compare the answers of a host with the assumptions of the collection."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._selfcheck.evidence import Evidence, Record, read_time

# The oldest version that the engine is compiled for ("How to: Determine which .NET Framework versions are installed").
NET_FRAMEWORK_4_6_2 = 394802

# Permissions of a listener: query, reset, message and disconnect.
NEEDED_PERMISSIONS = 0x1 | 0x4 | 0x80 | 0x200

# A larger difference between the clocks breaks Kerberos.
LARGEST_SKEW = 300

# quser shows idle times in minutes, and some time passes between the two lists.
LARGEST_IDLE_DIFFERENCE = 180

RUN_AS_ADMINISTRATOR = 'Run as a member of the local group Administrators.'
ERRORS_OF_AN_UNKNOWN_ID = {2, 7022}
DRAIN_MODES = {None: 'open', 0: 'open', 1: 'drain until restart', 2: 'drain'}
IDENTITY = ('state', 'user')


class Answer(t.NamedTuple):
    """The result of a check.

    :ivar result: ``ok``, ``attention``, ``problem``, ``manual`` or ``unknown``.
    :ivar answer: what the host answered.
    :ivar action: what to do; empty if there is nothing to do.
    """

    result: str
    answer: str
    action: str = ''


Find = c.Callable[[Evidence], Answer]


@dataclasses.dataclass(frozen=True)
class Check:
    """A check.

    :ivar name: its name in the report.
    :ivar question: what is checked.
    :ivar find: finds the answer.
    """

    name: str
    question: str
    find: Find


CHECKS: list[Check] = []


def check(question: str, listed: bool = False) -> c.Callable[[Find], Find]:
    """Add a function to the checks under its name.

    :param question: what it checks.
    :param listed: whether it needs the list of sessions.
    """

    def add(find: Find) -> Find:
        CHECKS.append(Check(find.__name__, question, _with_a_list(find) if listed else find))
        return find

    return add


def _with_a_list(find: Find) -> Find:
    def find_in_list(evidence: Evidence) -> Answer:
        if not evidence.is_listed:
            return Answer('unknown', 'Windows did not list the sessions.')
        return find(evidence)

    return find_in_list


def manual(name: str, question: str, action: str) -> None:
    """Add a check that has to be made by hand.

    :param name: its name.
    :param question: what is checked.
    :param action: how to check it.
    """
    CHECKS.append(Check(name, question, lambda _evidence: Answer('manual', 'This check is made by hand.', action)))


def unknown(evidence: Evidence, *names: str, action: str = '') -> Answer:
    """Return the answer for facts that could not be read.

    :param evidence: the answers of the host.
    :param names: the facts.
    :param action: how to check it by hand.
    """
    return Answer('manual' if action else 'unknown', f'Could not be read: {evidence.reason(*names)}', action)


def _count(number: int, one: str = 'session', many: str = 'sessions') -> str:
    return f'{number} {one if number == 1 else many}'


# ---- Requirements ----


@check('Is the PowerShell version supported, in full language mode?')
def powershell(evidence: Evidence) -> Answer:
    facts = evidence.facts
    version, mode = str(facts.get('powershell_version') or ''), facts.get('language_mode')
    answer = f'PowerShell {version} ({facts.get("powershell_edition")}), {mode}.'
    if not version:
        return unknown(evidence, 'powershell_version')
    if mode != 'FullLanguage':
        return Answer('problem', answer, 'Allow full language mode for the account of the connection.')
    if not version.startswith(('5.1', '7.')):
        return Answer('problem', answer, 'Install Windows PowerShell 5.1 or PowerShell 7.')
    return Answer('ok', answer)


@check('Is .NET Framework 4.6.2 or later installed?')
def dotnet(evidence: Evidence) -> Answer:
    if evidence.facts.get('powershell_edition') == 'Core':
        return Answer('ok', 'Not needed: PowerShell 7 contains .NET.')
    release = evidence.facts.get('dotnet_release')
    if not isinstance(release, int):
        return unknown(evidence, 'dotnet_release')
    if release < NET_FRAMEWORK_4_6_2:
        return Answer('problem', f'Release {release}.', 'Install .NET Framework 4.6.2 or later.')
    return Answer('ok', f'Release {release}.')


@check('Can rwinsta.exe be found from this process?')
def bitness(evidence: Evidence) -> Answer:
    bits = {True: '64-bit', False: '32-bit', None: 'unknown'}
    process, system = bits[evidence.facts.get('process_64bit')], bits[evidence.facts.get('system_64bit')]
    answer = f'{process} process on {system} Windows'
    if evidence.facts.get('rwinsta_exists') is None:
        return unknown(evidence, 'rwinsta_exists')
    if not evidence.facts['rwinsta_exists']:
        action = 'Use method=logoff. method=reset and method=logoff_then_reset need rwinsta.exe.'
        return Answer('attention', f'{answer}, rwinsta.exe does not exist.', action)
    return Answer('ok', f'{answer}, rwinsta.exe exists.')


@check('Do the clocks of the host and the controller agree?', listed=True)
def clock(evidence: Evidence) -> Answer:
    host = read_time(evidence.info.get('host_time'))
    if host is None:
        return unknown(evidence, 'host_time')
    skew = (host - evidence.received).total_seconds()
    answer = f'The clock of the host is {abs(skew):.0f} s {"ahead" if skew > 0 else "behind"}.'
    if abs(skew) > LARGEST_SKEW:
        return Answer('attention', answer, 'Correct the clock. Kerberos allows five minutes.')
    return Answer('ok', answer)


# ---- Rights ----


@check('Is the account of the connection an administrator?')
def administrator(evidence: Evidence) -> Answer:
    answer = evidence.facts.get('administrator')
    if answer is None:
        return unknown(evidence, 'administrator')
    if not answer:
        action = 'Add it to the local group Administrators. For a local account, see LocalAccountTokenFilterPolicy.'
        return Answer('problem', 'The account is not an administrator, or its token is filtered.', action)
    return Answer('ok', 'The account is an administrator.')


@check('Does Windows list the sessions?')
def session_list(evidence: Evidence) -> Answer:
    if not evidence.is_listed:
        reason = str(evidence.info.get('msg') or 'The list is empty.')
        return Answer('problem', reason, RUN_AS_ADMINISTRATOR)
    answer = f'{_count(len(evidence.listed))}, {len(evidence.users)} with a user.'
    if not any(session.get('id') == 0 for session in evidence.listed):
        return Answer('problem', f'{answer} Session 0 is missing.', RUN_AS_ADMINISTRATOR)
    return Answer('ok', answer)


@check('Do administrators have all rights on every listener?')
def listeners(evidence: Evidence) -> Answer:
    permissions = evidence.facts.get('listener_permissions')
    if permissions is None:
        action = (
            'On the host: Get-CimInstance -Namespace root/cimv2/TerminalServices -ClassName Win32_TSAccount | '
            'Format-Table TerminalName, AccountName, PermissionsAllowed. BUILTIN\\Administrators needs Query (1), '
            'Reset (4), Message (128) and Disconnect (512) on every listener.'
        )
        return unknown(evidence, 'listener_permissions', action=action)
    names = sorted({str(one['listener']) for one in permissions})
    allowed = {
        str(one['listener'])
        for one in permissions
        if str(one['account']).casefold().endswith('\\administrators')
        and one['allowed'] & NEEDED_PERMISSIONS == NEEDED_PERMISSIONS
    }
    restricted = [name for name in names if name not in allowed]
    if restricted:
        action = 'Restore the permissions of the listeners, or give them to the account. Otherwise sessions are hidden.'
        return Answer('attention', f'Without all rights for Administrators: {", ".join(restricted)}.', action)
    return Answer('ok', f'Administrators have all rights on {", ".join(names) or "no listener"}.')


# ---- The list of sessions ----


@check('Does quser list the same sessions as the Windows API?', listed=True)
def quser(evidence: Evidence) -> Answer:
    if evidence.quser is None:
        action = 'Run quser on the host and compare it with win_user_session_info.'
        return Answer('manual', f'quser could not be read: {evidence.quser_error or "it is missing."}', action)
    api = {session['id']: session for session in evidence.users}
    rows = {row['id']: row for row in evidence.quser}
    differences = [f'session {one} is listed by quser only' for one in sorted(rows.keys() - api.keys())]
    differences += [f'session {one} is listed by the API only' for one in sorted(api.keys() - rows.keys())]
    for one in sorted(rows.keys() & api.keys()):
        differences += [
            f'session {one}: {key} is {rows[one][key]} in quser and {api[one][key]} in the API'
            for key in IDENTITY
            if not _same(key, rows[one], api[one])
        ]
    if differences:
        action = 'Run the self-check again: a session may have started or ended in between. If it persists, report it.'
        return Answer('problem', f'{"; ".join(differences)}.', action)
    return Answer('ok', f'Both list the same {_count(len(api))} with a user.')


def _same(key: str, row: Record, session: Record) -> bool:
    ours, theirs = str(session[key]).casefold(), str(row[key]).casefold()
    if key == 'user':
        return ours.startswith(theirs)  # quser truncates names to 20 characters
    return ours == theirs or theirs == 'unknown'  # a state in a display language that the filter does not know


@check('Do quser and the Windows API report the same idle times?', listed=True)
def idle_times(evidence: Evidence) -> Answer:
    idle = {row['id']: row.get('idle_seconds') for row in evidence.quser or []}
    compared, differences = 0, []
    for session in evidence.users:
        ours, theirs = evidence.seconds(session, 'last_input_time'), idle.get(session['id'])
        if ours is None or theirs is None or session.get('state') != 'active' or session.get('console'):
            continue
        compared += 1
        if abs(ours - theirs) > LARGEST_IDLE_DIFFERENCE:
            differences.append(f'session {session["id"]}: {theirs} s in quser, {ours:.0f} s in the API')
    if differences:
        return Answer('attention', f'{"; ".join(differences)}.', 'Report it with the version of Windows.')
    if not compared:
        return Answer('manual', 'No active remote session with known times.', 'Repeat it while a user is connected.')
    return Answer('ok', f'Compared: {_count(compared)}.')


@check('Do all values have the documented types?', listed=True)
def value_types(evidence: Evidence) -> Answer:
    wrong = [
        f'session {session.get("id")}: {key} is {type(session.get(key)).__name__}'
        for session in evidence.listed
        for key, types in _TYPES.items()
        if not isinstance(session.get(key), types)
    ]
    if not isinstance(evidence.info.get('sessions'), list):
        wrong.insert(0, f'sessions is {type(evidence.info.get("sessions")).__name__}')
    if wrong:
        return Answer('problem', f'{"; ".join(wrong[:5])}.', 'Report it with the version of PowerShell.')
    return Answer('ok', f'Checked: {_count(len(evidence.listed))}.')


_TEXT = (str, type(None))
_TYPES: dict[str, tuple[type, ...]] = {
    'id': (int,),
    'state': (str,),
    'user': _TEXT,
    'account': _TEXT,
    'logon_time': _TEXT,
    'last_input_time': _TEXT,
    'idle_seconds': (int, type(None)),
    'console': (bool,),
    'ghost': (bool,),
    'token': _TEXT,
    'processes': (list,),
}


@check('Does Windows answer the query for a session with all facts (class 25)?')
def session_facts(evidence: Evidence) -> Answer:
    errors = evidence.facts.get('session0_errors')
    if not errors:
        return unknown(evidence, 'session0_errors')
    if errors.get('25') == 0:
        return Answer('ok', 'Class 25 (WTSSessionInfoEx) is answered.')
    if errors.get('24') == 0:
        return Answer(
            'attention',
            f'Class 25 fails with Win32 error {errors.get("25")}, class 24 is answered.',
            'The lock state is unknown on this host, and user names may be cut off after 20 characters.',
        )
    answer = f'Class 25 fails with Win32 error {errors.get("25")}, class 24 with {errors.get("24")}.'
    return Answer('problem', answer, RUN_AS_ADMINISTRATOR)


@check('How does Windows report a session ID that does not exist?')
def unknown_id(evidence: Evidence) -> Answer:
    errors = evidence.facts.get('unknown_id_errors')
    if not errors:
        return unknown(evidence, 'unknown_id_errors')
    answer = 'Win32 errors: ' + ', '.join(f'{errors[one]} (class {one})' for one in sorted(errors, key=int))
    if set(errors.values()) <= ERRORS_OF_AN_UNKNOWN_ID:
        return Answer('ok', f'{answer}.')
    action = 'A session that ends during a task may be reported as failed instead of gone. Report it.'
    return Answer('attention', f'{answer}. Expected: 2 or 7022.', action)


# ---- Names ----


@check('Does Windows spell the account of the connection as in the session list?')
def account_name(evidence: Evidence) -> Answer:
    account, domain = evidence.facts.get('account'), evidence.facts.get('account_domain')
    if not account:
        action = 'Set protect_connection_user=false and name the account in protect_users.'
        return Answer('problem', f'The account is unknown: {evidence.reason("account")}', action)
    if domain is None:
        action = 'Log on with this account by RDP, then run win_user_session with --check: it has to be protected.'
        return unknown(evidence, 'account_domain', action=action)
    if str(account).rpartition('\\')[0].casefold() != str(domain).casefold():
        return Answer(
            'attention',
            f'The account is {account}, its domain in the session list is {domain}.',
            'The account is compared by its SID. Log on with it by RDP and run win_user_session with --check: it has '
            'to be protected.',
        )
    return Answer('ok', f'{account}.')


@check('Are names longer than 20 characters and Entra ID accounts complete?', listed=True)
def long_names(evidence: Evidence) -> Answer:
    found = [
        session
        for session in evidence.users
        if len(session['user']) >= 20 or str(session.get('domain')).casefold() == 'azuread'
    ]
    action = 'Compare account of win_user_session_info with the output of whoami in the session.'
    if not found:
        return Answer('manual', 'No such session.', f'With a session of such an account: {action}')
    return Answer('manual', f'Sessions {", ".join(str(session["id"]) for session in found)}.', action)


# ---- Times ----


@check('Does Windows keep the last input time of before a reconnect?', listed=True)
def reconnect(evidence: Evidence) -> Answer:
    older: list[int] = []
    newer: list[int] = []
    for session in evidence.users:
        connect, logon = read_time(session.get('connect_time')), read_time(session.get('logon_time'))
        last_input = read_time(session.get('last_input_time'))
        if session.get('state') != 'active' or not connect or not logon or not last_input:
            continue
        if connect - logon < datetime.timedelta(minutes=1):
            continue  # it was connected once only
        (older if last_input < connect else newer).append(session['id'])
    action = 'Disconnect a test session for ten minutes, reconnect, do not touch it, and run the self-check again.'
    if older:
        return Answer(
            'attention',
            f'Yes: in session {older[0]} the last input is older than the connect.',
            'None. The collection counts the idle time from the later of the two.',
        )
    if newer:
        return Answer('ok', f'Not seen: in session {newer[0]} the last input is not older than the connect.')
    return Answer('manual', 'No active session was reconnected.', action)


@check('Which facts does Windows report for disconnected sessions?', listed=True)
def disconnected(evidence: Evidence) -> Answer:
    sessions = [session for session in evidence.users if session.get('state') == 'disconnected']
    if not sessions:
        return Answer('manual', 'No disconnected session.', 'Repeat it while a session is disconnected.')
    keys = ('disconnect_time', 'last_input_time', 'client_name', 'client_address')
    protocols = sorted({session.get('protocol') or 'unknown' for session in sessions})
    known = {key: sum(session.get(key) is not None for session in sessions) for key in keys}
    answer = ', '.join(f'{key}: {count} of {len(sessions)}' for key, count in known.items())
    answer += f'; protocol {", ".join(protocols)}'
    if known['disconnect_time'] < len(sessions):
        action = 'Sessions without a disconnect time do not reach max_disconnected. Use max_logged_on as well.'
        return Answer('attention', f'Known: {answer}.', action)
    if not known['client_name']:
        return Answer('ok', f'Known: {answer}. client_names selects no disconnected session.')
    return Answer('ok', f'Known: {answer}.')


@check('Is the console session flagged, and is its input time updated?', listed=True)
def console(evidence: Evidence) -> Answer:
    flagged = [session for session in evidence.listed if session.get('console')]
    if len(flagged) > 1:
        return Answer('problem', f'{len(flagged)} sessions are flagged as the console.', 'Report it.')
    if not flagged:
        return Answer('ok', 'The host has no console session.')
    session = flagged[0]
    answer = f'Session {session["id"]} is the console, state {session.get("state")}.'
    if not session.get('user'):
        return Answer('ok', f'{answer} No user is logged on.')
    idle = evidence.seconds(session, 'last_input_time')
    answer += ' Last input unknown.' if idle is None else f' Last input {idle:.0f} s ago.'
    action = 'Type at the console for a minute and run the self-check again. Keep protect_console_idle on if it stays.'
    return Answer('manual', answer, action)


@check('Does Windows report whether a session is locked?', listed=True)
def lock_state(evidence: Evidence) -> Answer:
    sessions = [session for session in evidence.users if session.get('state') == 'active']
    if not sessions:
        return Answer('manual', 'No active session.', 'Repeat it while a user is connected.')
    known = [session for session in sessions if session.get('locked') is not None]
    answer = f'Known: {len(known)} of {_count(len(sessions))}.'
    return Answer('ok', answer) if known else Answer('attention', answer, 'The option locked selects no session.')


# ---- Clients ----


@check('Does Windows report the clients of active sessions?', listed=True)
def clients(evidence: Evidence) -> Answer:
    sessions = [one for one in evidence.users if one.get('state') == 'active' and not one.get('console')]
    if not sessions:
        return Answer('manual', 'No active remote session.', 'Repeat it while a user is connected.')
    known = [session for session in sessions if session.get('client_name') or session.get('client_address')]
    answer = f'Known: {len(known)} of {_count(len(sessions))}.'
    action = 'client_names selects no session without a client name. Check the service TermService.'
    return Answer('ok' if known else 'attention', answer, '' if known else action)


@check('Is the client address the address of the connection?', listed=True)
def client_address(evidence: Evidence) -> Answer:
    addresses = evidence.facts.get('rdp_addresses')
    reported = sorted(
        {
            str(session['client_address'])
            for session in evidence.users
            if session.get('client_address') and session.get('state') == 'active' and session.get('protocol') == 'rdp'
        }
    )
    action = 'On the host: Get-NetTCPConnection -LocalPort 3389 -State Established, then compare with client_address.'
    if addresses is None or not reported:
        reason = (
            'No active session has a client address.' if addresses is not None else evidence.reason('rdp_addresses')
        )
        return Answer('manual', reason, action)
    missing = [address for address in reported if address not in addresses]
    if missing:
        action = 'None if clients connect through a gateway or NAT. Otherwise report it.'
        return Answer('attention', f'No connection from {", ".join(missing)}.', action)
    return Answer('ok', f'Compared: {_count(len(reported), "address", "addresses")}.')


@check('Is Remote Desktop Services running?')
def term_service(evidence: Evidence) -> Answer:
    status = evidence.facts.get('term_service')
    if status is None:
        return unknown(evidence, 'term_service', action='On the host: Get-Service TermService.')
    if status != 'Running':
        action = 'None. Sessions are listed without it; facts about clients are unknown.'
        return Answer('attention', f'The service TermService is {status}.', action)
    return Answer('ok', 'The service TermService is running.')


# ---- Logon mode and notices ----


@check('Does the host honor drain mode?')
def drain(evidence: Evidence) -> Answer:
    if not evidence.was_read('session_host_role'):
        return unknown(evidence, 'session_host_role')
    if evidence.facts.get('session_host_role') == 1:
        return Answer('ok', 'The RD Session Host role is installed.')
    return Answer(
        'attention',
        'The RD Session Host role is not installed.',
        'Drain mode may be ignored. On a test host: run win_logon_mode with mode=drain, try to log on with mstsc, then '
        'run it with mode=enabled.',
    )


@check('Which logon mode is set?')
def logon_mode(evidence: Evidence) -> Answer:
    if not evidence.was_read('drain_mode', 'logons_disabled'):
        return unknown(evidence, 'drain_mode', 'logons_disabled')
    value, disabled = evidence.facts.get('drain_mode'), evidence.facts.get('logons_disabled')
    shown = ['not set' if one is None else one for one in (value, disabled)]
    answer = f'TSServerDrainMode: {shown[0]}. WinStationsDisabled: {shown[1]}.'
    if value not in DRAIN_MODES or disabled not in (None, '0', '1'):
        return Answer('problem', answer, 'The values are not documented. Set a mode with win_logon_mode.')
    mode = 'disabled' if disabled == '1' else DRAIN_MODES[value]
    if mode != 'open':
        action = 'None if this is intended. Otherwise run win_logon_mode with mode=enabled.'
        return Answer('attention', f'{answer} New logons: {mode}.', action)
    return Answer('ok', f'{answer} New logons are allowed.')


@check('Are notices removed by a restart?')
def notices(evidence: Evidence) -> Answer:
    action = 'After a restart, on the host: reg query HKLM\\SOFTWARE\\winops /s. The key must not exist.'
    if not evidence.was_read('notices_key'):
        return unknown(evidence, 'notices_key')
    exists = evidence.facts.get('notices_key')
    return Answer('manual', f'The key of the notices {"exists" if exists else "does not exist"}.', action)


# ---- By hand ----

manual(
    'reset_exit_code',
    'Does rwinsta report a failure by its exit code?',
    'On the host, with an ID that does not exist: rwinsta 60000; $LASTEXITCODE. It must not be 0. The self-check runs '
    'no command that can end a session.',
)
manual(
    'states_while_ending',
    'Which states does a session pass through while it ends?',
    'Run win_user_session_info with include_all=true every two seconds while a test user signs out, once over RDP and '
    'once at the console. Report a row without a user in state active or connected.',
)
manual(
    'console_session',
    'Can the session of the console be logged off and disconnected?',
    'With a test user at the console, run win_user_session with state=disconnected, then with state=logged_off.',
)
manual(
    'message_box',
    'When does a locked session show a message, and does closing it count as input?',
    'Send a message to a locked test session with win_user_session_message, close it, and compare last_input_time.',
)


def evaluate(evidence: Evidence) -> list[dict[str, str]]:
    """Make all checks.

    :param evidence: the answers of the host.
    :returns: a dictionary for each check.
    """
    return [
        {'name': one.name, 'question': one.question, **t.cast('dict[str, str]', one.find(evidence)._asdict())}
        for one in CHECKS
    ]
