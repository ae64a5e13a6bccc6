"""Territory files are read strictly: every fault of columns and values is named with its place, all at once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyogrio
import pytest
import shapely

from gis.errors import InputError
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from tests.gis.small_town import CRS_METRES, faults, read, save, the_fault, town


def test_a_sound_file_is_read_whole(tmp_path: Path) -> None:
    territory, report = read(town(), tmp_path)
    assert {name: len(table) for name, table in territory.layers.items() if len(table)} == {
        "communities": 2,
        "units": 2,
        "buildings": 3,
    }
    assert territory["buildings"]["households"].tolist() == [10, 20, 0]
    assert territory.crs.to_epsg() == territory.file_crs.to_epsg() == CRS_METRES
    assert report.remarks == []
    assert report.counts == {"rows_communities": 2, "rows_units": 2, "rows_buildings": 3}


def test_the_facts_of_the_file_travel_along(tmp_path: Path) -> None:
    path = save(town(), tmp_path)
    meta = pd.DataFrame({"key": ["households_basis"], "value": ["registered"]})
    pyogrio.write_dataframe(meta, path, layer="meta", driver="GPKG", append=True)
    assert dict(read_territory(path).meta) == {"households_basis": "registered"}


def test_reading_twice_gives_the_same_territory(tmp_path: Path) -> None:
    path = save(town(), tmp_path)
    assert read_territory(path).content_hash() == read_territory(path).content_hash()


@pytest.mark.parametrize("layer", ["communities", "units", "buildings"])
def test_absent_layers_are_named(tmp_path: Path, layer: str) -> None:
    layers = town()
    del layers[layer]
    if layer == "communities":
        fault = the_fault(layers, tmp_path)
        assert (fault.code, fault.facts["layer"]) == ("layer_missing", "communities")
    else:
        assert read(layers, tmp_path)[0]["communities"].shape[0] == 2


def test_both_kinds_of_households_absent_is_a_fault(tmp_path: Path) -> None:
    layers = {"communities": town()["communities"]}
    assert the_fault(layers, tmp_path).facts["layer"] == "units / buildings"


@pytest.mark.parametrize(
    ("layer", "column"),
    [
        ("communities", "kind"),
        ("communities", "code"),
        ("units", "community"),
        ("buildings", "households"),
        ("units", "id"),
    ],
)
def test_absent_columns_are_named(tmp_path: Path, layer: str, column: str) -> None:
    layers = town()
    layers[layer] = layers[layer].drop(columns=column)
    fault = the_fault(layers, tmp_path)
    assert (fault.code, fault.facts["layer"], fault.facts["column"]) == ("column_missing", layer, column)


def test_no_coordinate_system_is_a_fault_with_a_proposal(tmp_path: Path) -> None:
    layers = town()
    layers["communities"] = layers["communities"].set_crs(None, allow_override=True)
    fault = the_fault(layers, tmp_path)
    assert fault.code == "crs_missing"
    assert fault.facts["proposal"] == "EPSG:4534...4554"


def test_empty_communities_are_a_fault(tmp_path: Path) -> None:
    layers = town()
    layers["communities"] = layers["communities"].iloc[:0]
    assert the_fault(layers, tmp_path).code == "layer_empty"


def test_duplicate_ids_name_their_rows(tmp_path: Path) -> None:
    layers = town()
    layers["buildings"]["id"] = ["b1", "b2", "b1"]
    fault = the_fault(layers, tmp_path)
    assert (fault.code, fault.facts["id"], fault.facts["row"]) == ("id_duplicate", "b1", "1, 3")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (-3, "count_negative"),
        (2.5, "count_fractional"),
        (None, "count_missing"),
        (float("nan"), "count_missing"),
        (float("inf"), "count_not_a_number"),
        (5001, "count_too_large"),
        ("many", "count_not_a_number"),
    ],
)
def test_bad_households_name_row_value_and_range(tmp_path: Path, value: object, code: str) -> None:
    layers = town()
    dtype = object if isinstance(value, str) else "float64"
    layers["buildings"]["households"] = pd.Series([10, value, 0], dtype=dtype).astype(
        "str" if dtype is object else dtype
    )
    fault = the_fault(layers, tmp_path)
    assert fault.code == code
    assert (fault.facts["row"], fault.facts["id"], fault.facts["allowed"]) == (2, "b2", "0...5000")


def test_units_may_hold_more_households_than_a_building(tmp_path: Path) -> None:
    layers = town()
    layers["units"]["households"] = [6000, 0]
    assert read(layers, tmp_path)[0]["units"]["households"].tolist() == [6000, 0]


def test_numbers_written_as_text_are_numbers(tmp_path: Path) -> None:
    layers = town()
    layers["buildings"]["households"] = ["1,010", "２０", "0"]
    assert read(layers, tmp_path)[0]["buildings"]["households"].tolist() == [1010, 20, 0]


def test_unknown_kinds_are_named(tmp_path: Path) -> None:
    layers = town()
    layers["communities"]["kind"] = ["urban", "city"]
    fault = the_fault(layers, tmp_path)
    assert (fault.code, fault.facts["measured"], fault.facts["allowed"]) == (
        "value_not_allowed",
        "city",
        "urban, rural",
    )


def test_person_columns_do_not_come_in(tmp_path: Path) -> None:
    layers = town()
    layers["buildings"]["户主"] = ["甲某", "乙某", "丙某"]
    territory, report = read(layers, tmp_path)
    assert "户主" not in territory["buildings"].columns
    assert [(r.code, r.before) for r in report.remarks] == [("person_column_dropped", 3)]


def test_all_faults_of_several_layers_come_at_once(tmp_path: Path) -> None:
    layers = town()
    layers["communities"]["kind"] = ["urban", "x"]
    layers["units"]["households"] = [-1, 0]
    layers["buildings"]["id"] = ["b1", "b1", "b3"]
    assert [f.code for f in faults(layers, tmp_path)] == ["value_not_allowed", "count_negative", "id_duplicate"]


def test_another_kind_of_file_is_no_territory_file(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    town()["communities"].to_crs(4326).to_file(path)
    with pytest.raises(InputError) as caught:
        read_territory(path)
    assert caught.value.code == "not_a_territory_file"


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    layers = town()
    (tmp_path / "a").mkdir()
    one = read_territory(save(layers, tmp_path / "a"))
    (tmp_path / "b").mkdir()
    other = read_territory(save({n: t.iloc[::-1] for n, t in layers.items()}, tmp_path / "b"))
    assert one.content_hash() == other.content_hash()


@pytest.mark.parametrize(("year", "villages"), [(2017, 535), (2021, 459)])
def test_tainan_is_read_without_a_fault(shared_data: Path, year: int, villages: int) -> None:
    report = QualityReport()
    territory = read_territory(shared_data / "tainan" / f"tainan-{year}.gpkg", report)
    assert (len(territory["communities"]), len(territory["units"])) == (villages, 9156)
    assert int(territory["units"]["households"].sum()) == 494_654
    assert {r.code for r in report.remarks} <= {"repair_cover"}
    assert shapely.coverage_is_valid(territory["units"].geometry.to_numpy())
