"""Two planners on one plan: stale edits are answered with both differences, disjoint ones can go in, none is lost."""

from __future__ import annotations

import hashlib
from itertools import count
from typing import Any

import numpy as np
import pytest
import shapely

from api.routes.plan_schemas import RenameIn
from data.store import SqlStore
from partition.checks import verify
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
N_EDITS = 1_000


@pytest.fixture
def plans(store: SqlStore) -> PlanSite:
    return make_plan_site(store)


def _good_moves(plans: PlanSite, n: int, *, apart: bool = False) -> list[dict[str, Any]]:
    """Moves that each are possible on the plan as it is; of grids that have nothing in common where ``apart``."""
    rng = np.random.default_rng(3)
    sheet = plans.sheet()
    found: list[dict[str, Any]] = []
    used: set[str] = set()
    for body in plans.border_moves(sheet, rng):
        atom = plans.ground.atom_at[body["atoms"][0]]
        grids = {str(sheet.atom_code[atom]), body["grid"]}
        if (apart and grids & used) or not plans.ground.members.get(atom):
            continue
        answer = plans.post("root", "moves", body)
        if answer.status_code == 201:
            assert plans.post("root", "undo").status_code == 200
            found.append(body)
            used |= grids
        if len(found) == n:
            return found
    raise AssertionError


