"""The land of a plan: area without water, class, order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from partition.coverage.land import grids_of, is_urban
from tests.camera_land import box, here, plan, territory


def test_water_is_taken_off_once_and_lines_are_no_water() -> None:
    bow_tie = shapely.Polygon([(60, 60), (80, 80), (80, 60), (60, 80)])  # two triangles of 100 m2
    town = territory(
        barriers=[
            {"kind": "river", "geometry": box(0, 0, 20, 100)},
            {"kind": "water", "geometry": box(10, 0, 30, 100)},
            {"kind": "water", "geometry": bow_tie},
            {"kind": "wall", "geometry": box(40, 0, 50, 100)},
            {"kind": "river", "geometry": shapely.LineString([(0, 50), (100, 50)])},
        ]
    )
    land = grids_of(town, plan([{"code": "G", "geometry": box(0, 0, 100, 100)}]))
    assert land.area_m2.tolist() == [pytest.approx(100 * 70 - 200)]


def test_a_grid_of_water_and_one_without_a_shape_have_no_area() -> None:
    town = territory(barriers=[{"kind": "water", "geometry": box(-10, -10, 60, 60)}])
    land = grids_of(
        town, plan([{"code": "A", "geometry": box(0, 0, 50, 50)}, {"code": "B", "geometry": shapely.Polygon()}])
    )
    assert land.area_m2.tolist() == [0.0, 0.0]


def test_class_is_that_of_the_community_else_its_kind_else_the_grids_own() -> None:
    towns = [
        {"code": "C1", "class_code": "121", "town": "东镇", "geometry": box(0, 0, 100, 100)},
        {"code": "C2", "class_code": "999", "kind": "rural", "geometry": box(100, 0, 200, 100)},
        {"code": "C3", "geometry": box(200, 0, 300, 100)},
    ]
    grids = [
        {"code": "e", "community": "none", "geometry": box(0, 0, 1, 1), "kind": "rural"},
        {"code": "d", "community": None, "geometry": box(1, 0, 2, 1)},
        {"code": "c", "community": "C3", "geometry": box(2, 0, 3, 1), "name": "三"},
        {"code": "b", "community": "C2", "geometry": box(3, 0, 4, 1)},
        {"code": "a", "community": "C1", "geometry": box(4, 0, 5, 1), "kind": "rural", "households": 7},
    ]
    land = grids_of(territory(towns), plan(grids))
    assert land.codes == ("a", "b", "c", "d", "e")
    assert land.class_code == ("121", "rural", "urban", "urban", "rural")
    assert [is_urban(c) for c in land.class_code] == [True, False, True, True, False]
    assert land.town == ("东镇", "", "", "", "")
    assert land.name == ("", "", "三", "", "")
    assert land.community == ("C1", "C2", "C3", "", "none")
    assert land.households.tolist() == [7.0, 400.0, 400.0, 400.0, 400.0]
    assert shapely.equals(land.geometry[0], here(box(4, 0, 5, 1)))


def test_a_plan_in_degrees_gives_the_same_land() -> None:
    town = territory()
    filed = plan([{"code": "G", "geometry": box(0, 0, 1000, 1000)}])
    there = grids_of(town, replace(filed, grids=filed.grids.to_crs("EPSG:4490")))
    assert np.allclose(there.area_m2, grids_of(town, filed).area_m2, rtol=1e-6)


def test_a_broken_grid_is_mended() -> None:
    bow_tie = shapely.Polygon([(0, 0), (20, 20), (20, 0), (0, 20)])
    land = grids_of(territory(), plan([{"code": "G", "geometry": bow_tie}]))
    assert shapely.is_valid(land.geometry[0])
    assert land.area_m2[0] == pytest.approx(200.0)
