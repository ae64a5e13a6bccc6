"""Look-up by point over HTTP, beside a bare FastAPI echo under the same client in the same run.

``python -m tests.bench.serve [--grids N] [--seconds S] [--rounds R]`` prints one JSON object a service: the echo,
gridwright without accounts, gridwright with an API key; and one of its index in memory, without HTTP.  Client (wrk, or
a Python client where there is none: then the client is the limit, and the object says so) and service share the
machine, so only the ratio to the echo counts.  At half load the client waits between requests so that half of the
measured rate is asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from api.lookup_index import GridIndex
from api.usecases.accounts import add_account, issue_key
from data.migrations import upgrade
from data.store import Act, open_store
from data.store.rooms.in_force import Grids
from tests.bench.output import json_lines, say
from tests.bench.serve_city import grid_city

_NOW = datetime(2026, 11, 22, tzinfo=UTC)
_CONNECTIONS = 16

ECHO = """
from fastapi import FastAPI
app = FastAPI()
@app.get("/v1/lookup")
async def echo(lon: float, lat: float):
    return {"lon": lon, "lat": lat}
@app.get("/v1/echo")
async def echo_text(text: str):
    return {"text": text}
"""


def make_store(address: str, n_grids: int) -> tuple[float, float, float, float]:
    """A store with the city in force; the box of its longitudes and latitudes."""
    upgrade(address)
    store = open_store(address)
    territory, filed = grid_city(n_grids)
    with store.write(Act("bench", _NOW)) as tx:
        card = tx.territories.save(territory, "city")
        plan = tx.plans.save(filed, territory_id=card.id, name="city", state="filed")
        tx.life.change_state(plan.id, "in_force", effective_from=_NOW, may_backdate=True)
    store.close()
    west, south, east, north = filed.grids.to_crs(4326).total_bounds.tolist()
    return west, south, east, north


def make_key(address: str) -> str:
    """A key of an account that may look up."""
    store = open_store(address)
    try:
        act = Act("bench", datetime.now(UTC))
        add_account(store, act, "head", role="admin")
        add_account(store, act, "desk", role="lookup")
        return issue_key(store, act, "desk").text
    finally:
        store.close()


@contextmanager
def served(store: str, log: Path) -> Iterator[tuple[str, int]]:
    """One service as a process of its own; its address and process id.  An empty store stands for the echo."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    echo = [sys.executable, "-m", "tests.bench.serve", "--run-echo", "--port", port]
    ours = [sys.executable, "-m", "api.cli", "serve", "--store", store, "--port", port, "--no-worker", "--lang", "en"]
    # Rates are lifted, for they would end the measurement; the log of answers is written as in earnest.
    environment = {**os.environ, "GRIDWRIGHT_RATES": "lookup=100000000/minute"}
    with log.open("a") as said:
        process = subprocess.Popen(ours if store else echo, env=environment, stdout=said, stderr=said)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    ended = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=5).close()
            return
        except urllib.error.HTTPError:
            return  # the echo knows no such path, but it answers
        except OSError:
            if time.monotonic() > ended or process.poll() is not None:
                raise
            time.sleep(0.05)


def run_echo(port: int) -> None:
    """The bare echo, under uvicorn as it comes, without a log of answers."""
    import uvicorn

    scope: dict[str, Any] = {}
    exec(ECHO, scope)
    uvicorn.run(scope["app"], host="127.0.0.1", port=port, access_log=False, log_level="warning")


@dataclass(frozen=True, slots=True)
class Measured:
    """What the client saw."""

    per_second: float
    p50_ms: float
    p99_ms: float
    wrong: int


_SCRIPT = """
local at, paths = 0, {{}}
function init(args)
  math.randomseed(7)
  for path in io.lines("{paths}") do paths[#paths + 1] = path end
end
wrk.headers["Host"] = "127.0.0.1"
{key}
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
{delay}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("@ %f %f %f %d\\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, e.status + e.connect + e.read + e.write + e.timeout))
end
"""


