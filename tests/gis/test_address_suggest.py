"""What a text that is being typed may become: names by characters, pinyin and words, and numbers behind them."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.address import AddressIndex, build_index
from gis.address.suggest import Suggestions


def _rows() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []

    def add(
        street: str, number: str, estate: str, building: str, town: str = "望月湖街道", district: str = "岳麓区"
    ) -> None:
        text = f"湖南省长沙市{district}{town}{street}{number}号{estate}{building}栋".removesuffix(
            "栋" if not building else ""
        )
        rows.append(
            {
                "id": f"a{len(rows)}",
                "text": text,
                "district": district,
                "town": town,
                "street": street,
                "number": number,
                "estate": estate,
                "building": building,
                "building_id": f"b{len(rows)}",
                "lon": 112.9 + len(rows) * 1e-4,
                "lat": 28.2,
            }
        )

    for building in ("1", "2", "3", "30", "31", "A3", "10"):
        add("桐梓坡路", "12", "望月小区", building)
    add("桐梓坡路", "14", "望岳小区", "1")
    add("桐梓坡路", "14", "望岳小区", "2")
    add("重庆路", "5", "阳光小区", "1", town="坡子街街道", district="天心区")
    add("重庆路", "7", "阳光小区", "2", town="坡子街街道", district="天心区")
    add("重庆路", "9", "阳光小区", "1", town="望月湖街道")
    add("长城路", "3", "绿园二号院", "1")
    add("长城路", "3", "绿园二期", "1")
    return rows


@pytest.fixture(scope="module")
def index() -> AddressIndex:
    return build_index(pd.DataFrame(_rows()), region="湖南省长沙市")


@pytest.mark.parametrize(
    "q",
    [
        "望月小",
        "望月小区",
        "wyxq",
        "WYXQ",
        "wangyuex",
        "wangyuexiaoqu",
        "wangyuexq",
        "wyxiaoq",
        "望月x",
        "望yxq",
        "望月xiaoq",
        "ｗｙｘｑ",
        "岳麓区望月x",
        "岳麓望月小",
        "湖南省长沙市岳麓区望月湖街道望月小",
        " 望 月 小",
    ],
)
def test_a_beginning_finds_the_name(index: AddressIndex, q: str) -> None:
    assert "望月小区" in [found.text for found in index.suggest(q)]


@pytest.mark.parametrize("q", ["wyxqq", "wangyuexia0", "月小区", "yxq", "天心区望月小", "望月小区小", "q望月"])
def test_what_does_not_begin_so_is_not_offered(index: AddressIndex, q: str) -> None:
    assert "望月小区" not in [found.text for found in index.suggest(q)]


@pytest.mark.parametrize("q", ["cqlu", "zqlu", "chongqinglu", "zhongqing", "chqinglu", "cql"])
def test_both_readings_of_a_character_count(index: AddressIndex, q: str) -> None:
    assert "重庆路" in [found.text for found in index.suggest(q)]


@pytest.mark.parametrize("q", ["绿园二", "lyerhaoy", "lvyuanerh", "ly2hao", "绿园2"])
def test_a_numeral_in_a_name_is_typed_either_way_and_shown_as_written(index: AddressIndex, q: str) -> None:
    assert "绿园二号院" in [found.text for found in index.suggest(q)]


def test_more_buildings_come_first(index: AddressIndex) -> None:
    found = index.suggest("wyxq")
    assert [(one.text, one.n_buildings) for one in found] == [("望月小区", 7), ("望岳小区", 2)]


def test_a_name_in_two_districts_is_listed_for_each(index: AddressIndex) -> None:
    found = [(one.text, one.context, one.n_buildings) for one in index.suggest("阳光小区") if one.kind == "estate"]
    assert found == [("阳光小区", "天心区 坡子街街道", 2), ("阳光小区", "岳麓区 望月湖街道", 1)]


def test_what_is_typed_in_front_narrows_the_places(index: AddressIndex) -> None:
    found = index.suggest("岳麓区阳光")
    assert [one.context for one in found] == ["岳麓区 望月湖街道"]


def test_streets_towns_and_districts_are_offered_too(index: AddressIndex) -> None:
    assert [(one.text, one.kind) for one in index.suggest("tzpl")] == [("桐梓坡路", "street")]
    assert ("望月湖街道", "town") in [(one.text, one.kind) for one in index.suggest("wyh")]
    assert ("岳麓区", "district") in [(one.text, one.kind) for one in index.suggest("ylq")]


def test_behind_a_whole_name_come_its_numbers(index: AddressIndex) -> None:
    found = [one.text for one in index.suggest("望月小区3")]
    assert found == ["望月小区3栋", "望月小区30栋", "望月小区31栋"]
    assert [one.text for one in index.suggest("望月小区3号楼")] == ["望月小区3栋"]
    assert [one.text for one in index.suggest("望月小区a")] == ["望月小区A3栋"]
    assert [one.text for one in index.suggest("wyxq3")][:3] == found
    assert [one.text for one in index.suggest("桐梓坡路1")] == ["桐梓坡路12号", "桐梓坡路14号"]
    assert index.suggest("望月小区4") == []


def test_a_whole_name_is_followed_by_its_numbers_in_the_order_of_counting(index: AddressIndex) -> None:
    found = [one.text for one in index.suggest("望月小区")]
    assert found == ["望月小区", *(f"望月小区{n}栋" for n in ("1", "2", "3", "A3", "10", "30", "31"))]


def test_a_number_leads_to_its_row(index: AddressIndex) -> None:
    first = index.suggest("望月小区30")[0]
    assert (first.kind, first.row) == ("building", 3)
    assert index.find(first.text).row == 3
    assert first.lon == pytest.approx(112.9003)


def test_a_place_has_the_middle_of_its_addresses(index: AddressIndex) -> None:
    first = index.suggest("望岳小区")[0]
    assert first.lon == pytest.approx(112.90075)
    assert first.lat == pytest.approx(28.2)


def test_without_coordinates_a_place_is_none() -> None:
    table = pd.DataFrame(_rows()).drop(columns=["lon", "lat"])
    first = build_index(table).suggest("望月小区")[0]
    assert (first.lon, first.lat) == (None, None)


def test_aliases_lead_to_the_name_they_stand_for() -> None:
    from gis.address.types import ESTATE

    index = build_index(pd.DataFrame(_rows()), aliases={(ESTATE, "老机械厂"): "望月小区"})
    assert [one.text for one in index.suggest("老机")] == ["望月小区"]
    assert "望月小区" in [one.text for one in index.suggest("ljx")]


@pytest.mark.parametrize(
    "q", ["", " ", "，", None, float("nan"), 3, "\x00", "(((", "#", "-", "😀", "a" * 10_000, "望" * 10_000]
)
def test_odd_input_gives_nothing_and_breaks_nothing(index: AddressIndex, q: object) -> None:
    assert index.suggest(q) == []  # type: ignore[arg-type]


def test_an_empty_layer_suggests_nothing() -> None:
    assert build_index(pd.DataFrame({"id": [], "text": []})).suggest("望") == []


@pytest.mark.parametrize("limit", [-5, 0, 1, 3, 1_000_000])
def test_the_limit_is_held(index: AddressIndex, limit: int) -> None:
    assert 1 <= len(index.suggest("望", limit)) <= min(max(limit, 1), 50)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30) | st.text(alphabet="望月小区岳麓wyxq3栋号区 -#路", max_size=20))
def test_no_text_breaks_it_and_nothing_comes_twice(index: AddressIndex, q: str) -> None:
    found = index.suggest(q)
    assert len(found) <= 10
    assert len({(one.text, one.kind, one.context) for one in found}) == len(found)


def test_the_order_of_rows_changes_nothing() -> None:
    table = pd.DataFrame(_rows())
    one, other = build_index(table), build_index(table.iloc[::-1])
    for q in ("望", "w", "阳光", "望月小区", "tz", "长"):
        assert [(a.text, a.context, a.n_buildings) for a in one.suggest(q)] == [
            (a.text, a.context, a.n_buildings) for a in other.suggest(q)
        ]


def test_names_in_latin_script_are_found_by_any_word_and_any_abbreviation() -> None:
    rows = [
        ("Rue Grimaldi", "12", "Monaco"),
        ("Rue Grimaldi", "14", "Monaco"),
        ("Avenue Albert II", "3", "Monaco"),
        ("Dorfstrasse", "24", "Triesen"),
        ("Dorfstrasse", "24", "Balzers"),
    ]
    index = build_index(
        pd.DataFrame(
            {
                "id": [str(k) for k in range(len(rows))],
                "text": [f"{street} {number}, {town}" for street, number, town in rows],
                "street": [street for street, _, _ in rows],
                "number": [number for _, number, _ in rows],
                "town": [town for _, _, town in rows],
            }
        )
    )
    for q in ("gri", "rue gri", "RUE GRIMALDI", "rue de gri"):
        assert index.suggest(q)[0].text == "Rue Grimaldi", q
    for q in ("ave alb", "avenue albert", "av albert", "albert ii"):
        assert index.suggest(q)[0].text == "Avenue Albert II", q
    assert [one.text for one in index.suggest("12 rue gri")] == ["Rue Grimaldi 12, Monaco"]
    assert [one.text for one in index.suggest("rue grimaldi 1")] == [
        "Rue Grimaldi 12, Monaco",
        "Rue Grimaldi 14, Monaco",
    ]
    assert [one.context for one in index.suggest("dorf")] == ["Balzers", "Triesen"]


def test_what_is_offered_is_found(index: AddressIndex) -> None:
    suggestions = Suggestions.of(index)
    for row in _rows():
        for one in suggestions.suggest(f"{row['estate']}{row['building']}"):
            if one.row is not None and one.context == f"{row['district']} {row['town']}":
                assert index.column["building"][one.row] >= 0
                assert one.text.startswith(str(row["estate"]))
