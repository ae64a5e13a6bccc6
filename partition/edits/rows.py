"""The rows of a plan after an edit: outlines, sums, reasons, broken rules, and what is known of the community.

What an edit leaves as it is keeps its row, word for word.  Of an edited community the refusal stays (``feasible`` is
about the community, not about the plan); a cost and a gap are given only where the plan is still one of those that the
bound speaks of.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gis.dissolve import dissolve
from gis.errors import Fact
from gis.graph import IntArray
from partition.edits.changes import Row, Tables
from partition.edits.cost import cost_of_community
from partition.edits.ground import Ground
from partition.edits.sheet import Codes, Sheet, shape_of, shape_text
from partition.edits.wishes import Known
from partition.file_plan import grid_name
from partition.plan import DEDICATED, STANDARD, Grid
from partition.zoning.results import loose_parts

Explain = Callable[[str, Mapping[str, Fact]], tuple[str, str]]
EDITED, NO_WORSE = "edited", "edited_no_worse"
DRAWN = "edited_communities"
"""Fact of a plan: what was known of the communities that were edited, as the plan was drawn (JSON by code)."""
_PROOFS = frozenset({"arithmetic", "cover_lp", "cover_mip"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rows that differ."""

    before: Tables
    after: Tables


def rows_after(
    ground: Ground,
    sheet: Sheet,
    community: int,
    code: Codes,
    kinds: Mapping[str, str],
    names: Mapping[str, str],
    explain: Explain,
    known: Known | None = None,
) -> Outcome:
    """Rows of one edited community before and after.

    Parameters
    ----------
    code
        Per atom of the ground its grid now.
    kinds, names
        Of new grids.
    known
        What was proved of the community meanwhile; it is kept beside what was known when the plan was drawn.
    """
    place = ground.graph.communities[community]
    atoms = ground.divisions[community].atoms
    then = {one: row for one, row in sheet.grids.items() if row["community"] == place}
    now = sorted(set(code[atoms].tolist()) - {""})
    touched = {str(one) for pair in _pairs(sheet, code, atoms) for one in pair} - {""}
    grids = _grid_rows(ground, sheet, community, code, now, touched, kinds, names)
    drawn = _learned(_drawn(ground, sheet, place, then), known)
    _give_reasons(ground, community, atoms, code, then, grids, touched, drawn)
    violations = _violations(ground, sheet, community, atoms, code, then, grids, explain)
    row = _community_row(ground, sheet, community, code, grids, drawn)
    told = json.loads(sheet.meta.get(DRAWN, "{}"))
    meta: dict[str, str | None] = {}
    if told.get(place) != drawn:
        meta[DRAWN] = json.dumps({**told, place: drawn}, sort_keys=True, ensure_ascii=False)
    before = {one: r for one, r in then.items() if grids.get(one) != r}
    after = {one: r for one, r in grids.items() if then.get(one) != r}
    return Outcome(
        Tables(
            before,
            {place: sheet.communities[place]},
            {place: list(sheet.violations.get(place, []))},
            {key: sheet.meta.get(key) for key in meta},
        ),
        Tables(after, {place: row}, {place: violations}, meta),
    )


def _pairs(sheet: Sheet, code: Codes, atoms: IntArray) -> list[tuple[Any, Any]]:
    moved = atoms[sheet.atom_code[atoms] != code[atoms]]
    return list(zip(sheet.atom_code[moved].tolist(), code[moved].tolist()))


