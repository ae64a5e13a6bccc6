"""Real extracts: counts as their descriptions state them, and layers a territory can be made of."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely

from gis.households import model_households
from gis.readers.osm import OsmOptions, read_osm
from gis.report import QualityReport
from gis.territory import Territory

FILES = {
    "liechtenstein-2021": "osm-liechtenstein/liechtenstein-2021.osm.pbf",
    "liechtenstein-2015": "osm-liechtenstein/liechtenstein-2015.osm.pbf",
    "monaco-2023": "osm-monaco/monaco-2023.osm.pbf",
    "monaco-2016": "osm-monaco/monaco-2016.osm.pbf",
    "helsinki": "osm-helsinki/helsinki-centre.osm.pbf",
    "haidian": "osm-beijing-haidian/tsinghua-haidian.osm.pbf",
    "krems": "osm-krems/krems.osm.pbf",
    "baltimore": "osm-baltimore/baltimore.osm.pbf",
}
COUNTS = {
    "liechtenstein-2021": {"osm_buildings": 14_046, "osm_highway_ways": 6_848, "osm_addresses": 3_694},
    "liechtenstein-2015": {"osm_buildings": 9_001, "osm_highway_ways": 4_660},
    "monaco-2023": {"osm_buildings": 1_286, "osm_highway_ways": 2_832, "osm_addresses": 340, "osm_cameras": 14},
    "monaco-2016": {"osm_buildings": 23_379, "osm_highway_ways": 2_927},
    "helsinki": {"osm_buildings": 536, "osm_highway_ways": 2_650, "osm_addresses": 1_470, "osm_cameras": 221},
    "haidian": {"osm_buildings": 529, "osm_highway_ways": 684},
    "krems": {"osm_buildings": 1_196, "osm_highway_ways": 838},
    "baltimore": {"osm_buildings": 1_966, "osm_highway_ways": 3_844},
}
GATES = {"liechtenstein-2021": 44, "monaco-2023": 53, "helsinki": 66, "haidian": 26, "krems": 50, "baltimore": 52}
MUNICIPALITIES = {
    "Balzers", "Eschen", "Gamprin", "Mauren", "Planken", "Ruggell", "Schaan", "Schellenberg", "Triesen",
    "Triesenberg", "Vaduz",
}  # fmt: skip
Layers = dict[str, gpd.GeoDataFrame]


@pytest.fixture(scope="module")
def maps(shared_data: Path) -> dict[str, tuple[Layers, QualityReport]]:
    read = {}
    for name, file in FILES.items():
        report = QualityReport()
        read[name] = (read_osm(shared_data / file, report=report), report)
    return read


@pytest.mark.parametrize("name", FILES)
def test_the_counts_are_those_of_the_description(maps: dict[str, tuple[Layers, QualityReport]], name: str) -> None:
    _, report = maps[name]
    assert {key: report.counts[key] for key in COUNTS[name]} == COUNTS[name]


@pytest.mark.parametrize("name", GATES)
def test_every_gate_of_the_file_is_a_key_place(
    maps: dict[str, tuple[Layers, QualityReport]], shared_data: Path, name: str
) -> None:
    nodes, ways = set(), 0
    for thing in osmium.FileProcessor(str(shared_data / FILES[name])):
        if thing.tags.get("barrier") in ("gate", "lift_gate"):
            nodes |= {f"n{thing.id}"} if thing.is_node() else set()
            ways += not thing.is_node()
    assert len(nodes) + ways == GATES[name]
    layers, report = maps[name]
    outside = [r for r in report.remarks if r.code == "note_osm_outside" and r.layer == "key_places"]
    lost = len(nodes - set(layers["key_places"]["id"]))
    assert lost <= sum(int(r.before or 0) - int(r.after or 0) for r in outside)


@pytest.mark.parametrize("name", FILES)
def test_every_layer_is_valid_and_has_unique_ids(maps: dict[str, tuple[Layers, QualityReport]], name: str) -> None:
    layers, _ = maps[name]
    for layer, table in layers.items():
        key = "code" if layer == "communities" else "id"
        assert table[key].is_unique, layer
        assert table.geometry.is_valid.all(), layer
        assert not table.geometry.is_empty.any(), layer


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_lost_without_a_remark(maps: dict[str, tuple[Layers, QualityReport]], name: str) -> None:
    layers, report = maps[name]
    told = {}
    for remark in report.remarks:
        if remark.layer in ("buildings", "building") and remark.before is not None and remark.after is not None:
            told[remark.code] = int(remark.before) - int(remark.after)
    explained = sum(
        told.get(code, 0)
        for code in (
            "warn_osm_geometry_broken",
            "repair_osm_double_buildings",
            "warn_osm_buildings_outside",
            "note_osm_building_nodes",
        )
    )
    # `building=no` and outline relations carry the key without being a building.
    assert 0 <= report.counts["osm_buildings"] - explained - len(layers["buildings"]) <= 3


def test_liechtenstein_has_its_eleven_municipalities(maps: dict[str, tuple[Layers, QualityReport]]) -> None:
    for name in ("liechtenstein-2021", "liechtenstein-2015"):
        communities = maps[name][0]["communities"]
        assert set(communities["name"]) == MUNICIPALITIES
        metric = communities.to_crs(32632)
        assert shapely.coverage_is_valid(metric.geometry.array, gap_width=0.01)
        assert metric.area.sum() / 1e6 == pytest.approx(160.5, abs=0.5)
    codes = maps["liechtenstein-2021"][0]["communities"]["code"]
    assert codes.tolist() == [f"LI-{k:02d}" for k in range(1, 12)]


def test_villages_of_liechtenstein_are_not_estates(maps: dict[str, tuple[Layers, QualityReport]]) -> None:
    for name in ("liechtenstein-2021", "liechtenstein-2015"):
        layers, _ = maps[name]
        estates, land = layers["estates"].to_crs(32632), layers["communities"].to_crs(32632)
        housing = estates[estates["kind"] == "estate"]
        assert housing.area.sum() < 0.001 * land.area.sum()
        assert shapely.area(shapely.union_all(estates.geometry.array)) == pytest.approx(estates.area.sum(), rel=1e-6)


def test_compounds_of_haidian_are_estates_and_their_school_too(
    maps: dict[str, tuple[Layers, QualityReport]],
) -> None:
    estates = maps["haidian"][0]["estates"]
    names = set(estates.loc[estates["kind"] == "estate", "name"])
    assert {"西王庄小区", "华清嘉园小区"} <= names
    assert estates["kind"].isin(["school"]).any()


def test_addresses_of_haidian_read_in_chinese_order(maps: dict[str, tuple[Layers, QualityReport]]) -> None:
    assert "成府路53号" in set(maps["haidian"][0]["addresses"]["text"])


def test_monaco_has_its_quarters_although_the_extract_cuts_three_of_them(
    maps: dict[str, tuple[Layers, QualityReport]], shared_data: Path
) -> None:
    layers, report = maps["monaco-2023"]
    # The file holds nine quarter relations; three lack one border way each.
    assert len(layers["communities"]) == 9
    assert sum(r.code == "repair_osm_boundary_closed" for r in report.remarks) == 3
    metric = layers["communities"].to_crs(32632)
    assert shapely.coverage_is_valid(metric.geometry.array, gap_width=0.01)
    # The older extract has the quarters whole: what was closed here is the same land.
    older = read_osm(shared_data / FILES["monaco-2016"], OsmOptions(community_admin_level=10))["communities"]
    older_km2 = older.to_crs(32632).set_index("name").area / 1e6
    metric_km2 = metric.set_index("name").area / 1e6
    assert len(older) == 9
    for now, then in (("Jardin Exotique", "Jardin Exotique"), ("Les Monegetti", "Les Monegetti")):
        assert metric_km2[now] == pytest.approx(older_km2[then], rel=0.12)
    assert metric_km2["Ravin de Sainte-Dévote"] == pytest.approx(older_km2["Sainte-Dévote"], rel=0.12)


def test_helsinki_shows_all_its_cameras(maps: dict[str, tuple[Layers, QualityReport]]) -> None:
    assert len(maps["helsinki"][0]["cameras"]) == 221


@pytest.mark.parametrize("name", ["helsinki", "haidian", "krems", "baltimore"])
def test_a_part_of_a_city_has_no_communities_and_says_so(
    maps: dict[str, tuple[Layers, QualityReport]], shared_data: Path, name: str
) -> None:
    assert "communities" not in maps[name][0]
    layers = read_osm(shared_data / FILES[name], OsmOptions(extent_community=True))
    assert len(layers["communities"]) == 1
    assert len(layers["buildings"]) == len(maps[name][0]["buildings"])


@pytest.mark.parametrize("name", ["liechtenstein-2021", "monaco-2023"])
def test_every_modelled_household_is_in_a_community(maps: dict[str, tuple[Layers, QualityReport]], name: str) -> None:
    layers, _ = maps[name]
    territory = Territory.of(layers)
    buildings = layers["buildings"].to_crs(territory.crs)
    modelled = model_households(buildings)
    assert modelled.buildings["community"].isin(territory["communities"]["code"]).all()
    assert modelled.total == int(modelled.buildings["households"].sum()) > 10_000
    empty = modelled.buildings["use"].isin(["school", "garage", "shed", "religious", "industrial", "farm_building"])
    assert not modelled.buildings.loc[empty, "households"].any()


def test_addresses_stand_in_the_building_they_name(maps: dict[str, tuple[Layers, QualityReport]]) -> None:
    layers, _ = maps["liechtenstein-2021"]
    addresses = layers["addresses"].to_crs(32632).dropna(subset=["building_id"])
    shapes = layers["buildings"].to_crs(32632).set_index("id").geometry
    assert addresses["building_id"].isin(shapes.index).all()
    away = shapely.distance(addresses.geometry.array, shapes.loc[addresses["building_id"]].array)
    assert np.max(away) <= 5.01
    assert len(addresses) >= 0.98 * len(layers["addresses"])
