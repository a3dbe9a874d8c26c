# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Validates the options of win_user_session on the controller and summarizes its result."""

from __future__ import annotations

from ansible_collections.winops.sessions.plugins.plugin_utils._action import SessionAction
from ansible_collections.winops.sessions.plugins.plugin_utils._options.rules import session_problems
from ansible_collections.winops.sessions.plugins.plugin_utils._results.sentences import session_sentence


class ActionModule(SessionAction):
    MODULE = 'win_user_session'
    EXAMPLE = '{state: logged_off, max_idle: 2h, max_disconnected: 30m}'
    problems = staticmethod(session_problems)
    sentence = staticmethod(session_sentence)
