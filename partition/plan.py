"""Plans: which atom lies in which grid, and what is known about each grid.  Never overwritten; a re-draw is a child."""

from __future__ import annotations

from dataclasses import dataclass, field

from gis.errors import Fact
from gis.graph import AtomGraph, Int32Array
from partition.rules import Rules

STANDARD, DEDICATED, RURAL = "standard", "dedicated", "rural"


@dataclass(frozen=True, slots=True)
class Grid:
    """One grid of a plan.

    ``within_band`` says whether the households lie in the band of the rules; dedicated and rural grids may
    lawfully lie outside.  ``reason`` names why a grid that should be in band is not (``None`` when all is well).
    """

    code: str
    name: str
    community: str
    kind: str
    households: int
    population: int
    n_buildings: int
    area_m2: float
    within_band: bool
    reason: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule with its place.  ``code`` is a message key; ``facts`` fill its sentence (zh and en)."""

    code: str
    grid: str
    community: str
    facts: dict[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A way of cutting that almost works, for a planner to choose from.

    Attributes
    ----------
    n_grids
        Number of grids.
    sizes
        Their households; of more than 100 grids only the smallest and the largest.
    distances
        Per size how far it is from the band: 0 inside, negative below, positive above.
    atoms
        Ids of the atoms that make the grid up, where the miss is about certain ones.
    """

    n_grids: int
    sizes: tuple[int, ...]
    distances: tuple[int, ...]
    atoms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommunityResult:
    """What is known about one community after solving.

    Attributes
    ----------
    feasible
        ``yes``: the plan is lawful here; ``no``: proved that no lawful plan exists; ``unknown``.
    reason
        ``None``, or why not: ``under_band``, ``band_hole``, ``building_over_band``, ``atom_over_band``,
        ``estate_over_cap``, ``pendant_over_band`` and ``hemmed_in`` (see `partition.zoning.articulation`),
        ``no_cover``, ``not_found`` (the count allows it, no lawful plan was found).
    proof
        Of ``feasible``: ``arithmetic``, ``cover_lp``, ``cover_mip`` or ``none``.
    objective, bound, gap_frac
        Cost of the plan, a proved lower bound (NaN for none), and ``(objective - bound) / objective``.
    seconds
        Measured time; shown, never written into a plan file (same seed, same bytes).
    stopped_by
        ``done``, ``work`` (a work limit), ``clock``, ``cancel`` (called off) or ``worker`` (its worker died twice; the
        quick plan stands).
    near_misses
        Where no lawful plan exists: what comes nearest, best first.
    """

    code: str
    households: int
    n_grids: int
    feasible: str
    reason: str | None
    proof: str
    objective: float
    bound: float
    gap_frac: float
    seconds: float
    stopped_by: str = "done"
    near_misses: tuple[NearMiss, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Atom -> grid as one read-only array.

    ``atom_grid[i]`` is the position in ``grids`` of the grid that holds atom ``i`` of the graph.
    Grids are sorted by code.
    """

    atom_grid: Int32Array
    grids: tuple[Grid, ...]
    rules: Rules
    seed: int
    territory_hash: str

    def __post_init__(self) -> None:
        self.atom_grid.setflags(write=False)


@dataclass(frozen=True, slots=True)
class Result:
    """Best plan, broken rules, proofs.  No lawful plan is a result too, not an error."""

    plan: Plan
    communities: tuple[CommunityResult, ...]
    violations: tuple[Violation, ...]
    graph: AtomGraph