def _grid_rows(
    ground: Ground,
    sheet: Sheet,
    community: int,
    code: Codes,
    now: Sequence[str],
    touched: set[str],
    kinds: Mapping[str, str],
    names: Mapping[str, str],
) -> dict[str, Row]:
    """Rows of all grids of the community: outlines and sums of those that changed; reasons come later."""
    graph, place = ground.graph, ground.graph.communities[community]
    atoms = ground.divisions[community].atoms
    # The first edit in a community also sees that the outlines around it meet those of the atoms point by point.
    todo = [one for one in now if one in touched or place not in sheet.squared]
    position = {one: i for i, one in enumerate(todo)}
    group = np.array([position.get(one, -1) for one in code[atoms]], np.int32)
    shapes = dissolve(ground.atoms.geometry[atoms], group, len(todo))
    filed = shapes
    if ground.filed is not ground.atoms.geometry:
        filed = dissolve(ground.filed[atoms], group, len(todo))
    area = np.round(shapely.area(shapes), 2)
    rows: dict[str, Row] = {one: sheet.grids[one] for one in now if one not in position}
    for i, one in enumerate(todo):
        mine = atoms[group == i]
        was = sheet.grids.get(one)
        if was is None:
            was = _new_row(ground, community, one, kinds[one], names.get(one, ""), mine)
        elif one not in touched and shapely.equals_exact(filed[i], shapely.normalize(shape_of(was["shape"])), 0.0):
            rows[one] = was
            continue
        rows[one] = {
            **was,
            "households": int(graph.households[mine].sum()),
            "population": int(graph.population[mine].sum()),
            "buildings": int(graph.n_buildings[mine].sum()),
            "area_m2": float(area[i]),
            "within_band": _inside(ground, int(graph.households[mine].sum())),
            "shape": shape_text(filed[i]),
        }
    return {one: rows[one] for one in now}


def _new_row(ground: Ground, community: int, one: str, kind: str, name: str, atoms: IntArray) -> Row:
    place = ground.graph.communities[community]
    tail = one.removeprefix(place)
    number = int(tail) if tail.isdigit() else 0
    estate = None
    if kind == DEDICATED:
        owned = atoms[ground.graph.estate_index[atoms] >= 0]
        estate_id = ground.graph.estate_ids[ground.graph.estate_index[owned[0]]]
        estate = ground.estate_names.get(estate_id, estate_id)
        number = number % 100
    grid = Grid(one, "", place, kind, 0, 0, 0, 0.0, False)
    shown = name or grid_name(grid, ground.community_names.get(place, place), estate, number)
    return {
        "code": one,
        "name": shown,
        "community": place,
        "kind": kind,
        "reason": None,
        "parent": None,
    }


def _inside(ground: Ground, households: int) -> bool:
    return ground.rules.min_households <= households <= ground.rules.max_households


def _outside(ground: Ground, grids: Mapping[str, Row]) -> int:
    """Households by which the standard grids miss the band."""
    low, high = ground.rules.min_households, ground.rules.max_households
    sizes = [int(row["households"]) for row in grids.values() if row["kind"] == STANDARD]
    return sum(max(low - size, 0) + max(size - high, 0) for size in sizes)


def _drawn(ground: Ground, sheet: Sheet, place: str, then: Mapping[str, Row]) -> dict[str, Any]:
    """What was known of the community before its first edit."""
    told = json.loads(sheet.meta.get(DRAWN, "{}"))
    if place in told:
        return dict(told[place])
    row = sheet.communities[place]
    known = {key: row[key] for key in ("feasible", "reason", "proof", "bound")}
    return {**known, "outside": _outside(ground, then)}


def _learned(drawn: dict[str, Any], known: Known | None) -> dict[str, Any]:
    """What was known, and what was proved since: neither is about any plan, so the sharper of the two holds."""
    if known is None:
        return drawn
    if known.feasible == "yes":
        then = drawn["bound"] if drawn["feasible"] == "yes" else None
        if drawn["feasible"] == "yes" and (known.bound is None or (then is not None and then > known.bound)):
            return drawn
        return {**drawn, "feasible": "yes", "reason": None, "proof": known.proof, "bound": known.bound}
    if known.feasible == "no" and known.proof in _PROOFS and drawn["feasible"] == "unknown":
        told = {"feasible": "no", "reason": known.reason, "proof": known.proof, "outside": known.outside}
        return {**drawn, **told, "bound": None}
    return drawn


