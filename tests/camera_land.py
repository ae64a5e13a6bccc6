"""Territories and plans of a few boxes for tests of cameras: metres from a corner of the land."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import affinity

from gis.territory import Territory
from partition.coverage.cameras.types import Land
from partition.coverage.land import grids_of
from partition.filed import COMMUNITY_COLUMNS, MEMBER_COLUMNS, VIOLATION_COLUMNS, FiledPlan

CRS = "EPSG:4547"
X0, Y0 = 500_000.0, 3_100_000.0
Row = Mapping[str, Any]


def here(shape: Any) -> Any:
    """A shape moved from the drawing to the land."""
    return None if shape is None else affinity.translate(shape, X0, Y0)


def box(x0: float, y0: float, x1: float, y1: float) -> Any:
    return shapely.box(x0, y0, x1, y1)


def camera(x: float, y: float, **facts: Any) -> dict[str, Any]:
    """A camera at a spot; ``facts`` are columns of the layer."""
    return {"geometry": shapely.Point(x, y)} | facts


def street(*points: tuple[float, float], **facts: Any) -> dict[str, Any]:
    return {"class": "residential", "geometry": shapely.LineString(points)} | facts


def table(rows: Sequence[Row], crs: str = CRS) -> gpd.GeoDataFrame:
    """Rows as a layer; rows without an id are numbered."""
    names = dict.fromkeys(key for row in rows for key in row if key != "geometry")
    columns = {name: [row.get(name) for row in rows] for name in names}
    return gpd.GeoDataFrame(columns, geometry=[here(row["geometry"]) for row in rows], crs=crs)


def territory(
    communities: Sequence[Row] = ({"code": "C", "geometry": box(-3000, -3000, 3000, 3000)},), **layers: Sequence[Row]
) -> Territory:
    """A territory; communities are urban unless they say otherwise, ids are ``LAYER0``, ``LAYER1`` ... in order."""
    tables = {"communities": table([{"name": row["code"], "kind": "urban"} | dict(row) for row in communities])}
    for name, rows in layers.items():
        if rows:
            tables[name] = table([{"id": f"{name}{k}"} | dict(row) for k, row in enumerate(rows)])
    return Territory.of(tables)


def plan(grids: Sequence[Row]) -> FiledPlan:
    """A plan of grids with ``code`` and ``geometry``, in community C unless they say otherwise."""
    base = {"name": None, "community": "C", "kind": "standard", "households": 400}
    frame = table([base | dict(row) for row in grids])
    if not grids:
        frame = table([base | {"code": "", "geometry": box(0, 0, 1, 1)}]).iloc[:0]

    def empty(columns: Mapping[str, str]) -> pd.DataFrame:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})

    return FiledPlan(frame, empty(MEMBER_COLUMNS), empty(COMMUNITY_COLUMNS), empty(VIOLATION_COLUMNS), {})


def land(town: Territory, **shapes: Any) -> Land:
    """Grids by code, as land of a territory."""
    return grids_of(town, plan([{"code": code, "geometry": shape} for code, shape in shapes.items()]))


def strip_land(km2: float, cameras: int, class_code: str) -> tuple[Territory, Land]:
    """One grid of so many square kilometres with so many cameras in a row."""
    side = float(np.sqrt(km2) * 1000)
    spots = np.linspace(1.0, side - 1.0, cameras) if cameras else []
    kind = "urban" if class_code.startswith("1") else "rural"
    whole = box(0, 0, side, side)
    town = territory(
        [{"code": "C", "kind": kind, "class_code": class_code, "geometry": whole}],
        cameras=[camera(x, side / 2, id=f"c{k:06d}") for k, x in enumerate(spots)],
    )
    return town, land(town, G=whole)
