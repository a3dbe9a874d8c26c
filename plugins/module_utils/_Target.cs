// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Specialized;
using System.ComponentModel;
using System.Diagnostics;
using System.Linq;
using ansible_collections.winops.sessions.plugins.module_utils._Notice;
using ansible_collections.winops.sessions.plugins.module_utils._Registry;
using ansible_collections.winops.sessions.plugins.module_utils._ResetCommand;
using ansible_collections.winops.sessions.plugins.module_utils._Selection;
using ansible_collections.winops.sessions.plugins.module_utils._Session;
using ansible_collections.winops.sessions.plugins.module_utils._Wts;

namespace ansible_collections.winops.sessions.plugins.module_utils._Target {
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
	public bool IsChange, HasEnded, IsTrouble;

	private Outcome(string name) {
		Name = name;
	}
}

internal sealed class Step {
	public static readonly Step Disconnect = new Step("disconnect", "disconnecting", "disconnected", Outcome.Disconnected);
	public static readonly Step Logoff = new Step("logoff", "logging off", "logged off", Outcome.LoggedOff);
	public static readonly Step Reset = new Step("reset", "resetting", "reset", Outcome.Reset);

	public readonly string Action, Doing, Done;
	public readonly Outcome Outcome;

	private Step(string action, string doing, string done, Outcome outcome) {
		Action = action;
		Doing = doing;
		Done = done;
		Outcome = outcome;
	}
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
	public readonly Status Status;
	public readonly string Problem;
	public readonly Win32Exception Error;
	public Session Session;
	public Match Match;
	// The notice in force; null if there is none.
	public Notice Notice;

	public Reading(Status status, string problem = null, Win32Exception error = null) {
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
	// Another program is closing the session.
	Closing,
	// Windows has accepted the step.
	Accepted,
	Done,
}

// What all sessions of one call of the module share.
internal sealed class Job {
	public readonly SessionHost Host;
	public readonly Options Options;
	public readonly bool IsCheckMode;
	public readonly double Timeout;
	public readonly Selection Selection;
	public readonly Protection Protection;
	// Null if the option notice is not set.
	public readonly NoticeStore Notices;

	private readonly Stopwatch _clock = Stopwatch.StartNew();

	public Job(SessionHost host, Options options, bool isCheckMode) {
		Host = host;
		Options = options;
		IsCheckMode = isCheckMode;
		Timeout = options.Seconds("timeout") ?? 60;
		Selection = new Selection(host, options);
		Protection = new Protection(host, Selection.Doubts, options);
		Notices = options.Has("notice") ? new NoticeStore(host, Selection, options) : null;
	}

	// Seconds since the module began.
	public double Now { get { return _clock.Elapsed.TotalSeconds; } }

	public Step FirstStep(Match match) {
		bool isOnlyIdle = match.Reached == Limits.MaxIdle && Options.Text("idle_action") == "disconnect";
		return Options.Text("state") == "disconnected" || isOnlyIdle ? Step.Disconnect
			: Options.Text("method") == "reset" ? Step.Reset
			: Step.Logoff;
	}
}

// One selected session, from its selection to its outcome.
internal sealed class Target {
	private const double ShortestReset = 10;
	private const double FirstDelay = 0.25;
	private const double LongestDelay = 4;
	private const string Reused = " has ended and its ID has been reused by another session";

	private readonly Job _job;
	private double _started, _deadline, _nextTry, _delay;
	// The step that Windows accepted before the last one.
	private Step _acceptedBefore;
	// Windows received the request to log the session off, whatever it answered.
	private bool _isAsked;
	// The request failed, but may have had an effect.
	private bool _isUncertain;
	// The host's clock when the last step was requested.
	private long _requestTime;
	private ResetCommand _command;
	private Win32Exception _lastError;
	private string _lastProblem;
	private Reading _reading;
	private Notice _notice;
	private string _action = "none";
	private int? _errorCode;
	private double _seconds;
	private bool? _isTold;
	private long? _dueInSeconds;
	private bool _mayHaveHitOther;

