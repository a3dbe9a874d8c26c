# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The data of a host that the self-check evaluates."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.winops.sessions.plugins.filter.parse_quser import parse_quser

Record = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The answers of a host.

    :ivar facts: the facts that the module read; None if it could not.
    :ivar errors: the reasons why facts could not be read, by name.
    :ivar info: the result of win_user_session_info.
    :ivar quser: the rows of quser; None if it could not be run or read.
    :ivar quser_text: the output of quser.
    :ivar quser_error: the reason if there are no rows.
    :ivar received: the time of the controller when the facts arrived.
    """

    facts: Record
    errors: dict[str, str]
    info: Record
    quser: list[Record] | None
    quser_text: str
    quser_error: str
    received: datetime.datetime

    @property
    def listed(self) -> list[Record]:
        """All sessions that win_user_session_info returned, services and listeners included."""
        sessions = self.info.get('sessions')
        return [one for one in sessions if isinstance(one, dict)] if isinstance(sessions, list) else []

    @property
    def is_listed(self) -> bool:
        """Whether Windows listed the sessions."""
        return bool(self.listed) and not self.info.get('failed')

    @property
    def users(self) -> list[Record]:
        """The sessions with a user."""
        return [session for session in self.listed if session.get('user')]

    def was_read(self, *names: str) -> bool:
        """Whether facts were read. The value of a fact that was read can be None.

        :param names: the facts.
        """
        return all(name in self.facts and name not in self.errors for name in names)

    def reason(self, *names: str) -> str:
        """Return why facts are missing.

        :param names: the facts.
        """
        reasons = dict.fromkeys(' '.join(self.errors[name].split()) for name in names if name in self.errors)
        return '; '.join(reasons) or 'Windows returned no value.'

    def seconds(self, session: Record, key: str) -> float | None:
        """Return the age of a time of a session by the clock of the host.

        :param session: the session.
        :param key: the name of the time.
        :returns: seconds; None if one of the two times is unknown.
        """
        now, then = read_time(self.info.get('host_time')), read_time(session.get(key))
        return None if now is None or then is None else (now - then).total_seconds()


def read_time(text: object) -> datetime.datetime | None:
    """Read a time as the modules write it.

    :param text: such as ``2026-11-21T14:34:47Z``.
    :returns: the time; None if it is not valid.
    """
    try:
        return datetime.datetime.strptime(str(text), '%Y-%m-%dT%H:%M:%SZ').replace(tzinfo=datetime.UTC)
    except ValueError:
        return None


def gather(module: Record, info: Record, received: datetime.datetime) -> Evidence:
    """Combine the results of the two modules.

    :param module: the result of win_session_selfcheck.
    :param info: the result of win_user_session_info.
    :param received: the time of the controller.
    """
    facts, errors = dict(module.get('facts') or {}), dict(module.get('errors') or {})
    rows, text, error = _read_quser(facts.pop('quser', None), facts.get('oem_code_page'))
    return Evidence(facts, errors, info, rows, text, error or errors.get('quser', ''), received)


def _read_quser(printed: Record | None, code_page: object) -> tuple[list[Record] | None, str, str]:
    if not printed:
        return None, '', ''
    # The exit code is often 1 after valid output. "No User exists" is printed to standard error.
    out, err = (_decode(printed.get(name) or '', code_page) for name in ('stdout', 'stderr'))
    text = out if out.strip() else err
    try:
        return parse_quser(text), text, ''
    except AnsibleFilterError as error:
        return None, text, str(error)


def _decode(data: str, code_page: object) -> str:
    content = base64.b64decode(data)
    for encoding in ('utf-8', f'cp{code_page}'):
        try:
            return content.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    return content.decode('latin-1')
