"""Incidents over HTTP: received, put right, brought from state to state; refused where that may not be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.store import SqlStore
from tests.cell_plans import cell_plan
from tests.http_kit import code
from tests.incident_kit import NOW, put_unit, receive, step
from tests.postgis import postgis_server
from tests.service_town import COMMUNITIES, FIRST, lon_lat, middle, put_in_force, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
_SAID = {"lon": middle("A")[0], "lat": middle("A")[1], "kind": "道路积水"}


@pytest.fixture
def http(store: SqlStore) -> Iterator[TestClient]:
    """The service over the small town, at a fixed moment."""
    put_town(store)
    return TestClient(create_app(store, ServiceSettings(now=lambda: NOW)))


def test_an_incident_finds_its_grid_and_its_deadlines(http: TestClient) -> None:
    made = receive(http, middle("B"), priority=2, title="井盖缺失", received_at="2026-11-22T15:00:00+08:00")
    assert made["grid"] == f"{FIRST}B"
    assert made["community"] == FIRST
    assert made["plan"]
    assert made["state"] == "received"
    assert made["level"] == 0
    assert made["clock"] == "assess"
    assert made["arrive_due_at"] == "2026-11-22T07:03:00.000Z"
    assert made["next"] == ["assessed", "cancelled"]
    assert http.get(f"/v1/incidents/{made['id']}").json() == made


def test_it_goes_to_its_end_step_by_step_and_every_step_is_told(store: SqlStore, http: TestClient) -> None:
    put_unit(store, "car-1", middle("C"), mode="car")
    id = receive(http, middle("A"))["id"]
    step(http, id, "assessed")
    assert step(http, id, "assigned", unit="car-1")["unit"] == "car-1"
    for to in ("dispatched", "arrived", "feedback"):
        assert step(http, id, to)["unit"] == "car-1"
    assert step(http, id, "verified")["unit"] is None
    closed = step(http, id, "closed", result="settled")
    assert closed["handled_at"] == closed["feedback_at"]
    assert closed["clock"] == ""
    assert closed["escalate_at"] is None
    told = http.get(f"/v1/incidents/{id}/history").json()["events"]
    assert [event["after"] for event in told] == [
        *("received", "assessed", "assigned", "dispatched", "arrived", "feedback", "verified", "closed")
    ]
    assert {event["role"] for event in told} == {"admin"}
    with store.read() as tx:
        assert tx.units.card("car-1").status == "available"


@pytest.mark.parametrize(("there", "is_late"), [("15:02", False), ("15:30", True)])
def test_who_is_sent_again_has_time_to_be_there_and_who_was_late_stays_late(
    http: TestClient, there: str, is_late: bool
) -> None:
    moment = f"2026-11-22T{there}:00+08:00"
    id = receive(http, middle("A"), priority=2, received_at="2026-11-22T15:00:00+08:00")["id"]
    for to in ("assessed", "assigned", "dispatched", "arrived"):
        step(http, id, to, happened_at=moment, **({"body": "station"} if to == "assigned" else {}))
    before = step(http, id, "feedback", happened_at="2026-11-22T15:40:00+08:00")
    again = step(http, id, "dispatched", happened_at="2026-11-22T15:50:00+08:00", reason="not done")
    assert before["arrive_due_at"] == "2026-11-22T07:03:00.000Z"
    assert again["arrive_due_at"] == ("2026-11-22T07:03:00.000Z" if is_late else "2026-11-22T07:53:00.000Z")
    assert again["due_at"] == before["due_at"]
    assert again["escalate_at"] == again["arrive_due_at"]


@pytest.mark.parametrize("to", ["assigned", "arrived", "closed", "verified"])
def test_a_jump_is_refused_and_what_may_follow_is_named(http: TestClient, to: str) -> None:
    id = receive(http, middle("A"))["id"]
    answer = http.post(f"/v1/incidents/{id}/transitions", json={"to": to, "result": "settled", "body": "station"})
    assert code(answer) == (409, "incident_step_illegal")
    assert answer.json()["faults"][0]["facts"]["allowed"] == "assessed, cancelled"


def test_steps_between_are_made_where_that_is_asked(store: SqlStore, http: TestClient) -> None:
    put_unit(store, "car-1", middle("C"))
    id = receive(http, middle("A"))["id"]
    assert step(http, id, "dispatched", unit="car-1", through=True)["state"] == "dispatched"
    told = http.get(f"/v1/incidents/{id}/history").json()["events"]
    assert [event["after"] for event in told] == ["received", "assessed", "assigned", "dispatched"]


def test_what_needs_words_says_so(http: TestClient) -> None:
    id = receive(http, middle("A"))["id"]
    path = f"/v1/incidents/{id}/transitions"
    assert code(http.post(path, json={"to": "cancelled"})) == (409, "incident_reason_missing")
    step(http, id, "assessed")
    assert code(http.post(path, json={"to": "assigned"})) == (409, "incident_assignment_missing")
    assert code(http.post(path, json={"to": "assigned", "unit": "nobody"})) == (404, "unit_unknown")
    step(http, id, "verified", body="城管中队", through=True)
    assert code(http.post(path, json={"to": "closed"})) == (409, "incident_result_missing")


def test_a_unit_has_one_incident_at_a_time(store: SqlStore, http: TestClient) -> None:
    put_unit(store, "car-1", middle("C"))
    first, second = (receive(http, middle("A"))["id"] for _ in "ab")
    step(http, first, "dispatched", unit="car-1", through=True)
    body = {"to": "dispatched", "unit": "car-1", "through": True}
    assert code(http.post(f"/v1/incidents/{second}/transitions", json=body)) == (409, "unit_taken")
    assert http.get(f"/v1/incidents/{second}").json()["state"] == "received"


def test_the_same_is_taken_once(http: TestClient) -> None:
    facts = {**_SAID, "source": "api", "external": "A-17"}
    first = http.post("/v1/incidents", json=facts)
    again = http.post("/v1/incidents", json=facts)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    keyed = [http.post("/v1/incidents", json=_SAID, headers={"Idempotency-Key": "k"}) for _ in "ab"]
    assert keyed[0].json() == keyed[1].json()
    assert keyed[1].headers["X-Repeated"] == "true"
    late = {**_SAID, "client_id": "phone-1"}
    assert http.post("/v1/incidents", json=late).json()["id"] == http.post("/v1/incidents", json=late).json()["id"]
    assert http.get("/v1/incidents").json()["count"] == 3


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (dict(zip(("lon", "lat"), lon_lat(-30, -30))), (422, "incident_outside")),
        ({"received_at": "2026-11-22T16:03:00+08:00"}, (422, "incident_in_future")),
        ({"received_at": "1999-12-31"}, (422, "incident_too_old")),
        ({"title": "call 13800138000"}, (422, "note_looks_personal")),
        ({"priority": 4}, (422, "parameter_wrong")),
    ],
)
def test_what_can_not_be_is_refused(http: TestClient, facts: dict[str, object], expected: tuple[int, str]) -> None:
    answer = http.post("/v1/incidents", json={**_SAID, **facts})
    assert code(answer) == expected
    assert http.get("/v1/incidents").json()["count"] == 0


def test_a_clock_a_little_ahead_is_taken_for_now(http: TestClient) -> None:
    ahead = (NOW + timedelta(seconds=90)).isoformat()
    assert receive(http, middle("A"), received_at=ahead)["received_at"] == "2026-11-22T08:00:00.000Z"


def test_the_grid_is_that_of_its_time_and_stays(store: SqlStore, http: TestClient) -> None:
    early = receive(http, middle("B"), received_at="2026-05-01T08:00:00+08:00")
    with store.write(act()) as tx:
        later = cell_plan(("AAAB", "AAAB", "CCDD", "CCDD"), plan_id="P-2", communities=COMMUNITIES)
        card = tx.plans.save(later, territory_id=tx.territories.current().id, name="later", state="filed")
        put_in_force(tx, card.id, datetime(2026, 6, 1, tzinfo=UTC))
    place = lon_lat(2.5, 0.5)  # B before, A since
    told = {day: receive(http, place, received_at=f"2026-{day}T08:00:00+08:00") for day in ("05-02", "07-02")}
    assert [one["grid"] for one in told.values()] == [f"{FIRST}B", f"{FIRST}A"]
    assert told["05-02"]["plan"] == early["plan"] != told["07-02"]["plan"]
    assert http.get(f"/v1/incidents/{early['id']}").json()["grid"] == f"{FIRST}B"


def test_a_change_of_what_changed_meanwhile_is_refused(http: TestClient) -> None:
    made = receive(http, middle("A"))
    path, seen = f"/v1/incidents/{made['id']}", {"If-Match": made["etag"]}
    changed = http.patch(path, json={"priority": 1}, headers=seen)
    assert changed.status_code == 200
    assert changed.json()["due_at"] < made["due_at"]
    for stale in (
        http.patch(path, json={"priority": 2}, headers=seen),
        http.post(f"{path}/transitions", json={"to": "assessed"}, headers=seen),
    ):
        assert code(stale) == (412, "incident_changed")
        assert stale.headers["ETag"] == changed.headers["ETag"] == http.get(path).headers["ETag"]
    assert http.get(path).json()["state"] == "received", "nothing was done"
    moved = http.patch(path, json={"lon": middle("D")[0], "lat": middle("D")[1]}).json()
    assert moved["grid"] != made["grid"]
    assert moved["community"] != made["community"]
    assert code(http.patch(path, json={})) == (422, "incident_change_empty")


def test_a_kind_that_is_put_right_is_the_kind_from_then_on(http: TestClient) -> None:
    made = receive(http, middle("A"), priority=3)
    path = f"/v1/incidents/{made['id']}"
    changed = http.patch(path, json={"kind": "设施损坏"}).json()
    assert changed["kind"] == http.get(path).json()["kind"] == "设施损坏" != made["kind"]
    events = http.get(f"{path}/history").json()["events"]
    assert [one["kind"] for one in events] == ["incident.received", "incident.changed"]
    again = http.patch(path, json={"kind": "设施损坏"}).json()
    assert again["revision"] == changed["revision"], "as it is already"


def test_lists_go_page_by_page_and_say_how_many_there_are(http: TestClient) -> None:
    ids = [receive(http, middle("A"), priority=1 + i % 3)["id"] for i in range(5)]
    page = http.get("/v1/incidents", params={"limit": 2}).json()
    assert [one["id"] for one in page["incidents"]] == ids[:2:-1]
    assert page["count"] == 5
    rest = http.get("/v1/incidents", params={"limit": 4, "after": page["next"]}).json()
    assert [one["id"] for one in rest["incidents"]] == ids[2::-1]
    assert rest["next"] is None
    urgent = http.get("/v1/incidents.geojson", params={"priority": 1, "open": True}).json()
    assert urgent["numberMatched"] == 2
    assert urgent["features"][0]["geometry"]["type"] == "Point"
    assert code(http.get("/v1/incidents", params={"after": "x"})) == (404, "incident_unknown")