	public Target(Job job, Session session, Match match) {
		_job = job;
		Session = session;
		Match = match;
	}

	public readonly Session Session;
	public readonly Match Match;
	public Phase Phase;
	public Step Step;
	// The last step that Windows accepted: from then on something was done.
	public Step Accepted;
	public Outcome Outcome;
	public string Detail { get; private set; }

	public bool IsPending { get { return Phase == Phase.Accepted || Phase == Phase.Retry || Phase == Phase.Closing; } }
	public bool IsTrouble { get { return Outcome.IsTrouble || _mayHaveHitOther; } }
	// Whether the session will have ended when this is not check mode.
	public bool IsPlannedToEnd { get { return Outcome == Outcome.Planned && (_action == "logoff" || _action == "reset"); } }
	// When the session is to be looked at again at the latest, on the clock of the job.
	public double NextUpdate { get { return Phase == Phase.Retry ? Math.Min(_deadline, _nextTry) : _deadline; } }

	// Whatever fails for one session, the results of the others are not lost.
	public void Guard(Action work) {
		try {
			work();
		} catch (RegistryException e) {
			FinishUnrecorded(e);
		} catch (Exception e) {
			Finish(Outcome.Failed, "acting on " + Session + " failed: " + e.Message, e as Win32Exception);
		}
	}

	public void Begin() {
		Decision decision = Decision.Act;
		Notice notice = null;
		if (_job.Notices != null) {
			decision = _job.Notices.Decide(Session, Match, out notice);
			_isTold = notice == null ? null : (bool?)(notice.Shown != 0);
		}
		if (decision == Decision.Act)
			Start(_job.FirstStep(Match));
		else if (decision == Decision.Wait)
			FinishInGrace(Session, notice);
		else
			Phase = Phase.Notice;
	}

	// The safety limit is exceeded: the session keeps the step that it would get.
	public void Plan(string detail) {
		_action = _job.FirstStep(Match).Action;
		Finish(Outcome.Planned, detail);
	}

	// Begins a step, which has the whole timeout for itself.
	private void Start(Step step) {
		double now = _job.Now;
		_started = Step == null ? now : _started;
		Step = step;
		_delay = 0;
		_lastError = null;
		_lastProblem = null;
		_deadline = now + _job.Timeout;
		Perform();
	}

	private void Perform() {
		Reading reading = Read();
		double readAt = _job.Now;
		if (FinishIfLost(reading))
			return;
		if (reading.Status == Status.Unreadable) {
			string problem = "reading " + Session + " again before " + Step.Doing + " it failed: " + reading.Problem;
			if (Session.Facts == null && Session.User != null)
				Finish(Outcome.Failed, problem, reading.Error);
			else
				Retry(problem, reading.Error);
			return;
		}
		Session now = reading.Session ?? Session;
		if (Step == Step.Disconnect && now.State == "disconnected") {
			if (_isUncertain)
				FinishGone(Outcome.Disconnected, null);
			else
				Finish(Outcome.AlreadyDisconnected, Session + " is already disconnected");
			return;
		}
		if (reading.Status == Status.Closing && !_job.IsCheckMode) {
			Phase = Phase.Closing;
			return;
		}
		_action = Step.Action;
		if (_job.IsCheckMode) {
			Finish(Outcome.Planned, Session + " would be " + Step.Done);
			return;
		}
		_requestTime = now.Now + (long)((_job.Now - readAt) * TimeSpan.TicksPerSecond);
		Request();
	}

