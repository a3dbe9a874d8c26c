// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.ComponentModel;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using ansible_collections.winops.sessions.plugins.module_utils._Notice;
using ansible_collections.winops.sessions.plugins.module_utils._Registry;
using ansible_collections.winops.sessions.plugins.module_utils._ResetCommand;
using ansible_collections.winops.sessions.plugins.module_utils._Selection;
using ansible_collections.winops.sessions.plugins.module_utils._Session;
using ansible_collections.winops.sessions.plugins.module_utils._Wts;

//TypeAccelerator -Name Winops.SessionState -TypeName SessionState

namespace ansible_collections.winops.sessions.plugins.module_utils._SessionState {
internal sealed class Outcome {
	public static readonly Outcome LoggedOff = new Outcome("logged_off") { IsChange = true, HasEnded = true };
	public static readonly Outcome Disconnected = new Outcome("disconnected") { IsChange = true };
	public static readonly Outcome Reset = new Outcome("reset") { IsChange = true, HasEnded = true };
	public static readonly Outcome AlreadyGone = new Outcome("already_gone") { HasEnded = true };
	public static readonly Outcome AlreadyDisconnected = new Outcome("already_disconnected");
	public static readonly Outcome SessionChanged = new Outcome("session_changed") { HasEnded = true };
	public static readonly Outcome NoLongerMatches = new Outcome("no_longer_matches");
	public static readonly Outcome Notified = new Outcome("notified") { IsChange = true };
	public static readonly Outcome InGrace = new Outcome("in_grace");
	public static readonly Outcome Planned = new Outcome("planned") { IsChange = true };
	public static readonly Outcome StillPresent = new Outcome("still_present") { IsTrouble = true };
	public static readonly Outcome Failed = new Outcome("failed") { IsTrouble = true };

	public readonly string Name;
	public bool IsChange;
	public bool HasEnded;
	public bool IsTrouble;

	private Outcome(string name) {
		Name = name;
	}
}

internal sealed class Step {
	public static readonly Step Disconnect = new Step("disconnect", "disconnecting", "disconnected", Outcome.Disconnected);
	public static readonly Step Logoff = new Step("logoff", "logging off", "logged off", Outcome.LoggedOff);
	public static readonly Step Reset = new Step("reset", "resetting", "reset", Outcome.Reset);

	private Step(string action, string doing, string done, Outcome outcome) {
		Action = action;
		Doing = doing;
		Done = done;
		Outcome = outcome;
	}

	public readonly string Action, Doing, Done;
	public readonly Outcome Outcome;
}

internal enum Status {
	// The session that was selected, still selected and not protected.
	Same,
	Gone,
	Changed,
	NoLongerMatches,
	// The session is being closed and cannot be read.
	Closing,
	Unreadable,
}

internal sealed class Reading {
	public Status Status;
	public Session Session;
	public Match Match;
	public Notice Notice;
	public Win32Exception Error;
	public string Problem;

	public Reading(Status status, string problem, Win32Exception error) {
		Status = status;
		Problem = problem;
		Error = error;
	}
}

internal enum Phase {
	Ready,
	Notice,
	// The step is to be tried again.
	Retry,
	// Somebody else is closing the session.
	Closing,
	// Windows has accepted the step.
	Accepted,
	Done,
}

internal sealed class Target {
	public readonly Session Session;
	public readonly Match Match;

	public Phase Phase = Phase.Ready;
	public Step Step;
	public double Started, Deadline, NextTry, Delay;
	// The last step that Windows accepted: from then on something was done.
	public Step Accepted, AcceptedBefore;
	// Windows received the request to log the session off, whatever it answered.
	public bool IsAsked;
	// The request failed, but may have had an effect.
	public bool IsUncertain;
	// The host's clock when the last step was requested.
	public long RequestTime;
	public ResetCommand Command;
	public Win32Exception LastError;
	public string LastProblem;

	public string Action = "none";
	public Outcome Outcome;
	public string Detail;
	public int? ErrorCode;
	public double Seconds;
	public bool? IsTold;
	public long? DueInSeconds;
	public bool MayHaveHitOther;

	public Target(Session session, Match match) {
		Session = session;
		Match = match;
	}

	public bool IsTrouble { get { return Outcome.IsTrouble || MayHaveHitOther; } }
}

/// <summary>The module win_user_session: plans, acts, waits and reports.</summary>
public sealed class SessionState {
	private const double ShortestReset = 10;
	private const double FirstDelay = 0.25;
	private const double LongestDelay = 4;
	private const double FirstPoll = 0.1;
	private const double LongestPoll = 1;
	// How long a controller lets others that warn at the same moment write their records, before it reads which was the last.
	private const int SettleMilliseconds = 200;

