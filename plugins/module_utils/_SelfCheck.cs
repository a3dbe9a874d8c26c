// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using ansible_collections.winops.sessions.plugins.module_utils._Registry;
using ansible_collections.winops.sessions.plugins.module_utils._Wts;

//TypeAccelerator -Name Winops.Probe -TypeName Probe
//TypeAccelerator -Name Winops.CommandOutput -TypeName CommandOutput

namespace ansible_collections.winops.sessions.plugins.module_utils._SelfCheck {
/// <summary>Single calls of the Windows API whose answers the self-check reports. None of them changes anything.</summary>
public static class Probe {
	/// <summary>The Win32 error of a query, 0 if it succeeds.</summary>
	public static int QueryError(int sessionId, int infoClass) {
		WtsException error = null;
		using (SessionServer server = new SessionServer(null))
			new BoundedCalls().Run(WtsException.QueryApi, () => server.TryQuery(sessionId, infoClass, out error));
		return error == null ? 0 : error.NativeErrorCode;
	}

	/// <summary>The account of this process, as DOMAIN\user.</summary>
	public static string AccountName() {
		return SessionServer.CallerAccount();
	}

	/// <summary>The domain that Windows returns for an account.</summary>
	public static string DomainOf(string name) {
		Account account = Account.Lookup(null, name);
		if (account.Error != null)
			throw account.Error;
		return account.Domain;
	}

	/// <summary>A number or a text below HKEY_LOCAL_MACHINE; null if it does not exist or has another type.</summary>
	public static object RegistryValue(string path, string name) {
		object value = RegistryKey.Read(path, name);
		return value is byte[] ? null : value;
	}

	/// <summary>Whether a key below HKEY_LOCAL_MACHINE exists.</summary>
	public static bool RegistryKeyExists(string path) {
		using (RegistryKey key = RegistryKey.OpenRead(path))
			return key != null;
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
