"""Sweeps on the page of statistics: recorded, put right, withdrawn and taken back by keys; beside the patrols."""

from __future__ import annotations

from datetime import UTC, datetime

from playwright.sync_api import Browser, Page

from tests.axe_kit import grave_faults
from tests.desk_kit import opened, until
from tests.statistics_kit import DESK, StatisticsDesk, browser, migrated_file, open_statistics, shown, statistics_desk
from tests.stores import act
from tests.sweep_kit import guangming, new_sweep

__all__ = ["browser", "migrated_file", "statistics_desk"]
COUNTS = ("vehicles", "people", "buildings", "problems")


def figures(page: Page) -> dict[str, str]:
    """The tiles beside each other, by their names."""
    tiles = page.locator("#beside .tile")
    return dict(tiles.nth(i).inner_text().split("\n")[:2] for i in range(tiles.count()))


def told(page: Page, words: str) -> None:
    until(page, f"document.getElementById('sweeps-said').textContent.includes('{words}')")


def record(page: Page, began: str, *counts: int) -> None:
    """Open the dialog and fill it by keys alone."""
    page.locator("#sweep-new").focus()
    page.keyboard.press("Enter")
    page.locator("dialog[open]").wait_for()
    page.locator("#sweep-began").fill(began)
    page.locator("#sweep-vehicles").focus()
    for n in counts:
        page.keyboard.type(str(n))
        page.keyboard.press("Tab")


def test_a_sweep_is_recorded_put_right_withdrawn_and_taken_back(
    browser: Browser, statistics_desk: StatisticsDesk
) -> None:
    query = "&period=month&at=2026-03-10"
    with open_statistics(browser, statistics_desk.address, query, language="en") as page:
        assert "No patrol or sweep is kept" in page.locator("#beside").inner_text()
        record(page, "2026-03-10T19:30", 18, 107, 142)
        page.keyboard.press("Enter")  # on the last field, which is empty yet
        assert "Problems found: a whole number" in page.locator("#sweep-fault").inner_text()
        assert page.evaluate("document.activeElement.id") == "sweep-problems"
        page.keyboard.type("40")
        page.keyboard.press("Enter")
        told(page, "The sweep is saved.")
        found = figures(page)
        assert found == {
            "Sweeps": "1",
            "Vehicle-times": "18",
            "Person-times": "107",
            "Buildings swept": "142",
            "Buildings a sweep": "142",
            "Problems found": "40",
            "Problems a building": "0.28",
        }
        [kept] = statistics_desk.get("/v1/sweeps", since="2026-03-01", until="2026-04-01")["sweeps"]
        assert (kept["began_at"], kept["kind"], kept["ended_at"]) == ("2026-03-10T11:30:00.000Z", "Night sweep", None)
        page.locator("#sweeps summary").focus()
        page.keyboard.press("Enter")
        until(page, "document.documentElement.dataset.sweeps === '2026-03 1'")
        row = page.locator("#sweeps-list tbody tr")
        assert row.inner_text().split("\t")[:4] == ["2026-03-10 19:30", "Night sweep", "Whole county", "18"]
        page.get_by_role("button", name="Correct: 2026-03-10").press("Enter")
        page.locator("#sweep-problems").fill("41")
        page.keyboard.press("Enter")
        until(page, "document.querySelector('#sweeps-list tbody')?.textContent.includes('41')")
        assert figures(page)["Problems a building"] == "0.29"
        page.get_by_role("button", name="Withdraw: 2026-03-10").press("Enter")
        told(page, "counts no more")
        assert "No patrol or sweep is kept" in page.locator("#beside").inner_text()
        assert page.evaluate("document.activeElement.textContent") == "Take back"
        page.keyboard.press("Enter")
        told(page, "counts again")
        assert figures(page)["Problems found"] == "41"


def test_what_the_service_refuses_is_said_in_the_dialog_and_esc_leaves_it(
    browser: Browser, statistics_desk: StatisticsDesk
) -> None:
    query, refused = "&period=month&at=2026-02-10", "status of 422"
    with open_statistics(browser, statistics_desk.address, query, may_say=refused) as page:
        shown(page, "2026-02")
        before = page.locator("#beside").inner_text()
        record(page, "2026-11-23T19:30", 1001, 1, 1, 1)
        page.locator("#sweep-problems").press("Enter")
        until(page, "document.getElementById('sweep-fault').textContent.includes('在未来')")
        assert "vehicles 为 1001" in page.locator("#sweep-fault").inner_text()
        assert grave_faults(page) == []
        page.keyboard.press("ArrowLeft")  # moves no period beneath the dialog
        page.keyboard.press("Escape")
        page.locator("dialog").wait_for(state="detached")
        assert page.evaluate("document.activeElement.id") == "sweep-new"
        assert page.locator("#beside").inner_text() == before
        assert "at=2026-02-10" in page.url
        record(page, "2026-01-10T19:30", 1, 1, 1, 1)
        page.locator("#sweep-problems").press("Enter")
        told(page, "计入 2026-01-10 所在的统计期")


def test_the_figures_of_guangming_are_printed_as_its_paper_prints_them(
    browser: Browser, statistics_desk: StatisticsDesk
) -> None:
    with statistics_desk.store.write(act(at=datetime(2026, 11, 20, tzinfo=UTC))) as tx:
        county = tx.territories.current().county
        tx.sweeps.add_many([*guangming(county=county)])
    with open_statistics(browser, statistics_desk.address, "&period=quarter&at=2026-11-20") as page:
        found = figures(page)
        assert {name: found[name] for name in ("清查次数", "清查车次", "清查人次", "清查栋次", "发现问题")} == {
            "清查次数": "14", "清查车次": "247", "清查人次": "1,499", "清查栋次": "1,987", "发现问题": "558",
        }  # fmt: skip
        assert (found["每次栋数"], found["每栋问题"]) == ("142", "0.28")
        page.locator("#sweeps summary").click()
        until(page, "document.documentElement.dataset.sweeps === '2026-Q4 14'")
        assert page.locator("#sweeps-list tbody tr").count() == 14
        assert grave_faults(page) == []
        page.locator("#language").click()
        assert "Sweeps of the period: 14" in page.locator("#sweeps summary").inner_text()
        assert page.locator("#sweeps-list tbody tr").count() == 14


def test_who_only_reads_sees_the_figures_and_nothing_to_press(
    browser: Browser, statistics_desk: StatisticsDesk
) -> None:
    with statistics_desk.store.write(act(at=datetime(2026, 11, 20, tzinfo=UTC))) as tx:
        county = tx.territories.current().county
        tx.sweeps.add_many([new_sweep(county=county, began_at=datetime(2025, 5, 6, tzinfo=UTC), ended_at=None)])
    with opened(browser, statistics_desk.address, DESK) as page:
        page.route("**/v1/statistics/hotspots?*", lambda route: route.fulfill(json={"grids": []}))
        reader = {"is_local": False, "role": "planner", "jurisdiction": county, "csrf": ""}
        page.route("**/v1/session", lambda route: route.fulfill(json=reader))
        with page.expect_response("**/v1/session"):
            page.goto(f"{statistics_desk.address}/desk/statistics?lang=en&period=month&at=2025-05-10")
        shown(page, "2025-05")
        page.locator("#sweeps summary").click()
        until(page, "document.documentElement.dataset.sweeps === '2025-05 1'")
        assert figures(page)["Sweeps"] == "1"
        assert page.locator("#sweep-new").is_hidden()
        assert page.locator("#sweeps-list button").count() == 0
