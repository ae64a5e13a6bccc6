"""What a network can not be laid from: every fault named with its row, nothing silent."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS

from gis.errors import InputError
from gis.territory import Territory
from tests.street_land import EVERYWHERE, box, grids, land, lay, street

GOOD = street((0, 0), (100, 0))


def faults(territory: Territory, land_of: gpd.GeoDataFrame = EVERYWHERE, **options: object) -> list[tuple]:
    with pytest.raises(InputError) as caught:
        lay(territory, land_of, **options)
    return [(f.code, f.facts.get("row"), f.facts.get("id"), f.facts.get("measured")) for f in caught.value.faults]


@pytest.mark.parametrize("speed", [0.0, -30.0, np.inf, -np.inf])
def test_a_speed_that_is_none_is_named_with_its_row(speed: float) -> None:
    rows = [GOOD, street((0, 0), (0, 50), speed_kmh=speed), street((0, 0), (-50, 0), speed_kmh=30.0)]
    assert faults(land(rows)) == [("network_speed_wrong", 2, "b", speed)]


def test_a_speed_that_is_not_stated_is_no_fault() -> None:
    network, _, _ = lay(land([GOOD, street((0, 0), (0, 50), speed_kmh=np.nan)]), mode="car")
    assert np.isfinite(network.passing_s).all()


def test_shapes_that_are_none_are_all_named_at_once() -> None:
    rows = [
        GOOD,
        {"class": "residential", "geometry": None},
        {"class": "residential", "geometry": shapely.LineString()},
        {"class": "residential", "geometry": shapely.from_wkt("LINESTRING (0 0, NaN 5, 8 8)")},
        {"class": "residential", "geometry": shapely.Point(0, 0)},
        street((0, 0), (0, 50), speed_kmh=-1.0),
    ]
    found = faults(land(rows, places=[(np.nan, 1.0)], dwell=[-5.0]))
    assert [(code, row, name) for code, row, name, _ in found] == [
        ("network_shape_missing", 2, "b"),
        ("network_shape_missing", 3, "c"),
        ("network_coordinates_not_finite", 4, "d"),
        ("network_shape_wrong", 5, "e"),
        (found[4][0], 1, "k0"),
        ("network_speed_wrong", 6, "f"),
        ("network_dwell_wrong", 1, "k0"),
    ]
    assert found[4][0] in ("network_shape_missing", "network_coordinates_not_finite")


def test_a_grid_without_land_is_a_fault() -> None:
    bad = grids(A=box(0, 0, 50, 50), B=shapely.Polygon(), C=shapely.Point(0, 0))
    assert [(code, name) for code, _, name, _ in faults(land([GOOD]), bad)] == [
        ("network_shape_missing", "B"),
        ("network_shape_wrong", "C"),
    ]


def test_a_broken_grid_outline_is_mended() -> None:
    bow_tie = shapely.Polygon([(-50, -50), (150, 50), (150, -50), (-50, 50)])
    _, beats, _ = lay(land([street((100, 0), (140, 0))]), grids(A=bow_tie))
    assert beats.link_reason.tolist() == [0]


def test_degrees_are_no_metres() -> None:
    territory = replace(land([GOOD]), crs=CRS("EPSG:4490"))
    assert faults(territory)[0][0] == "crs_not_metres"


def test_grids_must_be_in_the_system_of_the_territory() -> None:
    assert faults(land([GOOD]), EVERYWHERE.to_crs("EPSG:4490"))[0][0] == "layers_differ_in_crs"
    assert faults(land([GOOD]), EVERYWHERE.set_crs(None, allow_override=True))[0][0] == "layer_without_crs"


def test_a_street_that_reaches_far_beyond_the_land_has_wrong_coordinates() -> None:
    found = faults(land([GOOD, street((0, 0), (0, 900_000))]))
    assert found == [("network_street_far_away", 2, "b", 897)]


@pytest.mark.parametrize("name", ["passing_kmh", "inspecting_kmh", "snap_m", "passage_m", "place_m", "border_m"])
@pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
def test_options_must_be_numbers(name: str, value: float) -> None:
    assert faults(land([GOOD]), **{name: value})[0][0] == "network_option_wrong"
