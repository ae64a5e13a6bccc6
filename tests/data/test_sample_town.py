from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data.files.territory_file import write_territory
from data.sample import SampleTown, make_town
from gis.errors import InputError
from gis.layers import LAYERS
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from gis.territory import Territory

ROOT = Path(__file__).resolve().parents[2]


@cache
def town_of(households: int, seed: int = 1) -> SampleTown:
    return make_town(households, seed)


@pytest.fixture(params=[(1_000, 1), (12_000, 1), (12_000, 5), (40_000, 2)], ids=str)
def town(request: pytest.FixtureRequest) -> Territory:
    return town_of(*request.param).territory


def shapes(territory: Territory, layer: str) -> np.ndarray:
    return np.asarray(territory[layer].geometry.array)


def test_the_same_seed_gives_the_same_town_and_another_seed_another() -> None:
    first = town_of(3_000).territory.content_hash()
    assert make_town(3_000, 1).territory.content_hash() == first
    assert make_town(3_000, 2).territory.content_hash() != first


@pytest.mark.parametrize("households", [500, 999, 1_000, 4_321, 12_000, 40_000])
def test_the_town_holds_exactly_the_households_that_were_asked_for(households: int) -> None:
    territory = town_of(households).territory
    assert int(territory["buildings"]["households"].sum()) == households
    assert (territory["buildings"]["households"] >= 0).all()


def test_ten_times_the_households_make_about_ten_times_the_town() -> None:
    small, large = town_of(4_000).territory, town_of(40_000).territory
    for layer, low, high in (("buildings", 3, 14), ("communities", 3, 14), ("streets", 4, 16), ("addresses", 3, 16)):
        assert low < len(large[layer]) / len(small[layer]) < high, layer


@pytest.mark.parametrize("households", [0, -5, 499, 2_000_001])
def test_an_impossible_size_is_refused(households: int) -> None:
    with pytest.raises(InputError, match="sample_households_out_of_range"):
        make_town(households)


def test_the_demo_town_has_what_a_town_has() -> None:
    territory = town_of(12_000).territory
    communities = territory["communities"]
    assert 6 <= (communities["kind"] == "urban").sum() <= 11
    assert 3 <= (communities["kind"] == "rural").sum() <= 6
    assert 1_500 <= len(territory["buildings"]) <= 3_000
    assert {"estate", "business", "market", "school", "hospital", "park", "industrial", "government"} == set(
        territory["estates"]["kind"]
    )
    assert {"river", "railway", "water", "wall"} <= set(territory["barriers"]["kind"])
    assert {"primary", "secondary", "tertiary", "residential", "service", "footway"} <= set(
        territory["streets"]["class"]
    )
    assert {"police", "patrol", "emergency", "service"} == set(territory["posts"]["kind"])
    for layer in set(LAYERS) - {"grids"}:
        assert len(territory[layer]), layer


def test_one_estate_is_over_the_cap_and_the_others_are_not() -> None:
    territory = town_of(12_000).territory
    estates = territory["estates"]
    grounds = shapes(territory, "estates")[(estates["kind"] == "estate").to_numpy()]
    building, estate = shapely.STRtree(grounds).query(shapely.centroid(shapes(territory, "buildings")), "within")
    count = np.bincount(estate, weights=territory["buildings"]["households"].to_numpy(int)[building])
    assert len(count) == len(grounds)
    assert (count > 500).sum() == 1
    assert 700 <= count.max() <= 900


def test_communities_tile_the_territory_without_gap_or_overlap(town: Territory) -> None:
    areas = shapes(town, "communities")
    assert (shapely.get_type_id(areas) == 3).all()
    assert shapely.coverage_is_valid(areas, gap_width=1e-6)
    whole = shapely.coverage_union_all(areas)
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    assert shapely.area(areas).sum() == pytest.approx(whole.area, abs=0.01)


def test_every_building_lies_in_its_community_and_clear_of_the_others(town: Territory) -> None:
    buildings, communities = town["buildings"], town["communities"]
    own = dict(zip(communities["code"], shapes(town, "communities")))
    home = np.asarray([own[code] for code in buildings["community"]], dtype=object)
    assert shapely.covers(home, shapes(town, "buildings")).all()
    a, b = shapely.STRtree(shapes(town, "buildings")).query(shapes(town, "buildings"), "intersects")
    a, b = a[a < b], b[a < b]
    assert shapely.area(shapely.intersection(shapes(town, "buildings")[a], shapes(town, "buildings")[b])).sum() < 1.0


def test_no_building_stands_on_a_street_in_the_water_or_on_the_railway(town: Territory) -> None:
    tree = shapely.STRtree(shapes(town, "buildings"))
    assert not len(tree.query(shapes(town, "streets"), "intersects")[0])
    barriers = town["barriers"]
    solid = shapes(town, "barriers")[(barriers["kind"] != "wall").to_numpy()]
    assert not len(tree.query(solid, "intersects")[0])


def test_streets_are_one_network_noded_at_junctions(town: Territory) -> None:
    streets = shapes(town, "streets")
    ends = shapely.get_coordinates(np.concatenate([shapely.get_point(streets, 0), shapely.get_point(streets, -1)]))
    _, node = np.unique(ends, axis=0, return_inverse=True)
    a, b = node[: len(streets)], node[len(streets) :]
    n, part = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(node.max() + 1,) * 2), directed=False)
    length = np.bincount(part[a], weights=shapely.length(streets), minlength=n)
    assert length.max() / length.sum() > 0.95
    # Two streets meet only at their ends.
    left, right = shapely.STRtree(streets).query(streets, "crosses")
    assert not len(left[left < right])


