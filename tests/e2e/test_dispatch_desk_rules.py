"""The rules of incidents on the dispatcher's desk: read, changed in their table, faults told, undone."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.axe_kit import grave_faults
from tests.dispatch_kit import Desk, browser, desk, dispatch_file, migrated_file, open_desk, until

__all__ = ["browser", "desk", "dispatch_file", "migrated_file"]
RULES = "/v1/incidents/rules"


def test_the_rules_are_changed_in_their_table_and_what_is_wrong_is_told_at_once(browser: Browser, desk: Desk) -> None:
    before = desk.get(RULES)["version"]
    # The service refuses once, on purpose.
    with open_desk(browser, desk.address, language="en", may_say="422") as page:
        page.keyboard.press("Shift+R")
        until(page, "document.querySelector('dialog.rules[open]')")
        assert page.locator("table.rules").first.locator("tbody tr").count() == len(
            desk.get(RULES)["rules"]["deadlines"]
        )
        assert grave_faults(page) == []
        last = page.locator("table.rules").first.locator("tbody tr").last
        page.get_by_role("button", name="Add a row").first.click()
        last.locator("select").nth(0).select_option("道路积水")
        last.locator("select").nth(1).select_option("2")
        last.locator("input").nth(1).fill("soon")
        save = page.get_by_role("button", name="Save the rules")
        save.click()
        until(page, "document.querySelector('dialog.rules .fault li')?.textContent.includes('soon')")
        assert desk.get(RULES)["version"] == before
        last.locator("input").nth(1).fill("7 min")
        save.click()
        until(page, "!document.querySelector('dialog.rules')")
        until(page, f"document.querySelector('#notices').textContent.includes('version {before + 1}')")
        assert desk.get(RULES)["rules"]["deadlines"][-1] == {"kind": "道路积水", "priority": 2, "arrive": "7 min"}
        page.keyboard.press("Shift+R")
        page.get_by_role("button", name="Back to the version before").click()
        until(page, "!document.querySelector('dialog.rules')")
        assert len(desk.get(RULES)["rules"]["deadlines"]) == 8
