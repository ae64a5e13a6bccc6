"""What a planner does at the desk, for the pictures of `scripts/desk_shots`: edits that the page finds lawful."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import shapely
from playwright.sync_api import Page

from api.jobs.worker import Worker
from data.sample import make_town
from tests.plan_desk_kit import WAIT_S, ServedDesk, in_page
from tests.plan_hands_kit import a_move

BEGUN = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
HOUSEHOLDS = 6_000


def clock() -> Callable[[], datetime]:
    """The service's clock: from a fixed moment on, so that states follow each other."""
    ahead = BEGUN - datetime.now(UTC)
    return lambda: datetime.now(UTC) + ahead


@contextmanager
def at_work(desk: ServedDesk) -> Iterator[None]:
    """A worker beside the service."""
    worker = Worker(desk.store, workers=1, now=clock())
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.leave()
        thread.join(120)


def tab(page: Page, id: str) -> None:
    """Open a panel."""
    if page.evaluate("document.body.dataset.panel") != id:
        page.locator(f"#tab-{id}").click()
    page.locator(f"#panel-{id}").wait_for()
    page.wait_for_timeout(700)


def some_moves(page: Page, n: int, worst: bool = False) -> None:
    """Lawful edits by the page's own hands; ``worst``: those that leave a grid furthest out of the band."""
    in_page(
        page,
        """
        const { doEdit, flush } = await import('/desk/plan/plan_do.js');
        const [n, isWorst] = facts;
        const used = new Set();
        for (let made = 0; made < n; made += 1) {
            const { plan, ground } = desk;
            const found = [];
            for (let i = 0; i < ground.touch_a.length; i += 1) {
                for (const [a, b] of [[ground.touch_a[i], ground.touch_b[i]], [ground.touch_b[i], ground.touch_a[i]]]) {
                    const [to, from] = [plan.atomGrid[a], plan.atomGrid[b]];
                    if (to === from || to < 0 || from < 0 || !ground.households[b] || used.has(b)) continue;
                    const body = { kind: 'move', atoms: [ground.ids[b]], grid: plan.grids[to].code };
                    const homes = ground.households[b];
                    found.push({ body, left: plan.grids[from].households - homes, homes, from, to, b });
                }
            }
            const rank = isWorst ? (a, b) => a.left - b.left : (a, b) => b.homes - a.homes;
            found.sort((a, b) => rank(a, b) || (a.body.atoms[0] < b.body.atoms[0] ? -1 : 1));
            for (const one of found) {
                if (plan.grids[one.from].kind !== 'standard' || plan.grids[one.to].kind !== 'standard') continue;
                if (plan.judge(one.body).faults.length) continue;
                const codes = [one.from, one.to].map((at) => plan.grids[at].code.slice(-3));
                used.add(one.b);
                await doEdit(one.body, { title: `${codes[0]} → ${codes[1]} (${one.homes})` });
                desk.grid = one.from;
                break;
            }
        }
        await flush();
        state.tell('grid', desk.grid);
        """,
        n,
        worst,
    )
    page.wait_for_timeout(900)


def some_moves_offline(page: Page, n: int) -> None:
    for _ in range(n):
        move = a_move(page)
        in_page(
            page,
            """
            const { doEdit } = await import('/desk/plan/plan_do.js');
            const [atom, to, from] = facts;
            const code = (at) => desk.plan.grids[at].code;
            const title = `${code(from).slice(-3)} → ${code(to).slice(-3)}`;
            await doEdit({ kind: 'move', atoms: [desk.ground.ids[atom]], grid: code(to) }, { title });
            """,
            move["b"],
            move["to"],
            move["from"],
        )


def lawful_moves(page: Page, n: int) -> list[dict[str, object]]:
    """Edits that the page finds lawful, on other ground than those it made itself."""
    return in_page(
        page,
        """
        const { plan, ground } = desk;
        const made = [];
        const used = new Set();
        for (let i = ground.touch_a.length - 1; i >= 0 && made.length < facts[0]; i -= 1) {
            const [a, b] = [ground.touch_a[i], ground.touch_b[i]];
            const [to, from] = [plan.atomGrid[a], plan.atomGrid[b]];
            if (to === from || to < 0 || from < 0 || !ground.households[b] || used.has(to) || used.has(from)) continue;
            const body = { kind: 'move', atoms: [ground.ids[b]], grid: plan.grids[to].code };
            if (plan.judge(body).faults.length) continue;
            used.add(to).add(from);
            made.push({ ...body, name: `${plan.grids[from].code.slice(-3)} → ${plan.grids[to].code.slice(-3)}` });
        }
        return made;
        """,
        n,
    )


def neighbours(page: Page) -> list[str]:
    """Two communities of several grids each, side by side."""
    return in_page(
        page,
        """
        const { plan, ground } = desk;
        const isMine = (at) => plan.grids[at].kind === 'standard';
        const many = (of) => plan.gridsOf(ground.communities[of].code).filter(isMine).length > 1;
        const away = (i, j) => Math.hypot(ground.x_m[i] - ground.x_m[j], ground.y_m[i] - ground.y_m[j]);
        let best = null;
        for (const [a, one] of ground.communities.entries()) {
            for (const [b, other] of ground.communities.entries()) {
                if (a >= b || !many(a) || !many(b)) continue;
                let near = Infinity;
                for (const i of ground.atomsOfCommunity[a]) {
                    for (const j of ground.atomsOfCommunity[b]) near = Math.min(near, away(i, j));
                }
                if (!best || near < best.near) best = { near, codes: [one.code, other.code] };
            }
        }
        return best.codes;
        """,
    )


def pick_villages(page: Page, codes: list[str] | None = None) -> None:
    """Those given, else the two villages that the sample town merges."""
    tab(page, "merger")
    for code in codes or sorted(make_town(HOUSEHOLDS, seed=1).merger):
        page.locator("[data-act=find]").fill(code)
        page.locator(f"[data-code='{code}'] input").check()
    page.locator("[data-act=find]").fill("")


NOTES = {
    "zh": ["河边两排房子出行走南桥，划给002更顺。", "学校门口是否一并划入？", "此处边界改走小巷。"],
    "en": ["The two rows by the river go out by the south bridge: better with 002.", "Take the school gate in as well?",
           "Let the border follow the alley here."],
}  # fmt: skip
ANSWER = {"zh": "同意，下一稿调整。", "en": "Agreed, in the next draft."}


def pin_notes(served: ServedDesk, language: str) -> None:
    """Three notes on standard grids, one of them answered and settled."""
    path = f"{served.address}/v1/plans/{served.plan}/notes"
    grids = served.get(f"/v1/plans/{served.plan}/grids")["features"]
    standard = [one for one in grids if one["properties"]["kind"] == "standard"]
    for text, grid in zip(NOTES[language], standard):
        place = shapely.point_on_surface(shapely.geometry.shape(grid["geometry"]))
        body = {"lon": place.x, "lat": place.y, "text": text, "grid": grid["id"]}
        number = httpx.post(path, json=body, timeout=WAIT_S).raise_for_status().json()["number"]
    httpx.post(f"{path}/{number}/answers", json={"text": ANSWER[language]}, timeout=WAIT_S).raise_for_status()
    httpx.patch(f"{path}/{number}", json={"state": "settled"}, timeout=WAIT_S).raise_for_status()
