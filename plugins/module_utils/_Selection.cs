// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using ansible_collections.winops.sessions.plugins.module_utils._Session;
using ansible_collections.winops.sessions.plugins.module_utils._Wts;

namespace ansible_collections.winops.sessions.plugins.module_utils._Selection {
// Names with the wildcards * and ?, compared without case.
internal static class Wildcard {
	public static bool IsPattern(string text) {
		return text.IndexOf('*') >= 0 || text.IndexOf('?') >= 0;
	}

	public static bool IsAnyMatch(IEnumerable<string> patterns, string text) {
		return text != null && patterns.Any(pattern => IsMatch(pattern, text));
	}

	// Whether a text matches a pattern, in time of at most the product of their lengths.
	public static bool IsMatch(string pattern, string text) {
		int p = 0;
		int t = 0;
		int star = -1;
		int mark = 0;
		while (t < text.Length) {
			if (p < pattern.Length && pattern[p] == '*') {
				star = p++;
				mark = t;
			} else if (p < pattern.Length && pattern[p] == '?') {
				p++;
				t = Next(text, t);
			} else if (p < pattern.Length && Char.ToUpperInvariant(pattern[p]) == Char.ToUpperInvariant(text[t])) {
				p++;
				t++;
			} else if (star >= 0) {
				p = star + 1;
				mark = Next(text, mark);
				t = mark;
			} else
				return false;
		}
		while (p < pattern.Length && pattern[p] == '*')
			p++;
		return p == pattern.Length;
	}

	// A character outside the basic multilingual plane is two units of a string, but one character for a reader.
	private static int Next(string text, int index) {
		return index + (Char.IsSurrogatePair(text, index) ? 2 : 1);
	}
}

// What could not be compared while sessions were selected or protected, for one warning each.
internal sealed class Doubts {
	private readonly SortedDictionary<long, string> _protected = new SortedDictionary<long, string>();
	private readonly SortedDictionary<string, string> _problems = new SortedDictionary<string, string>(StringComparer.Ordinal);

	// A session is protected or excluded because it may be one of those that are named.
	public bool Protect(Session session) {
		_protected[session.Id] = session.ToString();
		return true;
	}

	public void Report(string key, string text) {
		_problems[key] = text;
	}

