// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.ComponentModel;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using ansible_collections.winops.sessions.plugins.module_utils._Wts;

namespace ansible_collections.winops.sessions.plugins.module_utils._Session {
internal class SessionException : Win32Exception {
	public SessionException(string message, Win32Exception cause = null) : base(cause == null ? 0 : cause.NativeErrorCode, message) { }
}

internal sealed class Options {
	private const double LongestSeconds = 1e12;

	private readonly IDictionary _values;

	public Options(IDictionary values) {
		_values = values;
	}

	public bool Has(string name) {
		return _values.Contains(name) && _values[name] != null;
	}

	public string Text(string name) {
		return Has(name) ? Convert.ToString(_values[name], CultureInfo.InvariantCulture) : null;
	}

	public bool Flag(string name) {
		return Has(name) && (bool)_values[name];
	}

	public long? Number(string name) {
		return Has(name) ? (long?)Convert.ToInt64(_values[name], CultureInfo.InvariantCulture) : null;
	}

	// The values of a list, or the one value of another option, as texts; null if the option is not set.
	public string[] List(string name) {
		if (!Has(name))
			return null;
		var list = _values[name] is string ? null : _values[name] as IEnumerable;
		return list == null ? new[] { Text(name) } : list.Cast<object>().Select(value => Names.Format("{0}", value)).ToArray();
	}

	public Options Suboptions(string name) {
		return new Options((IDictionary)_values[name]);
	}

	// A duration in seconds, as the action plugin passes it: 90, 1.5 or 60s; null if the option is not set.
	public double? Seconds(string name) {
		string text = Text(name);
		if (text == null)
			return null;
		double seconds;
		string number = text.EndsWith("s", StringComparison.Ordinal) ? text.Substring(0, text.Length - 1) : text;
		if (!Double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds)
			|| !(seconds >= 0 && seconds < LongestSeconds)) {
			throw new SessionException(
				name + ": '" + text + "' is not a number of seconds, such as 5400. Durations such as 1h30m are converted by the action plugin on the controller");
		}
		return seconds;
	}
}

internal static class Names {
	public static readonly StringComparer Comparer = StringComparer.OrdinalIgnoreCase;

	// Controls, formats, separators, and halves of a surrogate pair.
	private static readonly Regex Hidden = new Regex(
		@"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]", RegexOptions.CultureInvariant);

	public static string Format(string format, params object[] values) {
		return String.Format(CultureInfo.InvariantCulture, format, values);
	}

	public static string Count(int number, string noun) {
		return Format(number == 1 ? "{0} {1}" : "{0} {1}s", number, noun);
	}

	public static bool AreEqual(string a, string b) {
		return Comparer.Equals(a ?? "", b ?? "");
	}

	// A name that came from outside, without the characters that control a terminal or reorder its text.
	public static string Printable(string name) {
		return Hidden.Replace(name, "?");
	}
}

// FILETIMEs: 100 ns since 1601, UTC; 0 is "not available".
internal static class FileTime {
	// A number out of range must not look like an idle time since 1601.
	private static readonly long First = new DateTime(1900, 1, 1, 0, 0, 0, DateTimeKind.Utc).ToFileTimeUtc();
	private static readonly long Last = DateTime.MaxValue.ToFileTimeUtc();

	public static bool IsKnown(long value) {
		return value >= First && value <= Last;
	}

	public static string ToText(long value) {
		return IsKnown(value)
			? DateTime.FromFileTimeUtc(value).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
			: null;
	}

	public static long? SecondsBetween(long from, long to) {
		return IsKnown(from) && IsKnown(to) ? (long?)Math.Max(0, (to - from) / TimeSpan.TicksPerSecond) : null;
	}

	public static long Latest(params long[] values) {
		return values.Where(IsKnown).DefaultIfEmpty(0).Max();
	}
}

internal sealed class Session {
	// WTS_CONNECTSTATE_CLASS, by its numbers.
	private static readonly string[] StateNames = { "active", "connected", "connect_query", "shadow", "disconnected", "idle", "listen", "reset", "down", "init" };

	// "WTSINFOEX_LEVEL1_W structure" and "WTSINFOW structure" hold no longer names than these: the shorter of the two.
	private const int LongestUser = 20;
	private const int LongestDomain = 16;

