"""The stream of the dispatcher's desk under many listeners: ``python -m tests.bench.incident_stream``.

A real service process; this process is all its listeners, and the dispatchers who write over HTTP at a steady rate.
Prints a JSON object every half minute (memory and processor time of the service, the machine's load) and one at the
end: how long each event took from its moment in the service to each listener, what was lost, what came twice.  Some
listeners never read.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import platform
import re
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import httpx
import numpy as np

from data.migrations import upgrade
from data.store import SqlStore, open_store
from tests.bench.output import json_lines, say
from tests.incident_kit import many_incidents, places
from tests.postgis import running_server
from tests.running import Running, running_service
from tests.service_town import put_town
from tests.stores import empty_database

_MESSAGE = re.compile(rb'data: \{"number":(\d+),"after":(\d+),(?:"kind":"[^"]*","at":"([^"]*)")?')
_MOST_MS = 60_000
_TELL_S = 30.0
_LAST_S = 60.0
_MOST_WAITING = 16
_EVER = 4_000  # incidents on the board before


class Heard:
    """What all listeners were told, and how late."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.at: dict[int, float] = {}
        self.by_ms = np.zeros(_MOST_MS + 1, np.int64)
        self.numbers: list[list[int]] = []
        self.n_broken = 0
        self.n_cut = 0

    def take(self, mine: list[int], part: bytes) -> None:
        """Messages as they came to one listener."""
        now = time.time()
        for found in _MESSAGE.finditer(part):
            number, after = int(found[1]), int(found[2])
            self.n_broken += after != (mine[-1] if mine else self.start)
            mine.append(number)
            at = self.at.get(number)
            if at is None and found[3]:
                at = self.at[number] = datetime.fromisoformat(found[3].decode()).timestamp()
            if at is not None:
                self.by_ms[min(max(int(1000 * (now - at)), 0), _MOST_MS)] += 1

    def ms(self, share: float) -> int:
        """Milliseconds within which a share of the messages came."""
        return int(np.searchsorted(np.cumsum(self.by_ms), share * self.by_ms.sum()))


