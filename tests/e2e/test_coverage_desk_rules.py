"""Minutes at the coverage desk: proposed posts decided one by one, and the table of promises edited by hand."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page

from api.usecases.accounts import add_account
from data.store import SqlStore
from tests.api.test_http_pages_in_browser import browser
from tests.coverage_desk_kit import (
    DESK,
    TABLET,
    address,
    get,
    nothing_decided,
    part,
    saved,
    show,
    store,
    tab_to,
)
from tests.desk_kit import opened, put_named_town, until
from tests.e2e.test_coverage_desk_trouble import CHOSEN, GONE, REFUSED, sign_in
from tests.served import Town, drawn_town, running
from tests.stores import act, embedded_store, migrated_file

__all__ = ["address", "browser", "drawn_town", "embedded_store", "migrated_file", "nothing_decided", "store"]


def reach(page: Page, name: str) -> None:
    """Open a part of the tab of minutes."""
    page.locator("#tab-reach").click()
    page.locator("#rules tbody tr").first.wait_for()
    part(page, name)


def ask_posts(page: Page, count: int) -> None:
    page.locator("#posts-goal").select_option("median")
    page.locator("#posts-count").fill(str(count))
    page.locator("#posts-form .main").click()
    page.locator("#posts-list li").first.wait_for()
    until(page, "document.getElementById('busy').hidden")


def edit(page: Page) -> None:
    reach(page, "promises")
    page.locator("#promises-rows > li").first.wait_for()


def field(page: Page, row: int, name: str) -> Locator:
    return page.locator("#promises-rows > li").nth(row).locator(f".field.{name} :is(input, select)")


def promises(address: str) -> list[dict[str, Any]]:
    return get(address, "/v1/reach/settings")["settings"]["rules"]


def change_elsewhere(address: str, **changes: Any) -> None:
    """Somebody else changes the first promise."""
    there = httpx.get(f"{address}/v1/reach/settings", timeout=60)
    settings = there.json()["settings"]
    settings["rules"][0] |= changes
    answer = httpx.put(
        f"{address}/v1/reach/settings",
        json={"settings": settings},
        headers={"If-Match": there.headers["etag"]},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text


def test_posts_are_decided_one_by_one_by_mouse_and_by_key(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        show(page, address)
        reach(page, "posts")
        ask_posts(page, 3)
        assert page.locator("#posts-list li").count() == 3
        rule = get(address, "/v1/reach")["rules"]
        page.locator("#posts-list button.accepted").first.click()
        saved(page, "Accepted")
        assert page.locator("#posts-list [aria-current] b").inner_text() == "2"
        # By key, with the focus in the list: it stays there.
        tab_to(page, "#posts-list [data-act=go]")
        page.keyboard.press("j")
        page.keyboard.press("r")
        saved(page, "Refused")
        assert page.evaluate("document.activeElement.closest('#posts-list') !== null")
        assert page.locator("#posts").is_visible()
        found = get(address, "/v1/cameras/proposals", kind="post")["proposals"]
        assert sorted(one["verdict"] for one in found) == ["accepted", "refused"]
        assert {one["kind"] for one in found} == {"post"}
        assert {one["level"] for one in found} <= {one["name"] for one in rule}
        page.keyboard.press("u")
        saved(page, "Taken back")
        page.keyboard.press("k")
        assert len(get(address, "/v1/cameras/proposals", kind="post")["proposals"]) == 1
        page.keyboard.press("r")
        saved(page, "Refused")

        # A reload keeps the answer and the decisions; they are no decisions on cameras.
        page.reload()
        until(page, "document.querySelectorAll('#posts-list li.refused').length === 1")
        assert page.locator("#posts-list li.accepted").count() == 1
        assert page.locator("#posts-list li").count() == 3
        assert page.locator("#posts-decided h2").inner_text() == "Decided: 1 accepted, 1 refused"
        assert page.locator("#decided li").count() == 0

        # What was decided is not proposed again; what was accepted counts as standing.
        decided = {one["id"] for one in get(address, "/v1/cameras/proposals", kind="post")["proposals"]}
        page.locator("#posts-form .main").click()
        until(page, "document.querySelectorAll('#posts-list li:is(.accepted, .refused)').length === 0")
        work = page.evaluate("Object.values(JSON.parse(localStorage['gridwright.coverage']).work)[0].posts")
        assert not decided & {one["id"] for one in work["proposals"]}
        with page.expect_download() as caught:
            page.locator("#posts-decided [data-ending=geojson]").click()
        assert b"Point" in caught.value.path().read_bytes()
        # Each can be taken back from the list of what was decided.
        page.locator("#posts-decided li.refused button").last.click()
        saved(page, "Taken back")
        found = get(address, "/v1/cameras/proposals", kind="post")["proposals"]
        assert [one["verdict"] for one in found] == ["accepted"]


def test_keys_of_proposals_decide_on_nothing_that_is_not_in_sight(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        show(page, address)
        reach(page, "posts")
        ask_posts(page, 2)
        part(page, "worst")
        page.keyboard.press("a")
        part(page, "promises")
        page.locator("#promises-rows fieldset input").first.focus()
        page.keyboard.press("r")
        page.wait_for_timeout(300)
        assert page.locator("#promises").is_visible()
        assert get(address, "/v1/cameras/proposals")["proposals"] == []


def test_promises_are_added_changed_taken_out_and_undone_by_keyboard(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        show(page, address)
        edit(page)
        before = promises(address)
        n_lines = page.locator("#rules tbody tr").count()
        assert page.locator("#promises-rows > li").count() == len(before)
        tab_to(page, "#promises-rows .minutes input")
        page.keyboard.press("Control+a")
        page.keyboard.type("2,5")
        assert page.locator("#promises-state").inner_text() == "Not saved yet"
        assert page.locator("#promises-undo").is_disabled()
        tab_to(page, "#promises-add")
        page.keyboard.press("Enter")
        page.keyboard.type("Night watch")
        for text in ("7", None, "90", None):
            page.keyboard.press("Tab")
            if text:
                page.keyboard.press("Control+a")
                page.keyboard.type(text)
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        tab_to(page, "#promises-rows > li:last-child .places input")
        page.keyboard.type("学校、 医院,学校")
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid"
        page.keyboard.press("Enter")
        saved(page, "Promises saved")
        assert page.evaluate("document.activeElement.closest('.places') !== null")
        after = promises(address)
        assert after[0] == {**before[0], "minutes": 2.5}
        assert after[1:-1] == before[1:]
        assert after[-1] == {
            "name": "Night watch",
            "minutes": 7.0,
            "posts": ["police"],
            "places": ["医院", "学校"],
            "mode": "car",
            "target_frac": 0.9,
        }
        until(page, f"document.querySelectorAll('#rules tbody tr').length === {n_lines + 2}")
        until(page, "document.querySelector('#rules').textContent.includes('Night watch')")
        # A promise that is called 1 and has other minutes is not said to be of one minute.
        assert "1 minute" not in page.locator("#rules").inner_text()

        tab_to(page, "#promises-rows > li:last-child > button", backwards=True)
        page.keyboard.press("Enter")
        assert page.locator("#promises-rows > li").count() == len(before)
        tab_to(page, "#promises-save")
        page.keyboard.press("Enter")
        until(page, "document.getElementById('promises-state').textContent === ''")
        assert promises(address) == after[:-1]
        for wanted in (after, before):
            page.locator("#promises-undo").click()
            until(page, f"document.querySelectorAll('#promises-rows > li').length === {len(wanted)}")
            saved(page, "taken back")
            assert promises(address) == wanted
        assert page.locator("#promises-undo").is_disabled()
        assert page.evaluate("document.activeElement.id") == "promises-add"


def test_faults_stand_beside_their_rows_and_nothing_typed_is_lost(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK, may_say=REFUSED) as page:
        show(page, address)
        edit(page)
        before = promises(address)
        field(page, 0, "minutes").fill("many")
        page.locator("#promises-save").click()
        assert "“many” is not a number" in page.locator("#promises-rows > li").first.locator(".faults").inner_text()
        assert page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"
        # What the service finds: out of range, twice, empty.
        field(page, 0, "minutes").fill("0")
        field(page, 1, "frac").fill("150")
        field(page, 2, "name").fill(before[3]["name"])
        field(page, 4, "name").fill(" ")
        page.locator("#promises-save").click()
        until(page, "document.querySelectorAll('#promises-rows .faults li').length === 5")
        texts = page.locator("#promises-rows .faults").all_inner_texts()
        assert "Minutes: 0 is out of range; allowed is 0.01-1440" in texts[0]
        assert "Share, %: 150 is out of range; allowed is 0–100" in texts[1]
        assert "twice" in texts[2]
        assert "twice" in texts[3]
        assert "empty" in texts[4]
        assert "faults: 5" in page.locator("#promises-told").inner_text()
        assert promises(address) == before
        # The language, and a reload, lose nothing.
        page.locator("#language").click()
        assert "超出范围" in page.locator("#promises-rows .faults").first.inner_text()
        assert field(page, 1, "frac").input_value() == "150"
        page.reload()
        page.locator("#promises-rows > li").first.wait_for()
        assert field(page, 1, "frac").input_value() == "150"
        assert page.locator("#promises-state").inner_text() == "尚未保存"
        page.locator("#promises-drop").click()
        assert field(page, 1, "frac").input_value() == "100"
        assert page.locator("#promises-state").inner_text() == ""
        # A table without rows is refused as a whole.
        for _ in before:
            page.locator("#promises-rows > li > button").first.click()
        page.locator("#promises-save").click()
        page.locator("#promises-told").wait_for()
        assert "reach.rules" in page.locator("#promises-told").inner_text()
        assert promises(address) == before


def test_promises_that_somebody_else_changed_are_said_and_ours_are_kept(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK, may_say=REFUSED) as page:
        show(page, address)
        edit(page)
        field(page, 1, "minutes").fill("4")
        change_elsewhere(address, minutes=2.0)
        page.locator("#promises-save").click()
        until(page, "document.getElementById('promises-told').textContent.startsWith('Somebody else changed')")
        assert field(page, 1, "minutes").input_value() == "4"
        assert promises(address)[0]["minutes"] == 2
        assert promises(address)[1]["minutes"] == 3
        page.locator("#promises-save").click()
        saved(page, "Promises saved")
        assert [one["minutes"] for one in promises(address)[:2]] == [1, 4]
        assert page.locator("#promises-told").is_hidden()
        # A row kept over a reload, and theirs changed meanwhile: said before it is saved.
        field(page, 1, "minutes").fill("6")
        change_elsewhere(address, minutes=9.0)
        page.reload()
        until(page, "document.getElementById('promises-told').textContent.startsWith('Somebody else changed')")
        assert field(page, 1, "minutes").input_value() == "6"
        page.locator("#promises-drop").click()
        assert field(page, 0, "minutes").input_value() == "9"
        assert field(page, 1, "minutes").input_value() == "4"


def test_a_save_that_gets_no_answer_keeps_the_rows_and_is_tried_again(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK, may_say=f"{GONE}|{REFUSED}") as page:
        show(page, address)
        edit(page)
        field(page, 0, "minutes").fill("2")
        page.route("**/v1/reach/settings*", lambda route: route.abort("connectionrefused"))
        page.locator("#promises-save").click()
        page.locator(".notice.bad", has_text="does not answer").wait_for()
        assert field(page, 0, "minutes").input_value() == "2"
        page.unroute("**/v1/reach/settings*")
        page.locator(".notice.bad button", has_text="Try again").click()
        saved(page, "Promises saved")
        assert promises(address)[0]["minutes"] == 2
        # Saved, and only the answer was lost: the next save finds its own table and says so.
        field(page, 0, "minutes").fill("3")
        change_elsewhere(address, minutes=3.0)
        page.locator("#promises-save").click()
        saved(page, "Promises saved")
        assert page.locator("#promises-told").is_hidden()
        assert page.locator("#promises-state").inner_text() == ""


def test_a_lost_session_keeps_the_promises_that_were_not_saved(
    browser: Browser, embedded_store: SqlStore, drawn_town: Town
) -> None:
    put_named_town(embedded_store, drawn_town)
    add_account(embedded_store, act(), "root", role="admin")
    given = add_account(embedded_store, act(), "规划科", role="planner", place="99").password
    with running(embedded_store) as address, opened(browser, address, DESK, may_say=REFUSED) as page:
        page.goto(f"{address}/desk/coverage?lang=en")
        sign_in(page, "规划科", given, is_first=True)
        edit(page)
        field(page, 0, "minutes").fill("2")
        page.context.clear_cookies()
        page.locator("#promises-save").click()
        page.locator(".notice.bad a").click()
        page.locator("#sign-in").wait_for()
        page.fill("#name", "规划科")
        page.fill("#password", CHOSEN)
        page.keyboard.press("Enter")
        page.locator("#promises-rows > li").first.wait_for()
        assert field(page, 0, "minutes").input_value() == "2"
        page.locator("#promises-save").click()
        saved(page, "Promises saved")


def test_who_may_not_plan_reads_the_promises_and_can_change_nothing(
    browser: Browser, embedded_store: SqlStore, drawn_town: Town
) -> None:
    put_named_town(embedded_store, drawn_town)
    add_account(embedded_store, act(), "root", role="admin")
    given = add_account(embedded_store, act(), "审核科", role="reviewer", place="99").password
    with running(embedded_store) as address, opened(browser, address, DESK) as page:
        page.goto(f"{address}/desk/coverage?lang=en")
        sign_in(page, "审核科", given, is_first=True)
        reach(page, "promises")
        page.locator("#promises-read tbody tr").first.wait_for()
        assert page.locator("#promises-read tbody tr").count() == 5
        assert "on foot" in page.locator("#promises-read").inner_text()
        assert page.locator("#promises :is(button, input, select):visible").count() == 0
        part(page, "posts")
        ask_posts(page, 2)
        assert page.locator("#posts-list button.accepted").first.is_disabled()


@pytest.mark.parametrize("size", [DESK, TABLET])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_table_of_promises_fits_the_screen(
    browser: Browser, address: str, size: tuple[int, int], language: str
) -> None:
    with opened(browser, address, size) as page:
        show(page, address, language)
        edit(page)
        wide = page.evaluate(
            """(w) => [...document.querySelectorAll('#reach *')]
                .filter((one) => one.checkVisibility() && !one.matches('.unseen'))
                .filter((one) => one.getBoundingClientRect().right > w + 1 || one.scrollWidth > one.clientWidth + 1 &&
                    one.matches('.parts, [role=tabpanel], form, li, fieldset, .line, button, .field span'))
                .map((one) => `${one.tagName} ${one.id} ${one.className}`)""",
            size[0],
        )
        assert wide == []
