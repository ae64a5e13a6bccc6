"""Whom to send among many units: ``python -m tests.bench.dispatch_units [--households N] [--units N] [--rounds N]``.

One JSON object on standard output.  ``first``: the first question of a new plan, streets being laid for it.  ``ask``:
milliseconds of a question afterwards, over HTTP, to the last byte; ``around``: what lies around an incident;
``positions``: the positions of all units in one request.  ``wrong`` counts answers that name a unit twice or not at
all, or whose order is not that of all units asked without a shortcut.  ``quarrels``: two dispatchers at the
same moment, for one incident and for one unit, on both stores; ``sent`` must stand in each once.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from api.usecases.run_draw import run_draw
from data.migrations import upgrade
from data.sample import make_town
from data.store import SqlStore, open_store
from partition.rules import Rules
from tests.bench.output import json_lines, say
from tests.dispatch_quarrel import quarrels
from tests.dispatch_site import Site
from tests.incident_kit import receive
from tests.postgis import running_server
from tests.served import Town, put_town
from tests.stores import empty_database

_WHOLE = 50


def run(arguments: argparse.Namespace) -> int:
    """Measure; status 1 when anything is wrong."""
    out = json_lines()
    territory = make_town(arguments.households, seed=1).territory
    town = Town(territory, run_draw(territory, Rules(), seed=1).filed)
    told: dict[str, Any] = {"households": arguments.households, "units": arguments.units}
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/store.sqlite"
        upgrade(address)
        store = open_store(address)
        put_town(store, town)
        store.close()
        told |= _asked(Site(open_store(address)), arguments)
    told["quarrels"] = _quarrels(town, arguments.rounds)
    say(out, told)
    wrong = told["wrong"] or any(
        set(found)
        != {f"one incident: incident_taken sent {arguments.rounds}", f"one unit: sent unit_taken {arguments.rounds}"}
        for found in told["quarrels"].values()
    )
    return int(bool(wrong))


def _asked(site: Site, arguments: argparse.Namespace) -> dict[str, Any]:
    ids = sorted(site.many_units(arguments.units, seed=2))
    rng = np.random.default_rng(4)
    calls = [receive(site.http, site.places[int(i)])["id"] for i in rng.integers(len(site.places), size=arguments.asks)]  # type: ignore[arg-type]
    told: dict[str, Any] = {"first_ms": _ms(lambda: site.suggest(calls[0]))[0]}
    asks, parts, wrong = [], [], 0
    for id in calls:
        ms, answer = _ms(lambda id=id: site.suggest(id))  # type: ignore[misc]
        asks.append(ms)
        wrong += _is_wrong(answer, site.suggest(id, k=_WHOLE), ids)
        path = f"/v1/incidents/{id}/surroundings"
        site.http.get(path, params={"wait_s": 60})
        parts.append(_ms(lambda path=path: site.http.get(path))[0])  # type: ignore[misc]
    rows = [{"unit": id, "lon": lon, "lat": lat} for id, (lon, lat) in zip(ids, site.places * 100)][:1_000]
    moved_ms, moved = _ms(lambda: site.http.post("/v1/units/positions", json={"positions": rows}))
    assert moved.status_code == 200, moved.text
    site.store.close()
    return told | {"ask": _spread(asks), "around": _spread(parts), "positions_ms": moved_ms, "wrong": wrong}


def _is_wrong(answer: dict[str, Any], whole: dict[str, Any], ids: list[str]) -> bool:
    listed = sorted(one["unit"] for part in ("suggestions", "passed_over") for one in answer[part])
    best = sorted(
        (one for one in whole["suggestions"] if one["reason"] == "chosen"),
        key=lambda one: (one["seconds"] + one["rotation"]["seconds"], one["seconds"], one["unit"]),
    )
    first = [one["unit"] for one in answer["suggestions"]]
    return listed != ids or first != [one["unit"] for one in best[: len(first)]]


def _quarrels(town: Town, rounds: int) -> dict[str, list[str]]:
    told = {}
    with tempfile.TemporaryDirectory() as folder, running_server() as server, empty_database(server) as database:
        for kind, address in (
            ("embedded", f"sqlite:///{folder}/store.sqlite"),
            ("postgis", database.render_as_string(hide_password=False)),
        ):
            upgrade(address)
            store: SqlStore = open_store(address)
            put_town(store, town)
            found = quarrels(store, rounds)
            told[kind] = [f"{what}: {' '.join(came)} {n}" for (what, came), n in sorted(found.items())]
            store.close()
    return told


def _ms(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = work()
    return round(1_000 * (time.perf_counter() - start), 1), answer


def _spread(ms: list[float]) -> dict[str, float]:
    p50, p95, most = np.percentile(ms, [50, 95, 100]).round(1).tolist()
    return {"n": len(ms), "p50_ms": p50, "p95_ms": p95, "max_ms": most}


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=12_000)
    parser.add_argument("--units", type=int, default=1_000)
    parser.add_argument("--asks", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=100)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
