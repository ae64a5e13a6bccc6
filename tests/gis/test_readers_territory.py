"""Territory files are read strictly: every fault is named with its place, all at once."""

from __future__ import annotations

import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon, box

from gis.errors import Fault, InputError
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from gis.territory import Territory

X0, Y0 = 500_000.0, 3_100_000.0
CRS_METRES = 4547


def place(*geometries: object) -> list[object]:
    """Shapes drawn around (0, 0), moved to where the metric CRS has its land."""
    return [shapely.transform(g, lambda xy: xy + np.array([X0, Y0])) for g in geometries]


def town() -> dict[str, gpd.GeoDataFrame]:
    """Two communities side by side, the left with two units, the right with three buildings."""
    communities = gpd.GeoDataFrame(
        {"code": ["c1", "c2"], "name": ["甲社区", "乙社区"], "kind": ["urban", "rural"]},
        geometry=place(box(0, 0, 400, 400), box(400, 0, 800, 400)),
        crs=CRS_METRES,
    )
    units = gpd.GeoDataFrame(
        {"id": ["u1", "u2"], "community": ["c1", "c1"], "households": [300, 0], "population": [800, 0]},
        geometry=place(box(0, 0, 400, 200), box(0, 200, 400, 400)),
        crs=CRS_METRES,
    )
    buildings = gpd.GeoDataFrame(
        {"id": ["b1", "b2", "b3"], "households": [10, 20, 0], "levels": [6, None, 1]},
        geometry=place(box(500, 50, 520, 70), box(600, 50, 620, 70), box(700, 50, 720, 70)),
        crs=CRS_METRES,
    )
    return {"communities": communities, "units": units, "buildings": buildings}


def save(layers: dict[str, gpd.GeoDataFrame], folder: Path) -> Path:
    path = folder / "town.gpkg"
    for name, table in layers.items():
        pyogrio.write_dataframe(table, path, layer=name, driver="GPKG", append=path.exists())
    return path


def read(layers: dict[str, gpd.GeoDataFrame], folder: Path) -> tuple[Territory, QualityReport]:
    report = QualityReport()
    return read_territory(save(layers, folder), report), report


def faults(layers: dict[str, gpd.GeoDataFrame], folder: Path) -> list[Fault]:
    with pytest.raises(InputError) as caught:
        read_territory(save(layers, folder))
    assert all(fault.facts["file"] == "town.gpkg" for fault in caught.value.faults)
    return list(caught.value.faults)


def the_fault(layers: dict[str, gpd.GeoDataFrame], folder: Path) -> Fault:
    found = faults(layers, folder)
    assert len(found) == 1, list(map(str, found))
    return found[0]


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
    assert the_fault(layers, tmp_path).facts["layer"] == "units or buildings"


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


def test_wild_coordinates_are_named(tmp_path: Path) -> None:
    layers = town()
    shapes = layers["buildings"].geometry.to_numpy().copy()
    shapes[1] = Point(np.inf, Y0)
    layers["buildings"] = layers["buildings"].set_geometry(gpd.GeoSeries(shapes, crs=CRS_METRES))
    fault = the_fault(layers, tmp_path)
    assert (fault.code, fault.facts["id"]) == ("coordinates_not_finite", "b2")


def test_missing_geometry_and_wrong_types_are_named(tmp_path: Path) -> None:
    layers = town()
    shapes = layers["buildings"].geometry.to_numpy().copy()
    shapes[0], shapes[1] = None, place(LineString([(500, 0), (510, 10)]))[0]
    layers["buildings"] = layers["buildings"].set_geometry(gpd.GeoSeries(shapes, crs=CRS_METRES))
    assert {f.code: f.facts["id"] for f in faults(layers, tmp_path)} == {
        "geometry_missing": "b1",
        "geometry_type_wrong": "b2",
    }


def test_a_bow_tie_is_a_fault_with_both_areas(tmp_path: Path) -> None:
    layers = town()
    tie = place(Polygon([(500, 50), (520, 70), (520, 50), (500, 70)]))[0]
    shapes = layers["buildings"].geometry.to_numpy().copy()
    shapes[0] = tie
    layers["buildings"] = layers["buildings"].set_geometry(gpd.GeoSeries(shapes, crs=CRS_METRES))
    fault = the_fault(layers, tmp_path)
    assert (fault.code, fault.facts["id"], fault.facts["allowed"]) == ("geometry_broken", "b1", 0.1)
    assert fault.facts["after_m2"] == pytest.approx(200, abs=1)


