"""Point to polygon: ``python -m tests.bench.lookup_points [--points 1000000 --across 100 --rounds 3]``.

Random points against a cover of crooked polygons that share their borders, by our index and by three ways to do it
with shapely and geopandas, in turn and in one run.  Prints JSON objects: one a way, one for points on borders, one
for single points.  Rates are points a second of one thread, by the clock and by processor time (which other work on
the machine hardly touches); the middle of the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.locate import NOWHERE, PolygonIndex
from gis.locate.raster import build_raster
from tests.bench.output import json_lines, say
from tests.jagged import jagged_cover

Answer = tuple[NDArray[Any], NDArray[np.bool_]]
_SINGLE = 20_000


def by_tree(cover: NDArray[np.object_], tree: shapely.STRtree, x: NDArray[Any], y: NDArray[Any]) -> Answer:
    """``STRtree.query`` with ``intersects``; the lowest row of each point."""
    return _lowest(*tree.query(shapely.points(x, y), predicate="intersects"), len(x), len(cover))


def by_contains(cover: NDArray[np.object_], tree: shapely.STRtree, x: NDArray[Any], y: NDArray[Any]) -> Answer:
    """Boxes by tree, then ``contains_xy`` of prepared polygons: loses points on borders."""
    point, row = tree.query(shapely.points(x, y))
    held = shapely.contains_xy(cover[row], x[point], y[point])
    return _lowest(point[held], row[held], len(x), len(cover))


def by_sjoin(table: gpd.GeoDataFrame, x: NDArray[Any], y: NDArray[Any]) -> Answer:
    """``geopandas.sjoin`` of a table of points."""
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y, crs=table.crs))
    joined = gpd.sjoin(points, table, how="inner", predicate="intersects")
    return _lowest(joined.index.to_numpy(), joined["index_right"].to_numpy(), len(x), len(table))


def _lowest(point: NDArray[Any], row: NDArray[Any], n_points: int, n_rows: int) -> Answer:
    first = np.full(n_points, n_rows)
    np.minimum.at(first, point, row)
    count = np.bincount(point, minlength=n_points)
    return np.where(count > 0, first, NOWHERE), count > 1


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it gives, seconds by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    answer = work()
    return answer, time.perf_counter() - clock, time.process_time() - processor


def singles(ways: dict[str, Callable[[float, float], Any]], points: list[list[float]]) -> dict[str, Any]:
    """Middle and 99th of a hundred microseconds for one point."""
    row: dict[str, Any] = {"what": "single points", "points": len(points)}
    for name, find in ways.items():
        for x, y in points:  # a polygon is prepared when it is asked for the first time
            find(x, y)
        took = []
        for x, y in points:
            start = time.perf_counter_ns()
            find(x, y)
            took.append((time.perf_counter_ns() - start) / 1e3)
        row[name] = {"p50_us": round(statistics.median(took), 2), "p99_us": round(float(np.quantile(took, 0.99)), 2)}
    return row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--across", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    out = json_lines()

    cover = jagged_cover(given.across)
    west, south, east, north = shapely.total_bounds(cover)
    random = np.random.default_rng(7)
    x, y = random.uniform(west, east, given.points), random.uniform(south, north, given.points)
    shapely.prepare(cover)
    tree = shapely.STRtree(cover)
    table = gpd.GeoDataFrame(geometry=cover, crs=4547)
    build_raster(cover[:1])  # loads the compiled code
    index = PolygonIndex(cover)
    _, build_clock, build_processor = timed(index.prepare)
    raster = build_raster(cover)
    vertices = len(shapely.get_coordinates(cover))
    say(
        out,
        {
            "what": "raster",
            "polygons": len(cover),
            "vertices": vertices,
            "cells": list(raster.shape),
            "cells_of_one_read_frac": round(raster.whole_frac, 4),
            "megabytes": round(raster.nbytes / 1e6, 1),
            "build_seconds": round(build_clock, 3),
            "build_processor_seconds": round(build_processor, 3),
        },
    )

    index.find_many(x[:10], y[:10])
    ways: dict[str, Callable[[], Answer]] = {
        "gridwright": lambda: index.find_many(x, y),
        "STRtree intersects": lambda: by_tree(cover, tree, x, y),
        "STRtree, prepared contains_xy": lambda: by_contains(cover, tree, x, y),
        "geopandas.sjoin": lambda: by_sjoin(table, x, y),
    }
    clocks: dict[str, list[float]] = {name: [] for name in ways}
    processors: dict[str, list[float]] = {name: [] for name in ways}
    answers: dict[str, Answer] = {}
    for _ in range(given.rounds):
        for name, work in ways.items():
            answers[name], clock, processor = timed(work)
            clocks[name].append(clock)
            processors[name].append(processor)
    truth = answers["STRtree intersects"]
    ours = statistics.median(processors["gridwright"])
    for name in ways:
        row, is_several = answers[name]
        say(
            out,
            {
                "what": name,
                "points": len(x),
                "rounds": given.rounds,
                "per_second": round(len(x) / statistics.median(clocks[name])),
                "per_processor_second": round(len(x) / statistics.median(processors[name])),
                "processor_time_of_ours": round(statistics.median(processors[name]) / ours, 2),
                "same_row_as_shapely": int((row == truth[0]).sum()),
                "same_ties_as_shapely": int((is_several == truth[1]).sum()),
            },
        )

    corners, shape = shapely.get_coordinates(cover, return_index=True)
    middles = ((corners[1:] + corners[:-1]) / 2)[shape[1:] == shape[:-1]]
    for what, spots in (("vertices", corners), ("middles of edges", middles)):
        found, clock, processor = timed(lambda spots=spots: index.find_many(*spots.T))  # type: ignore[misc]
        wanted = by_tree(cover, tree, *spots.T)
        in_doubt = raster.find_many(*(np.ascontiguousarray(part) for part in spots.T))[2]
        say(
            out,
            {
                "what": what,
                "points": len(spots),
                "per_second": round(len(spots) / clock),
                "per_processor_second": round(len(spots) / processor),
                "asked_of_shapely": len(in_doubt),
                "same_row_as_shapely": int((found[0] == wanted[0]).sum()),
                "same_ties_as_shapely": int((found[1] == wanted[1]).sum()),
                "of_several_frac": round(float(found[1].mean()), 4),
                "same_again": all(np.array_equal(a, b) for a, b in zip(found, index.find_many(*spots.T))),
            },
        )

    points = np.column_stack([x[:_SINGLE], y[:_SINGLE]]).tolist()
    one_by_one = {
        "gridwright": index.find,
        "STRtree intersects": lambda x, y: tree.query(shapely.Point(x, y), predicate="intersects"),
    }
    say(out, singles(one_by_one, points))


if __name__ == "__main__":
    main()
