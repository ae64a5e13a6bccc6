"""Folders appear whole or not at all: filled beside their place, then moved into it in one step.

An earlier folder stays as it was until the new one is complete; the two then change places.  Whether an earlier
folder may be replaced is for the caller to decide.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.files.atomic import storage_error
from gis.errors import StorageError

_AT_FDCWD = -100
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux and RENAME_SWAP of macOS


@contextmanager
def whole_folder(folder: Path, *, may_replace: bool = False) -> Iterator[Path]:
    """Give an empty folder to fill; when the block ends well, it becomes ``folder``.

    The folder to fill lies beside ``folder``, inside one file system.  When the block fails, is interrupted or the
    disk is full, ``folder`` is as it was before.

    Parameters
    ----------
    folder
        The folder to make or to replace; a link to a folder is followed.
    may_replace
        Whether a folder that holds something may be replaced.

    Raises
    ------
    StorageError
        ``out_not_folder``, ``folder_missing``, ``folder_not_empty``, ``disk_full``, ``file_not_writable``.
    """
    folder = Path(os.path.realpath(folder))
    if folder.exists() and not folder.is_dir():
        raise StorageError("out_not_folder", file=str(folder))
    if not folder.parent.is_dir():
        raise StorageError("folder_missing", file=str(folder), measured=str(folder.parent))
    if folder.is_dir() and not may_replace and any(folder.iterdir()):
        raise StorageError("folder_not_empty", file=str(folder))
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".gridwright-", dir=folder.parent))
    except OSError as error:
        raise storage_error(folder, error) from error
    try:
        place = scratch / (folder.name or "folder")
        place.mkdir()
        yield place
        _flush(place)
        _put(place, folder, scratch)
    except OSError as error:
        raise storage_error(folder, error) from error
    except StorageError as error:
        # Writers inside name the file where it is being made; users know it by its final place.
        there, here = str(scratch) + os.sep, str(folder.parent) + os.sep
        facts = {k: v.replace(there, here) if isinstance(v, str) else v for k, v in error.facts.items()}
        raise StorageError(error.code, **facts) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _put(place: Path, folder: Path, scratch: Path) -> None:
    if not folder.exists():
        os.rename(place, folder)
        return
    shutil.copymode(folder, place)
    if _exchange(place, folder):
        return
    # The system can not exchange two folders: step aside, step in, and back again if that fails.
    aside = scratch / "earlier"
    os.rename(folder, aside)
    try:
        os.rename(place, folder)
    except BaseException:
        os.rename(aside, folder)
        raise


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; whether the system could."""
    name = {"linux": "renameat2", "darwin": "renamex_np"}.get(sys.platform, "")
    call = getattr(ctypes.CDLL(None, use_errno=True), name, None) if name else None
    if call is None:
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if name == "renameat2":
        done = call(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _EXCHANGE)
    else:
        done = call(*paths, _EXCHANGE)
    if done == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(other))


def _flush(place: Path) -> None:
    for path in sorted(place.rglob("*")):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
