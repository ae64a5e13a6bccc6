"""Units over HTTP: put on the list, moved, on and off duty, many at once, taken off the list."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from api.routes.units import UnitsOut
from data.store import SqlStore
from tests.data.store.kit import town as small_town
from tests.http_kit import code
from tests.incident_kit import NOW, a_place, receive, step
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]


class Clock:
    """A clock that the tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(store: SqlStore, clock: Clock) -> TestClient:
    with store.write(act()) as tx:
        tx.territories.save(small_town("330402"), "town")
    return TestClient(create_app(store, ServiceSettings(now=clock)), base_url="http://127.0.0.1")


@pytest.fixture
def place(service: TestClient, store: SqlStore) -> tuple[float, float]:
    return a_place(store)


def put(service: TestClient, id: str = "car-1", **facts: Any) -> Any:
    told = {"name": "巡逻一组", "kind": "patrol", "mode": "car", "place": "330402", **facts}
    return service.put(f"/v1/units/{id}", json=told)


def moved(service: TestClient, place: tuple[float, float], at: datetime | None = None, id: str = "car-1") -> Any:
    told = {"lon": place[0], "lat": place[1]} | ({"at": at.isoformat()} if at else {})
    return service.post(f"/v1/units/{id}/position", json=told)


def kinds(store: SqlStore, subject: str) -> list[str]:
    with store.read() as tx:
        return [one.kind for one in tx.stream.since(0) if one.subject == subject]


def test_a_unit_is_put_on_the_list_changed_and_taken_off(service: TestClient, store: SqlStore) -> None:
    new = put(service, skills=["积水", "占道"])
    assert new.status_code == 201
    assert new.json()["status"] == "available"
    assert new.json()["skills"] == ["占道", "积水"]
    assert new.json()["is_stale"]
    assert new.json()["age_s"] is None
    assert put(service, skills=["占道", "积水"]).json()["revision"] == 1, "the same again changes nothing"
    assert put(service, mode="foot").json()["revision"] == 2
    assert [one.id for one in UnitsOut.model_validate(service.get("/v1/units").json()).units] == ["car-1"]
    assert service.delete("/v1/units/car-1").status_code == 204
    assert code(service.get("/v1/units/car-1")) == (404, "unit_unknown")
    assert kinds(store, "car-1") == ["unit.changed", "unit.changed", "unit.removed"]


def test_only_the_newest_position_counts_and_it_grows_old(
    service: TestClient, store: SqlStore, clock: Clock, place: tuple[float, float]
) -> None:
    put(service)
    assert moved(service, place).json()["is_kept"]
    late = moved(service, (place[0] + 0.001, place[1]), NOW - timedelta(seconds=1))
    assert late.status_code == 200
    assert not late.json()["is_kept"]
    assert late.json()["lon"] == place[0]
    clock.now += timedelta(seconds=299)
    unit = service.get("/v1/units/car-1").json()
    assert unit["age_s"] == 299
    assert not unit["is_stale"]
    clock.now += timedelta(seconds=2)
    assert service.get("/v1/units/car-1").json()["is_stale"]
    # A clock a little ahead is taken for now, one far ahead is refused.
    assert moved(service, place, clock.now + timedelta(seconds=119)).json()["age_s"] == 0
    assert code(moved(service, place, clock.now + timedelta(seconds=121))) == (422, "clock_ahead")
    assert code(moved(service, place, datetime.fromisoformat("1999-12-31T00:00:00+08:00"))) == (
        422,
        "unit_position_too_old",
    )
    assert kinds(store, "car-1").count("unit.moved") == 2


def test_a_position_far_outside_of_the_county_is_refused(service: TestClient, place: tuple[float, float]) -> None:
    put(service)
    assert moved(service, (place[0] + 0.4, place[1])).status_code == 200
    assert code(moved(service, (place[0] + 0.6, place[1]))) == (422, "unit_position_far")
    assert code(moved(service, (place[1], place[0] - 60))) == (422, "unit_position_far")


