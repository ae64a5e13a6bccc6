"""The life of a plan on the desk in a real browser: steps by role, refusals with their places, single papers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.merger_kit import cells, download, take_step
from tests.plan_desk_kit import ServedDesk, browser, desk_file, migrated_file, open_desk, served_desk, served_office

__all__ = ["browser", "desk_file", "migrated_file", "served_desk", "served_office"]


def test_the_submitter_is_told_why_approving_is_not_for_them(browser: Browser, served_office: ServedDesk) -> None:
    served = served_office
    with open_desk(browser, served.address, served.plan, language="en", who=(served, "root")) as page:
        page.locator("#tab-status").click()
        take_step(page, "submitted", "submitted")
        expect(page.locator("[data-act=approved]")).to_have_count(0)
        expect(page.locator(".not-mine")).to_contain_text("You (root) submitted this plan")
    with open_desk(browser, served.address, served.plan, language="en", who=(served, "zhao")) as page:
        page.locator("#tab-status").click()
        page.locator("[data-act=returned]").click()
        page.locator("dialog .main").click()
        page.locator("dialog .fault").get_by_text(re.compile(".+")).wait_for()  # no reason, no return
        page.locator("dialog textarea").fill("The border by the school\nis not that of the police station.")
        page.locator("dialog .main").click()
        page.locator("#plan-state.returned").wait_for()
        expect(page.locator(".status .aside q")).to_have_text(
            "The border by the school is not that of the police station."
        )
    with open_desk(browser, served.address, served.plan, language="zh", who=(served, "sun")) as page:
        page.locator("#tab-status").click()
        page.locator(".status .aside q").wait_for()
        expect(page.locator(".status .act")).to_have_count(0)
        assert page.locator(".not-mine").count() == 2


def broken_plan(served: ServedDesk) -> str:
    """Merge two grids into one that is far out of the band; the code that is left."""
    grids = served.get(f"/v1/plans/{served.plan}/sheet")["grids"]
    by_community: dict[str, list[dict[str, Any]]] = {}
    for grid in grids:
        if grid["kind"] == "standard":
            by_community.setdefault(grid["community"], []).append(grid)
    for rows in by_community.values():
        for other in rows[1:]:
            body = {"kind": "merge", "grids": [rows[0]["code"], other["code"]]}
            etag = served.card()["etag"]
            answer = httpx.post(
                f"{served.address}/v1/plans/{served.plan}/moves", json=body, headers={"If-Match": etag}, timeout=120
            )
            if answer.status_code == 201 and answer.json()["broken_rules"]:
                return str(answer.json()["grids"][0]["code"])
    raise AssertionError("no two grids could be merged")


def test_a_refused_submission_lists_every_fault_and_each_one_zooms(browser: Browser, served_desk: ServedDesk) -> None:
    code = broken_plan(served_desk)
    with open_desk(browser, served_desk.address, served_desk.plan, language="en", may_say="409 \\(Conflict\\)") as page:
        page.locator("#tab-status").click()
        page.locator("[data-act=submitted]").click()
        page.locator("dialog .main").click()
        page.locator(".refusal").wait_for()
        row = page.locator(".refusal li").filter(has_text=code)
        expect(row).to_have_count(1)
        scale = page.evaluate("async () => (await import('/desk/plan/plan_map.js')).map.scale")
        row.locator("button").click()
        assert page.evaluate("async () => (await import('/desk/plan/plan_map.js')).map.scale") > scale
        assert served_desk.card()["state"] == "draft"


def test_a_plan_is_renamed_and_withdrawn_only_when_asked_again(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.locator("#tab-status").click()
        page.locator("[data-act=rename]").click()
        page.locator("dialog input").fill("spring")
        page.locator("dialog .main").click()
        expect(page.locator("#plan-name")).to_have_text("spring")
        page.locator("[data-act=withdrawn]").click()
        page.keyboard.press("Escape")
        assert served_desk.card()["state"] == "draft"
        take_step(page, "withdrawn", "withdrawn")
        expect(page.locator(".status .empty")).to_be_visible()
    assert (served_desk.card()["name"], served_desk.card()["state"]) == ("spring", "withdrawn")


@pytest.mark.parametrize("only", ["register", "crosswalk"])
def test_one_paper_is_taken_at_once_or_refused_in_words(
    browser: Browser, served_desk: ServedDesk, tmp_path: Path, only: str
) -> None:
    may_say = "409 \\(Conflict\\)" if only == "crosswalk" else "(?!)"
    with open_desk(browser, served_desk.address, served_desk.plan, language="en", may_say=may_say) as page:
        page.locator("#tab-status").click()
        page.locator(".papers-box summary").click()
        if only == "register":
            codes = {grid["code"] for grid in served_desk.get(f"/v1/plans/{served_desk.plan}/sheet")["grids"]}
            assert codes <= cells(download(page, only, tmp_path))
        else:
            page.locator(f"[data-act=paper-{only}]").click()
            expect(page.locator("#notices")).to_contain_text("nothing was changed")
