"""The coverage desk in a real Chromium: targets, what-if, proposals decided one by one, promises and their worst doors.

Every test fails on a console error or warning, an error of the page, or a request to anything but the service.
"""

from __future__ import annotations

import io
import json
import re

import openpyxl
from playwright.sync_api import Browser

from tests.api.test_http_pages_in_browser import browser
from tests.coverage_desk_kit import (
    DESK,
    PICTURE,
    address,
    get,
    metres,
    nothing_decided,
    on_screen,
    part,
    picture,
    rank,
    saved,
    show,
    store,
)
from tests.desk_kit import opened, painted_colours, until
from tests.served import drawn_town
from tests.stores import migrated_file

__all__ = ["address", "browser", "drawn_town", "migrated_file", "nothing_decided", "store"]


def test_the_whole_way_of_a_planner(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        page.goto(f"{address}/?lang=en")
        page.get_by_role("link", name="Coverage desk").click()
        page.locator("#figures strong").first.wait_for()
        told = get(address, "/v1/cameras")
        figures = page.locator("#figures").inner_text()
        assert str(told["totals"]["positions"]) in figures
        assert f"{told['totals']['channels']} channels" in figures
        assert painted_colours(page) > 8
        assert page.locator("#edition").inner_text() == told["edition"]

        # A target is edited in place, saved, and counted anew at once; undo takes it back.
        missing = told["totals"]["missing"]
        page.locator("[data-target=urban]").fill("150")
        page.keyboard.press("Enter")
        saved(page, "counted anew")
        after = get(address, "/v1/cameras")["totals"]["missing"]
        assert after > missing
        assert page.locator("#figures").inner_text().find(f"{after}\n") > 0
        page.reload()
        page.locator("#targets input").first.wait_for()
        assert page.locator("[data-target=urban]").input_value() == "150"
        page.locator("#targets-undo").click()
        saved(page, "taken back")
        until(page, "document.querySelector('[data-target=urban]').value === '70'")
        assert get(address, "/v1/cameras")["totals"]["missing"] == missing

        # What if: positions in a grid change its density only; a place on the map shows what would be seen.
        part(page, "try")
        page.locator("#try-count").fill("3")
        page.locator("#try-form .main").click()
        page.locator("#try-answer tbody tr").first.wait_for()
        assert "density only" in page.locator("#try-answer").inner_text()
        page.locator("#try-count").fill("1")
        page.locator("#try-map").click()
        assert page.locator("#hint").inner_text().startswith("Click the place")
        street = get(address, "/v1/cameras/features", what="blind")["features"][0]["geometry"]["coordinates"]
        page.mouse.click(*on_screen(page, street[len(street) // 2]))
        until(page, "document.querySelectorAll('#tried li').length > 1")
        page.locator("#try-answer .told").first.wait_for()
        newly = page.locator("#try-answer .told").first.inner_text()
        assert "newly seen" in newly
        assert metres(newly) > 0

        # Proposals, with gain, running total and bound.
        rank(page, 4)
        assert page.locator("#proposals li").count() == 4
        proof = page.locator("#sites-answer .proof").inner_text()
        assert "Proved" in proof or re.search(r"At least \d+\.\d % of what is possible", proof)
        gains = [metres(text) for text in page.locator("#proposals li .two > span").all_inner_texts()]
        assert gains == sorted(gains, reverse=True)
        page.keyboard.press("Escape")
        page.locator("#proposals .accepted").first.click()
        saved(page, "Accepted")
        page.locator("#proposals li").nth(1).locator("button.refused").click()
        saved(page, "Refused")
        decided = {one["verdict"]: one["id"] for one in get(address, "/v1/cameras/proposals")["proposals"]}
        assert decided.keys() == {"accepted", "refused"}
        page.keyboard.press("u")
        saved(page, "Taken back")
        assert [one["verdict"] for one in get(address, "/v1/cameras/proposals")["proposals"]] == ["accepted"]
        page.keyboard.press("r")
        saved(page, "Refused")

        # A reload keeps the ranking, what was decided, and what was tried.
        page.reload()
        until(page, "document.querySelectorAll('#proposals li.refused').length === 1")
        assert page.locator("#proposals li").count() == 4
        assert page.locator("#proposals li.accepted").count() == 1
        assert page.locator("#tried > li").count() == 3
        assert "1 accepted, 1 refused" in page.locator("#decided-heading").inner_text()

        # The next ranking respects the decisions.
        before = metres(page.locator("#sites-answer .result span").inner_text().partition(":")[2])
        page.locator("#sites-form .main").click()
        until(page, "document.querySelectorAll('#proposals li.accepted, #proposals li.refused').length === 0")
        texts = page.locator("#sites-answer .result span").inner_text()
        assert metres(texts.partition(":")[2]) > before
        ids = {one["id"] for one in get(address, "/v1/cameras/proposals")["proposals"]}
        ranked = page.evaluate("JSON.parse(localStorage['gridwright.coverage']).work")
        [answer] = [work["answer"] for work in ranked.values() if "answer" in work]
        assert not ids & {one["id"] for one in answer["proposals"]}

        for link, check in (("#xlsx", is_workbook), ("#geojson", is_geojson)):
            with page.expect_download() as caught:
                page.locator(link).click()
            check(caught.value.path().read_bytes())


def is_workbook(content: bytes) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet.max_row >= 2


def is_geojson(content: bytes) -> None:
    assert len(json.loads(content)["features"]) == 1


def test_promises_are_checked_to_the_worst_door(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        show(page, address)
        page.locator("#tab-reach").click()
        page.locator("#rules tbody tr").first.wait_for()
        reach = get(address, "/v1/reach")
        assert page.locator("#rules tbody tr").count() == len(reach["rules"])
        broken = next(one for one in reach["rules"] if one["is_kept"] is False)
        chosen = page.locator("#rules [aria-current]").inner_text()
        assert "✗" in chosen
        share = broken["shares"]["households_in"] / broken["shares"]["households"]
        assert (f"{100 * share:.1f} %" if share < 0.9995 else ">99.9 %") in page.locator("#shares").inner_text()
        rings = page.locator("#shares [data-ring]").count()
        assert rings == len(broken["ring"])
        part(page, "worst")
        assert page.locator("#worst li").count() == len(broken["worst"])
        worst = broken["worst"][0]
        name = page.locator("#worst li .two > span").first
        assert name.inner_text() == (worst["name"] or worst["id"])
        page.locator("#worst li button").first.click()
        assert page.locator("#worst [aria-current]").count() == 1
        assert (worst["name"] or worst["id"]) in page.locator("#hint").inner_text()
        away = page.evaluate(
            """async ([lon, lat]) => {
                const { map } = await import('/desk/coverage/coverage_map.js');
                const [x, y] = map.toPixels(map.place([lon, lat]));
                return Math.hypot(x - map.width / 2, y - map.height / 2);
            }""",
            [worst["lon"], worst["lat"]],
        )
        assert away < 5

        # A ring switched off is drawn no more.
        part(page, "shares")
        until(page, "document.getElementById('busy').hidden")
        before = picture(page)
        page.locator("#shares [data-ring]").first.click()
        until(page, f"{PICTURE} !== {before!r}")

        part(page, "posts")
        page.locator("#posts-goal").select_option("center")
        page.locator("#posts-form .main").click()
        page.locator("#posts-answer .result").wait_for()
        then, now = page.locator("#posts-answer .result strong").inner_text().split(" → ")
        assert seconds(now) < seconds(then)
        assert page.locator("#posts-answer .proof").inner_text()
        page.locator("#posts-list button").first.click()
        assert "New post 1" in page.locator("#hint").inner_text()

        # A place of the map tells how soon somebody is there.
        page.mouse.click(*on_screen(page, [worst["lon"], worst["lat"]])[:1], 500)
        until(page, "document.getElementById('hint').textContent.startsWith('First here')")


def seconds(text: str) -> int:
    minutes, rest = text.split(":")
    return 60 * int(minutes) + int(rest)


def test_another_plan_stands_beside_this_one(browser: Browser, address: str) -> None:
    with opened(browser, address, DESK) as page:
        show(page, address)
        until(page, "document.querySelectorAll('#other option').length === 2")
        page.locator("#other").select_option(index=1)
        page.locator("#compare tbody tr").first.wait_for()
        rows = page.locator("#compare table").first.locator("tbody tr").all_inner_texts()
        assert len(rows) > 10
        assert any("Positions missing" in row and row.endswith("=") for row in rows)
        page.locator("#language").click()
        assert "缺少点位" in page.locator("#compare").inner_text()
