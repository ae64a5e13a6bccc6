"""Grids of many points at once: the same as one by one, within a jurisdiction too, whichever way they are found."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

import gis.locate
from api.lookup_index import NOWHERE, GridIndex
from data.store.rooms.in_force import Grids
from tests.jagged import jagged_cover

ACROSS = 6


@pytest.fixture(params=["tree", "raster"])
def index(request, monkeypatch) -> GridIndex:
    monkeypatch.setattr(gis.locate, "_WORTH_A_RASTER", 1 if request.param == "raster" else 10**9)
    cover = shapely.transform(jagged_cover(ACROSS), lambda xy: xy * [1.02e-5, 9.0e-6] + [112.95, 28.2])
    n = len(cover)
    # Communities lie beside each other in bands, and codes say nothing of place.
    community = tuple(f"43010400{k // (2 * ACROSS) + 1}001" for k in range(n))
    return GridIndex(Grids(tuple(f"g{k:03d}" for k in range(n)), ("",) * n, community, ("p",) * n, cover))


@pytest.mark.parametrize("jurisdiction", ["", "430104", "430104002", "430104002001", "999999"])
def test_many_points_are_found_as_each_of_them_is(index, jurisdiction) -> None:
    corners = shapely.get_coordinates(index.grids.outline)
    random = np.random.default_rng(4)
    points = np.concatenate([corners, random.uniform(corners.min(axis=0) - 0.001, corners.max(axis=0), (500, 2))])
    row, on_border = index.find_many(points[:, 0], points[:, 1], jurisdiction)
    one_by_one = [index.find(*point, jurisdiction) for point in points.tolist()]
    assert row.tolist() == [found.row for found in one_by_one]
    assert on_border.tolist() == [found.on_border for found in one_by_one]
    seen = {index.grids.community[k] for k in set(row.tolist()) - {NOWHERE}}
    assert seen == {code for code in index.grids.community if code.startswith(jurisdiction)}
