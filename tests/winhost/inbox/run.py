# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inbox commands of a simulated host. ``System32/quser`` and the others run this file with their name.

They call the API of the host as the native library does (wire.py), with the rights of their account.
"""

from __future__ import annotations

import os
import sys
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from winhost.errors import TEXTS
from winhost.inbox import screen
from winhost.inbox.screen import Row
from winhost.wire import Value, call

_CTX_WINSTATION_NOT_FOUND = 7022


class Failed(Exception):
    """The command fails with this text on standard error."""


class ApiError(Exception):
    """A function of the API failed."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return f'Error [{self.code}]:{TEXTS.get(self.code, "Unknown error.")}'


class Command:
    """A command line: switches such as ``/name:value`` in any place, and words.

    :param name: the command, such as ``quser`` or ``query user``.
    :param arguments: its arguments.
    """

    def __init__(self, name: str, arguments: list[str]) -> None:
        self.name = name
        self.words = [word for word in arguments if not word.startswith('/')]
        self.switches = {}
        for word in arguments:
            if word.startswith('/'):
                switch, _unused, value = word[1:].partition(':')
                self.switches[switch.lower()] = value
        self.server = self.switches.get('server')
        self._handle: Value = self.ask('WTSOpenServerExW', self.server)[0] if self.server else 0

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *failure: object) -> None:
        if self._handle:
            self.ask('WTSCloseServer', self._handle)

    def ask(self, api: str, *arguments: Value) -> list[Any]:
        """Call a function of the API.

        :param api: its name.
        :param arguments: its arguments.
        :returns: its results.
        :raises ApiError: if it failed.
        """
        account, path = os.environ['WINHOST_ACCOUNT'], os.environ['WINHOST_SOCKET']
        error, values = call(path, api, account, self.name, os.getpid(), *arguments)
        if error:
            raise ApiError(error)
        return values

    def on_server(self, api: str, *arguments: Value) -> list[Any]:
        """Call a function for the server of the command line.

        :param api: its name.
        :param arguments: its arguments after the server.
        :raises ApiError: if it failed.
        """
        return self.ask(api, self._handle, *arguments)

    def rows(self) -> list[Row]:
        """Return all sessions.

        :raises ApiError: if they cannot be enumerated.
        """
        serial, _unused, *fields = self.on_server('WTSEnumerateSessionsExW', 1, 0)
        if serial:
            self.ask('WTSFreeMemoryExW', serial, 2, len(fields) // 6)
        own, console = self._own(), self.ask('WTSGetActiveConsoleSessionId')[0]
        found = []
        for at in range(0, len(fields), 6):
            session_id, state, session, user, domain, _unused = fields[at : at + 6]
            found.append(Row(session_id, state, session, user, domain, own, console))
        return found

    def fill_in_times(self, row: Row) -> None:
        """Query the logon time and the last input time of a session.

        :param row: the session.
        """
        try:
            _unused, serial, *info = self.on_server('WTSQuerySessionInformationW', row.id, 24)
        except ApiError:
            return
        self.ask('WTSFreeMemory', serial, 0, 0)
        row.logon_time, row.last_input_time, row.now = (info[n] for n in (6, 9, 10))

    def find(self, otherwise: str) -> list[Row]:
        """Return the sessions that the first word selects: an ID, a session name, a user, or ``*``.

        :param otherwise: the error text if there is none.
        :raises Failed: if there is none.
        """
        wanted = self.words[0].lower() if self.words else ''
        found = [row for row in self.rows() if wanted in ('*', str(row.id), row.session.lower(), row.user.lower())]
        if not found or not wanted:
            raise Failed(otherwise)
        return found

    def _own(self) -> int | None:
        # The session of this command is not on another server.
        return None if self.server else int(self.ask('ProcessIdToSessionId', os.getpid())[0])


def quser(command: Command) -> str:
    """``query user``: list the users."""
    try:
        rows = command.rows()
    except ApiError as error:
        raise Failed(f'Error 0x{error.code:08X} enumerating sessionnames\n{error}') from error
    wanted = command.words[0].lower() if command.words else '*'
    users = [row for row in rows if row.user and wanted in ('*', str(row.id), row.session.lower(), row.user.lower())]
    if not users:
        raise Failed(f'No User exists for {wanted}')
    for row in users:
        command.fill_in_times(row)
    return screen.quser(users)


def qwinsta(command: Command) -> str:
    """``query session``: list all sessions."""
    try:
        rows = command.rows()
    except ApiError as error:
        if command.server:
            raise Failed(f'Error opening Terminal server {command.server}\n\n{error}') from error
        raise Failed(f'Error 0x{error.code:08X} enumerating sessionnames\n{error}') from error
    wanted = command.words[0].lower() if command.words else '*'
    found = [row for row in rows if wanted in ('*', str(row.id), row.session.lower(), row.user.lower())]
    if not found:
        raise Failed(f'No session exists for {wanted}')
    return screen.qwinsta(found)


def logoff(command: Command) -> str:
    """End a session."""
    return _act(command, 'logoff', 'WTSLogoffSession', 0)


def rwinsta(command: Command) -> str:
    """``reset session``: reset a session."""
    if not command.words:
        raise Failed('Invalid parameter(s)\nRESET SESSION {sessionname | sessionid} [/SERVER:servername] [/V]')
    return _act(command, 'reset', 'rwinsta')


def tsdiscon(command: Command) -> str:
    """Disconnect a session."""
    return _act(command, 'disconnect', 'WTSDisconnectSession', 0)


def msg(command: Command) -> str:
    """Send a message to sessions that are not disconnected."""
    text = ' '.join(command.words[1:]) or sys.stdin.read()
    title = f'Message from {os.environ.get("USERNAME", "")}'
    wait = 'w' in command.switches
    done = []
    for row in command.find(f'{command.words[0] if command.words else "*"} does not exist or is disconnected'):
        if not row.user or row.state == screen.DISCONNECTED:
            continue
        encoded = [part.encode('utf-16-le', 'surrogatepass') for part in (title, text)]
        timeout = int(command.switches.get('time') or 60)
        try:
            command.on_server('WTSSendMessageW', row.id, *encoded, 0, timeout, int(wait))
        except ApiError as error:
            raise Failed(f'Error sending message to session {row.session}\n{error}') from error
        done.append(f'Message sent to session {row.session}\n')
    return ''.join(done) if 'v' in command.switches else ''


def _act(command: Command, verb: str, api: str, *arguments: Value) -> str:
    if not command.words:
        # The default is the session that the command runs in.
        session_id = int(command.ask('ProcessIdToSessionId', os.getpid())[0])
    elif command.words[0].isdecimal():
        session_id = int(command.words[0])
    else:
        session_id = command.find(f'Session {command.words[0]} not found')[0].id
    try:
        command.on_server(api, session_id, *arguments)
    except ApiError as error:
        if error.code == _CTX_WINSTATION_NOT_FOUND:
            raise Failed(f'Session ID {session_id} not found') from error
        raise Failed(f'Could not {verb} session ID {session_id}, Error code {error.code}\n{error}') from error
    return f'{verb} of session ID {session_id}\n' if 'v' in command.switches else ''


COMMANDS = {
    'quser': quser,
    'query user': quser,
    'qwinsta': qwinsta,
    'query session': qwinsta,
    'logoff': logoff,
    'rwinsta': rwinsta,
    'reset session': rwinsta,
    'tsdiscon': tsdiscon,
    'msg': msg,
}


# The output of rwinsta in other display languages, and their code pages. The texts are approximations.
_CODE_PAGES = {'en': 'utf-8', 'de': 'cp850', 'ru': 'cp866'}
_WORDS = {'en': '', 'de': 'Sitzung nicht gefunden: ungültige Kennung', 'ru': 'Сеанс не найден'}


def _answers() -> tuple[int, str]:
    """Return the exit code of a failed rwinsta and its display language, which are open questions about Windows."""
    account, path = os.environ['WINHOST_ACCOUNT'], os.environ['WINHOST_SOCKET']
    _error, (failure, language) = call(path, 'rwinsta_answers', account, '', os.getpid())
    return int(str(failure)), str(language)


def main(words: list[str]) -> int:
    """Run a command.

    :param words: its name and its arguments.
    :returns: its exit code.
    """
    name, *arguments = words
    if name in ('query', 'reset') and arguments:
        name += ' ' + arguments.pop(0).lower()
    if name not in COMMANDS:
        print('Invalid parameter(s)', file=sys.stderr)
        return 1
    failure, language = _answers() if name in ('rwinsta', 'reset session') else (1, 'en')
    # Console output has CR LF, and characters that are not in the code page are replaced.
    page = _CODE_PAGES[language]
    sys.stdout = open(1, 'w', encoding=page, errors='replace', newline='\r\n', closefd=False)  # noqa: SIM115
    sys.stderr = open(2, 'w', encoding=page, errors='replace', newline='\r\n', closefd=False)  # noqa: SIM115
    try:
        with Command(name, arguments) as command:
            sys.stdout.write(COMMANDS[name](command))
        sys.stdout.flush()
    except Failed as failed:
        print(_WORDS[language] or failed, file=sys.stderr)
        return failure
    except ApiError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