	private readonly SessionHost _host;
	private readonly Options _options;
	private readonly bool _checkMode;
	private readonly Selection _selection;
	private readonly Protection _protection;
	private readonly NoticeStore _notices;
	private readonly double _timeout;
	private readonly Stopwatch _clock = Stopwatch.StartNew();
	private readonly List<Target> _targets = new List<Target>();
	private readonly List<object> _protected = new List<object>();
	private List<Session> _sessions;

	private SessionState(SessionHost host, Options options, bool checkMode) {
		_host = host;
		_options = options;
		_checkMode = checkMode;
		if (!options.Flag("all_sessions") && !Selection.Criteria.Any(options.Has))
			throw new SessionException("no sessions selected: set at least one selection option, for example max_idle=2h, or all_sessions=true");
		_timeout = options.Seconds("timeout") ?? 60;
		_selection = new Selection(host, options);
		_protection = new Protection(host, _selection.Doubts, options);
		_notices = options.Has("notice") ? new NoticeStore(host, _selection, options) : null;
	}

	/// <summary>Brings the selected sessions to the desired state.</summary>
	/// <param name="parameters">The module's parameters.</param>
	public static ModuleAnswer Run(IDictionary parameters, bool checkMode) {
		return ModuleAnswer.Of(parameters, (host, options, answer) => new SessionState(host, options, checkMode).Run(answer));
	}

	private void Run(ModuleAnswer answer) {
		Plan();
		long? limit = _options.Number("max_sessions");
		if (limit != null && _targets.Count > limit) {
			foreach (Target target in _targets) {
				target.Action = FirstStep(target.Match).Action;
				Finish(target, Outcome.Planned, "skipped because the safety limit max_sessions is exceeded", null);
			}
			Report(answer, _sessions);
			answer.Result["changed"] = false;
			answer.Failure = Names.Count(_targets.Count, "session") + " selected, but max_sessions allows " + limit + ". No session was changed";
			return;
		}

		foreach (Target target in _targets.Where(target => target.Phase == Phase.Ready))
			Guard(target, () => Begin(target));
		if (_notices != null)
			Warn();
		Wait();
		var remaining = Remaining(answer);
		if (_notices != null && !_checkMode)
			RemoveStaleNotices();
		Report(answer, remaining);

		answer.Fail(_targets.Where(target => target.IsTrouble).Select(target => target.Detail), _targets.Count);
	}

	// Whatever fails for one session, the results of the others are not lost.
	private void Guard(Target target, Action work) {
		try {
			work();
		} catch (Exception e) {
			Finish(target, Outcome.Failed, target.Session + ": " + e.Message, CodeOf(e as Win32Exception));
		}
	}

	private bool IsRemaining(Session session) {
		return session.IsUserSessionId && (session.User != null || (_options.Flag("ghosts") && (session.IsGhost || _selection.IsSelectable(session))));
	}

	private bool IsRead(Session session) {
		return session.IsUserSessionId
			&& (session.User != null || session.State == "active" || (_options.Flag("ghosts") && (session.IsGhost || _selection.IsCandidate(session))));
	}

	private void Plan() {
		_sessions = _host.ReadAll(IsRead, true, null).Where(IsRemaining).ToList();
		var selected = new List<Target>();
		foreach (Session session in _sessions) {
			Match match = _selection.Evaluate(session);
			if (match.IsSelected == false) {
				if (session.Error != null && session.Error.IsDenied) {
					// Windows hides sessions row by row: one that refuses to be read proves that this account does not see everything.
					selected.Add(new Target(session, Match.Unknown(session + " could not be read, " + session.Error.Message, session.Error)));
				} else if (session.Error != null)
					_host.Warnings.Add("The times of " + session + " could not be read, " + session.Error.Message);
			} else if (session.Facts != null && session.IsDoubtful)
				_host.Warnings.Add(session + " is skipped: Windows lists another user for this session ID than it reports for the session");
			else
				selected.Add(new Target(session, match));
		}
		if (selected.Count == 0)
			return;

		// Fail closed: whether a session is protected must be known before any session is acted on.
		_protection.Prepare();
		foreach (Target target in selected) {
			string reason = _protection.Reason(target.Session, target.Match);
			if (reason != null) {
				var record = target.Session.ToRecord();
				record["reason"] = reason;
				_protected.Add(record);
				continue;
			}
			_targets.Add(target);
			if (target.Match.IsSelected == null)
				Finish(target, Outcome.Failed, target.Match.Problem, CodeOf(target.Match.Error));
		}
	}

