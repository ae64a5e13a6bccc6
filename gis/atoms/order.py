"""Names of atoms: the unit's own id, or community code and a running number, north to south and west to east."""

from __future__ import annotations

import numpy as np
import shapely

from gis.atoms.faces import Faces
from gis.enclose import in_steps
from gis.graph import IntArray
from gis.territory import Territory


def name_atoms(territory: Territory, faces: Faces) -> tuple[tuple[str, ...], IntArray]:
    """Ids of the atoms, ascending, and which face each one is.

    The number follows the place, so the order of the input's rows and a move of the map change nothing.
    """
    codes = territory["communities"]["code"].to_numpy(dtype=object)
    unit_ids = territory["units"]["id"].to_numpy(dtype=object)
    taken = set(unit_ids.tolist())
    centre = in_steps(shapely.get_coordinates(shapely.centroid(faces.geometry)))
    names = np.empty(len(faces), dtype=object)
    is_unit = faces.unit >= 0
    names[is_unit] = unit_ids[faces.unit[is_unit]]
    rows = np.flatnonzero(~is_unit)
    rows = rows[np.lexsort((centre[rows, 0], -centre[rows, 1], faces.community[rows]))]
    n_in_community = np.bincount(faces.community[rows], minlength=len(codes))
    width = np.maximum(4, np.char.str_len(n_in_community.astype(str)))
    begin = np.cumsum(n_in_community) - n_in_community
    for number, row in enumerate(rows.tolist()):
        c = int(faces.community[row])
        name = f"{codes[c]}-{number - int(begin[c]) + 1:0{width[c]}d}"
        while name in taken:  # a unit elsewhere already has that very id
            name += "x"
        names[row] = name
    order = np.array(sorted(range(len(names)), key=lambda i: names[i]), dtype=np.int64)
    return tuple(str(names[i]) for i in order), order
