"""Villages merged, split, re-coded, their borders moved; and the same found again from two territories."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from api.i18n import sentence
from gis import mergers
from gis.errors import InputError
from gis.mergers import Lineage, apply, match_territories, read_spec_file, read_specs, revoked_codes
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from gis.territory import Territory

TOWN = "990101100"
A, B, C, D = (f"{TOWN}{n}" for n in (201, 202, 203, 204))
NEW, OTHER = f"{TOWN}231", f"{TOWN}232"
SIDE_M = 300.0
N = 3  # units along one side of a village


def villages(n_wide: int = 4, n_high: int = 1) -> Territory:
    """Villages in a row (or rows), each of 3 x 3 units of 10, 20, ... 90 households; a post and a grid in each."""
    step = SIDE_M / N
    codes, shapes, units = [], [], []
    for k in range(n_wide * n_high):
        x, y = (k % n_wide) * SIDE_M, (k // n_wide) * SIDE_M
        code = f"{TOWN}{201 + k}"
        codes.append(code)
        cells = [
            box(x + i * step, y + j * step, x + (i + 1) * step, y + (j + 1) * step) for j in range(N) for i in range(N)
        ]
        units += [(f"{code}-{i + 1}", code, 10 * (i + 1), cell) for i, cell in enumerate(cells)]
        shapes.append(shapely.coverage_union_all(np.array(cells)))
    place = {"crs": "EPSG:4547"}
    moved = [shapely.transform(s, lambda xy: xy + np.array([500_000.0, 3_100_000.0])) for s in shapes]
    cells = [shapely.transform(u[3], lambda xy: xy + np.array([500_000.0, 3_100_000.0])) for u in units]
    communities = gpd.GeoDataFrame(
        {"code": codes, "name": [f"{c[-3:]}村" for c in codes], "kind": "rural", "town": "北镇"},
        geometry=moved,
        **place,
    )
    layers = {
        "communities": communities,
        "units": gpd.GeoDataFrame(
            [u[:3] for u in units], columns=["id", "community", "households"], geometry=cells, **place
        ),
        "posts": gpd.GeoDataFrame(
            {"id": [f"p{c[-3:]}" for c in codes], "kind": "service", "community": codes},
            geometry=[Point(s.bounds[0] + 20, s.bounds[1] + 20) for s in moved],
            **place,
        ),
        "grids": gpd.GeoDataFrame({"code": [f"{c}001" for c in codes], "community": codes}, geometry=moved, **place),
    }
    return Territory.of(layers, meta={"created_at": "2019-01-01T00:00:00+00:00"})


def houses() -> Territory:
    """Two communities of four street blocks each, a house in each block, no units."""
    at = np.array([500_000.0, 3_100_000.0])

    def put(shape: shapely.Geometry) -> shapely.Geometry:
        return shapely.transform(shape, lambda xy: xy + at)

    streets = [LineString([(0, 100), (400, 100)]), *(LineString([(x, 0), (x, 200)]) for x in (100, 200, 300))]
    spots = [(x, y) for y in (50, 150) for x in (50, 150, 250, 350)]
    layers = {
        "communities": gpd.GeoDataFrame(
            {"code": [A, B], "name": ["甲社区", "乙社区"], "kind": "urban"},
            geometry=[put(box(0, 0, 200, 200)), put(box(200, 0, 400, 200))],
            crs=4547,
        ),
        "buildings": gpd.GeoDataFrame(
            {"id": [f"b{k}" for k in range(8)], "households": range(10, 90, 10)},
            geometry=[put(box(x - 10, y - 5, x + 10, y + 5)) for x, y in spots],
            crs=4547,
        ),
        "streets": gpd.GeoDataFrame(
            {"id": [f"s{k}" for k in range(4)], "class": "residential"}, geometry=[put(s) for s in streets], crs=4547
        ),
    }
    return Territory.of(layers)


def rows(lineage: Lineage) -> list[tuple[str | None, str | None, int, str]]:
    table = lineage.table
    return list(zip(table["old"], table["new"], table["households"], table["relation"]))


def refused(territory: Territory, *specs: str, revoked: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(InputError) as caught:
        apply(territory, specs, revoked=revoked)
    for fault in caught.value.faults:
        for language in ("en", "zh"):
            assert "{" not in sentence(fault.code, fault.facts, language)
    return [fault.code for fault in caught.value.faults]


def check_sound(before: Territory, after: Territory, lineage: Lineage) -> None:
    """What holds whatever the changes were."""
    shapes = np.asarray(after["communities"].geometry.array)
    assert shapely.coverage_is_valid(shapes)
    assert shapely.area(shapes).sum() == pytest.approx(
        shapely.area(np.asarray(before["communities"].geometry.array)).sum()
    )
    owner = pd.Index(after["communities"]["code"]).get_indexer(after["units"]["community"])
    assert (owner >= 0).all()
    assert shapely.covers(shapes[owner], np.asarray(after["units"].geometry.array)).all()
    assert (after["units"]["id"] == before["units"]["id"]).all()
    table = lineage.table
    assert table["households"].sum() == before["units"]["households"].sum()
    assert set(table["old"]) == set(before["communities"]["code"])
    assert set(table["new"]) == set(after["communities"]["code"])
    for side, share in (("old", "share_of_old"), ("new", "share_of_new")):
        np.testing.assert_allclose(table.groupby(side)[share].sum(), 1.0, atol=1e-12)


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


@st.composite
def changes(draw: st.DrawFn) -> list[str]:
    """A lawful list of changes of 3 x 3 villages: groups merged, some villages split, some units moved."""
    codes = [f"{TOWN}{201 + k}" for k in range(9)]
    order = draw(st.permutations(codes))
    specs, fresh = [], 250
    while order:
        size = draw(st.integers(1, min(4, len(order))))
        group, order = order[:size], order[size:]
        target = draw(st.sampled_from([group[0], f"{TOWN}{fresh}"]))
        fresh += 1
        if size == 1 and draw(st.booleans()):
            listed = ",".join(
                f"{group[0]}-{i}" for i in sorted(draw(st.sets(st.integers(1, 9), min_size=1, max_size=8)))
            )
            specs.append(f"{group[0]}={TOWN}{fresh + 100}({listed})+{target}")
        elif size > 1 or target != group[0]:
            specs.append(f"{'+'.join(group)}={target}")
            if draw(st.booleans()):
                to = draw(st.sampled_from([c for c in codes if c != group[0]]))
                if not any(spec.startswith(f"{to}=") and "(" in spec for spec in specs) and to not in order:
                    specs.append(f"{group[0]}>{to}:{group[0]}-{draw(st.integers(1, 9))}")
    return specs


@settings(max_examples=25, deadline=None)
@given(changes())
def test_any_lawful_changes_keep_land_households_and_units_and_matching_finds_them_again(specs: list[str]) -> None:
    before = villages(3, 3)
    after, lineage = apply(before, specs)
    check_sound(before, after, lineage)
    again = match_territories(before, after)
    assert rows(again) == rows(lineage)
    assert again.revoked == lineage.revoked
    by_area = match_territories(before.with_layers(units=before["units"].assign(id=before["units"]["id"] + "x")), after)
    assert by_area.table["households"].sum() == lineage.table["households"].sum()
    assert rows(by_area) == [row for row in rows(by_area) if row[:2] in {r[:2] for r in rows(lineage)}]


def test_ids_that_name_other_places_are_not_trusted() -> None:
    before = villages()
    after, lineage = apply(before, [f"{A}+{B}={NEW}"])
    shuffled = after["units"].assign(id=after["units"]["id"].tolist()[::-1])
    again = match_territories(before, after.with_layers(units=shuffled))
    assert rows(again) == rows(lineage)


def test_land_that_is_gone_or_new_is_told_as_retired_and_new() -> None:
    whole = villages()
    less = whole.with_layers(
        communities=whole["communities"].iloc[:3], units=whole["units"][whole["units"]["community"] != D]
    )
    assert rows(match_territories(whole, less))[-1] == (D, None, 450, "retired")
    told = match_territories(less, whole)
    assert rows(told)[0] == (None, D, 0, "new")
    assert told.revoked == ()
    assert match_territories(whole, less).revoked == (D,)


def test_an_inexact_border_is_no_boundary_move() -> None:
    before = villages()
    drawn_again = before["communities"].copy()
    drawn_again["geometry"] = shapely.transform(np.asarray(drawn_again.geometry.array), lambda xy: xy + 0.5)
    after = before.with_layers(communities=drawn_again, units=before["units"].iloc[:0])
    assert {row[3] for row in rows(match_territories(before, after))} == {"kept"}


def test_territories_of_two_places_are_refused() -> None:
    here = villages()
    shifted = {
        name: here[name].assign(
            geometry=shapely.transform(np.asarray(here[name].geometry.array), lambda xy: xy + 50_000.0)
        )
        for name in ("communities", "units")
    }
    with pytest.raises(InputError) as caught:
        match_territories(here, here.with_layers(**shifted))
    assert caught.value.code == "territories_apart"


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


@pytest.fixture(scope="module")
def tainan(shared_data: Path) -> tuple[Territory, Territory, pd.DataFrame]:
    folder = shared_data / "tainan"
    truth = pd.read_csv(folder / "concordance_2017_2021.csv", dtype={"vill2017": str, "vill2021": str})
    return read_territory(folder / "tainan-2017.gpkg"), read_territory(folder / "tainan-2021.gpkg"), truth


def test_tainan_matched_by_overlap_gives_the_recorded_concordance(
    tainan: tuple[Territory, Territory, pd.DataFrame], shared_data: Path
) -> None:
    before, after, truth = tainan
    lineage = match_territories(before, after)
    recorded = sorted(zip(truth["vill2017"], truth["vill2021"], truth["households"]))
    assert [row[:3] for row in rows(lineage)] == recorded
    assert lineage.moved_households == 83_322
    assert lineage.table["households"].sum() == 494_654
    official = json.loads((shared_data / "tainan" / "village_changes_2018.json").read_text(encoding="utf-8"))
    names = dict(zip(after["communities"]["code"], after["communities"]["name"]))
    other = [
        old for old, told in official.items() if not names[lineage[old][0]].endswith(tuple(row[1] for row in told))
    ]
    assert len(official) == 229
    assert other == []
    heirs = pd.Series([new[0] for new in lineage.values()]).value_counts()
    assert (heirs > 1).sum() == 67


def test_tainan_changed_by_a_list_becomes_tainan_after(tainan: tuple[Territory, Territory, pd.DataFrame]) -> None:
    before, after, truth = tainan
    units = before["units"].assign(new=after["units"]["community"])
    wholes: dict[str, list[str]] = {}
    specs = []
    for old, pairs in truth.sort_values("households", ascending=False, kind="stable").groupby("vill2017"):
        if len(pairs) == 1:
            wholes.setdefault(pairs["vill2021"].iloc[0], []).append(old)
            continue
        listed = [
            f"{new}({','.join(units['id'][(units['community'] == old) & (units['new'] == new)])})"
            for new in pairs["vill2021"][1:]
        ]
        specs.append(f"{old}={'+'.join([pairs['vill2021'].iloc[0], *listed])}")
    specs += [f"{'+'.join(olds)}={new}" for new, olds in wholes.items()]
    made, lineage = apply(before, specs)
    assert made["communities"]["code"].tolist() == after["communities"]["code"].tolist()
    assert made["units"]["community"].tolist() == after["units"]["community"].tolist()
    ours, theirs = (np.asarray(t["communities"].geometry.array) for t in (made, after))
    assert shapely.area(shapely.symmetric_difference(ours, theirs)).max() < 1e-3
    assert shapely.coverage_is_valid(ours)
    assert rows(lineage) == rows(match_territories(before, after))
    assert mergers.revoked_codes(made) == lineage.revoked
