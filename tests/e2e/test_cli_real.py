"""Real layers through the command line: import -> draw -> check -> map."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from api.cli import main
from data.files.plan_file import read_plan
from gis.readers.territory_file import read_territory
from gis.territory import Territory


def run(capsys, *argv: object) -> dict:
    """Run one command with --json; it must not end in bad input."""
    status = main([*map(str, argv), "--json"])
    out, err = capsys.readouterr()
    assert status in (0, 1), err
    return {"status": status, **json.loads(out)}


def border_lines(land: Territory) -> np.ndarray:
    """Streets, barriers, estate outlines and community borders: what a grid border should run along."""
    lines = [np.asarray(land["streets"].geometry.array)]
    barriers = np.asarray(land["barriers"].geometry.array)
    solid = shapely.get_dimensions(barriers) == 2
    lines += [barriers[~solid], shapely.boundary(barriers[solid])]
    lines += [shapely.boundary(np.asarray(land[name].geometry.array)) for name in ("estates", "communities")]
    return np.concatenate(lines)


def inner_border_frac_near_lines(plan: Path, territory: Path, distance_m: float = 5.0) -> float:
    """Share of the border between grids of one community that lies within a distance of a line."""
    land = read_territory(territory)
    grids = read_plan(plan).grids.to_crs(land.crs)
    shapes = np.asarray(grids.geometry.array)
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    community = grids["community"].to_numpy()
    pair = (a < b) & (community[a] == community[b])
    shared = shapely.intersection(shapely.boundary(shapes[a[pair]]), shapely.boundary(shapes[b[pair]]))
    inner = shapely.get_parts(shared)
    inner = inner[shapely.get_dimensions(inner) == 1]
    lengths = shapely.length(inner)
    # One point in the middle of every stretch of about 2 m; a buffer would be a polygon, smaller than its circle.
    n = np.maximum(np.ceil(lengths / 2.0).astype(int), 1)
    line = np.repeat(np.arange(len(inner)), n)
    step = (np.concatenate([np.arange(k) for k in n]) + 0.5) / n[line]
    points = shapely.line_interpolate_point(inner[line], step, normalized=True)
    near = np.unique(shapely.STRtree(border_lines(land)).query(points, predicate="dwithin", distance=distance_m)[0])
    return float((lengths / n)[line[near]].sum() / lengths.sum())


def all_the_way(territory: Path, folder: Path, capsys) -> dict:
    """Draw, check and map a territory; what draw says."""
    plan, page = folder / "plan.gpkg", folder / "plan.html"
    drawn = run(capsys, "draw", territory, "--out", plan, "--seed", 1)
    assert drawn["passed"] is True
    checked = run(capsys, "check", plan, territory)
    assert checked["status"] == 0
    assert checked["passed"] is True
    run(capsys, "map", plan, territory, "--out", page)
    assert page.stat().st_size > 50_000
    return drawn


@pytest.fixture(scope="module")
def tainan_part(shared_data, tmp_path_factory) -> Path:
    """The 12 villages of Tainan with the lowest codes that have units, as a territory file."""
    source = shared_data / "tainan" / "tainan-2021.gpkg"
    path = tmp_path_factory.mktemp("tainan") / "part.gpkg"
    communities = pyogrio.read_dataframe(source, layer="communities").sort_values("code").head(12)
    units = pyogrio.read_dataframe(source, layer="units")
    for name, table in (("communities", communities), ("units", units[units["community"].isin(communities["code"])])):
        pyogrio.write_dataframe(table, path, layer=name)
    return path


def test_a_part_of_tainan_is_drawn_checked_and_mapped(tainan_part, tmp_path, capsys) -> None:
    drawn = all_the_way(tainan_part, tmp_path, capsys)
    units = pyogrio.read_dataframe(tainan_part, layer="units", read_geometry=False)
    assert drawn["households"] == units["households"].sum()
    assert drawn["communities"] == 12
    communities = read_plan(tmp_path / "plan.gpkg").communities
    open_cases = communities[(communities["feasible"] != "yes") & communities["reason"].isna()]
    assert open_cases.empty


def test_tainan_gives_the_same_bytes_with_one_and_with_two_workers(tainan_part, tmp_path, capsys) -> None:
    digests = set()
    for workers in (1, 2):
        plan = tmp_path / f"plan{workers}.gpkg"
        run(capsys, "draw", tainan_part, "--out", plan, "--workers", workers)
        digests.add(hashlib.sha256(plan.read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.fixture(scope="module")
def liechtenstein(shared_data, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("liechtenstein") / "territory.gpkg"
    source = shared_data / "osm-liechtenstein" / "liechtenstein-2021.osm.pbf"
    assert main(["import", str(source), "--out", str(path)]) == 0
    return path


def test_liechtenstein_imports_with_its_11_municipalities_and_their_addresses(liechtenstein) -> None:
    land = read_territory(liechtenstein)
    assert len(land["communities"]) == 11
    assert land.meta["households_basis"]
    assert land["addresses"]["text"].str.contains("Städtle 38", regex=False).any()


def test_liechtenstein_is_drawn_along_streets_with_all_households_placed(liechtenstein, tmp_path, capsys) -> None:
    path = liechtenstein
    drawn = all_the_way(path, tmp_path, capsys)
    assert drawn["communities"] == 11
    assert drawn["households"] == read_territory(path)["buildings"]["households"].sum() > 0
    assert inner_border_frac_near_lines(tmp_path / "plan.gpkg", path) >= 0.95


def test_monaco_goes_the_same_way_with_every_quarter_that_the_map_bounds(shared_data, tmp_path, capsys) -> None:
    path = tmp_path / "monaco.gpkg"
    run(capsys, "import", shared_data / "osm-monaco" / "monaco-2023.osm.pbf", "--out", path)
    # The extract holds nine boundary relations of level 10, and a node for each of them.
    quarters = {"Fontvieille", "Monaco-Ville", "La Condamine", "La Rousse", "Larvotto", "Monte-Carlo"}
    quarters |= {"Jardin Exotique", "Les Monegetti", "Ravin de Sainte-Dévote"}
    assert quarters <= set(read_territory(path)["communities"]["name"])
    drawn = all_the_way(path, tmp_path, capsys)
    assert drawn["communities"] == len(read_territory(path)["communities"])
    assert drawn["households"] == read_territory(path)["buildings"]["households"].sum() > 0
    assert inner_border_frac_near_lines(tmp_path / "plan.gpkg", path) >= 0.95


def test_singapore_blocks_become_buildings_and_none_is_split(shared_data, tmp_path, capsys) -> None:
    path = tmp_path / "singapore.gpkg"
    source = shared_data / "singapore-hdb" / "blocks.csv"
    run(capsys, "import", source, "--out", path)
    land = read_territory(path)
    assert len(land["buildings"]) == 7_209
    assert (shapely.get_type_id(np.asarray(land["buildings"].geometry.array)) == 0).all()
    assert land["buildings"]["households"].sum() == 794_073
    assert len(land["communities"]) == 18
    # Drawing all of it takes minutes; three towns show the same.
    part = pd.read_csv(source, dtype=str)
    part = part[part["bldg_contract_town"].isin(["BT", "CT", "QT"])]
    part.to_csv(tmp_path / "blocks.csv", index=False)
    run(capsys, "import", tmp_path / "blocks.csv", "--out", path)
    drawn = all_the_way(path, tmp_path, capsys)
    assert drawn["communities"] == 3
    assert drawn["households"] == part["total_dwelling_units"].astype(int).sum()
    members = read_plan(tmp_path / "plan.gpkg").members
    assert members["id"].is_unique
    assert set(members["id"]) == set(read_territory(path)["buildings"]["id"])


def test_results_come_back_in_the_coordinate_system_of_the_territory(tainan_part, tmp_path, capsys) -> None:
    run(capsys, "draw", tainan_part, "--out", tmp_path / "plan.gpkg")
    grids: gpd.GeoDataFrame = pyogrio.read_dataframe(tmp_path / "plan.gpkg", layer="grids")
    assert grids.crs.to_epsg() == 4326
