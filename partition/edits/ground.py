"""The ground of edits: a territory cut into atoms under a plan's rules, with everything looked up once.

It is the same for every plan drawn on the territory under the same rules, and costs what drawing costs before its
search; so callers keep it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from gis.atoms import Atoms
from gis.graph import AtomGraph, BoolArray, EdgeClass, IntArray
from gis.territory import Territory
from partition.plan import DEDICATED
from partition.rules import Rules
from partition.zoning.divide import Division, components, dedicated_estates, divide, estate_pairs, is_link

Pairs = tuple[IntArray, IntArray]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Ground:
    """Atoms and what edits ask of them.

    Attributes
    ----------
    atoms, rules
        The territory under the rules of the plan; geometry in metres.
    filed, lon_lat
        The same geometry in the CRS of the territory's file, which plans are filed in, and in degrees.  Worked out
        once: each thread that transforms anything pays for its own set-up, more than an edit costs.
    divisions
        Per community what the solver was given.
    is_dedicated
        Per estate of the graph.
    atom_of
        (kind, id) of every building and unit to its atom.
    members
        Atom to its (kind, id), ascending.
    atom_at
        Atom id to atom.
    community_at
        Community code to its position.
    community_names, estate_names
        By code and id.
    """

    atoms: Atoms
    rules: Rules
    filed: Shapes
    lon_lat: Shapes
    divisions: tuple[Division, ...]
    is_dedicated: BoolArray
    atom_of: Mapping[tuple[str, str], int]
    members: Mapping[int, tuple[tuple[str, str], ...]]
    atom_at: Mapping[str, int]
    community_at: Mapping[str, int]
    community_names: Mapping[str, str]
    estate_names: Mapping[str, str]
    _links: Mapping[int, Pairs]
    _touches: Mapping[int, Pairs]

    @property
    def graph(self) -> AtomGraph:
        """The atoms' graph."""
        return self.atoms.graph

    def pieces(self, community: int, atoms: IntArray) -> int:
        """Of how many pieces some atoms of a community are.

        Homes hang together over contacts that can be passed, over the joins of small parts, and over the ties of a
        community that lies in several parts; land without homes needs only to touch.
        """
        if len(atoms) == 0:
            return 0
        link = self._within(self._links[community], atoms)
        touch = self._within(self._touches[community], atoms)
        run = components(len(atoms), *link)
        ends = np.concatenate([link[0], touch[0]]), np.concatenate([link[1], touch[1]])
        lying = components(len(atoms), *ends)
        homes = run[self.graph.households[atoms] > 0]
        return max(int(lying.max()) + 1, len(np.unique(homes)))

    def runs(self, community: int, atoms: IntArray) -> IntArray:
        """Per atom (ascending) the piece it hangs together with."""
        return components(len(atoms), *self._within(self._links[community], atoms))

    def contacts(self, community: int) -> tuple[IntArray, IntArray, NDArray[np.float64]]:
        """Every contact of a community with its metres of shared border: (atom, atom, metres)."""
        edges = self.divisions[community].edges
        graph = self.graph
        return graph.edge_a[edges].astype(np.int64), graph.edge_b[edges].astype(np.int64), graph.edge_length_m[edges]

    def links(self, community: int) -> Pairs:
        """Pairs of atoms that hang together."""
        return self._links[community]

    @staticmethod
    def _within(pairs: Pairs, atoms: IntArray) -> Pairs:
        """Pairs with both ends among some atoms (ascending), as positions among them."""
        a, b = pairs
        at_a = np.minimum(np.searchsorted(atoms, a), len(atoms) - 1)
        at_b = np.minimum(np.searchsorted(atoms, b), len(atoms) - 1)
        both = (atoms[at_a] == a) & (atoms[at_b] == b)
        return at_a[both], at_b[both]


def prepare(territory: Territory, atoms: Atoms, rules: Rules) -> Ground:
    """Make the ground ready for edits."""
    graph = atoms.graph
    divisions = divide(graph, rules)
    atom_of: dict[tuple[str, str], int] = {}
    for kind, layer, atom in (
        ("building", "buildings", atoms.building_atom),
        ("unit", "units", atoms.unit_atom),
    ):
        for name, at in zip(territory[layer]["id"].tolist(), np.asarray(atom).tolist()):
            if at >= 0:
                atom_of[kind, str(name)] = at
    members: dict[int, list[tuple[str, str]]] = {}
    for member, at in sorted(atom_of.items()):
        members.setdefault(at, []).append(member)
    links, touches = {}, {}
    for division in divisions:
        links[division.community], touches[division.community] = _pairs(graph, rules, division)
    return Ground(
        atoms=atoms,
        rules=rules,
        filed=_in(atoms, territory.crs, territory.file_crs),
        lon_lat=_in(atoms, territory.crs, CRS.from_epsg(4326)),
        divisions=divisions,
        is_dedicated=dedicated_estates(graph, rules),
        atom_of=MappingProxyType(atom_of),
        members=MappingProxyType({at: tuple(names) for at, names in members.items()}),
        atom_at=MappingProxyType({name: i for i, name in enumerate(graph.atom_ids)}),
        community_at=MappingProxyType({code: i for i, code in enumerate(graph.communities)}),
        community_names=_names(territory, "communities", "code"),
        estate_names=_names(territory, "estates", "id"),
        _links=MappingProxyType(links),
        _touches=MappingProxyType(touches),
    )


def _in(atoms: Atoms, crs: CRS, wanted: CRS) -> Shapes:
    shapes = np.asarray(atoms.geometry, dtype=object)
    if crs == wanted:
        return shapes
    return np.asarray(gpd.GeoSeries(shapes, crs=crs).to_crs(wanted).array, dtype=object)


def _names(territory: Territory, layer: str, key: str) -> Mapping[str, str]:
    table = territory[layer]
    names: dict[str, Any] = dict(zip(table[key].tolist(), table["name"].tolist()))
    return MappingProxyType({str(code): str(name or code) for code, name in names.items()})


def _pairs(graph: AtomGraph, rules: Rules, division: Division) -> tuple[Pairs, Pairs]:
    """Pairs that hang together, and pairs that touch."""
    edges = division.edges
    a, b = graph.edge_a[edges].astype(np.int64), graph.edge_b[edges].astype(np.int64)
    is_tie = graph.edge_class[edges] == EdgeClass.EXCLAVE
    link = is_link(graph, edges) | is_tie
    joins = [join.links for region in division.regions for join in region.joins]
    joins += [estate_pairs(graph, r.rules or rules, r.atoms) for r in division.regions if r.kind != DEDICATED]
    joined = np.concatenate(joins).astype(np.int64) if joins else np.zeros((0, 2), np.int64)
    links = np.concatenate([a[link], joined[:, 0]]), np.concatenate([b[link], joined[:, 1]])
    return links, (a[~is_tie], b[~is_tie])
