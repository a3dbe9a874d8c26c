// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Diagnostics;
using System.Linq;
using System.Threading.Tasks;
using ansible_collections.winops.sessions.plugins.module_utils._MessageBox;
using ansible_collections.winops.sessions.plugins.module_utils._Selection;
using ansible_collections.winops.sessions.plugins.module_utils._Session;
using ansible_collections.winops.sessions.plugins.module_utils._Wts;

//TypeAccelerator -Name Winops.SessionMessage -TypeName SessionMessage

namespace ansible_collections.winops.sessions.plugins.module_utils._SessionMessage {
// A selected session and what happened to its message.
internal sealed class Receiver {
	public Session Session;
	public string Outcome;
	public string Answer;
	public string Detail;
	public int? ErrorCode;
	public Task<string> Question;
	public double Deadline;

	public void Finish(string outcome, string detail, WtsException error = null) {
		Outcome = outcome;
		Detail = detail;
		ErrorCode = error == null ? null : (int?)error.NativeErrorCode;
	}
}

/// <summary>The module win_user_session_message.</summary>
public sealed class SessionMessage {
	private static readonly string[] SentOutcomes = { "sent", "answered", "timed_out", "planned" };
	// "MessageBoxW function": the IDs of the buttons.
	private static readonly Dictionary<uint, string> Answers = new Dictionary<uint, string> { { 1, "ok" }, { 2, "cancel" }, { 6, "yes" }, { 7, "no" } };

	private readonly SessionHost _host;
	private readonly bool _checkMode;
	private readonly Selection _selection;
	private readonly MessageBox _box;
	private readonly double _wait;
	private readonly double _display;
	private readonly Stopwatch _clock = Stopwatch.StartNew();

	private SessionMessage(SessionHost host, Options options, bool checkMode) {
		_host = host;
		_checkMode = checkMode;
		_box = new MessageBox(options);
		_wait = options.Seconds("wait") ?? 0;
		// A box whose answer is no longer awaited closes.
		_display = options.Seconds("display_for") ?? _wait;
		_selection = new Selection(host, options);
	}

	/// <summary>Sends a message to the selected sessions.</summary>
	public static ModuleAnswer Run(IDictionary parameters, bool checkMode) {
		return ModuleAnswer.Of(parameters, (host, options, answer) => new SessionMessage(host, options, checkMode).Run(answer));
	}

	private void Run(ModuleAnswer answer) {
		var read = _host.ReadAll(_selection.IsCandidate, true);
		var receivers = new List<Receiver>();
		foreach (Session session in read) {
			Match match = _selection.Evaluate(session);
			if (match.IsSelected == false)
				continue;
			Receiver receiver = new Receiver { Session = session };
			receivers.Add(receiver);
			if (match.IsSelected == null) {
				receiver.Finish("failed", match.Problem, match.Error);
				continue;
			}
			try {
				Send(receiver);
			} catch (WtsException e) {
				Fail(receiver, e);
			}
		}
		foreach (Receiver receiver in receivers.Where(receiver => receiver.Question != null))
			Await(receiver);

		answer.Result["sessions"] = receivers.Select(receiver => (object)ToResult(receiver)).ToArray();
		answer.Result["changed"] = receivers.Any(receiver => SentOutcomes.Contains(receiver.Outcome));
		_selection.Report(answer, read);
		string text = String.Join(" ", _box.Text.Split((char[])null, StringSplitOptions.RemoveEmptyEntries));
		answer.Before = "";
		answer.After = String.Concat(receivers.Where(receiver => SentOutcomes.Contains(receiver.Outcome))
			.Select(receiver => "message to " + receiver.Session + ": " + text + "\n"));
		answer.Fail(receivers.Where(receiver => receiver.Outcome == "failed").Select(receiver => receiver.Detail), receivers.Count);
	}

	// Sends the message to one session, after it has been read again.
	private void Send(Receiver receiver) {
		Session session = receiver.Session;
		if (FinishIfNotActive(receiver, session))
			return;
		Session now;
		try {
			now = session.With(_host.Api.Query(session.Id), session.Client, null);
		} catch (WtsException e) {
			if (e.IsGone)
				throw;
			receiver.Finish("failed", "reading " + session + " again before sending the message failed: " + e.Message, e);
			return;
		}
		// The token of a session that could not be read before has no logon time to compare.
		if (session.Facts != null && !Names.AreEqual(now.Token, session.Token)) {
			receiver.Finish("session_changed", session + " has ended");
			return;
		}
		if (now.IsDoubtful) {
			receiver.Finish("session_changed", session + Session.Doubt);
			return;
		}
		if (FinishIfNotActive(receiver, now))
			return;
		if (_checkMode) {
			receiver.Finish("planned", session + " would receive the message");
			return;
		}
		bool isLocked = now.Facts.Locked == true;
		if (_wait > 0 && !isLocked) {
			receiver.Question = Task.Factory.StartNew(() => Ask(session.Id), TaskCreationOptions.LongRunning);
			receiver.Deadline = _clock.Elapsed.TotalSeconds + _wait;
			return;
		}
		// Nobody can answer on a locked screen: the message is shown, but its answer is not awaited.
		_box.Show(_host, session.Id, _box.Text, _display);
		receiver.Finish("sent", session + (isLocked ? " is locked: its user sees the message after unlocking" + (_display > 0 ? ", within " + _display + " s" : "") : " received the message"));
	}

	// Shows the message and waits for the answer; null if the box closes without one.
	private string Ask(long id) {
		string answer;
		return Answers.TryGetValue(_box.Show(_host, id, _box.Text, _display, true), out answer) ? answer : null;
	}

	private static bool FinishIfNotActive(Receiver receiver, Session session) {
		if (session.State == "active")
			return false;
		receiver.Finish("not_active", session + " is " + session.State + ": no screen shows a message");
		return true;
	}

	private static void Fail(Receiver receiver, WtsException error) {
		if (error.IsGone)
			receiver.Finish("session_changed", receiver.Session + " has ended", error);
		else
			receiver.Finish("failed", "sending the message to " + receiver.Session + " failed: " + error.Message, error);
	}

	// Waits for the answer to one message until its deadline.
	private void Await(Receiver receiver) {
		double left = Math.Max(0, receiver.Deadline - _clock.Elapsed.TotalSeconds);
		try {
			bool isAnswered = receiver.Question.Wait((int)Math.Min(Math.Ceiling(left * 1000), Int32.MaxValue));
			receiver.Answer = isAnswered ? receiver.Question.Result : null;
		} catch (AggregateException e) {
			Fail(receiver, (WtsException)e.InnerException);
			return;
		}
		if (receiver.Answer == null)
			receiver.Finish("timed_out", receiver.Session + " received the message and has not answered");
		else
			receiver.Finish("answered", receiver.Session + " answered " + receiver.Answer);
	}

	private static OrderedDictionary ToResult(Receiver receiver) {
		var record = receiver.Session.ToRecord();
		record["outcome"] = receiver.Outcome;
		record["answer"] = receiver.Answer;
		record["detail"] = receiver.Detail;
		record["error_code"] = receiver.ErrorCode;
		return record;
	}
}
}
