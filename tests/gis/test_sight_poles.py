"""Places for poles: beside public streets and nowhere else, the same for the same land; and the poses they carry."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.errors import InputError
from gis.sight import Optics
from gis.sight.poles import Poles, poses, stand_poles
from gis.sight.walls import Walls
from gis.territory import Territory
from tests.sight_kit import CRS, X0, Y0, here, site, street

GRID = np.array([here(shapely.box(-500, -500, 500, 500))], dtype=object)


def stand(land: Territory, grids: np.ndarray = GRID, **options: object) -> Poles:
    return stand_poles(land, grids, Walls.of(land), **options)  # type: ignore[arg-type]


def at(poles: Poles) -> list[tuple[float, float]]:
    return [(round(x - X0, 1) + 0.0, round(y - Y0, 1) + 0.0) for x, y in zip(poles.x, poles.y)]


def test_poles_stand_along_a_street_on_alternating_sides_and_at_its_ends() -> None:
    found = stand(site(streets=[street((0, 0), (200, 0))]))
    assert found.ids == ("s0+000R", "s0+060L", "s0+100R", "s0+140L", "s0+200R")
    assert at(found) == [(0, -4), (60, 4), (100, -4), (140, 4), (200, -4)]
    assert found.street.tolist() == [0] * 5
    assert found.grid.tolist() == [0] * 5


def test_a_crossing_has_one_pole_and_a_street_that_goes_on_has_none_at_the_joint() -> None:
    crossing = stand(site(streets=[street((-30, 0), (0, 0), (30, 0)), street((0, -30), (0, 0), (0, 30))]))
    assert sum(abs(x) < 10 and abs(y) < 10 for x, y in at(crossing)) == 1
    joint = stand(site(streets=[street((-30, 0), (0, 0)), street((0, 0), (30, 0))]))
    assert at(joint) == [(-30, -4), (30, -4)]


def test_no_two_poles_are_nearer_than_nine_tenths_of_the_distance() -> None:
    rng = np.random.default_rng(3)
    ways = [street(*map(tuple, rng.uniform(-300, 300, (3, 2)).tolist())) for _ in range(40)]
    found = stand(site(streets=ways))
    xy = np.stack([found.x, found.y], axis=1)
    apart = np.hypot(*(xy[:, None] - xy[None]).T)
    assert len(found) > 50
    assert apart[~np.eye(len(found), dtype=bool)].min() >= 36.0 - 1e-9
    assert len(set(found.ids)) == len(found)


def test_the_same_land_has_the_same_poles() -> None:
    rng = np.random.default_rng(4)
    ways = [street(*map(tuple, rng.uniform(-300, 300, (3, 2)).tolist())) for _ in range(20)]
    one, other = stand(site(streets=ways)), stand(site(streets=ways))
    assert one.ids == other.ids
    assert (one.x == other.x).all()


def test_a_pole_avoids_buildings_by_the_other_side_then_by_coming_closer() -> None:
    south = shapely.box(-10, -20, 210, -2)
    assert {y for _, y in at(stand(site(streets=[street((0, 0), (200, 0))], buildings=[south])))} == {4.0}
    north = shapely.box(-10, 3, 210, 20)
    both = stand(site(streets=[street((0, 0), (200, 0))], buildings=[south, north]))
    assert {y for _, y in at(both)} <= {2.0, -1.0, 1.0, -2.0}
    assert len(both) == 5


def test_a_pole_that_would_stand_in_a_building_anyway_is_left_out() -> None:
    found = stand(site(streets=[street((0, 0), (200, 0))], buildings=[shapely.box(50, -30, 250, 30)]))
    assert found.ids == ("s0+000R",)
    assert found.left_out == {"in_building": 4}


def test_no_pole_stands_in_a_guarded_estate_in_water_or_outside_all_grids() -> None:
    way = [street((0, 0), (200, 0))]
    assert stand(site(streets=way, estates=[("estate", shapely.box(50, -30, 250, 30))])).left_out == {"private": 4}
    assert stand(site(streets=way, barriers=[("river", shapely.box(50, -30, 250, 30))])).left_out == {"in_water": 4}
    west = np.array([here(shapely.box(-500, -500, 50, 500))], dtype=object)
    assert stand(site(streets=way), west).left_out == {"off_grid": 4}


def test_no_pole_stands_where_cameras_are_forbidden() -> None:
    way = [street((0, 0), (200, 0))]
    park = site(streets=way, estates=[("park", shapely.box(50, -30, 250, 30))])
    assert len(stand(park)) == 5
    assert stand(park, forbidden_estates=frozenset({"park"})).left_out == {"forbidden": 4}
    near = site(streets=way, places=[("toilet", 200, 0)])
    far = stand(near, forbidden_near_m={"toilet": 110.0})
    assert at(far) == [(0, -4), (60, 4)]
    zone = gpd.GeoSeries([here(shapely.box(50, -30, 250, 30))], crs=CRS).to_crs("EPSG:4326")
    assert stand(site(streets=way), zones=zone).left_out == {"forbidden": 4}


def test_private_ways_and_motorways_carry_no_poles() -> None:
    ways = [street((0, 0), (200, 0), foot="private"), street((0, 50), (200, 50), klass="motorway")]
    assert len(stand(site(streets=ways))) == 0


def test_a_key_place_has_a_pole_on_the_side_of_its_street_and_goes_first() -> None:
    found = stand(site(streets=[street((0, 0), (200, 0))], places=[("gate", 100, -10)]))
    assert found.ids[-1] == "p0*"
    assert at(found)[-1] == (100.0, -6.0)
    assert found.street[-1] == -1
    assert "s0+100R" not in found.ids


def test_a_land_without_streets_has_no_poles() -> None:
    assert len(stand(site())) == 0
    assert len(poses(stand(site()), Optics(), 12)) == 0


def test_poses_look_round_from_every_pole() -> None:
    poles = stand(site(streets=[street((0, 0), (200, 0))]))
    found = poses(poles, Optics(), 12)
    assert len(found) == 60
    assert found.ids[:3] == ("s0+000R@000", "s0+000R@030", "s0+000R@060")
    assert found.heading_deg[:12].tolist() == [30.0 * k for k in range(12)]
    assert (found.x.reshape(5, 12) == poles.x[:, None]).all()
    assert (found.row == -1).all()
    assert found.near_m[0] == pytest.approx(Optics().near_m)
    assert found.far_m[0] == Optics().far_m
    assert len(set(poses(poles, Optics(), 1000).ids)) == 5000


def test_poses_of_impossible_optics_are_refused() -> None:
    with pytest.raises(InputError):
        poses(stand(site()), Optics(px_width=3), 12)
