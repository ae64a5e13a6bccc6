"""Locks on a plan: what no edit may touch.

Written as on the command line: ``CODE`` (the grid stays as it is), ``community:CODE`` (all its grids), ``estate:ID``,
``building:ID``, ``unit:ID`` (stays in its grid), ``border:A+B`` (the border between two grids stays), ``all``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gis.errors import Conflict, Fault, InputError
from partition.edits.changes import TableChange
from partition.edits.ground import Ground
from partition.edits.sheet import Sheet

LOCK_KINDS = ("community", "estate", "building", "unit", "border")
ALL = "all"


def check_locks(ground: Ground, sheet: Sheet, locks: Sequence[str]) -> None:
    """Refuse locks that name nothing.

    Raises
    ------
    InputError
        ``lock_kind_unknown``, ``lock_unknown``.
    """
    faults = []
    for text in locks:
        kind, _, name = text.rpartition(":")
        if kind and kind not in LOCK_KINDS:
            faults.append(Fault("lock_kind_unknown", {"measured": text, "allowed": ", ".join(LOCK_KINDS)}))
        elif not _exists(ground, sheet, kind, name):
            some = sorted(sheet.grids)
            allowed = ", ".join(some[:8]) + (" ..." if len(some) > 8 else "")
            faults.append(Fault("lock_unknown", {"measured": text, "allowed": allowed}))
    if faults:
        raise InputError.of(faults)


def _exists(ground: Ground, sheet: Sheet, kind: str, name: str) -> bool:
    if kind == "":
        return name == ALL or name in sheet.grids
    if kind == "community":
        return name in sheet.communities
    if kind == "estate":
        return name in ground.graph.estate_ids
    if kind == "border":
        ends = name.split("+")
        return len(set(ends)) == 2 == len(ends) and all(code in sheet.grids for code in ends)
    return (kind, name) in ground.atom_of


def refuse_locked(ground: Ground, sheet: Sheet, change: TableChange, locks: Sequence[str]) -> None:
    """Refuse a change of ``sheet`` that a lock stands against.

    Raises
    ------
    Conflict
        ``edit_locked``; all locks that it breaks.
    """
    faults = [
        Fault("edit_locked", {"measured": text}) for text in sorted(locks) if _breaks(ground, sheet, change, text)
    ]
    if faults:
        raise Conflict.of(faults)


def _breaks(ground: Ground, sheet: Sheet, change: TableChange, text: str) -> bool:
    kind, _, name = text.rpartition(":")
    if text == ALL:
        return True
    if kind == "":
        return name in change.grids
    if kind == "community":
        return name in change.communities
    if kind in ("building", "unit"):
        return any((of, one) == (kind, name) for of, one, _, _ in change.members)
    moved = [ground.atom_at[atom] for atom, _, _ in change.atoms if atom in ground.atom_at]
    # What later releases cut otherwise is known by its members.
    moved += [ground.atom_of[of, one] for of, one, _, _ in change.members if (of, one) in ground.atom_of]
    graph = ground.graph
    if kind == "estate":
        return any(graph.estate_index[a] >= 0 and graph.estate_ids[graph.estate_index[a]] == name for a in moved)
    ends = set(name.split("+"))
    mine = [atom for atom in moved if sheet.atom_code[atom] in ends]
    if not mine:
        return False
    a, b = graph.edge_a, graph.edge_b
    touching = np.isin(a, mine) | np.isin(b, mine)
    pairs = zip(sheet.atom_code[a[touching]].tolist(), sheet.atom_code[b[touching]].tolist())
    return any({one, two} == ends for one, two in pairs)
