# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Calls every function of the native library as C# on Windows does, and prints the results as JSON.
$ErrorActionPreference = 'Stop'

Add-Type -TypeDefinition @'
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

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
    public uint IncomingBytes, OutgoingBytes, IncomingFrames, OutgoingFrames, IncomingCompressedBytes, OutgoingCompressedBytes;
    [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 32)] public string WinStationName;
    [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 17)] public string Domain;
    [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 21)] public string UserName;
    public long ConnectTime, DisconnectTime, LastInputTime, LogonTime, CurrentTime;
}

[StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
public struct WTSINFOEX_LEVEL1_W
{
    public uint SessionId;
    public int SessionState;
    public int SessionFlags;
    [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 33)] public string WinStationName;
    [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 21)] public string UserName;
    [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 18)] public string DomainName;
    public long LogonTime, ConnectTime, DisconnectTime, LastInputTime, CurrentTime;
    public uint IncomingBytes, OutgoingBytes, IncomingFrames, OutgoingFrames, IncomingCompressedBytes, OutgoingCompressedBytes;
}

[StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
public struct WTSINFOEXW
{
    public uint Level;
    public WTSINFOEX_LEVEL1_W Data;
}

[StructLayout(LayoutKind.Sequential)]
public struct WTS_PROCESS_INFO_EXW
{
    public uint SessionId, ProcessId;
    public IntPtr pProcessName, pUserSid;
    public uint NumberOfThreads, HandleCount, PagefileUsage, PeakPagefileUsage, WorkingSetSize, PeakWorkingSetSize;
    public long UserTime, KernelTime;
}

public static class Calls
{
    [DllImport("wtsapi32.dll", CharSet = CharSet.Unicode, ExactSpelling = true, SetLastError = true)]
    static extern IntPtr WTSOpenServerExW(string name);
    [DllImport("wtsapi32.dll", ExactSpelling = true)]
    static extern void WTSCloseServer(IntPtr server);
    [DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
    static extern bool WTSEnumerateSessionsExW(IntPtr server, ref uint level, uint filter, out IntPtr sessions, out uint count);
    [DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
    static extern bool WTSFreeMemoryExW(int type, IntPtr memory, uint count);
    [DllImport("wtsapi32.dll", ExactSpelling = true)]
    static extern void WTSFreeMemory(IntPtr memory);
    [DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
    static extern bool WTSQuerySessionInformationW(IntPtr server, uint session, int info, out IntPtr buffer, out uint bytes);
    [DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
    static extern bool WTSLogoffSession(IntPtr server, uint session, bool wait);
    [DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
    static extern bool WTSDisconnectSession(IntPtr server, uint session, bool wait);
    [DllImport("wtsapi32.dll", CharSet = CharSet.Unicode, ExactSpelling = true, SetLastError = true)]
    static extern bool WTSSendMessageW(IntPtr server, uint session, string title, uint titleBytes, string text, uint textBytes,
        uint style, uint timeout, out uint response, bool wait);
    [DllImport("wtsapi32.dll", ExactSpelling = true, SetLastError = true)]
    static extern bool WTSEnumerateProcessesExW(IntPtr server, ref uint level, uint session, out IntPtr processes, out uint count);
    [DllImport("kernel32.dll", ExactSpelling = true, SetLastError = true)]
    static extern bool ProcessIdToSessionId(uint process, out uint session);
    [DllImport("kernel32.dll", ExactSpelling = true)]
    static extern uint GetCurrentProcessId();
    [DllImport("kernel32.dll", ExactSpelling = true)]
    static extern uint WTSGetActiveConsoleSessionId();
    [DllImport("kernel32.dll", ExactSpelling = true)]
    static extern IntPtr LocalFree(IntPtr memory);
    [DllImport("advapi32.dll", CharSet = CharSet.Unicode, ExactSpelling = true, SetLastError = true)]
    static extern bool LookupAccountNameW(string system, string name, byte[] sid, ref uint sidSize, StringBuilder domain, ref uint room, out int use);
    [DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
    static extern bool ConvertSidToStringSidW(byte[] sid, out IntPtr text);
    [DllImport("advapi32.dll", EntryPoint = "ConvertSidToStringSidW", ExactSpelling = true, SetLastError = true)]
    static extern bool ConvertSidPointer(IntPtr sid, out IntPtr text);
    [DllImport("advapi32.dll", CharSet = CharSet.Unicode, ExactSpelling = true)]
    static extern int RegCreateKeyExW(IntPtr key, string path, uint reserved, string cls, uint options, uint access, IntPtr security,
        out IntPtr opened, out uint disposition);
    [DllImport("advapi32.dll", CharSet = CharSet.Unicode, ExactSpelling = true)]
    static extern int RegOpenKeyExW(IntPtr key, string path, uint options, uint access, out IntPtr opened);
    [DllImport("advapi32.dll", CharSet = CharSet.Unicode, ExactSpelling = true)]
    static extern int RegSetValueExW(IntPtr key, string name, uint reserved, uint type, byte[] data, uint size);
    [DllImport("advapi32.dll", CharSet = CharSet.Unicode, ExactSpelling = true)]
    static extern int RegQueryValueExW(IntPtr key, string name, IntPtr reserved, out uint type, byte[] data, ref uint size);
    [DllImport("advapi32.dll", CharSet = CharSet.Unicode, ExactSpelling = true)]
    static extern int RegEnumValueW(IntPtr key, uint index, StringBuilder name, ref uint room, IntPtr reserved, out uint type, byte[] data, ref uint size);
    [DllImport("advapi32.dll", CharSet = CharSet.Unicode, ExactSpelling = true)]
    static extern int RegDeleteValueW(IntPtr key, string name);
    [DllImport("advapi32.dll", ExactSpelling = true)]
    static extern int RegCloseKey(IntPtr key);
    [DllImport("secur32.dll", CharSet = CharSet.Unicode, ExactSpelling = true, SetLastError = true)]
    [return: MarshalAs(UnmanagedType.U1)]
    static extern bool GetUserNameExW(int format, StringBuilder name, ref uint room);

    static Dictionary<string, object> results = new Dictionary<string, object>();

    static byte[] Query(uint session, int info)
    {
        IntPtr buffer;
        uint bytes;
        if (!WTSQuerySessionInformationW(IntPtr.Zero, session, info, out buffer, out bytes))
            throw new Exception("query failed with " + Marshal.GetLastWin32Error());
        byte[] data = new byte[bytes];
        Marshal.Copy(buffer, data, 0, data.Length);
        if (info == 25)
        {
            WTSINFOEXW ex = (WTSINFOEXW)Marshal.PtrToStructure(buffer, typeof(WTSINFOEXW));
            results["class 25 as a struct"] = new object[] { ex.Level, ex.Data.UserName, ex.Data.DomainName, ex.Data.LogonTime, ex.Data.CurrentTime };
        }
        WTSFreeMemory(buffer);
        return data;
    }

    static void Error(string what, bool done)
    {
        results[what] = done ? 0 : Marshal.GetLastWin32Error();
    }

    static void Sessions(IntPtr server, string what)
    {
        IntPtr rows;
        uint count, level = 1;
        if (!WTSEnumerateSessionsExW(server, ref level, 0, out rows, out count))
        {
            results[what] = Marshal.GetLastWin32Error();
            return;
        }
        List<object> found = new List<object>();
        for (uint n = 0; n < count; n++)
        {
            IntPtr at = new IntPtr(rows.ToInt64() + n * Marshal.SizeOf(typeof(WTS_SESSION_INFO_1W)));
            WTS_SESSION_INFO_1W row = (WTS_SESSION_INFO_1W)Marshal.PtrToStructure(at, typeof(WTS_SESSION_INFO_1W));
            found.Add(new object[] { row.SessionId, row.State, Marshal.PtrToStringUni(row.pSessionName), Marshal.PtrToStringUni(row.pUserName),
                Marshal.PtrToStringUni(row.pDomainName) });
        }
        results[what] = found;
        WTSFreeMemoryExW(2, rows, count);
    }

    static string SidText(IntPtr sid)
    {
        IntPtr text;
        if (sid == IntPtr.Zero || !ConvertSidPointer(sid, out text))
            return null;
        string found = Marshal.PtrToStringUni(text);
        LocalFree(text);
        return found;
    }

    static void Processes()
    {
        IntPtr rows;
        uint count, level = 1;
        WTSEnumerateProcessesExW(IntPtr.Zero, ref level, 2, out rows, out count);
        List<object> found = new List<object>();
        for (uint n = 0; n < count; n++)
        {
            IntPtr at = new IntPtr(rows.ToInt64() + n * Marshal.SizeOf(typeof(WTS_PROCESS_INFO_EXW)));
            WTS_PROCESS_INFO_EXW row = (WTS_PROCESS_INFO_EXW)Marshal.PtrToStructure(at, typeof(WTS_PROCESS_INFO_EXW));
            found.Add(new object[] { row.SessionId, row.ProcessId, Marshal.PtrToStringUni(row.pProcessName), SidText(row.pUserSid) });
        }
        results["processes"] = found;
        WTSFreeMemoryExW(1, rows, count);
    }

    static void Registry()
    {
        IntPtr root = new IntPtr(unchecked((int)0x80000002)), key;
        uint disposition, type, size = 64, room = 64;
        results["create"] = RegCreateKeyExW(root, @"SOFTWARE\winops\test", 0, null, 1, 0xF003F, IntPtr.Zero, out key, out disposition);
        results["disposition"] = disposition;
        byte[] data = Encoding.Unicode.GetBytes("wért\0"), found = new byte[64];
        results["set"] = RegSetValueExW(key, "Náme", 0, 1, data, (uint)data.Length);
        results["query"] = RegQueryValueExW(key, "náme", IntPtr.Zero, out type, found, ref size);
        results["value"] = new object[] { type, Encoding.Unicode.GetString(found, 0, (int)size) };
        StringBuilder name = new StringBuilder(64);
        size = 64;
        results["enumerate"] = RegEnumValueW(key, 0, name, ref room, IntPtr.Zero, out type, found, ref size);
        results["name"] = new object[] { name.ToString(), room, size };
        room = size = 64;
        results["no more"] = RegEnumValueW(key, 1, name, ref room, IntPtr.Zero, out type, found, ref size);
        results["delete"] = RegDeleteValueW(key, "Náme");
        results["gone"] = RegDeleteValueW(key, "Náme");
        results["close"] = RegCloseKey(key);
        results["missing"] = RegOpenKeyExW(root, @"SOFTWARE\nothing", 0, 0x20019, out key);
    }

    public static Dictionary<string, object> Run()
    {
        results["sizes"] = new object[] { Marshal.SizeOf(typeof(WTS_SESSION_INFO_1W)), Marshal.SizeOf(typeof(WTSINFOW)),
            Marshal.SizeOf(typeof(WTSINFOEXW)), Marshal.SizeOf(typeof(WTS_PROCESS_INFO_EXW)) };
        Sessions(IntPtr.Zero, "sessions");
        foreach (int info in new int[] { 9, 10, 14, 16, 23, 24, 25 })
            results["class " + info] = BitConverter.ToString(Query(2, info)).Replace("-", "").ToLowerInvariant();
        Processes();
        uint session, response, room = 256, sidSize = 68, domainRoom = 256;
        Error("own session", ProcessIdToSessionId(GetCurrentProcessId(), out session));
        results["own session id"] = session;
        results["process id"] = GetCurrentProcessId() == (uint)System.Diagnostics.Process.GetCurrentProcess().Id;
        results["console"] = WTSGetActiveConsoleSessionId();
        StringBuilder name = new StringBuilder(256), domain = new StringBuilder(256);
        Error("user name", GetUserNameExW(2, name, ref room));
        results["user"] = name.ToString();
        byte[] sid = new byte[68];
        int use;
        IntPtr text;
        Error("lookup", LookupAccountNameW(null, @"CORP\王小明", sid, ref sidSize, domain, ref domainRoom, out use));
        Error("convert", ConvertSidToStringSidW(sid, out text));
        results["sid"] = new object[] { domain.ToString(), use, Marshal.PtrToStringUni(text) };
        LocalFree(text);
        string message = "Grüße 💾\r\nzweite Zeile";
        Error("message", WTSSendMessageW(IntPtr.Zero, 2, "Títel", 10, message, (uint)message.Length * 2, 0x30, 60, out response, false));
        results["response"] = response;
        Error("answered", WTSSendMessageW(IntPtr.Zero, 2, "T", 2, "x", 2, 4, 60, out response, true));
        results["answer"] = response;
        Registry();
        IntPtr server = WTSOpenServerExW("rds02");
        Sessions(server, "other sessions");
        WTSCloseServer(server);
        server = WTSOpenServerExW("nowhere");
        Sessions(server, "unreachable");
        WTSCloseServer(server);
        Error("no such session", WTSLogoffSession(IntPtr.Zero, 99, false));
        Error("refused", WTSLogoffSession(IntPtr.Zero, 3, false));
        Error("disconnect", WTSDisconnectSession(IntPtr.Zero, 2, false));
        Error("logoff", WTSLogoffSession(IntPtr.Zero, 2, true));
        Sessions(IntPtr.Zero, "sessions left");
        return results;
    }
}
'@

[Calls]::Run() | ConvertTo-Json -Depth 5 -Compress
