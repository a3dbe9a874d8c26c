// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections;
using System.Collections.Generic;
using System.ComponentModel;
using System.Linq;
using System.Threading;
using ansible_collections.winops.sessions.plugins.module_utils._Registry;
using ansible_collections.winops.sessions.plugins.module_utils._Selection;
using ansible_collections.winops.sessions.plugins.module_utils._Session;
using ansible_collections.winops.sessions.plugins.module_utils._Target;
using ansible_collections.winops.sessions.plugins.module_utils._Wts;

//TypeAccelerator -Name Winops.SessionState -TypeName SessionState

namespace ansible_collections.winops.sessions.plugins.module_utils._SessionState {
/// <summary>The module win_user_session: plans, acts, waits and reports.</summary>
public sealed class SessionState {
	private const double FirstPoll = 0.1;
	private const double LongestPoll = 1;
	// How long a controller lets others that warn at the same moment write their records, before it reads which was the last.
	private const int SettleMilliseconds = 200;

	private readonly Job _job;
	private readonly List<Target> _targets = new List<Target>();
	private readonly List<object> _protected = new List<object>();
	// The sessions that were read first, and those of them that count as user sessions.
	private List<Session> _read, _sessions;

	private SessionState(SessionHost host, Options options, bool checkMode) {
		if (!options.Flag("all_sessions") && !Selection.Criteria.Any(options.Has))
			throw new SessionException("no sessions selected: set at least one selection option, for example max_idle=2h, or all_sessions=true");
		_job = new Job(host, options, checkMode);
	}

	/// <summary>Brings the selected sessions to the desired state.</summary>
	public static ModuleAnswer Run(IDictionary parameters, bool checkMode) {
		return ModuleAnswer.Of(parameters, (host, options, answer) => new SessionState(host, options, checkMode).Run(answer));
	}

	private void Run(ModuleAnswer answer) {
		Plan();
		long? limit = _job.Options.Number("max_sessions");
		if (limit != null && _targets.Count > limit) {
			foreach (Target target in In(Phase.Ready))
				target.Plan("skipped because the safety limit max_sessions is exceeded");
			Report(answer, _sessions);
			answer.Result["changed"] = false;
			answer.Failure = Names.Count(_targets.Count, "session") + " selected, but max_sessions allows " + limit + ". No session was changed";
			return;
		}

		foreach (Target target in In(Phase.Ready))
			target.Guard(target.Begin);
		if (_job.Notices != null)
			Warn();
		Wait();
		var remaining = Remaining(answer);
		if (_job.Notices != null && !_job.IsCheckMode)
			RemoveStaleNotices();
		Report(answer, remaining);

		answer.Fail(_targets.Where(target => target.IsTrouble).Select(target => target.Detail), _targets.Count);
	}

	private IEnumerable<Target> In(Phase phase) {
		return _targets.Where(target => target.Phase == phase);
	}

	private bool IsRemaining(Session session) {
		return session.User != null || _job.Selection.IsSelectable(session);
	}

	private bool IsRead(Session session) {
		return session.IsUserSessionId
			&& (IsRemaining(session) || session.State == "active" || _job.Selection.MayBeNamed(session));
	}

	private void Plan() {
		_read = _job.Host.ReadAll(IsRead, true);
		_sessions = _read.Where(IsRemaining).ToList();
		var selected = new List<Target>();
		foreach (Session session in _sessions) {
			Match match = _job.Selection.Evaluate(session);
			if (match.IsSelected == false) {
				if (session.Error != null && session.Error.IsDenied) {
					// Windows hides sessions row by row: one that refuses to be read proves that this account does not see everything.
					selected.Add(new Target(_job, session, Match.Unknown(session.ReadProblem, session.Error)));
				} else if (session.Error != null)
					_job.Host.Warnings.Add("The times of " + session.ReadProblem);
			} else if (session.Facts != null && session.IsDoubtful)
				_job.Host.Warnings.Add(session + Session.Doubt);
			else
				selected.Add(new Target(_job, session, match));
		}
		if (selected.Count == 0)
			return;

		// Fail closed: whether a session is protected must be known before any session is acted on.
		_job.Protection.Prepare();
		foreach (Target target in selected) {
			string reason = _job.Protection.Reason(target.Session, target.Match);
			if (reason != null) {
				var record = target.Session.ToRecord();
				record["reason"] = reason;
				_protected.Add(record);
				continue;
			}
			_targets.Add(target);
			if (target.Match.IsSelected == null)
				target.Finish(Outcome.Failed, target.Match.Problem, target.Match.Error);
		}
	}

