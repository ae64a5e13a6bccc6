"""From an address to its row: names may be mistyped, numbers are exact, doubt is said."""

from __future__ import annotations

import pytest

from gis.address import AddressIndex, build_index
from tests.address_kit import ROWS, address_index, address_table, answer, candidates

WANGYUE_3 = "岳麓区望月湖街道岳王亭社区桃子湖路12号望月小区3栋"


@pytest.fixture(scope="module")
def index() -> AddressIndex:
    return address_index()


@pytest.mark.parametrize(
    "text",
    [
        WANGYUE_3,
        "湖南省长沙市" + WANGYUE_3,
        "长沙市岳麓区望月湖街道桃子湖路12号望月小区3栋",
        "岳麓区望月湖街道望月小区三号楼",
        "岳麓望月湖街办桃子湖路１２号望月小区３＃",
        "岳麓区望月小区3幢2单元301室",
        "岳麓区望月小区3-2-301",
        "岳麓区望月小区3号",
        "望月小区３座，桃子湖路12号，岳麓区",
        "嶽麓區望月湖街道望月小區三號樓",
        "  岳麓区 望月小区 3 栋  ",
        "湖南省长沙市岳麓区望月湖街道岳王亭社区桃子湖路12号望月小区3栋2单元1502室（近地铁口）",
    ],
)
def test_one_building_written_in_many_ways_is_found_exactly(index: AddressIndex, text: str) -> None:
    assert answer(index, text) == ("exact", WANGYUE_3)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("岳麓区望悦小区3栋", "corrected"),
        ("岳麓区望小区3栋", "corrected"),
        ("岳麓区桃子胡路12号望月小曲3栋", "corrected"),
        ("岳麓区银盆岭街道望月小区3栋", "town_differs"),
        ("岳麓区桃子湖路99号望月小区3栋", "road_number_differs"),
        ("岳麓区望月小区3栋对面", "relation"),
        ("岳麓区不知名街道桃子湖路12号望月小区3栋", ""),
    ],
)
def test_a_building_found_with_something_amiss_says_what(index: AddressIndex, text: str, reason: str) -> None:
    match = index.find(text)
    assert (match.status, index.text(match.candidates[0].row)) == ("building", WANGYUE_3)
    assert not reason or reason in match.reasons


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("岳麓区望月小区77栋", "building_absent"),
        ("岳麓区荣信花园1栋", "building_absent"),  # A1 stands there, 1 does not
        ("岳麓区荣信花园A14栋", "building_absent"),  # 14 stands there
        ("岳麓区望月小区", "no_number"),
        ("岳麓区银盆南路7号", "door_absent"),
        ("岳麓区银盆南路16-9号", "sub_number_dropped"),
        ("岳麓区银盆南路69号", "door_absent"),
        ("岳麓区银盆南路甲3号", "door_absent"),
        ("岳麓区银盆南路5附7号", "door_absent"),
        ("长沙县黄花镇天昌村7组99号", "door_absent"),
    ],
)
def test_a_building_that_does_not_exist_is_refused(index: AddressIndex, text: str, reason: str) -> None:
    match = index.find(text)
    assert (match.status, match.row) == ("street", None)
    assert reason in match.reasons
    assert len(match.among)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("湖北省武汉市岳麓区望月小区3栋", "region_differs"),
        ("武汉市" + WANGYUE_3, "region_differs"),
        ("岳麓区望月湖街道东方红花园9栋", "estate_absent"),
        ("岳麓区", "only_area"),
        ("", "empty"),
        ("   ", "empty"),
        ("\x00\x07", "empty"),
        ("😀", "empty"),
        ("3", "nothing_known"),
        ("'; DROP TABLE addresses; --", "nothing_known"),
        ("=cmd|'/c calc'!A1", "nothing_known"),
        ("望" * 10_000, "too_long"),
    ],
)
def test_what_is_not_known_is_not_found(index: AddressIndex, text: str, reason: str) -> None:
    match = index.find(text)
    assert (match.status, match.row) == ("not_found", None)
    assert reason in match.reasons


def test_a_name_in_two_districts_is_ambiguous_until_the_district_is_said(index: AddressIndex) -> None:
    both = index.find("望月小区2栋")
    assert both.status == "ambiguous"
    assert "several_places" in both.reasons
    assert {text[:3] for text in candidates(index, both)} == {"岳麓区", "芙蓉区"}
    assert answer(index, "芙蓉区望月小区2栋")[0] == "exact"


def test_a_range_means_all_its_buildings(index: AddressIndex) -> None:
    match = index.find("岳麓区望月小区1-3幢")
    assert match.status == "ambiguous"
    assert [text[-2:] for text in candidates(index, match)] == ["1栋", "2栋", "3栋"]
    assert "range_asked" in match.reasons


