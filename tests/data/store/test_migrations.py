"""Migrations on both stores: there and back, with data, and nothing left to do at the end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from data.migrations import downgrade, state, upgrade, with_config
from data.store import SqlStore, open_store
from data.store.numbers import take_numbers
from data.store.tables import METADATA
from data.store.tables.layers import counters
from tests.data.store.kit import plan, town
from tests.data.store.test_round_trips import assert_same_plan
from tests.postgis import Server
from tests.stores import act, empty_database


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
        with store.write(act()) as tx:  # so that there are parts and rows to take away
            ground = tx.territories.save(town(), "town").id
            tx.plans.save(plan(town()), territory_id=ground, name="plan")
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


def test_back_some_steps_and_forth_again_keeps_what_the_steps_before_hold(url: str) -> None:
    upgrade(url)
    store = open_store(url)
    try:
        with store.write(act()) as tx:
            ground = tx.territories.save(town(), "town").id
            id = tx.plans.save(plan(town()), territory_id=ground, name="plan").id
        downgrade(url, "0006")
        assert state(url) == "behind"
        assert not {"plan_notes", "plan_shares"} & names(store)
        assert "coverage_decisions" in names(store)
        with store.read() as tx:
            assert tx.territories.load(ground).content_hash() == town().content_hash()
            assert_same_plan(tx.plans.load(id), plan(town()))
        upgrade(url)
        assert state(url) == "current"
        with store.read() as tx:
            assert_same_plan(tx.plans.load(id), plan(town()))
            assert tx.connection.execute(text("select count(*) from plan_notes")).scalar_one() == 0
    finally:
        store.close()


@pytest.mark.parametrize("step", ["0001", "0002", "0003", "0004", "0005", "0006"])
def test_an_older_store_comes_up_to_date_with_its_data(url: str, step: str) -> None:
    upgrade(url, step)
    assert state(url) == "behind"
    store = open_store(url)
    try:
        with store.write(act()) as tx:
            tx.connection.execute(counters.insert().values(name="layer_buildings", next=41))
        upgrade(url)
        assert state(url) == "current"
        with store.write(act()) as tx:
            assert take_numbers(tx, "layer_buildings") == 41
    finally:
        store.close()


def test_of_many_that_make_the_tables_at_once_none_fails(url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: upgrade(url), range(3)))
    assert state(url) == "current"
