"""Counts, never people: columns about persons go, and the report says so."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.persons import drop_person_columns, is_id_number
from gis.report import QualityReport

WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]


def id_number(serial: int) -> str:
    """An invented number with a right check digit (region 999999 does not exist)."""
    body = f"999999{1950 + serial % 50}{1 + serial % 12:02}{1 + serial % 28:02}{serial % 1000:03}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS)) % 11]


def drop(table: pd.DataFrame, **options: object) -> tuple[list[str], QualityReport]:
    report = QualityReport()
    kept = drop_person_columns(table, report, layer="buildings", file="x.csv", **options)
    return [str(c) for c in kept.columns], report


@pytest.mark.parametrize(
    "header",
    [
        "姓名",
        "户主姓名",
        "联系电话",
        "身份证号",
        "手机号码",
        "楼长",
        "phone",
        "Phone Number",
        "id_card",
        "owner name",
        "E-mail",
    ],
)
def test_headers_about_persons_are_dropped(header: str) -> None:
    kept, report = drop(pd.DataFrame({"id": ["1", "2"], header: ["a", None]}))
    assert kept == ["id"]
    remark = report.remarks[0]
    assert (remark.code, remark.before, remark.facts["why"]) == ("person_column_dropped", 1, "header")
    assert report.counts == {"person_columns_dropped": 1, "person_cells_dropped": 1}


@pytest.mark.parametrize(
    "header", ["户数", "人口", "小区名称", "电话亭数", "name", "owner", "telecom", "contactless", "户主数"]
)
def test_headers_about_places_and_counts_stay(header: str) -> None:
    kept, _ = drop(pd.DataFrame({header: [3, 4]}))
    assert kept == [header]


def test_a_column_of_id_numbers_is_known_by_its_values() -> None:
    kept, report = drop(pd.DataFrame({"id": range(20), "备注": [id_number(k) for k in range(20)]}))
    assert kept == ["id"]
    assert report.remarks[0].facts["why"] == "id_number"


def test_id_numbers_that_became_floats_are_known_by_their_birth_dates() -> None:
    kept, _ = drop(pd.DataFrame({"id": range(20), "code": [float(id_number(k)[:17] + "0") for k in range(20)]}))
    assert kept == ["id"]


def test_eighteen_digit_codes_without_check_digits_stay() -> None:
    codes = [f"99999920{k:010d}" for k in range(200)]
    kept, report = drop(pd.DataFrame({"code": codes}), keys=["code"])
    assert kept == ["code"]
    assert not report.remarks


def test_a_column_of_mobile_numbers_is_known_by_its_values() -> None:
    for values in ([f"1380000{k:04d}" for k in range(20)], [13800000000 + k for k in range(20)]):
        kept, report = drop(pd.DataFrame({"id": range(20), "备注": values}))
        assert kept == ["id"]
        assert report.remarks[0].facts["why"] == "phone"


def test_a_column_of_personal_names_is_known_by_its_values() -> None:
    names = [a + b for a in "王李张刘陈" for b in ("伟", "芳芳", "建国", "秀英")]
    kept, report = drop(pd.DataFrame({"备注": names, "name": names}), places=["name"])
    assert kept == ["name"]
    assert report.remarks[0].facts["why"] == "name"


def test_names_of_places_stay() -> None:
    places = [a + b for a in "王李张刘陈" for b in ("家村", "庄", "园小区", "府路")]
    kept, _ = drop(pd.DataFrame({"备注": places}))
    assert kept == ["备注"]


def test_numbers_inside_free_text_are_blanked_and_counted() -> None:
    table = pd.DataFrame({"id": ["13800000000", "2"], "text": ["和平路5号 电话13812345678", "和平路6号"]})
    report = QualityReport()
    kept = drop_person_columns(table, report, layer="addresses", file="x", keys=["id"])
    # The key column stays as it is; it holds too few numbers of that form to be a column of phones.
    assert kept["text"].tolist() == ["和平路5号 电话", "和平路6号"]
    assert report.counts["person_cells_dropped"] == 1


def test_geometry_is_left_alone() -> None:
    table = gpd.GeoDataFrame({"phone": ["1"]}, geometry=gpd.points_from_xy([0], [0]), crs=4326)
    kept, _ = drop(table)
    assert kept == ["geometry"]


@given(st.lists(st.integers(0, 10**18 - 1), min_size=30, max_size=60))
def test_random_eighteen_digit_columns_are_not_taken_for_id_numbers(numbers: list[int]) -> None:
    texts = [f"{n:018d}" for n in numbers]
    if sum(map(is_id_number, texts)) < 15:
        kept, _ = drop(pd.DataFrame({"code": texts}), keys=["code"])
        assert kept == ["code"]


def test_missing_values_do_not_hide_a_column() -> None:
    values = [id_number(k) if k % 3 == 0 else None for k in range(30)]
    kept, _ = drop(pd.DataFrame({"id": np.arange(30), "x1": values}))
    assert kept == ["id"]


def test_remarks_with_a_number_in_every_other_cell_are_dropped_and_addresses_only_blanked() -> None:
    told = [f"{name} 1381234567{k}" for k, name in enumerate(["张伟", "王芳", "李娜", "刘洋"])]
    table = pd.DataFrame({"note": told, "text": [f"中山路{k}号 {t[-11:]}" for k, t in enumerate(told)]})
    report = QualityReport()
    kept = drop_person_columns(table, report, layer="buildings", file="a.csv", places=["text"])
    assert list(kept.columns) == ["text"]
    assert kept["text"].tolist() == [f"中山路{k}号" for k in range(4)]


def test_an_owner_called_like_a_person_is_blanked_and_an_office_stays() -> None:
    table = pd.DataFrame({"id": ["1", "2"], "owner": ["张伟", "公安分局"]})
    kept = drop_person_columns(table, QualityReport(), layer="cameras", file="a.gpkg", places=["owner"], keys=["id"])
    assert kept["owner"].isna().tolist() == [True, False]
    assert kept["owner"][1] == "公安分局"
