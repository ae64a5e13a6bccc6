"""The land as points: public metres add up, private ones are told apart, masks hold what is private."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.report import QualityReport
from gis.sight import Samples, Seen
from gis.sight.masks import masks
from gis.sight.sampling import sample_land
from gis.territory import Territory
from tests.sight_kit import X0, codes, here, site, street

GRIDS = np.array([here(shapely.box(-500, -500, 0, 500)), here(shapely.box(0, -500, 500, 500))], dtype=object)


def sample(land: Territory, every_m: float = 5.0, report: QualityReport | None = None) -> Samples:
    return sample_land(land, GRIDS, every_m=every_m, report=report)


def metres(samples: Samples, kind: Seen) -> float:
    return float(samples.metres[samples.kind == kind].sum())


def test_points_stand_in_the_middle_of_stretches_that_add_up() -> None:
    found = sample(site(streets=[street((0, 0), (12, 0))]))
    assert found.x - X0 == pytest.approx([2, 6, 10])
    assert found.along_m == pytest.approx([2, 6, 10])
    assert found.metres == pytest.approx([4, 4, 4])


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(-400, 400), st.integers(-400, 400)), min_size=2, max_size=6, unique=True))
def test_metres_of_a_street_add_up_to_its_length(corners: list[tuple[int, int]]) -> None:
    line = shapely.LineString(corners)
    found = sample(site(streets=[street(*corners)]), 7.0)
    assert found.metres.sum() == pytest.approx(line.length)
    assert found.metres.max() <= 7.0 + 1e-9
    assert shapely.distance(here(line), shapely.points(found.x, found.y)).max() < 1e-6
    assert (np.diff(found.along_m) > 0).all()


def test_only_the_metres_inside_the_territory_count_and_keep_their_place_along_the_street() -> None:
    land = site(
        streets=[street((-50, 0), (-5, 0), (25, 0), (45, 0)), street((0, 70), (9, 70))],
        community=shapely.union(shapely.box(0, -50, 10, 50), shapely.box(20, -50, 30, 50)),
    )
    found = sample(land)
    assert found.row.tolist() == [0] * 4
    assert found.metres.sum() == pytest.approx(20.0)
    assert found.along_m == pytest.approx(found.x - X0 + 50)
    assert (found.x - X0).tolist() == pytest.approx([2.5, 7.5, 22.5, 27.5])


def test_a_street_of_two_parts_does_not_count_the_jump_between_them() -> None:
    two = {"class": "residential", "geometry": shapely.MultiLineString([[(0, 0), (10, 0)], [(100, 0), (110, 0)]])}
    found = sample(site(streets=[two]))
    assert found.metres.sum() == pytest.approx(20.0)
    assert sorted((found.x - X0).tolist()) == pytest.approx([2.5, 7.5, 102.5, 107.5])


@pytest.mark.parametrize("klass", ["motorway", "motorway_link", "construction", "proposed", "platform", "corridor"])
def test_what_people_do_not_use_is_not_sampled(klass: str) -> None:
    assert len(sample(site(streets=[street((0, 0), (100, 0), klass=klass)]))) == 0


@pytest.mark.parametrize("klass", ["primary", "residential", "service", "footway", "path", "steps", "cycleway", "odd"])
def test_every_class_people_use_is_public(klass: str) -> None:
    found = sample(site(streets=[street((0, 0), (100, 0), klass=klass)]))
    assert metres(found, Seen.STREET) == pytest.approx(100.0)


def test_where_nobody_may_enter_is_left_out_and_private_access_is_a_lane() -> None:
    shut = street((0, 0), (50, 0), foot="no")
    fast = street((0, 10), (50, 10), foot="no", klass="trunk")
    private = street((0, 20), (50, 20), foot="private")
    found = sample(site(streets=[shut, fast, private]))
    assert metres(found, Seen.STREET) == pytest.approx(50.0)
    assert metres(found, Seen.LANE) == pytest.approx(50.0)


@pytest.mark.parametrize("kind", ["estate", "school", "hospital", "industrial", "government"])
def test_streets_in_a_guarded_estate_are_lanes_and_through_roads_stay_public(kind: str) -> None:
    block = shapely.box(-50, -50, 50, 50)
    land = site(
        streets=[
            street((-40, 0), (40, 0)),
            street((-40, 20), (40, 20), klass="secondary"),
            street((-50, 50), (50, 50)),
        ],
        estates=[(kind, block)],
    )
    found = sample(land)
    assert metres(found, Seen.LANE) == pytest.approx(80.0)
    assert metres(found, Seen.STREET) == pytest.approx(180.0)


@pytest.mark.parametrize("kind", ["market", "park", "business"])
def test_streets_in_an_open_estate_are_public(kind: str) -> None:
    land = site(streets=[street((-40, 0), (40, 0))], estates=[(kind, shapely.box(-50, -50, 50, 50))])
    assert metres(sample(land), Seen.STREET) == pytest.approx(80.0)


def test_a_street_through_a_building_is_a_street_and_is_told() -> None:
    report = QualityReport()
    land = site(streets=[street((0, 0), (40, 0))], buildings=[shapely.box(10, -10, 20, 10)])
    assert metres(sample(land, report=report), Seen.STREET) == pytest.approx(40.0)
    assert "note_sight_streets_under_buildings" in codes(report)


def test_key_places_are_points_without_metres_and_stand_at_the_wall_of_their_building() -> None:
    report = QualityReport()
    land = site(places=[("gate", 5, 5), ("bank", 101, 5)], buildings=[shapely.box(100, 0, 110, 10)])
    found = sample(land, report=report)
    place = found.kind == Seen.PLACE
    assert found.row[place].tolist() == [0, 1]
    assert (found.x[place] - X0).tolist() == pytest.approx([5.0, 99.7])
    assert found.metres[place].tolist() == [0.0, 0.0]
    assert "note_sight_places_in_buildings" in codes(report)


def test_frontage_runs_round_dwellings_and_courtyards_with_its_normal_outwards() -> None:
    court = shapely.box(0, 0, 30, 30).difference(shapely.box(10, 10, 20, 20))
    found = sample(site(buildings=[court]))
    assert metres(found, Seen.FRONTAGE) == pytest.approx(160.0)
    outside = shapely.points(found.x + 0.5 * found.nx, found.y + 0.5 * found.ny)
    assert not shapely.intersects(here(court), outside).any()
    assert np.hypot(found.nx, found.ny) == pytest.approx(1.0)


def test_buildings_without_households_and_party_walls_have_no_frontage() -> None:
    assert len(sample(site(buildings=[shapely.box(0, 0, 30, 30)], households=0))) == 0
    row = [shapely.box(0, 0, 30, 30), shapely.box(30, 0, 60, 30)]
    assert metres(sample(site(buildings=row)), Seen.FRONTAGE) == pytest.approx(180.0)


def test_a_building_that_is_a_point_has_no_frontage() -> None:
    assert len(sample(site(buildings=[shapely.Point(0, 0), shapely.box(5, 5, 9, 9)]))) == 8


def test_a_point_on_a_border_belongs_to_the_first_grid_and_one_outside_to_none() -> None:
    found = sample(site(streets=[street((-5, 0), (5, 0))], places=[("gate", 0, 3)]))
    assert found.grid.tolist() == [0, 1, 0]
    alone = sample_land(site(places=[("gate", 400, 0)]), GRIDS[:1])
    assert alone.grid.tolist() == [-1]


def test_streets_come_first_and_then_places_frontage_and_nothing_else() -> None:
    land = site(streets=[street((0, 0), (9, 0))], places=[("gate", 0, 3)], buildings=[shapely.box(40, 40, 50, 50)])
    kinds = sample(land).kind.tolist()
    assert kinds[:3] == [Seen.STREET, Seen.STREET, Seen.PLACE]
    assert set(kinds[3:]) == {Seen.FRONTAGE}


def test_an_empty_land_has_no_points() -> None:
    assert len(sample(site())) == 0


def mask_of(land: Territory, polygon: shapely.Geometry) -> shapely.Geometry:
    found = masks(np.array([here(polygon)], dtype=object), land)[0]
    assert found.is_valid
    assert found.geom_type in {"Polygon", "MultiPolygon"}
    return found


def test_the_mask_is_the_guarded_part_of_the_view() -> None:
    land = site(estates=[("school", shapely.box(0, 0, 50, 50)), ("park", shapely.box(-50, 0, 0, 50))])
    found = mask_of(land, shapely.box(-20, 10, 20, 30))
    assert found.equals(here(shapely.box(0, 10, 20, 30)))


def test_the_mask_leaves_through_roads_of_an_estate_free() -> None:
    land = site(
        estates=[("estate", shapely.box(0, 0, 50, 50))], streets=[street((-10, 25), (60, 25), klass="secondary")]
    )
    found = mask_of(land, shapely.box(0, 0, 50, 50))
    assert found.area == pytest.approx(50 * 50 - 50 * 12)


def test_the_mask_has_a_strip_before_the_walls_of_dwellings() -> None:
    view = shapely.box(0, 0, 10, 10)
    found = mask_of(site(buildings=[shapely.box(10, 0, 20, 10)]), view)
    assert found.area == pytest.approx(5.0, rel=1e-3)
    assert mask_of(site(buildings=[shapely.box(10, 0, 20, 10)], households=0), view).is_empty


def test_where_nothing_is_private_the_mask_is_empty() -> None:
    assert mask_of(site(), shapely.box(0, 0, 10, 10)).is_empty
    assert masks(np.array([shapely.Polygon()], dtype=object), site())[0].is_empty
    assert len(masks(np.zeros(0, dtype=object), site())) == 0