	private void Request() {
		try {
			if (Step == Step.Disconnect)
				_job.Host.Api.Disconnect(Session.Id);
			else if (Step == Step.Logoff)
				_job.Host.Api.Logoff(Session.Id);
			else {
				_command = ResetCommand.Start(Session.Id, _job.Host.ServerName);
				// The command ends with its step: a short timeout must not end it before it could do anything.
				_deadline = Math.Max(_deadline, _job.Now + ShortestReset);
			}
			Accept();
		} catch (WtsException e) {
			string problem = Step.Doing + " " + Session + " failed: " + e.Message;
			_lastError = e;
			_lastProblem = problem;
			_isAsked |= !e.IsUnreachable && !e.IsGone;
			_isUncertain |= e.IsUncertain;
			if (e.IsTimeout)
				Accept();
			else if (e.IsClosing)
				Phase = Phase.Closing;
			else if (e.IsGone) {
				if (!FinishIfLost(Read()))
					Retry(problem, e);
			} else if (e.IsTransient)
				Retry(problem, e);
			else
				EndStep(Outcome.Failed, problem, e);
		}
	}

	private void Accept() {
		_acceptedBefore = Accepted;
		Accepted = Step;
		_isAsked = true;
		Phase = Phase.Accepted;
	}

	private void Retry(string problem, Win32Exception error) {
		_lastError = error;
		_lastProblem = problem;
		Phase = Phase.Retry;
		_delay = Math.Min(Math.Max(_delay * 2, FirstDelay), LongestDelay);
		_nextTry = _job.Now + _delay;
		if (_job.IsCheckMode)
			Finish(Outcome.Failed, problem, error);
	}

	// Ends a step that did not succeed: with a reset if the method has one, else with an outcome.
	private void EndStep(Outcome outcome, string problem, Win32Exception error) {
		if (Step == Step.Logoff && _isAsked && _job.Options.Text("method") == "logoff_then_reset") {
			Detail = problem;
			Start(Step.Reset);
			return;
		}
		Finish(outcome, problem, error);
	}

	public void Finish(Outcome outcome, string detail, Win32Exception error = null) {
		if (_command != null)
			_command.Dispose();
		Phase = Phase.Done;
		Outcome = outcome;
		Detail = Detail == null ? detail : Detail + "; " + detail;
		_errorCode = error == null || error.NativeErrorCode == 0 ? null : (int?)error.NativeErrorCode;
		_seconds = _started == 0 ? 0 : Math.Round(_job.Now - _started, 1);
	}

	private bool FinishIfLost(Reading reading) {
		switch (reading.Status) {
			case Status.NoLongerMatches:
				// The clock was set back: the notice is not over yet.
				if (reading.Notice != null && Accepted == null)
					FinishInGrace(reading.Session, reading.Notice);
				else
					Finish(Outcome.NoLongerMatches, Session + " was skipped: " + reading.Problem);
				return true;
			case Status.Gone:
				FinishGone(Outcome.AlreadyGone, Session + " ended by itself");
				return true;
			case Status.Changed:
				if (!FinishIfOtherWasHit(reading.Session))
					FinishGone(Outcome.SessionChanged, Session + Reused);
				return true;
			default:
				return false;
		}
	}

	private void FinishGone(Outcome outcome, string detail) {
		Accepted = Accepted ?? (_isUncertain ? Step : null);
		if (Accepted == null)
			Finish(outcome, detail);
		else
			Finish(Accepted.Outcome, Session + " is " + Accepted.Done);
	}

	// A session that was there before the request, under the ID that the request named, may have been hit by it.
	private bool FinishIfOtherWasHit(Session other) {
		if (Accepted == null || other == null || other.User == null || Names.AreEqual(other.Token, Session.Token))
			return false;
		// A session that cannot be read because it is being closed is the one that the request has hit.
		bool isHit = other.Facts == null
			? other.Error.IsClosing
			: FileTime.IsKnown(other.Facts.LogonTime) && other.Facts.LogonTime < Math.Min(_requestTime, other.Now);
		if (isHit)
			FinishHit(other);
		return isHit;
	}

	private void FinishHit(Session other) {
		_mayHaveHitOther = true;
		Finish(
			Outcome.SessionChanged, Session + " had ended and its ID had been reused by " + Names.Printable(other.Account ?? "a session without a user") +
			" when it was " + Accepted.Done + ": that session may have been " + Accepted.Done);
	}

