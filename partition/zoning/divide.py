"""What has to be cut at all: dedicated estates, villages and locks taken out, the rest in connected regions.

Decides which atoms make a grid before any search (`Fixed`), which make a region for the ladder (`Region`), which
small parts are joined across a barrier or a gap (`Join`), and which land without households waits for the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.errors import Conflict, NotFound
from gis.graph import AtomGraph, AtomKind, BoolArray, EdgeClass, Int32Array, IntArray
from partition.plan import DEDICATED, RURAL, STANDARD
from partition.rules import Rules


@dataclass(frozen=True, slots=True)
class Lock:
    """A grid that must stay as it is: exactly these atoms."""

    code: str
    atom_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A grid known before any search.  ``reason`` names why it may lie outside the band."""

    kind: str
    atoms: IntArray
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """A small part joined to a larger one: the contacts (pairs of atoms) that now count as contiguous."""

    atoms: IntArray
    households: int
    links: IntArray


@dataclass(frozen=True, slots=True)
class Region:
    """Atoms to be cut into grids of one kind; connected over passable edges and the links of its joins.

    ``rules`` are its own where they differ from those of the plan (villagers' groups with a floor).
    """

    kind: str
    atoms: IntArray
    households: int
    joins: tuple[Join, ...] = ()
    rules: Rules | None = None


@dataclass(frozen=True, slots=True)
class Division:
    """One community taken apart.  ``late`` are atoms without households to attach after the search."""

    community: int
    atoms: IntArray
    edges: IntArray
    fixed: tuple[Fixed, ...]
    regions: tuple[Region, ...]
    late: IntArray
    n_locked: int = 0


