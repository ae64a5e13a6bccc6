"""What holds for the atoms of every territory, whatever its streets."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gis.adjacency import parts_of
from gis.atoms import Atoms, build_atoms
from gis.enclose import boundary_lines
from gis.graph import AtomKind, EdgeClass
from gis.territory import Territory
from tests.planar import planar

MAX_HOUSEHOLDS, ESTATE_CAP = 300, 400

towns = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "n_blocks": st.sampled_from([4, 9, 25]),
        "n_communities": st.integers(1, 5),
        "households": st.sampled_from([2.0, 10.0, 40.0]),
        "n_estates": st.integers(0, 4),
        "n_lanes": st.sampled_from([0, 10, 40]),
        "river": st.booleans(),
        "points_only": st.booleans(),
        "dead_ends": st.sampled_from([0.0, 0.2]),
    }
)
steady = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def build(land: Territory) -> Atoms:
    return build_atoms(land, max_households=MAX_HOUSEHOLDS, estate_cap=ESTATE_CAP)


def partition(atoms: Atoms, land: Territory) -> set[tuple[frozenset[str], int]]:
    """The land's partition without ids or places: building ids and whole square metres of each atom."""
    ids = land["buildings"]["id"].to_numpy(dtype=object)
    members: list[set[str]] = [set() for _ in range(atoms.graph.n_atoms)]
    for i, atom in zip(ids, atoms.building_atom):
        members[atom].add(i)
    return {(frozenset(m), round(float(a))) for m, a in zip(members, atoms.graph.area_m2)}


NO_STREET_MEETS_THE_ESTATE = {
    "seed": 7780,
    "n_blocks": 9,
    "n_communities": 1,
    "households": 2.0,
    "n_estates": 1,
    "n_lanes": 10,
    "river": False,
    "points_only": False,
    "dead_ends": 0.0,
}


@given(towns)
@example(NO_STREET_MEETS_THE_ESTATE)
@steady
def test_atoms_cover_every_community_exactly_and_hold_every_building_once(drawing):
    land = planar(**drawing)
    atoms = build(land)
    g = atoms.graph
    assert shapely.is_valid(atoms.geometry).all()
    assert shapely.coverage_is_valid(atoms.geometry, gap_width=1e-3)
    for i, outline in enumerate(land["communities"].geometry):
        mine = atoms.geometry[g.community_index == i]
        assert shapely.symmetric_difference(shapely.union_all(mine), outline).area < 0.1
        assert abs(shapely.area(mine).sum() - outline.area) < 0.1
    middle = shapely.point_on_surface(np.asarray(land["buildings"].geometry.array))
    assert shapely.intersects(middle, atoms.geometry[atoms.building_atom]).all()
    assert g.households.sum() == land["buildings"]["households"].sum()
    assert (np.bincount(atoms.building_atom, minlength=g.n_atoms) == g.n_buildings).all()
    assert list(g.atom_ids) == sorted(set(g.atom_ids))


@given(towns)
@steady
def test_only_a_single_building_or_a_lawful_estate_exceeds_the_band(drawing):
    land = planar(**drawing)
    atoms = build(land)
    g = atoms.graph
    over = g.households > np.where(g.kind == AtomKind.ESTATE, ESTATE_CAP, MAX_HOUSEHOLDS)
    lived_in = atoms.building_atom[land["buildings"]["households"].to_numpy() > 0]
    assert (np.bincount(lived_in, minlength=g.n_atoms)[over] == 1).all()


@given(towns)
@steady
def test_contacts_are_symmetric_inside_communities_and_tie_each_community_together(drawing):
    atoms = build(planar(**drawing))
    g = atoms.graph
    assert (g.community_index[g.edge_a] == g.community_index[g.edge_b]).all()
    assert (np.diff(g.edge_a.astype(np.int64) * g.n_atoms + g.edge_b) > 0).all()
    tie = g.edge_class == EdgeClass.EXCLAVE
    assert (g.edge_length_m[~tie] > 0).all()
    shared = shapely.intersection(
        shapely.boundary(atoms.geometry[g.edge_a]), shapely.boundary(atoms.geometry[g.edge_b])
    )
    assert np.allclose(shapely.length(shared)[~tie], g.edge_length_m[~tie], atol=0.01)
    part = parts_of(g.n_atoms, g.edge_a, g.edge_b)
    assert len(np.unique(part)) == len(np.unique(g.community_index))


@given(towns)
@steady
def test_a_border_along_a_line_really_lies_on_one(drawing):
    land = planar(**drawing)
    atoms = build(land)
    g = atoms.graph
    lines = boundary_lines(land)
    named = g.edge_class != EdgeClass.OPEN
    named &= g.edge_class != EdgeClass.EXCLAVE
    for a, b, c in zip(g.edge_a[named], g.edge_b[named], g.edge_class[named]):
        shared = shapely.intersection(shapely.boundary(atoms.geometry[a]), shapely.boundary(atoms.geometry[b]))
        along = shapely.union_all(shapely.buffer(lines.geometry[lines.edge_class == c], 0.1))
        assert shapely.intersection(shared, along).length > 0


@given(towns, st.randoms(use_true_random=False))
@steady
def test_the_order_of_rows_changes_nothing(drawing, random):
    land = planar(**drawing)
    shuffled = {}
    for name, table in land.layers.items():
        order = list(range(len(table)))
        random.shuffle(order)
        shuffled[name] = table.iloc[order].reset_index(drop=True)
    one, two = build(land), build(Territory.of(shuffled, meta=land.meta))
    assert one.graph.atom_ids == two.graph.atom_ids
    assert shapely.to_wkb(one.geometry).tolist() == shapely.to_wkb(two.geometry).tolist()
    assert (one.building_atom == two.building_atom).all()
    assert one.graph.edge_class.tobytes() == two.graph.edge_class.tobytes()


@given(towns, st.randoms(use_true_random=False))
@steady
def test_the_names_of_streets_change_nothing(drawing, random):
    land = planar(**drawing)
    streets = land["streets"].copy()
    ids = streets["id"].tolist()
    random.shuffle(ids)
    streets["id"] = ids
    assert partition(build(land), land) == partition(build(land.with_layers(streets=streets)), land)


@given(towns, st.sampled_from([(1000.0, 0.0), (-12_345.0, 6_789.0), (64.0, -128.0)]))
@steady
def test_moving_the_map_changes_nothing(drawing, shift):
    here, there = planar(**drawing), planar(**drawing, shift_m=shift)
    one, two = build(here), build(there)
    assert one.graph.atom_ids == two.graph.atom_ids
    assert partition(one, here) == partition(two, there)
    assert (one.building_atom == two.building_atom).all()
    assert (one.graph.edge_class == two.graph.edge_class).all()
    assert np.allclose(one.graph.edge_length_m, two.graph.edge_length_m, atol=1e-3)
