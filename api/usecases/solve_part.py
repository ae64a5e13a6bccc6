"""Part of a plan solved anew: asked for from the desk, worked out by a job, made a step of the plan when accepted.

No plan is made: an answer is a proposal in plain data, with what it would do and what is proved of it, and stays one
until somebody accepts it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from api.i18n import sentence
from api.usecases.edit_plan import StaleEdit, changes_since
from api.usecases.plan_desk import Desk, Place
from data.store import Tx
from data.store.rooms.jobs import JobCard
from gis.errors import Conflict, Fact
from gis.graph import IntArray
from gis.progress import SILENT, Progress
from partition.edits import Known, Sheet, Wish
from partition.edits.cost import cost_of_community
from partition.edits.ground import Ground
from partition.edits.solving import Chosen, Proposal, choose, known_of, proposal, state_of, wish_of_pieces
from partition.executor import Executor
from partition.plan import STANDARD, NearMiss
from partition.stop import Call, Stop, never
from partition.zoning.ladder import Solved
from partition.zoning.near import told
from partition.zoning.resolve import look_ahead, resolve
from partition.zoning.resolved import BALANCE, Aim, Outlook, Resolved

KIND = "solve"
_LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Asked:
    """Part of a plan that is to be solved.

    Attributes
    ----------
    chosen
        What may change.
    outlook
        What arithmetic says of it.
    state
        What it is now (see `partition.edits.solving.state_of`).
    """

    chosen: Chosen
    outlook: Outlook
    state: str


def ask_part(
    place: Place, sheet: Sheet, grids: Sequence[str], community: str, locks: Sequence[str], n_grids: int | None = None
) -> Asked:
    """Look at a part of a plan before it is solved.

    Raises
    ------
    InputError, NotFound, Conflict
        As `partition.edits.solving.choose` and `partition.zoning.resolve.look_ahead`.
    """
    ground = place.ground
    chosen = choose(ground, sheet, grids, community, locks)
    outlook = look_ahead(ground.graph, ground.rules, ground.divisions[chosen.community], chosen.standing)
    lawful = outlook.k_min <= outlook.k_max
    if n_grids is not None and lawful and not outlook.k_min <= n_grids <= outlook.k_max:
        allowed = f"{outlook.k_min}-{outlook.k_max}"
        raise Conflict("solve_count_impossible", measured=n_grids, allowed=allowed)
    return Asked(chosen, outlook, state_of(ground, sheet, chosen))


def outlook_to_json(place: Place, asked: Asked) -> dict[str, Any]:
    """What arithmetic says, as plain data with a sentence in each language."""
    outlook = asked.outlook
    return {
        "community": place.ground.graph.communities[asked.chosen.community],
        "grids": list(asked.chosen.grids),
        "households": outlook.households,
        "n_now": outlook.n_now,
        "k_min": outlook.k_min,
        "k_max": outlook.k_max,
        "feasible": outlook.feasible,
        "reason": outlook.reason,
        "is_lawful_now": outlook.is_lawful_now,
        "n_held": int(asked.chosen.standing.pinned.sum()),
        "near_misses": [_near(miss) for miss in outlook.near_misses],
        "sentences": _in_both([_reason(place, outlook, outlook.reason, outlook.near_misses)] if outlook.reason else []),
    }


def solve_part(
    place: Place,
    sheet: Sheet,
    asked: Asked,
    aim: Aim,
    *,
    seconds: float | None = None,
    executor: Executor | None = None,
    is_called_off: Call = never,
    known: MutableMapping[str, Solved] | None = None,
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """Solve a part of a plan; the proposal as plain data.

    Raises
    ------
    InputError, Conflict
        As `partition.zoning.resolve.resolve`.
    """
    ground, chosen = place.ground, asked.chosen
    found = resolve(
        ground.graph,
        ground.rules,
        ground.divisions[chosen.community],
        chosen.standing,
        aim,
        stop=Stop(seconds=seconds),
        executor=executor,
        is_called_off=is_called_off,
        known=known,
        progress=progress,
    )
    wanted = proposal(ground, chosen, found)
    proved = known_of(found, aim)
    return {
        "community": ground.graph.communities[chosen.community],
        "chosen": list(chosen.grids),
        "aim": aim.kind,
        "state": asked.state,
        "is_whole": found.is_whole,
        "is_changed": bool(wanted.pieces),
        "feasible": found.feasible,
        "reason": found.reason,
        "proof": found.proof,
        "bound": _number(found.bound),
        "gap_frac": _gap(found),
        "moved": found.moved,
        "moved_at_least": found.moved_at_least,
        "stopped_by": found.stopped_by,
        "pieces": [list(row) for row in wanted.pieces],
        "new": [{"label": label, "kind": kind} for label, kind in wanted.new],
        "gone": list(wanted.gone),
        "before": _figures(place, sheet, chosen, chosen.standing.grid, found.cost_before, found.outside_before),
        "after": _figures(place, sheet, chosen, _grid_after(chosen, found), found.cost, found.outside),
        "grids": _rows(ground, chosen, found, wanted),
        "near_misses": [_near(miss) for miss in found.near_misses],
        "known": None if proved is None else asdict(proved),
        "sentences": _in_both(_said(place, found, aim)),
    }


def accept_run(desk: Desk, tx: Tx, plan: str, place: Place, job: str, revision: int) -> Wish:
    """A finished solver run as an edit of a plan that is held.

    Parameters
    ----------
    revision
        The one the request knew.

    Raises
    ------
    NotFound, Conflict
        As `data.store.rooms.life.Life.hold_editable`; ``job_unknown``; as `accepted`.
    StaleEdit
        The ground was touched by others, and the request did not know it.
    """
    card = tx.life.hold_editable(plan)
    run = tx.jobs.card(job)
    try:
        return accepted(run, plan, place, desk.sheet(tx, card, place), tx.life.locks(plan))
    except Conflict as error:
        if error.code != "solve_outdated":
            raise
        if card.revision != revision:
            raise StaleEdit(replace(changes_since(tx, card, revision), faults=error.faults)) from error
        since = changes_since(tx, card, int(run.params["revision"])).theirs
        here = [one for one in since if run.params["community"] in one.change.get("communities", ())]
        who = ", ".join(sorted({one.who for one in here})) or "-"
        raise Conflict("solve_outdated", **{**error.faults[0].facts, "who": who, "n": len(here)}) from error


def accepted(job: JobCard, plan: str, place: Place, sheet: Sheet, locks: Sequence[str]) -> Wish:
    """A finished solver run as an edit of the plan as it is.

    Raises
    ------
    Conflict
        ``solve_not_of_plan``, ``solve_not_done``, ``solve_changed_nothing``; ``solve_outdated``: the ground it is
        about is no longer as it was.
    """
    if job.kind != KIND or job.params.get("plan") != plan:
        raise Conflict("solve_not_of_plan", id=job.id, measured=job.kind)
    if job.state != "done" or job.result is None:
        raise Conflict("solve_not_done", id=job.id, measured=job.state)
    result = job.result
    if not result["pieces"]:
        raise Conflict("solve_changed_nothing", id=job.id)
    try:
        grids = tuple(job.params["grids"])
        chosen = choose(place.ground, sheet, grids, "" if grids else job.params["community"], locks)
        state = state_of(place.ground, sheet, chosen)
    except Conflict as error:
        if error.code != "solve_nothing_free":
            raise
        state = ""
    except LookupError:
        state = ""
    if state != result["state"]:
        what = ", ".join(result["chosen"][:8]) or str(result["community"])
        raise Conflict("solve_outdated", id=job.id, measured=what, who="-", n=0)
    known = {result["community"]: Known(**result["known"])} if result["known"] else {}
    pieces = [(atom, before, after) for atom, before, after in result["pieces"]]
    return wish_of_pieces(pieces, known)


def _grid_after(chosen: Chosen, found: Resolved) -> IntArray:
    grid = chosen.standing.grid.copy()
    grid[found.atoms] = found.grid
    return grid


def _figures(place: Place, sheet: Sheet, chosen: Chosen, grid: IntArray, cost: float, outside: int) -> dict[str, Any]:
    """Figures of the community: its grids, and the cost of what was free."""
    ground, graph, rules = place.ground, place.ground.graph, place.ground.rules
    atoms = ground.divisions[chosen.community].atoms
    edges = ground.divisions[chosen.community].edges
    labels = np.unique(grid[atoms][grid[atoms] >= 0])
    sizes = [int(graph.households[atoms[grid[atoms] == one]].sum()) for one in labels.tolist()]
    kinds = [_kind(chosen, one) for one in labels.tolist()]
    standard = [size for size, kind in zip(sizes, kinds) if kind in (STANDARD, "")]
    cut = grid[graph.edge_a[edges]] != grid[graph.edge_b[edges]]
    compact = [_compactness(ground, atoms[grid[atoms] == one]) for one in labels.tolist()]
    names = np.array([*chosen.codes, *(f"+{i}" for i in range(1, 1 + int(grid.max(initial=0)))), ""], dtype=object)
    code = sheet.atom_code.copy()
    code[atoms] = names[grid[atoms]]
    return {
        "grids": len(labels),
        "standard": len(standard),
        "in_band": sum(rules.min_households <= size <= rules.max_households for size in standard),
        "least": min(standard, default=0),
        "most": max(standard, default=0),
        "outside": outside,
        "border_km": round(float(graph.edge_length_m[edges[cut]].sum()) / 1000, 3),
        "compactness": round(float(np.mean(compact)), 4) if compact else None,
        "cost": _number(cost),
        "cost_community": _number(cost_of_community(ground, chosen.community, code)),
        "unassigned": int((grid[atoms] < 0).sum()),
    }


def _kind(chosen: Chosen, one: int) -> str:
    return chosen.standing.kinds[one] if one < len(chosen.codes) else ""


def _rows(ground: Ground, chosen: Chosen, found: Resolved, wanted: Proposal) -> list[dict[str, Any]]:
    """Every grid that may change, before and after."""
    then = _grid_after(chosen, found)
    names = [*chosen.codes, *(label for label, _ in wanted.new)]
    kinds = [*chosen.standing.kinds, *found.new_kinds]
    touched = sorted((set(np.unique(chosen.standing.grid[found.atoms]).tolist()) | set(found.grid.tolist())) - {-1})
    return [
        {
            "code": names[one],
            "kind": kinds[one],
            "before": _grid(ground, np.flatnonzero(chosen.standing.grid == one)),
            "after": _grid(ground, np.flatnonzero(then == one)),
        }
        for one in touched
    ]


def _grid(ground: Ground, atoms: IntArray) -> dict[str, Any] | None:
    if len(atoms) == 0:
        return None
    households = int(ground.graph.households[atoms].sum())
    inside = ground.rules.min_households <= households <= ground.rules.max_households
    return {"households": households, "within_band": inside, "compactness": round(_compactness(ground, atoms), 4)}


def _compactness(ground: Ground, atoms: IntArray) -> float:
    """4 pi area / perimeter squared."""
    graph = ground.graph
    inside = np.isin(graph.edge_a, atoms) & np.isin(graph.edge_b, atoms)
    perimeter = float(graph.perimeter_m[atoms].sum() - 2 * graph.edge_length_m[inside].sum())
    return float(4 * np.pi * graph.area_m2[atoms].sum()) / max(perimeter, 1e-9) ** 2


def _said(place: Place, found: Resolved, aim: Aim) -> list[tuple[str, Mapping[str, Fact]]]:
    """What an answer means, in sentences."""
    said: list[tuple[str, Mapping[str, Fact]]] = []
    gap = _gap(found)
    if found.feasible != "yes" and found.reason:
        said.append(_reason(place, found.outlook, found.reason, found.near_misses))
        if found.is_changed:
            said.append(("solve_said_nearest", {"measured": found.outside, "before": found.outside_before}))
    elif not found.is_changed:
        lawful = aim.kind != BALANCE and found.outlook.is_lawful_now
        said.append(("solve_said_best" if gap == 0 else "solve_said_already" if lawful else "solve_said_no_better", {}))
    elif aim.kind == BALANCE:
        percent = round(100 * (gap or 0.0), 1)
        code = "solve_said_lawful" if gap is None else "solve_said_proved" if gap <= 1e-9 else "solve_said_gap"
        said.append((code, {"measured": percent}))
    else:
        said.append(("solve_said_moved", {"measured": found.moved}))
        if found.moved_at_least:
            code = "solve_said_fewest" if found.moved_at_least == found.moved else "solve_said_at_least"
            said.append((code, {"measured": found.moved_at_least}))
        if aim.most_moved is not None and found.moved > aim.most_moved:
            said.append(("solve_said_over_budget", {"measured": found.moved, "allowed": aim.most_moved}))
    if found.stopped_by in ("clock", "cancel"):
        said.append(("solve_said_cut_short", {}))
    return said


def _reason(
    place: Place, outlook: Outlook, reason: str | None, misses: Sequence[NearMiss]
) -> tuple[str, Mapping[str, Fact]]:
    rules = place.ground.rules
    allowed = f"{rules.min_households}-{rules.max_households}"
    return f"solve_no_{reason}", {"measured": outlook.households, "allowed": allowed, "near": told(misses) or "-"}


def _in_both(said: Sequence[tuple[str, Mapping[str, Fact]]]) -> dict[str, list[str]]:
    return {language: [sentence(code, facts, language) for code, facts in said] for language in _LANGUAGES}


def _near(miss: NearMiss) -> dict[str, Any]:
    return {"n_grids": miss.n_grids, "sizes": list(miss.sizes), "distances": list(miss.distances)}


def _gap(found: Resolved) -> float | None:
    if not (math.isfinite(found.bound) and math.isfinite(found.cost)):
        return None
    gap = (found.cost - found.bound) / found.cost if found.cost > found.bound else 0.0
    return gap if gap > 1e-9 else 0.0


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
