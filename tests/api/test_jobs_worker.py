"""The worker: what it draws is what the command line draws, and what becomes of jobs that can not be done."""

from __future__ import annotations

import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from api.jobs import engine as engine_room
from api.jobs import worker as worker_room
from api.jobs.engine import Engine, StepsDisagree, engine_file, sqlite_library
from api.jobs.hold import Hold, Interrupted
from api.jobs.names import gone, is_gone, my_name
from api.jobs.params import redraw_params
from api.usecases import draw_plan, redraw_plan
from data.files.territory_file import write_territory
from data.sample import make_town
from data.sample.town import SampleTown
from data.store import SqlStore, Tx
from gis.errors import StorageError
from gis.readers.territory_file import read_territory
from partition.executor import Executor
from tests.job_kit import ask_draw, by, card_of, events_of, load, now, run_worker_until, wait_for
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


class Probe:
    """A kind of job that does what a test says."""

    def __init__(self, hold: Hold, executor: Executor) -> None:
        self.hold = hold

    def prepare(self) -> str:
        return "as ever"

    def solve(self) -> Mapping[str, Any]:
        return {"content": "c", "is_cut_short": False}

    def save(self, tx: Tx) -> Mapping[str, Any]:
        return {"plan": "none"}


def ask_probe(store: SqlStore, monkeypatch: pytest.MonkeyPatch, probe: type[Probe]) -> str:
    monkeypatch.setitem(worker_room.KINDS, "probe", probe)
    with store.write(by()) as tx:
        return tx.jobs.ask("probe", {}, place="330402").id


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


class Endless(Probe):
    """Works until it is called off."""

    begun: threading.Event

    def solve(self) -> Mapping[str, Any]:
        self.hold.stage("stage_draw", 10)
        self.begun.set()
        while not self.hold.is_called_off():
            time.sleep(0.01)
        self.hold.stage("stage_file")
        raise AssertionError("the next stage must not begin")


def test_a_running_job_that_is_cancelled_ends_and_makes_nothing(store, monkeypatch) -> None:
    Endless.begun = threading.Event()
    job = ask_probe(store, monkeypatch, Endless)

    def cancel(_: object) -> None:
        assert Endless.begun.wait(120)
        with store.write(by("chief")) as tx:
            tx.jobs.cancel(job)

    (card,) = run_worker_until(store, job, meanwhile=cancel)
    assert (card.state, card.result) == ("cancelled", None)
    kinds = [event.kind for event in events_of(store, job)]
    assert "cancelling" in kinds
    assert kinds[-1] == "cancelled"


def test_a_worker_that_has_to_go_hands_its_job_back_and_the_next_one_does_it(store, monkeypatch) -> None:
    Endless.begun = threading.Event()
    job = ask_probe(store, monkeypatch, Endless)
    worker = worker_room.Worker(store, workers=1, now=now)
    threading.Thread(target=lambda: (Endless.begun.wait(120), worker.leave())).start()
    worker.run()
    card = card_of(store, job)
    assert (card.state, card.worker, card.attempts) == ("queued", None, 0)
    monkeypatch.setitem(worker_room.KINDS, "probe", Probe)
    (card,) = run_worker_until(store, job)
    assert card.state == "done"
    kinds = [event.kind for event in events_of(store, job) if event.kind != "stage"]
    assert kinds == ["queued", "started", "handed_back", "resumed", "done"]


def test_a_job_that_was_taken_away_is_let_go_and_nothing_is_saved(embedded_store, monkeypatch) -> None:
    store = embedded_store
    Endless.begun = threading.Event()
    job = ask_probe(store, monkeypatch, Endless)
    worker = worker_room.Worker(store, workers=1, now=now)

    def take_away() -> None:
        assert Endless.begun.wait(120)
        with store.write(by("worker")) as tx:
            assert tx.jobs.claim("another", silent_since=now(), gone=(worker.name,)) is not None
        Endless.begun.clear()
        wait_for(lambda: worker.n_let_go, "the worker to let go")
        worker.leave()

    threading.Thread(target=take_away).start()
    worker.run()
    card = card_of(store, job)
    assert (card.state, card.worker) == ("running", "another")


