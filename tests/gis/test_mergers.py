"""Villages merged, split, re-coded, their borders moved; and the same found again from two territories."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.i18n import sentence
from gis.errors import InputError
from gis.mergers import apply, match_territories, read_spec_file, read_specs, revoked_codes
from gis.report import QualityReport
from gis.territory import Territory
from tests.gis.villages import NEW, OTHER, SIDE_M, TOWN, A, B, C, D, check_sound, houses, rows, villages


def refused(territory: Territory, *specs: str, revoked: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(InputError) as caught:
        apply(territory, specs, revoked=revoked)
    for fault in caught.value.faults:
        for language in ("en", "zh"):
            assert "{" not in sentence(fault.code, fault.facts, language)
    return [fault.code for fault in caught.value.faults]


def test_two_villages_become_one_and_the_codes_in_every_layer_follow() -> None:
    before = villages()
    after, lineage = apply(before, [f"{A}+{B}={NEW}:新合村"])
    check_sound(before, after, lineage)
    new = after["communities"].set_index("code").loc[NEW]
    assert (new["name"], new["kind"], new["town"]) == ("新合村", "rural", "北镇")
    assert new.geometry.area == pytest.approx(2 * SIDE_M**2)
    assert new.geometry.geom_type == "Polygon"
    for layer in ("units", "posts", "grids"):
        was, now = before[layer]["community"], after[layer]["community"]
        assert now.tolist() == [NEW if c in (A, B) else c for c in was]
    assert rows(lineage) == [(A, NEW, 450, "merged"), (B, NEW, 450, "merged"), (C, C, 450, "kept"), (D, D, 450, "kept")]
    assert lineage.revoked == (A, B) == revoked_codes(after)
    assert lineage[A] == (NEW,)
    assert lineage.moved_households == 900


def test_villages_that_nobody_named_keep_their_shape_to_the_last_bit() -> None:
    before = villages()
    after, _ = apply(before, [f"{A}+{B}={A}"])
    for code in (C, D):
        one, two = (t["communities"].set_index("code").loc[code].geometry for t in (before, after))
        assert one.wkb == two.wkb


def test_the_new_village_may_keep_the_number_of_one_of_the_old_ones() -> None:
    after, lineage = apply(villages(), [f"{B}+{A}={A}"])
    assert after["communities"]["code"].tolist() == [A, C, D]
    assert after["communities"]["name"].tolist()[0] == "201村"
    assert lineage.revoked == (B,)


def test_a_village_gets_a_new_number_without_any_ground_moving() -> None:
    before = villages()
    after, lineage = apply(before, [f"{A}=990101200201"])
    assert lineage.table.loc[0, "relation"] == "recoded"
    assert after["communities"].geometry.iloc[-1].wkb == before["communities"].geometry.iloc[0].wkb
    assert after["communities"]["code"].tolist() == [B, C, D, "990101200201"]


def test_a_village_gets_a_new_name_and_keeps_its_number() -> None:
    after, lineage = apply(villages(), [f"{A}={A}:幸福村"])
    assert after["communities"]["name"].iloc[0] == "幸福村"
    assert lineage.changed == ()
    assert lineage.revoked == ()


def test_a_village_is_split_by_a_list_of_units_and_the_rest() -> None:
    before = villages()
    after, lineage = apply(before, [f"{A}={NEW}({A}-1,{A}-2,{A}-3)+{A}"])
    check_sound(before, after, lineage)
    assert rows(lineage)[:2] == [(A, A, 390, "split"), (A, NEW, 60, "split")]
    assert lineage[A] == (A, NEW)
    assert after["posts"].set_index("id").loc["p201", "community"] == NEW


def test_a_village_is_split_along_a_line_and_no_unit_is_cut() -> None:
    before = villages()
    line = "500120 3099000, 500120 3102000"
    after, lineage = apply(before, [f"{A}={NEW}+{OTHER}@{line}"])
    check_sound(before, after, lineage)
    assert rows(lineage)[:2] == [(A, NEW, 120, "split"), (A, OTHER, 330, "split")]
    turned, _ = apply(before, [f"{A}={NEW}+{OTHER}@LINESTRING (500120 3102000, 500120 3099000)"])
    shapes = [t["communities"].set_index("code").loc[NEW].geometry for t in (after, turned)]
    assert shapes[0].centroid.x < 500_120 < shapes[1].centroid.x


def test_units_move_from_one_village_to_another_and_go_with_it_where_it_is_merged() -> None:
    before = villages()
    after, lineage = apply(before, [f"{B}>{A}:{B}-1,{B}-4", f"{B}>{C}:{B}-9", f"{C}+{D}={NEW}"])
    check_sound(before, after, lineage)
    assert rows(lineage) == [
        (A, A, 450, "merged"),
        (B, A, 50, "moved"),
        (B, B, 310, "split"),
        (B, NEW, 90, "moved"),
        (C, NEW, 450, "merged"),
        (D, NEW, 450, "merged"),
    ]


def test_without_units_whole_street_blocks_go_with_the_buildings_listed() -> None:
    before = houses()
    after, lineage = apply(before, [f"{A}>{B}:b1,b5"])
    assert after["communities"].geometry.area.round(3).tolist() == [20_000.0, 60_000.0]
    assert rows(lineage) == [(A, A, 60, "split"), (A, B, 80, "moved"), (B, B, 220, "merged")]
    assert after["buildings"]["community"].isna().all()


def test_without_units_a_line_cuts_the_land_itself() -> None:
    after, lineage = apply(houses(), [f"{A}={A}+{NEW}@500100 3101000,500100 3099000"])
    assert after["communities"].geometry.area.round(3).tolist() == [20_000.0, 40_000.0, 20_000.0]
    assert rows(lineage)[:2] == [(A, A, 80, "split"), (A, NEW, 60, "split")]


def test_buildings_of_one_block_cannot_part() -> None:
    before = houses()
    crowded = pd.concat([before["buildings"], before["buildings"].iloc[[0]].assign(id="b9")])
    before = before.with_layers(buildings=gpd.GeoDataFrame(crowded, crs=before.crs))
    assert refused(before, f"{A}>{B}:b0") == ["merger_block_mixed"]


def test_revoked_numbers_are_remembered_from_change_to_change_and_never_given_again() -> None:
    first, _ = apply(villages(), [f"{A}+{B}={NEW}", f"-{OTHER}"], revoked=[f"{TOWN}200"])
    assert revoked_codes(first) == (f"{TOWN}200", A, B, OTHER)
    for number in (f"{TOWN}200", A, OTHER):
        assert refused(first, f"{C}+{D}={number}") == ["merger_target_revoked"]
    second, _ = apply(first, [f"{C}+{D}={C}"])
    assert revoked_codes(second) == (f"{TOWN}200", A, B, D, OTHER)


def test_villages_that_do_not_touch_may_merge_but_it_is_said() -> None:
    report = QualityReport()
    after, _ = apply(villages(), [f"{A}+{C}={A}"], report=report)
    assert [remark.code for remark in report.remarks] == ["note_merger_apart"]
    assert after["communities"].geometry.iloc[0].geom_type == "MultiPolygon"


@pytest.mark.parametrize(
    ("specs", "codes"),
    [
        ([f"{A}+{TOWN}999={A}"], ["merger_village_unknown"]),
        (["201村+202村=" + NEW], ["merger_village_unknown", "merger_village_unknown"]),
        ([f"{A}+{B}={A}", f"{B}+{C}={C}"], ["merger_village_twice"]),
        ([f"{A}+{B}={C}"], ["merger_target_taken"]),
        ([f"{A}+{B}={C}", f"{C}={NEW}"], ["merger_target_revoked"]),
        ([f"{A}={NEW}", f"{B}={NEW}"], ["merger_target_twice"]),
        ([f"{A}+{B}=99010110023"], ["merger_code_length"]),
        ([f"{A}+{B}=99010110023X"], ["merger_code_length"]),
        ([f"{A}>{TOWN}777:{A}-1"], ["merger_village_unknown"]),
        ([f"{A}>{B}:{A}-77"], ["merger_unit_unknown"]),
        ([f"{A}>{B}:{C}-1"], ["merger_unit_elsewhere"]),
        ([f"{A}>{B}:{A}-1", f"{A}>{C}:{A}-1"], ["merger_unit_twice"]),
        ([f"{A}={NEW}({A}-1)+{OTHER}({A}-2)"], ["merger_units_left"]),
        ([f"{A}={NEW}+{OTHER}@0 0,1 1"], ["merger_part_empty"]),
        ([f"-{A}"], ["merger_revoked_lives"]),
        (
            [f"{A}+{TOWN}999={C}", f"{A}={NEW}"],
            ["merger_village_unknown", "merger_village_twice", "merger_target_taken"],
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_every_fault(specs: list[str], codes: list[str]) -> None:
    assert refused(villages(), *specs) == codes


def test_a_refused_change_leaves_the_territory_as_it_was() -> None:
    territory = villages()
    before = territory.content_hash()
    refused(territory, f"{A}+{B}={NEW}", f"{C}>{D}:{C}-77")
    assert territory.content_hash() == before


def test_two_communities_with_one_code_are_refused() -> None:
    territory = villages()
    doubled = territory["communities"].assign(code=[A, A, C, D])
    territory = territory.with_layers(communities=doubled)
    assert refused(territory, f"{C}+{D}={C}") == ["merger_code_duplicate"]
    with pytest.raises(InputError) as caught:
        match_territories(villages(), territory)
    assert [fault.code for fault in caught.value.faults] == ["merger_code_duplicate_after"]


@pytest.mark.parametrize(
    "text",
    ["", "A", "A+B", "=C", "A+=C", "A+A=C", "A+B=C+D", "A=B=C", "A=B(", "A=B()+C", "A=B+C", "A=B(u)", "A>B", "A>B:",
     "A>A:u1", "A=B+C@here", "A=B+C@1 2", "A=B+B(u)", "A=B+C+D@0 0,1 1", "-", "A+B=C(u1)+D"],
)  # fmt: skip
def test_a_text_that_is_no_change_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_specs([text])
    assert [fault.code for fault in caught.value.faults] == ["merger_spec_malformed"]


def test_all_malformed_texts_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        read_specs(["A+B=C", "A", "B", "A>B:u"])
    assert [fault.facts["spec"] for fault in caught.value.faults] == ["A", "B"]


def test_full_width_signs_read_as_plain_ones() -> None:
    (wide,) = read_specs(["Ａ1＋B1＝C1：新村".replace("Ａ", "A")])
    (plain,) = read_specs(["A1+B1=C1:新村"])
    assert wide.parts == plain.parts


@given(st.text(alphabet="AB1+=>:,()@-. 新", max_size=24))
def test_any_text_is_a_change_or_malformed_and_nothing_else(text: str) -> None:
    with suppress(InputError):
        (change,) = read_specs([text])
        assert change.parts
        assert all(part.old for part in change.parts)


TABLE = [
    ("旧代码", "新代码", "新名称", "单元"),
    (A, NEW, "新合村", ""),
    (B, NEW, "", ""),
    (C, OTHER, "", f"{C}-1、{C}-2"),
    (C, C, "", ""),
    (f"{TOWN}299", "", "[已撤销]", ""),
]


def test_a_code_table_as_csv_in_gb18030_or_as_workbook_says_the_same_changes(tmp_path: Path) -> None:
    csv = tmp_path / "codes.csv"
    csv.write_bytes("\n".join(",".join(row) for row in TABLE).encode("gb18030"))
    book = openpyxl.Workbook()
    for row in TABLE:
        book.active.append(row)
    book.save(tmp_path / "codes.xlsx")
    text = tmp_path / "codes.txt"
    text.write_text(
        f"# 2019\n{A}+{B}={NEW}:新合村\n{C}={OTHER}({C}-1,{C}-2)+{C}  # split\n-{TOWN}299\n", encoding="utf-8"
    )
    answers = [apply(villages(), read_spec_file(path)) for path in (csv, tmp_path / "codes.xlsx", text)]
    assert len({territory.content_hash() for territory, _ in answers}) == 1
    assert {lineage.revoked for _, lineage in answers} == {(A, B, f"{TOWN}299")}
    assert answers[0][0]["communities"].set_index("code").loc[NEW, "name"] == "新合村"


@pytest.mark.parametrize(("name", "code"), [("codes.csv", "merger_file_columns"), ("codes.doc", "merger_file_kind")])
def test_a_file_without_changes_is_refused(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / name).write_text("名称,面积\n甲村,大\n乙村,小\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_spec_file(tmp_path / name)
    assert caught.value.code == code
