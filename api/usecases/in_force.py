"""The plan in force as the atoms of a new territory see it: who lived where, what did not change, what is locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gis.atoms import Atoms
from gis.errors import Fault, InputError
from gis.graph import BoolArray, IntArray
from gis.territory import Territory
from partition.before import Before, atoms_before, members_before
from partition.filed import FiledPlan
from partition.rules import Rules
from partition.zoning.divide import Lock
from partition.zoning.redraw import InForce
from partition.zoning.succession import Members

_LOCK_KINDS = ("community", "estate", "building", "unit", "border")
_SAME_GROUND_M2 = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The old plan on new ground.

    Attributes
    ----------
    in_force, members
        What the solver and the lineage count with.
    community_of_old
        Old community code to the codes its ground lies in now, those with most households first.
    mixed
        Communities in which an atom holds members of several old grids: finer atoms may keep the grids.
    """

    in_force: InForce
    members: Members
    community_of_old: Mapping[str, tuple[str, ...]]
    mixed: tuple[str, ...]


def see(old: FiledPlan, territory: Territory, atoms: Atoms, rules: Rules) -> Seen:
    """Lay the plan in force over the atoms of a territory.

    Raises
    ------
    InputError
        ``plans_apart``, ``codes_twice`` (see `partition.before.members_before`).
    """
    graph = atoms.graph
    before = members_before(old, territory)
    members = _members(before, territory, atoms)
    parent = atoms_before(before, old, territory, atoms)
    n, n_old = graph.n_atoms, len(before.codes)
    same = members.old == parent[members.atom]
    keep = np.bincount(members.atom[same], members.households[same], n).astype(np.int64)
    placed = members.old >= 0
    was = np.bincount(members.atom[placed], members.households[placed], n).astype(np.int64)
    is_pure: BoolArray = np.bincount(members.atom[~same], minlength=n) == 0
    communities = tuple(old.grids["community"].astype(str))
    place = np.array([graph.communities[i] for i in graph.community_index[members.atom]], dtype=object)
    in_force = InForce(
        before.codes,
        communities,
        parent,
        keep,
        was,
        is_pure,
        np.zeros(n, bool),
        _unchanged(old, rules, atoms, members, parent, is_pure, n_old),
    )
    impure = np.unique(graph.community_index[~is_pure])
    return Seen(
        in_force,
        members,
        _communities_now(communities, graph.communities, members, place),
        tuple(graph.communities[i] for i in impure.tolist()),
    )


def _members(before: Before, territory: Territory, atoms: Atoms) -> Members:
    """Units, and buildings; households where the atoms count them, so that their sum is that of the atoms."""
    unit_atom = np.asarray(atoms.unit_atom, np.int64)
    building_atom = np.asarray(atoms.building_atom, np.int64)
    has_units = np.zeros(atoms.graph.n_atoms + 1, bool)
    has_units[unit_atom] = True
    has_units[-1] = False
    counted = np.where(has_units[building_atom], 0, territory["buildings"]["households"].fillna(0).to_numpy(np.int64))
    atom = np.concatenate([building_atom, unit_atom])
    grid = np.concatenate([before.building_grid, before.unit_grid])
    households = np.concatenate([counted, territory["units"]["households"].fillna(0).to_numpy(np.int64)])
    inside = atom >= 0
    return Members(atom[inside], grid[inside].astype(np.int64), households[inside])


def _unchanged(
    old: FiledPlan, rules: Rules, atoms: Atoms, members: Members, parent: IntArray, is_pure: BoolArray, n_old: int
) -> frozenset[str]:
    """Communities in which every old grid has today exactly the members, households and ground that it had."""
    graph = atoms.graph
    if not old.meta.get("rules") or Rules.from_toml(old.meta["rules"]) != rules:
        return frozenset()
    codes = old.grids["code"].astype(str).tolist()
    listed = old.members["grid"].value_counts()
    n_then = np.array([int(listed.get(code, 0)) for code in codes], np.int64)
    placed = members.old >= 0
    n_now = np.bincount(members.old[placed], minlength=n_old)
    households_now = np.bincount(members.old[placed], members.households[placed], n_old)
    of = parent >= 0
    area_now = np.bincount(parent[of], graph.area_m2[of], n_old)
    area_then = old.grids["area_m2"].to_numpy(float)
    same = (n_then == n_now) & (households_now == old.grids["households"].to_numpy(float))
    same &= np.abs(area_now - area_then) <= _SAME_GROUND_M2
    pairs = np.unique(np.stack([parent[of], graph.community_index[of].astype(np.int64)]), axis=1)
    same &= np.bincount(pairs[0], minlength=n_old) == 1  # none of it lies in another community now
    home = dict(zip(codes, old.grids["community"].astype(str)))
    out = []
    for c, community in enumerate(graph.communities):
        mine = graph.community_index == c
        grids = np.unique(parent[mine])
        here = grids.min(initial=0) >= 0 and is_pure[mine].all() and same[grids].all()
        if here and all(home[codes[g]] == community for g in grids.tolist()):
            out.append(community)
    return frozenset(out)