	private readonly SessionHost _host;
	private readonly SessionFacts _times;
	private SessionProcess[] _processes;

	internal Session(SessionHost host, SessionRow row, SessionFacts facts = null, WtsException error = null, SessionClient client = null) {
		_host = host;
		Row = row;
		Facts = facts;
		_times = facts ?? new SessionFacts();
		Error = error;
		Client = client;

		// Names in the facts may be truncated. Those of the row count, unless the ID has been reused.
		User = row.User;
		Domain = row.Domain;
		if (facts != null && facts.User != null) {
			if (!IsSameAccount(row, facts)) {
				User = facts.User;
				Domain = facts.Domain;
			} else if (Domain == null)
				Domain = facts.Domain;
		}
		Domain = User == null ? null : Domain;
		Account = User != null && Domain != null ? Domain + "\\" + User : User;
		int state = facts == null ? row.State : facts.State;
		State = state >= 0 && state < StateNames.Length ? StateNames[state] : null;
		// Another user may connect to the console between the read of its ID and that of the rows: both count as it then.
		IsConsole = Id == host.ConsoleId || Names.AreEqual(row.SessionName, "Console");
	}

	internal SessionRow Row;
	internal SessionFacts Facts;
	internal WtsException Error;
	internal SessionClient Client;

	internal long Id { get { return Row.Id; } }
	internal string State;
	internal string User;
	internal string Domain;
	internal string Account;
	internal bool IsConsole;
	internal bool IsOwn { get { return Id == _host.OwnId; } }
	internal bool IsUserSessionId { get { return SessionServer.IsUserSessionId(Id) && State != "listen"; } }

	internal bool IsDisconnected { get { return State == "disconnected" || State == "down"; } }

	// A session that a broken logoff has left without a user.
	internal bool IsGhost { get { return User == null && IsDisconnected && Id != 0 && !IsConsole; } }

	internal string ReadProblem { get { return this + " could not be read, " + Error.Message; } }

	internal const string Doubt = " is skipped: Windows lists another user for this session ID than it reports for the session";

	// Whether the row may belong to another session than the facts, or to none.
	internal bool IsDoubtful { get { return Error != null ? Error.IsGone : !IsSameAccount(Row, Facts); } }

	// 0 if the facts could not be read, as are the other times.
	internal long Now { get { return _times.CurrentTime; } }

	internal long? LoggedOnSeconds { get { return FileTime.SecondsBetween(_times.LogonTime, Now); } }

	internal long? DisconnectedSeconds {
		get {
			long since = FileTime.IsKnown(_times.DisconnectTime) || !IsGhost ? _times.DisconnectTime : _times.ConnectTime;
			return IsDisconnected ? FileTime.SecondsBetween(since, Now) : null;
		}
	}

	// Seconds since the disconnect, or since the last input, connect or logon.
	// "WTSINFOEX_LEVEL1_W structure" does not document whether a connect counts as input, so a user who has just
	// reconnected may still have the last input time of yesterday.
	internal long? IdleSeconds {
		get { return DisconnectedSeconds ?? (FileTime.IsKnown(_times.LastInputTime) ? FileTime.SecondsBetween(LastUse, Now) : null); }
	}

	internal long LastUse { get { return FileTime.Latest(_times.LastInputTime, _times.ConnectTime, _times.LogonTime); } }

	// The identity of the session: equal in every call, different for another session that has reused the ID.
	internal string Token { get { return Names.Format("{0}:{1}:{2}", Id, User == null ? _times.ConnectTime : _times.LogonTime, Account); } }

	internal string Sid { get; set; }

	public override string ToString() {
		return Names.Format("session {0} ({1})", Id, User == null ? "no user" : Names.Printable(Account));
	}

	// The processes: those that were read again for this session, or the list of the whole host.
	internal SessionProcess[] Processes { get { return _processes ?? _host.Processes[Id].ToArray(); } }

	// error: Null if Windows returned no process.
	internal string ProcessesProblem(WtsException error) {
		return "the processes of " + this + " could not be read" + (error == null ? "" : ", " + error.Message);
	}

	internal Session With(SessionFacts facts, SessionClient client, SessionProcess[] processes) {
		return new Session(_host, Row, facts, null, client) { Sid = Sid, _processes = processes };
	}

