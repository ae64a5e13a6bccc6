"""The tools of the planner's desk by mouse: each moves what is wanted, and what is not lawful moves nothing."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.plan_desk_kit import ServedDesk, browser, desk_file, drag, migrated_file, open_desk, served_desk
from tests.plan_hands_kit import (
    Ground,
    a_far_piece,
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


def _pick(page: Page, atom: int) -> None:
    press(page, "a")
    page.mouse.click(*spot(page, atom))


def test_a_painted_piece_joins_the_chosen_grid_and_both_sums_are_told_before(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        to, gave = code_of(page, move["to"]), code_of(page, move["from"])
        before = Ground(served_desk)
        look_at(page, move["a"], move["b"])
        _pick(page, move["a"])
        press(page, "b")
        drag(page, [spot(page, move["a"]), spot(page, move["b"])], holds=True)
        now = held(page)
        assert now is not None
        assert (now["faults"], now["atoms"]) == ([], [move["b"]])
        card = page.locator("#hand-card").inner_text()
        for code in (to, gave):
            assert now["grids"][code][0] == before.households[code]
            assert str(now["grids"][code][1]) in card
        page.mouse.up()
        saved(page)
        after = Ground(served_desk)
        assert after.grid_of(move["b"]) == to
        assert {code: after.households[code] for code in (to, gave)} == {c: now["grids"][c][1] for c in (to, gave)}
        title = served_desk.get(f"/v1/plans/{served_desk.plan}/moves")["steps"][-1]["title"]
        assert "1 piece" in title
        assert f"{gave[-3:]} → {to[-3:]}" in title


def test_what_is_not_lawful_is_red_with_its_reason_before_release_and_changes_nothing(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_far_piece(page)
        before = Ground(served_desk)
        look_at(page, move["a"], move["b"])
        _pick(page, move["a"])
        press(page, "b")
        x, y = spot(page, move["b"])
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 1, y)
        assert held(page)["faults"] == ["edit_not_contiguous"]
        assert "fall into" in page.locator("#hand-card.illegal .why").first.inner_text()
        hands(page, "await settled();")
        assert _redness(page, x, y) > 30
        page.mouse.up()
        assert "pieces that do not hang together" in notices(page)
        saved(page)
        after = Ground(served_desk)
        assert after.revision == before.revision
        assert after.sheet["atom_grid"] == before.sheet["atom_grid"]
        assert hands(page, "return [...plan.atomGrid];") == before.sheet["atom_grid"]


def _redness(page: Page, x: float, y: float) -> float:
    """How much more red than green the map is around a place."""
    return hands(
        page,
        """
        const box = map.canvas.getBoundingClientRect();
        const data = pixels(f[0] - box.left - 12, f[1] - box.top - 12, 24, 24);
        let sum = 0;
        for (let i = 0; i < data.length; i += 4) sum += data[i] - data[i + 1];
        return sum / (data.length / 4);
        """,
        x,
        y,
    )


def test_a_border_is_pushed_over_and_comes_back_with_the_pointer(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        press(page, "h")
        start = on_border(page, move["to"], move["from"])
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*spot(page, move["b"]), steps=6)
        assert move["b"] in held(page)["atoms"]
        page.mouse.move(*start, steps=6)
        assert held(page) is None
        page.mouse.move(*spot(page, move["b"]), steps=6)
        now = held(page)
        assert now["faults"] == []
        page.mouse.up()
        saved(page)
        after = Ground(served_desk)
        assert {after.grid_of(atom) for atom in now["atoms"]} == {code_of(page, move["to"])}


def test_a_border_is_pulled_the_other_way_from_the_same_place(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        press(page, "h")
        page.mouse.move(*on_border(page, move["from"], move["to"]))
        page.mouse.down()
        page.mouse.move(*spot(page, move["b"]), steps=6)
        now = held(page)
        assert move["b"] in now["atoms"]
        assert now["faults"] == []
        page.mouse.up()
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"])


def test_a_box_and_a_lasso_choose_pieces_and_enter_moves_them(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        _pick(page, move["a"])
        x, y = spot(page, move["b"])
        press(page, "m")
        drag(page, [(x - 6, y - 6), (x + 6, y + 6)])
        assert hands(page, "return [...desk.selection];") == [move["b"]]
        assert held(page)["isWaiting"]
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["from"])
        press(page, "Enter")
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"])
        press(page, "Control+z")
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["from"])
        press(page, "f")
        drag(page, [(x - 8, y - 8), (x + 8, y - 8), (x + 8, y + 8), (x - 8, y + 8), (x - 8, y - 7)])
        assert hands(page, "return [...desk.selection];") == [move["b"]]
        page.locator("#hand-card .main").click()
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"])


def test_shift_adds_pieces_to_a_box_and_alt_takes_them_away(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        press(page, "m")
        for atom, key in ((move["a"], None), (move["b"], "Shift"), (move["a"], "Alt")):
            x, y = spot(page, atom)
            if key:
                page.keyboard.down(key)
            drag(page, [(x - 6, y - 6), (x + 6, y + 6)])
            if key:
                page.keyboard.up(key)
        assert hands(page, "return [...desk.selection];") == [move["b"]]


def test_chosen_pieces_are_carried_to_another_grid(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        _pick(page, move["b"])
        drag(page, [spot(page, move["b"]), spot(page, move["a"])])
        saved(page)
        assert Ground(served_desk).grid_of(move["b"]) == code_of(page, move["to"])


def test_a_press_with_the_estate_tool_takes_all_of_an_estate(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        atoms = hands(page, "return ground.atomsOfEstate.toSorted((a, b) => b.length - a.length)[0];")
        assert len(atoms) > 1
        look_at(page, *atoms)
        press(page, "w")
        page.mouse.click(*spot(page, atoms[0]))
        assert sorted(hands(page, "return [...desk.selection];")) == sorted(atoms)


def test_an_estate_that_may_go_is_moved_with_a_number(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        found = hands(
            page,
            """
            for (const atoms of ground.atomsOfEstate) {
                const from = plan.atomGrid[atoms[0]];
                for (const to of plan.gridsOf(plan.grids[from].community)) {
                    if (to === from) continue;
                    const verdict = plan.judgeMoves(new Map(atoms.map((one) => [one, to])), 'move', []);
                    if (!verdict.faults.length) return { atoms, to };
                }
            }
            return null;
            """,
        )
        assert found
        look_at(page, *found["atoms"])
        press(page, "w")
        page.mouse.click(*spot(page, found["atoms"][0]))
        number = page.evaluate(
            "async (at) => (await import('/desk/plan/plan_tools_chosen.js')).numberedGrids().indexOf(at) + 1",
            found["to"],
        )
        press(page, str(number))
        assert held(page)["isWaiting"]
        assert held(page)["faults"] == []
        press(page, str(number))
        saved(page)
        after = Ground(served_desk)
        assert {after.grid_of(atom) for atom in found["atoms"]} == {code_of(page, found["to"])}


def test_the_brush_grows_and_takes_neighbours_too(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        _pick(page, move["a"])
        press(page, "b", "]", "]")
        page.mouse.move(*spot(page, move["b"]))
        page.mouse.down()
        assert len(held(page)["atoms"]) >= 3
        page.keyboard.press("Escape")
        page.mouse.up()
        assert held(page) is None
        press(page, "[", "[", "[")
        assert hands(page, "return kept().brush;") == 1
        assert Ground(served_desk).revision == 1


def test_escape_lets_go_of_whatever_is_held(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        _pick(page, move["a"])
        for key in ("b", "m", "f", "k", "h"):
            press(page, key)
            first = on_border(page, move["to"], move["from"]) if key == "h" else spot(page, move["a"])
            drag(page, [first, spot(page, move["b"])], holds=True)
            press(page, "Escape")
            assert held(page) is None, key
            page.mouse.up()
        press(page, "Escape", "Escape", "Escape", "Escape")
        assert hands(page, "return [desk.selection.size, kept().tool, desk.grid];") == [0, "choose", -1]
        saved(page)
        assert Ground(served_desk).revision == 1
