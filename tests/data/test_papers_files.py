"""Papers as files: text stays text, the same bytes every time, one plan version everywhere, ready to print."""

from __future__ import annotations

import datetime as dt
import io
import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest

from data.papers import (
    PaperOptions,
    write_change_list,
    write_crosswalk,
    write_notice,
    write_register,
    write_statistics,
)
from gis.errors import InputError, StorageError
from tests.data.paper_kit import FORMULA, HEADER_ROW, cells_of, make_land, make_old_plan, make_plan, read_table

PAPERS: dict[str, Callable[..., None]] = {
    "register": write_register,
    "statistics": write_statistics,
    "changes": write_change_list,
    "crosswalk": write_crosswalk,
    "notice": write_notice,
}
LANGUAGES = ("zh", "en")


def write(name: str, folder: Path, *, language: str = "zh", with_old: bool = True, **meta: str) -> Path:
    path = folder / f"{name}-{language}.xlsx"
    old = make_old_plan() if with_old else None
    PAPERS[name](make_plan(**meta), make_land(), path, old=old, language=language)
    return path


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAPERS)
def test_no_cell_is_a_formula_whatever_a_name_begins_with(name: str, language: str, tmp_path: Path) -> None:
    cells = cells_of(write(name, tmp_path, language=language))
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    risky = [cell for cell in cells if isinstance(cell.value, str) and cell.value[:1] in "=+-@"]
    assert all(cell.number_format == "@" for cell in risky)
    with zipfile.ZipFile(tmp_path / f"{name}-{language}.xlsx") as book:
        sheets = [book.read(n) for n in book.namelist() if n.startswith("xl/worksheets/")]
    assert sheets
    assert not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)


def test_the_formula_of_a_hostile_name_is_there_as_text(tmp_path: Path) -> None:
    values = [cell.value for cell in cells_of(write("register", tmp_path))]
    assert FORMULA in values
    assert "-1+1" in values


@pytest.mark.parametrize("name", PAPERS)
def test_the_same_plan_gives_the_same_bytes_at_another_time(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(name, tmp_path).read_bytes()
    later = time.time() + 40_000_000
    monkeypatch.setattr(time, "time", lambda: later)
    moved = SimpleNamespace(**{k: getattr(time, k) for k in ("struct_time", "strftime", "gmtime")})
    moved.localtime = lambda *_: time.gmtime(later)
    moved.time = lambda: later
    monkeypatch.setattr(zipfile, "time", moved)
    assert write(name, tmp_path).read_bytes() == first


def test_the_properties_say_the_moment_of_the_plan(tmp_path: Path) -> None:
    properties = openpyxl.load_workbook(write("register", tmp_path)).properties
    assert properties.created == properties.modified == dt.datetime(2024, 5, 1, 1, 30)
    with zipfile.ZipFile(tmp_path / "register-zh.xlsx") as book:
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("created_at", ["", "sometime in spring"])
def test_a_plan_without_a_readable_date_is_written_without_a_clock(created_at: str, tmp_path: Path) -> None:
    first = write("register", tmp_path, created_at=created_at).read_bytes()
    assert write("register", tmp_path, created_at=created_at).read_bytes() == first
    assert f"{dt.date.today():%Y-%m-%d}".encode() not in zipfile.ZipFile(io.BytesIO(first)).read("docProps/core.xml")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAPERS)
def test_every_sheet_carries_the_plan_version(name: str, language: str, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(name, tmp_path, language=language))
    for page in book:
        assert "new000000001" in page["A2"].value, page.title
        assert "new000000001" in page.oddFooter.left.text, page.title
        assert "&P" in page.oddFooter.right.text
        assert "&N" in page.oddFooter.right.text


@pytest.mark.parametrize("name", PAPERS)
def test_tables_are_ready_to_read_and_to_print(name: str, tmp_path: Path) -> None:
    for page in openpyxl.load_workbook(write(name, tmp_path)):
        assert page.sheet_properties.pageSetUpPr.fitToPage
        assert page.page_setup.fitToWidth == 1
        if page.print_area:  # the one page of the notice
            assert page.page_setup.fitToHeight == 1
            continue
        assert page.freeze_panes.endswith(str(HEADER_ROW + 1))
        assert page.print_title_rows == f"$1:${HEADER_ROW}"
        assert page.auto_filter.ref.startswith(f"A{HEADER_ROW}:")
        assert page.page_setup.paperSize == (8 if name == "register" else 9)


@pytest.mark.parametrize("with_old", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAPERS)
def test_what_is_not_known_is_empty(name: str, language: str, with_old: bool, tmp_path: Path) -> None:
    for cell in cells_of(write(name, tmp_path, language=language, with_old=with_old)):
        assert str(cell.value).lower() not in {"nan", "nat", "<na>", "null", "none", ""} or cell.value is None
        assert not re.search(r"\b(None|nan|NaN)\b|\{\w*\}", str(cell.value or "")), cell.value


def test_a_missing_folder_and_a_folder_in_place_of_the_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="folder_missing"):
        write_register(make_plan(), make_land(), tmp_path / "no" / "r.xlsx")
    with pytest.raises(StorageError, match="path_is_folder"):
        write_register(make_plan(), make_land(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_language_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="option_out_of_range"):
        write_register(make_plan(), make_land(), tmp_path / "r.xlsx", language="fr")
    assert not (tmp_path / "r.xlsx").exists()


def test_control_characters_and_endless_names_do_not_break_a_paper(tmp_path: Path) -> None:
    plan = make_plan()
    grids = plan.grids.copy()
    grids.loc[0, "name"] = "a\x00b\x0b" + "长" * 40_000
    grids.loc[1, "name"] = "_x0041_"
    write_register(replace(plan, grids=grids), make_land(), tmp_path / "r.xlsx")
    names = read_table(tmp_path / "r.xlsx")["网格名称"].tolist()
    assert names[0].startswith("ab长")
    assert len(names[0]) <= 32_767
    with zipfile.ZipFile(tmp_path / "r.xlsx") as book:
        assert any(b"_x005F_x0041_" in book.read(name) for name in book.namelist())


@pytest.mark.parametrize("name", PAPERS)
def test_no_paper_has_a_place_for_a_person(name: str, tmp_path: Path) -> None:
    texts = " ".join(str(cell.value) for cell in cells_of(write(name, tmp_path)) if cell.value is not None)
    assert not re.search("姓名|电话|手机|身份证|联系人", texts)


def test_dates_of_the_office_go_before_those_of_the_plan(tmp_path: Path) -> None:
    options = PaperOptions(effective_from="2024-07-01", effective_to="2029-06-30")
    plan: Any = make_plan(effective_from="2024-06-01")
    write_register(plan, make_land(), tmp_path / "r.xlsx", options=options)
    table = read_table(tmp_path / "r.xlsx")
    assert table["启用日期"][0] == dt.datetime(2024, 7, 1)
    assert table["停用日期"][0] == dt.datetime(2029, 6, 30)
    assert table["划定日期"][0] == dt.datetime(2024, 5, 1)
    write_register(plan, make_land(), tmp_path / "s.xlsx")
    assert read_table(tmp_path / "s.xlsx")["启用日期"][0] == dt.datetime(2024, 6, 1)
