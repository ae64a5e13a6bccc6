"""What goes wrong at the coverage desk is said plainly, and nothing that was done is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route

from api.usecases.accounts import add_account
from data.store import SqlStore
from tests.api.test_http_pages_in_browser import HOSTILE, browser
from tests.coverage_desk_kit import DESK, get, part, rank, saved, show
from tests.desk_kit import opened, put_named_town, until
from tests.served import Town, drawn_town, running
from tests.stores import act, embedded_store, migrated_file

__all__ = ["browser", "drawn_town", "embedded_store", "migrated_file"]

REFUSED = r"status of (401|403|412|422|500|503)"
GONE = r"net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|FAILED)"
CHOSEN = "四个互不相关的词语写在这里"


@pytest.fixture
def address(embedded_store: SqlStore, drawn_town: Town) -> Iterator[str]:
    put_named_town(embedded_store, drawn_town)
    with running(embedded_store) as url:
        yield url


def sign_in(page: Page, name: str, password: str, *, is_first: bool) -> None:
    page.locator("#sign-in").wait_for()
    page.fill("#name", name)
    page.fill("#password", password)
    page.keyboard.press("Enter")
    if is_first:
        page.wait_for_selector("#new:focus")
        page.keyboard.type(CHOSEN)
        page.fill("#again", CHOSEN)
        page.keyboard.press("Enter")
    page.locator("#figures strong").first.wait_for()


def test_a_lost_session_asks_to_sign_in_and_goes_on_where_one_was(
    browser: Browser, embedded_store: SqlStore, drawn_town: Town
) -> None:
    put_named_town(embedded_store, drawn_town)
    add_account(embedded_store, act(), "root", role="admin")
    given = add_account(embedded_store, act(), "规划科", role="planner", place="99").password
    with running(embedded_store) as address, opened(browser, address, DESK, may_say=REFUSED) as page:
        page.goto(f"{address}/desk/coverage?lang=en")
        sign_in(page, "规划科", given, is_first=True)
        rank(page, 3)
        page.locator("#proposals button.accepted").first.click()
        saved(page, "Accepted")
        page.context.clear_cookies()
        page.locator("#proposals li").nth(1).locator("button.accepted").click()
        page.locator(".notice.bad").wait_for()
        assert "signed out" in page.locator(".notice.bad").inner_text()
        assert page.locator("#proposals li").count() == 3
        page.locator(".notice.bad a").click()
        sign_in(page, "规划科", CHOSEN, is_first=False)
        until(page, "document.querySelectorAll('#proposals li.accepted').length === 1")
        assert page.locator("#proposals li").count() == 3
        page.locator("#proposals li").nth(1).locator("button.accepted").click()
        saved(page, "Accepted")


def test_who_may_not_plan_can_look_and_try_and_is_told_so(
    browser: Browser, embedded_store: SqlStore, drawn_town: Town
) -> None:
    put_named_town(embedded_store, drawn_town)
    add_account(embedded_store, act(), "root", role="admin")
    given = add_account(embedded_store, act(), "审核科", role="reviewer", place="99").password
    with running(embedded_store) as address, opened(browser, address, DESK) as page:
        page.goto(f"{address}/desk/coverage?lang=en")
        sign_in(page, "审核科", given, is_first=True)
        until(page, "document.body.classList.contains('may-not')")
        assert page.locator("[data-target=urban]").get_attribute("readonly") is not None
        rank(page, 2)
        assert page.locator("#proposals button.accepted").first.is_disabled()
        page.keyboard.press("Tab")
        page.locator("#part-sites").focus()
        page.keyboard.press("a")
        page.locator(".notice.warn").wait_for()
        assert "Only a planner" in page.locator(".notice.warn").inner_text()
        part(page, "try")
        page.locator("#try-form .main").click()
        page.locator("#try-answer tbody tr").first.wait_for()


def test_targets_that_somebody_else_changed_are_shown_before_they_are_overwritten(
    browser: Browser, address: str
) -> None:
    with opened(browser, address, DESK, may_say=REFUSED) as page:
        show(page, address)
        rules = httpx.get(f"{address}/v1/cameras/settings", timeout=60)
        body = rules.json()["settings"]
        body["density"]["rural"] = 9
        tag = {"If-Match": rules.headers["etag"]}
        changed = httpx.put(f"{address}/v1/cameras/settings", json={"settings": body}, headers=tag, timeout=60)
        assert changed.status_code == 200, changed.text
        page.locator("[data-target=urban]").fill("80")
        page.keyboard.press("Enter")
        page.locator(".notice.warn").wait_for()
        until(page, "document.querySelector('[data-target=rural]').value === '9'")
        assert page.locator("[data-target=urban]").input_value() == "70"
        until(page, "document.getElementById('busy').hidden")
        page.locator("[data-target=urban]").fill("80")
        page.keyboard.press("Enter")
        saved(page, "counted anew")
        assert get(address, "/v1/cameras/settings")["settings"]["density"] == {"urban": 80, "rural": 9}


def test_a_target_that_is_no_number_is_refused_with_a_sentence(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        show(page, address)
        for wrong in ("many", "-3", "1e999"):
            page.locator("[data-target=urban]").fill(wrong)
            page.keyboard.press("Enter")
            page.locator(".notice.bad", has_text=wrong).wait_for()
            assert page.locator("[data-target=urban]").input_value() == "70"


def test_slow_work_is_counted_and_can_be_called_off(browser: Browser, address: str) -> None:
    held: list[Route] = []
    with opened(browser, address, DESK) as page:
        show(page, address)
        page.route(
            "**/v1/cameras/proposals", lambda route: held.append(route) if is_question(route) else route.continue_()
        )
        part(page, "sites")
        page.locator("#sites-count").fill("5")
        page.locator("#sites-form .main").click()
        until(page, "/Ranking places… [1-9]/.test(document.getElementById('busy-text').textContent)")
        page.locator("#cancel").click()
        assert page.locator("#busy").is_hidden()
        assert "Nothing was changed" in page.locator(".notice").inner_text()
        assert page.locator("#sites-count").input_value() == "5"
        # By key too, and asked again it goes through.
        page.locator("#sites-form .main").click()
        until(page, "!document.getElementById('busy').hidden")
        page.keyboard.press("Escape")
        assert page.locator("#busy").is_hidden()
        page.unroute("**/v1/cameras/proposals")
        page.locator("#sites-form .main").click()
        until(page, "document.querySelectorAll('#proposals li').length === 5")
        assert len(held) == 2
        assert get(address, "/v1/cameras/proposals")["proposals"] == []


def is_question(route: Route) -> bool:
    return route.request.method == "POST"


def test_a_service_that_is_gone_is_said_plainly_and_asked_again(
    browser: Browser, embedded_store: SqlStore, drawn_town: Town
) -> None:
    put_named_town(embedded_store, drawn_town)
    with running(embedded_store) as address, opened(browser, address, DESK, may_say=f"{GONE}|{REFUSED}") as page:
        show(page, address)
        rank(page, 3)
        page.route("**/v1/**", lambda route: route.abort("connectionrefused"))
        page.locator("#proposals button.refused").first.click()
        page.locator(".notice.bad").wait_for()
        assert "does not answer" in page.locator(".notice.bad").inner_text()
        assert page.locator("#proposals li.refused").count() == 0
        part(page, "try")
        page.locator("#try-form .main").click()
        until(page, "document.querySelectorAll('#tried > li').length === 1")
        page.unroute("**/v1/**")
        page.locator(".notice.bad button", has_text="Try again").first.click()
        until(page, "document.querySelectorAll('.notice.bad').length === 0")
        # Half an answer, and an answer that is none.
        page.route("**/v1/cameras/what-if", lambda route: route.fulfill(status=200, body='{"rows": ['))
        page.locator("#try-form .main").click()
        page.locator(".notice.bad", has_text="in part only").wait_for()
        page.route("**/v1/cameras/what-if", lambda route: route.fulfill(status=503, body="<html>busy"))
        page.locator("#try-form .main").click()
        page.locator(".notice.bad", has_text="does not answer").wait_for()
        assert page.locator("#tried button.quiet").count() >= 3


def test_what_the_browser_kept_and_is_not_ours_falls_away(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        page.goto(f"{address}/healthz")
        for text in ("{", "[]", '"x"', '{"tab": 7, "parts": {"cameras": "nowhere"}, "layers": [], "work": "x"}'):
            page.evaluate("(text) => localStorage.setItem('gridwright.coverage', text)", text)
            show(page, address)
            assert page.locator("#grids").is_visible()
            page.goto(f"{address}/healthz")


def test_names_of_whatever_kind_stay_text(browser: Browser, embedded_store: SqlStore, drawn_town: Town) -> None:
    put_named_town(embedded_store, drawn_town, HOSTILE)
    with running(embedded_store) as address, opened(browser, address, DESK) as page:
        show(page, address)
        page.locator("#rows tbody button").first.click()
        assert any(name in page.locator("#hint").inner_text() for name in map(plain, HOSTILE))
        part(page, "blind")
        assert any(plain(HOSTILE[0]) in text for text in page.locator("#blind-list").all_inner_texts())
        part(page, "try")
        page.locator("#try-form .main").click()
        page.locator("#try-answer tbody tr").first.wait_for()
        part(page, "built")
        page.locator("#tab-reach").click()
        page.locator("#rules tbody tr").first.wait_for()
        for name in ("worst", "late", "posts"):
            part(page, name)
        page.locator("#posts-form .main").click()
        page.locator("#posts-answer .result").wait_for()
        page.locator("#language").click()
        assert page.locator("img, main script, svg[onload]").count() == 0


def plain(text: str) -> str:
    """As inner text is told: blanks run together."""
    return re.sub(r"\s+", " ", text).strip()
