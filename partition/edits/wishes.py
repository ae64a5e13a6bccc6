"""What a planner can ask, and which atoms it would move where.

Members stand for the atoms they lie in: naming one building moves its whole block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from gis.errors import Conflict, Fault, InputError
from gis.graph import IntArray
from partition.edits.ground import Ground
from partition.edits.sheet import Sheet

KINDS = ("move", "new", "dissolve", "merge", "split", "assign")
Member = tuple[str, str]
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Part:
    """Some ground: members and atoms."""

    members: tuple[Member, ...] = ()
    atoms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What was proved of a community, whatever plan it has.

    Attributes
    ----------
    feasible, reason, proof
        As of `partition.plan.CommunityResult`.
    bound
        No lawful plan costs less; ``None`` for none.
    outside
        Households by which the grids of the plan that came with it miss the band.
    """

    feasible: str
    reason: str | None
    proof: str
    bound: float | None
    outside: int


@dataclass(frozen=True, slots=True)
class Wish:
    """One edit asked for.

    Attributes
    ----------
    kind
        ``move`` (``ground`` to ``grid``), ``new`` (``ground`` becomes a grid), ``dissolve`` (``grid`` falls to its
        neighbours, piece by piece to the one it touches longest), ``merge`` (``grids`` become one), ``split``
        (``grid`` is cut into ``parts``), ``assign`` (each of ``shares`` to its grid).
    ground
        Members and atoms.
    grid
        Code.
    grids
        Codes; the one with most households keeps its code, or ``grid`` where it is named.
    parts
        All of the grid; the part with most households keeps the code.
    name
        Name of a new grid; empty for the usual one.
    shares
        Where some ground is to be: code of a grid, or ``+1``, ``+2`` ... for new ones.  May reach over several
        communities; a grid that nothing is left of is given up.
    shown
        Kind of the step, where it is not that of the wish.
    known
        Community to what was proved of it meanwhile.
    """

    kind: str
    ground: Part = field(default_factory=Part)
    grid: str = ""
    grids: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    name: str = ""
    shares: tuple[tuple[str, Part], ...] = ()
    shown: str = ""
    known: Mapping[str, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Meant:
    """A wish in atoms.

    Attributes
    ----------
    community
        Position of the one community it is about.
    moves
        Atom to where it goes: a code, or the number of a new grid (0, 1, ...).
    n_new
        New grids.
    """

    community: int
    moves: Mapping[int, str | int]
    n_new: int = 0


def understand(ground: Ground, sheet: Sheet, wish: Wish) -> Meant:
    """Which atoms a wish would move.

    Raises
    ------
    InputError
        ``edit_kind_unknown``, ``edit_member_unknown``, ``edit_atom_unknown``, ``edit_grid_unknown``,
        ``edit_ground_missing``, ``edit_too_few_grids``, ``edit_too_few_parts``, ``edit_part_elsewhere``,
        ``edit_parts_incomplete``.
    Conflict
        ``edit_crosses_community``, ``edit_atom_cut``, ``edit_no_neighbour``.
    """
    if wish.kind == "move":
        atoms = ground_atoms(ground, wish.ground)
        _known(sheet, (wish.grid,))
        community = _one_community(ground, sheet, atoms, (wish.grid,))
        return Meant(community, dict.fromkeys(atoms, wish.grid))
    if wish.kind == "new":
        atoms = ground_atoms(ground, wish.ground)
        return Meant(_one_community(ground, sheet, atoms, ()), dict.fromkeys(atoms, 0), 1)
    if wish.kind == "merge":
        return _merge(ground, sheet, wish)
    if wish.kind == "dissolve":
        return _dissolve(ground, sheet, wish)
    if wish.kind == "split":
        return _split(ground, sheet, wish)
    raise InputError("edit_kind_unknown", measured=wish.kind, allowed=", ".join(KINDS))


def ground_atoms(ground: Ground, part: Part) -> list[int]:
    """Atoms of some ground, ascending.

    Raises
    ------
    InputError
        ``edit_member_unknown``, ``edit_atom_unknown``, ``edit_ground_missing``.
    """
    faults = [
        Fault("edit_member_unknown", {"kind": kind, "measured": name})
        for kind, name in part.members
        if (kind, name) not in ground.atom_of
    ]
    faults += [Fault("edit_atom_unknown", {"measured": name}) for name in part.atoms if name not in ground.atom_at]
    if faults:
        raise InputError.of(faults[:_MOST_FAULTS])
    found = {ground.atom_of[member] for member in part.members} | {ground.atom_at[name] for name in part.atoms}
    if not found:
        raise InputError("edit_ground_missing")
    return sorted(found)


def _known(sheet: Sheet, codes: Iterable[str]) -> None:
    unknown = [code for code in codes if code not in sheet.grids]
    if unknown:
        raise InputError.of(Fault("edit_grid_unknown", {"measured": code}) for code in unknown[:_MOST_FAULTS])


def _one_community(ground: Ground, sheet: Sheet, atoms: Iterable[int], codes: Iterable[str]) -> int:
    """The community of some atoms and grids, which must be one."""
    graph = ground.graph
    found = {graph.communities[graph.community_index[atom]] for atom in atoms}
    found |= {str(sheet.grids[code]["community"]) for code in codes}
    if len(found) > 1:
        raise Conflict("edit_crosses_community", measured=", ".join(sorted(found)[:8]))
    sheet.assert_open(tuple(found))
    return ground.community_at[found.pop()]


def _atoms_of(ground: Ground, sheet: Sheet, community: int, code: str) -> IntArray:
    return sheet.atoms_of(ground.divisions[community].atoms, code)


def _merge(ground: Ground, sheet: Sheet, wish: Wish) -> Meant:
    codes = tuple(dict.fromkeys(wish.grids))
    if len(codes) < 2:
        raise InputError("edit_too_few_grids", measured=len(codes), allowed=2)
    _known(sheet, codes)
    keep = wish.grid or min(codes, key=lambda code: (-int(sheet.grids[code]["households"]), code))
    if keep not in codes:
        raise InputError("edit_grid_unknown", measured=keep)
    community = _one_community(ground, sheet, (), codes)
    gone = [_atoms_of(ground, sheet, community, code) for code in codes if code != keep]
    return Meant(community, dict.fromkeys(np.concatenate(gone).tolist(), keep))


def _dissolve(ground: Ground, sheet: Sheet, wish: Wish) -> Meant:
    """Atom by atom to the neighbour grid that the ground already given touches longest."""
    _known(sheet, (wish.grid,))
    community = _one_community(ground, sheet, (), (wish.grid,))
    mine = set(_atoms_of(ground, sheet, community, wish.grid).tolist())
    a, b, metres = ground.contacts(community)
    linked = set(zip(*(side.tolist() for side in ground.links(community))))
    near: dict[int, list[tuple[int, float, bool]]] = {}
    for one, two, length in zip(a.tolist(), b.tolist(), metres.tolist()):
        link = (one, two) in linked or (two, one) in linked
        near.setdefault(one, []).append((two, length, link))
        near.setdefault(two, []).append((one, length, link))
    given: dict[int, str | int] = {}
    while mine:
        best: tuple[bool, float, int, str] | None = None
        for atom in sorted(mine):
            touch: dict[str, list[float]] = {}
            for other, length, link in near.get(atom, ()):
                if other in mine:
                    continue
                code = str(given.get(other, sheet.atom_code[other]))
                if not code:
                    continue
                sums = touch.setdefault(code, [0.0, 0.0])
                sums[0] += length
                sums[1] += link
            for code, (length, links) in sorted(touch.items()):
                if sheet.grids[code]["kind"] == "dedicated" and ground.graph.households[atom] > 0:
                    continue
                option = (links > 0, length, -atom, code)
                best = option if best is None or option > best else best
        if best is None:
            raise Conflict("edit_no_neighbour", grid=wish.grid)
        mine.discard(-best[2])
        given[-best[2]] = best[3]
    return Meant(community, given)


def _split(ground: Ground, sheet: Sheet, wish: Wish) -> Meant:
    _known(sheet, (wish.grid,))
    if len(wish.parts) < 2:
        raise InputError("edit_too_few_parts", measured=len(wish.parts), allowed=2)
    community = _one_community(ground, sheet, (), (wish.grid,))
    mine = _atoms_of(ground, sheet, community, wish.grid).tolist()
    part_of: dict[int, int] = {}
    for number, part in enumerate(wish.parts):
        for atom in ground_atoms(ground, part):
            if sheet.atom_code[atom] != wish.grid:
                raise InputError("edit_part_elsewhere", measured=ground.graph.atom_ids[atom], grid=wish.grid)
            if part_of.setdefault(atom, number) != number:
                raise Conflict("edit_atom_cut", measured=ground.graph.atom_ids[atom])
    missing = [member for atom in mine if atom not in part_of for member in ground.members.get(atom, ())]
    if missing:
        raise InputError("edit_parts_incomplete", measured=len(missing), id=missing[0][1], grid=wish.grid)
    _give_bare_land(ground, community, mine, part_of)
    households = ground.graph.households
    total = [sum(int(households[a]) for a, p in part_of.items() if p == n) for n in range(len(wish.parts))]
    keep = max(range(len(total)), key=lambda n: (total[n], -n))
    number_of = {n: i for i, n in enumerate(n for n in range(len(total)) if n != keep)}
    moves: dict[int, str | int] = {atom: number_of[part] for atom, part in sorted(part_of.items()) if part != keep}
    return Meant(community, moves, len(total) - 1)


def _give_bare_land(ground: Ground, community: int, mine: list[int], part_of: dict[int, int]) -> None:
    """Land without members goes with the part it touches longest; what touches none stays with the code."""
    a, b, metres = ground.contacts(community)
    rest = set(mine) - set(part_of)
    while rest:
        touch: dict[tuple[int, int], float] = {}
        for one, two, length in zip(a.tolist(), b.tolist(), metres.tolist()):
            for bare, other in ((one, two), (two, one)):
                if bare in rest and other in part_of:
                    touch[bare, part_of[other]] = touch.get((bare, part_of[other]), 0.0) + length
        if not touch:
            return
        bare, part = max(touch, key=lambda pair: (touch[pair], -pair[0], -pair[1]))
        part_of[bare] = part
        rest.discard(bare)
