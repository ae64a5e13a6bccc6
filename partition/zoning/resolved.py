"""What a solver run on part of a plan is asked, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from gis.graph import BoolArray, IntArray
from partition.plan import NearMiss

BALANCE, LEAST_CHANGE, LAWFUL = "balance", "least_change", "lawful"
AIMS = (BALANCE, LEAST_CHANGE, LAWFUL)


@dataclass(frozen=True, slots=True)
class Standing:
    """The plan as it is, seen by the solver.

    Attributes
    ----------
    grid
        Per atom of the graph its grid: a position in ``kinds``; -1 for none.
    kinds
        Per grid.
    free
        Per atom: may change its grid.
    pinned
        Per atom: keeps its grid.
    """

    grid: IntArray
    kinds: tuple[str, ...]
    free: BoolArray
    pinned: BoolArray


@dataclass(frozen=True, slots=True)
class Aim:
    """What is wanted.

    Attributes
    ----------
    kind
        ``balance``: least cost; ``least_change``: fewest households in another grid, of what is lawful; ``lawful``:
        something lawful that costs little and moves little.
    n_grids
        Grids of the free ground afterwards; ``None``: as many as are best.
    most_moved
        With ``lawful``: households that may change grid.
    seed
        Same question and seed: same answer.
    """

    kind: str = BALANCE
    n_grids: int | None = None
    most_moved: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What arithmetic says before anything is cut.

    Attributes
    ----------
    households, n_now
        Of the free ground, and its grids now.
    k_min, k_max
        Fewest and most grids by count; ``k_min > k_max`` where no number is lawful.
    feasible, reason, near_misses
        As of `partition.zoning.feasible.Assessment`.
    is_lawful_now
        The free ground is lawful as it is.
    """

    households: int
    n_now: int
    k_min: int
    k_max: int
    feasible: str
    reason: str | None
    near_misses: tuple[NearMiss, ...]
    is_lawful_now: bool


@dataclass(frozen=True, slots=True)
class Resolved:
    """An answer; where nothing better was found it is the plan as it is.

    Attributes
    ----------
    atoms, grid
        The free atoms, and the grid of each: a position in `Standing.kinds`, or their number and more for new ones.
    new_kinds
        Of the new grids.
    outlook
        What was known before.
    feasible, reason, proof, near_misses
        As of `partition.plan.CommunityResult`; about the free ground, all else staying as it is.
    is_whole
        That is the whole community and nothing in it is held, so that what is proved is proved of the community.
    is_changed
        It differs from the plan as it is.
    outside, outside_before
        Households by which grids miss the band.
    cost, cost_before
        Of the free ground; NaN where the plan is none that the solver weighs.
    bound
        No lawful cut of the free ground costs less; NaN for none.
    moved, moved_at_least
        Households that change grid; how many do in any lawful cut (0: not proved).
    stopped_by
        ``done``, ``work``, ``clock`` or ``cancel``.
    """

    atoms: IntArray
    grid: IntArray
    new_kinds: tuple[str, ...]
    outlook: Outlook
    feasible: str
    reason: str | None
    proof: str
    near_misses: tuple[NearMiss, ...]
    is_whole: bool
    is_changed: bool
    outside: int
    outside_before: int
    cost: float
    cost_before: float
    bound: float
    moved: int
    moved_at_least: int
    stopped_by: str
