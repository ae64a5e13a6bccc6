"""Sending in one go: every step in one transaction, refusals that name who was quicker, two dispatchers at once."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.store import SqlStore
from tests.dispatch_quarrel import assert_held, quarrels
from tests.http_kit import code
from tests.incident_kit import NOW, put_unit, receive, step
from tests.service_town import middle, put_town
from tests.stores import (
    embedded_store,
    migrated_file,
    migrated_server,
    postgis_server,
    postgis_store,
    store,
)

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
ROUNDS = 10
"""Of each of the two quarrels; a hundred of each in `tests/bench/dispatch_units.py`."""


@pytest.fixture
def http(store: SqlStore) -> TestClient:
    put_town(store)
    for name in ("car-1", "car-2"):
        put_unit(store, name, middle("C"), mode="car")
    return TestClient(create_app(store, ServiceSettings(now=lambda: NOW)), base_url="http://127.0.0.1")


def order(http: TestClient, incident: str, headers: dict[str, str] | None = None, **facts: Any) -> Any:
    return http.post("/v1/dispatch", json={"incident": incident, **facts}, headers=headers or {})


def steps(http: TestClient, incident: str) -> list[str]:
    told = http.get(f"/v1/incidents/{incident}/history").json()["events"]
    return [event["after"] for event in told]


def status(http: TestClient, unit: str) -> str:
    return str(http.get(f"/v1/units/{unit}").json()["status"])


def test_one_order_makes_every_step_and_each_is_told(http: TestClient, store: SqlStore) -> None:
    id = receive(http, middle("A"))["id"]
    answer = order(http, id, unit="car-1")
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "dispatched"
    assert answer.headers["ETag"] == answer.json()["etag"]
    assert steps(http, id) == ["received", "assessed", "assigned", "dispatched"]
    assert status(http, "car-1") == "busy"
    assert_held(store)


def test_a_post_or_department_is_sent_like_a_unit(http: TestClient, store: SqlStore) -> None:
    id = receive(http, middle("A"))["id"]
    told = order(http, id, body="城管中队").json()
    assert (told["state"], told["unit"], told["body"]) == ("dispatched", None, "城管中队")
    for wrong in ({}, {"unit": "car-1", "body": "城管中队"}, {"body": "  "}):
        assert code(order(http, id, **wrong)) == (422, "dispatch_whom")
    assert code(order(http, id, body="组 13812345678")) == (422, "note_looks_personal")
    assert_held(store)


def test_whoever_comes_second_is_told_who_was_quicker(http: TestClient, store: SqlStore) -> None:
    first, second = (receive(http, middle("A"))["id"] for _ in range(2))
    order(http, first, unit="car-1")
    late = order(http, first, unit="car-2")
    assert code(late) == (409, "incident_taken")
    facts = late.json()["faults"][0]["facts"]
    assert (facts["unit"], facts["role"], facts["state"]) == ("car-1", "admin", "dispatched")
    assert facts["measured"] == "2026-11-22T08:00:00.000Z"
    taken = order(http, second, unit="car-1")
    assert code(taken) == (409, "unit_taken")
    assert taken.json()["faults"][0]["facts"]["measured"] == first
    assert steps(http, second) == ["received"], "no step is left half way"
    assert status(http, "car-2") == "available"
    http.post("/v1/units/car-2/status", json={"status": "off"})
    assert code(order(http, second, unit="car-2")) == (409, "unit_off")
    assert code(order(http, second, unit="car-9")) == (404, "unit_unknown")
    assert code(order(http, "i999", unit="car-1")) == (404, "incident_unknown")
    assert_held(store)


@pytest.mark.parametrize("state", ["assigned", "dispatched", "arrived", "feedback"])
def test_it_is_given_to_another_with_a_reason(http: TestClient, store: SqlStore, state: str) -> None:
    id = receive(http, middle("A"))["id"]
    step(http, id, state, unit="car-1", through=True)
    assert code(order(http, id, unit="car-2", reassign=True)) == (409, "incident_reason_missing")
    assert code(order(http, id, unit="car-1", reassign=True, reason="x")) == (409, "dispatch_same")
    told = order(http, id, unit="car-2", reassign=True, reason="更近").json()
    assert (told["state"], told["unit"]) == ("dispatched", "car-2")
    assert (status(http, "car-1"), status(http, "car-2")) == ("available", "busy")
    assert_held(store)


def test_nobody_is_sent_to_what_is_over(http: TestClient) -> None:
    id = receive(http, middle("A"))["id"]
    step(http, id, "cancelled", reason="x")
    assert code(order(http, id, unit="car-1")) == (409, "incident_not_open")


def test_the_same_order_sent_again_is_done_once(http: TestClient, store: SqlStore) -> None:
    id = receive(http, middle("A"))["id"]
    for _ in range(2):
        assert order(http, id, unit="car-1", client_id="order-1").json()["state"] == "dispatched"
    other = receive(http, middle("B"))["id"]
    for _ in range(2):
        keyed = order(http, other, unit="car-2", headers={"Idempotency-Key": "key-1"})
        assert keyed.status_code == 200
    assert keyed.headers["X-Repeated"] == "true"
    assert steps(http, id) == steps(http, other) == ["received", "assessed", "assigned", "dispatched"]
    stale = receive(http, middle("A"))
    step(http, stale["id"], "assessed")
    answer = order(http, stale["id"], unit="car-1", headers={"If-Match": stale["etag"]})
    assert code(answer) == (412, "incident_changed")
    assert answer.headers["ETag"] == http.get(f"/v1/incidents/{stale['id']}").headers["ETag"] != stale["etag"]
    assert_held(store)


def test_of_two_dispatchers_at_once_exactly_one_wins_and_the_other_is_told(store: SqlStore) -> None:
    put_town(store)
    assert quarrels(store, ROUNDS) == {
        ("one incident", ("incident_taken", "sent")): ROUNDS,
        ("one unit", ("sent", "unit_taken")): ROUNDS,
    }
    assert_held(store)
