"""The difference map in a real Chromium, opened from the disk as a reader would; no request, no console error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from maps.change_map import write_change_map
from tests.cell_plans import cell_plan
from tests.e2e import test_plan_map_in_browser as plan_page
from tests.partition.test_compare import NEW, OLD

HOME = "330402015001"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from plan_page.browser.__wrapped__()


@pytest.fixture(scope="module")
def change_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("maps") / "changes.html"
    write_change_map(cell_plan(OLD), cell_plan(NEW, plan_id="P-2"), path)
    return path


opened = plan_page.opened


def listed(page: Page) -> list[str]:
    return page.eval_on_selector_all("#gw-act tbody tr", "rows => rows.map((row) => row.dataset.code.slice(-1))")


def test_the_page_shows_what_became_of_every_grid(browser: Browser, change_map: Path) -> None:
    with opened(browser, change_map) as page:
        fills = page.eval_on_selector_all(
            "path.gw-grid:not([fill=none])", "all => all.map((p) => [p.dataset.code.slice(-1), p.getAttribute('fill')])"
        )
        assert len(fills) == 10
        shown = dict(fills)
        assert shown["A"] == shown["F"] != shown["B"]
        assert shown["B"] == shown["C"] == "url(#gw-changed)"
        assert shown["J"] == "url(#gw-merged)"
        assert shown["K"] == "url(#gw-split)"
        assert shown["O"] == "url(#gw-new)"
        assert page.locator("path.gw-moved").count() == 1
        assert "10 个网格中有 8 个与原方案不同" in page.inner_text("#gw-banner")
        assert page.locator(".gw-counts tbody tr").count() == 7
        assert page.locator(".gw-measures tbody tr").count() == 12
        assert "P-2" in page.inner_text("#gw-foot")
        assert plan_page.painted_frac(page) > 0.01


def test_old_borders_and_moved_ground_can_be_switched_off(browser: Browser, change_map: Path) -> None:
    with opened(browser, change_map) as page:
        page.click("#gw-layers-open")
        page.uncheck("#gw-layer-borders")
        page.uncheck("#gw-layer-communities")
        assert plan_page.painted_frac(page) > 0.001  # the old borders are still there
        page.keyboard.press("o")
        assert plan_page.painted_frac(page) == 0
        assert not page.is_checked("#gw-layer-old")
        page.uncheck("#gw-layer-moved")
        assert not page.locator("path.gw-moved").is_visible()


def test_a_click_on_a_grid_tells_where_its_households_come_from(browser: Browser, change_map: Path) -> None:
    with opened(browser, change_map) as page:
        # Near a corner: the middle of its box lies on the border of a neighbour.
        page.locator(f"path.gw-grid[data-code='{HOME}J']").click(position={"x": 30, "y": 30})
        assert page.inner_text("#gw-card h2") == f"{HOME}J"
        card = page.inner_text("#gw-card")
        assert all(f"{HOME}{letter}" in card for letter in "DGH")
        shares = page.eval_on_selector_all(
            "#gw-card .gw-shares td:last-child", "cells => cells.map((c) => parseFloat(c.textContent))"
        )
        assert sum(shares) == pytest.approx(100, abs=0.3)
        # From there to an old grid that is no longer on the map, and on to where it went.
        page.click(f"#gw-card .gw-shares button:text('{HOME}D')")
        assert page.inner_text("#gw-card h2") == f"{HOME}D"
        assert "原网格" in page.inner_text("#gw-card")
        page.click(f"#gw-card .gw-shares button:text('{HOME}J')")
        assert page.inner_text("#gw-card h2") == f"{HOME}J"


def test_key_u_walks_through_all_changes_and_nothing_else(browser: Browser, change_map: Path) -> None:
    with opened(browser, change_map) as page:
        seen = []
        for _ in range(14):
            page.keyboard.press("u")
            seen.append(page.inner_text("#gw-card h2")[-1])
        assert seen[:13] == [*"BCJKLMNO", *"DEGHI"]
        assert seen[13] == "B"


def test_the_list_sorts_filters_and_leads_to_the_grid(browser: Browser, change_map: Path) -> None:
    with opened(browser, change_map) as page:
        assert sorted(listed(page)) == sorted("BCJKLMNODEGHI")
        page.click("#gw-sort-code")
        assert listed(page) == sorted(listed(page))
        page.click("#gw-sort-code")
        assert listed(page) == sorted(listed(page), reverse=True)
        page.click("#gw-only-split")
        assert sorted(listed(page)) == sorted("EKLMN")
        assert page.get_attribute("#gw-only-split", "aria-pressed") == "true"
        page.click("#gw-sort-households")
        amounts = page.eval_on_selector_all(
            "#gw-act tbody td:nth-child(3)", "cells => cells.map((c) => parseInt(c.textContent))"
        )
        assert amounts == sorted(amounts, reverse=True)
        page.click("#gw-only-kept")
        assert sorted(listed(page)) == ["A", "F"]
        before = plan_page.zoom(page)
        page.locator("#gw-act tbody tr").first.click()
        assert page.inner_text("#gw-card h2")[-1] in "AF"
        assert plan_page.zoom(page) > before


def test_both_languages_and_search_over_old_and_new_codes(browser: Browser, change_map: Path) -> None:
    with opened(browser, change_map) as page:
        page.keyboard.press("g")
        inside, whole = page.evaluate(
            "['clientWidth', 'scrollWidth'].map((side) => document.getElementById('gw-scroll')[side])"
        )
        assert whole <= inside  # long English headings do not push the table out of the panel
        text = page.inner_text("body")
        for word in ("Kept", "Merged", "Next change", "Old grid border", "Measures side by side"):
            assert word in text, word
        page.fill("#gw-find", "1D")
        assert "Old grid" in page.inner_text("#gw-hits")
        page.keyboard.press("Enter")
        assert page.inner_text("#gw-card h2") == f"{HOME}D"
        page.keyboard.press("?")
        assert "Old borders on or off" in page.inner_text("#gw-help")


def test_nothing_changed_is_said_at_once(browser: Browser, tmp_path: Path) -> None:
    write_change_map(cell_plan(OLD), cell_plan(OLD), tmp_path / "same.html", language="en")
    with opened(browser, tmp_path / "same.html") as page:
        assert "Nothing changed" in page.inner_text("#gw-banner")
        assert page.is_disabled("#gw-next")
        page.keyboard.press("u")
        assert not page.locator("#gw-card").is_visible()


def test_on_a_phone_the_sheet_leaves_room_for_the_map(browser: Browser, change_map: Path) -> None:
    with opened(browser, change_map, plan_page.PHONE, phone=True) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= plan_page.PHONE["width"]
        page.click("#gw-next")
        sheet = page.locator("#gw-panel").bounding_box()
        assert sheet
        assert sheet["y"] > 250
        page.click("#gw-handle")
        wide = page.evaluate("document.getElementById('gw-scroll').scrollWidth")
        assert wide <= plan_page.PHONE["width"]


@pytest.mark.parametrize("text", plan_page.HOSTILE)
def test_hostile_names_are_shown_and_never_run(browser: Browser, tmp_path: Path, text: str) -> None:
    path = tmp_path / "hostile.html"
    old = cell_plan(OLD, grid_names=dict.fromkeys("ABCDEFGHI", text))
    write_change_map(old, cell_plan(NEW, plan_id=text, grid_names=dict.fromkeys("ABCFJKLMNO", text)), path, title=text)
    with opened(browser, path) as page:
        page.keyboard.press("u")
        page.keyboard.press("g")
        assert text in page.inner_text("#gw-card")


def test_one_thing_is_said_in_the_singular(browser: Browser, change_map: Path) -> None:
    with opened(browser, change_map) as page:
        said = page.evaluate(
            """() => {
                gridwright.setLanguage("en");
                const say = (n) => gridwright.say("now_changed", { n, all: 10 });
                return [say(1), say("1"), say(0), say(2), gridwright.say("now_changed", { n: 1, all: 1 })];
            }"""
        )
        assert said == [
            "1 of 10 grids differs",
            "1 of 10 grids differs",
            "0 of 10 grids differ",
            "2 of 10 grids differ",
            "1 of 1 grid differs",
        ]
