"""Rules of incidents over HTTP: read, changed, undone; what runs keeps its deadlines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from api.usecases.incident_rules import known_kinds
from data.store import SqlStore
from partition.incidents.deadlines import RULES as RULES_OF_THE_PROGRAM
from tests.data.store.kit import town
from tests.http_kit import code
from tests.incident_kit import NOW, put_unit, receive, step
from tests.postgis import postgis_server
from tests.service_town import FIRST, middle, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
RULES = "/v1/incidents/rules"


@pytest.fixture
def http(store: SqlStore) -> Iterator[TestClient]:
    """The service over the small town, at a fixed moment."""
    put_town(store)
    with TestClient(create_app(store, ServiceSettings(now=lambda: NOW))) as client:
        yield client


def changed(http: TestClient, rules: dict, match: str) -> object:
    return http.put(RULES, json={"rules": rules}, headers={"If-Match": match})


def test_rules_are_read_changed_and_undone_and_what_runs_keeps_its_deadlines(http: TestClient) -> None:
    before = http.get(RULES)
    assert before.headers["etag"] == '"rules-0"'
    assert (before.json()["is_default"], before.json()["can_undo"]) == (True, False)
    running = receive(http, middle("A"), priority=2)
    rules = before.json()["rules"]
    rules["deadlines"].append({"kind": "道路积水", "priority": 2, "arrive": "7 min"})
    answer = changed(http, rules, '"rules-0"')
    assert (answer.status_code, answer.headers["etag"]) == (200, '"rules-1"')
    assert http.get(RULES).json() == answer.json()
    assert http.get(f"/v1/incidents/{running['id']}").json() == running
    due = {"arrive_due_at": "2026-11-22T08:07:00.000Z"}
    assert receive(http, middle("A"), priority=2).items() >= due.items()
    # Another priority and back again: the rules of today.
    http.patch(f"/v1/incidents/{running['id']}", json={"priority": 1})
    again = http.patch(f"/v1/incidents/{running['id']}", json={"priority": 2})
    assert again.json().items() >= due.items()
    undone = http.post(f"{RULES}/undo")
    assert (undone.status_code, undone.json()["version"], undone.json()["rules"]) == (200, 2, before.json()["rules"])
    assert code(http.post(f"{RULES}/undo")) == (409, "incident_rules_no_undo")


def test_the_toml_that_is_given_can_be_sent_back(http: TestClient) -> None:
    text = http.get(RULES, params={"f": "toml"}).text.replace('arrive = "1 min"', 'arrive = "2 min"')
    sent = {"If-Match": '"rules-0"', "Content-Type": "application/toml"}
    answer = http.put(RULES, content=text.encode(), headers=sent)
    assert answer.status_code == 200, answer.text
    assert http.get(RULES, params={"f": "toml"}).text == text
    assert http.put(RULES, content=text.encode(), headers=sent).status_code == 412


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        ({"rules": {}}, {}, (428, "if_match_missing")),
        ({"rules": {}}, {"If-Match": '"cameras-1"'}, (400, "incident_rules_if_match")),
        ({"rules": {}}, {"If-Match": '"rules-4"'}, (412, "incident_rules_changed")),
        ({}, {"If-Match": '"rules-0"'}, (422, "incident_rules_body")),
        ({"rules": {}, "toml": ""}, {"If-Match": '"rules-0"'}, (422, "incident_rules_body")),
        ({"toml": "x ="}, {"If-Match": '"rules-0"'}, (422, "incident_rules_not_toml")),
        ({"rules": {"kinds": 3}}, {"If-Match": '"rules-0"'}, (422, "incident_rules_wrong_type")),
    ],
)
def test_what_can_not_be_kept_is_refused(http: TestClient, body: dict, headers: dict, expected: tuple) -> None:
    assert code(http.put(RULES, json=body, headers=headers)) == expected
    assert http.get(RULES).json()["version"] == 0


def test_the_service_brings_overdue_incidents_up_by_itself(store: SqlStore) -> None:
    import time

    put_town(store)
    clock = [NOW]
    with TestClient(create_app(store, ServiceSettings(now=lambda: clock[0]))) as http:
        id = receive(http, middle("A"), priority=1)["id"]
    clock[0] = NOW + timedelta(minutes=2)  # while the service was away
    with TestClient(create_app(store, ServiceSettings(now=lambda: clock[0]))) as http:
        end = time.monotonic() + 30
        while http.get(f"/v1/incidents/{id}").json()["level"] == 0 and time.monotonic() < end:
            time.sleep(0.05)
        told = http.get(f"/v1/incidents/{id}/history").json()["events"]
    assert [event["kind"] for event in told] == ["incident.received", "incident.escalated"]


def test_a_second_report_is_suggested_tied_to_the_first_and_chains_are_never_made(http: TestClient) -> None:
    lon, lat = middle("A")
    first = receive(http, (lon, lat), received_at="2026-11-22T15:50:00+08:00", title="管道漏水")["id"]
    asked = {"lon": lon + 0.0005, "lat": lat, "kind": "道路积水"}
    (found,) = http.get("/v1/incidents/duplicates", params=asked).json()["duplicates"]
    assert (found["incident"], found["reason"], found["minutes"]) == (first, "duplicate_same_place_time", 10)
    assert 47 < found["distance_m"] < 49
    assert http.get("/v1/incidents/duplicates", params={**asked, "kind": "噪声扰民"}).json()["duplicates"] == []
    assert http.get("/v1/incidents/duplicates", params={**asked, "lon": lon + 0.0017}).json()["duplicates"] == []
    second, third = (receive(http, (asked["lon"], lat))["id"] for _ in range(2))
    assert [d["incident"] for d in http.get(f"/v1/incidents/duplicates?incident={third}").json()["duplicates"]] == [
        second,
        first,
    ]
    mark = {"reason": "同一事件"}
    assert step(http, third, "cancelled", duplicate_of=second, **mark)["duplicate_of"] == second
    # The second becomes a duplicate as well: both point to the first.
    assert step(http, second, "cancelled", duplicate_of=first, **mark)["duplicate_of"] == first
    assert http.get(f"/v1/incidents/{third}").json()["duplicate_of"] == first
    fourth = receive(http, (lon, lat))["id"]
    assert step(http, fourth, "cancelled", duplicate_of=second, **mark)["duplicate_of"] == first
    own = http.post(f"/v1/incidents/{first}/transitions", json={"to": "cancelled", "duplicate_of": third, **mark})
    assert code(own) == (409, "duplicate_wrong")
    assert [d["incident"] for d in http.get("/v1/incidents/duplicates", params=asked).json()["duplicates"]] == [first]
    assert code(http.get("/v1/incidents/duplicates")) == (400, "duplicates_of_what")


def test_one_that_has_just_ended_is_suggested_and_one_that_ended_long_ago_is_not(store: SqlStore) -> None:
    put_town(store)
    clock = [NOW - timedelta(days=3)]
    http = TestClient(create_app(store, ServiceSettings(now=lambda: clock[0])))
    id = receive(http, middle("A"))["id"]

    def reasons(at: datetime) -> list[str]:
        clock[0] = at
        asked = {"lon": middle("A")[0], "lat": middle("A")[1], "kind": "道路积水"}
        return [d["reason"] for d in http.get("/v1/incidents/duplicates", params=asked).json()["duplicates"]]

    assert reasons(NOW) == ["duplicate_older_open"]
    put_unit(store, "car-1", middle("C"))
    step(http, id, "closed", through=True, unit="car-1", result="settled")
    assert reasons(NOW + timedelta(minutes=29)) == ["duplicate_just_ended"]
    assert reasons(NOW + timedelta(minutes=31)) == []


def test_kinds_of_several_counties_are_told_together(store: SqlStore) -> None:
    with store.write(act()) as tx:
        for county, x in (("330402", 520_000), ("330411", 540_000)):
            tx.territories.save(town(county, x=x), f"区 {county}")
    http = TestClient(create_app(store, ServiceSettings(now=lambda: NOW)))
    assert code(http.get(RULES)) == (409, "incident_rules_many")
    usual = http.get(RULES, params={"county": "330402"}).json()["rules"]
    own = {"code": "K-7", "zh": "占用盲道", "en": "Blocked tactile paving"}
    other = usual["kinds"][0] | {"en": "called otherwise"}
    rules = usual | {"kinds": [other, *usual["kinds"][1:], own], "stale_s": 60}
    sent = {"If-Match": '"rules-0"'}
    answer = http.put(RULES, json={"rules": rules}, headers=sent, params={"county": "330411"})
    assert answer.status_code == 200, answer.text
    told = http.get("/v1/incidents/kinds").json()
    assert [county["code"] for county in told["counties"]] == ["330402", "330411"]
    assert {county["name"] for county in told["counties"]} == {"区 330402", "区 330411"}
    assert told["kinds"] == [*usual["kinds"], own], "of two names for a code the first"
    assert told["stale_s"] == 60


def test_a_community_has_the_kinds_of_its_county(store: SqlStore) -> None:
    put_town(store)
    http = TestClient(create_app(store, ServiceSettings(now=lambda: NOW)))
    told = http.get("/v1/incidents/kinds").json()
    assert (len(told["counties"]), told["kinds"]) == (1, http.get(RULES).json()["rules"]["kinds"])
    with store.read(FIRST) as tx:
        found = known_kinds(tx)
    assert [county for county, _ in found.counties] == [FIRST[:6]]
    assert [kind.code for kind in found.kinds] == [kind["code"] for kind in told["kinds"]]


def test_without_a_county_the_kinds_are_those_of_the_program(store: SqlStore) -> None:
    told = TestClient(create_app(store, ServiceSettings(now=lambda: NOW))).get("/v1/incidents/kinds").json()
    assert told["counties"] == []
    assert [kind["code"] for kind in told["kinds"]] == [kind.code for kind in RULES_OF_THE_PROGRAM.kinds]
