"""Kills service, database server and ``gridwright load`` with kill -9, again and again, while people write.

``python -m tests.bench.kill_store [--rounds 50] [--what service|database|load]... [--store embedded|postgis]...``

Prints one JSON object per pair of what is killed and where the store lies; the rounds go to standard error.  Exit
status 1 where anything acknowledged is not in the store, stands there twice or half, or `gridwright doctor` complains.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from api.usecases import draw_plan
from data.files.territory_file import write_territory
from data.sample import make_town
from tests.drawn_town import DrawnTown
from tests.killed_store import Tally, kill_database, kill_load, kill_service


def main() -> int:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--households", type=int, default=2_000)
    parser.add_argument("--what", action="append", choices=["service", "database", "load"])
    parser.add_argument("--store", action="append", choices=["embedded", "postgis"])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    status = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        town = drawn(folder, arguments.households)
        for what in arguments.what or ["service", "database", "load"]:
            for kind in arguments.store or ["embedded", "postgis"]:
                place = folder / f"{what}-{kind}"
                place.mkdir()
                options = {"rounds": arguments.rounds, "seed": arguments.seed, "say": say}
                if what == "database":
                    if kind == "embedded":
                        continue  # there the database is the service itself
                    tally = kill_database(town, place, **options)
                else:
                    tally = (kill_service if what == "service" else kill_load)(kind, town, place, **options)
                status = status or int(not tally.verdict.is_sound)
                print(json.dumps(row_of(tally), ensure_ascii=False), flush=True)
    return status


def drawn(folder: Path, households: int) -> DrawnTown:
    """A sample town and its plan."""
    territory = folder / "town.gpkg"
    write_territory(make_town(households, 1).territory, territory)
    return DrawnTown(territory, draw_plan(territory, folder / "plan.gpkg", seed=1).path)


def row_of(tally: Tally) -> dict[str, object]:
    """What is printed of a tally."""
    row = asdict(tally)
    verdict = row.pop("verdict")
    counted = {f"n_{name}": len(found) for name, found in verdict.items()}
    return {**row, "seconds": round(tally.seconds), **counted, **verdict}


def say(text: str) -> None:
    """To people."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
