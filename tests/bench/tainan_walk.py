"""A walk through the planner's desk on Tainan: 9,156 units with real households, two villages that really were merged.

    python -m tests.bench.tainan_walk [--data FOLDER] [--store FILE] [--out FOLDER] [--lang zh|en]

Opens the plan in force in a real Chromium, makes a scenario of it, locks a town, merges two villages by the trade-off
of a re-draw, compares, submits, approves, files, puts in force, and takes the papers.  Each step leaves a picture, and
its seconds on standard output as JSON.  The plan is drawn first where the store is not there yet (a minute or two).
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from api.jobs.worker import Worker
from api.usecases.run_draw import run_draw
from data.migrations import upgrade
from data.store import Act, SqlStore, open_store
from gis.readers.territory_file import read_territory
from gis.territory import Territory
from partition.rules import Rules
from tests.api.test_http_pages_in_browser import ARGUMENTS, PROGRAMS
from tests.desk_kit import opened
from tests.plan_desk_kit import DESK, in_page, ready
from tests.served import running

ROOT = Path(__file__).resolve().parents[2]
TERRITORY = "tainan-2017.gpkg"
VILLAGES = ("67000010011", "67000010013")
"""興安里 and 興業里, one village since January 2018."""
LOCKED = "67000020"
"""A town that is to stay as it is."""
WAIT_MS = 300_000
Save = Callable[[bytes, Path], int]


def make_store(data: Path, path: Path, towns: Sequence[str] = ()) -> None:
    """Tainan of 2017, or some of its towns, and a plan of it."""
    upgrade(f"sqlite:///{path}")
    territory = read_territory(data / TERRITORY)
    if towns:
        territory = _part(territory, tuple(towns))
    drawn = run_draw(territory, Rules(), seed=1, workers=2)
    store = open_store(f"sqlite:///{path}")
    try:
        with store.write(Act("local", datetime.now(UTC))) as tx:
            card = tx.territories.save(territory, "臺南")
            tx.plans.save(drawn.filed, territory_id=card.id, name="臺南 2017")
    finally:
        store.close()


def _part(territory: Territory, towns: tuple[str, ...]) -> Territory:
    land, units = territory["communities"], territory["units"]
    kept = {
        "communities": land[land["code"].str.startswith(towns)].reset_index(drop=True),
        "units": units[units["community"].str.startswith(towns)].reset_index(drop=True),
    }
    return Territory.of(kept, meta=dict(territory.meta))


def put_in_force(store: SqlStore) -> str:
    """The plan of the store is the one in force; its id."""
    with store.read() as tx:
        id = tx.plans.cards()[-1].id
    for state in ("submitted", "approved", "filed", "in_force"):
        with store.write(Act("local", datetime.now(UTC))) as tx:
            if tx.plans.card(id).state != "in_force":
                tx.life.change_state(id, state, may_approve_own=True)
    return id


@contextmanager
def at_work(store: SqlStore) -> Iterator[None]:
    """A worker for the jobs of the desk."""
    worker = Worker(store, workers=1, now=lambda: datetime.now(UTC))
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.leave()
        thread.join(120)


class Walk:
    """The steps: each takes its time, and leaves a picture once the page is at rest."""

    def __init__(self, page: Page, out: Path, save: Save) -> None:
        self.page, self.out, self.save = page, out, save
        self.rows: list[dict[str, Any]] = []

    @contextmanager
    def step(self, name: str, *, is_pictured: bool = True) -> Iterator[None]:
        """One step."""
        began = time.perf_counter()
        yield
        row: dict[str, Any] = {"step": name, "seconds": round(time.perf_counter() - began, 2)}
        if is_pictured:
            self.page.wait_for_timeout(900)
            n = sum("picture" in one for one in self.rows) + 1
            path = self.out / f"tainan-{n:02d}-{name}.png"
            row["picture"], row["bytes"] = path.name, self.save(self.page.screenshot(), path)
        self.rows.append(row)
        print(json.dumps(row, ensure_ascii=False), flush=True)


def keep_as_it_is(picture: bytes, path: Path) -> int:
    """A picture as the browser makes it; how many bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture)
    return len(picture)


def walk_through(
    browser: Browser, store: SqlStore, out: Path, language: str, save: Save = keep_as_it_is
) -> list[dict[str, Any]]:
    """The walk on a store with a plan of Tainan; nothing may be wrong in the browser on the way."""
    plan = put_in_force(store)
    with running(store) as address, at_work(store), opened(browser, address, DESK) as page:
        page.emulate_media(reduced_motion="reduce")
        return walk(Walk(page, out, save), address, plan, language)


