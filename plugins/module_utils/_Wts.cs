// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// FOR INTERNAL COLLECTION USE ONLY
// The interfaces in this file are meant for use within this collection and
// may change or be removed in any release without notice.

using Microsoft.Win32.SafeHandles;
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

//TypeAccelerator -Name Winops.SessionServer -TypeName SessionServer
//TypeAccelerator -Name Winops.WtsException -TypeName WtsException
//TypeAccelerator -Name Winops.MessageBox -TypeName MessageBox
//TypeAccelerator -Name Winops.FileTime -TypeName FileTime
//TypeAccelerator -Name Winops.Wildcard -TypeName Wildcard
//TypeAccelerator -Name Winops.Fingerprint -TypeName Fingerprint
//TypeAccelerator -Name Winops.InboxCommand -TypeName InboxCommand

namespace ansible_collections.winops.sessions.plugins.module_utils._Wts
{
    internal class NativeHelpers
    {
        public const int WTSTypeProcessInfoLevel1 = 1;
        public const int WTSTypeSessionInfoLevel1 = 2;

        public const int ERROR_INVALID_DATA = 13;
        public const int ERROR_NOT_SUPPORTED = 50;
        public const int ERROR_INVALID_PARAMETER = 87;

        // The members of WTS_INFO_CLASS that are asked for.
        public const int WTSClientBuildNumber = 9;
        public const int WTSClientName = 10;
        public const int WTSClientAddress = 14;
        public const int WTSClientProtocolType = 16;
        public const int WTSSessionInfo = 24;
        public const int WTSSessionInfoEx = 25;

        [StructLayout(LayoutKind.Sequential)]
        public struct WTS_SESSION_INFO_1W
        {
            public uint ExecEnvId;
            public int State;
            public uint SessionId;
            public IntPtr pSessionName;
            public IntPtr pHostName;
            public IntPtr pUserName;
            public IntPtr pDomainName;
            public IntPtr pFarmName;
        }

