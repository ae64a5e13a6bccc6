"""The camera map in a real Chromium, opened from the disk as a reader would.

Every test fails on a console error, an error of the page, or a request to anything but the file itself.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely
from playwright.sync_api import Browser

from gis.sight import Samples, Sights
from maps.camera_map import write_camera_map
from tests.coverage_kit import camera_survey
from tests.coverage_pages import LAPTOP, LINES, POINTS, browser, cameras, opened, painted, picture, unsaid, zoom
from tests.maps.plans import make_plan
from tests.maps.test_coverage_maps import COLUMNS

__all__ = ["browser", "cameras"]


def test_the_camera_map_opens_with_density_sight_and_proposals(browser: Browser, cameras: Path) -> None:
    with opened(browser, cameras, LAPTOP) as page:
        assert page.title() == "摄像机：密度与可见范围"
        assert painted(page, 1) > 0.1  # grids
        assert painted(page, LINES) > 0.005
        assert painted(page, POINTS) > 0.001
        assert page.locator(".gw-label").count() > 10
        assert "EN/IEC 62676-4:2015" in page.inner_text("#gw-choose")
        assert page.locator("[data-proposal]").count() == 6
        assert "99.2" in page.inner_text("#gw-list")
        assert "未注明朝向或镜头" in page.inner_text("#gw-banner")
        assert page.locator("#gw-legend-rows li").count() > 8
        assert unsaid(page) == []


def test_levels_change_what_is_seen(browser: Browser, cameras: Path) -> None:
    with opened(browser, cameras, LAPTOP) as page:
        before = picture(page, LINES)
        page.keyboard.press("1")
        assert page.inner_text(".gw-level-bars .gw-is-chosen").startswith("发现")
        assert picture(page, LINES) != before
        page.click("[data-value='2']")
        assert picture(page, LINES) == before
        page.select_option("#gw-measure", "seen")
        grids = picture(page, 1)
        page.keyboard.press("1")
        assert picture(page, 1) != grids
        page.select_option("#gw-measure", "private")
        assert "视野内私有界面" in page.inner_text("#gw-legend")
        assert unsaid(page) == []


def test_the_table_of_areas_sorts_and_leads_to_a_grid(browser: Browser, cameras: Path) -> None:
    with opened(browser, cameras, LAPTOP) as page:
        page.keyboard.press("t")
        rows = page.locator(".gw-table tbody tr")
        assert rows.count() == 24
        page.click("[data-sort='missing']")
        cells = page.eval_on_selector_all(
            ".gw-table tbody tr", "all => all.map((r) => r.cells[2].innerText).map((t) => (t === '✓' ? 0 : Number(t)))"
        )
        assert cells == sorted(cells, reverse=True)
        assert cells[0] > cells[-1]
        assert page.evaluate("document.activeElement.dataset.sort") == "missing"
        page.click("[data-sort='missing']")
        assert page.get_attribute("th:has([data-sort='missing'])", "aria-sort") == "ascending"
        before = zoom(page)
        code = rows.first.locator("th").inner_text()
        rows.first.locator("button").click()
        assert code in page.inner_text("#gw-card")
        assert zoom(page) > before
        page.keyboard.press("Escape")
        assert not page.locator("#gw-card").is_visible()
        assert page.evaluate("document.activeElement.innerText") == code
        page.select_option("#gw-scope", "community")
        assert rows.count() == 3


def test_blind_stretches_are_walked_through_and_shown(browser: Browser, cameras: Path) -> None:
    with opened(browser, cameras, LAPTOP) as page:
        page.keyboard.press("b")
        n = page.evaluate("gridwright.data.blind_total")
        assert f"{n}" in page.inner_text("#gw-list > p")
        seen = []
        for _ in range(3):
            page.keyboard.press("n")
            seen.append(page.locator("[data-blind][aria-pressed='true']").get_attribute("data-blind"))
            inside = page.evaluate(
                "(i) => gridwright.map().getBounds().contains(L.latLngBounds(gridwright.blindStretches[i].path))",
                int(seen[-1]),
            )
            assert inside
        assert seen == ["0", "1", "2"]
        page.keyboard.press("p")
        assert page.locator("[data-blind][aria-pressed='true']").get_attribute("data-blind") == "1"


def test_a_click_on_a_camera_shows_its_sight_and_what_is_private(browser: Browser, cameras: Path) -> None:
    with opened(browser, cameras, LAPTOP) as page:
        page.evaluate("gridwright.choose({ kind: 'camera', index: 5 }, { zoom: true })")
        with_sight = painted(page, LINES)
        page.keyboard.press("Escape")
        assert painted(page, LINES) < with_sight
        at = page.evaluate(
            """() => {
                const p = gridwright.map().latLngToContainerPoint(gridwright.toLatLng(gridwright.data.cameras.spot[5]));
                const box = gridwright.map().getContainer().getBoundingClientRect();
                return [p.x + box.x, p.y + box.y];
            }"""
        )
        page.mouse.click(*at)
        card = page.inner_text("#gw-card")
        assert page.evaluate("gridwright.data.cameras.id[5]") in card
        assert "13\u00a0米" in card  # private metres in view
        before = painted(page, LINES)
        page.keyboard.press("s")
        page.keyboard.press("m")
        assert painted(page, LINES) > before


def test_cameras_are_filtered_by_what_is_wrong_with_them(browser: Browser, cameras: Path) -> None:
    with opened(browser, cameras, LAPTOP) as page:
        page.keyboard.press("c")
        every = page.locator("[data-camera]").count()
        points = painted(page, POINTS)
        page.select_option("#gw-filter", "off")
        some = page.locator("[data-camera]").count()
        assert 0 < some < every
        assert painted(page, POINTS) < points
        page.select_option("#gw-filter", "number")
        assert page.locator("[data-camera]").count() == 1
        page.click("[data-camera]")
        assert "不是 20 位" in page.inner_text("#gw-card")
        page.select_option("#gw-filter", "all")
        page.fill("#gw-find", "no such camera")
        assert "没有符合的摄像机" in page.inner_text("#gw-list")


def test_layers_can_be_switched_off(browser: Browser, cameras: Path) -> None:
    with opened(browser, cameras, LAPTOP) as page:
        page.click("#gw-layers-open")
        for name in ("grids", "seen", "unseen", "cameras", "proposals", "places"):
            box = page.locator(f"#gw-layer-{name}")
            if box.is_checked():
                box.uncheck()
        assert painted(page, 1) == painted(page, LINES) == painted(page, POINTS) == 0
        page.check("#gw-layer-places")
        assert painted(page, POINTS) > 0


def test_a_page_that_only_counts_says_so(browser: Browser, tmp_path: Path) -> None:
    filed, territory = make_plan(12, 2)
    survey = camera_survey(filed, territory)
    n = len(survey.cameras)
    nowhere = np.full(n, shapely.Polygon(), dtype=object)
    bare = replace(
        survey,
        samples=Samples(*(np.zeros(0, kind) for kind in COLUMNS)),
        sights=Sights(np.zeros(n + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), 0),
        seen_by=np.zeros(0, np.int32),
        polygon=nowhere,
        mask=nowhere,
        blind=(),
    )
    path = tmp_path / "counts.html"
    write_camera_map(bare, filed, territory, path, language="en")
    with opened(browser, path, LAPTOP) as page:
        assert "Counts only" in page.inner_text("#gw-banner")
        assert page.locator(".gw-segments").count() == 0
        assert painted(page, LINES) == 0
        for key in "123bsmcntp":
            page.keyboard.press(key)
        assert "not drawn on this map" in page.inner_text("#gw-card") or page.locator("#gw-card h2").count()
        assert unsaid(page) == []
