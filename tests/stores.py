"""Stores for the tests: migrated and fresh, embedded and on PostGIS.

A test module takes ``embedded_store``, ``postgis_store`` or ``store`` (both, one after the other) by importing them
here, with ``postgis_server`` from `tests.postgis`.  Tables are made once a session; each test gets a copy.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text

from data.migrations import upgrade
from data.store import Act, SqlStore, open_store
from tests.postgis import Server, fresh_database, postgis_server

__all__ = [
    "act",
    "embedded_store",
    "empty_database",
    "fresh_postgis",
    "migrated_file",
    "migrated_server",
    "postgis_server",
    "postgis_store",
    "store",
]


def act(who: str = "tester", jurisdiction: str = "", *, at: datetime | None = None, reason: str = "") -> Act:
    """An act on the store, at a fixed moment unless told otherwise."""
    return Act(who, at or datetime(2026, 11, 22, 8, tzinfo=UTC), jurisdiction, "test", reason)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store with tables and nothing in them; copy it."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    upgrade(f"sqlite:///{path}")
    # All of it in one file: a store that is closed leaves no journal behind.
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    return path


@pytest.fixture
def embedded_store(migrated_file: Path, tmp_path: Path) -> Iterator[SqlStore]:
    """A fresh embedded store."""
    path = tmp_path / "store.db"
    shutil.copy2(migrated_file, path)
    store = open_store(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture(scope="session")
def migrated_server(postgis_server: Server) -> Iterator[Server]:
    """A server whose template database has the tables.

    They belong to an ordinary role: a superuser would walk through row-level security unseen.
    """
    with empty_database(postgis_server) as address:
        upgrade(address.render_as_string(hide_password=False))
        yield Server(address, str(address.database))


@pytest.fixture
def postgis_store(postgis_server: Server, migrated_server: Server) -> Iterator[SqlStore]:
    """A fresh store on PostGIS."""
    with fresh_postgis(postgis_server, migrated_server) as store:
        yield store


@contextmanager
def fresh_postgis(postgis_server: Server, migrated_server: Server) -> Iterator[SqlStore]:
    """A fresh store on PostGIS, for as long as whoever asks wants it."""
    role = migrated_server.address.username
    copied = Server(postgis_server.address, migrated_server.template)
    with fresh_database(copied) as engine:
        name = engine.url.database
        with engine.begin() as connection:
            connection.execute(text(f"alter database {name} owner to {role}"))
        store = open_store(migrated_server.address.set(database=name).render_as_string(hide_password=False))
        yield store
        store.close()


@pytest.fixture(params=["embedded", "postgis"])
def store(request: pytest.FixtureRequest) -> SqlStore:
    """A fresh store, of either kind."""
    found: SqlStore = request.getfixturevalue(f"{request.param}_store")
    return found


@contextmanager
def empty_database(server: Server) -> Iterator[URL]:
    """A database with PostGIS and without our tables, and an ordinary role that owns it; both are gone at the end."""
    role, password = f"gw_role_{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    engine = create_engine(server.address, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"create role {role} login nosuperuser nobypassrls password '{password}'"))
        with fresh_database(server) as database:
            name = database.url.database
            with database.begin() as connection:
                connection.execute(text(f"alter database {name} owner to {role}"))
                connection.execute(text("alter function geometry_overlaps(geometry, geometry) leakproof"))
            database.dispose()
            yield server.address.set(username=role, password=password, database=name)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"drop role {role}"))
        engine.dispose()
