"""Mergers over HTTP: the arithmetic at once, the trade-off as a job on both stores, one point made a draft."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from api.jobs.worker import Worker
from api.usecases.packed_plans import pack_plan, unpack_plan
from data.store import SqlStore
from data.store.rooms.job_files import KEPT
from gis.mergers import apply
from partition.filed import FiledPlan
from tests.job_kit import run_worker_until
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
WEIGHTS = [0.0, 1.0, 50.0]


@pytest.fixture
def plans(store: SqlStore) -> PlanSite:
    return make_plan_site(store)


@pytest.fixture
def alone(embedded_store: SqlStore) -> PlanSite:
    return make_plan_site(embedded_store)


def touching(plans: PlanSite, kind: str = "urban") -> tuple[str, str]:
    """Two communities of a kind that share a border."""
    villages = plans.get("villages").json()["villages"]
    kinds = {row["code"]: row["kind"] for row in villages}
    return next(
        (row["code"], other["code"])
        for row in villages
        for other in row["neighbours"]
        if row["kind"] == kinds[other["code"]] == kind
    )


def apart(plans: PlanSite) -> tuple[str, str]:
    """Two communities that do not touch."""
    villages = plans.get("villages").json()["villages"]
    return next(
        (one["code"], other["code"])
        for one in villages
        for other in villages
        if one["code"] < other["code"] and other["code"] not in {beside["code"] for beside in one["neighbours"]}
    )


def ask(plans: PlanSite, *merge: str, **options: Any) -> str:
    body = {"plan": plans.plan, "merge": list(merge), "weights": WEIGHTS, **options}
    answer = plans.clients["wang"].post("/v1/frontier", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def choose(plans: PlanSite, job: str, weight: float, name: str | None = None, who: str = "wang", **headers: str) -> Any:
    return plans.clients[who].post(f"/v1/jobs/{job}/choose", json={"weight": weight, "name": name}, headers=headers)


def plan_of(plans: PlanSite, id: str) -> FiledPlan:
    with plans.site.store.read() as tx:
        return tx.plans.load(id)


def test_the_arithmetic_is_that_of_the_merged_territory(alone: PlanSite) -> None:
    a, b = touching(alone)
    told = alone.get("merge", villages=f"{a},{b}").json()
    assert (told["is_possible"], told["faults"]) == (True, [])
    (merger,) = told["mergers"]
    (result,) = merger["results"]
    grids = {row["code"]: row for row in alone.sheet().grids.values()}
    mine = {code for code, row in grids.items() if row["community"] in (a, b)}
    assert {code for village in merger["villages"] for code in village["grids"]} == mine
    assert set(merger["grids_go_on"]) | set(merger["grids_retire"]) == mine
    assert result["households"] == sum(grids[code]["households"] for code in mine)
    assert result["population"] == sum(grids[code]["population"] for code in mine)
    assert result["buildings"] == sum(grids[code]["buildings"] for code in mine)
    assert result["area_m2"] == pytest.approx(sum(grids[code]["area_m2"] for code in mine), rel=1e-6)
    rules = alone.ground.rules
    left = result["standard_households"]
    assert result["households"] == left + result["dedicated_households"]
    assert (result["k_min"], result["k_max"]) == (-(-left // rules.max_households), left // rules.min_households)
    assert [(row["grids"], row["households"]) for row in result["means"]] == [
        (k, round(left / k, 1)) for k in range(result["k_min"], result["k_max"] + 1)
    ]
    heir = max((a, b), key=lambda code: next(v["households"] for v in merger["villages"] if v["code"] == code))
    assert (merger["spec"], merger["gives_up"]) == (f"{a}+{b}={heir}", [code for code in (a, b) if code != heir])


def test_the_arithmetic_finds_what_the_redraw_finds_for_every_pair_that_touches(alone: PlanSite) -> None:
    from gis.atoms import build_atoms
    from partition.zoning.feasible import assess

    villages = alone.get("villages").json()["villages"]
    pairs = [
        (row["code"], other["code"]) for row in villages for other in row["neighbours"] if row["code"] < other["code"]
    ]
    kinds = {row["code"]: row["kind"] for row in villages}
    alike = [(a, b) for a, b in pairs if kinds[a] == kinds[b]]
    assert len(alike) > 2
    for a, b in alike[:6]:
        told = alone.get("merge", villages=f"{a}+{b}={a}").json()["mergers"][0]["results"][0]
        later, _ = apply(alone.town.territory, [f"{a}+{b}={a}"])
        rules = alone.town.rules
        graph = build_atoms(later, max_households=rules.max_households, estate_cap=rules.estate_cap).graph
        expected = next(one for one in assess(graph, rules) if one.community == a)
        for name in ("households", "standard_households", "k_min", "k_max", "feasible", "reason"):
            assert told[name] == getattr(expected, name), (a, b, name)


def test_villages_that_do_not_touch_are_refused_with_the_reason(alone: PlanSite) -> None:
    a, b = apart(alone)
    told = alone.get("merge", villages=f"{a},{b}").json()
    assert [fault["code"] for fault in told["faults"]] == ["merger_apart"]
    assert not told["is_possible"]
    assert told["mergers"][0]["results"][0]["households"] > 0
    (card,) = run_worker_until(alone.site.store, ask(alone, f"{a}+{b}={a}"))
    assert (card.state, [fault.code for fault in card.faults]) == ("failed", ["merger_apart"])


def test_villages_with_units_and_communities_without_are_not_united(alone: PlanSite) -> None:
    villages = alone.get("villages").json()["villages"]
    with_units = set(alone.town.territory["units"]["community"])
    a, b = next(
        (row["code"], other["code"])
        for row in villages
        for other in row["neighbours"]
        if row["code"] in with_units and other["code"] not in with_units
    )
    told = alone.get("merge", villages=f"{a},{b}").json()
    assert [fault["code"] for fault in told["faults"]] == ["merger_units_mixed"]
    (card,) = run_worker_until(alone.site.store, ask(alone, f"{a}+{b}={a}"))
    assert (card.state, [fault.code for fault in card.faults]) == ("failed", ["merger_units_mixed"])


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("{a}+{b}={c}", "merger_target_taken"),
        ("{a}+{b}=12", "merger_code_length"),
        ("{a}+999={a}", "merger_village_unknown"),
        ("{a}={b}={c}", "merger_spec_malformed"),
    ],
)
def test_a_code_that_can_not_be_is_named_and_the_sums_are_told_all_the_same(
    alone: PlanSite, form: str, code: str
) -> None:
    a, b = touching(alone)
    c = next(row["code"] for row in alone.get("villages").json()["villages"] if row["code"] not in (a, b))
    told = alone.get("merge", villages=form.format(a=a, b=b, c=c)).json()
    assert [fault["code"] for fault in told["faults"]] == [code]
    assert all(fault["message"] != fault["code"] for fault in told["faults"])
    if code in ("merger_target_taken", "merger_code_length"):
        assert told["mergers"][0]["results"][0]["households"] > 0


def test_several_mergers_are_reckoned_each_and_checked_together(alone: PlanSite) -> None:
    a, b = touching(alone)
    told = alone.get("merge", villages=[f"{a},{b}", f"{a}={a}:新名"]).json()
    assert "merger_village_twice" in [fault["code"] for fault in told["faults"]]
    assert [merger["results"][0]["name"] for merger in told["mergers"]][1] == "新名"


def test_the_free_number_was_never_given(alone: PlanSite) -> None:
    a, b = touching(alone, "rural")
    told = alone.get("merge", villages=f"{a},{b}").json()["mergers"][0]
    codes = set(alone.town.territory["communities"]["code"])
    assert told["new_number"] not in codes
    assert told["new_number"][:9] == a[:9]
    again = alone.get("merge", villages=f"{a}+{b}={told['new_number']}").json()
    assert again["is_possible"]
    assert again["mergers"][0]["gives_up"] == [a, b]
    assert again["mergers"][0]["grids_go_on"] == []


def test_the_trade_off_is_worked_out_shown_and_one_point_becomes_a_draft(plans: PlanSite) -> None:
    a, b = touching(plans)
    merge = f"{a}+{b}={a}"
    job = ask(plans, merge)
    (card,) = run_worker_until(plans.site.store, job)
    assert card.state == "done", card.faults
    told = plans.clients["zhao"].get(f"/v1/jobs/{job}").json()["result"]
    points = told["points"]
    assert [point["change_weight"] for point in points] == WEIGHTS
    assert told["communities"] == [a]
    assert all(point["here"] is None or point["here"]["grids"] > 0 for point in points)
    assert [point["moved"] for point in points] == sorted((point["moved"] for point in points), reverse=True)
    assert all(point["moved"] >= point["moved_at_least"] for point in points)
    listed = plans.clients["zhao"].get("/v1/plans").json()["plans"]
    assert [plan["id"] for plan in listed] == [plans.plan]

    shown = plans.clients["zhao"].get(f"/v1/jobs/{job}/points/{len(points)}").json()
    assert {feature["properties"]["community"] for feature in shown["grids"]["features"]} == {a}
    assert len(shown["grids"]["features"]) == points[-1]["here"]["grids"]
    west, south, east, north = shapely.total_bounds(
        [shapely.geometry.shape(feature["geometry"]) for feature in shown["grids"]["features"]]
    )
    assert -180 < west < east < 180
    assert -90 < south < north < 90

    answer = choose(plans, job, WEIGHTS[-1], "merged")
    assert answer.status_code == 201, answer.text
    draft = answer.json()
    assert (draft["state"], draft["parent"], draft["name"], draft["steps"]) == ("draft", plans.plan, "merged", 0)
    filed = plan_of(plans, draft["id"])
    before = plan_of(plans, plans.plan)
    assert b not in set(filed.communities["code"])
    assert set(filed.communities["code"]) == set(before.communities["code"]) - {b}
    others = ~before.members["grid"].isin(before.grids.loc[before.grids["community"].isin((a, b)), "code"])
    kept = before.members[others].set_index(["kind", "id"])["grid"]
    now = filed.members.set_index(["kind", "id"])["grid"]
    pd.testing.assert_series_equal(now.loc[kept.index].sort_index(), kept.sort_index())
    with plans.site.store.read() as tx:
        land = tx.territories.load(draft["territory"])
        assert land.content_hash() == filed.meta["territory_hash"]
        assert not tx.territories.card(draft["territory"]).is_current
    again = choose(plans, job, WEIGHTS[0], who="li")
    assert again.status_code == 201
    assert again.json()["territory"] == draft["territory"]


def test_where_every_weight_gives_the_same_plan_it_is_kept_once_and_the_least_change_is_proved(alone: PlanSite) -> None:
    a, b = touching(alone, "rural")
    (card,) = run_worker_until(alone.site.store, ask(alone, f"{a}+{b}={a}"))
    assert card.result is not None
    points = card.result["points"]
    assert [point["same_as"] for point in points] == [None, 0.0, 0.0]
    households = {row["code"]: row["households"] for row in alone.get("villages").json()["villages"]}
    assert {point["moved"] for point in points} == {min(households[a], households[b])}
    assert {point["moved_at_least"] for point in points} == {min(households[a], households[b])}
    with alone.site.store.read() as tx:
        assert tx.jobs.files.names(card.id) == ["plan-1"]
    shown = [alone.clients["zhao"].get(f"/v1/jobs/{card.id}/points/{n}").content for n in (1, 2, 3)]
    assert shown[0] == shown[1] == shown[2]
    assert choose(alone, card.id, 50.0).status_code == 201


def test_a_plan_packed_for_later_is_the_same_plan(alone: PlanSite) -> None:
    filed = alone.town.filed
    content = pack_plan(filed)
    assert content == pack_plan(filed)
    again = unpack_plan(content)
    assert dict(again.meta) == dict(filed.meta)
    pd.testing.assert_frame_equal(again.members, filed.members)
    assert again.grids.geometry.geom_equals_exact(filed.grids.geometry, 0).all()


def test_a_point_is_chosen_once_for_the_same_key_and_not_by_a_reviewer(alone: PlanSite) -> None:
    job = ask(alone, "{}+{}={}".format(*touching(alone), touching(alone)[0]))
    run_worker_until(alone.site.store, job)
    assert choose(alone, job, 1.0, who="chen").status_code == 403
    first, second = (choose(alone, job, 1.0, **{"Idempotency-Key": "once"}) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["X-Repeated"] == "true"
    answer = choose(alone, job, 7.0)
    assert (answer.status_code, answer.json()["code"]) == (404, "point_unknown")
    assert "0, 1, 50" in answer.json()["detail"]


def test_points_of_a_job_that_is_not_done_or_of_another_kind_are_refused(alone: PlanSite) -> None:
    waiting = ask(alone, "{}+{}={}".format(*touching(alone), touching(alone)[0]))
    assert choose(alone, waiting, 1.0).json()["code"] == "frontier_not_done"
    assert alone.clients["zhao"].get(f"/v1/jobs/{waiting}/points/1").json()["code"] == "frontier_not_done"
    body = {"territory": alone.get().json()["territory"]}
    other = alone.clients["wang"].post("/v1/draw", json=body).json()["id"]
    assert choose(alone, other, 1.0).json()["code"] == "point_of_other_job"


def test_a_trade_off_of_a_plan_edited_since_is_not_chosen_but_a_renamed_one_is(alone: PlanSite) -> None:
    a, b = touching(alone)
    job = ask(alone, f"{a}+{b}={a}")
    run_worker_until(alone.site.store, job)
    wang = alone.clients["wang"]
    answer = wang.patch(f"/v1/plans/{alone.plan}", json={"name": "another"}, headers={"If-Match": alone.etag()})
    assert answer.status_code == 200
    assert choose(alone, job, 1.0).status_code == 201
    for move in alone.border_moves(alone.sheet(), np.random.default_rng(1)):
        if alone.post("wang", "moves", move).status_code == 201:
            break
    answer = choose(alone, job, 1.0)
    assert (answer.status_code, answer.json()["code"]) == (409, "frontier_plan_changed")


def tidy_once(store: SqlStore, moment: datetime) -> None:
    """A worker that comes by at a moment, finds nothing to do, and goes."""
    worker = Worker(store, workers=1, now=lambda: moment)
    claims: list[object] = []
    claim = worker._claim

    def claim_and_leave() -> object:
        claims.append(found := claim())
        worker.leave()
        return found

    worker._claim = claim_and_leave  # type: ignore[method-assign]
    worker.run()
    assert claims == [None]


def test_points_are_forgotten_after_the_stated_time_and_that_is_said(plans: PlanSite) -> None:
    job = ask(plans, "{}+{}={}".format(*touching(plans), touching(plans)[0]))
    (card,) = run_worker_until(plans.site.store, job)
    assert card.ended_at is not None
    for late, is_there in ((timedelta(seconds=-1), True), (timedelta(seconds=1), False)):
        tidy_once(plans.site.store, card.ended_at + KEPT + late)
        with plans.site.store.read() as tx:
            assert bool(tx.jobs.files.names(job)) == is_there
    answer = choose(plans, job, 1.0)
    assert (answer.status_code, answer.json()["code"]) == (404, "job_file_unknown")


def test_a_cancelled_trade_off_keeps_nothing(alone: PlanSite) -> None:
    job = ask(alone, "{}+{}={}".format(*touching(alone), touching(alone)[0]))
    assert alone.clients["wang"].post(f"/v1/jobs/{job}/cancel").status_code == 202
    (card,) = run_worker_until(alone.site.store, job)
    assert card.state == "cancelled"
    with alone.site.store.read() as tx:
        assert tx.jobs.files.names(job) == []
