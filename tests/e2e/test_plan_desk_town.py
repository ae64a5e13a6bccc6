"""Ghost lines of the plan before, and a whole town locked at once, at the planner's desk in a real Chromium."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.desk_kit import until
from tests.plan_desk_kit import ServedDesk, browser, desk_file, migrated_file, open_desk, served_desk
from tests.plan_hands_kit import a_move, look_at, spot
from tests.scenario_kit import fork, move_some

__all__ = ["browser", "desk_file", "migrated_file", "served_desk"]
ASKED = """async () => {
    const { ghostsNow } = await import('/desk/plan/plan_ghosts.js');
    const { desk } = await import('/desk/plan/plan_state.js');
    return ghostsNow(desk.plan);
}"""


def test_ghost_lines_are_drawn_only_where_a_border_is_gone(browser: Browser, served_desk: ServedDesk) -> None:
    other = fork(served_desk, "other")
    with open_desk(browser, served_desk.address, other, language="en") as page:
        until(page, ASKED)
        assert page.evaluate(ASKED) == {"arcs": 0, "loose": 0}
        move_some(served_desk, other, 1)
        page.reload()
        until(page, "document.body.dataset.state === 'ready'")
        until(page, ASKED)
        seen = page.evaluate(ASKED)
        assert seen["arcs"] > 0
        assert seen["loose"] == 0


def test_a_whole_town_is_locked_from_the_menu(browser: Browser, served_desk: ServedDesk) -> None:
    codes = {row["code"] for row in served_desk.get(f"/v1/plans/{served_desk.plan}/sheet")["communities"]}
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        move = a_move(page)
        look_at(page, move["a"], move["b"])
        x, y = spot(page, move["a"])
        town = page.evaluate(
            """async (atom) => {
                const { desk } = await import('/desk/plan/plan_state.js');
                return desk.ground.communities[desk.ground.community[atom]].code.slice(0, -3);
            }""",
            move["a"],
        )
        page.mouse.click(x, y, button="right")
        page.locator(".hand-menu [data-id=lock_town]").click()
        page.evaluate("import('/desk/plan/plan_do.js').then((doing) => doing.flush())")
        wanted = {f"community:{code}" for code in codes if code[:-3] == town}
        assert set(served_desk.get(f"/v1/plans/{served_desk.plan}/locks")["locks"]) == wanted
        assert len(wanted) > 1
