"""Look-up by address over HTTP, beside a bare FastAPI echo under the same client in the same run.

``python -m tests.bench.serve_address [--addresses N] [--grids N] [--seconds S] [--rounds R]`` prints one JSON object
for the echo, for addresses of the twelve kinds of `tests.bench.lookup_questions` (typos, absent buildings and all), for
addresses as the layer writes them, and for suggestions; and one for batches of both.  Client and service share the
machine, so only the ratio to the echo counts.
"""

from __future__ import annotations

import argparse
import csv
import io
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import geopandas as gpd
import numpy as np
import shapely

from data.migrations import upgrade
from data.store import Act, open_store
from gis.territory import Territory
from tests.bench.lookup_city import make_rows, text_of
from tests.bench.lookup_layers import address_table
from tests.bench.lookup_questions import City, twelve_kinds
from tests.bench.output import json_lines, say
from tests.bench.serve import Measured, press, served
from tests.bench.serve_city import grid_city

_NOW = datetime(2026, 11, 22, tzinfo=UTC)
_PATHS = 6_000


def make_store(address: str, n_addresses: int, n_grids: int) -> dict[str, list[str]]:
    """A store with the city in force and its addresses, neighbours near each other; what to ask it for."""
    upgrade(address)
    rows = make_rows(n_addresses, seed=1)
    table = address_table(rows)
    land, filed = grid_city(n_grids)
    west, south, east, north = filed.grids.total_bounds
    # Rows stand in the order of streets and estates: laid along a line that runs up and down the city.
    side = int(np.ceil(np.sqrt(len(table))))
    column, row = np.divmod(np.arange(len(table)), side)
    row = np.where(column % 2, side - 1 - row, row)
    x, y = west + (east - west) * (column + 0.5) / side, south + (north - south) * (row + 0.5) / side
    columns = ("id", "text", "building_id", "town", "community", "street", "number", "estate", "building")
    addresses = gpd.GeoDataFrame(table[list(columns)], geometry=shapely.points(x, y), crs=filed.grids.crs)
    store = open_store(address)
    with store.write(Act("bench", _NOW)) as tx:
        card = tx.territories.save(Territory.of({**land.layers, "addresses": addresses}), "city")
        plan = tx.plans.save(filed, territory_id=card.id, name="city", state="filed")
        tx.life.change_state(plan.id, "in_force", effective_from=_NOW, may_backdate=True)
    store.close()
    mixed = [question.text for question in twelve_kinds(City(rows), ["海市蜃楼苑", "无何有家园"], _PATHS // 12)]
    order = np.random.default_rng(7).permutation(len(mixed)).tolist()
    plain = [text_of(rows[k]) for k in np.random.default_rng(8).integers(0, len(rows), _PATHS).tolist()]
    starts = [name[:k] for name in sorted({row.estate for row in rows if row.estate})[:2_000] for k in (1, 2, 3)]
    return {"mixed": [mixed[k] for k in order], "plain": plain, "suggest": starts}


def measure(folder: Path, n_addresses: int, n_grids: int, seconds: float, rounds: int) -> list[dict[str, Any]]:
    """Every kind of question in turn, several times over; the middle of the rounds counts."""
    store, log = f"sqlite:///{folder / 'bench.sqlite'}", folder / "log"
    texts = make_store(store, n_addresses, n_grids)
    paths = {
        "mixed": [f"/v1/lookup?address={quote(text)}" for text in texts["mixed"]],
        "plain": [f"/v1/lookup?address={quote(text)}" for text in texts["plain"]],
        "suggest": [f"/v1/suggest?q={quote(text)}" for text in texts["suggest"]],
    }
    echoed = [f"/v1/echo?text={quote(text)}" for text in texts["mixed"]]
    with served(store, log) as (address, _):
        _first(address, paths["mixed"][0])
    found: dict[str, list[Measured]] = {name: [] for name in ("echo", *paths)}
    half: dict[str, list[Measured]] = {name: [] for name in paths}
    for _ in range(rounds):
        with served("", log) as (address, _):
            press(address, echoed, 2)
            found["echo"].append(press(address, echoed, seconds))
        with served(store, log) as (address, _):
            first_s = _first(address, paths["mixed"][0])
            for name, asked in paths.items():
                press(address, asked, 8 if name == "mixed" else 2)  # the first mistyped name loads what reads it
                found[name].append(press(address, asked, seconds))
                half[name].append(press(address, asked, seconds, half_of=found[name][-1].per_second))
    with served(store, log) as (address, _):
        _first(address, paths["mixed"][0])
        batches = {name: _batch_s(address, texts[name]) for name in ("mixed", "plain")}
    echo = [one.per_second for one in found["echo"]]
    made = [
        {
            "asked": name,
            "per_second": round(statistics.median(one.per_second for one in of)),
            "of_echo": round(statistics.median(one.per_second / base for one, base in zip(of, echo)), 3),
            "p50_ms": round(statistics.median(one.p50_ms for one in of), 2),
            "p99_ms": round(statistics.median(one.p99_ms for one in of), 2),
            "wrong": sum(one.wrong for one in of),
            **(
                {
                    "half_p50_ms": round(statistics.median(one.p50_ms for one in half[name]), 2),
                    "half_p99_ms": round(statistics.median(one.p99_ms for one in half[name]), 2),
                }
                if name in half
                else {}
            ),
        }
        for name, of in found.items()
    ]
    made.append({"asked": "batch", **{f"{name}_rows_per_second": round(v) for name, v in batches.items()}})
    facts = {"addresses": n_addresses, "grids": n_grids, "first_answer_s": round(first_s, 2)}
    return [{**facts, **one} for one in made]


def _first(address: str, path: str) -> float:
    """Seconds until the first address is answered, with the index kept beside the store where it was made before."""
    began = time.monotonic()
    while True:
        try:
            with urllib.request.urlopen(address + path, timeout=300) as answer:
                answer.read()
            return time.monotonic() - began
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > began + 300:
                raise
            time.sleep(1)


def _batch_s(address: str, texts: Sequence[str], n_rows: int = 30_000) -> float:
    """Rows a second of a table of addresses."""
    table = io.StringIO(newline="")
    csv.writer(table).writerows([["address"], *([texts[k % len(texts)]] for k in range(n_rows))])
    request = urllib.request.Request(
        f"{address}/v1/lookup/batch", data=table.getvalue().encode(), headers={"Content-Type": "text/csv"}
    )
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=600) as answer:
        n_lines = answer.read().count(b"\n")
    if n_lines != n_rows + 1:
        raise RuntimeError(f"{n_lines} lines")
    return n_rows / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--addresses", type=int, default=100_000)
    parser.add_argument("--grids", type=int, default=2_500)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    out = json_lines()
    with tempfile.TemporaryDirectory() as folder:
        for row in measure(Path(folder), asked.addresses, asked.grids, asked.seconds, asked.rounds):
            say(out, row)


if __name__ == "__main__":
    main()
