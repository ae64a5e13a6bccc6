"""The patrol desk in a real Chromium as on a phone: from the grid to the streets that were missed, and without network.

Every test fails on a console error or warning, an error of the page, or a request to anything but the service.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from data.store import SqlStore
from tests.api.test_http_pages_in_browser import browser
from tests.desk_kit import (
    DAY,
    PHONE,
    ask_route,
    go,
    opened,
    painted_colours,
    put_named_town,
    show_route,
    small_controls,
    to_first_place,
    until,
    walked,
)
from tests.served import Town, drawn_town, running
from tests.stores import act, embedded_store, migrated_file

__all__ = ["browser", "drawn_town", "embedded_store", "migrated_file"]


@pytest.fixture
def address(embedded_store: SqlStore, drawn_town: Town) -> Iterator[str]:
    put_named_town(embedded_store, drawn_town)
    with running(embedded_store) as url:
        yield url


@pytest.fixture
def grid(drawn_town: Town) -> str:
    """A grid with streets and places to look at."""
    places = drawn_town.territory.layers["key_places"]
    grids = drawn_town.filed.grids.to_crs(places.crs)
    inside = grids.sindex.query(places.geometry, predicate="within")[1]
    return sorted(set(grids["code"].iloc[inside]))[0]


def choose(page: Page, text: str) -> None:
    page.locator("#find").fill(text)
    page.keyboard.press("Enter")
    page.locator("#grids [aria-pressed=true]").wait_for()


def test_the_whole_way_from_the_grid_to_the_streets_that_were_missed(browser: Browser, address: str, grid: str) -> None:
    with opened(browser, address) as page:
        page.goto(f"{address}/?lang=zh")
        page.get_by_role("link", name="巡逻路线").click()
        page.locator("#grids button").first.wait_for()
        assert small_controls(page) == []
        choose(page, grid[-4:])
        assert grid in page.locator("#grids [aria-pressed=true]").inner_text()
        page.locator("#day").fill(DAY)
        page.locator("#half span").first.click()
        page.locator("#go").click()
        page.locator("#walk").wait_for()
        assert page.locator("#where").inner_text() == grid
        assert page.locator("#turn").inner_text()
        assert page.locator("#back").is_disabled()
        assert painted_colours(page) > 4
        assert small_controls(page) == []
        # The controls are where the thumb is: the lowest third of the screen.
        assert page.locator("#next").bounding_box()["y"] > PHONE[1] * 2 / 3

        name = to_first_place(page)
        page.locator("#tick").click()
        assert page.locator("#tick").get_attribute("aria-pressed") == "true"
        go(page, "list")
        assert page.locator("#places input:checked").count() == 1
        assert name in page.locator("#places li", has=page.locator("input:checked")).inner_text()
        assert small_controls(page) == []

        go(page, "take")
        for part, ending, begins in (
            ("gpx", ".gpx", b"<?xml"),
            ("gcj02", "_GCJ02.gpx", b"<?xml"),
            ("pdf", ".pdf", b"%PDF-"),
        ):
            with page.expect_download() as caught:
                page.locator(f"[data-file={part}]").click()
            assert caught.value.suggested_filename.endswith(ending)
            assert caught.value.path().read_bytes().startswith(begins)
        page.locator("#show-qr").click()
        until(page, "document.getElementById('qr').naturalWidth > 60")
        assert small_controls(page) == []

        route = ask_route(address, grid)["routes"][0]
        longest = max(
            (leg["properties"] for leg in route["legs"] if leg["properties"]["kind"] == "inspect"),
            key=lambda told: told["length_m"] if told["name"] else 0,
        )["name"]
        go(page, "track")
        track = {"name": "7.gpx", "mimeType": "application/gpx+xml", "buffer": walked(route, without=longest)}
        page.set_input_files("#gpx", files=[track])
        page.locator("#report .figures").wait_for()
        assert longest in page.locator(".missed li").first.inner_text()
        assert page.locator("#map").is_visible()
        page.locator(".missed button").first.click()
        assert page.locator(".missed [aria-pressed=true]").count() == 1
        assert small_controls(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        # The report is the shift's: it is there again after a reload.
        page.reload()
        page.locator("#report .figures").wait_for()
        assert longest in page.locator(".missed li").first.inner_text()


def test_switching_the_language_on_the_way_loses_nothing(browser: Browser, address: str, grid: str) -> None:
    with opened(browser, address) as page:
        show_route(page, address, grid, "en")
        to_first_place(page)
        page.locator("#tick").click()
        before = page.locator("#told strong").inner_text()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.locator("#language").click()
        assert page.locator("#next").inner_text() == "下一步"
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        assert page.locator("#told strong").inner_text() == before
        assert "已查" in page.locator("#tick").inner_text()
        page.locator("#language").click()
        assert page.locator("#next").inner_text() == "Next"
        assert asked == []


def test_everything_can_be_done_by_keyboard(browser: Browser, address: str, grid: str) -> None:
    with opened(browser, address, (768, 1024)) as page:
        page.goto(f"{address}/desk/patrol?lang=en")
        page.locator("#grids button").first.wait_for()
        tab_to(page, "#find")
        page.keyboard.type(grid[-4:])
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
        tab_to(page, "input[name=mode]:checked")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        assert page.locator("input[name=mode]:checked").get_attribute("value") == "foot"
        tab_to(page, "#go")
        page.keyboard.press("Enter")
        page.locator("#walk").wait_for()
        for _ in range(200):
            if page.locator("#tick").is_visible():
                break
            page.keyboard.press("n")
        page.keyboard.press("t")
        assert page.locator("#tick").get_attribute("aria-pressed") == "true"
        page.keyboard.press("p")
        assert not page.locator("#tick").is_visible()
        tab_to(page, "#map")
        before = painted(page)
        page.keyboard.press("+")
        page.keyboard.press("ArrowLeft")
        until(page, f"{PICTURE} !== {before!r}")
        tab_to(page, "[data-go=list]")
        page.keyboard.press("Enter")
        tab_to(page, "#places input")
        assert page.locator("#places input").first.is_checked()
        page.keyboard.press("Space")
        assert not page.locator("#places input").first.is_checked()


PICTURE = "document.getElementById('map').toDataURL().slice(-4000)"


def painted(page: Page) -> str:
    return page.evaluate(PICTURE)


def tab_to(page: Page, selector: str) -> None:
    """By the tabulator key alone; from the beginning where it lies before."""
    for _ in range(400):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} is not reached by keyboard")


def test_a_saved_shift_is_walked_with_the_network_cable_out(browser: Browser, address: str, grid: str) -> None:
    with opened(browser, address) as page:
        show_route(page, address, grid, "en")
        to_first_place(page)
        page.locator("#tick").click()
        step = page.locator("#told strong").inner_text()
        go(page, "take")
        page.locator("#save").click()
        page.locator("#forget").wait_for()
        said = page.locator("#saved").inner_text()
        assert grid in said
        assert "plan" in said
        assert page.locator("#saved-parts li").count() == 5
        assert page.locator("#saved-parts .bad").count() == 0
        go(page, "route")

        page.context.set_offline(True)
        page.reload()
        page.locator("#walk").wait_for()
        assert page.locator("#signal").inner_text() == "No network"
        assert page.locator("#told strong").inner_text() == step
        assert page.locator("#tick").get_attribute("aria-pressed") == "true"
        assert painted_colours(page) > 4
        page.locator("#next").click()
        page.locator("#language").click()
        assert page.locator("#next").inner_text() == "下一步"
        go(page, "take")
        with page.expect_download() as caught:
            page.locator("[data-file=gpx]").click()
        assert b"<gpx" in caught.value.path().read_bytes()
        page.locator("#show-qr").click()
        until(page, "document.getElementById('qr').naturalWidth > 60")
        go(page, "track")
        track = {"name": "7.gpx", "mimeType": "application/gpx+xml", "buffer": b"<?xml version='1.0'?><gpx></gpx>"}
        page.set_input_files("#gpx", files=[track])
        page.locator(".notice.bad").wait_for()
        assert "没有网络" in page.locator(".notice.bad").inner_text()
        assert page.locator("#again").is_visible()
        go(page, "pick")
        page.locator("#kept button").first.click()
        page.locator("#walk").wait_for()

        page.context.set_offline(False)
        page.reload()
        page.locator("#walk").wait_for()
        assert page.locator("#signal").inner_text() == "本机副本"
        go(page, "take")
        page.locator("#forget").click()
        page.locator("#forget").wait_for(state="hidden")
        assert page.evaluate("caches.open('gridwright-patrol-routes').then(c => c.keys()).then(k => k.length)") == 0


def test_each_of_several_patrollers_has_a_route_of_their_own(browser: Browser, address: str, grid: str) -> None:
    with opened(browser, address) as page:
        page.goto(f"{address}/desk/patrol?lang=en&grid={grid}")
        page.locator("#grids [aria-pressed=true]").wait_for()
        page.locator("summary").click()
        page.locator("#patrollers").select_option("2")
        page.locator("[data-step='1']").click()
        assert page.locator("#number").inner_text() == "No. 2"
        page.locator("#go").click()
        page.locator("#walk").wait_for()
        assert page.locator("#when").inner_text().endswith("No. 2")
        second = page.locator("#told").inner_text()
        page.locator("#next").click()
        go(page, "list")
        page.get_by_role("button", name="No. 1", exact=True).click()
        go(page, "route")
        first = page.locator("#told").inner_text()
        assert first.startswith("1 /")
        assert first != second
        go(page, "list")
        page.get_by_role("button", name="No. 2", exact=True).click()
        go(page, "route")
        assert page.locator("#told strong").inner_text().startswith("2 /")


@pytest.mark.parametrize("size", [(320, 568), (390, 844), (768, 1024), (1280, 800)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_wider_than_the_screen_or_below_it(
    browser: Browser, address: str, grid: str, size: tuple[int, int], language: str
) -> None:
    with opened(browser, address, size) as page:
        show_route(page, address, grid, language)
        name = to_first_place(page)
        assert name
        for view in ("pick", "route", "list", "take", "track"):
            go(page, view)
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], view
            wide = page.evaluate(
                """(most) => [...document.querySelectorAll('body *')]
                    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > most + 1)
                    .map((one) => `${one.tagName} ${one.id} ${one.textContent.trim().slice(0, 30)}`)""",
                size[0],
            )
            assert wide == [], view
            tabs = page.locator("#tabs").bounding_box()
            assert tabs["y"] + tabs["height"] <= size[1] + 1, view
        go(page, "route")
        map_box = page.locator("#map").bounding_box()
        assert map_box["height"] > size[1] / 5
        assert page.locator(".map-buttons").bounding_box()["y"] >= map_box["y"]


def test_a_saved_shift_tells_when_the_plan_has_changed(
    browser: Browser, embedded_store: SqlStore, drawn_town: Town, grid: str
) -> None:
    put_named_town(embedded_store, drawn_town)
    with running(embedded_store) as address, opened(browser, address) as page:
        show_route(page, address, grid, "en")
        page.locator("#next").click()
        go(page, "take")
        page.locator("#save").click()
        page.locator("#forget").wait_for()
        with embedded_store.write(act()) as tx:
            territory = tx.territories.current()
            card = tx.plans.save(drawn_town.filed, territory_id=territory.id, name="autumn", state="filed")
            tx.life.change_state(
                card.id, "in_force", effective_from=card.created_at, may_backdate=True, over_others=True
            )
        page.reload()
        page.locator(".notice.warn").wait_for()
        assert "autumn" in page.locator(".notice.warn").inner_text()
        page.locator(".notice.warn button").first.click()
        page.locator("#walk").wait_for()
        until(page, "document.getElementById('signal').textContent === ''")
        assert page.locator(".notice").count() == 0


def test_where_the_phone_grants_its_position_the_grids_near_come_first_and_the_turns_follow(
    browser: Browser, address: str, grid: str
) -> None:
    legs = [leg for leg in ask_route(address, grid)["routes"][0]["legs"] if leg["properties"]["kind"] != "dwell"]
    begin, end = legs[0]["geometry"]["coordinates"][0], legs[0]["geometry"]["coordinates"][-1]
    with opened(browser, address, place=(begin[0], begin[1])) as page:
        page.goto(f"{address}/desk/patrol?lang=en")
        page.locator("#grids button").first.wait_for()
        page.locator("#near").click()
        until(page, "document.getElementById('found').textContent.includes('nearest')")
        away = [text.split()[-2:] for text in page.locator("#grids .beside").all_inner_texts()]
        metres = [float(n) * (1000 if unit == "km" else 1) for n, unit in away]
        assert metres == sorted(metres)
        assert len(metres) > 1
        show_route(page, address, grid, "en")
        page.locator("#follow").click()
        assert page.locator("#follow").get_attribute("aria-pressed") == "true"
        first = page.locator("#told strong").inner_text()
        page.context.set_geolocation({"longitude": end[0], "latitude": end[1], "accuracy": 8})
        until(page, f"document.querySelector('#told strong').textContent !== {first!r}")
        page.mouse.move(150, 300)
        page.mouse.down()
        page.mouse.move(220, 380, steps=4)
        page.mouse.up()
        assert page.locator("#follow").get_attribute("aria-pressed") == "false"
