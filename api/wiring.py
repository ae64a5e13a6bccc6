"""Which store a command works on, and whether it may: the one place where addresses become open, migrated stores.

An embedded store belongs to whoever runs the command, so it is made and migrated without asking.  A PostGIS store is
shared: only `gridwright load` and `gridwright restore` change its tables, everything else says which command to run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, make_url

from api import settings
from data.store import Act, SqlStore, open_store
from data.store.revision import head, revision_of
from gis.errors import Conflict, NotFound, StorageError

DEFAULT_NAME = "store.sqlite"


def store_address(asked: str | None = None) -> str:
    """Address of the store: the option, else ``GRIDWRIGHT_STORE``, else a file in the user's data folder.

    Raises
    ------
    StorageError
        ``store_folder_refused``.
    """
    stated = asked or settings.store_address()
    if stated:
        return stated
    folder = settings.data_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError("store_folder_refused", file=str(folder), measured=error.strerror or str(error)) from error
    return f"sqlite:///{folder / DEFAULT_NAME}"


def shown(address: URL | str) -> str:
    """An address for people and logs: no password."""
    return make_url(address).render_as_string(hide_password=True)


def store_option(asked: str | None) -> str:
    """``--store`` as the next command needs it, where it was given: without its password, which people fill in."""
    return f" --store {shown(asked)}" if asked else ""


def store_file(address: URL) -> Path | None:
    """File of an embedded store; ``None`` for a server."""
    if address.get_backend_name() != "sqlite" or not address.database:
        return None
    return Path(address.database)


def open_ready_store(address: str, *, may_migrate: bool = False, may_make: bool = True) -> SqlStore:
    """Open a store whose tables are those of this release.

    Parameters
    ----------
    address
        From `store_address`.
    may_migrate
        Whether the tables of a PostGIS store may be made or brought up to date.
    may_make
        Whether an embedded store that is not there may be made.

    Raises
    ------
    InputError
        ``store_address_wrong``.
    NotFound
        ``store_missing``.
    Conflict
        ``store_ahead``, ``store_behind``, ``store_not_made``.
    StorageError
        ``store_unreachable`` and what else the database refuses.
    """
    store = open_store(address)
    try:
        file = store_file(store.url)
        if file is not None and not may_make and not file.exists():
            raise NotFound("store_missing", file=shown(store.url))
        make_ready(store, may_migrate=may_migrate or file is not None)
    except BaseException:
        store.close()
        raise
    return store


def make_ready(store: SqlStore, *, may_migrate: bool) -> None:
    """Bring the tables of a store up to this release, or say why not; see `open_ready_store`."""
    if is_current(store):
        return
    from data import migrations  # and the tools behind it, which a store that fits never needs

    address = full_address(store)
    found = migrations.state(address)
    facts = {"file": shown(store.url)}
    if found == "ahead":
        raise Conflict("store_ahead", **facts)
    if found == "current":
        return
    if not may_migrate:
        raise Conflict("store_not_made" if found == "empty" else "store_behind", **facts)
    migrations.upgrade(address)


def is_current(store: SqlStore) -> bool:
    """Whether the tables of a store are those of this release."""
    file = store_file(store.url)
    if file is not None and not file.exists():
        return False
    with store.read() as tx:
        return revision_of(tx.connection) == head()


def full_address(store: SqlStore) -> str:
    """Address of a store with its password: for child processes and migrations, never for people."""
    return store.url.render_as_string(hide_password=False)


def open_store_as_it_is(address: str) -> SqlStore:
    """Open a store that is there, whatever release its tables are of: to save it or to examine it.

    Raises
    ------
    InputError
        ``store_address_wrong``.
    NotFound
        ``store_missing``: no such file, or no tables of ours.
    """
    store = open_store(address)
    try:
        file = store_file(store.url)
        if file is not None and not file.exists():
            raise NotFound("store_missing", file=shown(store.url))
        with store.read() as tx:
            is_ours = revision_of(tx.connection) != ""
        if not is_ours:
            raise NotFound("store_missing", file=shown(store.url))
    except BaseException:
        store.close()
        raise
    return store


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def local_act(reason: str = "") -> Act:
    """The act of somebody at this machine's command line."""
    return Act("local", utc_now(), reason=reason)


def system_act(reason: str = "") -> Act:
    """The act of the service itself."""
    return Act("system", utc_now(), reason=reason)
