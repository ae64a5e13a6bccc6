"""The problem against the network and the grid's beat: nothing left out, moved, or made quicker than it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gis.errors import Fact, Fault
from gis.graph import FloatArray, Int32Array, IntArray
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


class BeatBook:
    """What every grid's beat asks for, looked up once for all grids."""

    def __init__(self, network: StreetNetwork, beats: Beats) -> None:
        self.network, self.beats = network, beats
        self._number = {grid: k for k, grid in enumerate(beats.grids)}
        self._order = np.argsort(beats.link_grid, kind="stable").astype(np.int32)
        self._begin = np.searchsorted(beats.link_grid[self._order], np.arange(len(beats.grids) + 1))

    def __contains__(self, grid: object) -> bool:
        return grid in self._number

    def links(self, grid: str) -> tuple[Int32Array, FloatArray]:
        """Links of the network that are the grid's, and metres to inspect: a street with two sides counts twice."""
        if grid not in self._number:
            return np.zeros(0, np.int32), np.zeros(0)
        k = self._number[grid]
        links = self._order[self._begin[k] : self._begin[k + 1]]
        twice = self.network.both_sides[links] & (self.network.mode is Mode.FOOT)
        return links, self.network.length_m[links] * np.where(twice, 2, 1)

    def places(self, grid: str) -> IntArray:
        """Rows of the key places that are the grid's and lie on the network."""
        return np.flatnonzero((self.beats.place_grid == self._number[grid]) & (self.beats.place_node >= 0))

    def required_m(self, grid: str) -> float:
        """Metres that the beat asks for."""
        return float(self.links(grid)[1].sum())


def problem_faults(book: BeatBook, grid: str, problem: PatrolProblem, posing: Posing) -> Iterator[Fault]:
    """What the problem asks for that the beat does not, or the other way round; times that are not the network's."""
    network, beats = book.network, book.beats
    if grid not in book:
        yield fault("patrol_check_no_beat", measured=grid)
        return
    links, metres = book.links(grid)
    posed = posing.link[problem.required]
    both, at = np.unique(np.concatenate([links, posed]), return_inverse=True)
    wanted = np.bincount(at[: len(links)], weights=metres, minlength=len(both))
    found = np.bincount(at[len(links) :], weights=problem.length_m[problem.required], minlength=len(both))
    for k in np.flatnonzero(np.abs(wanted - found) > NEAR_M)[:SHOWN]:
        facts: dict[str, Fact] = {"street": network.link_ids[both[k]], "measured": float(found[k])}
        yield fault("patrol_check_beat_differs", **facts, allowed=float(wanted[k]))
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
    for row in np.setdiff1d(book.places(grid), posing.place)[:SHOWN]:
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
