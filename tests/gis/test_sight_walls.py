"""Walls: broken footprints mended and told, courtyards kept, points no walls, everything moved out of them."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.report import QualityReport
from gis.sight.walls import Walls
from gis.territory import Territory
from tests.sight_kit import CRS, X0, Y0, codes, here, random_scene, site, walls


def made(*shapes: object) -> tuple[Walls, QualityReport]:
    report = QualityReport()
    land = site(community=shapely.box(-500, -500, 500, 500))
    table = gpd.GeoDataFrame(
        {"id": [f"b{k}" for k in range(len(shapes))], "households": [1] * len(shapes)},
        geometry=[None if s is None else here(s) for s in shapes],
        crs=CRS,
    )
    layers = dict(land.layers) | {
        "buildings": Territory.of({"communities": land["communities"], "buildings": table})["buildings"]
    }
    return Walls.of(Territory(layers, land.crs, land.file_crs), report), report


def test_a_courtyard_has_walls_of_its_own() -> None:
    court = shapely.box(0, 0, 20, 20).difference(shapely.box(5, 5, 15, 15))
    assert len(walls(court)) == 8


def test_both_parts_of_a_building_in_two_parts_have_walls() -> None:
    assert len(walls(shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(3, 0, 4, 1)]))) == 8


def test_a_building_that_is_a_point_has_no_walls_and_is_no_fault() -> None:
    land, report = made(shapely.Point(0, 0), shapely.box(0, 0, 10, 10))
    assert len(land) == 4
    assert land.row.tolist() == [1]
    assert report.remarks == []


def test_a_broken_footprint_is_mended_and_told() -> None:
    bow = shapely.Polygon([(0, 0), (20, 20), (20, 0), (0, 20)])
    land, report = made(bow)
    assert codes(report) == ["repair_sight_footprints"]
    assert report.remarks[0].id == "b0"
    assert land.hides(X0 - 5, Y0 + 10.5, X0 + 25, Y0 + 10.5)


def test_a_footprint_without_area_hides_nothing_and_is_told() -> None:
    land, report = made(shapely.Polygon([(0, 0), (10, 0), (5, 0)]), shapely.box(0, 0, 0.01, 0.01))
    assert len(land) == 0
    assert "warn_sight_footprints_lost" in codes(report)


def test_a_footprint_without_finite_corners_hides_nothing_and_is_told() -> None:
    land, report = made(
        None, shapely.Polygon(), shapely.Polygon([(0, 0), (math.nan, 5), (5, 5)]), shapely.box(0, 0, 9, 9)
    )
    assert len(land) == 4
    assert codes(report) == ["warn_sight_footprints_missing"]
    assert report.remarks[0].before == 3


def test_neighbours_drawn_a_hair_apart_share_their_wall() -> None:
    land, _ = made(shapely.box(0, 0, 10, 10), shapely.box(10.01, 0, 20, 10))
    assert land.hides(X0 + 10.005, Y0 - 1.0, X0 + 10.005, Y0 + 11.0)


def test_a_wild_building_far_away_does_not_blow_up_the_cells() -> None:
    land, _ = made(shapely.box(0, 0, 10, 10), shapely.box(3e6, 3e6, 3e6 + 10, 3e6 + 10))
    assert len(land) == 4


@pytest.mark.parametrize("seed", range(20))
def test_whatever_steps_out_stands_clear_of_every_wall(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    land = Walls.around(scene)
    x, y = rng.uniform(0, 160, (2, 60))
    out_x, out_y, depth = land.step_out(x, y)
    mass = shapely.union_all(scene)
    points = shapely.points(x, y)
    away = shapely.distance(mass, shapely.points(out_x, out_y))
    assert (away[depth >= 0] > 0.29).all()
    stays = depth < 0
    assert (out_x[stays] == x[stays]).all()
    assert (shapely.distance(mass, points[stays]) > 0).all()
    inside = shapely.contains_properly(mass, points)
    assert depth[inside] == pytest.approx(shapely.distance(mass.boundary, points[inside]), abs=1e-6)
    # No farther than it must.
    clear = shapely.boundary(shapely.buffer(mass, 0.3, quad_segs=64))
    assert (np.hypot(out_x - x, out_y - y)[inside] <= shapely.distance(clear, points[inside]) + 0.01).all()
