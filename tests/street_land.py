"""Territories of a few drawn streets, for tests of the street network: metres from a corner of the land."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely import affinity

from gis.report import QualityReport
from gis.streets import Beats, Mode, NetworkOptions, StreetNetwork, lay_network
from gis.territory import Territory

CRS = "EPSG:4547"
X0, Y0 = 500_000.0, 3_100_000.0
SPEEDS = {"foot": (4.5, 3.0), "ebike": (18.0, 12.0), "car": (30.0, 20.0)}
CLASSES = frozenset({"primary", "residential", "service", "road"})

Row = Mapping[str, Any]


def here(shape: Any) -> Any:
    """A shape moved from the drawing to the land."""
    return affinity.translate(shape, X0, Y0)


def line(*points: tuple[float, float]) -> Any:
    return shapely.LineString(points)


def box(x0: float, y0: float, x1: float, y1: float) -> Any:
    return shapely.box(x0, y0, x1, y1)


def street(*points: tuple[float, float], **facts: Any) -> dict[str, Any]:
    """One street: corners, and what it is (``klass`` for its class)."""
    row = {"class": facts.pop("klass", "residential"), "geometry": line(*points)}
    return row | facts


def land(
    streets: Sequence[Row],
    *,
    barriers: Sequence[tuple[str, Any]] = (),
    estates: Sequence[tuple[str, Any]] = (),
    posts: Sequence[tuple[float, float]] = (),
    places: Sequence[tuple[float, float]] = (),
    dwell: Sequence[float] = (),
    community: Any = None,
) -> Territory:
    """A territory; streets without an ``id`` are called a, b, c in their order."""
    rows = [{"id": chr(97 + k) if k < 26 else f"z{k:05d}", **row} for k, row in enumerate(streets)]
    around = community if community is not None else box(-3000, -3000, 3000, 3000)
    layers = {
        "communities": _table([{"code": "C", "name": "C", "kind": "urban", "geometry": around}]),
        "barriers": _table([{"id": f"b{k}", "kind": kind, "geometry": s} for k, (kind, s) in enumerate(barriers)]),
        "estates": _table(
            [{"id": f"e{k}", "name": f"e{k}", "kind": kind, "geometry": s} for k, (kind, s) in enumerate(estates)]
        ),
        "posts": _table([{"id": f"p{k}", "kind": "patrol", "geometry": shapely.Point(p)} for k, p in enumerate(posts)]),
        "key_places": _table(
            [
                {
                    "id": f"k{k}",
                    "kind": "gate",
                    "dwell_min": dwell[k] if dwell else np.nan,
                    "geometry": shapely.Point(p),
                }
                for k, p in enumerate(places)
            ]
        ),
        "streets": _table(rows),
    }
    return Territory.of({name: table for name, table in layers.items() if len(table)})


def _table(rows: Sequence[Row]) -> gpd.GeoDataFrame:
    shapes = [None if r["geometry"] is None else here(r["geometry"]) for r in rows]
    names = dict.fromkeys(key for row in rows for key in row if key != "geometry")
    return gpd.GeoDataFrame({n: [row.get(n) for row in rows] for n in names}, geometry=shapes, crs=CRS)


def grids(**shapes: Any) -> gpd.GeoDataFrame:
    """Grids by code."""
    moved = [here(shape) for shape in shapes.values()]
    return gpd.GeoDataFrame({"code": list(shapes)}, geometry=moved, crs=CRS)


EVERYWHERE = grids(G=box(-3000, -3000, 3000, 3000))


def lay(
    territory: Territory, land_of: gpd.GeoDataFrame = EVERYWHERE, mode: str = "foot", **options: Any
) -> tuple[StreetNetwork, Beats, QualityReport]:
    """The network with its beats and its report."""
    report = QualityReport()
    wanted = {"classes": CLASSES, "both_sides_classes": frozenset({"primary"})} | options
    passing, inspecting = SPEEDS[mode]
    wanted = {"passing_kmh": passing, "inspecting_kmh": inspecting} | wanted
    network, beats = lay_network(territory, land_of, NetworkOptions(mode=Mode(mode), **wanted), report)
    return network, beats, report


def codes(report: QualityReport) -> list[str]:
    return [remark.code for remark in report.remarks]


def ends(network: StreetNetwork) -> dict[str, tuple[tuple[float, float], tuple[float, float]]]:
    """Where each link begins and ends, in metres of the drawing."""
    x, y = np.round(network.node_x - X0, 2) + 0.0, np.round(network.node_y - Y0, 2) + 0.0
    return {
        name: ((float(x[a]), float(y[a])), (float(x[b]), float(y[b])))
        for name, a, b in zip(network.link_ids, network.tail, network.head)
    }


def owned(network: StreetNetwork, beats: Beats) -> dict[str, str]:
    """Grid code of every link that is inspected."""
    return {name: beats.grids[k] for name, k in zip(network.link_ids, beats.link_grid.tolist(), strict=True) if k >= 0}