	// Whether the full names of a row and the possibly truncated names of facts can be those of one account, or of none.
	internal static bool IsSameAccount(SessionRow row, SessionFacts facts) {
		return IsTruncationOf(facts.User, row.User, LongestUser)
			&& (row.Domain == null || facts.Domain == null || IsTruncationOf(facts.Domain, row.Domain, LongestDomain));
	}

	private static bool IsTruncationOf(string name, string whole, int limit) {
		return name == null || name.Length < limit
			? Names.AreEqual(name, whole)
			: (whole ?? "").StartsWith(name, StringComparison.OrdinalIgnoreCase);
	}

	// Whether the names of facts identify an account without the enumeration: nothing can have been truncated.
	internal static bool IsComplete(SessionFacts facts) {
		return facts.User != null && facts.User.Length < LongestUser && (facts.Domain ?? "").Length < LongestDomain;
	}

	internal static bool IsSameRow(SessionRow a, SessionRow b) {
		return b != null && Names.AreEqual(a.User, b.User) && Names.AreEqual(a.Domain, b.Domain);
	}

	internal static object[] ToRecords(IEnumerable<Session> sessions) {
		return sessions.Select(session => (object)session.ToRecord()).ToArray();
	}

	internal OrderedDictionary ToRecord() {
		SessionClient client = Client ?? new SessionClient();
		var record = new OrderedDictionary();
		record["id"] = Id;
		record["session_name"] = Row.SessionName;
		record["state"] = State;
		record["user"] = User;
		record["domain"] = Domain;
		record["account"] = Account;
		record["sid"] = Sid;
		record["logon_time"] = FileTime.ToText(_times.LogonTime);
		record["connect_time"] = FileTime.ToText(_times.ConnectTime);
		// "WTSINFOEX_LEVEL1_W structure": the time of an earlier disconnect remains when the user has reconnected.
		record["disconnect_time"] = IsDisconnected ? FileTime.ToText(_times.DisconnectTime) : null;
		record["last_input_time"] = FileTime.ToText(_times.LastInputTime);
		record["logged_on_seconds"] = LoggedOnSeconds;
		record["disconnected_seconds"] = DisconnectedSeconds;
		record["idle_seconds"] = IdleSeconds;
		record["idle_source"] = DisconnectedSeconds != null ? "disconnect" : IdleSeconds != null ? "input" : null;
		record["idle_reliable"] = IdleSeconds != null && !IsConsole;
		record["locked"] = IsDisconnected ? null : _times.Locked;
		record["console"] = IsConsole;
		record["protocol"] = Protocol(client.Protocol);
		record["client_name"] = client.Name;
		record["client_address"] = client.Address;
		record["client_build"] = client.Build;
		record["ghost"] = IsGhost;
		record["own"] = IsOwn;
		record["token"] = Token;
		return record;
	}

	// A disconnected session has no terminal and may report 0, the number of the console.
	private string Protocol(int? number) {
		return IsConsole ? "console"
			: number == null || (number == 0 && IsDisconnected) ? null
			: number == 0 ? "console"
			: number == 2 ? "rdp"
			: "other";
	}
}

internal sealed class SessionHost : IDisposable {
	private const string MissingRight = "Connect with a member of the local Administrators group (a local account other than the built-in " +
		"Administrator also needs LocalAccountTokenFilterPolicy=1)";

	// LocalSystem and the service accounts; the window manager's and the font driver's accounts have one SID a session.
	private static readonly string[] ServiceSids = { "S-1-5-18", "S-1-5-19", "S-1-5-20" };
	private static readonly string[] ServiceSidPrefixes = { "S-1-5-90-", "S-1-5-96-" };

	private readonly ConcurrentDictionary<string, Account> _accounts = new ConcurrentDictionary<string, Account>(Names.Comparer);
	private readonly ConcurrentDictionary<string, HashSet<string>> _groups = new ConcurrentDictionary<string, HashSet<string>>(Names.Comparer);
	private readonly Lazy<ILookup<long, SessionProcess>> _processes;
	private SessionRow[] _listed;

