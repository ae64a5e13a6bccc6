"""Why a grid is as it is, in words: what the plan says of it, what arithmetic says, and what could be done now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.i18n import sentence
from api.settings import LANGUAGES
from api.usecases.plan_desk import Desk, Place
from data.store import Tx
from data.store.rooms.plans import PlanCard
from gis.errors import Fact, NotFound
from partition.edits import Sheet
from partition.edits.why import Standing, Step, Way, examine_grid
from partition.plan import NearMiss
from partition.zoning.feasible import Assessment, assess_division

Said = Mapping[str, str]
_PROOFS = frozenset({"arithmetic", "cover_lp", "cover_mip"})
_SHOWN_SIZES = 6


def explain_grid(desk: Desk, tx: Tx, card: PlanCard, place: Place, grid: str) -> dict[str, Any]:
    """Everything a planner asks of one grid.

    Parameters
    ----------
    place
        From ``desk.place``, asked for before the transaction began.

    Raises
    ------
    NotFound
        ``plan_grid_unknown``.
    """
    sheet = desk.sheet(tx, card, place)
    if grid not in sheet.grids:
        raise NotFound("plan_grid_unknown", measured=grid)
    row = sheet.grids[grid]
    code = str(row["community"])
    standing = examine_grid(place.ground, sheet, grid, tx.life.locks(card.id))
    community = sheet.communities[code]
    rules = [rule for rule in sheet.violations.get(code, []) if rule["grid"] == grid]
    band = place.rules.min_households, place.rules.max_households
    return {
        "revision": card.revision,
        "grid": grid,
        "kind": row["kind"],
        "reason": row["reason"],
        "households": standing.households,
        "band": list(band),
        "status": standing.status,
        "missing": standing.missing,
        "pieces": standing.pieces,
        "neighbours": list(standing.neighbours),
        "sentence": _said(place, sheet, grid, standing),
        "broken_rules": [
            {
                "code": rule["code"],
                "sentence": {one: rule[f"detail_{one}"] or rule["code"] for one in LANGUAGES},
            }
            for rule in rules
        ],
        "community": {
            "code": code,
            "name": place.ground.community_names.get(code, code),
            **{key: community[key] for key in ("households", "grids", "feasible", "reason", "proof")},
            **{key: community[key] for key in ("objective", "bound", "gap_frac")},
            "why": None if community["reason"] is None else in_each_language(f"why_{community['reason']}"),
            **arithmetic(standing.assessment),
        },
        "ways": [_way(place, way) for way in standing.ways],
        "stops": [
            {
                "code": stop.code,
                "n": stop.n,
                "sentence": in_each_language(f"stop_{stop.code}", n=stop.n),
                "rule": in_each_language(stop.code, **stop.facts),
                "example": _step(stop.example),
            }
            for stop in standing.stops
        ],
        "n_tried": standing.n_tried,
    }


def arithmetic(found: Assessment) -> dict[str, Any]:
    """What the count says about a community."""
    return {
        "k_min": found.k_min,
        "k_max": found.k_max,
        "standard_households": found.standard_households,
        "n_dedicated": found.n_dedicated,
        "dedicated_households": found.dedicated_households,
        "n_rural": found.n_rural,
        "n_grids_min": found.n_grids_min,
        "n_grids_max": found.n_grids_max,
        "by_count": found.feasible,
        "by_count_reason": found.reason,
        "by_count_why": None if found.reason is None else in_each_language(f"why_{found.reason}"),
        "near": [{"grids": miss.n_grids, "sizes": list(miss.sizes)[:_SHOWN_SIZES]} for miss in found.near_misses],
    }


def arithmetic_of_place(place: Place) -> list[dict[str, Any]]:
    """What the count says about every community of a ground, by code."""
    ground = place.ground
    found = [assess_division(ground.graph, place.rules, division) for division in ground.divisions]
    return [{"code": one.community, **arithmetic(one)} for one in sorted(found, key=lambda one: one.community)]


def in_each_language(code: str, **facts: Fact) -> Said:
    """A sentence in every language."""
    return {language: sentence(code, facts, language) for language in LANGUAGES}


def _said(place: Place, sheet: Sheet, grid: str, standing: Standing) -> Said:
    """One plain answer."""
    return {
        language: ("" if language == "zh" else " ").join(_sentences(place, sheet, grid, standing, language))
        for language in LANGUAGES
    }


def _sentences(place: Place, sheet: Sheet, grid: str, standing: Standing, language: str) -> list[str]:
    def say(code: str, **facts: Fact) -> str:
        return sentence(code, facts, language)

    row = sheet.grids[grid]
    community = sheet.communities[str(row["community"])]
    low, high = place.rules.min_households, place.rules.max_households
    facts: dict[str, Fact] = {"grid": grid, "measured": standing.households, "allowed": f"{low}-{high}"}
    if standing.status == "exempt":
        told = [say(f"stands_{row['kind']}", **facts)]
    elif standing.missing == 0:
        told = [say("stands_in_band", **facts)]
    else:
        side = "stands_low" if standing.missing < 0 else "stands_high"
        told = [say(side, **facts, missing=abs(standing.missing))]
    if standing.pieces > 1:
        told.append(say("stands_in_pieces", measured=standing.pieces))
    if standing.status == "closed":
        return [*told, say("edit_ground_differs", community=str(row["community"]))]
    if standing.missing == 0:
        return told
    if community["feasible"] == "no" and community["proof"] in _PROOFS:
        why = sentence(f"why_{community['reason']}", {}, language) if community["reason"] else ""
        near = "; ".join(_near(miss, language) for miss in standing.assessment.near_misses)
        told.append(say("stands_no_plan_near" if near else "stands_no_plan", why=why, near=near))
    return [*told, *_what_helps(standing, language)]


def _what_helps(standing: Standing, language: str) -> list[str]:
    def say(code: str, **facts: Fact) -> str:
        return sentence(code, facts, language)

    if standing.ways:
        best = standing.ways[0]
        code = f"stands_{best.kind}" if best.is_into else "stands_nearer"
        return [say(code, ground=_title(best, language), measured=_sizes(best))]
    if not standing.neighbours:
        return [say("stands_alone")]
    if not standing.stops:
        return [say("stands_nothing_helps", measured=standing.n_tried)]
    reasons = ("；" if language == "zh" else "; ").join(say(f"stop_{stop.code}", n=stop.n) for stop in standing.stops)
    return [say("stands_stuck", reasons=reasons)]


def _near(miss: NearMiss, language: str) -> str:
    sizes = [str(size) for size in miss.sizes[:_SHOWN_SIZES]] + (["..."] if len(miss.sizes) > _SHOWN_SIZES else [])
    return sentence("near_miss", {"n_grids": miss.n_grids, "sizes": ", ".join(sizes)}, language)


def _sizes(way: Way) -> str:
    return ", ".join(f"{grid}: {before} → {after}" for grid, before, after in way.effects if after)


def _title(way: Way, language: str) -> str:
    """What a step of this kind is called."""
    if way.kind == "merge":
        step = way.steps[0]
        return sentence("way_merge", {"grid": step.gives, "other": step.grid}, language)
    said = [sentence("way_move", {"n": len(step.atoms), "grid": step.grid}, language) for step in way.steps]
    return ("；" if language == "zh" else "; ").join(said)


def _way(place: Place, way: Way) -> dict[str, Any]:
    def band(size: int) -> bool:
        return place.rules.min_households <= size <= place.rules.max_households

    return {
        "kind": way.kind,
        "is_into": way.is_into,
        "title": {language: _title(way, language) for language in LANGUAGES},
        "steps": [_step(step) for step in way.steps],
        "edits": [_edit(step) for step in way.steps],
        "effects": [
            {"grid": grid, "before": before, "after": after, "is_in_band": band(after), "is_gone": after == 0}
            for grid, before, after in way.effects
        ],
        "outside_before": way.outside_before,
        "outside_after": way.outside_after,
    }


def _step(step: Step) -> dict[str, Any]:
    return {"atoms": list(step.atoms), "grid": step.grid}


def _edit(step: Step) -> dict[str, Any]:
    """What ``POST /v1/plans/{plan}/moves`` takes."""
    if step.gives:
        return {"kind": "merge", "grids": sorted([step.gives, step.grid]), "grid": step.grid}
    return {"kind": "move", "atoms": list(step.atoms), "grid": step.grid}