	public IEnumerable<string> Warnings() {
		if (_protected.Count > 0) {
			yield return Names.Format("{0} {1} skipped because the user could not be compared with the users and groups to protect or exclude: {2}",
				_protected.Count, _protected.Count == 1 ? "session is" : "sessions are", String.Join(", ", _protected.Values.Take(10)));
		}
		foreach (string problem in _problems.Values)
			yield return problem;
	}
}

internal sealed class UserList {
	private static readonly Regex SidPattern = new Regex(@"\AS-1-[0-9*?-]+\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
	// The account database of these domains is in the cloud, so their user principal names cannot be resolved on the host.
	private static readonly string[] CloudDomains = { "AzureAD", "MicrosoftAccount" };

	private readonly SessionHost _host;
	private readonly Doubts _doubts;
	private readonly string _option;
	private readonly string[] _patterns;
	private readonly bool _protects;

	// protects: Whether a session that may be one of those named counts as one.
	public UserList(SessionHost host, Doubts doubts, string option, string[] patterns, bool protects) {
		_host = host;
		_doubts = doubts;
		_option = option;
		_patterns = patterns;
		_protects = protects;
	}

	// The names that Windows could not resolve.
	public readonly List<string> Unresolved = new List<string>();

	public bool Contains(Session session) {
		return session.User != null && _patterns.Any(pattern => IsMatch(pattern, session));
	}

	private bool IsMatch(string pattern, Session session) {
		if (SidPattern.IsMatch(pattern))
			return IsSidMatch(pattern, session);
		if (IsTextMatch(pattern, session.User, session.Domain))
			return true;
		string user = UserPart(pattern);
		if (user == null)
			return false;
		if (_protects && session.Domain == null && Wildcard.IsMatch(user, session.User))
			return _doubts.Protect(session);
		return !Wildcard.IsPattern(pattern) && !_host.IsListed(row => IsTextMatch(pattern, row.User, row.Domain)) && IsResolvedMatch(pattern, user, session);
	}

	// Windows has several names for one account: CORP\alice, corp.example.com\alice, alice@corp.example.com.
	private bool IsResolvedMatch(string pattern, string user, Session session) {
		Account account = _host.Lookup(pattern);
		if (account.IsUser)
			return IsSidMatch(account.Sid, session);
		if (account.Sid != null) {
			_doubts.Report(pattern, _option + ": '" + Names.Printable(pattern) + "' is not a user account and matches no session");
			return false;
		}
		if (!Unresolved.Contains(pattern)) {
			Unresolved.Add(pattern);
			_doubts.Report(pattern, _option + ": '" + Names.Printable(pattern) + "' could not be resolved, " + account.Error.Message);
		}
		bool isCloudName = pattern.IndexOf('@') >= 0 && CloudDomains.Contains(session.Domain, Names.Comparer);
		if (_protects && (isCloudName || Names.AreEqual(user, session.User)))
			return _doubts.Protect(session);
		return false;
	}

	private bool IsSidMatch(string pattern, Session session) {
		string sid = _host.SidOf(session);
		if (sid != null)
			return Wildcard.IsMatch(pattern, sid);
		if (_protects)
			return _doubts.Protect(session);
		_doubts.Report(
			_option + session.Id, _option + ": " + session + " could not be compared with '" + Names.Printable(pattern) + "' because the SID of its user is unknown");
		return false;
	}

	private static bool IsTextMatch(string pattern, string user, string domain) {
		if (user == null)
			return false;
		if (pattern.IndexOf('\\') >= 0)
			return Wildcard.IsMatch(pattern, domain == null ? user : domain + "\\" + user);
		// Names of Entra ID accounts contain the @ themselves.
		return Wildcard.IsMatch(pattern, user) || (domain != null && pattern.IndexOf('@') >= 0 && Wildcard.IsMatch(pattern, user + "@" + domain));
	}

	private static string UserPart(string pattern) {
		int slash = pattern.IndexOf('\\');
		if (slash >= 0)
			return pattern.Substring(slash + 1);
		int at = pattern.LastIndexOf('@');
		return at > 0 ? pattern.Substring(0, at) : null;
	}
}

internal sealed class GroupList {
	private readonly SessionHost _host;
	private readonly List<string> _sids = new List<string>();

	public GroupList(SessionHost host, string option, string[] names) {
		_host = host;
		if (host.ServerName != null)
			throw new SessionException(option + ": the groups of another host's users cannot be read. Do not combine it with server");
		foreach (string name in names) {
			string sid = name;
			if (!name.StartsWith("S-1-", StringComparison.OrdinalIgnoreCase)) {
				Account account = host.Lookup(name);
				if (!account.IsGroup) {
					throw new SessionException(
						option + ": '" + Names.Printable(name) + "' is not a group that this host knows" +
						(account.Error == null ? ", it is another kind of account" : ": " + account.Error.Message) + ". Example: CORP\\VIP", account.Error);
				}
				sid = account.Sid;
			}
			_sids.Add(sid);
		}
	}

	// Whether the user of a session is a member; null if that is unknown.
	public bool? Contains(Session session) {
		var groups = session.User == null ? new HashSet<string>() : _host.GroupsOf(session);
		return groups == null ? null : (bool?)_sids.Any(groups.Contains);
	}
}

internal sealed class ImageList {
	private readonly string[] _patterns;

	public ImageList(string[] names) {
		// Windows reports EXCEL.EXE, most administrators write excel.
		_patterns = names.Concat(names.Where(name => name.IndexOf('.') < 0 && !Wildcard.IsPattern(name)).Select(name => name + ".exe")).ToArray();
	}

	// Whether a session runs one of these images; null if its processes could not be read.
	// Every session of a user has processes (csrss.exe, winlogon.exe).
	public bool? Contains(Session session) {
		SessionProcess[] processes = session.Processes;
		return processes.Length == 0 && session.User != null ? null : (bool?)processes.Any(process => Wildcard.IsAnyMatch(_patterns, process.Name));
	}
}

[Flags]
internal enum Limits {
	None = 0,
	MaxDisconnected = 1,
	MaxIdle = 2,
	MaxLoggedOn = 4,
}

internal sealed class Match {
	public static readonly Match No = new Match();