	private static int? CodeOf(Win32Exception error) {
		return error == null || error.NativeErrorCode == 0 ? null : (int?)error.NativeErrorCode;
	}

	private Step FirstStep(Match match) {
		bool isOnlyIdle = match.Reached == Limits.MaxIdle && _options.Text("idle_action") == "disconnect";
		return _options.Text("state") == "disconnected" || isOnlyIdle ? Step.Disconnect
			: _options.Text("method") == "reset" ? Step.Reset
			: Step.Logoff;
	}

	// Reads a session again immediately before something is done to it.
	// The facts, which identify it, are read last: nothing comes between them and the act.
	private Reading Read(Target target) {
		Session before = target.Session;
		SessionRow row = null;
		SessionClient client = before.Client;
		SessionProcess[] processes = null;
		SessionFacts facts;
		try {
			if (before.Facts == null || !Session.IsComplete(before.Facts))
				row = _host.FindRow(before.Id);
			if (_selection.NeedsClients)
				client = _host.Api.QueryClient(before.Id);
			if (_selection.NeedsProcesses || _protection.NeedsProcesses)
				processes = _host.Api.Processes(before.Id).Where(process => process.SessionId == before.Id).ToArray();
			_host.RefreshConsole();
		} catch (Win32Exception e) {
			return new Reading(Status.Unreadable, e.Message, e);
		}
		try {
			facts = _host.Api.Query(before.Id);
		} catch (WtsException e) {
			return ReadListed(target, e);
		}

		if (before.Facts == null && before.User != null)
			return new Reading(Status.Unreadable, "its times could not be read when it was selected, so it cannot be identified", null);
		if (!IsSame(target, facts, row)) {
			bool isLeftOver = target.Accepted != null && IsLeftOver(before, facts);
			return new Reading(isLeftOver ? Status.Same : Status.Changed, null, null) { Session = before.With(facts, client, processes) };
		}
		return Judge(target, before.With(facts, client, processes));
	}

	// A session that cannot be read is judged by the enumeration alone.
	private Reading ReadListed(Target target, WtsException error) {
		if (!error.IsGone && !error.IsClosing)
			return new Reading(Status.Unreadable, error.Message, error);
		// Nobody else can have the ID of a session that is being closed.
		Status listed = Status.Closing;
		bool mayReset = target.Step == Step.Reset && (target.IsAsked || _options.Text("method") == "reset");
		if (error.IsGone || target.Session.User == null || mayReset) {
			try {
				SessionRow row = _host.FindRow(target.Session.Id);
				listed = row == null ? Status.Gone : IsSameRow(target.Session, row) ? Status.Same : Status.Changed;
			} catch (Win32Exception e) {
				return new Reading(Status.Unreadable, e.Message, e);
			}
		}
		// "Not found" of a session that is listed is no reading of it.
		return new Reading(error.IsGone && listed == Status.Same ? Status.Unreadable : listed, error.Message, error);
	}

	private static bool IsSameRow(Session before, SessionRow row) {
		return Session.IsSameRow(before.Row, row) && (before.User != null || IsLeftOverState(row.State));
	}

	// Whether a session that is still the same is still selected and not protected.
	private Reading Judge(Target target, Session now) {
		// A logoff of this run changes what the session does, but not who it is.
		bool isDone = target.Accepted != null || (target.IsUncertain && target.Step == Step.Disconnect);
		bool isEnding = isDone && (now.IsDisconnected || now.State == "reset");
		Match match = isEnding ? _selection.EvaluateIdentity(now) : _selection.Evaluate(now);
		if (match.IsSelected == null)
			return new Reading(Status.Unreadable, match.Problem, match.Error);
		if (match.IsSelected == false)
			return new Reading(Status.NoLongerMatches, "it no longer matches: " + (match.Problem ?? "it is another user's"), null);
		string protection = _protection.Reason(now, match);
		if (protection != null)
			return new Reading(Status.NoLongerMatches, "it is now protected: " + protection, null);
		if (!isEnding && target.Step != null && target.Step != Step.Disconnect && FirstStep(match) == Step.Disconnect)
			return new Reading(Status.NoLongerMatches, "it no longer matches: it is now only idle", null);
		Reading reading = new Reading(Status.Same, null, null) { Session = now, Match = match };
		if (_notices != null && !isEnding && target.Step != null) {
			Decision decision = _notices.Decide(now, match, out reading.Notice);
			if (decision != Decision.Act)
				return new Reading(Status.NoLongerMatches, "its user is active again and has to be warned first: it is now " + now.State, null);
		}
		return reading;
	}

