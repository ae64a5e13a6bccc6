"""Re-draw: the plan in force goes on where it is still lawful; the rest is cut anew with as little change as can be.

Decides which communities are freed.  A community keeps its grids as they are when nothing in it changed, or when they
are still lawful in its new bounds; all others are cut again by `draw`, where every household that changes grid costs
``change_weight`` metres of border.  Codes are given out in `partition.lineage`; how change is counted truly, `tolls`.
"""

from __future__ import annotations

import math
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gis.graph import AtomGraph, BoolArray, IntArray
from gis.progress import SILENT, Progress
from partition.executor import Executor
from partition.plan import Result
from partition.rules import Rules
from partition.stop import Call, Stop, never
from partition.zoning.divide import Division, Lock, components, divide, is_link
from partition.zoning.draw import draw
from partition.zoning.ladder import Solved
from partition.zoning.problem import Before, edge_costs

PIN_WEIGHT = 1_000
"""Households that a locked atom counts as many times: it moves only where nothing else is lawful."""

_FLOOR_SHARE = 0.5  # without borders to look at, pricing has nothing to drop its branches by
_FLOOR_SCALE = 1e-6  # weight of borders beside one household where the least change of all is asked for


@dataclass(frozen=True, slots=True)
class InForce:
    """The plan in force as the atoms of today see it.

    Attributes
    ----------
    codes, communities
        Per old grid: its code, and its community's code then.
    parent
        Per atom: number of the old grid that most of its households (of its members, of its ground where it has
        none) were in; -1 for none.
    keep, was
        Per atom: households of today that were in that grid, and in any old grid.
    is_pure
        Per atom: all its members were in the same old grid, or all in none.
    pinned
        Per atom: must stay with its old grid.
    unchanged
        Community codes in which every grid has the members, households and ground that it had under the same rules.
    """

    codes: tuple[str, ...]
    communities: tuple[str, ...]
    parent: IntArray
    keep: IntArray
    was: IntArray
    is_pure: BoolArray
    pinned: BoolArray
    unchanged: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A re-draw before its grids have codes.

    Attributes
    ----------
    result
        The plan, with codes of a first numbering (see `partition.lineage.carry_codes`).
    freed
        Codes of the communities that were cut anew, ascending.
    moved_at_least
        Households that change grid in any plan as lawful as this, proved; 0 where it was not asked for.
    """

    result: Result
    freed: tuple[str, ...]
    moved_at_least: int


def redraw(
    graph: AtomGraph,
    rules: Rules,
    in_force: InForce,
    *,
    change_weight: float,
    seed: int = 0,
    territory_hash: str = "",
    stop: Stop | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    locks: Sequence[Lock] = (),
    is_called_off: Call = never,
    known: MutableMapping[str, Solved] | None = None,
    with_floor: bool = True,
    progress: Progress = SILENT,
) -> Redrawn:
    """Cut the communities anew whose grids are no longer lawful, with least change.

    Parameters
    ----------
    change_weight
        Metres of border that one household in another grid costs; 0: as if there were no plan in force.
    locks
        Grids that stay as they are wherever they lie.
    with_floor
        Also prove how few households any lawful plan moves.
    seed, territory_hash, stop, workers, executor, is_called_off, known, progress
        As for `draw`.

    Raises
    ------
    InputError, NotFound, Conflict
        As `draw`.
    """
    divisions = divide(graph, rules, locks)
    keeps = [d for d in divisions if _stays(graph, rules, d, in_force)]
    taken = {name for lock in locks for name in lock.atom_ids}
    held = [*locks, *(lock for division in keeps for lock in _locks_of(graph, division, in_force, taken))]
    freed = tuple(sorted({graph.communities[d.community] for d in divisions} - _names(graph, keeps)))
    pins = np.where(in_force.pinned, PIN_WEIGHT, 1)
    # Only one new grid can take an old one's place: in the community that holds most of it.
    home, toll = _homes(graph, in_force)
    stays = (in_force.parent >= 0) & (home[in_force.parent] == graph.community_index)
    before = Before(
        np.where(stays, in_force.parent, -1),
        np.where(stays, in_force.keep, 0) * pins,
        in_force.was * pins,
        change_weight,
        np.zeros(0, np.int64),
    )
    result = draw(
        graph,
        rules,
        seed=seed,
        territory_hash=territory_hash,
        stop=stop,
        workers=workers,
        executor=executor,
        locks=held,
        before=before,
        is_called_off=is_called_off,
        known=known,
        progress=progress,
    )
    floor = 0
    if with_floor and not is_called_off():
        plain = Before(in_force.parent, in_force.keep, in_force.was, 1.0, toll)
        floor = _floor(
            graph, rules, held, divisions, plain, freed, seed, workers, executor, is_called_off, known, progress
        )
    return Redrawn(result, freed, floor)


def _homes(graph: AtomGraph, in_force: InForce) -> tuple[IntArray, IntArray]:
    """Per old grid: the community that holds most of its households, and how many the next one holds."""
    n_old, n = len(in_force.codes), len(graph.communities)
    known = in_force.parent >= 0
    key, back = np.unique(in_force.parent[known] * n + graph.community_index[known], return_inverse=True)
    share = np.bincount(back, in_force.keep[known], len(key)).astype(np.int64)
    home, most, second = np.full(n_old + 1, -1, np.int64), np.full(n_old, -1, np.int64), np.zeros(n_old, np.int64)
    for pair, households in zip(key.tolist(), share.tolist()):
        old = pair // n
        if households > most[old]:
            second[old] = max(int(most[old]), 0)
            most[old], home[old] = households, pair % n
        else:
            second[old] = max(int(second[old]), households)
    return home, second


def _names(graph: AtomGraph, divisions: Sequence[Division]) -> set[str]:
    return {graph.communities[division.community] for division in divisions}


def _stays(graph: AtomGraph, rules: Rules, division: Division, in_force: InForce) -> bool:
    """Whether the old grids of a community can go on as they are."""
    atoms = division.atoms
    parent = in_force.parent[atoms]
    if len(atoms) == 0 or (parent < 0).any() or not in_force.is_pure[atoms].all():
        return False
    if (in_force.keep[atoms] != graph.households[atoms]).any():
        return False
    # An old grid that reaches over the community's border can not go on.
    if not np.isin(np.flatnonzero(np.isin(in_force.parent, np.unique(parent))), atoms).all():
        return False
    if graph.communities[division.community] in in_force.unchanged:
        return True
    late = set(division.late.tolist())
    for fixed in division.fixed:
        if fixed.reason is not None and fixed.reason != "locked":
            return False
        labels = np.unique(in_force.parent[fixed.atoms])
        holders = atoms[np.isin(parent, labels)]
        if len(labels) != 1 or not set(np.setdiff1d(holders, fixed.atoms).tolist()) <= late:
            return False
    for region in division.regions:
        labels = np.unique(in_force.parent[region.atoms])
        holders = atoms[np.isin(parent, labels)]
        if not set(np.setdiff1d(holders, region.atoms).tolist()) <= late:
            return False
        households = np.bincount(in_force.parent[region.atoms], graph.households[region.atoms])[labels]
        if households.min() < rules.min_households or households.max() > rules.max_households:
            return False
    return _in_one_piece(graph, division, parent)


def _in_one_piece(graph: AtomGraph, division: Division, parent: IntArray) -> bool:
    """Whether each old grid hangs together inside the community, over its joins where it has any."""
    atoms, edges = division.atoms, division.edges
    a, b = np.searchsorted(atoms, graph.edge_a[edges]), np.searchsorted(atoms, graph.edge_b[edges])
    keep = is_link(graph, edges) & (parent[a] == parent[b])
    links = [join.links for region in division.regions for join in region.joins]
    pairs = np.searchsorted(atoms, np.concatenate(links)) if links else np.zeros((0, 2), np.int64)
    pairs = pairs[parent[pairs[:, 0]] == parent[pairs[:, 1]]]
    piece = components(len(atoms), np.concatenate([a[keep], pairs[:, 0]]), np.concatenate([b[keep], pairs[:, 1]]))
    return len(np.unique(piece)) == len(np.unique(parent))


def _locks_of(graph: AtomGraph, division: Division, in_force: InForce, taken: set[str]) -> list[Lock]:
    """A lock per old grid of a community that stays, but for what is locked already."""
    locks = []
    parent = in_force.parent[division.atoms]
    for old in np.unique(parent).tolist():
        names = tuple(graph.atom_ids[i] for i in division.atoms[parent == old].tolist())
        if not taken & set(names):
            locks.append(Lock(in_force.codes[old], names))
    return locks


def change_only(rules: Rules) -> Rules:
    """Rules under which next to nothing but change costs anything."""
    light = {f"weight_{name}": getattr(rules, f"weight_{name}") * _FLOOR_SCALE for name in _BORDERS}
    return replace(rules, balance_weight=0.0, dispersion_weight=0.0, **light)


def _floor(
    graph: AtomGraph,
    rules: Rules,
    locks: Sequence[Lock],
    divisions: Sequence[Division],
    before: Before,
    freed: Sequence[str],
    seed: int,
    workers: int,
    executor: Executor | None,
    is_called_off: Call,
    known: MutableMapping[str, Solved] | None,
    progress: Progress,
) -> int:
    """Fewest households that change grid: the same search with borders that cost next to nothing.

    An old grid p that lies in several communities can go on in one of them only.  Every new grid anywhere that takes
    its place pays a toll t(p), and sum(t) is taken off in the end (Lagrange): the sum over the communities, each cut
    for least change alone, is then below the change of every plan.  A community without a proof counts with
    ``sum over p of min(its households of p, t(p))``, which holds for any cut of it.
    """
    bare = change_only(rules)
    least = draw(
        graph,
        bare,
        seed=seed,
        workers=workers,
        executor=executor,
        locks=locks,
        before=before,
        share=_FLOOR_SHARE,
        is_called_off=is_called_off,
        known=known,
        progress=progress,
    )
    n = len(graph.communities)
    borders = np.bincount(graph.community_index[graph.edge_a], edge_costs(graph, bare), n)
    placed = before.parent >= 0
    key, back = np.unique(before.parent[placed] * n + graph.community_index[placed], return_inverse=True)
    share = np.bincount(back, before.keep[placed], len(key))
    any_cut = np.bincount(key % n, np.minimum(share, before.toll[key // n]), n)
    place = {code: i for i, code in enumerate(graph.communities)}
    bounds = {row.code: row.bound for row in least.communities}
    given = {
        graph.communities[d.community]: sum(_change_of(before, fixed.atoms) for fixed in d.fixed) for d in divisions
    }
    total = 0.0
    for code in freed:
        c = place[code]
        proved = bounds[code] - borders[c] if math.isfinite(bounds[code]) else 0.0
        total += max(proved + given[code], float(any_cut[c]))
    return max(0, math.ceil(total - float(before.toll.sum()) - _TINY))


def _change_of(before: Before, atoms: IntArray) -> float:
    """Change of a grid that nothing has to be searched for (a village, an estate)."""
    known = atoms[before.parent[atoms] >= 0]
    kept = np.bincount(before.parent[known], before.keep[known], len(before.toll)) - before.toll
    return float(before.was[atoms].sum() - max(kept.max(initial=0.0), 0.0))


_BORDERS = ("arterial", "street", "alley", "water", "rail", "wall", "unit", "open")
_TINY = 1e-3  # of the sums of hundreds of bounds
