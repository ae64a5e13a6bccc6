"""The worker: what it draws is what the command line draws, and what becomes of jobs that can not be done."""

from __future__ import annotations

import sqlite3
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from api.jobs import worker as worker_room
from api.jobs.engine import Engine, engine_file, sqlite_library
from api.jobs.names import gone, is_gone, my_name
from api.jobs.params import redraw_params
from api.usecases import draw_plan, redraw_plan
from data.files.territory_file import write_territory
from data.sample import make_town
from data.sample.town import SampleTown
from data.store import SqlStore
from gis.errors import StorageError
from gis.readers.territory_file import read_territory
from tests.job_kit import Probe, ask_draw, ask_probe, by, events_of, load, run_worker_until
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return make_town(3_000, 3)


@pytest.fixture(scope="module")
def files(town, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("jobs")
    paths = {name: folder / f"{name}.gpkg" for name in ("town", "later", "plan")}
    write_territory(town.territory, paths["town"])
    write_territory(town.later, paths["later"])
    draw_plan(paths["town"], paths["plan"], seed=5)
    return paths


@pytest.fixture(autouse=True)
def _kinds_can_be_changed(monkeypatch) -> None:
    monkeypatch.setattr(worker_room, "KINDS", dict(worker_room.KINDS))


def test_a_drawn_job_is_the_plan_of_the_command_line(store, files) -> None:
    territory = read_territory(files["town"])
    job = ask_draw(store, load(store, territory), seed=5)
    (card,) = run_worker_until(store, job)
    assert card.state == "done", card.faults
    expected = draw_plan(files["town"], files["plan"].with_name("again.gpkg"), seed=5).filed
    assert card.result["content"] == expected.meta["plan_id"]
    with store.read() as tx:
        kept = tx.plans.card(card.result["plan"])
        filed = tx.plans.load(kept.id)
        assert tx.jobs.parts(job) == {}
    assert (kept.state, kept.job, kept.name, kept.created_by) == ("draft", job, "drawn", "tester")
    assert dict(filed.meta) == dict(expected.meta)
    pd.testing.assert_frame_equal(filed.members, expected.members)
    pd.testing.assert_frame_equal(filed.communities, expected.communities)
    assert filed.grids.geometry.geom_equals_exact(expected.grids.geometry, 0).all()
    kinds = [event.kind for event in events_of(store, job)]
    assert kinds[:2] == ["queued", "started"]
    assert kinds[-1] == "done"
    stages = [event.data["stage"] for event in events_of(store, job) if event.kind == "stage"]
    assert stages[0] == "stage_read_store"
    assert {"stage_draw", "stage_file", "stage_check"} <= set(stages)


def keep_plan(store: SqlStore, town: SampleTown, files: Mapping[str, Path]) -> tuple[str, str]:
    """The plan in the store as a job drew it, and the territory of today; returns their ids."""
    job = ask_draw(store, load(store, read_territory(files["town"])), seed=5)
    (card,) = run_worker_until(store, job)
    return str(card.result["plan"]), load(store, read_territory(files["later"]))


def ask_redraw(store: SqlStore, plan: str, territory: str, **options: Any) -> str:
    with store.write(by()) as tx:
        params = redraw_params(plan, tx.plans.card(plan).revision, territory, name="next", **options)
        return tx.jobs.ask("redraw", params, place=tx.territories.card(territory).county).id


def test_a_redrawn_job_is_the_plan_of_the_command_line(store, town, files) -> None:
    plan, later = keep_plan(store, town, files)
    (card,) = run_worker_until(store, ask_redraw(store, plan, later))
    assert card.state == "done", card.faults
    expected = redraw_plan(files["plan"], files["later"], files["plan"].with_name("new.gpkg"))
    assert card.result["content"] == expected.filed.meta["plan_id"]
    assert card.result["moved"] == expected.moved
    assert card.result["moved_at_least"] == expected.moved_at_least
    assert card.result["relations"] == {side: dict(row) for side, row in expected.relations.items()}
    with store.read() as tx:
        kept = tx.plans.card(card.result["plan"])
        filed = tx.plans.load(kept.id)
    assert (kept.parent, kept.territory) == (plan, later)
    pd.testing.assert_frame_equal(filed.crosswalk, expected.filed.crosswalk)


def test_a_redraw_with_a_merger_keeps_the_merged_territory_but_does_not_show_it(embedded_store, town, files) -> None:
    store = embedded_store
    plan, _ = keep_plan(store, town, files)
    land = read_territory(files["town"])
    rural = land["communities"].query("kind == 'rural'")["code"].tolist()
    with store.read() as tx:
        first, current = tx.plans.card(plan).territory, tx.territories.current("990101").id
    merger = f"{rural[0]}+{rural[1]}={rural[0]}"
    (card,) = run_worker_until(store, ask_redraw(store, plan, first, merge=(merger,)))
    assert card.state == "done", card.faults
    with store.read() as tx:
        kept = tx.plans.card(card.result["plan"])
        assert kept.territory == card.result["territory"] != first
        assert rural[1] not in set(tx.territories.load(kept.territory)["communities"]["code"])
        assert tx.territories.current("990101").id == current


def test_where_nothing_changed_the_plan_goes_on_and_no_second_one_is_kept(embedded_store, town, files) -> None:
    store = embedded_store
    plan, _ = keep_plan(store, town, files)
    with store.read() as tx:
        territory = tx.plans.card(plan).territory
    (card,) = run_worker_until(store, ask_redraw(store, plan, territory))
    assert (card.state, card.result["plan"], card.result["is_same"]) == ("done", plan, True)
    with store.read() as tx:
        assert len(tx.plans.cards()) == 1


def test_a_plan_that_changed_since_the_job_was_asked_for_is_not_redrawn(embedded_store, town, files) -> None:
    store = embedded_store
    plan, later = keep_plan(store, town, files)
    with store.write(by()) as tx:
        params = redraw_params(plan, 7, later, name="next")
        job = tx.jobs.ask("redraw", params, place="990101").id
    (card,) = run_worker_until(store, job)
    assert (card.state, [fault.code for fault in card.faults]) == ("failed", ["job_plan_changed"])


def test_a_job_sees_no_more_than_who_asked_for_it(store, town) -> None:
    codes = town.territory["communities"]["code"]
    territory = load(store, town.territory)
    mine = codes.iloc[0][:9]
    job = ask_draw(store, territory, jurisdiction=mine)
    (card,) = run_worker_until(store, job)
    assert card.state == "done", card.faults
    with store.read() as tx:
        filed = tx.plans.load(card.result["plan"])
    assert set(filed.communities["code"]) == {code for code in codes if code.startswith(mine)}
    with store.read("nowhere") as tx:
        assert tx.jobs.cards() == []


def test_what_can_not_be_done_says_why(embedded_store, town) -> None:
    store = embedded_store
    territory = load(store, town.territory)
    job = ask_draw(store, territory, locks=("nothing",))
    (card,) = run_worker_until(store, job)
    assert card.state == "failed"
    assert [fault.code for fault in card.faults] == ["lock_without_grids"]
    assert [event.kind for event in events_of(store, job)][-1] == "failed"


def test_an_error_nobody_foresaw_fails_the_job_and_not_the_worker(embedded_store, monkeypatch) -> None:
    class Broken(Probe):
        def solve(self) -> Mapping[str, Any]:
            raise ZeroDivisionError("secret detail")

    store = embedded_store
    bad = ask_probe(store, monkeypatch, Broken)
    monkeypatch.setitem(worker_room.KINDS, "good", Probe)
    with store.write(by()) as tx:
        good = tx.jobs.ask("good", {}, place="330402").id
    first, second = run_worker_until(store, bad, good)
    assert (first.state, second.state) == ("failed", "done")
    assert (first.faults[0].code, first.faults[0].facts) == ("job_failed", {"measured": "ZeroDivisionError"})


def test_of_a_job_that_has_ended_the_engine_keeps_nothing(store, monkeypatch) -> None:
    job = ask_probe(store, monkeypatch, Probe)
    run_worker_until(store, job)
    second = ask_probe(store, monkeypatch, Probe)
    seen: list[list[str]] = []
    tidy = worker_room.Worker._tidy

    def look(self: worker_room.Worker, engine: Engine) -> None:
        tidy(self, engine)
        seen.append(engine.known_jobs())

    monkeypatch.setattr(worker_room.Worker, "_tidy", look)
    run_worker_until(store, second)
    assert seen[0] == []


def test_the_engines_own_file_is_for_its_owner_only(embedded_store, monkeypatch) -> None:
    run_worker_until(embedded_store, ask_probe(embedded_store, monkeypatch, Probe))
    path = engine_file(Path(embedded_store.url.database))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_old_sqlite_is_refused_with_a_way_out(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pysqlite3", None)
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.40.1")
    with pytest.raises(StorageError) as caught:
        sqlite_library()
    assert (caught.value.code, caught.value.facts["measured"]) == ("job_engine_sqlite_old", "3.40.1")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 42, 0))
    assert sqlite_library() is sqlite3


def test_a_worker_is_known_to_be_dead_only_on_its_own_machine() -> None:
    me = my_name()
    host, machine, pid, start = me.split("/")
    dead = f"{host}/{machine}/{pid}/{int(start) - 1}"  # an earlier process of the same number
    elsewhere = f"{host}/{'0' * 8}/{pid}/1"
    assert not is_gone(me)
    assert gone([me, dead, elsewhere, "strange"]) == {dead}
