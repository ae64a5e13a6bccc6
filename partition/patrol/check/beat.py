"""The problem against the network and the grid's beat: nothing left out, moved, or made quicker than it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gis.errors import Fault
from gis.graph import Int32Array
from gis.streets.beats import Beats
from gis.streets.network import Mode, StreetNetwork
from partition.patrol.check.terms import NEAR_M, SHOWN, fault
from partition.patrol.problem import PatrolProblem


@dataclass(frozen=True, slots=True)
class Posing:
    """How a problem stands on the network.

    Attributes
    ----------
    link
        Per link of the problem: its link of the network.
    node
        Per node of the problem: its node of the network.
    place
        Per stop of the problem: row of ``key_places``.
    """

    link: Int32Array
    node: Int32Array
    place: Int32Array


def _beat(network: StreetNetwork, beats: Beats, grid: str) -> tuple[Int32Array, Int32Array]:
    """Links of the network that are the grid's, and how often each is to be passed."""
    if grid not in beats.grids:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    links = np.flatnonzero(beats.link_grid == beats.grids.index(grid)).astype(np.int32)
    twice = network.both_sides[links] & (network.mode is Mode.FOOT)
    return links, np.where(twice, 2, 1).astype(np.int32)


def beat_m(network: StreetNetwork, beats: Beats, grid: str) -> float:
    """Metres that the beat asks for, each side of a street with two sides counted."""
    links, times = _beat(network, beats, grid)
    return float((network.length_m[links] * times).sum())


def problem_faults(
    network: StreetNetwork, beats: Beats, grid: str, problem: PatrolProblem, posing: Posing
) -> Iterator[Fault]:
    """What the problem asks for that the beat does not, or the other way round; times that are not the network's."""
    if grid not in beats.grids:
        yield fault("patrol_check_no_beat", measured=grid)
        return
    links, times = _beat(network, beats, grid)
    wanted = np.zeros(network.n_links)
    wanted[links] = network.length_m[links] * times
    posed = np.zeros(network.n_links)
    np.add.at(posed, posing.link[problem.required], problem.length_m[problem.required])
    # A millimetre is the least a link can be long, so parts of a street that was cut may add up to a little more.
    for link in np.flatnonzero(np.abs(wanted - posed) > NEAR_M)[:SHOWN]:
        facts = {"street": network.link_ids[link], "measured": float(posed[link]), "allowed": float(wanted[link])}
        yield fault("patrol_check_beat_differs", **facts)
    yield from _joint_faults(network, problem, posing)
    for way, column in (("passing_s", problem.passing_s), ("inspecting_s", problem.inspecting_s)):
        real = getattr(network, way)[posing.link]
        share = (problem.length_m / network.length_m[posing.link])[:, None]
        with np.errstate(invalid="ignore"):
            wrong = ~np.isclose(column, real * share, rtol=1e-6, atol=1e-3)
        wrong &= ~(np.isinf(column) & np.isinf(real))
        for link in np.flatnonzero(wrong.any(axis=1))[:SHOWN]:
            side = int(np.flatnonzero(wrong[link])[0])
            facts = {
                "street": network.link_ids[posing.link[link]],
                "measured": float(column[link, side]),
                "allowed": float(real[link, side] * share[link, 0]),
            }
            yield fault("patrol_check_time_differs", **facts)
    place = beats.grids.index(grid)
    rows = np.flatnonzero((beats.place_grid == place) & (beats.place_node >= 0))
    for row in np.setdiff1d(rows, posing.place)[:SHOWN]:
        yield fault("patrol_check_place_left_out", measured=int(row) + 1)
    for stop, row in enumerate(posing.place):
        if posing.node[problem.stop_node[stop]] != beats.place_node[row]:
            yield fault("patrol_check_place_moved", measured=int(row) + 1)


def _joint_faults(network: StreetNetwork, problem: PatrolProblem, posing: Posing) -> Iterator[Fault]:
    """Ends of links of the problem that are not the ends of the links they stand for.

    A street that was cut for being longer than a shift has nodes of its own in the problem (-1 on the network).
    """
    for at, real in ((problem.tail, network.tail), (problem.head, network.head)):
        node = posing.node[at]
        wrong = (node >= 0) & (node != real[posing.link])
        for link in np.flatnonzero(wrong)[:SHOWN]:
            yield fault("patrol_check_link_moved", street=network.link_ids[posing.link[link]])
