"""A solver run on part of a plan, seen from the plan: what may change under its locks, and what an answer asks for.

How the ground is cut is decided in `partition.zoning.resolve`; an answer becomes an edit like any other (`proposal`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gis.errors import Conflict, Fault, InputError, NotFound
from gis.graph import BoolArray
from partition.edits.ground import Ground
from partition.edits.locks import ALL
from partition.edits.sheet import Sheet
from partition.edits.wishes import Known, Part, Wish
from partition.zoning.resolved import BALANCE, Aim, Resolved, Standing


@dataclass(frozen=True, slots=True)
class Chosen:
    """Part of a plan that may change.

    Attributes
    ----------
    community
        Position of the one community it lies in.
    codes
        Of the grids that `Standing` counts: all of the community.
    grids
        Those of them that may change.
    standing
        As the solver takes it.
    """

    community: int
    codes: tuple[str, ...]
    grids: tuple[str, ...]
    standing: Standing


def choose(ground: Ground, sheet: Sheet, grids: Sequence[str], community: str, locks: Sequence[str]) -> Chosen:
    """What may change of a plan under its locks.

    Parameters
    ----------
    grids
        Codes; nothing else changes.
    community
        Or, where no grids are named, all of a community but for its locked grids, and the ground in no grid as well.

    Raises
    ------
    InputError
        ``solve_what``, ``edit_grid_unknown``.
    NotFound
        ``plan_community_unknown``.
    Conflict
        ``solve_other_communities``, ``solve_grid_locked``, ``edit_ground_differs``, ``solve_nothing_free``.
    """
    if bool(grids) == bool(community):
        raise InputError("solve_what")
    unknown = [code for code in grids if code not in sheet.grids]
    if unknown:
        raise InputError.of(Fault("edit_grid_unknown", {"measured": code}) for code in unknown[:20])
    homes = sorted({str(sheet.grids[code]["community"]) for code in grids}) or [community]
    if len(homes) > 1:
        raise Conflict("solve_other_communities", measured=", ".join(homes[:8]))
    place = homes[0]
    if place not in sheet.communities or place not in ground.community_at:
        raise NotFound("plan_community_unknown", measured=place)
    sheet.assert_open((place,))
    here = tuple(sorted(code for code, row in sheet.grids.items() if row["community"] == place))
    held = {text for text in locks if text in here or text in (ALL, f"community:{place}")}
    wide = sorted(held & {ALL, f"community:{place}"})
    refused = wide or sorted(held & set(grids))
    if refused:
        raise Conflict.of(Fault("solve_grid_locked", {"measured": text}) for text in refused)
    free_codes = tuple(code for code in here if code not in held and (not grids or code in grids))
    position = {code: i for i, code in enumerate(here)}
    atoms = ground.divisions[ground.community_at[place]].atoms
    grid = np.full(ground.graph.n_atoms, -1, np.int64)
    grid[atoms] = [position.get(code, -1) for code in sheet.atom_code[atoms].tolist()]
    free = np.zeros(ground.graph.n_atoms, bool)
    wanted = {position[code] for code in free_codes} | (set() if grids else {-1})
    free[atoms] = np.isin(grid[atoms], sorted(wanted))
    if not free.any():
        raise Conflict("solve_nothing_free", measured=place)
    kinds = tuple(str(sheet.grids[code]["kind"]) for code in here)
    standing = Standing(grid, kinds, free, _pinned(ground, sheet, locks) & free & (grid >= 0))
    return Chosen(ground.community_at[place], here, free_codes, standing)


def _pinned(ground: Ground, sheet: Sheet, locks: Sequence[str]) -> BoolArray:
    """Atoms that may not leave their grid, as `partition.edits.locks` refuses it."""
    graph = ground.graph
    pinned = np.zeros(graph.n_atoms, bool)
    estates = {name: i for i, name in enumerate(graph.estate_ids)}
    for text in locks:
        kind, _, name = text.rpartition(":")
        if kind in ("building", "unit") and (kind, name) in ground.atom_of:
            pinned[ground.atom_of[kind, name]] = True
        elif kind == "estate" and name in estates:
            pinned |= graph.estate_index == estates[name]
        elif kind == "border":
            ends = name.split("+")
            a, b = sheet.atom_code[graph.edge_a], sheet.atom_code[graph.edge_b]
            along = np.isin(a, ends) & np.isin(b, ends) & (a != b)
            pinned[graph.edge_a[along]] = pinned[graph.edge_b[along]] = True
    return pinned


def state_of(ground: Ground, sheet: Sheet, chosen: Chosen) -> str:
    """What the chosen part of a plan is: the same text as long as nobody touched it."""
    atoms = ground.divisions[chosen.community].atoms
    inside = chosen.standing.free[atoms] | np.isin(sheet.atom_code[atoms].astype(str), chosen.grids)
    rows = [f"{ground.graph.atom_ids[i]}\t{sheet.atom_code[i]}" for i in atoms[inside].tolist()]
    return hashlib.sha256("\n".join([*chosen.grids, "", *rows]).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Proposal:
    """An answer as something that can be asked of a plan.

    Attributes
    ----------
    pieces
        (atom id, grid now, grid wanted) of every atom that would move; new grids are ``+1``, ``+2`` ...
    new
        Labels of the new grids and their kinds.
    gone
        Codes of grids that would end.
    """

    pieces: tuple[tuple[str, str, str], ...]
    new: tuple[tuple[str, str], ...]
    gone: tuple[str, ...]


def proposal(ground: Ground, chosen: Chosen, found: Resolved) -> Proposal:
    """What an answer would change."""
    labels = [f"+{i + 1}" for i in range(len(found.new_kinds))]
    names = np.array([*chosen.codes, *labels, ""], dtype=object)
    now, then = names[chosen.standing.grid[found.atoms]], names[found.grid]
    pieces = tuple(
        (ground.graph.atom_ids[atom], str(one), str(two))
        for atom, one, two in zip(found.atoms.tolist(), now.tolist(), then.tolist())
        if one != two
    )
    gone = tuple(sorted(set(now.tolist()) - set(then.tolist()) - {""}))
    return Proposal(pieces, tuple(zip(labels, found.new_kinds)), gone)


def wish_of_pieces(pieces: Sequence[tuple[str, str, str]], known: dict[str, Known]) -> Wish:
    """The edit that makes a proposal so."""
    shares: dict[str, list[str]] = {}
    for atom, _, to in pieces:
        shares.setdefault(to, []).append(atom)
    ordered = tuple((to, Part(atoms=tuple(names))) for to, names in sorted(shares.items()))
    return Wish("assign", shares=ordered, shown="solve", known=known)


def known_of(found: Resolved, aim: Aim) -> Known | None:
    """What an answer says of its community, whatever plan it has; ``None`` where it speaks of a part or of locks."""
    if not found.is_whole or found.stopped_by == "cancel":
        return None
    if found.feasible == "no":
        return Known("no", found.reason, found.proof, None, found.outside)
    if found.feasible != "yes":
        return None
    is_best = aim.kind == BALANCE and math.isfinite(found.bound)
    return Known("yes", None, found.proof if is_best else "none", found.bound if is_best else None, 0)
