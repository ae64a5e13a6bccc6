"""Solver runs on part of a plan over HTTP and by the worker, on both stores: asked for, watched, accepted, refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from httpx import Response

from api.jobs.worker import Worker
from data.store import SqlStore
from data.store.rooms.jobs import JobCard
from gis.errors import GridwrightError
from partition.checks import verify
from partition.edits import Sheet, Wish, edit
from partition.edits.wishes import Part
from partition.file_plan import plain_sentences
from tests.job_kit import card_of, now, run_worker_until
from tests.plan_kit import NOW
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]


@pytest.fixture
def plans(store: SqlStore) -> PlanSite:
    return make_plan_site(store)


def _codes(answer: Response) -> set[str]:
    return {row["code"] for row in answer.json()["faults"]}


def _tip_over(plans: PlanSite) -> tuple[str, str, str]:
    """A lawful move that puts a grid out of the band; (community, grid that gave, grid that took)."""
    sheet, graph = plans.sheet(), plans.ground.graph
    for edge in range(len(graph.edge_a)):
        a, b = int(graph.edge_a[edge]), int(graph.edge_b[edge])
        one, two = str(sheet.atom_code[a]), str(sheet.atom_code[b])
        if (
            one == two
            or graph.households[a] == 0
            or "dedicated" in (sheet.grids[one]["kind"], sheet.grids[two]["kind"])
        ):
            continue
        community = str(sheet.grids[one]["community"])
        if sheet.communities[community]["feasible"] != "yes":
            continue
        body = {"kind": "move", "atoms": [graph.atom_ids[a]], "grid": two}
        try:
            after, _ = edit(plans.ground, sheet, Wish("move", Part(atoms=(graph.atom_ids[a],)), two), plain_sentences)
        except GridwrightError:
            continue
        if after.grids[one]["within_band"] and after.grids[two]["within_band"]:
            continue
        made = plans.post("wang", "moves", body)
        assert made.status_code == 201, made.text
        return community, one, two
    raise AssertionError("no move puts a grid out of the band")


def _ask(plans: PlanSite, **body: Any) -> dict[str, Any]:
    answer = plans.post("wang", "solve", body, etag=None)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return dict(answer.json())


def _run(plans: PlanSite, job: str) -> dict[str, Any]:
    card: JobCard = run_worker_until(plans.site.store, job)[0]
    assert card.state == "done", card.faults
    assert card.result is not None
    return dict(card.result)


def _solved(plans: PlanSite, **body: Any) -> tuple[str, dict[str, Any]]:
    job = _ask(plans, **body)["id"]
    return job, _run(plans, job)


def _accept(plans: PlanSite, job: str, *, who: str = "wang", **options: Any) -> Response:
    return plans.post(who, "moves", {"kind": "accept", "job": job, **options})


def _faults(plans: PlanSite) -> list[str]:
    with plans.site.store.read() as tx:
        filed = tx.plans.load(plans.plan)
    return [str(fault) for fault in verify(filed, plans.town.territory, plans.town.rules).faults]


def _same(one: Sheet, two: Sheet) -> None:
    assert one.atom_code.tolist() == two.atom_code.tolist()
    assert one.grids == two.grids
    assert one.communities == two.communities
    assert one.violations == two.violations
    assert one.meta == two.meta


def test_a_community_is_fixed_the_answer_is_accepted_and_taken_back(plans: PlanSite) -> None:
    community, *_ = _tip_over(plans)
    before = plans.sheet()
    asked = _ask(plans, community=community, aim="balance")
    assert asked["kind"] == "solve"
    assert asked["outlook"]["feasible"] == "unknown"
    assert not asked["outlook"]["is_lawful_now"]
    result = _run(plans, asked["id"])
    _same(plans.sheet(), before)  # a proposal changes nothing
    assert (result["feasible"], result["is_whole"], result["is_changed"]) == ("yes", True, True)
    assert result["after"]["in_band"] == result["after"]["standard"]
    assert result["before"]["in_band"] < result["before"]["standard"]
    assert result["sentences"]["zh"]
    assert result["sentences"]["en"]
    told = _accept(plans, asked["id"], name="fixed")
    assert told.status_code == 201, told.text
    body = told.json()
    assert (body["kind"], body["title"]) == ("solve", "fixed")
    assert [list(row) for row in body["pieces"]] == sorted(result["pieces"])
    after = plans.sheet()
    row = after.communities[community]
    # What the solver said of the community is what stands in the plan.
    assert row["objective"] == pytest.approx(result["after"]["cost_community"])
    assert row["objective"] == pytest.approx(result["after"]["cost"])
    assert row["bound"] == pytest.approx(result["bound"])
    assert row["gap_frac"] == pytest.approx(result["gap_frac"])
    assert row["proof"] == result["proof"]
    assert not _faults(plans)
    steps = plans.get("moves").json()["steps"]
    assert [(step["kind"], step["title"]) for step in steps][-1] == ("solve", "fixed")
    assert plans.post("wang", "undo").status_code == 200
    _same(plans.sheet(), before)
    assert plans.post("wang", "redo").status_code == 200
    _same(plans.sheet(), after)


def test_nothing_outside_the_chosen_grids_moves_and_the_step_has_a_title_of_its_own(plans: PlanSite) -> None:
    _, one, two = _tip_over(plans)
    before = plans.sheet()
    job, result = _solved(plans, grids=[one, two], aim="least_change")
    assert result["feasible"] == "yes"
    assert result["moved"] >= result["moved_at_least"] > 0
    assert {row[1] for row in result["pieces"]} <= {one, two}
    assert {row[2] for row in result["pieces"]} <= {one, two, "+1"}
    told = _accept(plans, job)
    assert told.status_code == 201, told.text
    assert told.json()["title"].startswith("Solver:")
    after = plans.sheet()
    outside = ~np.isin(before.atom_code.astype(str), [one, two])
    assert (after.atom_code[outside] == before.atom_code[outside]).all()
    assert all(after.grids[code]["within_band"] for code in (one, two) if code in after.grids)


def test_locks_hold_in_the_search_and_when_the_answer_is_accepted(plans: PlanSite) -> None:
    community, one, two = _tip_over(plans)
    sheet = plans.sheet()
    members = sorted(
        member for atom, names in plans.ground.members.items() if sheet.atom_code[atom] == two for member in names
    )
    locks = [f"{kind}:{name}" for kind, name in members[: max(1, len(members) // 3)]]
    assert plans.post("wang", "locks", {"locks": locks}).status_code == 200
    told = plans.post("wang", "solve", {"community": community}, etag=None)
    assert told.json()["outlook"]["n_held"] > 0
    card = run_worker_until(plans.site.store, told.json()["id"])[0]
    if card.state == "done":
        held = {plans.ground.graph.atom_ids[plans.ground.atom_of[member]] for member in members[: len(locks)]}
        assert not held & {row[0] for row in card.result["pieces"]}  # type: ignore[index]
    else:
        assert [fault.code for fault in card.faults] == ["solve_locks_contradict"]
    assert plans.post("wang", "locks", {"locks": [one]}).status_code == 200
    refused = plans.post("wang", "solve", {"grids": [one, two]}, etag=None)
    assert (refused.status_code, _codes(refused)) == (409, {"solve_grid_locked"})
    # A lock that came after the answer stops it when it is to be accepted.
    assert (
        plans.clients["wang"]
        .delete(f"/v1/plans/{plans.plan}/locks", params={"all": "true"}, headers={"If-Match": plans.etag()})
        .is_success
    )
    job, result = _solved(plans, grids=[one, two], aim="lawful")
    assert result["pieces"]
    assert plans.post("wang", "locks", {"locks": [two]}).status_code == 200
    late = _accept(plans, job)
    assert late.status_code == 409
    assert _codes(late) & {"edit_locked", "solve_grid_locked", "solve_outdated"}


def test_an_answer_of_an_older_revision_is_taken_where_nobody_touched_its_ground(plans: PlanSite) -> None:
    community, one, two = _tip_over(plans)
    job, result = _solved(plans, grids=[one, two], aim="least_change")
    graph, sheet = plans.ground.graph, plans.sheet()
    elsewhere = next(
        atom
        for atom in range(graph.n_atoms)
        if graph.communities[graph.community_index[atom]] != community
        and sheet.grids[str(sheet.atom_code[atom])]["kind"] == "standard"
        and (sheet.atom_code == sheet.atom_code[atom]).sum() > 3
        and _can_be_new(plans, sheet, atom)
    )
    made = plans.post("li", "moves", {"kind": "new", "atoms": [graph.atom_ids[elsewhere]]})
    assert made.status_code == 201, made.text
    piece = result["pieces"][0]
    assert _accept(plans, job).status_code == 201
    assert plans.post("wang", "undo").status_code == 200
    # Now somebody does touch it; the answer is of no use any more, and says who it was.
    touched = plans.post("li", "moves", {"kind": "move", "atoms": [piece[0]], "grid": piece[2]})
    if touched.status_code == 201:
        late = _accept(plans, job)
        assert (late.status_code, _codes(late)) == (409, {"solve_outdated"})
        assert "li" in late.text
        stale = plans.post("wang", "moves", {"kind": "accept", "job": job}, etag=f'"{plans.plan}-2"')
        assert stale.status_code == 412
        assert stale.json()["theirs"]
        assert plans.post("li", "undo").status_code == 200
        # Taken back, the ground is as it was.
        assert _accept(plans, job).status_code == 201


def _can_be_new(plans: PlanSite, sheet: Sheet, atom: int) -> bool:
    try:
        edit(plans.ground, sheet, Wish("new", Part(atoms=(plans.ground.graph.atom_ids[atom],))), plain_sentences)
    except GridwrightError:
        return False
    return True


def test_what_can_not_be_accepted_is_refused(plans: PlanSite) -> None:
    community, one, two = _tip_over(plans)
    job = _ask(plans, grids=[one, two])["id"]
    waiting = _accept(plans, job)
    assert (waiting.status_code, _codes(waiting)) == (409, {"solve_not_done"})
    assert plans.clients["wang"].delete(f"/v1/jobs/{job}").status_code == 202
    assert _codes(_accept(plans, job)) == {"solve_not_done"}
    assert _accept(plans, "j000000000000").status_code == 404
    assert plans.post("wang", "undo").status_code == 200
    again, result = _solved(plans, community=community)
    assert not result["is_changed"]
    assert result["gap_frac"] == 0.0
    assert _codes(_accept(plans, again)) == {"solve_changed_nothing"}
    draw = plans.clients["wang"].post("/v1/draw", json={"territory": plans.get().json()["territory"]})
    assert draw.status_code == 202
    assert _codes(_accept(plans, draw.json()["id"])) == {"solve_not_of_plan"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "solve_what"),
        ({"grids": ["X"]}, 422, "edit_grid_unknown"),
        ({"community": "X"}, 404, "plan_community_unknown"),
    ],
)
def test_what_is_asked_wrongly_is_told_at_once(plans: PlanSite, body: dict[str, Any], status: int, code: str) -> None:
    told = plans.post("wang", "solve", body, etag=None)
    assert (told.status_code, _codes(told)) == (status, {code}), told.text


def test_grids_of_two_communities_an_impossible_number_and_a_reader_are_refused(plans: PlanSite) -> None:
    sheet = plans.sheet()
    one = next(iter(sheet.grids))
    other = next(code for code, row in sheet.grids.items() if row["community"] != sheet.grids[one]["community"])
    assert _codes(plans.post("wang", "solve", {"grids": [one, other]}, etag=None)) == {"solve_other_communities"}
    community = _tip_over(plans)[0]
    many = plans.post("wang", "solve", {"community": community, "n_grids": 99}, etag=None)
    assert (many.status_code, _codes(many)) == (409, {"solve_count_impossible"})
    assert plans.post("zhao", "solve", {"community": community}, etag=None).status_code == 403


def test_arithmetic_speaks_before_anything_runs(plans: PlanSite) -> None:
    sheet = plans.sheet()
    hole = next(code for code, row in sheet.communities.items() if row["feasible"] == "no")
    told = plans.get("solve", community=hole).json()
    assert (told["feasible"], told["reason"]) == ("no", sheet.communities[hole]["reason"])
    assert told["near_misses"]
    assert told["sentences"]["en"][0].startswith("No lawful answer exists")
    assert plans.get("solve", "zhao", community=hole).status_code == 200
    asked = _ask(plans, community=hole)
    assert asked["outlook"] == told
    result = _run(plans, asked["id"])
    assert (result["feasible"], result["is_changed"]) == ("no", False)


def test_a_run_can_be_cancelled_and_is_worked_out_again_by_the_next_worker(plans: PlanSite) -> None:
    community, *_ = _tip_over(plans)
    first = _ask(plans, community=community)["id"]
    assert plans.clients["wang"].delete(f"/v1/jobs/{first}").json()["state"] == "cancelled"
    second = _ask(plans, community=community)["id"]

    worker = Worker(plans.site.store, workers=1, now=now)
    worker.leave()
    worker.run()  # one that has to go at once takes nothing along
    assert card_of(plans.site.store, second).state == "queued"
    assert _run(plans, second)["is_changed"]


def test_the_same_question_has_the_same_answer_and_the_same_key_one_job(plans: PlanSite) -> None:
    community, *_ = _tip_over(plans)
    ask = {"community": community, "aim": "lawful", "seed": 7}
    one = plans.post("wang", "solve", ask, etag=None, **{"Idempotency-Key": "k1"}).json()["id"]
    two = plans.post("wang", "solve", ask, etag=None, **{"Idempotency-Key": "k1"})
    assert two.headers["x-repeated"] == "true"
    assert two.json()["id"] == one
    three = _ask(plans, **ask)["id"]
    cards = run_worker_until(plans.site.store, one, three)
    assert cards[0].result["pieces"] == cards[1].result["pieces"]  # type: ignore[index]


def test_ground_in_no_grid_is_shown_and_given_to_one_by_hand_or_by_the_solver(store: SqlStore) -> None:
    plans = make_plan_site(store)
    whole = plans.sheet()
    lost = next(
        code
        for code, row in sorted(whole.grids.items())
        if row["kind"] == "standard" and whole.communities[row["community"]]["grids"] > 2
    )
    community = str(whole.grids[lost]["community"])
    filed = plans.town.filed
    gap = replace(
        filed,
        grids=filed.grids[filed.grids["code"] != lost].reset_index(drop=True),
        members=filed.members[filed.members["grid"] != lost].reset_index(drop=True),
    )
    with store.write(act("wang", at=NOW)) as tx:
        plans.plan = tx.plans.save(gap, territory_id=tx.plans.card(plans.plan).territory, name="gap").id
    first = plans.sheet()
    mine = np.flatnonzero(whole.atom_code == lost)
    names = [plans.ground.graph.atom_ids[atom] for atom in mine.tolist()]
    shown = plans.get("sheet").json()
    assert {shown["atom_grid"][atom] for atom in mine.tolist()} == {-1}
    assert community not in shown["closed"]
    assert _faults(plans)
    told = plans.post("wang", "moves", {"kind": "new", "atoms": names})
    assert told.status_code == 201, told.text
    assert {row["before"] for row in told.json()["moved"]} == {""}
    assert not _faults(plans)
    assert plans.post("wang", "undo").status_code == 200
    _same(plans.sheet(), first)
    with store.read() as tx:
        assert tx.plans.load(plans.plan).members.equals(gap.members)
    job, result = _solved(plans, community=community)
    assert result["before"]["unassigned"] == len(mine)
    assert result["after"]["unassigned"] == 0
    assert result["feasible"] == "yes"
    assert _accept(plans, job).status_code == 201
    assert not _faults(plans)


def test_much_ground_is_assigned_at_once_over_http(plans: PlanSite) -> None:
    _, one, two = _tip_over(plans)
    plans.post("wang", "undo")
    before, graph = plans.sheet(), plans.ground.graph
    mine = np.flatnonzero(before.atom_code == one)
    shares = [{"grid": two, "atoms": [graph.atom_ids[atom] for atom in mine.tolist()]}]
    told = plans.post("wang", "moves", {"kind": "assign", "shares": shares, "name": "all to one"})
    assert told.status_code == 201, told.text
    assert (told.json()["kind"], told.json()["gone"]) == ("assign", [one])
    assert not _faults(plans)
    assert plans.post("wang", "undo").status_code == 200
    _same(plans.sheet(), before)
