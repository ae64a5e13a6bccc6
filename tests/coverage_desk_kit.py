"""For tests of the coverage desk: a town in a store, one service for a file of tests, and what a planner does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from data.store import SqlStore, open_store
from tests.desk_kit import WAIT_MS, put_named_town, until
from tests.served import Town, running
from tests.stores import act

DESK = (1280, 800)
TABLET = (768, 1024)
SEEN = "document.querySelector('.figure.strong strong').textContent"
PICTURE = "document.getElementById('map').toDataURL().slice(-6000)"


@pytest.fixture(scope="module")
def store(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory, drawn_town: Town) -> Iterator[SqlStore]:
    path = tmp_path_factory.mktemp("coverage") / "store.db"
    path.write_bytes(migrated_file.read_bytes())
    opened_store = open_store(f"sqlite:///{path}")
    put_named_town(opened_store, drawn_town)
    with opened_store.write(act()) as tx:
        territory = tx.territories.current()
        tx.plans.save(drawn_town.filed, territory_id=territory.id, name="autumn", state="filed")
    yield opened_store
    opened_store.close()


@pytest.fixture(scope="module")
def address(store: SqlStore) -> Iterator[str]:
    """One service for the tests of this file, since a survey is made once; who changes something takes it back."""
    with running(store) as url:
        yield url


@pytest.fixture(autouse=True)
def nothing_decided(address: str) -> Iterator[None]:
    yield
    for one in get(address, "/v1/cameras/proposals")["proposals"]:
        answer = httpx.delete(f"{address}/v1/cameras/proposals/{one['id']}", params={"kind": one["kind"]}, timeout=60)
        assert answer.status_code == 204, answer.text
    for settings in ("/v1/cameras/settings", "/v1/reach/settings"):
        while get(address, settings)["can_undo"]:
            assert httpx.post(f"{address}{settings}/undo", timeout=60).status_code == 200


def get(address: str, path: str, **query: Any) -> Any:
    answer = httpx.get(f"{address}{path}", params=query, timeout=WAIT_MS / 1000)
    assert answer.status_code == 200, answer.text
    return answer.json()


def show(page: Page, address: str, language: str = "en") -> None:
    page.goto(f"{address}/desk/coverage?lang={language}")
    page.locator("#figures strong").first.wait_for()
    page.locator("#targets input").first.wait_for()


def part(page: Page, name: str) -> None:
    page.locator(f"#part-{name}").click()
    page.locator(f"#{name}").wait_for()


def rank(page: Page, count: int) -> None:
    """Ask for a ranking and wait for it."""
    part(page, "sites")
    page.locator("#sites-count").fill(str(count))
    page.locator("#sites-form .main").click()
    until(page, "document.querySelectorAll('#proposals li').length > 0")


def saved(page: Page, text: str) -> None:
    until(page, f"document.getElementById('saved').textContent.includes({text!r})")


def metres(text: str) -> float:
    number, unit = re.search(r"([\d.]+) (k?m)\b", text).groups()  # type: ignore[union-attr]
    return float(number) * (1000 if unit == "km" else 1)


def on_screen(page: Page, lon_lat: list[float]) -> tuple[float, float]:
    """Where a place of the map stands on the screen, found by the scale of the whole area."""
    box = page.locator("#map").bounding_box()
    view = page.evaluate(
        """async ([lon, lat]) => {
            const { map } = await import('/desk/coverage/coverage_map.js');
            return map.toPixels(map.place([lon, lat]));
        }""",
        lon_lat,
    )
    return box["x"] + view[0], box["y"] + view[1]


def picture(page: Page) -> str:
    page.wait_for_timeout(400)
    return page.evaluate(PICTURE)


def tab_to(page: Page, selector: str, *, backwards: bool = False) -> None:
    """By the tabulator key alone; from the other end where it lies behind."""
    for _ in range(400):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    pytest.fail(f"{selector} is not reached by keyboard")
