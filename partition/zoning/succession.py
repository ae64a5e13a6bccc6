"""From a re-drawn plan to its successor: codes carried on, parents named, what did not change said as it was.

Decides how a fresh numbering becomes a lineage.  Who carries what on is decided in `partition.lineage`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gis.graph import FloatArray, Int32Array, IntArray
from partition.lineage import Carried, Pairing, carry_codes, pair_grids
from partition.plan import Plan, Result


@dataclass(frozen=True, slots=True)
class Members:
    """Pieces of ground with households, old and new side by side.

    Attributes
    ----------
    atom
        Per member: its atom of today.
    old
        Per member: its old grid, -1 for none.
    households
        Per member: of today.
    """

    atom: IntArray
    old: IntArray
    households: IntArray


@dataclass(frozen=True, slots=True)
class Succession:
    """A plan with the codes of its lineage.

    Attributes
    ----------
    result
        As drawn, with codes carried on; ``Grid.parent`` is the old code that a grid carries on.
    retired
        Every code that was ever issued and is no longer in force, ascending.
    pairing
        New grids (in the order of ``result.plan.grids``) and old ones.
    """

    result: Result
    retired: tuple[str, ...]
    pairing: Pairing


def succeed(
    result: Result,
    members: Members,
    old_codes: Sequence[str],
    old_communities: Sequence[str],
    *,
    retired: Sequence[str] = (),
    community_of_old: Mapping[str, Sequence[str]] | None = None,
    reasons: Mapping[str, str | None] | None = None,
) -> Succession:
    """Give a re-drawn plan its codes.

    Parameters
    ----------
    old_codes, old_communities
        Of the old grids, in the order that ``members.old`` counts in.
    retired, community_of_old
        See `carry_codes`.
    reasons
        Why old grids were out of band, for grids that go on as they were.

    Raises
    ------
    InputError
        See `carry_codes`.
    """
    plan, graph = result.plan, result.graph
    new = plan.atom_grid[members.atom].astype(np.int64)
    pairing = pair_grids(members.old, new, members.households, len(old_codes), len(plan.grids))
    x, y, height = _places(result)
    carried: Carried = carry_codes(
        pairing.parent,
        old_codes,
        old_communities,
        [grid.community for grid in plan.grids],
        [grid.kind for grid in plan.grids],
        x,
        y,
        height,
        retired=retired,
        community_of_old=community_of_old,
    )
    known = dict(reasons or {})
    renamed = {grid.code: code for grid, code in zip(plan.grids, carried.codes)}
    grids = []
    for grid, code, parent in zip(plan.grids, carried.codes, pairing.parent.tolist()):
        old = old_codes[parent] if parent >= 0 else None
        reason = known.get(old or "") or grid.reason if grid.reason == "locked" else grid.reason
        grids.append(replace(grid, code=code, parent=old, reason=reason))
    order = sorted(range(len(grids)), key=lambda i: grids[i].code)
    rank: Int32Array = np.empty(len(grids), np.int32)
    rank[order] = np.arange(len(grids))
    violations = sorted(
        (
            replace(v, grid=renamed.get(v.grid, v.grid), facts={**v.facts, "grid": renamed.get(v.grid, v.grid)})
            if v.grid
            else v
            for v in result.violations
        ),
        key=lambda v: (v.community, v.code, v.grid),
    )
    drawn = Plan(rank[plan.atom_grid], tuple(grids[i] for i in order), plan.rules, plan.seed, plan.territory_hash)
    new = drawn.atom_grid[members.atom].astype(np.int64)
    return Succession(
        replace(result, plan=drawn, violations=tuple(violations), graph=graph),
        carried.retired,
        pair_grids(members.old, new, members.households, len(old_codes), len(grids)),
    )


def _places(result: Result) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Centre and height of each grid, from the corner of the territory in whole centimetres."""
    graph, of = result.graph, result.plan.atom_grid
    n = len(result.plan.grids)
    share = np.maximum(graph.area_m2, 1e-6)
    area = np.maximum(np.bincount(of, share, n), 1e-6)
    x = np.bincount(of, graph.x_m * share, n) / area
    y = np.bincount(of, graph.y_m * share, n) / area
    return np.round(x - x.min(initial=np.inf), 2), np.round(y - y.min(initial=np.inf), 2), np.sqrt(area)
