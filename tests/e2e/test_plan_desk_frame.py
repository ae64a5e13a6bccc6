"""The frame of the planner's desk: opening a plan, none, a wrong one; both languages; both sizes."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.plan_desk_kit import ServedDesk, browser, desk_file, migrated_file, open_desk, served_desk, served_office

__all__ = ["browser", "desk_file", "migrated_file", "served_desk", "served_office"]


def test_without_a_plan_the_desk_lists_those_there_are(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, language="en") as page:
        page.locator(".plans a").first.wait_for()
        assert "autumn" in page.locator(".plans a").first.inner_text()
        page.locator(".plans a").first.click()
        page.wait_for_url(f"**plan={served_desk.plan}*")
        page.locator("#plan-state.draft").wait_for()
        assert page.locator("#plan-name").inner_text() == "autumn"


def test_a_plan_that_is_not_there_is_said_plainly(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, "nowhere", language="en", may_say="404", is_ready=False) as page:
        page.locator("#start-heading").wait_for()
        assert page.locator("#start-heading").inner_text() == "There is no such plan"
        page.locator(".plans a").first.wait_for()
        assert page.locator(".plans a").count() == 1


def test_a_signed_in_auditor_may_look_and_is_told_so(browser: Browser, served_office: ServedDesk) -> None:
    who = (served_office, "sun")
    with open_desk(browser, served_office.address, served_office.plan, language="en", who=who) as page:
        assert "Your role looks at plans" in page.locator("#notices").inner_text()


def test_one_thing_is_said_in_the_singular(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, language="en") as page:
        said = page.evaluate(
            """async (given) => {
                const { say } = await import('/desk/plan/desk_words.js');
                return given.map((n) => say('plans_steps', { n })).concat(say('plans_steps'));
            }""",
            [1, "1", 0, 2, 1.5, "1,234"],
        )
        assert said == ["1 edit", "1 edit", "0 edits", "2 edits", "1.5 edits", "1,234 edits", "? edits"]