        [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
        public struct WTSINFOW
        {
            public int State;
            public uint SessionId;
            public uint IncomingBytes;
            public uint OutgoingBytes;
            public uint IncomingFrames;
            public uint OutgoingFrames;
            public uint IncomingCompressedBytes;
            public uint OutgoingCompressedBytes;
            [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 32)]
            public string WinStationName;
            [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 17)]
            public string Domain;
            [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 21)]
            public string UserName;
            public long ConnectTime;
            public long DisconnectTime;
            public long LastInputTime;
            public long LogonTime;
            public long CurrentTime;
        }

        [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
        public struct WTSINFOEX_LEVEL1_W
        {
            public uint SessionId;
            public int SessionState;
            public int SessionFlags;
            [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 33)]
            public string WinStationName;
            [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 21)]
            public string UserName;
            [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 18)]
            public string DomainName;
            public long LogonTime;
            public long ConnectTime;
            public long DisconnectTime;
            public long LastInputTime;
            public long CurrentTime;
            public uint IncomingBytes;
            public uint OutgoingBytes;
            public uint IncomingFrames;
            public uint OutgoingFrames;
            public uint IncomingCompressedBytes;
            public uint OutgoingCompressedBytes;
        }

        [StructLayout(LayoutKind.Sequential)]
        public struct WTSINFOEXW
        {
            public uint Level;
            public WTSINFOEX_LEVEL1_W Data;
        }

        [StructLayout(LayoutKind.Sequential)]
        public struct WTS_PROCESS_INFO_EXW
        {
            public uint SessionId;
            public uint ProcessId;
            public IntPtr pProcessName;
            public IntPtr pUserSid;
            public uint NumberOfThreads;
            public uint HandleCount;
            public uint PagefileUsage;
            public uint PeakPagefileUsage;
            public uint WorkingSetSize;
            public uint PeakWorkingSetSize;
            public long UserTime;
            public long KernelTime;
        }
    }

    internal class NativeMethods
    {
        [DllImport("wtsapi32.dll", EntryPoint = "WTSOpenServerExW", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Unicode)]
        public static extern SafeServerHandle WTSOpenServerExW(string pServerName);

        [DllImport("wtsapi32.dll", EntryPoint = "WTSCloseServer", ExactSpelling = true)]
        public static extern void WTSCloseServer(IntPtr hServer);

        [DllImport("wtsapi32.dll", EntryPoint = "WTSEnumerateSessionsExW", ExactSpelling = true, SetLastError = true)]
        public static extern bool WTSEnumerateSessionsExW(
            SafeServerHandle hServer, ref uint pLevel, uint Filter, out IntPtr ppSessionInfo, out uint pCount);

        [DllImport("wtsapi32.dll", EntryPoint = "WTSQuerySessionInformationW", ExactSpelling = true, SetLastError = true)]
        public static extern bool WTSQuerySessionInformationW(
            SafeServerHandle hServer, uint SessionId, int WTSInfoClass, out IntPtr ppBuffer, out uint pBytesReturned);

        [DllImport("wtsapi32.dll", EntryPoint = "WTSLogoffSession", ExactSpelling = true, SetLastError = true)]
        public static extern bool WTSLogoffSession(SafeServerHandle hServer, uint SessionId, bool bWait);

        [DllImport("wtsapi32.dll", EntryPoint = "WTSDisconnectSession", ExactSpelling = true, SetLastError = true)]
        public static extern bool WTSDisconnectSession(SafeServerHandle hServer, uint SessionId, bool bWait);

        [DllImport("wtsapi32.dll", EntryPoint = "WTSSendMessageW", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Unicode)]
        public static extern bool WTSSendMessageW(
            SafeServerHandle hServer, uint SessionId, string pTitle, uint TitleLength, string pMessage, uint MessageLength,
            uint Style, uint Timeout, out uint pResponse, bool bWait);

        [DllImport("wtsapi32.dll", EntryPoint = "WTSEnumerateProcessesExW", ExactSpelling = true, SetLastError = true)]
        public static extern bool WTSEnumerateProcessesExW(
            SafeServerHandle hServer, ref uint pLevel, uint SessionId, out IntPtr ppProcessInfo, out uint pCount);

        [DllImport("wtsapi32.dll", EntryPoint = "WTSFreeMemory", ExactSpelling = true)]
        public static extern void WTSFreeMemory(IntPtr pMemory);

        [DllImport("wtsapi32.dll", EntryPoint = "WTSFreeMemoryExW", ExactSpelling = true, SetLastError = true)]
        public static extern bool WTSFreeMemoryExW(int WTSTypeClass, IntPtr pMemory, uint NumberOfEntries);

        [DllImport("kernel32.dll", EntryPoint = "WTSGetActiveConsoleSessionId", ExactSpelling = true)]
        public static extern uint WTSGetActiveConsoleSessionId();

        [DllImport("kernel32.dll", EntryPoint = "GetCurrentProcessId", ExactSpelling = true)]
        public static extern uint GetCurrentProcessId();

        [DllImport("kernel32.dll", EntryPoint = "ProcessIdToSessionId", ExactSpelling = true, SetLastError = true)]
        public static extern bool ProcessIdToSessionId(uint dwProcessId, out uint pSessionId);

        [DllImport("kernel32.dll", EntryPoint = "LocalFree", ExactSpelling = true)]
        public static extern IntPtr LocalFree(IntPtr hMem);

        [DllImport("advapi32.dll", EntryPoint = "LookupAccountNameW", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Unicode)]
        public static extern bool LookupAccountNameW(
            string lpSystemName, string lpAccountName, byte[] Sid, ref uint cbSid,
            [Out] char[] ReferencedDomainName, ref uint cchReferencedDomainName, out int peUse);

        [DllImport("advapi32.dll", EntryPoint = "ConvertSidToStringSidW", ExactSpelling = true, SetLastError = true)]
        public static extern bool ConvertSidToStringSidW(byte[] Sid, out IntPtr StringSid);

        [DllImport("advapi32.dll", EntryPoint = "ConvertSidToStringSidW", ExactSpelling = true, SetLastError = true)]
        public static extern bool ConvertSidToStringSidW(IntPtr Sid, out IntPtr StringSid);

        // BOOLEAN, unlike BOOL, is one byte.
        [DllImport("secur32.dll", EntryPoint = "GetUserNameExW", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Unicode)]
        [return: MarshalAs(UnmanagedType.U1)]
        public static extern bool GetUserNameExW(int NameFormat, [Out] char[] lpNameBuffer, ref uint nSize);
    }

    internal class SafeServerHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        // WTS_CURRENT_SERVER_HANDLE is NULL: it is never closed, and SafeHandleZeroOrMinusOneIsInvalid does not.
        public SafeServerHandle() : base(true) { }

        protected override bool ReleaseHandle()
        {
            NativeMethods.WTSCloseServer(handle);
            return true;
        }
    }

    /// <summary>The failure of one call of the session API.</summary>
    public class WtsException : Win32Exception
    {
        /// <summary>The name of the function that failed.</summary>
        public string Api { get; private set; }

        public WtsException(string api, int code)
            : base(Normalize(code), String.Format(CultureInfo.InvariantCulture, "{0} failed with Win32 error {1}", api, Normalize(code)))
        {
            Api = api;
        }

        // Some paths of the API set HRESULT_FROM_WIN32(code) instead of the code.
        private static int Normalize(int code)
        {
            return (code & unchecked((int)0xFFFF0000)) == unchecked((int)0x80070000) ? code & 0xFFFF : code;
        }
    }

    /// <summary>A row of WTSEnumerateSessionsExW: the only source of names that are not cut.</summary>
    public class SessionRow
    {
        public long Id { get; internal set; }
        public int State { get; internal set; }
        public string SessionName { get; internal set; }
        public string User { get; internal set; }
        public string Domain { get; internal set; }
    }

    /// <summary>What WTSSessionInfoEx (or WTSSessionInfo) tells of one session at one moment. Times are FILETIMEs, 0 = unknown.</summary>
    public class SessionFacts
    {
        public int State { get; internal set; }
        /// <summary>The lock state, null where Windows does not say.</summary>
        public bool? Locked { get; internal set; }
        public string SessionName { get; internal set; }
        /// <summary>At most 20 characters of the user's name.</summary>
        public string User { get; internal set; }
        /// <summary>At most 17 characters of the domain's name.</summary>
        public string Domain { get; internal set; }
        public long LogonTime { get; internal set; }
        public long ConnectTime { get; internal set; }
        public long DisconnectTime { get; internal set; }
        public long LastInputTime { get; internal set; }
        public long CurrentTime { get; internal set; }
    }

    /// <summary>What the session's client says of itself; each field is null where it does not.</summary>
    public class SessionClient
    {
        public string Name { get; internal set; }
        public string Address { get; internal set; }
        public long? Build { get; internal set; }
        /// <summary>WTSClientProtocolType: 0 console, 1 other, 2 RDP.</summary>
        public int? Protocol { get; internal set; }
    }

    /// <summary>A process that runs in a session.</summary>
    public class SessionProcess
    {
        public long SessionId { get; internal set; }
        public long Id { get; internal set; }
        public string Name { get; internal set; }
        public string Sid { get; internal set; }
    }

    /// <summary>A message box on its way to a session.</summary>
    public class MessageBox
    {
        public const int IdTimeout = 32000;

        private readonly Task<uint> _call;

        internal MessageBox(Task<uint> call)
        {
            _call = call;
        }

        /// <summary>Waits for the answer.</summary>
        /// <param name="milliseconds">The longest wait.</param>
        /// <returns>The id of the button, or IdTimeout.</returns>
        public int WaitForAnswer(int milliseconds)
        {
            try
            {
                if (!_call.Wait(milliseconds))
                {
                    return IdTimeout;
                }
            }
            catch (AggregateException e)
            {
                throw e.InnerException;
            }
            // Windows Server 2008 R2 was seen to answer 0 for IDTIMEOUT.
            return _call.Result == 0 ? IdTimeout : (int)_call.Result;
        }
    }

    /// <summary>The sessions of this host, or of another through the API's own remoting.</summary>
    public sealed class SessionServer : IDisposable
    {
        private const uint AnySession = 0xFFFFFFFE;

        private readonly SafeServerHandle _handle;

        /// <param name="name">Another host's name; null or empty: this host.</param>
        /// <remarks>
        /// "WTSOpenServerExW function": the handle of a server that cannot be reached is an invalid one, which shows
        /// only at the first call that uses it.
        /// </remarks>
        public SessionServer(string name)
        {
            _handle = String.IsNullOrEmpty(name) ? new SafeServerHandle() : NativeMethods.WTSOpenServerExW(name);
            if (!String.IsNullOrEmpty(name) && _handle.IsInvalid)
            {
                // A zero handle means this host to every other function: it must never stand for another one.
                throw new WtsException("WTSOpenServerExW", Marshal.GetLastWin32Error());
            }
        }

        public void Dispose()
        {
            _handle.Dispose();
        }

        /// <summary>The session of the physical console, or -1 while there is none.</summary>
        public static long ConsoleSessionId
        {
            get
            {
                uint id = NativeMethods.WTSGetActiveConsoleSessionId();
                return id == UInt32.MaxValue ? -1L : id;
            }
        }

        /// <summary>The session that this process runs in.</summary>
        public static long OwnSessionId
        {
            get
            {
                uint id;
                if (!NativeMethods.ProcessIdToSessionId(NativeMethods.GetCurrentProcessId(), out id))
                {
                    throw new WtsException("ProcessIdToSessionId", Marshal.GetLastWin32Error());
                }
                return id;
            }
        }

        /// <summary>The account of this process as DOMAIN\user.</summary>
        public static string CallerAccount
        {
            get
            {
                const int nameSamCompatible = 2;
                uint size = 1024;
                char[] buffer = new char[size];
                if (!NativeMethods.GetUserNameExW(nameSamCompatible, buffer, ref size))
                {
                    throw new WtsException("GetUserNameExW", Marshal.GetLastWin32Error());
                }
                return FromBuffer(buffer);
            }
        }

        /// <summary>All sessions in the order of their ids.</summary>
        public SessionRow[] Enumerate()
        {
            uint level = 1;
            IntPtr array;
            uint count;
            if (!NativeMethods.WTSEnumerateSessionsExW(_handle, ref level, 0, out array, out count))
            {
                throw new WtsException("WTSEnumerateSessionsExW", Marshal.GetLastWin32Error());
            }
            try
            {
                List<SessionRow> rows = new List<SessionRow>();
                foreach (NativeHelpers.WTS_SESSION_INFO_1W info in ReadArray<NativeHelpers.WTS_SESSION_INFO_1W>(array, count))
                {
                    rows.Add(new SessionRow
                    {
                        Id = info.SessionId,
                        State = info.State,
                        SessionName = FromPointer(info.pSessionName),
                        User = FromPointer(info.pUserName),
                        Domain = FromPointer(info.pDomainName),
                    });
                }
                rows.Sort(delegate(SessionRow a, SessionRow b) { return a.Id.CompareTo(b.Id); });
                return rows.ToArray();
            }
            finally
            {
                if (array != IntPtr.Zero)
                {
                    NativeMethods.WTSFreeMemoryExW(NativeHelpers.WTSTypeSessionInfoLevel1, array, count);
                }
            }
        }

        /// <summary>Reads one session's state, names and times in one call, so that they belong together.</summary>
        public SessionFacts Query(long id)
        {
            NativeHelpers.WTSINFOEXW? ex = null;
            try
            {
                ex = QueryStruct<NativeHelpers.WTSINFOEXW>(id, NativeHelpers.WTSSessionInfoEx);
            }
            catch (WtsException e)
            {
                // Only "no such class" is a reason to ask the older one; anything else is the answer.
                if (e.NativeErrorCode != NativeHelpers.ERROR_NOT_SUPPORTED && e.NativeErrorCode != NativeHelpers.ERROR_INVALID_PARAMETER)
                {
                    throw;
                }
            }
            if (ex == null || ex.Value.Level != 1 || ex.Value.Data.SessionId != (uint)id)
            {
                return QueryOlder(id);
            }

            NativeHelpers.WTSINFOEX_LEVEL1_W info = ex.Value.Data;
            return new SessionFacts
            {
                State = info.SessionState,
                Locked = LockState(info.SessionFlags),
                SessionName = NullIfEmpty(info.WinStationName),
                User = NullIfEmpty(info.UserName),
                Domain = NullIfEmpty(info.DomainName),
                LogonTime = info.LogonTime,
                ConnectTime = info.ConnectTime,
                DisconnectTime = info.DisconnectTime,
                LastInputTime = info.LastInputTime,
                CurrentTime = info.CurrentTime,
            };
        }

        private SessionFacts QueryOlder(long id)
        {
            NativeHelpers.WTSINFOW? older = QueryStruct<NativeHelpers.WTSINFOW>(id, NativeHelpers.WTSSessionInfo);
            if (older == null || older.Value.SessionId != (uint)id)
            {
                throw new WtsException("WTSQuerySessionInformationW", NativeHelpers.ERROR_INVALID_DATA);
            }
            NativeHelpers.WTSINFOW info = older.Value;
            return new SessionFacts
            {
                State = info.State,
                SessionName = NullIfEmpty(info.WinStationName),
                User = NullIfEmpty(info.UserName),
                Domain = NullIfEmpty(info.Domain),
                LogonTime = info.LogonTime,
                ConnectTime = info.ConnectTime,
                DisconnectTime = info.DisconnectTime,
                LastInputTime = info.LastInputTime,
                CurrentTime = info.CurrentTime,
            };
        }

        // "WTSINFOEX_LEVEL1_W structure": 0 is locked and 1 unlocked, the other way round on Windows 7 and Server 2008 R2.
        private static bool? LockState(int flags)
        {
            if (flags != 0 && flags != 1)
            {
                return null;
            }
            OperatingSystem os = Environment.OSVersion;
            bool reversed = os.Platform == PlatformID.Win32NT && os.Version.Major == 6 && os.Version.Minor == 1;
            return (flags == 0) != reversed;
        }

        /// <summary>Asks for what the client says of itself. A question that fails leaves its field null.</summary>
        /// <remarks>These answers come from another service than the session's facts, one that may be stopped.</remarks>
        public SessionClient QueryClient(long id)
        {
            SessionClient client = new SessionClient();
            byte[] data = TryQuery(id, NativeHelpers.WTSClientProtocolType);
            if (data != null && data.Length >= 2)
            {
                client.Protocol = BitConverter.ToUInt16(data, 0);
            }
            data = TryQuery(id, NativeHelpers.WTSClientName);
            if (data != null)
            {
                client.Name = NullIfEmpty(Encoding.Unicode.GetString(data));
            }
            data = TryQuery(id, NativeHelpers.WTSClientAddress);
            if (data != null)
            {
                client.Address = ClientAddress.Read(data);
            }
            data = TryQuery(id, NativeHelpers.WTSClientBuildNumber);
            if (data != null && data.Length >= 4 && BitConverter.ToUInt32(data, 0) != 0)
            {
                client.Build = BitConverter.ToUInt32(data, 0);
            }
            return client;
        }

        /// <summary>Orders the end of a session and returns at once.</summary>
        /// <remarks>With bWait TRUE the call has been seen to block for ever, even when the session was gone.</remarks>
        public void Logoff(long id)
        {
            if (!NativeMethods.WTSLogoffSession(_handle, UserSessionId(id), false))
            {
                throw new WtsException("WTSLogoffSession", Marshal.GetLastWin32Error());
            }
        }

        /// <summary>Orders that a session is disconnected and returns at once.</summary>
        public void Disconnect(long id)
        {
            if (!NativeMethods.WTSDisconnectSession(_handle, UserSessionId(id), false))
            {
                throw new WtsException("WTSDisconnectSession", Marshal.GetLastWin32Error());
            }
        }

        /// <summary>Shows a message box in a session.</summary>
        /// <param name="displaySeconds">When the box closes by itself; 0: never.</param>
        /// <param name="wait">Whether an answer is wanted; the call itself then blocks on a thread of its own.</param>
        public MessageBox Send(long id, string title, string text, int style, long displaySeconds, bool wait)
        {
            uint target = UserSessionId(id);
            Func<uint> call = delegate
            {
                uint response;
                // "WTSSendMessageW function": both lengths are in bytes.
                if (!NativeMethods.WTSSendMessageW(
                    _handle, target, title, (uint)title.Length * 2, text, (uint)text.Length * 2,
                    (uint)style, (uint)displaySeconds, out response, wait))
                {
                    throw new WtsException("WTSSendMessageW", Marshal.GetLastWin32Error());
                }
                return response;
            };

            TaskCompletionSource<uint> answer = new TaskCompletionSource<uint>();
            ThreadStart run = delegate
            {
                try
                {
                    answer.SetResult(call());
                }
                catch (Exception e)
                {
                    answer.SetException(e);
                }
            };
            if (wait)
            {
                // A background thread does not keep the process alive when an answer never comes.
                Thread thread = new Thread(run, 256 * 1024);
                thread.IsBackground = true;
                thread.Start();
            }
            else
            {
                run();
            }
            return new MessageBox(answer.Task);
        }

        /// <summary>The processes of one session, or of all of them.</summary>
        /// <param name="id">The session; -1: all sessions.</param>
        public SessionProcess[] Processes(long id)
        {
            uint level = 1;
            IntPtr array;
            uint count;
            uint target = id < 0 ? AnySession : UserSessionId(id);
            if (!NativeMethods.WTSEnumerateProcessesExW(_handle, ref level, target, out array, out count))
            {
                throw new WtsException("WTSEnumerateProcessesExW", Marshal.GetLastWin32Error());
            }
            try
            {
                List<SessionProcess> processes = new List<SessionProcess>();
                foreach (NativeHelpers.WTS_PROCESS_INFO_EXW info in ReadArray<NativeHelpers.WTS_PROCESS_INFO_EXW>(array, count))
                {
                    // The idle process, which is no program of anybody.
                    if (info.ProcessId == 0)
                    {
                        continue;
                    }
                    processes.Add(new SessionProcess
                    {
                        SessionId = info.SessionId,
                        Id = info.ProcessId,
                        Name = FromPointer(info.pProcessName),
                        Sid = SidText(info.pUserSid),
                    });
                }
                processes.Sort(delegate(SessionProcess a, SessionProcess b) { return a.Id.CompareTo(b.Id); });
                return processes.ToArray();
            }
            finally
            {
                if (array != IntPtr.Zero)
                {
                    NativeMethods.WTSFreeMemoryExW(NativeHelpers.WTSTypeProcessInfoLevel1, array, count);
                }
            }
        }

        /// <summary>The SID of an account, or null where it cannot be resolved.</summary>
        public static string LookupSid(string systemName, string account)
        {
            uint sidSize = 256;
            uint domainSize = 1024;
            byte[] sid = new byte[sidSize];
            char[] domain = new char[domainSize];
            int use;
            string system = String.IsNullOrEmpty(systemName) ? null : systemName;
            if (!NativeMethods.LookupAccountNameW(system, account, sid, ref sidSize, domain, ref domainSize, out use))
            {
                return null;
            }
            IntPtr text;
            return NativeMethods.ConvertSidToStringSidW(sid, out text) ? TakeLocal(text) : null;
        }

        private static string SidText(IntPtr sid)
        {
            IntPtr text;
            return sid != IntPtr.Zero && NativeMethods.ConvertSidToStringSidW(sid, out text) ? TakeLocal(text) : null;
        }

        private static string TakeLocal(IntPtr text)
        {
            try
            {
                return FromPointer(text);
            }
            finally
            {
                NativeMethods.LocalFree(text);
            }
        }

        // Session 0 runs the services, 65536 and up are listeners, 0xFFFFFFFF and 0xFFFFFFFE mean "current" and "any":
        // resetting a listener ends every session that came through it. None may reach a call that acts.
        private static uint UserSessionId(long id)
        {
            if (id < 1 || id > 65535)
            {
                throw new ArgumentOutOfRangeException("id", id, "not the id of a user session (1 to 65535)");
            }
            return (uint)id;
        }

        // An answer that is too short is none: the zeros of an empty structure would be those of session 0, active.
        private T? QueryStruct<T>(long id, int infoClass) where T : struct
        {
            byte[] data = Query(id, infoClass);
            if (data.Length < Marshal.SizeOf(typeof(T)))
            {
                return null;
            }
            GCHandle pin = GCHandle.Alloc(data, GCHandleType.Pinned);
            try
            {
                return (T)Marshal.PtrToStructure(pin.AddrOfPinnedObject(), typeof(T));
            }
            finally
            {
                pin.Free();
            }
        }

        private byte[] TryQuery(long id, int infoClass)
        {
            try
            {
                return Query(id, infoClass);
            }
            catch (WtsException)
            {
                return null;
            }
        }

        // A call that succeeds may still return no buffer, or one of no bytes.
        private byte[] Query(long id, int infoClass)
        {
            IntPtr buffer;
            uint bytes;
            if (!NativeMethods.WTSQuerySessionInformationW(_handle, (uint)id, infoClass, out buffer, out bytes))
            {
                throw new WtsException("WTSQuerySessionInformationW", Marshal.GetLastWin32Error());
            }
            try
            {
                byte[] data = new byte[buffer == IntPtr.Zero ? 0 : bytes];
                if (data.Length > 0)
                {
                    Marshal.Copy(buffer, data, 0, data.Length);
                }
                return data;
            }
            finally
            {
                if (buffer != IntPtr.Zero)
                {
                    NativeMethods.WTSFreeMemory(buffer);
                }
            }
        }

        private static IEnumerable<T> ReadArray<T>(IntPtr array, uint count) where T : struct
        {
            int size = Marshal.SizeOf(typeof(T));
            for (uint i = 0; array != IntPtr.Zero && i < count; i++)
            {
                yield return (T)Marshal.PtrToStructure(new IntPtr(array.ToInt64() + (long)i * size), typeof(T));
            }
        }

        private static string FromPointer(IntPtr text)
        {
            return text == IntPtr.Zero ? null : NullIfEmpty(Marshal.PtrToStringUni(text));
        }

        private static string FromBuffer(char[] buffer)
        {
            return NullIfEmpty(new String(buffer));
        }

        private static string NullIfEmpty(string text)
        {
            if (text == null)
            {
                return null;
            }
            int end = text.IndexOf('\0');
            text = end < 0 ? text : text.Substring(0, end);
            return text.Length == 0 ? null : text;
        }
    }

    /// <summary>Reads WTS_CLIENT_ADDRESS.</summary>
    /// <remarks>
    /// The documentation contradicts itself: "WTS_INFO_CLASS enumeration" says that an IPv4 address begins two bytes into
    /// the field, "WTS_CLIENT_ADDRESS structure" that it is text, and that an IPv6 address begins at its first byte. Each
    /// form is told by its content.
    /// </remarks>
    internal static class ClientAddress
    {
        private const int InterNetwork = 2;
        private const int InterNetworkV6 = 23;
        private const int FieldLength = 20;

        public static string Read(byte[] data)
        {
            if (data.Length < 4 + FieldLength)
            {
                return null;
            }
            int family = BitConverter.ToInt32(data, 0);
            byte[] field = new byte[FieldLength];
            Array.Copy(data, 4, field, 0, FieldLength);
            if (family != InterNetwork && family != InterNetworkV6)
            {
                return null;
            }

            IPAddress address = FromText(field);
            if (address == null)
            {
                int length = family == InterNetwork ? 4 : 16;
                byte[] raw = new byte[length];
                Array.Copy(field, family == InterNetwork ? 2 : OffsetV6(field), raw, 0, length);
                address = new IPAddress(raw);
            }
            return address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? null : address.ToString();
        }

        private static IPAddress FromText(byte[] field)
        {
            int end = Array.IndexOf(field, (byte)0);
            string text = Encoding.ASCII.GetString(field, 0, end < 0 ? field.Length : end);
            IPAddress address;
            // "1" alone parses as an address, too; a real one has its separators.
            return (text.IndexOf('.') > 0 || text.IndexOf(':') >= 0) && IPAddress.TryParse(text, out address) ? address : null;
        }

        private static int OffsetV6(byte[] field)
        {
            if (field[0] != 0 || field[1] != 0)
            {
                return 0;
            }
            // An address that ends in zeros, as 2001:db8::, shows by its beginning: global ones begin with 2 or 3, others in use with f.
            bool tailInUse = field[16] != 0 || field[17] != 0;
            int firstDigit = field[2] >> 4;
            return tailInUse || firstDigit == 2 || firstDigit == 3 || firstDigit == 15 ? 2 : 0;
        }
    }

    /// <summary>FILETIMEs: 100 ns since 1601, UTC; 0 stands for "not available".</summary>
    public static class FileTime
    {
        // A number that is no moment must not make a session look as if it had been idle since 1601.
        private static readonly long First = new DateTime(1900, 1, 1, 0, 0, 0, DateTimeKind.Utc).ToFileTimeUtc();
        private static readonly long Last = DateTime.MaxValue.ToFileTimeUtc();

        /// <summary>Whether the value is a moment, and neither the API's "unknown" nor absurd.</summary>
        public static bool IsKnown(long value)
        {
            return value >= First && value <= Last;
        }

        /// <summary>The moment as 2026-11-21T14:34:47Z, or null where it is unknown.</summary>
        public static string ToText(long value)
        {
            return IsKnown(value)
                ? DateTime.FromFileTimeUtc(value).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
                : null;
        }

        /// <summary>Whole seconds from one moment to another, never negative; null where one is unknown.</summary>
        public static long? SecondsBetween(long from, long to)
        {
            if (!IsKnown(from) || !IsKnown(to))
            {
                return null;
            }
            return Math.Max(0, (to - from) / TimeSpan.TicksPerSecond);
        }
    }

    /// <summary>Names with the wildcards * and ?, compared without case.</summary>
    public static class Wildcard
    {
        /// <summary>Whether a text matches a pattern, in time of at most the product of their lengths.</summary>
        public static bool IsMatch(string pattern, string text)
        {
            int p = 0;
            int t = 0;
            int star = -1;
            int mark = 0;
            while (t < text.Length)
            {
                if (p < pattern.Length && pattern[p] == '*')
                {
                    star = p++;
                    mark = t;
                }
                else if (p < pattern.Length && pattern[p] == '?')
                {
                    p++;
                    t = Next(text, t);
                }
                else if (p < pattern.Length && Char.ToUpperInvariant(pattern[p]) == Char.ToUpperInvariant(text[t]))
                {
                    p++;
                    t++;
                }
                else if (star >= 0)
                {
                    p = star + 1;
                    mark = Next(text, mark);
                    t = mark;
                }
                else
                {
                    return false;
                }
            }
            while (p < pattern.Length && pattern[p] == '*')
            {
                p++;
            }
            return p == pattern.Length;
        }

        // A character outside the basic plane is two units of a string, but one character to whoever wrote the pattern.
        private static int Next(string text, int index)
        {
            return index + (Char.IsHighSurrogate(text[index]) && index + 1 < text.Length && Char.IsLowSurrogate(text[index + 1]) ? 2 : 1);
        }
    }

    /// <summary>Short texts that stand for long ones.</summary>
    /// <remarks>
    /// FNV-1a, 64 bits. It tells tasks apart and guards nothing; SHA-256 of .NET Framework throws where Windows allows FIPS algorithms only.
    /// </remarks>
    public static class Fingerprint
    {
        /// <summary>The fingerprint of a text without regard to case: 16 hexadecimal digits.</summary>
        public static string Of(string text)
        {
            ulong hash = 14695981039346656037;
            foreach (byte part in Encoding.UTF8.GetBytes(text.ToUpperInvariant()))
            {
                hash = unchecked((hash ^ part) * 1099511628211);
            }
            return hash.ToString("x16", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A command of %SystemRoot%\System32 that runs beside the module.</summary>
    public sealed class InboxCommand : IDisposable
    {
        private readonly Process _process;
        private readonly string _line;
        private readonly Task<string> _output;
        private readonly Task<string> _error;

        private InboxCommand(Process process, string line)
        {
            _process = process;
            _line = line;
            _process.StandardInput.Close();
            _output = process.StandardOutput.ReadToEndAsync();
            _error = process.StandardError.ReadToEndAsync();
        }

        /// <summary>Starts a command and returns at once.</summary>
        public static InboxCommand Start(string path, string arguments)
        {
            if (!File.Exists(path))
            {
                throw new FileNotFoundException(path + " is missing: this edition of Windows does not have it. Use method=logoff", path);
            }
            ProcessStartInfo start = new ProcessStartInfo(path, arguments);
            start.UseShellExecute = false;
            start.CreateNoWindow = true;
            start.RedirectStandardOutput = true;
            start.RedirectStandardError = true;
            start.RedirectStandardInput = true;
            return new InboxCommand(Process.Start(start), Path.GetFileNameWithoutExtension(path) + " " + arguments);
        }

        /// <summary>Whether it has ended and says that it did not work.</summary>
        public bool HasFailed
        {
            get { return _process.HasExited && _process.ExitCode != 0; }
        }

        /// <summary>What it said, for a person to read; nothing is read from it by this program.</summary>
        public string Problem
        {
            get
            {
                Task.WaitAll(new Task[] { _output, _error }, 1000);
                string said = ((_error.IsCompleted ? _error.Result : "") + (_output.IsCompleted ? _output.Result : "")).Trim();
                return String.Format(CultureInfo.InvariantCulture, "{0} ended with exit code {1} and said: {2}", _line, _process.ExitCode, said);
            }
        }

        /// <summary>Ends the command where it still runs.</summary>
        public void Dispose()
        {
            try
            {
                if (!_process.HasExited)
                {
                    _process.Kill();
                }
            }
            catch (InvalidOperationException)
            {
                // It ended in between.
            }
            catch (Win32Exception)
            {
                // It is ending.
            }
            _process.Dispose();
        }
    }
}
