"""Keys of the planner's desk: one registry, silent in fields and while words are composed; search; language; paper."""

from __future__ import annotations

import io

import pypdfium2
from playwright.sync_api import Browser, Page

from tests.plan_desk_kit import (
    DESK,
    TABLET,
    ServedDesk,
    browser,
    desk_file,
    in_page,
    migrated_file,
    open_desk,
    served_desk,
)

__all__ = ["browser", "desk_file", "migrated_file", "served_desk"]

SCALE = "const { map } = await import('/desk/plan/plan_map.js'); return map.scale;"


def scale(page: Page) -> float:
    return float(in_page(page, SCALE))


def press(page: Page, **event: object) -> None:
    """A key as some keyboards and input methods send it, on the map."""
    facts = {"bubbles": True, "cancelable": True, **event}
    page.evaluate("(facts) => document.getElementById('map').dispatchEvent(new KeyboardEvent('keydown', facts))", facts)


def test_keys_work_on_the_page_and_are_silent_in_fields(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        before = scale(page)
        page.locator("#map").focus()
        page.keyboard.press("+")
        assert scale(page) > before
        page.keyboard.press("0")
        assert scale(page) == before
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "search"
        page.keyboard.type("0-+?")
        assert page.locator("#search").input_value() == "0-+?"
        assert scale(page) == before
        assert page.locator("dialog").count() == 0


def test_a_number_that_no_grid_has_is_said_where_it_is_seen(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        in_page(page, "const { chooseGrid } = await import('/desk/plan/plan_tools_chosen.js'); chooseGrid(3);")
        page.locator("#map").focus()
        page.keyboard.press("9")
        told = page.locator("#notices", has_text="There is no grid 9 here")
        told.wait_for()
        page.keyboard.press("1")
        told.wait_for(state="detached")


def test_keys_of_other_scripts_count_by_where_they_are_and_composing_counts_for_nothing(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="zh") as page:
        press(page, key="？", code="Slash", shiftKey=True)
        page.locator("dialog .keys").first.wait_for()
        page.keyboard.press("Escape")
        press(page, key="?", code="Slash", shiftKey=True, isComposing=True)
        press(page, key="Process", code="Slash", shiftKey=True)
        assert page.locator("dialog").count() == 0


def test_keys_of_one_character_can_be_switched_off_and_the_help_stays(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.keyboard.press("?")
        page.get_by_label("Keys of one letter are on").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") != "search"
        page.keyboard.press("Control+f")
        assert page.evaluate("document.activeElement.id") == "search"
        page.reload()
        page.locator("body[data-state=ready]").wait_for()
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") != "search", "kept over a reload"
        page.keyboard.press("?")
        assert page.locator("dialog .keys").first.is_visible()


def test_no_two_commands_share_a_key_at_the_same_moment(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.keyboard.press("?")
        rows = page.locator("dialog dt")
        keys = [key for i in range(rows.count()) for key in rows.nth(i).locator("kbd").all_inner_texts()]
        assert sorted({key for key in keys if keys.count(key) > 1}) == []
        assert {"Ctrl+F", "?", "0"} <= set(keys)


def test_searching_leads_to_a_grid_an_estate_and_a_building(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        code = in_page(page, "return desk.plan.grids[2].code;")
        whole = scale(page)
        page.keyboard.press("/")
        page.keyboard.type(code)
        page.locator("#found [aria-selected=true]").wait_for()
        page.keyboard.press("Enter")
        assert in_page(page, "return desk.plan.grids[desk.grid].code;") == code
        assert scale(page) > whole
        assert page.evaluate("document.activeElement.id") == "map"
        page.keyboard.press("0")
        page.keyboard.press("/")
        page.keyboard.type("b0000")
        page.locator("#found li", has_text="building").first.click()
        assert scale(page) > whole
        page.keyboard.press("/")
        page.keyboard.type("<img src=x onerror=window.__t=1>")
        page.locator("#found", has_text="Nothing is called like this.").wait_for()
        page.keyboard.press("Escape")
        assert not page.locator("#found").is_visible()


def test_switching_the_language_loses_nothing_and_asks_nobody(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="zh") as page:
        in_page(
            page,
            """desk.selection = new Set([1, 2, 3]);
            desk.grid = 1;
            state.tell("selection");
            state.tell("grid", 1);""",
        )
        page.locator("#search").fill("嘉")
        page.wait_for_timeout(800)
        before = in_page(page, SCALE)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.locator("#language").click()
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.title().endswith("Planner's desk")
        assert page.locator("#search").input_value() == "嘉"
        assert in_page(page, "return [desk.selection.size, desk.grid];") == [3, 1]
        assert in_page(page, SCALE) == before
        page.wait_for_timeout(300)
        assert [url for url in asked if "/v1/" in url] == []
        chinese = page.evaluate(
            """() => [...document.querySelectorAll('header button, #saved, #tools *, #tabs *, summary, #strip')]
                .filter((one) => one.checkVisibility() && one.id !== 'language')
                .filter((one) => /[\\u4e00-\\u9fff]/.test(one.textContent))
                .map((one) => one.outerHTML.slice(0, 120))"""
        )
        assert chinese == []
        page.reload()
        page.locator("body[data-state=ready]").wait_for()
        assert page.evaluate("document.documentElement.lang") == "en"


def test_paper_shows_title_map_and_legend_and_nothing_else(browser: Browser, served_desk: ServedDesk) -> None:
    for size in (DESK, TABLET):
        with open_desk(browser, served_desk.address, served_desk.plan, size, "en") as page:
            before = in_page(page, SCALE)
            printed = pypdfium2.PdfDocument(io.BytesIO(page.pdf(prefer_css_page_size=True)))
            assert len(printed) == 1
            assert [round(side) for side in printed[0].get_size()] == [842, 595]
            text = printed[0].get_textpage().get_text_range()
            assert "autumn" in text
            assert "draft, revision 1" in text
            assert "Nothing is held" not in text
            image = printed[0].render(scale=1).to_pil().convert("RGB")
            assert len(image.getcolors(1 << 24)) > 200, "the map is on it"
            page.wait_for_timeout(300)
            assert in_page(page, SCALE) == before
            assert page.locator("#map").bounding_box()["width"] <= size[0]