	private static bool IsLeftOverState(int state) {
		// WTSDisconnected, WTSReset, WTSDown: the states of a session without a user during and after its logoff.
		return state == 4 || state == 7 || state == 8;
	}

	// Whether facts belong to what is left of the session when its user is gone.
	private static bool IsLeftOver(Session before, SessionFacts facts) {
		if (facts.User != null)
			return false;
		bool isKnown = before.Facts != null && FileTime.IsKnown(facts.ConnectTime);
		return isKnown
			? facts.ConnectTime == before.Facts.ConnectTime && (IsLeftOverState(facts.State) || !before.IsConsole)
			: IsLeftOverState(facts.State);
	}

	// Whether facts are those of the session that was selected: same ID, same logon, same account.
	private bool IsSame(Target target, SessionFacts facts, SessionRow row) {
		Session before = target.Session;
		if (before.Facts == null)
			return before.User == null ? facts.User == null && IsLeftOverState(facts.State) : Session.IsSameAccount(before.Row, facts);
		if (before.User == null)
			return facts.User == null && facts.ConnectTime == before.Facts.ConnectTime;
		bool isSame = facts.LogonTime == before.Facts.LogonTime
			&& (FileTime.IsKnown(facts.LogonTime) || facts.ConnectTime == before.Facts.ConnectTime)
			&& Names.AreEqual(facts.User, before.Facts.User) && Names.AreEqual(facts.Domain, before.Facts.Domain);
		// Only the enumeration has the rest of a truncated name.
		return isSame && (Session.IsComplete(facts) || Session.IsSameRow(before.Row, row));
	}

	private void Begin(Target target) {
		Decision decision = Decision.Act;
		Notice notice = null;
		if (_notices != null) {
			decision = _notices.Decide(target.Session, target.Match, out notice);
			target.IsTold = notice == null ? null : (bool?)(notice.Shown != 0);
		}
		switch (decision) {
			case Decision.Act:
				Start(target, FirstStep(target.Match));
				break;
			case Decision.Wait:
				FinishInGrace(target, target.Session, notice);
				break;
			default:
				target.Phase = Phase.Notice;
				break;
		}
	}

	// Begins a step, which has the whole timeout for itself.
	private void Start(Target target, Step step) {
		double now = _clock.Elapsed.TotalSeconds;
		target.Started = target.Step == null ? now : target.Started;
		target.Step = step;
		target.Delay = 0;
		target.LastError = null;
		target.LastProblem = null;
		target.Deadline = now + _timeout;
		Perform(target);
	}

	private void Perform(Target target) {
		Reading reading = Read(target);
		double readAt = _clock.Elapsed.TotalSeconds;
		if (FinishIfLost(target, reading))
			return;
		if (reading.Status == Status.Unreadable) {
			string problem = "reading " + target.Session + " again before " + target.Step.Doing + " it failed: " + reading.Problem;
			if (target.Session.Facts == null && target.Session.User != null) {
				Finish(target, Outcome.Failed, problem, CodeOf(reading.Error ?? target.Session.Error));
				return;
			}
			Retry(target, problem, reading.Error);
			return;
		}
		string state = reading.Session == null ? target.Session.State : reading.Session.State;
		if (target.Step == Step.Disconnect && state == "disconnected") {
			if (target.IsUncertain)
				FinishGone(target, Outcome.Disconnected, null);
			else
				Finish(target, Outcome.AlreadyDisconnected, target.Session + " is already disconnected", null);
			return;
		}
		if (reading.Status == Status.Closing && !_checkMode) {
			target.Phase = Phase.Closing;
			return;
		}
		target.Action = target.Step.Action;
		if (_checkMode) {
			Finish(target, Outcome.Planned, target.Session + " would be " + target.Step.Done, null);
			return;
		}
		long now = reading.Session == null ? target.Session.Now : reading.Session.Now;
		target.RequestTime = now + (long)((_clock.Elapsed.TotalSeconds - readAt) * TimeSpan.TicksPerSecond);
		Request(target);
	}

