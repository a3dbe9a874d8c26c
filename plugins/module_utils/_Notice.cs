// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using ansible_collections.winops.sessions.plugins.module_utils._MessageBox;
using ansible_collections.winops.sessions.plugins.module_utils._Registry;
using ansible_collections.winops.sessions.plugins.module_utils._Selection;
using ansible_collections.winops.sessions.plugins.module_utils._Session;
using ansible_collections.winops.sessions.plugins.module_utils._Wts;

namespace ansible_collections.winops.sessions.plugins.module_utils._Notice {
// One notice to one session, as it is recorded on the host. Times are FILETIMEs of the host's clock.
internal sealed class Notice {
	private const string Version = "2";
	private static readonly long LongestGrace = TimeSpan.FromDays(3650).Ticks;

	public long First;
	public long Shown;
	public long Due;
	public bool IsReminded;
	public bool HasFailed;
	public Limits Reached;
	// Identifies the task: its selection, text and grace period.
	public string Task;
	public string Server;
	// Identifies this writing of the record: of several controllers at the same moment, the last one sends the message.
	public string Nonce = Guid.NewGuid().ToString("N");

	// The moment that the user's later input is compared with.
	public long Given { get { return Shown == 0 ? First : Shown; } }

	public string ToText() {
		return Names.Format(
			"{0}|{1}|{2}|{3}|{4}|{5}|{6}|{7}|{8}", Version, First, Shown, Due, IsReminded ? 1 : 0, (int)Reached, Task, Server, Nonce);
	}

