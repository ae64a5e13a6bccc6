"""Optics: fields of view, pixel densities and limits of view, against worked figures."""

from __future__ import annotations

import math

import pytest

from gis.errors import InputError
from gis.sight import PROFILE_2015, Optics
from gis.sight.lens import blind_m, read_lens

NAN = math.nan
# Lens, field of view across and down, metres at 12.5, 25, 62.5, 125 and 250 px/m: 2560 px on a sensor of 5.37 mm.
WORKED = [
    (2.8, 87.6, 56.7, (106.8, 53.4, 21.4, 10.7, 5.3)),
    (4.0, 67.7, 41.4, (152.6, 76.3, 30.5, 15.3, 7.6)),
    (6.0, 48.2, 28.3, (228.8, 114.4, 45.8, 22.9, 11.4)),
    (12.0, 25.2, 14.3, (457.7, 228.8, 91.5, 45.8, 22.9)),
]


@pytest.mark.parametrize(("focal", "across", "down", "metres"), WORKED)
def test_fields_of_view_and_ranges_are_those_worked_out(
    focal: float, across: float, down: float, metres: tuple[float, ...]
) -> None:
    optics = Optics(focal_mm=focal)
    assert round(optics.hfov_deg, 1) == across
    assert round(optics.vfov_deg, 1) == down
    assert tuple(round(optics.reach_m(d), 1) for d in (12.5, 25.0, 62.5, 125.0, 250.0)) == metres
    assert optics.ppm(optics.reach_m(62.5)) == pytest.approx(62.5)


def test_the_blind_zone_of_the_worked_example_is_7_metres() -> None:
    optics = Optics(focal_mm=4.0, height_m=6.0, tilt_deg=20.0)
    assert round(optics.near_m, 1) == 7.0
    assert optics.far_m == optics.range_m  # the horizon is in the picture


def test_a_long_lens_looking_down_has_a_far_limit() -> None:
    optics = Optics(focal_mm=6.0, height_m=6.0, tilt_deg=20.0)
    assert optics.far_m == pytest.approx(6.0 / math.tan(math.radians(20.0 - optics.vfov_deg / 2)))
    assert optics.far_m < optics.range_m


def test_a_camera_that_looks_straight_down_has_no_blind_zone() -> None:
    assert Optics(tilt_deg=89.0).near_m == 0.0


def test_the_levels_are_those_of_the_edition() -> None:
    assert dict(PROFILE_2015.levels) == {"detect": 25.0, "observe": 62.5, "recognise": 125.0, "identify": 250.0}
    assert "2015" in PROFILE_2015.edition
    with pytest.raises(InputError) as caught:
        PROFILE_2015.px_per_m("admire")
    assert caught.value.code == "sight_level_unknown"


def test_every_impossible_value_of_optics_is_named() -> None:
    with pytest.raises(InputError) as caught:
        Optics(focal_mm=0.0, px_width=8, height_m=NAN, tilt_deg=120.0).check()
    assert [f.facts["column"] for f in caught.value.faults] == ["focal_mm", "px_width", "height_m", "tilt_deg"]


def test_a_lens_that_is_stated_is_taken_as_stated() -> None:
    lens = read_lens(6.0, 5.37, 1920, NAN, False, Optics())
    assert lens.focal_px == pytest.approx(6.0 * 1920 / 5.37)
    assert round(lens.hfov_deg, 1) == 48.2
    assert not lens.is_assumed


def test_a_field_of_view_alone_says_how_fine_the_picture_is() -> None:
    lens = read_lens(NAN, NAN, 2560, Optics(focal_mm=6.0).hfov_deg, False, Optics())
    assert lens.focal_px == pytest.approx(Optics(focal_mm=6.0).focal_px)
    assert not lens.is_assumed


def test_of_a_lens_and_a_field_of_view_that_differ_neither_is_overstated() -> None:
    wide = read_lens(4.0, 5.37, 2560, 90.0, False, Optics())
    assert wide.hfov_deg == pytest.approx(Optics().hfov_deg)
    assert wide.focal_px == pytest.approx(1280.0)
    narrow = read_lens(4.0, 5.37, 2560, 30.0, False, Optics())
    assert narrow.hfov_deg == 30.0
    assert narrow.focal_px == pytest.approx(Optics().focal_px)
    assert narrow.differs_deg == pytest.approx(Optics().hfov_deg - 30.0)


def test_a_panorama_spreads_its_pixels_and_a_dome_turns() -> None:
    assert read_lens(NAN, NAN, 3600, 360.0, False, Optics()).focal_px == pytest.approx(3600 / (2 * math.pi))
    assert read_lens(NAN, NAN, 2560, 360.0, True, Optics()).focal_px == pytest.approx(Optics().focal_px)


def test_nothing_said_is_an_assumption_and_a_missing_pixel_count_too() -> None:
    assert read_lens(NAN, NAN, NAN, NAN, False, Optics()).is_assumed
    assert read_lens(6.0, 5.37, NAN, NAN, False, Optics()).is_assumed
    assert read_lens(6.0, NAN, 1920, NAN, False, Optics()).is_assumed


def test_a_long_lens_of_unknown_tilt_keeps_the_horizon_and_has_a_wider_blind_zone() -> None:
    short, long = Optics(focal_mm=4.0), Optics(focal_mm=12.0)
    assert blind_m(6.0, short.vfov_deg, 20.0) == pytest.approx(short.near_m)
    assert blind_m(6.0, long.vfov_deg, 20.0) == pytest.approx(6.0 / math.tan(math.radians(long.vfov_deg)))
    assert blind_m(6.0, long.vfov_deg, 20.0) > long.near_m