def walk(steps: Walk, address: str, plan: str, language: str) -> list[dict[str, Any]]:
    """All steps; what each took."""
    page = steps.page
    with steps.step("open"):
        page.goto(f"{address}/desk/plan?plan={plan}&lang={language}")
        ready(page)
        until(page, "import('/desk/plan/plan_map.js').then(({ view }) => Boolean(view.drawn) && !view.isStale)")
    with steps.step("scenario"):
        tab(page, "scenarios")
        page.locator("[data-act=branch]").click()
        page.locator("dialog input").fill("2018 里鄰調整")
        page.keyboard.press("Enter")
        page.locator("#notices .notice.good button.small").click()
        page.wait_for_url(lambda url: plan not in url)
        ready(page)
    with steps.step("lock-a-town"):
        community = look_at_town(page, LOCKED)
        page.mouse.click(*community, button="right")
        page.locator(".hand-menu [data-id=lock_town]").click()
        saved(page)
        tab(page, "locks")
    with steps.step("pick-villages"):
        tab(page, "merger")
        for code in VILLAGES:
            page.locator("[data-act=find]").fill(code)
            page.locator(f"[data-code='{code}'] input").check()
        page.locator(".verdict").first.wait_for()
        page.locator("[data-act=find]").fill("")
        in_page(
            page,
            """const { zoomToVillages } = await import('/desk/plan/plan_merge_map.js');
            zoomToVillages(facts[0]);""",
            list(VILLAGES),
        )
    with steps.step("weigh"):
        for _ in range(2):
            page.locator("[data-act=next]:enabled").click()
        page.locator("[data-act=weigh]").click()
        page.locator(".merge-chart").wait_for(timeout=WAIT_MS)
    with steps.step("choose"):
        scenario = page.url
        page.locator("[data-act=next]:enabled").click()
        page.locator("[data-act=draft-name]").fill("興安、興業合併")
        page.locator("[data-act=draft]").click()
        page.wait_for_url(lambda url: url != scenario)
        ready(page)
    draft = str(page.evaluate("new URLSearchParams(location.search).get('plan')"))
    with steps.step("compare"):
        page.goto(f"{address}/desk/plan?plan={draft}&with={plan}&lang={language}")
        until(page, "document.querySelector('dialog.compare')?.dataset.state === 'ready'")
    with steps.step("difference"):
        page.locator("#compare-tab-changes").click()
        page.locator("[data-way=difference]").click()
        page.locator(".changes button").first.click()
    page.keyboard.press("Escape")
    tab(page, "status")
    with steps.step("submit"):
        take_step(page, "submitted")
    with steps.step("approve", is_pictured=False):
        take_step(page, "approved")
    with steps.step("file", is_pictured=False):
        take_step(page, "filed")
    with steps.step("in-force"):
        take_step(page, "in_force")
    with steps.step("papers"):
        page.locator("[data-act=papers-all]").click()
        page.locator("[data-act=paper-zip]").wait_for(timeout=4 * WAIT_MS)
        page.locator("[data-act=paper-zip]").scroll_into_view_if_needed()
    with page.expect_download() as got:
        page.locator("[data-act=paper-zip]").click()
    print(json.dumps({"papers": got.value.suggested_filename, "bytes": got.value.path().stat().st_size}), flush=True)
    return steps.rows


def tab(page: Page, id: str) -> None:
    """Open a panel."""
    if page.evaluate("document.body.dataset.panel") != id:
        page.locator(f"#tab-{id}").click()
    page.locator(f"#panel-{id}").wait_for()


def until(page: Page, truth: str) -> None:
    """Wait for something of the page to come true."""
    for _ in range(WAIT_MS // 50):
        if page.evaluate(truth):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {truth}")


def saved(page: Page) -> None:
    """Everything is at the service."""
    in_page(page, "await (await import('/desk/plan/plan_do.js')).flush();")


def take_step(page: Page, state: str) -> None:
    """A step of the plan's life, by its button and the question that follows."""
    page.locator(f"[data-act={state}]").click()
    page.locator("dialog .main").click()
    page.locator(f"#plan-state.{state}").wait_for(timeout=WAIT_MS)


def look_at_town(page: Page, town: str) -> tuple[float, float]:
    """Bring a town into sight; where one of its pieces stands on the screen."""
    x, y = in_page(
        page,
        """
        const { map, atomAt, zoomToAtoms } = await import('/desk/plan/plan_map.js');
        const { ground } = desk;
        const isOurs = (atom) => ground.communities[ground.community[atom]].code.startsWith(facts[0]);
        const atoms = [...Array(ground.n).keys()].filter(isOurs);
        zoomToAtoms(atoms);
        await new Promise((go) => setTimeout(go, 800));
        const box = map.canvas.getBoundingClientRect();
        for (const atom of atoms) {
            const place = [ground.x_m[atom], ground.y_m[atom]];
            const [x, y] = map.toPixels(place);
            const [px, py] = [x + box.left, y + box.top];
            if (atomAt(place) === atom && document.elementFromPoint(px, py) === map.canvas) return [px, py];
        }
        throw new Error("no piece of the town is in sight");
        """,
        town,
    )
    return x, y


def main(save: Save = keep_as_it_is, out: Path = Path("tainan-walk")) -> None:
    """Make the store where it is missing, and walk; ``save`` keeps a picture, in ``out`` unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "tainan")
    parser.add_argument("--store", type=Path, help="where the drawn plan is kept between walks")
    parser.add_argument("--out", type=Path, default=out)
    parser.add_argument("--lang", choices=("zh", "en"), default="zh")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tainan-walk-") as folder:
        kept = asked.store or Path(folder) / "kept.db"
        if not kept.exists():
            began = time.perf_counter()
            make_store(asked.data, kept)
            print(json.dumps({"step": "draw", "seconds": round(time.perf_counter() - began, 2)}), flush=True)
        path = Path(shutil.copy2(kept, Path(folder) / "walk.db"))
        upgrade(f"sqlite:///{path}")
        store = open_store(f"sqlite:///{path}")
        try:
            with sync_playwright() as play:
                program = next(found for name in PROGRAMS if (found := shutil.which(name)))
                browser = play.chromium.launch(executable_path=program, args=ARGUMENTS)
                try:
                    walk_through(browser, store, asked.out, asked.lang, save)
                finally:
                    browser.close()
        finally:
            store.close()


if __name__ == "__main__":
    main()
