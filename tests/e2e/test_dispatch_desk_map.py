"""Ten thousand incidents on the map of the dispatcher's desk: all of them counted, filtered by the address, walked."""

from __future__ import annotations

from playwright.sync_api import Browser

from data.store.tables.incidents import incidents
from tests.dispatch_kit import (
    MANY,
    Desk,
    becomes,
    browser,
    desk,
    dispatch_file,
    in_page,
    migrated_file,
    open_desk,
    pixel_of,
    until,
)

__all__ = ["browser", "desk", "dispatch_file", "migrated_file"]

STANDING = "return map.standing().total"


def test_the_map_shows_as_many_as_the_store_holds_at_every_scale(browser: Browser, desk: Desk) -> None:
    with desk.store.read() as tx:
        stored = tx.incidents.count()
    assert stored == MANY
    with open_desk(browser, desk.address, language="en") as page:
        until(page, "document.getElementById('map-count').textContent !== ''")
        assert page.locator("#map-count").inner_text() == "10,000 of 10,000 on the map"
        seen = []
        for factor in (1, 0.2, 9, 5):
            told = in_page(page, f"map.map.zoom({factor}); return map.standing()")
            assert told["total"] == stored
            seen.append(told["marks"])
        assert seen[1] < seen[0] < seen[2], "rings part as one comes nearer"
        # The list holds the same ones, though only those in sight are elements.
        assert page.locator("#count").inner_text() == "10,000 of 10,000"
        assert page.locator(".row").count() < 40
        assert page.locator(".row").first.get_attribute("aria-setsize") == str(stored)


def test_an_address_shows_what_it_says_and_back_restores(browser: Browser, desk: Desk) -> None:
    with desk.store.read() as tx:
        state, priority = incidents.c.state, incidents.c.priority
        urgent = tx.incidents.count(state.in_(("received", "arrived")), priority == 1)
        received = tx.incidents.count(state == "received", priority == 1)
        kind = tx.incidents.count(incidents.c.kind == "噪声扰民")
    with open_desk(browser, desk.address, "&state=received,arrived&priority=1", language="en") as page:
        becomes(page, STANDING, urgent)
        assert page.locator("#filter-state summary").inner_text() == "State · 2"
        page.locator("#filter-state summary").click()
        page.locator("#filter-state input[data-value=arrived]").uncheck()
        becomes(page, STANDING, received)
        assert "state=received&" in page.url
        page.locator("#layer-grids").click()
        page.go_back()
        page.go_back()
        becomes(page, STANDING, urgent)
        page.go_forward()
        becomes(page, STANDING, received)
        page.keyboard.press("Escape")
        page.locator("#clear").click()
        becomes(page, STANDING, MANY)
        assert "state" not in page.url
    with open_desk(browser, desk.address, "&kind=噪声扰民&state=none_such&layer=%3Cb%3E&view=9,9,x") as page:
        becomes(page, STANDING, kind)
        assert in_page(page, "return [desk.filter.layer, desk.filter.state]") == ["points", []]


def test_a_mark_is_chosen_by_a_click_and_by_keys(browser: Browser, desk: Desk) -> None:
    with open_desk(browser, desk.address, "&state=received&priority=1") as page:
        # One that stands alone when one is near.
        alone = in_page(
            page,
            """const rows = filter.shownRows();
               const far = (a) => Math.min(...rows.filter((b) => b !== a).map((b) => Math.hypot(a.x - b.x, a.y - b.y)));
               const best = rows.slice(0, 200).reduce((a, b) => (far(b) > far(a) ? b : a));
               map.zoomTo(best.id, { least: 3 });
               return best.id;""",
        )
        page.wait_for_timeout(200)
        page.mouse.click(*pixel_of(page, alone))
        becomes(page, "return desk.selected", alone)
        assert f"incident={alone}" in page.url
        page.locator("#incidents").focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        second = page.locator(".row[aria-posinset='2']").get_attribute("data-id")
        becomes(page, "return desk.selected", second)
        page.locator("#map").focus()
        page.keyboard.press("j")
        third = page.locator(".row[aria-posinset='3']").get_attribute("data-id")
        becomes(page, "return desk.selected", third)
        before = in_page(page, "return map.map.middle")
        page.keyboard.press("ArrowRight")
        assert in_page(page, "return map.map.middle")[0] > before[0]


def test_grids_and_heat_count_the_same_incidents(browser: Browser, desk: Desk) -> None:
    with open_desk(browser, desk.address, "&layer=grids&overdue=1", language="en") as page:
        told = in_page(
            page,
            """const layers = await import('/desk/dispatch/dispatch_layers.js');
               const { counts, elsewhere } = layers.gridValues();
               const inGrids = [...counts.values()].reduce((a, b) => a + b, 0);
               return [inGrids, elsewhere, filter.shownRows().length, layers.shown.bounds];""",
        )
        assert told[0] == told[2] > 0
        assert told[1] == 0, "every grid of the incidents is one in force"
        assert told[3] == sorted(told[3])
        page.locator("#legend").evaluate("(one) => { one.open = true; }")
        until(page, "document.querySelector('#legend').textContent.includes('and more')")
        page.locator("#per").select_option("households")
        until(page, "location.search.includes('per=households')")
        page.locator("#layer-heat").click()
        becomes(page, "return (await import('/desk/dispatch/dispatch_layers.js')).shown.most > 0", True)
        until(page, "document.querySelector('#legend').textContent.includes('radius')")


def test_a_place_can_be_picked_by_keys_alone(browser: Browser, desk: Desk) -> None:
    with open_desk(browser, desk.address) as page:
        in_page(page, "window.picked = null; map.pickPlace({ onPick: (at) => { window.picked = at; } });")
        assert page.locator("#pick-hint").is_visible()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        lon, lat = page.evaluate("window.picked")
        middle = in_page(page, "return state.lonLatOf(map.map.middle)")
        assert [lon, lat] == middle
        assert not page.locator("#pick-hint").is_visible()