def _communities_now(
    then: Sequence[str], now: Sequence[str], members: Members, place: np.ndarray
) -> dict[str, tuple[str, ...]]:
    """Old community to the communities its members lie in; one that lives on under its code is that one alone."""
    tally: dict[str, dict[str, int]] = {}
    old = np.array([*then, ""], dtype=object)[members.old]
    for was, here, households in zip(old.tolist(), place.tolist(), members.households.tolist()):
        if was:
            count = tally.setdefault(was, {})
            count[here] = count.get(here, 0) + households
    living = set(now)
    return {
        was: (was,) if was in living else tuple(sorted(count, key=lambda c: (-count[c], c)))
        for was, count in sorted(tally.items())
    }


def read_locks(
    texts: Sequence[str], old: FiledPlan, territory: Territory, atoms: Atoms, in_force: InForce
) -> tuple[tuple[Lock, ...], BoolArray]:
    """Locks as written: grids held as they are, and atoms that stay with their old grid.

    Parameters
    ----------
    texts
        ``CODE`` of a grid in force; ``all`` of them; ``community:CODE`` (all its grids), ``estate:ID``,
        ``building:ID`` or ``unit:ID`` (stays in its grid); ``border:CODE+CODE`` (the border between two grids stays
        where it is).

    Raises
    ------
    InputError
        ``lock_unknown``, ``lock_kind_unknown``, ``lock_not_whole`` (the atoms of today do not make up the grid).
    """
    codes = {code: i for i, code in enumerate(in_force.codes)}
    pinned = in_force.pinned.copy()
    held: list[int] = []
    faults: list[Fault] = []

    def known(name: str, table: Mapping[str, int], text: str) -> int:
        if name not in table:
            some = ", ".join(sorted(table)[:8])
            faults.append(
                Fault("lock_unknown", {"measured": text, "allowed": some + (" ..." if len(table) > 8 else "")})
            )
        return table.get(name, -1)

    for text in dict.fromkeys(texts):
        kind, _, name = text.rpartition(":")
        if text == "all":
            held += range(len(in_force.codes))
        elif kind == "":
            held.append(known(name, codes, text))
        elif kind == "community":
            mine = [i for i, community in enumerate(in_force.communities) if community == name]
            held += mine or [known(name, dict.fromkeys(in_force.communities, 0), text)]
        elif kind in ("building", "unit"):
            layer = f"{kind}s"
            rows = {str(one): i for i, one in enumerate(territory[layer]["id"])}
            atom = np.asarray(atoms.building_atom if kind == "building" else atoms.unit_atom)
            if (row := known(name, rows, text)) >= 0:
                pinned[atom[row]] = True
        elif kind == "estate":
            owned = {one: i for i, one in enumerate(atoms.graph.estate_ids)}
            if (row := known(name, owned, text)) >= 0:
                pinned |= atoms.graph.estate_index == row
        elif kind == "border":
            ends = [known(code, codes, text) for code in name.split("+")]
            a, b = in_force.parent[atoms.graph.edge_a], in_force.parent[atoms.graph.edge_b]
            along = np.isin(a, ends) & np.isin(b, ends) & (a != b)
            pinned[atoms.graph.edge_a[along]] = pinned[atoms.graph.edge_b[along]] = True
        else:
            faults.append(Fault("lock_kind_unknown", {"measured": text, "allowed": ", ".join(_LOCK_KINDS)}))
    locks = []
    for grid in dict.fromkeys(i for i in held if i >= 0):
        mine = np.flatnonzero(in_force.parent == grid)
        shape = old.grids.geometry.to_crs(territory.crs).iloc[grid]
        gap = abs(float(shapely.area(shape)) - float(atoms.graph.area_m2[mine].sum()))
        if not in_force.is_pure[mine].all() or gap > 0.01 * float(shapely.area(shape)):
            facts = {"measured": in_force.codes[grid], "allowed": 1, "gap_m2": round(gap, 1)}
            faults.append(Fault("lock_not_whole", facts))
            continue
        locks.append(Lock(in_force.codes[grid], tuple(atoms.graph.atom_ids[i] for i in mine.tolist())))
    if faults:
        raise InputError.of(faults)
    return tuple(locks), pinned