async def listen(port: int, heard: Heard, mine: list[int], end: asyncio.Event) -> None:
    """One listener, which comes back where it was when it is cut off."""
    while not end.is_set():
        after = mine[-1] if mine else heard.start
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        writer.write(f"GET /v1/incidents/stream?after={after} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        rest = b""
        with suppress(ConnectionError):
            while part := await reader.read(2**18):
                whole, cut, rest = (rest + part).rpartition(b"\n\n")
                heard.take(mine, whole + cut)
        writer.close()
        if not end.is_set():
            heard.n_cut += 1
            await asyncio.sleep(1.0)


async def write(
    address: str, spots: Sequence[tuple[float, float]], per_second: float, seconds: float
) -> dict[str, int]:
    """Incidents come in and are worked on, one event a request; how many were refused, and how many not sent."""
    received: list[str] = []
    assessed: list[str] = []
    refused = unsent = 0
    limits = httpx.Limits(max_connections=8)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as http:

        async def one(k: int) -> None:
            nonlocal refused
            if k % 4 == 0 or not (received and assessed):
                lon, lat = spots[k % len(spots)]
                told = {"lon": lon, "lat": lat, "kind": "道路积水", "priority": 3, "title": f"第{k}号井盖旁路面积水"}
                answer = await http.post("/v1/incidents", json=told)
                if answer.status_code == 201:
                    (received if k % 8 else assessed).append(answer.json()["id"])
            elif k % 4 == 1:
                id = received[k // 4 % len(received)]
                answer = await http.patch(f"/v1/incidents/{id}", json={"title": f"第{k}次核实:路面积水"})
            elif k % 4 == 2:
                id = received.pop(0)
                answer = await http.post(f"/v1/incidents/{id}/transitions", json={"to": "assessed"})
                assessed.append(id)
            else:
                to = {"to": "cancelled", "reason": "查无此事"}
                answer = await http.post(f"/v1/incidents/{assessed.pop(0)}/transitions", json=to)
            refused += answer.status_code >= 400

        began = time.monotonic()
        waiting: set[asyncio.Task[None]] = set()
        for k in itertools.count():
            due = began + k / per_second
            if due > began + seconds:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(waiting) >= _MOST_WAITING:
                unsent += 1  # the service does not keep up: its rate would be another one
                continue
            task = asyncio.create_task(one(k))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        await asyncio.gather(*waiting)
    return {"requests_refused": refused, "requests_not_sent": unsent}


def never_reading(port: int, start: int, n: int) -> list[socket.socket]:
    """Listeners that ask for everything and never read."""
    lines = []
    for _ in range(n):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", port))
        line.sendall(f"GET /v1/incidents/stream?after={start} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        lines.append(line)
    return lines


def of_process(pid: int) -> tuple[float, float]:
    """Resident megabytes and seconds of processor time of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, sum(map(int, used[11:13])) / os.sysconf("SC_CLK_TCK")


async def watch(pid: int, heard: Heard, out: TextIO, told: list[dict[str, Any]]) -> None:
    """Say every half minute how the service does."""
    before, began = of_process(pid)[1], time.monotonic()
    while True:
        await asyncio.sleep(_TELL_S)
        rss, cpu = of_process(pid)
        row = {
            "measured": "service",
            "s": round(time.monotonic() - began),
            "rss_mb": round(rss, 1),
            "cpu_cores": round((cpu - before) / _TELL_S, 3),
            "p95_ms_so_far": heard.ms(0.95),
            "load": os.getloadavg()[0],
        }
        before = cpu
        told.append(row)
        say(out, row)


async def measure(service: Running, store: SqlStore, asked: argparse.Namespace, out: TextIO) -> dict[str, Any]:
    """The whole measurement."""
    port = int(service.address.rpartition(":")[2])
    with store.read() as tx:
        start = tx.stream.last()
    heard, end = Heard(start), asyncio.Event()
    heard.numbers = [[] for _ in range(asked.listeners)]
    tasks = [asyncio.create_task(listen(port, heard, mine, end)) for mine in heard.numbers]
    deaf = never_reading(port, start, asked.deaf)
    await asyncio.sleep(3.0)
    told: list[dict[str, Any]] = []
    watching = asyncio.create_task(watch(service.process.pid, heard, out, told))
    wrong = await write(service.address, places(store, 200, 3), asked.per_second, 60 * asked.minutes)
    with store.read() as tx:
        true = [event.number for event in tx.stream.since(start, limit=10**6)]
    stop = time.monotonic() + _LAST_S
    while time.monotonic() < stop and any(mine[-1:] != true[-1:] for mine in heard.numbers):
        await asyncio.sleep(0.2)
        with store.read() as tx:  # what became overdue meanwhile
            true += [event.number for event in tx.stream.since(true[-1], limit=10**6)]
    watching.cancel()
    end.set()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for line in deaf:
        line.close()
    wanted = set(true)
    settled = [row["rss_mb"] for row in told[2:]] or [0.0]
    return {
        "measured": "stream",
        "store": store.kind,
        "listeners": asked.listeners,
        "never_reading": asked.deaf,
        "minutes": asked.minutes,
        "events": len(true),
        "events_per_s": round(len(true) / (60 * asked.minutes), 1),
        **wrong,
        "delivered": int(sum(map(len, heard.numbers))),
        "lost": sum(len(wanted - set(mine)) for mine in heard.numbers),
        "doubled": sum(len(mine) - len(set(mine)) for mine in heard.numbers),
        "out_of_order": sum(mine != sorted(mine) for mine in heard.numbers),
        "chains_broken": heard.n_broken,
        "cut_off": heard.n_cut,
        "p50_ms": heard.ms(0.5),
        "p95_ms": heard.ms(0.95),
        "p99_ms": heard.ms(0.99),
        "max_ms": int(np.flatnonzero(heard.by_ms)[-1]),
        "rss_mb_after_a_minute": settled[0],
        "rss_mb_at_the_end": settled[-1],
        "cpu_cores": round(float(np.mean([row["cpu_cores"] for row in told] or [0])), 3),
        "load": os.getloadavg()[0],
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


@contextmanager
def fresh_store(kind: str, folder: Path) -> Iterator[SqlStore]:
    """A store with a town in force and a day's closed incidents."""
    if kind == "embedded":
        yield from _filled(f"sqlite:///{folder / 'bench.sqlite'}")
    else:
        with running_server(is_durable=True) as server, empty_database(server) as database:
            yield from _filled(database.render_as_string(hide_password=False))


def _filled(address: str) -> Iterator[SqlStore]:
    upgrade(address)
    store = open_store(address)
    try:
        put_town(store)
        many_incidents(store, _EVER, states=("closed",), now=datetime.now(UTC))
        yield store
    finally:
        store.close()


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=500)
    parser.add_argument("--per-second", type=float, default=20.0)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--deaf", type=int, default=5, help="listeners beside them that never read")
    parser.add_argument("--store", choices=("embedded", "postgis"), default="embedded")
    asked = parser.parse_args(arguments)
    out = json_lines()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    with tempfile.TemporaryDirectory(prefix="gw-stream-") as folder, fresh_store(asked.store, Path(folder)) as store:
        url = store.url.render_as_string(hide_password=False)
        with running_service(url, Path(folder)) as service:
            say(out, asyncio.run(measure(service, store, asked, out)))


if __name__ == "__main__":
    main(sys.argv[1:])