	// Whether the session is selected; null if that could not be evaluated.
	public bool? IsSelected = false;
	public Limits Reached;
	// Why it is not selected, or could not be evaluated.
	public string Problem;
	public WtsException Error;

	// The first limit that was reached, as the option's name.
	public string Reason {
		get {
			return (Reached & Limits.MaxDisconnected) != 0 ? "max_disconnected"
				: (Reached & Limits.MaxIdle) != 0 ? "max_idle"
				: Reached != 0 ? "max_logged_on"
				: null;
		}
	}

	public static Match NotBecause(string problem) {
		return new Match { Problem = problem };
	}

	public static Match Unknown(string problem, WtsException error) {
		return new Match { IsSelected = null, Problem = problem, Error = error };
	}
}

internal sealed class Selection {
	// The options that make a selection.
	public static readonly string[] Criteria = {
		"users", "groups", "session_ids", "tokens", "states", "locked", "processes", "client_names", "max_idle", "max_disconnected", "max_logged_on",
	};

	// Every logon passes through states without a user.
	private const long ShortestStuck = 60;
	// Windows creates this account while it is being set up.
	private const string ProvisioningUser = "defaultuser0";

	private readonly SessionHost _host;
	private readonly UserList _users, _excluded;
	private readonly GroupList _groups;
	private readonly ImageList _images;
	private readonly long[] _ids;
	private readonly string[] _tokens, _states, _clients;
	private readonly bool? _locked;
	private readonly bool _ghosts, _all;
	// Null for a limit that is not set.
	private readonly Dictionary<Limits, double?> _limits;

	public Selection(SessionHost host, Options options) {
		_host = host;
		_users = options.Has("users") ? new UserList(host, Doubts, "users", options.List("users"), false) : null;
		_excluded = new UserList(host, Doubts, "exclude_users", options.List("exclude_users") ?? new string[0], true);
		_groups = options.Has("groups") ? new GroupList(host, "groups", options.List("groups")) : null;
		_images = options.Has("processes") ? new ImageList(options.List("processes")) : null;
		_ids = options.Has("session_ids") ? options.List("session_ids").Select(id => Int64.Parse(id, CultureInfo.InvariantCulture)).ToArray() : null;
		_tokens = options.List("tokens");
		_states = options.List("states");
		_clients = options.List("client_names");
		_locked = options.Has("locked") ? (bool?)options.Flag("locked") : null;
		_ghosts = options.Flag("ghosts");
		// Only the module that lists sessions has this option.
		_all = options.Flag("include_all");
		_limits = new Dictionary<Limits, double?> {
			{ Limits.MaxDisconnected, options.Seconds("max_disconnected") },
			{ Limits.MaxIdle, options.Seconds("max_idle") },
			{ Limits.MaxLoggedOn, options.Seconds("max_logged_on") },
		};
		foreach (long id in _ids ?? new long[0]) {
			if (!SessionServer.IsUserSessionId(id)) {
				throw new SessionException(
					Names.Format("session_ids: {0} is not the ID of a user session: it must be from 1 to 65535. Example: 3", id));
			}
		}
	}

	public readonly Doubts Doubts = new Doubts();
	public bool NeedsClients { get { return _clients != null; } }
	public bool NeedsProcesses { get { return _images != null; } }
	public bool HasLimits { get { return _limits.Values.Any(seconds => seconds != null); } }

	// Whether a row may be selected, by the row alone, so that the other sessions need not be read.
	public bool IsCandidate(Session session) {
		if (_all || (session.User == null && session.State == "active" && session.IsUserSessionId)) {
			// An active session without a user is a contradiction, which reading it resolves.
			return IsNamed(session);
		}
		return session.IsUserSessionId
			&& (MayBeNamed(session) || ((session.User != null || (_ghosts && session.IsGhost)) && IsNamed(session)));
	}

	// Whether only its facts show if a session without a user is named exactly and selectable.
	public bool MayBeNamed(Session session) {
		return session.User == null
			&& ((_ghosts && _ids != null && _ids.Contains(session.Id))
				|| (_tokens != null && _tokens.Any(token => token.StartsWith(session.Id + ":", StringComparison.Ordinal))));
	}

