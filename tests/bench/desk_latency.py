"""The planner's desk in a real Chromium: ``python -m tests.bench.desk_latency FOLDER [--what open moves]``.

``FOLDER`` holds the stores of `tests.bench.desk_city`.  Prints one JSON object a measurement: what it took to open a
plan (service just started; service that has the plan at hand; browser that has it too) and to pan and zoom; and, on the
town, how long each move of the pointer took to be seen: from the browser's own time stamp of the move to the end of the
last frame in which the card with both grids' totals or the map changed.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from data.migrations import upgrade
from tests.bench.output import json_lines, say
from tests.bench.serve import served

SIZE = {"width": 1280, "height": 800}
WAIT_S = 300
_STROKE = 25
"""Moves between pressing the pointer and letting go."""
_PROBE = (Path(__file__).parent / "desk_probe.js").read_text(encoding="utf-8")
_PAN = "(map, i) => map.pan(i % 40 < 20 ? 9 : -9, i % 40 < 20 ? 5 : -5)"
_ZOOM = "(map, i) => map.zoom(i % 40 < 20 ? 1.06 : 1 / 1.06)"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as play:
        found = os.environ.get("GRIDWRIGHT_CHROMIUM", "/usr/bin/chromium")
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serving(store: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """A service that has just started over a copy of a store: its address and the plan."""
    copy = folder / store.name
    if not copy.exists():
        shutil.copy2(store, copy)
        upgrade(f"sqlite:///{copy}")
    with served(f"sqlite:///{copy}", folder / "service.log") as (address, _):
        plans = httpx.get(f"{address}/v1/plans", timeout=WAIT_S).json()["plans"]
        yield address, plans[-1]["id"]


def opened(context: BrowserContext, address: str, plan: str) -> Page:
    """The desk with a plan, painted."""
    page = context.new_page()
    page.set_default_timeout(WAIT_S * 1000)
    page.add_init_script(_PROBE)
    page.goto(f"{address}/desk/plan?plan={plan}&lang=en")
    for _ in range(WAIT_S * 20):
        if page.evaluate("window.deskBench.open !== null"):
            return page
        page.wait_for_timeout(50)
    raise RuntimeError(page.evaluate("document.body.innerText")[:500])


def measure_opening(browser: Browser, store: Path, folder: Path, rounds: int) -> Iterator[dict[str, Any]]:
    """Opening a plan three ways, and moving the map."""
    for k in range(rounds):
        with serving(store, folder) as (address, plan):
            context = browser.new_context(viewport=SIZE)
            for service, has in (("just started", "nothing"), ("at hand", "nothing"), ("at hand", "the page")):
                if has == "nothing":
                    context.close()
                    context = browser.new_context(viewport=SIZE)
                page = opened(context, address, plan)
                told = page.evaluate("window.deskBench.open")
                yield {"measured": "open", "round": k, "service": service, "browser_has": has, **_rounded(told)}
                if has == "the page" and k == rounds - 1:
                    yield from measure_frames(page)
                page.close()
            context.close()


def measure_frames(page: Page) -> Iterator[dict[str, Any]]:
    """Frames while the map is panned and zoomed, the whole plan in sight and a part of it."""
    for sight, factor in (("whole", 1.0), ("a tenth", 3.2), ("close", 6.0)):
        page.evaluate(f"import('/desk/plan/plan_map.js').then((m) => m.map.zoom({factor}))")
        page.wait_for_timeout(1500)
        for what, step in (("pan", _PAN), ("zoom", _ZOOM)):
            times = page.evaluate(f"window.deskBench.frames({step}, 120)")
            yield {"measured": "frames", "sight": sight, "what": what, **_spread(times)}


def measure_moves(browser: Browser, store: Path, folder: Path, count: int) -> Iterator[dict[str, Any]]:
    """Moves of the pointer with the paint tool and with push-the-border."""
    with serving(store, folder) as (address, plan):
        opened(context := browser.new_context(viewport=SIZE), address, plan).close()
        for tool in ("paint", "push"):
            page = opened(context, address, plan)
            page.evaluate("window.deskBench.watchMoves()")
            path = _path(page, count, tool)
            for n, place in enumerate(path):
                if n % _STROKE == 0:  # what is held is dropped, and taken up anew
                    page.keyboard.press("Escape")
                    page.mouse.up()
                    page.evaluate("(id) => document.getElementById(id).click()", f"tool-{tool}")
                    _move(page, path[0])
                    page.mouse.down()
                else:
                    _move(page, place)
            moves = page.evaluate("window.deskBench.moves")
            page.keyboard.press("Escape")
            page.mouse.up()
            changed = [one["ms"] for one in moves if one["isChanged"]]
            yield {
                "measured": "moves",
                "tool": tool,
                "moves": len(moves),
                "changed": len(changed),
                "all_ms": _spread([one["ms"] for one in moves]),
                "changed_ms": _spread(changed),
                "last": moves[-1]["text"] if moves else "",
            }
            page.close()
        context.close()


def _move(page: Page, place: tuple[float, float]) -> None:
    """Move the pointer, and wait until what came of it was measured."""
    before = page.evaluate("window.deskBench.settled")
    page.mouse.move(*place)
    for _ in range(WAIT_S * 50):
        if page.evaluate("window.deskBench.settled") > before:
            return
        page.wait_for_timeout(15)
    raise RuntimeError("a move of the pointer was not seen")


def _path(page: Page, count: int, tool: str) -> list[tuple[float, float]]:
    """Places on the screen: across a border of two large standard grids of one community, forth and back."""
    found = page.evaluate(
        """async () => {
            const { desk } = await import('/desk/plan/plan_state.js');
            const { map, zoomToAtoms } = await import('/desk/plan/plan_map.js');
            const { plan, ground } = desk;
            let best = null;
            for (const [at, grid] of plan.grids.entries()) {
                if (grid.kind !== 'standard') continue;
                const near = new Set();
                for (const atom of plan.members[at]) ground.touching(atom, (other, metres) => {
                    const to = plan.atomGrid[other];
                    const isKin = to >= 0 && to !== at && plan.grids[to].community === grid.community;
                    if (metres > 0 && isKin && plan.grids[to].kind === 'standard') near.add(to);
                });
                for (const to of near) {
                    const size = plan.members[at].size + plan.members[to].size;
                    if (!best || size > best.size) best = { at, to, size };
                }
            }
            zoomToAtoms([...plan.members[best.at], ...plan.members[best.to]]);
            await new Promise((go) => setTimeout(go, 1200));
            const middle = (grid) => {
                let [x, y, n] = [0, 0, 0];
                for (const atom of plan.members[grid]) { x += ground.x_m[atom]; y += ground.y_m[atom]; n += 1; }
                return [x / n, y / n];
            };
            const box = map.canvas.getBoundingClientRect();
            const pixels = [best.at, best.to].map((grid) => map.toPixels(middle(grid)));
            return pixels.map(([x, y]) => [x + box.left, y + box.top]);
        }"""
    )
    (ax, ay), (bx, by) = found
    if tool == "push":  # pressed near the border itself
        ax, ay = ax + 0.5 * (bx - ax), ay + 0.5 * (by - ay)
        ax, ay = page.evaluate(_TO_BORDER, [ax, ay])
    share = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi * count / _STROKE, count + 1))
    wave = 26 * np.sin(np.linspace(0, 6 * np.pi * count / _STROKE, count + 1))
    long = max(np.hypot(bx - ax, by - ay), 1.0)
    x = ax + share * (bx - ax) - wave * (by - ay) / long * share
    y = ay + share * (by - ay) + wave * (bx - ax) / long * share
    return list(zip(x.tolist(), y.tolist()))


_TO_BORDER = """async ([px, py]) => {
    const { map, borderAt, view } = await import('/desk/plan/plan_map.js');
    const { desk } = await import('/desk/plan/plan_state.js');
    const box = map.canvas.getBoundingClientRect();
    for (let away = 0; away < 200; away += 2) {
        for (let turn = 0; turn < 16; turn += 1) {
            const [x, y] = [px + away * Math.cos(turn * Math.PI / 8), py + away * Math.sin(turn * Math.PI / 8)];
            const found = borderAt(map.toMetres([x - box.left, y - box.top]), 5 / map.scale);
            if (!found) continue;
            const [one, two] = [found.a, found.b].map((atom) => desk.plan.grids[desk.plan.atomGrid[atom]]);
            if (one.community === two.community) return [x, y];
        }
    }
    return [px, py];
}"""


def _spread(values: Sequence[float]) -> dict[str, Any]:
    if not values:
        return {"n": 0}
    row = np.asarray(values)
    told = {"p50": np.median(row), "p95": np.percentile(row, 95), "max": row.max()}
    return {"n": len(row), **{name: round(float(value), 1) for name, value in told.items()}}


def _rounded(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _rounded(value) for name, value in told.items()}
    return round(told, 1) if isinstance(told, float) else told


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--what", nargs="+", choices=("open", "moves"), default=["open", "moves"])
    parser.add_argument("--stores", nargs="+", default=["city"], help="stores that are opened")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--moves", type=int, default=200)
    asked = parser.parse_args()
    answers = json_lines()
    with chromium() as browser, tempfile.TemporaryDirectory(prefix="gridwright-desk-") as temporary:
        machine = {
            "chromium": browser.version,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "load": [round(one, 1) for one in os.getloadavg()],
            "gridwright": version("gridwright"),
            "window": SIZE,
        }
        if "open" in asked.what:
            for name in asked.stores:
                for row in measure_opening(browser, asked.folder / f"{name}.db", Path(temporary), asked.rounds):
                    say(answers, {"store": name, **row, **machine})
        if "moves" in asked.what:
            for row in measure_moves(browser, asked.folder / "town.db", Path(temporary), asked.moves):
                say(answers, {"store": "town", **row, **machine})


if __name__ == "__main__":
    main()
