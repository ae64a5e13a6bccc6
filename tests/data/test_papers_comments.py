"""Comments among the papers of a plan: a sheet of the change list, points among the data."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from data.papers import Comment, PaperOptions, Saying, comments_geojson, write_change_list, write_register
from tests.data.paper_kit import make_land, make_old_plan, make_plan

AT = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
ANSWER = Saying("=1+1", "planner", "wang", AT)
OPEN = Comment(
    "核对东门\n<script>",
    "reviewer",
    "chen",
    AT,
    number=3,
    plan="",
    lon=120.123456789,
    lat=30.5,
    grid="990101001001002",
    state="open",
    settled=None,
    answers=(ANSWER, Saying("done", "admin", "local", AT)),
)
SETTLED = replace(
    OPEN,
    number=1,
    plan="spring",
    text="+86",
    grid="",
    state="settled",
    settled=Saying("", "planner", "wang", AT),
    answers=(),
)
BOTH = PaperOptions(comments=(OPEN, SETTLED))


def sheet(path: Path, name: str) -> list[tuple[object, ...]]:
    rows = list(load_workbook(path)[name].values)
    return [tuple(row) for row in rows[2:]]


def test_the_change_list_has_a_sheet_of_comments_with_place_state_text_and_who(tmp_path: Path) -> None:
    write_change_list(make_plan(), make_land(), tmp_path / "c.xlsx", old=make_old_plan(), options=BOTH, language="en")
    head, first, second = sheet(tmp_path / "c.xlsx", "Comments")
    assert head[:7] == ("Comment", "State", "Grid code", "Community", "Text", "Who", "When")
    assert first[:3] == ("3", "open", "990101001001002")
    assert first[4:9] == (
        "核对东门\n<script>",
        "reviewer chen",
        "2026-11-23 00:30",
        "planner wang, 2026-11-23 00:30: =1+1\nadministrator, 2026-11-23 00:30: done",
        None,
    )
    assert first[9:11] == (120.1234568, 30.5)
    assert (second[0], second[1], second[2], second[4], second[8]) == (
        *("plan “spring”: 1", "settled", None, "+86"),
        "planner wang, 2026-11-23 00:30",
    )
    cells = [cell for row in load_workbook(tmp_path / "c.xlsx")["Comments"].iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]


@pytest.mark.parametrize(("language", "name"), [("zh", "意见"), ("en", "Comments")])
def test_without_comments_there_is_no_sheet_and_with_them_the_bytes_are_the_same_again(
    tmp_path: Path, language: str, name: str
) -> None:
    for i, options in enumerate((PaperOptions(), BOTH, BOTH)):
        write_change_list(
            make_plan(), make_land(), tmp_path / f"{i}.xlsx", old=make_old_plan(), options=options, language=language
        )
    assert name not in load_workbook(tmp_path / "0.xlsx").sheetnames
    assert name in load_workbook(tmp_path / "1.xlsx").sheetnames
    assert (tmp_path / "1.xlsx").read_bytes() == (tmp_path / "2.xlsx").read_bytes()


def test_the_register_has_them_where_that_is_wanted(tmp_path: Path) -> None:
    write_register(make_plan(), make_land(), tmp_path / "r.xlsx", options=BOTH)
    assert load_workbook(tmp_path / "r.xlsx").sheetnames[1] == "意见"


def test_as_points_they_say_the_same(tmp_path: Path) -> None:
    first, second = json.loads(comments_geojson((OPEN, SETTLED)))["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [120.1234568, 30.5]}
    assert first["properties"] | {"answers": len(first["properties"]["answers"])} == {
        "number": 3,
        "plan": None,
        "grid": "990101001001002",
        "state": "open",
        "text": "核对东门\n<script>",
        "role": "reviewer",
        "who": "chen",
        "at": "2026-11-22T16:30:00+00:00",
        "settled": None,
        "answers": 2,
    }
    assert second["properties"]["settled"]["who"] == "wang"
