"""The history of a plan over HTTP: who did what, when and why, in pages and as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

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


@pytest.fixture
def site(store: SqlStore) -> Iterator[PlanSite]:
    made = make_plan_site(store, 2_000)
    with made.clients["root"]:
        yield made


@pytest.fixture
def small(embedded_store: SqlStore) -> PlanSite:
    return make_plan_site(embedded_store, 2_000)


def an_edit(site: PlanSite) -> dict[str, Any]:
    moves = site.border_moves(site.sheet(), np.random.default_rng(3))
    for move in moves:
        answer = site.post("wang", "moves", {**move, "name": "=the school's side"}, **{"X-Reason": "because"})
        if answer.status_code == 201:
            return answer.json()
    raise AssertionError


def only(site: PlanSite, group: str) -> list[dict[str, Any]]:
    return site.clients["zhao"].get(f"/v1/plans/{site.plan}/history?what={group}").json()["events"]


def test_the_history_says_who_did_what_when_and_why(site: PlanSite) -> None:
    edited = an_edit(site)
    site.post("li", "undo")
    site.post("li", "redo")
    code_ = edited["grids"][0]["code"]
    site.post("wang", "locks", {"locks": [code_]})
    site.clients["wang"].patch(
        f"/v1/plans/{site.plan}", json={"name": "spring"}, headers={"If-Match": site.etag(), "X-Reason": "tidy"}
    )
    place = {"lon": 120.5, "lat": 30.5, "text": "a word that no log keeps"}
    assert site.clients["chen"].post(f"/v1/plans/{site.plan}/notes", json=place).status_code == 201
    site.clients["wang"].patch(f"/v1/plans/{site.plan}/notes/1", json={"state": "settled"})
    site.clients["wang"].post(f"/v1/plans/{site.plan}/shares", json={"note": "office"})
    answer = site.get("history", "zhao")
    assert answer.status_code == 200, answer.text
    events = answer.json()["events"]
    assert [(one["who"], one["group"], one["action"]) for one in reversed(events)] == [
        ("clerk", "states", "plan.create"),
        ("wang", "edits", "plan.edit"),
        ("li", "edits", "plan.undo"),
        ("li", "edits", "plan.redo"),
        ("wang", "locks", "plan.lock"),
        ("wang", "names", "plan.rename"),
        ("chen", "notes", "note.add"),
        ("wang", "notes", "note.settle"),
        ("wang", "shares", "share.make"),
    ]
    by_action = {one["action"]: one for one in events}
    edit = by_action["plan.edit"]
    assert (edit["title"], edit["reason"], edit["revision"]) == ("=the school's side", "because", 2)
    moved = [(one["kind"], one["id"], one["before"], one["after"]) for one in edited["moved"]]
    assert [(i["what"], i["id"], i["before"], i["after"]) for i in edit["items"] if i["what"] != "grid"] == moved
    sizes = {i["id"]: (i["before"], i["after"]) for i in edit["items"] if i["what"] == "grid"}
    assert {code: after for code, (_, after) in sizes.items()} == {g["code"]: g["households"] for g in edited["grids"]}
    assert sum(before for before, _ in sizes.values()) == sum(after for _, after in sizes.values())
    back = {i["id"]: (i["before"], i["after"]) for i in by_action["plan.undo"]["items"] if i["what"] == "grid"}
    assert back == {code: (after, before) for code, (before, after) in sizes.items()}
    assert (by_action["plan.rename"]["reason"], by_action["plan.rename"]["items"]) == (
        "tidy",
        [{"what": "name", "id": "", "before": "plan", "after": "spring"}],
    )
    assert by_action["plan.lock"]["items"] == [{"what": "lock", "id": code_, "before": None, "after": "locked"}]
    assert by_action["note.settle"]["items"] == [{"what": "note", "id": "1", "before": "open", "after": "settled"}]
    assert by_action["note.settle"]["title"] == "Note 1 settled"
    assert "no log keeps" not in answer.text
    assert [one["action"] for one in only(site, "notes")] == ["note.settle", "note.add"]


def test_the_history_comes_in_pages_and_as_a_table_without_formulas(small: PlanSite) -> None:
    an_edit(small)
    small.post("wang", "undo", **{"X-Reason": "%2B1"})
    pages, before = [], None
    while True:
        answer = small.get("history", limit=1, **({} if before is None else {"before": before})).json()
        pages += answer["events"]
        before = answer["next"]
        if before is None:
            break
    assert pages == small.get("history").json()["events"]
    answer = small.clients["zhao"].get(f"/v1/plans/{small.plan}/history?f=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows[0][:6] == ["No. in the log", "When", "Who", "Act", "What", "Why"]
    assert {len(row) for row in rows} == {11}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    edits = [row for row in rows if row[3] == "Edit"]
    assert {row[4] for row in edits} == {"'=the school's side"}
    assert {row[5] for row in rows if row[3] == "Undone"} == {"'+1"}
    told = only(small, "edits")[-1]
    shown = [(str(i["id"]), str(i["before"]), str(i["after"])) for i in told["items"]]
    assert [(row[8], row[9], row[10]) for row in edits] == shown
    in_chinese = small.get("history", f="csv", lang="zh").content.decode("utf-8-sig")
    assert in_chinese.splitlines()[0].startswith("日志编号,时间,操作人")


def test_of_another_jurisdiction_there_is_no_history(small: PlanSite) -> None:
    small.site.add("far", "planner", "110000")
    client = small.site.client(small.site.key("far"))
    for what in ("history", "history?f=csv", "notes", "notes.geojson", "shares"):
        assert code(client.get(f"/v1/plans/{small.plan}/{what}")) == (404, "plan_unknown")
