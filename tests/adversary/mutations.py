# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Engines that lack one safeguard each, and the test of the engine that fails with each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from modules.altered import Alteration

_NOTICED: dict[str, Any] = {'all_sessions': True, 'notice': {'text': 'Please save your work.', 'grace': '900'}}
_TARGET, _NOTICE, _SELECTION, _SESSION = '_Target.cs', '_Notice.cs', '_Selection.cs', '_Session.cs'


@dataclass(frozen=True)
class Mutation:
    """A safeguard that is taken out.

    :ivar name: what the engine no longer does.
    :ivar file: the source file.
    :ivar old: a text that occurs once in it, except for its white space.
    :ivar new: what replaces it.
    :ivar test: the test in tests/modules that fails then.
    :ivar options: the selection and more of a task that needs the safeguard.
    :ivar is_found: whether the adversary finds within 400 hosts what the engine does wrong then.
    """

    name: str
    file: str
    old: str
    new: str
    test: str
    options: dict[str, Any] = field(default_factory=lambda: {'all_sessions': True})
    is_found: bool = True

    @property
    def alteration(self) -> Alteration:
        """The place in the engine."""
        return Alteration(self.file, self.old, self.new)

    @property
    def task(self) -> dict[str, Any]:
        """The options of a task that needs the safeguard."""
        return {'state': 'logged_off', 'timeout': '0.2', **self.options}


