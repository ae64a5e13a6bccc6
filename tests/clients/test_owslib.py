"""OWSLib, the client library of pycsw, GeoNode and many scripts."""

from __future__ import annotations

import shapely
from owslib.ogcapi.features import Features

from data.store.rooms.collections import COLLECTIONS
from tests.served import Served, Town


def test_owslib_finds_its_way_from_the_landing_page(served: Served) -> None:
    client = Features(f"{served.url}/")
    assert client.feature_collections() == list(COLLECTIONS)
    assert any(each.endswith("/conf/core") for each in client.conformance()["conformsTo"])
    assert client.api()["openapi"] == "3.0.3"


def test_owslib_reads_features_and_single_ones(served: Served, drawn_town: Town) -> None:
    client = Features(f"{served.url}/")
    grids = client.collection_items("grids", limit=10_000)
    assert sorted(f["id"] for f in grids["features"]) == sorted(drawn_town.filed.grids["code"])
    buildings = client.collection_items("buildings", limit=3)
    assert buildings["numberMatched"] == len(drawn_town.territory["buildings"])
    first = buildings["features"][0]
    assert client.collection_item("buildings", first["id"])["properties"] == first["properties"]


def test_owslib_asks_for_windows_in_space_and_time(served: Served, drawn_town: Town) -> None:
    client = Features(f"{served.url}/")
    buildings = drawn_town.territory["buildings"].to_crs(4326)
    west, south, east, north = buildings.total_bounds
    window = [float(v) for v in (west, south, (west + east) / 2, (south + north) / 2)]
    n = int(buildings.intersects(shapely.box(*window)).sum())
    assert client.collection_items("buildings", bbox=window, limit=1)["numberMatched"] == n
    assert client.collection_items("grids", datetime_="2025-12-31T23:59:59Z")["numberMatched"] == 0
    assert client.collection_items("grids", datetime_="2026-01-01T00:00:00Z/..")["numberMatched"] > 0
