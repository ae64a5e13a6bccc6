"""Coordinate systems: understood, proposed, doubted."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from pyproj import CRS, Transformer

from gis.crs import declare, judge_bounds, metric_crs, parse_crs, propose_crs
from gis.errors import InputError
from gis.shift import wgs84_to_gcj02


def test_cgcs2000_degrees_go_to_the_zone_of_their_meridian() -> None:
    crs = metric_crs(CRS(4490), (112.9, 28.1, 113.0, 28.3))
    assert crs.to_epsg() == 4547
    east, north = Transformer.from_crs(4490, crs, always_xy=True).transform(112.95, 28.2)
    assert (round(east, 3), round(north, 3)) == (396908.138, 3121052.378)


@pytest.mark.parametrize(
    ("text", "epsg", "shift"),
    [
        ("EPSG:4547", 4547, None),
        ("4547", 4547, None),
        ("cgcs2000", 4490, None),
        ("WGS 84", 4326, None),
        ("gcj02", 4326, "gcj02"),
        ("GCJ-02", 4326, "gcj02"),
        ("BD-09", 4326, "bd09"),
    ],
)
def test_texts_are_understood(text: str, epsg: int, shift: str | None) -> None:
    declared = parse_crs(text)
    assert (declared.crs.to_epsg(), declared.shift) == (epsg, shift)


def test_an_unknown_text_is_a_fault() -> None:
    with pytest.raises(InputError) as caught:
        parse_crs("somewhere:1")
    assert caught.value.code == "crs_unknown"


@pytest.mark.parametrize(
    ("bounds", "proposal"),
    [
        ((38_500_000, 2_500_000, 38_510_000, 2_510_000), "EPSG:4526"),
        ((2_500_000, 38_500_000, 2_510_000, 38_510_000), "EPSG:4526 (x ↔ y)"),
        ((500_000, 2_500_000, 510_000, 2_510_000), "EPSG:4534...4554"),
        ((2_500_000, 500_000, 2_510_000, 510_000), "EPSG:4534...4554 (x ↔ y)"),
        ((113.0, 22.0, 113.1, 22.1), "EPSG:4326"),
        ((22.0, 113.0, 22.1, 113.1), "EPSG:4326 (x ↔ y)"),
    ],
)
def test_value_ranges_tell_the_system(bounds, proposal: str) -> None:
    assert propose_crs(bounds)[0] == proposal


@pytest.mark.parametrize(
    ("epsg", "bounds", "verdict"),
    [
        (4490, (113, 28, 113.1, 28.1), "fits"),
        (4490, (28, 113, 28.1, 113.1), "swapped"),
        (4547, (500_000, 2_500_000, 510_000, 2_510_000), "fits"),
        (4547, (2_500_000, 500_000, 2_510_000, 510_000), "swapped"),
        (4547, (38_500_000, 2_500_000, 38_510_000, 2_510_000), "outside"),
        (4526, (500_000, 2_500_000, 510_000, 2_510_000), "outside"),
        (32632, (540_000, 5_210_000, 560_000, 5_240_000), "fits"),
    ],
)
def test_coordinates_are_held_against_the_area_of_their_system(epsg: int, bounds, verdict: str) -> None:
    assert judge_bounds(CRS(epsg), bounds) == verdict


def test_a_projected_file_declared_as_gcj02_comes_back_to_true_degrees() -> None:
    true = (112.95, 28.2)
    lon, lat = wgs84_to_gcj02(*true)
    file = gpd.GeoDataFrame(geometry=gpd.points_from_xy([lon], [lat]), crs=4490).to_crs(4547)
    back = declare(file, parse_crs("gcj02")).geometry.iloc[0]
    assert np.allclose((back.x, back.y), true, atol=1e-7)
