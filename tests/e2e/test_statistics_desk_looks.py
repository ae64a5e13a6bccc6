"""How the page of statistics looks: on a tablet, on paper, at night, before a month is over, with nothing in it."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser

from api.http.settings import ServiceSettings
from data.store import open_store
from tests.axe_kit import grave_faults
from tests.served import running
from tests.statistics_kit import (
    DESK,
    NOW,
    TABLET,
    StatisticsDesk,
    browser,
    migrated_file,
    open_statistics,
    statistics_desk,
)

__all__ = ["browser", "migrated_file", "statistics_desk"]

MONTH = "&period=month&at=2026-11"


@pytest.mark.parametrize(("size", "language"), [(DESK, "zh"), (TABLET, "en")])
def test_codes_stay_whole_nothing_is_wider_than_the_page_and_a_month_is_a_day_of_it(
    browser: Browser, statistics_desk: StatisticsDesk, size: tuple[int, int], language: str
) -> None:
    with open_statistics(browser, statistics_desk.address, MONTH, size, language) as page:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        code = page.locator("#grids [data-grid]").first.bounding_box()
        assert code["height"] < 30, "a code of fifteen digits is one line"
        # Along the table to its end: whose row it is still stands there.
        page.locator("#grids .scroll").evaluate("(one) => { one.scrollLeft = 1000; }")
        assert page.locator("#grids [data-grid]").first.bounding_box()["x"] >= 0
        assert page.locator("#at").input_value() == "2026-11-22"
        # First and last day of what it is compared with are a line each, and leave the kinds their room.
        days = page.locator("#kinds thead").first.locator(".whole").all()
        assert [day.bounding_box()["height"] < 25 for day in days] == [True, True]
        kinds = page.locator("#kinds tbody").first.locator("th").first.bounding_box()
        assert kinds["width"] >= 70


def test_days_to_come_have_no_number(browser: Browser, statistics_desk: StatisticsDesk) -> None:
    with open_statistics(browser, statistics_desk.address, MONTH, language="en") as page:
        assert page.locator(".chart circle").count() == NOW.day
        page.locator("#steps summary").click()
        rows = page.locator("#steps tbody tr")
        assert rows.count() == 30
        assert rows.nth(NOW.day - 1).locator("td").first.inner_text() != "–"
        assert rows.nth(NOW.day).locator("td").all_inner_texts() == ["–", "–"]
        page.locator(".chart").focus()
        page.keyboard.press("End")
        assert page.locator(".reading").inner_text() == "11-30 · Received – · Handled –"
    with open_statistics(browser, statistics_desk.address, "&period=year&at=2026", language="en") as page:
        assert page.locator(".chart circle").count() == NOW.month
    with open_statistics(browser, statistics_desk.address, "&period=month&at=2025-11", language="en") as page:
        assert page.locator(".chart circle").count() == 30


def test_on_paper_it_is_three_pages_that_begin_with_the_kinds(
    browser: Browser, statistics_desk: StatisticsDesk
) -> None:
    with open_statistics(browser, statistics_desk.address, MONTH, language="zh") as page:
        paper = pypdfium2.PdfDocument(io.BytesIO(page.pdf(format="A4")))
        pages = [one.get_textpage().get_text_bounded() for one in paper]
    assert len(pages) == 3
    assert "按类别" in pages[0], "the first page is not left empty below the totals"
    said = "".join(pages)
    assert "网格分布" in said
    assert "夜间" not in said, "buttons are not printed"
    grids = statistics_desk.get("/v1/statistics", period="month", at="2026-11", by="grid")["groups"]
    assert all(one["key"] in said for one in grids if one["key"])  # none broken into two lines


def test_a_page_by_night_is_printed_by_day(browser: Browser, statistics_desk: StatisticsDesk) -> None:
    ground = """() => {
        const one = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
        const pen = one.getContext('2d', { willReadFrequently: true });
        pen.drawImage(document.querySelector('#map'), 2, 2, 1, 1, 0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    }"""
    with open_statistics(browser, statistics_desk.address, f"{MONTH}&night=1") as page:
        assert max(page.evaluate(ground)) < 60
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert min(page.evaluate(ground)) > 200
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate("document.documentElement.dataset.night") == "true"


@pytest.mark.parametrize(
    ("size", "language", "says"), [(DESK, "zh", "请先使方案生效"), (TABLET, "en", "Put a plan in force")]
)
def test_with_nothing_in_the_store_it_says_what_to_do(
    browser: Browser, migrated_file: Path, tmp_path: Path, size: tuple[int, int], language: str, says: str
) -> None:
    store = open_store(f"sqlite:///{shutil.copy2(migrated_file, tmp_path / 'bare.db')}")
    try:
        with (
            running(store, ServiceSettings(now=lambda: NOW)) as address,
            open_statistics(browser, address, MONTH, size, language) as page,
        ):
            assert says in page.locator("#grids").inner_text()
            assert says in page.locator("#map-note").inner_text()
            assert grave_faults(page) == []
    finally:
        store.close()
