"""Layers that lie as a Chinese map service would have them: named with the right system, never moved."""

from __future__ import annotations

from functools import cache

import geopandas as gpd
import numpy as np
import pytest
import shapely

from data.sample import make_town
from gis.assemble.shifted import check_shift
from gis.readers.faults import FaultList
from gis.readers.osm import read_osm
from gis.report import QualityReport
from gis.shift import shift

SYSTEMS = {"gcj02": "GCJ-02", "bd09": "BD-09"}
LAYERS = ("communities", "buildings", "addresses", "streets", "barriers", "estates")


@cache
def town() -> dict[str, gpd.GeoDataFrame]:
    layers = make_town(12_000, 1).territory
    return {name: layers[name] for name in LAYERS}


def moved(table: gpd.GeoDataFrame, system: str) -> gpd.GeoDataFrame:
    degrees = table.to_crs(4326)
    shapes = gpd.GeoSeries(shift(degrees.geometry.to_numpy(), system), index=degrees.index, crs=4326)
    return degrees.set_geometry(shapes).to_crs(table.crs)


def with_moved(layers, names, system) -> dict[str, gpd.GeoDataFrame]:
    return {name: moved(table, system) if name in names else table for name, table in layers.items()}


def named(layers) -> tuple[dict[str, str], dict[str, int]]:
    """System by layer, and the remarks."""
    faults, report = FaultList("x"), QualityReport()
    check_shift(layers, faults, report)
    assert {fault.code for fault in faults.faults} <= {"layer_looks_shifted"}
    return {f.facts["layer"]: f.facts["system"] for f in faults.faults}, [r.code for r in report.remarks]


def test_a_town_as_it_is_raises_no_suspicion() -> None:
    assert named(town()) == ({}, [])


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("layer", LAYERS)
def test_one_shifted_layer_is_named_and_no_other(layer, system) -> None:
    assert named(with_moved(town(), [layer], system)) == ({layer: SYSTEMS[system]}, [])


@pytest.mark.parametrize("system", SYSTEMS)
def test_several_shifted_layers_are_named_at_once(system) -> None:
    found, _ = named(with_moved(town(), ["streets", "barriers", "estates"], system))
    assert found == dict.fromkeys(("streets", "barriers", "estates"), SYSTEMS[system])


def test_streets_and_buildings_shifted_by_different_services_are_told_apart() -> None:
    layers = with_moved(with_moved(town(), ["addresses"], "bd09"), ["estates"], "gcj02")
    assert named(layers)[0] == {"addresses": "BD-09", "estates": "GCJ-02"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_layers_that_are_all_shifted_alike_show_nothing(system) -> None:
    assert named(with_moved(town(), LAYERS, system)) == ({}, [])


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("layer", ["addresses", "buildings"])
def test_without_footprints_addresses_are_compared_with_the_buildings_they_name(layer, system) -> None:
    buildings = town()["buildings"]
    layers = {"buildings": buildings.set_geometry(buildings.centroid), "addresses": town()["addresses"]}
    assert named(layers) == ({}, [])
    assert named(with_moved(layers, [layer], system)) == ({layer: SYSTEMS[system]}, [])


@pytest.mark.parametrize(("by_m", "remarks"), [(200, []), (700, ["warn_layer_displaced"]), (2_500, [])])
def test_a_displacement_that_no_shift_explains_is_a_warning(by_m, remarks) -> None:
    buildings, addresses = town()["buildings"], town()["addresses"]
    away = addresses.set_geometry(addresses.translate(-by_m, 0))
    layers = {"buildings": buildings.set_geometry(buildings.centroid), "addresses": away}
    assert named(layers) == ({}, remarks)


def test_where_the_shifts_are_not_defined_none_is_suspected() -> None:
    layers = with_moved(town(), ["streets"], "gcj02")
    x, y = layers["communities"].total_bounds[:2]
    off = {
        name: table.set_geometry(table.translate(600_000 - x, 5_200_000 - y)).set_crs(32632, allow_override=True)
        for name, table in layers.items()
    }
    assert named(off) == ({}, [])


def test_few_and_missing_layers_are_no_reason_to_fail() -> None:
    layers = town()
    assert named({}) == ({}, [])
    assert named({"streets": layers["streets"]}) == ({}, [])
    assert named({name: table.iloc[:3] for name, table in layers.items()}) == ({}, [])
    empty = {name: table.iloc[:0] for name, table in layers.items()}
    assert named(empty | {"buildings": layers["buildings"]}) == ({}, [])
    points = gpd.GeoSeries(np.full(3, shapely.Point()), crs=layers["streets"].crs)
    assert named(layers | {"streets": layers["streets"].iloc[:3].set_geometry(points.values)}) == ({}, [])


@pytest.mark.parametrize("layer", ["streets", "buildings", "estates"])
def test_real_layers_of_haidian_are_named_only_when_shifted(layer, shared_data) -> None:
    layers = read_osm(shared_data / "osm-beijing-haidian" / "tsinghua-haidian.osm.pbf")
    layers = {name: layers[name].to_crs(4547) for name in ("buildings", "streets", "estates")}
    assert named(layers) == ({}, [])
    for system, name in SYSTEMS.items():
        assert named(with_moved(layers, [layer], system))[0] == {layer: name}
