"""Engines and transactions: where the two stores differ in how a change begins and how it is kept.

SQLite: WAL, ``synchronous=FULL``, and writers begin with ``BEGIN IMMEDIATE`` (the default loses updates without a
word).  PostgreSQL: ``SERIALIZABLE`` is not used; a change locks the rows it reads (``with_for_update``), and every
transaction names its jurisdiction for row-level security.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from data.store.tx import Tx
from data.store.types import EVERYWHERE, Act
from gis.errors import InputError, StorageError

_BUSY_MS = 30_000
_ALL = "*"  # what row-level security takes for "everywhere"; the empty setting is "nowhere"


class SqlStore:
    """A store behind a SQLAlchemy engine; see `data.store.types.Store`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(writes=True)

    @property
    def kind(self) -> str:
        """``postgis`` or ``embedded``."""
        return "embedded" if self.engine.dialect.name == "sqlite" else "postgis"

    @property
    def url(self) -> URL:
        """Address of the store (its password, if any, is not shown by ``str``)."""
        return self.engine.url

    @contextmanager
    def read(self, jurisdiction: str = EVERYWHERE) -> Iterator[Tx]:
        """One state of the store, unmoved by writers."""
        with translated(self.url), self.engine.connect() as connection:
            if self.kind == "postgis":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                self._confine(connection, jurisdiction)
                yield Tx(connection, jurisdiction, None)

    @contextmanager
    def write(self, act: Act) -> Iterator[Tx]:
        """A change: kept whole when the block ends well, else not at all."""
        with translated(self.url), self._writer.begin() as connection:
            self._confine(connection, act.jurisdiction)
            yield Tx(connection, act.jurisdiction, act)

    def close(self) -> None:
        """Let all connections go."""
        self.engine.dispose()

    def _confine(self, connection: Connection, jurisdiction: str) -> None:
        if self.kind == "postgis":
            connection.execute(
                text("select set_config('gw.jurisdiction', :prefix, true)"),
                {"prefix": jurisdiction or _ALL},
            )


def open_store(url: str) -> SqlStore:
    """Open the store at an address; its tables are another matter (see `data.migrations`).

    Parameters
    ----------
    url
        ``sqlite:///PATH`` or ``postgresql+psycopg://USER@HOST/DATABASE``.

    Raises
    ------
    InputError
        ``store_address_wrong``.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise InputError("store_address_wrong", measured=url) from error
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    if address.drivername == "postgresql+psycopg":
        return SqlStore(create_engine(address, pool_pre_ping=True, connect_args={"connect_timeout": 10}))
    if address.drivername == "sqlite" and address.database:
        return SqlStore(_sqlite_engine(address))
    raise InputError("store_address_wrong", measured=address.render_as_string())


def _sqlite_engine(address: URL) -> Engine:
    engine = create_engine(address)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # transactions are opened by us, not by the driver
        for pragma in (
            f"busy_timeout={_BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """What the database refuses, as one of our errors.

    Raises
    ------
    StorageError
        ``store_unreachable``, ``store_busy``, ``store_full``, ``store_refused``.
    """
    shown = url.render_as_string()
    try:
        yield
    except OperationalError as error:
        said = str(error.orig)
        code = "store_unreachable"
        if "locked" in said or "busy" in said:
            code = "store_busy"
        elif "full" in said or "No space left" in said:
            code = "store_full"
        elif "no such table" in said:
            code = "store_without_tables"
        raise StorageError(code, file=shown, measured=said.splitlines()[0] if said else "") from error
    except (DBAPIError, SQLAlchemyError) as error:
        said = str(getattr(error, "orig", error))
        code = "store_without_tables" if "does not exist" in said and "relation" in said else "store_refused"
        raise StorageError(code, file=shown, measured=said.splitlines()[0] if said else "") from error
