"""The bench that judges the look-up is itself right: its city, its questions, its verdicts."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

from gis.address import Candidate, Match
from tests.bench.lookup_city import REGION, Row, make_rows, tail_of, text_of, usable_names
from tests.bench.lookup_forms import further_forms
from tests.bench.lookup_layers import address_table, read_questions, read_rows, write_layer
from tests.bench.lookup_questions import City, Question, twelve_kinds
from tests.bench.lookup_score import places_of, tally, verdict
from tests.bench.lookup_typos import in_chinese, mistyped, mistyped_latin, styled, traditional

ROWS = make_rows(30_000, seed=4)
CITY = City(ROWS)
ABSENT = ["天涯海角苑", "不存在花园", "虚构公馆"]


def match(status: str, *rows: int, among: tuple[int, ...] = ()) -> Match:
    candidates = tuple(Candidate(row, 1.0) for row in rows)
    return Match(status, candidates, np.asarray(among, dtype=np.int32))  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_city_and_no_two_rows_are_alike() -> None:
    assert make_rows(30_000, seed=4) == ROWS
    assert make_rows(30_000, seed=5) != ROWS
    assert len(set(ROWS)) == len(ROWS) == 30_000


def test_the_city_has_what_the_published_one_lacks() -> None:
    numbers = {row.number for row in ROWS}
    assert any(row.group for row in ROWS)
    for sign in ("弄", "附", "-", "甲"):
        assert any(sign in number for number in numbers), sign
    assert any(row.estate.endswith("二期") for row in ROWS)
    assert any(row.building.isalpha() for row in ROWS)
    road_districts = {(row.road, row.district) for row in ROWS if row.road}
    assert len({road for road, _ in road_districts}) < len(road_districts)


def test_every_kind_of_question_is_asked_in_full() -> None:
    for questions, n_kinds in ((twelve_kinds(CITY, ABSENT, 5), 12), (further_forms(CITY, 5), 42)):
        kinds = {q.kind for q in questions}
        assert len(kinds) == n_kinds
        assert len(questions) == 5 * n_kinds


def test_a_question_that_expects_nothing_accepts_nothing_and_the_others_accept_the_row_they_were_made_from() -> None:
    for question in twelve_kinds(CITY, ABSENT, 60) + further_forms(CITY, 60):
        if question.expect == "none":
            assert question.accepted == ()
        else:
            assert question.row in question.accepted, question
        if question.expect == "several":
            assert len(question.accepted) > 1


def test_what_is_asked_for_in_vain_is_not_in_the_layer() -> None:
    tails = {row.district + tail_of(row) for row in ROWS}
    for question in further_forms(CITY, 60):
        if question.kind in {"sub_number_absent", "door_absent", "jia_absent", "lane_absent"}:
            assert question.text not in tails
    estates = {row.estate for row in ROWS}
    for question in twelve_kinds(CITY, ABSENT, 60):
        if question.kind == "neg_estate":
            assert not any(estate and question.text.endswith(estate) for estate in estates)
            assert any(name in question.text for name in ABSENT)


def test_a_mistyped_name_is_another_name_and_none_that_is_known() -> None:
    rng = random.Random(1)
    known = {"望月小区", "望岳小区"}
    made = {mistyped("望月小区", rng, known) for _ in range(300)}
    assert len(made) > 50
    assert not made & known
    assert mistyped("万科", rng) == "万科"
    assert mistyped_latin("Im Ring", rng) != "Im Ring"
    assert mistyped_latin("Au 5", rng) == "Au 5"


@pytest.mark.parametrize(("number", "text"), [(1, "一"), (10, "十"), (14, "十四"), (30, "三十"), (105, "一百零五")])
def test_numbers_are_written_in_chinese(number: int, text: str) -> None:
    assert in_chinese(number) == text


def test_styles_and_traditional_characters() -> None:
    rng = random.Random(2)
    seen = {styled("12", rng) for _ in range(300)}
    assert {"12栋", "十二幢", "12#", "１２号楼"} <= seen
    assert "十二#" not in seen
    assert traditional("3号楼望月区") == "3號樓望月區"


def test_names_that_end_in_a_numeral_are_not_used() -> None:
    assert usable_names(["古耕5000", "九零八", "望月小区", "散盘", "A", "一号, 广告"]) == ["望月小区"]


def test_the_files_hold_what_was_written(tmp_path) -> None:
    questions = twelve_kinds(CITY, ABSENT, 2)
    write_layer(ROWS, questions, tmp_path / "rows.json", tmp_path / "queries.json")
    assert read_rows(tmp_path / "rows.json") == ROWS
    assert read_questions(tmp_path / "queries.json") == questions


def test_a_village_row_of_the_published_form_is_read_with_its_house(tmp_path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[["宁水县", "远梅镇", "天丰村", "", "", "", "8", "6"]]', encoding="utf-8")
    (row,) = read_rows(path)
    assert text_of(row, REGION) == "湖南省长沙市宁水县远梅镇天丰村8组6号"
    assert address_table([row])["number"].tolist() == ["6"]


@pytest.mark.parametrize(
    ("expect", "accepted", "answer", "said"),
    [
        ("row", (3,), match("exact", 3), "right"),
        ("row", (3,), match("building", 3, 4), "right"),
        ("row", (3,), match("building", 4, 3), "wrong"),
        ("row", (3,), match("ambiguous", 3), "unsure"),
        ("row", (3,), match("street", among=(3, 4)), "unsure"),
        ("row", (3,), match("not_found"), "unsure"),
        ("row", (3, 5), match("exact", 5), "right"),
        ("row", (3, 5), match("ambiguous", 5, 3), "right"),
        ("row", (3, 5), match("ambiguous", 5, 4), "unsure"),
        ("several", (3, 5), match("exact", 5), "wrong"),
        ("several", (3, 5), match("ambiguous", 3, 5), "right"),
        ("none", (), match("building", 1), "wrong"),
        ("none", (), match("street", 1), "right"),
        ("estate", (3, 5), match("street", among=(3, 5)), "right"),
        ("estate", (3, 5), match("street", among=(3, 5, 6)), "unsure"),
        ("estate", (3, 5), match("exact", 3, among=(3, 5)), "wrong"),
    ],
)
def test_verdicts(expect: str, accepted: tuple[int, ...], answer: Match, said: str) -> None:
    assert verdict(Question("kind", "text", 3, accepted, expect), answer) == said


def test_rows_of_one_building_are_one_place() -> None:
    question = Question("kind", "text", 3, (3, 4, 5))
    assert verdict(question, match("ambiguous", 3, 5), ["a", "b", "c", "d", "d", "e"]) == "right"
    assert verdict(question, match("ambiguous", 3, 4), ["a", "b", "c", "d", "d", "e"]) == "unsure"
    assert places_of(pd.DataFrame({"id": ["x", "y"], "building_id": ["b", None]})) == ["b", 1]


def test_the_tally_counts_what_was_asked() -> None:
    questions = [Question("a", "", 1, (1,)), Question("a", "", 1, (1,)), Question("b", "", 1, (), "none")]
    kinds = tally(questions, [match("exact", 1), match("building", 2, 1), match("ambiguous", 7)])
    assert {key: kinds["a"][key] for key in ("n", "top1", "accepted_wrong", "first", "in5", "refused")} == {
        "n": 2, "top1": 1, "accepted_wrong": 1, "first": 1, "in5": 2, "refused": 0,
    }  # fmt: skip
    assert (kinds["b"]["accepted_wrong"], kinds["b"]["refused"], kinds["b"]["top1"]) == (0, 1, 0)


def test_a_row_of_the_layer_is_written_as_its_parts() -> None:
    row = Row("长桥区", "水文街道", "长银社区", "星杨大道", "492", "靶场路小区", "", "9")
    assert text_of(row) == "湖南省长沙市长桥区水文街道长银社区星杨大道492号靶场路小区9栋"
