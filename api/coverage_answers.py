"""Surveys of cameras as answers: rows, totals and names as plain data, sentences in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from api.feature_pages import geometry_of, lon_lat
from api.i18n import sentence
from api.usecases.coverage_desk import DeskCameras, Ground
from api.usecases.coverage_features import seen_fracs
from data.store.rooms.coverage import Decision, RuleBook
from data.store.rooms.plan_card import PlanCard
from gis.errors import Fault
from gis.graph import BoolArray
from gis.report import QualityReport
from gis.streets.network import ObjectArray
from partition.coverage.cameras.recount import rows_within
from partition.coverage.cameras.types import DensityRow
from partition.coverage.cameras.what_if import WhatIf
from partition.coverage.settings import CameraSettings
from partition.coverage.siting.problem import SitingAnswer

MOST_NOTES = 100
"""Remarks that one answer tells; how many there are in all stands in the last one."""


def plan_out(card: PlanCard) -> dict[str, Any]:
    """Which version of which plan an answer is about."""
    return {
        "id": card.id,
        "name": card.name,
        "revision": card.revision,
        "state": card.state,
        "effective_from": card.effective_from.isoformat() if card.effective_from else None,
    }


def cameras_out(
    found: DeskCameras, book: RuleBook, grids: BoolArray, scope: str, is_whole: bool, language: str
) -> dict[str, Any]:
    """A survey of cameras for somebody who sees some of the grids."""
    ground, survey = found.ground, found.survey
    settings = survey.settings
    rows = rows_within(survey, ground.territory, grids)
    about = {code: row for row, code in enumerate(ground.land.codes)}
    names = {row.code: row.name for row in rows if row.scope == "community"}
    everything = next(row for row in rows if row.scope == "all")
    return {
        "plan": plan_out(ground.card),
        "level": settings.level,
        "edition": settings.profile.edition,
        "levels": [{"name": name, "px_per_m": px} for name, px in settings.profile.levels],
        "settings": settings_out(settings, book),
        "rows": [_with_place(row, ground, about, names) for row in rows if row.scope == scope],
        "totals": {**row_out(everything), **_sight_totals(found, grids)},
        "programmes": _programmes(found, grids, is_whole),
        "owners": _owners(found, grids),
        # What was found in the layer names cameras wherever they stand.
        "warnings": notes_out(found.report, language) if is_whole else [],
    }


def settings_out(settings: CameraSettings, book: RuleBook) -> dict[str, Any]:
    """The rules an answer was counted by, as far as a page shows them."""
    return {
        "version": book.version,
        "density": dict(settings.density),
        "level": settings.level,
        "working_frac": settings.working_frac,
        "networked_frac": settings.networked_frac,
        "private_level": settings.private_level,
        "private_price": settings.private_price,
        "private_most_m": finite(settings.private_most_m),
        "place_weight_m": settings.place_weight_m,
        "per_pole": settings.per_pole,
        "planned_channels": {name or "all": n for name, n in settings.planned_channels.items()},
    }


def row_out(row: DensityRow) -> dict[str, Any]:
    """Cameras of an area."""
    return {
        "scope": row.scope,
        "code": row.code,
        "name": row.name,
        "area_km2": round(row.area_km2, 6),
        "positions": row.positions,
        "channels": row.channels,
        "working": row.working,
        "working_frac": _rounded(row.working_frac, 5),
        "networked": row.networked,
        "networked_known": row.networked_known,
        "networked_frac": _rounded(row.networked_frac, 5),
        "target_per_km2": round(row.target_per_km2, 4),
        "density_per_km2": _rounded(row.density_per_km2, 4),
        "missing": row.missing,
        "street_m": round(row.street_m, 1),
        "seen_m": {level: round(metres, 1) for level, metres in row.seen_m.items()},
        "seen_frac": seen_fracs(row),
        "twice_m": round(row.twice_m, 1),
        "places": row.places,
        "places_seen": dict(row.places_seen),
        "private_m": round(row.private_m, 1),
    }


def _with_place(row: DensityRow, ground: Ground, about: Mapping[str, int], names: Mapping[str, str]) -> dict[str, Any]:
    told = row_out(row)
    if row.scope == "grid":
        land, at = ground.land, about[row.code]
        told |= {"community": land.community[at], "town": land.town[at], "class_code": land.class_code[at]}
        told |= {"community_name": names.get(land.community[at], ""), "households": float(land.households[at])}
    return told


def _sight_totals(found: DeskCameras, grids: BoolArray) -> dict[str, Any]:
    """What a page says of assumptions and blind stretches beside the row of everything."""
    survey = found.survey
    here = _cameras_in(found, grids)
    blind = [one for one in survey.blind if grids[one.grid]]
    return {
        "assumed": int((survey.cameras.is_assumed & here).sum()),
        "forbidden": int((survey.is_forbidden & here).sum()),
        "blind": len(blind),
        "blind_m": round(float(sum(one.length_m for one in blind)), 1),
        "off_grids": int((survey.grid < 0).sum()) if grids.all() else 0,
    }


def _cameras_in(found: DeskCameras, grids: BoolArray) -> BoolArray:
    """Cameras that stand in some grids; with all of them those outside every grid too."""
    of = found.survey.grid
    return np.where(of >= 0, np.append(grids, False)[of], grids.all()).astype(bool)


def _programmes(found: DeskCameras, grids: BoolArray, is_whole: bool) -> list[dict[str, Any]]:
    """Positions and channels by building programme; what was planned is known of the whole only."""
    survey = found.survey
    sums = _sums(survey.programme, survey.channels, _cameras_in(found, grids))
    planned = survey.settings.planned_channels if is_whole and grids.all() else {}
    names = sorted({*sums, *(name for name in planned if name)}, key=lambda name: (-sums.get(name, (0, 0))[0], name))
    rows = [(name, *sums.get(name, (0, 0)), planned.get(name) if name else None) for name in names]
    if "" in planned:
        n, m = (sum(column) for column in zip(*sums.values(), (0, 0)))
        rows.append(("all", n, m, planned[""]))
    return [
        {"name": name, "positions": n, "channels": m, "planned": goal, "frac": round(m / goal, 5) if goal else None}
        for name, n, m, goal in rows
    ]


def _owners(found: DeskCameras, grids: BoolArray) -> list[dict[str, Any]]:
    survey = found.survey
    sums = _sums(survey.owner, survey.channels, _cameras_in(found, grids))
    ranked = sorted(sums.items(), key=lambda item: (-item[1][0], item[0]))
    return [{"name": name, "positions": n, "channels": m} for name, (n, m) in ranked]


def _sums(names: Sequence[str], channels: Any, here: BoolArray) -> dict[str, tuple[int, int]]:
    sums: dict[str, tuple[int, int]] = {}
    for at in np.flatnonzero(here).tolist():
        n, m = sums.get(names[at], (0, 0))
        sums[names[at]] = (n + 1, m + int(channels[at]))
    return sums


def notes_out(report: QualityReport, language: str) -> list[dict[str, Any]]:
    """Remarks as sentences; of very many the first, and how many more there are."""
    faults = [
        Fault(r.code, {"layer": r.layer, "id": r.id, "before": r.before, "after": r.after, **r.facts})
        for r in report.remarks[:MOST_NOTES]
    ]
    if len(report.remarks) > MOST_NOTES:
        faults.append(Fault("note_coverage_more", {"measured": len(report.remarks) - MOST_NOTES}))
    return [{"code": f.code, "message": sentence(f.code, f.facts, language), "facts": _plain(f.facts)} for f in faults]


def what_if_out(ground: Ground, found: WhatIf, level: str, has_places: bool) -> dict[str, Any]:
    """What would change: rows before and after, and what is newly seen where places were given."""
    codes = ground.land.codes
    return {
        "plan": plan_out(ground.card),
        "level": level,
        "added": found.added,
        "rows": [{"before": row_out(before), "after": row_out(after)} for before, after in found.rows],
        "newly_seen_m": round(found.seen_m[level], 1) if has_places else None,
        "newly_seen": {name: round(metres, 1) for name, metres in found.seen_m.items()} if has_places else None,
        "places": dict(found.places) if has_places else None,
        "private_m": round(found.private_m, 1) if has_places else None,
        "grids": [codes[row] if row >= 0 else "" for row in found.grid],
    }


def siting_out(ground: Ground, answer: SitingAnswer, sights: ObjectArray, decided: Mapping[str, str]) -> dict[str, Any]:
    """Cameras proposed, ranked, each with what it would see.

    Parameters
    ----------
    sights
        Per proposal: polygon of what it would see.
    decided
        Proposal to verdict.
    """
    crs, codes = ground.territory.crs, ground.land.codes
    proposals = answer.proposals
    points = lon_lat([one.x for one in proposals], [one.y for one in proposals], crs)
    all_round = (answer.cameras.hfov_deg >= 360).tolist()
    best = answer.bound if answer.goal != "all" else answer.worth
    least = answer.worth if answer.goal != "all" else answer.bound
    return {
        "plan": plan_out(ground.card),
        "goal": answer.goal,
        "level": answer.level,
        "edition": answer.edition,
        "proposals": [
            {
                "rank": one.rank,
                "id": one.id,
                "lon": lon,
                "lat": lat,
                "heading_deg": None if round_about else round(one.heading_deg, 2),
                "grid": codes[one.grid] if one.grid >= 0 else "",
                "gain_m": round(one.gain_m, 1),
                "total_m": round(one.total_m, 1),
                "street_m": round(one.street_m, 1),
                "places": one.places,
                "private_m": round(one.private_m, 1),
                "is_for_floor": one.is_for_floor,
                "sight": sight,
                "verdict": decided.get(one.id),
            }
            for one, (lon, lat), round_about, sight in zip(
                proposals, points, all_round, geometry_of(sights, crs), strict=True
            )
        ],
        "seen_before_m": round(answer.seen_before_m, 1),
        "seen_after_m": round(answer.seen_after_m, 1),
        "street_m": round(answer.street_m, 1),
        "reachable_m": round(answer.reachable_m, 1),
        "worth": round(answer.worth, 2),
        "greedy_worth": round(answer.greedy_worth, 2),
        "bound": round(answer.bound, 2),
        "bound_frac": round(min(1.0, least / best), 6) if best > 0 else 1.0,
        "is_proved": answer.is_proved,
        "density": {name: [round(a, 4), round(b, 4)] for name, (a, b) in answer.density.items()},
        "floor_short": {code: n for code, n in answer.floor_short.items() if n},
        "left_out": dict(answer.left_out),
    }


def decision_out(one: Decision) -> dict[str, Any]:
    """A decision."""
    return {
        "id": one.id,
        "kind": one.kind,
        "grid": one.grid,
        "lon": one.lon,
        "lat": one.lat,
        "heading_deg": one.heading_deg,
        "level": one.level,
        "verdict": one.verdict,
        "decided_at": one.decided_at.isoformat(),
        "role": one.role,
    }


def finite(value: float) -> float | None:
    """A number, None for one without end."""
    return value if math.isfinite(value) else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if value not in (None, "")}
