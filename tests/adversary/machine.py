# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A state machine that runs win_user_session on hosts that change under its hands."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any, ClassVar

import hypothesis
from adversary import worlds
from adversary.oracle import Judge, Run
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from modules.engine import Engine

from winhost.host import Call, Host
from winhost.sessions import Session

Change = tuple[Any, ...]
_MOST_USERS = 6
_STEPS = 25
# A number of calls after the plan is made or, if negative, after the start.
_SOON = st.integers(-30, 25)
_task = st.integers(0, 2)
_newcomers = st.lists(worlds.sessions, max_size=3)
_during = st.lists(st.tuples(_SOON, worlds.changes), min_size=1, max_size=4)


def change(host: Host, what: Change) -> None:
    """Let something happen on a host. A second passes first, so that no two moments are one."""
    name, *rest = what
    with host.changed:
        host.clock.advance(1)
        if name in ('jump', 'advance'):
            host.change({name: rest[0]})
            return
        if name == 'heal':
            host.heal()
            return
        if name == 'logon':
            host.sessions.logon(**{**rest[0], 'logged_on': 0, 'connected': 0, 'idle': 0, 'state': 'active'})
            return
        people = [row for row in host.sessions if 1 <= row.id <= 65535 and not row.closing]
        if people:
            _CHANGES[name](host, people[rest[0] % len(people)], *rest[1:])


def _replace(host: Host, row: Session, data: dict[str, Any]) -> None:
    host.sessions.replace(row.id, **{**data, 'logged_on': 0, 'connected': 0, 'idle': 0, 'state': 'active'})


def _return(host: Host, row: Session) -> None:
    """The same user logs on again under the same ID."""
    if row.user:
        host.sessions.replace(row.id, user=row.account, sid=row.sid)


def _start(host: Host, row: Session, program: str) -> None:
    if row.user:
        host.sessions.update(row.id, processes=[{'name': 'csrss.exe', 'sid': 'S-1-5-18'}, 'explorer.exe', program])


def _if_user(**data: Any) -> Any:
    return lambda host, row: host.sessions.update(row.id, **data) if row.user else None


_CHANGES: dict[str, Any] = {
    'input': lambda host, row: host.sessions.update(row.id, idle=0) if row.user and row.state == 0 else None,
    'reconnect': _if_user(state='active'),
    'disconnect': lambda host, row: host.sessions.update(row.id, state='disconnected') if row.user else None,
    'leave': lambda host, row: host.sessions.leave(row.id),
    'replace': _replace,
    'return': _return,
    'program': _start,
    'client': lambda host, row, name: host.sessions.update(row.id, client={'name': name}) if row.user else None,
    'lock': lambda host, row, locked: host.sessions.update(row.id, locked=locked) if row.user else None,
    'hide processes': lambda host, row: host.sessions.update(row.id, processes=[]),
}


