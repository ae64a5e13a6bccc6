"""Every kind of map file under axe-core, as it opens, with a card and with its help."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.axe_kit import grave_faults
from tests.coverage_pages import browser, cameras, reach
from tests.e2e.test_change_map_in_browser import change_map
from tests.e2e.test_patrol_map_in_browser import every as patrols
from tests.e2e.test_plan_map_in_browser import opened, town_map

__all__ = ["browser", "cameras", "change_map", "patrols", "reach", "town_map"]
LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


def open_card(page: Page, kind: str) -> None:
    """Something chosen, the way this kind of map does it."""
    if kind == "patrols":
        page.locator(".gw-route-row").first.dispatch_event("click")
        page.locator(".gw-turn").first.wait_for(state="attached")
        return
    if kind in ("cameras", "reach"):
        page.keyboard.press("t")
        page.keyboard.press("n")
    else:
        page.fill("#gw-find", page.evaluate("gridwright.data.grids[0].code"))
        page.keyboard.press("Enter")
    page.locator("#gw-card").wait_for()


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("kind", ["town_map", "change_map", "patrols", "cameras", "reach"])
def test_a_map_keeps_nobody_out(
    browser: Browser, kind: str, size: dict[str, int], request: pytest.FixtureRequest
) -> None:
    path: Path = request.getfixturevalue(kind)
    with opened(browser, path, size) as page:
        assert grave_faults(page) == []
        assert page.locator("main").count() == 1
        open_card(page, kind)
        assert grave_faults(page) == []
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        page.locator("#gw-help").wait_for()
        assert grave_faults(page) == []