def test_a_change_without_if_match_is_asked_for_it(plans: PlanSite) -> None:
    client, path = plans.clients["wang"], f"/v1/plans/{plans.plan}"
    for answer in (
        client.patch(path, json={"name": "x"}),
        client.post(f"{path}/moves", json={"kind": "dissolve", "grid": "x"}),
        client.post(f"{path}/undo"),
        client.post(f"{path}/redo"),
        client.post(f"{path}/locks", json={"locks": ["all"]}),
        client.delete(f"{path}/locks", params={"lock": "all"}),
        client.post(f"{path}/status", json={"state": "submitted"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (428, "if_match_missing"), answer.request.url
    for tag in (
        "*",
        "1",
        '"1"',
        'W/"x-1"',
        f'"{plans.plan}-x"',
        '"p-1", "p-2"',
        f'"{plans.plan}-99999999999999999999"',
    ):
        answer = client.patch(path, json={"name": "x"}, headers={"If-Match": tag})
        assert (answer.status_code, answer.json()["code"]) == (400, "if_match_malformed"), tag


def test_a_stale_edit_is_told_who_changed_what_and_where(plans: PlanSite) -> None:
    (mine,) = _good_moves(plans, 1)
    etag = plans.etag()
    first = plans.post("wang", "moves", {**mine, "name": "Wang's"}, etag=etag)
    assert first.status_code == 201
    clash = plans.post("li", "moves", {"kind": "dissolve", "grid": mine["grid"]}, etag=etag)
    told = clash.json()
    assert (clash.status_code, told["code"]) == (412, "plan_changed_meanwhile")
    assert clash.headers["etag"] == told["etag"] == first.headers["etag"]
    assert clash.headers["content-type"] == "application/problem+json"
    (theirs,) = told["theirs"]
    assert (theirs["who"], theirs["title"], theirs["kind"]) == ("wang", "Wang's", "move")
    assert theirs["members"] == first.json()["moved"]
    assert set(theirs["grids"]) == {moved[side] for moved in theirs["members"] for side in ("before", "after")}
    # The ground is that of the atom that moved, in longitude and latitude.
    atom = plans.ground.atom_at[mine["atoms"][0]]
    there = shapely.geometry.shape(theirs["ground"])
    wanted = plans.ground.lon_lat[atom]
    assert there.symmetric_difference(wanted).area < 1e-3 * wanted.area
    assert told["mergeable"] is False
    assert told["yours"] is not None
    assert plans.etag() == first.headers["etag"]


def test_a_disjoint_edit_can_be_let_in_on_the_newer_revision(plans: PlanSite) -> None:
    mine, yours = _good_moves(plans, 2, apart=True)
    etag = plans.etag()
    assert plans.post("wang", "moves", mine, etag=etag).status_code == 201
    stale = plans.post("li", "moves", yours, etag=etag)
    assert (stale.status_code, stale.json()["mergeable"]) == (412, True)
    assert not {*stale.json()["yours"]["grids"]} & {*stale.json()["theirs"][0]["grids"]}
    merged = plans.post("li", "moves", yours, etag=etag, **{"X-Merge": "disjoint"})
    assert merged.status_code == 201
    assert merged.json()["plan"]["revision"] == stale.json()["revision"] + 1
    sheet = plans.sheet()
    for body in (mine, yours):
        assert sheet.atom_code[plans.ground.atom_at[body["atoms"][0]]] == body["grid"]
    wrong = plans.post("li", "moves", yours, etag=etag, **{"X-Merge": "please"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "merge_unknown")
    # One that touches the same ground is not let in, whatever it says.
    clash = plans.post("li", "moves", {"kind": "dissolve", "grid": mine["grid"]}, etag=etag, **{"X-Merge": "disjoint"})
    assert clash.status_code == 412


def test_what_is_no_edit_of_ground_is_stale_too(plans: PlanSite) -> None:
    etag = plans.etag()
    assert plans.post("wang", "locks", {"locks": ["all"]}, etag=etag).status_code == 200
    client, path, tag = plans.clients["li"], f"/v1/plans/{plans.plan}", {"If-Match": etag}
    for answer in (
        client.patch(path, json={"name": "x"}, headers=tag),
        client.post(f"{path}/undo", headers=tag),
        client.post(f"{path}/redo", headers=tag),
        client.post(f"{path}/locks", json={"locks": ["all"]}, headers=tag),
        client.delete(f"{path}/locks", params={"lock": "all"}, headers=tag),
        client.post(f"{path}/status", json={"state": "submitted"}, headers=tag),
    ):
        told = answer.json()
        assert (answer.status_code, told["code"]) == (412, "plan_changed_meanwhile"), answer.request.url
        assert [(row["kind"], row["who"]) for row in told["theirs"]] == [("lock", "wang")]
        assert told["yours"] is None
        assert told["mergeable"] is False


def test_a_request_sent_twice_is_done_once(plans: PlanSite) -> None:
    (mine,) = _good_moves(plans, 1)
    etag = plans.etag()
    key = {"Idempotency-Key": "9f1c-once"}
    first = plans.post("wang", "moves", mine, etag=etag, **key)
    again = plans.post("wang", "moves", mine, etag=etag, **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"] == plans.etag()
    assert again.headers["x-repeated"] == "true"
    other = plans.post("wang", "moves", {**mine, "name": "other"}, etag=etag, **key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    # Keys are everybody's own, and a refused request keeps no answer.
    assert plans.post("li", "moves", mine, etag=etag, **key).status_code == 412
    assert plans.post("wang", "undo", **key).status_code == 409
    failed = plans.post("wang", "redo", **{"Idempotency-Key": "later"})
    assert failed.json()["code"] == "nothing_to_redo"
    assert plans.post("wang", "undo").status_code == 200
    assert plans.post("wang", "redo", **{"Idempotency-Key": "later"}).status_code == 200
    for wrong in ("", "x" * 201, "two words"):
        answer = plans.post("wang", "undo", **{"Idempotency-Key": wrong})
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed"), wrong
    made = [plans.clients["wang"].post("/v1/plans", json={"parent": plans.plan}, headers=key) for _ in range(2)]
    assert made[0].json()["code"] == "idempotency_key_reused"
    fresh = {"Idempotency-Key": "fork-1"}
    made = [plans.clients["wang"].post("/v1/plans", json={"parent": plans.plan}, headers=fresh) for _ in range(2)]
    assert made[0].json() == made[1].json()
    assert made[1].headers["location"] == f"/v1/plans/{made[0].json()['id']}"
    assert len(plans.clients["wang"].get("/v1/plans").json()["plans"]) == 2


def test_two_planners_and_a_thousand_edits_lose_none(plans: PlanSite) -> None:
    """Each knows what they last read; what was answered 201 is in the end, what was stale got 412, and nothing else."""
    rng = np.random.default_rng(2026)
    ground = plans.ground
    sheet = plans.sheet()
    model = {member: str(sheet.atom_code[atom]) for member, atom in ground.atom_of.items()}
    known = {who: (plans.etag(), dict(model)) for who in ("wang", "li")}
    revision = 1
    counts = {"made": 0, "stale": 0, "merged": 0, "refused": 0}
    for _ in range(N_EDITS):
        who = str(rng.choice(["wang", "li"]))
        etag, seen = known[who]
        body = _some_move(plans, seen, rng)
        headers = {"X-Merge": "disjoint"} if rng.random() < 0.3 else {}
        answer = plans.post(who, "moves", body, etag=etag, **headers)
        is_stale = int(etag.strip('"').rpartition("-")[2]) != revision
        if answer.status_code == 201:
            assert not is_stale or headers
            told = answer.json()
            for row in told["moved"]:
                member = (row["kind"], row["id"])
                assert model[member] == row["before"]
                model[member] = row["after"]
            revision += 1
            assert told["plan"]["revision"] == revision
            counts["merged" if is_stale else "made"] += 1
            known[who] = (answer.headers["etag"], dict(model))
        elif answer.status_code == 412:
            assert is_stale
            told = answer.json()
            assert told["revision"] == revision
            n_behind = revision - told["known_revision"]
            assert len(told["theirs"]) + told["more_changes"] == n_behind > 0
            counts["stale"] += 1
            known[who] = (told["etag"], dict(model))
        else:
            assert answer.status_code == 409, answer.text
            assert not is_stale or headers
            counts["refused"] += 1
            if rng.random() < 0.5:
                known[who] = (plans.etag(), dict(model))
    with plans.site.store.read() as tx:
        filed = tx.plans.load(plans.plan)
        assert tx.plans.card(plans.plan).revision == revision
        assert tx.audit.first_broken() is None
        changes = tx.life.history.changes(plans.plan, limit=10_000)
    found = {(kind, id): grid for kind, id, grid in zip(*(filed.members[c] for c in ("kind", "id", "grid")))}
    assert found == model
    assert [change.revision for change in changes] == list(range(2, revision + 1))
    assert not verify(filed, plans.town.territory, plans.town.rules).faults
    assert min(counts.values()) >= 20, counts


def _some_move(plans: PlanSite, seen: dict[tuple[str, str], str], rng: np.random.Generator) -> dict[str, Any]:
    """A move of one building's ground to a grid next to it, as somebody sees the plan."""
    graph, ground = plans.ground.graph, plans.ground
    while True:
        edge = int(rng.integers(len(graph.edge_a)))
        a, b = int(graph.edge_a[edge]), int(graph.edge_b[edge])
        if rng.random() < 0.5:
            a, b = b, a
        mine, yours = ground.members.get(a), ground.members.get(b)
        if mine and yours and seen[mine[0]] != seen[yours[0]]:
            kind, id = mine[0]
            return {"kind": "move", "members": [{"kind": kind, "id": id}], "grid": seen[yours[0]]}


def test_kept_answers_are_swept_up_after_two_days(plans: PlanSite) -> None:
    client, path = plans.clients["wang"], f"/v1/plans/{plans.plan}"

    def rename(name: str, key: str) -> str:
        headers = {"If-Match": plans.etag(), "Idempotency-Key": key}
        answer = client.patch(path, json={"name": name}, headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.headers.get("x-repeated", "false"))

    def sweeps(name: str) -> bool:
        body = RenameIn(name=name).model_dump_json()
        return hashlib.sha256(f"PATCH {path}?\n{body}".encode()).hexdigest().startswith("00")

    broom = next(name for name in map(str, count()) if sweeps(name))
    assert (rename("first", "old"), rename("first", "old")) == ("false", "true")
    plans.site.clock.pass_by(hours=47)
    rename(broom, "broom-1")
    assert rename("first", "old") == "true"
    plans.site.clock.pass_by(hours=2)
    rename(broom, "broom-2")
    assert rename("first", "old") == "false"
