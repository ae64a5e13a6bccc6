"""The planner's desk for everybody, on the way to a new plan: the merger wizard, steps of life, papers, scenarios."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.axe_kit import grave_faults
from tests.e2e.test_plan_desk_merger import WAIT_MS, go_on, merger_of_the_town, pick, weigh
from tests.merger_kit import at_work, take_step
from tests.plan_desk_kit import (
    DESK,
    TABLET,
    ServedDesk,
    browser,
    desk_file,
    migrated_file,
    open_desk,
    ready,
    served_desk,
)

__all__ = ["browser", "desk_file", "migrated_file", "served_desk"]

BOTH = pytest.mark.parametrize(("size", "language"), [(DESK, "zh"), (TABLET, "en")], ids=["laptop", "tablet"])


def sound(page: Page, state: str) -> None:
    """The page as it stands has no grave fault, and nothing of it is cut off at the side."""
    assert grave_faults(page) == [], state
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state
    panel = page.locator("#panels [role=tabpanel]:visible").first
    assert panel.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1"), f"{state}: wider than its panel"


def asked(page: Page, state: str) -> None:
    """A dialog stands there and is sound; it is left as it came."""
    page.locator("dialog[open]").wait_for()
    sound(page, state)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


@BOTH
def test_every_step_of_the_merger_wizard(
    browser: Browser, served_desk: ServedDesk, size: tuple[int, int], language: str
) -> None:
    a, b = merger_of_the_town()
    address, plan = served_desk.address, served_desk.plan
    with at_work(served_desk.store), open_desk(browser, address, plan, size, language) as page:
        page.locator("#tab-merger").click()
        page.locator(".village").first.wait_for()
        sound(page, "1: nothing picked")
        pick(page, a, b)
        page.locator(".verdict.good").wait_for()
        sound(page, "1: picked")
        go_on(page)
        page.locator("[data-act=other-0]").fill("12")
        page.locator("[data-act=other-0]").press("Tab")
        page.locator(".merger .faults").wait_for()
        sound(page, "2: a code that is refused")
        page.locator(".merger fieldset input[type=radio]").first.check()
        go_on(page)
        sound(page, "3: before it is weighed")
        weigh(page)
        sound(page, "3: weighed")
        page.locator(".merge-chart .mark").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.locator(".merge-points input:checked")).to_have_count(1)
        sound(page, "3: another point chosen")
        go_on(page)
        page.locator("[data-act=draft-name]").wait_for()
        sound(page, "4: the draft")
        page.locator("[data-act=draft]").click()
        page.wait_for_url(lambda now: plan not in now)
        ready(page)
        page.locator("[data-act=publish]").wait_for()
        sound(page, "5: compare and publish")
        page.locator("[data-act=publish]").click()
        page.locator(".life").wait_for()
        sound(page, "the life of the draft")


@BOTH
def test_the_questions_of_the_life_of_a_plan_and_its_papers(
    browser: Browser, served_desk: ServedDesk, size: tuple[int, int], language: str
) -> None:
    address, plan = served_desk.address, served_desk.plan
    with at_work(served_desk.store), open_desk(browser, address, plan, size, language) as page:
        page.locator("#tab-status").click()
        page.locator("[data-act=rename]").click()
        asked(page, "rename")
        page.locator("[data-act=withdrawn]").click()
        asked(page, "withdraw")
        page.locator("[data-act=submitted]").click()
        asked(page, "submit")
        take_step(page, "submitted", "submitted")
        page.locator("[data-act=returned]").click()
        page.locator("dialog .main").click()  # without a reason: that is said
        asked(page, "return")
        take_step(page, "approved", "approved")
        take_step(page, "filed", "filed")
        page.locator("[data-act=in_force]").click()
        asked(page, "from which day")
        take_step(page, "in_force", "in_force")
        page.locator(".status details summary").first.click()
        sound(page, "in force")
        page.locator("[data-act=papers-all]").click()
        page.locator("[data-act=paper-zip]").wait_for(timeout=WAIT_MS)
        sound(page, "papers")


@BOTH
def test_scenarios_and_their_questions(
    browser: Browser, served_desk: ServedDesk, size: tuple[int, int], language: str
) -> None:
    address, plan = served_desk.address, served_desk.plan
    with open_desk(browser, address, plan, size, language) as page:
        body = {"parent": plan, "name": "<b>second</b> " + "很长的名字" * 20}
        assert page.request.post(f"{address}/v1/plans", data=body).status == 201
        page.locator("#tab-scenarios").click()
        page.locator(".kin").nth(1).wait_for()
        page.locator(".kin input").nth(1).check()
        sound(page, "scenarios")
        page.locator("[data-act=branch]").click()
        asked(page, "branch")
        for n, name in ((2, "branch of it"), (3, "rename"), (4, "withdraw")):
            page.locator(".kin .more").nth(1).click()
            page.locator("dialog[open]").wait_for()
            sound(page, "what can be done with it")
            page.locator("dialog .way").nth(n).click()
            asked(page, name)
