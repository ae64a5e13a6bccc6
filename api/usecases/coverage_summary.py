"""What a survey of cameras or of reach says of itself, as plain data: totals, rows, promises, proposals, notes.

The keys are the ones other programs rely on (docs/coverage.md); more may come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from api.i18n import sentence
from gis.errors import Fact
from gis.report import QualityReport
from gis.territory import Territory
from maps.features import to_lonlat
from partition.coverage.cameras.rates import Rates, places_by_kind, rates
from partition.coverage.cameras.seen import redundancy
from partition.coverage.cameras.types import CameraSurvey, DensityRow
from partition.coverage.posts.types import PostsAnswer
from partition.coverage.reach.types import ReachSurvey, RuleReach, Shares
from partition.coverage.siting.problem import SitingAnswer

_DECIMALS = 3
_BLIND = 200
"""So many blind stretches are in the summary; all of them are in ``blind.geojson``."""


def camera_content(survey: CameraSurvey, territory: Territory) -> dict[str, Any]:
    """What is counted and seen now."""
    settings = survey.settings
    everything = next(row for row in survey.rows if row.scope == "all")
    return {
        "level": settings.level,
        "edition": settings.profile.edition,
        "levels": [{"name": name, "px_per_m": px} for name, px in settings.profile.levels],
        "targets": dict(settings.density),
        "totals": {
            **density_row(everything),
            "assumed": int(np.asarray(survey.cameras.is_assumed).sum()),
            "forbidden": int(np.asarray(survey.is_forbidden).sum()),
            "outside_grids": int((np.asarray(survey.grid) < 0).sum()),
            "blind_stretches": len(survey.blind),
            "blind_m": _round(sum(blind.length_m for blind in survey.blind)),
        },
        "wanted": {
            "covered_frac": settings.covered_frac,
            "networked_frac": settings.networked_frac,
            "working_frac": settings.working_frac,
            "trades_working_frac": settings.trades_working_frac,
        },
        "redundancy_m": {str(n): _round(metres) for n, metres in redundancy(survey.samples, survey.seen_by).items()},
        "places_by_kind": [
            {"kind": kind, "places": places, "seen": seen}
            for kind, (places, seen) in places_by_kind(survey, territory).items()
        ],
        "rows": [{**density_row(row), **_rates(of)} for row, of in zip(survey.rows, rates(survey), strict=True)],
        "programmes": [
            {"name": name, "positions": positions, "channels": channels}
            for name, (positions, channels) in survey.by_programme.items()
        ],
        "owners": [
            {"name": name, "positions": positions, "channels": channels}
            for name, (positions, channels) in survey.by_owner.items()
        ],
        "progress": [
            {"name": name, "channels": built, "planned": planned, "frac": _round(frac, 6)}
            for name, (built, planned, frac) in survey.progress.items()
        ],
        "ids_28181": dict(sorted(Counter(survey.ids_28181).items())),
        "blind": blind_rows(survey, territory)[:_BLIND],
    }


def density_row(row: DensityRow) -> dict[str, Any]:
    """One area."""
    return {
        "scope": row.scope,
        "code": row.code,
        "name": row.name,
        "area_km2": round(row.area_km2, 6),
        "positions": row.positions,
        "channels": row.channels,
        "working": row.working,
        "working_frac": None if row.working_frac is None else _round(row.working_frac, 6),
        "networked": row.networked,
        "networked_known": row.networked_known,
        "networked_frac": None if row.networked_frac is None else _round(row.networked_frac, 6),
        "target_per_km2": _round(row.target_per_km2),
        "density_per_km2": None if row.density_per_km2 is None else _round(row.density_per_km2),
        "missing": row.missing,
        "street_m": _round(row.street_m),
        "seen_m": {level: _round(metres) for level, metres in row.seen_m.items()},
        "seen_frac": {level: _frac(metres, row.street_m) for level, metres in row.seen_m.items()},
        "twice_m": _round(row.twice_m),
        "street_per_camera_m": None if row.street_per_camera_m is None else _round(row.street_per_camera_m),
        "places": row.places,
        "places_seen": dict(row.places_seen),
        "private_m": _round(row.private_m),
    }


def _rates(of: Rates) -> dict[str, Any]:
    """Rates that a row does not hold itself, and which of all reach what is wanted."""
    return {
        "covered_frac": None if of.frac["covered"] is None else _round(of.frac["covered"], 6),
        "trades_working_frac": None if of.frac["trades_working"] is None else _round(of.frac["trades_working"], 6),
        "is_met": dict(of.is_met),
    }


def blind_rows(survey: CameraSurvey, territory: Territory) -> list[dict[str, Any]]:
    """Stretches that no camera sees, the longest first."""
    streets = territory["streets"]
    ids, names = streets["id"].tolist(), streets["name"].tolist()
    return [
        {
            "street": ids[blind.street],
            "name": names[blind.street] if isinstance(names[blind.street], str) else "",
            "from_m": _round(blind.from_m),
            "to_m": _round(blind.to_m),
            "length_m": _round(blind.length_m),
            "grid": survey.land.codes[blind.grid] if blind.grid >= 0 else "",
        }
        for blind in survey.blind
    ]


def siting_content(
    answer: SitingAnswer, survey: CameraSurvey, territory: Territory, asked: int | None
) -> dict[str, Any]:
    """Cameras proposed, with the bound of the answer."""
    spots = _degrees(territory, [(p.x, p.y) for p in answer.proposals])
    codes = survey.land.codes
    worth, bound = answer.worth, answer.bound
    return {
        "goal": answer.goal,
        "level": answer.level,
        "edition": answer.edition,
        "asked": asked,
        "n": len(answer.proposals),
        "seen_before_m": _round(answer.seen_before_m),
        "seen_after_m": _round(answer.seen_after_m),
        "street_m": _round(answer.street_m),
        "reachable_m": _round(answer.reachable_m),
        "worth": _round(worth),
        "greedy_worth": _round(answer.greedy_worth),
        "bound": _round(bound),
        "bound_frac": _bound_frac(answer),
        "is_proved": answer.is_proved,
        "density": {name: [_round(value) for value in pair] for name, pair in answer.density.items()},
        "floor_short": dict(answer.floor_short),
        "left_out": dict(answer.left_out),
        "proposals": [
            {
                "rank": p.rank,
                "id": p.id,
                **spots[p.rank - 1],
                "heading_deg": _round(p.heading_deg),
                "grid": codes[p.grid] if p.grid >= 0 else "",
                "gain_m": _round(p.gain_m),
                "total_m": _round(p.total_m),
                "street_m": _round(p.street_m),
                "places": p.places,
                "private_m": _round(p.private_m),
                "is_for_floor": p.is_for_floor,
            }
            for p in answer.proposals
        ],
    }


def _bound_frac(answer: SitingAnswer) -> float:
    """How much of what is possible at all was reached; for the fewest cameras, the other way round."""
    if answer.goal == "all":
        return 1.0 if answer.worth <= 0 else _round(answer.bound / answer.worth, 6)
    return 1.0 if answer.bound <= 0 else _round(answer.worth / answer.bound, 6)


def reach_content(survey: ReachSurvey, territory: Territory) -> dict[str, Any]:
    """Promises, doors, rings."""
    settings = survey.settings
    return {
        "bands": [
            {"name": band.name, "speed_factor": band.speed_factor, "posts": sorted(band.posts)}
            for band in settings.bands
        ],
        "ring_minutes": list(settings.ring_minutes),
        "speed_kmh": {mode.value: speed for mode, speed in settings.speed_kmh.items()},
        "turn_out_s": settings.turn_out_s,
        "rules": [rule_row(reach, territory) for reach in survey.rules],
        "grids": [
            {
                "grid": code,
                "rule": reach.rule.name,
                "band": reach.band,
                "households": _round(shares.households),
                "households_in": _round(shares.households_in),
                "frac": share_of(reach, shares),
            }
            for reach in survey.rules
            for code, shares in sorted(reach.by_grid.items())
        ],
        "posts_off": posts_off(survey, territory),
    }


def rule_row(reach: RuleReach, territory: Territory) -> dict[str, Any]:
    """One promise in one part of the day."""
    rule = reach.rule
    spots = _degrees(territory, [(door.x, door.y) for door in reach.worst])
    return {
        "rule": rule.name,
        "minutes": rule.minutes,
        "posts": sorted(rule.posts),
        "places": sorted(rule.places),
        "mode": rule.mode.value,
        "target_frac": rule.target_frac,
        "band": reach.band,
        "n_posts": reach.n_posts,
        "is_kept": reach.is_kept,
        "frac": share_of(reach, reach.shares),
        "shares": share_row(reach.shares),
        "worst_s": None if reach.worst_s is None else _round(reach.worst_s),
        "unreachable": reach.unreachable,
        "ring": [{"minutes": minutes, **share_row(shares)} for minutes, shares in sorted(reach.ring.items())],
        "worst": [
            {
                "layer": door.layer,
                "id": door.id,
                "name": door.name,
                "grid": door.grid,
                "seconds": _round(door.seconds) if np.isfinite(door.seconds) else None,
                "post": door.post,
                "off_m": _round(door.off_m) if np.isfinite(door.off_m) else None,
                **spot,
            }
            for door, spot in zip(reach.worst, spots, strict=True)
        ],
    }


def share_row(shares: Shares) -> dict[str, Any]:
    """How much is reached, of how much, and the shares; None where there is nothing to reach."""
    return {
        "households": _round(shares.households),
        "households_in": _round(shares.households_in),
        "households_frac": _frac(shares.households_in, shares.households),
        "buildings": shares.buildings,
        "buildings_in": shares.buildings_in,
        "buildings_frac": _frac(shares.buildings_in, shares.buildings),
        "places": shares.places,
        "places_in": shares.places_in,
        "places_frac": _frac(shares.places_in, shares.places),
        "street_m": _round(shares.street_m),
        "street_in_m": _round(shares.street_in_m),
        "street_frac": _frac(shares.street_in_m, shares.street_m),
        "area_m2": _round(shares.area_m2),
        "area_in_m2": _round(shares.area_in_m2),
        "area_frac": _frac(shares.area_in_m2, shares.area_m2),
    }


def share_of(reach: RuleReach, shares: Shares) -> float | None:
    """The share that the promise is about: of its places, else of households, else of buildings."""
    if reach.rule.places:
        return _frac(shares.places_in, shares.places)
    if shares.households > 0:
        return _frac(shares.households_in, shares.households)
    return _frac(shares.buildings_in, shares.buildings)


def posts_off(survey: ReachSurvey, territory: Territory) -> list[dict[str, Any]]:
    """Posts that are on no street of a mode, with the metres to the nearest one."""
    ids = territory["posts"]["id"].astype(str).tolist()
    rows = []
    for mode, nodes in sorted(survey.post_node.items()):
        for row in np.flatnonzero(np.asarray(nodes) < 0).tolist():
            off_m = float(survey.post_off_m[mode][row])
            rows.append({"post": ids[row], "mode": mode, "off_m": _round(off_m) if np.isfinite(off_m) else None})
    return rows


def posts_content(answer: PostsAnswer, territory: Territory) -> dict[str, Any]:
    """Posts proposed for one promise, with the bound."""
    spots = _degrees(territory, [(p.x, p.y) for p in answer.proposals])
    return {
        "rule": answer.rule,
        "band": answer.band,
        "goal": answer.goal.value,
        "n": len(answer.proposals),
        "before": _or_none(answer.before),
        "after": _or_none(answer.after),
        "bound": _or_none(answer.bound),
        "is_proved": answer.is_proved,
        "households": _round(answer.households),
        "households_in_before": _round(answer.households_in_before),
        "households_in_after": _round(answer.households_in_after),
        "unreachable": answer.unreachable,
        "proposals": [
            {
                "rank": p.rank,
                "id": p.id,
                **spots[p.rank - 1],
                "grid": p.grid,
                "near": p.near,
                "gain": _or_none(p.gain),
                "total": _or_none(p.total),
            }
            for p in answer.proposals
        ],
    }


def report_notes(report: QualityReport, language: str) -> list[dict[str, Any]]:
    """Everything that was mended or found odd, in sentences."""
    notes = []
    for remark in report.remarks:
        facts = {"layer": remark.layer, "id": remark.id, "before": remark.before, "after": remark.after}
        notes.append(note(remark.code, {**facts, **remark.facts}, language))
    return notes


def note(code: str, facts: Mapping[str, Fact], language: str) -> dict[str, Any]:
    """One sentence with its code and facts."""
    return {"code": code, "message": sentence(code, facts, language), "facts": dict(facts)}


def _degrees(territory: Territory, spots: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
    """Longitude and latitude (WGS 84) of places in metres."""
    points = shapely.points(np.asarray(spots, dtype=np.float64).reshape(-1, 2))
    moved = to_lonlat(points, territory.crs) if len(points) else points
    return [{"lon": round(point.x, 7), "lat": round(point.y, 7)} for point in moved]


def _frac(part: float, whole: float) -> float | None:
    return _round(part / whole, 6) if whole > 0 else None


def _or_none(value: float) -> float | None:
    return _round(value) if np.isfinite(value) else None


def _round(value: float, decimals: int = _DECIMALS) -> float:
    return round(float(value), decimals)
