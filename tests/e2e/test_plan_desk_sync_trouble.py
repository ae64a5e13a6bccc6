"""What goes wrong while somebody works at the planner's desk is said plainly, and nothing that was done is lost."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from data.store import open_store
from tests.desk_kit import opened, until
from tests.plan_desk_kit import (
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
from tests.plan_sync_kit import (
    GONE,
    REFUSED,
    Gate,
    edit_some,
    held,
    idle,
    kept,
    line_says,
    press,
    shown,
    stored,
    waiting,
)
from tests.running import Running, free_port, running_service
from tests.served import running

__all__ = ["browser", "desk_file", "migrated_file", "served_desk", "served_office"]


def test_twenty_edits_without_a_line_go_out_when_it_is_back(browser: Browser, served_desk: ServedDesk) -> None:
    address, plan = served_desk.address, served_desk.plan
    with open_desk(browser, address, plan, language="en", may_say=f"{GONE}|{REFUSED}") as page:
        page.context.set_offline(True)
        edit_some(page, 20, seed=3)
        held(page, "gone")
        line_says(page, "Changes waiting for the line: 20")
        told = page.locator(".notice", has_text="Changes waiting")
        told.wait_for()
        assert "No connection" in told.inner_text()
        assert "keeps them, also over a reload" in told.inner_text()
        # Undo, redo, looking around: all of it works on.
        press(page, "Control+z", 3)
        press(page, "Control+y", 2)
        until(page, "document.getElementById('saved').textContent.includes('19')")
        here = shown(page)
        assert stored(served_desk) != here
        page.context.set_offline(False)
        idle(page)
        assert stored(served_desk) == shown(page)
        assert served_desk.card()["steps"] == 19
        assert told.count() == 0
        line_says(page, "Saved")


def test_a_reload_in_the_middle_of_work_takes_it_up_again(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en", may_say=GONE) as page:
        Gate(page, "**/moves")
        edit_some(page, 6, seed=8)
        press(page, "Control+z")
        here = shown(page)
        assert waiting(page)["n"] == 5
        kept(page, 5)
        page.unroute_all()
        page.reload()
        ready(page)
        page.locator(".notice", has_text="5 changes that were not sent").wait_for()
        idle(page)
        assert same_groups(shown(page), here)
        assert stored(served_desk) == shown(page)
        assert served_desk.card()["steps"] == 5
        # What was taken back before it was sent can still be made again.
        assert waiting(page)["taken"] == 1
        press(page, "Control+y")
        idle(page)
        assert served_desk.card()["steps"] == 6
        assert stored(served_desk) == shown(page)


def test_an_answer_that_is_lost_makes_nothing_twice(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en", may_say=GONE) as page:
        lost: list[int] = []

        def lose(route: object) -> None:
            if len(lost) < 3:  # the service does it, and nobody hears of it
                lost.append(route.fetch().status)
                route.abort("connectionreset")
            else:
                route.continue_()

        page.route("**/moves", lose)
        edit_some(page, 3, seed=5)
        held(page, "gone")
        # The page is closed and opened: it asks again with the same key, and hears the same answer.
        page.reload()
        ready(page)
        idle(page)
        assert set(lost) == {201}
        assert served_desk.card()["steps"] == 3
        assert stored(served_desk) == shown(page)


def test_a_window_that_is_closed_for_good_leaves_its_work_to_the_next_one(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with opened(browser, served_desk.address, (1280, 800), may_say=GONE) as page:
        context, address = page.context, f"{served_desk.address}/desk/plan?lang=en&plan={served_desk.plan}"
        other = context.new_page()
        other.goto(address)
        ready(other)
        Gate(other, "**/moves")
        edit_some(other, 4, seed=6)
        here = shown(other)
        assert stored(served_desk) != here
        # A second window of the same browser leaves alone what a living one has in hand.
        page.goto(address)
        ready(page)
        idle(page)
        assert waiting(page)["n"] == 0
        assert served_desk.card()["steps"] == 0
        other.close()
        page.reload()
        ready(page)
        idle(page)
        assert served_desk.card()["steps"] == 4
        assert same_groups(stored(served_desk), here)


@contextmanager
def service_on(path: Path, port: int, folder: Path) -> Iterator[Running]:
    with running_service(f"sqlite:///{path}", folder, port=port) as service:
        yield service


def test_a_service_that_is_killed_and_started_again_gets_what_waits(
    browser: Browser, desk_file: tuple[Path, str], tmp_path: Path
) -> None:
    path, port = tmp_path / "desk.db", free_port()
    path.write_bytes(desk_file[0].read_bytes())
    address = f"http://127.0.0.1:{port}"
    with opened(browser, address, (1280, 800), may_say=f"{GONE}|{REFUSED}") as page:
        with service_on(path, port, tmp_path) as service:
            page.goto(f"{address}/desk/plan?lang=en&plan={desk_file[1]}")
            ready(page)
            edit_some(page, 3, seed=1)
            idle(page)
            service.kill()
            edit_some(page, 12, seed=2)
            press(page, "Control+z", 2)
            held(page, "gone")
            line_says(page, "waiting for the line: 10")
        with service_on(path, port, tmp_path):
            try_now(page)
            idle(page)
            store = open_store(f"sqlite:///{path}")
            served = ServedDesk(address, desk_file[1], store)
            assert stored(served) == shown(page)
            assert [step["title"].split()[0] for step in served.get(f"/v1/plans/{desk_file[1]}/moves")["steps"]] == [
                *(f"1-{n}" for n in (1, 2, 3)),
                *(f"2-{n}" for n in range(1, 11)),
            ]
            # The steps are there after the restart, and go back to the beginning.
            page.reload()
            ready(page)
            idle(page)
            press(page, "Control+z", 13)
            idle(page)
            assert served.card()["steps"] == 0
            store.close()


def test_a_lost_session_keeps_what_waits_and_goes_on_after_signing_in(
    browser: Browser, served_office: ServedDesk
) -> None:
    address, plan = served_office.address, served_office.plan
    with open_desk(browser, address, plan, language="en", may_say=REFUSED, who=(served_office, "wang")) as page:
        edit_some(page, 1, seed=1)
        idle(page)
        page.context.clear_cookies()
        edit_some(page, 3, seed=2)
        held(page, "session")
        told = page.locator(".notice.bad", has_text="signed out")
        told.wait_for()
        line_says(page, "Changes waiting: 3")
        # Somebody else signs in here: nothing goes out in a wrong name.
        sign_in(page, served_office, "li")
        told.locator("button", has_text="I have signed in").click()
        held(page, "other")
        other = page.locator(".notice.bad", has_text="made by wang")
        other.wait_for()
        sign_in(page, served_office, "wang")
        other.locator("button", has_text="Try now").click()
        idle(page)
        with served_office.store.read() as tx:
            assert [step.who for step in tx.life.edits.steps(plan)] == ["wang"] * 4


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a disk of its own cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # a check beside the work may still be reading


def test_a_full_disk_is_said_and_the_work_goes_out_when_there_is_room(
    browser: Browser, desk_file: tuple[Path, str], small_disk: Path
) -> None:
    path = small_disk / "desk.db"
    path.write_bytes(desk_file[0].read_bytes())
    store = open_store(f"sqlite:///{path}")
    with running(store) as address, open_desk(browser, address, desk_file[1], language="en", may_say=REFUSED) as page:
        served = ServedDesk(address, desk_file[1], store)
        edit_some(page, 1, seed=1)
        idle(page)
        fill(small_disk / "full")
        edit_some(page, 12, seed=2)
        held(page, "full")
        told = page.locator(".notice.bad", has_text="no room left")
        told.wait_for()
        assert "Tell whoever runs it" in told.inner_text()
        n = waiting(page)["n"]
        assert f"Changes waiting: {n}" in told.inner_text()
        assert served.card()["steps"] == 13 - n
        (small_disk / "full").unlink()
        try_now(page)
        idle(page)
        assert served.card()["steps"] == 13
        assert stored(served) == shown(page)
    store.close()


def fill(path: Path) -> None:
    """A file that takes all the room there is."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_browser_that_can_keep_nothing_says_so_and_asks_before_it_is_left(
    browser: Browser, served_desk: ServedDesk
) -> None:
    asked: list[str] = []
    with opened(browser, served_desk.address, (1280, 800), may_say=f"{GONE}|^$") as page:
        page.on("dialog", lambda dialog: asked.append(dialog.type))
        page.goto(f"{served_desk.address}/desk/plan?lang=en&plan={served_desk.plan}")
        ready(page)
        in_page(
            page,
            """
            const put = IDBObjectStore.prototype.put;
            IDBObjectStore.prototype.put = function () { throw new DOMException('full', 'QuotaExceededError'); };
            window.makeRoom = () => { IDBObjectStore.prototype.put = put; };
            """,
        )
        gate = Gate(page, "**/moves")
        page.locator("#map").click()  # a page that nobody has touched is left without a question
        edit_some(page, 2, seed=1)
        page.locator(".notice.bad", has_text="do not close this page").wait_for()
        page.evaluate("window.makeRoom()")
        gate.open()
        idle(page)
        assert page.locator(".notice.bad", has_text="do not close this page").count() == 0
        page.reload()
        ready(page)
        assert asked == []
        assert served_desk.card()["steps"] == 2


