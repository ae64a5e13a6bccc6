"""Text that tries to be something else (SQL, a path, a template, a header) in every place that takes text."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.app import create_app
from data.store import SqlStore
from data.store.tables import METADATA
from tests.service_town import FIRST, middle, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]

PAYLOADS = (
    "' OR '1'='1",
    "'; DROP TABLE plans; --",
    "1) UNION SELECT password_hash FROM accounts --",
    "%' ESCAPE '!",
    '"; select pg_sleep(9); --',
    "\\'; delete from reigns; --",
    "330402%",
    "330402_",
    "../../../../etc/passwd",
    "file:///etc/passwd",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "x\r\nSet-Cookie: a=b",
    "<script>alert(1)</script>",
    "\u202e\u0000".replace("\u0000", "\u200b") + "𠮷😀",
    "𝟙𝟚",
    "-9223372036854775809",
    "9" * 300,
    "p" * 1500,
)


@pytest.fixture
def app(store: SqlStore) -> FastAPI:
    put_town(store)
    return create_app(store)


def contents(store: SqlStore) -> dict[str, int]:
    with store.write(act()) as tx:
        return {
            t.name: tx.connection.execute(select(func.count()).select_from(t)).scalar() for t in METADATA.sorted_tables
        }


def asked(app: FastAPI) -> list[str]:
    """Every GET route with every payload in every text parameter and part of its path."""
    addresses = []
    for path, methods in app.openapi()["paths"].items():
        if "get" not in methods or path.endswith("/events"):
            continue
        names = [p["name"] for p in methods["get"].get("parameters", []) if p["in"] == "query"]
        plain = (
            re.sub(r"\{z\}|\{x\}|\{y\}", "1", path).replace("{collection}", "grids").replace("{feature}", f"{FIRST}A")
        )
        plain = re.sub(r"\{\w+\}", "x", plain)
        for payload in PAYLOADS:
            text = quote(payload, safe="")
            addresses += [f"{plain}?{name}={text}" for name in names]
            parts = re.findall(r"\{\w+\}", path)
            addresses += [re.sub(r"\{\w+\}", "1", path.replace(part, text)) for part in parts]
    return addresses


def test_no_text_in_an_address_is_more_than_text(app, store) -> None:
    before = contents(store)
    client = TestClient(app)
    addresses = asked(app)
    assert len(addresses) > 1_000
    for address in addresses:
        answer: Any = client.get(address, headers={"Accept": "*/*"})
        assert answer.status_code < 500, (address, answer.text)
        assert "set-cookie" not in answer.headers, address
        assert "root:" not in answer.text, address
        if address.startswith("/shared/") and answer.headers["content-type"].startswith("text/html"):
            assert answer.status_code == 404, address  # for people: a link that opens nothing
            assert "<script" not in answer.text, address
        elif answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", address
    assert contents(store) == before


@pytest.mark.parametrize("prefix", ["%", "_", "3304%", "33040_", "' OR ''='"])
def test_signs_of_like_have_no_meaning_in_codes(app, prefix) -> None:
    client = TestClient(app)
    assert client.get(f"/v1/plans?county={quote(prefix)}").json().get("plans", []) == []


def test_a_plan_is_found_by_its_id_and_by_nothing_like_it(app, store) -> None:
    lon, lat = middle("A")
    client = TestClient(app)
    plan = client.get(f"/v1/lookup?lon={lon}&lat={lat}").json()["plan"]
    for like in (plan.upper(), f"{plan} ", f"{plan[:-1]}%", f"{plan}' --", f"{plan}%00x"):
        answer = client.get(f"/v1/lookup?lon={lon}&lat={lat}&plan={quote(like, safe='%')}")
        assert answer.status_code in (400, 404), like
