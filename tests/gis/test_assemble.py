"""Several sources to one checked territory: nothing is guessed unsaid, nothing is lost unlisted."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import Point, box

from gis.assemble import AssembleOptions, assemble
from gis.assemble.outlines import outline_communities
from gis.errors import InputError
from gis.readers.sources import read_source
from gis.report import QualityReport
from gis.shift import wgs84_to_gcj02
from gis.territory import Territory

X0, Y0, METRES = 500_000.0, 3_100_000.0, 4547


def table(shapes: list[object], crs: int = METRES, **columns: object) -> gpd.GeoDataFrame:
    moved = [shapely.transform(s, lambda xy: xy + np.array([X0, Y0])) for s in shapes]
    return gpd.GeoDataFrame(columns, geometry=moved, crs=crs)


def communities() -> gpd.GeoDataFrame:
    return table(
        [box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)],
        code=["c1", "c2"],
        name=["甲社区", "乙社区"],
        kind=["urban", "urban"],
    )


def houses(n: int = 100, **columns: object) -> gpd.GeoDataFrame:
    """Footprints in rows of 20 over both communities."""
    shapes = [
        box(20 + 100 * (k % 20), 20 + 150 * (k // 20), 50 + 100 * (k % 20), 50 + 150 * (k // 20)) for k in range(n)
    ]
    return table(shapes, id=[f"b{k:03}" for k in range(n)], **columns)


def roster(**columns: object) -> gpd.GeoDataFrame:
    n = len(next(iter(columns.values())))
    return gpd.GeoDataFrame({**columns, "source_row": [f"r.xlsx:{k + 2}" for k in range(n)]}, geometry=[None] * n)


def put_together(*parts: dict[str, gpd.GeoDataFrame], **options: object) -> tuple[Territory, QualityReport]:
    report = QualityReport()
    return assemble(parts, AssembleOptions(**options), report), report


def refused(*parts: dict[str, gpd.GeoDataFrame], **options: object) -> InputError:
    with pytest.raises(InputError) as caught:
        assemble(parts, AssembleOptions(**options))
    return caught.value


def remark(report: QualityReport, code: str):
    return next(r for r in report.remarks if r.code == code)


def test_layers_of_several_sources_become_one_territory() -> None:
    territory, _ = put_together(
        {"communities": communities()},
        {"buildings": houses(households=[3] * 100).to_crs(4326)},
        source="two offices",
        created_at="2024-05-01",
        households_basis="registered",
    )
    assert len(territory["buildings"]) == 100
    assert territory.file_crs.to_epsg() == METRES
    assert sorted(set(territory["buildings"]["community"])) == ["c1", "c2"]
    assert dict(territory.meta) == {
        "source": "two offices",
        "created_at": "2024-05-01",
        "households_basis": "registered",
        "households_modelled": "false",
    }


def test_communities_named_by_their_name_get_their_code() -> None:
    buildings = houses(households=[1] * 100, community=["甲社区" if k % 20 < 10 else "乙社区" for k in range(100)])
    territory, report = put_together({"communities": communities(), "buildings": buildings})
    assert territory["buildings"]["community"].value_counts().to_dict() == {"c1": 50, "c2": 50}
    assert remark(report, "note_communities_by_name").before == 100


def test_households_that_no_source_states_are_modelled_and_marked() -> None:
    territory, report = put_together({"communities": communities(), "buildings": houses(levels=[6] * 100)})
    assert territory.meta["households_modelled"] == "true"
    assert "modelled" in territory.meta["households_basis"]
    assert int(territory["buildings"]["households"].sum()) == round(100 * 900 * 6 / 100)
    assert remark(report, "note_households_modelled").before == 100


def test_blanks_among_stated_households_are_a_fault_until_a_model_is_asked_for() -> None:
    buildings = houses(levels=[6] * 100, households=[None, 0] + [5] * 98)
    fault = refused({"communities": communities(), "buildings": buildings})
    assert (fault.code, fault.facts["measured"], fault.facts["id"]) == ("households_missing", 1, "b000")
    territory, _ = put_together(
        {"communities": communities(), "buildings": buildings}, floor_area_per_household_m2=90.0
    )
    assert territory["buildings"]["households"].tolist()[:3] == [60, 0, 5]


def test_a_roster_is_joined_by_id_and_everything_left_over_is_listed() -> None:
    rows = roster(id=["b000", "b000", "b001", "zzz"], households=[10.0, 5.0, 7.0, 99.0])
    buildings = houses(3)
    territory, report = put_together(
        {"communities": communities(), "buildings": buildings}, {"rosters": rows}, floor_area_per_household_m2=100.0
    )
    assert territory["buildings"]["households"].tolist()[:2] == [15, 7]
    assert (remark(report, "note_roster_joined").after, remark(report, "note_roster_joined").facts["households"]) == (
        3,
        22,
    )
    unmatched = remark(report, "warn_roster_unmatched")
    assert (unmatched.id, unmatched.before, unmatched.facts["households"]) == ("r.xlsx:5", 1, 99)
    assert remark(report, "note_roster_twice").id == "b000"
    assert remark(report, "warn_buildings_not_in_roster").id == "b002"


def test_a_roster_is_joined_by_address_through_the_address_layer() -> None:
    addresses = table(
        [Point(30, 30), Point(130, 30)], id=["a1", "a2"], text=["东风苑1幢", "东风苑2幢"], building_id=["b000", "b001"]
    )
    rows = roster(estate=["东风苑", "东风苑"], building=["1号楼", "２栋"], households=[11.0, 22.0])
    territory, _ = put_together(
        {"communities": communities(), "buildings": houses(2), "addresses": addresses}, {"rosters": rows}
    )
    assert territory["buildings"]["households"].tolist() == [11, 22]


def test_an_address_of_two_buildings_is_left_out_and_listed() -> None:
    buildings = houses(2, text=["东风苑1幢", "东风苑1幢"])
    rows = roster(text=["东风苑1幢"], households=[11.0])
    _, report = put_together({"communities": communities(), "buildings": buildings}, {"rosters": rows})
    assert remark(report, "warn_roster_ambiguous").facts["households"] == 11


def test_population_of_zones_is_spread_and_kept() -> None:
    zones = table([box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)], id=["z1", "z2"], population=[1000.0, 77.0])
    territory, _ = put_together(
        {"communities": communities(), "buildings": houses(households=[3] * 100)}, {"zones": zones}
    )
    by_community = territory["buildings"].groupby("community")["population"].sum()
    assert by_community.to_dict() == {"c1": 1000, "c2": 77}


def test_buildings_outside_are_a_fault_or_dropped_or_moved_as_asked() -> None:
    shapes = [box(20, 20, 50, 50), box(2200, 500, 2230, 530)]
    parts = {"communities": communities(), "buildings": table(shapes, id=["in", "out"], households=[5, 7])}
    fault = refused(parts)
    assert (fault.code, fault.facts["id"], fault.facts["households"]) == ("buildings_outside", "out", 7)
    territory, report = put_together(parts, outside="drop")
    assert territory["buildings"]["id"].tolist() == ["in"]
    assert remark(report, "repair_outside_dropped").facts["households"] == 7
    territory, report = put_together(parts, outside="nearest")
    assert territory["buildings"]["community"].tolist() == ["c1", "c2"]
    assert int(territory["buildings"]["households"].sum()) == 12
    moved = territory["buildings"].geometry.iloc[1]
    assert territory["communities"].geometry.iloc[1].contains(moved)
    assert remark(report, "repair_outside_nearest").facts["distance_m"] == 200.0


def test_land_without_units_becomes_units_without_households() -> None:
    units = table(
        [box(0, 0, 1000, 400), box(0, 600, 1000, 1000)], id=["u1", "u2"], community=["c1", "c1"], households=[300, 400]
    )
    territory, report = put_together({"communities": communities(), "units": units})
    added = territory["units"][~territory["units"]["id"].isin(["u1", "u2"])]
    assert added[["id", "community", "households"]].to_numpy().tolist() == [["c1-land-1", "c1", 0]]
    assert remark(report, "repair_land_filled").before == pytest.approx(200_000)
    assert shapely.coverage_is_valid(territory["units"].geometry.to_numpy())


@pytest.mark.parametrize("repeat", [1, 2])
def test_ids_that_two_sources_share_are_a_fault(repeat: int) -> None:
    parts = [{"buildings": houses(3, households=[1, 2, 3])}] * repeat
    if repeat == 1:
        assert len(put_together({"communities": communities()}, *parts)[0]["buildings"]) == 3
    else:
        assert {f.code for f in refused({"communities": communities()}, *parts).faults} == {"id_duplicate"}


def test_neither_communities_nor_their_names_is_a_fault() -> None:
    assert refused({"buildings": houses(households=[1] * 100)}).code == "communities_missing"
    assert refused({"communities": communities()}).code == "layer_missing"


def test_buildings_that_look_like_gcj02_are_named_and_not_moved() -> None:
    labels = ["c1" if k % 20 < 10 else "c2" for k in range(100)]
    buildings = houses(households=[1] * 100, community=labels)
    degrees = buildings.geometry.centroid.to_crs(4326)
    lon, lat = wgs84_to_gcj02(degrees.x, degrees.y)
    shifted = gpd.GeoDataFrame(buildings.drop(columns="geometry"), geometry=gpd.points_from_xy(lon, lat), crs=4326)
    fault = refused({"communities": communities(), "buildings": shifted}, outside="nearest")
    assert (fault.code, fault.facts["layer"], fault.facts["system"]) == ("layer_looks_shifted", "buildings", "GCJ-02")
    assert 300 < fault.facts["distance_m"] < 800
    # Whoever knows better may go on; nothing is shifted then either.
    territory, _ = put_together({"communities": communities(), "buildings": shifted}, outside="drop", accept_shift=True)
    assert len(territory["buildings"]) < 100


def test_addresses_shifted_off_their_footprints_are_named() -> None:
    buildings = houses(households=[1] * 100)
    degrees = buildings.geometry.centroid.to_crs(4326)
    lon, lat = wgs84_to_gcj02(degrees.x, degrees.y)
    text = [f"和平路{k}号" for k in range(100)]
    addresses = gpd.GeoDataFrame({"id": text, "text": text}, geometry=gpd.points_from_xy(lon, lat), crs=4326)
    fault = refused({"communities": communities(), "buildings": buildings, "addresses": addresses})
    assert (fault.code, fault.facts["layer"]) == ("layer_looks_shifted", "addresses")


def test_true_addresses_raise_no_suspicion() -> None:
    buildings = houses(households=[1] * 100)
    text = [f"和平路{k}号" for k in range(100)]
    addresses = gpd.GeoDataFrame({"id": text, "text": text}, geometry=buildings.geometry.centroid, crs=METRES)
    territory, report = put_together({"communities": communities(), "buildings": buildings, "addresses": addresses})
    assert len(territory["addresses"]) == 100
    assert not [r for r in report.remarks if r.code.startswith("warn_")]


def grid_of_points(n: int = 20, step: float = 50.0) -> np.ndarray:
    x, y = np.meshgrid(np.arange(n) * step, np.arange(n) * step)
    return shapely.points(X0 + x.ravel(), Y0 + y.ravel())


def test_communities_are_drawn_around_the_points_that_name_them() -> None:
    points = grid_of_points()
    x = shapely.get_x(points) - X0
    names = np.where(x < 500, "west", "east").astype(object)
    report = QualityReport()
    drawn, labels = outline_communities(points, names, np.arange(len(points)).astype(object), METRES, report)
    assert drawn["code"].tolist() == ["east", "west"]
    assert labels.tolist() == names.tolist()
    shapes = drawn.geometry.to_numpy()
    assert shapely.get_num_geometries(shapes).tolist() == [1, 1]
    assert shapely.area(shapely.intersection(shapes[0], shapes[1])) < 1
    assert shapely.intersects(shapely.union_all(shapes), points).all()


def test_strays_join_the_community_around_them_and_are_reported() -> None:
    points = grid_of_points()
    x = shapely.get_x(points) - X0
    names = np.where(x < 500, "west", "east").astype(object)
    names[205] = "east"  # in the middle of the west
    names[7] = None
    ids = np.array([f"b{k}" for k in range(len(points))], dtype=object)
    report = QualityReport()
    drawn, labels = outline_communities(points, names, ids, METRES, report)
    assert labels[205] == labels[7] == "west"
    assert shapely.get_num_geometries(drawn.geometry.to_numpy()).tolist() == [1, 1]
    found = remark(report, "repair_community_strays")
    assert (found.id, found.before) == ("b205 (east -> west)", 1)


def test_the_order_of_rows_changes_nothing() -> None:
    points = grid_of_points(12)
    names = np.where(shapely.get_x(points) - X0 < 300, "w", "e")
    buildings = gpd.GeoDataFrame(
        {"id": [f"b{k:03}" for k in range(len(points))], "households": range(len(points)), "community": names},
        geometry=points,
        crs=METRES,
    )
    one, _ = put_together({"buildings": buildings})
    other, _ = put_together({"buildings": buildings.sample(frac=1, random_state=3)})
    assert one.content_hash() == other.content_hash()


def test_singapore_gets_town_outlines_and_keeps_every_dwelling(shared_data: Path) -> None:
    report = QualityReport()
    layers = read_source(shared_data / "singapore-hdb" / "blocks.csv", None, report)
    territory = assemble([layers], AssembleOptions(source="blocks.csv"), report)
    towns, buildings = territory["communities"], territory["buildings"]
    assert (len(towns), len(buildings), int(buildings["households"].sum())) == (18, 7209, 794_073)
    shapes = towns.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.get_num_geometries(shapes).max() <= 3
    tree = shapely.STRtree(shapes)
    assert len(np.unique(tree.query(buildings.geometry.to_numpy(), predicate="intersects")[0])) == 7209
    assert territory.file_crs.to_epsg() == 4326
    assert pd.notna(territory["addresses"]["building_id"]).all()


def test_tainan_comes_out_as_it_went_in(shared_data: Path) -> None:
    territory, _ = put_together(read_source(shared_data / "tainan" / "tainan-2021.gpkg"))
    assert (len(territory["communities"]), len(territory["units"])) == (459, 9156)
    assert int(territory["units"]["households"].sum()) == 494_654


def test_buildings_drawn_twice_are_told() -> None:
    twice = table(
        [box(20, 20, 50, 50), box(21, 20, 51, 50), box(300, 20, 330, 50)], id=list("abc"), households=[5, 7, 9]
    )
    territory, report = put_together({"communities": communities(), "buildings": twice})
    found = remark(report, "warn_buildings_double")
    assert (found.id, found.before, found.facts["households"]) == ("a = b", 1, 5)
    assert int(territory["buildings"]["households"].sum()) == 21
