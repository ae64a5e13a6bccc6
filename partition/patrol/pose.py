"""From the network and a grid's beat to the problem of that grid: its streets, and the ways around it that may help.

A grid's problem holds its own streets and the shortest ways between them, wherever these lead (`gis.streets.around`):
no best route needs more.  A street too long for one shift is cut here.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, fields, replace

import numpy as np

from gis.graph import FloatArray, Int32Array
from gis.streets.around import Surroundings
from gis.streets.beats import Beats
from gis.streets.network import Mode, StreetNetwork
from partition.patrol.cut import Pieces, cut_long_links
from partition.patrol.problem import PatrolProblem
from partition.patrol.settings import PatrolSettings


@dataclass(frozen=True, slots=True)
class Posed:
    """A grid's problem and where it lies in the network.  Arrays are read-only.

    Attributes
    ----------
    grid
        Grid code.
    problem
        What is to be solved.
    link
        Per problem link: network link.  Two problem links of one network link are the two sides of a street, or
        pieces of a long one.
    from_m, to_m
        Per problem link: which part of the network link it is, in metres from its tail.
    node
        Per problem node: network node; -1 where a long street was cut.
    place
        Per stop: row of the territory's ``key_places``.
    post
        Per post of the problem: row of the territory's ``posts``.
    """

    grid: str
    problem: PatrolProblem
    link: Int32Array
    from_m: FloatArray
    to_m: FloatArray
    node: Int32Array
    place: Int32Array
    post: Int32Array

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)


class Poser:
    """Poses the problems of many grids on one network; holds the indexes they share."""

    def __init__(self, network: StreetNetwork, beats: Beats, settings: PatrolSettings) -> None:
        self._network = network
        self._beats = beats
        self._settings = settings
        self._number = {code: i for i, code in enumerate(beats.grids)}
        order = np.argsort(beats.link_grid, kind="stable")
        self._by_grid = order
        self._begin = np.searchsorted(beats.link_grid[order], np.arange(len(beats.grids) + 1))
        self._around = Surroundings(network)

    def under(self, settings: PatrolSettings) -> Poser:
        """The same network and indexes, with another shift, number of patrollers or dwell."""
        other = copy(self)
        other._settings = settings
        return other

    def required(self, grid: str) -> Int32Array:
        """Links of the network that are the grid's, ascending."""
        i = self._number[grid]
        return np.sort(self._by_grid[self._begin[i] : self._begin[i + 1]]).astype(np.int32)

    def pose(self, grid: str, posts: Int32Array | None = None) -> Posed:
        """Make the problem of one grid.

        Parameters
        ----------
        grid
            Code, one of the beats'.
        posts
            Rows of the territory's ``posts`` where patrols begin and end; those off the network are left out; none:
            routes begin anywhere.
        """
        beats, settings = self._beats, self._settings
        must = self.required(grid)
        place = np.flatnonzero((beats.place_grid == self._number[grid]) & (beats.place_node >= 0)).astype(np.int32)
        post = np.zeros(0, np.int32) if posts is None else np.asarray(posts, np.int32)
        post = post[beats.post_node[post] >= 0]
        anchors = np.concatenate([beats.place_node[place], beats.post_node[post]]).astype(np.int32)
        link = self._around.links(must, anchors)
        sides = self._network.both_sides[must] & (self._network.mode is Mode.FOOT)
        link = np.concatenate([link, must[sides]]).astype(np.int32)
        required = np.isin(link, must, assume_unique=False)
        net = self._network
        ends = np.concatenate([net.tail[link], net.head[link], anchors])
        node, number = np.unique(ends, return_inverse=True)
        m = len(link)
        dwell = self._dwell(place)
        problem = PatrolProblem(
            n_nodes=len(node),
            tail=number[:m].astype(np.int32),
            head=number[m : 2 * m].astype(np.int32),
            length_m=net.length_m[link],
            passing_s=net.passing_s[link],
            inspecting_s=net.inspecting_s[link],
            required=required,
            stop_node=number[2 * m : 2 * m + len(place)].astype(np.int32),
            stop_s=dwell,
            posts=number[2 * m + len(place) :].astype(np.int32),
            shift_s=60.0 * settings.shift_minutes if settings.shift_minutes > 0 else np.inf,
            n_patrollers=settings.n_patrollers,
            is_open=settings.is_open,
        )
        posed = Posed(grid, problem, link, np.zeros(m), net.length_m[link].copy(), node.astype(np.int32), place, post)
        pieces = cut_long_links(problem)
        return posed if pieces is None else _with_pieces(posed, pieces)

    def _dwell(self, place: Int32Array) -> FloatArray:
        stated = self._beats.place_dwell_min[place]
        return 60.0 * np.where(np.isnan(stated), self._settings.default_dwell_min, stated)


def _with_pieces(posed: Posed, pieces: Pieces) -> Posed:
    old = pieces.link
    length = posed.to_m - posed.from_m
    begin = posed.from_m[old]
    return replace(
        posed,
        problem=pieces.problem,
        link=posed.link[old],
        from_m=begin + pieces.from_frac * length[old],
        to_m=begin + pieces.to_frac * length[old],
        node=np.concatenate([posed.node, np.full(pieces.problem.n_nodes - len(posed.node), -1, np.int32)]),
    )


def pose(
    network: StreetNetwork, beats: Beats, grid: str, settings: PatrolSettings, posts: Int32Array | None = None
) -> Posed:
    """Make the problem of one grid; for many grids keep one `Poser`."""
    return Poser(network, beats, settings).pose(grid, posts)
