"""A survey of a few drawn streets: metres seen, blind stretches, places, private ground, what may not be."""

from __future__ import annotations

import math
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.report import QualityReport
from gis.sight import Seen
from gis.territory import Territory
from partition.coverage.cameras.areas import Area, area_rows
from partition.coverage.cameras.rates import places_by_kind, rates
from partition.coverage.cameras.seen import redundancy
from partition.coverage.cameras.survey import survey_cameras
from partition.coverage.cameras.types import Blind, CameraSurvey, DensityRow, Land
from partition.coverage.settings import CameraSettings
from tests.camera_land import CRS, box, camera, here, land, street, territory

FINE = CameraSettings(sample_m=1.0)
ROUND = {"focal_mm": 4.0, "sensor_mm": 5.0, "px_width": 2500, "height_m": 3.0, "kind": "dome"}
"""Draws 2,000 pixels over the distance: 80 m at 25 px/m, 32 at 62.5, 16 at 125, 8 at 250."""
REACH = {"detect": 80.0, "observe": 32.0, "recognise": 16.0, "identify": 8.0}


def looked(town: Territory, grids: Land, rules: CameraSettings = FINE, **options: object) -> CameraSurvey:
    return survey_cameras(town, grids, rules, **options)  # type: ignore[arg-type]


def row_of(survey: CameraSurvey, scope: str = "all", code: str = "all") -> DensityRow:
    return next(row for row in survey.rows if (row.scope, row.code) == (scope, code))


@pytest.fixture(scope="module")
def long_street() -> tuple[Territory, Land]:
    """A street of 300 m from west to east through two grids, a camera in its middle, and a wall 10 m east of it."""
    town = territory(
        cameras=[camera(150, 0.0, **ROUND), camera(290, 0.0, status="离线", **ROUND)],
        streets=[street((0, 0), (300, 0))],
        buildings=[{"households": 0, "geometry": box(160, -5, 165, 5)}],
    )
    return town, land(town, A=box(0, -50, 150, 50), B=box(150, -50, 300, 50))


def test_street_metres_are_seen_per_level_up_to_the_wall(long_street: tuple[Territory, Land]) -> None:
    survey = looked(*long_street)
    near = float(survey.cameras.near_m[0])
    assert 0 < near < 8
    west, east = row_of(survey, "grid", "A"), row_of(survey, "grid", "B")
    assert west.street_m == pytest.approx(150)
    assert east.street_m == pytest.approx(150)
    for level, reach in REACH.items():
        assert west.seen_m[level] == pytest.approx(reach - near, abs=1.0), level
        assert east.seen_m[level] == pytest.approx(min(reach, 10) - near, abs=1.0), level
    assert row_of(survey).street_per_camera_m == pytest.approx(150)


def test_blind_stretches_are_exact_and_the_longest_comes_first(long_street: tuple[Territory, Land]) -> None:
    survey = looked(*long_street)
    near = float(survey.cameras.near_m[0])
    (first, second, third) = survey.blind
    assert (first.street, first.from_m, first.grid) == (0, pytest.approx(160, abs=1.0), 1)
    assert first.to_m == pytest.approx(300)
    assert (second.from_m, second.to_m, second.grid) == (0.0, pytest.approx(134, abs=1.0), 0)
    assert third.length_m == pytest.approx(2 * near, abs=2.0)
    unseen = row_of(survey).street_m - row_of(survey).seen_m["recognise"]
    assert math.fsum(blind.length_m for blind in survey.blind) == pytest.approx(unseen)


def test_a_camera_that_does_not_work_sees_nothing_but_counts(long_street: tuple[Territory, Land]) -> None:
    survey = looked(*long_street)
    assert (row_of(survey).positions, row_of(survey).working) == (2, 1)
    far_end = survey.samples.x > here(shapely.Point(285, 0)).x
    assert not survey.seen_by[far_end].any()
    assert np.diff(survey.sights.start)[1] > 0  # it is in view of it all the same


