"""Steps of an incident at the dispatcher's desk in a browser: back with a reason, given away, put right, flagged."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.dispatch_work_kit import (
    Office,
    browser,
    in_page,
    migrated_file,
    office,
    open_desk,
    units_shown,
    until,
    work,
    work_file,
)
from tests.incident_kit import a_place

__all__ = ["browser", "migrated_file", "office", "work", "work_file"]


def opened_card(page: Page, id: str) -> None:
    """Choose an incident, and wait until its card stands."""
    in_page(page, "state.select(facts[0]);", id)
    until(page, f"document.querySelector('#card .number')?.textContent === {id!r}")


def in_state(page: Page, state: str) -> None:
    until(page, f"document.querySelector('#card .chip.state-{state}')")


def test_steps_back_ask_why_and_the_history_says_it(browser: Browser, work: Office) -> None:
    id = work.receive(seed=21)["id"]
    with open_desk(browser, work, language="en") as page:
        opened_card(page, id)
        units_shown(page)
        page.keyboard.press("1")
        in_state(page, "dispatched")
        page.keyboard.press("b")
        page.locator("dialog .way", has_text="Back to assessment").click()
        page.locator("#step-reason").wait_for()
        page.keyboard.press("Enter")
        assert page.locator("#step-fault").inner_text() == "Say why."
        page.keyboard.type("wrong unit; 1 2 g are letters here")
        page.keyboard.press("Enter")
        in_state(page, "assessed")
        page.locator(".history summary").click()
        until(page, "document.querySelector('.history').innerText.includes('wrong unit')")
        card = work.get(f"/v1/incidents/{id}")
        assert (card["state"], card["unit"]) == ("assessed", None)
        units_shown(page)  # somebody is looked for again
        page.keyboard.press("b")
        page.locator("dialog .way", has_text="Cancel it").click()
        page.keyboard.type("called off")
        page.keyboard.press("Enter")
        in_state(page, "cancelled")


def test_a_post_gets_it_by_a_digit_and_another_one_with_a_reason(browser: Browser, work: Office) -> None:
    id = work.receive(seed=22)["id"]
    with open_desk(browser, work, language="en") as page:
        opened_card(page, id)
        page.keyboard.press("y")
        page.locator("dialog .way").first.wait_for()
        name = page.locator("dialog .way strong").first.inner_text()
        page.keyboard.press("1")
        in_state(page, "dispatched")
        assert work.get(f"/v1/incidents/{id}")["body"] == name
        assert page.locator(".units .held").inner_text().find(name) >= 0
        page.locator(".units .held button").click()
        units_shown(page)
        page.keyboard.press("1")
        page.locator("#step-reason").wait_for()
        page.keyboard.type("has a pump")
        page.keyboard.press("Enter")
        until(page, "document.querySelectorAll('.suggestions').length === 0")
        after = work.get(f"/v1/incidents/{id}")
        assert (after["state"], after["body"]) == ("dispatched", None)
        assert after["unit"]
        reasons = [one["reason"] for one in work.get(f"/v1/incidents/{id}/history")["events"]]
        assert "has a pump" in reasons


def test_kind_and_priority_are_put_right_and_the_clock_follows(browser: Browser, work: Office) -> None:
    id = work.receive(seed=23, priority=3)["id"]
    with open_desk(browser, work, language="en", may_say="status of 422") as page:
        opened_card(page, id)
        due = work.get(f"/v1/incidents/{id}")["assess_due_at"]
        page.keyboard.press("e")
        page.locator("#edit-priority").select_option("1")
        page.locator("#edit-title").fill("Water on the road")
        page.keyboard.press("Enter")
        page.locator("dialog").wait_for(state="detached")
        until(page, "document.querySelector('.card-title').textContent === 'Water on the road'")
        card = work.get(f"/v1/incidents/{id}")
        assert card["priority"] == 1
        assert card["assess_due_at"] < due
        page.keyboard.press("e")
        page.locator("#edit-title").fill("ask 13812345678")
        page.keyboard.press("Enter")
        until(page, "document.querySelector('dialog .fault').textContent !== ''")
        page.keyboard.press("Escape")


def test_a_red_flag_is_raised_from_an_incident(browser: Browser, work: Office) -> None:
    id = work.receive(seed=24, title="Fire lane blocked")["id"]
    with open_desk(browser, work, language="en") as page:
        opened_card(page, id)
        page.keyboard.press("b")
        page.locator("dialog .way", has_text="Raise a red flag").click()
        page.locator("#flag-title").wait_for()
        assert page.locator("#flag-title").input_value() == "Fire lane blocked"
        page.keyboard.press("Enter")
        until(page, "document.querySelector('.notice.good')")
        flags = work.get("/v1/red-flags")["flags"]
        assert [(flag["incident"], flag["title"]) for flag in flags] == [(id, "Fire lane blocked")]
        until(page, "document.querySelector('.around').textContent.includes('Red flags')")


def test_who_is_no_dispatcher_reads_the_card_and_makes_no_steps(browser: Browser, office: Office) -> None:
    with open_desk(browser, office, who="qian", language="en") as page:
        told = in_page(
            page,
            """const { change } = await import('/desk/dispatch/desk_ask.js');
               const body = JSON.stringify({ lon: facts[0], lat: facts[1], kind: '道路积水', priority: 2 });
               const headers = { 'Content-Type': 'application/json' };
               return (await change('/v1/incidents', { method: 'POST', body, headers })).json();""",
            *a_place(office.store, 31),
        )
    with open_desk(browser, office, who="wu", language="en") as page:
        opened_card(page, told["id"])
        assert page.locator("#form-open").is_hidden()
        assert page.locator("#card .next").is_hidden()
        assert page.locator("#card .more").is_hidden()
        assert page.locator(".suggestions").count() == 0
        page.keyboard.press("n")
        page.keyboard.press("1")
        assert page.locator("#form").is_hidden()
    with open_desk(browser, office, who="zhou", language="en") as page:
        opened_card(page, told["id"])
        assert page.locator("#card .next").is_hidden()  # a patrol says that it arrived, and that it is done