	// The ID belongs to another session, which the reset command ends if it has not done its work yet.
	private void FinishReplaced(Session other) {
		bool isStopped = _command.Stop();
		SessionRow row = _job.Host.FindRow(Session.Id);
		SessionFacts facts = row == null ? null : _job.Host.Read(row, false).Facts;
		if (facts == null || other.Facts == null || facts.ConnectTime != other.Facts.ConnectTime || (facts.User == null && other.User != null))
			FinishHit(other);
		else if (isStopped) {
			Accepted = _acceptedBefore;
			FinishGone(Outcome.SessionChanged, Session + Reused + ". The reset was stopped");
		} else
			FinishEnded(row);
	}

	// Reads the session again immediately before something is done to it.
	// The facts, which identify it, are read last: nothing comes between them and the act.
	private Reading Read() {
		SessionRow row = null;
		SessionClient client = Session.Client;
		SessionProcess[] processes = null;
		try {
			if (Session.Facts == null || !Session.IsComplete(Session.Facts))
				row = _job.Host.FindRow(Session.Id);
			if (_job.Selection.NeedsClients)
				client = _job.Host.Api.QueryClient(Session.Id);
			if (_job.Selection.NeedsProcesses || _job.Protection.NeedsProcesses)
				processes = _job.Host.Api.Processes(Session.Id).Where(process => process.SessionId == Session.Id).ToArray();
			_job.Host.RefreshConsole();
		} catch (Win32Exception e) {
			return new Reading(Status.Unreadable, e.Message, e);
		}
		SessionFacts facts;
		try {
			facts = _job.Host.Api.Query(Session.Id);
		} catch (WtsException e) {
			return ReadListed(e);
		}

		if (Session.Facts == null && Session.User != null)
			return new Reading(Status.Unreadable, "its times could not be read when it was selected, so it cannot be identified", Session.Error);
		Session now = Session.With(facts, client, processes);
		if (IsSame(facts, row))
			return Judge(now);
		return new Reading(Accepted != null && IsLeftOver(facts) ? Status.Same : Status.Changed) { Session = now };
	}

	// A session that cannot be read is judged by the enumeration alone.
	private Reading ReadListed(WtsException error) {
		if (!error.IsGone && !error.IsClosing)
			return new Reading(Status.Unreadable, error.Message, error);
		// No other session can have the ID of one that is being closed.
		Status listed = Status.Closing;
		if (error.IsGone || Session.User == null || Step == Step.Reset) {
			try {
				SessionRow row = _job.Host.FindRow(Session.Id);
				bool isSame = row != null && Session.IsSameRow(Session.Row, row) && (Session.User != null || IsLeftOverState(row.State));
				listed = row == null ? Status.Gone : isSame ? Status.Same : Status.Changed;
			} catch (Win32Exception e) {
				return new Reading(Status.Unreadable, e.Message, e);
			}
		}
		// "Not found" of a session that is listed is no reading of it.
		return new Reading(error.IsGone && listed == Status.Same ? Status.Unreadable : listed, error.Message, error);
	}

	// Whether the session, which is still the same, is still selected and not protected.
	private Reading Judge(Session now) {
		// A logoff of this run changes what the session does, but not who it is.
		bool isDone = Accepted != null || (_isUncertain && Step == Step.Disconnect);
		bool isEnding = isDone && (now.IsDisconnected || now.State == "reset");
		Match match = isEnding ? _job.Selection.EvaluateIdentity(now) : _job.Selection.Evaluate(now);
		if (match.IsSelected == null)
			return new Reading(Status.Unreadable, match.Problem, match.Error);
		if (match.IsSelected == false)
			return new Reading(Status.NoLongerMatches, "it no longer matches: " + (match.Problem ?? "it is another user's"));
		string protection = _job.Protection.Reason(now, match);
		if (protection != null)
			return new Reading(Status.NoLongerMatches, "it is now protected: " + protection);
		if (!isEnding && Step != null && Step != Step.Disconnect && _job.FirstStep(match) == Step.Disconnect)
			return new Reading(Status.NoLongerMatches, "it no longer matches: it is now only idle");
		Notice notice = null;
		Decision decision = _job.Notices == null || isEnding || Step == null ? Decision.Act : _job.Notices.Decide(now, match, out notice);
		if (decision == Decision.Act)
			return new Reading(Status.Same) { Session = now, Match = match, Notice = notice };
		return new Reading(Status.NoLongerMatches, "its user is active again and has to be warned first: it is now " + now.State) {
			Session = now, Notice = decision == Decision.Warn ? null : notice
		};
	}

