# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Attributes, notes and requirements of all modules for Windows hosts."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  action:
    description:
      - Indicates this has a corresponding action plugin so some parts of the options can be executed on the
        controller.
    support: full
    details:
      - The options are validated on the controller. Invalid options fail before the host is contacted.
  action_group:
    description:
      - Use C(group/winops.sessions.sessions) in C(module_defaults) to set defaults for all modules of this
        collection.
    support: full
    membership:
      - winops.sessions.sessions
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  bypass_host_loop:
    description:
      - Forces a 'global' task that does not execute per host, this bypasses per host templating and serial, throttle
        and other loop considerations.
    support: none
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: windows
notes:
  - This module must be run on a Windows target host. It supports the connection plugins
    P(ansible.builtin.winrm#connection), P(ansible.builtin.psrp#connection) and P(ansible.builtin.ssh#connection).
  - PowerShell on the host must run in the language mode C(FullLanguage). The constrained language mode that AppLocker
    and App Control for Business enforce does not allow the module to call the Windows API.
requirements:
  - Windows Server 2016 to 2025, or Windows 10 or 11, in any display language
  - Windows PowerShell 5.1 or PowerShell 7 on the host
author:
  - winops.sessions authors (@winops)
"""