def test_two_cameras_on_one_spot_are_redundant() -> None:
    town = territory(
        cameras=[camera(50, 0, **ROUND), camera(50, 0, **ROUND), camera(90, 0, **ROUND)],
        streets=[street((0, 0), (100, 0))],
    )
    survey = looked(town, land(town, G=box(-10, -10, 110, 10)))
    by = redundancy(survey.samples, survey.seen_by)
    near = float(survey.cameras.near_m[0])
    assert by[2] == pytest.approx(2 * (16 - near), abs=2)
    assert by[1] == pytest.approx(26 - 2 * near, abs=2)
    assert by[0] + by[1] + by[2] + by[3] == pytest.approx(100)
    assert row_of(survey).twice_m == pytest.approx(by[2] + by[3])


def test_a_survey_without_sight_counts_the_same_and_sees_nothing(long_street: tuple[Territory, Land]) -> None:
    full, plain = looked(*long_street), looked(*long_street, with_sight=False)
    for one, other in zip(full.rows, plain.rows, strict=True):
        assert (one.positions, one.channels, one.missing, one.area_km2) == (
            other.positions,
            other.channels,
            other.missing,
            other.area_km2,
        )
        assert other.street_m == 0
        assert set(other.seen_m.values()) == {0.0}
    assert plain.blind == ()
    assert len(plain.sights.start) == 3


def test_key_places_and_gates_are_seen_per_level() -> None:
    places = [("gate", 57), ("gate", 70), ("school", 20), ("gate", 150)]
    town = territory(
        cameras=[camera(50, 0, **ROUND)],
        streets=[street((0, 5), (100, 5))],
        key_places=[{"kind": kind, "geometry": shapely.Point(x, 0)} for kind, x in places],
    )
    survey = looked(town, land(town, G=box(-10, -10, 110, 10)))
    seen = {
        kind: (n, levels["identify"], levels["observe"], levels["detect"])
        for kind, (n, levels) in places_by_kind(survey, town).items()
    }
    assert seen == {"gate": (2, 1, 2, 2), "school": (1, 0, 1, 1)}
    assert (row_of(survey).places, row_of(survey).places_seen["observe"]) == (3, 3)


def test_private_windows_and_lanes_are_a_cost_and_no_gain() -> None:
    homes = {"households": 10, "geometry": box(40, 10, 60, 20)}
    shed = {"households": 0, "geometry": box(40, -20, 60, -10)}
    town = territory(cameras=[camera(50, 0, **ROUND)], streets=[street((0, 0), (100, 0))], buildings=[homes, shed])
    survey = looked(town, land(town, G=box(-10, -30, 110, 30)), with_polygons=True)
    # At 62.5 px/m only the southern wall of the house is in view: the shed has no windows of anybody.
    assert survey.private_m[0] == pytest.approx(20.0, abs=2.0)
    assert row_of(survey).private_m == pytest.approx(20.0, abs=2.0)
    alone = territory(cameras=[camera(50, 0, **ROUND)], streets=[street((0, 0), (100, 0))], buildings=[shed])
    other = looked(alone, land(alone, G=box(-10, -30, 110, 30)))
    assert other.private_m[0] == 0
    assert row_of(other).seen_m == row_of(survey).seen_m
    assert survey.polygon[0].area > 100
    assert survey.mask[0].area > 0
    assert survey.mask[0].within(survey.polygon[0].buffer(1e-6))
    assert shapely.is_empty(other.polygon[0])


def test_forbidden_ground_is_told_with_its_reason() -> None:
    town = territory(
        cameras=[camera(10, 10), camera(110, 10), camera(210, 10), camera(305, 10), camera(307, 10)],
        estates=[{"name": "医院", "kind": "hospital", "geometry": box(100, 0, 120, 20)}],
        key_places=[{"kind": "浴室", "geometry": shapely.Point(300, 10)}],
    )
    rules = replace(FINE, forbidden_estates=frozenset({"hospital"}), forbidden_near_m={"浴室": 6.0})
    zones = gpd.GeoSeries([here(box(200, 0, 220, 20)), None], crs=CRS).to_crs("EPSG:4326")
    report = QualityReport()
    survey = looked(town, land(town, G=box(0, 0, 500, 50)), rules, zones=zones, report=report)
    assert survey.is_forbidden.tolist() == [False, True, True, True, False]
    told = [(r.id, r.facts["why"]) for r in report.remarks if r.code == "warn_coverage_camera_forbidden"]
    assert told == [("cameras1", "estate"), ("cameras2", "zone"), ("cameras3", "place")]
    assert row_of(survey).positions == 5
    assert not looked(town, land(town, G=box(0, 0, 500, 50))).is_forbidden.any()


