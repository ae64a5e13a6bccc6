"""Proposed cameras over HTTP: ranked with a bound, accepted or refused one by one, respected by the next question."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from fastapi.testclient import TestClient
from shapely.geometry import shape

from api.usecases import coverage_sites
from tests.coverage_site import desk, read_service, rows, spot_in
from tests.drawn_town import drawn_town, loaded_file, town_store
from tests.http_kit import code

__all__ = ["desk", "drawn_town", "loaded_file", "read_service", "town_store"]

URL = "/v1/cameras/proposals"


def ask(service: TestClient, **question: Any) -> dict[str, Any]:
    answer = service.post(URL, json={"goal": "cover", "add": 6, "level": "detect", **question})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def verdict(service: TestClient, one: dict[str, Any], said: str, **more: Any) -> Any:
    place = {name: one[name] for name in ("lon", "lat", "heading_deg")}
    body = {"kind": "camera", "verdict": said, "level": "detect", **place, **more}
    return service.put(f"{URL}/{quote(one['id'], safe='')}", json=body)


def decided(service: TestClient, **query: str) -> dict[str, str]:
    return {one["id"]: one["verdict"] for one in service.get(URL, params=query).json()["proposals"]}


def test_proposals_are_ranked_with_running_totals_and_a_bound(read_service: TestClient) -> None:
    told = ask(read_service)
    found = told["proposals"]
    assert len(found) == 6
    assert [one["rank"] for one in found] == [1, 2, 3, 4, 5, 6]
    gains = [one["gain_m"] for one in found]
    assert gains == sorted(gains, reverse=True)
    assert found[-1]["total_m"] == pytest.approx(sum(gains), abs=0.5)
    assert told["seen_after_m"] - told["seen_before_m"] == pytest.approx(sum(o["street_m"] for o in found), abs=0.5)
    assert told["seen_after_m"] <= told["reachable_m"] <= told["street_m"]
    assert 0.9 <= told["bound_frac"] <= 1.0
    assert told["bound"] >= told["worth"] - 1e-6
    codes = {row["code"] for row in rows(read_service)}
    for one in found:
        assert one["id"].endswith(f"@{one['heading_deg']:03.0f}")
        assert one["verdict"] is None
        assert one["grid"] in codes
        assert shape(one["sight"]).is_valid
    assert ask(read_service) == told


def test_a_question_about_one_grid_or_community_is_answered_there(read_service: TestClient) -> None:
    listed = rows(read_service)
    grid = max(listed, key=lambda row: row["street_m"])
    assert {one["grid"] for one in ask(read_service, grids=[grid["code"]])["proposals"]} == {grid["code"]}
    own = {row["code"] for row in listed if row["community"] == grid["community"]}
    assert {one["grid"] for one in ask(read_service, community=grid["community"])["proposals"]} <= own


def test_no_blind_corner_needs_no_number(read_service: TestClient) -> None:
    grid = min((row for row in rows(read_service) if row["street_m"] > 500), key=lambda row: row["street_m"])["code"]
    told = ask(read_service, goal="all", grids=[grid], add=None)
    assert told["proposals"]
    assert told["seen_after_m"] == pytest.approx(told["reachable_m"], abs=0.5)
    assert told["bound"] <= len(told["proposals"])
    assert 0 < told["bound_frac"] <= 1


def test_floors_fill_the_targets_and_say_where_no_pole_is_left(desk: TestClient) -> None:
    settings = {"density": {"urban": 250, "rural": 12}}
    assert desk.put("/v1/cameras/settings", json={"settings": settings}, headers={"If-Match": '"cameras-0"'}).is_success
    missing = {row["code"]: row["missing"] for row in rows(desk) if row["missing"]}
    told = ask(desk, goal="floor", add=None)
    proposed: dict[str, int] = {}
    for one in told["proposals"]:
        assert one["is_for_floor"]
        proposed[one["grid"]] = proposed.get(one["grid"], 0) + 1
    assert sum(proposed.values()) > 3
    left = {grid: n - proposed.get(grid, 0) for grid, n in missing.items() if n > proposed.get(grid, 0)}
    assert left == told["floor_short"]
    first = ask(desk, floors=True, add=2)["proposals"]
    assert all(one["is_for_floor"] for one in first)
    verdict(desk, first[0], "accepted")
    assert sum(one["grid"] == first[0]["grid"] for one in ask(desk, goal="floor", add=None)["proposals"]) == (
        proposed[first[0]["grid"]] - 1
    )


def test_a_price_for_private_metres_lessens_them(read_service: TestClient) -> None:
    free, dear = (ask(read_service, private_price=price)["proposals"] for price in (0, 5))
    assert sum(one["private_m"] for one in dear) < sum(one["private_m"] for one in free)


def test_accepted_ones_count_as_standing_and_refused_ones_do_not_come_again(desk: TestClient) -> None:
    first = ask(desk)["proposals"]
    accepted, refused = first[0], first[1]
    assert verdict(desk, accepted, "accepted").status_code == 200
    assert verdict(desk, refused, "refused").status_code == 200
    assert decided(desk) == {accepted["id"]: "accepted", refused["id"]: "refused"}
    told = ask(desk)
    ids = {one["id"] for one in told["proposals"]}
    assert not {accepted["id"], refused["id"]} & ids
    assert told["seen_before_m"] >= accepted["street_m"] + ask_before(desk) - 1
    for one in (accepted, refused):
        path = f"{URL}/{quote(one['id'], safe='')}"
        assert desk.delete(path).status_code == 204
        assert code(desk.delete(path)) == (404, "coverage_decision_unknown")
    assert decided(desk) == {}
    assert [one["id"] for one in ask(desk)["proposals"]] == [one["id"] for one in first]


def ask_before(service: TestClient) -> float:
    """Metres seen by the cameras that stand, at the level of the questions."""
    return float(service.get("/v1/cameras", params={"level": "detect"}).json()["totals"]["seen_m"]["detect"])


def test_another_verdict_takes_the_place_of_the_first(desk: TestClient) -> None:
    one = ask(desk)["proposals"][0]
    for said in ("accepted", "refused", "refused"):
        told = verdict(desk, one, said).json()
        assert (told["id"], told["verdict"], told["role"]) == (one["id"], said, "admin")
    assert decided(desk) == {one["id"]: "refused"}
    assert decided(desk, verdict="accepted") == {}
    assert decided(desk, kind="post") == {}


def test_the_grid_of_a_decision_is_found_by_its_place_and_not_believed(desk: TestClient) -> None:
    one = ask(desk)["proposals"][0]
    other = next(row["code"] for row in rows(desk) if row["code"] != one["grid"])
    assert verdict(desk, one, "accepted", grid=other).json()["grid"] == one["grid"]
    away = {**one, "lon": 0.0, "lat": 0.0}
    assert code(verdict(desk, away, "accepted")) == (404, "coverage_point_not_here")


def test_a_decision_sent_twice_with_a_key_is_taken_once(desk: TestClient) -> None:
    one = ask(desk)["proposals"][0]
    body = {"verdict": "accepted", "lon": one["lon"], "lat": one["lat"], "heading_deg": one["heading_deg"]}
    path, key = f"{URL}/{quote(one['id'], safe='')}", {"Idempotency-Key": "once"}
    first, again = (desk.put(path, json=body, headers=key) for _ in range(2))
    assert again.json() == first.json()
    assert again.headers["x-repeated"] == "true"


def test_accepted_ones_go_out_as_a_workbook_and_as_points(desk: TestClient) -> None:
    first = ask(desk)["proposals"]
    verdict(desk, first[0], "accepted")
    verdict(desk, first[1], "refused")
    lon, lat = spot_in(desk)
    post = {"id": "=HYPERLINK(1)", "lon": lon, "lat": lat, "heading_deg": None}
    assert verdict(desk, post, "accepted", kind="post", level="5 day").status_code == 200
    points = json.loads(desk.get(f"{URL}.geojson").content)
    assert [one["id"] for one in points["features"]] == [first[0]["id"], "=HYPERLINK(1)"]
    assert points["features"][0]["geometry"]["coordinates"] == [first[0]["lon"], first[0]["lat"]]
    for language in ("zh", "en"):
        answer = desk.get(f"{URL}.xlsx", params={"lang": language})
        assert "attachment" in answer.headers["content-disposition"]
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        [sheet] = book.worksheets
        ids = [cell.value for cell in sheet["B"]][3:]
        assert ids == [first[0]["id"], "=HYPERLINK(1)"]
        assert {cell.data_type for cell in sheet["B"][3:]} == {"s"}
        assert answer.content == desk.get(f"{URL}.xlsx", params={"lang": language}).content


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"goal": "cover", "add": None}, (422, "siting_add_missing")),
        ({"add": -1}, (422, "parameter_wrong")),
        ({"goal": "everything"}, (422, "parameter_wrong")),
        ({"level": "hear"}, (422, "sight_level_unknown")),
        ({"grids": ["none"]}, (404, "coverage_grid_not_here")),
        ({"community": "none"}, (404, "coverage_community_not_here")),
        ({"plan": "p0"}, (404, "plan_unknown")),
        ({"private_price": -1}, (422, "parameter_wrong")),
    ],
)
def test_a_wrong_question_is_refused_with_the_reason(read_service: TestClient, question, expected) -> None:
    assert code(read_service.post(URL, json={"goal": "cover", "add": 3, **question})) == expected


def test_none_asked_for_is_none_proposed(read_service: TestClient) -> None:
    told = ask(read_service, add=0)
    assert told["proposals"] == []
    assert told["seen_after_m"] == told["seen_before_m"]


def test_land_too_large_is_refused_with_the_way_out(read_service: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage_sites, "MOST_KM2", 0.5)
    for language, word in (("zh", "社区"), ("en", "community")):
        answer = read_service.post(URL, json={"add": 7}, headers={"Accept-Language": language})
        assert code(answer) == (422, "coverage_land_large")
        assert word in answer.json()["detail"]
    small = min(rows(read_service), key=lambda row: row["area_km2"])["code"]
    assert ask(read_service, grids=[small])


@pytest.mark.parametrize("id", ["a%0Ab", "%20", "a%2Fb"])
def test_an_id_that_could_not_be_listed_is_refused(desk: TestClient, id: str) -> None:
    lon, lat = spot_in(desk)
    answer = desk.put(f"{URL}/{id}", json={"verdict": "accepted", "lon": lon, "lat": lat})
    assert answer.status_code in (400, 404)
    assert decided(desk) == {}
