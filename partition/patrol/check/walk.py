"""One route walked again, step by step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from gis.errors import Fault
from gis.streets.network import StreetNetwork
from partition.patrol.check.beat import Posing
from partition.patrol.check.terms import NEAR_M, NEAR_S, SHOWN, fault
from partition.patrol.problem import PatrolProblem, Route


class Walk:
    """One route walked again, step by step."""

    def __init__(self, problem: PatrolProblem, route: Route, number: int) -> None:
        self.problem, self.route, self.number = problem, route, number
        link, back = route.link, route.is_back
        self._from = np.where(back, problem.head[link], problem.tail[link])
        self._to = np.where(back, problem.tail[link], problem.head[link])
        side = back.astype(np.intp)
        self._cost = np.where(route.inspects, problem.inspecting_s[link, side], problem.passing_s[link, side])

    @property
    def seconds(self) -> float:
        """Whole time with dwell."""
        return float(self._cost.sum() + self.problem.stop_s[self.route.stop].sum())

    @property
    def length_m(self) -> float:
        """Whole way."""
        return float(self.problem.length_m[self.route.link].sum())

    def faults(self) -> Iterator[Fault]:
        """Whatever is wrong with this route alone."""
        problem, route = self.problem, self.route
        for step in np.flatnonzero(~np.isfinite(self._cost))[:SHOWN]:
            yield fault("patrol_check_forbidden", row=self.number, measured=int(step) + 1)
        for step in np.flatnonzero(self._to[:-1] != self._from[1:])[:SHOWN]:
            yield fault("patrol_check_not_joined", row=self.number, measured=int(step) + 2)
        if len(route.link) and (self._from[0] != route.start_node or self._to[-1] != route.end_node):
            yield fault("patrol_check_ends", row=self.number)
        if not len(route.link) and route.start_node != route.end_node:
            yield fault("patrol_check_ends", row=self.number)
        if len(problem.posts) and route.start_node not in problem.posts:
            yield fault("patrol_check_not_from_post", row=self.number)
        if not problem.is_open and route.end_node != route.start_node:
            yield fault("patrol_check_not_closed", row=self.number)
        yield from self._stop_faults()
        required = route.inspects & problem.required[route.link]
        required_m = float(problem.length_m[route.link][required].sum())
        for column, told, real, near in (
            ("seconds", route.seconds, self.seconds, NEAR_S),
            ("length_m", route.length_m, self.length_m, NEAR_M),
            ("required_m", route.required_m, required_m, NEAR_M),
        ):
            if not abs(told - real) <= near + 1e-6 * abs(real):
                yield fault("patrol_check_total", row=self.number, column=column, measured=told, allowed=real)
        if not (route.inspects <= problem.required[route.link]).all():
            yield fault("patrol_check_inspects_others", row=self.number)

    def _stop_faults(self) -> Iterator[Fault]:
        route = self.route
        nodes = np.concatenate([self._from, [route.end_node]])
        for stop, step in zip(route.stop, route.stop_step):
            if nodes[step] != self.problem.stop_node[stop]:
                yield fault("patrol_check_stop_elsewhere", row=self.number, measured=int(stop) + 1)
        if (np.diff(route.stop_step) < 0).any():
            yield fault("patrol_check_stop_order", row=self.number)


def wrong_numbers(problem: PatrolProblem, route: Route) -> bool:
    """Whether the route names links, stops or steps that do not exist, or its columns differ in length."""
    n = len(route.link)
    if len(route.is_back) != n or len(route.inspects) != n or len(route.stop) != len(route.stop_step):
        return True
    return bool(
        (route.link < 0).any()
        or (route.link >= problem.n_links).any()
        or (route.stop < 0).any()
        or (route.stop >= len(problem.stop_node)).any()
        or (route.stop_step < 0).any()
        or (route.stop_step > n).any()
        or not 0 <= route.start_node < problem.n_nodes
        or not 0 <= route.end_node < problem.n_nodes
    )


def gap_faults(network: StreetNetwork, posing: Posing, route: Route, number: int, snap_m: float) -> Iterator[Fault]:
    """Steps whose lines do not meet on the ground, whatever the node numbers say."""
    if len(route.link) < 2:
        return
    real = posing.link[route.link]
    first = shapely.get_coordinates(shapely.get_point(network.geometry[real], 0))
    last = shapely.get_coordinates(shapely.get_point(network.geometry[real], -1))
    begin = np.where(route.is_back[:, None], last, first)
    end = np.where(route.is_back[:, None], first, last)
    apart = np.hypot(*(begin[1:] - end[:-1]).T)
    # Parts of one street that was cut meet inside it, not at its ends.
    apart[real[1:] == real[:-1]] = 0.0
    for step in np.flatnonzero(apart > 2 * snap_m + NEAR_M)[:SHOWN]:
        yield fault("patrol_check_gap", row=number, measured=float(apart[step]), allowed=2 * snap_m)