	private void Request(Target target) {
		try {
			if (target.Step == Step.Disconnect)
				_host.Api.Disconnect(target.Session.Id);
			else if (target.Step == Step.Logoff)
				_host.Api.Logoff(target.Session.Id);
			else {
				target.Command = ResetCommand.Start(target.Session.Id, _host.ServerName);
				// The command ends with its step: a short timeout must not end it before it could do anything.
				target.Deadline = Math.Max(target.Deadline, _clock.Elapsed.TotalSeconds + ShortestReset);
			}
			Accept(target);
		} catch (WtsException e) {
			string problem = target.Step.Doing + " " + target.Session + " failed: " + e.Message;
			target.LastError = e;
			target.LastProblem = problem;
			target.IsAsked |= !e.IsUnreachable && !e.IsGone;
			target.IsUncertain |= e.IsUncertain;
			if (e.IsTimeout)
				Accept(target);
			else if (e.IsClosing)
				target.Phase = Phase.Closing;
			else if (e.IsGone) {
				if (!FinishIfLost(target, Read(target)))
					Retry(target, problem, e);
			} else if (e.IsTransient)
				Retry(target, problem, e);
			else
				EndStep(target, Outcome.Failed, problem, e);
		}
	}

	private static void Accept(Target target) {
		target.AcceptedBefore = target.Accepted;
		target.Accepted = target.Step;
		target.IsAsked = true;
		target.Phase = Phase.Accepted;
	}

	private void Retry(Target target, string problem, Win32Exception error) {
		target.LastError = error;
		target.LastProblem = problem;
		target.Phase = Phase.Retry;
		target.Delay = Math.Min(Math.Max(target.Delay * 2, FirstDelay), LongestDelay);
		target.NextTry = _clock.Elapsed.TotalSeconds + target.Delay;
		if (_checkMode) {
			Finish(target, Outcome.Failed, problem, CodeOf(error));
		}
	}

	// Ends a step that did not succeed: with a reset if the method has one, else with an outcome.
	private void EndStep(Target target, Outcome outcome, string problem, Win32Exception error) {
		if (target.Step == Step.Logoff && target.IsAsked && _options.Text("method") == "logoff_then_reset") {
			target.Detail = problem;
			Start(target, Step.Reset);
			return;
		}
		Finish(target, outcome, problem, CodeOf(error));
	}

	private void Finish(Target target, Outcome outcome, string detail, int? code) {
		if (target.Command != null)
			target.Command.Dispose();
		target.Phase = Phase.Done;
		target.Outcome = outcome;
		target.Detail = target.Detail == null ? detail : target.Detail + "; " + detail;
		target.ErrorCode = code;
		target.Seconds = target.Started == 0 ? 0 : Math.Round(_clock.Elapsed.TotalSeconds - target.Started, 1);
	}

	private bool FinishIfLost(Target target, Reading reading) {
		switch (reading.Status) {
			case Status.NoLongerMatches:
				Finish(target, Outcome.NoLongerMatches, target.Session + " was skipped: " + reading.Problem, null);
				return true;
			case Status.Gone:
				FinishGone(target, Outcome.AlreadyGone, target.Session + " ended by itself");
				return true;
			case Status.Changed:
				if (!FinishIfOtherWasHit(target, reading.Session))
					FinishGone(target, Outcome.SessionChanged, target.Session + " has ended and its ID has been reused by another session");
				return true;
			default:
				return false;
		}
	}

	private void FinishGone(Target target, Outcome outcome, string detail) {
		Step step = target.Accepted ?? (target.IsUncertain ? target.Step : null);
		if (step == null) {
			Finish(target, outcome, detail, null);
			return;
		}
		target.Accepted = step;
		Finish(target, step.Outcome, target.Session + " is " + step.Done, null);
	}

	// A session that was there before the request, under the ID that the request named, may have been hit by it.
	private bool FinishIfOtherWasHit(Target target, Session other) {
		if (target.Accepted == null || other == null || other.User == null || Names.AreEqual(other.Token, target.Session.Token))
			return false;
		// A session that cannot be read because it is being closed is the one that the request has hit.
		bool wasThere = other.Facts == null
			? other.Error.IsClosing
			: FileTime.IsKnown(other.Facts.LogonTime) && other.Facts.LogonTime < Math.Min(target.RequestTime, other.Now);
		if (!wasThere)
			return false;
		target.MayHaveHitOther = true;
		Finish(
			target, Outcome.SessionChanged, target.Session + " had ended and its ID had been reused by " + Names.Printable(other.Account) +
			" when it was " + target.Accepted.Done + ": the session of that user may have been " + target.Accepted.Done, null);
		return true;
	}

