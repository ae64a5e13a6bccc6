"""The pages that ``gridwright demo`` and ``serve`` give, in a real Chromium: from the first page to the map."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from api.cli import main
from tests.running import running_service

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
WAIT_MS = 180_000  # far more than any of it takes, however busy the machine


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--out", str(folder), "--no-serve", "--households", "2000", "--lang", "en"]) in (0, 1)
    with running_service(f"sqlite:///{folder / 'store.sqlite'}", folder) as service:
        yield service.address
        assert service.end(signal.SIGINT) == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.fail("Chromium is not installed, so nobody has looked at the pages: run `make setup-tests`.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"], timeout=WAIT_MS
        )
        yield started
        started.close()


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_the_first_page_leads_to_a_map_without_errors_or_outside_requests(
    browser: Browser, address: str, width: int, height: int
) -> None:
    faults: list[str] = []
    page: Page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(WAIT_MS)
    page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:")) else faults.append(r.url[:200]))
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="中文").click()
    page.get_by_role("link", name="打开地图").click()
    page.wait_for_selector("html[data-ready]", state="attached")
    page.close()
    assert faults == []
