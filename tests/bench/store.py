"""Bulk load, reading back and a map window of the store, on a throw-away PostGIS server and in a SQLite file.

``python -m tests.bench.store [--buildings 500000]`` prints one JSON object a store.  The buildings are rectangles of
five corners spread evenly over 20 x 20 km with 400 communities; a load is everything that `gridwright load` does in
one transaction: content hash, places, longitude and latitude, rows, indexes, log.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import text

from data.migrations import upgrade
from data.store import Act, SqlStore, open_store
from data.store.rooms.windows import Box
from gis.territory import Territory
from tests.bench.output import json_lines, say
from tests.postgis import running_server
from tests.stores import empty_database

_SIDE_M, _CELLS = 20_000, 20
_CRS = "EPSG:4549"
_NOW = datetime(2026, 11, 22, tzinfo=UTC)


def city(n_buildings: int) -> Territory:
    """A square city; the same for the same number."""
    random = np.random.default_rng(1)
    x0, y0, step = 500_000, 3_400_000, _SIDE_M // _CELLS
    column, row = (grid.ravel() for grid in np.meshgrid(np.arange(_CELLS), np.arange(_CELLS)))
    codes = [f"330402{k // 1000:03d}{k % 1000:03d}" for k in range(_CELLS**2)]
    squares = shapely.box(x0 + column * step, y0 + row * step, x0 + (column + 1) * step, y0 + (row + 1) * step)
    x = x0 + random.uniform(20, _SIDE_M - 20, n_buildings)
    y = y0 + random.uniform(20, _SIDE_M - 20, n_buildings)
    width, depth = random.uniform(8, 18, n_buildings), random.uniform(8, 18, n_buildings)
    inside = ((y - y0) // step).astype(int) * _CELLS + ((x - x0) // step).astype(int)
    layers = {
        "communities": gpd.GeoDataFrame({"code": codes, "name": codes, "kind": "urban"}, geometry=squares, crs=_CRS),
        "buildings": gpd.GeoDataFrame(
            {
                "id": [f"b{k:07d}" for k in range(n_buildings)],
                "households": random.integers(0, 40, n_buildings),
                "levels": random.integers(1, 30, n_buildings),
                "use": "residential",
                "community": np.array(codes, dtype=object)[inside],
            },
            geometry=shapely.box(x, y, x + width, y + depth),
            crs=_CRS,
        ),
    }
    return Territory.of(layers)


def measure(store: SqlStore, territory: Territory) -> dict[str, Any]:
    """Seconds of each thing a store is asked for."""
    with _timed() as load, store.write(Act("bench", _NOW)) as tx:
        card = tx.territories.save(territory, "city")
    with _timed() as again, store.write(Act("bench", _NOW)) as tx:
        tx.territories.save(territory, "city")
    with _timed() as read, store.read() as tx:
        found = tx.territories.load(card.id)
    centre = gpd.GeoSeries([shapely.box(509_500, 3_409_500, 510_500, 3_410_500)], crs=_CRS).to_crs(4326)
    box = Box(*centre.total_bounds.tolist())
    n_rows = 0

    def window() -> None:
        nonlocal n_rows
        with store.read("3304") as tx:
            n_rows = len(tx.features.page("buildings", now=_NOW, limit=10_000, box=box).ids)

    return {
        "load_seconds": round(load(), 2),
        "load_again_seconds": round(again(), 2),
        "read_seconds": round(read(), 2),
        "is_equal": found.content_hash() == territory.content_hash(),
        "window_1km2_ms": _median_ms(window),
        "window_1km2_rows": n_rows,
    }


@contextmanager
def _timed() -> Iterator[Callable[[], float]]:
    start, took = time.perf_counter(), [0.0]
    yield lambda: took[0]
    took[0] = time.perf_counter() - start


def _median_ms(work: Callable[[], None], times: int = 20) -> float:
    took = []
    for _ in range(times):
        with _timed() as one:
            work()
        took.append(one() * 1_000)
    return round(statistics.median(took), 1)


def main() -> None:
    """Measure both stores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--buildings", type=int, default=500_000)
    parser.add_argument("--stores", nargs="+", default=["postgis", "embedded"], choices=["postgis", "embedded"])
    asked = parser.parse_args()
    out = json_lines()
    territory = city(asked.buildings)
    for kind in asked.stores:
        with ExitStack() as stack:
            if kind == "postgis":
                server = stack.enter_context(running_server(is_durable=True))
                url = stack.enter_context(empty_database(server)).render_as_string(hide_password=False)
            else:
                folder = Path(tempfile.mkdtemp(prefix="gw-bench-"))
                stack.callback(shutil.rmtree, folder)
                url = f"sqlite:///{folder / 'store.db'}"
            upgrade(url)
            store = open_store(url)
            stack.callback(store.close)
            row = {"store": kind, "buildings": asked.buildings, **measure(store, territory)}
            row |= {
                "megabytes": _megabytes(store),
                "version": _version(store),
                "load_average": round(os.getloadavg()[0], 1),
            }
            row |= {
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "python": platform.python_version(),
            }
            say(out, row)


def _megabytes(store: SqlStore) -> int:
    if store.kind == "embedded":
        return Path(str(store.url.database)).stat().st_size // 1_000_000
    with store.read() as tx:
        return int(tx.connection.execute(text("select pg_database_size(current_database())")).scalar_one()) // 1_000_000


def _version(store: SqlStore) -> str:
    if store.kind == "embedded":
        return f"SQLite {sqlite3.sqlite_version}"
    with store.read() as tx:
        asked = text(
            "select 'PostgreSQL ' || current_setting('server_version') || ', PostGIS ' || postgis_lib_version()"
        )
        return str(tx.connection.execute(asked).scalar_one())


if __name__ == "__main__":
    main()
