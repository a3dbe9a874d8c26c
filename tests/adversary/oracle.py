# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judges what the modules did to a simulated host by the host's own record.

It implements the documentation, independently of the code. Where the documentation lets doubt decide, `unmet` names an
option and `protection` a reason only if it is certain: what it calls wrong is wrong under every reading.
"""

from __future__ import annotations

import functools
import json
import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from winhost.api import ANY_SESSION
from winhost.clock import SECOND, filetime
from winhost.directory import fold
from winhost.host import Call, Host
from winhost.sessions import Session, State

CALLER = 'CORP\\ansible'
ENDING = {'WTSLogoffSession': 'logoff', 'rwinsta': 'reset'}
ACTS = {**ENDING, 'WTSDisconnectSession': 'disconnect'}
READ = 'WTSQuerySessionInformationW'
LIMITS = ('max_disconnected', 'max_idle', 'max_logged_on')
CRITERIA = (
    *('users', 'exclude_users', 'groups', 'session_ids', 'tokens', 'states', 'locked', 'processes', 'client_names'),
    *('ghosts', 'all_sessions', *LIMITS),
)
_LEFT = (State.DISCONNECTED, State.DOWN)
_TRACED = 80
_TOLERANCE = 300 * SECOND  # a clock that was corrected a little


# ---- What the documentation states about one session ----


def token(session: Session) -> str:
    """The identity of a session."""
    stamp = session.logon_time if session.user else session.connect_time
    return f'{session.id}:{stamp}:{session.account or ""}'.casefold()


@functools.cache
def matches(pattern: str, text: str | None) -> bool:
    """Whether a text matches a pattern with the wildcards * and ?."""
    parts = {'*': '.*', '?': '.'}
    regex = ''.join(parts.get(char, re.escape(fold(char))) for char in pattern)
    return text is not None and re.fullmatch(regex, fold(text), re.DOTALL) is not None


def _is_named(
    host: Host, session: Session, names: list[str], unresolved: Collection[str] = (), unseen: Collection[str] = ()
) -> bool:
    """Whether a session's user is one of those named.

    :param unresolved: the names that could not be resolved, which name every account with the same user part.
    :param unseen: the sessions whose processes could not be seen: the SID is that of the account's name.
    """
    if session.user is None:
        return False
    sids = {session.sid}
    if token(session) in unseen:
        sids.add(host.find_account(session.account or '').sid)
    texts = [session.user, f'{session.domain}\\{session.user}', f'{session.user}@{session.domain}', *sids]
    is_text = any(matches(name, text) for name in names for text in texts)
    return is_text or any(_is_resolved(host, session, name, unresolved, sids) for name in names)


def _is_resolved(
    host: Host, session: Session, name: str, unresolved: Collection[str], sids: Collection[str | None]
) -> bool:
    """Whether Windows resolves a name to a session's user."""
    if not re.search(r'[\\@]', name) or re.search(r'[*?]', name):
        return False
    found = host.find_account(name)
    if found.error or found.sid is None:
        user = name.rpartition('\\')[2] if '\\' in name else name.rpartition('@')[0]
        return name in unresolved and fold(user) == fold(session.user or '')
    return found.sid in sids


def _groups(host: Host, session: Session) -> set[str]:
    return {host.directory.sid(group.name) for group in session.groups if group.attributes & 4}


def _program(pattern: str) -> str:
    return pattern if re.search(r'[.*?]', pattern) else f'{pattern}.exe'


def _runs(session: Session, patterns: list[str]) -> bool:
    return any(
        matches(form, process.name)
        for pattern in patterns
        for form in (pattern, _program(pattern))
        for process in session.processes
    )


def last_use(session: Session) -> int:
    """The latest input or connect of a session."""
    return max(session.last_input_time, session.connect_time)


def reached(host: Host, session: Session, options: dict[str, Any]) -> set[str]:
    """The limits that a session has reached."""
    now = host.clock.now()

    def age(stamp: int) -> float | None:
        return None if stamp == 0 else max(0, now - stamp) / SECOND

    is_left = session.state in _LEFT
    left = age(session.disconnect_time or (0 if session.user else session.connect_time)) if is_left else None
    used = max(last_use(session), session.logon_time) if session.last_input_time else 0
    ages = {
        'max_disconnected': left,
        'max_idle': left if is_left else age(used),
        'max_logged_on': age(session.logon_time),
    }
    if session.user is None:
        ages = {'max_disconnected': left}
    return {
        name
        for name, found in ages.items()
        if options.get(name) is not None and found is not None and found >= float(options[name])
    }


