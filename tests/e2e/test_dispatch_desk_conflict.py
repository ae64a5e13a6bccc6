"""Two dispatchers at once, in two browsers: one wins, the other is told by whom and when, and sees how it stands."""

from __future__ import annotations

from typing import Any

import pytest
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
    work_file,
)
from tests.incident_kit import a_place

__all__ = ["browser", "migrated_file", "office", "work_file"]

CARD = "const { cardNow } = await import('/desk/dispatch/dispatch_card.js'); return cardNow();"
STEP = "const { makeStep } = await import('/desk/dispatch/dispatch_steps.js'); return makeStep(facts[0], 'assessed');"
REFUSED = r"status of 409|status of 412"
NEW = """
const { change } = await import('/desk/dispatch/desk_ask.js');
const body = JSON.stringify({ lon: facts[0], lat: facts[1], kind: '道路积水', priority: 2 });
const headers = { 'Content-Type': 'application/json' };
const made = await (await change('/v1/incidents', { method: 'POST', body, headers })).json();
state.select(made.id);
return made.id;
"""


def open_same(page: Page, id: str) -> None:
    in_page(page, "state.select(facts[0]);", id)
    until(page, f"document.querySelector('#card .number')?.textContent === {id!r}")
    units_shown(page, 2)


def unit_held(page: Page, id: str) -> Any:
    return in_page(page, "return (await (await fetch(`/v1/incidents/${facts[0]}`)).json()).unit;", id)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_of_two_who_send_at_once_one_wins_and_the_other_is_told(
    browser: Browser, office: Office, language: str
) -> None:
    with (
        open_desk(browser, office, who="qian", language=language) as first,
        open_desk(browser, office, who="sun", language=language, may_say=REFUSED) as second,
    ):
        id = in_page(first, NEW, *a_place(office.store, 41 if language == "zh" else 42))
        units_shown(first, 2)
        until(second, "document.querySelector('#n-open').textContent !== '–'")
        in_page(second, "await live.load();")
        open_same(second, id)
        # The second one sends what it saw before the first one did, as if both pressed in the same moment.
        wanted = second.locator(".suggestions strong").nth(1).inner_text()
        stale = in_page(second, CARD)
        first.keyboard.press("1")
        until(first, "document.querySelector('#card .chip.state-dispatched')")
        winner = unit_held(first, id)
        in_page(
            second,
            """const { sendChange } = await import('/desk/dispatch/dispatch_steps.js');
               const [seen, name] = facts;
               const unit = [...desk.units.values()].find((one) => one.name === name).id;
               await sendChange(seen, '/v1/dispatch', 'POST', { incident: seen.id, unit }, () => {});""",
            stale,
            wanted,
        )
        notice = second.locator(".notice.warn")
        notice.wait_for()
        assert id in notice.inner_text()
        assert ("调度员" if language == "zh" else "dispatcher") in notice.inner_text()
        assert unit_held(second, id) == winner
        until(second, "document.querySelector('#card .chip.state-dispatched')")
        name = in_page(first, "return desk.units.get(facts[0]).name;", winner)
        assert name in second.locator(".units .held").inner_text()


def test_a_step_made_meanwhile_is_told_and_nothing_is_done_twice(browser: Browser, office: Office) -> None:
    with (
        open_desk(browser, office, who="qian", language="en") as first,
        open_desk(browser, office, who="sun", language="en", may_say=REFUSED) as second,
    ):
        id = in_page(first, NEW, *a_place(office.store, 43))
        units_shown(first, 2)
        in_page(second, "await live.load();")
        open_same(second, id)
        seen = in_page(second, CARD)
        first.keyboard.press("g")
        until(first, "document.querySelector('#card .chip.state-assessed')")
        told = in_page(
            second,
            STEP,
            seen,
        )
        assert told is None
        assert "somebody was quicker" in second.locator(".notice.warn").inner_text()
        events = in_page(second, "return (await (await fetch(`/v1/incidents/${facts[0]}/history`)).json()).events;", id)
        assert [one["after"] for one in events if one["after"] != one["before"]] == ["received", "assessed"]


def test_what_else_changed_meanwhile_takes_nothing_from_a_step(browser: Browser, office: Office) -> None:
    with open_desk(browser, office, who="qian", language="en", may_say=REFUSED) as page:
        id = in_page(page, NEW, *a_place(office.store, 44))
        units_shown(page, 2)
        seen = in_page(page, CARD)
        in_page(
            page,
            """const { changeIncident } = await import('/desk/dispatch/dispatch_steps.js');
               await changeIncident(facts[0], { title: 'by somebody else' });""",
            seen,
        )
        after = in_page(
            page,
            STEP,
            seen,
        )
        assert (after["state"], after["title"]) == ("assessed", "by somebody else")
        assert page.locator(".notice.warn").count() == 0
        assert id == after["id"]
