"""What senders say of incidents: the same is done once, and nothing that is new is taken for it; on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.store import SqlStore
from tests.http_kit import code
from tests.incident_kit import NOW, receive, step
from tests.postgis import postgis_server
from tests.service_town import middle, put_town
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
SAID = {"lon": middle("A")[0], "lat": middle("A")[1], "kind": "道路积水"}


@pytest.fixture
def http(store: SqlStore) -> Iterator[TestClient]:
    """The service over the small town, at a fixed moment."""
    put_town(store)
    return TestClient(create_app(store, ServiceSettings(now=lambda: NOW)))


def test_an_id_of_a_sender_stands_for_one_report_or_one_step(http: TestClient) -> None:
    one, other = (receive(http, middle("A"), client_id=name)["id"] for name in ("report-1", "report-2"))
    step(http, one, "assessed", client_id="step-1")
    step(http, one, "assigned", body="城管", client_id="step-2")
    assert step(http, one, "assessed", client_id="step-1")["state"] == "assigned"  # sent again: done already
    reused = (409, "client_id_reused")
    assert code(http.post("/v1/incidents", json={**SAID, "client_id": "step-1"})) == reused
    for id, said in (
        (other, {"to": "assessed", "client_id": "step-1"}),
        (one, {"to": "dispatched", "client_id": "step-2"}),
    ):
        assert code(http.post(f"/v1/incidents/{id}/transitions", json=said)) == reused
    order = {"incident": other, "body": "城管", "client_id": "report-1"}
    assert code(http.post("/v1/dispatch", json=order)) == reused
    states = {row["id"]: row["state"] for row in http.get("/v1/incidents").json()["incidents"]}
    assert states == {one: "assigned", other: "received"}


def test_of_one_report_that_is_sent_twice_at_once_one_incident_is_made(store: SqlStore, http: TestClient) -> None:
    for n in range(8):
        both = Barrier(2)

        def send(n: int = n, both: Barrier = both) -> str:
            both.wait(60)
            answer = http.post("/v1/incidents", json={**SAID, "client_id": f"report-{n}"})
            assert answer.status_code in (200, 201), answer.text
            return str(answer.json()["id"])

        with ThreadPoolExecutor(2) as pool:
            first, second = (pool.submit(send) for _ in "ab")
            assert first.result(120) == second.result(120)
    assert http.get("/v1/incidents").json()["count"] == 8


def test_a_kind_of_blanks_is_none(http: TestClient) -> None:
    id = receive(http, middle("A"), kind=" 道路积水 ")["id"]
    assert http.get(f"/v1/incidents/{id}").json()["kind"] == "道路积水"
    assert code(http.post("/v1/incidents", json={**SAID, "kind": "  "})) == (422, "parameter_wrong")
    assert code(http.patch(f"/v1/incidents/{id}", json={"kind": "  "})) == (422, "parameter_wrong")
