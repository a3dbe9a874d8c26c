// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Linq;
using ansible_collections.winops.sessions.plugins.module_utils._Selection;
using ansible_collections.winops.sessions.plugins.module_utils._Session;
using ansible_collections.winops.sessions.plugins.module_utils._Wts;

//TypeAccelerator -Name Winops.SessionList -TypeName SessionList

namespace ansible_collections.winops.sessions.plugins.module_utils._SessionList {
/// <summary>The module win_user_session_info.</summary>
public static class SessionList {
	/// <summary>Lists the selected sessions.</summary>
	public static ModuleAnswer Run(IDictionary parameters) {
		return ModuleAnswer.Of(parameters, List);
	}

	private static void List(SessionHost host, Options options, ModuleAnswer answer) {
		string[] gather = options.List("gather");
		Selection selection = new Selection(host, options);
		var read = host.ReadAll(selection.IsCandidate, gather.Contains("client") || selection.NeedsClients);
		var records = new List<object>();
		var problems = new Dictionary<long, string>();
		WtsException error = null;
		foreach (Session session in read) {
			Match match = selection.Evaluate(session);
			// Services and listeners have no user, and Windows may not return their times or client.
			if (match.IsSelected == null && !session.IsUserSessionId)
				continue;
			// Windows hides sessions row by row: one that refuses to be read proves that this account does not see everything.
			bool isDenied = session.User != null && session.IsUserSessionId && session.Error != null && session.Error.IsDenied;
			if (match.IsSelected == null || isDenied) {
				problems[session.Id] = match.IsSelected == null ? match.Problem : session.ReadProblem;
				error = error ?? match.Error ?? session.Error;
			} else if (session.User != null && session.Error != null)
				answer.Warnings.Add("The times of " + session.ReadProblem);
			if (match.IsSelected == false)
				continue;
			if (gather.Contains("sid"))
				host.SidOf(session);
			var record = session.ToRecord();
			if (gather.Contains("processes")) {
				try {
					record["processes"] = ToRecords(session.Processes);
				} catch (WtsException e) {
					record["processes"] = null;
					problems[session.Id] = session.ProcessesProblem(e);
					error = error ?? e;
				}
			}
			records.Add(record);
		}
		answer.Result["sessions"] = records.ToArray();
		answer.Result["session_count"] = records.Count;
		selection.Report(answer, read);
		answer.Fail(problems.Values, read.Count, error);
	}

	private static object[] ToRecords(IEnumerable<SessionProcess> processes) {
		return processes
			.Select(process => (object)new OrderedDictionary { { "pid", process.Id }, { "name", process.Name }, { "sid", process.Sid } })
			.ToArray();
	}
}
}