def test_a_spike_is_repaired_and_reported(tmp_path: Path) -> None:
    layers = town()
    spiked = place(Polygon([(500, 50), (520, 50), (520, 70), (520, 90), (520, 70), (500, 70)]))[0]
    shapes = layers["buildings"].geometry.to_numpy().copy()
    shapes[0] = spiked
    layers["buildings"] = layers["buildings"].set_geometry(gpd.GeoSeries(shapes, crs=CRS_METRES))
    territory, report = read(layers, tmp_path)
    assert territory["buildings"].geometry.iloc[0].is_valid
    assert [(r.code, r.layer, r.id, r.before, r.after) for r in report.remarks] == [
        ("repair_geometry", "buildings", "b1", 400.0, 400.0)
    ]


def test_overlapping_communities_are_named_in_pairs(tmp_path: Path) -> None:
    layers = town()
    shapes = place(box(0, 0, 410, 400), box(400, 0, 800, 400))
    layers["communities"] = layers["communities"].set_geometry(gpd.GeoSeries(shapes, crs=CRS_METRES))
    del layers["units"]
    fault = the_fault(layers, tmp_path)
    assert (fault.code, fault.facts["id"], fault.facts["other"], fault.facts["measured"]) == (
        "communities_overlap",
        "c1",
        "c2",
        4000.0,
    )


def test_hair_thin_overlaps_and_slits_are_made_exact_and_told(tmp_path: Path) -> None:
    layers = town()
    shapes = place(box(0, 0, 400.002, 400), box(400, 0, 800, 400))
    layers["communities"] = layers["communities"].set_geometry(gpd.GeoSeries(shapes, crs=CRS_METRES))
    halves = place(box(0, 0, 400.002, 200), box(0, 200.001, 400.002, 400))
    layers["units"] = layers["units"].set_geometry(gpd.GeoSeries(halves, crs=CRS_METRES))
    territory, report = read(layers, tmp_path)
    assert shapely.coverage_is_valid(territory["communities"].geometry.to_numpy())
    assert shapely.coverage_is_valid(territory["units"].geometry.to_numpy(), gap_width=1.0)
    remark = next(r for r in report.remarks if r.code == "repair_cover")
    assert remark.facts["overlap_m2"] == pytest.approx(0.8, abs=0.01)
    assert remark.facts["gap_m2"] == pytest.approx(0.4, abs=0.01)
    union = shapely.union_all(territory["units"].geometry.to_numpy())
    assert union.symmetric_difference(territory["communities"].geometry.iloc[0]).area < 1e-6


def test_units_that_overlap_or_leave_their_community_are_named(tmp_path: Path) -> None:
    layers = town()
    layers["units"] = layers["units"].set_geometry(
        gpd.GeoSeries(place(box(0, 0, 400, 210), box(0, 200, 405, 400)), crs=CRS_METRES)
    )
    found = {f.code: f.facts for f in faults(layers, tmp_path)}
    assert set(found) == {"units_overlap", "unit_outside_community"}
    assert found["units_overlap"]["measured"] == pytest.approx(4000, abs=1)
    assert (found["unit_outside_community"]["id"], found["unit_outside_community"]["measured"]) == ("u2", 1000.0)


def test_land_without_a_unit_is_named(tmp_path: Path) -> None:
    layers = town()
    layers["units"] = layers["units"].set_geometry(
        gpd.GeoSeries(place(box(0, 0, 400, 200), box(0, 200, 300, 400)), crs=CRS_METRES)
    )
    fault = the_fault(layers, tmp_path)
    assert (fault.code, fault.facts["id"], fault.facts["measured"]) == ("units_leave_land", "c1", 20000.0)


def test_units_of_unknown_communities_are_named(tmp_path: Path) -> None:
    layers = town()
    layers["units"]["community"] = ["c1", "c9"]
    found = faults(layers, tmp_path)
    assert [(f.code, f.facts["id"], f.facts["measured"]) for f in found] == [("community_unknown", "u2", "c9")]


def test_buildings_outside_are_listed_in_one_line(tmp_path: Path) -> None:
    layers = town()
    shapes = place(*(box(5000 + 30 * k, 50, 5010 + 30 * k, 60) for k in range(2)), box(500, 50, 520, 70))
    layers["buildings"] = layers["buildings"].set_geometry(gpd.GeoSeries(shapes, crs=CRS_METRES))
    fault = the_fault(layers, tmp_path)
    assert fault.code == "buildings_outside"
    assert (fault.facts["id"], fault.facts["measured"], fault.facts["households"]) == ("b1, b2", 2, 30)


