"""Types to GeoJSON and to the packed form of the page."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from gis.errors import InputError
from maps.features import feature_collection, grid_features, grid_status, layer_features, properties
from maps.figures import summary
from maps.pack import PER_DEGREE, pack_lines, pack_points, pack_polygons
from partition.filed import FiledPlan
from tests.maps.plans import make_plan

ORIGIN = (120.0, 30.0)


def unpack(steps: list[int]) -> np.ndarray:
    return np.cumsum(np.array(steps).reshape(-1, 2), axis=0) / PER_DEGREE + ORIGIN


def test_grids_become_geojson_in_longitude_and_latitude() -> None:
    filed, _ = make_plan(12, 2)
    collection = grid_features(filed)
    json.dumps(collection, allow_nan=False)
    assert [f["id"] for f in collection["features"]] == filed.grids["code"].tolist()
    lon, lat = Transformer.from_crs(filed.grids.crs, 4326, always_xy=True).transform(
        *filed.grids.geometry[0].centroid.coords[0]
    )
    shape = shapely.geometry.shape(collection["features"][0]["geometry"])
    assert shape.contains(shapely.Point(lon, lat))
    assert shape.exterior.is_ccw
    assert 118 < lon < 122
    assert 29 < lat < 32
    assert collection["features"][0]["properties"]["households"] == filed.grids["households"][0]


def test_coordinates_are_rounded_to_seven_digits() -> None:
    filed, _ = make_plan(5, 1)
    for feature in grid_features(filed)["features"]:
        xy = np.array(feature["geometry"]["coordinates"][0])
        assert np.abs(xy * 1e7 - np.rint(xy * 1e7)).max() < 1e-4


def test_every_layer_of_a_territory_can_be_handed_out() -> None:
    _, territory = make_plan(8, 2)
    for name, table in territory.layers.items():
        collection = layer_features(territory, name)
        json.dumps(collection, allow_nan=False)
        assert len(collection["features"]) == len(table)


def test_a_missing_shape_becomes_null_and_a_table_without_crs_is_refused() -> None:
    table = gpd.GeoDataFrame({"id": ["a", "b"]}, geometry=[None, shapely.Point(1, 2)], crs=4326)
    shapes = [f["geometry"] for f in feature_collection(table, "id")["features"]]
    assert shapes[0] is None
    assert shapes[1]["coordinates"] == [1, 2]
    with pytest.raises(InputError, match="layer_without_crs"):
        feature_collection(table.set_crs(None, allow_override=True), "id")


def test_missing_values_become_none_and_numbers_plain() -> None:
    table = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [np.nan, np.inf], "c": [None, "x"]})
    assert properties(table) == [{"a": 1, "b": None, "c": None}, {"a": None, "b": None, "c": "x"}]


def test_status_tells_lawful_exceptions_from_what_needs_action() -> None:
    filed, _ = make_plan(60, 5, seed=3)
    status = dict(zip(filed.grids["code"], grid_status(filed)))
    named = set(filed.violations["grid"])
    for row in filed.grids.itertuples():
        if row.code in named or (row.kind == "standard" and not row.within_band):
            assert status[row.code] == "action"
        else:
            assert status[row.code] == ("in_band" if row.within_band else "lawful")
    assert set(status.values()) == {"in_band", "lawful", "action"}


def test_a_declared_join_is_shown_but_asks_for_nothing() -> None:
    filed, _ = make_plan(20, 2)
    at = grid_status(filed).index("in_band")
    code = filed.grids["code"][at]
    row = {"code": "part_joined", "grid": code, "community": "", "detail_zh": "", "detail_en": ""}
    for violation, expected in (("part_joined", "in_band"), ("check_overlap", "action")):
        more = pd.concat([filed.violations, pd.DataFrame([row | {"code": violation}])], ignore_index=True)
        told = FiledPlan(filed.grids, filed.members, filed.communities, more, filed.meta)
        assert grid_status(told)[at] == expected


def test_the_summary_counts_what_the_tables_hold() -> None:
    filed, _ = make_plan(60, 5, seed=3)
    figures = summary(filed)
    grids = filed.grids
    standard = grids[grids["kind"] == "standard"]
    assert figures["grids"] == 60
    assert figures["standard_in_band"] == int(standard["within_band"].sum())
    assert figures["standard"] + figures["dedicated"] + figures["rural"] == 60
    assert figures["least"] == standard["households"].min()
    assert figures["most"] == standard["households"].max()
    assert figures["households"] == grids["households"].sum()
    assert figures["lawful"] + figures["no_lawful_plan"] + figures["unknown"] == len(filed.communities)
    bounded = filed.communities.dropna(subset="bound")
    gap = (bounded["objective"].sum() - bounded["bound"].sum()) / bounded["objective"].sum()
    assert figures["gap_frac"] == pytest.approx(gap, abs=1e-6)


def test_packed_polygons_come_back_to_a_tenth_of_a_metre() -> None:
    hole = [(120.001, 30.001), (120.002, 30.001), (120.002, 30.002)]
    outer = shapely.Polygon([(120, 30), (120.01, 30), (120.01, 30.01), (120, 30.01)], [hole])
    two = shapely.MultiPolygon([shapely.box(119, 29, 119.1, 29.1), shapely.box(121, 31, 121.1, 31.1)])
    packed = pack_polygons(np.array([outer, two, None, shapely.Point(1, 1)], dtype=object), ORIGIN)
    assert [len(rings) for rings in packed] == [2, 2, 0, 0]
    rebuilt = shapely.Polygon(unpack(packed[0][0]), [unpack(packed[0][1])])
    assert shapely.hausdorff_distance(rebuilt, outer) < 1.1 / PER_DEGREE
    outer_ring, inner_ring = (shapely.LinearRing(unpack(ring)) for ring in packed[0])
    assert outer_ring.is_ccw != inner_ring.is_ccw  # so that holes stay holes under the non-zero rule


def test_packed_lines_and_points_keep_their_places() -> None:
    line = shapely.LineString([(120, 30), (120.5, 30.25), (120.5, 30.25), (119.75, 30)])
    assert np.allclose(
        unpack(pack_lines(np.array([line], dtype=object), ORIGIN)[0][0]), [(120, 30), (120.5, 30.25), (119.75, 30)]
    )
    spots = pack_points(np.array([shapely.Point(120.000001, 29.999999), None, shapely.Point()], dtype=object), ORIGIN)
    assert spots == [[1, -1], [], []]


def test_nothing_packs_to_nothing() -> None:
    nothing = np.array([], dtype=object)
    assert pack_polygons(nothing, ORIGIN) == pack_lines(nothing, ORIGIN) == pack_points(nothing, ORIGIN) == []