	private static bool IsLeftOverState(int state) {
		// WTSDisconnected, WTSReset, WTSDown: the states of a session without a user during and after its logoff.
		return state == 4 || state == 7 || state == 8;
	}

	// Whether facts belong to what is left of the session when its user is gone.
	private bool IsLeftOver(SessionFacts facts) {
		if (facts.User != null)
			return false;
		bool isKnown = Session.Facts != null && FileTime.IsKnown(facts.ConnectTime);
		return isKnown
			? facts.ConnectTime == Session.Facts.ConnectTime && (IsLeftOverState(facts.State) || !Session.IsConsole)
			: IsLeftOverState(facts.State);
	}

	// Whether facts are those of the session that was selected: same ID, same logon, same account.
	private bool IsSame(SessionFacts facts, SessionRow row) {
		SessionFacts before = Session.Facts;
		if (before == null)
			return Session.User == null ? facts.User == null && IsLeftOverState(facts.State) : Session.IsSameAccount(Session.Row, facts);
		if (Session.User == null)
			return facts.User == null && facts.ConnectTime == before.ConnectTime;
		bool isSame = facts.LogonTime == before.LogonTime
			&& (FileTime.IsKnown(facts.LogonTime) || facts.ConnectTime == before.ConnectTime)
			&& Names.AreEqual(facts.User, before.User) && Names.AreEqual(facts.Domain, before.Domain);
		// Only the enumeration has the rest of a truncated name.
		return isSame && (Session.IsComplete(facts) || Session.IsSameRow(Session.Row, row));
	}

	// rows: All sessions by their IDs; null if they could not be read, because of the error.
	public void Update(ILookup<long, SessionRow> rows, Win32Exception error) {
		bool isOver = _job.Now >= _deadline;
		if (Phase == Phase.Accepted)
			UpdateAccepted(rows, error, isOver);
		else if (Phase == Phase.Closing)
			UpdateClosing(isOver);
		else if (isOver) {
			if (!FinishIfLost(Read()))
				EndStep(Outcome.Failed, _lastProblem, _lastError);
		} else if (_job.Now >= _nextTry)
			Perform();
	}

	private void UpdateClosing(bool isOver) {
		Reading reading = Read();
		if (FinishIfLost(reading))
			return;
		if (isOver)
			TimeOut(reading.Problem, reading.Error);
		else if (reading.Status == Status.Same) {
			// The logoff that was under way has been cancelled.
			Perform();
		}
	}

	private void UpdateAccepted(ILookup<long, SessionRow> rows, Win32Exception error, bool isOver) {
		if (rows != null && FinishIfArrived(rows[Session.Id].FirstOrDefault()))
			return;
		if (_command != null && _command.HasFailed) {
			Accepted = _acceptedBefore;
			// The command fails as well if the session ended before the command could reset it.
			Reading reading = Read();
			if (reading.Status == Status.Gone || reading.Status == Status.Changed)
				FinishIfLost(reading);
			else
				Finish(Outcome.Failed, "resetting " + Session + " failed: " + _command.Problem);
			return;
		}
		if (_command != null && !_command.HasExited) {
			Reading reading = Read();
			if (reading.Status == Status.Changed && reading.Session != null) {
				FinishReplaced(reading.Session);
				return;
			}
			if (reading.Status == Status.NoLongerMatches) {
				// The command has not reset the session yet and its user is active again.
				Accepted = _acceptedBefore;
				FinishIfLost(reading);
				return;
			}
		}
		if (isOver)
			TimeOut(error == null ? null : error.Message, error);
	}

