"""The folder that is filed: complete, of one version, the same every time, replaced in one step or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path, PureWindowsPath

import openpyxl
import pyogrio
import pytest

from api.usecases import check_plan, draw_plan, file_papers
from api.usecases import file_papers as filing_call
from data.files.plan_file import read_plan, write_plan
from data.files.territory_file import write_territory
from gis.errors import InputError, StorageError
from partition.filed import FiledPlan
from tests.towns import territory

TEXT = """
a a b b e e f f
a a b b e e f f
c c d d g g h h
c c d d g g h h
"""
HOUSEHOLDS = {"a": 200, "b": 200, "c": 200, "d": 200, "e": 150, "f": 150, "g": 150, "h": 100}
COMMUNITIES = {"330402015001": "abcd", "330402015002": "efgh"}
ALWAYS_EN = {"README.txt", "register.xlsx", "atlas.pdf", "statistics.xlsx", "notice.xlsx", "map.html", "manifest.json"}
CHANGES_EN = {"changes.xlsx", "crosswalk.xlsx", "change-map.html"}


def in_folder(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def papers(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def rewrite(plan: Path, out: Path, **tables) -> Path:
    filed = read_plan(plan)
    parts = {name: getattr(filed, name) for name in ("grids", "members", "communities", "violations", "meta")}
    write_plan(FiledPlan(**{**parts, **tables}), out)
    return out


@pytest.fixture(scope="module")
def land(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("land") / "town.gpkg"
    write_territory(territory(TEXT, HOUSEHOLDS, communities=COMMUNITIES), path)
    return path


@pytest.fixture(scope="module")
def plan(land) -> Path:
    return draw_plan(land, land.with_name("plan.gpkg"), seed=1).path


@pytest.fixture(scope="module")
def old(land) -> Path:
    """The plan before, on the town with other households: its grids lie elsewhere and one code differs."""
    before = land.with_name("before.gpkg")
    write_territory(territory(TEXT, {**HOUSEHOLDS, "e": 500, "f": 400}, communities=COMMUNITIES), before)
    return draw_plan(before, land.with_name("old.gpkg"), seed=2).path


@pytest.fixture(scope="module")
def filing(land, plan, old, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("filing") / "out"
    file_papers(plan, land, out, old_path=old, language="en", encoding="gbk")
    return out


def test_the_folder_holds_every_paper_and_the_data(filing) -> None:
    assert papers(filing) == ALWAYS_EN | CHANGES_EN
    data = set(in_folder(filing / "data"))
    assert {"plan.gpkg", "plan.kml", "geojson/grids.geojson", "shapefile/grids.shp", "shapefile/fields.csv"} <= data
    assert (filing / "data/shapefile/grids.cpg").read_text() == "GBK"
    assert (filing / "atlas.pdf").read_bytes().startswith(b"%PDF-")


def test_the_lists_have_every_file_with_its_size_and_sum(filing) -> None:
    manifest = json.loads((filing / "manifest.json").read_text(encoding="utf-8"))
    found = in_folder(filing)
    del found["manifest.json"]
    assert {file["name"]: file["sha256"] for file in manifest["files"]} == found
    assert all((filing / file["name"]).stat().st_size == file["bytes"] for file in manifest["files"])
    text = (filing / "README.txt").read_text(encoding="utf-8-sig")
    del found["README.txt"]
    for name, digest in found.items():
        assert name in text
        assert digest in text
    assert "{" not in text
    assert "paper_" not in text
    assert not re.search(r"\b(filing|note)_\w+", text)


def test_every_paper_carries_the_same_plan_version(filing, plan) -> None:
    version = read_plan(plan).meta["plan_id"]
    assert json.loads((filing / "manifest.json").read_text(encoding="utf-8"))["plan"] == version
    for path in sorted(filing.glob("*.xlsx")):
        book = openpyxl.load_workbook(path)
        for sheet in book:
            cells = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]
            assert any(version in cell for cell in cells), (path.name, sheet.title)
    for path in (
        *filing.glob("*.html"),
        *filing.glob("*.txt"),
        *filing.glob("data/**/*.geojson"),
        *filing.glob("data/*.kml"),
    ):
        assert version in path.read_text(encoding="utf-8"), path.name
    for path in sorted(filing.glob("data/shapefile/*.dbf")):
        assert (pyogrio.read_dataframe(path, read_geometry=False)["plan"] == version).all()
    assert read_plan(filing / "data/plan.gpkg").meta["plan_id"] == version
    assert version in subject_of((filing / "atlas.pdf").read_bytes())


def subject_of(pdf: bytes) -> str:
    """The subject in the facts of a PDF: UTF-16 with octal escapes."""
    (raw,) = re.findall(rb"/Subject \((.*?)(?<!\\)\)", pdf, re.DOTALL)
    plain = re.sub(rb"\\(\d{3})", lambda m: bytes([int(m[1], 8)]), raw)
    return plain.decode("utf-16" if plain[:2] in (b"\xfe\xff", b"\xff\xfe") else "latin-1")


def test_codes_in_workbooks_are_text(filing) -> None:
    book = openpyxl.load_workbook(filing / "register.xlsx")
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
    codes = [cell for cell in cells if re.fullmatch(r"330402015\d{6}", str(cell.value))]
    assert len(codes) >= 3
    assert all(isinstance(cell.value, str) for cell in codes)


def test_the_same_files_give_the_same_bytes_in_another_place_and_time_zone(
    filing, land, plan, old, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    file_papers(plan, land, tmp_path / "elsewhere", old_path=old, language="en", encoding="gbk")
    assert in_folder(tmp_path / "elsewhere") == in_folder(filing)


def test_the_filed_geopackage_is_a_plan_that_passes_and_files_to_the_same_bytes(filing, land, old, tmp_path) -> None:
    assert check_plan(filing / "data/plan.gpkg", land).verdict.passed
    file_papers(filing / "data/plan.gpkg", land, tmp_path / "again", old_path=old, language="en", encoding="gbk")
    assert in_folder(tmp_path / "again") == in_folder(filing)


def test_every_old_and_every_new_code_is_in_the_crosswalk_that_is_filed(filing, plan, old) -> None:
    crosswalk = read_plan(filing / "data/plan.gpkg").crosswalk
    assert crosswalk is not None
    assert set(crosswalk["old"].dropna()) == set(read_plan(old).grids["code"])
    assert set(crosswalk["new"].dropna()) == set(read_plan(plan).grids["code"])
    assert (crosswalk[crosswalk["old"].notna()].groupby("old")["share_of_old"].sum() == 1).all()


def test_a_first_plan_has_no_change_list_and_the_list_says_so(land, plan, tmp_path) -> None:
    filing = file_papers(plan, land, tmp_path / "first", language="en")
    assert papers(filing.folder) == ALWAYS_EN
    assert not filing.has_changes
    assert "filing_no_changes" in {code for code, _ in filing.notes}
    assert "--old" in (filing.folder / "README.txt").read_text(encoding="utf-8-sig")


def test_names_follow_the_language_and_are_safe_on_windows(land, plan, old, tmp_path) -> None:
    out = tmp_path / "备案"
    file_papers(plan, land, out, old_path=old, language="zh")
    names = papers(out)
    assert {"网格台账.xlsx", "网格图册.pdf", "调整清单.xlsx", "新旧代码对照表.xlsx", "统计表.xlsx", "目录.txt"} <= names
    assert len(names) == len(ALWAYS_EN | CHANGES_EN)
    for name in in_folder(out):
        assert not re.search(r'[<>:"|?*\\\x00-\x1f]|[. ](/|$)', name)
        assert not any(PureWindowsPath(part).is_reserved() for part in name.split("/"))
    assert "方案版本" in (out / "目录.txt").read_text(encoding="utf-8-sig")


def test_an_earlier_filing_is_replaced_as_a_whole(land, plan, old, tmp_path) -> None:
    out = tmp_path / "out"
    file_papers(plan, land, out, old_path=old, language="zh")
    # QGIS touches a GeoPackage that it opens; a file manager leaves its own file.
    with closing(sqlite3.connect(out / "data/plan.gpkg")) as file:
        file.execute("pragma user_version = 10301")
        file.execute("create table touched (x)")
        file.commit()
    (out / "Thumbs.db").write_bytes(b"thumbs")
    file_papers(plan, land, out, language="en")
    assert papers(out) == ALWAYS_EN
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_folders_that_are_not_ours_or_were_worked_on_are_refused_and_left_alone(land, plan, tmp_path) -> None:
    def assert_refused(out: Path, code: str) -> None:
        before = in_folder(tmp_path)
        with pytest.raises(InputError) as caught:
            file_papers(plan, land, out, language="en")
        assert caught.value.code == code
        assert in_folder(tmp_path) == before

    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine")
    assert_refused(mine, "filing_folder_taken")
    (mine / "manifest.json").write_text('{"name": "another program"}')
    assert_refused(mine, "filing_folder_taken")
    assert_refused(mine / "thesis.txt", "filing_not_a_folder")
    assert_refused(tmp_path / "no" / "such", "out_folder_missing")

    ours = tmp_path / "ours"
    file_papers(plan, land, ours, language="en")
    (ours / "data" / "project.qgz").write_bytes(b"mine")
    assert_refused(ours, "filing_holds_other_files")
    (ours / "data" / "project.qgz").unlink()
    book = openpyxl.load_workbook(ours / "register.xlsx")
    book.worksheets[0]["A1"] = "filled in by hand"
    book.save(ours / "register.xlsx")
    assert_refused(ours, "filing_changed_by_hand")
    (ours / "register.xlsx").unlink()
    file_papers(plan, land, ours, language="en")
    assert papers(ours) == ALWAYS_EN


@pytest.mark.parametrize(
    "trouble", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError()]
)
@pytest.mark.parametrize("writer", ["write_statistics", "export_plan", "write_manifest"])
def test_a_failure_on_the_way_leaves_the_earlier_filing(
    filing, land, plan, trouble, writer, tmp_path, monkeypatch
) -> None:
    import sys

    out = tmp_path / "out"
    file_papers(plan, land, out, language="en")
    before = in_folder(tmp_path)

    def fail(*_args, **_options):
        raise trouble

    monkeypatch.setattr(sys.modules[filing_call.__module__], writer, fail)
    with pytest.raises((StorageError, KeyboardInterrupt, ValueError)) as caught:
        file_papers(plan, land, out, language="en")
    if isinstance(trouble, OSError):
        assert isinstance(caught.value, StorageError)
        assert (caught.value.code, caught.value.facts["file"]) == ("disk_full", str(out))
    assert in_folder(tmp_path) == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_plan_of_another_territory_is_not_filed(plan, land, tmp_path) -> None:
    other = tmp_path / "other.gpkg"
    write_territory(territory(TEXT, 200, communities=COMMUNITIES), other)
    with pytest.raises(InputError) as caught:
        file_papers(plan, other, tmp_path / "out")
    assert caught.value.code == "filing_other_territory"
    assert {p.name for p in tmp_path.iterdir()} == {"other.gpkg"}


def test_a_plan_that_does_not_pass_the_check_is_not_filed_and_it_is_said_why(plan, land, tmp_path) -> None:
    filed = read_plan(plan)
    moved = filed.grids.copy()
    moved.loc[0, "households"] += 1
    broken = rewrite(plan, tmp_path / "broken.gpkg", grids=moved)
    with pytest.raises(InputError) as caught:
        file_papers(broken, land, tmp_path / "out")
    codes = [fault.code for fault in caught.value.faults]
    assert codes[0] == "filing_plan_fails"
    assert "check_sum_wrong" in codes
    unfair = filed.communities.assign(feasible="yes", reason=None, proof="none")
    open_rule = rewrite(plan, tmp_path / "open.gpkg", communities=unfair)
    with pytest.raises(InputError) as caught:
        file_papers(open_rule, land, tmp_path / "out")
    assert "filing_rule_open" in [fault.code for fault in caught.value.faults]
    assert not (tmp_path / "out").exists()


def test_an_old_plan_from_elsewhere_is_refused(plan, land, tmp_path) -> None:
    filed = read_plan(plan)
    away = filed.grids.copy()
    away.geometry = away.geometry.translate(50_000, 0)
    members = filed.members.assign(id=[f"x{i}" for i in range(len(filed.members))])
    elsewhere = rewrite(plan, tmp_path / "away.gpkg", grids=away, members=members)
    with pytest.raises(InputError, match="compare_no_overlap"):
        file_papers(plan, land, tmp_path / "out", old_path=elsewhere)
    assert {p.name for p in tmp_path.iterdir()} == {"away.gpkg"}


def test_a_plan_that_issues_a_retired_code_again_is_not_filed_as_its_successor(plan, land, old, tmp_path) -> None:
    code = read_plan(plan).grids["code"].iloc[-1]
    filed = read_plan(old)
    before = filed.grids[filed.grids["code"] != code].assign()
    meta = {**filed.meta, "retired_codes": code}
    members = filed.members[filed.members["grid"] != code]
    retired = rewrite(old, tmp_path / "retired.gpkg", grids=before, members=members, meta=meta)
    with pytest.raises(InputError) as caught:
        file_papers(plan, land, tmp_path / "out", old_path=retired)
    assert [fault.code for fault in caught.value.faults] == ["filing_codes_fail", "check_code_retired"]
    assert not (tmp_path / "out").exists()


def test_micro_grids_are_not_filed_as_a_plan(plan, land, tmp_path) -> None:
    micro = rewrite(plan, tmp_path / "micro.gpkg", meta={**read_plan(plan).meta, "level": "micro"})
    for first, before in ((micro, None), (plan, micro)):
        with pytest.raises(InputError, match="filing_nested"):
            file_papers(first, land, tmp_path / "out", old_path=before)
