"""For tests of the hands of the planner's desk: pieces that can or can not go somewhere, and what came of it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.plan_desk_kit import ServedDesk

_HEAD = """async (f) => {
    const { desk, kept } = await import('/desk/plan/plan_state.js');
    const { map, atomAt, centreOf, zoomToAtoms, zoomToGrid } = await import('/desk/plan/plan_map.js');
    const { heldNow } = await import('/desk/plan/plan_tools_hold.js');
    const { plan, ground } = desk;
    const screen = (place) => {
        const box = map.canvas.getBoundingClientRect();
        const [x, y] = map.toPixels(place);
        return [x + box.left, y + box.top];
    };
    // A copy: reading the map itself would slow it down for good.
    const pixels = (x, y, wide, high) => {
        const small = new OffscreenCanvas(wide, high).getContext("2d", { willReadFrequently: true });
        const s = map.sharpness;
        small.drawImage(map.canvas, x * s, y * s, wide * s, high * s, 0, 0, wide, high);
        return small.getImageData(0, 0, wide, high).data;
    };
    const settled = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
"""
_MOVES = """
    const found = [];
    for (let i = 0; i < ground.touch_a.length; i += 1) {
        for (const [a, b] of [[ground.touch_a[i], ground.touch_b[i]], [ground.touch_b[i], ground.touch_a[i]]]) {
            const [to, from] = [plan.atomGrid[a], plan.atomGrid[b]];
            if (to === from || to < 0 || from < 0 || ground.touch_m[i] < 30) continue;
            const verdict = plan.judgeMoves(new Map([[b, to]]), 'move', []);
            const faults = verdict.faults.map((one) => one.code).join();
            found.push({ a, b, to, from, faults, n: verdict.moves.size, homes: ground.households[b] });
        }
    }
"""


def hands(page: Page, code: str, *facts: Any) -> Any:
    """Runs code in the page, with ``desk``, ``plan``, ``ground``, ``map``, ``screen(place)`` and the facts ``f``."""
    return page.evaluate(_HEAD + code + "}", list(facts))


def a_move(page: Page, wanted: str = "") -> dict[str, Any]:
    """A piece ``b`` of grid ``from`` beside piece ``a`` of grid ``to``, that may go there; or that may not, with the
    fault that is wanted."""
    found = hands(
        page,
        _MOVES + "return found.find((one) => one.homes > 0 && one.n === 1 && one.faults === f[0]);",
        wanted,
    )
    assert found, f"no such move: {wanted or 'lawful'}"
    return found


def a_far_piece(page: Page) -> dict[str, Any]:
    """A piece ``b`` of grid ``from`` that would leave grid ``to`` (with piece ``a``) in two parts, and nothing else."""
    found = hands(
        page,
        """
        for (let b = 0; b < ground.n; b += 1) {
            if (!ground.households[b] || plan.atomGrid[b] < 0) continue;
            for (const to of plan.gridsOf(ground.communities[ground.community[b]].code)) {
                if (to === plan.atomGrid[b]) continue;
                const { faults } = plan.judgeMoves(new Map([[b, to]]), 'move', []);
                if (faults.map((one) => one.code).join() !== 'edit_not_contiguous') continue;
                const a = [...plan.members[to]].find((one) => ground.households[one]);
                return { a, b, to, from: plan.atomGrid[b] };
            }
        }
        return null;
        """,
    )
    assert found, "no such piece"
    return found


def look_at(page: Page, *atoms: int) -> None:
    """Bring pieces into sight."""
    hands(page, "zoomToAtoms(f); await settled();", *atoms)


def spot(page: Page, atom: int) -> tuple[float, float]:
    """Where the middle of a piece stands on the screen."""
    return tuple(hands(page, "return screen(centreOf(f[0]));", atom))  # type: ignore[return-value]


def on_border(page: Page, near: int, far: int, inwards_px: float = 5.0) -> tuple[float, float]:
    """A place on the screen beside the border between two grids, a little on the side of ``near``."""
    x, y = hands(
        page,
        """
        let best = null;
        for (let i = 0; i < ground.arc_a.length; i += 1) {
            const [a, b] = [ground.arc_a[i], ground.arc_b[i]];
            if (b < 0) continue;
            const [one, two] = [plan.atomGrid[a], plan.atomGrid[b]];
            if (!((one === f[0] && two === f[1]) || (one === f[1] && two === f[0]))) continue;
            const j = ground.arc[i] + Math.floor((ground.arc_n[i] - 1) / 2);
            const [p, q] = [j, j + 1].map((k) => [ground.xy[2 * k] / 100, ground.xy[2 * k + 1] / 100]);
            const long = Math.hypot(q[0] - p[0], q[1] - p[1]);
            if (best && best.long > long) continue;
            best = { long, p, q };
        }
        const { p, q, long } = best;
        const middle = [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];
        const side = [-(q[1] - p[1]) / long, (q[0] - p[0]) / long];
        for (const sign of [1, -1]) {
            const away = (sign * f[2]) / map.scale;
            const place = [middle[0] + side[0] * away, middle[1] + side[1] * away];
            const atom = atomAt(place);
            if (atom >= 0 && plan.atomGrid[atom] === f[0]) return screen(place);
        }
        return null;
        """,
        near,
        far,
        inwards_px,
    )
    return x, y


def held(page: Page) -> dict[str, Any] | None:
    """What the hand holds: codes of faults, pieces, and households by grid before and after."""
    return hands(
        page,
        """
        const now = heldNow();
        if (!now || !now.verdict) return null;
        const { faults, moves, effects } = now.verdict;
        return {
            faults: faults.map((one) => one.code), isWaiting: now.isWaiting,
            atoms: [...moves.keys()].sort((a, b) => a - b),
            grids: Object.fromEntries(effects.map((one) => [one.code, [one.before.households, one.after.households]])),
        };
        """,
    )


def saved(page: Page) -> None:
    """Wait until the service has answered everything, also what was done before the page knew the steps."""
    page.evaluate(
        """async () => {
            const { flush, whenReady } = await import('/desk/plan/plan_sync.js');
            await whenReady();
            await flush();
        }"""
    )


class Ground:
    """The plan as the service has it."""

    def __init__(self, served: ServedDesk, plan: str = "") -> None:
        self.sheet = served.get(f"/v1/plans/{plan or served.plan}/sheet")
        self.codes = [grid["code"] for grid in self.sheet["grids"]]
        self.households = {grid["code"]: grid["households"] for grid in self.sheet["grids"]}
        self.revision = self.sheet["plan"]["revision"]
        self.locks = self.sheet["locks"]

    def grid_of(self, atom: int) -> str:
        """Code of the grid that a piece lies in."""
        at = self.sheet["atom_grid"][atom]
        return self.codes[at] if at >= 0 else ""

    def atoms_of(self, code: str) -> list[int]:
        """Pieces of a grid, ascending."""
        at = self.codes.index(code)
        return [i for i, grid in enumerate(self.sheet["atom_grid"]) if grid == at]


def code_of(page: Page, grid: int) -> str:
    """Code of a grid of the page."""
    return str(hands(page, "return plan.grids[f[0]].code;", grid))


def press(page: Page, *keys: str) -> None:
    """Keys one after the other."""
    for key in keys:
        page.keyboard.press(key)


def notices(page: Page) -> str:
    """All that is told in the notices."""
    return " ".join(page.locator("#notices .notice p").all_inner_texts())
