"""Atoms and which of them touch: the solver's whole input, without any geometry.

An *atom* is the smallest piece that is never cut: a street block, a whole estate, a villagers' group, a
ready-made unit.  Two atoms touch when they share a border of positive length; a shared corner is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Int32Array = NDArray[np.int32]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class AtomKind(IntEnum):
    """What an atom is."""

    BLOCK = 0
    ESTATE = 1
    UNIT = 2
    VILLAGE = 3


class EdgeClass(IntEnum):
    """What the shared border of two atoms runs along, from the best place for a grid border to the worst."""

    ARTERIAL = 0  # motorway to tertiary
    STREET = 1  # residential, unclassified, living street
    ALLEY = 2  # service, pedestrian, footway, path, track, steps
    WATER = 3
    RAIL = 4
    WALL = 5  # estate outline or wall
    UNIT = 6  # border of ready-made units: what it runs along is not known
    OPEN = 7  # through a block, along no visible line
    EXCLAVE = 8  # no shared border: ties a separate part of a community to the nearest other part


@dataclass(frozen=True, slots=True)
class AtomGraph:
    """All atoms of a territory and their contacts.  Arrays are read-only.

    Attributes
    ----------
    atom_ids
        ``n`` text ids, ascending.
    communities
        Community codes, ascending.
    community_is_rural
        Per community: kind is ``rural``.
    community_index
        Per atom: position in ``communities``.
    estate_ids
        Ids of estates that own atoms, ascending.
    estate_index
        Per atom: position in ``estate_ids`` or -1.  An estate over the cap has several atoms.
    estate_kinds, estate_dedicated
        Per estate: its kind (`gis.layers.ESTATE_KINDS`), and 1 dedicated by the data, 0 not, -1 not stated.
    kind
        Per atom: `AtomKind`.
    households, population, n_buildings
        Per atom: counts.
    largest_building
        Per atom: households of its largest building (0 for none): over the band it can not be cut further.
    area_m2, perimeter_m, x_m, y_m
        Per atom: area, length of its border, centre (households-weighted where it has any).
    inertia_m2
        Per atom: households x squared distance (m2) from the atom's centre, summed over its buildings.
    edge_a, edge_b
        Per edge: atom positions, ``a < b``, ascending, each pair once, both in the same community.
    edge_length_m
        Per edge: metres of shared border (0 for `EdgeClass.EXCLAVE`).
    edge_class
        Per edge: `EdgeClass` of the longest part of the shared border.
    edge_passable
        Per edge: False where a river without a bridge, a railway or a motorway separates the two: they touch,
        but this contact does not make a grid contiguous.
    """

    atom_ids: tuple[str, ...]
    communities: tuple[str, ...]
    community_is_rural: BoolArray
    community_index: Int32Array
    estate_ids: tuple[str, ...]
    estate_kinds: tuple[str, ...]
    estate_dedicated: IntArray
    estate_index: Int32Array
    kind: Int32Array
    households: IntArray
    population: IntArray
    n_buildings: IntArray
    largest_building: IntArray
    area_m2: FloatArray
    perimeter_m: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    inertia_m2: FloatArray
    edge_a: Int32Array
    edge_b: Int32Array
    edge_length_m: FloatArray
    edge_class: Int32Array
    edge_passable: BoolArray

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
        n, m = len(self.atom_ids), len(self.edge_a)
        per_atom = [
            *("community_index", "estate_index", "kind", "households", "population", "n_buildings", "largest_building"),
            *("area_m2", "perimeter_m", "x_m", "y_m", "inertia_m2"),
        ]
        for name in per_atom:
            if len(getattr(self, name)) != n:
                raise ValueError(f"{name} has {len(getattr(self, name))} entries for {n} atoms")
        for name in ("edge_b", "edge_length_m", "edge_class", "edge_passable"):
            if len(getattr(self, name)) != m:
                raise ValueError(f"{name} has {len(getattr(self, name))} entries for {m} edges")
        if m and not (self.edge_a < self.edge_b).all():
            raise ValueError("edges must name the lower atom first")

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.atom_ids)
