"""Why a grid is as it is, and what is wrong with a plan, over HTTP on both stores."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from httpx import Response
from shapely.affinity import translate

from api.usecases.inspect_plan import inspect_plan
from api.usecases.plan_desk import Desk
from api.usecases.watch_plan import PlanWatch
from data.store import SqlStore
from partition.filed import FiledPlan
from tests.plan_kit import NOW, keep_plan
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
PATIENCE = 1_200


@pytest.fixture
def plans(store: SqlStore) -> PlanSite:
    return make_plan_site(store)


def _checked(plans: PlanSite, who: str = "wang", plan: str = "") -> Any:
    """What is found of the plan, once it is found out."""
    for _ in range(PATIENCE):
        answer = plans.clients[who].get(f"/v1/plans/{plan or plans.plan}/check")
        if answer.status_code == 200:
            return answer.json()
        assert answer.status_code == 202, answer.text
        assert answer.headers["retry-after"] == "1"
        time.sleep(0.05)
    raise AssertionError("never found out")


def _spoil(plans: PlanSite, n: int = 1) -> list[str]:
    """Moves by hand until so many standard grids are out of the band; their codes."""
    rng = np.random.default_rng(5)
    sheet, etag = plans.sheet(), plans.etag()
    for _ in range(400):
        answer = plans.post("wang", "moves", next(plans.border_moves(sheet, rng)), etag=etag)
        if answer.status_code != 201:
            continue
        etag, sheet = answer.headers["etag"], plans.sheet()
        out = [c for c, row in sorted(sheet.grids.items()) if row["reason"] == "edited"]
        if len(out) >= n:
            return out
    raise AssertionError("nothing went out of the band")


def _why(plans: PlanSite, grid: str, who: str = "wang") -> Response:
    return plans.clients[who].get(f"/v1/plans/{plans.plan}/grids/{grid}/why")


def test_a_grid_out_of_band_is_explained_and_the_way_offered_can_be_made(plans: PlanSite) -> None:
    (code, *_) = _spoil(plans)
    told = _why(plans, code).json()
    assert told["status"] in ("low", "high")
    assert str(told["households"]) in told["sentence"]["en"]
    assert str(told["households"]) in told["sentence"]["zh"]
    assert told["broken_rules"][0]["code"] == "edited"
    assert told["community"]["k_min"] >= 1
    assert told["ways"][0]["is_into"], told
    for edit in told["ways"][0]["edits"]:
        made = plans.post("wang", "moves", edit)
        assert made.status_code == 201, made.text
    sheet = plans.sheet()
    for effect in told["ways"][0]["effects"]:
        households = 0 if effect["is_gone"] else sheet.grids[effect["grid"]]["households"]
        assert households == effect["after"]
    again = _why(plans, code).json()
    assert again["status"] == "in"
    assert again["revision"] == told["revision"] + len(told["ways"][0]["edits"])


def test_locks_of_the_plan_count(plans: PlanSite) -> None:
    (code, *_) = _spoil(plans)
    assert _why(plans, code).json()["ways"]
    plans.post("wang", "locks", {"locks": ["all"]})
    told = _why(plans, code).json()
    assert told["ways"] == []
    assert [stop["code"] for stop in told["stops"]] == ["edit_locked"]
    assert "lock" in told["stops"][0]["sentence"]["en"]


def test_unknown_grids_and_plans_are_not_there(plans: PlanSite) -> None:
    assert _why(plans, "no such grid").json()["code"] == "plan_grid_unknown"
    assert plans.clients["wang"].get("/v1/plans/nothing/grids/x/why").status_code == 404
    assert plans.clients["wang"].get("/v1/plans/nothing/check").status_code == 404
    assert plans.clients["wang"].get("/v1/plans/nothing/arithmetic").status_code == 404


def test_the_count_is_told_for_every_community(plans: PlanSite) -> None:
    told = plans.get("arithmetic").json()["communities"]
    assert [row["code"] for row in told] == sorted(plans.sheet().communities)
    for row in told:
        if row["standard_households"] and row["k_min"] <= row["k_max"]:
            low, high = plans.town.rules.min_households, plans.town.rules.max_households
            assert row["k_min"] * low <= row["standard_households"] <= row["k_max"] * high or row["by_count"] == "no"


def test_a_sound_plan_is_checked_once_a_revision(plans: PlanSite) -> None:
    told = _checked(plans)
    assert told["is_sound"]
    assert told["n"]["fault"] == told["n"]["open"] == 0
    assert {row["check"] for row in told["rows"]} >= {"gap", "overlap", "crossing", "shape", "estates"}
    assert all(row["passed"] for row in told["rows"])
    assert _checked(plans, "zhao")["at"] == told["at"]
    assert told["revision"] == 1


def test_what_an_edit_breaks_is_found_with_its_place(plans: PlanSite) -> None:
    assert _checked(plans)["is_sound"]
    codes = _spoil(plans)
    first = plans.clients["wang"].get(f"/v1/plans/{plans.plan}/check")
    assert first.status_code == 202
    assert first.json()["last"]["revision"] == 1
    told = _checked(plans)
    assert not told["is_sound"]
    assert told["revision"] == plans.get().json()["revision"]
    found = {one["grid"]: one for one in told["findings"] if one["weight"] == "open"}
    assert set(found) == set(codes)
    shapes = dict(zip(plans.ground.graph.atom_ids, plans.ground.lon_lat))
    sheet = plans.sheet()
    for code in codes:
        mine = [shapes[name] for name, of in zip(plans.ground.graph.atom_ids, sheet.atom_code) if of == code]
        spot = found[code]["spot"]
        assert shapely.dwithin(shapely.union_all(mine), shapely.Point(spot["lon"], spot["lat"]), 1e-6)
        assert spot["bbox"][0] <= spot["lon"] <= spot["bbox"][2]
        assert code in found[code]["sentence"]["zh"]
    # It says the same as submitting does.
    refused = plans.post("wang", "status", {"state": "submitted"})
    assert refused.json()["code"] == "plan_not_sound"


def _with(filed: FiledPlan, shapes: np.ndarray) -> FiledPlan:
    grids = gpd.GeoDataFrame(filed.grids.drop(columns="geometry"), geometry=shapes, crs=filed.grids.crs)
    return replace(filed, grids=grids)


def _put(plans: PlanSite, filed: FiledPlan) -> str:
    return keep_plan(plans.site.store, town=replace(plans.town, filed=filed))


def test_gaps_overlaps_crossings_and_slivers_are_found_where_they_are(plans: PlanSite) -> None:
    filed = plans.town.filed
    shapes = np.array(filed.grids.geometry.array, dtype=object)
    to_metres = filed.grids.crs
    standard = np.flatnonzero((filed.grids["kind"] == "standard").to_numpy())
    at = int(standard[np.argmax(shapely.area(shapes[standard]))])
    middle = shapely.point_on_surface(shapes[at])
    unit = 1.0 if to_metres.is_projected else 1e-5
    hole = middle.buffer(12 * unit)
    splinter = translate(shapely.box(0, 0, 2 * unit, 2 * unit), middle.x, middle.y)
    cases = {
        "check_gap": shapely.difference(shapes[at], hole),
        "check_sliver": shapely.union(shapely.difference(shapes[at], hole), splinter),
    }
    for code, shape in cases.items():
        changed = shapes.copy()
        changed[at] = shape
        told = _checked(plans, plan=_put(plans, _with(filed, changed)))
        found = [one for one in told["findings"] if one["code"] == code]
        assert found, told["findings"]
        spot = found[0]["spot"]
        place = gpd.GeoSeries([hole], crs=to_metres).to_crs(4326).iloc[0]
        assert shapely.dwithin(place, shapely.Point(spot["lon"], spot["lat"]), 1e-6), code
    # One grid reaches over all of its neighbours: an overlap, and beyond its community.
    changed = shapes.copy()
    changed[at] = shapes[at].buffer(60 * unit)
    told = _checked(plans, plan=_put(plans, _with(filed, changed)))
    codes = {one["code"] for one in told["findings"]}
    assert "check_crossing" in codes
    crossing = next(one for one in told["findings"] if one["code"] == "check_crossing")
    assert crossing["spot"] is not None
    assert crossing["community"] == filed.grids["community"].iloc[at]


def test_a_newer_revision_ends_the_check_of_an_older_one(plans: PlanSite) -> None:
    store_, desk = plans.site.store, Desk(plans.site.store)
    watch = PlanWatch(store_, desk, lambda: NOW)
    try:
        with store_.read() as tx:
            card = tx.plans.card(plans.plan)
        assert watch.look(card) is None
        with store_.write(act("wang", at=NOW)) as tx:
            newer = tx.life.rename(plans.plan, "another name", card.revision)
        assert watch.look(newer) is None
        for _ in range(PATIENCE):
            found = watch.look(newer)
            if found is not None:
                break
            time.sleep(0.05)
        assert found is not None
        assert found.revision == newer.revision
        assert watch.last(plans.plan) is found
    finally:
        watch.end()


def test_a_check_says_what_submitting_says(plans: PlanSite) -> None:
    _spoil(plans, 2)
    told = _checked(plans)
    inspected = inspect_plan(plans.site.store, Desk(plans.site.store), plans.plan, "")
    assert told["n"]["fault"] == len(inspected.faults)
    assert told["n"]["open"] == len(inspected.verdict.open_rules)
    assert told["n"]["excused"] == len(inspected.verdict.excused)


def test_a_trouble_of_the_check_is_told_and_not_kept(plans: PlanSite) -> None:
    with plans.site.store.read() as tx:
        filed = tx.plans.load(plans.plan)
    meta = {key: value for key, value in filed.meta.items() if key != "rules"}
    plan = _put(plans, replace(filed, meta=meta))
    for _ in range(PATIENCE):
        answer = plans.clients["wang"].get(f"/v1/plans/{plan}/check")
        if answer.status_code != 202:
            break
        time.sleep(0.05)
    assert answer.json()["code"] == "plan_without_rules"
    assert plans.clients["wang"].get(f"/v1/plans/{plan}/check").status_code in (202, 400)