def is_candidate(host: Host, session: Session, options: dict[str, Any]) -> bool:
    """Whether a session is of the kind that can be selected."""
    if not 1 <= session.id <= 65535 or session.state == State.LISTEN:
        return False
    if session.user is not None:
        return True
    if not options.get('ghosts') or session.id == host.sessions.console:
        return False
    is_named = bool(options.get('session_ids') or options.get('tokens'))
    is_old = host.clock.now() - session.connect_time >= 60 * SECOND
    return session.state in _LEFT or (is_named and is_old)


def unmet(
    host: Host,
    session: Session,
    options: dict[str, Any],
    unresolved: Collection[str] = (),
    unseen: Collection[str] = (),
) -> set[str]:
    """The options that do not select a session.

    :param unresolved: the names that the run could not resolve.
    :param unseen: the sessions whose processes the run could not see.
    :returns: their names, ``limits`` for those of them, ``kind`` if no option selects sessions of its kind.
    """
    checks = {
        'users': lambda names: _is_named(host, session, names, unseen=unseen),
        'exclude_users': lambda names: not _is_named(host, session, names, unresolved),
        'groups': lambda names: bool(_groups(host, session) & {host.directory.sid(name) for name in names}),
        'session_ids': lambda ids: session.id in ids,
        'tokens': lambda tokens: token(session) in {text.casefold() for text in tokens},
        'states': lambda states: session.state.name.lower() in states,
        'locked': lambda locked: session.locked is locked,
        'processes': lambda names: _runs(session, names),
        'client_names': lambda names: any(matches(name, session.client.name) for name in names),
    }
    found = {name for name, check in checks.items() if options.get(name) is not None and not check(options[name])}
    if any(options.get(name) is not None for name in LIMITS) and not reached(host, session, options):
        found.add('limits')
    return found if is_candidate(host, session, options) else {*found, 'kind'}


def protection(host: Host, session: Session, options: dict[str, Any], unresolved: Collection[str] = ()) -> str | None:
    """The reason why a session is certainly protected.

    :param unresolved: the names that the run could not resolve.
    """
    if session.id == host.own_session:
        return 'own_session'
    if options.get('protect_connection_user', True) and fold(session.account or '') == fold(CALLER):
        return 'connection_user'
    if _is_named(host, session, options.get('protect_users') or [], unresolved):
        return 'protected_user'
    if _groups(host, session) & {host.directory.sid(name) for name in options.get('protect_groups') or []}:
        return 'protected_group'
    # A user's session without processes has some that cannot be seen.
    is_unseen = session.user is not None and not session.processes
    if options.get('protect_processes') and (_runs(session, options['protect_processes']) or is_unseen):
        return 'protected_process'
    is_console = session.id == host.sessions.console
    if options.get('protect_console_idle', True) and is_console and reached(host, session, options) == {'max_idle'}:
        return 'console_idle'
    return None


# ---- What happened ----


@dataclass
class Instant:
    """A session at one moment; ``token`` None: there was none of that ID.

    :ivar is_selected_by_facts: whether the options select it, apart from its processes and its client.
    :ivar calls: how many calls the run had made.
    """

    time: int
    token: str | None = None
    account: str | None = None
    is_selected: bool = False
    is_selected_by_facts: bool = False
    protection: str | None = None
    reached: frozenset[str] = frozenset()
    state: str = ''
    last_use: int = 0
    connect_time: int = 0
    logon_time: int = 0
    calls: int = 0

    @property
    def may_end(self) -> bool:
        """Whether the options select the session and do not protect it."""
        return self.is_selected and self.protection is None


@dataclass
class Act:
    """A call that ends or disconnects a session, or shows a message.

    :ivar at: the session immediately before it.
    :ivar error: what it was answered with; None: it was not answered while the run lasted.
    :ivar is_of_rest: whether the session is what a logoff by the same run has left.
    :ivar is_stray: whether another session got the ID while the command that resets it started.
    :ivar was_seen: whether the run had read that session. A list has no logon time, which tells it from an earlier one.
    """

    api: str
    session: int
    at: Instant
    error: int | None = None
    carried_out: bool = False
    is_of_rest: bool = False
    is_stray: bool = False
    was_seen: bool = False


