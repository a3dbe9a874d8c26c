# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Engines that lack one safeguard each: the adversary has to find what each of them does wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modules.altered import Alteration, quick_plugins

_NOTICED: dict[str, Any] = {'all_sessions': True, 'notice': {'text': 'Please save your work.', 'grace': '900'}}
_TARGET, _NOTICE, _SELECTION, _SESSION = '_Target.cs', '_Notice.cs', '_Selection.cs', '_Session.cs'


@dataclass(frozen=True)
class Mutation:
    """A safeguard that is taken out.

    :ivar name: what the engine no longer does.
    :ivar file: the source file.
    :ivar old: a text that occurs once in it, but for its white space.
    :ivar new: what replaces it.
    :ivar options: the selection and more of a task that needs the safeguard.
    """

    name: str
    file: str
    old: str
    new: str
    options: dict[str, Any] = field(default_factory=lambda: {'all_sessions': True})
    seed: int = 0

    @property
    def task(self) -> dict[str, Any]:
        """The options of a task that needs the safeguard."""
        return {'state': 'logged_off', 'timeout': '0.2', **self.options}

    def apply(self, folder: Path) -> Path:
        """Write an altered copy of the plugins.

        :param folder: where to.
        :returns: the folder of the copy.
        """
        return quick_plugins(folder, Alteration(self.file, self.old, self.new))


MUTATIONS = (
    Mutation(
        'compares the logon before acting',
        _TARGET,
        'if (IsSame(facts, row))',
        'if (Session.Facts != null)',
    ),
    Mutation(
        'selects again before acting',
        _TARGET,
        'if (match.IsSelected == false)\n            return new Reading(Status.NoLongerMatches, "it no longer',
        'if (_job == null)\n            return new Reading(Status.NoLongerMatches, "it no longer',
        {'max_idle': '3600'},
    ),
    Mutation(
        'protects again before acting',
        _TARGET,
        'if (protection != null)',
        'if (_job == null)',
        {'all_sessions': True, 'protect_processes': ['winword', 'backup*']},
    ),
    Mutation(
        'reads the facts last',
        _TARGET,
        'if (Session.Facts == null && Session.User != null)\n            return new Reading(Status.Unr',
        '_job.Host.Api.Processes(Session.Id).ToArray();\n'
        '        if (Session.Facts == null && Session.User != null)\n            return new Reading(Status.Unr',
        {'all_sessions': True, 'protect_processes': ['x']},
    ),
    Mutation(
        'asks for a logoff before a reset',
        _TARGET,
        '            Retry(problem, reading.Error);\n            return;',
        '            {\n            _isAsked = true;\n            EndStep(Outcome.Failed, problem, reading.Error);\n'
        '            }\n            return;',
        {'all_sessions': True, 'method': 'logoff_then_reset'},
    ),
    Mutation(
        'asks again whether the user is back before a reset',
        _TARGET,
        'bool isEnding = isDone && (now.IsDisconnected || now.State == "reset");',
        'bool isEnding = isDone;',
        {'max_idle': '600', 'method': 'logoff_then_reset'},
    ),
    Mutation(
        'reports a request that failed and was carried out',
        _TARGET,
        'Accepted = Accepted ?? (_isUncertain ? Step : null);',
        '',
    ),
    Mutation(
        'checks the notice again before acting',
        _TARGET,
        '_job.Notices != null && !isEnding && Step != null',
        '_job.Notices != null && _job == null',
        {**_NOTICED, 'max_idle': '600'},
    ),
    Mutation(
        'counts idle time from the reconnect',
        _SESSION,
        'FileTime.SecondsBetween(LastUse, Now)',
        'FileTime.SecondsBetween(_times.LastInputTime, Now)',
        {'max_idle': '3600'},
    ),
    Mutation(
        'protects sessions whose processes cannot be read',
        _SELECTION,
        '_images.Contains(session) != false',
        '_images.Contains(session) == true',
        {'all_sessions': True, 'protect_processes': ['x']},
    ),
    Mutation(
        'resolves the spellings of an account',
        _SELECTION,
        'return !Wildcard.IsPattern(pattern) && !_host.IsListed',
        'return _host == null && !_host.IsListed',
        {'all_sessions': True, 'protect_users': ['alice@corp.example.com']},
    ),
    Mutation(
        'protects users whose groups cannot be read',
        _SELECTION,
        '(_groups.Contains(session) ?? _doubts.Protect(session))',
        '_groups.Contains(session) == true',
        {'all_sessions': True, 'protect_groups': ['CORP\\VIP']},
    ),
    Mutation(
        'protects the idle console',
        _SELECTION,
        'return _consoleIdle && session.IsConsole &&',
        'return _consoleIdle && session == null &&',
        {'max_idle': '600'},
    ),
    Mutation(
        'drops a notice whose limit was left meanwhile',
        _NOTICE,
        'return !_selection.HasLimits || (Stayed(notice, lastUse) & match.Reached) != Limits.None;',
        'return true;',
        {**_NOTICED, 'max_idle': '600', 'max_logged_on': '7200'},
    ),
    Mutation(
        'drops a notice that is no longer valid',
        _NOTICE,
        '(lastUse > notice.Due && Seconds(now - notice.Due) > _valid)',
        'lastUse == -1',
        _NOTICED,
    ),
    Mutation(
        'keeps the grace period of a user who disconnects',
        _NOTICE,
        'if (now >= notice.Due)\n            return Decision.Act;',
        'if (now >= notice.Due || session.IsDisconnected)\n            return Decision.Act;',
        _NOTICED,
    ),
    Mutation(
        'counts only messages that were shown',
        _NOTICE,
        'if (notice.Shown == 0) { if (session.LastUse',
        'if (now == 0) { if (session.LastUse',
        _NOTICED,
    ),
    Mutation(
        'starts over if renew is set',
        _NOTICE,
        '(_renews || (lastUse > notice.Due',
        '((lastUse > notice.Due',
        {'all_sessions': True, 'notice': {**_NOTICED['notice'], 'renew': True}},
    ),
    Mutation(
        'keeps the promised time of a notice that is not in force',
        _NOTICE,
        'if (session.IsDisconnected && now < notice.Due) return Decision.Wait;',
        '',
        {**_NOTICED, 'max_idle': '600', 'max_logged_on': '7200'},
    ),
)