def test_a_phase_left_out_or_unknown_is_asked_back(index: AddressIndex) -> None:
    assert answer(index, "岳麓区阳光花园二期3栋")[0] == "exact"
    assert index.find("岳麓区阳光花园3栋").status == "ambiguous"
    unknown = index.find("岳麓区阳光花园五期3栋")
    assert unknown.row is None
    assert "phase_unknown" in unknown.reasons


def test_numerals_inside_names_are_names_not_numbers(index: AddressIndex) -> None:
    assert answer(index, "岳麓区海岸一号3栋")[1].endswith("海岸一号3栋")
    assert answer(index, "岳麓区海岸1号3栋")[1].endswith("海岸一号3栋")
    assert answer(index, "岳麓区育德一街30号海岸一号1栋")[1].endswith("海岸一号1栋")
    assert answer(index, "岳麓区育德1街30号海岸一号1栋")[1].endswith("海岸一号1栋")
    assert index.find("岳麓区育德三街30号").row is None


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("岳麓区银盆南路16-2号", "银盆南路16-2号"),
        ("岳麓区银盆南路16之2号", "银盆南路16-2号"),
        ("岳麓区银盆南路16号之2", "银盆南路16-2号"),
        ("岳麓区银盆南路21巷2弄35号", "银盆南路21巷2弄35号"),
        ("岳麓区银盆南路附9号", "银盆南路附9号"),
        ("岳麓区银盆南路16号", "银盆南路16号"),
        ("长沙县黄花镇天昌村七组3号", "天昌村7组3号"),
        ("天昌村8组3号", "天昌村8组3号"),
    ],
)
def test_lanes_sub_numbers_and_groups_are_exact(index: AddressIndex, text: str, ending: str) -> None:
    status, found = answer(index, text)
    assert status == "exact"
    assert found.endswith(ending)


def test_an_absent_door_lies_among_its_own_side_of_the_street(index: AddressIndex) -> None:
    match = index.find("岳麓区银盆南路7号")
    numbers = {index.text(int(row)).split("路")[1] for row in match.among}
    assert "grid_by_side" in match.reasons
    assert numbers == {"1号", "3号", "5号", "169号"}


def test_the_answer_quotes_the_askers_own_text(index: AddressIndex) -> None:
    match = index.find("嶽麓區望月小區三號樓（近地鐵口），門口保安亭")
    assert match.matched == "嶽麓區望月小區三號樓"
    assert "近地鐵口" in match.dropped
    assert "門口保安亭" in match.dropped


def test_an_alias_stands_for_its_name() -> None:
    from gis.address.types import COMMUNITY, ESTATE

    index = build_index(
        address_table(),
        region="湖南省长沙市",
        aliases={(COMMUNITY, "老坝村"): "天昌村", (ESTATE, "月亮湾"): "望月小区"},
    )
    old = index.find("长沙县黄花镇老坝村7组3号")
    assert index.text(old.candidates[0].row).endswith("天昌村7组3号")
    assert "via_alias" in old.reasons
    assert old.status == "building"
    assert answer(index, "岳麓区月亮湾3栋")[1] == WANGYUE_3


def test_an_index_built_upon_an_earlier_one_is_the_same() -> None:
    changed = [row if row[5] != "荣信花园" else (*row[:5], "荣信新园", *row[6:]) for row in ROWS[:-3]]
    changed.append(("岳麓区", "望月湖街道", "岳王亭社区", "桃子湖路", "14", "", "", ""))
    fresh = address_index(changed)
    upon = build_index(address_table(changed), region="湖南省长沙市", previous=address_index())
    ours, theirs = fresh.arrays(), upon.arrays()
    assert ours.keys() == theirs.keys()
    assert all((ours[name] == theirs[name]).all() for name in ours if name not in ("lon", "lat"))
    assert answer(upon, "岳麓区荣信新园A1栋")[0] == "exact"


def test_an_index_stored_as_arrays_answers_the_same(index: AddressIndex) -> None:
    again = AddressIndex.of_arrays(index.arrays(), index.meta)
    for text in (WANGYUE_3, "岳麓区望悦小区3栋", "望月小区2栋", "岳麓区银盆南路7号"):
        ours, theirs = index.find(text), again.find(text)
        assert (ours.status, ours.candidates, ours.reasons) == (theirs.status, theirs.candidates, theirs.reasons)


def test_text_alone_is_taken_apart_like_columns() -> None:
    table = address_table()[["id", "text", "building_id"]]
    index = build_index(table, region="湖南省长沙市")
    for text in table["text"]:
        match = index.find(text)
        assert match.row is not None
        assert index.text(match.row) == text
    assert answer(index, "岳麓区望悦小区3栋") == ("building", WANGYUE_3)
    assert answer(index, "长沙县天昌村七组3号")[1].endswith("天昌村7组3号")


def test_an_empty_layer_finds_nothing() -> None:
    index = build_index(address_table([]))
    assert index.find(WANGYUE_3).status == "not_found"
