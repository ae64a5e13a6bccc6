"""Catching up over HTTP: pieces in answers and in the history, and a plan copied as it was at any revision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from data.store import SqlStore
from partition.checks import verify
from partition.edits.rows import DRAWN
from tests.edit_kit import random_wish
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
N_STEPS = 60


@pytest.fixture
def plans(store: SqlStore) -> PlanSite:
    return make_plan_site(store)


def body_of(wish: Any) -> dict[str, Any]:
    """A wish as a request."""
    if wish.kind == "move":
        return {"kind": "move", "atoms": list(wish.ground.atoms), "grid": wish.grid}
    if wish.kind == "new":
        return {"kind": "new", "atoms": list(wish.ground.atoms)}
    if wish.kind == "merge":
        return {"kind": "merge", "grids": list(wish.grids)}
    if wish.kind == "dissolve":
        return {"kind": "dissolve", "grid": wish.grid}
    return {"kind": "split", "grid": wish.grid, "parts": [{"atoms": list(part.atoms)} for part in wish.parts]}


def seen(plans: PlanSite, plan: str = "") -> dict[str, str]:
    """Piece of ground to grid, as the desk reads it."""
    sheet = plans.clients["root"].get(f"/v1/plans/{plan or plans.plan}/sheet").json()
    codes = [grid["code"] for grid in sheet["grids"]] + [""]
    return dict(zip(plans.ground.graph.atom_ids, (codes[at] for at in sheet["atom_grid"])))


def content(plans: PlanSite, plan: str) -> dict[str, Any]:
    """Everything that a plan says, but for what is its own: its id, and what its edits began with."""
    with plans.site.store.read() as tx:
        filed = tx.plans.load(plan)
    tables = {name: getattr(filed, name).to_json() for name in ("members", "communities", "violations")}
    tables["grids"] = filed.grids.drop(columns="geometry").to_json()
    tables["shapes"] = filed.grids.geometry.to_wkb().tolist()
    tables["meta"] = {key: value for key, value in filed.meta.items() if key not in ("plan_id", DRAWN)}
    return tables


def some_steps(plans: PlanSite, n: int, seed: int) -> list[tuple[int, dict[str, str], dict[str, Any]]]:
    """Edits, undos and redos at random; after each: revision, where every piece lies, and all that the plan says.

    Every answer's pieces are the difference of what the desk reads before and after.
    """
    rng = np.random.default_rng(seed)
    before = seen(plans)
    found = [(1, before, content(plans, plans.plan))]
    while len(found) <= n:
        what = str(rng.choice(["edit", "edit", "edit", "undo", "undo", "redo", "lock"]))
        if what == "lock":
            code = str(rng.choice(sorted(set(before.values()))))
            assert plans.post("li", "locks", {"locks": [code]}).status_code == 200
            held = {"If-Match": plans.etag()}
            gone = plans.clients["li"].delete(f"/v1/plans/{plans.plan}/locks", params={"lock": code}, headers=held)
            assert gone.status_code == 200
            after, told = before, gone.json()
            revision = int(gone.headers["etag"].strip('"').rpartition("-")[2])
            found.append((revision - 1, before, found[-1][2]))
        else:
            body = body_of(random_wish(rng, plans.ground, plans.sheet())) if what == "edit" else None
            answer = plans.post("wang", "moves" if body else what, body)
            if answer.status_code == 409:
                continue
            assert answer.status_code in (200, 201), answer.text
            told, after = answer.json(), seen(plans)
            revision = told["plan"]["revision"]
            moved = [[id, before[id], after[id]] for id in before if before[id] != after[id]]
            assert sorted(told["pieces"]) == sorted(moved)
            assert moved
        found.append((revision, after, content(plans, plans.plan)))
        before = after
    return found


def test_pieces_in_answers_and_history_are_the_difference_of_what_is_read_before_and_after(plans: PlanSite) -> None:
    steps = some_steps(plans, N_STEPS, seed=5)
    told = plans.get("changes", after=1).json()
    assert told["next"] is None
    assert told["plan"]["revision"] == steps[-1][0]
    assert [one["revision"] for one in told["changes"]] == list(range(2, steps[-1][0] + 1))
    states = {revision: state for revision, state, _ in steps}
    for one in told["changes"]:
        if one["pieces"] is None:
            assert one["kind"] in ("lock", "unlock")
            continue
        before, after = states[one["revision"] - 1], states[one["revision"]]
        assert sorted(one["pieces"]) == sorted([id, before[id], after[id]] for id in before if before[id] != after[id])
    # Steps say which grids came and went, for a page that shows an undo before it is answered.
    for step in plans.get("moves", limit=500).json()["steps"]:
        before, after = states[step["revision"] - 1], states[step["revision"]]
        if step["revision"] in {one["revision"] for one in told["changes"] if one["kind"] == step["kind"]}:
            assert {row["code"] for row in step["came"]} == set(after.values()) - set(before.values())
            assert {row["code"] for row in step["went"]} == set(before.values()) - set(after.values())


def test_a_plan_is_copied_as_it_was_at_any_revision(plans: PlanSite) -> None:
    steps = some_steps(plans, N_STEPS, seed=9)
    chosen = [steps[0], *steps[3::9], steps[-1]]
    for revision, state, told in chosen:
        body = {"parent": plans.plan, "name": f"as at {revision}", "at_revision": revision}
        made = plans.clients["wang"].post("/v1/plans", json=body)
        assert made.status_code == 201, made.text
        child = made.json()["id"]
        assert (made.json()["revision"], made.json()["steps"], made.json()["parent"]) == (1, 0, plans.plan)
        assert seen(plans, child) == state
        assert content(plans, child) == told
        with plans.site.store.read() as tx:
            assert not verify(tx.plans.load(child), plans.town.territory, plans.town.rules).faults


def test_a_revision_that_never_was_and_codes_that_are_issued_are_out_of_reach(plans: PlanSite) -> None:
    some_steps(plans, 8, seed=1)
    newest = plans.get().json()["revision"]

    def fork(revision: int) -> Any:
        body = {"parent": plans.plan, "at_revision": revision}
        return plans.clients["wang"].post("/v1/plans", json=body)

    refused = fork(newest + 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "revision_out_of_reach")
    assert fork(0).status_code == 422
    assert fork(newest).status_code == 201
    with plans.site.store.write(plans.site.act("wang")) as tx:
        tx.life.change_state(plans.plan, "submitted")
    assert fork(1).status_code == 201
    with plans.site.store.write(plans.site.act("chen")) as tx:
        tx.life.change_state(plans.plan, "approved")
    refused = fork(1)
    assert (refused.status_code, refused.json()["code"]) == (409, "revision_out_of_reach")
    assert fork(newest + 2).status_code == 201


def test_changes_come_in_pages_and_not_at_all_to_who_knows_them(plans: PlanSite) -> None:
    some_steps(plans, 6, seed=2)
    newest = plans.get().json()["revision"]
    first = plans.get("changes", after=1, limit=2).json()
    assert [one["revision"] for one in first["changes"]] == [2, 3]
    rest = plans.get("changes", after=first["next"], limit=500)
    assert [one["revision"] for one in rest.json()["changes"]] == list(range(4, newest + 1))
    assert rest.json()["next"] is None
    client, path = plans.clients["zhao"], f"/v1/plans/{plans.plan}/changes"
    known = client.get(path, headers={"If-None-Match": rest.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert client.get(path, params={"after": newest}).json()["changes"] == []


def test_the_audit_log_holds_no_ground(plans: PlanSite) -> None:
    some_steps(plans, 20, seed=3)
    with plans.site.store.read() as tx:
        rows = tx.audit.entries(limit=1_000)
        assert tx.audit.first_broken() is None
    dropped = [row for row in rows if row.after and row.after.get("dropped")]
    assert dropped
    for row in rows:
        assert not {"atoms", "members", "ground", "came", "went"} & set(row.after or ())
        assert "shape" not in str(row.after)
