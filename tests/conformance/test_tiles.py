"""Vector tiles: both stores make the same ones, they show what is there, and they come as maps want them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
import shapely.geometry

from data.store import EVERYWHERE, SqlStore
from data.store.mvt import EXTENT
from data.store.rooms.collections import COLLECTIONS
from data.store.rooms.tile_contents import tolerance
from tests.served import Served, Town

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
ZOOMS = (6, 8, 10, 11, 12, 13, 14, 15, 16, 17)
Stores = dict[str, tuple[SqlStore, str]]


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    n = 2**z
    return int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)


def in_units(shape: shapely.Geometry, z: int, x: int, y: int) -> shapely.Geometry:
    """A geometry in degrees in the units of a tile, y downwards: worked out here once more."""

    def project(points: np.ndarray) -> np.ndarray:
        rise = np.arcsinh(np.tan(np.radians(points[:, 1])))
        return np.column_stack([(points[:, 0] + 180) / 360 * 2**z - x, (1 - rise / math.pi) / 2 * 2**z - y]) * EXTENT

    return shapely.transform(shape, project)


def tiles_around(territory, z: int) -> list[tuple[int, int]]:
    west, south, east, north = territory["communities"].to_crs(4326).total_bounds
    (x0, y0), (x1, y1) = tile_of(west, north, z), tile_of(east, south, z)
    return [(x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)]


def decoded(store: SqlStore, name: str, z: int, x: int, y: int) -> list[dict]:
    with store.read(EVERYWHERE) as tx:
        packed = tx.features.tile(name, z, x, y, now=NOW)
    options = {"y_coord_down": True, "geojson": True}
    return mapbox_vector_tile.decode(packed, default_options=options)[name]["features"] if packed else []


def by_key(features: list[dict]) -> dict[object, tuple[dict, shapely.Geometry]]:
    found = {}
    for feature in features:
        told = feature["properties"]
        key = told.get("code") or told.get("id") or ("cell", feature["id"])
        found[key] = (told, shapely.geometry.shape(feature["geometry"]))
    assert len(found) == len(features), "a feature stands twice in one tile"
    return found


@pytest.mark.parametrize("z", ZOOMS)
def test_both_stores_make_the_same_tiles(stores: Stores, drawn_town: Town, collection: str, z: int) -> None:
    n_compared = 0
    for x, y in tiles_around(drawn_town.territory, z):
        one, two = (by_key(decoded(store, collection, z, x, y)) for store, _ in stores.values())
        # What is a unit wide at the edge may be drawn by one and not by the other; cells are cut by 32-bit floats.
        slack = 3 if z < COLLECTIONS[collection].detail.shapes_zoom else 0
        differ = one.keys() ^ two.keys()
        assert len(differ) <= slack or all(_is_speck(one, two, key) for key in differ), sorted(map(str, differ))[:5]
        for key in one.keys() & two.keys():
            if not isinstance(key, tuple):
                assert one[key][0] == two[key][0]
                assert _apart(one[key][1], two[key][1]) <= 2 * tolerance(z) + 3, key
        n_compared += len(one)
    if z >= COLLECTIONS[collection].detail.min_zoom and (z < 11 or collection != "streets"):
        assert n_compared > 0


def _is_speck(one: dict, two: dict, key: object) -> bool:
    shape = (one.get(key) or two.get(key))[1]
    inside = shapely.intersection(shape, shapely.box(0, 0, EXTENT, EXTENT))
    return inside.is_empty or max(np.ptp(shapely.get_coordinates(inside), axis=0)) <= 2


def _apart(one: shapely.Geometry, two: shapely.Geometry) -> float:
    """How far the outlines of two drawings are from one another within the tile; both are cut a little beyond it."""
    outlines = [shape.boundary if shapely.get_dimensions(shape) == 2 else shape for shape in (one, two)]
    inside = shapely.intersection(outlines, shapely.box(0, 0, EXTENT, EXTENT))
    corners = [shapely.points(shapely.get_coordinates(shape)) for shape in inside]
    ways = [shapely.distance(corners[k], outlines[1 - k]) for k in (0, 1)]
    return float(max((way.max() for way in ways if len(way)), default=0.0))


@pytest.mark.parametrize("z", [12, 14, 17])
def test_shapes_lie_where_the_grids_lie(stores: Stores, drawn_town: Town, z: int) -> None:
    grids = drawn_town.filed.grids.to_crs(4326).set_index("code").geometry
    for store, _ in stores.values():
        seen = set()
        for x, y in tiles_around(drawn_town.territory, z):
            for code, (_, shape) in by_key(decoded(store, "grids", z, x, y)).items():
                assert _apart(shape, in_units(grids[code], z, x, y)) <= tolerance(z) + 2, (code, z)
                seen.add(code)
        assert seen == set(grids.index)


@pytest.mark.parametrize("name", ["buildings", "addresses", "cameras", "incidents", "grids"])
def test_cells_count_every_feature_in_exactly_one_tile(stores: Stores, drawn_town: Town, name: str) -> None:
    zooms = [z for z in ZOOMS if COLLECTIONS[name].detail.min_zoom <= z < COLLECTIONS[name].detail.shapes_zoom]
    table = drawn_town.filed.grids if name == "grids" else drawn_town.territory[name]
    for store, _ in stores.values():
        for z in zooms:
            cells = [
                f["properties"] for x, y in tiles_around(drawn_town.territory, z) for f in decoded(store, name, z, x, y)
            ]
            assert sum(cell["features"] for cell in cells) == len(table), z
            if "households" in COLLECTIONS[name].detail.sums:
                assert sum(cell["households"] for cell in cells) == table["households"].sum()


def test_a_tile_with_too_many_features_shows_numbers(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.store.rooms.tile_contents.MOST_SHAPES", 200)
    x, y = tile_of(114.248, 43.605, 14)
    for store, _ in stores.values():
        cells = decoded(store, "buildings", 14, x, y)
        assert sum(cell["properties"]["features"] for cell in cells) > 200
        assert all(cell["geometry"]["type"] == "Point" for cell in cells)


def test_a_tile_keeps_to_the_jurisdiction(stores: Stores, drawn_town: Town) -> None:
    code = str(drawn_town.territory["communities"]["code"].iloc[0])
    x, y = tile_of(114.248, 43.605, 13)
    for store, _ in stores.values():
        for prefix, expected in ((code, {code}), ("990101", None), ("330402", set()), (code + "0", set())):
            with store.read(prefix) as tx:
                packed = tx.features.tile("communities", 13, x, y, now=NOW)
            found = mapbox_vector_tile.decode(packed)["communities"]["features"] if packed else []
            seen = {feature["properties"]["code"] for feature in found}
            assert seen == expected if expected is not None else len(seen) > 1


def test_tilejson_leads_to_the_tiles(served: Served, collection: str) -> None:
    document = served.json(f"/tiles/{collection}.json")
    assert document["tilejson"] == "3.0.0"
    assert document["minzoom"] <= document["maxzoom"]
    (layer,) = document["vector_layers"]
    west, south, east, north = document["bounds"]
    # In the south-west corner there is something: the bounds are those of what is there.
    fields: set[str] = set()
    n = 0
    for z in (document["minzoom"], document["maxzoom"]):
        (x0, y0), (x1, y1) = tile_of(west, north, z), tile_of(east, south, z)
        for x in range(x0, x1 + 1):
            for y in range(y0, y1 + 1):
                address = document["tiles"][0].replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
                answer = served.get(address)
                assert answer.status_code == 200
                assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
                for feature in mapbox_vector_tile.decode(answer.content).get(layer["id"], {}).get("features", []):
                    fields |= feature["properties"].keys()
                    n += 1
    assert n > 0
    assert fields <= layer["fields"].keys()


def test_a_tile_comes_packed_with_a_tag_and_may_be_kept_for_a_while(served: Served) -> None:
    x, y = tile_of(114.248, 43.605, 14)
    path = f"/tiles/buildings/14/{x}/{y}.mvt"
    answer = served.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "max-age" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]
    plain = served.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.content == answer.content
    again = served.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = served.get(f"/tiles/buildings/14/{x + 1}/{y}.mvt")
    assert other.headers["etag"] != answer.headers["etag"]


def test_a_tile_without_anything_is_empty_and_no_error(served: Served, collection: str) -> None:
    answer = served.get(f"/tiles/{collection}/16/0/0.mvt")
    assert (answer.status_code, answer.content) == (200, b"")
