"""How the atlas is laid out: scales, labels, long tables, large territories, unusual names."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.territory import Territory
from maps.atlas import write_atlas
from maps.atlas.furniture import round_length_m
from maps.atlas.labels import Taken, place_grid_labels
from maps.atlas.sheets import SCALES, choose_sheet
from maps.atlas.words import LANGUAGES, atlas_words
from tests.maps.atlases import MARGIN, sheets_of
from tests.maps.pdf import character_boxes, sizes_mm, texts
from tests.maps.plans import CRS, make_plan


def test_a_table_that_is_too_long_goes_on_over_the_next_pages(tmp_path: Path) -> None:
    filed, territory = make_plan(n_grids=130, n_communities=1)
    summary = write_atlas(filed, territory, tmp_path / "long.pdf")
    pages = texts(tmp_path / "long.pdf")
    assert summary.sheets == 1
    assert summary.pages >= 4
    assert all(code not in pages[1] for code in filed.grids["code"])
    listed = "".join(pages[2:])
    assert all(listed.count(code) >= 1 for code in filed.grids["code"])
    assert "合计" in pages[-1]
    assert "合计" not in pages[2]


def test_a_territory_too_large_for_one_map_has_a_list_and_a_page_per_town(tmp_path: Path) -> None:
    # Two towns 60 km apart: on a map of both no page number of a community finds room.
    filed, territory = make_plan(n_grids=90, n_communities=45)
    communities = territory["communities"]
    here = shapely.centroid(communities.geometry.to_numpy())
    east = shapely.get_x(here) > np.median(shapely.get_x(here))
    codes = set(communities["code"][east])

    def apart(shapes: np.ndarray, moved: np.ndarray) -> np.ndarray:
        shift = np.where(moved, 60_000.0, 0.0)
        return np.array([shapely.affinity.translate(s, d) for s, d in zip(shapes, shift)], dtype=object)

    grids = filed.grids.set_geometry(
        gpd.GeoSeries(apart(filed.grids.geometry.to_numpy(), filed.grids["community"].isin(codes).to_numpy()), crs=CRS)
    )
    towns = communities.assign(
        town=np.where(east, "乙镇", "甲镇"), geometry=apart(communities.geometry.to_numpy(), east)
    )
    territory = Territory.of({"communities": towns.set_crs(CRS)})
    summary = write_atlas(replace(filed, grids=grids), territory, tmp_path / "large.pdf")
    cover, *pages = texts(tmp_path / "large.pdf")
    assert summary.sheets == len(communities)
    assert "甲镇" in cover
    assert "乙镇" in cover
    town_pages = [text for text in pages if "分幅索引图" in text]
    assert [text[:2] for text in town_pages] == ["乙镇", "甲镇"]
    whole = [cover, *pages]
    listed = "".join(text for text in whole if text.startswith("社区一览")) or cover
    for page, (code, _) in sheets_of(replace(filed, grids=grids), territory).items():
        assert f"{page}{code}" in listed
        assert any(f"{page}{code}" in text for text in town_pages)
        assert code in whole[page - 1]


def test_characters_the_font_lacks_show_as_a_box_stay_searchable_and_are_listed(tmp_path: Path) -> None:
    # The first is in no weight of the font, the second is, beyond the basic plane.
    filed, territory = make_plan(n_grids=6, n_communities=2, names={0: "\U00020bb7家社区", 1: "\U0002c1d9水社区"})
    summary = write_atlas(filed, territory, tmp_path / "rare.pdf")
    assert summary.missing_characters == ("\U00020bb7",)
    cover, *sheets = texts(tmp_path / "rare.pdf")
    assert "U+20BB7" in cover
    assert "\U00020bb7家社区" in "".join(sheets)
    assert "\U0002c1d9水社区" in "".join(sheets)


def test_names_of_any_length_and_content_stay_on_the_page(tmp_path: Path) -> None:
    nasty = {0: "很长的社区名字" * 12, 1: "a\x00b\nc\u202e(<>\\)%%EOF"}
    filed, territory = make_plan(n_grids=6, n_communities=2, names=nasty)
    write_atlas(filed, territory, tmp_path / "nasty.pdf")
    for page, (w, h) in enumerate(sizes_mm(tmp_path / "nasty.pdf"), start=1):
        boxes = character_boxes(tmp_path / "nasty.pdf", page)
        assert boxes[:, 2].max() < w - MARGIN + 0.5
        assert boxes[:, 3].max() < h - MARGIN + 0.5
    assert "(<>\\)%%EOF" in "".join(texts(tmp_path / "nasty.pdf"))


def test_what_a_rule_says_of_a_whole_community_stands_on_its_sheet(tmp_path: Path) -> None:
    filed, territory = make_plan(n_grids=8, n_communities=2)
    code = filed.communities["code"].iloc[0]
    said = pd.DataFrame(
        {
            "code": ["not_found"],
            "grid": [None],
            "community": [code],
            "detail_zh": ["本社区未找到合法方案。"],
            "detail_en": ["None."],
        }
    )
    write_atlas(replace(filed, violations=said), territory, tmp_path / "note.pdf")
    pages = texts(tmp_path / "note.pdf")
    (page,) = (page for page, (c, _) in sheets_of(filed, territory).items() if c == code)
    assert [i + 1 for i, text in enumerate(pages) if "本社区未找到合法方案。" in text] == [page]


def test_a_community_without_grids_still_has_its_sheet(tmp_path: Path) -> None:
    filed, territory = make_plan(n_grids=8, n_communities=2)
    empty = filed.communities["code"].iloc[-1]
    left = filed.grids[filed.grids["community"] != empty].reset_index(drop=True)
    summary = write_atlas(
        replace(filed, grids=left, violations=filed.violations.iloc[:0]), territory, tmp_path / "gap.pdf"
    )
    assert summary.sheets == 2
    assert "本社区无网格" in "".join(texts(tmp_path / "gap.pdf"))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(0, 10_000), st.floats(4.0, 180.0))
def test_grid_labels_never_overlap_nor_leave_the_frame_nor_lie_in_another_grid(
    n: int, seed: int, side_mm: float
) -> None:
    points = np.random.default_rng(seed).uniform(0, side_mm, (n, 2)) + 10
    square = shapely.box(10, 10, 10 + side_mm, 10 + side_mm)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=square))
    cells = shapely.intersection(cells, square)
    frame = shapely.box(0, 0, 200, 230)
    spots = place_grid_labels(cells, [lambda size: (0.9 * size, 0.7 * size)] * len(cells), Taken(frame))
    boxes = np.array([spot.box for spot in spots if spot is not None], dtype=object)
    assert shapely.covers(frame, boxes).all()
    a, b = shapely.STRtree(boxes).query(shapely.buffer(boxes, -0.01), predicate="intersects")
    assert (a == b).all()
    for cell, spot in zip(cells, spots, strict=True):
        assert spot is not None
        if spot.leader is None:
            assert cell.buffer(1e-6).covers(spot.box)
        else:
            assert cell.intersects(shapely.Point(spot.leader))


@settings(max_examples=200, deadline=None)
@given(st.floats(10, 20_000), st.floats(10, 20_000), st.floats(20, 400), st.sampled_from(["A4", "A3"]))
def test_a_sheet_takes_the_finest_standard_scale_at_which_the_place_fits(
    w: float, h: float, table: float, paper: str
) -> None:
    sheet = choose_sheet((0.0, 0.0, w, h), paper, lambda width: table)
    ground = sheet.ground
    assert ground[0] <= 0
    assert ground[1] <= 0
    assert ground[2] >= w
    assert ground[3] >= h
    for scale in SCALES:
        if scale < sheet.scale:
            # Not even the whole frame of this sheet would hold it, less the air around.
            assert w * 1000 / scale > sheet.frame.w - 12 or h * 1000 / scale > sheet.frame.h - 12
    assert sheet.frame.right <= sheet.width - 9.9
    assert sheet.frame.top <= sheet.height - 9.9
    if sheet.table is not None:
        assert sheet.table.h >= table
        assert sheet.table.top <= sheet.frame.y or sheet.table.x > sheet.legend.right


def test_scale_bars_have_round_lengths() -> None:
    assert [round_length_m(m) for m in (24.9, 25, 99, 100, 500, 7_900)] == [20, 20, 80, 100, 400, 4_000]


def test_both_languages_have_the_same_words_with_the_same_facts() -> None:
    def facts(language: str) -> dict[str, set[str]]:
        return {k: {n for _, n, _, _ in string.Formatter().parse(v) if n} for k, v in atlas_words(language).items()}

    assert facts("zh") == facts("en")
    for language in LANGUAGES:
        assert json.dumps(atlas_words(language)).count('""') == 0
