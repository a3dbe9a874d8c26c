# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Engines that lack one safeguard each: the adversary has to find what each of them does wrong."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / 'plugins'
_STATE, _NOTICE, _SELECTION, _SESSION = '_SessionState.cs', '_Notice.cs', '_Selection.cs', '_Session.cs'


@dataclass(frozen=True)
class Mutation:
    """A safeguard that is taken out.

    :ivar name: what the engine no longer does.
    :ivar file: the source file.
    :ivar old: a text that occurs once in it, but for its white space.
    :ivar new: what replaces it.
    """

    name: str
    file: str
    old: str
    new: str

    def apply(self, folder: Path) -> Path:
        """Write an altered copy of the plugins.

        :param folder: where to.
        :returns: the folder of the copy.
        """
        plugins = folder / 'plugins'
        for part in ('module_utils', 'modules'):
            shutil.copytree(PLUGINS / part, plugins / part)
        source = plugins / 'module_utils' / self.file
        text = source.read_text(encoding='utf-8')
        # However the source is indented.
        pattern = r'\s+'.join(re.escape(word) for word in self.old.split())
        found = re.findall(pattern, text)
        assert len(found) == 1, f'{self.name}: the text occurs {len(found)} times in {self.file}'
        source.write_text(text.replace(found[0], self.new), encoding='utf-8')
        return plugins


MUTATIONS = (
    Mutation(
        'compares the logon before acting',
        _STATE,
        'if (!IsSame(target, facts, row)) {',
        'if (target.Session.Facts == null) {',
    ),
    Mutation(
        'selects again before acting',
        _STATE,
        'if (match.IsSelected == false)\n            return new Reading(Status.NoLongerMatches, "it no longer',
        'if (target == null)\n            return new Reading(Status.NoLongerMatches, "it no longer',
    ),
    Mutation('protects again before acting', _STATE, 'if (protection != null)', 'if (target == null)'),
    Mutation(
        'reads the facts last',
        _STATE,
        'if (before.Facts == null && before.User != null)\n            return new Reading(Status.Unr',
        '_host.Api.Processes(before.Id).ToArray();\n'
        '        if (before.Facts == null && before.User != null)\n            return new Reading(Status.Unr',
    ),
    Mutation(
        'asks for a logoff before a reset',
        _STATE,
        '            Retry(target, problem, reading.Error);\n            return;',
        '            target.IsAsked = true;\n            EndStep(target, Outcome.Failed, problem, reading.Error);\n'
        '            return;',
    ),
    Mutation(
        'asks again whether the user is back before a reset',
        _STATE,
        'bool isEnding = isDone && (now.IsDisconnected || now.State == "reset");',
        'bool isEnding = isDone;',
    ),
    Mutation(
        'reports a request that failed and was carried out',
        _STATE,
        'Step step = target.Accepted ?? (target.IsUncertain ? target.Step : null);',
        'Step step = target.Accepted;',
    ),
    Mutation(
        'checks the notice again before acting',
        _STATE,
        'if (_notices != null && !isEnding && target.Step != null) {',
        'if (_notices != null && target == null) {',
    ),
    Mutation(
        'counts idle time from the reconnect',
        _SESSION,
        ': FileTime.SecondsBetween(LastUse, Facts.CurrentTime);',
        ': FileTime.SecondsBetween(Facts.LastInputTime, Facts.CurrentTime);',
    ),
    Mutation(
        'protects sessions whose processes cannot be read',
        _SELECTION,
        '|| (processes.Length == 0 && session.User != null))',
        ')',
    ),
    Mutation(
        'resolves the spellings of an account',
        _SELECTION,
        'return !Wildcard.IsPattern(pattern) && !_host.IsListed',
        'return _host == null && !_host.IsListed',
    ),
    Mutation(
        'protects users whose groups cannot be read',
        _SELECTION,
        'if (isMember ?? _doubts.Protect(session))',
        'if (isMember == true)',
    ),
    Mutation(
        'protects the idle console',
        _SELECTION,
        'return _consoleIdle && session.IsConsole &&',
        'return _consoleIdle && session == null &&',
    ),
    Mutation(
        'keeps the notices of other tasks apart',
        _NOTICE,
        'return notice.Task == _task && notice.Server == _server;',
        'return true;',
    ),
    Mutation(
        'drops a notice whose limit was left meanwhile',
        _NOTICE,
        'return !_selection.HasLimits || (Stayed(notice, lastUse) & match.Reached) != Limits.None;',
        'return true;',
    ),
    Mutation(
        'drops a notice that is no longer valid',
        _NOTICE,
        '(lastUse > notice.Due && Seconds(now - notice.Due) > _valid)',
        'lastUse == -1',
    ),
    Mutation(
        'keeps the grace period of a user who disconnects',
        _NOTICE,
        'if (now >= notice.Due)\n            return Decision.Act;',
        'if (now >= notice.Due || session.IsDisconnected)\n            return Decision.Act;',
    ),
    Mutation(
        'counts only messages that were shown',
        _NOTICE,
        'if (notice.Shown == 0) { if (session.LastUse',
        'if (now == 0) { if (session.LastUse',
    ),
    Mutation(
        'starts over where renew says so',
        _NOTICE,
        '(_renews || (lastUse > notice.Due',
        '((lastUse > notice.Due',
    ),
    Mutation(
        'keeps the promised time of a notice that is not in force',
        _NOTICE,
        'if (session.IsDisconnected && now < notice.Due) return Decision.Wait;',
        '',
    ),
)
