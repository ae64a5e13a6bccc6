"""Response times for somebody who sees some of the grids: shares, worst doors, a map, the time to a spot.

A survey is of the whole plan, because posts answer across borders; what is added up here is of the reader's grids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import shapely

from api.feature_pages import Page, Told
from api.usecases.coverage_desk import DeskReach, Ground
from gis.errors import NotFound
from gis.graph import BoolArray, FloatArray
from gis.streets import StreetNetwork
from gis.streets.network import ObjectArray
from partition.coverage.reach.arrival import in_time, reached_m
from partition.coverage.reach.cuts import parts_of
from partition.coverage.reach.doors import door_seconds, walk_in
from partition.coverage.reach.rings import rings
from partition.coverage.reach.survey import is_kept
from partition.coverage.reach.types import Doors, ReachSurvey, RuleReach, Shares, WorstDoor
from partition.coverage.reach.worst import worst_doors

_SHORT_M = 0.5


@dataclass(frozen=True, slots=True)
class RuleView:
    """One promise in one band, of some grids.

    Attributes
    ----------
    reach
        As surveyed over everything.
    shares, is_kept, worst, worst_s, unreachable
        As in `RuleReach`, of the reader's grids.
    ring
        Minutes to shares; none where the reader does not see everything.
    by_grid
        Grid code to the share of what is promised that is reached in time; None where there is nothing.
    """

    reach: RuleReach
    shares: Shares
    is_kept: bool | None
    worst: tuple[WorstDoor, ...]
    worst_s: float | None
    unreachable: int
    ring: Mapping[float, Shares]
    by_grid: Mapping[str, float | None]


def rule_views(found: DeskReach, grids: BoolArray, is_whole: bool) -> list[RuleView]:
    """Every promise in every band."""
    return [_view(found, reach, grids, is_whole) for reach in found.survey.rules]


def _view(found: DeskReach, reach: RuleReach, grids: BoolArray, is_whole: bool) -> RuleView:
    survey, codes = found.survey, found.survey.codes
    by_grid = {
        code: _promised(reach, reach.by_grid[code]) for code, seen in zip(codes, grids.tolist(), strict=True) if seen
    }
    if is_whole:
        own = (reach.shares, reach.is_kept, reach.worst, reach.worst_s, reach.unreachable)
        return RuleView(reach, *own, reach.ring, by_grid)
    shares = _sum(reach.by_grid[code] for code in by_grid)
    doors = doors_of(survey, reach)
    here = reach.promised & np.append(grids, False)[doors.grid]
    seconds = reach.door_s[here]
    finite = seconds[np.isfinite(seconds)]
    worst: tuple[WorstDoor, ...] = ()
    if reach.n_posts:
        _, post = _door_seconds(survey, reach, doors)
        worst = worst_doors(found.ground.territory, codes, doors, reach.door_s, post, here, survey.settings.worst)
    kept = None if reach.is_kept is None else is_kept(reach.rule, shares, seconds)
    last = float(finite.max()) if len(finite) else None
    return RuleView(reach, shares, kept, worst, last, int(np.isinf(seconds).sum()), {}, by_grid)


def rule_index(survey: ReachSurvey, rule: str, band: str | None) -> int:
    """Position of a promise in a band; the first band where none is named.

    Raises
    ------
    NotFound
        ``reach_rule_unknown``.
    """
    for at, one in enumerate(survey.rules):
        if one.rule.name == rule and band in (None, "", one.band):
            return at
    allowed = ", ".join(f"{one.rule.name} {one.band}" for one in survey.rules)
    raise NotFound("reach_rule_unknown", measured=f"{rule} {band or ''}".strip()[:80], allowed=allowed)


def doors_of(survey: ReachSurvey, reach: RuleReach) -> Doors:
    """The doors a promise is made to."""
    return survey.doors[reach.rule.mode.value, "key_places" if reach.rule.places else "buildings"]


def factor_of(survey: ReachSurvey, reach: RuleReach) -> float:
    """How much faster one gets through in the band of a promise."""
    return next(band.speed_factor for band in survey.settings.bands if band.name == reach.band)


def network_of(survey: ReachSurvey, reach: RuleReach) -> StreetNetwork:
    """The streets of a promise."""
    return survey.networks[reach.rule.mode.value]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of one promise a map shows."""

    index: int
    grids: BoolArray
    is_whole: bool
    minutes: tuple[float, ...] = ()


