"""Files appear whole or not at all: written beside their place, checked, then moved into it in one step.

What stands in a file is decided elsewhere; this room only knows how a file comes into being and how a folder, a
full disk or a missing right is told to the user.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gis.errors import StorageError

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a place to write to; when the block ends well, what was written there becomes ``path``.

    The place lies in a scratch folder beside ``path``, so that the final move stays inside one file system and
    side files of the writer (journals) vanish with it.  When the block fails, ``path`` is as it was before.

    Parameters
    ----------
    path
        The file to make or to replace.

    Raises
    ------
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full`` or ``file_not_writable``.
    """
    path = Path(path)
    folder = path.parent
    if path.is_dir():
        raise StorageError("path_is_folder", file=str(path))
    if not folder.is_dir():
        raise StorageError("folder_missing", file=str(path), measured=str(folder))
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".gridwright-", dir=folder))
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        place = scratch / path.name
        yield place
        _flush(place)
        os.replace(place, path)
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def storage_error(path: Path, error: Exception) -> StorageError:
    """The `StorageError` for whatever went wrong while ``path`` was written."""
    text = str(error)
    full = isinstance(error, OSError) and error.errno in _DISK_FULL
    if full or "disk is full" in text or "No space left" in text:
        return StorageError("disk_full", file=str(path))
    reason = error.strerror if isinstance(error, OSError) and error.strerror else text.strip().splitlines()[-1:]
    return StorageError(
        "file_not_writable", file=str(path), measured=reason if isinstance(reason, str) else "".join(reason)
    )


def _flush(place: Path) -> None:
    with place.open("rb+") as file:
        os.fsync(file.fileno())