@dataclass
class Promise:
    """A warning with the time of the end, or an attempt to show it."""

    time: int
    due: int
    reached: frozenset[str]
    is_shown: bool


@dataclass
class Run:
    """One run of win_user_session, by one process."""

    pid: int
    options: dict[str, Any]
    check: bool
    acts: list[Act] = field(default_factory=list)
    boxes: list[Act] = field(default_factory=list)
    reads: dict[int, list[Instant]] = field(default_factory=lambda: defaultdict(list))
    looks: dict[int, list[Instant]] = field(default_factory=lambda: defaultdict(list))
    writes: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    process_lists: list[bool] = field(default_factory=list)
    tokens_read: bool = False
    unresolved: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    calls: int = 0
    planned_at: int | None = None

    @property
    def notice(self) -> dict[str, Any] | None:
        """The option notice."""
        return self.options.get('notice')

    @property
    def key(self) -> str:
        """What makes it the same notice: selection, text, title, time."""
        told = {name: (self.notice or {}).get(name) for name in ('text', 'title', 'grace', 'at')}
        return json.dumps([{name: self.options.get(name) for name in CRITERIA}, told], sort_keys=True)

    def selected(self, session: int) -> Instant | None:
        """The session of an ID when the plan was made."""
        read = [seen for seen in self.reads[session] if self.planned_at and seen.calls <= self.planned_at]
        return read[-1] if read else None

    def has_come_to(self, moment: int) -> bool:
        """Whether so many calls were made since the plan was made or, if negative, since the start."""
        if moment < 0:
            return self.calls > -moment
        return self.planned_at is not None and self.calls > self.planned_at + moment

    def due(self, start: int) -> int:
        """When the grace period of a notice that is given at a moment ends."""
        notice = self.notice or {}
        if notice.get('at') is not None:
            return max(start, filetime(notice['at']))
        return start + int(float(notice['grace']) * SECOND)


def _line(run: Run, call: Call) -> str:
    names = ('session', 'class', 'name', 'process')
    arguments = ' '.join(str(call.arguments[name]) for name in names if name in call.arguments)
    return f'{run.pid} {call.caller or ""}{call.api} {arguments}'


