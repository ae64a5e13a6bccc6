"""What holds of every address and every text."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.address import AddressIndex, build_index
from gis.address.characters import fold, fold_with_places
from gis.address.unify import han_number, normalise, normalise_with_places
from tests.address_kit import REGION, ROWS, address_index, address_table

ANY = st.text(max_size=60)
ADDRESS_LIKE = st.text(
    st.sampled_from("岳麓区望月小区湖街道路村一二三十百号楼栋幢组室之附甲期至-~0123456789 #ＡB０號樓（），,/\t\x00😀"),
    max_size=30,
)
PIECES = """岳麓区 芙蓉区 长沙县 望月湖街道 黄花镇 桃子湖路 12号 望月小区 望悦小区 3栋 三号楼 A1栋
7组 天昌村 银盆南路 16-2号
99号 2单元 301室 ， 附近 荣信花园 14 1-3幢 阳光花园 二期 长沙市"""
LAYER_PIECES = st.lists(
    st.sampled_from(PIECES.split()),
    max_size=8,
).map("".join)


@pytest.fixture(scope="module")
def index() -> AddressIndex:
    return address_index()


@given(st.one_of(ANY, ADDRESS_LIKE))
@settings(max_examples=600, deadline=None)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert normalise(normalise(text)) == normalise(text)


@given(st.one_of(ANY, ADDRESS_LIKE))
@settings(max_examples=400, deadline=None)
def test_places_lead_back_to_the_text(text: str) -> None:
    folded, places = fold_with_places(text)
    assert folded == fold(text)
    assert len(places) == len(folded)
    normal, places = normalise_with_places(text)
    assert normal == normalise(text)
    assert len(places) == len(normal)
    assert all(0 <= place < len(text) for place in places)


@given(ADDRESS_LIKE)
@settings(max_examples=300, deadline=None)
def test_digits_parted_by_a_separator_are_never_glued(text: str) -> None:
    parted = set(re.findall(r"\d+(?=[-/~,，])|(?<=[-/~,，])\d+", text))
    glued = {a + b for a in parted for b in parted}
    runs = set(re.findall(r"\d+", normalise(text)))
    before = set(re.findall(r"\d+", fold(text)))
    assert not (runs & glued) - before - {str(n) for n in range(1000)}


@given(st.one_of(ANY, ADDRESS_LIKE, LAYER_PIECES))
@settings(max_examples=600, deadline=None)
def test_any_text_gets_an_answer_whose_numbers_were_asked(text: str) -> None:
    index = address_index_once()
    match = index.find(text)
    assert 0 <= match.confidence <= 1
    assert len(match.candidates) <= 5
    assert (match.row is not None) == (match.status in ("exact", "building"))
    if match.row is None:
        return
    asked = normalise(text)
    building, number, group = (_number(index, match.row, name) for name in ("building", "number", "group"))
    runs = set(re.findall(r"[A-Z]?[0-9]+[A-Z]?", asked))
    if building:
        assert building in runs
    else:
        assert set(re.findall(r"[0-9]+", number)) <= set(re.findall(r"[0-9]+", asked))
    assert not group or "组" not in asked or group + "组" in asked


def _number(index: AddressIndex, row: int, name: str) -> str:
    place = int(index.column[name][row])
    return index.numbers[place] if place >= 0 else ""


@given(st.lists(st.one_of(ADDRESS_LIKE, LAYER_PIECES), max_size=6))
@settings(max_examples=100, deadline=None)
def test_many_are_answered_like_each_alone(texts: list[str]) -> None:
    index = address_index_once()
    for text, match in zip(texts, index.find_many(texts)):
        alone = index.find(text)
        assert (match.status, match.candidates, match.reasons) == (alone.status, alone.candidates, alone.reasons)
        assert match.among.tolist() == alone.among.tolist()


def test_every_address_finds_itself(index: AddressIndex) -> None:
    for row in range(len(index)):
        for text in (index.text(row), REGION + index.text(row), index.text(row) + " "):
            match = index.find(text)
            assert (match.status, match.row) == ("exact", row)


def test_every_address_of_a_sample_town_finds_its_building() -> None:
    from data.sample import make_town

    territory = make_town(2_000, seed=3).territory
    index = build_index(territory["addresses"])
    for row in range(len(index)):
        match = index.find(index.text(row))
        assert match.status == "exact"
        assert index.building_id(match.candidates[0].row) == index.building_id(row)


def test_an_unrelated_address_changes_no_answer(index: AddressIndex) -> None:
    more = address_index([*ROWS, ("浏阳县", "淮川街道", "北正社区", "金沙北路", "8", "锦绣山庄", "", "9")])
    asked = [
        "岳麓区望悦小区3栋",
        "望月小区2栋",
        "岳麓区望月小区77栋",
        "岳麓区银盆南路7号",
        "岳麓区荣新花园A1栋",
        "天昌村8组9号",
        "岳麓区",
    ]
    for text in asked:
        ours, theirs = index.find(text), more.find(text)
        assert ours.status == theirs.status
        assert [index.text(one.row) for one in ours.candidates] == [more.text(one.row) for one in theirs.candidates]


def test_the_order_of_rows_changes_no_answer(index: AddressIndex) -> None:
    shuffled = list(ROWS)
    random.Random(5).shuffle(shuffled)
    other = address_index(shuffled)
    for text in ("岳麓区望悦小区3栋", "望月小区2栋", "岳麓区望月小区77栋", "岳麓区阳光花园3栋", "天昌村8组3号"):
        ours, theirs = index.find(text), other.find(text)
        assert ours.status == theirs.status
        assert {index.text(one.row) for one in ours.candidates} == {other.text(one.row) for one in theirs.candidates}


def test_taking_a_building_away_never_gives_its_neighbour() -> None:
    table = address_table()
    index = build_index(table, region=REGION)
    for gone in range(0, len(table), 3):
        left = table.drop(index=gone)
        less = build_index(left, region=REGION)
        for text in (index.text(gone), index.text(gone).replace("街道", "街办")):
            assert less.find(text).row is None


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("三", 3),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("一百零五", 105),
        ("二百一十", 210),
        ("一二三", 123),
        ("四十五十", None),
    ],
)
def test_chinese_numerals(numeral: str, value: int | None) -> None:
    assert han_number(numeral) == value


_ONCE: list[AddressIndex] = []


def address_index_once() -> AddressIndex:
    """The index of the small layer, made once for all examples."""
    if not _ONCE:
        _ONCE.append(address_index())
    return _ONCE[0]