def point_paths(box: tuple[float, float, float, float]) -> list[str]:
    """What to ask for points of a box."""
    random = np.random.default_rng(7)
    points = zip(random.uniform(box[0], box[2], 5_000), random.uniform(box[1], box[3], 5_000))
    return [f"/v1/lookup?lon={lon:.6f}&lat={lat:.6f}" for lon, lat in points]


def press(address: str, paths: Sequence[str], seconds: float, key: str = "", half_of: float = 0.0) -> Measured:
    """Ask for some paths for some seconds, as fast as can be, or at half of a rate."""
    if shutil.which("wrk") is None:
        return asyncio.run(_press_in_python(address, paths, seconds, key, half_of))
    pause_ms = round(1000 * _CONNECTIONS / (half_of / 2), 3) if half_of else 0
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file, tempfile.NamedTemporaryFile("w") as listed:
        listed.write("\n".join(paths))
        listed.flush()
        script = _SCRIPT.format(
            paths=listed.name,
            key=f'wrk.headers["Authorization"] = "Bearer {key}"' if key else "",
            # Around the pause, so that the connections do not march in step.
            delay=f"function delay() return {pause_ms} * (0.5 + math.random()) end" if half_of else "",
        )
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{int(seconds)}s", "--timeout", "10s", "-s", file.name]
        said = subprocess.run([*command, address], capture_output=True, text=True, check=True).stdout
    found = re.search(r"^@ (\S+) (\S+) (\S+) (\d+)$", said, re.MULTILINE)
    if found is None:
        raise RuntimeError(said)
    return Measured(float(found[1]), float(found[2]), float(found[3]), int(found[4]))


async def _press_in_python(address: str, paths: Sequence[str], seconds: float, key: str, half_of: float) -> Measured:
    host, port = address.removeprefix("http://").split(":")
    head = f"Host: 127.0.0.1\r\n{f'Authorization: Bearer {key}{chr(13)}{chr(10)}' if key else ''}\r\n"
    pause = _CONNECTIONS / (half_of / 2) if half_of else 0.0
    took: list[float] = []
    wrong = 0
    ended = time.perf_counter() + seconds

    async def connection(first: int) -> None:
        nonlocal wrong
        reader, writer = await asyncio.open_connection(host, int(port))
        at = first
        while time.perf_counter() < ended:
            path = paths[at % len(paths)]
            at += _CONNECTIONS
            began = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\n{head}".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.search(rb"content-length: (\d+)", answer.lower())[1]))
            took.append(time.perf_counter() - began)
            wrong += b" 200 " not in answer[:16]
            if pause:
                await asyncio.sleep(pause)
        writer.close()

    await asyncio.gather(*(connection(k) for k in range(_CONNECTIONS)))
    ms = 1000 * np.array(took)
    return Measured(len(took) / seconds, float(np.percentile(ms, 50)), float(np.percentile(ms, 99)), wrong)


def measure(folder: Path, n_grids: int, seconds: float, rounds: int) -> list[dict[str, Any]]:
    """Every service in turn, several times over; the middle of the rounds counts."""
    store, log = f"sqlite:///{folder / 'bench.sqlite'}", folder / "log"
    box = make_store(store, n_grids)
    found = _rounds({"echo": ("", ""), "gridwright": (store, "")}, box, seconds, rounds, log)
    # Once there is an account everybody needs one: measured last, beside an echo of its own.
    key = make_key(store)
    found += _rounds({"echo": ("", ""), "gridwright_with_key": (store, key)}, box, seconds, rounds, log)[1:]
    found.append(_in_memory(n_grids))
    facts = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "client": "wrk" if shutil.which("wrk") else "python (the client is the limit)",
        "connections": _CONNECTIONS,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("fastapi", "starlette", "uvicorn", "shapely")},
        "grids": n_grids,
    }
    return [{**facts, **row} for row in found]


