"""Promises held against their doors: shares counted again, the last door, who is out of reach, rings that only grow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import shapely

from gis.errors import Fault
from gis.graph import BoolArray, FloatArray
from gis.streets.network import ObjectArray
from gis.territory import Territory
from partition.coverage.check.arrival import NEAR_S, arrival_faults, door_faults, snap_faults
from partition.coverage.check.terms import Ground, fault, first, is_near
from partition.coverage.reach.types import Doors, ReachSurvey, RuleReach, Shares
from partition.coverage.settings import Band, ReachSettings

_BUILDINGS, _PLACES = "buildings", "key_places"
_S_PER_MIN = 60.0
_M_PER_S = 1.0 / 3.6
_CREW = ("officers", "staff", "crew", "capacity")
_MEANS = {"car": ("vehicles", "cars"), "ebike": ("ebikes", "e_bikes")}
_BORDER_M = 3.0
"""A door this close outside every grid belongs to the nearest."""


def rule_faults(territory: Territory, ground: Ground, survey: ReachSurvey, reach: RuleReach) -> Iterator[Fault]:
    """One promise in one part of the day."""
    settings, rule = survey.settings, reach.rule
    band = next(band for band in settings.bands if band.name == reach.band)
    doors = doors_of(survey, reach)
    network = survey.networks[rule.mode.value]
    posts = answering(territory, reach, band)
    posts &= np.asarray(survey.post_node[rule.mode.value]) >= 0
    if reach.n_posts != int(posts.sum()):
        yield fault("coverage_check_posts", measured=reach.n_posts, allowed=int(posts.sum()))
    nodes = np.asarray(survey.post_node[rule.mode.value])
    used = np.unique(np.asarray(reach.arrival.node_post))
    used = used[used >= 0]
    for row in used[~posts[used]][:5].tolist():
        yield fault("coverage_check_post_kind", id=str(territory["posts"]["id"].iloc[row]))
    starts = start_seconds(survey, reach)
    yield from arrival_faults(network, reach.arrival, nodes[posts], starts[posts], band.speed_factor)
    off_street = settings.off_street_kmh * _M_PER_S
    yield from door_faults(network, reach.arrival, doors, reach.door_s, band.speed_factor, off_street)
    yield from _share_faults(territory, ground, doors, reach)
    yield from _promise_faults(reach, doors, asked_of(territory, doors, reach))


def survey_faults(territory: Territory, ground: Ground, survey: ReachSurvey) -> Iterator[Fault]:
    """What holds for all promises: the doors, their street, their grid."""
    for (mode, layer), doors in sorted(survey.doors.items()):
        table = territory[layer]
        if layer == _BUILDINGS and len(np.unique(doors.row)) != len(table):
            yield fault("coverage_check_doors", column=layer, measured=len(np.unique(doors.row)), allowed=len(table))
        shapes: ObjectArray = np.asarray(table.geometry.array, dtype=object)
        yield from snap_faults(survey.networks[mode], doors, shapes)


def doors_of(survey: ReachSurvey, reach: RuleReach) -> Doors:
    """The doors that a promise is made to."""
    return survey.doors[reach.rule.mode.value, _PLACES if reach.rule.places else _BUILDINGS]


def answering(territory: Territory, reach: RuleReach, band: Band) -> BoolArray:
    """Posts, by row of the layer, of a kind that answers in this part of the day, with somebody and something left."""
    posts = territory["posts"]
    kinds = posts["kind"].astype(str).to_numpy()
    answers = np.ones(len(kinds), dtype=bool)
    for wanted in (reach.rule.posts, band.posts):
        if wanted:
            answers &= np.isin(kinds, sorted(wanted))
    for names in (_CREW, _MEANS.get(reach.rule.mode.value, ())):
        stated = [c for name in names for c in (f"{name}_{band.name}", name) if c in posts.columns]
        if stated:
            answers &= posts[stated[0]].astype("float64").fillna(1.0).to_numpy() > 0
    return answers


def start_seconds(survey: ReachSurvey, reach: RuleReach) -> FloatArray:
    """Per post: seconds from the call until it is on the street, from its yard in its own mode."""
    speed_m_s = survey.settings.speed_kmh[reach.rule.mode] * _M_PER_S
    seconds: FloatArray = survey.settings.turn_out_s + np.asarray(survey.post_off_m[reach.rule.mode.value]) / speed_m_s
    return seconds


def _share_faults(territory: Territory, ground: Ground, doors: Doors, reach: RuleReach) -> Iterator[Fault]:
    asked = asked_of(territory, doors, reach)
    within = np.asarray(reach.door_s) <= reach.rule.minutes * _S_PER_MIN + 1e-9
    near = np.abs(np.asarray(reach.door_s) - reach.rule.minutes * _S_PER_MIN) < NEAR_S
    slack_n = int((near & asked).sum())
    slack_h = float(np.asarray(doors.households)[near & asked].sum())
    counted = _count(doors, asked, within)
    for column, value in counted.items():
        slack = slack_h if column.startswith("households") else slack_n
        told = float(getattr(reach.shares, column))
        if abs(told - value) > slack + 1e-6 * max(1.0, value):
            yield fault("coverage_check_share", id=reach.rule.name, column=column, measured=told, allowed=value)
    for at, code in enumerate(ground.codes):
        shares = reach.by_grid.get(code)
        inside = asked & (np.asarray(doors.grid) == at)
        if shares is None:
            if inside.any():
                yield fault("coverage_check_row_missing", id=code, column=reach.rule.name)
            continue
        for column, value in _count(doors, inside, within).items():
            slack = slack_h if column.startswith("households") else slack_n
            told = float(getattr(shares, column))
            if abs(told - value) > slack + 1e-6 * max(1.0, value):
                yield fault("coverage_check_share", id=code, column=column, measured=told, allowed=value)
    for shares in (reach.shares, *reach.by_grid.values(), *reach.ring.values()):
        yield from _part_faults(reach, shares)


def asked_of(territory: Territory, doors: Doors, reach: RuleReach) -> BoolArray:
    """Which of the doors the promise is made to: all buildings, or places of its kinds."""
    if not reach.rule.places:
        return np.ones(len(doors.row), dtype=bool)
    kinds = territory[_PLACES]["kind"].astype(str).to_numpy()[np.asarray(doors.row)]
    chosen: BoolArray = np.isin(kinds, sorted(reach.rule.places))
    return chosen


def _count(doors: Doors, asked: BoolArray, within: BoolArray) -> dict[str, float]:
    if doors.layer == _PLACES:
        return {"places": float(asked.sum()), "places_in": float((asked & within).sum())}
    households: FloatArray = np.asarray(doors.households)
    return {
        "households": float(households[asked].sum()),
        "households_in": float(households[asked & within].sum()),
        "buildings": float(asked.sum()),
        "buildings_in": float((asked & within).sum()),
    }


def _part_faults(reach: RuleReach, shares: Shares) -> Iterator[Fault]:
    pairs = ("households", "buildings", "places")
    for name in pairs:
        if getattr(shares, f"{name}_in") > getattr(shares, name) + 1e-6:
            yield fault("coverage_check_share_over", id=reach.rule.name, column=name)
    for whole, part in (("street_m", "street_in_m"), ("area_m2", "area_in_m2")):
        if getattr(shares, part) > getattr(shares, whole) * (1 + 1e-6) + 1.0:
            yield fault("coverage_check_share_over", id=reach.rule.name, column=part)


def _promise_faults(reach: RuleReach, doors: Doors, asked: BoolArray) -> Iterator[Fault]:
    door_s = np.asarray(reach.door_s)[asked]
    finite = door_s[np.isfinite(door_s)]
    if reach.unreachable != len(door_s) - len(finite):
        yield fault(
            "coverage_check_unreachable",
            id=reach.rule.name,
            measured=reach.unreachable,
            allowed=len(door_s) - len(finite),
        )
    name = reach.rule.name
    if reach.worst_s is not None and len(finite) and abs(reach.worst_s - float(finite.max())) > NEAR_S:
        yield fault("coverage_check_worst", id=name, measured=reach.worst_s, allowed=float(finite.max()))
    told = [door.seconds for door in reach.worst]
    if told != sorted(told, reverse=True):
        yield fault("coverage_check_worst_order", id=name)
    held = [reach.ring[minutes] for minutes in sorted(reach.ring)]
    for sooner, later in pairwise(held):
        for column in ("households_in", "buildings_in", "places_in", "street_in_m", "area_in_m2"):
            if getattr(sooner, column) > getattr(later, column) + 1e-3:
                yield fault("coverage_check_ring", id=name, column=column)
    yield from _verdict_faults(reach, doors, asked)


def _verdict_faults(reach: RuleReach, doors: Doors, asked: BoolArray) -> Iterator[Fault]:
    """A promise to places is one about their number; to everybody, about households; without exception, every door."""
    rule, door_s = reach.rule, np.asarray(reach.door_s)
    limit = rule.minutes * _S_PER_MIN
    if reach.is_kept is None or not asked.any() or (np.abs(door_s[asked] - limit) < NEAR_S).any():
        return
    on_time = door_s <= limit
    weight = np.asarray(doors.households) if not rule.places and rule.target_frac < 1.0 else np.zeros(len(door_s))
    if not weight[asked].sum() > 0:
        weight = np.ones(len(door_s))
    frac = float(weight[asked & on_time].sum() / weight[asked].sum())
    if reach.is_kept != (frac >= rule.target_frac - 1e-9):
        yield fault("coverage_check_kept", id=rule.name, measured=frac, allowed=rule.target_frac)


def settings_faults(settings: ReachSettings, survey: ReachSurvey) -> Iterator[Fault]:
    """Promises that were asked for and are not there."""
    told = {(reach.rule.name, reach.band) for reach in survey.rules}
    for rule in settings.rules:
        for band in settings.bands:
            if (rule.name, band.name) not in told:
                yield fault("coverage_check_rule_missing", id=rule.name, column=band.name)
    if not is_near(float(len(told)), float(len(survey.rules)), 0.0):
        yield fault("coverage_check_rule_twice", measured=len(survey.rules), allowed=len(told))


def grid_faults(territory: Territory, ground: Ground, survey: ReachSurvey) -> Iterator[Fault]:
    """Doors counted in a grid that they are not in."""
    for (_, layer), doors in sorted(survey.doors.items()):
        shapes = np.asarray(territory[layer].geometry.array, dtype=object)[np.asarray(doors.row)]
        spots = shapely.point_on_surface(shapes)
        # The middle of a building may lie in another grid than the spot its grid was told by.
        bad = ground.strays(spots, doors.grid, _BORDER_M) & ground.strays(shapely.centroid(shapes), doors.grid)
        for at in first(bad):
            yield fault("coverage_check_door_grid", row=int(doors.row[at]) + 1, column=layer)
