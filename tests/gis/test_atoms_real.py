"""Atoms of real land: 9,156 ready-made units, and a country and a city of mapped streets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from gis.adjacency import border_share_on_lines, parts_of
from gis.atoms import Atoms, build_atoms
from gis.graph import AtomKind, EdgeClass
from gis.readers.osm import read_osm
from gis.report import QualityReport
from gis.territory import Territory


def assert_seamless(atoms: Atoms, land: Territory) -> None:
    assert shapely.coverage_is_valid(atoms.geometry, gap_width=1e-3)
    for i, outline in enumerate(land["communities"].geometry):
        mine = shapely.coverage_union_all(atoms.geometry[atoms.graph.community_index == i])
        assert shapely.symmetric_difference(mine, outline).area < 1.0


@pytest.mark.parametrize("year", [2017, 2021])
def test_tainan_units_become_atoms_with_the_published_contacts(shared_data: Path, year: int):
    path = shared_data / "tainan" / f"tainan-{year}.gpkg"
    land = Territory.of({name: pyogrio.read_dataframe(path, layer=name) for name in ("communities", "units")})
    atoms = build_atoms(land, max_households=500, estate_cap=500)
    g = atoms.graph
    assert g.atom_ids == tuple(land["units"]["id"])
    assert g.households.sum() == 494_654
    assert (g.kind == AtomKind.UNIT).all()
    assert_seamless(atoms, land)

    table = pd.read_csv(shared_data / "tainan" / "adjacency.csv")
    home = dict(zip(land["units"]["id"], land["units"]["community"]))
    published = {
        (min(a, b), max(a, b)): m for a, b, m in table.itertuples(index=False) if home.get(a, "a") == home.get(b, "b")
    }
    ids = np.array(g.atom_ids)
    found = {
        (a, b): m
        for a, b, m, c in zip(ids[g.edge_a], ids[g.edge_b], g.edge_length_m, g.edge_class)
        if c != EdgeClass.EXCLAVE
    }
    assert set(published) <= set(found)
    # The published table starts at 1 m and stops at district lines, which one community straddles.
    extra = [p for p in set(found) - set(published) if p[0].split("-")[0] == p[1].split("-")[0]]
    assert all(found[pair] < 1.1 for pair in extra)
    ratio = np.array([found[pair] / m for pair, m in published.items() if m > 50])
    assert np.abs(ratio / np.median(ratio) - 1).max() < 0.01


def osm_land(path: Path) -> Territory:
    """Mapped layers with one household for every 150 m2 of floor in buildings of 60 m2 and more."""
    layers = read_osm(path)
    buildings = layers["buildings"]
    area = buildings.to_crs(32632).area.to_numpy()
    floors = buildings["levels"].fillna(2).astype(float).clip(1, 30).to_numpy()
    buildings["households"] = np.where(area < 60, 0, np.round(area * floors / 150 * 0.5)).astype(int)
    return Territory.of(layers)


@pytest.mark.parametrize(
    ("file", "n_atoms"),
    [("osm-liechtenstein/liechtenstein-2021.osm.pbf", (500, 6000)), ("osm-monaco/monaco-2023.osm.pbf", (150, 2000))],
)
def test_mapped_streets_enclose_blocks_that_cover_every_community(shared_data: Path, file: str, n_atoms):
    land = osm_land(shared_data / file)
    report = QualityReport()
    atoms = build_atoms(land, max_households=500, estate_cap=500, report=report)
    g = atoms.graph
    assert n_atoms[0] < g.n_atoms < n_atoms[1]
    assert g.households.sum() == land["buildings"]["households"].sum()
    assert_seamless(atoms, land)
    over = (g.households > 500) & (g.kind != AtomKind.ESTATE)
    assert (g.largest_building[over] > 500).all()
    part = parts_of(g.n_atoms, g.edge_a, g.edge_b)
    assert len(np.unique(part)) == len(np.unique(g.community_index))
    inner, along, _ = border_share_on_lines(atoms.geometry, land)
    assert along / inner > 0.97
    assert "note_building_outside" not in {remark.code for remark in report.remarks}
