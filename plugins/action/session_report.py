# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible_collections.winops.sessions.plugins.plugin_utils._report_action import ReportAction


class ActionModule(ReportAction):
    """Writes the reports on the controller."""
