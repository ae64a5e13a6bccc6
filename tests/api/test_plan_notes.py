"""Notes on plans over HTTP: who may write, what is kept of a text, what forks see, hostile text, the history."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from openpyxl import load_workbook

from data.store import SqlStore
from tests.http_kit import code
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import (
    embedded_store,
    migrated_file,
    migrated_server,
    postgis_server,
    postgis_store,
    store,
)

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]

GEO = "application/geo+json"
HOSTILE = (
    "<script>window.__t = 1</script>",
    "${7*7} {0} {{x}} %s",
    "‮gnp.drawkcab‬ ⁦a⁩",
    '=HYPERLINK("http://x")',
    "'; drop table plan_notes; --",
    "Z̷̛a̴l̸g̶o 𝕏 👩‍👩‍👧‍👦 \t tab\nline",
)


@pytest.fixture
def site(store: SqlStore) -> Iterator[PlanSite]:
    made = make_plan_site(store, 2_000)
    with made.clients["root"]:
        yield made


@pytest.fixture
def small(embedded_store: SqlStore) -> PlanSite:
    return make_plan_site(embedded_store, 2_000)


def place(site: PlanSite) -> dict[str, float]:
    point = site.town.filed.grids.to_crs(4326).geometry.iloc[0].representative_point()
    return {"lon": round(point.x, 7), "lat": round(point.y, 7)}


def pin(site: PlanSite, words: str = "look here", who: str = "chen", plan: str = "", **more: Any) -> Any:
    body = {**place(site), "text": words, **more}
    return site.clients[who].post(f"/v1/plans/{plan or site.plan}/notes", json=body)


def change(site: PlanSite, number: int, who: str, **body: Any) -> Any:
    return site.clients[who].patch(f"/v1/plans/{site.plan}/notes/{number}", json=body)


def notes(site: PlanSite, who: str = "root", **query: Any) -> list[dict[str, Any]]:
    answer = site.get("notes", who, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()["notes"]


def test_a_note_is_pinned_answered_settled_and_opened_again(site: PlanSite) -> None:
    etag = site.etag()
    grid = str(site.town.filed.grids["code"].iloc[0])
    answer = pin(site, "小区东门在此\n请核对", grid=grid)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made | {"at": None} == {
        "number": 1,
        "text": "小区东门在此\n请核对",
        "at": None,
        "who": "chen",
        "role": "reviewer",
        "edited_at": None,
        "removed_at": None,
        "removed_by": None,
        "removed_role": None,
        "may_edit": True,
        "plan": site.plan,
        "plan_name": "plan",
        "is_inherited": False,
        **place(site),
        "grid": grid,
        "state": "open",
        "settled_at": None,
        "settled_by": None,
        "settled_role": None,
        "answers": [],
    }
    answered = site.clients["wang"].post(f"/v1/plans/{site.plan}/notes/1/answers", json={"text": "moved"})
    assert answered.status_code == 201
    assert [(one["number"], one["text"], one["who"]) for one in answered.json()["answers"]] == [(2, "moved", "wang")]
    settled = change(site, 1, "wang", state="settled").json()
    assert (settled["state"], settled["settled_by"], settled["settled_role"]) == ("settled", "wang", "planner")
    assert [one["number"] for one in notes(site, "zhao", state="settled")] == [1]
    assert notes(site, state="open") == []
    assert site.get("notes").json() | {"notes": 0} == {"notes": 0, "open": 0, "settled": 1}
    assert change(site, 1, "chen", state="open").json()["settled_at"] is None
    assert site.etag() == etag  # a plan that is talked about is the same plan


def test_a_submitted_plan_is_talked_about_and_a_withdrawn_one_no_more(small: PlanSite) -> None:
    assert small.post("wang", "status", {"state": "submitted"}).status_code == 200
    assert pin(small).status_code == 201
    assert small.post("chen", "status", {"state": "returned"}).status_code == 200
    assert small.post("wang", "status", {"state": "withdrawn"}).status_code == 200
    assert code(pin(small)) == (409, "plan_closed")
    assert [one["text"] for one in notes(small)] == ["look here"]


def test_words_are_changed_and_removed_by_their_writer_or_an_admin_only(site: PlanSite) -> None:
    pin(site, who="chen")
    site.clients["wang"].post(f"/v1/plans/{site.plan}/notes/1/answers", json={"text": "mine"})
    path = f"/v1/plans/{site.plan}/notes"
    assert code(change(site, 1, "wang", text="x")) == (403, "note_not_yours")
    assert code(site.clients["wang"].delete(f"{path}/1")) == (403, "note_not_yours")
    assert code(site.clients["chen"].delete(f"{path}/2")) == (403, "note_not_yours")
    assert [one["may_edit"] for one in (notes(site, "wang")[0], notes(site, "wang")[0]["answers"][0])] == [False, True]
    edited = change(site, 1, "chen", text="look there").json()
    assert (edited["text"], edited["edited_at"] is not None) == ("look there", True)
    removed = site.clients["wang"].delete(f"{path}/2").json()
    assert removed["answers"][0] | {"at": 0, "removed_at": 0} == {
        "number": 2,
        "text": "",
        "at": 0,
        "who": "wang",
        "role": "planner",
        "edited_at": None,
        "removed_at": 0,
        "removed_by": "wang",
        "removed_role": "planner",
        "may_edit": False,
    }
    gone = site.clients["root"].delete(f"{path}/1").json()
    assert (gone["text"], gone["removed_by"], gone["removed_role"]) == ("", "root", "admin")
    assert code(site.clients["root"].delete(f"{path}/1")) == (409, "note_removed")
    assert "look" not in site.get("notes").text
    assert site.get("notes.geojson").json()["features"] == []


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_text_comes_back_as_it_was_written(small: PlanSite, words: str) -> None:
    assert pin(small, words).status_code == 201
    assert notes(small)[0]["text"] == words.strip()
    (feature,) = small.get("notes.geojson").json()["features"]
    assert feature["properties"]["text"] == words.strip()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", (422, "parameter_wrong")),
        (" \n\t ", (422, "note_text_empty")),
        ("​⁠‮", (422, "note_text_empty")),
        ("x" * 2_001, (422, "parameter_wrong")),
        ("x" * 10_240, (422, "parameter_wrong")),
        ("nul \u0000", (400, "json_text_refused")),
        ("bell \u0007", (422, "parameter_wrong")),
        ("call 13812345678", (422, "note_looks_personal")),
        ("联系１３８１２３４５６７８", (422, "note_looks_personal")),
        ("户主 11010519491231002X 在此", (422, "note_looks_personal")),
    ],
)
def test_what_may_not_be_kept_is_refused_and_not_kept(small: PlanSite, words: str, expected: tuple[int, str]) -> None:
    assert code(pin(small, words)) == expected
    assert notes(small) == []


def test_codes_of_grids_are_no_numbers_of_persons(small: PlanSite) -> None:
    assert pin(small, "330402015001004 and 330402015001005: 1380 households").status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"lon": 200.0, "lat": 0.0, "text": "x"},
        {"lon": 1.0, "text": "x"},
        {"lon": "1", "lat": 0.0, "text": "x"},
        {"lon": 1.0, "lat": 0.0, "text": "x", "state": "settled"},
        {"lon": 1.0, "lat": 0.0, "text": ["x"]},
    ],
)
def test_a_malformed_note_is_refused(small: PlanSite, body: dict[str, Any]) -> None:
    answer = small.clients["wang"].post(f"/v1/plans/{small.plan}/notes", json=body)
    assert answer.status_code == 422
    assert notes(small) == []


def test_a_note_about_a_grid_names_one_of_the_plan(small: PlanSite) -> None:
    assert code(pin(small, grid="no-such-grid")) == (422, "edit_grid_unknown")


def test_what_is_not_there_is_told(small: PlanSite) -> None:
    assert code(change(small, 1, "wang", state="settled")) == (404, "note_unknown")
    pin(small)
    assert code(change(small, 1, "wang")) == (422, "note_change_empty")
    assert code(change(small, 1, "wang", state="perhaps")) == (422, "parameter_wrong")
    path = f"/v1/plans/{small.plan}/notes"
    assert code(small.clients["wang"].post(f"{path}/7/answers", json={"text": "x"})) == (404, "note_unknown")
    assert code(small.clients["wang"].get("/v1/plans/p000000000000/notes")) == (404, "plan_unknown")


def test_sent_twice_with_one_key_it_is_written_once(site: PlanSite) -> None:
    path, body = f"/v1/plans/{site.plan}/notes", {**place(site), "text": "once"}
    answers = [site.clients["chen"].post(path, json=body, headers={"Idempotency-Key": "n-1"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["x-repeated"] == "true"
    assert len(notes(site)) == 1
    other = site.clients["chen"].post(path, json={**body, "text": "twice"}, headers={"Idempotency-Key": "n-1"})
    assert code(other) == (409, "idempotency_key_reused")


def test_notes_come_as_geojson_where_that_is_asked_for_and_are_not_sent_twice(small: PlanSite) -> None:
    pin(small, "one", grid=str(small.town.filed.grids["code"].iloc[0]))
    pin(small, "two")
    change(small, 2, "wang", state="settled")
    path = f"/v1/plans/{small.plan}/notes"
    by_accept = small.clients["zhao"].get(path, headers={"Accept": GEO})
    assert by_accept.headers["content-type"] == GEO
    by_name = small.clients["zhao"].get(f"{path}.geojson")
    assert by_name.json() == by_accept.json()
    first, second = by_name.json()["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": list(place(small).values())}
    assert [one["properties"]["state"] for one in (first, second)] == ["open", "settled"]
    assert small.clients["zhao"].get(f"{path}.geojson?state=open").json()["features"] == [first]
    known = {"If-None-Match": by_name.headers["etag"]}
    assert small.clients["zhao"].get(f"{path}.geojson", headers=known).status_code == 304
    pin(small, "three")
    assert small.clients["zhao"].get(f"{path}.geojson", headers=known).status_code == 200


def test_a_fork_shows_the_open_notes_of_its_parent_and_not_of_its_grandparent(small: PlanSite) -> None:
    pin(small, "open one")
    pin(small, "settled one")
    change(small, 2, "wang", state="settled")
    fork = small.clients["wang"].post("/v1/plans", json={"parent": small.plan, "name": "scenario"}).json()["id"]
    pin(small, "of the fork", plan=fork)
    found = small.clients["wang"].get(f"/v1/plans/{fork}/notes").json()["notes"]
    assert [(one["text"], one["plan"], one["is_inherited"]) for one in found] == [
        ("of the fork", fork, False),
        ("open one", small.plan, True),
    ]
    change(small, 1, "wang", state="settled")  # where it was written
    assert len(small.clients["wang"].get(f"/v1/plans/{fork}/notes").json()["notes"]) == 1
    change(small, 1, "wang", state="open")
    grandchild = small.clients["wang"].post("/v1/plans", json={"parent": fork}).json()["id"]
    found = small.clients["wang"].get(f"/v1/plans/{grandchild}/notes").json()["notes"]
    assert [one["text"] for one in found] == ["of the fork"]
    assert [one["text"] for one in notes(small)] == ["open one", "settled one"]


def test_a_comparison_tells_the_notes_of_both_plans(small: PlanSite) -> None:
    fork = small.clients["wang"].post("/v1/plans", json={"parent": small.plan, "name": "scenario"}).json()["id"]
    pin(small, "of the parent")
    pin(small, "of the fork", plan=fork)
    for detail in ("", "&detail=true"):
        told = small.clients["zhao"].get(f"/v1/plans/{fork}/compare?with={small.plan}{detail}").json()
        assert [(one["plan"], one["text"]) for one in told["notes"]] == [
            (small.plan, "of the parent"),
            (fork, "of the fork"),
        ]


def test_notes_are_filed_in_the_register_of_a_first_plan_and_as_points(small: PlanSite) -> None:
    pin(small, "=look here", grid=str(small.town.filed.grids["code"].iloc[0]))
    pin(small, "gone")
    small.clients["chen"].delete(f"/v1/plans/{small.plan}/notes/2")
    answer = small.clients["wang"].get(f"/v1/plans/{small.plan}/file?lang=en")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as papers:
        rows = list(load_workbook(io.BytesIO(papers.read("register.xlsx")))["Comments"].values)
        points = json.loads(papers.read("data/comments.geojson"))
        listed = papers.read("README.txt").decode()
        manifest = papers.read("manifest.json").decode()
    assert [row[4] for row in rows[3:]] == ["=look here"]
    assert [one["properties"]["text"] for one in points["features"]] == ["=look here"]
    assert "comments.geojson" in listed
    assert "comments.geojson" in manifest


def test_notes_are_filed_in_the_change_list_of_a_later_plan(small: PlanSite) -> None:
    for who, state in (("wang", "submitted"), ("chen", "approved")):
        assert small.post(who, "status", {"state": state}).status_code == 200
    pin(small, "open on the plan before")
    fork = small.clients["wang"].post("/v1/plans", json={"parent": small.plan, "name": "next"}).json()["id"]
    pin(small, "on the plan itself", plan=fork)
    answer = small.clients["wang"].get(f"/v1/plans/{fork}/file?lang=en&only=changes")
    assert answer.status_code == 200, answer.text
    rows = list(load_workbook(io.BytesIO(answer.content))["Comments"].values)
    assert [(row[0], row[4]) for row in rows[3:]] == [
        ("1", "on the plan itself"),
        ("plan “plan”: 1", "open on the plan before"),
    ]
    register = small.clients["wang"].get(f"/v1/plans/{fork}/file?lang=en&only=register")
    assert "Comments" not in load_workbook(io.BytesIO(register.content)).sheetnames
