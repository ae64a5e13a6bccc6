"""A store in, one file out: a state of the store that can be put back anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from api.settings import iso_moment
from data.store import SqlStore
from data.store.backup import save_backup
from data.store.backup_file import Manifest
from data.store.revision import revision_of
from gis.errors import InputError
from gis.progress import SILENT, Progress


@dataclass(frozen=True, slots=True)
class Saved:
    """The backup that was written."""

    path: Path
    manifest: Manifest
    bytes: int


def backup_store(store: SqlStore, path: Path, *, now: datetime, progress: Progress = SILENT) -> Saved:
    """Save everything in a store to one file, while others go on working.

    Parameters
    ----------
    store
        The store.
    path
        The file to write; an earlier one is replaced only by a whole new one.
    now
        For the backup's own record.
    progress
        Watches the tables.

    Raises
    ------
    InputError
        ``backup_over_store``: the file is the store itself.
    StorageError
        The file can not be written, or the store can not be read.
    """
    own = store.url.database if store.kind == "embedded" else None
    if own is not None and Path(own).resolve() == Path(path).resolve():
        raise InputError("backup_over_store", file=str(path))
    with store.read() as tx:
        revision = revision_of(tx.connection)
        manifest = save_backup(
            tx,
            Path(path),
            revision=revision,
            version=version("gridwright"),
            created_at=iso_moment(now),
            progress=progress,
        )
    return Saved(Path(path), manifest, Path(path).stat().st_size)
