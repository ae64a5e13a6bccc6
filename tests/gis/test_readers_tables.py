"""Rosters as offices write them: merged headers, totals rows, ranges of buildings, merged cells."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from gis.errors import InputError
from gis.readers.roster import address_key, compose_address, expand_building
from gis.readers.sources import read_source
from gis.readers.tables import read_csv, read_xlsx
from gis.report import QualityReport


def book(path: Path, rows: list[list[object]], merges: tuple[str, ...] = (), title: str = "台账") -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for area in merges:
        sheet.merge_cells(area)
    workbook.save(path)
    return path


ROWS: list[list[object]] = [
    ["和平社区楼栋台账", None, None, None, None],
    ["序号", "楼栋信息", None, "住户", None],
    [None, "小区", "幢号", "户数", "人口"],
    [1, "东风苑", "1幢", 60, 150],
    [2, "东风苑", "2至3号楼", 121, 300],
    ["小计", None, None, 181, 450],
    [3, "新华里", "５幢", "３０户", None],
    ["合计", None, None, 211, 450],
]
MERGES = ("A1:E1", "A2:A3", "B2:C2", "D2:E2")


def test_a_roster_with_merged_headers_totals_and_ranges_becomes_one_row_a_building(tmp_path: Path) -> None:
    report = QualityReport()
    layers = read_source(book(tmp_path / "台账.xlsx", ROWS, MERGES), None, report)
    roster = layers["rosters"]
    assert roster[["estate", "building", "households"]].to_numpy().tolist() == [
        ["东风苑", "1幢", 60],
        ["东风苑", "2号楼", 61],
        ["东风苑", "3号楼", 60],
        ["新华里", "5幢", 30],
    ]
    assert roster["population"].tolist()[:3] == [150, 150, 150]
    assert roster.geometry.isna().all()
    codes = {r.code: r for r in report.remarks}
    assert (codes["repair_totals_skipped"].before, codes["repair_totals_skipped"].after) == (5, 3)
    assert "211" in str(codes["repair_totals_skipped"].facts["rows"])
    assert (codes["repair_ranges_expanded"].before, codes["repair_ranges_expanded"].after) == (1, 2)


def test_rows_keep_the_number_they_have_in_the_sheet(tmp_path: Path) -> None:
    sheet = read_xlsx(book(tmp_path / "a.xlsx", ROWS, MERGES), QualityReport())[0]
    assert sheet.table.index.tolist() == [4, 5, 7]


def test_cells_merged_over_rows_repeat_texts_and_share_counts(tmp_path: Path) -> None:
    rows = [["小区", "幢号", "户数"], ["东风苑", "1幢", 61], [None, "2幢", None], [None, "3幢", 7]]
    report = QualityReport()
    path = book(tmp_path / "a.xlsx", rows, ("A2:A4", "C2:C3"))
    roster = read_source(path, None, report)["rosters"]
    assert roster["estate"].tolist() == ["东风苑"] * 3
    assert roster["households"].tolist() == [31, 30, 7]
    assert "repair_merged_cells" in {r.code for r in report.remarks}


def test_codes_stay_text_even_where_the_sheet_holds_numbers(tmp_path: Path) -> None:
    rows = [["楼栋编码", "户数"], [440301001001, 5], [440301001002.0, 6], ["007", 7]]
    roster = read_source(book(tmp_path / "a.xlsx", rows))["rosters"]
    assert roster["id"].tolist() == ["440301001001", "440301001002", "007"]


def test_a_sheet_without_a_header_is_passed_over_and_a_book_without_any_is_a_fault(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [[1, 2], [3, 4]])
    with pytest.raises(InputError) as caught:
        read_source(path)
    assert caught.value.code == "table_without_header"


def test_something_else_in_an_xlsx_coat_is_a_fault(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ROWS)
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(InputError) as caught:
        read_source(path)
    assert caught.value.code in ("file_damaged", "file_truncated")


def test_a_csv_with_title_units_and_totals_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('某街道统计表,,\n小区,幢号,户数（户）\n东风苑,1幢,"1,060"\n合 计,,1060\n', encoding="utf-8")
    report = QualityReport()
    sheet = read_csv(path, report)
    assert list(sheet.table.columns) == ["小区", "幢号", "户数（户）"]
    assert sheet.table.to_numpy().tolist() == [["东风苑", "1幢", "1,060"]]


def test_estates_whose_name_begins_like_a_total_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("小区,幢号,户数\n总计算机厂宿舍,1幢,5\n合计,,5\n", encoding="utf-8")
    sheet = read_csv(path, QualityReport())
    assert sheet.table["小区"].tolist() == ["总计算机厂宿舍"]


@pytest.mark.parametrize(
    ("text", "buildings"),
    [
        ("1-3幢", ["1幢", "2幢", "3幢"]),
        ("1幢-3幢", ["1幢", "2幢", "3幢"]),
        ("１至３号楼", ["1号楼", "2号楼", "3号楼"]),
        ("东区5~6栋", ["东区5栋", "东区6栋"]),
        ("1、3、5栋", ["1栋", "3栋", "5栋"]),
        ("A座", ["A座"]),
        ("346-15号", ["346-15号"]),
        ("10-1幢", ["10-1幢"]),
        ("1-999幢", ["1-999幢"]),
    ],
)
def test_ranges_of_buildings_are_taken_apart(text: str, buildings: list[str]) -> None:
    assert expand_building(text) == buildings


def test_bare_ranges_count_only_in_a_column_of_building_numbers() -> None:
    assert expand_building("1-3", bare=True) == ["1", "2", "3"]
    assert expand_building("1-3") == ["1-3"]


def test_addresses_are_put_together_in_the_order_of_their_language() -> None:
    assert compose_address({"street": ["和平路"], "number": ["5"], "estate": ["东风苑"], "building": ["3"]}, 1) == [
        "和平路5号东风苑3幢"
    ]
    assert compose_address({"street": ["MAIN ST"], "building": ["12A"]}, 1) == ["12A MAIN ST"]
    assert compose_address({"street": [None], "building": [None]}, 1) == [None]


def test_addresses_that_differ_only_in_writing_are_the_same() -> None:
    assert address_key("东风苑 ３ 栋") == address_key("东风苑3幢") == address_key("东风苑3号楼")
    assert address_key(None) == ""
