"""What goes wrong at the patrol desk is said plainly, and nothing that was done is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from api.usecases.accounts import add_account
from data.store import SqlStore
from tests.api.test_http_pages_in_browser import HOSTILE, browser
from tests.desk_kit import go, opened, put_named_town, show_route, to_first_place
from tests.e2e.test_patrol_desk import grid
from tests.served import Town, drawn_town, running
from tests.stores import act, embedded_store, migrated_file

__all__ = ["browser", "drawn_town", "embedded_store", "grid", "migrated_file"]

REFUSED = r"status of (401|413|415|422)"
GONE = r"net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)"
CHOSEN = "四个互不相关的词语写在这里"
BOMB = b"""<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<gpx version="1.1" creator="&b;" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg/></trk></gpx>"""


@pytest.fixture
def address(embedded_store: SqlStore, drawn_town: Town) -> Iterator[str]:
    put_named_town(embedded_store, drawn_town)
    with running(embedded_store) as url:
        yield url


def give(page: Page, name: str, content: bytes) -> str:
    """Choose a file as a track; what the page says to it."""
    page.set_input_files("#gpx", files=[{"name": name, "mimeType": "application/gpx+xml", "buffer": content}])
    page.locator(".notice.bad").first.wait_for()
    return page.locator(".notice.bad p").first.inner_text()


def sign_in(page: Page, password: str) -> None:
    page.locator("#sign-in").wait_for()
    page.fill("#name", "巡逻一队")
    page.fill("#password", password)
    page.keyboard.press("Enter")


def test_a_wrong_file_is_refused_with_a_sentence(browser: Browser, address: str, grid: str) -> None:
    with opened(browser, address, may_say=REFUSED) as page:
        show_route(page, address, grid, "en")
        page.locator("#next").click()
        step = page.locator("#told strong").inner_text()
        go(page, "track")
        assert "empty" in give(page, "a.gpx", b"")
        assert "photo.gpx is not a GPX file" in give(page, "photo.gpx", b"\x89PNG\r\n\x1a\n" + bytes(100))
        bombed = give(page, "bomb.gpx", BOMB)
        assert "not a GPX" not in bombed
        assert len(bombed) > 20
        assert "\ufeff" not in bombed
        assert page.locator("#report .figures").count() == 0
        assert page.locator("#choose").inner_text() == "Choose a GPX file"
        go(page, "route")
        assert page.locator("#told strong").inner_text() == step


def test_a_lost_session_asks_to_sign_in_and_goes_on_where_one_was(
    browser: Browser, embedded_store: SqlStore, drawn_town: Town, grid: str
) -> None:
    put_named_town(embedded_store, drawn_town)
    add_account(embedded_store, act(), "root", role="admin")
    given = add_account(embedded_store, act(), "巡逻一队", role="patrol", place="99").password
    with running(embedded_store) as address, opened(browser, address, may_say=REFUSED) as page:
        page.goto(f"{address}/desk/patrol?lang=en")
        sign_in(page, given)
        page.wait_for_selector("#new:focus")
        page.keyboard.type(CHOSEN)
        page.keyboard.press("Tab")
        page.fill("#again", CHOSEN)
        page.keyboard.press("Enter")
        page.locator("#grids button").first.wait_for()
        show_route(page, address, grid, "en")
        to_first_place(page)
        page.locator("#tick").click()
        step = page.locator("#told strong").inner_text()

        go(page, "take")
        page.locator("#save").click()
        page.locator("#forget").wait_for()
        page.context.clear_cookies()
        # What the phone keeps opens also for who is signed out, and says so.
        page.reload()
        page.locator("#saved-parts li").first.wait_for()
        page.locator(".notice a").first.wait_for()
        page.locator("#forget").click()
        page.locator("[data-file=gpx]").click()
        page.locator(".notice.bad").wait_for()
        assert "signed out" in page.locator(".notice.bad").inner_text()
        go(page, "track")
        assert "signed out" in give(page, "7.gpx", b"<?xml version='1.0'?><gpx></gpx>")
        assert page.locator("#again").is_visible()
        go(page, "route")
        page.locator(".notice a").first.click()
        sign_in(page, CHOSEN)
        page.locator("#walk").wait_for()
        assert page.locator("#told strong").inner_text() == step
        assert page.locator("#tick").get_attribute("aria-pressed") == "true"


def test_a_service_that_is_gone_is_said_and_the_walk_goes_on(
    browser: Browser, embedded_store: SqlStore, drawn_town: Town, grid: str
) -> None:
    put_named_town(embedded_store, drawn_town)
    server = running(embedded_store)
    address = server.__enter__()
    with opened(browser, address, may_say=GONE) as page:
        show_route(page, address, grid, "en")
        to_first_place(page)
        server.__exit__(None, None, None)
        page.locator("#tick").click()
        assert page.locator("#tick").get_attribute("aria-pressed") == "true"
        page.locator("#next").click()
        step = page.locator("#told strong").inner_text()
        go(page, "take")
        page.locator("[data-file=pdf]").click()
        page.locator(".notice.bad").wait_for()
        assert "does not answer" in page.locator(".notice.bad").inner_text()
        page.locator(".notice .close").click()
        page.locator("#save").click()
        page.locator(".notice.bad").wait_for()
        assert "does not answer" in page.locator(".notice.bad").inner_text()
        assert page.locator("#save").inner_text() == "Save on this phone"
        assert not page.locator("#forget").is_visible()
        go(page, "route")
        assert page.locator("#told strong").inner_text() == step


def test_names_that_try_to_run_as_script_are_shown_as_text(
    browser: Browser, embedded_store: SqlStore, drawn_town: Town, grid: str
) -> None:
    put_named_town(embedded_store, drawn_town, HOSTILE)
    with running(embedded_store) as address, opened(browser, address) as page:
        page.goto(f"{address}/desk/patrol?lang=en")
        page.locator("#grids button").first.wait_for()
        listed = page.locator("#grids").inner_text()
        assert any(name in listed for name in HOSTILE)
        show_route(page, address, grid, "en")
        shown = to_first_place(page)
        assert shown in HOSTILE
        go(page, "list")
        assert any(name in page.locator("#turns").inner_text() for name in HOSTILE)
        assert shown in page.locator("#places").inner_text()
        page.locator("#language").click()
        go(page, "route")
        page.locator("#back").click()


def test_a_script_that_got_into_the_page_would_not_run(browser: Browser, address: str, grid: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/desk/patrol?lang=zh&grid={grid}")
    page.locator("#grids button").first.wait_for()
    page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'window.__t = 1';
            document.body.append(script);
            document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.__t = 1">');
        }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.__t") is None
    page.close()


def test_what_somebody_else_left_in_the_storage_of_the_browser_does_no_harm(
    browser: Browser, address: str, grid: str
) -> None:
    with opened(browser, address) as page:
        page.goto(f"{address}/healthz")
        for text in ("{", '"x"', '{"choice": 5, "shifts": [], "saved": null, "view": {}}', '{"view": "track"}'):
            page.evaluate("(text) => localStorage.setItem('gridwright.patrol', text)", text)
            show_route(page, address, grid, "en")
            page.locator("#next").click()
            page.goto(f"{address}/healthz")
