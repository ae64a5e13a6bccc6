"""What arithmetic says before anything is drawn: how many grids a community can have, and why not.

Necessary, not sufficient: a count that fits may still have no contiguous plan.  Only the search can tell that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.graph import AtomGraph, FloatArray
from partition.plan import DEDICATED, RURAL, STANDARD, NearMiss
from partition.rules import Rules
from partition.zoning.articulation import refusal
from partition.zoning.divide import Division, Region, count_range, divide
from partition.zoning.near import named_refusal, near_misses
from partition.zoning.pieces import make_problems
from partition.zoning.sound import check_graph


@dataclass(frozen=True, slots=True)
class PartAssessment:
    """One connected part of the standard remainder of a community."""

    households: int
    n_atoms: int
    k_min: int
    k_max: int
    feasible: str
    reason: str | None
    near_misses: tuple[NearMiss, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What arithmetic says about one community.

    Attributes
    ----------
    households
        Of the whole community; ``standard_households`` of what is left for standard grids.
    n_dedicated, dedicated_households, n_rural
        What is taken out before the search: dedicated estates and villages. One that is over the band is cut into
        several grids.
    n_grids_min, n_grids_max
        Fewest and most grids of every kind, by the count: what is taken out, cut where it must be, and standard grids.
    k_min, k_max
        Fewest and most standard grids over all parts (0, 0 when nothing is left for them).
    feasible
        ``yes`` (nothing to cut, or one grid is all there can be), ``no`` (proved by the count) or ``unknown``.
    reason
        ``under_band``, ``band_hole``, ``building_over_band``, ``atom_over_band``, ``pendant_over_band``, ``hemmed_in``,
        ``estate_over_cap`` or ``None``.
    parts
        One entry per connected part.
    near_misses
        Of the first part that can not be.
    n_joined
        Small parts that are joined to a neighbour across a barrier or gap.
    """

    community: str
    is_rural: bool
    households: int
    standard_households: int
    n_dedicated: int
    dedicated_households: int
    n_rural: int
    n_grids_min: int
    n_grids_max: int
    k_min: int
    k_max: int
    feasible: str
    reason: str | None
    parts: tuple[PartAssessment, ...]
    near_misses: tuple[NearMiss, ...]
    n_joined: int


def assess(graph: AtomGraph, rules: Rules) -> tuple[Assessment, ...]:
    """Assess every community, in the order of ``graph.communities``.

    Raises
    ------
    InputError
        The graph makes no sense (see `sound`).
    """
    check_graph(graph)
    return tuple(assess_division(graph, rules, division) for division in divide(graph, rules))


def assess_division(graph: AtomGraph, rules: Rules, division: Division) -> Assessment:
    """Assess one community of a graph that is known to make sense."""
    free = np.zeros(len(graph.edge_a))
    fixed = [f for f in division.fixed if f.kind == DEDICATED]
    estates = [r for r in division.regions if r.kind == DEDICATED]
    parts = tuple(_assess_part(graph, rules, division, r, free) for r in division.regions if r.kind == STANDARD)
    inner = tuple(_assess_part(graph, rules, division, r, free) for r in estates)
    bad = [p for p in (*parts, *inner) if p.feasible == "no"]
    over = any(f.reason == "estate_over_cap" for f in fixed)
    empty = any(f.kind == STANDARD for f in division.fixed)
    ranges = [sorted(count_range(r.households, r.rules or rules)) for r in division.regions]
    if bad:
        feasible, reason = "no", bad[0].reason
    elif empty:
        # Land without any households still is a grid, and one outside the band.
        feasible, reason = "no", "under_band"
    elif over:
        feasible, reason = "no", "estate_over_cap"
    else:
        feasible = "unknown" if any(p.feasible == "unknown" for p in (*parts, *inner)) else "yes"
        reason = None
    return Assessment(
        graph.communities[division.community],
        bool(graph.community_is_rural[division.community]),
        int(graph.households[division.atoms].sum()),
        sum(p.households for p in parts),
        len(fixed) + len(estates),
        int(sum(graph.households[f.atoms].sum() for f in fixed)) + sum(r.households for r in estates),
        sum(f.kind == RURAL for f in division.fixed) + sum(r.kind == RURAL for r in division.regions),
        len(division.fixed) + sum(least for least, _ in ranges),
        len(division.fixed) + sum(most for _, most in ranges),
        sum(p.k_min for p in parts),
        sum(p.k_max for p in parts),
        feasible,
        reason,
        parts,
        bad[0].near_misses if bad else near_misses(0, rules) if empty else (),
        sum(len(r.joins) for r in division.regions),
    )


def _assess_part(
    graph: AtomGraph, rules: Rules, division: Division, region: Region, free: FloatArray
) -> PartAssessment:
    k_min, k_max = count_range(region.households, rules)
    feasible, reason = "unknown", None
    if region.households < rules.min_households:
        feasible, reason = "no", "under_band"
    elif int(graph.largest_building[region.atoms].max()) > rules.max_households:
        feasible, reason = "no", "building_over_band"
    elif int(graph.households[region.atoms].max()) > rules.max_households:
        feasible, reason = "no", "atom_over_band"
    elif k_min > k_max:
        feasible, reason = "no", "band_hole"
    elif k_max == 1:
        feasible = "yes"
    misses = near_misses(region.households, rules) if reason in ("under_band", "band_hole") else ()
    if feasible == "unknown":
        exact, _, _ = make_problems(graph, region, division.edges, free, rules)
        found = refusal(exact.land)
        if found is not None:
            feasible, reason = "no", found.reason
            misses, _ = named_refusal(graph, rules, exact)
    return PartAssessment(region.households, len(region.atoms), k_min, k_max, feasible, reason, misses)
