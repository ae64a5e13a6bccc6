"""The maps of cameras and of response times in a real Chromium, opened from the disk as a reader would.

Every test fails on a console error, an error of the page, or a request to anything but the file itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from playwright.sync_api import Browser, Page

from gis.sight import Samples, Sights
from maps.camera_map import write_camera_map
from maps.reach_map import write_reach_map
from tests.coverage_kit import camera_survey, posts_answer, reach_of, sights_of, siting_of, with_names, with_places
from tests.e2e import test_plan_map_in_browser as plan_page
from tests.maps.plans import make_plan
from tests.maps.test_coverage_maps import COLUMNS

PHONE = plan_page.PHONE
LAPTOP = {"width": 1280, "height": 800}
opened = plan_page.opened
LINES, POINTS = 3, 4
"""Canvases of a coverage page: land, grids, land over them, lines, points."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from plan_page.browser.__wrapped__()


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    filed, territory = make_plan(24, 3)
    territory = with_places(territory, filed)
    survey = camera_survey(filed, territory)
    siting = siting_of(survey)
    path = tmp_path_factory.mktemp("maps") / "cameras.html"
    write_camera_map(survey, filed, territory, path, siting=siting, sights=sights_of(siting.cameras, 125.0))
    return path


@pytest.fixture(scope="module")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Path:
    filed, territory = make_plan(24, 3)
    territory = with_places(territory, filed)
    survey = reach_of(filed, territory)
    path = tmp_path_factory.mktemp("maps") / "reach.html"
    answers = [posts_answer(survey, filed, rule=k) for k in (2, 4)]
    write_reach_map(survey, filed, territory, path, posts_answer=answers)
    return path


def painted(page: Page, canvas: int) -> float:
    return plan_page.painted_frac(page, canvas)


def picture(page: Page, canvas: int) -> str:
    return page.evaluate("(n) => document.querySelectorAll('canvas.gw-canvas')[n].toDataURL()", canvas)


