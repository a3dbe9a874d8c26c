# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection
# and may not remain stable to outside uses. Changes may be made in ANY release, even a bugfix release.

"""The options of the modules: their argument specs, how their values are read, and which of them go together.

The same specs stand in the modules' documentation and in their PowerShell code; a test holds the three equal.
"""

from __future__ import annotations

import typing as t

from ansible_collections.winops.sessions.plugins.plugin_utils._options import types

Spec = dict[str, dict[str, t.Any]]
Arguments = dict[str, t.Any]

STATES = [
    'active',
    'connected',
    'connect_query',
    'shadow',
    'disconnected',
    'idle',
    'listen',
    'reset',
    'down',
    'init',
]
ICONS = ['none', 'information', 'warning', 'error']

#: The options that select sessions by themselves; the rest of the selection only takes some of them away again.
CRITERIA = (
    'users',
    'session_ids',
    'tokens',
    'states',
    'client_names',
    'max_idle',
    'max_disconnected',
    'max_logged_on',
)
#: All options that can leave a session out.
FILTERS = (*CRITERIA, 'exclude_users')

SELECTION: Spec = {
    'users': {'type': 'list', 'elements': 'str'},
    'exclude_users': {'type': 'list', 'elements': 'str'},
    'session_ids': {'type': 'list', 'elements': 'int'},
    'tokens': {'type': 'list', 'elements': 'str', 'no_log': False},
    'states': {'type': 'list', 'elements': 'str', 'choices': STATES},
    'client_names': {'type': 'list', 'elements': 'str'},
    'max_idle': {'type': 'str'},
    'max_disconnected': {'type': 'str'},
    'max_logged_on': {'type': 'str'},
    'ghosts': {'type': 'bool', 'default': False},
    'server': {'type': 'str'},
}

SESSION_INFO: Spec = {
    **SELECTION,
    'gather': {'type': 'list', 'elements': 'str', 'choices': ['client', 'sid', 'processes'], 'default': ['client']},
    'include_all': {'type': 'bool', 'default': False},
}

SESSION: Spec = {
    **SELECTION,
    'state': {'type': 'str', 'required': True, 'choices': ['logged_off', 'disconnected']},
    'method': {'type': 'str', 'default': 'logoff', 'choices': ['logoff', 'reset', 'logoff_then_reset']},
    'timeout': {'type': 'str', 'default': '60s'},
    'max_sessions': {'type': 'int'},
    'all_sessions': {'type': 'bool', 'default': False},
    'protect_console_idle': {'type': 'bool', 'default': True},
    'protect_processes': {'type': 'list', 'elements': 'str'},
    'protect_users': {'type': 'list', 'elements': 'str'},
    'protect_connection_user': {'type': 'bool', 'default': True},
    'notice': {
        'type': 'dict',
        'options': {
            'text': {'type': 'str', 'required': True},
            'title': {'type': 'str'},
            'grace': {'type': 'str', 'required': True},
            'icon': {'type': 'str', 'default': 'warning', 'choices': ICONS},
        },
    },
}

SESSION_MESSAGE: Spec = {
    **SELECTION,
    'text': {'type': 'str', 'required': True},
    'title': {'type': 'str'},
    'icon': {'type': 'str', 'default': 'information', 'choices': ICONS},
    'buttons': {'type': 'str', 'default': 'ok', 'choices': ['ok', 'ok_cancel', 'yes_no']},
    'wait': {'type': 'str', 'default': '0s'},
    'display_for': {'type': 'str'},
}

LOGON_MODE: Spec = {
    'mode': {'type': 'str', 'choices': ['enabled', 'drain', 'drain_until_restart', 'disabled']},
}

#: How the values are read, by the option's name, which means the same in every module. The others are read by
#: ansible-core, from their choices or as booleans.
READERS: dict[str, types.Reader] = {
    'users': types.each(types.account),
    'exclude_users': types.each(types.account),
    'protect_users': types.each(types.account),
    'states': types.each(types.word),
    'session_ids': types.each(types.session_id),
    'tokens': types.each(types.token),
    'client_names': types.each(types.client_name),
    'protect_processes': types.each(types.process_name),
    'max_idle': types.duration,
    'max_disconnected': types.duration,
    'max_logged_on': types.duration,
    'timeout': types.duration,
    'wait': types.duration,
    'display_for': types.positive_duration,
    'max_sessions': types.whole_number,
    'server': types.server,
    'text': types.message_text,
    'title': types.message_text,
    'notice': types.suboptions(
        {'text': types.message_text, 'title': types.message_text, 'grace': types.duration},
        example='{text: Please save your work, grace: 15m}',
    ),
}


def session_problems(arguments: Arguments) -> list[str]:
    """Find options of ``win_user_session`` that do not go together.

    :param arguments: the options given and the defaults of the others.
    :returns: the problems in words, none when all is well.
    """
    problems = []
    if not arguments.get('all_sessions') and not any(option in arguments for option in CRITERIA):
        problems.append(
            f'nothing says which sessions are meant: give at least one of {", ".join(CRITERIA)}, '
            'for example max_disconnected: 2h, or all_sessions: true for the sessions of all users'
        )
    if 'notice' in arguments and 'server' in arguments:
        problems.append(
            f'notice: it is remembered on the host that the task runs on, and not on server: {arguments["server"]}. '
            'Make the server a host of the inventory, or leave notice out'
        )
    if arguments.get('state') == 'disconnected':
        if arguments.get('method') != 'logoff':
            problems.append(
                f'method: {arguments.get("method")} says how to end a session and does not go together with '
                'state: disconnected, which ends none: leave method out, or write state: logged_off'
            )
        if 'notice' in arguments:
            problems.append(
                'notice: the grace before a logoff does not go together with state: disconnected, which ends no '
                'session: leave notice out, or write state: logged_off'
            )
    return problems


def message_warnings(arguments: Arguments) -> list[str]:
    """Find options of ``win_user_session_message`` that are allowed together but hardly meant.

    :param arguments: the options as the module receives them.
    :returns: the warnings in words.
    """
    if arguments.get('buttons') != 'ok' and arguments.get('wait') == '0':
        return [
            f'buttons: {arguments.get("buttons")} asks the user something, but nobody waits for the answer: '
            'give wait, for example wait: 2m'
        ]
    return []
