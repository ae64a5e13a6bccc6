"""Who looks after which street: every metre of a street that must be inspected belongs to one grid.

A street inside a grid is that grid's; a street on the border of two grids is shared out once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from gis.graph import FloatArray, Int32Array


@dataclass(frozen=True, slots=True)
class Beats:
    """The streets and places of every grid.  Arrays are read-only.

    Attributes
    ----------
    grids
        Grid codes, ascending.
    link_grid
        Per link of the network: position in ``grids`` of the grid that must inspect it, or -1.
    link_reason
        Per link that nobody inspects: 0 (it is inspected), 1 class not patrolled, 2 outside every grid, 3 inside an
        estate that looks after itself, 4 not open to this mode, 5 an unmapped passage.
    place_node, place_grid
        Per row of the territory's ``key_places``: node of the network (-1: too far from it), grid position (-1: none).
    place_off_m
        Per place: metres to the network.
    post_node, post_off_m
        Per row of the territory's ``posts``: the same.
    place_dwell_min
        Per place: minutes to stay; NaN where the layer states none.
    """

    grids: tuple[str, ...]
    link_grid: Int32Array
    link_reason: Int32Array
    place_node: Int32Array
    place_grid: Int32Array
    place_off_m: FloatArray
    post_node: Int32Array
    post_off_m: FloatArray
    place_dwell_min: FloatArray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
