"""Siting of posts as numbers: times from sites to demand, and the answer with its bound.

How streets become times is decided in `partition.coverage.posts.place`; the solvers of this room know no geometry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

import numpy as np

from gis.graph import FloatArray, Int32Array


class Goal(StrEnum):
    """What a siting of posts is to reach."""

    CENTER = "center"
    """The last door soonest (p-center)."""
    MEDIAN = "median"
    """All doors soonest on average, weighted (p-median)."""
    COVER = "cover"
    """Every door in time with as few posts as can be (set cover)."""
    MOST = "most"
    """As many households in time as a number of posts can reach (maximal coverage)."""


@dataclass(frozen=True, slots=True)
class PostProblem:
    """Times from possible sites to demand.  Arrays are read-only.

    Attributes
    ----------
    cost
        ``float64[demand, sites]``: seconds (or metres); infinite where there is no way.
    weight
        Per demand point: households; never negative.
    fixed
        Sites that are there already and stay.
    p
        Sites to open in all, the fixed ones included (not used by `Goal.COVER`).
    limit
        For cover and most: time allowed.
    backup
        For cover and most: so many sites within the limit make a point covered.
    capacity
        Per site: most weight it can serve; infinite: no limit.  Kept by assignment in `Goal.MEDIAN` and `MOST`.
    """

    cost: FloatArray
    weight: FloatArray
    fixed: Int32Array
    p: int
    limit: float = float("inf")
    backup: int = 1
    capacity: FloatArray | None = None

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)


@dataclass(frozen=True, slots=True)
class PostSiting:
    """Sites chosen.

    Attributes
    ----------
    goal
        What for.
    sites
        Open sites, ascending, the fixed ones included.
    objective, bound
        Of the goal: longest time, weighted sum of times, number of sites, or weight reached; no choice is better than
        the bound.
    is_proved
        Objective equals bound but for rounding.
    assignment
        Per demand point: the site that serves it, -1 where none can.
    unreachable
        Demand points that no site reaches (for cover and most: within the limit); the rest is solved without them.
    gain
        Per new site, best first: site -> what opening it after those before improves the objective by.
    """

    goal: Goal
    sites: Int32Array
    objective: float
    bound: float
    is_proved: bool
    assignment: Int32Array
    unreachable: Int32Array
    gain: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PostProposal:
    """One post proposed: rank from 1, spot on the streets, what it improves."""

    rank: int
    id: str
    x: float
    y: float
    grid: str
    near: str
    gain: float
    total: float


@dataclass(frozen=True, slots=True)
class PostsAnswer:
    """Posts proposed for one promise.

    Attributes
    ----------
    rule, band
        The promise and the part of the day.
    goal
        What for.
    proposals
        Ranked.
    before, after, bound
        Objective without and with the proposals, and its bound.
    households_in_before, households_in_after, households
        Reached in the rule's minutes.
    is_proved
        Whether no choice of as many sites is better.
    unreachable
        Doors that no possible site reaches.
    """

    rule: str
    band: str
    goal: Goal
    proposals: tuple[PostProposal, ...]
    before: float
    after: float
    bound: float
    households_in_before: float
    households_in_after: float
    households: float
    is_proved: bool
    unreachable: int
