"""Names while one types, over HTTP: prefixes, pinyin, numbers, and only what an account may see."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.usecases.accounts import add_account, issue_key
from data.store import SqlStore
from tests.address_town import NAMES, TOWN, put_address_town
from tests.service_town import FIRST, put_town
from tests.stores import act, embedded_store, migrated_file

__all__ = ["embedded_store", "migrated_file"]


@pytest.fixture
def client(embedded_store: SqlStore) -> TestClient:
    put_address_town(embedded_store)
    return TestClient(create_app(embedded_store))


def suggested(client: TestClient, q: str, **more: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/suggest", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["suggestions"]
    return found


@pytest.mark.parametrize("typed", ["望月", "望月小", "wyxq", "wangyuexiao", "望月x", "WYX"])
def test_a_name_is_found_by_its_start_and_by_its_sounds(client, typed) -> None:
    first = next(one for one in suggested(client, typed) if one["kind"] == "estate")
    assert first["text"] == "望月小区"
    assert first["n_buildings"] == 4
    assert TOWN in first["context"]
    assert 119 < first["lon"] < 121
    assert 30 < first["lat"] < 31


def test_a_whole_name_goes_on_to_its_numbers_and_each_can_be_looked_up(client) -> None:
    found = [one for one in suggested(client, "望月小区") if one["kind"] == "building"]
    assert len(found) == 4
    for one in found:
        answer = client.get("/v1/lookup", params={"address": one["text"]}).json()
        assert (answer["status"], answer["grid"]) == ("exact", f"{FIRST}A")
    assert [one["text"][-2] for one in suggested(client, "望月小区3")][:1] == ["3"]


def test_what_names_nothing_suggests_nothing(client) -> None:
    for typed in ("", " ", "zzzz", "没有", "\u202e😀", "'; --", "%", "3" * 200):
        assert suggested(client, typed) == []


def test_no_more_is_suggested_than_asked_for(client) -> None:
    assert len(suggested(client, "望", limit=1)) == 1
    assert len(suggested(client, "望", limit=20)) > 1
    for query in ("q=x&limit=0", "q=x&limit=21", "q=x&limit=a", "", f"q={'x' * 201}"):
        answer = client.get(f"/v1/suggest?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), query


def test_nothing_is_suggested_where_there_are_no_addresses(embedded_store) -> None:
    put_town(embedded_store)
    assert suggested(TestClient(create_app(embedded_store)), "望") == []


def test_an_account_is_shown_names_of_its_jurisdiction_alone(embedded_store) -> None:
    put_address_town(embedded_store)
    now = act(at=datetime.now(UTC))
    add_account(embedded_store, now, "head", role="admin")
    add_account(embedded_store, now, "desk", role="lookup", place=FIRST)
    key = issue_key(embedded_store, now, "desk").text
    client = TestClient(create_app(embedded_store), headers={"Authorization": f"Bearer {key}"})
    names = {one["text"] for typed in ("望", "银", "yp", "枫林路", "岳") for one in suggested(client, typed, limit=20)}
    assert {"望月小区", "岳麓家园", NAMES[FIRST]} <= names
    assert not [name for name in names if "银盆" in name]
    assert "枫林路3号" in names
    assert "枫林路4号" not in names
    assert TestClient(client.app).get("/v1/suggest?q=x").status_code == 401
