"""Locks: which atoms make up the grids in force that must stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from gis.atoms import Atoms
from gis.errors import Fault, InputError
from gis.territory import Territory
from partition.zoning.divide import Lock

_MAX_DIFFERENCE_FRAC = 0.01


def locks_of(territory: Territory, atoms: Atoms, codes: Sequence[str], *, file: str = "") -> tuple[Lock, ...]:
    """The atoms of each grid in force that is to be kept.

    A grid can be kept only where the blocks of today still make it up: the atoms lying for the most part inside
    it may differ from it by at most 1 % of its area.

    Parameters
    ----------
    territory
        With the plan in force as its layer ``grids``.
    atoms
        Atoms of the territory.
    codes
        Grid codes to keep.
    file
        Name of the territory file, for messages.

    Raises
    ------
    InputError
        ``lock_without_grids``, ``lock_unknown``, ``lock_not_of_atoms``.
    """
    wanted = sorted(set(codes))
    if not wanted:
        return ()
    grids = territory["grids"]
    if grids.empty:
        raise InputError("lock_without_grids", file=file, measured=", ".join(wanted))
    position = {code: i for i, code in enumerate(grids["code"])}
    faults = [
        Fault("lock_unknown", {"measured": code, "allowed": _some(list(position))})
        for code in wanted
        if code not in position
    ]
    if faults:
        raise InputError.of(faults)
    tree = shapely.STRtree(atoms.geometry)
    shapes = np.asarray(grids.geometry.array)
    locks = []
    for code in wanted:
        shape = shapes[position[code]]
        near = np.sort(tree.query(shape, predicate="intersects"))
        pieces = atoms.geometry[near]
        inside = shapely.area(shapely.intersection(pieces, shape))
        taken = inside > 0.5 * shapely.area(pieces)
        beyond = float((shapely.area(pieces) - inside)[taken].sum())
        missing = float(shapely.area(shape) - inside[taken].sum())
        difference_frac = (beyond + max(missing, 0.0)) / shapely.area(shape)
        if not taken.any() or difference_frac > _MAX_DIFFERENCE_FRAC:
            facts = {"measured": round(100 * difference_frac, 2), "allowed": 100 * _MAX_DIFFERENCE_FRAC, "id": code}
            faults.append(Fault("lock_not_of_atoms", facts))
            continue
        locks.append(Lock(code, tuple(atoms.graph.atom_ids[i] for i in near[taken])))
    if faults:
        raise InputError.of(faults)
    return tuple(locks)


def _some(codes: list[str], n: int = 8) -> str:
    return ", ".join(codes[:n]) + (" ..." if len(codes) > n else "")