	public SessionHost(string server) {
		// The name becomes part of a command line.
		if (server != null && !Regex.IsMatch(server, @"\A[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}._-]*\z"))
			throw new SessionException("server: '" + Names.Printable(server) + "' is not a valid host name. Example: rds02.corp.example.com");
		ServerName = server;
		Api = new SessionServer(server);
		_processes = new Lazy<ILookup<long, SessionProcess>>(() => Api.Processes(-1).ToLookup(process => process.SessionId));
		// The own session and the console's ID are facts about this host. The console of another host is recognized by its name.
		OwnId = server == null ? SessionServer.OwnSessionId() : -1;
	}

	internal SessionServer Api;
	internal string ServerName;
	internal long OwnId;
	internal long ConsoleId;
	internal readonly List<string> Warnings = new List<string>();

	internal static string Describe(string server) {
		return server == null ? "this host" : "server '" + server + "'";
	}

	public void Dispose() {
		Api.Dispose();
	}

	// The console's session changes when a user walks up to a PC and unlocks it.
	internal void RefreshConsole() {
		ConsoleId = ServerName == null ? SessionServer.ConsoleSessionId() : -1;
	}

	// Session 0, in which services run, exists on every Windows and is shown to every account that may see sessions.
	// A network logon without that right gets a list without it, and no error.
	internal SessionRow[] Enumerate() {
		RefreshConsole();
		SessionRow[] rows = Api.Enumerate();
		if (!rows.Any(row => row.Id == 0)) {
			throw new SessionException(
				"The sessions of " + Describe(ServerName) + " cannot be read: session 0, which always exists, " +
				"is missing from the " + rows.Length + " rows that Windows returned. The account lacks the right to query sessions, so the users who are " +
				"logged on are unknown. " + MissingRight);
		}
		_listed = _listed ?? rows;
		return rows;
	}

	internal bool IsListed(Func<SessionRow, bool> condition) {
		return (_listed ?? Enumerate()).Any(condition);
	}

	internal SessionRow FindRow(long id) {
		return Enumerate().FirstOrDefault(row => row.Id == id);
	}

	internal Session Read(SessionRow row, bool withClient) {
		SessionFacts facts = null;
		WtsException error = null;
		try {
			facts = Api.Query(row.Id);
		} catch (WtsException e) {
			error = e;
		}
		return new Session(this, row, facts, error, withClient ? Api.QueryClient(row.Id) : null);
	}

	// Reads the sessions whose rows are wanted.
	// The enumeration has the full names, the facts have the times. A session whose two do not agree, or that is not found,
	// has started or ended in between: it is enumerated and read again.
	internal List<Session> ReadAll(Func<Session, bool> isWanted, bool withClient, IEnumerable<Session> known = null) {
		var before = (known ?? new Session[0]).ToLookup(session => session.Id);
		Func<SessionRow, Session> read = delegate(SessionRow row) {
			Session session = before[row.Id].LastOrDefault();
			if (session != null && session.Row.State == row.State && Session.IsSameRow(session.Row, row))
				return session;
			return isWanted(new Session(this, row)) ? Read(row, withClient) : null;
		};
		var sessions = Enumerate().Select(read).Where(session => session != null).ToList();
		if (sessions.Any(session => session.IsDoubtful)) {
			var doubtful = new HashSet<long>(sessions.Where(session => session.IsDoubtful).Select(session => session.Id));
			var certain = sessions.Where(session => !session.IsDoubtful).ToList();
			before = certain.ToLookup(session => session.Id);
			sessions = Enumerate()
				.Where(row => doubtful.Contains(row.Id)).Select(read).Where(session => session != null)
				.Concat(certain).OrderBy(session => session.Id).ToList();
		}
		return sessions;
	}

	// All sessions of the first enumeration: as they were read, or by their rows alone.
	internal IEnumerable<Session> Listed(IEnumerable<Session> read) {
		var byId = read.ToLookup(session => session.Id);
		return _listed.Select(row => byId[row.Id].LastOrDefault() ?? new Session(this, row));
	}

	// The processes of the whole host by their session's ID, or the error of reading them: it is tried once.
	internal ILookup<long, SessionProcess> Processes { get { return _processes.Value; } }

	internal Account Lookup(string name) {
		return _accounts.GetOrAdd(name, key => Account.Lookup(ServerName, key));
	}

