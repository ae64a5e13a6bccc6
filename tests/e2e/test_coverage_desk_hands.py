"""The coverage desk by hand: both languages, keys alone, layers, and every size of screen it is made for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.api.test_http_pages_in_browser import browser
from tests.coverage_desk_kit import (
    DESK,
    PICTURE,
    SEEN,
    TABLET,
    address,
    get,
    nothing_decided,
    part,
    picture,
    rank,
    saved,
    show,
    store,
    tab_to,
)
from tests.desk_kit import opened, until
from tests.served import drawn_town
from tests.stores import migrated_file

__all__ = ["address", "browser", "drawn_town", "migrated_file", "nothing_decided", "store"]


def test_switching_the_language_loses_nothing_and_asks_nobody(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        show(page, address, "zh")
        rank(page, 3)
        page.locator("#proposals button.accepted").first.click()
        saved(page, "已接受")
        part(page, "grids")
        page.locator("#find").fill("1")
        until(page, "document.getElementById('busy').hidden")
        page.wait_for_timeout(600)
        rows = page.locator("#rows tbody tr").count()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.locator("#language").click()
        assert page.locator("#tab-cameras").inner_text() == "Cameras"
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.title() == "Coverage desk"
        assert page.locator("#find").input_value() == "1"
        assert page.locator("#rows tbody tr").count() == rows
        part(page, "sites")
        assert page.locator("#proposals li.accepted").count() == 1
        assert "seen" in page.locator("#proposals li").first.inner_text()
        assert asked == []
        chinese = page.evaluate(
            """() => [...document.querySelectorAll('main :is(button, th, h2, label > span), summary')]
                .filter((one) => one.checkVisibility() && /[\\u4e00-\\u9fff]/.test(one.textContent))
                .map((one) => one.textContent)"""
        )
        assert chinese == []


def test_everything_can_be_done_by_keyboard(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        show(page, address)
        tab_to(page, "#tab-cameras")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.id") == "tab-reach"
        page.keyboard.press("ArrowLeft")
        # The level by its key, a target by the keyboard.
        before = page.evaluate(SEEN)
        page.keyboard.press("1")
        until(page, f"{SEEN} !== {before!r}")
        page.keyboard.press("3")
        until(page, f"{SEEN} === {before!r}")
        tab_to(page, "[data-target=rural]")
        page.keyboard.press("Control+a")
        page.keyboard.type("20")
        page.keyboard.press("Tab")
        saved(page, "counted anew")
        assert get(address, "/v1/cameras/settings")["settings"]["density"]["rural"] == 20
        # A row of the table, and the next.
        tab_to(page, "#rows tbody button")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert page.locator("#rows tbody tr").nth(1).get_attribute("aria-current") == "true"
        assert page.evaluate("document.activeElement.closest('tr').getAttribute('aria-current')") == "true"
        # Sorting keeps the focus where it was.
        tab_to(page, "#rows th button", backwards=True)
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.closest('th').getAttribute('aria-sort')") != "none"
        page.keyboard.press("n")
        page.locator("#blind-list [aria-current]").wait_for()
        assert page.locator("#hint").inner_text().startswith("Blind 1 of")
        page.keyboard.press("Shift+N")
        assert not page.locator("#hint").inner_text().startswith("Blind 1 of")
        # A camera at the middle of the map.
        page.keyboard.press("]")
        assert page.evaluate("document.activeElement.id") == "part-try"
        tab_to(page, "#try-middle")
        page.keyboard.press("Enter")
        page.locator("#try-answer tbody tr").first.wait_for()
        # Proposals.
        tab_to(page, "#part-try", backwards=True)
        page.keyboard.press("ArrowRight")
        tab_to(page, "#sites-count")
        page.keyboard.press("Control+a")
        page.keyboard.type("3")
        page.keyboard.press("Enter")
        until(page, "document.querySelectorAll('#proposals li').length === 3")
        tab_to(page, "#proposals button")
        page.keyboard.press("a")
        saved(page, "Accepted")
        page.keyboard.press("j")
        page.keyboard.press("k")
        page.keyboard.press("r")
        saved(page, "Refused")
        assert len(get(address, "/v1/cameras/proposals")["proposals"]) == 2
        page.keyboard.press("u")
        saved(page, "Taken back")
        page.keyboard.press("?")
        assert page.locator("#help-box").is_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        assert not page.locator("#help-box").is_visible()
        tab_to(page, "#map", backwards=True)
        before = picture(page)
        page.keyboard.press("+")
        page.keyboard.press("ArrowLeft")
        until(page, f"{PICTURE} !== {before!r}")


def test_single_keys_can_be_switched_off(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        show(page, address)
        page.keyboard.press("?")
        page.locator("#keys-on").click()
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        assert page.locator("#blind").is_hidden()
        page.reload()
        page.locator("#figures strong").first.wait_for()
        page.keyboard.press("n")
        assert page.locator("#blind").is_hidden()


def test_layers_are_switched_on_and_off(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        show(page, address)
        until(page, "document.getElementById('busy').hidden")
        for layer in ("cameras", "sights", "masks", "seen", "blind", "grids"):
            page.wait_for_timeout(900)
            before = picture(page)
            page.locator(f"#layer-{layer}").click()
            until(page, f"{PICTURE} !== {before!r}")
        page.reload()
        page.locator("#figures strong").first.wait_for()
        assert not page.locator("#layer-cameras").is_checked()
        assert page.locator("#layer-sights").is_checked()


@pytest.mark.parametrize("size", [DESK, TABLET])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_wider_than_the_screen_and_the_map_has_room(
    browser: Browser, address: str, size: tuple[int, int], language: str
) -> None:
    with opened(browser, address, size) as page:
        show(page, address, language)
        rank(page, 3)
        for name in ("grids", "blind", "try", "sites", "built", "shares", "worst", "late", "posts"):
            if name == "shares":
                page.locator("#tab-reach").click()
                page.locator("#rules tbody tr").first.wait_for()
            part(page, name)
            wide = page.evaluate(
                """([w, h]) => [...document.querySelectorAll('body *')]
                    .filter((one) => one.checkVisibility() && !one.matches('.unseen, .choices input'))
                    .filter((one) => one.getBoundingClientRect().right > w + 1 ||
                        one.scrollWidth > one.clientWidth + 1 && one.matches(`main, main > section, [role=tabpanel],
                            .scroll, table, .form, .figures, header, .figure, .parts, .tabs`))
                    .map((one) => `${one.tagName} ${one.id} ${one.className} ${one.scrollWidth} ${one.clientWidth}`)""",
                list(size),
            )
            assert wide == [], name
        box = page.locator("#map").bounding_box()
        assert box["width"] * box["height"] > 0.3 * size[0] * size[1]
        tops = page.locator(".top").bounding_box()
        assert tops["height"] < 60
