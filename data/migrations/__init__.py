"""Tables of a store: made, brought up to date, taken back; and whether they fit this release.

Each file in ``versions`` is one step.  There is no ``alembic.ini``: everything is set here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text

from data.store.database import open_store, translated
from data.store.embedded import prepare_file
from data.store.postgis import prepare_server
from gis.errors import Conflict

State = Literal["empty", "current", "behind", "ahead"]

_FOLDER = Path(__file__).parent
_ALONE = Lock()  # alembic keeps what it is doing in its modules: one at a time in a process
_LOCK = 0x67726964  # one migration at a time on a server
_WAIT_MS = 10_000  # for a table that others hold; a migration in waiting stops everybody behind it


def upgrade(url: str, revision: str = "head") -> None:
    """Make the tables of a store or bring them up to a revision; a store that is up to date is left as it is.

    The embedded file (mode 0600) and its folder are made when missing, the extensions of PostgreSQL where the account
    may do that.  Either every step is kept or none.

    Raises
    ------
    InputError
        ``store_address_wrong``.
    StorageError
        ``store_extension_missing`` where somebody with more rights has to make an extension; what
        `data.store.database.translated` says.
    Conflict
        ``store_of_newer_release``.
    """
    prepare_file(url)
    with_config(url, lambda config: command.upgrade(config, revision), may_create=True)


def downgrade(url: str, revision: str) -> None:
    """Take steps back, down to a revision (``base``: all of them; ``-1``: one); what only they hold is lost.

    Raises
    ------
    StorageError
        What `data.store.database.translated` says.
    Conflict
        ``store_of_newer_release``.
    """
    with_config(url, lambda config: command.downgrade(config, revision))


def state(url: str) -> State:
    """Whether the tables of a store fit this release.

    Returns
    -------
    State
        ``empty``: there are none; ``behind``: `upgrade` is due; ``ahead``: a newer release made them.

    Raises
    ------
    StorageError
        ``store_unreachable``.
    """
    if prepare_file(url, create=False) is False:
        return "empty"
    store = open_store(url)
    try:
        with translated(store.url), store.engine.connect() as connection:
            return state_of(connection)
    finally:
        store.close()


def state_of(connection: Connection) -> State:
    """The same on a connection that is open."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        return "empty"
    scripts = ScriptDirectory(str(_FOLDER))
    if found == scripts.get_current_head():
        return "current"
    return "behind" if found in {script.revision for script in scripts.walk_revisions()} else "ahead"


def with_config(url: str, work: Callable[[Config], None], *, may_create: bool = False) -> None:
    """Call one of alembic's commands in one transaction on a store."""
    store = open_store(url)
    try:
        with _ALONE, translated(store.url), store.engine.execution_options(writes=True).begin() as connection:
            if store.kind == "postgis":
                connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                connection.execute(text("select set_config('gw.jurisdiction', '*', true)"))
                connection.execute(text(f"set local lock_timeout = {_WAIT_MS}"))
                if may_create:
                    prepare_server(connection)
            if state_of(connection) == "ahead":
                raise Conflict("store_of_newer_release", file=store.url.render_as_string())
            config = Config()
            config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
            config.attributes["connection"] = connection
            try:
                work(config)
            except CommandError as error:
                raise Conflict(
                    "store_migration_refused", file=store.url.render_as_string(), measured=str(error)
                ) from error
    finally:
        store.close()


def strays(connection: Connection) -> set[str]:
    """Tables that are no part of the layout: PostGIS's own, parts of partitioned tables, windows of SQLite."""
    names = set(inspect(connection).get_table_names())
    if connection.dialect.name == "sqlite":
        return {name for name in names if name.startswith("window_")}
    parts = connection.execute(text("select relname from pg_class where relispartition")).scalars()
    return {"spatial_ref_sys", *parts}
