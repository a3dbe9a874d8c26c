# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tables of ``quser`` and ``qwinsta`` of an English Windows on a narrow console."""

from __future__ import annotations

import time
from dataclasses import dataclass

_STATES = ('Active', 'Conn', 'ConnQ', 'Shadow', 'Disc', 'Idle', 'Listen', 'Reset', 'Down', 'Init')
DISCONNECTED = 4
_SECOND = 10_000_000  # FILETIME units
_EPOCH = 11_644_473_600  # seconds from 1601 to 1970


@dataclass
class Row:
    """A session in the tables."""

    id: int
    state: int
    session: str
    user: str
    domain: str
    own: int | None
    console: int
    logon_time: int = 0
    last_input_time: int = 0
    now: int = 0

    def __post_init__(self) -> None:
        self.session = (self.session or '').lower()
        self.user = self.user or ''

    @property
    def marker(self) -> str:
        return '>' if self.id == self.own else ' '


def quser(rows: list[Row]) -> str:
    """Format the table of quser.

    :param rows: the sessions with a user.
    """
    lines = [' USERNAME              SESSIONNAME        ID  STATE   IDLE TIME  LOGON TIME']
    for row in rows:
        # "none" is one column further left than a time.
        idle = 'none ' if row.id == row.console else _idle(row)
        left = f'{row.marker}{row.user[:20]:20}  {_short(row.session):16} {row.id:4}'
        lines.append(f'{left}  {_STATES[row.state]:6}  {idle:>9}  {_logon(row)}')
    return ''.join(line + '\n' for line in lines)


def qwinsta(rows: list[Row]) -> str:
    """Format the table of qwinsta.

    :param rows: the sessions.
    """
    lines = [' SESSIONNAME       USERNAME                 ID  STATE   TYPE        DEVICE ']
    for row in rows:
        left = f'{row.marker}{_short(row.session):16}  {row.user[:20]:20}  {row.id:5}'
        lines.append(f'{left}  {_STATES[row.state]:6}  {"":10}  {"":8}')
    return ''.join(line + '\n' for line in lines)


def _short(session: str) -> str:
    return session if len(session) <= 16 else session[:13] + '...'


def _idle(row: Row) -> str:
    minutes = max(0, row.now - row.last_input_time) // _SECOND // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if not row.last_input_time:
        return 'none '
    if days:
        return f'{days}+{hours:02}:{minutes % 60:02}'
    if hours:
        return f'{hours}:{minutes % 60:02}'
    return str(minutes) if minutes else '.'


def _logon(row: Row) -> str:
    if not row.logon_time:
        return ''
    moment = time.gmtime(row.logon_time // _SECOND - _EPOCH)
    hour = moment.tm_hour % 12 or 12
    day = f'{moment.tm_mon}/{moment.tm_mday}/{moment.tm_year}'
    return f'{day} {hour}:{moment.tm_min:02} {"PM" if moment.tm_hour >= 12 else "AM"}'
