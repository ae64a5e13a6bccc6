"""The atlas: opens, is searchable, true to scale, complete, the same every time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import maps.atlas.fonts as fonts
from gis.errors import InputError, StorageError
from gis.readers.territory_file import read_territory
from gis.territory import Territory
from maps.atlas import AtlasSummary, write_atlas
from maps.atlas.furniture import COMMUNITY_EDGE_MM
from maps.atlas.sheets import Sheet
from maps.style import ACTION, COLOURS, FILLS
from partition.filed import FiledPlan
from tests.maps.atlases import MARGIN, framed, one_square, sheets_of
from tests.maps.pdf import character_boxes, n_pictures, near, sizes_mm, texts, unembedded_fonts
from tests.maps.plans import make_plan

DOTS = 8.0


@pytest.fixture(scope="module")
def town() -> tuple[FiledPlan, Territory]:
    return make_plan(n_grids=30, n_communities=4)


@pytest.fixture(scope="module")
def atlas(town: tuple[FiledPlan, Territory], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AtlasSummary]:
    path = tmp_path_factory.mktemp("atlas") / "town.pdf"
    return path, write_atlas(*town, path)


def test_every_community_has_a_page_with_its_name_its_grids_and_their_figures(
    town: tuple[FiledPlan, Territory], atlas: tuple[Path, AtlasSummary]
) -> None:
    filed, territory = town
    path, summary = atlas
    pages = texts(path)
    assert len(pages) == summary.pages == 1 + summary.sheets
    names = dict(zip(territory["communities"]["code"], territory["communities"]["name"]))
    sheets = sheets_of(filed, territory)
    assert sorted(code for code, _ in sheets.values()) == sorted(names)
    for page, (code, sheet) in sheets.items():
        text = pages[page - 1]
        assert names[code] in text
        assert code in text
        assert f"1:{sheet.scale:,}" in text
        assert f"第{page}页，共{summary.pages}页" in text
        mine = filed.grids[filed.grids["community"] == code]
        for grid in mine.itertuples():
            assert grid.code in text
            assert grid.name in text
            assert f"{grid.code[-3:]}" in text
            assert f"{grid.households}户" in text


def test_the_index_names_every_community_with_its_page_and_says_which_plan_this_is(
    town: tuple[FiledPlan, Territory], atlas: tuple[Path, AtlasSummary]
) -> None:
    filed, territory = town
    cover = texts(atlas[0])[0]
    for page, (code, _) in sheets_of(filed, territory).items():
        row = f"{page}{code}{dict(zip(territory['communities']['code'], territory['communities']['name']))[code]}"
        assert row in cover
    for said in (filed.meta["plan_id"], "2024-05-01", "registeredhouseholds,counted2024", "内部使用"):
        assert said in cover


def test_the_reason_of_a_grid_out_of_band_stands_in_the_table_and_the_grid_is_hatched(
    town: tuple[FiledPlan, Territory], atlas: tuple[Path, AtlasSummary]
) -> None:
    filed, territory = town
    pages = texts(atlas[0])
    named = set(filed.violations["grid"])
    n_hatched = 0
    for page, (code, sheet) in sheets_of(filed, territory).items():
        mine = filed.violations[filed.violations["community"] == code]
        for sentence in mine["detail_zh"]:
            assert "".join(sentence.split()) in pages[page - 1]
        frame = framed(atlas[0], page, sheet)
        hatch = near(frame, ACTION).mean()
        n_hatched += hatch > 0
        assert (hatch > 0.001) == bool(named & set(filed.grids["code"][filed.grids["community"] == code]))
    assert n_hatched


def test_the_map_frame_holds_ink_of_grids_streets_buildings_and_borders(
    town: tuple[FiledPlan, Territory], atlas: tuple[Path, AtlasSummary]
) -> None:
    for page, (_, sheet) in sheets_of(*town).items():
        frame = framed(atlas[0], page, sheet)
        fills = sum(near(frame, fill).mean() for fill in FILLS)
        assert fills > 0.05, page
        assert near(frame, COLOURS["community-edge"], 12).mean() > 0.001, page
        assert near(frame, COLOURS["ink"], 20).mean() > 0.0005, page
        # Something lies in each quarter: no map has slipped aside.
        h, w = frame.shape[0] // 2, frame.shape[1] // 2
        for quarter in (frame[:h, :w], frame[:h, w:], frame[h:, :w], frame[h:, w:]):
            assert quarter.std() > 5, page


def test_all_text_lies_inside_the_margins_and_the_table_inside_the_page(
    town: tuple[FiledPlan, Territory], atlas: tuple[Path, AtlasSummary]
) -> None:
    for page, (w, h) in enumerate(sizes_mm(atlas[0]), start=1):
        boxes = character_boxes(atlas[0], page)
        assert len(boxes) > 100
        assert boxes[:, :2].min() > MARGIN - 1
        assert boxes[:, 2].max() < w - MARGIN + 0.5
        assert boxes[:, 3].max() < h - MARGIN + 0.5


def test_fonts_are_embedded_and_nothing_is_a_picture(atlas: tuple[Path, AtlasSummary]) -> None:
    assert unembedded_fonts(atlas[0]) == set()
    assert n_pictures(atlas[0]) == 0


def test_characters_of_one_page_do_not_run_into_each_other(
    town: tuple[FiledPlan, Territory], atlas: tuple[Path, AtlasSummary]
) -> None:
    for page in sheets_of(*town):
        boxes = shapely.box(*character_boxes(atlas[0], page).T)
        tree = shapely.STRtree(shapely.buffer(boxes, -0.15))
        a, b = tree.query(tree.geometries, predicate="intersects")
        assert not (a < b).any(), page


def measured_side_mm(path: Path, page: int, sheet: Sheet) -> tuple[float, float]:
    edge = near(framed(path, page, sheet, DOTS), COLOURS["community-edge"], 2)
    rows, columns = np.flatnonzero(edge.sum(axis=1) > 40), np.flatnonzero(edge.sum(axis=0) > 40)
    high, wide = (rows[-1] - rows[0] + 1) / DOTS, (columns[-1] - columns[0] + 1) / DOTS
    return wide - COMMUNITY_EDGE_MM, high - COMMUNITY_EDGE_MM


@pytest.mark.parametrize(
    ("side_m", "scale"), [(60, 500), (150, 1_000), (250, 2_000), (800, 5_000), (1_600, 10_000), (4_000, 25_000)]
)
def test_a_length_on_the_ground_is_its_length_on_paper_at_the_printed_scale(
    side_m: float, scale: int, tmp_path: Path
) -> None:
    filed = one_square(side_m)
    summary = write_atlas(filed, None, tmp_path / "square.pdf")
    assert summary.scales == {scale: 1}
    assert summary.coarse == (() if scale <= 5_000 else (filed.communities["code"].iloc[0],))
    ((page, (_, sheet)),) = sheets_of(filed, None).items()
    wide, high = measured_side_mm(tmp_path / "square.pdf", page, sheet)
    assert wide == pytest.approx(side_m * 1000 / scale, abs=0.3)
    assert high == pytest.approx(side_m * 1000 / scale, abs=0.3)


def test_a_plan_in_web_mercator_is_drawn_true_to_the_ground_all_the_same(tmp_path: Path) -> None:
    # At 30.7 degrees north Mercator metres are 1.163 times too long.  In the middle of a UTM zone, so that up is north.
    filed = one_square(800 * 1.1629, "EPSG:3857", (13_692_000.0, 3_593_000.0))
    write_atlas(filed, None, tmp_path / "square.pdf")
    ((page, (_, sheet)),) = sheets_of(filed, None).items()
    assert sheet.scale == 5_000
    wide, high = measured_side_mm(tmp_path / "square.pdf", page, sheet)
    assert wide == pytest.approx(160, rel=0.007)
    assert high == pytest.approx(160, rel=0.007)


def test_the_same_plan_gives_the_same_bytes_whatever_the_clock_says(
    town: tuple[FiledPlan, Territory], atlas: tuple[Path, AtlasSummary], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234567890")
    write_atlas(*town, tmp_path / "again.pdf")
    again = (tmp_path / "again.pdf").read_bytes()
    assert again == atlas[0].read_bytes()
    assert b"D:20240430160000" in again  # 2024-05-01 at midnight in China


def test_another_plan_gives_other_bytes(
    town: tuple[FiledPlan, Territory], atlas: tuple[Path, AtlasSummary], tmp_path: Path
) -> None:
    filed, territory = town
    write_atlas(replace(filed, meta={**filed.meta, "plan_id": "P-9999"}), territory, tmp_path / "other.pdf")
    assert (tmp_path / "other.pdf").read_bytes() != atlas[0].read_bytes()


def test_a3_is_twice_the_paper_and_never_a_coarser_scale(town: tuple[FiledPlan, Territory], tmp_path: Path) -> None:
    summary = write_atlas(*town, tmp_path / "a3.pdf", paper="A3")
    assert {tuple(sorted(size)) for size in sizes_mm(tmp_path / "a3.pdf")} == {(297, 420)}
    small, large = sheets_of(*town), sheets_of(*town, "A3")
    assert summary.sheets == len(large)
    for page in small:
        assert large[page][1].scale <= small[page][1].scale


def test_the_english_atlas_speaks_english(town: tuple[FiledPlan, Territory], tmp_path: Path) -> None:
    write_atlas(*town, tmp_path / "en.pdf", language="en")
    pages = texts(tmp_path / "en.pdf")
    assert "Atlasofcommunitygrids" in pages[0]
    assert "households" in pages[1]
    assert town[0].violations["detail_en"].iloc[0].replace(" ", "") in "".join(pages)


def test_grids_alone_make_an_atlas(town: tuple[FiledPlan, Territory], tmp_path: Path) -> None:
    filed, _ = town
    summary = write_atlas(filed, None, tmp_path / "bare.pdf")
    assert summary.sheets == len(filed.communities)
    assert all(code in "".join(texts(tmp_path / "bare.pdf")) for code in filed.grids["code"])


def test_without_the_font_nothing_is_written_and_the_error_says_what_to_do(
    town: tuple[FiledPlan, Territory], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "ASSETS", tmp_path / "nowhere")
    with pytest.raises(StorageError) as caught:
        write_atlas(*town, tmp_path / "none.pdf")
    assert caught.value.code == "atlas_font_missing"
    assert list(tmp_path.iterdir()) == []


def test_bad_wishes_are_refused_and_nothing_is_left_behind(town: tuple[FiledPlan, Territory], tmp_path: Path) -> None:
    filed, territory = town
    with pytest.raises(InputError, match="atlas_paper_unknown"):
        write_atlas(filed, territory, tmp_path / "x.pdf", paper="A5")
    with pytest.raises(InputError, match="atlas_language_unknown"):
        write_atlas(filed, territory, tmp_path / "x.pdf", language="fr")
    with pytest.raises(InputError, match="map_nothing_to_show"):
        write_atlas(replace(filed, grids=filed.grids.iloc[:0]), territory, tmp_path / "x.pdf")
    with pytest.raises(StorageError, match="atlas_not_written"):
        write_atlas(filed, territory, tmp_path / "no" / "such" / "x.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_real_town_in_traditional_characters_is_complete_and_searchable(shared_data: Path, tmp_path: Path) -> None:
    """A town of Tainan, each census unit a grid of its own: up to dozens of grids of odd shapes in a village."""
    territory = read_territory(shared_data / "tainan" / "tainan-2021.gpkg")
    communities = territory["communities"]
    chosen = communities[communities["town"].isin(sorted(set(communities["town"]))[:1])]
    units = territory["units"][territory["units"]["community"].isin(chosen["code"])].reset_index(drop=True)
    filed, _ = make_plan(n_grids=4, n_communities=1)
    serial = units.groupby("community").cumcount() + 1
    grids = gpd.GeoDataFrame(
        {
            "code": [f"{c}{n:03d}" for c, n in zip(units["community"], serial)],
            "name": [f"第{n}网格" for n in serial],
            "community": units["community"],
            "kind": "standard",
            "households": units["households"].astype("int64"),
            "population": units["population"].fillna(0).astype("int64"),
            "buildings": 0,
            "area_m2": units.geometry.area,
            "within_band": units["households"].between(300, 500).astype(bool),
            "reason": None,
            "parent": None,
        },
        geometry=units.geometry.to_numpy(),
        crs=territory.crs,
    ).sort_values("code", ignore_index=True)
    table = pd.DataFrame({"code": sorted(set(grids["community"]))})
    for column in ("households", "grids"):
        table[column] = 1
    table[["feasible", "reason", "proof"]] = ["unknown", None, "none"]
    table[["objective", "bound", "gap_frac", "seconds"]] = np.nan
    filed = replace(
        filed, grids=grids, communities=table, violations=filed.violations.iloc[:0], members=filed.members.iloc[:0]
    )
    summary = write_atlas(filed, territory, tmp_path / "tainan.pdf")
    assert summary.missing_characters == ()
    pages = texts(tmp_path / "tainan.pdf")
    names = dict(zip(chosen["code"], chosen["name"]))
    sheets = sheets_of(filed, territory)
    assert summary.sheets == len(sheets) == len(table)
    for page, (code, sheet) in sheets.items():
        assert names[code] in pages[page - 1]
        here = "".join(pages[page - 1 : page + (0 if sheet.table else 2)])
        assert all(grid in here for grid in grids["code"][grids["community"] == code])
    for page in list(sheets)[::9]:
        frame = framed(tmp_path / "tainan.pdf", page, sheets[page][1])
        assert near(frame, COLOURS["paper"], 0).mean() < 0.9
        assert sum(near(frame, fill).mean() for fill in FILLS) > 0.05


def test_what_one_document_lacks_is_not_known_to_the_next() -> None:
    first, second = fonts.Face("regular"), fonts.Face("regular")
    first.width("\U0001f600", 10)
    assert first.missing == {"\U0001f600"}
    assert second.missing == set()
    second.width("\U0001f600", 10)
    assert second.missing == {"\U0001f600"}
