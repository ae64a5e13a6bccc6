"""Proposed posts: numbers, order and bound, and the households they are said to bring into reach, counted again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from gis.errors import Fault
from gis.graph import FloatArray, Int32Array
from gis.streets import StreetNetwork
from gis.territory import Territory
from partition.coverage.check.arrival import door_seconds, nodes_at, passing_s
from partition.coverage.check.reach import answering, start_seconds
from partition.coverage.check.terms import Ground, fault, is_near
from partition.coverage.posts.types import Goal, PostsAnswer
from partition.coverage.reach.types import ReachSurvey, RuleReach

_ON_STREET_M = 1.0
_M_PER_S = 1.0 / 3.6


def post_faults(
    territory: Territory, ground: Ground, survey: ReachSurvey, reach: RuleReach, answer: PostsAnswer, *, add: int
) -> Iterator[Fault]:
    """Proposed posts of one promise."""
    proposals = answer.proposals
    if answer.goal is not Goal.COVER and len(proposals) > add:
        yield fault("coverage_check_too_many", measured=len(proposals), allowed=add)
    if [p.rank for p in proposals] != list(range(1, len(proposals) + 1)):
        yield fault("coverage_check_ranks", measured=len(proposals))
    yield from _bound_faults(answer)
    if answer.households_in_after > answer.households + 1e-6:
        yield fault("coverage_check_share_over", id=answer.rule, column="households")
    network = survey.networks[reach.rule.mode.value]
    x, y = np.asarray([p.x for p in proposals]), np.asarray([p.y for p in proposals])
    nodes, off_m = nodes_at(network, x, y) if proposals else (np.zeros(0, np.int32), np.zeros(0))
    for at in np.flatnonzero(off_m > _ON_STREET_M)[:5].tolist():
        yield fault("coverage_check_post_off", id=proposals[at].id, measured=float(off_m[at]))
    if (off_m > _ON_STREET_M).any():
        return
    band = next(band for band in survey.settings.bands if band.name == reach.band)
    posts = np.asarray(survey.post_node[reach.rule.mode.value])
    used = answering(territory, reach, band) & (posts >= 0)
    there = np.concatenate([posts[used], nodes])
    leave_s = np.concatenate([start_seconds(survey, reach)[used], np.full(len(nodes), survey.settings.turn_out_s)])
    counted = _households_in(survey, reach, network, there, leave_s, band.speed_factor)
    if not is_near(answer.households_in_after, counted, 0.5 + 0.002 * answer.households):
        yield fault("coverage_check_posts_reach", measured=answer.households_in_after, allowed=counted)


def _bound_faults(answer: PostsAnswer) -> Iterator[Fault]:
    if not (np.isfinite(answer.after) and np.isfinite(answer.bound)):
        return
    tiny = 1e-6 * max(1.0, abs(answer.bound))
    is_over = answer.after > answer.bound + tiny if answer.goal is Goal.MOST else answer.after < answer.bound - tiny
    if is_over or (answer.is_proved and abs(answer.after - answer.bound) > 1e-4 * max(1.0, abs(answer.bound))):
        yield fault("coverage_check_bound", measured=answer.after, allowed=answer.bound)


def _households_in(
    survey: ReachSurvey,
    reach: RuleReach,
    network: StreetNetwork,
    nodes: Int32Array,
    leave_s: FloatArray,
    factor: float,
) -> float:
    """Households within the promise's minutes of any of these nodes."""
    doors = survey.doors[reach.rule.mode.value, "buildings"]
    node_s = _seconds(network, nodes, leave_s, factor)
    there = door_seconds(network, node_s, doors, factor, survey.settings.off_street_kmh * _M_PER_S)
    return float(np.asarray(doors.households)[there <= reach.rule.minutes * 60.0 + 1e-6].sum())


def _seconds(network: StreetNetwork, nodes: Int32Array, leave_s: FloatArray, factor: float) -> FloatArray:
    """Seconds until the first of some posts is at each node."""
    if not len(nodes):
        return np.full(network.n_nodes, np.inf)
    seconds, n = passing_s(network, factor), network.n_nodes
    # One more node, from which every post is as far as it takes to leave.
    tail = np.concatenate([network.tail, network.head, np.full(len(nodes), n)])
    head = np.concatenate([network.head, network.tail, nodes])
    cost = np.concatenate([seconds[:, 0], seconds[:, 1], leave_s])
    open_ = np.isfinite(cost)
    tail, head, cost = tail[open_], head[open_], np.maximum(cost[open_], 1e-9)
    # Of parallel links only the quickest; a matrix would add them up.
    order = np.lexsort((cost, head, tail))
    tail, head, cost = tail[order], head[order], cost[order]
    one = np.ones(len(tail), dtype=bool)
    one[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    matrix = coo_array((cost[one], (tail[one], head[one])), shape=(n + 1, n + 1)).tocsr()
    return np.asarray(dijkstra(matrix, indices=n), dtype=np.float64)[:n]
