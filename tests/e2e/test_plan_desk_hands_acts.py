"""Grids that come and go at the planner's desk, the menu on the map, and locks: each checked at the service."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.desk_kit import until
from tests.plan_desk_kit import ServedDesk, browser, desk_file, drag, migrated_file, open_desk, ready, served_desk
from tests.plan_hands_kit import (
    Ground,
    a_move,
    code_of,
    hands,
    held,
    look_at,
    notices,
    on_border,
    press,
    saved,
    spot,
)

__all__ = ["browser", "desk_file", "migrated_file", "served_desk"]


def _open_menu(page: Page, at: tuple[float, float]) -> None:
    page.mouse.click(*at, button="right")
    page.locator(".hand-menu").wait_for()


def _from_menu(page: Page, at: tuple[float, float], id: str) -> None:
    _open_menu(page, at)
    page.locator(f".hand-menu [data-id={id}]").click()


def _halves(page: Page) -> dict[str, Any]:
    """A grid that falls into two lawful parts along a straight line: the line on the screen, and the smaller part."""
    found = hands(
        page,
        """
        const { sidesOfLine, middleOf } = await import('/desk/plan/plan_tools_shapes.js');
        for (let grid = 0; grid < plan.grids.length; grid += 1) {
            if (plan.grids[grid].kind !== 'standard' || plan.grids[grid].atoms < 4) continue;
            const [x, y] = middleOf(ground, plan.members[grid]);
            for (let k = 0; k < 24; k += 1) {
                const [ux, uy] = [Math.cos((Math.PI * k) / 24), Math.sin((Math.PI * k) / 24)];
                const line = [[x - 60 * ux, y - 60 * uy], [x + 60 * ux, y + 60 * uy]];
                const parts = sidesOfLine(plan, grid, line).map((one) => ({ atoms: one.map((at) => ground.ids[at]) }));
                if (parts.some((one) => one.atoms.length < 2)) continue;
                if (plan.judge({ kind: 'split', grid: plan.grids[grid].code, parts }, []).faults.length) continue;
                return { grid, line, atoms: [...plan.members[grid]] };
            }
        }
        return null;
        """,
    )
    assert found
    return found


def test_a_line_across_a_grid_splits_it(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        cut = _halves(page)
        look_at(page, *cut["atoms"])
        page.mouse.click(*spot(page, cut["atoms"][0]))
        press(page, "k")
        ends = hands(page, "return f[0].map(screen);", cut["line"])
        drag(page, [tuple(one) for one in ends], steps=8, holds=True)
        now = held(page)
        assert now["faults"] == []
        page.mouse.up()
        saved(page)
        after = Ground(served_desk)
        grids = {after.grid_of(atom) for atom in cut["atoms"]}
        assert len(grids) == 2
        parts = {frozenset(atom for atom in cut["atoms"] if after.grid_of(atom) == one) for one in grids}
        assert frozenset(now["atoms"]) in parts
        page.wait_for_timeout(200)
        assert {
            code_of(page, at) for at in hands(page, "return f[0].map((one) => plan.atomGrid[one]);", cut["atoms"])
        } == grids


def test_a_grid_is_made_of_chosen_pieces_and_merged_back(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        cut = _halves(page)
        part = hands(
            page,
            """
            const { sidesOfLine } = await import('/desk/plan/plan_tools_shapes.js');
            return sidesOfLine(plan, f[0], f[1]).sort((a, b) => a.length - b.length)[0];
            """,
            cut["grid"],
            cut["line"],
        )
        old = code_of(page, cut["grid"])
        look_at(page, *cut["atoms"])
        page.mouse.click(*spot(page, part[0]))
        for atom in part[1:]:
            page.keyboard.down("Shift")
            page.mouse.click(*spot(page, atom))
            page.keyboard.up("Shift")
            page.wait_for_timeout(400)
        assert sorted(hands(page, "return [...desk.selection];")) == sorted(part)
        press(page, "g")
        assert held(page)["isWaiting"]
        press(page, "Enter")
        saved(page)
        made = Ground(served_desk)
        assert len({made.grid_of(atom) for atom in part}) == 1
        new = made.grid_of(part[0])
        assert new != old
        rest = next(atom for atom in cut["atoms"] if made.grid_of(atom) == old)
        press(page, "Escape", "Escape")
        page.mouse.click(*spot(page, rest))
        page.keyboard.down("Control")
        page.mouse.click(*spot(page, part[0]))
        page.keyboard.up("Control")
        assert hands(page, "return desk.grids.size;") == 2
        press(page, "j")
        assert "merged into" in page.locator("#hand-card .what").inner_text()
        press(page, "Enter")
        saved(page)
        after = Ground(served_desk)
        assert len({after.grid_of(atom) for atom in cut["atoms"]}) == 1
        assert len(after.codes) == len(made.codes) - 1


def test_a_grid_is_dissolved_by_key_and_its_ground_goes_to_the_neighbours(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        grid = hands(
            page,
            """
            const fits = (one) => !plan.judge({ kind: 'dissolve', grid: one.code }, []).faults.length;
            return plan.grids.findIndex((one) => one.kind === 'standard' && fits(one));
            """,
        )
        atoms = hands(page, "return [...plan.members[f[0]]];", grid)
        code = code_of(page, grid)
        look_at(page, *atoms)
        page.mouse.click(*spot(page, atoms[0]))
        press(page, "Delete")
        press(page, "Enter")
        saved(page)
        after = Ground(served_desk)
        assert code not in after.codes
        assert all(after.grid_of(atom) for atom in atoms)


def test_the_menu_moves_chosen_ground_and_merges_over_a_border(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        page.mouse.click(*spot(page, move["b"]))
        _from_menu(page, spot(page, move["a"]), "move")
        page.locator("#hand-card .main").click()
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"])
        press(page, "Control+z", "Escape", "Escape", "Escape", "Escape")
        _open_menu(page, on_border(page, move["to"], move["from"]))
        press(page, "Escape")
        assert page.evaluate("document.activeElement.id") == "map"
        _from_menu(page, on_border(page, move["to"], move["from"]), "merge_over")
        faults = held(page)["faults"]
        page.keyboard.press("Enter")
        saved(page)
        after = Ground(served_desk)
        same = after.grid_of(move["a"]) == after.grid_of(move["b"])
        assert same == (not faults)


def test_the_menu_is_walked_with_arrows_and_names_what_it_stands_on(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        page.mouse.click(*spot(page, move["a"]))
        press(page, "Shift+F10")
        menu = page.locator(".hand-menu")
        menu.wait_for()
        first = page.evaluate("document.activeElement.dataset.id")
        press(page, "ArrowDown", "ArrowDown", "ArrowUp", "End", "Home")
        assert page.evaluate("document.activeElement.dataset.id") == first
        assert code_of(page, move["to"])[-3:] in menu.locator(".head").inner_text()
        press(page, "Tab")
        assert not menu.is_visible()


# -- locks


def _lock(page: Page, atom: int) -> None:
    page.mouse.click(*spot(page, atom))
    press(page, "l")
    saved(page)


def _try(page: Page, move: dict[str, Any]) -> list[str]:
    """Drag the piece over; what stands against it while it is held."""
    press(page, "Escape", "Escape", "a")
    page.wait_for_timeout(400)
    page.mouse.click(*spot(page, move["b"]))
    drag(page, [spot(page, move["b"]), spot(page, move["a"])], holds=True)
    found = held(page)["faults"]
    page.mouse.up()
    saved(page)
    return found


@pytest.mark.parametrize("kind", ["grid", "border", "estate", "building", "community", "all"])
def test_a_lock_of_every_kind_stands_against_a_drag_and_can_be_taken_away(
    browser: Browser, served_desk: ServedDesk, kind: str
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        if kind == "estate":
            move = next_move_of_an_estate(page)
        look_at(page, move["a"], move["b"])
        at = on_border(page, move["to"], move["from"]) if kind == "border" else spot(page, move["b"])
        _from_menu(page, at, f"lock_{kind}")
        if kind == "building":
            page.locator("dialog .way").first.click()
        page.wait_for_timeout(100)
        saved(page)
        locks = Ground(served_desk).locks
        assert len(locks) == 1
        assert hands(page, "return desk.locks;") == locks
        assert _try(page, move) == ["edit_locked"]
        assert "lock" in notices(page).lower()
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["from"])
        page.locator("#tab-locks").click()
        assert page.locator("#panel-locks [data-lock]").count() == 1
        page.locator("#panel-locks [data-lock] .square").click()
        saved(page)
        assert Ground(served_desk).locks == []
        assert page.locator("#panel-locks .empty").is_visible()
        assert _try(page, move) == []
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"])


def next_move_of_an_estate(page: Page) -> dict[str, Any]:
    """A lawful move of a piece that belongs to an estate."""
    found = hands(
        page,
        """
        for (let i = 0; i < ground.touch_a.length; i += 1) {
            for (const [a, b] of [[ground.touch_a[i], ground.touch_b[i]], [ground.touch_b[i], ground.touch_a[i]]]) {
                const [to, from] = [plan.atomGrid[a], plan.atomGrid[b]];
                if (to === from || ground.estate[b] < 0) continue;
                if (!plan.judgeMoves(new Map([[b, to]]), 'move', []).faults.length) return { a, b, to, from };
            }
        }
        return null;
        """,
    )
    assert found
    return found


def test_locks_outlive_a_reload_an_undo_and_a_redo_and_go_all_at_once(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        assert _try(page, move) == []
        press(page, "Escape", "Escape")
        page.wait_for_timeout(400)
        _lock(page, move["a"])
        _from_menu(page, spot(page, move["a"]), "lock_community")
        saved(page)
        locks = Ground(served_desk).locks
        assert len(locks) == 2
        press(page, "Control+z")
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"]), "undo breaks a lock"
        page.reload()
        ready(page)
        assert hands(page, "return desk.locks;") == locks
        page.locator("#tab-locks").click()
        revision = Ground(served_desk).revision
        page.get_by_role("button", name="Unlock everything").click()
        page.locator("dialog .main").click()
        until(page, "document.querySelector('#panel-locks .empty')")
        saved(page)
        after = Ground(served_desk)
        assert (after.locks, after.revision) == ([], revision + 1)
        press(page, "Control+z")
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["from"])


def test_a_locked_grid_is_hatched_and_signed_on_the_map(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        page.mouse.click(*spot(page, move["a"]))
        page.mouse.move(2, 400)
        before = _dark(page, move["to"])
        press(page, "l")
        saved(page)
        hands(page, "await settled();")
        assert _dark(page, move["to"]) > before + 20


def _dark(page: Page, grid: int) -> int:
    """Dark points on a small part of the map around the name of a grid."""
    return hands(
        page,
        """
        const { placeOfGrid } = await import('/desk/plan/plan_tools_chosen.js');
        const [x, y] = map.toPixels(placeOfGrid(f[0]));
        const data = pixels(x + 20, y - 12, 24, 24);
        let n = 0;
        for (let i = 0; i < data.length; i += 4) n += data[i] + data[i + 1] + data[i + 2] < 250;
        return n;
        """,
        grid,
    )