def test_the_store_is_gone_for_a_while_and_the_job_is_done_all_the_same(embedded_store, monkeypatch) -> None:
    class Cut(Probe):
        n = 0

        def solve(self) -> Mapping[str, Any]:
            Cut.n += 1
            if Cut.n == 1:
                raise StorageError("store_unreachable", file="x", measured="x")
            return super().solve()

    job = ask_probe(embedded_store, monkeypatch, Cut)
    (card,) = run_worker_until(embedded_store, job)
    assert (card.state, card.attempts) == ("done", 1)


def test_steps_that_are_noted_are_not_done_again(embedded_store, monkeypatch) -> None:
    done: list[str] = []

    class Counted(Probe):
        def prepare(self) -> str:
            done.append("prepare")
            return "inputs"

        def solve(self) -> Mapping[str, Any]:
            done.append("solve")
            return super().solve()

        def save(self, tx: Tx) -> Mapping[str, Any]:
            done.append("save")
            if done.count("save") == 1:
                raise Interrupted
            return super().save(tx)

    job = ask_probe(embedded_store, monkeypatch, Counted)
    (card,) = run_worker_until(embedded_store, job)
    assert card.state == "done"
    # Each step works out what it needs; the second time only `save` is a step, not prepare and solve.
    assert done == ["prepare", "prepare", "solve", "prepare", "solve", "save", "prepare", "solve", "save"]


def test_inputs_that_changed_while_the_job_was_interrupted_are_noticed(embedded_store, monkeypatch) -> None:
    class Changed(Probe):
        n = 0

        def prepare(self) -> str:
            Changed.n += 1
            return f"inputs {min(Changed.n, 3)}"

    job = ask_probe(embedded_store, monkeypatch, Changed)
    (card,) = run_worker_until(embedded_store, job)
    assert [fault.code for fault in card.faults] == ["job_inputs_changed"]


def test_another_outcome_after_an_interruption_is_not_saved(embedded_store, monkeypatch) -> None:
    class Moody(Probe):
        n = 0

        def solve(self) -> Mapping[str, Any]:
            Moody.n += 1
            return {"content": f"c{Moody.n}", "is_cut_short": False}

    job = ask_probe(embedded_store, monkeypatch, Moody)
    (card,) = run_worker_until(embedded_store, job)
    assert [fault.code for fault in card.faults] == ["job_steps_disagree"]


@pytest.mark.parametrize("noted", [{"job": "jother", "step": "solve"}, {"job": "j1", "step": "prepare"}, {}])
def test_a_noted_result_of_another_job_or_step_is_refused(noted) -> None:
    with pytest.raises(StepsDisagree):
        engine_room._checked("j1", "solve", noted)


def test_without_what_the_engine_noted_jobs_are_taken_up_from_the_store(embedded_store, monkeypatch) -> None:
    store = embedded_store
    Endless.begun = threading.Event()
    job = ask_probe(store, monkeypatch, Endless)
    worker = worker_room.Worker(store, workers=1, now=now)
    threading.Thread(target=lambda: (Endless.begun.wait(120), worker.leave())).start()
    worker.run()
    engine_file(Path(store.url.database)).unlink()
    monkeypatch.setitem(worker_room.KINDS, "probe", Probe)
    assert run_worker_until(store, job)[0].state == "done"


def test_a_job_that_a_restored_store_has_not_done_yet_is_done_again(embedded_store, monkeypatch) -> None:
    class Lost(Probe):
        """Its first save is lost after the engine has noted it: as when an older store is restored."""

        is_first = True

    store = embedded_store
    job = ask_probe(store, monkeypatch, Lost)
    save = worker_room._save

    def lose(hold: Hold, work: object, before: Mapping[str, Any]) -> Mapping[str, Any]:
        if Lost.is_first:
            Lost.is_first = False
            return {"plan": "lost"}
        return save(hold, work, before)

    monkeypatch.setattr(worker_room, "_save", lose)
    (card,) = run_worker_until(store, job)
    assert (card.state, card.result) == ("done", {"plan": "none"})


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
