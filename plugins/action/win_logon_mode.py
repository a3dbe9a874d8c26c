# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Validates the options of win_logon_mode on the controller and summarizes its result."""

from __future__ import annotations

from ansible_collections.winops.sessions.plugins.plugin_utils._action import SessionAction
from ansible_collections.winops.sessions.plugins.plugin_utils._results.sentences import logon_mode_sentence


class ActionModule(SessionAction):
    MODULE = 'win_logon_mode'
    EXAMPLE = '{mode: drain_until_restart}'
    sentence = staticmethod(logon_mode_sentence)
