# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The options that select sessions, shared by the modules."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  client_names:
    description:
      - Select sessions of these client computers.
      - V(*) and V(?) are wildcards. The comparison ignores case.
      - Clients report their own names, so a name is no proof of where a user works.
      - If the client of a session cannot be queried, the session is returned and the task fails.
    type: list
    elements: str
  exclude_users:
    description:
      - Skip sessions of these users, in the forms that O(users) accepts. Unlike protected sessions they are not
        returned.
      - A session that may belong to one of these users is skipped as well, with a warning.
    type: list
    elements: str
  ghosts:
    description:
      - Whether to select ghost sessions as well. A ghost session is in state V(disconnected) or V(down) and has no
        user. It remains after a broken logoff.
      - Ghost sessions must match the other options. O(users) never selects them, O(max_disconnected) does.
      - A session without a user in another state is selected only by O(session_ids) or O(tokens), and only after it
        has been connected for a minute.
    type: bool
    default: false
  groups:
    description:
      - Select sessions of members of these groups, for example V(CORP\\VIP), V(BUILTIN\\Administrators) or a SID.
      - Nested groups and domain groups count. The module reads the groups of a user from the logon token of the
        session, so no domain controller is queried.
      - Groups that User Account Control disables in the token of an administrator count as well.
      - Wildcards are not supported. A group that the host cannot resolve fails the task.
      - If the token of a session cannot be read, the session is not selected and the task returns a warning.
      - Cannot be combined with O(server).
    type: list
    elements: str
  locked:
    description:
      - Select sessions that are locked (V(true)) or not locked (V(false)).
      - Sessions whose lock state is unknown are not selected.
    type: bool
  max_disconnected:
    description:
      - Select sessions that have been disconnected for at least this long.
      - If several of O(max_idle), O(max_disconnected) and O(max_logged_on) are set, a session that has reached any of
        them is selected, as with the limits of the Group Policy. An unknown time reaches no limit.
      - A duration is a number of seconds or text such as V(90s), V(15m), V(2h30m), V(1d) or V(1d 4h). V(0) is valid.
      - V(1:30) is not a duration. Without quotes, YAML reads it as 90 seconds.
    type: str
  max_idle:
    description:
      - Select sessions that have been idle for at least this long. See O(max_disconnected) for the format.
      - The idle time of a disconnected session counts from its disconnect. The idle time of any other session counts
        from the latest of last input, connect and logon.
    type: str
  max_logged_on:
    description:
      - Select sessions whose user logged on at least this long ago. See O(max_disconnected) for the format.
    type: str
  processes:
    description:
      - Select sessions that run one of these processes, by image name, for example V(WINWORD.EXE).
      - V(*) and V(?) are wildcards. The comparison ignores case. A name without a dot and without wildcards also
        selects the name with V(.exe).
    type: list
    elements: str
  server:
    description:
      - The name of another host whose sessions the module manages instead, as C(qwinsta /server:NAME) does.
      - Use this only for hosts that Ansible cannot connect to. It is a second hop, so the connection needs credentials
        that can be delegated (CredSSP, Kerberos delegation or C(become)), and the other host must allow remote RPC.
      - Sessions of the virtual machines of an RD Virtualization Host are ignored.
    type: str
  session_ids:
    description:
      - Select the sessions with these IDs, from 1 to 65535. Session 0 runs services, IDs from 65536 are listeners.
      - Windows reuses the ID of a session that has ended. Use O(tokens) if time passes between reading and using an ID.
      - An ID that exists but cannot be selected is reported in a warning.
    type: list
    elements: int
  states:
    description:
      - Select sessions in these states.
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
      - Select exactly these sessions, by the C(token) that a module of this collection returned for them.
      - A session has the same token in every call. Another session that reuses its ID has a different token.
    type: list
    elements: str
  users:
    description:
      - Select sessions of these users. V(alice) is the user of this name in any domain.
      - V(CORP\\alice), V(corp.example.com\\alice), V(alice@corp.example.com) and a SID name one account.
      - V(*) and V(?) are wildcards, for example V(CORP\\svc_*). The comparison ignores case.
      - Windows resolves a name that has a domain and is not the name of a listed session. A name that cannot be
        resolved selects nothing and is returned in RV(unresolved).
      - V(S-1-5-21-*-500) is the built-in administrator of any computer or domain.
      - Quote names that YAML reads as a number, for example V("0012345").
    type: list
    elements: str
notes:
  - A session is selected if it matches all options that are set. The values of one list are alternatives, so an empty
    list selects nothing.
  - Only sessions of users are selected, and ghost sessions with O(ghosts=true). Session 0 and listeners are never
    selected.
  - All durations are computed from the clock of the host, which the same call of Windows returns. A clock that jumps
    forward makes every session idle at once, so combine O(max_idle) with a safety limit.
  - Windows does not reliably update the last input time of the console session, so an apparently idle console may be in
    use.
  - If the sessions cannot be queried, the task fails. An account that lacks the right to query sessions never gets an
    empty list.
  - If a session cannot be read and the selection depends on it, the session is returned and the task fails. The results
    of the other sessions are returned as well.
"""
