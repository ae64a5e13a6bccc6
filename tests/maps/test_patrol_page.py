"""The page a patrol takes along: complete, legible, inside its margins, true to scale, the same every time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import segno
import shapely

from gis.errors import InputError, StorageError
from gis.territory import Territory
from maps.atlas.labels import Taken
from maps.atlas.land import Land
from maps.atlas.pen import Pen
from maps.atlas.sheets import MARGIN, Box
from maps.patrol import Missed, MissedStreet, render_patrol_page, survey, turn_rows, write_patrol_page
from maps.patrol.columns import balance, fill_columns, heading, turn_lines
from maps.patrol.details import choose_details
from maps.patrol.lanes import lay_lanes, number_lanes, place_arrows, place_numbers
from maps.patrol.layout import lay_out_patrol, list_page
from maps.patrol.words import LANGUAGES, patrol_words
from maps.style import COLOURS, MISSED
from partition.filed import FiledPlan
from partition.patrol.itinerary import Itinerary
from tests.maps.pdf import character_boxes, near, picture, sizes_mm, texts, unembedded_fonts
from tests.maps.plans import make_plan
from tests.patrol_kit import METRIC, NODES, WHOLE, itinerary_of, network_of

Plan = tuple[FiledPlan, Territory]
AT = (500_200.0, 3_390_200.0)
QR_MM = 27.0


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(n_grids=12, n_communities=2)


@pytest.fixture(scope="module")
def land(plan: Plan) -> Land:
    return survey(*plan)


def grid_at(plan: Plan, x: float = AT[0], y: float = AT[1]) -> str:
    inside = plan[0].grids.geometry.contains(shapely.Point(x, y))
    return str(plan[0].grids["code"][inside].iloc[0])


def walk(plan: Plan, words: str = WHOLE, **facts: Any) -> Itinerary:
    grid = grid_at(plan)
    return itinerary_of(words, network=network_of(corner=AT), id=f"{grid}-1", grid=grid, plan_id="P-0001", **facts)


def written(plan: Plan, land: Land, folder: Path, itinerary: Itinerary, **facts: Any) -> Path:
    return write_patrol_page(itinerary, plan[0], land, folder, **facts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_the_grid_the_figures_and_every_row_of_the_list(
    plan: Plan, land: Land, tmp_path: Path, language: str
) -> None:
    itinerary = walk(plan, post="东湖警务站", shift="2026-11-22 am", starts_at="2026-11-22T08:30:00+08:00")
    path = written(plan, land, tmp_path, itinerary, language=language)
    assert path.name == f"{itinerary.id}.pdf"
    pages = texts(path)
    whole = "".join(pages)
    name = plan[0].grids.set_index("code")["name"][itinerary.grid]
    assert name in pages[0]
    for said in (itinerary.grid, "P-0001", "1.42", "2026-11-22am", "08:30", "东湖警务站"):
        assert said in pages[0], said
    for row in turn_rows(itinerary, language):
        for text in (row.street or row.text, row.note, row.at):
            assert "".join(text.split()) in whole, text
    assert ("第1页" if language == "zh" else "Page1of") in pages[0]


def test_a_short_list_stands_below_the_map_and_a_long_one_goes_on_over_pages(
    plan: Plan, land: Land, tmp_path: Path
) -> None:
    short = written(plan, land, tmp_path, walk(plan, "ad de @0 eg"))
    assert len(texts(short)) == 1
    assert "东湖小学" in texts(short)[0]
    long = walk(plan, " ".join([WHOLE] * 12))
    pages = texts(written(plan, land, tmp_path, long))
    assert len(long.legs) > 170
    assert len(pages) >= 4
    listed = "".join(pages[1:])
    for number in range(1, len(long.legs) + 1):
        assert str(number) in listed
    assert "续" in pages[-1]


def test_all_text_lies_inside_the_margins_on_every_page(plan: Plan, land: Land, tmp_path: Path) -> None:
    names = {"North Street": "N" * 80, "South Street": "人民中路" * 20, "West Street": "Fürst-Franz-Josef-Strasse"}
    network = network_of(corner=AT, names=names)
    grid = grid_at(plan)
    words = " ".join([WHOLE] * 5)
    itinerary = itinerary_of(words, network=network, id="x" * 120, grid=grid, post="P" * 200, shift="s" * 200)
    path = written(plan, land, tmp_path, itinerary, gpx_url="http://example.test/" + "a" * 150)
    for page, (w, h) in enumerate(sizes_mm(path), start=1):
        boxes = character_boxes(path, page)
        assert len(boxes) > 50
        assert boxes[:, :2].min() > MARGIN - 1.5
        assert boxes[:, 2].max() < w - MARGIN + 0.5
        assert boxes[:, 3].max() < h - MARGIN + 1.0


def test_hostile_names_are_drawn_as_text(plan: Plan, land: Land, tmp_path: Path) -> None:
    bad = "</p>\x00\u202e(BT /F1 Tj) \\) \ud800 %PDF {{7*7}} \U0001f600"
    network = network_of(corner=AT, names={"North Street": bad, "West Street": bad})
    grid = grid_at(plan)
    itinerary = itinerary_of(WHOLE, network=network, id=bad, grid=grid, post=bad, shift=bad, plan_id=bad)
    missed = Missed(METRIC, (MissedStreet(bad, bad, 9.0),), (), bad)
    path = written(plan, land, tmp_path, itinerary, missed=missed)
    assert path.parent == tmp_path
    assert "(BT/F1Tj)\\)%PDF{{7*7}}" in "".join(texts(path))


def test_the_type_of_the_list_is_large(plan: Plan, land: Land, tmp_path: Path) -> None:
    path = written(plan, land, tmp_path, walk(plan, " ".join([WHOLE] * 5)))
    boxes = character_boxes(path, 2)
    heights = boxes[:, 3] - boxes[:, 1]
    body = boxes[:, 3] < 297 - MARGIN - 22
    # A figure at 11 points is 2.8 mm tall.
    assert np.quantile(heights[body & (boxes[:, 1] > 20)], 0.5) > 2.4


def test_every_font_is_embedded(plan: Plan, land: Land, tmp_path: Path) -> None:
    assert unembedded_fonts(written(plan, land, tmp_path, walk(plan))) == set()


def test_the_same_route_gives_the_same_bytes(plan: Plan, land: Land) -> None:
    first, second = (render_patrol_page(walk(plan), plan[0], survey(*plan)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/v1/patrols/330402015001001-1.gpx?plan=P-0001", ""])
def test_the_code_holds_what_the_page_says_it_holds(plan: Plan, land: Land, tmp_path: Path, url: str) -> None:
    itinerary = walk(plan)
    path = written(plan, land, tmp_path, itinerary, gpx_url=url, language="en")
    name = f"{itinerary.id}.gpx"
    said = texts(path)[0]
    if url:
        assert "ScantoloadtheGPX:" + url in said
    else:
        assert f"nopositions.GPXfile:{name}" in said
    expected = segno.make(url or f"gridwright {name} plan P-0001", error="m", micro=False).matrix
    modules = np.array([list(row) for row in expected], dtype=bool)
    dots = 8.0
    image = picture(path, 1, dots).mean(axis=2) < 128
    (w, h), n = sizes_mm(path)[0], len(modules)
    # The code is the only black square of its size at the right edge: find its lower right corner by its ink.
    right = round((w - MARGIN) * dots)
    column = image[:, right - round(QR_MM * dots) : right]
    for bottom in range(round(h * dots) - 1, round(QR_MM * dots), -1):
        top = bottom - round(QR_MM * dots)
        at = (np.arange(n) + 0.5) * QR_MM * dots / n
        read = column[np.clip((top + at).astype(int), 0, None)][:, at.astype(int)]
        if (read == modules).all():
            return
    pytest.fail("the code on the page is not the one that holds this text")


def test_inspection_is_solid_deadhead_dashed_and_the_grid_has_an_outline(
    plan: Plan, land: Land, tmp_path: Path
) -> None:
    there = picture(written(plan, land, tmp_path, walk(plan, "ad de")), 1)
    both = picture(written(plan, land, tmp_path, walk(plan, "ad de~")), 1)
    deadhead = "#b0003a"
    # The legend has both in either case; what differs lies on the map.
    assert near(there, COLOURS["chosen"]).sum() - near(both, COLOURS["chosen"]).sum() > 300
    assert near(both, deadhead).sum() - near(there, deadhead).sum() > 100
    assert near(there, COLOURS["community-edge"]).sum() > 500


def test_missed_streets_are_listed_longest_first_and_marked_on_the_map(plan: Plan, land: Land, tmp_path: Path) -> None:
    itinerary = walk(plan)
    line = itinerary.legs[0].geometry
    missed = Missed(
        METRIC,
        (MissedStreet("Short Lane", "residential", 41.0), MissedStreet("West Street", "residential", 100.0, line)),
        (line.buffer(30),),
        "2026-11-21 pm",
    )
    path = written(plan, land, tmp_path, itinerary, missed=missed)
    whole = "".join(texts(path))
    assert "上一班漏巡2026-11-21pm" in whole
    assert "2段，共141米；盲区1处" in whole
    assert whole.index("WestStreet100米") < whole.index("ShortLane41米")
    assert near(picture(path, 1), MISSED).sum() > 200
    assert near(picture(path, 1), COLOURS["action"], 10).sum() > 50
    none = written(plan, land, tmp_path, itinerary, missed=Missed(METRIC, ()))
    assert "上一班没有漏巡" in "".join(texts(none))
    assert "漏巡" not in "".join(texts(written(plan, land, tmp_path, itinerary)))


def test_what_is_out_of_reach_is_said_on_the_page(plan: Plan, land: Land, tmp_path: Path) -> None:
    itinerary = replace(walk(plan), unreachable_m=120.0)
    assert "另有120米道路无法到达" in texts(written(plan, land, tmp_path, itinerary))[0]


def test_which_of_several_patrols_it_is_stands_at_the_top(plan: Plan, land: Land, tmp_path: Path) -> None:
    itinerary = walk(plan, patroller=2, n_patrollers=3)
    assert "第2组，共3组" in texts(written(plan, land, tmp_path, itinerary))[0]


def test_a_way_from_far_off_does_not_shrink_the_map(plan: Plan, land: Land, tmp_path: Path) -> None:
    nodes = {**NODES, "far": (-6_000.0, 4_000.0)}
    links = {"in": ("Long Road", "residential", "far a"), "ad": ("West Street", "residential", "a d")}
    network = network_of(links, {k: nodes[k] for k in ("far", "a", "d")}, {}, corner=AT)
    grid = grid_at(plan)
    itinerary = itinerary_of("in~ ad", network=network, stops=(), id=f"{grid}-1", grid=grid)
    text = texts(written(plan, land, tmp_path, itinerary))[0]
    assert "不在图内" in text
    assert any(f"1:{scale:,}" in text for scale in (500, 750, 1000, 1500, 2000, 2500, 3000))


def test_a_grid_that_the_plan_does_not_have_is_refused(plan: Plan, land: Land, tmp_path: Path) -> None:
    for itinerary, language, code in (
        (replace(walk(plan), grid="nowhere"), "zh", "patrol_page_grid_unknown"),
        (walk(plan), "fr", "atlas_language_unknown"),
    ):
        with pytest.raises(InputError) as caught:
            written(plan, land, tmp_path, itinerary, language=language)
        assert caught.value.faults[0].code == code
    with pytest.raises(StorageError):
        written(plan, land, tmp_path / "none", walk(plan))
    assert list(tmp_path.iterdir()) == []


def test_a_route_without_a_leg_says_so(plan: Plan, land: Land, tmp_path: Path) -> None:
    empty = replace(walk(plan), legs=(), length_m=0.0, required_m=0.0, deadhead_m=0.0, minutes=0.0)
    assert "这条路线没有路段" in texts(written(plan, land, tmp_path, empty))[0]


# ---- lanes, numbers, columns ------------------------------------------------------------------------------------


def test_a_lane_lies_on_the_right_of_its_direction() -> None:
    east = shapely.LineString([(0, 0), (20, 0), (40, 0)])
    there, back = lay_lanes([east, shapely.reverse(east)])
    assert shapely.get_coordinates(there)[0] == pytest.approx([0, -0.75])
    assert shapely.get_coordinates(back)[-1] == pytest.approx([0, 0.75])
    # Joined at the turn, so that the eye follows it.
    assert shapely.get_coordinates(there)[-1] == pytest.approx(shapely.get_coordinates(back)[0])


def test_a_second_pass_the_same_way_has_a_lane_of_its_own() -> None:
    east = shapely.LineString([(0, 0), (40, 0)])
    west = shapely.reverse(east)
    assert number_lanes([east, west, east, None, east, east]) == [0, 0, 1, -1, 2, 2]


@pytest.mark.parametrize(
    "line",
    [
        [(0, 0), (30, 0), (30, 30), (0, 30), (0, 0)],
        [(0, 0), (0.1, 0), (0.1, 0.1)],
        [(0, 0), (10, 0), (0, 0.01)],
        [(0, 0), (20, 0), (20, 1), (0, 1), (0, 2), (20, 2)],
    ],
)
def test_a_lane_stays_by_its_street_however_that_runs(line: list[tuple[float, float]]) -> None:
    street = shapely.LineString(line)
    for way in (street, shapely.reverse(street)):
        (lane,) = lay_lanes([way])
        assert lane.geom_type == "LineString"
        assert shapely.distance(shapely.get_point(lane, 0), shapely.get_point(way, 0)) < 2.5
        assert shapely.hausdorff_distance(lane, way) < 3.0


def test_arrows_point_the_way_and_tiny_legs_have_none() -> None:
    line = shapely.LineString([(0, 0), (0, 60)])
    arrows = place_arrows(line)
    assert len(arrows) == 2
    assert all(arrow.angle == pytest.approx(np.pi / 2) for arrow in arrows)
    assert place_arrows(shapely.reverse(line))[0].angle == pytest.approx(-np.pi / 2)
    assert place_arrows(shapely.LineString([(0, 0), (1, 0)])) == []


def test_numbers_never_overlap_and_stand_near_the_beginning_of_their_leg() -> None:
    rng = np.random.default_rng(3)
    corners = rng.uniform(10, 190, (60, 2))
    legs = [shapely.LineString([a, b]) for a, b in pairwise(corners)]
    lanes = lay_lanes(legs)
    taken = Taken(shapely.box(0, 0, 200, 200))
    spots = place_numbers(lanes, [(5.0, 4.0)] * len(lanes), shapely.union_all(shapely.buffer(lanes, 0.9)), taken)
    boxes = np.array([shapely.box(s.x - 2.5, s.y - 2, s.x + 2.5, s.y + 2) for s in spots if s is not None])
    assert len(boxes) > 50
    for i, box in enumerate(boxes):
        assert not shapely.area(shapely.intersection(boxes[i + 1 :], box)).any()
    for spot, lane in zip(spots, lanes, strict=True):
        if spot is not None:
            assert shapely.distance(shapely.Point(spot.x, spot.y), lane) < 12
            along = shapely.line_locate_point(lane, shapely.Point(spot.at))
            assert along <= max(30.0, 0.6 * lane.length) + 1e-6


def test_columns_hold_every_line_once_in_order_and_none_overflows() -> None:
    pen = Pen(Path("unwritten.pdf"), "", "", "", "")
    itinerary = itinerary_of(" ".join([WHOLE] * 3))
    rows = turn_rows(itinerary)
    lines = turn_lines(pen, rows, ["left"] * len(rows), 90.0, patrol_words("zh"))
    lines.insert(20, heading(pen, "heading", 90.0))
    boxes = (Box(0, 0, 90, 120), Box(96, 0, 90, 120))
    rest = lines
    while rest:
        columns = fill_columns(rest, boxes)
        assert [line for column in columns for line in column] == rest[: sum(map(len, columns))]
        for column in columns:
            assert sum(line.height for line in column) <= 120
            assert not column or not column[-1].is_heading
        rest = rest[sum(map(len, columns)) :]
    few = lines[:10]
    left, right = balance(few, boxes)
    assert left + right == few
    assert abs(len(left) - len(right)) <= 2


def test_the_sheet_lies_where_the_grid_is_wide_and_stands_where_it_is_tall() -> None:
    wide = lay_out_patrol([(0, 0, 4_000, 500)], 900.0, 80)
    tall = lay_out_patrol([(0, 0, 500, 4_000)], 900.0, 80)
    assert wide.sheet.landscape
    assert not tall.sheet.landscape
    for layout, (w, h) in ((wide, (4_000, 500)), (tall, (500, 4_000))):
        frame = layout.sheet.frame
        assert w / layout.sheet.metres_per_mm < frame.w
        assert h / layout.sheet.metres_per_mm < frame.h
        assert not layout.below
    assert list_page()[0] == 210


def test_the_map_shows_all_there_is_unless_that_costs_half_of_its_scale() -> None:
    work = (0.0, 0.0, 400.0, 400.0)
    near, far = (-100.0, 0.0, 500.0, 500.0), (-3_000.0, 0.0, 400.0, 3_000.0)
    assert lay_out_patrol([work, work], 900.0, 80).is_whole
    assert lay_out_patrol([near, work], 900.0, 80).is_whole
    cut = lay_out_patrol([far, work], 900.0, 80)
    assert not cut.is_whole
    assert cut.sheet.scale == lay_out_patrol([work], 900.0, 80).sheet.scale


def test_crowded_parts_get_a_sheet_of_their_own_at_a_finer_scale() -> None:
    long = [shapely.LineString([(0, i * 400), (3_000, i * 400)]) for i in range(6)]
    knot = [
        shapely.LineString([(1_500 + 30 * i, 30 * j), (1_525 + 30 * i, 30 * j)]) for i in range(6) for j in range(6)
    ]
    sheet = lay_out_patrol([(0, 0, 3_000, 2_400)], 900.0, 80).sheet
    assert choose_details(sheet, np.array(long, dtype=object)) == []
    details = choose_details(sheet, np.array([*long, *knot], dtype=object))
    assert details
    assert all(detail.scale * 1.5 <= sheet.scale for detail in details)
    covered = shapely.union_all([shapely.box(*detail.ground) for detail in details])
    assert shapely.covers(covered, np.array(knot, dtype=object)).all()