def test_odd_cameras_count_for_density_and_never_stop_a_survey() -> None:
    odd = [
        camera(20, 0, id="inside", **ROUND),  # in a building
        camera(50, 0, id="no-heading", hfov_deg=60.0),
        camera(60, 0, id="optics", focal_mm=-4.0, sensor_mm=0.0, px_width=-1, height_m=-6.0, hfov_deg=720.0),
        camera(70, 0, id="nan", heading_deg=math.nan, range_m=-1.0),
        camera(9000, 0, id="outside"),
    ]
    town = territory(
        [{"code": "C", "geometry": box(0, -50, 100, 50)}],
        cameras=odd,
        streets=[street((0, 5), (100, 5))],
        buildings=[{"households": 3, "geometry": box(15, -5, 25, 4.5)}],
    )
    report = QualityReport()
    survey = looked(town, land(town, G=box(0, -50, 100, 50)), report=report, with_polygons=True)
    assert row_of(survey).positions == 4
    assert set(survey.cameras.ids) == {"inside", "no-heading", "optics", "nan"}
    assert all(math.isfinite(value) for value in row_of(survey).seen_m.values())
    assert {r.code for r in report.remarks} >= {"repair_sight_in_building", "note_sight_heading_unknown"}
    assert shapely.is_valid(survey.polygon).all()


def test_a_territory_without_streets_buildings_or_cameras_has_zeros() -> None:
    town = territory()
    survey = looked(town, land(town, G=box(0, 0, 1000, 1000)), with_polygons=True)
    assert (row_of(survey).positions, row_of(survey).missing, row_of(survey).street_m) == (0, 70, 0.0)
    assert survey.blind == ()
    assert survey.by_programme == {}
    assert len(survey.polygon) == 0


def test_rates_are_held_against_what_is_wanted() -> None:
    spots = [camera(1.0 + k, 1, status="联网" if k < 98 else "联网,故障", programme="雪亮") for k in range(100)]
    spots += [camera(1.0 + k, 3, status="联网" if k < 18 else "未联网,故障", programme="行业") for k in range(20)]
    town = territory(cameras=spots, key_places=[{"kind": "gate", "geometry": shapely.Point(900, 900)}])
    grids = land(town, G=box(0, 0, 1000, 1000), H=box(1000, 0, 1001, 1))
    everything = {r.code: r for r in rates(looked(town, grids, replace(FINE, trade_programmes=frozenset({"行业"}))))}
    assert everything["all"].frac == {"covered": 0.0, "networked": 118 / 120, "working": 0.98, "trades_working": 0.9}
    assert everything["all"].is_met == {"covered": False, "networked": False, "working": True, "trades_working": False}
    assert everything["G"].frac == everything["all"].frac
    assert set(everything["H"].frac.values()) == {None} == set(everything["H"].is_met.values())
    plain = next(r for r in rates(looked(town, grids)) if r.scope == "all")
    assert (plain.frac["working"], plain.frac["trades_working"]) == (116 / 120, None)


def test_a_named_area_has_targets_of_its_own_and_cuts_through_grids(long_street: tuple[Territory, Land]) -> None:
    survey = looked(*long_street)
    areas = [Area("core", "核心区", here(box(140, -10, 300, 10)), 1000.0), Area("rest", "", here(box(0, -10, 140, 10)))]
    core, rest = area_rows(survey, long_street[0], areas)
    assert (core.scope, core.code, core.positions, core.working) == ("area", "core", 2, 1)
    assert core.area_km2 == pytest.approx(160 * 20 / 1e6)
    assert (core.missing, core.target_per_km2) == (2, 1000.0)
    assert (rest.positions, rest.target_per_km2, rest.density_per_km2) == (0, 70.0, 0.0)
    for level in REACH:
        assert core.seen_m[level] + rest.seen_m[level] == pytest.approx(row_of(survey).seen_m[level])


