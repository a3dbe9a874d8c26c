# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads the options of win_user_session_info on the controller and says who is logged on."""

from __future__ import annotations

from ansible_collections.winops.sessions.plugins.plugin_utils._action import SessionAction
from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import SESSION_INFO
from ansible_collections.winops.sessions.plugins.plugin_utils._results.sentences import info_sentence


class ActionModule(SessionAction):
    """Reads the options of win_user_session_info on the controller and says who is logged on."""

    MODULE = 'winops.sessions.win_user_session_info'
    SPEC = SESSION_INFO
    EXAMPLE = '{states: [disconnected], max_idle: 2h}'
    sentence = staticmethod(info_sentence)
