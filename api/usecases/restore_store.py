"""A backup in, a store out: into a new or empty place, verified before and examined after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from api.usecases.examine_store import Examined, examine_store
from data import migrations
from data.store import Act, SqlStore, open_store
from data.store.backup import load_backup, n_rows_present
from data.store.backup_file import Manifest, read_manifest, verify_backup
from data.store.revision import is_known, revision_of
from gis.errors import Conflict
from gis.progress import SILENT, Progress


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, and what the examination says of it."""

    manifest: Manifest
    examined: Examined


def restore_store(path: Path, address: str, act: Act, *, progress: Progress = SILENT) -> Restored:
    """Put a backup back: all of it or nothing.

    The tables are made as they were when the backup was taken, filled in one transaction, and then brought up to this
    release.  A backup of SQLite may go into PostGIS and the other way round.

    Parameters
    ----------
    path
        From `backup_store`.
    address
        Of a store that does not exist yet or holds nothing.
    act
        Who restores.
    progress
        Watches the tables.

    Raises
    ------
    InputError
        What `verify_backup` refuses.
    Conflict
        ``restore_not_empty``, ``backup_of_newer_release``.
    StorageError
        What the database refuses; nothing was put into it then.
    """
    path = Path(path)
    revision = read_manifest(path).revision
    if not is_known(revision):
        raise Conflict("backup_of_newer_release", file=path.name, measured=revision)
    manifest = verify_backup(path, progress)
    made_file = _make_tables(address, revision)
    try:
        store = open_store(address)
        try:
            with store.write(act) as tx:
                if n_rows_present(tx):
                    raise Conflict("restore_not_empty", file=store.url.render_as_string())
                load_backup(tx, path, manifest, progress)
        finally:
            store.close()
    except BaseException:
        if made_file is not None:
            for name in (made_file.name, f"{made_file.name}-wal", f"{made_file.name}-shm"):
                made_file.with_name(name).unlink(missing_ok=True)
        raise
    migrations.upgrade(address)
    store = open_store(address)
    try:
        return Restored(manifest, examine_store(store, progress=progress))
    finally:
        store.close()


def _make_tables(address: str, revision: str) -> Path | None:
    """Make the tables of a backup's revision; returns the file of an embedded store that was not there before."""
    store = open_store(address)
    store.close()
    file = _file_of(store)
    is_new = file is not None and not file.exists()
    found = migrations.state(address)
    if found == "empty":
        migrations.upgrade(address, revision)
    else:
        # Tables of another revision with nothing in them: taken back first, so that the rows fit.
        store = open_store(address)
        try:
            with store.read() as tx:
                if n_rows_present(tx):
                    raise Conflict("restore_not_empty", file=store.url.render_as_string())
                present = revision_of(tx.connection)
        finally:
            store.close()
        if present != revision:
            migrations.downgrade(address, "base")
            migrations.upgrade(address, revision)
    return file if is_new else None


def _file_of(store: SqlStore) -> Path | None:
    return Path(store.url.database) if store.kind == "embedded" and store.url.database else None
