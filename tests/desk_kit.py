"""For tests of the patrol desk: a town in a store, the page opened as on a phone, and tracks that walk a route."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Browser, Page

from data.store import SqlStore
from tests.served import Town, put_town

WAIT_MS = 180_000
PHONE = (390, 844)
DAY = "2026-11-23"
SPEED_M_S = 3.0 / 3.6
FIX_EVERY_S = 5
LEAST_TOUCH_PX = 48


@contextmanager
def opened(
    browser: Browser,
    address: str,
    size: tuple[int, int] = PHONE,
    *,
    may_say: str = "(?!)",
    place: tuple[float, float] | None = None,
) -> Iterator[Page]:
    """A page whose every fault is noted; on leaving, there may be none.

    Parameters
    ----------
    may_say
        Pattern of what the browser itself may log: a refused request is a line there.
    place
        Longitude and latitude of the phone, where it grants them.
    """
    faults: list[str] = []
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, has_touch=True, accept_downloads=True)
    if place is not None:
        context.grant_permissions(["geolocation"])
        context.set_geolocation({"longitude": place[0], "latitude": place[1], "accuracy": 8})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)

    def note(text: str) -> None:
        if not re.search(may_say, text):
            faults.append(text)

    page.on("console", lambda m: note(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: note(str(error)))
    page.on("dialog", lambda dialog: (note(dialog.message), dialog.dismiss()))
    page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:")) else note(r.url[:200]))
    try:
        yield page
        executed = page.evaluate("window.__t")
    finally:
        context.close()  # a stream that stays open would keep the service from ending
    assert not faults, faults
    assert executed is None, executed


def put_named_town(store: SqlStore, town: Town, names: Sequence[str] = ()) -> str:
    """The town and its plan; streets, places and grids are called by turns as given, where names are given."""
    if names:
        layers = dict(town.territory.layers)
        for name in ("streets", "key_places", "posts"):
            layers[name] = layers[name].assign(name=_by_turns(names, len(layers[name])))
        territory = replace(town.territory, layers=MappingProxyType(layers))
        grids = town.filed.grids.assign(name=_by_turns(names, len(town.filed.grids)))
        town = Town(territory, replace(town.filed, grids=grids))
    return put_town(store, town)


def _by_turns(names: Sequence[str], n: int) -> list[str]:
    return [names[i % len(names)] for i in range(n)]


def ask_route(address: str, grid: str, **query: Any) -> dict[str, Any]:
    """The service's own answer for a grid."""
    asked = {"grid": grid, "date": DAY, "half": "am", **query}
    answer = httpx.get(f"{address}/v1/patrols", params=asked, timeout=WAIT_MS / 1000)
    assert answer.status_code == 200, answer.text
    return answer.json()


def walked(route: dict[str, Any], *, without: str = "") -> bytes:
    """A GPX track along a route, a fix every few seconds, none on the street that is left out."""
    fixes, moment = [], datetime(2026, 11, 23, 1, tzinfo=UTC)
    for leg in route["legs"]:
        line = np.array(leg["geometry"]["coordinates"], ndmin=2, dtype=float)[:, :2]
        told = leg["properties"]
        seconds = float(told["length_m"]) / SPEED_M_S
        n = max(int(seconds // FIX_EVERY_S), 1)
        if not without or told["name"] != without:
            along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
            at = np.linspace(0.0, along[-1], n + 1)
            for i, (lon, lat) in enumerate(zip(np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1]))):
                fixes.append((lon, lat, moment + timedelta(seconds=seconds * i / n)))
        moment += timedelta(seconds=seconds)
    points = "".join(
        f'<trkpt lat="{lat:.7f}" lon="{lon:.7f}"><time>{when:%Y-%m-%dT%H:%M:%SZ}</time></trkpt>'
        for lon, lat, when in fixes
    )
    head = '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">'
    return f"{head}<trk><trkseg>{points}</trkseg></trk></gpx>".encode()


def show_route(page: Page, address: str, grid: str, language: str = "zh") -> None:
    """Open the page and go to the route of a grid."""
    page.goto(f"{address}/desk/patrol?lang={language}&grid={grid}")
    page.locator("#grids [aria-pressed=true]").wait_for()
    page.locator("#day").fill(DAY)
    page.locator("#half span").first.click()
    page.locator("#go").click()
    page.locator("#walk").wait_for()


def go(page: Page, view: str) -> None:
    """To another part of the page."""
    page.locator(f"[data-go={view}]").click()
    page.locator(f"#{view}").wait_for()


def to_first_place(page: Page) -> str:
    """Walk on to the first place to tick; its name."""
    while not page.locator("#tick").is_visible():
        page.locator("#next").click()
    return page.locator("#turn").inner_text()


def until(page: Page, truth: str) -> None:
    """Wait for an expression of the page to come true; Playwright's own waiting needs ``eval``, which no page of ours
    allows."""
    for _ in range(WAIT_MS // 50):
        if page.evaluate(truth):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {truth}")


def small_controls(page: Page) -> list[str]:
    """Buttons, fields and links that are seen and too small for a wet thumb."""
    return page.evaluate(
        """(least) => [...document.querySelectorAll('button, select, input, a, label.tick')]
            .filter((one) => one.checkVisibility() && !one.matches('.unseen, .choices input, .tick input'))
            .map((one) => [one.id || one.textContent.trim().slice(0, 30), one.getBoundingClientRect()])
            .filter(([, box]) => box.width && (box.height < least - 0.5 || box.width < least - 0.5))
            .map(([name, box]) => `${name} ${Math.round(box.width)} x ${Math.round(box.height)}`)""",
        LEAST_TOUCH_PX,
    )


def painted_colours(page: Page, patience_s: float = 10.0) -> int:
    """How many colours the map shows, once it is painted: more than the ground's one, or none in so many seconds."""
    end = time.monotonic() + patience_s
    while (seen := _colours_now(page)) <= 1 and time.monotonic() < end:
        page.wait_for_timeout(50)
    return seen


def _colours_now(page: Page) -> int:
    return page.evaluate(
        """() => {
            const c = document.getElementById('map');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            const seen = new Set();
            for (let i = 0; i < d.length; i += 40) seen.add((d[i] << 16) | (d[i + 1] << 8) | d[i + 2]);
            return seen.size;
        }"""
    )