def test_bridges_cross_the_river_but_not_every_street_does() -> None:
    territory = town_of(12_000).territory
    river = shapes(territory, "barriers")[(territory["barriers"]["kind"] == "river").to_numpy()]
    crossing = set(territory["streets"]["name"][shapely.intersects(shapes(territory, "streets"), river[0])])
    assert 2 <= len(crossing) <= 6


def test_units_tile_the_villages_and_hold_their_households() -> None:
    territory = town_of(12_000).territory
    units, communities, buildings = territory["units"], territory["communities"], territory["buildings"]
    rural = communities[communities["kind"] == "rural"]
    assert set(units["community"]) == set(rural["code"])
    for code, area in zip(rural["code"], rural.geometry):
        own = shapes(territory, "units")[(units["community"] == code).to_numpy()]
        assert shapely.coverage_is_valid(own, gap_width=1e-6)
        assert shapely.area(shapely.coverage_union_all(own).symmetric_difference(area)) < 0.01
        counted = int(units["households"][units["community"] == code].sum())
        assert counted == int(buildings["households"][buildings["community"] == code].sum())


def test_addresses_are_unique_and_use_the_streets_of_the_town(town: Territory) -> None:
    addresses = town["addresses"]
    assert addresses["text"].is_unique
    assert set(addresses["building_id"]) == set(town["buildings"]["id"])
    named = addresses["street"].dropna()
    assert len(named)
    assert set(named) <= set(town["streets"]["name"].dropna())
    assert addresses["text"].str.fullmatch(r"[一-鿿]+\d+号([一-鿿]+)?(\d+幢)?(\d+单元)?").all()


def test_doors_stand_near_the_street_of_their_address() -> None:
    territory = town_of(12_000).territory
    addresses, streets = territory["addresses"], territory["streets"]
    urban = addresses[addresses["street"].notna() & addresses["building"].isna()]
    lines = {name: shapely.union_all(part.geometry) for name, part in streets.groupby("name")}
    away = shapely.distance(np.asarray([lines[name] for name in urban["street"]]), np.asarray(urban.geometry))
    assert np.median(away) < 45
    assert away.max() < 200


def test_codes_have_twelve_digits_in_a_county_that_does_not_exist(town: Territory) -> None:
    communities = town["communities"]
    assert communities["code"].is_unique
    assert communities["code"].str.fullmatch(r"990101\d{6}").all(), "no province has the number 99"
    seat = communities["code"].str[9:].astype(int)
    urban = (communities["kind"] == "urban").to_numpy()
    assert seat[urban].between(1, 199).all()
    assert seat[~urban].between(200, 399).all()
    assert communities["code"][urban].str[6:9].astype(int).between(1, 99).all()
    assert communities["code"][~urban].str[6:9].astype(int).between(100, 199).all()
    assert set(communities["class_code"]) <= {"111", "220"}


def test_counts_only_no_column_or_text_names_a_person() -> None:
    territory = town_of(12_000).territory
    for name, table in territory.layers.items():
        known = set(LAYERS[name].columns) | {"geometry", "officers", "vehicles"}
        assert set(table.columns) <= known, name
    for text in territory["addresses"]["text"]:
        assert not re.search(r"\d{11}|先生|女士", text)


def test_incidents_lie_in_the_past_in_order_and_closed_ones_have_a_time() -> None:
    territory = town_of(12_000).territory
    incidents = territory["incidents"]
    assert incidents["received_at"].is_monotonic_increasing
    assert incidents["received_at"].max() < "2026-01-01"
    assert (incidents["closed_at"].notna() == (incidents["state"] == "closed")).all()
    assert (incidents["due_at"] > incidents["received_at"]).all()
    assert 0 < (incidents["state"] == "open").sum() < len(incidents) / 5


def test_two_villages_merge_under_a_number_that_was_never_used() -> None:
    made = town_of(12_000)
    before, after = made.territory["communities"], made.later["communities"]
    assert len(made.merger) == 2
    (new,) = set(made.merger.values())
    assert new not in set(before["code"])
    assert new[:9] == next(iter(made.merger))[:9]
    assert set(after["code"]) == set(before["code"]) - set(made.merger) | {new}
    old_area = before[before["code"].isin(list(made.merger))].area.sum()
    assert after[after["code"] == new].area.sum() == pytest.approx(old_area, abs=0.01)
    assert shapely.coverage_is_valid(shapes(made.later, "communities"), gap_width=1e-6)
    assert set(made.later["buildings"]["community"]) <= set(after["code"])
    assert int(made.later["buildings"]["households"].sum()) == 12_000
    assert not set(made.merger) & set(made.later["units"]["community"])


@pytest.mark.parametrize("which", ["territory", "later"])
def test_the_reader_finds_nothing_to_mend_in_the_file_of_the_town(which: str, tmp_path: Path) -> None:
    territory: Territory = getattr(town_of(6_000), which)
    write_territory(territory, tmp_path / "town.gpkg")
    report = QualityReport()
    read = read_territory(tmp_path / "town.gpkg", report)
    assert report.remarks == []
    assert read.content_hash() == territory.content_hash()


def test_the_file_of_the_town_has_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    write_territory(make_town(2_000, 3).territory, tmp_path / "a.gpkg")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from data.files.territory_file import write_territory; from data.sample import make_town\n"
        "write_territory(make_town(2_000, 3).territory, Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", code, str(ROOT), str(tmp_path / "b.gpkg")]
    subprocess.run(command, check=True, timeout=600, env={**os.environ, "PYTHONHASHSEED": "5"}, cwd=tmp_path)
    digest: Callable[[str], str] = lambda name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()  # noqa: E731
    assert digest("a.gpkg") == digest("b.gpkg")
