"""The pages of the service in a real Chromium, with their content security policy in force and hostile names in them.

Every test fails on a console error or warning (a policy that was broken is one), an error of the page, a dialog, or a
request to anything but the service.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from data.store import SqlStore
from tests.served import running
from tests.service_town import FIRST, SECOND, put_in_force, put_town, town_plan, town_territory
from tests.stores import act, embedded_store, migrated_file

__all__ = ["embedded_store", "migrated_file"]

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
WAIT_MS = 180_000
HOSTILE = (
    "</script><script>window.__t=1</script>",
    "<img src=x onerror=window.__t=1>",
    "'\"><svg onload=window.__t=1>",
    "${window.__t=1}`;window.__t=1;`{{constructor.constructor('window.__t=1')()}}",
)
IN_TITLE = "</title></style><script>window.__t=1</script><style>*{display:none}</style>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.fail("Chromium is not installed, so nobody has looked at the pages: run `make setup-tests`.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, timeout=WAIT_MS)
        yield started
        started.close()


@contextmanager
def opened(browser: Browser, address: str, width: int = 1366, height: int = 768) -> Iterator[Page]:
    """A page whose every fault is noted; on leaving, there may be none."""
    faults: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(WAIT_MS)
    page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:")) else faults.append(r.url[:200]))
    yield page
    executed = page.evaluate("window.__t")
    page.close()
    assert faults == []
    assert executed is None


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_the_list_leads_to_a_map_under_its_policy(
    browser: Browser, embedded_store: SqlStore, width: int, height: int
) -> None:
    put_town(embedded_store)
    with running(embedded_store) as address, opened(browser, address, width, height) as page:
        page.goto(f"{address}/?lang=en")
        assert page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") == "8px"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("link", name="中文").click()
        page.get_by_role("link", name="打开地图").click()
        page.wait_for_selector("html[data-ready]", state="attached")
        assert page.locator("path.gw-grid").count() == 4
        assert page.evaluate("getComputedStyle(document.querySelector('.gw-map')).position") in ("relative", "absolute")
        page.locator("#gw-language").click()
        page.locator("path.gw-grid").first.click(force=True)
        page.wait_for_selector("#gw-card:not([hidden])")


def test_names_that_try_to_run_as_script_are_shown_as_text(browser: Browser, embedded_store: SqlStore) -> None:
    names = dict(zip("ABCD", HOSTILE, strict=True))
    with embedded_store.write(act()) as tx:
        land = town_territory(names={FIRST: HOSTILE[0], SECOND: HOSTILE[1]})
        territory = tx.territories.save(land, HOSTILE[2])
        card = tx.plans.save(town_plan(names=names), territory_id=territory.id, name=IN_TITLE, state="filed")
        plan = put_in_force(tx, card.id, card.created_at)
    with running(embedded_store) as address, opened(browser, address) as page:
        page.goto(f"{address}/?lang=en")
        assert IN_TITLE in page.locator(".card h3").inner_text()
        page.get_by_role("link", name="Open the map").click()
        page.wait_for_selector("html[data-ready]", state="attached")
        assert page.title() == IN_TITLE
        for letter, name in names.items():
            page.goto(f"{address}/map/{plan}?lang=en")
            page.wait_for_selector("html[data-ready]", state="attached")
            community = FIRST if letter in "AB" else SECOND
            page.locator("#gw-find").fill(f"{community}{letter}")
            page.keyboard.press("Enter")
            page.wait_for_selector("#gw-card:not([hidden])")
            assert name in page.locator("#gw-card").inner_text()
        page.locator("#gw-find").fill(HOSTILE[1])
        page.keyboard.press("Enter")


def test_a_script_that_got_into_the_page_would_not_run(browser: Browser, embedded_store: SqlStore) -> None:
    plan = put_town(embedded_store)
    with running(embedded_store) as address:
        page = browser.new_page()
        page.set_default_timeout(WAIT_MS)
        for path in ("/?lang=en", f"/map/{plan}?lang=en"):
            page.goto(address + path)
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
