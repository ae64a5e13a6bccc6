"""What is asked of the service while the line is down: said as it is, and answered by itself when the line is back."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.plan_desk_kit import ServedDesk, browser, desk_file, in_page, migrated_file, open_desk, served_desk

__all__ = ["browser", "desk_file", "migrated_file", "served_desk"]
NO_LINE = "ERR_INTERNET_DISCONNECTED"
SLOW_MS = 30_000


def _two_that_touch(served: ServedDesk) -> tuple[str, str]:
    villages = served.get(f"/v1/plans/{served.plan}/villages")["villages"]
    kind = {row["code"]: row["kind"] for row in villages}
    return next(
        (row["code"], other["code"])
        for row in villages
        for other in row["neighbours"]
        if kind[row["code"]] == kind[other["code"]]
    )


def _choose_first_grid(page: Page) -> None:
    in_page(page, "const { chooseGrid } = await import('/desk/plan/plan_tools_chosen.js'); chooseGrid(0);")


def test_why_a_grid_is_so_and_what_can_be_solved_come_by_themselves_when_the_line_is_back(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en", may_say=NO_LINE) as page:
        page.context.set_offline(True)
        _choose_first_grid(page)
        expect(page.locator("#why")).to_contain_text("No connection")
        page.locator("#tab-solve").click()
        panel = page.locator("#panel-solve")
        expect(panel.locator(".solve-no")).to_contain_text("No connection")
        expect(panel.locator("[data-act=start]")).to_be_disabled()
        page.context.set_offline(False)
        expect(panel.locator("[data-act=start]")).to_be_enabled(timeout=SLOW_MS)
        expect(panel.locator(".solve-no")).to_have_count(0)
        page.locator("#tab-grids").click()
        expect(page.locator("#why .see-sentence")).to_be_visible()


def test_the_sums_of_a_merger_come_by_themselves_when_the_line_is_back(
    browser: Browser, served_desk: ServedDesk
) -> None:
    one, two = _two_that_touch(served_desk)
    with open_desk(browser, served_desk.address, served_desk.plan, language="en", may_say=NO_LINE) as page:
        page.locator("#tab-merger").click()
        panel = page.locator("#panel-merger")
        panel.locator(f"[data-code='{one}'] input").check()
        page.context.set_offline(True)
        panel.locator(f"[data-code='{two}'] input").check()
        expect(panel.locator(".faults")).to_contain_text("No connection")
        expect(panel).not_to_contain_text("Working out the sums")
        expect(panel.locator("[data-act=next]")).to_be_disabled()
        page.context.set_offline(False)
        expect(panel.locator("[data-act=next]")).to_be_enabled(timeout=SLOW_MS)
        expect(panel.locator(".sums")).to_contain_text("Grids possible")


def test_a_submission_without_a_line_is_not_promised_for_later(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en", may_say=NO_LINE) as page:
        page.locator("#tab-status").click()
        page.context.set_offline(True)
        page.locator("#panel-status").get_by_role("button", name="Submit", exact=True).click()
        page.locator("dialog[open]").get_by_role("button", name="Submit", exact=True).click()
        told = page.locator(".notice.bad")
        expect(told).to_contain_text("for anything else, try again when the line is back")
        expect(told.get_by_role("button", name="Try again")).to_be_visible()
        page.context.set_offline(False)
        assert served_desk.card()["state"] == "draft"
