"""From a route in numbers to a route in words: which steps are one instruction, how each turns, when it begins.

Decides where one leg ends and the next begins, and what each turn is called.  The words themselves, and how a leg is
drawn, are the business of the `maps` floor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import shapely
from shapely.ops import substring

from gis.graph import FloatArray, Int32Array
from gis.streets.network import StreetNetwork
from partition.patrol.itinerary import Itinerary, Leg, LegKind, Turn
from partition.patrol.problem import PatrolProblem, Route

STRAIGHT_DEG, BACK_DEG = 20.0, 160.0
"""A change of direction below the first is straight on, above the second a turn about."""

LOOK_M = 10.0
"""The direction of a street at a corner is that of its first ten metres: what a person sees, not a kink of the line."""

_PIECE_M = 0.01


class PosedRoute(Protocol):
    """What is needed of a posed problem: where its links lie in the network, and its stops in the key places."""

    @property
    def problem(self) -> PatrolProblem:
        """The problem that was solved."""

    @property
    def link(self) -> Int32Array:
        """Per problem link: its position in the network."""

    @property
    def from_m(self) -> FloatArray:
        """Per problem link: where it begins on the network link, metres from its tail."""

    @property
    def to_m(self) -> FloatArray:
        """Per problem link: where it ends."""

    @property
    def node(self) -> Int32Array:
        """Per problem node: its number in the network; -1 where a long street was cut."""

    @property
    def place(self) -> Int32Array:
        """Per stop: row of the key places."""


@dataclass(frozen=True, slots=True)
class PlaceName:
    """What a person calls a key place, and where it stands in the CRS of the network (``None``: at its node)."""

    id: str
    kind: str
    name: str
    point: Any = None


@dataclass(frozen=True, slots=True)
class _Step:
    """One pass of one link, with everything that decides whether it goes on from the step before."""

    link: int
    from_m: float
    is_back: bool
    end: int
    kind: LegKind
    other_side: bool
    name: str
    road_class: str
    length_m: float
    seconds: float
    into_deg: float
    out_deg: float
    line: Any


def describe_route(
    network: StreetNetwork,
    posed: PosedRoute,
    route: Route,
    places: Mapping[int, PlaceName] = MappingProxyType({}),
    *,
    id: str,
    grid: str,
    patroller: int = 1,
    n_patrollers: int = 1,
    lower_bound_m: float = 0.0,
    unreachable_m: float = 0.0,
    plan_id: str = "",
    shift: str = "",
    post: str = "",
    starts_at: str = "",
) -> Itinerary:
    """Tell a route leg by leg.

    Steps become one leg where a person would not be told anything between them: same manner, same street, and
    either nearly straight on (less than 20 degrees) or no other way to go.  A place to dwell ends a leg.

    Parameters
    ----------
    network, posed, route
        The route, the problem it solves, and the network of that problem.
    places
        Key places by row of the territory's ``key_places``; a stop without one is told by its number.
    id, grid, patroller, n_patrollers, lower_bound_m, unreachable_m, plan_id, shift, post, starts_at
        See `Itinerary`.

    Notes
    -----
    Cost: about 40 microseconds a step.
    """
    steps = _steps(network, posed, route)
    n_ways = _ways(network)
    stops: dict[int, list[int]] = {}
    for stop, before in zip(route.stop.tolist(), route.stop_step.tolist(), strict=True):
        stops.setdefault(before, []).append(stop)
    begins = [i for i in range(len(steps)) if i == 0 or i in stops or not _goes_on(steps[i - 1], steps[i], n_ways)]
    ends = dict(zip(begins, [*begins[1:], len(steps)]))
    legs: list[Leg] = []
    clock_s = at_m = 0.0

    def tell(**facts: Any) -> None:
        nonlocal clock_s, at_m
        legs.append(Leg(number=len(legs) + 1, start_s=clock_s, start_m=at_m, **facts))
        clock_s, at_m = clock_s + legs[-1].seconds, at_m + legs[-1].length_m

    for i in sorted({*begins, *stops}):
        before = steps[i - 1] if i else None
        for stop in stops.get(i, ()):
            tell(**_dwell(network, posed, places, stop, before))
        if i in ends:
            tell(**_stretch(network, steps[i : ends[i]], before, steps[ends[i] : ends[i] + 1], n_ways))
    return Itinerary(
        id=id,
        grid=grid,
        patroller=patroller,
        n_patrollers=n_patrollers,
        mode=network.mode,
        crs=network.crs,
        legs=tuple(legs),
        length_m=float(route.length_m),
        required_m=float(route.required_m),
        deadhead_m=float(route.deadhead_m),
        minutes=float(route.seconds) / 60.0,
        lower_bound_m=float(lower_bound_m),
        unreachable_m=float(unreachable_m),
        plan_id=plan_id,
        shift=shift,
        post=post,
        starts_at=starts_at,
        is_closed=bool(route.start_node == route.end_node),
    )


def _steps(network: StreetNetwork, posed: PosedRoute, route: Route) -> list[_Step]:
    problem, steps = posed.problem, np.asarray(route.link)
    back = np.asarray(route.is_back, dtype=bool)
    links = np.asarray(posed.link)[steps]
    from_m, to_m = np.asarray(posed.from_m)[steps], np.asarray(posed.to_m)[steps]
    lines = np.asarray(network.geometry, dtype=object)[links].copy()
    for i in np.flatnonzero((from_m > 0) | (to_m < network.length_m[links] - _PIECE_M)).tolist():
        lines[i] = substring(lines[i], from_m[i], to_m[i])
    lines[back] = shapely.reverse(lines[back])
    into, out = _bearings(lines)
    column = back.astype(int)
    inspects = np.asarray(route.inspects, dtype=bool)
    seconds = np.where(inspects, problem.inspecting_s[steps, column], problem.passing_s[steps, column])
    ends = np.asarray(posed.node)[np.where(back, problem.tail[steps], problem.head[steps])]
    seen: set[tuple[int, float]] = set()
    result = []
    for i, link in enumerate(links.tolist()):
        piece = (link, float(from_m[i]))
        result.append(
            _Step(
                link=link,
                from_m=piece[1],
                is_back=bool(back[i]),
                end=int(ends[i]),
                kind="inspect" if inspects[i] else "deadhead",
                other_side=bool(inspects[i]) and piece in seen,
                name=_text(network.name[link]),
                road_class=_text(network.road_class[link]),
                length_m=float(problem.length_m[steps[i]]),
                seconds=float(seconds[i]),
                into_deg=float(into[i]),
                out_deg=float(out[i]),
                line=lines[i],
            )
        )
        if inspects[i]:
            seen.add(piece)
    return result


def _bearings(lines: Any) -> tuple[Any, Any]:
    """Degrees clockwise from north at the beginning and at the end of each line."""
    if not len(lines):
        return np.zeros(0), np.zeros(0)
    near = np.minimum(LOOK_M, shapely.length(lines))
    first = shapely.get_coordinates(shapely.get_point(lines, 0))
    last = shapely.get_coordinates(shapely.get_point(lines, -1))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines, near)) - first
    behind = last - shapely.get_coordinates(shapely.line_interpolate_point(lines, -near))
    return tuple(np.degrees(np.arctan2(v[:, 0], v[:, 1])) % 360 for v in (ahead, behind))  # type: ignore[return-value]


def _ways(network: StreetNetwork) -> Any:
    """Per node: links that may be passed there at all, a loop twice; last, for number -1, the two of a cut street."""
    usable = np.isfinite(network.passing_s).any(axis=1)
    ends = np.concatenate([network.tail[usable], network.head[usable]])
    return np.append(np.bincount(ends, minlength=network.n_nodes), 2)


def _goes_on(before: _Step, step: _Step, n_ways: Any) -> bool:
    if (before.kind, before.other_side, before.name) != (step.kind, step.other_side, step.name):
        return False
    if not step.name and before.road_class != step.road_class:
        return False
    if _is_retraced(before, step):
        return False
    return abs(_change_deg(before, step)) < STRAIGHT_DEG or int(n_ways[before.end]) == 2


def _is_retraced(before: _Step, step: _Step) -> bool:
    return (before.link, before.from_m) == (step.link, step.from_m) and before.is_back != step.is_back


def _change_deg(before: _Step, step: _Step) -> float:
    return (step.into_deg - before.out_deg + 180.0) % 360.0 - 180.0


def _turn(before: _Step | None, step: _Step) -> Turn:
    if before is None:
        return "start"
    change = _change_deg(before, step)
    if _is_retraced(before, step) or abs(change) > BACK_DEG:
        return "back"
    if abs(change) < STRAIGHT_DEG:
        return "straight"
    return "right" if change > 0 else "left"


def _stretch(
    network: StreetNetwork, steps: list[_Step], before: _Step | None, after: list[_Step], n_ways: Any
) -> dict[str, Any]:
    first, last = steps[0], steps[-1]
    return {
        "kind": first.kind,
        "turn": _turn(before, first),
        "name": first.name,
        "road_class": _main_class(steps),
        "link_ids": tuple(network.link_ids[link] for link, _ in groupby(step.link for step in steps)),
        "geometry": _joined([step.line for step in steps]),
        "bearing_deg": first.into_deg,
        "length_m": sum(step.length_m for step in steps),
        "seconds": sum(step.seconds for step in steps),
        "turns_back": bool(after) and _is_retraced(last, after[0]) and int(n_ways[last.end]) == 1,
        "other_side": first.other_side,
    }


def _dwell(
    network: StreetNetwork, posed: PosedRoute, places: Mapping[int, PlaceName], stop: int, before: _Step | None
) -> dict[str, Any]:
    row = int(posed.place[stop])
    place = places.get(row, PlaceName(str(row), "", ""))
    node = int(posed.node[posed.problem.stop_node[stop]])
    return {
        "kind": "dwell",
        "turn": "dwell",
        "name": place.name,
        "road_class": place.kind,
        "link_ids": (),
        "geometry": shapely.Point(network.node_x[node], network.node_y[node]) if place.point is None else place.point,
        "bearing_deg": 0.0 if before is None else before.out_deg,
        "length_m": 0.0,
        "seconds": float(posed.problem.stop_s[stop]),
        "place_id": place.id,
    }


def _main_class(steps: list[_Step]) -> str:
    metres: dict[str, float] = {}
    for step in steps:
        metres[step.road_class] = metres.get(step.road_class, 0.0) + step.length_m
    return max(metres, key=lambda name: (metres[name], name))


def _joined(lines: list[Any]) -> Any:
    parts = [shapely.get_coordinates(line) for line in lines]
    xy = np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
    return shapely.LineString(xy)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def place_names(key_places: gpd.GeoDataFrame) -> dict[int, PlaceName]:
    """The key places of a territory by row, as `describe_route` tells them."""
    columns = [[_text(value) for value in key_places[name]] for name in ("id", "kind", "name")]
    points = shapely.point_on_surface(np.asarray(key_places.geometry.array, dtype=object))
    return {
        row: PlaceName(key, kind, name, None if point is None or point.is_empty else point)
        for row, (key, kind, name, point) in enumerate(zip(*columns, points, strict=True))
    }