	public static Notice Parse(string text) {
		string[] parts = text.Split('|');
		long[] numbers = new long[5];
		if (parts.Length != 9 || parts[0] != Version)
			return null;
		for (int i = 0; i < numbers.Length; i++) {
			if (!Int64.TryParse(parts[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
				return null;
		}
		Notice notice = new Notice {
			First = numbers[0],
			Shown = numbers[1],
			Due = numbers[2],
			IsReminded = numbers[3] != 0,
			Reached = (Limits)numbers[4],
			Task = parts[6],
			Server = parts[7],
			Nonce = parts[8],
		};
		bool isPlausible = FileTime.IsKnown(notice.First) && (notice.Shown == 0 || notice.Shown >= notice.First) && notice.Due >= notice.Given
			&& notice.Due - notice.First <= LongestGrace;
		return isPlausible ? notice : null;
	}
}

internal enum Decision {
	Act,
	Warn,
	Remind,
	Wait,
}

// The option notice, and the notices that are recorded on the host.
// One value per session token in a volatile key, with one line per task. A line permits an act only to the task that wrote it.
internal sealed class NoticeStore {
	private const string KeyPath = @"SOFTWARE\winops\sessions\notices";
	private const int LongestValue = 8;
	private const string MinutesMark = "{minutes}";
	private const string TimeMark = "{time}";

	// A clock that was corrected a little does not make a record invalid.
	private static readonly long Tolerance = TimeSpan.FromMinutes(5).Ticks;

	private readonly SessionHost _host;
	private readonly Selection _selection;
	private readonly MessageBox _box;
	private readonly string _task;
	private readonly string _server;
	private readonly double? _grace;
	private readonly string _at;
	private readonly double _remind;
	private readonly double _valid;
	private readonly bool _renews;
	private readonly Dictionary<string, List<Notice>> _records = new Dictionary<string, List<Notice>>(Names.Comparer);

	public NoticeStore(SessionHost host, Selection selection, Options module) {
		Options options = module.Suboptions("notice");
		_host = host;
		_selection = selection;
		_box = new MessageBox(options);
		_grace = options.Seconds("grace");
		_at = options.Text("at");
		_remind = options.Seconds("remind") ?? -1;
		_valid = options.Seconds("valid") ?? 3600;
		_renews = options.Flag("renew");
		DueAfter(DateTime.UtcNow.ToFileTimeUtc());
		MessageBox.RequireLength("notice.text", Render(DateTime.MaxValue.ToFileTimeUtc(), 0));
		string[] names = Selection.Criteria.Concat(new[] { "exclude_users", "ghosts", "all_sessions" }).ToArray();
		var selected = names.Select(name => name + "=" + String.Join("\n", module.List(name) ?? new string[0]));
		string[] message = { "text=" + _box.Text, "title=" + options.Text("title"), "grace=" + options.Text("grace"), "at=" + _at };
		_task = Fingerprint(String.Join("\n\n", selected.Concat(message)));
		_server = Fingerprint(host.ServerName ?? "");
		ReadRecords();
	}

	// FNV-1a, 64 bits, of a text without regard to case.
	// It tells tasks apart and protects nothing. SHA-256 of .NET Framework throws on a Windows that only allows FIPS algorithms.
	private static string Fingerprint(string text) {
		ulong hash = 14695981039346656037;
		foreach (byte part in Encoding.UTF8.GetBytes(text.ToUpperInvariant()))
			hash = unchecked((hash ^ part) * 1099511628211);
		return hash.ToString("x16", CultureInfo.InvariantCulture);
	}

	private void ReadRecords() {
		int strangers = 0;
		using (RegistryKey key = RegistryKey.OpenRead(KeyPath)) {
			foreach (string token in key == null ? new string[0] : key.ValueNames()) {
				var notices = Read(key, token);
				if (notices.Count == 0)
					strangers++;
				else
					_records[token] = notices;
			}
		}
		if (strangers > 0)
			_host.Warnings.Add(Names.Format("Values of HKLM\\{0} that this version of the module has not written are ignored: {1}", KeyPath, strangers));
	}

	private static void Save(RegistryKey key, string token, List<Notice> notices) {
		if (notices.Count == 0) {
			key.Remove(token);
			return;
		}
		key.SetText(token, String.Join("\n", notices.Skip(Math.Max(0, notices.Count - LongestValue)).Select(notice => notice.ToText())));
	}

	private bool IsOwn(Notice notice) {
		return notice.Task == _task && notice.Server == _server;
	}

	// The notice of this task to a session; null if there is none.
	private Notice Find(Session session) {
		List<Notice> notices;
		if (session.Facts != null)
			return _records.TryGetValue(session.Token, out notices) ? notices.LastOrDefault(IsOwn) : null;
		// The logon time is unknown: a warning to the same user under the same ID counts.
		string id = session.Id + ":", account = ":" + session.Account;
		return _records
			.Where(record => record.Key.StartsWith(id, StringComparison.Ordinal) && record.Key.EndsWith(account, StringComparison.OrdinalIgnoreCase))
			.SelectMany(record => record.Value).Where(IsOwn).OrderBy(notice => notice.Due).LastOrDefault();
	}

	// Decides whether a selected session may be acted on.
	// notice: The notice that the decision is based on; null if none is in force.
	public Decision Decide(Session session, Match match, out Notice notice) {
		notice = Find(session);
		long now = _host.Clock(session);
		// Nobody reads a message in a disconnected session.
		Decision unwarned = session.User == null || session.IsDisconnected ? Decision.Act : Decision.Warn;
		if (notice != null && notice.Given > now + Tolerance) {
			_host.Warnings.Add("The notice to " + session + " is ignored: its time is in the future");
			notice = null;
			// The clock was set back: how much of the promised time is left is unknown, also after a disconnect.
			return session.User == null ? unwarned : Decision.Warn;
		}
		if (notice == null)
			return unwarned;
		if (notice.Shown == 0) {
			if (session.LastUse > notice.First) {
				// A user who could not be warned and has used the session since gets the whole grace period again.
				notice = null;
				return Decision.Warn;
			}
			// A session that can show a message is acted on only after another attempt has failed.
			bool mayShow = session.State == "active" && !notice.HasFailed;
			return now >= notice.Due && !mayShow ? Decision.Act : session.IsDisconnected ? Decision.Wait : Decision.Warn;
		}
		if (!IsInForce(notice, session, match)) {
			// A user who was warned keeps the promised time, in any state.
			if (session.IsDisconnected && now < notice.Due)
				return Decision.Wait;
			notice = null;
			return unwarned;
		}
		if (now >= notice.Due)
			return Decision.Act;
		bool isTimeToRemind = !notice.IsReminded && Seconds(notice.Due - now) <= _remind && session.State == "active";
		return isTimeToRemind ? Decision.Remind : Decision.Wait;
	}

	// Whether a notice that was shown still counts.
	private bool IsInForce(Notice notice, Session session, Match match) {
		long now = _host.Clock(session);
		SessionFacts facts = session.Facts ?? new SessionFacts();
		long lastUse = FileTime.Latest(facts.LastInputTime, facts.ConnectTime);
		// Without a logon time the token does not tell another logon of the user from this one.
		if (!FileTime.IsKnown(facts.LogonTime) && lastUse > notice.Given)
			return false;
		if (now >= notice.Due && (_renews || (lastUse > notice.Due && Seconds(now - notice.Due) > _valid)))
			return false;
		return !_selection.HasLimits || (Stayed(notice, lastUse) & match.Reached) != Limits.None;
	}

	// The limits that have stayed reached since the notice: input and reconnects restart two of them.
	private Limits Stayed(Notice notice, long lastUse) {
		return lastUse <= notice.Given ? notice.Reached : notice.Reached & _selection.Lasting;
	}

	// Starts the grace period of a user who could not be warned, unless another controller has given its notice since.
	public void Restart(RegistryKey key, Session session, Notice notice) {
		notice.First = _host.Clock(session);
		notice.Due = DueAfter(notice.First);
		var recorded = Read(key, session.Token);
		if (recorded.Any(other => other.Nonce == notice.Nonce))
			Replace(key, session.Token, recorded, notice);
	}

	// Notes that the message of a notice that is due could not be shown in this run either.
	// Whether the session may be acted on without a warning.
	public bool Fail(Notice notice, Session session) {
		return notice.HasFailed = _host.Clock(session) >= notice.Due;
	}

	public long SecondsLeft(Notice notice, Session session) {
		long now = _host.Clock(session);
		// After a larger step back of the clock, the next run warns again.
		return Math.Max(0, Seconds(Math.Min(notice.Due, DueAfter(now) + Tolerance) - now));
	}

	private static long Seconds(long ticks) {
		return (long)Math.Ceiling((double)ticks / TimeSpan.TicksPerSecond);
	}

	private long DueAfter(long start) {
		if (_grace != null)
			return start + (long)(_grace.Value * TimeSpan.TicksPerSecond);
		DateTime moment;
		// Not the T of ISO 8601, from which ConvertFrom-Json makes another type.
		if (DateTime.TryParseExact(_at, "yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture,
			DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out moment)) {
			return Math.Max(start, moment.ToFileTimeUtc());
		}
		if (!DateTime.TryParseExact(_at, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out moment))
			throw new SessionException("notice.at: '" + Names.Printable(_at) + "' is not a time of day. Example: '22:00'");
		DateTime now = DateTime.FromFileTimeUtc(start).ToLocalTime();
		DateTime end = now.Date + moment.TimeOfDay;
		return (end > now ? end : end.AddDays(1)).ToFileTimeUtc();
	}

	private string Render(long due, long now) {
		DateTime end = DateTime.FromFileTimeUtc(due).ToLocalTime();
		bool isToday = now != 0 && end.Date == DateTime.FromFileTimeUtc(now).ToLocalTime().Date;
		string minutes = now == 0 ? "0000000" : ((long)Math.Ceiling((due - now) / (double)TimeSpan.TicksPerMinute)).ToString(CultureInfo.InvariantCulture);
		return _box.Text
			.Replace(MinutesMark, minutes)
			.Replace(TimeMark, end.ToString(isToday ? "HH:mm" : "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture));
	}

	public RegistryKey Open() {
		return RegistryKey.OpenWrite(KeyPath, true);
	}

	// Records that a user is about to be warned.
	// before: The notice in force, whose user could not be warned yet or is to be reminded; null: a new notice.
	// other: Another controller's notice of the same task, given meanwhile; null if the record is ours.
	public Notice Record(RegistryKey key, Session session, Match match, Notice before, out Notice other) {
		var recorded = Read(key, session.Token);
		Notice known = Find(session);
		other = recorded.LastOrDefault(IsOwn);
		bool isUnchanged = known != null && other != null && other.ToText() == known.ToText();
		if (isUnchanged || (other != null && other.Shown != 0 && !IsInForce(other, session, match)))
			other = null;
		long now = _host.Clock(session);
		Notice notice = new Notice { First = now, Due = DueAfter(now), Reached = match.Reached, Task = _task, Server = _server };
		if (before != null) {
			notice.First = before.First;
			notice.Shown = before.Shown;
			notice.Due = before.Due;
			notice.IsReminded = before.Shown != 0;
		}
		if (other == null)
			Replace(key, session.Token, recorded, notice);
		return notice;
	}

	public Notice Reread(RegistryKey key, string token) {
		return Read(key, token).LastOrDefault(IsOwn);
	}

	public void Forget(RegistryKey key, string token) {
		Replace(key, token, Read(key, token));
	}

	private static List<Notice> Read(RegistryKey key, string token) {
		return (key.Get(token) as string ?? "").Split('\n').Select(Notice.Parse).Where(notice => notice != null).ToList();
	}

	// Replaces this task's records of a session.
	private void Replace(RegistryKey key, string token, List<Notice> recorded, params Notice[] own) {
		Save(key, token, recorded.Where(notice => !IsOwn(notice)).Concat(own).ToList());
	}

	// Shows the message and records that it was shown: from then on the grace period runs.
	public void Show(RegistryKey key, Session session, Notice notice) {
		long now = _host.Clock(session);
		long due = notice.Shown == 0 ? DueAfter(now) : notice.Due;
		double left = (due - now) / (double)TimeSpan.TicksPerSecond;
		_box.Show(_host, session.Id, Render(due, now), left);
		notice.Due = due;
		notice.IsReminded |= notice.Shown != 0 || left <= _remind;
		notice.Shown = notice.Shown == 0 ? now : notice.Shown;
		Replace(key, session.Token, Read(key, session.Token), notice);
	}

	// Removes the notices to sessions that have ended, and those of this task to sessions that it no longer selects.
	// present: The tokens of all sessions: true if this task waits for the session.
	// unreadable: The IDs of sessions whose tokens are unknown.
	public void RemoveStale(Dictionary<string, bool> present, IEnumerable<long> unreadable) {
		// Another controller may have written a new record since: only the notices that were read are removed.
		var stale = new Dictionary<string, HashSet<string>>();
		foreach (KeyValuePair<string, List<Notice>> record in _records) {
			bool isWaited;
			bool isPresent = present.TryGetValue(record.Key, out isWaited);
			if (isWaited || (!isPresent && unreadable.Any(id => record.Key.StartsWith(id + ":", StringComparison.Ordinal))))
				continue;
			var nonces = new HashSet<string>(
				record.Value.Where(notice => isPresent ? IsOwn(notice) : notice.Server == _server).Select(notice => notice.Nonce));
			if (nonces.Count > 0)
				stale[record.Key] = nonces;
		}
		if (stale.Count == 0)
			return;
		using (RegistryKey key = Open()) {
			foreach (KeyValuePair<string, HashSet<string>> entry in stale) {
				var notices = Read(key, entry.Key);
				if (notices.RemoveAll(notice => entry.Value.Contains(notice.Nonce)) > 0)
					Save(key, entry.Key, notices);
			}
		}
	}
}
}
