"""Tracks over HTTP: judged, kept once, listed; hostile and hopeless files are refused with the reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.store import SqlStore
from tests.drawn_town import DrawnTown, drawn_town, loaded_file, town_store
from tests.http_kit import code
from tests.patrol_site import BEGIN, NOON, SHIFT, a_grid, gpx_of, service, walk_of
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = [
    "drawn_town",
    "embedded_store",
    "loaded_file",
    "migrated_file",
    "migrated_server",
    "postgis_server",
    "postgis_store",
    "service",
    "store",
    "town_store",
]

GPX = {"Content-Type": "application/gpx+xml"}


def route(service: TestClient, **query: Any) -> dict[str, Any]:
    asked = {"grid": a_grid(service), **SHIFT, **query}
    return dict(service.get("/v1/patrols", params=asked).json()["routes"][0])


def send(service: TestClient, content: str | bytes, **query: Any) -> Any:
    params = {"grid": a_grid(service), **SHIFT, **query}
    return service.post("/v1/tracks", params=params, content=content, headers=GPX)


def test_whoever_walks_the_whole_route_has_missed_nothing(service: TestClient) -> None:
    answer = send(service, gpx_of(walk_of(route(service)["legs"])))
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert found["missed"] == []
    assert found["coverage_frac"] == 1.0
    assert found["planned_km"] == found["covered_km"] > 0
    assert found["patrol"] == f"{a_grid(service)}-1"
    assert found["fixes"] == found["used"] + sum(found["dropped"].values())
    assert answer.headers["location"] == f"/v1/tracks/{found['id']}"


def test_a_street_that_was_left_out_is_named(service: TestClient) -> None:
    legs = route(service)["legs"]
    inspected = [leg["properties"] for leg in legs if leg["properties"]["kind"] == "inspect"]
    metres: dict[str, float] = {}
    for leg in inspected:
        metres[leg["name"]] = metres.get(leg["name"], 0.0) + leg["length_m"]
    street = max((name for name in metres if name), key=lambda name: metres[name])
    found = send(service, gpx_of(walk_of(legs, without=street))).json()
    assert {one["street"] for one in found["missed"]} == {street}
    assert sum(one["length_m"] for one in found["missed"]) == pytest.approx(1000 * found["missed_km"], abs=1)
    assert found["missed"][0]["geometry"]["type"] in ("LineString", "MultiLineString")
    assert 0 < found["coverage_frac"] < 1


def test_the_same_file_sent_again_is_the_same_track(service: TestClient) -> None:
    content = gpx_of(walk_of(route(service)["legs"]))
    first, again = send(service, content), send(service, content)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = send(service, content, half="pm")
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]
    listed = service.get("/v1/tracks").json()
    assert sorted(row["id"] for row in listed["tracks"]) == sorted([first.json()["id"], other.json()["id"]])


def test_nothing_of_a_person_is_kept_or_given_out(service: TestClient, town_store: Any) -> None:
    content = gpx_of(walk_of(route(service)["legs"]), name="王小明 13912345678")
    answer = send(service, content)
    assert "note_gpx_names_dropped" in [warning["code"] for warning in answer.json()["warnings"]]
    told = answer.text + service.get(f"/v1/tracks/{answer.json()['id']}").text
    assert "王小明" not in told
    assert "13912345678" not in told
    for path in town_store.parent.glob("town.sqlite*"):
        assert "王小明".encode() not in path.read_bytes()


def test_a_track_is_found_by_grid_and_day_and_read_again(service: TestClient) -> None:
    sent = send(service, gpx_of(walk_of(route(service)["legs"]))).json()
    [row] = service.get("/v1/tracks", params={"grid": a_grid(service), "date": "2026-11-22"}).json()["tracks"]
    assert row["id"] == sent["id"]
    assert row["coverage_frac"] == sent["coverage_frac"]
    for nowhere in ({"grid": "none"}, {"date": "2026-11-23"}, {"mode": "car"}, {"plan": "p0"}):
        assert service.get("/v1/tracks", params=nowhere).json() == {"tracks": [], "next": None}
    again = service.get(f"/v1/tracks/{sent['id']}")
    assert again.json() == sent
    assert code(service.get("/v1/tracks/none")) == (404, "track_unknown")


def test_the_list_comes_in_pages(service: TestClient) -> None:
    points = walk_of(route(service)["legs"])
    ids = {send(service, gpx_of(points[: 20 + n])).json()["id"] for n in range(3)}
    seen, after = [], None
    while True:
        page = service.get("/v1/tracks", params={"limit": 2, **({"after": after} if after else {})}).json()
        seen += [row["id"] for row in page["tracks"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(seen) == sorted(ids)
    assert code(service.get("/v1/tracks", params={"after": "none"})) == (404, "track_unknown")


def test_the_next_page_to_print_shows_what_was_missed(service: TestClient) -> None:
    legs = route(service)["legs"]
    id = f"{a_grid(service)}-1"
    before = service.get(f"/v1/patrols/{id}.pdf", params={"grid": a_grid(service), **SHIFT, "half": "pm"})
    send(service, gpx_of(walk_of(legs)[:40]))
    after = service.get(f"/v1/patrols/{id}.pdf", params={"grid": a_grid(service), **SHIFT, "half": "pm"})
    assert after.headers["etag"] != before.headers["etag"]
    assert after.content != before.content
    same = service.get(f"/v1/patrols/{id}.pdf", params={"grid": a_grid(service), **SHIFT})
    assert same.headers["etag"] != after.headers["etag"]


def test_a_track_in_shifted_coordinates_is_told_and_can_be_read(service: TestClient) -> None:
    from gis.shift import wgs84_to_gcj02

    points = walk_of(route(service)["legs"])
    lon, lat = wgs84_to_gcj02([p[0] for p in points], [p[1] for p in points])
    content = gpx_of(list(zip(lon, lat)))
    as_it_is = send(service, content).json()
    assert "warn_track_looks_shifted" in [warning["code"] for warning in as_it_is["warnings"]]
    read = send(service, content, crs="gcj02").json()
    assert read["coverage_frac"] > 0.99


def test_a_track_of_another_day_is_told(service: TestClient) -> None:
    points = walk_of(route(service)["legs"])
    found = send(service, gpx_of(points, begin=BEGIN - timedelta(days=1))).json()
    [warning] = [w for w in found["warnings"] if w["code"] == "warn_track_other_day"]
    assert warning["facts"] == {"measured": "2026-11-21", "allowed": "2026-11-22"}
    assert warning["message"]


def test_a_track_without_times_has_no_hours(service: TestClient) -> None:
    found = send(service, gpx_of(walk_of(route(service)["legs"]), begin=None)).json()
    assert found["hours"] is None
    assert found["mean_kmh"] is None
    assert found["coverage_frac"] > 0.9


def test_each_patroller_is_judged_by_their_own_route(service: TestClient) -> None:
    asked = {"grid": a_grid(service), **SHIFT, "patrollers": 2}
    routes = service.get("/v1/patrols", params=asked).json()["routes"]
    content = gpx_of(walk_of(routes[1]["legs"]))
    own = send(service, content, patrollers=2, patroller=2).json()
    assert own["coverage_frac"] > 0.99
    assert own["patrol"] == routes[1]["id"]
    whole = send(service, content, patrollers=2).json()
    assert whole["coverage_frac"] < 0.9
    assert code(send(service, content, patrollers=2, patroller=3)) == (422, "track_patroller_unknown")


BOMB = '<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><gpx>&b;</gpx>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY x SYSTEM "file:///etc/passwd">]><gpx>&x;</gpx>'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (BOMB, "gpx_entities_refused"),
        (OUTSIDE, "gpx_entities_refused"),
        ("this is no track", "gpx_not_gpx"),
        ("<html></html>", "gpx_not_gpx"),
        ("<gpx></gpx>", "gpx_no_fixes"),
        ('<gpx><rte><rtept lat="1" lon="1"/></rte></gpx>', "gpx_route_not_track"),
        ('<gpx><trk><trkseg><trkpt lat="120.5" lon="31.2"/></trkseg></trk></gpx>', "gpx_axes_swapped"),
        (b"\xff\xfe\x00", "gpx"),
        (b"", "gpx"),
    ],
)
def test_a_file_that_is_no_track_is_refused_with_the_reason(service: TestClient, content, expected) -> None:
    answer = send(service, content)
    status, said = code(answer)
    assert status in (400, 422)
    assert said.startswith((expected, "file_empty"))
    assert "passwd" not in answer.text
    assert service.get("/v1/tracks").json()["tracks"] == []


def test_one_fix_covers_nothing_and_says_so(service: TestClient) -> None:
    found = send(service, gpx_of(walk_of(route(service)["legs"])[:1])).json()
    assert found["coverage_frac"] == 0.0
    assert "warn_track_one_fix" in [warning["code"] for warning in found["warnings"]]


def test_a_track_needs_a_shift_and_a_file_of_its_kind(service: TestClient) -> None:
    content = gpx_of(walk_of(route(service)["legs"])[:5])
    no_day = service.post("/v1/tracks", params={"grid": a_grid(service)}, content=content, headers=GPX)
    assert code(no_day) == (422, "track_without_shift")
    params = {"grid": a_grid(service), **SHIFT}
    wrong = service.post("/v1/tracks", params=params, content=content, headers={"Content-Type": "text/plain"})
    assert code(wrong) == (415, "content_type_refused")
    assert code(send(service, content, grid="none")) == (404, "patrol_grid_not_here")


def test_a_file_larger_than_the_service_takes_is_refused(embedded_store: SqlStore) -> None:
    settings = ServiceSettings(max_table_bytes=10_000, now=lambda: NOON)
    client = TestClient(create_app(embedded_store, settings), base_url="http://127.0.0.1")
    params = {"grid": "x", **SHIFT}
    answer = client.post("/v1/tracks", params=params, content="<gpx>" + " " * 20_000, headers=GPX)
    assert code(answer) == (413, "body_too_large")


def test_both_stores_judge_alike(store: SqlStore, drawn_town: DrawnTown, service: TestClient) -> None:
    drawn_town.load(store)
    client = TestClient(create_app(store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
    content = gpx_of(walk_of(route(service)["legs"])[:120])
    here, there = send(client, content).json(), send(service, content).json()
    for answer in (here, there):
        for name in ("id", "plan", "received_at"):
            del answer[name]
    assert here == there
    with store.read() as tx:
        entries = tx.audit.entries(limit=1000)
    assert entries[-1].action == "track.add"
