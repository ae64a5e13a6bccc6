"""Pages about micro-grids and supervision areas speak of them, not of grids of communities."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from maps.plan_map import render_plan_map
from maps.words import level_words, page_words
from tests.maps.plans import make_plan

LEVELS = [("micro", "households"), ("area", "grids"), ("area", "households")]


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)[:}]", text))


@pytest.mark.parametrize(("level", "measure"), LEVELS)
def test_the_words_of_a_level_have_the_keys_and_facts_of_the_page(level: str, measure: str) -> None:
    for language, table in page_words().items():
        words = level_words(level, measure)[language]
        assert words.keys() == table.keys()
        for key, text in table.items():
            if key != "f_kinds":
                assert placeholders(words[key]) == placeholders(text), key


def test_a_plan_keeps_its_own_words() -> None:
    assert level_words("", "") == page_words()


def test_one_level_down_a_grid_is_a_micro_grid_and_a_community_a_grid() -> None:
    words = level_words("micro", "households")
    assert words["en"]["legend_community"] == "Grid border"
    assert words["en"]["legend_grid"] == "Micro-grid border"
    assert words["en"]["now_fine"] == "Every micro-grid is in band"
    assert words["en"]["com_line"] == "households {n}, micro-grids {grids}"
    assert words["zh"]["search"] == "微网格编码或网格名称"
    assert words["en"]["state_in_band"] == "In band, {min}–{max} households"


def test_one_level_up_the_band_is_told_in_what_it_counts() -> None:
    by_grids, by_households = level_words("area", "grids"), level_words("area", "households")
    assert by_grids["en"]["state_in_band"] == "In band, {min}–{max} grids"
    assert by_grids["zh"]["foot_rules"] == "规则 {name}，{min}–{max} 个网格"
    assert by_households["en"]["state_in_band"] == "In band, {min}–{max} households"
    assert by_households["zh"]["reason_under_band"] == "总户数不足一个片区"
    assert by_grids["en"]["chart_hint"].startswith("Each bar is an area")
    assert by_grids["en"]["f_households"] == "Households"


def page_data(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="gw-data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_page_of_areas_is_titled_named_and_measured_as_areas() -> None:
    filed, land = make_plan(12, 3)
    names = [f"甲街道第{i + 1}片区" for i in range(len(filed.grids))]
    town = dict.fromkeys(filed.grids["community"].unique(), "甲街道")
    areas = replace(
        filed,
        grids=filed.grids.assign(name=names),
        meta={**filed.meta, "level": "area", "measure": "grids"},
    )
    data = page_data(render_plan_map(areas, land, language="zh"))
    assert data["words"]["zh"]["title"] == "片区划分图"
    assert (data["plan"]["level"], data["plan"]["counts"]) == ("area", "grids")
    assert {row["code"]: row["name"] for row in data["communities"]} == town
    plan = page_data(render_plan_map(filed, land, language="zh"))
    assert (plan["plan"]["level"], plan["plan"]["counts"]) == ("", "households")
    assert {row["name"] for row in plan["communities"]} == set(land["communities"]["name"])
