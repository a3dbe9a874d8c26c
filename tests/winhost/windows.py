# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Open questions about Windows, each with its possible answers, the expected one first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Question:
    """A question that the documentation of Windows does not answer.

    :ivar name: its key in the spec of a host.
    :ivar answers: the expected answer, then the others.
    :ivar about: the question.
    """

    name: str
    answers: tuple[str, ...]
    about: str


QUESTIONS = (
    Question('reconnect_input', ('now', 'kept'), 'LastInputTime after a reconnect without input'),
    Question(
        'connection_account',
        ('netbios', 'dns', 'realm', 'machine', 'none_mapped', 'no_such_domain'),
        'GetUserNameEx in a network logon: CORP, corp.example.com or CORP.EXAMPLE.COM; under become; without an answer',
    ),
    Question('long_names', ('cut', 'alias'), 'names of more than 20 characters in WTSINFO: their beginning or another'),
    Question('listener_rights', ('full', 'hidden', 'unreadable'), 'sessions of a listener with an ACL of its own'),
    Question('logon_mode', ('obeyed', 'ignored'), 'TSServerDrainMode on a host without the RD Session Host role'),
    Question('unknown_id', ('not_found', 'invalid_parameter'), 'the error for an unknown ID: 2 or 7022, 87'),
    Question('rwinsta_exit_code', ('one', 'zero'), 'the exit code of rwinsta.exe when it fails'),
    Question('rwinsta_language', ('en', 'de', 'ru'), 'the language and code page of the output of rwinsta.exe'),
    Question('rwinsta', ('present', 'missing'), 'System32 of a 32-bit process'),
    Question('disconnected_client', ('kept', 'empty', 'refused'), 'client queries of a disconnected session'),
    Question('disconnected_protocol', ('kept', 'console'), 'WTSClientProtocolType of a disconnected session'),
    Question('disconnect_time', ('set', 'unknown'), 'DisconnectTime after fast user switching'),
    Question('disconnected_input', ('kept', 'unknown'), 'LastInputTime of a disconnected session'),
    Question('console_input', ('kept', 'unknown', 'now'), 'LastInputTime of the console'),
    Question('client_address', ('offset_2', 'offset_0', 'text'), 'the bytes of WTS_CLIENT_ADDRESS'),
    Question(
        'ending_row',
        ('named', 'active', 'connected', 'down'),
        'the row of a session that ends: with its user, or without one and in this state',
    ),
    Question('ending_query', ('close_pending', 'answered', 'not_found'), 'queries of a session that ends'),
    Question(
        'terminal_service',
        ('running', 'no_client_data', 'no_processes'),
        'what fails with 1722 while TermService is stopped',
    ),
    Question('message_click', ('no_input', 'input'), 'whether clicking a message box counts as input'),
    Question('message_when_locked', ('waits', 'shown'), 'whether a locked session shows a message box'),
    Question('volatile_keys', ('gone', 'kept'), 'volatile registry keys after a start with Fast Startup'),
    Question('session_info_ex', ('answered', 'refused'), 'WTSSessionInfoEx (class 25)'),
    Question('client_info', ('answered', 'refused'), 'WTSClientInfo (class 23)'),
    Question('lock_flag', ('reported', 'unknown'), 'SessionFlags'),
    Question('denied', ('access_denied', 'not_found', 'winstation'), 'the error without rights: 5, 7022, 7045'),
    Question('console_logoff', ('ends', 'refused'), 'WTSLogoffSession of the console session'),
    Question('console_disconnect', ('works', 'refused'), 'WTSDisconnectSession of the console session'),
    Question('ghost_times', ('unknown', 'kept'), 'LogonTime and LastInputTime of a ghost session'),
    Question('open_process', ('allowed', 'refused'), 'SeDebugPrivilege in the logon of the connection'),
    Question('blank_names', ('mixed', 'null', 'empty'), 'missing names in the rows of an enumeration'),
    Question('services_row', ('disconnected', 'connected', 'active'), 'the state of session 0'),
    Question('session_ids', ('reused', 'counted_up'), 'the ID of the next session'),
)

_BY_NAME = {question.name: question for question in QUESTIONS}

# Every other answer, for parametrised tests.
UNEXPECTED = tuple((question.name, answer) for question in QUESTIONS for answer in question.answers[1:])


class Windows:
    """The answers of a host.

    :param data: answers by question; the default is the expected answer.
    :raises ValueError: if a question or an answer is unknown.
    """

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        self._answers = {question.name: question.answers[0] for question in QUESTIONS}
        for name, answer in (data or {}).items():
            if name not in _BY_NAME:
                raise ValueError(f'windows: unknown {name}. Known: {", ".join(sorted(_BY_NAME))}')
            if answer not in _BY_NAME[name].answers:
                raise ValueError(f'windows: {name}: {answer!r} is not one of {", ".join(_BY_NAME[name].answers)}')
            self._answers[name] = answer

    def __getattr__(self, name: str) -> str:
        try:
            return self.__dict__['_answers'][name]
        except KeyError:
            raise AttributeError(name) from None
