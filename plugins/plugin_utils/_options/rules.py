# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options that cannot be combined, or that are valid but probably a mistake."""

from __future__ import annotations

from ansible_collections.winops.sessions.plugins.plugin_utils._options.spec import Arguments

#: Options that make a selection.
CRITERIA = (
    'users',
    'groups',
    'session_ids',
    'tokens',
    'states',
    'locked',
    'processes',
    'client_names',
    'max_idle',
    'max_disconnected',
    'max_logged_on',
)
#: Options that narrow a selection.
FILTERS = (*CRITERIA, 'exclude_users')
#: All options that determine which sessions are selected.
SELECTION = (*FILTERS, 'ghosts', 'all_sessions', 'server')

#: Options that exclude or protect sessions. An empty list of these has no effect.
SPARING = ('exclude_users', 'protect_users', 'protect_groups', 'protect_processes')

_ON_THIS_HOST = ('groups', 'protect_groups', 'notice')


def selection_problems(arguments: Arguments) -> list[str]:
    """Find selection options that cannot be combined.

    :param arguments: the validated options.
    :returns: the problems.
    """
    return [
        f'{option}: cannot be combined with server. Add {arguments["server"]} to the inventory instead'
        for option in _ON_THIS_HOST
        if option in arguments and 'server' in arguments
    ]


def session_problems(arguments: Arguments) -> list[str]:
    """Find options of ``win_user_session`` that cannot be combined.

    :param arguments: the validated options.
    :returns: the problems.
    """
    problems = selection_problems(arguments)
    if not arguments.get('all_sessions') and not any(option in arguments for option in CRITERIA):
        problems.append(
            f'no sessions selected: set at least one of {", ".join(CRITERIA)}, or all_sessions. '
            'Example: max_disconnected: 2h'
        )
    if arguments.get('state') == 'disconnected' and arguments.get('method') != 'logoff':
        problems.append(f'method: {arguments.get("method")} requires state: logged_off')
    return problems + notice_problems(arguments)


def notice_problems(arguments: Arguments) -> list[str]:
    """Find options of a notice that cannot be combined.

    :param arguments: the validated options.
    :returns: the problems.
    """
    notice = arguments.get('notice')
    if notice is None or ('grace' in notice) != ('at' in notice):
        return []
    return ['notice: set exactly one of grace and at. Example: grace: 15m']


def message_warnings(arguments: Arguments) -> list[str]:
    """Find options of ``win_user_session_message`` that are valid but probably a mistake.

    :param arguments: the validated options.
    :returns: the warnings.
    """
    if arguments.get('buttons') != 'ok' and arguments.get('wait') == '0':
        return [f'buttons: {arguments.get("buttons")} is a question, but its answer is not awaited. Example: wait: 2m']
    return []
