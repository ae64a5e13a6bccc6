"""One grid's patrol as it is walked in one shift: varied, checked again, told leg by leg.

Files (`api.usecases.plan_patrols`) and the service (`api.usecases.patrol_desk`) tell the same routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gis.streets import StreetNetwork
from partition.patrol.check import BeatBook, Posing, check_patrol
from partition.patrol.describe import PlaceName, describe_route
from partition.patrol.itinerary import Itinerary
from partition.patrol.many import GridPatrol
from partition.patrol.schedule import shift_key, vary


def walk_shift(patrol: GridPatrol, book: BeatBook, *, plan_id: str, day: str, half: str, snap_m: float) -> GridPatrol:
    """The patrol as it is walked on one half of a day.

    Parameters
    ----------
    patrol
        As it was planned.
    book
        For the check: what is handed out is what was checked.
    plan_id, day, half
        What the variation is drawn from, beside grid and patroller; no day and no half: the routes as they are.
    snap_m
        See `check_patrol`.
    """
    if not (day or half) or not patrol.check.passed or not patrol.result.routes:
        return patrol
    posed = patrol.posed
    routes = tuple(
        vary(posed.problem, route, shift_key(plan_id, patrol.grid, day, half, number))
        for number, route in enumerate(patrol.result.routes, start=1)
    )
    result = replace(patrol.result, routes=routes)
    posing = Posing(posed.link, posed.node, posed.place)
    check = check_patrol(book, patrol.grid, posed.problem, posing, result, snap_m=snap_m)
    return replace(patrol, result=result, check=check)


def tell_shift(
    patrol: GridPatrol,
    network: StreetNetwork,
    places: Mapping[int, PlaceName],
    *,
    stem: str,
    post_names: Mapping[int, str],
    **facts: Any,
) -> list[Itinerary]:
    """The routes of a grid, leg by leg; none where the check found a fault.

    Parameters
    ----------
    stem
        What route ids begin with: ``STEM-1``.
    post_names
        Name of the post at a node of the network.
    facts
        Further fields of `Itinerary`: ``plan_id``, ``shift``, ``starts_at``.
    """
    if not patrol.check.passed:
        return []
    result = patrol.result
    n = len(result.routes)
    return [
        describe_route(
            network,
            patrol.posed,
            route,
            places,
            id=f"{stem}-{number}",
            grid=patrol.grid,
            patroller=number,
            n_patrollers=n,
            lower_bound_m=result.bound_share_m(route),
            unreachable_m=patrol.check.unreachable_m,
            post=post_names.get(int(patrol.posed.node[route.start_node]), ""),
            **facts,
        )
        for number, route in enumerate(result.routes, start=1)
    ]
