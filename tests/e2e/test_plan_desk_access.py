"""The planner's desk for everybody: what axe-core finds, and the whole desk by keys alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.axe_kit import grave_faults
from tests.plan_desk_kit import (
    DESK,
    TABLET,
    ServedDesk,
    browser,
    desk_file,
    migrated_file,
    open_desk,
    served_desk,
    served_office,
)

__all__ = ["browser", "desk_file", "migrated_file", "served_desk", "served_office"]

SIZES = pytest.mark.parametrize("size", [DESK, TABLET], ids=["laptop", "tablet"])
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


def sound(page: Page, state: str) -> None:
    """The page as it stands has no grave fault, and nothing of it is cut off at the side."""
    assert grave_faults(page) == [], state
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state


@SIZES
@LANGUAGES
def test_the_desk_without_a_plan(
    browser: Browser, served_desk: ServedDesk, size: tuple[int, int], language: str
) -> None:
    with open_desk(browser, served_desk.address, size=size, language=language) as page:
        page.locator(".plans a").first.wait_for()
        sound(page, "list of plans")


@SIZES
@LANGUAGES
def test_the_desk_with_a_plan_and_its_help(
    browser: Browser, served_desk: ServedDesk, size: tuple[int, int], language: str
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, size, language) as page:
        sound(page, "loaded")
        page.locator("#map").focus()
        page.keyboard.press("?")
        page.locator("dialog .keys").first.wait_for()
        sound(page, "help")
        page.keyboard.press("Escape")
        assert page.locator("dialog").count() == 0
        assert page.evaluate("document.activeElement.id") == "map", "the focus is where it was"


def test_the_read_only_desk(browser: Browser, served_office: ServedDesk) -> None:
    with open_desk(browser, served_office.address, served_office.plan, who=(served_office, "sun")) as page:
        sound(page, "read only")


@SIZES
def test_every_panel_is_opened_by_keys_and_sound(
    browser: Browser, served_desk: ServedDesk, size: tuple[int, int]
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, size, "en") as page:
        tabs = page.locator("#tabs [role=tab]")
        ids = [tabs.nth(i).get_attribute("aria-controls") for i in range(tabs.count())]
        page.locator("#tabs [tabindex='0']").focus()
        page.keyboard.press("Home")
        for id in ids:
            page.keyboard.press("Enter")
            if not page.locator(f"#{id}").is_visible():  # it stood open already, and was shut
                page.keyboard.press("Enter")
            assert page.locator(f"#{id}").is_visible(), id
            sound(page, str(id))
            page.keyboard.press("ArrowDown")


def test_at_twice_the_size_everything_is_reached_by_scrolling_down(browser: Browser, served_desk: ServedDesk) -> None:
    """A laptop's page at 200 % is as wide and high as this one."""
    with open_desk(browser, served_desk.address, served_desk.plan, (640, 400), "en") as page:
        sound(page, "at 200 %")
        page.locator("#tab-grids").scroll_into_view_if_needed()
        assert page.locator("#tab-grids").is_visible()
        assert page.evaluate("document.scrollingElement.scrollTop") > 0
        box = page.locator("#tab-grids").bounding_box()
        assert 0 <= box["y"] <= 400