class Adversary(RuleBasedStateMachine):
    """One host, three tasks that are repeated, and random changes in between."""

    engines: ClassVar[tuple[Engine, Engine]]
    counted: ClassVar[Counter[str]] = Counter()
    only: ClassVar[dict[str, Any] | None] = None

    @initialize(world=worlds.worlds(), tasks=st.tuples(worlds.tasks(), worlds.tasks(), worlds.tasks()))
    def begin(self, world: dict[str, Any], tasks: tuple[dict[str, Any], ...]) -> None:
        """Start the host."""
        self.counted['hosts'] += 1
        self.host = self.engines[0].host(world)
        self.host.start()
        self.judge = Judge(self.host)
        self.judge.inject = self._inject
        self.tasks = tasks if self.only is None else (self.only,) * len(tasks)
        self.last: int | None = None
        self.during: list[tuple[int, Change]] = []
        self.beside: tuple[int, int] | None = None
        self.is_calm = self.is_settled = True
        self.thread: threading.Thread | None = None

    @invariant()
    def count_step(self) -> None:
        """Count the steps, one of which starts the host."""
        self.counted['steps'] += 1

    @rule(what=worlds.changes)
    def something_happens(self, what: Change) -> None:
        """A user or the clock does something."""
        change(self.host, what)
        self.last = None

    @rule(span=st.sampled_from([30, 600, 901, 3600, 90000]))
    def time_passes(self, span: int) -> None:
        """Time passes without input."""
        self.host.change({'advance': span})
        self.last = None

    @rule(fault=worlds.faults)
    def something_is_broken(self, fault: dict[str, Any]) -> None:
        """Calls fail from now on."""
        self.host.fault(**fault)
        self.is_calm = False

    @rule()
    def everything_works_again(self) -> None:
        """No more calls fail, and those that hang are carried out."""
        self.host.heal()
        self.is_calm = True

    @rule(task=_task, newcomers=_newcomers)
    def run(self, task: int, newcomers: list[dict[str, Any]]) -> None:
        """Run a task."""
        self._log_on(newcomers)
        self.is_settled = not any(row.on_logoff.replaced_by for row in self.host.sessions)
        result = self._run(task)
        # A user who could not be warned is warned by the next run.
        is_done = not result.get('failed') and all(record.get('told') is not False for record in result['sessions'])
        self.last = task if self.is_calm and is_done else None

    @rule(task=_task, newcomers=_newcomers, during=_during)
    def run_while_things_happen(
        self, task: int, newcomers: list[dict[str, Any]], during: list[tuple[int, Change]]
    ) -> None:
        """Run a task while things happen between its calls."""
        self._log_on(newcomers)
        self.during = list(during)
        self._run(task)
        self.last = None

    @rule(task=_task)
    def check(self, task: int) -> None:
        """Run a task in check mode."""
        self._run(task, check=True)

    @rule(task=_task, other=_task, newcomers=_newcomers, when=_SOON)
    def run_from_two_controllers(self, task: int, other: int, newcomers: list[dict[str, Any]], when: int) -> None:
        """Run a task, and another in the midst of it."""
        self._log_on(newcomers)
        self.beside = (when, other)
        self._run(task)
        self.beside = None
        self.last = None

    @rule()
    def run_again(self) -> None:
        """A second run, with nothing in between, changes nothing."""
        if self.last is None:
            return
        task = self.last
        is_moving = any(row.on_disconnect.reconnects or row.closing for row in self.host.sessions)
        acts = len(self.host.acts)
        result = self._run(task)
        notice = self.tasks[task].get('notice', {})
        is_repeated = notice.get('renew') or notice.get('grace', '0') == '0' or notice.get('remind')
        if self.is_settled and not is_moving and not result.get('failed') and not (notice and is_repeated):
            acted = [call.api for call in self.host.acts[acts:] if not call.api.startswith('Reg')]
            assert not acted, f'a second run acted: {acted}, {self.tasks[task]}'
            assert not result['changed'], f'a second run changed something: {self.tasks[task]}, {result}'

    def _log_on(self, newcomers: list[dict[str, Any]]) -> None:
        """Sessions of any age are there, as after a while without a run."""
        for newcomer in newcomers:
            if len(self.host.sessions.users) < _MOST_USERS:
                self.host.change({'advance': 1})
                self.host.sessions.logon(**newcomer)
        # A session that gets the ID of one of them during the run has another connect time.
        self.host.change({'advance': 1})

    def teardown(self) -> None:
        """Stop the host."""
        if hasattr(self, 'host'):
            self.host.stop()

    def _run(self, task: int, check: bool = False) -> dict[str, Any]:
        options = self.tasks[task]
        run = self.judge.begin(self.engines[0].pid, options, check)
        is_calm = self.is_calm and not self.during and self.beside is None
        result = self.engines[0].run('win_user_session', check=check, **options)
        self.during = []
        if self.thread is not None:
            self.thread.join()
            self.thread = None
        self._end(run, result, is_calm)
        assert not self.judge.wrong, '\n'.join(self.judge.wrong)
        return result

    def _run_beside(self, task: int) -> None:
        options = self.tasks[task]
        run = self.judge.begin(self.engines[1].pid, options, False)
        self._end(run, self.engines[1].run('win_user_session', **options), False)

    def _end(self, run: Run, result: dict[str, Any], is_calm: bool) -> None:
        with self.host.lock:
            self.judge.end(run, result, is_calm)
        self._count(run, result)

    def _inject(self, run: Run, call: Call) -> None:
        """Let happen what is due before a call of the first controller."""
        if run.pid != self.engines[0].pid:
            return
        for entry in [entry for entry in self.during if run.has_come_to(entry[0])]:
            self.during.remove(entry)
            change(self.host, entry[1])
        if self.beside is not None and run.has_come_to(self.beside[0]):
            _when, other = self.beside
            self.beside = None
            self.thread = thread = threading.Thread(target=self._run_beside, args=(other,))
            thread.start()
            # The host answers the other controller meanwhile.
            call.wait_until(lambda: not thread.is_alive())

    def _count(self, run: Run, result: dict[str, Any]) -> None:
        self.counted['runs'] += 1
        self.counted['runs that select'] += bool(result.get('sessions'))
        self.counted['sessions there'] += len(self.host.sessions.users)
        self.counted.update(act.api for act in run.acts)
        self.counted.update(f'outcome {record["outcome"]}' for record in result.get('sessions', []))
        self.counted.update(f'protected {record["reason"]}' for record in result.get('protected', []))
        self.counted['boxes'] += len(run.boxes)
        self.counted['failed runs'] += bool(result.get('failed'))


def attack(
    engines: tuple[Engine, Engine],
    examples: int,
    shrink: bool = True,
    seed: int | None = None,
    only: dict[str, Any] | None = None,
) -> None:
    """Run the machine.

    :param engines: two processes that run the modules, on the same host.
    :param examples: how many hosts, of 25 steps each.
    :param shrink: whether to look for a shorter way to what was found.
    :param seed: makes the hosts the same in each run; by default that is up to pytest's --hypothesis-seed.
    :param only: the options of the only task; by default there are three random ones.
    :raises AssertionError: an engine did something wrong.
    """
    Adversary.engines, Adversary.only = engines, only
    Adversary.counted.clear()
    if seed is not None:
        hypothesis.seed(seed)(Adversary)
    phases = [phase for phase in Phase if shrink or phase not in (Phase.shrink, Phase.explain)]
    run_state_machine_as_test(
        Adversary,
        settings=settings(
            max_examples=examples,
            stateful_step_count=_STEPS,
            deadline=None,
            derandomize=False,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            phases=phases,
        ),
    )