def test_many_positions_at_once_are_answered_row_by_row(
    service: TestClient, store: SqlStore, place: tuple[float, float]
) -> None:
    for i in range(3):
        put(service, f"car-{i}")
    lon, lat = place
    old, new = (NOW - timedelta(seconds=s) for s in (60, 10))
    rows: list[dict[str, Any]] = [
        {"unit": "car-0", "lon": lon, "lat": lat},
        {"unit": "car-1", "lon": lon, "lat": lat, "at": new.isoformat()},
        {"unit": "car-1", "lon": lon + 0.01, "lat": lat, "at": old.isoformat()},
        {"unit": "nobody", "lon": lon, "lat": lat},
        {"unit": "car-2", "lon": "116", "lat": lat},
        {"unit": "car-2", "lon": lon, "lat": True},
        {"unit": "car-2", "lon": lon},
        {"unit": "car-2", "lon": lon, "lat": lat, "at": "yesterday"},
        {"unit": "car-2", "lon": lon, "lat": lat, "at": (NOW + timedelta(hours=1)).isoformat()},
        {"unit": "car-2", "lon": lon + 9, "lat": lat},
        {"unit": "car-2", "lon": lon, "lat": lat, "driver": "?"},
        {"lon": lon, "lat": lat},
    ]
    told = service.post("/v1/units/positions", json={"positions": rows}).json()
    assert [one["what"] for one in told["rows"]] == ["kept", "kept", "older", *["refused"] * 9]
    assert [one["faults"][0]["code"] for one in told["rows"][3:]] == [
        "unit_unknown",
        *["unit_position_wrong"] * 3,
        "moment_malformed",
        "clock_ahead",
        "unit_position_far",
        "unit_row_strange",
        "unit_row_without",
    ]
    assert (told["kept"], told["older"], told["refused"]) == (2, 1, 9)
    assert service.get("/v1/units/car-1").json()["age_s"] == 10
    assert kinds(store, "car-1")[-1] == "unit.moved"
    assert kinds(store, "car-2") == ["unit.changed"]
    many = {"positions": [{"unit": "car-0", "lon": lon, "lat": lat}] * 1_001}
    assert service.post("/v1/units/positions", json=many).status_code == 422


def test_a_unit_is_busy_by_its_incident_alone(service: TestClient, place: tuple[float, float]) -> None:
    put(service)
    incident = receive(service, place)["id"]  # type: ignore[arg-type]
    step(service, incident, "dispatched", unit="car-1", through=True)  # type: ignore[arg-type]
    busy = service.get("/v1/units/car-1").json()
    assert busy["status"] == "busy"
    assert busy["n_taken"] == 1
    for status in ("off", "resting", "available"):
        answer = service.post("/v1/units/car-1/status", json={"status": status})
        assert code(answer) == (409, "unit_busy")
        assert incident in answer.json()["detail"]
    assert code(service.delete("/v1/units/car-1")) == (409, "unit_busy")
    release = {"status": "off", "release": True}
    assert code(service.post("/v1/units/car-1/status", json=release)) == (409, "incident_reason_missing")
    freed = service.post("/v1/units/car-1/status", json=release | {"reason": "车辆故障"}).json()
    assert freed["status"] == "off"
    assert freed["free_since"]
    assert service.get(f"/v1/incidents/{incident}").json()["state"] == "assessed"
    assert service.post("/v1/units/car-1/status", json={"status": "available"}).json()["n_taken"] == 0
    assert service.post("/v1/units/car-1/status", json={"status": "busy"}).status_code == 422


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"name": "王小明"}, "unit_name_personal"),
        ({"name": "13812345678"}, "note_looks_personal"),
        ({"name": "0571-87654321"}, "unit_name_personal"),
        ({"name": "巡逻组 13812345678"}, "note_looks_personal"),
        ({"kind": "组 13812345678"}, "note_looks_personal"),
        ({"skills": ["13812345678"]}, "note_looks_personal"),
        ({"place": "99"}, "unit_place_unknown"),
        ({"place": "3304"}, "unit_place_unknown"),
    ],
)
def test_a_unit_is_never_a_person_and_belongs_somewhere(service: TestClient, facts: dict[str, Any], said: str) -> None:
    assert code(put(service, **facts)) == (422, said)


def test_what_is_no_unit_at_all_is_refused(service: TestClient) -> None:
    assert put(service, "13812345678").status_code == 422
    assert put(service, "a b").status_code == 400
    assert code(put(service, "positions")) == (422, "unit_id_reserved")
    assert put(service, mode="boat").status_code == 422
    assert put(service, driver="x").status_code == 422
    assert put(service, name="石门岗").status_code == 201, "the name of a post, though it begins like a person's"


def test_units_as_geojson_have_no_place_until_they_say_one(service: TestClient, place: tuple[float, float]) -> None:
    put(service)
    for ask in (
        service.get("/v1/units.geojson"),
        service.get("/v1/units", headers={"Accept": "application/geo+json"}),
    ):
        assert ask.headers["content-type"] == "application/geo+json"
        assert ask.json()["features"][0]["geometry"] is None
    moved(service, place)
    [unit] = service.get("/v1/units.geojson", params={"status": "available"}).json()["features"]
    assert unit["geometry"] == {"type": "Point", "coordinates": list(place)}
    assert "lon" not in unit["properties"]
    assert service.get("/v1/units.geojson", params={"status": "off"}).json()["features"] == []


def test_the_same_request_with_the_same_key_is_done_once(service: TestClient, store: SqlStore) -> None:
    put(service)
    for _ in range(2):
        answer = service.post(
            "/v1/units/car-1/status", json={"status": "resting"}, headers={"Idempotency-Key": "rest-1"}
        )
        assert answer.json()["status"] == "resting"
    assert answer.headers["X-Repeated"] == "true"
    assert kinds(store, "car-1") == ["unit.changed", "unit.changed"]