def test_an_edit_that_only_the_service_refuses_is_taken_back_and_the_rest_goes_on(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en", may_say=REFUSED) as page:
        before = shown(page)
        # The page's own judge is made to overlook that a grid would be emptied.
        done = in_page(
            page,
            """
            const { doEdit } = await import('/desk/plan/plan_do.js');
            const { plan } = desk;
            const judge = plan.judge.bind(plan);
            plan.judge = (body, locks) => ({ ...judge(body, locks), faults: [] });
            const at = plan.grids.findIndex((grid, i) => plan.gridsOf(grid.community).length > 1);
            const other = plan.gridsOf(plan.grids[at].community).find((one) => one !== at);
            const atoms = [...plan.atomsOf(at)].map((atom) => plan.ground.ids[atom]);
            const body = { kind: 'move', atoms, grid: plan.grids[other].code };
            const found = await doEdit(body, { title: 'everything away' });
            plan.judge = judge;
            return found;
            """,
        )
        assert done == {"done": True}
        bad = page.locator(".notice.bad", has_text="everything away")
        bad.wait_for()
        assert "could not be made" in bad.inner_text()
        idle(page)
        assert shown(page) == before == stored(served_desk)
        edit_some(page, 2, seed=3)
        idle(page)
        assert stored(served_desk) == shown(page)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_trouble_is_told_in_words_of_both_languages(
    browser: Browser, served_desk: ServedDesk, language: str
) -> None:
    with open_desk(
        browser, served_desk.address, served_desk.plan, language=language, may_say=f"{GONE}|{REFUSED}"
    ) as page:
        shut = Gate(page, "**/moves")
        edit_some(page, 2, seed=1)
        for kind in ("gone", "session", "full", "busy", "refused", "other"):
            text_ = in_page(
                page,
                """
                const { hold } = await import('/desk/plan/plan_sync.js');
                hold(facts[0], { message: 'X' });
                await new Promise((go) => setTimeout(go, 60));
                const found = document.querySelector('.notice[data-id=line] p').textContent;
                hold(null);
                return found;
                """,
                kind,
            )
            assert "{" not in text_
            assert "sync_" not in text_
            assert ("待提交改动：2" if language == "zh" else "Changes waiting: 2") in text_
        shut.open()
        idle(page)


def try_now(page: Page) -> None:
    """Press the button, unless the page has tried by itself already."""
    page.evaluate("document.querySelector('.notice[data-id=line] button')?.click()")


def same_groups(one: dict[str, str], two: dict[str, str]) -> bool:
    """Whether the same pieces lie together, whatever the grids are called."""

    def of(where: dict[str, str]) -> set[frozenset[str]]:
        found: dict[str, set[str]] = {}
        for piece, code in where.items():
            found.setdefault(code, set()).add(piece)
        return {frozenset(pieces) for pieces in found.values()}

    return of(one) == of(two)
