# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads the options of win_user_session_message on the controller and says who got the text."""

from __future__ import annotations

from ansible_collections.winops.sessions.plugins.plugin_utils._action import SessionAction
from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import SESSION_MESSAGE, message_warnings
from ansible_collections.winops.sessions.plugins.plugin_utils._results.sentences import message_sentence


class ActionModule(SessionAction):
    """Reads the options of win_user_session_message on the controller and says who got the text."""

    MODULE = 'winops.sessions.win_user_session_message'
    SPEC = SESSION_MESSAGE
    EXAMPLE = '{text: Please save your work, users: [alice]}'
    warnings = staticmethod(message_warnings)
    sentence = staticmethod(message_sentence)
