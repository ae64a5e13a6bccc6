"""Cameras as they stand: every rule for bad input, one test each."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.errors import InputError
from gis.report import QualityReport
from gis.sight import Cameras, Optics
from gis.sight.stand import stand_cameras
from gis.sight.status import is_working
from gis.territory import Territory
from tests.sight_kit import X0, Y0, codes, here, site

LENS = {"focal_mm": 6.0, "sensor_mm": 5.37, "px_width": 2560, "height_m": 5.0, "heading_deg": 90.0}


def stand(territory: Territory) -> tuple[Cameras, QualityReport]:
    report = QualityReport()
    return stand_cameras(territory, Optics(), report), report


def one(**facts: object) -> tuple[Cameras, QualityReport]:
    return stand(site(cameras=[{"x": 0.0, "y": 0.0, **facts}]))


def test_a_camera_that_says_everything_is_taken_at_its_word() -> None:
    found, report = one(**LENS, range_m=80.0, status="在线")
    assert found.ids == ("k0",)
    assert (found.x[0], found.y[0]) == (X0, Y0)
    assert found.heading_deg[0] == 90.0
    assert found.hfov_deg[0] == pytest.approx(Optics(focal_mm=6.0).hfov_deg)
    assert found.focal_px[0] == pytest.approx(Optics(focal_mm=6.0).focal_px)
    assert found.far_m[0] == 80.0
    assert not found.is_assumed[0]
    assert found.is_working[0]
    assert codes(report) == ["note_sight_tilt_assumed"]


def test_a_camera_without_heading_looks_all_round_and_says_that_this_is_assumed() -> None:
    found, report = one(**{**LENS, "heading_deg": None})
    assert found.hfov_deg[0] == 360.0
    assert found.is_assumed[0]
    assert "note_sight_heading_unknown" in codes(report)


@pytest.mark.parametrize("kind", ["dome", "球机", "半球", "PTZ", "高速球机"])
def test_a_dome_looks_all_round_unless_it_has_a_heading(kind: str) -> None:
    found, report = one(**{**LENS, "heading_deg": None, "kind": kind})
    assert found.hfov_deg[0] == 360.0
    assert not found.is_assumed[0]
    assert "note_sight_heading_unknown" not in codes(report)
    aimed, _ = one(**LENS, kind=kind)
    assert aimed.hfov_deg[0] < 90.0


def test_a_camera_that_says_nothing_has_the_default_optics() -> None:
    found, report = one()
    assert found.focal_px[0] == pytest.approx(Optics().focal_px)
    assert found.near_m[0] == pytest.approx(Optics().near_m)
    assert found.far_m[0] == Optics().range_m
    assert found.is_assumed[0]
    assert {"note_sight_optics_assumed", "note_sight_height_assumed"} <= set(codes(report))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("focal_mm", 0.0),
        ("focal_mm", -4.0),
        ("focal_mm", math.inf),
        ("sensor_mm", 0.0),
        ("px_width", 15),
        ("px_width", 0),
        ("height_m", 0.0),
        ("height_m", -3.0),
        ("range_m", 0.0),
        ("range_m", -5.0),
        ("hfov_deg", 361.0),
        ("hfov_deg", 0.0),
        ("heading_deg", 1e9),
        ("heading_deg", -math.inf),
    ],
)
def test_an_impossible_value_is_told_with_its_row_and_taken_as_not_stated(column: str, value: float) -> None:
    found, report = one(**{**LENS, column: value})
    silent, _ = one(**{**LENS, column: None})
    remark = next(r for r in report.remarks if r.code == "repair_sight_value_impossible")
    assert (remark.id, remark.facts["row"], remark.facts["column"]) == ("k0", 1, column)
    for name in ("heading_deg", "hfov_deg", "focal_px", "near_m", "far_m"):
        assert getattr(found, name)[0] == getattr(silent, name)[0], name
        assert np.isfinite(getattr(found, name)[0]) or name == "far_m"


def test_nan_is_a_value_that_is_not_stated_and_no_fault() -> None:
    _, report = one(**{**LENS, "range_m": math.nan})
    assert "repair_sight_value_impossible" not in codes(report)


def test_a_lens_and_a_field_of_view_that_contradict_each_other_are_told() -> None:
    found, report = one(**LENS, hfov_deg=90.0)
    assert found.hfov_deg[0] == pytest.approx(Optics(focal_mm=6.0).hfov_deg)
    assert found.focal_px[0] == pytest.approx(1280.0)
    assert "warn_sight_lens_contradicts" in codes(report)
    assert "warn_sight_lens_contradicts" not in codes(one(**LENS, hfov_deg=48.0)[1])


def test_a_heading_beyond_a_turn_is_a_turn_less() -> None:
    assert one(**{**LENS, "heading_deg": 450.0})[0].heading_deg[0] == 90.0
    assert one(**{**LENS, "heading_deg": -90.0})[0].heading_deg[0] == 270.0


def test_an_id_twice_counts_once() -> None:
    found, report = stand(site(cameras=[{"x": 0, "y": 0, "id": "a"}, {"x": 9, "y": 0, "id": "a"}]))
    assert found.ids == ("a",)
    assert found.x[0] == X0
    assert codes(report).count("repair_sight_id_twice") == 1


def test_a_camera_outside_the_territory_does_not_count_and_one_on_the_border_does() -> None:
    found, report = stand(site(cameras=[{"x": 501.0, "y": 0.0}, {"x": 500.0, "y": 0.0}]))
    assert found.ids == ("k1",)
    remark = next(r for r in report.remarks if r.code == "warn_sight_outside")
    assert (remark.id, remark.facts["row"]) == ("k0", 1)


def test_a_camera_without_a_position_does_not_count() -> None:
    land = site(cameras=[{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 0.0}, {"x": 2.0, "y": 0.0}])
    table = land["cameras"].copy()
    shapes = [None, shapely.Point(math.nan, 1.0), here(shapely.Point(2.0, 0.0))]
    found, report = stand(
        land.with_layers(cameras=gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes, crs=table.crs))
    )
    assert found.ids == ("k2",)
    assert codes(report).count("warn_sight_no_position") == 2


def test_a_camera_in_a_building_moves_out_of_its_nearest_wall() -> None:
    found, report = stand(site(buildings=[shapely.box(0, 0, 20, 10)], cameras=[{"x": 18.0, "y": 5.0}]))
    assert found.x[0] - X0 == pytest.approx(20.3)
    assert found.y[0] - Y0 == pytest.approx(5.0)
    remark = next(r for r in report.remarks if r.code == "repair_sight_in_building")
    assert (remark.before, remark.after) == (2.0, 0.3)


def test_a_camera_in_a_terrace_does_not_move_into_the_house_next_door() -> None:
    row = [shapely.box(10 * k, 0, 10 * k + 10, 30) for k in range(3)]
    found, _ = stand(site(buildings=row, cameras=[{"x": 10.5, "y": 26.0}]))
    assert found.y[0] - Y0 == pytest.approx(30.3)


def test_a_camera_on_a_wall_looks_from_just_outside() -> None:
    found, report = stand(site(buildings=[shapely.box(0, 0, 20, 10)], cameras=[{"x": 10.0, "y": 0.0}]))
    assert found.y[0] - Y0 == pytest.approx(-0.3)
    assert "repair_sight_on_wall" in codes(report)


def test_a_camera_deep_in_a_building_counts_and_sees_nothing() -> None:
    found, report = stand(site(buildings=[shapely.box(0, 0, 60, 60)], cameras=[{"x": 30.0, "y": 30.0}]))
    assert len(found) == 1
    assert found.x[0] - X0 == 30.0
    assert found.range_m(25.0)[0] == 0.0
    assert "warn_sight_deep_in_building" in codes(report)


def test_a_high_point_is_marked_and_its_blind_zone_grows_with_its_height() -> None:
    found, report = one(**{**LENS, "height_m": 40.0})
    low, _ = one(**LENS)
    assert found.is_high[0]
    assert not low.is_high[0]
    assert found.near_m[0] == pytest.approx(8 * low.near_m[0])
    assert "note_sight_high_points" in codes(report)


@pytest.mark.parametrize(
    "word", ["离线", "故障", "不在线", "offline", "Broken", "out of order", "设备损坏", "停用", "down"]
)
def test_words_that_say_broken(word: str) -> None:
    assert is_working(word) is False


@pytest.mark.parametrize("word", ["在线", "online", "Working", "正常", "无故障", "", "运行中", "在线（联网）"])
def test_words_that_say_working(word: str) -> None:
    assert is_working(word) is True


def test_an_unknown_status_counts_as_working_and_is_told() -> None:
    found, report = one(status="quiet")
    assert found.is_working[0]
    remark = next(r for r in report.remarks if r.code == "note_sight_status_unknown")
    assert remark.facts["values"] == "quiet"


def test_no_cameras_are_no_fault() -> None:
    found, report = stand(site(buildings=[shapely.box(0, 0, 20, 10)]))
    assert len(found) == 0
    assert report.remarks == []


def test_the_remarks_of_many_bad_rows_stay_few() -> None:
    _, report = stand(site(cameras=[{"x": k * 0.1, "y": 0.0, "focal_mm": -1.0} for k in range(120)]))
    assert codes(report).count("repair_sight_value_impossible") == 50
    more = next(r for r in report.remarks if r.code == "note_sight_more_rows")
    assert (more.before, more.facts["measured"]) == (120, 70)


def test_impossible_default_optics_are_refused() -> None:
    with pytest.raises(InputError):
        stand_cameras(site(), Optics(focal_mm=-1.0))
