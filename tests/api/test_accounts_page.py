"""The page to sign in with, in a real Chromium: by keyboard, in both languages, under its policy, and back to where
one came from and nowhere else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from api.pages.login import local_path, login_page
from api.usecases.accounts import add_account
from data.store import SqlStore
from tests.account_kit import make_site
from tests.served import running
from tests.stores import act, embedded_store, migrated_file

__all__ = ["embedded_store", "migrated_file"]

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
WAIT_MS = 180_000
CHOSEN = "四个互不相关的词语写在这里"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.fail("Chromium is not installed, so nobody has looked at the page: run `make setup-tests`.")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        started = playwright.chromium.launch(executable_path=program, args=arguments, timeout=WAIT_MS)
        yield started
        started.close()


@contextmanager
def opened(browser: Browser, address: str, *, width: int = 1280, locale: str = "en") -> Iterator[Page]:
    """A page whose faults are noted; a refused log-in is none."""
    faults: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 800}, locale=locale)
    page.set_default_timeout(WAIT_MS)

    def note(text: str) -> None:
        if "401 (Unauthorized)" not in text and "422" not in text:
            faults.append(text)

    page.on("console", lambda m: note(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: note(str(error)))
    page.on("request", lambda r: None if r.url.startswith((address, "data:")) else note(r.url[:200]))
    yield page
    page.close()
    assert faults == []


@pytest.mark.parametrize(("width", "locale", "word"), [(1280, "en", "Sign in"), (390, "zh-CN", "登录")])
def test_signing_in_by_keyboard_with_a_one_time_password_leads_to_where_one_wanted_to_go(
    browser: Browser, embedded_store: SqlStore, width: int, locale: str, word: str
) -> None:
    add_account(embedded_store, act(), "root", role="admin")
    given = add_account(embedded_store, act(), "规划科", role="planner", place="330402").password
    with running(embedded_store) as address, opened(browser, address, width=width, locale=locale) as page:
        page.goto(f"{address}/login?next=/v1/session")
        page.wait_for_selector("#sign-in:not([hidden])")
        assert page.locator("#sign-in h1").inner_text() == word
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.activeElement.id") == "name"
        page.keyboard.type("规划科")
        page.keyboard.press("Tab")
        page.keyboard.type("wrong password")
        page.keyboard.press("Enter")
        page.wait_for_selector("#sign-in .said:not([hidden])")
        page.fill("#password", given)
        page.keyboard.press("Enter")
        page.wait_for_selector("#new:focus")
        assert page.input_value("#old") == given
        page.keyboard.type(CHOSEN)
        page.keyboard.press("Tab")
        page.keyboard.type("something else")
        page.keyboard.press("Enter")
        page.wait_for_selector("#change .said:not([hidden])")
        page.fill("#again", CHOSEN)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}/v1/session")
        assert '"must_change":false' in page.inner_text("body")


def test_signed_in_one_changes_the_password_and_signs_out(browser: Browser, embedded_store: SqlStore) -> None:
    site = make_site(embedded_store)
    site.add("root", "admin")
    site.browser("root")
    with running(embedded_store) as address, opened(browser, address) as page:
        page.goto(f"{address}/login")
        page.wait_for_selector("#sign-in:not([hidden])")
        page.fill("#name", "root")
        page.fill("#password", site.given["root"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{address}/")
        page.goto(f"{address}/login?next=/v1/session")
        page.get_by_role("button", name="Change password").click()
        page.fill("#old", site.given["root"])
        page.fill("#new", "too short")
        page.fill("#again", "too short")
        page.get_by_role("button", name="Keep this password").click()
        page.locator("#change .said", has_text="12").wait_for()
        page.fill("#new", CHOSEN)
        page.fill("#again", CHOSEN)
        page.get_by_role("button", name="Keep this password").click()
        page.wait_for_url(f"{address}/v1/session")
        page.goto(f"{address}/login")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_selector("#sign-in:not([hidden])")
        assert not [cookie for cookie in page.context.cookies() if cookie["name"] == "gridwright"]


def test_a_page_for_people_shows_the_way_in_and_a_program_is_told_401(embedded_store: SqlStore) -> None:
    site = make_site(embedded_store)
    site.add("root", "admin")
    html = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    sent = site.client(**html).get("/map/p123?lang=zh")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=/map/p123%3Flang%3Dzh")
    assert site.client().get("/map/p123").status_code == 401
    assert site.client(**html).get("/v1/session").status_code in (401, 406)
    assert site.client(**html).get("/v1/keys").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "/\t/elsewhere.example",
        "\\\\elsewhere.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "elsewhere.example",
        "",
        "/login?next=/login",
        "/a\nb",
    ],
)
def test_one_is_never_led_to_another_site(path: str) -> None:
    assert local_path(path) == "/"
    page = login_page("en", path, asks=False)
    assert 'data-next="/"' in page
    assert "elsewhere" not in page


@pytest.mark.parametrize("path", ["/", "/desk/plan", "/map/p1?lang=zh#top", "/collections/grids/items?limit=5"])
def test_one_is_led_back_to_pages_of_the_service(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_has_nothing_inline_and_text_stays_text(language: str) -> None:
    page = login_page(language, '/"><script>alert(1)</script>', asks=False)
    assert not re.search(r"<script(?! src=)|<style|\son\w+=|style=|javascript:", page)
    assert "&quot;&gt;&lt;script&gt;" in page
    assert "$" not in page


def test_the_page_s_files_are_two_and_no_path_leads_out_of_them(embedded_store: SqlStore) -> None:
    client = make_site(embedded_store).client()
    assert client.get("/login/login.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/login/login.css").headers["content-type"].startswith("text/css")
    for name in ("login.html", "login.py", "..%2Flogin.py", "..%2f..%2fsettings.py", "login.js%00.css"):
        assert client.get(f"/login/{name}").status_code in (400, 404)
    policy = client.get("/login").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
