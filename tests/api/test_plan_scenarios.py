"""Scenarios over HTTP: the family of a plan as a tree, and two plans side by side in full."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest
import shapely
from shapely.geometry import shape

from data.store import SqlStore
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
RTL = "\u202egnp.exe"
HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>${1}' + RTL


@pytest.fixture
def plans(store: SqlStore) -> PlanSite:
    return make_plan_site(store)


def fork(plans: PlanSite, parent: str, name: str) -> str:
    plans.site.clock.pass_by(seconds=1)
    answer = plans.clients["wang"].post("/v1/plans", json={"parent": parent, "name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def one_move(plans: PlanSite) -> dict[str, Any]:
    """Move a piece of ground with homes across a border; what the service says of it."""
    sheet, graph = plans.sheet(), plans.ground.graph
    for edge in range(len(graph.edge_a)):
        a, b = int(graph.edge_a[edge]), int(graph.edge_b[edge])
        if sheet.atom_code[a] == sheet.atom_code[b] or not graph.households[a]:
            continue
        body = {"kind": "move", "atoms": [graph.atom_ids[a]], "grid": str(sheet.atom_code[b])}
        answer = plans.post("wang", "moves", body)
        if answer.status_code == 201:
            return dict(answer.json())
    raise AssertionError("no piece can be moved")


def test_a_family_is_told_as_a_tree_from_any_of_its_members(plans: PlanSite) -> None:
    top = plans.plan
    a, b = fork(plans, top, "A"), fork(plans, top, "B")
    a1, a2, b1 = fork(plans, a, "A1"), fork(plans, a, "A2"), fork(plans, b, "B1")
    wanted = [top, a, a1, a2, b, b1]
    for id in (top, a2, b1):
        told = plans.clients["zhao"].get(f"/v1/plans/{id}/family").json()
        assert ([plan["id"] for plan in told["plans"]], told["more"]) == (wanted, 0)
    parents = {plan["id"]: plan["parent"] for plan in told["plans"]}
    assert parents == {top: None, a: top, b: top, a1: a, a2: a, b1: b}


def test_a_plan_without_kin_is_a_family_of_one(plans: PlanSite) -> None:
    told = plans.get("family").json()
    assert [plan["id"] for plan in told["plans"]] == [plans.plan]
    assert plans.clients["root"].get("/v1/plans/p000000000000/family").status_code == 404


def test_a_large_family_is_cut_and_still_holds_who_asked(plans: PlanSite, store: SqlStore) -> None:
    children = [fork(plans, plans.plan, f"{i}") for i in range(6)]
    with store.read() as tx:
        cards, more = tx.plans.family(children[-1], most=4)
    assert [card.id for card in cards] == [plans.plan, *children[:2], children[-1]]
    assert more == 3


def test_detail_holds_the_change_list_the_ground_and_more_measures(plans: PlanSite) -> None:
    base = plans.plan
    plans.plan = fork(plans, base, "A")
    moved = one_move(plans)
    told = plans.get("compare", **{"with": base, "detail": True}).json()
    short = plans.get("compare", **{"with": base}).json()
    assert [plan["id"] for plan in told["plans"]] == [base, plans.plan]
    assert [plan["title"] for plan in told["plans"]] == ["plan", "A"]
    assert all(len(plan["measures"]) >= 12 for plan in told["plans"])
    for plan, brief in zip(told["plans"], short["plans"]):
        assert brief["measures"].items() <= plan["measures"].items()
    (pair,) = told["pairs"]
    assert pair["same_territory"] is True
    changed = [row for row in pair["change_list"] if row["change"] != "kept"]
    (before,), (after,) = ({m[side] for m in moved["moved"]} for side in ("before", "after"))
    assert {row["new"] for row in changed} == {before, after}
    assert all(row["community_name"] and row["new_name"] for row in changed)
    features = pair["ground"]["features"]
    assert {(f["properties"]["old"], f["properties"]["new"]) for f in features} == {(before, after)}
    ground = shapely.union_all([shape(f["geometry"]) for f in features])
    said = shape(moved["ground"])
    assert ground.symmetric_difference(said).area < 0.01 * said.area
    households = {row["new"]: row["households_in"] for row in changed}[after]
    assert sum(f["properties"]["households"] for f in features) == households


def test_the_change_list_is_a_table_in_either_language_and_no_name_becomes_a_formula(
    plans: PlanSite, store: SqlStore
) -> None:
    base = plans.plan
    plans.plan = fork(plans, base, "A")
    graph = plans.ground.graph
    for atom in range(graph.n_atoms):
        body = {"kind": "new", "atoms": [graph.atom_ids[atom]], "grid_name": HOSTILE}
        if graph.households[atom] and plans.post("wang", "moves", body).status_code == 201:
            break
    for lang, word in (("en", "change"), ("zh", "类别")):
        answer = plans.get("compare/changes", who="zhao", **{"with": base, "as": "csv", "lang": lang})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert rows[0][0] == word
        cells = [cell for row in rows[1:] for cell in row]
        assert f"'{HOSTILE}" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    place = {"lon": 120.0, "lat": 30.0, "text": "by the river, please"}
    assert plans.clients["chen"].post(f"/v1/plans/{plans.plan}/notes", json=place).status_code == 201
    book = plans.get("compare/changes", who="zhao", **{"with": base, "as": "xlsx", "lang": "zh"})
    assert book.status_code == 200, book.text
    sheets = openpyxl.load_workbook(io.BytesIO(book.content))
    found = [cell for table in sheets for row in table.iter_rows() for cell in row if cell.value is not None]
    assert any("by the river" in str(cell.value) for cell in found)
    assert any("HYPERLINK" in str(cell.value) for cell in found)
    assert all(cell.data_type != "f" for cell in found if "HYPERLINK" in str(cell.value))


def test_plans_that_are_not_there_can_not_be_compared(plans: PlanSite) -> None:
    for what in ("compare", "compare/changes"):
        for detail in (False, True):
            answer = plans.get(what, **{"with": "p000000000000", **({"detail": True} if detail else {})})
            assert answer.status_code in (400, 404), answer.text
        assert plans.get(what).status_code == 400