MUTATIONS = (
    Mutation(
        'compares the logon before acting',
        _TARGET,
        'if (IsSame(facts, row))',
        'if (Session.Facts != null)',
        'test_identity.py::test_skips_a_session_whose_id_was_reused',
    ),
    Mutation(
        'selects again before acting',
        _TARGET,
        'if (match.IsSelected == false)\n            return new Reading(Status.NoLongerMatches, "it no longer',
        'if (_job == null)\n            return new Reading(Status.NoLongerMatches, "it no longer',
        'test_identity.py::test_skips_a_user_who_is_active_again',
        {'max_idle': '3600'},
    ),
    Mutation(
        'protects again before acting',
        _TARGET,
        'if (protection != null)',
        'if (_job == null)',
        'test_protection.py::test_a_protected_process_that_starts_before_the_act_keeps_the_session',
        {'all_sessions': True, 'protect_processes': ['winword', 'backup*']},
    ),
    Mutation(
        'reads the facts last',
        _TARGET,
        'if (Session.Facts == null && Session.User != null)\n            return new Reading(Status.Unr',
        '_job.Host.Api.Processes(Session.Id).ToArray();\n'
        '        if (Session.Facts == null && Session.User != null)\n            return new Reading(Status.Unr',
        'test_acting.py::test_reads_the_facts_immediately_before_the_act',
        {'all_sessions': True, 'protect_processes': ['x']},
        is_found=False,
    ),
    Mutation(
        'requests a logoff before a reset',
        _TARGET,
        '            Retry(problem, reading.Error);\n            return;',
        '            {\n            _isAsked = true;\n            EndStep(Outcome.Failed, problem, reading.Error);\n'
        '            }\n            return;',
        'test_acting.py::test_a_reading_that_fails_once_is_repeated_and_never_escalates',
        {'all_sessions': True, 'method': 'logoff_then_reset'},
        is_found=False,
    ),
    Mutation(
        'checks whether the user is active again before a reset',
        _TARGET,
        'bool isEnding = isDone && (now.IsDisconnected || now.State == "reset");',
        'bool isEnding = isDone;',
        'test_acting.py::test_does_not_reset_a_user_who_is_active_again_after_the_logoff',
        {'max_idle': '600', 'method': 'logoff_then_reset'},
        is_found=False,
    ),
    Mutation(
        'reports a request that failed and was carried out',
        _TARGET,
        'Accepted = Accepted ?? (_isUncertain ? Step : null);',
        '',
        'test_acting.py::test_a_logoff_that_was_carried_out_and_answered_with_an_error_is_reported_as_done',
        is_found=False,
    ),
    Mutation(
        'checks the notice again before acting',
        _TARGET,
        '_job.Notices == null || isEnding || Step == null ? Decision.Act',
        '_job != null ? Decision.Act',
        'test_notice_rules.py::test_judges_the_notice_again_on_the_reading_before_the_act',
        {**_NOTICED, 'max_idle': '600'},
        is_found=False,
    ),
    Mutation(
        'counts idle time from the reconnect',
        _SESSION,
        'FileTime.SecondsBetween(LastUse, Now)',
        'FileTime.SecondsBetween(_times.LastInputTime, Now)',
        'test_notice.py::test_a_reconnect_without_input_restarts_the_idle_limit',
        {'max_idle': '3600'},
    ),
    Mutation(
        'protects sessions whose processes cannot be read',
        _SELECTION,
        '_images.Contains(session) != false',
        '_images.Contains(session) == true',
        'test_criteria.py::test_a_live_session_without_processes_is_protected_and_a_ghost_is_not',
        {'all_sessions': True, 'protect_processes': ['x']},
    ),
    Mutation(
        'resolves the spellings of an account',
        _SELECTION,
        'return !Wildcard.IsPattern(pattern) && !_host.IsListed',
        'return _host == null && !_host.IsListed',
        'test_accounts.py::test_protects_and_excludes_a_user_by_any_name_of_the_account',
        {'all_sessions': True, 'protect_users': ['alice@corp.example.com']},
    ),
    Mutation(
        'protects users whose groups cannot be read',
        _SELECTION,
        '(_groups.Contains(session) ?? _doubts.Protect(session))',
        '_groups.Contains(session) == true',
        'test_criteria.py::test_a_token_that_cannot_be_read_protects_and_does_not_select',
        {'all_sessions': True, 'protect_groups': ['CORP\\VIP']},
    ),
    Mutation(
        'protects the idle console',
        _SELECTION,
        'return _consoleIdle && session.IsConsole &&',
        'return _consoleIdle && session == null &&',
        'test_protection.py::test_protects_a_console_session_that_is_only_idle',
        {'max_idle': '600'},
    ),
    Mutation(
        'drops a notice whose limit was left meanwhile',
        _NOTICE,
        'return !_selection.HasLimits || (Stayed(notice, lastUse) & match.Reached) != Limits.None;',
        'return true;',
        'test_notice_rules.py::test_a_limit_that_input_has_restarted_permits_nothing_when_another_is_reached',
        {**_NOTICED, 'max_idle': '600', 'max_logged_on': '7200'},
        is_found=False,
    ),
    Mutation(
        'drops a notice that is no longer valid',
        _NOTICE,
        '(lastUse > notice.Due && Seconds(now - notice.Due) > _valid)',
        'lastUse == -1',
        'test_notice_rules.py::test_acts_on_a_session_in_use_for_as_long_as_the_notice_is_valid',
        _NOTICED,
    ),
    Mutation(
        'keeps the grace period of a user who disconnects',
        _NOTICE,
        'if (now >= notice.Due)\n            return Decision.Act;',
        'if (now >= notice.Due || session.IsDisconnected)\n            return Decision.Act;',
        'test_notice_rules.py::test_a_session_that_is_disconnected_in_its_grace_period_keeps_it',
        _NOTICED,
    ),
    Mutation(
        'counts only messages that were shown',
        _NOTICE,
        'if (notice.Shown == 0) { if (session.LastUse',
        'if (now == 0) { if (session.LastUse',
        'test_notice_rules.py::test_the_grace_period_starts_when_the_message_is_shown',
        _NOTICED,
    ),
    Mutation(
        'starts the grace period of an unwarned user at the first attempt',
        _NOTICE,
        'if (recorded.Any(other => other.Nonce == notice.Nonce))',
        'if (recorded == null)',
        'test_notice_rules.py::test_the_grace_period_of_an_unwarned_user_starts_at_the_first_attempt',
        _NOTICED,
        is_found=False,
    ),
    Mutation(
        'spares a user whose message may have been shown',
        _TARGET,
        '(before == null || isMaybeTold)',
        'before == null',
        'test_notice_rules.py::test_a_message_that_may_have_been_shown_starts_the_grace_period_again',
        _NOTICED,
        is_found=False,
    ),
    Mutation(
        'starts over if renew is set',
        _NOTICE,
        '(_renews || (lastUse > notice.Due',
        '((lastUse > notice.Due',
        'test_notice_rules.py::test_renew_starts_over_unless_the_grace_period_is_running',
        {'all_sessions': True, 'notice': {**_NOTICED['notice'], 'renew': True}},
    ),
    Mutation(
        'keeps the promised time of a notice that is not in force',
        _NOTICE,
        'if (session.IsDisconnected && now < notice.Due) return Decision.Wait;',
        '',
        'test_notice_rules.py::test_a_promised_time_is_kept_when_its_limit_no_longer_holds',
        {**_NOTICED, 'max_idle': '600', 'max_logged_on': '7200'},
        is_found=False,
    ),
    Mutation(
        'stops a reset whose ID is reused',
        _TARGET,
        'bool isStopped = _command.Stop();',
        'bool isStopped = false; _command.Wait(1000);',
        'test_reset.py::test_stops_a_reset_that_has_not_begun_when_the_id_is_reused',
        {'all_sessions': True, 'method': 'reset'},
    ),
    Mutation(
        'keeps the grace period of a session that cannot be read',
        _NOTICE,
        'if (session.Facts != null)\n            return _records',
        'if (session != null)\n            return _records',
        'test_notice_rules.py::test_a_session_that_cannot_be_read_while_it_ends_keeps_its_grace_period',
        {**_NOTICED, 'method': 'reset'},
        is_found=False,
    ),
)
