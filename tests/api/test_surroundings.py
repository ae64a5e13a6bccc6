"""What lies around a place: patrolled street, cameras in view, rings of the promises, estate and key places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from api.feature_pages import lon_lat
from api.routes.coverage_asked import coverage_desk_of
from api.routes.dispatch import SurroundingsOut
from api.routes.patrol_asked import desk_of
from api.usecases.dispatch_ground import DispatchGround
from api.usecases.surroundings import Spot, Surroundings
from gis.territory import Territory
from partition.coverage.cameras.seen import cameras_of
from tests.dispatch_site import Site, site
from tests.drawn_town import drawn_town, loaded_file
from tests.http_kit import code
from tests.incident_kit import receive

__all__ = ["drawn_town", "loaded_file", "site"]


@pytest.fixture(scope="module")
def town(site: Site) -> Territory:
    with site.store.read() as tx:
        return tx.territories.load(tx.territories.current().id)


def around(site: Site, lon: float, lat: float) -> dict[str, Any]:
    answer = site.http.get("/v1/surroundings", params={"lon": lon, "lat": lat, "wait_s": 60})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def spots(town: Territory, layer: str) -> list[tuple[float, float]]:
    points = shapely.point_on_surface(np.asarray(town[layer].geometry.array, dtype=object))
    return lon_lat(shapely.get_x(points).tolist(), shapely.get_y(points).tolist(), town.crs)


def test_before_anything_is_made_it_answers_at_once_and_says_what_is_missing(site: Site) -> None:
    """Nothing is ever made here, so that nothing can be there in time."""
    started = []

    class Slow(DispatchGround):
        def _get(self, what: str, *_: Any) -> None:  # type: ignore[override]
            started.append(what)

    app: Any = site.http.app
    slow = Surroundings(Slow(coverage_desk_of(app)), desk_of(app))
    with site.store.read() as tx:
        reign = tx.in_force.at(site.now)[0]
    told = slow.at(Spot(*site.places[0], reign.community, reign.county), site.now)
    assert [told[part]["state"] for part in ("street", "cameras", "ring", "places")] == ["not_ready"] * 4
    assert sorted(started) == ["around", "eyes", "patrolled", "reach"]


def test_an_incident_and_its_place_are_answered_alike(site: Site) -> None:
    id = receive(site.http, site.places[3])["id"]  # type: ignore[arg-type]
    told = around(site, *site.places[3])
    same = site.http.get(f"/v1/incidents/{id}/surroundings", params={"wait_s": 60}).json()
    assert same == told
    SurroundingsOut.model_validate(told)
    assert {told[part]["state"] for part in ("street", "cameras", "ring", "places")} == {"ready"}
    assert told["grid"] == told["places"]["grid"]
    assert site.http.get(f"/v1/incidents/{id}").json()["grid"] == told["grid"]


def test_the_street_says_whether_and_by_whom_it_is_patrolled(site: Site, town: Territory) -> None:
    seen = set()
    inside = shapely.union_all(np.asarray(town["communities"].geometry.array)).buffer(-5)
    table = np.asarray(town["streets"].geometry.array, dtype=object)
    here = shapely.within(shapely.point_on_surface(table), inside)
    for place in [spot for spot, is_here in zip(spots(town, "streets"), here, strict=True) if is_here][::7]:
        street = around(site, *place)["street"]
        assert street["distance_m"] < 30
        assert street["is_patrolled"] == (street["grid"] is not None) == (street["why_not"] is None)
        seen.add(street["is_patrolled"])
    assert True in seen


def test_cameras_that_see_the_place_are_those_of_the_coverage_desk(site: Site, town: Territory) -> None:
    desk = coverage_desk_of(site.http.app)  # type: ignore[arg-type]
    with site.store.read() as tx:
        card = tx.plans.card(tx.in_force.at(site.now)[0].plan)
    survey = desk.cameras(card, desk.camera_settings(card)).survey
    samples, sights = survey.samples, survey.sights
    fine = sights.px_per_m >= np.float32(survey.settings.px_per_m)
    by: dict[int, set[str]] = {}
    for camera, point in zip(cameras_of(sights)[fine].tolist(), sights.point[fine].tolist(), strict=True):
        by.setdefault(point, set()).add(survey.cameras.ids[camera])
    street = np.flatnonzero((samples.kind == 0) & (samples.grid >= 0))
    chosen = street[:: max(1, len(street) // 25)].tolist()
    places = lon_lat(samples.x[chosen].tolist(), samples.y[chosen].tolist(), town.crs)
    compared = 0
    for point, place in zip(chosen, places, strict=True):
        told = around(site, *place)["cameras"]
        assert {one["id"] for one in told["cameras"]} == by.get(point, set())
        compared += len(told["cameras"])
        working = sum(one["works"] for one in told["cameras"])
        assert (told["n_seeing"], told["n_broken"]) == (working, len(told["cameras"]) - working)
    assert compared > 0


def test_the_ring_is_that_of_the_promises(site: Site) -> None:
    for place in site.places[:5]:
        ring = around(site, *place)["ring"]
        arrival = site.http.get("/v1/reach/arrival", params={"lon": place[0], "lat": place[1]}).json()
        assert ring["promises"] == arrival["rules"]
        soonest = min((one["seconds"] for one in arrival["rules"] if one["seconds"] is not None), default=None)
        assert ring["soonest_s"] == soonest
        inside = [m for m in (1, 3, 5) if soonest is not None and soonest <= 60 * m]
        assert ring["within_min"] == (inside[0] if inside else None)


def test_estates_and_key_places_near_are_named(site: Site, town: Territory) -> None:
    estate = town["estates"].iloc[0]
    told = around(site, *spots(town, "estates")[0])["places"]
    assert told["estate"]["id"] == estate["id"]
    place = town["key_places"].iloc[0]
    near = around(site, *spots(town, "key_places")[0])["places"]["key_places"]
    assert near[0]["distance_m"] < 1
    assert place["id"] in [one["id"] for one in near if one["distance_m"] < 1]
    assert [one["distance_m"] for one in near] == sorted(one["distance_m"] for one in near)


def test_a_place_outside_and_an_unknown_incident_are_refused(site: Site) -> None:
    answer = site.http.get("/v1/surroundings", params={"lon": 2.35, "lat": 48.85})
    assert code(answer) == (400, "incident_outside")
    assert code(site.http.get("/v1/incidents/i999999/surroundings")) == (404, "incident_unknown")
    assert site.http.get("/v1/surroundings", params={"lon": "x", "lat": 1}).status_code == 400
