"""Engines and transactions: where the two stores differ in how a change begins and how it is kept.

SQLite: WAL, ``synchronous=FULL``, and writers begin with ``BEGIN IMMEDIATE`` (the default loses updates without a
word).  PostgreSQL: ``SERIALIZABLE`` is not used; a change locks the rows it reads (``with_for_update``), and every
transaction names its jurisdiction for row-level security.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from data.store.embedded import connect
from data.store.tx import Tx
from data.store.types import ALL_OF_POSTGIS, EVERYWHERE, Act
from gis.errors import Conflict, InputError, StorageError

_BUSY_MS = 30_000
_MOST_IDLE_MS = 600_000
_MOST_JOURNAL_BYTES = 64 * 2**20

# All for this transaction alone.  Nobody waits longer than in SQLite, and whoever vanished from the network in the
# middle of a change does not hold its locks for ever.
_LIMITS = text(
    "select set_config('gw.jurisdiction', :prefix, true), "
    f"set_config('lock_timeout', '{_BUSY_MS}', true), "
    f"set_config('idle_in_transaction_session_timeout', '{_MOST_IDLE_MS}', true)"
)
_POOL = {"pool_size": 10, "max_overflow": 30, "pool_timeout": _BUSY_MS / 1_000}
# A server that has gone without a word is noticed after a minute at most.
_POSTGRES = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


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
            # The sign itself, as a prefix, is the start of nothing.
            prefix = (
                f"{ALL_OF_POSTGIS}{ALL_OF_POSTGIS}"
                if jurisdiction == ALL_OF_POSTGIS
                else jurisdiction or ALL_OF_POSTGIS
            )
            connection.execute(_LIMITS, {"prefix": prefix})


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
    except (ArgumentError, ValueError):
        raise InputError("store_address_wrong", measured=re.sub(r"//[^/]*@", "//***@", url)) from None
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    if address.drivername == "postgresql+psycopg":
        return SqlStore(create_engine(address, pool_pre_ping=True, connect_args=_POSTGRES, **_POOL))
    if address.drivername == "sqlite" and address.database not in (None, "", ":memory:"):
        return SqlStore(_sqlite_engine(address))
    raise InputError("store_address_wrong", measured=address.render_as_string())


def _sqlite_engine(address: URL) -> Engine:
    path = str(address.database)
    engine = create_engine(address, creator=lambda: connect(path), **_POOL)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # transactions are opened by us, not by the driver
        for pragma in (
            f"busy_timeout={_BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            f"journal_size_limit={_MOST_JOURNAL_BYTES}",  # after a large load the journal shrinks again
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
        ``store_unreachable``, ``store_busy``, ``store_full``, ``store_without_tables``, ``store_refused``.
    Conflict
        ``plan_in_force_already``: two plans in force for a community at one time.
    InputError
        ``value_not_storable``: text with a zero byte, half a character, a number too large.
    """
    try:
        yield
    except (UnicodeEncodeError, OverflowError) as error:  # of the drivers, before they ask the database
        raise InputError("value_not_storable", measured=str(error)) from error
    except (DBAPIError, PendingRollbackError, PoolTimeout, sqlite3.Error, psycopg.Error) as error:
        cause = getattr(error, "orig", None) or error
        said = (str(cause).splitlines() or [""])[0]
        if isinstance(cause, psycopg.DataError):
            raise InputError("value_not_storable", measured=said) from error
        if "ex_reigns_one_plan_in_force" in str(cause):
            raise Conflict("plan_in_force_already") from error
        raise StorageError(_code(cause), file=url.render_as_string(), measured=said) from error


_BY_STATE = {
    "53100": "store_full",
    "53300": "store_busy",  # too many connections
    "55P03": "store_busy",  # a lock that was waited for too long
    "40P01": "store_busy",  # two that waited for each other
    "40001": "store_busy",
    "42P01": "store_without_tables",
    "3D000": "store_unreachable",  # no such database
    "28000": "store_unreachable",
    "28P01": "store_unreachable",
}
_SQLITE_CODES = {
    sqlite3.SQLITE_BUSY: "store_busy",
    sqlite3.SQLITE_LOCKED: "store_busy",
    sqlite3.SQLITE_FULL: "store_full",
    sqlite3.SQLITE_CANTOPEN: "store_unreachable",
    sqlite3.SQLITE_NOTADB: "store_unreachable",
    sqlite3.SQLITE_CORRUPT: "store_unreachable",
    sqlite3.SQLITE_PERM: "store_unreachable",
    sqlite3.SQLITE_IOERR: "store_unreachable",
}


def _code(cause: BaseException) -> str:
    if isinstance(cause, sqlite3.Error):
        if "no such table" in str(cause):
            return "store_without_tables"
        number = getattr(cause, "sqlite_errorcode", None) or 0
        return _SQLITE_CODES.get(number & 0xFF, "store_refused")  # the low byte; the rest says more closely why
    if isinstance(cause, psycopg.Error):
        state = cause.sqlstate or ""
        if state in _BY_STATE:
            return _BY_STATE[state]
        # Classes 08 (connection) and 57 (server shuts down); none at all: the connection broke or was never made.
        if state[:2] in ("08", "57") or (not state and isinstance(cause, psycopg.OperationalError)):
            return "store_unreachable"
        return "store_refused"
    # SQLAlchemy's own: no connection came free in time, or the one in use has broken.
    return "store_busy" if isinstance(cause, PoolTimeout) else "store_unreachable"
