"""Features and tiles over HTTP from a large store: memory and time of paging, weight and time of tiles by zoom.

``python -m tests.bench.features [--buildings 500000 --grids 100000]`` prints JSON objects: one for the pages of each
store and one a zoom and layer for its tiles.  The service runs in a process of its own beside this client.
"""

from __future__ import annotations

import argparse
import gzip
import math
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import mapbox_vector_tile
import numpy as np
import pandas as pd
import shapely

from data.migrations import upgrade
from data.store import SqlStore, open_store
from gis.territory import Territory
from partition.filed import FiledPlan
from tests.bench.output import json_lines, say
from tests.bench.store import city
from tests.postgis import running_server
from tests.served import SINCE, running_apart
from tests.stores import act, empty_database

_LAYERS = ("buildings", "grids")
_ZOOMS = range(8, 17)


def plan_of(territory: Territory, n_grids: int) -> FiledPlan:
    """Every community cut into as many upright strips as it takes."""
    communities = territory["communities"]
    each = max(1, round(n_grids / len(communities)))
    codes = communities["code"].to_numpy(dtype=object)
    corners = shapely.bounds(communities.geometry.array)
    across = np.linspace(0, 1, each + 1)
    left = corners[:, [0]] + (corners[:, [2]] - corners[:, [0]]) * across[:-1]
    right = corners[:, [0]] + (corners[:, [2]] - corners[:, [0]]) * across[1:]
    shapes = shapely.box(left, corners[:, [1]], right, corners[:, [3]]).ravel()
    home = np.repeat(codes, each)
    grids = gpd.GeoDataFrame(
        {
            "code": [f"{code}{k + 1:03d}" for code in codes for k in range(each)],
            "name": None,
            "community": home,
            "kind": "standard",
            "households": 400,
            "population": 1_000,
            "buildings": 20,
            "area_m2": shapely.area(shapes),
            "within_band": True,
            "reason": None,
            "parent": None,
        },
        geometry=shapes,
        crs=communities.crs,
    )
    tables = {
        "code": codes,
        "households": 400 * each,
        "grids": each,
        "feasible": "yes",
        "reason": None,
        "proof": "none",
        "objective": np.nan,
        "bound": np.nan,
        "gap_frac": np.nan,
        "seconds": np.nan,
    }
    nothing = pd.DataFrame({name: pd.Series(dtype=object) for name in ("kind", "id", "grid")})
    no_violations = pd.DataFrame(
        {name: pd.Series(dtype=object) for name in ("code", "grid", "community", "detail_zh", "detail_en")}
    )
    return FiledPlan(grids, nothing, pd.DataFrame(tables), no_violations, {"rules": "", "plan_id": "bench"})


def fill(store: SqlStore, territory: Territory, filed: FiledPlan) -> None:
    """The city and its plan in force."""
    with store.write(act()) as tx:
        card = tx.territories.save(territory, "city")
        plan = tx.plans.save(filed, territory_id=card.id, name="plan", state="filed")
        tx.life.change_state(plan.id, "in_force", effective_from=SINCE, may_backdate=True)


def pages(http: httpx.Client, url: str, pid: int, collection: str, limit: int) -> dict[str, Any]:
    """All pages of a collection, twice: the memory of the service must not grow with what was read."""
    answer: dict[str, Any] = {"collection": collection, "limit": limit}
    for turn in ("first", "second"):
        before, took, ids = _resident_mb(pid), [], set()
        n = 0
        at: str | None = f"{url}/collections/{collection}/items?limit={limit}"
        while at is not None:
            start = time.perf_counter()
            page = http.get(at).json()
            took.append(time.perf_counter() - start)
            ids.update(feature["id"] for feature in page["features"])
            n += len(page["features"])
            at = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        answer |= {"n": n, "n_different": len(ids), "numberMatched": page["numberMatched"], "pages": len(took)}
        answer[turn] = {
            "seconds": round(sum(took), 1),
            "page_ms_first": round(took[0] * 1e3),
            "page_ms_median": round(statistics.median(took) * 1e3),
            "page_ms_last_full": round(took[-2 if len(took) > 1 else -1] * 1e3),
            "resident_mb_before": before,
            "resident_mb_after": _resident_mb(pid),
        }
    return answer


def tiles(http: httpx.Client, url: str, collection: str, middle: tuple[float, float]) -> Iterator[dict[str, Any]]:
    """The tile in the middle of the city at every zoom."""
    for z in _ZOOMS:
        n = 2**z
        x = int((middle[0] + 180) / 360 * n)
        y = int((1 - math.asinh(math.tan(math.radians(middle[1]))) / math.pi) / 2 * n)
        took = []
        for _ in range(3):
            start = time.perf_counter()
            answer = http.get(f"{url}/tiles/{collection}/{z}/{x}/{y}.mvt", headers={"Accept-Encoding": "identity"})
            took.append(time.perf_counter() - start)
        found = mapbox_vector_tile.decode(answer.content).get(collection, {}).get("features", [])
        yield {
            "collection": collection,
            "zoom": z,
            "features": len(found),
            "counted": sum(feature["properties"].get("features", 1) for feature in found),
            "kb": round(len(answer.content) / 1024, 1),
            "kb_gzip": round(len(gzip.compress(answer.content, 5)) / 1024, 1),
            "ms_first": round(took[0] * 1e3),
            "ms_again": round(statistics.median(took[1:]) * 1e3),
        }


def _resident_mb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024
    return 0


def main() -> None:
    """Measure both stores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--buildings", type=int, default=500_000)
    parser.add_argument("--grids", type=int, default=100_000)
    parser.add_argument("--stores", nargs="+", default=["postgis", "embedded"], choices=["postgis", "embedded"])
    asked = parser.parse_args()
    out = json_lines()
    territory = city(asked.buildings)
    filed = plan_of(territory, asked.grids)
    west, south, east, north = territory["communities"].to_crs(4326).total_bounds
    for kind in asked.stores:
        with ExitStack() as stack:
            if kind == "postgis":
                server = stack.enter_context(running_server())
                url = stack.enter_context(empty_database(server)).render_as_string(hide_password=False)
            else:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gw-bench-"))
                url = f"sqlite:///{folder}/store.db"
            upgrade(url)
            store = open_store(url)
            stack.callback(store.close)
            fill(store, territory, filed)
            at, pid = stack.enter_context(running_apart(store))
            http = stack.enter_context(httpx.Client(timeout=600))
            start = time.perf_counter()
            http.get(f"{at}/collections")
            say(out, {"store": kind, "collections_first_seconds": round(time.perf_counter() - start, 2)})
            for limit in (1_000, 10_000):
                say(out, {"store": kind, **pages(http, at, pid, "grids", limit)})
            for layer in _LAYERS:
                for row in tiles(http, at, layer, ((west + east) / 2, (south + north) / 2)):
                    say(out, {"store": kind, **row})


if __name__ == "__main__":
    main()
