"""The map of one community: ground, its grids, borders, labels, and its neighbours under a veil.

Decides the order of drawing and the widths of lines; colours come from `maps.style`, places of labels from
`maps.atlas.labels`.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.atlas.fonts import elide, plain
from maps.atlas.furniture import (
    BUILDING,
    BUILDING_EDGE,
    COMMUNITY_EDGE_MM,
    GRID_EDGE_MM,
    draw_north,
    draw_pattern,
    draw_rail,
)
from maps.atlas.labels import BESIDE_MM, Name, Spot, Taken, place_grid_labels, place_street_names
from maps.atlas.land import Land, Layer, Place
from maps.atlas.pen import MM, Pen
from maps.atlas.sheets import Sheet
from maps.style import COLOURS, FILLS, PATH_RANK, STREET_WIDTHS_M

_LEAST_MM = (1.3, 1.1, 0.9, 0.65, 0.35, 0.2)
_MOST_MM = 5.0
FINE_MM = 0.04
"""Detail smaller than this on paper is left out."""

_NAME_SIZE = 6.0
_LABEL_PAD = 0.5


def draw_map(
    pen: Pen,
    land: Land,
    sheet: Sheet,
    place: Place,
    labels: dict[int, tuple[str, str]],
    pages: dict[str, str],
    north: str,
) -> None:
    """Draw one community into the frame of its sheet.

    Parameters
    ----------
    pen, land, sheet, place
        What draws, what there is, where on paper, and whose sheet it is.
    labels
        Position of a grid to the two lines of its label.
    pages
        Community code to the words that send the reader to its sheet.
    north
        The letter above the arrow.
    """
    frame = sheet.frame
    window = shapely.box(frame.x, frame.y, frame.right, frame.top)
    bounds = wider(sheet.ground, 3 * sheet.metres_per_mm)
    shapes = onto(sheet, land.grids[place.grids], bounds, valid=True)
    outline = onto(sheet, np.array([place.outline], dtype=object), bounds, valid=True)[0]
    with pen.kept():
        pen.rect(frame.x, frame.y, frame.w, frame.h, "clip")
        pen.fill(COLOURS["land"])
        pen.rect(frame.x, frame.y, frame.w, frame.h)
        _fills(pen, land, place, shapes)
        draw_ground(pen, land, sheet, bounds)
        with pen.sheer(0.62):
            pen.fill(COLOURS["paper"])
            pen.areas(np.array([shapely.difference(window.buffer(1), outline)], dtype=object))
        _borders(pen, land, sheet, bounds, shapes, outline)
    taken = Taken(window.buffer(-0.8))
    taken.take(draw_north(pen, frame, north))
    _grid_labels(pen, shapely.intersection(shapes, window), [labels[i] for i in place.grids.tolist()], taken)
    lines = shapely.union_all(shapely.boundary(shapes))
    draw_street_names(pen, land, sheet, bounds, outline, lines, taken)
    _neighbour_names(pen, land, sheet, bounds, place, outline, pages, taken)
    pen.stroke(COLOURS["ink"], 0.35)
    pen.rect(frame.x, frame.y, frame.w, frame.h, "S")


def _fills(pen: Pen, land: Land, place: Place, shapes: NDArray[np.object_]) -> None:
    for i, shape in zip(place.grids.tolist(), shapes, strict=True):
        if shape.is_empty:
            continue
        pen.fill(FILLS[land.fill[i]])
        pen.areas(np.array([shape], dtype=object))
        if land.status[i] == "action":
            draw_pattern(pen, shape, "action")
        elif land.kinds[i] in ("dedicated", "rural"):
            draw_pattern(pen, shape, land.kinds[i])


def draw_ground(pen: Pen, land: Land, sheet: Sheet, bounds: tuple[float, float, float, float]) -> None:
    """Parks, water, buildings, streets, walls and railways, as the scale can carry them."""
    pen.fill(COLOURS["green"])
    pen.areas(_seen(sheet, land.green, bounds))
    water = _seen(sheet, land.water, bounds)
    pen.stroke(COLOURS["water"], 0.8)
    pen.lines(water[shapely.get_dimensions(water) == 1])
    pen.fill(COLOURS["water"])
    pen.stroke(COLOURS["water-edge"], 0.15)
    pen.areas(water, "B*")
    pen.fill(BUILDING)
    pen.stroke(BUILDING_EDGE, 0.08)
    chosen = land.buildings_at(sheet.scale, bounds)
    at_points = shapely.get_dimensions(land.buildings.shapes[chosen]) == 0
    pen.areas(onto(sheet, land.buildings.shapes[chosen[~at_points]], bounds), "B*")
    points = onto(sheet, land.buildings.shapes[chosen[at_points]], bounds)
    pen.areas(shapely.buffer(points, 0.5, cap_style="square"), "B*")
    _streets(pen, land, sheet, bounds)
    pen.stroke(COLOURS["wall"], 0.25, (0.8, 0.5))
    pen.lines(_seen(sheet, land.walls, bounds))
    rail = _seen(sheet, land.rail, bounds)
    if len(rail):
        draw_rail(pen, rail)


def street_width_mm(rank: int, scale: int) -> float:
    """Width of a street on paper: that of the ground, but never too thin to see nor a field of white."""
    return float(np.clip(STREET_WIDTHS_M[rank] * 1000 / scale, _LEAST_MM[rank], _MOST_MM))


def _streets(pen: Pen, land: Land, sheet: Sheet, bounds: tuple[float, float, float, float]) -> None:
    chosen = land.streets_at(sheet.scale, bounds)
    ranks = land.streets.ranks[chosen]
    lines = {rank: onto(sheet, land.streets.shapes[chosen[ranks == rank]], bounds) for rank in range(PATH_RANK + 1)}
    pen.stroke(COLOURS["lane"], _LEAST_MM[PATH_RANK], (0.9, 0.5))
    pen.lines(lines[PATH_RANK])
    for rank in range(PATH_RANK - 1, -1, -1):
        pen.stroke(COLOURS["street-edge"], street_width_mm(rank, sheet.scale) + 0.22, round_ends=True)
        pen.lines(lines[rank])
    for rank in range(PATH_RANK - 1, -1, -1):
        pen.stroke(COLOURS["street"], street_width_mm(rank, sheet.scale), round_ends=True)
        pen.lines(lines[rank])


def _borders(
    pen: Pen,
    land: Land,
    sheet: Sheet,
    bounds: tuple[float, float, float, float],
    shapes: NDArray[np.object_],
    outline: shapely.Geometry,
) -> None:
    pen.stroke(COLOURS["community-edge"], 0.3, (2.0, 0.9))
    pen.lines(edges(sheet, land.outlines, bounds))
    pen.stroke(COLOURS["grid-edge"], GRID_EDGE_MM, round_ends=True)
    pen.lines(shapes)
    pen.stroke(COLOURS["community-edge"], COMMUNITY_EDGE_MM, round_ends=True)
    pen.lines(np.array([outline], dtype=object))


def _grid_labels(pen: Pen, shapes: NDArray[np.object_], labels: list[tuple[str, str]], taken: Taken) -> None:
    def extent(first: str, second: str, size: float) -> tuple[float, float]:
        w = max(pen.width_mm(first, size, bold=True), pen.width_mm(second, size * 0.8))
        return w + 2 * _LABEL_PAD, size * 1.95 / MM + _LABEL_PAD

    extents = [lambda size, a=a, b=b: extent(a, b, size) for a, b in labels]
    spots = place_grid_labels(shapes, extents, taken)
    for spot in spots:
        if spot is not None and spot.leader is not None:
            _leader(pen, spot)
    for spot, (first, second) in zip(spots, labels, strict=True):
        if spot is None:
            continue
        w, h = spot.box.bounds[2] - spot.box.bounds[0], spot.box.bounds[3] - spot.box.bounds[1]
        with pen.sheer(1.0 if spot.leader else 0.78):
            pen.fill(COLOURS["paper"])
            if spot.leader:
                pen.stroke(COLOURS["grid-edge"], 0.2)
            pen.rect(spot.x - w / 2, spot.y - h / 2, w, h, "B" if spot.leader else "f")
        pen.text(spot.x, spot.y + 0.14 * spot.size / MM, first, spot.size, COLOURS["ink"], bold=True, anchor="middle")
        pen.text(spot.x, spot.y - 0.78 * spot.size / MM, second, spot.size * 0.8, COLOURS["ink"], anchor="middle")


def _leader(pen: Pen, spot: Spot) -> None:
    assert spot.leader is not None
    x, y = spot.leader
    pen.stroke(COLOURS["ink"], 0.25)
    pen.line(spot.x, spot.y, x, y)
    pen.fill(COLOURS["ink"])
    pen.rect(x - 0.5, y - 0.5, 1.0, 1.0)


def draw_street_names(
    pen: Pen,
    land: Land,
    sheet: Sheet,
    bounds: tuple[float, float, float, float],
    outline: shapely.Geometry,
    borders: shapely.Geometry,
    taken: Taken,
    *,
    size: float = _NAME_SIZE,
    beside_mm: float = BESIDE_MM,
) -> None:
    """Names along the streets in and around ``outline``; see `place_street_names` for ``borders`` and ``beside_mm``."""
    chosen = land.streets_at(sheet.scale, bounds)
    names = np.array([plain(name) for name in land.streets.names[chosen]], dtype=object)
    chosen, names = chosen[names != ""], names[names != ""]
    if not len(chosen):
        return
    near = shapely.intersection(onto(sheet, land.streets.shapes[chosen], bounds), outline.buffer(4))
    near = shapely.intersection(near, taken.frame)
    placed: list[Name] = place_street_names(
        near,
        names,
        land.streets.ranks[chosen],
        lambda text: pen.width_mm(text, size),
        2.3 * size / _NAME_SIZE,
        borders,
        taken,
        beside_mm=beside_mm,
    )
    for name in placed:
        _plate(pen, name, size)


def _plate(pen: Pen, name: Name, size: float) -> None:
    a = np.deg2rad(name.angle_deg)
    u, v = np.array([np.cos(a), np.sin(a)]), np.array([-np.sin(a), np.cos(a)])
    half = u * (pen.width_mm(name.text, size) / 2 + 0.4)
    middle = np.array([name.x, name.y])
    corners = [middle - half - v, middle + half - v, middle + half + v, middle - half + v]
    with pen.sheer(0.72):
        pen.fill(COLOURS["street"])
        pen.shape([(float(x), float(y)) for x, y in corners])
    base = middle - v * 0.36 * size / MM
    pen.text(
        float(base[0]),
        float(base[1]),
        name.text,
        size,
        COLOURS["ink-soft"],
        anchor="middle",
        angle_deg=name.angle_deg,
    )


def _neighbour_names(
    pen: Pen,
    land: Land,
    sheet: Sheet,
    bounds: tuple[float, float, float, float],
    place: Place,
    outline: shapely.Geometry,
    pages: dict[str, str],
    taken: Taken,
) -> None:
    around = shapely.difference(taken.frame, outline.buffer(1))
    for position in land.outlines.inside(sheet.ground).tolist():
        other = land.places[int(land.outlines.ranks[position])]
        if other.code == place.code:
            continue
        seen = onto(sheet, land.outlines.shapes[position : position + 1], bounds, valid=True)[0]
        visible = shapely.intersection(seen, around)
        parts = [p for p in shapely.get_parts(visible) if p.area > 25]
        if not parts:
            continue
        largest = max(parts, key=lambda p: p.area)
        lines = (elide(pen.regular, plain(other.name), 7, 40 * MM), pages[other.code])
        w = max(pen.width_mm(line, 7) for line in lines) + 1
        h = 6.0
        spot = _room_for(largest, w, h, taken)
        if spot is None:
            continue
        pen.text(spot[0], spot[1] + 0.5, lines[0], 7, COLOURS["ink-soft"], anchor="middle")
        pen.text(spot[0], spot[1] - 2.3, lines[1], 6, COLOURS["chosen"], anchor="middle")
        pen.link(spot[0] - w / 2, spot[1] - h / 2, w, h, page_name(other.code))


def _room_for(shape: shapely.Geometry, w: float, h: float, taken: Taken) -> tuple[float, float] | None:
    x0, y0, x1, y1 = shape.bounds
    xs, ys = np.meshgrid(_steps(x0 + w / 2, x1 - w / 2), _steps(y0 + h / 2, y1 - h / 2))
    spots = np.column_stack([xs.ravel(), ys.ravel()])
    if not len(spots):
        return None
    boxes = shapely.box(spots[:, 0] - w / 2, spots[:, 1] - h / 2, spots[:, 0] + w / 2, spots[:, 1] + h / 2)
    shapely.prepare(shape)
    good = shapely.covers(shape, boxes)
    good[good] = taken.free(boxes[good])
    if not good.any():
        return None
    fit = np.flatnonzero(good)
    best = int(fit[np.argmax(np.round(shapely.distance(shapely.points(spots[fit]), shape.boundary), 2))])
    taken.take(boxes[best])
    return float(spots[best, 0]), float(spots[best, 1])


def _steps(low: float, high: float) -> NDArray[np.float64]:
    return np.linspace(low, high, min(max(int((high - low) / 2.5), 1), 16)) if high >= low else np.zeros(0)


def page_name(code: str) -> str:
    """Name of a community's page, for links."""
    return f"community-{code}"


