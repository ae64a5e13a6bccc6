"""The hands of the planner's desk without a mouse: every tool by keys alone, and by fingers; resting and zooming."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.plan_desk_kit import TABLET, ServedDesk, browser, desk_file, drag, migrated_file, open_desk, served_desk
from tests.plan_hands_kit import Ground, a_move, code_of, hands, held, look_at, notices, on_border, press, saved, spot

__all__ = ["browser", "desk_file", "migrated_file", "served_desk"]


def _to_map(page: Page) -> None:
    """By the tabulator key alone."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "map":
            return
    pytest.fail("the map is not reached by the tabulator key")


def _cursor(page: Page) -> int:
    return hands(page, "return (await import('/desk/plan/plan_tools_chosen.js')).cursorNow();")


def _walk_to(page: Page, atom: int) -> None:
    """With arrows and, in the end, through the pieces of a grid: as somebody without a mouse would."""
    press(page, "ArrowRight")
    for _ in range(200):
        now = _cursor(page)
        if now == atom:
            return
        key = hands(
            page,
            """
            const same = plan.atomGrid[f[0]] === plan.atomGrid[f[1]];
            if (same) return '.';
            const [x, y] = [ground.x_m[f[1]] - ground.x_m[f[0]], ground.y_m[f[1]] - ground.y_m[f[0]]];
            return Math.abs(x) > Math.abs(y) ? (x > 0 ? 'ArrowRight' : 'ArrowLeft') : (y > 0 ? 'ArrowDown' : 'ArrowUp');
            """,
            now,
            atom,
        )
        press(page, key)
    pytest.fail("not reached by keys")


