"""How the dispatcher's desk looks where little or much is in it: no incident, the rules in Chinese, on a tablet."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from data.store import open_store
from tests.axe_kit import grave_faults
from tests.dispatch_kit import (
    DESK,
    TABLET,
    Desk,
    browser,
    desk,
    dispatch_file,
    fill,
    migrated_file,
    open_desk,
    until,
)
from tests.served import running

__all__ = ["browser", "desk", "dispatch_file", "migrated_file"]

RULES = "/v1/incidents/rules"


def open_rules(page: Page) -> None:
    page.keyboard.press("Shift+R")
    until(page, "document.querySelector('dialog.rules[open]')")


def test_the_rules_are_read_and_written_in_the_language_of_the_page(browser: Browser, desk: Desk) -> None:
    # The service refuses once, on purpose.
    with open_desk(browser, desk.address, "&night=1", TABLET, "zh", may_say="422") as page:
        open_rules(page)
        first = page.locator("table.rules").first.locator("tbody tr").first.locator("input")
        assert [first.nth(i).input_value() for i in range(3)] == ["10 分钟", "30 分钟", "3 个工作日"]
        save = page.get_by_role("button", name="保存规则")
        first.nth(2).fill("很快")
        save.click()
        until(page, "document.querySelector('dialog.rules .fault li')?.textContent.includes('很快')")
        assert grave_faults(page) == []
        first.nth(1).fill("1小时")
        first.nth(2).fill("2 working days")
        save.click()
        until(page, "!document.querySelector('dialog.rules')")
        kept = desk.get(RULES)["rules"]["deadlines"][0]
        assert (kept["assess"], kept["arrive"], kept["handle"]) == ("10 min", "1 hours", "2 working days")


@pytest.mark.parametrize(("size", "language"), [(DESK, "zh"), (TABLET, "en")])
def test_what_a_rule_says_is_not_cut_off_and_saving_is_always_in_sight(
    browser: Browser, desk: Desk, size: tuple[int, int], language: str
) -> None:
    with open_desk(browser, desk.address, "", size, language) as page:
        open_rules(page)
        cut = page.evaluate(
            """[...document.querySelectorAll('dialog.rules input')]
                .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth)
                .map((one) => one.value)"""
        )
        assert cut == []
        save = page.locator("dialog.rules .buttons .main").bounding_box()
        assert save["y"] + save["height"] <= size[1] - 24
        page.locator("dialog.rules").evaluate("(one) => { one.scrollTop = 10000; }")
        assert page.locator("dialog.rules .buttons .main").bounding_box()["y"] + save["height"] <= size[1] - 24


def test_with_no_incident_it_says_what_to_do(browser: Browser, migrated_file: Path, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{shutil.copy2(migrated_file, tmp_path / 'quiet.db')}")
    try:
        fill(store, 0)
        with running(store) as address, open_desk(browser, address, size=TABLET, language="en") as page:
            until(page, "document.querySelector('#list-none').textContent.includes('Press N')")
            head, none = (page.locator(one).bounding_box() for one in (".list-head", "#list-none"))
            assert none["y"] - head["y"] - head["height"] < 20, "right below its heading"
            assert page.locator("#no-ground").is_hidden()
            until(page, "document.querySelector('#card').textContent.includes('press N')")
            assert grave_faults(page) == []
            page.locator("#overdue").click()
            until(page, "document.querySelector('#list-none').textContent.includes('Change the filters')")
            page.locator("#language").click()
            until(page, "document.querySelector('#list-none').textContent.includes('请调整上方筛选')")
    finally:
        store.close()


def test_with_no_territory_the_map_says_how_to_load_one(browser: Browser, migrated_file: Path, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{shutil.copy2(migrated_file, tmp_path / 'bare.db')}")
    try:
        with running(store) as address, open_desk(browser, address, size=TABLET, language="en") as page:
            until(page, "document.querySelector('#no-ground').innerText.includes('gridwright load')")
            assert grave_faults(page) == []
            page.locator("#language").click()
            until(page, "document.querySelector('#no-ground').innerText.includes('尚未导入辖区')")
    finally:
        store.close()
