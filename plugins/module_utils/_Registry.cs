// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using Microsoft.Win32.SafeHandles;
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace ansible_collections.winops.sessions.plugins.module_utils._Registry {
internal class NativeMethods {
	[DllImport("advapi32.dll", ExactSpelling = true, CharSet = CharSet.Unicode)]
	public static extern int RegCreateKeyExW(
		IntPtr hKey, string lpSubKey, uint Reserved, string lpClass, uint dwOptions, uint samDesired,
		IntPtr lpSecurityAttributes, out SafeKeyHandle phkResult, out uint lpdwDisposition);

	[DllImport("advapi32.dll", ExactSpelling = true, CharSet = CharSet.Unicode)]
	public static extern int RegOpenKeyExW(IntPtr hKey, string lpSubKey, uint ulOptions, uint samDesired, out SafeKeyHandle phkResult);

	[DllImport("advapi32.dll", ExactSpelling = true)]
	public static extern int RegCloseKey(IntPtr hKey);

	[DllImport("advapi32.dll", ExactSpelling = true, CharSet = CharSet.Unicode)]
	public static extern int RegEnumValueW(
		SafeKeyHandle hKey, uint dwIndex, [Out] char[] lpValueName, ref uint lpcchValueName,
		IntPtr lpReserved, IntPtr lpType, IntPtr lpData, IntPtr lpcbData);

	[DllImport("advapi32.dll", ExactSpelling = true, CharSet = CharSet.Unicode)]
	public static extern int RegQueryValueExW(
		SafeKeyHandle hKey, string lpValueName, IntPtr lpReserved, out uint lpType, [Out] byte[] lpData, ref uint lpcbData);

	[DllImport("advapi32.dll", ExactSpelling = true, CharSet = CharSet.Unicode)]
	public static extern int RegSetValueExW(
		SafeKeyHandle hKey, string lpValueName, uint Reserved, uint dwType, byte[] lpData, uint cbData);

	[DllImport("advapi32.dll", ExactSpelling = true, CharSet = CharSet.Unicode)]
	public static extern int RegDeleteValueW(SafeKeyHandle hKey, string lpValueName);
}

internal class SafeKeyHandle : SafeHandleZeroOrMinusOneIsInvalid {
	public SafeKeyHandle() : base(true) { }

	protected override bool ReleaseHandle() {
		return NativeMethods.RegCloseKey(handle) == 0;
	}
}

internal class RegistryException : Win32Exception {
	public RegistryException(string doing, string path, int code)
		: base(code, String.Format(CultureInfo.InvariantCulture, "{0} HKLM\\{1} failed with Win32 error {2}", doing, path, code)) {
	}
}

// A key below HKEY_LOCAL_MACHINE.
// Always the 64-bit view, so that a 32-bit PowerShell finds what a 64-bit one wrote.
internal sealed class RegistryKey : IDisposable {
	// This collection writes no longer data.
	private const int LongestData = 8192;

	private const int ERROR_FILE_NOT_FOUND = 2;
	private const int ERROR_MORE_DATA = 234;
	private const int ERROR_NO_MORE_ITEMS = 259;
	private const uint REG_SZ = 1;
	private const uint REG_DWORD = 4;
	private const uint REG_OPTION_VOLATILE = 1;
	private const uint KEY_READ = 0x20019;
	private const uint KEY_WRITE = 0x20006;
	private const uint KEY_WOW64_64KEY = 0x0100;
	// "Registry Element Size Limits": a value's name has at most 16,383 characters.
	private const int LongestName = 16384;

	private static readonly IntPtr HKEY_LOCAL_MACHINE = new IntPtr(unchecked((int)0x80000002));

	private readonly SafeKeyHandle _handle;
	private readonly string _path;

	private RegistryKey(SafeKeyHandle handle, string path) {
		_handle = handle;
		_path = path;
	}

	// Opens a key to read it; null if it does not exist.
	public static RegistryKey OpenRead(string path) {
		SafeKeyHandle handle;
		int code = NativeMethods.RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_READ | KEY_WOW64_64KEY, out handle);
		if (code == ERROR_FILE_NOT_FOUND)
			return null;
		Check(code, "opening", path);
		return new RegistryKey(handle, path);
	}

	// Opens a key to write to it, and creates it if it does not exist.
	// isVolatile: Whether a key that is created is gone at the next start of Windows.
	public static RegistryKey OpenWrite(string path, bool isVolatile) {
		SafeKeyHandle handle;
		uint disposition;
		int code = NativeMethods.RegCreateKeyExW(
			HKEY_LOCAL_MACHINE, path, 0, null, isVolatile ? REG_OPTION_VOLATILE : 0, KEY_READ | KEY_WRITE | KEY_WOW64_64KEY,
			IntPtr.Zero, out handle, out disposition);
		Check(code, "creating", path);
		return new RegistryKey(handle, path);
	}

	// A value of a key; null if one of the two does not exist.
	public static object Read(string path, string name) {
		using (RegistryKey key = OpenRead(path))
			return key == null ? null : key.Get(name);
	}

	public void Dispose() {
		_handle.Dispose();
	}

	public string[] ValueNames() {
		var names = new List<string>();
		char[] buffer = new char[LongestName];
		for (uint i = 0; ; i++) {
			uint length = LongestName;
			int code = NativeMethods.RegEnumValueW(_handle, i, buffer, ref length, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero);
			if (code == ERROR_NO_MORE_ITEMS)
				return names.ToArray();
			Check(code, "reading the values of", _path);
			names.Add(new String(buffer, 0, (int)length));
		}
	}

	// The text of a REG_SZ or the number of a REG_DWORD value, other data as bytes; null if there is no such value.
	public object Get(string name) {
		byte[] data = new byte[LongestData];
		uint length = LongestData;
		uint type;
		int code = NativeMethods.RegQueryValueExW(_handle, name, IntPtr.Zero, out type, data, ref length);
		if (code == ERROR_FILE_NOT_FOUND)
			return null;
		if (code == ERROR_MORE_DATA)
			return data;
		Check(code, "reading a value of", _path);
		if (type == REG_SZ)
			return Encoding.Unicode.GetString(data, 0, (int)length).Split('\0')[0];
		return type == REG_DWORD && length == 4 ? (object)(long)BitConverter.ToUInt32(data, 0) : data;
	}

	public void SetText(string name, string text) {
		Set(name, REG_SZ, Encoding.Unicode.GetBytes(text + "\0"));
	}

	public void SetNumber(string name, long number) {
		Set(name, REG_DWORD, BitConverter.GetBytes((uint)number));
	}

	public void Remove(string name) {
		int code = NativeMethods.RegDeleteValueW(_handle, name);
		if (code != ERROR_FILE_NOT_FOUND)
			Check(code, "removing a value of", _path);
	}

	private void Set(string name, uint type, byte[] data) {
		Check(NativeMethods.RegSetValueExW(_handle, name, 0, type, data, (uint)data.Length), "writing a value of", _path);
	}

	private static void Check(int code, string doing, string path) {
		if (code != 0)
			throw new RegistryException(doing, path, code);
	}
}
}
