"""Data as offices keep it: encodings, headers in two languages, shifted coordinates, codes and counts."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, Point, box

from gis.errors import InputError
from gis.readers.columns import match_columns
from gis.readers.sources import SourceOptions, read_source
from gis.report import QualityReport
from gis.shift import wgs84_to_bd09, wgs84_to_gcj02

NAMES = ["和平路社区", "建设里社区", "东风苑", "新华小区", "永安里"]


def read(path: Path, **options: object) -> tuple[dict[str, gpd.GeoDataFrame], QualityReport]:
    report = QualityReport()
    return read_source(path, SourceOptions(**options), report), report


def refused(path: Path, **options: object) -> InputError:
    with pytest.raises(InputError) as caught:
        read_source(path, SourceOptions(**options))
    return caught.value


def remarks(report: QualityReport, code: str) -> list:
    return [r for r in report.remarks if r.code == code]


@pytest.fixture
def blocks() -> gpd.GeoDataFrame:
    shapes = [box(113 + k / 1000, 23, 113.0002 + k / 1000, 23.0002) for k in range(5)]
    return gpd.GeoDataFrame({"楼栋编号": list("abcde"), "小区名称": NAMES, "户数": range(5)}, geometry=shapes, crs=4490)


@pytest.mark.parametrize(("encoding", "used"), [("GBK", "GB18030"), ("UTF-8", "UTF-8")])
def test_a_shapefile_without_cpg_is_read_in_the_encoding_that_fits(
    tmp_path: Path, blocks: gpd.GeoDataFrame, encoding: str, used: str
) -> None:
    blocks.to_file(tmp_path / "楼栋.shp", encoding=encoding)
    (tmp_path / "楼栋.cpg").unlink()
    layers, report = read(tmp_path / "楼栋.shp")
    assert layers["buildings"]["estate"].tolist() == NAMES
    remark = remarks(report, "encoding_used")[0]
    assert (remark.after, remark.facts["how"]) == (used, "tried")
    assert str(remark.facts["samples"]).split(" | ") == NAMES


def test_the_cpg_of_a_shapefile_is_believed_where_it_fits(tmp_path: Path, blocks: gpd.GeoDataFrame) -> None:
    blocks.to_file(tmp_path / "a.shp", encoding="GBK")
    _, report = read(tmp_path / "a.shp", roles={"a": "buildings"})
    assert remarks(report, "encoding_used")[0].facts["how"] == "cpg"
    (tmp_path / "a.cpg").write_text("UTF-8")
    assert refused(tmp_path / "a.shp").code == "encoding_wrong"


def test_a_cpg_that_says_gbk_over_plain_utf8_gives_way(tmp_path: Path, blocks: gpd.GeoDataFrame) -> None:
    blocks.to_file(tmp_path / "a.shp", encoding="UTF-8")
    (tmp_path / "a.cpg").write_text("GBK")
    layers, report = read(tmp_path / "a.shp", roles={"a": "buildings"})
    assert layers["buildings"]["estate"].tolist() == NAMES
    assert remarks(report, "encoding_used")[0].after == "UTF-8"


def test_a_wrong_declared_encoding_is_a_fault(tmp_path: Path, blocks: gpd.GeoDataFrame) -> None:
    blocks.to_file(tmp_path / "a.shp", encoding="UTF-8")
    fault = refused(tmp_path / "a.shp", encoding="GBK")
    assert (fault.code, fault.facts["fits"]) == ("encoding_wrong", "UTF-8")
    assert refused(tmp_path / "a.shp", encoding="klingon").code == "encoding_unknown_name"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_encodings_and_delimiters_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [["楼栋编号", "小区", "户数", "经度", "纬度"], ["007", "和平苑", "１２", "113.01", "23.01"]]
    path = tmp_path / "楼栋.csv"
    path.write_bytes("\r\n".join(delimiter.join(r) for r in rows).encode(encoding))
    layers, report = read(path)
    row = layers["buildings"].iloc[0]
    assert (row["id"], row["estate"], row["households"]) == ("007", "和平苑", 12)
    assert (row.geometry.x, row.geometry.y) == (113.01, 23.01)
    assert layers["buildings"].crs.to_epsg() == 4326
    assert remarks(report, "note_crs_assumed")


def test_bytes_that_are_no_text_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("户数,经度,纬度\n1,113,23\n".encode() + b"\xff\xfe\xff\xff,1,2\n")
    assert refused(path).code == "encoding_not_found"


@pytest.mark.parametrize(("system", "move"), [("gcj02", wgs84_to_gcj02), ("BD-09", wgs84_to_bd09)])
def test_declared_shifted_points_come_back(tmp_path: Path, system: str, move) -> None:
    true = np.array([[113.01, 23.01], [113.02, 23.02]])
    lon, lat = move(true[:, 0], true[:, 1])
    path = tmp_path / "a.csv"
    pd.DataFrame({"id": ["1", "2"], "户数": [1, 2], "lon": lon, "lat": lat}).to_csv(path, index=False)
    layers, report = read(path, crs=system)
    assert np.allclose(shapely.get_coordinates(layers["buildings"].geometry.to_numpy()), true, atol=1e-8)
    assert remarks(report, "note_crs_declared")


def test_projected_points_need_a_system_and_get_a_proposal(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,households,x,y\n1,5,38500000,2500000\n2,5,38500100,2500000\n")
    fault = refused(path)
    assert (fault.code, fault.facts["proposal"]) == ("crs_missing", "EPSG:4526")
    layers, _ = read(path, crs="EPSG:4526")
    assert layers["buildings"].crs.to_epsg() == 4526


def test_swapped_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,households,lon,lat\n1,5,23.01,113.01\n")
    assert refused(path).code == "coordinates_swapped"
    assert refused(path, crs="EPSG:4490").code == "coordinates_swapped"


def test_a_system_that_a_file_states_wins_over_a_declared_one_it_contradicts(tmp_path: Path) -> None:
    path = tmp_path / "buildings.gpkg"
    table = gpd.GeoDataFrame({"id": ["1"], "households": [1]}, geometry=[Point(113, 23)], crs=4326)
    table.to_file(path)
    layers, report = read(path, crs="EPSG:4547")
    assert layers["buildings"].crs.to_epsg() == 4326
    assert remarks(report, "note_crs_kept")


def test_a_geojson_with_metres_in_it_takes_the_declared_system(tmp_path: Path) -> None:
    path = tmp_path / "buildings.geojson"
    square = box(400_000, 3_120_000, 400_020, 3_120_020)
    feature = {
        "type": "Feature",
        "properties": {"id": "1", "households": 3},
        "geometry": shapely.geometry.mapping(square),
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert refused(path).code == "coordinates_outside_crs"
    layers, _ = read(path, crs="EPSG:4547")
    assert layers["buildings"].crs.to_epsg() == 4547


def test_layers_are_recognised_by_name_geometry_and_columns(tmp_path: Path) -> None:
    path = tmp_path / "mixed.gpkg"

    def add(name: str, geometry: object, **columns: object) -> None:
        gpd.GeoDataFrame(columns, geometry=[geometry], crs=4490).to_file(
            path, layer=name, mode="a" if path.exists() else "w"
        )

    area = box(113, 23, 113.02, 23.02)
    add("社区边界", area, 代码=["440301001001"], 名称=["和平社区"], 城乡分类=["111"])
    add("level_a", box(113, 23, 113.0002, 23.0002), 编号=["b1"], 层数=[6])
    add("路网", LineString([(113, 23), (113.01, 23)]), 路名=["和平路"])
    add("门牌", Point(113.0001, 23.0001), 地址=["和平路1号"])
    add("小区红线", area, 名称=["东风苑"], 类型=["住宅小区"])
    add("census", area, population=[1000])
    add("whatever", area, colour=["red"])
    layers, report = read(path)
    assert sorted(layers) == ["addresses", "buildings", "communities", "estates", "streets", "zones"]
    assert layers["communities"].iloc[0][["code", "name", "kind"]].tolist() == ["440301001001", "和平社区", "urban"]
    assert layers["estates"]["kind"].tolist() == ["estate"]
    assert [r.layer for r in remarks(report, "note_layer_ignored")] == ["whatever"]


def test_a_lone_layer_of_unknown_meaning_is_a_fault_until_said(tmp_path: Path) -> None:
    path = tmp_path / "x.geojson"
    gpd.GeoDataFrame({"colour": ["red"]}, geometry=[box(113, 23, 113.02, 23.02)], crs=4326).to_file(path)
    fault = refused(path)
    assert fault.code == "layer_role_unknown"
    assert "colour" in str(fault.facts["measured"])
    layers, _ = read(path, roles={"x.geojson": "communities"}, columns={"colour": "code"})
    assert layers["communities"]["code"].tolist() == ["red"]
    assert refused(path, roles={"x": "towns"}).code == "role_unknown"


def test_the_households_column_a_user_names_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "buildings.csv"
    path.write_text("id,households,registered,lon,lat\n1,5,7,113,23\n")
    layers, _ = read(path, households_column="registered")
    assert layers["buildings"]["households"].tolist() == [7]
    fault = refused(path, households_column="absent")
    assert (fault.code, fault.facts["column"]) == ("column_missing", "absent")


@pytest.mark.parametrize(
    ("value", "code"),
    [("-1", "count_negative"), ("1.5", "count_fractional"), ("x", "count_not_a_number"), ("9999", "count_too_large")],
)
def test_bad_counts_name_the_row_of_the_file(tmp_path: Path, value: str, code: str) -> None:
    path = tmp_path / "buildings.csv"
    path.write_text(f"id,households,lon,lat\n1,5,113,23\n2,{value},113,23\n")
    fault = refused(path)
    assert (fault.code, fault.facts["id"], fault.facts["row"], fault.facts["measured"]) == (code, "2", 3, value)


def test_blank_households_stay_blank(tmp_path: Path) -> None:
    path = tmp_path / "buildings.csv"
    path.write_text("id,households,lon,lat\n1,,113,23\n2,0,113,23\n")
    layers, _ = read(path)
    assert np.isnan(layers["buildings"]["households"].iloc[0])
    assert layers["buildings"]["households"].iloc[1] == 0


def test_coordinates_that_are_no_numbers_name_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "buildings.csv"
    path.write_text("id,households,lon,lat\n1,5,113,23\n2,5,unknown,23\n3,5,113,\n")
    faults = refused(path).faults
    assert [(f.code, f.facts["row"]) for f in faults] == [
        ("coordinates_not_numbers", 3),
        ("coordinates_not_numbers", 4),
    ]


def test_person_columns_never_come_in(tmp_path: Path) -> None:
    path = tmp_path / "buildings.csv"
    path.write_text("id,户主,电话,户数,lon,lat\n1,甲某,13800000000,5,113,23\n")
    layers, report = read(path)
    assert not {"户主", "电话"} & set(layers["buildings"].columns)
    assert {r.facts["column"] for r in remarks(report, "person_column_dropped")} == {"户主", "电话"}


def test_rows_without_ids_get_them_from_their_address_and_twins_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "blocks.csv"
    path.write_text("blk_no,street,units_total,lon,lat\n1,MAIN ST,5,103.8,1.3\n1,MAIN ST,6,103.8,1.3\n")
    layers, report = read(path)
    assert layers["buildings"]["id"].tolist() == ["1 MAIN ST", "1 MAIN ST #2"]
    assert layers["addresses"]["text"].tolist() == ["1 MAIN ST"] * 2
    assert layers["addresses"]["building_id"].tolist() == ["1 MAIN ST", "1 MAIN ST #2"]
    assert remarks(report, "note_ids_made")[0].facts["twins"] == 1


def test_field_names_cut_at_ten_bytes_are_known(tmp_path: Path) -> None:
    assert match_columns("buildings", ["total_dwel"], {}) == {"households": "total_dwel"}
    assert match_columns("buildings", ["building_l"], {}) == {"levels": "building_l"}


def test_each_column_means_one_thing() -> None:
    found = match_columns("communities", ["社区代码", "社区名称", "街道名称", "类型"], {})
    assert found == {"code": "社区代码", "name": "社区名称", "town": "街道名称", "kind": "类型"}


def test_a_raster_is_no_source(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0" + bytes(100))
    assert refused(path).code == "source_is_raster"


def test_singapore_blocks_come_in_as_points_with_addresses(shared_data: Path) -> None:
    layers, _ = read(shared_data / "singapore-hdb" / "blocks.csv")
    buildings = layers["buildings"]
    assert len(buildings) == 7209
    assert int(buildings["households"].sum()) == 794_073
    assert buildings["id"].is_unique
    assert buildings.set_index("id").loc["1 DOVER RD", ["community", "levels"]].tolist() == ["QT", 12]
    assert set(layers["addresses"]["building_id"]) == set(buildings["id"])


def test_census_blocks_are_zones(shared_data: Path) -> None:
    layers, _ = read(shared_data / "us-blocks-providence" / "blocks.gpkg")
    assert list(layers) == ["zones"]
    assert int(layers["zones"]["population"].sum()) == 178_040


def test_codes_that_a_spreadsheet_cut_are_named(tmp_path: Path) -> None:
    path = tmp_path / "buildings.csv"
    path.write_text("id,households,lon,lat\n4.40301E+11,5,113,23\n440301001002,5,113,23\n")
    fault = refused(path)
    assert (fault.code, fault.facts["row"], fault.facts["measured"]) == ("code_cut_by_spreadsheet", 2, "4.40301E+11")


def test_a_geojson_that_is_not_utf8_is_a_fault(tmp_path: Path, blocks: gpd.GeoDataFrame) -> None:
    path = tmp_path / "楼栋.geojson"
    blocks.to_file(path)
    path.write_bytes(path.read_text(encoding="utf-8").encode("gbk"))
    assert refused(path).code in ("encoding_wrong", "file_damaged")
