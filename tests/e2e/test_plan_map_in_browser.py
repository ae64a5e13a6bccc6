"""The plan map in a real Chromium, opened from the disk as a reader would.

Every test fails on a console error, an error of the page, or a request to anything but the file itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

from maps.plan_map import write_plan_map
from tests.maps.plans import make_plan

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
WAIT_MS = 180_000  # far more than any of it takes, however busy the machine
LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
HOSTILE = (
    "</script><script>window.__t=1</script>",
    "${window.__t=1}",
    "`;window.__t=1;`",
    "<img src=x onerror=window.__t=1>",
    "'\"><svg onload=window.__t=1>",
)

Open = Callable[..., "contextmanager[Page]"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.fail("Chromium is not installed, so nobody has looked at the map: run `make setup-tests`.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, timeout=WAIT_MS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def town_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("maps") / "town.html"
    write_plan_map(*make_plan(48, 5), path)
    return path


@contextmanager
def opened(browser: Browser, path: Path, size: dict[str, int] = LAPTOP, *, phone: bool = False) -> Iterator[Page]:
    """The page, ready; on leaving, no fault may have happened."""
    context = browser.new_context(viewport=size, has_touch=phone, is_mobile=phone)
    faults: list[str] = []

    def guard(route: Route, request: Request) -> None:
        if request.url == path.as_uri():
            route.continue_()
        else:
            faults.append(f"request: {request.url[:200]}")
            route.abort()

    context.route("**/*", guard)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.on(
        "console", lambda m: faults.append(f"console {m.type}: {m.text}") if m.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: faults.append(f"page: {error}"))
    page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    yield page
    executed = page.evaluate("window.__t")
    context.close()
    assert faults == []
    assert executed is None


def painted_frac(page: Page, canvas: int = 1) -> float:
    """Share of a canvas that holds anything."""
    return page.evaluate(
        """(n) => {
            const c = document.querySelectorAll('canvas.gw-canvas')[n];
            const copy = new OffscreenCanvas(c.width, c.height).getContext('2d', { willReadFrequently: true });
            copy.drawImage(c, 0, 0);
            const d = copy.getImageData(0, 0, c.width, c.height).data;
            let painted = 0;
            for (let i = 3; i < d.length; i += 4) if (d[i]) painted += 1;
            return painted / (d.length / 4);
        }""",
        canvas,
    )


def zoom(page: Page) -> float:
    return page.evaluate("gridwright.map().getZoom()")


def test_the_map_opens_with_everything_on_it(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map) as page:
        assert page.locator("path.gw-grid").count() == 48
        assert page.locator(".gw-label").count() > 25
        assert painted_frac(page, 0) > 0.2  # the land
        assert painted_frac(page, 1) > 0.05  # streets, buildings, borders
        assert page.title() == "社区网格划分图"
        for selector in (
            "#gw-banner",
            "#gw-figures",
            "#gw-chart svg",
            "#gw-act",
            "#gw-communities",
            "#gw-legend",
            "#gw-foot",
        ):
            assert page.locator(selector).is_visible(), selector
        assert page.locator(".leaflet-control-scale-line").is_visible()
        fills = page.eval_on_selector_all("path.gw-grid", "all => all.map(p => p.getAttribute('fill'))")
        assert {"url(#gw-action)"} < set(fills)
        assert any("dedicated" in f for f in fills)
        assert any("rural" in f for f in fills)
        assert "P-0001" in page.inner_text("#gw-foot")


def test_a_layer_that_is_switched_off_leaves_the_picture(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map) as page:
        before = painted_frac(page)
        page.click("#gw-layers-open")
        for name in ("borders", "communities", "streets", "water", "estates", "cameras", "posts", "buildings"):
            page.uncheck(f"#gw-layer-{name}")
        assert painted_frac(page) == 0
        page.check("#gw-layer-streets")
        assert 0 < painted_frac(page) < before
        page.uncheck("#gw-layer-labels")
        assert page.locator(".gw-label").count() == 0
        page.keyboard.press("Escape")
        assert not page.locator("#gw-layers").is_visible()


def test_language_changes_without_losing_what_is_chosen(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map) as page:
        page.keyboard.press("n")
        code = page.inner_text("#gw-card h2")
        assert "户数" in page.inner_text("#gw-card")
        page.click("#gw-language")
        assert page.inner_text("#gw-card h2") == code
        assert "Households" in page.inner_text("#gw-card")
        assert page.get_attribute("html", "lang") == "en"
        skeleton = page.inner_text("body")
        assert "网格编码" not in skeleton
        page.keyboard.press("g")
        assert page.get_attribute("html", "lang") == "zh-CN"


def test_search_finds_a_grid_by_its_last_digits_and_goes_there(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map) as page:
        code = page.get_attribute("path.gw-grid:nth-of-type(20)", "data-code")
        assert code
        before = zoom(page)
        page.keyboard.press("/")
        page.keyboard.type(code[-5:])
        assert page.locator("#gw-hits li").first.inner_text().startswith(code)
        page.keyboard.press("Enter")
        assert page.inner_text("#gw-card h2") == code
        assert zoom(page) > before + 1
        inside = page.evaluate(
            "(c) => { const i = gridwright.data.grids.findIndex((g) => g.code === c);"
            " return gridwright.map().getBounds().contains(gridwright.gridBounds(i)); }",
            code,
        )
        assert inside
        assert page.locator(f".gw-label.gw-is-chosen[data-code='{code}']").count() == 1


def test_search_finds_a_community_and_says_when_nothing_is_found(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map) as page:
        page.fill("#gw-find", "西湖")
        page.keyboard.press("Enter")
        assert page.inner_text("#gw-card h2") == "西湖社区"
        page.fill("#gw-find", "xyz")
        assert "xyz" in page.inner_text("#gw-hits")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        assert not page.locator("#gw-card").is_visible()


def test_key_u_walks_through_the_grids_that_need_action(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map) as page:
        wanted = page.evaluate("gridwright.acts.map((i) => gridwright.data.grids[i].code)")
        assert len(wanted) >= 3
        seen = []
        for _ in range(len(wanted) + 1):
            page.keyboard.press("u")
            seen.append(page.inner_text("#gw-card h2"))
            assert page.locator("#gw-card .gw-state-action").is_visible()
        assert seen == [*wanted, wanted[0]]


def test_keys_zoom_move_and_help(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map) as page:
        whole, centre = zoom(page), page.evaluate("gridwright.map().getCenter().lng")
        page.keyboard.press("+")
        assert zoom(page) == whole + 1
        page.keyboard.press("ArrowRight")
        assert page.evaluate("gridwright.map().getCenter().lng") > centre
        page.keyboard.press("0")
        assert zoom(page) == whole
        page.keyboard.press("?")
        assert page.locator("#gw-help").is_visible()
        page.keyboard.press("Escape")
        assert not page.locator("#gw-help").is_visible()
        page.keyboard.press("l")
        assert page.locator(".gw-label").count() == 0


def test_a_click_on_a_grid_shows_its_figures(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map) as page:
        index = page.evaluate("gridwright.data.grids.findIndex((g) => g.kind === 'dedicated' && g.status !== 'action')")
        grid = page.evaluate(
            f"(({{code, households, members}}) => ({{code, households, members}}))(gridwright.data.grids[{index}])"
        )
        page.locator(f"path.gw-grid[data-code='{grid['code']}']").click()
        card = page.inner_text("#gw-card")
        assert grid["code"] in card
        assert "专属网格" in card
        assert str(grid["households"]) in card
        assert f"{grid['members']} 栋楼" in card
        page.keyboard.press("Escape")
        path = page.locator(f"path.gw-grid[data-code='{grid['code']}']")
        path.focus()
        page.keyboard.press("Enter")
        assert page.inner_text("#gw-card h2") == grid["code"]


def test_a_bar_of_the_balance_chart_leads_to_its_grid(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map) as page:
        box = page.locator("#gw-chart svg").bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] - 6, box["y"] + box["height"] - 20)
        most = page.evaluate("Math.max(...gridwright.data.grids.map((g) => g.households))")
        chosen = page.inner_text("#gw-card h2")
        assert page.evaluate("(c) => gridwright.data.grids.find((g) => g.code === c).households", chosen) == most
        page.locator("#gw-chart svg").focus()
        page.keyboard.press("Home")
        page.keyboard.press("Enter")
        least = page.evaluate("Math.min(...gridwright.data.grids.map((g) => g.households))")
        chosen = page.inner_text("#gw-card h2")
        assert page.evaluate("(c) => gridwright.data.grids.find((g) => g.code === c).households", chosen) == least


def test_labels_never_overlap_and_grow_with_the_zoom(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map) as page:
        sizes = []
        for key in ("0", "+", "n", "+"):  # the whole, closer, one grid, closer still
            page.keyboard.press(key)
            boxes = page.eval_on_selector_all(
                ".gw-label > div",
                "all => all.map(n => { const r = n.getBoundingClientRect(); return [r.x, r.y, r.right, r.bottom]; })",
            )
            for i, a in enumerate(boxes):
                for b in boxes[:i]:
                    assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (a, b)
            sizes.append(
                page.eval_on_selector_all(".gw-label", "all => Math.max(...all.map(n => parseFloat(n.style.fontSize)))")
            )
        assert sizes[0] >= 14
        assert sizes == sorted(sizes)
        assert sizes[-1] > sizes[0]
        assert len(page.locator(".gw-code").first.inner_text()) > 6  # the full code where there is room


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("size", "phone"), [(LAPTOP, False), (PHONE, True)])
def test_nothing_is_cut_off_and_no_text_is_small(
    browser: Browser, town_map: Path, size: dict[str, int], phone: bool, language: str
) -> None:
    with opened(browser, town_map, size, phone=phone) as page:
        if language == "en":
            page.keyboard.press("g")
        page.keyboard.press("u")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert page.evaluate("document.documentElement.scrollHeight") <= size["height"]
        wide = page.evaluate(
            """() => [...document.querySelectorAll('.gw-top *, .gw-panel *, .gw-foot *')].filter((n) => {
                const r = n.getBoundingClientRect();
                return r.width && (r.right > innerWidth + 0.5 || r.left < -0.5);
            }).map((n) => n.className || n.id || n.tagName)"""
        )
        assert wide == []
        small = page.evaluate(
            """() => [...document.querySelectorAll('body *')].filter((n) =>
                !['SCRIPT', 'NOSCRIPT'].includes(n.tagName)
                && [...n.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim())
                && parseFloat(getComputedStyle(n).fontSize) < 14).map((n) => n.outerHTML.slice(0, 80))"""
        )
        assert small == []


def test_on_a_phone_the_panel_is_a_sheet_that_leaves_the_map_free(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map, PHONE, phone=True) as page:
        panel = page.locator("#gw-panel")
        resting = panel.bounding_box()
        assert resting
        assert resting["height"] < 170
        index = page.evaluate(
            """(() => {
                const rooms = gridwright.data.grids.map((g) => g.room_m);
                return rooms.indexOf(Math.max(...rooms));
            })()"""
        )
        at = page.evaluate(
            f"gridwright.map().latLngToContainerPoint(gridwright.toLatLng(gridwright.data.grids[{index}].spot))"
        )
        origin = page.locator(".gw-map").bounding_box()
        assert origin
        page.touchscreen.tap(origin["x"] + at["x"], origin["y"] + at["y"])
        opened_sheet = panel.bounding_box()
        assert opened_sheet
        assert 300 < opened_sheet["height"] < PHONE["height"] * 0.6
        assert page.locator("#gw-card").is_visible()
        page.locator("#gw-handle").click()
        full = panel.bounding_box()
        assert full
        assert full["height"] > opened_sheet["height"]
        assert full["y"] > 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_names_are_shown_and_do_nothing(browser: Browser, tmp_path: Path, language: str) -> None:
    filed, territory = make_plan(30, 5, names=dict(enumerate(HOSTILE)))
    filed.violations["detail_zh"] = filed.violations["detail_en"] = HOSTILE[3]
    filed.meta["households_basis"] = HOSTILE[0]
    filed.meta["plan_id"] = HOSTILE[3]
    path = tmp_path / "hostile.html"
    write_plan_map(filed, territory, path, language=language, title="".join(HOSTILE))
    with opened(browser, path) as page:
        assert page.title() == "".join(HOSTILE)
        assert page.inner_text("#gw-title") == "".join(HOSTILE)
        for name in HOSTILE:
            page.fill("#gw-find", name)
            assert name in page.inner_text("#gw-hits")
            page.keyboard.press("Enter")
            assert name in page.inner_text("#gw-card")
            page.keyboard.press("n")
            page.keyboard.press("u")
        assert HOSTILE[3] in page.inner_text("#gw-card .gw-said")
        assert HOSTILE[0] in page.inner_text("#gw-foot")
        page.keyboard.press("0")
        page.hover("path.gw-grid >> nth=12")
        assert page.locator(".gw-tip").is_visible()
        assert page.locator("#gw-panel img, #gw-panel script, .gw-tip img").count() == 0


def test_without_the_territory_grids_and_outlines_are_there(browser: Browser, tmp_path: Path) -> None:
    filed, _ = make_plan(20, 3)
    path = tmp_path / "bare.html"
    write_plan_map(filed, None, path, language="en")
    with opened(browser, path) as page:
        assert page.locator("path.gw-grid").count() == 20
        assert painted_frac(page) > 0.01
        page.click("#gw-layers-open")
        assert page.locator("#gw-layer-buildings").count() == 0
        assert "without the territory file" in page.inner_text("#gw-layers")


def test_modelled_households_are_marked_where_everybody_looks(browser: Browser, tmp_path: Path) -> None:
    filed, territory = make_plan(10, 2, basis="modelled: floor area")
    path = tmp_path / "modelled.html"
    write_plan_map(filed, territory, path)
    with opened(browser, path) as page:
        assert page.locator("#gw-figures .gw-modelled").is_visible()
        assert "户数为模型推算" in page.inner_text("#gw-foot")


def test_the_page_prints_on_one_sheet_with_map_and_figures(browser: Browser, town_map: Path) -> None:
    with opened(browser, town_map) as page:
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        for hidden in ("#gw-find", "#gw-next", ".gw-zoom"):
            assert not page.locator(hidden).is_visible()
        for shown in (".gw-map", "#gw-banner", "#gw-chart svg", "#gw-legend", "#gw-foot", "#gw-title"):
            assert page.locator(shown).is_visible(), shown
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.locator("#gw-find").is_visible()
