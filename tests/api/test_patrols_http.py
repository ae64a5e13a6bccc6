"""Patrols over HTTP: the grids, the routes of a shift, their files; the same question has the same answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.store import SqlStore
from data.store.tables.plans import plans
from gis.territory import Territory
from tests.data.store.kit import plan as small_plan
from tests.data.store.kit import town as small_town
from tests.drawn_town import DrawnTown, drawn_town, loaded_file, town_store
from tests.http_kit import code
from tests.patrol_site import NOON, SHIFT, a_grid, service
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

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


def routes(service: TestClient, **query: Any) -> dict[str, Any]:
    answer = service.get("/v1/patrols", params={"grid": a_grid(service), **SHIFT, **query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def walked(answer: dict[str, Any]) -> list[list[Any]]:
    return [
        [(leg["properties"]["link_ids"], leg["properties"]["kind"]) for leg in route["legs"]]
        for route in answer["routes"]
    ]


def test_the_grids_come_with_a_point_inside_the_posts_and_the_plan(service: TestClient) -> None:
    found = service.get("/v1/patrols/grids").json()
    assert found["plan"]["state"] == "in_force"
    assert found["plans"] == [found["plan"]]
    codes = [grid["code"] for grid in found["grids"]]
    assert codes == sorted(set(codes))
    assert found["posts"]
    for grid in found["grids"]:
        place = service.get("/v1/lookup", params={"lon": grid["lon"], "lat": grid["lat"]}).json()
        assert place["grid"] == grid["code"]
        assert grid["code"].startswith(grid["community"])
        assert grid["plan"] == found["plan"]["id"]


def test_whether_the_plan_has_changed_costs_nothing_to_ask(service: TestClient) -> None:
    first = service.get("/v1/patrols/grids")
    again = service.get("/v1/patrols/grids", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_patrol_covers_its_grid_or_says_why_not(service: TestClient) -> None:
    grids = service.get("/v1/patrols/grids").json()["grids"]
    n_walked = 0
    for grid in grids:
        answer = service.get("/v1/patrols", params={"grid": grid["code"], **SHIFT})
        if answer.status_code == 422:
            assert code(answer)[1] in ("patrol_nothing", "patrol_nothing_but", "patrol_out_of_reach")
            continue
        found = answer.json()
        n_walked += 1
        assert found["covered_m"] + found["unreachable_m"] == pytest.approx(found["required_m"], abs=1)
        assert sum(one["length_m"] for one in found["unreachable"]) == pytest.approx(found["unreachable_m"], abs=1)
        assert found["grid_geometry"]["type"] in ("Polygon", "MultiPolygon")
        assert found["streets"]["features"]
        for route in found["routes"]:
            assert route["minutes"] <= found["shift_minutes"]
            assert route["length_m"] >= route["required_m"]
            metres = sum(leg["properties"]["length_m"] for leg in route["legs"])
            assert metres == pytest.approx(route["length_m"], rel=1e-3)
            assert [leg["properties"]["number"] for leg in route["legs"]] == list(range(1, len(route["legs"]) + 1))
            assert route["starts_at"] == "2026-11-22T08:00:00+08:00"
    assert n_walked >= 4


def test_the_same_question_has_the_same_answer_in_another_process_too(service: TestClient, town_store: Path) -> None:
    from data.store import open_store

    once = service.get("/v1/patrols", params={"grid": a_grid(service), **SHIFT})
    store = open_store(f"sqlite:///{town_store}")
    try:
        other = TestClient(create_app(store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
        again = other.get("/v1/patrols", params={"grid": a_grid(service), **SHIFT})
    finally:
        store.close()
    assert once.content == again.content
    assert once.headers["etag"] == again.headers["etag"]


def test_two_shifts_go_round_differently_at_one_cost(service: TestClient) -> None:
    am, pm = routes(service, half="am"), routes(service, half="pm")
    assert walked(am) != walked(pm)
    for one, other in zip(am["routes"], pm["routes"], strict=True):
        assert one["minutes"] == pytest.approx(other["minutes"], abs=0.1)
        assert one["length_m"] == pytest.approx(other["length_m"], abs=0.5)


def test_more_patrollers_share_the_grid(service: TestClient) -> None:
    one, two = routes(service), routes(service, patrollers=2)
    assert len(two["routes"]) == 2
    assert {route["id"][-2:] for route in two["routes"]} == {"-1", "-2"}
    assert max(r["minutes"] for r in two["routes"]) < one["routes"][0]["minutes"]
    assert two["covered_m"] == pytest.approx(one["covered_m"], abs=1)


def test_a_route_begins_at_the_post_asked_for(service: TestClient) -> None:
    for post in service.get("/v1/patrols/grids").json()["posts"]:
        answer = service.get("/v1/patrols", params={"grid": a_grid(service), "post": post["id"], **SHIFT})
        if answer.status_code == 200 and answer.json()["routes"]:
            assert answer.json()["routes"][0]["post"] == (post["name"] or post["id"])
            return
    pytest.fail("no post of the town can be begun at")


def test_a_shift_too_short_is_told_with_what_would_do(service: TestClient) -> None:
    found = routes(service, patrollers=1, shift_minutes=15)
    assert found["routes"][0]["minutes"] > 15
    told = [note for note in found["warnings"] if note["code"].startswith("patrol_over_shift")]
    assert len(told) == 1
    assert told[0]["facts"]["patrollers"] > 1
    assert told[0]["message"]


def test_a_route_comes_as_gpx_kml_geojson_and_pdf(service: TestClient) -> None:
    query = {"grid": a_grid(service), **SHIFT}
    id = routes(service)["routes"][0]["id"]
    files = {form: service.get(f"/v1/patrols/{id}.{form}", params=query) for form in ("gpx", "kml", "geojson", "pdf")}
    for form, answer in files.items():
        assert answer.status_code == 200, answer.text
        assert f"{id}_2026-11-22_am.{form}" in answer.headers["content-disposition"]
    tree = ElementTree.fromstring(files["gpx"].content)
    assert tree.tag.endswith("gpx")
    assert [child.tag.rpartition("}")[2] for child in tree] == ["metadata", "rte", "trk"]
    assert ElementTree.fromstring(files["kml"].content).tag.endswith("kml")
    assert json.loads(files["geojson"].content)["features"]
    assert files["pdf"].content.startswith(b"%PDF")
    qr = service.get(f"/v1/patrols/{id}/qr.svg", params=query)
    assert qr.headers["content-type"] == "image/svg+xml"
    assert ElementTree.fromstring(qr.content).tag.endswith("svg")


def test_the_shifted_variant_is_asked_for_and_named(service: TestClient) -> None:
    query = {"grid": a_grid(service), **SHIFT}
    id = routes(service)["routes"][0]["id"]
    true, shifted = (
        service.get(f"/v1/patrols/{id}.geojson", params={**query, "crs": crs}) for crs in ("wgs84", "gcj02")
    )
    assert true.json()["datum"] == "wgs84"
    assert shifted.json()["datum"] == "gcj02"
    assert "GCJ02" in shifted.headers["content-disposition"]
    assert true.json()["bbox"] != shifted.json()["bbox"]
    assert code(service.get(f"/v1/patrols/{id}.pdf", params={**query, "crs": "gcj02"})) == (400, "patrol_page_crs")


def test_who_has_the_answer_already_is_told_so(service: TestClient) -> None:
    query = {"grid": a_grid(service), **SHIFT}
    id = routes(service)["routes"][0]["id"]
    for path in ("/v1/patrols", f"/v1/patrols/{id}.gpx", f"/v1/patrols/{id}.pdf", f"/v1/patrols/{id}/qr.svg"):
        first = service.get(path, params=query)
        known = {"If-None-Match": first.headers["etag"]}
        again = service.get(path, params=query, headers=known)
        assert again.status_code == 304, path
        assert again.content == b""
        assert service.get(path, params={**query, "half": "pm"}, headers=known).status_code == 200, path


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"grid": "none"}, (404, "patrol_grid_not_here")),
        ({"plan": "p0"}, (404, "plan_unknown")),
        ({"post": "none"}, (400, "patrol_post_unknown")),
        ({"mode": "boat"}, (400, "parameter_wrong")),
        ({"half": "noon"}, (400, "parameter_wrong")),
        ({"date": "2026-13-01"}, (400, "parameter_wrong")),
        ({"patrollers": -1}, (400, "parameter_wrong")),
        ({"shift_minutes": 0}, (400, "parameter_wrong")),
        ({"shift_minutes": "nan"}, (400, "parameter_wrong")),
    ],
)
def test_what_can_not_be_answered_is_said_in_both_languages(service: TestClient, query, expected) -> None:
    asked = {"grid": a_grid(service), **SHIFT, **query}
    for language in ("zh", "en"):
        answer = service.get("/v1/patrols", params=asked, headers={"Accept-Language": language})
        assert code(answer) == expected
        assert answer.headers["content-language"] == language


def test_a_question_without_a_grid_and_a_route_that_is_none_are_refused(service: TestClient) -> None:
    assert code(service.get("/v1/patrols", params=SHIFT)) == (400, "parameter_missing")
    query = {"grid": a_grid(service), **SHIFT}
    assert code(service.get("/v1/patrols/x-1.gpx", params=query)) == (404, "patrol_route_unknown")
    assert service.get("/v1/patrols/x-1.exe", params=query).status_code == 400


def test_turns_are_told_in_the_language_asked_for(service: TestClient) -> None:
    texts = {
        language: service.get(
            "/v1/patrols", params={"grid": a_grid(service), **SHIFT}, headers={"Accept-Language": language}
        ).json()["routes"][0]["legs"][0]["properties"]["text"]
        for language in ("zh", "en")
    }
    assert texts["zh"] != texts["en"]


def test_a_store_without_a_plan_in_force_says_so(embedded_store: SqlStore) -> None:
    client = TestClient(create_app(embedded_store), base_url="http://127.0.0.1")
    assert code(client.get("/v1/patrols/grids")) == (404, "patrol_no_plan_here")
    assert code(client.get("/v1/patrols", params={"grid": "x"})) == (404, "patrol_grid_not_here")


def test_both_stores_give_the_same_routes(store: SqlStore, drawn_town: DrawnTown, service: TestClient) -> None:
    drawn_town.load(store)
    client = TestClient(create_app(store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
    query = {"grid": a_grid(service), **SHIFT}
    here, there = (one.get("/v1/patrols", params=query).json() for one in (client, service))
    assert here["plan"]["id"] == client.get("/v1/patrols/grids").json()["plan"]["id"]
    for answer in (here, there):
        for route in answer["routes"]:
            del route["plan_id"]
    assert sum(r["length_m"] for r in here["routes"]) == pytest.approx(sum(r["length_m"] for r in there["routes"]))
    assert here["required_m"] == there["required_m"]
    assert here["grid_geometry"] == there["grid_geometry"]


def test_a_plan_that_has_changed_has_another_version(store: SqlStore, drawn_town: DrawnTown) -> None:
    plan = drawn_town.load(store)
    client = TestClient(create_app(store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
    query = {"grid": a_grid(client), **SHIFT}
    before = client.get("/v1/patrols", params=query)
    assert before.json()["plan"]["id"] == plan
    with store.write(act(at=NOON)) as tx:
        tx.connection.execute(plans.update().values(revision=plans.c.revision + 1))
    after = client.get("/v1/patrols", params=query, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["plan"]["revision"] == before.json()["plan"]["revision"] + 1
    assert after.headers["etag"] != before.headers["etag"]


def test_a_territory_without_streets_says_that_nothing_can_be_walked(embedded_store: SqlStore) -> None:
    territory = small_town("330402")
    bare = Territory.of({name: territory[name] for name in ("communities", "buildings")})
    with embedded_store.write(act(at=NOON)) as tx:
        ground = tx.territories.save(bare, "bare").id
        card = tx.plans.save(small_plan(bare), territory_id=ground, name="bare")
    client = TestClient(create_app(embedded_store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
    query = {"grid": "330402001001001", "plan": card.id, **SHIFT}
    assert code(client.get("/v1/patrols", params=query)) == (422, "patrol_no_streets")
    assert code(client.get("/v1/patrols/330402001001001-1.gpx", params=query)) == (422, "patrol_no_streets")
