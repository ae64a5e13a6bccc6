"""Cameras over HTTP: rows, features, what-if, rules and comparison; the same question has the same answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient
from shapely.geometry import shape

from api.app import ServiceSettings, create_app
from data.store import SqlStore
from data.store.tables.plans import plans
from tests.coverage_site import desk, read_service, rows, spot_in
from tests.drawn_town import DrawnTown, drawn_town, loaded_file, town_store
from tests.http_kit import code
from tests.patrol_site import NOON
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = [
    "desk",
    "drawn_town",
    "embedded_store",
    "loaded_file",
    "migrated_file",
    "migrated_server",
    "postgis_server",
    "postgis_store",
    "read_service",
    "store",
    "town_store",
]

LEVELS = ("detect", "observe", "recognise", "identify")


def features(service: TestClient, what: str, **query: Any) -> dict[str, Any]:
    answer = service.get("/v1/cameras/features", params={"what": what, **query})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return dict(answer.json())


def test_density_stands_beside_what_is_seen(read_service: TestClient) -> None:
    answer = read_service.get("/v1/cameras").json()
    assert answer["plan"]["state"] == "in_force"
    assert [level["name"] for level in answer["levels"]] == list(LEVELS)
    assert answer["edition"] == "EN/IEC 62676-4:2015"
    totals = answer["totals"]
    assert totals["positions"] > 0
    assert totals["density_per_km2"] == pytest.approx(totals["positions"] / totals["area_km2"], rel=1e-3)
    seen = [totals["seen_m"][level] for level in LEVELS]
    assert seen == sorted(seen, reverse=True)
    assert 0 < seen[0] < totals["street_m"]
    assert {"working_frac", "networked_frac", "private_m", "assumed", "blind_m"} <= totals.keys()
    assert sum(one["positions"] for one in answer["programmes"]) == totals["positions"] + totals["off_grids"]
    assert sum(one["channels"] for one in answer["owners"]) >= totals["channels"]
    assert all(warning["message"] for warning in answer["warnings"])


@pytest.mark.parametrize("scope", ["grid", "community", "town", "class"])
def test_the_rows_of_every_scope_add_up_to_everything(read_service: TestClient, scope: str) -> None:
    totals = rows(read_service, "all")[0]
    listed = rows(read_service, scope)
    for name in ("positions", "channels", "working", "missing", "places"):
        assert sum(row[name] for row in listed) == totals[name], name
    for name in ("area_km2", "street_m"):
        assert sum(row[name] for row in listed) == pytest.approx(totals[name], abs=0.1 * len(listed)), name
    assert [row["code"] for row in listed] == sorted(row["code"] for row in listed)


def test_a_level_is_asked_for_by_name(read_service: TestClient) -> None:
    for level in LEVELS:
        answer = read_service.get("/v1/cameras", params={"level": level}).json()
        assert answer["level"] == level
        blind = answer["totals"]["blind_m"]
        assert blind == pytest.approx(answer["totals"]["street_m"] - answer["totals"]["seen_m"][level], abs=1.0)
    assert code(read_service.get("/v1/cameras", params={"level": "hear"})) == (400, "sight_level_unknown")


def test_who_has_the_answer_already_is_told_so(read_service: TestClient) -> None:
    for path in ("/v1/cameras", "/v1/cameras/features?what=blind", "/v1/cameras/proposals"):
        first = read_service.get(path)
        again = read_service.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
    other = read_service.get("/v1/cameras?level=detect").headers["etag"]
    assert other != read_service.get("/v1/cameras").headers["etag"]


def test_grids_come_with_what_a_map_colours_them_by(read_service: TestClient) -> None:
    by_code = {row["code"]: row for row in rows(read_service)}
    found = features(read_service, "grids")
    assert {one["properties"]["code"] for one in found["features"]} == by_code.keys()
    for one in found["features"]:
        facts = one["properties"]
        row = by_code[facts["code"]]
        assert {name: facts[name] for name in ("positions", "missing")} == {
            name: row[name] for name in ("positions", "missing")
        }
        assert facts["seen_frac"] == row["seen_frac"]
        assert shape(one["geometry"]).is_valid


def test_cameras_stand_in_their_grids(read_service: TestClient) -> None:
    outlines = {
        one["properties"]["code"]: shape(one["geometry"]) for one in features(read_service, "grids")["features"]
    }
    cameras = features(read_service, "cameras")["features"]
    assert len(cameras) == read_service.get("/v1/cameras").json()["totals"]["positions"]
    for camera in cameras:
        facts = camera["properties"]
        assert {"id", "kind", "working", "assumed", "forbidden", "private_m", "height_m"} <= facts.keys()
        assert outlines[facts["grid"]].distance(shape(camera["geometry"])) < 1e-5


def test_sight_polygons_hold_their_camera_or_begin_beyond_its_blind_zone(read_service: TestClient) -> None:
    stands = {one["properties"]["id"]: one for one in features(read_service, "cameras")["features"]}
    sights = features(read_service, "sights", level="detect")["features"]
    assert {one["properties"]["id"] for one in sights} == stands.keys()
    drawn = [one for one in sights if one["geometry"]]
    assert len(drawn) > len(sights) / 2
    for one in drawn:
        polygon = shape(one["geometry"])
        assert polygon.is_valid
        assert polygon.distance(shape(stands[one["properties"]["id"]]["geometry"])) < 0.001  # some 100 m
    wide = sum(shape(one["geometry"]).area for one in drawn)
    fine = features(read_service, "sights", level="identify")["features"]
    assert sum(shape(one["geometry"]).area for one in fine if one["geometry"]) < wide / 4


def test_masks_lie_inside_the_sight_of_their_camera(read_service: TestClient) -> None:
    sights = {
        one["properties"]["id"]: shape(one["geometry"])
        for one in features(read_service, "sights", level="observe")["features"]
        if one["geometry"]
    }
    masks = [one for one in features(read_service, "masks", level="observe")["features"] if one["geometry"]]
    assert masks
    for mask in masks:
        assert mask["properties"]["private_m"] > 0
        outside = shape(mask["geometry"]).difference(sights[mask["properties"]["id"]].buffer(6e-6))
        assert outside.area < 1e-12


def test_seen_and_blind_streets_are_all_the_streets_there_are(read_service: TestClient) -> None:
    totals = read_service.get("/v1/cameras").json()["totals"]
    seen = features(read_service, "seen")["features"]
    unseen_m = sum(one["properties"]["length_m"] for one in seen if not one["properties"]["seen_by"])
    seen_m = sum(one["properties"]["length_m"] for one in seen if one["properties"]["seen_by"])
    assert unseen_m + seen_m == pytest.approx(totals["street_m"], rel=0.001)
    assert seen_m == pytest.approx(totals["seen_m"]["recognise"], rel=0.02)
    blind = [one["properties"] for one in features(read_service, "blind")["features"]]
    assert sum(one["length_m"] for one in blind) == pytest.approx(totals["blind_m"], abs=0.1 * len(blind))
    assert [one["rank"] for one in blind] == list(range(1, len(blind) + 1))
    lengths = [one["length_m"] for one in blind]
    assert lengths == sorted(lengths, reverse=True)
    for one in features(read_service, "blind")["features"][:20]:
        line = shape(one["geometry"])
        metres = line.length * 111_320  # degrees of latitude; longitudes are shorter here
        assert metres > 0.6 * one["properties"]["length_m"]


def test_features_come_in_pages_of_a_grid_or_a_box(read_service: TestClient) -> None:
    whole = features(read_service, "cameras")
    pages, offset = [], 0
    while offset is not None:
        page = features(read_service, "cameras", limit=20, offset=offset)
        assert page["numberMatched"] == whole["numberMatched"]
        pages += page["features"]
        offset = page["next"]
    assert pages == whole["features"]
    grid = whole["features"][0]["properties"]["grid"]
    own = features(read_service, "cameras", grid=grid)["features"]
    assert own == [one for one in whole["features"] if one["properties"]["grid"] == grid]
    lon, lat = whole["features"][0]["geometry"]["coordinates"]
    box = shapely.box(lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001)
    near = features(read_service, "cameras", bbox=",".join(f"{v:.7f}" for v in box.bounds))["features"]
    expected = [one for one in whole["features"] if box.contains(shape(one["geometry"]))]
    assert near == expected
    assert 0 < len(near) < len(whole["features"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"what": "faces"}, (400, "parameter_wrong")),
        ({"what": "cameras", "grid": "none"}, (404, "coverage_grid_not_here")),
        ({"what": "cameras", "bbox": "1,2,3"}, (400, "bbox_wrong")),
        ({"what": "cameras", "limit": 0}, (400, "parameter_wrong")),
        ({"what": "cameras", "offset": -1}, (400, "parameter_wrong")),
        ({"what": "cameras", "plan": "p0"}, (404, "plan_unknown")),
        ({"what": "cameras", "level": "x"}, (400, "sight_level_unknown")),
        ({}, (400, "parameter_missing")),
    ],
)
def test_what_can_not_be_answered_is_said_in_both_languages(read_service: TestClient, query, expected) -> None:
    for language in ("zh", "en"):
        answer = read_service.get("/v1/cameras/features", params=query, headers={"Accept-Language": language})
        assert code(answer) == expected
        assert answer.headers["content-language"] == language


# -- what if


def test_positions_more_in_a_grid_change_its_row_and_those_around_it(read_service: TestClient) -> None:
    row = rows(read_service)[0]
    asked = {"add": [{"grid": row["code"], "count": 3}, {"grid": row["code"]}]}
    told = read_service.post("/v1/cameras/what-if", json=asked).json()
    assert told["added"] == 4
    assert told["newly_seen_m"] is None
    changed = {(one["before"]["scope"], one["before"]["code"]): one for one in told["rows"]}
    own = changed["grid", row["code"]]
    assert own["after"]["positions"] == row["positions"] + 4
    assert own["before"]["density_per_km2"] == row["density_per_km2"]
    assert own["after"]["seen_m"] == row["seen_m"]
    assert ("all", "all") in changed
    assert sum(scope == "grid" for scope, _ in changed) == 1


def test_a_camera_on_a_spot_is_looked_from(read_service: TestClient) -> None:
    lon, lat = spot_in(read_service)
    told = read_service.post("/v1/cameras/what-if", json={"add": [{"lon": lon, "lat": lat}], "level": "detect"}).json()
    assert told["level"] == "detect"
    assert told["newly_seen_m"] == told["newly_seen"]["detect"] > 0
    assert told["newly_seen"]["detect"] >= told["newly_seen"]["identify"]
    [grid] = told["grids"]
    narrow = [
        read_service.post(
            "/v1/cameras/what-if", json={"add": [{"lon": lon, "lat": lat, "heading_deg": d}], "level": "detect"}
        ).json()["newly_seen_m"]
        for d in (0, 120, 240)
    ]
    assert all(0 <= metres <= told["newly_seen_m"] for metres in narrow)
    own = next(one for one in told["rows"] if one["before"]["code"] == grid)
    assert own["after"]["seen_m"]["detect"] > own["before"]["seen_m"]["detect"]


def test_other_targets_change_what_is_missing_and_nothing_else(read_service: TestClient) -> None:
    before = rows(read_service, "all")[0]
    told = read_service.post("/v1/cameras/what-if", json={"targets": {"urban": 500, "rural": 500}}).json()
    total = next(one for one in told["rows"] if one["before"]["scope"] == "all")
    assert total["before"]["missing"] == before["missing"]
    assert total["after"]["missing"] > before["missing"]
    assert total["after"]["positions"] == before["positions"]
    assert rows(read_service, "all")[0] == before


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"add": [{"grid": "none"}]}, (404, "coverage_grid_not_here")),
        ({"add": [{"lon": 0.0, "lat": 0.0}]}, (404, "coverage_point_not_here")),
        ({"add": [{"lon": 181, "lat": 0}]}, (422, "parameter_wrong")),
        ({"add": [{"grid": "x", "count": -1}]}, (422, "parameter_wrong")),
        ({"targets": {"town": 5}}, (422, "coverage_settings_not_one_of")),
        ({"targets": {"urban": -5}}, (422, "parameter_wrong")),
        ({"unknown": 1}, (422, "parameter_wrong")),
    ],
)
def test_a_wrong_what_if_is_refused_with_the_reason(read_service: TestClient, body, expected) -> None:
    assert code(read_service.post("/v1/cameras/what-if", json=body)) == expected


# -- comparison, versions, stores


def test_a_plan_beside_itself_differs_in_nothing(read_service: TestClient) -> None:
    plan = read_service.get("/v1/cameras").json()["plan"]["id"]
    for language in ("zh", "en"):
        answer = read_service.get(f"/v1/cameras/compare?other={plan}", headers={"Accept-Language": language})
        told = answer.json()
        assert told["plan"] == told["other"]
        for row in told["measures"]:
            assert row["before"] == row["after"], row["name"]
            assert row["label"] != f"coverage_measure_{row['name']}"
            assert row["better"] in (-1, 0, 1)
        assert {one["change"] for one in told["grids"]} == {"kept"}
        assert told["promises"]
    assert code(read_service.get("/v1/cameras/compare?other=p0")) == (404, "plan_unknown")
    assert code(read_service.get("/v1/cameras/compare")) == (400, "parameter_missing")


def test_both_stores_give_the_same_survey(store: SqlStore, drawn_town: DrawnTown, read_service: TestClient) -> None:
    drawn_town.load(store)
    client = TestClient(create_app(store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
    here, there = (one.get("/v1/cameras").json() for one in (client, read_service))
    for name in ("rows", "totals", "programmes", "owners"):
        assert here[name] == there[name], name
    assert features(client, "seen")["features"] == features(read_service, "seen")["features"]


def test_a_plan_that_has_changed_is_surveyed_anew(store: SqlStore, drawn_town: DrawnTown) -> None:
    plan = drawn_town.load(store)
    client = TestClient(create_app(store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
    before = client.get("/v1/cameras")
    assert before.json()["plan"]["id"] == plan
    with store.write(act(at=NOON)) as tx:
        tx.connection.execute(plans.update().values(revision=plans.c.revision + 1))
    after = client.get("/v1/cameras", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["plan"]["revision"] == before.json()["plan"]["revision"] + 1


def test_a_store_without_a_plan_in_force_says_so(embedded_store: SqlStore, tmp_path: Path) -> None:
    client = TestClient(create_app(embedded_store), base_url="http://127.0.0.1")
    for path in ("/v1/cameras", "/v1/cameras/settings", "/v1/reach", "/v1/cameras/proposals"):
        assert code(client.get(path)) == (404, "coverage_no_plan_here")
