"""For tests of doing and undoing at the planner's desk: edits found by the page's own model, and what the store has."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
from playwright.sync_api import Page, Route

from data.files.plan_file import write_plan
from data.store import SqlStore
from tests.desk_kit import WAIT_MS, until
from tests.plan_desk_kit import WAIT_S, ServedDesk, in_page

GONE = (
    r"net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|FAILED|INTERNET_DISCONNECTED|SOCKET_NOT_CONNECTED)"
)
REFUSED = r"status of (401|403|404|409|412|422|500|503|507)"
IDLE = """async () => {
    const { line } = await import('/desk/plan/plan_queue.js');
    const { sync, whenReady } = await import('/desk/plan/plan_sync.js');
    await whenReady();
    return !line.entries.length && !sync.held;
}"""


def idle(page: Page) -> None:
    """Wait until everything was sent."""
    for _ in range(WAIT_MS // 50):
        if page.evaluate(IDLE):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never sent: {waiting(page)}")


def kept(page: Page, n: int) -> None:
    """Wait until so many changes that were not sent are on the disk of the browser."""
    for _ in range(WAIT_MS // 50):
        found = page.evaluate(
            """() => new Promise((go, fail) => {
                const asked = indexedDB.open('gridwright');
                asked.onerror = () => fail(asked.error);
                asked.onsuccess = () => {
                    const all = asked.result.transaction('waiting').objectStore('waiting').getAll();
                    all.onsuccess = () => { asked.result.close(); go(all.result.map((one) => one.entries.length)); };
                    all.onerror = () => fail(all.error);
                };
            })"""
        )
        if found == [n]:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never {n} on the disk: {found}")


def waiting(page: Page) -> dict[str, Any]:
    """What waits, and why."""
    return page.evaluate(
        """async () => {
            const { line } = await import('/desk/plan/plan_queue.js');
            const { sync, whenReady } = await import('/desk/plan/plan_sync.js');
            await whenReady();
            return { n: line.entries.length, kinds: line.entries.map((one) => one.kind), taken: line.taken.length,
                     held: sync.held && [sync.held.kind, sync.held.text], known: line.known };
        }"""
    )


def held(page: Page, kind: str) -> None:
    """Wait until sending stops for a reason."""
    for _ in range(WAIT_MS // 50):
        found = waiting(page)["held"]
        if found and found[0] == kind:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never held by {kind}: {waiting(page)}")


def edit_some(page: Page, n: int, seed: int = 1, *, kinds: str = "move new merge split", apart: str = "") -> list[str]:
    """So many edits that the model takes, one after the other, found by a walk of its own; what they are called.

    Parameters
    ----------
    kinds
        Which kinds of edits.
    apart
        Only pieces of communities whose code ends in one of these (blanks between).
    """
    return in_page(
        page,
        """
        const [n, seed, kinds, apart] = facts;
        const { doEdit } = await import('/desk/plan/plan_do.js');
        let drawn = seed * 2654435761 % 4294967296;
        const chance = (most) => {
            drawn = (drawn * 1664525 + 1013904223) % 4294967296;
            return Math.floor(drawn / 4294967296 * most);
        };
        const { plan } = desk;
        const { ground } = plan;
        const ends = apart.split(' ').filter(Boolean);
        const titles = [];
        for (let tries = 0; titles.length < n && tries < 20000; tries += 1) {
            const atom = chance(ground.n);
            const home = ground.communities[ground.community[atom]].code;
            if (ends.length && !ends.some((end) => home.endsWith(end))) continue;
            const near = [];
            ground.touching(atom, (other) => {
                if (ground.community[other] === ground.community[atom]) near.push(other);
            });
            if (!near.length || !ground.members[atom]) continue;
            const other = near[chance(near.length)];
            const [one, two] = [plan.grids[plan.atomGrid[atom]].code, plan.grids[plan.atomGrid[other]].code];
            const kind = kinds.split(' ')[chance(kinds.split(' ').length)];
            let body = { kind: 'move', atoms: [ground.ids[atom]], grid: two };
            if (kind === 'new') body = { kind: 'new', atoms: [ground.ids[atom]] };
            if (kind === 'merge') body = { kind: 'merge', grids: [one, two] };
            if (kind === 'split') {
                const mine = [...plan.atomsOf(plan.atomGrid[atom])].sort((a, b) => ground.x_m[a] - ground.x_m[b]);
                const cut = Math.ceil(mine.length / 2);
                const halves = [mine.slice(0, cut), mine.slice(cut)];
                const parts = halves.map((half) => ({ atoms: half.map((a) => ground.ids[a]) }));
                body = { kind: 'split', grid: one, parts };
            }
            if (kind !== 'new' && kind !== 'split' && one === two) continue;
            const title = `${seed}-${titles.length + 1} ${kind}`;
            const found = await doEdit(body, { title });
            if (found.done) titles.push(title);
        }
        if (titles.length < n) throw new Error(`only ${titles.length} of ${n} edits found`);
        return titles;
        """,
        n,
        seed,
        kinds,
        apart,
    )


def shown(page: Page) -> dict[str, str]:
    """Piece of ground to code of its grid, as the page has it."""
    return in_page(
        page,
        """
        const { whenReady } = await import('/desk/plan/plan_sync.js');
        await whenReady();
        const { plan } = desk;
        const codeOf = (at) => (at < 0 ? '' : plan.grids[at].code);
        return Object.fromEntries(plan.ground.ids.map((id, at) => [id, codeOf(plan.atomGrid[at])]));
        """,
    )


def stored(served: ServedDesk, plan: str = "", http: httpx.Client | None = None) -> dict[str, str]:
    """The same, as the service has it."""
    path = f"/v1/plans/{plan or served.plan}/sheet"
    sheet = http.get(path).json() if http else served.get(path)
    codes = [grid["code"] for grid in sheet["grids"]] + [""]
    return dict(zip(atom_ids(served, plan, http), (codes[at] for at in sheet["atom_grid"])))


def atom_ids(served: ServedDesk, plan: str = "", http: httpx.Client | None = None) -> list[str]:
    """Ids of all pieces of ground in their order."""
    from api.usecases.packed import MAGIC

    path = f"/v1/plans/{plan or served.plan}/ground"
    body = (http.get(path) if http else httpx.get(f"{served.address}{path}", timeout=WAIT_S)).content
    assert body[:4] == MAGIC
    import orjson

    return orjson.loads(body[8 : 8 + int.from_bytes(body[4:8], "little")])["atoms"]


def content(store: SqlStore, plan: str, folder: Any) -> dict[str, str]:
    """Digests of the file that a plan is exported as, table by table."""
    import pyogrio

    with store.read() as tx:
        filed = tx.plans.load(plan)
    path = folder / f"{hashlib.sha256(repr(folder).encode()).hexdigest()[:6]}-{plan}.gpkg"
    path.unlink(missing_ok=True)
    write_plan(filed, path)
    told = {}
    for layer, _ in pyogrio.list_layers(path):
        frame = pyogrio.read_dataframe(path, layer=layer)
        shapes = frame.geometry.to_wkb().tolist() if "geometry" in frame else []
        rest = frame.drop(columns="geometry") if "geometry" in frame else frame
        text = rest.to_json(orient="records")
        told[layer] = hashlib.sha256(text.encode() + b"".join(shapes)).hexdigest()
    return told


def geojson(served: ServedDesk, plan: str = "") -> bytes:
    """The plan's grids as the service gives them, byte by byte."""
    answer = httpx.get(f"{served.address}/v1/plans/{plan or served.plan}/grids", timeout=WAIT_S)
    assert answer.status_code == 200, answer.text
    return answer.content


class Gate:
    """Requests to some addresses wait here until it is opened."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._held: list[Route] = []
        self._is_open = False
        page.route(pattern, self._come)

    def _come(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self._held.append(route)

    def open(self) -> None:
        """Let all go, now and from now on."""
        self._is_open = True
        for route in self._held:
            route.continue_()


def press(page: Page, keys: str, times: int = 1) -> None:
    """A key for the whole page, the focus being on the map."""
    page.locator("#map").focus()
    for _ in range(times):
        page.keyboard.press(keys)
        page.wait_for_timeout(5)


def line_says(page: Page, text: str) -> None:
    """Wait for words in the line at the top."""
    until(page, f"document.getElementById('saved').textContent.includes({text!r})")
