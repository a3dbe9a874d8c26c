// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using Microsoft.Win32.SafeHandles;
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Tasks;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]

namespace ansible_collections.winops.sessions.plugins.module_utils._Wts {
// Constants, structures and functions under their names in the Windows SDK.
internal static class Native {
	public const int WTSTypeProcessInfoLevel1 = 1;
	public const int WTSTypeSessionInfoLevel1 = 2;

	public const uint PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;
	public const uint TOKEN_QUERY = 0x0008;
	public const int TokenGroups = 2;

	// The members of WTS_INFO_CLASS that are queried.
	public const int WTSClientBuildNumber = 9;
	public const int WTSClientName = 10;
	public const int WTSClientAddress = 14;
	public const int WTSClientProtocolType = 16;
	public const int WTSSessionInfo = 24;
	public const int WTSSessionInfoEx = 25;

	[StructLayout(LayoutKind.Sequential)]
	public struct WTS_SESSION_INFO_1W {
		public uint ExecEnvId;
		public int State;
		public uint SessionId;
		public IntPtr pSessionName, pHostName, pUserName, pDomainName, pFarmName;
	}

	[StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
	public struct WTSINFOW {
		public int State;
		public uint SessionId;
		public uint IncomingBytes, OutgoingBytes, IncomingFrames, OutgoingFrames, IncomingCompressedBytes, OutgoingCompressedBytes;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 32)]
		public string WinStationName;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 17)]
		public string Domain;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 21)]
		public string UserName;
		public long ConnectTime, DisconnectTime, LastInputTime, LogonTime, CurrentTime;
	}

	[StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
	public struct WTSINFOEX_LEVEL1_W {
		public uint SessionId;
		public int SessionState;
		public int SessionFlags;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 33)]
		public string WinStationName;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 21)]
		public string UserName;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 18)]
		public string DomainName;
		public long LogonTime, ConnectTime, DisconnectTime, LastInputTime, CurrentTime;
		public uint IncomingBytes, OutgoingBytes, IncomingFrames, OutgoingFrames, IncomingCompressedBytes, OutgoingCompressedBytes;
	}

	[StructLayout(LayoutKind.Sequential)]
	public struct WTSINFOEXW {
		public uint Level;
		public WTSINFOEX_LEVEL1_W Data;
	}

	[StructLayout(LayoutKind.Sequential)]
	public struct WTS_PROCESS_INFO_EXW {
		public uint SessionId;
		public uint ProcessId;
		public IntPtr pProcessName, pUserSid;
		public uint NumberOfThreads, HandleCount, PagefileUsage, PeakPagefileUsage, WorkingSetSize, PeakWorkingSetSize;
		public long UserTime, KernelTime;
	}

	[DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Unicode)]
	public static extern SafeServerHandle WTSOpenServerExW(string pServerName);

	[DllImport("wtsapi32.dll", ExactSpelling = true)]
	public static extern void WTSCloseServer(IntPtr hServer);

	[DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern bool WTSEnumerateSessionsExW(
		SafeServerHandle hServer, ref uint pLevel, uint Filter, out IntPtr ppSessionInfo, out uint pCount);

	[DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern bool WTSQuerySessionInformationW(
		SafeServerHandle hServer, uint SessionId, int WTSInfoClass, out IntPtr ppBuffer, out uint pBytesReturned);

	[DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern bool WTSLogoffSession(SafeServerHandle hServer, uint SessionId, bool bWait);

	[DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern bool WTSDisconnectSession(SafeServerHandle hServer, uint SessionId, bool bWait);

	[DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Unicode)]
	public static extern bool WTSSendMessageW(
		SafeServerHandle hServer, uint SessionId, string pTitle, uint TitleLength, string pMessage, uint MessageLength,
		uint Style, uint Timeout, out uint pResponse, bool bWait);

	[DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern bool WTSEnumerateProcessesExW(
		SafeServerHandle hServer, ref uint pLevel, uint SessionId, out IntPtr ppProcessInfo, out uint pCount);

	[DllImport("wtsapi32.dll", ExactSpelling = true)]
	public static extern void WTSFreeMemory(IntPtr pMemory);

	[DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern bool WTSFreeMemoryExW(int WTSTypeClass, IntPtr pMemory, uint NumberOfEntries);

	[DllImport("kernel32.dll", ExactSpelling = true)]
	public static extern uint WTSGetActiveConsoleSessionId();

	[DllImport("kernel32.dll", ExactSpelling = true)]
	public static extern uint GetCurrentProcessId();

	[DllImport("kernel32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern bool ProcessIdToSessionId(uint dwProcessId, out uint pSessionId);

	[DllImport("kernel32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern SafeKernelHandle OpenProcess(uint dwDesiredAccess, bool bInheritHandle, uint dwProcessId);

	[DllImport("kernel32.dll", ExactSpelling = true)]
	public static extern bool CloseHandle(IntPtr hObject);

	[DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern bool OpenProcessToken(SafeKernelHandle ProcessHandle, uint DesiredAccess, out SafeKernelHandle TokenHandle);

	[DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern bool GetTokenInformation(
		SafeKernelHandle TokenHandle, int TokenInformationClass, IntPtr TokenInformation, uint TokenInformationLength, out uint ReturnLength);

	[DllImport("kernel32.dll", ExactSpelling = true)]
	public static extern IntPtr LocalFree(IntPtr hMem);

	[DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Unicode)]
	public static extern bool LookupAccountNameW(
		string lpSystemName, string lpAccountName, byte[] Sid, ref uint cbSid,
		[Out] char[] ReferencedDomainName, ref uint cchReferencedDomainName, out int peUse);

	[DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern bool ConvertSidToStringSidW(byte[] Sid, out IntPtr StringSid);

	[DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
	public static extern bool ConvertSidToStringSidW(IntPtr Sid, out IntPtr StringSid);

	// BOOLEAN, unlike BOOL, is one byte.
	[DllImport("secur32.dll", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Unicode)]
	[return: MarshalAs(UnmanagedType.U1)]
	public static extern bool GetUserNameExW(int NameFormat, [Out] char[] lpNameBuffer, ref uint nSize);
}

internal class SafeServerHandle : SafeHandleZeroOrMinusOneIsInvalid {
	// WTS_CURRENT_SERVER_HANDLE is NULL: it is never closed, and SafeHandleZeroOrMinusOneIsInvalid does not.
	public SafeServerHandle() : base(true) { }

	protected override bool ReleaseHandle() {
		Native.WTSCloseServer(handle);
		return true;
	}
}

internal class SafeKernelHandle : SafeHandleZeroOrMinusOneIsInvalid {
	public SafeKernelHandle() : base(true) { }

	protected override bool ReleaseHandle() {
		return Native.CloseHandle(handle);
	}
}

internal class WtsException : Win32Exception {
	public const string QueryApi = "WTSQuerySessionInformationW";

	public readonly string Api;

	public WtsException(string api, int code)
		: base(Normalize(code), String.Format(CultureInfo.InvariantCulture, "{0} failed with Win32 error {1}", api, Normalize(code))) {
		Api = api;
	}

	// There is no such session, or the account is not allowed to see it.
	public bool IsGone { get { return Is(2, 7022) || (Is(87) && Api == QueryApi); } }

	public bool IsClosing { get { return Is(7007); } }

	// The account lacks a right to this session.
	public bool IsDenied { get { return Is(5, 7045); } }

	// The call has not returned, so whether it had an effect is unknown.
	public bool IsTimeout { get { return Is(1460); } }

	// The call failed, but may have had its effect.
	public bool IsUncertain { get { return Is(1460, 1726); } }

	// Remote Desktop Services cannot be reached at the moment: it starts, stops or restarts.
	public bool IsUnreachable { get { return Is(1702, 1722, 1726, 1753); } }

	public bool IsTransient { get { return IsUnreachable || Is(7024); } }

	// Throws what the last call of an API set as its error, unless it succeeded.
	public static void Check(string api, bool succeeded) {
		if (!succeeded)
			throw new WtsException(api, Marshal.GetLastWin32Error());
	}

	internal bool Is(params int[] codes) {
		return codes.Contains(NativeErrorCode);
	}

	// Some paths of the API set HRESULT_FROM_WIN32(code) instead of the code.
	private static int Normalize(int code) {
		return (code & unchecked((int)0xFFFF0000)) == unchecked((int)0x80070000) ? code & 0xFFFF : code;
	}
}

// A row of WTSEnumerateSessionsExW: the only source of names that are not truncated.
internal class SessionRow {
	internal long Id;
	internal int State;
	internal string SessionName, User, Domain;
}

// WTSSessionInfoEx (or WTSSessionInfo) of one session at one moment. Times are FILETIMEs, 0 is unknown.
internal class SessionFacts {
	internal int State;
	// The lock state, null if Windows does not report it.
	internal bool? Locked;
	// At most 20 characters of the user's and 17 of the domain's name.
	internal string User, Domain;
	internal long LogonTime, ConnectTime, DisconnectTime, LastInputTime, CurrentTime;
}

// What the session's client reports; null for each field that is unknown.
internal class SessionClient {
	// Why the client's name could not be queried; null if the query succeeded.
	internal WtsException NameError;
	internal string Name, Address;
	internal long? Build;
	// WTSClientProtocolType: 0 console, 1 other, 2 RDP.
	internal int? Protocol;
}

internal class SessionProcess {
	internal long SessionId, Id;
	internal string Name, Sid;
}

// Runs calls of one Windows service on another thread, so that one that hangs cannot hold the module.
internal sealed class BoundedCalls {
	private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
	private static readonly TimeSpan LongestWhileStuck = TimeSpan.FromMilliseconds(200);

	private Task _stuck;

	// Runs a call and waits for it at most 10 seconds, or a moment while an earlier call has not returned.
	public T Run<T>(string api, Func<T> call) {
		bool isStuck = _stuck != null && !_stuck.IsCompleted;
		// A call that hangs keeps its thread. The pool adds about one a second, so that later calls would wait for it;
		// a thread of its own for each call doubles the time to list 1,000 sessions.
		Task<T> task = Task.Factory.StartNew(call, isStuck ? TaskCreationOptions.LongRunning : TaskCreationOptions.None);
		try {
			if (task.Wait(isStuck ? LongestWhileStuck : Longest))
				return task.Result;
		} catch (AggregateException e) {
			ExceptionDispatchInfo.Capture(e.InnerException).Throw();
		}
		if (!isStuck)
			_stuck = task;
		throw new WtsException(api, 1460);
	}
}

internal sealed class Account {
	private static readonly BoundedCalls Lookups = new BoundedCalls();

	public string Sid, Domain;
	public WtsException Error;

	// "SID_NAME_USE enumeration"
	private int _use;

	public bool IsUser { get { return Sid != null && _use == 1; } }

	public bool IsGroup { get { return Sid != null && (_use == 2 || _use == 4 || _use == 5); } }

	// Resolves a name: DOMAIN\user, domain.example\user, user@domain.example or a name alone.
	public static Account Lookup(string systemName, string name) {
		try {
			return Lookups.Run("LookupAccountNameW", delegate { return Resolve(systemName, name); });
		} catch (WtsException e) {
			return new Account { Error = e };
		}
	}

	private static Account Resolve(string systemName, string name) {
		uint sidSize = 256;
		uint domainSize = 1024;
		byte[] sid = new byte[sidSize];
		char[] domain = new char[domainSize];
		int use;
		WtsException.Check("LookupAccountNameW", Native.LookupAccountNameW(systemName, name, sid, ref sidSize, domain, ref domainSize, out use));
		return new Account { Sid = NativeText.OfSid(sid), Domain = NativeText.NullIfEmpty(new String(domain)), _use = use };
	}
}

internal static class NativeText {
	public static string OfPointer(IntPtr text) {
		return text == IntPtr.Zero ? null : NullIfEmpty(Marshal.PtrToStringUni(text));
	}

	public static string OfSid(byte[] sid) {
		IntPtr text;
		return Native.ConvertSidToStringSidW(sid, out text) ? TakeLocal(text) : null;
	}

	public static string OfSid(IntPtr sid) {
		IntPtr text;
		return sid != IntPtr.Zero && Native.ConvertSidToStringSidW(sid, out text) ? TakeLocal(text) : null;
	}

	public static string NullIfEmpty(string text) {
		int end = text.IndexOf('\0');
		text = end < 0 ? text : text.Substring(0, end);
		return text.Length == 0 ? null : text;
	}

	private static string TakeLocal(IntPtr text) {
		try {
			return OfPointer(text);
		} finally {
			Native.LocalFree(text);
		}
	}
}

// The sessions of this host, or of another host through the remoting of the API.
internal sealed class SessionServer : IDisposable {
	private const uint AnySession = 0xFFFFFFFE;

	private readonly SafeServerHandle _handle;
	// The local session manager answers queries, Remote Desktop Services those about clients: either may hang alone.
	private readonly BoundedCalls _sessions = new BoundedCalls();
	private readonly BoundedCalls _clients = new BoundedCalls();
	private readonly BoundedCalls _processes = new BoundedCalls();
	private readonly BoundedCalls _acts = new BoundedCalls();

	// "WTSOpenServerExW function": the handle of a server that cannot be reached is an invalid one, which shows
	// only at the first call that uses it.
	public SessionServer(string name) {
		if (String.IsNullOrEmpty(name)) {
			_handle = new SafeServerHandle();
			return;
		}
		_handle = _sessions.Run("WTSOpenServerExW", delegate {
			SafeServerHandle handle = Native.WTSOpenServerExW(name);
			// Every other function takes a zero handle for this host.
			WtsException.Check("WTSOpenServerExW", !handle.IsInvalid);
			return handle;
		});
	}

	public void Dispose() {
		_handle.Dispose();
	}

	public static long ConsoleSessionId() {
		uint id = Native.WTSGetActiveConsoleSessionId();
		return id == UInt32.MaxValue ? -1L : id;
	}

	public static long OwnSessionId() {
		uint id;
		WtsException.Check("ProcessIdToSessionId", Native.ProcessIdToSessionId(Native.GetCurrentProcessId(), out id));
		return id;
	}

	public static string CallerAccount() {
		const int nameSamCompatible = 2;
		return new BoundedCalls().Run("GetUserNameExW", delegate {
			uint size = 1024;
			char[] buffer = new char[size];
			WtsException.Check("GetUserNameExW", Native.GetUserNameExW(nameSamCompatible, buffer, ref size));
			return NativeText.NullIfEmpty(new String(buffer));
		});
	}

	// All sessions, by ascending ID, without those of the virtual machines of an RD Virtualization Host.
	// "WTS_SESSION_INFO_1W structure": a row with a host name is the session of a virtual machine.
	public SessionRow[] Enumerate() {
		return _sessions.Run("WTSEnumerateSessionsExW", delegate {
			uint level = 1;
			IntPtr array;
			uint count;
			WtsException.Check("WTSEnumerateSessionsExW", Native.WTSEnumerateSessionsExW(_handle, ref level, 0, out array, out count));
			return ReadArray<Native.WTS_SESSION_INFO_1W>(Native.WTSTypeSessionInfoLevel1, array, count)
				.Where(info => NativeText.OfPointer(info.pHostName) == null)
				.Select(info => new SessionRow {
					Id = info.SessionId,
					State = info.State,
					SessionName = NativeText.OfPointer(info.pSessionName),
					User = NativeText.OfPointer(info.pUserName),
					Domain = NativeText.OfPointer(info.pDomainName),
				})
				// An ID that is reused while Windows lists the sessions may be listed twice.
				.GroupBy(row => row.Id).Select(rows => rows.OrderBy(row => row.User == null).First())
				.OrderBy(row => row.Id).ToArray();
		});
	}

	// Reads the state, names and times of one session in one call, so that they belong together.
	public SessionFacts Query(long id) {
		return _sessions.Run(WtsException.QueryApi, delegate { return QueryFacts(id); });
	}

	private SessionFacts QueryFacts(long id) {
		Native.WTSINFOEXW? ex = null;
		try {
			ex = QueryStruct<Native.WTSINFOEXW>(id, Native.WTSSessionInfoEx);
		} catch (WtsException e) {
			// "No such class" is a reason to use the older class; any other error is the answer.
			if (!e.Is(1, 50, 87, 120, 124))
				throw;
		}
		if (ex == null || ex.Value.Level != 1 || ex.Value.Data.SessionId != (uint)id)
			return QueryOlder(id);

		var info = ex.Value.Data;
		SessionFacts facts = NewFacts(
			info.SessionState, info.UserName, info.DomainName,
			info.LogonTime, info.ConnectTime, info.DisconnectTime, info.LastInputTime, info.CurrentTime);
		// "WTSINFOEX_LEVEL1_W structure": 0 is locked, 1 is unlocked, anything else unknown.
		facts.Locked = info.SessionFlags == 0 || info.SessionFlags == 1 ? (bool?)(info.SessionFlags == 0) : null;
		return facts;
	}

	private SessionFacts QueryOlder(long id) {
		Native.WTSINFOW? older = QueryStruct<Native.WTSINFOW>(id, Native.WTSSessionInfo);
		if (older == null || older.Value.SessionId != (uint)id)
			throw new WtsException(WtsException.QueryApi, 13);
		var info = older.Value;
		return NewFacts(
			info.State, info.UserName, info.Domain,
			info.LogonTime, info.ConnectTime, info.DisconnectTime, info.LastInputTime, info.CurrentTime);
	}

	private static SessionFacts NewFacts(
		int state, string user, string domain, long logonTime, long connectTime, long disconnectTime, long lastInputTime, long currentTime) {
		return new SessionFacts {
			State = state,
			User = NativeText.NullIfEmpty(user),
			Domain = NativeText.NullIfEmpty(domain),
			LogonTime = logonTime,
			ConnectTime = connectTime,
			DisconnectTime = disconnectTime,
			LastInputTime = lastInputTime,
			CurrentTime = currentTime,
		};
	}

	// Queries what the client reports about itself. A query that fails leaves its field null.
	public SessionClient QueryClient(long id) {
		try {
			return _clients.Run(WtsException.QueryApi, delegate { return ReadClient(id); });
		} catch (WtsException e) {
			return new SessionClient { NameError = e };
		}
	}

	private SessionClient ReadClient(long id) {
		SessionClient client = new SessionClient();
		WtsException error;
		client.Name = NativeText.NullIfEmpty(Encoding.Unicode.GetString(TryQuery(id, Native.WTSClientName, out client.NameError)));
		client.Address = ClientAddress.Read(TryQuery(id, Native.WTSClientAddress, out error));
		byte[] protocol = TryQuery(id, Native.WTSClientProtocolType, out error);
		if (protocol.Length >= 2)
			client.Protocol = BitConverter.ToUInt16(protocol, 0);
		byte[] build = TryQuery(id, Native.WTSClientBuildNumber, out error);
		if (build.Length >= 4 && BitConverter.ToUInt32(build, 0) != 0)
			client.Build = BitConverter.ToUInt32(build, 0);
		return client;
	}

	internal byte[] TryQuery(long id, int infoClass, out WtsException error) {
		error = null;
		try {
			return Query(id, infoClass);
		} catch (WtsException e) {
			error = e;
			return new byte[0];
		}
	}

	// Requests the logoff of a session and returns at once.
	// With bWait TRUE the call has been seen to block for ever, even when the session was gone.
	public void Logoff(long id) {
		Act("WTSLogoffSession", id, delegate(uint target) { return Native.WTSLogoffSession(_handle, target, false); });
	}

	public void Disconnect(long id) {
		Act("WTSDisconnectSession", id, delegate(uint target) { return Native.WTSDisconnectSession(_handle, target, false); });
	}

	// wait: Whether to wait for the answer, which may take for ever.
	// The ID of the button, or IDTIMEOUT; without wait it has no meaning.
	public uint SendMessage(long id, string title, string text, int style, long displaySeconds, bool wait) {
		uint response = 0;
		// "WTSSendMessageW function": both lengths are in bytes.
		Func<uint, bool> send = delegate(uint target) {
			return Native.WTSSendMessageW(
				_handle, target, title, (uint)title.Length * 2, text, (uint)text.Length * 2, (uint)style, (uint)displaySeconds, out response, wait);
		};
		if (wait)
			WtsException.Check("WTSSendMessageW", send(UserSessionId(id)));
		else
			Act("WTSSendMessageW", id, send);
		return response;
	}

	private void Act(string api, long id, Func<uint, bool> call) {
		uint target = UserSessionId(id);
		_acts.Run(api, delegate {
			WtsException.Check(api, call(target));
			return true;
		});
	}

	public SessionProcess[] Processes(long id) {
		uint target = id < 0 ? AnySession : UserSessionId(id);
		return _processes.Run("WTSEnumerateProcessesExW", delegate {
			uint level = 1;
			IntPtr array;
			uint count;
			WtsException.Check("WTSEnumerateProcessesExW", Native.WTSEnumerateProcessesExW(_handle, ref level, target, out array, out count));
			return ReadArray<Native.WTS_PROCESS_INFO_EXW>(Native.WTSTypeProcessInfoLevel1, array, count)
				// Process 0 is the idle process.
				.Where(info => info.ProcessId != 0)
				.Select(info => new SessionProcess {
					SessionId = info.SessionId,
					Id = info.ProcessId,
					Name = NativeText.OfPointer(info.pProcessName),
					Sid = NativeText.OfSid(info.pUserSid),
				})
				.OrderBy(process => process.Id).ToArray();
		});
	}

	// The SIDs of the groups that the logon token of a process holds, nested and domain groups included.
	// "How User Account Control works": the administrative groups of an administrator's session are for deny only.
	// A disabled group, the logon SID and the integrity label do not count.
	public HashSet<string> Groups(long processId) {
		return _processes.Run("GetTokenInformation", delegate {
			using (SafeKernelHandle process = Native.OpenProcess(Native.PROCESS_QUERY_LIMITED_INFORMATION, false, (uint)processId)) {
				WtsException.Check("OpenProcess", !process.IsInvalid);
				SafeKernelHandle token;
				WtsException.Check("OpenProcessToken", Native.OpenProcessToken(process, Native.TOKEN_QUERY, out token));
				using (token)
					return ReadGroups(token);
			}
		});
	}

	private static HashSet<string> ReadGroups(SafeKernelHandle token) {
		const uint enabledOrDenyOnly = 0x4 | 0x10;
		const uint integrityOrLogonId = 0x20 | 0xC0000000;
		uint size;
		// The first call fails and returns the size.
		Native.GetTokenInformation(token, Native.TokenGroups, IntPtr.Zero, 0, out size);
		IntPtr buffer = Marshal.AllocHGlobal((int)size);
		try {
			WtsException.Check("GetTokenInformation", Native.GetTokenInformation(token, Native.TokenGroups, buffer, size, out size));
			var groups = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
			int count = Marshal.ReadInt32(buffer);
			for (int i = 0; i < count; i++) {
				// TOKEN_GROUPS: a count, then pairs of a pointer and its attributes, aligned as pointers are.
				int offset = IntPtr.Size + i * IntPtr.Size * 2;
				uint attributes = (uint)Marshal.ReadInt32(buffer, offset + IntPtr.Size);
				string sid = NativeText.OfSid(Marshal.ReadIntPtr(buffer, offset));
				if (sid != null && (attributes & enabledOrDenyOnly) != 0 && (attributes & integrityOrLogonId) == 0)
					groups.Add(sid);
			}
			return groups;
		} finally {
			Marshal.FreeHGlobal(buffer);
		}
	}

	// Session 0 runs the services, 65536 and above are listeners, 0xFFFFFFFF and 0xFFFFFFFE mean "current" and "any":
	// resetting a listener ends every session that came through it. None may reach a call that acts.
	internal static uint UserSessionId(long id) {
		if (!IsUserSessionId(id))
			throw new ArgumentOutOfRangeException("id", id, "not the ID of a user session (1 to 65535)");
		return (uint)id;
	}

	internal static bool IsUserSessionId(long id) {
		return id >= 1 && id <= 65535;
	}

	// The zeros of an answer that is too short would be those of session 0, active.
	private T? QueryStruct<T>(long id, int infoClass) where T : struct {
		byte[] data = Query(id, infoClass);
		if (data.Length < Marshal.SizeOf<T>())
			return null;
		GCHandle pin = GCHandle.Alloc(data, GCHandleType.Pinned);
		try {
			return Marshal.PtrToStructure<T>(pin.AddrOfPinnedObject());
		} finally {
			pin.Free();
		}
	}

	// A call that succeeds may return no buffer or no bytes.
	private byte[] Query(long id, int infoClass) {
		IntPtr buffer;
		uint bytes;
		WtsException.Check(WtsException.QueryApi, Native.WTSQuerySessionInformationW(_handle, (uint)id, infoClass, out buffer, out bytes));
		try {
			byte[] data = new byte[buffer == IntPtr.Zero ? 0 : bytes];
			if (data.Length > 0)
				Marshal.Copy(buffer, data, 0, data.Length);
			return data;
		} finally {
			if (buffer != IntPtr.Zero)
				Native.WTSFreeMemory(buffer);
		}
	}

	// Copies an array that the API allocated as it is walked, and frees it at the end.
	private static IEnumerable<T> ReadArray<T>(int typeClass, IntPtr array, uint count) where T : struct {
		try {
			int size = Marshal.SizeOf<T>();
			for (uint i = 0; array != IntPtr.Zero && i < count; i++)
				yield return Marshal.PtrToStructure<T>(new IntPtr(array.ToInt64() + (long)i * size));
		} finally {
			if (array != IntPtr.Zero)
				Native.WTSFreeMemoryExW(typeClass, array, count);
		}
	}
}

// The documentation contradicts itself: "WTS_INFO_CLASS enumeration" says that an IPv4 address begins two bytes into
// the field, "WTS_CLIENT_ADDRESS structure" that it is text, and that an IPv6 address begins at its first byte. Each
// form is recognized by its content.
internal static class ClientAddress {
	private const int InterNetwork = 2;
	private const int InterNetworkV6 = 23;
	private const int FieldLength = 20;

	public static string Read(byte[] data) {
		if (data.Length < 4 + FieldLength)
			return null;
		int family = BitConverter.ToInt32(data, 0);
		if (family != InterNetwork && family != InterNetworkV6)
			return null;

		byte[] field = data.Skip(4).Take(FieldLength).ToArray();
		byte[] raw = family == InterNetwork ? field.Skip(2).Take(4).ToArray() : field.Skip(OffsetV6(field)).Take(16).ToArray();
		IPAddress address = FromText(field) ?? new IPAddress(raw);
		return address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? null : address.ToString();
	}

	private static IPAddress FromText(byte[] field) {
		string text = Encoding.ASCII.GetString(field).Split('\0')[0];
		IPAddress address;
		// "1" alone parses as an address, too; a real one has its separators.
		return (text.IndexOf('.') > 0 || text.IndexOf(':') >= 0) && IPAddress.TryParse(text, out address) ? address : null;
	}

	private static int OffsetV6(byte[] field) {
		if (field[0] != 0 || field[1] != 0)
			return 0;
		// An address that ends in zeros, as 2001:db8::, shows by its beginning: global ones begin with 2 or 3, others in use with f.
		bool tailInUse = field[16] != 0 || field[17] != 0;
		int firstDigit = field[2] >> 4;
		return tailInUse || firstDigit == 2 || firstDigit == 3 || firstDigit == 15 ? 2 : 0;
	}
}
}
