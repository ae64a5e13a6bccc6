"""The planner's desk for everybody, in the midst of work: what is held, dialogs, side by side, links, conflicts."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from api.usecases.plan_desk import Desk
from tests.axe_kit import grave_faults
from tests.desk_kit import opened, until
from tests.plan_desk_kit import (
    DESK,
    TABLET,
    WAIT_S,
    ServedDesk,
    browser,
    desk_file,
    in_page,
    migrated_file,
    open_desk,
    ready,
    served_desk,
    served_office,
    sign_in,
)
from tests.plan_hands_kit import a_far_piece, a_move, look_at, press, spot
from tests.plan_sync_kit import REFUSED, Gate, edit_some, held, idle

__all__ = ["browser", "desk_file", "migrated_file", "served_desk", "served_office"]

SIZES = pytest.mark.parametrize("size", [DESK, TABLET], ids=["laptop", "tablet"])
LEAST_TOUCH_PX = 44


def sound(page: Page, state: str) -> None:
    assert grave_faults(page) == [], state
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state


def paint_over(page: Page, move: dict[str, int]) -> None:
    """Hold a piece over another grid, without letting it go."""
    look_at(page, move["a"], move["b"])
    press(page, "a")
    page.mouse.click(*spot(page, move["a"]))
    press(page, "b")
    page.mouse.move(*spot(page, move["a"]))
    page.mouse.down()
    page.mouse.move(*spot(page, move["b"]), steps=5)


@SIZES
def test_what_is_held_lawful_or_not_and_a_problem_in_hand(
    browser: Browser, served_desk: ServedDesk, size: tuple[int, int]
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, size, "en") as page:
        paint_over(page, a_move(page))
        sound(page, "held")
        page.keyboard.press("Escape")
        page.mouse.up()
        far = a_far_piece(page)
        look_at(page, far["a"], far["b"])
        press(page, "a")
        page.mouse.click(*spot(page, far["a"]))
        press(page, "b")
        x, y = spot(page, far["b"])
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 1, y)
        page.locator("#hand-card.illegal").wait_for()
        sound(page, "refused")
        page.mouse.up()
        sound(page, "refusal told")


def test_the_menu_of_the_map_and_the_dialogs_of_the_bar(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="zh") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        page.mouse.click(*spot(page, move["a"]), button="right")
        page.locator(".hand-menu").wait_for()
        sound(page, "menu")
        page.keyboard.press("Escape")
        page.locator("#plan-open").click()
        page.locator("dialog .plans a").first.wait_for()
        sound(page, "plans")
        page.keyboard.press("Escape")
        page.locator("#search").fill("1001")
        page.locator("#found li").first.wait_for()
        sound(page, "search")


@SIZES
def test_two_plans_side_by_side(browser: Browser, served_desk: ServedDesk, size: tuple[int, int]) -> None:
    body = {"parent": served_desk.plan, "name": "second"}
    made = httpx.post(f"{served_desk.address}/v1/plans", json=body, timeout=WAIT_S)
    assert made.status_code == 201, made.text
    other = made.json()["id"]
    with open_desk(browser, served_desk.address, other, size, "en", query=f"&with={served_desk.plan}") as page:
        until(page, "document.querySelector('dialog.compare')?.dataset.state === 'ready'")
        sound(page, "compare")


def test_a_shared_link_and_one_that_has_ended(browser: Browser, served_desk: ServedDesk) -> None:
    path = f"{served_desk.address}/v1/plans/{served_desk.plan}/shares"
    made = httpx.post(path, json={"expires_in_days": 3}, timeout=WAIT_S)
    assert made.status_code == 201, made.text
    link = made.json()["link"]
    address = link if link.startswith("http") else f"{served_desk.address}{link}"
    with opened(browser, served_desk.address, DESK) as page:
        page.goto(f"{address}?lang=en")
        ready(page)
        sound(page, "shared")
        assert page.locator("#plan-state.draft").is_visible()
    with opened(browser, served_desk.address, DESK, may_say="404|410") as page:
        page.goto(f"{address[:-4]}AAAA?lang=en")
        sound(page, "ended link")


def test_a_conflict(browser: Browser, served_office: ServedDesk) -> None:
    address, plan = served_office.address, served_office.plan
    li = open_desk(browser, address, plan, language="en", may_say=REFUSED, who=(served_office, "li"))
    wang = open_desk(browser, address, plan, language="en", may_say=REFUSED, who=(served_office, "wang"))
    with li as first, wang as second:
        gate = Gate(second, "**/moves")
        edit_some(second, 1, seed=21, kinds="move")
        edit_some(first, 1, seed=11, kinds="move")
        idle(first)
        gate.open()
        held(second, "conflict")
        second.locator("dialog.conflict").wait_for()
        sound(second, "conflict")


def test_reading_and_forking_a_plan_that_is_closed(browser: Browser, served_office: ServedDesk) -> None:
    who = (served_office, "li")
    with open_desk(browser, served_office.address, served_office.plan, language="en", who=who) as page:
        in_page(page, "desk.card = { ...desk.card, state: 'filed' }; state.tell('card', desk.card);")
        page.locator("#notices").get_by_role("button", name="Make a scenario of it").click()
        field = page.get_by_label("Name", exact=True)
        field.wait_for()
        sound(page, "fork")
        field.fill("<img src=x onerror=window.__t=1>\u202e春")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: served_office.plan not in url)
        ready(page)
        assert page.locator("#plan-name").inner_text() == "<img src=x onerror=window.__t=1>\u202e春"
        assert page.locator("#plan-state").get_attribute("class") == "chip draft"


def test_what_a_finger_presses_is_large_enough(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, TABLET, "en") as page:
        tabs = page.locator("#tabs [role=tab]")
        small = set()
        for i in range(tabs.count()):
            tabs.nth(i).click()
            page.wait_for_timeout(300)
            small |= set(
                page.evaluate(
                    """(least) => [...document.querySelectorAll('button, select, summary, a.button, input')]
                        .filter((one) => one.checkVisibility() && !one.closest('.unseen, .skips') && !one.disabled)
                        .filter((one) => !one.matches('[type=checkbox], [type=radio]')) // their labels are pressed
                        .map((one) => [one.id || one.className || one.textContent, one.getBoundingClientRect()])
                        .filter(([, box]) => box.width && box.height < least - 0.5)
                        .map(([name, box]) => `${name} ${Math.round(box.width)} x ${Math.round(box.height)}`)""",
                    LEAST_TOUCH_PX,
                )
            )
        assert sorted(small) == []


def test_a_session_by_keys_alone_from_signing_in_to_a_saved_edit_and_back(
    browser: Browser, served_office: ServedDesk
) -> None:
    """Which plan, which panel, which grid, a lock, its undoing: no pointer is moved and nothing is clicked."""
    with opened(browser, served_office.address, DESK) as page:
        sign_in(page, served_office, "li")
        page.goto(f"{served_office.address}/desk/plan?lang=en")
        page.locator(".plans a").first.wait_for()
        tab_to(page, ".plans a")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**plan={served_office.plan}*")
        ready(page)
        # The skip link comes first, and leads to the map.
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#map"
        page.keyboard.press("Enter")
        page.wait_for_timeout(100)
        tab_to(page, "#map, #map *")
        # To a building by its number; its ground into the grid beside, by that one's number; and back again.
        move = a_move(page)
        _go_to(page, building_on(served_office, move["b"]))
        press(page, "a", "m", "Enter", "Enter")
        assert in_page(page, "return [...desk.selection];") == [move["b"]]
        press(page, str(_number_of(page, move["to"])), "Enter")
        idle(page)
        taker, giver = (in_page(page, "return desk.plan.grids[facts[0]].code;", move[end]) for end in ("to", "from"))
        assert grid_of(served_office, move["b"]) == taker
        page.keyboard.press("Control+z")
        idle(page)
        assert grid_of(served_office, move["b"]) == giver
        # To a grid by its name; it is locked.
        _go_to(page, giver)
        page.keyboard.press("l")
        idle(page)
        with served_office.store.read() as tx:
            assert list(tx.life.locks(served_office.plan)) == [giver]
        # Panels: to their tabs, along them, into one of them.
        tab_to(page, "#tabs [role=tab]")
        for key in ("End", "Home", "ArrowDown"):
            page.keyboard.press(key)
        chosen = page.evaluate("document.activeElement.id")
        page.keyboard.press("Enter")
        assert page.evaluate("document.body.dataset.panel") == chosen.removeprefix("tab-")
        # How wide it is, by keys as well.
        before = page.locator("#panels").bounding_box()["width"]
        tab_to(page, "#splitter", backwards=True)
        page.keyboard.press("ArrowLeft")
        assert page.locator("#panels").bounding_box()["width"] > before


def _go_to(page: Page, name: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.locator("#found li", has_text=name).first.wait_for()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "map"


def _number_of(page: Page, grid: int) -> int:
    """The digit that the page shows on a grid."""
    found = page.evaluate(
        "async (at) => (await import('/desk/plan/plan_tools_chosen.js')).numberedGrids().indexOf(at) + 1", grid
    )
    assert found > 0
    return int(found)


def piece_of(served: ServedDesk, atom: int) -> dict[str, Any]:
    """The service's own word on a piece of ground: its members and its grid."""
    desk = Desk(served.store)
    with served.store.read() as tx:
        sheet = desk.sheet(tx, tx.plans.card(served.plan), place := desk.place(served.plan, ""))
        return {"members": place.ground.members[atom], "grid": str(sheet.atom_code[atom])}