	private bool FinishIfArrived(SessionRow row) {
		SessionFacts facts = null;
		bool hasEnded = row == null;
		string state = null;
		if (row != null) {
			Session now = _job.Host.Read(row, false);
			facts = now.Facts;
			state = now.State;
			bool isOther = row.User != null && !Session.IsSameRow(Session.Row, row);
			// A logon time that Windows no longer reports is not another logon.
			hasEnded = facts == null ? isOther || (row.User == null && now.Error.IsGone)
				: facts.User == null || FileTime.IsKnown(facts.LogonTime) ? !IsSame(facts, row) && !IsLeftOver(facts)
				: isOther;
			if (hasEnded && FinishIfOtherWasHit(now))
				return true;
			if (hasEnded && _command != null && (facts != null || row.User != null)) {
				FinishReplaced(now);
				return true;
			}
		}
		if (hasEnded)
			FinishEnded(row);
		else if (Step == Step.Disconnect && state == "disconnected")
			Finish(Outcome.Disconnected, Session + " is disconnected");
		else if (Step == Step.Disconnect && state == "active" && facts != null
			&& facts.ConnectTime > Session.Facts.ConnectTime && facts.ConnectTime >= _requestTime) {
			string client = _job.Host.Api.QueryClient(Session.Id).Name;
			string from = client == null ? "" : " from " + Names.Printable(client);
			Finish(Outcome.Disconnected, Session + " was disconnected and a client has connected again" + from);
		}
		return Phase == Phase.Done;
	}

	private void FinishEnded(SessionRow row) {
		if (_command != null) {
			// Whether the command has reset the session or came too late shows when it ends.
			_command.Wait(1000);
			if (_command.HasFailed) {
				Accepted = _acceptedBefore;
				FinishGone(Outcome.AlreadyGone, Session + " ended by itself");
				return;
			}
		}
		if (Step == Step.Disconnect) {
			Finish(Outcome.AlreadyGone, Session + " ended by itself");
			return;
		}
		bool isBack = row != null && Session.IsSameRow(Session.Row, row);
		Finish(Step.Outcome, Session + " is " + Step.Done + (isBack ? "; the same account is logged on again" : ""));
	}

	private void TimeOut(string problem, Win32Exception error) {
		string text = Names.Format("{0} still existed {1} s after its {2} began", Session, _job.Timeout, Step.Action);
		if (_isUncertain || _lastError != null)
			text += ". " + _lastProblem;
		if (problem != null)
			text += ". The last reading failed: " + problem;
		EndStep(Outcome.StillPresent, text + RunningProcesses(), _lastError ?? error);
	}

	// The usual reason why a session does not end.
	private string RunningProcesses() {
		try {
			string[] names = _job.Host.Api.Processes(Session.Id).Take(10)
				.Select(process => Names.Printable(process.Name ?? "") + " (" + process.Id + ")").ToArray();
			return names.Length == 0 ? "" : ". It runs these processes: " + String.Join(", ", names);
		} catch (WtsException e) {
			return ". Its processes could not be read, " + e.Message;
		}
	}

	private void FinishInGrace(Session session, Notice notice) {
		_started = _job.Now;
		_action = "none";
		_isTold = notice.Shown != 0;
		_dueInSeconds = _job.Notices.SecondsLeft(notice, session);
		Finish(Outcome.InGrace, Session + (notice.Shown != 0
			? " was warned at " + FileTime.ToText(notice.Shown) + ", its grace period ends in " + _dueInSeconds + " s"
			: " could not be warned at " + FileTime.ToText(notice.First) + ", it is skipped for another " + _dueInSeconds + " s"));
	}

