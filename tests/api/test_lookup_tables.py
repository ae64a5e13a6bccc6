"""``gridwright lookup --batch``: one row out per row in, whatever stands in the table."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from pathlib import Path

import pytest

from api.usecases import look_up_batch, open_book
from tests.lookup_files import COLUMNS, MANY, batch, codes, found, here, originals, rows_of, run
from tests.service_town import FIRST, SECOND, middle

__all__ = ["here", "originals"]


def test_a_table_is_answered_row_by_row_each_as_by_itself(here, capsys) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["no", "address", "note"], *([i, one, f"n,{i}"] for i, one in enumerate(MANY))])
    rows = batch(text.getvalue())
    assert list(rows[0]) == [*COLUMNS, "detail", "no", "note"]
    capsys.readouterr()
    for i, (row, one) in enumerate(zip(rows, MANY, strict=True)):
        alone = found(capsys, one)
        assert (row["no"], row["note"], row["query"]) == (str(i), f"n,{i}", one)
        for name in ("status", "grid", "community", "building", "matched_text", "plan"):
            assert row[name] == (alone[name] or ""), (one, name)
        assert row["reason"].split() == codes(alone)
        assert row["detail"] == " ".join(reason["message"] for reason in alone["reasons"])


def test_rows_without_a_building_go_into_a_second_table_with_what_may_be_meant(here, capsys) -> None:
    batch("address\n" + "\n".join(one or '""' for one in MANY) + "\n")
    assert "out.rows-to-correct.csv" in capsys.readouterr().out
    rows = rows_of(here / "out.rows-to-correct.csv")
    assert [row["query"] for row in rows] == [MANY[2], MANY[3], MANY[5], ""]
    assert [row["row"] for row in rows] == ["4", "5", "7", "8"]
    assert rows[0]["candidate_1"].endswith("栋") or not rows[0]["candidate_1"]
    assert all(row["reason"] and row["detail"] for row in rows)
    batch("address\n望月小区1栋\n")
    assert not (here / "out.rows-to-correct.csv").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("heading", ["address", " Address ", "地址"])
def test_tables_in_utf_8_and_gbk_are_read_alike(here, capsys, encoding, heading) -> None:
    rows = batch(f"编号,{heading}\n甲,望月小区3栋\n乙,银盆苑1栋\n".encode(encoding))
    by = "\ufeff" if encoding == "utf-8-sig" else ""
    assert [(row["building"], row["编号"], row[f"{by}query"]) for row in rows] == [
        ("b01-00", "甲", "望月小区3栋"),
        (rows[1]["building"], "乙", "银盆苑1栋"),
    ]
    assert rows[1]["grid"] == f"{SECOND}C"


@pytest.mark.parametrize(("choice", "codec"), [("utf-8-bom", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-8", "utf-8")])
def test_the_answers_are_written_in_the_encoding_asked(here, choice, codec) -> None:
    Path("in.csv").write_text("address\n望月小区3栋\n", encoding="gb18030")
    run("--batch", "in.csv", "--out", "out.csv", "--out-encoding", choice, "--encoding", "gbk")
    assert rows_of(here / "out.csv", codec)[0]["query"] == "望月小区3栋"
    assert (here / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf") == (choice == "utf-8-bom")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"7", "row_length"),
        (b"7,8,9", "row_length"),
        ('7,"望月小区'.encode(), "row_quotation"),
        (b"7,\xff\xfe\xb7", "row_not_text"),
        ("7,望月\0小区".encode(), "row_control"),
        (("7," + "望" * 10_000).encode(), "too_long"),
        (b"7," + b"x" * 300_000, "row_too_long"),
    ],
)
def test_a_broken_row_in_the_middle_says_so_and_the_rest_go_on(here, broken, reason) -> None:
    lines = [f"{i},望月小区{i % 4 + 1}栋".encode() for i in range(6_000)]
    rows = batch(b"\n".join([b"no,address", *lines[:3_500], broken, *lines[3_500:]]))
    assert len(rows) == 6_001
    bad = rows.pop(3_500)
    assert (bad["status"], bad["reason"], bad["grid"]) == ("not_found", reason, "")
    assert bad["detail"]
    assert [row["no"] for row in rows] == [str(i) for i in range(6_000)]
    assert {row["status"] for row in rows} == {"exact"}


def test_points_of_a_table_and_what_is_none(here) -> None:
    lon, lat = middle("A")
    lines = [
        f"a,{lat},{lon}",
        f"b,{lon},{lat}",
        f"c,NaN,{lon}",
        "d,,",
        f"e,1e3,{lon}",
        f"f,{lat},x",
        f"g,{lat} , {lon}",
    ]
    rows = batch("\n".join(["name,lat,lon", *lines]))
    assert [row["grid"] for row in rows] == [f"{FIRST}A", "", "", "", "", "", f"{FIRST}A"]
    assert [row["reason"] for row in rows] == ["", "lon_lat_swapped", *["point_unreadable"] * 4, ""]
    assert [row["name"] for row in rows] == list("abcdefg")
    assert rows[0]["query"] == f"{lon},{lat}"
    assert (float(rows[0]["lon"]), float(rows[0]["lat"])) == (lon, lat)
    assert "lat" in rows[2]["detail"]
    assert "NaN" in rows[2]["detail"]
    assert (here / "town.gpkg.addresses").exists() is False


def test_quoted_cells_go_on_over_lines_and_names_that_an_answer_has_too_are_told_apart(here) -> None:
    rows = batch('grid,address,detail,note\nold,"望月小区\n3栋",d,"a\nb"\n')
    row = rows[0]
    assert (row["query"], row["grid"]) == ("望月小区\n3栋", f"{FIRST}A")
    assert (row["in_grid"], row["in_detail"], row["note"]) == ("old", "d", "a\nb")


def test_what_an_office_program_would_run_gets_a_quote_before_it_and_numbers_do_not(here) -> None:
    rows = batch("address,a,b,c\n=1+1,-5.5,+8613,@x\n望月小区3栋,=cmd|' /C calc'!A0,-3栋,\t1\n")
    assert (rows[0]["query"], rows[0]["a"], rows[0]["b"], rows[0]["c"]) == ("'=1+1", "-5.5", "+8613", "'@x")
    assert rows[1]["a"].startswith("'=")
    assert rows[1]["b"] == "'-3栋"


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_read(here, separator) -> None:
    assert batch(f"no{separator}address\n1{separator}望月小区3栋\n")[0]["grid"] == f"{FIRST}A"


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("", "table_empty"),
        ("no,name\n1,2\n", "lookup_columns_missing"),
        ("lon\n1\n", "lookup_columns_missing"),
        ("address\nx\n".encode("utf-16"), "table_encoding_wide"),
    ],
)
def test_a_table_that_asks_nothing_is_refused_and_nothing_is_written(here, capsys, table, code) -> None:
    Path("in.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    assert run("--batch", "in.csv", "--out", "out.csv", "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["faults"][0]["code"] == code
    assert not Path("out.csv").exists()


def test_a_table_of_a_heading_alone_gives_a_heading_alone(here, capsys) -> None:
    assert batch("address\n") == []
    assert not Path("out.rows-to-correct.csv").exists()


def test_the_table_that_is_asked_is_never_written_over(here, capsys) -> None:
    Path("in.csv").write_text("address\n望月小区3栋\n")
    Path("same.csv").hardlink_to("in.csv")
    Path("x.rows-to-correct.csv").symlink_to("in.csv")
    for out in ("in.csv", "same.csv", "./in.csv", "x.csv"):
        assert run("--batch", "in.csv", "--out", out, "--json") == 2
        assert json.loads(capsys.readouterr().out)["error"]["faults"][0]["code"] == "lookup_out_is_in"
    assert Path("in.csv").read_text() == "address\n望月小区3栋\n"


def test_a_run_that_fails_leaves_the_last_answers_as_they_were(here, capsys, monkeypatch) -> None:
    batch("address\n没有的小区3栋\n")
    before = {path.name: path.read_bytes() for path in here.glob("out*")}

    def fail(self: object, texts: object, jurisdiction: str = "") -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("api.usecases.look_up.Book.look_up_many", fail)
    assert run("--batch", "in.csv", "--out", "out.csv") == 130
    assert {path.name: path.read_bytes() for path in here.glob("out*")} == before
    assert not list(here.glob(".gridwright*"))


def test_a_long_table_is_answered_in_little_memory(here) -> None:
    with Path("in.csv").open("w", encoding="utf-8") as file:
        file.write("address,note\n")
        file.writelines(f"望月小区{i % 12}栋,{'x' * 500}\n" for i in range(60_000))
    book = open_book(Path("town.gpkg"), Path("plan.gpkg")).book
    look_up_batch(book, Path("in.csv"), Path("warm.csv"), language="en")
    tracemalloc.start()
    try:
        done = look_up_batch(book, Path("in.csv"), Path("out.csv"), language="en")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert done.n_rows == 60_000
    assert most < 25_000_000 < Path("in.csv").stat().st_size
