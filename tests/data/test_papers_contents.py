"""What the papers say, read back and counted again from the plan."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from data.papers import (
    TEMPLATES,
    PaperOptions,
    write_change_list,
    write_crosswalk,
    write_notice,
    write_register,
    write_statistics,
)
from data.papers.lineage import changes_of, crosswalk_of, with_crosswalk
from gis.errors import InputError
from partition.compare import compare, ground_of
from tests.data.paper_kit import CELLS, FORMULA, cells_of, make_land, make_old_plan, make_plan, read_table
from tests.maps.plans import make_plan as make_county


def register(tmp_path: Path, **kwargs: object) -> pd.DataFrame:
    land = kwargs.pop("land", None) or make_land()
    write_register(make_plan(), land, tmp_path / "r.xlsx", **kwargs)  # type: ignore[arg-type]
    return read_table(tmp_path / "r.xlsx")


def test_the_register_has_a_row_a_grid_with_codes_as_text(tmp_path: Path) -> None:
    table = register(tmp_path)
    assert table["网格代码"].tolist()[:-1] == sorted(CELLS)
    assert table["户数"].tolist()[:-1] == [350, 400, 301, 499, 550, 210, 200]
    codes = [c for c in cells_of(tmp_path / "r.xlsx") if str(c.value) in CELLS]
    assert {(c.data_type, c.number_format) for c in codes} == {("s", "@")}


def test_the_totals_of_the_register_are_the_sums_of_its_rows(tmp_path: Path) -> None:
    table = register(tmp_path)
    for column in ("面积（平方米）", "户数", "人口", "楼栋数", "重点部位（处）", "网格员应配"):
        assert table[column].iloc[-1] == sum(v for v in table[column][:-1] if v is not None), column


def test_the_boundary_is_told_in_the_order_east_south_west_north(tmp_path: Path) -> None:
    table = register(tmp_path).set_index("网格代码")
    assert table.loc["990101001001001", "四至范围"] == "东至中山路；南至辖区边界；西至@人民路；北至002网格"
    write_register(make_plan(), make_land(), tmp_path / "e.xlsx", language="en")
    told = read_table(tmp_path / "e.xlsx").set_index("Grid code").loc["990101001001001", "Boundary"]
    assert told == "east to 中山路; south to the border of the area; west to @人民路; north to 002网格"


def test_neighbours_with_one_name_are_told_by_code(tmp_path: Path) -> None:
    plan = make_plan()
    grids = plan.grids.assign(name="网格")
    write_register(replace(plan, grids=grids), make_land(), tmp_path / "r.xlsx")
    told = read_table(tmp_path / "r.xlsx").set_index("网格代码").loc["990101001001001", "四至范围"]
    assert told.endswith("北至990101001001002")


def test_many_key_places_are_counted_and_the_first_ones_named(tmp_path: Path) -> None:
    row = register(tmp_path).set_index("网格代码").loc["990101001001001"]
    assert row["重点部位（处）"] == 15
    assert row["重点部位"].count("+学校") == 12
    assert row["重点部位"].endswith("等15处")


def test_key_places_without_a_name_are_told_by_kind_and_counted(tmp_path: Path) -> None:
    land = make_land()
    places = land["key_places"].assign(name=None)
    row = register(tmp_path, land=land.with_layers(key_places=places)).set_index("网格代码").loc["990101001001001"]
    assert (row["重点部位（处）"], row["重点部位"]) == (15, "学校×15")


def test_posts_inside_are_counted_by_kind(tmp_path: Path) -> None:
    table = register(tmp_path).set_index("网格代码")
    assert table.loc["990101001001002", "辖内岗点"] == "警务室1、服务站1"
    assert table.loc["990101001001001", "辖内岗点"] is None


def test_filled_posts_are_empty_where_nobody_counted_them(tmp_path: Path) -> None:
    table = register(tmp_path)
    assert set(table["网格员实配"]) == {None}
    assert table["网格员应配"].tolist() == [1] * 7 + [7]


def test_counts_at_a_few_places_are_not_taken_for_those_of_their_grids(tmp_path: Path) -> None:
    land = make_land(posts={"grid_officers": [0, 5, 4]})
    assert set(register(tmp_path, land=land)["网格员实配"]) == {None}
    write_statistics(make_plan(), land, tmp_path / "s.xlsx")
    row = read_table(tmp_path / "s.xlsx", 3).set_index("配备模式").loc["一格一员"]
    # Seven grids, nine officers; the village has none of them.
    assert (row["应配"], row["实配"], row["缺额"], row["网均实配"]) == (7, 9, 1, 1.29)


def test_counts_in_most_grids_are_told_grid_by_grid(tmp_path: Path) -> None:
    posts = make_land(posts={"grid_officers": [0, 2, 1]})["posts"]
    land = make_land()
    more = pd.concat([posts] * 2, ignore_index=True).iloc[1:5].reset_index(drop=True)
    shapes = make_plan().grids.geometry.representative_point().iloc[:4]
    more = more.assign(id=[f"q{i}" for i in range(4)], kind="service", grid_officers=[2, 0, 1, 1])
    table = register(tmp_path, land=land.with_layers(posts=more.set_geometry(shapes.to_list(), crs=posts.crs)))
    assert table["网格员实配"].tolist() == [2, 0, 1, 1, 0, 0, 0, 4]


def test_a_grid_out_of_band_gives_its_reason_in_words(tmp_path: Path) -> None:
    table = register(tmp_path).set_index("网格代码")
    assert table["超范围原因"].notna().sum() == 1
    assert table.loc["990101001002001", "超范围原因"].startswith("总户数落在区间空档")


def test_the_staffing_template_is_a_setting(tmp_path: Path) -> None:
    options = PaperOptions(staffing=TEMPLATES["one_head_three_officers"])
    table = register(tmp_path, options=options)
    assert {"网格长应配", "专职网格员应配", "兼职网格员应配", "网格指导员应配"} <= set(table.columns)


@pytest.mark.parametrize("sheet", [0, 1])
def test_statistics_add_up(sheet: int, tmp_path: Path) -> None:
    write_statistics(make_plan(), make_land(), tmp_path / "s.xlsx")
    table = read_table(tmp_path / "s.xlsx", sheet)
    parts, whole = table.iloc[:-1], table.iloc[-1]
    for column in (
        "网格数",
        "基础网格",
        "专属网格",
        "农村网格",
        "户数",
        "人口",
        "楼栋数",
        "基础网格达标",
        "基础网格超范围",
    ):
        assert whole[column] == parts[column].sum(), column
    assert (parts["基础网格"] + parts["专属网格"] + parts["农村网格"] == parts["网格数"]).all()
    assert (whole["网格数"], whole["户数"], whole["基础网格超范围"]) == (7, 2510, 1)
    assert (whole["最少户数"], whole["平均户数"], whole["最多户数"]) == (301, 420, 550)


def test_communities_without_a_town_come_last_and_are_said_to_have_none(tmp_path: Path) -> None:
    write_statistics(make_plan(), make_land(), tmp_path / "s.xlsx")
    assert read_table(tmp_path / "s.xlsx")["乡镇（街道）"].tolist() == ["东镇", "（未注明）", "合计"]


def test_the_list_out_of_band_says_how_far_and_why(tmp_path: Path) -> None:
    write_statistics(make_plan(), make_land(), tmp_path / "s.xlsx")
    row = read_table(tmp_path / "s.xlsx", 2).iloc[0]
    assert (row["网格代码"], row["与范围相差（户）"], row["说明与建议"]) == ("990101001002001", 50, "网格户数在空档。")


def test_a_total_is_shared_out_in_whole_numbers(tmp_path: Path) -> None:
    write_statistics(make_plan(), make_land(), tmp_path / "s.xlsx")
    table = read_table(tmp_path / "s.xlsx", 4)
    assert table["队员应配"].iloc[-1] == 470 == table["队员应配"].iloc[:-1].sum()
    assert table["车辆应配"].iloc[-1] == 56
    # 1,550, 760 and 200 households: 290.24 + 142.31 in the town, 37.45 in the village, which has the largest rest.
    assert table["队员应配"].tolist() == [432, 38, 470]


def test_before_and_after_stand_side_by_side(tmp_path: Path) -> None:
    write_statistics(make_plan(), make_land(), tmp_path / "s.xlsx", old=make_old_plan())
    table = read_table(tmp_path / "s.xlsx", 5).set_index("指标")
    assert table.loc["网格总数", ["调整前", "调整后", "增减"]].tolist() == [7, 7, 0]
    assert table.loc["农村网格", ["调整前", "调整后", "增减", "增减比例"]].tolist() == [2, 1, -1, -0.5]


def test_the_change_list_adds_up_to_all_grids_of_both_plans(tmp_path: Path) -> None:
    write_change_list(make_plan(), make_land(), tmp_path / "c.xlsx", old=make_old_plan())
    table, counts = read_table(tmp_path / "c.xlsx").iloc[:-1], read_table(tmp_path / "c.xlsx", 1)
    assert sorted(table["原代码"].dropna()) == sorted(make_old_plan().grids["code"])
    assert sorted(table["新代码"].dropna()) == sorted(CELLS)
    whole = counts.set_index("变更类型").loc["合计"]
    assert (whole["行数"], whole["原网格数"], whole["新网格数"]) == (len(table), 7, 7)
    assert counts["原网格数"].iloc[:-1].sum() == 7


def test_the_change_list_says_what_a_comparison_says(tmp_path: Path) -> None:
    old, new, land = make_old_plan(), make_plan(), make_land()
    pair = compare([old, new], ["old", "new"], ground=ground_of(land)).pairs[0]
    changes = changes_of(crosswalk_of(with_crosswalk(new, old, land)))
    ours = {(c.relation, c.old or None, c.new or None, c.gained, c.lost) for c in changes}
    columns = ["change", "old", "new", "households_in", "buildings_in", "households_out", "buildings_out"]
    theirs = {
        (k, o, n, (hi, bi), (ho, bo)) for k, o, n, hi, bi, ho, bo in pair.changes[columns].itertuples(index=False)
    }
    assert ours == theirs


def test_a_grid_that_was_cut_is_told_with_what_it_lost(tmp_path: Path) -> None:
    write_change_list(make_plan(), make_land(), tmp_path / "c.xlsx", old=make_old_plan())
    table = read_table(tmp_path / "c.xlsx").set_index("原代码")
    row = table.loc["990101001001001"]
    # 400 of its 750 households are in 002 now, which carries it on; the others left it.
    assert (row["变更类型"], row["新代码"], row["划出户数"], row["划出楼栋"]) == ("调整", "990101001001002", 350, 1)
    assert row["去往新网格"] == "990101001001001"
    assert table.loc["990101101200002", "变更类型"] == "合并"
    assert table.loc["990101101200002", "去往新网格"] == "990101101200001"


def test_a_first_plan_has_new_grids_only(tmp_path: Path) -> None:
    write_change_list(make_plan(), make_land(), tmp_path / "c.xlsx")
    table = read_table(tmp_path / "c.xlsx").iloc[:-1]
    assert set(table["变更类型"]) == {"新设"}
    assert table["划入户数"].sum() == 2510


def test_the_crosswalk_is_told_in_both_directions_with_shares_of_one(tmp_path: Path) -> None:
    write_crosswalk(make_plan(), make_land(), tmp_path / "x.xlsx", old=make_old_plan())
    forth, back = read_table(tmp_path / "x.xlsx").iloc[:-1], read_table(tmp_path / "x.xlsx", 1).iloc[:-1]
    assert forth.groupby("原代码")["占原网格户数"].sum().tolist() == [1.0] * 7
    assert back.groupby("新代码")["占新网格户数"].sum().tolist() == [1.0] * 7
    pairs = {(a, b) for a, b in zip(forth["原代码"], forth["新代码"])}
    assert pairs == {(a, b) for a, b in zip(back["原代码"], back["新代码"])}


def test_the_csv_reads_in_office_programs_and_has_the_columns_of_the_contract(tmp_path: Path) -> None:
    write_crosswalk(make_plan(), make_land(), tmp_path / "x.csv", old=make_old_plan())
    write_crosswalk(make_plan(), make_land(), tmp_path / "y.csv", old=make_old_plan(), inverse=True)
    assert (tmp_path / "x.csv").read_bytes().startswith(b"\xef\xbb\xbfold,new,")
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["households"]) for row in rows) == 2510
    assert {row["plan"] for row in rows} == {"new000000001"}
    shares: dict[str, float] = {}
    for row in rows:
        shares[row["old"]] = shares.get(row["old"], 0.0) + float(row["share_of_old"])
    assert set(shares.values()) == {1.0}
    with (tmp_path / "y.csv").open(encoding="utf-8-sig", newline="") as file:
        back = list(csv.DictReader(file))
    assert {(r["old"], r["new"]) for r in back} == {(r["new"], r["old"]) for r in rows}


def test_a_code_that_looks_like_a_formula_is_quoted_in_the_csv(tmp_path: Path) -> None:
    plan = make_plan()
    grids = plan.grids.assign(code=["=1+1", *plan.grids["code"][1:]])
    write_crosswalk(replace(plan, grids=grids), make_land(), tmp_path / "x.csv")
    assert ",'=1+1," in (tmp_path / "x.csv").read_text(encoding="utf-8-sig")


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="option_out_of_range"):
        write_crosswalk(make_plan(), make_land(), tmp_path / "x.ods")


def test_the_notice_tells_old_codes_new_codes_the_day_and_the_office(tmp_path: Path) -> None:
    options = PaperOptions(effective_from="2024-07-01", office="东镇综治中心")
    write_notice(make_plan(), make_land(), tmp_path / "n.xlsx", old=make_old_plan(), options=options)
    texts = [str(cell.value) for cell in cells_of(tmp_path / "n.xlsx") if cell.value is not None]
    assert "自 2024-07-01 起启用网格方案 new000000001，原方案同时停用。" in texts
    assert "网格由 7 个调整为 7 个。" in texts
    assert "咨询单位：东镇综治中心" in texts
    annex = read_table(tmp_path / "n.xlsx", 1)
    assert annex.set_index("原网格代码").loc["990101101200002", "新网格代码"] == "990101101200001"


def test_kept_grids_are_no_news(tmp_path: Path) -> None:
    write_notice(make_plan(), make_land(), tmp_path / "n.xlsx", old=make_plan(plan_id="old000000001"))
    assert read_table(tmp_path / "n.xlsx", 1).empty


def test_a_first_notice_lists_every_code(tmp_path: Path) -> None:
    write_notice(make_plan(), make_land(), tmp_path / "n.xlsx")
    assert read_table(tmp_path / "n.xlsx", 1)["新网格代码"].tolist() == sorted(CELLS)
    assert not [c for c in cells_of(tmp_path / "n.xlsx") if "原方案" in str(c.value)]


def test_old_codes_stand_in_the_register_after_a_redraw(tmp_path: Path) -> None:
    table = register(tmp_path, old=make_old_plan()).set_index("网格代码")
    assert table.loc["990101001001002", "原网格代码"] == "990101001001001"
    assert table.loc["990101101200001", "原网格代码"].split("\n") == ["990101101200001", "990101101200002"]


def test_a_hostile_community_name_is_told_as_it_is(tmp_path: Path) -> None:
    assert FORMULA in register(tmp_path)["社区（村）"].tolist()


def test_the_papers_of_a_county_of_1200_grids_name_every_grid(tmp_path: Path) -> None:
    plan, land = make_county(1200, 40)
    write_register(plan, land, tmp_path / "r.xlsx")
    write_statistics(plan, land, tmp_path / "s.xlsx")
    table = read_table(tmp_path / "r.xlsx")
    assert len(table) == 1201
    assert table["四至范围"].iloc[:-1].str.count("至").min() >= 4
