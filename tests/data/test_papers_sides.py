"""The four sides of a grid in words, against borders drawn by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import LineString, Polygon, box

from data.papers.sides import Bound, bounds_of_grids
from gis.territory import Territory
from tests.data.paper_kit import CRS, X, Y, make_land, make_plan

GRID = "grid"


def bounds(code: str) -> dict[str, tuple[Bound, ...]]:
    plan, land = make_plan(), make_land()
    grids = plan.grids
    found = bounds_of_grids(
        np.asarray(grids.geometry.array, dtype=object), grids["code"].tolist(), grids["community"].tolist(), land
    )
    return dict(zip(grids["code"], found))[code]


def test_a_named_street_within_five_metres_names_the_side() -> None:
    assert bounds("990101001001001")["east"] == (Bound("street", "中山路"),)


def test_a_street_outside_the_area_within_five_metres_names_its_edge() -> None:
    assert bounds("990101001001001")["west"] == (Bound("street", "@人民路"),)


def test_a_street_without_name_leaves_the_word_to_the_next_grid_of_the_community() -> None:
    assert bounds("990101001001001")["north"] == (Bound(GRID, "990101001001002"),)


def test_a_border_with_another_community_is_named_after_it() -> None:
    assert bounds("990101001001004")["east"] == (Bound("community", "乙社区"),)


def test_a_river_is_told_by_its_kind() -> None:
    assert bounds("990101001001002")["north"] == (Bound("river"),)


def test_the_edge_of_the_area_is_told_as_such() -> None:
    assert bounds("990101001001001")["south"] == (Bound("outside"),)


def test_an_estate_bounds_the_land_outside_it_and_never_itself() -> None:
    assert bounds("990101001001003")["east"] == (Bound("estate", "丁小区"),)
    assert all(b.kind != "estate" for side in bounds("990101001002600").values() for b in side)


def test_an_estate_that_has_only_its_id_for_a_name_gives_no_word() -> None:
    plan, land = make_plan(), make_land()
    land = land.with_layers(estates=land["estates"].assign(name="e1"))
    grids = plan.grids
    codes = grids["code"].tolist()
    shapes = np.asarray(grids.geometry.array, dtype=object)
    found = dict(zip(codes, bounds_of_grids(shapes, codes, grids["community"].tolist(), land)))
    assert found["990101001001003"]["east"] == (Bound("community", "乙社区"),)


def territory(streets: dict[str, LineString], outline: Polygon) -> Territory:
    layers = {
        "communities": gpd.GeoDataFrame(
            {"code": ["1"], "name": ["甲"], "kind": ["urban"]}, geometry=[outline], crs=CRS
        ),
        "streets": gpd.GeoDataFrame(
            {"id": sorted(streets), "name": sorted(streets)}, geometry=[streets[n] for n in sorted(streets)], crs=CRS
        ),
    }
    return Territory.of(layers)


def test_the_longest_street_of_a_side_comes_first_and_a_short_one_is_left_out() -> None:
    shape = box(X, Y, X + 100, Y + 100)
    east = X + 100
    streets = {
        "甲路": LineString([(east, Y), (east, Y + 40)]),
        "乙路": LineString([(east, Y + 40), (east, Y + 90)]),
        "丙路": LineString([(east, Y + 90), (east, Y + 100)]),
    }
    found = bounds_of_grids(np.array([shape], dtype=object), ["g"], ["1"], territory(streets, shape))[0]
    assert found["east"] == (Bound("street", "乙路"), Bound("street", "甲路"))


def test_a_street_that_only_crosses_the_border_does_not_name_it() -> None:
    shape = box(X, Y, X + 100, Y + 100)
    streets = {"横路": LineString([(X + 50, Y + 50), (X + 300, Y + 50)])}
    found = bounds_of_grids(np.array([shape], dtype=object), ["g"], ["1"], territory(streets, shape))[0]
    assert found["east"] == (Bound("outside"),)


def test_a_street_six_metres_away_does_not_name_a_side() -> None:
    shape = box(X, Y, X + 100, Y + 100)
    streets = {"远路": LineString([(X + 106, Y), (X + 106, Y + 100)])}
    found = bounds_of_grids(np.array([shape], dtype=object), ["g"], ["1"], territory(streets, shape))[0]
    assert found["east"] == (Bound("outside"),)


def test_a_notch_in_a_side_belongs_to_that_side() -> None:
    shape = box(X, Y, X + 100, Y + 100) - box(X + 80, Y + 40, X + 100, Y + 60)
    streets = {
        "凹路": LineString([(X + 80, Y + 40), (X + 80, Y + 60)]),
        "东路": LineString([(X + 100, Y), (X + 100, Y + 40)]),
    }
    found = bounds_of_grids(np.array([shape], dtype=object), ["g"], ["1"], territory(streets, shape))[0]
    assert found["east"][0] == Bound("street", "东路")
    assert Bound("street", "凹路") not in found["west"]


def test_a_grid_askew_has_its_four_sides() -> None:
    centre = shapely.Point(X, Y)
    shape = shapely.affinity.rotate(box(X - 50, Y - 50, X + 50, Y + 50), 45, origin=centre)
    corners = shapely.get_coordinates(shape.exterior)
    names = ["一路", "二路", "三路", "四路"]
    streets = {name: LineString(corners[i : i + 2]) for i, name in enumerate(names)}
    found = bounds_of_grids(np.array([shape], dtype=object), ["g"], ["1"], territory(streets, shape))[0]
    assert {side: len(what) for side, what in found.items()} == {"east": 2, "south": 2, "west": 2, "north": 2}


def test_borders_that_do_not_match_point_by_point_still_find_their_neighbour() -> None:
    left, right = box(X, Y, X + 100, Y + 100), box(X + 100, Y - 50, X + 200, Y + 150)
    land = territory({}, box(X, Y - 50, X + 200, Y + 150))
    found = bounds_of_grids(np.array([left, right], dtype=object), ["左", "右"], ["1", "1"], land)
    assert found[0]["east"] == (Bound(GRID, "右"),)


def test_a_grid_in_the_hole_of_another_borders_on_it_all_round() -> None:
    outer = box(X, Y, X + 300, Y + 300)
    inner = box(X + 100, Y + 100, X + 200, Y + 200)
    land = territory({}, outer)
    found = bounds_of_grids(np.array([outer - inner, inner], dtype=object), ["外", "内"], ["1", "1"], land)
    assert set(found[1].values()) == {(Bound(GRID, "外"),)}
    assert set(found[0].values()) == {(Bound("outside"),)}


def test_no_grids_have_no_sides() -> None:
    assert bounds_of_grids(np.array([], dtype=object), [], [], make_land()) == []
