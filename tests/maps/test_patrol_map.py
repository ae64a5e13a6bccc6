"""The patrol map as a file: every route, turn and missed street, nothing from outside.  How it behaves: tests/e2e."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from gis.errors import InputError, StorageError
from gis.territory import Territory
from maps import offline, patrol_map
from maps.features import to_lonlat
from maps.patrol import Missed, MissedStreet
from maps.patrol_map import SCRIPTS, patrol_page_words, render_patrol_map, write_patrol_map
from maps.style import COLOURS, PATROLS
from partition.filed import FiledPlan
from partition.patrol.itinerary import Itinerary
from tests.maps.plans import make_plan
from tests.maps.test_plan_map import HOSTILE, data_of
from tests.maps.test_style import VISION, contrast, lab
from tests.patrol_kit import METRIC, WHOLE, itinerary_of, network_of

Plan = tuple[FiledPlan, Territory]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(n_grids=12, n_communities=2)


def routes(plan: Plan, n_grids: int = 2, **facts: Any) -> list[Itinerary]:
    """Two patrollers in each of some grids."""
    found = []
    for k, (code, spot) in enumerate(zip(plan[0].grids["code"], plan[0].grids.geometry.representative_point())):
        if k == n_grids:
            break
        network = network_of(corner=(spot.x - 100, spot.y - 50))
        for patroller, walk in ((1, WHOLE), (2, "ad de @0 ef")):
            about = {"patroller": patroller, "n_patrollers": 2, **facts}
            found.append(itinerary_of(walk, network=network, id=f"{code}-{patroller}", grid=code, **about))
    return found


@pytest.fixture(scope="module")
def page(plan: Plan) -> str:
    return render_patrol_map(routes(plan), *plan)


def test_the_page_holds_every_route_with_every_leg(plan: Plan, page: str) -> None:
    data = data_of(page)
    for route, itinerary in zip(data["routes"], routes(plan), strict=True):
        assert route["id"] == itinerary.id
        assert data["grids"][route["grid"]]["code"] == itinerary.grid
        assert data["grids"][route["grid"]]["patrolled"]
        assert (route["patroller"], route["n_patrollers"], route["mode"]) == (itinerary.patroller, 2, "foot")
        assert route["length_m"] == round(itinerary.length_m)
        for drawn, leg in zip(route["legs"], itinerary.legs, strict=True):
            assert (drawn["kind"], drawn["turn"]) == (leg.kind, leg.turn)
            assert (data["names"][drawn["name"]] if drawn["name"] >= 0 else "") == leg.name
            assert data["classes"][drawn["class"]] == leg.road_class
            assert drawn["start_s"] == round(leg.start_s)
            assert drawn.get("turns_back", False) == leg.turns_back
    assert sum(grid["patrolled"] for grid in data["grids"]) == 2
    assert data["routes_left_out"] == 0


def test_legs_lie_where_they_are(plan: Plan, page: str) -> None:
    data = data_of(page)
    for route, itinerary in zip(data["routes"], routes(plan), strict=True):
        lonlat = to_lonlat(np.array([leg.geometry for leg in itinerary.legs], dtype=object), itinerary.crs)
        for drawn, shape in zip(route["legs"], lonlat, strict=True):
            steps = np.cumsum(np.array(drawn["steps"]).reshape(-1, 2), axis=0) / 1e6 + data["origin"]
            ends = shapely.get_coordinates(shape)[[0, -1]]
            assert np.abs(steps[[0, -1]] - ends).max() < 1e-6


def test_patrollers_of_one_grid_differ_in_colour(page: str) -> None:
    seen: dict[int, set[int]] = {}
    for route in data_of(page)["routes"]:
        seen.setdefault(route["grid"], set()).add(route["colour"] % len(PATROLS))
    assert all(len(colours) == 2 for colours in seen.values())


def test_single_patrols_of_neighbouring_grids_differ_in_colour(plan: Plan) -> None:
    single = [replace(r, n_patrollers=1) for r in routes(plan, len(plan[0].grids)) if r.patroller == 1]
    colour = [route["colour"] % len(PATROLS) for route in data_of(render_patrol_map(single, *plan))["routes"]]
    shapes = plan[0].grids.geometry.to_numpy()
    for i, j in combinations(range(len(shapes)), 2):
        if shapely.length(shapely.intersection(shapes[i], shapes[j])) > 1:
            assert colour[i] != colour[j]


def test_the_same_routes_give_the_same_bytes_and_one_whole_file(plan: Plan, page: str, tmp_path: Path) -> None:
    write_patrol_map(routes(plan), *plan, tmp_path / "map.html")
    assert (tmp_path / "map.html").read_bytes() == page.encode()
    assert len(list(tmp_path.iterdir())) == 1


def test_the_page_refers_to_nothing_outside_itself(page: str) -> None:
    assert not re.findall(r"<(?:script|img|link|iframe)[^>]*\b(?:src|href)=", page)
    assert "default-src 'none'" in page
    assert len(re.findall(r"<script>", page)) >= len(SCRIPTS) + 2


def test_hostile_names_stay_data(plan: Plan) -> None:
    filed, territory = plan
    names = dict.fromkeys(("North Street", "West Street"), HOSTILE)
    code = filed.grids["code"].iloc[0]
    route = itinerary_of(WHOLE, network=network_of(names=names), id=HOSTILE, grid=code, post=HOSTILE, shift=HOSTILE)
    missed = Missed(METRIC, (MissedStreet(HOSTILE, HOSTILE, 10.0),), shift=HOSTILE)
    html = render_patrol_map([route], filed, territory, missed=[missed], title=HOSTILE)
    assert html.count("</script>") == html.count("<script")
    assert "<img src=x" not in html
    data = data_of(html)
    assert data["routes"][0]["id"] == data["missed"][0]["streets"][0]["name"] == " ".join(HOSTILE.split())


def test_missed_streets_and_blind_areas_are_on_the_page(plan: Plan) -> None:
    itinerary = routes(plan)[0]
    line = itinerary.legs[0].geometry
    streets = (MissedStreet("Short", "residential", 40.0), MissedStreet("Long", "residential", 100.0, line))
    missed = Missed(METRIC, streets, (line.buffer(20),), "2026-11-21 pm")
    (part,) = data_of(render_patrol_map([itinerary], *plan, missed=[missed]))["missed"]
    assert [street["name"] for street in part["streets"]] == ["Long", "Short"]
    assert part["streets"][0]["steps"]
    assert part["streets"][1]["steps"] == []
    assert len(part["blind"]) == 1
    # Without a route the grids in question are those that something was missed in.
    grids = data_of(render_patrol_map([], *plan, missed=[missed]))["grids"]
    assert itinerary.grid in [grid["code"] for grid in grids if grid["patrolled"]]
    assert sum(grid["patrolled"] for grid in grids) < len(grids)


def test_too_many_legs_are_left_out_and_said(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    every = routes(plan, 4)
    monkeypatch.setattr(patrol_map, "MOST_LEGS", len(every[0].legs) + len(every[1].legs))
    data = data_of(render_patrol_map(every, *plan))
    assert len(data["routes"]) == 2
    assert data["routes_left_out"] == len(every) - 2
    monkeypatch.setattr(patrol_map, "MOST_LEGS", 1)
    assert len(data_of(render_patrol_map(every, *plan))["routes"]) == 1


def test_a_page_without_a_route_or_without_land_is_made_all_the_same(plan: Plan) -> None:
    assert data_of(render_patrol_map([], *plan))["routes"] == []
    data = data_of(render_patrol_map(routes(plan), plan[0], None, language="en"))
    assert data["ground"] is None
    assert data["language"] == "en"


def test_what_cannot_be_shown_is_refused(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="map_language_unknown"):
        render_patrol_map(routes(plan), *plan, language="fr")
    with pytest.raises(InputError, match="patrol_page_grid_unknown"):
        render_patrol_map([replace(routes(plan)[0], grid="nowhere")], *plan)
    with pytest.raises(StorageError, match="map_not_written"):
        write_patrol_map(routes(plan), *plan, tmp_path / "nowhere" / "map.html")
    monkeypatch.setattr(offline, "ASSETS", tmp_path)
    with pytest.raises(StorageError, match="map_assets_missing"):
        render_patrol_map(routes(plan), *plan)
    assert list(tmp_path.iterdir()) == []


def test_every_word_of_a_leg_exists_in_both_languages() -> None:
    for language in ("zh", "en"):
        known = patrol_page_words(language)
        for turn in ("start", "straight", "left", "right", "back", "dwell"):
            assert known[f"w_turn_{turn}"]
        for mode in ("foot", "ebike", "car"):
            assert known[f"w_mode_{mode}"]


def test_routes_stand_out_from_the_land_and_are_told_apart_by_colour_or_pattern() -> None:
    for look in PATROLS:
        assert contrast(look["colour"], COLOURS["land"]) > 4.5
        assert contrast(look["colour"], COLOURS["street"]) > 4.5
    assert len({look["dash"] for look in PATROLS}) == len(PATROLS)
    for vision in VISION:
        for one, two in combinations(PATROLS[:3], 2):
            assert np.linalg.norm(lab(one["colour"], vision) - lab(two["colour"], vision)) > 14, (vision, one, two)
