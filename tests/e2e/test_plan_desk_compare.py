"""Scenarios and plans side by side at the planner's desk, in a real Chromium."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from api.usecases.run_draw import run_draw
from partition.rules import Rules
from tests.desk_kit import until
from tests.plan_desk_kit import (
    DESK,
    TABLET,
    ServedDesk,
    browser,
    desk_file,
    migrated_file,
    open_desk,
    sample_town,
    served_desk,
    served_office,
)
from tests.scenario_kit import fork, move_some, post
from tests.stores import act

__all__ = ["browser", "desk_file", "migrated_file", "served_desk", "served_office"]
HOSTILE = "<img src=x onerror=window.__t=1>${1+1}\u202e=cmd()"
READY = "document.querySelector('dialog.compare')?.dataset.state === 'ready'"


def compared(page: Page) -> None:
    until(page, READY)


def in_compare(page: Page, code: str, *facts: Any) -> Any:
    """Runs code with the maps that are compared at hand."""
    return page.evaluate(
        f"""async (facts) => {{
            const {{ shownNow }} = await import('/desk/plan/plan_compare.js');
            const now = shownNow();
            {code}
        }}""",
        list(facts),
    )


def panel(page: Page) -> None:
    page.locator("#tab-scenarios").click()
    page.locator(".family .kin").first.wait_for()


def names(page: Page) -> list[str]:
    return page.locator(".family .name").all_inner_texts()


def row(page: Page, plan: str) -> Any:
    return page.locator(f".family [data-id='{plan}']")


def test_a_scenario_is_branched_named_renamed_and_withdrawn(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        panel(page)
        assert names(page) == ["autumn"]
        page.locator("[data-act=branch]").click()
        page.locator("dialog input").fill(HOSTILE)
        page.keyboard.press("Enter")
        until(page, "document.querySelectorAll('.family .kin').length === 2")
        assert names(page) == ["autumn", HOSTILE]
        # Its mark of direction ends with it: what is said of it is not turned round.
        told = page.locator(".notice.good p").first
        assert told.text_content() == f"“\u2068{HOSTILE}\u2069” is made."
        (child,) = [one for one in served_desk.get("/v1/plans")["plans"] if one["parent"] == served_desk.plan]
        assert (child["name"], child["state"]) == (HOSTILE, "draft")
        assert row(page, child["id"]).get_attribute("class").split()[1] == "deep-1"
        row(page, child["id"]).locator(".more").click()
        page.locator("dialog .way", has_text="Rename").click()
        page.locator("dialog input").fill("along the river")
        page.keyboard.press("Enter")
        until(
            page, "[...document.querySelectorAll('.family .name')].some((one) => one.textContent === 'along the river')"
        )
        assert served_desk.card(child["id"])["name"] == "along the river"
        row(page, child["id"]).locator(".more").click()
        page.locator("dialog .way", has_text="Withdraw").click()
        page.locator("dialog .main").click()
        until(page, "document.querySelector('.family .chip.withdrawn') !== null")
        assert served_desk.card(child["id"])["state"] == "withdrawn"
        # From one that is read only, too.
        row(page, child["id"]).locator(".more").click()
        page.locator("dialog .way", has_text="New scenario").click()
        page.locator("dialog input").fill("again")
        page.keyboard.press("Enter")
        until(page, "document.querySelectorAll('.family .kin').length === 3")
        assert names(page) == ["autumn", "along the river", "again"]
        assert page.locator(".family .deep-2 .name").inner_text() == "again"
        page.locator(".family .deep-2 .name").click()
        page.locator("#plan-name", has_text="again").wait_for()


def test_an_auditor_looks_and_compares_but_makes_nothing(browser: Browser, served_office: ServedDesk) -> None:
    with served_office.store.write(act("li")) as tx:
        from api.usecases.plan_life import fork_plan

        other = fork_plan(tx, served_office.plan, "other").id
    with open_desk(browser, served_office.address, served_office.plan, who=(served_office, "sun")) as page:
        panel(page)
        assert page.locator("[data-act=branch]").is_hidden()
        row(page, other).locator(".more").click()
        assert page.locator("dialog .way").count() == 2
        page.locator("dialog .way").nth(1).click()
        compared(page)
        assert page.locator("dialog.compare figure").count() == 2


@pytest.mark.parametrize(("language", "size"), [("zh", DESK), ("en", TABLET)])
def test_two_plans_stand_side_by_side_with_measures_that_the_service_confirms(
    browser: Browser, served_desk: ServedDesk, language: str, size: tuple[int, int]
) -> None:
    other = fork(served_desk, HOSTILE)
    move_some(served_desk, other, 3)
    told = served_desk.get(f"/v1/plans/{other}/compare", **{"with": served_desk.plan, "detail": True})
    query = f"&with={served_desk.plan}"
    with open_desk(browser, served_desk.address, other, size, language, query=query) as page:
        compared(page)
        captions = page.locator("dialog.compare figcaption bdi").all_inner_texts()
        assert captions == ["autumn", HOSTILE]
        measured = [plan["measures"] for plan in told["plans"]]
        rows = page.locator("[data-measure]")
        assert rows.count() >= 12
        for name, way in (("in_band_frac", 1), ("households_out_of_band", -1), ("polsby_popper", 1)):
            cells = page.locator(f"[data-measure={name}] td")
            a, b = (plan[name] for plan in measured)
            digits = {"in_band_frac": 3, "polsby_popper": 3}.get(name, 0)
            is_better = [False, False]
            if round(a, digits) != round(b, digits):
                is_better = [way * a > way * b, way * b > way * a]
            word = {"zh": "更好", "en": "better"}[language]
            assert [word in cells.nth(k).inner_text() for k in range(2)] == is_better
        grids = page.locator("[data-measure=grids] td").nth(0).inner_text()
        assert grids == str(measured[0]["grids"])
        assert not page.evaluate(
            "document.querySelector('dialog.compare').scrollWidth > document.documentElement.clientWidth"
        )


def test_the_maps_move_together_under_one_cross_hair(browser: Browser, served_desk: ServedDesk) -> None:
    other = fork(served_desk, "other")
    (moved,) = move_some(served_desk, other, 1)
    query = f"&with={served_desk.plan}"
    with open_desk(browser, served_desk.address, other, language="en", query=query) as page:
        compared(page)
        canvas = page.locator("dialog.compare canvas").first
        box = canvas.bounding_box()
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.move(*middle)
        page.mouse.wheel(0, -240)
        page.mouse.down()
        page.mouse.move(middle[0] + 60, middle[1] + 40, steps=4)
        page.mouse.up()
        page.wait_for_timeout(300)
        places = in_compare(page, "return now.maps.views.map(({ map }) => [...map.middle, map.scale]);")
        assert places[0] == pytest.approx(places[1], rel=1e-6)
        # The piece that went over, under the pointer: both maps say where it was and is, and that it changed.
        spot = in_compare(
            page,
            """const { maps, sides } = now;
            const at = sides[0].plan.ground.idAt.get(facts[0]);
            const ground = sides[0].plan.ground;
            const place = [ground.x_m[at], ground.y_m[at]];
            maps.views[0].map.centre(place, 0.5);
            await new Promise((go) => setTimeout(go, 300));
            return maps.views[0].map.toPixels(place);""",
            moved["pieces"][0][0],
        )
        page.mouse.move(box["x"] + spot[0], box["y"] + spot[1])
        before, after = moved["pieces"][0][1][-3:], moved["pieces"][0][2][-3:]
        until(page, f"document.getElementById('compare-readout').textContent.includes('{before} → {after}')")
        seen = page.locator("#compare-readout .where").all_inner_texts()
        assert [before in seen[0], after in seen[1]] == [True, True]
        # Its cross stands on the other map at the same place of the ground.
        assert in_compare(
            page,
            """const { map } = now.maps.views[1];
            const read = map.pen.getImageData(facts[0] * map.sharpness, 20 * map.sharpness, 1, 1);
            return [...read.data].slice(0, 3);""",
            spot[0],
        ) == pytest.approx([163, 0, 92], abs=70)


def test_the_change_list_is_filtered_followed_by_the_maps_and_taken_away(
    browser: Browser, served_desk: ServedDesk
) -> None:
    other = fork(served_desk, "other")
    move_some(served_desk, other, 2)
    query = f"&with={served_desk.plan}"
    told = served_desk.get(f"/v1/plans/{other}/compare", **{"with": served_desk.plan, "detail": True})["pairs"][0]
    changed = [one for one in told["change_list"] if one["change"] != "kept"]
    with open_desk(browser, served_desk.address, other, language="en", query=query) as page:
        compared(page)
        page.locator("#compare-tab-changes").click()
        rows = page.locator(".changes button[aria-pressed]")
        assert rows.count() == len(changed)
        code = changed[0]["new"]
        page.locator("#compare-changes input").fill(code)
        assert rows.count() == 1
        page.locator("#compare-changes input").fill("nothing like that")
        assert (rows.count(), page.locator("#compare-changes [role=status]").inner_text()) == (
            0,
            "No change is like that.",
        )
        page.locator("#compare-changes input").fill("")
        before = in_compare(page, "return now.maps.views[0].map.scale;")
        rows.first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert rows.nth(1).get_attribute("aria-pressed") == "true"
        assert in_compare(page, "return now.maps.views[0].map.scale;") > before
        page.locator("#compare-changes select").last.select_option("kept")
        assert rows.count() == min(200, len(told["change_list"]) - len(changed))
        for form in ("csv", "xlsx"):
            with page.expect_download() as wait:
                page.locator(f"#compare-changes a[href*='as={form}']").click()
            content = wait.value.path().read_bytes()
            if form == "csv":
                table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
                assert len(table) == len(told["change_list"]) + 1
            else:
                assert content[:2] == b"PK"
        page.locator("[data-way=difference]").click()
        assert page.locator("dialog.compare figure:visible").count() == 1
        hit = in_compare(
            page,
            """const { ChangedGround } = await import('/desk/plan/plan_compare_maps.js');
            const ground = new ChangedGround(facts[0]);
            return ground.features.map((one) => ground.at(one.spot) === one || one.polygons.length > 1);""",
            told["ground"]["features"],
        )
        assert hit
        assert all(hit)


def test_escape_back_and_the_address_open_and_close_it(browser: Browser, served_desk: ServedDesk) -> None:
    other = fork(served_desk, "other")
    with open_desk(browser, served_desk.address, other, language="en") as page:
        page.locator("#map").focus()
        page.keyboard.press("Shift+D")
        compared(page)
        assert page.url.endswith(f"with={served_desk.plan}")
        page.keyboard.press("Escape")
        until(page, "!document.querySelector('dialog.compare').open")
        until(page, "!location.search.includes('with=')")
        page.go_forward()
        until(page, "document.querySelector('dialog.compare').open")
        compared(page)
        page.go_back()
        until(page, "!document.querySelector('dialog.compare').open")
        # Swapped, the other one is held against this one; the address says so, too.
        page.keyboard.press("Shift+D")
        compared(page)
        page.locator("dialog.compare header button").first.click()
        until(page, f"location.search.includes('with={other}%2C{served_desk.plan}')")
        compared(page)
        assert page.locator("dialog.compare figcaption bdi").all_inner_texts() == ["other", "autumn"]
        page.reload()
        compared(page)
        assert page.locator("dialog.compare figcaption bdi").all_inner_texts() == ["other", "autumn"]


def test_three_plans_are_compared_and_notes_are_pinned_on_their_maps(browser: Browser, served_desk: ServedDesk) -> None:
    one, two = fork(served_desk, "one"), fork(served_desk, "two")
    (moved,) = move_some(served_desk, two, 1)
    spot = moved["ground"]["coordinates"]
    while isinstance(spot[0], list):
        spot = spot[0]
    note = {"lon": spot[0], "lat": spot[1], "text": HOSTILE, "grid": moved["pieces"][0][2]}
    post(served_desk, f"/v1/plans/{two}/notes", note)
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        panel(page)
        for plan in (served_desk.plan, one, two):
            row(page, plan).locator("input").check()
        page.locator("[data-act=compare]").click()
        compared(page)
        assert page.locator("dialog.compare figcaption bdi").all_inner_texts() == ["autumn", "one", "two"]
        heads = page.locator(".measures thead th")
        assert heads.count() == 4
        page.locator("#compare-tab-changes").click()
        assert page.locator(".changes button[aria-pressed]").count() == 0
        page.locator("#compare-changes > select").select_option("2")
        assert page.locator(".changes button[aria-pressed]").count() == 2
        page.locator("#compare-tab-notes").click()
        assert page.locator(".said .note-text").all_inner_texts() == [HOSTILE]
        page.locator(".said button").click()
        middle = in_compare(page, "return now.maps.views[0].map.middle;")
        place = in_compare(page, "return now.maps.views[0].map.place(facts[0]);", spot)
        assert middle == pytest.approx(place, abs=0.01)


def test_plans_on_other_pieces_of_ground_are_compared_by_ground(browser: Browser, served_desk: ServedDesk) -> None:
    town = sample_town().territory
    streets = town["streets"]
    layers = {**town.layers, "streets": streets[streets.index % 3 != 0].reset_index(drop=True)}
    other = replace(town, layers=MappingProxyType(layers))
    filed = run_draw(other, Rules(), seed=1).filed
    with served_desk.store.write(act("li")) as tx:
        territory = tx.territories.save(other, "fewer streets")
        plan = str(tx.plans.save(filed, territory_id=territory.id, name="fewer streets").id)
    with open_desk(browser, served_desk.address, plan, language="en", query=f"&with={served_desk.plan}") as page:
        compared(page)
        counts = in_compare(page, "return now.sides.map((side) => side.plan.ground.n);")
        assert counts[0] != counts[1]
        assert "different territories" in page.locator("#compare-basis").inner_text()
        places = in_compare(
            page,
            """const [a, b] = now.maps.views;
            a.map.zoom(2.5);
            await new Promise((go) => setTimeout(go, 300));
            const seen = (view) => view.map.toPixels(view.map.place(facts[0]));
            return [seen(a), seen(b)];""",
            _middle(served_desk),
        )
        assert places[0] == pytest.approx(places[1], abs=0.5)


def _middle(served: ServedDesk) -> list[float]:
    note = served.get(f"/v1/plans/{served.plan}/grids")["features"][0]["geometry"]["coordinates"]
    while isinstance(note[0], list):
        note = note[0]
    return list(note)


def test_a_comparison_that_fails_says_why_and_is_tried_again(browser: Browser, served_desk: ServedDesk) -> None:
    other = fork(served_desk, "other")
    query = f"&with={served_desk.plan}"
    with open_desk(browser, served_desk.address, other, language="en", may_say="Failed to load|ERR_") as page:
        page.route("**/compare?*", lambda route: route.abort())
        page.goto(f"{served_desk.address}/desk/plan?lang=en&plan={other}{query}")
        until(page, "document.querySelector('dialog.compare')?.dataset.state === 'failed'")
        assert page.locator("#compare-says button").is_visible()
        page.unroute("**/compare?*")
        page.locator("#compare-says button").click()
        compared(page)
        assert page.locator("#compare-says").inner_text() == ""