def unsaid(page: Page) -> list[str]:
    """Texts that are keys of words instead of words."""
    return page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter((n) => !['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(n.tagName))
            .flatMap((n) => [...n.childNodes].filter((c) => c.nodeType === 3).map((c) => c.textContent.trim()))
            .filter((t) => /^[a-z0-9]+(_[a-z0-9]+)+$/.test(t) || /[{?]\\w*}/.test(t))"""
    )


# ---- cameras ---------------------------------------------------------------------------------------------------------


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
        assert page.inner_text(".gw-level-bars .gw-is-chosen").startswith("探测")
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
        before = plan_page.zoom(page)
        code = rows.first.locator("th").inner_text()
        rows.first.locator("button").click()
        assert code in page.inner_text("#gw-card")
        assert plan_page.zoom(page) > before
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


# ---- response times --------------------------------------------------------------------------------------------------


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
        assert plan_page.zoom(page) > 15
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


# ---- both ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["cameras", "reach"])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("size", "phone"), [(LAPTOP, False), (PHONE, True)])
def test_nothing_is_cut_off_and_no_text_is_small(
    browser: Browser,
    request: pytest.FixtureRequest,
    which: str,
    language: str,
    size: dict[str, int],
    phone: bool,
) -> None:
    with opened(browser, request.getfixturevalue(which), size, phone=phone) as page:
        if language == "en":
            page.keyboard.press("g")
        tabs = page.eval_on_selector_all("[role=tab]", "all => all.map((n) => n.id)")
        for tab in tabs:
            page.evaluate(f"document.getElementById('{tab}').click()")
            page.keyboard.press("n")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            assert page.evaluate("document.documentElement.scrollHeight") <= size["height"]
            wide = page.evaluate(
                """() => [...document.querySelectorAll('.gw-top *, .gw-panel *, .gw-foot *')].filter((n) => {
                    const r = n.getBoundingClientRect();
                    return r.width && (r.right > innerWidth + 0.5 || r.left < -0.5);
                }).map((n) => n.className || n.id || n.tagName)"""
            )
            assert wide == [], tab
            small = page.evaluate(
                """() => [...document.querySelectorAll('body *')].filter((n) =>
                    !['SCRIPT', 'NOSCRIPT'].includes(n.tagName)
                    && [...n.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim())
                    && parseFloat(getComputedStyle(n).fontSize) < 14).map((n) => n.outerHTML.slice(0, 80))"""
            )
            assert small == [], tab
            assert unsaid(page) == []


@pytest.mark.parametrize("which", ["cameras", "reach"])
def test_language_changes_without_losing_what_is_chosen(
    browser: Browser, request: pytest.FixtureRequest, which: str
) -> None:
    with opened(browser, request.getfixturevalue(which), LAPTOP) as page:
        page.keyboard.press("t")
        page.keyboard.press("n")
        page.keyboard.press("n")
        grid = page.inner_text("#gw-card h2")
        page.keyboard.press("g")
        assert page.inner_text("#gw-card h2") == grid
        assert page.get_attribute("html", "lang") == "en"
        assert page.get_attribute("#gw-tab-areas", "aria-selected") == "true"
        page.keyboard.press("?")
        assert "Next, previous in the open list" in page.inner_text("#gw-help")
        page.keyboard.press("Escape")
        page.keyboard.press("g")
        assert page.get_attribute("html", "lang") == "zh-CN"


@pytest.mark.parametrize("which", ["cameras", "reach"])
def test_on_a_phone_the_panel_is_a_sheet_and_buttons_are_large(
    browser: Browser, request: pytest.FixtureRequest, which: str
) -> None:
    with opened(browser, request.getfixturevalue(which), PHONE, phone=True) as page:
        resting = page.locator("#gw-panel").bounding_box()
        assert resting
        assert resting["height"] < 170
        page.locator("#gw-handle").tap()
        for node in ("[role=tab] >> nth=0", "[role=radio] >> nth=0", "#gw-layers-open", "#gw-in"):
            box = page.locator(node).bounding_box()
            assert box
            assert box["height"] >= 44, node
        page.locator("#gw-tab-areas").tap()
        assert page.locator(".gw-table .gw-link").first.bounding_box()["height"] >= 44
        page.locator("[data-grid]").first.tap()
        assert page.locator("#gw-card").is_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_names_are_read_and_nothing_else(browser: Browser, tmp_path: Path, language: str) -> None:
    filed, territory = make_plan(30, 5, names=dict(enumerate(plan_page.HOSTILE)))
    territory = with_places(territory, filed, name=plan_page.HOSTILE[3])
    texts = dict(enumerate(plan_page.HOSTILE[:3]))
    for layer, column in (("streets", "name"), ("cameras", "id"), ("posts", "id")):
        territory = with_names(territory, layer, column, texts)
    survey = camera_survey(filed, territory, names=plan_page.HOSTILE)
    first, second = tmp_path / "cameras.html", tmp_path / "reach.html"
    title = "".join(plan_page.HOSTILE)
    siting = siting_of(survey, name=plan_page.HOSTILE[0])
    write_camera_map(survey, filed, territory, first, siting=siting, language=language, title=title)
    with opened(browser, first, LAPTOP) as page:
        assert page.inner_text("#gw-title") == title
        for key in "rntnbncn":
            page.keyboard.press(key)
        texts_told = page.inner_text("#gw-list")
        assert plan_page.HOSTILE[1] in texts_told
    found = reach_of(filed, territory)
    answer = posts_answer(found, filed, name=plan_page.HOSTILE[0])
    write_reach_map(found, filed, territory, second, posts_answer=answer, language=language, title=title)
    with opened(browser, second, LAPTOP) as page:
        assert page.inner_text("#gw-title") == title
        for key in "12345rnwntn":
            page.keyboard.press(key)
        page.keyboard.press("2")
        page.keyboard.press("w")
        assert plan_page.HOSTILE[3] in page.inner_text("#gw-list")
