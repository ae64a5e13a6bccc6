"""What holds for both coverage maps in a real Chromium: languages, small screens, hostile names.

Every test fails on a console error, an error of the page, or a request to anything but the file itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from maps.camera_map import write_camera_map
from maps.reach_map import write_reach_map
from tests.coverage_kit import camera_survey, posts_answer, reach_of, siting_of, with_names, with_places
from tests.coverage_pages import HOSTILE, LAPTOP, PHONE, browser, cameras, opened, reach, unsaid
from tests.maps.plans import make_plan

__all__ = ["browser", "cameras", "reach"]


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
    filed, territory = make_plan(30, 5, names=dict(enumerate(HOSTILE)))
    territory = with_places(territory, filed, name=HOSTILE[3])
    texts = dict(enumerate(HOSTILE[:3]))
    for layer, column in (("streets", "name"), ("cameras", "id"), ("posts", "id")):
        territory = with_names(territory, layer, column, texts)
    survey = camera_survey(filed, territory, names=HOSTILE)
    first, second = tmp_path / "cameras.html", tmp_path / "reach.html"
    title = "".join(HOSTILE)
    siting = siting_of(survey, name=HOSTILE[0])
    write_camera_map(survey, filed, territory, first, siting=siting, language=language, title=title)
    with opened(browser, first, LAPTOP) as page:
        assert page.inner_text("#gw-title") == title
        for key in "rntnbncn":
            page.keyboard.press(key)
        texts_told = page.inner_text("#gw-list")
        assert HOSTILE[1] in texts_told
    found = reach_of(filed, territory)
    answer = posts_answer(found, filed, name=HOSTILE[0])
    write_reach_map(found, filed, territory, second, posts_answer=answer, language=language, title=title)
    with opened(browser, second, LAPTOP) as page:
        assert page.inner_text("#gw-title") == title
        for key in "12345rnwntn":
            page.keyboard.press(key)
        page.keyboard.press("2")
        page.keyboard.press("w")
        assert HOSTILE[3] in page.inner_text("#gw-list")
