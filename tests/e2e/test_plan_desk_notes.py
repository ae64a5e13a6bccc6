"""Notes on the planner's desk in a browser: pinned, answered, settled, kept while the line is down, shown as text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.desk_kit import until
from tests.plan_desk_kit import (
    TABLET,
    ServedDesk,
    browser,
    desk_file,
    in_page,
    migrated_file,
    open_desk,
    served_desk,
    served_office,
)
from tests.plan_hands_kit import spot

__all__ = ["browser", "desk_file", "migrated_file", "served_desk", "served_office"]

HOSTILE = (
    "<img src=x onerror='window.__t = 1'><script>window.__t = 1</script>",
    "${window.__t = 1} {n} %s",
    "‮gnp.drawkcab‬",
    "x" * 2_000,
)
LOST = r"Failed to load resource"


def notes_of(served: ServedDesk, plan: str = "") -> list[dict[str, Any]]:
    return served.get(f"/v1/plans/{plan or served.plan}/notes")["notes"]


def pixel_of_note(page: Page, number: int) -> tuple[float, float]:
    """Where the head of a pin stands on the screen."""
    return tuple(  # type: ignore[return-value]
        in_page(
            page,
            """
            const { notes } = await import('/desk/plan/plan_notes.js');
            const { map } = await import('/desk/plan/plan_map.js');
            const note = notes.all.find((one) => one.number === facts[0]);
            const box = map.canvas.getBoundingClientRect();
            const [x, y] = map.toPixels(note.at_m);
            return [x + box.left, y + box.top - (note.state === 'open' ? 25 : 21)];
            """,
            number,
        )
    )


def colour_at(page: Page, x: float, y: float) -> list[int]:
    """Colour of the map at a place of the screen, once it is painted."""
    page.wait_for_timeout(150)
    return page.evaluate(
        """([x, y]) => {
            const map = document.getElementById('map');
            const box = map.getBoundingClientRect();
            const sharp = map.width / box.width;
            const pen = map.getContext('2d');
            return [...pen.getImageData((x - box.left) * sharp, (y - box.top) * sharp, 1, 1).data].slice(0, 3);
        }""",
        [x, y],
    )


def an_atom(page: Page) -> int:
    """A piece of ground in a grid, in the middle of what is seen."""
    return in_page(
        page,
        """
        const { atomAt, map } = await import('/desk/plan/plan_map.js');
        let atom = atomAt(map.middle);
        if (atom < 0) atom = desk.plan.members[0][0];
        return atom;
        """,
    )


def write(page: Page, text: str) -> None:
    page.locator("dialog textarea").fill(text)
    page.locator("dialog .main").click()
    page.locator("dialog").wait_for(state="detached")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_note_is_pinned_answered_settled_and_opened_again(
    browser: Browser, served_desk: ServedDesk, language: str
) -> None:
    with open_desk(
        browser, served_desk.address, served_desk.plan, language=language, may_say="willReadFrequently"
    ) as page:
        x, y = spot(page, an_atom(page))
        wanted = in_page(
            page,
            """
            const { map } = await import('/desk/plan/plan_map.js');
            const { lonLatOf } = await import('/desk/plan/plan_notes.js');
            const box = map.canvas.getBoundingClientRect();
            return lonLatOf(map.toMetres([facts[0] - box.left, facts[1] - box.top]));
            """,
            x,
            y,
        )
        page.keyboard.press("n")
        page.mouse.click(x, y)
        write(page, "东门在此\n请核对")
        page.locator(".note.open .note-body").wait_for()
        (note,) = notes_of(served_desk)
        assert (note["text"], note["state"], note["role"]) == ("东门在此\n请核对", "open", "admin")
        assert abs(note["lon"] - wanted["lon"]) < 2e-6
        assert abs(note["lat"] - wanted["lat"]) < 2e-6
        assert note["grid"]
        assert page.locator("#tab-notes .badge").inner_text() == "1"
        head = pixel_of_note(page, 1)
        red, green, blue = colour_at(page, head[0] - 8, head[1])
        assert (red, green, blue) == (0xA0, 0x19, 0x5F)
        page.locator("[data-act=answer]").fill("done: 2 pieces")
        page.locator("[data-act=send]").click()
        page.locator(".answer").wait_for()
        page.locator("[data-act=settle]").click()
        page.locator(".note.settled").wait_for()
        (note,) = notes_of(served_desk)
        assert (note["state"], [one["text"] for one in note["answers"]]) == ("settled", ["done: 2 pieces"])
        assert page.locator("#tab-notes .badge").inner_text() == ""
        head = pixel_of_note(page, 1)
        assert colour_at(page, head[0] - 6, head[1] - 6) == [255, 255, 255]  # hollow, and of another form
        page.locator(".note-head").click()  # shut
        assert page.locator(".note-body").count() == 0
        page.mouse.click(*head)  # the pin opens it
        page.locator(".note.settled .note-body").wait_for()
        page.locator("[data-act=settle]").click()
        page.locator(".note.open").wait_for()
        assert notes_of(served_desk)[0]["state"] == "open"
        assert served_desk.card()["revision"] == 1


def test_by_keys_alone_a_note_is_pinned_walked_to_answered_and_settled(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.locator("#map").focus()
        for key in ("n", "ArrowRight", "ArrowRight", "Enter"):
            page.keyboard.press(key)
        page.locator("dialog textarea").wait_for()
        page.keyboard.type("by keys; n and 1 are letters here")
        page.keyboard.press("Control+Enter")
        page.locator(".note .note-body").wait_for()
        (note,) = notes_of(served_desk)
        assert note["text"] == "by keys; n and 1 are letters here"
        assert note["grid"]
        page.keyboard.press("Escape")
        page.locator("#map").focus()
        page.keyboard.press("Shift+N")
        until(page, "document.activeElement.matches('.note-head')")
        page.keyboard.press("Tab")
        page.keyboard.type("an answer")
        page.keyboard.press("Control+Enter")
        page.locator(".answer").wait_for()
        for _ in range(20):
            if page.evaluate("document.activeElement.dataset.act") == "settle":
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator(".note.settled").wait_for()
        (note,) = notes_of(served_desk)
        assert (note["state"], note["answers"][0]["text"]) == ("settled", "an answer")


def test_the_button_pins_at_the_grid_that_is_chosen(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, size=TABLET) as page:
        code = in_page(
            page,
            """
            const { chooseGrid } = await import('/desk/plan/plan_tools_chosen.js');
            chooseGrid(1);
            return desk.plan.grids[1].code;
            """,
        )
        page.locator("#tab-notes").click()
        page.locator("[data-act=write]").click()
        write(page, "about this grid")
        page.locator(".note:not(.waiting)").wait_for()
        assert notes_of(served_desk)[0]["grid"] == code
        small = page.evaluate(
            """() => [...document.querySelectorAll('#panel-notes :is(button, textarea, label)')]
                .map((one) => [one.textContent, one.getBoundingClientRect()])
                .filter(([, box]) => box.height < 43.5).map(([text]) => text)"""
        )
        assert small == []


def test_hostile_text_is_shown_as_text(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.locator("#tab-notes").click()
        for n, text in enumerate(HOSTILE, start=1):
            page.locator("[data-act=write]").click()
            write(page, text)
            until(page, f"document.querySelectorAll('.note:not(.waiting)').length === {n}")
            page.locator("[data-act=answer]").fill(text)
            page.locator("[data-act=send]").click()
            page.locator(".answer-text").wait_for()
            assert page.locator(".answer-text").text_content() == text
            assert page.locator(".note.is-open .note-text").text_content() == text
        assert [one["text"] for one in notes_of(served_desk)] == list(HOSTILE)
        wide = page.evaluate(
            "document.querySelector('#panel-notes').scrollWidth - document.querySelector('#panel-notes').clientWidth"
        )
        assert wide <= 0
        assert page.locator("#panel-notes img, #panel-notes script").count() == 0


def test_numbers_of_persons_are_refused_where_they_are_typed(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.locator("#tab-notes").click()
        page.locator("[data-act=write]").click()
        page.locator("dialog textarea").fill("call １３８ 1234 5678")
        page.locator("dialog .main").click()
        assert "take it out" in page.locator("dialog .fault").inner_text()
        page.keyboard.press("Escape")
        assert notes_of(served_desk) == []


def send_now(page: Page) -> None:
    """Press the button that sends what waits; it is gone where the page was quicker."""
    page.evaluate("document.querySelector('[data-act=flush]')?.click()")


def test_what_is_written_while_the_line_is_down_is_kept_over_a_reload_and_sent_once(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en", may_say=LOST) as page:
        page.locator("#tab-notes").click()
        posts = re.compile(r"/v1/plans/[^/]+/notes$")
        page.route(posts, lambda route: route.abort() if route.request.method == "POST" else route.fallback())
        page.locator("[data-act=write]").click()
        write(page, "written in the dark")
        page.locator(".note.waiting").wait_for()
        assert "written in the dark" in page.locator(".note.waiting").inner_text()
        page.reload()
        until(page, "document.body.dataset.state === 'ready'")
        page.locator(".note.waiting").wait_for()
        assert notes_of(served_desk) == []
        page.unroute(posts)
        send_now(page)
        page.locator(".note:not(.waiting)").wait_for()
        assert [one["text"] for one in notes_of(served_desk)] == ["written in the dark"]
        page.reload()
        until(page, "document.body.dataset.state === 'ready'")
        page.locator(".note:not(.waiting)").wait_for()
        assert page.locator(".note.waiting").count() == 0
        assert len(notes_of(served_desk)) == 1


def test_a_lost_answer_makes_no_second_note(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en", may_say=LOST) as page:
        page.locator("#tab-notes").click()
        posts = re.compile(r"/v1/plans/[^/]+/notes$")

        def lose(route: Any) -> None:
            if route.request.method != "POST":
                route.fallback()
                return
            route.fetch()  # the service has it, and the browser never hears of it
            route.abort()

        page.route(posts, lose)
        page.locator("[data-act=write]").click()
        write(page, "once")
        page.locator(".notice.warn").wait_for()  # that it could not be sent
        assert len(notes_of(served_desk)) == 1
        page.unroute(posts)
        send_now(page)
        until(page, "!document.querySelector('.note.waiting')")
        assert len(notes_of(served_desk)) == 1


def test_an_answer_in_the_making_outlives_the_switch_of_language_and_what_others_write(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan) as page:
        page.locator("#tab-notes").click()
        page.locator("[data-act=write]").click()
        write(page, "first")
        page.locator("[data-act=answer]").fill("half a sen")
        page.locator("#language").click()
        until(page, "document.documentElement.lang === 'en'")
        assert page.locator("[data-act=answer]").input_value() == "half a sen"
        page.locator("[data-act=answer]").focus()
        where = {"lon": 120.5, "lat": 30.5, "text": "of somebody else"}
        page.request.post(f"{served_desk.address}/v1/plans/{served_desk.plan}/notes", data=where)
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        until(page, "document.querySelectorAll('.note').length === 2")
        assert page.evaluate("document.activeElement.dataset.act") == "answer"
        page.keyboard.type("tence")
        assert page.locator("[data-act=answer]").input_value() == "half a sentence"


def test_reviewers_write_on_a_plan_they_can_not_edit_and_auditors_read(
    browser: Browser, served_office: ServedDesk
) -> None:
    office = served_office
    with open_desk(browser, office.address, office.plan, language="en", who=(office, "zhao")) as page:
        page.locator("#tab-notes").click()
        page.locator("[data-act=write]").click()
        write(page, "please look again")
        page.locator(".note:not(.waiting)").wait_for()
        assert "Reviewer zhao" in page.locator(".note").inner_text()
        assert page.locator("[data-act=edit]").count() == 1
    with open_desk(browser, office.address, office.plan, language="en", who=(office, "wang")) as page:
        page.locator("#tab-notes").click()
        page.locator(".note-head").click()
        page.locator("[data-act=settle]").wait_for()
        assert page.locator("[data-act=edit], [data-act=remove]").count() == 0  # somebody else's words
        page.locator("[data-act=settle]").click()
        page.locator(".note.settled").wait_for()
    with open_desk(browser, office.address, office.plan, language="en", who=(office, "sun")) as page:
        page.locator("#tab-notes").click()
        page.locator(".note-head").click()
        assert "Settled: Planner wang" in page.locator(".note-body").inner_text()
        assert page.locator("[data-act=write]").is_hidden()
        assert page.locator("[data-act=settle], [data-act=answer]").count() == 0
        assert page.locator("#tool-note").get_attribute("aria-disabled") == "true"


def test_removed_words_are_gone_and_the_mark_stays(browser: Browser, served_office: ServedDesk) -> None:
    office = served_office
    with open_desk(browser, office.address, office.plan, language="en", who=(office, "li")) as page:
        page.locator("#tab-notes").click()
        page.locator("[data-act=write]").click()
        write(page, "not meant for anybody")
        page.locator("[data-act=remove]").click()
        page.locator("dialog .main").click()
        page.locator(".note .gone").wait_for()
        assert "Removed: Planner li" in page.locator(".note").inner_text()
        assert "not meant" not in page.content()
        assert page.locator("#tab-notes .badge").inner_text() == ""


def test_a_scenario_shows_what_is_open_on_the_plan_it_was_made_from(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.locator("#tab-notes").click()
        page.locator("[data-act=write]").click()
        write(page, "asked of the draft")
        page.locator(".note:not(.waiting)").wait_for()
        body = {"parent": served_desk.plan, "name": "scenario"}
        fork = page.request.post(f"{served_desk.address}/v1/plans", data=body).json()["id"]
    with open_desk(browser, served_desk.address, fork, language="en") as page:
        page.locator("#tab-notes").click()
        page.locator(".note-head").click()
        assert "Written on plan “autumn”" in page.locator(".note-body").inner_text()
        page.locator("[data-act=settle]").click()
        until(page, "document.querySelectorAll('.note').length === 0")
        assert notes_of(served_desk)[0]["state"] == "settled"
