# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The options that select sessions, the same in every module."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  client_names:
    description:
      - Selects the sessions that are used from one of these computers.
      - The names are those that the clients tell. V(*) and V(?) are wildcards, upper and lower case are the same.
      - A session whose client is not known, as one on the console, is selected by none.
      - An empty list selects nothing.
    type: list
    elements: str
  exclude_users:
    description:
      - Leaves out the sessions of these users, in the forms that O(users) takes.
      - They count as not selected and are not reported. An empty list leaves out nobody.
    type: list
    elements: str
  ghosts:
    description:
      - Whether ghosts may be selected too. A ghost is what is left over of a session, in state V(disconnected) or
        V(down) and without a user.
      - They are selected where the other filters name them, which O(users) never does, and by O(max_disconnected).
    type: bool
    default: false
  max_disconnected:
    description:
      - Selects the sessions that have been disconnected for so long or longer.
      - A session is selected when it has reached any one of O(max_idle), O(max_disconnected) and
        O(max_logged_on), as the
        three limits of the Group Policy for Remote Desktop work. A time that is not known reaches no limit.
      - A duration is a number of seconds, or text such as V(90s), V(15m), V(2h30m), V(1d) or V(1d 4h). V(0) is a
        valid
        limit, and 3650 days are the most.
      - Do not write V(1:30) without quotes, which YAML reads as 90. In quotes it is refused.
    type: str
  max_idle:
    description:
      - Selects the sessions whose user has been idle for so long or longer. For a disconnected session it is the time
        since the disconnect.
      - See O(max_disconnected) for how the limits work together and how a duration is written.
    type: str
  max_logged_on:
    description:
      - Selects the sessions whose user logged on so long ago or longer.
      - See O(max_disconnected) for how the limits work together and how a duration is written.
    type: str
  server:
    description:
      - The name of another host, whose sessions are meant instead of the target's own. The target asks it through
        the remoting of the session API itself, as C(qwinsta /server:NAME) does.
      - This is a last resort, for hosts that Ansible cannot connect to. It is a second hop, so the credentials
        must be able
        to travel on, as with CredSSP, Kerberos delegation or C(become), and the other host must allow remote RPC.
    type: str
  session_ids:
    description:
      - Selects the sessions with these ids, from 1 to 65535. Session 0 belongs to the services, and ids from
        65536 up to
        the listeners.
      - Windows gives the id of an ended session to another one. Select by O(tokens) where time passes between
        reading an
        id and using it.
      - An empty list selects nothing.
    type: list
    elements: int
  states:
    description:
      - Selects the sessions in one of these states.
      - An empty list selects nothing.
    type: list
    elements: str
    choices:
      - active
      - connected
      - connect_query
      - shadow
      - disconnected
      - idle
      - listen
      - reset
      - down
      - init
  tokens:
    description:
      - Selects exactly these sessions, by the C(token) that a module of this collection returned for them.
      - The same session has the same token in every call. Another session that got the same id has another token.
      - An empty list selects nothing, so the list that an earlier task returned can be handed over as it is.
    type: list
    elements: str
  users:
    description:
      - Selects the sessions of these users, as V(alice) of whatever domain, V(CORP\\alice), V(alice@CORP), or a SID.
      - V(*) and V(?) are wildcards, as in V(svc_*) or V(CORP\\t?_*). Upper and lower case are the same.
      - A local account is written with the computer's name, as V(HOST\\alice). V(.\\alice) is refused.
      - An empty list selects nothing.
    type: list
    elements: str
notes:
  - All filters that are given must hold together. The values of one list are alternatives, so that an empty list,
    which has none, selects nothing at all. Leave an option out, or give it C(null), where it shall not filter.
  - Only sessions of users are selected, and ghosts where O(ghosts) asks for them. No option reaches session 0, in
    which the services run, or a listener.
  - The times are computed on the host's own clock, from one and the same answer of Windows. A clock that is wrong, or
    that differs from the controller's, does no harm.
  - Windows keeps no truthful time of the last input for the console's session, so its idle time is no evidence
    that nobody sits there.
  - A host that cannot be seen fails. Windows hides the sessions from accounts that lack the right to see them, and
    this is never taken for a host without users.
"""