def _give_reasons(
    ground: Ground,
    community: int,
    atoms: IntArray,
    code: Codes,
    then: Mapping[str, Row],
    grids: dict[str, Row],
    touched: set[str],
    drawn: Mapping[str, Any],
) -> None:
    """Why each grid is out of band."""
    excused = drawn["feasible"] == "no" and drawn["proof"] in _PROOFS
    no_worse = excused and _outside(ground, grids) <= drawn["outside"]
    for one, row in grids.items():
        reason = row["reason"]
        if one in touched and row["kind"] == DEDICATED:
            reason = _dedicated_reason(ground, atoms[code[atoms] == one], row)
        elif row["kind"] == STANDARD:
            same = one in then and then[one]["households"] == row["households"] and reason is not None
            if row["within_band"]:
                reason = None if one in touched else reason
            elif not same or reason in (EDITED, NO_WORSE):
                reason = NO_WORSE if no_worse else EDITED
        if reason != row["reason"]:
            grids[one] = {**row, "reason": reason}


def _dedicated_reason(ground: Ground, atoms: IntArray, row: Row) -> str | None:
    """An estate over its cap that was kept whole stays declared."""
    graph = ground.graph
    owned = np.unique(graph.estate_index[atoms])
    households = sum(int(graph.households[graph.estate_index == e].sum()) for e in owned.tolist() if e >= 0)
    if int(row["households"]) > ground.rules.max_households and households > ground.rules.estate_cap:
        return "estate_over_cap"
    return None


def _violations(
    ground: Ground,
    sheet: Sheet,
    community: int,
    atoms: IntArray,
    code: Codes,
    then: Mapping[str, Row],
    grids: Mapping[str, Row],
    explain: Explain,
) -> list[Row]:
    """Broken rules of the community; what did not change is told in the words it was told in."""
    place, rules = ground.graph.communities[community], ground.rules
    told = {(row["code"], row["grid"]): row for row in sheet.violations.get(place, [])}
    wanted: dict[tuple[str, str], dict[str, Fact]] = {}
    for one, row in grids.items():
        if row["reason"] is not None:
            allowed = f"{rules.min_households}-{rules.max_households}"
            wanted[row["reason"], one] = {"grid": one, "measured": row["households"], "allowed": allowed}
    codes = sorted(grids)
    at = {one: i for i, one in enumerate(codes)}
    position = np.full(ground.graph.n_atoms, -1, np.int32)
    position[atoms] = [at.get(one, -1) for one in code[atoms]]
    division = ground.divisions[community]
    least = next((r.rules.min_households for r in division.regions if r.rules), rules.min_households)
    for i, households in loose_parts(ground.graph, division, position):
        if i < 0:
            continue  # ground in no grid
        wanted["part_joined", codes[i]] = {"grid": codes[i], "measured": households, "allowed": least}
    rows = []
    for (why, one), facts in sorted(wanted.items()):
        known = told.get((why, one))
        if known is not None and then.get(one, {}).get("households") == grids[one]["households"]:
            rows.append(known)
            continue
        zh, en = explain(why, facts)
        rows.append({"code": why, "grid": one, "community": place, "detail_zh": zh, "detail_en": en})
    return rows


def _community_row(
    ground: Ground,
    sheet: Sheet,
    community: int,
    code: Codes,
    grids: Mapping[str, Row],
    drawn: Mapping[str, Any],
) -> Row:
    place = ground.graph.communities[community]
    feasible, reason, proof = drawn["feasible"], drawn["reason"], drawn["proof"]
    lawful = all(row["within_band"] or row["kind"] != STANDARD for row in grids.values())
    lawful = lawful and not any(row["reason"] for row in grids.values())
    lawful = lawful and not (code[ground.divisions[community].atoms] == "").any()
    if lawful and feasible != "yes":
        # An example is proof enough that there is a lawful plan.
        feasible, reason, proof = "yes", None, "none"
    cost = math.nan
    if not sheet.meta.get("change_weight"):
        cost = cost_of_community(ground, community, code)
    bound = drawn["bound"]
    # The bound is about lawful plans; of others it says nothing.
    speaks = math.isfinite(cost) and bound is not None and lawful and drawn["feasible"] == "yes"
    gap = None
    if speaks:
        gap = (cost - bound) / cost if cost > bound else 0.0
    return {
        **sheet.communities[place],
        "grids": len(grids),
        "feasible": feasible,
        "reason": reason,
        "proof": proof,
        "objective": cost if math.isfinite(cost) else None,
        "bound": bound if speaks else None,
        "gap_frac": gap,
    }
