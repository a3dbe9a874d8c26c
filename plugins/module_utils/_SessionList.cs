// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// FOR INTERNAL COLLECTION USE ONLY
// The interfaces in this file are meant for use within this collection and
// may change or be removed in any release without notice.

using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Globalization;
using System.Linq;
using ansible_collections.winops.sessions.plugins.module_utils._Selection;
using ansible_collections.winops.sessions.plugins.module_utils._Session;
using ansible_collections.winops.sessions.plugins.module_utils._Wts;

//TypeAccelerator -Name Winops.SessionList -TypeName SessionList

namespace ansible_collections.winops.sessions.plugins.module_utils._SessionList {
/// <summary>The module win_user_session_info.</summary>
public static class SessionList {
    /// <summary>Lists the selected sessions.</summary>
    /// <param name="parameters">The module's parameters.</param>
    public static ModuleAnswer Run(IDictionary parameters) {
        return ModuleAnswer.Of(parameters, List);
    }

    private static void List(SessionHost host, Options options, ModuleAnswer answer) {
        string[] gather = options.List("gather");
        Selection selection = new Selection(host, options);
        List<Session> read = host.ReadAll(selection.IsCandidate, gather.Contains("client") || selection.NeedsClients, null);
        List<Session> sessions = new List<Session>();
        List<string> problems = new List<string>();
        foreach (Session session in read) {
            Match match = selection.Evaluate(session, selection.NeedsProcesses ? host.Processes()[session.Id].ToArray() : null);
            // Windows hides sessions row by row: one that refuses to be read proves that this account does not see everything.
            bool isDenied = session.User != null && session.IsUserSessionId && session.Error != null && session.Error.IsDenied;
            if (match.IsSelected == null || isDenied)
                problems.Add(match.Problem ?? session + " could not be read, " + session.Error.Message);
            else if (session.User != null && session.Error != null)
                answer.Warnings.Add("The times of " + session + " could not be read, " + session.Error.Message);
            if (match.IsSelected != false)
                sessions.Add(session);
        }
        answer.Warnings.AddRange(selection.Unselectable(host.Listed(read)));
        answer.Result["sessions"] = sessions.Select(session => (object)ToRecord(host, session, gather)).ToArray();
        answer.Result["session_count"] = sessions.Count;
        answer.Result["host_time"] = host.Time(read);
        answer.Result["unresolved"] = selection.Unresolved.Cast<object>().ToArray();
        answer.Warnings.AddRange(selection.Doubts.Warnings());
        if (problems.Count > 0) {
            answer.Failure = string.Format(
                CultureInfo.InvariantCulture, "{0} {1} could not be evaluated: {2}", problems.Count, problems.Count == 1 ? "session" : "sessions", string.Join("; ", problems));
        }
    }

    private static OrderedDictionary ToRecord(SessionHost host, Session session, string[] gather) {
        if (gather.Contains("sid"))
            host.SidOf(session);
        OrderedDictionary record = session.ToRecord();
        if (gather.Contains("processes"))
            record["processes"] = host.Processes()[session.Id].Select(process => (object)ToRecord(process)).ToArray();
        return record;
    }

    private static OrderedDictionary ToRecord(SessionProcess process) {
        OrderedDictionary record = new OrderedDictionary();
        record["pid"] = process.Id;
        record["name"] = process.Name;
        record["sid"] = process.Sid;
        return record;
    }
}
}
