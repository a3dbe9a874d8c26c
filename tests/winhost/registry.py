# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The registry of a simulated host. A restart removes volatile keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from winhost.errors import Error, WinError

SZ, EXPAND_SZ, BINARY, DWORD, MULTI_SZ, QWORD = 1, 2, 3, 4, 7, 11

QUERY_VALUE, SET_VALUE, CREATE_SUB_KEY = 0x1, 0x2, 0x4
_READ, _WRITE, _ALL = 0x20019, 0x20006, 0xF003F
_GENERIC = {0x80000000: _READ, 0x40000000: _WRITE, 0x10000000: _ALL}
_MAXIMUM_ALLOWED = 0x02000000
_CHANGES = SET_VALUE | CREATE_SUB_KEY | 0x10000 | 0x40000 | 0x80000

Data = int | str | bytes | list[str]

# Every Windows has these keys.
_ALWAYS = (
    'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon',
    'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server',
)


@dataclass
class Value:
    """A stored value."""

    name: str
    type: int
    data: bytes

    @property
    def read(self) -> Data:
        """The value as a Python object; the bytes if they are not valid for the type."""
        try:
            if self.type in (DWORD, QWORD) and len(self.data) == (4 if self.type == DWORD else 8):
                return int.from_bytes(self.data, 'little')
            if self.type in (SZ, EXPAND_SZ):
                return self.data.decode('utf-16-le', 'surrogatepass').removesuffix('\0')
            if self.type == MULTI_SZ:
                return self.data.decode('utf-16-le', 'surrogatepass').rstrip('\0').split('\0')
        except UnicodeDecodeError:
            pass
        return self.data


@dataclass
class Key:
    """A key. Names keep their case, and lookups ignore it."""

    path: str
    volatile: bool = False
    values: dict[str, Value] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    deleted: bool = False


@dataclass
class OpenKey:
    """The object of a key's handle.

    :ivar access: its access rights.
    """

    key: Key
    access: int

    def need(self, access: int) -> Key:
        """Return the key if the handle has one of these access rights.

        :param access: the access rights.
        :raises WinError: if it does not, or the key has been deleted.
        """
        if self.key.deleted:
            raise WinError(Error.KEY_DELETED)
        if not self.access & access:
            raise WinError(Error.ACCESS_DENIED)
        return self.key


class Registry(Mapping[str, dict[str, Data]]):
    """The keys by path, such as ``HKLM\\SOFTWARE\\x``, each with its values by name: numbers, text, lists or bytes."""

    def __init__(self) -> None:
        self._roots = {name.lower(): Key(name) for name in ('HKLM', 'HKCU')}
        for path in _ALWAYS:
            self.create(path)

    def __getitem__(self, path: str) -> dict[str, Data]:
        key = self.find(path)
        if key is None:
            raise KeyError(path)
        return {value.name: value.read for value in key.values.values()}

    def __iter__(self) -> Iterator[str]:
        todo = list(self._roots.values())
        while todo:
            key = todo.pop()
            yield key.path
            todo += key.keys.values()

    def __len__(self) -> int:
        return sum(1 for _unused in self)

    def find(self, path: str) -> Key | None:
        """Find a key.

        :param path: its path.
        :returns: the key, or None.
        """
        root, *names = path.lower().split('\\')
        key = self._roots.get(root)
        for name in names:
            key = key.keys.get(name) if key and name else key
        return key

    def create(self, path: str, volatile: bool = False) -> Key:
        """Find a key, or create it and its parents.

        :param path: its path.
        :param volatile: whether a restart removes what is created.
        :raises WinError: if the key is not volatile and its parent is.
        """
        root, *names = path.split('\\')
        key = self._roots[root.lower()]
        for name in filter(None, names):
            if name.lower() not in key.keys:
                if key.volatile and not volatile:
                    raise WinError(Error.CHILD_MUST_BE_VOLATILE)
                key.keys[name.lower()] = Key(f'{key.path}\\{name}', volatile)
            key = key.keys[name.lower()]
        return key

    def set(self, path: str, name: str, value: Data, kind: int | None = None) -> None:
        """Set a value, creating its key.

        :param path: the key's path.
        :param name: the value's name.
        :param value: a number (REG_DWORD), text (REG_SZ), a list of text (REG_MULTI_SZ) or bytes (REG_BINARY).
        :param kind: another type for bytes.
        """
        if isinstance(value, int):
            found, data = DWORD, value.to_bytes(4, 'little')
        elif isinstance(value, str):
            found, data = SZ, (value + '\0').encode('utf-16-le', 'surrogatepass')
        elif isinstance(value, list):
            found, data = MULTI_SZ, ''.join(part + '\0' for part in [*value, '']).encode('utf-16-le', 'surrogatepass')
        else:
            found, data = BINARY, value
        key = self.find(path) or self.create(path)
        key.values[name.lower()] = Value(name, found if kind is None else kind, data)

    def delete(self, path: str, name: str) -> None:
        """Delete a value.

        :param path: the key's path.
        :param name: the value's name.
        :raises KeyError: if there is none.
        """
        key = self.find(path)
        if key is None:
            raise KeyError(path)
        del key.values[name.lower()]

    def reboot(self) -> None:
        """Remove volatile keys."""
        todo = list(self._roots.values())
        while todo:
            key = todo.pop()
            for name, child in list(key.keys.items()):
                todo.append(child)
                if child.volatile or key.deleted:
                    child.deleted = True
                    del key.keys[name]


def granted(access: int, administrator: bool) -> int:
    """Return the access rights of a handle ("Registry Key Security and Access Rights").

    :param access: the requested rights.
    :param administrator: whether the account is an administrator; others may only read.
    :raises WinError: if they are refused.
    """
    for generic, rights in _GENERIC.items():
        if access & generic:
            access |= rights
    if access & _MAXIMUM_ALLOWED:
        access |= _ALL if administrator else _READ
    if access & _CHANGES and not administrator:
        raise WinError(Error.ACCESS_DENIED)
    return access
