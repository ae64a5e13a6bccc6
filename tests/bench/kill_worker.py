"""Kills the worker with kill -9 in the middle of one job after another, on both stores, and counts what is lost.

``python -m tests.bench.kill_worker [--rounds 50] [--households 16000] [--store both|embedded|postgis] [--seed N]``

Prints one JSON object per store.  A round: a draw is asked for, its worker is killed once something chosen at random
has happened (the n-th event, or n answers kept, and a random bit of time), another worker is started, the job's end is
awaited.  Only kills in the middle of a job count as rounds.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from data.migrations import upgrade
from data.sample import make_town
from data.store import SqlStore, open_store
from tests.job_kit import load
from tests.kill_kit import kill_rounds
from tests.postgis import running_server
from tests.stores import empty_database


@contextmanager
def fresh_store(kind: str, folder: Path) -> Iterator[SqlStore]:
    """A store with tables and nothing in them; on PostGIS the server writes to the disk as in real life."""
    if kind == "embedded":
        address = f"sqlite:///{folder / 'store.db'}"
        upgrade(address)
        store = open_store(address)
        yield store
        store.close()
        return
    with running_server(is_durable=True) as server, empty_database(server) as url:
        address = url.render_as_string(hide_password=False)
        upgrade(address)
        store = open_store(address)
        yield store
        store.close()


def main() -> int:
    """Run the rounds; 1 where anything was lost, doubled or halved."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--households", type=int, default=16_000)
    parser.add_argument("--store", choices=["both", "embedded", "postgis"], default="both")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    town = make_town(arguments.households, 3).territory
    status = 0
    for kind in ("embedded", "postgis") if arguments.store == "both" else (arguments.store,):
        with tempfile.TemporaryDirectory() as name, fresh_store(kind, Path(name)) as store:
            tally = kill_rounds(
                store,
                load(store, town),
                Path(name),
                rounds=arguments.rounds,
                seed=arguments.seed,
                n_seeds=3,
                most_answers=3,
                spread_s=0.4,
                say=lambda text: print(text, file=sys.stderr, flush=True),
            )
        row = {**asdict(tally), "contents": {seed: sorted(found) for seed, found in tally.contents.items()}}
        print(json.dumps({"store": kind, "households": arguments.households, **row}), flush=True)
        is_sound = tally.lost == tally.doubled == tally.half == 0 and all(len(f) == 1 for f in tally.contents.values())
        status = status or int(not is_sound)
    return status


if __name__ == "__main__":
    sys.exit(main())