	private bool IsNamed(Session session) {
		return (_ids == null || _ids.Contains(session.Id))
			&& (_users == null || _users.Contains(session) || (session.User == null && session.State == "active"))
			&& !_excluded.Contains(session);
	}

	// Whether any option may select this kind of session: a user's, or one that ghosts allows.
	public bool IsSelectable(Session session) {
		if (_all)
			return true;
		if (!session.IsUserSessionId)
			return false;
		if (session.User != null)
			return _users != null || _ids != null || _tokens != null || !Names.AreEqual(session.User, ProvisioningUser);
		return _ghosts && (session.IsGhost || (IsNamedExactly(session) && IsStuck(session)));
	}

	private bool IsNamedExactly(Session session) {
		return (_ids != null && _ids.Contains(session.Id)) || (_tokens != null && IsAnyToken(session));
	}

	private bool IsAnyToken(Session session) {
		return _tokens.Any(token => Names.AreEqual(token, session.Token));
	}

	private static bool IsStuck(Session session) {
		return !session.IsConsole && session.Facts != null
			&& FileTime.SecondsBetween(session.Facts.ConnectTime, session.Facts.CurrentTime) >= ShortestStuck;
	}

	public Match Evaluate(Session session) {
		Match match = EvaluateIdentity(session);
		if (match.IsSelected == false)
			return match;
		if (_states != null && !_states.Contains(session.State))
			return Match.NotBecause("it is now " + session.State);
		bool needsFacts = _tokens != null || _locked != null || HasLimits;
		if (needsFacts && session.Facts == null) {
			// A session that is being closed cannot be read. It ends without this module.
			return session.Error.IsClosing ? Match.NotBecause("it is being closed") : Match.Unknown(session.ReadProblem, session.Error);
		}
		if (_locked != null && (session.IsDisconnected ? null : session.Facts.Locked) != _locked)
			return Match.NotBecause("its lock state has changed");
		if (_clients != null) {
			WtsException error = session.Client.NameError;
			if (error != null)
				return Match.Unknown("the client of " + session + " could not be queried, " + error.Message, error);
			string name = session.Client.Name;
			if (!Wildcard.IsAnyMatch(_clients, name))
				return Match.NotBecause("its client is now " + (name == null ? "unknown" : Names.Printable(name)));
		}
		if (HasLimits) {
			match.Reached = Reached(session);
			if (match.Reached == Limits.None) {
				return Match.NotBecause(Names.Format("it is now {0} and has been idle for {1}", session.State,
					session.IdleSeconds == null ? "an unknown time" : session.IdleSeconds + " s"));
			}
		}
		return match;
	}

	// Evaluates the options that an act of this module cannot change: who it is, not what the session does.
	public Match EvaluateIdentity(Session session) {
		if (!IsSelectable(session) || !IsNamed(session))
			return Match.No;
		if (_tokens != null && (session.Facts != null || session.User == null) && !IsAnyToken(session))
			return Match.No;
		if (_groups != null) {
			bool? isMember = _groups.Contains(session);
			if (isMember == null)
				Doubts.Report("groups" + session.Id, "groups: " + session + " is not selected, the logon token of its user could not be read");
			if (isMember != true)
				return Match.NotBecause("its user is not a member of the groups");
		}
		if (_images != null) {
			bool? isRun = null;
			WtsException error = null;
			try {
				isRun = _images.Contains(session);
			} catch (WtsException e) {
				error = e;
			}
			if (isRun == null)
				return Match.Unknown(session.ProcessesProblem(error), error);
			if (isRun == false)
				return Match.NotBecause("it does not run the processes any more");
		}
		return new Match { IsSelected = true };
	}

	// The limits that input and reconnects do not restart: that of the logon, and those that are reached at any time.
	public Limits Lasting {
		get {
			return _limits.Where(limit => limit.Key == Limits.MaxLoggedOn || limit.Value == 0).Aggregate(Limits.None, (all, limit) => all | limit.Key);
		}
	}

