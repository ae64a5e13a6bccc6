"""Everything the map of response times holds, as plain data: streets with times, promises, rings, worst doors, posts.

Streets are packed once a mode and times once a set of posts, so that every promise in every part of the day fits on one
page; the page's own script cuts the lines at the exact minute, as `partition.coverage.reach.rings` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from gis.streets import StreetNetwork
from gis.territory import Territory
from maps.features import to_lonlat
from maps.pack import pack_lines, pack_points, pack_polygons
from maps.patrol.datum import clean
from partition.coverage.posts.types import PostsAnswer
from partition.coverage.reach.types import Arrival, ReachSurvey, Ring, RuleReach, Shares, WorstDoor

MOST_UNREACHABLE = 2_000
"""Doors that nobody reaches drawn for one promise."""
_LINE_TOLERANCE_M = 0.8
_RING_TOLERANCE_M = 3.0

Origin = tuple[float, float]


def reach_data(
    survey: ReachSurvey,
    territory: Territory,
    origin: Origin,
    rings: Sequence[Sequence[Ring]],
    answers: Sequence[PostsAnswer],
) -> dict[str, Any]:
    """The data of the page beside grids and ground.

    Parameters
    ----------
    rings
        Per promise and band (``survey.rules``): its rings.
    answers
        Posts proposed.
    """
    modes = sorted(survey.networks)
    times = _Times()
    rules = [
        _rule(reach, survey, territory, origin, own, times) for reach, own in zip(survey.rules, rings, strict=True)
    ]
    return {
        "modes": {mode: _streets(survey.networks[mode], territory, origin) for mode in modes},
        "times": times.packed(survey),
        "bands": [{"name": clean(band.name), "factor": band.speed_factor} for band in survey.settings.bands],
        "turn_out_s": survey.settings.turn_out_s,
        "rules": rules,
        "posts": _posts(survey, territory, origin),
        "answers": [_answer(answer, territory, origin) for answer in answers],
    }


class _Times:
    """Arrival times of which each is packed once however many promises share it."""

    def __init__(self) -> None:
        self._place: dict[tuple[str, bytes], int] = {}
        self._found: list[tuple[str, Arrival]] = []

    def number(self, mode: str, arrival: Arrival) -> int:
        key = (mode, arrival.link_s.tobytes())
        if key not in self._place:
            self._place[key] = len(self._found)
            self._found.append((mode, arrival))
        return self._place[key]

    def packed(self, survey: ReachSurvey) -> list[list[list[float]]]:
        """Per set of times: seconds at tails and heads of the links that are drawn; -1 where nobody comes."""
        found = []
        for mode, arrival in self._found:
            seconds = arrival.link_s[_is_open(survey.networks[mode])]
            whole = np.where(np.isfinite(seconds), np.round(seconds), -1.0).astype(np.int64)
            found.append([whole[:, 0].tolist(), whole[:, 1].tolist()])
        return found


def _is_open(network: StreetNetwork) -> Any:
    return np.isfinite(network.passing_s).any(axis=1) & (network.length_m > 0.01)


def _streets(network: StreetNetwork, territory: Territory, origin: Origin) -> dict[str, Any]:
    """Links that the mode may use: one line each, and seconds to pass it ahead and back (-1: not allowed)."""
    is_open = _is_open(network)
    lines = shapely.simplify(network.geometry[is_open], _LINE_TOLERANCE_M)
    packed = pack_lines(to_lonlat(lines, network.crs), origin)
    passing = network.passing_s[is_open]
    tenths = np.where(np.isfinite(passing), np.round(passing, 1), -1.0)
    return {
        "lines": [line[0] if line else [] for line in packed],
        "ahead_s": _short(tenths[:, 0]),
        "back_s": _short(tenths[:, 1]),
    }


def _short(values: Any) -> list[float]:
    return [int(v) if v == int(v) else v for v in values.tolist()]


def _rule(
    reach: RuleReach, survey: ReachSurvey, territory: Territory, origin: Origin, rings: Sequence[Ring], times: _Times
) -> dict[str, Any]:
    rule = reach.rule
    polygons = np.array([*(ring.polygon for ring in rings), None], dtype=object)[:-1]
    packed = pack_polygons(to_lonlat(shapely.simplify(polygons, _RING_TOLERANCE_M), territory.crs), origin)
    worst = pack_points(_spots([(door.x, door.y) for door in reach.worst], territory), origin)
    return {
        "name": clean(rule.name),
        "band": clean(reach.band),
        "minutes": rule.minutes,
        "posts": sorted(map(clean, rule.posts)),
        "places": sorted(map(clean, rule.places)),
        "mode": rule.mode.value,
        "target": rule.target_frac,
        "n_posts": reach.n_posts,
        "kept": reach.is_kept,
        "shares": _shares(reach.shares),
        "by_grid": [_shares(reach.by_grid[code]) if code in reach.by_grid else None for code in survey.codes],
        "ring": [[minutes, _shares(shares)] for minutes, shares in sorted(reach.ring.items())],
        "rings": [[ring.minutes, steps] for ring, steps in zip(rings, packed, strict=True)],
        "worst": [_door(door, spot) for door, spot in zip(reach.worst, worst, strict=True)],
        "worst_s": None if reach.worst_s is None else round(reach.worst_s),
        "unreachable": reach.unreachable,
        "nobody": _nobody(reach, survey, territory, origin),
        "times": times.number(rule.mode.value, reach.arrival),
    }


def _shares(shares: Shares) -> list[float]:
    """Households, buildings, places, street and area: in time and in all, two by two."""
    return [
        round(shares.households_in),
        round(shares.households),
        shares.buildings_in,
        shares.buildings,
        shares.places_in,
        shares.places,
        round(shares.street_in_m),
        round(shares.street_m),
        round(shares.area_in_m2),
        round(shares.area_m2),
    ]


def _door(door: WorstDoor, spot: list[int]) -> dict[str, Any]:
    return {
        "id": clean(door.id),
        "name": clean(door.name),
        "layer": door.layer,
        "grid": clean(door.grid),
        "seconds": round(door.seconds) if np.isfinite(door.seconds) else None,
        "post": clean(door.post),
        "off_m": round(door.off_m) if np.isfinite(door.off_m) else None,
        "spot": spot,
    }


def _nobody(reach: RuleReach, survey: ReachSurvey, territory: Territory, origin: Origin) -> list[list[int]]:
    """Where doors stand that nobody reaches."""
    layer = "key_places" if reach.rule.places else "buildings"
    doors = survey.doors.get((reach.rule.mode.value, layer))
    if doors is None:
        return []
    promised = reach.promised if len(reach.promised) else np.ones(len(reach.door_s), dtype=bool)
    rows = doors.row[np.isinf(reach.door_s) & promised][:MOST_UNREACHABLE]
    shapes = np.asarray(territory[layer].geometry.array, dtype=object)[rows]
    return [spot for spot in pack_points(to_lonlat(shapes, territory.crs), origin) if spot]


def _spots(xy: Sequence[tuple[float, float]], territory: Territory) -> Any:
    points = np.array([*(shapely.Point(x, y) if np.isfinite((x, y)).all() else None for x, y in xy), None], object)[:-1]
    return to_lonlat(points, territory.crs)


def _posts(survey: ReachSurvey, territory: Territory, origin: Origin) -> list[dict[str, Any]]:
    table = territory["posts"]
    spots = pack_points(to_lonlat(np.asarray(table.geometry.array, dtype=object), territory.crs), origin)
    columns = (table[c].to_numpy(dtype=object) if c in table.columns else [None] * len(table) for c in _POST_TEXTS)
    off = {mode: nodes < 0 for mode, nodes in survey.post_node.items()}
    return [
        {
            "id": clean(code),
            "kind": clean(kind),
            "name": clean(name),
            "spot": spot,
            "off": sorted(mode for mode, lost in off.items() if lost[row]),
            "off_m": {mode: _metres(far[row]) for mode, far in survey.post_off_m.items()},
        }
        for row, (code, kind, name, spot) in enumerate(zip(*columns, spots, strict=True))
    ]


_POST_TEXTS = ("id", "kind", "name")


def _metres(value: float) -> int | None:
    return round(float(value)) if np.isfinite(value) else None


def _answer(answer: PostsAnswer, territory: Territory, origin: Origin) -> dict[str, Any]:
    spots = pack_points(_spots([(one.x, one.y) for one in answer.proposals], territory), origin)
    return {
        "rule": clean(answer.rule),
        "band": clean(answer.band),
        "goal": answer.goal.value,
        "before": _finite(answer.before),
        "after": _finite(answer.after),
        "bound": _finite(answer.bound),
        "in_before": round(answer.households_in_before),
        "in_after": round(answer.households_in_after),
        "households": round(answer.households),
        "is_proved": answer.is_proved,
        "unreachable": answer.unreachable,
        "proposals": [
            {
                "rank": one.rank,
                "id": clean(one.id),
                "grid": clean(one.grid),
                "near": clean(one.near),
                "gain": _finite(one.gain),
                "total": _finite(one.total),
                "spot": spot,
            }
            for one, spot in zip(answer.proposals, spots, strict=True)
        ],
    }


def _finite(value: float) -> float | None:
    return round(float(value), 1) if np.isfinite(value) else None