	// The SID of a session's user: that of the session's own processes if they agree on one, else the one that its name
	// resolves to; null if it is unknown.
	// A name may belong to another account than at the logon: accounts are renamed, deleted and created again.
	internal string SidOf(Session session) {
		if (session.Sid == null && session.User != null) {
			string[] sids;
			try {
				sids = UserProcesses(session.Id).Select(process => process.Sid)
					.Distinct(Names.Comparer).ToArray();
			} catch (WtsException) {
				sids = new string[0];
			}
			if (sids.Length == 1)
				session.Sid = sids[0];
			else if (session.Domain != null) {
				Account account = Lookup(session.Account);
				session.Sid = account.IsUser ? account.Sid : null;
			}
		}
		return session.Sid;
	}

	private IEnumerable<SessionProcess> UserProcesses(long id) {
		return Processes[id].Where(process =>
			process.Sid != null && !ServiceSids.Contains(process.Sid, Names.Comparer)
				&& !ServiceSidPrefixes.Any(prefix => process.Sid.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)));
	}

	// The groups in the logon token of the session's user; null if no process of the user can be opened.
	internal HashSet<string> GroupsOf(Session session) {
		return _groups.GetOrAdd(session.Token, token => ReadGroups(session));
	}

	private HashSet<string> ReadGroups(Session session) {
		string sid = SidOf(session);
		foreach (SessionProcess process in UserProcesses(session.Id).Where(process => sid != null && Names.AreEqual(process.Sid, sid))) {
			try {
				return Api.Groups(process.Id);
			} catch (WtsException) {
				// The process has ended, or is protected: the next one has the same token.
			}
		}
		return null;
	}

	// The clock of the host: that of the most recent reading, or of this process if nothing can be read.
	internal long Clock(params Session[] sessions) {
		long now = FileTime.Latest(sessions.Select(session => session.Now).ToArray());
		if (now == 0) {
			try {
				now = Api.Query(0).CurrentTime;
			} catch (WtsException) {
				// No session can be read.
			}
		}
		return FileTime.IsKnown(now) ? now : DateTime.UtcNow.ToFileTimeUtc();
	}
}

/// <summary>The answer of a module.</summary>
public sealed class ModuleAnswer {
	/// <summary>What the module returns.</summary>
	public readonly OrderedDictionary Result = new OrderedDictionary();
	/// <summary>Why the module fails; null if it succeeds.</summary>
	public string Failure { get; internal set; }
	public readonly List<string> Warnings = new List<string>();
	/// <summary>What was done to sessions, for the event log.</summary>
	public readonly List<string> Events = new List<string>();
	/// <summary>The difference that the module makes, for the option --diff.</summary>
	public object Before { get; internal set; }
	public object After { get; internal set; }

	private void Fail(string problem, Win32Exception error) {
		Failure = problem;
		if (error != null && error.NativeErrorCode != 0)
			Result["error_code"] = error.NativeErrorCode;
	}

	// Fails the module because of some of its sessions. The results of all of them are returned.
	// error: The first error, unless each session has its own.
	internal void Fail(IEnumerable<string> problems, int total, Win32Exception error = null) {
		int count = problems.Count();
		if (count > 0)
			Fail(Names.Format("{0} of {1} failed: {2}", count, Names.Count(total, "session"), String.Join("; ", problems)), error);
	}

	/// <summary>Runs a module's work on the sessions of a host and turns what fails on the way into the module's failure.</summary>
	internal static ModuleAnswer Of(IDictionary parameters, Action<SessionHost, Options, ModuleAnswer> work) {
		var answer = new ModuleAnswer();
		Options options = new Options(parameters);
		SessionHost host = null;
		try {
			host = new SessionHost(options.Text("server"));
			work(host, options, answer);
		} catch (WtsException e) {
			answer.Fail("Reading the sessions of " + SessionHost.Describe(options.Text("server")) + " failed: " + e.Message, e);
		} catch (Win32Exception e) {
			answer.Fail(e.Message, e);
		} finally {
			if (host != null) {
				answer.Warnings.InsertRange(0, host.Warnings.Distinct());
				host.Dispose();
			}
		}
		return answer;
	}
}
}
