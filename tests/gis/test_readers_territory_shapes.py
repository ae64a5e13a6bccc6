"""Territory files are read strictly: shapes, places and how layers fit each other."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon, box

from tests.gis.small_town import CRS_METRES, X0, Y0, faults, place, read, the_fault, town


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
