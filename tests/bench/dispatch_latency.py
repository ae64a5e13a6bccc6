"""The dispatcher's desk in a real Chromium: ``python -m tests.bench.dispatch_latency [--incidents N] [--rounds R]``.

Prints one JSON object a measurement: what it took from the start of the navigation until all incidents were painted,
first by a browser that has nothing, then by one that has the scripts; frames while the map is dragged by the mouse, by
their own time stamps, the whole town in sight and a street, and while twenty incidents a second come in; and from the
moment an incident was sent until the frame that shows it.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page

from data.migrations import upgrade
from data.store import SqlStore, open_store
from tests.bench.desk_latency import chromium
from tests.bench.output import json_lines, say
from tests.bench.serve import served
from tests.dispatch_kit import fill
from tests.incident_kit import places

SIZE = {"width": 1280, "height": 800}
WAIT_S = 120
_MOVES = 180
_EVENTS_PER_S = 20.0
_MAP = "import('/desk/dispatch/dispatch_map.js')"
_STATE = "import('/desk/dispatch/dispatch_state.js')"
_RECORD = f"""async () => {{
    const {{ map, overlay }} = await {_MAP};
    window.frames = [];
    if (window.isRecording) return;
    window.isRecording = true;
    overlay(99, () => window.frames.push(performance.now()));
}}"""
_WATCH = f"""async () => {{
    const {{ on }} = await {_STATE};
    const {{ pictures, redraw }} = await {_MAP};
    window.seen = {{}};
    on("incident", ({{ row, isNew }}) => {{
        if (!isNew) return;
        const before = pictures().marks.painted;
        const look = () => requestAnimationFrame(() => {{
            if (pictures().marks.painted === before) return look();
            window.seen[row.title] = performance.timeOrigin + performance.now();
        }});
        look();
    }});
}}"""


def opened(context: BrowserContext, address: str) -> tuple[Page, float]:
    """The desk, and the milliseconds until its incidents were painted."""
    page = context.new_page()
    page.goto(f"{address}/desk/dispatch?lang=en", wait_until="commit")
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        found = page.evaluate("performance.getEntriesByName('incidents painted')[0]?.startTime ?? null")
        if found is not None:
            return page, float(found)
        page.wait_for_timeout(20)
    raise RuntimeError("no incident was painted")


def measure_opening(browser: Browser, address: str, rounds: int) -> Iterator[dict[str, Any]]:
    """First paint, by a browser that has nothing and by one that has the scripts."""
    times: dict[str, list[float]] = {"nothing": [], "the page": []}
    for _ in range(rounds):
        context = browser.new_context(viewport=SIZE)
        for has, row in times.items():
            page, took = opened(context, address)
            row.append(took)
            if has == "nothing":
                shown = page.evaluate(f"{_MAP}.then((m) => m.standing())")
            page.close()
        context.close()
    for has, row in times.items():
        yield {"measured": "first paint", "browser_has": has, "shown": shown["total"], "ms": spread(row)}


def measure_frames(page: Page, sight: str) -> dict[str, Any]:
    """Frames while the map is dragged to and fro."""
    page.evaluate(_RECORD)
    box = page.locator("#map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 9, y)
    begun = page.evaluate("performance.now()")
    for i in range(_MOVES):
        far = 160 * np.sin(2 * np.pi * i / 60)
        page.mouse.move(x + far, y + 0.6 * far)
    ended = page.evaluate("performance.now()")
    page.mouse.up()
    frames = np.array([one for one in page.evaluate("window.frames") if begun <= one <= ended])
    apart = np.diff(frames)
    per_s = 1000.0 * len(frames) / (ended - begun)
    return {
        "measured": "pan",
        "sight": sight,
        "moves": _MOVES,
        "frames_per_s": round(per_s, 1),
        "frame_ms": spread(apart),
    }


@contextmanager
def coming_in(address: str, spots: Sequence[tuple[float, float]]) -> Iterator[list[float]]:
    """Incidents come in meanwhile, so many a second; the moments each was sent."""
    stop, sent = threading.Event(), []

    def go_on() -> None:
        with httpx.Client(timeout=WAIT_S) as http:
            next_at = time.monotonic()
            for i, (lon, lat) in enumerate(spots):
                if stop.is_set():
                    return
                sent.append(time.time())
                body = {"lon": lon, "lat": lat, "kind": "道路积水", "priority": 1 + i % 3}
                http.post(f"{address}/v1/incidents", json=body)
                next_at += 1.0 / _EVENTS_PER_S
                stop.wait(max(0.0, next_at - time.monotonic()))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join()


def measure_updates(page: Page, address: str, spots: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """From the POST to the frame that shows it."""
    page.evaluate(_WATCH)
    row = []
    with httpx.Client(timeout=WAIT_S) as http:
        for i, (lon, lat) in enumerate(spots):
            title = f"bench {i}"
            begun = time.time()
            body = {"lon": lon, "lat": lat, "kind": "道路积水", "priority": 1, "title": title}
            answer = http.post(f"{address}/v1/incidents", json=body)
            assert answer.status_code == 201, answer.text
            answered = time.time()
            end = time.monotonic() + WAIT_S
            while (seen := page.evaluate("(title) => window.seen[title] ?? null", title)) is None:
                assert time.monotonic() < end, "an incident was never seen"
                page.wait_for_timeout(10)
            row.append((1000 * (answered - begun), seen - 1000 * begun))
    answers, visible = zip(*row, strict=True)
    return {"measured": "POST to visible", "n": len(row), "answer_ms": spread(answers), "visible_ms": spread(visible)}


def spread(values: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """Median, 95th percentile and largest."""
    row = np.asarray(values, dtype=float)
    told = {"p50": np.median(row), "p95": np.percentile(row, 95), "max": row.max()}
    return {"n": len(row), **{name: round(float(value), 1) for name, value in told.items()}}


def measure(browser: Browser, store: SqlStore, address: str, rounds: int) -> Iterator[dict[str, Any]]:
    """Everything, over a service that has been asked once."""
    httpx.get(f"{address}/v1/incidents/board", timeout=WAIT_S)
    yield from measure_opening(browser, address, rounds)
    context = browser.new_context(viewport=SIZE)
    page, _ = opened(context, address)
    page.wait_for_timeout(2000)
    yield measure_frames(page, "whole town")
    page.evaluate(f"{_MAP}.then((m) => m.map.zoom(5))")
    page.wait_for_timeout(1500)
    yield measure_frames(page, "some streets")
    page.evaluate(f"{_MAP}.then((m) => m.fitAll())")
    page.wait_for_timeout(1000)
    with coming_in(address, places(store, 400, 5)):
        page.wait_for_timeout(500)
        yield {**measure_frames(page, "whole town"), "events_per_s": _EVENTS_PER_S}
    page.wait_for_timeout(1000)
    yield measure_updates(page, address, places(store, 30, 6))
    context.close()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    answers = json_lines()
    with tempfile.TemporaryDirectory(prefix="gridwright-dispatch-") as temporary:
        address = f"sqlite:///{Path(temporary) / 'town.db'}"
        upgrade(address)
        store = open_store(address)
        fill(store, asked.incidents)
        with served(address, Path(temporary) / "service.log") as (at, _), chromium() as browser:
            machine = {
                "incidents": asked.incidents,
                "chromium": browser.version,
                "python": platform.python_version(),
                "cores": os.cpu_count(),
                "gridwright": version("gridwright"),
                "window": SIZE,
            }
            for row in measure(browser, store, at, asked.rounds):
                say(answers, {**row, **machine, "load": [round(one, 1) for one in os.getloadavg()]})
        store.close()


if __name__ == "__main__":
    main()