	private Limits Reached(Session session) {
		// A ghost has no user who could be idle or logged on.
		Limits reached = IsReached(Limits.MaxDisconnected, session.DisconnectedSeconds);
		if (session.User != null)
			reached |= IsReached(Limits.MaxIdle, session.IdleSeconds) | IsReached(Limits.MaxLoggedOn, session.LoggedOnSeconds);
		return reached;
	}

	private Limits IsReached(Limits limit, long? seconds) {
		return seconds >= _limits[limit] ? limit : Limits.None;
	}

	public void Report(ModuleAnswer answer, IEnumerable<Session> read) {
		answer.Result["host_time"] = FileTime.ToText(_host.Clock(read.ToArray()));
		answer.Result["unresolved"] = _users == null ? new object[0] : _users.Unresolved.Cast<object>().ToArray();
		answer.Warnings.AddRange(Unselectable(_host.Listed(read)));
		answer.Warnings.AddRange(Doubts.Warnings());
	}

	// Why sessions that are named by their ID or token are not selectable.
	private IEnumerable<string> Unselectable(IEnumerable<Session> sessions) {
		foreach (Session session in sessions.Where(session => IsNamedExactly(session) && !IsSelectable(session))) {
			string reason = !session.IsUserSessionId ? "it is not a user session"
				: session.IsConsole ? "it is the console and has no user"
				: session.IsGhost ? "it is a ghost session. Set ghosts=true"
				: !_ghosts ? "it is " + session.State + " and has no user. Set ghosts=true if it is stuck"
				: "it is " + session.State + " and has no user, which is also the case during a logon";
			yield return Names.Format("session {0} is not selectable: {1}", session.Id, reason);
		}
	}
}

internal sealed class Protection {
	private readonly SessionHost _host;
	private readonly UserList _users;
	private readonly GroupList _groups;
	private readonly ImageList _images;
	private readonly Doubts _doubts;
	private readonly bool _connectionUser, _consoleIdle;
	private string _caller;

	public Protection(SessionHost host, Doubts doubts, Options options) {
		_host = host;
		_doubts = doubts;
		_users = new UserList(host, doubts, "protect_users", options.List("protect_users") ?? new string[0], true);
		_groups = options.Has("protect_groups") ? new GroupList(host, "protect_groups", options.List("protect_groups")) : null;
		_images = options.Has("protect_processes") ? new ImageList(options.List("protect_processes")) : null;
		_connectionUser = options.Flag("protect_connection_user");
		_consoleIdle = options.Flag("protect_console_idle");
	}

	public bool NeedsProcesses { get { return _images != null; } }

	// Reads what protection depends on, before any session is acted on.
	public void Prepare() {
		try {
			_caller = _connectionUser ? SessionServer.CallerAccount() : null;
		} catch (WtsException e) {
			throw new SessionException("protect_connection_user: the account of the connection could not be read, " + e.Message, e);
		}
		// "WTSEnumerateProcessesExW function": an account that is no administrator sees only its own processes.
		if (_images != null && !_host.Processes.Any(session => session.Key != 0)) {
			throw new SessionException(
				"protect_processes: the processes of the sessions cannot be read, so no session can be protected. Connect with a member of the local Administrators group");
		}
	}

	public string Reason(Session session, Match match) {
		if (session.IsOwn)
			return "own_session";
		if (_caller != null && IsCaller(session))
			return "connection_user";
		if (_users.Contains(session))
			return "protected_user";
		if (_groups != null && (_groups.Contains(session) ?? _doubts.Protect(session)))
			return "protected_group";
		if (_images != null && _images.Contains(session) != false)
			return "protected_process";
		// Windows does not update the last input time of the console reliably.
		return _consoleIdle && session.IsConsole && match.Reached == Limits.MaxIdle ? "console_idle" : null;
	}

	// "GetUserNameExW function": the domain of a network logon may be spelled differently from the session's.
	private bool IsCaller(Session session) {
		if (session.User == null)
			return false;
		if (Names.AreEqual(_caller, session.Account))
			return true;
		if (!Names.AreEqual(_caller.Substring(_caller.LastIndexOf('\\') + 1), session.User))
			return false;
		string sid = _host.Lookup(_caller).Sid;
		string sessionSid = _host.SidOf(session);
		return sid == null || sessionSid == null ? _doubts.Protect(session) : Names.AreEqual(sid, sessionSid);
	}
}
}
