"""Where further posts should stand to keep one promise, beside those that answer already.

The posts that answer stay, and count as one site that is there as soon as the first of them; possible sites are nodes
of the streets (`partition.coverage.posts.spots`).  What is said before and after is counted door by door; the bound
holds for every choice of as many of the possible sites.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely

from gis.errors import InputError
from gis.graph import BoolArray, FloatArray, IntArray
from gis.progress import SILENT, Progress
from gis.streets import StreetNetwork
from gis.streets.places import grids_of
from gis.territory import Territory
from partition.coverage.cameras.types import Land
from partition.coverage.posts.demand import Demand, make_demand, site_times
from partition.coverage.posts.solve import solve
from partition.coverage.posts.spots import find_sites, nearest_nodes
from partition.coverage.posts.types import Goal, PostProblem, PostProposal, PostsAnswer, PostSiting
from partition.coverage.reach.arcs import Arcs
from partition.coverage.reach.arrival import SAME_S, arrive
from partition.coverage.reach.doors import BORDER_M, door_seconds
from partition.coverage.reach.types import Arrival, Doors, ReachSurvey, RuleReach
from partition.coverage.settings import Band
from partition.stop import Stop

_ROUND = 1e-6
_LAST_DOORS = 200


def site_posts(
    territory: Territory,
    land: Land,
    survey: ReachSurvey,
    *,
    rule: int,
    goal: Goal,
    add: int,
    candidates: FloatArray | None = None,
    refused: Collection[str] = (),
    seed: int = 0,
    stop: Stop | None = None,
    progress: Progress = SILENT,
) -> PostsAnswer:
    """Propose posts for one promise in one part of the day.

    Parameters
    ----------
    territory, land, survey
        The land, its grids, and response times as they are.
    rule
        Position in ``survey.rules``.
    goal
        What the posts are for.
    add
        How many more posts there may be; not used by `Goal.COVER`, which proposes as few as it takes.
    candidates
        ``[spots, 2]``: coordinates (metric CRS) near which a post could stand; None: junctions all over the plan.
    refused
        Ids of proposals that are not to be made again.
    seed, stop, progress
        Of the search.

    Raises
    ------
    InputError
        ``posts_no_rule``, ``posts_no_doors``, ``posts_no_sites``, ``posts_add_negative``, ``posts_too_many``.
    """
    if not 0 <= rule < len(survey.rules):
        raise InputError("posts_no_rule", measured=rule, allowed=len(survey.rules))
    if add < 0:
        raise InputError("posts_add_negative", measured=add)
    reach = survey.rules[rule]
    case = _Case.of(survey, reach)
    if not case.promised.any():
        raise InputError("posts_no_doors", rule=reach.rule.name)
    progress.stage("stage_posts_sites")
    network = case.network
    if candidates is None:
        homes = survey.doors[reach.rule.mode.value, "buildings"]
        nodes = find_sites(territory, land, network, homes, late=case.late_links())
    else:
        nodes = nearest_nodes(network, np.asarray(candidates, float).reshape(-1, 2))
    nodes = nodes[[node_id(network, node) not in refused for node in nodes.tolist()]] if len(nodes) else nodes
    if not len(nodes) and (add or goal is Goal.COVER):
        raise InputError("posts_no_sites", mode=reach.rule.mode.value)
    if add > len(nodes) and goal is not Goal.COVER:
        raise InputError("posts_too_many", measured=add, allowed=len(nodes))
    limit = 60.0 * reach.rule.minutes + SAME_S
    demand = case.demand(goal, len(nodes) + 1)
    times, soonest = site_times(
        network,
        demand,
        nodes,
        start_s=survey.settings.turn_out_s,
        limit_s=limit if goal in (Goal.COVER, Goal.MOST) else np.inf,
        speed_factor=case.band.speed_factor,
        progress=progress,
    )
    there = bool(reach.n_posts)
    cost = np.column_stack([demand.times(network, reach.arrival.node_s), times]) if there else times
    problem = PostProblem(cost, demand.weight, np.zeros(int(there), np.int32), add + there, limit=limit)
    found = solve(problem, goal, seed=seed, stop=stop, progress=progress)
    if goal is Goal.COVER and demand.moment_s:
        # The number of posts is bounded by doors reached early; every door is in time by doors reached late.
        sure = solve(replace(problem, limit=limit - demand.moment_s), goal, seed=seed, stop=stop, progress=progress)
        found = replace(sure, bound=found.bound, is_proved=sure.objective == found.bound)
    sites = np.array([int(nodes[site - there]) for site in found.gain], np.int64)
    can = case.doors_in(np.minimum(soonest, reach.arrival.node_s), limit if goal in (Goal.COVER, Goal.MOST) else None)
    return _answer(land, case, goal, found, sites, there, can)


def node_id(network: StreetNetwork, node: int) -> str:
    """Id of a post proposed at a node: the same for the same land."""
    return f"post@{network.node_x[node]:.0f}-{network.node_y[node]:.0f}"


@dataclass(frozen=True, slots=True)
class _Case:
    """One promise, with what is needed to count it door by door."""

    survey: ReachSurvey
    reach: RuleReach
    band: Band
    network: StreetNetwork
    doors: Doors
    promised: BoolArray
    weight: FloatArray

    @classmethod
    def of(cls, survey: ReachSurvey, reach: RuleReach) -> _Case:
        mode = reach.rule.mode.value
        doors = survey.doors[mode, "key_places" if reach.rule.places else "buildings"]
        # A place counts one; so does every building where nobody is said to live anywhere.
        weight = doors.households if doors.households[reach.promised].any() else np.ones(len(doors.link))
        band = next(band for band in survey.settings.bands if band.name == reach.band)
        return cls(survey, reach, band, survey.networks[mode], doors, reach.promised, weight)

    def late_links(self) -> IntArray:
        """Links with doors that are late; where hardly any is, those with the doors reached last."""
        seconds = np.where(self.promised & (self.doors.link >= 0), self.reach.door_s, -np.inf)
        last = np.argsort(-seconds, kind="stable")[:_LAST_DOORS]
        last = last[seconds[last] > 0]
        late = np.flatnonzero(seconds > 60.0 * self.reach.rule.minutes + SAME_S)
        return np.unique(self.doors.link[np.union1d(last, late)]).astype(np.int64)

    def demand(self, goal: Goal, n_sites: int) -> Demand:
        """Points of demand of the doors promised that are on streets."""
        return make_demand(
            self.network,
            self.doors,
            np.flatnonzero(self.promised & (self.doors.link >= 0)),
            self.weight,
            off_street_kmh=self.survey.settings.off_street_kmh,
            speed_factor=self.band.speed_factor,
            goal=goal,
            n_sites=n_sites,
        )

    def doors_in(self, node_s: FloatArray, limit_s: float | None) -> BoolArray:
        """Doors promised that can be reached (in time) when nodes are reached so soon."""
        network = self.network
        ends = np.stack([node_s[network.tail], node_s[network.head]], axis=1).reshape(-1, 2)
        arrival = Arrival(node_s, np.zeros(network.n_nodes, np.int32), ends)
        off_kmh = self.survey.settings.off_street_kmh
        seconds = door_seconds(network, arrival, self.doors, off_kmh, self.band.speed_factor)[0]
        is_in: BoolArray = np.isfinite(seconds) if limit_s is None else seconds <= limit_s
        return self.promised & is_in

    def seconds(self, node: int, arcs: Arcs) -> tuple[FloatArray, FloatArray]:
        """Seconds from a new post at a node to every door, and to every building."""
        settings, factor = self.survey.settings, self.band.speed_factor
        arrival = arrive(self.network, [node], [0], start_s=settings.turn_out_s, speed_factor=factor, arcs=arcs)
        homes = self.survey.doors[self.reach.rule.mode.value, "buildings"]
        to_doors = door_seconds(self.network, arrival, self.doors, settings.off_street_kmh, factor)[0]
        to_homes = door_seconds(self.network, arrival, homes, settings.off_street_kmh, factor)[0]
        return to_doors, to_homes

    def measure(self, seconds: FloatArray, can: BoolArray, goal: Goal) -> float:
        """The objective, counted over the doors that can be served at all; infinite where one of them is not."""
        if goal in (Goal.COVER, Goal.MOST):
            return self.in_time(seconds, self.promised, self.weight)
        if goal is Goal.CENTER:
            return float(seconds[can].max(initial=0.0))
        pays = can & (self.weight > 0)
        return float(self.weight[pays] @ seconds[pays])

    def in_time(self, seconds: FloatArray, counts: BoolArray, weight: FloatArray) -> float:
        """Weight of the doors that the promise is kept to."""
        return float(weight[counts & (seconds <= 60.0 * self.reach.rule.minutes + SAME_S)].sum())


def _answer(
    land: Land, case: _Case, goal: Goal, found: PostSiting, sites: IntArray, there: bool, can: BoolArray
) -> PostsAnswer:
    """Count what the posts change, one after the other.

    ``can`` tells the doors that some site reaches.
    """
    reach, settings = case.reach, case.survey.settings
    homes = case.survey.doors[reach.rule.mode.value, "buildings"]
    everyone = np.ones(len(homes.link), bool)
    factor, arcs = case.band.speed_factor, Arcs.of(case.network)
    now = reach.door_s
    now_homes = door_seconds(case.network, reach.arrival, homes, settings.off_street_kmh, factor)[0]
    values = [case.measure(now, can, goal)]
    in_time = [case.in_time(now_homes, everyone, homes.households)]
    for node in sites.tolist():
        to_doors, to_homes = case.seconds(node, arcs)
        now, now_homes = np.minimum(now, to_doors), np.minimum(now_homes, to_homes)
        values.append(case.measure(now, can, goal))
        in_time.append(case.in_time(now_homes, everyone, homes.households))
    sign = 1.0 if goal in (Goal.COVER, Goal.MOST) else -1.0
    gains = [_gain(sign * one, sign * two) for one, two in pairwise(values)]
    if np.isfinite(values[-1]):
        # What comes last and changes nothing is not proposed.
        sites = sites[: 1 + max((k for k, gain in enumerate(gains) if gain > 0), default=-1)]
    before, after, bound = values[0], values[-1], found.bound
    if goal is Goal.COVER:
        before, after = float(reach.n_posts), float(reach.n_posts + len(sites))
        bound = bound - there + reach.n_posts
    elif goal is Goal.MOST:
        bound = max(bound, after)
    elif np.isinf(after) and found.is_proved:
        bound = after
    bound = bound if goal is Goal.MOST else min(bound, after)
    is_proved = found.is_proved and (bound == after or abs(after - bound) <= _ROUND * max(1.0, abs(bound)))
    return PostsAnswer(
        rule=reach.rule.name,
        band=reach.band,
        goal=goal,
        proposals=_proposals(land, case.network, sites, gains),
        before=before,
        after=after,
        bound=after if is_proved else bound,
        households_in_before=in_time[0],
        households_in_after=in_time[len(sites)],
        households=float(homes.households.sum()),
        is_proved=is_proved,
        unreachable=int((case.promised & ~can).sum()),
    )


def _gain(before: float, after: float) -> float:
    """What is better after; nothing between two infinities."""
    return 0.0 if before == after else after - before


def _proposals(land: Land, network: StreetNetwork, nodes: IntArray, gains: Sequence[float]) -> tuple[PostProposal, ...]:
    x, y = network.node_x[nodes], network.node_y[nodes]
    grid = grids_of(np.asarray(shapely.points(x, y), dtype=object).reshape(-1), land.geometry, BORDER_M)
    return tuple(
        PostProposal(
            rank=k + 1,
            id=node_id(network, node),
            x=float(x[k]),
            y=float(y[k]),
            grid=land.codes[grid[k]] if grid[k] >= 0 else "",
            near=_street_at(network, node),
            gain=gains[k],
            total=float(sum(gains[: k + 1])),
        )
        for k, node in enumerate(nodes.tolist())
    )


def _street_at(network: StreetNetwork, node: int) -> str:
    """Name of the longest street at a node that has one."""
    at = np.flatnonzero((network.tail == node) | (network.head == node))
    named = [k for k in at.tolist() if network.name[k]]
    return str(network.name[max(named, key=lambda k: (network.length_m[k], -k))]) if named else ""