def _batch_ms(address: str, box: tuple[float, float, float, float], key: str) -> float:
    """Milliseconds from the first byte of a batch of 10,000 points to the last of its answer."""
    random = np.random.default_rng(7)
    lon, lat = random.uniform(box[0], box[2], 10_000).tolist(), random.uniform(box[1], box[3], 10_000).tolist()
    body = json.dumps({"points": [{"lon": x, "lat": y} for x, y in zip(lon, lat)]}).encode()
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    began = time.perf_counter()
    request = urllib.request.Request(f"{address}/v1/lookup/batch", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()
    return 1000 * (time.perf_counter() - began)


def _in_memory(n_grids: int) -> dict[str, Any]:
    """The index alone, without HTTP: seconds of a core to build it, points a second of a core."""
    grids = grid_city(n_grids)[1].grids.to_crs(4326)
    columns = (tuple(grids[name]) for name in ("code", "name", "community"))
    outlines = Grids(*columns, ("p",) * n_grids, np.asarray(grids.geometry.array))
    began = time.process_time()
    index = GridIndex(outlines)
    built = time.process_time() - began
    west, south, east, north = grids.total_bounds
    random = np.random.default_rng(7)
    points = np.column_stack([random.uniform(west, east, 50_000), random.uniform(south, north, 50_000)])
    began = time.process_time()
    for lon, lat in points.tolist():
        index.find(lon, lat)
    one = len(points) / (time.process_time() - began)
    began = time.process_time()
    index.find_many(points[:, 0], points[:, 1])
    many = len(points) / (time.process_time() - began)
    return {
        "service": "index_in_memory",
        "build_seconds": round(built, 2),
        "per_second": round(one),
        "per_second_many": round(many),
    }


def _cpu_seconds(pid: int) -> float:
    """Seconds of a core that a process has used, as far as the system tells: what others do does not count in it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rounds(
    services: dict[str, tuple[str, str]],
    box: tuple[float, float, float, float],
    seconds: float,
    rounds: int,
    log: Path,
) -> list[dict[str, Any]]:
    paths = point_paths(box)
    full: dict[str, list[Measured]] = {name: [] for name in services}
    half: dict[str, list[Measured]] = {name: [] for name in services}
    cpu: dict[str, list[float]] = {name: [] for name in services}
    batch: dict[str, list[float]] = {name: [] for name in services}
    for _ in range(rounds):
        for name, (store, key) in services.items():
            with served(store, log) as (address, pid):
                press(address, paths, 2, key)
                before = _cpu_seconds(pid)
                full[name].append(press(address, paths, seconds, key))
                n_requests = full[name][-1].per_second * seconds
                cpu[name].append(1e6 * (_cpu_seconds(pid) - before) / n_requests)
                half[name].append(press(address, paths, seconds, key, half_of=full[name][-1].per_second))
                if store:
                    batch[name].append(_batch_ms(address, box, key))
    ratios = {
        name: [one.per_second / base.per_second for one, base in zip(full[name], full["echo"])] for name in services
    }
    return [
        {
            "service": name,
            "per_second": round(statistics.median(one.per_second for one in full[name])),
            "of_echo": round(statistics.median(ratios[name]), 3),
            "of_echo_least": round(min(ratios[name]), 3),
            "cpu_us_per_request": round(statistics.median(cpu[name])),
            "p50_ms": round(statistics.median(one.p50_ms for one in full[name]), 2),
            "p99_ms": round(statistics.median(one.p99_ms for one in full[name]), 2),
            "half_per_second": round(statistics.median(one.per_second for one in half[name])),
            "half_p50_ms": round(statistics.median(one.p50_ms for one in half[name]), 2),
            "half_p99_ms": round(statistics.median(one.p99_ms for one in half[name]), 2),
            "half_p99_ms_most": round(max(one.p99_ms for one in half[name]), 2),
            "batch_10000_ms": round(statistics.median(batch[name])) if batch[name] else None,
            "wrong": sum(one.wrong for one in [*full[name], *half[name]]),
        }
        for name in services
    ]


def main() -> None:
    """Measure, or be one of the services that are measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=2_500)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run-echo", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run_echo:
        run_echo(asked.port)
    else:
        out = json_lines()
        with tempfile.TemporaryDirectory() as folder:
            for row in measure(Path(folder), asked.grids, asked.seconds, asked.rounds):
                say(out, row)


if __name__ == "__main__":
    main()