def rings_on_map(found: DeskReach, chosen: Chosen, page: Page) -> Told:
    """The ground around the streets reached, per number of minutes, the widest first; to look at, not to count."""
    made = rings(found.survey, chosen.index, minutes_of(found.survey, chosen))[::-1]
    shapes = np.array([*(ring.polygon for ring in made), None], dtype=object)[:-1]
    if not chosen.is_whole:
        shapes = shapely.intersection(shapes, _ground(found.ground, chosen.grids))
    facts = [{"minutes": ring.minutes, "street_m": round(float(shapely.length(ring.lines).sum()), 1)} for ring in made]
    return _paged(shapes, facts, found.ground, page)


def streets_on_map(found: DeskReach, chosen: Chosen, page: Page) -> Told:
    """Pieces of street by the number of minutes within which they are reached; none for those that are later."""
    survey = found.survey
    reach = survey.rules[chosen.index]
    network, factor = network_of(survey, reach), factor_of(survey, reach)
    minutes = minutes_of(survey, chosen)
    pieces: list[ObjectArray] = []
    within: list[float | None] = []
    for step, (which, begin, end) in zip((*minutes, None), _bands(network, reach, minutes, factor), strict=True):
        long = end - begin > _SHORT_M
        cut = parts_of(network.geometry, which[long], begin[long], end[long])
        pieces.append(cut)
        within += [step] * len(cut)
    shapes = np.concatenate(pieces)
    if not chosen.is_whole and len(shapes):
        inside = shapely.intersects(shapes, _ground(found.ground, chosen.grids))
        shapes, within = shapes[inside], [w for w, keep in zip(within, inside.tolist()) if keep]
    facts = [{"minutes": step, "seconds": None if step is None else 60.0 * step} for step in within]
    return _paged(shapes, facts, found.ground, page)


def posts_on_map(found: DeskReach, chosen: Chosen, page: Page) -> Told:
    """Posts, and whether each answers; also those of neighbours, because they answer here too."""
    survey = found.survey
    reach = survey.rules[chosen.index]
    mode, table = reach.rule.mode.value, found.ground.territory["posts"]
    node, off_m = survey.post_node[mode], survey.post_off_m[mode]
    first = set(reach.arrival.node_post[reach.arrival.node_post >= 0].tolist())
    facts = [
        {
            "id": str(id),
            "name": name if isinstance(name, str) else "",
            "kind": str(kind),
            "answers": row in first,
            "on_network": bool(node[row] >= 0),
            "off_m": round(float(off_m[row]), 1) if np.isfinite(off_m[row]) else None,
        }
        for row, (id, name, kind) in enumerate(zip(table["id"], table["name"], table["kind"]))
    ]
    return _paged(np.asarray(table.geometry.array, dtype=object), facts, found.ground, page)


def doors_on_map(found: DeskReach, chosen: Chosen, page: Page) -> Told:
    """Doors that are not reached in time, those that nobody reaches first, then the last first."""
    survey = found.survey
    reach = survey.rules[chosen.index]
    doors = doors_of(survey, reach)
    here = reach.promised & (np.append(chosen.grids, chosen.is_whole)[doors.grid])
    rows = np.flatnonzero(here & ~in_time(reach.door_s, 60.0 * reach.rule.minutes))
    rows = rows[np.lexsort((rows, -reach.door_s[rows]))]
    part = rows[page.offset : page.offset + page.limit]
    table, codes = found.ground.territory[doors.layer], survey.codes
    shapes = shapely.point_on_surface(np.asarray(table.geometry.array, dtype=object)[part])
    ids = table["id"].astype("str").to_numpy(dtype=object)
    facts = [
        {
            "layer": doors.layer,
            "id": ids[row],
            "seconds": round(float(reach.door_s[row]), 1) if np.isfinite(reach.door_s[row]) else None,
            "households": float(doors.households[row]),
            "grid": codes[doors.grid[row]] if doors.grid[row] >= 0 else "",
        }
        for row in part.tolist()
    ]
    return Told(shapes, found.ground.territory.crs, facts, len(rows))


