// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System.Collections.Generic;
using System.Linq;
using ansible_collections.winops.sessions.plugins.module_utils._Registry;

//TypeAccelerator -Name Winops.LogonMode -TypeName LogonMode

namespace ansible_collections.winops.sessions.plugins.module_utils._LogonMode {
/// <summary>Whether a host accepts new logons, as "change logon" reports and sets it.</summary>
public sealed class LogonMode {
	private const string TerminalServer = @"SYSTEM\CurrentControlSet\Control\Terminal Server";
	private const string DrainMode = "TSServerDrainMode";
	private const string ApplicationServer = "TSAppCompat";
	private const string Winlogon = @"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon";
	private const string Disabled = "WinStationsDisabled";

	private static readonly Dictionary<string, long> DrainModes = new Dictionary<string, long> { { "enabled", 0 }, { "drain", 2 }, { "drain_until_restart", 1 } };

	private readonly bool _isDisabled;
	private readonly bool _isDrainKnown;
	private readonly long? _drain;

	private LogonMode() {
		_isDisabled = "1".Equals(RegistryKey.Read(Winlogon, Disabled));
		object drain = RegistryKey.Read(TerminalServer, DrainMode);
		_drain = drain as long?;
		_isDrainKnown = drain == null || _drain != null;
		try {
			IsApplicationServer = 1L.Equals(RegistryKey.Read(TerminalServer, ApplicationServer));
		} catch (RegistryException) {
			// The mode does not depend on the role.
		}
	}

	/// <summary>Reads the mode. An absent value counts as 0.</summary>
	public static LogonMode Read() {
		return new LogonMode();
	}

	/// <summary>The current mode; null if the values are those of no mode.</summary>
	public string Name {
		get {
			return _isDisabled ? "disabled"
				: !_isDrainKnown ? null
				: DrainModes.Where(mode => mode.Value == (_drain ?? 0)).Select(mode => mode.Key).FirstOrDefault();
		}
	}

	/// <summary>Whether the RD Session Host role is known to be installed. Without it Windows may ignore a drain mode.</summary>
	public bool IsApplicationServer { get; private set; }

	/// <summary>Why the mode is unknown.</summary>
	public string Problem {
		get {
			return "HKLM\\" + TerminalServer + "\\" + DrainMode + " is " + (_drain == null ? "not a number" : _drain.ToString()) +
				", which is not a mode of Windows (0, 1 or 2). Set a mode. Example: mode=enabled";
		}
	}

	/// <summary>Sets a mode. Only the values that differ are written.</summary>
	public void Set(string mode) {
		long drain;
		// The drain mode comes first: a host that goes from disabled to draining is never open in between.
		if (DrainModes.TryGetValue(mode, out drain) && (!_isDrainKnown || drain != (_drain ?? 0))) {
			using (RegistryKey key = RegistryKey.OpenWrite(TerminalServer, false))
				key.SetNumber(DrainMode, drain);
		}
		bool isDisabled = mode == "disabled";
		if (isDisabled != _isDisabled) {
			using (RegistryKey key = RegistryKey.OpenWrite(Winlogon, false))
				key.SetText(Disabled, isDisabled ? "1" : "0");
		}
	}
}
}
