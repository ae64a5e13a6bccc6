"""Reach over HTTP: promises, rings and streets on a map, a spot, more posts, the units nearest to an incident."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from pyproj import Geod
from shapely.geometry import shape

from api.app import ServiceSettings, create_app
from data.store import SqlStore
from gis.territory import Territory
from tests.coverage_site import desk, read_service, spot_in
from tests.data.store.kit import plan as small_plan
from tests.data.store.kit import town as small_town
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

WGS84 = Geod(ellps="WGS84")
CIRCLE = {"rule": "circle15", "band": "day"}


def reach(service: TestClient) -> dict[str, Any]:
    answer = service.get("/v1/reach")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def features(service: TestClient, what: str, **query: Any) -> dict[str, Any]:
    answer = service.get("/v1/reach/features", params={"what": what, **CIRCLE, **query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_every_promise_is_checked_in_every_part_of_the_day(read_service: TestClient) -> None:
    told = reach(read_service)
    assert [(one["name"], one["band"]) for one in told["rules"]] == [
        (name, band) for name in ("1", "3", "5", "30", "circle15") for band in ("day", "night")
    ]
    for one in told["rules"]:
        shares = one["shares"]
        for name in ("households", "buildings", "places", "street", "area"):
            whole, part = {"street": ("street_m", "street_in_m"), "area": ("area_m2", "area_in_m2")}.get(
                name, (name, f"{name}_in")
            )
            assert 0 <= shares[part] <= shares[whole] + 0.1, (one["name"], name)
        reached = [ring["households_in"] for _, ring in sorted(one["ring"].items(), key=lambda item: float(item[0]))]
        assert reached == sorted(reached)
        assert one["ring"][f"{one['minutes']:g}"] == shares
        late = [door["seconds"] for door in one["worst"] if door["seconds"] is not None]
        assert late == sorted(late, reverse=True)
        if late:
            assert late[0] == one["worst_s"]
    assert any(one["is_kept"] for one in told["rules"])
    assert all(0 <= frac <= 1 for grid in told["grids"].values() for frac in grid.values() if frac is not None)
    assert all(warning["message"] for warning in told["warnings"])


def test_a_door_on_the_list_of_the_worst_is_reached_when_its_spot_is(read_service: TestClient) -> None:
    rule = next(one for one in reach(read_service)["rules"] if one["name"] == "circle15" and one["worst"])
    doors = [door for door in rule["worst"] if door["grid"] and door["seconds"] is not None][:5]
    assert doors
    for door in doors:
        spot = read_service.get("/v1/reach/arrival", params={"lon": door["lon"], "lat": door["lat"]}).json()
        assert spot["grid"] == door["grid"]
        [own] = [one for one in spot["rules"] if (one["name"], one["band"]) == ("circle15", "day")]
        # The door of a building is at its wall, the spot in its middle.
        assert own["seconds"] == pytest.approx(door["seconds"], abs=90)
        assert own["in_time"] == (own["seconds"] <= 900)


def test_rings_grow_and_hold_the_streets_reached(read_service: TestClient) -> None:
    rings = features(read_service, "rings", minutes=[1, 3, 5])["features"]
    assert [one["properties"]["minutes"] for one in rings] == [5, 3, 1]
    metres = [one["properties"]["street_m"] for one in rings]
    assert metres == sorted(metres, reverse=True)
    wide, _, narrow = (shape(one["geometry"]) for one in rings)
    assert narrow.difference(wide.buffer(1e-5)).area < 1e-10
    [alone] = features(read_service, "rings", minutes=3)["features"]
    assert alone["geometry"] == rings[1]["geometry"]


def test_streets_by_minutes_are_the_whole_network_once(read_service: TestClient) -> None:
    streets = features(read_service, "streets", minutes=[2, 6, 600])["features"]
    steps = {one["properties"]["minutes"] for one in streets}
    assert {2.0, 6.0} <= steps

    def metres(listed: Any) -> float:
        return sum(WGS84.geometry_length(shape(one["geometry"])) for one in listed)

    def within(most: float) -> Any:
        return [one for one in streets if one["properties"]["minutes"] and one["properties"]["minutes"] <= most]

    once = features(read_service, "streets", minutes=[0.001])["features"]
    assert metres(once) == pytest.approx(metres(streets), rel=0.005)
    for ring in features(read_service, "rings", minutes=[2, 6])["features"]:
        facts = ring["properties"]
        assert metres(within(facts["minutes"])) == pytest.approx(facts["street_m"], rel=0.005)
    for one in streets:
        step = one["properties"]["minutes"]
        assert one["properties"]["seconds"] == (None if step is None else 60 * step)


def test_posts_say_whether_they_answer_and_doors_which_are_late(read_service: TestClient) -> None:
    posts = features(read_service, "posts")["features"]
    assert {one["properties"]["kind"] for one in posts if one["properties"]["answers"]} == {"service"}
    rule = next(one for one in reach(read_service)["rules"] if one["name"] == "1" and one["band"] == "day")
    doors = features(read_service, "doors", rule="1")
    assert doors["numberMatched"] == rule["shares"]["places"] - rule["shares"]["places_in"]
    late = features(read_service, "doors", rule="circle15", band="night")
    assert late["band"] == "night"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"what": "rings", "rule": "none"}, (404, "reach_rule_unknown")),
        ({"what": "rings", "rule": "5", "band": "noon"}, (404, "reach_rule_unknown")),
        ({"what": "faces", "rule": "5"}, (400, "parameter_wrong")),
        ({"what": "rings"}, (400, "parameter_missing")),
        ({"what": "rings", "rule": "5", "minutes": 0}, (400, "parameter_wrong")),
        ({"what": "rings", "rule": "5", "minutes": "nan"}, (400, "parameter_wrong")),
        ({"what": "rings", "rule": "5", "grid": "none"}, (404, "coverage_grid_not_here")),
    ],
)
def test_what_can_not_be_shown_is_said_in_both_languages(read_service: TestClient, query, expected) -> None:
    for language in ("zh", "en"):
        answer = read_service.get("/v1/reach/features", params=query, headers={"Accept-Language": language})
        assert code(answer) == expected
        assert answer.headers["content-language"] == language


def test_who_has_the_answer_already_is_told_so(read_service: TestClient) -> None:
    lon, lat = spot_in(read_service)
    for path in ("/v1/reach", "/v1/reach/features?what=posts&rule=5", f"/v1/reach/arrival?lon={lon}&lat={lat}"):
        first = read_service.get(path)
        again = read_service.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path


def test_a_spot_outside_the_plan_is_not_there(read_service: TestClient) -> None:
    away = {"lon": 0, "lat": 0}
    assert code(read_service.get("/v1/reach/arrival", params=away)) == (404, "coverage_point_not_here")
    assert code(read_service.get("/v1/reach/arrival", params={"lon": 200, "lat": 0})) == (400, "parameter_wrong")


# -- posts


@pytest.fixture
def strict(desk: TestClient) -> TestClient:
    """A service with a promise that few posts can keep."""
    rule = {"name": "two", "minutes": 2.0, "posts": ["police"], "places": [], "mode": "foot", "target_frac": 1.0}
    body = {"settings": {"rules": [rule], "bands": [{"name": "day"}]}}
    assert desk.put("/v1/reach/settings", json=body, headers={"If-Match": '"reach-0"'}).is_success
    return desk


def propose(service: TestClient, **question: Any) -> dict[str, Any]:
    answer = service.post("/v1/reach/posts", json={"rule": "two", "goal": "most", "add": 2, **question})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_more_posts_are_ranked_with_what_they_improve_and_a_bound(strict: TestClient) -> None:
    told = propose(strict)
    assert (told["rule"], told["band"], told["goal"]) == ("two", "day", "most")
    assert [one["rank"] for one in told["proposals"]] == [1, 2]
    assert told["before"] < told["after"] <= told["bound"]
    assert told["households_in_before"] < told["households_in_after"] <= told["households"]
    grids = set(reach(strict)["grids"]["two-day"])
    assert {one["grid"] for one in told["proposals"]} <= grids
    assert propose(strict) == told


@pytest.mark.parametrize("goal", ["center", "median", "cover"])
def test_every_goal_is_answered(strict: TestClient, goal: str) -> None:
    told = propose(strict, goal=goal, add=1)
    assert told["goal"] == goal
    if goal == "cover":
        assert told["after"] >= told["bound"] - 1e-6
    else:
        assert told["before"] is None or told["after"] <= told["before"]


def test_an_accepted_post_counts_as_standing_and_a_refused_one_does_not_come_again(strict: TestClient) -> None:
    first = propose(strict)
    accepted, refused = first["proposals"]

    def decide(one: dict[str, Any], verdict: str) -> None:
        body = {"kind": "post", "verdict": verdict, "lon": one["lon"], "lat": one["lat"], "level": "two day"}
        assert strict.put(f"/v1/cameras/proposals/{quote(one['id'], safe='')}", json=body).status_code == 200

    decide(accepted, "accepted")
    told = propose(strict, add=1)
    assert told["before"] == pytest.approx(first["before"] + accepted["gain"], rel=0.02)
    assert told["proposals"][0]["id"] == refused["id"]
    decide(refused, "refused")
    assert refused["id"] not in {one["id"] for one in propose(strict, add=1)["proposals"]}
    path = f"/v1/cameras/proposals/{quote(accepted['id'], safe='')}?kind=post"
    assert strict.delete(path).status_code == 204


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"rule": "none"}, (404, "reach_rule_unknown")),
        ({"rule": "5", "goal": "best"}, (422, "parameter_wrong")),
        ({"rule": "5", "add": -1}, (422, "parameter_wrong")),
        ({"rule": "5", "plan": "p0"}, (404, "plan_unknown")),
        ({}, (422, "parameter_missing")),
    ],
)
def test_a_wrong_question_about_posts_is_refused(read_service: TestClient, question, expected) -> None:
    assert code(read_service.post("/v1/reach/posts", json=question)) == expected


# -- units


def units_near(service: TestClient, **question: Any) -> list[dict[str, Any]]:
    lon, lat = spot_in(service)
    units = [
        {"id": f"car {n}", "kind": "car", "lon": lon + 0.001 * n, "lat": lat, "status": status, "age_s": age}
        for n, (status, age) in enumerate(
            [("available", 5), ("available", 30), ("busy", 0), ("available", 9_000), ("off", 0), ("available", 60)]
        )
    ]
    body = {"lon": lon, "lat": lat, "units": units, **question}
    answer = service.post("/v1/units/nearest", json=body)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["units"])


def test_the_nearest_units_come_first_and_every_unit_has_a_reason(read_service: TestClient) -> None:
    told = units_near(read_service, k=2)
    assert len(told) == 6
    assert [one["reason"] for one in told[:2]] == ["chosen", "chosen"]
    assert told[0]["seconds"] <= told[1]["seconds"]
    by_id = {one["id"]: one for one in told}
    assert by_id["car 2"]["reason"] == "busy"
    assert by_id["car 3"]["reason"] == "stale"
    assert by_id["car 4"]["reason"] == "off"
    assert by_id["car 5"]["reason"] in ("farther", "chosen")
    for one in told[:2]:
        if one["geometry"] is not None:
            end = one["geometry"]["coordinates"][-1]
            assert end == pytest.approx(list(spot_in(read_service)), abs=1e-5)
    assert all(one["text"] and not one["text"].startswith("coverage_") for one in told)


def test_reasons_are_told_in_the_language_asked_for(read_service: TestClient) -> None:
    lon, lat = spot_in(read_service)
    body = {"lon": lon, "lat": lat, "units": [{"id": "a", "lon": lon, "lat": lat, "status": "resting"}]}
    texts = {
        read_service.post("/v1/units/nearest", json=body, headers={"Accept-Language": language}).json()["units"][0][
            "text"
        ]
        for language in ("zh", "en")
    }
    assert len(texts) == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"lon": 0, "lat": 0}, (404, "coverage_point_not_here")),
        ({"k": 0}, (422, "parameter_wrong")),
        ({"mode": "boat"}, (422, "parameter_wrong")),
        ({"band": "noon"}, (404, "reach_band_unknown")),
        ({"units": [{"id": "a", "lon": 1, "lat": 1}] * 2}, (422, "coverage_units_twice")),
        ({"units": [{"id": "a", "lon": 1, "lat": 1, "status": "asleep"}]}, (422, "parameter_wrong")),
        ({"units": [{"id": "a", "lon": 1, "lat": 1, "name": "x"}]}, (422, "parameter_wrong")),
    ],
)
def test_a_wrong_question_about_units_is_refused(read_service: TestClient, change, expected) -> None:
    lon, lat = spot_in(read_service)
    answer = read_service.post("/v1/units/nearest", json={"lon": lon, "lat": lat, "units": [], **change})
    assert code(answer) == expected


def test_no_units_are_no_error(read_service: TestClient) -> None:
    assert units_near(read_service, units=[]) == []


# -- stores and bare land


def test_both_stores_give_the_same_promises(store: SqlStore, drawn_town: DrawnTown, read_service: TestClient) -> None:
    drawn_town.load(store)
    client = TestClient(create_app(store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
    here, there = reach(client), reach(read_service)
    assert here["rules"] == there["rules"]
    assert here["grids"] == there["grids"]


def test_a_territory_without_streets_says_that_nothing_can_be_reached(embedded_store: SqlStore) -> None:
    territory = small_town("330402")
    bare = Territory.of({name: territory[name] for name in ("communities", "buildings")})
    with embedded_store.write(act(at=NOON)) as tx:
        ground = tx.territories.save(bare, "bare").id
        card = tx.plans.save(small_plan(bare), territory_id=ground, name="bare")
    client = TestClient(create_app(embedded_store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
    assert code(client.get("/v1/reach", params={"plan": card.id})) == (422, "reach_streets_none")
    cameras = client.get("/v1/cameras", params={"plan": card.id})
    assert cameras.status_code == 200
    assert cameras.json()["totals"]["positions"] == 0
    assert cameras.json()["totals"]["seen_frac"]["detect"] is None
    told = client.post("/v1/cameras/proposals", json={"plan": card.id, "add": 3})
    assert told.status_code == 200, told.text
    assert told.json()["proposals"] == []
