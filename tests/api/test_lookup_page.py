"""The page to look up with, in a real Chromium: suggestions by keyboard, the answer, hostile names as text."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from data.store import SqlStore
from tests.address_town import NAMES, TOWN, put_address_town
from tests.api.test_http_pages_in_browser import HOSTILE, browser, opened
from tests.served import running
from tests.service_town import FIRST
from tests.stores import embedded_store, migrated_file

__all__ = ["browser", "embedded_store", "migrated_file"]


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_a_name_is_chosen_by_keyboard_and_its_building_found(
    browser: Browser, embedded_store: SqlStore, width: int, height: int
) -> None:
    put_address_town(embedded_store)
    with running(embedded_store) as address, opened(browser, address, width, height) as page:
        page.goto(f"{address}/?lang=en")
        page.get_by_role("link", name="Look up an address").click()
        field = page.get_by_role("combobox")
        field.fill("wyxq")
        page.get_by_role("option").first.wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert field.input_value() == "望月小区"
        page.get_by_role("option", name="望月小区3栋").click()
        page.locator(".grid strong").wait_for()
        assert page.locator(".grid strong").inner_text() == f"{FIRST}A"
        field.fill("银盆苑9栋")
        page.keyboard.press("Enter")
        page.locator(".part .codes").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_hostile_names_are_shown_as_text(browser: Browser, embedded_store: SqlStore) -> None:
    text = f"{TOWN}{NAMES[FIRST]}麓山路65号望月小区77栋{HOSTILE[1]}"
    put_address_town(embedded_store, more={text: "b00-00"})
    with running(embedded_store) as address, opened(browser, address) as page:
        page.goto(f"{address}/lookup?lang=zh")
        for asked in (text, *HOSTILE):
            page.get_by_role("combobox").fill(asked)
            page.keyboard.press("Enter")
            page.locator("#go:not([disabled])").wait_for()
            page.locator(".verdict").wait_for()
