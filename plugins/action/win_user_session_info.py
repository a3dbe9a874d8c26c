# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Validates the options of win_user_session_info on the controller and summarizes its result."""

from __future__ import annotations

from ansible_collections.winops.sessions.plugins.plugin_utils._action import SessionAction
from ansible_collections.winops.sessions.plugins.plugin_utils._options.rules import selection_problems
from ansible_collections.winops.sessions.plugins.plugin_utils._results.sentences import info_sentence


class ActionModule(SessionAction):
    MODULE = 'win_user_session_info'
    EXAMPLE = '{states: [disconnected], max_idle: 2h}'
    problems = staticmethod(selection_problems)
    sentence = staticmethod(info_sentence)
