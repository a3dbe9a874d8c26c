// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using ansible_collections.winops.sessions.plugins.module_utils._Session;

namespace ansible_collections.winops.sessions.plugins.module_utils._MessageBox {
internal sealed class MessageBox {
	// The RPC that carries a message takes 1,024 bytes of each text.
	public const int LongestText = 512;

	// "MessageBoxW function": MB_SETFOREGROUND and MB_TOPMOST.
	private const int Topmost = 0x10000 | 0x40000;
	// Some versions of Windows show a box without a title as "Error".
	private const string DefaultTitle = "Message from the administrator";

	private static readonly Dictionary<string, int> Icons = new Dictionary<string, int> { { "none", 0 }, { "error", 0x10 }, { "warning", 0x30 }, { "information", 0x40 } };
	private static readonly Dictionary<string, int> Buttons = new Dictionary<string, int> { { "ok", 0 }, { "ok_cancel", 1 }, { "yes_no", 4 } };

	private readonly string _title;
	private readonly int _style;

	public MessageBox(Options options) {
		Text = options.Text("text");
		string title = options.Text("title");
		_title = String.IsNullOrEmpty(title) ? DefaultTitle : title;
		_style = Icons[options.Text("icon")] | Buttons[options.Text("buttons") ?? "ok"] | Topmost;
		RequireLength("text", Text);
		RequireLength("title", _title);
	}

	public string Text;

	public static void RequireLength(string option, string text) {
		if (text.Length > LongestText)
			throw new SessionException(option + ": " + text.Length + " UTF-16 units are too long for a message box. The limit is " + LongestText);
	}

	// wait: Whether to wait for the answer, which is the ID of a button.
	public uint Show(SessionHost host, long id, string text, double seconds, bool wait = false) {
		return host.Api.SendMessage(id, _title, text, _style, (long)Math.Min(Math.Ceiling(seconds), Int32.MaxValue), wait);
	}
}
}
