"""Edits by hand over HTTP, on both stores: what is refused and why, what is answered, undo and redo, locks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from httpx import Response

from api.usecases.plan_desk import Desk
from data.store import SqlStore, open_store
from partition.checks import verify
from tests.plan_kit import NOW, keep_plan
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]


@pytest.fixture
def plans(store: SqlStore) -> PlanSite:
    return make_plan_site(store)


def _make_some(plans: PlanSite, n: int, seed: int = 1, who: str = "wang") -> list[dict[str, Any]]:
    """So many moves that the service takes; their answers."""
    rng = np.random.default_rng(seed)
    made: list[dict[str, Any]] = []
    sheet = plans.sheet()
    etag = plans.etag()
    for _ in range(50 * n):
        body = next(plans.border_moves(sheet, rng))
        answer = plans.post(who, "moves", {**body, "name": f"step {len(made) + 1}"}, etag=etag)
        if answer.status_code == 409:
            continue
        assert answer.status_code == 201, answer.text
        etag = answer.headers["etag"]
        made.append(answer.json())
        sheet = plans.sheet()
        if len(made) == n:
            return made
    raise AssertionError(f"only {len(made)} moves found")


def _codes(answer: Response) -> set[str]:
    return {row["code"] for row in answer.json()["faults"]}


def test_a_move_is_answered_with_everything_it_changed(plans: PlanSite) -> None:
    told = _make_some(plans, 1)[0]
    assert told["plan"]["revision"] == 2
    assert (told["step"], told["kind"], told["title"]) == (1, "move", "step 1")
    assert told["moved"] or told["ground"]
    codes = {grid["code"] for grid in told["grids"]}
    assert {row["after"] for row in told["moved"]} <= codes
    assert {row["before"] for row in told["moved"]} <= codes
    assert told["ground"]["type"] in ("Polygon", "MultiPolygon")
    assert plans.get().headers["etag"] == told["plan"]["etag"]
    listed = plans.get("grids").json()
    shown = {feature["id"]: feature["properties"] for feature in listed["features"]}
    for grid in told["grids"]:
        assert shown[grid["code"]]["households"] == grid["households"]
    steps = plans.get("moves").json()
    assert [(step["number"], step["title"], step["who"], step["is_undone"]) for step in steps["steps"]] == [
        (1, "step 1", "wang", False)
    ]


def test_a_new_grid_a_split_a_merge_and_a_dissolved_grid(plans: PlanSite) -> None:
    sheet, ground = plans.sheet(), plans.ground
    code = max(
        sheet.grids, key=lambda one: int((sheet.atom_code == one).sum()) * (sheet.grids[one]["kind"] == "standard")
    )
    mine = np.flatnonzero(sheet.atom_code == code)
    community = sheet.grids[code]["community"]
    highest = max(one for one in sheet.grids if one.startswith(community) and sheet.grids[one]["kind"] == "standard")
    parts = []
    for atom in mine.tolist():
        rest = [other for other in mine.tolist() if other != atom]
        index = ground.community_at[community]
        homes = any(a in ground.members for a in rest) and atom in ground.members
        if homes and ground.pieces(index, np.array(rest)) == 1:
            parts = [{"atoms": [ground.graph.atom_ids[a] for a in group]} for group in ([atom], rest)]
            break
    split = plans.post("wang", "moves", {"kind": "split", "grid": code, "parts": parts})
    assert split.status_code == 201, split.text
    fresh = ({grid["code"] for grid in split.json()["grids"]} - {code}).pop()
    assert fresh not in sheet.grids
    assert int(fresh[len(community) :]) == int(highest[len(community) :]) + 1
    merged = plans.post("wang", "moves", {"kind": "merge", "grids": [code, fresh]}).json()
    assert merged["gone"] == [min(code, fresh)] or merged["gone"] == [max(code, fresh)]
    keep = ({code, fresh} - set(merged["gone"])).pop()
    assert plans.post("wang", "moves", {"kind": "split", "grid": keep, "parts": parts}).status_code == 201
    # A number of a grid that was made and given up in the same draft is free again.
    codes = {feature["id"] for feature in plans.get("grids").json()["features"]}
    assert codes == {*sheet.grids, fresh}
    gone = plans.post("wang", "moves", {"kind": "dissolve", "grid": fresh})
    assert gone.status_code == 201, gone.text
    assert gone.json()["gone"] == [fresh]


def test_what_an_edit_may_not_do_is_refused_with_the_reason(plans: PlanSite) -> None:
    sheet, ground = plans.sheet(), plans.ground
    graph = ground.graph
    member, atom = next(iter(sorted(ground.atom_of.items())))
    own = str(sheet.atom_code[atom])
    named = {"kind": member[0], "id": member[1]}
    foreign = next(code for code, row in sheet.grids.items() if row["community"] != sheet.grids[own]["community"])
    far = next(
        a
        for a in range(graph.n_atoms)
        if a in ground.members and sheet.grids[str(sheet.atom_code[a])]["community"] != sheet.grids[own]["community"]
    )
    cases: list[tuple[int, str, dict[str, Any]]] = [
        (409, "edit_crosses_community", {"kind": "move", "members": [named], "grid": foreign}),
        (409, "edit_changes_nothing", {"kind": "move", "members": [named], "grid": own}),
        (409, "edit_crosses_community", {"kind": "merge", "grids": [own, foreign]}),
        (409, "edit_crosses_community", {"kind": "new", "members": [named], "atoms": [graph.atom_ids[far]]}),
        (422, "edit_member_unknown", {"kind": "new", "members": [{"kind": "unit", "id": "no such"}]}),
        (422, "edit_atom_unknown", {"kind": "new", "atoms": ["no such"]}),
        (422, "edit_grid_unknown", {"kind": "move", "members": [named], "grid": "no such"}),
        (422, "edit_grid_unknown", {"kind": "dissolve", "grid": "no such"}),
        (422, "edit_ground_missing", {"kind": "new"}),
        (422, "edit_too_few_grids", {"kind": "merge", "grids": [own, own]}),
        (409, "edit_atom_cut", {"kind": "split", "grid": own, "parts": [{"members": [named]}] * 2}),
        (422, "edit_part_elsewhere", {"kind": "split", "grid": foreign, "parts": [{"members": [named]}] * 2}),
    ]
    etag = plans.etag()
    for status, code, body in cases:
        answer = plans.post("wang", "moves", body, etag=etag)
        assert (answer.status_code, code in _codes(answer)) == (status, True), (body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert plans.etag() == etag


def test_bodies_that_are_no_edits_are_refused(plans: PlanSite) -> None:
    etag = plans.etag()
    for body in (
        {},
        {"kind": "explode"},
        {"kind": "move", "atoms": ["a"]},
        {"kind": "move", "atoms": ["a"], "grid": "b", "more": 1},
        {"kind": "move", "atoms": "a", "grid": "b"},
        {"kind": "move", "atoms": [1], "grid": "b"},
        {"kind": "move", "members": [{"kind": "person", "id": "x"}], "grid": "b"},
        {"kind": "move", "atoms": ["a"] * 20_001, "grid": "b"},
        {"kind": "merge", "grids": ["a"]},
        {"kind": "split", "grid": "a", "parts": [{}]},
        {"kind": "new", "atoms": ["a\n"]},
        [],
    ):
        answer = plans.post("wang", "moves", body, etag=etag)
        assert answer.status_code in (400, 422), (body, answer.text)


def test_two_hundred_steps_go_back_and_forward_also_after_the_store_was_opened_again(plans: PlanSite) -> None:
    first = plans.sheet()
    made = _make_some(plans, 210)
    last = plans.sheet()
    again = open_store(plans.site.store.url.render_as_string(hide_password=False))
    try:
        plans.site.app.state.store = again
        plans.site.app.state.desk = Desk(again)
        etag = plans.etag()
        for number in range(210, 0, -1):
            answer = plans.post("li", "undo", etag=etag)
            assert answer.status_code == 200, answer.text
            assert answer.json()["step"] == number - 1
            etag = answer.headers["etag"]
        _assert_same(plans, first)
        assert plans.post("li", "undo", etag=etag).json()["code"] == "nothing_to_undo"
        for number in range(1, 211):
            answer = plans.post("li", "redo", etag=etag)
            assert answer.status_code == 200, answer.text
            assert answer.json()["moved"] == made[number - 1]["moved"]
            etag = answer.headers["etag"]
        assert plans.post("li", "redo", etag=etag).json()["code"] == "nothing_to_redo"
        _assert_same(plans, last)
        with again.read() as tx:
            filed = tx.plans.load(plans.plan)
            assert tx.audit.first_broken() is None
        assert not verify(filed, plans.town.territory, plans.town.rules).faults
        titles = []
        after: int | None = 0
        while after is not None:
            page = plans.get("moves", after=after, limit=100).json()
            titles += [step["title"] for step in page["steps"]]
            after = page["next"]
        assert titles == [f"step {i}" for i in range(1, 211)]
    finally:
        again.close()


def _assert_same(plans: PlanSite, wanted: Any) -> None:
    found = plans.sheet()
    assert found.atom_code.tolist() == wanted.atom_code.tolist()
    assert found.grids == wanted.grids
    assert found.communities == wanted.communities
    assert {k: sorted(map(str, v)) for k, v in found.violations.items()} == {
        k: sorted(map(str, v)) for k, v in wanted.violations.items()
    }


def test_a_new_step_drops_those_that_were_taken_back_and_the_log_keeps_them(plans: PlanSite) -> None:
    made = _make_some(plans, 4)
    for _ in range(2):
        assert plans.post("wang", "undo").status_code == 200
    kept = plans.get("moves").json()
    assert [step["is_undone"] for step in kept["steps"]] == [False, False, True, True]
    _make_some(plans, 1, seed=5)
    steps = plans.get("moves").json()
    assert steps["in_effect"] == 3
    assert [step["number"] for step in steps["steps"]] == [1, 2, 3]
    assert plans.post("wang", "redo").json()["code"] == "nothing_to_redo"
    with plans.site.store.read() as tx:
        changes = tx.life.history.changes(plans.plan)
        entry = next(e for e in reversed(tx.audit.entries(limit=1000)) if e.action == "plan.edit")
    assert [row["number"] for row in entry.after["dropped"]] == [3, 4]
    # What the dropped steps moved is still there to be read.
    moved = [sorted(map(tuple, change.change["members"])) for change in changes]
    for told in made[2:]:
        assert sorted((m["kind"], m["id"], m["before"], m["after"]) for m in told["moved"]) in moved


def test_locks_stand_against_edits_undo_and_redo(plans: PlanSite) -> None:
    told = _make_some(plans, 1)[0]
    moved = told["moved"][0]
    sheet = plans.sheet()
    community = sheet.grids[moved["after"]]["community"]
    back = {"kind": "move", "members": [{"kind": moved["kind"], "id": moved["id"]}], "grid": moved["before"]}
    locks = ["all", moved["after"], f"community:{community}", f"{moved['kind']}:{moved['id']}"]
    locks.append(f"border:{moved['before']}+{moved['after']}")
    for lock in locks:
        added = plans.post("wang", "locks", {"locks": [lock]})
        assert (added.status_code, added.json()["locks"]) == (200, [lock]), added.text
        for what, body in (("moves", back), ("undo", None)):
            answer = plans.post("wang", what, body)
            assert answer.status_code == 409, (lock, what, answer.text)
            assert "edit_locked" in _codes(answer), (lock, what, answer.text)
        removed = plans.clients["wang"].delete(
            f"/v1/plans/{plans.plan}/locks", params={"lock": lock}, headers={"If-Match": plans.etag()}
        )
        assert (removed.status_code, removed.json()["locks"]) == (200, [])
    assert plans.post("wang", "undo").status_code == 200
    plans.post("wang", "locks", {"locks": [moved["before"]]})
    assert "edit_locked" in _codes(plans.post("wang", "redo"))
    unknown = plans.post("wang", "locks", {"locks": ["no such", "street:1"]})
    assert unknown.status_code == 422
    assert _codes(unknown) == {"lock_unknown", "lock_kind_unknown"}
    gone = plans.clients["wang"].delete(
        f"/v1/plans/{plans.plan}/locks", params={"lock": "all"}, headers={"If-Match": plans.etag()}
    )
    assert (gone.status_code, gone.json()["code"]) == (404, "lock_not_set")


def test_several_locks_or_all_are_removed_in_one_step(plans: PlanSite) -> None:
    codes = sorted(plans.sheet().grids)[:3]
    client, path = plans.clients["wang"], f"/v1/plans/{plans.plan}/locks"
    assert plans.post("wang", "locks", {"locks": codes}).status_code == 200

    def remove(query: dict[str, Any]) -> Response:
        return client.delete(path, params=query, headers={"If-Match": plans.etag()})

    for wrong in ({}, {"all": "false"}, {"all": "true", "lock": codes[0]}):
        refused = remove(wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, "locks_or_all"), wrong
    partly = remove({"lock": [codes[0], "all"]})
    assert (partly.status_code, partly.json()["code"]) == (404, "lock_not_set")
    assert client.get(path).json()["locks"] == codes
    revision = client.get(f"/v1/plans/{plans.plan}").json()["revision"]
    assert remove({"lock": codes[:2]}).json()["locks"] == codes[2:]
    assert remove({"all": "true"}).json()["locks"] == []
    nothing = remove({"all": "true"})
    assert (nothing.status_code, nothing.json()["locks"]) == (200, [])
    assert client.get(f"/v1/plans/{plans.plan}").json()["revision"] == revision + 2


def test_the_check_by_geometry_accepts_what_the_store_holds_after_random_edits(plans: PlanSite) -> None:
    from tests.edit_kit import random_wish

    rng = np.random.default_rng(11)
    sheet, etag, made = plans.sheet(), plans.etag(), 0
    for _ in range(150):
        wish = random_wish(rng, plans.ground, sheet)
        part: dict[str, Any] = {"kind": wish.kind}
        if wish.kind in ("move", "new"):
            part["atoms"] = list(wish.ground.atoms)
        if wish.kind in ("move", "dissolve", "split"):
            part["grid"] = wish.grid
        if wish.kind == "merge":
            part["grids"] = list(wish.grids)
        if wish.kind == "split":
            part["parts"] = [{"atoms": list(one.atoms)} for one in wish.parts]
        answer = plans.post("wang", "moves", part, etag=etag)
        if answer.status_code == 201:
            etag, made = answer.headers["etag"], made + 1
            sheet = plans.sheet()
            if made % 15 == 0:
                with plans.site.store.read() as tx:
                    filed = tx.plans.load(plans.plan)
                report = verify(filed, plans.town.territory, plans.town.rules)
                assert not report.faults, report.faults[:3]
        else:
            assert answer.status_code in (409, 422), answer.text
    assert made >= 30


def test_a_plan_out_of_the_jurisdiction_is_not_there(plans: PlanSite) -> None:
    plans.site.add("far", "planner", "88")
    client = plans.site.client(plans.site.key("far"))
    tag = {"If-Match": plans.etag()}
    path = f"/v1/plans/{plans.plan}"
    answers = [
        client.get(path),
        *(client.get(f"{path}/{what}") for what in ("moves", "locks", "status", "grids", "file")),
        client.get(f"{path}/atoms", params={"community": "1"}),
        client.get(f"{path}/compare", params={"with": plans.plan}),
        client.patch(path, json={"name": "mine"}, headers=tag),
        client.post(f"{path}/moves", json={"kind": "dissolve", "grid": "x"}, headers=tag),
        client.post(f"{path}/undo", headers=tag),
        client.post(f"{path}/redo", headers=tag),
        client.post(f"{path}/locks", json={"locks": ["all"]}, headers=tag),
        client.delete(f"{path}/locks", params={"lock": "all"}, headers=tag),
        client.post(f"{path}/status", json={"state": "submitted"}, headers=tag),
        client.post("/v1/plans", json={"parent": plans.plan}),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (404, "plan_unknown"), answer.request.url
    assert client.get("/v1/plans").json() == {"plans": [], "next": None}


def test_the_ground_of_a_community_is_listed_piece_by_piece(plans: PlanSite) -> None:
    sheet = plans.sheet()
    community = sorted(sheet.communities)[0]
    told = plans.get("atoms", community=community).json()
    atoms = plans.ground.divisions[plans.ground.community_at[community]].atoms
    assert {f["id"]: f["properties"]["grid"] for f in told["features"]} == {
        plans.ground.graph.atom_ids[a]: sheet.atom_code[a] for a in atoms
    }
    etag = plans.etag()
    again = plans.clients["root"].get(
        f"/v1/plans/{plans.plan}/atoms", params={"community": community}, headers={"If-None-Match": etag}
    )
    assert again.status_code == 304
    assert plans.get("atoms", community="none").json()["code"] == "plan_community_unknown"


def test_only_drafts_and_returned_plans_take_edits(plans: PlanSite) -> None:
    with plans.site.store.write(act("wang", at=NOW)) as tx:
        tx.life.change_state(plans.plan, "submitted")
    for what, body in (
        ("moves", {"kind": "dissolve", "grid": "x"}),
        ("undo", None),
        ("redo", None),
        ("locks", {"locks": ["all"]}),
    ):
        answer = plans.post("wang", what, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "plan_not_editable"), what
    with plans.site.store.write(act("chen", at=NOW)) as tx:
        tx.life.change_state(plans.plan, "returned")
    assert _make_some(plans, 1)


def test_plans_are_listed_page_by_page(plans: PlanSite) -> None:
    made = [plans.plan, *(keep_plan(plans.site.store, name=f"plan {i}", town=plans.town) for i in range(5))]
    client = plans.clients["zhao"]
    found: list[str] = []
    after: str | None = None
    while True:
        page = client.get("/v1/plans", params={"limit": 2} | ({"after": after} if after else {})).json()
        found += [plan["id"] for plan in page["plans"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(found) == sorted(made)
    assert len(found) == len(set(found))
    assert client.get("/v1/plans", params={"state": "in_force"}).json()["plans"] == []
    assert client.get("/v1/plans", params={"county": "880000"}).json()["plans"] == []
    assert client.get("/v1/plans", params={"county": plans.get().json()["county"]}).json()["plans"]