	private void Wait() {
		double pause = FirstPoll;
		while (true) {
			var pending = _targets.Where(target => target.IsPending).ToList();
			if (pending.Count == 0)
				return;
			ILookup<long, SessionRow> rows = null;
			Win32Exception error = null;
			try {
				rows = _job.Host.Enumerate().ToLookup(row => row.Id);
			} catch (Win32Exception e) {
				// A list that cannot be read does not show that a session has ended.
				error = e;
			}
			foreach (Target target in pending)
				target.Guard(() => target.Update(rows, error));
			pending = pending.Where(target => target.IsPending).ToList();
			if (pending.Count > 0) {
				double next = pending.Min(target => target.NextUpdate) - _job.Now;
				Thread.Sleep((int)Math.Ceiling(Math.Max(0, Math.Min(next, pause)) * 1000));
				pause = Math.Min(pause * 2, LongestPoll);
			}
		}
	}

	// Warns the users whose sessions may not be acted on yet: records each notice first, then sends the message.
	private void Warn() {
		foreach (Target target in In(Phase.Notice))
			target.Guard(target.ConfirmNotice);
		if (!In(Phase.Notice).Any())
			return;
		try {
			using (RegistryKey key = _job.Notices.Open()) {
				foreach (Target target in In(Phase.Notice))
					target.Guard(() => target.RecordNotice(key));
				if (In(Phase.Notice).Any())
					Thread.Sleep(SettleMilliseconds);
				foreach (Target target in In(Phase.Notice))
					target.Guard(() => target.SendNotice(key));
			}
		} catch (RegistryException e) {
			foreach (Target target in In(Phase.Notice))
				target.FinishUnrecorded(e);
		}
	}

	private void RemoveStaleNotices() {
		var present = new Dictionary<string, bool>(Names.Comparer);
		foreach (Session session in _sessions)
			present[session.Token] = false;
		foreach (Target target in _targets) {
			Outcome outcome = target.Outcome;
			if (target.Accepted != null && outcome.HasEnded)
				present.Remove(target.Session.Token);
			else
				present[target.Session.Token] = outcome == Outcome.Notified || outcome == Outcome.InGrace || outcome.IsTrouble;
		}
		try {
			_job.Notices.RemoveStale(present, _sessions.Where(session => session.Facts == null).Select(session => session.Id));
		} catch (RegistryException e) {
			_job.Host.Warnings.Add("Old notices could not be removed: " + e.Message);
		}
	}

	// The sessions that are left. Only sessions that are new or were acted on are read again.
	private List<Session> Remaining(ModuleAnswer answer) {
		var planned = new HashSet<string>(_targets.Where(target => target.IsPlannedToEnd).Select(target => target.Session.Token));
		var stale = new HashSet<long>(_targets.Where(target => target.Step != null && target.Outcome != Outcome.Planned).Select(target => target.Session.Id));
		var sessions = _sessions;
		if (stale.Count > 0) {
			try {
				sessions = _job.Host.ReadAll(IsRead, true, _sessions.Where(session => !stale.Contains(session.Id))).Where(IsRemaining).ToList();
			} catch (Win32Exception e) {
				// A host that cannot be read is not an empty one.
				answer.Warnings.Add("The remaining sessions could not be read, the last known ones are returned: " + e.Message);
				var ended = new HashSet<string>(_targets.Where(target => target.Outcome.HasEnded).Select(target => target.Session.Token));
				sessions = _sessions.Where(session => !ended.Contains(session.Token)).ToList();
			}
		}
		return sessions.Select(LastReadable).Where(session => !planned.Contains(session.Token)).ToList();
	}

	// A closing session cannot be read. It is returned with the token that it had.
	private Session LastReadable(Session session) {
		return session.Facts != null ? session : _sessions.FirstOrDefault(known => known.Id == session.Id && Session.IsSameRow(known.Row, session.Row)) ?? session;
	}

	private void Report(ModuleAnswer answer, List<Session> remaining) {
		answer.Result["sessions"] = _targets.Select(target => (object)target.ToResult()).ToArray();
		answer.Result["changed"] = _targets.Any(target => target.Accepted != null || target.Outcome.IsChange);
		answer.Result["protected"] = _protected.ToArray();
		answer.Result["remaining"] = answer.After = Session.ToRecords(remaining);
		answer.Before = Session.ToRecords(_sessions);
		_job.Selection.Report(answer, _read.Concat(remaining));
		if (!_job.IsCheckMode)
			answer.Events.AddRange(_targets.Where(target => target.Accepted != null || target.Outcome == Outcome.Notified).Select(target => target.ToEvent()));
	}
}
}
