# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""Moved to ``_options.duration``; removed once nothing imports it."""

from ansible_collections.winops.sessions.plugins.plugin_utils._options.duration import parse_duration

__all__ = ['parse_duration']
