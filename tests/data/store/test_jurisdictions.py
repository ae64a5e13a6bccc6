"""Who sees what: kept by the rooms on both stores, and by PostgreSQL itself underneath."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from data.store import SqlStore
from data.store.tables import METADATA
from gis.errors import Conflict, NotFound
from tests.data.store.kit import plan, town
from tests.stores import act

HERE, THERE = "330402", "330411"
EAST = f"{HERE}001"


def fill(store: SqlStore) -> dict[str, str]:
    """A territory with a plan in force in each of two counties; returns what has which id."""
    ids = {}
    with store.write(act()) as tx:
        for number, county in enumerate((HERE, THERE)):
            territory = town(county, x=520_000 + 20_000 * number)
            ids[f"territory {county}"] = tx.territories.save(territory, county).id
            card = tx.plans.save(plan(territory), territory_id=ids[f"territory {county}"], name=county)
            ids[f"plan {county}"] = card.id
            for community in territory["communities"]["code"]:
                tx.connection.execute(
                    METADATA.tables["reigns"].insert().values(community=community, plan=card.id, valid_from=tx.act.at)
                )
    return ids


def test_a_county_is_read_whole_from_inside_and_is_not_there_from_outside(store: SqlStore) -> None:
    ids = fill(store)
    for prefix in ("", "33", HERE):
        with store.read(prefix) as tx:
            assert tx.territories.load(ids[f"territory {HERE}"]).content_hash() == town(HERE).content_hash()
            assert len(tx.plans.load(ids[f"plan {HERE}"]).grids) == 4
            assert ids[f"plan {HERE}"] in {card.id for card in tx.plans.cards()}
    with store.read(THERE) as tx:
        assert [card.county for card in tx.territories.cards()] == [THERE]
        assert [card.id for card in tx.plans.cards()] == [ids[f"plan {THERE}"]]
        assert tx.plans.in_force() == [ids[f"plan {THERE}"]]
        assert tx.plans.in_force(HERE) == []
        for ask in (tx.territories.card, tx.territories.load, tx.territories.counts):
            with pytest.raises(NotFound, match="territory_unknown"):
                ask(ids[f"territory {HERE}"])
        for ask in (tx.plans.card, tx.plans.load):
            with pytest.raises(NotFound, match="plan_unknown"):
                ask(ids[f"plan {HERE}"])


def test_a_town_reads_its_own_part_and_the_street_that_runs_through_it(store: SqlStore) -> None:
    ids = fill(store)
    with store.read(EAST) as tx:
        part = tx.territories.load(ids[f"territory {HERE}"])
        assert tx.territories.current().id == ids[f"territory {HERE}"]
        assert tx.territories.current(f"{EAST}001").id == ids[f"territory {HERE}"]
        assert tx.plans.in_force() == [ids[f"plan {HERE}"]]
        counts = tx.territories.counts(ids[f"territory {HERE}"])
    assert part["communities"]["code"].tolist() == [f"{EAST}001"]
    assert part["buildings"]["id"].tolist() == ["b1"]
    assert part["streets"]["id"].tolist() == ["s1", "s2"]
    assert {name: n for name, n in counts.items() if n} == {
        "communities": 1,
        "buildings": 1,
        "cameras": 1,
        "streets": 2,
    }
    with store.read(f"{HERE}002") as tx:
        assert tx.territories.load(ids[f"territory {HERE}"])["streets"]["id"].tolist() == ["s1"]
    with store.read(f"{HERE}9") as tx, pytest.raises(NotFound, match="territory_unknown"):
        tx.territories.load(ids[f"territory {HERE}"])


def test_nothing_is_written_outside(store: SqlStore) -> None:
    ids = fill(store)
    territory = town(HERE, version=1)
    for prefix in (THERE, EAST):
        with pytest.raises(Conflict, match="outside_jurisdiction"), store.write(act(jurisdiction=prefix)) as tx:
            tx.territories.save(territory, "mine")
        with pytest.raises((Conflict, NotFound)), store.write(act(jurisdiction=prefix)) as tx:
            tx.plans.save(plan(territory), territory_id=ids[f"territory {HERE}"], name="mine")
        with pytest.raises(NotFound), store.write(act(jurisdiction=prefix)) as tx:
            tx.plans.replace_tables(ids[f"plan {HERE}"], plan(territory))
    with store.write(act(jurisdiction=HERE)) as tx:
        card = tx.territories.save(territory, "mine")
        tx.plans.save(plan(territory), territory_id=card.id, name="mine")


def test_the_log_and_the_events_are_told_to_those_they_concern(store: SqlStore) -> None:
    fill(store)
    with store.write(act(jurisdiction=HERE)) as tx:
        tx.audit.record("x.y", "1", place=HERE)
    with store.read(HERE) as tx:
        assert all(entry.place.startswith(HERE) for entry in tx.audit.entries())
        assert [entry.action for entry in tx.audit.entries()] == [
            "territory.load",
            "territory.show",
            "plan.create",
            "x.y",
        ]
        assert [event.kind for event in tx.outbox.since(0)] == ["territory.current", "plan.created"]
        assert tx.outbox.last() == 2
    with store.read("44") as tx:
        assert tx.audit.entries() == []
        assert tx.outbox.last() == 0
    with store.read() as tx:
        assert tx.outbox.last() == 4
        # The one who sees a part has sealed the row before his, which he may not see.
        assert tx.audit.first_broken() is None


def rows(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def confine(connection: Connection, prefix: str) -> None:
    connection.execute(text("select set_config('gw.jurisdiction', :prefix, true)"), {"prefix": prefix})


def test_the_database_itself_shows_nothing_where_no_jurisdiction_is_set(postgis_store: SqlStore) -> None:
    fill(postgis_store)
    engine = postgis_store.engine
    with engine.begin() as connection:
        confine(connection, "*")
        filled = [name for name in METADATA.tables if rows(connection, name)]
    assert {"territories", "layer_buildings", "plans", "plan_grids", "plan_members", "reigns", "audit"} <= set(filled)
    # The same connection again: PostgreSQL leaves '' behind where the setting was, and '' starts every text.
    with engine.begin() as connection:
        assert connection.execute(text("select current_setting('gw.jurisdiction', true)")).scalar() == ""
        assert {name: rows(connection, name) for name in METADATA.tables if rows(connection, name)} == {}
    with engine.connect() as connection:
        assert {name: rows(connection, name) for name in METADATA.tables if rows(connection, name)} == {}


def test_every_table_is_under_row_level_security_also_for_its_owner(postgis_store: SqlStore) -> None:
    fill(postgis_store)
    with postgis_store.engine.connect() as connection:
        open_ = connection.execute(
            text(
                "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') "
                "and not (relrowsecurity and relforcerowsecurity)"
            )
        )
        assert set(open_.scalars()) == {"alembic_version", "spatial_ref_sys"}
        owner = connection.execute(text("select tableowner = current_user from pg_tables where tablename = 'plans'"))
        assert owner.scalar_one() is True


def test_the_database_itself_shows_a_county_its_own_rows(postgis_store: SqlStore) -> None:
    fill(postgis_store)
    with postgis_store.engine.begin() as connection:
        confine(connection, "*")
        everything = {name: rows(connection, name) for name in METADATA.tables}
        confine(connection, HERE)
        for name in (
            "layer_buildings",
            "layer_streets",
            "plan_grids",
            "plan_members",
            "plan_communities",
            "plans",
            "reigns",
        ):
            assert rows(connection, name) == everything[name] / 2, name
        confine(connection, EAST)
        assert rows(connection, "layer_buildings") == 1
        assert rows(connection, "layer_streets") == 2
        assert rows(connection, "plan_grids") == 2
        assert rows(connection, "plan_members") == 0
        assert rows(connection, "plan_communities") == 1
        confine(connection, "44")
        seen = {name for name in METADATA.tables if rows(connection, name)}
        assert seen <= {"counters", "settings", "audit"}
        assert rows(connection, "audit") <= 2  # the newest, which the next one seals


def test_the_database_itself_refuses_a_row_outside(postgis_store: SqlStore) -> None:
    ids = fill(postgis_store)
    for statement in (
        f"update plan_grids set place = '{THERE}001001' where place = '{EAST}001'",
        f"insert into plan_locks (plan, lock, at, who) values ('{ids[f'plan {THERE}']}', 'x', now(), 'x')",
        f"insert into reigns (community, plan, valid_from) values ('{THERE}009001', 'x', now())",
        f"update plans set place = '{THERE}' where id = '{ids[f'plan {HERE}']}'",
    ):
        with postgis_store.engine.connect() as connection:
            confine(connection, HERE)
            with pytest.raises(ProgrammingError, match="row-level security"):
                connection.execute(text(statement))
    with postgis_store.engine.begin() as connection:
        confine(connection, HERE)
        changed = connection.execute(text(f"update plans set name = 'x' where id = '{ids[f'plan {THERE}']}'"))
        assert changed.rowcount == 0


def test_a_part_is_no_way_past_its_table(postgis_store: SqlStore) -> None:
    fill(postgis_store)
    with postgis_store.engine.begin() as connection:
        confine(connection, "*")
        assert rows(connection, "layer_buildings") == 6
        assert rows(connection, f"layer_buildings_{HERE}") == 0
