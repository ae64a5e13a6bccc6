"""Migrations on both stores: there and back, with data, and nothing left to do at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from data.migrations import downgrade, state, upgrade, with_config
from data.store import SqlStore, open_store
from data.store.tables import METADATA
from tests.postgis import Server
from tests.stores import empty_database


@pytest.fixture(params=["embedded", "postgis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a store without tables."""
    if request.param == "embedded":
        yield f"sqlite:///{tmp_path / 'made' / 'for it' / 'store.db'}"
        return
    server: Server = request.getfixturevalue("postgis_server")
    with empty_database(server) as address:
        yield address.render_as_string(hide_password=False)


def names(store: SqlStore) -> set[str]:
    asked = (
        "select name from sqlite_master where type = 'table' and name not like 'window_%'"
        if store.kind == "embedded"
        else "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    )
    with store.engine.connect() as connection:
        return set(connection.execute(text(asked)).scalars())


def test_an_empty_store_goes_to_the_newest_release_and_all_the_way_back(url: str) -> None:
    assert state(url) == "empty"
    upgrade(url)
    assert state(url) == "current"
    store = open_store(url)
    try:
        assert set(METADATA.tables) <= names(store)
        downgrade(url, "base")
        assert state(url) == "empty"
        assert names(store) - {"alembic_version", "spatial_ref_sys", "sqlite_sequence"} == set()
        upgrade(url)
        upgrade(url)
        assert state(url) == "current"
    finally:
        store.close()


def test_alembic_finds_nothing_that_the_migrations_forgot(url: str) -> None:
    upgrade(url)
    with_config(url, command.check)
