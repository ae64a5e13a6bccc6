"""Atoms: the smallest pieces of land that a grid is made of, and how they touch.

Ready-made units are used as they are; elsewhere streets, barriers, estate outlines and community borders
enclose street blocks, and a block that holds too many households is split along its lanes and around its
buildings.  All land is kept, also where nobody lives.  Which atoms form a grid is for the partition floor.

Land that nobody lives on and that barriers part from everything around (a river, a railway yard) hangs on the
piece it touches longest: that one contact counts as passable, so such land never stands alone and never makes a
bridge.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import shapely

from gis.adjacency import ALONG_M, NEAR_M, OUTSIDE, Contacts, border_segments, contacts, tie_exclaves
from gis.atoms.count import count, place_buildings
from gis.atoms.estates import SCRAP_M2, estate_of_units, own_outlines, report_cut_estates
from gis.atoms.faces import Faces, Land, enclose
from gis.atoms.merge import join_slivers
from gis.atoms.order import name_atoms
from gis.atoms.passage import hang_empty_land
from gis.dissolve import dissolve
from gis.enclose import ObjectArray, boundary_lines, crossing_points, locate
from gis.errors import GridwrightError
from gis.graph import AtomGraph, AtomKind, BoolArray, EdgeClass, Int32Array, IntArray
from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.territory import Territory

__all__ = ["Atoms", "build_atoms"]

GAP_M2 = 1.0
"""Land inside a community with units that no unit covers: from this size on it is an atom without households."""
GAP_WIDTH_M = 1e-3


@dataclass(frozen=True, slots=True)
class Atoms:
    """All atoms of a territory.

    Attributes
    ----------
    graph
        The solver's input.
    geometry
        Per atom: polygon or multipolygon in the territory's CRS; together a valid coverage.
    building_atom, unit_atom
        Atom of each row of the territory's ``buildings`` and ``units``.
    """

    graph: AtomGraph
    geometry: ObjectArray
    building_atom: Int32Array
    unit_atom: Int32Array


def build_atoms(
    territory: Territory,
    *,
    max_households: int,
    estate_cap: int,
    finer: Collection[str] = (),
    report: QualityReport | None = None,
    progress: Progress = SILENT,
) -> Atoms:
    """Cut a territory into atoms.

    Parameters
    ----------
    territory
        Cleaned layers in one metric CRS.
    max_households
        Top of the band: a block with more is split.
    estate_cap
        An estate with more households than this is split inside its own outline.
    finer
        Codes of communities whose blocks are split to a quarter of the band, for those where whole blocks were
        proved to allow no lawful plan.
    report
        Takes remarks: slivers joined, estates cut by community borders, buildings outside.

    Raises
    ------
    GridwrightError
        ``atoms_area_differs``: the atoms do not cover the communities (overlapping input).
        ``dissolve_area_differs``.
    """
    report = QualityReport() if report is None else report
    progress.stage("stage_atoms_lines")
    outlines = own_outlines(territory, report)
    land = _land(territory, outlines, finer)
    if _units_tile(land):
        faces = Faces(land.units, land.unit_community, np.arange(len(land.units)), np.full(len(land.units), -1))
    else:
        faces = enclose(land, max_households=max_households, estate_cap=estate_cap, report=report, progress=progress)
    progress.stage("stage_atoms_contacts")
    touch = _contacts(territory, faces, land)
    faces, touch = _join(faces, touch, land, report)
    _check_cover(faces, land, territory)

    ids, order = name_atoms(territory, faces)
    faces = faces.take(order)
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    touch = touch.regroup(position)
    unit_atom = np.full(len(land.units), -1, np.int32)
    unit_atom[faces.unit[faces.unit >= 0]] = np.flatnonzero(faces.unit >= 0)
    of_unit = estate_of_units(land.units, outlines)
    estate = np.where(faces.unit >= 0, np.append(of_unit, -1)[faces.unit], faces.estate)
    graph, building_atom = _graph(territory, faces, touch, ids, estate, unit_atom, report)
    report.count("atoms", len(ids))
    return Atoms(graph, faces.geometry, building_atom, unit_atom)


def _land(territory: Territory, outlines: ObjectArray, finer: Collection[str]) -> Land:
    communities, units, buildings = territory["communities"], territory["units"], territory["buildings"]
    code_position = {code: i for i, code in enumerate(communities["code"])}
    unit_community = np.array([code_position.get(c, -1) for c in units["community"]], dtype=np.int64)
    has_units = np.zeros(len(communities), bool)
    has_units[unit_community[unit_community >= 0]] = True
    return Land(
        np.asarray(communities.geometry.array),
        has_units,
        communities["code"].isin(finer).to_numpy(dtype=bool),
        np.asarray(units.geometry.array),
        unit_community,
        outlines,
        boundary_lines(territory, estates=False),
        np.asarray(buildings.geometry.array),
        buildings["households"].fillna(0).to_numpy(dtype=np.int64),
    )


def _units_tile(land: Land) -> bool:
    """Whether ready-made units are all there is: a valid coverage that fills every community."""
    if not land.has_units.all() or (land.unit_community < 0).any():
        return False
    area = np.bincount(land.unit_community, weights=shapely.area(land.units), minlength=len(land.communities))
    if (np.abs(area - shapely.area(land.communities)) > GAP_M2).any():
        return False
    return bool(shapely.coverage_is_valid(land.units, gap_width=GAP_WIDTH_M))


def _contacts(territory: Territory, faces: Faces, land: Land) -> Contacts:
    """Contacts of faces inside one community; borders of units may run a little beside the line they follow."""
    segments = border_segments(faces.geometry)
    inner = (segments.a != OUTSIDE) & (faces.community[segments.a] == faces.community[segments.b])
    segments = segments.take(np.flatnonzero(inner))
    lines, crossings = boundary_lines(territory), crossing_points(territory)
    of_units = land.has_units[faces.community[segments.a]]
    return Contacts.join(
        contacts(segments.take(np.flatnonzero(~of_units)), lines, crossings, within_m=ALONG_M),
        contacts(segments.take(np.flatnonzero(of_units)), lines, crossings, default=EdgeClass.UNIT, within_m=NEAR_M),
    )


def _join(faces: Faces, touch: Contacts, land: Land, report: QualityReport) -> tuple[Faces, Contacts]:
    """One face an atom: faces of one unit united, slivers joined to a neighbour."""
    n = len(faces)
    area = shapely.area(faces.geometry)
    home = locate(shapely.point_on_surface(land.footprints), faces.geometry)
    lived = np.bincount(home[home >= 0], weights=land.households[home >= 0], minlength=n).astype(np.int64)
    estate = np.where((faces.estate >= 0) & (lived == 0) & (area < SCRAP_M2), -1, faces.estate)
    is_unit = faces.unit >= 0
    fixed = is_unit | (land.has_units[faces.community] & (area >= GAP_M2))
    key = np.where(is_unit, faces.unit, len(land.units) + np.arange(n))
    _, start = np.unique(key, return_inverse=True)
    group, n_joined = join_slivers(touch, area, shapely.length(faces.geometry), lived, estate, fixed, start)
    if n_joined:
        report.add("note_slivers_joined", "atoms", before=int(start.max()) + 1, after=int(group.max()) + 1, n=n_joined)
    n_groups = int(group.max(initial=-1)) + 1
    geometry = dissolve(faces.geometry, group.astype(np.int32), n_groups)
    # The face that gives an atom its unit or estate is the one that was not joined as a sliver: the largest claim.
    members = np.lexsort((-area, -lived, -estate, -faces.unit, group))
    first = members[np.unique(group[members], return_index=True)[1]]
    united = Faces(geometry, faces.community[first], faces.unit[first], estate[first])
    return united, touch.regroup(group)


def _check_cover(faces: Faces, land: Land, territory: Territory) -> None:
    area = np.bincount(faces.community, weights=shapely.area(faces.geometry), minlength=len(land.communities))
    allowed = 1e-6 * shapely.area(land.communities) + GAP_M2
    gap = np.abs(area - shapely.area(land.communities))
    for i in np.flatnonzero(gap > allowed):
        raise GridwrightError(
            "atoms_area_differs",
            layer="communities",
            id=str(territory["communities"]["code"].iloc[i]),
            measured=round(float(gap[i]), 3),
            allowed=round(float(allowed[i]), 3),
        )


def _graph(
    territory: Territory,
    faces: Faces,
    touch: Contacts,
    ids: tuple[str, ...],
    estate: IntArray,
    unit_atom: Int32Array,
    report: QualityReport,
) -> tuple[AtomGraph, Int32Array]:
    communities, estates = territory["communities"], territory["estates"]
    is_unit = faces.unit >= 0
    rural = (communities["kind"] == "rural").to_numpy(dtype=bool)
    building_atom = place_buildings(territory, faces.geometry, report)
    counts = count(territory, faces.geometry, building_atom, unit_atom, is_unit)
    report_cut_estates(territory, estate, faces.community, report)
    used = np.unique(estate[estate >= 0])
    estate_index = np.where(estate >= 0, np.searchsorted(used, estate), -1)
    kind = np.where(estate >= 0, int(AtomKind.ESTATE), int(AtomKind.BLOCK))
    kind[is_unit] = np.where(rural[faces.community[is_unit]], int(AtomKind.VILLAGE), int(AtomKind.UNIT))
    dedicated = estates["dedicated"].iloc[used]
    passable = hang_empty_land(touch, counts.households)
    tie_a, tie_b = tie_exclaves(faces.geometry, faces.community, touch.a, touch.b)
    edges = _with_ties(touch, passable, tie_a, tie_b)
    graph = AtomGraph(
        atom_ids=ids,
        communities=tuple(communities["code"]),
        community_is_rural=rural,
        community_index=faces.community.astype(np.int32),
        estate_ids=tuple(estates["id"].iloc[used]),
        estate_kinds=tuple(estates["kind"].iloc[used]),
        estate_dedicated=dedicated.astype("Int64").fillna(-1).to_numpy(dtype=np.int64),
        estate_index=estate_index.astype(np.int32),
        kind=kind.astype(np.int32),
        households=counts.households,
        population=counts.population,
        n_buildings=counts.n_buildings,
        largest_building=counts.largest_building,
        area_m2=shapely.area(faces.geometry),
        perimeter_m=shapely.length(faces.geometry),
        x_m=counts.x_m,
        y_m=counts.y_m,
        inertia_m2=counts.inertia_m2,
        edge_a=edges[0],
        edge_b=edges[1],
        edge_length_m=edges[2],
        edge_class=edges[3],
        edge_passable=edges[4],
    )
    return graph, building_atom


def _with_ties(
    touch: Contacts, passable: BoolArray, tie_a: Int32Array, tie_b: Int32Array
) -> tuple[Int32Array, Int32Array, np.ndarray, Int32Array, BoolArray]:
    """Contacts and ties together, ascending."""
    n = len(tie_a)
    a, b = np.concatenate([touch.a, tie_a]), np.concatenate([touch.b, tie_b])
    length = np.concatenate([touch.length_m, np.zeros(n)])
    edge_class = np.concatenate([touch.edge_class, np.full(n, int(EdgeClass.EXCLAVE), np.int32)])
    passes = np.concatenate([passable, np.ones(n, bool)])
    order = np.lexsort((b, a))
    return a[order], b[order], length[order], edge_class[order], passes[order]