	private void Wait() {
		double pause = FirstPoll;
		while (true) {
			var pending = _targets.Where(IsPending).ToList();
			if (pending.Count == 0)
				return;
			ILookup<long, SessionRow> rows = null;
			string problem = null;
			try {
				rows = _host.Enumerate().ToLookup(row => row.Id);
			} catch (Win32Exception e) {
				// A list that cannot be read does not show that a session has ended.
				problem = e.Message;
			}
			foreach (Target target in pending)
				Guard(target, () => Update(target, rows, problem));
			pending = pending.Where(IsPending).ToList();
			if (pending.Count > 0) {
				double now = _clock.Elapsed.TotalSeconds;
				double next = pending.Min(target => Math.Min(target.Deadline, target.Phase == Phase.Retry ? target.NextTry : Double.MaxValue));
				Thread.Sleep((int)Math.Ceiling(Math.Max(0, Math.Min(next - now, pause)) * 1000));
				pause = Math.Min(pause * 2, LongestPoll);
			}
		}
	}

	private static bool IsPending(Target target) {
		return target.Phase == Phase.Accepted || target.Phase == Phase.Retry || target.Phase == Phase.Closing;
	}

	private void Update(Target target, ILookup<long, SessionRow> rows, string problem) {
		bool isOver = _clock.Elapsed.TotalSeconds >= target.Deadline;
		if (target.Phase == Phase.Accepted)
			UpdateAccepted(target, rows, problem, isOver);
		else if (target.Phase == Phase.Retry) {
			if (isOver) {
				if (!FinishIfLost(target, Read(target)))
					EndStep(target, Outcome.Failed, target.LastProblem, target.LastError);
			} else if (_clock.Elapsed.TotalSeconds >= target.NextTry)
				Perform(target);
		} else {
			Reading reading = Read(target);
			if (FinishIfLost(target, reading))
				return;
			if (isOver)
				TimeOut(target, reading.Problem);
			else if (reading.Status == Status.Same) {
				// The logoff that was under way has been cancelled.
				Perform(target);
			}
		}
	}

	private void UpdateAccepted(Target target, ILookup<long, SessionRow> rows, string problem, bool isOver) {
		if (rows != null && FinishIfArrived(target, rows[target.Session.Id].FirstOrDefault()))
			return;
		if (target.Command != null) {
			if (target.Command.HasFailed) {
				string text = "resetting " + target.Session + " failed: " + target.Command.Problem;
				target.Accepted = target.AcceptedBefore;
				// The command fails as well if the session ended before the command could reset it.
				Reading reading = Read(target);
				bool isLost = (reading.Status == Status.Gone || reading.Status == Status.Changed) && FinishIfLost(target, reading);
				if (!isLost)
					Finish(target, Outcome.Failed, text, null);
				return;
			}
			if (!target.Command.HasExited) {
				Reading reading = Read(target);
				if (reading.Status == Status.NoLongerMatches) {
					// The command has not reset the session yet and its user is active again.
					target.Accepted = target.AcceptedBefore;
					FinishIfLost(target, reading);
					return;
				}
			}
		}
		if (isOver)
			TimeOut(target, problem);
	}

	private bool FinishIfArrived(Target target, SessionRow row) {
		Session before = target.Session;
		SessionFacts facts = null;
		bool hasEnded = row == null || (row.User != null && !Session.IsSameRow(before.Row, row));
		string state = null;
		if (row != null) {
			Session now = _host.Read(row, false);
			facts = now.Facts;
			state = now.State;
			if (facts != null) {
				// A logon time that Windows no longer reports is not another logon.
				bool isReliable = facts.User == null || FileTime.IsKnown(facts.LogonTime);
				hasEnded |= isReliable && !IsSame(target, facts, row) && !IsLeftOver(before, facts);
			} else if (!hasEnded && row.User == null)
				hasEnded = now.Error.IsGone;
			if (hasEnded && FinishIfOtherWasHit(target, now))
				return true;
		}
		if (hasEnded) {
			FinishEnded(target, row);
			return true;
		}
		if (target.Step != Step.Disconnect)
			return false;
		if (state == "disconnected") {
			Finish(target, Outcome.Disconnected, before + " is disconnected", null);
			return true;
		}
		if (state == "active" && facts != null && before.Facts != null && facts.ConnectTime > before.Facts.ConnectTime && facts.ConnectTime >= target.RequestTime) {
			string client = _host.Api.QueryClient(before.Id).Name;
			Finish(target, Outcome.Disconnected, before + " was disconnected and a client has connected again" + (client == null ? "" : " from " + Names.Printable(client)), null);
			return true;
		}
		return false;
	}

