"""Measures the import of many incidents on both stores: seconds, memory, and how long the transaction holds others up.

    python -m tests.bench.incident_import [--rows 100000] [--store embedded|postgis|both]

Each store is filled by a process of its own, so that the memory is that of one import.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from data.migrations import upgrade
from data.store import open_store
from tests.postgis import running_server
from tests.salford_land import SINCE, salford_town
from tests.served import put_town
from tests.stores import act, empty_database

WEST, SOUTH, EAST, NORTH = -2.46, 53.42, -2.25, 53.53


def write_rows(path: Path, n: int) -> None:
    """A table of incidents with ids, of which one in a thousand lies outside."""
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(WEST, EAST, n), rng.uniform(SOUTH, NORTH, n)
    lon[::1000] += 30
    day, hour, minute = rng.integers(1, 29, n), rng.integers(0, 24, n), rng.integers(0, 60, n)
    kinds = ("占道经营", "环境卫生", "设施损坏", "矛盾纠纷")
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["事件编号", "经度", "纬度", "接报时间", "类型", "优先级", "状态", "办结时间", "标题"])
        for i in range(n):
            stamp = f"2025-{1 + i % 12:02d}-{day[i]:02d}"
            row = [f"E{i}", f"{lon[i]:.6f}", f"{lat[i]:.6f}", f"{stamp} {hour[i]:02d}:{minute[i]:02d}", kinds[i % 4]]
            table.writerow([*row, 1 + i % 3, "已办结", f"{stamp} 23:59:59", f"第 {i} 号"])


def measure(address: str, path: Path) -> None:
    """Import a file twice into a store and say what it took."""
    from api.usecases.import_incidents import import_incidents
    from api.usecases.incident_cells import ImportOptions

    store = open_store(address)
    put_town(store, salford_town(), SINCE)
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for _ in range(2):
        began = time.perf_counter()
        receipt = import_incidents(store, path, act(), "admin", ImportOptions())
        seconds = time.perf_counter() - began
        most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{store.kind}: {seconds:.1f} s, {receipt.counts}, {most_mb:.0f} MB (before {before_mb:.0f} MB)", flush=True
        )
    with store.read() as tx:
        print(f"{store.kind}: {tx.incidents.count()} in the store", flush=True)
    store.close()


def main() -> None:
    """Measure."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--rows", type=int, default=100_000)
    asked.add_argument("--store", default="both", choices=("embedded", "postgis", "both"))
    asked.add_argument("--address")
    asked.add_argument("--file", type=Path)
    options = asked.parse_args()
    if options.address:
        measure(options.address, options.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "incidents.csv"
        write_rows(path, options.rows)
        print(f"{options.rows} rows, {path.stat().st_size / 1e6:.1f} MB, load {os.getloadavg()[0]:.1f}", flush=True)

        def apart(address: str) -> None:
            command = [sys.executable, "-m", "tests.bench.incident_import", "--address", address, "--file", str(path)]
            subprocess.run(command, check=True)

        if options.store != "postgis":
            address = f"sqlite:///{folder}/store.sqlite"
            upgrade(address)
            apart(address)
        if options.store != "embedded":
            with running_server(is_durable=True) as server, empty_database(server) as database:
                address = database.render_as_string(hide_password=False)
                upgrade(address)
                apart(address)


if __name__ == "__main__":
    main()