def _seen(sheet: Sheet, layer: Layer, bounds: tuple[float, float, float, float]) -> NDArray[np.object_]:
    return onto(sheet, layer.shapes[layer.inside(bounds)], bounds)


def edges(sheet: Sheet, layer: Layer, bounds: tuple[float, float, float, float]) -> NDArray[np.object_]:
    """Borders of a layer on paper, cut as lines: the frame must not become a border."""
    lines = onto(sheet, shapely.boundary(layer.shapes[layer.inside(bounds)]), bounds)
    # Each border once: dashes drawn twice make a solid line.
    return np.array([shapely.line_merge(shapely.union_all(lines))], dtype=object) if len(lines) else lines


def onto(
    sheet: Sheet, shapes: NDArray[np.object_], bounds: tuple[float, float, float, float], *, valid: bool = False
) -> NDArray[np.object_]:
    """Ground geometry on paper, cut at ``bounds``, without detail that nobody can see.

    ``valid``: polygons stay such that they can be computed with; costs more.
    """
    if not len(shapes):
        return shapes
    paper = sheet.on_paper(shapely.clip_by_rect(shapes, *bounds))
    fine: NDArray[np.object_] = shapely.simplify(paper, FINE_MM, preserve_topology=valid)
    return shapely.buffer(fine, 0) if valid else fine


def wider(bounds: tuple[float, float, float, float], by: float) -> tuple[float, float, float, float]:
    """A rectangle grown on every side."""
    return bounds[0] - by, bounds[1] - by, bounds[2] + by, bounds[3] + by
