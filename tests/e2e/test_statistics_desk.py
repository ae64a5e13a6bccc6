"""The page of incident statistics in a real browser: its figures are those of the service, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser

from partition.incidents.deadlines import DEFAULT_KINDS
from tests.axe_kit import grave_faults
from tests.desk_kit import until
from tests.incident_kit import KINDS
from tests.statistics_kit import (
    HOSTILE,
    TABLET,
    StatisticsDesk,
    browser,
    migrated_file,
    open_statistics,
    shown,
    statistics_desk,
)

__all__ = ["browser", "migrated_file", "statistics_desk"]


def test_the_page_prints_the_figures_of_the_service_with_their_denominators(
    browser: Browser, statistics_desk: StatisticsDesk
) -> None:
    told = statistics_desk.get("/v1/statistics", period="month", at="2026-11", by="kind", compare="year")
    rates = told["total"]["rates"]
    with open_statistics(browser, statistics_desk.address, "&period=month&at=2026-11-22", language="en") as page:
        tiles = page.locator("#tiles").inner_text()
        for name in ("handled_of_due", "in_time_of_due"):
            assert f"{rates[name]['text']} %" in tiles
            assert f"{rates[name]['n']} of {rates[name]['of']} due" in tiles
        assert str(told["total"]["received"]) in tiles
        kinds = page.locator("#kinds tbody").first
        called = {kind.code: kind.en for kind in DEFAULT_KINDS}
        gone = kinds.locator("tr", has_text=called[KINDS[0]])
        assert "-100 %" in gone.inner_text()
        assert "new" in kinds.locator("tr", has_text=called[KINDS[2]]).inner_text()
        assert kinds.locator("tr", has_text=HOSTILE).count() == 1
        assert page.locator("#kinds img").count() == 0
        rows = page.locator("#grids tbody tr").count()
        grids = statistics_desk.get("/v1/statistics", period="month", at="2026-11", by="grid")["groups"]
        assert rows == len([one for one in grids if one["key"]])
        assert not re.search(r"NaN|undefined|\{\w+\}", page.locator("body").inner_text())


def test_periods_are_steps_in_the_address_that_one_can_go_back(
    browser: Browser, statistics_desk: StatisticsDesk
) -> None:
    with open_statistics(browser, statistics_desk.address, "&period=month&at=2026-11-22") as page:
        shown(page, "2026-11")
        assert page.locator("#later").is_disabled()
        page.locator("#earlier").click()
        shown(page, "2026-10")
        page.get_by_text("周", exact=True).click()
        shown(page, "2026-W40")
        assert "period=week" in page.url
        page.go_back()
        shown(page, "2026-10")
        page.go_back()
        shown(page, "2026-11")
        page.locator("#label").focus()
        page.keyboard.press("ArrowLeft")
        shown(page, "2026-10")
        assert "2026-10" in page.locator("#kinds").inner_text()


def test_a_grid_is_chosen_and_its_card_closes_where_it_was_opened(
    browser: Browser, statistics_desk: StatisticsDesk
) -> None:
    grids = statistics_desk.get("/v1/statistics", period="month", at="2026-11", by="grid")["groups"]
    spots = [{"key": min(one["key"] for one in grids if one["key"]), "found": "hot_99"}]
    query = "&period=month&at=2026-11-22&measure=hot"
    with open_statistics(browser, statistics_desk.address, query, TABLET, spots=spots) as page:
        until(page, "document.documentElement.dataset.spots")
        page.locator("[data-sort=code]").click()
        assert "▲ 热点 99 %" in page.locator("#grids tbody tr").first.inner_text()
        first = page.locator("#grids [data-grid]").first
        code = first.inner_text()
        first.click()
        page.locator("#card table").wait_for()
        assert code in page.locator("#card").inner_text()
        assert f"grid={code}" in page.url
        assert page.locator("#card tbody tr").count() == 6
        page.keyboard.press("Escape")
        assert page.locator("#card").is_hidden()
        assert page.evaluate("document.activeElement.dataset.grid") == code
        page.locator("#find").fill("nothing like this")
        assert "没有符合的网格" in page.locator("#grids").inner_text()


def test_the_language_changes_with_everything_in_place_and_axe_finds_nothing(
    browser: Browser, statistics_desk: StatisticsDesk
) -> None:
    with open_statistics(browser, statistics_desk.address, "&period=month&at=2026-11-22&measure=raw") as page:
        assert page.title() == "事件统计 2026-11"
        assert grave_faults(page) == []
        page.locator("#language").click()
        assert page.title() == "Incident statistics 2026-11"
        assert page.locator("#measure").input_value() == "raw"
        page.locator("#night").click()
        assert page.evaluate("document.documentElement.dataset.night") == "true"
        assert grave_faults(page) == []
        page.locator(".chart").focus()
        page.keyboard.press("End")
        assert page.locator(".reading").inner_text().startswith("11-30")


def test_the_papers_are_taken_from_the_page(browser: Browser, statistics_desk: StatisticsDesk, tmp_path: Path) -> None:
    with open_statistics(browser, statistics_desk.address, "&period=month&at=2026-11-22", language="en") as page:
        for name, begins in (("csv", b"\xef\xbb\xbf"), ("html", b"<!DOCTYPE html>")):
            with page.expect_download() as taken:
                page.locator(f"#{name}").click()
            path = tmp_path / name
            taken.value.save_as(path)
            assert taken.value.suggested_filename == f"incidents-2026-11.{name}"
            assert path.read_bytes().startswith(begins)
