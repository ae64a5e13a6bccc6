"""The life of plans over HTTP: roles, four eyes, soundness, dates, children, papers, comparison."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from data.store import SqlStore
from data.store.rooms.life import NEXT
from tests.plan_kit import keep_plan
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
MAY = {
    "submitted": "wang",
    "withdrawn": "wang",
    "filed": "wang",
    "returned": "chen",
    "approved": "chen",
    "in_force": "chen",
}


@pytest.fixture
def plans(store: SqlStore) -> PlanSite:
    return make_plan_site(store)


def go(plans: PlanSite, *states: str, plan: str = "", **body: Any) -> Response:
    """Some steps, each by one who may; the last answer."""
    for state in states:
        plans.site.clock.pass_by(seconds=1)
        client = plans.clients[MAY[state]]
        id = plan or plans.plan
        answer = client.post(
            f"/v1/plans/{id}/status",
            json={"state": state, **(body if state == "in_force" else {})},
            headers={"If-Match": plans.etag(id)},
        )
        assert answer.status_code == 200, answer.text
    return answer


def test_the_whole_road_of_a_plan(plans: PlanSite) -> None:
    told = go(plans, "submitted", "returned", "submitted", "approved", "filed", "in_force").json()
    assert told["plan"]["state"] == "in_force"
    assert [stay["state"] for stay in told["states"]] == [
        "draft",
        "submitted",
        "returned",
        "submitted",
        "approved",
        "filed",
        "in_force",
    ]
    assert [stay["revision"] for stay in told["states"]] == [1, 2, 3, 4, 5, 6, 7]
    assert {reign["community"] for reign in told["reigns"]} == set(plans.sheet().communities)
    assert {reign["valid_to"] for reign in told["reigns"]} == {None}
    listed = plans.clients["zhao"].get("/v1/plans", params={"at": plans.site.clock().isoformat()}).json()
    assert [plan["id"] for plan in listed["plans"]] == [plans.plan]
    with plans.site.store.read() as tx:
        kinds = [event.kind for event in tx.outbox.since(0)]
        assert tx.audit.first_broken() is None
    assert kinds.count("plan.in_force") == 1


@pytest.mark.parametrize("state", sorted(MAY))
def test_each_step_belongs_to_one_role(plans: PlanSite, state: str) -> None:
    etag = plans.etag()
    for who, client in plans.clients.items():
        if who in (MAY[state], "root") or (who == "li" and MAY[state] == "wang"):
            continue
        answer = client.post(f"/v1/plans/{plans.plan}/status", json={"state": state}, headers={"If-Match": etag})
        assert (answer.status_code, answer.json()["code"] in ("step_not_allowed", "role_refused")) == (403, True)
    assert plans.etag() == etag


def test_an_illegal_step_names_the_legal_ones(plans: PlanSite) -> None:
    answer = plans.clients["chen"].post(
        f"/v1/plans/{plans.plan}/status", json={"state": "in_force"}, headers={"If-Match": plans.etag()}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_step_illegal")
    assert answer.json()["faults"][0]["facts"]["allowed"] == ", ".join(NEXT["draft"])
    assert plans.get().json()["next_states"] == list(NEXT["draft"])


def test_nobody_approves_their_own_submission_not_even_an_administrator(plans: PlanSite) -> None:
    root = plans.clients["root"]
    path = f"/v1/plans/{plans.plan}/status"
    assert root.post(path, json={"state": "submitted"}, headers={"If-Match": plans.etag()}).status_code == 200
    answer = root.post(path, json={"state": "approved"}, headers={"If-Match": plans.etag()})
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_own_submission")
    assert go(plans, "approved").json()["plan"]["approved_by"] == "chen"


def test_a_plan_out_of_band_by_hand_is_not_submitted_and_the_rule_is_named(plans: PlanSite) -> None:
    sheet = plans.sheet()
    community = next(
        place
        for place, row in sorted(sheet.communities.items())
        if row["feasible"] == "yes"
        and sum(g["community"] == place and g["kind"] == "standard" for g in sheet.grids.values()) > 1
    )
    grids = [g["code"] for g in sheet.grids.values() if g["community"] == community and g["kind"] == "standard"]
    for other in grids[1:]:
        merged = plans.post("wang", "moves", {"kind": "merge", "grids": [grids[0], other]})
        if merged.status_code == 201:
            break
    told = merged.json()
    assert [row["code"] for row in told["broken_rules"]] == ["edited"]
    assert told["communities"][0]["bound"] is None
    path = f"/v1/plans/{plans.plan}/status"
    answer = plans.clients["wang"].post(path, json={"state": "submitted"}, headers={"If-Match": plans.etag()})
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_not_sound")
    assert "plan_rule_open" in {row["code"] for row in answer.json()["faults"]}
    assert plans.post("wang", "undo").json()["communities"][0]["bound"] is not None
    assert go(plans, "submitted").status_code == 200


def test_a_child_carries_codes_on_and_retires_those_it_gives_up(plans: PlanSite) -> None:
    go(plans, "submitted", "approved", "filed", "in_force")
    base = plans.plan
    made = plans.clients["wang"].post("/v1/plans", json={"parent": base, "name": "next year"})
    assert made.status_code == 201
    child = made.json()
    assert (child["state"], child["parent"], child["name"], child["revision"]) == ("draft", base, "next year", 1)
    assert made.headers["location"] == f"/v1/plans/{child['id']}"
    plans.plan = child["id"]
    sheet = plans.sheet()
    dedicated = {c for c, row in sheet.grids.items() if row["kind"] != "standard"}
    for code in sorted(set(sheet.grids) - dedicated):
        gone = plans.post("wang", "moves", {"kind": "dissolve", "grid": code})
        if gone.status_code == 201:
            break
    assert gone.json()["gone"] == [code]
    community = sheet.grids[code]["community"]
    mine = plans.ground.divisions[plans.ground.community_at[community]].atoms.tolist()
    atom = next(a for a in mine if plans.ground.members.get(a))
    tried = [
        plans.post("wang", "moves", {"kind": "new", "atoms": [plans.ground.graph.atom_ids[a]]})
        for a in mine
        if plans.ground.members.get(a)
    ]
    fresh = next(t.json() for t in tried if t.status_code == 201)
    new = next(g["code"] for g in fresh["grids"] if g["code"] not in sheet.grids)
    assert new != code, atom
    with plans.site.store.read() as tx:
        assert code in tx.plans.load(plans.plan).meta["retired_codes"].split()
    # Taken back as far as it takes for the plan to be lawful again: the crosswalk comes with the submission.
    while plans.get().json()["steps"]:
        assert plans.post("wang", "undo").status_code == 200
    go(plans, "submitted")
    with plans.site.store.read() as tx:
        filed = tx.plans.load(plans.plan)
        old = tx.plans.load(base)
    assert filed.crosswalk is not None
    assert set(filed.crosswalk["relation"]) == {"kept"}
    assert filed.meta["parent_plan"] == old.meta["plan_id"] != filed.meta["plan_id"]
    told = go(plans, "approved", "filed", "in_force").json()
    assert told["plan"]["state"] == "in_force"
    assert plans.clients["wang"].get(f"/v1/plans/{base}").json()["state"] == "superseded"


def test_a_day_to_come_is_shown_and_comes_by_itself(plans: PlanSite) -> None:
    day = plans.site.clock() + timedelta(days=3)
    go(plans, "submitted", "approved", "filed")
    told = go(plans, "in_force", effective_from=day.isoformat()).json()
    assert (told["plan"]["state"], told["plan"]["effective_from"][:19]) == ("filed", day.isoformat()[:19])
    assert plans.get().json()["state"] == "filed"
    plans.site.clock.pass_by(days=3)
    assert plans.get().json()["state"] == "in_force"
    assert [s["who"] for s in plans.get("status").json()["states"]][-1] == "system"


def test_days_that_make_no_sense_are_refused(plans: PlanSite) -> None:
    go(plans, "submitted", "approved", "filed")
    path = f"/v1/plans/{plans.plan}/status"
    past = (plans.site.clock() - timedelta(days=1)).isoformat()

    def ask(who: str, **body: Any) -> tuple[int, str]:
        answer = plans.clients[who].post(path, json=body, headers={"If-Match": plans.etag()})
        return answer.status_code, answer.json().get("code", "")

    assert ask("chen", state="in_force", effective_from=past) == (409, "effective_in_past")
    assert ask("wang", state="filed", effective_from=past)[0] == 422
    assert ask("chen", state="in_force", effective_from="2026-11-22T08:00:00")[0] == 422
    assert ask("chen", state="in_force", effective_from="soon")[0] == 422
    assert ask("chen", state="superseded")[0] == 422
    assert ask("root", state="in_force", effective_from=past)[0] == 200


def test_two_children_of_one_plan_do_not_overwrite_each_other(plans: PlanSite) -> None:
    go(plans, "submitted", "approved", "filed", "in_force")
    base = plans.plan
    mine, yours = (plans.clients["wang"].post("/v1/plans", json={"parent": base}).json()["id"] for _ in range(2))
    go(plans, "submitted", "approved", "filed", "in_force", plan=yours)
    go(plans, "submitted", "approved", "filed", plan=mine)
    path = f"/v1/plans/{mine}/status"
    answer = plans.clients["chen"].post(path, json={"state": "in_force"}, headers={"If-Match": plans.etag(mine)})
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_base_outdated")
    assert go(plans, "in_force", plan=mine, over_others=True).json()["plan"]["state"] == "in_force"


def test_papers_and_comparison_of_plans_in_the_store(plans: PlanSite) -> None:
    go(plans, "submitted", "approved", "filed", "in_force")
    base = plans.plan
    plans.plan = plans.clients["wang"].post("/v1/plans", json={"parent": base}).json()["id"]
    sheet = plans.sheet()
    graph = plans.ground.graph
    for edge in range(len(graph.edge_a)):
        a, b = str(sheet.atom_code[graph.edge_a[edge]]), str(sheet.atom_code[graph.edge_b[edge]])
        if a == b:
            continue
        body = {"kind": "move", "atoms": [graph.atom_ids[graph.edge_a[edge]]], "grid": b}
        answer = plans.post("wang", "moves", body)
        if answer.status_code == 201 and answer.json()["moved"]:
            break
    moved = answer.json()["moved"]
    told = plans.get("compare", **{"with": base}).json()
    assert [plan["name"] for plan in told["plans"]] == [f"{base}-5", f"{plans.plan}-2"]
    assert told["pairs"][0]["unchanged"] is False
    assert moved
    same = plans.get("compare", **{"with": plans.plan}).json()
    assert same["pairs"][0]["unchanged"] is True
    papers = plans.clients["zhao"].get(f"/v1/plans/{base}/file", params={"lang": "en"})
    assert papers.status_code == 200, papers.text
    assert papers.headers["content-type"] == "application/zip"
    names = set(zipfile.ZipFile(io.BytesIO(papers.content)).namelist())
    assert {"register.xlsx", "atlas.pdf", "README.txt"} <= names
    again = plans.clients["zhao"].get(f"/v1/plans/{base}/file", params={"lang": "en"})
    assert again.content == papers.content


def test_papers_of_a_plan_that_is_not_sound_say_why(plans: PlanSite) -> None:
    sheet = plans.sheet()
    feasible = {place for place, row in sheet.communities.items() if row["feasible"] == "yes"}
    grids = [g for g in sheet.grids.values() if g["kind"] == "standard" and g["community"] in feasible]
    for grid in grids:
        if plans.post("wang", "moves", {"kind": "dissolve", "grid": grid["code"]}).status_code == 201:
            break
    answer = plans.get("file")
    assert (answer.status_code, answer.json()["code"]) == (409, "filing_plan_fails")


def test_the_local_user_alone_may_do_all_and_the_log_says_so(store: SqlStore) -> None:
    from api.app import create_app
    from api.http.settings import ServiceSettings

    id = keep_plan(store)
    client = TestClient(create_app(store, ServiceSettings()), base_url="http://127.0.0.1", client=("127.0.0.1", 5))
    for state in ("submitted", "approved", "filed", "in_force"):
        etag = client.get(f"/v1/plans/{id}").headers["etag"]
        answer = client.post(f"/v1/plans/{id}/status", json={"state": state}, headers={"If-Match": etag})
        assert answer.status_code == 200, answer.text
    with store.read() as tx:
        entry = next(e for e in tx.audit.entries(limit=1000) if e.action == "plan.approve")
    assert (entry.who, entry.after["four_eyes"]) == ("local", False)