	private void FinishEnded(Target target, SessionRow row) {
		if (target.Command != null && !target.Command.HasExited) {
			// Whether the command has reset the session or came too late shows when it ends.
			target.Command.Wait(1000);
		}
		if (target.Command != null && target.Command.HasFailed) {
			target.Accepted = target.AcceptedBefore;
			FinishGone(target, Outcome.AlreadyGone, target.Session + " ended by itself");
			return;
		}
		if (target.Step == Step.Disconnect) {
			Finish(target, Outcome.AlreadyGone, target.Session + " ended by itself", null);
			return;
		}
		bool isBack = row != null && Session.IsSameRow(target.Session.Row, row);
		Finish(target, target.Step.Outcome, target.Session + " is " + target.Step.Done + (isBack ? "; the same account is logged on again" : ""), null);
	}

	private void TimeOut(Target target, string problem) {
		string text = Names.Format("{0} still existed {1} s after {2} it began", target.Session, _timeout, target.Step.Doing);
		if (target.IsUncertain || target.LastError != null)
			text += ". " + target.LastProblem;
		if (problem != null)
			text += ". The last reading failed: " + problem;
		EndStep(target, Outcome.StillPresent, text + Processes(target), target.LastError);
	}

	// The usual reason why a session does not end.
	private string Processes(Target target) {
		try {
			string[] names = _host.Api.Processes(target.Session.Id).Take(10)
				.Select(process => Names.Printable(process.Name ?? "") + " (" + process.Id + ")").ToArray();
			return names.Length == 0 ? "" : ". It runs these processes: " + String.Join(", ", names);
		} catch (WtsException e) {
			return ". Its processes could not be read, " + e.Message;
		}
	}

	private void FinishInGrace(Target target, Session session, Notice notice) {
		target.Started = _clock.Elapsed.TotalSeconds;
		target.Action = "none";
		target.IsTold = notice.Shown != 0;
		target.DueInSeconds = _notices.SecondsLeft(notice, session);
		Finish(target, Outcome.InGrace, target.Session + (notice.Shown != 0
			? " was warned at " + FileTime.ToText(notice.Shown) + ", its grace period ends in " + target.DueInSeconds + " s"
			: " could not be warned at " + FileTime.ToText(notice.First) + ", it is skipped for another " + target.DueInSeconds + " s"), null);
	}

	// Warns the users whose sessions may not be acted on yet: records each notice first, then sends the message.
	private void Warn() {
		var readings = new Dictionary<Target, Reading>();
		foreach (Target target in _targets.Where(target => target.Phase == Phase.Notice)) {
			target.Started = _clock.Elapsed.TotalSeconds;
			Guard(target, () => readings[target] = Confirm(target));
		}
		if (!_targets.Any(target => target.Phase == Phase.Notice))
			return;
		RegistryKey key = null;
		try {
			key = _notices.Open();
		} catch (RegistryException e) {
			foreach (Target target in _targets.Where(target => target.Phase == Phase.Notice))
				FinishUnrecorded(target, e);
			return;
		}
		using (key) {
			var written = new Dictionary<Target, Notice>();
			foreach (Target target in _targets.Where(target => target.Phase == Phase.Notice))
				GuardNotice(target, () => Record(target, readings[target], key, written));
			if (written.Count > 0)
				Thread.Sleep(SettleMilliseconds);
			foreach (Target target in _targets.Where(target => target.Phase == Phase.Notice))
				GuardNotice(target, () => Send(target, readings[target], key, written[target]));
		}
	}

	private void GuardNotice(Target target, Action work) {
		try {
			work();
		} catch (RegistryException e) {
			FinishUnrecorded(target, e);
		}
	}

	// Without its record a notice would be given again in every run, so it is not given.
	private void FinishUnrecorded(Target target, RegistryException error) {
		Finish(target, Outcome.Failed, target.Session + " was not warned: " + error.Message, error.NativeErrorCode);
	}

	// Reads a session again immediately before its user is warned.
	private Reading Confirm(Target target) {
		Reading reading = Read(target);
		if (FinishIfLost(target, reading))
			return reading;
		if (reading.Status != Status.Same || reading.Session == null) {
			Finish(target, Outcome.Failed, "reading " + target.Session + " again before warning its user failed: " + reading.Problem, CodeOf(reading.Error));
			return reading;
		}
		_notices.Decide(reading.Session, reading.Match, out reading.Notice);
		target.Action = "notify";
		if (_checkMode)
			Finish(target, Outcome.Planned, "the user of " + target.Session + " would be warned", null);
		return reading;
	}

	private void Record(Target target, Reading reading, RegistryKey key, Dictionary<Target, Notice> written) {
		Notice other;
		Notice notice = _notices.Record(key, reading.Session, reading.Match, reading.Notice, out other);
		if (other != null) {
			FinishInGrace(target, reading.Session, other);
			return;
		}
		written[target] = notice;
	}

