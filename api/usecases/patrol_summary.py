"""What a planning of patrols says of itself: per route, per grid, in all, and what a leader should know.

The rows of routes carry the names that other programs rely on; the rest may grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from api.i18n import sentence
from gis.errors import Fact
from gis.report import QualityReport
from gis.streets.beats import Beats
from gis.streets.network import StreetNetwork
from partition.patrol.itinerary import Itinerary
from partition.patrol.many import GridPatrol

_DECIMALS = 3
REASONS = {1: "class", 2: "outside", 3: "estate", 4: "mode", 5: "passage"}
"""Words for `Beats.link_reason`."""


def route_row(itinerary: Itinerary, files: Sequence[str]) -> dict[str, Any]:
    """One route."""
    return {
        "grid": itinerary.grid,
        "patroller": itinerary.patroller,
        "mode": itinerary.mode.value,
        "length_m": _round(itinerary.length_m),
        "required_m": _round(itinerary.required_m),
        "deadhead_m": _round(itinerary.deadhead_m),
        "minutes": _round(itinerary.minutes),
        "lower_bound_m": _round(itinerary.lower_bound_m),
        "unreachable_m": _round(itinerary.unreachable_m),
        "id": itinerary.id,
        "legs": len(itinerary.legs),
        "start": itinerary.post,
        "files": list(files),
    }


def grid_row(patrol: GridPatrol, network: StreetNetwork) -> dict[str, Any]:
    """One grid: what was asked, what its routes hold, how far they are from the bound, and its state in a word."""
    check, result = patrol.check, patrol.result
    longest = max((route.seconds for route in result.routes), default=0.0)
    return {
        "grid": patrol.grid,
        "status": status_of(patrol),
        "patrollers": len(result.routes),
        "required_m": _round(check.required_m),
        "covered_m": _round(check.covered_m),
        "unreachable_m": _round(check.unreachable_m),
        "length_m": _round(check.length_m),
        "bound_m": _round(result.bound_m),
        "ratio": _round(check.length_m / result.bound_m) if result.bound_m > 0 else None,
        "longest_minutes": _round(longest / 60),
        "longest_bound_minutes": _round(result.longest_bound_s / 60),
        "places": len(patrol.posed.place),
        "proof": result.proof,
        "method": result.method,
        "patrollers_needed": result.n_patrollers_needed,
        "shift_minutes_needed": _round(result.shift_s_needed / 60),
        "unreachable": unreachable_rows(patrol, network),
    }


def status_of(patrol: GridPatrol) -> str:
    """``refused``, ``nothing``, ``out_of_reach``, ``over_shift``, ``partly`` or ``whole``; the gravest that holds."""
    result = patrol.result
    if not patrol.check.passed:
        return "refused"
    if not result.routes:
        return "out_of_reach" if result.unreachable else "nothing"
    if result.n_patrollers_needed or result.shift_s_needed:
        return "over_shift"
    return "partly" if result.unreachable else "whole"


def unreachable_rows(patrol: GridPatrol, network: StreetNetwork) -> list[dict[str, Any]]:
    """What no route holds: street or place, metres, reason."""
    rows = []
    for out in patrol.result.unreachable:
        if out.link >= 0:
            link = int(patrol.posed.link[out.link])
            rows.append(
                {
                    "link": network.link_ids[link],
                    "street": str(network.name[link] or ""),
                    "place_row": None,
                    "length_m": _round(float(patrol.posed.problem.length_m[out.link])),
                    "reason": out.reason,
                }
            )
        else:
            row = int(patrol.posed.place[out.stop])
            rows.append({"link": None, "street": "", "place_row": row + 1, "length_m": 0.0, "reason": out.reason})
    return rows


def totals_of(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Sums over grids."""
    sums = {key: _round(sum(row[key] for row in rows)) for key in ("required_m", "covered_m", "unreachable_m")}
    length, bound = sum(row["length_m"] for row in rows), sum(row["bound_m"] for row in rows)
    state = [row["status"] for row in rows]
    return {
        "grids": len(rows),
        "routes": sum(row["patrollers"] for row in rows if row["status"] != "refused"),
        **sums,
        "length_m": _round(length),
        "bound_m": _round(bound),
        "ratio": _round(length / bound) if bound > 0 else None,
        "longest_minutes": max((row["longest_minutes"] for row in rows), default=0.0),
        **{name: state.count(name) for name in ("over_shift", "refused", "nothing", "out_of_reach", "partly")},
    }


def notes_of(
    rows: Sequence[dict[str, Any]], left_out: dict[str, dict[str, float]], report: QualityReport, language: str
) -> list[dict[str, Any]]:
    """Sentences on what a leader should know, grid by grid, then what was mended in the streets.

    Parameters
    ----------
    rows
        Of `grid_row`.
    left_out
        Per grid with no street to patrol: metres of its streets by reason, see `left_out_m`.
    report
        What laying the network found.
    language
        ``zh`` or ``en``.
    """
    return [_note(code, facts, language) for code, facts in (*_grid_notes(rows, left_out), *_remarks(report))]


def _grid_notes(
    rows: Sequence[dict[str, Any]], left_out: dict[str, dict[str, float]]
) -> Iterable[tuple[str, dict[str, Fact]]]:
    for row in rows:
        where = {"id": row["grid"]}
        if row["status"] == "nothing":
            found = left_out.get(row["grid"], {})
            code = "patrol_nothing_but" if sum(found.values()) > 0 else "patrol_nothing"
            yield code, {**where, **{name: round(found.get(name, 0.0)) for name in REASONS.values()}}
        if row["patrollers_needed"] or row["shift_minutes_needed"]:
            needed = {"patrollers": row["patrollers_needed"], "minutes": row["shift_minutes_needed"]}
            yield _over_shift_code(row), {**where, "measured": row["longest_minutes"], **needed}
        reasons = sorted({out["reason"] for out in row["unreachable"]})
        for why in reasons:
            held = [out for out in row["unreachable"] if out["reason"] == why]
            metres = _round(sum(out["length_m"] for out in held))
            places = sum(out["place_row"] is not None for out in held)
            yield "patrol_out_of_reach", {**where, "why": why, "measured": metres, "places": places}


def _over_shift_code(row: dict[str, Any]) -> str:
    if row["patrollers_needed"] and row["shift_minutes_needed"]:
        return "patrol_over_shift"
    return "patrol_over_shift_patrollers" if row["patrollers_needed"] else "patrol_over_shift_minutes"


def _remarks(report: QualityReport) -> Iterable[tuple[str, dict[str, Fact]]]:
    for remark in report.remarks:
        if remark.code == "warn_grid_without_street":
            continue  # told above, with the reason, for the grids that were asked for
        facts = {"layer": remark.layer, "id": remark.id, "before": remark.before, "after": remark.after}
        yield remark.code, {**facts, **remark.facts}


def _note(code: str, facts: dict[str, Fact], language: str) -> dict[str, Any]:
    return {"code": code, "message": sentence(code, facts, language), "facts": facts}


def left_out_m(network: StreetNetwork, beats: Beats, inside: np.ndarray) -> dict[str, float]:
    """Metres of street that nobody patrols, by reason.

    Parameters
    ----------
    network, beats
        The streets, and why a street is nobody's.
    inside
        Positions of links to look at: those in a grid.
    """
    reason = beats.link_reason[inside]
    return {word: float(network.length_m[inside][reason == code].sum()) for code, word in REASONS.items()}


def _round(value: float) -> float:
    return round(float(value), _DECIMALS)
