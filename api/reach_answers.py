"""Surveys of response times, posts proposed, units and comparisons as answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from api.coverage_answers import finite, notes_out, plan_out
from api.feature_pages import geometry_of, lon_lat
from api.i18n import sentence
from api.usecases.coverage_desk import DeskCameras, DeskReach, Ground
from api.usecases.reach_views import RuleView, rule_views
from data.store.rooms.coverage import RuleBook
from gis.graph import BoolArray
from partition.coverage.compare import compare_coverage
from partition.coverage.posts.types import PostsAnswer
from partition.coverage.reach.types import Shares, UnitReach, WorstDoor

_BETTER = {
    "grids": 0,
    "promises": 0,
    "grids_under_target": -1,
    "missing_positions": -1,
    "blind_m": -1,
    "private_m": -1,
    "density_mean": 0,
    "density_max": 0,
}
"""Whether more of a measure is better (1, what is not listed), worse (-1) or neither."""


def reach_out(found: DeskReach, book: RuleBook, grids: BoolArray, is_whole: bool, language: str) -> dict[str, Any]:
    """Every promise in every band for somebody who sees some of the grids."""
    views = rule_views(found, grids, is_whole)
    settings = found.survey.settings
    return {
        "plan": plan_out(found.ground.card),
        "settings": {
            "version": book.version,
            "speed_kmh": {mode.value: kmh for mode, kmh in settings.speed_kmh.items()},
            "turn_out_s": settings.turn_out_s,
            "bands": [
                {"name": band.name, "speed_factor": band.speed_factor, "posts": sorted(band.posts)}
                for band in settings.bands
            ],
        },
        "rules": [_rule_out(view, found.ground) for view in views],
        "grids": {
            f"{view.reach.rule.name}-{view.reach.band}": {
                code: None if frac is None else round(frac, 5) for code, frac in view.by_grid.items()
            }
            for view in views
        },
        "warnings": notes_out(found.report, language) if is_whole else [],
    }


def _rule_out(view: RuleView, ground: Ground) -> dict[str, Any]:
    reach, rule = view.reach, view.reach.rule
    points = lon_lat(
        [0.0 if math.isnan(door.x) else door.x for door in view.worst],
        [0.0 if math.isnan(door.y) else door.y for door in view.worst],
        ground.territory.crs,
    )
    return {
        "name": rule.name,
        "band": reach.band,
        "minutes": rule.minutes,
        "posts": sorted(rule.posts),
        "places": sorted(rule.places),
        "mode": rule.mode.value,
        "target_frac": rule.target_frac,
        "n_posts": reach.n_posts,
        "is_kept": view.is_kept,
        "shares": shares_out(view.shares),
        "worst_s": None if view.worst_s is None else round(view.worst_s, 1),
        "unreachable": view.unreachable,
        "worst": [_door_out(door, lon, lat) for door, (lon, lat) in zip(view.worst, points, strict=True)],
        "ring": {f"{minutes:g}": shares_out(shares) for minutes, shares in view.ring.items()},
    }


def _door_out(door: WorstDoor, lon: float, lat: float) -> dict[str, Any]:
    return {
        "layer": door.layer,
        "id": door.id,
        "name": door.name,
        "grid": door.grid,
        "seconds": None if math.isinf(door.seconds) else round(door.seconds, 1),
        "post": door.post,
        "off_m": _told(door.off_m),
        "lon": None if math.isnan(door.x) else lon,
        "lat": None if math.isnan(door.y) else lat,
    }


def shares_out(shares: Shares) -> dict[str, float]:
    """What is reached in time, of all there is."""
    return {name: round(float(value), 1) for name, value in asdict(shares).items()}


def posts_out(ground: Ground, answer: PostsAnswer) -> dict[str, Any]:
    """Posts proposed, ranked, with the bound."""
    points = lon_lat([one.x for one in answer.proposals], [one.y for one in answer.proposals], ground.territory.crs)
    return {
        "plan": plan_out(ground.card),
        "rule": answer.rule,
        "band": answer.band,
        "goal": answer.goal.value,
        "proposals": [
            {
                "rank": one.rank,
                "id": one.id,
                "lon": lon,
                "lat": lat,
                "grid": one.grid,
                "near": one.near,
                "gain": _told(one.gain),
                "total": _told(one.total),
            }
            for one, (lon, lat) in zip(answer.proposals, points, strict=True)
        ],
        "before": _told(answer.before),
        "after": _told(answer.after),
        "bound": _told(answer.bound),
        "households_in_before": answer.households_in_before,
        "households_in_after": answer.households_in_after,
        "households": answer.households,
        "is_proved": answer.is_proved,
        "unreachable": answer.unreachable,
    }


def units_out(ground: Ground, units: Sequence[UnitReach], grid: str, language: str) -> dict[str, Any]:
    """Units considered for an incident, each with the reason."""
    crs = ground.territory.crs
    lines = np.array([*(unit.line for unit in units), None], dtype=object)[:-1]
    points = lon_lat([unit.unit.x for unit in units], [unit.unit.y for unit in units], crs)
    return {
        "plan": plan_out(ground.card),
        "grid": grid,
        "units": [
            {
                "id": one.unit.id,
                "kind": one.unit.kind,
                "status": one.unit.status,
                "lon": lon,
                "lat": lat,
                "seconds": None if math.isinf(one.seconds) else round(one.seconds, 1),
                "length_m": round(one.length_m, 1),
                "reason": one.reason,
                "text": sentence(f"coverage_reason_{one.reason}", {}, language),
                "geometry": line,
            }
            for one, line, (lon, lat) in zip(units, geometry_of(lines, crs), points, strict=True)
        ],
    }


def compared_out(
    before: tuple[DeskCameras, DeskReach], after: tuple[DeskCameras, DeskReach], language: str
) -> dict[str, Any]:
    """Measures of two plans side by side."""
    told = compare_coverage(before[0].survey, after[0].survey, before[1].survey, after[1].survey)
    content = told.to_json()
    rows = [
        {
            "name": name,
            "label": sentence(f"coverage_measure_{name}", {}, language),
            **pair,
            "better": _BETTER.get(name, 1),
        }
        for name, pair in content["measures"].items()
    ]
    return {
        "plan": plan_out(before[0].ground.card),
        "other": plan_out(after[0].ground.card),
        "level": before[0].survey.settings.level,
        "edition": before[0].survey.settings.profile.edition,
        **content,
        "measures": rows,
    }


def _told(value: float) -> float | None:
    return finite(round(value, 2) if math.isfinite(value) else value)
