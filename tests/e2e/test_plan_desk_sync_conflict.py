"""Two planners on one plan: theirs, mine, or both; and what others do comes in by itself while nothing waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.plan_desk_kit import (
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
)
from tests.plan_sync_kit import REFUSED, Gate, content, edit_some, held, idle, line_says, press, shown, stored, waiting
from tests.stores import act

__all__ = ["browser", "desk_file", "migrated_file", "served_desk", "served_office"]
CATCH_UP = "async () => { const { catchUp } = await import('/desk/plan/plan_sync.js'); await catchUp(); }"


@contextmanager
def signed_in(served: ServedDesk, name: str) -> Iterator[httpx.Client]:
    """The service as an account sees it."""
    with httpx.Client(base_url=served.address, timeout=WAIT_S) as client:
        assert client.post("/v1/session", json={"name": name, "password": served.passwords[name]}).status_code == 201
        yield client


def two_at_once(li: Page, wang: Page, *, apart: tuple[str, str] = ("", "")) -> None:
    """Li makes three changes that arrive; Wang makes two without knowing of them."""
    gate = Gate(wang, "**/moves")
    edit_some(wang, 2, seed=21, kinds="move", apart=apart[1])
    edit_some(li, 3, seed=11, kinds="move", apart=apart[0])
    idle(li)
    gate.open()
    held(wang, "conflict")
    wang.locator("dialog.conflict").wait_for()


@pytest.fixture
def pages(browser: Browser, served_office: ServedDesk) -> Iterator[tuple[Page, Page]]:
    def of(name: str) -> object:
        plan, address = served_office.plan, served_office.address
        return open_desk(browser, address, plan, language="en", may_say=REFUSED, who=(served_office, name))

    with of("li") as li, of("wang") as wang:
        yield li, wang


def test_a_conflict_is_told_with_who_did_what_and_shown_on_the_map(
    pages: tuple[Page, Page], served_office: ServedDesk
) -> None:
    li, wang = pages
    two_at_once(li, wang)
    box = wang.locator("dialog.conflict")
    assert "li changed this plan" in box.inner_text()
    assert box.locator(".conflict-list.theirs li").count() == 3
    assert box.locator(".conflict-list.theirs li strong").all_inner_texts() == [f"11-{n} move" for n in (1, 2, 3)]
    assert box.locator(".conflict-list.mine li").count() == 2
    line_says(wang, "changes waiting: 2")
    # Later is an answer too: nothing is lost, and the question can be asked again.
    wang.keyboard.press("Escape")
    box.wait_for(state="detached")
    assert waiting(wang)["n"] == 2
    wang.locator(".notice button", has_text="Choose").click()
    box.wait_for()
    with wang.expect_download() as given:
        box.locator("button", has_text="Download").click()
    assert "21-2 move" in Path(given.value.path()).read_text()


def test_theirs_drops_mine_and_says_so_and_gives_it_back(pages: tuple[Page, Page], served_office: ServedDesk) -> None:
    li, wang = pages
    two_at_once(li, wang)
    wang.locator("dialog.conflict [data-way=theirs]").click()
    wang.locator(".notice", has_text="2 changes were dropped").wait_for()
    with signed_in(served_office, "li") as http:
        assert shown(wang) == shown(li) == stored(served_office, http=http)
        assert http.get(f"/v1/plans/{served_office.plan}").json()["steps"] == 3
        wang.locator(".notice button", has_text="Have them back").click()
        idle(wang)
        now = stored(served_office, http=http)
        assert now == shown(wang)
        steps = http.get(f"/v1/plans/{served_office.plan}/moves").json()["steps"]
    lost = wang.locator(".notice.bad").count()
    assert len(steps) + lost >= 4
    assert [step["who"] for step in steps][:3] == ["li"] * 3


def test_mine_goes_on_top_of_theirs_where_nobody_touched_the_same_grids(
    pages: tuple[Page, Page], served_office: ServedDesk
) -> None:
    li, wang = pages
    home = in_page(li, "return desk.plan.ground.communities[0].code")
    two_at_once(li, wang, apart=(home, others_of(li, in_page(li, "return desk.plan.grids[0].code"))))
    assert "Nobody touched the grids" in wang.locator("dialog.conflict [data-way=mine]").inner_text()
    merged: list[str] = []
    wang.on("request", lambda request: merged.append(request.headers.get("x-merge", "")))
    wang.locator("dialog.conflict [data-way=mine]").click()
    idle(wang)
    assert "disjoint" in merged
    with signed_in(served_office, "li") as http:
        assert stored(served_office, http=http) == shown(wang)
        steps = http.get(f"/v1/plans/{served_office.plan}/moves").json()["steps"]
    assert [(step["who"], step["title"]) for step in steps] == [
        *(("li", f"11-{n} move") for n in (1, 2, 3)),
        *(("wang", f"21-{n} move") for n in (1, 2)),
    ]
    # Li hears of it without a reload.
    li.evaluate(CATCH_UP)
    li.locator(".notice", has_text="wang made 2 changes").wait_for()
    assert shown(li) == shown(wang)


def test_mine_is_judged_again_and_told_where_it_can_not_be_made_any_more(
    pages: tuple[Page, Page], served_office: ServedDesk
) -> None:
    li, wang = pages
    gate = Gate(wang, "**/moves")
    merge = """
        const { doEdit } = await import('/desk/plan/plan_do.js');
        const { plan } = desk;
        const [which] = facts;
        for (const grid of plan.grids) {
            for (const other of plan.grids) {
                if (grid === other || grid.is_gone || other.is_gone || grid.community !== other.community) continue;
                const body = { kind: 'merge', grids: [grid.code, other.code], grid: which ? grid.code : other.code };
                const done = await doEdit(body, { title: 'merged' });
                if (done.done) return [grid.code, other.code];
            }
        }
    """
    pair = in_page(wang, merge, 1)
    edit_some(wang, 1, seed=5, kinds="move", apart=others_of(wang, pair[0]))
    assert in_page(li, merge, 0) == pair
    idle(li)
    gate.open()
    wang.locator("dialog.conflict").wait_for()
    wang.locator("dialog.conflict [data-way=mine]").click()
    idle(wang)
    bad = wang.locator(".notice.bad")
    bad.wait_for()
    assert "could not be made" in bad.inner_text()
    assert "merged" in bad.inner_text()
    with signed_in(served_office, "li") as http:
        assert stored(served_office, http=http) == shown(wang)
        steps = http.get(f"/v1/plans/{served_office.plan}/moves").json()["steps"]
    assert [(step["who"], step["title"]) for step in steps] == [("li", "merged"), ("wang", "5-1 move")]


def test_a_fork_holds_exactly_what_i_saw_and_the_plan_what_they_did(
    pages: tuple[Page, Page], served_office: ServedDesk, tmp_path: Path
) -> None:
    li, wang = pages
    edit_some(wang, 4, seed=31, kinds="move new merge")
    idle(wang)
    li.reload()
    ready(li)
    shut = Gate(wang, "**/undo")
    press(wang, "Control+z", 2)
    edit_some(wang, 3, seed=32, kinds="move new")
    mine = shown(wang)
    edit_some(li, 3, seed=11, kinds="move")
    idle(li)
    theirs = content(served_office.store, served_office.plan, tmp_path)
    shut.open()
    wang.locator("dialog.conflict [data-way=fork]").click()
    wang.locator("dialog input").fill("Wang's own")
    wang.keyboard.press("Enter")
    wang.wait_for_url(lambda url: served_office.plan not in url)
    ready(wang)
    idle(wang)
    child = in_page(wang, "return desk.id")
    own = shown(wang)
    assert groups(own) == groups(mine)
    with signed_in(served_office, "li") as http:
        card = http.get(f"/v1/plans/{child}").json()
        assert stored(served_office, child, http=http) == own
    assert (card["name"], card["parent"], card["steps"]) == ("Wang's own", served_office.plan, 3)
    assert content(served_office.store, served_office.plan, tmp_path) == theirs
    # Nothing is left behind for the plan itself.
    wang.goto(f"{served_office.address}/desk/plan?lang=en&plan={served_office.plan}")
    ready(wang)
    idle(wang)
    assert shown(wang) == shown(li)


def others_of(page: Page, code: str) -> str:
    """Codes of the communities that a grid does not lie in."""
    return in_page(
        page,
        """
        const home = desk.plan.grids[desk.plan.gridAt.get(facts[0])].community;
        return desk.plan.ground.communities.map((one) => one.code).filter((one) => one !== home).join(' ');
        """,
        code,
    )


def groups(where: dict[str, str]) -> set[frozenset[str]]:
    """Which pieces lie together, whatever the grids are called."""
    found: dict[str, set[str]] = {}
    for piece, code in where.items():
        found.setdefault(code, set()).add(piece)
    return {frozenset(pieces) for pieces in found.values()}


def test_a_plan_that_somebody_submitted_meanwhile_asks_what_becomes_of_mine(
    pages: tuple[Page, Page], served_office: ServedDesk
) -> None:
    _, wang = pages
    gate = Gate(wang, "**/moves")
    edit_some(wang, 2, seed=21, kinds="move")
    mine = shown(wang)
    with served_office.store.write(act("li")) as tx:
        tx.life.change_state(served_office.plan, "submitted")
    gate.open()
    wang.locator("dialog.conflict").wait_for()
    assert "can not be edited any more" in wang.locator("dialog.conflict").inner_text()
    wang.locator("dialog.conflict [data-way=fork]").click()
    wang.locator("dialog input").wait_for()
    wang.keyboard.press("Enter")
    wang.wait_for_url(lambda url: served_office.plan not in url)
    ready(wang)
    idle(wang)
    assert groups(shown(wang)) == groups(mine)


def test_a_step_of_somebody_else_is_taken_back_only_on_purpose(
    pages: tuple[Page, Page], served_office: ServedDesk
) -> None:
    li, wang = pages
    edit_some(li, 1, seed=11, kinds="move")
    idle(li)
    wang.evaluate(CATCH_UP)
    wang.locator(".notice", has_text="li: 11-1 move").wait_for()
    press(wang, "Control+z")
    wang.locator("dialog", has_text="somebody else").wait_for()
    wang.keyboard.press("Escape")
    assert waiting(wang)["n"] == 0
    assert shown(wang) == shown(li)
    press(wang, "Control+z")
    wang.locator("dialog button.main").click()
    idle(wang)
    assert shown(wang) != shown(li)
    li.evaluate(CATCH_UP)
    assert shown(wang) == shown(li)


def test_two_windows_of_one_planner_are_told_apart(browser: Browser, served_desk: ServedDesk) -> None:
    address, plan = served_desk.address, served_desk.plan
    with (
        open_desk(browser, address, plan, language="en", may_say=REFUSED) as one,
        open_desk(browser, address, plan, language="zh", may_say=REFUSED) as two,
    ):
        gate = Gate(two, "**/moves")
        edit_some(two, 2, seed=21, kinds="move")
        edit_some(one, 1, seed=11, kinds="move")
        idle(one)
        gate.open()
        two.locator("dialog.conflict").wait_for()
        assert "另一窗口" in two.locator("dialog.conflict").inner_text()
