"""Whom to send: the soonest by street, why not the others, rest rotation, and what is said when nothing is known."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from pyproj import Geod
from shapely.geometry import shape

from api.routes.dispatch import SuggestedOut
from api.usecases.suggest_units import ROTATION_S
from tests.dispatch_site import Site, site
from tests.drawn_town import drawn_town, loaded_file
from tests.http_kit import code
from tests.incident_kit import receive
from tests.stores import act

__all__ = ["drawn_town", "loaded_file", "site"]
WGS84 = Geod(ellps="WGS84")


@pytest.fixture(autouse=True)
def _no_units(site: Site) -> None:
    site.without_units()


def incident(site: Site, where: int = 0, **facts: Any) -> str:
    return str(receive(site.http, site.places[where], **facts)["id"])  # type: ignore[arg-type]


def reasons(told: dict[str, Any]) -> dict[str, str]:
    return {one["unit"]: one["reason"] for part in ("suggestions", "passed_over") for one in told[part]}


def test_every_unit_is_answered_exactly_once_with_a_reason(site: Site) -> None:
    ids = site.many_units(120, seed=5)
    for where, k in ((0, 3), (40, 1), (90, 20), (120, 50)):
        told = site.suggest(incident(site, where), k=k)
        listed = [one["unit"] for part in ("suggestions", "passed_over") for one in told[part]]
        assert sorted(listed) == ids
        assert len(told["suggestions"]) <= k
        SuggestedOut.model_validate(told)
        for one in told["suggestions"] + told["passed_over"]:
            assert one["text"]
            assert "{" not in one["text"]
        assert {one["reason"] for one in told["suggestions"]} <= {"chosen", "straight_line"}
        assert not {one["reason"] for one in told["passed_over"]} & {"chosen", "straight_line"}


def test_the_order_is_that_of_all_units_asked_one_by_one(site: Site) -> None:
    """Brute force: each unit alone on the list, then sorted by arrival and rotation."""
    site.many_units(40, seed=8)
    id = incident(site, 17)
    told = site.suggest(id, k=5)
    assert told["streets"] == "ready"
    whole = site.suggest(id, k=50)["suggestions"]
    by_hand = sorted(
        (one for one in whole if one["reason"] == "chosen"),
        key=lambda one: (one["seconds"] + one["rotation"]["seconds"], one["seconds"], one["unit"]),
    )
    assert [one["unit"] for one in told["suggestions"]] == [one["unit"] for one in by_hand[:5]]
    late = {one["unit"]: one["seconds"] for one in whole}
    for one in told["passed_over"]:
        if one["reason"] == "farther" and one["unit"] in late:
            assert one["seconds"] <= late[one["unit"]] + 0.1, "a bound from below"


def test_the_way_leads_from_the_unit_to_the_incident(site: Site) -> None:
    for i in range(4):
        site.unit(f"car-{i}", 10 + i)
    id = incident(site, 60)
    first = site.suggest(id)["suggestions"][0]
    assert first["is_route"]
    way = shape(first["geometry"])
    assert way.coords[0] == pytest.approx((first["lon"], first["lat"]), abs=1e-6)
    assert way.coords[-1] == pytest.approx(site.places[60], abs=1e-6)
    assert WGS84.geometry_length(way) == pytest.approx(first["length_m"], rel=0.005, abs=1)
    assert first["seconds"] >= first["length_m"] / (80 / 3.6)


def test_who_can_not_be_sent_is_passed_over_with_the_reason(site: Site) -> None:
    here = site.places[30]
    site.unit("a-free", 31)
    site.unit("b-resting", here, status="resting")
    site.unit("c-off", here, status="off")
    site.unit("d-stale", here, position_at=site.now - timedelta(seconds=301))
    site.unit("e-nowhere", None)
    site.unit("f-skill", here, skills=["消防隐患"])
    with site.store.read() as tx:
        community = sorted({reign.community for reign in tx.in_force.at(site.now)})
    id = incident(site, 30)
    mine = site.http.get(f"/v1/incidents/{id}").json()["community"]
    site.unit("g-elsewhere", here, place=next(code for code in community if code != mine))
    site.unit("h-busy", here)
    other = incident(site, 33)
    assert site.http.post("/v1/dispatch", json={"incident": other, "unit": "h-busy"}).status_code == 200
    told = site.suggest(id)
    assert reasons(told) == {
        "a-free": "chosen",
        "b-resting": "resting",
        "c-off": "off",
        "d-stale": "stale",
        "e-nowhere": "no_position",
        "f-skill": "skill",
        "g-elsewhere": "elsewhere",
        "h-busy": "busy",
    }
    text = {one["unit"]: one["text"] for one in told["passed_over"]}
    assert other in text["h-busy"]
    assert "301" in text["d-stale"]
    assert reasons(site.suggest(id, beyond=True))["g-elsewhere"] == "chosen"
    site.http.post("/v1/dispatch", json={"incident": id, "unit": "a-free"})
    assert reasons(site.suggest(id))["a-free"] == "has_it"


def test_who_came_back_just_now_goes_behind_whoever_is_hardly_later(site: Site) -> None:
    # Both at the same place: by time and id the first, by rotation the second.
    site.unit("a-tired", 70, free_since=site.now - timedelta(minutes=2))
    site.unit("b-rested", 70, free_since=site.now - timedelta(minutes=11))
    id = incident(site, 75)
    told = site.suggest(id, k=1)
    assert [one["unit"] for one in told["suggestions"]] == ["b-rested"]
    [tired] = told["passed_over"]
    assert tired["rotation"] == {"rest_s": ROTATION_S, "taken_s": 0.0, "seconds": ROTATION_S}
    both = site.suggest(id, k=2)["suggestions"]
    assert [one["unit"] for one in both] == ["b-rested", "a-tired"]
    assert both[0]["seconds"] == both[1]["seconds"], "the arrival stays as it is"


def test_rotation_never_sends_somebody_much_later(site: Site) -> None:
    near, far = site.places[75], max(site.places, key=lambda p: math.dist(p, site.places[75]))
    site.unit("a-tired", near, mode="foot", free_since=site.now, n_taken=50)
    site.unit("b-rested", far, mode="foot")
    told = site.suggest(incident(site, 75), k=1)
    assert [one["unit"] for one in told["suggestions"]] == ["a-tired"]
    assert told["suggestions"][0]["rotation"]["seconds"] == ROTATION_S
    assert told["passed_over"][0]["seconds"] > told["suggestions"][0]["seconds"] + ROTATION_S


def test_each_mode_comes_by_its_own_streets_and_time(site: Site) -> None:
    for mode in ("foot", "ebike", "car"):
        site.unit(mode, 100, mode=mode)
    told = site.suggest(incident(site, 140))["suggestions"]
    assert [one["mode"] for one in told] == ["car", "ebike", "foot"]
    assert told[2]["seconds"] > told[1]["seconds"] > told[0]["seconds"]


def test_off_the_streets_the_straight_line_is_said_to_be_no_route(site: Site) -> None:
    west = min(place[0] for place in site.places) - 0.2
    site.unit("far-out", (west, site.places[0][1]))
    told = site.suggest(incident(site, 0))
    [one] = told["suggestions"]
    assert one["reason"] == "straight_line"
    assert not one["is_route"]
    assert len(one["geometry"]["coordinates"]) == 2
    site.unit("near", 1)
    told = site.suggest(incident(site, 0), k=1)
    assert reasons(told) == {"near": "chosen", "far-out": "no_street"}


def test_whom_to_send_is_said_in_both_languages_and_unknown_things_are_refused(site: Site) -> None:
    site.unit("car", 5)
    id = incident(site, 0)
    texts = [
        site.http.get("/v1/dispatch", params={"incident": id, "wait_s": 60}, headers={"Accept-Language": language})
        for language in ("zh", "en")
    ]
    zh, en = (answer.json()["suggestions"][0]["text"] for answer in texts)
    assert "分钟" in zh
    assert "min" in en
    assert code(site.http.get("/v1/dispatch", params={"incident": "i999999"})) == (404, "incident_unknown")
    for wrong in ({"k": 0}, {"k": 51}, {"wait_s": "nan"}, {"wait_s": 61}):
        assert site.http.get("/v1/dispatch", params={"incident": id, **wrong}).status_code == 400


def test_without_a_plan_in_force_times_are_as_the_crow_flies(site: Site) -> None:
    site.unit("car", 5)
    id = incident(site, 0)
    now, site.now = site.now, site.now.replace(year=2025)  # before the plan came into force
    try:
        with site.store.write(act(at=site.now)) as tx:
            tx.units.set("car", "admin", position_at=site.now)
        told = site.suggest(id)
    finally:
        site.now = now
    assert told["streets"] == "none"
    assert told["plan"] is None
    assert told["ring"] == {"state": "none"}
    assert told["suggestions"][0]["reason"] == "straight_line"