class Judge:
    """Watches a host and finds what a run did wrong.

    :param host: the host.

    :ivar wrong: what was wrong, readable.
    :ivar inject: called before each call of a run that is not an act, with the run.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.wrong: list[str] = []
        self.runs: dict[int, Run] = {}
        self.promises: dict[tuple[str, str], list[Promise]] = defaultdict(list)
        self.inject: Any = lambda run, call: None
        self.trace: list[str] = []
        self._pending: dict[int, tuple[Run, Act | None]] = {}
        self._shown: set[tuple[str, str]] = set()
        host.watchers.append(self._watch)

    def instant(self, run: Run, session_id: int) -> Instant:
        """A session as it is now."""
        now = self.host.clock.now()
        if session_id not in self.host.sessions:
            return Instant(now, calls=run.calls)
        session, options = self.host.sessions[session_id], run.options
        missed = unmet(self.host, session, options, run.unresolved, run.unseen)
        return Instant(
            now,
            token(session),
            session.account,
            not missed,
            missed <= {'processes', 'client_names'},
            protection(self.host, session, options, run.unresolved),
            frozenset(reached(self.host, session, options)),
            session.state.name.lower(),
            last_use(session),
            session.connect_time,
            session.logon_time,
            run.calls,
        )

    def as_read(self, run: Run, session_id: int, since: int) -> Instant:
        """A session as it is now, but with the processes and the client that it had when they were read.

        They are read before the facts, which are read last. What starts in between is seen by the next reading.

        :param since: how many calls the run had made at the reading before.
        """
        now = self.instant(run, session_id)
        looks = [look for look in run.looks[session_id] if look.token == now.token and look.calls > since]
        if now.is_selected_by_facts and any(look.is_selected for look in looks):
            now = replace(now, is_selected=True)
        if now.protection == 'protected_process' and any(look.protection is None for look in looks):
            now = replace(now, protection=None)
        return now

    def begin(self, pid: int, options: dict[str, Any], check: bool) -> Run:
        """Note that a process runs the module from now on."""
        run = Run(pid, options, check)
        self.runs[pid] = run
        return run

    # ---- While it runs ----

    def _run_of(self, call: Call) -> Run | None:
        if call.pid in self.runs or not call.caller:
            return self.runs.get(call.pid)
        try:
            with open(f'/proc/{call.pid}/stat', encoding='ascii', errors='replace') as stat:
                return self.runs.get(int(stat.read().rpartition(')')[2].split()[1]))
        except OSError:
            return None

    def _watch(self, when: str, call: Call) -> None:
        if when == 'before':
            run = self._run_of(call)
            if run is not None:
                self._pending[id(call)] = run, self._before(run, call)
        elif when == 'after' and id(call) in self._pending:
            run, act = self._pending.pop(id(call))
            # A call that hung may be carried out when the run that made it is over.
            if self.runs.get(run.pid) is run:
                self._after(run, act, call)

    def _before(self, run: Run, call: Call) -> Act | None:
        run.calls += 1
        if call.api == 'GetUserNameExW':
            run.planned_at = run.calls
        self.trace.append(_line(run, call))
        is_act = call.api in ACTS or call.api == 'WTSSendMessageW'
        if not is_act and not call.caller:
            self.inject(run, call)
        if call.api == READ and call.arguments['class'] in (24, 25) and not call.caller:
            reads = run.reads[call.arguments['session']]
            reads.append(self.as_read(run, call.arguments['session'], reads[-1].calls if reads else 0))
        if call.api == 'WTSEnumerateProcessesExW' or (call.api == READ and call.arguments['class'] == 10):
            run.looks[call.arguments['session']].append(self.instant(run, call.arguments['session']))
        if call.api == 'WTSEnumerateSessionsExW' and not call.caller:
            run.listed = [token(row) for row in self.host.sessions if row.user and 1 <= row.id <= 65535]
        if not is_act or call.arguments['server'] is not None:
            return None
        reads = run.reads[call.arguments['session']][-2:-1]
        at = self.as_read(run, call.arguments['session'], reads[0].calls if reads else 0)
        act = Act(call.api, call.arguments['session'], at)
        if call.api in ACTS:
            self._judge(run, act)
        (run.acts if act.api in ACTS else run.boxes).append(act)
        return act

    def _after(self, run: Run, act: Act | None, call: Call) -> None:
        self.trace.append(f'{run.pid}   = {call.error}')
        if act is not None:
            act.error, act.carried_out = call.error, call.carried_out
            if act.api == 'WTSSendMessageW':
                self._note_message(run, act)
        if call.acted and call.api.startswith('Reg'):
            run.writes.append(call.api)
        if call.acted and call.api == 'RegSetValueExW':
            # From now on, another controller finds the notice.
            self._note_try(run, str(call.arguments['name']))
        if call.api == 'WTSEnumerateProcessesExW':
            asked = [row for row in self.host.sessions if call.arguments['session'] in (ANY_SESSION, row.id)]
            is_empty = not call.error and not call.result
            run.process_lists.append(not call.error and not (is_empty and any(row.user for row in asked)))
            run.unseen |= {token(row) for row in asked if call.error or is_empty or not row.processes}
        if call.api == 'LookupAccountNameW' and call.error:
            run.unresolved.add(call.arguments['name'])
        if call.api == 'GetTokenInformation' and call.error == 0:
            run.tokens_read = True

    def _note_message(self, run: Run, act: Act) -> None:
        if run.check:
            self.blame(run, f'sent a message to {act.at.account} in check mode')
        if run.notice is None or act.at.token is None:
            return
        is_shown = act.carried_out and act.at.state == 'active'
        seen = self._last_read(run, act.session)
        promise = Promise(act.at.time, run.due(act.at.time), seen.reached if seen else act.at.reached, is_shown)
        self.promises[run.key, act.at.token].append(promise)
        if is_shown:
            self._shown.add((run.key, act.at.token))

    def _last_read(self, run: Run, session: int) -> Instant | None:
        return run.reads[session][-1] if run.reads[session] else None

    def _judge(self, run: Run, act: Act) -> None:
        """Judge an act before it is carried out."""
        at = act.at
        selected = run.selected(act.session)
        if act.api == 'rwinsta':
            at = self._requested(run, act, selected)
            act.is_stray = act.at.account is not None and at.token != act.at.token
            act.was_seen = any(seen.token == act.at.token for seen in run.reads[act.session])
        what = f'{ACTS[act.api]} of session {act.session} ({at.account})'
        if run.check:
            self.blame(run, f'{what} in check mode')
        act.is_of_rest = self._is_left_of(run, act)
        if act.at.token is None or act.is_of_rest:
            return  # the session ended before the call
        # Another controller's logoff may have left a session without a user before the command started to work.
        act.is_of_rest = act.at.account is None and act.at.connect_time == at.connect_time
        asked = [earlier for earlier in run.acts if earlier.at.token == at.token and earlier.error == 0]
        is_ending = bool(asked) and at.state in ('disconnected', 'down')
        if not at.is_selected and not is_ending:
            self.blame(run, f'{what}, which does not match: {at}')
        if at.protection:
            self.blame(run, f'{what}, which is protected: {at.protection}')
        if at.account is not None and selected is not None and at.token != selected.token:
            self.blame(run, f'{what}, which is not the session that was selected: {selected}')
        if run.options.get('protect_processes') and not any(run.process_lists[-1:]):
            self.blame(run, f'{what}, whose processes could not be read')
        if run.options.get('protect_groups') and at.account and not run.tokens_read:
            self.blame(run, f'{what}, whose groups could not be read')
        # What a session does while it ends is the effect of the act before.
        self._judge_kind(run, act, what, at, asked[-1].at.reached if is_ending else at.reached)
        if run.notice is not None:
            # The clock may be set back between the request of a reset and the work of the command. A user may be active
            # again in between, and the command begin its work before the reading that shows it has stopped the command.
            before = [
                seen
                for seen in run.reads[act.session]
                if act.api == 'rwinsta' and seen.token == at.token and seen.may_end
                if seen.time > at.time or seen in run.reads[act.session][-3:]
                if selected and seen.calls > selected.calls
            ]
            reasons = [self._not_warned(run, seen) for seen in (at, *before)]
            reason = None if None in reasons else reasons[0]
            if reason:
                self.blame(run, f'{what} against its notice: {reason}; {at}')

    @staticmethod
    def _requested(run: Run, act: Act, selected: Instant | None) -> Instant:
        """The reading after which a reset was requested: a process start lies between it and the act."""
        # A disconnect meanwhile may be part of the act.
        latest = 0 if act.at.state in ('disconnected', 'down') else -3
        readings = [seen for seen in run.reads[act.session][latest:] if seen.may_end]
        # The reading of another session after that is no reading before the request.
        own = [seen for seen in readings if selected and seen.token == selected.token and seen.calls > selected.calls]
        return (own or readings or [act.at])[-1]

    @staticmethod
    def _is_left_of(run: Run, act: Act) -> bool:
        """Whether a session without a user is what an earlier logoff by the same run has left."""
        return act.at.account is None and any(
            earlier.session == act.session and earlier.at.connect_time == act.at.connect_time for earlier in run.acts
        )

    def _judge_kind(self, run: Run, act: Act, what: str, at: Instant, reached: frozenset[str]) -> None:
        options, method = run.options, run.options.get('method', 'logoff')
        kind = ACTS[act.api]
        is_only_idle = reached == {'max_idle'} and options.get('idle_action') == 'disconnect'
        if options['state'] == 'disconnected' or is_only_idle:
            allowed = {'disconnect'}
        else:
            allowed = {'logoff', 'reset'} if method == 'logoff_then_reset' else {method}
        if kind not in allowed:
            self.blame(run, f'{what}, although the options ask for {allowed}')
        if kind == 'reset' and method == 'logoff_then_reset':
            asked = [earlier for earlier in run.acts if earlier.at.token == at.token and earlier.api != 'rwinsta']
            if not asked:
                self.blame(run, f'{what} without a logoff')

    def _not_warned(self, run: Run, at: Instant) -> str | None:
        """Why a notice does not permit an act."""
        if at.time < at.logon_time - _TOLERANCE:
            return None  # the clock was set to a time before the logon: no time is reliable
        if at.account is None:
            return None  # nobody can be warned
        promises = self.promises[run.key, at.token or '']
        shown = [promise for promise in promises if promise.is_shown and promise.time <= at.time + _TOLERANCE]
        if (run.notice or {}).get('remind') is None and shown:
            # Without reminders, each message starts a grace period of its own.
            shown = shown[-1:]
        running = [promise for promise in shown if promise.due > at.time]
        is_left = at.state in ('disconnected', 'down')
        if is_left and not running:
            return None
        problems = [self._problem(run, promise, at) for promise in shown]
        if None in problems:
            return None
        tried = [
            promise
            for promise in promises
            if not promise.is_shown and promise.due <= at.time and promise.time >= at.last_use
        ]
        if tried and not shown:
            return None
        return '; '.join(problem for problem in problems if problem) or 'never warned'

    def _problem(self, run: Run, promise: Promise, at: Instant) -> str | None:
        if promise.due > at.time:
            return f'promised {(promise.due - at.time) / SECOND:.0f} s more'
        options = run.options
        limits = [name for name in LIMITS if options.get(name) is not None]
        stayed = {
            name
            for name in promise.reached & at.reached
            if name == 'max_logged_on' or at.last_use <= promise.time or float(options[name]) == 0
        }
        if limits and not stayed:
            return 'no limit has stayed reached since the warning'
        if (run.notice or {}).get('renew'):
            return 'renew starts over'
        valid = float((run.notice or {}).get('valid', 3600))
        if at.last_use > promise.due and at.time - promise.due > valid * SECOND:
            return 'in use, and the warning is no longer valid'
        return None

    def blame(self, run: Run, text: str) -> None:
        """Note that a run did something wrong."""
        last = '\n'.join(self.trace[-_TRACED:])
        self.wrong.append(f'{text}\noptions of {run.pid}: {run.options}\nthe last calls:\n{last}')

    # ---- When it has ended ----

    def end(self, run: Run, result: dict[str, Any], calm: bool) -> None:
        """Compare what a run returned with what happened.

        :param run: the run.
        :param result: what it returned.
        :param calm: whether nothing changed or failed meanwhile.
        """
        del self.runs[run.pid]
        for box in run.boxes:
            if box.error is None:
                self._note_message(run, box)
        records = result.get('sessions') or []
        if run.check and run.writes:
            self.blame(run, f'wrote to the registry in check mode: {run.writes}')
        tokens = {record['token'].casefold() for record in records}
        for act in run.acts:
            # A session that could not be read is listed without its logon or connect time.
            unread = f'{act.session}:0:{act.at.account or ""}'.casefold()
            is_listed = act.at.token is None or bool({act.at.token, unread} & tokens)
            if act.carried_out and act.api != 'rwinsta' and not is_listed:
                self.blame(
                    run, f'{act.api} of session {act.session} ({act.at.account}), which the result does not list'
                )
            is_reported = any(
                record['id'] == act.session and record['outcome'] in ('session_changed', 'failed') for record in records
            )
            if act.carried_out and act.is_stray and act.was_seen and not (is_reported and result.get('failed')):
                self.blame(run, f'reset of session {act.session} ({act.at.account}), which the result does not report')
        limit = run.options.get('max_sessions')
        if limit is not None and len({act.at.token for act in run.acts if not act.is_of_rest}) > int(limit):
            self.blame(run, f'more than {limit} sessions were acted on')
        for record in records:
            problem = self._untrue(run, record)
            if problem:
                self.blame(run, f'{record["outcome"]} for {record["account"]} ({record["token"]}): {problem}')
        self._judge_summary(run, result, records)
        if run.notice is not None and not run.check:
            if calm and not result.get('failed'):
                self._forget_what_no_longer_matches(run)
            for reads in run.reads.values():
                # A session that stops matching loses its record.
                if reads and reads[-1].token and not reads[-1].may_end:
                    self.promises.pop((run.key, reads[-1].token), None)

    def _judge_summary(self, run: Run, result: dict[str, Any], records: list[dict[str, Any]]) -> None:
        outcomes = {record['outcome'] for record in records}
        if bool(outcomes & {'failed', 'still_present'}) and not result.get('failed'):
            self.blame(run, f'did not fail with {outcomes}')
        accepted = [act for act in run.acts if act.error in (0, None) and act.at.token]
        shown = [box for box in run.boxes if box.error == 0]
        if run.check or not records:
            return
        if accepted and all(act.api != 'rwinsta' for act in accepted) and not result.get('changed'):
            self.blame(run, 'changed is false after an act')
        # The start of a command is no call: on a busy host, a reset may be stopped before its first one.
        is_started = any(
            record['action'] == 'reset' and record['outcome'] in ('still_present', 'session_changed')
            for record in records
        )
        if not run.acts and not shown and not run.writes and not is_started and result.get('changed'):
            self.blame(run, 'changed is true and nothing was done')

    def _untrue(self, run: Run, record: dict[str, Any]) -> str | None:
        """Why an outcome is not what happened."""
        identity, outcome, session_id = record['token'].casefold(), record['outcome'], record['id']
        if ':0:' in identity:
            return None  # its facts could not be read
        acts = [
            act
            for act in run.acts
            if act.at.token == identity or (act.session == session_id and (act.is_of_rest or act.is_stray))
        ]
        # Whether a call that failed on its way, or did not return, had an effect is unknown.
        done = {ACTS[act.api] for act in acts if act.carried_out}
        asked = done | {ACTS[act.api] for act in acts if act.error in (None, 1726)}
        # With a clock that stands still, a new logon screen may have the connect time of a ghost session.
        is_logon_screen = not record['account'] and session_id == self.host.sessions.console
        is_there = (
            session_id in self.host.sessions
            and token(self.host.sessions[session_id]) == identity
            and not is_logon_screen
        )
        is_other = (session_id in self.host.sessions and not is_there) or any(
            seen.token not in (None, identity) for seen in [*run.reads[session_id], *(act.at for act in acts)]
        )
        # A message that was answered with an error counts as not shown, although it may have been.
        shown = any(box.at.token == identity and box.error == 0 for box in run.boxes)
        reads = [seen for seen in run.reads[session_id] if seen.token == identity]
        if outcome in ('logged_off', 'reset', 'already_gone', 'session_changed') and is_there:
            return 'it is there'
        if outcome == 'logged_off' and not asked & {'logoff', 'reset'}:
            return 'it was not logged off by this run'
        if outcome == 'reset' and 'reset' not in asked:
            return 'it was not reset'
        if outcome == 'already_gone' and any(
            act.carried_out and act.api in ENDING and not act.is_stray for act in acts
        ):
            return 'it was ended by this run'
        if outcome == 'session_changed' and not is_other:
            return 'its ID has not been reused'
        if outcome == 'disconnected' and 'disconnect' not in asked:
            return 'it was not disconnected by this run'
        if outcome == 'already_disconnected' and ('disconnect' in done or not self._was(reads, 'disconnected', 'down')):
            return 'it was not disconnected before'
        # A session that is only idle may have to be disconnected, by the next run.
        kinds = {(seen.may_end, 'idle_action' in run.options and seen.reached == {'max_idle'}) for seen in reads}
        if outcome == 'no_longer_matches' and run.notice is None and kinds in ({(True, True)}, {(True, False)}):
            return 'it matched whenever it was read'
        if outcome == 'planned' and not run.check and 'max_sessions' not in run.options:
            return 'this was no check mode'
        if outcome in ('notified', 'in_grace') and done:
            return 'it was acted on'
        # Another controller may have removed the notice since the run read it.
        if record.get('told') and not shown and (run.key, identity) not in self._shown:
            return 'no message was shown'
        # A message that failed with 1726 may have been shown.
        if outcome == 'in_grace' and any(box.at.token == identity and box.error == 0 for box in run.boxes):
            return 'a message was shown'
        return None

    @staticmethod
    def _was(reads: list[Instant], *states: str) -> bool:
        return any(seen.state in states for seen in reads)

    def _note_try(self, run: Run, identity: str) -> None:
        """Note that the user of a session could not be warned, if no screen shows a message there."""
        identity = identity.casefold()
        seen = [read for read in run.reads[int(identity.partition(':')[0])] if read.token == identity]
        if run.notice is not None and seen and seen[-1].state != 'active':
            promise = Promise(seen[-1].time, run.due(seen[-1].time), seen[-1].reached, False)
            self.promises[run.key, identity].append(promise)

    def _forget_what_no_longer_matches(self, run: Run) -> None:
        """A session that does not match loses its notice; the next match starts over."""
        for session in self.host.sessions:
            if unmet(self.host, session, run.options, unseen=run.unseen):
                self.promises.pop((run.key, token(session)), None)