def test_water_is_no_part_of_a_named_area_and_private_views_are_counted_by_where_the_windows_are() -> None:
    town = territory(
        cameras=[camera(50, 0, **ROUND)],
        # The southern house is 50 m away: drawn at 40 px/m, too coarse to intrude.
        buildings=[{"households": 10, "geometry": box(40, y, 60, y + 10)} for y in (10, -60)],
        streets=[street((0, 0), (100, 0))],
        barriers=[{"kind": "river", "geometry": box(0, -30, 100, -10)}],
    )
    survey = looked(town, land(town, G=box(0, -60, 100, 30)))
    south, north = area_rows(
        survey, town, [Area("s", "", here(box(0, -60, 100, 0))), Area("n", "", here(box(0, 0, 100, 30)))]
    )
    assert (south.area_km2, north.area_km2) == (pytest.approx(4000 / 1e6), pytest.approx(3000 / 1e6))
    assert (south.private_m, north.private_m) == (0.0, pytest.approx(row_of(survey).private_m))
    assert north.private_m < 25  # of sixty metres of windows, those of the southern wall


def test_a_stretch_along_a_border_is_one_and_goes_to_the_grid_with_most_of_it() -> None:
    town = territory(streets=[street((0, 0), (100, 0)), street((0, 20), (30, 20))])
    grids = land(town, A=box(0, -50, 60, 50), B=box(60, -50, 90, 50))
    survey = looked(town, grids)
    assert survey.blind == (
        Blind(0, 0.0, pytest.approx(90.0, abs=1.0), 0),
        Blind(1, 0.0, pytest.approx(30.0), 0),
    )
    assert (survey.samples.kind == Seen.STREET).all()


def test_only_the_part_of_a_street_inside_the_territory_counts() -> None:
    winding = [(-40, 0), (-20, 0), (30, 0), (150, 0), (150, 30), (50, 30), (50, 200), (-20, 200), (-20, 60), (20, 60)]
    town = territory([{"code": "C", "geometry": box(0, -50, 100, 100)}], streets=[street(*winding)])
    survey = looked(town, land(town, G=box(0, -50, 100, 100)))
    assert row_of(survey).street_m == pytest.approx(100 + 50 + 70 + 20)
    assert [round(blind.length_m) for blind in survey.blind] == [120, 100, 20]


def test_a_stretch_shared_evenly_goes_to_the_lower_code() -> None:
    town = territory(streets=[street((0, 0), (100, 0))])
    grids = land(town, B=box(-10, -50, 50, 50), A=box(50, -50, 110, 50))
    assert [grids.codes[blind.grid] for blind in looked(town, grids).blind] == ["A"]


def test_a_plan_without_grids_has_a_row_of_zeros() -> None:
    town = territory(cameras=[camera(5, 5)], streets=[street((0, 0), (100, 0))])
    survey = looked(town, land(town))
    assert [row.scope for row in survey.rows] == ["all"]
    assert (row_of(survey).positions, row_of(survey).density_per_km2) == (0, None)
    assert rates(survey)[0].frac["working"] is None
    assert (survey.blind, survey.grid.tolist()) == ((), [-1])


def test_a_camera_moved_out_of_a_building_stays_in_the_grid_of_its_pole() -> None:
    town = territory(cameras=[camera(99, 0, **ROUND)], buildings=[{"households": 0, "geometry": box(80, -20, 101, 20)}])
    grids = land(town, A=box(0, -50, 100, 50), B=box(100, -50, 200, 50))
    survey = looked(town, grids)
    assert survey.cameras.x[0] > here(shapely.Point(101, 0)).x
    assert survey.grid.tolist() == [0]
