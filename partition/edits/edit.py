"""An edit: what is meant, which rule stands against it, and the rows of the plan afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gis.errors import Conflict, Fault
from gis.graph import IntArray
from partition.codes import Register
from partition.edits.assign import understand_assignment
from partition.edits.changes import TableChange, Tables
from partition.edits.ground import Ground
from partition.edits.locks import refuse_locked
from partition.edits.rows import Explain, Outcome, rows_after
from partition.edits.sheet import Codes, Sheet
from partition.edits.wishes import Meant, Wish, understand
from partition.plan import DEDICATED, RURAL, STANDARD

__all__ = ["Explain", "Trial", "edit", "try_out"]


_GIVES_UP = ("merge", "dissolve", "assign", "solve")
"""Kinds of edits that may give grids up; under others a grid that loses all it has is an oversight."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An edit that nothing stands against.

    Attributes
    ----------
    meant
        What was asked.
    made
        Codes of its new grids.
    code
        Per atom the grid afterwards.
    change
        What moves, without any rows.
    """

    meant: Meant
    made: Sequence[str]
    code: Codes
    change: TableChange


def edit(
    ground: Ground, sheet: Sheet, wish: Wish, explain: Explain, locks: Sequence[str] = ()
) -> tuple[Sheet, TableChange]:
    """Make one edit.

    Parameters
    ----------
    explain
        (zh, en) sentence of a broken rule from its code and facts.
    locks
        See `partition.edits.locks`.

    Returns
    -------
    (the plan afterwards, what changed)

    Raises
    ------
    InputError
        What `understand` finds.
    Conflict
        What `understand` finds; ``edit_changes_nothing``, ``edit_locked``, ``edit_not_contiguous``,
        ``edit_cuts_estate``, ``edit_mixes_dedicated``, ``edit_empties_grid``: all that stand against it.
    """
    several = wish.kind == "assign"
    meants = understand_assignment(ground, sheet, wish) if several else (understand(ground, sheet, wish),)
    trials: list[Trial] = []
    faults: list[Fault] = []
    for meant in meants:
        try:
            trials.append(try_out(ground, sheet, wish.shown or wish.kind, meant, locks))
        except Conflict as error:
            faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise Conflict.of(faults)
    changes = []
    for trial in trials:
        sheet, change = _made(ground, sheet, trial, wish, explain)
        changes.append(change)
    return sheet, TableChange.joined(changes)


def _made(ground: Ground, sheet: Sheet, trial: Trial, wish: Wish, explain: Explain) -> tuple[Sheet, TableChange]:
    """One community after an edit that nothing stands against."""
    meant, made, code, change = trial.meant, trial.made, trial.code, trial.change
    names = dict.fromkeys(made, wish.name) if wish.name else {}
    kinds = _kinds(ground, sheet, meant, made)
    known = wish.known.get(ground.graph.communities[meant.community])
    outcome = rows_after(ground, sheet, meant.community, code, kinds, names, explain, known)
    whole = TableChange(
        change.kind, change.communities, change.atoms, change.members, outcome.before, _with_retired(sheet, outcome)
    )
    after = sheet.after(ground, whole, change.communities)
    assert after is not None  # its atoms are those of the ground
    return after, whole


def try_out(ground: Ground, sheet: Sheet, kind: str, meant: Meant, locks: Sequence[str] = ()) -> Trial:
    """Hold an edit against every rule and lock, without working out any row of the plan.

    Raises
    ------
    Conflict
        As `edit`.
    """
    made = _codes(ground, sheet, meant)
    code = sheet.atom_code.copy()
    for atom, where in meant.moves.items():
        code[atom] = made[where] if isinstance(where, int) else where
    gone = set(sheet.atom_code[list(meant.moves)]) - set(code) if kind in _GIVES_UP else set()
    _let_bare_land_follow(ground, sheet, meant.community, code)
    change = _moved(ground, sheet, kind, meant.community, code)
    if not change.atoms:
        raise Conflict("edit_changes_nothing")
    refuse_locked(ground, sheet, change, locks)
    faults = [
        *_emptied(ground, sheet, meant.community, code, change, {str(one) for one in gone}),
        *_cut_estates(ground, sheet, meant.community, code),
        *_in_pieces(ground, sheet, meant.community, code, change),
        *_mixed(ground, sheet, meant.community, code, change),
    ]
    if faults:
        raise Conflict.of(faults)
    return Trial(meant, made, code, change)


def _codes(ground: Ground, sheet: Sheet, meant: Meant) -> list[str]:
    """The lowest numbers that were never issued, for the new grids."""
    if meant.n_new == 0:
        return []
    issued = {*sheet.grids, *sheet.meta.get("retired_codes", "").split()}
    register = Register(issued, sheet.communities)
    community = ground.graph.communities[meant.community]
    kinds = [_kind_of_ground(ground, _atoms_to(meant, number)) for number in range(meant.n_new)]
    return [register.take(community, kind) for kind in kinds]


def _kinds(ground: Ground, sheet: Sheet, meant: Meant, made: Sequence[str]) -> Mapping[str, str]:
    return {code: _kind_of_ground(ground, _atoms_to(meant, number)) for number, code in enumerate(made)}


def _atoms_to(meant: Meant, where: int) -> IntArray:
    return np.array([atom for atom, to in meant.moves.items() if to == where and isinstance(to, int)], np.int64)


def _kind_of_ground(ground: Ground, atoms: IntArray) -> str:
    """What a grid of this ground would be: dedicated where all homes are of one dedicated estate."""
    graph, rules = ground.graph, ground.rules
    homes = atoms[graph.households[atoms] > 0]
    estates = np.unique(graph.estate_index[homes if len(homes) else atoms])
    if len(estates) == 1 and estates[0] >= 0 and ground.is_dedicated[estates[0]]:
        return DEDICATED
    is_rural = bool(graph.community_is_rural[graph.community_index[atoms[0]]])
    return RURAL if is_rural and rules.rural_mode != "banded" else STANDARD


def _let_bare_land_follow(ground: Ground, sheet: Sheet, community: int, code: Codes) -> None:
    """Land without homes and members that an edit cuts off its grid goes with a grid of the edit that it touches."""
    atoms = ground.divisions[community].atoms
    moved = atoms[sheet.atom_code[atoms] != code[atoms]]
    takers = set(code[moved].tolist())
    a, b, metres = ground.contacts(community)
    for giver in sorted(set(sheet.atom_code[moved].tolist()) - {""}):
        mine = atoms[code[atoms] == giver]
        if len(mine) == 0:
            continue
        run = ground.runs(community, mine)
        was = sheet.atoms_of(atoms, giver)
        if len(np.unique(run)) <= len(np.unique(ground.runs(community, was))):
            continue
        weight = np.bincount(run, ground.graph.households[mine] * 1e6 + ground.graph.area_m2[mine])
        for piece in np.flatnonzero(np.arange(len(weight)) != np.argmax(weight)).tolist():
            land = mine[run == piece]
            if ground.graph.households[land].any() or any(atom in ground.members for atom in land.tolist()):
                continue
            touch: dict[str, float] = {}
            for one, two in ((a, b), (b, a)):
                along = np.isin(one, land) & np.isin(two, moved)
                for to, length in zip(code[two[along]].tolist(), metres[along].tolist()):
                    touch[to] = touch.get(to, 0.0) + length
            if touch and set(touch) <= takers:
                code[land] = max(touch, key=lambda to: (touch[to], to))


def _moved(ground: Ground, sheet: Sheet, kind: str, community: int, code: Codes) -> TableChange:
    """What moves, without any rows yet."""
    graph = ground.graph
    moved = np.flatnonzero(sheet.atom_code != code).tolist()
    atoms = tuple((graph.atom_ids[i], str(sheet.atom_code[i]), str(code[i])) for i in moved)
    members = tuple(
        (of, name, str(sheet.atom_code[i]), str(code[i])) for i in moved for of, name in ground.members.get(i, ())
    )
    return TableChange(kind, (graph.communities[community],), atoms, tuple(sorted(members)), Tables(), Tables())


def _emptied(
    ground: Ground, sheet: Sheet, community: int, code: Codes, change: TableChange, gone: set[str]
) -> list[Fault]:
    """A grid that loses all its members should be merged or dissolved, so that its code ends in the open."""
    atoms = ground.divisions[community].atoms
    faults = []
    for one in sorted({before for _, before, _ in change.atoms} - gone - {""}):
        had = any(atom in ground.members for atom in sheet.atoms_of(atoms, one).tolist())
        left = atoms[code[atoms] == one].tolist()
        if not left or (had and not any(atom in ground.members for atom in left)):
            faults.append(Fault("edit_empties_grid", {"grid": one}))
    return faults


def _cut_estates(ground: Ground, sheet: Sheet, community: int, code: Codes) -> list[Fault]:
    """An estate up to the cap lies in one grid, or in no more than before."""
    graph = ground.graph
    atoms = ground.divisions[community].atoms
    mine = atoms[graph.estate_index[atoms] >= 0]
    faults = []
    for estate in np.unique(graph.estate_index[mine[sheet.atom_code[mine] != code[mine]]]).tolist():
        land = mine[graph.estate_index[mine] == estate]
        grids = sorted(set(code[land].tolist()) - {""})
        is_cut = len(grids) > max(1, len(set(sheet.atom_code[land].tolist()) - {""}))
        if is_cut and graph.households[land].sum() <= ground.rules.estate_cap:
            facts = {"id": graph.estate_ids[estate], "measured": ", ".join(grids)}
            faults.append(Fault("edit_cuts_estate", {**facts, "allowed": ground.rules.estate_cap}))
    return faults


def _in_pieces(ground: Ground, sheet: Sheet, community: int, code: Codes, change: TableChange) -> list[Fault]:
    """Every grid hangs together, or no worse than before."""
    atoms = ground.divisions[community].atoms
    faults = []
    for one in change.grids:
        n = ground.pieces(community, atoms[code[atoms] == one])
        if n > max(1, ground.pieces(community, sheet.atoms_of(atoms, one))):
            faults.append(Fault("edit_not_contiguous", {"grid": one, "measured": n, "allowed": 1}))
    return faults


def _mixed(ground: Ground, sheet: Sheet, community: int, code: Codes, change: TableChange) -> list[Fault]:
    """A dedicated grid takes no homes but those of its own estate."""
    graph = ground.graph
    atoms = ground.divisions[community].atoms
    faults = []
    for one in change.grids:
        if one not in sheet.grids or sheet.grids[one]["kind"] != DEDICATED:
            continue
        was = sheet.atoms_of(atoms, one)
        own = set(graph.estate_index[was[graph.households[was] > 0]].tolist())
        mine = atoms[code[atoms] == one]
        homes = set(graph.estate_index[mine[graph.households[mine] > 0]].tolist())
        if homes - own and (own or len(homes) > 1):
            faults.append(Fault("edit_mixes_dedicated", {"grid": one}))
    return faults


def _with_retired(sheet: Sheet, outcome: Outcome) -> Tables:
    """A code that the plan took over from the one before is retired with its grid; a code of its own is free again."""
    gone = set(outcome.before.grids) - set(outcome.after.grids)
    old = {one for one in gone if sheet.grids[one]["parent"] == one}
    if not old:
        return outcome.after
    retired = " ".join(sorted(old | set(sheet.meta.get("retired_codes", "").split())))
    outcome.before.meta["retired_codes"] = sheet.meta.get("retired_codes")  # type: ignore[index]
    outcome.after.meta["retired_codes"] = retired  # type: ignore[index]
    return outcome.after
