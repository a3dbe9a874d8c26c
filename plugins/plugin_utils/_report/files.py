# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads and writes the files of a report. Only regular files are read, and files are replaced in one step."""

from __future__ import annotations

import errno
import os
import pathlib
import stat
import tempfile


def read_regular(path: pathlib.Path, most: int | None = None) -> bytes:
    """Read a regular file. A link is not followed, and a pipe or a device does not block.

    :param path: the file.
    :param most: the largest number of bytes to read, by default all.
    :returns: the content.
    :raises OSError: if it cannot be read or is not a regular file.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, 'rb') as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, 'not a regular file', str(path))
        return file.read(-1 if most is None else most)


def reason(error: OSError) -> str:
    """Return why a file could not be read or written."""
    # open(2) with O_NOFOLLOW returns ELOOP for a link.
    return (
        'not a regular file'
        if error.errno in (errno.ELOOP, errno.EINVAL, errno.ENXIO)
        else error.strerror or str(error)
    )


def write(path: pathlib.Path, content: bytes) -> None:
    """Replace a file in one step, so that readers get the old or the new content. A link is replaced, not followed.

    :param path: the file; its directory is created.
    :param content: the new content.
    :raises OSError: if it cannot be written.
    """
    _create(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(content)
        # The report lists who is logged on where: it is readable for its owner and, as the umask allows, its group.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o640 & ~mask)
        os.replace(name, path)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise


def try_writing(folder: pathlib.Path, names: list[str], create: bool) -> None:
    """Check whether files can be written.

    :param folder: the directory of the files.
    :param names: their names.
    :param create: whether to create the directory and a temporary file, instead of checking the permissions only.
    :raises OSError: if they cannot be written.
    """
    for name in names:
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(folder / name))
    if create:
        _create(folder)
        handle, name = tempfile.mkstemp(dir=folder, prefix='.report.')
        os.close(handle)
        os.unlink(name)
        return
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not existing.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(existing))
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(existing))


def _create(folder: pathlib.Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o750, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error
