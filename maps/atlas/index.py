"""Index maps: the territory or one town with the sheets on it and the page numbers of the communities.

Decides what stands on such a map and whether every page number finds room on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.atlas.drawing import draw_rail, edges, onto, page_name, street_width_mm, wider
from maps.atlas.fonts import plain
from maps.atlas.furniture import draw_north
from maps.atlas.labels import Spot, Taken, place_grid_labels
from maps.atlas.land import Land
from maps.atlas.pen import MM, Pen
from maps.atlas.sheets import Sheet
from maps.colouring import borders, colour
from maps.style import COLOURS, FILLS

_MAIN_STREETS = 2
_MANY_SHEETS = 40
_SIZES = (9.0, 8.0, 7.0, 6.0, 5.2)


@dataclass(frozen=True, slots=True)
class Sign:
    """What is written into one area of an index map: one or two lines, and where a click leads."""

    first: str
    second: str
    target: str


def fills_of(shapes: NDArray[np.object_]) -> NDArray[np.int64]:
    """Fill per area, neighbours different."""
    pairs, _ = borders(shapes)
    return colour(len(shapes), pairs, len(FILLS))


def spots_of(
    pen: Pen, sheet: Sheet, shapes: NDArray[np.object_], signs: list[Sign], *, leaders: bool
) -> list[Spot | None]:
    """Where the signs stand; without ``leaders`` a sign that does not fit into its area is left out."""
    frame = sheet.frame
    window = shapely.box(frame.x, frame.y, frame.right, frame.top)
    taken = Taken(window.buffer(-0.8))
    taken.take(shapely.box(frame.right - 12, frame.top - 17.5, frame.right - 2, frame.top - 2))
    paper = shapely.intersection(onto(sheet, shapes, sheet.ground, valid=True), window)

    def extent(sign: Sign, size: float) -> tuple[float, float]:
        w = pen.width_mm(sign.first, size, bold=True)
        if sign.second:
            w = max(w, pen.width_mm(sign.second, size * 0.8))
        return w + 0.6, size * (1.95 if sign.second else 1.1) / MM + 0.4

    extents = [lambda size, sign=sign: extent(sign, size) for sign in signs]
    return place_grid_labels(paper, extents, taken, sizes=_SIZES, leaders=leaders)


def draw_index_map(
    pen: Pen,
    land: Land,
    sheet: Sheet,
    shapes: NDArray[np.object_],
    fills: NDArray[np.int64],
    signs: list[Sign],
    spots: list[Spot | None],
    sheets: list[tuple[Sheet, str]],
    north: str,
) -> None:
    """Draw an index map.

    Parameters
    ----------
    pen, land, sheet
        What draws, what there is, where on paper.
    shapes, fills, signs, spots
        The areas in ground metres, their fill, what is written into them and where.
    sheets
        Sheets whose extent is drawn, with the community each is of.
    north
        The letter above the arrow.
    """
    frame = sheet.frame
    bounds = wider(sheet.ground, 3 * sheet.metres_per_mm)
    with pen.kept():
        pen.rect(frame.x, frame.y, frame.w, frame.h, "clip")
        pen.fill(COLOURS["outside"])
        pen.rect(frame.x, frame.y, frame.w, frame.h)
        pen.fill(COLOURS["land"])
        pen.areas(onto(sheet, land.towns.shapes, bounds))
        paper = onto(sheet, shapes, bounds)
        for which in range(len(FILLS)):
            pen.fill(FILLS[which])
            pen.areas(paper[fills == which])
        pen.fill(COLOURS["water"])
        pen.areas(onto(sheet, land.water.shapes[land.water.inside(bounds)], bounds))
        chosen = land.streets_at(sheet.scale, bounds)
        for rank in range(_MAIN_STREETS, -1, -1):
            pen.stroke(COLOURS["street"], min(street_width_mm(rank, sheet.scale), 1.2))
            pen.lines(onto(sheet, land.streets.shapes[chosen[land.streets.ranks[chosen] == rank]], bounds))
        draw_rail(pen, onto(sheet, land.rail.shapes[land.rail.inside(bounds)], bounds))
        pen.stroke(COLOURS["grid-edge"], 0.25)
        pen.lines(edges(sheet, land.outlines, bounds))
        pen.stroke(COLOURS["community-edge"], 0.7)
        pen.lines(edges(sheet, land.towns, bounds))
        for other, code in sheets:
            _extent(pen, sheet, other, code, faint=len(sheets) > _MANY_SHEETS)
    draw_north(pen, frame, north)
    for spot, sign in zip(spots, signs, strict=True):
        if spot is not None:
            _sign(pen, spot, sign)
    pen.stroke(COLOURS["ink"], 0.35)
    pen.rect(frame.x, frame.y, frame.w, frame.h, "S")


def _extent(pen: Pen, sheet: Sheet, other: Sheet, code: str, *, faint: bool) -> None:
    box = sheet.on_paper(np.array([shapely.box(*other.ground)], dtype=object))[0]
    x0, y0, x1, y1 = box.bounds
    pen.stroke("#8fabd0" if faint else COLOURS["chosen"], 0.12 if faint else 0.22)
    pen.rect(x0, y0, x1 - x0, y1 - y0, "S")
    frame = sheet.frame
    left, right, low, top = max(x0, frame.x), min(x1, frame.right), max(y0, frame.y), min(y1, frame.top)
    if left < right and low < top:
        pen.link(left, low, right - left, top - low, page_name(code))


def _sign(pen: Pen, spot: Spot, sign: Sign) -> None:
    x0, y0, x1, y1 = spot.box.bounds
    if spot.leader is not None:
        pen.stroke(COLOURS["ink"], 0.2)
        pen.line(spot.x, spot.y, *spot.leader)
    with pen.sheer(0.8):
        pen.fill(COLOURS["paper"])
        pen.rect(x0, y0, x1 - x0, y1 - y0)
    below = 0.36 * spot.size / MM
    first = spot.y + (0.5 * spot.size / MM - below if sign.second else -below)
    only_number = not sign.second
    ink = COLOURS["chosen"] if only_number else COLOURS["ink"]
    pen.text(spot.x, first, plain(sign.first), spot.size, ink, bold=True, anchor="middle")
    if sign.second:
        pen.text(
            spot.x, spot.y - 0.78 * spot.size / MM, sign.second, spot.size * 0.8, COLOURS["chosen"], anchor="middle"
        )
    pen.link(x0, y0, x1 - x0, y1 - y0, sign.target)