def test_a_piece_is_painted_over_by_keys_alone(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        _to_map(page)
        _walk_to(page, move["a"])
        press(page, "Enter", "b")
        _walk_to(page, move["b"])
        press(page, "Enter")
        now = held(page)
        assert (now["atoms"], now["faults"]) == ([move["b"]], [])
        press(page, "Enter")
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"])


def test_a_box_a_number_and_a_new_grid_by_keys_alone(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        _to_map(page)
        _walk_to(page, move["a"])
        press(page, "Enter", "Escape", "a")
        _walk_to(page, move["b"])
        press(page, "m", "Enter", "Enter")
        assert hands(page, "return [...desk.selection];") == [move["b"]]
        press(page, "Escape")
        number = page.evaluate(
            "async (at) => (await import('/desk/plan/plan_tools_chosen.js')).numberedGrids().indexOf(at) + 1",
            move["to"],
        )
        assert number > 0
        press(page, str(number))
        assert held(page)["isWaiting"]
        press(page, "Enter")
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"])


def test_a_border_is_pushed_and_grids_are_chosen_and_locked_by_keys_alone(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        _to_map(page)
        _walk_to(page, move["a"])
        press(page, "h", "Enter")
        _walk_to(page, move["b"])
        now = held(page)
        assert move["b"] in now["atoms"]
        assert now["faults"] == []
        press(page, "Enter")
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"])
        press(page, "Control+z", "Escape", "Escape", "a")
        _walk_to(page, move["a"])
        press(page, "Enter")
        _walk_to(page, move["b"])
        press(page, "Control+Enter")
        assert hands(page, "return [...desk.grids].sort((a, b) => a - b);") == sorted([move["to"], move["from"]])
        press(page, "l")
        saved(page)
        assert Ground(served_desk).locks == sorted(code_of(page, move[end]) for end in ("to", "from"))
        press(page, "l")
        saved(page)
        assert Ground(served_desk).locks == []


def test_a_whole_estate_is_moved_by_keys_alone(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        found = hands(
            page,
            """
            for (const atoms of ground.atomsOfEstate) {
                const from = plan.atomGrid[atoms[0]];
                for (const to of plan.gridsOf(plan.grids[from].community)) {
                    if (to === from) continue;
                    const verdict = plan.judgeMoves(new Map(atoms.map((one) => [one, to])), 'move', []);
                    if (!verdict.faults.length) return { atoms, to, a: [...plan.members[to]][0] };
                }
            }
            return null;
            """,
        )
        assert found
        _to_map(page)
        _walk_to(page, found["a"])
        press(page, "Enter", "w")
        _walk_to(page, found["atoms"][0])
        press(page, "Enter", "Enter")
        assert sorted(hands(page, "return [...desk.selection];")) == sorted(found["atoms"])
        assert held(page)["isWaiting"]
        press(page, "Enter")
        saved(page)
        after = Ground(served_desk)
        assert {after.grid_of(atom) for atom in found["atoms"]} == {code_of(page, found["to"])}


def test_a_grid_is_split_by_keys_alone(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        found = hands(
            page,
            """
            for (let grid = 0; grid < plan.grids.length; grid += 1) {
                if (plan.grids[grid].kind !== 'standard' || plan.grids[grid].atoms < 3) continue;
                const atoms = [...plan.members[grid]].filter((one) => ground.households[one] > 0);
                for (const one of atoms) {
                    const parts = [[one], [...plan.members[grid]].filter((other) => other !== one)];
                    const body = parts.map((part) => ({ atoms: part.map((at) => ground.ids[at]) }));
                    const cut = { kind: 'split', grid: plan.grids[grid].code, parts: body };
                    if (plan.judge(cut, []).faults.length) continue;
                    return { one, atoms: [...plan.members[grid]] };
                }
            }
            return null;
            """,
        )
        assert found
        _to_map(page)
        _walk_to(page, found["one"])
        press(page, "Enter", "Shift+k")
        assert held(page)["isWaiting"]
        press(page, "Enter")
        saved(page)
        after = Ground(served_desk)
        alone = after.grid_of(found["one"])
        assert after.atoms_of(alone) == [found["one"]]
        assert len({after.grid_of(atom) for atom in found["atoms"]}) == 2


def test_what_is_held_is_said_aloud_on_a_pause_with_the_reason(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        page.mouse.click(*spot(page, move["a"]))
        press(page, "l")
        saved(page)
        press(page, "b")
        drag(page, [spot(page, move["a"]), spot(page, move["b"])], holds=True)
        page.wait_for_timeout(1200)
        told = page.locator("#told").inner_text()
        now = held(page)["grids"]
        for code in (code_of(page, move["to"]), code_of(page, move["from"])):
            before, after = now[code]
            assert f"{code[-3:]}: {before} to {after} households" in told
        assert "Not allowed: The lock" in told
        page.mouse.up()
        assert "lock" in notices(page)


def test_no_key_of_the_tools_works_while_one_writes(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.locator("#search").focus()
        page.keyboard.type("bhmfwk1 lgj[]")
        assert hands(page, "return [kept().tool, kept().brush, desk.locks.length];") == ["choose", 1, 0]
        assert page.locator("#search").input_value() == "bhmfwk1 lgj[]"


def test_the_space_bar_moves_the_map_whatever_tool_is_held(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        page.mouse.click(*spot(page, move["a"]))
        press(page, "b")
        middle = hands(page, "return map.middle;")
        page.keyboard.down(" ")
        drag(page, [spot(page, move["a"]), spot(page, move["b"])])
        page.keyboard.up(" ")
        assert held(page) is None
        assert hands(page, "return map.middle;") != middle
        saved(page)
        assert Ground(served_desk).revision == 1
        scale = hands(page, "return map.scale;")
        page.mouse.wheel(0, -240)
        assert hands(page, "return map.scale;") > scale


def test_a_double_click_zooms_to_the_grid_and_a_resting_pointer_is_told_of_it(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        grid = hands(page, "const g = plan.grids[f[0]]; return [g.name, g.code, g.households];", move["to"])
        page.mouse.move(*spot(page, move["a"]))
        card = page.locator("#hover-card")
        card.wait_for()
        for part in grid:
            assert str(part) in card.inner_text()
        scale = hands(page, "return map.scale;")
        page.mouse.dblclick(*spot(page, move["a"]))
        page.wait_for_timeout(200)
        assert hands(page, "return map.scale;") > scale
        assert hands(page, "return desk.grid;") == move["to"]
        for atom in hands(page, "return [...plan.members[f[0]]];", move["to"]):
            x, y = spot(page, atom)
            box = page.locator("#map").bounding_box()
            assert box["x"] < x < box["x"] + box["width"]
            assert box["y"] < y < box["y"] + box["height"]


def test_households_that_were_modelled_are_marked_as_an_estimate(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        page.mouse.move(*spot(page, move["a"]))
        page.locator("#hover-card").wait_for()
        assert "≈" not in page.locator("#hover-card").inner_text()
        hands(page, "plan.isEstimate = true;")
        page.mouse.move(2, 400)
        page.mouse.move(*spot(page, move["a"]))
        page.locator("#hover-card .soft").wait_for()
        homes = hands(page, "return plan.grids[f[0]].households;", move["to"])
        assert f"≈ {homes}" in page.locator("#hover-card").inner_text()


# -- fingers


class Fingers:
    """Touches as a tablet sends them."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._cdp = page.context.new_cdp_session(page)

    def _send(self, kind: str, *points: tuple[float, float]) -> None:
        touches: list[dict[str, Any]] = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        self._cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def down(self, *points: tuple[float, float]) -> None:
        self._send("touchStart", *points)

    def move(self, *points: tuple[float, float]) -> None:
        self._send("touchMove", *points)
        self._page.wait_for_timeout(50)  # browsers tell moves once a frame

    def up(self) -> None:
        self._send("touchEnd")


def _between(one: tuple[float, float], two: tuple[float, float], share: float) -> tuple[float, float]:
    return one[0] + (two[0] - one[0]) * share, one[1] + (two[1] - one[1]) * share


def test_one_finger_draws_and_two_move_the_map(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, TABLET, "en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        finger = Fingers(page)
        one, two = spot(page, move["a"]), spot(page, move["b"])
        finger.down(one)
        finger.up()
        assert hands(page, "return desk.grid;") == move["to"]
        page.locator("#tool-paint").tap()
        finger.down(one)
        finger.move(_between(one, two, 0.5))
        finger.down(_between(one, two, 0.5), (one[0] + 90, one[1] + 90))
        assert held(page) is None
        before = hands(page, "return [map.scale, ...map.middle];")
        finger.move(_between(one, two, 0.5), (one[0] + 180, one[1] + 180))
        finger.up()
        assert hands(page, "return [map.scale, ...map.middle];") != before
        saved(page)
        assert Ground(served_desk).revision == 1
        look_at(page, move["a"], move["b"])
        one, two = spot(page, move["a"]), spot(page, move["b"])
        finger.down(one)
        for share in (0.25, 0.5, 0.75, 1.0):
            finger.move(_between(one, two, share))
        assert move["b"] in held(page)["atoms"]
        finger.up()
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"])


def test_a_finger_pushes_a_border_and_a_long_press_opens_the_menu(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, TABLET, "zh") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        finger = Fingers(page)
        page.locator("#tool-push").tap()
        one, two = on_border(page, move["to"], move["from"]), spot(page, move["b"])
        finger.down(one)
        for share in (0.3, 0.6, 1.0):
            finger.move(_between(one, two, share))
        now = held(page)
        assert move["b"] in now["atoms"]
        finger.up()
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"])
        finger.down(two)
        page.locator(".hand-menu").wait_for()
        finger.up()
        assert page.locator(".hand-menu").is_visible()
        saved(page)
        assert Ground(served_desk).revision == 2
        sizes = page.locator(".hand-menu button").evaluate_all("(all) => all.map((one) => one.offsetHeight)")
        assert sizes
