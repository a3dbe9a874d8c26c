// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;

namespace Winops.Testing {
/// <summary>Stands in for the time after which the engine abandons a call: the simulated host reports that a call hangs.</summary>
public static class Hanging {
	private const int Pause = 5;

	private static readonly string Mark =
		Path.Combine(Environment.GetEnvironmentVariable("TEMP"), "hanging-" + Process.GetCurrentProcess().Id);

	public static bool Wait(Task task, TimeSpan longest) {
		while (!task.Wait(Pause)) {
			if (File.Exists(Mark)) {
				File.Delete(Mark);
				return false;
			}
		}
		return true;
	}
}
}
