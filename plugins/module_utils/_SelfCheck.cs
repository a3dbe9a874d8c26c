// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// FOR INTERNAL COLLECTION USE ONLY
// The interfaces in this file are meant for use within this collection and
// may change or be removed in any release without notice.

using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using ansible_collections.winops.sessions.plugins.module_utils._Registry;

//TypeAccelerator -Name Winops.Probe -TypeName Probe
//TypeAccelerator -Name Winops.CommandOutput -TypeName CommandOutput

namespace ansible_collections.winops.sessions.plugins.module_utils._SelfCheck {
internal class NativeMethods {
    [DllImport("wtsapi32.dll", EntryPoint = "WTSQuerySessionInformationW", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Unicode)]
    public static extern bool WTSQuerySessionInformationW(
        IntPtr hServer, uint SessionId, int WTSInfoClass, out IntPtr ppBuffer, out uint pBytesReturned);

    [DllImport("wtsapi32.dll", EntryPoint = "WTSFreeMemory", ExactSpelling = true)]
    public static extern void WTSFreeMemory(IntPtr pMemory);

    [DllImport("secur32.dll", EntryPoint = "GetUserNameExW", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Unicode)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static extern bool GetUserNameExW(int NameFormat, [Out] char[] lpNameBuffer, ref uint nSize);

    [DllImport("advapi32.dll", EntryPoint = "LookupAccountNameW", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Unicode)]
    public static extern bool LookupAccountNameW(
        string lpSystemName, string lpAccountName, byte[] Sid, ref uint cbSid,
        [Out] char[] ReferencedDomainName, ref uint cchReferencedDomainName, out int peUse);
}

/// <summary>Single calls of the Windows API whose answers the self-check reports. None of them changes anything.</summary>
public static class Probe {
    private const int nameSamCompatible = 2;

    /// <summary>The Win32 error of a query, 0 if it succeeds.</summary>
    public static int QueryError(int sessionId, int infoClass) {
        IntPtr buffer;
        uint size;
        if (!NativeMethods.WTSQuerySessionInformationW(IntPtr.Zero, (uint)sessionId, infoClass, out buffer, out size))
            return Marshal.GetLastWin32Error();
        NativeMethods.WTSFreeMemory(buffer);
        return 0;
    }

    /// <summary>The account of this process, as DOMAIN\user.</summary>
    public static string AccountName() {
        char[] name = new char[1024];
        uint size = (uint)name.Length;
        if (!NativeMethods.GetUserNameExW(nameSamCompatible, name, ref size))
            throw Failure("GetUserNameExW");
        return Text(name);
    }

    /// <summary>The domain that Windows returns for an account.</summary>
    public static string DomainOf(string account) {
        byte[] sid = new byte[68];
        uint sidSize = (uint)sid.Length;
        char[] domain = new char[256];
        uint domainSize = (uint)domain.Length;
        int use;
        if (!NativeMethods.LookupAccountNameW(null, account, sid, ref sidSize, domain, ref domainSize, out use))
            throw Failure("LookupAccountNameW");
        return Text(domain);
    }

    /// <summary>A number or a text below HKEY_LOCAL_MACHINE; null if it does not exist or has another type.</summary>
    public static object RegistryValue(string path, string name) {
        using (RegistryKey key = RegistryKey.OpenRead(path)) {
            if (key == null)
                return null;
            long? number = key.GetNumber(name);
            return number == null ? (object)key.GetText(name) : number.Value;
        }
    }

    /// <summary>Whether a key below HKEY_LOCAL_MACHINE exists.</summary>
    public static bool RegistryKeyExists(string path) {
        using (RegistryKey key = RegistryKey.OpenRead(path))
            return key != null;
    }

    private static Win32Exception Failure(string api) {
        int code = Marshal.GetLastWin32Error();
        return new Win32Exception(code, api + " failed with Win32 error " + code);
    }

    private static string Text(char[] buffer) {
        int end = Array.IndexOf(buffer, '\0');
        return new string(buffer, 0, end < 0 ? buffer.Length : end);
    }
}

/// <summary>What a command printed, as bytes: its code page is not known here.</summary>
public sealed class CommandOutput {
    public int? ExitCode { get; private set; }
    public string Output { get; private set; }
    public string Error { get; private set; }

    /// <summary>Runs a command that only reads. It is ended after the timeout, and ExitCode is null.</summary>
    public static CommandOutput Of(string path, int timeoutMilliseconds) {
        ProcessStartInfo start = new ProcessStartInfo(path);
        start.UseShellExecute = false;
        start.CreateNoWindow = true;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        CommandOutput result = new CommandOutput();
        using (Process process = Process.Start(start))
        using (MemoryStream output = new MemoryStream())
        using (MemoryStream error = new MemoryStream()) {
            process.StandardInput.Close();
            Task reading = Task.WhenAll(
                process.StandardOutput.BaseStream.CopyToAsync(output), process.StandardError.BaseStream.CopyToAsync(error));
            if (reading.Wait(timeoutMilliseconds) && process.WaitForExit(timeoutMilliseconds)) {
                result.ExitCode = process.ExitCode;
                result.Output = Convert.ToBase64String(output.ToArray());
                result.Error = Convert.ToBase64String(error.ToArray());
            } else
                process.Kill();
        }
        return result;
    }
}
}
