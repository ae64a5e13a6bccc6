"""Decisions on proposals and rules of coverage: kept, undone, within a jurisdiction, in the log and in a backup."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from api.usecases import backup_store, restore_store
from data.store import SqlStore, open_store
from data.store.backup import table_sums
from data.store.examine import ask, orphans
from data.store.rooms.coverage import Proposed, StaleRules
from gis.errors import Conflict, NotFound
from tests.data.store.kit import plan, town
from tests.stores import act

HERE, THERE = "330402", "330411"
FIRST, SECOND = "[cameras]\nsample_m = 4.0\n", "[cameras]\nsample_m = 6.0\n"


def saved_plan(store: SqlStore, county: str = HERE, x: float = 520_000) -> str:
    territory = town(county, x=x)
    with store.write(act()) as tx:
        ground = tx.territories.save(territory, county).id
        return tx.plans.save(plan(territory), territory_id=ground, name=county).id


def proposed(id: str = "L00012+040R@90", *, county: str = HERE, **others: object) -> Proposed:
    place = f"{county}001001"
    said = Proposed("camera", id, place, f"{place}001", 120.75, 30.74, 90.0, "recognise")
    return dataclasses.replace(said, **others)  # type: ignore[arg-type]


def decide(
    store: SqlStore,
    plan_id: str,
    said: Proposed,
    verdict: str = "accepted",
    *,
    county: str = HERE,
    jurisdiction: str = "",
    hour: int = 8,
) -> bool:
    with store.write(act(jurisdiction=jurisdiction, at=datetime(2026, 11, 22, hour, tzinfo=UTC))) as tx:
        return tx.coverage.decide(plan_id, county, said, verdict, "planner")[1]


def test_a_decision_comes_back_as_it_was_taken(store: SqlStore) -> None:
    plan_id = saved_plan(store)
    said = [proposed(), proposed("dome", heading_deg=None), proposed("n17", kind="post", level="5", heading_deg=None)]
    for one in said:
        assert decide(store, plan_id, one)
    with store.read() as tx:
        for one in said:
            found = tx.coverage.decision(plan_id, one.kind, one.id)
            assert {f.name: getattr(found, f.name) for f in dataclasses.fields(one)} == dataclasses.asdict(one)
            assert (found.verdict, found.role) == ("accepted", "planner")
            assert found.decided_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
        assert [one.id for one in tx.coverage.decisions(plan_id)] == ["L00012+040R@90", "dome", "n17"]
        assert [one.id for one in tx.coverage.decisions(plan_id, kind="post")] == ["n17"]
        assert tx.coverage.decisions(plan_id, verdict="refused") == []
        assert tx.coverage.decisions("p000000000000") == []


def test_another_verdict_takes_the_place_of_the_first_and_the_same_one_changes_nothing(store: SqlStore) -> None:
    plan_id = saved_plan(store)
    assert decide(store, plan_id, proposed())
    with store.read() as tx:
        n_rows = tx.audit.head()[0]
    assert not decide(store, plan_id, proposed(), hour=9)
    with store.read() as tx:
        assert tx.audit.head()[0] == n_rows
        assert tx.coverage.decisions(plan_id)[0].decided_at.hour == 8
    assert decide(store, plan_id, proposed(), "refused", hour=10)
    with store.read() as tx:
        (one,) = tx.coverage.decisions(plan_id)
        assert (one.verdict, one.decided_at.hour) == ("refused", 10)


def test_a_decision_can_be_taken_back_once(store: SqlStore) -> None:
    plan_id = saved_plan(store)
    decide(store, plan_id, proposed())
    with store.write(act()) as tx:
        assert tx.coverage.undo(plan_id, "camera", proposed().id).verdict == "accepted"
        assert tx.coverage.decisions(plan_id) == []
        for undo in (tx.coverage.undo, tx.coverage.decision):
            with pytest.raises(NotFound, match="coverage_decision_unknown"):
                undo(plan_id, "camera", proposed().id)


def test_decisions_of_one_plan_are_none_of_another(store: SqlStore) -> None:
    here, there = saved_plan(store), saved_plan(store, THERE, 540_000)
    decide(store, here, proposed())
    decide(store, there, proposed(county=THERE), "refused", county=THERE)
    with store.read() as tx:
        assert [one.verdict for one in tx.coverage.decisions(here)] == ["accepted"]
        assert [one.verdict for one in tx.coverage.decisions(there)] == ["refused"]


def test_every_decision_is_in_the_log_of_its_place_and_who_took_it_nowhere_else(store: SqlStore) -> None:
    from data.store.tables.coverage import coverage_decisions, coverage_settings

    plan_id = saved_plan(store)
    with store.read() as tx:
        first = tx.audit.head()[0]
    decide(store, plan_id, proposed())
    decide(store, plan_id, proposed(), "refused")
    with store.write(act()) as tx:
        tx.coverage.undo(plan_id, "camera", proposed().id)
    with store.read() as tx:
        told = tx.audit.entries(after=first)
        assert tx.audit.first_broken() is None
    assert [one.action for one in told] == ["coverage.accept", "coverage.refuse", "coverage.undecide"]
    assert {one.place for one in told} == {proposed().place}
    assert {one.who for one in told} == {"tester"}
    assert told[1].before == {"verdict": "accepted"}
    for table in (coverage_decisions, coverage_settings):
        assert not {"who", "account", "name", "decided_by", "changed_by"} & set(table.c.keys())


def test_a_decision_is_seen_from_around_its_community_and_not_from_outside(store: SqlStore) -> None:
    plan_id = saved_plan(store)
    decide(store, plan_id, proposed(), jurisdiction=f"{HERE}001")
    for inside in ("", "33", HERE, f"{HERE}001001"):
        with store.read(inside) as tx:
            assert len(tx.coverage.decisions(plan_id)) == 1
    for outside in (THERE, f"{HERE}002"):
        with store.read(outside) as tx:
            assert tx.coverage.decisions(plan_id) == []
        with pytest.raises(Conflict, match="outside_jurisdiction"):
            decide(store, plan_id, proposed(), "refused", jurisdiction=outside)
        with store.write(act(jurisdiction=outside)) as tx, pytest.raises(NotFound):
            tx.coverage.undo(plan_id, "camera", proposed().id)


def test_only_known_kinds_verdicts_and_parts_are_kept(store: SqlStore) -> None:
    plan_id = saved_plan(store)
    for wrong, verdict in ((proposed(kind="drone"), "accepted"), (proposed(), "perhaps")):
        with pytest.raises(Exception, match="store_") as caught:
            decide(store, plan_id, wrong, verdict)
        assert isinstance(caught.value.__cause__, DBAPIError)
    with pytest.raises(Exception, match="store_"), store.write(act()) as tx:
        tx.coverage.change_rules(HERE, "drones", FIRST, 0, "planner")


def test_rules_never_changed_are_the_defaults(store: SqlStore) -> None:
    with store.read() as tx:
        book = tx.coverage.rules(HERE, "cameras")
    assert (book.version, book.before, book.toml) == (0, None, "")


def test_rules_are_kept_by_version_and_undone_step_by_step_to_the_defaults(store: SqlStore) -> None:
    saved_plan(store)
    with store.write(act()) as tx:
        for version, toml in enumerate((FIRST, SECOND)):
            assert tx.coverage.change_rules(HERE, "cameras", toml, version, "planner").version == version + 1
        assert tx.coverage.change_rules(HERE, "cameras", SECOND, 2, "planner").version == 2
        tx.coverage.change_rules(HERE, "reach", "[reach]\n", 0, "planner")
    texts = []
    for version in (2, 3):
        with store.write(act()) as tx:
            texts.append(tx.coverage.undo_rules(HERE, "cameras", version, "planner").toml)
    assert texts == [FIRST, ""]
    with store.write(act()) as tx:
        with pytest.raises(Conflict, match="coverage_rules_no_undo"):
            tx.coverage.undo_rules(HERE, "cameras", 4, "planner")
        assert tx.coverage.rules(HERE, "reach").toml == "[reach]\n"
        assert tx.coverage.change_rules(HERE, "cameras", FIRST, 4, "planner").version == 5
        assert tx.coverage.undo_rules(HERE, "cameras", 5, "planner").toml == ""


def test_rules_changed_meanwhile_are_not_overwritten(store: SqlStore) -> None:
    with store.write(act()) as tx:
        tx.coverage.change_rules(HERE, "cameras", FIRST, 0, "planner")
    for change in (
        lambda tx: tx.coverage.change_rules(HERE, "cameras", SECOND, 0, "planner"),
        lambda tx: tx.coverage.undo_rules(HERE, "cameras", 0, "planner"),
        lambda tx: tx.coverage.undo_rules(HERE, "cameras", 2, "planner"),
    ):
        with store.write(act()) as tx, pytest.raises(StaleRules, match="coverage_rules_changed") as caught:
            change(tx)
        assert caught.value.book.toml == FIRST


def test_of_many_that_change_rules_at_once_one_succeeds(store: SqlStore) -> None:
    def change(n: int) -> bool:
        own = open_store(store.url.render_as_string(hide_password=False))
        try:
            with own.write(act()) as tx:
                tx.coverage.change_rules(HERE, "cameras", f"# {n}\n", 0, "planner")
            return True
        except StaleRules:
            return False
        finally:
            own.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(change, range(6))) == [False] * 5 + [True]


def test_rules_are_read_from_anywhere_in_their_county_and_changed_by_who_covers_it(store: SqlStore) -> None:
    with store.write(act(jurisdiction=HERE)) as tx:
        tx.coverage.change_rules(HERE, "cameras", FIRST, 0, "planner")
    for near in ("", "33", HERE, f"{HERE}001001"):
        with store.read(near) as tx:
            assert tx.coverage.rules(HERE, "cameras").toml == FIRST
    with store.read(THERE) as tx:
        assert tx.coverage.rules(HERE, "cameras").version == 0
    for narrow in (f"{HERE}001", THERE):
        with store.write(act(jurisdiction=narrow)) as tx, pytest.raises(Conflict, match="outside_jurisdiction"):
            tx.coverage.change_rules(HERE, "cameras", SECOND, 1, "planner")
        with store.write(act(jurisdiction=narrow)) as tx, pytest.raises(Conflict, match="outside_jurisdiction"):
            tx.coverage.undo_rules(HERE, "cameras", 1, "planner")


def test_the_database_itself_shows_and_takes_only_what_lies_inside(postgis_store: SqlStore) -> None:
    here, there = saved_plan(postgis_store), saved_plan(postgis_store, THERE, 540_000)
    decide(postgis_store, here, proposed())
    decide(postgis_store, there, proposed(county=THERE), county=THERE)
    with postgis_store.write(act()) as tx:
        tx.coverage.change_rules(HERE, "cameras", FIRST, 0, "planner")

    def seen(table: str, prefix: str) -> int:
        with postgis_store.engine.begin() as connection:
            connection.execute(text("select set_config('gw.jurisdiction', :p, true)"), {"p": prefix})
            return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())

    prefixes = ("*", HERE, f"{HERE}001", f"{HERE}002", THERE, "44")
    assert [seen("coverage_decisions", p) for p in prefixes] == [2, 1, 1, 0, 1, 0]
    assert [seen("coverage_settings", p) for p in prefixes] == [1, 1, 1, 1, 0, 0]
    assert [seen(f"coverage_decisions_{county}", "*") for county in (HERE, THERE)] == [0, 0]
    for change in (
        f"update coverage_decisions set place = '{THERE}001001'",
        f"insert into coverage_settings values ('{THERE}', 'cameras', 1, null, '', now(), 'planner')",
    ):
        with postgis_store.engine.connect() as connection:
            connection.execute(text("select set_config('gw.jurisdiction', :p, true)"), {"p": HERE})
            with pytest.raises(ProgrammingError, match="row-level security"):
                connection.execute(text(change))


def test_decisions_and_rules_are_part_of_a_backup_and_the_store_is_sound_with_them(
    store: SqlStore, tmp_path: Path
) -> None:
    plan_id = saved_plan(store)
    decide(store, plan_id, proposed())
    with store.write(act()) as tx:
        tx.coverage.change_rules(HERE, "cameras", FIRST, 0, "planner")
    with store.read() as tx:
        before = table_sums(tx)
        decided = tx.coverage.decisions(plan_id)
        assert {"coverage_decisions", "coverage_settings"} <= before.keys()
        assert ask(orphans, tx) == ()
    backup_store(store, tmp_path / "a.backup", now=act().at)
    restore_store(tmp_path / "a.backup", f"sqlite:///{tmp_path / 'second.db'}", act())
    other = open_store(f"sqlite:///{tmp_path / 'second.db'}")
    try:
        with other.read() as tx:
            assert table_sums(tx) == before
            assert tx.coverage.decisions(plan_id) == decided
            assert tx.coverage.rules(HERE, "cameras").toml == FIRST
    finally:
        other.close()


def test_a_decision_whose_plan_is_not_there_is_told(store: SqlStore) -> None:
    saved_plan(store)
    decide(store, "p000000000000", proposed())
    with store.read() as tx:
        assert [(f.code, f.facts["layer"]) for f in ask(orphans, tx)] == [("doctor_orphans", "coverage_decisions")]