	private void Send(Target target, Reading reading, RegistryKey key, Notice notice) {
		Notice there = _notices.Reread(key, target.Session.Token);
		if (there != null && there.Nonce != notice.Nonce) {
			// Another controller warned at the same moment and wrote last.
			FinishInGrace(target, reading.Session, there);
			return;
		}
		if (there == null) {
			Finish(target, Outcome.Failed, target.Session + " was not warned: its notice was removed or overwritten immediately after it had been recorded", null);
			return;
		}
		Reading now = Read(target);
		if (now.Status != Status.Same) {
			// The session ended, or its user became active again, while the notice was recorded.
			_notices.Forget(key, target.Session.Token);
			if (!FinishIfLost(target, now))
				Finish(target, Outcome.Failed, target.Session + " was not warned: " + now.Problem, CodeOf(now.Error));
			return;
		}
		now.Notice = reading.Notice;
		reading = now;
		bool isFirst = reading.Notice == null;
		bool isReminder = notice.Shown != 0;
		string problem = "it is " + reading.Session.State + ", so no screen shows a message";
		int? code = null;
		if (reading.Session.State == "active") {
			try {
				_notices.Show(key, reading.Session, notice);
				problem = null;
			} catch (WtsException e) {
				problem = e.Message;
				code = e.NativeErrorCode;
			}
		}
		target.IsTold = notice.Shown != 0;
		if (problem != null && reading.Notice != null && _notices.Fail(reading.Notice, reading.Session)) {
			target.Action = "none";
			Start(target, FirstStep(reading.Match));
			return;
		}
		target.DueInSeconds = _notices.SecondsLeft(notice, reading.Session);
		bool isLocked = reading.Session.Facts.Locked == true;
		string detail = problem != null
			? "the user of " + target.Session + " could not be warned: " + problem
			: "the user of " + target.Session + " was " + (isReminder ? "reminded" : "warned") + (isLocked ? " on a locked screen" : "") +
				", the grace period ends in " + target.DueInSeconds + " s";
		bool isChange = isFirst || problem == null;
		target.Action = isChange ? "notify" : "none";
		Finish(target, isChange ? Outcome.Notified : Outcome.InGrace, detail, code);
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
			_notices.RemoveStale(present, new HashSet<long>(_sessions.Where(session => session.Facts == null).Select(session => session.Id)));
		} catch (RegistryException e) {
			_host.Warnings.Add("Old notices could not be removed: " + e.Message);
		}
	}

	// The sessions that are left. Only sessions that are new or were acted on are read again.
	private List<Session> Remaining(ModuleAnswer answer) {
		var planned = new HashSet<string>(
			_targets.Where(target => target.Outcome == Outcome.Planned && target.Action != "notify" && target.Action != "disconnect").Select(target => target.Session.Token));
		var stale = new HashSet<long>(_targets.Where(target => target.Step != null && target.Outcome != Outcome.Planned).Select(target => target.Session.Id));
		var sessions = _sessions;
		if (stale.Count > 0) {
			try {
				sessions = _host.ReadAll(IsRead, true, _sessions.Where(session => !stale.Contains(session.Id))).Where(IsRemaining).ToList();
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
		answer.Result["sessions"] = _targets.Select(target => (object)ToResult(target)).ToArray();
		answer.Result["changed"] = _targets.Any(target => target.Accepted != null || target.Outcome.IsChange);
		answer.Result["protected"] = _protected.ToArray();
		answer.Result["remaining"] = answer.After = Session.ToRecords(remaining);
		answer.Before = Session.ToRecords(_sessions);
		_selection.Report(answer, _sessions.Concat(remaining));
		if (!_checkMode)
			answer.Events.AddRange(_targets.Where(target => target.Accepted != null || target.Outcome == Outcome.Notified).Select(ToEvent));
	}

	private OrderedDictionary ToResult(Target target) {
		var record = target.Session.ToRecord();
		record["action"] = target.Action;
		record["outcome"] = target.Outcome.Name;
		record["reason"] = target.Match.Reason;
		record["detail"] = target.Detail;
		record["error_code"] = target.ErrorCode;
		record["seconds"] = target.Seconds;
		if (_notices != null) {
			record["told"] = target.IsTold;
			record["due_in_seconds"] = target.DueInSeconds;
		}
		return record;
	}

	private static string ToEvent(Target target) {
		return Names.Format("{0}; action: {1}; outcome: {2}; reason: {3}; token: {4}", target.Detail, target.Action, target.Outcome.Name,
			target.Match.Reason ?? "selected by name", Names.Printable(target.Session.Token));
	}
}
}