ON_MAP = {"rings": rings_on_map, "streets": streets_on_map, "posts": posts_on_map, "doors": doors_on_map}
"""Kinds of features."""


def minutes_of(survey: ReachSurvey, chosen: Chosen) -> tuple[float, ...]:
    """Minutes asked for, or those of the rules."""
    own = (*survey.settings.ring_minutes, survey.rules[chosen.index].rule.minutes)
    return tuple(sorted(set(chosen.minutes or own)))


def arrivals_at(found: DeskReach, x: float, y: float) -> list[dict[str, Any]]:
    """Seconds until somebody is at a spot, and which post is first, for every promise in every band."""
    survey, ground = found.survey, found.ground
    settings = survey.settings
    ids = ground.territory["posts"]["id"].astype("str").tolist()
    point = np.array([shapely.Point(x, y)], dtype=object)
    spots = {
        mode: ground.unit_index(network, mode).kerb.find(point, settings.place_m, settings.passage_m)
        for mode, network in survey.networks.items()
    }
    told = []
    for reach in survey.rules:
        at = spots[reach.rule.mode.value]
        seconds, post = walk_in(
            network_of(survey, reach),
            reach.arrival,
            at.link,
            at.along_m,
            at.off_m,
            settings.off_street_kmh,
            factor_of(survey, reach),
        )
        comes = bool(np.isfinite(seconds[0]))
        told.append(
            {
                "name": reach.rule.name,
                "band": reach.band,
                "mode": reach.rule.mode.value,
                "minutes": reach.rule.minutes,
                "seconds": round(float(seconds[0]), 1) if comes else None,
                "in_time": bool(in_time(seconds, 60.0 * reach.rule.minutes)[0]),
                "post": ids[int(post[0])] if comes and post[0] >= 0 else "",
            }
        )
    return told


def _door_seconds(survey: ReachSurvey, reach: RuleReach, doors: Doors) -> tuple[FloatArray, Any]:
    kmh, factor = survey.settings.off_street_kmh, factor_of(survey, reach)
    return door_seconds(network_of(survey, reach), reach.arrival, doors, kmh, factor)


def _bands(
    network: StreetNetwork, reach: RuleReach, minutes: Sequence[float], factor: float
) -> list[tuple[Any, FloatArray, FloatArray]]:
    """Per step of minutes, and beyond the last: links with the metres between which they are reached in that step."""
    length = network.length_m
    every = np.arange(network.n_links)
    low, high = np.zeros(len(every)), np.zeros(len(every))  # reached so far, from the tail and from the head
    found = []
    for limit in minutes:
        ahead, behind = reached_m(network, reach.arrival, 60.0 * limit, factor)
        ahead, behind = np.maximum(ahead, low), np.maximum(behind, high)
        meet = ahead + behind >= length
        # Where both ends meet, what lies between the old ends is one piece.
        first_end = np.where(meet, length - high, ahead)
        second_begin = np.where(meet, length - high, length - behind)
        found.append(
            (
                np.concatenate([every, every]),
                np.concatenate([low, second_begin]),
                np.concatenate([first_end, length - high]),
            )
        )
        low, high = np.where(meet, length, ahead), np.where(meet, 0.0, behind)
    usable = np.isfinite(network.passing_s).any(axis=1)
    found.append((every[usable], low[usable], (length - high)[usable]))
    return found


def _ground(ground: Ground, grids: BoolArray) -> Any:
    return shapely.union_all(ground.land.geometry[grids])


def _paged(shapes: ObjectArray, facts: Sequence[Mapping[str, Any]], ground: Ground, page: Page) -> Told:
    part = slice(page.offset, page.offset + page.limit)
    return Told(shapes[part], ground.territory.crs, list(facts[part]), len(shapes))


def _promised(reach: RuleReach, shares: Shares) -> float | None:
    """Share of what a promise is made to."""
    pairs = (
        [(shares.places_in, shares.places)]
        if reach.rule.places
        else [(shares.households_in, shares.households), (shares.buildings_in, shares.buildings)]
    )
    return next((float(part / whole) for part, whole in pairs if whole > 0), None)


def _sum(shares: Any) -> Shares:
    listed = list(shares)
    return Shares(**{f.name: sum(getattr(one, f.name) for one in listed) for f in fields(Shares)})
