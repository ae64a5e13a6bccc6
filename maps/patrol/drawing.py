"""The map of a patrol: ground, the grid's outline, what was missed, the route with arrows and numbers, places, ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.atlas.drawing import draw_ground, draw_street_names, onto, wider
from maps.atlas.furniture import COMMUNITY_EDGE_MM, draw_north, draw_pattern
from maps.atlas.labels import Taken
from maps.atlas.land import Land
from maps.atlas.pen import MM, Pen
from maps.atlas.sheets import Sheet
from maps.features import move
from maps.patrol.columns import DEADHEAD, DWELL, INSPECT, KIND_COLOURS
from maps.patrol.lanes import NumberSpot, lay_lanes, place_arrows, place_numbers
from maps.patrol.missed import Missed
from maps.style import COLOURS, MISSED
from partition.patrol.itinerary import Itinerary

INSPECT_MM, DEADHEAD_MM = 1.15, 0.75
DASH = (2.2, 1.3)
_MISSED_MM = 4.2
_NUMBER_SIZE = 9.0
_NAME_SIZE = 8.0


@dataclass(frozen=True, slots=True)
class PatrolGround:
    """Everything of one patrol in the ground metres of the land: outline, legs, missed streets, blind areas."""

    outline: Any
    legs: NDArray[np.object_]
    missed: NDArray[np.object_]
    blind: NDArray[np.object_]


def bring_to_land(itinerary: Itinerary, outline: Any, land: Land, missed: Missed | None) -> PatrolGround:
    """Geometry of a patrol in the CRS of the land."""
    legs = objects([leg.geometry for leg in itinerary.legs])
    streets = [] if missed is None else [street.line for street in missed.streets if street.line is not None]
    blind = [] if missed is None else list(missed.blind)
    crs = itinerary.crs if missed is None else missed.crs
    return PatrolGround(
        outline,
        move(legs, itinerary.crs, land.crs),
        move(objects(streets), crs, land.crs),
        move(objects(blind), crs, land.crs),
    )


def draw_patrol_map(
    pen: Pen,
    land: Land,
    sheet: Sheet,
    ground: PatrolGround,
    itinerary: Itinerary,
    words: dict[str, str],
    details: Sequence[tuple[Sheet, str]] = (),
) -> None:
    """Draw the map into the frame of its sheet.

    ``details`` are the sheets that show parts of it larger, each with what to write beside its extent; numbers inside
    one stand only there.
    """
    frame = sheet.frame
    window = shapely.box(frame.x, frame.y, frame.right, frame.top)
    bounds = wider(sheet.ground, 3 * sheet.metres_per_mm)
    outline = onto(sheet, objects([ground.outline]), bounds, valid=True)[0]
    kinds = [leg.kind for leg in itinerary.legs]
    paper = sheet.on_paper(ground.legs)
    lines = [None if kind == "dwell" else line for kind, line in zip(kinds, paper.tolist(), strict=True)]
    lanes = lay_lanes([None if line is None else shapely.simplify(line, 0.05) for line in lines])
    inside = window.buffer(-2.5)
    extents = [sheet.on_paper(objects([shapely.box(*detail.ground)]))[0] for detail, _ in details]
    elsewhere = shapely.union_all(objects(extents)) if extents else None
    with pen.kept():
        pen.rect(frame.x, frame.y, frame.w, frame.h, "clip")
        pen.fill(COLOURS["land"])
        pen.rect(frame.x, frame.y, frame.w, frame.h)
        draw_ground(pen, land, sheet, bounds)
        with pen.sheer(0.6):
            pen.fill(COLOURS["paper"])
            pen.areas(objects([shapely.difference(window.buffer(1), outline)]))
        _missed(pen, sheet, ground)
        pen.stroke(COLOURS["community-edge"], COMMUNITY_EDGE_MM + 0.2, round_ends=True)
        pen.lines(objects([outline]))
        _route(pen, lanes, kinds)
    taken = Taken(window.buffer(-0.8))
    taken.take(draw_north(pen, frame, words["north"]))
    spots = [shape if kind == "dwell" else None for kind, shape in zip(kinds, paper.tolist(), strict=True)]
    ends = _ends(lanes, spots)
    for _, (x, y) in ends:
        taken.take(shapely.box(x - 3.2, y - 3.2, x + 3.2, y + 3.2))
    for spot in spots:
        if spot is not None:
            taken.take(spot.buffer(2.2))
    labels = [
        _extent_label(pen, extent, text, window, taken) for extent, (_, text) in zip(extents, details, strict=True)
    ]
    shown = objects([shape for shape in (*lanes, *spots) if shape is not None])
    clear = shapely.union_all(shapely.buffer(shown, 0.9))
    numbers = [str(leg.number) for leg in itinerary.legs]
    sizes = [(pen.width_mm(text, _NUMBER_SIZE, bold=True) + 1.5, 4.0) for text in numbers]
    shapes = [
        shape if shape is not None and shapely.intersects(inside, shape) else None
        for shape in (spot if lane is None else lane for lane, spot in zip(lanes, spots, strict=True))
    ]
    shapes = [None if shape is None or _covered(elsewhere, shape) else _seen(shape, inside) for shape in shapes]
    placed = place_numbers(shapes, sizes, clear, taken)
    draw_street_names(
        pen,
        land,
        sheet,
        bounds,
        window,
        shapely.union_all([clear, shapely.boundary(outline)]),
        taken,
        size=_NAME_SIZE,
        beside_mm=2.0,
    )
    with pen.kept():
        pen.rect(frame.x, frame.y, frame.w, frame.h, "clip")
        _numbers(pen, placed, numbers, sizes, kinds)
        _places(pen, spots)
        for extent, (_, text), at in zip(extents, details, labels, strict=True):
            _extent(pen, extent, text, at)
        for sign, (x, y) in ends:
            _end(pen, x, y, words[sign])
    pen.stroke(COLOURS["ink"], 0.4)
    pen.rect(frame.x, frame.y, frame.w, frame.h, "S")


def draw_lane_sign(pen: Pen, kind: str, x: float, y: float, w: float) -> None:
    """The line of a kind of leg, for the legend."""
    line = objects([shapely.LineString([(x, y), (x + w, y)])])
    _stroke(pen, line, kind)
    _arrow(pen, x + w / 2, y, 0.0, INSPECT if kind == "inspect" else DEADHEAD)


def _route(pen: Pen, lanes: list[Any], kinds: list[str]) -> None:
    # Ways without inspection first: where both meet, the work lies on top.
    for kind in ("deadhead", "inspect"):
        mine = objects([lane for lane, k in zip(lanes, kinds, strict=True) if lane is not None and k == kind])
        if len(mine):
            _stroke(pen, mine, kind)
    for kind in ("deadhead", "inspect"):
        for lane, k in zip(lanes, kinds, strict=True):
            for arrow in place_arrows(lane) if lane is not None and k == kind else ():
                _arrow(pen, arrow.x, arrow.y, arrow.angle, INSPECT if kind == "inspect" else DEADHEAD)


def _stroke(pen: Pen, lines: NDArray[np.object_], kind: str) -> None:
    width = INSPECT_MM if kind == "inspect" else DEADHEAD_MM
    pen.stroke(COLOURS["paper"], width + 0.55, round_ends=True)
    pen.lines(lines)
    if kind == "inspect":
        pen.stroke(INSPECT, width, round_ends=True)
    else:
        pen.stroke(DEADHEAD, width, DASH)
    pen.lines(lines)


def _arrow(pen: Pen, x: float, y: float, angle: float, colour: str) -> None:
    u, v = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    middle = np.array([x, y])
    corners = [middle + 2.2 * u, middle - 1.4 * u + 1.6 * v, middle - 0.7 * u, middle - 1.4 * u - 1.6 * v]
    pen.fill(colour)
    pen.stroke(COLOURS["paper"], 0.3)
    pen.shape([(float(a), float(b)) for a, b in corners], "B")


def _missed(pen: Pen, sheet: Sheet, ground: PatrolGround) -> None:
    for shape in sheet.on_paper(ground.blind):
        if not shape.is_empty:
            draw_pattern(pen, shape, "action")
    if len(ground.missed):
        pen.stroke(MISSED, _MISSED_MM)
        pen.lines(sheet.on_paper(ground.missed))


def _numbers(
    pen: Pen,
    placed: list[NumberSpot | None],
    numbers: list[str],
    sizes: list[tuple[float, float]],
    kinds: list[str],
) -> None:
    for spot, text, (w, h), kind in zip(placed, numbers, sizes, kinds, strict=True):
        if spot is None:
            continue
        colour = KIND_COLOURS[kind]
        if np.hypot(spot.x - spot.at[0], spot.y - spot.at[1]) > 4.5:
            pen.stroke(colour, 0.3)
            pen.line(spot.x, spot.y, *spot.at)
        is_place = kind == "dwell"
        pen.fill(colour if is_place else COLOURS["paper"])
        pen.stroke(colour, 0.35)
        pen.rect(spot.x - w / 2, spot.y - h / 2, w, h, "B")
        ink = COLOURS["paper"] if is_place else colour
        pen.text(spot.x, spot.y - 0.36 * _NUMBER_SIZE / MM, text, _NUMBER_SIZE, ink, bold=True, anchor="middle")


def _places(pen: Pen, spots: list[Any]) -> None:
    for spot in spots:
        if spot is None:
            continue
        x, y = shapely.get_coordinates(spot)[0].tolist()
        draw_place_sign(pen, x, y)


def draw_place_sign(pen: Pen, x: float, y: float) -> None:
    """The sign of a place to dwell at."""
    pen.fill(DWELL)
    pen.stroke(COLOURS["paper"], 0.4)
    pen.shape([(x, y + 2.1), (x + 2.1, y), (x, y - 2.1), (x - 2.1, y)], "B")


def _ends(lanes: list[Any], spots: list[Any]) -> list[tuple[str, tuple[float, float]]]:
    """Where the route begins and ends, with the word for the sign; one sign where both are one."""
    lines = [shape for shape in lanes if shape is not None]
    if not lines:
        return []
    start = shapely.get_coordinates(lines[0])[0]
    end = shapely.get_coordinates(lines[-1])[-1]
    if np.hypot(*(start - end)) < 6.5:
        return [("sign_start", (float(start[0]), float(start[1])))]
    return [("sign_start", tuple(start.tolist())), ("sign_end", tuple(end.tolist()))]


def _end(pen: Pen, x: float, y: float, letter: str) -> None:
    pen.fill(COLOURS["ink"])
    pen.stroke(COLOURS["paper"], 0.5)
    pen.rect(x - 2.7, y - 2.7, 5.4, 5.4, "B")
    pen.text(x, y - 0.36 * 10 / MM, letter, 10, COLOURS["paper"], bold=True, anchor="middle")


def _covered(elsewhere: Any, shape: Any) -> bool:
    return elsewhere is not None and bool(shapely.covers(elsewhere, shape))


def _extent_label(pen: Pen, extent: Any, text: str, window: Any, taken: Taken) -> tuple[float, float] | None:
    """Where the words of a detail stand: outside its corner, where the map has room for them."""
    x0, y0, x1, y1 = shapely.intersection(extent, window).bounds
    w, h = pen.width_mm(text, _NUMBER_SIZE, bold=True) + 2.0, 5.0
    spots = [(x0 + w / 2, y1 + h / 2 + 0.6), (x0 + w / 2, y0 - h / 2 - 0.6), (x1 - w / 2, y1 + h / 2 + 0.6)]
    spots += [(x1 - w / 2, y0 - h / 2 - 0.6), (x0 + w / 2 + 1, y1 - h / 2 - 1)]
    boxes = objects([shapely.box(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for x, y in spots])
    free = np.flatnonzero(taken.free(boxes))
    if not len(free):
        return None
    taken.take(boxes[free[0]])
    return spots[int(free[0])]


def _extent(pen: Pen, extent: Any, text: str, at: tuple[float, float] | None) -> None:
    pen.stroke(COLOURS["ink"], 0.6)
    pen.lines(objects([extent]))
    if at is not None:
        w = pen.width_mm(text, _NUMBER_SIZE, bold=True) + 2.0
        pen.fill(COLOURS["ink"])
        pen.rect(at[0] - w / 2, at[1] - 2.5, w, 5.0)
        pen.text(
            at[0], at[1] - 0.36 * _NUMBER_SIZE / MM, text, _NUMBER_SIZE, COLOURS["paper"], bold=True, anchor="middle"
        )


def _seen(shape: Any, inside: Any) -> Any:
    # A number stands beside the part of its leg that is on the map.
    if shapely.get_dimensions(shape) == 0 or shapely.covers(inside, shape):
        return shape
    parts = [p for p in shapely.get_parts(shapely.intersection(shape, inside)) if shapely.get_dimensions(p) == 1]
    return parts[0] if parts else None


def objects(shapes: list[Any]) -> NDArray[np.object_]:
    """Shapes as an array, of whatever kinds they are."""
    return np.array([*shapes, None], dtype=object)[:-1]
