"""Villages of three by three units, and what holds whatever becomes of them: for the tests of mergers."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, Point, box

from gis.mergers import Lineage
from gis.territory import Territory

TOWN = "990101100"
A, B, C, D = (f"{TOWN}{n}" for n in (201, 202, 203, 204))
NEW, OTHER = f"{TOWN}231", f"{TOWN}232"
SIDE_M = 300.0
N = 3  # units along one side of a village


def villages(n_wide: int = 4, n_high: int = 1) -> Territory:
    """Villages in a row (or rows), each of 3 x 3 units of 10, 20, ... 90 households; a post and a grid in each."""
    step = SIDE_M / N
    codes, shapes, units = [], [], []
    for k in range(n_wide * n_high):
        x, y = (k % n_wide) * SIDE_M, (k // n_wide) * SIDE_M
        code = f"{TOWN}{201 + k}"
        codes.append(code)
        cells = [
            box(x + i * step, y + j * step, x + (i + 1) * step, y + (j + 1) * step) for j in range(N) for i in range(N)
        ]
        units += [(f"{code}-{i + 1}", code, 10 * (i + 1), cell) for i, cell in enumerate(cells)]
        shapes.append(shapely.coverage_union_all(np.array(cells)))
    place = {"crs": "EPSG:4547"}
    moved = [shapely.transform(s, lambda xy: xy + np.array([500_000.0, 3_100_000.0])) for s in shapes]
    cells = [shapely.transform(u[3], lambda xy: xy + np.array([500_000.0, 3_100_000.0])) for u in units]
    communities = gpd.GeoDataFrame(
        {"code": codes, "name": [f"{c[-3:]}村" for c in codes], "kind": "rural", "town": "北镇"},
        geometry=moved,
        **place,
    )
    layers = {
        "communities": communities,
        "units": gpd.GeoDataFrame(
            [u[:3] for u in units], columns=["id", "community", "households"], geometry=cells, **place
        ),
        "posts": gpd.GeoDataFrame(
            {"id": [f"p{c[-3:]}" for c in codes], "kind": "service", "community": codes},
            geometry=[Point(s.bounds[0] + 20, s.bounds[1] + 20) for s in moved],
            **place,
        ),
        "grids": gpd.GeoDataFrame({"code": [f"{c}001" for c in codes], "community": codes}, geometry=moved, **place),
    }
    return Territory.of(layers, meta={"created_at": "2019-01-01T00:00:00+00:00"})


def houses() -> Territory:
    """Two communities of four street blocks each, a house in each block, no units."""
    at = np.array([500_000.0, 3_100_000.0])

    def put(shape: shapely.Geometry) -> shapely.Geometry:
        return shapely.transform(shape, lambda xy: xy + at)

    streets = [LineString([(0, 100), (400, 100)]), *(LineString([(x, 0), (x, 200)]) for x in (100, 200, 300))]
    spots = [(x, y) for y in (50, 150) for x in (50, 150, 250, 350)]
    layers = {
        "communities": gpd.GeoDataFrame(
            {"code": [A, B], "name": ["甲社区", "乙社区"], "kind": "urban"},
            geometry=[put(box(0, 0, 200, 200)), put(box(200, 0, 400, 200))],
            crs=4547,
        ),
        "buildings": gpd.GeoDataFrame(
            {"id": [f"b{k}" for k in range(8)], "households": range(10, 90, 10)},
            geometry=[put(box(x - 10, y - 5, x + 10, y + 5)) for x, y in spots],
            crs=4547,
        ),
        "streets": gpd.GeoDataFrame(
            {"id": [f"s{k}" for k in range(4)], "class": "residential"}, geometry=[put(s) for s in streets], crs=4547
        ),
    }
    return Territory.of(layers)


def rows(lineage: Lineage) -> list[tuple[str | None, str | None, int, str]]:
    table = lineage.table
    return list(zip(table["old"], table["new"], table["households"], table["relation"]))


def check_sound(before: Territory, after: Territory, lineage: Lineage) -> None:
    """What holds whatever the changes were."""
    shapes = np.asarray(after["communities"].geometry.array)
    assert shapely.coverage_is_valid(shapes)
    assert shapely.area(shapes).sum() == pytest.approx(
        shapely.area(np.asarray(before["communities"].geometry.array)).sum()
    )
    owner = pd.Index(after["communities"]["code"]).get_indexer(after["units"]["community"])
    assert (owner >= 0).all()
    assert shapely.covers(shapes[owner], np.asarray(after["units"].geometry.array)).all()
    assert (after["units"]["id"] == before["units"]["id"]).all()
    table = lineage.table
    assert table["households"].sum() == before["units"]["households"].sum()
    assert set(table["old"]) == set(before["communities"]["code"])
    assert set(table["new"]) == set(after["communities"]["code"])
    for side, share in (("old", "share_of_old"), ("new", "share_of_new")):
        np.testing.assert_allclose(table.groupby(side)[share].sum(), 1.0, atol=1e-12)
