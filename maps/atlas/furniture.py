"""What every sheet has beside its map: head, foot, scale bar, north arrow, legend, and the patterns of fills."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.atlas.fonts import elide, fit_size
from maps.atlas.pen import MM, Pen
from maps.atlas.sheets import FOOTER, HEADER, MARGIN, Box, Sheet
from maps.style import COLOURS, FILLS

INK, SOFT = COLOURS["ink"], COLOURS["ink-soft"]
GRID_EDGE_MM, COMMUNITY_EDGE_MM = 0.55, 1.0


def draw_head(pen: Pen, width: float, height: float, title: str, side: str, below: str, right: str) -> None:
    """Title with something smaller beside it, a line below, and a text at the right edge."""
    top = height - MARGIN
    most = (width - 2 * MARGIN - pen.width_mm(right, 10, bold=True) - 4) * MM
    title = elide(pen.bold, title, 15, most)
    pen.text(MARGIN, top - 5.5, title, 15, INK, bold=True)
    used = pen.width_mm(title, 15, bold=True)
    if most / MM - used > 12:
        pen.text(MARGIN + used + 3, top - 5.5, elide(pen.regular, side, 9, most - (used + 3) * MM), 9, SOFT)
    pen.text(MARGIN, top - 11.2, elide(pen.regular, below, 8, (width - 2 * MARGIN) * MM), 8, SOFT)
    pen.text(width - MARGIN, top - 5.5, right, 10, INK, bold=True, anchor="end")
    pen.stroke(INK, 0.35)
    pen.line(MARGIN, height - MARGIN - HEADER + 2.2, width - MARGIN, height - MARGIN - HEADER + 2.2)


def draw_foot(pen: Pen, width: float, left: str, right: str) -> None:
    """The line at the foot: which plan this is, and which page."""
    pen.stroke(COLOURS["rule"], 0.2)
    pen.line(MARGIN, MARGIN + FOOTER - 3, width - MARGIN, MARGIN + FOOTER - 3)
    room = width - 2 * MARGIN - pen.width_mm(right, 7.5) - 4
    pen.text(MARGIN, MARGIN, elide(pen.regular, left, 6.5, room * MM), 6.5, SOFT)
    pen.text(width - MARGIN, MARGIN, right, 7.5, INK, anchor="end")


def draw_north(pen: Pen, frame: Box, letter: str) -> shapely.Geometry:
    """The arrow in the upper right corner of the map; returns the ground it covers."""
    x, y = frame.right - 7.0, frame.top - 16.0
    with pen.sheer(0.8):
        pen.fill(COLOURS["paper"])
        pen.rect(x - 5, y - 1.5, 10, 15.5)
    pen.fill(INK)
    pen.stroke(INK, 0.25)
    pen.shape([(x, y + 9), (x - 2.4, y), (x, y + 2)], "B")
    pen.fill(COLOURS["paper"])
    pen.shape([(x, y + 9), (x + 2.4, y), (x, y + 2)], "B")
    pen.text(x, y + 10, letter, 8, INK, bold=True, anchor="middle")
    return shapely.box(x - 5, y - 1.5, x + 5, y + 14)


def draw_scale_bar(pen: Pen, sheet: Sheet, x: float, y: float, most: float, words: dict[str, str]) -> None:
    """Scale as a ratio and as a bar of round length, at most ``most`` millimetres; its lower left corner is given."""
    length_m = round_length_m(most * sheet.metres_per_mm)
    step = length_m / sheet.metres_per_mm / 4
    for i in range(4):
        pen.fill(INK if i % 2 == 0 else COLOURS["paper"])
        pen.stroke(INK, 0.2)
        pen.rect(x + i * step, y, step, 1.5, "B")
    unit, divisor = (words["kilometres"], 1000.0) if length_m >= 2000 else (words["metres"], 1.0)
    for i in (0, 2, 4):
        number = f"{length_m * i / 4 / divisor:g}"
        pen.text(
            x + i * step,
            y + 2.3,
            number + (f" {unit}" if i == 4 else ""),
            6.3,
            INK,
            anchor="start" if i == 0 else "middle",
        )
    pen.text(x, y + 6.2, words["scale"].format(scale=f"{sheet.scale:,}"), 11, INK, bold=True)


def round_length_m(most_m: float) -> float:
    """The longest length of 1, 2, 4 or 8 times a power of ten that is no longer than this."""
    power = 10.0 ** np.floor(np.log10(most_m))
    return float(max(m * power for m in (1, 2, 4, 8) if m * power <= most_m))


def draw_legend(pen: Pen, box: Box, items: list[tuple[str, str]]) -> None:
    """Signs with their words, row after row from the upper left.

    Parameters
    ----------
    items
        Kind of sign and its word, in order.
    """
    line = 4.4
    most_rows = max(1, int(box.h // line))
    n_columns = max(1, int(box.w // 40), -(-len(items) // most_rows))
    w = box.w / n_columns
    for i, (sign, word) in enumerate(items):
        x, y = box.x + (i % n_columns) * w, box.top - (i // n_columns + 1) * line
        _sign(pen, sign, x, y + 0.5, 6.5, 3.2)
        size = fit_size(pen.regular, word, (6.5, 5.6), (w - 8.5) * MM)
        pen.text(x + 8, y + 1.1, elide(pen.regular, word, size, (w - 8.5) * MM), size, INK)


def _sign(pen: Pen, sign: str, x: float, y: float, w: float, h: float) -> None:
    middle = y + h / 2
    if sign in ("grid", "action", "dedicated", "rural"):
        half = w / 2 if sign == "grid" else w
        for i in range(2 if sign == "grid" else 1):
            pen.fill(FILLS[i])
            pen.rect(x + i * half, y, half, h)
        if sign != "grid":
            draw_pattern(pen, shapely.box(x, y, x + w, y + h), sign)
        pen.stroke(COLOURS["grid-edge"], 0.3)
        pen.rect(x, y, w, h, "S")
    elif sign == "label":
        pen.text(x + w / 2, middle - 0.2, "001", 6, INK, bold=True, anchor="middle")
        pen.text(x + w / 2, middle - 2.0, "400", 4.6, INK, anchor="middle")
    elif sign in ("water", "building", "green"):
        pen.fill(COLOURS[sign] if sign != "building" else BUILDING)
        pen.stroke(
            COLOURS["water-edge"] if sign == "water" else BUILDING_EDGE if sign == "building" else COLOURS["green"],
            0.15,
        )
        pen.rect(x + 0.5, y + 0.3, w - 1, h - 0.6, "B")
    elif sign == "street":
        pen.stroke(COLOURS["street-edge"], 1.9)
        pen.line(x, middle, x + w, middle)
        pen.stroke(COLOURS["street"], 1.3)
        pen.line(x, middle, x + w, middle)
    elif sign == "rail":
        draw_rail(pen, np.array([shapely.LineString([(x, middle), (x + w, middle)])], dtype=object))
    elif sign == "grid_edge":
        pen.stroke(COLOURS["grid-edge"], GRID_EDGE_MM)
        pen.line(x, middle, x + w, middle)
    elif sign == "community_edge":
        pen.stroke(COLOURS["community-edge"], COMMUNITY_EDGE_MM)
        pen.line(x, middle, x + w, middle)
    elif sign == "town_edge":
        pen.stroke(COLOURS["community-edge"], 0.7)
        pen.line(x, middle, x + w, middle)
    elif sign == "thin_edge":
        pen.stroke(COLOURS["grid-edge"], 0.25)
        pen.line(x, middle, x + w, middle)
    elif sign == "sheet":
        pen.stroke(COLOURS["chosen"], 0.25)
        pen.rect(x + 0.5, y + 0.2, w - 1, h - 0.4, "S")
    elif sign == "page":
        pen.text(x + w / 2, middle - 0.9, "12", 6.5, COLOURS["chosen"], bold=True, anchor="middle")


BUILDING, BUILDING_EDGE = "#d9d5d0", "#b4aea8"
_FAINT = "#8d98ad"


def draw_rail(pen: Pen, lines: NDArray[np.object_]) -> None:
    """The usual sign of a railway: black with white dashes."""
    pen.stroke(COLOURS["railway"], 0.7)
    pen.lines(lines)
    pen.stroke(COLOURS["paper"], 0.4, (1.6, 1.6))
    pen.lines(lines)


def draw_pattern(pen: Pen, shape: shapely.Geometry, pattern: str) -> None:
    """Hatch (needs action), dots (dedicated) or lines (rural) over a shape, as drawn lines."""
    x0, y0, x1, y1 = shape.bounds
    with pen.kept():
        pen.areas(np.array([shape], dtype=object), "clip")
        if pattern == "action":
            pen.stroke(COLOURS["action"], 0.35)
            pen.segments(_diagonals(x0, y0, x1, y1, 2.2))
        elif pattern == "dedicated":
            pen.stroke(COLOURS["pattern"], 0.42, round_ends=True)
            pen.segments(_dots(x0, y0, x1, y1, 2.4))
        else:
            pen.stroke(_FAINT, 0.12)
            ys = np.arange(np.floor(y0 / 3.0) * 3.0, y1 + 3.0, 3.0)
            pen.segments(np.column_stack([np.full(len(ys), x0), ys, np.full(len(ys), x1), ys]))


def _diagonals(x0: float, y0: float, x1: float, y1: float, step: float) -> NDArray[np.float64]:
    # On one lattice for the whole page, so that hatches of neighbours meet.
    c = np.arange(np.floor((y0 - x1) / step) * step, y1 - x0 + step, step)
    return np.column_stack([np.full(len(c), x0), x0 + c, np.full(len(c), x1), x1 + c])


def _dots(x0: float, y0: float, x1: float, y1: float, step: float) -> NDArray[np.float64]:
    xs = np.arange(np.floor(x0 / step) * step, x1 + step, step)
    ys = np.arange(np.floor(y0 / step) * step, y1 + step, step)
    gx, gy = np.meshgrid(xs, ys)
    gx = gx + (np.round(gy / step).astype(int) % 2) * step / 2
    return np.column_stack([gx.ravel(), gy.ravel(), gx.ravel(), gy.ravel()])