	// Without its record a notice would be given again in every run, so it is not given.
	public void FinishUnrecorded(RegistryException error) {
		Finish(Outcome.Failed, Session + " was not warned: " + error.Message, error);
	}

	// Reads the session again before its user is warned.
	public void ConfirmNotice() {
		_started = _job.Now;
		_reading = Read();
		if (FinishIfLost(_reading))
			return;
		if (_reading.Status != Status.Same) {
			Finish(Outcome.Failed, "reading " + Session + " again before warning its user failed: " + _reading.Problem, _reading.Error);
			return;
		}
		_job.Notices.Decide(_reading.Session, _reading.Match, out _reading.Notice);
		_action = "notify";
		if (_job.IsCheckMode)
			Finish(Outcome.Planned, "the user of " + Session + " would be warned");
	}

	public void RecordNotice(RegistryKey key) {
		Notice other;
		_notice = _job.Notices.Record(key, _reading.Session, _reading.Match, _reading.Notice, out other);
		if (other != null)
			FinishInGrace(_reading.Session, other);
	}

	public void SendNotice(RegistryKey key) {
		Notice recorded = _job.Notices.Reread(key, Session.Token);
		if (recorded != null && recorded.Nonce != _notice.Nonce) {
			// Another controller warned at the same moment and wrote last.
			FinishInGrace(_reading.Session, recorded);
			return;
		}
		if (recorded == null) {
			Finish(Outcome.Failed, Session + " was not warned: its notice was removed or overwritten immediately after it had been recorded");
			return;
		}
		Reading now = Read();
		if (now.Status != Status.Same) {
			// The session ended, or its user became active again, while the notice was recorded.
			_job.Notices.Forget(key, Session.Token);
			if (!FinishIfLost(now))
				Finish(Outcome.Failed, Session + " was not warned: " + now.Problem, now.Error);
			return;
		}
		bool isReminder = _notice.Shown != 0;
		string problem = "it is " + now.Session.State + ", so no screen shows a message";
		WtsException error = null;
		if (now.Session.State == "active") {
			try {
				_job.Notices.Show(key, now.Session, _notice);
				problem = null;
			} catch (WtsException e) {
				problem = e.Message;
				error = e;
			}
		}
		_isTold = _notice.Shown != 0;
		Notice before = _reading.Notice;
		// A message that may have been shown has promised the user a new grace period.
		bool isMaybeTold = error != null && error.IsUncertain && !isReminder;
		if (problem != null && (before == null || isMaybeTold))
			_job.Notices.Restart(key, now.Session, _notice);
		else if (problem != null && _job.Notices.Fail(before, now.Session)) {
			_action = "none";
			Start(_job.FirstStep(now.Match));
			return;
		}
		_dueInSeconds = _job.Notices.SecondsLeft(_notice, now.Session);
		string screen = now.Session.Facts.Locked == true ? " on a locked screen" : "";
		string detail = problem != null
			? "the user of " + Session + " could not be warned: " + problem
			: "the user of " + Session + " was " + (isReminder ? "reminded" : "warned") + screen + ", the grace period ends in " + _dueInSeconds + " s";
		bool isChange = before == null || problem == null;
		_action = isChange ? "notify" : "none";
		Finish(isChange ? Outcome.Notified : Outcome.InGrace, detail, error);
	}

	public OrderedDictionary ToResult() {
		var record = Session.ToRecord();
		record["action"] = _action;
		record["outcome"] = Outcome.Name;
		record["reason"] = Match.Reason;
		record["detail"] = Detail;
		record["error_code"] = _errorCode;
		record["seconds"] = _seconds;
		if (_job.Notices != null) {
			record["told"] = _isTold;
			record["due_in_seconds"] = _dueInSeconds;
		}
		return record;
	}

	public string ToEvent() {
		return Names.Format("{0}; action: {1}; outcome: {2}; reason: {3}; token: {4}",
			Detail, _action, Outcome.Name, Match.Reason ?? "selected by name", Names.Printable(Session.Token));
	}
}
}
