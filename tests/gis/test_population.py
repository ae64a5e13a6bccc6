"""People of zones and cells in buildings: totals exact, order of no account, nobody lost silently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine, from_origin

from gis.errors import InputError
from gis.population import spread_population
from gis.report import QualityReport

X, Y = 500_000.0, 5_200_000.0


def buildings(rows: list[tuple[float, float, float, int, str | None]], crs: int = 32632) -> gpd.GeoDataFrame:
    """Square buildings: x, y of the corner, side in metres, levels, use."""
    shapes = [shapely.box(X + x, Y + y, X + x + side, Y + y + side) for x, y, side, _, _ in rows]
    data = {
        "id": [f"b{k:03d}" for k in range(len(rows))],
        "levels": pd.array([row[3] for row in rows], dtype="Int64"),
        "use": [row[4] for row in rows],
    }
    return gpd.GeoDataFrame(data, geometry=shapes, crs=crs)


def zones(rows: list[tuple[float, float, float, float, float]], **more: Any) -> gpd.GeoDataFrame:
    """Rectangles: x, y, width, height, people."""
    shapes = [shapely.box(X + x, Y + y, X + x + w, Y + y + h) for x, y, w, h, _ in rows]
    data = {"id": [f"z{k}" for k in range(len(rows))], "population": [row[4] for row in rows], **more}
    return gpd.GeoDataFrame(data, geometry=shapes, crs=32632)


def raster(path: Path, values: Any, *, size: float = 100.0, crs: int = 32632, **more: Any) -> Path:
    values = np.asarray(values, dtype="float32")
    profile = {"driver": "GTiff", "width": values.shape[1], "height": values.shape[0], "count": 1, "dtype": "float32"}
    transform = from_origin(X, Y + size * values.shape[0], size, size)
    with rasterio.open(path, "w", **{**profile, "crs": f"EPSG:{crs}", "transform": transform, **more}) as file:
        file.write(values, 1)
    return path


def codes(report: QualityReport) -> list[str]:
    return [remark.code for remark in report.remarks]


def test_people_go_by_floor_area_and_use() -> None:
    town = buildings([(10, 10, 20, 1, "house"), (40, 10, 20, 3, "apartments"), (70, 10, 20, 9, "school")])
    result = spread_population(town, zones([(0, 0, 100, 100, 100)]))
    assert result.buildings["population"].tolist() == [25, 75, 0]


def test_a_building_across_a_border_is_split_by_area() -> None:
    town = buildings([(90, 10, 20, 2, "apartments"), (10, 10, 20, 1, "apartments")])
    result = spread_population(town, zones([(0, 0, 100, 100, 60), (100, 0, 100, 100, 40)]))
    assert result.buildings["population"].tolist() == [30 + 40, 30]
    assert result.pieces.groupby("zone")["population"].sum().to_dict() == {"z0": 60, "z1": 40}


def test_households_are_spread_too_and_have_a_basis() -> None:
    town = buildings([(10, 10, 20, 1, "apartments"), (40, 10, 20, 3, "apartments")])
    result = spread_population(town, zones([(0, 0, 100, 100, 100)], households=[40]), households_column="households")
    assert result.buildings["households"].tolist() == [10, 30]
    assert "40 households of 1 source zones" in result.basis


def test_households_from_people_are_marked_as_modelled() -> None:
    town = buildings([(10, 10, 20, 1, "apartments"), (40, 10, 20, 3, "apartments")])
    result = spread_population(town, zones([(0, 0, 100, 100, 100)]), persons_per_household=2.5)
    assert result.buildings["households"].tolist() == [10, 30]
    assert result.basis.startswith("modelled, not counted: 40 households from 100 people at 2.5")
    with pytest.raises(InputError, match="persons_per_household_bad"):
        spread_population(town, zones([(0, 0, 100, 100, 100)]), persons_per_household=0)


def test_people_without_a_building_are_reported_with_their_number() -> None:
    report = QualityReport()
    town = buildings([(10, 10, 20, 1, "house")])
    result = spread_population(town, zones([(0, 0, 100, 100, 10), (200, 0, 100, 100, 33)]), report=report)
    lost = next(r for r in report.remarks if r.code == "warn_zones_without_buildings")
    assert (lost.id, lost.facts["measured"]) == ("z1", 33)
    assert result.buildings["population"].sum() == 10
    assert result.zones["placed"].tolist() == ["inside", "none"]


def test_they_move_to_the_nearest_housing_only_when_asked() -> None:
    report = QualityReport()
    town = buildings([(10, 10, 20, 1, "house"), (180, 10, 15, 1, "school")])
    areas = zones([(0, 0, 100, 100, 10), (200, 0, 100, 100, 33), (5000, 0, 100, 100, 4)])
    result = spread_population(town, areas, nearest_m=500, report=report)
    assert result.buildings["population"].tolist() == [43, 0]
    assert result.zones["placed"].tolist() == ["inside", "nearest", "none"]
    assert {"repair_people_moved", "warn_zones_without_buildings"} <= set(codes(report))


def test_a_zone_of_schools_only_keeps_its_people_and_says_so() -> None:
    report = QualityReport()
    town = buildings([(10, 10, 20, 1, "school"), (40, 10, 20, 3, "school")])
    result = spread_population(town, zones([(0, 0, 100, 100, 40)]), report=report)
    assert result.buildings["population"].tolist() == [10, 30]
    assert "warn_zones_no_housing" in codes(report)


def test_points_are_counted_once_on_a_border() -> None:
    town = buildings([(10, 10, 20, 1, None), (60, 10, 20, 1, None)])
    town.loc[0, "geometry"] = shapely.Point(X + 100, Y + 50)
    result = spread_population(town, zones([(0, 0, 100, 100, 60), (100, 0, 100, 100, 40)]), nearest_m=1000)
    assert result.pieces["building"].tolist().count("b000") == 2  # its own zone, and as the nearest of the empty one
    assert result.buildings["population"].sum() == 100


def test_weights_can_be_the_households_already_known() -> None:
    town = buildings([(10, 10, 20, 1, "house"), (40, 10, 20, 3, "house")]).assign(households=[3, 1])
    result = spread_population(town, zones([(0, 0, 100, 100, 40)]), weigh_by="households")
    assert result.buildings["population"].tolist() == [30, 10]
    assert result.buildings["households"].tolist() == [3, 1]


def test_fractions_in_a_census_are_made_whole_and_reported() -> None:
    report = QualityReport()
    town = buildings([(10, 10, 20, 1, "house"), (110, 10, 20, 1, "house")])
    result = spread_population(town, zones([(0, 0, 100, 100, 10.6), (100, 0, 100, 100, 10.3)]), report=report)
    assert result.buildings["population"].tolist() == [11, 10]
    assert "repair_zone_fractions" in codes(report)


def test_zones_in_degrees_are_brought_to_the_buildings() -> None:
    town = buildings([(10, 10, 20, 1, "house"), (110, 10, 20, 1, "house")])
    areas = zones([(0, 0, 100, 100, 7), (100, 0, 100, 100, 9)]).to_crs(4326)
    assert spread_population(town, areas).buildings["population"].tolist() == [7, 9]


def test_zones_that_overlap_are_named() -> None:
    report = QualityReport()
    town = buildings([(10, 10, 20, 1, "house")])
    spread_population(town, zones([(0, 0, 100, 100, 7), (50, 0, 100, 100, 9)]), report=report)
    told = next(r for r in report.remarks if r.code == "warn_zones_overlap")
    assert (told.id, told.facts["other"], told.before) == ("z0", "z1", 5000.0)


def test_zones_that_reach_out_of_the_study_area_are_named_and_those_outside_left_out() -> None:
    report = QualityReport()
    town = buildings([(10, 10, 20, 1, "house"), (75, 10, 20, 1, "house")])
    areas = zones([(0, 0, 100, 100, 7), (90, 0, 100, 100, 9000), (900, 0, 100, 100, 50)])
    result = spread_population(town, areas, extent=shapely.box(X, Y, X + 92, Y + 100), report=report)
    assert result.zones["zone"].tolist() == ["z0"]
    # The neighbour's 9000 do not land in the house that hangs over its border.
    assert result.buildings["population"].sum() == 7
    left_out = next(r for r in report.remarks if r.code == "note_zones_outside")
    assert (left_out.id, left_out.facts["measured"]) == ("z1, z2", 9050)
    assert [r.id for r in report.remarks if r.code == "warn_zone_reaches_out"] == ["z0"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda z: z.iloc[:0], "zones_empty"),
        (lambda z: z.set_crs(None, allow_override=True), "zones_without_crs"),
        (lambda z: z.drop(columns="population"), "zones_column_missing"),
        (lambda z: z.assign(population=[-1, 2]), "zones_count_bad"),
        (lambda z: z.assign(population=[float("nan"), 2]), "zones_count_bad"),
        (lambda z: z.assign(population=["many", 2]), "zones_count_bad"),
        (lambda z: z.assign(population=[1e12, 2]), "zones_count_bad"),
        (lambda z: z.assign(id="same"), "zones_id_twice"),
        (lambda z: z.set_geometry(z.geometry.centroid), "zones_not_polygons"),
        (lambda z: z.translate(1e5).to_frame("geometry").assign(population=[1, 2]).set_crs(32632), "zones_elsewhere"),
    ],
)
def test_unusable_zones_are_refused(change: Any, code: str) -> None:
    areas = change(zones([(0, 0, 100, 100, 7), (100, 0, 100, 100, 9)]))
    with pytest.raises(InputError) as error:
        spread_population(buildings([(10, 10, 20, 1, "house")]), areas)
    assert error.value.code == code


def test_all_faults_of_a_census_come_at_once() -> None:
    areas = zones([(0, 0, 100, 100, -7), (100, 0, 100, 100, -9)])
    with pytest.raises(InputError) as error:
        spread_population(buildings([(10, 10, 20, 1, "house")]), areas, households_column="homes")
    assert [fault.code for fault in error.value.faults] == [
        "zones_column_missing",
        "zones_count_bad",
        "zones_count_bad",
    ]


town_strategy = st.lists(
    st.tuples(
        st.floats(0, 280), st.floats(0, 280), st.floats(5, 60), st.integers(1, 12),
        st.sampled_from(["house", "apartments", "school", None]),
    ),
    min_size=1,
    max_size=25,
)  # fmt: skip
people_strategy = st.lists(st.integers(0, 5000), min_size=9, max_size=9)


@settings(max_examples=60, deadline=None)
@given(town_strategy, people_strategy, st.randoms(use_true_random=False))
def test_every_zone_keeps_its_total_whatever_the_order(rows: Any, people: list[int], random: Any) -> None:
    town = buildings(rows)
    areas = zones([(100 * (k % 3), 100 * (k // 3), 100, 100, people[k]) for k in range(9)])
    result = spread_population(town, areas)
    placed = result.zones.set_index("zone")
    sums = result.pieces.groupby("zone")["population"].sum()
    for zone, row in placed.iterrows():
        assert sums.get(zone, 0) == (row["population"] if row["placed"] == "inside" else 0)
    assert result.buildings["population"].sum() == placed.loc[placed["placed"] == "inside", "population"].sum()
    order, order_z = list(range(len(town))), list(range(9))
    random.shuffle(order)
    random.shuffle(order_z)
    again = spread_population(town.iloc[order], areas.iloc[order_z])
    assert again.buildings["population"].tolist() == result.buildings["population"].iloc[order].tolist()
    everyone = spread_population(town, areas, nearest_m=10_000)
    assert everyone.buildings["population"].sum() == sum(people)


@settings(max_examples=25, deadline=None)
@given(town_strategy, st.lists(st.floats(0, 400, width=32), min_size=9, max_size=9))
def test_a_raster_keeps_its_total_too(tmp_path_factory: Any, rows: Any, people: list[float]) -> None:
    path = raster(tmp_path_factory.mktemp("r") / "p.tif", np.array(people).reshape(3, 3))
    extent = shapely.box(X, Y, X + 300, Y + 300)
    result = spread_population(buildings(rows), path, extent=extent, nearest_m=10_000)
    total = float(np.float32(people).astype(float).sum())
    assert abs(result.zones["population"].sum() - total) <= 0.5 + 1e-6
    assert result.buildings["population"].sum() == result.zones["population"].sum()


def test_raster_cells_go_to_the_buildings_in_them(tmp_path: Path) -> None:
    path = raster(tmp_path / "p.tif", [[0, 8], [30, 60]])
    town = buildings([(10, 10, 20, 1, "house"), (110, 10, 20, 2, "apartments"), (130, 30, 20, 1, "house")])
    report = QualityReport()
    result = spread_population(town, path, extent=shapely.box(X, Y, X + 200, Y + 200), report=report)
    assert result.buildings["population"].tolist() == [30, 40, 20]
    lost = next(r for r in report.remarks if r.code == "warn_zones_without_buildings")
    assert (lost.id, lost.facts["measured"]) == ("0_1", 8)


def test_a_building_over_two_cells_is_split(tmp_path: Path) -> None:
    path = raster(tmp_path / "p.tif", [[40, 40]])
    town = buildings([(85, 10, 20, 1, "house"), (10, 10, 20, 1, "house")])
    result = spread_population(town, path)
    pieces = result.pieces.set_index(["building", "zone"])["population"]
    assert pieces["b000", "0_0"] == round(40 * 0.75 / 1.75)
    assert pieces["b000", "0_1"] == 40


def test_nodata_negative_and_not_a_number_are_nobody(tmp_path: Path) -> None:
    path = raster(tmp_path / "p.tif", [[-200, 5], [np.nan, 9999]], nodata=9999)
    town = buildings([(10, 10, 20, 1, "house"), (110, 110, 20, 1, "house"), (110, 10, 20, 1, "house")])
    assert spread_population(town, path).buildings["population"].tolist() == [0, 5, 0]


def test_fractions_of_people_keep_blocks_of_cells_within_one(tmp_path: Path) -> None:
    values = np.random.default_rng(4).uniform(0, 0.9, (16, 16)).astype("float32")
    path = raster(tmp_path / "p.tif", values)
    town = buildings([(x * 100 + 40, y * 100 + 40, 10, 1, "house") for x in range(16) for y in range(16)])
    zone = spread_population(town, path).zones.set_index("zone")["population"]
    whole = np.array([[zone.get(f"{r}_{c}", 0) for c in range(16)] for r in range(16)])
    assert whole.sum() == round(float(values.astype(float).sum()))
    for size in (2, 4, 8):
        blocks = (values - whole).reshape(16 // size, size, 16 // size, size).sum(axis=(1, 3))
        assert np.abs(blocks).max() <= 1.0 + 1e-5


def test_a_raster_in_degrees_is_read_in_its_own_cells(tmp_path: Path) -> None:
    town = buildings([(10, 10, 20, 1, "house"), (400, 400, 20, 1, "house")])
    west, _, _, north = town.to_crs(4326).total_bounds
    path = tmp_path / "p.tif"
    transform = from_origin(west - 0.01, north + 0.01, 0.02, 0.02)
    profile = {"driver": "GTiff", "width": 400, "height": 400, "count": 2, "dtype": "float64", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=transform, tiled=True, **profile) as file:
        file.write(np.full((400, 400), 12.0), 2)
        file.write(np.zeros((400, 400)), 1)
    result = spread_population(town, path, band=2)
    assert result.buildings["population"].sum() == 12
    assert len(result.zones) < 10


def test_unusable_rasters_are_refused(tmp_path: Path) -> None:
    town = buildings([(10, 10, 20, 1, "house")])
    far = buildings([(900_000, 10, 20, 1, "house")])
    good = raster(tmp_path / "good.tif", [[1.0]])
    turned = raster(tmp_path / "turned.tif", [[1.0]], transform=Affine(70, 70, X, 70, -70, Y))
    text = tmp_path / "text.tif"
    text.write_text("not a raster")
    virtual = tmp_path / "virtual.tif"
    virtual.write_text(f'<VRTDataset rasterXSize="1" rasterYSize="1"><SRS>EPSG:32632</SRS>{good}</VRTDataset>')
    huge = raster(tmp_path / "huge.tif", [[3e30]])
    with rasterio.open(tmp_path / "nocrs.tif", "w", driver="GTiff", width=1, height=1, count=1, dtype="float32",
                       transform=from_origin(X, Y, 1, 1)) as file:  # fmt: skip
        file.write(np.ones((1, 1), dtype="float32"), 1)
    for where, path, options, code in (
        (town, tmp_path / "absent.tif", {}, "raster_missing"),
        (town, Path("/vsicurl/http://127.0.0.1:9/a.tif"), {}, "raster_missing"),
        (town, text, {}, "raster_unreadable"),
        (town, virtual, {}, "raster_unreadable"),
        (town, turned, {}, "raster_rotated"),
        (town, good, {"band": 2}, "raster_band_absent"),
        (far, good, {}, "raster_elsewhere"),
        (town, huge, {}, "raster_value_bad"),
        (town, tmp_path / "nocrs.tif", {}, "raster_without_crs"),
    ):
        with pytest.raises(InputError) as error:
            spread_population(where, path, **options)
        assert error.value.code == code