def building_on(served: ServedDesk, atom: int) -> str:
    return str(next(name for kind, name in piece_of(served, atom)["members"] if kind == "building"))


def grid_of(served: ServedDesk, atom: int) -> str:
    return str(piece_of(served, atom)["grid"])


def tab_to(page: Page, selector: str, *, backwards: bool = False) -> None:
    """By the tabulator key alone."""
    for _ in range(150):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    pytest.fail(f"{selector} is not reached by keyboard")


def test_everything_that_can_be_pressed_is_reached_by_keys(browser: Browser, served_desk: ServedDesk) -> None:
    """In the order of the page, or by arrows within a row of buttons; never only by the pointer."""
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        tabs = page.locator("#tabs [role=tab]")
        lost = set()
        for i in range(tabs.count()):
            tabs.nth(i).click()
            page.wait_for_timeout(300)
            lost |= set(
                page.evaluate(
                    """(rows) => [...document.querySelectorAll('button, a[href], select, input, textarea, summary')]
                        .filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex < 0)
                        .filter((one) => !rows.some((role) => one.closest(`[role=${role}]`)))
                        .map((one) => one.outerHTML.slice(0, 120))""",
                    ["toolbar", "tablist", "menu", "listbox", "grid", "radiogroup", "tree"],
                )
            )
        assert sorted(lost) == []
