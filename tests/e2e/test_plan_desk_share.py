"""Links to a plan and its history on the planner's desk in a browser."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from data.store import open_store
from tests.account_kit import Clock
from tests.axe_kit import grave_faults
from tests.desk_kit import opened, until
from tests.plan_desk_kit import (
    DESK,
    TABLET,
    ServedDesk,
    add_people,
    browser,
    choose_password,
    desk_file,
    in_page,
    migrated_file,
    open_desk,
    ready,
    served_desk,
    served_office,
)
from tests.served import running, settings_like

__all__ = ["browser", "desk_file", "migrated_file", "served_desk", "served_office"]

ENDED = r"status of 4(04|10)"
NAMES = ("li", "wang", "zhao", "root")


def make_link(page: Page, note: str = "office") -> str:
    """A link, made in the panel; what it leads to."""
    page.locator("#tab-share").click()
    page.locator("[data-act=note]").fill(note)
    page.locator("[data-act=make]").click()
    page.locator("[data-act=link]").wait_for()
    return page.locator("[data-act=link]").input_value()


def first_move(page: Page) -> dict[str, Any]:
    """A lawful move of one piece, made on the desk under a name that a spreadsheet would take for a formula."""
    return in_page(
        page,
        """
        const { doEdit, flush } = await import('/desk/plan/plan_do.js');
        const { plan, ground } = desk;
        for (let i = 0; i < ground.touch_a.length; i += 1) {
            const [a, b] = [ground.touch_a[i], ground.touch_b[i]];
            const [from, to] = [plan.atomGrid[a], plan.atomGrid[b]];
            if (from < 0 || to < 0 || from === to) continue;
            const sizes = [plan.grids[from].households, plan.grids[to].households];
            const move = { kind: 'move', atoms: [ground.ids[a]], grid: plan.grids[to].code };
            const told = await doEdit(move, { title: '=cmd()' });
            if (!told.done) continue;
            await flush();
            const now = [plan.grids[from].households, plan.grids[to].households];
            return { codes: [plan.grids[from].code, plan.grids[to].code], before: sizes, after: now };
        }
        throw new Error('no lawful move');
        """,
    )


@pytest.fixture
def clocked_office(desk_file: tuple[Path, str], tmp_path: Path) -> Iterator[tuple[ServedDesk, Clock]]:
    """A service with accounts whose clock is moved by hand."""
    path = Path(shutil.copy2(desk_file[0], tmp_path / "desk.db"))
    store, clock = open_store(f"sqlite:///{path}"), Clock()
    try:
        given = add_people(store)
        with running(store, settings_like(now=clock)) as address:
            passwords = {name: choose_password(address, name, once) for name, once in given.items()}
            yield ServedDesk(address, desk_file[1], store, passwords), clock
    finally:
        store.close()


@pytest.mark.parametrize(("language", "size"), [("zh", DESK), ("en", TABLET)])
def test_a_link_opens_the_plan_in_a_browser_without_an_account(
    browser: Browser, served_office: ServedDesk, language: str, size: tuple[int, int]
) -> None:
    office = served_office
    with open_desk(browser, office.address, office.plan, language="en", who=(office, "li")) as page:
        link = make_link(page)
        assert link.startswith(f"{office.address}/shared/")
        page.locator("#tab-notes").click()
        page.locator("[data-act=write]").click()
        page.locator("dialog textarea").fill("<b>look</b>")
        page.locator("dialog .main").click()
        page.locator(".note:not(.waiting)").wait_for()
    with opened(browser, office.address, size) as page:
        page.goto(f"{link}?lang={language}")
        ready(page)
        until(page, "document.querySelector('#tab-notes .badge').textContent === '1'")
        assert in_page(page, "return desk.plan.grids.length;") == len(
            page.request.get(f"{office.address}/v1{link.removeprefix(office.address)}/grids").json()["features"]
        )
        page.locator("#tab-notes").click()
        page.locator(".note-head").click()
        assert "<b>look</b>" in page.locator(".note").inner_text()
        assert page.locator("[data-act=write]").is_hidden()
        assert page.locator("[data-act=settle], [data-act=answer]").count() == 0
        for one in ("note", "paint", "push", "merge", "dissolve"):
            assert page.locator(f"#tool-{one}").get_attribute("aria-disabled") == "true", one
        assert page.locator("#tab-share, #tab-history").count() == 0
        assert in_page(page, "return state.mayChange();") is False
        in_page(page, "desk.selection = new Set([0]); state.tell('selection');")
        until(
            page, "/^(Chosen: [^.]+[.]|已选：[^。]+。)$/.test(document.querySelector('#strip .strip-held').textContent)"
        )
        shown = page.evaluate("document.body.innerText")
        for name in NAMES:
            assert f" {name} " not in f" {shown} ".replace("\n", " "), name
        page.locator("#language").click()
        until(page, f"document.documentElement.lang !== '{'zh-CN' if language == 'zh' else 'en'}'")
        assert page.request.get(f"{office.address}/v1/plans/{office.plan}").status == 401
    with open_desk(browser, office.address, office.plan, language="en", who=(office, "li")) as page:
        page.locator("#tab-share").click()
        page.locator(".share-row").wait_for()
        told = page.locator(".share-row").inner_text()
        assert "office" in told
        assert "opened 1 time, " in told
        assert link.rpartition("/")[2] not in page.content()  # shown once


def test_a_link_that_is_revoked_while_it_is_open_takes_the_plan_away(
    browser: Browser, served_office: ServedDesk
) -> None:
    office = served_office
    with (
        open_desk(browser, office.address, office.plan, language="en", who=(office, "li")) as planner,
        opened(browser, office.address, DESK, may_say=ENDED) as reader,
    ):
        link = make_link(planner)
        reader.goto(f"{link}?lang=en")
        ready(reader)
        planner.locator("[data-act=done]").click()
        planner.locator(".share-row [data-act=revoke]").click()
        planner.locator("dialog .main").click()
        planner.locator(".share-row .revoked").wait_for()
        reader.evaluate("window.dispatchEvent(new Event('focus'))")
        reader.locator("h1", has_text="This link was revoked").wait_for()
        assert "autumn" not in reader.content()
        assert reader.locator("canvas").count() == 0
        reader.locator("footer a").click()
        reader.locator("h1", has_text="链接已被撤销").wait_for()


def test_an_expired_link_says_so_by_the_clock_of_the_service(
    browser: Browser, clocked_office: tuple[ServedDesk, Clock]
) -> None:
    office, clock = clocked_office
    with open_desk(browser, office.address, office.plan, language="en", who=(office, "zhao")) as page:
        page.locator("#tab-share").click()
        page.locator("[data-act=days]").select_option("1")
        page.locator("[data-act=make]").click()
        link = page.locator("[data-act=link]").input_value()
    clock.pass_by(hours=23, minutes=59)
    with opened(browser, office.address, DESK, may_say=ENDED) as page:
        page.goto(f"{link}?lang=en")
        ready(page)
        clock.pass_by(minutes=1)
        page.goto(f"{link}?lang=en")
        assert page.locator("h1").inner_text() == "This link has expired"
        page.goto(f"{link}?lang=zh")
        assert page.locator("h1").inner_text() == "链接已过期"
        assert "autumn" not in page.content()
        assert office.plan not in page.content()
        page.goto(f"{link}x?lang=zh")
        assert page.locator("h1").inner_text() == "链接无法打开"


def test_hostile_words_for_whom_a_link_is_stay_words(browser: Browser, served_desk: ServedDesk) -> None:
    hostile = "<img src=x onerror='window.__t=1'>${1}‮"
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        make_link(page, hostile)
        page.locator(".share-row").wait_for()
        assert page.locator(".share-row .name").text_content() == hostile
        page.locator("[data-act=done]").click()
        page.locator("[data-act=revoke]").click()
        assert hostile in page.locator("dialog").text_content()
        page.keyboard.press("Escape")
        page.locator("#tab-history").click()
        page.locator(".event").first.wait_for()
        # Sentences of the service hold no signs that turn the writing around.
        assert hostile[:-1] in page.locator(".event .what").first.text_content()


def test_the_history_shows_who_did_what_with_before_and_after_and_comes_as_a_table(
    browser: Browser, served_office: ServedDesk
) -> None:
    office = served_office
    with open_desk(browser, office.address, office.plan, language="en", who=(office, "wang")) as page:
        moved = first_move(page)
        make_link(page, "office")
        page.locator("#tab-history").click()
        until(page, "document.querySelectorAll('.event').length === 3")
        titles = page.locator(".event .what").all_inner_texts()
        assert titles == ["Link made: office", "=cmd()", "Plan made"]
        edit = page.locator(".event").nth(1)
        assert "wang" in edit.locator(".note-meta").inner_text()
        edit.locator("summary").click()
        edit.locator("tbody tr").first.wait_for()
        rows = [row.inner_text().split("\t") for row in edit.locator("tbody tr").all()]
        sizes = {row[1]: (int(row[2]), int(row[3])) for row in rows if row[0].startswith("grid")}
        assert sizes == dict(zip(moved["codes"], zip(moved["before"], moved["after"])))
        assert {(row[2], row[3]) for row in rows if not row[0].startswith("grid")} == {tuple(moved["codes"])}
        page.locator("[data-act=filter]").select_option("edits")
        until(page, "document.querySelectorAll('.event').length === 1")
        with page.expect_download() as download:
            page.locator("[data-act=csv]").click()
        text = Path(download.value.path()).read_text(encoding="utf-8-sig")
        table = list(csv.reader(io.StringIO(text, newline="")))
        assert {row[4] for row in table[1:]} == {"'=cmd()"}
        assert {row[2] for row in table[1:]} == {"wang"}
        assert len(table) - 1 == len(rows)
        page.locator("#language").click()
        until(page, "document.querySelector('[data-act=csv]').textContent === '下载 CSV'")


def test_everything_of_a_link_is_done_by_keys(browser: Browser, served_desk: ServedDesk) -> None:
    def tab_to(act: str) -> None:
        for _ in range(60):
            if page.evaluate("document.activeElement?.dataset?.act") == act:
                return
            page.keyboard.press("Tab")
        pytest.fail(f"{act} is not reached by keyboard")

    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.locator("#tab-share").focus()
        page.keyboard.press("Enter")
        page.locator("[data-act=make]").wait_for()
        page.locator("#panel-share").focus()
        tab_to("note")
        page.keyboard.type("by keys")
        tab_to("make")
        page.keyboard.press("Enter")
        page.locator("[data-act=link]").wait_for()
        assert page.evaluate("document.activeElement.dataset.act") == "link"
        assert page.evaluate("getSelection().toString()").startswith(served_desk.address)
        page.locator(".share-row").wait_for()
        tab_to("revoke")
        page.keyboard.press("Enter")
        page.locator("dialog").wait_for()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator(".share-row .revoked").wait_for()
        assert served_desk.get(f"/v1/plans/{served_desk.plan}/shares")["shares"][0]["state"] == "revoked"


@pytest.mark.parametrize(("size", "language"), [(DESK, "zh"), (TABLET, "en")])
def test_notes_links_and_history_have_no_grave_fault_of_access(
    browser: Browser, served_desk: ServedDesk, size: tuple[int, int], language: str
) -> None:
    def sound(page: Page, state: str) -> None:
        assert grave_faults(page) == [], state
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state

    address, plan = served_desk.address, served_desk.plan
    with open_desk(browser, address, plan, size, language) as page:
        for n in range(1, 4):
            where = {"lon": 120.5, "lat": 30.5, "text": f"note {n}"}
            page.request.post(f"{address}/v1/plans/{plan}/notes", data=where)
        page.request.post(f"{address}/v1/plans/{plan}/notes/1/answers", data={"text": "yes"})
        page.request.patch(f"{address}/v1/plans/{plan}/notes/2", data={"state": "settled"})
        page.request.delete(f"{address}/v1/plans/{plan}/notes/3")
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        page.locator("#tab-notes").click()
        page.locator(".note").nth(2).wait_for()
        page.locator(".note-head").first.click()
        sound(page, "a thread")
        page.locator("[data-act=write]").click()
        page.locator("dialog textarea").fill("13812345678")
        page.locator("dialog .main").click()
        sound(page, "a note refused")
        page.keyboard.press("Escape")
        link = make_link(page)
        page.locator(".share-row").wait_for()
        sound(page, "a link")
        first_move(page)
        page.locator("#tab-history").click()
        page.locator(".event summary").first.click()
        page.locator(".event tbody tr").first.wait_for()
        sound(page, "the history")
    with opened(browser, address, size, may_say=ENDED) as page:
        page.goto(f"{link}?lang={language}")
        ready(page)
        page.locator("#tab-notes").click()
        page.locator(".note-head").first.click()
        sound(page, "a shared plan")
        page.goto(f"{link}x?lang={language}")
        sound(page, "no such link")
