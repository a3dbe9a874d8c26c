// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading.Tasks;
using ansible_collections.winops.sessions.plugins.module_utils._Session;
using ansible_collections.winops.sessions.plugins.module_utils._Wts;

namespace ansible_collections.winops.sessions.plugins.module_utils._ResetCommand {
// rwinsta.exe, which resets a session. It runs beside the module, as it has been seen to hang.
internal sealed class ResetCommand : IDisposable {
	private readonly Process _process;
	private readonly string _line;
	private readonly Task<string> _output, _error;

	private ResetCommand(Process process, string line) {
		_process = process;
		_line = line;
		_process.StandardInput.Close();
		_output = process.StandardOutput.ReadToEndAsync();
		_error = process.StandardError.ReadToEndAsync();
	}

	public static ResetCommand Start(long id, string server) {
		// "File System Redirector": System32 of a 32-bit process is SysWOW64, which has no rwinsta.exe.
		string folder = !Environment.Is64BitProcess && Environment.Is64BitOperatingSystem ? "Sysnative" : "System32";
		string path = Path.Combine(Environment.GetEnvironmentVariable("SystemRoot") ?? "", folder, "rwinsta.exe");
		if (!File.Exists(path))
			throw new SessionException(path + " does not exist on this edition of Windows. Use method=logoff");
		string arguments = SessionServer.UserSessionId(id).ToString(CultureInfo.InvariantCulture) + (server == null ? "" : " /SERVER:" + server);
		var start = new ProcessStartInfo(path, arguments);
		start.UseShellExecute = false;
		start.CreateNoWindow = true;
		start.RedirectStandardOutput = true;
		start.RedirectStandardError = true;
		start.RedirectStandardInput = true;
		// The command writes in the code page of its own console, not in that of this process.
		start.StandardOutputEncoding = start.StandardErrorEncoding = ConsoleEncoding();
		try {
			return new ResetCommand(Process.Start(start), "rwinsta " + arguments);
		} catch (Win32Exception e) {
			throw new SessionException(Names.Format("starting {0} failed with Win32 error {1}", path, e.NativeErrorCode), e);
		}
	}

	private static Encoding ConsoleEncoding() {
		try {
			return Encoding.GetEncoding(CultureInfo.CurrentCulture.TextInfo.OEMCodePage);
		} catch (Exception) {
			// "Encoding.GetEncoding method": not every .NET has every code page, and some languages have only Unicode.
			return Encoding.Default;
		}
	}

	public bool HasExited { get { return _process.HasExited; } }

	public bool HasFailed { get { return _process.HasExited && _process.ExitCode != 0; } }

	public void Wait(int milliseconds) {
		_process.WaitForExit(milliseconds);
	}

	public string Problem {
		get {
			Task.WaitAll(new Task[] { _output, _error }, 1000);
			string output = ((_error.IsCompleted ? _error.Result : "") + (_output.IsCompleted ? _output.Result : "")).Trim();
			return Names.Format("{0} failed with exit code {1}: {2}", _line, _process.ExitCode, Names.Printable(output.Replace("\r\n", " ").Replace('\n', ' ')));
		}
	}

	// Ends the command. Returns whether it was still running.
	public bool Stop() {
		bool isRunning = !_process.HasExited;
		Kill();
		Wait(1000);
		return isRunning;
	}

	public void Dispose() {
		Kill();
		_process.Dispose();
	}

	private void Kill() {
		try {
			if (!_process.HasExited)
				_process.Kill();
		} catch (InvalidOperationException) {
			// It has ended.
		} catch (Win32Exception) {
			// It is ending.
		}
	}
}
}
