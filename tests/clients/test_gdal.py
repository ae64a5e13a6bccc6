"""GDAL's own client for OGC API - Features (OAPIF), which QGIS plug-ins, ogr2ogr and geopandas stand on."""

from __future__ import annotations

import numpy as np
import pyogrio
import pytest
import shapely

from data.store.rooms.collections import COLLECTIONS
from gis.layers import LAYERS
from tests.served import Served, Town


def source(served: Served) -> str:
    return f"OAPIF:{served.url}"


def test_gdal_lists_every_collection(served: Served) -> None:
    assert [str(name) for name, _ in pyogrio.list_layers(source(served))] == list(COLLECTIONS)


def test_gdal_reads_the_grids_of_the_plan_as_they_are(served: Served, drawn_town: Town) -> None:
    read = pyogrio.read_dataframe(source(served), layer="grids").set_index("code")
    grids = drawn_town.filed.grids.to_crs(4326).set_index("code").loc[read.index]
    assert len(read) == len(drawn_town.filed.grids)
    for column in ("households", "population", "buildings", "area_m2", "within_band", "community", "kind", "name"):
        assert read[column].tolist() == grids[column].tolist(), column
    assert shapely.hausdorff_distance(read.geometry.array, grids.geometry.array).max() < 1e-12
    assert read.crs.to_epsg() == 4326


@pytest.mark.parametrize("layer", [name for name, one in COLLECTIONS.items() if name != "grids" and not one.is_live])
def test_gdal_reads_every_layer_whole(served: Served, drawn_town: Town, layer: str) -> None:
    read, known = pyogrio.read_dataframe(source(served), layer=layer), drawn_town.territory[layer]
    key = COLLECTIONS[layer].key
    assert sorted(read[key]) == sorted(known[key])
    assert pyogrio.read_info(source(served), layer=layer)["features"] == len(known)
    numbers = {name: c.type for name, c in LAYERS[layer].columns.items() if c.type in ("int", "float")}
    for name in numbers:
        if known[name].notna().all():
            assert np.issubdtype(read[name].dtype, np.number), name
            assert read[name].sum() == pytest.approx(float(known[name].sum()))


def test_gdal_reads_the_incidents_that_the_layer_of_the_file_became(served: Served, drawn_town: Town) -> None:
    read, known = pyogrio.read_dataframe(source(served), layer="incidents"), drawn_town.territory["incidents"]
    assert read["id"].is_unique
    assert sorted(read["kind"]) == sorted(known["kind"])  # numbers of their own: the store gives them
    assert read.crs.to_epsg() == 4326
    points = known.to_crs(4326).geometry.array
    assert shapely.hausdorff_distance(shapely.union_all(read.geometry.array), shapely.union_all(points)) < 1e-9


def test_gdal_asks_for_a_window_and_gets_what_lies_in_it(served: Served, drawn_town: Town) -> None:
    buildings = drawn_town.territory["buildings"].to_crs(4326)
    west, south, east, north = buildings.total_bounds
    window = (west, south, (west + east) / 2, (south + north) / 2)
    read = pyogrio.read_dataframe(source(served), layer="buildings", bbox=window)
    expected = buildings[shapely.intersects(buildings.geometry.array, shapely.box(*window))]
    assert sorted(read["id"]) == sorted(expected["id"])
    assert 0 < len(read) < len(buildings)


def test_gdal_knows_the_types_of_fields_that_are_empty(served: Served) -> None:
    fields = pyogrio.read_info(source(served), layer="grids")
    types = dict(zip(fields["fields"].tolist(), fields["ogr_types"]))
    assert types["valid_to"] == "OFTDateTime"  # nothing is known to follow this plan: every value is missing
    assert types["households"] in ("OFTInteger", "OFTInteger64")
    assert types["area_m2"] == "OFTReal"
