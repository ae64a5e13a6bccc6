"""GCJ-02 and BD-09, there and back."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.shift import bd09_to_gcj02, bd09_to_wgs84, gcj02_to_wgs84, unshift, wgs84_to_bd09, wgs84_to_gcj02

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
