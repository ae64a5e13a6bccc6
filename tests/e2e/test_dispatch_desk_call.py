"""A call at the dispatcher's desk in a browser: from its first words to the closed incident; nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.axe_kit import grave_faults
from tests.dispatch_work_kit import (
    DOOR,
    STREET,
    TABLET,
    Office,
    browser,
    focus_in,
    in_page,
    migrated_file,
    open_desk,
    ready,
    units_shown,
    until,
    work,
    work_file,
)

__all__ = ["browser", "migrated_file", "work", "work_file"]

MOST_ACTIONS = 12
HOSTILE = "<img src=x onerror=window.__t=1></li><script>window.__t=1</script>"
WIDE = """() => {
    const side = document.querySelector('#side');
    const right = side.getBoundingClientRect().left + side.clientLeft + side.clientWidth + 0.5;
    return [...side.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > right)
        .map((one) => `${one.tagName}.${one.className} ${one.textContent.slice(0, 40)}`);
}"""
LOST = r"Failed to load resource"


class Hands:
    """Hands that count: a key with what is held, or a text typed in one go, is one action."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.done: list[str] = []

    def key(self, key: str, then: Callable[[], None]) -> None:
        """Press a key, and wait for what it brings."""
        self.page.keyboard.press(key)
        self.done.append(key)
        then()

    def type(self, text: str) -> None:
        """Type a text."""
        self.page.keyboard.type(text)
        self.done.append(f"“{text}”")


def selected(page: Page) -> str:
    return str(in_page(page, "return desk.selected;"))


def on_main(page: Page, state: str) -> None:
    """Wait until the card stands in a state, with the focus on what comes next."""
    until(page, f"document.querySelector('#card .chip.state-{state}')")


def take_call(page: Page, hands: Hands, kind: str) -> None:
    hands.key("n", lambda: focus_in(page, "#form-place"))
    hands.type(DOOR)
    hands.key("Enter", lambda: focus_in(page, "#form-kind"))
    hands.type(kind)
    until(page, "document.querySelector('.choices [aria-selected=true]')")


@pytest.mark.parametrize(("language", "kind"), [("zh", "道路积1"), ("en", "noise 1")])
def test_from_the_call_to_the_closed_incident_by_keys_alone(
    browser: Browser, work: Office, language: str, kind: str
) -> None:
    with open_desk(browser, work, language=language) as page:
        hands = Hands(page)
        take_call(page, hands, kind)
        assert re.search(r"\d{15}", page.locator(".chosen").inner_text())  # its grid stands there at once
        hands.key("Control+Enter", lambda: units_shown(page, 2))
        id = selected(page)
        focus_in(page, "#card .next")
        hands.key("1", lambda: on_main(page, "dispatched"))
        hands.key("g", lambda: on_main(page, "arrived"))
        hands.key("g", lambda: on_main(page, "feedback"))
        hands.key("g", lambda: on_main(page, "verified"))
        hands.key("g", lambda: page.locator("dialog .digits").wait_for())
        hands.key("1", lambda: on_main(page, "closed"))
        print(f"{len(hands.done)} actions: {', '.join(hands.done)}")
        assert len(hands.done) <= MOST_ACTIONS, hands.done
        card = work.get(f"/v1/incidents/{id}")
        assert (card["state"], card["result"], card["priority"], card["source"]) == ("closed", "settled", 1, "phone")
        assert card["grid"]
        assert card["address"].endswith(DOOR)
        events = work.get(f"/v1/incidents/{id}/history")["events"]
        after = [event["after"] for event in events if event["after"] != event["before"]]
        assert after == ["received", "assessed", "assigned", "dispatched", "arrived", "feedback", "verified", "closed"]
        assert page.locator(".line-of-states .done").count() == 7
        assert page.locator("#card .clock.none").count() == 1


def test_the_sides_of_a_street_in_different_grids_are_told_apart(browser: Browser, work: Office) -> None:
    with open_desk(browser, work, language="en") as page:
        page.keyboard.press("n")
        focus_in(page, "#form-place")
        page.keyboard.type(STREET)
        page.locator(".choices .is-side").first.wait_for()
        rows = page.locator(".choices .is-side").all_inner_texts()
        odd = {re.search(r"\d{15}", row)[0] for row in rows if "odd" in row}  # type: ignore[index]
        even = {re.search(r"\d{15}", row)[0] for row in rows if "even" in row}  # type: ignore[index]
        assert odd
        assert even
        assert odd != even
        page.keyboard.press("Enter")  # takes nothing by itself: several are meant
        until(page, "document.querySelector('#form-place').getAttribute('aria-invalid') === 'true'")
        first = page.locator(".choices [aria-selected=true]").inner_text()
        grid = re.search(r"\d{15}", first)[0]  # type: ignore[index]
        page.keyboard.press("Enter")
        focus_in(page, "#form-kind")
        assert grid in page.locator(".chosen").inner_text()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")