def test_more_than_twenty_faults_of_a_kind_are_counted(tmp_path: Path) -> None:
    layers = town()
    shapes = place(*(box(500 + 3 * k, 50, 502 + 3 * k, 52) for k in range(50)))
    layers["buildings"] = gpd.GeoDataFrame(
        {"id": [f"b{k:02}" for k in range(50)], "households": [-1] * 50}, geometry=shapes, crs=CRS_METRES
    )
    found = faults(layers, tmp_path)
    assert len(found) == 21
    assert (found[-1].code, found[-1].facts["measured"], found[-1].facts["total"]) == ("more_faults", 30, 50)


def test_a_layer_in_another_system_is_brought_over_with_a_note(tmp_path: Path) -> None:
    layers = town()
    layers["buildings"] = layers["buildings"].to_crs(4326)
    territory, report = read(layers, tmp_path)
    assert [(r.code, r.layer, r.before) for r in report.remarks] == [("note_crs_changed", "buildings", "EPSG:4326")]
    assert territory["buildings"].geometry.iloc[0].area == pytest.approx(400, abs=0.01)


def test_swapped_degrees_are_named_as_swapped(tmp_path: Path) -> None:
    layers = {name: table.to_crs(4490) for name, table in town().items()}
    swapped = shapely.transform(layers["buildings"].geometry.to_numpy(), lambda xy: xy[:, ::-1])
    layers["buildings"] = layers["buildings"].set_geometry(gpd.GeoSeries(swapped, crs=4490))
    fault = the_fault(layers, tmp_path)
    assert (fault.code, fault.facts["layer"]) == ("coordinates_swapped", "buildings")


def test_swapped_degrees_that_are_possible_degrees_are_found_beside_the_communities(tmp_path: Path) -> None:
    """Near Vaduz latitude 47 could be a longitude: only the other layers tell."""
    layers = town()
    for name, table in layers.items():
        moved = shapely.transform(
            table.geometry.to_numpy(), lambda xy: (xy - [X0, Y0]) * [1.3e-5, 9e-6] + [9.52, 47.14]
        )
        layers[name] = gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=moved, crs=4326)
    swapped = shapely.transform(layers["buildings"].geometry.to_numpy(), lambda xy: xy[:, ::-1])
    layers["buildings"] = layers["buildings"].set_geometry(gpd.GeoSeries(swapped, crs=4326))
    fault = next(f for f in faults(layers, tmp_path) if f.code != "buildings_outside")
    assert (fault.code, fault.facts["layer"]) == ("layer_swapped", "buildings")


def test_eastings_with_a_zone_number_in_a_system_without_one_propose_the_right_one(tmp_path: Path) -> None:
    layers = town()
    for name, table in layers.items():
        moved = shapely.transform(table.geometry.to_numpy(), lambda xy: xy + np.array([38_000_000, 0]))
        layers[name] = gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=moved, crs=CRS_METRES)
    found = faults(layers, tmp_path)
    assert {f.code for f in found} == {"coordinates_outside_crs"}
    assert found[0].facts["proposal"] == "EPSG:4526"


def test_heights_are_dropped_with_a_note(tmp_path: Path) -> None:
    layers = town()
    high = shapely.force_3d(layers["buildings"].geometry.to_numpy(), 12.0)
    layers["buildings"] = layers["buildings"].set_geometry(gpd.GeoSeries(high, crs=CRS_METRES))
    territory, report = read(layers, tmp_path)
    assert not shapely.has_z(territory["buildings"].geometry.to_numpy()).any()
    assert [(r.code, r.before) for r in report.remarks] == [("note_z_dropped", 3)]


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
    began = time.perf_counter()
    report = QualityReport()
    territory = read_territory(shared_data / "tainan" / f"tainan-{year}.gpkg", report)
    assert (len(territory["communities"]), len(territory["units"])) == (villages, 9156)
    assert int(territory["units"]["households"].sum()) == 494_654
    assert {r.code for r in report.remarks} <= {"repair_cover"}
    assert shapely.coverage_is_valid(territory["units"].geometry.to_numpy())
    assert time.perf_counter() - began < 60  # about 3 s on an idle machine