def count_range(households: int, rules: Rules) -> tuple[int, int]:
    """(k_min, k_max): fewest and most grids by count; no lawful number when k_min > k_max."""
    return -(-households // rules.max_households), households // rules.min_households


def dedicated_estates(graph: AtomGraph, rules: Rules) -> BoolArray:
    """Per estate: it makes dedicated grids, by the data's word or else by its kind and size."""
    n = len(graph.estate_ids)
    owned = graph.estate_index >= 0
    households = np.bincount(graph.estate_index[owned], graph.households[owned], n)
    by_kind = np.isin(np.array(graph.estate_kinds, dtype=str), np.array(rules.dedicated_kinds, dtype=str))
    area_m2 = np.bincount(graph.estate_index[owned], graph.area_m2[owned], n)
    is_housing = np.array(graph.estate_kinds, dtype=str) == "estate"
    is_small = (households < rules.dedicated_min_households) & (is_housing | (area_m2 < rules.dedicated_min_area_m2))
    result: BoolArray = np.where(graph.estate_dedicated < 0, by_kind & ~is_small, graph.estate_dedicated > 0).astype(
        bool
    )
    return result


def divide(graph: AtomGraph, rules: Rules, locks: Sequence[Lock] = ()) -> tuple[Division, ...]:
    """Take every community apart.

    Raises
    ------
    NotFound
        ``lock_unknown_atom``.
    Conflict
        ``locks_overlap``, ``lock_crosses_communities``, ``lock_empty``, ``lock_cuts_estate``.
    """
    locked = _read_locks(graph, locks)
    _check_locked_estates(graph, rules, locks, locked)
    is_dedicated = dedicated_estates(graph, rules)
    n_communities = len(graph.communities)
    atom_order = np.argsort(graph.community_index, kind="stable")
    atom_ends = np.searchsorted(graph.community_index[atom_order], np.arange(n_communities + 1))
    edge_community = graph.community_index[graph.edge_a]
    edge_order = np.argsort(edge_community, kind="stable")
    edge_ends = np.searchsorted(edge_community[edge_order], np.arange(n_communities + 1))
    out = []
    for c in range(n_communities):
        atoms = atom_order[atom_ends[c] : atom_ends[c + 1]].astype(np.int64)
        edges = edge_order[edge_ends[c] : edge_ends[c + 1]].astype(np.int64)
        out.append(_divide_one(graph, rules, c, atoms, edges, is_dedicated, locked))
    return tuple(out)


def _read_locks(graph: AtomGraph, locks: Sequence[Lock]) -> IntArray:
    """Per atom: position of its lock or -1."""
    of = np.full(graph.n_atoms, -1, np.int64)
    position = {name: i for i, name in enumerate(graph.atom_ids)} if locks else {}
    for i, lock in enumerate(locks):
        if not lock.atom_ids:
            raise Conflict("lock_empty", id=lock.code)
        for name in lock.atom_ids:
            if name not in position:
                raise NotFound("lock_unknown_atom", id=lock.code, measured=name)
            if of[position[name]] >= 0:
                raise Conflict("locks_overlap", id=lock.code, measured=name, allowed=locks[of[position[name]]].code)
            of[position[name]] = i
        communities = sorted({graph.communities[graph.community_index[position[name]]] for name in lock.atom_ids})
        if len(communities) > 1:
            raise Conflict("lock_crosses_communities", id=lock.code, measured=", ".join(communities))
    return of


def _check_locked_estates(graph: AtomGraph, rules: Rules, locks: Sequence[Lock], locked: IntArray) -> None:
    """Refuse a lock that holds a part of an estate which has to stay whole."""
    owned = np.flatnonzero(graph.estate_index >= 0)
    if not locks or len(owned) == 0:
        return
    # An estate on both sides of a community line is cut there already: each side counts by itself.
    sides = np.stack([graph.estate_index[owned], graph.community_index[owned]], axis=1)
    _, side = np.unique(sides, axis=0, return_inverse=True)
    households = np.bincount(side, graph.households[owned])
    for i, lock in enumerate(locks):
        for one in np.unique(side[locked[owned] == i]):
            members = owned[side == one]
            if households[one] <= rules.estate_cap and (locked[members] != i).any():
                estate = graph.estate_ids[graph.estate_index[members[0]]]
                raise Conflict("lock_cuts_estate", id=lock.code, measured=estate, allowed=rules.estate_cap)


def _divide_one(
    graph: AtomGraph,
    rules: Rules,
    community: int,
    atoms: IntArray,
    edges: IntArray,
    is_dedicated: BoolArray,
    locked: IntArray,
) -> Division:
    fixed: list[Fixed] = []
    regions: list[Region] = []
    late: list[IntArray] = []
    rest = atoms
    estate = graph.estate_index
    lock_of = locked[rest]
    for lock in np.unique(lock_of[lock_of >= 0]):
        members = rest[lock_of == lock]
        homes = members[graph.households[members] > 0]  # land without households may have been attached
        owners = np.unique(estate[homes if len(homes) else members])
        dedicated = len(owners) == 1 and owners[0] >= 0 and is_dedicated[owners[0]]
        rural = bool(graph.community_is_rural[community]) and rules.rural_mode != "banded"
        kind = DEDICATED if dedicated else RURAL if rural else STANDARD
        fixed.append(Fixed(kind, members, "locked"))
    n_locked = len(fixed)
    rest = rest[lock_of < 0]
    apart = (estate[rest] >= 0) & (is_dedicated[estate[rest]] if len(is_dedicated) else False)
    for one in np.unique(estate[rest[apart]]):
        members = rest[apart & (estate[rest] == one)]
        if graph.households[members].sum() <= rules.estate_cap:
            fixed.append(Fixed(DEDICATED, members))
            continue
        parts, empty = _regions(graph, rules, DEDICATED, members, edges)
        late += empty
        for part in parts:
            k_min, k_max = count_range(part.households, rules)
            if k_min > k_max or k_max == 1 or len(part.atoms) == 1:
                whole = part.households > rules.max_households or k_min > k_max
                fixed.append(Fixed(DEDICATED, part.atoms, "estate_over_cap" if whole else None))
            else:
                regions.append(part)
    rest = rest[~apart]
    if len(rest):
        if graph.community_is_rural[community] and rules.rural_mode == "village":
            fixed.append(Fixed(RURAL, rest))
        elif graph.community_is_rural[community] and rules.rural_mode == "villager_group":
            homes, parts, empty = divide_groups(graph, rules, rest, edges)
            fixed += homes
            regions += parts
            late += empty
            if not fixed and not regions:
                fixed, late = [Fixed(RURAL, rest)], []
        else:
            parts, empty = _regions(graph, rules, STANDARD, rest, edges)
            regions += parts
            late += empty
    waiting = np.sort(np.concatenate(late)) if late else np.zeros(0, np.int64)
    if len(waiting) and not fixed and not regions:
        fixed, waiting = [Fixed(STANDARD, waiting)], waiting[:0]
    return Division(community, atoms, edges, tuple(fixed), tuple(regions), waiting, n_locked)


def divide_groups(
    graph: AtomGraph, rules: Rules, rest: IntArray, edges: IntArray
) -> tuple[list[Fixed], list[Region], list[IntArray]]:
    """Villagers' groups as grids: (known at once, small ones to be united, land without households).

    A community without ready-made groups is one grid.  Under a floor, parts of the land are cut by the solver as
    ever, with a band from the floor upward and no pull but to the floor: no grid below it, and none that could be
    parted again.
    """
    if not (graph.kind[rest] == AtomKind.VILLAGE).any():
        return [Fixed(RURAL, rest)], [], []
    groups = np.split(*_runs(rest, whole_estates(graph, rules, rest)))
    homes = [group for group in groups if graph.households[group].sum() > 0]
    used = np.concatenate(homes) if homes else rest[:0]
    floor = rules.group_floor_households
    if all(graph.households[group].sum() >= floor for group in homes):
        return [Fixed(RURAL, group) for group in homes], [], [np.setdiff1d(rest, used)]
    total = int(graph.households[rest].sum())
    # Parting two grids above the floor gains at least floor**2 / (total - floor) times the pull: more than all borders.
    metres = float(graph.edge_length_m[inner_edges(graph, rest, edges)[0]].sum()) + 1.0
    most = max(getattr(rules, f.name) for f in fields(rules) if f.name.startswith("weight_"))
    own = replace(
        rules,
        min_households=floor,
        max_households=max(total, floor),
        target_households=floor,
        balance_weight=min(1.0 + round(max(total - floor, 1) * metres * most / floor**2, 3), 1e8),
        dispersion_weight=0.0,
        join_small_parts=True,
    )
    parts, empty = _regions(graph, own, RURAL, rest, edges)
    fixed = [Fixed(RURAL, part.atoms) for part in parts if part.households < floor]
    return fixed, [replace(part, rules=own) for part in parts if part.households >= floor], empty


def whole_estates(graph: AtomGraph, rules: Rules, atoms: IntArray) -> IntArray:
    """Per atom a label: the atoms of an estate that must stay whole (up to the cap, or in one grid) share one."""
    most = max(rules.estate_cap, rules.max_households)
    label = np.arange(len(atoms))
    estate = graph.estate_index[atoms]
    for one in np.unique(estate[estate >= 0]):
        members = np.flatnonzero(estate == one)
        if graph.households[atoms[members]].sum() <= most:
            label[members] = members[0]
    return label


def estate_pairs(graph: AtomGraph, rules: Rules, atoms: IntArray) -> IntArray:
    """Pairs of atoms that hang together because an estate that must stay whole holds them, whatever lies between."""
    whole = whole_estates(graph, rules, atoms)
    rest = np.flatnonzero(whole != np.arange(len(whole)))
    return np.stack([atoms[whole[rest]], atoms[rest]], axis=1).astype(np.int64)


def _runs(atoms: IntArray, label: IntArray) -> tuple[IntArray, IntArray]:
    """Atoms ordered by label, and where each label but the first begins: what `numpy.split` takes."""
    order = np.argsort(label, kind="stable")
    return atoms[order], np.flatnonzero(np.diff(label[order])) + 1


def inner_edges(graph: AtomGraph, atoms: IntArray, edges: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Edges of ``edges`` with both ends in ``atoms`` (ascending): (edge, local a, local b)."""
    if len(atoms) == 0 or len(edges) == 0:
        none = np.zeros(0, np.int64)
        return none, none, none
    a = np.minimum(np.searchsorted(atoms, graph.edge_a[edges]), len(atoms) - 1)
    b = np.minimum(np.searchsorted(atoms, graph.edge_b[edges]), len(atoms) - 1)
    both = (atoms[a] == graph.edge_a[edges]) & (atoms[b] == graph.edge_b[edges])
    return edges[both], a[both], b[both]


def is_link(graph: AtomGraph, edges: IntArray) -> BoolArray:
    """Whether edges make a grid contiguous by themselves: passable, and a real shared border."""
    result: BoolArray = graph.edge_passable[edges] & (graph.edge_class[edges] != EdgeClass.EXCLAVE)
    return result


def components(n: int, a: IntArray, b: IntArray) -> IntArray:
    """Connected component per node, numbered in order of the first member."""
    matrix = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    _, label = connected_components(matrix, directed=False)
    _, first, back = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    result: IntArray = rank[back]
    return result


def _regions(
    graph: AtomGraph, rules: Rules, kind: str, atoms: IntArray, edges: IntArray
) -> tuple[list[Region], list[IntArray]]:
    """Connected parts with households as regions, small ones joined; parts without any apart."""
    inner, a, b = inner_edges(graph, atoms, edges)
    link = is_link(graph, inner)
    label = components(len(atoms), a[link], b[link])
    ties = _estate_ties(graph, rules, kind, atoms, label)
    label = components(len(atoms), np.concatenate([a[link], ties[:, 0]]), np.concatenate([b[link], ties[:, 1]]))
    n = int(label.max()) + 1 if len(label) else 0
    households = np.bincount(label, graph.households[atoms], n).astype(np.int64)
    empty = [atoms[label == i] for i in range(n) if households[i] == 0]
    homes = [i for i in range(n) if households[i] > 0]
    group = {i: [i] for i in homes}
    joins: dict[int, list[Join]] = {i: [] for i in homes}
    for one, two in ties:
        if label[one] in joins:
            mine = np.array([one, two])
            joins[label[one]].append(Join(atoms[mine], int(graph.households[atoms[mine]].sum()), atoms[mine][None, :]))
    weight = {i: int(households[i]) for i in homes}
    owner = label.copy()
    while rules.join_small_parts and len(group) > 1:
        small = min(group, key=lambda i: (weight[i], i))
        if weight[small] >= rules.min_households:
            break
        links, other = _longest_contact(graph, atoms, inner, a, b, link, owner, small, sorted(group))
        moved = owner == small
        joins[other] += [*joins[small], Join(atoms[moved], weight[small], links)]
        group[other] += group[small]
        weight[other] += weight[small]
        owner[moved] = other
        del group[small]
    parts = [Region(kind, atoms[owner == i], weight[i], tuple(joins[i])) for i in sorted(group)]
    return parts, empty


def _estate_ties(graph: AtomGraph, rules: Rules, kind: str, atoms: IntArray, part: IntArray) -> IntArray:
    """Pairs of atoms (local) that hold an estate together which lies in several parts: it may not be cut."""
    if kind == DEDICATED:
        return np.zeros((0, 2), np.int64)
    whole = whole_estates(graph, rules, atoms)
    pairs = [(int(first), i) for i, first in enumerate(whole) if first != i and part[first] != part[i]]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _longest_contact(
    graph: AtomGraph,
    atoms: IntArray,
    inner: IntArray,
    a: IntArray,
    b: IntArray,
    link: BoolArray,
    owner: IntArray,
    small: int,
    groups: list[int],
) -> tuple[IntArray, int]:
    """The group that ``small`` touches longest (else the nearest), and the pairs of atoms that touch."""
    out, into = owner[a], owner[b]
    touch = ~link & ((out == small) != (into == small)) & np.isin(out, groups) & np.isin(into, groups)
    if touch.any():
        other = np.where(out[touch] == small, into[touch], out[touch])
        codes, back = np.unique(other, return_inverse=True)
        metres = np.bincount(back, graph.edge_length_m[inner[touch]])
        best = int(codes[np.argmax(metres)])
        chosen = np.flatnonzero(touch)[other == best]
        return np.stack([atoms[a[chosen]], atoms[b[chosen]]], axis=1), best
    mine = atoms[owner == small]
    theirs = atoms[(owner != small) & np.isin(owner, groups)]
    theirs = theirs[graph.households[theirs] > 0]
    mine = mine[graph.households[mine] > 0]
    gap = np.hypot(
        graph.x_m[mine][:, None] - graph.x_m[theirs][None, :], graph.y_m[mine][:, None] - graph.y_m[theirs][None, :]
    )
    i, j = np.unravel_index(int(np.argmin(gap)), gap.shape)
    best = int(owner[np.searchsorted(atoms, theirs[j])])
    return np.array([[mine[i], theirs[j]]]), best


def barrier_ties(graph: AtomGraph, division: Division) -> Int32Array:
    """Edges of a community that do not make a grid contiguous by themselves."""
    result: Int32Array = division.edges[~is_link(graph, division.edges)].astype(np.int32)
    return result
