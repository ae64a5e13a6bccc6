"""GCJ-02 and BD-09, there and back."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.shift import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    shift,
    unshift,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

# WGS 84, GCJ-02, BD-09 (lon, lat) and the length of the first shift in metres, worked out from the published formulas.
GOLDEN = [
    ((112.95, 28.2), (112.955474456, 28.196513522), (112.961994850, 28.202416834), 661.9),
    ((121.0, 30.7), (121.004339378, 30.697680899), (121.010884367, 30.703428715), 488.6),
    ((114.0, 22.7), (114.005004836, 22.697158859), (114.011454415, 22.703492253), 602.9),
    ((107.0, 30.8), (107.004262885, 30.797528787), (107.010774958, 30.803429406), 491.2),
]


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    north = 111_320.0 * (b[1] - a[1])
    east = 111_320.0 * np.cos(np.radians(a[1])) * (b[0] - a[0])
    return float(np.hypot(north, east))


@pytest.mark.parametrize(("wgs", "gcj", "bd", "shift_m"), GOLDEN)
def test_known_places_are_shifted_as_published(wgs, gcj, bd, shift_m) -> None:
    assert np.allclose(wgs84_to_gcj02(*wgs), gcj, rtol=0, atol=6e-10)
    assert np.allclose(wgs84_to_bd09(*wgs), bd, rtol=0, atol=6e-10)
    assert metres(wgs, gcj) == pytest.approx(shift_m, rel=0.005)


@pytest.mark.parametrize(("wgs", "gcj", "bd", "_shift_m"), GOLDEN)
def test_known_places_come_back(wgs, gcj, bd, _shift_m) -> None:
    assert np.allclose(gcj02_to_wgs84(*gcj), wgs, rtol=0, atol=2e-9)
    assert np.allclose(bd09_to_wgs84(*bd), wgs, rtol=0, atol=2e-9)


@given(st.floats(74, 135), st.floats(18, 53))
def test_there_and_back_is_within_a_tenth_of_a_millimetre(lon: float, lat: float) -> None:
    for there, back in (
        (wgs84_to_gcj02, gcj02_to_wgs84),
        (wgs84_to_bd09, bd09_to_wgs84),
    ):
        assert metres((lon, lat), tuple(map(float, back(*there(lon, lat))))) < 1e-4
    gcj = tuple(map(float, wgs84_to_gcj02(lon, lat)))
    again = tuple(map(float, wgs84_to_gcj02(*gcj02_to_wgs84(*gcj))))
    assert metres(gcj, again) < 1e-4


def test_bd09_to_gcj02_undoes_the_second_step() -> None:
    lon, lat = bd09_to_gcj02(*GOLDEN[0][2])
    assert np.allclose((lon, lat), GOLDEN[0][1], rtol=0, atol=2e-9)


def test_whole_geometries_move_and_missing_ones_stay_missing() -> None:
    square = shapely.box(112.95, 28.19, 112.96, 28.2)
    moved = shapely.transform(square, lambda xy: np.column_stack(wgs84_to_bd09(xy[:, 0], xy[:, 1])))
    back = unshift(np.array([moved, None], dtype=object), "bd09")
    assert back[0].equals_exact(square, 1e-9)
    assert back[1] is None


@pytest.fixture(scope="module")
def mainland() -> tuple[np.ndarray, np.ndarray]:
    """A million places in the box around the mainland."""
    random = np.random.default_rng(20261122)
    return random.uniform(75, 134, 1_000_000), random.uniform(18, 53, 1_000_000)


def farthest_m(lon: np.ndarray, lat: np.ndarray, again: tuple[np.ndarray, np.ndarray]) -> float:
    north = 111_320.0 * (again[1] - lat)
    east = 111_320.0 * np.cos(np.radians(lat)) * (again[0] - lon)
    return float(np.hypot(north, east).max())


ROUND_TRIPS = {
    "WGS 84, GCJ-02, WGS 84": (wgs84_to_gcj02, gcj02_to_wgs84),
    "GCJ-02, WGS 84, GCJ-02": (gcj02_to_wgs84, wgs84_to_gcj02),
    "GCJ-02, BD-09, GCJ-02": (gcj02_to_bd09, bd09_to_gcj02),
    "BD-09, GCJ-02, BD-09": (bd09_to_gcj02, gcj02_to_bd09),
    "WGS 84, BD-09, WGS 84": (wgs84_to_bd09, bd09_to_wgs84),
    "BD-09, WGS 84, BD-09": (bd09_to_wgs84, wgs84_to_bd09),
}


@pytest.mark.parametrize(("there", "back"), ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_a_million_places_come_back_to_less_than_a_millimetre(there, back, mainland) -> None:
    farthest = farthest_m(*mainland, back(*there(*mainland)))
    assert farthest < 1e-4  # far below the millimetre that is promised


def test_the_shifts_are_as_large_as_they_are_known_to_be(mainland) -> None:
    lon, lat = mainland
    gcj, bd = wgs84_to_gcj02(lon, lat), wgs84_to_bd09(lon, lat)
    north, east = 111_320.0 * (gcj[1] - lat), 111_320.0 * np.cos(np.radians(lat)) * (gcj[0] - lon)
    assert np.hypot(north, east).mean() == pytest.approx(407, abs=15)
    assert 1_000 < farthest_m(lon, lat, bd) < 2_000


def test_what_is_no_coordinate_stays_none() -> None:
    for move in (wgs84_to_gcj02, gcj02_to_wgs84, gcj02_to_bd09, bd09_to_gcj02, wgs84_to_bd09, bd09_to_wgs84):
        lon, lat = move([np.nan, 112.95], [28.2, np.nan])
        assert np.isnan(lon[0])
        assert np.isnan(lat[1])
        assert [part.shape for part in move([], [])] == [(0,), (0,)]


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_shapes_shifted_and_shifted_back_are_where_they_were(system) -> None:
    shapes = np.array([shapely.box(112.95, 28.19, 112.96, 28.2), None, shapely.Point(121, 30.7)], dtype=object)
    moved = shift(shapes, system)
    assert all(
        400 < metres(*(tuple(s.centroid.coords[0]) for s in pair)) < 1_400 for pair in zip(shapes[::2], moved[::2])
    )
    back = unshift(moved, system)
    assert back[1] is None
    assert all(a.equals_exact(b, 1e-10) for a, b in zip(shapes[::2], back[::2]))
