"""The map of response times in a real Chromium, opened from the disk as a reader would.

Every test fails on a console error, an error of the page, or a request to anything but the file itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.coverage_pages import LAPTOP, LINES, POINTS, browser, opened, painted, picture, reach, unsaid, zoom

__all__ = ["browser", "reach"]


def test_the_map_of_response_times_opens_at_a_promise_that_is_broken(browser: Browser, reach: Path) -> None:
    with opened(browser, reach, LAPTOP) as page:
        assert page.title() == "响应时间：直到最远的门"
        assert "承诺未达到" in page.inner_text("#gw-banner")
        assert page.locator("[data-rule]").count() == 10
        assert painted(page, LINES) > 0.01
        assert painted(page, POINTS) > 0.0005
        assert page.locator(".gw-verdict-broken").count() >= 1
        assert unsaid(page) == []


def test_promise_and_part_of_the_day_are_chosen(browser: Browser, reach: Path) -> None:
    with opened(browser, reach, LAPTOP) as page:
        pictures = set()
        for key, name in (("1", "1"), ("2", "3"), ("5", "circle15")):
            page.keyboard.press(key)
            assert page.eval_on_selector("#gw-rule", "n => n.value") == name
            pictures.add(picture(page, LINES))
        assert len(pictures) == 3
        page.keyboard.press("2")
        day = picture(page, LINES)
        page.keyboard.press("d")
        assert page.get_attribute("[aria-checked='true']", "data-value") == "night"
        assert picture(page, LINES) != day
        page.click("[data-value='day']")
        assert picture(page, LINES) == day
        page.click("[data-rule='9']")
        assert page.eval_on_selector("#gw-rule", "n => n.value") == "circle15"
        assert unsaid(page) == []


def test_metres_of_each_colour_are_what_the_survey_counted(browser: Browser, reach: Path) -> None:
    """The page cuts streets at the minute itself: the share drawn is the share the survey found."""
    with opened(browser, reach, LAPTOP) as page:
        told = page.evaluate(
            """() => gridwright.data.rules.map((rule, index) => {
                const metres = (s) => {
                    let sum = 0;
                    for (let p = 0; p < s.n; p += 1) {
                        for (let i = s.start[p] + 1; i < s.start[p + 1]; i += 1) {
                            sum += Math.hypot(s.xs[i] - s.xs[i - 1], s.ys[i] - s.ys[i - 1]);
                        }
                    }
                    return sum;
                };
                const list = gridwright.reachClasses(index).map((one) => [one.upto, metres(one.shape)]);
                const total = (some) => some.reduce((sum, [, m]) => sum + m, 0);
                const soon = list.filter(([upto]) => upto !== null && upto <= rule.minutes);
                return [total(soon) / total(list), rule.shares[6] / rule.shares[7], rule.mode];
            })"""
        )
        assert len(told) == 10
        for drawn, counted, mode in told:
            # The survey counts streets that the mode may use or not; here every street is open to all.
            assert drawn == pytest.approx(counted, abs=0.03), mode
        assert len({round(drawn, 2) for drawn, *_ in told}) > 3


def test_worst_doors_lead_to_their_place(browser: Browser, reach: Path) -> None:
    with opened(browser, reach, LAPTOP) as page:
        page.keyboard.press("2")
        page.keyboard.press("w")
        first = page.inner_text("[data-door='0']")
        assert "无法到达" in first  # the bank that no street leads to
        page.click("[data-door='0']")
        assert "远处银行" in page.inner_text("#gw-card")
        page.click("[data-door='1']")
        inside = page.evaluate(
            "gridwright.map().getBounds().contains(gridwright.toLatLng(gridwright.data.rules[2].worst[1].spot))"
        )
        assert inside
        assert zoom(page) > 15
        assert "到达时间" in page.inner_text("#gw-card")


def test_rings_and_posts_proposed_are_shown(browser: Browser, reach: Path) -> None:
    with opened(browser, reach, LAPTOP) as page:
        page.keyboard.press("2")
        before = picture(page, LINES)
        page.click("[data-ring='0']")
        assert picture(page, LINES) != before
        page.click("[data-ring='0']")
        assert picture(page, LINES) == before
        page.keyboard.press("r")
        assert page.locator("[data-proposal]").count() == 3
        assert "10 分 20 秒" in page.inner_text("#gw-list")
        page.click("[data-proposal='0']")
        assert "建议岗点" in page.inner_text("#gw-card")
        page.keyboard.press("1")
        assert "没有选址结果" in page.inner_text("#gw-list")
        page.locator("#gw-list .gw-more").last.click()
        assert page.locator("[data-proposal]").count() == 3


def test_the_table_of_grids_says_how_many_are_late(browser: Browser, reach: Path) -> None:
    with opened(browser, reach, LAPTOP) as page:
        page.keyboard.press("4")
        page.keyboard.press("t")
        page.click("[data-sort='late']")
        cells = page.eval_on_selector_all(".gw-table tbody tr", "all => all.map((r) => r.cells[2].innerText)")
        numbers = [float(text.replace(",", "")) for text in cells if text != "–"]
        assert numbers == sorted(numbers, reverse=True)
        page.locator("[data-grid]").first.click()
        assert "全部承诺" in page.inner_text("#gw-card")
        assert unsaid(page) == []
