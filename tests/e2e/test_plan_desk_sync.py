"""Doing and undoing at the planner's desk: shown at once, saved by itself, back and forth without a trace."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from tests.plan_desk_kit import (
    ServedDesk,
    browser,
    desk_file,
    in_page,
    migrated_file,
    open_desk,
    ready,
    served_desk,
)
from tests.plan_sync_kit import Gate, content, edit_some, geojson, idle, line_says, press, shown, stored, waiting

__all__ = ["browser", "desk_file", "migrated_file", "served_desk"]
N = 30


def test_thirty_edits_and_thirty_undos_give_the_same_bytes(
    browser: Browser, served_desk: ServedDesk, tmp_path: Path
) -> None:
    before, told = geojson(served_desk), content(served_desk.store, served_desk.plan, tmp_path)
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        first = shown(page)
        titles = edit_some(page, N)
        changed = shown(page)
        assert changed != first
        idle(page)
        assert stored(served_desk) == shown(page)
        steps = served_desk.get(f"/v1/plans/{served_desk.plan}/moves", limit=500)
        assert [step["title"] for step in steps["steps"]] == titles
        assert geojson(served_desk) != before
        press(page, "Control+z", N)
        assert shown(page) == first
        idle(page)
        assert stored(served_desk) == first
        assert geojson(served_desk) == before
        assert content(served_desk.store, served_desk.plan, tmp_path) == told
        # And forth again: the same plan as after the edits.
        press(page, "Control+Shift+z", N - 10)
        press(page, "Control+y", 10)
        idle(page)
        assert stored(served_desk) == shown(page)
        assert len(served_desk.get(f"/v1/plans/{served_desk.plan}/moves", limit=500)["steps"]) == N
        line_says(page, "Saved")
    assert served_desk.card()["steps"] == N


def test_an_edit_is_shown_before_it_is_answered_and_a_refused_one_changes_nothing(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        gate = Gate(page, "**/moves")
        first = shown(page)
        edit_some(page, 3, seed=4)
        assert shown(page) != first
        assert waiting(page)["n"] == 3
        line_says(page, "Saving, 3 changes left")
        told = in_page(
            page,
            """
            const { doEdit } = await import('/desk/plan/plan_do.js');
            const before = [...desk.plan.atomGrid].join();
            const far = desk.plan.grids.find((grid) => grid.community !== desk.plan.grids[0].community);
            const found = await doEdit({ kind: 'merge', grids: [desk.plan.grids[0].code, far.code] });
            return [found, before === [...desk.plan.atomGrid].join()];
            """,
        )
        assert told[1]
        assert told[0]["faults"][0]["code"] == "edit_crosses_community"
        assert "several communities" in told[0]["faults"][0]["detail"]
        assert waiting(page)["n"] == 3
        gate.open()
        idle(page)
        assert stored(served_desk) == shown(page)


def test_new_grids_get_their_numbers_from_the_service_also_in_what_waits(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        gate = Gate(page, "**/moves")
        codes = in_page(
            page,
            """
            const { doEdit, addLocks } = await import('/desk/plan/plan_do.js');
            const { plan } = desk;
            for (let at = 0; at < plan.grids.length; at += 1) {
                for (const atom of plan.atomsOf(at)) {
                    if (!plan.ground.members[atom]) continue;
                    const made = await doEdit({ kind: 'new', atoms: [plan.ground.ids[atom]] }, { title: 'a new one' });
                    if (!made.done) continue;
                    const code = plan.grids[plan.atomGrid[atom]].code;
                    const near = [];
                    plan.ground.touching(atom, (other) => near.push(other));
                    for (const other of near) {
                        const body = { kind: 'move', atoms: [plan.ground.ids[other]], grid: code };
                        const moved = await doEdit(body, { title: 'more of it' });
                        if (!moved.done) continue;
                        await addLocks([code]);
                        return [code, plan.ground.ids[atom], plan.ground.ids[other], desk.locks];
                    }
                    return null;
                }
            }
            """,
        )
        assert codes is not None
        code, atom, other, locks = codes
        assert code == "new 1"
        assert locks == ["new 1"]
        gate.open()
        idle(page)
        now = stored(served_desk)
        assert now == shown(page)
        assert now[atom] == now[other]
        assert now[atom].isdigit()
        assert served_desk.get(f"/v1/plans/{served_desk.plan}/locks")["locks"] == [now[atom]]
        assert in_page(page, "return desk.locks") == [now[atom]]


def test_what_was_not_sent_is_simply_dropped_by_undo_and_comes_back_by_redo(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        gate = Gate(page, "**/moves")
        edit_some(page, 4, seed=2)
        four = shown(page)
        press(page, "Control+z", 3)
        assert (waiting(page)["kinds"], waiting(page)["taken"]) == (["edit"], 3)
        press(page, "Control+z", 1)  # that one is on its way
        assert waiting(page)["kinds"] == ["edit", "undo"]
        press(page, "Control+y", 4)
        assert waiting(page)["kinds"] == ["edit"] * 4
        assert shown(page) == four
        gate.open()
        idle(page)
        assert stored(served_desk) == shown(page)
        assert len(set(four.values())) == len(set(shown(page).values()))
        assert served_desk.card()["steps"] == 4


def test_two_hundred_steps_are_kept_and_a_click_goes_to_any_of_them(browser: Browser, served_desk: ServedDesk) -> None:
    n = 210
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        first = shown(page)
        titles = edit_some(page, n, seed=7, kinds="move move move new merge")
        idle(page)
        last = shown(page)
        page.reload()
        ready(page)
        assert shown(page) == last
        page.locator("#tab-steps").click()
        assert page.locator(".steps button[data-step]").count() == n + 1
        assert page.locator(".steps [aria-current] .title").inner_text() == titles[-1]
        page.locator(".steps button[data-step='0']").click()
        idle(page)
        assert shown(page) == first == stored(served_desk)
        page.locator(".steps button[data-step='120']").click()
        idle(page)
        assert page.locator(".steps [aria-current] .title").inner_text() == titles[119]
        assert stored(served_desk) == shown(page)
        page.locator(f".steps button[data-step='{n}']").click()
        idle(page)
        assert shown(page) == last == stored(served_desk)
    steps = served_desk.get(f"/v1/plans/{served_desk.plan}/moves", limit=500)
    assert [step["title"] for step in steps["steps"]] == titles
