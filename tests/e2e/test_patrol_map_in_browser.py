"""The patrol map in a real Chromium, opened from the disk as a reader would; no request, no console error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from maps.patrol import Missed, MissedStreet, turn_rows
from maps.patrol_map import write_patrol_map
from tests.e2e import test_plan_map_in_browser as plan_page
from tests.maps.plans import make_plan
from tests.maps.test_patrol_map import routes
from tests.patrol_kit import METRIC, itinerary_of, network_of

PHONE = plan_page.PHONE
LAPTOP = {"width": 1280, "height": 800}
opened = plan_page.opened
STARTS = "2026-11-22T08:30:00+08:00"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from plan_page.browser.__wrapped__()


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = make_plan(n_grids=12, n_communities=2)
    path = tmp_path_factory.mktemp("maps") / "patrols.html"
    found = routes(plan, 3, starts_at=STARTS, post="东湖警务站")
    line = found[0].legs[0].geometry
    missed = Missed(METRIC, (MissedStreet("West Street", "residential", 100.0, line),), (line.buffer(30),), "am")
    write_patrol_map(found, *plan, path, missed=[missed])
    return path


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = make_plan(n_grids=12, n_communities=2)
    path = tmp_path_factory.mktemp("maps") / "patrol.html"
    write_patrol_map(routes(plan, 1)[:1], *plan, path, language="en")
    return path


def painted(page: Page) -> float:
    return plan_page.painted_frac(page, 2)


def test_all_routes_are_listed_drawn_and_found(browser: Browser, every: Path) -> None:
    with opened(browser, every, LAPTOP) as page:
        assert page.locator(".gw-route-row").count() == 6
        assert painted(page) > 0.005
        assert "6" in page.inner_text("#gw-banner")
        page.fill("#gw-find", page.inner_text(".gw-route-row b >> nth=0"))
        assert page.locator(".gw-route-row").count() == 2
        page.fill("#gw-find", "nowhere at all")
        assert "没有这个名称的路线" in page.inner_text("#gw-routes")


def test_a_route_opens_its_turn_list_and_every_leg_can_be_walked_to(browser: Browser, every: Path) -> None:
    plan = make_plan(n_grids=12, n_communities=2)
    first = routes(plan, 3, starts_at=STARTS, post="东湖警务站")[0]
    rows = turn_rows(first)
    with opened(browser, every, LAPTOP) as page:
        page.locator(".gw-route-row").first.click()
        assert page.locator("button.gw-turn").count() == len(first.legs)
        for node, row in zip(page.locator("button.gw-turn").all(), rows):
            text = node.inner_text()
            assert row.street in text
            assert row.at in text
            assert all(part in text for part in row.note.split("、"))
        assert "回到东湖警务站" in page.inner_text(".gw-turn-end")
        for number in range(1, len(first.legs) + 1):
            page.keyboard.press("n")
            assert page.inner_text(".gw-turn[aria-current] .gw-turn-n") == str(number)
        page.keyboard.press("n")
        assert page.inner_text(".gw-turn[aria-current] .gw-turn-n") == str(len(first.legs))
        page.keyboard.press("p")
        assert page.inner_text(".gw-turn[aria-current] .gw-turn-n") == str(len(first.legs) - 1)
        page.keyboard.press("Escape")
        assert page.locator(".gw-route-row").count() == 6
        # Back where one was: the row of that route has the focus.
        assert page.evaluate("document.activeElement.dataset.route") == "0"


def test_a_click_on_a_street_finds_the_route_and_the_leg(browser: Browser, one: Path) -> None:
    with opened(browser, one, LAPTOP) as page:
        spot = page.evaluate(
            """() => {
                const leg = gridwright.routes[0].legs.findIndex((l) => l.kind === 'inspect' && l.length_m > 150);
                const [a, b] = gridwright.routes[0].legs[leg].path;
                const at = gridwright.map().latLngToContainerPoint([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
                const box = gridwright.map().getContainer().getBoundingClientRect();
                return [at.x + box.x, at.y + box.y, leg];
            }"""
        )
        page.mouse.click(spot[0], spot[1])
        assert page.inner_text(".gw-turn[aria-current] .gw-turn-n") == str(spot[2] + 1)


def test_layers_can_be_switched_and_change_what_is_drawn(browser: Browser, every: Path) -> None:
    with opened(browser, every, LAPTOP) as page:
        page.keyboard.press("r")
        page.click("#gw-layers-open")
        before = painted(page)
        page.uncheck("#gw-layer-missed")
        without = painted(page)
        assert without < before
        page.uncheck("#gw-layer-numbers")
        assert painted(page) < without
        page.click(".gw-missed-row")  # asks for what was missed: shown again
        assert page.is_checked("#gw-layer-missed")


def test_both_languages_without_losing_the_place(browser: Browser, every: Path) -> None:
    with opened(browser, every, LAPTOP) as page:
        page.keyboard.press("r")
        for _ in range(4):
            page.keyboard.press("n")
        page.keyboard.press("g")
        text = page.inner_text("body")
        for word in ("All routes", "Patrol", "Deadhead", "Key place", "A planned route", "Missed on the last shift am"):
            assert word in text, word
        assert page.inner_text(".gw-turn[aria-current] .gw-turn-n") == "4"
        page.keyboard.press("?")
        assert "Next or previous leg" in page.inner_text("#gw-help")
        page.click("#gw-help-close")
        page.keyboard.press("g")
        assert "空驶" in page.inner_text("#gw-legend")


def test_on_a_phone_the_list_is_within_reach_and_nothing_stands_out_of_the_page(browser: Browser, one: Path) -> None:
    with opened(browser, one, PHONE, phone=True) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for node in ("#gw-after", "#gw-before", "#gw-all", "button.gw-turn >> nth=0"):
            assert page.locator(node).bounding_box()["height"] >= 44
        # One route: its turns are open from the start, and the next leg is one touch away at any time.
        page.locator("#gw-after").tap()
        page.locator("#gw-after").tap()
        assert page.inner_text(".gw-turn[aria-current] .gw-turn-n") == "2"
        page.evaluate("document.getElementById('gw-scroll').scrollTop = 1e6")
        assert page.locator("#gw-after").is_visible()
        sizes = page.eval_on_selector_all(
            "#gw-panel *, .gw-top *",
            "all => all.filter((n) => n.innerText).map((n) => parseFloat(getComputedStyle(n).fontSize))",
        )
        assert min(sizes) >= 14


def test_a_map_of_what_was_missed_needs_no_route(browser: Browser, tmp_path: Path) -> None:
    plan = make_plan(n_grids=12, n_communities=2)
    line = routes(plan, 1)[0].legs[0].geometry
    missed = Missed(METRIC, (MissedStreet("West Street", "residential", 100.0, line),), (line.buffer(30),), "")
    for part, said in ((missed, "West Street"), (Missed(METRIC, ()), "没有漏巡")):
        path = tmp_path / f"{said}.html"
        write_patrol_map((), *plan, path, missed=[part])
        with opened(browser, path, LAPTOP) as page:
            assert page.inner_text("h1") == "漏巡路段"
            assert said in page.inner_text("#gw-missed")
            assert not page.locator("#gw-routes").is_visible()
            assert (painted(page) > 0.001) == bool(part.streets)
            page.keyboard.press("n")
            page.keyboard.press("r")
    empty = tmp_path / "empty.html"
    write_patrol_map((), *plan, empty, language="en")
    with opened(browser, empty, PHONE, phone=True) as page:
        assert "There is no route" in page.inner_text("#gw-routes")


def test_hostile_names_are_read_and_nothing_else(browser: Browser, tmp_path: Path) -> None:
    filed, territory = make_plan(n_grids=12, n_communities=2)
    for i, name in enumerate(plan_page.HOSTILE):
        network = network_of(names={"North Street": name, "West Street": name})
        code = filed.grids["code"].iloc[0]
        route = itinerary_of("ad de @0 eg -eg~ -de -ad ab", network=network, id=name, grid=code, post=name, shift=name)
        missed = Missed(METRIC, (MissedStreet(name, name, 9.0),), shift=name)
        path = tmp_path / f"{i}.html"
        write_patrol_map([route], filed, territory, path, missed=[missed], title=name)
        with opened(browser, path, LAPTOP) as page:
            assert name in page.inner_text("#gw-route")
            assert name in page.inner_text("#gw-missed")
