"""The frame of the dispatcher's desk: languages, sizes, night, keys, hostile words, and that everybody can use it."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import Browser

from tests.axe_kit import grave_faults
from tests.dispatch_kit import (
    DESK,
    HOSTILE,
    TABLET,
    Desk,
    browser,
    desk,
    dispatch_file,
    in_page,
    migrated_file,
    open_desk,
    until,
)

__all__ = ["browser", "desk", "dispatch_file", "migrated_file"]


def test_the_desk_is_linked_from_the_first_page_and_refuses_what_it_does_not_know(desk: Desk) -> None:
    front = httpx.get(f"{desk.address}/?lang=en", headers={"Accept": "text/html"}, follow_redirects=True).text
    assert "/desk/dispatch?lang=en" in front
    assert httpx.get(f"{desk.address}/desk/dispatch?unheard=1").status_code == 400


def test_a_switch_of_language_loses_nothing(browser: Browser, desk: Desk) -> None:
    with open_desk(browser, desk.address, "&priority=1&incident=i1") as page:
        assert page.locator("h1").inner_text() == "调度台"
        page.locator("#q").fill("占道")
        until(page, "location.search.includes('q=')")
        shown = page.locator("#count").inner_text().split(" ")[0]
        page.locator("#language").click()
        assert page.locator("h1").inner_text() == "Dispatcher's desk"
        assert page.locator("#q").input_value() == "占道"
        assert page.locator("#count").inner_text().split(" ")[0] == shown
        assert in_page(page, "return [desk.selected, desk.filter.priority]") == ["i1", ["1"]]
        # Every word of the page is one of the table, none a key without a sentence.
        bare = page.evaluate("[...document.querySelectorAll('[data-w]')].filter((e) => e.textContent === e.dataset.w)")
        assert bare == []


def test_night_follows_the_system_until_one_is_chosen_and_is_kept(browser: Browser, desk: Desk) -> None:
    night = "document.documentElement.dataset.night"
    with open_desk(browser, desk.address, may_say="willReadFrequently") as page:
        page.emulate_media(color_scheme="dark")
        until(page, f"{night} === 'true'")
        page.keyboard.press("Shift+N")
        until(page, f"{night} === 'false'")
        land = "document.querySelector('#map').getContext('2d').getImageData(4, 60, 1, 1).data[0]"
        until(page, f"{land} > 200")
        page.locator("#night").click()
        until(page, f"{land} < 60")
        page.goto(f"{desk.address}/desk/dispatch")
        until(page, f"{night} === 'true'")


def test_both_sizes_hold_everything_and_nobody_is_kept_out(browser: Browser, desk: Desk) -> None:
    for size, query in ((DESK, "&night=0"), (TABLET, "&night=1&layer=grids")):
        with open_desk(browser, desk.address, query, size, language="en") as page:
            until(page, "document.querySelectorAll('.row').length > 3")
            wide, high = page.evaluate("[document.body.scrollWidth, document.body.scrollHeight]")
            assert wide <= size[0]
            assert high <= size[1]
            out = page.evaluate(
                """[...document.querySelectorAll('button, select, input, summary, canvas')]
                   .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
                   .map((one) => one.id)"""
            )
            assert out == []
            assert grave_faults(page) == []
            page.locator("#filter-state summary").click()
            page.locator("#filter-state .check").first.wait_for()
            assert grave_faults(page) == []


def test_keys_are_told_in_the_help_and_do_nothing_in_a_field(browser: Browser, desk: Desk) -> None:
    with open_desk(browser, desk.address, language="en") as page:
        page.keyboard.press("?")
        page.locator("dialog.help").wait_for()
        told = page.locator("dialog.help").inner_text()
        for word in ("Next incident", "Show everything", "Night colours", "Click a ring"):
            assert word in told
        assert not re.search(r"\b(keys|mouse)_", told)
        page.keyboard.press("Escape")
        page.locator("#q").focus()
        page.keyboard.type("jo")
        until(page, "location.search.includes('q=jo')")
        assert in_page(page, "return [desk.selected, desk.filter.overdue]") == ["", False]


def test_hostile_titles_stay_text(browser: Browser, desk: Desk) -> None:
    with open_desk(browser, desk.address, "&q=%3Cimg") as page:
        until(page, "document.querySelectorAll('.row').length > 3")
        assert page.locator(".row .title").first.inner_text() == HOSTILE[0]
        assert page.locator(".row img, .row script").count() == 0
        page.locator("#filter-kind summary").click()
        page.keyboard.press("Escape")
        at = in_page(
            page,
            """const row = filter.shownRows()[0];
               state.select(row.id);
               map.zoomTo(row.id, { least: 18 });
               await new Promise((go) => setTimeout(go, 200));
               const box = map.map.canvas.getBoundingClientRect();
               return [box.left + box.width / 2, box.top + box.height / 2];""",
        )
        page.mouse.move(*at)
        page.locator("#hover").wait_for()
        assert page.locator("#hover img").count() == 0
