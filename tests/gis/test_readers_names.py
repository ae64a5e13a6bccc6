"""What a layer is called and where it came from: roles by words, not by pieces of words; samples without people."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from gis.errors import InputError
from gis.readers.columns import guess_role
from gis.readers.sources import SourceOptions, read_source
from gis.readers.values import to_text
from gis.report import QualityReport


def role_of(name: str, shape: object, **columns: object) -> str | None:
    return guess_role(name, pd.DataFrame({k: [v] for k, v in columns.items()}), np.array([shape]), 400.0)


@pytest.mark.parametrize(
    ("name", "shape", "role"),
    [
        ("points_2024", Point(0, 0), "buildings"),  # not poi
        ("poi_2024", Point(0, 0), "key_places"),
        ("community_2024", box(0, 0, 1, 1), "communities"),  # not unit
        ("census_units", box(0, 0, 1, 1), "units"),
        ("trail", LineString([(0, 0), (1, 1)]), "streets"),  # not rail
        ("重点场所", Point(0, 0), "key_places"),
        ("communities", Point(0, 0), "communities"),  # the wrong geometry is the fault to name
    ],
)
def test_a_word_tells_the_role_and_a_piece_of_a_word_does_not(name, shape, role) -> None:
    assert role_of(name, shape, code="1", households=20) == role


def test_codes_written_as_decimal_numbers_lose_the_zero_only_where_all_have_it() -> None:
    assert to_text(pd.Series(["330402015001000.0", None, "7.0"])).tolist() == ["330402015001000", None, "7"]
    assert to_text(pd.Series(["1.0", "1.5"])).tolist() == ["1.0", "1.5"]


def test_samples_for_looking_at_the_encoding_hold_nobody(tmp_path: Path) -> None:
    rows = {
        "户主": ["张伟", "王芳"],
        "备注": ["李娜同意", "刘洋不在"],
        "小区名称": ["阳光花园", "锦绣苑"],
        "户数": [3, 4],
    }
    shapes = [box(120, 30, 120.0001, 30.0001), box(120.001, 30, 120.0011, 30.0001)]
    table = gpd.GeoDataFrame({**rows, "编号": ["1", "2"]}, geometry=shapes, crs=4326)
    report = QualityReport()
    table.to_file(tmp_path / "楼栋.shp", encoding="gbk")
    (tmp_path / "楼栋.cpg").unlink(missing_ok=True)
    read_source(tmp_path / "楼栋.shp", report=report)
    pd.DataFrame({**rows, "经度": [120.0, 120.1], "纬度": 30.0}).to_csv(tmp_path / "楼栋.csv", encoding="gbk")
    read_source(tmp_path / "楼栋.csv", report=report)
    shown = [str(r.facts["samples"]) for r in report.remarks if r.code == "encoding_used"]
    assert len(shown) == 2
    assert all("阳光花园" in text for text in shown)
    everything = str(report.to_json())
    assert not any(name in everything for name in ("张伟", "王芳", "李娜", "刘洋"))


def test_totals_rows_are_told_without_what_else_stands_in_them(tmp_path: Path) -> None:
    text = (
        "户主,户数,经度,纬度,电话\n张伟,3,120,30,13812345678\n王芳,4,120.1,30,13812345679\n合计,7,,李娜,13812345670\n"
    )
    (tmp_path / "楼栋.csv").write_text(text, encoding="utf-8")
    report = QualityReport()
    read_source(tmp_path / "楼栋.csv", report=report)
    told = next(r for r in report.remarks if r.code == "repair_totals_skipped")
    assert told.facts["rows"] == "4: 合计 7"


def test_a_layer_of_nothing_but_wild_coordinates_is_a_fault(tmp_path: Path) -> None:
    wild = gpd.GeoDataFrame({"id": ["s1"]}, geometry=[LineString([(0, 0), (1, np.inf)])], crs=4326)
    wild.to_file(tmp_path / "streets.gpkg", layer="streets")
    with pytest.raises(InputError) as caught:
        read_source(tmp_path / "streets.gpkg", SourceOptions())
    assert [f.code for f in caught.value.faults] == ["coordinates_not_finite"]
