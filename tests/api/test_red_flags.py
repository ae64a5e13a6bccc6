"""Sites with a red flag: raised, cleared, raised again; 181 of them put right are 0."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.store import SqlStore
from tests.cell_plans import cell_plan
from tests.http_kit import code
from tests.incident_kit import NOW, receive
from tests.postgis import postgis_server
from tests.service_town import COMMUNITIES, FIRST, lon_lat, middle, put_in_force, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
FLAGS = "/v1/red-flags"


@pytest.fixture
def clock() -> list:
    return [NOW]


@pytest.fixture
def http(store: SqlStore, clock: list) -> TestClient:
    put_town(store)
    return TestClient(create_app(store, ServiceSettings(now=lambda: clock[0])))


def told(**facts: object) -> dict:
    lon, lat = middle("A")
    return {"lon": lon, "lat": lat, "kind": "消防隐患", "title": "楼道堆物", **facts}


def test_181_sites_are_raised_and_put_right_one_by_one_until_none_is_left(store: SqlStore, http: TestClient) -> None:
    spots = [lon_lat(0.1 + 0.2 * (k % 15), 0.1 + 0.2 * (k // 15)) for k in range(181)]
    many = {"flags": [told(lon=lon, lat=lat, title=f"点位 {k}") for k, (lon, lat) in enumerate(spots)]}
    answer = http.post(f"{FLAGS}/many", json=many, headers={"Idempotency-Key": "once"})
    assert answer.status_code == 201, answer.text
    ids = [flag["id"] for flag in answer.json()["flags"]]
    assert (len(ids), answer.json()["open"]) == (181, 181)
    assert http.post(f"{FLAGS}/many", json=many, headers={"Idempotency-Key": "once"}).content == answer.content
    for n, id in enumerate(ids, 1):
        assert http.post(f"{FLAGS}/{id}/clear", json={"reason": "已整改"}).status_code == 200
        if n == 181:
            listed = http.get(FLAGS).json()
            assert (listed["flags"], listed["open"], listed["cleared"]) == ([], 0, 181)
            assert [age["flags"] for age in listed["ages"]] == [0, 0, 0, 0]
    with store.read() as tx:
        events = tx.stream.since(0, limit=1000)
    assert [e.kind for e in events] == ["flag.raised"] * 181 + ["flag.cleared"] * 181
    assert [e.number for e in events] == list(range(1, 363))


def test_one_site_has_the_same_flag_once(http: TestClient) -> None:
    first = http.post(FLAGS, json=told()).json()["id"]
    answer = http.post(FLAGS, json=told())
    assert code(answer) == (409, "flag_there")
    assert first in answer.json()["detail"]
    assert http.post(FLAGS, json=told(title="消防通道堵塞")).status_code == 201, "something else is wrong there"
    lon, lat = middle("B")
    twice = {"flags": [told(lon=lon, lat=lat), told(lon=lon, lat=lat)]}
    assert code(http.post(f"{FLAGS}/many", json=twice)) == (409, "flag_there")
    id = http.post("/v1/incidents", json={"lon": lon, "lat": lat, "kind": "消防隐患"}).json()["id"]
    assert http.post(FLAGS, json={"incident": id}).status_code == 201
    assert code(http.post(FLAGS, json={"incident": id, "title": "另一说法"})) == (409, "flag_there")
    assert http.get(FLAGS).json()["open"] == 3
    assert http.post(f"{FLAGS}/{first}/clear", json={"reason": "已整改"}).status_code == 200
    assert http.post(FLAGS, json=told()).status_code == 201, "it is there again"


def test_flags_age_by_classes_and_those_past_their_day_are_told(http: TestClient, clock: list) -> None:
    for days in (0, 7, 8, 30, 31, 90, 91):
        raised = (NOW - timedelta(days=days)).isoformat()
        assert http.post(FLAGS, json=told(raised_at=raised, title=f"第 {days} 天")).status_code == 201
    listed = http.get(FLAGS).json()
    assert [age["flags"] for age in listed["ages"]] == [2, 2, 2, 1]
    assert [flag["age_days"] for flag in listed["flags"]] == [91, 90, 31, 30, 8, 7, 0]
    assert listed["overdue"] == 4  # fifteen days each, as the rules say
    clock[0] = NOW + timedelta(days=16)
    assert http.get(FLAGS).json()["overdue"] == 7


def test_its_grid_stays_when_the_plan_changes_and_an_incident_brings_its_place(
    store: SqlStore, http: TestClient
) -> None:
    incident = receive(http, middle("B"), title="井盖缺失")
    flag = http.post(FLAGS, json={"incident": incident["id"]}).json()
    assert (flag["grid"], flag["title"], flag["kind"]) == (f"{FIRST}B", "井盖缺失", "道路积水")
    assert (flag["lon"], flag["incident"]) == (incident["lon"], incident["id"])
    with store.write(act(at=NOW)) as tx:
        other = cell_plan(("BBAA", "BBAA", "CCDD", "CCDD"), plan_id="P-2", communities=COMMUNITIES)
        card = tx.plans.save(other, territory_id=tx.territories.current().id, name="later", state="filed")
        put_in_force(tx, card.id, NOW)
    assert http.post(FLAGS, json=told(lon=incident["lon"], lat=incident["lat"])).json()["grid"] == f"{FIRST}A"
    assert http.get(f"{FLAGS}/{flag['id']}").json() == flag
    geo = http.get(FLAGS, headers={"Accept": "application/geo+json"}).json()
    assert geo == http.get(f"{FLAGS}.geojson").json()
    assert geo["features"][0]["id"] == flag["id"]
    assert geo["features"][0]["geometry"] == {"type": "Point", "coordinates": [flag["lon"], flag["lat"]]}


def test_a_flag_is_cleared_once_with_a_reason_and_may_be_raised_again(http: TestClient) -> None:
    id = http.post(FLAGS, json=told()).json()["id"]
    assert code(http.post(f"{FLAGS}/{id}/reopen", json={"reason": "again"})) == (409, "flag_open")
    assert code(http.post(f"{FLAGS}/{id}/clear", json={"reason": " "})) == (409, "flag_reason_missing")
    cleared = http.post(f"{FLAGS}/{id}/clear", json={"reason": "done"}, headers={"If-Match": f'"{id}-1"'})
    assert (cleared.json()["is_open"], cleared.json()["reason"]) == (False, "done")
    assert code(http.post(f"{FLAGS}/{id}/clear", json={"reason": "done"})) == (409, "flag_cleared")
    stale = http.post(f"{FLAGS}/{id}/reopen", json={"reason": "no"}, headers={"If-Match": f'"{id}-1"'})
    assert code(stale) == (412, "flag_changed")
    assert stale.headers["ETag"] == f'"{id}-2"'
    assert code(http.post(f"{FLAGS}/{id}/clear", json={"reason": "no"}, headers={"If-Match": f'"{id}-1"'})) == (
        412,
        "flag_changed",
    )
    again = http.post(f"{FLAGS}/{id}/reopen", json={"reason": "堆物又出现"}).json()
    assert (again["is_open"], again["cleared_at"], again["revision"]) == (True, None, 3)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"title": None}, "flag_title_missing"),
        ({"lon": None}, "flag_place_missing"),
        ({"lon": 0.0, "lat": 0.0}, "incident_outside"),
        ({"title": "联系 13800138000"}, "note_looks_personal"),
        ({"due_at": "2026-11-01"}, "flag_due_before"),
        ({"raised_at": "2026-12-01"}, "incident_in_future"),
        ({"raised_at": "1999-12-31"}, "incident_too_old"),
    ],
)
def test_what_can_not_be_kept_is_refused_and_nothing_is_raised(http: TestClient, facts: dict, expected: str) -> None:
    assert code(http.post(FLAGS, json=told(**facts))) == (422, expected)
    many = http.post(f"{FLAGS}/many", json={"flags": [told(), told(**facts)]})
    assert code(many) == (422, expected)
    assert many.json()["faults"][0]["facts"]["row"] == 2
    assert http.get(FLAGS).json()["open"] == 0


def test_a_flag_that_is_not_there_is_unknown(http: TestClient) -> None:
    assert code(http.get(f"{FLAGS}/f9")) == (404, "flag_unknown")
    assert code(http.post(FLAGS, json={"incident": "i9"})) == (404, "incident_unknown")