def test_a_reload_in_mid_form_takes_nothing_away_and_a_lost_answer_makes_no_second_incident(
    browser: Browser, work: Office
) -> None:
    before = work.get("/v1/incidents", limit=1)["count"]
    with open_desk(browser, work, language="en", may_say=LOST) as page:
        page.keyboard.press("n")
        focus_in(page, "#form-place")
        page.keyboard.type(DOOR)
        page.keyboard.press("Enter")
        focus_in(page, "#form-kind")
        page.keyboard.type("waste bins")  # the first letters of no kind
        page.keyboard.press("Enter")
        assert "no such kind" in page.locator("#form-kind-fault").inner_text()
        page.keyboard.press("Enter")
        focus_in(page, "#form-priority-3")
        page.keyboard.press("1")
        page.keyboard.type(HOSTILE)
        page.reload()
        ready(page)
        page.locator("#form-title").wait_for()
        assert page.locator("#form-title").input_value() == HOSTILE
        assert page.locator("#form-kind").input_value() == "waste bins"
        assert page.locator("#form-priority-1").is_checked()
        assert page.locator("#form-place").input_value().endswith(DOOR)
        posts = re.compile(r"/v1/incidents$")

        def lose(route: Route) -> None:
            if route.request.method != "POST":
                route.fallback()
                return
            route.fetch()  # the service has it, and the browser never hears of it
            route.abort()

        page.route(posts, lose)
        page.locator("#form-title").focus()
        page.keyboard.press("Control+Enter")
        page.locator("#form-waiting:not([hidden])").wait_for()
        assert page.locator("#form").is_hidden()
        page.reload()  # what waits outlives a reload as well
        ready(page)
        page.locator("#form-waiting:not([hidden])").wait_for()
        page.unroute(posts)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        until(page, "document.querySelector('#form-waiting').hidden")
        found = work.get("/v1/incidents", limit=1)
        assert found["count"] == before + 1
        assert found["incidents"][0]["title"] == HOSTILE
        page.locator(".notice.good button").first.click()
        until(page, f"document.querySelector('.card-title')?.textContent === {HOSTILE!r}")
        assert page.locator("#card img, #card script, #incidents img").count() == 0


def test_what_is_wrong_is_said_beside_its_field_and_numbers_of_persons_are_refused(
    browser: Browser, work: Office
) -> None:
    with open_desk(browser, work, language="en", may_say=LOST) as page:
        page.keyboard.press("n")
        focus_in(page, "#form-place")
        page.keyboard.press("Control+Enter")
        assert "Type an address" in page.locator("#form-place-fault").inner_text()
        assert "Choose a kind" in page.locator("#form-kind-fault").inner_text()
        page.keyboard.type("0.5, 0.5")  # in the sea
        page.keyboard.press("Enter")
        page.locator(".choices .is-part[aria-selected=true]").wait_for()
        page.keyboard.press("Enter")
        focus_in(page, "#form-kind")
        page.keyboard.type("道路积水")
        page.keyboard.press("Enter")
        page.keyboard.press("2")
        page.keyboard.type("call 13812345678")
        page.keyboard.press("Control+Enter")
        until(page, "document.querySelector('.incident-form [aria-invalid=true]')")
        assert page.locator("#form-title-fault, #form-place-fault").all_inner_texts() != ["", ""]
        page.locator("#form-title").fill("water")
        page.keyboard.press("Control+Enter")
        until(page, "document.querySelector('#form-place-fault').textContent !== ''")
        page.locator(".incident-form .buttons button").first.click()  # discard
        assert page.locator("#form").is_hidden()


@pytest.mark.parametrize("size", [(1280, 800), TABLET])
def test_form_card_and_dialogs_keep_nobody_out(browser: Browser, work: Office, size: tuple[int, int]) -> None:
    work.receive(seed=11, title=HOSTILE)
    with open_desk(browser, work, language="en", size=size, query=f"&night={int(size == TABLET)}") as page:
        page.keyboard.press("n")
        focus_in(page, "#form-place")
        page.keyboard.type(STREET)
        page.locator(".choices .is-side").first.wait_for()
        assert grave_faults(page) == []
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.locator(".notice .close").first.click()
        page.keyboard.press("j")
        units_shown(page)
        assert grave_faults(page) == []
        assert page.evaluate(WIDE) == []
        for key in ("b", "e", "y"):
            page.keyboard.press(key)
            page.locator("dialog").wait_for()
            assert grave_faults(page) == []
            page.keyboard.press("Escape")
            page.locator("dialog").wait_for(state="detached")
