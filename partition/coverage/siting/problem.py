"""Siting of cameras as numbers: which pose sees which point, what it costs, what must hold; and the answer.

How land becomes these numbers is decided in `partition.coverage.siting.pose`; this room knows no geometry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.sight import Cameras


@dataclass(frozen=True, slots=True)
class SitingProblem:
    """Budgeted maximal coverage.  Arrays are read-only.

    Attributes
    ----------
    weight
        Per point: what seeing it is worth (metres of street times importance); never negative.
    is_seen
        Per point: an existing camera sees it.
    start, point
        Poses to points, compressed by pose: pose ``i`` sees ``point[start[i]:start[i + 1]]``, ascending.
    pole, room
        Per pose: its pole; per pole: most poses that may stand there.
    cost
        Per pose: what it takes from the budget, at least 0.
    price
        Per pose: weight lost by choosing it (private metres times their price); never negative.
    private_m
        Per pose: private metres in view; breaks ties between equals.
    budget
        Most that may be spent.
    grid
        Per pose: grid of its pole, -1 for none.
    floor
        Per grid: least number of new poses (0: none), where the budget and the poses allow it.
    """

    weight: FloatArray
    is_seen: BoolArray
    start: IntArray
    point: Int32Array
    pole: Int32Array
    room: Int32Array
    cost: FloatArray
    price: FloatArray
    private_m: FloatArray
    budget: float
    grid: Int32Array
    floor: Int32Array

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def n_points(self) -> int:
        """Number of points."""
        return len(self.weight)

    @property
    def n_poses(self) -> int:
        """Number of poses."""
        return len(self.start) - 1

    def seen(self, pose: int) -> Int32Array:
        """Points that a pose sees."""
        return self.point[self.start[pose] : self.start[pose + 1]]


@dataclass(frozen=True, slots=True)
class Siting:
    """Poses chosen, in the order of their worth.

    Attributes
    ----------
    poses
        Chosen poses: those that floors demand and those that gain most first.
    gain
        Per chosen pose: weight newly seen after those before it, its price taken off.
    worth
        Sum of the gains.
    greedy_worth
        What the greedy choice alone reached; ``worth`` is never below it.
    bound
        No choice is worth more.
    floor_short
        Per grid: how many poses its floor is short of, because no pose is left there or the budget ends.
    is_proved
        Whether ``worth`` equals ``bound`` but for rounding.
    """

    poses: IntArray
    gain: FloatArray
    worth: float
    greedy_worth: float
    bound: float
    floor_short: Int32Array
    is_proved: bool

    @property
    def bound_frac(self) -> float:
        """Worth as a share of the bound; 1 where nothing can be gained."""
        return self.worth / self.bound if self.bound > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """One camera proposed.

    Attributes
    ----------
    rank
        From 1.
    id
        ``POLE@HEADING``: the same for the same land and settings.
    x, y, heading_deg
        Where it stands and looks, metric CRS.
    grid
        Position of its grid in the land's codes, -1 for none.
    gain_m, total_m
        Public street metres (and places, as so many metres) newly seen at the level, and the running total.
    street_m, places
        Of the gain: street metres and key places.
    private_m
        Private metres in its view.
    is_for_floor
        Proposed because its grid is short of its density, whatever it sees.
    """

    rank: int
    id: str
    x: float
    y: float
    heading_deg: float
    grid: int
    gain_m: float
    total_m: float
    street_m: float
    places: int
    private_m: float
    is_for_floor: bool


@dataclass(frozen=True, slots=True)
class SitingAnswer:
    """Cameras proposed for a plan.

    Attributes
    ----------
    goal
        ``cover`` (as much as a number of cameras can see), ``all`` (no blind corner: as few as see everything that
        any pose sees), ``floor`` (density targets of the grids).
    level, edition
        Level of pixel density and its edition.
    proposals
        Ranked.
    cameras
        The same as cameras, in the same order, for drawing what they would see.
    seen_before_m, seen_after_m, street_m, reachable_m
        Public street metres: seen now, seen with all proposals, in all, and seen by any pose or camera at all.
    worth, greedy_worth, bound
        Of the optimisation (for ``all``: numbers of cameras, ``bound`` the least possible).
    density
        Per class (``urban`` ...): positions per km2 before and after.
    floor_short
        Grid code -> positions that could not be proposed.
    left_out
        Reason -> number of poles not used (forbidden, private, in a building, off every grid).
    """

    goal: str
    level: str
    edition: str
    proposals: tuple[Proposal, ...]
    cameras: Cameras
    seen_before_m: float
    seen_after_m: float
    street_m: float
    reachable_m: float
    worth: float
    greedy_worth: float
    bound: float
    is_proved: bool
    density: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    floor_short: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
